"""Legs: row to dataclass, and the ways they are found."""

from collections.abc import Collection
from typing import Final

from domain.ids import LegId, ShipmentId, TenantId
from domain.legs import Leg
from storage.pool import Connection
from storage.tables import Table

LEGS: Final = Table(
    "legs",
    Leg,
    conflicts={"legs_tenant_id_shipment_id_number_key": "Somebody else planned the shipment's way just now."},
)


async def get(connection: Connection, tenant_id: TenantId, id: LegId) -> Leg:
    """The leg. Refuses with NotFound."""
    return await LEGS.get(connection, tenant_id, id)


async def by_shipments(connection: Connection, tenant_id: TenantId, shipment_ids: Collection[ShipmentId]) -> list[Leg]:
    """The legs of those shipments, by their numbers. The shipment's lock covers its legs."""
    where = "t.shipment_id = ANY ($2::text[]) ORDER BY t.shipment_id, t.number"
    return await LEGS.select(connection, tenant_id, where, list(shipment_ids))
