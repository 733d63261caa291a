"""Service points: added, verified, checked, changed with notice, withdrawn; and what stays open when one is just gone.

Locks: the point alone. A provider is read, never locked: whether it may keep service points is judged as it stands now.
"""

from dataclasses import asdict

import orjson

from api.operations import points
from api.operations.duties import end_duties, start_duty
from domain import access, clocks, commitments, decisions, service_point_terms, service_points
from domain.clocks import Clock, Duty
from domain.dates import MICROSECOND, Calendar
from domain.decisions import DecisionKind
from domain.errors import NotFound
from domain.ids import DecisionId, ServicePointId
from domain.penalties import Occasion
from domain.personal import PersonalDatum
from domain.points import CauseKind, PointCause
from domain.premises import Contact
from domain.service_point_terms import RULE, ServicePointTerms
from domain.service_points import (
    CONTACT,
    AddServicePoint,
    ChangeServicePointContact,
    RecordReachability,
    RecordUnreportedWithdrawal,
    ReportServicePointChange,
    ServicePoint,
    ServicePointState,
    VerifyServicePoint,
)
from storage import calendars as calendar_rows
from storage import clocks as clock_rows
from storage import personal as personal_rows
from storage import providers as provider_rows
from storage import rulebook as rule_rows
from storage import service_points as point_rows
from storage.unit_of_work import Outcome, Work


async def add_service_point(work: Work, command: AddServicePoint) -> Outcome:
    """The point is known and waits for the desk. Refuses wrong details, and a provider that may list nothing now."""
    access.require(work.caller, "addServicePoint")
    provider_id = service_points.provider_of(command, work.caller)
    provider = await provider_rows.get(work.connection, work.tenant_id, provider_id)
    change = service_points.add_service_point(
        command,
        provider,
        contact_digest=None if command.contact is None else _digest(work, command.contact),
        id=work.new_id(ServicePointId),
        at=work.at,
    )
    await work.keep(change)
    if command.contact is not None:
        work.add(PersonalDatum(change.after.id, CONTACT, asdict(command.contact), work.at))
    return Outcome({"servicePoint": change.after.id})


async def verify_service_point(work: Work, command: VerifyServicePoint) -> Outcome:
    """The point's papers and address are in order, and its first check is due."""
    access.require(work.caller, "verifyServicePoint")
    point, rule, calendar = await _locked(work, command.service_point_id)
    change = service_points.verify_service_point(point, rule, calendar, work.caller, at=work.at)
    await work.keep(change)
    await _follow(work, change.after)
    return Outcome({"servicePoint": point.id})


async def report_service_point_change(work: Work, command: ReportServicePointChange) -> Outcome:
    """The point will be different or withdrawn at the reported instant, by clock; before it serves, at once."""
    access.require(work.caller, "reportServicePointChange")
    point, rule, calendar = await _locked(work, command.service_point_id)
    change = service_points.report_service_point_change(point, command, rule, calendar, work.caller, at=work.at)
    await work.keep(change)
    await _follow(work, change.after)
    return Outcome({"servicePoint": point.id})


async def change_service_point_contact(work: Work, command: ChangeServicePointContact) -> Outcome:
    """Somebody else answers at the point. The same person again changes nothing."""
    access.require(work.caller, "changeServicePointContact")
    point, _rule, _calendar = await _locked(work, command.service_point_id)
    digest = _digest(work, command.contact)
    change = service_points.change_service_point_contact(point, command.contact, digest, work.caller, at=work.at)
    if digest != point.contact_digest:
        await work.keep(change)
        contact = PersonalDatum(point.id, CONTACT, asdict(command.contact), work.at)
        await personal_rows.overwrite(work.connection, work.tenant_id, contact)
    return Outcome({"servicePoint": point.id})


async def record_reachability(work: Work, command: RecordReachability) -> Outcome:
    """The point was checked: it serves if it was reached, and is not found otherwise; the next check is due."""
    access.require(work.caller, "recordReachability")
    point, rule, calendar = await _locked(work, command.service_point_id)
    change = service_points.record_reachability(point, command.unreached, rule, calendar, work.caller, at=work.at)
    await work.keep(change)
    await _follow(work, change.after)
    return Outcome({"servicePoint": point.id})


