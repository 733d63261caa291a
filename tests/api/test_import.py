"""`run import` at the terminal: what it prints, and what it refuses in one sentence."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from api.settings import ROOT, Settings, Unusable
from api.verbs import import_, tenants

RULE = ROOT / "storage" / "rulebook" / "guarantees" / "on_time.toml"
MAPPING = ROOT / "api" / "imports" / "mappings" / "scms_delivery_history.toml"
HEADER = (
    "ID,Project Code,PO / SO #,ASN/DN #,Country,Shipment Mode,PO Sent to Vendor Date,Scheduled Delivery Date,"
    "Delivered to Client Date,Vendor,Item Description,Line Item Quantity,Line Item Value,Weight (Kilograms),"
    "Freight Cost (USD)\n"
)
LATE = "1,100-CI,SO-1,DN-1,Vietnam,Air,5/2/2006,2-Jun-06,3-Jun-06,Acme,Tests,30,500.00,See DN-9 (ID#:9),\n"
IN_TIME = "2,100-CI,SO-2,DN-2,Vietnam,Ocean,Date Not Captured,2-Jun-06,2-Jun-06,Acme,Tests,30,500.00,13,780.34\n"
BAD = "3,100-CI,SO-3,DN-3,Vietnam,Mule,5/2/2006,2-Jun-06,2-Jun-06,Acme,Tests,30,500.00,13,780.34\n"


@pytest.fixture
def history(tmp_path: Path) -> Path:
    path = tmp_path / "history.csv"
    path.write_text("\ufeff" + HEADER + LATE + IN_TIME + BAD, encoding="utf-8")
    return path


@pytest.fixture
def run(terminal: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`run import …` in a marketplace of its own, with the rejects in the test's folder."""
    monkeypatch.chdir(tmp_path)
    assert terminal(tenants.command, "create", "--name", "Clinic supplies").exit_code == 0
    return lambda *arguments: terminal(import_.command, *arguments)


def test_a_history_is_imported_judged_and_told(run: Any, history: Path, tmp_path: Path) -> None:
    told = run("deliveries", str(history), "--judge").stdout
    assert "2 lines of 2 orders in 2 shipments; 1 buyers, 1 suppliers, 2 carriers." in told
    assert "New: 2 lines, 2 orders, 2 shipments. Rejected: 1 rows." in told
    assert [cell.strip() for cell in told.splitlines()[-3].split("│")[1:-1]] == ["All", "1", "1", "50.00 USD"]
    assert "1 orders compensated." in told
    rejected = (tmp_path / "history.rejects.csv").read_text(encoding="utf-8")
    assert "Mule" in rejected
    again = run("deliveries", str(history), "--judge", "--rules", str(RULE)).stdout
    assert "New: 0 lines, 0 orders, 0 shipments." in again
    assert "1 orders compensated." in again
    applied = run("deliveries", str(history), "--apply").stdout
    assert "1 orders compensated. 1 claims written." in applied


def test_a_mapping_is_named_found_or_asked_for(run: Any, history: Path, tmp_path: Path) -> None:
    assert run("deliveries", str(history), "--mapping", "scms_delivery_history").exit_code == 0
    assert run("deliveries", str(history), "--mapping", str(MAPPING)).exit_code == 0
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n", encoding="utf-8")
    for arguments, sentence in (
        ((str(other),), "No shipped mapping fits the columns of other.csv"),
        ((str(other), "--mapping", str(MAPPING)), "the file has no column"),
        ((str(history), "--mapping", "nowhere.toml"), "neither a shipped mapping"),
        ((str(history), "--mapping", str(history)), "is not TOML"),
        ((str(history), "--mapping", str(RULE)), "mapping.columns missing"),
    ):
        refused = run("deliveries", *arguments)
        assert isinstance(refused.exception, Unusable), refused.output
        assert sentence in str(refused.exception)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--apply", "--rules", str(RULE)), "publish the rule"),
        (("--judge", "--rules", "nowhere.toml"), "cannot be read"),
        (("--judge", "--rules", "guarantees/nothing"), "guarantees/nothing"),
        (("--judge", "--rules", "tiers"), "not an on-time rule"),
        (("--judge", "--rules", "guarantees/machinery_after_sales"), "not an on-time rule"),
        (("--tenant", "ten_none"), "--tenant"),
    ],
)
def test_what_cannot_be_judged_is_refused_and_nothing_is_written(
    run: Any, history: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    refused = run("deliveries", str(history), *arguments)
    assert isinstance(refused.exception, Unusable), refused.output
    assert sentence in str(refused.exception)
    assert "New: 2 lines" in run("deliveries", str(history)).stdout


def test_a_damaged_file_is_told_in_a_sentence(run: Any, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.csv.gz"
    damaged.write_bytes(b"\x1f\x8bnot really")
    refused = run("deliveries", str(damaged), "--mapping", "scms_delivery_history")
    assert isinstance(refused.exception, Unusable), refused.output


def test_rates_are_imported(run: Any, tmp_path: Path) -> None:
    rates = tmp_path / "rates.csv"
    rates.write_text("base,quote,day,rate\nEUR,USD,2026-01-02,1.10\nEUR,USD,2026-01-02,1.11\n", encoding="utf-8")
    told = run("rates", str(rates), "--source", "a bank").stdout
    assert "1 rates recorded, 0 known already, 1 rejected." in told
    assert (tmp_path / "rates.rejects.csv").exists()


def test_only_what_is_still_on_its_way_is_waited_for(run: Any, history: Path, settings: Settings) -> None:
    """A history of thousands of deliveries starts no clock."""
    underway = "4,100-CI,SO-4,DN-4,Vietnam,Air,5/2/2006,2-Jun-06,,Acme,Tests,30,500.00,13,780.34\n"
    history.write_text(history.read_text(encoding="utf-8") + underway, encoding="utf-8")
    assert "New: 3 lines, 3 orders, 3 shipments." in run("deliveries", str(history)).stdout

    async def waited_for() -> list[tuple[str, str]]:
        connection = await asyncpg.connect(settings.database_owner_url)
        try:
            text = "SELECT s.reference, c.duty FROM clocks c JOIN shipments s ON s.id = c.subject_id ORDER BY 2"
            return [tuple(row) for row in await connection.fetch(text)]
        finally:
            await connection.close()

    assert asyncio.run(waited_for()) == [("DN-4", "NO_MOVEMENT"), ("DN-4", "PRESUME_LOST")]
