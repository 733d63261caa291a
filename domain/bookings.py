"""Bookings: an accepted quote carries lines of an order, for the price and by the day that were accepted.

    BOOKED -cancelBooking-> CANCELLED      by the buyer, the provider or the marketplace, until the goods are picked up

Laws: a quote is booked once; the booking's price and promise are the quote's; who called it off, and why, is part of
the booking, since a provider's own cancellations count in its record and a buyer's do not; what was called off leaves
the lines of the order free to be booked anew, with the promise they had.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import dates
from domain.access import Caller, may
from domain.change import Change, Fact, Happening
from domain.copies import replace
from domain.errors import Refused
from domain.explain import Finding, unmet
from domain.ids import (
    BookingId,
    BuyerId,
    LaneId,
    OrderId,
    OrderLineId,
    ProviderId,
    QuoteId,
    ServiceId,
    ShipmentId,
)
from domain.modes import ServiceMode
from domain.money import Money
from domain.moves import Move, require
from domain.orders import Order
from domain.quotes import Quote
from domain.shipments import RecordShipment, Shipment, ShipmentMode
from domain.tracking import ShipmentState, TrackingReason


class BookingState(StrEnum):
    """Where a booking stands. How the goods fare is told by its shipment."""

    BOOKED = "BOOKED"
    """The provider carries the lines."""
    CANCELLED = "CANCELLED"
    """It was called off before the goods were picked up."""


class BookingAction(StrEnum):
    """What can be done with a booking; the value is the mutation's name in capitals."""

    CANCEL_BOOKING = "CANCEL_BOOKING"
    """cancelBooking: it is called off."""


class BookingSide(StrEnum):
    """Who called a booking off."""

    BUYER = "BUYER"
    """The buyer; it does not count in the provider's record."""
    PROVIDER = "PROVIDER"
    """The provider; it counts in its record."""
    MARKETPLACE = "MARKETPLACE"
    """The marketplace's desk."""


class CancelReason(StrEnum):
    """Why a booking is called off."""

    NOT_NEEDED = "NOT_NEEDED"
    """The goods shall not travel any more."""
    GOODS_NOT_READY = "GOODS_NOT_READY"
    """The goods cannot be handed over in time."""
    GOODS_DIFFER = "GOODS_DIFFER"
    """The goods are not what was quoted."""
    NO_CAPACITY = "NO_CAPACITY"
    """The provider has no room."""
    SERVICE_DISRUPTED = "SERVICE_DISRUPTED"
    """The way is closed or the service does not run."""
    OTHER = "OTHER"
    """Something else; the note says what."""


REPORTED: Final[dict[BookingSide, TrackingReason | None]] = {
    BookingSide.BUYER: TrackingReason.CONSIGNEE_CANCELLED,
    BookingSide.PROVIDER: None,
    BookingSide.MARKETPLACE: TrackingReason.OTHER_REGULATORY,
}
"""Who called it off -> the reason in the shipment's report, which says whether the provider's record counts it."""
assert REPORTED.keys() == set(BookingSide)

TRAVELS: Final[dict[ServiceMode, ShipmentMode]] = {
    ServiceMode.EXPRESS: ShipmentMode.EXPRESS,
    ServiceMode.AIR: ShipmentMode.AIR,
    ServiceMode.SEA_FCL: ShipmentMode.OCEAN,
    ServiceMode.SEA_LCL: ShipmentMode.OCEAN,
    ServiceMode.RAIL: ShipmentMode.RAIL,
    ServiceMode.TRUCK: ShipmentMode.TRUCK,
}
"""How goods that are booked so travel; services that are done at a place move nothing and are not stated."""


@dataclass(frozen=True, slots=True)
class Booking:
    """A booked quote. `reference` is the shipment's number, unique for the provider."""

    id: BookingId
    quote_id: QuoteId
    order_id: OrderId
    shipment_id: ShipmentId
    buyer_id: BuyerId
    provider_id: ProviderId
    service_id: ServiceId
    lane_id: LaneId
    state: BookingState
    reference: str
    total: Money
    promised_at: datetime
    booked_at: datetime
    cancelled_at: datetime | None
    cancelled_by: BookingSide | None
    cancel_reason: CancelReason | None
    note: str | None
    version: int


@dataclass(frozen=True, slots=True)
class BookQuote:
    """The wish that those lines of the order go with the quote; `reference` None: the booking's own id."""

    quote_id: QuoteId
    order_id: OrderId
    line_ids: tuple[OrderLineId, ...]
    reference: str | None


