"""UN/LOCODE from its files: both encodings, other names, bad rows, a second run, a run that was stopped, a dry run."""

from __future__ import annotations

import csv
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from api.imports.places import PlaceReport, import_places
from api.settings import Settings
from api.verbs.import_ import command
from domain.access import Role
from domain.unlocode import COLUMNS
from tests.conftest import TEMPLATE_LOCK, migrated_template, to_database
from tests.marketplaces import Asking, Marketplace

ANDORRA = ',"AD",,".ANDORRA",,,,,,,,\r\n'
ANDORRA += ',"AD","ALV","Andorra la Vella","Andorra la Vella",,"--34-6--","AI","0601",,"4230N 00131E",""\r\n'
MALMO = '"+","SE","MMA","Malmö","Malmo","M","1234----","AF","9601",,"5536N 01300E",\r\n'
SHANGHAI = '"#","CN","SHA","Shanghai Pt","Shanghai Pt","SH","1-345---","AI","0407",,,\r\n'
BROOKLYN = '"=","US",,"Brooklyn = New York","Brooklyn = New York",,,,,,,\r\n'
OLD_NAME = '"=","SE",,"Malmöhus = Malmö","Malmohus = Malmo",,,,,,,\r\n'
BAD = (
    ',"XZ","BRO","Brown field","Brown field",,"------7-","RL","0407",,"5800N 00100E",\r\n'
    ',"DE","X1","Short",,"HH","1?------","A","0407",,"9930N 01000E",\r\n'
    ',"DE"\r\n'
    '"=","DE",,"Nowhere","Nowhere",,,,,,,\r\n'
    '"=","DE",,"Old Place = Not There","Old Place = Not There",,,,,,,\r\n'
)


@pytest.fixture
async def url(settings: Settings, worker_id: str) -> AsyncIterator[str]:
    """The owner's address of a database of the test's own, since what is imported is everybody's."""
    name = f"places_of_{worker_id}"
    lobby = await asyncpg.connect(settings.database_owner_url)
    try:
        await lobby.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await lobby.execute("SELECT pg_advisory_lock($1)", TEMPLATE_LOCK)
        template = await migrated_template(lobby, settings.database_owner_url)
        await lobby.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        await lobby.execute("SELECT pg_advisory_unlock($1)", TEMPLATE_LOCK)
        yield to_database(settings.database_owner_url, name)
        await lobby.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await lobby.close()


def written(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


async def read(url: str, files: list[Path], folder: Path, *, dry_run: bool = False) -> PlaceReport:
    rejects = folder / "rejects.csv"
    return await import_places(url, files, rejects_path=rejects, dry_run=dry_run, progress=lambda _done, _size: None)


async def fetch(url: str, text: str) -> list[Any]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(text)]
    finally:
        await connection.close()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
async def test_places_and_other_names_are_known_in_either_encoding(url: str, tmp_path: Path, encoding: str) -> None:
    one = written(tmp_path, "one.csv", ANDORRA + OLD_NAME + BROOKLYN, encoding)
    two = written(tmp_path, "two.csv", MALMO + SHANGHAI, encoding)
    report = await read(url, [one, two], tmp_path)
    assert report == PlaceReport(read=3, new=2, changed=1, leaving=0, names=2, new_names=2, rejected=0)
    found = await fetch(
        url,
        "SELECT unlocode, name, region, functions, status, latitude, longitude FROM places "
        "WHERE source <> 'shipped' ORDER BY unlocode",
    )
    assert found == [
        ("ADALV", "Andorra la Vella", None, ["ROAD", "AIRPORT", "MULTIMODAL"], "AI", 42_500_000, 1_516_667),
        # The list says no coordinates any more: those that are known stay.
        ("CNSHA", "Shanghai Pt", "CN-SH", ["PORT", "ROAD", "AIRPORT", "POSTAL"], "AI", 31_233_333, 121_483_333),
        ("SEMMA", "Malmö", "SE-M", ["PORT", "RAIL", "ROAD", "AIRPORT"], "AF", 55_600_000, 13_000_000),
    ]
    assert await fetch(url, "SELECT unlocode, name, ascii_name FROM place_names ORDER BY unlocode") == [
        ("SEMMA", "Malmöhus", "Malmohus"),
        ("USNYC", "Brooklyn", "Brooklyn"),
    ]
    assert not (tmp_path / "rejects.csv").exists()


async def test_a_second_run_changes_nothing_and_a_stopped_one_goes_on(url: str, tmp_path: Path) -> None:
    whole = written(tmp_path, "whole.csv", ANDORRA + MALMO + BROOKLYN)
    torn = written(tmp_path, "whole.csv.part", ANDORRA)
    assert (await read(url, [torn], tmp_path)).new == 1
    first = await read(url, [whole], tmp_path)
    assert (first.new, first.changed, first.new_names) == (1, 1, 1)  # changed: it comes from another file now
    again = await read(url, [whole], tmp_path)
    assert (again.read, again.new, again.changed, again.new_names) == (2, 0, 0, 0)


async def test_a_dry_run_says_what_would_be_new_and_keeps_nothing(url: str, tmp_path: Path) -> None:
    file = written(tmp_path, "one.csv", ANDORRA + MALMO + OLD_NAME)
    before = await fetch(url, "SELECT count(*), sum(hashtext(p::text)) FROM places p")
    report = await read(url, [file], tmp_path, dry_run=True)
    assert (report.new, report.new_names) == (2, 1)
    assert await fetch(url, "SELECT count(*), sum(hashtext(p::text)) FROM places p") == before
    assert await fetch(url, "SELECT count(*) FROM place_names") == [(0,)]


