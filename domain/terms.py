"""Terms: the numbers of a rule as typed values, read from data and written back.

A rule's frozen dataclass is its schema: the types of its fields say what each member may be, and nothing else is
accepted. Laws: every problem is reported, not only the first; unknown and missing members are refused; `read` undoes
`plain`; there is no float and no expression language (`house.md` 6).

Money is spelled `"100.00 USD"`, an instant as RFC 3339 with an offset or as TOML's own date-time, a share in basis
points.
"""

import dataclasses
import types
import typing
from collections.abc import Callable, Hashable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any, Final, NewType, Protocol, TypeVar, cast

from domain import dates
from domain.errors import Invalid, Problem
from domain.money import WHOLE_BP, Money

T = TypeVar("T")

BasisPoints = NewType("BasisPoints", int)
"""Hundredths of a percent, 0 to 10,000."""
Hours = NewType("Hours", int)
"""Exact hours."""
Days = NewType("Days", int)
"""Local days of a calendar, holidays included."""
WorkingDays = NewType("WorkingDays", int)
"""Local days of a calendar that are neither weekend nor holiday."""
Span = NewType("Span", int)
"""Hours, days or working days, as a unit beside it says."""
Notice = NewType("Notice", int)
"""Days of notice: at least one, so that nothing takes effect on the day it is announced."""
Count = NewType("Count", int)
"""How many: orders, points, strikes."""

COUNT_MAX: Final = 1_000_000
DAYS_MAX: Final = 36_525
"""A century: nothing in trade is promised for longer."""
DIGITS_MAX: Final = 30
"""The longest number in a text: more than any column holds."""
RANGES: Final[Mapping[Any, tuple[int, int]]] = {
    BasisPoints: (0, WHOLE_BP),
    Hours: (0, DAYS_MAX * 24),
    Days: (0, DAYS_MAX),
    WorkingDays: (0, DAYS_MAX),
    Span: (0, DAYS_MAX),
    Notice: (1, DAYS_MAX),
    Count: (0, COUNT_MAX),
}
"""What each unit may hold, both ends included."""

Path = tuple[str, ...]
Read = Callable[[object, Path], Any]


def read(kind: type[T], members: object, path: Path = ()) -> T:
    """`members` (of TOML or JSON) as a value of `kind`. Raises Invalid with every problem and the path to it."""
    return cast("T", _reader(cast("Hashable", kind))(members, path))


class Published(Protocol):
    """A version of a rule: its body, and the digest of the text that it was written as."""

    @property
    def id(self) -> str:
        """What the terms name as their version."""
        ...

    @property
    def digest(self) -> str:
        """Of the source."""
        ...

    @property
    def body(self) -> Mapping[str, Any]:
        """The members."""
        ...


def of(kind: type[T], version: Published) -> T:
    """The numbers of that version, with its id as their `version`; as `read`, and remembered by id and source.

    A version never changes, and one operation asks for several: reading the larger ones takes half a millisecond.
    """
    key = (kind, version.id, version.digest)
    known = _VERSIONS.get(key)
    if known is None:
        if len(_VERSIONS) >= VERSIONS_MAX:
            _VERSIONS.clear()
        known = _VERSIONS[key] = read(kind, {**version.body, "version": str(version.id)})
    return cast("T", known)


VERSIONS_MAX: Final = 5_000
"""Versions kept as read; beyond that it begins anew. They are small, and a process meets some dozens per tenant."""

_VERSIONS: Final[dict[tuple[Any, str, str], Any]] = {}


