"""Coupons: compensation that a buyer spends on a later order, whole or in parts, until its last instant.

Theory of operation (`domain.md` 6.8):

    ACTIVE -redeem part-> PARTLY_USED -redeem rest-> USED
    ACTIVE, PARTLY_USED -last instant passed-> EXPIRED

Laws: what was used never exceeds the amount; a redemption at the last instant is in time, one microsecond later is not
(vector T5); when the order that a redemption paid for is cancelled, the redemption is reversed and the coupon lives on
with its original expiry, or stays expired when that has passed (vector T7).
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import dates
from domain.access import Caller, may
from domain.change import Change, Fact, Happening
from domain.errors import Refused
from domain.explain import Finding, unmet
from domain.ids import BuyerId, ClaimId, CouponId, OrderId, RedemptionId
from domain.money import Money
from domain.moves import Move


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


LIVE: Final = frozenset({CouponState.ACTIVE, CouponState.PARTLY_USED})
"""The states in which a coupon can be spent."""


class CouponAction(StrEnum):
    """What can be done with a coupon; the value is the mutation's name in capitals."""

    REDEEM_COUPON = "REDEEM_COUPON"
    """redeemCoupon: it pays for a later order, whole or in part."""


@dataclass(frozen=True, slots=True)
class Coupon:
    """A compensation coupon. `expires_at` is its last instant."""

    id: CouponId
    claim_id: ClaimId
    buyer_id: BuyerId
    state: CouponState
    amount: Money
    used: Money
    issued_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    version: int

    @property
    def left(self) -> Money:
        """What can still be spent."""
        return self.amount - self.used


@dataclass(frozen=True, slots=True)
class Redemption:
    """One use of a coupon on one order."""

    id: RedemptionId
    coupon_id: CouponId
    order_id: OrderId
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


def issue_coupon(
    claim_id: ClaimId, buyer_id: BuyerId, amount: Money, expires_at: datetime, *, id: CouponId, at: datetime
) -> Change[Coupon]:
    """A new coupon, live until `expires_at` inclusive. Refuses an amount not above zero with ValueError."""
    if amount.minor <= 0:
        raise ValueError("a coupon is worth more than nothing")
    coupon = Coupon(
        id, claim_id, buyer_id, CouponState.ACTIVE, amount, Money.zero(amount.currency), at, expires_at, None, version=1
    )
    facts: dict[str, Fact] = {
        "claimId": claim_id,
        "amountMinor": amount.minor,
        "currency": amount.currency,
        "expiresAt": dates.rfc3339(expires_at),
    }
    return Change(None, coupon, (Happening("coupon.issued", facts),))


def conditions(coupon: Coupon, at: datetime) -> tuple[Finding, ...]:
    """Whether the coupon can be spent at `at`, whatever it shall pay for."""
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
    )


def moves(coupon: Coupon, caller: Caller, at: datetime) -> tuple[Move, ...]:
    """What the caller may do with the coupon at `at`, and why not."""
    own = caller.is_operator or caller.party_id == coupon.buyer_id
    role = Finding("coupon.role", own and may(caller, "redeemCoupon"), "coupon_action_of_your_role")
    because = unmet((role, *conditions(coupon, at)))
    closes_at = coupon.expires_at if coupon.state in LIVE else None
    return (Move(CouponAction.REDEEM_COUPON.value, because, closes_at=closes_at),)


def redeem_coupon(
    coupon: Coupon, purchase: Purchase, claimed_order_id: OrderId, amount: Money, *, id: RedemptionId, at: datetime
) -> Redeemed:
    """That much of the coupon is spent on the purchase.

    Refuses, with every reason: a coupon used up or expired, more than is left, another currency, another buyer's
    order, a cancelled order, the order the coupon compensates (`domain.md` 6.8: the next order), more than it costs.
    """
    same_currency = amount.currency == coupon.amount.currency == purchase.total.currency
    findings = (
        *conditions(coupon, at),
        Finding("coupon.buyer", purchase.buyer_id == coupon.buyer_id, "coupon_of_same_buyer"),
        Finding("coupon.order_live", not purchase.cancelled, "order_not_cancelled"),
        Finding("coupon.next_order", purchase.order_id != claimed_order_id, "coupon_on_a_later_order"),
        Finding(
            "coupon.currency",
            same_currency,
            "coupon_in_same_currency",
            {"coupon": coupon.amount.currency, "order": purchase.total.currency, "amount": amount.currency},
        ),
        Finding("coupon.amount", amount.minor > 0, "amount_above_zero", {"amountMinor": amount.minor}),
    )
    if same_currency:
        findings += (
            Finding(
                "coupon.rest",
                amount <= coupon.left,
                "coupon_rest_suffices",
                {"amountMinor": amount.minor, "leftMinor": coupon.left.minor},
            ),
            Finding(
                "coupon.order_total",
                amount <= purchase.total - purchase.covered,
                "order_total_suffices",
                {"amountMinor": amount.minor, "uncoveredMinor": (purchase.total - purchase.covered).minor},
            ),
        )
    if because := unmet(findings):
        raise Refused("coupon.redeem", "The coupon cannot pay this.", because)
    used = coupon.used + amount
    spent = used == coupon.amount
    after = replace(
        coupon,
        state=CouponState.USED if spent else CouponState.PARTLY_USED,
        used=used,
        ended_at=at if spent else None,
        version=coupon.version + 1,
    )
    redemption = Redemption(id, coupon.id, purchase.order_id, amount, at, None, version=1)
    facts: dict[str, Fact] = {"couponId": coupon.id, "amountMinor": amount.minor, "currency": amount.currency}
    return Redeemed(
        Change(coupon, after, (Happening("coupon.redeemed", facts | {"orderId": purchase.order_id}),)),
        Change(None, redemption, (Happening("redemption.made", facts),)),
    )


def expire_coupon(coupon: Coupon, at: datetime) -> Change[Coupon]:
    """The coupon is over; what is left is lost. Refuses one whose last instant has not passed, or that ended."""
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
    after = replace(coupon, state=CouponState.EXPIRED, ended_at=at, version=coupon.version + 1)
    facts: dict[str, Fact] = {"leftMinor": coupon.left.minor, "currency": coupon.amount.currency}
    return Change(coupon, after, (Happening("coupon.expired", facts),))


def reverse_redemption(coupon: Coupon, redemption: Redemption, at: datetime) -> Redeemed:
    """The redemption is undone: its amount is back on the coupon, which lives on unless its last instant has passed.

    Refuses a redemption that was reversed before (vector T7, `domain.md` 6.8 "order later cancelled"). A coupon past
    its last instant is expired first, so that what else was left of it is released by its own event: ValueError if not.
    """
    if coupon.state in LIVE and at > coupon.expires_at:
        raise ValueError(f"{coupon.id} is over: expire it first")
    if redemption.reversed_at is not None:
        raise Refused("redemption.once", "The redemption was reversed before.")
    used = coupon.used - redemption.amount
    if at > coupon.expires_at:
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
