"""Payments of insurers: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "insurance_action_of_your_role": ("Your role may do this.", "Your role may not do this with an insurer's payment."),
    "insurance_payment_stands": ("The payment stands.", "The payment was withdrawn already."),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "insurance_action_of_your_role": ("您的角色可以执行此操作。", "您的角色不能对保险赔付执行此操作。"),
    "insurance_payment_stands": ("该赔付有效。", "该赔付已被撤回。"),
}
