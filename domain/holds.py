"""Clock holds: force majeure stops the clocks of what it hinders, all at once, and can be taken back (`domain.md` B17).

How it works. Staff say where (lane, place, country of delivery, provider), which duties, and from when until when.
Every matching clock that is open stands still for that span: its deadline moves at once by as long as the clock and the
span overlap, and with it the deadlines that its claim, cover, service or return shows. A deadline of days lands at the
end of the local day that it then falls on (decision 0181), one of hours exactly. A hold is an extension that is
known when it is given, not a pause that somebody has to end (decision 0150): whoever waits sees the new instant, and
nothing need run on time when the span is over.

    APPLIED -reverse (while its span lasts)-> REVERSED

Laws: only open clocks that match are moved, each once per hold; a deadline that has passed stays passed; no held clock
fires within the span; holds that overlap on a clock stop it once; a clock that starts later is not held, since whoever
set it knew; after a reversal every deadline is what it would have been without that hold, and what is over by then
fires next; the promise to the buyer never moves: its judging does, and its certificate tells of it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from domain import dates
from domain.access import Caller, may
from domain.change import Change, Happening
from domain.clocks import Clock, Duty
from domain.dates import Calendar, rfc3339
from domain.errors import Invalid, Problem, Refused
from domain.explain import Finding, every, unmet
from domain.ids import (
    ClaimId,
    ClockHoldId,
    ClockId,
    CoverageId,
    DecisionId,
    EvidenceRequestId,
    GoodsReturnId,
    HeldClockId,
    Id,
    OrderId,
    ProviderId,
    RemedyId,
    ServiceLevelId,
    ShipmentId,
)
from domain.moves import Move
from domain.places import Area
from domain.service_requests import ServiceRequest

RULE: Final = "clock.hold"
"""The rule that decides which clocks a hold stops."""

CLOCKS_MAX: Final = 10_000
"""Clocks of one hold: they move in one transaction, of a few seconds at that size. More are held part by part."""

LENGTH_MAX: Final = timedelta(days=90)
"""The longest span of one hold. A closure that lasts longer is looked at again, and held by another."""

LISTED_MAX: Final = 100
"""Countries, places or providers of one hold."""


@dataclass(frozen=True, slots=True)
class Holdable:
    """What the clocks of a duty are about, and the deadlines that move on that thing together with the clock."""

    subject: type[Id]
    carries: tuple[str, ...] = ()


HOLDABLE: Final[Mapping[Duty, Holdable]] = {
    # The window to apply moves with the judging, or it could close before the judging that waits.
    Duty.LATE_DELIVERY: Holdable(CoverageId, ("closes_at",)),
    Duty.CLAIM_WINDOW: Holdable(CoverageId, ("closes_at",)),
    Duty.ANSWER_CLAIM: Holdable(ClaimId, ("answer_due_at", "escalation_opens_at", "escalates_at", "due_at")),
    Duty.ESCALATE_CLAIM: Holdable(ClaimId, ("escalates_at", "due_at")),
    Duty.ANSWER_OFFER: Holdable(ClaimId, ("negotiation_ends_at", "due_at")),
    Duty.AGREE_ON_CLAIM: Holdable(ClaimId, ("negotiation_ends_at", "due_at")),
    Duty.TAKE_UP_CLAIM: Holdable(ClaimId, ("due_at",)),
    Duty.SUBMIT_EVIDENCE: Holdable(ClaimId, ("due_at",)),
    Duty.DECIDE_CLAIM: Holdable(ClaimId, ("due_at",)),
    Duty.NO_MOVEMENT: Holdable(ShipmentId),
    Duty.PRESUME_LOST: Holdable(ShipmentId),
    Duty.REACH_SERVICE_LEVEL: Holdable(ServiceLevelId, ("due_at",)),
    Duty.ARRANGE_RETURN: Holdable(GoodsReturnId, ("due_at",)),
    Duty.SEND_RETURN: Holdable(GoodsReturnId, ("leave_due_at", "due_at")),
    Duty.RECEIVE_RETURN: Holdable(GoodsReturnId, ("due_at",)),
    Duty.INSPECT_RETURN: Holdable(GoodsReturnId, ("due_at",)),
    Duty.BRING_EVIDENCE: Holdable(EvidenceRequestId, ("due_at",)),
    Duty.PROVIDE_REMEDY: Holdable(RemedyId, ("due_at",)),
}
"""The duties that force majeure can hinder. Coupons, notices and the desk's own affairs run on."""


