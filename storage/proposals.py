"""Decisions that wait for a second adjudicator: row to dataclass, and the one that is open for a claim."""

from typing import Final

from domain.errors import NotFound
from domain.ids import ClaimId, ProposalId, TenantId
from domain.proposals import Proposal
from storage.pool import Connection
from storage.tables import Table, Twin

PROPOSALS: Final = Table(
    "proposals",
    Proposal,
    conflicts={
        "proposals_one_open": Twin("A decision on this claim waits for a second adjudicator already.", "claimId")
    },
)


async def lock(connection: Connection, tenant_id: TenantId, id: ProposalId) -> Proposal:
    """The proposal, this transaction's until its end. Refuses with NotFound. Lock its claim first."""
    return await PROPOSALS.lock(connection, tenant_id, id)


async def deciders(connection: Connection, tenant_id: TenantId, claim_id: ClaimId) -> set[str]:
    """Every member and key that decided, proposed or confirmed something about the claim (`domain.desk.reviewer`)."""
    text = (
        "SELECT d.decided_by FROM decisions d WHERE d.tenant_id = $1 AND d.subject_id = $2 AND d.kind = 'COMPENSATION' "
        "UNION SELECT unnest(ARRAY[p.proposed_by, p.ended_by]) FROM proposals p WHERE p.tenant_id = $1 "
        "AND p.claim_id = $2 AND p.state = 'CONFIRMED'"
    )
    return {row["decided_by"] for row in await connection.fetch(text, tenant_id, claim_id)}


async def lock_open(connection: Connection, tenant_id: TenantId, claim_id: ClaimId) -> Proposal:
    """The claim's open proposal, locked. Refuses with NotFound."""
    found = await PROPOSALS.select(
        connection, tenant_id, "t.claim_id = $2 AND t.state = 'PROPOSED'", claim_id, lock=True
    )
    if not found:
        raise NotFound("No decision on this claim waits for a second adjudicator.", field=("claimId",))
    return found[0]
