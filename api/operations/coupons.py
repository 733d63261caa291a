"""Coupons: redeemed at once, or reserved by a checkout and captured; expired by clock, revoked, restored.

Every step is one transaction with its balanced postings. Locks: orders in the order of their ids, then the claim, then
coupon, reservation, recovery and balances. Redemption and expiry in the same instant are decided by the coupon's lock:
whoever has it first sees the coupon alive, and its last instant is in time.
"""

from api.operations import claim_turns, compensation, exposure, remedies
from api.operations import recoveries as recovery_steps
from api.operations.compensation import Behind, Borne
from api.operations.duties import end_duties, start_duty
from domain import access, coupons, money, recoveries, remedy_terms, reservations
from domain.claims import Claim
from domain.clocks import Clock, Duty
from domain.coupons import (
    LIVE,
    Coupon,
    CouponAction,
    CouponState,
    Purchase,
    RedeemCoupon,
    Redemption,
    RevokeCoupon,
)
from domain.decisions import DecisionKind, decision
from domain.errors import Conflict, NotFound, Refused
from domain.explain import Finding
from domain.exposure import DrawnBy
from domain.ids import BuyerId, ClaimId, CouponId, DecisionId, OrderId, RedemptionId, ReservationId, TransferId
from domain.ledger import Event
from domain.orders import Order, OrderState
from domain.reservations import CaptureReservation, ReleaseReservation, Reservation, ReservationState, ReserveCoupon
from storage import claims as claim_rows
from storage import coupons as coupon_rows
from storage import coverage as coverage_rows
from storage import goodwill as goodwill_rows
from storage import ledger as ledger_rows
from storage import orders as order_rows
from storage import recoveries as recovery_rows
from storage import remedies as remedy_rows
from storage import reservations as reservation_rows
from storage.unit_of_work import Outcome, Work

# -- what checkouts do ------------------------------------------------------------------------------------------------


async def redeem_coupon(work: Work, command: RedeemCoupon) -> Outcome:
    """A part or all of the coupon pays for the order at once; the liable party's share of it is owed.

    Refuses with all reasons (`domain.coupons.redeem_coupon`); with NotFound a coupon or order of another buyer.
    """
    access.require(work.caller, "redeemCoupon")
    order = await order_rows.lock(work.connection, work.tenant_id, command.order_id)
    _require_own(work, order.buyer_id, "order")
    coupon, claim = await _locked(work, command.coupon_id)
    _require_own(work, coupon.buyer_id, "coupon")
    work.expect(coupon)
    redeemed = coupons.redeem_coupon(
        coupon,
        await _purchase(work, order),
        coupon.order_id,
        command.amount,
        id=work.new_id(RedemptionId),
        at=work.at,
    )
    await work.keep(redeemed.coupon, redeemed.redemption)
    await _spent(work, claim, coupon, redeemed.coupon.after, redeemed.redemption.after)
    return Outcome({"coupon": coupon.id, "redemption": redeemed.redemption.after.id})


async def reserve_coupon(work: Work, command: ReserveCoupon) -> Outcome:
    """That much of the coupon is held for the order of that reference, until the rule's time or the coupon is over.

    One that is held or captured for the same order and amount is answered, whatever the call's key. Refuses with
    Conflict another amount for that order, with all reasons what could not be spent, with NotFound another's coupon.
    """
    access.require(work.caller, "reserveCoupon")
    coupon, _ = await _locked(work, command.coupon_id)
    _require_own(work, coupon.buyer_id, "coupon")
    made = await reservation_rows.find_by_reference(work.connection, work.tenant_id, coupon.id, command.order_reference)
    if made is not None:
        if made.amount != command.amount:
            raise Conflict(f"{made.amount} of this coupon is held for that order already.", field=("amount",))
        return Outcome({"reservation": made.id, "coupon": coupon.id})
    work.expect(coupon)
    held = coupons.reserve_coupon(coupon, command.amount, work.at)
    rule = await compensation.terms(work)
    expires_at = remedy_terms.reservation_expires_at(rule, work.at, coupon.expires_at)
    reserved = reservations.reserve(
        coupon.id,
        coupon.buyer_id,
        command.order_reference,
        command.amount,
        expires_at,
        id=work.new_id(ReservationId),
        at=work.at,
    )
    await work.keep(held, reserved)
    await start_duty(work, Duty.CAPTURE_RESERVATION, reserved.after.id, expires_at, party_id=None)
    return Outcome({"reservation": reserved.after.id, "coupon": coupon.id})


