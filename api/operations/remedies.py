"""What a claim gives its buyer: awards become coupons, refunds and duties of the liable party; an appeal undoes them.

Claims call this; it calls nothing of theirs. Order and claim are locked by the caller.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Final

from api.operations import bearers, carrier_claims, compensation, counters, exposure, recoveries
from api.operations.compensation import Behind
from api.operations.duties import end_duties, start_duty
from domain import guarantees, money, refunds, remedies, remedy_terms
from domain.claims import Claim
from domain.clocks import Duty
from domain.compensation import coupon_expires_at
from domain.coupons import LIVE
from domain.coverage import Coverage
from domain.exposure import LOSSES, DrawnBy, Loss, LossCause, spread
from domain.guarantees import Promise
from domain.ids import CouponId, LiablePartyId, OrderId, OrderLineId, RefundId, RemedyId
from domain.ledger import Event
from domain.liability import Debtor, Shares, debtors
from domain.money import Money
from domain.orders import Order
from domain.refunds import Refund
from domain.remedies import IN_KIND, REFUNDS, Award, Beneficiary, Remedy, RemedyKind
from storage import calendars
from storage import coupons as coupon_rows
from storage import orders as order_rows
from storage import recoveries as recovery_rows
from storage import refunds as refund_rows
from storage import remedies as remedy_rows
from storage.unit_of_work import Work

AfterAward = Callable[[Work, Claim, Coverage, tuple[Award, ...], Shares], Awaitable[None]]

AFTER_AWARD: Final[tuple[AfterAward, ...]] = (carrier_claims.follow_award, counters.follow_award)
"""What else follows when a claim gives something: each is called once per decision or agreement, after the money."""


MONEY_FOR_GOODS: Final = frozenset({Promise.MONEY_BACK, Promise.EASY_RETURN, Promise.LOSS_DAMAGE})
"""The promises that give back what was paid for goods: whatever the reason, the goods are what is lost."""


def cause_of(claim: Claim, cover: Coverage) -> LossCause:
    """What the buyer lost by, as the promise makes it good: goods that came too late to be kept did not come."""
    cause = claim.lost_by
    return cause if LOSSES[cause] is Loss.GOODS or cover.promise not in MONEY_FOR_GOODS else LossCause.NON_RECEIPT


async def provide(
    work: Work, claim: Claim, cover: Coverage, awards: tuple[Award, ...], shares: Shares, order: Order | None = None
) -> tuple[Remedy, ...]:
    """The claim's buyer is given what was awarded: one coupon, one refund, and what the liable party must do.

    It is drawn on the loss of each line first; each party that bears a share has a recovery of that share alone,
    contingent for the coupon and due for the refund. Called once per decision or agreement. Refuses (`exposure.draw`)
    what is above what is left of the loss: `within` says beforehand what is. Whoever locked the order brings it.
    """
    if order is None:
        order = await order_rows.lock(work.connection, work.tenant_id, OrderId(claim.order_id))
    owed = debtors(shares, await bearers.of(work, claim, order, shares))
    given = [single for award in awards for single in _itemised(claim, order, award)]
    if paid := _by_line(given):
        await exposure.draw(
            work,
            order,
            cause_of(claim, cover),
            DrawnBy.CLAIM,
            paid,
            claim.id,
            commitment_id=cover.id,
            entitled=_entitled(claim),
        )
    behind = Behind.claim(claim)
    coupon_id = await _coupon(work, cover, given, behind, owed)
    refund_id = await _refund(work, given, behind, owed)
    made = [await _remedy(work, claim, single, coupon_id, refund_id) for single in given]
    for follow in AFTER_AWARD:
        await follow(work, claim, cover, awards, shares)
    return tuple(made)


async def within(work: Work, claim: Claim, cover: Coverage, awards: Sequence[Award]) -> Mapping[OrderLineId, Money]:
    """What is left of the loss for what is to be awarded, by line: never more than is wished for it.

    For decisions that nobody is there to be refused: what tracking proves, and what silence decides.
    """
    order = await order_rows.lock(work.connection, work.tenant_id, OrderId(claim.order_id))
    return await exposure.room(
        work,
        order,
        cause_of(claim, cover),
        _by_line([single for award in awards for single in _itemised(claim, order, award)]),
        claim.id,
        commitment_id=cover.id,
        entitled=_entitled(claim),
    )


async def reimburse(work: Work, claim: Claim, amount: Money, shares: Shares) -> Refund:
    """The buyer gets back what it spent itself because of the claim; each party that bears a share owes it.

    It is the buyer's own outlay and no part of the loss: nothing is drawn on an exposure, and it is no remedy. Order
    and claim are locked.
    """
    order = await order_rows.get(work.connection, work.tenant_id, OrderId(claim.order_id))
    owed = debtors(shares, await bearers.of(work, claim, order, shares))
    return await compensation.decide_refund(work, Behind.claim(claim), amount, owed)


async def all_done(work: Work, claim: Claim) -> bool:
    """Whether nothing of what the claim gives is still to be done, paid or spent."""
    return not await remedy_rows.unsettled(work.connection, work.tenant_id, claim.id)


async def undo(work: Work, claim: Claim, *, buyer_keeps: bool = True) -> None:
    """An appeal took back what the claim had given: no party owes anything of it any more, now or ever.

    The buyer keeps what reached it and what it was promised, and the marketplace bears that; unless `buyer_keeps` is
    false: then what was not paid, spent or done yet is taken back, and is no part of the loss any more.
    """
    if not buyer_keeps:
        await order_rows.lock(work.connection, work.tenant_id, OrderId(claim.order_id))
        await _take_back(work, claim, Behind.claim(claim))
    for recovery in await recovery_rows.by_claim(work.connection, work.tenant_id, claim.id):
        await recoveries.waive(work, recovery.id, "The claim was overturned.")


async def _take_back(work: Work, claim: Claim, behind: Behind) -> None:
    """Coupons, refunds and remedies of the claim that have not reached the buyer will not."""
    given = await remedy_rows.by_claim(work.connection, work.tenant_id, claim.id)
    freed: list[Award] = []
    for refund in await refund_rows.lock_by_claim(work.connection, work.tenant_id, claim.id):
        if refund.state in refunds.OPEN and refund.goodwill_id is None:
            await work.keep(refunds.cancel_refund(refund, work.at))
            await end_duties(work, refund.id)
            await compensation.post(work, Event.REFUND_CANCELLED, refund.amount, behind, refund_id=refund.id)
            freed += [Award(each.kind, each.amount, each.line_id) for each in given if each.refund_id == refund.id]
    for coupon in await coupon_rows.lock_by_claim(work.connection, work.tenant_id, claim.id):
        if coupon.state in LIVE and coupon.goodwill_id is None:
            await compensation.revoke(work, coupon, behind, "claim overturned")
    for remedy in given:
        if remedy.state in remedies.OPEN:
            await work.keep(remedies.cancel_remedy(remedy, work.at))
            await end_duties(work, remedy.id)
    if freed:
        await exposure.release(work, claim.id, _by_line(freed))


async def call_off(work: Work, claim: Claim, line_ids: Collection[OrderLineId]) -> None:
    """What was still to be done in kind for those lines of the claim is not to be done any more: it is paid instead."""
    if not line_ids:
        return
    for remedy in await remedy_rows.by_claim(work.connection, work.tenant_id, claim.id):
        if remedy.line_id in line_ids and remedy.kind in IN_KIND and remedy.state in remedies.OPEN:
            await work.keep(remedies.cancel_remedy(remedy, work.at))
            await end_duties(work, remedy.id)


async def free(work: Work, claim: Claim, party_id: LiablePartyId) -> None:
    """The party owes nothing of its share of the claim any more, and the marketplace bears that.

    Nobody else's share changes, and the buyer keeps what it has. Order and claim are locked.
    """
    for recovery in await recovery_rows.by_claim(work.connection, work.tenant_id, claim.id):
        if recovery.party_id == party_id:
            await recoveries.waive(work, recovery.id, "The share was overturned.")


def _itemised(claim: Claim, order: Order, award: Award) -> list[Award]:
    """The award by line: as the claim has it, or where that says nothing, by the value of the order's lines."""
    if award.line_id is not None or award.kind in IN_KIND:
        return [award]
    parts = {line.line_id: line.amount for line in claim.lines if line.remedy is award.kind and line.amount is not None}
    if money.total(list(parts.values()), award.amount.currency) != award.amount:
        parts = spread(award.amount, [(line.id, max(line.value, award.amount)) for line in order.lines])
    return [Award(award.kind, amount, line_id) for line_id, amount in parts.items() if amount.minor]


