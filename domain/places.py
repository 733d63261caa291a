"""Places: where goods start, where they go, where a service is done; and the areas that such places lie in.

Two words for two things. A `Spot` is one concrete place, as a buyer or a shipment names it. An `Area` is what an offer
is made for: a whole country, a region of it, one place of UN/LOCODE, or all postal codes that begin alike. `Area.key`
is its one spelling, and `keys_of(spot)` gives the keys of every area that the spot lies in, so that a lane, a rate zone
or a service point covers a spot if and only if its key is among them: `key = ANY (keys)`, an equality that an index
answers.

    CN           a country (ISO 3166-1)
    CN-SH        a region of it (ISO 3166-2)
    CNSHA        one place (UN/LOCODE)
    US~902       the postal codes that begin so

Laws: coordinates are whole micro-degrees, never floats; no two areas share a key and no area has two; what is
written with blanks, hyphens or small letters in a postal code is the same postal code.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from domain.countries import COUNTRIES

MICRO: Final = 1_000_000
"""Micro-degrees in a degree: the eighth part of a hand's breadth on the ground is told apart."""

POSTAL_CHARACTERS_MAX: Final = 10
"""The longest postal code without its blanks and hyphens: Iran writes ten digits, nobody more (ZIP+4: nine)."""

POSTAL_MARK: Final = "~"
"""Between country and postal prefix in a key; it stands in no other spelling."""

_REGION: Final = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}")
_UNLOCODE: Final = re.compile(r"[A-Z]{2}[A-Z2-9]{3}")
_POSTAL: Final = re.compile(rf"[A-Z0-9]{{1,{POSTAL_CHARACTERS_MAX}}}")
_BETWEEN: Final = re.compile(r"[\s-]+")


class PlaceFunction(StrEnum):
    """What traffic a place of UN/LOCODE has (Recommendation 16)."""

    PORT = "PORT"
    """Ships: a sea port or a port on a river or lake."""
    RAIL = "RAIL"
    """A rail terminal."""
    ROAD = "ROAD"
    """A road terminal."""
    AIRPORT = "AIRPORT"
    """An airport."""
    POSTAL = "POSTAL"
    """A postal exchange office."""
    MULTIMODAL = "MULTIMODAL"
    """An inland container depot or another place of several kinds of traffic."""
    FIXED = "FIXED"
    """A pipeline or another fixed installation."""
    BORDER = "BORDER"
    """A border crossing."""


@dataclass(frozen=True, slots=True)
class Coordinates:
    """A point on the earth, in micro-degrees: north and east are positive. Refuses what lies beyond the poles."""

    latitude: int
    longitude: int

    def __post_init__(self) -> None:
        if abs(self.latitude) > 90 * MICRO:
            raise ValueError("a latitude lies between -90 and 90 degrees")
        if abs(self.longitude) > 180 * MICRO:
            raise ValueError("a longitude lies between -180 and 180 degrees")


@dataclass(frozen=True, slots=True)
class Place:
    """A row of UN/LOCODE. `country` and `location` together are its code."""

    country: str
    location: str
    name: str
    ascii_name: str
    region: str | None
    """ISO 3166-2, such as US-CA."""
    functions: tuple[PlaceFunction, ...]
    status: str
    """Who vouches for the entry, by UN/LOCODE's two letters: AA approved by a national body, RL recognised …"""
    latitude: int | None
    longitude: int | None

    @property
    def unlocode(self) -> str:
        """Its code: CNSHA."""
        return f"{self.country}{self.location}"

    @property
    def coordinates(self) -> Coordinates | None:
        """Where it lies; None where UN/LOCODE does not say."""
        if self.latitude is None or self.longitude is None:
            return None
        return Coordinates(self.latitude, self.longitude)


