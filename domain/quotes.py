"""Quotes: a buyer asks what transport costs, every provider that serves the route answers by its own price list.

How it works. A request names goods, route, day of readiness, terms and what is wanted; the best offers for it
(`domain/offers.py`) become quotes, the others are told with every reason, if asked for.

    a request:  REQUESTED (nobody offers) | QUOTED
    a quote:    QUOTED -acceptQuote-> ACCEPTED -bookQuote-> BOOKED
                QUOTED -its last instant passed-> EXPIRED
                QUOTED -withdrawQuote-> WITHDRAWN
                QUOTED -reviseQuote-> REVISED, and a new quote in its place

Laws: a quote is binding: charges, total, promise and terms are written into it and never computed again, whatever
becomes of the price list (`domain.md` 5, B21); it is accepted or expires, at its last instant it can still be accepted;
it is accepted and booked only while the hand-over that its promise rests on still lies ahead; the price of a bundle's
quote is locked: no revision raises it; what the buyer's level takes off is the marketplace's to bear and never part of
`total` (decision 0160); the same question at the same instant has the same answer, byte for byte.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from domain import dates, discounts, money, pricing
from domain.access import Caller, may
from domain.change import Change, Fact, Happening
from domain.copies import replace
from domain.dates import Calendar
from domain.discounts import Discount
from domain.errors import Invalid, Problem, Refused
from domain.explain import Finding, Input, unmet
from domain.ids import (
    BundleId,
    BuyerId,
    GuaranteeId,
    LaneId,
    ProviderId,
    QuoteId,
    QuoteRequestId,
    RateSheetId,
    RuleVersionId,
    ServiceId,
)
from domain.modes import Incoterm, ServiceMode
from domain.money import Money
from domain.moves import Move
from domain.offers import LeftOut, QuoteTerms, Ranked, RequestQuote, expires_at
from domain.places import Spot
from domain.pricing import Charge, ChargeKind, Piece
from domain.services import ServiceLevel
from domain.terms import BasisPoints


class RequestState(StrEnum):
    """What a request came to."""

    REQUESTED = "REQUESTED"
    """Nobody offers it."""
    QUOTED = "QUOTED"
    """There were offers; each has its own life since."""


class QuoteState(StrEnum):
    """Where a quote stands."""

    QUOTED = "QUOTED"
    """It can be accepted until its last instant."""
    ACCEPTED = "ACCEPTED"
    """The buyer accepted it: price, promise and terms are frozen."""
    BOOKED = "BOOKED"
    """Lines of an order are booked with it."""
    EXPIRED = "EXPIRED"
    """Its last instant has passed."""
    WITHDRAWN = "WITHDRAWN"
    """The provider took it back."""
    REVISED = "REVISED"
    """The provider put another one in its place."""


class QuoteAction(StrEnum):
    """What can be done with a quote; the value is the mutation's name in capitals."""

    ACCEPT_QUOTE = "ACCEPT_QUOTE"
    """acceptQuote: the buyer takes it; nothing about it changes any more."""
    BOOK_QUOTE = "BOOK_QUOTE"
    """bookQuote: lines of an order go with it."""
    WITHDRAW_QUOTE = "WITHDRAW_QUOTE"
    """withdrawQuote: the provider takes it back."""
    REVISE_QUOTE = "REVISE_QUOTE"
    """reviseQuote: the provider puts another one in its place."""


class _Side(StrEnum):
    BUYER = "BUYER"
    PROVIDER = "PROVIDER"


@dataclass(frozen=True, slots=True)
class Step:
    """A row of a quote's life: the mutation, whose it is, from which state to which one."""

    mutation: str
    side: _Side
    since: QuoteState
    to: QuoteState


MOVES: Final[Mapping[QuoteAction, Step]] = {
    QuoteAction.ACCEPT_QUOTE: Step("acceptQuote", _Side.BUYER, QuoteState.QUOTED, QuoteState.ACCEPTED),
    QuoteAction.BOOK_QUOTE: Step("bookQuote", _Side.BUYER, QuoteState.ACCEPTED, QuoteState.BOOKED),
    QuoteAction.WITHDRAW_QUOTE: Step("withdrawQuote", _Side.PROVIDER, QuoteState.QUOTED, QuoteState.WITHDRAWN),
    QuoteAction.REVISE_QUOTE: Step("reviseQuote", _Side.PROVIDER, QuoteState.QUOTED, QuoteState.REVISED),
}
"""Total; the diagram above is drawn from it. A clock expires what nobody moved."""
assert MOVES.keys() == set(QuoteAction)

