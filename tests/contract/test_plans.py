"""No list is read by going through a large table: every list, order and filter, for every kind of viewer.

The tables are copied with their indexes (and without their constraints) and filled with made-up rows; then Postgres is
asked how it would run the very statements that the engine prepares.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import asyncpg
import pytest

from api.reads.plan import ListRows, ThingRows
from api.reads.statement import Statement, list_statement, page, point_statement, things_statement
from api.reads.variables import RequestError
from api.schema.schema import Contract
from api.settings import Settings
from domain.access import ViewerKind
from storage.views import view as v
from tests.promised import whole_contract

PROMISED: Contract = whole_contract()
ROWS: Final = 6_000
FEW: Final = 600
"""Rows that may be sorted: a page below each of a few parents. As many as a small table has."""

LONG: Final = {"decisions": 40_000, "held_clocks": 40_000}
"""Tables whose predicate asks so many others that Postgres would rather read a few pages whole: here they are long, as
in any marketplace."""

SMALL: Final = frozenset({"tenants", "rule_versions", "calendars", "exchange_rates", "documents", "clock_holds"})
"""Tables that stay small in any marketplace: going through one is the best way."""

OF_TYPE: Final = {
    "text": "CASE WHEN g % 7 = 0 THEN 'OPEN' ELSE 'WORD' || g % 5 END",
    "timestamp with time zone": "timestamptz '2026-01-01' + g * interval '1 minute'",
    "date": "date '2026-01-01' + g % 900",
    "boolean": "g % 2 = 0",
    "jsonb": "'{}'::jsonb",
    "bytea": "'\\x00'::bytea",
    "xid8": "pg_current_xact_id()",
}
"""What a column of that type is filled with; numbers for all others."""


NAMED: Final = {
    "tenant_id": "CASE WHEN g % 10 = 0 THEN 'ten_b' ELSE 'ten_a' END",
    "id": "'x' || lpad(g::text, 8, '0')",
    "state": "(ARRAY['ACTIVE', 'OPEN', 'RUNNING', 'EXPIRED'])[1 + g % 4]",
}
"""What a column of that name is filled with."""


def value_of(column: str, type_: str) -> str:
    """The expression that fills a column in row g."""
    if column.endswith("_id") and column not in NAMED:
        return f"'x' || lpad((g * 7919 % {ROWS // 3})::text, 8, '0')"
    if type_.endswith("[]"):
        return f"ARRAY['WORD']::{type_}"
    if type_.startswith("character"):
        return f"'USD'::{type_}"
    return NAMED.get(column) or OF_TYPE.get(type_, "g % 1000")


@pytest.fixture(scope="module")
async def large(settings: Settings) -> AsyncIterator[asyncpg.Connection[Any]]:
    """A connection that finds the copies where the views name the tables."""
    connection = await asyncpg.connect(settings.database_owner_url)
    await connection.execute("CREATE SCHEMA large")
    try:
        for table in sorted({view.table for view in PROMISED.views.values()} | {"ledger_accounts", "orders"}):
            await fill(connection, table)
        await connection.execute("SET search_path = large, public")
        await connection.execute("SET plan_cache_mode = force_generic_plan; SET makegood.tenant_id = 'ten_a'")
        yield connection
    finally:
        await connection.execute("RESET ALL; DROP SCHEMA large CASCADE")
        await connection.close()


async def fill(connection: asyncpg.Connection[Any], table: str) -> None:
    """A copy of the table with its indexes and made-up rows, behind the same policy. A crash may lose it."""
    await connection.execute(f"CREATE UNLOGGED TABLE large.{table} (LIKE public.{table} INCLUDING GENERATED)")
    columns = await connection.fetch(
        "SELECT attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute"
        " WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
        f"public.{table}",
    )
    names = ", ".join(column["attname"] for column in columns)
    values = ", ".join(value_of(column["attname"], column["type"]) for column in columns)
    rows = FEW if table in SMALL else LONG.get(table, ROWS)
    await connection.execute(f"INSERT INTO large.{table} ({names}) SELECT {values} FROM generate_series(1, {rows}) g")
    indexes = await connection.fetch(
        "SELECT pg_get_indexdef(indexrelid) AS made FROM pg_index WHERE indrelid = $1::text::regclass",
        f"public.{table}",
    )
    for index in indexes:
        made = (
            index["made"]
            .replace("CREATE UNIQUE INDEX", "CREATE INDEX")
            .replace(f" public.{table} ", f" large.{table} ")
        )
        name = made.split()[2]
        await connection.execute(made.replace(f"CREATE INDEX {name} ", f"CREATE INDEX large_{name} ", 1))
    await connection.execute(
        f"ALTER TABLE large.{table} ENABLE ROW LEVEL SECURITY; ALTER TABLE large.{table} FORCE ROW LEVEL SECURITY;"
        f"CREATE POLICY one ON large.{table} USING (tenant_id = current_tenant()); ANALYZE large.{table}"
    )


def lists() -> Iterator[tuple[str, str, str | None]]:
    """Coordinate, type and parent's column of every connection."""
    for name, root in PROMISED.roots.items():
        if isinstance(root, v.Listing):
            yield f"Query.{name}", root.type, None
    for of, view in PROMISED.views.items():
        for name, field in view.fields.items():
            if isinstance(field, v.Many):
                yield f"{of}.{name}", field.type, field.by


