"""Covers: an order under one guarantee, frozen at the instant of payment.

Theory of operation (`domain.md` 6.5):

    PENDING -a shipment brings the promised day, goods arrive or are lost-> IN_FORCE  (paid, nothing to claim yet)
    IN_FORCE -openClaim, or by itself-> CLAIMED -withdrawClaim-> IN_FORCE
    IN_FORCE -its last instant passed-> EXPIRED -goods arrive after all, where receipt counts-> IN_FORCE
    PENDING, IN_FORCE -what the rule excludes came true-> VOIDED (with the code of that finding)

Laws: the version in force at payment governs, and its numbers are copied into the cover; one cover per order and
guarantee; a later version, an estimate or a withdrawn guarantee changes nothing in it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from domain import guarantees, money, parties, words
from domain.access import Caller, may
from domain.change import Change, Happening
from domain.clocks import Duty
from domain.copies import replace
from domain.dates import MICROSECOND, Calendar, rfc3339
from domain.enrolments import ON_OFFER, Guarantee
from domain.errors import Invalid, Problem, Refused
from domain.explain import Finding, every, unmet
from domain.guarantees import ComplaintFacts, LineFacts, OnTimeTerms, OrderFacts, Promise, Terms
from domain.ids import (
    BuyerId,
    ClaimId,
    CoverageId,
    GuaranteeId,
    LiablePartyId,
    OrderId,
    ProviderId,
    RuleVersionId,
    ShipmentId,
    SupplierId,
)
from domain.money import Money
from domain.moves import Move
from domain.orders import Order, OrderLine, RecordOrder
from domain.quotes import Quote, QuoteState
from domain.rulebook import RuleVersion
from domain.shipments import Shipment
from domain.tracking import ShipmentState


class CoverageState(StrEnum):
    """Where a cover stands."""

    PENDING = "PENDING"
    """Paid, but nothing can be claimed yet: no line has a promised day, or nothing has arrived where that counts."""
    IN_FORCE = "IN_FORCE"
    """It protects the order."""
    CLAIMED = "CLAIMED"
    """A claim was made under it."""
    EXPIRED = "EXPIRED"
    """Its window closed without a claim."""
    VOIDED = "VOIDED"
    """Something happened that the rule excludes."""


class CoverageAction(StrEnum):
    """What can be done with a cover; the value is the mutation's name in capitals."""

    OPEN_CLAIM = "OPEN_CLAIM"
    """openClaim: claim that the promise was broken."""
    CONTACT_PARTY = "CONTACT_PARTY"
    """contactParty: tell the liable party of the trouble, before there is a claim."""
    DISPUTE_SCAN = "DISPUTE_SCAN"
    """disputeScan: object to a scan by which a late delivery would be compensated by itself."""


