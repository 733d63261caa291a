"""Places, areas and the keys that match them; cells and the ranges that hold a circle; UN/LOCODE's rows; hours."""

from __future__ import annotations

import contextlib
import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import geography, opening_hours, unlocode
from domain.countries import COUNTRIES
from domain.geography import RINGS, around, cell_of, ring_of
from domain.opening_hours import Span, Weekday
from domain.places import MICRO, Area, Coordinates, PlaceFunction, Spot, keys_of
from domain.unlocode import Alias, Listed, Unreadable, read_row

CODES = st.sampled_from(sorted(COUNTRIES))
WORDS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ23456789", min_size=1, max_size=3)


@st.composite
def areas(draw: st.DrawFn) -> Area:
    country = draw(CODES)
    narrowing = draw(st.integers(0, 3))
    if narrowing == 1:
        return Area(country, region=f"{country}-{draw(WORDS)}")
    if narrowing == 2:
        return Area(country, unlocode=country + draw(st.text("ABCXYZ29", min_size=3, max_size=3)))
    if narrowing == 3:
        return Area(country, postal_prefix=draw(st.text("AZ09", min_size=1, max_size=10)))
    return Area(country)


# -- keys --------------------------------------------------------------------------------------------------------------


@given(areas(), areas())
def test_an_area_has_one_key_and_a_key_one_area(one: Area, other: Area) -> None:
    assert Area.parse(one.key) == one
    assert (one.key == other.key) is (one == other)


def test_a_spot_lies_in_what_it_names_the_narrowest_first() -> None:
    assert keys_of(Spot("US", "US-CA", "USLAX", "90210-12")) == (
        "US~9021012", "US~902101", "US~90210", "US~9021", "US~902", "US~90", "US~9", "USLAX", "US-CA", "US"
    )  # fmt: skip
    assert keys_of(Spot("CN", unlocode="CNSHA")) == ("CNSHA", "CN")
    assert keys_of(Spot("GB", postal_code="sw1a 1aa"))[0] == "GB~SW1A1AA"