async def record_unreported_withdrawal(work: Work, command: RecordUnreportedWithdrawal) -> Outcome:
    """The point is withdrawn; its provider answers for every cover that was open, as a stored decision explains.

    Covers are read, not locked: what is claimed or expires at the same moment was open when the desk found out.
    """
    access.require(work.caller, "recordUnreportedWithdrawal")
    point, rule, _calendar = await _locked(work, command.service_point_id)
    open_ = await point_rows.commitments_of(work.connection, work.tenant_id, point.provider_id)
    decision_id = work.new_id(DecisionId)
    change = service_points.record_unreported_withdrawal(
        point,
        command,
        work.caller,
        open_commitments=len(open_),
        liable_until=commitments.liable_until(open_),
        decision_id=decision_id,
        at=work.at,
    )
    tree = commitments.liability(point, command.gone_since, command.note, open_, rule, at=work.at)
    work.add(
        decisions.decision(
            decision_id,
            point.id,
            DecisionKind.LIABILITY,
            tree,
            at=work.at,
            decided_by=work.caller.actor_id,
            rule_version_ids=(),
        )
    )
    await work.keep(change)
    await point_rows.bind(work.connection, work.tenant_id, point.id, open_)
    await _follow(work, change.after)
    await points.penalise_occasion(
        work,
        point.provider_id,
        Occasion.SERVICE_POINT_WITHDRAWN,
        command.gone_since,
        PointCause(CauseKind.SERVICE_POINT, point.id),
        facts=command.note,
    )
    return Outcome({"servicePoint": point.id, "decision": decision_id})


# -- clocks ------------------------------------------------------------------------------------------------------------


async def fire_service_point_change(work: Work, clock: Clock) -> None:
    """What was reported is so. A point whose change was replaced or that is gone already waits for nothing."""
    point, _rule, _calendar = await _read(work, ServicePointId(clock.subject_id))
    if point.state in service_points.SERVING and point.change_effective_at == clock.due_at + MICROSECOND:
        change = service_points.take_effect(point, work.at)
        await work.keep(change)
        if change.after.state is ServicePointState.WITHDRAWN:
            await end_duties(work, point.id)


async def fire_check_service_point(work: Work, clock: Clock) -> None:
    """Nobody checked the point: it is marked, and the check is due anew."""
    point, rule, calendar = await _read(work, ServicePointId(clock.subject_id))
    if point.check_due_at == clock.due_at:
        change = service_points.miss_check(point, rule, calendar, at=work.at)
        await work.keep(change)
        await _start_check(work, change.after)


async def _follow(work: Work, point: ServicePoint) -> None:
    """The point's clocks are those of what it waits for now: each at most once, at its own instant."""
    running = {clock.duty: clock for clock in await clock_rows.lock_live(work.connection, work.tenant_id, point.id)}
    effective_at = point.change_effective_at
    wanted = {
        Duty.CHECK_SERVICE_POINT: point.check_due_at,
        Duty.SERVICE_POINT_CHANGE: None if effective_at is None else effective_at - MICROSECOND,
    }
    for duty, due_at in wanted.items():
        clock = running.get(duty)
        if clock is not None and clock.due_at == due_at:
            continue
        if clock is not None:
            await work.keep(clocks.complete(clock, at=work.at))
            await work.write()  # before another of the same duty begins
        if due_at is not None:
            party_id = point.provider_id if duty is Duty.SERVICE_POINT_CHANGE else None
            await start_duty(work, duty, point.id, due_at, party_id=party_id)


async def _start_check(work: Work, point: ServicePoint) -> None:
    if point.check_due_at is not None:
        await start_duty(work, Duty.CHECK_SERVICE_POINT, point.id, point.check_due_at, party_id=None)


# -- loading -----------------------------------------------------------------------------------------------------------


async def _locked(work: Work, id: ServicePointId) -> tuple[ServicePoint, ServicePointTerms, Calendar]:
    """The point, this transaction's. Refuses another provider's with NotFound, and another version than expected."""
    found = await _read(work, id)
    if not work.caller.is_operator and work.caller.party_id != found[0].provider_id:
        raise NotFound("There is no such service point.", field=("servicePointId",))
    work.expect(found[0])
    return found


async def _read(work: Work, id: ServicePointId) -> tuple[ServicePoint, ServicePointTerms, Calendar]:
    """The point, locked, with the rule in force now and the days of its country."""
    point = await point_rows.lock(work.connection, work.tenant_id, id)
    version = await rule_rows.in_force(work.connection, work.tenant_id, RULE, work.at)
    calendar = await calendar_rows.get(work.connection, point.details.country)
    return point, service_point_terms.service_point_terms(version), calendar


def _digest(work: Work, contact: Contact) -> str:
    return work.digest(orjson.dumps(asdict(contact), option=orjson.OPT_SORT_KEYS))
