"""Inspections: row to dataclass, and the ways they are found."""

from typing import Final

from domain.ids import ClaimId, InspectionId, TenantId
from domain.inspections import Inspection, InspectionState
from storage.pool import Connection
from storage.tables import Table

INSPECTIONS: Final = Table(
    "inspections",
    Inspection,
    conflicts={"inspections_one_ordered": "An inspection of this claim is under way already."},
)


async def get(connection: Connection, tenant_id: TenantId, id: InspectionId) -> Inspection:
    """The inspection. Refuses with NotFound."""
    return await INSPECTIONS.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: InspectionId) -> Inspection:
    """The inspection, this transaction's until its end. Refuses with NotFound. Lock its order and its claim first."""
    return await INSPECTIONS.lock(connection, tenant_id, id)


async def by_claim(connection: Connection, tenant_id: TenantId, claim_id: ClaimId) -> list[Inspection]:
    """The claim's inspections, oldest first. The claim's lock covers them."""
    return await INSPECTIONS.select(connection, tenant_id, "t.claim_id = $2 ORDER BY t.ordered_at, t.id", claim_id)


async def is_running(connection: Connection, tenant_id: TenantId, claim_id: ClaimId) -> bool:
    """Whether an inspection of the claim is ordered and has not reported."""
    found = await by_claim(connection, tenant_id, claim_id)
    return any(inspection.state is InspectionState.ORDERED for inspection in found)
