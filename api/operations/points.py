"""Penalty points are given, suspended, resumed, taken back and expire, each step a line of the party's account.

How it works. Whoever gives or takes points holds the party's account, and nothing else of the party: so this may be
called with orders, claims and evidence locked. What follows from points is announced here as measures; they take effect
and are lifted by clock (`api/operations/measures.py`), which locks the party itself first.

Laws: one cause gives points to a party once, however often it is told; a measure is announced with the act that crosses
its step; what takes points away never brings a measure, and what it leaves without basis is called off here, or lifted
by a clock that is due at once.
"""

from collections.abc import Sequence
from datetime import datetime

from api.operations.duties import end_duties, start_duty
from domain import access, decisions, measures, penalties, points
from domain.change import Change
from domain.clocks import Clock, Duty
from domain.dates import MICROSECOND, Calendar
from domain.decisions import DecisionKind
from domain.errors import Invalid, Problem, Refused
from domain.explain import Finding
from domain.ids import (
    DecisionId,
    Id,
    LiablePartyId,
    MeasureId,
    PointsEntryId,
    PointsMovementId,
    RuleVersionId,
    SupplierId,
    UploadId,
)
from domain.measures import AccountMeasure, MeasureKind, MeasureState, Step
from domain.penalties import Occasion, PenaltyTerms, Price, Violation
from domain.points import CauseKind, EntryState, PenaliseParty, PointCause, PointsEntry, ReversePoints
from domain.terms import Count
from storage import calendars as calendar_rows
from storage import clocks as clock_rows
from storage import measures as measure_rows
from storage import points as point_rows
from storage import providers as provider_rows
from storage import rulebook
from storage import suppliers as supplier_rows
from storage import uploads as upload_rows
from storage.unit_of_work import Outcome, Work


async def penalise(
    work: Work,
    party_id: LiablePartyId,
    act: Sequence[Violation],
    occurred_at: datetime,
    cause: PointCause,
    *,
    facts: str | None = None,
    upload_ids: Sequence[UploadId] = (),
) -> PointsEntry | None:
    """The party has the points that the act costs by the rule of its day; what they bring is announced.

    The entry of an earlier call where the cause gave points before. None where nothing follows: no rule was in force,
    the rule knows none of the violations, or the life of such points is over already.
    """
    await point_rows.lock_account(work.connection, work.tenant_id, party_id)
    known = await point_rows.find_by_cause(work.connection, work.tenant_id, party_id, cause)
    if known is not None:
        return known
    try:
        version = await rulebook.in_force(work.connection, work.tenant_id, points.RULE, occurred_at)
    except Refused:
        return None  # no penalty without a rule
    rule = penalties.penalty_terms(version)
    calendar = await calendar_rows.get(work.connection, work.market)
    cost = penalties.price(rule, act)
    worth = cost.points or cost.strikes or cost.demotion_days is not None
    if not worth or penalties.expires_at(rule, occurred_at, calendar) < work.at:
        return None
    entries = await point_rows.by_party(work.connection, work.tenant_id, party_id)
    penalty = penalties.penalise_at(
        rule, [points.judged(entry) for entry in entries], cost, work.at, calendar, violations=act
    )
    failures = measures.failures_of(rule, entries, act, occurred_at)
    id, decision_id = work.new_id(PointsEntryId), work.new_id(DecisionId)
    about = {"cause": cause.kind.value, "about": str(cause.id), "part": cause.part}
    because = (
        Finding("penalty.cause", True, "points_follow_cause", about),
        *penalty.tree.because,
        *measures.findings(rule, cost, failures),
    )
    tree = Finding("penalty", penalty.tree.holds, penalty.tree.reason, penalty.tree.inputs, rule.version, because)
    _decide(work, decision_id, id, tree, rule)
    given = points.give_points(
        rule,
        penalty,
        party_id,
        act,
        cause,
        id=id,
        decision_id=decision_id,
        occurred_at=occurred_at,
        calendar=calendar,
        automated=_automated(work),
        fraud=cost.fraud,
        facts=facts,
        upload_ids=tuple(upload_ids),
        at=work.at,
    )
    await _enter(work, given)
    await _start_clocks(work, given.after)
    for step in measures.steps(rule, penalty, cost, failures):
        await _announce(work, given.after, step, rule, calendar)
    return given.after


