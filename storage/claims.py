"""Claims, their lines, offers and events: row to dataclass, and the ways a claim is found."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import orjson
from asyncpg import Record

from domain import dates
from domain.claims import (
    GAINED,
    REASONS,
    Claim,
    ClaimContact,
    ClaimEvent,
    ClaimLine,
    ClaimOffer,
    ClaimOfferLine,
    ClaimOutcome,
    ClaimReason,
    OfferState,
    Running,
    ScanDispute,
)
from domain.claims.overlaps import OtherClaim
from domain.claims.scans import ScanFacts
from domain.clocks import Clock
from domain.coverage import Carriage, Coverage
from domain.errors import NotFound
from domain.exposure import LossCause
from domain.guarantees import Milestone, Promise
from domain.ids import ClaimId, CoverageId, OrderLineId, TenantId
from domain.orders import Order
from domain.shipments import Shipment
from storage import chargebacks, coverage
from storage.clocks import CLOCKS
from storage.coverage import COVERAGES
from storage.orders import ORDER_LINES, ORDERS
from storage.pool import Connection
from storage.shipments import SHIPMENTS
from storage.tables import Children, Table, Twin

CLAIM_LINES: Final = Table("claim_lines", ClaimLine)
CLAIMS: Final = Table(
    "claims",
    Claim,
    children={"lines": Children(CLAIM_LINES, "claim_id", "position")},
    conflicts={
        "claims_one_per_cover": Twin("There is a claim under this cover already: one loss, one claim.", "coverageId")
    },
)
CLAIM_EVENTS: Final = Table("claim_events", ClaimEvent)
CLAIM_OFFER_LINES: Final = Table("claim_offer_lines", ClaimOfferLine)
CLAIM_OFFERS: Final = Table(
    "claim_offers",
    ClaimOffer,
    children={"lines": Children(CLAIM_OFFER_LINES, "offer_id", "position")},
    conflicts={"claim_offers_one_stands": Twin("An offer stands already: the other side made it just now.", "claimId")},
)
CLAIM_CONTACTS: Final = Table("claim_contacts", ClaimContact)
SCAN_DISPUTES: Final = Table(
    "scan_disputes",
    ScanDispute,
    conflicts={"scan_disputes_coverage": Twin("The scan of this cover is disputed already.", "coverageId")},
)


@dataclass(frozen=True, slots=True)
class CaseRows:
    """Everything a claim under one cover is judged by. The order is locked, and with it all that belongs to it.

    `clocks` are the cover's live ones; one that a worker is just firing is left out: it will find nothing to do.
    `claim` is the one that was not withdrawn, if there is one, without its lines; `others` are the claims of the order
    under other covers; `contacted_at` is when the buyer first told the party of its trouble; `disputed` says whether
    the party objected to a scan; `carriage` is who carries the goods, where a provider stands for the cover; `level` is
    the buyer's; `charged_back` says that a chargeback runs on the order.
    """

    order: Order
    cover: Coverage
    shipments: tuple[Shipment, ...]
    claim: Claim | None
    clocks: tuple[Clock, ...]
    others: tuple[OtherClaim, ...]
    contacted_at: datetime | None
    disputed: bool
    carriage: Carriage | None
    level: int
    charged_back: bool


async def get(connection: Connection, tenant_id: TenantId, id: ClaimId) -> Claim:
    """The claim. Refuses with NotFound."""
    return await CLAIMS.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: ClaimId) -> Claim:
    """The claim, this transaction's until its end. Refuses with NotFound. Lock its order first."""
    return await CLAIMS.lock(connection, tenant_id, id)


async def lock_case(connection: Connection, tenant_id: TenantId, coverage_id: CoverageId) -> CaseRows:
    """The case of a cover, in two statements: the order's lock first, then everything as the lock found it.

    Refuses with NotFound.
    """
    order = await connection.lock(_LOCK_ORDER, tenant_id, coverage_id)
    found = await connection.single(_CASE, tenant_id, coverage_id)
    if order is None or found is None:
        raise NotFound("There is no such cover.", field=("coverageId",))
    return _case(order, found)


