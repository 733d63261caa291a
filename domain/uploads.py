"""Uploads: files that organisations bring, checked before anybody can read them.

Theory of operation (`conventions.md`, Files):

    REQUESTED -bytes came, as many and with the digest announced-> RECEIVED
    RECEIVED -confirmed by its owner-> QUARANTINED -content is what was declared-> ACCEPTED
                                       QUARANTINED -content is something else-> REFUSED
    REQUESTED, RECEIVED -deadline passed-> LAPSED
    REFUSED, LAPSED -bytes deleted-> (the same, without bytes)

Whoever wants to bring a file says first how long it is and what its SHA-256 is, gets a signed address, and sends the
bytes there. Bytes that differ in either are thrown away, and may be sent again until the deadline. Confirming fixes
them for ever.

Laws: nobody reads a file that is not ACCEPTED; an accepted file's bytes never change, and its digest stands in the
audit row of its request; only its own organisation and the marketplace's people see it, to anybody else it does not
exist; reading a file of a kind that holds personal data leaves an audit row; an address is good for one file, one use,
one actor and a short time, and cannot be made without the deployment's secret.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from domain.access import Caller, may
from domain.change import Change, Fact, Happening
from domain.dates import rfc3339
from domain.errors import Invalid, NotFound, Problem, Refused
from domain.explain import Finding, unmet
from domain.file_types import FileType
from domain.ids import Id, OrganisationId, TenantId, UploadId
from domain.moves import Move, require

SIZE_BYTES_MAX: Final = 25_000_000
"""A licence scanned in colour has a few megabytes; a rate sheet of 100,000 rows has ten."""

FILE_NAME_CHARACTERS_MAX: Final = 255
"""What file systems allow."""

OPEN_MAX: Final = 100
"""Files of one organisation that are announced and not confirmed: 2.5 GB on disk at worst."""

CONFIRM_WITHIN: Final = timedelta(hours=24)
"""From the request; whoever collects papers may sleep on it."""

SEND_WITHIN: Final = timedelta(hours=1)
"""How long an address to send to is good; reading the upload again gives another."""

READ_WITHIN: Final = timedelta(minutes=5)
"""How long an address to read from is good: for the click that follows."""

DELETE_AFTER: Final = timedelta(hours=1)
"""From the end of an upload that failed to the deletion of its bytes: longer than any transfer under way can take."""

SHA256: Final = re.compile(r"[0-9a-f]{64}")


class UploadKind(StrEnum):
    """What a file is for."""

    REGISTRATION = "REGISTRATION"
    """A business licence or an extract from a register."""
    LICENCE = "LICENCE"
    """A licence to do what a provider does."""
    IDENTITY = "IDENTITY"
    """Who somebody is: a passport or identity card."""
    QUALIFICATION = "QUALIFICATION"
    """What somebody has learned or done: a certificate, a record of employment."""
    FINANCIAL_SECURITY = "FINANCIAL_SECURITY"
    """A bond, guaranty or other security."""
    INSURANCE = "INSURANCE"
    """A policy or certificate of insurance."""
    BANK_PROOF = "BANK_PROOF"
    """Whose a bank account is."""
    TAX_PROOF = "TAX_PROOF"
    """A tax number's certificate."""
    ADDRESS_PROOF = "ADDRESS_PROOF"
    """Where somebody can be found."""
    AGREEMENT = "AGREEMENT"
    """A signed agreement or declaration."""
    INSPECTION = "INSPECTION"
    """What an inspection found."""
    RATE_SHEET = "RATE_SHEET"
    """Prices, to be imported."""
    EVIDENCE = "EVIDENCE"
    """What proves a party's word in a case."""
    OTHER = "OTHER"
    """Anything else."""


@dataclass(frozen=True, slots=True)
class KindTerms:
    """What goes for files of a kind: whether they hold personal data, and of which types they are."""

    personal: bool
    types: frozenset[FileType]


_PICTURES: Final = frozenset({FileType.PNG, FileType.JPEG, FileType.WEBP, FileType.TIFF})
_PAPERS: Final = _PICTURES | {FileType.PDF, FileType.DOCX}
_ANY: Final = frozenset(FileType)

