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

CHINESE: Final[Mapping[str, Sentences]] = {
    "penalty_measure_taken": ("累计扣 {balance} 分，采取处置措施。", "累计扣 {balance} 分，不采取处置措施。"),
    "penalty_points_given": ("该行为扣 {points} 分。", "该行为不扣分。"),
    "penalty_threshold_crossed": (
        "累计扣分由 {before} 分变为 {balance} 分：达到 {threshold} 分档，处置措施为 {measure}。",
        "累计扣分由 {before} 分变为 {balance} 分：未达到新的分档。",
    ),
    "penalty_strikes_crossed": ("{strikes} 次违规，处置措施为 {measure}。", "{strikes} 次违规，没有新的处置措施。"),
}
