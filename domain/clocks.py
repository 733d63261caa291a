"""Clocks: duties with a deadline, and what follows from silence.

How it works. Whatever must be done by somebody until some instant is a row: who, on what, until when, and, by its duty,
what happens if nobody does it (`SILENCE`). A worker takes rows that are over and lets the consequence happen in the
same transaction that marks them, so it happens exactly once (`api/worker.py`, `api/operations/clocks.py`).

    RUNNING -pause-> PAUSED -resume-> RUNNING
    RUNNING | PAUSED -complete-> DONE         the duty was done
    RUNNING | PAUSED -cancel-> CANCELLED      there is nothing left to do it for
    RUNNING -fire-> FIRED                     nobody did it, and the consequence followed

Laws: a deadline is an absolute instant, fixed when its clock starts; an act is in time if and only if `at <= due_at`,
the consequence follows if and only if `due_at < at`; a pause moves the deadline by exactly its own length, also when a
paused duty is done without being resumed first; a subject has at most one live clock per duty; an ended clock never
runs again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.change import Change, Fact, Happening
from domain.dates import MICROSECOND, rfc3339
from domain.errors import Refused
from domain.explain import Finding, unmet
from domain.ids import ClockId, Id
from domain.tenants import Tenant, TenantKind


class Duty(StrEnum):
    """What has to happen until a clock is due."""

    LATE_DELIVERY = "LATE_DELIVERY"
    """Somebody has to deliver the lines of an order that were promised for this day."""
    CLAIM_WINDOW = "CLAIM_WINDOW"
    """The buyer has to claim under a cover, if at all."""
    ANSWER_CLAIM = "ANSWER_CLAIM"
    """The liable party has to accept or contest a claim."""
    ESCALATE_CLAIM = "ESCALATE_CLAIM"
    """The buyer may call the desk, since the liable party did not answer."""
    DECIDE_CLAIM = "DECIDE_CLAIM"
    """The desk has to decide a claim."""
    COUPON_EXPIRY = "COUPON_EXPIRY"
    """The buyer has to spend a coupon, if at all."""
    ACCEPT_INVITATION = "ACCEPT_INVITATION"
    """The invited person has to accept, if at all."""


SILENCE: Final[Mapping[Duty, str]] = {
    Duty.LATE_DELIVERY: "The late lines are judged, and the clock of the next promise starts.",
    Duty.CLAIM_WINDOW: "The cover expires.",
    Duty.ANSWER_CLAIM: "The buyer may escalate.",
    Duty.ESCALATE_CLAIM: "The claim goes to the desk by itself.",
    Duty.DECIDE_CLAIM: "The claim is decided on its file.",
    Duty.COUPON_EXPIRY: "The coupon expires and what was contingent on it is released.",
    Duty.ACCEPT_INVITATION: "The invitation expires.",
}
"""Duty -> what follows if nobody does it. Total."""


class ClockState(StrEnum):
    """Where a clock stands."""

    RUNNING = "RUNNING"
    """Time counts."""
    PAUSED = "PAUSED"
    """Time stands still; the deadline moves when it goes on."""
    DONE = "DONE"
    """The duty was done."""
    FIRED = "FIRED"
    """The duty was not done, and the consequence followed."""
    CANCELLED = "CANCELLED"
    """There was nothing left to do."""


UNMOVED: Final = "clock.move"
"""The rule that keeps clocks where they are."""

LIVE: Final = frozenset({ClockState.RUNNING, ClockState.PAUSED})
"""States in which something may still happen."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A duty with a deadline. `party_id` must act (None: the marketplace's own desk, or nobody in particular).

    `calendar` is the market whose days were counted, None where the deadline is a number of exact hours.
    """

    id: ClockId
    subject_id: Id
    duty: Duty
    party_id: Id | None
    due_at: datetime
    calendar: str | None
    state: ClockState
    paused_at: datetime | None
    pause_reason: str | None
    started_at: datetime
    ended_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class MoveClock:
    """The wish that a sandbox's clock shows `to`, and then `runs` on or stands still until it is moved again."""

    to: datetime
    runs: bool = False


def start(
    duty: Duty,
    subject_id: Id,
    due_at: datetime,
    *,
    id: ClockId,
    at: datetime,
    party_id: Id | None = None,
    calendar: str | None = None,
) -> Change[Clock]:
    """A running clock. A deadline in the past is allowed: the consequence then follows at once."""
    clock = Clock(id, subject_id, duty, party_id, due_at, calendar, ClockState.RUNNING, None, None, at, None, version=1)
    return Change(None, clock, (_happening("clock.started", clock),))


def due(clock: Clock, at: datetime) -> bool:
    """Whether the consequence follows at `at`."""
    return clock.state is ClockState.RUNNING and clock.due_at < at


