"""A marketplace with somebody who may do anything in it, committed: what tests of the storage write into."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from domain.access import Caller, Role, Scope, ViewerKind
from domain.ids import ApiKeyId, OrganisationId, TenantId
from domain.tenants import BETWEEN_BUSINESSES, Tenant, TenantKind
from storage import tenants
from storage.minting import mint
from storage.pool import Pool

CREATED_AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
DIGEST_KEY = b"a key of the digests, of 32 bytes"


@dataclass(frozen=True, slots=True)
class Marketplace:
    """A tenant and somebody who may do anything in it."""

    tenant_id: TenantId
    caller: Caller


async def open_marketplace(owner: Pool, kind: TenantKind) -> Marketplace:
    """The tenant's row is committed."""
    tenant_id = mint(TenantId)
    tenant = Tenant(
        tenant_id, "Fair", kind, "US", "USD", None, None, True, False, BETWEEN_BUSINESSES, DIGEST_KEY, CREATED_AT, 1
    )
    async with owner.acquire(None) as connection:
        await tenants.create(connection, tenant)
    caller = Caller(
        tenant_id,
        mint(ApiKeyId),
        mint(OrganisationId),
        None,
        frozenset({Role.ADMIN, Role.SERVICE}),
        ViewerKind.STAFF,
        frozenset(Scope),
    )
    return Marketplace(tenant_id, caller)
