"""What every bench stands on: a database of its own beside the others, a marketplace in it, and a server in a process.

A bench's database is called by its name and kept between runs, since filling it takes longer than measuring; `--fresh`
makes it anew. Rows are generated inside Postgres: COPY is refused where row-level security is forced.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from api.embedded import children, connected
from api.operations import keys
from api.operations.tenants import create_tenant, system
from api.settings import ROOT, Settings, from_environment
from api.verbs.migrate import bring_up_to_date
from domain.access import Role, Scope
from domain.ids import OrganisationId, TenantId
from domain.keys import IssueApiKey
from domain.tenants import CreateTenant, TenantKind
from storage.pool import Pool
from storage.unit_of_work import Outcome, Work, transact

FOLDER: Final = Path(__file__).parent


@dataclasses.dataclass(frozen=True, slots=True)
class Loaded:
    """A bench's database: where it is, whose it is, who asks with which token, and the process that runs Postgres."""

    settings: Settings
    tenant_id: str
    operator_id: str
    token: str
    postmaster: int


Fill = Callable[[asyncpg.Connection, str], Awaitable[None]]
"""Fills a migrated database for the tenant, as its owner."""


@contextlib.contextmanager
def engines() -> Iterator[Settings]:
    """The embedded engines run, with the state that benches keep, or those that the environment names."""
    os.environ.setdefault("MAKEGOOD_STATE", str(ROOT / ".state" / "bench"))
    with connected(dataclasses.replace(from_environment(os.environ), demo=False)) as settings:
        yield settings


async def loaded(
    settings: Settings, name: str, fill: Fill, *, fresh: bool, roles: Sequence[Role] = (Role.SUPPORT,)
) -> Loaded:
    """The database `name` is there and filled; made anew if asked, or if it was never filled to the end."""
    bench = at(settings, name)
    record = settings.state_dir / f"{name}.json"
    known = json.loads(record.read_text(encoding="utf-8")) if record.exists() and not fresh else None
    if known is None:
        record.unlink(missing_ok=True)
        known = await _make(settings, bench, name, fill, tuple(roles))
        record.write_text(json.dumps(known), encoding="utf-8")
    connection = await asyncpg.connect(bench.database_owner_url)
    try:
        postmaster = _parent(await connection.fetchval("SELECT pg_backend_pid()"))
    finally:
        await connection.close()
    return Loaded(bench, known["tenant"], known["operator"], known["token"], postmaster)


def at(settings: Settings, name: str) -> Settings:
    """The settings with that database instead of theirs."""
    return dataclasses.replace(
        settings,
        database_url=_named(settings.database_url, name),
        database_owner_url=_named(settings.database_owner_url, name),
        database_worker_url=_named(settings.database_worker_url, name),
    )


async def filled_by(file: str, connection: asyncpg.Connection, **known: str) -> None:
    """The SQL file beside this one was run, each `$name` in it replaced."""
    text = (FOLDER / file).read_text(encoding="utf-8")
    for name, value in known.items():
        text = text.replace(f"${name}", value)
    await connection.execute(text)


@contextlib.asynccontextmanager
async def loading(connection: asyncpg.Connection, *tables: str) -> AsyncIterator[None]:
    """Within, those tables are filled; afterwards their indexes are made and the planner knows them.

    Without the checks of foreign keys and the other triggers: row by row, indexes and checks take most of the time. Who
    loads so says how it is known that what was loaded holds together.
    """
    made = await connection.fetch(
        "SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS text FROM pg_index "
        "WHERE indrelid = ANY ($1::text[]::regclass[]) "
        "AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)",
        tables,
    )
    await connection.execute("SET session_replication_role = replica; SET synchronous_commit = off")
    await connection.execute("SET maintenance_work_mem = '256MB'")
    for index in made:
        await connection.execute(f"DROP INDEX {index['name']}")
    yield
    for index in made:
        await connection.execute(index["text"])
    await connection.execute("RESET session_replication_role; RESET synchronous_commit; RESET maintenance_work_mem")
    await connection.execute(f"VACUUM ANALYZE {', '.join(tables)}")


async def key_of(pool: Pool, tenant_id: str, organisation_id: str, roles: Sequence[Role]) -> str:
    """The secret of a new key with those roles in that organisation."""
    caller = system(TenantId(tenant_id), "bench")

    async def issue(work: Work) -> Outcome:
        key = IssueApiKey(
            OrganisationId(organisation_id), "bench", tuple(roles), tuple(Scope), frontend=False, expires_at=None
        )
        return await keys.issue_api_key(work, key)

    issued, _ = await transact(pool, caller, action="bench", request_id="run bench", act=issue)
    return issued.once["secret"]


@contextlib.contextmanager
def serving(loaded: Loaded, kind: str = "platform") -> Iterator[tuple[int, int]]:
    """A server of that kind (`serve.py`) runs in a process of its own: its process id and its port."""
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


async def _make(settings: Settings, bench: Settings, name: str, fill: Fill, roles: tuple[Role, ...]) -> dict[str, str]:
    lobby = await asyncpg.connect(settings.database_owner_url)
    try:
        await lobby.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await lobby.execute(f"CREATE DATABASE {name}")
    finally:
        await lobby.close()
    await asyncio.to_thread(bring_up_to_date, bench)
    worker_pool = await Pool.open(bench.database_worker_url, size=1)
    pool = await Pool.open(bench.database_url, size=1)
    try:
        wish = CreateTenant("Bench", TenantKind.LIVE, "US", "USD")
        made = await create_tenant(worker_pool, wish, request_id="run bench")
        token = await key_of(pool, made.id, made.operator_id, roles)
    finally:
        await pool.close()
        await worker_pool.close()
    connection = await asyncpg.connect(bench.database_owner_url)
    try:
        await fill(connection, made.id)
    finally:
        await connection.close()
    return {"tenant": made.id, "operator": made.operator_id, "token": token}


def _named(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _parent(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()[1])
