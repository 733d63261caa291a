"""Memberships and card receipts: rows to dataclasses, and the plan and the use of its cap of a merchant."""

from datetime import datetime
from typing import Final

from domain.ids import OrderId, SupplierId, TenantId
from domain.memberships import CardReceipt, Membership, Plan
from domain.money import Money
from storage.pool import Connection
from storage.tables import Table, Twin

MEMBERSHIPS: Final = Table(
    "memberships",
    Membership,
    conflicts={
        "memberships_tenant_id_reference_key": Twin(
            "A term of a plan was recorded with this reference already.", "reference"
        )
    },
)
CARD_RECEIPTS: Final = Table(
    "card_receipts",
    CardReceipt,
    conflicts={
        "card_receipts_tenant_id_payment_reference_key": Twin("This payment was recorded already.", "paymentReference")
    },
)


async def get(connection: Connection, tenant_id: TenantId, id: str) -> Membership:
    """The term. Refuses with NotFound."""
    return await MEMBERSHIPS.get(connection, tenant_id, id)


async def by_supplier(connection: Connection, tenant_id: TenantId, id: SupplierId, at: datetime) -> list[Membership]:
    """The merchant's terms that have not ended at `at`, the earliest first. The supplier's lock covers them."""
    where = "t.supplier_id = $2 AND t.ends_at >= $3 ORDER BY t.starts_at, t.id"
    return await MEMBERSHIPS.select(connection, tenant_id, where, id, at)


async def used_of_cap(connection: Connection, tenant_id: TenantId, id: SupplierId, plan: Plan) -> int:
    """What the merchant's receipts under that plan count, in minor units of the cap's currency."""
    text = (
        "SELECT coalesce(sum(counted_minor), 0)::bigint FROM card_receipts"
        " WHERE tenant_id = $1 AND supplier_id = $2 AND plan = $3"
    )
    used: int = await connection.fetchval(text, tenant_id, id, plan.value)
    return used


async def paid_by_card(connection: Connection, tenant_id: TenantId, id: OrderId, currency: str) -> Money:
    """What of the order was paid by card. The order's lock covers it."""
    text = "SELECT coalesce(sum(amount_minor), 0)::bigint FROM card_receipts WHERE tenant_id = $1 AND order_id = $2"
    return Money(await connection.fetchval(text, tenant_id, id), currency)


async def find_receipt(connection: Connection, tenant_id: TenantId, payment_reference: str) -> CardReceipt | None:
    """The receipt of that payment, or None."""
    found = await CARD_RECEIPTS.select(connection, tenant_id, "t.payment_reference = $2", payment_reference)
    return found[0] if found else None


async def receipts_by_order(connection: Connection, tenant_id: TenantId, id: OrderId) -> list[CardReceipt]:
    """The card payments of the order, oldest first."""
    return await CARD_RECEIPTS.select(connection, tenant_id, "t.order_id = $2 ORDER BY t.received_at, t.id", id)
