"""Coverage certificates: what was promised at payment, as one signed document, and what happened to it since.

Theory of operation (`domain.md` 5, B9). A payment makes a certificate for each cover: one canonical text that holds the
promise, the price, the numbers of the rule with its service levels, caps and exclusions, and the facts of order and
lines. Its SHA-256 is signed by the deployment. What happens later is appended: each appendix names the hash of the text
before it, so that the texts of a certificate are a chain.

    document ── hash ──> appendix 1 (previous = that hash) ── hash ──> appendix 2 …        each text signed by itself

Laws: nothing that was written is ever changed or removed; an estimate never moves the promise; whoever holds the file
can verify it without the platform. What the chain alone cannot show is that appendices are missing at its end: whoever
needs the present state asks the platform for a fresh file. A claim, and the end of a window, are no appendices: the
document itself says until when a claim is possible, and claims have a file of their own.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from domain.coverage import Coverage, CoverageState
from domain.dates import rfc3339
from domain.enrolments import Guarantee
from domain.holds import ClockHold, HoldState
from domain.ids import AppendixId, BuyerId, CertificateId, ClockHoldId, CoverageId, OrderId, TenantId
from domain.orders import Order
from domain.rulebook import RuleVersion

FORMAT: Final = "coverage-certificate/1"
"""What the members of a document mean; it grows when one of them changes its meaning."""

FILE_FORMAT: Final = "coverage-certificate-file/1"
ALGORITHM: Final = "Ed25519"
FILE_BYTES_MAX: Final = 10_000_000
"""Of a file that is verified: no certificate with all its appendices comes near it."""


class AppendixKind(StrEnum):
    """What an appendix tells."""

    PROMISED = "PROMISED"
    """A shipment brought the promised day for lines that had none, or for further lines."""
    ESTIMATE_CHANGED = "ESTIMATE_CHANGED"
    """A shipment of the order has a new estimate. The promise stays what it is."""
    ADDRESS_CHANGED = "ADDRESS_CHANGED"
    """The delivery address changed after payment."""
    VOIDED = "VOIDED"
    """Something happened that the rule excludes: the cover is void."""
    GUARANTEE_WITHDRAWN = "GUARANTEE_WITHDRAWN"
    """The guarantee is offered no longer. What was bought with it stays covered."""
    CLOCKS_HELD = "CLOCKS_HELD"
    """Force majeure stopped clocks of the promise. The promise stays what it is; its judging waits."""
    CLOCKS_RELEASED = "CLOCKS_RELEASED"
    """Such a hold was taken back: the clocks are as if it had never been."""


@dataclass(frozen=True, slots=True)
class Seal:
    """A signature under a text's hash: in base64, with the public key it is verified by and that key's id."""

    signature: str
    key_id: str
    public_key: str


Sign = Callable[[bytes], Seal]
"""Seals the bytes of a hash."""
Holds = Callable[[Seal, bytes], bool]
"""Whether the seal was made for those bytes by the key that it names."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A cover's certificate: `document` is the canonical text, `hash` its SHA-256 in hexadecimal."""

    id: CertificateId
    coverage_id: CoverageId
    order_id: OrderId
    buyer_id: BuyerId
    document: str
    hash: str
    signature: str
    key_id: str
    public_key: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Appendix:
    """What happened after the certificate was made; `sequence` counts from 1, `previous_hash` is that of before."""

    id: AppendixId
    certificate_id: CertificateId
    sequence: int
    kind: AppendixKind
    previous_hash: str
    document: str
    hash: str
    signature: str
    key_id: str
    public_key: str
    at: datetime
    hold_id: ClockHoldId | None = None


