"""`./run bench`: what the platform costs on this machine, beside the least and the most that the same work can cost."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import typer

from api.embedded import children, connected
from api.operations.claims import PROCEDURE
from api.operations.tenants import create_tenant
from api.settings import ROOT, Settings, from_environment
from api.verbs.migrate import bring_up_to_date
from domain.tenants import CreateTenant, TenantKind
from storage.pool import Pool

DATABASE: Final = "bench"
SPARE: Final = 40_000
"""Covers that W4 opens claims under: several runs of it before the database is made again."""
CLAIMS: Final = range(1, 200_001)
RULE: Final = "guarantees/on_time"
NAIVE_CONNECTIONS: Final = 4
"""Against the reference: with more, its slow lists keep others waiting for a connection longer than the pool allows."""
NEEDED: Final = {"W1": (52, 1.15), "W2": (440, 10), "W3": (550, 12), "W4": (350, 8)}
"""Server CPU per request in microseconds, and as a multiple of the bare handler's, that a workload must stay below."""


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """What one workload of one server came to. CPU in microseconds per request."""

    workload: str
    server: str
    requests_per_second: float
    p50_ms: float
    p99_ms: float
    server_cpu_us: float
    postgres_cpu_us: float
    memory_mib: float


@dataclasses.dataclass(frozen=True, slots=True)
class Loaded:
    """The bench's database: who asks, and with which token."""

    settings: Settings
    tenant_id: str
    token: str
    postmaster: int


def command(
    requests: Annotated[
        int, typer.Option(min=100, help="Requests per workload; lists and the reference get fewer.")
    ] = 8000,
    fresh: Annotated[bool, typer.Option("--fresh", help="Make and load the bench's database anew.")] = False,
    to: Annotated[Path | None, typer.Option("--json", help="Also write the figures to this file.")] = None,
) -> None:
    """Load a database of its own, drive a server over loopback with authorization on, and print figures and ratios."""
    os.environ.setdefault("MAKEGOOD_STATE", str(ROOT / ".state" / "bench"))
    with connected(dataclasses.replace(from_environment(os.environ), demo=False)) as settings:
        loaded = asyncio.run(_load(settings, fresh=fresh))
        rows = [row for kind in ("bare", "naive", "platform") for row in _measure(loaded, kind, requests)]
    _print(rows)
    if to is not None:
        to.write_text(json.dumps([dataclasses.asdict(row) for row in rows], indent=2) + "\n", encoding="utf-8")


# -- loading --------------------------------------------------------------------------------------------------------


async def _load(settings: Settings, *, fresh: bool) -> Loaded:
    """The database is there and filled; made anew if asked, or if too few covers are left to claim under."""
    bench = dataclasses.replace(
        settings,
        database_url=_at(settings.database_url),
        database_owner_url=_at(settings.database_owner_url),
        database_worker_url=_at(settings.database_worker_url),
    )
    record = settings.state_dir / "bench.json"
    known = json.loads(record.read_text(encoding="utf-8")) if record.exists() and not fresh else None
    if known is None or await _covers_left(bench, known["tenant"]) < SPARE // 4:
        known = await _make(settings, bench)
        record.write_text(json.dumps(known), encoding="utf-8")
    connection = await asyncpg.connect(bench.database_owner_url)
    try:
        postmaster = _parent(await connection.fetchval("SELECT pg_backend_pid()"))
    finally:
        await connection.close()
    return Loaded(bench, known["tenant"], known["token"], postmaster)


async def _make(settings: Settings, bench: Settings) -> dict[str, str]:
    from api.operations import keys
    from api.operations.tenants import system
    from domain.access import Role, Scope
    from domain.ids import TenantId
    from domain.keys import IssueApiKey
    from storage.unit_of_work import Outcome, Work, transact

    lobby = await asyncpg.connect(settings.database_owner_url)
    try:
        await lobby.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        await lobby.execute(f"CREATE DATABASE {DATABASE}")
    finally:
        await lobby.close()
    await asyncio.to_thread(bring_up_to_date, bench)
    worker_pool = await Pool.open(bench.database_worker_url, size=1)
    pool = await Pool.open(bench.database_url, size=1)
    try:
        wish = CreateTenant("Bench", TenantKind.LIVE, "US", "USD")
        made = await create_tenant(worker_pool, wish, request_id="run bench")
        caller = system(TenantId(made.id), "bench")

        async def issue(work: Work) -> Outcome:
            roles = (Role.SUPPORT,)
            key = IssueApiKey(made.operator_id, "bench", roles, tuple(Scope), frontend=False, expires_at=None)
            return await keys.issue_api_key(work, key)

        issued, _ = await transact(pool, caller, action="bench", request_id="run bench", act=issue)
    finally:
        await pool.close()
        await worker_pool.close()
    connection = await asyncpg.connect(bench.database_owner_url)
    try:
        version = "SELECT id FROM rule_versions WHERE tenant_id = $1 AND key = $2 ORDER BY number DESC LIMIT 1"
        known = {
            "tenant": made.id,
            "rule": await connection.fetchval(version, made.id, RULE),
            "procedure": await connection.fetchval(version, made.id, PROCEDURE),
            "spare": str(SPARE),
        }
        text = (ROOT / "infra" / "bench" / "load.sql").read_text(encoding="utf-8")
        for name, value in known.items():
            text = text.replace(f"${name}", value)
        await connection.execute(text)
    finally:
        await connection.close()
    return {"tenant": made.id, "token": issued.once["secret"]}