def plain(value: object) -> Any:
    """`value` in JSON's own types; `read` gives it back. Only members that are None are left out.

    Defaults are spelled out, so that a later change of a default in code never changes what was published.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type | Money):
        members = {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.init}
        return {name: plain(member) for name, member in members.items() if member is not None}
    if isinstance(value, Mapping):
        return {str(key): plain(member) for key, member in value.items()}
    if isinstance(value, tuple | list | frozenset):
        return [plain(member) for member in (sorted(value) if isinstance(value, frozenset) else value)]
    if isinstance(value, datetime):
        return dates.rfc3339(value)
    if isinstance(value, StrEnum | Money | date | Decimal):
        return str(value)
    return value


def money(text: str) -> Money:
    """`"100.00 USD"` as Money. Refuses any other spelling with ValueError."""
    amount, _, currency = text.partition(" ")
    return Money.parse(decimal(amount), currency)


def decimal(text: str) -> Decimal:
    """Plain digits, perhaps with a point and a minus, as a Decimal. Refuses any other spelling with ValueError."""
    if len(text) > DIGITS_MAX or not text.isascii() or not text.removeprefix("-").replace(".", "", 1).isdecimal():
        raise ValueError(f"a number is at most {DIGITS_MAX} plain digits with a point")
    return Decimal(text)


def _problem(path: Path, message: str) -> Invalid:
    return Invalid(Problem(path, message))


@cache
def _reader(kind: Any) -> Read:
    """The reader of that type; a type that terms may not hold is a bug (TypeError) and shows in the first test."""
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    if kind in RANGES:
        return _ranged(*RANGES[kind])
    if (origin := typing.get_origin(kind)) in _GENERIC:
        return _GENERIC[origin](*typing.get_args(kind))
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return _word(kind)
    if dataclasses.is_dataclass(kind):
        return _members(cast("type[Any]", kind))
    raise TypeError(f"terms do not hold {kind!r}")


def _members(kind: type[Any]) -> Read:
    hints = typing.get_type_hints(kind)
    fields = {field.name: _reader(hints[field.name]) for field in dataclasses.fields(kind) if field.init}
    required = frozenset(
        field.name
        for field in dataclasses.fields(kind)
        if field.init and field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    )

    def reader(value: object, path: Path) -> Any:
        if not isinstance(value, Mapping):
            raise _problem(path, "expected a table of members")
        problems = [Problem((*path, str(name)), "no such member") for name in value if name not in fields]
        problems += [Problem((*path, name), "missing") for name in fields if name in required and name not in value]
        found: dict[str, Any] = {}
        for name, member in value.items():
            if name in fields:
                _collect(found, name, fields[name], member, (*path, name), problems)
        if problems:
            raise Invalid(*problems)
        try:
            return kind(**found)
        except ValueError as reason:
            raise _problem(path, str(reason)) from reason

    return reader


def _collect(
    found: dict[Any, Any], key: Any, reader: Read, member: object, path: Path, problems: list[Problem]
) -> None:
    try:
        found[key] = reader(member, path)
    except Invalid as refusal:
        problems.extend(refusal.problems)


def _optional(*kinds: Any) -> Read:
    return _reader(next(kind for kind in kinds if kind is not type(None)))


def _list(kind: Any, _: Any) -> Read:
    item = _reader(kind)

    def reader(value: object, path: Path) -> Any:
        if not isinstance(value, list | tuple):
            raise _problem(path, "expected a list")
        found: dict[int, Any] = {}
        problems: list[Problem] = []
        for position, member in enumerate(value):
            _collect(found, position, item, member, (*path, str(position)), problems)
        if problems:
            raise Invalid(*problems)
        return tuple(found.values())

    return reader


def _set(kind: Any) -> Read:
    items = _list(kind, ...)
    return lambda value, path: frozenset(items(value, path))


def _table(names: Any, kind: Any) -> Read:
    key, item = _reader(names), _reader(kind)

    def reader(value: object, path: Path) -> Any:
        if not isinstance(value, Mapping):
            raise _problem(path, "expected a table")
        found: dict[Any, Any] = {}
        problems: list[Problem] = []
        for name, member in value.items():
            try:
                word = key(name, (*path, str(name)))
            except Invalid as refusal:
                problems.extend(refusal.problems)
            else:
                _collect(found, word, item, member, (*path, str(name)), problems)
        if problems:
            raise Invalid(*problems)
        return found

    return reader


def _word(kind: type[StrEnum]) -> Read:
    words = {member.value: member for member in kind}

    def reader(value: object, path: Path) -> Any:
        if not isinstance(value, str) or value not in words:
            raise _problem(path, f"expected one of {', '.join(words)}")
        return words[value]

    return reader


def _ranged(least: int, most: int) -> Read:
    def reader(value: object, path: Path) -> Any:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise _problem(path, f"expected a whole number from {least} to {most}")
        return value

    return reader


def _of(kind: type, called: str) -> Read:
    def reader(value: object, path: Path) -> Any:
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise _problem(path, f"expected {called}")
        return value

    return reader


def _spelled(parse: Callable[[str], Any], native: type, called: str) -> Read:
    def reader(value: object, path: Path) -> Any:
        try:
            if isinstance(value, str):
                return parse(value)
            if isinstance(value, native):
                return parse(value.isoformat()) if isinstance(value, datetime) else value
        except ValueError as reason:
            raise _problem(path, f"expected {called}: {reason}") from reason
        raise _problem(path, f"expected {called}")

    return reader


_SIMPLE: Final[Mapping[Any, Read]] = {
    Any: lambda value, _: value,
    bool: _of(bool, "true or false"),
    int: _of(int, "a whole number"),
    str: _of(str, "a text"),
    Money: _spelled(money, Money, "an amount like 100.00 USD"),
    Decimal: _spelled(decimal, str, "a decimal number in quotes"),
    datetime: _spelled(dates.instant, datetime, "an instant with its offset"),
    date: _spelled(date.fromisoformat, date, "a date"),
}

_GENERIC: Final[Mapping[Any, Callable[..., Read]]] = {
    types.UnionType: _optional,
    typing.Union: _optional,
    tuple: _list,
    frozenset: _set,
    Mapping: _table,
}
