"""Evidence: rows to dataclasses, what is recorded of a claim's order, and the pack of all that is held about one."""

import hashlib
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

import orjson

from domain import evidence, evidence_needs, terms
from domain.claims import Claim, ClaimState, Side
from domain.evidence import Evidence, EvidenceFile, EvidenceMark, EvidenceRequest, Pack, PackEntry, ShownLoss
from domain.evidence_needs import Completeness, EvidenceKind, EvidenceStage, EvidenceTerms, Recorded, RecordedFact
from domain.ids import ClaimId, EvidenceId, EvidenceRequestId, OrderId, OrderLineId, TenantId, UploadId
from domain.money import Money
from storage import rulebook
from storage.pool import Connection
from storage.tables import Children, Codec, Table

EVIDENCE_FILES: Final = Table("evidence_files", EvidenceFile)


def _written_losses(shows: Collection[ShownLoss]) -> list[dict[str, Any]]:
    return [{"line": loss.line_id, "amount": str(loss.amount)} for loss in shows]


def _read_losses(value: Any) -> tuple[ShownLoss, ...]:
    members = orjson.loads(value) if isinstance(value, str) else value
    return tuple(ShownLoss(OrderLineId(each["line"]), terms.money(each["amount"])) for each in members)


EVIDENCE: Final = Table(
    "evidence",
    Evidence,
    children={"files": Children(EVIDENCE_FILES, by="evidence_id", order="position")},
    codecs={"shows": Codec(_written_losses, _read_losses, "jsonb")},
)
EVIDENCE_REQUESTS: Final = Table("evidence_requests", EvidenceRequest)
EVIDENCE_MARKS: Final = Table(
    "evidence_marks",
    EvidenceMark,
    conflicts={"evidence_marks_once": "This piece was marked already."},
)


async def get(connection: Connection, tenant_id: TenantId, id: EvidenceId) -> Evidence:
    """The piece with its files. Refuses with NotFound."""
    return await EVIDENCE.get(connection, tenant_id, id)


async def by_claim(connection: Connection, tenant_id: TenantId, claim_id: ClaimId) -> list[Evidence]:
    """The claim's pieces, as they came. The claim's lock covers them."""
    return await EVIDENCE.select(connection, tenant_id, "t.claim_id = $2 ORDER BY t.id", claim_id)


async def requests_by_claim(connection: Connection, tenant_id: TenantId, claim_id: ClaimId) -> list[EvidenceRequest]:
    """What the sides were asked for, as it was asked. The claim's lock covers them."""
    return await EVIDENCE_REQUESTS.select(connection, tenant_id, "t.claim_id = $2 ORDER BY t.id", claim_id)


async def lock_request(connection: Connection, tenant_id: TenantId, id: EvidenceRequestId) -> EvidenceRequest:
    """The request, this transaction's until its end. Refuses with NotFound. Lock its claim first."""
    return await EVIDENCE_REQUESTS.lock(connection, tenant_id, id)


async def marked(connection: Connection, tenant_id: TenantId, ids: Collection[EvidenceId]) -> set[str]:
    """Those of the pieces that were found forged."""
    rows = await connection.fetch(
        "SELECT evidence_id FROM evidence_marks WHERE tenant_id = $1 AND evidence_id = ANY ($2::text[])",
        tenant_id,
        list(ids),
    )
    return {row["evidence_id"] for row in rows}


# -- what is there, and what is missing --------------------------------------------------------------------------------


async def completeness(
    connection: Connection,
    tenant_id: TenantId,
    claims: Collection[Claim],
    at: datetime,
    stage: EvidenceStage | None = None,
) -> dict[ClaimId, Completeness]:
    """Each claim's completeness at that stage, at its own where none is named, by the rule in force at `at`.

    Refuses (Refused) a marketplace without the rule.
    """
    version = await rulebook.in_force(connection, tenant_id, evidence_needs.RULE, at)
    rule: EvidenceTerms = evidence_needs.evidence_terms(version)
    ids = [claim.id for claim in claims]
    submitted = await _submitted(connection, tenant_id, ids)
    recorded = await _recorded(connection, tenant_id, ids)
    return {
        claim.id: evidence_needs.completeness(
            rule,
            claim.reason,
            stage or evidence_needs.stage_of(claim),
            submitted.get(claim.id, {}),
            recorded.get(claim.id, {}),
        )
        for claim in claims
    }


async def proven_losses(connection: Connection, tenant_id: TenantId, claim: Claim, at: datetime) -> dict[str, Money]:
    """Line -> what evidence proves of its loss in the claim, as it is decided or, once appealed, decided again."""
    pieces = [piece for piece in await by_claim(connection, tenant_id, claim.id) if piece.shows]
    forged = await marked(connection, tenant_id, [piece.id for piece in pieces]) if pieces else set()
    genuine = [piece for piece in pieces if piece.id not in forged]
    if not genuine:
        return {}
    stage = EvidenceStage.APPEAL if claim.state is ClaimState.APPEALED else EvidenceStage.ESCALATED
    found = await completeness(connection, tenant_id, [claim], at, stage)
    return evidence.proven_losses(found[claim.id], genuine)


