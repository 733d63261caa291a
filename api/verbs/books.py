"""What `./run doctor` finds in the books and the audit trail of every marketplace."""

from __future__ import annotations

from datetime import UTC, datetime

from storage import audit, ledger, tenants
from storage.pool import Pool


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
