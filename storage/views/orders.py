"""Orders and their lines: staff see all, buyer and supplier their own, a provider what it carries.

The delivery address is personal: it is shown to staff, the order's buyer and whoever carries the goods, and that it was
read is written down.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from domain import orders
from domain.access import Caller, ViewerKind
from domain.dates import UTC_DAYS
from domain.ids import OrderId
from domain.moves import Move
from domain.orders import ADDRESS, OrderLine
from storage import personal
from storage.orders import ORDER_LINES, ORDERS
from storage.views import duties
from storage.views.view import (
    Amount,
    Computed,
    Filter,
    Listing,
    Many,
    One,
    Point,
    Root,
    Row,
    Sort,
    Value,
    View,
    columns,
)

_CARRIED: Final = (
    "EXISTS (SELECT FROM shipments c WHERE c.tenant_id = {t}.tenant_id AND c.order_id = {t}.id "
    "AND c.provider_id = {party})"
)
VISIBLE: Final = {
    ViewerKind.STAFF: "true",
    ViewerKind.BUYER: "{t}.buyer_id = {party}",
    ViewerKind.SUPPLIER: "{t}.supplier_id = {party}",
    ViewerKind.ENTITLED_SUPPLIER: "{t}.supplier_id = {party}",
    ViewerKind.PROVIDER: _CARRIED,
}
READ_ADDRESS: Final = "readAddress"
"""The action in the audit row of whoever read a delivery address."""


def through_order(predicate: str) -> str:
    """The predicate of an order, for rows that have its `order_id`."""
    of_order = predicate.replace("{t}", "o")
    return f"EXISTS (SELECT FROM orders o WHERE o.tenant_id = {{t}}.tenant_id AND o.id = {{t}}.order_id AND {of_order})"


ORDER_REFERENCE: Final = Value(
    "(SELECT o.reference FROM orders o WHERE o.tenant_id = {t}.tenant_id AND o.id = {t}.order_id)"
)
"""The order's number, for rows that have its `order_id`: who answers for an order must know it, also where it carried
nothing of it and does not see it."""


def zone_of(country: str) -> Value:
    """The time zone in which the days of that country are counted, as IANA has it; UTC where it has no calendar."""
    return Value(f"coalesce((SELECT z.zone FROM calendars z WHERE z.market = {country}), '{UTC_DAYS.zone}')")


PROMISED_ZONE: Final = zone_of(
    "(SELECT o.country FROM orders o WHERE o.tenant_id = {t}.tenant_id AND o.id = {t}.order_id)"
)
"""The zone of a promised day: where the order is delivered."""


async def _moves(connection: Any, rows: Sequence[Row], viewer: Caller) -> list[tuple[Move, ...]]:
    ids = [row["id"] for row in rows]
    where = "t.order_id = ANY ($2::text[]) ORDER BY t.order_id, t.position"
    lines: defaultdict[str, list[OrderLine]] = defaultdict(list)
    for line in await ORDER_LINES.select(connection, viewer.tenant_id, where, ids):
        lines[line.order_id].append(line)
    return [orders.moves(ORDERS.decode(row, lines=tuple(lines[row["id"]])), viewer) for row in rows]


async def available_actions(
    connection: Any, rows: Sequence[Row], viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[str]]:
    """The actions whose mutation would not be refused for state, time or role."""
    return [[move.action for move in moves if move.available] for moves in await _moves(connection, rows, viewer)]


async def blocked_actions(
    connection: Any, rows: Sequence[Row], viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[Move]]:
    """The other actions, each with everything that stands in its way."""
    return [[move for move in moves if not move.available] for moves in await _moves(connection, rows, viewer)]


async def addresses(
    connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, _arguments: Mapping[str, Any]
) -> list[Mapping[str, Any] | None]:
    """The delivery addresses, null where there is none or it was erased. That each was read is written down."""
    found = await personal.reveal(
        connection, viewer, [OrderId(row["id"]) for row in rows], ADDRESS, action=READ_ADDRESS, at=at
    )
    return [found.get(row["id"]) for row in rows]


async def guarantees(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[str]]:
    """The guarantees the order was bought with; the engine reads what each is."""
    return [list(row["guarantee_ids"]) for row in rows]


ORDER: Final = View(
    type="Order",
    table="orders",
    visible=VISIBLE,
    fields={
        **columns(
            "id",
            "reference",
            "state",
            "country",
            "addressChangedAt",
            "quantityChangedAt",
            "buyerTransport",
            "placedAt",
            "paidAt",
            "completedAt",
            "cancelledAt",
            "version",
        ),
        "total": Amount("{t}.total_minor"),
        "refunded": Amount("{t}.refunded_minor"),
        "locked": Amount("{t}.locked_minor"),
        "charged": Amount("{t}.charged_minor"),
        "quote": One("Quote", "{t}.quote_id"),
        "buyer": One("Buyer", "{t}.buyer_id"),
        "supplier": One("Supplier", "{t}.supplier_id"),
        "address": Computed(addresses, shown_to=frozenset({ViewerKind.STAFF, ViewerKind.BUYER, ViewerKind.PROVIDER})),
        "guarantees": Computed(guarantees, needs=("guarantee_ids",)),
        "lines": Many("OrderLine", "order_id", "BY_POSITION"),
        "shipments": Many("Shipment", "order_id", "OLDEST_FIRST"),
        "coverages": Many("Coverage", "order_id", "OLDEST_FIRST"),
        "claims": Many("Claim", "order_id", "OLDEST_FIRST"),
        "refunds": Many("Refund", "order_id", "OLDEST_FIRST"),
        "exposures": Many("Exposure", "order_id", "OLDEST_FIRST"),
        "holds": Many("HeldClock", "order_id", "OLDEST_FIRST"),
        "serviceRequests": Many("ServiceRequest", "order_id", "OLDEST_FIRST"),
        "duties": Computed(duties.of_orders),
        "availableActions": Computed(available_actions, needs=ORDERS.names),
        "blockedActions": Computed(blocked_actions, needs=ORDERS.names),
    },
    sorts={
        "NEWEST_FIRST": Sort((("{t}.placed_at", True),)),
        "OLDEST_FIRST": Sort((("{t}.placed_at", False),)),
    },
    filters={
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "buyerId": Filter("{t}.buyer_id = {v}"),
        "supplierId": Filter("{t}.supplier_id = {v}"),
        "reference": Filter("{t}.reference = {v}"),
        "placedFrom": Filter("{t}.placed_at >= {v}", "timestamptz"),
        "placedBefore": Filter("{t}.placed_at < {v}", "timestamptz"),
    },
)

_CARRIED_LINE: Final = (
    "EXISTS (SELECT FROM shipments c WHERE c.tenant_id = {t}.tenant_id AND c.id = {t}.shipment_id "
    "AND c.provider_id = {party})"
)

ORDER_LINE: Final = View(
    type="OrderLine",
    table="order_lines",
    visible={
        kind: predicate if kind is ViewerKind.STAFF else through_order(predicate) for kind, predicate in VISIBLE.items()
    }
    | {ViewerKind.PROVIDER: _CARRIED_LINE},
    fields={
        **columns(
            "id",
            "position",
            "reference",
            "description",
            "quantity",
            "serviced",
            "shipByAt",
            "promisedAt",
            "deliveredAt",
            "disclosedDefects",
            "standardStated",
        ),
        "promisedZone": PROMISED_ZONE,
        "value": Amount("{t}.value_minor"),
        "declared": Amount("{t}.declared_minor"),
        "order": One("Order", "{t}.order_id"),
        "exposures": Many("Exposure", "line_id", "OLDEST_FIRST"),
        "shipment": One("Shipment", "{t}.shipment_id"),
    },
    sorts={"BY_POSITION": Sort((("{t}.position", False),))},
)

VIEWS: Final = (ORDER, ORDER_LINE)
ROOTS: Final[dict[str, Root]] = {"order": Point("Order"), "orders": Listing("Order", "NEWEST_FIRST")}