async def capture_reservation(work: Work, command: CaptureReservation) -> Outcome:
    """A part or all of what is held pays for the order; the liable party's share of it is owed.

    A capture with the same reference is answered, whatever the call's key. Refuses with Conflict another amount under
    that reference, with all reasons what cannot be captured, with NotFound another buyer's reservation.
    """
    access.require(work.caller, "captureReservation")
    seen = await _reservation(work, command.reservation_id)
    found = await order_rows.by_references(work.connection, work.tenant_id, [seen.order_reference])
    order = await order_rows.lock(work.connection, work.tenant_id, found[0].id) if found else None
    coupon, claim = await _locked(work, seen.coupon_id)
    reservation = await reservation_rows.lock(work.connection, work.tenant_id, seen.id)
    _require_own(work, coupon.buyer_id, "coupon")
    things = {"reservation": reservation.id, "coupon": coupon.id}
    made = await reservation_rows.find_capture(work.connection, work.tenant_id, reservation.id, command.reference)
    if made is not None:
        if command.amount not in {None, made.amount}:
            raise Conflict(f"{made.amount} was captured under that reference already.", field=("amount",))
        return Outcome({**things, "redemption": made.id})
    work.expect(reservation)
    if order is None:
        inputs = {"reference": seen.order_reference}
        unknown = Finding("reservation.order", False, "reservation_order_known", inputs)
        raise Refused("reservation.capture", "The order is not recorded yet.", (unknown,))
    captured = coupons.capture_reservation(
        coupon,
        reservation,
        await _purchase(work, order),
        reservation.held if command.amount is None else command.amount,
        command.reference,
        id=work.new_id(RedemptionId),
        at=work.at,
    )
    await work.keep(captured.coupon, captured.redemption, captured.reservation)
    if captured.reservation.after.state is ReservationState.CAPTURED:
        await end_duties(work, reservation.id)
    await _spent(work, claim, coupon, captured.coupon.after, captured.redemption.after)
    return Outcome({**things, "redemption": captured.redemption.after.id})


async def release_reservation(work: Work, command: ReleaseReservation) -> Outcome:
    """What was not captured can be spent again; a repeat is answered. Refuses what was captured whole or lapsed."""
    access.require(work.caller, "releaseReservation")
    seen = await _reservation(work, command.reservation_id)
    coupon, _ = await _locked(work, seen.coupon_id)
    reservation = await reservation_rows.lock(work.connection, work.tenant_id, seen.id)
    _require_own(work, coupon.buyer_id, "coupon")
    change = reservations.release(reservation, work.at)
    if change is not None:
        work.expect(reservation)
        await work.keep(change, coupons.free_reservation(coupon, reservation.held))
        await end_duties(work, reservation.id)
    return Outcome({"reservation": reservation.id, "coupon": coupon.id})


# -- what staff do ----------------------------------------------------------------------------------------------------


async def revoke_coupon(work: Work, command: RevokeCoupon) -> Outcome:
    """What is left of the coupon is lost and nobody owes it; the decision says why, and can be appealed.

    Refuses a coupon that has ended, with NotFound one that does not exist.
    """
    access.require(work.caller, "revokeCoupon")
    coupon, claim = await _locked(work, command.coupon_id, compensated=True)
    work.expect(coupon)
    coupons.require_move(coupon, CouponAction.REVOKE_COUPON, work.caller, work.at)
    behind = await _behind(work, coupon, claim)
    await compensation.revoke(work, coupon, behind, command.reason)
    _explain(work, coupon, behind, "coupon_revoked_by_staff", {"reason": command.reason})
    await _settle(work, claim)
    return Outcome({"coupon": coupon.id})


async def restore(work: Work, coupon_id: CouponId) -> Coupon:
    """A revoked coupon is good again, for as long as it still was when it was revoked; for appeals.

    It is drawn on the loss again. Refuses a coupon that is not revoked, and (`exposure.draw`) what the loss was made
    good with in the meantime.
    """
    coupon, claim = await _locked(work, coupon_id, compensated=True)
    behind = await _behind(work, coupon, claim)
    coupons.restore_coupon(coupon, work.at)  # refuses what is not revoked before anything is drawn
    await _draw_again(work, coupon, claim)
    restored = await compensation.restore(work, coupon, behind)
    _explain(work, coupon, behind, "coupon_restored_on_appeal", {})
    return restored


