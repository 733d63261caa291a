"""A rate sheet from a file: a hundred thousand rates and some surcharges; good, tried only, and with one bad row."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from api.imports.books import Books
from api.imports.rate_sheets import import_file
from domain.ids import ServiceId, TenantId
from domain.rate_imports import RateImport, RateImportState
from domain.rate_sheets import SheetWish
from infra.bench import rig
from infra.bench.workloads import thing
from storage.pool import Pool
from storage.unit_of_work import Work

DATABASE: Final = "bench_sheets"
RATES: Final = 100_000
BRACKETS: Final = 20
"""Of a zone: ten kilograms each, the last one open."""
LIMIT_S: Final = 60

_HEADER: Final = "surcharge,zone,measure,from,to,price,minimum,charge,percent,areas,valid_from,valid_until\n"
_SURCHARGES: Final = (
    "FUEL,,,,,,,SHARE,18.5,,,\n"
    "PEAK,,,,,0.35,,PER_KG,,,2026-11-15,2027-01-08\n"
    "REMOTE_AREA,,,,,,25.00,SHARE,3,NO-21;SE~98;GB~ZE,,\n"
)
_BAD: Final = ",Z0,WEIGTH,x,,free,,,,,,\n"

_ORGANISATION: Final = """
INSERT INTO organisations (tenant_id, id, kind, name, created_at, version)
VALUES ($1, $2, 'provider', 'Consolidators', now(), 1)
"""
_PROVIDER: Final = """
INSERT INTO providers (tenant_id, id, organisation_id, reference, name, country, kind, state, state_since, activated_at,
  vouched_by, registered_at, version)
VALUES ($1, $3, $2, 'P-1', 'Consolidators', 'DE', 'FORWARDER', 'ACTIVE', now(), now(), 'system:bench', now(), 1)
"""
_SERVICE: Final = """
INSERT INTO services (tenant_id, id, provider_id, mode, level, title, description, incoterms, dangerous_goods, markets,
  state, created_at, version)
VALUES ($1, $3, $2, 'AIR', 'STANDARD', 'Freight', '', '{}', '{}', '{}', 'DRAFT', now(), 1)
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """What reading one file came to. `cpu_s` is this process's; Postgres works beside it."""

    file: str
    lines: int
    seconds: float
    cpu_s: float
    rates_per_second: float
    state: str


def command(
    fresh: Annotated[bool, typer.Option("--fresh", help="Make the bench's database anew.")] = False,
    to: Annotated[Path | None, typer.Option("--json", help="Also write the figures to this file.")] = None,
) -> None:
    """Rate sheets: a hundred thousand rates from a file, within 60 seconds."""
    with rig.engines() as settings, tempfile.TemporaryDirectory() as folder:
        loaded = asyncio.run(rig.loaded(settings, DATABASE, _fill, fresh=fresh))
        rows = asyncio.run(_read(loaded, Path(folder)))
    _print(rows)
    if to is not None:
        to.write_text(json.dumps([dataclasses.asdict(row) for row in rows], indent=2) + "\n", encoding="utf-8")


async def _fill(connection: asyncpg.Connection, tenant_id: str) -> None:
    await connection.execute(_ORGANISATION, tenant_id, thing("org", 1))
    await connection.execute(_PROVIDER, tenant_id, thing("org", 1), thing("prv", 1))
    await connection.execute(_SERVICE, tenant_id, thing("prv", 1), thing("svc", 1))


def _lines() -> str:
    """A good file: zones of brackets that follow on each other, after three surcharges."""
    lines = [_HEADER, _SURCHARGES]
    for zone in range(RATES // BRACKETS):
        for place in range(BRACKETS):
            until = "" if place == BRACKETS - 1 else str(place * 10 + 10)
            lines.append(f",Z{zone},WEIGHT,{place * 10},{until},{9 - place * 0.25:.4f},45.00,,,,,\n")
    return "".join(lines)


async def _read(loaded: rig.Loaded, folder: Path) -> list[Row]:
    good, bad = folder / "good.csv", folder / "bad.csv"
    good.write_text(_lines(), encoding="utf-8")
    bad.write_text(_lines() + _BAD, encoding="utf-8")
    pool = await Pool.open(loaded.settings.database_worker_url, size=2)
    try:
        return [
            await _one(pool, loaded, "good", good, RateImportState.DONE, dry_run=False),
            await _one(pool, loaded, "good, tried only", good, RateImportState.DONE, dry_run=True),
            await _one(pool, loaded, "one bad row", bad, RateImportState.REJECTED, dry_run=False),
        ]
    finally:
        await pool.close()


async def _one(
    pool: Pool, loaded: rig.Loaded, what: str, file: Path, expected: RateImportState, *, dry_run: bool
) -> Row:
    books = Books.open(pool, TenantId(loaded.tenant_id), "importRateSheet")
    at = await books.act(_clock)
    wish = SheetWish(ServiceId(thing("svc", 1)), f"{what} at {at}", "USD", at, None)
    began, worked = time.perf_counter(), time.process_time()
    read: RateImport = await import_file(
        books, file, wish, dry_run=dry_run, rejects_path=file.with_suffix(".rejects.csv"), progress=lambda _: None
    )
    seconds, cpu = time.perf_counter() - began, time.process_time() - worked
    if read.state is not expected or read.rates != RATES or (read.rejected == 1) is not (what == "one bad row"):
        raise RuntimeError(f"{what}: {read.state.value}, {read.accepted} accepted, {read.rejected} rejected")
    return Row(what, read.read_lines, seconds, cpu, read.rates / seconds, read.state.value)


async def _clock(work: Work) -> datetime:
    return work.at


def _print(rows: list[Row]) -> None:
    table = Table(title=f"A rate sheet of {RATES:,} rates from a file (at most {LIMIT_S} s)", title_justify="left")
    for heading in ("file", "lines", "seconds", "CPU s here", "rates/s", "ends"):
        table.add_column(heading, justify="left" if heading in {"file", "ends"} else "right")
    for row in rows:
        table.add_row(
            row.file,
            f"{row.lines:,}",
            f"{row.seconds:.1f}",
            f"{row.cpu_s:.1f}",
            f"{row.rates_per_second:,.0f}",
            row.state,
        )
    Console(width=120).print(table)
