"""Buyers: row to dataclass, and the ways one is found."""

from collections.abc import Collection
from typing import Final

from domain.buyers import Buyer
from domain.explain import Finding
from domain.ids import BuyerId, DecisionId, OrganisationId, TenantId
from storage.decisions import DECISIONS
from storage.pool import Connection
from storage.tables import Table, Twin

BUYERS: Final = Table(
    "buyers",
    Buyer,
    conflicts={
        "buyers_tenant_id_reference_key": Twin("There is a buyer with this reference already.", "reference"),
        "buyers_organisation": Twin("The organisation is a buyer already.", "organisationId"),
    },
)


async def get(connection: Connection, tenant_id: TenantId, id: BuyerId) -> Buyer:
    """The buyer. Refuses with NotFound."""
    return await BUYERS.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: BuyerId) -> Buyer:
    """The buyer, this transaction's until its end. Refuses with NotFound. Lock it before its orders."""
    return await BUYERS.lock(connection, tenant_id, id)


async def lock_by_ids(connection: Connection, tenant_id: TenantId, ids: Collection[BuyerId]) -> list[Buyer]:
    """Those of the buyers that exist, locked in the order of their ids, so that two acts never wait for each other."""
    return await BUYERS.select(connection, tenant_id, "t.id = ANY ($2::text[]) ORDER BY t.id", list(ids), lock=True)


async def page(connection: Connection, tenant_id: TenantId, after: str, count: int) -> list[Buyer]:
    """The next `count` buyers behind the id `after` (empty: from the beginning), in the order of their ids."""
    return await BUYERS.select(connection, tenant_id, "t.id > $2 ORDER BY t.id LIMIT $3", after, count)


async def find_by_organisation(
    connection: Connection, tenant_id: TenantId, organisation_id: OrganisationId
) -> Buyer | None:
    """The buyer that the organisation is, or None."""
    found = await BUYERS.select(connection, tenant_id, "t.organisation_id = $2", organisation_id)
    return found[0] if found else None


async def reasons(
    connection: Connection, tenant_id: TenantId, decision_ids: Collection[DecisionId]
) -> dict[DecisionId, Finding]:
    """Decision -> the tree that explains the level, for those of the decisions that exist."""
    found = await DECISIONS.select(connection, tenant_id, "t.id = ANY ($2::text[])", list(decision_ids))
    return {decision.id: decision.tree for decision in found}


async def by_references(connection: Connection, tenant_id: TenantId, references: Collection[str]) -> dict[str, BuyerId]:
    """Reference -> id of those that the marketplace knows by these references."""
    text = "SELECT reference, id FROM buyers t WHERE t.tenant_id = $1 AND t.reference = ANY ($2::text[])"
    rows = await connection.fetch(text, tenant_id, list(references))
    return {row["reference"]: BuyerId(row["id"]) for row in rows}
