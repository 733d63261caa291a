"""Reimbursements: row to dataclass, and the ways they are found."""

from typing import Final

from domain.ids import ReimbursementId, TenantId, TransferId
from domain.ledger import Event
from domain.reimbursements import Reimbursement
from storage.pool import Connection
from storage.tables import Table, Twin

REIMBURSEMENTS: Final = Table(
    "reimbursements",
    Reimbursement,
    conflicts={
        "reimbursements_once": Twin("A payment of this payer with this reference was recorded already.", "reference")
    },
)


async def get(connection: Connection, tenant_id: TenantId, id: ReimbursementId) -> Reimbursement:
    """The reimbursement. Refuses with NotFound."""
    return await REIMBURSEMENTS.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: ReimbursementId) -> Reimbursement:
    """The reimbursement, this transaction's until its end. Refuses with NotFound. Lock its order first."""
    return await REIMBURSEMENTS.lock(connection, tenant_id, id)


async def transfer_of(connection: Connection, tenant_id: TenantId, id: ReimbursementId) -> TransferId:
    """The transfer that booked it: what its withdrawal reverses."""
    found: str = await connection.fetchval(
        "SELECT id FROM ledger_transfers WHERE tenant_id = $1 AND reimbursement_id = $2 AND event = $3",
        tenant_id,
        id,
        Event.REIMBURSED.value,
    )
    return TransferId(found)
