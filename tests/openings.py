"""Marketplaces for tests in a fraction of the work: one is made by its operation, and every further one is its copy.

What `create_tenant` wrote is kept aside once per process, in a schema that nobody empties. A copy has the same rows
under a tenant and a key of its own; no two of them are the same tenant, as no two made by the operation are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import asyncpg

from api.operations.tenants import NewTenant, create_tenant
from domain.ids import ApiKeyId, OrganisationId, TenantId
from domain.keys import KeyText, parse
from domain.tenants import CreateTenant, TenantKind
from storage.minting import mint
from storage.pool import Pool

NAME = "Harbour Market"
"""What each of them is called."""
TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname"
COLUMNS = """
    SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
      AND coalesce(pg_get_expr(d.adbin, d.adrelid), '') <> 'pg_current_xact_id()'
    ORDER BY a.attnum
"""
"""What a row brings along: neither what is generated nor which transaction wrote it."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A sandbox as its operation left it, to be had again under another id. Nothing has happened in it yet."""

    owner: asyncpg.Pool[Any]
    operator_id: OrganisationId
    key: KeyText

    async def sandbox(self) -> NewTenant:
        """A new sandbox of the name NAME: its operator, its first admin key, the shipped rules."""
        made, key = mint(TenantId), KeyText(self.key.plane, mint(ApiKeyId), self.key.secret)
        async with self.owner.acquire() as connection:
            await connection.execute("SELECT kept.open_sandbox($1, $2)", made, key.id)
        return NewTenant(made, self.operator_id, str(key))


async def keep_opening(owner: asyncpg.Pool[Any], worker_pool: Pool, emptying: str) -> Opening:
    """The opening of a sandbox is kept aside; the database is as empty as before."""
    made = await create_tenant(worker_pool, CreateTenant(NAME, TenantKind.SANDBOX, "US", "USD"), request_id="test")
    key = parse(made.admin_key)
    async with owner.acquire() as connection:
        await connection.execute("CREATE SCHEMA kept")
        copies = [await _keep(connection, row["relname"], made.id, key.id) for row in await connection.fetch(TABLES)]
        await connection.execute(
            "CREATE FUNCTION kept.open_sandbox(new_tenant text, new_key text) RETURNS void LANGUAGE plpgsql "
            f"SET session_replication_role = replica AS $body$ BEGIN {' '.join(filter(None, copies))} END $body$"
        )
        await connection.execute(emptying)
    return Opening(owner, made.operator_id, key)


async def _keep(connection: Any, table: str, tenant: str, key: str) -> str:
    """The statement that copies the tenant's rows of that table; nothing where it has none. The rows are kept."""
    columns = await connection.fetch(COLUMNS, table)
    names = [column["name"] for column in columns]
    if "tenant_id" not in names:
        return ""
    listed = ", ".join(names)
    kept = await connection.execute(
        f"CREATE TABLE kept.{table} AS SELECT {listed}, concat_ws(' ', {listed.replace('tenant_id, ', '')}) "
        f"~ '{tenant}|{key}' AS names_old FROM {table} WHERE tenant_id = '{tenant}'"
    )
    if kept == "SELECT 0":
        await connection.execute(f"DROP TABLE kept.{table}")
        return ""
    renamed = f"replace(replace(%s::text, '{tenant}', new_tenant), '{key}', new_key)::%s"
    values = [
        "new_tenant" if name == "tenant_id" else f"CASE WHEN names_old THEN {renamed % (name, kind)} ELSE {name} END"
        for name, kind in columns
    ]
    return f"INSERT INTO public.{table} ({listed}) SELECT {', '.join(values)} FROM kept.{table};"
