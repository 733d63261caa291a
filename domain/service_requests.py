"""Field service: a buyer asks for the service that a cover promises, and every milestone has its deadline.

Theory of operation (`domain.md` 2.1, 6.6; one row of `MOVES` per action, whose doing is in `domain/service_steps.py`):

    REQUESTED -respond-> RESPONDED -start visit-> ON_SITE -complete-> COMPLETED -confirm-> CONFIRMED
                         RESPONDED -start remote-> REMOTE -complete-> COMPLETED -reopen-> REOPENED -respond-> RESPONDED
    REQUESTED, RESPONDED, REOPENED -decline-> DECLINED -respond-> RESPONDED
    whatever is not done -cancel (buyer)-> CANCELLED

Each round (the request, and each reopening) has one `ServiceLevel` per milestone that the cover's frozen rule limits,
its deadline fixed when the round begins, in working days of the market where the goods are. A clock waits for each:
what was not reached in time is broken, which is decided and explained, and proposes the reason to claim.

Laws: a milestone is reached at the instant at which it is reported, so nobody reports the past; declining stops no
clock; what is broken stays broken, whatever comes later; a visit outside its window counts as not made; what is
finished has started.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import parties
from domain.access import Caller, may
from domain.claims import ClaimReason, Side, side_of
from domain.errors import NotFound
from domain.explain import Finding, unmet
from domain.guarantees import Milestone, ServiceKind
from domain.ids import (
    BuyerId,
    CoverageId,
    DecisionId,
    LiablePartyId,
    OrderId,
    OrderLineId,
    ProviderId,
    RuleVersionId,
    ServiceLevelId,
    ServicePartId,
    ServicePointId,
    ServiceRequestId,
    ServiceVisitId,
    SupplierId,
)
from domain.moves import Move, require

ENGINEER: Final = "engineer"
"""The field of a visit's personal data (`domain/personal.py`)."""

ROUNDS_MAX: Final = 10
"""Rounds of one request: what was not mended by then is a claim's matter."""

VISITS_MAX: Final = 50
"""Visits of one request: five in each of its rounds."""

PARTS_MAX: Final = 200
"""Parts of one request, asked for and used: more is an order of its own."""


class ServiceState(StrEnum):
    """Where a service request stands."""

    REQUESTED = "REQUESTED"
    """The liable party must answer."""
    RESPONDED = "RESPONDED"
    """It answered; the service is to begin."""
    ON_SITE = "ON_SITE"
    """An engineer came in the planned window."""
    REMOTE = "REMOTE"
    """Guidance or diagnosis at a distance is under way."""
    COMPLETED = "COMPLETED"
    """The liable party says that the service is done; the buyer confirms or reopens."""
    CONFIRMED = "CONFIRMED"
    """The buyer says so too."""
    REOPENED = "REOPENED"
    """The buyer says that it is not done: a new round, with deadlines of its own."""
    DECLINED = "DECLINED"
    """The liable party says that it owes no service. The deadlines run on: the claim decides who is right."""
    CANCELLED = "CANCELLED"
    """The buyer needs no service any more."""


ENDED: Final = frozenset({ServiceState.CONFIRMED, ServiceState.CANCELLED})
"""States in which nothing is left to do."""