@dataclass(frozen=True, slots=True)
class Area:
    """What an offer is made for. At most one of region, place and postal prefix narrows the country down.

    Refuses with ValueError: an unknown country, more than one narrowing, a region or place of another country, and
    spellings that are not ISO 3166-2, UN/LOCODE or a postal code without blanks.
    """

    country: str
    region: str | None = None
    """ISO 3166-2: US-CA."""
    unlocode: str | None = None
    """CNSHA."""
    postal_prefix: str | None = None
    """The first characters of a postal code, in capitals without blanks and hyphens: 902, SW1."""

    def __post_init__(self) -> None:
        _require_country(self.country)
        if sum(part is not None for part in (self.region, self.unlocode, self.postal_prefix)) > 1:
            raise ValueError("an area is narrowed down by a region, a place or a postal prefix, not by several")
        _require_parts(self.country, self.region, self.unlocode, self.postal_prefix)

    @property
    def key(self) -> str:
        """Its one spelling: `CN`, `CN-SH`, `CNSHA` or `US~902`."""
        if self.postal_prefix is not None:
            return f"{self.country}{POSTAL_MARK}{self.postal_prefix}"
        return self.region or self.unlocode or self.country

    @classmethod
    def parse(cls, key: str) -> Self:
        """The area of that key. Refuses every other spelling with ValueError."""
        country, mark, postal_prefix = key.partition(POSTAL_MARK)
        if mark:
            return cls(country, postal_prefix=postal_prefix)
        if "-" in key:
            return cls(key[:2], region=key)
        return cls(key) if len(key) == 2 else cls(key[:2], unlocode=key)


@dataclass(frozen=True, slots=True)
class Spot:
    """One concrete place, as exactly as it is known. The postal code may be written in any usual way.

    Refuses with ValueError what `Area` refuses; region, place and postal code may be known together.
    """

    country: str
    region: str | None = None
    unlocode: str | None = None
    postal_code: str | None = None

    def __post_init__(self) -> None:
        _require_country(self.country)
        postal = None if self.postal_code is None else postal_characters(self.postal_code)
        _require_parts(self.country, self.region, self.unlocode, postal)


def keys_of(spot: Spot) -> tuple[str, ...]:
    """The keys of every area that the spot lies in, the narrowest first.

    Postal prefixes from the whole code down to one character, then the place, then the region, then the country. A
    spot is in no area that it does not name: a place's region is known from `Place.region` and must be given.
    """
    return tuple(_keys(spot))


def _keys(spot: Spot) -> Iterator[str]:
    if spot.postal_code is not None:
        postal = postal_characters(spot.postal_code)
        yield from (f"{spot.country}{POSTAL_MARK}{postal[:length]}" for length in range(len(postal), 0, -1))
    yield from (key for key in (spot.unlocode, spot.region) if key is not None)
    yield spot.country


def postal_characters(text: str) -> str:
    """The characters of a postal code that count: capitals and digits, no blanks, no hyphens."""
    return _BETWEEN.sub("", text).upper()


def is_unlocode(text: str) -> bool:
    """Whether `text` is spelled like a code of UN/LOCODE in an existing country."""
    return _UNLOCODE.fullmatch(text) is not None and text[:2] in COUNTRIES


def is_region(text: str) -> bool:
    """Whether `text` is spelled like a region of ISO 3166-2 in an existing country."""
    return _REGION.fullmatch(text) is not None and text[:2] in COUNTRIES


def _require_country(country: str) -> None:
    if country not in COUNTRIES:
        raise ValueError("a country is two capital letters of ISO 3166-1")


def _require_parts(country: str, region: str | None, unlocode: str | None, postal: str | None) -> None:
    if region is not None and (not is_region(region) or not region.startswith(f"{country}-")):
        raise ValueError(f"a region of {country} is spelled as in ISO 3166-2, such as US-CA")
    if unlocode is not None and (not is_unlocode(unlocode) or not unlocode.startswith(country)):
        raise ValueError(f"a place in {country} is spelled as in UN/LOCODE, such as CNSHA")
    if postal is not None and not _POSTAL.fullmatch(postal):
        raise ValueError(
            f"a postal code has 1 to {POSTAL_CHARACTERS_MAX} letters and digits; a prefix has no blanks or hyphens"
        )
