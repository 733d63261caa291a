"""Reports of parcels that go back: row to dataclass, and the ways they are found."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from domain.ids import GoodsReturnId, TenantId
from domain.parcels import ParcelReport
from storage.pool import Connection
from storage.tables import Table

PARCEL_REPORTS: Final = Table("parcel_reports", ParcelReport)


async def lock(connection: Connection, tenant_id: TenantId, parcel: str) -> None:
    """Until the transaction ends nobody else takes reports of the parcel, or says that a return travels so.

    So a return whose number is told while its first report comes in sees it, or is seen by it.
    """
    text = "SELECT pg_advisory_xact_lock(hashtextextended('parcel:' || $1 || $2, 0))"
    await connection.fetchval(text, tenant_id, parcel)


async def by_parcels(connection: Connection, tenant_id: TenantId, parcels: Collection[str]) -> list[ParcelReport]:
    """Everything reported of those parcels."""
    where = "t.parcel = ANY ($2::text[]) ORDER BY t.occurred_at, t.id"
    return await PARCEL_REPORTS.select(connection, tenant_id, where, list(parcels))


async def count_waiting(connection: Connection, tenant_id: TenantId, at: datetime) -> int:
    """How many reports wait for a return that travels so."""
    text = "SELECT count(*) FROM parcel_reports WHERE tenant_id = $1 AND return_id IS NULL AND expires_at >= $2"
    return int(await connection.fetchval(text, tenant_id, at))


async def join(connection: Connection, tenant_id: TenantId, parcel: str, return_id: GoodsReturnId) -> None:
    """The reports of the parcel that were of no return are of that one."""
    text = "UPDATE parcel_reports SET return_id = $3 WHERE tenant_id = $1 AND parcel = $2 AND return_id IS NULL"
    await connection.fetch(text, tenant_id, parcel, return_id)


async def sweep(connection: Connection, tenant_id: TenantId, most: int) -> int:
    """Reports of no return are not kept beyond their time; how many they were."""
    text = (
        "WITH old AS (SELECT p.id FROM parcel_reports p JOIN tenants t USING (tenant_id) WHERE p.tenant_id = $1 "
        "AND p.return_id IS NULL AND p.expires_at < tenant_now(t) ORDER BY p.expires_at LIMIT $2), "
        "swept AS (DELETE FROM parcel_reports p USING old WHERE p.tenant_id = $1 AND p.id = old.id RETURNING 1) "
        "SELECT count(*) FROM swept"
    )
    return int(await connection.fetchval(text, tenant_id, most))
