"""Suppliers: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "supplier_action_of_your_role": ("Your role may do this.", "This is not for your role."),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "supplier_action_of_your_role": ("您的角色可以执行此操作。", "您的角色不能执行此操作。"),
}
