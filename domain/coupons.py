"""Coupons: compensation that a buyer spends on a later order, whole or in parts, until its last instant.

Theory of operation (`domain.md` 6.8):

    ACTIVE -redeem part-> PARTLY_USED -redeem rest-> USED
    ACTIVE, PARTLY_USED -last instant passed-> EXPIRED
    ACTIVE, PARTLY_USED -revoke (staff)-> REVOKED -restore (an appeal)-> ACTIVE | PARTLY_USED

A checkout reserves a part and captures it (`domain/reservations.py`); `redeemCoupon` is both in one.

Laws: what was used and what is reserved together never exceed the amount; a redemption at the last instant is in time,
one microsecond later is not (vector T5); when the order that a redemption paid for is cancelled, the redemption is
reversed and the coupon lives on with its original expiry, or stays expired when that has passed (vector T7); a coupon
that is restored lives as much longer as it was revoked; what was used before it was revoked stays used.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import dates, reservations
from domain.access import Caller, may
from domain.change import Change, Fact, Happening
from domain.copies import replace
from domain.errors import Refused
from domain.explain import Finding, Input, unmet
from domain.ids import BuyerId, ClaimId, CouponId, GoodwillId, OrderId, RedemptionId, ReservationId
from domain.money import Money
from domain.moves import Move, require
from domain.reservations import Reservation


class CouponState(StrEnum):
    """Where a coupon stands."""

    ACTIVE = "ACTIVE"
    """Nothing is used."""
    PARTLY_USED = "PARTLY_USED"
    """A part is used, the rest can still be spent."""
    USED = "USED"
    """All of it is used."""
    EXPIRED = "EXPIRED"
    """Its last instant has passed."""
    REVOKED = "REVOKED"
    """It was taken back: what is left of it is lost."""


LIVE: Final = frozenset({CouponState.ACTIVE, CouponState.PARTLY_USED})
"""The states in which a coupon can be spent."""


class CouponAction(StrEnum):
    """What can be done with a coupon; the value is the mutation's name in capitals."""

    REDEEM_COUPON = "REDEEM_COUPON"
    """redeemCoupon: it pays for a later order, whole or in part."""
    RESERVE_COUPON = "RESERVE_COUPON"
    """reserveCoupon: a checkout holds a part of it for an order."""
    REVOKE_COUPON = "REVOKE_COUPON"
    """revokeCoupon: staff take it back."""


@dataclass(frozen=True, slots=True)
class Coupon:
    """A compensation coupon. `expires_at` is its last instant; `order_id` the order it compensates, if any."""

    id: CouponId
    claim_id: ClaimId | None
    goodwill_id: GoodwillId | None
    order_id: OrderId | None
    buyer_id: BuyerId
    state: CouponState
    amount: Money
    used: Money
    reserved: Money
    revoked_reason: str | None
    issued_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    version: int

    @property
    def unspent(self) -> Money:
        """What was not spent, whether or not a checkout holds it: what is lost when the coupon ends."""
        return self.amount - self.used

    @property
    def left(self) -> Money:
        """What can still be spent or reserved."""
        return self.unspent - self.reserved


@dataclass(frozen=True, slots=True)
class Redemption:
    """One use of a coupon on one order; of a reservation by the checkout's own `reference`, or at once."""

    id: RedemptionId
    coupon_id: CouponId
    order_id: OrderId
    reservation_id: ReservationId | None
    reference: str | None
    amount: Money
    redeemed_at: datetime
    reversed_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class RedeemCoupon:
    """The wish to pay `amount` of an order with a coupon."""

    coupon_id: CouponId
    order_id: OrderId
    amount: Money


@dataclass(frozen=True, slots=True)
class RevokeCoupon:
    """The wish to take a coupon back, and why."""

    coupon_id: CouponId
    reason: str