async def _submitted(
    connection: Connection, tenant_id: TenantId, ids: Collection[ClaimId]
) -> dict[str, dict[tuple[Side, EvidenceKind], int]]:
    """Claim -> side and kind -> pieces that were not found forged."""
    rows = await connection.fetch(
        "SELECT e.claim_id, e.side, e.kind, count(*) AS pieces FROM evidence e "
        "WHERE e.tenant_id = $1 AND e.claim_id = ANY ($2::text[]) AND NOT EXISTS (SELECT FROM evidence_marks m "
        "WHERE m.tenant_id = e.tenant_id AND m.evidence_id = e.id) GROUP BY 1, 2, 3",
        tenant_id,
        list(ids),
    )
    found: dict[str, dict[tuple[Side, EvidenceKind], int]] = {}
    for row in rows:
        found.setdefault(row["claim_id"], {})[Side(row["side"]), EvidenceKind(row["kind"])] = row["pieces"]
    return found


def _of_order(table: str, at: str, where: str = "true") -> str:
    """Rows of that table that name the claim's order."""
    return (
        f"SELECT c.id AS claim_id, x.{at} AS at FROM c JOIN {table} x ON x.tenant_id = $1 AND x.order_id = c.order_id "
        f"WHERE {where}"
    )


def _of_shipments(table: str, at: str, by: str, where: str = "true") -> str:
    """Rows of that table that name a shipment of the claim's order."""
    return (
        f"SELECT c.id AS claim_id, x.{at} AS at FROM c JOIN shipments s ON s.tenant_id = $1 "
        f"AND s.order_id = c.order_id JOIN {table} x ON x.tenant_id = $1 AND x.{by} = s.id WHERE {where}"
    )


def _of_requests(table: str, at: str, where: str = "true") -> str:
    """Rows of that table that name a service request under the claim's cover."""
    return (
        f"SELECT c.id AS claim_id, x.{at} AS at FROM c JOIN service_requests q ON q.tenant_id = $1 "
        f"AND q.coverage_id = c.coverage_id JOIN {table} x ON x.tenant_id = $1 AND x.request_id = q.id WHERE {where}"
    )


FACTS: Final[Mapping[RecordedFact, str]] = {
    RecordedFact.ORDER: (
        "SELECT c.id AS claim_id, o.placed_at AS at FROM c JOIN orders o ON o.tenant_id = $1 AND o.id = c.order_id"
    ),
    RecordedFact.PAYMENT: (
        "SELECT c.id AS claim_id, o.paid_at AS at FROM c JOIN orders o ON o.tenant_id = $1 AND o.id = c.order_id "
        "WHERE o.paid_at IS NOT NULL"
    ),
    RecordedFact.CERTIFICATE: (
        "SELECT c.id AS claim_id, x.made_at AS at FROM c "
        "JOIN certificates x ON x.tenant_id = $1 AND x.coverage_id = c.coverage_id"
    ),
    RecordedFact.PROMISED_DAY: _of_order("order_lines", "promised_at", "x.promised_at IS NOT NULL"),
    RecordedFact.DISPATCH: _of_order("shipments", "picked_up_at", "x.picked_up_at IS NOT NULL"),
    RecordedFact.TRACKING: _of_shipments("tracking_events", "occurred_at", "shipment_id"),
    RecordedFact.DELIVERY: _of_order("shipments", "delivered_at", "x.delivered_at IS NOT NULL"),
    RecordedFact.DELIVERY_PROOF: _of_order("shipments", "proven_at", "x.proven_at IS NOT NULL"),
    RecordedFact.LOSS: _of_order("shipments", "moved_at", "x.state = 'LOST'"),
    RecordedFact.MESSAGES: _of_shipments("messages", "at", "subject_id", "x.state = 'SENT'"),
    RecordedFact.SERVICE_REQUEST: (
        "SELECT c.id AS claim_id, q.requested_at AS at FROM c JOIN service_requests q ON q.tenant_id = $1 "
        "AND q.coverage_id = c.coverage_id"
    ),
    RecordedFact.BROKEN_SERVICE_LEVEL: _of_requests("service_levels", "broken_at", "x.broken_at IS NOT NULL"),
    RecordedFact.SERVICE_VISIT: _of_requests("service_visits", "arrived_at", "x.counted"),
    RecordedFact.SERVICE_PARTS: _of_requests(
        "service_parts", "sent_at", "x.sent_at IS NOT NULL OR x.used_at IS NOT NULL"
    ),
    RecordedFact.INSPECTION: (
        "SELECT c.id AS claim_id, x.reported_at AS at FROM c JOIN inspections x ON x.tenant_id = $1 "
        "AND x.claim_id = c.id WHERE x.reported_at IS NOT NULL"
    ),
    RecordedFact.GOODS_RETURN: (
        "SELECT c.id AS claim_id, x.received_at AS at FROM c JOIN goods_returns x ON x.tenant_id = $1 "
        "AND x.claim_id = c.id WHERE x.received_at IS NOT NULL"
    ),
}
"""Fact -> the rows that record it for the claims `c`. Total."""
assert FACTS.keys() == set(RecordedFact)

