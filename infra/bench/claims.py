"""A million claims: the desk's first page, one decision, and a thousand clocks due at one instant."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Final

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from api.reads.plan import ListRows
from api.reads.statement import list_statement, page
from api.schema.schema import contract
from domain.access import Role, ViewerKind
from domain.tenants import BETWEEN_BUSINESSES
from infra.bench import clocks, measure, rig
from infra.bench.clocks import Burst
from infra.bench.drive import Sent, drive, packets
from infra.bench.rig import Loaded
from infra.bench.workloads import thing
from storage.pool import Pool
from storage.views import desk as desk_views
from storage.views.desk import SOURCES

RULE: Final = "guarantees/on_time"
EVENTS: Final = 5
"""Events of one claim."""
LOADED: Final = {
    "covers.sql": ("guarantees", "orders", "order_lines", "coverages"),
    "claims.sql": ("claims", "claim_lines", "claim_events"),
}
"""Files that are loaded at the same time, and the tables that each fills."""
PAGE: Final = 50
PAGES: Final = 100
"""How often each page is asked for."""
DUE: Final = 1_000
"""Clocks that are due at one instant."""
PAGE_NEEDED_MS: Final = 10
DECISION_NEEDED_MS: Final = 15
BURST_NEEDED_SECONDS: Final = 10
QUEUES: Final[dict[str, dict[str, Any]]] = {
    "an adjudicator's queue": {"role": "ADJUDICATOR"},
    "support's queue": {"role": "SUPPORT"},
    "an adjudicator's, nobody's": {"role": "ADJUDICATOR", "assignment": "UNASSIGNED"},
    "an adjudicator's, one's own": {"role": "ADJUDICATOR", "assignment": "MINE"},
    "every claim": {},
}
"""Pages of the desk: what each is called and its filter."""

_ANSWERS: Final = """
WITH chosen AS (
  SELECT c.id, c.provider_id FROM claims c WHERE c.tenant_id = $1 AND c.state = 'OPEN' AND c.duty = 'ANSWER_CLAIM'
    AND $2::text IS NOT NULL AND NOT EXISTS (SELECT FROM clocks k WHERE k.tenant_id = $1 AND k.subject_id = c.id)
  ORDER BY c.id LIMIT $5
), due AS (
  SELECT id, provider_id, $3::timestamptz + $4::interval AS due_at, row_number() OVER (ORDER BY id) AS n FROM chosen
), moved AS (
  UPDATE claims c SET due_at = d.due_at, answer_due_at = d.due_at FROM due d WHERE c.tenant_id = $1 AND c.id = d.id
)
INSERT INTO clocks (tenant_id, id, subject_id, duty, party_id, due_at, state, started_at, version)
SELECT $1, 'clk_' || lpad((extract(epoch FROM clock_timestamp()) * 1000000)::bigint::text || n, 26, '0'), id,
  'ANSWER_CLAIM', provider_id, due_at, 'RUNNING', clock_timestamp(), 1 FROM due
"""

_ORPHANS: Final = """
SELECT (SELECT count(*) FROM claims c TABLESAMPLE SYSTEM (1) WHERE c.tenant_id = $1 AND NOT EXISTS (
    SELECT FROM coverages v JOIN orders o ON o.tenant_id = v.tenant_id AND o.id = v.order_id
    JOIN order_lines l ON l.tenant_id = o.tenant_id AND l.order_id = o.id
    WHERE v.tenant_id = $1 AND v.id = c.coverage_id AND o.id = c.order_id AND o.buyer_id = c.buyer_id))
  + (SELECT count(*) FROM claim_lines n TABLESAMPLE SYSTEM (1) WHERE n.tenant_id = $1 AND NOT EXISTS (
    SELECT FROM claims c WHERE c.tenant_id = $1 AND c.id = n.claim_id))
  + (SELECT count(*) FROM claim_events e TABLESAMPLE SYSTEM (1) WHERE e.tenant_id = $1 AND NOT EXISTS (
    SELECT FROM claims c WHERE c.tenant_id = $1 AND c.id = e.claim_id))
