"""Providers: row to dataclass, and the ways one is found."""

from collections.abc import Collection
from typing import Final

from domain.ids import OrganisationId, ProviderId, TenantId
from domain.providers import Provider
from storage.pool import Connection
from storage.tables import Table, Twin

PROVIDERS: Final = Table(
    "providers",
    Provider,
    conflicts={
        "providers_tenant_id_reference_key": Twin("There is a provider with this reference already.", "reference"),
        "providers_organisation": Twin("The organisation is a provider already.", "organisationId"),
    },
)


async def get(connection: Connection, tenant_id: TenantId, id: ProviderId) -> Provider:
    """The provider. Refuses with NotFound."""
    return await PROVIDERS.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: ProviderId) -> Provider:
    """The provider, this transaction's until its end. Refuses with NotFound."""
    return await PROVIDERS.lock(connection, tenant_id, id)


async def find_by_organisation(
    connection: Connection, tenant_id: TenantId, organisation_id: OrganisationId
) -> Provider | None:
    """The provider that the organisation is, or None."""
    found = await PROVIDERS.select(connection, tenant_id, "t.organisation_id = $2", organisation_id)
    return found[0] if found else None


async def by_references(
    connection: Connection, tenant_id: TenantId, references: Collection[str]
) -> dict[str, ProviderId]:
    """Reference -> id of those that the marketplace knows by these references."""
    text = "SELECT reference, id FROM providers t WHERE t.tenant_id = $1 AND t.reference = ANY ($2::text[])"
    rows = await connection.fetch(text, tenant_id, list(references))
    return {row["reference"]: ProviderId(row["id"]) for row in rows}


async def known(connection: Connection, tenant_id: TenantId, ids: Collection[ProviderId]) -> frozenset[ProviderId]:
    """Those of the ids that are providers, whatever their state."""
    text = "SELECT t.id FROM providers t WHERE t.tenant_id = $1 AND t.id = ANY ($2::text[])"
    return frozenset(ProviderId(row["id"]) for row in await connection.fetch(text, tenant_id, list(ids)))