LIVE: Final = frozenset({CoverageState.PENDING, CoverageState.IN_FORCE})
"""The states in which a cover can still be voided."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """A cover. Its liable party is the supplier or the provider; `terms` are the rule's numbers as frozen.

    `promised_at` is the earliest promise among the order's lines (None for promises that name no day), `closes_at` the
    last instant to apply, `void_rule` the code of the finding that voided it; `offered_at` is when the buyer was first
    told that it would be compensated if it applied.
    """

    id: CoverageId
    order_id: OrderId
    guarantee_id: GuaranteeId
    buyer_id: BuyerId
    supplier_id: SupplierId | None
    provider_id: ProviderId | None
    promise: Promise
    state: CoverageState
    void_rule: str | None
    rule_version_id: RuleVersionId
    terms: Mapping[str, Any]
    promised_at: datetime | None
    closes_at: datetime | None
    in_force_at: datetime | None
    ended_at: datetime | None
    version: int
    offered_at: datetime | None = None

    @property
    def party_id(self) -> LiablePartyId:
        """The liable party."""
        return parties.liable(self)

    @property
    def rule(self) -> Terms:
        """The frozen numbers, as the rules read them."""
        return guarantees.thaw(self.promise, self.terms)

    @property
    def opens_at(self) -> datetime | None:
        """The first instant to apply: when the first promised day is over, or since it is in force where none was."""
        if self.promise is Promise.ON_TIME:
            return None if self.promised_at is None else self.promised_at + MICROSECOND
        return self.in_force_at


@dataclass(frozen=True, slots=True)
class Carriage:
    """Who carries an order's goods beside the providers that its shipments were booked with.

    `legs` are the providers of each shipment's legs as planned now; `quoted_by` whose quote it was bought with.
    """

    legs: Mapping[ShipmentId, tuple[ProviderId, ...]] = field(default_factory=dict)
    quoted_by: ProviderId | None = None


@dataclass(frozen=True, slots=True)
class NextDuty:
    """What a cover waits for next."""

    duty: Duty
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Window:
    """From when until when a claim can be opened; None where no day is promised yet."""

    opens_at: datetime | None
    closes_at: datetime | None


def require_offered(
    wish: RecordOrder, offered: Iterable[Guarantee], admissions: Mapping[GuaranteeId, Sequence[Finding]]
) -> None:
    """Returns if the order can be bought with every guarantee it names.

    `admissions` is what each guarantee's own rule says to an order like this. Refuses with Invalid, naming each: an
    unknown guarantee, one that is not active, one of another supplier, one whose rule does not admit the order.
    """
    by_id = {guarantee.id: guarantee for guarantee in offered}
    problems = []
    for index, id in enumerate(wish.guarantee_ids):
        path, guarantee = ("guaranteeIds", str(index)), by_id.get(id)
        if guarantee is None:
            problems.append(Problem(path, "There is no such guarantee."))
            continue
        because = unmet((*offered_for(guarantee, wish.supplier_id, wish.country), *admissions.get(guarantee.id, ())))
        problems.extend(Problem(path, words.sentence(finding), finding) for finding in because)
    if problems:
        raise Invalid(*problems)


def all_in(wish: RecordOrder, quote: Quote | None) -> Money:
    """The total that is locked: the goods, and the transport as quoted, before what the buyer's level takes off."""
    goods = money.total([line.value for line in wish.lines], wish.currency)
    return goods if quote is None else goods + quote.total


def require_fit(wish: RecordOrder, quote: Quote, destination_country: str) -> None:
    """Returns if the order can be bought with the quote.

    Refuses, with every reason, a quote that was not accepted, another buyer's, one that goes elsewhere, and one in
    another currency.
    """
    findings = (
        Finding(
            "order.quote_state",
            quote.state in {QuoteState.ACCEPTED, QuoteState.BOOKED},
            "quote_was_accepted",
            {"state": quote.state.value},
        ),
        Finding("order.quote_buyer", wish.buyer_id == quote.buyer_id, "quote_of_same_buyer"),
        Finding(
            "order.quote_destination",
            wish.country == destination_country,
            "order_goes_where_quoted",
            {"order": wish.country, "quote": destination_country},
        ),
        Finding(
            "order.quote_currency",
            wish.currency == quote.total.currency,
            "order_in_currency_of_quote",
            {"order": wish.currency, "quote": quote.total.currency},
        ),
    )
    if because := unmet(findings):
        raise Refused("order.quote", "The order cannot be bought with this quote.", because)


def offered_for(guarantee: Guarantee, supplier_id: SupplierId, country: str) -> tuple[Finding, ...]:
    """Whether the guarantee is on offer for a sale of that supplier into that country: `recordOrder` refuses by it."""
    markets = guarantee.markets
    return (
        Finding(
            "coverage.on_offer",
            guarantee.state in ON_OFFER,
            "guarantee_on_offer",
            {"state": guarantee.state.value},
        ),
        Finding("coverage.party", guarantee.supplier_id in {None, supplier_id}, "guarantee_of_this_sale"),
        Finding(
            "coverage.market",
            not markets or country in markets,
            "guarantee_in_market",
            {"country": country, "markets": ", ".join(markets)},
        ),
    )


def wished(wish: RecordOrder) -> OrderFacts:
    """What the rules of guarantees can know of an order that is only wished for: its lines, and where it goes."""
    lines = tuple(LineFacts(str(number), line.value) for number, line in enumerate(wish.lines, start=1))
    return OrderFacts("", wish.currency, lines, country=wish.country)


def eligibility(guarantee: Guarantee, order: Order, admission: Sequence[Finding] = ()) -> Finding:
    """Whether the order can be bought with the guarantee, and all that stands in the way, before it is paid.

    `admission` is what the guarantee's own rule says to an order like this (`guarantees.admission`).
    """
    paid = {} if order.paid_at is None else {"paidAt": rfc3339(order.paid_at)}
    findings = (
        Finding("coverage.unpaid", order.paid_at is None, "order_awaits_payment", paid),
        Finding("coverage.uncancelled", order.cancelled_at is None, "order_not_cancelled"),
        *offered_for(guarantee, order.supplier_id, order.country),
        *admission,
    )
    return every("coverage.eligible", "order_can_be_covered", findings)


