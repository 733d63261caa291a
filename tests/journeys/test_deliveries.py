"""Real deliveries go in and come out judged; bad rows, second runs and killed runs do no harm."""

from __future__ import annotations

import asyncio
import csv
import gzip
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from api.imports import mapping as mappings
from api.imports.books import Books
from api.imports.deliveries import Report, import_deliveries
from api.imports.files import Damaged
from api.imports.judging import Judge
from api.imports.mapping import Rejected
from api.settings import ROOT, Settings
from domain.guarantees import OnTimeTerms, terms_of
from domain.money import Money
from domain.shipments import ShipmentMode
from domain.tenants import TenantKind
from storage import rulebook
from storage.pool import Pool
from tests.builders import Market

pytestmark = pytest.mark.usefixtures("emptied")
HISTORY = ROOT.parent / "shared" / "data" / "scms_delivery_history.csv.gz"
SCMS = mappings.shipped()["scms_delivery_history"]
HEADER = "order,line,parcel,buyer,seller,carrier,way,to,goods,pieces,worth,promised,paid,arrived,kilos,freight".split(
    ","
)
MAPPING_TEXT = """
title = "A shop"
currency = "EUR"
modes = { air = "AIR", sea = "OCEAN" }
carriers = { AIR = "AIRLINE_AGENT", OCEAN = "NVOCC" }
names = { carrier = "{} lines", supplier_country = "CN", carrier_country = "NL" }
dates = { promised_on = ["%Y-%m-%d"], paid_on = ["%Y-%m-%d"], delivered_on = ["%Y-%m-%d"] }
unknown = { freight = ["included", "see *"], paid_on = ["?"] }
[columns]
order = "order"
line = "line"
shipment = "parcel"
buyer = "buyer"
supplier = "seller"
carrier = "carrier"
mode = "way"
country = "to"
description = "goods"
quantity = "pieces"
value = "worth"
promised_on = "promised"
paid_on = "paid"
delivered_on = "arrived"
weight_kilograms = "kilos"
freight = "freight"
"""
SHOP = mappings.parse(MAPPING_TEXT)
ROW = "A-1,1,P-1,Berta,Nils,Jet,air,DE,Pump,3,100.00,2026-01-10,2026-01-02,2026-01-12,1.5,9.90".split(",")


def row(**changes: str) -> list[str]:
    """A good row with some cells changed."""
    return [changes.get(name, cell) for name, cell in zip(HEADER, ROW, strict=True)]


def written(path: Path, rows: Iterable[Sequence[str]], header: Sequence[str] = HEADER) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


@dataclass
class Steps:
    """Progress as it was told."""

    read: list[tuple[int, int]] = field(default_factory=list)
    wrote: list[tuple[int, int]] = field(default_factory=list)

    def reading(self, done: int, size: int) -> None:
        self.read.append((done, size))

    def writing(self, done: int, size: int) -> None:
        self.wrote.append((done, size))


@pytest.fixture
async def pools(settings: Settings) -> AsyncIterator[tuple[Pool, Pool]]:
    worker = await Pool.open(settings.database_worker_url, size=4)
    app = await Pool.open(settings.database_url, size=4)
    yield worker, app
    await app.close()
    await worker.close()


@pytest.fixture
async def market(pools: tuple[Pool, Pool]) -> Market:
    return await Market.create(*pools, kind=TenantKind.LIVE)


async def run(
    market: Market, path: Path, rejects_path: Path, *, mapping: Any = SHOP, judge: Judge | None = None
) -> Report:
    books, steps = Books.open(market.pool, market.tenant_id, "importDeliveries"), Steps()
    report = await import_deliveries(books, path, mapping, rejects_path=rejects_path, progress=steps, judge=judge)
    for told in (steps.read, steps.wrote):
        assert told == sorted(told), "progress goes forward"
        assert told[-1][0] == told[-1][1], "and comes to its end"
    return report


async def judge(market: Market, *, apply: bool = False) -> Judge:
    async with market.pool.acquire(market.tenant_id) as connection:
        version = await rulebook.in_force(connection, market.tenant_id, "guarantees/on_time", await market.now())
    terms = terms_of(version)
    assert isinstance(terms, OnTimeTerms)
    return Judge(terms, version=version if apply else None)


