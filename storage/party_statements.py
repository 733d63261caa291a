"""Statements of liable parties, read from the ledger's entries; and the proof that they add up to its accounts."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

from domain import party_statements as statements
from domain.dates import MICROSECOND
from domain.ids import (
    ClaimId,
    CouponId,
    DepositMovementId,
    LiablePartyId,
    MembershipId,
    PartyPaymentId,
    PayoutId,
    RecoveryId,
    TenantId,
)
from domain.ledger import AccountName, Event
from domain.money import Money
from domain.party_statements import ACCOUNTS, KINDS, PartyStatementLine
from storage import ledger
from storage.pool import Connection

Place = tuple[datetime, str]
"""Where a page goes on: after the transfer of that instant and id."""

_RECEIVABLE, _CONTINGENT = ACCOUNTS


@dataclass(frozen=True, slots=True)
class Month:
    """Whose statement, in which currency, from `opens_at` until just before `closes_at`."""

    party_id: LiablePartyId
    currency: str
    opens_at: datetime
    closes_at: datetime


async def held(connection: Connection, tenant_id: TenantId, of: Month) -> tuple[Money, Money]:
    """What the party owed and might come to owe just before the month opens."""
    found = await ledger.balances(connection, tenant_id, of.party_id, before=of.opens_at)
    minors = {each.account: each.balance.minor for each in found if each.currency == of.currency}
    return Money(minors.get(_RECEIVABLE, 0), of.currency), Money(minors.get(_CONTINGENT, 0), of.currency)


async def moved(
    connection: Connection, tenant_id: TenantId, of: Month, *, until: Place | None = None
) -> list[tuple[Event, AccountName, int]]:
    """What each event did to each account in the month; up to a place in it where one is given, that one included."""
    place = until or (of.closes_at, "")
    rows = await connection.fetch(
        _MOVED, tenant_id, of.party_id, of.currency, list(ACCOUNTS), of.opens_at, of.closes_at, *place
    )
    return [(Event(row["event"]), AccountName(row["name"]), int(row["minor"])) for row in rows]


async def lines(
    connection: Connection,
    tenant_id: TenantId,
    of: Month,
    held_before: tuple[Money, Money],
    *,
    after: Place | None,
    count: int,
) -> list[PartyStatementLine]:
    """The next `count` lines of the month, where `held_before` is what the accounts held before the first of them."""
    place = after or (of.opens_at - MICROSECOND, "")
    rows = await connection.fetch(
        _LINES, tenant_id, of.party_id, of.currency, list(ACCOUNTS), *place, of.closes_at, count
    )
    receivable, contingent = held_before
    found = []
    for row in rows:
        line = _line(row, of.currency, receivable, contingent)
        receivable, contingent = line.receivable_after, line.contingent_after
        found.append(line)
    return found


async def all_lines(connection: Connection, tenant_id: TenantId, of: Month) -> AsyncIterator[PartyStatementLine]:
    """Every line of the month, a batch at a time. Inside a transaction that sees one moment."""
    balances, place = await held(connection, tenant_id, of), None
    while found := await lines(connection, tenant_id, of, balances, after=place, count=_BATCH):
        for line in found:
            yield line
        balances = (found[-1].receivable_after, found[-1].contingent_after)
        place = (found[-1].at, found[-1].transfer_id)


async def parties(connection: Connection, tenant_id: TenantId, before: datetime) -> list[tuple[LiablePartyId, str]]:
    """Whoever has a statement until then, with each currency: parties that ever owed or might have come to owe."""
    found = await ledger.balances(connection, tenant_id, None, before=before)
    return sorted({(each.party, each.currency) for each in found if each.account in ACCOUNTS and each.party})


_NAMES: Final = """
SELECT id, name FROM suppliers WHERE tenant_id = $1 AND id = ANY ($2::text[]) UNION ALL
SELECT id, name FROM providers WHERE tenant_id = $1 AND id = ANY ($2::text[])"""


async def names(connection: Connection, tenant_id: TenantId, ids: Iterable[LiablePartyId]) -> dict[str, str]:
    """Party -> what it is called."""
    rows = await connection.fetch(_NAMES, tenant_id, list(ids))
    return {row["id"]: row["name"] for row in rows}


async def faults(connection: Connection, tenant_id: TenantId) -> tuple[int, list[str]]:
    """How many months of parties there are, and a sentence for each whose lines do not add up to its accounts.

    Months are those of UTC here, in which the sums of days are kept. The lines are added up from the entries, the
    accounts from the days and the balance.
    """
    rows = await connection.fetch(_FAULTS, tenant_id, list(ACCOUNTS), [event.value for event in KINDS])
    counted = next((int(row["months"]) for row in rows), 0)
    broken = [
        f"{row['name']} of {row['party_id']} in {row['month']:%Y-%m}: lines {row['lines']}, account {row['account']}, "
        f"events without a word {row['unknown']}"
        for row in rows
        if row["party_id"] is not None
    ]
    return counted, broken


def _line(row: asyncpg.Record, currency: str, receivable: Money, contingent: Money) -> PartyStatementLine:
    kind = KINDS[Event(row["event"])]
    by, may = Money(int(row["receivable"]), currency), Money(int(row["contingent"]), currency)
    coupon = statements.coupon_number(row["coupon_id"])
    return PartyStatementLine(
        row["at"],
        kind,
        by,
        may,
        receivable + by,
        contingent + may,
        None if row["claim_id"] is None else ClaimId(row["claim_id"]),
        row["claim_number"],
        None if row["coupon_id"] is None else CouponId(row["coupon_id"]),
        coupon,
        None if row["recovery_id"] is None else RecoveryId(row["recovery_id"]),
        None if row["payout_id"] is None else PayoutId(row["payout_id"]),
        None if row["party_payment_id"] is None else PartyPaymentId(row["party_payment_id"]),
        None if row["membership_id"] is None else MembershipId(row["membership_id"]),
        None if row["deposit_movement_id"] is None else DepositMovementId(row["deposit_movement_id"]),
        statements.because(kind, by, may, row["claim_number"], coupon, row["bill"]),
        row["id"],
    )


def opened(lines_before: Sequence[tuple[Event, AccountName, int]], opening: tuple[Money, Money]) -> tuple[Money, Money]:
    """What both accounts held after those."""
    receivable, contingent = opening
    for _, account, minor in lines_before:
        amount = Money(minor, receivable.currency)
        if account is _RECEIVABLE:
            receivable += amount
        else:
            contingent += amount
    return receivable, contingent


_BATCH: Final = 1_000

_MOVED: Final = """
SELECT t.event, a.name, sum(e.amount_minor) AS minor
FROM ledger_accounts a
JOIN ledger_entries e ON e.tenant_id = a.tenant_id AND e.account_id = a.id AND e.at >= $5 AND e.at < $6
JOIN ledger_transfers t ON t.tenant_id = e.tenant_id AND t.id = e.transfer_id
WHERE a.tenant_id = $1 AND a.party_id = $2 AND a.currency = $3::char(3) AND a.name = ANY ($4::text[])
  AND (e.at, e.transfer_id) <= ($7::timestamptz, $8::text)
