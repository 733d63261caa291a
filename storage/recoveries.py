"""Recoveries: one per coupon or refund and party that bears it, and what a party owes by them."""

from typing import Final

from domain.ids import ClaimId, CouponId, LiablePartyId, RecoveryId, SupplierId, TenantId
from domain.recoveries import Recovery
from storage.pool import Connection
from storage.tables import Table

RECOVERIES: Final = Table("recoveries", Recovery)


async def get(connection: Connection, tenant_id: TenantId, id: RecoveryId) -> Recovery:
    """The recovery. Refuses with NotFound."""
    return await RECOVERIES.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: RecoveryId) -> Recovery:
    """The recovery, this transaction's until its end. Refuses with NotFound."""
    return await RECOVERIES.lock(connection, tenant_id, id)


async def lock_by_coupon(connection: Connection, tenant_id: TenantId, coupon_id: CouponId) -> list[Recovery]:
    """The recoveries of that coupon by their position, this transaction's until its end; none: the marketplace's."""
    where = "t.coupon_id = $2 ORDER BY t.position, t.id"
    return await RECOVERIES.select(connection, tenant_id, where, coupon_id, lock=True)


async def by_claim(connection: Connection, tenant_id: TenantId, claim_id: ClaimId) -> list[Recovery]:
    """The recoveries of that claim, in the order of their ids."""
    return await RECOVERIES.select(connection, tenant_id, "t.claim_id = $2 ORDER BY t.id", claim_id)


async def lock_owed(
    connection: Connection, tenant_id: TenantId, party_id: LiablePartyId, currency: str
) -> list[Recovery]:
    """What the party owes in that currency, or has to its favour: the oldest first, this transaction's until its end.

    Everybody locks them in that order, so two who collect at once collect one after the other.
    """
    column = "supplier_id" if isinstance(party_id, SupplierId) else "provider_id"
    where = (
        f"t.{column} = $2 AND t.currency = $3::char(3) AND t.outstanding_minor <> 0"
        " ORDER BY t.fell_due_at NULLS FIRST, t.id"
    )
    return await RECOVERIES.select(connection, tenant_id, where, party_id, currency, lock=True)
