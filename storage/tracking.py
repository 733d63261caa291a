"""Tracking events: what was reported of shipments, and what waits for shipments that nobody has recorded yet."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from domain.ids import ProviderId, ShipmentId, TenantId
from domain.reports import WaitingEvent
from domain.tracking import TrackingEvent
from storage import parcels, writing
from storage.pool import Connection
from storage.tables import Table

TRACKING_EVENTS: Final = Table("tracking_events", TrackingEvent)
WAITING_EVENTS: Final = Table("waiting_events", WaitingEvent)

SWEPT_AT_ONCE: Final = 10_000
"""Rows of one sweep: what is left has its turn an hour later."""


async def by_shipments(
    connection: Connection, tenant_id: TenantId, shipment_ids: Collection[ShipmentId]
) -> list[TrackingEvent]:
    """Everything reported of those shipments."""
    return await TRACKING_EVENTS.select(connection, tenant_id, "t.shipment_id = ANY ($2::text[])", list(shipment_ids))


async def by_references(
    connection: Connection, tenant_id: TenantId, references: Collection[tuple[ShipmentId, str]]
) -> list[TrackingEvent]:
    """Those of the reports that are known."""
    shipment_ids, texts = [list(column) for column in zip(*references, strict=True)]
    where = (
        "(t.shipment_id, t.reference) IN (SELECT w.shipment_id, w.reference "
        "FROM unnest($2::text[], $3::text[]) w(shipment_id, reference))"
    )
    return await TRACKING_EVENTS.select(connection, tenant_id, where, shipment_ids, texts)


async def lock_waiting(connection: Connection, tenant_id: TenantId, provider_id: ProviderId) -> None:
    """Until the transaction ends nobody else lets reports of the provider wait, or looks which of them do.

    So a shipment that is recorded while its first report comes in sees it, or is seen by it.
    """
    lock = "SELECT pg_advisory_xact_lock(hashtextextended('waiting:' || $1 || $2, 0))"
    await connection.fetchval(lock, tenant_id, provider_id)


async def count_waiting(connection: Connection, tenant_id: TenantId, provider_id: ProviderId, at: datetime) -> int:
    """How many reports of the provider wait."""
    text = "SELECT count(*) FROM waiting_events WHERE tenant_id = $1 AND provider_id = $2 AND expires_at >= $3"
    return int(await connection.fetchval(text, tenant_id, provider_id, at))


async def let_wait(connection: Connection, tenant_id: TenantId, events: Sequence[WaitingEvent]) -> frozenset[str]:
    """Those of the reports that did not wait already do so now; their ids are returned."""
    names = WAITING_EVENTS.names
    values = ", ".join(f"x.{name}" for name in names)
    text = (
        f"INSERT INTO waiting_events (tenant_id, {', '.join(names)}) "
        f"SELECT $1, {values} FROM json_populate_recordset(NULL::waiting_events, $2) x "
        "ON CONFLICT DO NOTHING RETURNING id"
    )
    rows = await connection.fetch(text, tenant_id, writing.plain([WAITING_EVENTS.row(event) for event in events]))
    return frozenset(row["id"] for row in rows)


async def take_waiting(
    connection: Connection,
    tenant_id: TenantId,
    provider_id: ProviderId,
    reference: str | None,
    tracking_number: str | None,
    at: datetime,
) -> list[WaitingEvent]:
    """The reports that waited for that reference or number and are not too old; none of them waits any more."""
    text = (
        "DELETE FROM waiting_events t WHERE t.tenant_id = $1 AND t.provider_id = $2 "
        f"AND (t.shipment_reference = $3 OR t.tracking_number = $4) RETURNING {WAITING_EVENTS.selection()}"
    )
    rows = await connection.fetch(text, tenant_id, provider_id, reference, tracking_number)
    waited = [WAITING_EVENTS.decode(row) for row in rows]
    return sorted((event for event in waited if event.expires_at >= at), key=lambda event: event.id)


async def sweep(connection: Connection, tenant_id: TenantId) -> int:
    """Reports whose shipment, or whose parcel's return, did not come in time wait no longer; how many they were."""
    text = (
        "WITH old AS (SELECT w.id FROM waiting_events w JOIN tenants t USING (tenant_id) "
        "WHERE w.tenant_id = $1 AND w.expires_at < tenant_now(t) ORDER BY w.expires_at LIMIT $2), "
        "swept AS (DELETE FROM waiting_events w USING old WHERE w.tenant_id = $1 AND w.id = old.id RETURNING 1) "
        "SELECT count(*) FROM swept"
    )
    swept = int(await connection.fetchval(text, tenant_id, SWEPT_AT_ONCE))
    return swept + await parcels.sweep(connection, tenant_id, SWEPT_AT_ONCE)
