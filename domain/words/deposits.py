"""Deposits: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "deposit_of_provider_that_stays": (
        "The provider has not left.",
        "The provider is {state}: it deposits nothing any more.",
    ),
    "deposit_holds_enough": (
        "Enough is held.",
        "Only {heldMinor} minor units of {currency} are held, not {amountMinor}.",
    ),
    "deposit_drawn_for_debt": (
        "The provider owes at least that much.",
        "The provider owes {owedMinor} minor units of {currency}, not {amountMinor}.",
    ),
    "deposit_nothing_owed": ("The provider owes nothing.", "The provider owes {owedMinor} minor units of {currency}."),
    "deposit_nothing_contingent": (
        "Nothing can still fall due.",
        "{contingentMinor} minor units of {currency} may still fall due.",
    ),
    "deposit_duties_ended": ("Nothing is open any more.", "Open duties that still keep the provider: {open}."),
    "deposit_required_stays": (
        "What is required stays.",
        "{leftMinor} minor units of {currency} would be left; {requiredMinor} are required while the provider stays.",
    ),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "deposit_of_provider_that_stays": ("服务商未退出。", "服务商状态为 {state}，不再缴纳保证金。"),
    "deposit_holds_enough": (
        "持有的保证金充足。",
        "仅持有 {heldMinor}（{currency} 最小货币单位），不足 {amountMinor}。",
    ),
    "deposit_drawn_for_debt": (
        "服务商的欠款不低于该金额。",
        "服务商欠款为 {owedMinor}（{currency} 最小货币单位），不足 {amountMinor}。",
    ),
    "deposit_nothing_owed": ("服务商没有欠款。", "服务商欠款为 {owedMinor}（{currency} 最小货币单位）。"),
    "deposit_nothing_contingent": (
        "不会再有款项到期。",
        "还可能有 {contingentMinor}（{currency} 最小货币单位）到期。",
    ),
    "deposit_duties_ended": ("没有未了结的事项。", "服务商仍有未了结的义务：{open}。"),
    "deposit_required_stays": (
        "保留了应缴的保证金。",
        "将仅剩 {leftMinor}（{currency} 最小货币单位），服务商未退出时须保留 {requiredMinor}。",
    ),
}