KINDS: Final[Mapping[UploadKind, KindTerms]] = {
    UploadKind.REGISTRATION: KindTerms(True, _PAPERS),
    UploadKind.LICENCE: KindTerms(True, _PAPERS),
    UploadKind.IDENTITY: KindTerms(True, _PAPERS),
    UploadKind.QUALIFICATION: KindTerms(True, _PAPERS),
    UploadKind.FINANCIAL_SECURITY: KindTerms(False, _PAPERS),
    UploadKind.INSURANCE: KindTerms(False, _PAPERS),
    UploadKind.BANK_PROOF: KindTerms(True, _PAPERS),
    UploadKind.TAX_PROOF: KindTerms(True, _PAPERS),
    UploadKind.ADDRESS_PROOF: KindTerms(True, _PAPERS),
    UploadKind.AGREEMENT: KindTerms(True, _PAPERS),
    UploadKind.INSPECTION: KindTerms(False, _ANY),
    UploadKind.RATE_SHEET: KindTerms(False, frozenset({FileType.CSV, FileType.XLSX})),
    UploadKind.EVIDENCE: KindTerms(True, _ANY),
    UploadKind.OTHER: KindTerms(True, _ANY),
}
"""Kind -> its terms. Total. Registers and licences name the people behind a firm; what is unknown is personal."""


class UploadState(StrEnum):
    """Where an upload stands."""

    REQUESTED = "REQUESTED"
    """Its bytes are awaited at a signed address."""
    RECEIVED = "RECEIVED"
    """Its bytes came, as many as announced and with that digest; its owner has not confirmed it."""
    QUARANTINED = "QUARANTINED"
    """Confirmed and fixed; its content is being looked at."""
    ACCEPTED = "ACCEPTED"
    """Its content is what was declared: it can be read and used."""
    REFUSED = "REFUSED"
    """Its content is something else: it can be neither read nor used, and its bytes are deleted."""
    LAPSED = "LAPSED"
    """Nobody confirmed it in time; its bytes are deleted."""


OPEN: Final = frozenset({UploadState.REQUESTED, UploadState.RECEIVED})
"""States that end by themselves at the deadline, and in which bytes may come."""

FAILED: Final = frozenset({UploadState.REFUSED, UploadState.LAPSED})
"""States whose bytes are deleted."""


class UploadAction(StrEnum):
    """What can be done with an upload; the value is the mutation's name in capitals."""

    CONFIRM_UPLOAD = "CONFIRM_UPLOAD"
    """confirmUpload: its bytes are fixed and looked at."""


@dataclass(frozen=True, slots=True)
class Upload:
    """One file.

    `found_type` is what its content is (None: unknown, or not here yet), `expires_at` its last instant unless it is
    confirmed, `erased_at` when the bytes of a failed one were deleted.
    """

    id: UploadId
    organisation_id: OrganisationId
    kind: UploadKind
    file_name: str
    size_bytes: int
    file_type: FileType
    sha256: str
    state: UploadState
    found_type: FileType | None
    requested_by: Id
    requested_at: datetime
    expires_at: datetime
    received_at: datetime | None
    ended_at: datetime | None
    erased_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class CreateUpload:
    """The wish to bring a file. `organisation_id` is whose it is, where the desk enters it for a party."""

    kind: UploadKind
    file_name: str
    size_bytes: int
    file_type: FileType
    sha256: str
    organisation_id: OrganisationId | None = None


@dataclass(frozen=True, slots=True)
class ConfirmUpload:
    """The wish that the bytes which came are the file."""

    upload_id: UploadId


@dataclass(frozen=True, slots=True)
class ReceiveUpload:
    """That all bytes of the upload are stored: as many as announced, with the digest announced, of this type."""

    upload_id: UploadId
    found_type: FileType | None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """An upload's two steps at its confirmation: into quarantine, and out of it."""

    quarantined: Change[Upload]
    judged: Change[Upload]


def problems_of(command: CreateUpload) -> tuple[Problem, ...]:
    """Everything wrong with what is announced."""
    name, types = command.file_name, KINDS[command.kind].types
    found: tuple[Problem, ...] = ()
    if not 0 < len(name) <= FILE_NAME_CHARACTERS_MAX or not name.isprintable() or not name.strip(". "):
        found += (Problem(("fileName",), f"1 to {FILE_NAME_CHARACTERS_MAX} printable characters, not only dots."),)
    if "/" in name or "\\" in name:
        found += (Problem(("fileName",), "A name, not a path: without slashes."),)
    if not 0 < command.size_bytes <= SIZE_BYTES_MAX:
        found += (Problem(("size",), f"1 to {SIZE_BYTES_MAX} bytes."),)
    if not SHA256.fullmatch(command.sha256):
        found += (Problem(("sha256",), "64 lower-case hexadecimal digits: the SHA-256 of the file."),)
    if command.file_type not in types:
        allowed = ", ".join(sorted(types))
        found += (Problem(("contentType",), f"A file of kind {command.kind} is one of {allowed}."),)
    return found


