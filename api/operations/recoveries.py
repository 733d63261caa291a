"""Recoveries: disputed, resolved, given up, waived; and what follows whenever one changes.

How it works. Whoever changes a recovery keeps the change and then calls `follow`: the clock of its wait starts when
something is owed and ends when nothing is, the invoice that asks for it asks for less, a write-off that turned out not
to be owed is taken back in the books, and a restriction for a debt that is settled is lifted.

Locks: the party first (where a restriction may be lifted), then recoveries in the order of `lock_owed`, then invoices,
then balances. A redemption locks its one recovery only.
"""

from api.operations import capabilities, measures
from api.operations.duties import end_duties, start_duty
from domain import access, collection, invoices, ledger, recoveries
from domain.capabilities import Cause as LimitCause
from domain.change import Change
from domain.clocks import Duty
from domain.collection import COLLECTION_RULE, CollectionTerms
from domain.errors import NotFound
from domain.ids import DepositMovementId, PartyPaymentId, PayoutId, RecoveryId, RuleVersionId, TransferId
from domain.invoices import InvoiceState
from domain.ledger import Cause, Event, Transfer
from domain.money import Money
from domain.recoveries import ConfirmWriteOff, DisputeRecovery, Recovery, ResolveRecovery, WriteOffRecovery
from storage import calendars, rulebook
from storage import invoices as invoice_rows
from storage import ledger as ledger_rows
from storage import providers as provider_rows
from storage import recoveries as recovery_rows
from storage.unit_of_work import Outcome, Work


async def dispute_recovery(work: Work, command: DisputeRecovery) -> Outcome:
    """Nothing of it is collected until the marketplace has resolved the dispute. Refuses what nobody owes."""
    access.require(work.caller, "disputeRecovery")
    recovery = await _locked(work, command.recovery_id)
    change = recoveries.dispute_recovery(recovery, command, work.caller, work.at)
    return await _kept(work, change)


async def resolve_recovery(work: Work, command: ResolveRecovery) -> Outcome:
    """The party owes it after all, or it is waived and the platform bears it. Refuses what is not disputed."""
    access.require(work.caller, "resolveRecovery")
    recovery = await _locked(work, command.recovery_id)
    change = recoveries.resolve_recovery(recovery, command, work.caller, work.at)
    outcome = await _kept(work, change)
    if not command.owed:
        await ledger_rows.post(work, posting(work, change.after, Event.RECOVERY_WAIVED, recovery.outstanding))
    return outcome


async def write_off_recovery(work: Work, command: WriteOffRecovery) -> Outcome:
    """What is owed is given up; above the amount of the rule a second person has to confirm it first."""
    access.require(work.caller, "writeOffRecovery")
    recovery = await _locked(work, command.recovery_id)
    if not collection.one_person_may(await rule(work), recovery.outstanding):
        return await _kept(work, recoveries.ask_write_off(recovery, command, work.caller, work.at))
    return await _given_up(work, recoveries.write_off_recovery(recovery, command, work.caller, work.at))


async def confirm_write_off(work: Work, command: ConfirmWriteOff) -> Outcome:
    """What is owed is given up, as somebody else had asked."""
    access.require(work.caller, "confirmWriteOff")
    recovery = await _locked(work, command.recovery_id)
    return await _given_up(work, recoveries.confirm_write_off(recovery, work.caller, work.at))


async def waive(work: Work, recovery_id: RecoveryId, reason: str) -> bool:
    """The party owes nothing of it any more, now or ever; whether there was anything to waive.

    What was collected of it goes back with the next payout. For appeals, whose decision says why.
    """
    recovery = await recovery_rows.lock(work.connection, work.tenant_id, recovery_id)
    if not (recovery.contingent + recovery.due).minor:
        return False
    change = recoveries.waive(recovery, work.at)
    await work.keep(change)
    await follow(work, change, reason)
    made = []
    if recovery.due.minor:
        made.append(posting(work, recovery, Event.RECOVERY_WAIVED, recovery.due))
    if recovery.contingent.minor:
        made.append(posting(work, recovery, Event.CONTINGENT_RELEASED, recovery.contingent))
    await ledger_rows.post(work, *made)
    return True


