"""Measures: what follows from penalty points, strikes, repeated failures or a scorecard (`domain.md` 6.9, B13).

Theory of operation. A step that is crossed announces a measure; it takes effect when its notice is over, ends by
itself where it has an end, and is called off or lifted as soon as what it rests on is gone:

    ANNOUNCED ─ take (clock) ─> IN_FORCE ─ end (clock) ─> ENDED
    ANNOUNCED ─ call off ─> CALLED_OFF            IN_FORCE ─ lift ─> LIFTED

What a measure takes away is a table here (`TAKES`); of a provider it takes it by a restriction of its own, of a
supplier by this row alone. So lifting a measure gives back exactly what it took, and nothing that others took.

Laws: a measure rests on the entries that counted when it was announced and those given since; it stands while they
reach its threshold without those that were reversed or are under appeal; the end of a point's life lifts nothing, since
the measure was right; a reversal never brings a measure; every measure has a decision that explains it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from domain import dates
from domain.access import Caller, may
from domain.change import Change, Fact, Happening
from domain.clocks import first_instant_after
from domain.dates import DAY, Calendar, rfc3339
from domain.explain import Finding, Input, unmet
from domain.gates import Action
from domain.ids import DecisionId, LiablePartyId, MeasureId, PointsEntryId, ProviderId, RuleVersionId, SupplierId
from domain.moves import Move, require
from domain.penalties import Measure as LadderMeasure
from domain.penalties import Penalty, PenaltyTerms, Price, SideEffect, StrikeMeasure, Violation
from domain.points import EntryState, PointsEntry, sides

FAILURES: Final = frozenset(
    {Violation.AFTER_SALES_LATE, Violation.AFTER_SALES_REMEDIED, Violation.AFTER_SALES_ABANDONED}
)
"""Violations that count as failures of the after-sales programme."""


class MeasureKind(StrEnum):
    """What is done."""

    SEVERE_WARNING = "SEVERE_WARNING"
    """A warning."""
    RESTRICTION = "RESTRICTION"
    """Nothing new is sold, booked or promised for some days."""
    TERMINATION = "TERMINATION"
    """Membership ends."""
    LOGISTICS_SUSPENDED = "LOGISTICS_SUSPENDED"
    """No logistics orders for some months."""
    LOGISTICS_FORBIDDEN = "LOGISTICS_FORBIDDEN"
    """No logistics orders for good."""
    PROGRAMME_REMOVAL = "PROGRAMME_REMOVAL"
    """The place in the after-sales programme is lost, and it cannot be taken again for some days."""
    DEMOTION = "DEMOTION"
    """Offers stand behind those of others in quotes."""


class MeasureBasis(StrEnum):
    """What a measure rests on."""

    POINTS = "POINTS"
    """The balance of points reached a step."""
    STRIKES = "STRIKES"
    """The number of strikes reached a step."""
    FAILURES = "FAILURES"
    """The number of after-sales failures reached the rule's number."""
    VIOLATION = "VIOLATION"
    """One violation brings it by itself."""
    SCORECARD = "SCORECARD"
    """The party's scorecard is below standard."""
    DEBT = "DEBT"
    """An invoice is overdue."""
    DESK = "DESK"
    """The desk decided so by itself, and its decision says why."""


WITHOUT_ENTRY: Final = frozenset({MeasureBasis.SCORECARD, MeasureBasis.DEBT, MeasureBasis.DESK})
"""What rests on no points."""


class MeasureState(StrEnum):
    """Where a measure stands."""

    ANNOUNCED = "ANNOUNCED"
    """Told; it takes effect when its notice is over."""
    IN_FORCE = "IN_FORCE"
    """It has effect."""
    ENDED = "ENDED"
    """Its time is over."""
    LIFTED = "LIFTED"
    """What it rested on is gone, or the desk lifted it."""
    CALLED_OFF = "CALLED_OFF"
    """What it rested on was gone before it took effect."""


LIVE: Final = frozenset({MeasureState.ANNOUNCED, MeasureState.IN_FORCE})
"""States in which something may still happen."""

