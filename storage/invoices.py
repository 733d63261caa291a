"""Invoices with their lines, and the payments that parties made."""

from typing import Final

from domain.ids import InvoiceId, TenantId
from domain.invoices import Invoice, InvoiceLine, PartyPayment
from storage.pool import Connection
from storage.tables import Children, Table, Twin

INVOICE_LINES: Final = Table("invoice_lines", InvoiceLine)
INVOICES: Final = Table(
    "invoices", Invoice, children={"lines": Children(INVOICE_LINES, by="invoice_id", order="position")}
)
PARTY_PAYMENTS: Final = Table(
    "party_payments",
    PartyPayment,
    conflicts={"party_payments_reference": Twin("A payment with this reference was recorded already.", "reference")},
)


async def get(connection: Connection, tenant_id: TenantId, id: InvoiceId) -> Invoice:
    """The invoice. Refuses with NotFound."""
    return await INVOICES.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: InvoiceId) -> Invoice:
    """The invoice with its lines, this transaction's until its end. Refuses with NotFound."""
    return await INVOICES.lock(connection, tenant_id, id)
