"""Penalty points: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "penalty_measure_taken": ("With {balance} points a measure follows.", "With {balance} points no measure follows."),
    "penalty_points_given": ("The act costs {points} points.", "The act costs no points."),
    "penalty_threshold_crossed": (
        "{before} points become {balance}: the step of {threshold} is crossed, which brings {measure}.",
        "{before} points become {balance}: no step is crossed.",
    ),
    "penalty_strikes_crossed": (
        "{strikes} strikes bring {measure}.",
        "{strikes} strikes bring nothing new.",
    ),
}