async def lock_with_case(connection: Connection, tenant_id: TenantId, id: ClaimId) -> tuple[Claim, CaseRows]:
    """The claim and its case, in two statements: the order's lock first, then the claim's, then what they found.

    Refuses with NotFound.
    """
    locked = await connection.fetchrow(_LOCK_CLAIM, tenant_id, id)
    if locked is None:
        raise NotFound("There is no such claim.", id=str(id))
    claim = locked["claim"]
    found = await connection.fetchrow(_CASE_OF_CLAIM, tenant_id, claim["coverage_id"], id)
    assert found is not None  # a claim has its cover
    lines = tuple(map(CLAIM_LINES.decode, found["claim_lines"] or ()))
    return CLAIMS.decode(claim, lines=lines), _case(locked["ordered"], found)


def _case(order: Record, found: Record) -> CaseRows:
    return CaseRows(
        order=ORDERS.decode(order, lines=tuple(map(ORDER_LINES.decode, found["lines"] or ()))),
        cover=COVERAGES.decode(found["cover"]),
        shipments=tuple(map(SHIPMENTS.decode, found["shipments"] or ())),
        claim=None if found["claim"] is None else CLAIMS.decode(found["claim"]),
        clocks=tuple(map(CLOCKS.decode, found["clocks"] or ())),
        others=_others(found["others"]),
        contacted_at=found["contacted_at"],
        disputed=found["disputed"],
        carriage=None if found["carriers"] is None else coverage.carriage_of(found["carriers"]),
        level=found["level"],
        charged_back=found["charged_back"],
    )


async def others(connection: Connection, tenant_id: TenantId, coverage_id: CoverageId) -> tuple[OtherClaim, ...]:
    """The claims of the cover's order under its other covers, as `lock_case` finds them."""
    return _others(await connection.fetchval(f"SELECT {_OTHERS} FROM coverages c {_OF_COVER}", tenant_id, coverage_id))


async def contacted_at(connection: Connection, tenant_id: TenantId, coverage_id: CoverageId) -> datetime | None:
    """When the buyer first told the cover's party of its trouble; None where it did not."""
    text = "SELECT min(t.at) FROM claim_contacts t WHERE t.tenant_id = $1 AND t.coverage_id = $2"
    found: datetime | None = await connection.fetchval(text, tenant_id, coverage_id)
    return found


async def disputed(connection: Connection, tenant_id: TenantId, coverage_id: CoverageId) -> bool:
    """Whether the cover's party objected to a scan."""
    return bool(await SCAN_DISPUTES.select(connection, tenant_id, "t.coverage_id = $2", coverage_id))


async def scan_facts(connection: Connection, tenant_id: TenantId, ids: Collection[CoverageId]) -> dict[str, ScanFacts]:
    """Cover -> what a dispute of its scan rests on."""
    rows = await connection.fetch(_SCAN_FACTS, tenant_id, list(ids))
    return {row["id"]: ScanFacts(tuple(row["promises"] or ()), row["disputed"]) for row in rows}


async def offers_made(connection: Connection, tenant_id: TenantId, claim_id: ClaimId) -> int:
    """How many offers were made in the claim."""
    text = "SELECT count(*) FROM claim_offers t WHERE t.tenant_id = $1 AND t.claim_id = $2"
    return int(await connection.fetchval(text, tenant_id, claim_id))


async def lock_offer(connection: Connection, tenant_id: TenantId, claim_id: ClaimId) -> ClaimOffer | None:
    """The offer that stands in the claim, this transaction's until its end; None where none does."""
    where = "t.claim_id = $2 AND t.state = $3"
    found = await CLAIM_OFFERS.select(connection, tenant_id, where, claim_id, OfferState.STANDS.value, lock=True)
    return found[0] if found else None


async def beneath(connection: Connection, tenant_id: TenantId, ids: Collection[ClaimId]) -> dict[str, list[Running]]:
    """Claim -> the clocks that run on what belongs to it; a claim under which none runs is left out.

    That is returns, remedies, refunds, inspections, rounds of evidence, appeals, and the field service of its cover.
    """
    found: dict[str, list[Running]] = {}
    for row in await connection.fetch(_BENEATH, tenant_id, list(ids)):
        milestone = None if row["milestone"] is None else Milestone(row["milestone"])
        found.setdefault(row["claim_id"], []).append(Running(CLOCKS.decode(row), milestone))
    return found


