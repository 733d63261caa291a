"""Remedies: row to dataclass, and the ways they are found."""

from typing import Final

from domain.ids import ClaimId, CouponId, RefundId, RemedyId, TenantId
from domain.remedies import Remedy
from storage.pool import Connection
from storage.tables import Table

REMEDIES: Final = Table("remedies", Remedy)


async def get(connection: Connection, tenant_id: TenantId, id: RemedyId) -> Remedy:
    """The remedy. Refuses with NotFound."""
    return await REMEDIES.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: RemedyId) -> Remedy:
    """The remedy, this transaction's until its end. Refuses with NotFound. Lock its claim first."""
    return await REMEDIES.lock(connection, tenant_id, id)


async def by_claim(connection: Connection, tenant_id: TenantId, claim_id: ClaimId) -> list[Remedy]:
    """The remedies of that claim, oldest first. The claim's lock covers them."""
    return await REMEDIES.select(connection, tenant_id, "t.claim_id = $2 ORDER BY t.awarded_at, t.id", claim_id)


async def by_coupon(connection: Connection, tenant_id: TenantId, coupon_id: CouponId) -> list[Remedy]:
    """The remedies that the coupon makes good."""
    return await REMEDIES.select(connection, tenant_id, "t.coupon_id = $2 ORDER BY t.id", coupon_id)


async def by_refund(connection: Connection, tenant_id: TenantId, refund_id: RefundId) -> list[Remedy]:
    """The remedies that the refund makes good."""
    return await REMEDIES.select(connection, tenant_id, "t.refund_id = $2 ORDER BY t.id", refund_id)


async def unsettled(connection: Connection, tenant_id: TenantId, claim_id: ClaimId) -> bool:
    """Whether anything of the claim is still to be done, paid or spent."""
    found: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM remedies r WHERE r.tenant_id = $1 AND r.claim_id = $2"
        " AND r.state IN ('DUE', 'IN_PROGRESS')) OR EXISTS (SELECT FROM coupons k WHERE k.tenant_id = $1"
        " AND k.claim_id = $2 AND k.goodwill_id IS NULL AND k.state IN ('ACTIVE', 'PARTLY_USED'))",
        tenant_id,
        claim_id,
    )
    return found
