"""Returns and inspections: the parties of the claim and staff see them.

Where goods go back to is personal: it is shown to the same, and that it was read is written down.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from domain import inspections, returns
from domain.access import Caller, ViewerKind
from domain.ids import GoodsReturnId, ReturnLineId
from domain.returns import ADDRESS, ReturnAddress
from storage import personal
from storage.inspections import INSPECTIONS
from storage.returns import GOODS_RETURNS
from storage.views import claims
from storage.views.actions import actions
from storage.views.evidence import addresses
from storage.views.uploads import SignedAddress
from storage.views.view import Amount, Computed, Filter, Listing, Many, One, Point, Root, Row, Sort, View, columns

READ_RETURN_ADDRESS: Final = "readReturnAddress"
"""The action in the audit row of whoever read where goods go back to."""

_THROUGH_RETURN: Final = {
    kind: predicate
    if kind is ViewerKind.STAFF
    else (
        "EXISTS (SELECT FROM goods_returns p WHERE p.tenant_id = {t}.tenant_id AND p.id = {t}.return_id "
        f"AND {predicate.replace('{t}', 'p')})"
    )
    for kind, predicate in claims.VISIBLE.items()
}


async def where_to(
    connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, _arguments: Mapping[str, Any]
) -> list[ReturnAddress | None]:
    """Where the liable party wants the goods, null where it did not say or it was erased. Reading is written down."""
    ids = [GoodsReturnId(row["id"]) for row in rows]
    found = await personal.reveal(connection, viewer, ids, ADDRESS, action=READ_RETURN_ADDRESS, at=at)
    return [ReturnAddress(**found[row["id"]]) if row["id"] in found else None for row in rows]


async def labels(
    connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, _arguments: Mapping[str, Any]
) -> list[SignedAddress | None]:
    """Where each label is read."""
    return await addresses(connection, [row["label_upload_id"] for row in rows], viewer, at)


GOODS_RETURN: Final = View(
    type="GoodsReturn",
    table="goods_returns",
    visible=claims.VISIBLE,
    fields={
        **columns(
            "id",
            "state",
            "destination",
            "labelling",
            "carrier",
            "trackingNumber",
            "trackingValid",
            "leaveDueAt",
            "dueAt",
            "note",
            "authorisedAt",
            "shippedAt",
            "receivedAt",
            "receipt",
            "endedAt",
            "version",
        ),
        "claim": One("Claim", "{t}.claim_id"),
        "order": One("Order", "{t}.order_id"),
        "buyer": One("Buyer", "{t}.buyer_id"),
        "liableParty": One("LiableParty", "coalesce({t}.supplier_id, {t}.provider_id)"),
        "servicePoint": One("ServicePoint", "{t}.service_point_id"),
        "ruleVersion": One("RuleVersion", "{t}.rule_version_id"),
        "address": Computed(where_to),
        "label": Computed(labels, needs=("label_upload_id",)),
        "lines": Many("ReturnLine", "return_id", "BY_POSITION"),
        "reports": Many("ParcelReport", "return_id", "OLDEST_FIRST"),
        **actions(GOODS_RETURNS, returns.moves),
    },
    sorts={
        "NEWEST_FIRST": Sort((("{t}.authorised_at", True),)),
        "OLDEST_FIRST": Sort((("{t}.authorised_at", False),)),
    },
    filters={
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "claimId": Filter("{t}.claim_id = {v}"),
        "orderId": Filter("{t}.order_id = {v}"),
    },
)

RETURN_LINE: Final = View(
    type="ReturnLine",
    ids=ReturnLineId,
    table="return_lines",
    visible=_THROUGH_RETURN,
    fields={
        **columns("id", "quantity", "problem", "note"),
        "line": One("OrderLine", "{t}.line_id"),
    },
    sorts={"BY_POSITION": Sort((("{t}.position", False),))},
)

PARCEL_REPORT: Final = View(
    type="ParcelReport",
    table="parcel_reports",
    visible=_THROUGH_RETURN,
    fields={
        **columns("id", "carrier", "trackingNumber", "reference", "status", "reason", "milestone", "codesOf", "code"),
        **columns("flags", "place", "note", "etaAt", "occurredAt", "recordedAt", "expiresAt"),
        "goodsReturn": One("GoodsReturn", "{t}.return_id"),
    },
    sorts={
        "OLDEST_FIRST": Sort((("{t}.occurred_at", False),)),
        "NEWEST_FIRST": Sort((("{t}.occurred_at", True),)),
    },
    filters={"waiting": Filter("({t}.return_id IS NULL) = {v}", "boolean")},
)

INSPECTION: Final = View(
    type="Inspection",
    table="inspections",
    visible=claims.VISIBLE,
    fields={
        **columns(
            "id",
            "company",
            "companyName",
            "state",
            "reference",
            "note",
            "verdict",
            "refundDue",
            "dueAt",
            "orderedAt",
            "reportedAt",
            "endedAt",
            "version",
        ),
        "fee": Amount("{t}.fee_minor"),
        "claim": One("Claim", "{t}.claim_id"),
        "order": One("Order", "{t}.order_id"),
        "buyer": One("Buyer", "{t}.buyer_id"),
        "liableParty": One("LiableParty", "coalesce({t}.supplier_id, {t}.provider_id)"),
        "report": One("Evidence", "{t}.evidence_id"),
        "ruleVersion": One("RuleVersion", "{t}.rule_version_id"),
        **actions(INSPECTIONS, inspections.moves),
    },
    sorts={
        "NEWEST_FIRST": Sort((("{t}.ordered_at", True),)),
        "OLDEST_FIRST": Sort((("{t}.ordered_at", False),)),
    },
    filters={
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "claimId": Filter("{t}.claim_id = {v}"),
        "orderId": Filter("{t}.order_id = {v}"),
    },
)

VIEWS: Final = (GOODS_RETURN, RETURN_LINE, PARCEL_REPORT, INSPECTION)
ROOTS: Final[dict[str, Root]] = {
    "goodsReturn": Point("GoodsReturn"),
    "goodsReturns": Listing("GoodsReturn", "NEWEST_FIRST"),
    "parcelReports": Listing("ParcelReport", "NEWEST_FIRST"),
    "inspection": Point("Inspection"),
    "inspections": Listing("Inspection", "NEWEST_FIRST"),
}
