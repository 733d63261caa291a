"""One statement that writes many rows of many tables: the text behind `keep`.

How it works. What is to be written comes as groups: inserts into one table, or updates of the same columns of one
table. Each group is one data-modifying part of a single `WITH` statement, so that a whole act is one round trip;
foreign keys are checked at its end, so the order of the groups does not matter. One row is written from plain
parameters, several from arrays that `unnest` pairs up. The text depends on the shape of the groups alone (tables,
columns, one or several) and is made once per shape.

Laws: the statement answers how many rows its updates found, and whoever runs it compares that with what it expected;
updates happen before inserts (the answer reads them, while Postgres runs parts that nothing reads at the very end), so
that one act may end the live row of a partial unique index and begin the next (a test holds Postgres to it).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

SHAPES_MAX: Final = 1024
"""Texts kept; a program has as many shapes as its verbs have ways to go."""


@dataclass(frozen=True, slots=True)
class Insert:
    """New rows of a table: the names and Postgres types of their columns, `tenant_id` left out."""

    table: str
    names: tuple[str, ...]
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Update:
    """Changed columns of rows of a table, found by the first `keys` columns; every row must be found."""

    table: str
    names: tuple[str, ...]
    types: tuple[str, ...]
    keys: int


@dataclass(slots=True)
class Group:
    """Rows to be written alike: each a sequence of values in the order of the columns."""

    target: Insert | Update
    rows: list[Sequence[Any]] = field(default_factory=list)


def statement(tenant_id: str, groups: Sequence[Group]) -> tuple[str, list[Any]]:
    """The text and the arguments that write the groups."""
    shape = tuple((group.target, len(group.rows) > 1) for group in groups)
    text = _texts.get(shape)
    if text is None:
        if len(_texts) >= SHAPES_MAX:
            _texts.clear()
        text = _texts[shape] = _compose(shape)
    arguments: list[Any] = [tenant_id]
    for group in groups:
        if len(group.rows) == 1:
            arguments.extend(group.rows[0])
        else:
            arguments.extend(_columns(group))
    return text, arguments


def expected(groups: Sequence[Group]) -> int:
    """How many rows the updates must find."""
    return sum(len(group.rows) for group in groups if isinstance(group.target, Update))


Shape = tuple[tuple[Insert | Update, bool], ...]
_texts: Final[dict[Shape, str]] = {}


def _columns(group: Group) -> list[list[Any]]:
    """Column by column; arrays become text, since an array of arrays would be flattened."""
    columns = [list(values) for values in zip(*group.rows, strict=True)]
    for place, sql_type in enumerate(group.target.types):
        if sql_type.endswith("[]"):
            columns[place] = [None if value is None else array_text(value) for value in columns[place]]
    return columns


def array_text(values: Sequence[Any]) -> str:
    """The array as Postgres spells it: `{"a","b"}`."""
    quoted = (str(value).replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in quoted) + "}"


def _compose(shape: Shape) -> str:
    parts: list[str] = []
    counts: list[str] = []
    first = 2  # $1 is the tenant
    for place, (target, several) in enumerate(shape):
        if isinstance(target, Insert):
            parts.append(f"w{place} AS ({_insert(target, first, several)})")
        else:
            parts.append(f"w{place} AS ({_update(target, first, several)})")
            counts.append(f"(SELECT count(*) FROM w{place})")
        first += len(target.names)
    return f"WITH {', '.join(parts)} SELECT {' + '.join(counts) or '0'}"


def _insert(target: Insert, first: int, several: bool) -> str:
    head = f"INSERT INTO {target.table} (tenant_id, {', '.join(target.names)})"
    if not several:
        return f"{head} VALUES ($1, {', '.join(f'${first + place}' for place in range(len(target.names)))})"
    return f"{head} SELECT $1, {', '.join(_read(target))} FROM {_unnest(target, first)}"


def _update(target: Update, first: int, several: bool) -> str:
    values = _read(target) if several else [f"${first + place}" for place in range(len(target.names))]
    pairs = [f"{name} = {value}" for name, value in zip(target.names, values, strict=True)]
    # A column that is key and value (version) is compared with the old value and set to the new one.
    found = " AND ".join(f"t.{pair}" for pair in pairs[: target.keys])
    source = f" FROM {_unnest(target, first)}" if several else ""
    sets = ", ".join(pairs[target.keys :])
    return f"UPDATE {target.table} t SET {sets}{source} WHERE t.tenant_id = $1 AND {found} RETURNING 1"


def _read(target: Insert | Update) -> list[str]:
    """The columns of the unnested arrays, numbered: a name may occur twice, as key and as value."""
    return [f"x.c{place}::{kind}" if kind.endswith("[]") else f"x.c{place}" for place, kind in enumerate(target.types)]


def _unnest(target: Insert | Update, first: int) -> str:
    arrays = [
        f"${first + place}::{'text' if kind.endswith('[]') else kind}[]" for place, kind in enumerate(target.types)
    ]
    return f"unnest({', '.join(arrays)}) AS x({', '.join(f'c{place}' for place in range(len(arrays)))})"
