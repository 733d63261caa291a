"""Premises: what is told of a place of business, and who answers there.

Laws: an address is a business's, who answers is a person's and lies apart (`domain/personal.py`); all that is wrong is
told at once; nothing here is a float.
"""

from dataclasses import dataclass
from typing import Final

from domain import opening_hours, places, texts
from domain.dates import Calendar
from domain.errors import Problem
from domain.modes import ServiceMode
from domain.places import Area, Coordinates

TEXT_CHARACTERS_MAX: Final = 200
"""A name, a street, a town: company and place names in registers stay below it."""
AREAS_MAX: Final = 200
"""Areas of one point; whoever covers more names the country or a radius."""
RADIUS_METRES_MAX: Final = 1_000_000
"""A thousand kilometres: further, nobody is on site within a day."""
ENGINEERS_MAX: Final = 100_000
"""More than the largest service network has in all."""


@dataclass(frozen=True, slots=True)
class Details:
    """What is told of a service point, and changes together by one report.

    `areas` are keys of `places.Area`, `radius_metres` reaches around its coordinates; it covers what either covers.
    `opening` are spans as `opening_hours` spells them, in the clocks of `zone`.
    """

    name: str
    country: str
    locality: str
    street: str
    coordinates: Coordinates
    services: tuple[ServiceMode, ...]
    engineers: int
    areas: tuple[str, ...]
    zone: str
    opening: tuple[str, ...]
    region: str | None = None
    postal_code: str | None = None
    radius_metres: int | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """Who answers at a service point: personal data."""

    name: str
    phone: str | None
    email: str | None


def problems(details: Details, *path: str) -> tuple[Problem, ...]:
    """Everything that is wrong with the details by themselves; `path` is where they were written."""
    found = [*_text_problems(details), *_place_problems(details), *opening_hours.problems(details.opening)]
    if not details.services:
        found.append(Problem(("services",), "a service point offers at least one service"))
    if len(set(details.services)) < len(details.services):
        found.append(Problem(("services",), "each service is named once"))
    if not 0 <= details.engineers <= ENGINEERS_MAX:
        found.append(Problem(("engineers",), f"0 to {ENGINEERS_MAX:,} engineers"))
    if details.radius_metres is not None and not 0 < details.radius_metres <= RADIUS_METRES_MAX:
        found.append(Problem(("radiusMetres",), f"1 to {RADIUS_METRES_MAX:,} metres"))
    try:
        Calendar(details.country, details.zone)
    except ValueError as reason:
        found.append(Problem(("zone",), str(reason)))
    return tuple(Problem((*path, *problem.field), problem.message) for problem in found)


def contact_problems(contact: Contact, *path: str) -> tuple[Problem, ...]:
    """Everything that is wrong with a contact: who answers has a name, and a telephone or an e-mail address."""
    found = [*texts.line_problems(contact.name, *path, "name", most=TEXT_CHARACTERS_MAX)]
    if contact.phone is None and contact.email is None:
        found.append(Problem((*path, "phone"), "a telephone or an e-mail address is needed"))
    if contact.phone is not None and not _is_phone(contact.phone):
        found.append(Problem((*path, "phone"), "a telephone number is + and 7 to 15 digits, such as +8621551234"))
    if contact.email is not None and not (contact.email.count("@") == 1 and _fits(contact.email)):
        found.append(Problem((*path, "email"), "this is no e-mail address"))
    return tuple(found)


def _is_phone(text: str) -> bool:
    digits = text.removeprefix("+")
    return text.startswith("+") and digits.isascii() and digits.isdecimal() and 7 <= len(digits) <= 15


def _fits(text: str) -> bool:
    return 0 < len(text.strip()) <= TEXT_CHARACTERS_MAX and text.isprintable()


def _text_problems(details: Details) -> list[Problem]:
    said = {"name": details.name, "locality": details.locality, "street": details.street}
    return [
        problem for name, text in said.items() for problem in texts.line_problems(text, name, most=TEXT_CHARACTERS_MAX)
    ]


def _place_problems(details: Details) -> list[Problem]:
    found = []
    for name, region, postal_code in (("region", details.region, None), ("postalCode", None, details.postal_code)):
        try:
            places.Spot(details.country, region, None, postal_code)
        except ValueError as reason:
            found.append(Problem((name,), str(reason)))
    if len(details.areas) > AREAS_MAX:
        found.append(Problem(("areas",), f"at most {AREAS_MAX} areas"))
    for index, key in enumerate(details.areas):
        try:
            Area.parse(key)
        except ValueError as reason:
            found.append(Problem(("areas", str(index)), str(reason)))
    if len(set(details.areas)) < len(details.areas):
        found.append(Problem(("areas",), "each area is named once"))
    return found