def foreseen(order: Order, version: RuleVersion, calendar: Calendar, at: datetime) -> Window:
    """When a claim could be opened if the order were paid at `at` under that version of the guarantee's rule."""
    rule = guarantees.terms_of(version)
    facts = replace(order_facts(order, ()), paid_at=at)
    return Window(guarantees.opens_at(rule, facts), guarantees.closes_at(rule, facts, calendar))


def order_facts(
    order: Order,
    shipments: Iterable[Shipment],
    claim_id: ClaimId | None = None,
    *,
    provider_id: ProviderId | None = None,
    carriage: Carriage | None = None,
    complaint: ComplaintFacts | None = None,
) -> OrderFacts:
    """What the rules of guarantees need to know of the order, and of what its buyer complains of, if anything.

    `claim_id` is another claim for the same promise that counts before one under this cover (`overlaps.before`), if
    any; `provider_id` the provider that stands for the guarantee, None where a supplier does. The freight is that of
    the shipments that it carries.
    """
    by_id = {shipment.id: shipment for shipment in shipments}
    carriage = carriage or Carriage()
    paid_for = [
        shipment
        for shipment in by_id.values()
        if provider_id in (None, shipment.provider_id) or provider_id in carriage.legs.get(shipment.id, ())
    ]
    return OrderFacts(
        id=order.id,
        currency=order.total.currency,
        lines=tuple(
            _line_facts(line, None if line.shipment_id is None else by_id.get(line.shipment_id), carriage)
            for line in order.lines
        ),
        paid_at=order.paid_at,
        cancelled_at=order.cancelled_at,
        address_changed_at=order.address_changed_at,
        claim_id=claim_id,
        freight=_freight(order.total.currency, paid_for),
        country=order.country,
        provider_id=provider_id,
        complaint=complaint,
        locked=order.locked,
        charged=order.charged,
        refunded=order.refunded,
        quantity_changed_at=order.quantity_changed_at,
        buyer_transport=order.buyer_transport,
    )


def _line_facts(line: OrderLine, shipment: Shipment | None, carriage: Carriage) -> LineFacts:
    lost = shipment is not None and shipment.state is ShipmentState.LOST
    return LineFacts(
        id=line.id,
        value=line.value,
        promised_at=line.promised_at,
        delivered_at=line.delivered_at,
        attempted_at=None if shipment is None else shipment.attempted_at,
        serviced=line.serviced,
        ship_by_at=line.ship_by_at,
        shipped_at=None if shipment is None else shipment.picked_up_at,
        lost_at=shipment.told_until if lost and shipment is not None else None,
        carrier_id=carriage.quoted_by if shipment is None else shipment.provider_id,
        leg_carrier_ids=() if shipment is None else carriage.legs.get(shipment.id, ()),
        declared=line.declared,
        disclosed_defects=line.disclosed_defects,
        standard_stated=line.standard_stated,
    )


def _freight(currency: str, shipments: Iterable[Shipment]) -> Money | None:
    """What was paid for shipping, where every shipment says so in the order's currency; None otherwise."""
    paid = [shipment.freight for shipment in shipments]
    known = [freight for freight in paid if freight is not None and freight.currency == currency]
    return money.total(known, currency) if known and len(known) == len(paid) else None


def cover_order(
    order: Order, guarantee: Guarantee, version: RuleVersion, calendar: Calendar, *, id: CoverageId
) -> Change[Coverage]:
    """The paid order is covered by the guarantee, as `version` has it; days are counted in `calendar`.

    PENDING where the rule promises a day and no line has one. Refuses an unpaid order with ValueError.
    """
    if order.paid_at is None:
        raise ValueError(f"{order.id} is not paid: nothing covers it yet")
    coverage = Coverage(
        id=id,
        order_id=order.id,
        guarantee_id=guarantee.id,
        buyer_id=order.buyer_id,
        supplier_id=guarantee.supplier_id,
        provider_id=guarantee.provider_id,
        promise=guarantee.promise,
        state=CoverageState.PENDING,
        void_rule=None,
        rule_version_id=version.id,
        terms=guarantees.freeze(version),
        promised_at=None,
        closes_at=None,
        in_force_at=None,
        ended_at=None,
        version=1,
    )
    coverage = _with_window(coverage, order_facts(order, ()), calendar, order.paid_at)
    name = "coverage.began" if coverage.state is CoverageState.IN_FORCE else "coverage.frozen"
    return Change(None, coverage, (_happening(name, coverage),))