def first_instant_after(due_at: datetime) -> datetime:
    """When a consequence follows at the earliest: the microsecond after the deadline, whose own instant is in time."""
    return due_at + MICROSECOND


def pause(clock: Clock, reason: str, *, at: datetime) -> Change[Clock]:
    """Time stands still from `at`. Refuses a clock that does not run, and one whose deadline has passed."""
    _require(clock, frozenset({ClockState.RUNNING}), "clock.pause", "Only a running clock can be paused.")
    if due(clock, at):
        finding = Finding("clock.pause", False, "clock_not_over", {"dueAt": rfc3339(clock.due_at)})
        raise Refused("clock.pause", "Its deadline has passed already.", (finding,))
    return _step(clock, replace(clock, state=ClockState.PAUSED, paused_at=at, pause_reason=reason), "clock.paused")


def resume(clock: Clock, *, at: datetime) -> Change[Clock]:
    """Time counts again from `at`; the deadline is later by as long as it stood still. Refuses unless paused."""
    _require(clock, frozenset({ClockState.PAUSED}), "clock.resume", "Only a paused clock can be resumed.")
    return _step(clock, replace(_awake(clock, at), state=ClockState.RUNNING), "clock.resumed")


def complete(clock: Clock, *, at: datetime) -> Change[Clock]:
    """The duty was done at `at`. A pause that lasted until now has moved the deadline. Refuses an ended clock."""
    return _end(clock, ClockState.DONE, "complete", at)


def cancel(clock: Clock, *, at: datetime) -> Change[Clock]:
    """There is nothing left to do it for. Refuses an ended clock."""
    return _end(clock, ClockState.CANCELLED, "cancel", at)


def fire(clock: Clock, *, at: datetime) -> Change[Clock]:
    """Nobody did it: the consequence follows at `at`. Refuses with ValueError a clock that is not due."""
    if not due(clock, at):
        raise ValueError(f"{clock.id} is not due at {at}")
    return _step(clock, replace(clock, state=ClockState.FIRED, ended_at=at), "clock.fired")


def movable(tenant: Tenant, to: datetime, shows: datetime) -> tuple[Finding, ...]:
    """Whether the tenant's clock, which shows `shows`, can be moved to `to`: a sandbox's, forwards."""
    return (
        Finding(UNMOVED, tenant.kind is TenantKind.SANDBOX, "clock_of_sandbox", {"kind": tenant.kind.name}),
        Finding(UNMOVED, to > shows, "clock_forwards", {"to": rfc3339(to), "shows": rfc3339(shows)}),
    )


def move_clock(tenant: Tenant, command: MoveClock, *, shows: datetime, real_now: datetime) -> Change[Tenant]:
    """The sandbox's clock shows `to` from `real_now`, the real instant, on. What was due on the way has fired before.

    Refuses a live tenant and a move that is not forwards from `shows`.
    """
    if because := unmet(movable(tenant, command.to, shows)):
        raise Refused(UNMOVED, "Only a sandbox's clock can be moved, and only forwards.", because)
    after = replace(
        tenant, clock_at=command.to, clock_set_at=real_now, clock_runs=command.runs, version=tenant.version + 1
    )
    facts: dict[str, Fact] = {"from": rfc3339(shows), "to": rfc3339(command.to), "runs": command.runs}
    return Change(tenant, after, (Happening("tenant.clock_moved", facts),))


def _end(clock: Clock, state: ClockState, verb: str, at: datetime) -> Change[Clock]:
    _require(clock, LIVE, f"clock.{verb}", "The clock has ended already.")
    return _step(clock, replace(_awake(clock, at), state=state, ended_at=at), f"clock.{_PAST[state]}")


_PAST: Final = {ClockState.DONE: "completed", ClockState.CANCELLED: "cancelled"}


def _awake(clock: Clock, at: datetime) -> Clock:
    """The clock without its pause, if it has one: the deadline is moved by the pause's length."""
    if clock.paused_at is None:
        return clock
    return replace(clock, due_at=clock.due_at + (at - clock.paused_at), paused_at=None, pause_reason=None)


def _require(clock: Clock, states: frozenset[ClockState], rule: str, message: str) -> None:
    if clock.state not in states:
        raise Refused(rule, message, (Finding(rule, False, "clock_state", {"state": clock.state.value}),))


def _step(clock: Clock, after: Clock, name: str) -> Change[Clock]:
    after = replace(after, version=clock.version + 1)
    return Change(clock, after, (_happening(name, after),))


def _happening(name: str, clock: Clock) -> Happening:
    return Happening(name, {"duty": clock.duty.value, "subjectId": clock.subject_id})
