"""Service points as each kind of viewer sees them.

Who buys, sells or just looks sees the points that serve; a provider all of its own, staff all. Who answers at a point
is personal: staff and its provider see it, and that it was read is written down.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from domain import places as words
from domain import premises, service_points
from domain.access import Caller, ViewerKind
from domain.errors import Conflict, ErrorCode, Invalid, Problem
from domain.geography import RINGS
from domain.ids import ServicePointId
from domain.modes import ServiceMode
from domain.opening_hours import Span
from domain.places import Coordinates
from domain.service_points import CONTACT, ServicePointChangeKind
from storage import paging, personal, places
from storage import service_points as point_rows
from storage.service_points import SERVICE_POINTS, Near
from storage.views.actions import actions
from storage.views.places import coded, counted, degrees
from storage.views.view import (
    Answer,
    Computed,
    Filter,
    Listing,
    One,
    Point,
    Root,
    Row,
    Sort,
    Value,
    View,
    columns,
)

_SERVES: Final = "{t}.state IN ('ACTIVE', 'CHANGE_REPORTED')"
_OWN: Final = "{t}.provider_id = {party}"
READ_CONTACT: Final = "readServicePointContact"
"""The action in the audit row of whoever read who answers at a point."""
SEES_CONTACT: Final = frozenset({ViewerKind.STAFF, ViewerKind.PROVIDER})


@dataclass(frozen=True, slots=True)
class ShownDetails:
    """What is told of a service point, as it is shown."""

    name: str
    country: str
    region: str | None
    locality: str
    street: str
    postal_code: str | None
    latitude: Decimal
    longitude: Decimal
    services: list[ServiceMode]
    engineers: int
    areas: list[str]
    radius_metres: int | None
    zone: str
    opening: list[Span]


@dataclass(frozen=True, slots=True)
class ReportedChange:
    """What was reported and has not taken effect."""

    kind: ServicePointChangeKind
    reported_at: datetime
    effective_at: datetime
    details: ShownDetails | None


@dataclass(frozen=True, slots=True)
class NearServicePoint:
    """A point that was found and its place in the list; the engine reads what it is."""

    cursor: str
    node: ServicePointId
    distance_metres: int


@dataclass(frozen=True, slots=True)
class NearServicePoints:
    """A page of the points that were found."""

    edges: list[NearServicePoint]
    page_info: paging.PageInfo


@dataclass(frozen=True, slots=True)
class CoveringServicePoint:
    """A point that covers a place, and by what."""

    service_point: ServicePointId
    area: str | None
    distance_metres: int | None


def shown(details: premises.Details) -> ShownDetails:
    """Details as clients read them."""
    return ShownDetails(
        name=details.name,
        country=details.country,
        region=details.region,
        locality=details.locality,
        street=details.street,
        postal_code=details.postal_code,
        latitude=degrees(details.coordinates.latitude),
        longitude=degrees(details.coordinates.longitude),
        services=list(details.services),
        engineers=details.engineers,
        areas=list(details.areas),
        radius_metres=details.radius_metres,
        zone=details.zone,
        opening=[Span.parse(text) for text in details.opening],
    )


async def opening(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[Span]]:
    """The spans in which each is open."""
    return [[Span.parse(text) for text in row["opening"]] for row in rows]


async def reported(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[ReportedChange | None]:
    """What was reported of each and has not taken effect."""
    found: list[ReportedChange | None] = []
    for row in rows:
        point = SERVICE_POINTS.decode(row)
        if point.change_kind is None or point.change_reported_at is None or point.change_effective_at is None:
            found.append(None)
            continue
        details = service_points.details_of(point)
        told = None if details is None else shown(details)
        found.append(ReportedChange(point.change_kind, point.change_reported_at, point.change_effective_at, told))
    return found


async def contacts(
    connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, _arguments: Mapping[str, Any]
) -> list[Mapping[str, Any] | None]:
    """Who answers at each, null where nobody is named or the viewer may not know. Each reading is written down."""
    ids = [
        ServicePointId(row["id"])
        for row in rows
        if viewer.viewer is ViewerKind.STAFF or row["provider_id"] == viewer.party_id
    ]
    found = await personal.reveal(connection, viewer, ids, CONTACT, action=READ_CONTACT, at=at)
    return [found.get(row["id"]) for row in rows]


async def bound(
    connection: Any, rows: Sequence[Row], viewer: Caller, _at: datetime, arguments: Mapping[str, Any]
) -> list[list[str]]:
    """The covers that the provider of each stayed bound to, the longest open first; the engine reads what each is."""
    ids = [row["id"] for row in rows if viewer.viewer is ViewerKind.STAFF or row["provider_id"] == viewer.party_id]
    found = await point_rows.bound_by_points(connection, viewer.tenant_id, ids, counted(arguments))
    return [list(found.get(row["id"], ())) for row in rows]


SERVICE_POINT: Final = View(
    type="ServicePoint",
    table="service_points",
    visible={
        ViewerKind.STAFF: "true",
        ViewerKind.BUYER: _SERVES,
        ViewerKind.SUPPLIER: _SERVES,
        ViewerKind.ENTITLED_SUPPLIER: _SERVES,
        ViewerKind.PROVIDER: f"({_OWN} OR {_SERVES})",
        ViewerKind.PUBLIC: _SERVES,
    },
    fields={
        **columns(
            "id",
            "state",
            "name",
            "country",
            "region",
            "locality",
            "street",
            "postalCode",
            "services",
            "engineers",
            "areas",
            "radiusMetres",
            "zone",
            "addedAt",
            "verifiedAt",
            "activatedAt",
            "checkedAt",
            "checkDueAt",
            "overdueSince",
            "unreachableSince",
            "unreachableReason",
            "withdrawnAt",
            "version",
        ),
        "latitude": Value("trim_scale({t}.latitude::numeric / 1000000)"),
        "longitude": Value("trim_scale({t}.longitude::numeric / 1000000)"),
        "provider": One("Provider", "{t}.provider_id"),
        "opening": Computed(opening, needs=("opening",)),
        "contact": Computed(contacts, needs=("provider_id",), shown_to=SEES_CONTACT),
        "reportedChange": Computed(reported, needs=SERVICE_POINTS.names),
        "liableUntil": Value(
            {
                ViewerKind.STAFF: "{t}.liable_until",
                ViewerKind.PROVIDER: f"CASE WHEN {_OWN} THEN {{t}}.liable_until END",
            }
        ),
        "decision": One("Decision", "{t}.decision_id"),
        "commitments": Computed(bound, needs=("provider_id",), shown_to=SEES_CONTACT),
        **actions(SERVICE_POINTS, service_points.moves),
    },
    sorts={
        "OLDEST_FIRST": Sort((("{t}.id", False),)),
        "NEWEST_FIRST": Sort((("{t}.id", True),)),
    },
    filters={
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "providerId": Filter("{t}.provider_id = {v}"),
        "country": Filter("{t}.country = {v}::char(2)"),
    },
)


# -- looking for points ------------------------------------------------------------------------------------------------


async def near(
    connection: Any, _rows: Sequence[Row], viewer: Caller, at: datetime, arguments: Mapping[str, Any]
) -> list[NearServicePoints]:
    """A page of the points with a service, the nearest first, with their distances."""
    metres = arguments.get("radius_metres")
    if metres is not None and metres < 0:
        raise Invalid(Problem(("radiusMetres",), "A distance is not below zero."))
    where, service = await _located(connection, arguments["location"]), ServiceMode(arguments["service"])
    page = paging.asked(arguments, (int, str), "near", service, str(where.latitude), str(where.longitude))
    found = await point_rows.near(
        connection,
        viewer.tenant_id,
        where,
        service,
        metres=metres,
        count=page.size + 1,
        now=at,
        after=_found(page.after),
        before=_found(page.before),
        backward=page.backward,
    )
    connected = paging.connected(page, found, lambda each: (each.metres, each.id))
    edges = [NearServicePoint(edge.cursor, edge.node.id, edge.node.metres) for edge in connected.edges]
    return [NearServicePoints(edges, connected.page_info)]


def _found(values: tuple[Any, ...] | None) -> Near | None:
    """The point of a cursor. Its distance was measured before, and is no more than the earth allows."""
    if values is None:
        return None
    metres, id_ = values
    if not 0 <= metres <= RINGS[-1]:
        raise Conflict("This list did not give that cursor.", code=ErrorCode.BAD_CURSOR)
    return Near(ServicePointId(id_), metres)


async def covering(
    connection: Any, _rows: Sequence[Row], viewer: Caller, at: datetime, arguments: Mapping[str, Any]
) -> list[list[CoveringServicePoint]]:
    """The points that cover a place with a service, and by what."""
    spot = await places.completed(connection, arguments["spot"].spot("spot"))
    given, known = arguments.get("coordinates"), None
    if given is not None:
        known = given.coordinates("coordinates")
    elif spot.unlocode is not None:
        place = await places.find(connection, spot.unlocode)
        known = None if place is None else place.coordinates
    found = await point_rows.covering(
        connection,
        viewer.tenant_id,
        words.keys_of(spot),
        known,
        ServiceMode(arguments["service"]),
        count=counted(arguments),
        now=at,
    )
    return [[CoveringServicePoint(each.id, each.area_key, each.metres) for each in found]]


async def _located(connection: Any, wished: Any) -> Coordinates:
    """Where the client looks from: coordinates, or a place of UN/LOCODE whose coordinates are known."""
    if (wished.coordinates is None) == (wished.unlocode is None):
        raise Invalid(Problem(("location",), "Give either coordinates or a UN/LOCODE."))
    if wished.coordinates is not None:
        given: Coordinates = wished.coordinates.coordinates("location", "coordinates")
        return given
    place = await places.find(connection, coded(wished.unlocode, "location", "unlocode"))
    if place is None or place.coordinates is None:
        raise Invalid(Problem(("location", "unlocode"), "Where this place lies is not known here."))
    return place.coordinates


VIEWS: Final = (SERVICE_POINT,)
ROOTS: Final[dict[str, Root]] = {
    "servicePoint": Point("ServicePoint"),
    "servicePoints": Listing("ServicePoint", "OLDEST_FIRST"),
    "servicePointsNear": Answer(near),
    "serviceCoverage": Answer(covering),
}
