"""Bundles: the rows of parties' enrolments in bundles, and the ways one is found."""

from typing import Final

from domain.bundles import Bundle
from domain.ids import BundleId, LiablePartyId, SupplierId, TenantId
from storage.pool import Connection
from storage.tables import Table, Twin

_TWICE: Final = Twin("The bundle was joined already.", "ruleKey")
BUNDLES: Final = Table("bundles", Bundle, conflicts={"bundles_supplier": _TWICE, "bundles_provider": _TWICE})


async def get(connection: Connection, tenant_id: TenantId, id: BundleId) -> Bundle:
    """The bundle, ended ones too. Refuses with NotFound."""
    return await BUNDLES.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: BundleId) -> Bundle:
    """The bundle, this transaction's until its end. Refuses with NotFound. Lock its party first."""
    return await BUNDLES.lock(connection, tenant_id, id)


async def find_joined(
    connection: Connection, tenant_id: TenantId, party_id: LiablePartyId, rule_key: str
) -> Bundle | None:
    """The party's enrolment in that bundle that has not ended, or None. There is at most one."""
    column = "supplier_id" if isinstance(party_id, SupplierId) else "provider_id"
    where = f"t.{column} = $2 AND t.rule_key = $3 AND t.state NOT IN ('ENDED', 'REMOVED')"
    found = await BUNDLES.select(connection, tenant_id, where, party_id, rule_key)
    return found[0] if found else None


async def lock_by_party(connection: Connection, tenant_id: TenantId, party_id: LiablePartyId) -> list[Bundle]:
    """The party's bundles that have not ended, this transaction's until its end. Lock the party first."""
    column = "supplier_id" if isinstance(party_id, SupplierId) else "provider_id"
    where = f"t.{column} = $2 AND t.state NOT IN ('ENDED', 'REMOVED') ORDER BY t.id"
    return await BUNDLES.select(connection, tenant_id, where, party_id, lock=True)
