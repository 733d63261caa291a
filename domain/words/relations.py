"""Relations: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "relation_action_of_your_role": ("Your role may do this.", "This is not for your role."),
    "relation_stands": ("The relation stands.", "The relation was {state} before."),
    "relation_by_match": ("Both have the same: {kind}.", "They do not have the same: {kind}."),
    "relation_by_finding": ("The desk found it: {reason}", "The desk did not find it: {reason}"),
    "relation_by_word": ("It was declared by {by}.", "It was not declared by {by}."),
    "relation_not_cleared": ("Nobody cleared the relation.", "The desk cleared the relation: {reason}"),
    "provider_shares_with_no_account": (
        "No other account in this market has the same: {kind}.",
        "Another account in this market has the same: {kind}.",
    ),
    "provider_declared_no_other_account": (
        "No other account in this market was declared.",
        "Another account of the same hand in this market was declared.",
    ),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "relation_action_of_your_role": ("您的角色可以执行此操作。", "您的角色不能执行此操作。"),
    "relation_stands": ("关联有效。", "关联状态此前已为 {state}。"),
    "relation_by_match": ("双方相同：{kind}。", "双方不相同：{kind}。"),
    "relation_by_finding": ("平台客服认定：{reason}", "平台客服未认定：{reason}"),
    "relation_by_word": ("由 {by} 申报。", "不是由 {by} 申报。"),
    "relation_not_cleared": ("没有人排除该关联。", "平台客服已排除该关联：{reason}"),
    "provider_shares_with_no_account": ("该市场没有其他账户与其相同：{kind}。", "该市场另有账户与其相同：{kind}。"),
    "provider_declared_no_other_account": ("未申报该市场的其他账户。", "已申报该市场同一控制人的其他账户。"),
}
