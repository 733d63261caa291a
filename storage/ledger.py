"""The ledger's rows: transfers with their entries, and balances that are kept as they are written.

What an act posts is written by the one statement that writes everything else of it, and balances are moved in one order
of accounts whoever posts, so posts never deadlock among themselves; the platform's own accounts are striped, so that
two posts seldom wait for one row. Each account also has
its sum per day: a balance as of an instant is the days before it and the entries of one part of a day, never a sum over
all entries.
"""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, Final
from zlib import crc32

import asyncpg

from domain.dates import DAY
from domain.errors import Refused
from domain.explain import Finding
from domain.ids import (
    AccountId,
    ChargebackId,
    ClaimId,
    CouponId,
    DecisionId,
    DepositMovementId,
    PartyId,
    ProviderId,
    RedemptionId,
    RuleVersionId,
    SupplierId,
    TenantId,
    TransferId,
    kind_of,
)
from domain.ledger import (
    BALANCE_MAX,
    CLASSES,
    AccountName,
    Balance,
    Cause,
    Entry,
    Event,
    Posting,
    StatementLine,
    Transfer,
    TrialBalance,
    trial_balance,
)
from domain.money import MINOR_MAX, Money
from storage.minting import mint
from storage.pool import Connection
from storage.unit_of_work import Work
from storage.writing import Parts, plain

STRIPES: Final = 16
"""Rows per platform account and currency: eight times the posts that two cores can have under way."""

_Key = tuple[str, str, str, int]
"""Account name, party ('' for the platform), currency, stripe: also the order in which balances are locked."""


_EVENTS: Final = {event.value: event for event in Event}

_BOUNDS: Final = frozenset({"ledger_accounts_bounds"})
"""The constraint that a balance beyond `BALANCE_MAX` violates."""


async def post(work: Work, *transfers: Transfer) -> None:
    """The transfers are part of this transaction and the balances include them. What they name is kept with them.

    Refuses a balance that the books could not hold (`balance_within_bounds`), with this call or with the next
    statement: the act is undone as a whole.
    """
    if transfers:
        work.add_to(_POSTS, *((transfer, work.at) for transfer in transfers))


def _arguments(posted: Sequence[tuple[Transfer, datetime]]) -> tuple[str, str, str, str]:
    """Accounts with what is added to them, transfers, days and entries, each as JSON.

    Days and entries name their account by its place among the accounts. One document each, since Postgres needs six
    times as long for the same values in twenty arrays, and the driver four times.
    """
    deltas: dict[_Key, int] = defaultdict(int)
    days: dict[tuple[_Key, date], int] = defaultdict(int)
    entries: list[tuple[Transfer, int, _Key, int]] = []
    for transfer, _ in posted:
        stripe, day = crc32(transfer.id.encode()) % STRIPES, transfer.at.astimezone(UTC).date()
        for position, entry in enumerate(transfer.entries):
            key, minor = _key(entry, stripe), entry.amount.minor
            deltas[key] += minor
            days[key, day] += minor
            entries.append((transfer, position, key, minor))
    if any(abs(minor) > MINOR_MAX for minor in (*deltas.values(), *days.values())):
        raise _beyond()
    opened_at = posted[0][1]
    places = {key: place for place, key in enumerate(sorted(deltas))}
    accounts = [
        {
            "n": place,
            "id": mint(AccountId),
            "name": key[0],
            "party_id": key[1] or None,
            "currency": key[2],
            "stripe": key[3],
            "minor": deltas[key],
            "opened_at": opened_at,
        }
        for key, place in places.items()
    ]
    rows = [
        {"id": transfer.id, "event": transfer.event.value, "at": transfer.at, **_named(transfer.cause)}
        for transfer, _ in posted
    ]
    return (
        plain(accounts),
        plain(rows),
        plain([{"n": places[key], "day": day, "minor": minor} for (key, day), minor in days.items()]),
        plain(
            [
                {"n": places[key], "transfer_id": transfer.id, "position": position, "minor": minor, "at": transfer.at}
                for transfer, position, key, minor in entries
            ]
        ),
    )


