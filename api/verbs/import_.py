"""`./run import`: deliveries, exchange rates, rate sheets, places; what a history would have cost in promises."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table as Columns

from api.imports import mapping as mappings
from api.imports.books import Books
from api.imports.deliveries import Report, import_deliveries
from api.imports.files import Damaged, Table
from api.imports.judging import Judge, Share, Tally
from api.imports.mapping import ColumnMapping, Rejected
from api.imports.places import PlaceReport, import_places
from api.imports.rate_sheets import import_file
from api.imports.rates import import_rates
from api.operations import rate_sheets
from api.settings import Settings, Unusable
from api.verbs.tenants import sentence, tenant_named, with_worker
from domain import dates, guarantees, rule_kinds
from domain.errors import Refusal
from domain.guarantees import OnTimeTerms, Promise
from domain.ids import RateSheetId, ServiceId, TenantId
from domain.money import Money
from domain.rate_imports import RateImport, RateImportState
from domain.rate_sheets import RateSheetCommand, SheetWish
from domain.rulebook import RuleKind
from storage import rulebook
from storage.pool import Pool

DAY = len("2026-03-01")
SHIPPED_RULE = "guarantees/on_time"
"""What a history is judged by unless another rule is named."""

CONNECTIONS = 3
"""Two batches at once, and one to spare."""

ALLOCATIONS = 100_000
"""Objects made between two searches for circles of garbage. An import makes millions and no circles; searching after
every few hundred costs it a third of its time."""

Tenant = Annotated[str | None, typer.Option(help="The marketplace's id; may be left out where there is one only.")]
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="CSV, plain or gzipped.")]
RejectsTo = Annotated[
    Path | None, typer.Option(help="Where rejected rows are told; FILE.rejects.csv in the current folder if not given.")
]

command = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Import deliveries, exchange rates, a rate sheet or places from files.",
    no_args_is_help=True,
)


@command.command()
def deliveries(
    file: File,
    mapping: Annotated[
        str | None,
        typer.Option(
            help="A shipped mapping's name or a TOML file; if not given, the shipped one that fits the header."
        ),
    ] = None,
    tenant: Tenant = None,
    judge: Annotated[bool, typer.Option("--judge", help="Judge every delivered order under an on-time rule.")] = False,
    rules: Annotated[
        str, typer.Option(help="The rule to judge by: a published rule's key, or a TOML file.")
    ] = SHIPPED_RULE,
    apply: Annotated[
        bool, typer.Option("--apply", help="Write the claims and coupons that the judgement comes to; implies --judge.")
    ] = False,
    rejects: RejectsTo = None,
) -> None:
    """Import a delivery history. A second run changes nothing; a run that was killed goes on where it stopped."""
    rejects_path = rejects or _rejects_of(file)

    async def run(_settings: Settings, pool: Pool) -> tuple[Report, Judge | None]:
        tenant_id = await tenant_named(pool, tenant)
        judging = await _judge(pool, tenant_id, rules, apply=apply) if judge or apply else None
        books = Books.open(pool, tenant_id, "importDeliveries")
        with _bars() as bars:
            report = await import_deliveries(
                books, file, _mapping(mapping, file), rejects_path=rejects_path, progress=bars, judge=judging
            )
        return report, judging

    report, judging = _told(run)
    _print_report(report, rejects_path)
    if judging is not None:
        _print_tally(judging.tally, applied=judging.version is not None)


@command.command()
def rates(
    file: File,
    source: Annotated[str | None, typer.Option(help="Who says so; the file's name if neither given nor in it.")] = None,
    tenant: Tenant = None,
    rejects: RejectsTo = None,
) -> None:
    """Import exchange rates (columns base, quote, day, rate). What is recorded is never changed."""
    rejects_path = rejects or _rejects_of(file)

    async def run(_settings: Settings, pool: Pool) -> Any:
        books = Books.open(pool, await tenant_named(pool, tenant), "recordExchangeRates")
        with _bars() as bars:
            return await import_rates(
                books, file, source or file.name, rejects_path=rejects_path, progress=bars.reading
            )

    report = _told(run)
    print(f"{report.recorded:,} rates recorded, {report.known:,} known already, {report.rejected:,} rejected.")
    if report.rejected:
        print(f"Rejected rows and their reasons: {rejects_path}")


@command.command()
def places(
    files: Annotated[
        list[Path], typer.Argument(exists=True, dir_okay=False, readable=True, help="The files of UN/LOCODE, as CSV.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be new.")] = False,
    rejects: RejectsTo = None,
) -> None:
    """Import UN/LOCODE (the three parts of a release), for every marketplace. A second run changes nothing."""
    rejects_path = rejects or _rejects_of(files[0])

    async def run(settings: Settings, _pool: Pool) -> PlaceReport:
        if not settings.database_owner_url:
            raise Unusable(
                "DATABASE_OWNER_URL must name the database as the role that owns it: places are everybody's."
            )
        with _bars() as bars:
            return await import_places(
                settings.database_owner_url, files, rejects_path=rejects_path, dry_run=dry_run, progress=bars.reading
            )

    report = _told(run)
    print(
        f"{report.read:,} places read: {report.new:,} new, {report.changed:,} changed, {report.leaving:,} leaving with "
        f"the next release. {report.names:,} other names: {report.new_names:,} new. {report.rejected:,} rows rejected."
    )
    if dry_run:
        print("It was only tried.")
    if report.rejected:
        print(f"Rejected rows and their reasons: {rejects_path}")


@command.command("rate-sheet")
def rate_sheet(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="CSV; see the manual.")],
    service: Annotated[str, typer.Option(help="The service whose prices they are: svc_….")],
    currency: Annotated[str, typer.Option(help="The currency of every price in it.")],
    valid_from: Annotated[str, typer.Option(help="From when it governs: a day (UTC) or an instant with its offset.")],
    valid_until: Annotated[
        str | None, typer.Option(help="The first instant at which it no longer does; until superseded if not given.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="What people call it; the file's name if not given.")] = None,
    supersedes: Annotated[
        str | None, typer.Option(help="The active version that it takes the place of: rsh_….")
    ] = None,
    volumetric_divisor: Annotated[
        int | None, typer.Option(help="Cubic centimetres that count as a kilogram; the mode's own if not given.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look whether the file is good.")] = False,
    activate: Annotated[bool, typer.Option("--activate", help="Activate it once it is read.")] = False,
    tenant: Tenant = None,
    rejects: RejectsTo = None,
) -> None:
    """Import a rate sheet with its surcharges (the columns: infra/docs/rate-sheets.md): all of it or nothing."""
    rejects_path, began = rejects or _rejects_of(file), perf_counter()
    wish = _sheet(service, currency, title or file.stem, valid_from, valid_until, supersedes, volumetric_divisor)

    async def run(_settings: Settings, pool: Pool) -> RateImport:
        books = Books.open(pool, await tenant_named(pool, tenant), "importRateSheet")
        with _bars() as bars:
            read = await import_file(
                books,
                file,
                wish,
                dry_run=dry_run,
                rejects_path=rejects_path,
                progress=lambda now: bars.reading(now.read_bytes, now.size_bytes),
            )
        if activate and read.state is RateImportState.DONE and not dry_run:
            await books.act(lambda work: rate_sheets.activate_rate_sheet(work, RateSheetCommand(read.rate_sheet_id)))
        return read

    read = _told(run)
    took = perf_counter() - began
    beside = f" and {read.surcharges:,} surcharges" if read.surcharges else ""
    print(f"{read.rates:,} rates{beside} read in {took:,.1f} s, {read.rejected:,} lines rejected: {read.state.value}.")
    if read.state is RateImportState.REJECTED:
        print(f"Nothing of it is kept. Rejected lines and their reasons: {rejects_path}")
        raise typer.Exit(1)
    print("It was only tried." if dry_run else f"Rate sheet: {read.rate_sheet_id}" + (" (active)" if activate else ""))


def _sheet(
    service: str,
    currency: str,
    title: str,
    valid_from: str,
    valid_until: str | None,
    supersedes: str | None,
    volumetric_divisor: int | None,
) -> SheetWish:
    """What the options say. Raises Unusable for what is misspelled."""
    try:
        return SheetWish(
            service_id=ServiceId.parse(service),
            title=title,
            currency=Money.parse(Decimal(0), currency).currency,
            valid_from=_instant(valid_from),
            valid_until=None if valid_until is None else _instant(valid_until),
            volumetric_divisor=volumetric_divisor,
            supersedes_id=None if supersedes is None else RateSheetId.parse(supersedes),
        )
    except ValueError as reason:
        raise Unusable(f"{reason}.") from reason


def _instant(text: str) -> datetime:
    """A day's first instant in UTC, or an instant with its offset. Refuses (ValueError) what is neither."""
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC) if len(text) == DAY else dates.instant(text)
    except ValueError as reason:
        told = f"{text!r} is neither a day like 2026-12-01 nor an instant like 2026-12-01T06:00:00Z"
        raise ValueError(told) from reason