TAKES: Final[Mapping[MeasureKind | SideEffect, frozenset[Action]]] = {
    MeasureKind.SEVERE_WARNING: frozenset(),
    MeasureKind.RESTRICTION: frozenset({Action.SELL, Action.BOOK, Action.OFFER_GUARANTEE}),
    MeasureKind.TERMINATION: frozenset(Action),
    MeasureKind.LOGISTICS_SUSPENDED: frozenset({Action.SELL, Action.BOOK}),
    MeasureKind.LOGISTICS_FORBIDDEN: frozenset({Action.SELL, Action.BOOK}),
    MeasureKind.PROGRAMME_REMOVAL: frozenset(),
    MeasureKind.DEMOTION: frozenset(),
    SideEffect.NO_PROMOTIONS: frozenset({Action.OFFER_GUARANTEE}),
    SideEffect.LISTINGS_REMOVED: frozenset(),
    SideEffect.NO_NEW_LISTINGS: frozenset({Action.LIST}),
}
"""What a measure and its side effects take away. Total. Removed listings and programmes are taken row by row."""
assert TAKES.keys() == {*MeasureKind, *SideEffect}

OF_LADDER: Final[Mapping[LadderMeasure | StrikeMeasure, MeasureKind]] = {
    LadderMeasure.SEVERE_WARNING: MeasureKind.SEVERE_WARNING,
    LadderMeasure.RESTRICTION: MeasureKind.RESTRICTION,
    LadderMeasure.TERMINATION: MeasureKind.TERMINATION,
    StrikeMeasure.LOGISTICS_SUSPENDED: MeasureKind.LOGISTICS_SUSPENDED,
    StrikeMeasure.LOGISTICS_FORBIDDEN: MeasureKind.LOGISTICS_FORBIDDEN,
}
"""The rule's words for what a step brings, as kinds of measures. Total."""
assert OF_LADDER.keys() == {*LadderMeasure, *StrikeMeasure}


class MeasureAction(StrEnum):
    """What can be done with a measure; the value is the mutation's name in capitals."""

    LIFT_MEASURE = "LIFT_MEASURE"
    """liftMeasure: what it took away is back, or never goes."""


@dataclass(frozen=True, slots=True)
class Step:
    """A measure that an act brings: what, from what on, for how long, after how much notice. None: without end."""

    kind: MeasureKind
    basis: MeasureBasis
    threshold: int
    days: int | None = None
    months: int | None = None
    notice_days: int = 0
    effects: tuple[SideEffect, ...] = ()


@dataclass(frozen=True, slots=True)
class AccountMeasure:
    """A measure against a party. Exactly one of `supplier_id` and `provider_id` is set.

    `entry_id` is the entry that brought it, None for those that rest on no points; of a debt's `about` is the invoice.
    `effective_at` is its first instant; `until` its last one, None where only lifting ends it, fixed when it is
    announced. `withheld` are the actions that it takes where a rule names them. `removed` names what it took row by
    row: the services it took off the shelf, the guarantees it ended. `resumes_id` is the measure that it takes up
    again.
    """

    id: MeasureId
    supplier_id: SupplierId | None
    provider_id: ProviderId | None
    kind: MeasureKind
    basis: MeasureBasis
    threshold: int
    effects: tuple[SideEffect, ...]
    state: MeasureState
    entry_id: PointsEntryId | None
    resumes_id: MeasureId | None
    automated: bool
    rule_version_id: RuleVersionId
    decision_id: DecisionId
    removed: tuple[str, ...]
    announced_at: datetime
    effective_at: datetime
    until: datetime | None
    appealable_until: datetime
    ended_at: datetime | None
    end_reason: str | None
    version: int
    about: str | None = None
    withheld: tuple[Action, ...] = ()

    @property
    def party_id(self) -> LiablePartyId:
        """Whom it is against."""
        party_id = self.supplier_id or self.provider_id
        assert party_id is not None, "the table's check allows no measure without a party"
        return party_id

    @property
    def takes(self) -> frozenset[Action]:
        """What it takes away."""
        own = frozenset(self.withheld) or TAKES[self.kind]
        return own.union(*(TAKES[effect] for effect in self.effects))

    @property
    def inert(self) -> bool:
        """Whether nothing but this row changes when it takes effect or is lifted."""
        listings = SideEffect.LISTINGS_REMOVED in self.effects
        return not self.takes and not listings and self.kind is not MeasureKind.PROGRAMME_REMOVAL


@dataclass(frozen=True, slots=True)
class LiftMeasure:
    """The desk's wish that a measure ends, and why."""

    measure_id: MeasureId
    reason: str


OF_DEBT: Final = Step(MeasureKind.RESTRICTION, MeasureBasis.DEBT, 1)
"""What an overdue invoice of a supplier brings; it lasts until the debt is paid."""