@dataclass(frozen=True, slots=True)
class Purchase:
    """What the coupon's rules need to know of the order it shall pay for; `covered` is what coupons paid of it."""

    order_id: OrderId
    buyer_id: BuyerId
    cancelled: bool
    total: Money
    covered: Money


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A redemption and the coupon after it."""

    coupon: Change[Coupon]
    redemption: Change[Redemption]


@dataclass(frozen=True, slots=True)
class Captured:
    """A redemption of what was held, with the coupon and the reservation after it."""

    coupon: Change[Coupon]
    redemption: Change[Redemption]
    reservation: Change[Reservation]


def issue_coupon(
    claim_id: ClaimId | None,
    buyer_id: BuyerId,
    amount: Money,
    expires_at: datetime,
    *,
    order_id: OrderId | None = None,
    goodwill_id: GoodwillId | None = None,
    id: CouponId,
    at: datetime,
) -> Change[Coupon]:
    """A new coupon for a claim or out of goodwill, live until `expires_at` inclusive.

    Refuses with ValueError an amount not above zero, and a coupon for nothing.
    """
    if amount.minor <= 0:
        raise ValueError("a coupon is worth more than nothing")
    if claim_id is None and goodwill_id is None:
        raise ValueError("a coupon makes a claim good or is given out of goodwill")
    nothing = Money.zero(amount.currency)
    coupon = Coupon(
        id,
        claim_id,
        goodwill_id,
        order_id,
        buyer_id,
        CouponState.ACTIVE,
        amount,
        nothing,
        nothing,
        None,
        at,
        expires_at,
        None,
        version=1,
    )
    facts: dict[str, Fact] = {
        "claimId": claim_id,
        "goodwillId": goodwill_id,
        "amountMinor": amount.minor,
        "currency": amount.currency,
        "expiresAt": dates.rfc3339(expires_at),
    }
    return Change(None, coupon, (Happening("coupon.issued", facts),))


def _good(coupon: Coupon, at: datetime) -> tuple[Finding, ...]:
    """Whether the coupon is still good for anything at `at`."""
    expires_at = dates.rfc3339(coupon.expires_at)
    return (
        Finding("coupon.live", coupon.state is not CouponState.USED, "coupon_has_rest", {"state": coupon.state.value}),
        Finding(
            "coupon.unexpired",
            at <= coupon.expires_at and coupon.state is not CouponState.EXPIRED,
            "coupon_not_expired",
            {"expiresAt": expires_at, "at": dates.rfc3339(at)},
            closes_at=expires_at,
        ),
        Finding("coupon.unrevoked", coupon.state is not CouponState.REVOKED, "coupon_not_revoked"),
    )


def conditions(coupon: Coupon, at: datetime) -> tuple[Finding, ...]:
    """Whether something of the coupon can be spent or reserved at `at`, whatever it shall pay for."""
    free = coupon.left.minor > 0 or coupon.state is CouponState.USED
    held = Finding("coupon.free", free, "coupon_not_all_reserved", {"reservedMinor": coupon.reserved.minor})
    return (*_good(coupon, at), held)


def moves(coupon: Coupon, caller: Caller, at: datetime) -> tuple[Move, ...]:
    """What the caller may do with the coupon at `at`, and why not."""
    own = caller.is_operator or caller.party_id == coupon.buyer_id
    closes_at = coupon.expires_at if coupon.state in LIVE else None

    def move(action: CouponAction, name: str, findings: tuple[Finding, ...]) -> Move:
        role = Finding("coupon.role", own and may(caller, name), "coupon_action_of_your_role")
        return Move(action.value, unmet((role, *findings)), closes_at=closes_at)

    return (
        move(CouponAction.REDEEM_COUPON, "redeemCoupon", conditions(coupon, at)),
        move(CouponAction.RESERVE_COUPON, "reserveCoupon", conditions(coupon, at)),
        move(CouponAction.REVOKE_COUPON, "revokeCoupon", _good(coupon, at)),
    )


def _payable(
    coupon: Coupon, purchase: Purchase, compensated_id: OrderId | None, amount: Money, free: Money
) -> tuple[Finding, ...]:
    """Whether that much of the `free` part of the coupon can pay for the purchase."""
    same_currency = amount.currency == coupon.amount.currency == purchase.total.currency
    findings = (
        Finding("coupon.buyer", purchase.buyer_id == coupon.buyer_id, "coupon_of_same_buyer"),
        Finding("coupon.order_live", not purchase.cancelled, "order_not_cancelled"),
        Finding("coupon.next_order", purchase.order_id != compensated_id, "coupon_on_a_later_order"),
        Finding(
            "coupon.currency",
            same_currency,
            "coupon_in_same_currency",
            {"coupon": coupon.amount.currency, "order": purchase.total.currency, "amount": amount.currency},
        ),
        Finding("coupon.amount", amount.minor > 0, "amount_above_zero", {"amountMinor": amount.minor}),
    )
    if not same_currency:
        return findings
    uncovered = purchase.total - purchase.covered
    return (
        *findings,
        _rest(amount, free),
        Finding(
            "coupon.order_total",
            amount <= uncovered,
            "order_total_suffices",
            {"amountMinor": amount.minor, "uncoveredMinor": uncovered.minor},
        ),
    )


def _rest(amount: Money, free: Money) -> Finding:
    inputs: dict[str, Input] = {"amountMinor": amount.minor, "leftMinor": free.minor}
    return Finding("coupon.rest", amount <= free, "coupon_rest_suffices", inputs)


def redeem_coupon(
    coupon: Coupon, purchase: Purchase, compensated_id: OrderId | None, amount: Money, *, id: RedemptionId, at: datetime
) -> Redeemed:
    """That much of the coupon is spent on the purchase.

    Refuses, with every reason: a coupon used up, revoked or expired, more than is left and not reserved, another
    currency, another buyer's order, a cancelled order, the order the coupon compensates (`domain.md` 6.8: the next
    order), more than it costs.
    """
    findings = (*conditions(coupon, at), *_payable(coupon, purchase, compensated_id, amount, coupon.left))
    if because := unmet(findings):
        raise Refused("coupon.redeem", "The coupon cannot pay this.", because)
    redemption = Redemption(id, coupon.id, purchase.order_id, None, None, amount, at, None, version=1)
    return Redeemed(_spent(coupon, redemption, Money.zero(amount.currency)), _made(redemption))


def reserve_coupon(coupon: Coupon, amount: Money, at: datetime) -> Change[Coupon]:
    """That much of the coupon is held for a checkout. Refuses, with every reason, what could not be spent either."""
    same_currency = amount.currency == coupon.amount.currency
    findings = (
        *conditions(coupon, at),
        Finding(
            "coupon.currency",
            same_currency,
            "reservation_in_same_currency",
            {"coupon": coupon.amount.currency, "amount": amount.currency},
        ),
        Finding("coupon.amount", amount.minor > 0, "amount_above_zero", {"amountMinor": amount.minor}),
        *((_rest(amount, coupon.left),) if same_currency else ()),
    )
    if because := unmet(findings):
        raise Refused("coupon.reserve", "That much of the coupon cannot be held.", because)
    return _held(coupon, coupon.reserved + amount, "coupon.reserved", amount)


def capture_reservation(
    coupon: Coupon,
    reservation: Reservation,
    purchase: Purchase,
    amount: Money,
    reference: str,
    *,
    id: RedemptionId,
    at: datetime,
) -> Captured:
    """That much of what is held is spent on the purchase.

    Refuses as `redeem_coupon` does, and a reservation whose time is over or that holds less.
    """
    findings = (
        *reservations.conditions(reservation, at),
        *_good(coupon, at),
        *_payable(coupon, purchase, coupon.order_id, amount, reservation.held),
    )
    if because := unmet(findings):
        raise Refused("reservation.capture", "What is held cannot pay this.", because)
    redemption = Redemption(id, coupon.id, purchase.order_id, reservation.id, reference, amount, at, None, version=1)
    return Captured(
        _spent(coupon, redemption, amount),
        _made(redemption),
        reservations.capture(reservation, amount, purchase.order_id, at),
    )


def free_reservation(coupon: Coupon, amount: Money) -> Change[Coupon]:
    """What a checkout held and did not capture can be spent again. Refuses (ValueError) more than is reserved."""
    if not 0 < amount.minor <= coupon.reserved.minor:
        raise ValueError(f"{amount} of {coupon.reserved} cannot be freed")
    return _held(coupon, coupon.reserved - amount, "coupon.freed", amount)


def _held(coupon: Coupon, reserved: Money, name: str, amount: Money) -> Change[Coupon]:
    facts: dict[str, Fact] = {
        "amountMinor": amount.minor,
        "reservedMinor": reserved.minor,
        "currency": amount.currency,
    }
    after = replace(coupon, reserved=reserved, version=coupon.version + 1)
    return Change(coupon, after, (Happening(name, facts),))


def _spent(coupon: Coupon, redemption: Redemption, held: Money) -> Change[Coupon]:
    """The coupon with the redemption's amount used, `held` of it from what was reserved."""
    used = coupon.used + redemption.amount
    spent = used == coupon.amount
    after = replace(
        coupon,
        state=CouponState.USED if spent else CouponState.PARTLY_USED,
        used=used,
        reserved=coupon.reserved - held,
        ended_at=redemption.redeemed_at if spent else None,
        version=coupon.version + 1,
    )
    facts = _facts(redemption) | {"orderId": redemption.order_id}
    return Change(coupon, after, (Happening("coupon.redeemed", facts),))


