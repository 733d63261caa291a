"""What guarantees pay: the vectors of `domain.md` 8, and laws that hold for any facts."""

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import explain, guarantees, rulebook
from domain.compensation import Compensation, Form, coupon_expires_at
from domain.dates import DAY, MICROSECOND, UTC_DAYS, Calendar, instant
from domain.errors import Refused
from domain.exchange_rates import Conversion
from domain.explain import Finding, unmet
from domain.guarantees import (
    AfterSalesTerms,
    Base,
    Exclusion,
    LineFacts,
    Milestone,
    OnTimeTerms,
    OrderFacts,
    Promise,
    ServiceFacts,
    ServiceKind,
)
from domain.ids import RuleVersionId
from domain.money import Money, share
from domain.penalties import Violation
from domain.rulebook import RuleVersion
from domain.terms import BasisPoints, Days, Hours
from tests import shipped

PROMISED = instant("2026-03-01T23:59:59.999999Z")
NEXT_DAY = PROMISED + MICROSECOND
CHINA = Calendar("CN", "Asia/Shanghai", holidays=frozenset({date(2022, 6, 3)}))


def usd(text: str) -> Money:
    return Money.parse(Decimal(text), "USD")


def history(folder: str) -> tuple[RuleVersion, ...]:
    """The shipped versions of one rule, with the ids that a tenant's adoption gives them."""
    drafts = shipped.drafts(f"{folder}/*.toml")
    ids = iter(RuleVersionId.mint(number, number) for number in range(1, 100))
    return tuple(change.after for change in rulebook.adopt(drafts, lambda: next(ids), "system:shipped"))


MACHINERY = history("guarantees/machinery_after_sales")
ON_TIME = guarantees.on_time_terms(
    rulebook.adopt(
        [shipped.draft("guarantees/on_time.toml")],
        lambda: RuleVersionId.mint(1, 1),
        "system:shipped",
    )[0].after
)


def machinery(at: str) -> AfterSalesTerms:
    return guarantees.after_sales_terms(rulebook.in_force(MACHINERY, "guarantees/machinery_after_sales", instant(at)))


def order(*values: str, **facts: object) -> OrderFacts:
    lines = tuple(
        LineFacts(str(number), usd(value), PROMISED, serviced=True) for number, value in enumerate(values, start=1)
    )
    return replace(OrderFacts("A", "USD", lines, paid_at=PROMISED - 30 * DAY), **facts)  # type: ignore[arg-type]


# -- after-sales


@pytest.mark.parametrize(
    ("serviced", "compensation"),
    [
        ("10000.00", "200.00"),  # T1
        ("25000.00", "500.00"),  # T2
        ("25000.01", "500.00"),
        ("90000.00", "500.00"),
        ("3333.33", "66.67"),  # T3: 66.6666 rounded once, at the end
    ],
)
def test_a_liable_party_pays_two_percent_of_the_serviced_goods(serviced: str, compensation: str) -> None:
    facts = order(serviced, liable=True)
    unserviced = LineFacts("other", usd("36666.67"))
    judgement = guarantees.judge(
        machinery("2022-08-01T00:00:00Z"), replace(facts, lines=(*facts.lines, unserviced)), NEXT_DAY
    )
    assert judgement.amount == usd(compensation)
    assert judgement.base == usd(serviced)
    assert judgement.tree.holds


@pytest.mark.parametrize(
    ("paid_at", "amount"), [("2022-07-05T23:59:59.999999Z", "0.00"), ("2022-07-06T00:00:00Z", "200.00")]
)
def test_t4_orders_paid_before_the_change_cost_points_only(paid_at: str, amount: str) -> None:
    judgement = guarantees.judge(machinery(paid_at), order("10000.00", liable=True), instant("2022-08-01T00:00:00Z"))
    assert judgement.amount == usd(amount)
    assert judgement.violation is Violation.AFTER_SALES_ABANDONED