# -- what an act brings ------------------------------------------------------------------------------------------------


def steps(rule: PenaltyTerms, penalty: Penalty, cost: Price, failures: Sequence[datetime]) -> tuple[Step, ...]:
    """Every measure that the act brings. `failures` are the instants of the standing after-sales failures, its own too.

    The highest step of the ladder once, the highest of the strikes, the loss of the programme at the rule's number of
    failures, and the demotion that a violation brings by itself.
    """
    found = []
    if (step := penalty.threshold) is not None:
        found.append(
            Step(
                OF_LADDER[step.measure],
                MeasureBasis.POINTS,
                step.points,
                days=step.days,
                notice_days=penalty.notice_days,
                effects=step.effects,
            )
        )
    if (strike := penalty.strike) is not None:
        found.append(Step(OF_LADDER[strike.measure], MeasureBasis.STRIKES, strike.strikes, months=strike.months))
    if _failed_often(rule, failures):
        removal = rule.removal
        found.append(
            Step(MeasureKind.PROGRAMME_REMOVAL, MeasureBasis.FAILURES, removal.failures, days=removal.barred_days)
        )
    if cost.demotion_days is not None:
        found.append(Step(MeasureKind.DEMOTION, MeasureBasis.VIOLATION, 1, days=cost.demotion_days))
    return tuple(found)


def findings(rule: PenaltyTerms, cost: Price, failures: Sequence[datetime]) -> tuple[Finding, ...]:
    """What of `steps` the penalty's own tree does not say: failures, and a demotion."""
    inputs: dict[str, Input] = {"failures": len(failures), "withinDays": rule.removal.within_days}
    inputs |= {"atLeast": rule.removal.failures, "barredDays": rule.removal.barred_days}
    found = []
    if failures:
        often = _failed_often(rule, failures)
        found.append(Finding("penalty.failures", often, "penalty_failures_reached", inputs, rule.version))
    if cost.demotion_days is not None:
        days: dict[str, Input] = {"days": cost.demotion_days}
        found.append(Finding("penalty.demotion", True, "penalty_demoted", days, rule.version))
    return tuple(found)


def failures_of(
    rule: PenaltyTerms, entries: Iterable[PointsEntry], act: Sequence[Violation], occurred_at: datetime
) -> tuple[datetime, ...]:
    """The instants of the after-sales failures up to and with this act that stand; none if the act is none itself."""
    if FAILURES.isdisjoint(act):
        return ()
    since = occurred_at - rule.removal.within_days * DAY
    found = [
        entry.occurred_at
        for entry in entries
        if entry.counted and not FAILURES.isdisjoint(entry.violations) and entry.occurred_at > since
    ]
    return tuple(sorted((*found, occurred_at)))


def _failed_often(rule: PenaltyTerms, failures: Sequence[datetime]) -> bool:
    """Whether the rule's number of failures was reached."""
    return len(failures) >= rule.removal.failures


# -- the life of a measure ---------------------------------------------------------------------------------------------


def announce_measure(
    step: Step,
    party_id: LiablePartyId,
    entry_id: PointsEntryId | None,
    *,
    id: MeasureId,
    decision_id: DecisionId,
    rule_version_id: RuleVersionId,
    appeal_days: int,
    automated: bool,
    calendar: Calendar,
    resumes: AccountMeasure | None = None,
    about: str | None = None,
    withheld: frozenset[Action] = frozenset(),
    until: datetime | None = None,
    at: datetime,
) -> Change[AccountMeasure]:
    """The measure is told. It takes effect when its notice is over, and lasts from then on.

    One that takes up a measure which an appeal had lifted lasts as long as was left of that one. `until` is given where
    something else than the step says how long.
    """
    effective_at = dates.start_of_day_after(at, step.notice_days + 1, calendar) if step.notice_days else at
    if resumes is not None and resumes.until is not None and resumes.ended_at is not None:
        until = effective_at + (resumes.until - max(resumes.ended_at, resumes.effective_at))
    elif step.days is not None:
        until = dates.day_deadline(effective_at, step.days, calendar)
    elif step.months is not None:
        until = dates.months_deadline(effective_at, step.months, calendar)
    supplier_id, provider_id = sides(party_id)
    measure = AccountMeasure(
        id=id,
        supplier_id=supplier_id,
        provider_id=provider_id,
        kind=step.kind,
        basis=step.basis,
        threshold=step.threshold,
        effects=step.effects,
        state=MeasureState.ANNOUNCED,
        entry_id=entry_id,
        resumes_id=None if resumes is None else resumes.id,
        automated=automated,
        rule_version_id=rule_version_id,
        decision_id=decision_id,
        removed=(),
        announced_at=at,
        effective_at=effective_at,
        until=until,
        appealable_until=dates.day_deadline(at, appeal_days, calendar),
        ended_at=None,
        end_reason=None,
        version=1,
        about=about,
        withheld=tuple(sorted(withheld)),
    )
    facts = _facts(measure) | {"effectiveAt": rfc3339(effective_at)}
    return Change(None, measure, (Happening("measure.announced", facts),))


