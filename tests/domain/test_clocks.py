"""Duties: in time up to and with the last instant, a consequence from the first one after."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from domain import clocks
from domain.change import Change
from domain.clocks import LIVE, SILENCE, Clock, ClockState, Duty, MoveClock
from domain.errors import Refused
from domain.ids import ClaimId, ClockId, TenantId
from domain.tenants import BETWEEN_BUSINESSES, Tenant, TenantKind

AT: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
DUE_AT: Final = datetime(2026, 3, 8, 23, 59, 59, 999_999, tzinfo=UTC)
GRAIN: Final = timedelta(microseconds=1)
ID, SUBJECT = ClockId.mint(1, 1), ClaimId.mint(1, 1)
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
LENGTHS = st.timedeltas(timedelta(0), timedelta(days=400))


def started(due_at: datetime = DUE_AT) -> Clock:
    return clocks.start(Duty.ANSWER_CLAIM, SUBJECT, due_at, id=ID, at=AT).after


def test_every_duty_says_what_silence_means() -> None:
    assert set(SILENCE) == set(Duty)
    assert all(sentence.endswith(".") for sentence in SILENCE.values())


def test_a_clock_starts_running() -> None:
    change = clocks.start(Duty.ANSWER_CLAIM, SUBJECT, DUE_AT, id=ID, at=AT, party_id=SUBJECT, calendar="US")
    assert change.before is None
    assert change.after == Clock(
        ID, SUBJECT, Duty.ANSWER_CLAIM, SUBJECT, DUE_AT, "US", ClockState.RUNNING, None, None, AT, None, 1
    )
    assert [happening.name for happening in change.happened] == ["clock.started"]
    assert change.happened[0].facts == {"duty": "ANSWER_CLAIM", "subjectId": SUBJECT}


def test_the_last_instant_is_in_time_and_the_next_one_is_not() -> None:
    clock = started()
    assert not clocks.due(clock, DUE_AT - GRAIN)
    assert not clocks.due(clock, DUE_AT)
    assert clocks.due(clock, DUE_AT + GRAIN)
    assert clocks.first_instant_after(DUE_AT) == DUE_AT + GRAIN


def test_a_consequence_follows_once_and_never_early() -> None:
    with pytest.raises(ValueError, match="is not due"):
        clocks.fire(started(), at=DUE_AT)
    fired = clocks.fire(started(), at=DUE_AT + GRAIN)
    assert (fired.after.state, fired.after.ended_at, fired.after.version) == (ClockState.FIRED, DUE_AT + GRAIN, 2)
    assert [happening.name for happening in fired.happened] == ["clock.fired"]
    with pytest.raises(ValueError, match="is not due"):
        clocks.fire(fired.after, at=DUE_AT + 2 * GRAIN)


@given(due_at=INSTANTS, at=INSTANTS)
def test_due_is_exactly_after(due_at: datetime, at: datetime) -> None:
    assert clocks.due(started(due_at), at) is (due_at < at)


@given(held=LENGTHS)
def test_a_pause_moves_the_deadline_by_its_own_length(held: timedelta) -> None:
    paused = clocks.pause(started(), "a storm", at=AT).after
    assert (paused.state, paused.paused_at, paused.pause_reason) == (ClockState.PAUSED, AT, "a storm")
    assert paused.due_at == DUE_AT
    assert not clocks.due(paused, DUE_AT + timedelta(days=1_000))
    resumed = clocks.resume(paused, at=AT + held).after
    assert (resumed.state, resumed.paused_at, resumed.pause_reason) == (ClockState.RUNNING, None, None)
    assert resumed.due_at == DUE_AT + held


@given(held=LENGTHS)
def test_a_hold_straight_to_done_keeps_its_hold_time(held: timedelta) -> None:
    paused = clocks.pause(started(), "a storm", at=AT).after
    done = clocks.complete(paused, at=AT + held).after
    assert (done.state, done.paused_at, done.ended_at) == (ClockState.DONE, None, AT + held)
    assert done.due_at == DUE_AT + held


def test_what_is_over_cannot_be_paused() -> None:
    assert clocks.pause(started(), "late", at=DUE_AT).after.state is ClockState.PAUSED
    with pytest.raises(Refused, match="has passed") as refusal:
        clocks.pause(started(), "too late", at=DUE_AT + GRAIN)
    assert refusal.value.rule == "clock.pause"
    assert [finding.reason for finding in refusal.value.unmet] == ["clock_not_over"]


def test_moves_that_the_life_does_not_have_are_refused_with_the_reason() -> None:
    running = started()
    paused = clocks.pause(running, "a storm", at=AT).after
    done = clocks.complete(running, at=AT).after
    refused: tuple[Callable[[], Change[Clock]], ...] = (
        lambda: clocks.resume(running, at=AT),
        lambda: clocks.pause(paused, "again", at=AT),
        lambda: clocks.pause(done, "again", at=AT),
        lambda: clocks.resume(done, at=AT),
        lambda: clocks.complete(done, at=AT),
        lambda: clocks.cancel(done, at=AT),
    )
    for step in refused:
        with pytest.raises(Refused) as refusal:
            step()
        assert [finding.reason for finding in refusal.value.unmet] == ["clock_state"]


class ClockLife(RuleBasedStateMachine):
    """Whatever is done to a clock in whatever order, its laws hold."""

    def __init__(self) -> None:
        super().__init__()
        self.now = AT
        self.clock = started()
        self.held = timedelta(0)

    def take(self, change: Change[Clock]) -> None:
        assert change.before is self.clock
        assert change.after.version == self.clock.version + 1
        self.clock = change.after

    @rule(microseconds=st.integers(0, 5 * 86_400 * 10**6))
    def time_passes(self, microseconds: int) -> None:
        length = timedelta(microseconds=microseconds)
        self.now += length
        if self.clock.state is ClockState.PAUSED:
            self.held += length

    @precondition(lambda self: self.clock.state is ClockState.RUNNING and not clocks.due(self.clock, self.now))
    @rule()
    def is_paused(self) -> None:
        self.take(clocks.pause(self.clock, "a storm", at=self.now))

    @precondition(lambda self: self.clock.state is ClockState.PAUSED)
    @rule()
    def is_resumed(self) -> None:
        self.take(clocks.resume(self.clock, at=self.now))

    @precondition(lambda self: clocks.due(self.clock, self.now))
    @rule()
    def is_fired(self) -> None:
        self.take(clocks.fire(self.clock, at=self.now))

    @precondition(lambda self: self.clock.state in LIVE)
    @rule(cancelled=st.booleans())
    def ends(self, cancelled: bool) -> None:
        self.take((clocks.cancel if cancelled else clocks.complete)(self.clock, at=self.now))

    @invariant()
    def the_deadline_is_later_by_the_pauses(self) -> None:
        if self.clock.state is not ClockState.PAUSED:
            assert self.clock.due_at == DUE_AT + self.held

    @invariant()
    def states_and_instants_agree(self) -> None:
        assert (self.clock.state is ClockState.PAUSED) == (self.clock.paused_at is not None)
        assert (self.clock.state in LIVE) == (self.clock.ended_at is None)


TestClockLife = ClockLife.TestCase


def tenant(kind: TenantKind) -> Tenant:
    return Tenant(
        TenantId.mint(1, 1), "Fair", kind, "US", "USD", None, None, True, False, BETWEEN_BUSINESSES, bytes(32), AT, 4
    )


def test_a_sandboxs_clock_moves_forwards() -> None:
    moved = clocks.move_clock(tenant(TenantKind.SANDBOX), MoveClock(DUE_AT), shows=AT, real_now=AT + GRAIN)
    after = moved.after
    assert (after.clock_at, after.clock_set_at, after.clock_runs, after.version) == (DUE_AT, AT + GRAIN, False, 5)
    assert moved.happened[0].name == "tenant.clock_moved"
    runs = clocks.move_clock(tenant(TenantKind.SANDBOX), MoveClock(DUE_AT, runs=True), shows=AT, real_now=AT)
    assert runs.after.clock_runs is True


@pytest.mark.parametrize(
    ("kind", "to", "reasons"),
    [
        (TenantKind.LIVE, DUE_AT, ["clock_of_sandbox"]),
        (TenantKind.SANDBOX, AT, ["clock_forwards"]),
        (TenantKind.SANDBOX, AT - GRAIN, ["clock_forwards"]),
        (TenantKind.LIVE, AT, ["clock_of_sandbox", "clock_forwards"]),
    ],
)
def test_a_live_clock_and_a_move_backwards_are_refused(kind: TenantKind, to: datetime, reasons: list[str]) -> None:
    with pytest.raises(Refused) as refusal:
        clocks.move_clock(tenant(kind), MoveClock(to), shows=AT, real_now=AT)
    assert refusal.value.rule == "clock.move"
    assert [finding.reason for finding in refusal.value.unmet] == reasons
