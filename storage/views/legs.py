"""Legs of shipments, seen by whoever sees the shipment and by the provider that carries the leg."""

from typing import Final

from domain.access import ViewerKind
from storage.views.shipments import VISIBLE as SHIPMENT_VISIBLE
from storage.views.shipments import through_shipment
from storage.views.view import One, Point, Root, Sort, View, columns

VISIBLE: Final = {
    kind: predicate if kind is ViewerKind.STAFF else through_shipment(predicate)
    for kind, predicate in SHIPMENT_VISIBLE.items()
}

LEG: Final = View(
    type="Leg",
    table="legs",
    visible={
        **VISIBLE,
        ViewerKind.PROVIDER: f"({{t}}.provider_id = {{party}} OR {VISIBLE[ViewerKind.PROVIDER]})",
    },
    fields={
        **columns(
            "id",
            "number",
            "mode",
            "carrierName",
            "plannedDepartureAt",
            "plannedArrivalAt",
            "estimatedDepartureAt",
            "estimatedArrivalAt",
            "departedAt",
            "arrivedAt",
            "documentNumber",
            "trackingNumber",
            "trackingScheme",
            "trackingValid",
            "fromKey",
            "toKey",
            "version",
        ),
        "shipment": One("Shipment", "{t}.shipment_id"),
        "provider": One("Provider", "{t}.provider_id"),
    },
    sorts={"BY_NUMBER": Sort((("{t}.number", False),))},
)

VIEWS: Final = (LEG,)
ROOTS: Final[dict[str, Root]] = {"leg": Point("Leg")}
