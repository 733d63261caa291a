"""Audit: who changed what, when, from what to what, in which request.

Laws: every change of an aggregate has exactly one row (`keep` writes it in the same statement); rows are never changed
or deleted, by nobody (a trigger refuses); personal data and secrets appear as keyed digests only.

How sealing works. Rows are appended unchained, because a chain kept inside each transaction would make all writers of
a tenant queue. A sealer follows: every second it takes a snapshot and chains, per tenant, the rows of all transactions
that ended since the last seal, those that began long ago and ended late among them. Membership is decided by the
transaction number each row carries: a row belongs to the first seal whose snapshot sees it, and since what a stored
snapshot sees never changes, nor does what a seal holds. Whoever alters, removes or inserts a sealed row breaks its
seal.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from asyncpg import Record

from domain.ids import TenantId
from storage.pool import Connection
from storage.tables import Table
from storage.writing import Group, Insert, statement

ROWS: Final = Insert(
    "audit",
    ("id", "at", "actor_id", "action", "object_id", "difference", "request_id"),
)

Digest = Callable[[str | bytes], str]
"""A keyed digest of personal data: equal values have equal digests, and nobody without the key can try values out."""

DIGEST_CHARACTERS: Final = 32
"""128 bits: no two values of one tenant meet by chance."""


def keyed(key: bytes, value: str | bytes) -> str:
    """The keyed digest of a value, HMAC-SHA256, marked so that nobody takes it for the value."""
    message = value.encode() if isinstance(value, str) else value
    return "hmac:" + hmac.new(key, message, hashlib.sha256).hexdigest()[:DIGEST_CHARACTERS]


Row = Mapping[str, Any]
"""A row's columns by name."""


def shown(table: Table[Any], row: Row, digest: Digest) -> Row:
    """The row as history shows it: personal data as digests, secrets (bytes) not at all."""
    if not table.hidden:
        return row
    digests = {name: None if isinstance(row[name], bytes) else _digested(row[name], digest) for name in table.hidden}
    return {**row, **digests}


def difference(table: Table[Any], before: Row | None, after: Row, digest: Digest) -> dict[str, Any]:
    """`{"column": [before, after]}` of the columns that changed; of a new row, those that are not null."""
    pairs: dict[str, Any]
    if before is None:
        pairs = {name: (None, value) for name, value in after.items() if value is not None}
    else:
        pairs = {name: (before[name], value) for name, value in after.items() if before[name] != value}
    for name in table.hidden & pairs.keys():
        pairs[name] = [_digested(value, digest) for value in pairs[name]]
    for name in table.frozen & pairs.keys():
        pairs[name] = [None if value is None else content_digest(value) for value in pairs[name]]
    return pairs


def content_digest(value: Any) -> str:
    """The digest of a large column's content: SHA-256 over its JSON with sorted names, marked so that it shows.

    Whoever has the row can work it out again and see whether it is what was written.
    """
    return "sha256:" + hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _digested(value: Any, digest: Digest) -> str | None:
    return None if value is None else digest(value)


def reading(id: str, at: datetime, actor_id: str, action: str, object_id: str, *, request_id: str) -> Row:
    """A row that records an act which changed nothing: somebody read personal data."""
    return {
        "id": id,
        "at": at,
        "actor_id": actor_id,
        "action": action,
        "object_id": object_id,
        "difference": {},
        "request_id": request_id,
    }


async def append(
    connection: Connection,
    tenant_id: str,
    *,
    id: str,
    at: datetime,
    actor_id: str,
    action: str,
    object_id: str,
    request_id: str,
) -> None:
    """The row of such a reading is written."""
    row = reading(id, at, actor_id, action, object_id, request_id=request_id)
    text, arguments = statement(tenant_id, [Group(ROWS, [row])])
    await connection.fetchval(text, *arguments)


# -- sealing -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Chain:
    """Rows that are sealed, and where: each row has an `id` and says in `written_by` which transaction wrote it.

    `said` is an expression over a row `a`: everything that it says, as one text that no setting of a session changes.
    """

    rows: str
    seals: str
    said: str

    @property
    def digests(self) -> str:
        """The digests of rows, one after the other in the order of their writing."""
        return f"string_agg(sha256(convert_to({self.said}, 'UTF8')), ''::bytea ORDER BY a.written_by, a.id)"


