"""Looking for service points never goes through a table: the plans of the very statements, as the app's role."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from itertools import product
from typing import Any

import asyncpg
import pytest

from domain import geography
from domain.geography import RINGS
from domain.places import Coordinates
from storage.service_points import _COVERING, _REACHING, SELLING, nearest

POINTS = 4_000
AT = Coordinates(31_233_333, 121_483_333)
FILLED = """
INSERT INTO service_point_cells (tenant_id, service_point_id, service, provider_id, country, cell, latitude, longitude,
  reach, radius_metres)
SELECT 'ten_' || n % 2, 'svp_' || lpad(n::text, 26, '0'), 'REPAIR', 'prv_' || n % 50, 'CN',
  n::bigint * 1099511627776 / $1::integer, n * 20000 - 40000000, n * 40000 - 80000000, 1 + n % 3, 50000
FROM generate_series(1, $1::integer) n
"""
AREAS = """
INSERT INTO service_point_areas (tenant_id, service, area_key, service_point_id, provider_id, country, latitude,
  longitude)
SELECT c.tenant_id, c.service, k, c.service_point_id, c.provider_id, c.country, c.latitude, c.longitude
FROM service_point_cells c, unnest(ARRAY['CN', 'CN~2001']) k
"""


@pytest.fixture
async def app_sees(owner: asyncpg.Pool[Any], app: asyncpg.Pool[Any], emptied: None) -> AsyncIterator[Any]:
    """A connection as the application's role in one of two tenants with thousands of points."""
    async with owner.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")  # no foreign keys: points alone do
        await connection.execute(FILLED, POINTS)
        await connection.execute(AREAS)
    await owner.execute("ANALYZE service_point_cells, service_point_areas, providers, restrictions")
    async with app.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL makegood.tenant_id = 'ten_1'")
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        yield connection


def steps(node: dict[str, Any]) -> Iterator[str]:
    """The indexes that are used, and the tables that are gone through."""
    if "Index Name" in node:
        yield node["Index Name"]
    if "Seq Scan" in node["Node Type"]:
        yield node["Relation Name"]
    for below in node.get("Plans", ()):
        yield from steps(below)


async def plan(connection: asyncpg.Connection[Any], text: str, *arguments: Any) -> set[str]:
    """How the statement would be run."""
    found = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {text}", *arguments)
    return set(steps(json.loads(found)[0]["Plan"]))


async def test_the_nearest_are_read_by_ranges_of_cells(app_sees: asyncpg.Connection[Any]) -> None:
    """Each ring, from the front and from the back, within cursors and without."""
    for ring, (bounds, backward) in product(RINGS, (((), False), ((">",), False), (("<",), True), ((">", "<"), True))):
        ranges = geography.around(AT, ring)
        found = await plan(
            app_sees, nearest(*bounds, backward=backward),
            "ten_1", SELLING, datetime.now(UTC), "REPAIR", AT.latitude, AT.longitude,
            [each.low for each in ranges], [each.high for each in ranges], ring, 10,
            *(value for _ in bounds for value in (20_000, "svp_1")),
        )  # fmt: skip
        assert "service_point_cells_near" in found, (ring, bounds)
        assert "service_point_cells" not in found, (ring, bounds)


async def test_covering_points_are_read_by_radius_and_by_area(app_sees: asyncpg.Connection[Any]) -> None:
    ranges = geography.around(AT, RINGS[0])
    rest = ("ten_1", SELLING, datetime.now(UTC), "REPAIR")
    reaching = await plan(
        app_sees, _REACHING, *rest, AT.latitude, AT.longitude, [each.low for each in ranges],
        [each.high for each in ranges], [1] * len(ranges), 10,
    )  # fmt: skip
    assert "service_point_cells_reach" in reaching
    assert "service_point_cells" not in reaching
    covering = await plan(app_sees, _COVERING, *rest, ["CN~2001", "CN"], AT.latitude, AT.longitude, 10)
    assert "service_point_areas_pkey" in covering
    assert "service_point_areas" not in covering


async def test_another_tenants_points_are_not_found(app_sees: asyncpg.Connection[Any]) -> None:
    """Whoever asks for another tenant finds nothing: the policy is in every plan."""
    assert await app_sees.fetchval("SELECT count(*) FROM service_point_cells") == POINTS // 2
    assert await app_sees.fetchval("SELECT count(*) FROM service_point_areas WHERE tenant_id = 'ten_0'") == 0
