"""The nearest service points: a hundred thousand of two thousand providers, asked for in the database and over HTTP.

Nine tenths lie around the shipped ports and cities of trade, the rest anywhere on land or sea; questions are asked from
around the same places, for services that many points have and for one that one point in a thousand has.
"""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from domain import geography
from domain.ids import TenantId
from domain.modes import ServiceMode
from domain.places import MICRO, Coordinates
from infra.bench import rig
from infra.bench.drive import Ran, Sent, drive, packets
from infra.bench.rig import Loaded
from infra.bench.workloads import thing
from storage import service_points
from storage.pool import Pool

DATABASE: Final = "bench_points"
POINTS: Final = 100_000
PROVIDERS: Final = 2_000
BATCH: Final = 5_000
SPREAD: Final = 1.2
"""Degrees (standard deviation): how far around its place a point lies."""
RARE: Final = ServiceMode.INSPECTION
RARE_EACH: Final = 1_000
"""One point in so many has the rare service."""
USUAL: Final = (ServiceMode.REPAIR, ServiceMode.INSTALLATION, ServiceMode.WAREHOUSING, ServiceMode.EXPRESS)
PAGE: Final = 10
CONNECTIONS: Final = 4

NEAR: Final = """query Near($at: LocationInput!, $service: ServiceMode!, $first: Int!) {
  servicePointsNear(location: $at, service: $service, first: $first) {
    edges { distanceMetres node { id name street locality country services engineers state } } } }"""

