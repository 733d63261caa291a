"""Rate sheets from files: read in pieces of whole lines, each piece a transaction; for the worker and for the verb.

How it works. `read_on` gets the file's bytes as they come, passes over what the import has read already, cuts the rest
at line ends into pieces, and hands each to `rate_imports.take_lines`. It keeps nothing that a killed process would take
along: whoever reads next begins where the last committed piece ended.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, TypeVar

from api.operations import rate_imports
from domain.rate_imports import RateImport, RateImportState
from storage.unit_of_work import Work

R = TypeVar("R")
Act = Callable[[Callable[[Work], Awaitable[RateImport]]], Awaitable[RateImport]]
"""Does something in a transaction of its own."""

PIECE_BYTES: Final = 200_000
"""About 4,000 lines: a transaction of a fraction of a second, so that others are not kept waiting."""


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
        if len(gathered) < PIECE_BYTES:
            continue
        cut = gathered.rfind(b"\n") + 1
        if cut:
            ends = reading.read_bytes + cut
            reading = await _take(act, reading, gathered[:cut], last=False)
            gathered = gathered[cut:]
            progress(reading)
            if reading.read_bytes != ends:
                return reading
        if reading.state is not RateImportState.READING or stopping():
            return reading
    reading = await _take(act, reading, gathered, last=True)
    progress(reading)
    return reading


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