@given(areas(), st.text("AZ09", max_size=5))
def test_a_spot_in_an_area_has_its_key(area: Area, rest: str) -> None:
    postal = None if area.postal_prefix is None else (area.postal_prefix + rest)[:10]
    spot = Spot(area.country, area.region, area.unlocode, postal)
    keys = keys_of(spot)
    assert area.key in keys
    assert len(set(keys)) == len(keys)
    assert keys[-1] == area.country


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ({"country": "XX"}, "a country is two capital letters of ISO 3166-1"),
        ({"country": "cn"}, "a country is two capital letters of ISO 3166-1"),
        ({"country": "US", "region": "CN-SH"}, "a region of US is spelled as in ISO 3166-2, such as US-CA"),
        ({"country": "US", "region": "US-CALI"}, "a region of US is spelled as in ISO 3166-2, such as US-CA"),
        ({"country": "US", "unlocode": "CNSHA"}, "a place in US is spelled as in UN/LOCODE, such as CNSHA"),
        ({"country": "US", "unlocode": "USLA1"}, "a place in US is spelled as in UN/LOCODE, such as CNSHA"),
        ({"country": "US", "postal_prefix": "90 2"}, "a postal code has 1 to 10 letters and digits"),
        ({"country": "US", "postal_prefix": ""}, "a postal code has 1 to 10 letters and digits"),
        ({"country": "US", "postal_prefix": "a"}, "a postal code has 1 to 10 letters and digits"),
        ({"country": "US", "region": "US-CA", "postal_prefix": "902"}, "an area is narrowed down by a region, a place"),
    ],
)
def test_what_is_no_area_is_refused(words: dict[str, str], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Area(**words)


@pytest.mark.parametrize("key", ["", "C", "CNSH", "CN-", "CN~", "~9", "USCA-", "US~9-0", "cnsha", "CN-SH~9", "CNSHA "])
def test_other_spellings_are_no_keys(key: str) -> None:
    with pytest.raises(ValueError, match=r"country|region|place|postal"):
        Area.parse(key)


@pytest.mark.parametrize("at", [(90 * MICRO + 1, 0), (-90 * MICRO - 1, 0), (0, 180 * MICRO + 1), (0, -180 * MICRO - 1)])
def test_nothing_lies_beyond_the_poles(at: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="lies between"):
        Coordinates(*at)


# -- cells -------------------------------------------------------------------------------------------------------------

LATITUDES = st.integers(-90 * MICRO, 90 * MICRO)
LONGITUDES = st.integers(-180 * MICRO, 180 * MICRO)


def metres(one: Coordinates, other: Coordinates) -> float:
    """Along the surface of a sphere of the earth's mean radius."""
    a, b = math.radians(one.latitude / MICRO), math.radians(other.latitude / MICRO)
    turn = math.radians((other.longitude - one.longitude) / MICRO)
    half = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(turn / 2) ** 2
    return 2 * 6_371_008.8 * math.asin(min(1, math.sqrt(half)))


@given(LATITUDES, LONGITUDES, st.integers(1, RINGS[-1]), st.floats(0, 1), st.floats(0, 2 * math.pi))
def test_whatever_lies_within_a_distance_lies_in_its_ranges(
    latitude: int, longitude: int, reach: int, share: float, towards: float
) -> None:
    middle = Coordinates(latitude, longitude)
    angle, up = share * reach / 6_371_008.8, math.radians(latitude / MICRO)
    north = math.asin(
        max(-1, min(1, math.sin(up) * math.cos(angle) + math.cos(up) * math.sin(angle) * math.cos(towards)))
    )
    east = math.atan2(
        math.sin(towards) * math.sin(angle) * math.cos(up), math.cos(angle) - math.sin(up) * math.sin(north)
    )
    longitude = round(longitude + math.degrees(east) * MICRO)
    other = Coordinates(
        max(min(round(math.degrees(north) * MICRO), 90 * MICRO), -90 * MICRO),
        (longitude + 180 * MICRO) % (360 * MICRO) - 180 * MICRO,
    )
    cell = cell_of(other)
    ranges = around(middle, reach)
    assert metres(middle, other) > reach or any(each.low <= cell <= each.high for each in ranges)
    assert len(ranges) <= 60
    assert all(one.high + 1 < two.low for one, two in itertools.pairwise(ranges))


def test_a_narrow_circle_is_no_whole_earth() -> None:
    held = sum(each.high - each.low + 1 for each in around(Coordinates(31 * MICRO, 121 * MICRO), 25_000))
    assert held < (1 << 2 * geography.BITS) / 10_000


def test_every_radius_has_its_ring() -> None:
    assert [ring_of(ring) for ring in RINGS] == list(range(1, len(RINGS) + 1))
    assert ring_of(1) == 1
    assert ring_of(RINGS[0] + 1) == 2
    with pytest.raises(ValueError, match="nothing on earth"):
        ring_of(RINGS[-1] + 1)


# -- rows of UN/LOCODE -------------------------------------------------------------------------------------------------


def row(**cells: str) -> list[str]:
    """Hamburg, but for those cells."""
    usual = {
        "Country": "DE", "Location": "HAM", "Name": "Hamburg", "NameWoDiacritics": "Hamburg", "Subdivision": "HH",
        "Function": "12345---", "Status": "AF", "Date": "0401", "Coordinates": "5333N 00959E",
    }  # fmt: skip
    return [{**usual, **cells}.get(column, "") for column in unlocode.COLUMNS]


def test_a_row_is_a_place() -> None:
    listed = read_row(row())
    assert isinstance(listed, Listed)
    place = listed.place
    assert (place.unlocode, place.region, place.coordinates) == (
        "DEHAM",
        "DE-HH",
        Coordinates(53_550_000, 9_983_333),
    )
    assert place.functions == (
        PlaceFunction.PORT, PlaceFunction.RAIL, PlaceFunction.ROAD, PlaceFunction.AIRPORT, PlaceFunction.POSTAL
    )  # fmt: skip
    assert not listed.leaving
    leaving = read_row(row(Change="X"))
    assert isinstance(leaving, Listed)
    assert leaving.leaving


@pytest.mark.parametrize(
    ("text", "latitude", "longitude"),
    [("3114N 12129E", 31_233_333, 121_483_333), ("3355S 07037W", -33_916_667, -70_616_667), ("0000N 00000E", 0, 0)],
)
def test_minutes_become_micro_degrees(text: str, latitude: int, longitude: int) -> None:
    listed = read_row(row(Coordinates=text))
    assert isinstance(listed, Listed)
    assert listed.place.coordinates == Coordinates(latitude, longitude)


def test_what_is_not_said_is_not_known() -> None:
    listed = read_row(row(Coordinates="", Subdivision="", Function="0-------")[: unlocode.COLUMNS_MIN])
    assert isinstance(listed, Listed)
    assert (listed.place.coordinates, listed.place.region, listed.place.functions) == (None, None, ())
    assert read_row(row(Location="", Name=".GERMANY")) is None


def test_another_name_is_an_alias() -> None:
    cells = row(Change="=", Location="", Name="Köpenick = Berlin", NameWoDiacritics="Kopenick = Berlin")
    assert read_row(cells) == Alias("DE", "Köpenick", "Kopenick", "Berlin", "Berlin")


@pytest.mark.parametrize(
    "cells",
    [
        {"Country": "XZ"},
        {"Location": "HA1"},
        {"Location": ""},
        {"Name": ""},
        {"Name": "x" * 201},
        {"Name": "Ham\x00burg"},
        {"Subdivision": "LONG"},
        {"Function": "9"},
        {"Status": "a"},
        {"Coordinates": "5360N 00959E"},
        {"Coordinates": "9901N 00959E"},
        {"Coordinates": "5333N"},
        {"Coordinates": "5333N 18001E"},
        {"Change": "=", "Name": "Only one"},
        {"Change": "=", "Name": "a = b = c"},
        {"Change": "=", "Name": " = b"},
        {"Change": "=", "Name": "a\x00 = b"},
    ],
)
def test_a_row_of_something_else_is_refused(cells: dict[str, str]) -> None:
    with pytest.raises(Unreadable):
        read_row(row(**cells))


def test_everything_wrong_with_a_row_is_told() -> None:
    with pytest.raises(Unreadable) as refused:
        read_row(row(Location="1", Status="", Function="x", Coordinates="here"))
    assert len(refused.value.reasons) == 4


@given(st.lists(st.text(max_size=12), max_size=14))
def test_any_row_is_read_or_refused(cells: list[str]) -> None:
    with contextlib.suppress(Unreadable):
        assert isinstance(read_row(cells), Listed | Alias | None)


# -- opening hours -----------------------------------------------------------------------------------------------------


@given(st.sampled_from(Weekday), st.integers(0, 1439), st.integers(1, 1440))
def test_a_span_has_one_spelling(weekday: Weekday, opens: int, longer: int) -> None:
    closes = min(opens + longer, 1440)
    span = Span(weekday, f"{opens // 60:02}:{opens % 60:02}", f"{closes // 60:02}:{closes % 60:02}")
    assert Span.parse(span.spelled) == span


@pytest.mark.parametrize(
    "spelled", ["", "MON", "MON 8:00-12:00", "MON 12:00-08:00", "MON 08:00-08:00", "XXX 08:00-09:00", "MON 08:60-09:00"]
)
def test_what_is_no_span_is_refused(spelled: str) -> None:
    assert [problem.field for problem in opening_hours.problems([spelled])] == [("opening", "0")]


def test_spans_of_a_day_do_not_overlap() -> None:
    assert opening_hours.problems(["MON 08:00-12:00", "MON 12:00-17:00", "TUE 09:00-11:00"]) == []
    assert opening_hours.problems(["MON 08:00-12:01", "MON 12:00-17:00"]) != []
    assert opening_hours.problems(["SUN 00:00-24:00"] * 29) != []
