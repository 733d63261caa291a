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
}
