"""What a chargeback does to the money: held, given back, gone, and who bears it; with the order's exposure and claims.

Locks: the order, then its claims, then the chargeback, then the merchant's protections, then the balances.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from api.operations import exposure as exposures
from api.operations.claims import steps as claim_steps
from api.operations.duties import end_duties, start_duty
from domain import chargeback_steps, chargeback_terms, claims, ledger, protections
from domain.change import Change
from domain.chargeback_terms import ChargebackTerms
from domain.chargebacks import (
    LIVE,
    WORK_TO_DO,
    Actor,
    Category,
    Chargeback,
    ChargebackEvent,
    ChargebackResult,
    ChargebackState,
)
from domain.claims import Claim, ClaimState
from domain.clocks import Duty
from domain.dates import Calendar, local_day
from domain.decisions import DecisionKind, decision
from domain.exchange_rates import Conversion
from domain.exposure import LOSSES, DrawnBy, Loss, LossCause, spread
from domain.ids import ChargebackEventId, DecisionId, RuleVersionId, TransferId
from domain.ledger import Cause, Event
from domain.money import Money, total
from domain.orders import Order
from domain.protections import CoverageFacts, CoverageJudgement, ProtectionTerms
from storage import calendars as calendar_rows
from storage import chargebacks as chargeback_rows
from storage import exchange_rates as rate_rows
from storage import ledger as ledger_rows
from storage import memberships as membership_rows
from storage import protections as protection_rows
from storage import rulebook
from storage.claims import CLAIMS
from storage.shipments import SHIPMENTS
from storage.unit_of_work import Work

CAUSES: Final[Mapping[Category, LossCause]] = {
    category: LossCause.NON_RECEIPT if category is Category.NOT_RECEIVED else LossCause.CONDITION
    for category in Category
}
"""Which loss a chargeback takes back: always that of the goods, which is one whatever its cause."""


async def terms_at(work: Work, at: datetime) -> ChargebackTerms:
    """The times in force at `at`. Refuses when there are none."""
    version = await rulebook.in_force(work.connection, work.tenant_id, chargeback_terms.RULE, at)
    return chargeback_terms.chargeback_terms(version)


async def terms_of(work: Work, chargeback: Chargeback) -> ChargebackTerms:
    """The times that govern the chargeback: those in force when it was opened."""
    version = await rulebook.get(work.connection, work.tenant_id, chargeback.rule_version_id)
    return chargeback_terms.chargeback_terms(version)


async def calendar_of(work: Work) -> Calendar:
    """The calendar in which days of chargebacks are counted: the marketplace's own."""
    return await calendar_rows.get(work.connection, work.market)


async def step(work: Work, change: Change[Chargeback], actor: Actor, note: str | None = None) -> Chargeback:
    """The step is taken and told, the duty before it has ended and the next one runs."""
    await work.keep(change)
    after = change.after
    if change.before is not None:
        await end_duties(work, after.id)
    duty = WORK_TO_DO.get(after.state)
    if duty is not None and after.due_at is not None:
        party_id = after.supplier_id if duty is Duty.SUBMIT_PACK else None
        await start_duty(work, duty, after.id, after.due_at, party_id=party_id)
    name = change.happened[0].name
    work.add(ChargebackEvent(work.new_id(ChargebackEventId), after.id, name, actor, note, work.at))
    return after


async def hold(work: Work, chargeback: Chargeback, order: Order) -> Chargeback:
    """The disputed amount is held back from the merchant's payouts, which may turn what it is to be paid negative."""
    drawn = await _draw(work, chargeback, order)
    for claim in await _claims(work, order, claims.UNDECIDED):
        await claim_steps.suspend(work, claim)
    held = await step(work, chargeback_steps.hold_funds(chargeback, drawn, work.at), Actor.SYSTEM)
    await post(work, Event.CHARGEBACK_HELD, held, held.amount)
    return held