class HoldState(StrEnum):
    """Whether a hold stands."""

    APPLIED = "APPLIED"
    """It moved the clocks, and they stay moved."""
    REVERSED = "REVERSED"
    """It was taken back: the clocks are as if it had never been."""


class HoldAction(StrEnum):
    """What can be done with a hold; the value is the mutation's name in capitals."""

    REVERSE_CLOCK_HOLD = "REVERSE_CLOCK_HOLD"
    """Take the hold back."""


@dataclass(frozen=True, slots=True)
class Span:
    """Time that does not count: half-open."""

    from_at: datetime
    until_at: datetime


@dataclass(frozen=True, slots=True)
class Selection:
    """Which clocks: all conditions hold, and within a list one of them does. Areas are keys (`domain/places.py`).

    `countries` are those of delivery; a shipment goes `from_area` `to_area` by its legs, and `through` an area if a leg
    begins or ends there; `provider_ids` carry the goods or gave the promise. No duties: all that can be held.
    """

    duties: tuple[Duty, ...]
    countries: tuple[str, ...]
    from_area: str | None
    to_area: str | None
    through: tuple[str, ...]
    provider_ids: tuple[ProviderId, ...]
    from_at: datetime
    until_at: datetime

    @property
    def span(self) -> Span:
        """The time that does not count."""
        return Span(self.from_at, self.until_at)

    def duties_of(self, subject: type[Id]) -> tuple[Duty, ...]:
        """The selected duties about things of that kind."""
        wanted = self.duties or tuple(HOLDABLE)
        return tuple(duty for duty in wanted if HOLDABLE[duty].subject is subject)


@dataclass(frozen=True, slots=True)
class ApplyClockHold:
    """The wish to hold those clocks; the parties read the reason."""

    which: Selection
    reason: str


@dataclass(frozen=True, slots=True)
class ReverseClockHold:
    """The wish to take a hold back; the parties read the reason."""

    hold_id: ClockHoldId
    reason: str


@dataclass(frozen=True, slots=True)
class ClockHold:
    """A hold, and how many clocks it moved."""

    id: ClockHoldId
    state: HoldState
    reason: str
    which: Selection
    clocks: int
    decision_id: DecisionId
    applied_at: datetime
    applied_by: str
    reversed_at: datetime | None
    reversed_by: str | None
    reverse_reason: str | None
    version: int


@dataclass(frozen=True, slots=True)
class HeldClock:
    """One clock under one hold: when it stood still, and its deadline. Never changes.

    `due_free` is the deadline without any hold. `carried` are the deadlines of the claim or cover that moved with it:
    name -> its instant without any hold, as text.
    """

    id: HeldClockId
    hold_id: ClockHoldId
    clock_id: ClockId
    subject_id: Id
    order_id: OrderId
    duty: Duty
    from_at: datetime
    until_at: datetime
    due_free: datetime
    due_before: datetime
    due_after: datetime
    carried: Mapping[str, str]

    @property
    def span(self) -> Span:
        """When the clock stood still for this hold."""
        return Span(self.from_at, self.until_at)


@dataclass(frozen=True, slots=True)
class Matched:
    """A clock that matches, the order it is about, its thing's deadlines, and the holds that stand on that thing."""

    clock: Clock
    order_id: OrderId
    deadlines: Mapping[str, datetime | None]
    standing: tuple[HeldClock, ...] = ()
    calendar: Calendar | None = None
    """The days in which its deadlines are counted; None where they are counted in exact hours."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a hold does to one clock; `moved` are the deadlines of its thing that move with it."""

    row: HeldClock
    clock: Change[Clock]
    moved: Mapping[str, datetime]


def moved(deadline: datetime, spans: Iterable[Span]) -> datetime:
    """The deadline of a clock that stood still in each of those spans, once where they overlap.

    A span that begins after the deadline finds the clock run out already, and moves nothing.
    """
    reached: datetime | None = None
    for span in sorted(spans, key=lambda each: (each.from_at, each.until_at)):
        begins = span.from_at if reached is None else max(span.from_at, reached)
        if begins <= deadline and begins < span.until_at:
            deadline += span.until_at - begins
            reached = span.until_at
    return deadline


