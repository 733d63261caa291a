"""Reimbursements: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "reimbursement_action_of_your_role": ("Your role may do this.", "Your role may not do this with a reimbursement."),
    "reimbursement_stands": ("The payment stands.", "The payment was withdrawn already."),
    "reimbursement_within_borne": (
        "The marketplace bears at least that much of the claim.",
        "The marketplace bears less than that: the rest is charged to parties, may fall due, or is asked of carriers.",
    ),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "reimbursement_action_of_your_role": ("您的角色可以执行此操作。", "您的角色不能对该偿付执行此操作。"),
    "reimbursement_stands": ("该偿付有效。", "该偿付已被撤回。"),
    "reimbursement_within_borne": (
        "平台在该索赔中承担的金额不少于此数。",
        "平台在该索赔中承担的金额少于此数：其余部分已向责任方收取、可能向其到期收取，或正在向承运人追偿。",
    ),
}
