"""What a doctor asks of the books: laws that hold in every marketplace at every moment, each shown with its figures.

A law looks at all rows by itself, whatever was kept as they were written: sums against entries, entries against their
transfers, coupons, recoveries and deposits against what was booked of them. Nothing here writes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg

from domain.ids import TenantId
from domain.ledger import NEVER_CREDIT, NEVER_DEBIT
from storage import audit, chargebacks, fees, losses, party_statements
from storage.pool import Connection

ONE_MOMENT: Final = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0; SET LOCAL work_mem = '128MB'"
)
"""What is read statement after statement while others write, is read as of one instant; it may take its time."""

BROKEN_MAX: Final = 100
"""So many things that break a law are named; one is enough to stop, a hundred to see a pattern."""


@dataclass(frozen=True, slots=True)
class Law:
    """One law: what it says, of which currency ('' where it is of none), its figures, and what breaks it."""

    name: str
    currency: str
    figures: tuple[tuple[str, int], ...]
    broken: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing breaks it."""
        return not self.broken


async def laws(connection: Connection, tenant_id: TenantId) -> list[Law]:
    """Every law of the tenant's books with its figures. Inside a transaction begun by `ONE_MOMENT`."""
    return [
        *await _sums(connection, tenant_id),
        await _transfers(connection, tenant_id),
        *await _coupons(connection, tenant_id),
        await _given(connection, tenant_id, "refunds = their transfers, clearing = what is to be paid", _REFUNDS),
        await _given(connection, tenant_id, "reserved of a coupon = held by checkouts", _RESERVATIONS),
        await _given(connection, tenant_id, "remedies = their coupon or refund", _REMEDIES),
        await _given(connection, tenant_id, "drawn on a loss = its movements, at most its ceiling", _EXPOSURES),
        await _given(connection, tenant_id, "chargebacks hold, cover and draw what was booked", chargebacks.LAW),
        await _given(connection, tenant_id, "fees of plans and inspections = their transfers", fees.LAW),
        await _given(connection, tenant_id, "shares of parties = their part of each coupon and refund", losses.SHARES),
        await _given(
            connection, tenant_id, "recovered + charged = accepted + reimbursed + due from parties", losses.BORNE
        ),
        *await _parties(connection, tenant_id),
        await _recoveries(connection, tenant_id),
        await _papers(connection, tenant_id),
        await _statements(connection, tenant_id),
        *await _deposits(connection, tenant_id),
        *await _carriers(connection, tenant_id),
        *await _sides(connection, tenant_id),
    ]


async def faults(connection: Connection, tenant_id: TenantId) -> list[str]:
    """A sentence for everything that breaks a law; nothing when all is well."""
    return [f"{law.name}: {each}" for law in await laws(connection, tenant_id) for each in law.broken]


async def chain(connection: Connection, tenant_id: TenantId, of: audit.Chain = audit.AUDIT) -> Law:
    """That nobody altered, removed or inserted audit rows, or transfers with their entries."""
    row = await connection.fetchrow(
        f"SELECT count(*) AS seals, coalesce(sum(rows), 0)::bigint AS rows FROM {of.seals} WHERE tenant_id = $1",
        tenant_id,
    )
    figures = (("seals", row["seals"]), ("rows sealed", row["rows"])) if row else ()
    name = "the audit chain is unbroken" if of is audit.AUDIT else "the chain of transfers is unbroken"
    return Law(name, "", figures, tuple(await audit.verify(connection, tenant_id, of)))


async def _sums(connection: Connection, tenant_id: TenantId) -> list[Law]:
    rows = await connection.fetch(_SUMS, tenant_id, BROKEN_MAX)
    zero = [
        Law(
            "entries sum to zero",
            row["currency"],
            (("debits", int(row["one"])), ("credits", int(row["other"]))),
            () if row["one"] == row["other"] else (f"debits {row['one']} against credits {row['other']}",),
        )
        for row in rows
        if row["kind"] == "zero"
    ]
    counted = next(row for row in rows if row["kind"] == "count")
    return [
        *zero,
        Law(
            "balances equal their entries",
            "",
            (("accounts", int(counted["one"])),),
            _told(rows, "account", "balance of {what} is {one}, its entries sum to {other}"),
        ),
        Law(
            "days equal their entries",
            "",
            (("days of accounts", int(counted["other"])),),
            _told(rows, "day", "{what} says {one}, its entries sum to {other}"),
        ),
    ]


