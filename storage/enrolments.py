"""Enrolments: the rows of offered guarantees, and the ways one is found."""

from collections.abc import Collection
from typing import Final

from domain.enrolments import Guarantee
from domain.ids import GuaranteeId, LiablePartyId, SupplierId, TenantId
from storage.pool import Connection
from storage.tables import Table

_TWICE: Final = "The guarantee is offered already."
GUARANTEES: Final = Table(
    "guarantees", Guarantee, conflicts={"guarantees_supplier": _TWICE, "guarantees_provider": _TWICE}
)


async def get(connection: Connection, tenant_id: TenantId, id: GuaranteeId) -> Guarantee:
    """The guarantee, ended ones too. Refuses with NotFound."""
    return await GUARANTEES.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: GuaranteeId) -> Guarantee:
    """The guarantee, this transaction's until its end. Refuses with NotFound. Lock its party first."""
    return await GUARANTEES.lock(connection, tenant_id, id)


async def find_offered(
    connection: Connection, tenant_id: TenantId, party_id: LiablePartyId, rule_key: str
) -> Guarantee | None:
    """The party's offer of that rule that has not ended, or None. There is at most one."""
    found = await GUARANTEES.select(
        connection,
        tenant_id,
        "(t.supplier_id = $2 OR t.provider_id = $2) AND t.rule_key = $3 AND t.state <> 'ENDED'",
        party_id,
        rule_key,
    )
    return found[0] if found else None


async def lock_by_party(connection: Connection, tenant_id: TenantId, party_id: LiablePartyId) -> list[Guarantee]:
    """The party's offers that have not ended, this transaction's until its end. Lock the party first."""
    column = "supplier_id" if isinstance(party_id, SupplierId) else "provider_id"
    where = f"t.{column} = $2 AND t.state <> 'ENDED' ORDER BY t.id"
    return await GUARANTEES.select(connection, tenant_id, where, party_id, lock=True)


async def by_ids(connection: Connection, tenant_id: TenantId, ids: Collection[GuaranteeId]) -> list[Guarantee]:
    """Those of the guarantees that exist, ended ones too, in the order of their ids."""
    return await GUARANTEES.select(connection, tenant_id, "t.id = ANY ($2::text[]) ORDER BY t.id", list(ids))
