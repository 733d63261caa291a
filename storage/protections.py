"""Protections with their periods, and what of a year's limit is used."""

from datetime import datetime
from typing import Final

from domain.ids import ProtectionId, SupplierId, TenantId
from domain.money import Money
from domain.protections import Protection, ProtectionPeriod
from storage.pool import Connection
from storage.tables import Children, Table, Twin

PROTECTION_PERIODS: Final = Table("protection_periods", ProtectionPeriod)
PROTECTIONS: Final = Table(
    "protections",
    Protection,
    children={"periods": Children(PROTECTION_PERIODS, by="protection_id", order="number")},
    conflicts={"protections_one_live": Twin("The merchant's protection was switched on just now.", "supplierId")},
)


async def get(connection: Connection, tenant_id: TenantId, id: ProtectionId) -> Protection:
    """The enrolment. Refuses with NotFound."""
    return await PROTECTIONS.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: ProtectionId) -> Protection:
    """The enrolment, this transaction's until its end. Refuses with NotFound. Lock its supplier first."""
    return await PROTECTIONS.lock(connection, tenant_id, id)


async def by_supplier(
    connection: Connection, tenant_id: TenantId, id: SupplierId, *, lock: bool = False
) -> list[Protection]:
    """Every enrolment of the merchant, oldest first; locked, nobody else uses up its limits."""
    where = "t.supplier_id = $2 ORDER BY t.enrolled_at, t.id"
    return await PROTECTIONS.select(connection, tenant_id, where, id, lock=lock)


async def find_live(connection: Connection, tenant_id: TenantId, id: SupplierId) -> Protection | None:
    """The merchant's enrolment that has not ended, or None."""
    found = await PROTECTIONS.select(connection, tenant_id, "t.supplier_id = $2 AND t.state <> 'ENDED'", id)
    return found[0] if found else None


async def used(connection: Connection, tenant_id: TenantId, id: SupplierId, since: datetime, currency: str) -> Money:
    """What was covered of the merchant's chargebacks since then, in the currency of the limits."""
    text = (
        "SELECT coalesce(sum(counted_minor), 0)::bigint FROM chargebacks"
        " WHERE tenant_id = $1 AND supplier_id = $2 AND decided_at > $3"
    )
    return Money(await connection.fetchval(text, tenant_id, id, since), currency)