async def books(owner: asyncpg.Pool[Any]) -> dict[str, str]:
    """Everything that an import may write, as a digest per table."""
    tables = (
        "orders",
        "order_lines",
        "shipments",
        "tracking_events",
        "buyers",
        "suppliers",
        "providers",
        "audit",
        "outbox",
    )
    return {
        table: await owner.fetchval(f"SELECT coalesce(md5(string_agg(t::text, ',' ORDER BY id)), '') FROM {table} t")
        for table in tables
    }


async def row_of(owner: asyncpg.Pool[Any], text: str) -> asyncpg.Record:
    found: asyncpg.Record | None = await owner.fetchrow(text)
    assert found is not None
    return found


def told(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.skipif(not HISTORY.exists(), reason="the delivery history is not beside the checkout")
async def test_the_whole_history_goes_in_and_comes_out_judged(
    market: Market, owner: asyncpg.Pool[Any], tmp_path: Path
) -> None:
    first = await judge(market)
    report = await run(market, HISTORY, tmp_path / "rejects.csv", mapping=SCMS, judge=first)
    assert (report.lines, report.orders, report.shipments) == (10_324, 6_233, 7_030)
    assert (report.buyers, report.suppliers, report.providers) == (142, 73, 5)
    assert (report.rejected, report.new_lines) == (0, 10_324)
    assert not (tmp_path / "rejects.csv").exists()
    tally = first.tally
    assert (tally.judged, tally.total.late_lines, tally.total.orders, tally.compensated) == (6_233, 1_186, 684, 683)
    assert {mode: share.late_lines for mode, share in tally.by_mode.items()} == {
        ShipmentMode.AIR: 587,
        ShipmentMode.TRUCK: 455,
        ShipmentMode.AIR_CHARTER: 75,
        ShipmentMode.OCEAN: 65,
        ShipmentMode.UNSTATED: 4,
    }
    by_mode = sum(share.compensation["USD"].minor for share in tally.by_mode.values())
    assert tally.total.compensation == {"USD": Money(by_mode, "USD")}
    counts = (
        "SELECT (SELECT count(*) FROM order_lines), (SELECT count(*) FROM orders), (SELECT count(*) FROM shipments)"
    )
    assert tuple(await row_of(owner, counts)) == (10_324, 6_233, 7_030)
    assert await owner.fetchval("SELECT count(*) FROM claims") == 0

    before, again = await books(owner), await judge(market)
    report = await run(market, HISTORY, tmp_path / "rejects.csv", mapping=SCMS, judge=again)
    assert (report.lines, report.new_lines, report.new_orders, report.new_shipments) == (10_324, 0, 0, 0)
    assert await books(owner) == before
    assert again.tally == tally


async def test_a_row_becomes_an_order_with_its_shipment_and_delivery(
    market: Market, owner: asyncpg.Pool[Any], tmp_path: Path
) -> None:
    rows = [
        row(),
        row(line="2", worth="0.5", freight="included", kilos="", promised="2026-01-20"),
        row(order="A-2", line="1", parcel="P-2", paid="?", way="sea", carrier="Tug", arrived=""),
    ]
    report = await run(market, written(tmp_path / "shop.csv", rows), tmp_path / "rejects.csv")
    assert (report.orders, report.lines, report.rejected) == (2, 3, 0)
    order, waiting = await owner.fetch("SELECT * FROM orders ORDER BY reference")
    assert (order["state"], order["total_minor"], order["currency"], order["country"]) == (
        "COMPLETED",
        100_50,
        "EUR",
        "DE",
    )
    assert order["paid_at"].isoformat() == "2026-01-01T23:00:00+00:00"
    assert waiting["paid_at"].isoformat() == "2026-01-09T23:00:00+00:00", "the promise stands for the missing payment"
    assert waiting["state"] == "PAID"
    first, second = await owner.fetch("SELECT * FROM order_lines WHERE order_id = $1 ORDER BY position", order["id"])
    assert first["promised_at"].isoformat() == "2026-01-10T22:59:59.999999+00:00"
    assert second["promised_at"].isoformat() == "2026-01-20T22:59:59.999999+00:00"
    assert first["delivered_at"].isoformat() == "2026-01-12T22:59:59.999999+00:00"
    shipment, booked = await owner.fetch("SELECT * FROM shipments ORDER BY reference")
    assert (shipment["state"], shipment["weight_grams"], shipment["freight_minor"]) == ("DELIVERED", 1_500, 9_90)
    assert shipment["promised_at"] == first["promised_at"]
    assert (booked["state"], booked["mode"], booked["delivered_at"]) == ("BOOKED", "OCEAN", None)
    providers = await owner.fetch("SELECT name, kind FROM providers ORDER BY name")
    assert [tuple(provider) for provider in providers] == [("Jet lines", "AIRLINE_AGENT"), ("Tug lines", "NVOCC")]


BAD = [
    (row(order=""), "order ''"),
    (row(line="9", worth="ten"), "worth 'ten'"),
    (row(line="10", worth="1.005"), "at most 2 decimals"),
    (row(line="11", pieces="1.5"), "pieces '1.5'"),
    (row(line="12", way="mule", promised="10.1.2026"), "way 'mule'"),
    (row(line="13", to="Atlantis"), "to 'Atlantis'"),
    (row(line="14", promised="", paid=""), "neither a day of payment nor a promise"),
    (row(line="15", arrived="2999-01-01"), "which has not come yet"),
    (row(line="16")[:-1], "15 cells"),
    (row(line="17", buyer="Be\0rta"), "printable"),
    (row(line="18", freight="-1"), "freight '-1'"),
    (row(line="19", pieces="0"), "less than one piece"),
]


async def test_bad_rows_are_told_with_line_and_reason_and_the_rest_goes_on(
    market: Market, owner: asyncpg.Pool[Any], tmp_path: Path
) -> None:
    rows = [row(), *(cells for cells, _ in BAD), row(line="2")]
    report = await run(market, written(tmp_path / "shop.csv", rows), tmp_path / "rejects.csv")
    assert (report.new_lines, report.rejected) == (2, len(BAD))
    rejected = told(tmp_path / "rejects.csv")
    assert [int(reject["rejected line"]) for reject in rejected] == list(range(3, 3 + len(BAD)))
    for reject, (cells, reason) in zip(rejected, BAD, strict=True):
        assert reason in reject["rejected because"]
        assert reject["order"] == cells[0]
    assert "promised '10.1.2026'" in rejected[4]["rejected because"], "every reason is told"
    assert await owner.fetchval("SELECT count(*) FROM order_lines") == 2


async def test_a_mended_row_joins_its_order_on_the_next_run(
    market: Market, owner: asyncpg.Pool[Any], tmp_path: Path
) -> None:
    rows = [row(), row(line="2", worth="?")]
    await run(market, written(tmp_path / "shop.csv", rows), tmp_path / "rejects.csv")
    rows[1] = row(line="2", worth="7")
    report = await run(market, written(tmp_path / "shop.csv", rows), tmp_path / "mended.csv")
    assert (report.new_lines, report.new_orders, report.new_shipments, report.rejected) == (1, 0, 0, 0)
    order = await row_of(owner, "SELECT total_minor, version FROM orders")
    assert tuple(order) == (107_00, 2)
    assert await owner.fetchval("SELECT count(*) FROM tracking_events") == 1


async def test_an_order_told_in_two_stories_costs_only_its_own_rows(
    market: Market, owner: asyncpg.Pool[Any], tmp_path: Path
) -> None:
    rows = [
        row(),
        row(order="A-2", parcel="P-2"),
        row(order="A-2", line="2", parcel="P-2", buyer="Boris"),
        row(order="A-3", parcel="P-1"),  # the carrier's number P-1 is taken by A-1
        row(order="A-4", parcel="P-4"),
    ]
    report = await run(market, written(tmp_path / "shop.csv", rows), tmp_path / "rejects.csv")
    assert report.rejected == 3
    rejected = {int(reject["rejected line"]): reject["rejected because"] for reject in told(tmp_path / "rejects.csv")}
    assert sorted(rejected) == [3, 4, 5]
    assert "disagree" in rejected[3]
    assert "reference already" in rejected[5]
    references = await owner.fetch("SELECT reference FROM orders ORDER BY reference")
    assert [record["reference"] for record in references] == ["A-1", "A-4"]


async def test_lines_of_an_order_may_stand_far_apart(market: Market, owner: asyncpg.Pool[Any], tmp_path: Path) -> None:
    rows = [row(order=f"A-{number % 30}", line=str(number), parcel=f"P-{number % 30}") for number in range(300)]
    with gzip.open(tmp_path / "shop.csv.gz", "wt", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADER, *rows])
    report = await run(market, tmp_path / "shop.csv.gz", tmp_path / "rejects.csv")
    assert (report.orders, report.lines) == (30, 300)
    assert {record["count"] for record in await owner.fetch("SELECT count(*) FROM order_lines GROUP BY order_id")} == {
        10
    }


