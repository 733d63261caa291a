"""Coupons: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "coupon_action_of_your_role": ("Your role may do this.", "This is not for your role, or the coupon is not yours."),
    "coupon_has_rest": ("Something is left on the coupon.", "Nothing is left on the coupon: it is {state}."),
    "coupon_not_expired": ("The coupon has not expired.", "The coupon expired at {expiresAt}."),
    "coupon_expiry_passed": ("The coupon's last instant has passed.", "The coupon lives until {expiresAt}."),
    "coupon_of_same_buyer": ("The coupon and the order are the same buyer's.", "The order is another buyer's."),
    "coupon_on_a_later_order": (
        "The order is not the one that was compensated.",
        "A coupon pays for a later order, not for the one it compensates.",
    ),
    "coupon_in_same_currency": (
        "Coupon, order and amount are in one currency.",
        "The coupon is in {coupon}, the order in {order}, the amount in {amount}: it must be one currency.",
    ),
    "coupon_rest_suffices": ("Enough is left on the coupon.", "Less is left on the coupon than shall be used."),
    "order_total_suffices": ("The order costs at least that much.", "Less is left to pay of the order than that."),
    "amount_above_zero": ("The amount is above zero.", "The amount is not above zero."),
    "exchange_rate_known": (
        "A rate from {base} to {quote} is known.",
        "No rate from {base} to {quote} is recorded for the day.",
    ),
}