async def _draw_again(work: Work, coupon: Coupon, claim: Claim | None) -> None:
    made = [each for each in await remedy_rows.by_coupon(work.connection, work.tenant_id, coupon.id) if each.line_id]
    if claim is None or coupon.goodwill_id is not None or not made or coupon.order_id is None:
        return
    parts = money.share_out(coupon.unspent, [each.amount.minor for each in made])
    order = await order_rows.get(work.connection, work.tenant_id, coupon.order_id)
    await exposure.draw(
        work,
        order,
        remedies.cause_of(claim, await coverage_rows.get(work.connection, work.tenant_id, claim.coverage_id)),
        DrawnBy.CLAIM,
        {each.line_id: part for each, part in zip(made, parts, strict=True) if each.line_id is not None},
        claim.id,
        commitment_id=claim.coverage_id,
    )


# -- what follows by itself -------------------------------------------------------------------------------------------


async def fire_coupon_expiry(work: Work, clock: Clock) -> None:
    """The coupon's last instant has passed: what is left of it is lost, and nobody owes it any more."""
    coupon, claim = await _locked(work, CouponId(clock.subject_id))
    if coupon.state in LIVE and work.at > coupon.expires_at:
        await compensation.expire(work, coupon, await _behind(work, coupon, claim))
        await _settle(work, claim)


async def fire_capture_reservation(work: Work, clock: Clock) -> None:
    """The reservation's time is over: what was not captured can be spent again while the coupon lives."""
    seen = await reservation_rows.find(work.connection, work.tenant_id, ReservationId(clock.subject_id))
    if seen is None:
        return
    coupon, _ = await _locked(work, seen.coupon_id)
    reservation = await reservation_rows.lock(work.connection, work.tenant_id, seen.id)
    if reservation.state is ReservationState.HELD:
        await work.keep(reservations.lapse(reservation, work.at), coupons.free_reservation(coupon, reservation.held))


async def reverse_redemptions(work: Work, order: Order) -> None:
    """Every coupon that paid for the cancelled order is restored, with its original expiry, and nobody owes that part.

    A coupon whose last instant has passed stays over: its part is released (vector T7). The order is locked.
    """
    for redemption in await coupon_rows.live_redemptions_by_order(work.connection, work.tenant_id, order.id):
        coupon, claim = await _locked(work, redemption.coupon_id)
        await _reverse(work, claim, coupon, redemption)


async def _reverse(work: Work, claim: Claim | None, coupon: Coupon, redemption: Redemption) -> None:
    behind = await _behind(work, coupon, claim)
    if coupon.state in LIVE and work.at > coupon.expires_at:  # its clock has not fired yet
        coupon = await compensation.expire(work, coupon, behind)
        await end_duties(work, coupon.id)
    undone = coupons.reverse_redemption(coupon, redemption, work.at)
    after = undone.coupon.after
    lives = after.state in LIVE
    await work.keep(undone.coupon, undone.redemption)
    borne = await _moved(work, coupon, after, coupon_lives=lives)
    made = await ledger_rows.find_redemption_transfer(work.connection, work.tenant_id, redemption.id)
    await compensation.post(
        work,
        Event.REDEMPTION_REVERSED,
        redemption.amount,
        behind,
        borne,
        coupon_id=coupon.id,
        redemption_id=redemption.id,
        reverses_id=None if made is None else TransferId(made),
    )
    if not lives:
        lost = Event.COUPON_REVOKED if after.state is CouponState.REVOKED else Event.COUPON_RELEASED
        await compensation.post(work, lost, redemption.amount, behind, borne, coupon_id=coupon.id)
    elif coupon.state is CouponState.USED:
        await start_duty(work, Duty.COUPON_EXPIRY, coupon.id, coupon.expires_at, party_id=coupon.buyer_id)


# -- what they share --------------------------------------------------------------------------------------------------


