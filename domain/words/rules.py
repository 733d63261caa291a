"""Rules as data: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "rule_in_force": ("A version of {key} is in force at {at}.", "No version of {key} is in force at {at}."),
    "rule_case_passes": (
        "The example “{case}” comes out as expected.",
        "The example “{case}” comes out as {got}, not as {expected}.",
    ),
    "rule_dated_today": (
        "The text is dated {announced}, the day on which it is published.",
        "The text says it is published on {announced}, but today is {today}.",
    ),
    "rule_notice_given": (
        "The rule takes effect after {days} days of notice.",
        "A new version needs {days} days of notice: it can take effect from {earliest}, not at {effectiveFrom}.",
    ),
    "rule_begins_last": (
        "No other version takes effect later.",
        "Version {other} takes effect at {begins}; a new version must begin after it.",
    ),
    "rule_stands": ("The version stands.", "The version was withdrawn."),
    "rule_not_in_effect": (
        "The version takes effect at {effectiveFrom}.",
        "The version took effect at {effectiveFrom}; what is in effect is not withdrawn.",
    ),
    "rule_without_successor": (
        "No later version follows it.",
        "A later version follows it already; withdraw that one first.",
    ),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "rule_in_force": ("{key} 在 {at} 有生效的版本。", "{key} 在 {at} 没有生效的版本。"),
    "rule_case_passes": ("示例“{case}”结果符合预期。", "示例“{case}”结果为 {got}，预期为 {expected}。"),
    "rule_dated_today": ("文本日期 {announced} 为发布当日。", "文本注明于 {announced} 发布，但今天是 {today}。"),
    "rule_notice_given": (
        "规则在 {days} 天通知期后生效。",
        "新版本需要 {days} 天通知期：最早可于 {earliest} 生效，不能于 {effectiveFrom} 生效。",
    ),
    "rule_begins_last": ("没有更晚生效的版本。", "版本 {other} 于 {begins} 生效，新版本须在其后生效。"),
    "rule_stands": ("该版本有效。", "该版本已撤回。"),
    "rule_not_in_effect": (
        "该版本将于 {effectiveFrom} 生效。",
        "该版本已于 {effectiveFrom} 生效，已生效的版本不能撤回。",
    ),
    "rule_without_successor": ("其后没有版本。", "其后已有版本，请先撤回后一版本。"),
}