def _told(run: Any) -> Any:
    """What the run returns; what stops it is told in one sentence."""
    usual = gc.get_threshold()
    gc.set_threshold(ALLOCATIONS)
    try:
        return with_worker(run, connections=CONNECTIONS)
    except (Rejected, Damaged) as reason:
        raise Unusable(f"{reason}.") from reason
    finally:
        gc.set_threshold(*usual)


def _rejects_of(file: Path) -> Path:
    """Beside whoever imports, since the file's own folder may be closed to them."""
    return Path(file.name.removesuffix(".gz").removesuffix(".csv") + ".rejects.csv")


def _mapping(named: str | None, file: Path) -> ColumnMapping:
    """The mapping so named, or the shipped one that fits the file."""
    shipped = mappings.shipped()
    if named is None:
        with Table(file, lambda _done, _size: None) as table:
            found = mappings.fitting(table.header)
        if found is None:
            raise Unusable(f"No shipped mapping fits the columns of {file.name}; name one with --mapping FILE.toml.")
        return found[1]
    if named in shipped:
        return shipped[named]
    try:
        return mappings.parse(Path(named).read_text(encoding="utf-8"))
    except OSError as reason:
        raise Unusable(f"{named!r} is neither a shipped mapping ({', '.join(shipped)}) nor a file.") from reason
    except ValueError as reason:
        raise Unusable(f"{named} is not TOML: {reason}.") from reason
    except Refusal as refusal:
        raise Unusable(f"{named}: {sentence(refusal)}.") from refusal