def create_upload(
    command: CreateUpload, organisation_id: OrganisationId, *, open_now: int, id: UploadId, by: Id, at: datetime
) -> Change[Upload]:
    """A file is announced; its bytes are awaited. `open_now` is how many of the organisation are awaited already.

    Refuses with every problem: a name that is a path, a size of nothing or above 25 MB, an odd digest, a type that
    files of the kind do not have; and an organisation with too many open uploads.
    """
    if problems := problems_of(command):
        raise Invalid(*problems)
    room = Finding("upload.room", open_now < OPEN_MAX, "uploads_open_below_limit", {"open": open_now, "max": OPEN_MAX})
    if not room.holds:
        raise Refused("upload.room", "Too many uploads are open: confirm or forget some first.", (room,))
    upload = Upload(
        id,
        organisation_id,
        command.kind,
        command.file_name,
        command.size_bytes,
        command.file_type,
        command.sha256,
        UploadState.REQUESTED,
        None,
        by,
        at,
        at + CONFIRM_WITHIN,
        None,
        None,
        None,
        version=1,
    )
    return Change(None, upload, (_happened("upload.requested", upload),))


def receivable(upload: Upload, at: datetime) -> tuple[Finding, ...]:
    """Whether bytes may come at `at`: before the deadline, and before anything was fixed."""
    return (
        Finding("upload.open", upload.state in OPEN, "upload_open", {"state": upload.state.value}),
        _in_time(upload, at),
    )


def receive_upload(upload: Upload, found_type: FileType | None, *, at: datetime) -> Change[Upload] | None:
    """The announced bytes are here. None where they were here before: the same digest is the same bytes.

    Refuses an upload that is confirmed, ended or past its deadline.
    """
    if because := unmet(receivable(upload, at)):
        raise Refused("upload.receive", "This upload takes no bytes any more.", because)
    if upload.state is UploadState.RECEIVED:
        return None
    after = _step(upload, UploadState.RECEIVED, found_type=found_type, received_at=at)
    return Change(upload, after, (_happened("upload.received", after),))


def moves(upload: Upload, caller: Caller, at: datetime) -> tuple[Move, ...]:
    """What the caller may do with the upload at `at`, and why not."""
    own = caller.is_operator or caller.organisation_id == upload.organisation_id
    because = unmet(
        (
            Finding("upload.role", own and may(caller, "confirmUpload"), "upload_action_of_your_role"),
            Finding(
                "upload.received",
                upload.state is UploadState.RECEIVED,
                "upload_received",
                {"state": upload.state.value},
            ),
            _in_time(upload, at),
        )
    )
    closes_at = upload.expires_at if upload.state in OPEN else None
    return (Move(UploadAction.CONFIRM_UPLOAD.value, because, closes_at=closes_at),)


def confirm_upload(upload: Upload, caller: Caller, *, at: datetime) -> Confirmed:
    """The bytes are fixed and judged: accepted if they are what was declared, refused otherwise.

    Refuses an upload whose bytes are not here, and one that was confirmed before or is past its deadline.
    """
    require(moves(upload, caller, at), UploadAction.CONFIRM_UPLOAD, "upload.confirm")
    quarantined = _step(upload, UploadState.QUARANTINED)
    content = judged(upload)
    state, name = (
        (UploadState.ACCEPTED, "upload.accepted") if content.holds else (UploadState.REFUSED, "upload.refused")
    )
    after = _step(quarantined, state, ended_at=at)
    return Confirmed(
        Change(upload, quarantined, (_happened("upload.quarantined", quarantined),)),
        Change(quarantined, after, (_happened(name, after),)),
    )


def judged(upload: Upload) -> Finding:
    """Whether the content that came is of the type that was declared."""
    found = None if upload.found_type is None else upload.found_type.value
    inputs = {"declared": upload.file_type.value, "found": found}
    return Finding("upload.content", upload.found_type is upload.file_type, "upload_content_as_declared", inputs)


def because(upload: Upload, at: datetime) -> tuple[Finding, ...]:
    """Why the upload cannot be used at `at`: nothing for one that can."""
    if upload.state is UploadState.REFUSED:
        return (judged(upload),)
    if upload.state is UploadState.LAPSED:
        return (_in_time(upload, at),)
    return unmet((_accepted(upload),))


def lapse_upload(upload: Upload, *, at: datetime) -> Change[Upload] | None:
    """Nobody confirmed it in time: it is over. None for one that has ended. ValueError before the deadline."""
    if upload.state not in OPEN:
        return None
    if at <= upload.expires_at:
        raise ValueError(f"{upload.id} can be confirmed until {upload.expires_at}")
    after = _step(upload, UploadState.LAPSED, ended_at=at)
    return Change(upload, after, (_happened("upload.lapsed", after),))


