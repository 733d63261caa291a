"""The trail: that every row of every aggregate, now and before, is what its audit rows say became of it.

How it works. The audit rows of a thing tell each change column by column, from its first version on, and they are
sealed (`storage/audit.py`). Played back in their order they give what its row was at each version; so each superseded
row in history, and the row as it stands, is held to what was sealed. Whoever alters a row of a table, of history or of
the rules without breaking a seal contradicts the trail. Personal data and secrets are compared by their keyed digests,
frozen columns, whose content audit does not repeat, by the digest of it.

Laws: nothing here writes; a column that a migration filled later is not held to a trail that began before it.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Final, get_type_hints

import orjson

from domain.ids import ALPHABET, TenantId
from storage import audit, tables, writing
from storage.books import BROKEN_MAX, Law
from storage.pool import Connection
from storage.tables import Table

Row = Mapping[str, Any]
"""A row's columns by name, in JSON's own types."""

ELSEWHERE: Final[Mapping[str, frozenset[str]]] = {
    "tenants": frozenset({"clock_at", "clock_set_at", "clock_runs"}),
    "api_keys": frozenset({"last_used_at"}),
}
"""Table -> columns that are no part of any change: a clock that runs, and a key's last use."""

_THINGS_PER_BATCH: Final = 500


@dataclass(slots=True)
class Played:
    """What the trail of one thing tells of it: its columns after each version, as far as they are known."""

    id: str
    whole: bool = False
    """Whether its beginning is told, after the last migration: then what is not told is null."""
    now: dict[str, Any] = field(default_factory=dict)
    versions: dict[int, dict[str, Any]] = field(default_factory=dict)


async def law(connection: Connection, tenant_id: TenantId) -> Law:
    """That every row is what its trail says, with how many things and rows were looked at."""
    stored = _tables()
    key = await connection.fetchval("SELECT digest_key FROM tenants WHERE tenant_id = $1", tenant_id)
    migrated = await connection.fetchval("SELECT max(applied_at) FROM schema_migrations")
    things = rows = 0
    broken: list[str] = []
    async for batch in _trails(connection, tenant_id, migrated):
        things += len(batch)
        past = await _history(connection, tenant_id, list(batch))
        rows += sum(map(len, past.values()))
        for played in batch.values():
            broken.extend(_of_history(played, past.get(played.id, {}), _Spelled.by(stored.get(played.id[:3], ()))))
        by_prefix: dict[str, list[str]] = {}
        for id_ in batch:
            by_prefix.setdefault(id_[:3], []).append(id_)
        for prefix, ids in by_prefix.items():
            for table in stored.get(prefix, ()):
                current = await _current(connection, tenant_id, table, ids, key)
                rows += len(current)
                for id_ in ids:
                    broken.extend(_of_row(table, batch[id_], current.get(id_)))
        if len(broken) >= BROKEN_MAX:
            break
    figures = (("things", things), ("rows", rows))
    return Law("every row is what its audit trail says", "", figures, tuple(broken[:BROKEN_MAX]))


def _tables() -> dict[str, list[Table[Any]]]:
    """Prefix of ids -> the table of the aggregates that have such ids."""
    for module in iter_modules([str(Path(__file__).parent)]):
        import_module(f"storage.{module.name}")
    found: dict[str, list[Table[Any]]] = {}
    children = {child.table for table in tables.declared() for child in table.children.values()}
    for table in tables.declared():
        prefix = getattr(get_type_hints(table.type).get("id"), "prefix", "")
        if prefix and table.key == ("id",) and "version" in table.names and table not in children:
            found.setdefault(prefix, []).append(table)
    return found


# -- playing back ------------------------------------------------------------------------------------------------------


async def _trails(
    connection: Connection, tenant_id: TenantId, migrated: datetime | None
) -> AsyncIterator[dict[str, Played]]:
    """The trails of some hundred things after the other, each played back."""
    after = ""
    while True:
        ids = await connection.fetch(
            "SELECT DISTINCT object_id FROM audit WHERE tenant_id = $1 AND object_id > $2 ORDER BY object_id LIMIT $3",
            tenant_id,
            after,
            _THINGS_PER_BATCH,
        )
        if not ids:
            return
        batch = {row["object_id"]: Played(row["object_id"]) for row in ids}
        told = await connection.fetch(
            "SELECT object_id, id, difference FROM audit WHERE tenant_id = $1 AND object_id = ANY ($2::text[])"
            " AND difference <> '{}' ORDER BY object_id, (difference #>> '{version,1}')::bigint NULLS FIRST, id",
            tenant_id,
            list(batch),
        )
        for row in told:
            _play(batch[row["object_id"]], orjson.loads(row["difference"]), row["id"], migrated)
        yield batch
        after = ids[-1]["object_id"]


def _play(played: Played, difference: Mapping[str, Any], audit_id: str, migrated: datetime | None) -> None:
    """One change more is told."""
    if "id" in difference:
        played.whole = migrated is None or _minted_at(audit_id) > migrated.timestamp()
    for name, told in difference.items():
        if isinstance(told, dict):
            children = played.now.setdefault(name, {})
            for child_id, of_child in told.items():
                child = dict(children.get(child_id, {}))
                child.update({column: pair[1] for column, pair in of_child.items()})
                played.now[name] = children = {**children, child_id: child}
        else:
            played.now[name] = told[1]
    version = played.now.get("version")
    if isinstance(version, int):
        played.versions[version] = dict(played.now)


