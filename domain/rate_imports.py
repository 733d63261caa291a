"""Imports of rate sheets: a file is read in pieces into a draft of its own, or not at all (`domain.md` 6.3).

    READING ── all lines are good and fit each other ──> DONE         the draft is filled, ready to be activated
    READING ── a line is bad, or does not fit the others ──> REJECTED the draft is discarded, every bad line is told
    READING ── cancel ──> CANCELLED                                   the draft is discarded

An import opens a draft of its own, so nothing that is in force is ever half replaced; a dry run goes all the way and
discards its draft in the end. Each piece is one transaction that moves `read_bytes`, so that a reader killed at any
instant is followed by another that begins exactly there.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.access import Caller, may
from domain.change import Change, Fact, Happening
from domain.errors import Refused
from domain.explain import Finding, unmet
from domain.file_types import FileType
from domain.ids import ProviderId, RateImportId, RateRejectId, RateSheetId, ServiceId, UploadId
from domain.moves import Move, require
from domain.rate_sheets import RateSheet, SheetWish
from domain.uploads import Upload

REJECTS_MAX: Final = 1_000
"""Bad lines that are kept with their reasons; the others are counted. Whoever sees a thousand mends the file."""
ROW_CHARACTERS_MAX: Final = 500
"""Of a bad line that is kept."""


class RateImportState(StrEnum):
    """Where an import stands."""

    READING = "READING"
    """The file is being read."""
    DONE = "DONE"
    """Every line is a rate or a surcharge, and they fit each other."""
    REJECTED = "REJECTED"
    """Something is wrong with the file: see its rejects. Nothing of it is kept."""
    CANCELLED = "CANCELLED"
    """Somebody changed their mind."""


class RateImportAction(StrEnum):
    """What can be done with an import; the value is the mutation's name in capitals."""

    CANCEL_RATE_IMPORT = "CANCEL_RATE_IMPORT"
    """cancelRateImport: the file is read no further, and its draft is discarded."""


@dataclass(frozen=True, slots=True)
class RateImport:
    """A file on its way into a draft. `read_bytes` is where the next line begins, `read_lines` how many were read.

    `upload_id` is None where the operator reads a file of its own. `accepted` and `rejected` count lines, `surcharges`
    those of the accepted ones that are surcharges; the others are rates.
    """

    id: RateImportId
    rate_sheet_id: RateSheetId
    service_id: ServiceId
    provider_id: ProviderId
    upload_id: UploadId | None
    file_name: str
    digest: str
    dry_run: bool
    state: RateImportState
    size_bytes: int
    read_bytes: int
    read_lines: int
    header: tuple[str, ...]
    accepted: int
    surcharges: int
    rejected: int
    started_at: datetime
    ended_at: datetime | None
    version: int

    @property
    def rates(self) -> int:
        """Accepted lines that are rates."""
        return self.accepted - self.surcharges


@dataclass(frozen=True, slots=True)
class RateReject:
    """A bad line, as it stood in the file, with everything that is wrong with it."""

    id: RateRejectId
    rate_import_id: RateImportId
    line: int
    row: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class ImportRateSheet:
    """The wish for a new version of prices from an upload; `dry_run` only looks whether it would be one."""

    sheet: SheetWish
    upload_id: UploadId
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class CancelRateImport:
    """The wish that a file is read no further."""

    rate_import_id: RateImportId


@dataclass(frozen=True, slots=True)
class File:
    """What is known of a file before it is read."""

    name: str
    size_bytes: int
    digest: str
    upload_id: UploadId | None = None


def require_csv(upload: Upload) -> None:
    """Returns if the upload is CSV. Refuses a workbook: its cells depend on the program that shows them."""
    finding = Finding(
        "rate_file.csv", upload.file_type is FileType.CSV, "rate_file_is_csv", {"type": upload.file_type.value}
    )
    if because := unmet((finding,)):
        raise Refused("rate_import.file", "Rates are read from CSV.", because)


def start(sheet: RateSheet, file: File, *, dry_run: bool, id: RateImportId, at: datetime) -> Change[RateImport]:
    """The file will be read into the draft."""
    begun = RateImport(
        id=id,
        rate_sheet_id=sheet.id,
        service_id=sheet.service_id,
        provider_id=sheet.provider_id,
        upload_id=file.upload_id,
        file_name=file.name,
        digest=file.digest,
        dry_run=dry_run,
        state=RateImportState.READING,
        size_bytes=file.size_bytes,
        read_bytes=0,
        read_lines=0,
        header=(),
        accepted=0,
        surcharges=0,
        rejected=0,
        started_at=at,
        ended_at=None,
        version=1,
    )
    return Change(None, begun, (Happening("rate_import.started", _facts(begun) | {"digest": file.digest}),))


def advance(
    reading: RateImport,
    *,
    read_bytes: int,
    read_lines: int,
    header: tuple[str, ...],
    rates: int,
    surcharges: int,
    rejected: int,
) -> Change[RateImport]:
    """So much more was read: totals of bytes and lines, and how many lines were what, or rejected, on the way."""
    after = replace(
        reading,
        read_bytes=read_bytes,
        read_lines=read_lines,
        header=header,
        accepted=reading.accepted + rates + surcharges,
        surcharges=reading.surcharges + surcharges,
        rejected=reading.rejected + rejected,
        version=reading.version + 1,
    )
    return Change(reading, after, (Happening("rate_import.advanced", _facts(after)),))


def end(reading: RateImport, state: RateImportState, *, rejected: int, at: datetime) -> Change[RateImport]:
    """The import is over; `rejected` more lines were found not to fit the others. Refuses (ValueError) one that is."""
    if reading.state is not RateImportState.READING:
        raise ValueError(f"{reading.id} is over")
    after = replace(
        reading, state=state, rejected=reading.rejected + rejected, ended_at=at, version=reading.version + 1
    )
    return Change(reading, after, (Happening(f"rate_import.{state.lower()}", _facts(after)),))


def moves(reading: RateImport, caller: Caller) -> tuple[Move, ...]:
    """Every action on the import for that caller, with all that stands in its way."""
    own = caller.is_operator or caller.party_id == reading.provider_id
    findings = (
        Finding("rate_import.role", own and may(caller, "cancelRateImport"), "rate_import_is_yours"),
        Finding(
            "rate_import.state",
            reading.state is RateImportState.READING,
            "rate_import_is_reading",
            {"state": reading.state.value},
        ),
    )
    return (Move(RateImportAction.CANCEL_RATE_IMPORT.value, unmet(findings)),)


def cancel_rate_import(reading: RateImport, caller: Caller, *, at: datetime) -> Change[RateImport]:
    """The file is read no further. Refuses, with every reason, what `moves` blocks."""
    require(moves(reading, caller), RateImportAction.CANCEL_RATE_IMPORT.value, "rate_import.cancel")
    return end(reading, RateImportState.CANCELLED, rejected=0, at=at)


def _facts(reading: RateImport) -> dict[str, Fact]:
    return {
        "rateSheet": reading.rate_sheet_id,
        "dryRun": reading.dry_run,
        "lines": reading.read_lines,
        "accepted": reading.accepted,
        "rejected": reading.rejected,
    }