AUDIT: Final = Chain(
    "audit",
    "audit_seals",
    """jsonb_build_array(
  a.id, (extract(epoch FROM a.at) * 1000000)::bigint, a.actor_id, a.action, a.object_id, a.difference, a.request_id,
  a.written_by::text)::text""",
)
"""The audit rows. Every column is sealed."""

LEDGER: Final = Chain(
    "ledger_transfers",
    "ledger_seals",
    """jsonb_build_array(
  jsonb_strip_nulls(to_jsonb(a) - 'at' - 'tenant_id'), (extract(epoch FROM a.at) * 1000000)::bigint,
  (SELECT jsonb_agg(jsonb_build_array(e.position, e.account_id, e.amount_minor, e.currency,
     (extract(epoch FROM e.at) * 1000000)::bigint) ORDER BY e.position)
   FROM ledger_entries e WHERE e.tenant_id = a.tenant_id AND e.transfer_id = a.id))::text""",
)
"""The transfers, each with its entries. A cause that a later release adds is null in what was sealed before it."""

_FIRST_DIGEST: Final = "sha256(convert_to($1::text, 'UTF8'))"
"""What the first seal of a tenant follows: the digest of the tenant's id."""


def _new(since: str, until: str) -> str:
    """Whether snapshot `until` sees the row and `since` (null before the first seal) did not."""
    return (
        f"a.written_by >= coalesce(pg_snapshot_xmin({since}), '0'::xid8) AND a.written_by < pg_snapshot_xmax({until}) "
        f"AND pg_visible_in_snapshot(a.written_by, {until}) "
        f"AND NOT coalesce(pg_visible_in_snapshot(a.written_by, {since}), false)"
    )


_UNSEALED: Final = f"""
SELECT o.tenant_id FROM tenants o
LEFT JOIN LATERAL (SELECT s.snapshot FROM audit_seals s WHERE s.tenant_id = o.tenant_id ORDER BY s.position DESC LIMIT 1
) l ON true
WHERE (SELECT true FROM audit a
       WHERE a.tenant_id = o.tenant_id AND {_new("l.snapshot", "pg_current_snapshot()")} LIMIT 1)
"""
"""A look-up per tenant, where EXISTS would be planned as a join over all rows."""


def _seal(chain: Chain) -> str:
    return f"""
WITH last AS (
  SELECT position, snapshot, digest FROM {chain.seals} WHERE tenant_id = $1 ORDER BY position DESC LIMIT 1
), since AS (
  SELECT coalesce(max(position), 0) AS position, (SELECT snapshot FROM last) AS snapshot,
         coalesce((SELECT digest FROM last), {_FIRST_DIGEST}) AS digest, pg_current_snapshot() AS until
  FROM last
)
INSERT INTO {chain.seals} (tenant_id, position, snapshot, rows, digest, sealed_at)
SELECT $1, since.position + 1, since.until, batch.rows, sha256(since.digest || batch.chained), clock_timestamp()
FROM since CROSS JOIN LATERAL (
  SELECT count(*) AS rows, {chain.digests} AS chained FROM {chain.rows} a
  WHERE a.tenant_id = $1 AND {_new("since.snapshot", "since.until")}
) batch
WHERE batch.rows > 0
RETURNING position, rows, digest
"""


def _seals(chain: Chain) -> str:
    """The seals of a tenant, each with the one before it."""
    return f"""
SELECT position, snapshot, rows, digest, sealed_at, lag(position, 1, 0::bigint) OVER places AS position_before,
       lag(snapshot) OVER places AS snapshot_before, lag(digest, 1, {_FIRST_DIGEST}) OVER places AS digest_before
FROM {chain.seals} WHERE tenant_id = $1 WINDOW places AS (ORDER BY position)
"""


