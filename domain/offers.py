"""Offers: which providers could carry the goods, for how much and until when, and why the others could not.

How it works. Each lane on sale between the two places is an offer (`Offer`): it is put to the goods (`hindrances`),
dated (`promise`), billed (`domain/pricing.py`) and ranked by what it comes to for the buyer, the provider's usual
lateness included; who is demoted (`demotion`) comes behind all others. Of several lanes of one service the narrowest
speaks for it. Only those among the best are told line by line. Nothing here is kept: the best offers become quotes
(`domain/quotes.py`).

Laws: what the buyer's level takes off changes no rank: who is asked could tell a level from it otherwise; an offer
that cannot be made says every reason; a promise rests on real calendars and the lane's local cut-off;
the same question at the same instant has the same answer, byte for byte.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from domain import dates, discounts, pricing, records, terms
from domain.dates import DAY, UTC_DAYS, Calendar
from domain.discounts import Discount, HookFacts
from domain.errors import Invalid, Problem, Refused
from domain.exchange_rates import Conversion
from domain.explain import Finding, Input
from domain.ids import BuyerId, LaneId, ProviderId, RateSheetId, ServiceId
from domain.lanes import Timing
from domain.modes import TRANSPORT, DangerousGoodsClass, Incoterm, ServiceMode
from domain.money import MINOR_MAX, Money, convert
from domain.places import Spot, keys_of
from domain.pricing import Bill, Capacity, Chargeable, Occasion, Piece, PriceList, Tariff, Unpriced, Weighing
from domain.rates import Container, Measure, NewRate, NewSurcharge
from domain.records import Lateness, Record
from domain.rulebook import RuleKind, RuleVersion
from domain.services import MM_MAX, Limits, ServiceLevel
from domain.shipments import WEIGHT_MAX
from domain.terms import Count, Days, Hours

RULE: Final = "quotes"
"""The key of the rule about quotes."""

PIECE_LINES_MAX: Final = 100
"""Lines of pieces in one request: each is looked at once per offer, and the longest packing list by far is shorter."""
PIECES_MAX: Final = 100_000
"""Pieces alike in one line: more is bulk, which nobody quotes by the piece."""
CUBIC_MM_MAX: Final = 10**14
"""A hundred thousand cubic metres: more than any one shipment of a marketplace fills."""
CONSIDERED_MAX: Final = 500
"""Lanes that one request looks at, the narrowest first: all providers of the busiest route, several times over."""


class Criterion(StrEnum):
    """What offers are ranked by."""

    COST = "COST"
    """What it comes to, expected lateness included, in the currency of the request; the least first."""
    PROMISE = "PROMISE"
    """The promised instant; the earliest first."""


@dataclass(frozen=True, slots=True)
class QuoteTerms:
    """The numbers of one version of the rule about quotes. `version` is that version's id.

    A mode that `weighing` leaves out bills what goods weigh. `express_hours` and `freight_days` are how long quotes
    stand; `offers_max` and `left_out_max` how many are kept; `ready_within_days` how far ahead readiness may lie.
    """

    version: str
    weighing: Mapping[ServiceMode, Weighing]
    containers: Mapping[Container, Capacity]
    express_hours: Hours
    freight_days: Days
    ready_within_days: Days
    offers_max: Count
    left_out_max: Count
    ranking: tuple[Criterion, ...]

    def __post_init__(self) -> None:
        if missing := TRANSPORT - self.weighing.keys():
            raise ValueError(f"how {', '.join(sorted(missing))} is weighed is missing")
        if not self.ranking or not self.offers_max:
            raise ValueError("at least one offer is kept, and offers are ranked by something")


@dataclass(frozen=True, slots=True)
class RequestQuote:
    """The wish to know what it costs. `buyer_id` is named by the desk, a buyer asks for itself.

    `modes` and `levels` empty: all of them; `incoterm` None: any. `currency` is the one that offers are compared in and
    that the goods' values are in.
    """

    buyer_id: BuyerId | None
    pieces: tuple[Piece, ...]
    origin: Spot
    destination: Spot
    ready_at: datetime
    incoterm: Incoterm | None
    modes: frozenset[ServiceMode]
    levels: frozenset[ServiceLevel]
    currency: str
    include_left_out: bool


class Offer(NamedTuple):
    """A lane on sale with its service and its price list, None where none is in force.

    `narrowness` counts how far its ends are from the exact places, 0 being these.
    """

    lane_id: LaneId
    service_id: ServiceId
    provider_id: ProviderId
    rate_sheet_id: RateSheetId | None
    mode: ServiceMode
    level: ServiceLevel
    incoterms: frozenset[Incoterm]
    dangerous_goods: frozenset[DangerousGoodsClass]
    limits: Limits
    markets: frozenset[str]
    origin_country: str
    destination_country: str
    timing: Timing
    zone: str
    prices: PriceList | None
    narrowness: int


@dataclass(frozen=True, slots=True)
class Promise:
    """When goods must be handed over at the latest, and when they will have arrived at the latest."""

    departs_by: datetime
    promised_at: datetime
    because: Finding


@dataclass(frozen=True, slots=True)
class Ranked:
    """An offer that can be made, with its price and its place in the order."""

    offer: Offer
    price: pricing.Price
    total: Money
    promise: Promise
    lateness: Lateness
    cost: Money | None
    """What it comes to in the request's currency; None where no exchange rate is known."""
    demoted: Finding | None = None
    """Why the offer comes behind those of others; None where nothing puts it there."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A lane that serves the route but makes no offer, and every reason."""

    provider_id: ProviderId
    service_id: ServiceId
    lane_id: LaneId
    mode: ServiceMode
    because: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Market:
    """What a request is judged with besides the offers: calendars by country, records, exchange rates by currency."""

    calendars: Mapping[str, Calendar]
    records: Mapping[ProviderId, Record]
    conversions: Mapping[str, Conversion]
    buyer_level: int | None = None
    discount: Discount | None = None
    demoted: Mapping[ProviderId, Finding] = field(default_factory=dict)
    """Providers whose offers come behind those of others, and why."""


