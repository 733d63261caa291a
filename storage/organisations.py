"""Organisations: row to dataclass, and the ways one is found."""

from typing import Final

from domain.ids import OrganisationId, TenantId
from domain.organisations import Organisation
from storage.pool import Connection
from storage.tables import Table

ORGANISATIONS: Final = Table("organisations", Organisation)


async def get(connection: Connection, tenant_id: TenantId, id: OrganisationId) -> Organisation:
    """The organisation. Refuses with NotFound."""
    return await ORGANISATIONS.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: OrganisationId) -> Organisation:
    """The organisation, this transaction's until its end. Refuses with NotFound. Lock it before its members."""
    return await ORGANISATIONS.lock(connection, tenant_id, id)
