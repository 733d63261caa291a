"""Field service in GraphQL: requests, their milestones, visits and parts."""

from datetime import datetime

import strawberry

from api.operations import service_requests
from api.schema import claims as _claims  # noqa: F401 - describes ClaimReason
from api.schema.buyers import Buyer
from api.schema.connection import Connection, connection, listing, point
from api.schema.coverage import Coverage
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.orders import Order
from api.schema.organisations import KEY, VERSION, ByAge
from api.schema.parties import LiableParty
from api.schema.personal import Personal
from api.schema.rules import RuleVersion
from api.schema.scalars import CountryCode
from api.schema.service_points import ServicePoint
from domain.claims import ClaimReason
from domain.errors import Problem
from domain.guarantees import Milestone, ServiceKind
from domain.ids import CoverageId, OrderLineId, ServicePointId, ServiceRequestId, ServiceVisitId
from domain.service_requests import (
    PARTS_MAX,
    EndServiceVisit,
    PlanServiceVisit,
    RequestService,
    RequestServiceParts,
    SendServiceParts,
    ServiceAction,
    ServiceState,
    ServiceWord,
    StartServiceVisit,
    UsedPart,
)

described(ServiceKind)
described(Milestone, name="ServiceMilestoneKind")
described(ServiceState, name="ServiceRequestState")
described(ServiceAction, name="ServiceRequestAction")


@strawberry.input(description="Which service requests. What is left out does not matter; conditions add up.")
class ServiceRequestFilter:
    """The filters of `storage/views/service_requests.py`."""

    states: list[ServiceState] | None = strawberry.field(default=None, description="In one of these states.")
    order_id: strawberry.ID | None = strawberry.field(default=None, description="Of this order.")
    coverage_id: strawberry.ID | None = strawberry.field(default=None, description="Under this cover.")


@strawberry.type(description="An action on a service request that is not possible now for the viewer, and why.")
class BlockedServiceRequestAction:
    """`domain.moves.Move`."""

    action: ServiceAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="When time ends it; null where it does not.")


@strawberry.type(description="A milestone that was missed: what was promised, and the claim that follows from it.")
class BrokenServiceLevel:
    """`storage.views.service_requests.BrokenLevel`."""

    milestone: Milestone = strawberry.field(description="What was not reached in time.")
    round: int = strawberry.field(description="In which round of the request.")
    due_at: datetime = strawberry.field(description="Until when it had to be reached.")
    reached_at: datetime | None = strawberry.field(description="When it was reached after all; null if never.")
    proposes: ClaimReason = strawberry.field(description="The reason for which the buyer can claim.")
    because: list[Finding] = strawberry.field(description="Why it counts as broken, as it was decided.")


@strawberry.type(description="A milestone of a service request with its deadline, fixed when it began.")
class ServiceMilestone(Node):
    """`domain.service_requests.ServiceLevel`."""

    milestone: Milestone = strawberry.field(description="What has to be reached.")
    round: int = strawberry.field(description="The round: 1, and one more for each reopening.")
    request: "ServiceRequest | None" = strawberry.field(description="The request.")
    began_at: datetime = strawberry.field(description="When its time began to count.")
    due_at: datetime = strawberry.field(description="The last instant at which it is in time.")
    reached_at: datetime | None = strawberry.field(description="When it was reached; null before.")
    broken_at: datetime | None = strawberry.field(description="When it was found broken; null otherwise.")
    voided_at: datetime | None = strawberry.field(description="When nobody had to reach it any more; null otherwise.")


@strawberry.type(description="An engineer's visit, planned for a window.")
class ServiceVisit(Node):
    """`domain.service_requests.ServiceVisit`."""

    number: int = strawberry.field(description="1, 2, 3 … in the request.")
    request: "ServiceRequest | None" = strawberry.field(description="The request.")
    planned_from: datetime = strawberry.field(description="The beginning of its window.")
    planned_until: datetime = strawberry.field(description="The last instant of its window.")
    service_point: ServicePoint | None = strawberry.field(
        description="From where the engineer comes; null if not told."
    )
    engineer: str | None = strawberry.field(
        description="Who comes: personal data, null once erased. Reading it is written down.", directives=[Personal()]
    )
    arrived_at: datetime | None = strawberry.field(description="When the engineer came; null before.")
    counted: bool | None = strawberry.field(
        description="Whether the arrival lay in the window: otherwise the visit counts as not made. Null before."
    )
    left_at: datetime | None = strawberry.field(description="When the engineer left; null before.")


