"""Chargebacks, their events, packs and notices, and processors: a merchant sees its own cases, staff all.

The cardholder's side of the matter is with its bank: buyers see nothing of it here.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from domain import chargeback_notices, chargebacks, evidence_packs
from domain.access import Caller, ViewerKind
from domain.chargeback_notices import ChargebackNotice
from domain.evidence_packs import PackItem
from domain.ids import ChargebackEventId, OrderId
from domain.moves import Move
from storage import evidence_packs as evidence_rows
from storage.chargebacks import CHARGEBACK_NOTICES, CHARGEBACKS
from storage.views.actions import actions
from storage.views.memberships import MERCHANT
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
    View,
    columns,
)

STAFF: Final = frozenset({ViewerKind.STAFF})

_OF_CASE: Final = (
    "EXISTS (SELECT FROM chargebacks q WHERE q.tenant_id = {t}.tenant_id AND q.id = {t}.chargeback_id "
    "AND q.supplier_id = {party})"
)
_WITHIN: Final = {kind: "true" if kind is ViewerKind.STAFF else _OF_CASE for kind in MERCHANT}


def _notice_moves(notice: ChargebackNotice, viewer: Caller, _at: datetime) -> tuple[Move, ...]:
    return chargeback_notices.moves(notice, viewer)


async def held_items(
    connection: Any, rows: Sequence[Row], viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[PackItem]]:
    """What a pack submitted now would be made of, beside the merchant's own words and files."""
    return [
        list(evidence_packs.listed(await evidence_rows.items(connection, viewer.tenant_id, OrderId(row["order_id"]))))
        for row in rows
    ]


async def pack_items(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[PackItem]]:
    """What the pack was made of when it was submitted."""
    return [list(evidence_packs.parse(row["manifest"])) for row in rows]


CHARGEBACK: Final = View(
    type="Chargeback",
    table="chargebacks",
    visible=MERCHANT,
    fields={
        **columns(
            "id",
            "number",
            "networkReference",
            "scheme",
            "category",
            "reasonCode",
            "state",
            "result",
            "coverage",
            "late",
            "contested",
            "note",
            "packAcceptedAt",
            "returnedAt",
            "notifiedAt",
            "networkDueAt",
            "dueAt",
            "openedAt",
            "updatedAt",
            "decidedAt",
            "endedAt",
            "version",
        ),
        "amount": Amount("{t}.amount_minor"),
        "covered": Amount("{t}.covered_minor"),
        "drawn": Amount("{t}.drawn_minor"),
        "order": One("Order", "{t}.order_id"),
        "supplier": One("Supplier", "{t}.supplier_id"),
        "receipt": One("CardReceipt", "{t}.receipt_id"),
        "processor": One("Processor", "{t}.processor_id", STAFF),
        "ruleVersion": One("RuleVersion", "{t}.rule_version_id"),
        "protectionVersion": One("RuleVersion", "{t}.protection_version_id"),
        "decision": One("Decision", "{t}.decision_id"),
        "events": Many("ChargebackEvent", "chargeback_id", "OLDEST_FIRST"),
        "packs": Many("EvidencePack", "chargeback_id", "BY_NUMBER"),
        "notices": Many("ChargebackNotice", "chargeback_id", "OLDEST_FIRST"),
        "transfers": Many("LedgerTransfer", "chargeback_id", "OLDEST_FIRST"),
        "heldEvidence": Computed(held_items, needs=("order_id",)),
        **actions(CHARGEBACKS, chargebacks.moves),
    },
    sorts={
        "NEWEST_FIRST": Sort((("{t}.opened_at", True),)),
        "OLDEST_FIRST": Sort((("{t}.opened_at", False),)),
        "MOST_URGENT_FIRST": Sort((("coalesce({t}.due_at, 'infinity')", False),)),
    },
    filters={
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "supplierId": Filter("{t}.supplier_id = {v}"),
        "orderId": Filter("{t}.order_id = {v}"),
        "networkReference": Filter("{t}.network_reference = {v}"),
    },
)

CHARGEBACK_EVENT: Final = View(
    type="ChargebackEvent",
    ids=ChargebackEventId,
    table="chargeback_events",
    visible=_WITHIN,
    fields={**columns("id", "name", "actor", "note", "at"), "chargeback": One("Chargeback", "{t}.chargeback_id")},
    sorts={"OLDEST_FIRST": Sort((("{t}.at", False),))},
)

EVIDENCE_PACK: Final = View(
    type="EvidencePack",
    table="evidence_packs",
    visible=_WITHIN,
    fields={
        **columns("id", "number", "statement", "uploadIds", "manifest", "digest", "submittedAt"),
        "chargeback": One("Chargeback", "{t}.chargeback_id"),
        "items": Computed(pack_items, needs=("manifest",)),
    },
    sorts={"BY_NUMBER": Sort((("{t}.number", False),))},
)

CHARGEBACK_NOTICE: Final = View(
    type="ChargebackNotice",
    table="chargeback_notices",
    visible={ViewerKind.STAFF: "true"},
    fields={
        **columns(
            "id",
            "eventId",
            "kind",
            "state",
            "problem",
            "networkReference",
            "scheme",
            "paymentReference",
            "orderReference",
            "category",
            "reasonCode",
            "networkDueAt",
            "occurredAt",
            "receivedAt",
            "version",
        ),
        "amount": Amount("{t}.amount_minor"),
        "processor": One("Processor", "{t}.processor_id"),
        "chargeback": One("Chargeback", "{t}.chargeback_id"),
        **actions(CHARGEBACK_NOTICES, _notice_moves),
    },
    sorts={
        "NEWEST_FIRST": Sort((("{t}.received_at", True),)),
        "OLDEST_FIRST": Sort((("{t}.received_at", False),)),
    },
    filters={
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "networkReference": Filter("{t}.network_reference = {v}"),
        "paymentReference": Filter("{t}.payment_reference = {v}"),
    },
)

PROCESSOR: Final = View(
    type="Processor",
    table="processors",
    visible={ViewerKind.STAFF: "true"},
    fields={**columns("id", "name", "generation", "oldUntil", "registeredAt", "revokedAt", "version")},
    sorts={
        "NEWEST_FIRST": Sort((("{t}.registered_at", True),)),
        "OLDEST_FIRST": Sort((("{t}.registered_at", False),)),
    },
)

VIEWS: Final = (CHARGEBACK, CHARGEBACK_EVENT, EVIDENCE_PACK, CHARGEBACK_NOTICE, PROCESSOR)
ROOTS: Final[dict[str, Root]] = {
    "chargeback": Point("Chargeback"),
    "chargebacks": Listing("Chargeback", "NEWEST_FIRST"),
    "evidencePack": Point("EvidencePack"),
    "chargebackNotice": Point("ChargebackNotice"),
    "chargebackNotices": Listing("ChargebackNotice", "NEWEST_FIRST"),
    "processor": Point("Processor"),
    "processors": Listing("Processor", "NEWEST_FIRST"),
}
