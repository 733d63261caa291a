"""Covers: row to dataclass, and the ways they are found."""

from collections.abc import Collection, Sequence
from typing import Final

from domain.coverage import Carriage, Coverage
from domain.ids import CoverageId, OrderId, ProviderId, ShipmentId, TenantId
from storage.pool import Connection
from storage.tables import Table

COVERAGES: Final = Table("coverages", Coverage)


async def get(connection: Connection, tenant_id: TenantId, id: CoverageId) -> Coverage:
    """The cover. Refuses with NotFound."""
    return await COVERAGES.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: CoverageId) -> Coverage:
    """The cover, this transaction's until its end. Refuses with NotFound. Lock its order first."""
    return await COVERAGES.lock(connection, tenant_id, id)


async def counted_from_receipt(
    connection: Connection, tenant_id: TenantId, order_ids: Collection[OrderId]
) -> list[Coverage]:
    """The covers of those orders whose window arrivals can move, oldest first. The orders' locks cover them."""
    where = (
        "t.order_id = ANY ($2::text[]) AND t.promise IN ('EASY_RETURN', 'MONEY_BACK', 'PRICE_LOCK', 'LOSS_DAMAGE') "
        "AND t.state IN ('PENDING', 'IN_FORCE', 'EXPIRED') ORDER BY t.id"
    )
    return await COVERAGES.select(connection, tenant_id, where, list(order_ids))


async def by_order(connection: Connection, tenant_id: TenantId, order_id: OrderId) -> list[Coverage]:
    """The covers of the order, oldest first. The order's lock covers them."""
    return await COVERAGES.select(connection, tenant_id, "t.order_id = $2 ORDER BY t.id", order_id)


async def carriage(connection: Connection, tenant_id: TenantId, order_id: OrderId) -> Carriage:
    """Who carries the order's goods beside those that its shipments were booked with. The order's lock covers it."""
    text = f"SELECT {CARRIERS} FROM (SELECT $2::text AS order_id) c"
    return carriage_of(await connection.fetchval(text, tenant_id, order_id))


def carriage_of(carriers: Sequence[str]) -> Carriage:
    """What `CARRIERS` found."""
    legs: dict[ShipmentId, tuple[ProviderId, ...]] = {}
    quoted_by: ProviderId | None = None
    for each in carriers:
        shipment, _, provider = each.rpartition(" ")
        if shipment:
            id = ShipmentId(shipment)
            legs[id] = (*legs.get(id, ()), ProviderId(provider))
        else:
            quoted_by = ProviderId(provider)
    return Carriage(legs, quoted_by)


CARRIERS: Final = """ARRAY(
    SELECT l.shipment_id || ' ' || l.provider_id FROM shipments s
    JOIN legs l ON l.tenant_id = $1 AND l.shipment_id = s.id
    WHERE s.tenant_id = $1 AND s.order_id = c.order_id AND l.provider_id IS NOT NULL
    UNION ALL
    SELECT q.provider_id FROM orders r JOIN quotes q ON q.tenant_id = $1 AND q.id = r.quote_id
    WHERE r.tenant_id = $1 AND r.id = c.order_id)"""
"""Whoever is planned for a leg of the order of `c`, behind the leg's shipment, and by itself whose quote was bought."""
