"""Scorecards: sums of what triggers counted (0027), the standings that follow, and the recomputation of the counters.

How it works. `party_orders` and `party_days` are moved by triggers on orders, shipments, claims, their events and
exclusions, in the transaction that gives occasion. Readers sum whole days. `faults` holds them to a recomputation from
those tables.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from domain import records, scorecards
from domain.ids import ClaimId, LiablePartyId, ProviderId, SupplierId, TenantId
from domain.records import Counts, Window
from domain.scorecards import DAILY, PartyCounts, Scorecard, ScorecardTerms
from storage import records as record_rows
from storage import rulebook
from storage.pool import Connection
from storage.tables import Table


@dataclass(frozen=True, slots=True)
class Exclusion:
    """That an appeal took a claim out of the score of its party."""

    claim_id: ClaimId
    reason: str
    excluded_at: datetime


EXCLUSIONS: Final = Table("scorecard_exclusions", Exclusion, key=("claim_id",))

_SUMS: Final = ", ".join(f"coalesce(sum(d.{name}), 0) AS {name}" for name in DAILY)
_READ: Final = (
    f"SELECT d.party_id, {_SUMS} FROM party_days d WHERE d.tenant_id = $1 AND d.party_id = ANY ($2::text[]) "
    "AND d.day >= $3 AND d.day < $4 GROUP BY d.party_id"
)
_BUYERS: Final = (
    "SELECT b.party_id, count(*) AS buyers, count(*) FILTER (WHERE b.orders > 1) AS returning FROM ("
    "SELECT o.party_id, o.buyer_id, count(*) AS orders FROM party_orders o WHERE o.tenant_id = $1 "
    "AND o.party_id = ANY ($2::text[]) AND o.day >= $3 AND o.day < $4 GROUP BY 1, 2) b GROUP BY 1"
)


async def terms(connection: Connection, tenant_id: TenantId, at: datetime) -> ScorecardTerms:
    """The rule about scorecards in force. Refused when there is none."""
    return scorecards.scorecard_terms(await rulebook.in_force(connection, tenant_id, scorecards.RULE, at))


async def by_parties(
    connection: Connection,
    tenant_id: TenantId,
    party_ids: Collection[LiablePartyId],
    at: datetime,
    *,
    window: Window | None = None,
) -> Mapping[LiablePartyId, Scorecard]:
    """The scorecard of each of those parties on the whole days before `at`, over the rule's window unless another.

    Refused (`Refused`) where the marketplace has no rule about scorecards or about records.
    """
    rule = await terms(connection, tenant_id, at)
    window = window or rule.window
    carried_by = await record_rows.terms(connection, tenant_id, at)
    since, until = records.span(carried_by, window, at)
    ids = list(party_ids)
    counted = {row["party_id"]: row for row in await connection.fetch(_READ, tenant_id, ids, since, until)}
    bought = {row["party_id"]: row for row in await connection.fetch(_BUYERS, tenant_id, ids, since, until)}
    providers = [id for id in ids if isinstance(id, ProviderId)]
    carried = await record_rows.by_providers(connection, tenant_id, providers, at, window=window) if providers else {}
    found = {}
    for id in ids:
        days, buyers = counted.get(id), bought.get(id)
        summed = {} if days is None else {name: int(days[name]) for name in DAILY}
        summed |= {} if buyers is None else {name: int(buyers[name]) for name in ("buyers", "returning")}
        counts = PartyCounts(**summed)
        record = carried[id].counts if isinstance(id, ProviderId) else Counts()
        cases = scorecards.cases(rule, counts, record, attempts=carried_by.attempt_counts)
        found[id] = scorecards.evaluate(rule, id, cases, window, since, until)
    return found


_CASES: Final = """
SELECT d.party_id FROM party_days d WHERE d.tenant_id = $1 AND d.day >= $3 AND d.day < $4
GROUP BY d.party_id HAVING greatest(sum(d.orders), sum(d.defects), sum(d.asked)) >= $2
UNION SELECT d.provider_id FROM provider_days d WHERE d.tenant_id = $1 AND d.day >= $3 AND d.day < $4
GROUP BY d.provider_id HAVING greatest(sum(d.recorded), sum(d.promised), sum(d.pickups_due)) >= $2"""


async def with_cases(
    connection: Connection, tenant_id: TenantId, minimum: int, since: date, until: date
) -> set[LiablePartyId]:
    """Whoever has so many cases of something on those days that it may be judged by them."""
    rows = await connection.fetch(_CASES, tenant_id, minimum, since, until)
    return {_party(row["party_id"]) for row in rows}


def _party(text: str) -> LiablePartyId:
    return SupplierId(text) if text.startswith(f"{SupplierId.prefix}_") else ProviderId(text)


async def excluded(connection: Connection, tenant_id: TenantId, claim_id: ClaimId) -> bool:
    """Whether an appeal took the claim out of the score already."""
    return await EXCLUSIONS.find(connection, tenant_id, claim_id) is not None


# -- recomputing -------------------------------------------------------------------------------------------------------

_ORDERS: Final = """
SELECT o.supplier_id AS party_id, o.id AS order_id, o.buyer_id, (o.paid_at AT TIME ZONE 'UTC')::date AS day
FROM orders o WHERE o.tenant_id = $1 AND o.paid_at IS NOT NULL
UNION ALL
SELECT s.provider_id, s.order_id, o.buyer_id, (min(s.recorded_at) AT TIME ZONE 'UTC')::date
FROM shipments s JOIN orders o ON o.tenant_id = s.tenant_id AND o.id = s.order_id
WHERE s.tenant_id = $1 GROUP BY 1, 2, 3"""

_COUNTS: Final = f"""
SELECT party_id, day, 'orders' AS counter, count(*) AS amount FROM ({_ORDERS}) p GROUP BY 1, 2
UNION ALL
SELECT supplier_id, (paid_at AT TIME ZONE 'UTC')::date, 'cancelled', count(*)
FROM orders WHERE tenant_id = $1 AND paid_at IS NOT NULL AND state = 'CANCELLED' GROUP BY 1, 2
UNION ALL
SELECT coalesce(c.supplier_id, c.provider_id), (c.opened_at AT TIME ZONE 'UTC')::date, 'defects', count(*)
FROM claims c WHERE c.tenant_id = $1 AND is_defect(c.outcome, c.shares) AND NOT EXISTS (
  SELECT FROM scorecard_exclusions x WHERE x.tenant_id = c.tenant_id AND x.claim_id = c.id) GROUP BY 1, 2
