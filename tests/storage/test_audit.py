"""Sealed rows cannot be altered, removed or added to without it being seen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from domain.ids import AuditId, TenantId
from storage import audit
from storage.audit import Seal
from storage.minting import mint
from storage.pool import Connection, Pool
from tests.storage.marketplaces import Marketplace

AT = datetime(2026, 5, 6, 7, 8, 9, 10, UTC)


async def write(connection: Connection, tenant_id: TenantId, action: str = "readEmail") -> AuditId:
    id = mint(AuditId)
    await audit.append(
        connection, tenant_id, id=id, at=AT, actor_id="mem_1", action=action, object_id="inv_1", request_id="r"
    )
    return id


@pytest.fixture
async def sealer(worker_pool: Pool, marketplace: Marketplace) -> Sealer:
    return Sealer(worker_pool, marketplace.tenant_id)


if TYPE_CHECKING:
    Forger = asyncpg.pool.PoolConnectionProxy[Any]


class Sealer:
    """The worker's hand on one tenant."""

    def __init__(self, pool: Pool, tenant_id: TenantId) -> None:
        self.pool, self.tenant_id = pool, tenant_id

    async def seal(self) -> Seal | None:
        async with self.pool.transaction(self.tenant_id) as connection:
            return await audit.seal(connection, self.tenant_id)

    async def verify(self) -> list[str]:
        async with self.pool.acquire(self.tenant_id) as connection:
            return await audit.verify(connection, self.tenant_id)

    async def unsealed(self) -> list[TenantId]:
        async with self.pool.acquire(None) as connection:
            return await audit.unsealed(connection)


@pytest.fixture
async def forger(owner: asyncpg.Pool[Any]) -> AsyncIterator[Forger]:
    """Somebody with the owner's rights who has switched the triggers off."""
    async with owner.acquire() as connection:
        await connection.execute("SET session_replication_role = replica")
        yield connection
        await connection.execute("RESET session_replication_role")


async def three_seals(pool: Pool, sealer: Sealer) -> list[AuditId]:
    """Three seals of two rows each; the rows' ids."""
    ids = []
    for _ in range(3):
        async with pool.transaction(sealer.tenant_id) as connection:
            ids += [await write(connection, sealer.tenant_id), await write(connection, sealer.tenant_id)]
        seal = await sealer.seal()
        assert seal is not None
        assert seal.rows == 2
    return ids


async def test_committed_rows_are_sealed_once(pool: Pool, sealer: Sealer) -> None:
    assert await sealer.unsealed() == []
    assert await sealer.seal() is None
    async with pool.transaction(sealer.tenant_id) as connection:
        await write(connection, sealer.tenant_id)
        assert await sealer.unsealed() == []
        assert await sealer.seal() is None
    assert await sealer.unsealed() == [sealer.tenant_id]
    first = await sealer.seal()
    assert first is not None
    assert (first.position, first.rows) == (1, 1)
    assert await sealer.unsealed() == []
    assert await sealer.seal() is None
    assert await sealer.verify() == []


async def test_rows_that_commit_late_are_sealed_late(pool: Pool, sealer: Sealer) -> None:
    async with AsyncExitStack() as late:
        slow = await late.enter_async_context(pool.transaction(sealer.tenant_id))
        await write(slow, sealer.tenant_id, "began early")
        await three_seals(pool, sealer)
    assert await sealer.unsealed() == [sealer.tenant_id]
    seal = await sealer.seal()
    assert seal is not None
    assert (seal.position, seal.rows) == (4, 1)
    assert await sealer.unsealed() == []
    assert await sealer.verify() == []


async def test_rows_of_a_rolled_back_transaction_are_nobodys(pool: Pool, sealer: Sealer) -> None:
    async with pool.acquire(sealer.tenant_id) as connection:
        await connection.execute("BEGIN")
        await write(connection, sealer.tenant_id)
        await connection.execute("ROLLBACK")
    await three_seals(pool, sealer)
    assert await sealer.verify() == []


async def test_two_sealers_do_not_meet(pool: Pool, sealer: Sealer) -> None:
    async with pool.transaction(sealer.tenant_id) as connection:
        await write(connection, sealer.tenant_id)
    async with sealer.pool.transaction(sealer.tenant_id) as one:
        assert await audit.seal(one, sealer.tenant_id) is not None
        assert await sealer.seal() is None
    assert await sealer.unsealed() == []


ALTERATIONS = (
    "at = at + interval '1 microsecond'",
    "actor_id = 'x'",
    "action = 'x'",
    "object_id = 'x'",
    """difference = '{"a": [1, 2]}'""",
    "request_id = 'x'",
)


@pytest.mark.parametrize("alteration", ALTERATIONS)
async def test_an_altered_row_is_noticed(pool: Pool, sealer: Sealer, forger: Forger, alteration: str) -> None:
    ids = await three_seals(pool, sealer)
    await forger.execute(f"UPDATE audit SET {alteration} WHERE id = $1", ids[3])
    (verdict,) = await sealer.verify()
    assert verdict.startswith("seal 2 of ")
    assert "was altered" in verdict


async def test_a_removed_row_is_noticed(pool: Pool, sealer: Sealer, forger: Forger) -> None:
    ids = await three_seals(pool, sealer)
    await forger.execute("DELETE FROM audit WHERE id = $1", ids[2])
    (verdict,) = await sealer.verify()
    assert verdict.startswith("seal 2 of ")
    assert "1 of its 2 audit rows were removed" in verdict


async def test_an_inserted_row_is_noticed(pool: Pool, sealer: Sealer, forger: Forger) -> None:
    ids = await three_seals(pool, sealer)
    await forger.execute(
        "INSERT INTO audit SELECT tenant_id, $2, at, actor_id, action, object_id, difference, request_id, written_by "
        "FROM audit WHERE id = $1",
        ids[5],
        mint(AuditId),
    )
    (verdict,) = await sealer.verify()
    assert verdict.startswith("seal 3 of ")
    assert "1 audit rows were inserted among its 2" in verdict


async def test_a_removed_seal_is_noticed(pool: Pool, sealer: Sealer, forger: Forger) -> None:
    await three_seals(pool, sealer)
    await forger.execute("DELETE FROM audit_seals WHERE position = 2")
    (verdict,) = await sealer.verify()
    assert "the seals before it were removed, from 2 on" in verdict


async def test_a_forged_seal_is_noticed(pool: Pool, sealer: Sealer, forger: Forger) -> None:
    await three_seals(pool, sealer)
    await forger.execute("UPDATE audit_seals SET digest = sha256('x') WHERE position = 1")
    first, second = await sealer.verify()
    assert first.startswith("seal 1 of ")
    assert second.startswith("seal 2 of ")


async def test_tenants_have_chains_of_their_own(
    pool: Pool, worker_pool: Pool, sealer: Sealer, sandbox: Marketplace
) -> None:
    other = Sealer(worker_pool, sandbox.tenant_id)
    await three_seals(pool, sealer)
    await three_seals(pool, other)
    digests = await worker_pool.fetch(None, "SELECT position, digest FROM audit_seals ORDER BY position")
    assert [row["position"] for row in digests] == [1, 1, 2, 2, 3, 3]
    assert len({row["digest"] for row in digests}) == 6
    assert await sealer.verify() == await other.verify() == []


def test_digests_of_personal_data_need_the_key() -> None:
    assert audit.keyed(b"key", "Ada") == audit.keyed(b"key", b"Ada") != audit.keyed(b"another", "Ada")
    assert audit.keyed(b"key", "Ada") != audit.keyed(b"key", "Bo")
    assert "Ada" not in audit.keyed(b"key", "Ada")