@dataclass(frozen=True, slots=True)
class CancelBooking:
    """The wish to call a booking off."""

    booking_id: BookingId
    reason: CancelReason
    note: str | None


def require_fit(quote: Quote, order: Order, destination_country: str) -> None:
    """Returns if the order may go with the quote. Refuses another buyer's, and one that goes to another country."""
    findings = (
        Finding("booking.buyer", order.buyer_id == quote.buyer_id, "quote_of_same_buyer"),
        Finding(
            "booking.destination",
            order.country == destination_country,
            "order_goes_where_quoted",
            {"order": order.country, "quote": destination_country},
        ),
    )
    if because := unmet(findings):
        raise Refused("booking.book", "The order cannot go with this quote.", because)


def shipment_of(quote: Quote, command: BookQuote, id: BookingId, weight_grams: int) -> RecordShipment:
    """The shipment that the booking makes: what was quoted, for the price that was accepted."""
    return RecordShipment(
        order_id=command.order_id,
        provider_id=quote.provider_id,
        reference=command.reference or str(id),
        mode=TRAVELS.get(quote.mode, ShipmentMode.UNSTATED),
        line_ids=command.line_ids,
        promised_on=None,
        eta_at=None,
        weight_grams=weight_grams,
        freight=quote.total,
    )


def book_quote(
    quote: Quote, shipment_id: ShipmentId, command: BookQuote, *, id: BookingId, at: datetime
) -> Change[Booking]:
    """A booking of the quote, which is accepted (`quotes.book_quote` refuses what is not)."""
    booking = Booking(
        id=id,
        quote_id=quote.id,
        order_id=command.order_id,
        shipment_id=shipment_id,
        buyer_id=quote.buyer_id,
        provider_id=quote.provider_id,
        service_id=quote.service_id,
        lane_id=quote.lane_id,
        state=BookingState.BOOKED,
        reference=command.reference or str(id),
        total=quote.total,
        promised_at=quote.promised_at,
        booked_at=at,
        cancelled_at=None,
        cancelled_by=None,
        cancel_reason=None,
        note=None,
        version=1,
    )
    return Change(None, booking, (Happening("booking.made", _facts(booking)),))


def moves(booking: Booking, shipment_state: ShipmentState, caller: Caller) -> tuple[Move, ...]:
    """What the caller may do with the booking, whose shipment stands there, and why not."""
    own = caller.is_operator or caller.party_id in {booking.buyer_id, booking.provider_id}
    findings = (
        Finding("booking.role", own and may(caller, "cancelBooking"), "booking_action_of_your_role"),
        Finding("booking.state", booking.state is BookingState.BOOKED, "booking_not_cancelled"),
        Finding(
            "booking.pickup",
            shipment_state is ShipmentState.BOOKED,
            "goods_not_picked_up",
            {"state": shipment_state.value},
        ),
    )
    return (Move(BookingAction.CANCEL_BOOKING.value, unmet(findings)),)


def side_of(booking: Booking, caller: Caller) -> BookingSide:
    """For whom the caller acts."""
    if caller.party_id == booking.buyer_id:
        return BookingSide.BUYER
    return BookingSide.PROVIDER if caller.party_id == booking.provider_id else BookingSide.MARKETPLACE


def cancel_booking(
    booking: Booking, shipment: Shipment, command: CancelBooking, caller: Caller, at: datetime
) -> Change[Booking]:
    """It is called off, and whose doing that was is known. Refuses, with every reason, what `moves` blocks."""
    require(moves(booking, shipment.state, caller), BookingAction.CANCEL_BOOKING.value, "booking.cancel")
    after = replace(
        booking,
        state=BookingState.CANCELLED,
        cancelled_at=at,
        cancelled_by=side_of(booking, caller),
        cancel_reason=command.reason,
        note=command.note,
        version=booking.version + 1,
    )
    return Change(booking, after, (Happening("booking.cancelled", _facts(after)),))


def _facts(booking: Booking) -> dict[str, Fact]:
    return {
        "quoteId": booking.quote_id,
        "orderId": booking.order_id,
        "shipmentId": booking.shipment_id,
        "buyerId": booking.buyer_id,
        "providerId": booking.provider_id,
        "totalMinor": booking.total.minor,
        "currency": booking.total.currency,
        "promisedAt": dates.rfc3339(booking.promised_at),
        "cancelledBy": None if booking.cancelled_by is None else booking.cancelled_by.value,
    }
