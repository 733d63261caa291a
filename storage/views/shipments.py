"""Shipments and what was reported of them: the order's two sides, whoever carries them, and staff."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from domain import shipments
from domain.access import Caller, ViewerKind
from domain.tracking import RESPONSIBLE
from storage.shipments import SHIPMENTS
from storage.views.actions import actions
from storage.views.orders import VISIBLE as ORDER_VISIBLE
from storage.views.orders import through_order
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

VISIBLE: Final = {
    kind: predicate if kind is ViewerKind.STAFF else through_order(predicate)
    for kind, predicate in ORDER_VISIBLE.items()
} | {ViewerKind.PROVIDER: "{t}.provider_id = {party}"}


async def lateness(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, at: datetime, _arguments: Mapping[str, Any]
) -> list[bool]:
    """Whether each broke its promise, or is breaking it now."""
    return [shipments.is_late(SHIPMENTS.decode(row), at) for row in rows]


SHIPMENT: Final = View(
    type="Shipment",
    table="shipments",
    visible=VISIBLE,
    fields={
        **columns(
            "id",
            "reference",
            "mode",
            "state",
            "promisedAt",
            "etaAt",
            "pickedUpAt",
            "attemptedAt",
            "deliveredAt",
            "weightGrams",
            "recordedAt",
            "version",
        ),
        "freight": Amount("{t}.freight_minor"),
        "order": One("Order", "{t}.order_id"),
        "provider": One("Provider", "{t}.provider_id"),
        "lines": Many("OrderLine", "shipment_id", "BY_POSITION"),
        "events": Many("TrackingEvent", "shipment_id", "OLDEST_FIRST"),
        "isLate": Computed(lateness, needs=SHIPMENTS.names),
        **actions(SHIPMENTS, lambda thing, viewer, _at: shipments.moves(thing, viewer)),
    },
    sorts={
        "NEWEST_FIRST": Sort((("{t}.recorded_at", True),)),
        "OLDEST_FIRST": Sort((("{t}.recorded_at", False),)),
    },
    filters={
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "modes": Filter("{t}.mode = ANY({v})", "text[]"),
        "orderId": Filter("{t}.order_id = {v}"),
        "providerId": Filter("{t}.provider_id = {v}"),
        "reference": Filter("{t}.reference = {v}"),
        "promisedBefore": Filter("{t}.promised_at < {v}", "timestamptz"),
    },
)


def _through_shipment(predicate: str) -> str:
    of_shipment = predicate.replace("{t}", "m")
    return (
        "EXISTS (SELECT FROM shipments m "
        f"WHERE m.tenant_id = {{t}}.tenant_id AND m.id = {{t}}.shipment_id AND {of_shipment})"
    )


_RESPONSIBLE: Final = (
    "CASE {t}.reason " + " ".join(f"WHEN '{reason}' THEN '{party}'" for reason, party in RESPONSIBLE.items()) + " END"
)
"""Who answers for the reason, by the domain's own table."""

TRACKING_EVENT: Final = View(
    type="TrackingEvent",
    table="tracking_events",
    visible={
        kind: predicate if kind is ViewerKind.STAFF else _through_shipment(predicate)
        for kind, predicate in VISIBLE.items()
    },
    fields={
        **columns("id", "reference", "status", "reason", "place", "note", "etaAt", "occurredAt", "recordedAt"),
        "responsibleParty": Value(_RESPONSIBLE),
        "shipment": One("Shipment", "{t}.shipment_id"),
    },
    sorts={
        "OLDEST_FIRST": Sort((("{t}.occurred_at", False),)),
        "NEWEST_FIRST": Sort((("{t}.occurred_at", True),)),
    },
)

VIEWS: Final = (SHIPMENT, TRACKING_EVENT)
ROOTS: Final[dict[str, Root]] = {
    "shipment": Point("Shipment"),
    "shipments": Listing("Shipment", "NEWEST_FIRST"),
    "trackingEvent": Point("TrackingEvent"),
}
