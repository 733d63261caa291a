"""Doing what was awarded: remedies in kind by the liable party, refunds by the payment system; and what follows.

Locks: the order first, then the claim, then remedy or refund, then money.
"""

from api.operations import claim_turns, compensation, remedies
from api.operations.claims import steps
from api.operations.compensation import Behind
from api.operations.duties import end_duties, start_duty
from domain import access, orders, refunds, remedy_terms
from domain import remedies as rules
from domain.claims import Claim
from domain.clocks import Clock, Duty
from domain.ids import ClaimId, RefundId, RemedyId
from domain.ledger import Event
from domain.money import Money
from domain.refunds import RecordRefundFailed, RecordRefundPaid, Refund
from domain.remedies import AnswerRemedy, Remedy, RemedyState
from storage import calendars
from storage import claims as claim_rows
from storage import goodwill as goodwill_rows
from storage import orders as order_rows
from storage import refunds as refund_rows
from storage import remedies as remedy_rows
from storage.unit_of_work import Outcome, Work

# -- remedies in kind -------------------------------------------------------------------------------------------------


async def provide_remedy(work: Work, command: AnswerRemedy) -> Outcome:
    """The liable party says that it replaced, repaired or sent it; the buyer has its time to say otherwise."""
    access.require(work.caller, "provideRemedy")
    remedy, claim = await _locked(work, command.remedy_id)
    due_at = remedy_terms.confirm_due_at(
        await compensation.terms(work), work.at, await calendars.get(work.connection, work.market)
    )
    change = rules.provide_remedy(remedy, command.note, due_at, work.caller, work.at)
    await work.keep(change)
    await end_duties(work, remedy.id)
    await start_duty(work, Duty.CONFIRM_REMEDY, remedy.id, due_at, party_id=remedy.buyer_id)
    return Outcome({"remedy": remedy.id, "claim": claim.id})


async def confirm_remedy(work: Work, command: AnswerRemedy) -> Outcome:
    """The buyer has it; where it was the last thing to wait for, the claim is closed."""
    access.require(work.caller, "confirmRemedy")
    remedy, claim = await _locked(work, command.remedy_id)
    await work.keep(rules.confirm_remedy(remedy, command.note, work.caller, work.at))
    await end_duties(work, remedy.id)
    await settle(work, claim)
    return Outcome({"remedy": remedy.id, "claim": claim.id})


async def reject_remedy(work: Work, command: AnswerRemedy) -> Outcome:
    """The buyer does not have it, or not as it should be: it failed, and the claim can be decided again."""
    access.require(work.caller, "rejectRemedy")
    remedy, claim = await _locked(work, command.remedy_id)
    await work.keep(rules.reject_remedy(remedy, command.note or "", work.caller, work.at))
    await end_duties(work, remedy.id)
    await settle(work, await steps.remedy_failed(work, claim))
    return Outcome({"remedy": remedy.id, "claim": claim.id})


async def fire_provide_remedy(work: Work, clock: Clock) -> None:
    """The liable party did not do what it had to: the remedy has failed."""
    await _silent(work, clock, RemedyState.DUE)


async def fire_confirm_remedy(work: Work, clock: Clock) -> None:
    """The buyer did not object: it has what the liable party says it did."""
    await _silent(work, clock, RemedyState.IN_PROGRESS)


async def _silent(work: Work, clock: Clock, waited_for: RemedyState) -> None:
    remedy, claim = await _held(work, RemedyId(clock.subject_id))
    if remedy.state is not waited_for:
        return
    change = rules.fall_silent(remedy, work.at)
    await work.keep(change)
    if change.after.state is RemedyState.FAILED:
        claim = await steps.remedy_failed(work, claim)
    await settle(work, claim)


# -- refunds ----------------------------------------------------------------------------------------------------------


