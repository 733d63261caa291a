"""Carrier claims: row to dataclass, and the ways they are found."""

from collections.abc import Collection
from typing import Final

from domain.carrier_claims import CarrierClaim, CarrierPayment, LossAccount, loss_account
from domain.ids import CarrierClaimId, ClaimId, TenantId
from domain.money import Money
from storage.pool import Connection
from storage.tables import Table, Twin

CARRIER_CLAIMS: Final = Table(
    "carrier_claims",
    CarrierClaim,
    conflicts={
        "carrier_claims_once": Twin("There is a case against the carrier of this shipment already.", "shipmentId")
    },
)
CARRIER_PAYMENTS: Final = Table(
    "carrier_payments",
    CarrierPayment,
    conflicts={"carrier_payments_reference": Twin("A payment with this reference was recorded already.", "reference")},
)


async def get(connection: Connection, tenant_id: TenantId, id: CarrierClaimId) -> CarrierClaim:
    """The case. Refuses with NotFound."""
    return await CARRIER_CLAIMS.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: CarrierClaimId) -> CarrierClaim:
    """The case, this transaction's until its end. Refuses with NotFound. Lock its order and claim first."""
    return await CARRIER_CLAIMS.lock(connection, tenant_id, id)


async def by_claim(connection: Connection, tenant_id: TenantId, claim_id: ClaimId) -> list[CarrierClaim]:
    """The cases that the claim led to, as they were opened."""
    return await CARRIER_CLAIMS.select(connection, tenant_id, "t.claim_id = $2 ORDER BY t.id", claim_id)


_ACCOUNTS: Final = """
SELECT t.claim_id, e.currency,
  coalesce(sum(e.amount_minor) FILTER (WHERE a.name = 'COMPENSATION_EXPENSE'), 0)::bigint AS given,
  coalesce(-sum(e.amount_minor) FILTER (WHERE t.carrier_claim_id IS NULL AND t.reimbursement_id IS NULL
    AND a.name IN ('EXPENSE_RECOVERY', 'BAD_DEBT')), 0)::bigint AS charged,
  coalesce(-sum(e.amount_minor) FILTER (WHERE t.reimbursement_id IS NOT NULL
    AND a.name = 'EXPENSE_RECOVERY'), 0)::bigint AS reimbursed,
  coalesce(-sum(e.amount_minor) FILTER (WHERE t.carrier_claim_id IS NOT NULL
    AND a.name IN ('EXPENSE_RECOVERY', 'BAD_DEBT')), 0)::bigint AS recovered
FROM ledger_transfers t
JOIN ledger_entries e ON e.tenant_id = t.tenant_id AND e.transfer_id = t.id
JOIN ledger_accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id
WHERE t.tenant_id = $1 AND t.claim_id = ANY ($2::text[])
  AND a.name IN ('COMPENSATION_EXPENSE', 'EXPENSE_RECOVERY', 'BAD_DEBT')
GROUP BY t.claim_id, e.currency"""


async def loss_accounts(
    connection: Connection, tenant_id: TenantId, claim_ids: Collection[ClaimId]
) -> dict[ClaimId, LossAccount]:
    """Claim -> who bore what its buyer was given, by the ledger; claims of which nothing was posted are left out.

    What was written off counts as never charged.
    """
    found: dict[ClaimId, LossAccount] = {}
    for row in await connection.fetch(_ACCOUNTS, tenant_id, list(claim_ids)):
        sides = (Money(row[name], row["currency"]) for name in ("given", "charged", "recovered", "reimbursed"))
        found[ClaimId(row["claim_id"])] = loss_account(*sides)
    return found
