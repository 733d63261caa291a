"""What the monthly look at all buyers costs: once with news about many of them, once with none."""

from __future__ import annotations

import asyncio
import resource
import time
from typing import Annotated, Final

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from api.operations import tier_sweeps
from api.operations.tenants import system
from api.worker import Worker
from domain.ids import TenantId
from domain.tier_sweeps import CHUNK
from infra.bench import rig
from infra.bench.rig import Loaded
from storage.cache import open_cache
from storage.pool import Pool
from storage.unit_of_work import transact

DATABASE: Final = "bench_tiers"
NEEDED_SECONDS: Final = 60


def command(
    buyers: Annotated[int, typer.Option(min=CHUNK, max=1_000_000, help="Buyers, each with five orders.")] = 100_000,
    fresh: Annotated[bool, typer.Option("--fresh", help="Make the bench's database anew.")] = True,
) -> None:
    """Buyer tiers: seconds and memory to look at all buyers, with news and without."""

    async def fill(connection: asyncpg.Connection, tenant_id: str) -> None:
        await rig.filled_by("tiers.sql", connection, tenant=tenant_id, count=str(buyers))

    with rig.engines() as settings:
        loaded = asyncio.run(rig.loaded(settings, DATABASE, fill, fresh=fresh))
        rows = asyncio.run(_measured(loaded))
    table = Table(title=f"Evaluating {buyers:,} buyers", title_justify="left")
    for heading in ("", "seconds", "told", "audit rows of buyers", "most MiB", "needed"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, seconds, told, audited, memory in rows:
        table.add_row(name, f"{seconds:.1f}", f"{told:,}", f"{audited:,}", f"{memory:.0f}", f"≤ {NEEDED_SECONDS} s")
    Console(width=120).print(table)


async def _measured(loaded: Loaded) -> list[tuple[str, float, int, int, float]]:
    """Two looks at all buyers, one after the other, by a worker of this process."""
    pool, cache = await Pool.open(loaded.settings.database_worker_url, size=2), open_cache(loaded.settings.redis_url)
    owner = await asyncpg.connect(loaded.settings.database_owner_url)
    try:
        return [await _look(loaded, Worker(pool, cache), owner, name) for name in ("with news", "nothing new")]
    finally:
        await owner.close()
        await pool.close()
        await cache.aclose()


async def _look(
    loaded: Loaded, worker: Worker, owner: asyncpg.Connection, name: str
) -> tuple[str, float, int, int, float]:
    tenant_id = TenantId(loaded.tenant_id)
    audited = "SELECT count(*) FROM audit WHERE tenant_id = $1 AND object_id LIKE 'buy\\_%'"
    before = await owner.fetchval(audited, tenant_id)
    began = time.monotonic()
    caller = system(tenant_id, "bench")
    outcome, _ = await transact(
        worker.pool,
        caller,
        action="bench",
        request_id="run bench",
        act=lambda work: tier_sweeps.evaluate_tiers(work, None),
    )
    sweep_id = outcome.things["tierSweep"]
    running = (
        "SELECT state, upgrades + downgrades + confirmed AS told FROM tier_sweeps WHERE tenant_id = $1 AND id = $2"
    )
    while (row := (await owner.fetch(running, tenant_id, sweep_id))[0])["state"] == "RUNNING":
        await worker.fire(tenant_id)
    seconds = time.monotonic() - began
    written = await owner.fetchval(audited, tenant_id) - before
    return name, seconds, row["told"], written, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
