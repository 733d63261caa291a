"""Covers, as each kind of viewer sees them: staff, the buyer, the liable party, and the supplier who sold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from domain import coverage, dates, guarantees
from domain.access import Caller, ViewerKind
from domain.claims import scans
from domain.compensation import Form
from domain.coverage import Coverage
from domain.errors import Refused
from domain.explain import Finding
from domain.guarantees import (
    AfterSalesTerms,
    Base,
    EasyReturnTerms,
    Exclusion,
    LossDamageTerms,
    MoneyBackTerms,
    OnTimeTerms,
    PriceLockTerms,
)
from domain.ids import GuaranteeId, OrderId
from domain.money import Money
from domain.moves import Move
from domain.orders import Order
from domain.rulebook import RuleVersion
from storage import calendars, claims, enrolments, exchange_rates, orders, rulebook
from storage.coverage import COVERAGES
from storage.views import duties
from storage.views.actions import actions_with
from storage.views.arguments import parsed
from storage.views.orders import ORDER_REFERENCE, PROMISED_ZONE, through_order
from storage.views.view import (
    Answer,
    Computed,
    Filter,
    Listing,
    Many,
    One,
    Point,
    Root,
    Row,
    Sort,
    View,
    column,
    columns,
)

_SOLD: Final = "({t}.supplier_id = {party} OR " + through_order("o.supplier_id = {party}") + ")"
VISIBLE: Final = {
    ViewerKind.STAFF: "true",
    ViewerKind.BUYER: "{t}.buyer_id = {party}",
    ViewerKind.SUPPLIER: _SOLD,
    ViewerKind.ENTITLED_SUPPLIER: _SOLD,
    ViewerKind.PROVIDER: "{t}.provider_id = {party}",
}


@dataclass(frozen=True, slots=True)
class Terms:
    """The frozen numbers as they are shown; what the promise's rule does not have is None."""

    share_bp: int | None
    cap: Money | None
    order_max: Money | None
    return_days: int | None
    result_hours: int | None
    unreceived_days: int | None
    countries: list[str] | None
    form: Form | None
    coupon_days: int | None
    recovery_days: int | None
    base: Base | None
    apply_days: int | None
    hold_hours: int | None
    attempt_counts: bool | None
    service_days: int | None
    excludes: list[Exclusion]


def shown(cover: Coverage) -> Terms:
    """The numbers of a cover."""
    rule = cover.rule
    pays = guarantees.compensation_of(rule)
    on_time = rule if isinstance(rule, OnTimeTerms) else None
    easy = rule if isinstance(rule, EasyReturnTerms) else None
    by_receipt = rule if isinstance(rule, MoneyBackTerms | PriceLockTerms) else None
    return Terms(
        share_bp=pays.share_bp if pays else None,
        cap=pays.cap if pays else rule.covered_max if isinstance(rule, MoneyBackTerms) else None,
        order_max=rule.order_max if isinstance(rule, EasyReturnTerms | LossDamageTerms) else None,
        return_days=easy.return_days if easy else None,
        result_hours=easy.result_hours if easy else None,
        unreceived_days=by_receipt.unreceived_days if by_receipt else None,
        countries=list(easy.countries) if easy else None,
        form=pays.form if pays else None,
        coupon_days=pays.coupon_days if pays else None,
        recovery_days=pays.recovery_days if pays else None,
        base=on_time.base if on_time else None,
        apply_days=None if isinstance(rule, AfterSalesTerms) else rule.apply_days,
        hold_hours=on_time.hold_hours if on_time else None,
        attempt_counts=on_time.attempt_counts if on_time else None,
        service_days=rule.service_days if isinstance(rule, AfterSalesTerms) else None,
        excludes=list(rule.excludes),
    )


