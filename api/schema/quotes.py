"""Quotes in GraphQL: what transport costs, for how long that stands, and why."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.operations import quotes
from api.schema import modes as _modes  # noqa: F401 - describes the shared enums
from api.schema.buyers import Buyer
from api.schema.connection import Connection, connection, listing, point
from api.schema.enrolments import Bundle, Guarantee
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.lanes import Lane
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import KEY, VERSION, ByAge
from api.schema.providers import Provider
from api.schema.rate_sheets import RateSheet
from api.schema.scalars import CountryCode, CurrencyCode, Money, MoneyInput
from api.schema.services import Service
from domain.ids import BuyerId, QuoteId
from domain.modes import DangerousGoodsClass, Incoterm, ServiceMode
from domain.offers import RequestQuote
from domain.places import Spot
from domain.pricing import ChargeKind, Piece
from domain.quotes import AcceptQuote, QuoteAction, QuoteState, RequestState, ReviseQuote, WithdrawQuote
from domain.services import ServiceLevel

if TYPE_CHECKING:
    from api.schema.bookings import Booking

described(RequestState, name="QuoteRequestState")
described(QuoteState)
described(QuoteAction)
described(ChargeKind)


class QuoteOrder(StrEnum):
    """Orders of a list of quotes."""

    BEST_FIRST = "BEST_FIRST"
    """By their request and the place they were ranked at in it."""
    NEWEST_FIRST = "NEWEST_FIRST"
    """By when they were made, the latest first."""
    OLDEST_FIRST = "OLDEST_FIRST"
    """By when they were made, the earliest first."""


described(QuoteOrder)


@strawberry.input(description="Which requests. What is left out does not matter; conditions add up.")
class QuoteRequestFilter:
    """The filters of `storage/views/quotes.py`."""

    states: list[RequestState] | None = strawberry.field(default=None, description="In one of these states.")
    buyer_id: strawberry.ID | None = strawberry.field(default=None, description="Of this buyer.")


@strawberry.input(description="Which quotes. What is left out does not matter; conditions add up.")
class QuoteFilter:
    """The filters of `storage/views/quotes.py`."""

    states: list[QuoteState] | None = strawberry.field(default=None, description="In one of these states.")
    modes: list[ServiceMode] | None = strawberry.field(default=None, description="By one of these modes.")
    provider_id: strawberry.ID | None = strawberry.field(default=None, description="Of this provider.")


@strawberry.type(description="A concrete place where goods start or end, as exactly as it is known.")
class QuotePlace:
    """`domain.places.Spot`."""

    country: CountryCode = strawberry.field(description="The country.")
    region: str | None = strawberry.field(description="The region, ISO 3166-2: CN-SH.")
    unlocode: str | None = strawberry.field(description="The place, UN/LOCODE: CNSHA.")
    postal_code: str | None = strawberry.field(description="The postal code.")


@strawberry.type(description="Pieces alike.")
class QuotePiece:
    """`domain.pricing.Piece`."""

    count: int = strawberry.field(description="How many.")
    weight_grams: int = strawberry.field(description="What one of them weighs, in grams.")
    length_mm: int = strawberry.field(description="Length of one of them in millimetres.")
    width_mm: int = strawberry.field(description="Width of one of them in millimetres.")
    height_mm: int = strawberry.field(description="Height of one of them in millimetres.")
    value: Money | None = strawberry.field(description="What one of them is worth; null where not stated.")
    dangerous_goods: DangerousGoodsClass | None = strawberry.field(description="Its class; null where not dangerous.")


@strawberry.type(description="A line of a price.")
class QuoteCharge:
    """`domain.pricing.Charge`."""

    kind: ChargeKind = strawberry.field(description="What it is for.")
    amount: Money = strawberry.field(
        description="The amount, rounded half-even once; below zero where it is taken off."
    )
    because: Finding = strawberry.field(description="Its computation: rate, bracket, measure and what they rest on.")


@strawberry.type(description="A provider that serves the route but makes no offer.")
class LeftOutProvider:
    """`domain.offers.LeftOut`."""

    provider: Provider | None = strawberry.field(description="The provider.")
    service: Service | None = strawberry.field(description="The service; null when hidden from the viewer.")
    mode: ServiceMode = strawberry.field(description="The mode of the service that was left out.")
    because: list[Finding] = strawberry.field(description="Every reason.")


@strawberry.type(description="An action on a quote that is not possible now for the viewer, and why.")
class BlockedQuoteAction:
    """`domain.moves.Move`."""

    action: QuoteAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="The last instant at which it is possible.")


@strawberry.type(
    description="A provider's binding quote: what it says holds until its last instant, and for ever once accepted."
)
class Quote(Node):
    """`domain.quotes.Quote`."""

    state: QuoteState = strawberry.field(description="Where it stands.")
    position: int | None = strawberry.field(description="Its rank in the request, 1 being the best; not for providers.")
    mode: ServiceMode = strawberry.field(description="How the goods travel.")
    level: ServiceLevel = strawberry.field(description="The service's level.")
    total: Money = strawberry.field(description="What the provider gets: the sum of the charges.")
    payable: Money | None = strawberry.field(
        description="What the buyer pays: the total less what its level takes off, which the marketplace bears; for "
        "the buyer and staff."
    )
    price_locked: bool = strawberry.field(
        description="Whether it is quoted in a bundle: the total is all that is charged, and no revision raises it."
    )
    bundle: Bundle | None = strawberry.field(description="The bundle that it is quoted in; null where it is in none.")
    charges: list[QuoteCharge] = strawberry.field(description="Every charge on its own line, freight first.")
    tier_benefits: list[QuoteCharge] | None = strawberry.field(
        description="What the buyer's level takes off, beside the charges: the marketplace bears it. For the buyer and "
        "staff; empty where levels bring nothing here."
    )
    included_guarantees: list[Guarantee] = strawberry.field(
        description="The guarantees that the price includes; empty where there are none."
    )
    chargeable_kilograms: Decimal = strawberry.field(
        description="The chargeable weight: what the goods weigh or what their volume counts for, whichever is more."
    )
    departs_by: datetime = strawberry.field(
        description="The last instant of the hand-over that the promised day rests on; accept and book before it."
    )
    promised_at: datetime = strawberry.field(
        description="The last microsecond of the promised day, where the goods are delivered."
    )
    promised_zone: str = strawberry.field(
        description="The time zone in which that day ends, of the IANA database: that of the country of delivery."
    )
    promise: Finding = strawberry.field(description="How that day was found: cut-off, handling, transit, calendars.")
    expected_lateness_cost: Money | None = strawberry.field(
        description="What this provider's own record makes lateness cost on average, in the request's currency; null "
        "where it has too few deliveries or the goods' value is not stated. Not for providers."
    )
    lateness: Finding | None = strawberry.field(
        description="How that cost was found, or why there is none. Not for providers."
    )
    demotion: Finding | None = strawberry.field(
        description="Why it came behind the quotes of others when it was made: the provider's scorecard, or a measure "
        "against it; null where nothing put it there. Not for providers."
    )
    total_cost: Money | None = strawberry.field(
        description="Total and expected lateness in the request's currency, what offers are ranked by; null where no "
        "exchange rate is recorded. Not for providers."
    )
    request: Annotated["QuoteRequest", strawberry.lazy("api.schema.quotes")] | None = strawberry.field(
        description="What was asked."
    )
    provider: Provider | None = strawberry.field(description="Who quotes.")
    service: Service | None = strawberry.field(description="The service; null when hidden from the viewer.")
    lane: Lane | None = strawberry.field(description="The lane; null when hidden from the viewer.")
    rate_sheet: RateSheet | None = strawberry.field(
        description="The price list it was priced by; null when hidden from the viewer."
    )
    revises: Annotated["Quote", strawberry.lazy("api.schema.quotes")] | None = strawberry.field(
        description="The quote in whose place this one came."
    )
    revised_by: Annotated["Quote", strawberry.lazy("api.schema.quotes")] | None = strawberry.field(
        description="The quote that came in its place."
    )
    booking: Annotated["Booking", strawberry.lazy("api.schema.bookings")] | None = strawberry.field(
        description="The booking that it became."
    )
    reason: str | None = strawberry.field(description="The provider's word for a withdrawal or revision.")
    available_actions: list[QuoteAction] = strawberry.field(description="What the viewer may do with it now.")
    blocked_actions: list[BlockedQuoteAction] = strawberry.field(
        description="What the viewer may not do with it now, and why."
    )
    offered_at: datetime = strawberry.field(description="When it was made.")
    expires_at: datetime = strawberry.field(description="Its last instant: accepting at it is in time.")
    accepted_at: datetime | None = strawberry.field(description="When it was accepted.")
    ended_at: datetime | None = strawberry.field(description="When it was booked, expired, withdrawn or revised.")
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.type(description="A buyer's question what transport costs, with its ranked quotes.")
class QuoteRequest(Node):
    """`domain.quotes.QuoteRequest`."""

    state: RequestState = strawberry.field(description="Whether anybody offers it.")
    buyer: Buyer | None = strawberry.field(description="Who asks; not for providers.")
    origin: QuotePlace = strawberry.field(description="Where the goods start.")
    destination: QuotePlace = strawberry.field(description="Where they go.")
    pieces: list[QuotePiece] = strawberry.field(description="The goods.")
    weight_grams: int = strawberry.field(description="What all of them weigh, in grams.")
    value: Money | None = strawberry.field(description="What all of them are worth; null unless each piece says so.")
    currency: CurrencyCode = strawberry.field(description="The currency in which offers are compared.")
    ready_at: datetime = strawberry.field(description="When the goods are ready.")
    incoterm: Incoterm | None = strawberry.field(description="The terms asked for; null: any.")
    modes: list[ServiceMode] = strawberry.field(description="The modes asked for; empty: all.")
    levels: list[ServiceLevel] = strawberry.field(description="The levels asked for; empty: all.")
    quotes: Connection[Quote] = connection(
        "Its quotes, the best first; a provider sees its own.", filter=QuoteFilter, order=QuoteOrder
    )
    left_out: list[LeftOutProvider] | None = strawberry.field(
        description="Who serves the route but makes no offer, with every reason, if asked for; not for providers."
    )
    requested_at: datetime = strawberry.field(description="When it was asked.")
    version: int = strawberry.field(description="Always 1: a request never changes.")


@strawberry.input(description="A concrete place, as exactly as you know it: the exacter, the more offers are found.")
class QuotePlaceInput:
    """→ `domain.places.Spot`."""

    country: CountryCode = strawberry.field(description="The country.")
    region: str | None = strawberry.field(default=None, description="The region, ISO 3166-2: CN-SH.")
    unlocode: str | None = strawberry.field(default=None, description="The place, UN/LOCODE: CNSHA.")
    postal_code: str | None = strawberry.field(default=None, description="The postal code, in any usual writing.")

    def spot(self, read: Reader, *path: str) -> Spot:
        """The place; what is wrong with it is collected by `read`."""
        return read.take(
            lambda: Spot(self.country, self.region, self.unlocode, self.postal_code),
            *path,
            otherwise=Spot(self.country),
        )


@strawberry.input(description="Pieces alike; weight, lengths and value are those of one of them.")
class QuotePieceInput:
    """→ `domain.pricing.Piece`."""

    count: int = strawberry.field(default=1, description="How many.")
    weight_grams: int = strawberry.field(description="Weight in grams.")
    length_mm: int = strawberry.field(description="Length in millimetres.")
    width_mm: int = strawberry.field(description="Width in millimetres.")
    height_mm: int = strawberry.field(description="Height in millimetres.")
    value: MoneyInput | None = strawberry.field(
        default=None, description="What one is worth, in the request's currency; for the expected cost of lateness."
    )
    dangerous_goods: DangerousGoodsClass | None = strawberry.field(
        default=None, description="Its class, where it is dangerous."
    )

    def piece(self, read: Reader, place: int) -> Piece:
        """The piece; what is wrong with it is collected by `read`."""
        worth = self.value
        value = None
        if worth is not None:
            value = read.money(worth, "pieces", str(place), "value")
        return Piece(
            self.count,
            self.weight_grams,
            self.length_mm,
            self.width_mm,
            self.height_mm,
            value,
            self.dangerous_goods,
        )


@strawberry.input(description="What shall travel, from where to where, when and on which terms.")
class RequestQuoteInput:
    """→ `domain.offers.RequestQuote`."""

    buyer_id: strawberry.ID | None = strawberry.field(
        default=None, description="For the desk: the buyer it asks for. A buyer asks for itself."
    )
    pieces: list[QuotePieceInput] = strawberry.field(description="1 to 100 lines of pieces.")
    origin: QuotePlaceInput = strawberry.field(description="Where the goods start.")
    destination: QuotePlaceInput = strawberry.field(description="Where they go.")
    ready_at: datetime = strawberry.field(
        description="When they are ready: an instant that has passed counts as now, and one after a lane's cut-off as "
        "the next day."
    )
    incoterm: Incoterm | None = strawberry.field(default=None, description="Only services on these terms.")
    modes: list[ServiceMode] | None = strawberry.field(default=None, description="Only these modes.")
    levels: list[ServiceLevel] | None = strawberry.field(default=None, description="Only services of these levels.")
    currency: CurrencyCode = strawberry.field(
        description="The currency in which offers are compared and values are stated; each quote is in its provider's."
    )
    include_left_out: bool = strawberry.field(
        default=False, description="Also say who serves the route but makes no offer, with every reason."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> RequestQuote:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = RequestQuote(
            buyer_id=read.optional_id(BuyerId, self.buyer_id, "buyerId"),
            pieces=tuple(piece.piece(read, place) for place, piece in enumerate(self.pieces)),
            origin=self.origin.spot(read, "origin"),
            destination=self.destination.spot(read, "destination"),
            ready_at=self.ready_at,
            incoterm=self.incoterm,
            modes=frozenset(self.modes or ()),
            levels=frozenset(self.levels or ()),
            currency=self.currency,
            include_left_out=self.include_left_out,
        )
        read.done(command)
        return command


@strawberry.input(description="A quote is taken as it stands.")
class AcceptQuoteInput:
    """→ `domain.quotes.AcceptQuote`."""

    quote_id: strawberry.ID = strawberry.field(description="The quote.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> AcceptQuote:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = AcceptQuote(read.id(QuoteId, self.quote_id, "quoteId"))
        read.done()
        return command


@strawberry.input(description="A provider takes its quote back.")
class WithdrawQuoteInput:
    """→ `domain.quotes.WithdrawQuote`."""

    quote_id: strawberry.ID = strawberry.field(description="The quote.")
    reason: str = strawberry.field(description="Why; the buyer reads it.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> WithdrawQuote:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = WithdrawQuote(read.id(QuoteId, self.quote_id, "quoteId"), read.required_note(self.reason, "reason"))
        read.done()
        return command


@strawberry.input(description="A provider puts another quote in the place of one that nobody accepted yet.")
class ReviseQuoteInput:
    """→ `domain.quotes.ReviseQuote`."""

    quote_id: strawberry.ID = strawberry.field(description="The quote.")
    adjustment: MoneyInput = strawberry.field(
        description="How much more it costs, below zero how much less, in the quote's currency; a line of its own."
    )
    promised_at: date | None = strawberry.field(
        default=None, description="Another promised day, where the goods are delivered; as before when left out."
    )
    reason: str = strawberry.field(description="Why; the buyer reads it.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> ReviseQuote:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = ReviseQuote(
            quote_id=read.id(QuoteId, self.quote_id, "quoteId"),
            adjustment=read.money(self.adjustment, "adjustment", least=None),
            promised_on=self.promised_at,
            reason=read.required_note(self.reason, "reason"),
        )
        read.done()
        return command


@strawberry.type(description="The request with its quotes, or why nothing was asked.")
class RequestQuotePayload:
    """What `requestQuote` answers."""

    quote_request: QuoteRequest | None = strawberry.field(description="The request; null when nothing was asked.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing was asked; empty on success.")


@strawberry.type(description="The quote after the change, or why nothing changed.")
class QuotePayload:
    """What `acceptQuote` and `withdrawQuote` answer."""

    quote: Quote | None = strawberry.field(description="The quote as it is now; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type(description="The quote that took another's place, or why nothing changed.")
class ReviseQuotePayload:
    """What `reviseQuote` answers."""

    quote: Quote | None = strawberry.field(description="The new quote; null when nothing changed.")
    revised: Quote | None = strawberry.field(
        description="The one that it took the place of; null when nothing changed."
    )
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class QuoteQueries:
    """Reading requests and quotes."""

    quote_request: QuoteRequest | None = point(
        "The request of that id; null when there is none for the viewer.", of="request"
    )
    quote_requests: Connection[QuoteRequest] = listing(
        "The requests the viewer may see: a buyer its own, a provider those it quoted for, staff all.",
        filter=QuoteRequestFilter,
        order=ByAge,
    )
    quote: Quote | None = point("The quote of that id; null when there is none for the viewer.", of="quote")
    quotes: Connection[Quote] = listing(
        "The quotes the viewer may see: a buyer those it asked for, a provider its own, staff all.",
        filter=QuoteFilter,
        order=QuoteOrder,
    )


@strawberry.type
class QuoteMutations:
    """What can be done with quotes."""

    request_quote: RequestQuotePayload = mutation(
        quotes.request_quote,
        RequestQuoteInput,
        keyed=False,
        gathers=True,
        description="Ask all providers on the route; the best offers are binding quotes at once, for 72 hours "
        "(express) or 7 days (freight) by the shipped rule. Nobody to offer is an answer, not an error.",
    )
    accept_quote: QuotePayload = mutation(
        quotes.accept_quote,
        AcceptQuoteInput,
        keyed=True,
        description="Take a quote: price, promise and terms are frozen. Refused after its last instant, and once the "
        "hand-over has passed that its promise rests on.",
    )
    withdraw_quote: QuotePayload = mutation(
        quotes.withdraw_quote,
        WithdrawQuoteInput,
        keyed=False,
        description="The provider takes back a quote that nobody accepted yet.",
    )
    revise_quote: ReviseQuotePayload = mutation(
        quotes.revise_quote,
        ReviseQuoteInput,
        keyed=False,
        description="The provider puts another quote in the place of one that nobody accepted yet: more or less by a "
        "line of its own, perhaps for another day.",
    )
