"""Service points in GraphQL: where providers serve, how the nearest are found, and what happens to a point."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

import strawberry

from api.operations import service_points
from api.schema.arguments import Argument, field
from api.schema.connection import Connection, PageInfo, listing, point
from api.schema.coverage import Coverage
from api.schema.decisions import Decision
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import KEY
from api.schema.personal import Personal
from api.schema.places import CoordinatesInput, SpotInput
from api.schema.providers import Provider
from api.schema.scalars import CountryCode
from domain import premises
from domain.ids import ProviderId, ServicePointId
from domain.modes import ServiceMode
from domain.opening_hours import Span, Weekday
from domain.places import Coordinates
from domain.premises import Contact, Details
from domain.service_points import (
    AddServicePoint,
    ChangeServicePointContact,
    RecordReachability,
    RecordUnreportedWithdrawal,
    ReportServicePointChange,
    ServicePointAction,
    ServicePointChangeKind,
    ServicePointState,
    Unreached,
    VerifyServicePoint,
)
from storage.paging import PAGE_MAX

for _enum in (ServicePointState, ServicePointChangeKind, ServicePointAction, Unreached, Weekday):
    described(_enum)

EXPECTED: Final = "The point's version you saw; another is refused."


class ServicePointOrder(StrEnum):
    """Orders of a list of service points."""

    OLDEST_FIRST = "OLDEST_FIRST"
    """By when they were added, the earliest first."""
    NEWEST_FIRST = "NEWEST_FIRST"
    """By when they were added, the latest first."""


described(ServicePointOrder)


@strawberry.input(description="Which service points. What is left out does not matter; conditions add up.")
class ServicePointFilter:
    """The fields are the filters of `storage/views/service_points.py`."""

    states: list[ServicePointState] | None = strawberry.field(default=None, description="In one of these states.")
    provider_id: strawberry.ID | None = strawberry.field(default=None, description="Of this provider.")
    country: CountryCode | None = strawberry.field(default=None, description="In this country.")


# -- what is shown -----------------------------------------------------------------------------------------------------


@strawberry.type(description="A span of the week in which a place is open, in its own clocks.")
class OpeningHours:
    """`domain.opening_hours.Span`."""

    weekday: Weekday = strawberry.field(description="The day.")
    opens: str = strawberry.field(description="From when, as 08:00.")
    closes: str = strawberry.field(description="Until when, as 17:30; 24:00 is the end of the day.")


@strawberry.type(description="Who answers at a service point: personal data.")
class ServicePointContact:
    """`domain.premises.Contact`."""

    name: str = strawberry.field(description="The person's name.")
    phone: str | None = strawberry.field(description="The telephone number with + and its country.")
    email: str | None = strawberry.field(description="The e-mail address.")


@strawberry.type(description="What is told of a service point, as it will be once a reported change takes effect.")
class ServicePointDetails:
    """`storage.views.service_points.ShownDetails`."""

    name: str = strawberry.field(description="What it is called.")
    country: CountryCode = strawberry.field(description="The country it lies in.")
    region: str | None = strawberry.field(description="Its region of ISO 3166-2.")
    locality: str = strawberry.field(description="Its town.")
    street: str = strawberry.field(description="Street and number.")
    postal_code: str | None = strawberry.field(description="Its postal code.")
    latitude: Decimal = strawberry.field(description="In degrees; north of the equator is positive.")
    longitude: Decimal = strawberry.field(description="In degrees; east of Greenwich is positive.")
    services: list[ServiceMode] = strawberry.field(description="What is done there.")
    engineers: int = strawberry.field(description="How many engineers work from there.")
    areas: list[str] = strawberry.field(description="The areas it covers, by their keys: CN, US-CA, CNSHA, US~902.")
    radius_metres: int | None = strawberry.field(description="It covers what lies within so many metres.")
    zone: str = strawberry.field(description="The time zone of its clocks, such as Asia/Shanghai.")
    opening: list[OpeningHours] = strawberry.field(description="When it is open; empty where that is not told.")


@strawberry.type(description="What a provider reported of a service point and what has not taken effect.")
class ServicePointChange:
    """`storage.views.service_points.ReportedChange`."""

    kind: ServicePointChangeKind = strawberry.field(description="A change or a withdrawal.")
    reported_at: datetime = strawberry.field(description="When it was reported.")
    effective_at: datetime = strawberry.field(description="The instant from which it is so.")
    details: ServicePointDetails | None = strawberry.field(description="As it will be; null for a withdrawal.")


@strawberry.type(description="An action on a service point that is not possible now for the viewer, and why.")
class BlockedServicePointAction:
    """`domain.moves.Move`."""

    action: ServicePointAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="When time ends it; null where it does not.")


@strawberry.type(description="A place where a provider serves machines, or takes and hands out goods.")
class ServicePoint(Node):
    """`domain.service_points.ServicePoint`."""

    provider: Provider | None = strawberry.field(description="Whose it is.")
    state: ServicePointState = strawberry.field(description="Where it stands.")
    name: str = strawberry.field(description="What it is called.")
    country: CountryCode = strawberry.field(description="The country it lies in.")
    region: str | None = strawberry.field(description="Its region of ISO 3166-2.")
    locality: str = strawberry.field(description="Its town.")
    street: str = strawberry.field(description="Street and number.")
    postal_code: str | None = strawberry.field(description="Its postal code.")
    latitude: Decimal = strawberry.field(description="In degrees; north of the equator is positive.")
    longitude: Decimal = strawberry.field(description="In degrees; east of Greenwich is positive.")
    services: list[ServiceMode] = strawberry.field(description="What is done there.")
    engineers: int = strawberry.field(description="How many engineers work from there.")
    areas: list[str] = strawberry.field(description="The areas it covers, by their keys: CN, US-CA, CNSHA, US~902.")
    radius_metres: int | None = strawberry.field(description="It covers what lies within so many metres.")
    zone: str = strawberry.field(description="The time zone of its clocks, such as Asia/Shanghai.")
    opening: list[OpeningHours] = strawberry.field(description="When it is open; empty where that is not told.")
    contact: ServicePointContact | None = strawberry.field(
        description="Who answers there: personal data, for staff and its provider, null once erased. Reading it is "
        "written into the audit log.",
        directives=[Personal()],
    )
    reported_change: ServicePointChange | None = strawberry.field(
        description="What was reported and has not taken effect; null where nothing was."
    )
    added_at: datetime = strawberry.field(description="When it was added.")
    verified_at: datetime | None = strawberry.field(description="When its papers and address were found in order.")
    activated_at: datetime | None = strawberry.field(description="When it first served.")
    checked_at: datetime | None = strawberry.field(description="When it was last checked whether it can be reached.")
    check_due_at: datetime | None = strawberry.field(description="Until when it is to be checked next.")
    overdue_since: datetime | None = strawberry.field(description="Since when a check is missing that was due.")
    unreachable_since: datetime | None = strawberry.field(description="Since when it cannot be reached.")
    unreachable_reason: Unreached | None = strawberry.field(description="Why the last check failed.")
    withdrawn_at: datetime | None = strawberry.field(description="When it was withdrawn.")
    liable_until: datetime | None = strawberry.field(
        description="It went without a word, and until this instant its provider answers for what was open then; for "
        "staff and its provider."
    )
    decision: Decision | None = strawberry.field(description="Why its provider stays liable, where it does.")
    commitments: list[Coverage] | None = field(
        "The covers that were open when it went without a word, the longest open first; for staff and its provider.",
        Argument("first", int, f"How many: 1 to {PAGE_MAX}."),
    )
    available_actions: list[ServicePointAction] = strawberry.field(description="What the viewer may do with it now.")
    blocked_actions: list[BlockedServicePointAction] = strawberry.field(
        description="What the viewer may not do with it now, and why."
    )
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.type(description="A service point that was found, and how far away it is.")
class NearServicePointEdge:
    """`storage.views.service_points.NearServicePoint`."""

    cursor: str = strawberry.field(
        description="Opaque; good for `after` and `before` for the same place and service only."
    )
    node: ServicePoint | None = strawberry.field(description="The point; null when it stopped serving this instant.")
    distance_metres: int = strawberry.field(description="Along the earth's surface, in metres.")


@strawberry.type(description="A page of service points, the nearest first. The list is not counted: it ends nowhere.")
class NearServicePointConnection:
    """`storage.views.service_points.NearServicePoints`."""

    edges: list[NearServicePointEdge] = strawberry.field(description="The page, each point with its distance.")
    page_info: PageInfo = strawberry.field(description="Where the page lies in its list.")


@strawberry.type(description="A service point that covers a place, and by what.")
class CoveringServicePoint:
    """`storage.views.service_points.CoveringServicePoint`."""

    service_point: ServicePoint | None = strawberry.field(
        description="The point; null when it stopped serving this instant."
    )
    area: str | None = strawberry.field(
        description="The key of the narrowest of its areas that the place lies in; null where its radius reaches it."
    )
    distance_metres: int | None = strawberry.field(
        description="Along the earth's surface, in metres; null where it is not known where the place lies."
    )


@strawberry.input(description="Where one looks from: coordinates or a place of UN/LOCODE, one of the two.")
class LocationInput:
    """→ `domain.places.Coordinates`."""

    coordinates: CoordinatesInput | None = strawberry.field(default=None, description="A point on the earth.")
    unlocode: str | None = strawberry.field(default=None, description="A place of UN/LOCODE, such as CNSHA.")


# -- what comes in -----------------------------------------------------------------------------------------------------


@strawberry.input(description="A span of the week in which a place is open, in its own clocks.")
class OpeningHoursInput:
    """→ `domain.opening_hours.Span`."""

    weekday: Weekday = strawberry.field(description="The day.")
    opens: str = strawberry.field(description="From when, as 08:00.")
    closes: str = strawberry.field(description="Until when, as 17:30; 24:00 is the end of the day.")

    def spelled(self) -> str:
        """The span as it is kept. Refuses with ValueError what is none."""
        return Span(self.weekday, self.opens, self.closes).spelled


@strawberry.input(description="What is told of a service point.")
class ServicePointDetailsInput:
    """→ `domain.premises.Details`."""

    name: str = strawberry.field(description="What it is called, at most 200 characters.")
    country: CountryCode = strawberry.field(description="The country it lies in.")
    region: str | None = strawberry.field(default=None, description="Its region of ISO 3166-2, such as US-CA.")
    locality: str = strawberry.field(description="Its town, at most 200 characters.")
    street: str = strawberry.field(description="Street and number, at most 200 characters.")
    postal_code: str | None = strawberry.field(default=None, description="Its postal code.")
    coordinates: CoordinatesInput = strawberry.field(description="Where it lies.")
    services: list[ServiceMode] = strawberry.field(description="What is done there: at least one, each once.")
    engineers: int = strawberry.field(description="How many engineers work from there.")
    areas: list[str] = strawberry.field(
        default_factory=list,
        description="The areas it covers, at most 200, by their keys: a country CN, a region US-CA, a place of "
        "UN/LOCODE CNSHA, postal codes that begin alike US~902.",
    )
    radius_metres: int | None = strawberry.field(
        default=None, description="It covers what lies within so many metres, at most 1,000,000."
    )
    zone: str = strawberry.field(description="The time zone of its clocks, such as Asia/Shanghai.")
    opening: list[OpeningHoursInput] = strawberry.field(
        default_factory=list, description="When it is open, at most 28 spans; leave it out if that is not told."
    )

    def details(self, read: Reader, *path: str) -> Details:
        """The details; what is no point on the earth or no span is a problem of the reader."""
        opening = tuple(
            read.take(span.spelled, *path, "opening", str(place), otherwise="")
            for place, span in enumerate(self.opening)
        )
        details = Details(
            name=self.name.strip(),
            country=self.country,
            region=self.region,
            locality=self.locality.strip(),
            street=self.street.strip(),
            postal_code=self.postal_code,
            coordinates=read.take(
                lambda: self.coordinates.coordinates(*path, "coordinates"),
                *path,
                "coordinates",
                otherwise=Coordinates(0, 0),
            ),
            services=tuple(self.services),
            engineers=self.engineers,
            areas=tuple(self.areas),
            radius_metres=self.radius_metres,
            zone=self.zone,
            opening=tuple(filter(None, opening)),
        )
        read.rules(premises.problems(details, *path))
        return details


@strawberry.input(description="Who answers at a service point: personal data.")
class ServicePointContactInput:
    """→ `domain.premises.Contact`."""

    name: str = strawberry.field(description="The person's name.")
    phone: str | None = strawberry.field(default=None, description="The telephone number, such as +8621551234.")
    email: str | None = strawberry.field(default=None, description="The e-mail address; this or the telephone number.")

    def contact(self, read: Reader) -> Contact:
        """The contact; what is wrong with it is collected by `read`."""
        contact = Contact(self.name.strip(), self.phone or None, self.email or None)
        read.rules(premises.contact_problems(contact, "contact"))
        return contact


@strawberry.input(description="A new service point.")
class AddServicePointInput:
    """→ `domain.service_points.AddServicePoint`."""

    provider_id: strawberry.ID | None = strawberry.field(
        default=None, description="Whose it is; the caller's own provider when left out."
    )
    details: ServicePointDetailsInput = strawberry.field(description="What is told of it.")
    contact: ServicePointContactInput | None = strawberry.field(
        default=None, description="Who answers there: personal data, kept apart.", directives=[Personal()]
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> AddServicePoint:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = AddServicePoint(
            read.optional_id(ProviderId, self.provider_id, "providerId"),
            self.details.details(read, "details"),
            None if self.contact is None else self.contact.contact(read),
        )
        read.done()
        return command


@strawberry.input(description="A service point's papers and address are in order.")
class VerifyServicePointInput:
    """→ `domain.service_points.VerifyServicePoint`."""

    service_point_id: strawberry.ID = strawberry.field(description="The service point.")
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> VerifyServicePoint:
        """The command. Refuses with Invalid, naming every problem."""
        return VerifyServicePoint(_point(self.service_point_id))


@strawberry.input(description="A service point will change or serve no longer.")
class ReportServicePointChangeInput:
    """→ `domain.service_points.ReportServicePointChange`."""

    service_point_id: strawberry.ID = strawberry.field(description="The service point.")
    kind: ServicePointChangeKind = strawberry.field(description="A change or a withdrawal.")
    details: ServicePointDetailsInput | None = strawberry.field(
        default=None, description="For a change: everything that will be told of it, changed or not."
    )
    effective_at: datetime | None = strawberry.field(
        default=None, description="From when on; as early as notice allows when left out, at most a year ahead."
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> ReportServicePointChange:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = ReportServicePointChange(
            read.id(ServicePointId, self.service_point_id, "servicePointId"),
            self.kind,
            None if self.details is None else self.details.details(read, "details"),
            self.effective_at,
        )
        read.done()
        return command


@strawberry.input(description="Somebody else answers at a service point.")
class ChangeServicePointContactInput:
    """→ `domain.service_points.ChangeServicePointContact`."""

    service_point_id: strawberry.ID = strawberry.field(description="The service point.")
    contact: ServicePointContactInput = strawberry.field(
        description="Who answers there: personal data, kept apart.", directives=[Personal()]
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> ChangeServicePointContact:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = ChangeServicePointContact(
            read.id(ServicePointId, self.service_point_id, "servicePointId"), self.contact.contact(read)
        )
        read.done()
        return command


@strawberry.input(description="What a check of a service point found.")
class RecordReachabilityInput:
    """→ `domain.service_points.RecordReachability`."""

    service_point_id: strawberry.ID = strawberry.field(description="The service point.")
    unreached: Unreached | None = strawberry.field(
        default=None, description="Why it was not reached; leave it out where it was."
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> RecordReachability:
        """The command. Refuses with Invalid, naming every problem."""
        return RecordReachability(_point(self.service_point_id), self.unreached)


@strawberry.input(description="A service point is gone, and nobody said so in time.")
class RecordUnreportedWithdrawalInput:
    """→ `domain.service_points.RecordUnreportedWithdrawal`."""

    service_point_id: strawberry.ID = strawberry.field(description="The service point.")
    gone_since: datetime = strawberry.field(description="Since when, as far as the desk found out.")
    note: str = strawberry.field(description="How it was found out, at most a page; part of the decision.")
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)
    idempotency_key: str = strawberry.field(description="Your name for this call: sent twice, it is done once.")

    def command(self) -> RecordUnreportedWithdrawal:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = RecordUnreportedWithdrawal(
            read.id(ServicePointId, self.service_point_id, "servicePointId"),
            self.gone_since,
            read.required_note(self.note, "note"),
        )
        read.done()
        return command


def _point(text: str) -> ServicePointId:
    read = Reader()
    id_ = read.id(ServicePointId, text, "servicePointId")
    read.done()
    return id_


@strawberry.type(description="The service point after the change, or why nothing changed.")
class ServicePointPayload:
    """What the mutations on a service point answer."""

    service_point: ServicePoint | None = strawberry.field(description="The service point; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type(description="The withdrawn service point and why its provider is liable, or why nothing changed.")
class RecordUnreportedWithdrawalPayload:
    """What `recordUnreportedWithdrawal` answers."""

    service_point: ServicePoint | None = strawberry.field(description="The service point; null when nothing changed.")
    decision: Decision | None = strawberry.field(description="What its provider answers for, and why.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class ServicePointQueries:
    """Reading service points."""

    service_point: ServicePoint | None = point(
        "The service point of that id; null when there is none for the viewer.", of="service point"
    )
    service_points: Connection[ServicePoint] = listing(
        "The service points the viewer may see: staff all, a provider its own and all that serve, others all that "
        "serve.",
        filter=ServicePointFilter,
        order=ServicePointOrder,
    )
    service_points_near: NearServicePointConnection = listing(
        "The service points that serve now, of providers that may sell that service there, the nearest first.",
        more=(
            Argument("location", LocationInput, "Where one looks from; a cursor is good for that place and service."),
            Argument("service", ServiceMode, "What shall be done."),
            Argument("radius_metres", int | None, "Only points within so many metres; anywhere when left out."),
        ),
    )
    service_coverage: list[CoveringServicePoint] = field(
        "The service points that cover a place: first those whose radius reaches it, the nearest first, then those "
        "that name an area it lies in, the narrowest first.",
        Argument("spot", SpotInput, "The place."),
        Argument("coordinates", CoordinatesInput | None, "Where it lies; known by itself for a place of UN/LOCODE."),
        Argument("service", ServiceMode, "What shall be done."),
        Argument("first", int, f"How many: 1 to {PAGE_MAX}."),
    )


@strawberry.type
class ServicePointMutations:
    """What can be done with service points."""

    add_service_point: ServicePointPayload = mutation(
        service_points.add_service_point,
        AddServicePointInput,
        keyed=False,
        description="A provider has a new service point, which the desk looks at before it serves.",
    )
    verify_service_point: ServicePointPayload = mutation(
        service_points.verify_service_point,
        VerifyServicePointInput,
        keyed=False,
        description="The desk found a service point's papers and address in order; its first check is due.",
    )
    report_service_point_change: ServicePointPayload = mutation(
        service_points.report_service_point_change,
        ReportServicePointChangeInput,
        keyed=False,
        description="A provider reports a change or withdrawal, which takes effect by itself after its notice; at once "
        "where the point does not serve yet. A later report takes the place of an earlier one.",
    )
    change_service_point_contact: ServicePointPayload = mutation(
        service_points.change_service_point_contact,
        ChangeServicePointContactInput,
        keyed=False,
        description="Somebody else answers at a service point, at once.",
    )
    record_reachability: ServicePointPayload = mutation(
        service_points.record_reachability,
        RecordReachabilityInput,
        keyed=False,
        description="The desk checked a service point: reached, it serves; not reached, nobody finds it until it is.",
    )
    record_unreported_withdrawal: RecordUnreportedWithdrawalPayload = mutation(
        service_points.record_unreported_withdrawal,
        RecordUnreportedWithdrawalInput,
        keyed=True,
        description="The desk found that a service point is gone without a word: it is withdrawn, and its provider "
        "answers for every after-sales cover that was open, as an explained decision.",
    )
