"""Short names of the platform's own pools, and two marketplaces, for the storage tests."""

from __future__ import annotations

import pytest

from domain.tenants import TenantKind
from storage.pool import Pool
from tests.storage.marketplaces import Marketplace, open_marketplace


@pytest.fixture(scope="session")
def pool(app_pool: Pool) -> Pool:
    return app_pool


@pytest.fixture(scope="session")
def owner_pool(owners_pool: Pool) -> Pool:
    return owners_pool


@pytest.fixture
async def marketplace(owner_pool: Pool, emptied: None) -> Marketplace:
    """A live tenant that is gone after the test."""
    return await open_marketplace(owner_pool, TenantKind.LIVE)


@pytest.fixture
async def sandbox(owner_pool: Pool, emptied: None) -> Marketplace:
    """A sandbox that is gone after the test."""
    return await open_marketplace(owner_pool, TenantKind.SANDBOX)
