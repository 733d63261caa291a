"""Reimbursements: what the marketplace is paid back for a claim is booked, and taken out of the books again.

Locks: the order of the claim first, then the reimbursement, then balances.
"""

from api.operations import carrier_claims
from domain import access, ledger, reimbursements
from domain.ids import ReimbursementId, TransferId
from domain.ledger import Cause, Event
from domain.reimbursements import RecordReimbursement, Reimbursement, WithdrawReimbursement
from storage import carrier_claims as case_rows
from storage import claims as claim_rows
from storage import ledger as ledger_rows
from storage import orders as order_rows
from storage import reimbursements as reimbursement_rows
from storage.unit_of_work import Outcome, Work


async def record_reimbursement(work: Work, command: RecordReimbursement) -> Outcome:
    """The marketplace bears that much less of what the claim gave; the payment is in the books.

    Refuses with Invalid what is no payment for the claim, with Refused (`reimbursement.record`) what is above what the
    marketplace bears and nobody else was asked for, with Conflict a payment that was recorded.
    """
    access.require(work.caller, "recordReimbursement")
    claim = await claim_rows.get(work.connection, work.tenant_id, command.claim_id)
    await order_rows.lock(work.connection, work.tenant_id, claim.order_id)
    cases = await case_rows.by_claim(work.connection, work.tenant_id, claim.id)
    borne = await carrier_claims.left_to_ask(work, claim, cases)
    change = reimbursements.record_reimbursement(
        command, claim, borne, recorded_by=work.caller.actor_id, id=work.new_id(ReimbursementId), at=work.at
    )
    await work.keep(change)
    await _post(work, Event.REIMBURSED, change.after)
    return Outcome({"reimbursement": change.after.id})


async def withdraw_reimbursement(work: Work, command: WithdrawReimbursement) -> Outcome:
    """The payment was not made after all: the marketplace bears that much again. Refuses one that is withdrawn."""
    access.require(work.caller, "withdrawReimbursement")
    seen = await reimbursement_rows.get(work.connection, work.tenant_id, command.reimbursement_id)
    await order_rows.lock(work.connection, work.tenant_id, seen.order_id)
    found = await reimbursement_rows.lock(work.connection, work.tenant_id, seen.id)
    work.expect(found)
    await work.keep(reimbursements.withdraw_reimbursement(found, command, work.caller, work.at))
    booked = await reimbursement_rows.transfer_of(work.connection, work.tenant_id, found.id)
    await _post(work, Event.REIMBURSEMENT_RETURNED, found, booked)
    return Outcome({"reimbursement": found.id})


async def _post(work: Work, event: Event, made: Reimbursement, reverses_id: TransferId | None = None) -> None:
    cause = Cause(
        claim_id=made.claim_id, decision_id=made.decision_id, reimbursement_id=made.id, reverses_id=reverses_id
    )
    id_ = work.new_id(TransferId)
    await ledger_rows.post(work, ledger.transfer(id_, event, made.amount, party_id=None, cause=cause, at=work.at))
