"""Migrations apply forwards, once each, as a whole; what does not fit is refused with a sentence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from api.settings import Settings
from storage import migrate
from storage.migrate import ADVISORY_LOCK, Migration, MigrationRefused, UnsafeRole
from storage.pool import Pool
from tests.conftest import to_database
from tests.storage.marketplaces import Marketplace

ROLES = {"{app}": "makegood_app", "{worker}": "makegood_worker", "{owner}": "makegood_owner"}
FIRST = Migration(1, "0001_things", "CREATE TABLE things (id integer); GRANT SELECT ON things TO {app};")
SECOND = Migration(2, "0002_more", "INSERT INTO things VALUES (2);")


@pytest.fixture
async def empty(settings: Settings, owner: asyncpg.Pool[Any]) -> AsyncIterator[str]:
    """The owner's address of a database without any table."""
    name = f"empty_{settings.database_owner_url.partition('?')[0].rpartition('/')[2]}"
    await owner.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await owner.execute(f"CREATE DATABASE {name}")
    yield to_database(settings.database_owner_url, name)
    # Without FORCE, which wants to end the server's own cleaning processes and may not: a plain drop waits for them.
    await owner.execute(f"DROP DATABASE {name}")


async def one(url: str, query: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_files_apply_once_and_in_order(empty: str) -> None:
    assert await migrate.apply([FIRST], empty, ROLES) == ["0001_things"]
    assert await migrate.apply([SECOND, FIRST], empty, ROLES) == ["0002_more"]
    assert await migrate.apply([FIRST, SECOND], empty, ROLES) == []
    assert await one(empty, "SELECT count(*) FROM things") == 1
    assert await one(empty, "SELECT has_table_privilege('makegood_app', 'things', 'SELECT')") is True


async def test_a_failing_file_leaves_nothing_and_the_others_stand(empty: str) -> None:
    broken = Migration(2, "0002_broken", "INSERT INTO things VALUES (2); SELECT 1 / 0;")
    with pytest.raises(MigrationRefused, match="0002_broken failed: division by zero"):
        await migrate.apply([FIRST, broken], empty, ROLES)
    assert await one(empty, "SELECT count(*) FROM things") == 0
    assert await migrate.apply([FIRST, SECOND], empty, ROLES) == ["0002_more"]


async def test_an_edited_file_is_refused(empty: str) -> None:
    await migrate.apply([FIRST], empty, ROLES)
    edited = Migration(1, "0001_things", FIRST.text + " ")
    with pytest.raises(MigrationRefused, match="0001_things was edited after it was applied"):
        await migrate.apply([edited, SECOND], empty, ROLES)
    assert await one(empty, "SELECT count(*) FROM schema_migrations") == 1


async def test_a_newer_database_and_a_late_number_are_refused(empty: str) -> None:
    await migrate.apply([SECOND_FIRST], empty, ROLES)
    with pytest.raises(MigrationRefused, match="0002_early, which this version does not know"):
        await migrate.apply([FIRST], empty, ROLES)
    with pytest.raises(MigrationRefused, match="0001_things comes before a migration that was applied"):
        await migrate.apply([FIRST, SECOND_FIRST], empty, ROLES)


SECOND_FIRST = Migration(2, "0002_early", "CREATE TABLE others (id integer);")


async def test_a_marked_file_runs_outside_a_transaction(empty: str) -> None:
    index = "CREATE INDEX CONCURRENTLY IF NOT EXISTS things_id ON things (id);"
    with pytest.raises(MigrationRefused, match="cannot run inside a transaction block"):
        await migrate.apply([FIRST, Migration(2, "0002_index", index)], empty, ROLES)
    marked = Migration(2, "0002_index", f"-- no-transaction\n{index}")
    assert await migrate.apply([FIRST, marked], empty, ROLES) == ["0002_index"]
    assert await one(empty, "SELECT 'things_id'::regclass::text") == "things_id"


async def test_two_runners_take_turns(empty: str) -> None:
    holder = await asyncpg.connect(empty)
    await holder.execute(f"SELECT pg_advisory_lock({ADVISORY_LOCK})")
    runners = [asyncio.create_task(migrate.apply([FIRST, SECOND], empty, ROLES)) for _ in range(2)]
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    for _ in range(1_000):
        if await holder.fetchval(waiting) == len(runners):
            break
        await asyncio.sleep(0.01)
    assert not any(runner.done() for runner in runners)
    await holder.close()
    assert sorted(await asyncio.gather(*runners)) == [[], ["0001_things", "0002_more"]]


async def test_a_runner_gives_up_where_traffic_holds_the_table(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "LOCK_SECONDS_MAX", 0.1)
    await migrate.apply([FIRST], empty, ROLES)
    holder = await asyncpg.connect(empty)
    async with holder.transaction():
        await holder.execute("SELECT * FROM things")
        change = Migration(2, "0002_column", "ALTER TABLE things ADD COLUMN name text")
        with pytest.raises(MigrationRefused, match="0002_column could not get its locks"):
            await migrate.apply([FIRST, change], empty, ROLES)
    await holder.close()


async def test_a_role_that_is_no_plain_name_is_refused(empty: str) -> None:
    with pytest.raises(MigrationRefused, match="is not a plain name"):
        await migrate.apply([FIRST], empty, ROLES | {"{app}": 'x"; DROP TABLE things; --'})


async def test_the_shipped_files_apply_to_an_empty_database(empty: str) -> None:
    shipped = [migration.name for migration in migrate.shipped()]
    assert await migrate.migrate(empty) == shipped
    assert await migrate.migrate(empty) == []
    connection = await asyncpg.connect(empty)
    assert await migrate.pending(connection) == 0
    await connection.execute("DELETE FROM schema_migrations WHERE number > 1")
    assert await migrate.pending(connection) == len(shipped) - 1
    await connection.close()


def test_the_shipped_files_are_numbered_without_gaps() -> None:
    assert [migration.number for migration in migrate.shipped()] == list(range(1, len(migrate.shipped()) + 1))


def test_the_checksum_names_the_content(monkeypatch: pytest.MonkeyPatch) -> None:
    before = migrate.checksum()
    assert before == migrate.checksum()
    files = migrate.shipped()
    monkeypatch.setattr(migrate, "shipped", lambda: (*files, SECOND))
    assert migrate.checksum() != before


async def test_a_backfill_by_the_owner_touches_the_rows_of_every_tenant(
    settings: Settings, marketplace: Marketplace, sandbox: Marketplace, owner: asyncpg.Pool[Any]
) -> None:
    """FORCE ROW LEVEL SECURITY binds the owner too: without its policy a backfill would silently change nothing."""
    backfill = Migration(9999, "9999_backfill", "UPDATE tenants SET name = name || ' (renamed)'")
    await migrate.apply([*migrate.shipped(), backfill], settings.database_owner_url, ROLES)
    try:
        names = [row["name"] for row in await owner.fetch("SELECT name FROM tenants")]
        assert names == ["Fair (renamed)", "Fair (renamed)"]
    finally:
        await owner.execute("DELETE FROM schema_migrations WHERE number = 9999")


async def test_the_applications_roles_cannot_pass_by_row_level_security(
    pool: Pool, worker_pool: Pool, owner_pool: Pool
) -> None:
    for harmless in (pool, worker_pool):
        async with harmless.acquire(None) as connection:
            await migrate.check_roles(connection)
    async with owner_pool.acquire(None) as connection:
        with pytest.raises(UnsafeRole, match="makegood_owner owns tables"):
            await migrate.check_roles(connection)