def postponed(deadline: datetime, spans: Iterable[Span], calendar: Calendar | None) -> datetime:
    """As `moved`, but a deadline of days ends with the local day that it then falls on."""
    found = list(spans)
    exactly = moved(deadline, found)
    if calendar is None or exactly == deadline:
        return exactly
    reached = max(span.until_at for span in found if span.from_at <= exactly)
    return dates.postponed(deadline, exactly - deadline, calendar, not_before=reached)


def require_selection(which: Selection, at: datetime) -> None:
    """Nothing, if the selection makes sense at `at`. Refuses with Invalid, naming everything that is wrong."""
    wrong: list[tuple[tuple[str, ...], str]] = [
        (("duties", str(place)), f"Force majeure does not hold {duty.value}.")
        for place, duty in enumerate(which.duties)
        if duty not in HOLDABLE
    ]
    if not (which.countries or which.from_area or which.to_area or which.through or which.provider_ids):
        wrong.append(((), "Say where: a country, a lane, a place or a provider."))
    lists = {"countries": which.countries, "through": which.through, "providerIds": which.provider_ids}
    wrong += [((name,), f"At most {LISTED_MAX}.") for name, values in lists.items() if len(values) > LISTED_MAX]
    wrong += [(problem.field[1:], problem.message) for problem in area_problems(which)]
    if which.until_at <= which.from_at:
        wrong.append((("until",), "It ends after it begins."))
    elif which.until_at - which.from_at > LENGTH_MAX:
        wrong.append((("until",), f"At most {LENGTH_MAX.days} days; a longer closure is held again."))
    if which.until_at <= at:
        wrong.append((("until",), "It is over already: what was due in it has had its consequence."))
    if wrong:
        raise Invalid(*(Problem(("which", *path), message) for path, message in wrong))


def area_problems(which: Selection) -> Iterator[Problem]:
    """Which of the areas that the selection names are none."""
    areas: list[tuple[tuple[str, ...], str | None]] = [(("fromArea",), which.from_area), (("toArea",), which.to_area)]
    areas += [(("through", str(place)), area) for place, area in enumerate(which.through)]
    for path, area in areas:
        if area is not None and (reason := _wrong_area(area)):
            yield Problem(("which", *path), f"{reason}.")


def _wrong_area(key: str) -> str | None:
    """What is wrong with the key of an area; None when nothing is."""
    try:
        Area.parse(key)
    except ValueError as reason:
        return str(reason)
    return None


def catches(matched: Matched, which: Selection, at: datetime) -> bool:
    """Whether the hold would move that clock: it runs, it is not over, and it counts in some of the span."""
    clock = matched.clock
    if clock.ended_at is not None or clock.paused_at is not None or clock.due_at < at:
        return False
    span = _span(clock, which)
    free, spans = _free_clock(matched)
    return span.from_at < span.until_at and moved(free, (*spans, span)) > moved(free, spans)


def fits(caught: int, which: Selection) -> tuple[Finding, ...]:
    """Whether that many clocks can be held at once: at least one, and no more than one transaction carries."""
    span = {"from": rfc3339(which.from_at), "until": rfc3339(which.until_at)}
    return (
        Finding(RULE, caught > 0, "hold_catches_clocks", {"clocks": caught, **span}),
        Finding(RULE, caught <= CLOCKS_MAX, "hold_fits_at_once", {"most": CLOCKS_MAX}),
    )


def require_fit(caught: int, which: Selection) -> None:
    """Nothing, if that many clocks can be held at once. Refuses with every reason."""
    if because := unmet(fits(caught, which)):
        raise Refused(RULE, "These clocks cannot be held.", because)


def apply_hold(
    wish: ApplyClockHold, clocks: int, *, id: ClockHoldId, decision_id: DecisionId, by: str, at: datetime
) -> Change[ClockHold]:
    """The hold stands, over that many clocks. Refuses none and too many."""
    require_fit(clocks, wish.which)
    hold = ClockHold(
        id, HoldState.APPLIED, wish.reason, wish.which, clocks, decision_id, at, by, None, None, None, version=1
    )
    return Change(None, hold, (_told("clock_hold.applied", hold),))