def _named(cause: Cause) -> dict[str, str]:
    """The columns of a transfer that name this cause, and what they say."""
    return {name: value for name in CAUSES if (value := getattr(cause, name)) is not None}


async def balances(
    connection: Connection, tenant_id: TenantId, party_id: PartyId | None, *, before: datetime | None = None
) -> list[Balance]:
    """What the accounts hold, stripes summed: a party's, or all where none is given. By name, party, currency.

    With `before` as they stood just before that instant; accounts without an entry until then are left out.
    """
    text, given = (_BALANCES, ()) if before is None else (_BALANCES_BEFORE, (before,))
    rows = await connection.fetch(text, tenant_id, party_id, *given)
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


async def trial_balances(
    connection: Connection, tenant_id: TenantId, *, before: datetime, as_of: datetime
) -> list[TrialBalance]:
    """The trial balance of each currency, just before an instant; `as_of` is what it is called."""
    held: dict[str, dict[AccountName, int]] = {}
    for balance in await balances(connection, tenant_id, None, before=before):
        of_currency = held.setdefault(balance.currency, {})
        of_currency[balance.account] = of_currency.get(balance.account, 0) + balance.balance.minor
    return [trial_balance(currency, as_of, held[currency]) for currency in sorted(held)]


@dataclass(frozen=True, slots=True)
class Span:
    """Which statement: of whose account, in which currency, from `opens_at` until just before `closes_at`."""

    account: AccountName
    party_id: PartyId | None
    currency: str
    opens_at: datetime
    closes_at: datetime


Place = tuple[datetime, str, int]
"""Where a statement goes on: after the entry of that instant, transfer and position."""


async def statement(
    connection: Connection, tenant_id: TenantId, span: Span, *, after: Place | None, count: int
) -> tuple[int, int, list[StatementLine]]:
    """Opening balance, closing balance, and the next `count` entries of the statement; no entry where no account is."""
    found = await connection.fetchrow(
        _ACCOUNTS_OF_PLATFORM if span.party_id is None else _ACCOUNTS_OF_PARTY,
        tenant_id,
        span.account.value,
        span.currency,
        *(() if span.party_id is None else (span.party_id,)),
    )
    assert found is not None
    accounts, began_at = found["ids"], found["began_at"]
    start = (span.opens_at, "", 0) if after is None else (after[0], after[1], after[2] + 1)
    of = (connection, tenant_id, accounts, began_at)
    opening, closing, held = await _held_before(*of, span.opens_at, span.closes_at, start[0])
    if after is not None:
        held += await connection.fetchval(_MOVED_THEN, tenant_id, accounts, *start)
    lines = []
    for row in await _page(connection, tenant_id, accounts, start, span.closes_at, count):
        held += row["amount_minor"]
        lines.append(
            StatementLine(
                row["at"],
                _EVENTS[row["event"]],
                Money(row["amount_minor"], span.currency),
                Money(held, span.currency),
                TransferId(row["transfer_id"]),
                row["position"],
                _id(ClaimId, row["claim_id"]),
                _id(CouponId, row["coupon_id"]),
                _id(RedemptionId, row["redemption_id"]),
                _id(DecisionId, row["decision_id"]),
                _id(DepositMovementId, row["deposit_movement_id"]),
                _id(ChargebackId, row["chargeback_id"]),
                _id(RuleVersionId, row["rule_version_id"]),
                _id(TransferId, row["reverses_id"]),
            )
        )
    return opening, closing, lines