async def record_refund_paid(work: Work, command: RecordRefundPaid) -> Outcome:
    """The payment system paid the refund; the order knows it, and a claim that waited for nothing else is closed.

    A report that repeats the payment's reference changes nothing. Refuses with Conflict another payment of the same
    refund, and with Refused one that was cancelled.
    """
    access.require(work.caller, "recordRefundPaid")
    refund, claim = await _refund(work, command.refund_id)
    change = refunds.record_refund_paid(refund, command.reference, work.at)
    if change is None:
        return Outcome({"refund": refund.id})
    work.expect(refund)
    await work.keep(change)
    await end_duties(work, refund.id)
    await _give_back(work, refund)
    for remedy in await remedy_rows.by_refund(work.connection, work.tenant_id, refund.id):
        if remedy.state is RemedyState.DUE:
            await work.keep(rules.pay_remedy(remedy, work.at))
    await compensation.post(
        work, Event.REFUND_PAID, refund.amount, await _behind(work, refund, claim), refund_id=refund.id
    )
    if claim is not None:
        await settle(work, claim)
    return Outcome({"refund": refund.id})


async def record_refund_failed(work: Work, command: RecordRefundFailed) -> Outcome:
    """The payment system could not pay; the refund is still to be paid, and staff see why. Refuses one that ended."""
    access.require(work.caller, "recordRefundFailed")
    refund, _ = await _refund(work, command.refund_id)
    if change := refunds.record_refund_failed(refund, command.failure):
        work.expect(refund)
        await work.keep(change)
    return Outcome({"refund": refund.id})


async def fire_pay_refund(work: Work, clock: Clock) -> None:
    """Nobody paid the refund in time: it is overdue, and due anew. Nothing, where it has ended."""
    refund, _ = await _refund(work, RefundId(clock.subject_id))
    if refund.state not in refunds.OPEN:
        return
    due_at = await compensation.refund_due_at(work)
    await work.keep(refunds.fall_overdue(refund, due_at, work.at))
    if due_at is not None:
        await start_duty(work, Duty.PAY_REFUND, refund.id, due_at, party_id=None)


async def _give_back(work: Work, refund: Refund) -> None:
    """The order was given back that much more, as far as it cost more than was given back already.

    What a refund gives beyond the order's own total, freight for instance, is no part of what the order cost.
    """
    order = await order_rows.lock(work.connection, work.tenant_id, refund.order_id)
    amount = min(refund.amount, order.total - order.refunded)
    if order.paid_at is not None and amount > Money.zero(amount.currency):
        await work.keep(orders.record_refund(order, amount))


async def settle(work: Work, claim: Claim) -> None:
    """The claim is closed if nothing of what it gave is still to be done, paid or spent."""
    if await remedies.all_done(work, claim):
        await claim_turns.close(work, claim)


async def _refund(work: Work, id: RefundId) -> tuple[Refund, Claim | None]:
    """The refund and its claim, their order locked first. Refuses with NotFound."""
    seen = await refund_rows.get(work.connection, work.tenant_id, id)
    await order_rows.lock_ids(work.connection, work.tenant_id, [seen.order_id])
    claim = None
    if seen.claim_id is not None:
        claim = await claim_rows.lock(work.connection, work.tenant_id, ClaimId(seen.claim_id))
    return await refund_rows.lock(work.connection, work.tenant_id, id), claim


async def _behind(work: Work, refund: Refund, claim: Claim | None) -> Behind:
    goodwill = None
    if refund.goodwill_id is not None:
        goodwill = await goodwill_rows.GOODWILLS.get(work.connection, work.tenant_id, refund.goodwill_id)
    if claim is not None:
        return Behind.claim(claim, goodwill)
    if goodwill is None:
        raise LookupError(f"nothing is behind {refund.id}")
    return Behind.goodwill(goodwill)


async def _locked(work: Work, id: RemedyId) -> tuple[Remedy, Claim]:
    """The remedy and its claim, their order locked first. Refuses with NotFound what is none of the caller's."""
    rules.require_side(await remedy_rows.get(work.connection, work.tenant_id, id), work.caller)
    remedy, claim = await _held(work, id)
    work.expect(remedy)
    return remedy, claim


async def _held(work: Work, id: RemedyId) -> tuple[Remedy, Claim]:
    """The remedy and its claim, their order locked first, for whom ever."""
    seen = await remedy_rows.get(work.connection, work.tenant_id, id)
    await order_rows.lock_ids(work.connection, work.tenant_id, [seen.order_id])
    claim = await claim_rows.lock(work.connection, work.tenant_id, ClaimId(seen.claim_id))
    return await remedy_rows.lock(work.connection, work.tenant_id, id), claim