_RECORDED: Final = (
    "WITH c AS (SELECT id, order_id, coverage_id FROM claims WHERE tenant_id = $1 AND id = ANY ($2::text[])) "
    + " UNION ALL ".join(
        f"SELECT claim_id, '{fact.value}' AS fact, count(*) AS rows, max(at) AS latest_at "
        f"FROM ({text}) f GROUP BY claim_id"
        for fact, text in FACTS.items()
    )
)


async def _recorded(
    connection: Connection, tenant_id: TenantId, ids: Collection[ClaimId]
) -> dict[str, dict[RecordedFact, Recorded]]:
    """Claim -> what is recorded of its order and cover, in one statement."""
    found: dict[str, dict[RecordedFact, Recorded]] = {}
    for row in await connection.fetch(_RECORDED, tenant_id, list(ids)):
        fact = RecordedFact(row["fact"])
        found.setdefault(row["claim_id"], {})[fact] = Recorded(fact, row["rows"], row["latest_at"])
    return found


# -- everything that is held about an order ----------------------------------------------------------------------------

_OF_ORDER: Final = "x.order_id = $2"


def _through(table: str, by: str) -> str:
    """The row names a thing of that table, which names the order."""
    return f"EXISTS (SELECT FROM {table} p WHERE p.tenant_id = $1 AND p.order_id = $2 AND p.id = x.{by})"


PARTS: Final[Mapping[str, tuple[str, str]]] = {
    "bookings": ("x.booked_at", _OF_ORDER),
    "certificate_appendices": ("x.at", _through("certificates", "certificate_id")),
    "certificates": ("x.made_at", _OF_ORDER),
    "claim_events": ("x.at", _through("claims", "claim_id")),
    "claims": ("x.opened_at", _OF_ORDER),
    "coverages": ("x.in_force_at", _OF_ORDER),
    "decisions": ("x.at", _through("claims", "subject_id")),
    "evidence": ("x.submitted_at", _OF_ORDER),
    "evidence_files": ("NULL", _through("evidence", "evidence_id")),
    "evidence_marks": ("x.at", _through("evidence", "evidence_id")),
    "evidence_requests": ("x.asked_at", _OF_ORDER),
    "goods_returns": ("x.authorised_at", _OF_ORDER),
    "held_clocks": ("x.from_at", _OF_ORDER),
    "inspections": ("x.ordered_at", _OF_ORDER),
    "legs": ("NULL", _through("shipments", "shipment_id")),
    "messages": ("x.at", _through("shipments", "subject_id")),
    "order_lines": ("x.promised_at", _OF_ORDER),
    "orders": ("x.placed_at", "x.id = $2"),
    "return_lines": ("NULL", _through("goods_returns", "return_id")),
    "service_levels": ("x.began_at", _through("service_requests", "request_id")),
    "service_parts": ("x.requested_at", _through("service_requests", "request_id")),
    "service_requests": ("x.requested_at", _OF_ORDER),
    "service_visits": ("x.arrived_at", _through("service_requests", "request_id")),
    "shipments": ("x.recorded_at", _OF_ORDER),
    "tracking_events": ("x.occurred_at", _through("shipments", "shipment_id")),
}
"""Table -> the instant and the condition of its rows about the order. What is personal lies in none of them."""

_UPLOADS: Final[Mapping[str, str]] = {"evidence_files": "x.upload_id"}

_PACK: Final = " UNION ALL ".join(
    f"SELECT '{part}' AS part, x.id, {at}::timestamptz AS at, to_jsonb(x)::text AS row, "
    f"{_UPLOADS.get(part, 'NULL')}::text AS upload_id FROM {part} x WHERE x.tenant_id = $1 AND {where}"
    for part, (at, where) in PARTS.items()
)


async def pack(
    connection: Connection, tenant_id: TenantId, *, order_id: OrderId | None = None, claim_id: ClaimId | None = None
) -> Pack:
    """Everything that the platform holds about the order, or about the order of that claim, as a manifest.

    Read from the same rows it is the same, byte for byte. Refuses with ValueError neither or both.
    """
    if (order_id is None) == (claim_id is None):
        raise ValueError("a pack is of an order or of a claim")
    if order_id is None:
        order_id = OrderId(
            await connection.fetchval(
                "SELECT order_id FROM claims WHERE tenant_id = $1 AND id = $2", tenant_id, claim_id
            )
        )
    rows = await connection.fetch(_PACK, tenant_id, order_id)
    entries = sorted((_entry(dict(row)) for row in rows), key=lambda entry: (entry.part, entry.id))
    listed = [[entry.part, entry.id, entry.sha256] for entry in entries]
    return Pack(order_id, tuple(entries), hashlib.sha256(orjson.dumps(listed)).hexdigest())


def _entry(row: Mapping[str, Any]) -> PackEntry:
    upload_id = row["upload_id"]
    digest = orjson.loads(row["row"])["sha256"] if upload_id else hashlib.sha256(row["row"].encode()).hexdigest()
    return PackEntry(row["part"], row["id"], digest, row["at"], UploadId(upload_id) if upload_id else None)
