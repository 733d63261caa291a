"""Files of rates: read in pieces by a worker or at the terminal, all of them or nothing."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from redis.asyncio import Redis

from api.imports import rate_sheets as reading
from api.operations import uploads
from api.settings import Settings
from api.verbs.import_ import command as import_command
from api.worker import ROUNDS, Worker
from domain.access import Role
from domain.file_types import FileType
from domain.ids import UploadId
from domain.uploads import ConfirmUpload, CreateUpload, ReceiveUpload, UploadKind
from storage import uploads as upload_rows
from storage.files import Folder
from storage.pool import Pool
from tests.api.test_catalogue_of_services import Shop, iso, reasons
from tests.builders import START, set_clock
from tests.marketplaces import Asking, Marketplace, Member

ROOT = Path(__file__).parents[2]
HEADER = "zone,measure,container,from,to,price,flat,minimum\n"
STATE = "rateImport { id state accepted rejected readLines readBytes sizeBytes } rateSheet { id state rateCount }"
READ = """query ($id: ID!) { rateImport(id: $id) {
  state accepted surcharges rejected readLines readBytes sizeBytes availableActions
  rateSheet { id state rateCount digest }
  rejects(first: 9) { totalCount nodes { line row reasons { reason text } } } } }"""


def rates(zones: int, brackets: int = 20) -> str:
    """A good file: `zones` zones of `brackets` brackets of ten kilograms, the last one open."""
    lines = [HEADER]
    for zone in range(zones):
        for place in range(brackets):
            until = "" if place == brackets - 1 else str(place * 10 + 10)
            lines.append(f"Z{zone},WEIGHT,,{place * 10},{until},{9 - place * 0.25:.4f},no,45.00\n")
    return "".join(lines)


class Reader(Shop):
    """A provider that uploads files of rates, and a worker that reads them."""

    worker: Worker
    folder: Folder

    async def upload(self, text: str | bytes, by: Member | None = None, kind: FileType = FileType.CSV) -> str:
        """An accepted upload of that text."""
        content = text.encode() if isinstance(text, str) else text
        caller = (by or self.provider).caller
        wish = CreateUpload(UploadKind.RATE_SHEET, "rates.csv", len(content), kind, hashlib.sha256(content).hexdigest())
        id = UploadId(str((await self.market.act(caller, uploads.create_upload, wish)).things["upload"]))
        async with self.market.pool.acquire(self.market.id) as connection:
            upload = await upload_rows.get(connection, self.market.id, id)

        async def chunks() -> AsyncIterator[bytes]:
            yield content

        await self.folder.put(self.market.id, upload, chunks())
        await self.market.act(caller, uploads.receive_upload, ReceiveUpload(id, kind))
        await self.market.act(caller, uploads.confirm_upload, ConfirmUpload(id))
        return id

    async def ask_for(self, text: str | bytes, service: str | None = None, **members: Any) -> str:
        """The id of an import of that text."""
        sheet = {"title": "From a file", "currency": "USD", "validFrom": iso(START)}
        payload = await self.done(
            "importRateSheet", STATE, serviceId=service or await self.service(), sheet=sheet,
            uploadId=await self.upload(text), **members,
        )  # fmt: skip
        assert payload["rateSheet"]["state"] == "DRAFT"
        id: str = payload["rateImport"]["id"]
        return id

    async def shown(self, id: str) -> Any:
        return (await self.read(READ, id=id))["rateImport"]

    async def rows(self) -> int:
        count: int = await self.market.pool.fetchval(
            self.market.id, "SELECT count(*) FROM rates WHERE tenant_id = $1", self.market.id
        )
        return count


@pytest.fixture
async def reader(ask: Asking, market: Marketplace, worker_pool: Pool, valkey: Redis, tmp_path: Path) -> Reader:
    await set_clock(worker_pool, market.id, START)
    made = Reader(ask, market, await market.add("Blue Anchor", Role.PROVIDER))
    made.folder = Folder(tmp_path / "files")
    made.worker = Worker(worker_pool, valkey, files=made.folder)
    return made


async def test_a_file_fills_a_draft_that_is_then_activated(reader: Reader) -> None:
    id = await reader.ask_for(rates(30))
    before = await reader.shown(id)
    assert (before["state"], before["accepted"], before["availableActions"]) == ("READING", 0, ["CANCEL_RATE_IMPORT"])
    sheet = before["rateSheet"]["id"]
    refused = await reader.do("activateRateSheet", "rateSheet { id }", rateSheetId=sheet)
    assert reasons(refused) == ["rate_sheet_has_rates"]
    (rates_round,) = [each for each in ROUNDS if each.name == "rates"]
    await reader.worker.once(rates_round)  # as a worker does: it finds the marketplace by itself
    done = await reader.shown(id)
    assert (done["state"], done["accepted"], done["rejected"], done["readLines"]) == ("DONE", 600, 0, 601)
    assert done["readBytes"] == done["sizeBytes"]
    assert (done["rateSheet"]["rateCount"], len(done["rateSheet"]["digest"])) == (600, 64)
    await reader.done("activateRateSheet", "rateSheet { state }", rateSheetId=sheet)
    query = """query ($id: ID!) { rateSheet(id: $id) { rates(first: 2, filter: {zone: "Z7"}) {
      totalCount nodes { line atLeast below price minimum { amount } } } } }"""
    shown = (await reader.read(query, id=sheet))["rateSheet"]["rates"]
    assert shown["totalCount"] == 20
    assert shown["nodes"][0] == {
        "line": 142, "atLeast": "0", "below": "10", "price": "9", "minimum": {"amount": "45.00"},
    }  # fmt: skip


@pytest.mark.parametrize("zones", [100, pytest.param(5_000, marks=pytest.mark.long)])
async def test_one_bad_row_rejects_the_file_and_is_told_with_all_its_reasons(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, zones: int
) -> None:
    """In one of several pieces; the whole run has a hundred thousand rows."""
    if zones == 100:
        monkeypatch.setattr(reading, "PIECE_BYTES", 20_000)
    lines = rates(zones).splitlines(keepends=True)
    lines[1_000] = "Z9,WEIGTH,XXL,1.23456,ten,-1,perhaps,1.234\n"
    id = await reader.ask_for("".join(lines))
    await reader.worker.read_rates(reader.market.id)
    done = await reader.shown(id)
    assert (done["state"], done["accepted"], done["rejected"]) == ("REJECTED", zones * 20 - 1, 1)
    (reject,) = done["rejects"]["nodes"]
    assert (reject["line"], reject["row"]) == (1_001, lines[1_000].strip())
    assert sorted(each["reason"] for each in reject["reasons"]) == [
        "rate_line_bracket_is_whole", "rate_line_minimum_is_money", "rate_line_number_is_plain",
        "rate_line_number_is_plain", "rate_line_word_is_known", "rate_line_word_is_known", "rate_line_word_is_known",
    ]  # fmt: skip
    assert all("1001" in each["text"] for each in reject["reasons"])
    assert (done["rateSheet"]["state"], await reader.rows()) == ("DISCARDED", 0)


SHOWN = """query ($id: ID!) { rateSheet(id: $id) { service { id } rateCount surchargeCount
  surcharges(first: 9) { nodes {
  position line kind charge basisPoints amount minimum { amount } zones areas dangerousGoods aboveWeightGrams
  aboveLengthMm validFrom validUntil } } } }"""
BY_CALL = {"kind": "FUEL", "charge": "PER_SHIPMENT", "amount": "4.5", "zones": ["US"]}
FUEL = {"kind": "FUEL", "charge": "SHARE", "basisPoints": 900, "zones": ["US"]}


async def test_a_file_brings_surcharges_beside_those_of_the_call(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manual's own example, read in pieces of a line or two."""
    monkeypatch.setattr(reading, "PIECE_BYTES", 60)
    manual = (ROOT / "infra/docs/rate-sheets.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```csv\n(surcharge.*?)```", manual, re.DOTALL)
    sheet = {"title": "All in", "currency": "EUR", "validFrom": iso(START), "surcharges": [BY_CALL]}
    begun = await reader.done(
        "importRateSheet", STATE, serviceId=await reader.service(), sheet=sheet, uploadId=await reader.upload(text)
    )
    await reader.worker.read_rates(reader.market.id)
    done = await reader.shown(begun["rateImport"]["id"])
    assert (done["state"], done["accepted"], done["surcharges"], done["rejected"]) == ("DONE", 7, 5, 0)
    shown = (await reader.read(SHOWN, id=begun["rateSheet"]["id"]))["rateSheet"]
    assert (shown["rateCount"], shown["surchargeCount"]) == (2, 6)
    fuel, *_, oversize = shown["surcharges"]["nodes"]
    assert [(node["position"], node["line"]) for node in shown["surcharges"]["nodes"]] == [
        (1, None), (2, 4), (3, 5), (4, 6), (5, 7), (6, 8),
    ]  # fmt: skip
    assert (fuel["amount"], fuel["zones"]) == ("4.5", ["US"])
    assert (oversize["amount"], oversize["aboveWeightGrams"], oversize["aboveLengthMm"]) == ("60", 70_000, 2_400)
    remote = shown["surcharges"]["nodes"][3]
    assert (remote["areas"], remote["minimum"]) == (["GB~ZE", "NO-21", "SE~98"], {"amount": "25.00"})
    await reader.done("activateRateSheet", "rateSheet { state }", rateSheetId=begun["rateSheet"]["id"])

    dearer = {"kind": "FUEL", "charge": "SHARE", "basisPoints": 2_000}
    wish = sheet | {"surcharges": [BY_CALL, dearer], "supersedesId": begun["rateSheet"]["id"]}
    query = """query ($id: ID!) { rateSheet(id: $id) { surchargeChangesSince(version: 1) {
      before { kind basisPoints } after { kind basisPoints } } } }"""
    next_one = await reader.done(
        "draftRateSheet", "rateSheet { id }", serviceId=shown["service"]["id"], sheet=wish,
        rates=[{"zone": "EU", "price": "5"}],
    )  # fmt: skip
    changes = (await reader.read(query, id=next_one["rateSheet"]["id"]))["rateSheet"]["surchargeChangesSince"]
    assert changes[0] == {
        "before": {"kind": "FUEL", "basisPoints": 1_850}, "after": {"kind": "FUEL", "basisPoints": 2_000},
    }  # fmt: skip
    assert [(each["before"]["kind"], each["after"]) for each in changes[1:]] == [
        ("PEAK", None), ("REMOTE_AREA", None), ("DANGEROUS_GOODS", None), ("OVERSIZE", None),
    ]  # fmt: skip