@pytest.mark.parametrize(
    ("requested_at", "started_by", "finished_by"),
    [
        ("2022-05-29T04:00:00Z", "2022-06-13T15:59:59.999999Z", "2022-08-27T15:59:59.999999Z"),  # 15 days
        ("2022-05-30T04:00:00Z", "2022-06-20T15:59:59.999999Z", "2022-08-28T15:59:59.999999Z"),  # 14 working days
    ],
)
def test_t8_the_version_at_payment_sets_the_dispatched_engineers_limits(
    requested_at: str, started_by: str, finished_by: str
) -> None:
    service = ServiceFacts(ServiceKind.DISPATCHED, instant(requested_at), ("1",), CHINA)
    due = guarantees.service_deadlines(machinery(requested_at), service)
    assert due[Milestone.STARTED] == instant(started_by)
    assert due[Milestone.FINISHED] == instant(finished_by)
    assert due[Milestone.RESPONDED] - service.requested_at == timedelta(hours=24)


def test_an_order_of_29_may_2022_is_judged_by_the_old_version_byte_for_byte() -> None:
    """The golden test: this text was stored when the rule was first judged, and must never change."""
    service = ServiceFacts(
        ServiceKind.DISPATCHED,
        instant("2022-05-29T04:00:00Z"),
        ("1",),
        CHINA,
        {Milestone.RESPONDED: instant("2022-05-29T09:00:00Z"), Milestone.STARTED: instant("2022-06-14T02:00:00Z")},
    )
    facts = order("10000.00", liable=True, services=(service,))
    judgement = guarantees.judge(machinery("2022-05-29T12:00:00Z"), facts, instant("2022-06-15T00:00:00Z"))
    assert explain.canonical(judgement.tree) == GOLDEN.read_text().strip()
    assert explain.parse(json.loads(GOLDEN.read_text())) == judgement.tree


GOLDEN = Path(__file__).parent / "machinery_2022_05_29.json"


@pytest.mark.parametrize(
    ("reached", "remedy", "violation"),
    [
        (
            {Milestone.STARTED: "2022-07-01T00:00:00Z", Milestone.FINISHED: "2022-07-02T00:00:00Z"},
            False,
            "AFTER_SALES_LATE",
        ),
        ({}, True, "AFTER_SALES_REMEDIED"),
        ({}, False, "AFTER_SALES_ABANDONED"),
    ],
)
def test_what_was_done_decides_the_violation(reached: dict[Milestone, str], remedy: bool, violation: str) -> None:
    service = ServiceFacts(
        ServiceKind.DISPATCHED,
        instant("2022-05-30T04:00:00Z"),
        ("1",),
        CHINA,
        {Milestone.RESPONDED: instant("2022-05-30T05:00:00Z")} | {key: instant(at) for key, at in reached.items()},
        remedy_offered=remedy,
    )
    facts = order("10000.00", liable=True, services=(service,))
    judgement = guarantees.judge_after_sales(machinery("2022-06-01T00:00:00Z"), facts, instant("2022-09-30T00:00:00Z"))
    assert judgement.violation is Violation(violation)


def test_only_the_lines_of_broken_requests_are_the_base() -> None:
    start = instant("2022-08-01T04:00:00Z")
    kept = ServiceFacts(ServiceKind.LOCAL, start + 60 * DAY, ("1",), CHINA)
    broken = ServiceFacts(ServiceKind.LOCAL, start, ("2", "3"), CHINA)
    facts = order("1000.00", "2000.00", "4000.00", liable=True, services=(kept, broken))
    facts = replace(facts, lines=(*facts.lines[:2], replace(facts.lines[2], serviced=False)))
    judgement = guarantees.judge(machinery("2022-08-01T00:00:00Z"), facts, start + 60 * DAY)
    assert judgement.base == usd("2000.00")
    assert judgement.amount == usd("40.00")


def test_parts_are_due_only_where_they_are_needed() -> None:
    rule = machinery("2022-08-01T00:00:00Z")
    service = ServiceFacts(ServiceKind.REMOTE, instant("2022-08-01T04:00:00Z"), ("1",), CHINA)
    assert guarantees.service_deadlines(rule, service).keys() == {Milestone.RESPONDED}
    needing = replace(service, parts_needed=True)
    assert guarantees.service_deadlines(rule, needing)[Milestone.PARTS_SENT] == service.requested_at + 2 * DAY


def test_before_anybody_is_asked_liability_is_no_condition() -> None:
    judgement = guarantees.judge(machinery("2022-08-01T00:00:00Z"), order("10000.00"), NEXT_DAY)
    assert judgement.tree.holds
    assert judgement.violation is None
    denied = guarantees.judge(machinery("2022-08-01T00:00:00Z"), order("10000.00", liable=False), NEXT_DAY)
    assert [finding.reason for finding in unmet(denied.tree.because)] == ["after_sales_party_liable"]