async def test_applied_judgements_are_claims_with_coupons_once(
    market: Market, owner: asyncpg.Pool[Any], tmp_path: Path
) -> None:
    rows = [row(), row(order="A-2", parcel="P-2", arrived="2026-01-10"), row(order="A-3", parcel="P-3", arrived="")]
    dollars = replace(SHOP, currency="USD")
    path = written(tmp_path / "shop.csv", rows)
    first = await judge(market, apply=True)
    await run(market, path, tmp_path / "rejects.csv", mapping=dollars, judge=first)
    assert (first.tally.judged, first.tally.compensated, first.tally.claimed) == (2, 1, 1)
    claim = await row_of(
        owner, "SELECT c.*, k.amount_minor AS coupon FROM claims c JOIN coupons k ON k.claim_id = c.id"
    )
    assert (claim["amount_minor"], claim["coupon"], claim["state"]) == (10_00, 10_00, "DECIDED")
    second = await judge(market, apply=True)
    await run(market, path, tmp_path / "rejects.csv", mapping=dollars, judge=second)
    assert (second.tally.compensated, second.tally.claimed) == (1, 0)
    assert await owner.fetchval("SELECT count(*) FROM claims") == 1


async def test_a_file_without_its_columns_or_its_end_changes_nothing(
    market: Market, owner: asyncpg.Pool[Any], tmp_path: Path
) -> None:
    before = await books(owner)
    with pytest.raises(Rejected, match="no column 'worth'"):
        await run(market, written(tmp_path / "a.csv", [], header=HEADER[:10]), tmp_path / "rejects.csv")
    whole = gzip.compress("\n".join(",".join(cells) for cells in [HEADER, *[row()] * 5000]).encode())
    (tmp_path / "b.csv").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(Damaged):
        await run(market, tmp_path / "b.csv", tmp_path / "rejects.csv")
    assert await books(owner) == before


