"""Bookings in GraphQL: accepted quotes that carry lines of an order."""

from datetime import datetime

import strawberry

from api.operations import bookings
from api.schema.buyers import Buyer
from api.schema.connection import Connection, listing, point
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.lanes import Lane
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.orders import Order
from api.schema.organisations import KEY, VERSION, ByAge
from api.schema.providers import Provider
from api.schema.quotes import Quote
from api.schema.scalars import Money
from api.schema.services import Service
from api.schema.shipments import Shipment
from domain.bookings import BookingAction, BookingSide, BookingState, BookQuote, CancelBooking, CancelReason
from domain.ids import BookingId, OrderId, OrderLineId, QuoteId

described(BookingState)
described(BookingAction)
described(BookingSide)
described(CancelReason, name="BookingCancelReason")


@strawberry.input(description="Which bookings. What is left out does not matter; conditions add up.")
class BookingFilter:
    """The filters of `storage/views/bookings.py`."""

    states: list[BookingState] | None = strawberry.field(default=None, description="In one of these states.")
    order_id: strawberry.ID | None = strawberry.field(default=None, description="Of this order.")
    provider_id: strawberry.ID | None = strawberry.field(default=None, description="Of this provider.")


@strawberry.type(description="An action on a booking that is not possible now for the viewer, and why.")
class BlockedBookingAction:
    """`domain.moves.Move`."""

    action: BookingAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="When time ends it; null where it does not.")


@strawberry.type(description="An accepted quote that carries lines of an order, for its price and by its day.")
class Booking(Node):
    """`domain.bookings.Booking`."""

    state: BookingState = strawberry.field(description="Where it stands; how the goods fare is told by the shipment.")
    reference: str = strawberry.field(description="The shipment's number, unique for the provider.")
    total: Money = strawberry.field(description="The price that was accepted.")
    promised_at: datetime = strawberry.field(description="The last instant of the day that was accepted.")
    promised_zone: str = strawberry.field(
        description="The time zone in which that day ends, of the IANA database: that of the country of delivery."
    )
    quote: Quote | None = strawberry.field(description="The quote.")
    order: Order | None = strawberry.field(description="The order; null when hidden from the viewer.")
    shipment: Shipment | None = strawberry.field(description="The shipment that carries the lines.")
    buyer: Buyer | None = strawberry.field(description="Who booked; null when hidden from the viewer.")
    provider: Provider | None = strawberry.field(description="Who carries.")
    service: Service | None = strawberry.field(description="The service; null when hidden from the viewer.")
    lane: Lane | None = strawberry.field(description="The lane; null when hidden from the viewer.")
    available_actions: list[BookingAction] = strawberry.field(description="What the viewer may do with it now.")
    blocked_actions: list[BlockedBookingAction] = strawberry.field(
        description="What the viewer may not do with it now, and why."
    )
    booked_at: datetime = strawberry.field(description="When it was booked.")
    cancelled_at: datetime | None = strawberry.field(description="When it was called off.")
    cancelled_by: BookingSide | None = strawberry.field(description="Who called it off.")
    cancel_reason: CancelReason | None = strawberry.field(description="Why.")
    note: str | None = strawberry.field(description="A word with the reason.")
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.input(description="Lines of an order go with an accepted quote.")
class BookQuoteInput:
    """→ `domain.bookings.BookQuote`."""

    quote_id: strawberry.ID = strawberry.field(description="The quote; it must be accepted.")
    order_id: strawberry.ID = strawberry.field(description="The order: the same buyer's, to the country quoted for.")
    line_ids: list[strawberry.ID] = strawberry.field(description="Lines of that order that did not leave before.")
    reference: str | None = strawberry.field(
        default=None, description="The shipment's number; the booking's id when left out. Unique for the provider."
    )
    expected_version: int | None = strawberry.field(
        default=None, description="The quote's version you saw; another is refused."
    )
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> BookQuote:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = BookQuote(
            quote_id=read.id(QuoteId, self.quote_id, "quoteId"),
            order_id=read.id(OrderId, self.order_id, "orderId"),
            line_ids=read.ids(OrderLineId, self.line_ids, "lineIds"),
            reference=None if self.reference is None else read.name(self.reference, "reference"),
        )
        read.done()
        return command


@strawberry.input(description="A booking is called off before the goods are picked up.")
class CancelBookingInput:
    """→ `domain.bookings.CancelBooking`."""

    booking_id: strawberry.ID = strawberry.field(description="The booking.")
    reason: CancelReason = strawberry.field(description="Why.")
    note: str | None = strawberry.field(default=None, description="A word with it, at most a page.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> CancelBooking:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = CancelBooking(
            read.id(BookingId, self.booking_id, "bookingId"), self.reason, read.note(self.note, "note")
        )
        read.done()
        return command


@strawberry.type(description="The booking and its shipment, or why nothing was booked.")
class BookQuotePayload:
    """What `bookQuote` answers."""

    booking: Booking | None = strawberry.field(description="The booking; null when nothing was booked.")
    shipment: Shipment | None = strawberry.field(description="Its shipment; null when nothing was booked.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing was booked; empty on success.")


@strawberry.type(description="The booking after the change, or why nothing changed.")
class BookingPayload:
    """What `cancelBooking` answers."""

    booking: Booking | None = strawberry.field(description="The booking as it is now; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class BookingQueries:
    """Reading bookings."""

    booking: Booking | None = point("The booking of that id; null when there is none for the viewer.", of="booking")
    bookings: Connection[Booking] = listing(
        "The bookings the viewer may see: a buyer's or provider's own, staff all.", filter=BookingFilter, order=ByAge
    )


@strawberry.type
class BookingMutations:
    """What can be done with bookings."""

    book_quote: BookQuotePayload = mutation(
        bookings.book_quote,
        BookQuoteInput,
        keyed=True,
        description="Lines of an order go with an accepted quote: a shipment is made for its price, promised for its "
        "day. Refused when the provider may not take it any more, for lines that left, and after the hand-over.",
    )
    cancel_booking: BookingPayload = mutation(
        bookings.cancel_booking,
        CancelBookingInput,
        keyed=True,
        description="Call a booking off before the goods are picked up; the lines may be booked anew. When the "
        "provider does it, it counts in its record.",
    )