_NEEDS_HAND_OVER: Final = frozenset({QuoteAction.ACCEPT_QUOTE, QuoteAction.BOOK_QUOTE})


@dataclass(frozen=True, slots=True)
class AcceptQuote:
    """The buyer's wish to take the quote as it stands."""

    quote_id: QuoteId


@dataclass(frozen=True, slots=True)
class WithdrawQuote:
    """The provider's wish to take the quote back, and why."""

    quote_id: QuoteId
    reason: str


@dataclass(frozen=True, slots=True)
class ReviseQuote:
    """The provider's wish for another quote in its place: that much more (or less, below zero), perhaps another day."""

    quote_id: QuoteId
    adjustment: Money
    promised_on: date | None
    reason: str


@dataclass(frozen=True, slots=True)
class QuoteRequest:
    """A buyer's question and what it came to. It never changes; its quotes do."""

    id: QuoteRequestId
    buyer_id: BuyerId
    state: RequestState
    origin: Spot
    destination: Spot
    pieces: tuple[Piece, ...]
    weight_grams: int
    cubic_mm: int
    value: Money | None
    currency: str
    ready_at: datetime
    incoterm: Incoterm | None
    modes: frozenset[ServiceMode]
    levels: frozenset[ServiceLevel]
    left_out: tuple[LeftOut, ...]
    rule_version_id: RuleVersionId
    requested_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class Quote:
    """A provider's binding quote. `position` 1 is the best; `expires_at` is its last instant.

    `cost_minor` and `lateness_minor` are in the currency of the request, `compared_in`; None where not known. `total`
    is what the provider gets; the buyer pays `discount` less, by the lines of `benefits`. `bundle_id` is the bundle
    that it is quoted in: its price is locked.
    """

    id: QuoteId
    request_id: QuoteRequestId
    buyer_id: BuyerId
    provider_id: ProviderId
    service_id: ServiceId
    lane_id: LaneId
    rate_sheet_id: RateSheetId
    mode: ServiceMode
    level: ServiceLevel
    state: QuoteState
    position: int
    chargeable_grams: int
    total: Money
    charges: tuple[Charge, ...]
    departs_by: datetime
    promised_at: datetime
    promise: Finding
    cost_minor: int | None
    lateness_minor: int | None
    compared_in: str
    lateness: Finding
    included_guarantee_ids: tuple[GuaranteeId, ...]
    rule_version_id: RuleVersionId
    offered_at: datetime
    expires_at: datetime
    accepted_at: datetime | None
    ended_at: datetime | None
    reason: str | None
    revises_id: QuoteId | None
    version: int
    bundle_id: BundleId | None = None
    discount: Money | None = None
    benefits: tuple[Charge, ...] = ()
    demotion: Finding | None = None

    @property
    def payable(self) -> Money:
        """What the buyer pays."""
        return self.total if self.discount is None else self.total - self.discount

    def concerns(self, caller: Caller) -> bool:
        """Whether the caller acts for the marketplace, the buyer who asked or the provider that quoted."""
        return caller.is_operator or caller.party_id in {self.buyer_id, self.provider_id}


@dataclass(frozen=True, slots=True)
class Answered:
    """A request and its quotes, the best first."""

    request: Change[QuoteRequest]
    quotes: tuple[Change[Quote], ...]


@dataclass(frozen=True, slots=True)
class Revised:
    """A quote that another took the place of."""

    old: Change[Quote]
    new: Change[Quote]


# -- asking ------------------------------------------------------------------------------------------------------------