async def _spent(work: Work, claim: Claim | None, before: Coupon, after: Coupon, redemption: Redemption) -> None:
    """What follows from a redemption: the party's share is due, the books have it; a coupon used up is over."""
    borne = await _moved(work, before, after, coupon_lives=True)
    await compensation.post(
        work,
        Event.COUPON_REDEEMED,
        redemption.amount,
        await _behind(work, before, claim),
        borne,
        coupon_id=before.id,
        redemption_id=redemption.id,
    )
    if after.state is CouponState.USED:
        await end_duties(work, before.id)
        await _settle(work, claim)


async def _moved(work: Work, before: Coupon, after: Coupon, *, coupon_lives: bool) -> list[Borne]:
    """The parties' shares of what was used are due, or not any more; how much of each that moved."""
    borne = []
    for recovery in await recovery_rows.lock_by_coupon(work.connection, work.tenant_id, before.id):
        amount = recoveries.moved(recovery, before.used, after.used)
        if not amount.minor:
            continue
        if amount.minor > 0:
            change = recoveries.fall_due(recovery, amount, work.at)
        else:
            change = recoveries.reverse(recovery, -amount, coupon_lives=coupon_lives, at=work.at)
        await work.keep(change)
        await recovery_steps.follow(work, change)
        borne.append(Borne(recovery, amount if amount.minor > 0 else -amount))
    return borne


async def _settle(work: Work, claim: Claim | None) -> None:
    """The claim is closed if nothing of what it gave is still to be done, paid or spent."""
    if claim is not None and await remedies.all_done(work, claim):
        await claim_turns.close(work, claim)


async def _locked(work: Work, id: CouponId, *, compensated: bool = False) -> tuple[Coupon, Claim | None]:
    """The coupon and its claim, the claim locked first; with `compensated` the order that it makes good before that.

    Refuses with NotFound.
    """
    found = await coupon_rows.find(work.connection, work.tenant_id, id)
    if found is None:
        raise NotFound("there is no such coupon", field=("couponId",))
    if compensated and found.order_id is not None:
        await order_rows.lock_ids(work.connection, work.tenant_id, [found.order_id])
    claim = None
    if found.claim_id is not None:
        claim = await claim_rows.lock(work.connection, work.tenant_id, ClaimId(found.claim_id))
    return await coupon_rows.lock(work.connection, work.tenant_id, id), claim


async def _reservation(work: Work, id: ReservationId) -> Reservation:
    found = await reservation_rows.find(work.connection, work.tenant_id, id)
    if found is None or not (work.caller.is_operator or work.caller.party_id == found.buyer_id):
        raise NotFound("there is no such reservation", field=("reservationId",))
    return found


async def _purchase(work: Work, order: Order) -> Purchase:
    covered = await coupon_rows.covered(work.connection, work.tenant_id, order.id, order.total.currency)
    return Purchase(OrderId(order.id), order.buyer_id, order.state is OrderState.CANCELLED, order.total, covered)


def _require_own(work: Work, buyer_id: BuyerId, what: str) -> None:
    """Nothing, if the order or coupon is the caller's own, or the operator's to act on. Refuses with NotFound.

    Asked as soon as each is read: the other must not tell whether this one exists.
    """
    if not work.caller.is_operator and work.caller.party_id != buyer_id:
        raise NotFound(f"There is no such {what}.", field=(f"{what}Id",))


async def _behind(work: Work, coupon: Coupon, claim: Claim | None) -> Behind:
    """What is behind the coupon: its claim, its goodwill, or both."""
    goodwill = None
    if coupon.goodwill_id is not None:
        goodwill = await goodwill_rows.GOODWILLS.get(work.connection, work.tenant_id, coupon.goodwill_id)
    if claim is not None:
        return Behind.claim(claim, goodwill)
    if goodwill is None:
        raise LookupError(f"nothing is behind {coupon.id}")
    return Behind.goodwill(goodwill)


def _explain(work: Work, coupon: Coupon, behind: Behind, reason: str, inputs: dict[str, str]) -> None:
    """The decision about the coupon is stored with its tree."""
    tree = Finding(
        "coupon.decision",
        holds=True,
        reason=reason,
        inputs={"amount": str(coupon.amount), "used": str(coupon.used), "left": str(coupon.unspent), **inputs},
    )
    work.add(
        decision(
            work.new_id(DecisionId),
            coupon.id,
            DecisionKind.COUPON,
            tree,
            at=work.at,
            decided_by=work.caller.actor_id,
            rule_version_ids=(behind.rule_version_id,),
        )
    )