async def live_of(
    connection: Connection, tenant_id: TenantId, by: Literal["order_id", "coverage_id"], ids: Collection[str]
) -> dict[str, list[Claim]]:
    """Order or cover -> its claims that have not ended, without their lines."""
    text = (
        f"SELECT {CLAIMS.selection()} FROM claims t WHERE t.tenant_id = $1 AND t.{by} = ANY ($2::text[]) "
        "AND t.ended_at IS NULL ORDER BY t.id"
    )
    found: dict[str, list[Claim]] = {}
    for row in await connection.fetch(text, tenant_id, list(ids)):
        found.setdefault(row[by], []).append(CLAIMS.decode(row))
    return found


def _others(found: str | None) -> tuple[OtherClaim, ...]:
    if found is None:
        return ()
    return tuple(
        OtherClaim(
            ClaimId(row["id"]),
            row["number"],
            reason := ClaimReason(row["reason"]),
            LossCause(row["cause"]) if row["cause"] else REASONS[reason].cause,
            tuple(map(OrderLineId, row["lines"] or ())),
            Promise(row["promise"]),
            dates.instant(row["openedAt"]),
            row["outcome"] is not None and ClaimOutcome(row["outcome"]) in GAINED,
        )
        for row in orjson.loads(found)
    )


async def lock_orders(connection: Connection, tenant_id: TenantId, ids: Sequence[ClaimId]) -> None:
    """The orders of those claims, then the claims, are this transaction's, always in the same order."""
    await connection.fetch(_LOCK_ORDERS, tenant_id, list(ids))
    await connection.fetch(_LOCK_CLAIMS, tenant_id, list(ids))


_SCAN_FACTS: Final = """
SELECT c.id, EXISTS (SELECT FROM scan_disputes d WHERE d.tenant_id = $1 AND d.coverage_id = c.id) AS disputed,
  (SELECT array_agg(DISTINCT l.promised_at ORDER BY l.promised_at) FROM order_lines l
   WHERE l.tenant_id = $1 AND l.order_id = c.order_id AND l.promised_at IS NOT NULL) AS promises
FROM coverages c WHERE c.tenant_id = $1 AND c.id = ANY ($2::text[])
"""


def _of_claims(table: str, live: str, by: str = "claim_id") -> str:
    """The things of that table that belong to the claims $2 and have not ended."""
    return (
        f"SELECT x.id, x.{by} AS claim_id, NULL AS milestone FROM {table} x "
        f"WHERE x.tenant_id = $1 AND x.{by} = ANY ($2) AND {live}"
    )


_MILESTONES: Final = (
    "SELECT l.id, m.id AS claim_id, l.milestone FROM claims m "
    "JOIN service_requests q ON q.tenant_id = $1 AND q.coverage_id = m.coverage_id AND q.ended_at IS NULL "
    "JOIN service_levels l ON l.tenant_id = $1 AND l.request_id = q.id AND l.reached_at IS NULL "
    "AND l.voided_at IS NULL WHERE m.tenant_id = $1 AND m.id = ANY ($2)"
)
"""The milestones that can still be reached under the covers of the claims $2."""

_THINGS: Final = " UNION ALL ".join(
    (
        _of_claims("goods_returns", "x.ended_at IS NULL"),
        _of_claims("remedies", "x.due_at IS NOT NULL"),
        _of_claims("refunds", "x.ended_at IS NULL"),
        _of_claims("inspections", "x.state = 'ORDERED'"),
        _of_claims("evidence_requests", "x.state = 'OPEN'"),
        _of_claims("appeals", "x.ended_at IS NULL AND x.state <> 'DRAFT'", by="subject_id"),
        _MILESTONES,
    )
)

_BENEATH: Final = (
    f"SELECT s.claim_id, s.milestone, {CLOCKS.selection()} FROM ({_THINGS}) s JOIN clocks t ON t.tenant_id = $1 "
    "AND t.subject_id = s.id AND t.state = 'RUNNING' ORDER BY t.due_at, t.id"
)

