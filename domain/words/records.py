"""Records: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "record_has_enough_cases": (
        "There are enough cases to tell a rate: {of}, at least {minimum} are needed.",
        "There are too few cases to tell a rate: {of}, at least {minimum} are needed.",
    ),
    "record_meets_target": (
        "The target is met: {count} of {of} cases, {misses} misses of which {tolerated} are tolerated.",
        "The target is missed: {count} of {of} cases, {misses} misses of which {tolerated} are tolerated.",
    ),
    "record_lateness_expected": (
        "What lateness is expected to cost follows from {promised} promises and {daysLate} days of lateness.",
        "What lateness is expected to cost cannot be told.",
    ),
}