async def _page(
    connection: Connection, tenant_id: TenantId, accounts: Sequence[str], start: Place, until: datetime, count: int
) -> list[asyncpg.Record]:
    """The first `count` entries from that place on, of all stripes together.

    Stripes share entries evenly, so a little more than its share is read of each: a quarter of what `count` of each
    would be. An entry can be missing only behind all that was read of its stripe; where all of that is on the page,
    the page is read again with as many of each as it has.
    """
    of_each = min(count, _MORE_THAN_SHARE * count // max(len(accounts), 1) + _BESIDES)
    asked = (tenant_id, accounts, *start, until, count)
    rows = await connection.fetch(_STATEMENT, *asked, of_each)
    if of_each < count and max(Counter([row["stripe"] for row in rows]).values(), default=0) == of_each:
        rows = await connection.fetch(_STATEMENT, *asked, count)
    return rows


async def _held_before(
    connection: Connection,
    tenant_id: TenantId,
    accounts: Sequence[str],
    began_at: datetime | None,
    *instants: datetime,
) -> list[int]:
    """What the accounts held just before each instant, in one statement; the same instant is reckoned once."""
    once = list(dict.fromkeys(instants))
    ways = tuple(_way(began_at, instant) for instant in once)
    row = await connection.fetchrow(_held_text(ways), tenant_id, accounts, *once)
    assert row is not None
    return [int(row[once.index(instant)]) for instant in instants]


def _way(began_at: datetime | None, instant: datetime) -> tuple[bool, bool]:
    """Whether to reckon backward from what the accounts hold now, and whether from the end of the instant's own day.

    From whichever end of their days is nearer, and of its day. Of a day that has not ended nothing came after now, so
    that a statement until now adds up next to nothing.
    """
    now, at = datetime.now(UTC), instant.astimezone(UTC)
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    backward = began_at is not None and now - at < at - began_at
    return backward, min(midnight + DAY, now) - at <= at - midnight


async def entries(
    connection: Connection, tenant_id: TenantId, opens_at: datetime, closes_at: datetime
) -> AsyncIterator[Sequence[asyncpg.Record]]:
    """Every entry of the books from the one instant until just before the other, oldest first, in batches.

    Inside a transaction that sees one moment; however many there are, one batch at a time is held.
    """
    place = (opens_at, "")
    while rows := await connection.fetch(_ENTRIES, tenant_id, *place, closes_at, _TRANSFERS_PER_BATCH):
        yield rows
        place = (rows[-1]["at"], rows[-1]["transfer_id"])


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
        "SELECT id FROM ledger_transfers WHERE tenant_id = $1 AND redemption_id = $2 AND event = 'COUPON_REDEEMED'"
        " ORDER BY id LIMIT 1",
        tenant_id,
        redemption_id,
    )
    return found


def _beyond() -> Refused:
    finding = Finding("ledger.bounds", False, "balance_within_bounds", {"maxMinor": BALANCE_MAX})
    return Refused("ledger.bounds", "No account holds that much.", (finding,))


def _id(kind: Any, text: str | None) -> Any:
    return None if text is None else kind(text)


def _key(entry: Entry, stripe: int) -> _Key:
    party = entry.party_id or ""
    return (entry.account.value, party, entry.amount.currency, 0 if party else stripe)


def _party(text: str | None) -> SupplierId | ProviderId | None:
    if text is None:
        return None
    party = kind_of(text)(text)
    if not isinstance(party, SupplierId | ProviderId):
        raise TypeError(f"{text} owns an account but is no liable party")
    return party


CAUSES: Final = tuple(field.name for field in fields(Cause))
"""The columns of a transfer that name its cause: one per field of `domain.ledger.Cause`."""


