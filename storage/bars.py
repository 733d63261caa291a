"""Bars: row to dataclass, and whether one stands in somebody's way."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from domain import bars
from domain.bars import Bar
from domain.explain import Finding
from domain.ids import BarId, LiablePartyId, TenantId
from storage.pool import Connection
from storage.tables import Table

BARS: Final = Table("bars", Bar)


async def get(connection: Connection, tenant_id: TenantId, id: BarId) -> Bar:
    """The bar, ended ones too. Refuses with NotFound."""
    return await BARS.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: BarId) -> Bar:
    """The bar, this transaction's until its end. Refuses with NotFound. Lock its provider first."""
    return await BARS.lock(connection, tenant_id, id)


async def by_providers(
    connection: Connection, tenant_id: TenantId, provider_ids: Collection[LiablePartyId]
) -> list[Bar]:
    """Every bar of the providers among those, ended ones too, in the order they were laid."""
    where = "t.provider_id = ANY ($2::text[]) ORDER BY t.id"
    return await BARS.select(connection, tenant_id, where, list(provider_ids))


async def standing(
    connection: Connection,
    tenant_id: TenantId,
    provider_ids: Collection[LiablePartyId],
    at: datetime,
    *,
    own: LiablePartyId | None,
    programme: str | None = None,
) -> tuple[Finding, ...]:
    """What stands in the way of `own` (None: no account yet) at `at`, by its bars and those of its related accounts.

    `provider_ids` are `own` and whoever is related to it; nothing found means that it may come. With a `programme`, a
    guarantee's rule, bars of that programme count beside those of the whole marketplace.
    """
    found = await by_providers(connection, tenant_id, {*provider_ids, *(() if own is None else (own,))})
    return bars.standing(found, at, own=own, programme=programme)
