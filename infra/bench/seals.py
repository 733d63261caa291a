"""How soon a commit is sealed: mutations at a calm pace and as many as the machine takes, a worker beside them.

Each act is a registered company: rows, audit, history and outbox as in use. Its lag is from when its commit was
answered (and, as the upper bound, from when the act was begun) until another connection sees a seal that holds its
audit row.
"""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass
from typing import Annotated, Final

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from api.operations import parties
from api.operations.tenants import system
from domain.access import Caller
from domain.ids import TenantId
from domain.parties import Registration
from infra.bench import clocks, rig
from infra.bench.rig import Loaded
from storage.pool import Pool
from storage.unit_of_work import Outcome, Work, transact

DATABASE: Final = "bench_seals"
NEEDED_MS: Final = 2_000
LOOK_SECONDS: Final = 0.01
"""How often it is looked for a seal: the measure's own error."""
PATIENCE_SECONDS: Final = 30
"""A commit that is not sealed until then never is."""


@dataclass(slots=True)
class Act:
    """When an act was begun and its commit answered."""

    begun: float
    answered: float = 0.0


def command(
    seconds: Annotated[int, typer.Option(min=2, max=600, help="How long each of the two runs lasts.")] = 20,
    at_once: Annotated[int, typer.Option(min=1, max=64, help="Acts under way at once in the loaded run.")] = 8,
    fresh: Annotated[bool, typer.Option("--fresh", help="Make the bench's database anew.")] = False,
) -> None:
    """Seals: how soon after its commit a mutation is part of the sealed record, calm and under load."""
    with rig.engines() as settings:
        loaded = asyncio.run(rig.loaded(settings, DATABASE, _fill, fresh=fresh))
        calm = asyncio.run(_run(loaded, seconds, 1, 0.1))
        busy = asyncio.run(_run(loaded, seconds, at_once, 0.0))
    table = Table(
        title=f"From commit to seal in ms, load of the machine {os.getloadavg()[0]:.1f}", title_justify="left"
    )
    for heading in ("", "acts/s", "p50", "p99", "most", "most, from its begin", "needed"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, (rate, lags, bounds) in (("calm", calm), (f"{at_once} at once", busy)):
        shown = (lags[len(lags) // 2], lags[len(lags) * 99 // 100], lags[-1], bounds[-1])
        table.add_row(name, f"{rate:.0f}", *(f"{each * 1_000:.0f}" for each in shown), f"≤ {NEEDED_MS}")
    Console(width=120).print(table)


async def _fill(connection: asyncpg.Connection, tenant_id: str) -> None:
    """Nothing: every run registers companies of its own."""


async def _run(loaded: Loaded, seconds: int, at_once: int, pause: float) -> tuple[float, list[float], list[float]]:
    """Acts a second, and their lags in seconds, sorted: from the answer to the commit, and from the begin of the act.

    Refuses (RuntimeError) a run of which a commit was never sealed.
    """
    tenant_id = TenantId(loaded.tenant_id)
    pool = await Pool.open(loaded.settings.database_url, size=at_once)
    look = await asyncpg.connect(loaded.settings.database_owner_url)
    worker = clocks.worker(loaded)
    acts: dict[str, Act] = {}
    seen: dict[int, float] = {}
    try:
        watching = asyncio.create_task(_watch(look, tenant_id, seen))
        caller = system(tenant_id, "bench")
        await _begun(pool, caller, seen)
        began = time.perf_counter()
        await asyncio.gather(
            *(_acts(pool, caller, acts, f"{began}-{lane}", began + seconds, pause) for lane in range(at_once))
        )
        took = time.perf_counter() - began
        sealed = await _sealed(pool, tenant_id, acts, seen)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    finally:
        worker.terminate()
        worker.wait(timeout=15)
        await look.close()
        await pool.close()
    if len(sealed) < len(acts):
        raise RuntimeError(f"{len(acts) - len(sealed)} of {len(acts)} commits were not sealed")
    lags = sorted(max(seen[position] - acts[id_].answered, 0.0) for id_, position in sealed.items())
    bounds = sorted(seen[position] - acts[id_].begun for id_, position in sealed.items())
    return len(acts) / took, lags, bounds


async def _begun(pool: Pool, caller: Caller, seen: dict[int, float]) -> None:
    """The worker has begun: an act was sealed. Its start is no part of the lag of others."""
    acts: dict[str, Act] = {}
    until = time.perf_counter() + PATIENCE_SECONDS
    while not seen and time.perf_counter() < until:
        await _act(pool, caller, acts, f"{time.perf_counter()}-first")
        await asyncio.sleep(1)
    await asyncio.sleep(2)  # and what it found at its start is behind it


async def _acts(pool: Pool, caller: Caller, acts: dict[str, Act], lane: str, ends_at: float, pause: float) -> None:
    """Companies are registered one after the other until then."""
    number = 0
    while time.perf_counter() < ends_at:
        number += 1
        await _act(pool, caller, acts, f"{lane}-{number}")
        await asyncio.sleep(pause)


async def _act(pool: Pool, caller: Caller, acts: dict[str, Act], request_id: str) -> None:
    """A company is registered; when that began and was answered is noted."""
    acts[request_id] = Act(time.perf_counter())

    async def act(work: Work) -> Outcome:
        return await parties.register_supplier(work, Registration(f"Bench {request_id}", "US"))

    await transact(pool, caller, action="bench", request_id=request_id, act=act)
    acts[request_id].answered = time.perf_counter()


async def _watch(connection: asyncpg.Connection, tenant_id: TenantId, seen: dict[int, float]) -> None:
    """When each seal was first seen, until this is cancelled."""
    text = "SELECT position FROM audit_seals WHERE tenant_id = $1 AND position > $2"
    newest = "SELECT coalesce(max(position), 0) FROM audit_seals WHERE tenant_id = $1"
    last = await connection.fetchval(newest, tenant_id)
    while True:
        for row in await connection.fetch(text, tenant_id, last):
            seen[row["position"]] = time.perf_counter()
            last = max(last, row["position"])
        await asyncio.sleep(LOOK_SECONDS)


async def _sealed(pool: Pool, tenant_id: TenantId, acts: dict[str, Act], seen: dict[int, float]) -> dict[str, int]:
    """Act -> the first seal of the run that holds its row, once every act has one or patience is over."""
    text = (
        "SELECT a.request_id, min(s.position) AS position FROM audit a JOIN audit_seals s"
        " ON s.tenant_id = a.tenant_id AND pg_visible_in_snapshot(a.written_by, s.snapshot)"
        " WHERE a.tenant_id = $1 AND a.request_id = ANY ($2::text[]) AND s.position = ANY ($3::bigint[])"
        " GROUP BY a.request_id"
    )
    found: dict[str, int] = {}
    until = time.perf_counter() + PATIENCE_SECONDS
    while len(found) < len(acts) and time.perf_counter() < until:
        await asyncio.sleep(1.5)
        async with pool.acquire(tenant_id) as connection:
            rows = await connection.fetch(text, tenant_id, list(acts), list(seen))
        found = {row["request_id"]: row["position"] for row in rows}
    return found
