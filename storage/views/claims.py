"""Claims and what happened to them, as each kind of viewer sees them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from domain import claim_moves, claims
from domain.access import Caller, Role, ViewerKind
from domain.claims import ClaimState
from domain.claims.life import DECIDABLE
from domain.clocks import Duty
from domain.desk import QUEUES, QueueRole
from domain.errors import NotFound
from domain.evidence_needs import Completeness
from domain.ids import EventId
from domain.liability import Share
from domain.moves import Move
from storage import evidence, inspections, saved_filters
from storage.claims import CLAIMS
from storage.views import duties
from storage.views.actions import actions_with
from storage.views.orders import ORDER_REFERENCE
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
    Sql,
    Value,
    View,
    columns,
)

LIABLE: Final = "{party} IN ({t}.supplier_id, {t}.provider_id)"
"""The viewer gave the promise."""

VISIBLE: Final = {
    ViewerKind.STAFF: "true",
    ViewerKind.BUYER: "{t}.buyer_id = {party}",
    ViewerKind.SUPPLIER: "{t}.supplier_id = {party}",
    ViewerKind.ENTITLED_SUPPLIER: "{t}.supplier_id = {party}",
    ViewerKind.PROVIDER: "{t}.provider_id = {party}",
}


async def recalled(connection: Any, viewer: Caller, id: str) -> Mapping[str, Any]:
    """The conditions that somebody of the desk saved under that id. Refuses with NotFound, whoever is not of it."""
    if viewer.viewer is not ViewerKind.STAFF:
        raise NotFound("There is no such saved filter.")
    saved = await saved_filters.get(connection, viewer.tenant_id, id)
    return saved_filters.values(CLAIM, saved.conditions)


async def moves(connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime) -> list[tuple[Move, ...]]:
    """What the viewer may do in each claim, and why not."""
    found = [CLAIMS.decode(row) for row in rows]
    ids = [claim.id for claim in found if claim.state in claims.TAKES_EVIDENCE]
    running = await inspections.running(connection, viewer.tenant_id, ids) if ids else set()
    return [claim_moves.moves(claim, viewer, at, inspecting=claim.id in running) for claim in found]


async def shares(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[Share]]:
    """Who bears the loss."""
    borne = [CLAIMS.decode(row).liability for row in rows]
    return [[] if each is None else list(each) for each in borne]


QUEUE_RANK: Final[Sql] = {kind: "{t}.queue_rank" if kind is ViewerKind.STAFF else "0::smallint" for kind in VISIBLE}
"""The place of the buyer's tier in the desk's queues. Whoever is not of the desk has all claims at one place."""


def _quoted(words: Iterable[ClaimState | Duty]) -> str:
    return ", ".join(f"'{word}'" for word in sorted(words))


DESK_STATES: Final = f"{{t}}.state IN ({_quoted(DECIDABLE)})"
"""The claim waits for the desk: as the partial indexes of its queues spell it."""

_ROLES: Final = " ".join(f"WHEN '{role}' THEN ARRAY[{_quoted(QUEUES[Role[role]])}]" for role in QueueRole)

DESK_FILTERS: Final = {
    "role": Filter({ViewerKind.STAFF: f"{DESK_STATES} AND {{t}}.duty = ANY(CASE {{v}} {_ROLES} END)"}),
    "assignment": Filter(
        {
            ViewerKind.STAFF: "{t}.ended_at IS NULL AND {t}.held_by = "
            "CASE {v} WHEN 'MINE' THEN {actor} WHEN 'UNASSIGNED' THEN '' END"
        }
    ),
    "assigneeId": Filter({ViewerKind.STAFF: "{t}.ended_at IS NULL AND {t}.held_by = {v}"}),
    "awaitsSecondEyes": Filter({ViewerKind.STAFF: "({t}.proposal_id IS NOT NULL) = {v}"}, "boolean"),
}
"""What staff alone may ask: whose queue, who has it, what waits for a second adjudicator."""


async def evidence_completeness(
    connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, arguments: Mapping[str, Any]
) -> list[Completeness]:
    """What each claim has of the evidence that it needs, at the stage asked for or at its own."""
    found = [CLAIMS.decode(row) for row in rows]
    known = await evidence.completeness(connection, viewer.tenant_id, found, at, arguments.get("stage"))
    return [known[claim.id] for claim in found]


async def relied_on(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[str]]:
    """The evidence that each decision relies on; the engine reads what each is."""
    return [list(row["relied_on"]) for row in rows]


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
            "itemised",
            "returnRequired",
            "negotiationEndsAt",
            "silence",
            "appealableUntil",
            "finalAt",
            "reopenableUntil",
            "version",
        ),
        "buyerSilence": Value("{t}.claimant_silence"),
        "lines": Many("ClaimLine", "claim_id", "BY_POSITION"),
        "offers": Many("ClaimOffer", "claim_id", "OLDEST_FIRST"),
        "offer": One(
            "ClaimOffer",
            "(SELECT f.id FROM claim_offers f WHERE f.tenant_id = {t}.tenant_id AND f.claim_id = {t}.id "
            "AND f.state = 'STANDS')",
        ),
        "shares": Computed(shares, needs=CLAIMS.names),
        "base": Amount("{t}.base_minor"),
        "amount": Amount("{t}.amount_minor"),
        "order": One("Order", "{t}.order_id"),
        "orderReference": ORDER_REFERENCE,
        "coverage": One("Coverage", "{t}.coverage_id"),
        "buyer": One("Buyer", "{t}.buyer_id"),
        "supplier": One("Supplier", "{t}.supplier_id"),
        "provider": One("Provider", "{t}.provider_id"),
        "liableParty": One("LiableParty", "coalesce({t}.supplier_id, {t}.provider_id)"),
        "ruleVersion": One("RuleVersion", "{t}.rule_version_id"),
        "procedureVersion": One("RuleVersion", "{t}.procedure_version_id"),
        "decision": One("Decision", "{t}.decision_id"),
        "coupon": One(
            "Coupon",
            "(SELECT k.id FROM coupons k WHERE k.tenant_id = {t}.tenant_id AND k.claim_id = {t}.id "
            "ORDER BY k.issued_at, k.id LIMIT 1)",
        ),
        "recovery": One(
            "Recovery",
            "(SELECT r.id FROM recoveries r WHERE r.tenant_id = {t}.tenant_id AND r.claim_id = {t}.id "
            "ORDER BY r.id LIMIT 1)",
        ),
        "remedies": Many("Remedy", "claim_id", "OLDEST_FIRST"),
        "refunds": Many("Refund", "claim_id", "OLDEST_FIRST"),
        "coupons": Many("Coupon", "claim_id", "OLDEST_FIRST"),
        "recoveries": Many("Recovery", "claim_id", "OLDEST_FIRST"),
        "goodwills": Many("Goodwill", "claim_id", "OLDEST_FIRST"),
        "events": Many("ClaimEvent", "claim_id", "OLDEST_FIRST"),
        "decisions": Many("Decision", "subject_id", "OLDEST_FIRST"),
        "transfers": Many("LedgerTransfer", "claim_id", "OLDEST_FIRST"),
        "evidence": Many("Evidence", "claim_id", "OLDEST_FIRST"),
        "reliedOn": Computed(relied_on, needs=("relied_on",)),
        "pointsEntries": Many("PointsEntry", "cause_id", "OLDEST_FIRST"),
        "evidenceRequests": Many("EvidenceRequest", "claim_id", "OLDEST_FIRST"),
        "evidenceCompleteness": Computed(evidence_completeness, needs=CLAIMS.names),
        "returns": Many("GoodsReturn", "claim_id", "OLDEST_FIRST"),
        "inspections": Many("Inspection", "claim_id", "OLDEST_FIRST"),
        "holds": Many("HeldClock", "subject_id", "OLDEST_FIRST"),
        "assigneeId": Value({ViewerKind.STAFF: "{t}.assignee_id"}),
        "assignedAt": Value({ViewerKind.STAFF: "{t}.assigned_at"}),
        "priority": Value({ViewerKind.STAFF: "-{t}.queue_rank"}),
        "proposedDecision": One("ProposedDecision", "{t}.proposal_id", frozenset({ViewerKind.STAFF})),
        "notes": Many("ClaimNote", "claim_id", "OLDEST_FIRST"),
        "nextDuty": Computed(duties.next_of_claims, needs=CLAIMS.names),
        "duties": Computed(duties.of_claims, needs=CLAIMS.names),
        **actions_with(CLAIMS, moves),
    },
    sorts={
        "NEWEST_FIRST": Sort((("{t}.opened_at", True),)),
        "OLDEST_FIRST": Sort((("{t}.opened_at", False),)),
        "MOST_URGENT_FIRST": Sort((("{t}.urgent_at", False), (QUEUE_RANK, False))),
    },
    filters={
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "reasons": Filter("{t}.reason = ANY({v})", "text[]"),
        "outcome": Filter("{t}.outcome = {v}"),
        "origin": Filter("{t}.origin = {v}"),
        "buyerId": Filter("{t}.buyer_id = {v}"),
        "orderId": Filter("{t}.order_id = {v}"),
        "liablePartyId": Filter("{v} IN ({t}.supplier_id, {t}.provider_id)"),
        "currency": Filter("{t}.currency = {v}::char(3)"),
        "amountMinorFrom": Filter("{t}.amount_minor >= {v}", "bigint"),
        "amountMinorTo": Filter("{t}.amount_minor <= {v}", "bigint"),
        **DESK_FILTERS,
        "dueBefore": Filter("{t}.urgent_at < {v}", "timestamptz"),
        "openedFrom": Filter("{t}.opened_at >= {v}", "timestamptz"),
        "openedBefore": Filter("{t}.opened_at < {v}", "timestamptz"),
    },
)


def through_claim(predicate: str) -> str:
    """The same predicate of the claim that a row belongs to."""
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
        kind: predicate if kind is ViewerKind.STAFF else through_claim(predicate) for kind, predicate in VISIBLE.items()
    },
    fields={**columns("id", "name", "actor", "note", "at"), "claim": One("Claim", "{t}.claim_id")},
    sorts={
        "OLDEST_FIRST": Sort((("{t}.at", False),)),
        "NEWEST_FIRST": Sort((("{t}.at", True),)),
    },
)

VIEWS: Final = (CLAIM, CLAIM_EVENT)
ROOTS: Final[dict[str, Root]] = {"claim": Point("Claim"), "claims": Listing("Claim", "NEWEST_FIRST", recalled)}