"""
"""Rows of a sample that lead nowhere: foreign keys are not checked while loading."""

UNANSWERED: Final = Burst(_ANSWERS, "ANSWER_CLAIM", "clm")
"""Claims whose liable party lets its time to answer pass."""

DECIDE: Final = """mutation Decide($input: DecideClaimInput!) { decideClaim(input: $input) {
  claim { id state outcome amount { amount currency } } userErrors { code message } } }"""


def command(
    count: Annotated[int, typer.Option(min=20_000, help="Claims; each has five events.")] = 1_000_000,
    decisions: Annotated[int, typer.Option(min=10, max=5_000, help="How many claims are decided.")] = 300,
    fresh: Annotated[bool, typer.Option("--fresh", help="Make and load the bench's database anew.")] = False,
) -> None:
    """Claims: the desk's pages in the database, one decision, and clocks due at one instant, at a million claims."""
    database = f"bench_claims_{count}"
    with rig.engines() as settings:
        roles = (Role.SUPPORT, Role.ADJUDICATOR)
        fill = partial(_fill, url=rig.at(settings, database).database_owner_url, count=count)
        loaded = asyncio.run(rig.loaded(settings, database, fill, fresh=fresh, roles=roles))
        typer.echo(f"{count:,} claims, {count * EVENTS:,} events; load of the machine {os.getloadavg()[0]:.1f}")
        rows = [*asyncio.run(_pages(loaded)), _decisions(loaded, count, decisions)]
        for workers, kills in ((1, 0), (3, 1)):
            _, seconds, twice = asyncio.run(clocks.run(loaded, UNANSWERED, DUE, 0, workers=workers, kills=kills))
            name = f"{DUE:,} due clocks, {workers} worker{'s' * (workers > 1)}, {kills} killed"
            rows.append((name, f"{seconds:.1f} s, {twice} fired twice", f"≤ {BURST_NEEDED_SECONDS} s, 0 twice"))
    table = Table(title_justify="left")
    for heading in ("", "measured", "needed"):
        table.add_column(heading)
    for row in rows:
        table.add_row(*row)
    Console(width=120).print(table)


async def _fill(connection: asyncpg.Connection, tenant_id: str, *, url: str, count: int) -> None:
    """Claims and what they are on, loaded by two connections at the same time: no row waits for another's."""
    version = "SELECT id FROM rule_versions WHERE tenant_id = $1 AND key = $2 ORDER BY number DESC LIMIT 1"
    rule = await connection.fetchval(version, tenant_id, RULE)
    procedure = await connection.fetchval(version, tenant_id, BETWEEN_BUSINESSES)
    known = {"tenant": tenant_id, "rule": rule, "procedure": procedure, "count": str(count)}
    began = time.perf_counter()
    await rig.filled_by("parties.sql", connection, tenant=tenant_id, levels="5")
    await connection.execute("ANALYZE")
    await asyncio.gather(*(_load(url, file, tables, known) for file, tables in LOADED.items()))
    if lost := await connection.fetchval(_ORPHANS, tenant_id):
        raise RuntimeError(f"{lost} of a sample of the loaded rows lead nowhere")
    typer.echo(f"loaded in {time.perf_counter() - began:.0f} s")


async def _load(url: str, file: str, tables: Sequence[str], known: Mapping[str, str]) -> None:
    connection = await asyncpg.connect(url)
    try:
        async with rig.loading(connection, *tables):
            await rig.filled_by(file, connection, **known)
    finally:
        await connection.close()