_PARTIES: Final = """
INSERT INTO organisations (tenant_id, id, kind, name, created_at, version)
SELECT $1, 'org_' || lpad(n::text, 26, '0'), 'provider', 'Organisation ' || n, now() - interval '2 years', 1
FROM generate_series(1, $2::integer) n
"""
_PROVIDERS: Final = """
INSERT INTO providers (tenant_id, id, organisation_id, reference, name, country, kind, state, state_since, activated_at,
  vouched_by, registered_at, version)
SELECT $1, 'prv_' || lpad(n::text, 26, '0'), 'org_' || lpad(n::text, 26, '0'), 'P-' || n, 'Provider ' || n, 'DE',
  'SERVICE_NETWORK', 'ACTIVE', now(), now(), 'system:bench', now() - n * interval '1 minute', 1
FROM generate_series(1, $2::integer) n
"""
_FILLED: Final = """
INSERT INTO service_points (tenant_id, id, provider_id, state, name, country, locality, street, latitude, longitude,
  services, engineers, areas, radius_metres, zone, opening, cell, reach, added_at, verified_at, activated_at, version)
SELECT $1, 'svp_' || lpad(v.n::text, 26, '0'), 'prv_' || lpad((v.n % $2 + 1)::text, 26, '0'), 'ACTIVE',
  'Service point ' || v.n, v.country, 'Town', v.n || ' Pier Road', v.latitude, v.longitude,
  string_to_array(v.services, ' '), 5, ARRAY[v.country], 50000, 'UTC', '{}', v.cell, v.reach, now(), now(), now(), 1
FROM unnest($3::integer[], $4::text[], $5::integer[], $6::integer[], $7::text[], $8::bigint[], $9::smallint[])
  AS v (n, country, latitude, longitude, services, cell, reach)
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """What one kind of question came to, in milliseconds."""

    asked: str
    where: str
    requests: int
    p50_ms: float
    p99_ms: float
    most_ms: float


def command(
    requests: Annotated[int, typer.Option(min=100, help="Questions of each kind.")] = 2_000,
    fresh: Annotated[bool, typer.Option("--fresh", help="Make and load the bench's database anew.")] = False,
    to: Annotated[Path | None, typer.Option("--json", help="Also write the figures to this file.")] = None,
) -> None:
    """Service points: the nearest of a hundred thousand, in the database alone and over HTTP."""
    with rig.engines() as settings:
        loaded = asyncio.run(rig.loaded(settings, DATABASE, _fill, fresh=fresh))
        around = asyncio.run(_questions(loaded))
        rows = asyncio.run(_in_database(loaded, around, requests))
        rows += _over_http(loaded, around, requests)
    _print(rows)
    if to is not None:
        to.write_text(json.dumps([dataclasses.asdict(row) for row in rows], indent=2) + "\n", encoding="utf-8")


# -- filling -----------------------------------------------------------------------------------------------------------


async def _fill(connection: asyncpg.Connection, tenant_id: str) -> None:
    await connection.execute(_PARTIES, tenant_id, PROVIDERS)
    await connection.execute(_PROVIDERS, tenant_id, PROVIDERS)
    dice = random.Random(POINTS)  # noqa: S311 -- the same points each time, not a secret
    places = await _places(connection)
    rows = (_point(number, places, dice) for number in range(1, POINTS + 1))
    while batch := list(itertools.islice(rows, BATCH)):
        await connection.execute(_FILLED, tenant_id, PROVIDERS, *map(list, zip(*batch, strict=True)))
    await connection.execute("VACUUM ANALYZE service_points, service_point_cells, service_point_areas, providers")


async def _places(connection: asyncpg.Connection) -> list[tuple[str, int, int]]:
    """Country, latitude and longitude of every place that is known."""
    text = "SELECT country::text, latitude, longitude FROM places WHERE latitude IS NOT NULL ORDER BY unlocode"
    return [(row["country"], row["latitude"], row["longitude"]) for row in await connection.fetch(text)]


def _point(number: int, places: list[tuple[str, int, int]], dice: random.Random) -> tuple[Any, ...]:
    country, at = _spot(places, dice)
    services = dice.sample(USUAL, dice.randint(1, 3))
    if number % RARE_EACH == 0:
        services.append(RARE)
    reach = geography.ring_of(50_000)
    return number, country, at.latitude, at.longitude, " ".join(services), geography.cell_of(at), reach


def _spot(places: list[tuple[str, int, int]], dice: random.Random) -> tuple[str, Coordinates]:
    """Somewhere around one of the places; one time in ten anywhere between the polar circles."""
    country, latitude, longitude = dice.choice(places)
    if dice.random() < 0.1:
        latitude, longitude = dice.randint(-66 * MICRO, 66 * MICRO), dice.randint(-180 * MICRO, 180 * MICRO - 1)
    else:
        latitude = max(min(int(dice.gauss(latitude, SPREAD * MICRO)), 89 * MICRO), -89 * MICRO)
        longitude = (int(dice.gauss(longitude, SPREAD * MICRO)) + 180 * MICRO) % (360 * MICRO) - 180 * MICRO
    return country, Coordinates(latitude, longitude)


# -- asking ------------------------------------------------------------------------------------------------------------


async def _questions(loaded: Loaded) -> list[Coordinates]:
    """Where questions are asked from."""
    connection = await asyncpg.connect(loaded.settings.database_owner_url)
    try:
        places = await _places(connection)
    finally:
        await connection.close()
    dice = random.Random(1)  # noqa: S311 -- the same questions each time
    return [_spot(places, dice)[1] for _ in range(5_000)]


async def _in_database(loaded: Loaded, around: list[Coordinates], requests: int) -> list[Row]:
    pool = await Pool.open(loaded.settings.database_url, size=1)
    tenant_id = TenantId(loaded.tenant_id)
    try:
        async with pool.acquire(tenant_id) as connection:
            now = await connection.fetchval("SELECT clock_timestamp()")
            rows = []
            for service, metres in ((USUAL[0], None), (RARE, None), (USUAL[0], 50_000)):
                taken = []
                for at in itertools.islice(itertools.cycle(around), requests + 50):
                    began = time.perf_counter()
                    found = await service_points.near(
                        connection, tenant_id, at, service, metres=metres, count=PAGE, now=now
                    )
                    taken.append(time.perf_counter() - began)
                    if metres is None and len(found) < PAGE:
                        raise RuntimeError(f"only {len(found)} points were found from {at}")
                seen = tuple(sorted(taken[50:]))
                rows.append(_row(_asked(service, metres), "database", Ran(len(seen), sum(seen), seen)))
            return rows
    finally:
        await pool.close()


def _over_http(loaded: Loaded, around: list[Coordinates], requests: int) -> list[Row]:
    rows = []
    with rig.serving(loaded) as (_process, port):
        for service in (USUAL[0], RARE):
            sending = (packets(port, [one])[0] for one in _sent(loaded, around, service))
            for connections in (1, CONNECTIONS):
                asyncio.run(drive(port, sending, 100, connections))
                ran = asyncio.run(drive(port, sending, requests, connections))
                rows.append(_row(_asked(service, None), f"HTTP, {connections} at once", ran))
    return rows


def _sent(loaded: Loaded, around: list[Coordinates], service: ServiceMode) -> Iterator[Sent]:
    for at in itertools.cycle(around):
        variables = {
            "at": {"coordinates": {"latitude": _degrees(at.latitude), "longitude": _degrees(at.longitude)}},
            "service": service.value,
            "first": PAGE,
        }
        body = json.dumps({"query": NEAR, "variables": variables}).encode()
        yield Sent(body, loaded.token, thing("svp", 0)[:8].encode())


def _degrees(micro: int) -> str:
    whole, rest = divmod(abs(micro), MICRO)
    return f"{'-' if micro < 0 else ''}{whole}.{rest:06}"


def _asked(service: ServiceMode, metres: int | None) -> str:
    many = "rare" if service is RARE else "usual"
    return f"{PAGE} nearest, {many} service" + (f", within {metres // 1000} km" if metres else "")


def _row(asked: str, where: str, ran: Ran) -> Row:
    return Row(asked, where, ran.requests, ran.percentile(0.5), ran.percentile(0.99), ran.percentile(1))


def _print(rows: list[Row]) -> None:
    table = Table(title=f"Nearest of {POINTS:,} service points, in ms", title_justify="left")
    for heading in ("", "where", "questions", "p50", "p99", "most"):
        table.add_column(heading, justify="left" if heading in {"", "where"} else "right")
    for row in rows:
        figures = (f"{figure:.2f}" for figure in (row.p50_ms, row.p99_ms, row.most_ms))
        table.add_row(row.asked, row.where, f"{row.requests:,}", *figures)
    Console(width=120).print(table)