class ServiceAction(StrEnum):
    """What can be done with a service request; the value is the mutation's name in capitals."""

    RESPOND_TO_SERVICE = "RESPOND_TO_SERVICE"
    """respondToService: the liable party answers."""
    DECLINE_SERVICE = "DECLINE_SERVICE"
    """declineService: the liable party says that it owes none."""
    PLAN_SERVICE_VISIT = "PLAN_SERVICE_VISIT"
    """planServiceVisit: an engineer will come between two instants."""
    START_SERVICE_VISIT = "START_SERVICE_VISIT"
    """startServiceVisit: the engineer is there."""
    END_SERVICE_VISIT = "END_SERVICE_VISIT"
    """endServiceVisit: the engineer left, and these parts were used."""
    START_REMOTE_SERVICE = "START_REMOTE_SERVICE"
    """startRemoteService: guidance or diagnosis at a distance begins."""
    REQUEST_SERVICE_PARTS = "REQUEST_SERVICE_PARTS"
    """requestServiceParts: the buyer needs spare parts."""
    SEND_SERVICE_PARTS = "SEND_SERVICE_PARTS"
    """sendServiceParts: all the parts that were asked for are on their way."""
    RECEIVE_SERVICE_PARTS = "RECEIVE_SERVICE_PARTS"
    """receiveServiceParts: the buyer has them."""
    COMPLETE_SERVICE = "COMPLETE_SERVICE"
    """completeService: the service is done."""
    CONFIRM_SERVICE = "CONFIRM_SERVICE"
    """confirmService: the buyer agrees."""
    REOPEN_SERVICE = "REOPEN_SERVICE"
    """reopenService: the buyer does not agree."""
    CANCEL_SERVICE = "CANCEL_SERVICE"
    """cancelService: the buyer needs none any more."""


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the lifecycle: from which states, by whom, to where (None: it stays)."""

    mutation: str
    since: frozenset[ServiceState]
    by: frozenset[Side]
    to: ServiceState | None = None


_BUYER: Final = frozenset({Side.BUYER, Side.STAFF})
_PARTY: Final = frozenset({Side.LIABLE_PARTY})
_WAITS: Final = frozenset({ServiceState.REQUESTED, ServiceState.REOPENED, ServiceState.DECLINED})
_GOES_ON: Final = frozenset({ServiceState.RESPONDED, ServiceState.ON_SITE, ServiceState.REMOTE})
_BEGUN: Final = frozenset({ServiceState.ON_SITE, ServiceState.REMOTE})
_DONE: Final = frozenset({ServiceState.COMPLETED})
_UNDONE: Final = frozenset(ServiceState) - ENDED - _DONE

MOVES: Final[Mapping[ServiceAction, Step]] = {
    ServiceAction.RESPOND_TO_SERVICE: Step("respondToService", _WAITS, _PARTY, ServiceState.RESPONDED),
    ServiceAction.DECLINE_SERVICE: Step(
        "declineService",
        frozenset({ServiceState.REQUESTED, ServiceState.REOPENED, ServiceState.RESPONDED}),
        _PARTY,
        ServiceState.DECLINED,
    ),
    ServiceAction.PLAN_SERVICE_VISIT: Step("planServiceVisit", _GOES_ON, _PARTY),
    ServiceAction.START_SERVICE_VISIT: Step("startServiceVisit", _GOES_ON, _PARTY, ServiceState.ON_SITE),
    ServiceAction.END_SERVICE_VISIT: Step("endServiceVisit", _GOES_ON | _DONE, _PARTY),
    ServiceAction.START_REMOTE_SERVICE: Step("startRemoteService", _GOES_ON, _PARTY, ServiceState.REMOTE),
    ServiceAction.REQUEST_SERVICE_PARTS: Step("requestServiceParts", _UNDONE, _BUYER),
    ServiceAction.SEND_SERVICE_PARTS: Step("sendServiceParts", _UNDONE | _DONE, _PARTY),
    ServiceAction.RECEIVE_SERVICE_PARTS: Step("receiveServiceParts", _UNDONE | _DONE, _BUYER),
    ServiceAction.COMPLETE_SERVICE: Step("completeService", _BEGUN, _PARTY, ServiceState.COMPLETED),
    ServiceAction.CONFIRM_SERVICE: Step("confirmService", _DONE, _BUYER, ServiceState.CONFIRMED),
    ServiceAction.REOPEN_SERVICE: Step("reopenService", _DONE, _BUYER, ServiceState.REOPENED),
    ServiceAction.CANCEL_SERVICE: Step("cancelService", _UNDONE, _BUYER, ServiceState.CANCELLED),
}
"""The life of a service request as a table."""
assert MOVES.keys() == set(ServiceAction)

PROPOSES: Final[Mapping[Milestone, ClaimReason]] = {
    Milestone.RESPONDED: ClaimReason.SERVICE_NO_RESPONSE,
    Milestone.STARTED: ClaimReason.SERVICE_NO_VISIT,
    Milestone.FINISHED: ClaimReason.SERVICE_NOT_FINISHED,
    Milestone.PARTS_SENT: ClaimReason.SERVICE_PARTS_NOT_SENT,
}
"""The reason to claim that a broken milestone proposes."""
assert PROPOSES.keys() == set(Milestone)

RECORDED: Final = frozenset(PROPOSES.values())
"""The reasons to claim that are judged by what requests record, where there are any."""


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """A milestone of a round and its deadline. `voided_at`: nobody had to reach it any more, and it was not over."""

    id: ServiceLevelId
    request_id: ServiceRequestId
    round: int
    milestone: Milestone
    began_at: datetime
    due_at: datetime
    reached_at: datetime | None = None
    broken_at: datetime | None = None
    voided_at: datetime | None = None
    decision_id: DecisionId | None = None

    @property
    def open(self) -> bool:
        """Whether it can still be reached."""
        return self.reached_at is None and self.voided_at is None

    @property
    def settled(self) -> bool:
        """Whether its clock has nothing to wait for: reached in time, or void."""
        return self.voided_at is not None or (self.reached_at is not None and self.reached_at <= self.due_at)


@dataclass(frozen=True, slots=True)
class ServiceVisit:
    """An engineer's visit, planned for a window; `counted` says whether the arrival lay in it. Who came lies apart."""

    id: ServiceVisitId
    request_id: ServiceRequestId
    number: int
    planned_from: datetime
    planned_until: datetime
    service_point_id: ServicePointId | None
    engineer_digest: str
    arrived_at: datetime | None = None
    counted: bool | None = None
    left_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ServicePart:
    """A spare part that was asked for, or used at a visit. `free`: the cover's rule has it sent for nothing."""

    id: ServicePartId
    request_id: ServiceRequestId
    number: int
    name: str
    serial_number: str | None
    user_caused: bool
    free: bool
    visit_id: ServiceVisitId | None = None
    requested_at: datetime | None = None
    sent_at: datetime | None = None
    tracking_number: str | None = None
    received_at: datetime | None = None
    used_at: datetime | None = None

    @property
    def awaited(self) -> bool:
        """Whether it was asked for and is not on its way."""
        return self.requested_at is not None and self.sent_at is None