async def _pages(loaded: Loaded) -> list[tuple[str, str, str]]:
    """The first page of each queue and of one's work: the time in the database, asked a hundred times over."""
    rows = []
    pool = await Pool.open(loaded.settings.database_url, size=1)
    try:
        for name, text, arguments in _statements(loaded):
            async with pool.acquire(loaded.tenant_id) as connection:
                found, taken = await connection.fetch(text, *arguments), []
                for _ in range(PAGES):
                    began = time.perf_counter()
                    await connection.fetch(text, *arguments)
                    taken.append((time.perf_counter() - began) * 1_000)
                explained = await connection.fetch(f"EXPLAIN (ANALYZE, TIMING OFF) {text}", *arguments)
            plan = "\n".join(row[0] for row in explained)
            inside = float(re.findall(r"Execution Time: ([\d.]+) ms", plan)[0])
            taken.sort()
            told = (
                f"{inside:.2f} ms inside, {taken[PAGES // 2]:.2f} p50 {taken[PAGES * 99 // 100]:.2f} p99 with its way"
            )
            rows.append((f"first page, {name} ({len(found)} rows)", told, f"≤ {PAGE_NEEDED_MS} ms"))
    finally:
        await pool.close()
    return rows


def _statements(loaded: Loaded) -> Iterator[tuple[str, str, list[Any]]]:
    """Name, text and arguments of each page, as the read engine composes them for staff."""
    view = contract().views["Claim"]
    actor = thing("mem", 18)
    for name, wish in QUEUES.items():
        rows = ListRows(view, ViewerKind.STAFF, 0, coordinate="Query.claims", order="MOST_URGENT_FIRST")
        for column in ("id", "number", "state", "reason", "due_at", "amount_minor", "currency", "assignee_id"):
            rows.place(f"t.{column}")
        asked = page(rows, {"first": PAGE, "filter": wish})
        statement = list_statement(rows, asked)
        known = {"tenant": loaded.tenant_id, "actor": actor, **asked.values}
        yield name, statement.text, [known[what] for what in statement.parameters]
    of_staff = [(kind, source) for kind, sources in SOURCES.items() for source in sources if source.party is None]
    text = desk_views.statement(of_staff, bounded=False)
    yield "my work", text, [loaded.tenant_id, actor, PAGE + 1]


def _decisions(loaded: Loaded, count: int, decisions: int) -> tuple[str, str, str]:
    """Escalated claims, granted and denied in turn by one adjudicator, one after the other."""
    run = secrets.token_hex(4)
    left = asyncio.run(_undecided(loaded, decisions + decisions // 10))
    with rig.serving(loaded) as (process, port):
        sending = (packets(port, [one])[0] for one in _wishes(loaded, left, run))
        asyncio.run(drive(port, sending, decisions // 10, 1))
        before = measure.spent(process, loaded.postmaster)
        ran = asyncio.run(drive(port, sending, decisions, 1))
        spent = measure.spent(process, loaded.postmaster).since(before)
    told = (
        f"{ran.percentile(0.5):.1f} ms p50, {ran.percentile(0.99):.1f} p99; CPU: server "
        f"{spent.server / ran.requests * 1e3:.1f} ms, Postgres {spent.postgres / ran.requests * 1e3:.1f} ms"
    )
    return f"one decision of {count:,} claims", told, f"≤ {DECISION_NEEDED_MS} ms"


def _wishes(loaded: Loaded, claims: list[str], run: str) -> Iterator[Sent]:
    for claim, outcome in zip(claims, itertools.cycle(("GRANTED", "DENIED")), strict=False):
        wish = {
            "claimId": claim,
            "outcome": outcome,
            "note": "As the records show.",
            "idempotencyKey": f"{run}-{claim}",
        }
        body = json.dumps({"query": DECIDE, "variables": {"input": wish}}).encode()
        yield Sent(body, loaded.token, b'"userErrors":[]')


async def _undecided(loaded: Loaded, wanted: int) -> list[str]:
    """Claims that wait for the desk and that nobody has."""
    connection = await asyncpg.connect(loaded.settings.database_owner_url)
    try:
        rows = await connection.fetch(
            "SELECT id FROM claims WHERE tenant_id = $1 AND state = 'ESCALATED' AND assignee_id IS NULL "
            "ORDER BY due_at DESC, id LIMIT $2",
            loaded.tenant_id,
            wanted,
        )
    finally:
        await connection.close()
    if len(rows) < wanted:
        raise RuntimeError("too few claims are left to decide; load anew with --fresh")
    return [row["id"] for row in rows]
