"""Returns and inspections: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "return_action_of_your_side": ("Your side may do this.", "This is not for your role or your side of the return."),
    "return_state_allows": (
        "The return is {state}, which allows it.",
        "The return is {state}, which does not allow it.",
    ),
    "return_in_time": ("There is time for it until {dueAt}.", "The time for it ended at {dueAt}."),
    "inspection_action_of_your_side": (
        "Your side may do this.",
        "This is not for your role or your side of the claim.",
    ),
    "inspection_in_time": (
        "The claim is {state}: an inspection can still count.",
        "The claim is {state}: an inspection counts before its decision, or while that is appealed.",
    ),
    "inspection_not_running": ("No inspection is under way.", "An inspection of this claim is under way already."),
    "inspection_awaited": ("Its report is awaited.", "The inspection is {state}: no report is awaited."),
    "inspection_report_in_time": (
        "Its report is awaited until {dueAt}.",
        "Its report was awaited until {dueAt}.",
    ),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "return_action_of_your_side": ("您这一方可以这样做。", "您的角色或您在退货中的一方不能这样做。"),
    "return_state_allows": ("退货状态为 {state}，允许这样做。", "退货状态为 {state}，不允许这样做。"),
    "return_in_time": ("期限至 {dueAt}。", "期限已于 {dueAt} 结束。"),
    "inspection_action_of_your_side": ("您这一方可以这样做。", "您的角色或您在索赔中的一方不能这样做。"),
    "inspection_in_time": (
        "索赔状态为 {state}：检验仍可作为依据。",
        "索赔状态为 {state}：检验须在裁决之前或对裁决申诉期间进行。",
    ),
    "inspection_not_running": ("没有进行中的检验。", "该索赔已有进行中的检验。"),
    "inspection_awaited": ("正在等待检验报告。", "检验状态为 {state}：不再等待报告。"),
    "inspection_report_in_time": ("检验报告的期限至 {dueAt}。", "检验报告的期限已于 {dueAt} 结束。"),
}
