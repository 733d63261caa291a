"""The steps of field service: what each does to a service request, and what the rules of guarantees learn of it.

Laws: a step expects that `service_requests.require_move` let the caller take it; the same facts that break a level
judge the claim that follows (`facts`).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain import guarantees
from domain.change import Change, Happening
from domain.coverage import Coverage, CoverageState
from domain.dates import Calendar, rfc3339
from domain.errors import Invalid, NotFound, Problem, Refused
from domain.explain import Finding, unmet
from domain.guarantees import AfterSalesTerms, Milestone, ServiceFacts, ServiceKind
from domain.ids import DecisionId, ServiceLevelId, ServicePartId, ServiceRequestId, ServiceVisitId
from domain.orders import Order
from domain.service_requests import (
    ENDED,
    MOVES,
    PARTS_MAX,
    EndServiceVisit,
    PlanServiceVisit,
    RequestService,
    RequestServiceParts,
    SendServiceParts,
    ServiceAction,
    ServiceLevel,
    ServicePart,
    ServiceRequest,
    ServiceState,
    ServiceVisit,
    StartServiceVisit,
    visit_lasts,
    visit_planned,
)


@dataclass(frozen=True, slots=True)
class Mints:
    """Where new ids come from."""

    level: Callable[[], ServiceLevelId]
    visit: Callable[[], ServiceVisitId]
    part: Callable[[], ServicePartId]


# -- the request and its rounds


def request_service(
    cover: Coverage,
    order: Order,
    earlier: Iterable[ServiceRequest],
    command: RequestService,
    calendar: Calendar,
    *,
    id: ServiceRequestId,
    mints: Mints,
    at: datetime,
) -> Change[ServiceRequest]:
    """The buyer asks for service; its deadlines run from now, by the rule frozen in the cover.

    Refuses, with every reason: a cover that promises no such service or is over, lines that are not serviced, and lines
    for which a request is open.
    """
    rule, lines = cover.rule, {line.id: line for line in order.lines}
    wanted = tuple(dict.fromkeys(command.line_ids))
    busy = {id for request in earlier if request.state not in ENDED for id in request.line_ids}
    kinds = rule.limits if isinstance(rule, AfterSalesTerms) else {}
    findings = (
        Finding(
            "service.cover",
            cover.state in {CoverageState.IN_FORCE, CoverageState.CLAIMED}
            and cover.closes_at is not None
            and at <= cover.closes_at,
            "service_cover_stands",
            {"state": cover.state.value, "closesAt": None if cover.closes_at is None else rfc3339(cover.closes_at)},
            cover.rule_version_id,
        ),
        Finding("service.kind", command.kind in kinds, "service_kind_promised", {"kind": command.kind.value}),
        Finding(
            "service.lines",
            bool(wanted) and all(id in lines and lines[id].serviced for id in wanted),
            "service_lines_serviced",
        ),
        Finding("service.one", busy.isdisjoint(wanted), "service_lines_free"),
    )
    if because := unmet(findings):
        raise Refused("service.request", "The service cannot be requested.", because)
    request = ServiceRequest(
        id=id,
        order_id=order.id,
        coverage_id=cover.id,
        buyer_id=cover.buyer_id,
        supplier_id=cover.supplier_id,
        provider_id=cover.provider_id,
        kind=command.kind,
        state=ServiceState.REQUESTED,
        line_ids=wanted,
        country=order.country,
        problem=command.problem,
        note=None,
        round=1,
        rule_version_id=cover.rule_version_id,
        requested_at=at,
        updated_at=at,
        ended_at=None,
        version=1,
        levels=(),
        visits=(),
        parts=(),
    )
    request = replace(request, levels=_round(request, cover, calendar, mints, at))
    return Change(None, request, (_happening("service_request.requested", request),))


def _round(
    request: ServiceRequest, cover: Coverage, calendar: Calendar, mints: Mints, at: datetime, *, parts: bool = False
) -> tuple[ServiceLevel, ...]:
    """The levels that begin now: of the round, or of parts that are asked for."""
    rule = cover.rule
    if not isinstance(rule, AfterSalesTerms):
        raise TypeError(f"{cover.id} promises no service")
    asked = ServiceFacts(request.kind, at, request.line_ids, calendar, parts_needed=parts)
    return tuple(
        ServiceLevel(mints.level(), request.id, request.round, milestone, at, due_at)
        for milestone, due_at in guarantees.service_deadlines(rule, asked).items()
        if (milestone is Milestone.PARTS_SENT) is parts
    )


# -- steps


def respond_to_service(request: ServiceRequest, note: str | None, at: datetime) -> Change[ServiceRequest]:
    """The liable party answered."""
    return _step(request, ServiceAction.RESPOND_TO_SERVICE, "responded", at, note, reached=(Milestone.RESPONDED,))


def decline_service(request: ServiceRequest, note: str | None, at: datetime) -> Change[ServiceRequest]:
    """The liable party answered that it owes none; the other deadlines run on."""
    return _step(request, ServiceAction.DECLINE_SERVICE, "declined", at, note, reached=(Milestone.RESPONDED,))


def start_remote_service(request: ServiceRequest, note: str | None, at: datetime) -> Change[ServiceRequest]:
    """Guidance or diagnosis began; where an engineer was promised, the visit is still owed."""
    reached = (Milestone.STARTED,) if request.kind is ServiceKind.REMOTE else ()
    return _step(request, ServiceAction.START_REMOTE_SERVICE, "started", at, note, reached=reached)


def complete_service(request: ServiceRequest, note: str | None, at: datetime) -> Change[ServiceRequest]:
    """The service is done; what is finished has started."""
    reached = (Milestone.STARTED, Milestone.FINISHED)
    return _step(request, ServiceAction.COMPLETE_SERVICE, "completed", at, note, reached=reached)


def confirm_service(request: ServiceRequest, note: str | None, at: datetime) -> Change[ServiceRequest]:
    """The buyer agrees that it is done."""
    return _step(request, ServiceAction.CONFIRM_SERVICE, "confirmed", at, note)


def cancel_service(request: ServiceRequest, note: str | None, at: datetime) -> Change[ServiceRequest]:
    """The buyer needs none any more: what is not over by now is void, what is stays broken."""
    levels = tuple(
        replace(level, voided_at=at) if level.open and at <= level.due_at else level for level in request.levels
    )
    return _step(replace(request, levels=levels), ServiceAction.CANCEL_SERVICE, "cancelled", at, note, before=request)


def reopen_service(
    request: ServiceRequest, cover: Coverage, calendar: Calendar, note: str | None, mints: Mints, at: datetime
) -> Change[ServiceRequest]:
    """It is not done: a new round begins, with deadlines of its own by the same frozen rule."""
    again = replace(request, round=request.round + 1)
    again = replace(again, levels=(*again.levels, *_round(again, cover, calendar, mints, at)))
    return _step(again, ServiceAction.REOPEN_SERVICE, "reopened", at, note, before=request)


def plan_service_visit(
    request: ServiceRequest, command: PlanServiceVisit, engineer_digest: str, mints: Mints, at: datetime
) -> Change[ServiceRequest]:
    """A visit is planned. Refuses with Invalid a window that is no span, or that is over."""
    problems = []
    if command.planned_until <= command.planned_from:
        problems.append(Problem(("plannedUntil",), "A window ends after it begins."))
    if command.planned_from < at:
        problems.append(Problem(("plannedFrom",), "A visit is planned ahead."))
    if problems:
        raise Invalid(*problems)
    visit = ServiceVisit(
        mints.visit(),
        request.id,
        len(request.visits) + 1,
        command.planned_from,
        command.planned_until,
        command.service_point_id,
        engineer_digest,
    )
    visited = replace(request, visits=(*request.visits, visit))
    return _step(visited, ServiceAction.PLAN_SERVICE_VISIT, "visit_planned", at, before=request)


def start_service_visit(request: ServiceRequest, command: StartServiceVisit, at: datetime) -> Change[ServiceRequest]:
    """The engineer is there. Outside its window the visit counts as not made: nothing is reached by it."""
    visit = _visit(request, command.visit_id)
    if visit.arrived_at is not None:
        raise Refused("service.visit", "The engineer came already.", (visit_planned(replace(request, visits=())),))
    counted = visit.planned_from <= at <= visit.planned_until
    visited = _with_visit(request, replace(visit, arrived_at=at, counted=counted))
    if not counted:
        return _stay(visited, "visit_missed", at, before=request)
    action, reached = ServiceAction.START_SERVICE_VISIT, (Milestone.STARTED,)
    return _step(visited, action, "started", at, request.note, reached=reached, before=request)


def end_service_visit(
    request: ServiceRequest, command: EndServiceVisit, mints: Mints, at: datetime
) -> Change[ServiceRequest]:
    """The engineer left; what was built in is recorded with its serial numbers."""
    visit = _visit(request, command.visit_id)
    if visit.arrived_at is None or visit.left_at is not None:
        raise Refused("service.visit", "The engineer is not there.", (visit_lasts(replace(request, visits=())),))
    first = _first_number(request, len(command.used))
    used = tuple(
        ServicePart(mints.part(), request.id, number, part.name, part.serial_number, False, False, visit.id, used_at=at)
        for number, part in enumerate(command.used, start=first)
    )
    visited = replace(_with_visit(request, replace(visit, left_at=at)), parts=(*request.parts, *used))
    return _step(visited, ServiceAction.END_SERVICE_VISIT, "visit_ended", at, before=request)


def request_service_parts(
    request: ServiceRequest,
    cover: Coverage,
    calendar: Calendar,
    command: RequestServiceParts,
    mints: Mints,
    at: datetime,
) -> Change[ServiceRequest]:
    """Parts are needed. Those on the agreed list are free unless the buyer did the damage, and have their deadline."""
    first = _first_number(request, len(command.names))
    parts = tuple(
        ServicePart(
            mints.part(),
            request.id,
            number,
            name,
            None,
            command.user_caused,
            not command.user_caused and _sent_for_nothing(cover, name),
            requested_at=at,
        )
        for number, name in enumerate(command.names, start=first)
    )
    levels = _round(request, cover, calendar, mints, at, parts=True) if any(part.free for part in parts) else ()
    asked = replace(request, parts=(*request.parts, *parts), levels=(*request.levels, *levels))
    return _step(asked, ServiceAction.REQUEST_SERVICE_PARTS, "parts_requested", at, before=request)


def send_service_parts(request: ServiceRequest, command: SendServiceParts, at: datetime) -> Change[ServiceRequest]:
    """Every part that was asked for is on its way."""
    parts = tuple(
        replace(part, sent_at=at, tracking_number=command.tracking_number) if part.awaited else part
        for part in request.parts
    )
    action, reached = ServiceAction.SEND_SERVICE_PARTS, (Milestone.PARTS_SENT,)
    sent = replace(request, parts=parts)
    return _step(sent, action, "parts_sent", at, request.note, reached=reached, before=request)


def receive_service_parts(request: ServiceRequest, note: str | None, at: datetime) -> Change[ServiceRequest]:
    """The buyer has what was sent."""
    parts = tuple(
        replace(part, received_at=at) if part.sent_at is not None and part.received_at is None else part
        for part in request.parts
    )
    received = replace(request, parts=parts)
    return _step(received, ServiceAction.RECEIVE_SERVICE_PARTS, "parts_received", at, note, before=request)


def _sent_for_nothing(cover: Coverage, name: str) -> bool:
    """Whether the frozen rule has that part sent for nothing: it is on the agreed list, or there is none."""
    rule = cover.rule
    return isinstance(rule, AfterSalesTerms) and (rule.parts is None or name in rule.parts)


def _first_number(request: ServiceRequest, more: int) -> int:
    if not more + len(request.parts) <= PARTS_MAX:
        raise Invalid(Problem(("parts",), f"A request has at most {PARTS_MAX} parts."))
    return len(request.parts) + 1


def _visit(request: ServiceRequest, id: ServiceVisitId) -> ServiceVisit:
    visit = next((visit for visit in request.visits if visit.id == id), None)
    if visit is None:
        raise NotFound("There is no such visit.", field=("visitId",))
    return visit


def _with_visit(request: ServiceRequest, visit: ServiceVisit) -> ServiceRequest:
    return replace(request, visits=tuple(visit if each.id == visit.id else each for each in request.visits))


def _stay(request: ServiceRequest, name: str, at: datetime, *, before: ServiceRequest) -> Change[ServiceRequest]:
    after = replace(request, updated_at=at, version=before.version + 1)
    return Change(before, after, (_happening(f"service_request.{name}", after),))


def _step(
    request: ServiceRequest,
    action: ServiceAction,
    name: str,
    at: datetime,
    note: str | None = None,
    *,
    reached: Sequence[Milestone] = (),
    before: ServiceRequest | None = None,
) -> Change[ServiceRequest]:
    """The request where the action leads; open levels of those milestones are reached now, in time or late."""
    to = MOVES[action].to or request.state
    levels = tuple(
        replace(level, reached_at=at) if level.open and level.milestone in reached else level
        for level in request.levels
    )
    after = replace(
        request,
        state=to,
        note=note or request.note,
        levels=levels,
        ended_at=at if to in ENDED else None,
    )
    return _stay(after, name, at, before=before or request)


# -- what was not kept, and what follows


def is_broken(level: ServiceLevel, at: datetime) -> bool:
    """Whether the level, whose clock is over at `at`, was missed and is not yet marked so."""
    missed = level.reached_at is None or level.reached_at > level.due_at
    return level.broken_at is None and level.voided_at is None and missed and level.due_at < at


def judged(request: ServiceRequest, level: ServiceLevel, cover: Coverage, calendar: Calendar, at: datetime) -> Finding:
    """Whether that level was kept, as the cover's frozen rule says it."""
    rule = cover.rule
    if not isinstance(rule, AfterSalesTerms):
        raise TypeError(f"{cover.id} promises no service")
    return guarantees.service_kept(rule, _facts(request, (level,), calendar), at)