async def test_a_killed_import_goes_on_where_it_stopped(
    market: Market, owner: asyncpg.Pool[Any], settings: Settings, tmp_path: Path
) -> None:
    rows = [
        row(order=f"A-{number:05}", line=str(line), parcel=f"P-{number:05}")
        for number in range(4_000)
        for line in range(2)
    ]
    path = written(tmp_path / "shop.csv", rows)
    mapping = tmp_path / "shop.toml"
    mapping.write_text(MAPPING_TEXT, encoding="utf-8")
    environment = os.environ | {
        "DATABASE_URL": settings.database_url,
        "DATABASE_WORKER_URL": settings.database_worker_url,
        "REDIS_URL": settings.redis_url,
        "MAKEGOOD_SECRET": "x" * 32,
    }
    verb = ("-m", "api", "import", "deliveries", str(path), "--mapping", str(mapping), "--tenant", market.tenant_id)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *verb,
        env=environment,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        while not await owner.fetchval("SELECT count(*) FROM orders"):
            assert process.returncode is None, "it ended before it wrote anything"
            await asyncio.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    finally:
        await process.communicate()
    survived = await owner.fetchval("SELECT count(*) FROM orders")
    assert 0 < survived <= 4_000
    report = await run(market, path, tmp_path / "rejects.csv")
    assert (report.orders, report.lines, report.rejected) == (4_000, 8_000, 0)
    assert report.new_orders == 4_000 - survived
    assert await owner.fetchval("SELECT count(DISTINCT (order_id, reference)) FROM order_lines") == 8_000
    assert await owner.fetchval("SELECT count(*) FROM order_lines") == 8_000