def _parts(first: int) -> tuple[str, ...]:
    """The parts that write transfers, from the first of the four arguments of `_arguments`.

    The accounts come before everything else, for all the rest needs them: whoever holds them has their days as well.
    """
    accounts, transfers, days, entries = (f"${first + place}" for place in range(4))
    return (
        f"""wanted AS (
  SELECT * FROM json_to_recordset({accounts}) AS w(
    n int, id text, name text, party_id text, currency text, stripe int, minor bigint, opened_at timestamptz)
)""",
        """accounts AS (
  INSERT INTO ledger_accounts AS a (tenant_id, id, name, party_id, currency, stripe, balance_minor, opened_at)
  SELECT $1, w.id, w.name, w.party_id, w.currency, w.stripe, w.minor, w.opened_at FROM wanted w ORDER BY w.n
  ON CONFLICT (tenant_id, name, party_id, currency, stripe)
    DO UPDATE SET balance_minor = a.balance_minor + excluded.balance_minor
  RETURNING a.id, a.name, a.party_id, a.currency, a.stripe
)""",
        """held AS (
  SELECT w.n, a.id, a.currency FROM wanted w JOIN accounts a ON a.name = w.name
    AND a.party_id IS NOT DISTINCT FROM w.party_id AND a.currency = w.currency AND a.stripe = w.stripe
)""",
        f"""transfers AS (
  INSERT INTO ledger_transfers (tenant_id, id, event, at, {", ".join(CAUSES)})
  SELECT $1, t.id, t.event, t.at, {", ".join(f"t.{name}" for name in CAUSES)}
  FROM json_populate_recordset(NULL::ledger_transfers, {transfers}) t
)""",
        f"""days AS (
  INSERT INTO ledger_days AS d (tenant_id, account_id, day, currency, amount_minor)
  SELECT $1, h.id, w.day, h.currency, w.minor
  FROM json_to_recordset({days}) AS w(n int, day date, minor bigint) JOIN held h ON h.n = w.n
  ON CONFLICT (tenant_id, account_id, day) DO UPDATE SET amount_minor = d.amount_minor + excluded.amount_minor
)""",
        f"""entries AS (
  INSERT INTO ledger_entries (tenant_id, transfer_id, position, account_id, amount_minor, currency, at)
  SELECT $1, e.transfer_id, e.position, h.id, e.minor, h.currency, e.at
  FROM json_to_recordset({entries}) AS e(n int, transfer_id text, position int, minor bigint, at timestamptz)
    JOIN held h ON h.n = e.n
)""",
    )


def _refusal(error: asyncpg.PostgresError) -> Refused | None:
    """A balance beyond its bounds; nothing where the error says something else."""
    beyond = isinstance(error, asyncpg.NumericValueOutOfRangeError) or error.constraint_name in _BOUNDS
    return _beyond() if beyond else None


_POSTS: Final = Parts(_parts, _arguments, 4, _refusal)
"""Transfers, each with the instant at which an account that it is the first of opens."""

_BALANCES: Final = """
SELECT name, party_id, currency, sum(balance_minor)::bigint AS minor FROM ledger_accounts
WHERE tenant_id = $1 AND ($2::text IS NULL OR party_id = $2)
GROUP BY name, party_id, currency ORDER BY name, party_id NULLS FIRST, currency
"""

_BALANCES_BEFORE: Final = """
WITH accounts AS (
  SELECT id, name, party_id, currency FROM ledger_accounts
  WHERE tenant_id = $1 AND ($2::text IS NULL OR party_id = $2)
), moved AS (
  SELECT a.name, a.party_id, a.currency, d.amount_minor AS minor
  FROM accounts a JOIN ledger_days d ON d.tenant_id = $1 AND d.account_id = a.id
  WHERE d.day < ($3::timestamptz AT TIME ZONE 'UTC')::date
  UNION ALL
  SELECT a.name, a.party_id, a.currency, e.minor
  FROM accounts a CROSS JOIN LATERAL (
    SELECT sum(e.amount_minor) AS minor FROM ledger_entries e
    WHERE e.tenant_id = $1 AND e.account_id = a.id AND e.at < $3
      AND e.at >= date_trunc('day', $3::timestamptz, 'UTC')
  ) e WHERE e.minor IS NOT NULL
)
SELECT name, party_id, currency, sum(minor)::bigint AS minor FROM moved
GROUP BY name, party_id, currency ORDER BY name, party_id NULLS FIRST, currency
"""

_ACCOUNTS_OF_PLATFORM: Final = """
SELECT coalesce(array_agg(id), '{}') AS ids, min(opened_at) AS began_at FROM ledger_accounts
WHERE tenant_id = $1 AND name = $2 AND party_id IS NULL AND currency = $3
"""
_ACCOUNTS_OF_PARTY: Final = """
SELECT coalesce(array_agg(id), '{}') AS ids, min(opened_at) AS began_at FROM ledger_accounts
WHERE tenant_id = $1 AND name = $2 AND party_id = $4 AND currency = $3
"""


@cache
def _held_text(ways: tuple[tuple[bool, bool], ...]) -> str:
    """A column for each instant, $3 and on: what the accounts held before it, reckoned its way."""
    return "SELECT " + ", ".join(
        _held_column(f"${place}::timestamptz", backward=backward, late=late)
        for place, (backward, late) in enumerate(ways, 3)
    )