def quote_terms(version: RuleVersion) -> QuoteTerms:
    """The numbers of a version of the rule about quotes. Refuses a version of another kind with TypeError.

    What was read is remembered by the version's source: every request asks for the same.
    """
    if version.kind is not RuleKind.QUOTES:
        raise TypeError(f"{version.key} is not the rule about quotes")
    return terms.of(QuoteTerms, version)


def problems(rule: QuoteTerms, command: RequestQuote, at: datetime) -> Iterator[Problem]:
    """Everything that is wrong with a request by itself."""
    if not 0 < len(command.pieces) <= PIECE_LINES_MAX:
        yield Problem(("pieces",), f"A request has 1 to {PIECE_LINES_MAX} lines of pieces.")
    if command.ready_at > at + rule.ready_within_days * DAY:
        yield Problem(("readyAt",), f"Goods are ready within {rule.ready_within_days} days.")
    for index, piece in enumerate(command.pieces):
        yield from _piece_problems(piece, command.currency, ("pieces", str(index)))
    if pricing.weight_grams(command.pieces) > WEIGHT_MAX:
        yield Problem(("pieces",), f"All of it weighs at most {WEIGHT_MAX} grams.")
    if pricing.volume(command.pieces) > CUBIC_MM_MAX:
        yield Problem(("pieces",), f"All of it takes at most {CUBIC_MM_MAX // 10**9:,} cubic metres.")
    if pricing.count(command.pieces) * max((_worth(piece) for piece in command.pieces), default=0) > MINOR_MAX:
        yield Problem(("pieces",), "All of it is worth less than that.")


