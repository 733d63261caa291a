"""Budgets: shared by all processes through Valkey, kept alone without it, told to the client with every answer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from redis.asyncio import Redis

from api import limits
from api.reads.engine import Engine
from api.settings import Settings
from api.throttle import RETRY_SECONDS, SHARE, Alone, Budget, Level, Shared, Throttle
from domain.access import Role
from storage.cache import open_cache
from tests.marketplaces import Marketplace
from tests.serving import RESPONSE, serving

SLOW = Budget(capacity=1_500, rate=1)
"""Hardly refilled while a test runs."""


def throttle(redis: Any, budget: Budget = SLOW) -> Throttle:
    """As another process would have it."""
    return Throttle(Shared(redis, budget), budget)


async def spent(throttle: Throttle, points: int, actor: str = "key_a") -> bool:
    """Whether the actor could spend so many points."""
    _, wait_seconds = await throttle.spend_or_wait(actor, points)
    return wait_seconds == 0


# -- arithmetic --------------------------------------------------------------------------------------------------------


@given(some.lists(some.tuples(some.integers(0, 50), some.integers(1, 2_000)), max_size=30))
def test_no_more_is_leased_than_the_bucket_held_and_what_came_back(leases: list[tuple[int, int]]) -> None:
    budget, level, now, granted = Budget(1_000, 10), Level(1_000, 0.0), 0, 0
    for pause, wanted in leases:
        now += pause
        got, left = level.lease(wanted, budget, now)
        granted += got
        assert 0 <= got <= wanted
        assert 0 <= left <= budget.capacity
    assert granted <= budget.capacity + now * budget.rate


def test_a_bucket_refills_by_its_rate_and_no_further_than_it_holds() -> None:
    budget, level = Budget(100, 10), Level(100, 0.0)
    assert level.lease(100, budget, 0.0) == (100, 0)
    assert level.lease(100, budget, 3.0) == (30, 0)
    assert level.lease(0, budget, 1_000.0) == (0, 100)


# -- shared ------------------------------------------------------------------------------------------------------------


async def test_processes_share_one_budget(valkey: Redis) -> None:
    one, other = throttle(valkey), throttle(valkey)
    assert await spent(one, 1_000)
    assert await spent(other, 400)
    assert not await spent(other, 200)
    assert not await spent(one, 200)
    assert await spent(one, 200, actor="key_b")


async def test_an_actor_told_to_wait_is_told_for_how_long(valkey: Redis) -> None:
    mine = throttle(valkey)
    assert await spent(mine, 1_500)
    _, wait_seconds = await mine.spend_or_wait("key_a", 60)
    assert 58 <= wait_seconds <= 60


async def test_a_share_is_spent_without_asking_valkey(valkey: Redis) -> None:
    mine = throttle(valkey, Budget(100_000, 1))
    assert await spent(mine, 1)
    asked = (await valkey.info("commandstats"))["cmdstat_evalsha"]["calls"]
    for _ in range(SHARE // 2 - 2):
        assert mine.spend("key_a", 1, asyncio.get_running_loop().time()) is not None
    assert (await valkey.info("commandstats"))["cmdstat_evalsha"]["calls"] == asked
    await mine.close()


async def test_the_next_share_is_there_before_the_last_is_gone(valkey: Redis) -> None:
    mine = throttle(valkey, Budget(100_000, 1))
    for _ in range(20):
        assert await spent(mine, SHARE // 4)
    assert await valkey.hget("makegood:budget:key_a", "level") is not None
    await mine.close()


async def test_many_requests_at_once_spend_no_more_than_there_is(valkey: Redis) -> None:
    processes = [throttle(valkey) for _ in range(4)]
    outcomes = await asyncio.gather(*(spent(process, 100) for process in processes for _ in range(20)))
    assert sum(outcomes) * 100 <= SLOW.capacity + 100
    assert sum(outcomes) >= 10
    for process in processes:
        await process.close()


async def test_what_was_not_needed_can_be_spent_again(valkey: Redis) -> None:
    mine = throttle(valkey)
    bucket, _ = await mine.spend_or_wait("key_a", 1_500)
    assert not await spent(mine, 500)
    mine.give_back(bucket, 900)
    assert await spent(mine, 900)


# -- without Valkey ----------------------------------------------------------------------------------------------------


async def test_without_valkey_each_process_goes_on_alone() -> None:
    nowhere = open_cache("unix:///nonexistent/valkey.sock")
    mine, other = throttle(nowhere), throttle(nowhere)
    assert await spent(mine, 1_500)
    assert not await spent(mine, 1)
    assert await spent(other, 1_500)
    await nowhere.aclose()


async def test_a_process_alone_comes_back_to_the_others(valkey: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    bank = Shared(valkey, SLOW)
    bank._alone = Alone(SLOW)
    bank._ask_again_at = 0.0  # the time to ask again has come
    assert RETRY_SECONDS > 0
    assert await bank.lease("key_a", 1_500) == (1_500, 0)
    assert await valkey.exists("makegood:budget:key_a")


# -- over HTTP ---------------------------------------------------------------------------------------------------------


async def test_every_answer_says_what_it_cost(
    settings: Settings, market: Marketplace, valkey: Redis, promised: Any
) -> None:
    token = await market.key(market.made.operator_id, Role.SUPPORT)
    await market.add("Acme", Role.BUYER)
    async with serving(settings, promised=promised, budget=SLOW) as served:
        reply = await served.ask("{buyers(first:10){nodes{id}}}", token=token)
        cost = reply.json["extensions"]["cost"]
        assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (11, 1)
        before = cost["throttleStatus"]
        assert (before["maximumAvailable"], before["restoreRate"]) == (1_500, 1)
        again = (await served.ask("{buyers(first:10){nodes{id}}}", token=token)).json["extensions"]["cost"]
        assert before["currentlyAvailable"] - again["throttleStatus"]["currentlyAvailable"] <= 1


async def test_who_spent_it_all_is_told_to_come_again(
    settings: Settings, market: Marketplace, valkey: Redis, promised: Any
) -> None:
    token = await market.key(market.made.operator_id, Role.SUPPORT)
    other = await market.key(market.made.operator_id, Role.SUPPORT)
    reader = await market.key(market.made.operator_id, Role.SUPPORT)
    async with serving(settings, promised=promised, budget=Budget(100, 1)) as served:
        for text in ("{viewer{kind}}", "{buyers(first:60){nodes{id}}}"):
            await served.ask(text, token=reader)  # pays for what is new in them, which a slow machine makes dear
        assert (await served.ask("{viewer{kind}}", token=token)).status == 200
        reply = await served.ask("{buyers(first:60){nodes{id}}}", token=token)
        assert (reply.status, reply.codes) == (429, ["THROTTLED"])
        assert "data" not in reply.json
        extensions = reply.errors[0]["extensions"]
        assert int(reply.headers["retry-after"]) == extensions["retryAfterSeconds"] > 0
        assert (await served.ask("{viewer{kind}}", token=token)).status == 200
        older = await served.ask("{buyers(first:60){nodes{id}}}", token=token, accept="application/json")
        assert older.status == 429
        assert (await served.ask("{viewer{kind}}", token=other, accept=RESPONSE)).status == 200


async def test_whoever_sends_new_documents_pays_for_reading_them(
    settings: Settings, market: Marketplace, valkey: Redis, promised: Any
) -> None:
    token = await market.key(market.made.operator_id, Role.SUPPORT)
    async with serving(settings, promised=promised, budget=Budget(3 * limits.NEW_DOCUMENT_COST, 1)) as served:
        engine: Engine = served.platform.engine
        replies = [await served.ask(f"{{nope{number}}}", token=token) for number in range(4)]
        assert [reply.codes for reply in replies] == [["VALIDATION_FAILED"]] * 3 + [["THROTTLED"]]
        assert engine.known("{nope2}") is not None
        assert engine.known("{nope3}") is None
        assert (await served.ask("{nope0}", token=token)).codes == ["VALIDATION_FAILED"]
