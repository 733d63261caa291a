"""A marketplace of its own for a test, and a client that asks the engine as its callers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from api.reads.engine import Engine
from api.schema.schema import Contract, contract
from api.settings import Settings
from storage.pool import Pool
from tests.marketplaces import Asking, Marketplace, open_marketplace


@pytest.fixture(scope="session")
def promised() -> Contract:
    """The whole contract."""
    return contract()


@pytest.fixture
async def worker_pool(settings: Settings) -> AsyncIterator[Pool]:
    """Connections of the worker's role, through the platform's own pool."""
    pool = await Pool.open(settings.database_worker_url, size=4)
    yield pool
    await pool.close()


@pytest.fixture
async def ask(settings: Settings, promised: Contract) -> AsyncIterator[Asking]:
    """A client of an engine that reads as the application's role."""
    reads = await Pool.open(settings.database_url, size=4)
    yield Asking(Engine(promised, reads))
    await reads.close()


@pytest.fixture
async def market(worker_pool: Pool, emptied: None) -> Marketplace:
    """A sandbox marketplace with nothing in it but its operator and the shipped rules; gone after the test."""
    return await open_marketplace(worker_pool)
