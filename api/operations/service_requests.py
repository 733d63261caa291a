"""Field service: asked for, answered, visited, done, confirmed or reopened; and what follows from missed deadlines.

Locks are taken in the order of the house: the order first, then the request. Each level of a request has its clock; it
ends when the level is reached in time, and marks it as broken otherwise, with the decision that says why.
"""

from collections.abc import Callable
from datetime import datetime

from api.operations.duties import end_duties
from domain import access, clocks, service_requests, service_steps
from domain.change import Change
from domain.clocks import Clock, Duty
from domain.coverage import Coverage
from domain.dates import Calendar
from domain.decisions import DecisionKind, decision
from domain.errors import Invalid, NotFound, Problem
from domain.ids import (
    ClockId,
    DecisionId,
    ServiceLevelId,
    ServicePartId,
    ServicePointId,
    ServiceRequestId,
    ServiceVisitId,
)
from domain.personal import PersonalDatum
from domain.service_requests import (
    ENGINEER,
    EndServiceVisit,
    PlanServiceVisit,
    RequestService,
    RequestServiceParts,
    SendServiceParts,
    ServiceAction,
    ServiceRequest,
    ServiceWord,
    StartServiceVisit,
)
from domain.service_steps import Mints
from storage import calendars
from storage import coverage as coverage_rows
from storage import orders as order_rows
from storage import service_points as point_rows
from storage import service_requests as request_rows
from storage.unit_of_work import Outcome, Work


async def request_service(work: Work, command: RequestService) -> Outcome:
    """The buyer asks for service under a cover of its own; the deadlines of the frozen rule run."""
    access.require(work.caller, "requestService")
    seen = await coverage_rows.get(work.connection, work.tenant_id, command.coverage_id)
    if not work.caller.is_operator and work.caller.party_id != seen.buyer_id:
        raise NotFound("There is no such cover.", field=("coverageId",))
    order = await order_rows.lock(work.connection, work.tenant_id, seen.order_id)
    cover = await coverage_rows.get(work.connection, work.tenant_id, seen.id)
    change = service_steps.request_service(
        cover,
        order,
        await request_rows.by_coverage(work.connection, work.tenant_id, cover.id),
        command,
        await calendars.get(work.connection, order.country),
        id=work.new_id(ServiceRequestId),
        mints=_mints(work),
        at=work.at,
    )
    return await _kept(work, change)


async def respond_to_service(work: Work, command: ServiceWord) -> Outcome:
    """The liable party answers."""
    return await _worded(work, command, ServiceAction.RESPOND_TO_SERVICE, service_steps.respond_to_service)


async def decline_service(work: Work, command: ServiceWord) -> Outcome:
    """The liable party says that it owes none."""
    return await _worded(work, command, ServiceAction.DECLINE_SERVICE, service_steps.decline_service)


async def start_remote_service(work: Work, command: ServiceWord) -> Outcome:
    """Guidance or diagnosis at a distance begins."""
    return await _worded(work, command, ServiceAction.START_REMOTE_SERVICE, service_steps.start_remote_service)


async def complete_service(work: Work, command: ServiceWord) -> Outcome:
    """The liable party says that the service is done."""
    return await _worded(work, command, ServiceAction.COMPLETE_SERVICE, service_steps.complete_service)


async def confirm_service(work: Work, command: ServiceWord) -> Outcome:
    """The buyer agrees."""
    return await _worded(work, command, ServiceAction.CONFIRM_SERVICE, service_steps.confirm_service)


async def cancel_service(work: Work, command: ServiceWord) -> Outcome:
    """The buyer needs none any more."""
    return await _worded(work, command, ServiceAction.CANCEL_SERVICE, service_steps.cancel_service)


async def receive_service_parts(work: Work, command: ServiceWord) -> Outcome:
    """The buyer has the parts that were sent."""
    return await _worded(work, command, ServiceAction.RECEIVE_SERVICE_PARTS, service_steps.receive_service_parts)


async def reopen_service(work: Work, command: ServiceWord) -> Outcome:
    """The buyer does not agree: another round begins, with deadlines of its own."""
    request = await _locked(work, command.request_id, ServiceAction.REOPEN_SERVICE)
    cover, calendar = await _promise(work, request)
    change = service_steps.reopen_service(request, cover, calendar, command.note, _mints(work), work.at)
    return await _kept(work, change)


async def plan_service_visit(work: Work, command: PlanServiceVisit) -> Outcome:
    """An engineer will come; who, lies apart. Refuses with Invalid a service point that is not the liable party's."""
    request = await _locked(work, command.request_id, ServiceAction.PLAN_SERVICE_VISIT)
    if command.service_point_id is not None:
        await _require_own_point(work, request, command.service_point_id)
    digest = work.digest(command.engineer)
    change = service_steps.plan_service_visit(request, command, digest, _mints(work), work.at)
    visit = change.after.visits[-1]
    outcome = await _kept(work, change)
    work.add(PersonalDatum(visit.id, ENGINEER, {"name": command.engineer}, work.at))
    return outcome


