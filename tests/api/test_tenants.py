"""Marketplaces that an older version made: a newer one completes them when it begins, and touches nothing of theirs."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from api.operations.tenants import complete_tenants
from api.verbs.tenants import tenant_named
from domain.errors import NotFound
from storage.pool import Pool
from tests.marketplaces import Marketplace, open_marketplace

NEW = ["messages", "tracking"]
"""Rules that came with a newer version."""
THEIRS = "guarantees/machinery_after_sales"
"""A rule of which the marketplace has a version of its own, though not all that are shipped."""


@pytest.fixture
async def old(worker_pool: Pool, owner: asyncpg.Pool[Any], emptied: None) -> Marketplace:
    """A marketplace as an older version left it."""
    made = await open_marketplace(worker_pool, "Yesterday's market")
    async with owner.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")  # a rule is never deleted otherwise
        forgotten = "DELETE FROM rule_versions WHERE tenant_id = $1 AND (key = ANY ($2) OR key = $3 AND number > 1)"
        await connection.execute(forgotten, made.id, NEW, THEIRS)
        await connection.execute("DELETE FROM clocks WHERE tenant_id = $1", made.id)
    return made


async def known(owner: asyncpg.Pool[Any], market: Marketplace) -> list[tuple[str, int]]:
    """Which rules the marketplace has: key and number."""
    text = "SELECT key, number FROM rule_versions WHERE tenant_id = $1 ORDER BY key, number"
    return [(row["key"], row["number"]) for row in await owner.fetch(text, market.id)]


async def test_an_older_marketplace_is_completed_once_by_whoever_starts(
    old: Marketplace, worker_pool: Pool, owners_pool: Pool, owner: asyncpg.Pool[Any]
) -> None:
    new = await open_marketplace(worker_pool, "Today's market")
    before = await known(owner, old)
    done = await asyncio.gather(*(complete_tenants(owners_pool, request_id="test") for _ in range(2)))
    assert {id_ for each in done for id_ in each} == {old.id}
    assert await complete_tenants(owners_pool, request_id="test") == ()
    after = await known(owner, old)
    assert set(before) < set(after)
    assert {key for key, _ in set(after) - set(before)} == set(NEW)
    assert [number for key, number in after if key == THEIRS] == [1]
    assert {key for key, _ in after} == {key for key, _ in await known(owner, new)}


async def test_what_was_adopted_is_audited_and_buyers_are_looked_at_again(
    old: Marketplace, owners_pool: Pool, owner: asyncpg.Pool[Any]
) -> None:
    await complete_tenants(owners_pool, request_id="run migrate")
    adopted = await owner.fetch(
        "SELECT v.key, a.actor_id, a.request_id FROM audit a JOIN rule_versions v ON v.tenant_id = a.tenant_id "
        "AND v.id = a.object_id WHERE a.tenant_id = $1 AND a.action = 'completeTenant'",
        old.id,
    )
    assert {row["key"] for row in adopted} == set(NEW)
    assert {(row["actor_id"], row["request_id"]) for row in adopted} == {("system:completeTenant", "run migrate")}
    clocks = await owner.fetch("SELECT duty, subject_id, state FROM clocks WHERE tenant_id = $1 ORDER BY duty", old.id)
    assert [tuple(row) for row in clocks] == [
        ("EVALUATE_TIERS", old.id, "RUNNING"),
        ("REVIEW_SCORECARDS", old.id, "RUNNING"),
    ]


async def test_a_terminal_is_told_which_marketplace_is_meant_or_how_to_make_one(
    emptied: None, owners_pool: Pool, worker_pool: Pool
) -> None:
    with pytest.raises(NotFound, match="tenants create --name"):
        await tenant_named(owners_pool, None)
    first = await open_marketplace(worker_pool, "The first")
    assert await tenant_named(owners_pool, None) == first.id
    second = await open_marketplace(worker_pool, "The second")
    assert await tenant_named(owners_pool, second.id) == second.id
    for named in (None, "ten_misspelt"):
        with pytest.raises(NotFound, match="tenants list"):
            await tenant_named(owners_pool, named)