def erase_upload(upload: Upload, *, at: datetime) -> Change[Upload]:
    """The bytes of a failed upload are deleted. Refuses (ValueError) any other, and one that was erased before."""
    if upload.state not in FAILED or upload.erased_at is not None:
        raise ValueError(f"{upload.id} is {upload.state}: its bytes stay")
    after = replace(upload, erased_at=at, version=upload.version + 1)
    return Change(upload, after, (_happened("upload.erased", after),))


def require_own(upload: Upload, caller: Caller) -> None:
    """Returns if the upload is the caller's organisation's, or the caller is of the operator. Otherwise NotFound."""
    if not caller.is_operator and caller.organisation_id != upload.organisation_id:
        raise NotFound("There is no such upload.", field=("uploadId",))


def require_usable(upload: Upload, organisation_id: OrganisationId, kinds: frozenset[UploadKind] | None = None) -> None:
    """Returns if that organisation can rest something on the upload: its own, accepted, of one of the kinds.

    Raises:
        NotFound: it is another organisation's.
        Refused: it is not accepted, or of another kind; with both reasons.
    """
    if upload.organisation_id != organisation_id:
        raise NotFound("There is no such upload.", field=("uploadId",))
    fits = kinds is None or upload.kind in kinds
    wanted = "" if kinds is None else ", ".join(sorted(kinds))
    findings = (
        _accepted(upload),
        Finding("upload.kind", fits, "upload_of_fitting_kind", {"kind": upload.kind.value, "wanted": wanted}),
    )
    if reasons := unmet(findings):
        raise Refused("upload.usable", "The upload cannot be used for this.", reasons)


def _accepted(upload: Upload) -> Finding:
    inputs = {"state": upload.state.value}
    return Finding("upload.accepted", upload.state is UploadState.ACCEPTED, "upload_accepted", inputs)


def _in_time(upload: Upload, at: datetime) -> Finding:
    expires_at = rfc3339(upload.expires_at)
    inputs = {"expiresAt": expires_at, "at": rfc3339(at)}
    return Finding("upload.in_time", at <= upload.expires_at, "upload_in_time", inputs, closes_at=expires_at)


def _step(
    upload: Upload,
    state: UploadState,
    *,
    found_type: FileType | None = None,
    received_at: datetime | None = None,
    ended_at: datetime | None = None,
) -> Upload:
    return replace(
        upload,
        state=state,
        found_type=found_type or upload.found_type,
        received_at=received_at or upload.received_at,
        ended_at=ended_at,
        version=upload.version + 1,
    )


def _happened(name: str, upload: Upload) -> Happening:
    """Without the file's name, which may be a person's."""
    facts: dict[str, Fact] = {
        "organisationId": upload.organisation_id,
        "kind": upload.kind.value,
        "state": upload.state.value,
        "sha256": upload.sha256,
    }
    return Happening(name, facts)


# -- signed addresses ------------------------------------------------------------------------------------------------


class Use(StrEnum):
    """What an address is good for."""

    SEND = "PUT"
    """Sending the bytes."""
    READ = "GET"
    """Reading them."""


@dataclass(frozen=True, slots=True)
class Address:
    """Who may do what with which upload until when (a whole second); its signature makes it good."""

    use: Use
    tenant_id: TenantId
    upload_id: UploadId
    actor_id: str
    expires_at: datetime


def address(upload: Upload, tenant_id: TenantId, caller: Caller, *, at: datetime) -> Address | None:
    """The upload's address at `at`: to send to while it is open, to read from once it is accepted; None otherwise.

    Whoever asks for it has made sure that the caller may see the upload.
    """
    if upload.state in OPEN and at <= upload.expires_at:
        expires_at = min(at + SEND_WITHIN, upload.expires_at)
        return Address(Use.SEND, tenant_id, upload.id, caller.actor_id, expires_at.replace(microsecond=0))
    if upload.state is UploadState.ACCEPTED:
        return Address(Use.READ, tenant_id, upload.id, caller.actor_id, (at + READ_WITHIN).replace(microsecond=0))
    return None


def signature(address: Address, key: bytes) -> str:
    """What only a holder of the deployment's secret can say of the address. Every member counts."""
    members = (
        "makegood upload address 1",
        address.use.value,
        address.tenant_id,
        address.upload_id,
        address.actor_id,
        rfc3339(address.expires_at),
    )
    return hmac.new(key, "\n".join(members).encode(), hashlib.sha256).hexdigest()


def is_signed(address: Address, key: bytes, claimed: str) -> bool:
    """Whether the claimed signature is the address's, told in constant time."""
    return hmac.compare_digest(signature(address, key).encode(), claimed.encode())