async def _transfers(connection: Connection, tenant_id: TenantId) -> Law:
    count = await connection.fetchval("SELECT count(*) FROM ledger_transfers WHERE tenant_id = $1", tenant_id)
    rows = await connection.fetch(_TRANSFERS, tenant_id, BROKEN_MAX)
    broken = tuple(f"{row['id']}: {row['fault']}" for row in rows)
    return Law("every transfer balances", "", (("transfers", count),), broken)


async def _coupons(connection: Connection, tenant_id: TenantId) -> list[Law]:
    rows = await connection.fetch(_COUPONS, tenant_id, BROKEN_MAX)
    found = []
    for row in rows:
        if row["id"] is not None:
            continue
        names = ("issued", "redeemed", "expired", "revoked", "outstanding")
        whole = {name: int(row[name]) for name in names}
        rest = whole["issued"] - sum(whole[name] for name in names[1:])
        broken = [
            f"coupon {each['id']}: issued {each['issued']} (booked {each['booked_issued']}), "
            f"redeemed {each['redeemed']} (booked {each['booked_redeemed']}), "
            f"expired {each['expired']} (booked {each['booked_expired']}), "
            f"revoked {each['revoked']} (booked {each['booked_revoked']}), outstanding {each['outstanding']}"
            for each in rows
            if each["id"] is not None and each["currency"] == row["currency"]
        ]
        if rest:
            broken.append(f"{rest} minor units are in none of them")
        found.append(
            Law(
                "issued = redeemed + expired + revoked + outstanding",
                row["currency"],
                tuple(whole.items()),
                tuple(broken),
            )
        )
        liability = int(row["liability"])
        differs = f"the account holds {liability}, coupons {whole['outstanding']}"
        found.append(
            Law(
                "coupon liability = outstanding",
                row["currency"],
                (("coupon liability", liability), ("outstanding", whole["outstanding"])),
                () if liability == whole["outstanding"] else (differs,),
            )
        )
    return found


async def _given(connection: Connection, tenant_id: TenantId, name: str, text: str) -> Law:
    """A law of what buyers are given: its statement says how many things it looked at, and which of them break it."""
    row = await connection.fetchrow(text, tenant_id, BROKEN_MAX)
    assert row is not None
    return Law(name, "", (("looked at", int(row["looked_at"])),), tuple(row["broken"] or ()))


async def _parties(connection: Connection, tenant_id: TenantId) -> list[Law]:
    rows = await connection.fetch(_PARTIES, tenant_id, BROKEN_MAX)
    found = []
    for row in (row for row in rows if row["party_id"] is None):
        names = ("receivable", "due", "netted", "paid", "drawn", "written_off", "returned")
        off = [each for each in rows if each["party_id"] is not None and each["currency"] == row["currency"]]
        found.append(
            Law(
                "receivable = due - netted - paid - drawn - written off + returned",
                row["currency"],
                tuple((name.replace("_", " "), int(row[name])) for name in names),
                tuple(
                    f"PARTY_RECEIVABLE of {each['party_id']}: {each['receivable']} against due {each['due']} "
                    f"- netted {each['netted']} - paid {each['paid']} - drawn {each['drawn']} "
                    f"- written off {each['written_off']} + returned {each['returned']}"
                    for each in off
                    if each["receivable"] != each["outstanding"]
                ),
            )
        )
        found.append(
            Law(
                "contingent account = contingent recoveries",
                row["currency"],
                (("contingent", int(row["contingent"])), ("recoveries", int(row["may_fall_due"]))),
                tuple(
                    f"CONTINGENT of {each['party_id']}: {each['contingent']} against {each['may_fall_due']}"
                    for each in off
                    if each["contingent"] != each["may_fall_due"]
                ),
            )
        )
        found.append(
            Law(
                "drawn of recoveries = drawn of deposits",
                row["currency"],
                (("recoveries", int(row["drawn"])), ("deposits", int(row["moved"]))),
                tuple(
                    f"drawn from the deposit of {each['party_id']}: {each['moved']}, of what it owed {each['drawn']}"
                    for each in off
                    if each["drawn"] != each["moved"]
                ),
            )
        )
    return found


