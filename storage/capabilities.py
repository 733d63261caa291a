"""Restrictions: row to dataclass, and the ways they are found."""

from collections.abc import Collection
from typing import Final

from domain.capabilities import Cause, Limit, Restriction
from domain.ids import ProviderId, RestrictionId, TenantId
from storage.pool import Connection
from storage.tables import Table, Twin

RESTRICTIONS: Final = Table(
    "restrictions",
    Restriction,
    conflicts={"restrictions_once": Twin("The provider is restricted for that cause already.", "providerId")},
)


async def get(connection: Connection, tenant_id: TenantId, id: RestrictionId) -> Restriction:
    """The restriction, lifted ones too. Refuses with NotFound."""
    return await RESTRICTIONS.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: RestrictionId) -> Restriction:
    """The restriction, this transaction's until its end. Refuses with NotFound. Lock its provider first."""
    return await RESTRICTIONS.lock(connection, tenant_id, id)


async def live_by_provider(
    connection: Connection, tenant_id: TenantId, provider_id: ProviderId
) -> tuple[Restriction, ...]:
    """The provider's restrictions that were not lifted, also those whose limit lies ahead, in the order they came."""
    where = "t.provider_id = $2 AND t.lifted_at IS NULL ORDER BY t.id"
    return tuple(await RESTRICTIONS.select(connection, tenant_id, where, provider_id))


async def live_by_providers(
    connection: Connection, tenant_id: TenantId, provider_ids: Collection[ProviderId]
) -> list[Restriction]:
    """Those providers' restrictions that were not lifted, in the order they came."""
    where = "t.provider_id = ANY ($2::text[]) AND t.lifted_at IS NULL ORDER BY t.id"
    return await RESTRICTIONS.select(connection, tenant_id, where, list(provider_ids))


async def limits(connection: Connection, tenant_id: TenantId, provider_id: ProviderId) -> tuple[Limit, ...]:
    """What limits the provider now and as far as is known; an instant decides which of them apply."""
    return tuple(each.limit for each in await live_by_provider(connection, tenant_id, provider_id))


async def find_live(
    connection: Connection, tenant_id: TenantId, provider_id: ProviderId, cause: Cause, about: str | None
) -> Restriction | None:
    """The provider's restriction of that cause about that thing, not lifted; None where there is none."""
    where = (
        "t.provider_id = $2 AND t.lifted_at IS NULL AND t.cause = $3 AND t.about IS NOT DISTINCT FROM $4 ORDER BY t.id"
    )
    found = await RESTRICTIONS.select(connection, tenant_id, where, provider_id, cause, about)
    return found[0] if found else None