def _minted_at(id_: str) -> float:
    """When the id was minted, in seconds since 1970."""
    number = 0
    for character in id_[4:]:
        number = number << 5 | ALPHABET.index(character)
    return (number >> 80) / 1_000


# -- comparing ---------------------------------------------------------------------------------------------------------


async def _history(connection: Connection, tenant_id: TenantId, ids: list[str]) -> dict[str, dict[int, Row]]:
    rows = await connection.fetch(
        "SELECT object_id, version, row FROM history WHERE tenant_id = $1 AND object_id = ANY ($2::text[])",
        tenant_id,
        ids,
    )
    found: dict[str, dict[int, Row]] = {}
    for row in rows:
        found.setdefault(row["object_id"], {})[row["version"]] = orjson.loads(row["row"])
    return found


async def _current(
    connection: Connection, tenant_id: TenantId, table: Table[Any], ids: list[str], key: bytes
) -> dict[str, Row]:
    """The rows as they stand, as audit would tell them."""
    found = await table.select(connection, tenant_id, "t.id = ANY ($2::text[])", ids)
    rows = {}
    for thing in found:
        row = _told(table, thing, key)
        for name, child in table.children.items():
            row[name] = [_told(child.table, each, key) for each in getattr(thing, name)]
        rows[str(thing.id)] = orjson.loads(writing.plain(row))
    return rows


def _told(table: Table[Any], thing: Any, key: bytes) -> dict[str, Any]:
    """The row with digests for what is hidden or frozen, as audit tells it."""
    row = dict(table.row(thing))
    for name in table.hidden:
        row[name] = None if row[name] is None else audit.keyed(key, row[name])
    return _digested(row, table.frozen)


def _digested(row: Row, frozen: AbstractSet[str]) -> dict[str, Any]:
    """The row with digests for what is frozen."""
    contents = {name: row[name] for name in frozen if row.get(name) is not None}
    return {**row, **{name: audit.content_digest(value) for name, value in contents.items()}}


@dataclass(frozen=True, slots=True)
class _Spelled:
    """Columns that audit spells otherwise than a row does: frozen ones, and numbers (Postgres pads 1.1 to 1.1000)."""

    frozen: AbstractSet[str]
    numbers: AbstractSet[str]
    """Those of children after the children's name and a dot."""

    @classmethod
    def by(cls, stored: Iterable[Table[Any]]) -> "_Spelled":
        """Of rows of any of these tables."""
        frozen: set[str] = set()
        numbers: set[str] = set()
        for table in stored:
            frozen |= table.frozen
            numbers |= _numbers(table, "")
            for name, child in table.children.items():
                numbers |= _numbers(child.table, f"{name}.")
        return cls(frozen, numbers)


def _numbers(table: Table[Any], where: str) -> set[str]:
    return {where + column.name for column in table.columns if column.sql_type == "numeric"}


def _of_history(played: Played, past: Mapping[int, Row], spelled: _Spelled) -> Iterator[str]:
    """What history says otherwise than the trail, or lacks of it. It holds frozen columns whole."""
    last = max(played.versions, default=0)
    first = min(played.versions, default=0)
    for version, row in past.items():
        told = played.versions.get(version)
        if told is None:
            if played.whole:
                yield f"history of {played.id} has a version {version} that its trail does not tell"
            continue
        digested = _digested(row, spelled.frozen)
        for name in _differing(told, digested, whole=played.whole, table="", numbers=spelled.numbers):
            yield f"history of {played.id}, version {version}: {name} was altered"
    if played.whole:
        for version in range(first, last):
            if version in played.versions and version not in past:
                yield f"history of {played.id}: version {version} was removed"


def _of_row(table: Table[Any], played: Played, row: Row | None) -> Iterator[str]:
    """What the row says otherwise than the trail."""
    if row is None:
        if played.whole:
            yield f"{played.id} was removed from {table.name}"
        return
    numbers = _Spelled.by([table]).numbers
    for name in _differing(played.now, row, whole=played.whole, table=table.name, numbers=numbers):
        yield f"{played.id}: {name} of {table.name} was altered"


def _differing(
    told: Row, row: Row, *, whole: bool, table: str, numbers: AbstractSet[str], of: str = ""
) -> Iterator[str]:
    """The columns in which the row, of the children `of`, is not what was told.

    History names no table and holds no secrets.
    """
    free = ELSEWHERE.get(table, frozenset())
    for name, value in row.items():
        if name in free:
            continue
        if isinstance(value, list) and (not value or isinstance(value[0], dict)) and isinstance(told.get(name), dict):
            children = told[name]
            for child in value:
                told_of = children.get(child.get("id"), {})
                for column in _differing(told_of, child, whole=whole, table=table, numbers=numbers, of=f"{name}."):
                    yield f"{name}.{column}"
        elif name in told:
            secret = value is None and str(told[name]).startswith("hmac:") and not table
            if told[name] != value and not secret and not (of + name in numbers and _equal(told[name], value)):
                yield name
        elif whole and value not in (None, []):
            yield name


def _equal(told: Any, value: Any) -> bool:
    """Whether two spellings are the same number."""
    return None not in (told, value) and Decimal(told) == Decimal(value)
