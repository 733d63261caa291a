"""Quotes: how long a buyer waits for one over HTTP, and that others than those who serve the route cost nothing.

Twenty providers serve each of 2,500 routes; ten of their offers become quotes, each with its lines and their
computation, written with audit, outbox and clock and read back. Then ten times as many providers come in, none of which
serves any of these routes, and the same questions are asked again. A server meets 358 routes, each for the first time
within its first 358 questions, the hundred before the measurement among them; from then on it knows their price lists
(decision 0172).
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from domain.access import Role
from infra.bench import measure, rig
from infra.bench.drive import Sent, drive, packets
from infra.bench.rig import Loaded
from storage.pool import Pool

DATABASE: Final = "bench_quotes"
PROVIDERS: Final = 2_000
"""With 25 lanes and 250 rates each: 50,000 lanes and 500,000 rates."""
OTHERS: Final = 10 * PROVIDERS
"""With as many lanes each, elsewhere; their rates are fewer, since nothing would ever read them."""
BUYER: Final = 9_000_000
"""The number of the buyer who asks, and of its organisation: behind all others."""
NEEDED: Final = (15, 50)
"""Milliseconds at the median and at the 99th percentile, on an idle machine with two cores."""

ASK: Final = """mutation Q($input: RequestQuoteInput!) { requestQuote(input: $input) {
  quoteRequest { id state quotes(first: 10) { nodes { id position mode chargeableKilograms
    total { amount currency } totalCost { amount } charges { kind amount { amount } }
    promisedAt expiresAt expectedLatenessCost { amount } provider { id name } } } }
  userErrors { code message } } }"""


def command(
    requests: Annotated[int, typer.Option(min=100, max=20_000, help="Requests per measurement.")] = 1_000,
    fresh: Annotated[bool, typer.Option("--fresh", help="Make and load the bench's database anew.")] = False,
) -> None:
    """Quotes: 2,000 providers, 50,000 lanes, 500,000 rates; then ten times the providers, on other routes."""
    with rig.engines() as settings:
        loaded = asyncio.run(rig.loaded(settings, DATABASE, _fill, fresh=fresh))
        if asyncio.run(_others(loaded)):  # an earlier run's: begin with few again
            loaded = asyncio.run(rig.loaded(settings, DATABASE, _fill, fresh=True))
        table = Table(title=f"A quote over HTTP (load average {os.getloadavg()[0]:.1f})", title_justify="left")
        headings = ("providers", "lanes", "at once", "p50 ms", "p99 ms", "CPU ms", "Postgres ms", "needed")
        for heading in headings:
            table.add_column(heading, justify="right")
        token = asyncio.run(_token(loaded))
        for others in (0, OTHERS):
            if others:
                asyncio.run(_fill_others(loaded))
            for at_once in (1, 2):
                table.add_row(*_measure(loaded, token, requests, at_once, PROVIDERS + others))
    Console(width=120).print(table)


def _measure(loaded: Loaded, token: str, requests: int, at_once: int, providers: int) -> list[str]:
    with rig.serving(loaded) as (process, port):
        sending = (packets(port, [one])[0] for one in _questions(token))
        asyncio.run(drive(port, sending, 100, at_once))
        before = measure.spent(process, loaded.postmaster)
        ran = asyncio.run(drive(port, sending, requests, at_once))
        spent = measure.spent(process, loaded.postmaster).since(before)
    return [
        f"{providers:,}",
        f"{providers * 25:,}",
        str(at_once),
        f"{ran.percentile(0.5):.1f}",
        f"{ran.percentile(0.99):.1f}",
        f"{spent.server / ran.requests * 1e3:.1f}",
        f"{spent.postgres / ran.requests * 1e3:.1f}",
        f"≤ {NEEDED[0]}, ≤ {NEEDED[1]}" if at_once == 1 else "",
    ]


def _questions(token: str) -> Iterator[Sent]:
    """The same goods from every place to every place in turn, for ever."""
    ready_at = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    pieces = [
        {"count": 3, "weightGrams": 42_000, "lengthMm": 800, "widthMm": 600, "heightMm": 500, "value": _usd("1200")},
        {"count": 1, "weightGrams": 85_000, "lengthMm": 1_300, "widthMm": 500, "heightMm": 500, "value": _usd("900")},
    ]
    for route in itertools.cycle(range(0, 2_500, 7)):
        wish = {
            "pieces": pieces,
            "origin": {"country": "CN", "unlocode": _place("CN", route // 50), "postalCode": "200000"},
            "destination": {"country": "US", "unlocode": _place("US", route % 50), "postalCode": "99501"},
            "readyAt": ready_at,
            "currency": "USD",
        }
        body = json.dumps({"query": ASK, "variables": {"input": wish}}).encode()
        yield Sent(body, token, b'"position":10')


def _usd(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


def _place(country: str, number: int) -> str:
    """The place of that number, as `quotes.sql` spells it."""
    return f"{country}B{chr(65 + number // 26)}{chr(65 + number % 26)}"


# -- loading ----------------------------------------------------------------------------------------------------------


async def _fill(connection: asyncpg.Connection, tenant_id: str) -> None:
    await _providers(connection, tenant_id, 1, PROVIDERS, "CN", "US", zones=25)
    buyer = f"{BUYER:026d}"
    await connection.execute(
        "INSERT INTO organisations (tenant_id, id, kind, name, created_at, version) "
        f"VALUES ('{tenant_id}', 'org_{buyer}', 'buyer', 'Buyer', now(), 1)"
    )
    await connection.execute(
        "INSERT INTO buyers (tenant_id, id, organisation_id, name, country, level, level_since, registered_at, "
        f"version) VALUES ('{tenant_id}', 'buy_{buyer}', 'org_{buyer}', 'Buyer', 'US', 0, now(), now(), 1)"
    )
    await connection.execute("ANALYZE")


async def _fill_others(loaded: Loaded) -> None:
    connection = await asyncpg.connect(loaded.settings.database_owner_url)
    try:
        await _providers(connection, loaded.tenant_id, PROVIDERS + 1, PROVIDERS + OTHERS, "DE", "BR", zones=1)
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


async def _providers(
    connection: asyncpg.Connection, tenant_id: str, first: int, last: int, origin: str, destination: str, *, zones: int
) -> None:
    known = {"first": str(first), "last": str(last), "origin": origin, "destination": destination, "zones": str(zones)}
    await rig.filled_by("quotes.sql", connection, tenant=tenant_id, **known)


async def _others(loaded: Loaded) -> bool:
    connection = await asyncpg.connect(loaded.settings.database_owner_url)
    try:
        return bool(await connection.fetchval("SELECT true FROM lanes WHERE origin_country = 'DE' LIMIT 1"))
    finally:
        await connection.close()


async def _token(loaded: Loaded) -> str:
    pool = await Pool.open(loaded.settings.database_url, size=1)
    try:
        return await rig.key_of(pool, loaded.tenant_id, f"org_{BUYER:026d}", (Role.BUYER,))
    finally:
        await pool.close()
