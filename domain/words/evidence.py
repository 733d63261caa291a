"""Evidence: what findings say of it."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "evidence_of_your_side": ("Your side may do this.", "This is not for your role or your side of the claim."),
    "evidence_in_time": (
        "The claim is {state} and takes evidence.",
        "The claim is {state}: it takes evidence before its decision, and again while that is appealed.",
    ),
    "evidence_found_by_adjudicators": (
        "Your role may find evidence forged.",
        "Whether evidence is forged is for the marketplace's adjudicators.",
    ),
    "evidence_of_a_party": ("A party of the claim brought it.", "It was brought by {side}, who bears no consequence."),
    "evidence_not_marked": ("Nothing was found of it yet.", "It was found forged already."),
    "evidence_before_decision": (
        "There is time for it before the claim is decided.",
        "The claim is decided at {decidedAt} on what is there: evidence is asked for until then, not until {until}.",
    ),
    "evidence_file": ("The file {upload} with the digest {sha256}.", "No file."),
    "evidence_forged": (
        "Evidence of the kind {kind} that {side} brought is forged, false or borrowed: {note}",
        "Evidence of the kind {kind} that {side} brought is genuine.",
    ),
    "evidence_forged_with_consequence": (
        "The evidence is forged, and whoever brought it bears the consequence.",
        "Nothing follows from the evidence.",
    ),
    "forgery_revokes_tier": ("The buyer loses its tier.", "The buyer keeps its tier."),
    "forgery_costs_points": (
        "The liable party is given the points that the rule sets for forged evidence.",
        "The liable party is given no points.",
    ),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "evidence_of_your_side": ("您这一方可以这样做。", "您的角色或您在索赔中的一方不能这样做。"),
    "evidence_in_time": (
        "索赔状态为 {state}，可以提交证据。",
        "索赔状态为 {state}：证据在裁决之前提交，或在对裁决申诉期间提交。",
    ),
    "evidence_found_by_adjudicators": ("您的角色可以认定证据为伪造。", "证据是否伪造由平台裁决人员认定。"),
    "evidence_of_a_party": ("由索赔的一方提交。", "由 {side} 提交，不承担后果。"),
    "evidence_not_marked": ("尚未对其作出认定。", "已被认定为伪造。"),
    "evidence_before_decision": (
        "在索赔裁决之前还有时间。",
        "索赔将于 {decidedAt} 按现有材料裁决：证据的期限不能晚于该时间，而不是 {until}。",
    ),
    "evidence_file": ("文件 {upload}，摘要 {sha256}。", "没有文件。"),
    "evidence_forged": (
        "{side} 提交的 {kind} 类证据系伪造、虚假或盗用：{note}",
        "{side} 提交的 {kind} 类证据真实。",
    ),
    "evidence_forged_with_consequence": ("证据系伪造，提交方承担后果。", "该证据不产生后果。"),
    "forgery_revokes_tier": ("买家失去其等级。", "买家保留其等级。"),
    "forgery_costs_points": ("责任方按规则对伪造证据扣分。", "责任方不被扣分。"),
}
