"""UN/LOCODE as it is published: twelve columns without a header, three files a release.

    Change, Country, Location, Name, NameWoDiacritics, Subdivision, Function, Status, Date, IATA, Coordinates, Remarks

A row is a country's own name (`,"AD",,".ANDORRA"`), a place, or another name of a place (change mark `=`, `Brooklyn =
New York`). Coordinates are degrees and minutes, `3114N 12129E`; the function is up to eight characters, each one kind
of traffic. Law: a row is read whole or refused with everything that is wrong with it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from domain import places
from domain.countries import COUNTRIES
from domain.places import MICRO, Coordinates, Place, PlaceFunction

COLUMNS: Final = (
    "Change",
    "Country",
    "Location",
    "Name",
    "NameWoDiacritics",
    "Subdivision",
    "Function",
    "Status",
    "Date",
    "IATA",
    "Coordinates",
    "Remarks",
)
COLUMNS_MIN: Final = COLUMNS.index("Remarks")
"""Remarks may be left out."""
ALIAS: Final = "="
"""The change mark of a row that is another name."""
LEAVING: Final = "X"
"""The change mark of a place that the next release will not have."""
NAME_CHARACTERS_MAX: Final = 200
"""The longest name; the longest published one has 45."""
_NAME: Final = f"a name has 1 to {NAME_CHARACTERS_MAX} printable characters"

FUNCTIONS: Final[Mapping[str, PlaceFunction]] = {
    "1": PlaceFunction.PORT,
    "2": PlaceFunction.RAIL,
    "3": PlaceFunction.ROAD,
    "4": PlaceFunction.AIRPORT,
    "5": PlaceFunction.POSTAL,
    "6": PlaceFunction.MULTIMODAL,
    "7": PlaceFunction.FIXED,
    "B": PlaceFunction.BORDER,
}
"""What a character of the function column says."""
UNSAID: Final = frozenset("-0")
"""Characters that say nothing: not this traffic, and not known."""

_LATITUDE: Final = re.compile(r"(\d{2})([0-5]\d)([NS])")
_LONGITUDE: Final = re.compile(r"(\d{3})([0-5]\d)([EW])")
_STATUS: Final = re.compile(r"[A-Z]{2}")
_SOUTH_AND_WEST: Final = frozenset("SW")


@dataclass(frozen=True, slots=True)
class Alias:
    """Another name of the place that is called `of` in the same country."""

    country: str
    name: str
    ascii_name: str
    of: str
    ascii_of: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A place as a row lists it, and whether the next release will not have it."""

    place: Place
    leaving: bool


class Unreadable(ValueError):
    """A row that is none of UN/LOCODE's; `reasons` are all of them."""

    def __init__(self, *reasons: str) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


def is_header(cells: Sequence[str]) -> bool:
    """Whether the row names columns, as some copies do, instead of being one of the list."""
    return len(cells) > 1 and cells[1].strip().lower() == "country"


def read_row(cells: Sequence[str]) -> Listed | Alias | None:
    """What the row says; None for a country's own name.

    Raises:
        Unreadable: it says nothing that can be kept.
    """
    if len(cells) < COLUMNS_MIN:
        raise Unreadable(f"expected {len(COLUMNS)} columns, found {len(cells)}")
    change, country, location, name, ascii_name, region, function, status, _date, _iata, at = (
        cell.strip() for cell in cells[:COLUMNS_MIN]
    )
    if country not in COUNTRIES:
        raise Unreadable(f"{country!r} is no country of ISO 3166-1")
    if not location and name.startswith("."):
        return None
    if change == ALIAS:
        return _alias(country, name, ascii_name or name)
    reasons = _reasons(country, location, name, region, status)
    functions = _functions(function, reasons)
    coordinates = _coordinates(at, reasons)
    if reasons:
        raise Unreadable(*reasons)
    place = Place(
        country=country,
        location=location,
        name=name,
        ascii_name=ascii_name or name,
        region=f"{country}-{region}" if region else None,
        functions=functions,
        status=status,
        latitude=None if coordinates is None else coordinates.latitude,
        longitude=None if coordinates is None else coordinates.longitude,
    )
    return Listed(place, change == LEAVING)


def _reasons(country: str, location: str, name: str, region: str, status: str) -> list[str]:
    reasons = []
    if not places.is_unlocode(f"{country}{location}"):
        reasons.append(f"{country}{location} is no UN/LOCODE")
    if not 0 < len(name) <= NAME_CHARACTERS_MAX or not name.isprintable():
        reasons.append(_NAME)
    if region and not places.is_region(f"{country}-{region}"):
        reasons.append(f"{country}-{region} is no region of ISO 3166-2")
    if not _STATUS.fullmatch(status):
        reasons.append("a status has two capital letters")
    return reasons


def _alias(country: str, name: str, ascii_name: str) -> Alias:
    """`Brooklyn = New York`. Refuses a row without both names."""
    names = [part.strip() for part in name.split("=")]
    ascii_names = [part.strip() for part in ascii_name.split("=")]
    if len(names) != len(ascii_names) or len(names) != 2 or not all(names + ascii_names):
        raise Unreadable("another name is written `other = name of the place`")
    if any(len(each) > NAME_CHARACTERS_MAX or not each.isprintable() for each in names + ascii_names):
        raise Unreadable(_NAME)
    return Alias(country, names[0], ascii_names[0], names[1], ascii_names[1])


def _functions(text: str, reasons: list[str]) -> tuple[PlaceFunction, ...]:
    """What traffic the characters name, in the order of the list. What is no such character is a reason."""
    if unknown := sorted(set(text) - FUNCTIONS.keys() - UNSAID):
        reasons.append(f"the function {text!r} has unknown characters: {''.join(unknown)}")
    return tuple(function for character, function in FUNCTIONS.items() if character in text)


def _coordinates(text: str, reasons: list[str]) -> Coordinates | None:
    """`3114N 12129E` in micro-degrees; None where nothing is said. What is neither is a reason."""
    if not text:
        return None
    north, _, east = text.partition(" ")
    latitude, longitude = _LATITUDE.fullmatch(north), _LONGITUDE.fullmatch(east.strip())
    if latitude is not None and longitude is not None:
        try:
            return Coordinates(_micro(latitude), _micro(longitude))
        except ValueError:
            pass  # beyond a pole or the date line: told like any other misspelling
    reasons.append(f"the coordinates {text!r} are not spelled like 3114N 12129E")
    return None


def _micro(match: re.Match[str]) -> int:
    """Degrees and minutes in micro-degrees, to the nearest."""
    minutes = int(match[1]) * 60 + int(match[2])
    micro = (minutes * MICRO + 30) // 60
    return -micro if match[3] in _SOUTH_AND_WEST else micro
