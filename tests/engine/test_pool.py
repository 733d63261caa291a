"""The lean pool: whose rows a connection shows, what becomes of it after errors, who waits and for how long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from api.settings import Settings
from domain.errors import ErrorCode
from storage import pool as pools
from storage.pool import Connection, Pool, Unavailable

ONE, OTHER = "ten_one", "ten_other"
WHOSE = "SELECT current_setting('makegood.tenant_id', true)"


@pytest.fixture
async def pool(settings: Settings) -> AsyncIterator[Pool]:
    pool = await Pool.open(settings.database_url, size=2, wait_seconds=0.2)
    yield pool
    await pool.close()


async def settle(pool: Pool) -> None:
    """Waits until mended connections are back."""
    async with asyncio.timeout(5):
        while pool.idle < pool.count:  # noqa: ASYNC110 - the pool has no event for it
            await asyncio.sleep(0.005)


async def backend(connection: Connection) -> int:
    return int(await connection.fetchval("SELECT pg_backend_pid()"))


async def test_a_connection_shows_the_tenant_asked_for_and_keeps_it(pool: Pool) -> None:
    async with pool.acquire(ONE) as connection:
        first = await backend(connection)
        assert await connection.fetchval(WHOSE) == ONE
    async with pool.acquire(ONE) as connection:
        assert (await backend(connection), connection.tenant) == (first, ONE)
    assert await pool.fetchval(OTHER, WHOSE) == OTHER
    assert await pool.fetchval(None, WHOSE) in {"", None}
    assert [row[0] for row in await pool.fetch(ONE, WHOSE)] == [ONE]


async def test_a_free_connection_of_the_same_tenant_is_preferred(pool: Pool) -> None:
    async with pool.acquire(ONE) as one, pool.acquire(OTHER) as other:
        pids = {ONE: await backend(one), OTHER: await backend(other)}
    for tenant in (ONE, OTHER, ONE, OTHER):
        async with pool.acquire(tenant) as connection:
            assert await backend(connection) == pids[tenant]


async def test_the_tenant_is_forgotten_after_an_error(pool: Pool) -> None:
    with pytest.raises(asyncpg.DivisionByZeroError):
        await pool.fetch(ONE, "SELECT 1 / 0")
    await settle(pool)
    async with pool.acquire(OTHER) as connection:
        assert await connection.fetchval(WHOSE) == OTHER
    async with pool.acquire(ONE) as connection:
        await connection.execute(f"SELECT set_config('makegood.tenant_id', '{OTHER}', false)")
        with pytest.raises(asyncpg.PostgresSyntaxError):
            await connection.fetch("SELEKT")
        raw = connection.raw
    async with pool.acquire(ONE) as connection:  # swallowed: nothing to mend
        assert connection.raw is raw


async def test_a_rolled_back_transaction_does_not_bring_another_tenant_back(pool: Pool) -> None:
    async with pool.acquire(OTHER):
        pass
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the context manager is what is tested
        async with pool.transaction(ONE) as connection:
            assert await connection.fetchval(WHOSE) == ONE
            raise ZeroDivisionError
    await settle(pool)
    assert await pool.fetchval(ONE, WHOSE) == ONE


async def test_a_cancelled_statement_leaves_a_sound_pool_and_no_tenant(pool: Pool) -> None:
    started = asyncio.Event()

    async def sleeper() -> None:
        async with pool.acquire(ONE) as connection:
            started.set()
            await connection.fetch("SELECT pg_sleep(60)")

    task = asyncio.create_task(sleeper())
    await started.wait()
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await settle(pool)
    async with pool.acquire(OTHER) as a, pool.acquire(OTHER) as b:
        assert [await a.fetchval(WHOSE), await b.fetchval(WHOSE)] == [OTHER, OTHER]
    assert pool.count <= 2


async def test_a_connection_left_inside_a_transaction_is_mended(pool: Pool) -> None:
    async with pool.acquire(ONE) as connection:
        await connection.execute("BEGIN")
        raw = connection.raw
    await settle(pool)
    async with pool.acquire(ONE) as connection:
        assert connection.raw is raw
        assert not raw.is_in_transaction()


async def test_a_killed_connection_is_replaced(pool: Pool, app: asyncpg.Pool[Any]) -> None:
    async with pool.acquire(ONE) as connection:
        pid = await backend(connection)
    await app.execute("SELECT pg_terminate_backend($1)", pid)
    async with asyncio.timeout(5):
        while not connection.raw.is_closed():  # noqa: ASYNC110 - asyncpg has no event for it
            await asyncio.sleep(0.005)
    assert await pool.fetchval(ONE, WHOSE) == ONE
    assert pool.count == 1


async def test_a_connection_killed_in_use_raises_and_those_who_wait_get_a_new_one(
    pool: Pool, app: asyncpg.Pool[Any]
) -> None:
    async with pool.acquire(ONE) as other:
        with pytest.raises(pools.LOST):  # noqa: PT012 - the context managers are what is tested
            async with pool.acquire(ONE) as connection:
                waiting = asyncio.create_task(pool.fetchval(OTHER, WHOSE))
                pid = await backend(connection)
                await app.execute("SELECT pg_terminate_backend($1)", pid)
                await connection.fetch("SELECT pg_sleep(60)")
        assert await waiting == OTHER
        assert await other.fetchval(WHOSE) == ONE


async def test_waiting_has_an_end(pool: Pool) -> None:
    async with pool.acquire(ONE), pool.acquire(ONE):
        with pytest.raises(Unavailable) as refused:
            await pool.fetchval(ONE, WHOSE)
        assert refused.value.code is ErrorCode.UNAVAILABLE
    assert await pool.fetchval(ONE, WHOSE) == ONE


async def test_those_who_wait_are_served_in_their_order_also_when_one_gives_up(pool: Pool) -> None:
    served: list[int] = []

    async def client(number: int) -> None:
        async with pool.acquire(ONE):
            served.append(number)

    async with pool.acquire(ONE), pool.acquire(ONE):
        tasks = []
        for number in range(4):
            tasks.append(asyncio.create_task(client(number)))
            await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.sleep(0)
    await asyncio.gather(*tasks, return_exceptions=True)
    assert served == [0, 2, 3]
    assert (pool.idle, pool.count) == (2, 2)


async def test_a_connection_handed_to_one_who_was_cancelled_in_the_same_instant_is_not_lost(pool: Pool) -> None:
    async with pool.acquire(ONE):
        async with pool.acquire(ONE):
            task = asyncio.create_task(pool.fetchval(ONE, WHOSE))
            await asyncio.sleep(0)
        task.cancel()  # the connection was just handed over; the waiter has not run yet
        with pytest.raises(asyncio.CancelledError):
            await task
    assert (pool.idle, pool.count) == (2, 2)


async def test_statements_are_bounded_and_the_most_recent_stay(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "STATEMENTS_MAX", 3)
    prepared = "SELECT statement FROM pg_prepared_statements"
    async with pool.acquire(None) as connection:
        for number in (1, 2, 1, 3, 4):  # the fourth text pushes 2 out, the statement below pushes 1 out
            await connection.fetchval(f"SELECT {number}")
        texts = {row[0] for row in await connection.fetch(prepared)}
    assert texts == {"SELECT 1", "SELECT 3", "SELECT 4", prepared}  # one pushed out is closed with the next new one


async def test_a_cancellation_during_the_commit_is_delivered_after_it(pool: Pool, owner: asyncpg.Pool[Any]) -> None:
    await owner.execute("CREATE TABLE commits (number int)")
    await owner.execute("GRANT ALL ON commits TO PUBLIC")
    inside = asyncio.Event()

    async def writer() -> None:
        async with pool.transaction(ONE) as connection:
            await connection.execute("INSERT INTO commits VALUES (1)")
            inside.set()

    try:
        task = asyncio.create_task(writer())
        await inside.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await settle(pool)
        assert await owner.fetchval("SELECT count(*) FROM commits") in {0, 1}
        assert await pool.fetchval(OTHER, WHOSE) == OTHER
    finally:
        await owner.execute("DROP TABLE commits")


async def test_closing_refuses_newcomers_and_waits_for_those_at_work(settings: Settings) -> None:
    pool = await Pool.open(settings.database_url, size=1)
    done: list[str] = []

    async def worker() -> None:
        async with pool.acquire(ONE) as connection:
            await connection.fetch("SELECT pg_sleep(0.05)")
            done.append("worked")

    task = asyncio.create_task(worker())
    await asyncio.sleep(0.01)
    await pool.close()
    assert done == ["worked"]
    with pytest.raises(Unavailable):
        await pool.fetchval(ONE, WHOSE)
    await task


async def test_an_absent_database_is_a_typed_refusal(settings: Settings) -> None:
    with pytest.raises(Unavailable):
        await Pool.open("postgresql://nobody@127.0.0.1:1/nothing")
