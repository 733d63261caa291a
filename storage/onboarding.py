"""The matrix of requirements in force, and applications with everything that decides about them.

How the cache works. A matrix follows from the versions of its rules, which never change: it is made once for each
combination of versions and remembered, whichever tenant asked for it last.
"""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from domain import bars as bar_rules
from domain import onboarding, relations, requirements
from domain.bars import Bar
from domain.ids import LiablePartyId, ProviderId, TenantId
from domain.onboarding import Case
from domain.providers import Provider, ProviderState
from domain.relations import ONE_ACCOUNT, OneAccount, RelationState, RelationTerms
from domain.requirements import PROCEDURE, Matrix, RequirementItem
from domain.terms import read
from storage import bars as bar_rows
from storage import deposits, reviews, rulebook
from storage import relations as relation_rows
from storage import requirements as item_rows
from storage.pool import Connection

MATRICES_MAX: Final = 1_000
"""Matrices that a process remembers; those not asked for longest go first."""

JUDGED: Final = frozenset(ProviderState) - {
    ProviderState.APPROVED,
    ProviderState.ACTIVE,
    ProviderState.RESTRICTED,
    ProviderState.SUSPENDED,
    ProviderState.EXIT_REQUESTED,
    ProviderState.WINDING_DOWN,
}
"""States from which only an application leads on: it matters who is related and whether anybody is barred."""

NOTHING: Final = OneAccount((), ())

_made: Final[OrderedDict[tuple[str, ...], Matrix]] = OrderedDict()


async def matrix(connection: Connection, tenant_id: TenantId, at: datetime) -> Matrix:
    """Every requirement in force at `at`. Refused where the marketplace has no rules about onboarding."""
    procedure = await rulebook.in_force(connection, tenant_id, PROCEDURE, at)
    terms = onboarding.procedure_terms(procedure)
    versions = [await rulebook.in_force(connection, tenant_id, key, at) for key in terms.sets]
    name = (procedure.id, *(version.id for version in versions))
    made = _made.get(name)
    if made is None:
        made = requirements.matrix(terms, [onboarding.requirement_set(version) for version in versions])
        _made[name] = made
    _made.move_to_end(name)
    while len(_made) > MATRICES_MAX:
        _made.popitem(last=False)
    return made


async def case(connection: Connection, tenant_id: TenantId, provider: Provider, at: datetime) -> Case:
    """The provider's application with everything that decides about it at `at`."""
    return (await cases(connection, tenant_id, [provider], at))[0]


async def cases(connection: Connection, tenant_id: TenantId, providers: Sequence[Provider], at: datetime) -> list[Case]:
    """Those providers' applications, in their order. Whoever works is not asked for bars and second accounts."""
    of = await matrix(connection, tenant_id, at)
    ids = [provider.id for provider in providers]
    live = await reviews.live_by_providers(connection, tenant_id, ids)
    items: dict[ProviderId, list[RequirementItem]] = {}
    for item in await item_rows.live_by_providers(connection, tenant_id, ids):
        items.setdefault(item.provider_id, []).append(item)
    held = await deposits.held_by_providers(connection, tenant_id, ids)
    bars, related = await _in_the_way(connection, tenant_id, [each.id for each in providers if each.state in JUDGED])
    found = []
    for provider in providers:
        deposited = held.get(provider.id, {})
        standings = requirements.standings(of, provider, items.get(provider.id, ()), at, held=deposited)
        account = NOTHING
        if related.get(provider.id):
            account = await one_account(connection, tenant_id, provider, at)
        ids_in_the_way = {provider.id, *related.get(provider.id, ())}
        own = [bar for bar in bars if bar.provider_id in ids_in_the_way] if provider.state in JUDGED else []
        barred = bar_rules.standing(own, at, own=provider.id)
        found.append(Case(provider, of, standings, barred, account, live.get(provider.id)))
    return found


async def _in_the_way(
    connection: Connection, tenant_id: TenantId, ids: Sequence[ProviderId]
) -> tuple[list[Bar], dict[ProviderId, set[LiablePartyId]]]:
    """The bars of those providers and of whoever is related to them; and provider -> who is related to it."""
    if not ids:
        return [], {}
    related: dict[ProviderId, set[LiablePartyId]] = {}
    for relation in await relation_rows.by_parties(connection, tenant_id, ids):
        if relation.state is not RelationState.CLEARED:
            for id_ in set(ids).intersection((relation.first_id, relation.second_id)):
                if relations.binds(relation, id_):
                    related.setdefault(id_, set()).add(relation.other(id_))
    everybody = {*ids, *(other for others in related.values() for other in others)}
    return await bar_rows.by_providers(connection, tenant_id, everybody), related


async def one_account(connection: Connection, tenant_id: TenantId, provider: Provider, at: datetime) -> OneAccount:
    """What the rule of one account in force says of the provider as it stands now, beside everybody else."""
    version = await rulebook.in_force(connection, tenant_id, ONE_ACCOUNT, at)
    terms = read(RelationTerms, {"version": str(version.id), **version.body})
    besides = await relation_rows.besides(connection, tenant_id, provider.id)
    return relations.one_account(terms, provider.served_markets, besides)
