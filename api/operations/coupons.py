"""Coupons: issued with their recovery, redeemed, expired by clock, restored when the order they paid for is cancelled.

Every step is one transaction with its balanced postings. Locks: the orders first, then the claim, then coupon, recovery
and balances.
"""

from api.operations import claim_turns
from api.operations.duties import end_duties, start_duty
from domain import access, compensation, coupons, ledger, recoveries
from domain.claims import Claim
from domain.clocks import Clock, Duty
from domain.coupons import LIVE, Coupon, CouponState, Purchase, RedeemCoupon, Redemption
from domain.coverage import Coverage
from domain.errors import NotFound
from domain.ids import CouponId, RecoveryId, RedemptionId, TransferId
from domain.ledger import Cause, Event
from domain.money import Money
from domain.orders import Order, OrderState
from domain.recoveries import Recovery
from storage import calendars
from storage import claims as claim_rows
from storage import coupons as coupon_rows
from storage import ledger as ledger_rows
from storage import orders as order_rows
from storage import recoveries as recovery_rows
from storage.unit_of_work import Outcome, Work


async def issue_coupon(work: Work, claim: Claim, cover: Coverage) -> Coupon:
    """The claim's buyer has a coupon, its liable party a contingent recovery, the ledger both; a clock runs."""
    terms = cover.rule.compensation
    if terms is None:
        raise ValueError(f"{claim.id} was granted under a rule that pays nothing")
    calendar = await calendars.get(work.connection, work.market)
    expires_at = compensation.coupon_expires_at(terms, work.at, calendar)
    issued = coupons.issue_coupon(
        claim.id, claim.buyer_id, claim.amount, expires_at, id=work.new_id(CouponId), at=work.at
    )
    coupon = issued.after
    opened = recoveries.open_recovery(
        claim.id,
        coupon.id,
        claim.supplier_id,
        claim.provider_id,
        coupon.amount,
        id=work.new_id(RecoveryId),
        at=work.at,
    )
    await work.keep(issued, opened)
    await start_duty(work, Duty.COUPON_EXPIRY, coupon.id, expires_at, party_id=coupon.buyer_id)
    await _post(work, Event.COUPON_ISSUED, coupon.amount, claim, coupon)
    return coupon


async def redeem_coupon(work: Work, command: RedeemCoupon) -> Outcome:
    """A part or all of the coupon pays for the order; that part is owed by the liable party.

    Refuses with all reasons (`domain.coupons.redeem_coupon`); with NotFound a coupon or order of another buyer.
    """
    access.require(work.caller, "redeemCoupon")
    order = await order_rows.lock(work.connection, work.tenant_id, command.order_id)
    coupon, claim = await _locked(work, command.coupon_id)
    for buyer_id, what in ((order.buyer_id, "orderId"), (coupon.buyer_id, "couponId")):
        if not work.caller.is_operator and work.caller.party_id != buyer_id:
            raise NotFound("there is no such thing", field=(what,))
    work.expect(coupon)
    covered = await coupon_rows.covered(work.connection, work.tenant_id, order.id, order.total.currency)
    purchase = Purchase(order.id, order.buyer_id, order.state is OrderState.CANCELLED, order.total, covered)
    redeemed = coupons.redeem_coupon(
        coupon, purchase, claim.order_id, command.amount, id=work.new_id(RedemptionId), at=work.at
    )
    recovery = await recovery_rows.lock_by_coupon(work.connection, work.tenant_id, coupon.id)
    await work.keep(redeemed.coupon, redeemed.redemption, recoveries.fall_due(recovery, command.amount, work.at))
    redemption = redeemed.redemption.after
    await _post(work, Event.COUPON_REDEEMED, command.amount, claim, coupon, redemption)
    if redeemed.coupon.after.state is CouponState.USED:
        await end_duties(work, coupon.id)
        await claim_turns.close(work, claim)
    return Outcome({"coupon": coupon.id, "redemption": redemption.id})


async def fire_coupon_expiry(work: Work, clock: Clock) -> None:
    """The coupon's last instant has passed: what is left of it is lost, and nobody owes it any more."""
    coupon, claim = await _locked(work, CouponId(clock.subject_id))
    if coupon.state in LIVE:
        recovery = await recovery_rows.lock_by_coupon(work.connection, work.tenant_id, coupon.id)
        await _expire(work, claim, coupon, recovery)


async def reverse_redemptions(work: Work, order: Order) -> None:
    """Every coupon that paid for the cancelled order is restored, with its original expiry, and nobody owes that part.

    A coupon whose last instant has passed stays over: its part is released (vector T7). The order is locked.
    """
    for redemption in await coupon_rows.live_redemptions_by_order(work.connection, work.tenant_id, order.id):
        coupon, claim = await _locked(work, redemption.coupon_id)
        await _reverse(work, claim, coupon, redemption)


async def _reverse(work: Work, claim: Claim, coupon: Coupon, redemption: Redemption) -> None:
    recovery = await recovery_rows.lock_by_coupon(work.connection, work.tenant_id, coupon.id)
    if coupon.state in LIVE and work.at > coupon.expires_at:  # its clock has not fired yet
        coupon, recovery = await _expire(work, claim, coupon, recovery)
        await end_duties(work, coupon.id)
    undone = coupons.reverse_redemption(coupon, redemption, work.at)
    lives = undone.coupon.after.state in LIVE
    await work.keep(
        undone.coupon,
        undone.redemption,
        recoveries.reverse(recovery, redemption.amount, coupon_lives=lives, at=work.at),
    )
    made = await ledger_rows.find_redemption_transfer(work.connection, work.tenant_id, redemption.id)
    reverses = None if made is None else TransferId(made)
    await _post(work, Event.REDEMPTION_REVERSED, redemption.amount, claim, coupon, redemption, reverses)
    if not lives:
        await _post(work, Event.COUPON_RELEASED, redemption.amount, claim, coupon)
    elif coupon.state is CouponState.USED:
        await start_duty(work, Duty.COUPON_EXPIRY, coupon.id, coupon.expires_at, party_id=coupon.buyer_id)


async def _expire(work: Work, claim: Claim, coupon: Coupon, recovery: Recovery) -> tuple[Coupon, Recovery]:
    expired = coupons.expire_coupon(coupon, work.at)
    released = recoveries.release(recovery, work.at)
    await work.keep(expired, released)
    await _post(work, Event.COUPON_RELEASED, coupon.left, claim, coupon)
    await claim_turns.close(work, claim)
    return expired.after, released.after


async def _locked(work: Work, id: CouponId) -> tuple[Coupon, Claim]:
    """The coupon and its claim, the claim locked first. Refuses with NotFound."""
    found = await coupon_rows.find(work.connection, work.tenant_id, id)
    if found is None:
        raise NotFound("there is no such coupon", field=("couponId",))
    claim = await claim_rows.lock(work.connection, work.tenant_id, found.claim_id)
    return await coupon_rows.lock(work.connection, work.tenant_id, id), claim


async def _post(
    work: Work,
    event: Event,
    amount: Money,
    claim: Claim,
    coupon: Coupon,
    redemption: Redemption | None = None,
    reverses: TransferId | None = None,
) -> None:
    cause = Cause(
        claim_id=claim.id,
        coupon_id=coupon.id,
        redemption_id=redemption.id if redemption else None,
        decision_id=claim.decision_id,
        rule_version_id=claim.rule_version_id,
        reverses_id=reverses,
    )
    transfer = ledger.transfer(work.new_id(TransferId), event, amount, party_id=claim.party_id, cause=cause, at=work.at)
    await ledger_rows.post(work, transfer)
