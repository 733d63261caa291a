"""What the doctor finds of discipline: points, counters and scorecards held to what they were made of."""

from __future__ import annotations

from api.verbs.books import ONE_MOMENT
from storage import counters, points, scorecards, tenants
from storage.pool import Pool


async def faults(worker_url: str) -> dict[str, list[str]]:
    """Marketplace -> everything of its points accounts, counters and scorecards that a recount does not come to."""
    pool = await Pool.open(worker_url, size=1)
    try:
        async with pool.acquire(None) as connection:
            marketplaces = await tenants.page(connection)
        found: dict[str, list[str]] = {}
        for tenant in marketplaces:
            async with pool.transaction(tenant.id, ONE_MOMENT) as connection:
                found[tenant.name] = [
                    *await points.faults(connection, tenant.id),
                    *await counters.faults(connection, tenant.id),
                    *await scorecards.faults(connection, tenant.id),
                ]
        return found
    finally:
        await pool.close()