def take_promises(coverage: Coverage, order: Order, calendar: Calendar, at: datetime) -> Change[Coverage] | None:
    """The cover knows the promises that a shipment brought for lines without one; None when nothing is new to it.

    A pending cover comes into force by it. What was promised before stays promised, so that its window only grows.
    """
    if coverage.state not in LIVE:
        return None
    after = _with_window(coverage, order_facts(order, ()), calendar, at)
    if after == coverage:
        return None
    after = replace(after, version=coverage.version + 1)
    name = "coverage.promised" if coverage.state is CoverageState.IN_FORCE else "coverage.began"
    return Change(coverage, after, (_happening(name, after),))


def take_receipt(
    coverage: Coverage, order: Order, shipments: Iterable[Shipment], calendar: Calendar, at: datetime
) -> Change[Coverage] | None:
    """The cover's window follows what arrived or was lost, where that counts; None when nothing changed.

    What arrives while the window was open for want of an arrival sets its end, also an earlier one. A cover that
    expired before the goods arrived is in force again if its days from receipt are not over.
    """
    if not guarantees.BREACHES[coverage.promise].by_receipt:
        return None
    if coverage.state not in LIVE | {CoverageState.EXPIRED}:
        return None
    facts = order_facts(order, shipments, provider_id=coverage.provider_id)
    after = _with_window(coverage, facts, calendar, at, anew=True)
    expired = coverage.state is CoverageState.EXPIRED
    if expired and (after.closes_at is None or after.closes_at < at):
        return None
    if expired:
        after = replace(after, ended_at=None)
    if after == coverage:
        return None
    after = replace(after, version=coverage.version + 1)
    name = "coverage.window_moved" if coverage.state is CoverageState.IN_FORCE else "coverage.began"
    return Change(coverage, after, (_happening(name, after),))


def _with_window(
    coverage: Coverage, facts: OrderFacts, calendar: Calendar, at: datetime, *, anew: bool = False
) -> Coverage:
    """The cover with the window that follows from the facts; `anew`: whatever it was before, not only beyond it."""
    closes_at = guarantees.closes_at(coverage.rule, facts, calendar)
    if closes_at is None:
        return coverage
    promised = [line.promised_at for line in facts.lines if line.promised_at is not None]
    before = None if anew else coverage.closes_at  # a hold may have moved it
    return replace(
        coverage,
        state=CoverageState.IN_FORCE,
        promised_at=min(promised) if coverage.promise is Promise.ON_TIME else None,
        closes_at=max(closes_at, before or closes_at),
        in_force_at=coverage.in_force_at or at,
    )


def next_duty(coverage: Coverage, order: Order, since: datetime | None = None) -> NextDuty | None:
    """What the cover waits for after `since` (from its beginning when None); None when it waits for nothing.

    First each distinct promise of the order and the hold window behind it; then the end of the window to apply.
    """
    if coverage.state is not CoverageState.IN_FORCE or coverage.closes_at is None:
        return None
    rule = coverage.rule
    if isinstance(rule, OnTimeTerms):
        for promise in order.promises:
            due_at = guarantees.automatic_after(rule, promise)
            if since is None or due_at >= since:
                return NextDuty(Duty.LATE_DELIVERY, due_at)
    return NextDuty(Duty.CLAIM_WINDOW, coverage.closes_at)


def conditions(coverage: Coverage, at: datetime) -> tuple[Finding, ...]:
    """Whether a claim can be made under the cover at `at`, whoever asks and whatever the goods did."""
    opens_at, closes_at = coverage.opens_at, coverage.closes_at
    opens = None if opens_at is None else rfc3339(opens_at)
    closes = None if closes_at is None else rfc3339(closes_at)
    return (
        Finding(
            "coverage.state",
            coverage.state is CoverageState.IN_FORCE,
            "coverage_in_force",
            {"state": coverage.state.value} | ({"rule": coverage.void_rule} if coverage.void_rule else {}),
        ),
        Finding(
            "guarantee.window",
            opens_at is not None and closes_at is not None and opens_at <= at <= closes_at,
            "guarantee_window_open",
            {"at": rfc3339(at), "opensAt": opens, "closesAt": closes},
            coverage.rule_version_id,
            opens_at=opens,
            closes_at=closes,
        ),
    )


