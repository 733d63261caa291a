"""Shipments: row to dataclass, and the ways they are found."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.access import Caller
from domain.ids import BuyerId, OrderId, ProviderId, ShipmentId, SupplierId, TenantId
from domain.orders import Order
from domain.shipments import Shipment
from domain.tracking import OVER
from storage.pool import Connection
from storage.tables import Table, Twin

SHIPMENTS: Final = Table(
    "shipments",
    Shipment,
    conflicts={
        "shipments_tenant_id_provider_id_reference_key": Twin(
            "The provider has a shipment with this reference already.", "reference"
        )
    },
)


async def get(connection: Connection, tenant_id: TenantId, id: ShipmentId) -> Shipment:
    """The shipment. Refuses with NotFound."""
    return await SHIPMENTS.get(connection, tenant_id, id)


async def by_ids(connection: Connection, tenant_id: TenantId, ids: Collection[ShipmentId]) -> list[Shipment]:
    """Those of the shipments that exist."""
    return await SHIPMENTS.select(connection, tenant_id, "t.id = ANY ($2::text[]) ORDER BY t.id", list(ids))


async def lock_by_ids(connection: Connection, tenant_id: TenantId, ids: Collection[ShipmentId]) -> list[Shipment]:
    """Those of the shipments that exist, locked in the order of their ids. Lock the orders whose lines change first."""
    where = "t.id = ANY ($2::text[]) ORDER BY t.id"
    return await SHIPMENTS.select(connection, tenant_id, where, list(ids), lock=True)


async def promises_of_lines(
    connection: Connection, tenant_id: TenantId, ids: Collection[ShipmentId]
) -> dict[str, datetime]:
    """Shipment -> the earliest promise of a line that it carries, where one has any."""
    text = """
        SELECT shipment_id, min(promised_at) AS promised_at FROM order_lines
        WHERE tenant_id = $1 AND shipment_id = ANY ($2::text[]) AND promised_at IS NOT NULL GROUP BY shipment_id"""
    rows = await connection.fetch(text, tenant_id, list(ids))
    return {row["shipment_id"]: row["promised_at"] for row in rows}


@dataclass(frozen=True, slots=True)
class Begun:
    """What a report of a shipment must know of its order: when it was placed, where to, and between whom."""

    order_id: OrderId
    placed_at: datetime
    country: str
    buyer_id: BuyerId
    supplier_id: SupplierId

    @classmethod
    def of(cls, order: Order) -> "Begun":
        """The beginning of that order."""
        return cls(order.id, order.placed_at, order.country, order.buyer_id, order.supplier_id)

    def concerns(self, caller: Caller) -> bool:
        """Whether the caller acts for the marketplace, the buyer or the supplier."""
        return caller.is_operator or caller.party_id in {self.buyer_id, self.supplier_id}


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What is known of a shipment before it is locked: whose it is, and whether it is over."""

    id: ShipmentId
    provider_id: ProviderId
    is_over: bool
    begun: Begun

    def concerns(self, caller: Caller) -> bool:
        """Whether the caller acts for the marketplace, a side of the order or the provider that carries it."""
        return self.begun.concerns(caller) or caller.party_id == self.provider_id


_GLIMPSE: Final = (
    "SELECT s.id, s.provider_id, s.state = ANY ($3::text[]) AS is_over, "
    "o.id AS order_id, o.placed_at, o.country, o.buyer_id, o.supplier_id "
    "FROM shipments s JOIN orders o ON o.tenant_id = s.tenant_id AND o.id = s.order_id "
    "WHERE s.tenant_id = $1 AND s.id = ANY ($2::text[]) ORDER BY s.id"
)


async def glimpse(connection: Connection, tenant_id: TenantId, ids: Collection[ShipmentId]) -> list[Glimpse]:
    """Those of the shipments that exist, in the order of their ids, without a lock and without their orders' lines."""
    rows = await connection.fetch(_GLIMPSE, tenant_id, list(ids), sorted(OVER))
    return [
        Glimpse(
            ShipmentId(row["id"]),
            ProviderId(row["provider_id"]),
            row["is_over"],
            Begun(
                OrderId(row["order_id"]),
                row["placed_at"],
                row["country"],
                BuyerId(row["buyer_id"]),
                SupplierId(row["supplier_id"]),
            ),
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Name:
    """What a provider calls a shipment: its own reference of it, or a number that it travels under."""

    provider_id: ProviderId
    text: str
    is_number: bool


async def by_names(
    connection: Connection, tenant_id: TenantId, names: Iterable[Name]
) -> Mapping[Name, tuple[ShipmentId, ...]]:
    """The shipments of those names, each provider's own only; of several under one number, those that are not over."""
    wanted = sorted(set(names), key=lambda name: (name.provider_id, name.is_number, name.text))
    over = "s.state IN ('DELIVERED', 'RETURNED', 'CANCELLED')"
    text = (
        "SELECT w.place, s.id, NOT s.over AS live "
        "FROM unnest($2::text[], $3::text[], $4::boolean[]) WITH ORDINALITY w(provider_id, name, is_number, place) "
        "CROSS JOIN LATERAL ("
        f"SELECT s.id, {over} AS over FROM shipments s WHERE NOT w.is_number AND s.tenant_id = $1 "
        "AND s.provider_id = w.provider_id AND s.reference = w.name "
        f"UNION SELECT s.id, {over} FROM shipments s WHERE w.is_number AND s.tenant_id = $1 "
        "AND s.provider_id = w.provider_id AND s.tracking_number = w.name "
        f"UNION SELECT s.id, {over} FROM legs l JOIN shipments s ON s.tenant_id = l.tenant_id AND s.id = l.shipment_id "
        "WHERE w.is_number AND l.tenant_id = $1 AND l.tracking_number = w.name AND s.provider_id = w.provider_id"
        ") s ORDER BY w.place, s.id"
    )
    columns = zip(*((name.provider_id, name.text, name.is_number) for name in wanted), strict=True)
    rows = await connection.fetch(text, tenant_id, *map(list, columns))
    live: dict[Name, list[ShipmentId]] = {}
    ended: dict[Name, list[ShipmentId]] = {}
    for row in rows:
        (live if row["live"] else ended).setdefault(wanted[row["place"] - 1], []).append(ShipmentId(row["id"]))
    return {name: tuple(live.get(name) or ended.get(name) or ()) for name in wanted}


async def by_orders(connection: Connection, tenant_id: TenantId, order_ids: Collection[OrderId]) -> list[Shipment]:
    """The shipments of those orders, oldest first."""
    return await SHIPMENTS.select(connection, tenant_id, "t.order_id = ANY ($2::text[]) ORDER BY t.id", list(order_ids))
