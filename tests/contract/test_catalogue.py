"""The laws of the tables, read from the database's own catalogue: whoever adds a table is told here what it lacks."""

from __future__ import annotations

import pkgutil
import re
from importlib import import_module
from typing import Any

import asyncpg
import pytest

import storage
from domain.ids import KINDS
from storage import tables
from storage.tables import Table

WITHOUT_TENANT = {
    "schema_migrations": "which migrations were applied",
    "calendars": "reference data, the same for every tenant",
    "calendar_holidays": "reference data, the same for every tenant",
    "places": "reference data, the same for every tenant",
    "place_names": "reference data, the same for every tenant",
}
"""Tables that are not a tenant's, and why."""

APPEND_ONLY = {
    "audit", "audit_seals", "ledger_seals", "party_payments",
    "history", "decisions", "tracking_events", "claim_events", "claim_notes", "claim_contacts",
    "scan_disputes", "exchange_rates",
    "messages", "ledger_transfers", "ledger_entries", "deposit_movements", "service_point_commitments", "charge_checks",
    "held_clocks", "certificates", "certificate_appendices", "points_movements", "counted_items",
    "scorecard_exclusions", "exposure_movements", "evidence", "evidence_files", "evidence_marks",
    "chargeback_events", "evidence_packs", "carrier_payments",
}  # fmt: skip
"""Tables whose rows are never changed or deleted, by nobody."""

CURRENCY_ELSEWHERE: dict[str, str] = {}
"""Tables with amounts whose currency is not in a column `currency`, and where it is."""

BOOKKEEPING = {
    "clocks": {"attempts", "retry_at"},
    "claims": {"urgent_at", "held_by", "beneath_due_at"},
    "refunds": {"urgent_at"},
    "tenants": {"id"},
    "ledger_accounts": {"balance_minor"},
    "recoveries": {"outstanding_minor"},
    "fingerprints": {"provider_id", "supplier_id"},
    "relations": {"first_provider_id", "first_supplier_id", "second_provider_id", "second_supplier_id"},
}
"""Columns that no dataclass knows: the database keeps them by itself, or the worker for its own use."""


LOOSE: dict[str, str] = {"personal_data": "erased_at is written by erasure alone"}
"""Tables with columns that the dataclass leaves to others."""


async def column_rows(owner: asyncpg.Pool[Any]) -> list[asyncpg.Record]:
    return await owner.fetch(
        "SELECT c.relname AS table, a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type, "
        "a.attnotnull AS required, a.atthasdef AS has_default "
        "FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
        "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 "
        "AND NOT a.attisdropped ORDER BY c.relname, a.attnum"
    )


@pytest.fixture(scope="module")
async def columns(owner: asyncpg.Pool[Any]) -> dict[str, dict[str, asyncpg.Record]]:
    """Table -> column -> what the catalogue says of it."""
    found: dict[str, dict[str, asyncpg.Record]] = {}
    for row in await column_rows(owner):
        found.setdefault(row["table"], {})[row["column"]] = row
    return found


@pytest.fixture(scope="module")
async def indexes(owner: asyncpg.Pool[Any]) -> dict[str, list[list[str]]]:
    """Table -> the columns of each of its whole indexes; one of all rows whose foreign key is not null counts as whole.

    A check of the foreign key asks for one value, which such an index answers.
    """
    rows = await owner.fetch(
        "SELECT c.relname AS table, ARRAY(SELECT a.attname::text "
        "FROM unnest(i.indkey::int2[]) WITH ORDINALITY k(num, place) "
        "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.num ORDER BY k.place) AS columns, "
        "coalesce(pg_get_expr(i.indpred, i.indrelid) ~ '^\\(\\w+_id IS NOT NULL\\)$', true) AS whole "
        "FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = 'public'::regnamespace"
    )
    found: dict[str, list[list[str]]] = {}
    for row in rows:
        if row["whole"]:
            found.setdefault(row["table"], []).append(list(row["columns"]))
    return found


def of_tenants(columns: dict[str, dict[str, Any]]) -> list[str]:
    return [table for table in columns if table not in WITHOUT_TENANT]


async def test_there_is_something_to_look_at(columns: dict[str, Any]) -> None:
    assert {"tenants", "orders", "claims", "audit", "ledger_entries"} <= columns.keys()
    assert WITHOUT_TENANT.keys() <= columns.keys()


