"""Points as an account: its statement equals the entries that live, and measures stand while their basis does."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import measures, penalties, points, statements
from domain.access import Caller, Role, Scope, ViewerKind
from domain.change import Change
from domain.dates import DAY, MICROSECOND, UTC_DAYS, instant
from domain.errors import Refused
from domain.explain import Finding
from domain.gates import Action
from domain.ids import (
    ClaimId,
    DecisionId,
    Id,
    MeasureId,
    PointsEntryId,
    PointsMovementId,
    ProviderId,
    RuleVersionId,
    SupplierId,
    TenantId,
)
from domain.locales import Locale
from domain.measures import AccountMeasure, MeasureBasis, MeasureKind, MeasureState, Step
from domain.penalties import PenaltyTerms, Violation
from domain.points import CauseKind, EntryState, PointCause, PointsEntry, PointsMovement
from domain.rulebook import RuleKind, RuleVersion
from tests import shipped

RULE = shipped.rule(PenaltyTerms, "penalties.toml", "rul_1")
AT = instant("2026-06-01T12:00:00Z")
PARTY = ProviderId.mint(1, 1)
STAFF = Caller(TenantId.mint(1, 1), Id("key"), None, None, frozenset({Role.POLICY}), ViewerKind.STAFF, frozenset(Scope))


def give(
    act: tuple[Violation, ...],
    number: int = 1,
    at: datetime = AT,
    occurred_at: datetime | None = None,
    entries: tuple[PointsEntry, ...] = (),
) -> Change[PointsEntry]:
    cost = penalties.price(RULE, act)
    penalty = penalties.penalise_at(
        RULE, [points.judged(entry) for entry in entries], cost, at, UTC_DAYS, violations=act
    )
    return points.give_points(
        RULE,
        penalty,
        PARTY,
        act,
        PointCause(CauseKind.CLAIM, ClaimId.mint(1, number)),
        id=PointsEntryId.mint(1, number),
        decision_id=DecisionId.mint(1, number),
        occurred_at=occurred_at or at,
        calendar=UTC_DAYS,
        automated=True,
        fraud=cost.fraud,
        at=at,
    )


class Account:
    """An account as operations keep it: entries and the lines that their changes make."""

    def __init__(self) -> None:
        self.entries: dict[PointsEntryId, PointsEntry] = {}
        self.lines: list[PointsMovement] = []

    def keep(self, change: Change[PointsEntry], at: datetime) -> None:
        self.entries[change.after.id] = change.after
        self.lines.append(points.movement(change, id=PointsMovementId.mint(1, len(self.lines)), at=at))


ACTS = st.sampled_from(
    [(Violation.NOT_SHIPPED_SOLVED,), (Violation.FORGED_EVIDENCE,), (Violation.LOGISTICS_RISK_SERIOUS,)]
)
STEPS = st.lists(
    st.tuples(st.integers(0, 200), st.sampled_from(["give", "suspend", "resume", "reverse", "force", "expire"]), ACTS),
    max_size=25,
)


@given(STEPS)
def test_the_balance_at_any_instant_is_the_sum_of_the_entries_that_live_then(
    steps: list[tuple[int, str, tuple[Violation, ...]]],
) -> None:
    """Whatever happens, in whatever order: snapshots taken on the way equal what the statement says of them later."""
    account, at, seen = Account(), AT, []
    for days, what, act in steps:
        at += timedelta(days=days)
        for entry in list(account.entries.values()):  # clocks fire before anybody acts
            if entry.state in points.COUNTING and entry.expires_at < at:
                account.keep(points.expire_points(entry, at), entry.expires_at + MICROSECOND)
        number = len(account.entries) + 1
        found = list(account.entries.values())
        pick = found[days % len(found)] if found else None
        if what == "give":
            account.keep(give(act, number, at, entries=tuple(found)), at)
        elif pick is not None and what == "suspend" and pick.state in points.COUNTING:
            account.keep(points.suspend_points(pick), at)
        elif pick is not None and what == "resume" and pick.state is EntryState.SUSPENDED_BY_APPEAL:
            account.keep(points.resume_points(pick, at), at)
        elif pick is not None and what == "reverse" and pick.state in points.LIVE:
            account.keep(points.take_back(pick, "A mistake.", at), at)
        elif pick is not None and what == "force" and pick.state is EntryState.PENDING_NOTICE:
            account.keep(points.take_force(pick), at)
        live = points.standing(account.entries.values(), at)
        seen.append((at, sum(entry.points for entry in live), sum(entry.strikes for entry in live)))
    at_last = {at: (balance, strikes) for at, balance, strikes in seen}  # of one instant the last word
    for moment, expected in at_last.items():
        assert points.balance_at(list(account.entries.values()), account.lines, moment) == expected


def test_an_expiry_that_fires_late_counts_from_its_instant() -> None:
    account = Account()
    account.keep(give((Violation.NOT_SHIPPED_UNSOLVED,)), AT)
    (entry,) = account.entries.values()
    assert points.balance_at([entry], account.lines, entry.expires_at) == (4, 0)
    assert points.balance_at([entry], account.lines, entry.expires_at + MICROSECOND) == (0, 0)


def test_what_waits_for_notice_counts_already_and_takes_force_when_it_is_over() -> None:
    change = give((Violation.FORGED_EVIDENCE,))
    assert (change.after.state, change.after.in_force_at) == (EntryState.IN_FORCE, AT)  # fraud waits for nothing
    ten = give((Violation.PROHIBITED_GOODS_QUARTER,))
    step = give((Violation.OFF_PLATFORM_STEERING,), 2, entries=(ten.after,))  # 6 + 6: the step of 12, three days
    assert step.after.state is EntryState.PENDING_NOTICE
    assert step.after.counted
    assert step.after.in_force_at == instant("2026-06-05T00:00:00Z")
    assert points.take_force(step.after).after.state is EntryState.IN_FORCE


def test_points_are_reversed_once_and_not_while_they_are_appealed() -> None:
    entry = give((Violation.NOT_SHIPPED_SOLVED,)).after
    suspended = points.suspend_points(entry).after
    with pytest.raises(Refused) as refused:
        points.reverse_points(suspended, STAFF, "A mistake.", AT)
    assert [finding.reason for finding in refused.value.unmet] == ["points_not_appealed"]
    over = points.reverse_points(entry, STAFF, "A mistake.", AT).after
    (move,) = points.moves(over, STAFF, AT)
    assert [finding.reason for finding in move.because] == ["points_entry_stands"]
    assert points.resume_points(suspended, suspended.expires_at).after.state is EntryState.IN_FORCE
    late = points.resume_points(suspended, suspended.expires_at + MICROSECOND).after
    assert late.state is EntryState.EXPIRED


def announced(entries: tuple[PointsEntry, ...], act: tuple[Violation, ...]) -> tuple[PointsEntry, list[AccountMeasure]]:
    cost = penalties.price(RULE, act)
    penalty = penalties.penalise_at(
        RULE, [points.judged(entry) for entry in entries], cost, AT, UTC_DAYS, violations=act
    )
    entry = give(act, len(entries) + 1, entries=entries).after
    failures = measures.failures_of(RULE, entries, act, AT)
    found = [
        measures.announce_measure(
            step,
            PARTY,
            entry.id,
            id=MeasureId.mint(1, place),
            decision_id=entry.decision_id,
            rule_version_id=entry.rule_version_id,
            appeal_days=RULE.appeal_days,
            automated=True,
            calendar=UTC_DAYS,
            at=AT,
        ).after
        for place, step in enumerate(measures.steps(RULE, penalty, cost, failures))
    ]
    return entry, found


def test_a_jump_brings_the_highest_step_once_with_its_notice_and_end() -> None:
    past = tuple(give((Violation.FORGED_EVIDENCE,), number).after for number in (1, 2))  # 24
    entry, found = announced(past, (Violation.PROHIBITED_GOODS_QUARTER,))
    assert found == []  # 30 crosses nothing
    entry, found = announced((*past, entry), (Violation.OFF_PLATFORM_STEERING,))
    assert [(each.kind, each.basis, each.threshold) for each in found] == [
        (MeasureKind.RESTRICTION, MeasureBasis.POINTS, 36),
        (MeasureKind.DEMOTION, MeasureBasis.VIOLATION, 1),
    ]
    restriction = found[0]
    assert restriction.effective_at == instant("2026-06-05T00:00:00Z")
    assert restriction.until == instant("2026-06-26T23:59:59.999999Z")
    assert [effect.value for effect in restriction.effects] == ["NO_PROMOTIONS", "LISTINGS_REMOVED", "NO_NEW_LISTINGS"]


@given(st.lists(st.integers(0, 3), min_size=3, max_size=3))
def test_a_measure_stands_exactly_while_what_it_rests_on_reaches_its_step(fates: list[int]) -> None:
    past = (give((Violation.PROHIBITED_GOODS_QUARTER,), 1).after, give((Violation.NOT_SHIPPED_UNSOLVED,), 2).after)
    entry, found = announced(past, (Violation.NOT_SHIPPED_UNSOLVED,))  # 6 + 4 + 4 = 14
    assert [each.threshold for each in found] == [12]
    fate = (
        lambda each: each,
        lambda each: points.suspend_points(each).after,
        lambda each: points.take_back(each, "x", AT).after,
        lambda each: (
            points.expire_points(points.take_force(each).after if each.state == "PENDING_NOTICE" else each, AT).after
        ),
    )
    now = tuple(fate[what](each) for what, each in zip(fates, (*past, entry), strict=True))
    left = sum(each.points for what, each in zip(fates, (*past, entry), strict=True) if what in (0, 3))
    assert measures.stands(found[0], now) is (left >= 12)
    later = give((Violation.NOT_SHIPPED_UNSOLVED,), 9, AT + DAY).after
    assert measures.stands(found[0], (*now, later)) is (left + 4 >= 12)


def test_the_third_failure_costs_the_programme_and_the_third_strike_logistics() -> None:
    late = (Violation.AFTER_SALES_LATE,)
    past: tuple[PointsEntry, ...] = ()
    for number in (1, 2):
        entry, found = announced(past, late)
        assert found == [], number
        past = (*past, entry)
    _, (removal,) = announced(past, late)
    assert (removal.kind, removal.basis, removal.threshold) == (MeasureKind.PROGRAMME_REMOVAL, MeasureBasis.FAILURES, 3)
    assert measures.stands(removal, (*past, give(late, 3).after))
    assert not measures.stands(removal, (points.suspend_points(past[0]).after, past[1], give(late, 3).after))
    serious = (Violation.LOGISTICS_RISK_SERIOUS,)
    struck = tuple(give(serious, number).after for number in (1, 2))
    _, found = announced(struck, serious)
    assert [(each.kind, each.until) for each in found] == [(MeasureKind.LOGISTICS_FORBIDDEN, None)]  # 6 were reached


def test_a_measure_that_goes_on_lasts_as_long_as_was_left() -> None:
    step = Step(MeasureKind.RESTRICTION, MeasureBasis.POINTS, 12, days=7)
    entry = give((Violation.FORGED_EVIDENCE,)).after

    def announce(at: datetime, resumes: AccountMeasure | None = None) -> AccountMeasure:
        return measures.announce_measure(
            step,
            PARTY,
            entry.id,
            id=MeasureId.mint(1, 1),
            decision_id=entry.decision_id,
            rule_version_id=entry.rule_version_id,
            appeal_days=30,
            automated=False,
            calendar=UTC_DAYS,
            resumes=resumes,
            at=at,
        ).after

    first = measures.take_measure(announce(AT)).after
    assert first.until == instant("2026-06-08T23:59:59.999999Z")
    lifted = measures.call_off(first, "appealed", AT + 2 * DAY).after
    assert lifted.state is MeasureState.LIFTED
    again = announce(AT + 10 * DAY, lifted)
    assert again.until is not None
    assert again.until - again.effective_at == first.until - (AT + 2 * DAY)
    assert measures.before([lifted], step, entry) == (False, lifted)
    assert measures.before([measures.end_measure(first, AT).after], step, entry) == (True, None)


@pytest.mark.parametrize("locale", list(Locale))
def test_a_statement_says_everything_in_each_language(locale: Locale) -> None:
    past = (give((Violation.PROHIBITED_GOODS_QUARTER,)).after,)
    entry, found = announced(past, (Violation.OFF_PLATFORM_STEERING,))
    rule = RuleVersion(
        RuleVersionId("rul_1"),
        "penalties",
        RuleKind.PENALTIES,
        1,
        "Penalty points",
        AT,
        AT,
        None,
        None,
        "",
        {},
        "",
        "",
        1,
    )
    cost = penalties.price(RULE, entry.violations)
    tree = penalties.penalise_at(
        RULE, [points.judged(each) for each in past], cost, AT, UTC_DAYS, violations=entry.violations
    ).tree
    text = statements.of_measure(found[0], entry, rule, tree).text(locale)
    for part in ("12", "2026-06-05T00:00:00Z", "penalties", "2026-07-01T23:59:59.999999Z", str(found[0].id)):
        assert part in text
    assert "RESTRICTION (" not in text
    assert "{" not in text
    about_entry = statements.of_entry(entry, rule, tree)
    assert about_entry.members(locale)["points"] == 6
    assert about_entry.members(locale)["redress"]["appealUntil"] == "2026-07-01T23:59:59.999999Z"
    assert about_entry.automated_decision
    assert about_entry.found_by_others


def test_leaves_leave_out_steps_that_were_not_crossed() -> None:
    crossed = Finding("penalty.threshold", True, "penalty_threshold_crossed")
    missed = Finding("penalty.strikes", False, "penalty_strikes_crossed")
    assert statements.leaves(Finding("penalty", True, "penalty_measure_taken", because=(crossed, missed))) == (crossed,)


def test_a_suppliers_measures_say_what_they_stand_in_the_way_of() -> None:
    entry = give((Violation.FORGED_EVIDENCE,)).after
    _, (restriction,) = announced((), (Violation.FORGED_EVIDENCE,))
    assert measures.against([restriction], Action.OFFER_GUARANTEE, AT) == ()
    taken = measures.take_measure(restriction).after
    (finding,) = measures.against([taken], Action.OFFER_GUARANTEE, AT)
    assert finding.opens_at == "2026-06-09T00:00:00Z"
    assert taken.until is not None
    assert measures.against([taken], Action.OFFER_GUARANTEE, taken.until + MICROSECOND) == ()
    assert points.sides(SupplierId("sup_1")) == (SupplierId("sup_1"), None)
    assert entry.party_id == PARTY
