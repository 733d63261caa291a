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

CHINESE: Final[Mapping[str, Sentences]] = {
    "uploads_open_below_limit": ("还可以再上传文件。", "已有 {open} 个上传未完成，最多 {max} 个。"),
    "upload_open": ("可以接收内容。", "该上传不接收内容，状态为 {state}。"),
    "upload_in_time": ("期限未过。", "该上传须在 {expiresAt} 前确认，已逾期。"),
    "upload_action_of_your_role": ("您的角色可以执行此操作。", "您的角色不能执行此操作，或该上传不属于您的组织。"),
    "upload_received": ("内容已收到。", "内容须已收到且未确认，当前状态为 {state}。"),
    "upload_content_as_declared": ("内容为 {declared}，与申报一致。", "文件申报为 {declared}，但内容为 {found}。"),
    "upload_accepted": ("上传已通过。", "上传状态为 {state}，未通过。"),
    "upload_of_fitting_kind": ("上传的种类符合要求。", "上传的种类为 {kind}，要求为 {wanted}。"),
}
