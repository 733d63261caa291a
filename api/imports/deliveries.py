"""Delivery histories: a file of order lines becomes orders, shipments and deliveries, and is judged if asked.

How it works. The first reading checks every row, tells the rejected ones, notes the parties and spills the rest sorted
by order. Then the parties that are new are registered, and order after order is written, some hundreds in one
transaction, two transactions at a time, so that the database writes while the next orders are made.

Laws: an order is written whole or not at all; what is known by its numbers is left as it is, so that a second run
changes nothing and a run that was killed goes on where it stopped; memory holds a bounded part of the file; a bad row
costs itself alone, and an order that cannot be its own rows.
"""

import asyncio
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Final, Protocol

from api.imports.books import Books
from api.imports.files import Rejects, Table
from api.imports.judging import Judge, Verdict
from api.imports.mapping import ColumnMapping, Reading, Rejected
from api.imports.parties import Named, register
from api.imports.sorting import Row, Spill
from api.operations import records, tracking
from domain import deliveries
from domain.deliveries import Days, Delivery, Parties, Recalled
from domain.errors import Conflict, Invalid
from domain.ids import OrderId
from domain.money import Money
from domain.shipments import Shipment, ShipmentMode
from storage import calendars as calendar_rows
from storage import orders as order_rows
from storage import shipments as shipment_rows
from storage.shipments import Begun
from storage.unit_of_work import Work

ORDERS_IN_BATCH: Final = 400
"""Orders in one transaction: enough that its round trips do not count, few enough that a killed run repeats little."""

BATCHES_AT_ONCE: Final = 2
"""One that is being made, and one that the database writes."""


class Progress(Protocol):
    """Whoever shows how far it is."""

    def reading(self, done: int, size: int) -> None:
        """So many bytes of the file have been read."""

    def writing(self, done: int, size: int) -> None:
        """So many of its good lines are in the books."""


@dataclass(slots=True)
class Report:
    """What the file held, and what of it was news."""

    lines: int = 0
    orders: int = 0
    shipments: int = 0
    buyers: int = 0
    suppliers: int = 0
    providers: int = 0
    rejected: int = 0
    new_lines: int = 0
    new_orders: int = 0
    new_shipments: int = 0


