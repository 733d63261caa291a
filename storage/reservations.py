"""Reservations of coupons: row to dataclass, and the ways they are found. The coupon's lock covers them."""

from typing import Final

from domain.coupons import Redemption
from domain.ids import CouponId, ReservationId, TenantId
from domain.reservations import Reservation
from storage.coupons import REDEMPTIONS
from storage.pool import Connection
from storage.tables import Table, Twin

RESERVATIONS: Final = Table(
    "coupon_reservations",
    Reservation,
    conflicts={"coupon_reservations_once": Twin("A part of this coupon is held for that order already.", "orderId")},
)


async def find(connection: Connection, tenant_id: TenantId, id: ReservationId) -> Reservation | None:
    """The reservation, or None."""
    return await RESERVATIONS.find(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: ReservationId) -> Reservation:
    """The reservation, this transaction's until its end. Refuses with NotFound. Lock its coupon first."""
    return await RESERVATIONS.lock(connection, tenant_id, id)


async def find_by_reference(
    connection: Connection, tenant_id: TenantId, coupon_id: CouponId, order_reference: str
) -> Reservation | None:
    """What holds, or held and captured, a part of that coupon for that order; None where nothing does."""
    where = "t.coupon_id = $2 AND t.order_reference = $3 AND t.state IN ('HELD', 'CAPTURED')"
    found = await RESERVATIONS.select(connection, tenant_id, where, coupon_id, order_reference)
    return found[0] if found else None


async def lock_held(connection: Connection, tenant_id: TenantId, coupon_id: CouponId) -> list[Reservation]:
    """Whatever still holds a part of that coupon, this transaction's until its end."""
    where = "t.coupon_id = $2 AND t.state = 'HELD' ORDER BY t.id"
    return await RESERVATIONS.select(connection, tenant_id, where, coupon_id, lock=True)


async def find_capture(
    connection: Connection, tenant_id: TenantId, reservation_id: ReservationId, reference: str
) -> Redemption | None:
    """The capture of that reservation with the checkout's own reference, or None."""
    where = "t.reservation_id = $2 AND t.reference = $3"
    found = await REDEMPTIONS.select(connection, tenant_id, where, reservation_id, reference)
    return found[0] if found else None
