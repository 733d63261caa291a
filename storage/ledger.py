"""The ledger's rows: transfers with their entries, and balances that are kept as they are written.

`post` is one statement: balances are moved in one order of accounts whoever posts, so posts never deadlock among
themselves; the platform's own accounts are striped, so that two posts seldom wait for one row.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from zlib import crc32

from domain.ids import AccountId, PartyId, ProviderId, SupplierId, TenantId, TransferId, kind_of
from domain.ledger import CLASSES, AccountName, Balance, Entry, Posting, Transfer
from domain.money import Money
from storage.pool import Connection
from storage.unit_of_work import Work

STRIPES: Final = 16
"""Rows per platform account and currency: eight times the posts that two cores can have under way."""

_Key = tuple[str, str, str, int]
"""Account name, party ('' for the platform), currency, stripe: also the order in which balances are locked."""


async def post(work: Work, *transfers: Transfer) -> None:
    """The transfers are part of this transaction and the balances include them. What they name must be kept before."""
    deltas: dict[_Key, int] = defaultdict(int)
    entries: list[tuple[str, int, _Key, int]] = []
    for transfer in transfers:
        stripe = crc32(transfer.id.encode()) % STRIPES
        for position, entry in enumerate(transfer.entries):
            key = _key(entry, stripe)
            deltas[key] += entry.amount.minor
            entries.append((transfer.id, position, key, entry.amount.minor))
    accounts = sorted(deltas)
    causes = [transfer.cause for transfer in transfers]
    await work.connection.fetchval(
        _POST,
        work.tenant_id,
        work.at,
        [work.new_id(AccountId) for _ in accounts],
        *_columns(accounts),
        [deltas[key] for key in accounts],
        [transfer.id for transfer in transfers],
        [transfer.event.value for transfer in transfers],
        [transfer.at for transfer in transfers],
        [cause.claim_id for cause in causes],
        [cause.coupon_id for cause in causes],
        [cause.redemption_id for cause in causes],
        [cause.decision_id for cause in causes],
        [cause.deposit_movement_id for cause in causes],
        [cause.rule_version_id for cause in causes],
        [cause.reverses_id for cause in causes],
        [entry[0] for entry in entries],
        [entry[1] for entry in entries],
        *_columns([entry[2] for entry in entries]),
        [entry[3] for entry in entries],
    )


async def balances(connection: Connection, tenant_id: TenantId, party_id: PartyId | None) -> list[Balance]:
    """What the accounts hold, stripes summed: a party's, or all where none is given. By name, party, currency."""
    rows = await connection.fetch(
        "SELECT name, party_id, currency, sum(balance_minor)::bigint AS minor FROM ledger_accounts"
        " WHERE tenant_id = $1 AND ($2::text IS NULL OR party_id = $2)"
        " GROUP BY name, party_id, currency ORDER BY name, party_id NULLS FIRST, currency",
        tenant_id,
        party_id,
    )
    return [
        Balance(
            name := AccountName(row["name"]),
            CLASSES[name],
            _party(row["party_id"]),
            row["currency"],
            Money(row["minor"], row["currency"]),
        )
        for row in rows
    ]


async def postings(
    connection: Connection, tenant_id: TenantId, transfer_ids: Sequence[TransferId]
) -> dict[str, list[Posting]]:
    """The entries of those transfers, in the order of the posting table."""
    rows = await connection.fetch(
        "SELECT e.transfer_id, a.name, a.party_id, e.amount_minor, e.currency FROM ledger_entries e"
        " JOIN ledger_accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id"
        " WHERE e.tenant_id = $1 AND e.transfer_id = ANY($2::text[]) ORDER BY e.transfer_id, e.position",
        tenant_id,
        list(transfer_ids),
    )
    found: dict[str, list[Posting]] = {}
    for row in rows:
        posting = Posting(
            AccountName(row["name"]), _party(row["party_id"]), Money(row["amount_minor"], row["currency"])
        )
        found.setdefault(row["transfer_id"], []).append(posting)
    return found


async def find_redemption_transfer(connection: Connection, tenant_id: TenantId, redemption_id: str) -> str | None:
    """The transfer that the redemption made, or None: what a reversal names."""
    found: str | None = await connection.fetchval(
        "SELECT id FROM ledger_transfers WHERE tenant_id = $1 AND redemption_id = $2 ORDER BY id LIMIT 1",
        tenant_id,
        redemption_id,
    )
    return found


async def faults(connection: Connection, tenant_id: TenantId, at: datetime) -> list[str]:
    """Everything that does not add up in the tenant's books, as sentences; nothing when all is well.

    Looks at: zero sums per currency, balances against their entries, coupons against the coupon liability, recoveries
    (and what deposits paid of them) against receivable and contingent accounts, deposits and their movements against
    what is held.
    """
    rows = await connection.fetch(_FAULTS, tenant_id)
    return [f"{row['fault']} ({row['currency']}): {row['one']} against {row['other']} at {at:%F %T}" for row in rows]


def _key(entry: Entry, stripe: int) -> _Key:
    party = entry.party_id or ""
    return (entry.account.value, party, entry.amount.currency, 0 if party else stripe)


def _columns(keys: Sequence[_Key]) -> tuple[list[str], list[str | None], list[str], list[int]]:
    return (
        [key[0] for key in keys],
        [key[1] or None for key in keys],
        [key[2] for key in keys],
        [key[3] for key in keys],
    )


