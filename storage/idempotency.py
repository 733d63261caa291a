"""Idempotency: the same call, sent twice, has its effect once and its outcome twice.

How it works. The key's row is taken before anything else, in the transaction of the act itself. If the act commits, so
does the row, with the outcome; if it is refused or dies, the row is gone with it and the key is free. A twin that comes
while the first is at work waits on the row, at most as long as the transaction's lock timeout.

Laws: scope is actor, mutation and key; an outcome holds ids, versions and plain facts, never secrets and never
refusals; a repeat with other input is refused; rows are kept for thirty days of real time.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
import orjson

from domain.errors import Conflict, ErrorCode
from domain.ids import TenantId
from storage.pool import Connection
from storage.writing import Update

KEPT_DAYS: Final = 30

ROWS: Final = Update("idempotency_keys", ("actor_id", "mutation", "key", "outcome"), keys=3)

_TAKE = """
WITH taken AS (
  INSERT INTO idempotency_keys (tenant_id, actor_id, mutation, key, fingerprint, created_at)
  VALUES ($1, $2, $3, $4, $5, clock_timestamp())
  ON CONFLICT DO NOTHING RETURNING 1
)
SELECT tenant_now(t) AS at, t.digest_key, t.market, t.claim_profile, EXISTS (SELECT FROM taken) AS taken
FROM tenants t WHERE t.tenant_id = $1
"""


FREE: Final = """
DELETE FROM idempotency_keys
WHERE tenant_id = $1 AND actor_id = $2 AND mutation = $3 AND key = $4 AND outcome IS NULL
"""
"""The key that this transaction took is free again. A committed one has its outcome and is not touched."""


@dataclass(frozen=True, slots=True)
class Key:
    """What the client calls its wish, and a digest of the wish itself."""

    key: str
    fingerprint: bytes


class Vanished(Exception):
    """The key was taken and is free again: its row was swept at that very moment. Ask again."""


def fingerprint(wish: Mapping[str, Any]) -> bytes:
    """The digest of an input, SHA-256 over its canonical JSON: the order of members does not matter."""
    return hashlib.sha256(orjson.dumps(wish, option=orjson.OPT_SORT_KEYS, default=str)).digest()


async def take(connection: Connection, tenant_id: str, actor_id: str, mutation: str, key: Key) -> Any:
    """The key is this transaction's, or `taken` is false and `outcome` tells what it led to.

    The same row has the tenant's clock (`at`) and `digest_key`, so that an act begins with one round trip; it is None
    if there is no such tenant.

    Raises:
        Conflict: IDEMPOTENCY_IN_PROGRESS if a twin is still at work after the lock timeout.
    """
    try:
        return await connection.single(_TAKE, tenant_id, actor_id, mutation, key.key, key.fingerprint)
    except asyncpg.LockNotAvailableError as error:
        raise Conflict(
            "The same call is still running; ask again for its outcome.",
            code=ErrorCode.IDEMPOTENCY_IN_PROGRESS,
            field=("idempotencyKey",),
        ) from error


async def outcome(connection: Connection, tenant_id: str, actor_id: str, mutation: str, key: Key) -> dict[str, Any]:
    """What the call that took this key before led to.

    Raises:
        Conflict: IDEMPOTENCY_KEY_REUSED if that call had other input.
        Vanished: there is no such call any more.
    """
    row = await connection.fetchrow(
        "SELECT fingerprint, outcome FROM idempotency_keys "
        "WHERE tenant_id = $1 AND actor_id = $2 AND mutation = $3 AND key = $4",
        tenant_id, actor_id, mutation, key.key,
    )  # fmt: skip
    if row is None:
        raise Vanished
    if row["fingerprint"] != key.fingerprint:
        raise Conflict(
            "This idempotency key was used for a call with other input.",
            code=ErrorCode.IDEMPOTENCY_KEY_REUSED,
            field=("idempotencyKey",),
        )
    stored: dict[str, Any] = orjson.loads(row["outcome"])
    return stored


async def sweep(connection: Connection, tenant_id: TenantId) -> int:
    """Keys older than `KEPT_DAYS` are free again; how many were."""
    return int(
        await connection.fetchval(
            "WITH swept AS (DELETE FROM idempotency_keys WHERE tenant_id = $1 "
            "AND created_at < clock_timestamp() - $2 * interval '1 day' RETURNING 1) SELECT count(*) FROM swept",
            tenant_id,
            KEPT_DAYS,
        )
    )