def _piece_problems(piece: Piece, currency: str, where: tuple[str, ...]) -> Iterator[Problem]:
    if not 1 <= piece.count <= PIECES_MAX:
        yield Problem((*where, "count"), f"A line has 1 to {PIECES_MAX} pieces.")
    if not 1 <= piece.weight_grams <= WEIGHT_MAX:
        yield Problem((*where, "weightGrams"), f"A piece weighs 1 to {WEIGHT_MAX} grams.")
    for name, length in (("lengthMm", piece.length_mm), ("widthMm", piece.width_mm), ("heightMm", piece.height_mm)):
        if not 1 <= length <= MM_MAX:
            yield Problem((*where, name), f"An edge is 1 to {MM_MAX} millimetres long.")
    if piece.value is not None and piece.value.currency != currency:
        yield Problem((*where, "value", "currency"), f"Values are in the request's currency, {currency}.")
    if piece.value is not None and piece.value.minor < 0:
        yield Problem((*where, "value", "amount"), "A piece is worth nothing or more.")


def _worth(piece: Piece) -> int:
    return 0 if piece.value is None else piece.value.minor


def require_valid(rule: QuoteTerms, command: RequestQuote, at: datetime) -> None:
    """Returns if the request can be answered. Refuses with Invalid, naming every problem."""
    if wrong := tuple(problems(rule, command, at)):
        raise Invalid(*wrong)


def hindrances(offer: Offer, command: RequestQuote) -> tuple[Finding, ...]:
    """Every reason why the service does not take these goods on these terms."""
    return (
        *_of_terms(offer, command),
        *(each for place in enumerate(command.pieces) for each in _of_piece(offer, *place)),
    )


def _of_terms(offer: Offer, command: RequestQuote) -> Iterator[Finding]:
    incoterm, market = command.incoterm, offer.destination_country
    if incoterm is not None and offer.incoterms and incoterm not in offer.incoterms:
        yield Finding("quote.incoterm", False, "service_serves_incoterm", {"incoterm": incoterm.value})
    if offer.markets and market not in offer.markets:
        yield Finding("quote.market", False, "service_serves_market", {"market": market})


def _of_piece(offer: Offer, place: int, piece: Piece) -> Iterator[Finding]:
    limits = offer.limits
    if limits.weight_grams_max is not None and piece.weight_grams > limits.weight_grams_max:
        inputs: dict[str, Input] = {"piece": place, "grams": piece.weight_grams, "most": limits.weight_grams_max}
        yield Finding("quote.weight", False, "piece_within_weight", inputs)
    if not _fits(piece, limits):
        sides = (limits.length_mm_max, limits.width_mm_max, limits.height_mm_max)
        most = " x ".join("any" if side is None else str(side) for side in sides)
        inputs = {"piece": place, "millimetres": " x ".join(map(str, piece.lengths)), "most": most}
        yield Finding("quote.size", False, "piece_within_size", inputs)
    if piece.dangerous_goods is not None and piece.dangerous_goods not in offer.dangerous_goods:
        inputs = {"piece": place, "class": piece.dangerous_goods.value}
        yield Finding("quote.dangerous_goods", False, "service_takes_dangerous_goods", inputs)


def _fits(piece: Piece, limits: Limits) -> bool:
    """Whether the piece, turned as it may be, fits: its longest edge is its length, the others may be swapped."""
    if limits.length_mm_max is None and limits.width_mm_max is None and limits.height_mm_max is None:
        return True
    most = (limits.length_mm_max, *sorted((limits.width_mm_max, limits.height_mm_max), key=_unlimited_first))
    return all(side is None or edge <= side for edge, side in zip(piece.lengths, most, strict=True))


def _unlimited_first(side: int | None) -> int:
    return -(MM_MAX + 1 if side is None else side)


