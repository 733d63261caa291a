"""Bookings: the buyer and the provider of each, and staff."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from domain import bookings
from domain.access import Caller
from domain.moves import Move
from domain.tracking import ShipmentState
from storage.bookings import BOOKINGS
from storage.views.orders import PROMISED_ZONE
from storage.views.quotes import OWN
from storage.views.view import Amount, Computed, Filter, Listing, One, Point, Root, Row, Sort, View, columns


async def _moves(connection: Any, rows: Sequence[Row], viewer: Caller) -> list[tuple[Move, ...]]:
    found = [BOOKINGS.decode(row) for row in rows]
    text = "SELECT id, state FROM shipments WHERE tenant_id = $1 AND id = ANY ($2::text[])"
    states = {
        row["id"]: ShipmentState(row["state"])
        for row in await connection.fetch(text, viewer.tenant_id, [booking.shipment_id for booking in found])
    }
    return [bookings.moves(booking, states[booking.shipment_id], viewer) for booking in found]


async def available_actions(
    connection: Any, rows: Sequence[Row], viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[str]]:
    """The actions whose mutation would not be refused for state, time or role."""
    return [[move.action for move in moves if move.available] for moves in await _moves(connection, rows, viewer)]


async def blocked_actions(
    connection: Any, rows: Sequence[Row], viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[Move]]:
    """The other actions, each with everything that stands in its way."""
    return [[move for move in moves if not move.available] for moves in await _moves(connection, rows, viewer)]


BOOKING: Final = View(
    type="Booking",
    table="bookings",
    visible=OWN,
    fields={
        "promisedZone": PROMISED_ZONE,
        **columns(
            "id",
            "state",
            "reference",
            "promisedAt",
            "bookedAt",
            "cancelledAt",
            "cancelledBy",
            "cancelReason",
            "note",
            "version",
        ),
        "total": Amount("{t}.total_minor"),
        "quote": One("Quote", "{t}.quote_id"),
        "order": One("Order", "{t}.order_id"),
        "shipment": One("Shipment", "{t}.shipment_id"),
        "buyer": One("Buyer", "{t}.buyer_id"),
        "provider": One("Provider", "{t}.provider_id"),
        "service": One("Service", "{t}.service_id"),
        "lane": One("Lane", "{t}.lane_id"),
        "availableActions": Computed(available_actions, needs=BOOKINGS.names),
        "blockedActions": Computed(blocked_actions, needs=BOOKINGS.names),
    },
    sorts={
        "NEWEST_FIRST": Sort((("{t}.booked_at", True),)),
        "OLDEST_FIRST": Sort((("{t}.booked_at", False),)),
    },
    filters={
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "orderId": Filter("{t}.order_id = {v}"),
        "providerId": Filter("{t}.provider_id = {v}"),
    },
)

VIEWS: Final = (BOOKING,)
ROOTS: Final[dict[str, Root]] = {"booking": Point("Booking"), "bookings": Listing("Booking", "NEWEST_FIRST")}