def _party(text: str | None) -> SupplierId | ProviderId | None:
    if text is None:
        return None
    party = kind_of(text)(text)
    if not isinstance(party, SupplierId | ProviderId):
        raise TypeError(f"{text} owns an account but is no liable party")
    return party


_POST: Final = """
WITH accounts AS (
  INSERT INTO ledger_accounts AS a (tenant_id, id, name, party_id, currency, stripe, balance_minor, opened_at)
  SELECT $1, w.id, w.name, w.party_id, w.currency, w.stripe, w.delta, $2
  FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::int[], $8::bigint[])
    WITH ORDINALITY AS w(id, name, party_id, currency, stripe, delta, place) ORDER BY w.place
  ON CONFLICT (tenant_id, name, party_id, currency, stripe)
    DO UPDATE SET balance_minor = a.balance_minor + excluded.balance_minor
  RETURNING a.id, a.name, a.party_id, a.currency, a.stripe
), transfers AS (
  INSERT INTO ledger_transfers (tenant_id, id, event, at, claim_id, coupon_id, redemption_id, decision_id,
    deposit_movement_id, rule_version_id, reverses_id)
  SELECT $1, t.* FROM unnest($9::text[], $10::text[], $11::timestamptz[], $12::text[], $13::text[], $14::text[],
    $15::text[], $16::text[], $17::text[], $18::text[]) AS t
), entries AS (
  INSERT INTO ledger_entries (tenant_id, transfer_id, position, account_id, amount_minor, currency)
  SELECT $1, e.transfer_id, e.position, a.id, e.minor, e.currency
  FROM unnest($19::text[], $20::int[], $21::text[], $22::text[], $23::text[], $24::int[], $25::bigint[])
    AS e(transfer_id, position, name, party_id, currency, stripe, minor)
  JOIN accounts a ON a.name = e.name AND a.party_id IS NOT DISTINCT FROM e.party_id AND a.currency = e.currency
    AND a.stripe = e.stripe
  RETURNING 1
)
SELECT count(*) FROM entries
"""

_FAULTS: Final = """
WITH books AS (
  SELECT name, currency, sum(balance_minor) AS minor FROM ledger_accounts WHERE tenant_id = $1 GROUP BY name, currency
), live AS (
  SELECT currency, sum(amount_minor - used_minor) FILTER (WHERE state IN ('ACTIVE', 'PARTLY_USED')) AS outstanding
  FROM coupons WHERE tenant_id = $1 GROUP BY currency
), owed AS (
  SELECT currency, sum(contingent_minor) AS contingent, sum(due_minor) AS due FROM recoveries WHERE tenant_id = $1
  GROUP BY currency
), moved AS (
  SELECT currency, sum(amount_minor) FILTER (WHERE kind = 'DRAWN') AS drawn
  FROM deposit_movements WHERE tenant_id = $1 GROUP BY currency
), currencies AS (SELECT DISTINCT currency FROM books), checks AS (
  SELECT 'entries sum to zero' AS fault, currency, sum(amount_minor) AS one, 0::numeric AS other
  FROM ledger_entries WHERE tenant_id = $1 GROUP BY currency
  UNION ALL
  SELECT 'balance of ' || a.id || ' equals its entries', a.currency, a.balance_minor, coalesce(sum(e.amount_minor), 0)
  FROM ledger_accounts a LEFT JOIN ledger_entries e ON e.tenant_id = a.tenant_id AND e.account_id = a.id
  WHERE a.tenant_id = $1 GROUP BY a.id, a.currency, a.balance_minor
  UNION ALL
  SELECT 'coupon liability equals what can still be spent', c.currency,
    -coalesce((SELECT minor FROM books b WHERE b.name = 'BUYER_COUPON_LIABILITY' AND b.currency = c.currency), 0),
    coalesce((SELECT outstanding FROM live l WHERE l.currency = c.currency), 0)
  FROM currencies c
  UNION ALL
  SELECT 'receivable equals what fell due and no deposit paid', c.currency,
    coalesce((SELECT minor FROM books b WHERE b.name = 'PARTY_RECEIVABLE' AND b.currency = c.currency), 0),
    coalesce((SELECT due FROM owed o WHERE o.currency = c.currency), 0)
      - coalesce((SELECT drawn FROM moved m WHERE m.currency = c.currency), 0)
  FROM currencies c
  UNION ALL
  SELECT 'contingent account equals contingent recoveries', c.currency,
    coalesce((SELECT minor FROM books b WHERE b.name = 'CONTINGENT' AND b.currency = c.currency), 0),
    coalesce((SELECT contingent FROM owed o WHERE o.currency = c.currency), 0)
  FROM currencies c
  UNION ALL
  SELECT 'account of deposit ' || d.id || ' equals what is held', d.currency, d.held_minor, -coalesce(
    (SELECT sum(a.balance_minor) FROM ledger_accounts a WHERE a.tenant_id = d.tenant_id AND a.name = 'DEPOSIT_HELD'
     AND a.party_id = d.provider_id AND a.currency = d.currency), 0)
  FROM deposits d WHERE d.tenant_id = $1
  UNION ALL
  SELECT 'deposit ' || d.id || ' equals its movements', d.currency, d.held_minor, coalesce(
    (SELECT sum(CASE m.kind WHEN 'RECEIVED' THEN m.amount_minor ELSE -m.amount_minor END) FROM deposit_movements m
     WHERE m.tenant_id = d.tenant_id AND m.deposit_id = d.id), 0)
  FROM deposits d WHERE d.tenant_id = $1
)
SELECT fault, currency, one, other FROM checks WHERE one IS DISTINCT FROM other
"""
