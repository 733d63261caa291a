"""Shipments and what was reported of them: the order's two sides, whoever carries them, and staff.

Who signed for the goods is personal: it is shown to staff, the order's buyer and whoever carries the goods, and that it
was read is written down.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from domain import legs, shipments, tracking
from domain.access import Caller, ViewerKind
from domain.ids import ShipmentId, WaitingEventId
from domain.legs import Leg, Passing
from domain.shipments import SIGNER
from domain.tracking import RESPONSIBLE, Estimate, TrackingEvent
from storage import legs as leg_rows
from storage import personal
from storage import shipments as shipment_rows
from storage import tracking as tracking_rows
from storage.shipments import SHIPMENTS
from storage.tracking import TRACKING_EVENTS
from storage.views.actions import actions
from storage.views.orders import PROMISED_ZONE, through_order
from storage.views.orders import VISIBLE as ORDER_VISIBLE
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

READ_SIGNER: Final = "readSigner"
"""The action in the audit row of whoever read who signed for a delivery."""

VISIBLE: Final = {
    kind: predicate if kind is ViewerKind.STAFF else through_order(predicate)
    for kind, predicate in ORDER_VISIBLE.items()
} | {ViewerKind.PROVIDER: "{t}.provider_id = {party}"}


async def lateness(
    connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, _arguments: Mapping[str, Any]
) -> list[bool]:
    """Whether each broke a promise, or is breaking it now."""
    ids = [ShipmentId(row["id"]) for row in rows]
    promised = await shipment_rows.promises_of_lines(connection, viewer.tenant_id, ids)
    return [shipments.is_late(SHIPMENTS.decode(row), promised.get(row["id"]), at) for row in rows]


async def milestones(
    connection: Any, rows: Sequence[Row], viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[tuple[Passing, ...]]:
    """Plan, estimate and fact of every milestone of each."""
    ids = [ShipmentId(row["id"]) for row in rows]
    ways: defaultdict[str, list[Leg]] = defaultdict(list)
    for leg in await leg_rows.by_shipments(connection, viewer.tenant_id, ids):
        ways[leg.shipment_id].append(leg)
    told = await _told(connection, viewer, ids)
    return [legs.milestones(SHIPMENTS.decode(row), ways[row["id"]], told[row["id"]]) for row in rows]


async def estimates(
    connection: Any, rows: Sequence[Row], viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[tuple[Estimate, ...]]:
    """Every estimate of each, oldest first."""
    told = await _told(connection, viewer, [ShipmentId(row["id"]) for row in rows])
    return [tracking.estimates(told[row["id"]]) for row in rows]


async def _told(connection: Any, viewer: Caller, ids: Sequence[ShipmentId]) -> Mapping[str, Sequence[TrackingEvent]]:
    told: defaultdict[str, list[TrackingEvent]] = defaultdict(list)
    for event in await tracking_rows.by_shipments(connection, viewer.tenant_id, ids):
        told[event.shipment_id].append(event)
    return told


async def signers(
    connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, _arguments: Mapping[str, Any]
) -> list[str | None]:
    """Who signed, null where nobody did or it was erased. That each was read is written down."""
    ids = [ShipmentId(row["id"]) for row in rows]
    found = await personal.reveal(connection, viewer, ids, SIGNER, action=READ_SIGNER, at=at)
    return [found[row["id"]]["name"] if row["id"] in found else None for row in rows]


async def responsible_legs(
    connection: Any, rows: Sequence[Row], viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[str | None]:
    """The leg that each report falls on; null where nothing says."""
    told = [TRACKING_EVENTS.decode(row) for row in rows]
    ways: defaultdict[str, list[Leg]] = defaultdict(list)
    for leg in await leg_rows.by_shipments(connection, viewer.tenant_id, {event.shipment_id for event in told}):
        ways[leg.shipment_id].append(leg)
    found = (legs.responsible(ways[event.shipment_id], event) for event in told)
    return [None if leg is None else leg.id for leg in found]


SHIPMENT: Final = View(
    type="Shipment",
    table="shipments",
    visible=VISIBLE,
    fields={
        "promisedZone": PROMISED_ZONE,
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
            "trackingNumber",
            "trackingScheme",
            "trackingValid",
            "movedAt",
            "stalledAt",
            "pickupFromAt",
            "pickupUntilAt",
            "provenAt",
            "version",
        ),
        "responsibleParty": Value("{t}.responsible"),
        "proof": One("Upload", "{t}.proof_upload_id"),
        "signedBy": Computed(signers, shown_to=frozenset({ViewerKind.STAFF, ViewerKind.BUYER, ViewerKind.PROVIDER})),
        "legs": Many("Leg", "shipment_id", "BY_NUMBER"),
        "milestones": Computed(milestones, needs=SHIPMENTS.names),
        "estimates": Computed(estimates),
        "freight": Amount("{t}.freight_minor"),
        "order": One("Order", "{t}.order_id"),
        "provider": One("Provider", "{t}.provider_id"),
        "lines": Many("OrderLine", "shipment_id", "BY_POSITION"),
        "events": Many("TrackingEvent", "shipment_id", "OLDEST_FIRST"),
        "holds": Many("HeldClock", "subject_id", "OLDEST_FIRST"),
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
        "trackingNumber": Filter("{t}.tracking_number = {v}"),
        "isStalled": Filter("({t}.stalled_at IS NOT NULL) = {v}", "boolean"),
        "promisedBefore": Filter(
            "least({t}.promised_at, (SELECT min(l.promised_at) FROM order_lines l "
            "WHERE l.tenant_id = {t}.tenant_id AND l.shipment_id = {t}.id)) < {v}",
            "timestamptz",
        ),
    },
)


def through_shipment(predicate: str) -> str:
    """The predicate of a shipment, for rows that have its `shipment_id`."""
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
        kind: predicate if kind is ViewerKind.STAFF else through_shipment(predicate)
        for kind, predicate in VISIBLE.items()
    },
    fields={
        **columns("id", "reference", "status", "reason", "place", "note", "etaAt", "occurredAt", "recordedAt"),
        **columns("milestone", "carrier", "code", "legNumber", "flags"),
        "responsibleLeg": Computed(responsible_legs, needs=TRACKING_EVENTS.names),
        "responsibleParty": Value(_RESPONSIBLE),
        "shipment": One("Shipment", "{t}.shipment_id"),
    },
    sorts={
        "OLDEST_FIRST": Sort((("{t}.occurred_at", False),)),
        "NEWEST_FIRST": Sort((("{t}.occurred_at", True),)),
    },
)

WAITING_REPORT: Final = View(
    type="WaitingReport",
    table="waiting_events",
    ids=WaitingEventId,
    visible={ViewerKind.STAFF: "true", ViewerKind.PROVIDER: "{t}.provider_id = {party}"},
    fields={
        **columns("id", "shipmentReference", "trackingNumber", "reference", "receivedAt", "expiresAt"),
        "provider": One("Provider", "{t}.provider_id"),
    },
    sorts={
        "OLDEST_FIRST": Sort((("{t}.received_at", False),)),
        "NEWEST_FIRST": Sort((("{t}.received_at", True),)),
    },
)

VIEWS: Final = (SHIPMENT, TRACKING_EVENT, WAITING_REPORT)
ROOTS: Final[dict[str, Root]] = {
    "shipment": Point("Shipment"),
    "shipments": Listing("Shipment", "NEWEST_FIRST"),
    "trackingEvent": Point("TrackingEvent"),
    "waitingReports": Listing("WaitingReport", "OLDEST_FIRST"),
}
