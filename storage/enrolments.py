"""Enrolments: the rows of offered guarantees, and the ways one is found."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from domain import capabilities, exits, measures, programmes
from domain.bars import BarCause
from domain.capabilities import Capability
from domain.enrolments import Guarantee
from domain.explain import Finding, unmet
from domain.gates import Action
from domain.ids import GuaranteeId, LiablePartyId, ProviderId, SupplierId, TenantId
from domain.programmes import ProgrammeParty
from domain.providers import Provider
from storage import bars as bar_rows
from storage import capabilities as restriction_rows
from storage import measures as measure_rows
from storage import relations as relation_rows
from storage import rulebook
from storage.pool import Connection
from storage.tables import Table, Twin

_TWICE: Final = Twin("The guarantee is offered already.", "ruleKey")
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
        "(t.supplier_id = $2 OR t.provider_id = $2) AND t.rule_key = $3 AND t.state NOT IN ('ENDED', 'REMOVED')",
        party_id,
        rule_key,
    )
    return found[0] if found else None


async def against(
    connection: Connection,
    tenant_id: TenantId,
    party: Provider | SupplierId,
    rule_key: str,
    markets: Collection[str],
    at: datetime,
) -> tuple[Finding, ...]:
    """Every reason why the party may not stand for that rule's promise in those markets; nothing found: it may.

    The programme's conditions must be met. A provider must be able to offer guarantees there, and no measure may take
    it from a supplier; neither the party nor a related account may be barred from this one.
    """
    rule = programmes.programme_terms(await rulebook.in_force(connection, tenant_id, programmes.RULE, at))
    if isinstance(party, SupplierId):
        entry = unmet(programmes.entry(rule, rule_key, ProgrammeParty.SUPPLIER, markets, {}))
        own = await measure_rows.against_supplier(connection, tenant_id, party, rule_key, at)
        return (*entry, *own, *await barred(connection, tenant_id, party, rule_key, at))
    points = await points_by_market(connection, tenant_id, party.id) if rule.of(rule_key).service_points else {}
    entry = unmet(programmes.entry(rule, rule_key, ProgrammeParty.PROVIDER, markets, points))
    return (*entry, *await _against_provider(connection, tenant_id, party, rule_key, markets, at))


async def points_by_market(connection: Connection, tenant_id: TenantId, provider_id: ProviderId) -> dict[str, int]:
    """How many service points the provider keeps in each country, those with a reported change included."""
    rows = await connection.fetch(
        "SELECT country, count(*) AS points FROM service_points WHERE tenant_id = $1 AND provider_id = $2 "
        "AND state IN ('ACTIVE', 'CHANGE_REPORTED') GROUP BY country",
        tenant_id,
        provider_id,
    )
    return {row["country"]: row["points"] for row in rows}


async def _against_provider(
    connection: Connection,
    tenant_id: TenantId,
    provider: Provider,
    rule_key: str,
    markets: Collection[str],
    at: datetime,
) -> tuple[Finding, ...]:
    limits = await restriction_rows.limits(connection, tenant_id, provider.id)
    stands = Capability(Action.OFFER_GUARANTEE, None, tuple(markets))
    return (
        *capabilities.against(provider, limits, stands, at),
        *await barred(connection, tenant_id, provider.id, rule_key, at),
    )


async def barred(
    connection: Connection, tenant_id: TenantId, party_id: LiablePartyId, rule_key: str, at: datetime
) -> tuple[Finding, ...]:
    """The bars that keep the party out of that programme: a provider's own, and those that related accounts bring.

    A related supplier's removal bars like a provider's, if the rule says that a removal follows related accounts. What
    a supplier's own removal bars is its measure (`measures.against_supplier`).
    """
    related = await relation_rows.related(connection, tenant_id, party_id)
    if not related and isinstance(party_id, SupplierId):
        return ()
    found = await bar_rows.standing(connection, tenant_id, related, at, own=party_id, programme=rule_key)
    if not (merchants := [other for other in related if isinstance(other, SupplierId)]):
        return found
    leaving = exits.exit_terms(await rulebook.in_force(connection, tenant_id, exits.EXIT_RULE, at))
    if not leaving.bars[BarCause.REMOVAL].related:
        return found
    live = await measure_rows.live_by_suppliers(connection, tenant_id, merchants)
    return (*found, *measures.against_related(live, rule_key, at))


async def lock_by_party(connection: Connection, tenant_id: TenantId, party_id: LiablePartyId) -> list[Guarantee]:
    """The party's offers that have not ended, this transaction's until its end. Lock the party first."""
    column = "supplier_id" if isinstance(party_id, SupplierId) else "provider_id"
    where = f"t.{column} = $2 AND t.state NOT IN ('ENDED', 'REMOVED') ORDER BY t.id"
    return await GUARANTEES.select(connection, tenant_id, where, party_id, lock=True)


async def by_ids(connection: Connection, tenant_id: TenantId, ids: Collection[GuaranteeId]) -> list[Guarantee]:
    """Those of the guarantees that exist, ended ones too, in the order of their ids."""
    return await GUARANTEES.select(connection, tenant_id, "t.id = ANY ($2::text[]) ORDER BY t.id", list(ids))