def _made(redemption: Redemption) -> Change[Redemption]:
    return Change(None, redemption, (Happening("redemption.made", _facts(redemption)),))


def _facts(redemption: Redemption) -> dict[str, Fact]:
    return {
        "couponId": redemption.coupon_id,
        "reservationId": redemption.reservation_id,
        "amountMinor": redemption.amount.minor,
        "currency": redemption.amount.currency,
    }


def expire_coupon(coupon: Coupon, at: datetime) -> Change[Coupon]:
    """The coupon is over; what is left is lost, also what was reserved of it.

    Refuses one whose last instant has not passed, or that ended.
    """
    findings = (
        Finding("coupon.live", coupon.state in LIVE, "coupon_has_rest", {"state": coupon.state.value}),
        Finding(
            "coupon.past",
            at > coupon.expires_at,
            "coupon_expiry_passed",
            {"expiresAt": dates.rfc3339(coupon.expires_at)},
        ),
    )
    if because := unmet(findings):
        raise Refused("coupon.expire", "The coupon does not expire now.", because)
    return _over(coupon, CouponState.EXPIRED, "coupon.expired", at)


def revoke_coupon(coupon: Coupon, reason: str, at: datetime) -> Change[Coupon]:
    """The coupon is taken back; what was used of it stays used, what is left is lost. Refuses one that has ended."""
    if because := unmet(_good(coupon, at)):
        raise Refused("coupon.revoke", "The coupon cannot be revoked any more.", because)
    return _over(replace(coupon, revoked_reason=reason), CouponState.REVOKED, "coupon.revoked", at, before=coupon)


