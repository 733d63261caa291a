"""Recoveries: one per coupon."""

from typing import Final

from domain.ids import CouponId, TenantId
from domain.recoveries import Recovery
from storage.pool import Connection
from storage.tables import Table

RECOVERIES: Final = Table("recoveries", Recovery)


async def lock_by_coupon(connection: Connection, tenant_id: TenantId, coupon_id: CouponId) -> Recovery:
    """The recovery of that coupon, this transaction's until its end. A coupon without one is a bug (LookupError)."""
    found = await RECOVERIES.select(connection, tenant_id, "t.coupon_id = $2", coupon_id, lock=True)
    if not found:
        raise LookupError(f"{coupon_id} has no recovery")
    return found[0]
