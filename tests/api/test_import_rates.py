"""Exchange rates from a file: each once, contradictions told by line."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from api.imports.books import Books
from api.imports.mapping import Rejected
from api.imports.rates import RateReport, import_rates
from storage.pool import Pool
from tests.builders import Market
from tests.openings import Opening

pytestmark = pytest.mark.usefixtures("emptied")


@pytest.fixture
async def market(opening: Opening, worker_pool: Pool) -> Market:
    return await Market.opened(opening, worker_pool, worker_pool)


async def run(market: Market, tmp_path: Path, text: str) -> RateReport:
    (tmp_path / "rates.csv").write_text(text, encoding="utf-8")
    books = Books.open(market.pool, market.tenant_id, "recordExchangeRates")
    return await import_rates(
        books,
        tmp_path / "rates.csv",
        "a bank",
        rejects_path=tmp_path / "rejects.csv",
        progress=lambda _done, _size: None,
    )


async def test_good_rates_are_recorded_once_and_the_rest_is_told(
    market: Market, owner: asyncpg.Pool[Any], tmp_path: Path
) -> None:
    text = (
        "base,quote,day,rate,source\n"
        "EUR,USD,2026-01-02,1.10,ECB\n"
        "EUR,USD,2026-01-03,1.11,\n"
        "EUR,USD,2026-01-02,1.10,ECB\n"
        "EUR,USD,2026-01-02,1.12,another\n"
        "EUR,EUR,2026-01-02,1,ECB\n"
        "EUR,USD,2.1.2026,1,ECB\n"
        "EUR,USD,2026-01-04,NaN,ECB\n"
        "GBP,USD,2026-01-02,1.30,ECB\n"
    )
    report = await run(market, tmp_path, text)
    assert (report.recorded, report.known, report.rejected) == (3, 1, 4)
    with (tmp_path / "rejects.csv").open(encoding="utf-8", newline="") as file:
        told = {int(reject["rejected line"]): reject["rejected because"] for reject in csv.DictReader(file)}
    assert sorted(told) == [5, 6, 7, 8]
    assert "never changed" in told[5]
    again = await run(market, tmp_path, text)
    assert (again.recorded, again.known, again.rejected) == (0, 4, 4)
    with (tmp_path / "rejects.csv").open(encoding="utf-8", newline="") as file:
        (known,) = [each["rejected because"] for each in csv.DictReader(file) if each["rejected line"] == "5"]
    assert "is recorded as 1.1;" in known, "as it was given, also when it comes from the database"
    rates = await owner.fetch("SELECT base || quote || day || source AS told FROM exchange_rates ORDER BY 1")
    assert [rate["told"] for rate in rates] == ["EURUSD2026-01-02ECB", "EURUSD2026-01-03a bank", "GBPUSD2026-01-02ECB"]


async def test_a_file_without_its_columns_is_refused(market: Market, tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="no column 'rate'"):
        await run(market, tmp_path, "base,quote,day\n")
