"""Lanes: row to dataclass, and the ways one is found."""

from collections.abc import Sequence
from typing import Final

from domain.ids import LaneId, ProviderId, ServiceId, TenantId
from domain.lanes import Lane
from storage.pool import Connection
from storage.tables import Table, Twin

LANES: Final = Table("lanes", Lane, conflicts={"lanes_once": Twin("The service goes this way already.", "lanes")})


async def get(connection: Connection, tenant_id: TenantId, id: LaneId) -> Lane:
    """The lane, removed ones too. Refuses with NotFound."""
    return await LANES.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: LaneId) -> Lane:
    """The lane, this transaction's until its end. Refuses with NotFound. Lock its provider and service first."""
    return await LANES.lock(connection, tenant_id, id)


async def by_services(
    connection: Connection, tenant_id: TenantId, service_id: ServiceId, *, lock: bool = False
) -> list[Lane]:
    """The service's active lanes, in the order they were added."""
    where = "t.service_id = $2 AND t.state = 'ACTIVE' ORDER BY t.id"
    return await LANES.select(connection, tenant_id, where, service_id, lock=lock)


async def by_providers(
    connection: Connection, tenant_id: TenantId, provider_id: ProviderId, *, lock: bool = False
) -> list[Lane]:
    """The provider's active lanes, of all its services, in the order they were added."""
    where = "t.provider_id = $2 AND t.state = 'ACTIVE' ORDER BY t.id"
    return await LANES.select(connection, tenant_id, where, provider_id, lock=lock)


async def by_ways(
    connection: Connection, tenant_id: TenantId, service_id: ServiceId, ways: Sequence[tuple[str, str]]
) -> list[Lane]:
    """The service's active lanes that go one of those ways (keys of the two ends)."""
    where = (
        "t.service_id = $2 AND t.state = 'ACTIVE' AND (t.origin_key, t.destination_key) IN "
        "(SELECT * FROM unnest($3::text[], $4::text[]))"
    )
    origins, destinations = [way[0] for way in ways], [way[1] for way in ways]
    return await LANES.select(connection, tenant_id, where, service_id, origins, destinations)


async def count(connection: Connection, tenant_id: TenantId, service_id: ServiceId) -> int:
    """How many active lanes the service has."""
    text = "SELECT count(*) FROM lanes t WHERE t.tenant_id = $1 AND t.service_id = $2 AND t.state = 'ACTIVE'"
    found: int = await connection.fetchval(text, tenant_id, service_id)
    return found
