"""One exact spelling in, the same spelling out: as variables, as literals, and as the read engine writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import orjson
import pytest
import strawberry
from graphql import GraphQLError
from hypothesis import given, settings
from hypothesis import strategies as some
from strawberry.schema.config import StrawberryConfig

from api.reads.engine import JSON_OPTIONS
from api.schema import scalars
from api.schema.scalars import SCALARS, CountryCode, CurrencyCode, Money, MoneyInput, RuleCode
from domain import money
from domain.errors import Invalid


@strawberry.type
class Query:
    """Says back what it is given."""

    @strawberry.field
    def decimal(self, value: Decimal) -> Decimal:
        return value

    @strawberry.field
    def instant(self, value: datetime) -> datetime:
        return value

    @strawberry.field
    def day(self, value: date) -> date:
        return value

    @strawberry.field
    def duration(self, value: timedelta) -> timedelta:
        return value

    @strawberry.field
    def country(self, value: CountryCode) -> CountryCode:
        return value

    @strawberry.field
    def currency(self, value: CurrencyCode) -> CurrencyCode:
        return value

    @strawberry.field
    def rule(self, value: RuleCode) -> RuleCode:
        return value


SCHEMA = strawberry.Schema(query=Query, config=StrawberryConfig(scalar_map=dict(SCALARS)))
TYPES = {
    "decimal": "Decimal",
    "instant": "DateTime",
    "day": "Date",
    "duration": "Duration",
    "country": "CountryCode",
    "currency": "CurrencyCode",
    "rule": "RuleCode",
}


def sent(field: str, value: Any) -> Any:
    """What comes back for that variable; GraphQLError when it is refused."""
    result = SCHEMA.execute_sync(f"query($v: {TYPES[field]}!) {{ {field}(value: $v) }}", {"v": value})
    if result.errors:
        raise GraphQLError(result.errors[0].message)
    return result.data[field] if result.data else None


def written(field: str, literal: str) -> Any:
    """What comes back for that literal; GraphQLError when it is refused."""
    result = SCHEMA.execute_sync(f"{{ {field}(value: {literal}) }}")
    if result.errors:
        raise GraphQLError(result.errors[0].message)
    return result.data[field] if result.data else None


ACCEPTED = [
    ("decimal", "12.50", "12.50"),
    ("decimal", "-0.00", "0.00"),
    ("decimal", 12, "12"),
    ("decimal", "999999999999999999", "999999999999999999"),
    ("decimal", "0.000000000000000001", "0.000000000000000001"),
    ("instant", "2026-03-01T09:30:00+01:00", "2026-03-01T08:30:00Z"),
    ("instant", "2026-03-01T09:30:00.5Z", "2026-03-01T09:30:00.500000Z"),
    ("instant", "2026-02-28T23:59:59.999999-12:00", "2026-03-01T11:59:59.999999Z"),
    ("day", "2028-02-29", "2028-02-29"),
    ("duration", "P1DT12H", "P1DT12H"),
    ("duration", "PT36H", "P1DT12H"),
    ("duration", "PT0S", "PT0S"),
    ("duration", "PT90M", "PT1H30M"),
    ("country", "DE", "DE"),
    ("currency", "KWD", "KWD"),
    ("rule", "guarantees/on_time", "guarantees/on_time"),
    ("rule", "on_time.window", "on_time.window"),
]

WRONG: dict[str, tuple[Any, ...]] = {
    "decimal": (
        "NaN", "Infinity", "-Infinity", "1e9", "1E9", "", " ", " 1", "1 ", "1\n", "+1", "01", ".5", "5.", "1,5",
        "1_000", "\u0661\u0662", "\u0663.\u0665", "0x1", "1" * 19, "0." + "1" * 19, 1.5, 12.0, True, None, ["1"],
        {"v": "1"}, "--1", "-",
    ),
    "instant": (
        "2026-03-01T09:30:00", "2026-03-01 09:30:00Z", "2026-03-01T09:30Z", "2026-03-01", "20260301T093000Z", "",
        "2026-02-30T00:00:00Z", "2026-03-01T24:00:00Z", "2026-03-01T09:30:60Z", "2026-03-01T09:30:00.1234567Z",
        "2026-03-01T09:30:00+25:00", "2026-03-01T09:30:00+0100", "0001-01-01T00:00:00+14:00",
        "2026-W09-7T00:00:00Z", "\u0662026-03-01T09:30:00Z", "2026-03-01t09:30:00z", "2026-03-01T09:30:00Z\n",
        1772357400, 0, True,
    ),
    "day": (
        "2026-02-29", "20260301", "2026-W09-7", "2026-3-1", "", "2026-03-01T00:00:00Z", 20260301,
        "\u0662026-03-01",
    ),
    "duration": (
        "", "P", "PT", "P1DT", "P1Y", "P1M", "P1W", "PT1.5H", "-P1D", "P-1D", "PT1S1M", "1D", "p1d", "P36501D",
        "P\u0662D", 86400,
    ),
    "country": ("de", "DEU", "XX", "", "D", "\uff24\uff25", "UK", 49, None),
    "currency": ("usd", "US", "XXX", "", "USDT", "\uff35\uff33\uff24", 840, None),
    "rule": ("", "On_time", "a b", "/a", "a/", "a..b", "a;b", 1),
}  # fmt: skip
"""Digits of other scripts among them, which `str.isdigit` takes for digits."""

REFUSED = [(field, value) for field, values in WRONG.items() for value in values]


@pytest.mark.parametrize(("field", "value", "back"), ACCEPTED)
def test_what_is_spelled_exactly_comes_back_in_the_one_spelling(field: str, value: Any, back: str) -> None:
    assert sent(field, value) == back
    assert written(field, orjson.dumps(value).decode()) == back


@pytest.mark.parametrize(("field", "value"), REFUSED)
def test_every_other_spelling_is_refused(field: str, value: Any) -> None:
    with pytest.raises(GraphQLError):
        sent(field, value)


@pytest.mark.parametrize(("field", "value"), [case for case in REFUSED if isinstance(case[1], str | int | float)])
def test_every_other_spelling_is_refused_in_the_document_too(field: str, value: Any) -> None:
    with pytest.raises(GraphQLError):
        written(field, orjson.dumps(value).decode())


@pytest.mark.parametrize("literal", ["12.50", "1e3", "EUR", "{a: 1}", "[1]", "$v", "true"])
def test_a_decimal_literal_is_text_or_a_whole_number(literal: str) -> None:
    with pytest.raises(GraphQLError):
        written("decimal", literal)


def test_a_code_is_no_enum_value() -> None:
    with pytest.raises(GraphQLError):
        written("currency", "USD")


@settings(deadline=None)
@given(some.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**17), max_value=10**17))
def test_decimals_keep_every_digit(value: Decimal) -> None:
    spelled = scalars.write_decimal(value)
    assert scalars.parse_decimal(spelled) == value
    assert scalars.write_decimal(scalars.parse_decimal(spelled)) == spelled


@settings(deadline=None)
@given(
    some.datetimes(
        timezones=some.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))]),
        min_value=datetime(2, 1, 1),  # noqa: DTZ001
    )
)
def test_instants_are_the_same_instant_after_the_way_out_and_in(value: datetime) -> None:
    assert scalars.parse_date_time(scalars.write_date_time(value)) == value


@settings(deadline=None)
@given(some.timedeltas(min_value=timedelta(0), max_value=timedelta(days=scalars.DURATION_DAYS_MAX)))
def test_durations_keep_every_second(value: timedelta) -> None:
    whole = timedelta(days=value.days, seconds=value.seconds)
    assert scalars.parse_duration(scalars.write_duration(whole)) == whole


@settings(deadline=None)
@given(some.datetimes(timezones=some.just(UTC)))
def test_the_read_engine_writes_instants_as_the_scalar_does(value: datetime) -> None:
    assert orjson.loads(orjson.dumps(value, option=JSON_OPTIONS)) == scalars.write_date_time(value)


def test_an_instant_without_a_zone_is_never_sent() -> None:
    with pytest.raises(GraphQLError):
        scalars.write_date_time(datetime(2026, 3, 1))  # noqa: DTZ001 - the point of the test


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("12.50", "USD", 1250), ("12", "JPY", 12), ("12.500", "KWD", 12500), ("-1", "USD", -100)],
)
def test_money_keeps_its_currencys_own_scale(amount: str, currency: str, minor: int) -> None:
    read = MoneyInput(amount=scalars.parse_decimal(amount), currency=scalars.parse_currency(currency)).money("limit")
    assert read == money.Money(minor, currency)
    shown = Money.of(read)
    assert (scalars.write_decimal(shown.amount), shown.currency) == (f"{read.amount:f}", currency)


@pytest.mark.parametrize(("amount", "currency"), [("12.5", "JPY"), ("0.001", "USD"), ("999999999999999999", "USD")])
def test_money_beyond_its_scale_or_64_bits_is_refused_where_it_was_written(amount: str, currency: str) -> None:
    wrong = MoneyInput(amount=scalars.parse_decimal(amount), currency=scalars.parse_currency(currency))
    with pytest.raises(Invalid) as refusal:
        wrong.money("lines", "0", "value")
    assert refusal.value.problems[0].field == ("lines", "0", "value", "amount")
