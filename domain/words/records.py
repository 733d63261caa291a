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

CHINESE: Final[Mapping[str, Sentences]] = {
    "record_has_enough_cases": (
        "案例足以计算比率：共 {of} 例，至少需要 {minimum} 例。",
        "案例太少，无法计算比率：共 {of} 例，至少需要 {minimum} 例。",
    ),
    "record_meets_target": (
        "达到目标：{of} 例中有 {count} 例，不合格 {misses} 例，容许 {tolerated} 例。",
        "未达到目标：{of} 例中有 {count} 例，不合格 {misses} 例，容许 {tolerated} 例。",
    ),
    "record_lateness_expected": (
        "预计延误成本根据 {promised} 个承诺和 {daysLate} 天延误得出。",
        "无法得出预计延误成本。",
    ),
}
