"""Service points: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "service_point_action_of_your_role": (
        "Your role may do this.",
        "This is not for your role, or the service point is not yours.",
    ),
    "service_point_state_allows": ("The service point's state allows it.", "Not while the service point is {state}."),
    "service_point_notice_given": (
        "Notice of {days} days is given.",
        "Notice of {days} days is needed: it can take effect from {earliest} on, not at {effectiveAt}.",
    ),
    "service_point_within_a_year": ("It lies within a year.", "It lies more than a year ahead: {effectiveAt}."),
    "service_point_change_is_due": ("The reported change is due.", "No reported change is due."),
    "service_point_gone_already": ("It is gone already.", "It cannot have gone in the future."),
    "service_point_withdrawal_unreported": (
        "Its withdrawal was not reported for that time.",
        "Its withdrawal was reported for that time: nobody is liable for more.",
    ),
    "service_point_withdrawal_reported": (
        "The withdrawal was reported in time.",
        "It is gone since {goneSince} without notice of {days} days; a change was reported for: {reportedFor}.",
    ),
    "service_point_commitment_open": (
        "The cover {coverageId} was live; it can be claimed under until {closesAt}.",
        "The cover {coverageId} was not live.",
    ),
    "provider_liable_for_open_commitments": (
        "The provider stays liable for {open} open commitments, until {until}.",
        "Nothing was open: the provider is liable for nothing.",
    ),
    "provider_may_add_service_points": (
        "The provider may add service points.",
        "A provider that is {state} adds no service points.",
    ),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "service_point_action_of_your_role": ("您的角色可以执行此操作。", "您的角色不能执行此操作，或该服务网点不属于您。"),
    "service_point_state_allows": ("服务网点的状态允许此操作。", "服务网点状态为 {state} 时不能执行此操作。"),
    "service_point_notice_given": (
        "已提前 {days} 天通知。",
        "须提前 {days} 天通知：最早可于 {earliest} 生效，不能于 {effectiveAt} 生效。",
    ),
    "service_point_within_a_year": ("在一年之内。", "在一年之后：{effectiveAt}。"),
    "service_point_change_is_due": ("报备的变更已到期。", "没有到期的报备变更。"),
    "service_point_gone_already": ("服务网点已撤离。", "撤离时间不能在将来。"),
    "service_point_withdrawal_unreported": (
        "未报备在该时间撤离。",
        "已报备在该时间撤离：无人承担更多责任。",
    ),
    "service_point_withdrawal_reported": (
        "撤离已按时报备。",
        "服务网点自 {goneSince} 起撤离，未提前 {days} 天通知；报备的变更时间为 {reportedFor}。",
    ),
    "service_point_commitment_open": (
        "订单保障 {coverageId} 当时有效，可索赔至 {closesAt}。",
        "订单保障 {coverageId} 当时无效。",
    ),
    "provider_liable_for_open_commitments": (
        "服务商对 {open} 项未了结的承诺继续负责，至 {until} 止。",
        "没有未了结的承诺，服务商不承担责任。",
    ),
    "provider_may_add_service_points": ("服务商可以增加服务网点。", "状态为 {state} 的服务商不能增加服务网点。"),
}