async def _covers_left(bench: Settings, tenant_id: str) -> int:
    try:
        connection = await asyncpg.connect(bench.database_owner_url)
    except asyncpg.InvalidCatalogNameError:
        return 0
    try:
        left = "SELECT count(*) FROM coverages WHERE tenant_id = $1 AND state = 'IN_FORCE'"
        return int(await connection.fetchval(left, tenant_id))
    finally:
        await connection.close()


def _at(url: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{DATABASE}"))


def _parent(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()[1])


# -- measuring --------------------------------------------------------------------------------------------------------


def _measure(loaded: Loaded, kind: str, requests: int) -> Iterator[Row]:
    """The workloads of one server, each warmed up first, in a process of the server's own."""
    from infra.bench import measure
    from infra.bench.drive import CONNECTIONS, drive, packets

    with _serving(loaded, kind) as (process, port):
        for name, make, share in _workloads(loaded, kind):
            count = max(50, int(requests * share))
            stream = make()
            sending = (packets(port, [one])[0] for one in stream)
            at_once = NAIVE_CONNECTIONS if kind == "naive" else CONNECTIONS
            asyncio.run(drive(port, sending, max(2 * at_once, count // 10), at_once))
            before = measure.spent(process, loaded.postmaster)
            ran = asyncio.run(drive(port, sending, count, at_once))
            spent = measure.spent(process, loaded.postmaster).since(before)
            yield Row(
                name,
                kind,
                ran.requests / ran.seconds,
                ran.percentile(0.5),
                ran.percentile(0.99),
                spent.server / ran.requests * 1e6,
                spent.postgres / ran.requests * 1e6,
                measure.memory_mib(process),
            )


def _workloads(loaded: Loaded, kind: str) -> list[tuple[str, Callable[[], Iterator[Any]], float]]:
    """Name, stream of requests, and share of the requests asked for."""
    from infra.bench import workloads

    token, run = loaded.token, secrets.token_hex(4)
    points = ("W1", lambda: workloads.points(token, CLAIMS), 1.0)
    if kind == "bare":
        return [points]
    lists = [
        ("W2", lambda: workloads.lists(token, workloads.PROVIDERS, "prv_"), 0.25),
        ("W3", lambda: workloads.lists(token, workloads.QUEUE, "clm_"), 0.25),
    ]
    if kind == "naive":
        return [(name, make, share * 0.05) for name, make, share in [points, *lists]]
    covers = asyncio.run(_open_covers(loaded))
    return [points, *lists, ("W4", lambda: workloads.openings(token, covers, run), min(0.5, len(covers) / 2 / 8000))]


async def _open_covers(loaded: Loaded) -> range:
    """The covers that nobody has claimed under yet."""
    connection = await asyncpg.connect(loaded.settings.database_owner_url)
    try:
        first = await connection.fetchval(
            "SELECT min(right(id, 26)::bigint) FROM coverages WHERE tenant_id = $1 AND state = 'IN_FORCE'",
            loaded.tenant_id,
        )
    finally:
        await connection.close()
    return range(first, CLAIMS.stop + SPARE)


@contextlib.contextmanager
def _serving(loaded: Loaded, kind: str) -> Iterator[tuple[int, int]]:
    """A server of that kind runs in a process of its own: its process id and its port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(256)
        own = (sys.executable, "-m", "infra.bench.serve", kind, loaded.tenant_id, str(listener.fileno()))
        process = subprocess.Popen(
            own,
            cwd=ROOT,
            env={**os.environ, **loaded.settings.environment(), "MAKEGOOD_LOG_LEVEL": "warning"},
            pass_fds=(listener.fileno(),),
            preexec_fn=children.bound_to_this_process(signal.SIGTERM),  # noqa: PLW1509 - a bare system call
        )
        try:
            yield process.pid, listener.getsockname()[1]
        finally:
            process.terminate()
            process.wait(timeout=15)


# -- printing ---------------------------------------------------------------------------------------------------------


def _print(rows: list[Row]) -> None:
    """A table of the figures, and of what they are multiples of."""
    from rich.console import Console
    from rich.table import Table

    bare = next(row for row in rows if row.server == "bare")
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
        "to bare",
        "naive to it",
        "needed",
    ):
        table.add_column(heading, justify="left" if heading in {"", "server"} else "right")
    for row in itertools.chain(rows):
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
            f"{row.server_cpu_us / bare.server_cpu_us:.2f}",
            f"{slower.server_cpu_us / row.server_cpu_us:.1f}" if slower and row.server == "platform" else "",
            f"≤ {needed[0]}, ≤ {needed[1]}" if needed else "",
        )
    Console(width=120).print(table)
