"""Measures: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "measure_action_of_your_role": ("Your role may lift measures.", "Your role may not lift measures."),
    "measure_stands": ("The measure stands: {state}.", "The measure is over: {state}."),
    "measure_not_in_the_way": (
        "No measure stands in the way of {action}.",
        "The measure {measure} stands in the way of {action}.",
    ),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "measure_action_of_your_role": ("您的角色可以解除处置措施。", "您的角色不能解除处置措施。"),
    "measure_stands": ("处置措施仍有效：{state}。", "处置措施已结束：{state}。"),
    "measure_not_in_the_way": (
        "没有处置措施妨碍 {action}。",
        "处置措施 {measure} 妨碍 {action}。",
    ),
}
