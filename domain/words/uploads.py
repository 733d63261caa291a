"""Uploads: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "uploads_open_below_limit": (
        "There is room for another upload.",
        "{open} uploads are open already, and {max} is the most.",
    ),
    "upload_open": ("Bytes may come.", "The upload takes no bytes: it is {state}."),
    "upload_in_time": ("The deadline has not passed.", "The upload could be confirmed until {expiresAt}."),
    "upload_action_of_your_role": (
        "Your role may do this.",
        "This is not for your role, or the upload is not your organisation's.",
    ),
    "upload_received": ("Its bytes are here.", "Its bytes must have come and not been confirmed: it is {state}."),
    "upload_content_as_declared": (
        "The content is {declared}, as declared.",
        "The file was declared as {declared}, but its content is {found}.",
    ),
    "upload_accepted": ("The upload is accepted.", "The upload is {state}, not accepted."),
    "upload_of_fitting_kind": ("The upload is of a fitting kind.", "The upload is a {kind}, where {wanted} is wanted."),
}