_LOCK_ORDERS: Final = """
SELECT FROM orders t WHERE t.tenant_id = $1 AND t.id IN (
  SELECT m.order_id FROM claims m WHERE m.tenant_id = $1 AND m.id = ANY ($2::text[])
) ORDER BY t.id FOR UPDATE OF t
"""

_LOCK_CLAIMS: Final = """
SELECT FROM claims t WHERE t.tenant_id = $1 AND t.id = ANY ($2::text[]) ORDER BY t.id FOR UPDATE OF t
"""

_LOCK_ORDER: Final = f"""
SELECT {ORDERS.selection()} FROM orders t WHERE t.tenant_id = $1
  AND t.id = (SELECT c.order_id FROM coverages c WHERE c.tenant_id = $1 AND c.id = $2) FOR UPDATE OF t
"""

_LOCK_CLAIM: Final = """
SELECT t AS ordered, m AS claim FROM claims m JOIN orders t ON t.tenant_id = $1 AND t.id = m.order_id
WHERE m.tenant_id = $1 AND m.id = $2 FOR UPDATE OF t, m
"""
"""Rows are locked in the order in which they are named: the order, then the claim (a test holds Postgres to it)."""

_OF_COVER: Final = "WHERE c.tenant_id = $1 AND c.id = $2"
_OTHERS: Final = """
  (SELECT jsonb_agg(jsonb_build_object('id', o.id, 'number', o.number, 'reason', o.reason, 'cause', o.cause,
     'openedAt', o.opened_at, 'outcome', o.outcome, 'promise', (SELECT p.promise FROM coverages p
       WHERE p.tenant_id = $1 AND p.id = o.coverage_id), 'lines',
     (SELECT jsonb_agg(i.line_id ORDER BY i.position) FROM claim_lines i WHERE i.tenant_id = $1 AND i.claim_id = o.id))
     ORDER BY o.id)
   FROM claims o WHERE o.tenant_id = $1 AND o.order_id = c.order_id AND o.coverage_id <> c.id
     AND o.state <> 'WITHDRAWN' AND coalesce(o.outcome, '') NOT IN ('DENIED', 'NO_EVIDENCE'))"""

_CASE_COLUMNS: Final = (
    """c AS cover,
  (SELECT array_agg(l ORDER BY l.position) FROM order_lines l
   WHERE l.tenant_id = $1 AND l.order_id = c.order_id) AS lines,
  (SELECT array_agg(s ORDER BY s.id) FROM shipments s WHERE s.tenant_id = $1 AND s.order_id = c.order_id) AS shipments,
  (SELECT m FROM claims m WHERE m.tenant_id = $1 AND m.coverage_id = c.id AND m.state <> 'WITHDRAWN') AS claim,
  (SELECT array_agg(live.k) FROM (
     SELECT k FROM clocks k WHERE k.tenant_id = $1 AND k.subject_id = c.id AND k.state IN ('RUNNING', 'PAUSED')
     ORDER BY k.id FOR UPDATE OF k SKIP LOCKED) live) AS clocks,
  (SELECT min(n.at) FROM claim_contacts n WHERE n.tenant_id = $1 AND n.coverage_id = c.id) AS contacted_at,
  EXISTS (SELECT FROM scan_disputes d WHERE d.tenant_id = $1 AND d.coverage_id = c.id) AS disputed,
  CASE WHEN c.provider_id IS NOT NULL THEN """
    + coverage.CARRIERS
    + """ END AS carriers,
  (SELECT b.level FROM buyers b WHERE b.tenant_id = $1 AND b.id = c.buyer_id) AS level,
  EXISTS (SELECT FROM chargebacks x WHERE x.tenant_id = $1 AND x.order_id = c.order_id
     AND x.state IN """
    + chargebacks.RUNNING
    + """) AS charged_back,
  """
    + _OTHERS
    + " AS others"
)
_CASE: Final = f"SELECT {_CASE_COLUMNS} FROM coverages c {_OF_COVER}"
_CASE_OF_CLAIM: Final = (
    "SELECT (SELECT array_agg(y ORDER BY y.position) FROM claim_lines y WHERE y.tenant_id = $1 AND y.claim_id = $3)"
    f" AS claim_lines, {_CASE_COLUMNS} FROM coverages c {_OF_COVER}"
)