async def terms(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[Terms]:
    """The numbers that were frozen at payment."""
    return [shown(COVERAGES.decode(row)) for row in rows]


async def opening(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[datetime | None]:
    """The first instants at which a claim is possible."""
    return [COVERAGES.decode(row).opens_at for row in rows]


async def moves(connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime) -> list[tuple[Move, ...]]:
    """What the viewer may do with each cover, and why not."""
    found = [COVERAGES.decode(row) for row in rows]
    facts = await claims.scan_facts(connection, viewer.tenant_id, [cover.id for cover in found])
    return [scans.moves(cover, facts[cover.id], viewer, at) for cover in found]


COVERAGE: Final = View(
    type="Coverage",
    table="coverages",
    visible=VISIBLE,
    fields={
        **columns("id", "promise", "state", "voidRule", "promisedAt", "closesAt", "inForceAt", "endedAt", "version"),
        "promisedZone": PROMISED_ZONE,
        "offeredAt": column("offered_at", frozenset({ViewerKind.STAFF, ViewerKind.BUYER})),
        "order": One("Order", "{t}.order_id"),
        "orderReference": ORDER_REFERENCE,
        "guarantee": One("Guarantee", "{t}.guarantee_id"),
        "buyer": One("Buyer", "{t}.buyer_id"),
        "supplier": One("Supplier", "{t}.supplier_id"),
        "provider": One("Provider", "{t}.provider_id"),
        "liableParty": One("LiableParty", "coalesce({t}.supplier_id, {t}.provider_id)"),
        "ruleVersion": One("RuleVersion", "{t}.rule_version_id"),
        "certificate": One(
            "Certificate",
            "(SELECT y.id FROM certificates y WHERE y.tenant_id = {t}.tenant_id AND y.coverage_id = {t}.id)",
        ),
        "claims": Many("Claim", "coverage_id", "OLDEST_FIRST"),
        "holds": Many("HeldClock", "subject_id", "OLDEST_FIRST"),
        "serviceRequests": Many("ServiceRequest", "coverage_id", "OLDEST_FIRST"),
        "duties": Computed(duties.of_covers),
        "opensAt": Computed(opening, needs=COVERAGES.names),
        "terms": Computed(terms, needs=COVERAGES.names),
        **actions_with(COVERAGES, moves),
    },
    sorts={
        "OLDEST_FIRST": Sort((("{t}.id", False),)),
        "NEWEST_FIRST": Sort((("{t}.id", True),)),
    },
    filters={
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "promise": Filter("{t}.promise = {v}"),
        "orderId": Filter("{t}.order_id = {v}"),
        "buyerId": Filter("{t}.buyer_id = {v}"),
        "liablePartyId": Filter("{v} IN ({t}.supplier_id, {t}.provider_id)"),
    },
)


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Whether an order can be bought with a guarantee; `window` is what a payment now would give."""

    guarantee: str
    eligible: bool
    included: bool
    because: tuple[Finding, ...]
    opens_at: datetime | None
    closes_at: datetime | None


async def eligibility(
    connection: Any, _rows: Sequence[Row], viewer: Caller, at: datetime, arguments: Mapping[str, Any]
) -> list[Eligibility | None]:
    """Whether the order can be bought with the guarantee; None where the viewer may not see the order or guarantee."""
    order = await order_for(connection, viewer, str(arguments["order_id"]))
    id = parsed(GuaranteeId, str(arguments["guarantee_id"]), "guaranteeId")
    found = await enrolments.by_ids(connection, viewer.tenant_id, [id])
    if order is None or not found:
        return [None]
    guarantee = found[0]
    version = await rulebook.in_force(connection, viewer.tenant_id, guarantee.rule_key, at)
    tree = coverage.eligibility(guarantee, order, await _admission(connection, viewer, version, order, at))
    calendar = await calendars.get(connection, order.country)
    window = coverage.foreseen(order, version, calendar, order.paid_at or at)
    return [
        Eligibility(
            guarantee.id,
            tree.holds,
            guarantee.id in order.guarantee_ids,
            tree.because,
            window.opens_at,
            window.closes_at,
        )
    ]


async def _admission(
    connection: Any, viewer: Caller, version: RuleVersion, order: Order, at: datetime
) -> tuple[Finding, ...]:
    """What the guarantee's own rule says to the order; that a rate is missing where one is needed."""
    rule, facts = guarantees.terms_of(version), coverage.order_facts(order, ())
    foreign = guarantees.needs_rate(rule, facts.currency)
    if foreign is None:
        return guarantees.admission(rule, facts)
    market = await connection.fetchval("SELECT market FROM tenants WHERE tenant_id = $1", viewer.tenant_id)
    day = dates.local_day(guarantees.rated_at(rule, facts, at), await calendars.get(connection, market))
    try:
        rate = await exchange_rates.rate(connection, viewer.tenant_id, foreign, facts.currency, day)
    except Refused as refusal:
        return refusal.unmet if isinstance(rule, EasyReturnTerms) else ()
    return guarantees.admission(rule, facts, rate)


async def order_for(connection: Any, viewer: Caller, text: str) -> Order | None:
    """The order, for its buyer, its supplier and staff."""
    order = await orders.ORDERS.find(connection, viewer.tenant_id, parsed(OrderId, text, "orderId"))
    return order if order is not None and order.concerns(viewer) else None


VIEWS: Final = (COVERAGE,)
ROOTS: Final[dict[str, Root]] = {
    "coverage": Point("Coverage"),
    "coverages": Listing("Coverage", "NEWEST_FIRST"),
    "eligibility": Answer(eligibility),
}
