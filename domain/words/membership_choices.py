"""Choices of plans: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "membership_not_chosen_yet": (
        "The plan {plan} is not chosen yet.",
        "The plan {plan} is chosen already and waits to begin.",
    ),
    "membership_paid_plan_to_end": (
        "There is a paid plan to end.",
        "There is no paid plan to end: the plan {plan} is what is left when none is paid.",
    ),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "membership_not_chosen_yet": ("尚未选择方案 {plan}。", "已选择方案 {plan}，等待生效。"),
    "membership_paid_plan_to_end": (
        "有可终止的付费方案。",
        "没有可终止的付费方案：未付费时即为方案 {plan}。",
    ),
}