async def test_every_table_has_its_tenant_in_every_key(
    columns: dict[str, Any], indexes: dict[str, list[list[str]]], owner: asyncpg.Pool[Any]
) -> None:
    for table in of_tenants(columns):
        assert columns[table]["tenant_id"]["required"], f"{table}.tenant_id may be null"
    unique = await owner.fetch(
        "SELECT c.relname AS table, i.indexrelid::regclass::text AS name, i.indkey[0] = a.attnum AS led_by_tenant "
        "FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid "
        "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' "
        "WHERE c.relnamespace = 'public'::regnamespace AND (i.indisunique OR i.indisexclusion)"
    )
    strays = {row["name"] for row in unique if not row["led_by_tenant"]}
    assert strays == {"api_keys_look_up"}, "a key is looked up before its tenant is known; nothing else is"
    assert {row["table"] for row in unique} == set(of_tenants(columns)), "a tenant's table without any key"


async def test_every_foreign_key_carries_the_tenant_and_has_its_index(
    indexes: dict[str, list[list[str]]], owner: asyncpg.Pool[Any]
) -> None:
    keys = await owner.fetch(
        "SELECT conrelid::regclass::text AS table, conname AS name, ARRAY(SELECT a.attname::text FROM unnest(conkey) "
        "WITH ORDINALITY k(num, place) JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = k.num "
        "ORDER BY k.place) AS columns FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace"
    )
    assert len(keys) > 30
    for key in keys:
        if key["table"] in WITHOUT_TENANT:
            continue
        wanted = list(key["columns"])
        assert wanted[0] == "tenant_id", f"{key['name']} leads out of the tenant"
        found = any(set(index[: len(wanted)]) == set(wanted) for index in indexes[key["table"]])
        assert found, f"{key['name']}: no index of {key['table']} begins with {', '.join(wanted)}"


async def test_row_level_security_is_forced_on_every_table_of_tenants(
    columns: dict[str, Any], owner: asyncpg.Pool[Any]
) -> None:
    secured = await owner.fetch(
        "SELECT relname AS table FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relrowsecurity "
        "AND relforcerowsecurity"
    )
    assert {row["table"] for row in secured} == set(of_tenants(columns))
    policies = await owner.fetch(
        "SELECT tablename AS table, policyname AS name, roles::text[] AS roles, cmd, qual, with_check FROM pg_policies"
    )
    own = "(tenant_id = current_tenant())"
    for row in policies:
        match row["name"]:
            case "owner_all":
                assert (row["roles"], row["cmd"], row["qual"]) == (["makegood_owner"], "ALL", "true")
            case "one_tenant":
                assert set(row["roles"]) == {"makegood_app", "makegood_worker"}
                assert (row["qual"], row["with_check"]) == (own, own)
            case "worker_reads":
                assert (row["roles"], row["cmd"], row["qual"]) == (["makegood_worker"], "SELECT", "true")
            case name:
                pytest.fail(f"{row['table']}: nobody has thought about the policy {name}")
    for name in ("owner_all", "one_tenant"):
        assert {row["table"] for row in policies if row["name"] == name} == set(of_tenants(columns))


async def test_the_worker_sees_other_tenants_in_few_tables_only(owner: asyncpg.Pool[Any]) -> None:
    rows = await owner.fetch("SELECT tablename FROM pg_policies WHERE policyname = 'worker_reads'")
    seen = {row["tablename"] for row in rows}
    assert {"tenants", "clocks", "outbox", "audit", "audit_seals", "api_keys", "members"} <= seen
    forbidden = {
        "orders",
        "claims",
        "coupons",
        "personal_data",
        "ledger_entries",
        "buyers",
        "idempotency_keys",
        "history",
    }
    assert not seen & forbidden


async def test_neither_app_nor_worker_owns_or_may_truncate_anything(owner: asyncpg.Pool[Any]) -> None:
    rights = await owner.fetch(
        "SELECT c.relname AS table, role, has_table_privilege(role, c.oid, 'TRUNCATE, TRIGGER, REFERENCES') AS may "
        "FROM pg_class c CROSS JOIN unnest(ARRAY['makegood_app', 'makegood_worker']) role "
        "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v')"
    )
    assert len(rights) > 40
    assert [(row["table"], row["role"]) for row in rights if row["may"]] == []


