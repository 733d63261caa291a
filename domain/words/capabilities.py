"""Capabilities, restrictions, standings, exits and bars: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "capability_of_state": (
        "A provider in this state may do that.",
        "A provider that is {state} may not do that ({action}).",
    ),
    "requirement_up_to_date": (
        "What this depends on is up to date.",
        "The requirement {about} lapsed: off since {since} until it is renewed or waived ({action}).",
    ),
    "requirement_still_counts": (
        "What was handed in still counts.",
        "What was handed in for {lapsed} counted until {validUntil}: what {requirement} opens is off since {offSince}.",
    ),
    "deposit_suffices": (
        "The deposit suffices.",
        (
            "{heldMinor} of {requiredMinor} are deposited (minor units, {currency}): what {requirement} opens is off "
            "since {offSince}."
        ),
    ),
    "provider_not_suspended": ("The provider is not suspended.", "The provider is suspended since {since} ({action})."),
    "capability_unrestricted": (
        "Nothing restricts this.",
        "The marketplace restricted this since {since}, cause {cause} ({action}).",
    ),
    "restriction_action_of_your_role": ("Your role may do this.", "This is not for your role."),
    "restriction_not_lifted": ("The restriction stands.", "The restriction was lifted before."),
    "restriction_lifted_by_desk": (
        "The desk may lift this.",
        "Nobody lifts a restriction of cause {cause}: it ends with the requirement's renewal or the reinstatement.",
    ),
    "standing_action_of_your_role": (
        "Your role may do this.",
        "This is not for your role, or the provider is not yours.",
    ),
    "standing_allows": ("The provider's state allows this.", "The provider is {state}: this is not possible now."),
    "not_leaving_already": ("The provider is not leaving.", "The provider is leaving already: its exit is {state}."),
    "exit_goes_on": ("The provider is leaving.", "The provider is not leaving."),
    "exit_notice_over": ("The notice is over.", "The provider sells until {sellsUntil}."),
    "provider_offers_this": ("The provider offers this.", "The provider does not offer this now."),
    "exit_state_allows": ("The exit is at this point.", "The exit is {state}: this is not possible now."),
    "no_open_duties": ("Nothing is open any more.", "{open} things that were sold are still open."),
    "not_barred": (
        "No bar stands.",
        "The provider is barred until {until}, cause {cause}.",
    ),
    "related_not_barred": (
        "No bar of a related account stands.",
        "An account related to this one is barred until {until}, cause {cause}, and with it this one.",
    ),
    "bar_action_of_your_role": ("Your role may do this.", "This is not for your role."),
    "bar_stands": ("The bar stands.", "The bar does not stand: it ended {until} or was lifted."),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "capability_of_state": ("此状态的服务商可以执行此操作。", "状态为 {state} 的服务商不能执行此操作（{action}）。"),
    "requirement_up_to_date": (
        "所依赖的要求均有效。",
        "要求 {about} 已失效：自 {since} 起停用，直至续期或豁免（{action}）。",
    ),
    "requirement_still_counts": (
        "已提交的材料仍然有效。",
        "为 {lapsed} 提交的材料有效期至 {validUntil}：由 {requirement} 开通的权限自 {offSince} 起停用。",
    ),
    "deposit_suffices": (
        "保证金充足。",
        (
            "应缴保证金 {requiredMinor}，已缴 {heldMinor}（{currency} 最小货币单位）："
            "由 {requirement} 开通的权限自 {offSince} 起停用。"
        ),
    ),
    "provider_not_suspended": ("服务商未被暂停。", "服务商自 {since} 起被暂停（{action}）。"),
    "capability_unrestricted": ("此操作不受限制。", "平台自 {since} 起限制此操作，原因 {cause}（{action}）。"),
    "restriction_action_of_your_role": ("您的角色可以执行此操作。", "您的角色不能执行此操作。"),
    "restriction_not_lifted": ("限制仍然有效。", "限制此前已解除。"),
    "restriction_lifted_by_desk": (
        "平台客服可以解除此限制。",
        "原因为 {cause} 的限制不能人工解除：要求续期或服务商恢复后自动结束。",
    ),
    "standing_action_of_your_role": ("您的角色可以执行此操作。", "您的角色不能执行此操作，或该服务商不属于您。"),
    "standing_allows": ("服务商的状态允许此操作。", "服务商状态为 {state}，目前不能执行此操作。"),
    "not_leaving_already": ("服务商未在退出。", "服务商已在退出，退出状态为 {state}。"),
    "exit_goes_on": ("服务商正在退出。", "服务商未在退出。"),
    "exit_notice_over": ("通知期已结束。", "服务商可销售至 {sellsUntil}。"),
    "provider_offers_this": ("服务商提供此服务。", "服务商目前不提供此服务。"),
    "exit_state_allows": ("退出处于此阶段。", "退出状态为 {state}，目前不能执行此操作。"),
    "no_open_duties": ("没有未了结的事项。", "已售出的事项中还有 {open} 项未了结。"),
    "not_barred": ("没有禁入。", "服务商被禁入至 {until}，原因 {cause}。"),
    "related_not_barred": (
        "关联账户没有禁入。",
        "与其关联的账户被禁入至 {until}，原因 {cause}，该账户因此同被禁入。",
    ),
    "bar_action_of_your_role": ("您的角色可以执行此操作。", "您的角色不能执行此操作。"),
    "bar_stands": ("禁入仍然有效。", "禁入不再有效：已于 {until} 结束，或已解除。"),
}
