"""Proposed decisions: confirmed by a second adjudicator, or returned with a reason."""

from api.operations import claims as claim_operations
from domain import access, proposals
from domain.claim_notes import ClaimNote
from domain.claims import ClaimAction
from domain.claims import desk as assignments
from domain.ids import ClaimNoteId
from domain.proposals import ConfirmDecision, ReturnDecision
from storage import proposals as proposal_rows
from storage.unit_of_work import Outcome, Work


async def confirm_decision(work: Work, command: ConfirmDecision) -> Outcome:
    """The claim is decided as it was proposed, to the cent.

    Refuses whoever proposed it, a claim that nothing was proposed for, and a decision that comes to another amount.
    """
    access.require(work.caller, "confirmDecision")
    claim, case = await claim_operations.locked(work, command.claim_id, ClaimAction.CONFIRM_DECISION)
    proposal = await proposal_rows.lock_open(work.connection, work.tenant_id, claim.id)
    wish = proposals.wish_of(proposal)
    ruling = await claim_operations.ruling_of(work, claim, case, wish)
    await work.keep(proposals.confirm(proposal, ruling.amount, work.caller.actor_id, work.at))
    return await claim_operations.rule(work, claim, case, wish, ruling)


async def return_decision(work: Work, command: ReturnDecision) -> Outcome:
    """The claim can be decided anew; the reason stands in the proposal and in the claim's notes."""
    access.require(work.caller, "returnDecision")
    claim, _ = await claim_operations.locked(work, command.claim_id, ClaimAction.RETURN_DECISION)
    proposal = await proposal_rows.lock_open(work.connection, work.tenant_id, claim.id)
    await work.keep(
        proposals.send_back(proposal, command.reason, work.caller.actor_id, work.at), assignments.unpropose(claim)
    )
    work.add(ClaimNote(work.new_id(ClaimNoteId), claim.id, work.caller.actor_id, command.reason, work.at))
    return Outcome({"claim": claim.id})
