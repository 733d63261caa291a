"""Requirement items: what providers handed in, and the ways it is found."""

from collections.abc import Collection
from typing import Final

from domain.ids import ProviderId, RequirementItemId, TenantId
from domain.requirements import STANDING, RequirementItem
from storage.pool import Connection
from storage.tables import Table

REQUIREMENT_ITEMS: Final = Table(
    "requirement_items",
    RequirementItem,
    conflicts={
        "requirement_items_pending": "Something was handed in for this requirement just now; read it again.",
        "requirement_items_standing": "This requirement was accepted or waived just now; read it again.",
    },
)

_STANDING: Final = f"t.state IN ({', '.join(repr(state.value) for state in sorted(STANDING))})"


async def get(connection: Connection, tenant_id: TenantId, id: RequirementItemId) -> RequirementItem:
    """The item. Refuses with NotFound. Lock its provider before it is changed."""
    return await REQUIREMENT_ITEMS.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: RequirementItemId) -> RequirementItem:
    """The item, this transaction's until its end. Refuses with NotFound. Lock its provider first."""
    return await REQUIREMENT_ITEMS.lock(connection, tenant_id, id)


async def live_by_providers(
    connection: Connection, tenant_id: TenantId, provider_ids: Collection[ProviderId]
) -> list[RequirementItem]:
    """What those providers handed in or were waived, without what was superseded, in the order it came."""
    where = "t.provider_id = ANY ($2::text[]) AND t.state <> 'SUPERSEDED' ORDER BY t.provider_id, t.submitted_at, t.id"
    return await REQUIREMENT_ITEMS.select(connection, tenant_id, where, list(provider_ids))


async def standing_by_provider(
    connection: Connection, tenant_id: TenantId, provider_id: ProviderId
) -> list[RequirementItem]:
    """What stands for the provider, accepted or waived, ended ones too; at most one item of each requirement."""
    where = f"t.provider_id = $2 AND {_STANDING} ORDER BY t.requirement"
    return await REQUIREMENT_ITEMS.select(connection, tenant_id, where, provider_id)


async def by_provider(connection: Connection, tenant_id: TenantId, provider_id: ProviderId) -> list[RequirementItem]:
    """Everything the provider ever handed in or was waived, in the order it came."""
    return await REQUIREMENT_ITEMS.select(
        connection, tenant_id, "t.provider_id = $2 ORDER BY t.submitted_at, t.id", provider_id
    )