async def test_bad_surcharges_reject_the_file_and_leave_nothing_but_the_calls_own(reader: Reader) -> None:
    header = "surcharge,zone,price,percent,areas\n"
    body = ",A,5,,\nFUEL,,,12,\nFUEL,A,,13,\nREMOTE_AREA,,,3,Atlantis\n"
    sheet = {"title": "Odd", "currency": "USD", "validFrom": iso(START), "surcharges": [FUEL]}
    service = await reader.service()
    wish = {"serviceId": service, "sheet": sheet, "uploadId": await reader.upload(header + body)}
    begun = await reader.done("importRateSheet", STATE, **wish)
    await reader.worker.read_rates(reader.market.id)
    done = await reader.shown(begun["rateImport"]["id"])
    told = [(node["line"], [each["reason"] for each in node["reasons"]]) for node in done["rejects"]["nodes"]]
    assert told == [
        (3, ["surcharge_is_due_once"]), (4, ["surcharge_is_due_once"]), (5, ["rate_line_area_is_one"]),
    ]  # fmt: skip
    assert (done["state"], done["accepted"], done["surcharges"]) == ("REJECTED", 3, 2)
    shown = (await reader.read(SHOWN, id=begun["rateSheet"]["id"]))["rateSheet"]
    assert [node["line"] for node in shown["surcharges"]["nodes"]] == [None]
    crowd = await reader.ask_for("surcharge,zone,price,percent\n,A,5,\n" + "FUEL,,,1\n" * 101, service)
    await reader.worker.read_rates(reader.market.id)
    (reject,) = (await reader.shown(crowd))["rejects"]["nodes"]
    assert [each["reason"] for each in reject["reasons"]] == ["rate_file_has_room_for_surcharges"]


