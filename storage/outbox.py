"""Outbox: what happened, to be told to whoever listens, once it is committed.

Laws: every happening of a change has exactly one row (`keep` writes it in the same statement); per object the rows are
numbered by version and place, so that a receiver can put them in order and leave out what it has seen; a row leaves at
least once, and is marked when it has left.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from domain.ids import ShipmentId, TenantId
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


async def addressed(connection: Connection, tenant_id: TenantId, events: Sequence[Event]) -> list[Event]:
    """The events, those about shipments with the parties whom they concern: the order's sides and who carries it.

    Shipments move thousands of times a second; without this every listener would have to look at each of them.
    """
    ids = {event.object_id for event in events if event.object_id.startswith(f"{ShipmentId.prefix}_")}
    if not ids:
        return list(events)
    rows = await connection.fetch(
        "SELECT s.id, ARRAY[s.provider_id, o.buyer_id, o.supplier_id] AS parties FROM shipments s "
        "JOIN orders o ON o.tenant_id = s.tenant_id AND o.id = s.order_id "
        "WHERE s.tenant_id = $1 AND s.id = ANY ($2::text[])",
        tenant_id,
        list(ids),
    )
    parties = {row["id"]: tuple(row["parties"]) for row in rows}
    return [replace(event, parties=parties.get(event.object_id)) for event in events]