def stands(measure: AccountMeasure, entries: Sequence[PointsEntry]) -> bool:
    """Whether what the measure rests on still reaches its threshold. `entries` are all of its party's.

    Those of a scorecard, a debt or the desk rest on no entry, and are lifted by the scorecard, the payment, the desk.
    """
    if measure.basis in WITHOUT_ENTRY:
        return True
    if measure.basis is MeasureBasis.VIOLATION:
        return any(entry.id == measure.entry_id and _still(entry) for entry in entries)
    basis = [entry for entry in entries if _still(entry) and entry.expires_at >= measure.announced_at]
    if measure.basis is MeasureBasis.POINTS:
        return sum(entry.points for entry in basis) >= measure.threshold
    if measure.basis is MeasureBasis.STRIKES:
        return sum(entry.strikes for entry in basis) >= measure.threshold
    return sum(not FAILURES.isdisjoint(entry.violations) for entry in basis) >= measure.threshold


def _still(entry: PointsEntry) -> bool:
    """Whether the entry was neither taken back nor is under appeal; that its life ended is no matter."""
    return entry.counted or entry.state is EntryState.EXPIRED


def before(past: Iterable[AccountMeasure], step: Step, entry: PointsEntry) -> tuple[bool, AccountMeasure | None]:
    """Whether a measure that the step brought since the entry was given stands or was served; else the latest to go."""
    alike = [
        each
        for each in past
        if (each.kind, each.basis, each.threshold) == (step.kind, step.basis, step.threshold)
        and each.announced_at >= entry.given_at
        and (step.basis is not MeasureBasis.VIOLATION or each.entry_id == entry.id)
    ]
    if any(each.state in LIVE or each.state is MeasureState.ENDED for each in alike):
        return True, None
    return False, alike[-1] if alike else None


def excused(past: Iterable[AccountMeasure], basis: MeasureBasis, window: timedelta, at: datetime) -> bool:
    """Whether a measure on that basis was lifted so recently that what it rested on may not bring it once more."""
    return any(
        each.basis is basis
        and each.state in {MeasureState.LIFTED, MeasureState.CALLED_OFF}
        and each.ended_at is not None
        and at < each.ended_at + window
        for each in past
    )


def hand_over(measure: AccountMeasure, names: Iterable[str]) -> Change[AccountMeasure]:
    """It takes those things from now on, which a lifted measure took. Refuses (ValueError) one without effect."""
    _expect(measure, MeasureState.IN_FORCE)
    removed = (*measure.removed, *(name for name in names if name not in measure.removed))
    return _step(measure, replace(measure, removed=removed), "measure.took_over")


def take_measure(measure: AccountMeasure, removed: Iterable[str] = ()) -> Change[AccountMeasure]:
    """It has effect. Refuses (ValueError) one that is not announced."""
    _expect(measure, MeasureState.ANNOUNCED)
    return _step(measure, replace(measure, state=MeasureState.IN_FORCE, removed=tuple(removed)), "measure.taken")


def defer(measure: AccountMeasure, at: datetime) -> Change[AccountMeasure]:
    """It takes effect from `at` on, and lasts as long as it would have. Refuses (ValueError) one that is not announced.

    An appeal had kept it from effect.
    """
    _expect(measure, MeasureState.ANNOUNCED)
    until = None if measure.until is None else measure.until + (at - measure.effective_at)
    return _step(measure, replace(measure, effective_at=at, until=until), "measure.deferred")


def end_measure(measure: AccountMeasure, at: datetime, reason: str | None = None) -> Change[AccountMeasure]:
    """Its time is over, or its party is gone. Refuses (ValueError) one that is over."""
    _expect(measure, *LIVE)
    after = replace(measure, state=MeasureState.ENDED, ended_at=at, end_reason=reason)
    return _step(measure, after, "measure.ended")


