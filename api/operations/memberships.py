"""Memberships and card receipts: a term is paid for, a card payment is recorded under its plan, a term ends.

Locks: the supplier first, then the order; so two receipts of a merchant never use the same rest of its cap.
"""

from datetime import datetime

from api.operations import chargeback_notices, fees
from api.operations.duties import end_duties, start_duty
from domain import access, dates, membership_choices, memberships, protections
from domain.clocks import Clock, Duty
from domain.errors import Invalid, Problem
from domain.ids import CardReceiptId, MembershipId, ProtectionPeriodId, RuleVersionId, SupplierId
from domain.membership_choices import ChoiceState, MembershipChoice
from domain.memberships import (
    Allowance,
    Membership,
    MembershipTerms,
    Plan,
    RecordCardReceipt,
    RecordMembership,
)
from domain.money import Money
from domain.protections import PauseReason, ProtectionState
from storage import calendars as calendar_rows
from storage import exchange_rates as rate_rows
from storage import membership_choices as choice_rows
from storage import memberships as membership_rows
from storage import orders as order_rows
from storage import protections as protection_rows
from storage import rulebook
from storage import suppliers as supplier_rows
from storage.unit_of_work import Outcome, Work


async def record_membership(work: Work, command: RecordMembership) -> Outcome:
    """The merchant is on the plan for one more term, for the fee it was told if it had chosen the plan.

    A choice that waited for this payment has begun, the end of the paid plan is called off, and a protection that the
    plan's end had paused goes on.
    """
    access.require(work.caller, "recordMembership")
    supplier = await supplier_rows.lock(work.connection, work.tenant_id, command.supplier_id)
    choice = await choice_rows.find_waiting(work.connection, work.tenant_id, supplier.id)
    if choice is not None and choice.plan is command.plan:
        rule = memberships.membership_terms(await rulebook.get(work.connection, work.tenant_id, choice.rule_version_id))
    else:
        rule = await terms_at(work, work.at)
    known = await membership_rows.by_supplier(work.connection, work.tenant_id, supplier.id, work.at)
    calendar = await calendar_rows.get(work.connection, work.market)
    change = memberships.record_membership(command, known, rule, calendar, id=work.new_id(MembershipId), at=work.at)
    await work.keep(change)
    if choice is not None:
        await _settle_choice(work, choice, change.after)
    await start_duty(work, Duty.MEMBERSHIP_END, change.after.id, change.after.ends_at, party_id=supplier.id)
    current = memberships.current([*known, change.after], work.at)
    live = await protection_rows.find_live(work.connection, work.tenant_id, supplier.id)
    if live is not None and live.pause_reason is PauseReason.MEMBERSHIP and protections.entitled(rule, current).holds:
        await work.keep(protections.resume_protection(live, work.new_id(ProtectionPeriodId), work.at))
    await fees.membership(work, change.after)
    return Outcome({"membership": change.after.id})


async def _settle_choice(work: Work, choice: MembershipChoice, term: Membership) -> None:
    """The choice of that plan has begun; an end that waited is called off; another paid plan still waits."""
    if choice.plan is term.plan:
        await work.keep(membership_choices.begin_choice(choice, term, work.at))
    elif choice.state is ChoiceState.AWAITING_END:
        await work.keep(membership_choices.replace_choice(choice, work.at))
    else:
        return
    await end_duties(work, choice.id)


async def record_card_receipt(work: Work, command: RecordCardReceipt) -> Outcome:
    """The card payment is known, and chargebacks that were told of it before anybody knew it are opened.

    Refuses what the merchant's plan does not let in by card, and more than the order costs.
    """
    access.require(work.caller, "recordCardReceipt")
    seen = await order_rows.get(work.connection, work.tenant_id, command.order_id)
    await supplier_rows.lock(work.connection, work.tenant_id, seen.supplier_id)
    order = await order_rows.lock(work.connection, work.tenant_id, seen.id)
    if command.amount.currency != order.total.currency:
        raise Invalid(Problem(("amount", "currency"), f"The order is in {order.total.currency}."))
    received_at = command.received_at or work.at
    rule, given = await allowance_of(work, order.supplier_id, received_at)
    change = memberships.record_card_receipt(
        command,
        order,
        await membership_rows.paid_by_card(work.connection, work.tenant_id, order.id, order.total.currency),
        given,
        await _counted(work, command.amount, given.cap, received_at),
        rule_version_id=RuleVersionId(rule.version),
        id=work.new_id(CardReceiptId),
        at=work.at,
    )
    await work.keep(change)
    opened = await chargeback_notices.rehear(work, change.after)
    return Outcome({"receipt": change.after.id, "chargebacks": tuple(opened)})


async def fire_membership_end(work: Work, clock: Clock) -> None:
    """The term is over: the merchant is on the plan that is left, and a protection that needs a better one pauses."""
    term = await membership_rows.get(work.connection, work.tenant_id, MembershipId(clock.subject_id))
    await supplier_rows.lock(work.connection, work.tenant_id, term.supplier_id)
    rule = await terms_at(work, work.at)
    current = await current_of(work, term.supplier_id, work.at)
    live = await protection_rows.find_live(work.connection, work.tenant_id, term.supplier_id)
    if live is None or live.state is not ProtectionState.ACTIVE or protections.entitled(rule, current).holds:
        return
    await work.keep(protections.pause_protection(live, PauseReason.MEMBERSHIP, work.at))


async def terms_at(work: Work, at: datetime) -> MembershipTerms:
    """The plans in force at `at`. Refuses when there are none."""
    return memberships.membership_terms(await rulebook.in_force(work.connection, work.tenant_id, memberships.RULE, at))


async def current_of(work: Work, supplier_id: SupplierId, at: datetime) -> Membership | None:
    """The merchant's term that counts at `at`; None: it is on the free plan."""
    return memberships.current(await membership_rows.by_supplier(work.connection, work.tenant_id, supplier_id, at), at)


async def allowance_of(work: Work, supplier_id: SupplierId, at: datetime) -> tuple[MembershipTerms, Allowance]:
    """What the merchant's plan lets in by card at `at`, and the rule that says so."""
    rule = await terms_at(work, at)
    current = await current_of(work, supplier_id, at)
    plan = Plan.FREE if current is None else current.plan
    used = await membership_rows.used_of_cap(work.connection, work.tenant_id, supplier_id, plan)
    return rule, memberships.allowance(rule, current, used)


async def _counted(work: Work, amount: Money, cap: Money | None, at: datetime) -> int:
    if cap is None or cap.currency == amount.currency:
        return memberships.counted(amount, cap, None)
    day = dates.local_day(at, await calendar_rows.get(work.connection, work.market))
    rate = await rate_rows.rate(work.connection, work.tenant_id, amount.currency, cap.currency, day)
    return memberships.counted(amount, cap, rate)