async def _recoveries(connection: Connection, tenant_id: TenantId) -> Law:
    count = await connection.fetchval("SELECT count(*) FROM recoveries WHERE tenant_id = $1", tenant_id)
    rows = await connection.fetch(_RECOVERIES, tenant_id, BROKEN_MAX)
    broken = tuple(
        f"{row['id']}: {row['held']} (contingent, due, netted, paid, written off, returned), booked {row['booked']}"
        for row in rows
    )
    return Law("amounts of each recovery = its transfers", "", (("recoveries", count),), broken)


async def _papers(connection: Connection, tenant_id: TenantId) -> Law:
    count = await connection.fetchrow(_PAPERS_COUNTED, tenant_id)
    assert count is not None
    rows = await connection.fetch(_PAPERS, tenant_id, BROKEN_MAX)
    broken = tuple(f"{row['id']}: {row['held']}, booked {row['booked']}" for row in rows)
    return Law("payouts, payments and invoices = their transfers and lines", "", tuple(count.items()), broken)


async def _statements(connection: Connection, tenant_id: TenantId) -> Law:
    months, broken = await party_statements.faults(connection, tenant_id)
    return Law("statements of parties add up to their accounts", "", (("months", months),), tuple(broken))


async def _deposits(connection: Connection, tenant_id: TenantId) -> list[Law]:
    rows = await connection.fetch(_DEPOSITS, tenant_id)
    return [
        Law(
            "deposits = movements = account",
            row["currency"],
            (("held", int(row["held"])), ("movements", int(row["moved"])), ("account", int(row["booked"]))),
            tuple(row["broken"] or ()),
        )
        for row in rows
    ]


async def _carriers(connection: Connection, tenant_id: TenantId) -> list[Law]:
    rows = await connection.fetch(_CARRIERS, tenant_id)
    return [
        Law(
            "what carriers owe = accepted - collected - written off",
            row["currency"],
            (("cases", int(row["owed"])), ("account", int(row["booked"])), ("payments", int(row["paid"]))),
            (
                *(() if row["owed"] == row["booked"] else (f"cases say {row['owed']}, the account {row['booked']}",)),
                *(() if row["collected"] == row["paid"] else (f"collected {row['collected']}, paid {row['paid']}",)),
            ),
        )
        for row in rows
    ]


async def _sides(connection: Connection, tenant_id: TenantId) -> list[Law]:
    rows = await connection.fetch(_SIDES, tenant_id, sorted(NEVER_DEBIT), sorted(NEVER_CREDIT))
    broken = tuple(
        f"{row['name']}{' of ' + row['party_id'] if row['party_id'] else ''} holds {row['minor']} {row['currency']}"
        for row in rows
        if row["wrong"]
    )
    return [Law("no negative balance where forbidden", "", (("accounts", len(rows)),), broken[:BROKEN_MAX])]


def _told(rows: Sequence[asyncpg.Record], kind: str, sentence: str) -> tuple[str, ...]:
    return tuple(
        sentence.format(what=row["what"], one=row["one"], other=row["other"]) for row in rows if row["kind"] == kind
    )


_SUMS: Final = """
WITH counted AS MATERIALIZED (
  SELECT account_id, (at AT TIME ZONE 'UTC')::date AS day, currency, sum(amount_minor) AS minor,
    sum(amount_minor) FILTER (WHERE amount_minor > 0) AS debits,
    -sum(amount_minor) FILTER (WHERE amount_minor < 0) AS credits
  FROM ledger_entries WHERE tenant_id = $1 GROUP BY 1, 2, 3
), accounts AS (
  SELECT account_id, currency, sum(minor) AS minor FROM counted GROUP BY 1, 2
)
SELECT 'zero' AS kind, currency, '' AS what, coalesce(sum(debits), 0) AS one, coalesce(sum(credits), 0) AS other
FROM counted GROUP BY currency
UNION ALL
SELECT 'count', '', '', (SELECT count(*) FROM ledger_accounts WHERE tenant_id = $1), (SELECT count(*) FROM counted)
UNION ALL
(SELECT 'account', coalesce(a.currency, c.currency),
   concat_ws(' ', coalesce(a.id, c.account_id), a.name, 'of ' || a.party_id), a.balance_minor, coalesce(c.minor, 0)
 FROM (SELECT * FROM ledger_accounts WHERE tenant_id = $1) a
 FULL JOIN accounts c ON c.account_id = a.id AND c.currency = a.currency
 WHERE a.balance_minor IS DISTINCT FROM coalesce(c.minor, 0) LIMIT $2)
UNION ALL
(SELECT 'day', coalesce(d.currency, c.currency),
   coalesce(d.account_id, c.account_id) || ' on ' || coalesce(d.day, c.day), d.amount_minor, coalesce(c.minor, 0)
 FROM (SELECT * FROM ledger_days WHERE tenant_id = $1) d
 FULL JOIN counted c ON c.account_id = d.account_id AND c.day = d.day AND c.currency = d.currency
 WHERE d.amount_minor IS DISTINCT FROM coalesce(c.minor, 0) LIMIT $2)
"""

