"""Buyers: row to dataclass, and the ways one is found."""

from typing import Final

from domain.buyers import Buyer
from domain.ids import BuyerId, OrganisationId, TenantId
from storage.pool import Connection
from storage.tables import Table

BUYERS: Final = Table(
    "buyers",
    Buyer,
    conflicts={
        "buyers_tenant_id_reference_key": "There is a buyer with this reference already.",
        "buyers_organisation": "The organisation is a buyer already.",
    },
)


async def get(connection: Connection, tenant_id: TenantId, id: BuyerId) -> Buyer:
    """The buyer. Refuses with NotFound."""
    return await BUYERS.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: BuyerId) -> Buyer:
    """The buyer, this transaction's until its end. Refuses with NotFound. Lock it before its orders."""
    return await BUYERS.lock(connection, tenant_id, id)


async def find_by_organisation(
    connection: Connection, tenant_id: TenantId, organisation_id: OrganisationId
) -> Buyer | None:
    """The buyer that the organisation is, or None."""
    found = await BUYERS.select(connection, tenant_id, "t.organisation_id = $2", organisation_id)
    return found[0] if found else None