@strawberry.type(description="A spare part that was asked for, or used at a visit.")
class ServicePart(Node):
    """`domain.service_requests.ServicePart`."""

    number: int = strawberry.field(description="1, 2, 3 … in the request.")
    request: "ServiceRequest | None" = strawberry.field(description="The request.")
    name: str = strawberry.field(description="What it is.")
    serial_number: str | None = strawberry.field(description="Its serial number; null where it has none.")
    user_caused: bool = strawberry.field(description="Whether the buyer did the damage.")
    free: bool = strawberry.field(description="Whether the promise has it sent for nothing, by its deadline.")
    visit: ServiceVisit | None = strawberry.field(description="The visit at which it was used; null if at none.")
    requested_at: datetime | None = strawberry.field(description="When it was asked for; null if it was not.")
    sent_at: datetime | None = strawberry.field(description="When it was sent; null before.")
    tracking_number: str | None = strawberry.field(description="Its parcel's number; null before.")
    received_at: datetime | None = strawberry.field(description="When the buyer had it; null before.")
    used_at: datetime | None = strawberry.field(description="When it was built in; null otherwise.")


@strawberry.type(description="A buyer's request for the service that a cover promises, with a deadline per milestone.")
class ServiceRequest(Node):
    """`domain.service_requests.ServiceRequest`."""

    kind: ServiceKind = strawberry.field(description="How the service is given.")
    state: ServiceState = strawberry.field(description="Where it stands.")
    problem: str = strawberry.field(description="What is wrong, in the buyer's words.")
    note: str | None = strawberry.field(description="The last word with a step; null where there was none.")
    round: int = strawberry.field(description="1, and one more for each reopening.")
    country: CountryCode = strawberry.field(description="Where the goods are; its working days count.")
    line_ids: list[strawberry.ID] = strawberry.field(description="The lines of the order that are serviced.")
    order: Order | None = strawberry.field(description="The order; null when hidden from the viewer.")
    coverage: Coverage | None = strawberry.field(description="The cover that promises the service.")
    buyer: Buyer | None = strawberry.field(description="Who asked; null when hidden from the viewer.")
    liable_party: LiableParty | None = strawberry.field(description="Who gave the promise and serves.")
    rule_version: RuleVersion | None = strawberry.field(description="The rule frozen in the cover, which governs.")
    milestones: Connection[ServiceMilestone] = connection("Its milestones with their deadlines, in all rounds.")
    visits: Connection[ServiceVisit] = connection("The visits, planned and made.")
    parts: Connection[ServicePart] = connection("The parts, asked for and used.")
    broken_service_levels: list[BrokenServiceLevel] = strawberry.field(
        description="The milestones that were missed, why, and the claim that each proposes."
    )
    available_actions: list[ServiceAction] = strawberry.field(description="What the viewer may do with it now.")
    blocked_actions: list[BlockedServiceRequestAction] = strawberry.field(
        description="What the viewer may not do with it now, and why."
    )
    requested_at: datetime = strawberry.field(description="When it was asked for.")
    updated_at: datetime = strawberry.field(description="When it last changed.")
    ended_at: datetime | None = strawberry.field(description="When it was confirmed or cancelled; null before.")
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


_REQUEST = "The service request."


@strawberry.input(description="Lines of a covered order shall be serviced.")
class RequestServiceInput:
    """→ `domain.service_requests.RequestService`."""

    coverage_id: strawberry.ID = strawberry.field(description="The cover that promises the service.")
    line_ids: list[strawberry.ID] = strawberry.field(description="Lines of its order that carry the service.")
    kind: ServiceKind = strawberry.field(description="How it shall be given; one that the cover promises.")
    problem: str = strawberry.field(description="What is wrong, at most a page.")
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> RequestService:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = RequestService(
            read.id(CoverageId, self.coverage_id, "coverageId"),
            read.ids(OrderLineId, self.line_ids, "lineIds"),
            self.kind,
            read.required_note(self.problem, "problem"),
        )
        read.done()
        return command