_TRANSFERS: Final = """
SELECT coalesce(t.id, e.transfer_id) AS id, CASE
  WHEN t.id IS NULL THEN 'its entries have no transfer'
  WHEN e.transfer_id IS NULL THEN 'it has no entries'
  WHEN e.minor <> 0 THEN 'its entries sum to ' || e.minor || ' ' || e.currency
  ELSE 'its entries are of another instant' END AS fault
FROM (SELECT id, at FROM ledger_transfers WHERE tenant_id = $1) t
FULL JOIN (
  SELECT transfer_id, currency, sum(amount_minor) AS minor, min(at) AS first, max(at) AS last
  FROM ledger_entries WHERE tenant_id = $1 GROUP BY 1, 2
) e ON e.transfer_id = t.id
WHERE t.id IS NULL OR e.transfer_id IS NULL OR e.minor <> 0 OR e.first <> t.at OR e.last <> t.at LIMIT $2
"""

_COUPONS: Final = """
WITH booked AS (
  SELECT t.coupon_id, e.currency,
    coalesce(-sum(e.amount_minor) FILTER (WHERE t.event = 'COUPON_ISSUED'), 0) AS issued,
    coalesce(sum(e.amount_minor) FILTER (WHERE t.event IN ('COUPON_REDEEMED', 'REDEMPTION_REVERSED')), 0) AS redeemed,
    coalesce(sum(e.amount_minor) FILTER (WHERE t.event = 'COUPON_RELEASED'), 0) AS expired,
    coalesce(sum(e.amount_minor) FILTER (WHERE t.event IN ('COUPON_REVOKED', 'COUPON_RESTORED')), 0) AS revoked
  FROM ledger_accounts a JOIN ledger_entries e ON e.tenant_id = a.tenant_id AND e.account_id = a.id
  JOIN ledger_transfers t ON t.tenant_id = e.tenant_id AND t.id = e.transfer_id
  WHERE a.tenant_id = $1 AND a.name = 'BUYER_COUPON_LIABILITY' GROUP BY 1, 2
), spent AS (
  SELECT coupon_id, sum(amount_minor) AS minor FROM redemptions
  WHERE tenant_id = $1 AND reversed_at IS NULL GROUP BY 1
), held AS MATERIALIZED (
  SELECT coalesce(c.id, b.coupon_id, 'that no transfer names') AS id, coalesce(c.currency, b.currency) AS currency,
    coalesce(c.amount_minor, 0) AS issued, coalesce(c.used_minor, 0) AS redeemed, coalesce(s.minor, 0) AS spent,
    CASE c.state WHEN 'EXPIRED' THEN c.amount_minor - c.used_minor ELSE 0 END AS expired,
    CASE c.state WHEN 'REVOKED' THEN c.amount_minor - c.used_minor ELSE 0 END AS revoked,
    CASE WHEN c.state IN ('ACTIVE', 'PARTLY_USED') THEN c.amount_minor - c.used_minor ELSE 0 END AS outstanding,
    coalesce(b.issued, 0) AS booked_issued, coalesce(b.redeemed, 0) AS booked_redeemed,
    coalesce(b.expired, 0) AS booked_expired, coalesce(b.revoked, 0) AS booked_revoked
  FROM (SELECT * FROM coupons WHERE tenant_id = $1) c
  FULL JOIN booked b ON b.coupon_id = c.id AND b.currency = c.currency
  LEFT JOIN spent s ON s.coupon_id = c.id
)
SELECT NULL AS id, h.currency, sum(issued) AS issued, sum(redeemed) AS redeemed, sum(expired) AS expired,
  sum(revoked) AS revoked, sum(outstanding) AS outstanding, 0::numeric AS booked_issued, 0::numeric AS booked_redeemed,
  0::numeric AS booked_expired, 0::numeric AS booked_revoked,
  -coalesce((SELECT sum(a.balance_minor) FROM ledger_accounts a
    WHERE a.tenant_id = $1 AND a.name = 'BUYER_COUPON_LIABILITY' AND a.currency = h.currency), 0) AS liability
FROM held h GROUP BY h.currency
UNION ALL
(SELECT id, currency, issued, redeemed, expired, revoked, outstanding, booked_issued, booked_redeemed, booked_expired,
  booked_revoked, 0
 FROM held
 WHERE (issued, redeemed, redeemed, expired, revoked) <> (booked_issued, booked_redeemed, spent, booked_expired,
   booked_revoked)
   OR issued <> redeemed + expired + revoked + outstanding
 LIMIT $2)
"""

