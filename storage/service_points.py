"""Service points: row to dataclass, and how the nearest are found.

How the search works. A trigger keeps one row per findable point and service in `service_point_cells`, ordered by the
cell it lies in, and one per area in `service_point_areas`. A circle is a few ranges of cells (`domain/geography.py`),
so the search reads those ranges, measures each point in them, and keeps the nearest. It looks ring after ring until it
has enough: where points are dense it never leaves the first. Why not a geometric index: infra/decisions/0100.

Law: whose provider may not sell that service there now is not found (`domain.capabilities.because`, said in SQL; a test
compares the two).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain import geography
from domain.capabilities import ALLOWS
from domain.commitments import Commitment
from domain.gates import Action
from domain.geography import RINGS
from domain.guarantees import Promise
from domain.ids import CoverageId, ProviderId, ServicePointId, TenantId
from domain.modes import ServiceMode
from domain.places import Coordinates
from domain.premises import RADIUS_METRES_MAX
from domain.service_points import ServicePoint
from storage.pool import Connection
from storage.tables import Table

SERVICE_POINTS: Final = Table("service_points", ServicePoint)

SELLING: Final = sorted(state.value for state, actions in ALLOWS.items() if Action.SELL in actions)
"""States in which a provider sells, but for its restrictions."""


@dataclass(frozen=True, slots=True)
class Near:
    """A point that was found, and how far away it is."""

    id: ServicePointId
    metres: int


@dataclass(frozen=True, slots=True)
class Covering:
    """A point that covers a place: by its radius (`area_key` is None) or by that area; the distance where known."""

    id: ServicePointId
    area_key: str | None
    metres: int | None


async def get(connection: Connection, tenant_id: TenantId, id: ServicePointId) -> ServicePoint:
    """The service point. Refuses with NotFound."""
    return await SERVICE_POINTS.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: ServicePointId) -> ServicePoint:
    """The service point, this transaction's until its end. Refuses with NotFound."""
    return await SERVICE_POINTS.lock(connection, tenant_id, id)


# -- searching ---------------------------------------------------------------------------------------------------------

_MAY_SELL: Final = """
  (SELECT p.state = ANY ($2::text[]) FROM providers p WHERE p.tenant_id = $1 AND p.id = f.provider_id)
  AND (SELECT count(*) = 0 FROM restrictions r WHERE r.tenant_id = $1 AND r.provider_id = f.provider_id
    AND r.lifted_at IS NULL AND r.since <= $3 AND (r.until IS NULL OR r.until >= $3) AND r.lane_ids = '{}'
    AND (r.actions = '{}' OR 'SELL' = ANY (r.actions)) AND (r.services = '{}' OR $4 = ANY (r.services))
    AND (r.markets = '{}' OR f.country::text = ANY (r.markets)))"""
"""Of the row `f`: $1 tenant, $2 the states in which providers sell, $3 the instant, $4 the service.

Scalar subqueries are never made joins: they are asked of one row after the other, in order, until there are enough.
"""


def nearest(*bounds: str, backward: bool = False) -> str:
    """The statement that finds the nearest points beyond (`>`) or before (`<`) others; `backward`: the farthest first.

    $5 and $6 are where, $7 and $8 the ranges of cells, $9 how far, $10 how many; then for each bound the distance and
    the id of the point that it names. Each OFFSET 0 keeps Postgres from being clever: the innermost makes it read range
    by range (it has no idea how few points a range holds, and would go through the table), the next keeps a point from
    being measured twice, the last keeps the subqueries of `_MAY_SELL` out of the sorting.
    """
    between = [
        f"(m.metres, m.service_point_id) {bound} (${11 + 2 * place}::integer, ${12 + 2 * place}::text)"
        for place, bound in enumerate(bounds)
    ]
    down = " DESC" if backward else ""
    return f"""
SELECT f.service_point_id AS id, f.metres
FROM (
  SELECT m.* FROM (
    SELECT i.service_point_id, i.provider_id, i.country, metres_between($5, $6, i.latitude, i.longitude) AS metres
    FROM unnest($7::bigint[], $8::bigint[]) AS s (low, high)
    CROSS JOIN LATERAL (
      SELECT * FROM service_point_cells c
      WHERE c.tenant_id = $1 AND c.service = $4 AND c.cell BETWEEN s.low AND s.high OFFSET 0
    ) i
    OFFSET 0
  ) m
  WHERE {" AND ".join(("m.metres <= $9", *between))} ORDER BY m.metres{down}, m.service_point_id{down} OFFSET 0
) f
WHERE {_MAY_SELL}
ORDER BY f.metres{down}, f.service_point_id{down} LIMIT $10
"""


