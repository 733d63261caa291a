"""Measures: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "invoice_paid_in_time": (
        "The invoice {invoice} was paid in time.",
        "The invoice {invoice} was to be paid until {dueAt}; {remaining} is open.",
    ),
    "removed_by_desk": (
        "The marketplace's desk decided so ({cause}): {reason}",
        "The marketplace's desk did not decide so ({cause}): {reason}",
    ),
    "measure_action_of_your_role": ("Your role may lift measures.", "Your role may not lift measures."),
    "measure_stands": ("The measure stands: {state}.", "The measure is over: {state}."),
    "measure_not_in_the_way": (
        "No measure stands in the way of {action}.",
        "The measure {measure} stands in the way of {action}.",
    ),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "invoice_paid_in_time": (
        "账单 {invoice} 已按时支付。",
        "账单 {invoice} 应于 {dueAt} 前支付；尚欠 {remaining}。",
    ),
    "removed_by_desk": (
        "平台工作人员作出此决定（{cause}）：{reason}",
        "平台工作人员未作出此决定（{cause}）：{reason}",
    ),
    "measure_action_of_your_role": ("您的角色可以解除处置措施。", "您的角色不能解除处置措施。"),
    "measure_stands": ("处置措施仍有效：{state}。", "处置措施已结束：{state}。"),
    "measure_not_in_the_way": (
        "没有处置措施妨碍 {action}。",
        "处置措施 {measure} 妨碍 {action}。",
    ),
}