async def start_service_visit(work: Work, command: StartServiceVisit) -> Outcome:
    """The engineer is there; outside the planned window that counts for nothing."""
    request = await _locked(work, command.request_id, ServiceAction.START_SERVICE_VISIT)
    return await _kept(work, service_steps.start_service_visit(request, command, work.at))


async def end_service_visit(work: Work, command: EndServiceVisit) -> Outcome:
    """The engineer left; the parts used are recorded."""
    request = await _locked(work, command.request_id, ServiceAction.END_SERVICE_VISIT)
    return await _kept(work, service_steps.end_service_visit(request, command, _mints(work), work.at))


async def request_service_parts(work: Work, command: RequestServiceParts) -> Outcome:
    """The buyer needs parts; those that are free have their deadline."""
    request = await _locked(work, command.request_id, ServiceAction.REQUEST_SERVICE_PARTS)
    cover, calendar = await _promise(work, request)
    change = service_steps.request_service_parts(request, cover, calendar, command, _mints(work), work.at)
    return await _kept(work, change)


async def send_service_parts(work: Work, command: SendServiceParts) -> Outcome:
    """What was asked for is on its way."""
    request = await _locked(work, command.request_id, ServiceAction.SEND_SERVICE_PARTS)
    return await _kept(work, service_steps.send_service_parts(request, command, work.at))


async def fire_reach_service_level(work: Work, clock: Clock) -> None:
    """A level was missed: it is broken, the decision says why, and a claim is proposed."""
    level_id = ServiceLevelId(clock.subject_id)
    seen = await request_rows.of_level(work.connection, work.tenant_id, level_id)
    await order_rows.lock(work.connection, work.tenant_id, seen.order_id)
    request = await request_rows.lock(work.connection, work.tenant_id, seen.id)
    level = next(level for level in request.levels if level.id == level_id)
    if not service_steps.is_broken(level, work.at):  # it was reached in time while this clock was being taken
        return
    cover, calendar = await _promise(work, request)
    tree = service_steps.judged(request, level, cover, calendar, work.at)
    decided = work.new_id(DecisionId)
    work.add(
        decision(
            decided,
            request.id,
            DecisionKind.SERVICE,
            tree,
            at=work.at,
            decided_by=work.caller.actor_id,
            rule_version_ids=(request.rule_version_id,),
        )
    )
    await work.keep(service_steps.break_level(request, level, decided, work.at))


# -- what they share --------------------------------------------------------------------------------------------------

Worded = Callable[[ServiceRequest, str | None, datetime], Change[ServiceRequest]]


async def _worded(work: Work, command: ServiceWord, action: ServiceAction, step: Worded) -> Outcome:
    request = await _locked(work, command.request_id, action)
    return await _kept(work, step(request, command.note, work.at))


async def _locked(work: Work, id: ServiceRequestId, action: ServiceAction) -> ServiceRequest:
    """The request, its order locked before it, for somebody who may take that action now.

    Refuses: Forbidden for the role, NotFound when it is none of the caller's, Conflict on a stale version, Refused.
    """
    access.require(work.caller, service_requests.MOVES[action].mutation)
    seen = await request_rows.get(work.connection, work.tenant_id, id)
    service_requests.require_side(seen, work.caller)
    await order_rows.lock(work.connection, work.tenant_id, seen.order_id)
    request = await request_rows.lock(work.connection, work.tenant_id, id)
    work.expect(request)
    service_requests.require_move(request, action, work.caller)
    return request


async def _promise(work: Work, request: ServiceRequest) -> tuple[Coverage, Calendar]:
    """The cover that the request is under, and the calendar of the market where the goods are."""
    cover = await coverage_rows.get(work.connection, work.tenant_id, request.coverage_id)
    return cover, await calendars.get(work.connection, request.country)


async def _require_own_point(work: Work, request: ServiceRequest, id: ServicePointId) -> None:
    point = await point_rows.SERVICE_POINTS.find(work.connection, work.tenant_id, id)
    if point is None or point.provider_id != request.provider_id:
        raise Invalid(Problem(("servicePointId",), "There is no such service point of the liable party."))


async def _kept(work: Work, change: Change[ServiceRequest]) -> Outcome:
    """The change, and the clocks of its levels: those that began run, those that are settled end.

    The clock of a level that was reached too late runs on: it fires, and marks the level as broken.
    """
    before, request = change.before, change.after
    known = {} if before is None else {level.id: level for level in before.levels}
    await work.keep(change)
    for level in request.levels:
        old = known.get(level.id)
        if old is None:
            started = clocks.start(
                Duty.REACH_SERVICE_LEVEL,
                level.id,
                level.due_at,
                id=work.new_id(ClockId),
                at=work.at,
                party_id=request.party_id,
                calendar=request.country,
            )
            await work.keep(started)
        elif level.settled and not old.settled:
            await end_duties(work, level.id)
    return Outcome({"serviceRequest": request.id})


def _mints(work: Work) -> Mints:
    return Mints(
        lambda: work.new_id(ServiceLevelId),
        lambda: work.new_id(ServiceVisitId),
        lambda: work.new_id(ServicePartId),
    )
