"""What happened leaves in order, once it is committed, and is marked when it has left."""

from __future__ import annotations

from typing import Any

import asyncpg

from domain.change import Change, Happening
from domain.ids import OrganisationId
from domain.organisations import Organisation, OrganisationKind
from storage import outbox
from storage.fanout import Event
from storage.pool import Pool
from storage.unit_of_work import Outcome, Work, transact
from tests.storage.marketplaces import Marketplace


async def happen(pool: Pool, marketplace: Marketplace, *names: str) -> str:
    """The id of a thing to which those things happened."""

    async def act(work: Work) -> Outcome:
        organisation = Organisation(work.new_id(OrganisationId), OrganisationKind.BUYER, "A", work.at, 1)
        await work.keep(Change(None, organisation, tuple(Happening(name) for name in names)))
        return Outcome({"organisation": organisation.id})

    outcome, _ = await transact(pool, marketplace.caller, action="a", request_id="r", act=act)
    return str(outcome.things["organisation"])


async def waiting(worker_pool: Pool) -> list[str]:
    async with worker_pool.acquire(None) as connection:
        return sorted(await outbox.tenants_waiting(connection))


async def test_rows_leave_in_order_and_once(pool: Pool, worker_pool: Pool, marketplace: Marketplace) -> None:
    assert await waiting(worker_pool) == []
    first = await happen(pool, marketplace, "order.recorded", "order.paid")
    second = await happen(pool, marketplace, "claim.opened")
    assert await waiting(worker_pool) == [marketplace.tenant_id]
    async with worker_pool.transaction(marketplace.tenant_id) as connection:
        taken = await outbox.take(connection, marketplace.tenant_id, 2)
        assert taken == [Event("order.recorded", first, 1), Event("order.paid", first, 1)]
    assert await waiting(worker_pool) == [marketplace.tenant_id]
    async with worker_pool.transaction(marketplace.tenant_id) as connection:
        assert await outbox.take(connection, marketplace.tenant_id, 9) == [Event("claim.opened", second, 1)]
        assert await outbox.take(connection, marketplace.tenant_id, 9) == []
    assert await waiting(worker_pool) == []


async def test_what_could_not_be_told_waits(pool: Pool, worker_pool: Pool, marketplace: Marketplace) -> None:
    await happen(pool, marketplace, "claim.opened")
    async with worker_pool.acquire(marketplace.tenant_id) as connection:
        await connection.execute("BEGIN")
        assert len(await outbox.take(connection, marketplace.tenant_id, 9)) == 1
        await connection.execute("ROLLBACK")
    assert await waiting(worker_pool) == [marketplace.tenant_id]


async def test_two_publishers_take_different_rows(pool: Pool, worker_pool: Pool, marketplace: Marketplace) -> None:
    tenant_id = marketplace.tenant_id
    await happen(pool, marketplace, "a", "b", "c")
    async with worker_pool.transaction(tenant_id) as one, worker_pool.transaction(tenant_id) as other:
        mine, yours = await outbox.take(one, tenant_id, 2), await outbox.take(other, tenant_id, 2)
    assert [event.name for event in mine] == ["a", "b"]
    assert [event.name for event in yours] == ["c"]


async def test_the_worker_takes_only_what_is_the_tenants(
    pool: Pool, worker_pool: Pool, marketplace: Marketplace, sandbox: Marketplace, owner: asyncpg.Pool[Any]
) -> None:
    await happen(pool, marketplace, "a")
    await happen(pool, sandbox, "b")
    assert await waiting(worker_pool) == sorted([marketplace.tenant_id, sandbox.tenant_id])
    async with worker_pool.transaction(sandbox.tenant_id) as connection:
        assert await outbox.take(connection, marketplace.tenant_id, 9) == []
        assert [event.name for event in await outbox.take(connection, sandbox.tenant_id, 9)] == ["b"]
    left = await owner.fetch("SELECT name FROM outbox WHERE published_at IS NOT NULL")
    assert [row["name"] for row in left] == ["b"]