def _held_column(instant: str, *, backward: bool, late: bool) -> str:
    """What the accounts held before the instant: all days before it, or what they hold now without the days after it.

    `late` takes the instant's own day as a whole and subtracts what came from it on; otherwise what came before it is
    added. Both ends of that part of a day are plain comparisons: of a comparison of rows the planner takes it for a
    part of all the years, for which it starts parallel workers.
    """
    day, begins = f"({instant} AT TIME ZONE 'UTC')::date", f"date_trunc('day', {instant}, 'UTC')"
    days = f"d.day {'>' if backward else '<='} {day}" if late else f"d.day {'>=' if backward else '<'} {day}"
    before, after = (
        f"e.at < {instant} AND e.at >= {begins}",
        f"e.at >= {instant} AND e.at < {begins} + interval '1 day'",
    )
    balances = "SELECT coalesce(sum(a.balance_minor), 0) FROM ledger_accounts a WHERE a.tenant_id = $1"
    return f"""
{f"({balances} AND a.id = ANY ($2::text[]))" if backward else 0}
  {"-" if backward else "+"} (SELECT coalesce(sum(d.amount_minor), 0) FROM ledger_days d
    WHERE d.tenant_id = $1 AND d.account_id = ANY ($2::text[]) AND {days})
  {"-" if late else "+"} (SELECT coalesce(sum(e.amount_minor), 0) FROM ledger_entries e
    WHERE e.tenant_id = $1 AND e.account_id = ANY ($2::text[]) AND {after if late else before})
"""


_MOVED_THEN: Final = """
SELECT coalesce(sum(e.amount_minor), 0)::bigint FROM ledger_entries e
WHERE e.tenant_id = $1 AND e.account_id = ANY ($2::text[]) AND e.at = $3::timestamptz
  AND (e.transfer_id, e.position) < ($4::text, $5::int)
"""
"""What moved at that instant before that place."""

_STATEMENT: Final = """
SELECT p.at, p.transfer_id, p.position, p.amount_minor, p.stripe, t.event, t.claim_id, t.coupon_id, t.redemption_id,
  t.decision_id, t.deposit_movement_id, t.chargeback_id, t.rule_version_id, t.reverses_id
FROM (
  SELECT e.*, a.stripe FROM unnest($2::text[]) WITH ORDINALITY AS a(id, stripe) CROSS JOIN LATERAL (
    SELECT e.at, e.transfer_id, e.position, e.amount_minor FROM ledger_entries e
    WHERE e.tenant_id = $1 AND e.account_id = a.id AND e.at < $6::timestamptz
      AND (e.at, e.transfer_id, e.position) >= ($3::timestamptz, $4::text, $5::int)
    ORDER BY e.at, e.transfer_id, e.position LIMIT $8::int
  ) e ORDER BY e.at, e.transfer_id, e.position LIMIT $7::int
) p JOIN ledger_transfers t ON t.tenant_id = $1 AND t.id = p.transfer_id
ORDER BY p.at, p.transfer_id, p.position
"""
"""The first $7 of all, where the first $8 of each stripe hold them."""

_MORE_THAN_SHARE: Final = 3
_BESIDES: Final = 8
"""Of a hundred lines over sixteen stripes 26 are read of each: one page in a hundred million has more of one stripe."""

_TRANSFERS_PER_BATCH: Final = 2_000

_ENTRIES: Final = f"""
SELECT t.at, e.transfer_id, e.position, t.event, a.name AS account, a.party_id, e.currency, e.amount_minor,
  {", ".join(f"t.{name}" for name in CAUSES)}
FROM (
  SELECT * FROM ledger_transfers t
  WHERE t.tenant_id = $1 AND (t.at, t.id) > ($2::timestamptz, $3::text) AND t.at < $4::timestamptz
  ORDER BY t.at, t.id LIMIT $5::int
) t JOIN ledger_entries e ON e.tenant_id = $1 AND e.transfer_id = t.id
JOIN ledger_accounts a ON a.tenant_id = $1 AND a.id = e.account_id
ORDER BY t.at, t.id, e.position
"""
