"""The desk: what findings say of who has a claim, and of decisions that wait for a second adjudicator."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "claim_is_nobodys": ("Nobody has the claim.", "Somebody has the claim already."),
    "claim_is_yours": ("You have the claim.", "You do not have the claim."),
    "claim_is_a_colleagues": ("A colleague has the claim.", "No colleague has the claim."),
    "claim_is_yours_or_nobodys": (
        "No colleague has the claim.",
        "A colleague has the claim; it can be taken over with a reason.",
    ),
    "decision_waits_for_second": (
        "A decision waits for a second adjudicator.",
        "No decision waits for a second adjudicator.",
    ),
    "no_decision_waits_for_second": (
        "No decision waits for a second adjudicator.",
        "A decision waits for a second adjudicator already.",
    ),
    "proposed_by_somebody_else": (
        "Somebody else proposed the decision.",
        "You proposed the decision; another adjudicator must confirm it.",
    ),
    "decision_as_proposed": (
        "The decision comes to {amount}, as it was proposed.",
        "The decision was proposed at {proposed} and now comes to {amount}; it must be proposed anew.",
    ),
    "decision_as_previewed": (
        "The claim is as it was previewed.",
        "The claim changed, or would come to something else, since the preview.",
    ),
    "amount_within_one_pair_of_eyes": (
        "{amount} is within the {limit} that one adjudicator may decide.",
        "{amount} is above the {limit} that one adjudicator may decide.",
    ),
    "amount_comparable": (
        "The amount can be compared with the limit.",
        "No rate of {currency} is known, so the amount cannot be compared with the limit of {limit}.",
    ),
    "reviewer_is_not_decider": (
        "Somebody else decided first.",
        "Whoever decided, proposed or confirmed first does not review the appeal.",
    ),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "claim_is_nobodys": ("该索赔尚无人领取。", "该索赔已有人领取。"),
    "claim_is_yours": ("该索赔由您负责。", "该索赔不由您负责。"),
    "claim_is_a_colleagues": ("该索赔由一位同事负责。", "该索赔不由任何同事负责。"),
    "claim_is_yours_or_nobodys": ("该索赔不由任何同事负责。", "该索赔由一位同事负责，说明理由后可以接手。"),
    "decision_waits_for_second": ("有一项裁决等待第二位裁决人。", "没有裁决等待第二位裁决人。"),
    "no_decision_waits_for_second": ("没有裁决等待第二位裁决人。", "已有一项裁决等待第二位裁决人。"),
    "proposed_by_somebody_else": ("该裁决由他人提出。", "该裁决由您提出，须由另一位裁决人确认。"),
    "decision_as_proposed": (
        "裁决金额为 {amount}，与提出时一致。",
        "裁决提出时金额为 {proposed}，现为 {amount}，须重新提出。",
    ),
    "decision_as_previewed": ("该索赔与预览时一致。", "该索赔在预览后已变化，或结果将有所不同。"),
    "amount_within_one_pair_of_eyes": (
        "{amount} 未超过一位裁决人可裁决的 {limit}。",
        "{amount} 超过一位裁决人可裁决的 {limit}。",
    ),
    "amount_comparable": (
        "该金额可与限额比较。",
        "没有 {currency} 的汇率，该金额无法与限额 {limit} 比较。",
    ),
    "reviewer_is_not_decider": ("首次裁决由他人作出。", "作出、提出或确认首次裁决的人不得复核申诉。"),
}
