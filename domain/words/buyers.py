"""Buyers and their tiers: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "tier_evaluated": ("The buyer reaches level {level}.", "The buyer reaches no level."),
    "tier_granted_by_staff": (
        "Staff granted level {level} ({name}) after level {before}: {reason}",
        "Staff did not grant level {level}.",
    ),
    "tier_compensates_automatically": (
        "The buyer's tier is compensated without an application.",
        "The buyer's tier is compensated on application only.",
    ),
    "tier_level_reached": ("Level {level} ({name}) is reached.", "Level {level} ({name}) is not reached."),
    "tier_evidence_complete": ("The evidence is complete.", "Of the evidence {missing} is missing or has lapsed."),
    "tier_identity_evidence_complete": (
        "The evidence for {identity} is complete.",
        "The evidence that belongs to the buyer's identity is not complete: {missing} is missing or has lapsed.",
    ),
    "tier_spend_reached": (
        "The spend of {days} days is {spend}; {needed} is needed.",
        "The spend of {days} days is {spend}, below {needed}.",
    ),
    "tier_orders_reached": (
        "{orders} orders are paid; {needed} is needed.",
        "{orders} orders are paid, fewer than {needed}.",
    ),
    "tier_income_verified": (
        "The verified yearly income of {income} is above {above}.",
        "No yearly income above {above} is verified.",
    ),
    "tier_not_revoked": ("The tier was not revoked.", "The tier was revoked for misconduct."),
    "tier_grant_counts": (
        "Staff granted level {granted} at {at}, and the grant has not lapsed.",
        "What staff granted at {at} (level {granted}) lies below, or has lapsed.",
    ),
    "tier_confirmed": (
        "The buyer reaches its level {before} again; what it was told no longer holds.",
        "The buyer does not reach its level {before}.",
    ),
    "tier_upgrade_announced": (
        "The buyer reaches level {level} ({name}) and stands on it from {from}, unless it declines.",
        "The buyer does not reach level {level}.",
    ),
    "tier_downgrade_announced": (
        "The buyer no longer reaches level {before}; it stands on level {level} ({name}) from {from}.",
        "The buyer reaches level {before}.",
    ),
    "tier_moved": (
        "The buyer stands on level {level} ({name}) after level {before}.",
        "The buyer stays on level {before}.",
    ),
    "tier_revoked_by_staff": ("Staff revoked level {before}: {reason}", "Staff did not revoke level {before}."),
    "tier_reinstated_by_staff": (
        "Staff let the buyer earn levels again: {reason}",
        "Staff did not let the buyer earn levels again.",
    ),
    "tier_upgrade_told": ("The buyer was told of a higher level.", "The buyer was not told of a higher level."),
    "tier_revoked_now": ("The tier is revoked.", "The tier is not revoked."),
    "buyer_action_of_your_role": ("Your role may do this.", "This is not for your role, or the buyer is another one."),
    "tier_evidence_accepted": (
        "The desk accepted {accepted} of {of} pieces of evidence.",
        "The desk accepted none of {of} pieces of evidence: {reason}",
    ),
    "review_state_allows": (
        "The review is {state}, which allows it.",
        "The review is {state}, which does not allow it.",
    ),
    "review_taken_by_you": ("You took the review.", "Somebody else took the review, or nobody did: take it first."),
    "review_action_of_your_role": ("Your role may do this.", "This is not for your role."),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "tier_evaluated": ("买家达到 {level} 级。", "买家未达到任何等级。"),
    "tier_granted_by_staff": (
        "平台工作人员授予 {level} 级（{name}），原为 {before} 级：{reason}",
        "平台工作人员未授予 {level} 级。",
    ),
    "tier_compensates_automatically": ("该买家等级无需申请即可获得赔偿。", "该买家等级须申请才能获得赔偿。"),
    "tier_level_reached": ("已达到 {level} 级（{name}）。", "未达到 {level} 级（{name}）。"),
    "tier_evidence_complete": ("证明材料齐全。", "证明材料中缺少或已失效：{missing}。"),
    "tier_identity_evidence_complete": (
        "{identity} 身份的证明材料齐全。",
        "买家身份所需的证明材料不齐全，缺少或已失效：{missing}。",
    ),
    "tier_spend_reached": (
        "{days} 天内消费额为 {spend}，要求为 {needed}。",
        "{days} 天内消费额为 {spend}，低于要求的 {needed}。",
    ),
    "tier_orders_reached": (
        "已付款订单 {orders} 笔，要求为 {needed} 笔。",
        "已付款订单 {orders} 笔，少于要求的 {needed} 笔。",
    ),
    "tier_income_verified": ("经核实的年收入 {income} 高于 {above}。", "没有经核实且高于 {above} 的年收入。"),
    "tier_not_revoked": ("等级未被撤销。", "等级因违规被撤销。"),
    "tier_grant_counts": (
        "平台工作人员于 {at} 授予 {granted} 级，授予仍然有效。",
        "平台工作人员于 {at} 授予的等级（{granted} 级）低于此级，或已失效。",
    ),
    "tier_confirmed": ("买家再次达到 {before} 级，此前的通知不再有效。", "买家未达到 {before} 级。"),
    "tier_upgrade_announced": (
        "买家达到 {level} 级（{name}），除非拒绝，自 {from} 起生效。",
        "买家未达到 {level} 级。",
    ),
    "tier_downgrade_announced": (
        "买家不再达到 {before} 级，自 {from} 起为 {level} 级（{name}）。",
        "买家达到 {before} 级。",
    ),
    "tier_moved": ("买家由 {before} 级变为 {level} 级（{name}）。", "买家仍为 {before} 级。"),
    "tier_revoked_by_staff": ("平台工作人员撤销了 {before} 级：{reason}", "平台工作人员未撤销 {before} 级。"),
    "tier_reinstated_by_staff": ("平台工作人员允许买家重新获得等级：{reason}", "平台工作人员未允许买家重新获得等级。"),
    "tier_upgrade_told": ("已通知买家升级。", "未通知买家升级。"),
    "tier_revoked_now": ("等级处于撤销状态。", "等级未处于撤销状态。"),
    "buyer_action_of_your_role": ("您的角色可以执行此操作。", "您的角色不能执行此操作，或该买家并非您本人。"),
    "tier_evidence_accepted": (
        "平台审核通过 {of} 份证明材料中的 {accepted} 份。",
        "{of} 份证明材料均未通过平台审核：{reason}",
    ),
    "review_state_allows": ("审核状态为 {state}，允许此操作。", "审核状态为 {state}，不允许此操作。"),
    "review_taken_by_you": ("该审核由您受理。", "该审核由他人受理或尚无人受理，请先受理。"),
    "review_action_of_your_role": ("您的角色可以执行此操作。", "您的角色不能执行此操作。"),
}
