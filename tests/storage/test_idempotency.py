"""The same call, sent twice, has its effect once and its outcome twice."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from domain.change import Change, Happening
from domain.errors import Conflict, ErrorCode, Refused
from domain.ids import ApiKeyId, OrganisationId
from domain.organisations import Organisation, OrganisationKind
from storage import idempotency
from storage.idempotency import KEPT_DAYS, Key, fingerprint
from storage.minting import mint
from storage.pool import Pool
from storage.unit_of_work import Outcome, Work, transact
from tests.storage.marketplaces import Marketplace

WISH = {"couponId": "cpn_1", "amount": {"minor": 500, "currency": "USD"}}
KEY = Key("once", fingerprint(WISH))


async def create(work: Work) -> Outcome:
    """An organisation, a fact and a secret."""
    organisation = Organisation(work.new_id(OrganisationId), OrganisationKind.BUYER, "A", work.at, 1)
    await work.keep(Change(None, organisation, (Happening("organisation.created"),)))
    return Outcome({"organisation": organisation.id}, {"fired": 3}, {"secret": "shown once"})


async def call(pool: Pool, marketplace: Marketplace, key: Key = KEY, action: str = "create") -> tuple[Outcome, bool]:
    return await transact(pool, marketplace.caller, action=action, request_id="r", act=create, idempotency=key)


async def count(owner: asyncpg.Pool[Any], table: str = "organisations") -> int:
    return int(await owner.fetchval(f"SELECT count(*) FROM {table}"))


async def test_fifty_identical_calls_at_once_have_one_effect_and_fifty_equal_outcomes(
    pool: Pool, marketplace: Marketplace, owner: asyncpg.Pool[Any]
) -> None:
    """Vector T18 of domain.md, for any mutation."""
    answers = await asyncio.gather(*(call(pool, marketplace) for _ in range(50)))
    assert await count(owner) == await count(owner, "audit") == await count(owner, "outbox") == 1
    assert sorted(replayed for _, replayed in answers) == [False] + [True] * 49
    assert len({outcome.things["organisation"] for outcome, _ in answers}) == 1
    (first,) = [outcome for outcome, replayed in answers if not replayed]
    assert all(replace(first, once={}) == outcome for outcome, replayed in answers if replayed)
    with pytest.raises(Conflict) as refusal:
        await call(pool, marketplace, Key("once", fingerprint(WISH | {"amount": {"minor": 501, "currency": "USD"}})))
    assert refusal.value.code is ErrorCode.IDEMPOTENCY_KEY_REUSED
    assert await count(owner) == 1


async def test_a_replay_tells_everything_but_the_secret(
    pool: Pool, marketplace: Marketplace, owner: asyncpg.Pool[Any]
) -> None:
    first, replayed = await call(pool, marketplace)
    assert (replayed, first.once) == (False, {"secret": "shown once"})
    id = first.things["organisation"]
    assert await call(pool, marketplace) == (Outcome({"organisation": id}, {"fired": 3}, {}, {str(id): 1}), True)
    assert "shown once" not in await owner.fetchval("SELECT outcome::text FROM idempotency_keys")


async def test_a_key_is_one_actors_for_one_mutation(
    pool: Pool, marketplace: Marketplace, sandbox: Marketplace, owner: asyncpg.Pool[Any]
) -> None:
    somebody_else = replace(marketplace, caller=replace(marketplace.caller, actor_id=mint(ApiKeyId)))
    for other, action in (
        (marketplace, "create"),
        (marketplace, "createAnother"),
        (somebody_else, "create"),
        (sandbox, "create"),
    ):
        assert (await call(pool, other, action=action))[1] is False
    assert await count(owner) == 4


async def test_a_refusal_is_not_stored(pool: Pool, marketplace: Marketplace, owner: asyncpg.Pool[Any]) -> None:
    async def refuse(work: Work) -> Outcome:
        await create(work)
        raise Refused("some.rule", "Not yet.")

    with pytest.raises(Refused):
        await transact(pool, marketplace.caller, action="create", request_id="r", act=refuse, idempotency=KEY)
    assert await count(owner, "idempotency_keys") == 0
    assert (await call(pool, marketplace))[1] is False


async def test_a_twin_that_is_at_work_for_long_is_reported(pool: Pool, marketplace: Marketplace) -> None:
    at_work, told = asyncio.Event(), asyncio.Event()

    async def slow(work: Work) -> Outcome:
        at_work.set()
        await told.wait()
        return await create(work)

    first = asyncio.create_task(
        transact(pool, marketplace.caller, action="create", request_id="r", act=slow, idempotency=KEY)
    )
    await at_work.wait()
    with pytest.raises(Conflict) as refusal:
        await call(pool, marketplace)
    assert refusal.value.code is ErrorCode.IDEMPOTENCY_IN_PROGRESS
    told.set()
    outcome, _ = await first
    assert (await call(pool, marketplace))[0].things == outcome.things


async def test_a_connection_lost_while_committing_is_asked_again_by_its_key(
    pool: Pool, marketplace: Marketplace, owner: asyncpg.Pool[Any]
) -> None:
    tries = 0

    async def cut_off(work: Work) -> Outcome:
        nonlocal tries
        tries += 1
        outcome = await create(work)
        if tries == 1:
            await work.connection.fetchval("SELECT 1")
            work.connection.raw.terminate()
        return outcome

    outcome, _ = await transact(pool, marketplace.caller, action="create", request_id="r", act=cut_off, idempotency=KEY)
    assert (tries, await count(owner)) == (2, 1)
    assert (await call(pool, marketplace))[0].things == outcome.things


async def test_the_order_of_members_does_not_change_a_wish() -> None:
    assert fingerprint({"a": 1, "b": {"c": 2, "d": 3}}) == fingerprint({"b": {"d": 3, "c": 2}, "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": "1"})
    assert fingerprint({"a": None}) != fingerprint({})


async def test_keys_past_their_time_are_free_again(
    pool: Pool, worker_pool: Pool, marketplace: Marketplace, owner: asyncpg.Pool[Any]
) -> None:
    await call(pool, marketplace)
    await call(pool, marketplace, Key("fresh", KEY.fingerprint))
    await owner.execute(
        "UPDATE idempotency_keys SET created_at = now() - $1::interval WHERE key = 'once'",
        timedelta(days=KEPT_DAYS, seconds=1),
    )
    async with worker_pool.transaction(marketplace.tenant_id) as connection:
        assert await idempotency.sweep(connection, marketplace.tenant_id) == 1
    assert (await call(pool, marketplace))[1] is False
    assert (await call(pool, marketplace, Key("fresh", KEY.fingerprint)))[1] is True
