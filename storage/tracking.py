"""Tracking events: what was reported of shipments."""

from collections.abc import Collection
from typing import Final

from domain.ids import ShipmentId, TenantId
from domain.tracking import TrackingEvent
from storage.pool import Connection
from storage.tables import Table

TRACKING_EVENTS: Final = Table("tracking_events", TrackingEvent)


async def by_shipments(
    connection: Connection, tenant_id: TenantId, shipment_ids: Collection[ShipmentId]
) -> list[TrackingEvent]:
    """Everything reported of those shipments."""
    return await TRACKING_EVENTS.select(connection, tenant_id, "t.shipment_id = ANY ($2::text[])", list(shipment_ids))