_REACHING: Final = f"""
SELECT f.service_point_id AS id, f.metres
FROM (
  SELECT m.* FROM (
    SELECT i.service_point_id, i.provider_id, i.country, i.radius_metres,
      metres_between($5, $6, i.latitude, i.longitude) AS metres
    FROM unnest($7::bigint[], $8::bigint[], $9::smallint[]) AS s (low, high, reach)
    CROSS JOIN LATERAL (
      SELECT * FROM service_point_cells c
      WHERE c.tenant_id = $1 AND c.service = $4 AND c.reach = s.reach AND c.cell BETWEEN s.low AND s.high OFFSET 0
    ) i
    OFFSET 0
  ) m
  WHERE m.metres <= m.radius_metres ORDER BY m.metres, m.service_point_id OFFSET 0
) f
WHERE {_MAY_SELL}
ORDER BY f.metres, f.service_point_id LIMIT $10
"""
"""Each ring's points are looked for as far away as that ring reaches."""

_COVERING: Final = f"""
SELECT a.service_point_id AS id, k.key, metres_between($6, $7, a.latitude, a.longitude) AS metres
FROM unnest($5::text[]) WITH ORDINALITY AS k (key, rank)
CROSS JOIN LATERAL (
  SELECT f.service_point_id, f.latitude, f.longitude
  FROM service_point_areas f
  WHERE f.tenant_id = $1 AND f.service = $4 AND f.area_key = k.key AND {_MAY_SELL}
  ORDER BY f.service_point_id LIMIT $8
) a
ORDER BY k.rank, a.service_point_id
"""
"""$5 the keys of the place, narrowest first; $6 and $7 where it is, if known. Each key gives at most a page."""


async def near(
    connection: Connection,
    tenant_id: TenantId,
    at: Coordinates,
    service: ServiceMode,
    *,
    metres: int | None,
    count: int,
    now: datetime,
    after: Near | None = None,
    before: Near | None = None,
    backward: bool = False,
) -> list[Near]:
    """The nearest findable points with that service within so many metres (anywhere when None), nearest first.

    Those `after` and `before` two others alone, where these are given. With `backward` the farthest come first.
    """
    found: list[Near] = []
    limits = (metres, None if before is None else before.metres)
    most = min([RINGS[-1], *(each for each in limits if each is not None)])
    least = most if backward else after.metres if after else 0
    bounds = [(sign, point) for sign, point in ((">", after), ("<", before)) if point is not None]
    text = nearest(*(sign for sign, _ in bounds), backward=backward)
    for ring in RINGS:
        reach = min(ring, most)
        if reach < min(least, most):
            continue  # nothing that is wanted lies so near
        ranges = geography.around(at, reach)
        rows = await connection.fetch(
            text,
            tenant_id,
            SELLING,
            now,
            service.value,
            at.latitude,
            at.longitude,
            [each.low for each in ranges],
            [each.high for each in ranges],
            reach,
            count,
            *(value for _, point in bounds for value in (point.metres, point.id)),
        )
        found = [Near(ServicePointId(row["id"]), row["metres"]) for row in rows]
        if len(found) >= count or reach == most:
            break
    return found


