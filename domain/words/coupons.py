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

CHINESE: Final[Mapping[str, Sentences]] = {
    "coupon_action_of_your_role": ("您的角色可以执行此操作。", "您的角色不能执行此操作，或该优惠券不属于您。"),
    "coupon_has_rest": ("优惠券还有余额。", "优惠券没有余额，状态为 {state}。"),
    "coupon_not_expired": ("优惠券未过期。", "优惠券已于 {expiresAt} 过期。"),
    "coupon_expiry_passed": ("优惠券的有效期已过。", "优惠券有效期至 {expiresAt}。"),
    "coupon_of_same_buyer": ("优惠券与订单属于同一买家。", "该订单属于其他买家。"),
    "coupon_on_a_later_order": ("该订单不是获赔的订单。", "优惠券只能用于之后的订单，不能用于获赔的订单。"),
    "coupon_in_same_currency": (
        "优惠券、订单与金额的币种相同。",
        "优惠券币种为 {coupon}，订单为 {order}，金额为 {amount}：币种必须相同。",
    ),
    "coupon_rest_suffices": ("优惠券余额充足。", "优惠券余额少于要使用的金额。"),
    "order_total_suffices": ("订单待付金额不低于该金额。", "订单待付金额低于该金额。"),
    "amount_above_zero": ("金额大于零。", "金额不大于零。"),
    "exchange_rate_known": ("有 {base} 兑 {quote} 的汇率。", "没有当日 {base} 兑 {quote} 的汇率记录。"),
}
