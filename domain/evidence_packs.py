"""Evidence packs: what a merchant defends itself with, put together from what the platform already holds.

How it works. A pack is the merchant's own statement and files, and every fact of the order that the platform recorded:
order, lines, certificates, shipments with their proof of delivery, tracking, messages, claims. Each item is its content
in canonical JSON and the SHA-256 of that; the manifest lists the items in one order, and its own SHA-256 is the pack's
digest. The delivery address and names are personal: they stand in it as keyed digests.

Laws: the same facts give the same manifest, byte for byte; a pack never changes once it was submitted.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.errors import Invalid, Problem
from domain.ids import ChargebackId, EvidencePackId, Id, UploadId

FORMAT: Final = "evidence-pack/1"
"""What the members of a manifest mean; it grows when one of them changes its meaning."""

STATEMENT_CHARACTERS_MAX: Final = 4_000
"""A page: networks read no more."""

UPLOADS_MAX: Final = 20
"""Files of one pack: networks take some megabytes."""

Content = Mapping[str, str | int | bool | None]
"""What an item says: ids, codes, numbers, instants as RFC 3339 text, digests. Never personal data."""


class ItemKind(StrEnum):
    """What an item of a pack is, in the order in which they stand in it."""

    ORDER = "ORDER"
    """What was bought, paid and refunded."""
    ORDER_LINE = "ORDER_LINE"
    """A line of it."""
    CERTIFICATE = "CERTIFICATE"
    """What was promised at payment, signed."""
    SHIPMENT = "SHIPMENT"
    """A shipment with its tracking number and, where there is one, its proof of delivery."""
    TRACKING_EVENT = "TRACKING_EVENT"
    """A report of a carrier."""
    MESSAGE = "MESSAGE"
    """A message that the platform wrote to the buyer or merchant."""
    CLAIM = "CLAIM"
    """A claim of the buyer for the same order."""
    UPLOAD = "UPLOAD"
    """A file of the merchant."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing in a pack."""

    kind: ItemKind
    id: Id
    content: Content


@dataclass(frozen=True, slots=True)
class PackItem:
    """An item as it is shown: its content in canonical JSON and the SHA-256 of that in hexadecimal."""

    kind: ItemKind
    object_id: str
    content: str
    sha256: str


@dataclass(frozen=True, slots=True)
class EvidencePack:
    """A pack that was submitted: the first of its chargeback, or the mended one."""

    id: EvidencePackId
    chargeback_id: ChargebackId
    number: int
    statement: str
    upload_ids: tuple[UploadId, ...]
    manifest: str
    digest: str
    submitted_by: str
    submitted_at: datetime


def canonical(members: Mapping[str, object]) -> str:
    """The one spelling of those members: sorted, without blanks, UTF-8 kept."""
    return json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sha256(text: str) -> str:
    """In hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def listed(items: Iterable[Item]) -> tuple[PackItem, ...]:
    """The items with their hashes, by kind and id."""
    kinds = list(ItemKind)
    ordered = sorted(items, key=lambda item: (kinds.index(item.kind), item.id))
    return tuple(PackItem(item.kind, str(item.id), text := canonical(item.content), sha256(text)) for item in ordered)


def manifest(statement: str, items: Iterable[PackItem]) -> str:
    """The manifest of a pack: canonical JSON."""
    return canonical(
        {
            "format": FORMAT,
            "statementSha256": sha256(statement),
            "items": [
                {"kind": item.kind.value, "id": item.object_id, "sha256": item.sha256, "content": item.content}
                for item in items
            ],
        }
    )


def parse(text: str) -> tuple[PackItem, ...]:
    """The items of a manifest that `manifest` spelled."""
    return tuple(
        PackItem(ItemKind(item["kind"]), item["id"], item["content"], item["sha256"])
        for item in json.loads(text)["items"]
    )


def submit_pack(
    chargeback_id: ChargebackId,
    number: int,
    statement: str,
    upload_ids: tuple[UploadId, ...],
    items: Iterable[PackItem],
    *,
    id: EvidencePackId,
    by: str,
    at: datetime,
) -> EvidencePack:
    """The pack, final. Refuses (Invalid) a statement without words or too long, too many files, one named twice."""
    problems = []
    if not 0 < len(statement.strip()) <= STATEMENT_CHARACTERS_MAX:
        problems.append(Problem(("statement",), f"1 to {STATEMENT_CHARACTERS_MAX} characters."))
    if len(upload_ids) > UPLOADS_MAX:
        problems.append(Problem(("uploadIds",), f"At most {UPLOADS_MAX} files."))
    if len(set(upload_ids)) < len(upload_ids):
        problems.append(Problem(("uploadIds",), "A file is named once."))
    if problems:
        raise Invalid(*problems)
    text = manifest(statement.strip(), items)
    return EvidencePack(id, chargeback_id, number, statement.strip(), upload_ids, text, sha256(text), by, at)