def moves(coverage: Coverage, caller: Caller, at: datetime) -> tuple[Move, ...]:
    """What the caller may do with the cover at `at`, and why not."""
    own = caller.is_operator or caller.party_id == coverage.buyer_id
    findings = (
        Finding("coverage.role", own and may(caller, "openClaim"), "coverage_action_of_your_role"),
        *conditions(coverage, at),
    )
    opens_at = coverage.opens_at if coverage.state is CoverageState.IN_FORCE else None
    closes_at = coverage.closes_at if coverage.state is CoverageState.IN_FORCE else None
    return (Move(CoverageAction.OPEN_CLAIM.value, unmet(findings), opens_at=opens_at, closes_at=closes_at),)


def claim_coverage(coverage: Coverage, claim_id: ClaimId) -> Change[Coverage]:
    """A claim was made under the cover. Refuses one that is not in force."""
    _require_state(coverage, CoverageState.IN_FORCE)
    after = replace(coverage, state=CoverageState.CLAIMED, version=coverage.version + 1)
    return Change(coverage, after, (_happening("coverage.claimed", after, claimId=claim_id),))


def release_coverage(coverage: Coverage, claim_id: ClaimId) -> Change[Coverage]:
    """The claim was withdrawn: the cover is in force again. Refuses one that is not claimed."""
    _require_state(coverage, CoverageState.CLAIMED)
    after = replace(coverage, state=CoverageState.IN_FORCE, version=coverage.version + 1)
    return Change(coverage, after, (_happening("coverage.released", after, claimId=claim_id),))


def offer_compensation(coverage: Coverage, amount: Money, at: datetime) -> Change[Coverage] | None:
    """The buyer is told that it would get that much if it applied (B10); None where it was told before.

    Refuses a cover that is not in force.
    """
    _require_state(coverage, CoverageState.IN_FORCE)
    if coverage.offered_at is not None:
        return None
    after = replace(coverage, offered_at=at, version=coverage.version + 1)
    happened = _happening("coverage.compensation_offered", after)
    facts = {**happened.facts, "amountMinor": amount.minor, "currency": amount.currency}
    return Change(coverage, after, (Happening(happened.name, facts),))


def expire_coverage(coverage: Coverage, at: datetime) -> Change[Coverage]:
    """The window to apply has closed. Refuses a cover that is not in force, or whose last instant has not passed."""
    _require_state(coverage, CoverageState.IN_FORCE)
    if coverage.closes_at is None or at <= coverage.closes_at:
        raise Refused("coverage.expire", "The window to apply is still open.", unmet(conditions(coverage, at)))
    after = replace(coverage, state=CoverageState.EXPIRED, ended_at=at, version=coverage.version + 1)
    return Change(coverage, after, (_happening("coverage.expired", after),))


def void_coverages(coverages: Sequence[Coverage], order: Order, at: datetime) -> tuple[Change[Coverage], ...]:
    """The live covers whose rule excludes what became of the order are void, with that finding's code (vector T13)."""
    facts = order_facts(order, ())
    broken = (
        (coverage, unmet(guarantees.exclusions(coverage.rule, facts)))
        for coverage in coverages
        if coverage.state in LIVE
    )
    return tuple(_void(coverage, excluded[0].rule, at) for coverage, excluded in broken if excluded)


def _void(coverage: Coverage, rule: str, at: datetime) -> Change[Coverage]:
    after = replace(coverage, state=CoverageState.VOIDED, void_rule=rule, ended_at=at, version=coverage.version + 1)
    return Change(coverage, after, (_happening("coverage.voided", after, rule=rule),))


def _require_state(coverage: Coverage, state: CoverageState) -> None:
    if coverage.state is not state:
        finding = Finding("coverage.state", False, "coverage_in_force", {"state": coverage.state.value})
        raise Refused("coverage.state", "The cover does not allow this now.", (finding,))


def _happening(name: str, coverage: Coverage, **facts: str) -> Happening:
    return Happening(
        name,
        {
            "orderId": coverage.order_id,
            "guaranteeId": coverage.guarantee_id,
            "partyId": coverage.party_id,
            "promise": coverage.promise.value,
            "state": coverage.state.value,
        }
        | facts,
    )
