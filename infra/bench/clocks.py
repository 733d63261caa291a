"""How late consequences come: duties spread over a minute, and a thousand due at one instant with a worker killed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from api.embedded import children
from api.settings import ROOT
from infra.bench import rig
from infra.bench.rig import Loaded

DATABASE: Final = "bench_clocks"
SPREAD_SECONDS: Final = 30
"""Over how long the duties of the idle run fall due."""
PATIENCE_SECONDS: Final = 120
"""A run that takes longer has failed."""
LATENESS_NEEDED_MS: Final = 2_000
BURST_NEEDED_SECONDS: Final = 10

_DUTIES: Final = """
WITH made AS (
  INSERT INTO invitations (tenant_id, id, organisation_id, roles, state, email_digest, secret_hash, invited_by,
    created_at, expires_at, version)
  SELECT $1, 'inv_' || lpad((extract(epoch FROM clock_timestamp()) * 1000000)::bigint::text || n, 26, '0'),
    $2, '{SUPPORT}', 'OPEN', 'bench', '\\x00', 'system:bench', clock_timestamp(),
    $3::timestamptz + $4::interval * n / $5, 1
  FROM generate_series(1, $5::integer) n RETURNING id, expires_at
)
INSERT INTO clocks (tenant_id, id, subject_id, duty, due_at, state, started_at, version)
SELECT $1, 'clk_' || right(id, 26), id, 'ACCEPT_INVITATION', expires_at, 'RUNNING', clock_timestamp(), 1 FROM made
"""

_LATENESS: Final = """
SELECT count(*) AS fired, percentile_cont(ARRAY[0.5, 0.99, 1]) WITHIN GROUP
  (ORDER BY extract(epoch FROM ended_at - due_at) * 1000) AS late_ms, max(ended_at) - min(due_at) AS took
FROM clocks WHERE tenant_id = $1 AND state = 'FIRED' AND started_at >= $2
"""

_TWICE: Final = """
SELECT count(*) FROM (SELECT object_id FROM audit WHERE tenant_id = $1 AND action = $2
  AND object_id LIKE $3 || '\\__%' GROUP BY object_id HAVING count(*) > 1) t
"""


@dataclass(frozen=True, slots=True)
class Burst:
    """Duties of one kind: the statement that makes them, and whose audit rows tell whether one fired twice.

    The statement's parameters are the tenant, the operator's organisation, the first instant after which they are due,
    the span over which they are, and how many.
    """

    duties: str
    duty: str
    prefix: str


INVITATIONS: Final = Burst(_DUTIES, "ACCEPT_INVITATION", "inv")
"""Invitations that nobody accepts: as light as a consequence can be."""


def command(
    idle: Annotated[int, typer.Option(min=10, max=10_000, help="Duties spread over half a minute.")] = 300,
    burst: Annotated[int, typer.Option(min=10, max=100_000, help="Duties due at one instant.")] = 1_000,
    fresh: Annotated[bool, typer.Option("--fresh", help="Make the bench's database anew.")] = False,
) -> None:
    """Clocks: how late consequences follow when idle, how long a burst takes, with one worker and with three."""
    with rig.engines() as settings:
        loaded = asyncio.run(rig.loaded(settings, DATABASE, _fill, fresh=fresh))
        rows = [
            (
                "idle, one worker",
                idle,
                *asyncio.run(run(loaded, INVITATIONS, idle, SPREAD_SECONDS, workers=1, kills=0)),
            ),
            ("burst, one worker", burst, *asyncio.run(run(loaded, INVITATIONS, burst, 0, workers=1, kills=0))),
            ("burst, three, one killed", burst, *asyncio.run(run(loaded, INVITATIONS, burst, 0, workers=3, kills=1))),
        ]
    table = Table(title="Lateness of duties in ms", title_justify="left")
    for heading in ("", "duties", "p50", "p99", "most", "seconds in all", "fired twice", "needed"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, count, late, seconds, twice in rows:
        needed = f"p99 ≤ {LATENESS_NEEDED_MS}" if name.startswith("idle") else f"≤ {BURST_NEEDED_SECONDS} s"
        table.add_row(name, str(count), *(f"{each:.0f}" for each in late), f"{seconds:.1f}", str(twice), needed)
    Console(width=120).print(table)


async def _fill(connection: asyncpg.Connection, tenant_id: str) -> None:
    """Nothing: every run brings duties of its own."""


async def run(
    loaded: Loaded, burst: Burst, count: int, seconds: int, *, workers: int, kills: int
) -> tuple[list[float], float, int]:
    """Lateness at 50, 99 and 100 per cent in ms; seconds beyond the spread until all had fired; how many fired twice.

    A run without end ends with TimeoutError.
    """
    connection = await asyncpg.connect(loaded.settings.database_owner_url)
    processes = [worker(loaded) for _ in range(workers)]
    try:
        await asyncio.sleep(2)  # until they look every second
        began = await connection.fetchval("SELECT clock_timestamp()")
        due = await connection.fetchval("SELECT clock_timestamp() + interval '1 second'")
        span = await connection.fetchval("SELECT $1 * interval '1 second'", seconds)
        await connection.execute(burst.duties, loaded.tenant_id, loaded.operator_id, due, span, count)
        # What autovacuum did long ago where a marketplace is at work: Postgres must not plan for a table without rows.
        await connection.execute("ANALYZE clocks")
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (found := await _found(connection, loaded, began))["fired"] < count:
                if kills and found["fired"] > count // 4:
                    kills -= 1
                    processes[0].send_signal(signal.SIGKILL)
                await asyncio.sleep(0.2)
        twice = await connection.fetchval(_TWICE, loaded.tenant_id, burst.duty, burst.prefix)
        return list(map(float, found["late_ms"])), found["took"].total_seconds() - seconds, twice
    finally:
        for process in processes:
            process.terminate()
            process.wait(timeout=15)
        await connection.close()


async def _found(connection: asyncpg.Connection, loaded: Loaded, began: datetime) -> asyncpg.Record:
    (row,) = await connection.fetch(_LATENESS, loaded.tenant_id, began)
    return row


def worker(loaded: Loaded) -> subprocess.Popen[bytes]:
    """A worker of the platform in a process of its own, until it is told to end."""
    return subprocess.Popen(
        (sys.executable, "-m", "api", "worker"),
        cwd=ROOT,
        env={**os.environ, **loaded.settings.environment(), "MAKEGOOD_LOG_LEVEL": "error"},
        preexec_fn=children.bound_to_this_process(signal.SIGTERM),  # noqa: PLW1509 - a bare system call
    )
