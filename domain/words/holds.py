"""Clock holds: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "clocks_held": (
        "These clocks stand still by force majeure.",
        "These clocks cannot be held.",
    ),
    "hold_catches_clocks": (
        "{clocks} open clocks match and count between {from} and {until}.",
        "No open clock matches and counts between {from} and {until}, or a hold covers that time already.",
    ),
    "hold_fits_at_once": (
        "They can be held at once: at most {most}.",
        "More than {most} clocks match: narrow them down by duty, country or provider, and hold them part by part.",
    ),
    "hold_stops_duty": ("{clocks} clocks of the duty {duty}.", "No clock of the duty {duty}."),
    "hold_action_of_your_role": ("Your role may do this.", "This is for policy staff and admins."),
    "hold_stands": ("The hold stands.", "The hold is {state}."),
    "hold_not_over": (
        "The hold lasts until {until}.",
        "The hold ended at {until}: what was due after it has had its consequence.",
    ),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "clocks_held": ("这些计时因不可抗力暂停。", "这些计时不能暂停。"),
    "hold_catches_clocks": (
        "有 {clocks} 个进行中的计时符合条件，且在 {from} 至 {until} 之间计时。",
        "没有进行中的计时符合条件且在 {from} 至 {until} 之间计时，或该时段已有暂停。",
    ),
    "hold_fits_at_once": (
        "可以一次暂停：最多 {most} 个。",
        "符合条件的计时超过 {most} 个：请按义务、国家或服务商缩小范围，分批暂停。",
    ),
    "hold_stops_duty": ("义务 {duty} 的计时 {clocks} 个。", "义务 {duty} 没有计时。"),
    "hold_action_of_your_role": ("您的角色可以执行此操作。", "此操作仅限规则人员和管理员。"),
    "hold_stands": ("暂停有效。", "暂停状态为 {state}。"),
    "hold_not_over": ("暂停持续至 {until}。", "暂停已于 {until} 结束：此后到期的事项已产生后果。"),
}
