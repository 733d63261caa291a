"""Places of UN/LOCODE: reference data, the same for every tenant, written by the owner alone.

A small set is shipped with the schema (`migrations/0010_places.sql`); `run import places` brings the whole list over
it. Everybody may read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from asyncpg import Record

from domain.places import Place, PlaceFunction, Spot
from storage.pool import Connection

_COLUMNS: Final = (
    "p.country, p.location, p.name, p.ascii_name, p.region, p.functions, p.status, p.latitude, p.longitude"
)


class Owner(Protocol):
    """The owner's connection, inside or outside a transaction."""

    async def fetch(self, query: str, /, *args: Any) -> Any:
        """All rows."""


@dataclass(frozen=True, slots=True)
class OtherName:
    """A name by which a place is known beside its own, in the same country."""

    country: str
    name: str
    ascii_name: str
    unlocode: str


def _place(row: Record) -> Place:
    functions = tuple(PlaceFunction(word) for word in row["functions"])
    values = {name: row[name] for name in ("country", "location", "name", "ascii_name", "region", "status")}
    return Place(**values, functions=functions, latitude=row["latitude"], longitude=row["longitude"])


async def find(connection: Connection, unlocode: str) -> Place | None:
    """The place of that code, or None."""
    row = await connection.fetchrow(f"SELECT {_COLUMNS} FROM places p WHERE p.unlocode = $1", unlocode)
    return None if row is None else _place(row)


async def page(
    connection: Connection,
    *,
    country: str | None,
    function: PlaceFunction | None,
    name: str | None,
    after: str | None,
    count: int,
    before: str | None = None,
    backward: bool = False,
) -> list[Place]:
    """The first places by code between those two which meet every condition; `name` is how one of their names begins.

    With `backward` they are the last ones, the last of them first.
    """
    arguments: list[Any] = [count]
    conditions = []

    def given(value: Any) -> str:
        arguments.append(value)
        return f"${len(arguments)}"

    if country is not None:
        conditions.append(f"p.country = {given(country)}::text::char(2)")
    if function is not None:
        conditions.append(f"p.functions @> ARRAY[{given(function.value)}::text]")
    if name:
        beginning = given(name.lower())
        ends = given(name.lower() + chr(0x10FFFF))
        begins = f"n.search >= {beginning} AND n.search <= {ends}"
        own = begins.replace("n.search", "p.search")
        conditions.append(f"({own} OR p.unlocode IN (SELECT n.unlocode FROM place_names n WHERE {begins}))")
    if after is not None:
        conditions.append(f"p.unlocode > {given(after)}")
    if before is not None:
        conditions.append(f"p.unlocode < {given(before)}")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    order = "p.unlocode DESC" if backward else "p.unlocode"
    rows = await connection.fetch(f"SELECT {_COLUMNS} FROM places p{where} ORDER BY {order} LIMIT $1", *arguments)
    return [_place(row) for row in rows]


async def names_of(connection: Connection, unlocodes: Sequence[str]) -> dict[str, list[str]]:
    """Code -> the other names of that place, of those that have some."""
    rows = await connection.fetch(
        "SELECT n.unlocode, n.name FROM place_names n WHERE n.unlocode = ANY ($1::text[]) ORDER BY n.unlocode, n.name",
        list(unlocodes),
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row["unlocode"], []).append(row["name"])
    return found


async def completed(connection: Connection, spot: Spot) -> Spot:
    """The spot with the region that its place lies in, where it names the place alone and the region is known."""
    if spot.region is not None or spot.unlocode is None:
        return spot
    place = await find(connection, spot.unlocode)
    return spot if place is None or place.region is None else replace(spot, region=place.region)


# -- writing, as the owner --------------------------------------------------------------------------------------------

_MERGED: Final = """
INSERT INTO places AS p (country, location, name, ascii_name, region, functions, latitude, longitude, status, source)
SELECT v.country, v.location, v.name, v.ascii_name, v.region, string_to_array(v.functions, ' '), v.latitude,
  v.longitude, v.status, $10
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::integer[], $8::integer[],
  $9::text[]) AS v (country, location, name, ascii_name, region, functions, latitude, longitude, status)
ON CONFLICT (country, location) DO UPDATE SET name = excluded.name, ascii_name = excluded.ascii_name,
  region = excluded.region, functions = excluded.functions, status = excluded.status, source = excluded.source,
  latitude = coalesce(excluded.latitude, p.latitude), longitude = coalesce(excluded.longitude, p.longitude)
WHERE (p.name, p.ascii_name, p.region, p.functions, p.status, p.source) IS DISTINCT FROM
    (excluded.name, excluded.ascii_name, excluded.region, excluded.functions, excluded.status, excluded.source)
  OR excluded.latitude IS NOT NULL
    AND (excluded.latitude, excluded.longitude) IS DISTINCT FROM (p.latitude, p.longitude)
RETURNING xmax = 0 AS new
"""
"""Coordinates that are known stay where the new list has none."""

_NAMED: Final = """
INSERT INTO place_names AS n (country, name, ascii_name, unlocode, source)
SELECT v.country, v.name, v.ascii_name, v.unlocode, $5
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS v (country, name, ascii_name, unlocode)
ON CONFLICT (country, ascii_name, unlocode) DO UPDATE SET name = excluded.name, source = excluded.source
WHERE (n.name, n.source) IS DISTINCT FROM (excluded.name, excluded.source)
RETURNING xmax = 0 AS new
"""


async def codes_by_names(owner: Owner, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], list[str]]:
    """(country, name in small letters, without marks) -> the codes of the places so called."""
    rows = await owner.fetch(
        "SELECT p.country::text AS country, p.search, p.unlocode "
        "FROM unnest($1::text[], $2::text[]) AS w (country, name) "
        "JOIN places p ON p.search = lower(w.name) AND p.country = w.country::char(2)",
        [country for country, _ in wanted],
        [name for _, name in wanted],
    )
    found: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        found.setdefault((row["country"], row["search"]), set()).add(row["unlocode"])
    return {name: sorted(codes) for name, codes in found.items()}


async def merge(owner: Owner, found: Sequence[Place], source: str) -> tuple[int, int]:
    """Those places are known as the list has them; how many are new, and how many changed. No code comes twice."""
    rows = await owner.fetch(
        _MERGED,
        [place.country for place in found],
        [place.location for place in found],
        [place.name for place in found],
        [place.ascii_name for place in found],
        [place.region for place in found],
        [" ".join(place.functions) for place in found],
        [place.latitude for place in found],
        [place.longitude for place in found],
        [place.status for place in found],
        source,
    )
    new = sum(row["new"] for row in rows)
    return new, len(rows) - new


async def merge_names(owner: Owner, found: Sequence[OtherName], source: str) -> int:
    """Those other names are known; how many are new or changed. Their places are known already."""
    return len(
        await owner.fetch(
            _NAMED,
            [each.country for each in found],
            [each.name for each in found],
            [each.ascii_name for each in found],
            [each.unlocode for each in found],
            source,
        )
    )