async def follow(work: Work, change: Change[Recovery], reason: str | None = None) -> None:
    """What follows from a recovery's change, which is kept already, has happened. See the head of this module."""
    before, after = change.before, change.after
    if before is not None and before.invoice_id is not None:
        after = await _settle_invoice(work, before, after, reason)
    waited = before is not None and _waits(before)
    if _waits(after) and not waited:
        calendar = await calendars.get(work.connection, work.market)
        due_at = collection.waits_until(await rule(work), work.at, calendar)
        await start_duty(work, Duty.COLLECT_RECOVERY, after.id, due_at, party_id=after.party_id)
    elif waited and not _waits(after):
        await end_duties(work, after.id)
    if before is not None and after.written_off < before.written_off:
        taken_back = before.written_off - after.written_off
        await ledger_rows.post(work, posting(work, after, Event.WRITE_OFF_REVERSED, taken_back))


async def rule(work: Work) -> CollectionTerms:
    """The rule about collecting that is in force."""
    version = await rulebook.in_force(work.connection, work.tenant_id, COLLECTION_RULE, work.at)
    return collection.collection_terms(version)


def posting(
    work: Work,
    recovery: Recovery,
    event: Event,
    amount: Money,
    *,
    payout_id: PayoutId | None = None,
    payment_id: PartyPaymentId | None = None,
    movement_id: DepositMovementId | None = None,
    rule_version_id: RuleVersionId | None = None,
) -> Transfer:
    """The transfer of that event on the recovery's party, with everything that it is caused by."""
    cause = Cause(
        claim_id=recovery.claim_id,
        coupon_id=recovery.coupon_id,
        recovery_id=recovery.id,
        payout_id=payout_id,
        party_payment_id=payment_id,
        deposit_movement_id=movement_id,
        rule_version_id=rule_version_id,
    )
    return ledger.transfer(work.new_id(TransferId), event, amount, party_id=recovery.party_id, cause=cause, at=work.at)


async def lift_restriction(work: Work, invoice_id: str, recovery: Recovery, reason: str | None) -> None:
    """What was restricted because the invoice was overdue is back."""
    # The party is locked late here: whoever collects has it first, so a deadlock is possible, and is tried again.
    why = reason or "The invoice is settled."
    if recovery.supplier_id is not None:
        await measures.lift_about(work, recovery.supplier_id, invoice_id, why)
    if recovery.provider_id is None:
        return
    provider = await provider_rows.lock(work.connection, work.tenant_id, recovery.provider_id)
    if await capabilities.lift(work, provider.id, LimitCause.DEBT, invoice_id, why):
        await capabilities.settle(work, provider)


def _waits(recovery: Recovery) -> bool:
    """Whether the clock of its wait has to run: it can be collected, and no invoice asks for it yet."""
    return recovery.collectable and recovery.invoice_id is None


async def _settle_invoice(work: Work, before: Recovery, after: Recovery, reason: str | None) -> Recovery:
    """The invoice asks for what is left of the recovery; the recovery as it is then, perhaps on no invoice any more."""
    assert before.invoice_id is not None
    invoice = await invoice_rows.lock(work.connection, work.tenant_id, before.invoice_id)
    change = invoices.settle(invoice, before, after, work.at)
    if change is not None:
        await work.keep(change)
        if change.after.state is InvoiceState.PAID:
            await end_duties(work, invoice.id)
            if invoice.state is InvoiceState.OVERDUE:
                await lift_restriction(work, invoice.id, after, reason)
    line = next(line for line in (change.after if change else invoice).lines if line.recovery_id == after.id)
    if after.invoice_id is None or line.settled < line.amount:
        return after
    left = recoveries.leave_invoice(after, work.at)  # more fell due since it was invoiced: that waits on its own
    await work.keep(left)
    return left.after


async def _locked(work: Work, id: RecoveryId) -> Recovery:
    """The recovery, its provider locked before it. Refuses with NotFound what is none of the caller's."""
    seen = await recovery_rows.RECOVERIES.find(work.connection, work.tenant_id, id)
    if seen is None:
        raise NotFound("there is no such recovery", field=("recoveryId",))
    recoveries.require_own(seen, work.caller)
    if seen.provider_id is not None:
        await provider_rows.lock(work.connection, work.tenant_id, seen.provider_id)
    recovery = await recovery_rows.lock(work.connection, work.tenant_id, id)
    work.expect(recovery)
    return recovery


async def _kept(work: Work, change: Change[Recovery]) -> Outcome:
    await work.keep(change)
    await follow(work, change)
    return Outcome({"recovery": change.after.id})


async def _given_up(work: Work, change: Change[Recovery]) -> Outcome:
    assert change.before is not None
    outcome = await _kept(work, change)
    amount = change.before.outstanding
    await ledger_rows.post(work, posting(work, change.after, Event.RECOVERY_WRITTEN_OFF, amount))
    return outcome
