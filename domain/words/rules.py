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
