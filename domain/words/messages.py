"""Messages: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "message_still_of_use": (
        "The message is of use in the state that the goods are in.",
        "The goods are {state}: the message would have been of no use.",
    ),
    "message_in_good_time": (
        "The message comes in good time.",
        "The message was due at {dueAt} and is of no use more than {staleHours} hours later.",
    ),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "message_still_of_use": ("就货物目前的状态，该消息仍有用。", "货物状态为 {state}，该消息已无用。"),
    "message_in_good_time": ("消息及时。", "消息应于 {dueAt} 发出，超过 {staleHours} 小时后已无用。"),
}