def promise(timing: Timing, ready_at: datetime, at: datetime, origin: Calendar, destination: Calendar) -> Promise:
    """When the goods must be handed over and will have arrived.

    Goods are ready at `ready_at`, not before `at`. Handed over after the lane's local cut-off, or on a day off, they
    count for the next working day of the origin; then come the handling days, working days of the origin, then the
    longest transit, days of the week; goods arrive on a working day of the destination, until its last microsecond.
    Refuses days beyond the calendars' known holidays.
    """
    ready = max(ready_at, at)
    if timing.cut_off is None or timing.cut_off_zone is None:
        day = dates.local_day(ready, origin)
        day = _working(day, origin)
        departs_by = dates.end_of_day(day, origin)
    else:
        zone, cut_off = ZoneInfo(timing.cut_off_zone), time.fromisoformat(timing.cut_off)
        local = ready.astimezone(zone)
        day = local.date()
        if local.time() > cut_off:
            day += DAY
        day = _working(day, origin)
        departs_by = dates.utc(datetime.combine(day, cut_off, zone))
    leaves = day
    for _ in range(timing.handling_days):
        leaves = _working(leaves + DAY, origin)
    arrives = _working(leaves + timing.transit_days_max * DAY, destination)
    promised_at = dates.end_of_day(arrives, destination)
    inputs: dict[str, Input] = {
        "readyAt": dates.rfc3339(ready),
        "cutOff": timing.cut_off,
        "cutOffZone": timing.cut_off_zone,
        "handOver": day.isoformat(),
        "handlingDays": timing.handling_days,
        "leaves": leaves.isoformat(),
        "transitDays": timing.transit_days_max,
        "arrives": arrives.isoformat(),
        "originMarket": origin.market,
        "destinationMarket": destination.market,
    }
    closes_at = dates.rfc3339(departs_by)
    return Promise(
        departs_by, promised_at, Finding("quote.promise", True, "promise_is_dated", inputs, closes_at=closes_at)
    )


def _working(day: date, calendar: Calendar) -> date:
    """The day, or the next one on which people work there."""
    while not calendar.works(day):
        day += DAY
    return day


def expires_at(rule: QuoteTerms, mode: ServiceMode, at: datetime, calendar: Calendar) -> datetime:
    """The last instant of a quote made at `at`: exact hours for express, the end of a local day for freight."""
    if mode is ServiceMode.EXPRESS:
        return dates.hours_deadline(at, rule.express_hours)
    return dates.day_deadline(at, rule.freight_days, calendar)


def rank(
    rule: QuoteTerms, command: RequestQuote, buyer_id: BuyerId, offers: Iterable[Offer], market: Market, at: datetime
) -> tuple[tuple[Ranked, ...], tuple[LeftOut, ...]]:
    """Every offer that can be made, the best first, and every one that cannot, with all its reasons.

    `market` has the calendar of every country an offer names. Ties are broken by the lane's id, so that the same
    question has the same answer. Who is left out is told only where the request asks for it.
    """
    keys = frozenset((*keys_of(command.origin), *keys_of(command.destination)))
    goods = _Goods(command.pieces, keys, pricing.value(command.pieces, command.currency), command.ready_at, at)
    made: list[_Judged] = []
    left: list[LeftOut] = []
    for offer in _narrowest(offers):
        try:
            made.append(_judge(rule, command, offer, goods, market, at))
        except _NoOffer as no:
            left.append(LeftOut(offer.provider_id, offer.service_id, offer.lane_id, offer.mode, no.because))
    made.sort(
        key=lambda one: (one.demoted is not None, *(_criterion(one, by) for by in rule.ranking), one.offer.lane_id)
    )
    best = tuple(_told(one, command.currency, goods.value, buyer_id, market) for one in made[: rule.offers_max])
    if not command.include_left_out:
        return best, ()
    return best, (*left, *(_outranked(one, rule) for one in made[rule.offers_max :]))


