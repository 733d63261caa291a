"""Remedies, refunds, goodwill and what a loss can cost: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "exposure_suffices": (
        "The loss of line {lineId} has room for it.",
        "Of line {lineId} ({loss}) {drawnMinor} of {ceilingMinor} {currency} (minor) are paid; {amountMinor} is more.",
    ),
    "remedy_action_of_your_side": ("Your side may do this.", "This is not for your side, or the remedy is not yours."),
    "remedy_in_kind": ("The liable party does it.", "A {kind} is paid: nobody has to do or confirm it."),
    "remedy_state_allows": ("The remedy's state allows it.", "The remedy is {state}: that is not possible any more."),
    "remedy_in_time": ("There is time.", "It was to be done by {dueAt}."),
    "refund_action_of_your_role": ("Your role may do this.", "This is for the payment system and for finance."),
    "refund_open": ("The refund is to be paid.", "The refund is {state}."),
    "goodwill_allowed": ("This may be given.", "This may not be given."),
    "goodwill_of_your_role": ("Your role may give goodwill.", "Your role has no limit for goodwill."),
    "goodwill_within_limit": (
        "{amount} is within the limit of {role}.",
        "{amount} is above the {limit} that {role} may give at once.",
    ),
    "goodwill_within_month": (
        "{amount} is within what is left of the month's budget.",
        "{amount} is above the {left} that are left of this month's budget of {role}.",
    ),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "exposure_suffices": (
        "订单行 {lineId} 的损失还有余额。",
        "订单行 {lineId}（{loss}）：{ceilingMinor} {currency}（最小单位）已付 {drawnMinor}，{amountMinor} 超出余额。",
    ),
    "remedy_action_of_your_side": ("您这一方可以执行此操作。", "您这一方不能执行此操作，或该补救不属于您。"),
    "remedy_in_kind": ("由责任方履行。", "{kind} 以付款方式履行：无需任何人办理或确认。"),
    "remedy_state_allows": ("补救的状态允许此操作。", "补救的状态为 {state}：已不能执行此操作。"),
    "remedy_in_time": ("仍在期限内。", "期限为 {dueAt}。"),
    "refund_action_of_your_role": ("您的角色可以执行此操作。", "此操作仅供支付系统和财务使用。"),
    "refund_open": ("退款待支付。", "退款的状态为 {state}。"),
    "goodwill_allowed": ("可以给予。", "不可以给予。"),
    "goodwill_of_your_role": ("您的角色可以给予善意补偿。", "您的角色没有善意补偿额度。"),
    "goodwill_within_limit": ("{amount} 未超过 {role} 的额度。", "{amount} 超过了 {role} 单次可给予的 {limit}。"),
    "goodwill_within_month": (
        "{amount} 未超过本月剩余预算。",
        "{amount} 超过了 {role} 本月预算剩余的 {left}。",
    ),
}
