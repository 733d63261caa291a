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
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson

from storage.pool import Connection
from storage.tables import Column, Table
from storage.writing import Insert

ROWS: Final = Insert(
    "audit",
    ("id", "at", "actor_id", "action", "object_id", "difference", "request_id"),
    ("text", "timestamptz", "text", "text", "text", "jsonb", "text"),
)

JSON: Final = orjson.OPT_UTC_Z

Digest = Callable[[str | bytes], str]
"""A keyed digest of personal data: equal values have equal digests, and nobody without the key can try values out."""

DIGEST_CHARACTERS: Final = 32
"""128 bits: no two values of one tenant meet by chance."""


def keyed(key: bytes, value: str | bytes) -> str:
    """The keyed digest of a value, HMAC-SHA256, marked so that nobody takes it for the value."""
    message = value.encode() if isinstance(value, str) else value
    return "hmac:" + hmac.new(key, message, hashlib.sha256).hexdigest()[:DIGEST_CHARACTERS]


def shown(table: Table[Any], values: Sequence[Any], digest: Digest) -> dict[str, Any]:
    """The columns of a row as audit and history show them, ready for `orjson`."""
    return {column.name: show(column, value, digest) for column, value in zip(table.columns, values, strict=True)}


def difference(table: Table[Any], before: Sequence[Any] | None, after: Sequence[Any], digest: Digest) -> dict[str, Any]:
    """`{"column": [before, after]}` of the columns that changed; of a new row, those that are not null."""
    if before is None:
        return {
            column.name: (None, show(column, value, digest))
            for column, value in zip(table.columns, after, strict=True)
            if value is not None
        }
    return {
        column.name: (show(column, old, digest), show(column, new, digest))
        for column, old, new in zip(table.columns, before, after, strict=True)
        if old != new
    }


def show(column: Column, value: Any, digest: Digest) -> Any:
    """One value as audit and history show it."""
    if value is None:
        return None
    if column.hidden:
        return digest(value)
    return orjson.Fragment(value) if column.sql_type == "jsonb" else value


def text(members: Mapping[str, Any]) -> str:
    """JSON of what `shown` and `difference` give."""
    return orjson.dumps(members, default=str, option=JSON).decode()


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
    """A row that records an act which changed nothing: somebody read personal data."""
    await connection.fetch(
        f"INSERT INTO audit (tenant_id, {', '.join(ROWS.names)}) VALUES ($1, $2, $3, $4, $5, $6, '{{}}', $7)",
        tenant_id, id, at, actor_id, action, object_id, request_id,
    )  # fmt: skip


LAST_SEAL: Final = "SELECT * FROM audit_seals WHERE tenant_id = $1 ORDER BY position DESC LIMIT 1"
