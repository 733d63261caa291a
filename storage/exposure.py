"""Exposures and what was drawn on them."""

from collections.abc import Collection, Mapping
from typing import Final

from domain.exposure import Exposure, ExposureMovement, Loss
from domain.ids import ExposureId, Id, OrderId, OrderLineId, TenantId
from domain.money import Money
from storage.pool import Connection
from storage.tables import Table

EXPOSURES: Final = Table(
    "exposures", Exposure, conflicts={"exposures_loss": "Somebody drew on this loss just now; try again."}
)
EXPOSURE_MOVEMENTS: Final = Table("exposure_movements", ExposureMovement)


async def lock_by_lines(
    connection: Connection, tenant_id: TenantId, line_ids: Collection[OrderLineId], loss: Loss
) -> dict[OrderLineId, Exposure]:
    """The exposures of that loss on those lines, this transaction's until its end. Lock the order first."""
    where = "t.line_id = ANY ($2::text[]) AND t.loss = $3 ORDER BY t.id"
    found = await EXPOSURES.select(connection, tenant_id, where, list(line_ids), loss.value, lock=True)
    return {exposure.line_id: exposure for exposure in found}


async def lock_by_subject(
    connection: Connection, tenant_id: TenantId, subject_id: Id
) -> list[tuple[Exposure, Money, ExposureMovement]]:
    """Every exposure that the subject drew on, locked, with what it drew and did not give back, and its last draw."""
    where = (
        "t.id IN (SELECT m.exposure_id FROM exposure_movements m WHERE m.tenant_id = $1 AND m.subject_id = $2)"
        " ORDER BY t.id"
    )
    exposures = await EXPOSURES.select(connection, tenant_id, where, subject_id, lock=True)
    moved = await EXPOSURE_MOVEMENTS.select(connection, tenant_id, "t.subject_id = $2 ORDER BY t.at, t.id", subject_id)
    found = []
    for exposure in exposures:
        own = [movement for movement in moved if movement.exposure_id == exposure.id]
        drawn = Money(sum(movement.amount.minor for movement in own), exposure.ceiling.currency)
        found.append((exposure, drawn, own[-1]))
    return found


async def by_orders(
    connection: Connection, tenant_id: TenantId, order_ids: Collection[OrderId]
) -> dict[OrderId, list[Exposure]]:
    """Order -> its exposures, in the order in which they came."""
    found: dict[OrderId, list[Exposure]] = {}
    where = "t.order_id = ANY ($2::text[]) ORDER BY t.opened_at, t.id"
    for exposure in await EXPOSURES.select(connection, tenant_id, where, list(order_ids)):
        found.setdefault(exposure.order_id, []).append(exposure)
    return found


async def remaining(
    connection: Connection, tenant_id: TenantId, order_id: OrderId, loss: Loss
) -> Mapping[OrderLineId, Money]:
    """What can still be drawn for that loss, by line; lines on which nothing was drawn yet are left out."""
    found = await by_orders(connection, tenant_id, [order_id])
    return {each.line_id: each.left for each in found.get(order_id, []) if each.loss is loss}


async def get(connection: Connection, tenant_id: TenantId, id: ExposureId) -> Exposure:
    """The exposure. Refuses with NotFound."""
    return await EXPOSURES.get(connection, tenant_id, id)


async def paid_back_by_us(connection: Connection, tenant_id: TenantId, order_id: OrderId) -> int:
    """Minor units of the order's own refunds that were decided here and paid: the shop did not give those back."""
    minor: int = await connection.fetchval(
        "SELECT coalesce(sum(amount_minor), 0)::bigint FROM refunds"
        " WHERE tenant_id = $1 AND order_id = $2 AND state = 'PAID'",
        tenant_id,
        order_id,
    )
    return minor
