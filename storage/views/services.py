"""Services and their lanes: what is on sale is public, everything else is for staff and the provider itself."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from domain import lanes, services
from domain.access import Caller, ViewerKind
from domain.ids import ServiceId
from domain.moves import Move
from storage.lanes import LANES
from storage.services import SERVICES, shelves
from storage.views.actions import actions, actions_with
from storage.views.organisations import BY_ID
from storage.views.view import (
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
    column,
    columns,
)

_LISTED: Final = (
    "{t}.state = 'LISTED' AND (SELECT p.state FROM providers p WHERE p.tenant_id = {t}.tenant_id "
    "AND p.id = {t}.provider_id) = ANY (ARRAY['ACTIVE', 'RESTRICTED', 'EXIT_REQUESTED'])"
)
"""On the shelf of a provider that still sells; what it may sell of it is decided by lane."""
_ON_SALE: Final = "{t}.sellable"

KINDS_OF_BUYERS: Final = (
    ViewerKind.BUYER,
    ViewerKind.SUPPLIER,
    ViewerKind.ENTITLED_SUPPLIER,
    ViewerKind.PUBLIC,
)

OWN: Final[dict[ViewerKind, str]] = {
    ViewerKind.STAFF: "true",
    ViewerKind.PROVIDER: "{t}.provider_id = {party}",
}
"""For what is nobody's business but the provider's and the marketplace's."""


def _on_sale(predicate: str) -> dict[ViewerKind, str]:
    """Whoever buys sees what is on sale; a provider also what is its own."""
    return {
        **dict.fromkeys(KINDS_OF_BUYERS, f"({predicate})"),
        ViewerKind.STAFF: "true",
        ViewerKind.PROVIDER: f"(({predicate}) OR {{t}}.provider_id = {{party}})",
    }


async def _moves(connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime) -> list[tuple[Move, ...]]:
    ids = [ServiceId(row["id"]) for row in rows]
    behind = await shelves(connection, viewer.tenant_id, ids, at)
    return [services.moves(SERVICES.decode(row), behind[id], viewer, at) for row, id in zip(rows, ids, strict=True)]


SERVICE: Final = View(
    type="Service",
    table="services",
    visible=_on_sale(_LISTED),
    fields={
        **columns(
            "id", "mode", "level", "title", "description", "incoterms", "dangerousGoods", "markets", "state",
            "createdAt", "listedAt", "removedAt", "version",
        ),
        "maxWeightGrams": column("weight_grams_max"),
        "maxLengthMm": column("length_mm_max"),
        "maxWidthMm": column("width_mm_max"),
        "maxHeightMm": column("height_mm_max"),
        "provider": One("Provider", "{t}.provider_id"),
        "lanes": Many("Lane", "service_id", "OLDEST_FIRST"),
        "rateSheets": Many("RateSheet", "service_id", "NEWEST_FIRST"),
        "rateImports": Many("RateImport", "service_id", "NEWEST_FIRST"),
        "listingFlags": Many("ListingFlag", "service_id", "NEWEST_FIRST"),
        **actions_with(SERVICES, _moves),
    },
    sorts={
        "OLDEST_FIRST": Sort((("{t}.created_at", False),)),
        "NEWEST_FIRST": Sort((("{t}.created_at", True),)),
    },
    filters={
        "modes": Filter("{t}.mode = ANY({v})", "text[]"),
        "levels": Filter("{t}.level = ANY({v})", "text[]"),
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "providerId": Filter("{t}.provider_id = {v}"),
        "incoterm": Filter("{v} = ANY({t}.incoterms)"),
        "dangerousGoods": Filter("{v} = ANY({t}.dangerous_goods)"),
        "market": Filter("(cardinality({t}.markets) = 0 OR {v} = ANY({t}.markets))"),
    },
)  # fmt: skip

_OF_SERVICE: Final = "(SELECT %s FROM services s WHERE s.tenant_id = {t}.tenant_id AND s.id = {t}.service_id)"
"""Of the lane's service. A value and no EXISTS, which the planner would answer by going through all services."""

_OWN_ZONE: Final = "CASE WHEN {t}.provider_id = {party} THEN {t}.zone END"

LANE: Final = View(
    type="Lane",
    table="lanes",
    visible=_on_sale(_ON_SALE),
    fields={
        **columns(
            "id", "mode", "originCountry", "destinationCountry", "transitDaysMin", "transitDaysMax", "handlingDays",
            "cutOff", "cutOffZone", "sellable", "addedAt", "removedAt", "version", "state",
        ),
        "origin": column("origin_key"),
        "destination": column("destination_key"),
        "zone": Value({ViewerKind.STAFF: "{t}.zone", ViewerKind.PROVIDER: _OWN_ZONE}),
        "service": One("Service", "{t}.service_id"),
        "provider": One("Provider", "{t}.provider_id"),
        **actions(LANES, lambda lane, viewer, _at: lanes.moves(lane, viewer)),
    },
    sorts=BY_ID,
    filters={
        "modes": Filter("{t}.mode = ANY({v})", "text[]"),
        "origins": Filter("{t}.origin_key = ANY({v})", "text[]"),
        "destinations": Filter("{t}.destination_key = ANY({v})", "text[]"),
        "originCountry": Filter("{t}.origin_country = {v}"),
        "destinationCountry": Filter("{t}.destination_country = {v}"),
        "providerId": Filter("{t}.provider_id = {v}"),
        "serviceId": Filter("{t}.service_id = {v}"),
        "sellable": Filter("{t}.sellable = {v}", "boolean"),
        "dangerousGoods": Filter(_OF_SERVICE % "{v} = ANY(s.dangerous_goods)"),
        "levels": Filter(_OF_SERVICE % "s.level = ANY({v})", "text[]"),
    },
)  # fmt: skip

VIEWS: Final = (SERVICE, LANE)
ROOTS: Final[dict[str, Root]] = {
    "service": Point("Service"),
    "services": Listing("Service", "OLDEST_FIRST"),
    "lane": Point("Lane"),
    "lanes": Listing("Lane", "OLDEST_FIRST"),
}
