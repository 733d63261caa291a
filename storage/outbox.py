"""Outbox: what happened, to be told to whoever listens, once it is committed.

Laws: every happening of a change has exactly one row (`keep` writes it in the same statement); per object the rows are
numbered by version and place, so that a receiver can put them in order and leave out what it has seen; a row leaves at
least once, and is marked when it has left.
"""

from typing import Final

from domain.ids import TenantId
from storage.fanout import Event
from storage.pool import Connection
from storage.writing import Insert

ROWS: Final = Insert(
    "outbox",
    ("id", "at", "name", "object_id", "sequence", "position", "facts"),
)


async def tenants_waiting(connection: Connection) -> list[TenantId]:
    """The tenants with rows that have not left. For the worker's role, which sees all."""
    rows = await connection.fetch(
        "SELECT t.tenant_id FROM tenants t WHERE "
        "(SELECT true FROM outbox o WHERE o.tenant_id = t.tenant_id AND o.published_at IS NULL LIMIT 1)"
    )
    return [TenantId(row["tenant_id"]) for row in rows]


async def take(connection: Connection, tenant_id: TenantId, limit: int) -> list[Event]:
    """The oldest rows that have not left and that nobody else is taking, marked as left if the transaction commits."""
    rows = await connection.fetch(
        # An array is made once; a joined subquery might be run, and lock further rows, for every row of the other side.
        "UPDATE outbox o SET published_at = clock_timestamp() WHERE o.tenant_id = $1 AND o.id = ANY (ARRAY("
        "SELECT id FROM outbox WHERE tenant_id = $1 AND published_at IS NULL ORDER BY id LIMIT $2 "
        "FOR UPDATE SKIP LOCKED)) RETURNING o.id, o.name, o.object_id, o.sequence",
        tenant_id,
        limit,
    )
    return [Event(row["name"], row["object_id"], row["sequence"]) for row in sorted(rows, key=lambda row: row["id"])]
