"""Tenants come to be: the marketplace, its operator's organisation, that one's first admin key, and the shipped rules.

All of it is one transaction of the worker's or the owner's role, which alone may write a tenant that nobody is in yet.
One that an older version made is completed when a newer one begins: `complete_tenants`.
Whoever sits at the platform's own terminal acts through `system`, with the rights of an admin.
"""

import secrets
from dataclasses import dataclass

from api.operations import keys, organisations, scorecards, tier_sweeps
from domain import tenants
from domain.access import Caller, Role, Scope, ViewerKind
from domain.buyers import TIER_RULE
from domain.clocks import Duty
from domain.ids import AuditId, Id, OrganisationId, TenantId
from domain.keys import IssueApiKey
from domain.organisations import CreateOrganisation, OrganisationKind
from domain.tenants import DIGEST_KEY_BYTES, CreateTenant
from storage import audit, rulebook
from storage import clocks as clock_rows
from storage import keys as key_rows
from storage import tenants as tenant_rows
from storage.minting import mint
from storage.pool import Pool
from storage.unit_of_work import Outcome, Work, transact


@dataclass(frozen=True, slots=True)
class NewTenant:
    """A marketplace that has just come to be. `admin_key` is shown this once."""

    id: TenantId
    operator_id: OrganisationId
    admin_key: str


def system(tenant_id: TenantId, what: str) -> Caller:
    """The platform's own hand in a tenant, with an admin's rights: for set-up and the terminal, never for a request."""
    return Caller(
        tenant_id=tenant_id,
        actor_id=Id(f"system:{what}"),
        organisation_id=None,
        party_id=None,
        roles=frozenset({Role.ADMIN}),
        viewer=ViewerKind.STAFF,
        scopes=frozenset(Scope),
    )


async def create_tenant(pool: Pool, command: CreateTenant, *, request_id: str) -> NewTenant:
    """The marketplace exists, whole: operator, admin key, rules. Refuses what `domain.tenants` refuses."""
    tenant_id = mint(TenantId)
    async with pool.transaction(tenant_id) as connection:
        now = await key_rows.real_now(connection)
        tenant = tenants.create_tenant(
            command, id=tenant_id, digest_key=secrets.token_bytes(DIGEST_KEY_BYTES), at=now
        ).after
        await tenant_rows.create(connection, tenant)
        caller = system(tenant_id, "createTenant")
        await audit.append(
            connection,
            tenant_id,
            id=mint(AuditId),
            at=now,
            actor_id=caller.actor_id,
            action="createTenant",
            object_id=tenant_id,
            request_id=request_id,
        )
        work = Work(
            connection,
            caller,
            action="createTenant",
            request_id=request_id,
            at=now,
            digest_key=tenant.digest_key,
            market=tenant.market,
            claim_profile=tenant.claim_profile,
        )
        created = await organisations.create_organisation(
            work, CreateOrganisation(OrganisationKind.OPERATOR, tenant.name)
        )
        operator_id = OrganisationId(created.things["organisation"])
        issued = await keys.issue_api_key(
            work, IssueApiKey(operator_id, "first admin", (Role.ADMIN,), tuple(Scope), frontend=False, expires_at=None)
        )
        await rulebook.adopt_shipped(work)
        await tier_sweeps.schedule(work)
        await scorecards.schedule(work)
        await work.write()
    return NewTenant(tenant_id, operator_id, issued.once["secret"])


async def complete_tenants(pool: Pool, *, request_id: str) -> tuple[TenantId, ...]:
    """The marketplaces that lacked what a new one has, and have it now: a shipped rule, or a clock of everybody.

    A rule of which a marketplace has any version is its own, and left alone. Each is a transaction of its own, so that
    one that is refused leaves those before it complete.
    """
    async with pool.acquire(None) as connection:
        found = {
            *await rulebook.lacking_shipped(connection),
            *await clock_rows.tenants_without(connection, Duty.EVALUATE_TIERS),
            *await clock_rows.tenants_without(connection, Duty.REVIEW_SCORECARDS),
        }
    for tenant_id in sorted(found):
        caller = system(tenant_id, "completeTenant")
        await transact(pool, caller, action="completeTenant", request_id=request_id, act=_complete)
    return tuple(sorted(found))


async def _complete(work: Work) -> Outcome:
    await rulebook.lock_key(work.connection, work.tenant_id, TIER_RULE)  # of several that start, one at a time
    await rulebook.adopt_shipped(work)
    await tier_sweeps.schedule(work)
    await scorecards.schedule(work)
    return Outcome()
