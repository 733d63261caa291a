"""Points and strikes: vectors T9 to T11 of `domain.md` 8, and laws for any account."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import explain, penalties, terms
from domain.dates import DAY, MICROSECOND, UTC_DAYS, instant
from domain.errors import Invalid
from domain.penalties import Measure, PenaltyTerms, PointEntry, Price, SideEffect, StrikeMeasure, Violation
from domain.terms import Count
from tests import shipped

BODY = shipped.draft("penalties.toml").body
RULE = terms.read(PenaltyTerms, {**BODY, "version": "rul"})
AT = instant("2026-11-22T12:00:00Z")


def entries(*points: int) -> tuple[PointEntry, ...]:
    return tuple(PointEntry(Count(one), AT - 10 * DAY) for one in points)


entries_of_any_account = st.lists(
    st.builds(
        PointEntry,
        points=st.integers(0, 12).map(Count),
        occurred_at=st.integers(0, 800).map(lambda days: AT - days * DAY),
        strikes=st.integers(0, 1).map(Count),
        appealed=st.booleans(),
        reversed=st.booleans(),
        fraud=st.booleans(),
    ),
    max_size=6,
).map(tuple)


def test_t9_twelve_is_crossed_once() -> None:
    penalty = penalties.penalise(RULE, entries(10, 1), (Violation.NOT_SHIPPED_UNSOLVED,), AT, UTC_DAYS)
    assert penalty.balance == 15
    assert penalty.threshold is not None
    assert (penalty.threshold.points, penalty.threshold.measure, penalty.threshold.days) == (12, Measure.RESTRICTION, 7)
    again = penalties.penalise(RULE, entries(10, 1, 4), (Violation.NO_SHIPPING_PROOF,), AT, UTC_DAYS)
    assert (again.balance, again.threshold) == (16, None)


@pytest.mark.parametrize(("fraud", "notice_days"), [(False, 30), (True, 0)])
def test_t10_a_jump_applies_the_highest_step_only(fraud: bool, notice_days: int) -> None:
    penalty = penalties.penalise_at(RULE, entries(5), Price(Count(48), fraud=fraud), AT, UTC_DAYS)
    assert penalty.threshold is not None
    assert (penalty.balance, penalty.threshold.measure) == (53, Measure.TERMINATION)
    assert penalty.notice_days == notice_days


@pytest.mark.parametrize(
    ("before", "strike", "months"),
    [(0, None, None), (1, StrikeMeasure.LOGISTICS_SUSPENDED, 3), (2, StrikeMeasure.LOGISTICS_FORBIDDEN, None)],
)
def test_t11_the_third_serious_strike_ends_logistics_for_good(
    before: int, strike: StrikeMeasure | None, months: int | None
) -> None:
    account = tuple(PointEntry(Count(3), AT - (300 + day) * DAY, strikes=Count(1)) for day in range(before))
    penalty = penalties.penalise(RULE, account, (Violation.LOGISTICS_RISK_SERIOUS,), AT, UTC_DAYS)
    assert (penalty.points, penalty.balance) == (3, 3 * before + 3)
    assert (penalty.strike and penalty.strike.measure, penalty.strike and penalty.strike.months) == (strike, months)


def test_strikes_older_than_a_points_life_are_forgotten() -> None:
    old = PointEntry(Count(3), AT - 366 * DAY, strikes=Count(1))
    penalty = penalties.penalise(RULE, (old, old), (Violation.LOGISTICS_RISK_SERIOUS,), AT, UTC_DAYS)
    assert (penalty.balance, penalty.strike) == (3, None)


@pytest.mark.parametrize(
    ("points", "measure", "days", "effects"),
    [
        (5, None, None, ()),
        (6, Measure.SEVERE_WARNING, None, ()),
        (12, Measure.RESTRICTION, 7, ()),
        (24, Measure.RESTRICTION, 14, (SideEffect.NO_PROMOTIONS,)),
        (
            36,
            Measure.RESTRICTION,
            21,
            (SideEffect.NO_PROMOTIONS, SideEffect.LISTINGS_REMOVED, SideEffect.NO_NEW_LISTINGS),
        ),
        (48, Measure.TERMINATION, None, ()),
    ],
)
def test_the_ladder(points: int, measure: Measure | None, days: int | None, effects: tuple[SideEffect, ...]) -> None:
    step = penalties.penalise_at(RULE, (), Price(Count(points)), AT, UTC_DAYS).threshold
    assert (step and step.measure, step and step.days, step.effects if step else ()) == (measure, days, effects)


def test_one_act_costs_its_worst_violation_unless_the_rule_adds_up() -> None:
    act = (Violation.NO_SHIPPING_PROOF, Violation.NOT_SHIPPED_UNSOLVED)
    adding = terms.read(PenaltyTerms, {**BODY, "one_act": "CUMULATIVE", "version": "rul"})
    assert (penalties.price(RULE, act).points, penalties.price(adding, act).points) == (4, 5)
    assert penalties.price(RULE, ()).points == 0


def test_without_a_rule_there_is_no_penalty() -> None:
    silent = terms.read(PenaltyTerms, {**BODY, "violations": {}, "version": "rul"})
    penalty = penalties.penalise(silent, entries(11), (Violation.FORGED_EVIDENCE,), AT, UTC_DAYS)
    assert (penalty.points, penalty.threshold, penalty.tree.holds) == (0, None, False)


def test_a_point_lives_to_the_last_microsecond_of_its_last_day() -> None:
    entry = PointEntry(Count(6), AT)
    last = penalties.expires_at(RULE, entry.occurred_at, UTC_DAYS)
    assert last == instant("2027-11-22T23:59:59.999999Z")
    assert penalties.counts(RULE, entry, last, UTC_DAYS)
    assert not penalties.counts(RULE, entry, last + MICROSECOND, UTC_DAYS)


def test_appealed_points_sleep_but_fraud_does_not() -> None:
    asleep = PointEntry(Count(6), AT, appealed=True)
    awake = PointEntry(Count(6), AT, appealed=True, fraud=True)
    counting = terms.read(PenaltyTerms, {**BODY, "count_appealed": True, "version": "rul"})
    assert not penalties.counts(RULE, asleep, AT, UTC_DAYS)
    assert penalties.counts(RULE, awake, AT, UTC_DAYS)
    assert penalties.counts(counting, asleep, AT, UTC_DAYS)


@given(entries_of_any_account, st.lists(st.sampled_from(Violation), max_size=3).map(tuple))
def test_a_step_is_applied_if_and_only_if_it_lies_between_before_and_after(
    account: tuple[PointEntry, ...], act: tuple[Violation, ...]
) -> None:
    penalty = penalties.penalise(RULE, account, act, AT, UTC_DAYS)
    before = penalty.balance - penalty.points
    assert before == sum(entry.points for entry in account if penalties.counts(RULE, entry, AT, UTC_DAYS))
    crossed = [step.points for step in RULE.ladder if before < step.points <= penalty.balance]
    assert (penalty.threshold.points if penalty.threshold else None) == max(crossed, default=None)
    assert penalty.tree.holds == (penalty.threshold is not None or penalty.strike is not None)
    same = penalties.penalise(RULE, account, act, AT, UTC_DAYS)
    assert explain.canonical(same.tree) == explain.canonical(penalty.tree)


@pytest.mark.parametrize("member", ["ladder", "strikes"])
def test_thresholds_rise(member: str) -> None:
    with pytest.raises(Invalid, match="rise"):
        terms.read(PenaltyTerms, {**BODY, member: BODY[member][::-1], "version": "rul"})