@pytest.mark.parametrize("table", sorted(APPEND_ONLY))
@pytest.mark.parametrize("change", ["UPDATE {t} SET tenant_id = tenant_id", "DELETE FROM {t}", "TRUNCATE {t} CASCADE"])
async def test_append_only_rows_cannot_be_changed_even_by_the_owner(
    connection: asyncpg.Connection[Any], table: str, change: str
) -> None:
    await connection.execute("SET LOCAL session_replication_role = replica")  # no foreign keys: any row will do
    together = TOGETHER.get(table, {})
    names = [row["column"] for row in await column_rows_of(connection, table) if row["column"] not in together]
    values = ", ".join([*await sample(connection, table, names), *together.values()])
    await connection.execute(f"INSERT INTO {table} ({', '.join([*names, *together])}) VALUES ({values})")
    await connection.execute("SET LOCAL session_replication_role = origin")
    with pytest.raises(asyncpg.RestrictViolationError, match="rows are never changed or deleted"):
        await connection.execute(change.format(t=table))


async def column_rows_of(connection: asyncpg.Connection[Any], table: str) -> list[asyncpg.Record]:
    return await connection.fetch(
        "SELECT attname AS column FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped "
        "AND (attnotnull AND NOT atthasdef OR attname LIKE '%\\_id')",
        table,
    )


SAMPLES = {
    "text": "'x'", "bigint": "1", "integer": "1", "smallint": "1", "boolean": "true", "jsonb": "'{}'", "bytea": "'x'",
    "timestamp with time zone": "now()", "date": "now()", "character(3)": "'USD'", "character(2)": "'US'",
    "numeric(24,12)": "1", "text[]": "'{}'", "pg_snapshot": "pg_current_snapshot()",
}  # fmt: skip


TOGETHER = {
    "party_payments": {"supplier_id": "'sup_x'", "provider_id": "NULL"},
    "messages": {"state": "'SENT'", "title": "'x'", "text": "'x'"},
    "certificate_appendices": {"kind": "'CLOCKS_HELD'"},
    "evidence": {"side": "'BUYER'", "provider_id": "NULL"},
    "evidence_marks": {"finding": "'FORGED'"},
    "exposure_movements": {"cause": "'PRICE'", "drawn_by": "'CLAIM'"},
    "held_clocks": {"from_at": "now() - interval '1 day'", "due_before": "now() - interval '1 day'"},
}
"""Columns of which a table's checks want certain values together."""


async def sample(connection: asyncpg.Connection[Any], table: str, names: list[str]) -> list[str]:
    """A value for each of those columns that its checks let pass."""
    kinds = await connection.fetch(
        "SELECT attname AS column, format_type(atttypid, atttypmod) AS type FROM pg_attribute "
        "WHERE attrelid = $1::regclass AND attnum > 0",
        table,
    )
    checks = await connection.fetch(
        "SELECT pg_get_constraintdef(oid) AS text FROM pg_constraint WHERE conrelid = $1::regclass AND contype = 'c'",
        table,
    )
    prefix = next((match[1] for row in checks if (match := re.search(r"id ~~ '(\w{3})", row["text"]))), "xxx")
    special = {"id": f"'{prefix}_1'", "base": "'EUR'"}
    types = {row["column"]: row["type"] for row in kinds}
    return [special.get(name, SAMPLES[types[name]]) for name in names]


async def test_every_table_that_refuses_changes_is_listed(owner: asyncpg.Pool[Any]) -> None:
    rows = await owner.fetch(
        "SELECT tgrelid::regclass::text AS table, count(*) AS count FROM pg_trigger "
        "WHERE tgname LIKE 'append_only%' GROUP BY 1"
    )
    assert {row["table"]: row["count"] for row in rows} == dict.fromkeys(APPEND_ONLY, 2)


async def test_rule_versions_are_immutable_but_for_their_end(owner: asyncpg.Pool[Any]) -> None:
    rows = await owner.fetch(
        "SELECT tgname FROM pg_trigger WHERE tgrelid = 'rule_versions'::regclass AND NOT tgisinternal"
    )
    assert "immutable" in {row["tgname"] for row in rows}


async def test_every_amount_has_its_currency(columns: dict[str, dict[str, Any]]) -> None:
    with_amounts = {table for table, held in columns.items() if any(name.endswith("_minor") for name in held)}
    assert {"orders", "claims", "coupons", "ledger_entries"} <= with_amounts
    for table in with_amounts - CURRENCY_ELSEWHERE.keys():
        currency = columns[table].get("currency")
        assert currency is not None, f"{table} has amounts and no currency"
        assert currency["type"] == "character(3)"
        for name, column in columns[table].items():
            if name.endswith("_minor"):
                assert column["type"] == "bigint", f"{table}.{name} is no bigint"