def request_quote(
    rule: QuoteTerms,
    command: RequestQuote,
    buyer_id: BuyerId,
    ranked: Sequence[Ranked],
    left_out: Sequence[LeftOut],
    calendar: Calendar,
    *,
    id: QuoteRequestId,
    quote_ids: Sequence[QuoteId],
    at: datetime,
    guarantees: Mapping[ProviderId, tuple[GuaranteeId, ...]] = MappingProxyType({}),
    bundles: Mapping[ProviderId, BundleId] = MappingProxyType({}),
) -> Answered:
    """The request with its quotes, the best first. `calendar` is the marketplace's, in whose days freight quotes stand.

    What was left out is kept only if it was asked for, and not beyond the rule's number. `guarantees` are those that
    each provider stands for where the goods go: its quotes include them. `bundles` are those it offers there as one:
    the prices of its quotes are locked.
    """
    kept = tuple(left_out[: rule.left_out_max]) if command.include_left_out else ()
    request = QuoteRequest(
        id=id,
        buyer_id=buyer_id,
        state=RequestState.QUOTED if ranked else RequestState.REQUESTED,
        origin=command.origin,
        destination=command.destination,
        pieces=command.pieces,
        weight_grams=pricing.weight_grams(command.pieces),
        cubic_mm=pricing.volume(command.pieces),
        value=pricing.value(command.pieces, command.currency),
        currency=command.currency,
        ready_at=command.ready_at,
        incoterm=command.incoterm,
        modes=command.modes,
        levels=command.levels,
        left_out=kept,
        rule_version_id=RuleVersionId(rule.version),
        requested_at=at,
        version=1,
    )
    ends = {mode: expires_at(rule, mode, at, calendar) for mode in {one.offer.mode for one in ranked}}
    quotes = tuple(
        _quoted(
            request,
            one,
            position,
            ends[one.offer.mode],
            quote_id,
            at,
            guarantees.get(one.offer.provider_id, ()),
            bundles.get(one.offer.provider_id),
        )
        for position, (quote_id, one) in enumerate(zip(quote_ids, ranked, strict=True), start=1)
    )
    facts: dict[str, Fact] = {"buyerId": buyer_id, "state": request.state.value, "quotes": len(quotes)}
    return Answered(Change(None, request, (Happening("quote_request.made", facts),)), quotes)


def _quoted(
    request: QuoteRequest,
    one: Ranked,
    position: int,
    ends: datetime,
    id: QuoteId,
    at: datetime,
    guarantee_ids: tuple[GuaranteeId, ...],
    bundle_id: BundleId | None,
) -> Change[Quote]:
    offer, price = one.offer, one.price
    if offer.rate_sheet_id is None:
        raise ValueError(f"{offer.lane_id} has no sheet to quote by")
    quote = Quote(
        id=id,
        request_id=request.id,
        buyer_id=request.buyer_id,
        provider_id=offer.provider_id,
        service_id=offer.service_id,
        lane_id=offer.lane_id,
        rate_sheet_id=offer.rate_sheet_id,
        mode=offer.mode,
        level=offer.level,
        state=QuoteState.QUOTED,
        position=position,
        chargeable_grams=price.chargeable.grams,
        total=one.total,
        charges=price.charges,
        departs_by=one.promise.departs_by,
        promised_at=one.promise.promised_at,
        promise=one.promise.because,
        cost_minor=None if one.cost is None else one.cost.minor,
        lateness_minor=None if one.lateness.cost is None else one.lateness.cost.minor,
        compared_in=request.currency,
        lateness=one.lateness.because,
        demotion=one.demoted,
        included_guarantee_ids=guarantee_ids,
        rule_version_id=request.rule_version_id,
        offered_at=at,
        expires_at=ends,
        accepted_at=None,
        ended_at=None,
        reason=None,
        revises_id=None,
        version=1,
        bundle_id=bundle_id,
        discount=price.discount,
        benefits=price.benefits,
    )
    return Change(None, quote, (_happening("quote.quoted", quote),))


# -- a quote's life ----------------------------------------------------------------------------------------------------


