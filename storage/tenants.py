"""Tenants: the row of each marketplace. It has no id beside its `tenant_id`, so `keep` is not how it is written."""

from dataclasses import fields

from asyncpg import Record

from domain.ids import TenantId
from domain.tenants import Tenant, TenantKind
from storage.pool import Connection

_COLUMNS = ", ".join(field.name for field in fields(Tenant) if field.name != "id")


async def create(connection: Connection, tenant: Tenant) -> None:
    """The tenant's row exists. Its audit row is the caller's to write."""
    await connection.fetch(
        f"INSERT INTO tenants (tenant_id, {_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        tenant.id,
        tenant.name,
        tenant.kind,
        tenant.market,
        tenant.currency,
        tenant.clock_at,
        tenant.clock_set_at,
        tenant.clock_runs,
        tenant.documents_required,
        tenant.digest_key,
        tenant.created_at,
        tenant.version,
    )


async def find(connection: Connection, tenant_id: TenantId) -> Tenant | None:
    """The tenant, or None."""
    row = await connection.fetchrow(f"SELECT tenant_id, {_COLUMNS} FROM tenants WHERE tenant_id = $1", tenant_id)
    return None if row is None else _tenant(row)


async def page(connection: Connection) -> list[Tenant]:
    """Every tenant that the connection's role may see, oldest first."""
    return [_tenant(row) for row in await connection.fetch(f"SELECT tenant_id, {_COLUMNS} FROM tenants ORDER BY 1")]


def _tenant(row: Record) -> Tenant:
    return Tenant(
        id=TenantId(row["tenant_id"]),
        name=row["name"],
        kind=TenantKind(row["kind"]),
        market=row["market"],
        currency=row["currency"],
        clock_at=row["clock_at"],
        clock_set_at=row["clock_set_at"],
        clock_runs=row["clock_runs"],
        documents_required=row["documents_required"],
        digest_key=row["digest_key"],
        created_at=row["created_at"],
        version=row["version"],
    )
