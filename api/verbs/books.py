"""What `./run doctor` finds in the books, the audit trail and the providers' records of every marketplace."""

from __future__ import annotations

from datetime import UTC, datetime

from storage import audit, ledger, records, tenants
from storage.pool import Pool

ONE_MOMENT = "BEGIN ISOLATION LEVEL REPEATABLE READ"
"""What is read statement after statement while others write, is read as of one instant."""


async def faults(worker_url: str) -> dict[str, list[str]]:
    """Marketplace -> everything that does not add up in its ledger or does not fit in its sealed audit trail."""
    pool = await Pool.open(worker_url, size=1)
    try:
        async with pool.acquire(None) as connection:
            marketplaces = await tenants.page(connection)
        found: dict[str, list[str]] = {}
        for tenant in marketplaces:
            async with pool.acquire(tenant.id) as connection:
                found[tenant.name] = [
                    *await ledger.faults(connection, tenant.id, datetime.now(UTC)),
                    *await audit.verify(connection, tenant.id),
                ]
        return found
    finally:
        await pool.close()


async def recount(worker_url: str, *, repair: bool = False) -> dict[str, tuple[int, list[str]]]:
    """Marketplace -> how many counters of providers were put right, and what is amiss with them after that.

    Counters are held to the shipments, and the shipments to what was reported of them. Without `repair` nothing is
    put right.
    """
    pool = await Pool.open(worker_url, size=1)
    try:
        async with pool.acquire(None) as connection:
            marketplaces = await tenants.page(connection)
        found: dict[str, tuple[int, list[str]]] = {}
        for tenant in marketplaces:
            mended = 0
            if repair:
                async with pool.transaction(tenant.id) as connection:
                    mended = await records.repair(connection, tenant.id)
            async with pool.transaction(tenant.id, ONE_MOMENT) as connection:
                off = await records.faults(connection, tenant.id)
                strayed = [stray async for stray in records.strays(connection, tenant.id)]
            found[tenant.name] = mended, off + strayed
        return found
    finally:
        await pool.close()
