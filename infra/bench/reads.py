"""W1 to W4: what reads and a claim cost, beside the least and the most that the same work can cost.

The least is a bare handler with one statement. It runs beside each server and is driven in turns with every workload:
how fast a processor is changes twofold within a minute here, and a ratio of figures from different minutes says little.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from operator import add
from pathlib import Path
from typing import Annotated, Any, Final

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from domain.tenants import BETWEEN_BUSINESSES
from infra.bench import measure, rig, workloads
from infra.bench.drive import CONNECTIONS, Ran, Sent, drive, packets
from infra.bench.measure import Spent
from infra.bench.rig import Loaded

DATABASE: Final = "bench"
SPARE: Final = 40_000
"""Covers that W4 opens claims under: several runs of it before the database is made again."""
CLAIMS: Final = range(1, 200_001)
RULE: Final = "guarantees/on_time"
NAIVE_CONNECTIONS: Final = 4
"""Against the reference: with more, its slow lists keep others waiting for a connection longer than the pool allows."""
TURNS: Final = 4
"""Of a workload, and between them as many of the bare handler."""
NEEDED: Final = {"W1": (52, 1.15), "W2": (440, 10), "W3": (550, 12), "W4": (350, 8)}
"""Server CPU per request in microseconds, and as a multiple of the bare handler's, that a workload must stay below."""


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """What one workload of one server came to. CPU in microseconds per request; `bare_cpu_us` of the bare handler."""

    workload: str
    server: str
    requests_per_second: float
    p50_ms: float
    p99_ms: float
    server_cpu_us: float
    postgres_cpu_us: float
    bare_cpu_us: float
    memory_mib: float


@dataclasses.dataclass(frozen=True, slots=True)
class Turn:
    """What a server's turns came to: what those who asked saw, and what was spent on it."""

    ran: Ran
    spent: Spent

    def __add__(self, other: Turn) -> Turn:
        return Turn(self.ran + other.ran, self.spent + other.spent)

    @property
    def server_cpu_us(self) -> float:
        """The server's CPU per request."""
        return self.spent.server / self.ran.requests * 1e6


@dataclasses.dataclass(frozen=True, slots=True)
class Load:
    """A workload for one server's process: the requests that are sent to its port, so many at once."""

    process: int
    postmaster: int
    port: int
    sending: Iterator[tuple[bytes, bytes]]
    at_once: int

    def turn(self, requests: int) -> Turn:
        """So many requests more."""
        before = measure.spent(self.process, self.postmaster)
        ran = asyncio.run(drive(self.port, self.sending, requests, self.at_once))
        return Turn(ran, measure.spent(self.process, self.postmaster).since(before))

    def row(self, name: str, kind: str, turns: Turn, bare_cpu_us: float) -> Row:
        """What those turns came to."""
        return Row(
            name,
            kind,
            turns.ran.requests / turns.ran.seconds,
            turns.ran.percentile(0.5),
            turns.ran.percentile(0.99),
            turns.server_cpu_us,
            turns.spent.postgres / turns.ran.requests * 1e6,
            bare_cpu_us,
            measure.memory_mib(self.process),
        )


def command(
    requests: Annotated[
        int, typer.Option(min=100, help="Requests per workload; lists and the reference get fewer.")
    ] = 8000,
    fresh: Annotated[bool, typer.Option("--fresh", help="Make and load the bench's database anew.")] = False,
    to: Annotated[Path | None, typer.Option("--json", help="Also write the figures to this file.")] = None,
) -> None:
    """Reads and claims: drive a server over loopback with authorization on, and print figures and ratios."""
    with rig.engines() as settings:
        loaded = asyncio.run(rig.loaded(settings, DATABASE, _fill, fresh=fresh))
        if asyncio.run(_covers_left(loaded)) < SPARE // 4:
            loaded = asyncio.run(rig.loaded(settings, DATABASE, _fill, fresh=True))
        rows = _measure(loaded, requests)
    _print(rows)
    if to is not None:
        to.write_text(json.dumps([dataclasses.asdict(row) for row in rows], indent=2) + "\n", encoding="utf-8")


async def _fill(connection: asyncpg.Connection, tenant_id: str) -> None:
    version = "SELECT id FROM rule_versions WHERE tenant_id = $1 AND key = $2 ORDER BY number DESC LIMIT 1"
    await rig.filled_by("parties.sql", connection, tenant=tenant_id, levels="3")
    await rig.filled_by(
        "load.sql",
        connection,
        tenant=tenant_id,
        rule=await connection.fetchval(version, tenant_id, RULE),
        procedure=await connection.fetchval(version, tenant_id, BETWEEN_BUSINESSES),
        spare=str(SPARE),
    )


