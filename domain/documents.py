"""Trusted documents: the GraphQL operations that a marketplace's frontends may send by hash.

Laws: a document is known by the SHA-256 of its text, so it never changes and publishing it again changes nothing; a
tenant may require them of keys that live in browsers and apps (`documents_required`).
"""

import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from domain.change import Change, Happening
from domain.errors import Invalid, Problem
from domain.ids import DocumentId

TEXT_BYTES_MAX: Final = 64_000
"""Two thousand tokens, the most that may be executed, fit into half of it."""

_HASH: Final = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class TrustedDocument:
    """One published document; `hash` is `sha256:` and the digest of `text` in UTF-8, in hexadecimal."""

    id: DocumentId
    hash: str
    text: str
    registered_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class PublishDocument:
    """The wish that frontends may send this text by its hash. Refuses with Invalid a text that is empty or too long."""

    text: str

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise Invalid(Problem(("text",), "A document holds at least one operation."))
        if len(self.text.encode()) > TEXT_BYTES_MAX:
            raise Invalid(Problem(("text",), f"A document has at most {TEXT_BYTES_MAX:,} bytes."))


def hash_of(text: str) -> str:
    """What clients call the document of that text."""
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def is_hash(text: str) -> bool:
    """Whether `text` is spelled like the hash of a document."""
    return _HASH.fullmatch(text) is not None


def publish_document(command: PublishDocument, *, id: DocumentId, at: datetime) -> Change[TrustedDocument]:
    """The document is published. Whether it was before is the caller's to ask: then there is nothing to change."""
    document = TrustedDocument(id, hash_of(command.text), command.text, at, version=1)
    return Change(None, document, (Happening("document.published", {"hash": document.hash}),))
