"""Real engines for the tests: one Postgres and one Valkey per test run, one database cloned per process.

A run takes the first state folder under .state/tests that no other run uses, so that several runs at once do not meet.
The clone's template is made once per content of storage/migrations and kept. Nothing starts before a test asks for it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import itertools
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import hypothesis
import pytest
import redis.asyncio
from xdist.scheduler import LoadFileScheduling

from api.embedded import Engines, InUse, engines
from api.embedded.valkey_server import DATABASES
from api.settings import ROOT, Settings, from_environment
from storage import certificates
from storage.migrate import checksum, migrate
from storage.pool import Pool
from tests.openings import Opening, keep_opening

TIMELESS = hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
"""No test asserts time: a busy machine is no failure."""
hypothesis.settings.register_profile("quick", TIMELESS, max_examples=25, stateful_step_count=20)
hypothesis.settings.register_profile("long", TIMELESS, max_examples=300)
hypothesis.settings.load_profile("quick")
"""The usual run is run all day, so it tries less: the domain's tests within twenty seconds. `long` makes up for it."""

STATES = Path(os.environ.get("MAKEGOOD_TEST_STATES") or ROOT / ".state" / "tests")
TESTS = Path(__file__).parent
LONGEST = (
    "api/test_isolation.py",
    "api/test_embedded.py",
    "contract/test_run.py",
    "engine/test_engine.py",
    "api/console/test_demo.py",
    "contract/test_views.py",
    "api/test_subscriptions.py",
    "contract/test_plans.py",
    "api/test_http.py",
    "api/test_onboarding.py",
    "journeys/test_bad_input.py",
    "api/test_tier_mask.py",
    "api/test_places_import.py",
    "journeys/test_first_story.py",
    "engine/test_differential.py",
    "api/test_uploads.py",
    "journeys/test_deliveries.py",
    "api/console/test_in_browser.py",
    "journeys/test_killed_servers.py",
)
"""The files that take longest, by a whole run of November 2026, first the longest. Only speed hangs on it."""
YOUNG_OBJECTS = 50_000
"""How many new objects there are before a collection of garbage looks at them."""
TEMPLATE_LOCK = 20221130
"""Of the advisory lock under which one process makes the template while the others wait."""


class SharedEngines:
    """A plugin of the process that hands tests out: its workers attach to the engines it started."""

    def __init__(self) -> None:
        self.running = contextlib.ExitStack()
        self.state: Path | None = None

    def pytest_configure_node(self, node: Any) -> None:
        """Called by xdist for each worker before it starts."""
        if self.state is None:
            self.state, _ = self.running.enter_context(engines_of_this_run())
        node.workerinput["state"] = str(self.state)

    def pytest_unconfigure(self) -> None:
        """Called when every worker has ended."""
        self.running.close()


def pytest_configure(config: pytest.Config) -> None:
    """With `-n`, the engines belong to the process that outlives the workers. The long run tries more examples."""
    if config.option.markexpr == "":
        hypothesis.settings.load_profile("long")
    if getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        config.pluginmanager.register(SharedEngines())


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """A file's tests run in one process, in which what they share is made once."""
    if config.getvalue("dist") != "load":
        return None
    config.option.loadscopereorder = False  # files are ordered below
    return LoadFileScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest come first, so that both processes end at the same time."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(str(item.path.relative_to(TESTS)), len(places)))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What is loaded for all tests stays: no collection of garbage goes through it, neither meanwhile nor later."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
        gc.set_threshold(YOUNG_OBJECTS, 50, 100)


@contextlib.contextmanager
def engines_of_this_run() -> Iterator[tuple[Path, Engines]]:
    """Engines that end with this block and are nobody else's, and their state folder."""
    for number in itertools.count(1):
        state = STATES / str(number)
        with contextlib.ExitStack() as stack:
            try:
                running = stack.enter_context(engines(state, durable=False, attach=False))
            except InUse:
                continue
            yield state, running
            return


@pytest.fixture(scope="session")
def running_engines(request: pytest.FixtureRequest) -> Iterator[Engines]:
    """Postgres and Valkey of this test run."""
    handed = getattr(request.config, "workerinput", {}).get("state")
    with contextlib.ExitStack() as stack:
        if handed is not None:
            yield stack.enter_context(engines(Path(handed), durable=False))
        else:
            yield stack.enter_context(engines_of_this_run())[1]


@pytest.fixture(scope="session")
async def settings(running_engines: Engines, worker_id: str) -> Settings:
    """Settings whose database is this process's own clone and whose Valkey is its own number."""
    number = int(worker_id.removeprefix("gw")) if worker_id != "master" else 0
    clone = f"test_{number}"
    lobby = await asyncpg.connect(running_engines.database_owner_url)
    try:
        await lobby.execute("SELECT pg_advisory_lock($1)", TEMPLATE_LOCK)
        template = await migrated_template(lobby, running_engines.database_owner_url)
        await lobby.execute(f"DROP DATABASE IF EXISTS {clone} WITH (FORCE)")
        await lobby.execute(f"CREATE DATABASE {clone} TEMPLATE {template}")
    finally:
        await lobby.close()
    own = dataclasses.replace(
        from_environment({}),
        database_url=to_database(running_engines.database_url, clone),
        database_owner_url=to_database(running_engines.database_owner_url, clone),
        database_worker_url=to_database(running_engines.database_worker_url, clone),
        redis_url=running_engines.redis_url.replace("db=0", f"db={number % DATABASES}"),
        secret_key=b"a secret of the tests, known to all of them",
    )
    certificates.sign_with(own.secret_key)
    return own