def call_off(measure: AccountMeasure, reason: str, at: datetime) -> Change[AccountMeasure]:
    """What it rests on is gone: it is called off, or lifted where it has effect. Refuses (ValueError) what is over."""
    _expect(measure, *LIVE)
    announced = measure.state is MeasureState.ANNOUNCED
    state = MeasureState.CALLED_OFF if announced else MeasureState.LIFTED
    after = replace(measure, state=state, ended_at=at, end_reason=reason)
    return _step(measure, after, "measure.called_off" if announced else "measure.lifted")


def moves(measure: AccountMeasure, caller: Caller) -> tuple[Move, ...]:
    """What the caller may do with the measure, and why not."""
    findings = (
        Finding("measure.role", may(caller, "liftMeasure"), "measure_action_of_your_role"),
        Finding("measure.state", measure.state in LIVE, "measure_stands", {"state": measure.state.value}),
    )
    return (Move(MeasureAction.LIFT_MEASURE.value, unmet(findings), closes_at=measure.until),)


def lift_measure(measure: AccountMeasure, caller: Caller, reason: str, at: datetime) -> Change[AccountMeasure]:
    """The desk lifts it. Refuses, with every reason, what `moves` blocks."""
    require(moves(measure, caller), MeasureAction.LIFT_MEASURE.value, "measure.lift")
    return call_off(measure, reason, at)


# -- what measures stand in the way of ---------------------------------------------------------------------------------


def against(
    measures: Iterable[AccountMeasure], action: Action, at: datetime, *, programme: str | None = None
) -> tuple[Finding, ...]:
    """Every measure in force that takes that action away at `at`; nothing found: none does.

    Taking part in a `programme` (a guarantee's rule) is also in the way of whoever was removed from it.
    """
    return tuple(
        _in_the_way(measure, action.value)
        for measure in measures
        if in_force(measure, at) and (action in measure.takes or barred_from(measure, programme))
    )


def against_related(measures: Iterable[AccountMeasure], programme: str, at: datetime) -> tuple[Finding, ...]:
    """What keeps a party out of that programme because accounts related to it were removed from it.

    `measures` are theirs. Whose they are stays with the desk: an applicant learns nothing about another account.
    """
    return tuple(
        Finding(
            "measure.related",
            False,
            "related_not_barred",
            {"cause": measure.kind.value, "until": _end(measure), "programme": programme},
            version=measure.rule_version_id,
            opens_at=None if measure.until is None else rfc3339(first_instant_after(measure.until)),
        )
        for measure in measures
        if in_force(measure, at) and barred_from(measure, programme)
    )


def _end(measure: AccountMeasure) -> str | None:
    return None if measure.until is None else rfc3339(measure.until)


def finding(measure: AccountMeasure) -> Finding:
    """That a demotion stands in the way of a place by merit."""
    return _in_the_way(measure, "RANK")


def _in_the_way(measure: AccountMeasure, action: str) -> Finding:
    opens_at = None if measure.until is None else rfc3339(first_instant_after(measure.until))
    inputs: dict[str, Input] = {"measure": measure.kind.value, "action": action}
    return Finding(
        "measure.stands", False, "measure_not_in_the_way", inputs, version=measure.rule_version_id, opens_at=opens_at
    )


def barred_from(measure: AccountMeasure, programme: str | None) -> bool:
    """Whether the measure took the party's place in that programme (a guarantee's rule)."""
    return measure.kind is MeasureKind.PROGRAMME_REMOVAL and programme in measure.removed


def in_force(measure: AccountMeasure, at: datetime) -> bool:
    """Whether it has effect at `at`."""
    return measure.state is MeasureState.IN_FORCE and (measure.until is None or at <= measure.until)


def _expect(measure: AccountMeasure, *states: MeasureState) -> None:
    if measure.state not in states:
        raise ValueError(f"{measure.id} is {measure.state}")


def _step(measure: AccountMeasure, after: AccountMeasure, name: str) -> Change[AccountMeasure]:
    after = replace(after, version=measure.version + 1)
    return Change(measure, after, (Happening(name, _facts(after)),))


def _facts(measure: AccountMeasure) -> dict[str, Fact]:
    return {
        "party": measure.party_id,
        "kind": measure.kind.value,
        "basis": measure.basis.value,
        "state": measure.state.value,
        "until": None if measure.until is None else rfc3339(measure.until),
    }
