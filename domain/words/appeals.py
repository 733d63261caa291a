"""Appeals: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "appeal_of_concerned_party": (
        "The decision or measure is against you.",
        "The decision or measure is not against you: nothing of it can be undone for you.",
    ),
    "appeal_subject_stands": ("What is appealed stands.", "What is appealed does not stand: it is {state}."),
    "appeal_not_of_own_acceptance": ("It was decided.", "The party accepted the claim itself."),
    "appeal_restriction_itself": (
        "The restriction stands by itself.",
        "A measure brought the restriction: appeal {measure}.",
    ),
    "appeal_once_per_decision": ("You did not appeal it before.", "You appealed it already, by {appealId}: only once."),
    "appeal_in_time": ("It is in time.", "The time for it ended at {until}."),
    "appeal_says_what_it_must": ("The appeal says its {part}.", "The appeal does not say its {part}."),
    "appeal_effect_possible": (
        "{effect} is an effect of what is appealed.",
        "{effect} is no effect of what is appealed, for you.",
    ),
    "appeal_effect_sought": ("{effect} was appealed.", "{effect} was not appealed."),
    "appeal_action_of_your_side": ("Your side may do this.", "This is not for your side or role."),
    "appeal_state_allows": ("The appeal's state allows it.", "The appeal is {state}, which rules it out."),
    "appeal_not_by_first_decider": (
        "You did not decide first.",
        "You decided first: somebody else has to look at the appeal.",
    ),
    "appeal_taken_by_you": ("You took the appeal.", "Somebody else took the appeal: take it over first."),
    "appeal_rounds_left": (
        "The appellant can be asked once more.",
        "The appellant was asked {rounds} times, which is the most.",
    ),
    "appeal_files_are_yours": (
        "Every file is an accepted evidence file of the appellant.",
        "The file {uploadId} is no accepted evidence file of the appellant.",
    ),
    "appeal_answered_once": ("You have not answered the appeal.", "You answered the appeal already: only once."),
    "appeal_urgent_measure": (
        "The urgent channel is open against {kind}.",
        "The urgent channel is not open against {kind}.",
    ),
    "appeal_urgent_before_effect": (
        "The measure has no effect yet.",
        "The measure has had effect since {effectiveAt}: appeal it without urgency.",
    ),
    "appeal_urgent_here_long_enough": (
        "You have been here for {days} days.",
        "You have been here since {since} only, which is less than {days} days.",
    ),
    "appeal_urgent_nothing_else": (
        "Nothing else was taken from you in the last {days} days.",
        "In the last {days} days something else was taken from you: {measures}.",
    ),
    "appeal_urgent_at_standard": ("Your scorecard meets the standard.", "Your scorecard is below standard."),
    "appeal_urgent_no_fraud": ("The measure is not for deceiving.", "The measure is for deceiving."),
    "appeal_effect_undone": ("{effect} is undone.", "{effect} stays as it was."),
    "appeal_decided_by_reviewer": (
        "A reviewer who had not decided first decided.",
        "Nobody decided until {lastAt}: the rule says what stands then.",
    ),
    "appeal_changes_decision": ("The appeal changes the decision: {outcome}.", "The decision stands: {outcome}."),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "appeal_of_concerned_party": (
        "该裁定或处置措施针对您。",
        "该裁定或处置措施并非针对您：没有可为您撤销的内容。",
    ),
    "appeal_subject_stands": ("申诉对象有效。", "申诉对象无效：状态为 {state}。"),
    "appeal_not_of_own_acceptance": ("该索赔经过裁定。", "责任方自行接受了该索赔。"),
    "appeal_restriction_itself": (
        "该限制独立成立。",
        "该限制由一项处置措施引起：请对 {measure} 申诉。",
    ),
    "appeal_once_per_decision": ("您此前未申诉。", "您已通过 {appealId} 申诉：每项裁定仅可申诉一次。"),
    "appeal_in_time": ("在期限内。", "期限已于 {until} 届满。"),
    "appeal_says_what_it_must": ("申诉写明了 {part}。", "申诉未写明 {part}。"),
    "appeal_effect_possible": ("{effect} 是申诉对象的后果。", "{effect} 并非申诉对象对您的后果。"),
    "appeal_effect_sought": ("{effect} 已被申诉。", "{effect} 未被申诉。"),
    "appeal_action_of_your_side": ("您所在的一方可以执行此操作。", "您所在的一方或角色不能执行此操作。"),
    "appeal_state_allows": ("申诉的状态允许此操作。", "申诉状态为 {state}，不允许此操作。"),
    "appeal_not_by_first_decider": ("您不是首次裁定者。", "您是首次裁定者：申诉须由他人审理。"),
    "appeal_taken_by_you": ("该申诉由您受理。", "该申诉由他人受理：请先接手。"),
    "appeal_rounds_left": ("可以再次询问申诉方。", "已询问申诉方 {rounds} 次，达到上限。"),
    "appeal_files_are_yours": (
        "每个文件都是申诉方已通过的证据文件。",
        "文件 {uploadId} 不是申诉方已通过的证据文件。",
    ),
    "appeal_answered_once": ("您尚未答复该申诉。", "您已答复该申诉：仅可答复一次。"),
    "appeal_urgent_measure": ("紧急通道适用于 {kind}。", "紧急通道不适用于 {kind}。"),
    "appeal_urgent_before_effect": (
        "该措施尚未生效。",
        "该措施已于 {effectiveAt} 生效：请按普通程序申诉。",
    ),
    "appeal_urgent_here_long_enough": (
        "您入驻已满 {days} 天。",
        "您自 {since} 起入驻，未满 {days} 天。",
    ),
    "appeal_urgent_nothing_else": (
        "最近 {days} 天内您未受到其他处置。",
        "最近 {days} 天内您还受到其他处置：{measures}。",
    ),
    "appeal_urgent_at_standard": ("您的评分卡达标。", "您的评分卡未达标。"),
    "appeal_urgent_no_fraud": ("该措施并非因欺诈而起。", "该措施因欺诈而起。"),
    "appeal_effect_undone": ("{effect} 已撤销。", "{effect} 维持不变。"),
    "appeal_decided_by_reviewer": (
        "由非首次裁定的审理人裁定。",
        "至 {lastAt} 无人裁定：按规则处理。",
    ),
    "appeal_changes_decision": ("申诉改变了裁定：{outcome}。", "裁定维持：{outcome}。"),
}