def break_level(
    request: ServiceRequest, level: ServiceLevel, decision_id: DecisionId, at: datetime
) -> Change[ServiceRequest]:
    """The level is broken for good; a claim for it is proposed. The request goes on."""
    broken = replace(level, broken_at=at, decision_id=decision_id)
    levels = tuple(broken if each.id == level.id else each for each in request.levels)
    after = replace(request, levels=levels, updated_at=at, version=request.version + 1)
    facts = {"milestone": level.milestone.value, "dueAt": rfc3339(level.due_at)}
    happening = _happening("service_request.level_broken", after)
    return Change(request, after, (replace(happening, facts={**happening.facts, **facts}),))


def facts(requests: Iterable[ServiceRequest], calendar: Calendar) -> tuple[ServiceFacts, ...]:
    """What the rules of guarantees need to know of the requests: one fact per round, and one per sending of parts."""
    found = []
    for request in requests:
        counting = [level for level in request.levels if level.voided_at is None]
        for number in range(1, request.round + 1):
            levels = [each for each in counting if each.round == number and each.milestone is not Milestone.PARTS_SENT]
            if levels:
                found.append(_facts(request, levels, calendar))
        parts = [level for level in counting if level.milestone is Milestone.PARTS_SENT]
        found.extend(_facts(request, (level,), calendar) for level in parts)
    return tuple(found)


def _facts(request: ServiceRequest, levels: Sequence[ServiceLevel], calendar: Calendar) -> ServiceFacts:
    reached = {level.milestone: level.reached_at for level in levels if level.reached_at is not None}
    finished = [each.reached_at for each in request.levels if each.milestone is Milestone.FINISHED and each.reached_at]
    if finished:
        reached.setdefault(Milestone.FINISHED, max(finished))
    return ServiceFacts(
        request.kind,
        min(level.began_at for level in levels),
        request.line_ids,
        calendar,
        reached,
        parts_needed=any(level.milestone is Milestone.PARTS_SENT for level in levels),
        deadlines={level.milestone: level.due_at for level in levels},
        user_caused=bool(request.parts) and all(part.user_caused for part in request.parts),
        parts_listed=not request.parts or any(part.free or part.user_caused for part in request.parts),
    )


def _happening(name: str, request: ServiceRequest) -> Happening:
    return Happening(
        name,
        {
            "orderId": request.order_id,
            "coverageId": request.coverage_id,
            "partyId": request.party_id,
            "kind": request.kind.value,
            "state": request.state.value,
        },
    )
