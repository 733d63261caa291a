"""A marketplace of its own for a test, and a client that asks the engine as its callers."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from redis.asyncio import Redis
from typer.testing import CliRunner, Result

from api.reads.engine import Engine
from api.schema.schema import Contract
from api.settings import Settings
from api.verbs import tenants as tenants_verb
from storage.pool import Pool
from tests.builders import Market
from tests.marketplaces import Asking, Marketplace, marketplace
from tests.openings import Opening
from tests.promised import whole_contract
from tests.serving import Served, serving


@pytest.fixture(scope="session")
def promised() -> Contract:
    """The whole contract."""
    return whole_contract()


@pytest.fixture(scope="session")
def ask(app_pool: Pool, promised: Contract) -> Asking:
    """A client of an engine that reads as the application's role, and remembers what the tests before asked."""
    return Asking(Engine(promised, app_pool))


@pytest.fixture
async def market(opening: Opening, worker_pool: Pool, emptied: None) -> Marketplace:
    """A sandbox marketplace with nothing in it but its operator and the shipped rules; gone after the test."""
    return marketplace(worker_pool, await opening.sandbox())


@pytest.fixture
async def sandbox(opening: Opening, worker_pool: Pool, app_pool: Pool, emptied: None) -> Market:
    """A sandbox whose operations run as the application's role; its clock stands at START. Gone after the test."""
    return await Market.opened(opening, worker_pool, app_pool)


@pytest.fixture
async def served(settings: Settings, promised: Contract, valkey: Redis) -> AsyncIterator[Served]:
    """The whole application behind a socket on loopback, no demo, with an empty Valkey."""
    async with serving(dataclasses.replace(settings, demo=False), promised=promised) as served:
        yield served


@pytest.fixture
def terminal(settings: Settings, emptied: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a verb against the test's own database: only where the servers are found is given instead of looked for."""

    @contextlib.contextmanager
    def found(_: Settings) -> Iterator[Settings]:
        yield settings

    monkeypatch.setattr(tenants_verb, "connected", found)

    def run(command: Any, *arguments: str) -> Result:
        return CliRunner().invoke(command, list(arguments))

    return run