async def penalise_occasion(
    work: Work,
    party_id: LiablePartyId,
    occasion: Occasion,
    occurred_at: datetime,
    cause: PointCause,
    *,
    facts: str | None = None,
) -> PointsEntry | None:
    """As `penalise`, for what the platform sees by itself: the rule of its day says which violation that is, if any."""
    try:
        version = await rulebook.in_force(work.connection, work.tenant_id, points.RULE, occurred_at)
    except Refused:
        return None  # no penalty without a rule
    act = penalties.penalty_terms(version).occasions.get(occasion, ())
    return await penalise(work, party_id, act, occurred_at, cause, facts=facts) if act else None


async def penalise_party(work: Work, command: PenaliseParty) -> Outcome:
    """The desk gives a party points for what it found. Refuses an unknown party and unknown evidence.

    Invalid where no points follow: an act that lies ahead, one whose points would have expired, violations that the
    rule of its day does not know.
    """
    access.require(work.caller, "penaliseParty")
    await _require_party(work, command.party_id)
    problems = []
    if command.occurred_at > work.at:
        problems.append(Problem(("occurredAt",), "lies ahead"))
    known = await upload_rows.stored(work.connection, work.tenant_id, command.upload_ids)
    problems += [
        Problem(("uploadIds", str(place)), "there is no such accepted upload")
        for place, upload_id in enumerate(command.upload_ids)
        if upload_id not in known
    ]
    if problems:
        raise Invalid(*problems)
    cause = PointCause(CauseKind.DESK, work.new_id(PointsEntryId) if command.subject_id is None else command.subject_id)
    entry = await penalise(
        work,
        command.party_id,
        command.violations,
        command.occurred_at,
        cause,
        facts=command.facts,
        upload_ids=command.upload_ids,
    )
    if entry is None:
        raise Invalid(Problem(("violations",), "no points follow: the rule of that day gives none, or they are over"))
    return Outcome({"pointsEntry": entry.id})


async def reverse_points(work: Work, command: ReversePoints) -> Outcome:
    """The desk takes an entry back, and what rests on it. Refuses, with every reason, what is over or appealed."""
    access.require(work.caller, "reversePoints")
    seen = await point_rows.get(work.connection, work.tenant_id, command.entry_id)
    await point_rows.lock_account(work.connection, work.tenant_id, seen.party_id)
    entry = await point_rows.lock(work.connection, work.tenant_id, seen.id)
    work.expect(entry)
    await _enter(work, points.reverse_points(entry, work.caller, command.reason, work.at))
    await end_duties(work, entry.id)
    await _review(work, entry.party_id, command.reason)
    return Outcome({"pointsEntry": entry.id})


async def suspend(work: Work, entry_ids: Sequence[PointsEntryId], reason: str) -> tuple[PointsEntryId, ...]:
    """An appeal runs against those entries: they count for nothing meanwhile, unless they were for fraud.

    What rests on them alone is called off or lifted. Returns the entries that it was about: those that count.
    """
    moved = []
    for entry in await _locked(work, entry_ids):
        if entry.state in points.COUNTING:
            await _enter(work, points.suspend_points(entry))
            moved.append(entry.id)
    await _review_all(work, entry_ids, reason)
    return tuple(moved)