@dataclass(slots=True)
class _Goods:
    """What is the same for every offer, and what is worked out once for all that weigh alike, or go alike."""

    pieces: tuple[Piece, ...]
    keys: frozenset[str]
    value: Money | None
    ready_at: datetime
    at: datetime
    tariffs: dict[ServiceMode, Tariff] = field(default_factory=dict)
    known: dict[tuple[ServiceMode, int | None], Chargeable] = field(default_factory=dict)
    dated: dict[tuple[Timing, str, str], Promise] = field(default_factory=dict)

    def tariff(self, rule: QuoteTerms, mode: ServiceMode) -> Tariff:
        """How that mode bills."""
        found = self.tariffs.get(mode)
        if found is None:
            found = self.tariffs[mode] = Tariff(rule.weighing.get(mode, _AS_IT_WEIGHS), rule.containers)
        return found

    def measured(self, mode: ServiceMode, weighing: Weighing, divisor: int | None) -> Chargeable:
        """What the goods count for in that mode, by a sheet with that divisor of its own."""
        found = self.known.get((mode, divisor))
        if found is None:
            found = self.known[mode, divisor] = pricing.chargeable(weighing, self.pieces, divisor)
        return found

    def promised(self, offer: Offer, calendars: Mapping[str, Calendar]) -> Promise:
        """When they would be handed over and arrive on that offer. Refuses as `promise` does."""
        way = (offer.timing, offer.origin_country, offer.destination_country)
        found = self.dated.get(way)
        if found is None:
            origin, destination = calendars[offer.origin_country], calendars[offer.destination_country]
            found = self.dated[way] = promise(offer.timing, self.ready_at, self.at, origin, destination)
        return found


class _Judged(NamedTuple):
    """An offer that can be made, with all that decides its rank."""

    offer: Offer
    occasion: Occasion
    bill: Bill
    promise: Promise
    cost_minor: int | None
    """In the currency of the request, as `Ranked.cost`."""
    demoted: Finding | None


class _NoOffer(Exception):
    def __init__(self, because: tuple[Finding, ...]) -> None:
        super().__init__()
        self.because = because


def demotion(standing: Finding | None, measure: Finding | None) -> Finding | None:
    """Why a provider's offers come behind those of others: its scorecard, or a measure; None where nothing does."""
    because = tuple(finding for finding in (standing, measure) if finding is not None)
    if not because:
        return None
    inputs: dict[str, Input] = {"because": ", ".join(finding.rule for finding in because)}
    return Finding("quote.demotion", False, "offer_ranks_by_merit", inputs, because=because)


def _narrowest(offers: Iterable[Offer]) -> Iterable[Offer]:
    """Of several lanes of one service the one that names the places most exactly."""
    by_service: dict[ServiceId, Offer] = {}
    for offer in offers:
        known = by_service.get(offer.service_id)
        if known is None or (offer.narrowness, offer.lane_id) < (known.narrowness, known.lane_id):
            by_service[offer.service_id] = offer
    return by_service.values()


def _judge(
    rule: QuoteTerms, command: RequestQuote, offer: Offer, goods: _Goods, market: Market, at: datetime
) -> _Judged:
    because, prices = hindrances(offer, command), offer.prices
    if prices is None:
        because += (Finding("quote.sheet", False, "service_has_sheet_in_force", {"at": dates.rfc3339(at)}),)
    if because or prices is None:
        raise _NoOffer(because)
    try:
        dated = goods.promised(offer, market.calendars)
    except Refused as refusal:
        finding = Finding("quote.calendar", False, "promise_within_calendar", {"about": refusal.message})
        raise _NoOffer((finding,)) from refusal
    occasion = Occasion(command.pieces, offer.mode, dated.departs_by, offer.zone, goods.keys)
    tariff = goods.tariff(rule, offer.mode)
    measured = goods.measured(offer.mode, tariff.weighing, prices.cubic_centimetres_per_kilogram)
    try:
        bill = pricing.bill(tariff, prices, occasion, measured)
    except Unpriced as unpriced:
        raise _NoOffer((unpriced.because,)) from unpriced
    cost_minor = _cost(bill.total_minor, prices.currency, command.currency, market)
    record = market.records.get(offer.provider_id)
    if cost_minor is not None and record is not None and goods.value is not None:
        late = records.expected_lateness(record, goods.value)
        cost_minor += 0 if late is None else late.minor  # what nobody knows counts as nothing
    return _Judged(offer, occasion, bill, dated, cost_minor, market.demoted.get(offer.provider_id))


