"""The books at length: the doctor's proof, posting through the unit of work, a page of a statement in the database."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import asyncpg
import typer
import uvloop

from api.operations.tenants import system
from domain import ledger
from domain.ids import DecisionId, TenantId, TransferId
from domain.ledger import AccountName, Cause, Event
from domain.money import Money
from infra.bench import rig
from infra.bench.rig import Loaded
from storage import books
from storage import ledger as ledger_rows
from storage.ledger import Span
from storage.pool import Pool
from storage.unit_of_work import Outcome, Work, transact

AT_ONCE: Final = 8
"""Posts under way at the same time."""
POSTING_SECONDS: Final = 8
PAGES: Final = 200
CAUSE: Final = Cause(decision_id=DecisionId("dec_" + "0" * 26))


def command(
    entries: Annotated[
        int, typer.Option(min=1_000, help="Entries in the books; 10000000 when asked, which fills for many minutes.")
    ] = 1_000_000,
    fresh: Annotated[bool, typer.Option("--fresh", help="Make and load the bench's database anew.")] = False,
) -> None:
    """The books: how long the doctor takes, how many transfers are posted, how soon a statement's page is there."""

    async def fill(connection: asyncpg.Connection, tenant_id: str) -> None:
        began = time.perf_counter()
        async with rig.loading(connection, "ledger_entries", "ledger_transfers", "ledger_days", "ledger_accounts"):
            await rig.filled_by("ledger.sql", connection, tenant=tenant_id, transfers=str(entries // 2))
        typer.echo(f"loaded in {time.perf_counter() - began:.0f} s; the doctor says whether it adds up")

    with rig.engines() as settings:
        loaded = asyncio.run(rig.loaded(settings, f"bench_ledger_{entries}", fill, fresh=fresh))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # as the server and the worker run
            runner.run(_measured(loaded, entries))


async def _measured(loaded: Loaded, entries: int) -> None:
    tenant_id = TenantId(loaded.tenant_id)
    pool = await Pool.open(loaded.settings.database_url, size=AT_ONCE)
    try:
        typer.echo(f"{entries:,} entries; load of the machine {os.getloadavg()[0]:.1f}")
        began = time.perf_counter()
        async with pool.transaction(tenant_id, books.ONE_MOMENT) as connection:
            found = [*await books.laws(connection, tenant_id), await books.chain(connection, tenant_id)]
        typer.echo(f"doctor               {time.perf_counter() - began:8.1f} s")
        if broken := [law for law in found if not law.holds]:
            raise RuntimeError(f"the books of the bench do not add up: {broken}")
        await _pages(pool, tenant_id)
        for batch in (1, 10):
            rate, per_cpu = await _posting(pool, tenant_id, batch, loaded.postmaster)
            typer.echo(f"posting, {batch:2} at once  {rate:8.0f} transfers/s {per_cpu:8.0f} per second of processor")
    finally:
        await pool.close()


async def _pages(pool: Pool, tenant_id: TenantId) -> None:
    """A page of a hundred lines of a platform account's statement, from instants all over the year."""
    today, taken = datetime.now(UTC), []
    async with pool.acquire(tenant_id) as connection:
        for number in range(PAGES):
            opens_at = today - timedelta(days=360 * number / PAGES + 1, hours=number % 24)
            span = Span(AccountName.REFUND_CLEARING, None, "USD", opens_at, today)
            began = time.perf_counter()
            _, _, lines = await ledger_rows.statement(connection, tenant_id, span, after=None, count=100)
            taken.append((time.perf_counter() - began) * 1_000)
            if not lines:
                raise RuntimeError(f"the statement from {opens_at} is empty")
    taken.sort()
    typer.echo(f"statement page       {taken[PAGES // 2]:8.1f} ms p50 {taken[PAGES * 99 // 100]:8.1f} ms p99")


def _processor_seconds(postmaster: int) -> float:
    """The processor's time that this process and Postgres, all its processes, have used so far."""
    used = 0.0
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = folder.joinpath("stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended while it was looked for
            if int(folder.name) in (os.getpid(), postmaster) or int(fields[1]) == postmaster:
                used += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return used


async def _posting(pool: Pool, tenant_id: TenantId, batch: int, postmaster: int) -> tuple[float, float]:
    """Transfers a second and per second of processor, so many in each act, eight acts under way."""
    caller, ends_at = system(tenant_id, "bench"), time.perf_counter() + POSTING_SECONDS
    count = 0

    async def act(work: Work) -> Outcome:
        made = [
            ledger.transfer(
                work.new_id(TransferId),
                Event.REFUND_DECIDED,
                Money(1_000, "USD"),
                party_id=None,
                cause=CAUSE,
                at=work.at,
            )
            for _ in range(batch)
        ]
        await ledger_rows.post(work, *made)
        return Outcome()

    async def posts() -> None:
        nonlocal count
        while time.perf_counter() < ends_at:
            await transact(pool, caller, action="bench", request_id="run bench", act=act)
            count += batch

    began, used = time.perf_counter(), _processor_seconds(postmaster)
    await asyncio.gather(*(posts() for _ in range(AT_ONCE)))
    return count / (time.perf_counter() - began), count / (_processor_seconds(postmaster) - used)
