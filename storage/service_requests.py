"""Service requests with their levels, visits and parts: rows to dataclasses, and the ways they are found."""

from typing import Final

from domain.ids import CoverageId, ServiceLevelId, ServiceRequestId, TenantId
from domain.service_requests import ServiceLevel, ServicePart, ServiceRequest, ServiceVisit
from storage.pool import Connection
from storage.tables import Children, Table

SERVICE_LEVELS: Final = Table("service_levels", ServiceLevel)
SERVICE_VISITS: Final = Table("service_visits", ServiceVisit)
SERVICE_PARTS: Final = Table("service_parts", ServicePart)
SERVICE_REQUESTS: Final = Table(
    "service_requests",
    ServiceRequest,
    children={
        "levels": Children(SERVICE_LEVELS, by="request_id", order="id"),
        "visits": Children(SERVICE_VISITS, by="request_id", order="number"),
        "parts": Children(SERVICE_PARTS, by="request_id", order="number"),
    },
)


async def get(connection: Connection, tenant_id: TenantId, id: ServiceRequestId) -> ServiceRequest:
    """The request. Refuses with NotFound."""
    return await SERVICE_REQUESTS.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: ServiceRequestId) -> ServiceRequest:
    """The request, this transaction's until its end. Refuses with NotFound. Lock its order first."""
    return await SERVICE_REQUESTS.lock(connection, tenant_id, id)


async def of_level(connection: Connection, tenant_id: TenantId, id: ServiceLevelId) -> ServiceRequest:
    """The request of that level. Refuses with NotFound."""
    level = await SERVICE_LEVELS.get(connection, tenant_id, id)
    return await get(connection, tenant_id, level.request_id)


async def by_coverage(connection: Connection, tenant_id: TenantId, id: CoverageId) -> list[ServiceRequest]:
    """Every request under that cover, oldest first. The order's lock covers them."""
    return await SERVICE_REQUESTS.select(connection, tenant_id, "t.coverage_id = $2 ORDER BY t.id", id)
