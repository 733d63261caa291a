"""Onboarding: what findings say of applications, requirements and reviews."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "provider_action_of_your_role": (
        "Your role may do this with this provider.",
        "This is not for your role, or not for somebody else's provider.",
    ),
    "provider_state_allows": (
        "The provider is {state}, which allows it.",
        "The provider is {state}, which does not allow it.",
    ),
    "provider_kind_fixed": (
        "Kind and tier may change.",
        "A provider that works stays {kind} of tier {tier}; another kind or tier is applied for anew.",
    ),
    "provider_declared": (
        "The provider declared that it does this there, and proved what that needs.",
        "The provider did not declare {service} in {markets}, so nobody asked what that needs: amend the application.",
    ),
    "provider_proves_itself": (
        "The provider proves what it has to.",
        "The marketplace vouches for this provider: it has nothing to prove.",
    ),
    "provider_not_barred": (
        "Nothing keeps the provider from coming in.",
        "The provider, or one related to it, may not come in at present.",
    ),
    "provider_only_account": (
        "It is the only account of its owner.",
        "It seems to belong to the owner of another provider here.",
    ),
    "application_markets": ("The served markets are declared.", "Declare at least one served market."),
    "application_services": ("The services are declared.", "Declare at least one service."),
    "application_volume": ("The expected volume is declared.", "Declare the expected monthly volume."),
    "application_complete": (
        "The application says everything it has to.",
        "The application leaves out something that it has to say.",
    ),
    "application_screened": (
        "The automatic rules find nothing against the application.",
        "The automatic rules found something that the desk has to look at.",
    ),
    "application_approved": ("The application is approved.", "The application is not approved."),
    "requirement_met": (
        "{title}: met ({status}).",
        "{title}: not met ({status}).",
    ),
    "requirement_handed_in": ("Something was handed in.", "Nothing was handed in yet."),
    "requirement_reviewed": (
        "The desk has looked at it.",
        "Handed in at {submittedAt}; the desk has not decided on it yet.",
    ),
    "requirement_not_rejected": ("It was not rejected.", "It was rejected: {because}."),
    "requirement_unexpired": ("It counts until {validUntil}.", "It counted until {validUntil} only."),
    "requirement_begun": ("It counts since {validFrom}.", "It counts from {validFrom} only."),
    "requirement_currency": (
        "It is in {wanted}.",
        "It is in {currency} and has to be in {wanted}.",
    ),
    "requirement_amount": (
        "{amountMinor} minor units of {currency} reach the least of {leastMinor}.",
        "{amountMinor} minor units of {currency} are below the least of {leastMinor}.",
    ),
    "requirement_quantity": ("{quantity} reaches the least of {least}.", "{quantity} is below the least of {least}."),
    "requirement_waits_for_desk": (
        "It waits for the desk.",
        "It is {state}: it does not wait for the desk.",
    ),
    "referred_requirement_accepted": (
        "{requirement}, on which it rests, is met.",
        "{requirement}, on which it rests, is not met.",
    ),
    "deposit_held": (
        "{heldMinor} minor units of {currency} are deposited, of {leastMinor} needed.",
        "Only {heldMinor} minor units of {currency} are deposited, of {leastMinor} needed.",
    ),
    "requirement_applies": (
        "{title} is asked of this provider.",
        "{title} is not asked of this provider, as it describes itself.",
    ),
    "requirement_known": (
        "{requirement} is in the rules.",
        "{requirement} is no longer in the rules.",
    ),
    "second_person": (
        "It is not the second look of the same person.",
        "The rule wants two people, and you were the first.",
    ),
    "not_own_proof": (
        "Somebody else handed it in.",
        "Whoever hands something in does not accept it.",
    ),
    "review_is_live": ("The review is {state}.", "The review is {state}: it has ended."),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "provider_action_of_your_role": (
        "您的角色可以对该服务商执行此操作。",
        "您的角色不能执行此操作，或该服务商属于他人。",
    ),
    "provider_state_allows": ("服务商状态为 {state}，允许此操作。", "服务商状态为 {state}，不允许此操作。"),
    "provider_kind_fixed": (
        "类型和级别可以更改。",
        "经营中的服务商保持类型 {kind}、级别 {tier}；其他类型或级别须重新申请。",
    ),
    "provider_declared": (
        "服务商已申报在该地提供此服务，并已证明符合要求。",
        "服务商未申报在 {markets} 提供 {service}，因此未核验相应要求：请修改申请。",
    ),
    "provider_proves_itself": ("服务商自行证明符合要求。", "平台为该服务商担保，无需证明。"),
    "provider_not_barred": ("没有情况阻止该服务商入驻。", "该服务商或其关联方目前不能入驻。"),
    "provider_only_account": ("这是其所有者的唯一账户。", "其所有者似乎在此另有服务商账户。"),
    "application_markets": ("已申报服务市场。", "请至少申报一个服务市场。"),
    "application_services": ("已申报服务。", "请至少申报一项服务。"),
    "application_volume": ("已申报预计业务量。", "请申报预计月业务量。"),
    "application_complete": ("申请内容完整。", "申请缺少必填内容。"),
    "application_screened": ("自动规则未发现问题。", "自动规则发现须由平台审核的问题。"),
    "application_approved": ("申请已通过。", "申请未通过。"),
    "requirement_met": ("{title}：已满足（{status}）。", "{title}：未满足（{status}）。"),
    "requirement_handed_in": ("已提交材料。", "尚未提交材料。"),
    "requirement_reviewed": ("平台已审核。", "于 {submittedAt} 提交，平台尚未作出决定。"),
    "requirement_not_rejected": ("未被驳回。", "已被驳回：{because}。"),
    "requirement_unexpired": ("有效期至 {validUntil}。", "有效期仅至 {validUntil}，已失效。"),
    "requirement_begun": ("自 {validFrom} 起有效。", "自 {validFrom} 起才有效。"),
    "requirement_currency": ("币种为 {wanted}。", "币种为 {currency}，应为 {wanted}。"),
    "requirement_amount": (
        "{amountMinor}（{currency} 最小货币单位）达到最低要求 {leastMinor}。",
        "{amountMinor}（{currency} 最小货币单位）低于最低要求 {leastMinor}。",
    ),
    "requirement_quantity": ("{quantity} 达到最低要求 {least}。", "{quantity} 低于最低要求 {least}。"),
    "requirement_waits_for_desk": ("等待平台审核。", "状态为 {state}，不在等待平台审核。"),
    "referred_requirement_accepted": ("所依据的 {requirement} 已满足。", "所依据的 {requirement} 未满足。"),
    "deposit_held": (
        "应缴保证金 {leastMinor}，已缴 {heldMinor}（{currency} 最小货币单位）。",
        "应缴保证金 {leastMinor}，仅缴 {heldMinor}（{currency} 最小货币单位）。",
    ),
    "requirement_applies": ("该服务商须满足 {title}。", "按其自述，该服务商无须满足 {title}。"),
    "requirement_known": ("规则中有 {requirement}。", "规则中已没有 {requirement}。"),
    "second_person": ("复核由另一人进行。", "规则要求两人审核，首次审核由您进行。"),
    "not_own_proof": ("材料由他人提交。", "提交材料的人不能自行通过审核。"),
    "review_is_live": ("审核状态为 {state}。", "审核状态为 {state}，已结束。"),
}