async def test_bad_rows_are_told_with_their_lines_and_end_nothing(url: str, tmp_path: Path) -> None:
    file = written(tmp_path, "one.csv", ANDORRA + BAD + MALMO)
    report = await read(url, [file], tmp_path)
    assert (report.new, report.rejected) == (2, 5)
    with (tmp_path / "rejects.csv").open(encoding="utf-8", newline="") as told:
        header, *rows = csv.reader(told)
    assert header[2:] == list(COLUMNS)
    assert [row[0] for row in rows] == ["3", "4", "5", "6", "7"]
    assert [reason.partition("one.csv: ")[2] for _, reason, *_ in rows] == [
        "'XZ' is no country of ISO 3166-1",
        (
            "DEX1 is no UN/LOCODE; a status has two capital letters; "
            "the function '1?------' has unknown characters: ?; "
            "the coordinates '9930N 01000E' are not spelled like 3114N 12129E"
        ),
        "expected 12 columns, found 2",
        "another name is written `other = name of the place`",
        "no place in DE is called Not There",
    ]


async def test_memory_does_not_grow_with_the_list(url: str, tmp_path: Path) -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    rows = (
        f',"FR","{a}{b}{c}","Town {a}{b}{c}","Town {a}{b}{c}","59","--3-----","RL","2407",,"5000N 00300E",\r\n'
        for a in letters[:8]
        for b in letters
        for c in letters
    )
    file = written(tmp_path, "many.csv", "".join(rows))
    small = written(tmp_path, "few.csv", ANDORRA * 600)

    async def peak(path: Path, rows_in_it: int) -> int:
        tracemalloc.start()
        try:
            assert (await read(url, [path], tmp_path)).read == rows_in_it
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few = await peak(small, 600)
    assert await peak(file, 8 * 26 * 26) < few * 4


def test_the_verb_tries_a_file(terminal: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = written(tmp_path, "one.csv", ANDORRA + BAD)
    told = terminal(command, "places", str(file), "--dry-run")
    assert told.exit_code == 0, told.output
    assert "1 places read: 1 new" in told.output
    assert "It was only tried." in told.output
    assert "one.rejects.csv" in told.output
    assert (tmp_path / "one.rejects.csv").exists()


async def test_places_are_found_by_code_name_country_and_traffic(market: Marketplace, ask: Asking) -> None:
    caller = (await market.add("Buyer", Role.BUYER)).caller
    one = "query($code: String!) { place(unlocode: $code) { unlocode name region functions location { latitude } } }"
    assert (await ask(caller, one, code="cn sha"))["place"] == {
        "unlocode": "CNSHA",
        "name": "Shanghai",
        "region": "CN-SH",
        "functions": ["PORT", "RAIL", "ROAD", "AIRPORT", "POSTAL", "MULTIMODAL"],
        "location": {"latitude": "31.233333"},
    }
    assert (await ask(caller, one, code="FRZZZ"))["place"] is None
    many = (
        "query($filter: PlaceFilter, $after: String, $first: Int, $last: Int, $before: String) { places("
        "filter: $filter, after: $after, first: $first, last: $last, before: $before) { "
        "entries { cursor node { unlocode } } nodes { unlocode } "
        "pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"
    )

    async def page(**wish: Any) -> dict[str, Any]:
        found: dict[str, Any] = (await ask(caller, many, **wish))["places"]
        assert [entry["node"] for entry in found["entries"]] == found["nodes"]
        return found

    async def codes(**wish: Any) -> list[str]:
        return [each["unlocode"] for each in (await page(filter=wish or None, first=100))["nodes"]]

    assert await codes(nameBegins="goteb") == ["SEGOT"]
    assert await codes(nameBegins="new york") == ["USNYC"]
    assert "NLVEN" not in await codes(country="NL", function="AIRPORT")
    assert "NLAMS" in await codes(country="NL", function="AIRPORT")
    everything = await codes()
    assert everything == sorted(everything)
    assert len(everything) == 100
    begun = await page(first=3)
    info = begun["pageInfo"]
    assert (info["hasNextPage"], info["hasPreviousPage"]) == (True, False)
    assert info["endCursor"] == begun["entries"][-1]["cursor"]
    onward = await page(first=2, after=info["endCursor"])
    assert [each["unlocode"] for each in onward["nodes"]] == everything[3:5]
    assert onward["pageInfo"]["hasPreviousPage"]
    back = await page(last=2, before=onward["pageInfo"]["startCursor"])
    assert [each["unlocode"] for each in back["nodes"]] == everything[1:3]
    assert (back["pageInfo"]["hasPreviousPage"], back["pageInfo"]["hasNextPage"]) == (True, True)
    (final,) = (await page(last=1))["nodes"]
    assert final["unlocode"] > everything[-1]
    for wrong, code in (
        ({"first": 0}, "INVALID"), ({}, "INVALID"), ({"first": 1, "last": 1}, "INVALID"), ({"last": 101}, "INVALID"),
        ({"first": 1, "after": "CNSHA"}, "BAD_CURSOR"), ({"first": 1, "before": "é"}, "BAD_CURSOR"),
        ({"first": 1, "after": info["endCursor"][:-2]}, "BAD_CURSOR"),
    ):  # fmt: skip
        answer = await ask.answer(caller, many, **wrong)
        assert [error["extensions"]["code"] for error in answer.errors] == [code], wrong
