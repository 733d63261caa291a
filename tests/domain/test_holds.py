"""Clock holds: how far deadlines move, which clocks a hold catches, and that a reversal leaves nothing of it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import clocks, dates, holds
from domain.access import Caller, Role, Scope, ViewerKind
from domain.claims import Claim
from domain.clocks import Clock, Duty
from domain.coverage import Coverage
from domain.dates import UTC_DAYS, Calendar
from domain.errors import Invalid, Refused
from domain.evidence import EvidenceRequest
from domain.holds import ApplyClockHold, ClockHold, HeldClock, Matched, Selection, Span
from domain.ids import (
    ApiKeyId,
    ClaimId,
    ClockHoldId,
    ClockId,
    CoverageId,
    DecisionId,
    EvidenceRequestId,
    GoodsReturnId,
    HeldClockId,
    OrderId,
    ProviderId,
    RemedyId,
    ServiceLevelId,
    TenantId,
)
from domain.remedies import Remedy
from domain.returns import GoodsReturn
from domain.service_requests import ServiceLevel

T = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
_numbers = itertools.count(1)


def new(kind: Any) -> Any:
    return kind.mint(1, next(_numbers))


def days(count: float) -> datetime:
    return T + count * DAY


def selection(from_: float = 0, until: float = 5, **more: Any) -> Selection:
    whole: dict[str, Any] = {
        "duties": (),
        "countries": ("US",),
        "from_area": None,
        "to_area": None,
        "through": (),
        "provider_ids": (),
    }
    return Selection(**(whole | more), from_at=days(from_), until_at=days(until))


def running(due: float, *, started: float = -10, duty: Duty = Duty.CLAIM_WINDOW) -> Clock:
    subject = new(holds.HOLDABLE[duty].subject if duty in holds.HOLDABLE else CoverageId)
    return clocks.start(duty, subject, days(due), id=new(ClockId), at=days(started)).after


def matched(clock: Clock, *standing: HeldClock, **deadlines: datetime | None) -> Matched:
    return Matched(clock, new(OrderId), deadlines, standing)


def of(row: HeldClock, which: Selection) -> ClockHold:
    """The hold of that row."""
    return replace(stands(which), id=row.hold_id)


def stands(which: Selection, clocks_: int = 1) -> ClockHold:
    wish = ApplyClockHold(which, "The port is closed.")
    ids = {"id": new(ClockHoldId), "decision_id": new(DecisionId)}
    return holds.apply_hold(wish, clocks_, **ids, by="key", at=T).after


# -- how far a deadline moves -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spans", "by"),
    [
        ([], 0),
        ([(0, 5)], 5),
        ([(-3, 5)], 8),
        ([(0, 5), (2, 4)], 5),
        ([(0, 5), (3, 8)], 8),
        ([(3, 8), (0, 5)], 8),
        ([(0, 2), (4, 6)], 4),
        ([(10, 12)], 2),
        ([(10.5, 12)], 0),
        ([(0, 5), (12, 13)], 6),
        ([(0, 1), (12, 13)], 1),
    ],
)
def test_a_deadline_moves_by_the_time_that_does_not_count_once(spans: list[tuple[float, float]], by: float) -> None:
    found = holds.moved(days(10), [Span(days(start), days(end)) for start, end in spans])
    assert found - days(10) == by * DAY


hours = st.integers(-300, 300).map(lambda count: T + timedelta(hours=count))
spans = st.lists(st.tuples(hours, hours).map(sorted).map(lambda pair: Span(pair[0], pair[1])), max_size=5)


@given(hours, spans)
def test_a_clock_stands_still_exactly_as_a_stepwise_count_says(deadline: datetime, found: list[Span]) -> None:
    """Counted hour by hour: time passes only outside every span, until as much has passed as lay before it."""
    at = min([deadline, *(span.from_at for span in found)])
    left = (deadline - at) // timedelta(hours=1)
    while True:
        still = any(span.from_at <= at < span.until_at for span in found)
        if not still and left == 0:
            break
        left -= not still
        at += timedelta(hours=1)
    assert holds.moved(deadline, found) == at


@given(hours, spans)
def test_no_deadline_ends_inside_a_span_that_it_reached(deadline: datetime, found: list[Span]) -> None:
    after = holds.moved(deadline, found)
    assert not any(span.from_at <= after < span.until_at for span in found)
    assert holds.moved(deadline, list(reversed(found))) == after


# -- which clocks -----------------------------------------------------------------------------------------------------


def test_open_clocks_that_count_in_the_span_are_caught_and_no_others() -> None:
    which = selection(0, 5)
    assert holds.catches(matched(running(0)), which, T), "due at this very instant is still in time"
    assert holds.catches(matched(running(100)), which, T)
    assert not holds.catches(matched(running(-0.1)), which, T), "it is over and about to fire"
    assert not holds.catches(matched(running(9, started=6)), which, T)
    paused = clocks.pause(running(9), "why", at=T).after
    assert not holds.catches(matched(paused), which, T)
    fired = clocks.fire(running(-1), at=T).after
    assert not holds.catches(matched(fired), which, T)
    assert not holds.catches(matched(running(2)), selection(3, 5), T), "over before it begins"
    assert holds.catches(matched(running(3)), selection(3, 5), T)


def test_a_clock_is_held_from_its_own_start_on() -> None:
    clock = running(10, started=2)
    hold = stands(selection(0, 5))
    held = holds.hold_clock(matched(clock), hold, {}, id=new(HeldClockId), at=days(3))
    assert held.clock.after.due_at == days(13)
    assert (held.row.from_at, held.row.until_at) == (days(2), days(5))
    assert [happening.name for happening in held.clock.happened] == ["clock.held"]


def test_what_a_hold_covers_already_is_not_caught_again() -> None:
    clock = running(10)
    held = holds.hold_clock(matched(clock), stands(selection(0, 5)), {}, id=new(HeldClockId), at=T)
    again = matched(held.clock.after, held.row)
    assert not holds.catches(again, selection(1, 4), T)
    assert holds.catches(again, selection(1, 6), T)
    longer = holds.hold_clock(again, stands(selection(1, 7)), {}, id=new(HeldClockId), at=T)
    assert longer.clock.after.due_at == days(17), "seven days in all, the overlap once"
    assert longer.row.due_free == days(10)


def test_deadlines_of_the_thing_move_with_the_clock_unless_they_have_passed() -> None:
    clock = running(3, duty=Duty.ANSWER_CLAIM)
    shown = {"answer_due_at": days(3), "escalation_opens_at": days(3.1), "escalates_at": days(7), "due_at": None}
    held = holds.hold_clock(matched(clock, **shown), stands(selection(0, 5)), {}, id=new(HeldClockId), at=T)
    assert held.moved == {"answer_due_at": days(8), "escalation_opens_at": days(8.1), "escalates_at": days(12)}
    passed = shown | {"answer_due_at": days(-1)}
    held = holds.hold_clock(matched(clock, **passed), stands(selection(-2, 5)), {}, id=new(HeldClockId), at=T)
    assert "answer_due_at" not in held.moved
    taken = {"escalates_at": days(12)}
    held = holds.hold_clock(matched(clock, **shown), stands(selection(0, 5)), taken, id=new(HeldClockId), at=T)
    assert "escalates_at" not in held.moved


def test_every_deadline_that_a_hold_carries_is_one_of_its_thing() -> None:
    names = {
        CoverageId: set(Coverage.__slots__),
        ClaimId: set(Claim.__slots__),
        ServiceLevelId: set(ServiceLevel.__slots__),
        GoodsReturnId: set(GoodsReturn.__slots__),
        EvidenceRequestId: set(EvidenceRequest.__slots__),
        RemedyId: set(Remedy.__slots__),
    }
    for holdable in holds.HOLDABLE.values():
        assert set(holdable.carries) <= names.get(holdable.subject, set())
    deadlines = {name for name in Claim.__slots__ if name.endswith(("due_at", "opens_at", "escalates_at"))}
    carried = {name for each in holds.HOLDABLE.values() if each.subject is ClaimId for name in each.carries}
    assert deadlines <= carried, "a claim's new deadline must say with which clocks it moves"


def test_a_deadline_of_days_ends_with_a_day_and_one_of_hours_exactly() -> None:
    """A strike from 14:00 on Monday to 8:00 on Thursday, in New York; the deadline is the end of Friday there."""
    new_york = Calendar("US", "America/New_York")
    friday = dates.end_of_day(date(2026, 3, 6), new_york)
    which = replace(selection(), from_at=T + 10 * HOUR, until_at=T + 76 * HOUR)
    clock = replace(running(0, duty=Duty.ANSWER_CLAIM), due_at=friday)
    shown = {"answer_due_at": friday, "escalation_opens_at": friday + dates.MICROSECOND, "escalates_at": T + 5 * DAY}
    each = replace(matched(clock, **shown), calendar=new_york)
    held = holds.hold_clock(each, stands(which), {}, id=new(HeldClockId), at=T)
    monday = dates.end_of_day(date(2026, 3, 9), new_york)
    assert (held.clock.after.due_at, held.row.due_after) == (monday, monday), "66 hours, with clocks that go forward"
    assert held.moved["answer_due_at"] == monday
    assert held.moved["escalation_opens_at"] == monday + dates.MICROSECOND
    assert held.moved["escalates_at"] == T + 5 * DAY + 66 * HOUR, "this one was never the end of a day"
    again = replace(each, clock=held.clock.after, deadlines=held.moved, standing=(held.row,))
    longer = replace(which, until_at=which.until_at + HOUR)
    assert holds.catches(again, longer, T)
    more = holds.hold_clock(again, stands(longer), {}, id=new(HeldClockId), at=T)
    assert more.clock.after.due_at == monday, "one more hour lies within the day"
    for hold_row, left, expected in ((held.row, more.row, monday), (more.row, held.row, monday)):
        released = holds.release_clock(more.clock.after, of(hold_row, which), [held.row, more.row], new_york)
        assert released is None, expected
        alone = holds.release_clock(more.clock.after, of(left, which), [left], new_york)
        assert alone is not None
        assert alone.after.due_at == friday


# -- taken back -------------------------------------------------------------------------------------------------------

lengths = st.lists(st.tuples(st.integers(-20, 20), st.integers(1, 20)), min_size=1, max_size=4)


@given(st.integers(0, 30), lengths, st.sampled_from([None, UTC_DAYS, Calendar("US", "America/New_York")]), st.data())
def test_reversals_in_any_order_leave_what_would_have_been(
    due: int, found: list[Any], calendar: Calendar | None, data: Any
) -> None:
    """Clock and shown deadline alike: with the holds that are left, as if the others had never been."""
    whole = days(due) if calendar is None else dates.end_of_day(dates.local_day(days(due), calendar), calendar)
    clock, shown = replace(running(due, started=-30), due_at=whole), whole
    rows: list[HeldClock] = []
    applied: dict[ClockHoldId, ClockHold] = {}
    for start, length in found:
        which = selection(start, start + length)
        each = replace(matched(clock, *rows, closes_at=shown), calendar=calendar)
        if which.until_at <= T or not holds.catches(each, which, T):
            continue
        hold = stands(which)
        held = holds.hold_clock(each, hold, {}, id=new(HeldClockId), at=T)
        clock, shown = held.clock.after, held.moved["closes_at"]
        rows.append(held.row)
        applied[hold.id] = hold
        assert clock.due_at == shown == holds.postponed(whole, [row.span for row in rows], calendar)
    for id in data.draw(st.permutations(list(applied))):
        change = holds.release_clock(clock, applied[id], rows, calendar)
        clock = clock if change is None else change.after
        shown = holds.released_deadlines({"closes_at": shown}, applied[id], rows, calendar).get("closes_at", shown)
        rows = [row for row in rows if row.hold_id != id]
        assert clock.due_at == shown == holds.postponed(whole, [row.span for row in rows], calendar)
    assert clock.due_at == whole


def test_a_deadline_that_was_set_anew_since_stays() -> None:
    clock = running(3, duty=Duty.DECIDE_CLAIM)
    hold = stands(selection(0, 5))
    held = holds.hold_clock(matched(clock, due_at=days(3)), hold, {}, id=new(HeldClockId), at=T)
    assert holds.released_deadlines({"due_at": days(20)}, hold, [held.row]) == {}
    assert holds.released_deadlines({"due_at": days(8)}, hold, [held.row]) == {"due_at": days(3)}
    assert holds.released_deadlines({"due_at": None}, hold, [held.row]) == {}


def test_a_pause_since_stays_when_the_hold_goes() -> None:
    hold = stands(selection(0, 5))
    held = holds.hold_clock(matched(running(3)), hold, {}, id=new(HeldClockId), at=T)
    paused = clocks.pause(held.clock.after, "why", at=days(1)).after
    resumed = clocks.resume(paused, at=days(3)).after
    released = holds.release_clock(resumed, hold, [held.row])
    assert released is not None
    assert released.after.due_at == days(5), "three days and the two of the pause"


# -- refusals ---------------------------------------------------------------------------------------------------------


def test_a_selection_is_refused_with_everything_that_is_wrong() -> None:
    which = selection(
        -1, -100, duties=(Duty.COUPON_EXPIRY,), countries=("US",) * 101, from_area="nowhere", through=("CNSHA", "C1")
    )
    with pytest.raises(Invalid) as refused:
        holds.require_selection(which, T)
    fields = [problem.field for problem in refused.value.problems]
    assert fields == [
        ("which", "duties", "0"),
        ("which", "countries"),
        ("which", "fromArea"),
        ("which", "through", "1"),
        ("which", "until"),
        ("which", "until"),
    ]


def test_a_hold_says_where_and_for_how_long() -> None:
    with pytest.raises(Invalid, match="Say where"):
        holds.require_selection(selection(countries=()), T)
    with pytest.raises(Invalid, match="90 days"):
        holds.require_selection(selection(0, 90.001), T)
    with pytest.raises(Invalid, match="over already"):
        holds.require_selection(selection(-5, 0), T)
    holds.require_selection(selection(0, 90), T)
    holds.require_selection(selection(countries=(), provider_ids=(new(ProviderId),)), T)


@pytest.mark.parametrize(("count", "reason"), [(0, "hold_catches_clocks"), (holds.CLOCKS_MAX + 1, "hold_fits_at_once")])
def test_none_and_too_many_are_refused_with_the_reason(count: int, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        holds.require_fit(count, selection())
    assert [finding.reason for finding in refused.value.unmet] == [reason]
    holds.require_fit(holds.CLOCKS_MAX, selection())


def caller(*roles: Role) -> Caller:
    return Caller(
        new(TenantId), new(ApiKeyId), None, None, frozenset(roles), ViewerKind.STAFF, frozenset({Scope.WRITE})
    )


def test_a_hold_is_reversed_by_policy_while_it_stands_and_lasts() -> None:
    hold = stands(selection(0, 5))

    def unmet(hold: ClockHold, at: datetime, *roles: Role) -> list[str]:
        (move,) = holds.moves(hold, caller(*roles), at)
        return [finding.reason for finding in move.because]

    assert unmet(hold, days(4), Role.POLICY) == []
    assert unmet(hold, days(5), Role.ADMIN) == ["hold_not_over"]
    assert unmet(hold, days(4), Role.SUPPORT) == ["hold_action_of_your_role"]
    taken_back = holds.reverse_hold(hold, "It opened.", by="key", at=days(1)).after
    assert unmet(taken_back, days(2), Role.POLICY) == ["hold_stands"]
    assert replace(taken_back, version=1).reversed_at == days(1)


def test_the_explanation_counts_by_duty() -> None:
    caught = [matched(running(9)), matched(running(9)), matched(running(9, duty=Duty.NO_MOVEMENT))]
    tree = holds.explained(caught, selection())
    assert tree.holds
    assert [(found.reason, found.inputs.get("duty"), found.inputs.get("clocks")) for found in tree.because] == [
        ("hold_catches_clocks", None, 3),
        ("hold_fits_at_once", None, None),
        ("hold_stops_duty", "CLAIM_WINDOW", 2),
        ("hold_stops_duty", "NO_MOVEMENT", 1),
    ]