async def resume(work: Work, entry_ids: Sequence[PointsEntryId]) -> tuple[PointsEntryId, ...]:
    """The appeal left those entries as they were: they count again, and the measures that were lifted for it go on.

    A measure goes on for what was left of it. Returns the entries that were suspended.
    """
    moved = []
    for entry in await _locked(work, entry_ids):
        if entry.state is not EntryState.SUSPENDED_BY_APPEAL:
            continue
        before = await point_rows.by_party(work.connection, work.tenant_id, entry.party_id)
        change = points.resume_points(entry, work.at)
        await _enter(work, change)
        if change.after.state is EntryState.EXPIRED:
            await end_duties(work, entry.id)
        else:
            await _take_up_again(work, change.after, [each for each in before if each.id != entry.id])
        moved.append(entry.id)
    return tuple(moved)


async def reverse(work: Work, entry_ids: Sequence[PointsEntryId], reason: str) -> tuple[PointsEntryId, ...]:
    """Those entries are taken back, whatever their state as long as they are not over, and what rests on them.

    Returns the entries that it was about.
    """
    moved = []
    for entry in await _locked(work, entry_ids):
        if entry.state in points.LIVE:
            await _enter(work, points.take_back(entry, reason, work.at))
            await end_duties(work, entry.id)
            moved.append(entry.id)
    await _review_all(work, entry_ids, reason)
    return tuple(moved)


# -- clocks ------------------------------------------------------------------------------------------------------------


async def fire_points_notice(work: Work, clock: Clock) -> None:
    """The notice of points is over: they are in force."""
    entry = await _locked_one(work, PointsEntryId(clock.subject_id))
    if entry.state is EntryState.PENDING_NOTICE:
        await _enter(work, points.take_force(entry))


async def fire_points_expiry(work: Work, clock: Clock) -> None:
    """The life of points is over. Points under appeal wait for its end."""
    entry = await _locked_one(work, PointsEntryId(clock.subject_id))
    if entry.state in points.COUNTING:
        await _enter(work, points.expire_points(entry, work.at))
        await end_duties(work, entry.id)


# -- what all of these do ----------------------------------------------------------------------------------------------


def _decide(work: Work, id: DecisionId, subject_id: Id, tree: Finding, rule: PenaltyTerms) -> None:
    work.add(
        decisions.decision(
            id,
            subject_id,
            DecisionKind.POINTS,
            tree,
            at=work.at,
            decided_by=str(work.caller.actor_id),
            rule_version_ids=(RuleVersionId(rule.version),),
        )
    )


async def _enter(work: Work, change: Change[PointsEntry]) -> None:
    """The change of the entry, and the line that it makes in the account."""
    await work.keep(change)
    work.add(points.movement(change, id=work.new_id(PointsMovementId), at=work.at))


async def _start_clocks(work: Work, entry: PointsEntry) -> None:
    await start_duty(work, Duty.POINTS_EXPIRY, entry.id, entry.expires_at, party_id=None)
    if entry.state is EntryState.PENDING_NOTICE:
        await start_duty(work, Duty.POINTS_NOTICE, entry.id, entry.in_force_at - MICROSECOND, party_id=None)


async def _announce(
    work: Work,
    entry: PointsEntry,
    step: Step,
    rule: PenaltyTerms,
    calendar: Calendar,
    *,
    decision_id: DecisionId | None = None,
    resumes: AccountMeasure | None = None,
) -> None:
    """The measure is announced; a clock lets it take effect, unless this row is all that it changes."""
    if step.kind is MeasureKind.PROGRAMME_REMOVAL:
        live = await measure_rows.live_by_party(work.connection, work.tenant_id, entry.party_id)
        if any(measure.kind is step.kind for measure in live):
            return
    change = measures.announce_measure(
        step,
        entry.party_id,
        entry.id,
        id=work.new_id(MeasureId),
        decision_id=decision_id or entry.decision_id,
        rule_version_id=RuleVersionId(rule.version),
        appeal_days=rule.appeal_days,
        automated=_automated(work),
        calendar=calendar,
        resumes=resumes,
        at=work.at,
    )
    await work.keep(change)
    measure = change.after
    if measure.inert and not step.notice_days:
        await work.keep(measures.take_measure(measure))
        if measure.until is not None:
            await start_duty(work, Duty.MEASURE_END, measure.id, measure.until, party_id=None)
        return
    await start_duty(work, Duty.SETTLE_MEASURE, measure.id, measure.effective_at - MICROSECOND, party_id=None)