Told = Sequence[Delivery]
"""Everything that a file tells of one order."""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a batch."""

    recalled: list[Recalled]
    rejected: list[tuple[Told, Invalid]]
    verdicts: list[Verdict]


async def import_deliveries(
    books: Books, path: Path, mapping: ColumnMapping, *, rejects_path: Path, progress: Progress, judge: Judge | None
) -> Report:
    """The file is in the books, and judged where there is a judge; what was rejected is told in `rejects_path`.

    Raises:
        Rejected: the file lacks columns that the mapping names.
        Damaged: it cannot be read to its end; nothing of it was written.
        Refused: it shall be judged, and the rule's cap is in a currency to which no rate is recorded.
    """
    report, named = Report(), Named()
    today = await books.today()
    with (
        tempfile.TemporaryDirectory(prefix="makegood-import-") as folder,
        Table(path, progress.reading) as table,
        Rejects(rejects_path, table.header) as rejects,
    ):
        spill = Spill(Path(folder))
        for told in _read(table, Reading(mapping, table.header, today), rejects):
            spill.add(_spilled(told))
            named.note(told)
        parties = await register(books, named, mapping)
        if judge is not None:
            await judge.prepare(books, parties.providers.values())
        writer = _Writer(books, parties, judge, rejects, report)
        await writer.write_all(
            _orders(spill.rows(), mapping.currency), lambda done: progress.writing(done, spill.count)
        )
        report.rejected = rejects.count
    report.buyers, report.suppliers, report.providers = len(named.buyers), len(named.suppliers), len(named.carriers)
    return report


def _read(table: Table, reading: Reading, rejects: Rejects) -> Iterator[Delivery]:
    """Every good row; every other one is told as rejected."""
    for line, cells in table.rows():
        if isinstance(cells, str):
            rejects.add(line, [cells])
            continue
        try:
            yield reading.delivery(line, cells)
        except Rejected as rejected:
            rejects.add(line, rejected.reasons, cells)


class _Writer:
    """Orders on their way into the books, batch after batch."""

    def __init__(self, books: Books, parties: Parties, judge: Judge | None, rejects: Rejects, report: Report) -> None:
        self._books, self._parties, self._judge, self._rejects, self._report = books, parties, judge, rejects, report
        self._days: dict[str, Days] = {}
        self._done = 0

    async def write_all(self, orders: Iterable[Told], progress: Callable[[int], None]) -> None:
        """Every order is in the books, or its rows are told as rejected."""
        running: set[asyncio.Task[None]] = set()

        async def write(batch: list[Told]) -> None:
            await self._write(batch)
            self._done += sum(len(told) for told in batch)
            progress(self._done)

        try:
            async with asyncio.TaskGroup() as group:
                for batch in _batches(orders):
                    running.add(group.create_task(write(batch)))
                    if len(running) == BATCHES_AT_ONCE:
                        _, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def _write(self, batch: list[Told]) -> None:
        """The batch is in the books. A batch with a conflict is halved until the order that causes it stands alone."""

        async def act(work: Work) -> Written:
            return await self._written(work, batch)

        try:
            written = await self._books.act(act)
        except Conflict as refusal:
            if len(batch) == 1:
                self._reject(batch[0], refusal.message)
                return
            await self._write(batch[: len(batch) // 2])
            await self._write(batch[len(batch) // 2 :])
        else:
            self._count(written)

    async def _written(self, work: Work, batch: list[Told]) -> Written:
        """Everything of the batch is kept in one statement: its orders and shipments name each other."""
        written = Written([], [], [])
        for country in {told[0].country for told in batch} - self._days.keys():
            self._days[country] = Days(await calendar_rows.get(work.connection, country))
        for told, recalled in await _recall(work, batch, self._parties, self._days):
            if isinstance(recalled, Invalid):
                written.rejected.append((told, recalled))
            else:
                written.recalled.append(recalled)
        for recalled in written.recalled:
            if recalled.order_change is not None:
                await work.keep(recalled.order_change, *recalled.shipment_changes)
                work.add(*recalled.events)
        await _wind(work, written.recalled)
        await records.count(work, [change for recalled in written.recalled for change in recalled.shipment_changes])
        if self._judge is not None:
            for recalled in written.recalled:
                verdict = await self._judge.verdict(work, recalled)
                if verdict is not None:
                    written.verdicts.append(verdict)
        return written

    def _count(self, written: Written) -> None:
        """The report knows of the batch, now that it is in the books."""
        report = self._report
        for told, refusal in written.rejected:
            self._reject(told, refusal.message)
        for recalled in written.recalled:
            report.orders += 1
            report.lines += len(recalled.order.lines)
            report.shipments += len(recalled.shipments)
            report.new_lines += recalled.new_lines
            report.new_orders += recalled.order_change is not None and recalled.order_change.before is None
            report.new_shipments += len(recalled.shipment_changes)
        if self._judge is not None:
            for verdict in written.verdicts:
                self._judge.tally.add(verdict)

    def _reject(self, told: Told, reason: str) -> None:
        for delivery in told:
            self._rejects.add(delivery.row, [reason])


async def _wind(work: Work, recalled: Sequence[Recalled]) -> None:
    """The clocks of what is still on its way run; a history of deliveries has none of it, and starts none."""
    underway = [
        (change, Begun.of(one.order))
        for one in recalled
        for change in one.shipment_changes
        if change.after.delivered_at is None
    ]
    if underway:
        changes = [change for change, _ in underway]
        await tracking.wind(work, changes, {change.after.id: begun for change, begun in underway})


async def _recall(
    work: Work, batch: list[Told], parties: Parties, days: Mapping[str, Days]
) -> Iterator[tuple[Told, Recalled | Invalid]]:
    """Each order of the batch with what was told of it and what the books have; Invalid where the two do not fit."""
    references = [told[0].order for told in batch]
    found = await order_rows.by_references(work.connection, work.tenant_id, references)
    known = {order.reference: order for order in found}
    shipments: defaultdict[OrderId, list[Shipment]] = defaultdict(list)
    if found:
        for shipment in await shipment_rows.by_orders(work.connection, work.tenant_id, [order.id for order in found]):
            shipments[shipment.order_id].append(shipment)

    def recalled(told: Told) -> tuple[Told, Recalled | Invalid]:
        order = known.get(told[0].order)
        try:
            return told, deliveries.recall_order(
                told,
                parties,
                days[told[0].country],
                known=order,
                shipments=() if order is None else shipments[order.id],
                mint=work.new_id,
                at=work.at,
            )
        except Invalid as refusal:
            return told, refusal

    return map(recalled, batch)


def _batches(orders: Iterable[Told]) -> Iterator[list[Told]]:
    stream = iter(orders)
    while batch := list(islice(stream, ORDERS_IN_BATCH)):
        yield batch


def _orders(rows: Iterable[Row], currency: str) -> Iterator[Told]:
    """The sorted rows, order by order."""
    for _, told in groupby(rows, key=itemgetter(0)):
        yield [_read_back(row, currency) for row in told]


def _spilled(told: Delivery) -> Row:
    """The delivery as a row of JSON's types, sorted by order and then by where it stood."""
    return [
        told.order,
        told.row,
        told.line,
        told.shipment,
        told.buyer,
        told.supplier,
        told.carrier,
        told.mode,
        told.country,
        told.description,
        told.quantity,
        told.value.minor,
        *(None if day is None else day.toordinal() for day in (told.promised_on, told.paid_on, told.delivered_on)),
        told.weight_grams,
        None if told.freight is None else told.freight.minor,
    ]


def _read_back(row: Row, currency: str) -> Delivery:
    """The delivery that was spilled so; every amount of a file is in its one currency."""
    order, place, line, shipment, buyer, supplier, carrier, mode, country, description, quantity, value, *rest = row
    promised, paid, delivered, weight_grams, freight = rest
    return Delivery(
        row=place,
        order=order,
        line=line,
        shipment=shipment,
        buyer=buyer,
        supplier=supplier,
        carrier=carrier,
        mode=ShipmentMode(mode),
        country=country,
        description=description,
        quantity=quantity,
        value=Money(value, currency),
        promised_on=None if promised is None else date.fromordinal(promised),
        paid_on=None if paid is None else date.fromordinal(paid),
        delivered_on=None if delivered is None else date.fromordinal(delivered),
        weight_grams=weight_grams,
        freight=None if freight is None else Money(freight, currency),
    )
