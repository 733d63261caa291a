"""One statement that writes many rows of many tables: the text behind `keep`.

How it works. What is to be written comes as groups: inserts into one table, or updates of the same columns of one
table. Each group is one data-modifying part of a single `WITH` statement, so that a whole act is one round trip;
foreign keys are checked at its end, so the order of the groups does not matter. The rows of a group travel as one JSON
document that Postgres turns into rows of the table's own type: one argument instead of one per value costs the client a
fraction, and the text does not depend on how many rows there are. It is read as jsonb: documents within it (audit,
findings) go into their columns as they are, where json would read them twice. A single row is updated from plain
arguments, for the planner's sake. What is more than rows of one table (the ledger) brings parts of its own. The text
depends on the shape of the groups alone and is made once per shape.

Laws: the statement answers how many rows its updates found, and whoever runs it compares that with what it expected;
updates happen before inserts (the answer reads them, while Postgres runs parts that nothing reads at the very end), so
that one act may end the live row of a partial unique index and begin the next (a test holds Postgres to it).
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import orjson
from asyncpg import PostgresError

from domain.errors import Refusal

SHAPES_MAX: Final = 1024
"""Texts kept; a program has as many shapes as its verbs have ways to go."""


@dataclass(frozen=True, slots=True, eq=False)
class Insert:
    """New rows of a table: the names of their columns, `tenant_id` left out. One object per table (see `Shape`)."""

    table: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Update:
    """Changed columns of rows of a table, found by the first `keys` columns; every row must be found.

    A key `version` is the version before; it grows by one. One object per table and columns (see `Shape`).
    """

    table: str
    names: tuple[str, ...]
    keys: int


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Parts that their own module composes. One object per program (see `Shape`).

    `compose` makes them from the number of the first argument, `arguments` so many arguments of JSON from what was
    gathered; `refusal` says what an error of the statement means, if it comes from them.
    """

    compose: Callable[[int], Sequence[str]]
    arguments: Callable[[Sequence[Any]], Sequence[str]]
    count: int
    refusal: Callable[[PostgresError], Refusal | None]


Target = Insert | Update | Parts


@dataclass(slots=True)
class Group:
    """Rows to be written alike: each has a value for every column of the target, or is what its `Parts` understand."""

    target: Target
    rows: list[Any] = field(default_factory=list)


class Unwritten(Protocol):
    """What can be written (`storage/pending.py`)."""

    def composed(self) -> list[Group]:
        """The groups that write all of it."""


Shape = tuple[tuple[Target, bool], ...]
"""What is written, and whether several rows are updated. Compared by identity, which is quick: targets are kept."""

_texts: Final[dict[Shape, str]] = {}


def statement(tenant_id: str, groups: Sequence[Group]) -> tuple[str, list[Any]]:
    """The text and the arguments that write the groups."""
    shape = tuple([(group.target, type(group.target) is Update and len(group.rows) > 1) for group in groups])
    text = _texts.get(shape)
    if text is None:
        if len(_texts) >= SHAPES_MAX:
            _texts.clear()
        text = _texts[shape] = _compose(shape)
    arguments: list[Any] = [tenant_id]
    for group in groups:
        target, rows = group.target, group.rows
        if type(target) is Insert:
            arguments.append(plain(rows))
        elif isinstance(target, Parts):
            arguments += target.arguments(rows)
        elif len(rows) == 1:
            values = [rows[0][name] for name in target.names]
            arguments += [plain(value) if type(value) is dict else value for value in values]
        else:
            arguments.append(plain(rows))
    return text, arguments


def expected(groups: Sequence[Group]) -> int:
    """How many rows the updates must find."""
    return sum([len(group.rows) for group in groups if type(group.target) is Update])


def plain(value: Any) -> str:
    """The value as JSON that Postgres reads: instants with microseconds, bytes in hexadecimal, numbers exact."""
    return orjson.dumps(value, default=_spelled).decode()


def _spelled(value: Any) -> Any:
    """What `orjson` does not know."""
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, AbstractSet):
        return sorted(value)
    return str(value)  # decimals


def _compose(shape: Shape) -> str:
    parts: list[str] = []
    counts: list[str] = []
    first = 2  # $1 is the tenant
    for place, (target, several) in enumerate(shape):
        if isinstance(target, Parts):
            parts.extend(target.compose(first))
            first += target.count
            continue
        if isinstance(target, Insert):
            parts.append(f"w{place} AS ({_insert(target, first)})")
            first += 1
            continue
        parts.append(f"w{place} AS ({_update_all(target, first) if several else _update(target, first)})")
        counts.append(f"(SELECT count(*) FROM w{place})")
        first += 1 if several else len(target.names)
    return f"WITH {', '.join(parts)} SELECT {' + '.join(counts) or '0'}"


def _insert(target: Insert, argument: int) -> str:
    values = ", ".join(f"x.{name}" for name in target.names)
    head = f"INSERT INTO {target.table} (tenant_id, {', '.join(target.names)})"
    return f"{head} SELECT $1, {values} FROM jsonb_populate_recordset(NULL::{target.table}, ${argument}) x"


def _update(target: Update, first: int) -> str:
    pairs = [f"{name} = ${first + place}" for place, name in enumerate(target.names)]
    return _updating(target, pairs, "")


def _update_all(target: Update, argument: int) -> str:
    pairs = [f"{name} = x.{name}" for name in target.names]
    return _updating(target, pairs, f" FROM jsonb_populate_recordset(NULL::{target.table}, ${argument}) x")


def _updating(target: Update, pairs: Sequence[str], source: str) -> str:
    keys, values = target.names[: target.keys], list(pairs[target.keys :])
    if "version" in keys:
        values.insert(0, "version = t.version + 1")
    found = " AND ".join(f"t.{pair}" for pair in pairs[: target.keys])
    return f"UPDATE {target.table} t SET {', '.join(values)}{source} WHERE t.tenant_id = $1 AND {found} RETURNING 1"
