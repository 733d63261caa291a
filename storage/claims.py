"""Claims and their events: row to dataclass, and the ways a claim is found."""

from dataclasses import dataclass
from typing import Final

from domain.claims import Claim, ClaimEvent
from domain.clocks import Clock
from domain.coverage import Coverage
from domain.errors import NotFound
from domain.ids import ClaimId, CoverageId, TenantId
from domain.orders import Order
from domain.shipments import Shipment
from storage.clocks import CLOCKS
from storage.coverage import COVERAGES
from storage.orders import ORDER_LINES, ORDERS
from storage.pool import Connection
from storage.shipments import SHIPMENTS
from storage.tables import Table

CLAIMS: Final = Table(
    "claims",
    Claim,
    conflicts={"claims_one_per_cover": "There is a claim under this cover already: one loss, one claim."},
)
CLAIM_EVENTS: Final = Table("claim_events", ClaimEvent)


@dataclass(frozen=True, slots=True)
class CaseRows:
    """Everything a claim under one cover is judged by. The order is locked, and with it all that belongs to it.

    `clocks` are the cover's live ones; one that a worker is just firing is left out: it will find nothing to do.
    `claim` is the one that was not withdrawn, if there is one.
    """

    order: Order
    cover: Coverage
    shipments: tuple[Shipment, ...]
    claim: Claim | None
    clocks: tuple[Clock, ...]


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
    order = await connection.fetchrow(_LOCK_ORDER, tenant_id, coverage_id)
    found = await connection.fetchrow(_CASE, tenant_id, coverage_id)
    if order is None or found is None:
        raise NotFound("There is no such cover.", field=("coverageId",))
    return CaseRows(
        order=ORDERS.decode(order, lines=tuple(map(ORDER_LINES.decode, found["lines"] or ()))),
        cover=COVERAGES.decode(found["cover"]),
        shipments=tuple(map(SHIPMENTS.decode, found["shipments"] or ())),
        claim=None if found["claim"] is None else CLAIMS.decode(found["claim"]),
        clocks=tuple(map(CLOCKS.decode, found["clocks"] or ())),
    )


_LOCK_ORDER: Final = f"""
SELECT {ORDERS.selection()} FROM orders t WHERE t.tenant_id = $1
  AND t.id = (SELECT c.order_id FROM coverages c WHERE c.tenant_id = $1 AND c.id = $2) FOR UPDATE OF t
"""

_CASE: Final = """
SELECT c AS cover,
  (SELECT array_agg(l ORDER BY l.position) FROM order_lines l
   WHERE l.tenant_id = $1 AND l.order_id = c.order_id) AS lines,
  (SELECT array_agg(s ORDER BY s.id) FROM shipments s WHERE s.tenant_id = $1 AND s.order_id = c.order_id) AS shipments,
  (SELECT m FROM claims m WHERE m.tenant_id = $1 AND m.coverage_id = c.id AND m.state <> 'WITHDRAWN') AS claim,
  (SELECT array_agg(live.k) FROM (
     SELECT k FROM clocks k WHERE k.tenant_id = $1 AND k.subject_id = c.id AND k.state IN ('RUNNING', 'PAUSED')
     ORDER BY k.id FOR UPDATE OF k SKIP LOCKED) live) AS clocks
FROM coverages c WHERE c.tenant_id = $1 AND c.id = $2
"""
