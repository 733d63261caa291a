"""The matrix of requirements in force, and applications with everything that decides about them.

How the cache works. A matrix follows from the versions of its rules, which never change: it is made once for each
combination of versions and remembered, whichever tenant asked for it last.
"""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from domain import onboarding, relations, requirements
from domain.explain import Finding
from domain.ids import ProviderId, TenantId
from domain.onboarding import Case
from domain.providers import Provider, ProviderState
from domain.relations import ONE_ACCOUNT, OneAccount, RelationTerms
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
    found = []
    for provider in providers:
        deposited = held.get(provider.id, {})
        standings = requirements.standings(of, provider, items.get(provider.id, ()), at, held=deposited)
        bars: tuple[Finding, ...] = ()
        account = NOTHING
        if provider.state in JUDGED:
            related = await relation_rows.related(connection, tenant_id, provider.id)
            bars = await bar_rows.standing(connection, tenant_id, related, at, own=provider.id)
            account = await one_account(connection, tenant_id, provider, at)
        found.append(Case(provider, of, standings, bars, account, live.get(provider.id)))
    return found


async def one_account(connection: Connection, tenant_id: TenantId, provider: Provider, at: datetime) -> OneAccount:
    """What the rule of one account in force says of the provider as it stands now, beside everybody else."""
    version = await rulebook.in_force(connection, tenant_id, ONE_ACCOUNT, at)
    terms = read(RelationTerms, {"version": str(version.id), **version.body})
    besides = await relation_rows.besides(connection, tenant_id, provider.id)
    return relations.one_account(terms, provider.served_markets, besides)