@strawberry.input(description="A step of a service request that needs nothing but a word.")
class ServiceStepInput:
    """→ `domain.service_requests.ServiceWord`."""

    request_id: strawberry.ID = strawberry.field(description=_REQUEST)
    note: str | None = strawberry.field(default=None, description="A word to the other side, at most a page.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> ServiceWord:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = ServiceWord(read.id(ServiceRequestId, self.request_id, "requestId"), read.note(self.note, "note"))
        read.done()
        return command


@strawberry.input(description="An engineer will come.")
class PlanServiceVisitInput:
    """→ `domain.service_requests.PlanServiceVisit`."""

    request_id: strawberry.ID = strawberry.field(description=_REQUEST)
    planned_from: datetime = strawberry.field(description="The beginning of the window: not in the past.")
    planned_until: datetime = strawberry.field(description="The last instant of the window.")
    engineer: str = strawberry.field(description="Who comes: personal data, kept apart.", directives=[Personal()])
    service_point_id: strawberry.ID | None = strawberry.field(
        default=None, description="From where: a service point of the liable party."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> PlanServiceVisit:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = PlanServiceVisit(
            read.id(ServiceRequestId, self.request_id, "requestId"),
            self.planned_from,
            self.planned_until,
            read.name(self.engineer, "engineer"),
            read.optional_id(ServicePointId, self.service_point_id, "servicePointId"),
        )
        read.done()
        return command


@strawberry.input(description="The engineer of a planned visit is there.")
class StartServiceVisitInput:
    """→ `domain.service_requests.StartServiceVisit`."""

    request_id: strawberry.ID = strawberry.field(description=_REQUEST)
    visit_id: strawberry.ID = strawberry.field(description="The visit.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> StartServiceVisit:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = StartServiceVisit(
            read.id(ServiceRequestId, self.request_id, "requestId"),
            read.id(ServiceVisitId, self.visit_id, "visitId"),
        )
        read.done()
        return command


@strawberry.input(description="A part that was built in.")
class UsedPartInput:
    """→ `domain.service_requests.UsedPart`."""

    name: str = strawberry.field(description="What it is.")
    serial_number: str | None = strawberry.field(default=None, description="Its serial number, where it has one.")


@strawberry.input(description="The engineer of a visit left.")
class EndServiceVisitInput:
    """→ `domain.service_requests.EndServiceVisit`."""

    request_id: strawberry.ID = strawberry.field(description=_REQUEST)
    visit_id: strawberry.ID = strawberry.field(description="The visit.")
    parts_used: list[UsedPartInput] = strawberry.field(
        default_factory=list, description=f"The parts that were built in, at most {PARTS_MAX} in a request."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> EndServiceVisit:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        used = tuple(
            UsedPart(
                read.name(part.name, "partsUsed", str(place), "name"),
                None
                if part.serial_number is None
                else read.name(part.serial_number, "partsUsed", str(place), "serialNumber"),
            )
            for place, part in enumerate(self.parts_used)
        )
        command = EndServiceVisit(
            read.id(ServiceRequestId, self.request_id, "requestId"),
            read.id(ServiceVisitId, self.visit_id, "visitId"),
            used,
        )
        read.done()
        return command


@strawberry.input(description="Spare parts are needed.")
class RequestServicePartsInput:
    """→ `domain.service_requests.RequestServiceParts`."""

    request_id: strawberry.ID = strawberry.field(description=_REQUEST)
    parts: list[str] = strawberry.field(description=f"Their names, at most {PARTS_MAX} in a request.")
    user_caused: bool = strawberry.field(description="Whether the buyer did the damage: such parts are not free.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> RequestServiceParts:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        names = tuple(read.name(name, "parts", str(place)) for place, name in enumerate(self.parts))
        if not names:
            read.problems.append(Problem(("parts",), "At least one part."))
        command = RequestServiceParts(read.id(ServiceRequestId, self.request_id, "requestId"), names, self.user_caused)
        read.done()
        return command


@strawberry.input(description="The parts that were asked for are on their way.")
class SendServicePartsInput:
    """→ `domain.service_requests.SendServiceParts`."""

    request_id: strawberry.ID = strawberry.field(description=_REQUEST)
    tracking_number: str = strawberry.field(description="The parcel's number.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> SendServiceParts:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = SendServiceParts(
            read.id(ServiceRequestId, self.request_id, "requestId"),
            read.name(self.tracking_number, "trackingNumber"),
        )
        read.done()
        return command


@strawberry.type(description="The service request after the change, or why nothing changed.")
class ServiceRequestPayload:
    """What every mutation of a service request answers."""

    service_request: ServiceRequest | None = strawberry.field(
        description="The request as it is now; null when nothing changed."
    )
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class ServiceRequestQueries:
    """Reading service requests."""

    service_request: ServiceRequest | None = point(
        "The service request of that id; null when there is none for the viewer.", of="service request"
    )
    service_requests: Connection[ServiceRequest] = listing(
        "The service requests the viewer may see: a buyer's or liable party's own, staff all.",
        filter=ServiceRequestFilter,
        order=ByAge,
    )


@strawberry.type
class ServiceRequestMutations:
    """What can be done with service requests."""

    request_service: ServiceRequestPayload = mutation(
        service_requests.request_service,
        RequestServiceInput,
        keyed=True,
        description="Ask for the service that a cover promises; the deadlines of its frozen rule run from now.",
    )
    respond_to_service: ServiceRequestPayload = mutation(
        service_requests.respond_to_service,
        ServiceStepInput,
        keyed=True,
        description="As the liable party, answer the buyer.",
    )
    decline_service: ServiceRequestPayload = mutation(
        service_requests.decline_service,
        ServiceStepInput,
        keyed=True,
        description="As the liable party, say that no service is owed. The deadlines run on.",
    )
    plan_service_visit: ServiceRequestPayload = mutation(
        service_requests.plan_service_visit,
        PlanServiceVisitInput,
        keyed=True,
        description="As the liable party, say who comes and between which instants.",
    )
    start_service_visit: ServiceRequestPayload = mutation(
        service_requests.start_service_visit,
        StartServiceVisitInput,
        keyed=True,
        description="As the liable party, say that the engineer is there. Outside the window it counts for nothing.",
    )
    end_service_visit: ServiceRequestPayload = mutation(
        service_requests.end_service_visit,
        EndServiceVisitInput,
        keyed=True,
        description="As the liable party, say that the engineer left and which parts were built in.",
    )
    start_remote_service: ServiceRequestPayload = mutation(
        service_requests.start_remote_service,
        ServiceStepInput,
        keyed=True,
        description="As the liable party, begin guidance or diagnosis at a distance.",
    )
    request_service_parts: ServiceRequestPayload = mutation(
        service_requests.request_service_parts,
        RequestServicePartsInput,
        keyed=True,
        description="As the buyer, ask for spare parts; those that are free have a deadline where the cover sets one.",
    )
    send_service_parts: ServiceRequestPayload = mutation(
        service_requests.send_service_parts,
        SendServicePartsInput,
        keyed=True,
        description="As the liable party, say that all parts that were asked for are on their way.",
    )
    receive_service_parts: ServiceRequestPayload = mutation(
        service_requests.receive_service_parts,
        ServiceStepInput,
        keyed=True,
        description="As the buyer, say that the parts came.",
    )
    complete_service: ServiceRequestPayload = mutation(
        service_requests.complete_service,
        ServiceStepInput,
        keyed=True,
        description="As the liable party, say that the service is done.",
    )
    confirm_service: ServiceRequestPayload = mutation(
        service_requests.confirm_service,
        ServiceStepInput,
        keyed=True,
        description="As the buyer, agree that the service is done.",
    )
    reopen_service: ServiceRequestPayload = mutation(
        service_requests.reopen_service,
        ServiceStepInput,
        keyed=True,
        description="As the buyer, say that the service is not done: a new round with its own deadlines begins.",
    )
    cancel_service: ServiceRequestPayload = mutation(
        service_requests.cancel_service,
        ServiceStepInput,
        keyed=True,
        description="As the buyer, need no service any more. What was broken stays broken.",
    )