def _by_line(awards: Sequence[Award]) -> dict[OrderLineId, Money]:
    """What reaches the buyer, by line."""
    paid: dict[OrderLineId, Money] = {}
    for award in awards:
        if award.line_id is not None and award.amount.minor:
            paid[award.line_id] = paid.get(award.line_id, Money.zero(award.amount.currency)) + award.amount
    return paid


def _entitled(claim: Claim) -> dict[OrderLineId, Money] | None:
    """What the rule gives per line; None for claims that have no lines of their own."""
    return {line.line_id: line.loss for line in claim.lines} or None


async def _coupon(
    work: Work, cover: Coverage, awards: Sequence[Award], behind: Behind, owed: Sequence[Debtor]
) -> CouponId | None:
    """One coupon for all that is given as coupons; good for as long as the cover's rule says, or the remedies' own."""
    parts = [award.amount for award in awards if award.kind is RemedyKind.COUPON]
    if not parts:
        return None
    calendar = await calendars.get(work.connection, work.market)
    promised = guarantees.compensation_of(cover.rule)
    if promised is None:
        expires_at = remedy_terms.coupon_expires_at(await compensation.terms(work), work.at, calendar)
    else:
        expires_at = coupon_expires_at(promised, work.at, calendar)
    amount = money.total(parts, parts[0].currency)
    return (await compensation.issue_coupon(work, behind, amount, expires_at, owed)).id


async def _refund(work: Work, awards: Sequence[Award], behind: Behind, owed: Sequence[Debtor]) -> RefundId | None:
    """One refund for all that is given back in money."""
    parts = [award.amount for award in awards if award.kind in REFUNDS]
    if not parts:
        return None
    amount = money.total(parts, parts[0].currency)
    return (await compensation.decide_refund(work, behind, amount, owed)).id


async def _remedy(
    work: Work, claim: Claim, award: Award, coupon_id: CouponId | None, refund_id: RefundId | None
) -> Remedy:
    """The award's own row; where the liable party must do it, its clock runs."""
    due_at = None
    if award.kind in IN_KIND:
        calendar = await calendars.get(work.connection, work.market)
        due_at = remedy_terms.provide_due_at(await compensation.terms(work), award.kind, work.at, calendar)
    change = remedies.award(
        Beneficiary(claim.id, OrderId(claim.order_id), claim.buyer_id, claim.supplier_id, claim.provider_id),
        award,
        coupon_id=coupon_id if award.kind is RemedyKind.COUPON else None,
        refund_id=refund_id if award.kind in REFUNDS else None,
        due_at=due_at,
        id=work.new_id(RemedyId),
        at=work.at,
    )
    await work.keep(change)
    if due_at is not None:
        await start_duty(work, Duty.PROVIDE_REMEDY, change.after.id, due_at, party_id=change.after.party_id)
    return change.after
