"""Points as accounts: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "points_action_of_your_role": ("Your role may take points back.", "Your role may not take points back."),
    "points_entry_stands": ("The points stand: {state}.", "The points are over: {state}."),
    "points_not_appealed": ("No appeal runs against the points.", "An appeal against the points decides."),
    "penalty_failures_reached": (
        "{failures} after-sales failures within {withinDays} days, {atLeast} of which cost the place in the programme.",
        "{failures} after-sales failures within {withinDays} days; {atLeast} would cost the place in the programme.",
    ),
    "penalty_demoted": (
        "The act puts offers behind those of others for {days} days.",
        "The act leaves the ranking as it is.",
    ),
    "points_follow_cause": (
        "The points follow from {cause} {about}.",
        "No points follow from {cause} {about}.",
    ),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "points_action_of_your_role": ("您的角色可以撤销扣分。", "您的角色不能撤销扣分。"),
    "points_entry_stands": ("扣分仍有效：{state}。", "扣分已结束：{state}。"),
    "points_not_appealed": ("该扣分没有正在进行的申诉。", "该扣分由正在进行的申诉决定。"),
    "penalty_failures_reached": (
        "{withinDays} 天内 {failures} 次售后违约，满 {atLeast} 次即被移出计划。",
        "{withinDays} 天内 {failures} 次售后违约；满 {atLeast} 次将被移出计划。",
    ),
    "penalty_demoted": ("该行为使其报价在 {days} 天内排在其他报价之后。", "该行为不影响排序。"),
    "points_follow_cause": ("扣分依据：{cause} {about}。", "{cause} {about} 不产生扣分。"),
}
