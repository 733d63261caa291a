"""Chargebacks, plans and protection: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "card_receipts_within_cap": (
        "The merchant's plan lets that come in by card.",
        "On the plan {plan} only {leftMinor} {currency} (minor units) can still come in by card, of {capMinor}.",
    ),
    "card_receipts_within_order": (
        "The order costs at least what is paid by card.",
        "Only {leftMinor} {currency} (minor units) of the order is not paid by card yet.",
    ),
    "plan_entitles_to_protection": (
        "The plan {plan} entitles to protection against chargebacks.",
        "The plan {plan} entitles to no protection against chargebacks: it needs a paid plan.",
    ),
    "protection_not_enrolled": ("There is no protection yet.", "There is a protection already: it is {state}."),
    "protection_action_of_your_role": ("Your role may do this.", "This is not for your role."),
    "protection_state_allows": ("The protection's state allows it.", "The protection is {state}, which rules it out."),
    "protection_active_at_payment": (
        "The protection was active when the buyer paid.",
        "The protection was not active when the buyer paid.",
    ),
    "pack_accepted_by_platform": (
        "The platform accepted the evidence pack.",
        "The platform accepted no evidence pack.",
    ),
    "defence_then_lost": (
        "A defence was sent to the network and lost.",
        "No defence was sent to the network and lost: the result is {result}.",
    ),
    "protection_limit_left": (
        "{leftMinor} {currency} (minor units) of the year's limit are left.",
        "Nothing is left of the limits: {usedMinor} of {yearLimitMinor} {currency} (minor units) are used.",
    ),
    "loss_not_made_good_elsewhere": (
        "Nothing else has made good the whole loss of this order.",
        "The loss of this order was made good already: {leftMinor} {currency} (minor units) are left.",
    ),
    "goods_shipped_in_time": (
        "The goods left with a valid tracking number {days} days after the payment.",
        "The goods did not leave with a valid tracking number within {most} days of the payment.",
    ),
    "goods_moving_in_time": (
        "The goods were seen moving {days} days after the payment.",
        "The goods were not seen moving within {most} days of the payment.",
    ),
    "address_as_at_payment": (
        "The delivery address is the one at payment.",
        "The delivery address changed after the payment.",
    ),
    "chargeback_amount_covered": (
        "Of {amountMinor} {currency} (minor units) the platform bears {coveredMinor}.",
        "The platform bears nothing of {amountMinor} {currency} (minor units).",
    ),
    "chargeback_covered": ("The protection covers the chargeback.", "The protection does not cover the chargeback."),
    "chargeback_action_of_your_side": ("Your side may do this.", "This is not for your side or role."),
    "chargeback_state_allows": ("The chargeback's state allows it.", "The chargeback is {state}, which rules it out."),
    "chargeback_deadline_not_passed": ("The deadline has not passed.", "The deadline passed at {dueAt}."),
    "pre_arbitration_not_contested": ("It is not contested yet.", "It is contested already: the network decides."),
    "pack_files_are_yours": (
        "Every file is an accepted evidence file of the merchant.",
        "The file {uploadId} is no accepted evidence file of the merchant.",
    ),
    "notice_action_of_your_role": ("Your role may do this.", "This is not for your role."),
    "notice_unmatched": ("The notice fits nothing yet.", "The notice is {state}: it needs no matching."),
    "notice_says_how_much": (
        "The notice says how much is taken back.",
        "The notice does not say how much is taken back.",
    ),
    "notice_fits_order": ("The notice fits the order.", "The notice does not fit the order: {problem}."),
    "chargeback_reference_free": (
        "No chargeback has this reference of the network.",
        "There is a chargeback with this reference of the network already: {chargebackId}.",
    ),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "card_receipts_within_cap": (
        "商家的会员方案允许该银行卡收款。",
        "在 {plan} 方案下，银行卡收款额度 {capMinor} 仅剩 {leftMinor} {currency}（最小货币单位）。",
    ),
    "card_receipts_within_order": (
        "订单金额不低于银行卡付款金额。",
        "订单中仅 {leftMinor} {currency}（最小货币单位）尚未以银行卡支付。",
    ),
    "plan_entitles_to_protection": (
        "{plan} 方案享有拒付保障。",
        "{plan} 方案不享有拒付保障：需要付费方案。",
    ),
    "protection_not_enrolled": ("尚未开通保障。", "已开通保障，状态为 {state}。"),
    "protection_action_of_your_role": ("您的角色可以执行此操作。", "您的角色不能执行此操作。"),
    "protection_state_allows": ("保障的状态允许此操作。", "保障状态为 {state}，不允许此操作。"),
    "protection_active_at_payment": ("买家付款时保障有效。", "买家付款时保障无效。"),
    "pack_accepted_by_platform": ("平台已接受举证材料。", "平台未接受任何举证材料。"),
    "defence_then_lost": ("抗辩已提交卡组织并败诉。", "未向卡组织提交抗辩并败诉：结果为 {result}。"),
    "protection_limit_left": (
        "年度限额尚余 {leftMinor} {currency}（最小货币单位）。",
        "限额已用尽：过去一年已承担 {usedMinor}，年度限额 {yearLimitMinor} {currency}（最小货币单位）。",
    ),
    "loss_not_made_good_elsewhere": (
        "该订单的损失尚未全部通过其他方式弥补。",
        "该订单的损失已被弥补：剩余 {leftMinor} {currency}（最小货币单位）。",
    ),
    "goods_shipped_in_time": (
        "货物在付款后 {days} 天凭有效运单号发出。",
        "货物未在付款后 {most} 天内凭有效运单号发出。",
    ),
    "goods_moving_in_time": ("货物在付款后 {days} 天有运输记录。", "货物在付款后 {most} 天内没有运输记录。"),
    "address_as_at_payment": ("收货地址与付款时一致。", "收货地址在付款后已变更。"),
    "chargeback_amount_covered": (
        "在 {amountMinor} {currency}（最小货币单位）中，平台承担 {coveredMinor}。",
        "对于 {amountMinor} {currency}（最小货币单位），平台不承担任何金额。",
    ),
    "chargeback_covered": ("保障覆盖该拒付。", "保障不覆盖该拒付。"),
    "chargeback_action_of_your_side": ("您所在的一方可以执行此操作。", "您所在的一方或角色不能执行此操作。"),
    "chargeback_state_allows": ("拒付的状态允许此操作。", "拒付状态为 {state}，不允许此操作。"),
    "chargeback_deadline_not_passed": ("期限未过。", "期限已于 {dueAt} 届满。"),
    "pre_arbitration_not_contested": ("尚未提出异议。", "已提出异议：由卡组织裁定。"),
    "pack_files_are_yours": ("每个文件都是商家已通过的证据文件。", "文件 {uploadId} 不是商家已通过的证据文件。"),
    "notice_action_of_your_role": ("您的角色可以执行此操作。", "您的角色不能执行此操作。"),
    "notice_unmatched": ("该通知尚未匹配。", "该通知状态为 {state}：无需匹配。"),
    "notice_says_how_much": ("该通知说明了扣回金额。", "该通知未说明扣回金额。"),
    "notice_fits_order": ("该通知与订单相符。", "该通知与订单不符：{problem}。"),
    "chargeback_reference_free": ("没有拒付使用该卡组织编号。", "已有拒付使用该卡组织编号：{chargebackId}。"),
}
