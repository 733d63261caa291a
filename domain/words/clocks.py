"""Clocks and people: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "clock_not_over": ("The duty is not overdue.", "The duty was due at {dueAt}, which has passed."),
    "clock_state": ("The clock is {state}, which allows it.", "The clock is {state}, which does not allow it."),
    "clock_of_sandbox": ("The clock is a sandbox's.", "Only a sandbox's clock can be moved."),
    "clock_forwards": (
        "The clock moves forwards to {to}.",
        "A clock moves forwards only: it shows {shows}, after {to}.",
    ),
    "invitation_expired": ("The invitation is open.", "The invitation expired at {at}."),
    "last_steward": ("Somebody else can look after the organisation.", "The last member with {role} stays."),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "clock_not_over": ("该义务未逾期。", "该义务的期限为 {dueAt}，已过期。"),
    "clock_state": ("计时状态为 {state}，允许此操作。", "计时状态为 {state}，不允许此操作。"),
    "clock_of_sandbox": ("该时钟属于沙箱。", "只有沙箱的时钟可以拨动。"),
    "clock_forwards": ("时钟向前拨至 {to}。", "时钟只能向前拨动：当前为 {shows}，晚于 {to}。"),
    "invitation_expired": ("邀请有效。", "邀请已于 {at} 过期。"),
    "last_steward": ("另有成员可以管理该组织。", "最后一名角色为 {role} 的成员须保留。"),
}
