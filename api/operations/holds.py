"""Clock holds: force majeure stops many clocks at once, and is taken back.

Locks are taken in the order of the house (orders, shipments, covers, claims, services, clocks), so that whoever acts on
one of these things waits for the hold or the hold for it; a clock that a worker is firing is left to the worker.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from api.operations import certificates
from domain import access, holds
from domain.change import Change
from domain.claims import Claim, ClaimEvent, Side
from domain.decisions import DecisionKind, decision
from domain.holds import ApplyClockHold, ClockHold, Held, HoldAction, Matched, ReverseClockHold, Selection
from domain.ids import ClockHoldId, DecisionId, EventId, HeldClockId
from domain.moves import require
from storage import holds as hold_rows
from storage.holds import Under
from storage.unit_of_work import Outcome, Work


async def apply_clock_hold(work: Work, command: ApplyClockHold) -> Outcome:
    """Every open clock that matches stands still for the span, and the deadlines of its claim or cover with it.

    Refuses with Invalid a selection that makes no sense, with Refused one that catches no clock or too many.
    """
    access.require(work.caller, "applyClockHold")
    holds.require_selection(command.which, work.at)
    found = await hold_rows.matching(work.connection, work.tenant_id, command.which, work.at)
    holds.require_fit(len(found), command.which)
    under = await hold_rows.lock_found(work.connection, work.tenant_id, found)
    caught = [each for each in hold_rows.matched(found, under) if holds.catches(each, command.which, work.at)]
    decided = work.new_id(DecisionId)
    change = holds.apply_hold(
        command,
        len(caught),
        id=work.new_id(ClockHoldId),
        decision_id=decided,
        by=work.caller.actor_id,
        at=work.at,
    )
    hold = change.after
    work.add(_decision(work, hold, caught, command.which))
    await work.keep(change)
    held = _held(work, hold, caught)
    work.add(*(each.row for each in held))
    moved: dict[str, dict[str, datetime]] = {}
    for each in held:
        moved.setdefault(each.row.subject_id, {}).update(each.moved)
    await _keep(work, hold, [each.clock for each in held], under, moved, command.reason)
    await certificates.tell_hold(work, hold.id)
    return Outcome({"clockHold": hold.id}, {"clocks": len(held)})


async def reverse_clock_hold(work: Work, command: ReverseClockHold) -> Outcome:
    """The clocks are as if the hold had never been; those that are over by then fire next, each once.

    Refuses a hold that was taken back before or whose span is over; with Conflict a stale version.
    """
    access.require(work.caller, "reverseClockHold")
    hold = await hold_rows.lock(work.connection, work.tenant_id, command.hold_id)
    work.expect(hold)
    require(holds.moves(hold, work.caller, work.at), HoldAction.REVERSE_CLOCK_HOLD.value, "clock_hold.reverse")
    found = await hold_rows.rows_of(work.connection, work.tenant_id, hold.id)
    under = await hold_rows.lock_found(work.connection, work.tenant_id, found)
    change = holds.reverse_hold(hold, command.reason, by=work.caller.actor_id, at=work.at)
    released = [
        holds.release_clock(
            clock,
            hold,
            [row for row in _standing(under, clock.subject_id) if row.clock_id == clock.id],
            under.calendars.get(clock.subject_id),
        )
        for clock in under.clocks
    ]
    moved = {
        id: holds.released_deadlines(under.deadlines(id), hold, _standing(under, id), under.calendars.get(id))
        for id in (*under.subjects, *under.requests)
    }
    await work.keep(change)
    clocks = [each for each in released if each is not None]
    await _keep(work, change.after, clocks, under, moved, command.reason)
    await certificates.tell_release(work, hold.id)
    return Outcome({"clockHold": hold.id}, {"clocks": len(clocks)})


def _held(work: Work, hold: ClockHold, caught: Sequence[Matched]) -> list[Held]:
    """Each clock under the hold; a deadline that two clocks of one thing carry moves with the first."""
    held: list[Held] = []
    taken: dict[str, dict[str, datetime]] = {}
    for each in caught:
        known = taken.setdefault(each.clock.subject_id, {})
        one = holds.hold_clock(each, hold, known, id=work.new_id(HeldClockId), at=work.at)
        known.update(one.moved)
        held.append(one)
    return held


async def _keep(
    work: Work,
    hold: ClockHold,
    clocks: Iterable[Change[Any]],
    under: Under,
    moved: Mapping[str, Mapping[str, datetime]],
    reason: str,
) -> None:
    """Clocks and what they are of are kept in batches; each claim's history says why."""
    changes: list[Change[Any]] = list(clocks)
    levels: dict[str, dict[str, datetime]] = {}
    for id, deadlines in moved.items():
        if deadlines and id in under.requests:
            levels.setdefault(under.requests[id].id, {})[id] = deadlines["due_at"]
        elif deadlines:
            change = holds.moved_subject(under.subjects[id], deadlines, hold, work.at)
            changes.append(change)
            if isinstance(change.after, Claim):
                name = change.happened[0].name
                work.add(ClaimEvent(work.new_id(EventId), change.after.id, name, Side.STAFF, reason, work.at))
    requests = {str(request.id): request for request in under.requests.values()}
    changes += [holds.moved_levels(requests[id], due_at, hold, work.at) for id, due_at in levels.items()]
    await work.keep_all(changes)


def _standing(under: Under, subject_id: str) -> Sequence[holds.HeldClock]:
    return under.standing.get(subject_id, ())


def _decision(work: Work, hold: ClockHold, caught: Sequence[Matched], which: Selection) -> Any:
    tree = holds.explained(caught, which)
    by = work.caller.actor_id
    return decision(hold.decision_id, hold.id, DecisionKind.HOLD, tree, at=work.at, decided_by=by, rule_version_ids=())
