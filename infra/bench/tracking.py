"""Carriers' reports: how many a second one server takes over HTTP, and what one of them costs.

Every request brings reports of different shipments, so that each report is a change of a shipment of its own with its
audit, history and happening: the dearest mix there is. Each shipment has eight reports, the last one of its delivery.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from domain.access import Role
from infra.bench import measure, rig
from infra.bench.drive import drive
from infra.bench.rig import Loaded
from storage.pool import Pool

DATABASE: Final = "bench_tracking"
SHIPMENTS: Final = 40_000
PROVIDERS: Final = 8
CONNECTIONS: Final = 4
NEEDED: Final = 2_000
"""Reports a second on two cores, driver and database on the same."""

STORY: Final = (
    ("PU", -200), ("DF", -180), ("AF", -150), ("IC", -140), ("CR", -130), ("AR", -60), ("WC", -9), ("OK", -5)
)  # fmt: skip
"""What is told of each shipment: the carrier's code, and how many hours ago."""

Packet = tuple[bytes, bytes]


def command(
    reports: Annotated[int, typer.Option(min=1_600, max=160_000, help="Reports in all.")] = 16_000,
    batch: Annotated[int, typer.Option(min=1, max=1_000, help="Reports of a request.")] = 200,
    fresh: Annotated[bool, typer.Option("--fresh", help="Make and load the bench's database anew.")] = False,
) -> None:
    """Tracking: reports a second over HTTP, in batches, each moving a shipment of its own."""
    with rig.engines() as settings:
        loaded = asyncio.run(rig.loaded(settings, DATABASE, _fill, fresh=fresh))
        wanted = reports // len(STORY)
        first = asyncio.run(_first_booked(loaded))
        if first + wanted + batch * CONNECTIONS > SHIPMENTS:
            loaded, first = asyncio.run(rig.loaded(settings, DATABASE, _fill, fresh=True)), 1
        row = _measure(loaded, range(first, first + wanted), batch)
    table = Table(title="Reports of carriers over HTTP", title_justify="left")
    for heading in (
        "reports",
        "a request",
        "reports/s",
        "p50 ms",
        "p99 ms",
        "CPU µs each",
        "Postgres µs each",
        "needed",
    ):
        table.add_column(heading, justify="right")
    table.add_row(*row, f"≥ {NEEDED:,}/s")
    Console(width=120).print(table)


def _measure(loaded: Loaded, shipments: range, batch: int) -> list[str]:
    keys = asyncio.run(_keys(loaded))
    with rig.serving(loaded) as (process, port):
        warm = range(shipments.stop, shipments.stop + batch * CONNECTIONS)
        asyncio.run(drive(port, _packets(port, keys, warm, batch, STORY[:1]), CONNECTIONS, CONNECTIONS))
        packets = list(_packets(port, keys, shipments, batch, STORY))
        before = measure.spent(process, loaded.postmaster)
        ran = asyncio.run(drive(port, iter(packets), len(packets), CONNECTIONS))
        spent = measure.spent(process, loaded.postmaster).since(before)
    count = len(shipments) * len(STORY)
    return [
        f"{count:,}",
        str(batch),
        f"{count / ran.seconds:,.0f}",
        f"{ran.percentile(0.5):.0f}",
        f"{ran.percentile(0.99):.0f}",
        f"{spent.server / count * 1e6:.0f}",
        f"{spent.postgres / count * 1e6:.0f}",
    ]


def _packets(
    port: int, keys: list[str], shipments: range, batch: int, story: tuple[tuple[str, int], ...]
) -> Iterator[Packet]:
    """Requests with the whole story of the shipments, step by step, each of one provider's shipments."""
    run, now = secrets.token_hex(4), datetime.now(UTC)
    of_provider = [[n for n in shipments if n % PROVIDERS == place] for place in range(PROVIDERS)]
    for code, hours in story:
        at = (now + timedelta(hours=hours)).isoformat()
        batches = (
            [numbers[first : first + batch] for first in range(0, len(numbers), batch)] for numbers in of_provider
        )
        for several in itertools.zip_longest(*batches):
            for key, numbers in zip(keys, several, strict=True):
                if numbers:
                    yield _packet(port, key, [_report(n, run, code, at) for n in numbers])


def _report(number: int, run: str, code: str, at: str) -> dict[str, str]:
    return {
        "reference": f"{run}-{number}-{code}",
        "shipmentReference": f"T-{number}",
        "carrier": "dhl_express",
        "code": code,
        "place": "Leipzig",
        "occurredAt": at,
    }


def _packet(port: int, key: str, reports: list[dict[str, str]]) -> Packet:
    body = json.dumps(reports).encode()
    head = (
        b"POST /intake/tracking HTTP/1.1\r\nhost: 127.0.0.1:%d\r\ncontent-type: application/json\r\n"
        b"authorization: Bearer %s\r\ncontent-length: %d\r\n\r\n" % (port, key.encode(), len(body))
    )
    return head + body, b'"counts":{"ACCEPTED":%d}' % len(reports)


async def _fill(connection: asyncpg.Connection, tenant_id: str) -> None:
    """Providers and shipments."""
    await rig.filled_by("tracking.sql", connection, tenant=tenant_id)


async def _keys(loaded: Loaded) -> list[str]:
    """A key of each provider."""
    pool = await Pool.open(loaded.settings.database_url, size=1)
    try:
        return [
            await rig.key_of(pool, loaded.tenant_id, f"org_{number:026d}", (Role.PROVIDER,))
            for number in range(1, PROVIDERS + 1)
        ]
    finally:
        await pool.close()


async def _first_booked(loaded: Loaded) -> int:
    """The first shipment of which nothing was told yet."""
    connection = await asyncpg.connect(loaded.settings.database_owner_url)
    try:
        text = "SELECT coalesce(max(right(id, 26)::bigint), 0) + 1 FROM shipments WHERE tenant_id = $1 AND version > 1"
        return int(await connection.fetchval(text, loaded.tenant_id))
    finally:
        await connection.close()
