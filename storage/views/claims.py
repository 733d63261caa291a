"""Claims and what happened to them, as each kind of viewer sees them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from domain import claims
from domain.access import Caller, ViewerKind
from domain.ids import EventId
from storage.claims import CLAIMS
from storage.views.actions import actions
from storage.views.view import Amount, Computed, Filter, Listing, Many, One, Point, Root, Row, Sort, View, columns

LIABLE: Final = "{party} IN ({t}.supplier_id, {t}.provider_id)"
"""The viewer gave the promise."""

VISIBLE: Final = {
    ViewerKind.STAFF: "true",
    ViewerKind.BUYER: "{t}.buyer_id = {party}",
    ViewerKind.SUPPLIER: "{t}.supplier_id = {party}",
    ViewerKind.ENTITLED_SUPPLIER: "{t}.supplier_id = {party}",
    ViewerKind.PROVIDER: "{t}.provider_id = {party}",
}


async def next_duty(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[claims.NextDuty | None]:
    """Who must act, by when, and what happens otherwise."""
    return [claims.next_duty(CLAIMS.decode(row)) for row in rows]


CLAIM: Final = View(
    type="Claim",
    table="claims",
    visible=VISIBLE,
    fields={
        **columns(
            "id",
            "number",
            "reason",
            "origin",
            "state",
            "outcome",
            "note",
            "answerDueAt",
            "escalationOpensAt",
            "escalatesAt",
            "dueAt",
            "openedAt",
            "updatedAt",
            "decidedAt",
            "endedAt",
            "version",
        ),
        "base": Amount("{t}.base_minor"),
        "amount": Amount("{t}.amount_minor"),
        "order": One("Order", "{t}.order_id"),
        "coverage": One("Coverage", "{t}.coverage_id"),
        "buyer": One("Buyer", "{t}.buyer_id"),
        "supplier": One("Supplier", "{t}.supplier_id"),
        "provider": One("Provider", "{t}.provider_id"),
        "liableParty": One("LiableParty", "coalesce({t}.supplier_id, {t}.provider_id)"),
        "ruleVersion": One("RuleVersion", "{t}.rule_version_id"),
        "procedureVersion": One("RuleVersion", "{t}.procedure_version_id"),
        "decision": One("Decision", "{t}.decision_id"),
        "coupon": One(
            "Coupon", "(SELECT k.id FROM coupons k WHERE k.tenant_id = {t}.tenant_id AND k.claim_id = {t}.id)"
        ),
        "recovery": One(
            "Recovery", "(SELECT r.id FROM recoveries r WHERE r.tenant_id = {t}.tenant_id AND r.claim_id = {t}.id)"
        ),
        "events": Many("ClaimEvent", "claim_id", "OLDEST_FIRST"),
        "decisions": Many("Decision", "subject_id", "OLDEST_FIRST"),
        "transfers": Many("LedgerTransfer", "claim_id", "OLDEST_FIRST"),
        "holds": Many("HeldClock", "subject_id", "OLDEST_FIRST"),
        "nextDuty": Computed(next_duty, needs=CLAIMS.names),
        **actions(CLAIMS, claims.moves),
    },
    sorts={
        "NEWEST_FIRST": Sort((("{t}.opened_at", True),)),
        "OLDEST_FIRST": Sort((("{t}.opened_at", False),)),
        "MOST_URGENT_FIRST": Sort((("coalesce({t}.due_at, 'infinity')", False),)),
    },
    filters={
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "reasons": Filter("{t}.reason = ANY({v})", "text[]"),
        "outcome": Filter("{t}.outcome = {v}"),
        "origin": Filter("{t}.origin = {v}"),
        "buyerId": Filter("{t}.buyer_id = {v}"),
        "orderId": Filter("{t}.order_id = {v}"),
        "liablePartyId": Filter("{v} IN ({t}.supplier_id, {t}.provider_id)"),
        "dueBefore": Filter("{t}.due_at < {v}", "timestamptz"),
        "openedFrom": Filter("{t}.opened_at >= {v}", "timestamptz"),
        "openedBefore": Filter("{t}.opened_at < {v}", "timestamptz"),
    },
)


def _through_claim(predicate: str) -> str:
    return (
        "EXISTS (SELECT FROM claims m WHERE m.tenant_id = {t}.tenant_id AND m.id = {t}.claim_id AND "
        + predicate.replace("{t}", "m")
        + ")"
    )


CLAIM_EVENT: Final = View(
    type="ClaimEvent",
    ids=EventId,
    table="claim_events",
    visible={
        kind: predicate if kind is ViewerKind.STAFF else _through_claim(predicate)
        for kind, predicate in VISIBLE.items()
    },
    fields={**columns("id", "name", "actor", "note", "at"), "claim": One("Claim", "{t}.claim_id")},
    sorts={
        "OLDEST_FIRST": Sort((("{t}.at", False),)),
        "NEWEST_FIRST": Sort((("{t}.at", True),)),
    },
)

VIEWS: Final = (CLAIM, CLAIM_EVENT)
ROOTS: Final[dict[str, Root]] = {"claim": Point("Claim"), "claims": Listing("Claim", "NEWEST_FIRST")}