async def reopen(work: Work, chargeback: Chargeback, order: Order, network_at: datetime) -> Chargeback:
    """The cardholder's bank does not give in: what was won is held again, and the desk's time runs."""
    rule = await terms_of(work, chargeback)
    due_at = chargeback_terms.pre_arbitration_due_at(rule, chargeback.scheme, network_at, await calendar_of(work))
    was_won = chargeback.state is ChargebackState.WON
    drawn = await _draw(work, chargeback, order) if was_won else chargeback.drawn
    for claim in await _claims(work, order, claims.UNDECIDED):
        await claim_steps.suspend(work, claim)
    change = chargeback_steps.enter_pre_arbitration(chargeback, max(due_at, work.at), drawn, network_at, work.at)
    after = await step(work, change, Actor.NETWORK)
    if was_won:
        await post(work, Event.CHARGEBACK_HELD, after, after.amount)
    return after


async def win(work: Work, chargeback: Chargeback, order: Order, network_at: datetime, actor: Actor) -> Chargeback:
    """The merchant has its money again, and claims of the order go on."""
    await exposures.release(work, chargeback.id)
    await _let_claims_go_on(work, chargeback, order)
    won = await step(work, chargeback_steps.win(chargeback, network_at, work.at), actor)
    await post(work, Event.CHARGEBACK_WON, won, won.amount)
    return won


async def lose(
    work: Work,
    chargeback: Chargeback,
    order: Order,
    result: ChargebackResult,
    network_at: datetime,
    actor: Actor,
    note: str | None = None,
) -> Chargeback:
    """The money is gone, and it is decided, explained and booked who bears it. Claims of the order end or go on."""
    await _let_claims_go_on(work, chargeback, order)
    lost = await step(work, chargeback_steps.lose(chargeback, result, network_at, note, work.at), actor, note)
    rule, judgement = await judged(work, lost, order)
    version_id = RuleVersionId(rule.version)
    decision_id = work.new_id(DecisionId)
    work.add(
        decision(
            decision_id,
            lost.id,
            DecisionKind.CHARGEBACK,
            judgement.tree,
            at=work.at,
            decided_by=work.caller.actor_id,
            rule_version_ids=(lost.rule_version_id, version_id),
        )
    )
    settled = await step(work, chargeback_steps.settle(lost, judgement, version_id, decision_id, work.at), Actor.SYSTEM)
    await post(work, Event.CHARGEBACK_COVERED, settled, settled.covered)
    await post(work, Event.CHARGEBACK_LOST, settled, settled.amount - settled.covered)
    return settled


async def judged(work: Work, chargeback: Chargeback, order: Order) -> tuple[ProtectionTerms, CoverageJudgement]:
    """What the protection bears of it, by the rule under which the merchant was enrolled when the buyer paid.

    Without any enrolment, by the rule in force. The merchant's enrolments are locked: limits are used up once.
    """
    paid_at = await _paid_at(work, chargeback, order)
    enrolled = await protection_rows.by_supplier(work.connection, work.tenant_id, chargeback.supplier_id, lock=True)
    covering = next((each for each in enrolled if each.active_at(paid_at)), None)
    named = covering or (enrolled[-1] if enrolled else None)
    version = (
        await rulebook.in_force(work.connection, work.tenant_id, protections.RULE, work.at)
        if named is None
        else await rulebook.get(work.connection, work.tenant_id, named.rule_version_id)
    )
    rule = protections.protection_terms(version)
    calendar = await calendar_of(work)
    since = work.at - timedelta(days=rule.year_days)
    currency = rule.year_limit.currency
    shipped_days, moving_days = await _movement(work, order, paid_at, calendar)
    facts = CoverageFacts(
        amount=chargeback.amount,
        result="" if chargeback.result is None else chargeback.result.value,
        lost=chargeback.result is ChargebackResult.LOST,
        active=covering is not None,
        pack_accepted=chargeback.pack_accepted_at is not None,
        used=await protection_rows.used(work.connection, work.tenant_id, chargeback.supplier_id, since, currency),
        exposure=chargeback.drawn,
        paid_at=paid_at,
        shipped_days=shipped_days,
        moving_days=moving_days,
        address_changed=order.address_changed_at is not None,
    )
    rate = await _rate(work, currency, chargeback.amount.currency, calendar)
    return rule, protections.judge_coverage(rule, facts, rate)


