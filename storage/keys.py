"""API keys: row to dataclass, and the real clock they live by. Whose key was sent is found in `storage/callers.py`."""

from datetime import datetime
from typing import Final

from domain.ids import ApiKeyId, TenantId
from domain.keys import ApiKey
from storage.pool import Connection
from storage.tables import Table

API_KEYS: Final = Table("api_keys", ApiKey)


async def get(connection: Connection, tenant_id: TenantId, id: ApiKeyId) -> ApiKey:
    """The key. Refuses with NotFound."""
    return await API_KEYS.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: ApiKeyId) -> ApiKey:
    """The key, this transaction's until its end. Refuses with NotFound."""
    return await API_KEYS.lock(connection, tenant_id, id)


async def page(connection: Connection, tenant_id: TenantId) -> list[ApiKey]:
    """Every key of the tenant, oldest first."""
    return await API_KEYS.select(connection, tenant_id, "true ORDER BY t.id")


async def real_now(connection: Connection) -> datetime:
    """The database's own clock, whatever a sandbox's shows."""
    now: datetime = await connection.fetchval("SELECT clock_timestamp()")
    return now


async def tenant_kind(connection: Connection, tenant_id: TenantId) -> str:
    """Which sort of tenant its keys open."""
    kind: str = await connection.fetchval("SELECT kind FROM tenants WHERE tenant_id = $1", tenant_id)
    return kind
