"""Tenants: the row of each marketplace. Its id is generated from `tenant_id`, so `keep` does not write a new one."""

from domain.ids import TenantId
from domain.tenants import Tenant
from storage.clocks import TENANTS
from storage.pool import Connection


async def create(connection: Connection, tenant: Tenant) -> None:
    """The tenant's row exists. Its audit row is the caller's to write."""
    written = [(name, value) for name, value in zip(TENANTS.names, TENANTS.values(tenant), strict=True) if name != "id"]
    places = ", ".join(f"${place}" for place in range(2, len(written) + 2))
    await connection.fetch(
        f"INSERT INTO tenants (tenant_id, {', '.join(name for name, _ in written)}) VALUES ($1, {places})",
        tenant.id,
        *(value for _, value in written),
    )


async def find(connection: Connection, tenant_id: TenantId) -> Tenant | None:
    """The tenant, or None."""
    row = await connection.fetchrow(f"SELECT {TENANTS.selection()} FROM tenants t WHERE t.tenant_id = $1", tenant_id)
    return None if row is None else TENANTS.decode(row)


async def page(connection: Connection) -> list[Tenant]:
    """Every tenant that the connection's role may see, oldest first."""
    rows = await connection.fetch(f"SELECT {TENANTS.selection()} FROM tenants t ORDER BY t.tenant_id")
    return [TENANTS.decode(row) for row in rows]