LISTS: Final = {coordinate: (type_, by) for coordinate, type_, by in lists()}


def statements(coordinate: str) -> Iterator[tuple[str, Statement]]:
    """Every statement that a list may be read by: each order alone, each filter alone, for each kind of viewer."""
    type_, by = LISTS[coordinate]
    view = PROMISED.views[type_]
    wishes: list[dict[str, Any]] = [{"orderBy": order} for order in view.sorts]
    wishes += [{"orderBy": next(iter(view.sorts)), "filter": {name: "x"}} for name in view.filters]
    for kind in ViewerKind:
        if kind not in view.visible:
            continue
        for wish in wishes:
            rows = ListRows(view, kind, 0, coordinate=coordinate, by=by, order=next(iter(view.sorts)))
            rows.place("t.id")
            try:
                yield f"{kind} {wish}", list_statement(rows, page(rows, {"first": 50, **wish}))
            except RequestError:
                continue  # not for this kind of viewer


async def slow(connection: asyncpg.Connection[Any], statement: Statement) -> set[str]:
    """What Postgres would do slowly for the statement as it is prepared, whatever its parameters."""
    nulls = ", ".join(["NULL"] * len(statement.parameters))
    await connection.execute(f"PREPARE asked AS {statement.text}")
    try:
        (row,) = await connection.fetch(f"EXPLAIN (FORMAT JSON) EXECUTE asked{nulls and f'({nulls})'}")
    finally:
        await connection.execute("DEALLOCATE asked")
    return set(steps(json.loads(row[0])[0]["Plan"]))


def steps(node: dict[str, Any]) -> Iterator[str]:
    """Going through a large table; sorting or hashing more rows than a few pages."""
    below = node.get("Plans", ())
    if node["Node Type"] == "Seq Scan" and node["Relation Name"] not in SMALL:
        yield f"scans {node['Relation Name']}"
    if node["Node Type"] in {"Sort", "Hash"} and below[0]["Plan Rows"] > FEW:
        yield f"sorts or hashes {below[0]['Plan Rows']} rows"
    for inner in below:
        yield from steps(inner)


@pytest.mark.parametrize("coordinate", sorted(LISTS))
async def test_no_list_goes_through_a_large_table(coordinate: str, large: asyncpg.Connection[Any]) -> None:
    found = {what: how for what, statement in statements(coordinate) if (how := await slow(large, statement))}
    assert found == {}


@pytest.mark.parametrize("name", sorted(PROMISED.views))
async def test_no_thing_is_looked_for_in_a_whole_table(name: str, large: asyncpg.Connection[Any]) -> None:
    view = PROMISED.views[name]
    for kind in view.visible:
        rows = ThingRows(view, kind, 0, prefix=view.prefix)
        rows.id_place = rows.place("t.id")
        for field in view.fields.values():
            if isinstance(field, v.One):
                rows.place(field.key.replace("{t}", "t"))
        for statement in (point_statement(rows), things_statement(rows)):
            assert await slow(large, statement) == set(), kind


async def test_a_slow_way_is_found(large: asyncpg.Connection[Any]) -> None:
    assert await slow(large, Statement("SELECT * FROM claims ORDER BY note LIMIT 5", ()))
    await large.execute("SET enable_indexscan = off; SET enable_bitmapscan = off; SET enable_indexonlyscan = off")
    try:
        assert "scans claims" in await slow(large, Statement("SELECT * FROM claims WHERE tenant_id = $1", ("tenant",)))
    finally:
        await large.execute("RESET enable_indexscan; RESET enable_bitmapscan; RESET enable_indexonlyscan")
