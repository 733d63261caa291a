"""Places from the files of UN/LOCODE: the three parts of a release, or any of them.

How it works. Every file is read twice: first its places, a thousand at a time, each batch a transaction of its own;
then its other names, which may speak of a place that any of the files lists later. A row that is known already changes
nothing, so an import that was stopped is simply run again, and memory does not grow with the list.

Laws: a bad row is told with its line and its reasons and ends nothing; older releases are in Latin-1 and newer ones in
UTF-8, which is found out row by row; what the list no longer has stays known, since lanes and addresses may name it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Final

import asyncpg

from api.imports.files import Rejects, Table
from domain import unlocode
from domain.unlocode import COLUMNS, Alias, Listed, Unreadable
from storage import places
from storage.places import OtherName

BATCH: Final = 1_000

Progress = Callable[[int, int], None]
Refused = Callable[[int, Sequence[str], Sequence[str]], None]
"""(line, reasons, cells)"""


@dataclass(slots=True)
class PlaceReport:
    """What the files held. `leaving` are places that the next release will not have; they are kept like the others."""

    read: int = 0
    new: int = 0
    changed: int = 0
    leaving: int = 0
    names: int = 0
    new_names: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """A row that could be read: where it stands, its cells, and what it says."""

    line: int
    cells: Sequence[str]
    says: Listed | Alias


async def import_places(
    owner_url: str, files: Sequence[Path], *, rejects_path: Path, dry_run: bool, progress: Progress
) -> PlaceReport:
    """The places and other names of those files are known; with `dry_run` nothing is, and the report says what would.

    `owner_url` connects as the owner of the tables: places are the same for every tenant.

    Raises:
        Damaged: a file cannot be read to its end; what was read before it is kept.
    """
    report = PlaceReport()
    connection = await asyncpg.connect(owner_url)
    try:
        with Rejects(rejects_path, COLUMNS) as rejects:
            if dry_run:
                whole = connection.transaction()
                await whole.start()
                try:
                    await _import(connection, files, rejects, report, progress)
                finally:
                    await whole.rollback()
            else:
                await _import(connection, files, rejects, report, progress)
            report.rejected = rejects.count
    finally:
        await connection.close()
    return report


async def _import(
    connection: asyncpg.Connection,
    files: Sequence[Path],
    rejects: Rejects,
    report: PlaceReport,
    progress: Progress,
) -> None:
    for file in files:
        await _import_places(connection, file, rejects, report, progress)
    for file in files:
        await _import_names(connection, file, rejects, report, progress)


async def _import_places(
    connection: asyncpg.Connection, file: Path, rejects: Rejects, report: PlaceReport, progress: Progress
) -> None:
    def refused(line: int, reasons: Sequence[str], cells: Sequence[str]) -> None:
        rejects.add(line, [f"{file.name}: {'; '.join(reasons)}"], cells)

    with Table(file, progress) as table:
        rows = (row.says for row in _rows(table, refused) if isinstance(row.says, Listed))
        while batch := list(islice(rows, BATCH)):
            found = {each.place.unlocode: each.place for each in batch}  # a code that comes twice: its last row counts
            new, changed = await places.merge(connection, list(found.values()), file.name)
            report.read += len(batch)
            report.leaving += sum(each.leaving for each in batch)
            report.new += new
            report.changed += changed


async def _import_names(
    connection: asyncpg.Connection, file: Path, rejects: Rejects, report: PlaceReport, progress: Progress
) -> None:
    with Table(file, progress) as table:
        rows = ((row, row.says) for row in _rows(table, None) if isinstance(row.says, Alias))
        while batch := list(islice(rows, BATCH)):
            known = await places.codes_by_names(connection, [(each.country, each.ascii_of) for _, each in batch])
            found: dict[tuple[str, str, str], OtherName] = {}
            for row, each in batch:
                codes = known.get((each.country, each.ascii_of.lower()), ())
                if not codes:
                    reason = f"{file.name}: no place in {each.country} is called {each.of}"
                    rejects.add(row.line, [reason], row.cells)
                for code in codes:
                    named = OtherName(each.country, each.name, each.ascii_name, code)
                    found[each.country, each.ascii_name, code] = named
            report.names += len(batch)
            report.new_names += await places.merge_names(connection, list(found.values()), file.name)


def _rows(table: Table, refused: Refused | None) -> Iterator[Row]:
    """Every row that says something; those that cannot be read are told to `refused`, where there is one."""
    first = [] if unlocode.is_header(table.header) else [(1, table.header)]
    for line, raw in chain(first, table.rows()):
        cells = [] if isinstance(raw, str) else [mended(cell) for cell in raw]
        try:
            if isinstance(raw, str):
                raise Unreadable(raw)
            says = unlocode.read_row(cells)
        except Unreadable as unreadable:
            if refused is not None:
                refused(line, unreadable.reasons, cells)
        else:
            if says is not None:
                yield Row(line, cells, says)


def mended(cell: str) -> str:
    """The cell as its release meant it: bytes that are not UTF-8 are Latin-1, as Windows has it.

    `Table` keeps such bytes as surrogates. The five bytes that Windows leaves free stay what Latin-1 says.
    """
    if cell.isascii() or not any("\udc80" <= character <= "\udcff" for character in cell):
        return cell
    written = cell.encode("utf-8", "surrogateescape")
    try:
        return written.decode("cp1252")
    except UnicodeDecodeError:
        return written.decode("latin-1")
