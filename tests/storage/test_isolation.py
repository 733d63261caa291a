"""Row-level security alone keeps tenants apart: every table, with no scoping in code, read, changed and written."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from domain.access import Caller
from domain.errors import Conflict, NotFound
from domain.ids import TenantId
from storage import tables as declared
from storage.pool import Pool
from storage.unit_of_work import Outcome, Work, transact
from tests.isolation import Side, side, tables

OPEN_TO_WORKER = {
    "tenants", "members", "invitations", "api_keys", "audit", "audit_seals", "ledger_seals", "outbox", "clocks",
    "rate_imports",
}  # fmt: skip
"""What the worker's role may read of every tenant (house.md 5)."""


@pytest.fixture(scope="module")
async def both(worker_pool: Pool, owner: asyncpg.Pool[Any], emptying: str) -> AsyncIterator[tuple[Side, Side]]:
    yield await side(worker_pool, owner, "Here"), await side(worker_pool, owner, "There")
    await owner.execute(emptying)


async def counts(pool: Any, name: str, tenant: str) -> int:
    return int(await pool.fetchval(f"SELECT count(*) FROM {name} WHERE tenant_id = $1", tenant))


async def test_every_table_has_rows_of_both_tenants(both: tuple[Side, Side], owner: asyncpg.Pool[Any]) -> None:
    empty = [name for name in await tables(owner) for each in both if not await counts(owner, name, each.market.id)]
    assert empty == [], "the story of tests/isolation.py must fill every table"


async def test_every_table_of_tenant_data_forces_row_level_security(owner: asyncpg.Pool[Any]) -> None:
    names = await tables(owner)
    rows = await owner.fetch(
        "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = ANY ($1::text[])", names
    )
    assert {row["relname"] for row in rows if row["relrowsecurity"] and row["relforcerowsecurity"]} == set(names)
    assert "claims" in names


async def test_the_roles_of_app_and_worker_own_nothing_and_bypass_nothing(pool: Pool, worker_pool: Pool) -> None:
    asked = (
        "SELECT rolbypassrls OR rolsuper OR rolcreaterole OR rolcreatedb OR EXISTS (SELECT FROM pg_class WHERE "
        "relowner = r.oid) OR EXISTS (SELECT FROM pg_proc WHERE proowner = r.oid) "
        "FROM pg_roles r WHERE rolname = current_user"
    )
    assert await pool.fetchval(None, asked) is False
    assert await worker_pool.fetchval(None, asked) is False


async def test_without_scoping_in_code_a_connection_shows_one_tenants_rows(
    both: tuple[Side, Side], pool: Pool, worker_pool: Pool, owner: asyncpg.Pool[Any]
) -> None:
    here, there = both
    for name in await tables(owner):
        everything = f"SELECT count(*) AS all, count(*) FILTER (WHERE tenant_id = $1) AS own FROM {name}"
        for role, roles_pool in (("app", pool), ("worker", worker_pool)):
            for each in both:
                row = await roles_pool.fetchrow(each.market.id, everything, each.market.id)
                assert row is not None
                expected = await counts(owner, name, each.market.id)
                assert row["own"] == expected, (role, name)
                is_open = role == "worker" and name in OPEN_TO_WORKER
                assert (row["all"] > row["own"]) is is_open, (role, name)
            nobody = await roles_pool.fetchval(None, f"SELECT count(*) FROM {name}")
            assert (nobody > 0) is (role == "worker" and name in OPEN_TO_WORKER), (role, name)
        assert (
            await pool.fetchval(here.market.id, f"SELECT count(*) FROM {name} WHERE tenant_id = $1", there.market.id)
            == 0
        )