def _told(one: _Judged, currency: str, value: Money | None, buyer_id: BuyerId, market: Market) -> Ranked:
    """The offer with every line of its price, what is taken off it, and how its lateness was found."""
    offer, price = one.offer, pricing.itemised(one.bill)
    price = discounts.with_hooks(
        HookFacts(buyer_id, market.buyer_level, offer.provider_id, offer.lane_id, one.occasion, price, market.discount)
    )
    lateness = _lateness(market.records.get(offer.provider_id), value)
    cost = None if one.cost_minor is None else Money(one.cost_minor, currency)
    return Ranked(offer, price, price.total, one.promise, lateness, cost, one.demoted)


_AS_IT_WEIGHS: Final = Weighing(round_up_grams=Count(1))


def _lateness(record: Record | None, value: Money | None) -> Lateness:
    if record is None:
        return _NO_RECORD
    return _NO_VALUE if value is None else records.expected_lateness_cost(record, value)


_NO_RECORD: Final = Lateness(None, Finding("quote.record", False, "provider_has_record"))
_NO_VALUE: Final = Lateness(None, Finding("quote.value", False, "goods_value_stated"))


def _cost(total_minor: int, paid_in: str, currency: str, market: Market) -> int | None:
    """The total in that currency; None where no exchange rate is known."""
    if paid_in == currency:
        return total_minor
    conversion = market.conversions.get(paid_in)
    return None if conversion is None else convert(Money(total_minor, paid_in), currency, conversion.rate).minor


def _criterion(one: _Judged, by: Criterion) -> tuple[bool, int | datetime]:
    if by is Criterion.PROMISE:
        return False, one.promise.promised_at
    return one.cost_minor is None, one.cost_minor or 0


def _outranked(one: _Judged, rule: QuoteTerms) -> LeftOut:
    offer = one.offer
    finding = Finding("quote.offers", False, "offer_among_best", {"most": rule.offers_max}, version=rule.version)
    return LeftOut(offer.provider_id, offer.service_id, offer.lane_id, offer.mode, (finding,))


# -- the rule's own cases ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RateGiven:
    """A rate as a case writes it (`domain.rates.NewRate`)."""

    price: Decimal
    measure: Measure = Measure.WEIGHT
    at_least: Count | None = None
    below: Count | None = None
    flat: bool = False
    minimum: Money | None = None
    container: Container | None = None

    @property
    def rate(self) -> NewRate:
        """The rate, in a zone of its own."""
        below = None if self.below is None else int(self.below)
        return NewRate(
            "A", self.measure, self.container, self.at_least or 0, below, self.flat, self.price, self.minimum
        )


@dataclass(frozen=True, slots=True)
class GoodsGiven:
    """Goods are priced in a mode by rates and surcharges of one zone, and quoted at `at`."""

    mode: ServiceMode
    pieces: tuple[Piece, ...]
    at: datetime
    currency: str = "USD"
    rates: tuple[RateGiven, ...] = ()
    surcharges: tuple[NewSurcharge, ...] = ()
    divisor: Count | None = None
    calendar: Calendar = UTC_DAYS


@dataclass(frozen=True, slots=True)
class GoodsFound:
    """What they count for, what they cost, line by line, and until when the quote stands."""

    grams: int
    cubic_cm: int
    containers: int
    total: Money | None
    lines: tuple[str, ...]
    expires_at: datetime


def judge(rule: QuoteTerms, given: GoodsGiven) -> GoodsFound:
    """What the rule makes of the goods."""
    weighing = rule.weighing.get(given.mode, _AS_IT_WEIGHS)
    measured = pricing.chargeable(weighing, given.pieces, given.divisor)
    until = expires_at(rule, given.mode, given.at, given.calendar)
    if not given.rates:
        return GoodsFound(measured.grams, measured.cubic_cm, 0, None, (), until)
    rates = tuple(each.rate for each in given.rates)
    prices = PriceList(given.currency, rates, given.surcharges, given.divisor)
    occasion = Occasion(given.pieces, given.mode, given.at, rates[0].zone)
    price = pricing.price(Tariff(weighing, rule.containers), prices, occasion)
    lines = tuple(f"{charge.kind.value} {charge.amount}" for charge in price.charges)
    return GoodsFound(measured.grams, measured.cubic_cm, price.containers, price.total, lines, until)