def conditions(quote: Quote, action: QuoteAction, at: datetime) -> tuple[Finding, ...]:
    """What the quote's state and the time say to the action, whoever asks."""
    step = MOVES[action]
    findings = [
        Finding(
            "quote.state",
            quote.state is step.since,
            "quote_state_allows",
            {"state": quote.state.value, "needed": step.since.value},
        )
    ]
    if step.since is QuoteState.QUOTED:
        last = dates.rfc3339(quote.expires_at)
        findings.append(
            Finding("quote.validity", at <= quote.expires_at, "quote_stands", {"expiresAt": last}, closes_at=last)
        )
    if action in _NEEDS_HAND_OVER:
        last = dates.rfc3339(quote.departs_by)
        findings.append(
            Finding(
                "quote.hand_over", at <= quote.departs_by, "hand_over_lies_ahead", {"departsBy": last}, closes_at=last
            )
        )
    return tuple(findings)


def moves(quote: Quote, caller: Caller, at: datetime, bookable: Iterable[Finding] = ()) -> tuple[Move, ...]:
    """What the caller may do with the quote at `at`, and why not.

    `bookable` is what the provider's capabilities say to a booking now.
    """
    return tuple(_move(quote, action, caller, at, tuple(bookable)) for action in MOVES)


def _move(quote: Quote, action: QuoteAction, caller: Caller, at: datetime, bookable: tuple[Finding, ...]) -> Move:
    step = MOVES[action]
    owner = quote.buyer_id if step.side is _Side.BUYER else quote.provider_id
    own = (caller.is_operator or caller.party_id == owner) and may(caller, step.mutation)
    findings = (Finding("quote.role", own, "quote_action_of_your_role"), *conditions(quote, action, at))
    if action is QuoteAction.BOOK_QUOTE:
        findings += bookable
    ends = [quote.expires_at] if step.since is QuoteState.QUOTED else []
    ends += [quote.departs_by] if action in _NEEDS_HAND_OVER else []
    return Move(action.value, unmet(findings), closes_at=min(ends, default=None))


def _require(quote: Quote, action: QuoteAction, at: datetime) -> None:
    if because := unmet(conditions(quote, action, at)):
        raise Refused("quote.moves", f"Not possible now: {MOVES[action].mutation}.", because)


def accept_quote(quote: Quote, at: datetime) -> Change[Quote]:
    """The buyer takes it: price, promise and terms are frozen. Refuses one that is over or whose hand-over is past."""
    _require(quote, QuoteAction.ACCEPT_QUOTE, at)
    after = replace(quote, state=QuoteState.ACCEPTED, accepted_at=at, version=quote.version + 1)
    return Change(quote, after, (_happening("quote.accepted", after),))


def book_quote(quote: Quote, at: datetime) -> Change[Quote]:
    """Lines of an order go with it. Refuses what was not accepted, and one whose hand-over has passed."""
    _require(quote, QuoteAction.BOOK_QUOTE, at)
    after = replace(quote, state=QuoteState.BOOKED, ended_at=at, version=quote.version + 1)
    return Change(quote, after, (_happening("quote.booked", after),))


def withdraw_quote(quote: Quote, reason: str, at: datetime) -> Change[Quote]:
    """The provider takes it back. Refuses one that is accepted or over."""
    _require(quote, QuoteAction.WITHDRAW_QUOTE, at)
    after = replace(quote, state=QuoteState.WITHDRAWN, ended_at=at, reason=reason, version=quote.version + 1)
    return Change(quote, after, (_happening("quote.withdrawn", after),))


