"""Refunds: row to dataclass, and the ways they are found."""

from typing import Final

from domain.ids import ClaimId, RefundId, TenantId
from domain.refunds import Refund
from storage.pool import Connection
from storage.tables import Table, Twin

REFUNDS: Final = Table(
    "refunds",
    Refund,
    conflicts={"refunds_reference": Twin("Another refund was paid with this reference already.", "reference")},
)


async def get(connection: Connection, tenant_id: TenantId, id: RefundId) -> Refund:
    """The refund. Refuses with NotFound."""
    return await REFUNDS.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: RefundId) -> Refund:
    """The refund, this transaction's until its end. Refuses with NotFound. Lock its order and claim first."""
    return await REFUNDS.lock(connection, tenant_id, id)


async def lock_by_claim(connection: Connection, tenant_id: TenantId, claim_id: ClaimId) -> list[Refund]:
    """The refunds of that claim, this transaction's until its end."""
    return await REFUNDS.select(connection, tenant_id, "t.claim_id = $2 ORDER BY t.id", claim_id, lock=True)
