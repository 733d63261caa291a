"""Collection: payouts that keep back what is owed, payments, and what the clocks of debts and invoices lead to.

Every step is one transaction with its balanced postings, a transfer per recovery. Locks: the party first, then what it
owes, the oldest first, then invoices, then balances; so two payouts of a party keep back one after the other, and
nothing twice.
"""

from collections.abc import Iterable, Sequence

from api.operations import capabilities, deposits, measures
from api.operations import recoveries as steps
from api.operations.duties import start_duty
from domain import access, collection, invoices, ledger, payouts, recoveries
from domain.capabilities import Cause as LimitCause
from domain.capabilities import Limit, Scope
from domain.change import Change
from domain.clocks import Clock, Duty
from domain.collection import CollectionTerms
from domain.dates import end_of_day, local_day
from domain.decisions import DecisionKind
from domain.ids import (
    InvoiceId,
    InvoiceLineId,
    LiablePartyId,
    PartyPaymentId,
    PayoutId,
    ProviderId,
    RecoveryId,
    RuleVersionId,
    SupplierId,
    TransferId,
)
from domain.invoices import Invoice, InvoiceState, RecordPartyPayment
from domain.ledger import Cause, Event, Transfer
from domain.money import Money
from domain.payouts import ConfirmPayout, Payout, RecordPayout
from domain.providers import Provider
from domain.recoveries import Means, Recovery
from storage import calendars
from storage import invoices as invoice_rows
from storage import ledger as ledger_rows
from storage import payouts as payout_rows
from storage import providers as provider_rows
from storage import recoveries as recovery_rows
from storage import suppliers as supplier_rows
from storage.unit_of_work import Outcome, Work

# -- what people and systems do ----------------------------------------------------------------------------------------


async def record_payout(work: Work, command: RecordPayout) -> Outcome:
    """The payout is announced; what the party owes is kept back of it, what stands to its favour is added.

    Refuses with NotFound a party that does not exist, with Conflict a reference that was announced.
    """
    access.require(work.caller, "recordPayout")
    await _lock_party(work, command.party_id)
    currency = command.amount.currency
    owed = await recovery_rows.lock_owed(work.connection, work.tenant_id, command.party_id, currency)
    rule = await steps.rule(work)
    netting = payouts.record_payout(
        command,
        owed,
        await payout_rows.lacking(work.connection, work.tenant_id, command.party_id, currency),
        nets=Means.PAYOUT in rule.order,
        id=work.new_id(PayoutId),
        by=str(work.caller.actor_id),
        at=work.at,
    )
    payout = netting.payout.after
    await work.keep(netting.payout)
    made = [_payout_posting(work, payout, Event.PAYOUT_ANNOUNCED, payout.announced)]
    for parts, event in ((netting.returned, Event.RECOVERY_RETURNED), (netting.netted, Event.RECOVERY_NETTED)):
        for change, part in parts:
            await _keep(work, change)
            made.append(steps.posting(work, change.after, event, part, payout_id=payout.id))
    await ledger_rows.post(work, *made)
    return Outcome({"payout": payout.id})


async def confirm_payout(work: Work, command: ConfirmPayout) -> Outcome:
    """What was payable was transferred. Refuses a payout that is paid."""
    access.require(work.caller, "confirmPayout")
    payout = await payout_rows.lock(work.connection, work.tenant_id, command.payout_id)
    work.expect(payout)
    change = payouts.confirm_payout(payout, command, work.caller, work.at)
    await work.keep(change)
    await ledger_rows.post(work, _payout_posting(work, payout, Event.PAYOUT_PAID, payout.payable))
    return Outcome({"payout": payout.id})


async def record_party_payment(work: Work, command: RecordPartyPayment) -> Outcome:
    """The money is in: it pays the invoice named, or what the party owes, the oldest first.

    Refuses more than is owed, another party's invoice, and with Conflict a reference that was recorded.
    """
    access.require(work.caller, "recordPartyPayment")
    await _lock_party(work, command.party_id)
    currency = command.amount.currency
    owed = await recovery_rows.lock_owed(work.connection, work.tenant_id, command.party_id, currency)
    if command.invoice_id is not None:
        invoice = await invoice_rows.get(work.connection, work.tenant_id, command.invoice_id)
        invoices.of_invoice(invoice, command.party_id)
        owed = [recovery for recovery in owed if recovery.invoice_id == invoice.id]
    change = invoices.record_party_payment(
        command,
        recoveries.collectable(owed, currency),
        id=work.new_id(PartyPaymentId),
        by=str(work.caller.actor_id),
        at=work.at,
    )
    payment = change.after
    await work.keep(change)
    made = []
    for recovery, part in recoveries.allocate(owed, payment.amount):
        paid = recoveries.pay(recovery, part, work.at)
        await _keep(work, paid)
        made.append(steps.posting(work, paid.after, Event.RECOVERY_PAID, part, payment_id=payment.id))
    await ledger_rows.post(work, *made)
    return Outcome({"payment": payment.id})


# -- what follows by itself --------------------------------------------------------------------------------------------


