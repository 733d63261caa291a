"""Sorting more than memory holds: rows are spilled in sorted runs and merged as they are read back.

The lines of one order may stand anywhere in a file. Sorted by order they come together, so that an order is written
once and whole, and memory holds one run of rows however long the file is.
"""

import heapq
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson

RUN_ROWS: Final = 20_000
"""Rows held in memory: some twenty megabytes."""

Row = list[Any]
"""JSON's own types; the first members are what is sorted by, and no two rows are alike in all of these."""


class Spill:
    """Rows that come back sorted. `folder` holds the runs and is somebody else's to remove."""

    def __init__(self, folder: Path, run_rows: int = RUN_ROWS) -> None:
        self._folder, self._run_rows = folder, run_rows
        self._held: list[Row] = []
        self._runs: list[Path] = []
        self.count = 0

    def add(self, row: Row) -> None:
        """One more row."""
        self._held.append(row)
        self.count += 1
        if len(self._held) >= self._run_rows:
            self._write()

    def rows(self) -> Iterator[Row]:
        """Every row, in order. Nothing is added any more."""
        if not self._runs:
            self._held.sort()
            return iter(self._held)
        if self._held:
            self._write()
        return heapq.merge(*(_read(run) for run in self._runs))

    def _write(self) -> None:
        self._held.sort()
        run = self._folder / f"{len(self._runs)}.jsonl"
        with run.open("wb") as file:
            file.writelines(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in self._held)
        self._runs.append(run)
        self._held = []


def _read(run: Path) -> Iterator[Row]:
    with run.open("rb") as file:
        for line in file:
            yield orjson.loads(line)