# -- on time


def test_t12_the_cap_is_issued_when_the_day_after_the_promise_begins() -> None:
    facts = order("2500.00")
    assert not guarantees.judge(ON_TIME, facts, PROMISED).tree.holds
    judgement = guarantees.judge(ON_TIME, facts, NEXT_DAY)
    assert (judgement.amount, judgement.late_line_ids) == (usd("100.00"), ("1",))
    assert guarantees.automatic_after(ON_TIME, PROMISED) == PROMISED
    second = guarantees.judge(ON_TIME, replace(facts, claim_id="clm"), NEXT_DAY)
    assert (second.amount, [finding.reason for finding in unmet(second.tree.because)]) == (
        usd("0.00"),
        ["order_not_claimed_before"],
    )


def test_t13_a_changed_address_names_its_rule() -> None:
    judgement = guarantees.judge(ON_TIME, order("2500.00", address_changed_at=PROMISED), NEXT_DAY)
    assert [finding.rule for finding in unmet(judgement.tree.because)] == ["guarantee.address"]


def test_conditions_of_the_occasion_decide_as_well() -> None:
    standing = Finding("tier.automatic_compensation", False, "tier_compensates_automatically")
    judgement = guarantees.judge(ON_TIME, order("2500.00"), NEXT_DAY, besides=(standing,))
    assert not judgement.tree.holds
    assert judgement.amount == usd("0.00")
    assert judgement.tree.because[0] is standing


@pytest.mark.parametrize(
    ("base", "amount"), [(Base.LATE_LINES, "20.00"), (Base.ORDER, "50.00"), (Base.FREIGHT, "4.00")]
)
def test_the_base_is_a_switch_of_the_rule(base: Base, amount: str) -> None:
    facts = order("200.00", "300.00", freight=usd("40.00"))
    facts = replace(facts, lines=(facts.lines[0], replace(facts.lines[1], delivered_at=PROMISED)))
    assert guarantees.judge(replace(ON_TIME, base=base), facts, NEXT_DAY).amount == usd(amount)


def test_an_attempt_counts_where_the_rule_says_so() -> None:
    facts = order("200.00")
    facts = replace(facts, lines=(replace(facts.lines[0], attempted_at=PROMISED, delivered_at=PROMISED + DAY),))
    assert not guarantees.judge(ON_TIME, facts, PROMISED + 2 * DAY).tree.holds
    assert guarantees.judge(replace(ON_TIME, attempt_counts=False), facts, PROMISED + 2 * DAY).tree.holds


def test_a_base_that_rounds_to_nothing_pays_nothing_and_says_so() -> None:
    judgement = guarantees.judge(ON_TIME, order("0.04"), NEXT_DAY)
    assert not judgement.tree.holds
    assert [finding.reason for finding in unmet(judgement.tree.because)] == ["guarantee_amount"]


def test_the_cap_is_converted_at_the_rate_that_is_brought() -> None:
    facts = replace(order(), currency="JPY", lines=(LineFacts("1", Money(1_000_000, "JPY"), PROMISED),))
    rate = Conversion("USD", "JPY", date(2026, 3, 2), Decimal("150.125"))
    judgement = guarantees.judge(ON_TIME, facts, NEXT_DAY, conversion=rate)
    assert judgement.amount == Money(15_012, "JPY")  # 15,012.5 goes to the even neighbour
    assert judgement.tree.because[-1].inputs["rateDay"] == "2026-03-02"


def test_a_missing_rate_is_refused_only_where_it_is_needed() -> None:
    facts = replace(order(), currency="EUR", lines=(LineFacts("1", Money(10_000, "EUR"), PROMISED),))
    assert guarantees.needs_rate(ON_TIME, "EUR") == "USD"
    assert guarantees.needs_rate(ON_TIME, "USD") is None
    assert not guarantees.judge(ON_TIME, facts, PROMISED).tree.holds
    with pytest.raises(Refused) as refusal:
        guarantees.judge(ON_TIME, facts, NEXT_DAY)
    assert refusal.value.rule == "exchange_rate"
    with pytest.raises(ValueError, match="does not convert"):
        guarantees.judge(ON_TIME, facts, NEXT_DAY, conversion=Conversion("EUR", "USD", date(2026, 3, 2), Decimal(1)))


