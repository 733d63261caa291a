"""Rate sheets from files: read in pieces of whole lines, each piece a transaction; for the worker and for the verb.

How it works. `read_on` gets the file's bytes as they come, passes over what the import has read already, cuts the rest
at line ends into pieces, and hands each to `rate_imports.take_lines`. It keeps nothing that a killed process would take
along: whoever reads next begins where the last committed piece ended.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Final

from api.imports.books import Books
from api.imports.files import Rejects
from api.operations import rate_imports, rate_sheets
from domain import words
from domain.rate_imports import File, RateImport, RateImportState
from domain.rate_sheets import SheetWish
from domain.services import ServiceAction
from storage import rate_imports as import_rows
from storage.unit_of_work import Work

Act = Callable[[Callable[[Work], Awaitable[RateImport]]], Awaitable[RateImport]]
"""Does something in a transaction of its own."""

READ_BYTES: Final = 65_536
"""Of a file on the operator's disk, at once."""

PIECE_BYTES = 100_000
"""About 2,500 lines: a transaction of a fraction of a second, so that others are not kept waiting."""


async def read_on(
    act: Act,
    begun: RateImport,
    chunks: AsyncIterator[bytes],
    *,
    progress: Callable[[RateImport], None] = lambda _: None,
    stopping: Callable[[], bool] = lambda: False,
) -> RateImport:
    """The import is read from where it stands to its end, or until `stopping`; how it stands then.

    It also ends where somebody else has read on in the meantime: the rest is theirs.
    """
    reading, gathered, position = begun, b"", 0
    async for chunk in chunks:
        skipped = min(max(reading.read_bytes - position, 0), len(chunk)) if not gathered else 0
        position += len(chunk)
        gathered += chunk[skipped:]
        while cut := _cut(gathered):
            ends = reading.read_bytes + cut
            reading = await _take(act, reading, gathered[:cut], last=False)
            gathered = gathered[cut:]
            progress(reading)
            if reading.read_bytes != ends or reading.state is not RateImportState.READING or stopping():
                return reading
    reading = await _take(act, reading, gathered, last=True)
    progress(reading)
    return reading


def _cut(gathered: bytes) -> int:
    """How many bytes of what was gathered are a piece of whole lines; 0 where there are not enough for one yet."""
    if len(gathered) < PIECE_BYTES:
        return 0
    return gathered.rfind(b"\n", 0, PIECE_BYTES) + 1 or gathered.find(b"\n") + 1


async def import_file(
    books: Books,
    path: Path,
    wish: SheetWish,
    *,
    dry_run: bool,
    rejects_path: Path,
    progress: Callable[[RateImport], None],
) -> RateImport:
    """The operator's file is read into a draft of its own; one that was cut short is read on where it stopped.

    Lines that are no rates are told in `rejects_path`. Refuses like `domain.rate_sheets.open_sheet`.
    """
    file = await asyncio.to_thread(_known, path)

    async def begin(work: Work) -> RateImport:
        service = await rate_sheets.writable(work, wish.service_id, ServiceAction.IMPORT_RATE_SHEET)
        cut_short = await import_rows.find_cut_short(
            work.connection, work.tenant_id, service.id, file.digest, dry_run=dry_run
        )
        return cut_short or await rate_imports.begin(work, service, wish, file, dry_run=dry_run)

    read = await read_on(books.act, await books.act(begin), _chunks(path), progress=progress)
    await _write_rejects(books, read, rejects_path)
    return read


def _known(path: Path) -> File:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return File(path.name, path.stat().st_size, digest)


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(path.open, "rb") as file:
        while chunk := await asyncio.to_thread(file.read, READ_BYTES):
            yield chunk


async def _write_rejects(books: Books, read: RateImport, path: Path) -> None:
    async with books.pool.acquire(books.caller.tenant_id) as connection:
        rejects = await import_rows.rejects_of(connection, books.caller.tenant_id, read.id)
    with Rejects(path, ["row"]) as told:
        for reject in rejects:
            told.add(reject.line, [words.sentence(finding) for finding in reject.findings], [reject.row])


async def _take(act: Act, reading: RateImport, piece: bytes, *, last: bool) -> RateImport:
    # What is not UTF-8 becomes characters that no cell may hold, so that its line is rejected and not the file.
    texts = piece.decode("utf-8", errors="surrogateescape").split("\n")
    if texts[-1] == "":
        texts.pop()
    begins = reading.read_bytes

    async def taken(work: Work) -> RateImport:
        return await rate_imports.take_lines(
            work, reading.id, texts, begins=begins, ends=begins + len(piece), last=last
        )

    return await act(taken)