def restore_coupon(coupon: Coupon, at: datetime) -> Change[Coupon]:
    """The coupon is good again, for as long as it was when it was revoked. Refuses one that is not revoked."""
    revoked_at = coupon.ended_at
    found = Finding("coupon.revoked", coupon.state is CouponState.REVOKED, "coupon_revoked", {"state": coupon.state})
    if not found.holds or revoked_at is None:
        raise Refused("coupon.restore", "The coupon is not revoked.", (found,))
    after = replace(
        coupon,
        state=CouponState.PARTLY_USED if coupon.used.minor else CouponState.ACTIVE,
        expires_at=coupon.expires_at + (at - revoked_at),
        revoked_reason=None,
        ended_at=None,
        version=coupon.version + 1,
    )
    facts: dict[str, Fact] = {
        "leftMinor": coupon.unspent.minor,
        "currency": coupon.amount.currency,
        "expiresAt": dates.rfc3339(after.expires_at),
    }
    return Change(coupon, after, (Happening("coupon.reinstated", facts),))


def require_move(coupon: Coupon, action: CouponAction, caller: Caller, at: datetime) -> None:
    """Nothing, if the caller may do it now. Refuses with all reasons."""
    require(moves(coupon, caller, at), action.value, f"coupon.{action.value.lower()}")


def _over(
    coupon: Coupon, state: CouponState, name: str, at: datetime, *, before: Coupon | None = None
) -> Change[Coupon]:
    nothing = Money.zero(coupon.amount.currency)
    after = replace(coupon, state=state, reserved=nothing, ended_at=at, version=coupon.version + 1)
    facts: dict[str, Fact] = {"leftMinor": coupon.unspent.minor, "currency": coupon.amount.currency}
    return Change(before or coupon, after, (Happening(name, facts),))


def reverse_redemption(coupon: Coupon, redemption: Redemption, at: datetime) -> Redeemed:
    """The redemption is undone: its amount is back on the coupon, which lives on unless its last instant has passed.

    Refuses a redemption that was reversed before (vector T7, `domain.md` 6.8 "order later cancelled"). A coupon that
    was revoked in between stays so. A coupon past its last instant is expired first, so that what else was left of it
    is released by its own event: ValueError if not.
    """
    if coupon.state in LIVE and at > coupon.expires_at:
        raise ValueError(f"{coupon.id} is over: expire it first")
    if redemption.reversed_at is not None:
        raise Refused("redemption.once", "The redemption was reversed before.")
    used = coupon.used - redemption.amount
    if coupon.state is CouponState.REVOKED:
        state, ended_at = CouponState.REVOKED, coupon.ended_at
    elif at > coupon.expires_at:
        state, ended_at = CouponState.EXPIRED, coupon.ended_at or at
    else:
        state, ended_at = (CouponState.PARTLY_USED if used.minor else CouponState.ACTIVE), None
    facts: dict[str, Fact] = {
        "couponId": coupon.id,
        "amountMinor": redemption.amount.minor,
        "currency": redemption.amount.currency,
    }
    return Redeemed(
        Change(
            coupon,
            replace(coupon, state=state, used=used, ended_at=ended_at, version=coupon.version + 1),
            (Happening("coupon.restored", facts),),
        ),
        Change(
            redemption,
            replace(redemption, reversed_at=at, version=redemption.version + 1),
            (Happening("redemption.reversed", facts),),
        ),
    )
