"""Services: row to dataclass, the ways one is found, and what stands behind one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from asyncpg import Record

from domain import capabilities
from domain.capabilities import Capability, Limit
from domain.gates import Action
from domain.ids import ProviderId, ServiceId, TenantId
from domain.modes import ServiceMode
from domain.providers import ProviderState
from domain.services import Service, Shelf
from storage import capabilities as capability_rows
from storage.pool import Connection
from storage.tables import Table

SERVICES: Final = Table("services", Service)

SELLING: Final = frozenset({ProviderState.ACTIVE, ProviderState.RESTRICTED})
"""The states in which a provider may put a service on sale; what it may sell of it is decided by lane."""

_SHELVES: Final = """
SELECT s.id,
  (SELECT count(*) FROM lanes l WHERE l.tenant_id = s.tenant_id AND l.service_id = s.id AND l.state = 'ACTIVE')
    AS lanes,
  EXISTS (SELECT FROM rate_sheets r WHERE r.tenant_id = s.tenant_id AND r.service_id = s.id AND r.state = 'ACTIVE'
    AND (r.valid_until IS NULL OR r.valid_until > $3)) AS priced,
  s.mode, s.provider_id,
  (SELECT p.state FROM providers p WHERE p.tenant_id = s.tenant_id AND p.id = s.provider_id) AS provider_state,
  ARRAY(SELECT f.cause FROM listing_flags f WHERE f.tenant_id = s.tenant_id AND f.service_id = s.id
    AND f.state = 'ENFORCED' AND f.consequence = 'OFF_SHELF' ORDER BY f.id) AS off_shelf
FROM services s WHERE s.tenant_id = $1 AND s.id = ANY ($2::text[])
"""


async def get(connection: Connection, tenant_id: TenantId, id: ServiceId) -> Service:
    """The service, removed ones too. Refuses with NotFound."""
    return await SERVICES.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: ServiceId) -> Service:
    """The service, this transaction's until its end. Refuses with NotFound. Lock its provider first."""
    return await SERVICES.lock(connection, tenant_id, id)


async def by_providers(connection: Connection, tenant_id: TenantId, provider_id: ProviderId) -> list[Service]:
    """The provider's services that are not removed, oldest first."""
    where = "t.provider_id = $2 AND t.state <> 'REMOVED' ORDER BY t.created_at, t.id"
    return await SERVICES.select(connection, tenant_id, where, provider_id)


async def count(connection: Connection, tenant_id: TenantId, provider_id: ProviderId) -> int:
    """How many services the provider has that are not removed."""
    text = "SELECT count(*) FROM services t WHERE t.tenant_id = $1 AND t.provider_id = $2 AND t.state <> 'REMOVED'"
    found: int = await connection.fetchval(text, tenant_id, provider_id)
    return found


async def shelves(
    connection: Connection, tenant_id: TenantId, ids: Sequence[ServiceId], at: datetime
) -> dict[ServiceId, Shelf]:
    """What stands behind each of the services at `at`."""
    rows = await connection.fetch(_SHELVES, tenant_id, list(ids), at)
    providers = {ProviderId(row["provider_id"]) for row in rows}
    limits = {id: await capability_rows.limits(connection, tenant_id, id) for id in providers}
    return {ServiceId(row["id"]): _shelf(row, limits[row["provider_id"]], at) for row in rows}


def _shelf(row: Record, limits: tuple[Limit, ...], at: datetime) -> Shelf:
    state = ProviderState(row["provider_state"])
    shown = Capability(Action.LIST, ServiceMode(row["mode"]))
    return Shelf(
        lanes=row["lanes"],
        priced=row["priced"],
        provider_sells=state in SELLING,
        because=capabilities.because(state, limits, shown, at),
        off_shelf=tuple(row["off_shelf"]),
    )
