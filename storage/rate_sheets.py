"""Rate sheets, their rates and surcharges: row to dataclass, and the ways they are found."""

from collections.abc import Sequence
from typing import Final

from domain.ids import RateSheetId, ServiceId, TenantId
from domain.rate_sheets import RateSheet
from domain.rates import Rate, Surcharge
from storage.pool import Connection
from storage.tables import Table, Twin

RATE_SHEETS: Final = Table(
    "rate_sheets",
    RateSheet,
    conflicts={
        "rate_sheets_number": "Somebody else drafted a version of these prices just now.",
        "rate_sheets_once_at_a_time": Twin("Another version of these prices is in force at that time.", "rateSheetId"),
    },
)
RATES: Final = Table("rates", Rate)
SURCHARGES: Final = Table("surcharges", Surcharge)


async def get(connection: Connection, tenant_id: TenantId, id: RateSheetId) -> RateSheet:
    """The rate sheet. Refuses with NotFound."""
    return await RATE_SHEETS.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: RateSheetId) -> RateSheet:
    """The rate sheet, this transaction's until its end. Refuses with NotFound. Lock its service first."""
    return await RATE_SHEETS.lock(connection, tenant_id, id)


async def active(
    connection: Connection, tenant_id: TenantId, service_id: ServiceId, *, lock: bool = False
) -> list[RateSheet]:
    """The service's active versions, in the order of their time."""
    where = "t.service_id = $2 AND t.state = 'ACTIVE' ORDER BY t.valid_from"
    return await RATE_SHEETS.select(connection, tenant_id, where, service_id, lock=lock)


async def active_by_services(
    connection: Connection, tenant_id: TenantId, service_ids: Sequence[ServiceId]
) -> dict[ServiceId, list[RateSheet]]:
    """The active versions of each of the services that has any, in the order of their time."""
    where = "t.service_id = ANY ($2::text[]) AND t.state = 'ACTIVE' ORDER BY t.valid_from"
    found: dict[ServiceId, list[RateSheet]] = {}
    for sheet in await RATE_SHEETS.select(connection, tenant_id, where, list(service_ids)):
        found.setdefault(sheet.service_id, []).append(sheet)
    return found


async def surcharges_of(connection: Connection, tenant_id: TenantId, sheet_id: RateSheetId) -> list[Surcharge]:
    """The sheet's surcharges, those that came with the call first, then the file's by line."""
    return await SURCHARGES.select(connection, tenant_id, "t.rate_sheet_id = $2 ORDER BY t.position, t.id", sheet_id)


async def by_number(
    connection: Connection, tenant_id: TenantId, service_id: ServiceId, number: int
) -> RateSheet | None:
    """The service's version of that number, or None."""
    found = await RATE_SHEETS.select(connection, tenant_id, "t.service_id = $2 AND t.number = $3", service_id, number)
    return found[0] if found else None


async def next_number(connection: Connection, tenant_id: TenantId, service_id: ServiceId) -> int:
    """The number of the service's next version. Lock the service first."""
    text = "SELECT coalesce(max(number), 0) + 1 FROM rate_sheets WHERE tenant_id = $1 AND service_id = $2"
    found: int = await connection.fetchval(text, tenant_id, service_id)
    return found
