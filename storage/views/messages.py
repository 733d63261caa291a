"""Messages about shipments: for the party that each is to, and for staff."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from domain import explain
from domain.access import Caller, ViewerKind
from storage.views.view import Computed, Filter, Listing, One, Point, Root, Row, Sort, View, columns

_TO: Final = "{t}.party_id = {party}"


async def because(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[explain.Finding]]:
    """Why each was skipped; nothing where it was sent."""
    return [[] if row["void"] is None else [explain.parse(json.loads(row["void"]))] for row in rows]


MESSAGE: Final = View(
    type="Message",
    table="messages",
    visible={
        ViewerKind.STAFF: "true",
        ViewerKind.BUYER: _TO,
        ViewerKind.SUPPLIER: _TO,
        ViewerKind.ENTITLED_SUPPLIER: _TO,
    },
    fields={
        **columns("id", "key", "state", "title", "text", "dueAt", "at", "version"),
        **columns("language"),
        "shipment": One("Shipment", "{t}.subject_id"),
        "order": One("Order", "{t}.order_id"),
        "buyer": One("Buyer", r"CASE WHEN {t}.party_id LIKE 'buy\_%' THEN {t}.party_id END"),
        "supplier": One("Supplier", r"CASE WHEN {t}.party_id LIKE 'sup\_%' THEN {t}.party_id END"),
        "ruleVersion": One("RuleVersion", "{t}.rule_version_id"),
        "because": Computed(because, needs=("void",)),
    },
    sorts={
        "NEWEST_FIRST": Sort((("{t}.at", True),)),
        "OLDEST_FIRST": Sort((("{t}.at", False),)),
    },
    filters={
        "keys": Filter("{t}.key = ANY({v})", "text[]"),
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "shipmentId": Filter("{t}.subject_id = {v}"),
        "orderId": Filter("{t}.order_id = {v}"),
        "partyId": Filter("{t}.party_id = {v}"),
    },
)

VIEWS: Final = (MESSAGE,)
ROOTS: Final[dict[str, Root]] = {"message": Point("Message"), "messages": Listing("Message", "NEWEST_FIRST")}