_REFUNDS: Final = """
WITH booked AS (
  SELECT t.refund_id, sum(-e.amount_minor) FILTER (WHERE t.event = 'REFUND_DECIDED') AS decided,
    coalesce(sum(e.amount_minor) FILTER (WHERE t.event = 'REFUND_PAID'), 0) AS paid,
    coalesce(sum(e.amount_minor) FILTER (WHERE t.event = 'REFUND_CANCELLED'), 0) AS cancelled
  FROM ledger_accounts a JOIN ledger_entries e ON e.tenant_id = a.tenant_id AND e.account_id = a.id
  JOIN ledger_transfers t ON t.tenant_id = e.tenant_id AND t.id = e.transfer_id
  WHERE a.tenant_id = $1 AND a.name = 'REFUND_CLEARING' AND t.refund_id IS NOT NULL GROUP BY 1
), off AS (
  SELECT r.id || ' is ' || r.state || ' with ' || r.amount_minor || ', booked ' || concat_ws(' ', b.decided, b.paid,
    b.cancelled) AS what
  FROM (SELECT * FROM refunds WHERE tenant_id = $1) r FULL JOIN booked b ON b.refund_id = r.id
  WHERE (b.decided, b.paid, b.cancelled) IS DISTINCT FROM (r.amount_minor::numeric,
    CASE r.state WHEN 'PAID' THEN r.amount_minor ELSE 0 END::numeric,
    CASE r.state WHEN 'CANCELLED' THEN r.amount_minor ELSE 0 END::numeric) LIMIT $2
)
SELECT (SELECT count(*) FROM refunds WHERE tenant_id = $1) AS looked_at, (SELECT array_agg(what) FROM off) AS broken
"""

_RESERVATIONS: Final = """
WITH held AS (
  SELECT coupon_id, sum(amount_minor - captured_minor) FILTER (WHERE state = 'HELD') AS minor
  FROM coupon_reservations WHERE tenant_id = $1 GROUP BY 1
), captured AS (
  SELECT reservation_id, sum(amount_minor) AS minor FROM redemptions
  WHERE tenant_id = $1 AND reservation_id IS NOT NULL GROUP BY 1
), off AS (
  (SELECT k.id || ' has ' || k.reserved_minor || ' reserved, checkouts hold ' || coalesce(h.minor, 0) AS what
   FROM coupons k LEFT JOIN held h ON h.coupon_id = k.id
   WHERE k.tenant_id = $1 AND k.reserved_minor <> coalesce(h.minor, 0) LIMIT $2)
  UNION ALL
  (SELECT r.id || ' says ' || r.captured_minor || ' captured, redemptions ' || coalesce(c.minor, 0)
   FROM coupon_reservations r LEFT JOIN captured c ON c.reservation_id = r.id
   WHERE r.tenant_id = $1 AND r.captured_minor <> coalesce(c.minor, 0) LIMIT $2)
)
SELECT (SELECT count(*) FROM coupon_reservations WHERE tenant_id = $1) AS looked_at,
  (SELECT array_agg(what) FROM off) AS broken
"""
"""What was captured stays so when its order is cancelled: the redemption is reversed, not the capture."""

