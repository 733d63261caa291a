"""Covers: frozen at payment, judged by frozen numbers, voided by what the rule excludes."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import coverage, dates, guarantees, orders, shipments
from domain.access import Caller, Role, Scope, ViewerKind
from domain.change import Change
from domain.clocks import Duty
from domain.coverage import Coverage, CoverageState, NextDuty
from domain.dates import MICROSECOND, Calendar
from domain.enrolments import Guarantee, GuaranteeState
from domain.errors import Invalid, Refused
from domain.explain import Finding
from domain.guarantees import OnTimeTerms, Promise
from domain.ids import (
    ApiKeyId,
    BuyerId,
    ClaimId,
    CoverageId,
    GuaranteeId,
    OrderId,
    OrderLineId,
    OrganisationId,
    ProviderId,
    RuleVersionId,
    ShipmentId,
    SupplierId,
    TenantId,
)
from domain.money import Money
from domain.orders import NewLine, Order, RecordOrder
from domain.rulebook import RuleKind, RuleVersion
from domain.shipments import RecordShipment, ShipmentMode

PAID_AT = datetime(2026, 2, 1, 12, tzinfo=UTC)
BERLIN = Calendar("DE", "Europe/Berlin")
BUYER, SUPPLIER, PROVIDER = BuyerId.mint(1, 1), SupplierId.mint(1, 2), ProviderId.mint(1, 3)
CLAIM = ClaimId.mint(1, 1)
ON_TIME: dict[str, Any] = {
    "compensation": {"share_bp": 1000, "cap": "100.00 USD", "form": "COUPON", "coupon_days": 90, "recovery_days": 90},
    "base": "LATE_LINES",
    "apply_days": 30,
    "hold_hours": 0,
    "attempt_counts": True,
    "excludes": ["CANCELLED", "ADDRESS_CHANGED", "ALREADY_CLAIMED", "OUTSIDE_PROGRAMME"],
}
FIRST_OF_MARCH = dates.end_of_day(date(2026, 3, 1), BERLIN)


def version(**body: Any) -> RuleVersion:
    return RuleVersion(
        id=RuleVersionId.mint(1, 1),
        key="guarantees/on_time",
        kind=RuleKind.ON_TIME,
        number=1,
        title="On time",
        published_at=PAID_AT,
        effective_from=PAID_AT,
        effective_until=None,
        withdrawn_at=None,
        source="",
        body=ON_TIME | body,
        digest="",
        published_by="a test",
        version=1,
    )


def guarantee(**changes: Any) -> Guarantee:
    offered = Guarantee(
        GuaranteeId.mint(1, 1),
        None,
        PROVIDER,
        "guarantees/on_time",
        Promise.ON_TIME,
        "On time",
        GuaranteeState.ACTIVE,
        PAID_AT,
        None,
        1,
    )
    return replace(offered, **changes)


def wish(*promised: date | None, **changes: Any) -> RecordOrder:
    lines = tuple(NewLine("A drill", 1, Money(2_500_00, "USD"), False, day, None) for day in promised)
    return replace(RecordOrder("4711", BUYER, SUPPLIER, "DE", "USD", lines, (), None, None), **changes)


def paid(*promised: date | None) -> Order:
    placed = orders.record_order(
        wish(*promised),
        id=OrderId.mint(1, 9),
        line_ids=[OrderLineId.mint(1, number) for number in range(len(promised))],
        calendar=BERLIN,
        address_digest="home",
        at=PAID_AT,
    ).after
    return orders.record_payment(placed, PAID_AT, PAID_AT).after


def covered(order: Order, rule: RuleVersion | None = None) -> Coverage:
    return coverage.cover_order(order, guarantee(), rule or version(), BERLIN, id=CoverageId.mint(1, 1)).after


def caller(role: Role, party_id: BuyerId | None = None) -> Caller:
    return Caller(
        TenantId.mint(1, 1),
        ApiKeyId.mint(1, 1),
        OrganisationId.mint(1, 1),
        party_id,
        frozenset({role}),
        ViewerKind.BUYER if party_id else ViewerKind.STAFF,
        frozenset(Scope),
    )


def test_a_cover_freezes_the_window_and_the_numbers_at_payment() -> None:
    cover = covered(paid(date(2026, 3, 5), date(2026, 3, 1)))
    assert cover.state is CoverageState.IN_FORCE
    assert cover.promised_at == FIRST_OF_MARCH
    assert cover.closes_at == dates.end_of_day(date(2026, 4, 4), BERLIN)
    assert cover.in_force_at == PAID_AT
    assert cover.party_id == PROVIDER
    rule = cover.rule
    assert isinstance(rule, OnTimeTerms)
    assert (rule.version, rule.compensation.cap) == (str(version().id), Money(100_00, "USD"))


def test_an_unpaid_order_is_not_covered() -> None:
    with pytest.raises(ValueError, match="not paid"):
        covered(replace(paid(date(2026, 3, 1)), paid_at=None))


def test_without_a_promised_day_a_cover_waits_for_the_shipment_that_brings_one() -> None:
    order = paid(None, None)
    cover = covered(order)
    assert (cover.state, cover.closes_at, cover.in_force_at) == (CoverageState.PENDING, None, None)
    assert coverage.next_duty(cover, order) is None
    assert coverage.take_promises(cover, order, BERLIN, PAID_AT) is None
    shipped = orders.ship_lines(order, [order.lines[0].id], ShipmentId.mint(1, 1), FIRST_OF_MARCH).after
    at = PAID_AT + timedelta(days=1)
    change = coverage.take_promises(cover, shipped, BERLIN, at)
    assert change is not None
    assert [happening.name for happening in change.happened] == ["coverage.began"]
    assert (change.after.state, change.after.in_force_at) == (CoverageState.IN_FORCE, at)
    assert change.after.promised_at == FIRST_OF_MARCH


def test_a_later_promise_widens_the_window_and_nothing_narrows_it() -> None:
    order = paid(date(2026, 3, 1), None)
    cover = covered(order)
    promise = dates.end_of_day(date(2026, 3, 9), BERLIN)
    shipped = orders.ship_lines(order, [order.lines[1].id], ShipmentId.mint(1, 1), promise).after
    change = coverage.take_promises(cover, shipped, BERLIN, PAID_AT)
    assert change is not None
    assert change.after.promised_at == FIRST_OF_MARCH
    assert change.after.closes_at == dates.end_of_day(date(2026, 4, 8), BERLIN)
    assert change.after.in_force_at == PAID_AT
    assert coverage.take_promises(change.after, shipped, BERLIN, PAID_AT) is None


@given(st.lists(st.integers(1, 40), min_size=1, max_size=5))
def test_a_cover_waits_for_each_promise_once_and_then_for_its_end(days: list[int]) -> None:
    order = paid(*(date(2026, 3, 1) + timedelta(days=day) for day in days))
    cover = covered(order)
    waits: list[NextDuty] = []
    since = None
    while (wait := coverage.next_duty(cover, order, since)) is not None and wait.duty is Duty.LATE_DELIVERY:
        waits.append(wait)
        since = wait.due_at + MICROSECOND
    assert [one.due_at for one in waits] == list(order.promises)
    assert wait == NextDuty(Duty.CLAIM_WINDOW, cover.closes_at or PAID_AT)


def test_the_hold_window_comes_after_the_promise() -> None:
    order = paid(date(2026, 3, 1))
    wait = coverage.next_duty(covered(order, version(hold_hours=48)), order)
    assert wait == NextDuty(Duty.LATE_DELIVERY, FIRST_OF_MARCH + timedelta(hours=48))


@pytest.mark.parametrize(
    ("at", "open_"),
    [
        (FIRST_OF_MARCH, False),
        (FIRST_OF_MARCH + MICROSECOND, True),
        (dates.end_of_day(date(2026, 3, 31), BERLIN), True),
        (dates.end_of_day(date(2026, 3, 31), BERLIN) + MICROSECOND, False),
    ],
)
def test_a_claim_is_possible_from_the_day_after_the_promise_for_thirty_days(at: datetime, open_: bool) -> None:
    cover = covered(paid(date(2026, 3, 1)))
    (move,) = coverage.moves(cover, caller(Role.BUYER, BUYER), at)
    assert move.available is open_
    assert (move.opens_at, move.closes_at) == (FIRST_OF_MARCH + MICROSECOND, cover.closes_at)
    if not open_:
        assert [finding.rule for finding in move.because] == ["guarantee.window"]


def test_a_claim_is_for_the_buyer_and_support() -> None:
    cover, at = covered(paid(date(2026, 3, 1))), FIRST_OF_MARCH + MICROSECOND
    may = {
        who: coverage.moves(cover, asking, at)[0].available
        for who, asking in {
            "buyer": caller(Role.BUYER, BUYER),
            "another": caller(Role.BUYER, BuyerId.mint(8, 8)),
            "support": caller(Role.SUPPORT),
            "finance": caller(Role.FINANCE),
        }.items()
    }
    assert may == {"buyer": True, "another": False, "support": True, "finance": False}


def changed_address(order: Order, at: datetime) -> Order:
    return orders.change_address(order, "DE", "elsewhere", at).after


def cancelled(order: Order, at: datetime) -> Order:
    return orders.cancel_order(order, at).after


@pytest.mark.parametrize(
    ("happened", "rule"), [(changed_address, "guarantee.address"), (cancelled, "guarantee.cancelled")]
)
def test_what_the_rule_excludes_voids_the_cover_with_its_code(happened: Any, rule: str) -> None:
    """Vector T13."""
    order = paid(date(2026, 3, 1))
    at = PAID_AT + timedelta(days=1)
    (change,) = coverage.void_coverages([covered(order)], happened(order, at), at)
    assert (change.after.state, change.after.void_rule, change.after.ended_at) == (CoverageState.VOIDED, rule, at)
    assert coverage.next_duty(change.after, order) is None
    (move,) = coverage.moves(change.after, caller(Role.BUYER, BUYER), FIRST_OF_MARCH + MICROSECOND)
    assert [finding.rule for finding in move.because] == ["coverage.state"]
    assert coverage.void_coverages([change.after], happened(order, at), at) == ()


def test_a_rule_without_that_exclusion_keeps_its_cover() -> None:
    order = paid(date(2026, 3, 1))
    lenient = covered(order, version(excludes=["CANCELLED"]))
    assert coverage.void_coverages([lenient], changed_address(order, PAID_AT), PAID_AT) == ()


def test_a_claimed_cover_is_not_voided_and_comes_back_when_the_claim_is_withdrawn() -> None:
    order = paid(date(2026, 3, 1))
    claimed = coverage.claim_coverage(covered(order), CLAIM).after
    assert claimed.state is CoverageState.CLAIMED
    assert coverage.void_coverages([claimed], cancelled(order, PAID_AT), PAID_AT) == ()
    with pytest.raises(Refused):
        coverage.claim_coverage(claimed, CLAIM)
    assert coverage.release_coverage(claimed, CLAIM).after.state is CoverageState.IN_FORCE


def test_a_cover_expires_after_its_last_instant_and_not_on_it() -> None:
    cover = covered(paid(date(2026, 3, 1)))
    assert cover.closes_at is not None
    with pytest.raises(Refused):
        coverage.expire_coverage(cover, cover.closes_at)
    change: Change[Coverage] = coverage.expire_coverage(cover, cover.closes_at + MICROSECOND)
    assert change.after.state is CoverageState.EXPIRED


@pytest.mark.parametrize("delivered", [None, FIRST_OF_MARCH + timedelta(hours=9)])
def test_a_late_order_pays_the_cap_when_the_day_after_begins(delivered: datetime | None) -> None:
    """Vector T12: US$2,500 promised for 1 March; US$100 when 2 March begins, also if still undelivered."""
    order = paid(date(2026, 3, 1))
    shipped = orders.ship_lines(order, [order.lines[0].id], ShipmentId.mint(1, 1), None).after
    change = orders.deliver_lines(shipped, ShipmentId.mint(1, 1), delivered)
    order = shipped if change is None else change.after
    rule = covered(order).rule
    assert isinstance(rule, OnTimeTerms)
    benefit = Finding("tier.automatic_compensation", True, "tier_compensates_automatically")
    facts = coverage.order_facts(order, ())
    on_the_day = guarantees.judge_on_time(rule, facts, FIRST_OF_MARCH, besides=(benefit,))
    day_after = guarantees.judge_on_time(rule, facts, FIRST_OF_MARCH + MICROSECOND, besides=(benefit,))
    assert (on_the_day.tree.holds, on_the_day.amount) == (False, Money(0, "USD"))
    assert (day_after.tree.holds, day_after.amount) == (True, Money(100_00, "USD"))
    again = guarantees.judge_on_time(rule, replace(facts, claim_id=CLAIM), FIRST_OF_MARCH + timedelta(days=3))
    assert (again.tree.holds, again.amount) == (False, Money(0, "USD"))


def test_an_order_is_bought_with_guarantees_that_are_offered_for_it() -> None:
    ids = tuple(GuaranteeId.mint(1, number) for number in range(1, 5))
    offered = [
        guarantee(id=ids[0]),
        guarantee(id=ids[1], state=GuaranteeState.ENDED),
        guarantee(id=ids[2], supplier_id=SupplierId.mint(6, 6), provider_id=None),
    ]
    coverage.require_offered(wish(None, guarantee_ids=ids[:1]), offered, {})
    with pytest.raises(Invalid) as refusal:
        coverage.require_offered(wish(None, guarantee_ids=ids), offered, {})
    assert [problem.field for problem in refusal.value.problems] == [
        ("guaranteeIds", "1"),
        ("guaranteeIds", "2"),
        ("guaranteeIds", "3"),
    ]


@pytest.mark.parametrize(
    ("freights", "known"),
    [
        ([], None),
        ([Money(5, "USD"), Money(7, "USD")], Money(12, "USD")),
        ([Money(5, "USD"), None], None),
        ([Money(5, "USD"), Money(7, "EUR")], None),
    ],
)
def test_freight_is_known_only_where_every_shipment_says_it(freights: list[Money | None], known: Money | None) -> None:
    order = paid(date(2026, 3, 1))
    carried = [
        shipments.record_shipment(
            RecordShipment(order.id, PROVIDER, str(number), ShipmentMode.AIR, (), None, None, None, freight),
            id=ShipmentId.mint(1, number),
            promised_at=None,
            at=PAID_AT,
        ).after
        for number, freight in enumerate(freights)
    ]
    assert coverage.order_facts(order, carried).freight == known