@dataclass(frozen=True, slots=True)
class ServiceRequest:
    """A service request. The liable party is the supplier or the provider of the cover; `note` is the last word."""

    id: ServiceRequestId
    order_id: OrderId
    coverage_id: CoverageId
    buyer_id: BuyerId
    supplier_id: SupplierId | None
    provider_id: ProviderId | None
    kind: ServiceKind
    state: ServiceState
    line_ids: tuple[OrderLineId, ...]
    country: str
    problem: str
    note: str | None
    round: int
    rule_version_id: RuleVersionId
    requested_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    version: int
    levels: tuple[ServiceLevel, ...]
    visits: tuple[ServiceVisit, ...]
    parts: tuple[ServicePart, ...]

    @property
    def party_id(self) -> LiablePartyId:
        """The liable party."""
        return parties.liable(self)


@dataclass(frozen=True, slots=True)
class RequestService:
    """The wish that lines of a covered order be serviced."""

    coverage_id: CoverageId
    line_ids: tuple[OrderLineId, ...]
    kind: ServiceKind
    problem: str


@dataclass(frozen=True, slots=True)
class ServiceWord:
    """The wish to take a step that needs nothing but a word."""

    request_id: ServiceRequestId
    note: str | None


@dataclass(frozen=True, slots=True)
class PlanServiceVisit:
    """An engineer will come in that window. The name is personal data."""

    request_id: ServiceRequestId
    planned_from: datetime
    planned_until: datetime
    engineer: str
    service_point_id: ServicePointId | None


@dataclass(frozen=True, slots=True)
class StartServiceVisit:
    """The engineer of that visit is there."""

    request_id: ServiceRequestId
    visit_id: ServiceVisitId


@dataclass(frozen=True, slots=True)
class UsedPart:
    """A part that was built in."""

    name: str
    serial_number: str | None


@dataclass(frozen=True, slots=True)
class EndServiceVisit:
    """The engineer of that visit left; these parts were used."""

    request_id: ServiceRequestId
    visit_id: ServiceVisitId
    used: tuple[UsedPart, ...]


