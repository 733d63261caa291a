"""Inspections: row to dataclass, and the ways they are found."""

from collections.abc import Collection
from typing import Final

from domain.ids import ClaimId, InspectionId, TenantId
from domain.inspections import Inspection
from storage.pool import Connection
from storage.tables import Table, Twin

INSPECTIONS: Final = Table(
    "inspections",
    Inspection,
    conflicts={"inspections_one_ordered": Twin("An inspection of this claim is under way already.", "claimId")},
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


async def running(connection: Connection, tenant_id: TenantId, claim_ids: Collection[ClaimId]) -> set[str]:
    """Those of the claims in which an inspection is ordered and has not reported."""
    text = "SELECT claim_id FROM inspections WHERE tenant_id = $1 AND claim_id = ANY ($2::text[]) AND state = 'ORDERED'"
    return {row["claim_id"] for row in await connection.fetch(text, tenant_id, list(claim_ids))}


async def is_running(connection: Connection, tenant_id: TenantId, claim_id: ClaimId) -> bool:
    """Whether an inspection of the claim is ordered and has not reported."""
    return bool(await running(connection, tenant_id, [claim_id]))
