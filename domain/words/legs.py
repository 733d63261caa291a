"""Legs of shipments: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "legs_are_kept": (
        "The plan has every leg that is known.",
        "The plan has {planned} legs and {known} are known: a leg is never removed.",
    ),
    "leg_not_left": (
        "Leg {number} was not left, or stays as it was.",
        "Leg {number} was left already and stays as it was.",
    ),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "legs_are_kept": ("计划包含所有已知运段。", "计划有 {planned} 个运段，已知 {known} 个：运段不能删除。"),
    "leg_not_left": ("运段 {number} 尚未驶离，或保持不变。", "运段 {number} 已驶离，须保持不变。"),
}