async def fire_collect_recovery(work: Work, clock: Clock) -> None:
    """The wait is over: what the party owes since that day or longer is collected by the next means of the rule."""
    seen = await recovery_rows.get(work.connection, work.tenant_id, RecoveryId(clock.subject_id))
    provider = await _lock_party(work, seen.party_id)
    owed = await recovery_rows.lock_owed(work.connection, work.tenant_id, seen.party_id, seen.due.currency)
    mine = next((recovery for recovery in owed if recovery.id == seen.id), None)
    if mine is None or not mine.collectable or mine.invoice_id is not None or mine.fell_due_at is None:
        return  # it was collected, disputed or invoiced while this clock was being taken
    calendar = await calendars.get(work.connection, work.market)
    ends_at = end_of_day(local_day(mine.fell_due_at, calendar), calendar)
    waited = [
        recovery
        for recovery in owed
        if recovery.collectable
        and recovery.invoice_id is None
        and recovery.fell_due_at is not None
        and recovery.fell_due_at <= ends_at
    ]
    rule = await steps.rule(work)
    await _collect(work, provider, waited, rule, collection.after(rule, None))


async def fire_pay_invoice(work: Work, clock: Clock) -> None:
    """The invoice's last day has passed: it is overdue, and what is left of it is collected by the next means."""
    seen = await invoice_rows.get(work.connection, work.tenant_id, InvoiceId(clock.subject_id))
    provider = await _lock_party(work, seen.party_id)
    owed = await recovery_rows.lock_owed(work.connection, work.tenant_id, seen.party_id, seen.total.currency)
    invoice = await invoice_rows.lock(work.connection, work.tenant_id, seen.id)
    if invoice.state is not InvoiceState.OPEN:
        return
    await work.keep(invoices.fall_overdue(invoice, work.at))
    rule = await steps.rule(work)
    asked = [recovery for recovery in owed if recovery.invoice_id == invoice.id]
    await _collect(work, provider, asked, rule, collection.after(rule, Means.INVOICE), about=invoice.id)


async def _collect(
    work: Work,
    provider: Provider | None,
    owed: Sequence[Recovery],
    rule: CollectionTerms,
    means: Iterable[Means],
    about: InvoiceId | None = None,
) -> None:
    """What is owed is collected by those means, one after the other, until nothing is left or one takes its time."""
    left = list(owed)
    for each in means:
        if not left:
            return
        if each is Means.DEPOSIT and provider is not None:
            left = await deposits.draw_for(work, provider, left)
        elif each is Means.INVOICE:
            await issue_invoice(work, left, rule)
            return
        elif each is Means.RESTRICTION and about is not None:
            await _restrict(work, provider, rule, about)


async def issue_invoice(work: Work, owed: Sequence[Recovery], rule: CollectionTerms) -> Invoice:
    """An invoice asks for all that is outstanding of them; its clock runs."""
    calendar = await calendars.get(work.connection, work.market)
    change = invoices.issue_invoice(
        owed,
        collection.invoice_due_at(rule, work.at, calendar),
        [work.new_id(InvoiceLineId) for _ in owed],
        rule_version_id=RuleVersionId(rule.version),
        id=work.new_id(InvoiceId),
        at=work.at,
    )
    invoice = change.after
    await work.keep(change)
    for recovery in owed:
        await _keep(work, recoveries.invoice(recovery, invoice.id, work.at))
    await start_duty(work, Duty.PAY_INVOICE, invoice.id, invoice.due_at, party_id=invoice.party_id)
    return invoice


async def _restrict(work: Work, provider: Provider | None, rule: CollectionTerms, about: InvoiceId) -> None:
    """The party may not do what the rule names until its debt is paid; a supplier's restriction is a measure."""
    if provider is None:
        await measures.restrict_debtor(work, await invoice_rows.get(work.connection, work.tenant_id, about), rule)
        return
    limit = Limit(LimitCause.DEBT, about, Scope(actions=rule.restricts), work.at, None)
    tree = invoices.overdue(await invoice_rows.get(work.connection, work.tenant_id, about), rule.version)
    decision_id = capabilities.decide(work, provider.id, tree, DecisionKind.DEBT)
    await capabilities.impose(work, provider.id, limit, "An invoice is overdue.", decision_id)
    await capabilities.settle(work, provider)


async def _lock_party(work: Work, party_id: LiablePartyId) -> Provider | None:
    """The party, this transaction's until its end; the provider if it is one. Refuses with NotFound."""
    if isinstance(party_id, ProviderId):
        return await provider_rows.lock(work.connection, work.tenant_id, party_id)
    await supplier_rows.lock(work.connection, work.tenant_id, SupplierId(party_id))
    return None


async def _keep(work: Work, change: Change[Recovery]) -> None:
    await work.keep(change)
    await steps.follow(work, change)


def _payout_posting(work: Work, payout: Payout, event: Event, amount: Money) -> Transfer:
    return ledger.transfer(
        work.new_id(TransferId), event, amount, party_id=payout.party_id, cause=Cause(payout_id=payout.id), at=work.at
    )
