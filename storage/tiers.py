"""Tiers: what a look at buyers' levels needs, read for many buyers in a few statements."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from asyncpg import Record

from domain import buyers, money
from domain.buyers import Buyer, Look, Purchases
from domain.dates import Calendar
from domain.exchange_rates import RateTable
from domain.ids import BuyerId, TenantId
from domain.money import Money
from domain.tiers import Evidence, Proof, TierTerms
from storage import exchange_rates
from storage.pool import Connection

_SPENT: Final = """
SELECT buyer_id, currency, (coalesce(paid_at, completed_at) AT TIME ZONE $5)::date AS day,
  sum(total_minor - refunded_minor)::bigint AS minor, count(*) AS orders
FROM orders
WHERE tenant_id = $1 AND buyer_id = ANY ($2::text[]) AND state = 'COMPLETED'
  AND completed_at > $3 AND completed_at <= $4
GROUP BY 1, 2, 3
"""
"""What completed orders came to, less what was refunded, by currency and day of payment."""

_PAID: Final = """
SELECT buyer_id, count(*) AS orders FROM orders
WHERE tenant_id = $1 AND buyer_id = ANY ($2::text[]) AND paid_at IS NOT NULL AND state <> 'CANCELLED' GROUP BY 1
"""

_PROVEN: Final = """
SELECT buyer_id, evidence, max(verified_at) AS verified_at FROM tier_evidence
WHERE tenant_id = $1 AND buyer_id = ANY ($2::text[]) AND accepted GROUP BY 1, 2 ORDER BY 1, 2
"""


async def looks(
    connection: Connection,
    tenant_id: TenantId,
    found: Sequence[Buyer],
    rule: TierTerms,
    *,
    at: datetime,
    calendar: Calendar,
    decided_by: str,
) -> Mapping[BuyerId, Look]:
    """One look at each of the buyers, at `at`. Amounts are converted per currency and day of payment, half-even."""
    ids = [buyer.id for buyer in found]
    since = at - timedelta(days=rule.spend_days)
    spent = await connection.fetch(_SPENT, tenant_id, ids, since, at, calendar.zone)
    paid = {row["buyer_id"]: row["orders"] for row in await connection.fetch(_PAID, tenant_id, ids)}
    proofs: dict[str, list[Proof]] = {}
    for row in await connection.fetch(_PROVEN, tenant_id, ids):
        proofs.setdefault(row["buyer_id"], []).append(Proof(Evidence(row["evidence"]), row["verified_at"]))
    rates = await _rates(connection, tenant_id, rule.currency, spent)
    spend, unconverted = dict.fromkeys(ids, Money.zero(rule.currency)), dict.fromkeys(ids, 0)
    for row in spent:
        amount = _converted(Money(row["minor"], row["currency"]), rule.currency, row["day"], rates)
        if amount is None:
            unconverted[row["buyer_id"]] += row["orders"]
        else:
            spend[row["buyer_id"]] += amount
    return {
        buyer.id: Look(
            rule,
            buyers.facts(
                buyer,
                Purchases(spend[buyer.id], paid.get(buyer.id, 0), unconverted[buyer.id]),
                tuple(proofs.get(buyer.id, ())),
                rule,
                at,
                calendar,
            ),
            at,
            calendar,
            decided_by,
        )
        for buyer in found
    }


async def _rates(connection: Connection, tenant_id: TenantId, currency: str, spent: Sequence[Record]) -> RateTable:
    """The rates for everything that was not spent in the rule's own currency."""
    foreign = [row for row in spent if row["currency"] != currency]
    if not foreign:
        return RateTable(())
    days = [row["day"] for row in foreign]
    bases = sorted({row["currency"] for row in foreign})
    return await exchange_rates.table(connection, tenant_id, currency, min(days), max(days), bases)


def _converted(amount: Money, currency: str, day: date, rates: RateTable) -> Money | None:
    if amount.currency == currency:
        return amount
    conversion = rates.find(amount.currency, currency, day)
    return None if conversion is None else money.convert(amount, currency, conversion.rate)
