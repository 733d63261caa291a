"""Measures: row to dataclass, and the ways they are found."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from domain import measures
from domain.explain import Finding
from domain.gates import Action
from domain.ids import LiablePartyId, MeasureId, ProviderId, SupplierId, TenantId
from domain.measures import AccountMeasure, MeasureBasis, MeasureKind
from storage.pool import Connection
from storage.tables import Table

MEASURES: Final = Table("measures", AccountMeasure)

_LIVE: Final = "t.state IN ('ANNOUNCED', 'IN_FORCE')"
_PARTY: Final = "(t.supplier_id = $2 OR t.provider_id = $2)"


async def get(connection: Connection, tenant_id: TenantId, id: MeasureId) -> AccountMeasure:
    """The measure, ended ones too. Refuses with NotFound."""
    return await MEASURES.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: MeasureId) -> AccountMeasure:
    """The measure, this transaction's until its end. Refuses with NotFound. Lock its party's account first."""
    return await MEASURES.lock(connection, tenant_id, id)


async def live_by_party(
    connection: Connection, tenant_id: TenantId, party_id: LiablePartyId
) -> tuple[AccountMeasure, ...]:
    """The party's measures that are announced or in force, in the order they came."""
    return tuple(await MEASURES.select(connection, tenant_id, f"{_PARTY} AND {_LIVE} ORDER BY t.id", party_id))


async def live_by_suppliers(
    connection: Connection, tenant_id: TenantId, supplier_ids: Collection[SupplierId]
) -> tuple[AccountMeasure, ...]:
    """Those suppliers' measures that are announced or in force, in the order they came."""
    where = f"t.supplier_id = ANY ($2::text[]) AND {_LIVE} ORDER BY t.id"
    return tuple(await MEASURES.select(connection, tenant_id, where, list(supplier_ids)))


async def by_party(connection: Connection, tenant_id: TenantId, party_id: LiablePartyId) -> tuple[AccountMeasure, ...]:
    """Every measure against the party, over ones too, in the order they came."""
    return tuple(await MEASURES.select(connection, tenant_id, f"{_PARTY} ORDER BY t.id", party_id))


async def resting_on(connection: Connection, tenant_id: TenantId, basis: MeasureBasis) -> set[LiablePartyId]:
    """Whoever has a measure on that basis that is announced or in force."""
    found = await MEASURES.select(connection, tenant_id, f"t.basis = $2 AND {_LIVE}", basis)
    return {measure.party_id for measure in found}


async def live_on(
    connection: Connection, tenant_id: TenantId, party_ids: Collection[LiablePartyId], basis: MeasureBasis
) -> set[LiablePartyId]:
    """Of those parties the ones with a measure on that basis that is announced or in force."""
    where = f"(t.supplier_id = ANY ($2::text[]) OR t.provider_id = ANY ($2::text[])) AND t.basis = $3 AND {_LIVE}"
    return {measure.party_id for measure in await MEASURES.select(connection, tenant_id, where, list(party_ids), basis)}


async def about(connection: Connection, tenant_id: TenantId, about: str) -> tuple[AccountMeasure, ...]:
    """The measures about that thing that are announced or in force."""
    return tuple(await MEASURES.select(connection, tenant_id, f"t.about = $2 AND {_LIVE} ORDER BY t.id", about))


async def demotions_of(
    connection: Connection, tenant_id: TenantId, party_id: LiablePartyId, at: datetime
) -> tuple[AccountMeasure, ...]:
    """The measures by which the party stands behind others at `at`."""
    found = await live_by_party(connection, tenant_id, party_id)
    return tuple(each for each in found if each.kind is MeasureKind.DEMOTION and measures.in_force(each, at))


async def against_supplier(
    connection: Connection, tenant_id: TenantId, supplier_id: SupplierId, rule_key: str, at: datetime
) -> tuple[Finding, ...]:
    """Every measure in the way of the supplier standing for that rule's promise; nothing found: none is."""
    found = await live_by_party(connection, tenant_id, supplier_id)
    return measures.against(found, Action.OFFER_GUARANTEE, at, programme=rule_key)


async def demotions(
    connection: Connection, tenant_id: TenantId, provider_ids: Collection[ProviderId], at: datetime
) -> dict[ProviderId, AccountMeasure]:
    """Of those providers the ones that stand behind others in quotes at `at`, each with the measure that says so."""
    where = "t.provider_id = ANY ($2::text[]) AND t.kind = 'DEMOTION' AND t.state = 'IN_FORCE' ORDER BY t.id"
    found = await MEASURES.select(connection, tenant_id, where, list(provider_ids))
    return {
        measure.provider_id: measure
        for measure in found
        if measure.provider_id is not None and measures.in_force(measure, at)
    }