async def migrated_template(lobby: asyncpg.Connection[Any], owner_url: str) -> str:
    """The name of a database that has seen today's migrations and nothing else; those of other days are dropped."""
    name = f"template_{checksum()}"
    known = {
        row["datname"] for row in await lobby.fetch("SELECT datname FROM pg_database WHERE datname LIKE 'template\\_%'")
    }
    if name in known:
        return name
    for other in known:
        await lobby.execute(f"DROP DATABASE {other} WITH (FORCE)")
    await lobby.execute("DROP DATABASE IF EXISTS unfinished WITH (FORCE)")
    await lobby.execute("CREATE DATABASE unfinished")
    await migrate(to_database(owner_url, "unfinished"))
    await lobby.execute(f"ALTER DATABASE unfinished RENAME TO {name}")
    return name


def to_database(url: str, name: str) -> str:
    """The same server and role, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


@pytest.fixture(scope="session")
async def owner(settings: Settings) -> AsyncIterator[asyncpg.Pool[Any]]:
    """Connections of the owner, who sees every tenant and may do anything. What they commit is emptied by `emptied`."""
    async with asyncpg.create_pool(settings.database_owner_url, min_size=0, max_size=4) as pool:
        yield pool


@pytest.fixture(scope="session")
async def app(settings: Settings) -> AsyncIterator[asyncpg.Pool[Any]]:
    """Connections of the application's role, without the platform's own pool around them."""
    async with asyncpg.create_pool(settings.database_url, min_size=0, max_size=8) as pool:
        yield pool


@pytest.fixture(scope="session")
async def worker(settings: Settings) -> AsyncIterator[asyncpg.Pool[Any]]:
    """Connections of the worker's role."""
    async with asyncpg.create_pool(settings.database_worker_url, min_size=0, max_size=4) as pool:
        yield pool


@pytest.fixture(scope="session")
async def app_pool(settings: Settings) -> AsyncIterator[Pool]:
    """Connections of the application's role, through the platform's own pool.

    These pools outlive the tests: what a connection knows of the tables it has learnt once, not in each test.
    """
    pool = await Pool.open(settings.database_url, size=12)
    yield pool
    await pool.close()


@pytest.fixture(scope="session")
async def worker_pool(settings: Settings) -> AsyncIterator[Pool]:
    """Connections of the worker's role, through the platform's own pool: more than one worker has lanes."""
    pool = await Pool.open(settings.database_worker_url, size=12)
    yield pool
    await pool.close()


@pytest.fixture(scope="session")
async def owners_pool(settings: Settings) -> AsyncIterator[Pool]:
    """Connections of the owner, through the platform's own pool."""
    pool = await Pool.open(settings.database_owner_url, size=2)
    yield pool
    await pool.close()


@pytest.fixture(scope="session")
async def one_connection(settings: Settings) -> AsyncIterator[asyncpg.Connection[Any]]:
    connection = await asyncpg.connect(settings.database_owner_url)
    yield connection
    await connection.close()


@pytest.fixture
async def connection(one_connection: asyncpg.Connection[Any]) -> AsyncIterator[asyncpg.Connection[Any]]:
    """The owner's connection inside a transaction that is rolled back after the test."""
    transaction = one_connection.transaction()
    await transaction.start()
    try:
        yield one_connection
    finally:
        await transaction.rollback()


@pytest.fixture(scope="session")
async def emptying(owner: asyncpg.Pool[Any]) -> str:
    """The statements that empty every table which a migration leaves empty, triggers and foreign keys set aside."""
    async with owner.acquire() as connection:
        tables = [
            row["name"]
            for row in await connection.fetch(
                "SELECT oid::regclass::text AS name FROM pg_class "
                "WHERE relnamespace = 'public'::regnamespace AND relkind = ANY ('{r,p}') AND NOT relispartition"
            )
        ]
        empty = [table for table in tables if not await connection.fetchval(f"SELECT EXISTS (SELECT FROM {table})")]
    return (
        "BEGIN; SET LOCAL session_replication_role = replica; "
        + "".join(f"DELETE FROM {name}; " for name in empty)
        + "COMMIT"
    )


@pytest.fixture
async def emptied(owner: asyncpg.Pool[Any], emptying: str) -> AsyncIterator[None]:
    """For tests that commit: the database is afterwards as the migrations left it."""
    yield
    async with owner.acquire() as connection:
        await connection.execute(emptying)


@pytest.fixture(scope="session")
async def opening(owner: asyncpg.Pool[Any], worker_pool: Pool, emptying: str) -> Opening:
    """Sandboxes as their operation leaves them. Whoever asks for one asks for `emptied` too."""
    return await keep_opening(owner, worker_pool, emptying)


@pytest.fixture(scope="session")
async def one_valkey(settings: Settings) -> AsyncIterator[redis.asyncio.Redis]:
    async with redis.asyncio.Redis.from_url(settings.redis_url) as client:
        yield client


@pytest.fixture
async def valkey(one_valkey: redis.asyncio.Redis) -> redis.asyncio.Redis:
    """An empty Valkey of this process's own."""
    await one_valkey.flushdb()
    return one_valkey
