"""Payouts: row to dataclass, and what a party's payouts lack."""

from typing import Final

from domain.ids import LiablePartyId, PayoutId, SupplierId, TenantId
from domain.ledger import AccountName
from domain.money import Money
from domain.payouts import Payout
from storage.pool import Connection
from storage.tables import Table, Twin

PAYOUTS: Final = Table(
    "payouts",
    Payout,
    conflicts={"payouts_reference": Twin("A payout with this reference was announced already.", "reference")},
)


async def lock(connection: Connection, tenant_id: TenantId, id: PayoutId) -> Payout:
    """The payout, this transaction's until its end. Refuses with NotFound."""
    return await PAYOUTS.lock(connection, tenant_id, id)


async def lacking(connection: Connection, tenant_id: TenantId, party_id: LiablePartyId, currency: str) -> Money:
    """What the party's payouts lack: its account stands against it by that much once all that is announced is paid.

    The account is this transaction's until its end.
    """
    column = "supplier_id" if isinstance(party_id, SupplierId) else "provider_id"
    held = await connection.fetchval(
        "SELECT balance_minor FROM ledger_accounts WHERE tenant_id = $1 AND name = $2 AND party_id = $3"
        " AND currency = $4::char(3) FOR UPDATE",
        tenant_id,
        AccountName.PARTY_PAYABLE.value,
        party_id,
        currency,
    )
    waiting = await connection.fetchval(
        f"SELECT coalesce(sum(payable_minor), 0)::bigint FROM payouts WHERE tenant_id = $1 AND {column} = $2"
        " AND currency = $3::char(3) AND state = 'ANNOUNCED'",
        tenant_id,
        party_id,
        currency,
    )
    return Money(max((held or 0) + waiting, 0), currency)