_REMEDIES: Final = """
WITH awarded AS (
  SELECT coalesce(coupon_id, refund_id) AS id, sum(amount_minor) AS minor FROM remedies
  WHERE tenant_id = $1 AND amount_minor > 0 GROUP BY 1
), given AS (
  SELECT id, amount_minor AS minor FROM coupons WHERE tenant_id = $1 AND goodwill_id IS NULL
  UNION ALL
  SELECT id, amount_minor FROM refunds WHERE tenant_id = $1 AND goodwill_id IS NULL
), off AS (
  SELECT a.id || ': remedies of ' || a.minor || ', given ' || coalesce(g.minor, 0) AS what
  FROM awarded a LEFT JOIN given g ON g.id = a.id WHERE a.minor IS DISTINCT FROM g.minor LIMIT $2
)
SELECT (SELECT count(*) FROM remedies WHERE tenant_id = $1) AS looked_at, (SELECT array_agg(what) FROM off) AS broken
"""

_EXPOSURES: Final = """
WITH moved AS (
  SELECT exposure_id, sum(net) AS minor, bool_or(net < 0) AS below FROM (
    SELECT exposure_id, subject_id, sum(amount_minor) AS net FROM exposure_movements
    WHERE tenant_id = $1 GROUP BY 1, 2) m GROUP BY 1
), off AS (
  SELECT x.id || ' of ' || x.line_id || ' has ' || x.drawn_minor || ' of ' || x.ceiling_minor || ' drawn, moved '
    || coalesce(m.minor, 0) AS what
  FROM exposures x LEFT JOIN moved m ON m.exposure_id = x.id
  WHERE x.tenant_id = $1
    AND (x.drawn_minor <> coalesce(m.minor, 0) OR x.drawn_minor > x.ceiling_minor OR coalesce(m.below, false)) LIMIT $2
)
SELECT (SELECT count(*) FROM exposures WHERE tenant_id = $1) AS looked_at, (SELECT array_agg(what) FROM off) AS broken
"""

_PARTIES: Final = """
WITH sides AS (
  SELECT a.party_id, a.currency, CASE a.name WHEN 'PARTY_RECEIVABLE' THEN a.balance_minor ELSE 0 END AS receivable,
    CASE a.name WHEN 'CONTINGENT' THEN a.balance_minor ELSE 0 END AS contingent, 0 AS due, 0 AS may_fall_due,
    0 AS netted, 0 AS paid, 0 AS drawn, 0 AS written_off, 0 AS returned, 0 AS moved
  FROM ledger_accounts a WHERE a.tenant_id = $1 AND a.name IN ('PARTY_RECEIVABLE', 'CONTINGENT')
  UNION ALL
  SELECT coalesce(supplier_id, provider_id), currency, 0, 0, due_minor, contingent_minor, netted_minor, paid_minor,
    drawn_minor, written_off_minor, returned_minor, 0
  FROM recoveries WHERE tenant_id = $1
  UNION ALL
  SELECT provider_id, currency, 0, 0, 0, 0, 0, 0, 0, 0, 0, amount_minor
  FROM deposit_movements WHERE tenant_id = $1 AND kind = 'DRAWN'
), parties AS MATERIALIZED (
  SELECT party_id, currency, sum(receivable) AS receivable, sum(contingent) AS contingent, sum(due) AS due,
    sum(may_fall_due) AS may_fall_due, sum(netted) AS netted, sum(paid) AS paid, sum(drawn) AS drawn,
    sum(written_off) AS written_off, sum(returned) AS returned, sum(moved) AS moved,
    sum(due - netted - paid - drawn - written_off + returned) AS outstanding
  FROM sides GROUP BY 1, 2
)
SELECT NULL AS party_id, currency, sum(receivable) AS receivable, sum(contingent) AS contingent, sum(due) AS due,
  sum(may_fall_due) AS may_fall_due, sum(netted) AS netted, sum(paid) AS paid, sum(drawn) AS drawn,
  sum(written_off) AS written_off, sum(returned) AS returned, sum(moved) AS moved, sum(outstanding) AS outstanding
FROM parties GROUP BY currency
UNION ALL
(SELECT * FROM parties WHERE receivable <> outstanding OR contingent <> may_fall_due OR drawn <> moved LIMIT $2)
"""