UNION ALL
SELECT coalesce(c.supplier_id, c.provider_id), (c.opened_at AT TIME ZONE 'UTC')::date, 'asked', count(*)
FROM claims c WHERE c.tenant_id = $1 AND c.origin = 'APPLICATION' GROUP BY 1, 2
UNION ALL
SELECT r.party_id, r.day, CASE WHEN waited <= interval '12 hours' THEN 'replied_12'
  WHEN waited <= interval '24 hours' THEN 'replied_24' WHEN waited <= interval '48 hours' THEN 'replied_48'
  ELSE 'replied_late' END, count(*)
FROM (SELECT coalesce(c.supplier_id, c.provider_id) AS party_id, (c.opened_at AT TIME ZONE 'UTC')::date AS day,
        min(e.at) - c.opened_at AS waited
      FROM claims c JOIN claim_events e ON e.tenant_id = c.tenant_id AND e.claim_id = c.id AND e.actor = 'LIABLE_PARTY'
      WHERE c.tenant_id = $1 AND c.origin = 'APPLICATION' GROUP BY c.tenant_id, c.id) r GROUP BY 1, 2, 3"""

_COUNTED: Final = (
    "SELECT d.party_id, d.day, c.counter, sum(c.amount) AS amount FROM party_days d CROSS JOIN LATERAL (VALUES "
    + ", ".join(f"('{name}', d.{name})" for name in DAILY)
    + ") c (counter, amount) WHERE d.tenant_id = $1 GROUP BY 1, 2, 3"
)
_FAULTS: Final = (
    "SELECT party_id, day, counter, coalesce(c.amount, 0) - coalesce(o.amount, 0) AS off "
    f"FROM ({_COUNTS}) o FULL JOIN ({_COUNTED}) c USING (party_id, day, counter) "
    "WHERE coalesce(o.amount, 0) <> coalesce(c.amount, 0) ORDER BY 1, 2, 3"
)
_STRAYS: Final = (
    f"SELECT party_id, order_id FROM ((({_ORDERS}) EXCEPT SELECT party_id, order_id, buyer_id, day FROM party_orders "
    "WHERE tenant_id = $1) UNION ALL (SELECT party_id, order_id, buyer_id, day FROM party_orders WHERE tenant_id = $1 "
    f"EXCEPT ({_ORDERS}))) s ORDER BY 1, 2"
)


async def faults(connection: Connection, tenant_id: TenantId) -> list[str]:
    """Every counter and order that is not what the tables behind them add up to, as a sentence."""
    counters = [
        f"{row['party_id']} on {row['day']}: {row['counter']} is off by {row['off']}"
        for row in await connection.fetch(_FAULTS, tenant_id)
    ]
    strays = [
        f"{row['order_id']} is not counted as it should be for {row['party_id']}"
        for row in await connection.fetch(_STRAYS, tenant_id)
    ]
    return counters + strays
