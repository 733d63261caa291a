"""Bookings: row to dataclass, and the ways one is found."""

from typing import Final

from domain.bookings import Booking
from domain.ids import BookingId, TenantId
from storage.pool import Connection
from storage.tables import Table, Twin

BOOKINGS: Final = Table(
    "bookings", Booking, conflicts={"bookings_quote": Twin("The quote was booked just now.", "quoteId")}
)


async def get(connection: Connection, tenant_id: TenantId, id: BookingId) -> Booking:
    """The booking. Refuses with NotFound."""
    return await BOOKINGS.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: BookingId) -> Booking:
    """The booking, this transaction's until its end. Refuses with NotFound. Lock its order first."""
    return await BOOKINGS.lock(connection, tenant_id, id)