def explained(caught: Sequence[Matched], which: Selection) -> Finding:
    """Why those clocks: what fits, and how many of each duty."""
    counted: dict[Duty, int] = {}
    for each in caught:
        counted[each.clock.duty] = counted.get(each.clock.duty, 0) + 1
    by_duty = (
        Finding(RULE, True, "hold_stops_duty", {"duty": duty.value, "clocks": counted[duty]})
        for duty in sorted(counted)
    )
    return every(RULE, "clocks_held", (*fits(len(caught), which), *by_duty))


def hold_clock(
    matched: Matched, hold: ClockHold, taken: Mapping[str, datetime], *, id: HeldClockId, at: datetime
) -> Held:
    """The clock stands still for its part of the span; so do the deadlines of its thing that have not passed.

    `taken` are those that another clock of the same thing moved under this hold already: they move once.
    """
    clock, span = matched.clock, _span(matched.clock, hold.which)
    free, spans = _free_clock(matched)
    calendar = matched.calendar
    due_at = clock.due_at + (postponed(free, (*spans, span), calendar) - postponed(free, spans, calendar))
    carried: dict[str, str] = {}
    changed: dict[str, datetime] = {}
    for name in HOLDABLE[clock.duty].carries:
        value = matched.deadlines.get(name)
        if value is None or value < at or name in taken:
            continue
        unheld, others = _free_deadline(value, name, matched.standing, calendar)
        carried[name] = unheld.isoformat()
        changed[name] = postponed(unheld, (*(row.span for row in others), span), calendar)
    row = HeldClock(
        id=id,
        hold_id=hold.id,
        clock_id=clock.id,
        subject_id=clock.subject_id,
        order_id=matched.order_id,
        duty=clock.duty,
        from_at=span.from_at,
        until_at=span.until_at,
        due_free=free,
        due_before=clock.due_at,
        due_after=due_at,
        carried=carried,
    )
    return Held(row, _moved_clock(clock, due_at, "clock.held", hold), changed)


def release_clock(
    clock: Clock, hold: ClockHold, standing: Sequence[HeldClock], calendar: Calendar | None = None
) -> Change[Clock] | None:
    """The clock as it would be without that hold; None where other holds cover the same time.

    `standing` are the clock's rows of all holds that stand, this one among them.
    """
    free, spans = _free(clock.due_at, standing, calendar)
    left = [row.span for row in standing if row.hold_id != hold.id]
    due_at = clock.due_at + (postponed(free, left, calendar) - postponed(free, spans, calendar))
    return None if due_at == clock.due_at else _moved_clock(clock, due_at, "clock.released", hold)


def released_deadlines(
    deadlines: Mapping[str, datetime | None],
    hold: ClockHold,
    standing: Sequence[HeldClock],
    calendar: Calendar | None = None,
) -> dict[str, datetime]:
    """The deadlines of a claim or cover as they would be without that hold; what was set anew since stays.

    `standing` are the thing's rows of all holds that stand, this one among them.
    """
    changed: dict[str, datetime] = {}
    for name in sorted({name for row in standing if row.hold_id == hold.id for name in row.carried}):
        value = deadlines.get(name)
        if value is None:
            continue
        free, rows = _free_deadline(value, name, standing, calendar)
        restored = postponed(free, [row.span for row in rows if row.hold_id != hold.id], calendar)
        if restored != value:
            changed[name] = restored
    return changed


def moved_subject(subject: Any, deadlines: Mapping[str, datetime], hold: ClockHold, at: datetime) -> Change[Any]:
    """The claim, cover or return shows those deadlines; its parties are told."""
    touched = {"updated_at": at} if hasattr(subject, "updated_at") else {}
    after = replace(subject, **deadlines, **touched, version=subject.version + 1)
    return _moved_thing(subject, after, _NOUNS.get(type(subject).__name__, type(subject).__name__.lower()), hold)


def moved_levels(
    request: ServiceRequest, due_at: Mapping[str, datetime], hold: ClockHold, at: datetime
) -> Change[ServiceRequest]:
    """The milestones of the service request show those deadlines, by their ids; its parties are told."""
    levels = tuple(replace(level, due_at=due_at[level.id]) if level.id in due_at else level for level in request.levels)
    after = replace(request, levels=levels, updated_at=at, version=request.version + 1)
    return _moved_thing(request, after, "service_request", hold)


