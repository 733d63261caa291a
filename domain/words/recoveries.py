"""Recoveries, payouts and payments of liable parties: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "recovery_action_of_your_role": ("Your role may do this.", "Your role may not do this with what a party owes."),
    "recovery_owed": ("Something is owed.", "Nothing of it is owed: it is {state}."),
    "recovery_undisputed": ("It is not disputed.", "It is disputed: the dispute must be resolved first."),
    "recovery_disputed": ("It is disputed.", "It is not disputed: it is {state}."),
    "recovery_write_off_not_asked": (
        "Nobody has asked to give it up.",
        "Somebody has asked to give it up already: a second person confirms it.",
    ),
    "recovery_write_off_asked": ("Somebody has asked to give it up.", "Nobody has asked to give it up."),
    "recovery_seen_by_another": (
        "Somebody else has asked for it.",
        "You have asked for it yourself: somebody else must confirm it.",
    ),
    "payout_action_of_your_role": ("Your role may do this.", "Your role may not confirm payouts."),
    "payout_not_paid": ("It is not paid yet.", "It is {state}."),
    "payment_within_debt": (
        "No more was paid than is owed.",
        "{amountMinor} minor units of {currency} were paid; only {owedMinor} are owed.",
    ),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "recovery_action_of_your_role": ("您的角色可以执行此操作。", "您的角色不能对责任方的欠款执行此操作。"),
    "recovery_owed": ("存在欠款。", "该笔没有欠款，状态为 {state}。"),
    "recovery_undisputed": ("没有争议。", "该笔存在争议，须先解决争议。"),
    "recovery_disputed": ("存在争议。", "该笔没有争议，状态为 {state}。"),
    "recovery_write_off_not_asked": ("尚无人申请核销。", "已有人申请核销，须由第二人确认。"),
    "recovery_write_off_asked": ("已有人申请核销。", "尚无人申请核销。"),
    "recovery_seen_by_another": ("核销由他人申请。", "核销由您本人申请，须由他人确认。"),
    "payout_action_of_your_role": ("您的角色可以执行此操作。", "您的角色不能确认付款。"),
    "payout_not_paid": ("尚未支付。", "状态为 {state}。"),
    "payment_within_debt": (
        "支付金额未超过欠款。",
        "支付了 {amountMinor}（{currency} 最小货币单位），欠款仅为 {owedMinor}。",
    ),
}
