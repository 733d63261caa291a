"""Imports of rate sheets: row to dataclass, and rates by the thousand; the surcharges among them are few."""

from collections.abc import Sequence
from typing import Final

from domain.ids import RateId, RateImportId, RateSheetId, ServiceId, TenantId
from domain.rate_imports import RateImport, RateReject
from domain.rates import Bracket, NewRate
from storage.listings import FINDINGS
from storage.pool import Connection
from storage.tables import Table

RATE_IMPORTS: Final = Table("rate_imports", RateImport, personal=frozenset({"file_name"}))
RATE_REJECTS: Final = Table("rate_rejects", RateReject, codecs={"findings": FINDINGS})

_INSERT: Final = """
INSERT INTO rates (tenant_id, rate_sheet_id, currency,
  id, line, zone, measure, container, at_least, below, flat, price, minimum_minor)
SELECT $1, $2, $3, * FROM unnest($4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::bigint[],
  $10::bigint[], $11::boolean[], $12::numeric[], $13::bigint[])
"""


async def get(connection: Connection, tenant_id: TenantId, id: RateImportId) -> RateImport:
    """The import. Refuses with NotFound."""
    return await RATE_IMPORTS.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: RateImportId) -> RateImport:
    """The import, this transaction's until its end. Refuses with NotFound. Lock it before its sheet."""
    return await RATE_IMPORTS.lock(connection, tenant_id, id)


async def find_free(connection: Connection, tenant_id: TenantId, id: RateImportId) -> RateImport | None:
    """The import, this transaction's until its end; None while somebody else has it. Lock it before its sheet."""
    text = f"SELECT {RATE_IMPORTS.selection()} FROM rate_imports t WHERE t.tenant_id = $1 AND t.id = $2"
    row = await connection.fetchrow(f"{text} FOR UPDATE SKIP LOCKED", tenant_id, id)
    return None if row is None else RATE_IMPORTS.decode(row)


async def find_cut_short(
    connection: Connection, tenant_id: TenantId, service_id: ServiceId, digest: str, *, dry_run: bool
) -> RateImport | None:
    """The operator's import of that very file into the service that was never read to its end, or None."""
    where = (
        "t.service_id = $2 AND t.digest = $3 AND t.dry_run = $4 AND t.upload_id IS NULL AND t.state = 'READING' "
        "ORDER BY t.id LIMIT 1"
    )
    found = await RATE_IMPORTS.select(connection, tenant_id, where, service_id, digest, dry_run)
    return found[0] if found else None


async def reading(connection: Connection, tenant_id: TenantId) -> list[RateImport]:
    """The tenant's imports of uploads that are not at their end, in the order they were asked for."""
    where = "t.state = 'READING' AND t.upload_id IS NOT NULL ORDER BY t.started_at, t.id"
    return await RATE_IMPORTS.select(connection, tenant_id, where)


async def tenants_reading(connection: Connection) -> list[TenantId]:
    """The tenants with uploads to be read. For the worker's role, which sees all."""
    rows = await connection.fetch(
        "SELECT DISTINCT t.tenant_id FROM rate_imports t WHERE t.state = 'READING' AND t.upload_id IS NOT NULL"
    )
    return [TenantId(row["tenant_id"]) for row in rows]


async def rejects_of(connection: Connection, tenant_id: TenantId, id: RateImportId) -> list[RateReject]:
    """The bad lines of the import that were kept, by line."""
    return await RATE_REJECTS.select(connection, tenant_id, "t.rate_import_id = $2 ORDER BY t.line, t.id", id)


async def insert(
    connection: Connection,
    tenant_id: TenantId,
    sheet_id: RateSheetId,
    currency: str,
    rates: Sequence[tuple[RateId, int, NewRate]],
) -> None:
    """The rates, each with its id and line, are rows of the sheet. One statement, however many."""
    if not rates:
        return
    await connection.fetch(
        _INSERT,
        tenant_id,
        sheet_id,
        currency,
        [id for id, _, _ in rates],
        [line for _, line, _ in rates],
        [rate.zone for _, _, rate in rates],
        [rate.measure.value for _, _, rate in rates],
        [None if rate.container is None else rate.container.value for _, _, rate in rates],
        [rate.at_least for _, _, rate in rates],
        [rate.below for _, _, rate in rates],
        [rate.flat for _, _, rate in rates],
        [rate.price for _, _, rate in rates],
        [None if rate.minimum is None else rate.minimum.minor for _, _, rate in rates],
    )


async def brackets(connection: Connection, tenant_id: TenantId, sheet_id: RateSheetId) -> list[Bracket]:
    """The brackets of all rates of the sheet, in the order that `domain.rates.misfits` wants."""
    rows = await connection.fetch(
        "SELECT line, zone, measure, coalesce(container, '') AS container, at_least, below FROM rates "
        "WHERE tenant_id = $1 AND rate_sheet_id = $2 ORDER BY zone, measure, container, at_least, line",
        tenant_id,
        sheet_id,
    )
    return [Bracket(*row) for row in rows]


async def clear(connection: Connection, tenant_id: TenantId, sheet_id: RateSheetId) -> None:
    """A draft that is discarded keeps nothing that a file brought."""
    of = "WHERE tenant_id = $1 AND rate_sheet_id = $2"
    await connection.fetch(f"DELETE FROM rates {of}", tenant_id, sheet_id)
    await connection.fetch(f"DELETE FROM surcharges {of} AND line IS NOT NULL", tenant_id, sheet_id)