def _moved_thing(before: Any, after: Any, noun: str, hold: ClockHold) -> Change[Any]:
    facts = {"orderId": before.order_id, "holdId": hold.id, "until": rfc3339(hold.which.until_at)}
    return Change(before, after, (Happening(f"{noun}.{_PAST[hold.state]}", facts),))


_PAST: Final = {HoldState.APPLIED: "held", HoldState.REVERSED: "released"}
_NOUNS: Final = {"GoodsReturn": "return", "EvidenceRequest": "evidence_request"}
"""Class -> its noun in the names of happenings, where that is not the class's own name."""


def moves(hold: ClockHold, caller: Caller, at: datetime) -> tuple[Move, ...]:
    """What the caller may do with the hold at `at`, and why not.

    It can be reversed while its span lasts: until then no clock that it holds has fired.
    """
    until = rfc3339(hold.which.until_at)
    findings = (
        Finding("clock_hold.role", may(caller, "reverseClockHold"), "hold_action_of_your_role"),
        Finding("clock_hold.state", hold.state is HoldState.APPLIED, "hold_stands", {"state": hold.state.value}),
        Finding("clock_hold.span", at < hold.which.until_at, "hold_not_over", {"until": until}, closes_at=until),
    )
    closes_at = hold.which.until_at - dates.MICROSECOND if hold.state is HoldState.APPLIED else None
    return (Move(HoldAction.REVERSE_CLOCK_HOLD.value, unmet(findings), closes_at=closes_at),)


def reverse_hold(hold: ClockHold, reason: str, *, by: str, at: datetime) -> Change[ClockHold]:
    """The hold is taken back at `at`. Its moves say whether it can be."""
    after = replace(
        hold,
        state=HoldState.REVERSED,
        reversed_at=at,
        reversed_by=by,
        reverse_reason=reason,
        version=hold.version + 1,
    )
    return Change(hold, after, (_told("clock_hold.reversed", after),))


def _told(name: str, hold: ClockHold) -> Happening:
    span = {"from": rfc3339(hold.which.from_at), "until": rfc3339(hold.which.until_at)}
    return Happening(name, {"clocks": hold.clocks, **span})


def _moved_clock(clock: Clock, due_at: datetime, name: str, hold: ClockHold) -> Change[Clock]:
    after = replace(clock, due_at=due_at, version=clock.version + 1)
    facts = {"duty": clock.duty.value, "subjectId": clock.subject_id, "holdId": hold.id, "dueAt": rfc3339(due_at)}
    return Change(clock, after, (Happening(name, facts),))


def _span(clock: Clock, which: Selection) -> Span:
    """The part of the hold's span in which the clock counts."""
    return Span(max(which.from_at, clock.started_at), which.until_at)


def _free_clock(matched: Matched) -> tuple[datetime, tuple[Span, ...]]:
    """The clock's deadline without any hold, and when it stood still for those that stand."""
    standing = [row for row in matched.standing if row.clock_id == matched.clock.id]
    return _free(matched.clock.due_at, standing, matched.calendar)


def _free(
    due_at: datetime, standing: Sequence[HeldClock], calendar: Calendar | None
) -> tuple[datetime, tuple[Span, ...]]:
    """As `_free_clock`. A pause of its own, which a clock may have had since, counts as part of it."""
    if not standing:
        return due_at, ()
    spans = tuple(row.span for row in standing)
    free = standing[-1].due_free
    return free + (due_at - postponed(free, spans, calendar)), spans


def _free_deadline(
    value: datetime, name: str, standing: Sequence[HeldClock], calendar: Calendar | None
) -> tuple[datetime, tuple[HeldClock, ...]]:
    """The deadline of a thing without any hold, and the rows that moved it; none where it was set anew since."""
    rows = [row for row in standing if name in row.carried]
    if rows:
        free = _unheld(rows[-1], name)
        alike = tuple(row for row in rows if _unheld(row, name) == free)
        if postponed(free, [row.span for row in alike], calendar) == value:
            return free, alike
    return value, ()


def _unheld(row: HeldClock, name: str) -> datetime:
    return datetime.fromisoformat(row.carried[name])