async def test_brackets_that_do_not_fit_are_told_by_line(reader: Reader) -> None:
    body = "A,WEIGHT,,0,10,5,,\nA,WEIGHT,,20,30,4,,\nA,WEIGHT,,25,,3,,\nB,VOLUME,,0,1.5,90,,\n"
    id = await reader.ask_for(HEADER + body)
    await reader.worker.read_rates(reader.market.id)
    done = await reader.shown(id)
    told = [(node["line"], [each["reason"] for each in node["reasons"]]) for node in done["rejects"]["nodes"]]
    assert told == [(3, ["rate_brackets_leave_no_gap"]), (4, ["rate_brackets_do_not_overlap"])]
    assert (done["state"], await reader.rows()) == ("REJECTED", 0)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "rate_file_has_column"),
        (b"zone;price\nA;5\n", "rate_file_has_column"),
        (b"zone,price,price\nA,5,5\n", "rate_file_column_once"),
        (b"zone,price\n", "rate_file_has_rates"),
        (b"zone,price\n\xff\xfe\x00,5\n", "rate_line_is_text"),
        (b'zone,price\n"A,5\n', "rate_line_is_csv"),
        (b"zone,price\nA,5,6\n", "rate_line_is_csv"),
        (b"zone,price\n" + b"A" * 20_000 + b",5\n", "rate_line_not_too_long"),
        ("zone,price\nA,٥\n".encode(), "rate_line_number_is_plain"),
    ],
)
async def test_what_is_no_file_of_rates_is_rejected_with_its_reason(
    reader: Reader, content: bytes, reason: str
) -> None:
    """Read as the operator's file, since an upload of these would not be accepted for some."""
    service = await reader.service()
    wish = {"title": "Odd", "currency": "USD", "validFrom": iso(START)}
    upload = await reader.upload(content or b"\n")
    payload = await reader.done("importRateSheet", STATE, serviceId=service, sheet=wish, uploadId=upload)
    await reader.worker.read_rates(reader.market.id)
    done = await reader.shown(payload["rateImport"]["id"])
    assert done["state"] == "REJECTED"
    assert reason in {each["reason"] for node in done["rejects"]["nodes"] for each in node["reasons"]}


