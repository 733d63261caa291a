"""Places in GraphQL: UN/LOCODE, and how clients name places and areas."""

from decimal import Decimal
from typing import Final

import strawberry

from api.schema.arguments import Argument, field
from api.schema.connection import PageInfo, listing
from api.schema.enums import described
from api.schema.scalars import CountryCode
from domain.errors import Invalid, Problem
from domain.places import MICRO, Coordinates, PlaceFunction, Spot

described(PlaceFunction)

ACCURACY: Final = 6
"""Decimals of a degree that are kept: a hand's breadth."""


@strawberry.type(description="A point on the earth.")
class Location:
    """`storage.views.places.Location`."""

    latitude: Decimal = strawberry.field(description="In degrees; north of the equator is positive.")
    longitude: Decimal = strawberry.field(description="In degrees; east of Greenwich is positive.")


@strawberry.input(description="A point on the earth.")
class CoordinatesInput:
    """→ `domain.places.Coordinates`."""

    latitude: Decimal = strawberry.field(
        description="In degrees from -90 to 90, at most six decimals; north of the equator is positive."
    )
    longitude: Decimal = strawberry.field(
        description="In degrees from -180 to 180, at most six decimals; east of Greenwich is positive."
    )

    def coordinates(self, *path: str) -> Coordinates:
        """In micro-degrees. Refuses with Invalid what is no point on the earth, and more decimals than are kept."""
        try:
            return coordinates(self.latitude, self.longitude)
        except ValueError as reason:
            raise Invalid(Problem(path, f"{reason}.")) from reason


def coordinates(latitude: Decimal, longitude: Decimal) -> Coordinates:
    """Degrees in micro-degrees. Refuses with ValueError what is finer than that, or no point on the earth."""
    micro = [value * MICRO for value in (latitude, longitude)]
    if any(value != value.to_integral_value() for value in micro):
        raise ValueError(f"degrees have at most {ACCURACY} decimals")
    return Coordinates(int(micro[0]), int(micro[1]))


@strawberry.input(description="One concrete place, as exactly as it is known.")
class SpotInput:
    """→ `domain.places.Spot`."""

    country: CountryCode = strawberry.field(description="The country.")
    region: str | None = strawberry.field(default=None, description="Its region of ISO 3166-2, such as US-CA.")
    unlocode: str | None = strawberry.field(
        default=None, description="Its code of UN/LOCODE, such as CNSHA; its region is then known by itself."
    )
    postal_code: str | None = strawberry.field(default=None, description="Its postal code, in any usual spelling.")

    def spot(self, *path: str) -> Spot:
        """The spot. Refuses with Invalid what `domain.places.Spot` refuses."""
        try:
            return Spot(self.country, self.region, self.unlocode, self.postal_code)
        except ValueError as reason:
            raise Invalid(Problem(path, f"{reason}.")) from reason


@strawberry.type(description="A place of trade and transport, as UN/LOCODE lists it.")
class Place:
    """`storage.views.places.ShownPlace`."""

    unlocode: str = strawberry.field(description="Its code: the country and three characters, such as CNSHA.")
    country: CountryCode = strawberry.field(description="The country it lies in.")
    name: str = strawberry.field(description="Its name, in the spelling of its country where that is Latin.")
    ascii_name: str = strawberry.field(description="Its name without marks on letters.")
    other_names: list[str] = strawberry.field(description="Other names by which it is looked for.")
    region: str | None = strawberry.field(description="Its region of ISO 3166-2, where it is known.")
    functions: list[PlaceFunction] = strawberry.field(description="What traffic it has; empty where nobody has said.")
    status: str = strawberry.field(description="Who vouches for the entry, by UN/LOCODE's two letters.")
    location: Location | None = strawberry.field(description="Where it lies; null where UN/LOCODE does not say.")


@strawberry.input(description="Which places. What is left out does not matter; conditions add up.")
class PlaceFilter:
    """The arguments of `storage.places.page`."""

    country: CountryCode | None = strawberry.field(default=None, description="In this country.")
    function: PlaceFunction | None = strawberry.field(default=None, description="With this traffic.")
    name_begins: str | None = strawberry.field(
        default=None, description="One of whose names begins so; marks on letters do not count, nor do capitals."
    )


@strawberry.type(description="One place in a list of places, and what stands there.")
class PlaceEntry:
    """`storage.paging.Edge`."""

    cursor: str = strawberry.field(description="Opaque; good for `after` and `before` in this list only.")
    node: Place = strawberry.field(description="What stands there.")


@strawberry.type(
    description="A page of places, paged like every connection. Places have no ids, so Relay's words are not for them; "
    "the list is not counted, for it is reference data of any length."
)
class PlacePage:
    """`storage.views.places.PlacePage`."""

    entries: list[PlaceEntry] = strawberry.field(description="The page, each place with its cursor.")
    nodes: list[Place] = strawberry.field(description="The page, without cursors.")
    page_info: PageInfo = strawberry.field(description="Where the page lies in its list.")


@strawberry.type
class PlaceQueries:
    """Reading places."""

    place: Place | None = field(
        "The place of that code; null when there is none.",
        Argument("unlocode", str, "Its code of UN/LOCODE, with or without a blank in it."),
    )
    places: PlacePage = listing(
        "Places by their codes. Reference data, the same for every marketplace.", filter=PlaceFilter
    )
