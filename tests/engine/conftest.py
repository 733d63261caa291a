"""The bazaar, there while a file's tests run, with an engine and a reference over it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from api.reads.engine import Engine
from api.settings import Settings
from storage.pool import Pool
from tests.engine import bazaar, stalls
from tests.engine.reference import Reference


@pytest.fixture(scope="module")
async def loaded(owner: asyncpg.Pool[Any], emptying: str) -> AsyncIterator[None]:
    """Tables and rows of the bazaar, gone after the file. What is emptied is settled before they are there."""
    await stalls.load(owner)
    yield
    await owner.execute("DROP SCHEMA bazaar CASCADE")
    await owner.execute(emptying)


@pytest.fixture
async def reads(settings: Settings, loaded: None) -> AsyncIterator[Pool]:
    """A pool of the application's role."""
    pool = await Pool.open(settings.database_url, size=2)
    yield pool
    await pool.close()


@pytest.fixture(scope="session")
def contract() -> Any:
    """The engine's contract."""
    return bazaar.bazaar()


@pytest.fixture
def engine(contract: Any, reads: Pool) -> Engine:
    """An engine over the bazaar, with empty caches."""
    return Engine(contract, reads)


@pytest.fixture(scope="session")
def reference() -> Reference:
    """The judge, with a contract of its own."""
    return Reference(bazaar.bazaar())
