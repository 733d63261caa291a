"""Exchange rates from a file: columns base, quote, day, rate, and source where rows have their own.

Laws: a rate that is known stays; another one for its pair and day is rejected with its line; a second run changes
nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import islice
from pathlib import Path
from typing import Final

from api.imports.books import Books
from api.imports.files import Rejects, Table
from api.imports.mapping import Rejected
from domain import exchange_rates
from domain.errors import Conflict
from domain.exchange_rates import NewRate
from domain.ids import ExchangeRateId
from storage import exchange_rates as rate_rows
from storage.unit_of_work import Work

COLUMNS: Final = ("base", "quote", "day", "rate")
BATCH: Final = 1_000


@dataclass(frozen=True, slots=True)
class Told:
    """One row: where it stands, what it says, and who says so."""

    line: int
    cells: Sequence[str]
    rate: NewRate
    source: str


@dataclass(slots=True)
class RateReport:
    """What the file held."""

    recorded: int = 0
    known: int = 0
    rejected: int = 0


async def import_rates(
    books: Books, path: Path, source: str, *, rejects_path: Path, progress: Callable[[int, int], None]
) -> RateReport:
    """The rates are recorded; rows that are none, and those that contradict what is known, are told in `rejects_path`.

    `source` says who says so, where a row does not.

    Raises:
        Rejected: the file lacks a column.
        Damaged: it cannot be read to its end.
    """
    report, today = RateReport(), await books.today()
    with Table(path, progress) as table, Rejects(rejects_path, table.header) as rejects:
        rows = _read(table, source, today, rejects)
        while batch := list(islice(rows, BATCH)):
            await _record(books, batch, today, rejects, report)
        report.rejected = rejects.count
    return report


def _read(table: Table, source: str, today: date, rejects: Rejects) -> Iterator[Told]:
    """Every good row; every other one is told as rejected."""
    if lacking := [column for column in COLUMNS if column not in table.header]:
        raise Rejected(*(f"the file has no column {column!r}" for column in lacking))
    places = {column: table.header.index(column) for column in (*COLUMNS, "source") if column in table.header}
    for line, cells in table.rows():
        if isinstance(cells, str):
            rejects.add(line, [cells])
            continue
        try:
            rate = _rate({column: cells[place].strip() for column, place in places.items()})
        except (ValueError, InvalidOperation, IndexError):
            rejects.add(line, ["expected two currencies, a day like 2026-03-01 and a number"], cells)
            continue
        if wrong := exchange_rates.problems(rate, today):
            rejects.add(line, wrong, cells)
        else:
            yield Told(line, cells, rate, (cells[places["source"]].strip() if "source" in places else "") or source)


def _rate(cells: dict[str, str]) -> NewRate:
    return NewRate(cells["base"], cells["quote"], date.fromisoformat(cells["day"]), Decimal(cells["rate"]))


async def _record(books: Books, batch: Sequence[Told], today: date, rejects: Rejects, report: RateReport) -> None:
    """The batch is recorded; one that contradicts what is known is halved until the contradiction stands alone."""

    async def act(work: Work) -> int:
        pairs = {(told.rate.base, told.rate.quote, told.rate.day) for told in batch}
        known = await rate_rows.by_pairs(work.connection, work.tenant_id, pairs)
        recorded = 0
        for source in sorted({told.source for told in batch}):
            of_source = [(work.new_id(ExchangeRateId), told.rate) for told in batch if told.source == source]
            changes = exchange_rates.record_exchange_rates(of_source, known, source, today=today, at=work.at)
            known += [change.after for change in changes]
            await work.keep_all(changes)
            recorded += len(changes)
        return recorded

    try:
        recorded = await books.act(act)
    except Conflict as refusal:
        if len(batch) == 1:
            rejects.add(batch[0].line, [refusal.message], batch[0].cells)
            return
        half = len(batch) // 2
        await _record(books, batch[:half], today, rejects, report)
        await _record(books, batch[half:], today, rejects, report)
    else:
        report.recorded += recorded
        report.known += len(batch) - recorded
