"""Tier sweeps: rows to dataclasses."""

from typing import Final

from domain.ids import TenantId
from domain.tier_sweeps import TierSweep
from storage.pool import Connection
from storage.tables import Table

TIER_SWEEPS: Final = Table(
    "tier_sweeps", TierSweep, conflicts={"tier_sweeps_one_running": "An evaluation of all buyers is running already."}
)


async def lock_running(connection: Connection, tenant_id: TenantId) -> TierSweep | None:
    """The sweep that runs, this transaction's until its end; None if none does."""
    found = await TIER_SWEEPS.select(connection, tenant_id, "t.state = 'RUNNING'", lock=True)
    return found[0] if found else None