async def test_a_dry_run_goes_all_the_way_and_keeps_nothing(reader: Reader) -> None:
    id = await reader.ask_for(rates(5), dryRun=True)
    await reader.worker.read_rates(reader.market.id)
    done = await reader.shown(id)
    assert (done["state"], done["accepted"], done["rateSheet"]["state"]) == ("DONE", 100, "DISCARDED")
    assert await reader.rows() == 0


async def test_a_file_that_is_cancelled_is_read_no_further(reader: Reader) -> None:
    id = await reader.ask_for(rates(5))
    await reader.done("cancelRateImport", STATE, rateImportId=id)
    await reader.worker.read_rates(reader.market.id)
    done = await reader.shown(id)
    assert (done["state"], done["rateSheet"]["state"], done["accepted"]) == ("CANCELLED", "DISCARDED", 0)
    assert reasons(await reader.do("cancelRateImport", STATE, rateImportId=id)) == ["rate_import_is_reading"]

    id = await reader.ask_for(rates(5))
    await reader.done("discardRateSheet", "rateSheet { id }", rateSheetId=(await reader.shown(id))["rateSheet"]["id"])
    await reader.worker.read_rates(reader.market.id)
    assert ((await reader.shown(id))["state"], await reader.rows()) == ("CANCELLED", 0)


async def test_only_ones_own_accepted_file_of_rates_is_read(reader: Reader) -> None:
    other = await reader.market.add("Red Anchor", Role.PROVIDER)
    service = await reader.service()
    sheet = {"title": "Mine", "currency": "USD", "validFrom": iso(START)}
    theirs = await reader.upload(rates(1), other)
    refused = await reader.do("importRateSheet", STATE, serviceId=service, sheet=sheet, uploadId=theirs)
    assert [error["code"] for error in refused["userErrors"]] == ["NOT_FOUND"]
    workbook = await reader.upload(b"PK", kind=FileType.XLSX)
    refused = await reader.do("importRateSheet", STATE, serviceId=service, sheet=sheet, uploadId=workbook)
    assert reasons(refused) == ["rate_file_is_csv"]
    awaited = CreateUpload(UploadKind.RATE_SHEET, "rates.csv", 9, FileType.CSV, "0" * 64)
    announced = await reader.market.act(reader.provider.caller, uploads.create_upload, awaited)
    refused = await reader.do(
        "importRateSheet", STATE, serviceId=service, sheet=sheet, uploadId=announced.things["upload"]
    )
    assert reasons(refused) == ["upload_accepted"]
    id = await reader.ask_for(rates(1))
    assert (await reader.read(READ, other.caller, id=id))["rateImport"] is None


async def test_a_file_whose_bytes_are_gone_is_rejected(reader: Reader, tmp_path: Path) -> None:
    id = await reader.ask_for(rates(1))
    reader.worker.files = Folder(tmp_path / "elsewhere")
    await reader.worker.read_rates(reader.market.id)
    done = await reader.shown(id)
    assert done["state"] == "REJECTED"
    assert [each["reason"] for each in done["rejects"]["nodes"][0]["reasons"]] == ["rate_file_is_there"]