@dataclass(frozen=True, slots=True)
class Tail:
    """The last text of a certificate's chain so far."""

    certificate_id: CertificateId
    coverage_id: CoverageId
    order_id: OrderId
    sequence: int
    hash: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something to be appended to the certificates of one cover, or of all covers of an order.

    `hold_id` is the hold that it tells of, where it does.
    """

    of: CoverageId | OrderId
    kind: AppendixKind
    facts: Mapping[str, Any] = field(default_factory=dict)
    hold_id: ClockHoldId | None = None


# -- Making


def certify(
    coverage: Coverage,
    order: Order,
    guarantee: Guarantee,
    version: RuleVersion,
    *,
    id: CertificateId,
    tenant_id: TenantId,
    sign: Sign,
    at: datetime,
) -> Certificate:
    """The certificate of the cover that payment has just frozen."""
    document = canonical(
        {
            "format": FORMAT,
            "id": id,
            "marketplace": tenant_id,
            "madeAt": rfc3339(at),
            "coverage": coverage.id,
            "guarantee": {
                "id": guarantee.id,
                "code": guarantee.rule_key,
                "title": guarantee.title,
                "promise": coverage.promise.value,
                "liableParty": coverage.party_id,
            },
            "rule": {
                "version": version.id,
                "number": version.number,
                "title": version.title,
                "effectiveFrom": rfc3339(version.effective_from),
                "sha256": version.digest,
            },
            "terms": coverage.terms,
            "window": {
                "state": coverage.state.value,
                "promisedAt": _instant(coverage.promised_at),
                "opensAt": _instant(coverage.opens_at),
                "closesAt": _instant(coverage.closes_at),
            },
            "order": {
                "id": order.id,
                "reference": order.reference,
                "buyer": order.buyer_id,
                "supplier": order.supplier_id,
                "country": order.country,
                "placedAt": rfc3339(order.placed_at),
                "paidAt": _instant(order.paid_at),
                "total": str(order.total),
                "locked": None if order.locked is None else str(order.locked),
                "quote": order.quote_id,
                "lines": [
                    {
                        "id": line.id,
                        "description": line.description,
                        "quantity": line.quantity,
                        "value": str(line.value),
                        "serviced": line.serviced,
                        "promisedAt": _instant(line.promised_at),
                    }
                    for line in order.lines
                ],
            },
        }
    )
    hash_ = hash_of(document)
    seal = sign(bytes.fromhex(hash_))
    return Certificate(
        id, coverage.id, order.id, order.buyer_id, document, hash_, seal.signature, seal.key_id, seal.public_key, at
    )


def append(
    tails: Iterable[Tail], notes: Sequence[Note], *, mint: Callable[[], AppendixId], sign: Sign, at: datetime
) -> tuple[Appendix, ...]:
    """What the notes add to the certificates at those tails, in the order of the notes; each chain goes on."""
    ends = {tail.certificate_id: tail for tail in tails}
    appended: list[Appendix] = []
    for note in notes:
        for tail in list(ends.values()):
            if note.of in {tail.coverage_id, tail.order_id}:
                appendix = _appendix(tail, note, id=mint(), sign=sign, at=at)
                ends[tail.certificate_id] = Tail(
                    tail.certificate_id, tail.coverage_id, tail.order_id, appendix.sequence, appendix.hash
                )
                appended.append(appendix)
    return tuple(appended)


def _appendix(tail: Tail, note: Note, *, id: AppendixId, sign: Sign, at: datetime) -> Appendix:
    document = canonical(
        {
            "format": FORMAT,
            "certificate": tail.certificate_id,
            "sequence": tail.sequence + 1,
            "previous": tail.hash,
            "kind": note.kind.value,
            "at": rfc3339(at),
            "facts": dict(note.facts),
        }
    )
    hash_ = hash_of(document)
    seal = sign(bytes.fromhex(hash_))
    return Appendix(
        id,
        tail.certificate_id,
        tail.sequence + 1,
        note.kind,
        tail.hash,
        document,
        hash_,
        seal.signature,
        seal.key_id,
        seal.public_key,
        at,
        note.hold_id,
    )


def promised(coverage: Coverage, order: Order) -> Note:
    """A shipment brought a promise: the window and each line's promised day, as they stand now."""
    return Note(
        coverage.id,
        AppendixKind.PROMISED,
        {
            "promisedAt": _instant(coverage.promised_at),
            "opensAt": _instant(coverage.opens_at),
            "closesAt": _instant(coverage.closes_at),
            "lines": [{"id": line.id, "promisedAt": _instant(line.promised_at)} for line in order.lines],
        },
    )


def estimated(order_id: OrderId, shipment_id: str, eta_at: datetime | None, promised_at: datetime | None) -> Note:
    """A shipment of the order has another estimate; its promise is told beside it, unchanged."""
    facts = {"shipment": shipment_id, "estimatedAt": _instant(eta_at), "promisedAt": _instant(promised_at)}
    return Note(order_id, AppendixKind.ESTIMATE_CHANGED, facts)


def address_changed(order: Order) -> Note:
    """The order goes elsewhere. The address itself is personal and stays out of the document."""
    facts = {"changedAt": _instant(order.address_changed_at), "country": order.country}
    return Note(order.id, AppendixKind.ADDRESS_CHANGED, facts)


def voided(coverage: Coverage) -> Note:
    """The cover is void. Refuses one that is not with ValueError."""
    if coverage.state is not CoverageState.VOIDED:
        raise ValueError(f"{coverage.id} is {coverage.state}")
    facts = {"rule": coverage.void_rule, "endedAt": _instant(coverage.ended_at)}
    return Note(coverage.id, AppendixKind.VOIDED, facts)


def withdrawn(coverage_id: CoverageId, guarantee: Guarantee) -> Note:
    """The guarantee of the cover is offered no longer; the cover stays what it is."""
    facts = {"guarantee": guarantee.id, "endsAt": _instant(guarantee.ends_at), "coverUnchanged": True}
    return Note(coverage_id, AppendixKind.GUARANTEE_WITHDRAWN, facts)


