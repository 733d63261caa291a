"""The platform's own pools and two marketplaces for the storage tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from api.settings import Settings
from domain.tenants import TenantKind
from storage.pool import Pool
from tests.storage.marketplaces import Marketplace, open_marketplace


@pytest.fixture(scope="session")
async def pool(settings: Settings) -> AsyncIterator[Pool]:
    pool = await Pool.open(settings.database_url, size=12)
    yield pool
    await pool.close()


@pytest.fixture(scope="session")
async def owner_pool(settings: Settings) -> AsyncIterator[Pool]:
    pool = await Pool.open(settings.database_owner_url, size=2)
    yield pool
    await pool.close()


@pytest.fixture(scope="session")
async def worker_pool(settings: Settings) -> AsyncIterator[Pool]:
    pool = await Pool.open(settings.database_worker_url, size=6)
    yield pool
    await pool.close()


@pytest.fixture
async def marketplace(owner_pool: Pool, emptied: None) -> Marketplace:
    """A live tenant that is gone after the test."""
    return await open_marketplace(owner_pool, TenantKind.LIVE)


@pytest.fixture
async def sandbox(owner_pool: Pool, emptied: None) -> Marketplace:
    """A sandbox that is gone after the test."""
    return await open_marketplace(owner_pool, TenantKind.SANDBOX)