def revise_quote(
    rule: QuoteTerms,
    quote: Quote,
    command: ReviseQuote,
    destination: Calendar,
    calendar: Calendar,
    *,
    id: QuoteId,
    at: datetime,
) -> Revised:
    """Another quote takes its place, with a line for what is more or less, and stands as long as a new one.

    Refuses a quote that is accepted or over, another currency, a total below zero, a promise before the hand-over, a
    higher price of a bundle's quote, and a revision that changes nothing. What it comes to for the buyer moves by the
    same amount where the currency is the same, and is unknown otherwise.
    """
    _require(quote, QuoteAction.REVISE_QUOTE, at)
    wrong = []
    if command.adjustment.currency != quote.total.currency:
        raise Invalid(Problem(("adjustment", "currency"), f"The quote is in {quote.total.currency}."))
    total = quote.total + command.adjustment
    if total.minor < 0:
        wrong.append(Problem(("adjustment", "amount"), "No quote lies below zero."))
    if quote.bundle_id is not None and command.adjustment.minor > 0:
        because = Finding("quote.locked", False, "quote_price_not_locked", {"bundle": quote.bundle_id})
        raise Refused("quote.revise", "The price of this quote is locked.", (because,))
    promised_at = quote.promised_at
    if command.promised_on is not None:
        promised_at = dates.end_of_day(command.promised_on, destination)
        if promised_at < quote.departs_by:
            wrong.append(Problem(("promisedAt",), "Goods do not arrive before they are handed over."))
    if not command.adjustment.minor and promised_at == quote.promised_at:
        wrong.append(Problem(("adjustment", "amount"), "A revision changes the price or the promised day."))
    if wrong:
        raise Invalid(*wrong)
    charges = quote.charges
    if command.adjustment.minor:
        inputs: dict[str, Input] = {"amountMinor": command.adjustment.minor, "currency": quote.total.currency}
        finding = Finding("pricing.revision", True, "provider_revised_price", inputs)
        charges += (Charge(ChargeKind.REVISION, command.adjustment, finding),)
    benefits = tuple(_taken_anew(benefit, total) for benefit in quote.benefits)
    known = quote.cost_minor is not None and quote.compared_in == quote.total.currency
    new = replace(
        quote,
        id=id,
        state=QuoteState.QUOTED,
        total=total,
        charges=charges,
        promised_at=promised_at,
        promise=_promised_anew(quote, promised_at),
        cost_minor=(quote.cost_minor or 0) + command.adjustment.minor if known else None,
        offered_at=at,
        expires_at=expires_at(rule, quote.mode, at, calendar),
        reason=command.reason,
        revises_id=quote.id,
        version=1,
        benefits=benefits,
        discount=-money.total([benefit.amount for benefit in benefits], total.currency),
    )
    old = replace(quote, state=QuoteState.REVISED, ended_at=at, reason=command.reason, version=quote.version + 1)
    return Revised(
        Change(quote, old, (Happening("quote.revised", {**_facts(old), "revisedBy": id}),)),
        Change(None, new, (_happening("quote.quoted", new),)),
    )


def _taken_anew(benefit: Charge, total: Money) -> Charge:
    """The same share off another total."""
    share = BasisPoints(int(str(benefit.because.inputs["shareBp"])))
    return discounts.taken_off(total, Discount(share, str(benefit.because.version)))


def _promised_anew(quote: Quote, promised_at: datetime) -> Finding:
    if promised_at == quote.promised_at:
        return quote.promise
    inputs: dict[str, Input] = {"promisedAt": dates.rfc3339(promised_at), "before": dates.rfc3339(quote.promised_at)}
    return Finding("quote.promise", True, "provider_revised_promise", inputs, because=(quote.promise,))


def expire_quote(quote: Quote, at: datetime) -> Change[Quote]:
    """It is over. Refuses one whose last instant has not passed, or that was taken or ended."""
    findings = (
        Finding(
            "quote.state",
            quote.state is QuoteState.QUOTED,
            "quote_state_allows",
            {"state": quote.state.value, "needed": QuoteState.QUOTED.value},
        ),
        Finding("quote.past", quote.expires_at < at, "quote_is_past", {"expiresAt": dates.rfc3339(quote.expires_at)}),
    )
    if because := unmet(findings):
        raise Refused("quote.expire", "The quote does not expire now.", because)
    after = replace(quote, state=QuoteState.EXPIRED, ended_at=at, version=quote.version + 1)
    return Change(quote, after, (_happening("quote.expired", after),))


def _facts(quote: Quote) -> dict[str, Fact]:
    return {
        "requestId": quote.request_id,
        "providerId": quote.provider_id,
        "buyerId": quote.buyer_id,
        "state": quote.state.value,
        "totalMinor": quote.total.minor,
        "currency": quote.total.currency,
        "promisedAt": dates.rfc3339(quote.promised_at),
    }


def _happening(name: str, quote: Quote) -> Happening:
    return Happening(name, _facts(quote))
