"""Places of UN/LOCODE: reference data that everybody may read. They are no things of a tenant and have no ids."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from domain.access import Caller
from domain.errors import Invalid, Problem
from domain.places import MICRO, Coordinates, Place, PlaceFunction, is_unlocode
from storage import paging, places
from storage.paging import PAGE_MAX
from storage.views.view import Answer, Root, Row


@dataclass(frozen=True, slots=True)
class Location:
    """A point on the earth in degrees, as clients read it."""

    latitude: Decimal
    longitude: Decimal


@dataclass(frozen=True, slots=True)
class ShownPlace:
    """A place as it is shown."""

    unlocode: str
    country: str
    name: str
    ascii_name: str
    other_names: list[str]
    region: str | None
    functions: list[PlaceFunction]
    status: str
    location: Location | None


@dataclass(frozen=True, slots=True)
class PlacePage:
    """A page of places."""

    entries: list[paging.Edge[ShownPlace]]
    nodes: list[ShownPlace]
    page_info: paging.PageInfo


def degrees(micro: int) -> Decimal:
    """Micro-degrees in degrees, without zeros at the end."""
    return (Decimal(micro) / MICRO).normalize() + 0


def shown_location(at: Coordinates | None) -> Location | None:
    """Where it is, in degrees."""
    return None if at is None else Location(degrees(at.latitude), degrees(at.longitude))


def counted(arguments: Mapping[str, Any]) -> int:
    """How many the client asks for. Refuses less than one and more than a page."""
    first: int = arguments["first"]
    if not 1 <= first <= PAGE_MAX:
        raise Invalid(Problem(("first",), f"A page has 1 to {PAGE_MAX}."))
    return first


def coded(text: str, *path: str) -> str:
    """A code of UN/LOCODE, in capitals. Refuses what is spelled otherwise."""
    unlocode = text.replace(" ", "").upper()
    if not is_unlocode(unlocode):
        raise Invalid(Problem(path, "A UN/LOCODE is a country and three characters, such as CNSHA."))
    return unlocode


async def place(
    connection: Any, _rows: Sequence[Row], _viewer: Caller, _at: datetime, arguments: Mapping[str, Any]
) -> list[ShownPlace | None]:
    """The place of that code."""
    found = await places.find(connection, coded(arguments["unlocode"], "unlocode"))
    return [None] if found is None else list(await _shown(connection, [found]))


async def listed(
    connection: Any, _rows: Sequence[Row], _viewer: Caller, _at: datetime, arguments: Mapping[str, Any]
) -> list[PlacePage]:
    """A page of the places that meet the filter, by code."""
    wished = arguments.get("filter")
    page = paging.asked(arguments, (str,), "places")
    function = getattr(wished, "function", None)
    found = await places.page(
        connection,
        country=getattr(wished, "country", None),
        function=None if function is None else PlaceFunction(function),
        name=getattr(wished, "name_begins", None),
        after=None if page.after is None else page.after[0],
        before=None if page.before is None else page.before[0],
        backward=page.backward,
        count=page.size + 1,
    )
    connected = paging.connected(page, await _shown(connection, found), lambda each: (each.unlocode,))
    return [PlacePage(connected.edges, connected.nodes, connected.page_info)]


async def _shown(connection: Any, found: Sequence[Place]) -> list[ShownPlace]:
    names = await places.names_of(connection, [each.unlocode for each in found])
    return [
        ShownPlace(
            each.unlocode,
            each.country,
            each.name,
            each.ascii_name,
            names.get(each.unlocode, []),
            each.region,
            list(each.functions),
            each.status,
            shown_location(each.coordinates),
        )
        for each in found
    ]


VIEWS: Final = ()
ROOTS: Final[dict[str, Root]] = {"place": Answer(place), "places": Answer(listed)}
