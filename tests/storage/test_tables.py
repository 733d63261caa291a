"""Dataclasses become columns and come back as they were."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest

from domain.errors import NotFound
from domain.ids import BuyerId, Id, OrderId, OrganisationId, ProviderId, SupplierId
from domain.money import Money
from domain.organisations import Organisation, OrganisationKind
from storage import tables
from storage.minting import mint
from storage.organisations import ORGANISATIONS
from storage.pool import Pool
from storage.tables import Children, Codec, Table
from tests.storage.marketplaces import CREATED_AT, Marketplace


class Mood(StrEnum):
    """A word."""

    GOOD = "GOOD"
    BAD = "BAD"


@dataclass(frozen=True, slots=True)
class Cause:
    """Columns of the same row."""

    order_id: OrderId | None
    note: str


@dataclass(frozen=True, slots=True)
class Leg:
    """A child."""

    id: str
    trip_id: str
    position: int


@dataclass(frozen=True, slots=True)
class Trip:
    """One field of every sort."""

    id: OrderId
    liable: SupplierId | ProviderId
    actor: Id
    mood: Mood | None
    moods: tuple[Mood, ...]
    words: frozenset[str]
    terms: Mapping[str, Any]
    price: Money
    toll: Money | None
    cause: Cause
    day: date
    at: datetime | None
    rate: Decimal
    secret: bytes
    name: str
    loud: str
    legs: tuple[Leg, ...]
    version: int


LEGS = Table("legs", Leg)
TRIPS = Table(
    "trips",
    Trip,
    children={"legs": Children(LEGS, by="trip_id", order="position")},
    personal=frozenset({"name"}),
    codecs={"loud": Codec(str.upper, str.lower)},
)
for _example in (Leg, Trip):  # known to these tests alone, or others would look for their tables in the database
    del tables._TABLES[_example]
TRIP = Trip(
    id=mint(OrderId),
    liable=mint(ProviderId),
    actor=Id("system:LATE_DELIVERY"),
    mood=Mood.GOOD,
    moods=(Mood.BAD, Mood.GOOD),
    words=frozenset({"b", "a"}),
    terms={"b": 1, "a": [None, "x"]},
    price=Money(500, "USD"),
    toll=None,
    cause=Cause(mint(OrderId), "rain"),
    day=date(2026, 3, 4),
    at=datetime(2026, 3, 4, 5, 6, 7, 8, UTC),
    rate=Decimal("1.25"),
    secret=b"\x00\x01",
    name="Ada",
    loud="hey",
    legs=(Leg("a", "t", 1), Leg("b", "t", 2)),
    version=3,
)


def row_of(trip: Trip) -> dict[str, Any]:
    return TRIPS.row(trip)


def test_every_sort_of_field_has_its_columns() -> None:
    assert TRIPS.names == (
        "id", "liable", "actor", "mood", "moods", "words", "terms", "price_minor", "toll_minor", "order_id", "note",
        "day", "at", "rate", "secret", "name", "loud", "version", "currency",
    )  # fmt: skip
    assert row_of(TRIP) | {} == {
        "id": TRIP.id,
        "liable": TRIP.liable,
        "actor": "system:LATE_DELIVERY",
        "mood": "GOOD",
        "moods": ("BAD", "GOOD"),
        "words": ["a", "b"],
        "terms": {"b": 1, "a": [None, "x"]},
        "price_minor": 500,
        "toll_minor": None,
        "order_id": TRIP.cause.order_id,
        "note": "rain",
        "day": TRIP.day,
        "at": TRIP.at,
        "rate": TRIP.rate,
        "secret": b"\x00\x01",
        "name": "Ada",
        "loud": "HEY",
        "version": 3,
        "currency": "USD",
    }


def test_a_row_comes_back_as_it_was_with_its_types() -> None:
    back = TRIPS.decode(row_of(TRIP), legs=TRIP.legs)
    assert back == TRIP
    assert [type(value) for value in (back.id, back.liable, back.actor, back.mood, back.moods, back.words)] == [
        OrderId, ProviderId, Id, Mood, tuple, frozenset,
    ]  # fmt: skip
    assert TRIPS.decode(row_of(TRIP)).legs == ()


def test_what_is_absent_comes_back_as_none() -> None:
    absent = replace(TRIP, mood=None, at=None, cause=Cause(None, ""), liable=mint(SupplierId), toll=Money(0, "USD"))
    back = TRIPS.decode(row_of(absent), legs=TRIP.legs)
    assert back == absent
    assert type(back.liable) is SupplierId


def test_two_currencies_do_not_share_a_row() -> None:
    with pytest.raises(ValueError, match="one currency in a row, not EUR, USD"):
        TRIPS.values(replace(TRIP, toll=Money(1, "EUR")))


def test_secrets_and_personal_data_are_marked() -> None:
    assert TRIPS.hidden == {"secret", "name"}


def test_a_dataclass_has_one_table_and_is_found_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tables._TABLES, Trip, TRIPS)
    assert tables.of(Trip) is TRIPS
    with pytest.raises(ValueError, match="Trip is stored in trips already"):
        Table("journeys", Trip)
    with pytest.raises(LookupError, match="no table is declared for Cause"):
        tables.of(Cause)


def test_a_type_without_a_column_is_refused() -> None:
    @dataclass(frozen=True, slots=True)
    class Odd:
        id: OrderId
        thing: complex

    with pytest.raises(TypeError, match=r"thing: .*complex.* has no column"):
        Table("odd", Odd)


async def test_rows_are_got_found_locked_and_selected(pool: Pool, marketplace: Marketplace) -> None:
    tenant_id = marketplace.tenant_id
    organisations = [
        Organisation(mint(OrganisationId), OrganisationKind.BUYER, name, CREATED_AT, 1) for name in ("B", "A")
    ]
    async with pool.transaction(tenant_id) as connection:
        for organisation in organisations:
            columns = ", ".join(ORGANISATIONS.names)
            await connection.fetch(
                f"INSERT INTO organisations (tenant_id, {columns}) VALUES ($1, $2, $3, $4, $5, $6)",
                tenant_id,
                *ORGANISATIONS.values(organisation),
            )
        first, second = organisations
        assert await ORGANISATIONS.get(connection, tenant_id, first.id) == first
        assert await ORGANISATIONS.lock(connection, tenant_id, second.id) == second
        assert await ORGANISATIONS.find(connection, tenant_id, mint(OrganisationId)) is None
        assert await ORGANISATIONS.select(connection, tenant_id, "t.kind = $2 ORDER BY t.name", "buyer") == [
            second,
            first,
        ]
        for verb in (ORGANISATIONS.get, ORGANISATIONS.lock):
            with pytest.raises(NotFound, match="no such organisation"):
                await verb(connection, tenant_id, mint(OrganisationId))


async def test_a_locked_row_waits_for_its_holder(pool: Pool, marketplace: Marketplace) -> None:
    tenant_id = marketplace.tenant_id
    organisation = Organisation(mint(OrganisationId), OrganisationKind.BUYER, "B", CREATED_AT, 1)
    async with pool.transaction(tenant_id) as connection:
        await connection.fetch(
            "INSERT INTO organisations VALUES ($1, $2, 'buyer', 'B', $3, 1)", tenant_id, organisation.id, CREATED_AT
        )
    async with pool.transaction(tenant_id) as holder, pool.transaction(tenant_id) as other:
        await ORGANISATIONS.lock(holder, tenant_id, organisation.id)
        free = "SELECT id FROM organisations WHERE tenant_id = $1 FOR UPDATE SKIP LOCKED"
        assert await other.fetch(free, tenant_id) == []


def test_ids_of_any_kind_come_back_as_their_kind() -> None:
    assert type(TRIPS.decode(row_of(replace(TRIP, actor=mint(BuyerId)))).actor) is BuyerId
