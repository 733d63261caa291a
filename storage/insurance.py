"""Payments of insurers: row to dataclass, and the ways they are found."""

from typing import Final

from domain.ids import InsurancePaymentId, TenantId
from domain.insurance import InsurancePayment
from storage.pool import Connection
from storage.tables import Table, Twin

INSURANCE_PAYMENTS: Final = Table(
    "insurance_payments",
    InsurancePayment,
    conflicts={
        "insurance_payments_once": Twin("This payment of the insurer was recorded for the line already.", "reference")
    },
)


async def get(connection: Connection, tenant_id: TenantId, id: InsurancePaymentId) -> InsurancePayment:
    """The payment. Refuses with NotFound."""
    return await INSURANCE_PAYMENTS.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: InsurancePaymentId) -> InsurancePayment:
    """The payment, this transaction's until its end. Refuses with NotFound. Lock its order first."""
    return await INSURANCE_PAYMENTS.lock(connection, tenant_id, id)