def held(coverage_id: CoverageId, hold: ClockHold) -> Note:
    """Clocks of the promise stand still for that span, or do no longer; what was promised stays as it is."""
    kind = AppendixKind.CLOCKS_HELD if hold.state is HoldState.APPLIED else AppendixKind.CLOCKS_RELEASED
    facts = {
        "hold": hold.id,
        "from": rfc3339(hold.which.from_at),
        "until": rfc3339(hold.which.until_at),
        "reason": hold.reason if hold.state is HoldState.APPLIED else hold.reverse_reason,
        "promiseUnchanged": True,
    }
    return Note(coverage_id, kind, facts, hold.id)


# -- Spelling


def canonical(members: Mapping[str, Any]) -> str:
    """The one spelling of a document: sorted members, no blanks, UTF-8 kept. Equal documents have equal text."""
    return json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def hash_of(document: str) -> str:
    """The SHA-256 of the text in UTF-8, in hexadecimal."""
    return hashlib.sha256(document.encode()).hexdigest()


def file_of(certificate: Certificate, appendices: Iterable[Appendix]) -> str:
    """The certificate with all its appendices as the file that people keep: JSON, the texts exactly as signed."""
    texts: list[Certificate | Appendix] = [certificate, *sorted(appendices, key=lambda appendix: appendix.sequence)]
    members = {
        "format": FILE_FORMAT,
        "algorithm": ALGORITHM,
        "certificate": certificate.id,
        "texts": [
            {
                "document": text.document,
                "hash": text.hash,
                "signature": text.signature,
                "keyId": text.key_id,
                "publicKey": text.public_key,
            }
            for text in texts
        ],
    }
    return json.dumps(members, indent=2, ensure_ascii=False) + "\n"


def _instant(at: datetime | None) -> str | None:
    return None if at is None else rfc3339(at)


# -- Verifying


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a file came to: whether every text is as it was signed, and one sentence about it."""

    holds: bool
    sentence: str
    key_ids: tuple[str, ...] = ()


def verify(text: str, holds: Holds, *, trusted: frozenset[str] | None = None) -> Verdict:
    """What the file in `text` comes to. `trusted` are the public keys in base64 that may have signed; None: any.

    Every text must have its hash, a good signature by a trusted key, and name the text before it.
    """
    try:
        file = json.loads(text)
    except (ValueError, RecursionError):
        return Verdict(False, "This is no certificate: it is not JSON.")
    texts = file.get("texts") if isinstance(file, dict) else None
    if not isinstance(texts, list) or not texts or file.get("format") != FILE_FORMAT:
        return Verdict(False, "This is no certificate's file.")
    certificate_id, previous, keys, last = file.get("certificate"), "", [], ""
    for sequence, member in enumerate(texts):
        name = f"appendix {sequence}" if sequence else "the certificate"
        read = _text(member)
        if read is None:
            return Verdict(False, f"This is no certificate's file: {name} is incomplete.")
        document, hash_, seal, said = read
        wrong = _wrong(document, hash_, seal, said, certificate_id, sequence, previous, holds, trusted)
        if wrong is not None:
            return Verdict(False, f"Do not trust this file: {name} {wrong}.")
        previous, last = hash_, str(said.get("at") or said.get("madeAt"))
        keys.append(seal.key_id)
    number = len(texts) - 1
    appendices = "no appendix" if number == 0 else f"{number} appendices" if number > 1 else "1 appendix"
    known = tuple(dict.fromkeys(keys))
    whose = "the given key" if trusted is not None else f"key {', '.join(known)}, which you compare with the published"
    sentence = (
        f"Certificate {certificate_id} with {appendices}, the last text of {last}, is as it was signed by {whose}."
    )
    return Verdict(True, sentence, known)


def _text(member: Any) -> tuple[str, str, Seal, dict[str, Any]] | None:
    """The text, its hash, its seal and what it says; None where the member lacks any of them."""
    names = ("document", "hash", "signature", "keyId", "publicKey")
    if not isinstance(member, dict) or not all(isinstance(member.get(name), str) for name in names):
        return None
    try:
        member["document"].encode()  # JSON can escape halves of characters, which no text has
        said = json.loads(member["document"])
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    seal = Seal(member["signature"], member["keyId"], member["publicKey"])
    return member["document"], member["hash"], seal, said


def _wrong(
    document: str,
    hash_: str,
    seal: Seal,
    said: Mapping[str, Any],
    certificate_id: Any,
    sequence: int,
    previous: str,
    holds: Holds,
    trusted: frozenset[str] | None,
) -> str | None:
    """What is wrong with one text of a file; None where nothing is."""
    if hash_of(document) != hash_:
        return "was altered: its text does not have the hash beside it"
    if trusted is not None and seal.public_key not in trusted:
        return f"was signed by another key ({seal.key_id})"
    if not holds(seal, bytes.fromhex(hash_)):
        return "does not have a good signature"
    if said.get("id" if sequence == 0 else "certificate") != certificate_id:
        return "belongs to another certificate"
    if sequence and (said.get("previous") != previous or said.get("sequence") != sequence):
        return "does not follow the text before it"
    return None
