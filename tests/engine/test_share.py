"""Concurrent point reads: fewer statements than requests, and nobody sees what was found for another."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from api.reads.engine import Engine
from api.reads.share import BATCH_MAX
from domain.ids import ClaimId
from storage.pool import Pool
from tests.engine.bazaar import BUYER, STAFF, SUPPLIER
from tests.engine.judge import ask
from tests.engine.stalls import CASES, Viewers, caller, ident

TEXT = "query ($id: ID!) { case(id: $id) { id number maker { margin } } }"


class CountingPool(Pool):
    """A pool that counts its statements."""

    statements = 0

    async def fetch(self, tenant: str | None, text: str, *arguments: Any) -> list[asyncpg.Record]:
        """As in a pool."""
        self.statements += 1
        return await super().fetch(tenant, text, *arguments)


@pytest.fixture
async def counting(reads: Pool, settings: Any) -> Any:
    pool = await CountingPool.open(settings.database_url, size=2)
    yield pool
    await pool.close()


async def test_everybody_gets_their_own_row_and_statements_are_shared(contract: Any, counting: CountingPool) -> None:
    engine = Engine(contract, counting)
    viewers = [viewer for viewer in Viewers().all for _ in range(CASES)]
    wishes = [(viewer, ident(ClaimId, number % CASES)) for number, viewer in enumerate(viewers)]
    alone = [(await ask(engine, viewer, TEXT, id=id_)).data for viewer, id_ in wishes]
    assert counting.statements == len(wishes)
    counting.statements = 0
    together = await asyncio.gather(*(ask(engine, viewer, TEXT, id=id_) for viewer, id_ in wishes * 3))
    assert [answer.data for answer in together] == alone * 3
    assert counting.statements < len(wishes) / 2
    seen = [viewer.viewer for (viewer, _), data in zip(wishes, alone, strict=True) if data and data["case"]]
    assert seen.count(STAFF) == 2 * CASES
    assert 0 < seen.count(BUYER) < 2 * CASES


async def test_two_parties_that_ask_for_one_thing_in_one_statement_see_their_own(
    contract: Any, counting: CountingPool
) -> None:
    engine = Engine(contract, counting)
    id_ = ident(ClaimId, 1)  # of shopper 1 and maker 0
    wishes = [caller(BUYER, 0), caller(BUYER, 1), caller(SUPPLIER, 0), caller(SUPPLIER, 1)]
    answers = await asyncio.gather(*(ask(engine, viewer, TEXT, id=id_) for viewer in wishes))
    assert [answer.data and answer.data["case"] and answer.data["case"]["maker"] for answer in answers] == [
        None,
        {"margin": None},
        {"margin": 10},
        None,
    ]
    assert counting.statements == 2  # one per kind of viewer


async def test_more_than_a_batch_is_read_in_several(contract: Any, counting: CountingPool) -> None:
    engine = Engine(contract, counting)
    ids = [ident(ClaimId, number) for number in range(2 * BATCH_MAX + 5)]
    answers = await asyncio.gather(*(ask(engine, caller(STAFF), TEXT, id=id_) for id_ in ids))
    found = [answer.data["case"]["id"] for answer in answers if answer.data and answer.data["case"]]
    assert found == ids[:CASES]
    assert counting.statements == 3


async def test_one_that_gives_up_takes_nobody_along(contract: Any, counting: CountingPool) -> None:
    engine = Engine(contract, counting)
    tasks = [asyncio.create_task(ask(engine, caller(STAFF), TEXT, id=ident(ClaimId, 1))) for _ in range(5)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(answers[0], asyncio.CancelledError)
    assert all(not isinstance(answer, BaseException) and answer.data for answer in answers[1:])


async def test_a_fault_is_told_to_everybody_and_forgotten(
    contract: Any, counting: CountingPool, owner: asyncpg.Pool[Any]
) -> None:
    engine = Engine(contract, counting)
    await owner.execute("ALTER TABLE bazaar.cases RENAME TO cases_away")
    try:
        answers = await asyncio.gather(*(ask(engine, caller(STAFF), TEXT, id=ident(ClaimId, n)) for n in range(3)))
    finally:
        await owner.execute("ALTER TABLE bazaar.cases_away RENAME TO cases")
    assert [answer.errors[0]["extensions"]["code"] for answer in answers] == ["INTERNAL"] * 3
    assert (await ask(engine, caller(STAFF), TEXT, id=ident(ClaimId, 1))).errors == []


async def test_a_lost_connection_is_asked_for_again(
    contract: Any, counting: CountingPool, app: asyncpg.Pool[Any]
) -> None:
    engine = Engine(contract, counting)
    for text in (TEXT, "query ($id: ID!) { node(id: $id) { id } makers(first: 1) { nodes { id } } }"):
        answers = [ask(engine, caller(STAFF), text, id=ident(ClaimId, 1)) for _ in range(2)]
        await app.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND usename = current_user AND application_name = 'makegood'"
            " AND datname = current_database()"  # other processes' tests have their own
        )
        assert all(answer.errors == [] for answer in await asyncio.gather(*answers))