async def test_another_tenants_rows_are_neither_changed_nor_deleted_nor_written(
    both: tuple[Side, Side], pool: Pool, worker_pool: Pool, owner: asyncpg.Pool[Any]
) -> None:
    here, there = both
    for name in await tables(owner):
        columns = [
            row["attname"]
            for row in await owner.fetch(
                "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped "
                "AND attgenerated = ''",
                name,
            )
        ]
        copied = ", ".join(columns)
        moved = ", ".join("$1" if column == "tenant_id" else column for column in columns)
        attempts = (
            f"UPDATE {name} SET tenant_id = tenant_id WHERE tenant_id = $1 RETURNING 1",
            f"DELETE FROM {name} WHERE tenant_id = $1 RETURNING 1",
            f"INSERT INTO {name} ({copied}) SELECT {moved} FROM {name} WHERE tenant_id <> $1 RETURNING 1",
            f"UPDATE {name} SET tenant_id = $1 WHERE tenant_id <> $1 RETURNING 1",
        )
        for roles_pool in (pool, worker_pool):
            for text in attempts:
                assert await attempted(roles_pool, here.market.id, text, there.market.id) == [], text


async def attempted(pool: Pool, shown: str, text: str, other: str) -> list[Any]:
    """What the statement touched of the other tenant; nothing where it is not allowed at all.

    Any other error fails the test: a violated key, for one, would tell that the other tenant has such a row.
    """
    try:
        async with pool.transaction(shown) as connection:
            return list(await connection.fetch(text, other))
    except (asyncpg.InsufficientPrivilegeError, asyncpg.RestrictViolationError):
        return []


async def test_statements_scoped_to_another_tenant_find_nothing_either(both: tuple[Side, Side], pool: Pool) -> None:
    here, there = both
    checked = 0
    for table in declared._TABLES.values():
        async with pool.acquire(there.market.id) as connection:
            theirs = await table.select(connection, there.market.id, "true")
        async with pool.acquire(here.market.id) as connection:
            assert await table.select(connection, there.market.id, "true") == [], table.name
        checked += bool(theirs)
    assert checked > 15


async def test_a_failed_or_cancelled_act_leaves_no_tenant_behind(
    both: tuple[Side, Side], pool: Pool, owner: asyncpg.Pool[Any]
) -> None:
    here, there = both
    own = {await counts(owner, "claims", each.market.id) for each in both}
    seen: list[int] = []
    inside = asyncio.Event()

    async def refuse(work: Work) -> Outcome:
        seen.append(await work.connection.fetchval("SELECT count(*) FROM claims"))
        raise Conflict("on purpose")

    async def fail(work: Work) -> Outcome:
        await work.connection.fetchval("SELECT 1 / 0")
        raise AssertionError("the statement before fails")

    async def sleep(work: Work) -> Outcome:
        inside.set()
        await work.connection.fetchval("SELECT pg_sleep(30)")
        raise AssertionError("cancelled before")

    async def act(caller: Caller, body: Any) -> None:
        await transact(pool, caller, action="test", request_id="test", act=body)

    for number in range(3 * pool.count + 3):
        caller = (here, there)[number % 2].trades[0].buyer.caller
        body, error = ((refuse, Conflict), (fail, asyncpg.DivisionByZeroError))[number // 2 % 2]
        with pytest.raises(error):
            await act(caller, body)
    cancelled = asyncio.create_task(act(here.staff, sleep))
    await inside.wait()
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    whose = "SELECT array_agg(DISTINCT tenant_id) FROM claims"
    for _ in range(3 * pool.count):
        assert await pool.fetchval(there.market.id, whose) == [there.market.id]
        assert await pool.fetchval(None, whose) is None
        assert await pool.fetchval(here.market.id, whose) == [here.market.id]
    assert set(seen) == own


async def test_a_caller_of_no_tenant_finds_no_clock(both: tuple[Side, Side], pool: Pool) -> None:
    nowhere = dataclasses.replace(both[0].staff, tenant_id=TenantId("ten_" + "0" * 26))

    async def act(_work: Work) -> Outcome:
        raise NotFound("never reached")

    with pytest.raises(LookupError, match="no tenant"):
        await transact(pool, nowhere, action="test", request_id="test", act=act)
