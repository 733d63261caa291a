"""Choices of plans: chosen by the merchant, begun by their payment, lapsed or begun by their clock.

Locks: the supplier first; it covers its choices.
"""

from api.operations import memberships, protections
from api.operations import recoveries as recovery_steps
from api.operations.duties import end_duties, start_duty
from domain import access, membership_choices
from domain import collection as collecting
from domain.clocks import Clock, Duty
from domain.ids import MembershipChoiceId, SupplierId
from domain.membership_choices import WAITING, ChoiceState, ChooseMembership, Standing
from storage import calendars as calendar_rows
from storage import membership_choices as choice_rows
from storage import memberships as membership_rows
from storage import suppliers as supplier_rows
from storage.unit_of_work import Outcome, Work


async def choose_membership(work: Work, command: ChooseMembership) -> Outcome:
    """The merchant's next plan waits for its fee or, the free one, for the end of what is paid.

    What it had chosen before is replaced. Refuses with every condition that is not met, with NotFound another's plan.
    """
    access.require(work.caller, "chooseMembership")
    supplier = await supplier_rows.lock(
        work.connection, work.tenant_id, protections.merchant(work, command.supplier_id)
    )
    rule = await memberships.terms_at(work, work.at)
    standing = await _standing(work, supplier.id)
    calendar = await calendar_rows.get(work.connection, work.market)
    change = membership_choices.choose_membership(
        command.plan,
        supplier.id,
        rule,
        standing,
        collecting.invoice_due_at(await recovery_steps.rule(work), work.at, calendar),
        chosen_by=work.caller.actor_id,
        id=work.new_id(MembershipChoiceId),
        at=work.at,
    )
    if standing.waiting is not None:
        await work.keep(membership_choices.replace_choice(standing.waiting, work.at))
        await end_duties(work, standing.waiting.id)
    choice = change.after
    await work.keep(change)
    if choice.state in WAITING:
        await start_duty(work, Duty.MEMBERSHIP_CHOICE, choice.id, choice.due_at, party_id=supplier.id)
    return Outcome({"membershipChoice": choice.id})


async def fire_membership_choice(work: Work, clock: Clock) -> None:
    """Nobody paid in time, and the choice lapses; or what was paid for is over, and the free plan has begun."""
    seen = await choice_rows.get(work.connection, work.tenant_id, MembershipChoiceId(clock.subject_id))
    await supplier_rows.lock(work.connection, work.tenant_id, seen.supplier_id)
    choice = await choice_rows.get(work.connection, work.tenant_id, seen.id)
    if choice.state is ChoiceState.AWAITING_PAYMENT:
        await work.keep(membership_choices.lapse_choice(choice, work.at))
    elif choice.state is ChoiceState.AWAITING_END:
        await work.keep(membership_choices.begin_choice(choice, None, work.at))


async def _standing(work: Work, supplier_id: SupplierId) -> Standing:
    terms = await membership_rows.by_supplier(work.connection, work.tenant_id, supplier_id, work.at)
    return Standing(terms, await choice_rows.find_waiting(work.connection, work.tenant_id, supplier_id))
