"""Copies: what `dataclasses.replace` makes, and refuses."""

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import pytest

from domain.copies import replace
from domain.dates import UTC_DAYS
from domain.money import Money


@dataclass(frozen=True, slots=True)
class Pair:
    """Made of members in their order."""

    left: int
    right: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Made of members by name."""

    name: str = field(default="")


@pytest.mark.parametrize(
    ("thing", "changed"),
    [
        (Pair(1, ("a",)), {"left": 2}),
        (Pair(1), {}),
        (Pair(1), {"left": 3, "right": ("b",)}),
        (Money(5, "USD"), {"minor": 7}),
        (UTC_DAYS, {"zone": "Asia/Tokyo"}),
    ],
)
def test_a_copy_is_what_the_library_makes(thing: Any, changed: dict[str, Any]) -> None:
    copy, expected = replace(thing, **changed), dataclasses.replace(thing, **changed)
    assert (type(copy), copy) == (type(expected), expected)
    assert copy is not thing


def test_a_copy_is_refused_as_its_type_refuses() -> None:
    with pytest.raises(ValueError, match="not a currency"):
        replace(Money(5, "USD"), currency="QQQ")


@pytest.mark.parametrize("thing", [Pair(1), UTC_DAYS])
def test_an_unknown_member_is_refused(thing: Any) -> None:
    with pytest.raises(TypeError, match="'nowhere'"):
        replace(thing, nowhere=1)


def test_what_is_computed_is_computed_anew() -> None:
    computed: dict[str, Any] = {"_zone": None}
    assert replace(UTC_DAYS, zone="Asia/Tokyo").midnight(UTC_DAYS.last_day.replace(year=2026)).hour == 15
    with pytest.raises(TypeError, match="_zone"):
        replace(UTC_DAYS, **computed)


def test_what_has_no_order_of_members_is_refused() -> None:
    with pytest.raises(TypeError, match="in their order"):
        replace(Named(), name="x")
    with pytest.raises(TypeError):
        replace(1)  # type: ignore[type-var]