_RECOVERIES: Final = """
WITH booked AS (
  SELECT coalesce(t.recovery_id, r.id, CASE t.event WHEN 'DEPOSIT_DRAWN' THEN NULL ELSE t.id END) AS id,
    coalesce(sum(e.amount_minor) FILTER (WHERE a.name = 'CONTINGENT'), 0) AS contingent,
    coalesce(sum(e.amount_minor) FILTER (WHERE a.name = 'PARTY_RECEIVABLE' AND t.event NOT IN ('RECOVERY_NETTED',
      'RECOVERY_PAID', 'RECOVERY_WRITTEN_OFF', 'WRITE_OFF_REVERSED', 'RECOVERY_RETURNED', 'DEPOSIT_DRAWN')), 0) AS due,
    coalesce(-sum(e.amount_minor) FILTER (WHERE a.name = 'PARTY_RECEIVABLE' AND t.event = 'RECOVERY_NETTED'), 0)
      AS netted,
    coalesce(-sum(e.amount_minor) FILTER (WHERE a.name = 'PARTY_RECEIVABLE' AND t.event = 'RECOVERY_PAID'), 0) AS paid,
    coalesce(-sum(e.amount_minor) FILTER (WHERE a.name = 'PARTY_RECEIVABLE'
      AND t.event IN ('RECOVERY_WRITTEN_OFF', 'WRITE_OFF_REVERSED')), 0) AS written_off,
    coalesce(sum(e.amount_minor) FILTER (WHERE a.name = 'PARTY_RECEIVABLE' AND t.event = 'RECOVERY_RETURNED'), 0)
      AS returned
  FROM ledger_accounts a JOIN ledger_entries e ON e.tenant_id = a.tenant_id AND e.account_id = a.id
  JOIN ledger_transfers t ON t.tenant_id = e.tenant_id AND t.id = e.transfer_id
  LEFT JOIN recoveries r ON r.tenant_id = t.tenant_id AND r.coupon_id = t.coupon_id AND t.recovery_id IS NULL
    AND r.position = 1
  WHERE a.tenant_id = $1 AND a.name IN ('PARTY_RECEIVABLE', 'CONTINGENT') AND t.membership_id IS NULL GROUP BY 1
)
SELECT coalesce(r.id, b.id || ', which names no recovery') AS id,
  concat_ws(' ', r.contingent_minor, r.due_minor, r.netted_minor, r.paid_minor, r.written_off_minor, r.returned_minor)
    AS held,
  concat_ws(' ', b.contingent, b.due, b.netted, b.paid, b.written_off, b.returned) AS booked
FROM (SELECT * FROM recoveries WHERE tenant_id = $1) r
FULL JOIN (SELECT * FROM booked WHERE id IS NOT NULL) b ON b.id = r.id
WHERE (r.contingent_minor, r.due_minor, r.netted_minor, r.paid_minor, r.written_off_minor, r.returned_minor)
  IS DISTINCT FROM (coalesce(b.contingent, 0), coalesce(b.due, 0), coalesce(b.netted, 0), coalesce(b.paid, 0),
    coalesce(b.written_off, 0), coalesce(b.returned, 0)) LIMIT $2
"""
"""Draws of the time before debts were named are of no recovery: they are held to deposits, per party."""

_PAPERS_COUNTED: Final = """
SELECT (SELECT count(*) FROM payouts WHERE tenant_id = $1) AS payouts,
  (SELECT count(*) FROM party_payments WHERE tenant_id = $1) AS payments,
  (SELECT count(*) FROM invoices WHERE tenant_id = $1) AS invoices
"""

