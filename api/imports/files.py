"""Files on their way in: CSV rows with their line numbers, plain or gzipped; and the file of what was rejected.

Laws: a file is read as a stream and never whole; a row that cannot be read does not end the reading; what was rejected
is told with its line and its reasons, beside its own cells, so that the file can be mended and sent again.
"""

import csv
import gzip
import zlib
from collections.abc import Callable, Iterator, Sequence
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

GZIP: Final = b"\x1f\x8b"
"""How a gzipped file begins, whatever it is called."""

CELL_CHARACTERS_MAX: Final = 100_000
"""The longest cell; a quotation mark that is never closed would otherwise swallow the rest of the file."""

EVERY: Final = 1_000
"""Rows between two reports of progress."""

ROWS: Final = ("rejected line", "rejected because")
"""The columns that a file of rejects begins with; named so that no file of deliveries has them too."""


class Damaged(Exception):
    """The file cannot be read on: it is not what it says it is, or ends in the middle."""


class Table:
    """A CSV file that is read once. `header` is its first row; `rows` gives the later ones with their lines."""

    def __init__(self, path: Path, progress: Callable[[int, int], None]) -> None:
        self._progress, self._size = progress, path.stat().st_size
        self._raw: IO[bytes] = path.open("rb")
        zipped = self._raw.read(len(GZIP)) == GZIP
        self._raw.seek(0)
        source = gzip.GzipFile(fileobj=self._raw) if zipped else self._raw
        # What is not UTF-8 becomes characters that no cell may hold, so that its row is rejected and not the file.
        text = TextIOWrapper(source, encoding="utf-8-sig", errors="surrogateescape", newline="")
        csv.field_size_limit(CELL_CHARACTERS_MAX)
        self._reader = csv.reader(text, strict=True)
        try:
            self.header = next(self._reader, [])
        except (csv.Error, OSError, EOFError, zlib.error) as reason:
            self.close()
            raise Damaged(f"{path.name} is no CSV file: {reason}") from reason

    def rows(self) -> Iterator[tuple[int, list[str] | str]]:
        """(line, cells) of each row; (line, reason) of one that is no row of CSV. Empty lines are passed over.

        Raises:
            Damaged: the file ends in the middle.
        """
        for count, row in enumerate(self._lines()):
            if count % EVERY == 0:
                self._progress(self._raw.tell(), self._size)
            if row[1]:
                yield row
        self._progress(self._size, self._size)

    def _lines(self) -> Iterator[tuple[int, list[str] | str]]:
        while True:
            line = self._reader.line_num + 1
            try:
                yield line, next(self._reader)
            except StopIteration:
                return
            except csv.Error as reason:
                yield line, f"it is no row of CSV: {reason}"
            except (OSError, EOFError, zlib.error) as reason:
                raise Damaged(f"the file ends in the middle, after line {self._reader.line_num}: {reason}") from reason

    def close(self) -> None:
        """The file is closed."""
        self._raw.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()


class Rejects:
    """Where rejected rows are told, with the columns of the file they came from. Made when there is a first one."""

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        self.path, self.count = path, 0
        self._header = header
        self._file: IO[str] | None = None

    def add(self, line: int, reasons: Sequence[str], cells: Sequence[str] = ()) -> None:
        """One row was rejected; `cells` are its own, where they are still known."""
        if self._file is None:
            self._file = self.path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
            csv.writer(self._file).writerow((*ROWS, *self._header))
        told = "; ".join([*(reason.rstrip(".") for reason in reasons[:-1]), *reasons[-1:]])
        csv.writer(self._file).writerow((line, told, *cells))
        self.count += 1

    def close(self) -> None:
        """What was told is on the disk."""
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()