async def _judge(pool: Pool, tenant_id: TenantId, named: str, *, apply: bool) -> Judge:
    """The rule so named: the version of a published one that is in force now, as if it had been in force then."""
    if named.endswith(".toml"):
        if apply:
            raise Unusable("Claims pin the version they were judged by; publish the rule, then name its key.")
        return Judge(_terms_in(named))
    async with pool.acquire(tenant_id) as connection:
        now = await connection.fetchval("SELECT tenant_now(t) FROM tenants t WHERE t.tenant_id = $1", tenant_id)
        version = await rulebook.in_force(connection, tenant_id, named, now)
    if version.kind is not RuleKind.ON_TIME:
        raise Unusable(f"{named} is not an on-time rule.")
    return Judge(guarantees.on_time_terms(version), version=version if apply else None)


def _terms_in(named: str) -> OnTimeTerms:
    """The numbers of the on-time rule in that file, whose own examples pass."""
    try:
        checked = rule_kinds.check(Path(named).read_text(encoding="utf-8"))
    except OSError as reason:
        raise Unusable(f"{named} cannot be read: {reason.strerror}.") from reason
    if checked.rule_set.kind is not RuleKind.ON_TIME:
        raise Unusable(f"{named} is not an on-time rule.")
    terms = guarantees.thaw(Promise.ON_TIME, {"version": named, **checked.rule_set.body})
    assert isinstance(terms, OnTimeTerms), "what an on-time rule holds"
    return terms


# -- what a person sees ----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Bars:
    """Two bars: the file read, and its lines in the books."""

    shown: Progress
    read: TaskID
    written: TaskID

    def reading(self, done: int, size: int) -> None:
        """So many bytes of the file have been read."""
        self.shown.update(self.read, completed=done, total=size)

    def writing(self, done: int, size: int) -> None:
        """So many lines are in the books."""
        self.shown.update(self.written, completed=done, total=size, visible=True)


@contextmanager
def _bars() -> Iterator[_Bars]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        yield _Bars(shown, shown.add_task("Reading", total=None), shown.add_task("Writing", total=None, visible=False))


def _print_report(report: Report, rejects_path: Path) -> None:
    print(
        f"{report.lines:,} lines of {report.orders:,} orders in {report.shipments:,} shipments; "
        f"{report.buyers:,} buyers, {report.suppliers:,} suppliers, {report.providers:,} carriers."
    )
    print(
        f"New: {report.new_lines:,} lines, {report.new_orders:,} orders, {report.new_shipments:,} shipments. "
        f"Rejected: {report.rejected:,} rows."
    )
    if report.rejected:
        print(f"Rejected rows and their reasons: {rejects_path}")


def _print_tally(tally: Tally, *, applied: bool) -> None:
    columns = Columns(title=f"{tally.judged:,} delivered orders judged", title_justify="left")
    columns.add_column("Shipment mode")
    for name in ("Late lines", "Orders", "Compensation"):
        columns.add_column(name, justify="right")
    for mode in sorted(tally.by_mode):
        columns.add_row(mode.value, *_cells(tally.by_mode[mode]))
    columns.add_section()
    columns.add_row("All", *_cells(tally.total))
    Console().print(columns)
    print(f"{tally.compensated:,} orders compensated." + (f" {tally.claimed:,} claims written." if applied else ""))


def _cells(share: Share) -> tuple[str, str, str]:
    amounts = ", ".join(f"{money.amount:,f} {money.currency}" for _, money in sorted(share.compensation.items()))
    return f"{share.late_lines:,}", f"{share.orders:,}", amounts or "0"
