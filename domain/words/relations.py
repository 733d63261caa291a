"""Relations: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "relation_action_of_your_role": ("Your role may do this.", "This is not for your role."),
    "relation_stands": ("The relation stands.", "The relation was {state} before."),
    "relation_by_match": ("Both have the same: {kind}.", "They do not have the same: {kind}."),
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