async def test_two_workers_read_every_line_once(
    reader: Reader, worker_pool: Pool, valkey: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PIECE_BYTES", 5_000)
    id = await reader.ask_for(rates(100))
    twin = Worker(worker_pool, valkey, files=reader.folder)
    await asyncio.gather(*(worker.read_rates(reader.market.id) for worker in (reader.worker, twin)))
    done = await reader.shown(id)
    while done["state"] == "READING":  # both left the rest to the other: the next look reads on
        await reader.worker.read_rates(reader.market.id)
        done = await reader.shown(id)
    assert (done["state"], done["accepted"], await reader.rows()) == ("DONE", 2_000, 2_000)


# -- at the terminal ---------------------------------------------------------------------------------------------------


async def test_a_file_is_imported_and_activated_at_the_terminal(reader: Reader, terminal: Any, tmp_path: Path) -> None:
    service = await reader.service()
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(rates(10), encoding="utf-8")
    bad.write_text(rates(10) + "Z1,WEIGHT,,5,,free,,\n", encoding="utf-8")
    options = ["--service", service, "--currency", "USD", "--valid-from", "2026-02-01"]
    rejects = tmp_path / "rejects.csv"

    def run(file: Path, *more: str) -> Any:
        return terminal(import_command, "rate-sheet", str(file), *options, "--rejects", str(rejects), *more)

    result = await asyncio.to_thread(run, bad)
    assert result.exit_code == 1
    assert re.search(r"200 rates read in [\d.]+ s, 1 lines rejected: REJECTED", result.output)
    (told,) = csv.DictReader(rejects.read_text(encoding="utf-8").splitlines())
    assert told["rejected line"] == "202"
    assert "price is a number" in told["rejected because"]
    result = await asyncio.to_thread(run, good, "--valid-from", "soon")
    assert "'soon' is neither a day like 2026-12-01 nor an instant" in str(result.exception)
    result = await asyncio.to_thread(run, good, "--dry-run")
    assert (result.exit_code, await reader.rows()) == (0, 0)
    result = await asyncio.to_thread(run, good, "--activate")
    assert result.exit_code == 0, result.output
    sheet = re.search(r"rsh_\w+", result.output)
    assert sheet is not None
    query = "query ($id: ID!) { rateSheet(id: $id) { state rateCount } }"
    assert (await reader.read(query, id=sheet[0]))["rateSheet"] == {"state": "ACTIVE", "rateCount": 200}
    again = await asyncio.to_thread(run, good, "--activate")
    assert again.exit_code != 0
    assert "is in force" in f"{again.exception}{again.output}"


async def test_a_killed_import_goes_on_where_it_stopped(
    reader: Reader, terminal: Any, settings: Settings, owner: asyncpg.Pool[Any], tmp_path: Path
) -> None:
    service, path = await reader.service(), tmp_path / "killed.csv"
    path.write_text(rates(500), encoding="utf-8")
    options = (str(path), "--service", service, "--currency", "USD", "--valid-from", "2026-02-01")
    environment = os.environ | {
        "DATABASE_URL": settings.database_url,
        "DATABASE_WORKER_URL": settings.database_worker_url,
        "REDIS_URL": settings.redis_url,
        "MAKEGOOD_SECRET": "x" * 32,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "api", "import", "rate-sheet", *options,
        env=environment, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        while not await owner.fetchval("SELECT read_bytes FROM rate_imports"):
            assert process.returncode is None, "it ended before it read anything"
            await asyncio.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    finally:
        await process.communicate()
    half = await owner.fetchrow("SELECT id, state, accepted FROM rate_imports")
    assert half is not None
    assert half["state"] == "READING"
    assert 0 < half["accepted"] == await reader.rows() < 10_000
    assert await owner.fetchval("SELECT state FROM rate_sheets") == "DRAFT"

    result = await asyncio.to_thread(terminal, import_command, "rate-sheet", *options)
    assert result.exit_code == 0, result.output
    done = await reader.shown(half["id"])
    assert (done["state"], done["accepted"], done["rejected"]) == ("DONE", 10_000, 0)
    assert await owner.fetchval("SELECT count(DISTINCT line) FROM rates") == await reader.rows() == 10_000
    assert await owner.fetchval("SELECT count(*) FROM rate_imports") == 1