@dataclass(frozen=True, slots=True)
class RequestServiceParts:
    """Spare parts are needed; `user_caused` says whether the buyer did the damage."""

    request_id: ServiceRequestId
    names: tuple[str, ...]
    user_caused: bool


@dataclass(frozen=True, slots=True)
class SendServiceParts:
    """Every part that was asked for is on its way under that number."""

    request_id: ServiceRequestId
    tracking_number: str


# -- who may do what with it


def require_side(request: ServiceRequest, caller: Caller) -> None:
    """Nothing, if the caller is on a side of the request.

    Raises:
        NotFound: it is not: for this caller there is no such request.
    """
    if side_of(request, caller) is None:
        raise NotFound("There is no such service request.", field=("requestId",))


def moves(request: ServiceRequest, caller: Caller) -> tuple[Move, ...]:
    """Every action on the request for that caller, each with all that stands in its way."""
    side = side_of(request, caller)
    return tuple(Move(action.value, unmet(_conditions(request, action, caller, side))) for action in MOVES)


def require_move(request: ServiceRequest, action: ServiceAction, caller: Caller) -> None:
    """Nothing, if the caller may do it now. Refuses with all reasons."""
    require(moves(request, caller), action.value, f"service.{action.value.lower()}")


def _conditions(
    request: ServiceRequest, action: ServiceAction, caller: Caller, side: Side | None
) -> tuple[Finding, ...]:
    step = MOVES[action]
    findings = (
        Finding("service.role", side in step.by and may(caller, step.mutation), "service_action_of_your_side"),
        Finding("service.state", request.state in step.since, "service_state_allows", {"state": request.state.value}),
    )
    rests_on = RESTS_ON.get(action)
    return findings if rests_on is None else (*findings, rests_on(request))


def visit_planned(request: ServiceRequest) -> Finding:
    """Whether a visit is planned at which nobody came yet."""
    planned = any(visit.arrived_at is None for visit in request.visits)
    return Finding("service.visit_planned", planned, "service_visit_planned")


def visit_lasts(request: ServiceRequest) -> Finding:
    """Whether somebody is there."""
    lasts = any(visit.arrived_at is not None and visit.left_at is None for visit in request.visits)
    return Finding("service.visit_lasts", lasts, "service_visit_lasts")


def _parts_awaited(request: ServiceRequest) -> Finding:
    return Finding("service.parts_awaited", any(part.awaited for part in request.parts), "service_parts_awaited")


def _parts_on_the_way(request: ServiceRequest) -> Finding:
    sent = any(part.sent_at is not None and part.received_at is None for part in request.parts)
    return Finding("service.parts_sent", sent, "service_parts_on_the_way")


def _no_parts_awaited(request: ServiceRequest) -> Finding:
    awaited = any(part.awaited for part in request.parts)
    return Finding("service.parts_once", not awaited, "service_no_parts_awaited")


def _rounds_left(request: ServiceRequest) -> Finding:
    inputs = {"rounds": request.round, "most": ROUNDS_MAX}
    return Finding("service.rounds", request.round < ROUNDS_MAX, "service_rounds_left", inputs)


def _visits_left(request: ServiceRequest) -> Finding:
    inputs = {"visits": len(request.visits), "most": VISITS_MAX}
    return Finding("service.visits", len(request.visits) < VISITS_MAX, "service_visits_left", inputs)


RESTS_ON: Final[Mapping[ServiceAction, Callable[[ServiceRequest], Finding]]] = {
    ServiceAction.PLAN_SERVICE_VISIT: _visits_left,
    ServiceAction.START_SERVICE_VISIT: visit_planned,
    ServiceAction.END_SERVICE_VISIT: visit_lasts,
    ServiceAction.REQUEST_SERVICE_PARTS: _no_parts_awaited,
    ServiceAction.SEND_SERVICE_PARTS: _parts_awaited,
    ServiceAction.RECEIVE_SERVICE_PARTS: _parts_on_the_way,
    ServiceAction.REOPEN_SERVICE: _rounds_left,
}
"""What an action rests on beside state and role."""