_PAPERS: Final = """
(SELECT 'payouts: ' || p.id AS id,
   concat_ws(' ', p.announced_minor, p.netted_minor, p.returned_minor, CASE p.state WHEN 'PAID' THEN p.payable_minor
     ELSE 0 END) AS held,
   concat_ws(' ', b.announced, b.netted, b.returned, b.paid) AS booked
 FROM payouts p CROSS JOIN LATERAL (
   SELECT coalesce(-sum(e.amount_minor) FILTER (WHERE t.event = 'PAYOUT_ANNOUNCED'), 0) AS announced,
     coalesce(sum(e.amount_minor) FILTER (WHERE t.event = 'RECOVERY_NETTED'), 0) AS netted,
     coalesce(-sum(e.amount_minor) FILTER (WHERE t.event = 'RECOVERY_RETURNED'), 0) AS returned,
     coalesce(sum(e.amount_minor) FILTER (WHERE t.event = 'PAYOUT_PAID'), 0) AS paid
   FROM ledger_transfers t JOIN ledger_entries e ON e.tenant_id = t.tenant_id AND e.transfer_id = t.id
   JOIN ledger_accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id AND a.name = 'PARTY_PAYABLE'
   WHERE t.tenant_id = p.tenant_id AND t.payout_id = p.id
 ) b
 WHERE p.tenant_id = $1 AND (p.announced_minor, p.netted_minor, p.returned_minor, CASE p.state WHEN 'PAID'
   THEN p.payable_minor ELSE 0 END) <> (b.announced, b.netted, b.returned, b.paid) LIMIT $2)
UNION ALL
(SELECT 'payments: ' || p.id, p.amount_minor::text, b.paid::text
 FROM party_payments p CROSS JOIN LATERAL (
   SELECT coalesce(-sum(e.amount_minor), 0) AS paid
   FROM ledger_transfers t JOIN ledger_entries e ON e.tenant_id = t.tenant_id AND e.transfer_id = t.id
   JOIN ledger_accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id AND a.name = 'PARTY_RECEIVABLE'
   WHERE t.tenant_id = p.tenant_id AND t.party_payment_id = p.id
 ) b WHERE p.tenant_id = $1 AND p.amount_minor <> b.paid LIMIT $2)
UNION ALL
(SELECT 'invoices: ' || i.id, i.total_minor || ' open ' || i.remaining_minor, l.total || ' open ' || l.open
 FROM invoices i CROSS JOIN LATERAL (
   SELECT coalesce(sum(amount_minor), 0) AS total, coalesce(sum(amount_minor - settled_minor), 0) AS open
   FROM invoice_lines l WHERE l.tenant_id = i.tenant_id AND l.invoice_id = i.id
 ) l WHERE i.tenant_id = $1 AND (i.total_minor, i.remaining_minor) <> (l.total, l.open) LIMIT $2)
"""

_DEPOSITS: Final = """
WITH held AS (
  SELECT d.id, d.currency, d.held_minor,
    coalesce((SELECT sum(CASE m.kind WHEN 'RECEIVED' THEN m.amount_minor ELSE -m.amount_minor END)
      FROM deposit_movements m WHERE m.tenant_id = d.tenant_id AND m.deposit_id = d.id), 0) AS moved,
    -coalesce((SELECT sum(a.balance_minor) FROM ledger_accounts a WHERE a.tenant_id = d.tenant_id
      AND a.name = 'DEPOSIT_HELD' AND a.party_id = d.provider_id AND a.currency = d.currency), 0) AS booked
  FROM deposits d WHERE d.tenant_id = $1
)
SELECT currency, sum(held_minor) AS held, sum(moved) AS moved, sum(booked) AS booked,
  array_agg('deposit ' || id || ': held ' || held_minor || ', movements ' || moved || ', account ' || booked)
    FILTER (WHERE held_minor <> moved OR held_minor <> booked) AS broken
FROM held GROUP BY currency
"""

_CARRIERS: Final = """
WITH cases AS (
  SELECT currency, sum(accepted_minor - collected_minor - written_off_minor) AS owed, sum(collected_minor) AS collected
  FROM carrier_claims WHERE tenant_id = $1 GROUP BY currency
), accounts AS (
  SELECT currency, sum(balance_minor) AS booked FROM ledger_accounts
  WHERE tenant_id = $1 AND name = 'CARRIER_RECEIVABLE' GROUP BY currency
), payments AS (
  SELECT currency, sum(amount_minor) AS paid FROM carrier_payments WHERE tenant_id = $1 GROUP BY currency
)
SELECT currency, coalesce(owed, 0) AS owed, coalesce(collected, 0) AS collected, coalesce(booked, 0) AS booked,
  coalesce(paid, 0) AS paid
FROM cases FULL JOIN accounts USING (currency) FULL JOIN payments USING (currency) ORDER BY currency
"""

_SIDES: Final = """
SELECT name, party_id, currency, sum(balance_minor) AS minor,
  CASE WHEN name = ANY ($2::text[]) THEN sum(balance_minor) > 0 ELSE sum(balance_minor) < 0 END AS wrong
FROM ledger_accounts WHERE tenant_id = $1 AND (name = ANY ($2::text[]) OR name = ANY ($3::text[]))
GROUP BY name, party_id, currency ORDER BY name, party_id, currency
"""
