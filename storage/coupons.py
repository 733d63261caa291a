"""Coupons and their redemptions."""

from typing import Final

from domain.coupons import Coupon, Redemption
from domain.ids import ClaimId, CouponId, OrderId, TenantId
from domain.money import Money
from storage.pool import Connection
from storage.tables import Table

COUPONS: Final = Table("coupons", Coupon)
REDEMPTIONS: Final = Table("redemptions", Redemption)


async def find(connection: Connection, tenant_id: TenantId, id: CouponId) -> Coupon | None:
    """The coupon, or None."""
    return await COUPONS.find(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: CouponId) -> Coupon:
    """The coupon, this transaction's until its end. Refuses with NotFound. Lock its claim first."""
    return await COUPONS.lock(connection, tenant_id, id)


async def find_by_claim(connection: Connection, tenant_id: TenantId, claim_id: ClaimId) -> Coupon | None:
    """The first coupon of that claim, or None."""
    found = await COUPONS.select(connection, tenant_id, "t.claim_id = $2 ORDER BY t.issued_at, t.id LIMIT 1", claim_id)
    return found[0] if found else None


async def lock_by_claim(connection: Connection, tenant_id: TenantId, claim_id: ClaimId) -> list[Coupon]:
    """The coupons of that claim, this transaction's until its end. Lock the claim first."""
    return await COUPONS.select(connection, tenant_id, "t.claim_id = $2 ORDER BY t.id", claim_id, lock=True)


async def covered(connection: Connection, tenant_id: TenantId, order_id: OrderId, currency: str) -> Money:
    """What coupons have paid of the order and was not reversed."""
    minor = await connection.fetchval(
        "SELECT coalesce(sum(amount_minor), 0)::bigint FROM redemptions"
        " WHERE tenant_id = $1 AND order_id = $2 AND reversed_at IS NULL",
        tenant_id,
        order_id,
    )
    return Money(minor, currency)


async def live_redemptions_by_order(connection: Connection, tenant_id: TenantId, order_id: OrderId) -> list[Redemption]:
    """The redemptions that paid for the order and were not reversed, in the order of their coupons; locked."""
    return await REDEMPTIONS.select(
        connection,
        tenant_id,
        "t.order_id = $2 AND t.reversed_at IS NULL ORDER BY t.coupon_id, t.id",
        order_id,
        lock=True,
    )
