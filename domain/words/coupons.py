"""Coupons: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "coupon_action_of_your_role": ("Your role may do this.", "This is not for your role, or the coupon is not yours."),
    "coupon_not_revoked": ("The coupon was not revoked.", "The coupon was revoked."),
    "coupon_revoked": ("The coupon is revoked.", "The coupon is not revoked: it is {state}."),
    "coupon_revoked_by_staff": (
        "The coupon of {amount} is revoked with {left} left on it: {reason}",
        "The coupon of {amount} is not revoked with {left} left on it: {reason}",
    ),
    "coupon_restored_on_appeal": (
        "The coupon of {amount} is good again, with {left} left on it.",
        "The coupon of {amount} stays revoked, with {left} left on it.",
    ),
    "coupon_not_all_reserved": (
        "Something of the coupon is not held by a checkout.",
        "Checkouts hold all that is left: {reservedMinor} minor units.",
    ),
    "reservation_in_same_currency": (
        "Coupon and amount are in one currency.",
        "The coupon is in {coupon}, the amount in {amount}: it must be one currency.",
    ),
    "reservation_action_of_your_role": (
        "Your role may do this.",
        "This is not for your role, or the reservation is not yours.",
    ),
    "reservation_held": ("The reservation holds something.", "The reservation holds nothing any more: it is {state}."),
    "reservation_in_time": ("The reservation's time is not over.", "The reservation was over at {expiresAt}."),
    "reservation_order_known": ("The order is recorded.", "No order with the reference {reference} is recorded."),
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
    "coupon_not_revoked": ("优惠券未被撤销。", "优惠券已被撤销。"),
    "coupon_revoked": ("优惠券已被撤销。", "优惠券未被撤销，状态为 {state}。"),
    "coupon_revoked_by_staff": (
        "面额 {amount} 的优惠券被撤销，余额 {left}：{reason}",
        "面额 {amount} 的优惠券未被撤销，余额 {left}：{reason}",
    ),
    "coupon_restored_on_appeal": (
        "面额 {amount} 的优惠券恢复有效，余额 {left}。",
        "面额 {amount} 的优惠券维持撤销，余额 {left}。",
    ),
    "coupon_not_all_reserved": (
        "优惠券有未被结账预留的余额。",
        "余额已全部被结账预留：{reservedMinor} 最小货币单位。",
    ),
    "reservation_in_same_currency": (
        "优惠券与金额的币种相同。",
        "优惠券币种为 {coupon}，金额为 {amount}：币种必须相同。",
    ),
    "reservation_action_of_your_role": ("您的角色可以执行此操作。", "您的角色不能执行此操作，或该预留不属于您。"),
    "reservation_held": ("预留仍有金额。", "预留已无金额，状态为 {state}。"),
    "reservation_in_time": ("预留未到期。", "预留已于 {expiresAt} 到期。"),
    "reservation_order_known": ("订单已记录。", "没有编号为 {reference} 的订单记录。"),
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
