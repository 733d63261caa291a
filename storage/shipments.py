"""Shipments: row to dataclass, and the ways they are found."""

from collections.abc import Collection
from typing import Final

from domain.ids import OrderId, ShipmentId, TenantId
from domain.shipments import Shipment
from storage.pool import Connection
from storage.tables import Table

SHIPMENTS: Final = Table(
    "shipments",
    Shipment,
    conflicts={
        "shipments_tenant_id_provider_id_reference_key": "The provider has a shipment with this reference already."
    },
)


async def get(connection: Connection, tenant_id: TenantId, id: ShipmentId) -> Shipment:
    """The shipment. Refuses with NotFound."""
    return await SHIPMENTS.get(connection, tenant_id, id)


async def by_ids(connection: Connection, tenant_id: TenantId, ids: Collection[ShipmentId]) -> list[Shipment]:
    """Those of the shipments that exist. Lock their orders, then read them: an order's lock covers its shipments."""
    return await SHIPMENTS.select(connection, tenant_id, "t.id = ANY ($2::text[]) ORDER BY t.id", list(ids))


async def by_orders(connection: Connection, tenant_id: TenantId, order_ids: Collection[OrderId]) -> list[Shipment]:
    """The shipments of those orders, oldest first."""
    return await SHIPMENTS.select(connection, tenant_id, "t.order_id = ANY ($2::text[]) ORDER BY t.id", list(order_ids))