async def covering(
    connection: Connection,
    tenant_id: TenantId,
    keys: Sequence[str],
    at: Coordinates | None,
    service: ServiceMode,
    *,
    count: int,
    now: datetime,
) -> list[Covering]:
    """The findable points that cover a place with that service; no point comes twice.

    First those whose radius reaches it, the nearest first; then those that name an area it lies in, the narrowest
    first.
    """
    found: dict[str, Covering] = {}
    if at is not None:
        for each in await _reaching(connection, tenant_id, at, service, count=count, now=now):
            found[each.id] = Covering(each.id, None, each.metres)
    place = (None, None) if at is None else (at.latitude, at.longitude)
    rows = await connection.fetch(
        _COVERING, tenant_id, SELLING, now, service.value, list(keys), *place, count + len(found)
    )
    for row in rows:
        found.setdefault(row["id"], Covering(ServicePointId(row["id"]), row["key"], row["metres"]))
    return list(found.values())[:count]


async def _reaching(
    connection: Connection, tenant_id: TenantId, at: Coordinates, service: ServiceMode, *, count: int, now: datetime
) -> list[Near]:
    wanted = [
        (each.low, each.high, number)
        for number, ring in enumerate(RINGS[: geography.ring_of(RADIUS_METRES_MAX)], start=1)
        for each in geography.around(at, ring)
    ]
    lows, highs, reaches = map(list, zip(*wanted, strict=True))
    rows = await connection.fetch(
        _REACHING,
        tenant_id,
        SELLING,
        now,
        service.value,
        at.latitude,
        at.longitude,
        lows,
        highs,
        reaches,
        count,
    )
    return [Near(ServicePointId(row["id"]), row["metres"]) for row in rows]


# -- what stays open ---------------------------------------------------------------------------------------------------


async def commitments_of(connection: Connection, tenant_id: TenantId, provider_id: ProviderId) -> list[Commitment]:
    """The live covers of the provider's after-sales guarantees, those that can be claimed under longest first."""
    rows = await connection.fetch(
        "SELECT c.id, c.closes_at FROM coverages c WHERE c.tenant_id = $1 AND c.provider_id = $2 AND c.promise = $3 "
        "AND c.state IN ('PENDING', 'IN_FORCE') ORDER BY c.closes_at DESC NULLS LAST, c.id",
        tenant_id,
        provider_id,
        Promise.AFTER_SALES.value,
    )
    return [Commitment(CoverageId(row["id"]), row["closes_at"]) for row in rows]


async def bind(
    connection: Connection, tenant_id: TenantId, id: ServicePointId, commitments: Sequence[Commitment]
) -> None:
    """The provider of that point stays bound to those covers: written once, never changed."""
    await connection.fetch(
        "INSERT INTO service_point_commitments (tenant_id, service_point_id, coverage_id, closes_at) "
        "SELECT $1, $2, v.coverage_id, v.closes_at "
        "FROM unnest($3::text[], $4::timestamptz[]) AS v (coverage_id, closes_at)",
        tenant_id,
        id,
        [each.coverage_id for each in commitments],
        [each.closes_at for each in commitments],
    )


async def bound_by_points(
    connection: Connection, tenant_id: TenantId, ids: Collection[str], count: int
) -> dict[str, list[CoverageId]]:
    """Point -> the covers that its provider stayed bound to, at most so many of each, the longest open first."""
    rows = await connection.fetch(
        "SELECT i.id, b.coverage_id FROM unnest($2::text[]) AS i (id) CROSS JOIN LATERAL (SELECT c.coverage_id, "
        "c.closes_at FROM service_point_commitments c WHERE c.tenant_id = $1 AND c.service_point_id = i.id "
        "ORDER BY c.closes_at DESC NULLS LAST, c.coverage_id LIMIT $3) b ORDER BY i.id, b.closes_at DESC NULLS LAST, "
        "b.coverage_id",
        tenant_id,
        list(ids),
        count,
    )
    found: dict[str, list[CoverageId]] = {}
    for row in rows:
        found.setdefault(row["id"], []).append(CoverageId(row["coverage_id"]))
    return found