async def post(work: Work, event: Event, chargeback: Chargeback, amount: Money) -> None:
    """That much is moved because of the chargeback; nothing where there is nothing to move."""
    if amount.minor == 0:
        return
    cause = Cause(
        chargeback_id=chargeback.id,
        decision_id=chargeback.decision_id,
        rule_version_id=chargeback.protection_version_id or chargeback.rule_version_id,
    )
    transfer = ledger.transfer(
        work.new_id(TransferId), event, amount, party_id=chargeback.supplier_id, cause=cause, at=work.at
    )
    await ledger_rows.post(work, transfer)


async def _claims(work: Work, order: Order, states: Collection[ClaimState]) -> list[Claim]:
    """The order's claims in one of those states, locked."""
    where = "t.order_id = $2 AND t.state = ANY ($3::text[]) ORDER BY t.id"
    named = sorted(state.value for state in states)
    return await CLAIMS.select(work.connection, work.tenant_id, where, order.id, named, lock=True)


async def _let_claims_go_on(work: Work, chargeback: Chargeback, order: Order) -> None:
    """Suspended claims go on, unless another chargeback runs; one whose whole loss was made good is over (T14).

    One loss is paid once: a claim for the goods whose exposure the chargeback has used up ends; any other goes on, and
    gets no more than is left.
    """
    others = await chargeback_rows.by_order(work.connection, work.tenant_id, order.id)
    if any(each.id != chargeback.id and each.state in LIVE for each in others):
        return
    left = total(list((await exposures.goods(work, order)).values()), order.total.currency)
    for claim in await _claims(work, order, {ClaimState.SUSPENDED}):
        of_goods = LOSSES[claim.lost_by] is Loss.GOODS
        if of_goods and left.minor <= 0:
            await claim_steps.end_suspended(work, claim)
        else:
            await claim_steps.resume(work, claim)


async def _draw(work: Work, chargeback: Chargeback, order: Order) -> Money:
    """What the chargeback holds of the order's loss: nobody else pays that. What was made good before is left out."""
    cause = CAUSES[chargeback.category]
    wish = spread(chargeback.amount, (await exposures.goods(work, order)).items())
    drawn = await exposures.draw(work, order, cause, DrawnBy.CHARGEBACK, wish, chargeback.id, partly=True)
    return total(list(drawn.values()), chargeback.amount.currency)


async def _paid_at(work: Work, chargeback: Chargeback, order: Order) -> datetime:
    """When the buyer paid: by that card, or where the shop told of no card, the order."""
    for receipt in await membership_rows.receipts_by_order(work.connection, work.tenant_id, order.id):
        if receipt.id == chargeback.receipt_id:
            return receipt.received_at
    return order.paid_at or order.placed_at


async def _movement(work: Work, order: Order, paid_at: datetime, calendar: Calendar) -> tuple[int | None, int | None]:
    """After how many days the goods left with a valid tracking number, and were first seen moving; None: never.

    Of several shipments the last one counts.
    """
    shipments = await SHIPMENTS.select(work.connection, work.tenant_id, "t.order_id = $2 ORDER BY t.id", order.id)
    if not shipments or any(line.shipment_id is None for line in order.lines):
        return None, None
    left = [each.picked_up_at if each.tracking_valid else None for each in shipments]
    moved = [each.picked_up_at or each.moved_at for each in shipments]
    return _latest(paid_at, left, calendar), _latest(paid_at, moved, calendar)


def _latest(paid_at: datetime, instants: Sequence[datetime | None], calendar: Calendar) -> int | None:
    known = [instant for instant in instants if instant is not None]
    if len(known) < len(instants):
        return None
    return chargeback_steps.days_between(paid_at, max(known), calendar)


async def _rate(work: Work, limits: str, currency: str, calendar: Calendar) -> Conversion | None:
    if limits == currency:
        return None
    return await rate_rows.rate(work.connection, work.tenant_id, limits, currency, local_day(work.at, calendar))
