"""Uploads: what a file's content is, whose it is, when it may come, and that addresses cannot be made up."""

from __future__ import annotations

import io
import struct
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import uploads
from domain.access import Caller, Role, Scope, ViewerKind
from domain.dates import MICROSECOND
from domain.errors import Invalid, NotFound, Refused
from domain.file_types import MEDIA_TYPES, FileType, Sniffer
from domain.ids import ApiKeyId, OrganisationId, TenantId, UploadId
from domain.uploads import (
    CONFIRM_WITHIN,
    KINDS,
    OPEN_MAX,
    SIZE_BYTES_MAX,
    Address,
    CreateUpload,
    Upload,
    UploadKind,
    UploadState,
    Use,
)

AT = datetime(2026, 2, 1, 9, tzinfo=UTC)
TENANT = TenantId.mint(1, 1)
MINE, OTHERS = OrganisationId.mint(1, 1), OrganisationId.mint(1, 2)
KEY = b"k" * 32
CALLER = Caller(
    TENANT, ApiKeyId.mint(1, 1), MINE, None, frozenset({Role.PROVIDER}), ViewerKind.PROVIDER, frozenset(Scope)
)


def office(*parts: str) -> bytes:
    """A ZIP with those parts."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for part in parts:
            archive.writestr(part, "<x/>")
    return held.getvalue()


PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(13) + b"\x00\x00\x00\x00IEND\xaeB`\x82"
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n\xff\x00\ntrailer\n%%EOF\n"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(9) + b"\xff\xd9"
WEBP = b"RIFF" + struct.pack("<L", 20) + b"WEBPVP8 " + bytes(12)
XLSX = office("[Content_Types].xml", "xl/workbook.xml", "xl/worksheets/sheet1.xml")
DOCX = office("[Content_Types].xml", "word/document.xml")
SAMPLES = {
    FileType.PDF: PDF,
    FileType.PNG: PNG,
    FileType.JPEG: JPEG,
    FileType.WEBP: WEBP,
    FileType.TIFF: b"II*\x00" + bytes(20),
    FileType.CSV: b"zone,price\nA,12.50\n",
    FileType.TEXT: "Kühlschränke, 冷蔵庫\n".encode(),
    FileType.JSON: b' {"zone": [1, 2]}\n',
    FileType.XLSX: XLSX,
    FileType.DOCX: DOCX,
}


def sniffed(content: bytes, declared: FileType, *, step: int = 7) -> FileType | None:
    """What the content is, fed in small pieces."""
    sniffer = Sniffer()
    for start in range(0, len(content), step):
        sniffer.feed(content[start : start + step])
    return sniffer.found(declared)


def test_every_type_has_a_sample() -> None:
    assert SAMPLES.keys() == set(FileType) == MEDIA_TYPES.keys()


@pytest.mark.parametrize("type_", FileType)
@pytest.mark.parametrize("step", [1, 5, 100_000])
def test_a_file_is_known_by_its_content_however_it_is_cut(type_: FileType, step: int) -> None:
    assert sniffed(SAMPLES[type_], type_, step=step) is type_


@pytest.mark.parametrize("type_", FileType)
def test_a_declaration_changes_nothing_where_the_content_says_otherwise(type_: FileType) -> None:
    text = {FileType.CSV, FileType.TEXT, FileType.JSON}
    for declared in FileType:
        if not {type_, declared} <= text:
            assert (sniffed(SAMPLES[type_], declared) is declared) == (declared is type_)


@pytest.mark.parametrize("type_", [FileType.PDF, FileType.PNG, FileType.JPEG, FileType.WEBP, FileType.XLSX])
def test_a_file_that_is_cut_off_is_of_no_type(type_: FileType) -> None:
    assert sniffed(SAMPLES[type_][:-8], type_) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"MZ\x90\x00",
        b"name,price\n\x00,1\n",
        b"name,price\n\x1b[31m,1\n",
        b"caf\xe9,1\n",
        "é".encode()[:1],
        b"<html><script>alert(1)</script></html>",
        b"  \n<svg onload='alert(1)'/>",
        b"\xef\xbb\xbf<?xml version='1.0'?><x/>",
        b"   \n",
        office("[Content_Types].xml", "xl/workbook.xml", "xl/vbaProject.bin"),
        office("[Content_Types].xml", "xl/workbook.xml") + b"tail",
        office("readme.txt"),
        b"PK\x03\x04" + bytes(40),
    ],
)
def test_what_is_dangerous_or_nothing_is_of_no_type(content: bytes) -> None:
    assert {declared: sniffed(content, declared) for declared in FileType} == dict.fromkeys(FileType)


def test_json_must_begin_and_end_like_it() -> None:
    assert sniffed(b'{"a": 1}', FileType.JSON) is FileType.JSON
    assert sniffed(b'{"a": 1', FileType.JSON) is FileType.TEXT
    assert sniffed(b"12", FileType.JSON) is FileType.TEXT


def test_an_office_file_longer_than_what_is_kept_is_known_by_its_end() -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
        archive.writestr("xl/worksheets/sheet1.xml", bytes(900_000))
        archive.writestr("xl/workbook.xml", "<x/>")
    assert sniffed(held.getvalue(), FileType.XLSX, step=65_536) is FileType.XLSX


@given(st.binary(max_size=600), st.sampled_from(list(FileType)))
def test_any_bytes_are_of_some_type_or_none(content: bytes, declared: FileType) -> None:
    assert sniffed(content, declared, step=64) in {None, *FileType}


# -- lifecycle ---------------------------------------------------------------------------------------------------------


def wish(**members: object) -> CreateUpload:
    return replace(
        CreateUpload(UploadKind.LICENCE, "licence.pdf", 1_000, FileType.PDF, "a" * 64),
        **members,  # type: ignore[arg-type]
    )


def requested(**members: object) -> Upload:
    change = uploads.create_upload(wish(**members), MINE, open_now=0, id=UploadId.mint(1, 1), by=CALLER.actor_id, at=AT)
    return change.after


def received(found: FileType | None = FileType.PDF) -> Upload:
    change = uploads.receive_upload(requested(), found, at=AT)
    assert change is not None
    return change.after


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"file_name": "../etc/passwd"}, "fileName"),
        ({"file_name": "a\\b.pdf"}, "fileName"),
        ({"file_name": ".."}, "fileName"),
        ({"file_name": ""}, "fileName"),
        ({"file_name": "a\nb"}, "fileName"),
        ({"file_name": "x" * 256}, "fileName"),
        ({"size_bytes": 0}, "size"),
        ({"size_bytes": -1}, "size"),
        ({"size_bytes": SIZE_BYTES_MAX + 1}, "size"),
        ({"sha256": "A" * 64}, "sha256"),
        ({"sha256": "a" * 63}, "sha256"),
        ({"file_type": FileType.CSV}, "contentType"),
    ],
)
def test_a_wrong_announcement_is_refused(members: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        requested(**members)
    assert [problem.field for problem in refused.value.problems] == [(field,)]


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        requested(file_name="a/b", size_bytes=0, sha256="", file_type=FileType.JSON)
    assert {problem.field[0] for problem in refused.value.problems} == {"fileName", "size", "sha256", "contentType"}


def test_the_limits_themselves_are_allowed() -> None:
    assert requested(size_bytes=SIZE_BYTES_MAX, file_name="x" * 255).state is UploadState.REQUESTED
    with pytest.raises(Refused) as refused:
        uploads.create_upload(wish(), MINE, open_now=OPEN_MAX, id=UploadId.mint(1, 1), by=CALLER.actor_id, at=AT)
    assert [finding.reason for finding in refused.value.unmet] == ["uploads_open_below_limit"]


def test_papers_are_personal_and_prices_are_not() -> None:
    assert KINDS.keys() == set(UploadKind)
    assert KINDS[UploadKind.LICENCE].personal
    assert not KINDS[UploadKind.RATE_SHEET].personal


def test_what_was_declared_is_accepted_by_way_of_quarantine() -> None:
    confirmed = uploads.confirm_upload(received(), CALLER, at=AT)
    assert confirmed.quarantined.after.state is UploadState.QUARANTINED
    assert confirmed.judged.after.state is UploadState.ACCEPTED
    assert confirmed.judged.after.ended_at == AT
    assert uploads.because(confirmed.judged.after, AT) == ()
    uploads.require_usable(confirmed.judged.after, MINE)


@pytest.mark.parametrize("found", [None, FileType.PNG])
def test_other_content_is_refused_and_says_why(found: FileType | None) -> None:
    refused = uploads.confirm_upload(received(found), CALLER, at=AT).judged.after
    assert refused.state is UploadState.REFUSED
    (finding,) = uploads.because(refused, AT)
    assert finding.reason == "upload_content_as_declared"
    assert finding.inputs == {"declared": "PDF", "found": found and found.value}
    with pytest.raises(Refused):
        uploads.require_usable(refused, MINE)


def test_bytes_that_come_twice_are_the_same_bytes() -> None:
    assert uploads.receive_upload(received(), FileType.PDF, at=AT) is None


def test_the_deadline_itself_is_in_time_and_the_next_microsecond_is_not() -> None:
    upload, last = requested(), AT + CONFIRM_WITHIN
    assert uploads.receive_upload(upload, FileType.PDF, at=last) is not None
    with pytest.raises(Refused):
        uploads.receive_upload(upload, FileType.PDF, at=last + MICROSECOND)
    assert uploads.confirm_upload(received(), CALLER, at=last).judged.after.state is UploadState.ACCEPTED
    with pytest.raises(Refused):
        uploads.confirm_upload(received(), CALLER, at=last + MICROSECOND)
    with pytest.raises(ValueError, match="can be confirmed until"):
        uploads.lapse_upload(upload, at=last)


def test_nothing_happens_to_what_has_ended() -> None:
    accepted = uploads.confirm_upload(received(), CALLER, at=AT).judged.after
    with pytest.raises(Refused):
        uploads.receive_upload(accepted, FileType.PDF, at=AT)
    with pytest.raises(Refused):
        uploads.confirm_upload(accepted, CALLER, at=AT)
    assert uploads.lapse_upload(accepted, at=AT + CONFIRM_WITHIN * 2) is None
    with pytest.raises(ValueError, match="its bytes stay"):
        uploads.erase_upload(accepted, at=AT)


def test_a_lapsed_upload_loses_its_bytes_once() -> None:
    lapsed = uploads.lapse_upload(received(), at=AT + CONFIRM_WITHIN + MICROSECOND)
    assert lapsed is not None
    erased = uploads.erase_upload(lapsed.after, at=AT + CONFIRM_WITHIN * 2).after
    assert erased.erased_at == AT + CONFIRM_WITHIN * 2
    with pytest.raises(ValueError, match="its bytes stay"):
        uploads.erase_upload(erased, at=AT + CONFIRM_WITHIN * 2)


def test_moves_and_the_mutation_say_the_same() -> None:
    (move,) = uploads.moves(requested(), CALLER, AT)
    with pytest.raises(Refused) as refused:
        uploads.confirm_upload(requested(), CALLER, at=AT)
    assert refused.value.unmet == move.because
    assert uploads.moves(received(), CALLER, AT)[0].available
    stranger = replace(CALLER, organisation_id=OTHERS)
    assert [finding.reason for finding in uploads.moves(received(), stranger, AT)[0].because] == [
        "upload_action_of_your_role"
    ]


def test_another_organisations_upload_does_not_exist() -> None:
    accepted = uploads.confirm_upload(received(), CALLER, at=AT).judged.after
    with pytest.raises(NotFound):
        uploads.require_usable(accepted, OTHERS)
    with pytest.raises(NotFound):
        uploads.require_own(accepted, replace(CALLER, organisation_id=OTHERS))
    with pytest.raises(Refused) as refused:
        uploads.require_usable(received(), MINE, frozenset({UploadKind.IDENTITY}))
    assert [finding.reason for finding in refused.value.unmet] == ["upload_accepted", "upload_of_fitting_kind"]


# -- addresses ---------------------------------------------------------------------------------------------------------


def test_an_address_is_to_send_to_and_then_to_read_from() -> None:
    sending = uploads.address(requested(), TENANT, CALLER, at=AT)
    accepted = uploads.confirm_upload(received(), CALLER, at=AT).judged.after
    reading = uploads.address(accepted, TENANT, CALLER, at=AT)
    assert sending is not None
    assert reading is not None
    assert (sending.use, reading.use) == (Use.SEND, Use.READ)
    refused = uploads.confirm_upload(received(None), CALLER, at=AT).judged.after
    assert uploads.address(refused, TENANT, CALLER, at=AT) is None
    late = AT + CONFIRM_WITHIN - timedelta(minutes=1)
    shortened = uploads.address(requested(), TENANT, CALLER, at=late)
    assert shortened is not None
    assert shortened.expires_at == AT + CONFIRM_WITHIN
    assert uploads.address(requested(), TENANT, CALLER, at=AT + CONFIRM_WITHIN + MICROSECOND) is None


@pytest.mark.parametrize(
    "other",
    [
        {"use": Use.READ},
        {"tenant_id": TenantId.mint(1, 2)},
        {"upload_id": UploadId.mint(1, 2)},
        {"actor_id": "somebody"},
        {"expires_at": AT + timedelta(seconds=1)},
    ],
)
def test_a_signature_is_good_for_its_own_address_only(other: dict[str, object]) -> None:
    address = Address(Use.SEND, TENANT, UploadId.mint(1, 1), "key_1", AT)
    good = uploads.signature(address, KEY)
    assert uploads.is_signed(address, KEY, good)
    assert not uploads.is_signed(replace(address, **other), KEY, good)  # type: ignore[arg-type]
    assert not uploads.is_signed(address, b"x" * 32, good)
    assert not uploads.is_signed(address, KEY, "é")
    assert not uploads.is_signed(address, KEY, "")