def test_the_window_runs_from_the_first_promise_to_thirty_days_after_the_last() -> None:
    facts = order("1.00", "1.00")
    facts = replace(facts, lines=(facts.lines[0], replace(facts.lines[1], promised_at=PROMISED + 5 * DAY)))
    closes_at = guarantees.closes_at(ON_TIME, facts, UTC_DAYS)
    assert closes_at == PROMISED + 35 * DAY
    assert guarantees.opens_at(ON_TIME, facts) == NEXT_DAY
    assert [
        guarantees.window(ON_TIME, facts, closes_at, at).holds
        for at in (PROMISED, NEXT_DAY, closes_at, closes_at + MICROSECOND)
    ] == [False, True, True, False]
    nothing = replace(facts, lines=())
    assert guarantees.closes_at(ON_TIME, nothing, UTC_DAYS) is None
    assert not guarantees.window(ON_TIME, nothing, None, NEXT_DAY).holds


def test_everything_that_stands_in_the_way_is_told_at_once() -> None:
    facts = order("1.00", cancelled_at=PROMISED, address_changed_at=PROMISED, claim_id="clm", in_programme=False)
    facts = replace(facts, lines=(replace(facts.lines[0], delivered_at=PROMISED),))
    reasons = {finding.reason for finding in guarantees.unmet_on_time(ON_TIME, facts, NEXT_DAY, PROMISED + 2 * DAY)}
    assert reasons == {
        "guarantee_window_open",
        "order_not_cancelled",
        "order_address_kept",
        "order_not_claimed_before",
        "order_in_programme",
        "on_time_goods_late",
    }


def test_a_provider_answers_for_what_it_carries_or_promised_and_the_tree_names_whose_the_rest_is() -> None:
    facts = order("100.00", "200.00", "400.00", "800.00")
    own, leg, other, unsent = facts.lines
    facts = replace(
        facts,
        provider_id="P",
        lines=(
            replace(own, carrier_id="P", leg_carrier_ids=("Q",)),  # booked with it, carried by another
            replace(leg, carrier_id="Q", leg_carrier_ids=("R", "P")),  # it carries a part of the way
            replace(other, carrier_id="Q", leg_carrier_ids=("R",)),
            unsent,  # nobody is known to carry it
        ),
    )
    judgement = guarantees.judge(replace(ON_TIME, base=Base.ORDER), facts, NEXT_DAY)
    assert judgement.late_line_ids == (own.id, leg.id, unsent.id)
    assert str(judgement.base) == "1100.00 USD"
    (carried,) = [finding for finding in judgement.tree.because if finding.rule == "on_time.carried"]
    assert (carried.holds, carried.inputs) == (True, {"lines": 4, "carried": 3})
    assert [finding.inputs for finding in carried.because] == [{"line": other.id, "party": "P", "carriers": "Q, R"}]
    quoted = replace(facts, lines=(replace(unsent, carrier_id="Q"),))
    refused = guarantees.judge(ON_TIME, quoted, NEXT_DAY)
    assert not refused.amount.minor
    assert [finding.reason for finding in unmet(refused.tree.because)] == [
        "lines_carried_by_party",
        "on_time_goods_late",
    ]
    supplied = guarantees.judge(ON_TIME, replace(quoted, provider_id=None), NEXT_DAY)
    assert supplied.late_line_ids == (unsent.id,)


# -- laws


