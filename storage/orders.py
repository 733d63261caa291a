"""Orders and their lines: rows to dataclasses, and the ways orders are found."""

from collections.abc import Collection
from typing import Final

from domain.ids import OrderId, TenantId
from domain.orders import Order, OrderLine
from storage.pool import Connection
from storage.tables import Children, Table, Twin

ORDER_LINES: Final = Table("order_lines", OrderLine)
ORDERS: Final = Table(
    "orders",
    Order,
    children={"lines": Children(ORDER_LINES, by="order_id", order="position")},
    conflicts={
        "orders_tenant_id_reference_key": Twin("There is an order with this reference already.", "reference"),
        "orders_quote_once": Twin("Another order is bought with this quote already.", "quoteId"),
    },
)


async def get(connection: Connection, tenant_id: TenantId, id: OrderId) -> Order:
    """The order with its lines. Refuses with NotFound."""
    return await ORDERS.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: OrderId) -> Order:
    """The order with its lines, this transaction's until its end. Refuses with NotFound. Lock its buyer first."""
    return await ORDERS.lock(connection, tenant_id, id)


async def lock_by_ids(connection: Connection, tenant_id: TenantId, ids: Collection[OrderId]) -> list[Order]:
    """Those of the orders that exist, locked in the order of their ids, so that two acts never wait for each other."""
    return await ORDERS.select(connection, tenant_id, "t.id = ANY ($2::text[]) ORDER BY t.id", list(ids), lock=True)


async def lock_ids(connection: Connection, tenant_id: TenantId, ids: Collection[OrderId]) -> None:
    """Those orders are this transaction's, in the order of their ids; nothing of them is read."""
    text = "SELECT FROM orders t WHERE t.tenant_id = $1 AND t.id = ANY ($2::text[]) ORDER BY t.id FOR UPDATE"
    await connection.fetch(text, tenant_id, list(ids))


async def by_references(connection: Connection, tenant_id: TenantId, references: Collection[str]) -> list[Order]:
    """Those of the orders that exist, by the shop system's own numbers."""
    return await ORDERS.select(connection, tenant_id, "t.reference = ANY ($2::text[])", list(references))
