"""Service requests with their levels, visits and parts: rows to dataclasses, and the ways they are found."""

from collections.abc import Collection
from typing import Final, Literal

from domain.claims import Running, ServiceClock
from domain.guarantees import Milestone
from domain.ids import CoverageId, ServiceLevelId, ServiceRequestId, TenantId
from domain.service_requests import ServiceLevel, ServicePart, ServiceRequest, ServiceVisit
from storage.clocks import CLOCKS
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


async def running(
    connection: Connection, tenant_id: TenantId, by: Literal["order_id", "coverage_id"], ids: Collection[str]
) -> dict[str, list[ServiceClock]]:
    """Order or cover -> the clocks of the milestones that can still be reached in its service requests."""
    text = (
        f"SELECT q.{by} AS of, q.buyer_id, coalesce(q.supplier_id, q.provider_id) AS owed_by, l.milestone, "
        f"{CLOCKS.selection()} FROM service_requests q JOIN service_levels l ON l.tenant_id = $1 "
        "AND l.request_id = q.id AND l.reached_at IS NULL AND l.voided_at IS NULL "
        "JOIN clocks t ON t.tenant_id = $1 AND t.subject_id = l.id AND t.state = 'RUNNING' "
        f"WHERE q.tenant_id = $1 AND q.{by} = ANY ($2::text[]) AND q.ended_at IS NULL"
    )
    found: dict[str, list[ServiceClock]] = {}
    for row in await connection.fetch(text, tenant_id, list(ids)):
        running = Running(CLOCKS.decode(row), Milestone(row["milestone"]))
        found.setdefault(row["of"], []).append(ServiceClock(running, (row["buyer_id"], row["owed_by"])))
    return found