async def _covers_left(loaded: Loaded) -> int:
    connection = await asyncpg.connect(loaded.settings.database_owner_url)
    try:
        left = "SELECT count(*) FROM coverages WHERE tenant_id = $1 AND state = 'IN_FORCE'"
        return int(await connection.fetchval(left, loaded.tenant_id))
    finally:
        await connection.close()


# -- measuring --------------------------------------------------------------------------------------------------------


def _measure(loaded: Loaded, requests: int) -> list[Row]:
    """The bare handler, and the workloads of both servers in turns with it, each warmed up first."""
    rows: list[Row] = []
    beside: list[Turn] = []
    with rig.serving(loaded, "bare") as least_served:
        bare = _load(loaded, least_served, workloads.points(loaded.token, CLAIMS), CONNECTIONS)
        bare.turn(requests // 10)
        for kind in ("naive", "platform"):
            at_once = NAIVE_CONNECTIONS if kind == "naive" else CONNECTIONS
            with rig.serving(loaded, kind) as served:
                for name, make, share in _workloads(loaded, kind):
                    count = max(50, int(requests * share))
                    load = _load(loaded, served, make(), at_once)
                    load.turn(max(2 * at_once, count // 10))
                    taken = [(bare.turn(requests // TURNS), load.turn(count // TURNS)) for _ in range(TURNS)]
                    least = reduce(add, [each for each, _ in taken])
                    rows.append(load.row(name, kind, reduce(add, [each for _, each in taken]), least.server_cpu_us))
                    beside.append(least)
        all_of_it = reduce(add, beside)
        return [bare.row("W1", "bare", all_of_it, all_of_it.server_cpu_us), *rows]


def _load(loaded: Loaded, served: tuple[int, int], stream: Iterator[Sent], at_once: int) -> Load:
    process, port = served
    return Load(process, loaded.postmaster, port, (packets(port, [one])[0] for one in stream), at_once)


def _workloads(loaded: Loaded, kind: str) -> list[tuple[str, Callable[[], Iterator[Any]], float]]:
    """Name, stream of requests, and share of the requests asked for."""
    token, run = loaded.token, secrets.token_hex(4)
    points = ("W1", lambda: workloads.points(token, CLAIMS), 1.0)
    lists = [
        ("W2", lambda: workloads.lists(token, workloads.PROVIDERS, "prv_"), 0.25),
        ("W3", lambda: workloads.lists(token, workloads.QUEUE, "clm_"), 0.25),
    ]
    if kind == "naive":
        return [(name, make, share * 0.05) for name, make, share in [points, *lists]]
    covers = asyncio.run(_open_covers(loaded))
    return [points, *lists, ("W4", lambda: workloads.openings(token, covers, run), min(0.5, len(covers) / 2 / 8000))]


async def _open_covers(loaded: Loaded) -> Sequence[int]:
    """The covers that nobody has claimed under yet."""
    connection = await asyncpg.connect(loaded.settings.database_owner_url)
    try:
        rows = await connection.fetch(
            "SELECT right(id, 26)::bigint AS number FROM coverages "
            "WHERE tenant_id = $1 AND state = 'IN_FORCE' ORDER BY id",
            loaded.tenant_id,
        )
    finally:
        await connection.close()
    return [row["number"] for row in rows]


# -- printing ---------------------------------------------------------------------------------------------------------


def _print(rows: list[Row]) -> None:
    """A table of the figures, and of what they are multiples of."""
    naive = {row.workload: row for row in rows if row.server == "naive"}
    table = Table(title="CPU in µs per request", title_justify="left")
    for heading in (
        "",
        "server",
        "req/s",
        "p50 ms",
        "p99 ms",
        "CPU",
        "Postgres",
        "MiB",
        "bare",
        "to bare",
        "naive to it",
        "needed",
    ):
        table.add_column(heading, justify="left" if heading in {"", "server"} else "right")
    for row in rows:
        slower = naive.get(row.workload)
        needed = NEEDED[row.workload] if row.server == "platform" else None
        table.add_row(
            row.workload,
            row.server,
            f"{row.requests_per_second:,.0f}",
            f"{row.p50_ms:.2f}",
            f"{row.p99_ms:.2f}",
            f"{row.server_cpu_us:.0f}",
            f"{row.postgres_cpu_us:.0f}",
            f"{row.memory_mib:.0f}",
            f"{row.bare_cpu_us:.0f}",
            f"{row.server_cpu_us / row.bare_cpu_us:.2f}",
            f"{slower.server_cpu_us / row.server_cpu_us:.1f}" if slower and row.server == "platform" else "",
            f"≤ {needed[0]}, ≤ {needed[1]}" if needed else "",
        )
    Console(width=120).print(table)