GROUP BY t.event, a.name
"""

_LINES: Final = """
SELECT t.id, t.at, t.event, t.claim_id, t.coupon_id, t.payout_id, t.party_payment_id, t.deposit_movement_id,
  t.membership_id, b.reference AS bill, k.number AS claim_number, coalesce(t.recovery_id, r.id) AS recovery_id,
  p.receivable, p.contingent
FROM (
  SELECT e.at, e.transfer_id,
    coalesce(sum(e.amount_minor) FILTER (WHERE a.name = 'PARTY_RECEIVABLE'), 0) AS receivable,
    coalesce(sum(e.amount_minor) FILTER (WHERE a.name = 'CONTINGENT'), 0) AS contingent
  FROM ledger_accounts a
  JOIN ledger_entries e ON e.tenant_id = a.tenant_id AND e.account_id = a.id
    AND (e.at, e.transfer_id) > ($5::timestamptz, $6::text) AND e.at < $7::timestamptz
  WHERE a.tenant_id = $1 AND a.party_id = $2 AND a.currency = $3::char(3) AND a.name = ANY ($4::text[])
  GROUP BY e.at, e.transfer_id ORDER BY e.at, e.transfer_id LIMIT $8::int
) p JOIN ledger_transfers t ON t.tenant_id = $1 AND t.id = p.transfer_id
LEFT JOIN claims k ON k.tenant_id = $1 AND k.id = t.claim_id
LEFT JOIN memberships b ON b.tenant_id = $1 AND b.id = t.membership_id
LEFT JOIN recoveries r ON r.tenant_id = $1 AND r.coupon_id = t.coupon_id AND t.recovery_id IS NULL AND r.position = 1
ORDER BY p.at, p.transfer_id
"""

_FAULTS: Final = """
WITH accounts AS (
  SELECT id, name, party_id, currency, balance_minor FROM ledger_accounts
  WHERE tenant_id = $1 AND name = ANY ($2::text[])
), lines AS (
  SELECT e.account_id, date_trunc('month', e.at, 'UTC') AS month, sum(e.amount_minor) AS minor,
    count(*) FILTER (WHERE t.event <> ALL ($3::text[])) AS unknown
  FROM accounts a JOIN ledger_entries e ON e.tenant_id = $1 AND e.account_id = a.id
  JOIN ledger_transfers t ON t.tenant_id = $1 AND t.id = e.transfer_id GROUP BY 1, 2
), days AS (
  SELECT d.account_id, date_trunc('month', d.day::timestamp AT TIME ZONE 'UTC', 'UTC') AS month,
    sum(d.amount_minor) AS minor
  FROM accounts a JOIN ledger_days d ON d.tenant_id = $1 AND d.account_id = a.id GROUP BY 1, 2
), months AS (
  SELECT coalesce(l.account_id, d.account_id) AS account_id, coalesce(l.month, d.month) AS month,
    coalesce(l.minor, 0) AS lines, coalesce(d.minor, 0) AS days, coalesce(l.unknown, 0) AS unknown
  FROM lines l FULL JOIN days d ON d.account_id = l.account_id AND d.month = l.month
), closings AS (
  SELECT a.name, a.party_id, m.month, m.unknown,
    sum(m.lines) OVER w AS lines,
    CASE WHEN lead(m.month) OVER w IS NULL THEN a.balance_minor ELSE sum(m.days) OVER w END AS account
  FROM months m JOIN accounts a ON a.id = m.account_id
  WINDOW w AS (PARTITION BY m.account_id ORDER BY m.month ROWS UNBOUNDED PRECEDING)
)
SELECT count(*) AS months, NULL AS name, NULL AS party_id, NULL::timestamptz AS month, 0::numeric AS lines,
  0::numeric AS account, 0::numeric AS unknown
FROM closings
UNION ALL
(SELECT 0, name, party_id, month, lines, account, unknown FROM closings WHERE lines <> account OR unknown > 0 LIMIT 100)
"""