cents = st.integers(0, 10_000_000)
instants = st.integers(-10 * 86_400, 10 * 86_400).map(lambda s: PROMISED + timedelta(seconds=s))
moments = st.none() | instants
seldom = st.integers(0, 5).flatmap(lambda throw: st.none() if throw else moments)
"""Of what excludes an order from everything."""
lines = st.lists(
    st.builds(
        LineFacts,
        id=st.uuids().map(str),
        value=cents.map(lambda minor: Money(minor, "USD")),
        promised_at=instants | moments,
        delivered_at=moments,
        attempted_at=seldom,
        serviced=st.booleans(),
    ),
    min_size=1,
    max_size=5,
).map(tuple)
facts_of_any_order = st.builds(
    OrderFacts,
    id=st.just("A"),
    currency=st.just("USD"),
    lines=lines,
    paid_at=moments,
    cancelled_at=seldom,
    address_changed_at=seldom,
    claim_id=st.sampled_from([None, None, None, "clm"]),
    in_programme=st.sampled_from([True, True, True, False]),
    liable=st.sampled_from([None, True, True, False]),
)
on_time_rules = st.builds(
    OnTimeTerms,
    version=st.just("rul"),
    compensation=st.builds(
        Compensation,
        share_bp=st.integers(0, 10_000).map(BasisPoints),
        cap=st.integers(0, 100_000).map(lambda minor: Money(minor, "USD")),
        form=st.just(Form.COUPON),
        coupon_days=st.just(Days(90)),
        recovery_days=st.just(Days(90)),
    ),
    base=st.sampled_from(Base),
    apply_days=st.integers(0, 60).map(Days),
    hold_hours=st.integers(0, 48).map(Hours),
    attempt_counts=st.booleans(),
    excludes=st.lists(st.sampled_from(Exclusion), unique=True).map(tuple),
)


@given(on_time_rules, facts_of_any_order, instants)
def test_an_amount_never_exceeds_share_or_cap_and_is_there_if_and_only_if_the_tree_holds(
    rule: OnTimeTerms, facts: OrderFacts, at: datetime
) -> None:
    judgement = guarantees.judge(rule, facts, at)
    assert judgement.tree.holds == (judgement.amount.minor > 0)
    assert judgement.tree.holds == all(finding.holds for finding in judgement.tree.because)
    assert judgement.amount.minor <= rule.compensation.cap.minor
    assert judgement.amount.minor <= share(judgement.base, rule.compensation.share_bp).minor
    assert judgement.tree.version == "rul"


@given(on_time_rules, facts_of_any_order, instants)
def test_a_line_that_is_late_stays_late(rule: OnTimeTerms, facts: OrderFacts, at: datetime) -> None:
    now = set(guarantees.judge(rule, facts, at).late_line_ids)
    assert now <= set(guarantees.judge(rule, facts, at + DAY).late_line_ids)


@given(st.sampled_from(MACHINERY), facts_of_any_order, instants)
def test_the_same_facts_give_the_same_tree_byte_for_byte(version: RuleVersion, facts: OrderFacts, at: datetime) -> None:
    first = guarantees.judge(guarantees.terms_of(version), facts, at)
    thawed = guarantees.thaw(Promise.AFTER_SALES, json.loads(json.dumps(guarantees.freeze(version))))
    again = guarantees.judge(thawed, replace(facts), at)
    assert explain.canonical(first.tree) == explain.canonical(again.tree)
    assert explain.parse(json.loads(explain.canonical(first.tree))) == first.tree


@given(facts_of_any_order, instants)
def test_on_time_trees_survive_being_stored(facts: OrderFacts, at: datetime) -> None:
    tree = guarantees.judge(ON_TIME, facts, at).tree
    stored = explain.canonical(tree)
    assert explain.canonical(explain.parse(json.loads(stored))) == stored


# -- terms


def test_terms_freeze_into_a_cover_and_thaw_out_of_it() -> None:
    for version in MACHINERY:
        assert guarantees.promise_of(version) is Promise.AFTER_SALES
        stored = json.loads(json.dumps(guarantees.freeze(version)))
        assert guarantees.thaw(Promise.AFTER_SALES, stored) == guarantees.terms_of(version)
        longer = guarantees.thaw(Promise.AFTER_SALES, {**stored, "service_days": stored["service_days"] + 1})
        assert longer == replace(guarantees.terms_of(version), service_days=stored["service_days"] + 1)
        with pytest.raises(TypeError, match="not an on-time rule"):
            guarantees.on_time_terms(version)


def test_t5_a_coupon_lives_to_the_last_microsecond_of_day_ninety() -> None:
    issued = instant("2026-03-02T00:00:00Z")
    last = coupon_expires_at(ON_TIME.compensation, issued, UTC_DAYS)
    assert last == instant("2026-05-31T23:59:59.999999Z")


def test_a_coupon_that_outlives_its_recovery_is_refused() -> None:
    with pytest.raises(ValueError, match="recovered"):
        replace(ON_TIME.compensation, coupon_days=Days(91))