def _broken(chain: Chain) -> str:
    return f"""
WITH seals AS ({_seals(chain)})
SELECT s.position, s.position_before, s.sealed_at, s.rows, batch.rows AS found,
       s.digest = sha256(s.digest_before || coalesce(batch.chained, ''::bytea)) AS unaltered
FROM seals s CROSS JOIN LATERAL (
  SELECT count(*) AS rows, {chain.digests} AS chained FROM {chain.rows} a
  WHERE a.tenant_id = $1 AND {_new("s.snapshot_before", "s.snapshot")}
) batch
WHERE s.position <> s.position_before + 1 OR s.rows <> batch.rows
   OR s.digest <> sha256(s.digest_before || coalesce(batch.chained, ''::bytea))
ORDER BY s.position
"""


def _sealed(chain: Chain) -> str:
    """What the rows of a seal say, in the order in which they are chained."""
    return f"""
WITH seals AS ({_seals(chain)})
SELECT {chain.said} AS said FROM (SELECT * FROM seals WHERE position = $2) s JOIN {chain.rows} a
  ON a.tenant_id = $1 AND {_new("s.snapshot_before", "s.snapshot")}
ORDER BY a.written_by, a.id
"""


@dataclass(frozen=True, slots=True)
class Seal:
    """One link of a tenant's chain; kept outside the database too (in the log), it proves what the chain said then."""

    position: int
    rows: int
    digest: bytes


async def unsealed(connection: Connection) -> list[TenantId]:
    """The tenants that have committed rows without a seal. For the worker's role, which sees all."""
    return [TenantId(row["tenant_id"]) for row in await connection.fetch(_UNSEALED)]


async def seal(connection: Connection, tenant_id: TenantId, chain: Chain = AUDIT) -> Seal | None:
    """All committed rows of the tenant are sealed; None if there was nothing to seal, or another sealer is at it.

    Inside a transaction of its own: the lock that keeps sealers apart ends with it.
    """
    held = f"SELECT pg_try_advisory_xact_lock(hashtextextended('seal:{chain.rows}:' || $1, 0))"
    mine = await connection.fetchval(held, tenant_id)
    row = await connection.fetchrow(_SEAL[chain], tenant_id) if mine else None
    return None if row is None else Seal(row["position"], row["rows"], row["digest"])


async def verify(connection: Connection, tenant_id: TenantId, chain: Chain = AUDIT) -> list[str]:
    """A sentence for each seal that does not fit the rows any more; nothing if none was tampered with."""
    return [_verdict(row, WORDS[chain]) for row in await connection.fetch(_BROKEN[chain], tenant_id)]


async def seals(connection: Connection, tenant_id: TenantId, chain: Chain) -> list[Record]:
    """The tenant's seals in their order: position, rows, digest, sealed_at."""
    text = f"SELECT position, rows, digest, sealed_at FROM {chain.seals} WHERE tenant_id = $1 ORDER BY position"
    return await connection.fetch(text, tenant_id)


async def sealed(connection: Connection, tenant_id: TenantId, chain: Chain, position: int) -> list[str]:
    """What the rows of that seal say, in the order in which they are chained: what an auditor hashes anew."""
    return [row["said"] for row in await connection.fetch(_SEALED[chain], tenant_id, position)]


_SEAL: Final = {chain: _seal(chain) for chain in (AUDIT, LEDGER)}
_BROKEN: Final = {chain: _broken(chain) for chain in (AUDIT, LEDGER)}
_SEALED: Final = {chain: _sealed(chain) for chain in (AUDIT, LEDGER)}
WORDS: Final = {AUDIT: "audit rows", LEDGER: "transfers"}
"""Chain -> what its rows are called."""


def _verdict(row: Record, rows: str) -> str:
    where = f"seal {row['position']} of {row['sealed_at']:%F %T} UTC"
    if row["position"] != row["position_before"] + 1:
        return f"{where}: the seals before it were removed, from {row['position_before'] + 1} on"
    if row["found"] < row["rows"]:
        return f"{where}: {row['rows'] - row['found']} of its {row['rows']} {rows} were removed"
    if row["found"] > row["rows"]:
        return f"{where}: {row['found'] - row['rows']} {rows} were inserted among its {row['rows']}"
    return f"{where}: one of its {row['rows']} {rows}, or the seal itself, was altered"
