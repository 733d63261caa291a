"""What makes dataclasses quickly makes them mean the same: compared with what Python compiles by itself."""

from __future__ import annotations

import dataclasses
import inspect
import pickle
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

import pytest

import domain.values
from api.settings import ROOT
from domain.compensation import Compensation, Form
from domain.explain import Finding
from domain.money import Money
from domain.terms import BasisPoints, Days


@dataclass(frozen=True, slots=True)
class Parcel:
    """Frozen, with a field that does not count and one that is not told."""

    number: int
    weights: tuple[int, ...] = ()
    note: str = field(default="", compare=False)
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Label:
    """One field."""

    text: Any


@dataclass(frozen=True)
class Nothing:
    """None."""


@dataclass(order=True)
class Place:
    """Ordered, and may change."""

    row: int
    seat: list[Any]


class Crate(Parcel):
    """An heir with room for more."""


@dataclass(frozen=True)
class Seal:
    """What has an heir that makes itself."""

    number: int


class Waxen(Seal):
    """An heir with an `__init__` and an attribute of its own."""

    def __init__(self, mark: int) -> None:
        super().__init__(mark + 1)
        self.mark = mark


@dataclass(frozen=True, order=True)
class Box(Label):
    """An heir with fields of its own, without slots, and something that only `__init__` is told."""

    side: str
    lid: int | None = field(default=None, hash=False, compare=False)


SAYS = "from tests.domain.test_values import meaning; print(meaning())"


def meaning() -> str:
    """What the classes above do, in words."""
    here, round_ = Parcel(1, (2,), "a", "s"), Place(1, [])
    round_.seat.append(round_)
    crate = Crate(7)
    return "\n".join(
        (
            repr([here, Label(None), Nothing(), round_, crate, pickle.loads(pickle.dumps(here))]),  # noqa: S301
            repr([here == Parcel(1, (2,), "b", "s"), here == Parcel(1, (2,), "a", "t"), Label(1) == Label(1.0)]),
            repr([Parcel(7) == crate, Parcel.__eq__(here, 1), Nothing() == Nothing()]),
            repr([hash(Parcel(1, (2,))) == hash((1, (2,), "")), hash(Label(5)), hash(Nothing()), Place.__hash__]),
            repr([Place(1, [2]) < Place(1, [3]), Place(2, []) <= Place(1, [9]), Place(1, []) > Place(1, [])]),
            repr([Place(1, [1]) >= Place(1, []), refusal(lambda: Place(1, []) < 3)]),  # type: ignore[operator]
            refusal(lambda: setattr(here, "number", 2)),
            refusal(lambda: delattr(here, "number")),
            refusal(lambda: setattr(Nothing(), "more", 2)),
            refusal(lambda: setattr(crate, "number", 2)),
            refusal(lambda: hash(Label([]))),
            refusal(lambda: setattr(Waxen(1), "number", 2)),
            repr([vars(Waxen(3)), Waxen(1) == Waxen(1), Waxen(1), Box(2, "b") == Box(2, "b", 9)]),
            repr([Box(2, "b"), Box(2, "b", lid=None) < Box(2, "c"), len({Box(2, "b"), Box(2, "b", 9)})]),
            refusal(lambda: setattr(Box(2, "b"), "text", "c")),
            Parcel.__init__.__qualname__,
            repr(dataclasses.replace(here, number=4)),
            *later(),
        )
    )


def later() -> list[str]:
    """Values of a class of the platform's own, whose `__init__` is compiled at the first."""
    told = [refusal(Money)]
    told += [repr(Money(3, currency="EUR")), refusal(lambda: Money(1, "EUR", 2))]  # type: ignore[call-arg]
    return [*told, Money.__init__.__qualname__, str(inspect.signature(Money)), *of_many_fields()]


class Doubt(Finding):
    """An heir with room for more, of a class that has enough fields to be filled while it is open."""


def of_many_fields() -> list[str]:
    """Such values: with and without defaults, refused by what looks at them when they are made, locked afterwards."""
    found = Finding("a", holds=True, reason="b", because=(Finding("c", False, "d"),))
    doubt = Doubt("e", False, "f", version="g")
    pays = Compensation(BasisPoints(500), Money(1, "USD"), Form.COUPON, Days(90), Days(91))
    return [
        repr([found, doubt, pays, pickle.loads(pickle.dumps(found)), found.inputs is Finding("a", True, "b").inputs]),  # noqa: S301
        repr([type(found).__mro__, type(doubt), found == Finding("a", True, "b"), found == dataclasses.replace(found)]),
        refusal(lambda: setattr(found, "rule", "h")),
        refusal(lambda: setattr(doubt, "rule", "h")),
        refusal(lambda: delattr(pays, "cap")),
        refusal(lambda: dataclasses.replace(pays, recovery_days=Days(89))),
        refusal(Finding),
        refusal(lambda: Finding("a", True, "b", because=(), word="i")),  # type: ignore[call-arg]
        repr([Finding.__init__.__qualname__, inspect.signature(Finding), inspect.signature(Doubt)]),
    ]


def refusal(act: Any) -> str:
    """What is raised."""
    with pytest.raises((AttributeError, TypeError, ValueError)) as raised:
        act()
    return f"{type(raised.value).__name__}: {raised.value}"


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="this Python compiles once per class")
def test_values_mean_what_python_makes_them_mean() -> None:
    """The other process is told that it is a later Python, so that nothing is put in place there."""
    later = "import sys; own = sys.version_info; sys.version_info = (3, 13); import domain; sys.version_info = own"
    done = subprocess.run(
        [sys.executable, "-c", f"{later}; {SAYS}"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert meaning() == done.stdout.removesuffix("\n")
    assert Parcel.__eq__.__module__ == domain.values.__name__
    assert "OPEN" in Finding.__init__.__code__.co_freevars
