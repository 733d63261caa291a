"""Claims: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "reason_fits_promise": (
        "{reason} claims under the promise of this cover.",
        "{reason} does not claim under {promise}, which is the promise of this cover.",
    ),
    "claim_action_of_your_side": ("Your side may do this.", "This is not for your role or your side of the claim."),
    "claim_state_allows": ("The claim is {state}, which allows it.", "The claim is {state}, which does not allow it."),
    "claim_answer_overdue": (
        "The liable party let its time to answer pass.",
        "The liable party can still answer; the claim can be escalated from {opensAt}.",
    ),
    "claim_accepted": ("The liable party accepted the claim.", "The liable party did not accept the claim."),
    "claim_granted_by_staff": ("The marketplace granted the claim.", "The marketplace did not grant the claim."),
    "claim_denied_by_staff": ("The marketplace did not deny the claim.", "The marketplace denied the claim."),
    "claim_granted_on_file": (
        "Nobody decided in time; the facts on file grant the claim.",
        "Nobody decided in time; the facts on file do not grant the claim.",
    ),
    "claim_denied_on_file": (
        "Nobody decided in time; the facts on file do not deny the claim.",
        "Nobody decided in time; the facts on file deny the claim.",
    ),
    "claim_closed_by_silence": (
        "The claim was not closed by silence.",
        "Nobody answered in time, and by the rule that closes the claim.",
    ),
    "claim_reason_gives_right": (
        "{reason} gives your side this right.",
        "A claim for {reason} gives your side no such right.",
    ),
    "claim_in_time": ("There is time until {dueAt}.", "The time for this was over at {dueAt}."),
    "claim_your_turn_to_offer": (
        "It is your turn to offer.",
        "Your own offer stands, or the liable party has to answer the claim first.",
    ),
    "claim_leaves_room_to_settle": (
        "There is something to settle for.",
        "The rule pays nothing for what was broken: there is nothing to settle for.",
    ),
    "claim_offer_awaits_you": ("An offer of the other side awaits your answer.", "No offer of the other side stands."),
    "claim_offers_few": ("There is room for another offer.", "There were {most} offers already, which is the most."),
    "claim_amount_within_loss": (
        "{amount} for line {line} is within its loss of {loss}.",
        "{amount} for line {line} is more than its loss of {loss}.",
    ),
    "claim_partly": ("{amount} is a part of {loss}.", "{amount} is all of {loss}: that is a grant, not a part of one."),
    "claim_evidence_not_finished": (
        "Your side can still bring evidence.",
        "Your side has said that it brought all its evidence.",
    ),
    "claim_evidence_is_asked_for": (
        "Both sides are to be asked for evidence.",
        "No evidence is asked for: the claim can be decided at once.",
    ),
    "claim_remedy_failed": (
        "A remedy was not provided; the claim can be reopened until {until}.",
        "No remedy failed, or the time to reopen is over (it ended at {until}).",
    ),
    "claim_appeal_window_open": (
        "The decision can be appealed until {until}.",
        "The decision cannot be appealed: the time ended at {until}.",
    ),
    "claim_party_was_told": (
        "The liable party was told at {contactedAt}, and had its time.",
        "The liable party has to be told first and given time: told at {contactedAt}, a claim opens at {opensAt}.",
    ),
    "claim_filing_has_opened": (
        "It can be claimed for since {opensAt}.",
        "It can be claimed for from {opensAt}, counted from {from}.",
    ),
    "claim_filing_still_open": (
        "It can be claimed for until {closesAt}.",
        "It could be claimed for until {closesAt}, counted from {from}.",
    ),
    "claim_loss_not_claimed_before": (
        "The loss was not claimed for before.",
        "The same loss is claimed for in {claim} ({reason}): one loss, one claim.",
    ),
    "claim_settled": ("The two sides settled the claim.", "The two sides did not settle the claim."),
    "claim_partly_granted_by_staff": (
        "The marketplace granted a part of the claim.",
        "The marketplace did not grant a part of the claim.",
    ),
    "claim_granted_on_appeal": ("The claim was granted on appeal.", "The claim was not granted on appeal."),
    "claim_supplemented_on_appeal": ("More was granted on appeal.", "Nothing more was granted on appeal."),
    "claim_more_is_left": ("The rule gives more.", "The rule gives no more than {amount}, which was given."),
    "claim_loss_not_paid_already": (
        "The loss was not made good before.",
        "The loss was made good before, in another way: nothing is left to give.",
    ),
    "claim_without_evidence": (
        "The buyer brought evidence.",
        "The buyer brought no evidence in time, and by the rule that closes the claim.",
    ),
    "claim_liability_shared": ("Who bears the loss: {shares}.", "Nobody bears the loss."),
    "liability_bearer_on_order": (
        "The order has a {bearer} that bears {basisPoints} of the loss.",
        "{basisPoints} of the loss are laid on the {bearer}, and nobody on this order is that: name who bears them.",
    ),
    "liability_of_tracking": (
        "Tracking of shipment {shipment} names {responsible} as responsible, so {bearer} bears it.",
        "Tracking of shipment {shipment} names nobody.",
    ),
    "liability_of_service_level": (
        "A level of the {service} service was not kept, so {bearer} bears it.",
        "Every level of the {service} service was kept.",
    ),
    "shipping_method_of_contract": (
        "The contract names {method}, and the goods travelled by {used}.",
        "The contract names {method}, and the goods travelled so.",
    ),
    "shipping_method_of_contract_silent": ("The contract names no method.", "The contract names a method."),
    "shipping_method_of_custom": (
        "The custom of the trade that the buyer proved is {method}, and the goods travelled by {used}.",
        "The custom of the trade that the buyer proved is {method}, and the goods travelled so.",
    ),
    "shipping_method_of_custom_silent": ("The buyer proved no custom of the trade.", "The buyer proved a custom."),
    "shipping_method_of_statute": (
        "A statute demands {method}, and the goods travelled by {used}.",
        "A statute demands {method}, and the goods travelled so.",
    ),
    "shipping_method_of_statute_silent": ("No statute demands a method.", "A statute demands a method."),
    "shipping_method_of_choice": (
        "The seller was free to choose {used}, and that choice caused the loss.",
        "The seller was free to choose {used}, and that choice did not cause the loss.",
    ),
    "shipping_method_answered_for": (
        "The seller answers for the method of shipping.",
        "The seller does not answer for the method of shipping.",
    ),
    "scan_window_open": (
        "The scan can be disputed until {closesAt}.",
        "The scan cannot be disputed now: the window runs from {opensAt} to {closesAt}.",
    ),
    "scan_not_disputed_before": ("The scan was not disputed before.", "The scan was disputed already."),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "reason_fits_promise": (
        "{reason} 属于该订单保障所承诺的索赔理由。",
        "{reason} 不是该订单保障的承诺 {promise} 的索赔理由。",
    ),
    "claim_action_of_your_side": ("您这一方可以执行此操作。", "您的角色或您在该索赔中的一方不能执行此操作。"),
    "claim_state_allows": ("索赔状态为 {state}，允许此操作。", "索赔状态为 {state}，不允许此操作。"),
    "claim_answer_overdue": ("责任方逾期未答复。", "责任方仍可答复，自 {opensAt} 起可以升级索赔。"),
    "claim_accepted": ("责任方接受了索赔。", "责任方未接受索赔。"),
    "claim_granted_by_staff": ("平台支持索赔。", "平台未支持索赔。"),
    "claim_denied_by_staff": ("平台未驳回索赔。", "平台驳回了索赔。"),
    "claim_granted_on_file": ("逾期无人裁决，依据在案事实支持索赔。", "逾期无人裁决，在案事实不支持索赔。"),
    "claim_denied_on_file": ("逾期无人裁决，依据在案事实不驳回索赔。", "逾期无人裁决，依据在案事实驳回索赔。"),
    "claim_closed_by_silence": ("索赔未因逾期无人答复而关闭。", "逾期无人答复，按规则关闭索赔。"),
    "claim_reason_gives_right": ("{reason} 赋予您这一方此项权利。", "{reason} 类索赔不赋予您这一方此项权利。"),
    "claim_in_time": ("在 {dueAt} 之前仍有时间。", "此操作的期限已于 {dueAt} 届满。"),
    "claim_your_turn_to_offer": ("轮到您提出方案。", "您的方案尚待答复，或责任方须先答复索赔。"),
    "claim_leaves_room_to_settle": ("尚有可协商的内容。", "规则对未兑现的承诺不予赔偿：没有可协商的内容。"),
    "claim_offer_awaits_you": ("对方的方案等待您的答复。", "对方没有待答复的方案。"),
    "claim_offers_few": ("还可以再提出方案。", "方案已达上限 {most} 个。"),
    "claim_amount_within_loss": (
        "商品行 {line} 的金额 {amount} 未超过其损失 {loss}。",
        "商品行 {line} 的金额 {amount} 超过其损失 {loss}。",
    ),
    "claim_partly": ("{amount} 是 {loss} 的一部分。", "{amount} 等于全部损失 {loss}：这是全部支持，而非部分支持。"),
    "claim_evidence_not_finished": ("您这一方仍可举证。", "您这一方已声明举证完毕。"),
    "claim_evidence_is_asked_for": ("须请双方举证。", "无须举证：可以直接裁决。"),
    "claim_remedy_failed": (
        "有补救未履行，{until} 之前可以重开索赔。",
        "没有未履行的补救，或重开期限（{until}）已过。",
    ),
    "claim_appeal_window_open": ("{until} 之前可以对裁决申诉。", "不能对裁决申诉：期限为 {until}。"),
    "claim_party_was_told": (
        "已于 {contactedAt} 告知责任方，并已给予其时间。",
        "须先告知责任方并给予时间：告知时间 {contactedAt}，自 {opensAt} 起可以索赔。",
    ),
    "claim_filing_has_opened": ("自 {opensAt} 起可以索赔。", "自 {opensAt} 起才可以索赔，起算点为 {from}。"),
    "claim_filing_still_open": ("{closesAt} 之前可以索赔。", "索赔期限已于 {closesAt} 届满，起算点为 {from}。"),
    "claim_loss_not_claimed_before": (
        "该损失此前未被索赔。",
        "同一损失已在索赔 {claim}（{reason}）中主张：一项损失只能索赔一次。",
    ),
    "claim_settled": ("双方就索赔达成和解。", "双方未就索赔达成和解。"),
    "claim_partly_granted_by_staff": ("平台部分支持索赔。", "平台未部分支持索赔。"),
    "claim_granted_on_appeal": ("申诉后支持索赔。", "申诉后未支持索赔。"),
    "claim_supplemented_on_appeal": ("申诉后增加补偿。", "申诉后未增加补偿。"),
    "claim_more_is_left": ("按规则可给予更多。", "按规则不超过已给予的 {amount}。"),
    "claim_loss_not_paid_already": ("该损失此前未获补偿。", "该损失已通过其他方式获得补偿：没有余额可给。"),
    "claim_without_evidence": ("买家已举证。", "买家逾期未举证，按规则关闭索赔。"),
    "claim_liability_shared": ("损失承担比例：{shares}。", "没有人承担损失。"),
    "liability_bearer_on_order": (
        "订单中有 {bearer} 承担损失的 {basisPoints}。",
        "损失的 {basisPoints} 归于 {bearer}，但该订单没有此方：请指明由谁承担。",
    ),
    "liability_of_tracking": (
        "货运 {shipment} 的物流轨迹指明责任方为 {responsible}，故由 {bearer} 承担。",
        "货运 {shipment} 的物流轨迹未指明责任方。",
    ),
    "liability_of_service_level": (
        "{service} 服务有时限未达到，故由 {bearer} 承担。",
        "{service} 服务的各项时限均已达到。",
    ),
    "shipping_method_of_contract": ("合同约定 {method}，而货物以 {used} 运输。", "合同约定 {method}，货物亦如此运输。"),
    "shipping_method_of_contract_silent": ("合同未约定运输方式。", "合同约定了运输方式。"),
    "shipping_method_of_custom": (
        "买家证明的交易习惯为 {method}，而货物以 {used} 运输。",
        "买家证明的交易习惯为 {method}，货物亦如此运输。",
    ),
    "shipping_method_of_custom_silent": ("买家未证明存在交易习惯。", "买家证明了交易习惯。"),
    "shipping_method_of_statute": ("法律要求 {method}，而货物以 {used} 运输。", "法律要求 {method}，货物亦如此运输。"),
    "shipping_method_of_statute_silent": ("法律未规定运输方式。", "法律规定了运输方式。"),
    "shipping_method_of_choice": (
        "卖家可自行选择 {used}，且该选择造成了损失。",
        "卖家可自行选择 {used}，且该选择未造成损失。",
    ),
    "shipping_method_answered_for": ("卖家须对运输方式负责。", "卖家无须对运输方式负责。"),
    "scan_window_open": (
        "{closesAt} 之前可以对扫描提出异议。",
        "现在不能对扫描提出异议：期限为 {opensAt} 至 {closesAt}。",
    ),
    "scan_not_disputed_before": ("此前未对该扫描提出异议。", "已对该扫描提出过异议。"),
}
