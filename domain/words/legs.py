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
