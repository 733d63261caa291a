"""Exchange rates through the operation: recorded once, looked up both ways."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import asyncpg
import pytest

from api.operations import exchange_rates
from domain.access import Role
from domain.errors import Conflict, Forbidden, Invalid
from domain.exchange_rates import NewRate, RecordExchangeRates
from storage import exchange_rates as rate_rows
from storage.pool import Pool
from tests.builders import START, Market
from tests.openings import Opening

pytestmark = pytest.mark.usefixtures("emptied")
TODAY = START.date()


@pytest.fixture
async def market(opening: Opening, worker_pool: Pool, app_pool: Pool) -> Market:
    return await Market.opened(opening, worker_pool, app_pool)


def rates(*values: tuple[date, str]) -> RecordExchangeRates:
    return RecordExchangeRates(tuple(NewRate("EUR", "USD", day, Decimal(value)) for day, value in values), "a bank")


async def test_rates_are_recorded_once_and_serve_both_ways(market: Market) -> None:
    told = rates((TODAY, "1.25"), (TODAY - timedelta(days=1), "1.20"))
    outcome = await market.act(market.caller(Role.FINANCE), exchange_rates.record_exchange_rates, told)
    assert len(outcome.things["exchangeRates"]) == 2
    again = await market.act(market.caller(Role.FINANCE), exchange_rates.record_exchange_rates, told)
    assert (again.things["exchangeRates"], again.facts) == ((), {"known": 2})
    async with market.pool.acquire(market.tenant_id) as connection:
        direct = await rate_rows.rate(connection, market.tenant_id, "EUR", "USD", TODAY + timedelta(days=7))
        inverse = await rate_rows.rate(connection, market.tenant_id, "USD", "EUR", TODAY)
    assert (direct.rate, direct.day) == (Decimal("1.25"), TODAY)
    assert inverse.rate == Decimal("0.8")


async def test_another_rate_for_a_day_is_refused_and_nothing_of_its_batch_is_kept(market: Market) -> None:
    await market.act(market.staff, exchange_rates.record_exchange_rates, rates((TODAY, "1.25")))
    with pytest.raises(Conflict):
        await market.act(
            market.staff,
            exchange_rates.record_exchange_rates,
            rates((TODAY - timedelta(days=2), "1.1"), (TODAY, "1.26")),
        )
    with pytest.raises(Invalid):
        await market.act(market.staff, exchange_rates.record_exchange_rates, rates((TODAY + timedelta(days=1), "1.1")))
    async with market.pool.acquire(market.tenant_id) as connection:
        assert await connection.fetchval("SELECT count(*) FROM exchange_rates") == 1


async def test_only_the_treasury_records(market: Market) -> None:
    with pytest.raises(Forbidden):
        await market.act(market.caller(Role.SUPPORT), exchange_rates.record_exchange_rates, rates((TODAY, "1.25")))


async def test_a_rate_is_never_changed_or_deleted(market: Market, owner: asyncpg.Pool) -> None:
    await market.act(market.staff, exchange_rates.record_exchange_rates, rates((TODAY, "1.25")))
    for statement in ("UPDATE exchange_rates SET rate = 2", "DELETE FROM exchange_rates", "TRUNCATE exchange_rates"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await owner.execute(statement)