async def test_no_column_is_a_float_or_a_time_without_zone(columns: dict[str, dict[str, Any]]) -> None:
    forbidden = {"double precision", "real", "timestamp without time zone", "time without time zone", "money", "json"}
    for table, held in columns.items():
        for name, column in held.items():
            assert column["type"] not in forbidden, f"{table}.{name}"
            if name.endswith("_at"):
                assert column["type"] == "timestamp with time zone", f"{table}.{name}"


async def test_every_id_is_checked_for_its_prefix(columns: dict[str, Any], owner: asyncpg.Pool[Any]) -> None:
    rows = await owner.fetch(
        "SELECT conrelid::regclass::text AS table, pg_get_constraintdef(oid) AS text FROM pg_constraint "
        "WHERE contype = 'c' AND connamespace = 'public'::regnamespace"
    )
    prefixes = {row["table"]: match[1] for row in rows if (match := re.search(r"\(\(?id ~~ '(\w{3})\\_", row["text"]))}
    with_ids = {table for table, held in columns.items() if "id" in held and table != "tenants"}
    assert prefixes.keys() == with_ids
    assert set(prefixes.values()) <= KINDS.keys()


async def test_every_key_of_text_sorts_by_its_bytes(columns: dict[str, Any], owner: asyncpg.Pool[Any]) -> None:
    rows = await owner.fetch(
        "SELECT c.relname AS table, a.attname AS column, l.collname AS collation FROM pg_attribute a "
        "JOIN pg_class c ON c.oid = a.attrelid JOIN pg_collation l ON l.oid = a.attcollation "
        "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 "
        "AND (a.attname = 'id' OR a.attname LIKE '%\\_id') AND a.atttypid = 'text'::regtype"
    )
    assert len(rows) > 60
    assert [f"{row['table']}.{row['column']}" for row in rows if row["collation"] != "C"] == ["audit.request_id"]


# -- dataclasses and tables ----------------------------------------------------------------------------------------


def declared() -> list[Table[Any]]:
    """Every table that a module of storage declares."""
    for module in pkgutil.iter_modules(storage.__path__):
        import_module(f"storage.{module.name}")
    return [table for type_, table in tables._TABLES.items() if type_.__module__.startswith(("domain.", "storage."))]


async def test_every_dataclass_fits_its_table(columns: dict[str, dict[str, Any]]) -> None:
    alike = {
        "bigint": {"bigint", "integer", "smallint"},
        "text": {"text", "character(3)", "character(2)"},
        "timestamptz": {"timestamp with time zone"},
    }
    assert len(declared()) > 15
    for table in declared():
        held = columns[table.name]
        for column in table.columns:
            assert column.name in held, f"{table.name} has no column {column.name} for {table.type.__name__}"
            kind = held[column.name]["type"]
            kind = "numeric" if kind.startswith("numeric(") else kind  # of any precision
            assert kind in alike.get(column.sql_type, {column.sql_type}) or kind.endswith("[]"), (
                f"{table.name}.{column.name}"
            )
        unknown = held.keys() - set(table.names) - {"tenant_id"} - BOOKKEEPING.get(table.name, set())
        needed = {name for name in unknown if held[name]["required"] and not held[name]["has_default"]}
        assert not needed, f"{table.type.__name__} does not fill {table.name}.{needed}"
        assert not unknown or table.name in LOOSE, f"{table.type.__name__} does not know {table.name}.{sorted(unknown)}"


async def test_every_declared_conflict_names_a_constraint_that_exists(owner: asyncpg.Pool[Any]) -> None:
    rows = await owner.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'i'"
    )
    names = {row["relname"] for row in rows}
    named = {name for table in declared() for name in table.conflicts}
    assert len(named) > 3
    assert named <= names, sorted(named - names)


async def test_children_lie_in_order_under_their_parent(indexes: dict[str, list[list[str]]]) -> None:
    for table in declared():
        for child in table.children.values():
            wanted = ["tenant_id", child.by, child.order]
            assert any(index[:3] == wanted for index in indexes[child.table.name]), f"{child.table.name}: {wanted}"
