"""Suppliers: row to dataclass, and the ways one is found."""

from collections.abc import Collection
from typing import Final

from domain.ids import OrganisationId, SupplierId, TenantId
from domain.suppliers import Supplier
from storage.pool import Connection
from storage.tables import Table, Twin

SUPPLIERS: Final = Table(
    "suppliers",
    Supplier,
    conflicts={
        "suppliers_tenant_id_reference_key": Twin("There is a supplier with this reference already.", "reference"),
        "suppliers_organisation": Twin("The organisation is a supplier already.", "organisationId"),
    },
)


async def get(connection: Connection, tenant_id: TenantId, id: SupplierId) -> Supplier:
    """The supplier. Refuses with NotFound."""
    return await SUPPLIERS.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: SupplierId) -> Supplier:
    """The supplier, this transaction's until its end. Refuses with NotFound."""
    return await SUPPLIERS.lock(connection, tenant_id, id)


async def find_by_organisation(
    connection: Connection, tenant_id: TenantId, organisation_id: OrganisationId
) -> Supplier | None:
    """The supplier that the organisation is, or None."""
    found = await SUPPLIERS.select(connection, tenant_id, "t.organisation_id = $2", organisation_id)
    return found[0] if found else None


async def by_references(
    connection: Connection, tenant_id: TenantId, references: Collection[str]
) -> dict[str, SupplierId]:
    """Reference -> id of those that the marketplace knows by these references."""
    text = "SELECT reference, id FROM suppliers t WHERE t.tenant_id = $1 AND t.reference = ANY ($2::text[])"
    rows = await connection.fetch(text, tenant_id, list(references))
    return {row["reference"]: SupplierId(row["id"]) for row in rows}


async def known(connection: Connection, tenant_id: TenantId, ids: Collection[SupplierId]) -> frozenset[SupplierId]:
    """Those of the ids that are suppliers."""
    text = "SELECT t.id FROM suppliers t WHERE t.tenant_id = $1 AND t.id = ANY ($2::text[])"
    return frozenset(SupplierId(row["id"]) for row in await connection.fetch(text, tenant_id, list(ids)))