async def _review_all(work: Work, entry_ids: Sequence[PointsEntryId], reason: str) -> None:
    found = await point_rows.by_ids(work.connection, work.tenant_id, entry_ids)
    for party_id in sorted({entry.party_id for entry in found}):
        await _review(work, party_id, reason)


async def _review(work: Work, party_id: LiablePartyId, reason: str) -> None:
    """Measures that have lost what they rested on are called off, or lifted: by clock where that changes the party."""
    entries = await point_rows.by_party(work.connection, work.tenant_id, party_id)
    for measure in await measure_rows.live_by_party(work.connection, work.tenant_id, party_id):
        if measures.stands(measure, entries):
            continue
        if measure.state is MeasureState.ANNOUNCED or measure.inert:
            await work.keep(measures.call_off(measure, reason, work.at))
            await end_duties(work, measure.id)
            continue
        settling = await clock_rows.live_by_subjects(
            work.connection, work.tenant_id, [measure.id], (Duty.SETTLE_MEASURE,)
        )
        if not settling:
            await start_duty(work, Duty.SETTLE_MEASURE, measure.id, work.at - MICROSECOND, party_id=None)


async def _take_up_again(work: Work, entry: PointsEntry, others: Sequence[PointsEntry]) -> None:
    """What the entry brings now that it counts again: the measures that went with it, for what was left of them.

    What was served before the appeal is not served twice; a step that was missed because it slept is taken now.
    """
    version = await rulebook.get(work.connection, work.tenant_id, entry.rule_version_id)
    rule = penalties.penalty_terms(version)
    calendar = await calendar_rows.get(work.connection, work.market)
    demotion = penalties.price(rule, entry.violations).demotion_days
    cost = Price(Count(entry.points), Count(entry.strikes), entry.fraud, demotion)
    penalty = penalties.penalise_at(
        rule, [points.judged(each) for each in others], cost, work.at, calendar, violations=entry.violations
    )
    failures = measures.failures_of(rule, others, entry.violations, entry.occurred_at)
    past = await measure_rows.by_party(work.connection, work.tenant_id, entry.party_id)
    for step in measures.steps(rule, penalty, cost, failures):
        served, gone = measures.before(past, step, entry)
        if served:
            continue
        decision_id = work.new_id(DecisionId)
        _decide(work, decision_id, entry.id, penalty.tree, rule)
        await _announce(work, entry, step, rule, calendar, decision_id=decision_id, resumes=gone)


def _automated(work: Work) -> bool:
    """Whether no person of the marketplace decides."""
    return access.STAFF.isdisjoint(work.caller.roles)


async def _locked(work: Work, entry_ids: Sequence[PointsEntryId]) -> tuple[PointsEntry, ...]:
    """Those entries, their accounts and then they themselves locked, in the order of their ids."""
    seen = await point_rows.by_ids(work.connection, work.tenant_id, entry_ids)
    for party_id in sorted({entry.party_id for entry in seen}):
        await point_rows.lock_account(work.connection, work.tenant_id, party_id)
    return tuple([await point_rows.lock(work.connection, work.tenant_id, entry.id) for entry in seen])


async def _locked_one(work: Work, id: PointsEntryId) -> PointsEntry:
    (entry,) = await _locked(work, (id,))
    return entry


async def _require_party(work: Work, party_id: LiablePartyId) -> None:
    """Returns if there is such a party. Refuses with NotFound."""
    if isinstance(party_id, SupplierId):
        await supplier_rows.get(work.connection, work.tenant_id, party_id)
    else:
        await provider_rows.get(work.connection, work.tenant_id, party_id)
