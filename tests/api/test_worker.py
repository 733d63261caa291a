"""What is over has its consequence: once, whoever works, whoever dies, and never held up by another's failure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest
import redis.asyncio

from api.operations import clocks as operations
from api.operations.clocks import FIRES
from api.worker import FIRING_SECONDS, ROUNDS, NobodyHears, Round, Worker
from domain import clocks
from domain.change import Change, Happening
from domain.clocks import Clock, Duty, MoveClock
from domain.errors import Forbidden, Refused
from domain.ids import ClockId, CouponId, Id, OrganisationId
from domain.organisations import Organisation, OrganisationKind
from domain.tenants import TenantKind
from storage.cache import open_cache
from storage.fanout import Event, Fanout
from storage.minting import mint
from storage.pool import Pool
from storage.unit_of_work import Outcome, Work, transact
from tests.storage.marketplaces import Marketplace, open_marketplace

BY_NAME = {each.name: each for each in ROUNDS}


@dataclass
class Consequences:
    """A fire table of the tests' own: each firing makes an organisation named after the clock."""

    at: list[tuple[str, datetime]] = field(default_factory=list)
    failing: set[str] = field(default_factory=set)

    async def fire(self, work: Work, clock: Clock) -> None:
        if clock.subject_id in self.failing:
            raise RuntimeError("the consequence fails")
        organisation = Organisation(work.new_id(OrganisationId), OrganisationKind.BUYER, clock.id, work.at, 1)
        await work.keep(Change(None, organisation, (Happening("organisation.created"),)))
        self.at.append((clock.id, work.at))

    @property
    def table(self) -> dict[Duty, Any]:
        return dict.fromkeys(Duty, self.fire)


@pytest.fixture
def pool(app_pool: Pool) -> Pool:
    """Connections of the application's role."""
    return app_pool


@pytest.fixture
async def marketplace(owners_pool: Pool, emptied: None) -> Marketplace:
    """A live tenant that is gone after the test."""
    return await open_marketplace(owners_pool, TenantKind.LIVE)


@pytest.fixture
async def sandbox(owners_pool: Pool, emptied: None) -> Marketplace:
    """A sandbox that is gone after the test."""
    return await open_marketplace(owners_pool, TenantKind.SANDBOX)


@pytest.fixture
def consequences() -> Consequences:
    return Consequences()


@pytest.fixture
async def worker(worker_pool: Pool, valkey: redis.asyncio.Redis, consequences: Consequences) -> Worker:
    return Worker(worker_pool, valkey, fires=consequences.table)


async def start(pool: Pool, marketplace: Marketplace, due_in: timedelta, duty: Duty = Duty.COUPON_EXPIRY) -> Clock:
    """A clock that is due so much after the tenant's present."""
    made: list[Clock] = []

    async def act(work: Work) -> Outcome:
        change = clocks.start(duty, mint(CouponId), work.at + due_in, id=work.new_id(ClockId), at=work.at)
        await work.keep(change)
        made.append(change.after)
        return Outcome()

    await transact(pool, marketplace.caller, action="start", request_id="r", act=act)
    return made[0]


async def states(owner: asyncpg.Pool[Any]) -> dict[str, str]:
    return {row["id"]: row["state"] for row in await owner.fetch("SELECT id, state FROM clocks ORDER BY id")}


async def consequences_of(owner: asyncpg.Pool[Any]) -> list[str]:
    return [row["name"] for row in await owner.fetch("SELECT name FROM organisations ORDER BY id")]


PAST, FUTURE = timedelta(seconds=-1), timedelta(days=1)


async def test_a_duty_that_is_over_fires_with_its_record(
    worker: Worker, pool: Pool, marketplace: Marketplace, owner: asyncpg.Pool[Any]
) -> None:
    over, ahead = await start(pool, marketplace, PAST), await start(pool, marketplace, FUTURE)
    await worker.once(BY_NAME["clocks"])
    assert await states(owner) == {over.id: "FIRED", ahead.id: "RUNNING"}
    assert await consequences_of(owner) == [over.id]
    audited = await owner.fetch(
        "SELECT actor_id, action, request_id FROM audit WHERE object_id = $1 ORDER BY id DESC LIMIT 1", over.id
    )
    assert [tuple(row) for row in audited] == [("system:COUPON_EXPIRY", "COUPON_EXPIRY", over.id)]
    assert await owner.fetchval("SELECT count(*) FROM outbox WHERE name = 'clock.fired'") == 1
    await worker.once(BY_NAME["clocks"])
    assert await consequences_of(owner) == [over.id]


async def test_duties_fire_in_the_order_they_were_due(
    worker: Worker, pool: Pool, marketplace: Marketplace, sandbox: Marketplace, consequences: Consequences
) -> None:
    due = [await start(pool, marketplace, timedelta(seconds=-seconds)) for seconds in (1, 3, 2)]
    elsewhere = await start(pool, sandbox, PAST)
    await worker.once(BY_NAME["clocks"])
    fired = [id for id, _ in consequences.at]
    assert [id for id in fired if id != elsewhere.id] == [due[1].id, due[2].id, due[0].id]
    assert elsewhere.id in fired


async def test_several_workers_have_one_effect(
    worker_pool: Pool,
    valkey: redis.asyncio.Redis,
    consequences: Consequences,
    pool: Pool,
    marketplace: Marketplace,
    owner: asyncpg.Pool[Any],
) -> None:
    due = {(await start(pool, marketplace, PAST)).id for _ in range(20)}
    workers = [Worker(worker_pool, valkey, fires=consequences.table) for _ in range(3)]
    await asyncio.gather(*(each.once(BY_NAME["clocks"]) for each in workers))
    assert sorted(await consequences_of(owner)) == sorted(due)
    assert set((await states(owner)).values()) == {"FIRED"}


async def test_a_worker_killed_in_between_leaves_the_duty_to_another(
    worker: Worker, pool: Pool, marketplace: Marketplace, consequences: Consequences, owner: asyncpg.Pool[Any]
) -> None:
    clock = await start(pool, marketplace, PAST)
    reached = asyncio.Event()

    async def hang(work: Work, fired: Clock) -> None:
        await consequences.fire(work, fired)
        await work.connection.fetchval("SELECT 1")  # everything is written, nothing committed
        reached.set()
        await asyncio.Event().wait()

    dying = Worker(worker.pool, worker.cache, fires=dict.fromkeys(Duty, hang))
    task = asyncio.create_task(dying.once(BY_NAME["clocks"]))
    await reached.wait()
    await worker.once(BY_NAME["clocks"])
    assert await states(owner) == {clock.id: "RUNNING"}  # taken by the one, passed over by the other
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    for _ in range(1_000):
        await worker.once(BY_NAME["clocks"])
        if await states(owner) == {clock.id: "FIRED"}:
            break
        await asyncio.sleep(0.01)
    assert await consequences_of(owner) == [clock.id]


async def test_a_duty_whose_consequence_fails_waits_and_holds_nobody_up(
    worker: Worker, pool: Pool, marketplace: Marketplace, consequences: Consequences, owner: asyncpg.Pool[Any]
) -> None:
    bad = await start(pool, marketplace, timedelta(seconds=-9))
    good = await start(pool, marketplace, PAST)
    consequences.failing.add(bad.subject_id)
    for _ in range(2):
        await worker.once(BY_NAME["clocks"])
    assert await states(owner) == {bad.id: "RUNNING", good.id: "FIRED"}
    assert await consequences_of(owner) == [good.id]
    row = await owner.fetchrow("SELECT attempts, retry_at, version FROM clocks WHERE id = $1", bad.id)
    assert row is not None
    assert row["attempts"] >= 1, "more where the machine is so slow that its wait was over in between"
    assert row["retry_at"] is not None
    assert row["version"] == 1
    consequences.failing.clear()
    await owner.execute("UPDATE clocks SET retry_at = now() WHERE id = $1", bad.id)
    await worker.once(BY_NAME["clocks"])
    assert await states(owner) == {bad.id: "FIRED", good.id: "FIRED"}


async def test_duties_fired_together_give_way_to_others_and_then_fire_one_by_one(
    worker: Worker, pool: Pool, marketplace: Marketplace, consequences: Consequences, owner: asyncpg.Pool[Any]
) -> None:
    due = [(await start(pool, marketplace, timedelta(seconds=-seconds))).id for seconds in (3, 2, 1)]
    tried: list[str] = []

    async def wanting(work: Work, clock: Clock) -> None:
        tried.append(clock.id)
        if len(tried) == 2:  # together they did not wait for the other; alone the first one would
            await other.execute("SELECT pg_advisory_unlock(38)")
        await work.connection.fetchval("SELECT pg_advisory_xact_lock(38)")
        await consequences.fire(work, clock)

    async with owner.acquire() as other:
        await other.execute("SELECT pg_advisory_lock(38)")
        await Worker(worker.pool, worker.cache, fires=dict.fromkeys(Duty, wanting)).once(BY_NAME["clocks"])
    assert tried == [due[0], *due]
    assert sorted(await consequences_of(owner)) == sorted(due)
    assert await owner.fetchval("SELECT max(attempts) FROM clocks") == 0


async def test_what_is_left_of_duties_that_take_long_is_left_to_the_next_transaction(
    worker: Worker, pool: Pool, marketplace: Marketplace, consequences: Consequences, owner: asyncpg.Pool[Any]
) -> None:
    due = [await start(pool, marketplace, timedelta(seconds=-seconds)) for seconds in (2, 1)]

    async def long(work: Work, clock: Clock) -> None:
        await consequences.fire(work, clock)
        await asyncio.sleep(FIRING_SECONDS)

    await Worker(worker.pool, worker.cache, fires=dict.fromkeys(Duty, long)).once(BY_NAME["clocks"])
    assert await states(owner) == {each.id: "FIRED" for each in due}
    fired = "SELECT count(DISTINCT written_by) FROM audit WHERE action = 'COUPON_EXPIRY'"
    assert await owner.fetchval(fired) == len(due), "one transaction each"


async def test_a_paused_duty_does_not_fire(
    worker: Worker, pool: Pool, marketplace: Marketplace, owner: asyncpg.Pool[Any]
) -> None:
    clock = await start(pool, marketplace, FUTURE)

    async def act(work: Work) -> Outcome:
        await work.keep(clocks.pause(clock, "a storm", at=work.at))
        return Outcome()

    await transact(pool, marketplace.caller, action="pause", request_id="r", act=act)
    await owner.execute("UPDATE clocks SET due_at = now() - interval '1 day'")
    await worker.once(BY_NAME["clocks"])
    assert await states(owner) == {clock.id: "PAUSED"}


async def test_what_happened_is_told_to_who_listens(
    worker: Worker, pool: Pool, marketplace: Marketplace, valkey: redis.asyncio.Redis, owner: asyncpg.Pool[Any]
) -> None:
    unheard = await start(pool, marketplace, FUTURE)
    await worker.once(BY_NAME["outbox"])
    fanout = Fanout(valkey)
    async with fanout.listen(marketplace.tenant_id) as mailbox:
        heard = await start(pool, marketplace, FUTURE)
        await worker.once(BY_NAME["outbox"])
        assert await anext(mailbox) == Event("clock.started", heard.id, 1)
    await fanout.close()
    assert await owner.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NULL") == 0
    assert unheard.id != heard.id


@pytest.fixture
async def no_valkey() -> AsyncIterator[redis.asyncio.Redis]:
    async with open_cache("redis://127.0.0.1:1/0") as client:
        yield client


async def test_without_valkey_happenings_wait_and_nothing_else_does(
    worker: Worker,
    no_valkey: redis.asyncio.Redis,
    pool: Pool,
    marketplace: Marketplace,
    consequences: Consequences,
    owner: asyncpg.Pool[Any],
) -> None:
    clock = await start(pool, marketplace, PAST)
    lonely = Worker(worker.pool, no_valkey, fires=consequences.table)
    with pytest.raises(NobodyHears):
        await lonely.publish(marketplace.tenant_id)
    await lonely.once(BY_NAME["outbox"])
    assert await owner.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NOT NULL") == 0
    await lonely.once(BY_NAME["clocks"])
    await lonely.once(BY_NAME["seals"])
    assert await states(owner) == {clock.id: "FIRED"}
    assert await owner.fetchval("SELECT sum(rows) FROM audit_seals") == await owner.fetchval(
        "SELECT count(*) FROM audit"
    )
    await worker.once(BY_NAME["outbox"])
    assert await owner.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NULL") == 0


async def test_all_rounds_turn_by_themselves_and_stop_when_told(
    worker: Worker, pool: Pool, marketplace: Marketplace, owner: asyncpg.Pool[Any]
) -> None:
    working = asyncio.create_task(worker.work())
    clock = await start(pool, marketplace, timedelta(milliseconds=50))
    done = (
        "SELECT (SELECT state = 'FIRED' FROM clocks) AND NOT EXISTS (SELECT FROM outbox WHERE published_at IS NULL) "
        "AND (SELECT coalesce(sum(rows), 0) FROM audit_seals) = (SELECT count(*) FROM audit)"
    )
    for _ in range(1_500):
        if await owner.fetchval(done):
            break
        await asyncio.sleep(0.01)
    assert await owner.fetchval(done) is True
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    late = await start(pool, marketplace, PAST)
    await asyncio.sleep(0)
    assert (await states(owner))[late.id] == "RUNNING"
    assert await consequences_of(owner) == [clock.id]


async def test_a_worker_told_to_stop_finishes_what_it_is_in(
    worker: Worker, pool: Pool, marketplace: Marketplace, consequences: Consequences, owner: asyncpg.Pool[Any]
) -> None:
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def slow(work: Work, clock: Clock) -> None:
        reached.set()
        await go_on.wait()
        await consequences.fire(work, clock)

    first = await start(pool, marketplace, timedelta(seconds=-2))
    second = await start(pool, marketplace, PAST)
    working = asyncio.create_task(Worker(worker.pool, worker.cache, fires=dict.fromkeys(Duty, slow)).work())
    await reached.wait()
    working.cancel()
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(working, return_exceptions=True)
    assert await states(owner) == {first.id: "FIRED", second.id: "RUNNING"}


async def test_a_round_that_fails_is_repeated(worker: Worker, pool: Pool, marketplace: Marketplace) -> None:
    tries = 0

    async def find(_connection: Any) -> list[Any]:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise RuntimeError("the first look fails")
        repeated.set()
        return []

    repeated = asyncio.Event()
    working = asyncio.create_task(worker._repeat(Round("test", 0.0, find, Worker.sweep)))
    await repeated.wait()
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    assert tries >= 2


def test_every_duty_has_its_consequence() -> None:
    assert set(FIRES) == set(Duty)
    assert len(set(FIRES.values())) == len(FIRES)


# -- the sandbox's clock -------------------------------------------------------------------------------------------


async def move(pool: Pool, marketplace: Marketplace, to: datetime, *, runs: bool = False) -> Outcome:
    async def act(work: Work) -> Outcome:
        return await operations.move_clock(work, MoveClock(to, runs))

    outcome, _ = await transact(pool, marketplace.caller, action="moveClock", request_id="r", act=act)
    return outcome


async def shows(pool: Pool, marketplace: Marketplace) -> datetime:
    now: datetime = await pool.fetchval(marketplace.tenant_id, "SELECT tenant_now(t) FROM tenants t")
    return now


@pytest.fixture
def fires_here(consequences: Consequences, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a moving clock fires are the tests' own consequences."""
    for duty, fire in consequences.table.items():
        monkeypatch.setitem(FIRES, duty, fire)


async def test_a_moved_clock_fires_everything_on_its_way_at_its_own_instant(
    pool: Pool,
    sandbox: Marketplace,
    consequences: Consequences,
    fires_here: None,
    owner: asyncpg.Pool[Any],
) -> None:
    days = [await start(pool, sandbox, timedelta(days=days)) for days in (5, 1, 90)]
    to = await shows(pool, sandbox) + timedelta(days=30)
    outcome = await move(pool, sandbox, to)
    grain = timedelta(microseconds=1)
    assert consequences.at == [(days[1].id, days[1].due_at + grain), (days[0].id, days[0].due_at + grain)]
    assert outcome.facts["fired"] == 2
    assert await states(owner) == {days[1].id: "FIRED", days[0].id: "FIRED", days[2].id: "RUNNING"}
    assert await shows(pool, sandbox) == await shows(pool, sandbox) == to
    instants = await owner.fetch(
        "SELECT at FROM audit WHERE action = 'COUPON_EXPIRY' AND object_id LIKE 'clk%' ORDER BY id"
    )
    assert [row["at"] for row in instants] == [days[1].due_at + grain, days[0].due_at + grain]


async def test_the_last_instant_is_still_in_time_and_the_next_is_not(
    pool: Pool, sandbox: Marketplace, consequences: Consequences, fires_here: None
) -> None:
    clock = await start(pool, sandbox, timedelta(days=1))
    await move(pool, sandbox, clock.due_at)
    assert consequences.at == []
    await move(pool, sandbox, clock.due_at + timedelta(microseconds=1))
    assert consequences.at == [(clock.id, clock.due_at + timedelta(microseconds=1))]


async def test_duties_that_begin_on_the_way_fire_on_the_way(
    pool: Pool, sandbox: Marketplace, monkeypatch: pytest.MonkeyPatch, owner: asyncpg.Pool[Any]
) -> None:
    async def begin_again(work: Work, clock: Clock) -> None:
        again = clocks.start(clock.duty, clock.subject_id, work.at + FUTURE, id=work.new_id(ClockId), at=work.at)
        await work.keep(again)

    monkeypatch.setitem(FIRES, Duty.COUPON_EXPIRY, begin_again)
    await start(pool, sandbox, FUTURE)
    outcome = await move(pool, sandbox, await shows(pool, sandbox) + timedelta(days=10, hours=1))
    assert outcome.facts["fired"] == 10
    assert sorted((await states(owner)).values()) == ["FIRED"] * 10 + ["RUNNING"]


async def test_a_moved_clock_stands_still_unless_it_is_told_to_run(pool: Pool, sandbox: Marketplace) -> None:
    to = await shows(pool, sandbox) + timedelta(days=1)
    await move(pool, sandbox, to)
    assert await shows(pool, sandbox) == to
    await move(pool, sandbox, to + timedelta(days=1), runs=True)
    first = await shows(pool, sandbox)
    assert to + timedelta(days=1) < first < await shows(pool, sandbox) < to + timedelta(days=2)


async def test_a_consequence_that_fails_keeps_the_clock_where_it_was(
    pool: Pool, sandbox: Marketplace, consequences: Consequences, fires_here: None, owner: asyncpg.Pool[Any]
) -> None:
    first, second = await start(pool, sandbox, FUTURE), await start(pool, sandbox, 2 * FUTURE)
    consequences.failing.add(second.subject_id)
    with pytest.raises(RuntimeError):
        await move(pool, sandbox, await shows(pool, sandbox) + 3 * FUTURE)
    assert set((await states(owner)).values()) == {"RUNNING"}
    assert await consequences_of(owner) == []
    assert await shows(pool, sandbox) < first.due_at


async def test_a_live_clock_a_move_backwards_and_strangers_are_refused(
    pool: Pool, marketplace: Marketplace, sandbox: Marketplace, owner: asyncpg.Pool[Any]
) -> None:
    later = await shows(pool, sandbox) + FUTURE
    with pytest.raises(Refused) as refusal:
        await move(pool, marketplace, later)
    assert [finding.reason for finding in refusal.value.unmet] == ["clock_of_sandbox"]
    await move(pool, sandbox, later)
    for to in (later, later - FUTURE):
        with pytest.raises(Refused) as refusal:
            await move(pool, sandbox, to)
        assert [finding.reason for finding in refusal.value.unmet] == ["clock_forwards"]
    nobody = replace(sandbox, caller=replace(sandbox.caller, roles=frozenset(), actor_id=Id("mem_1")))
    with pytest.raises(Forbidden):
        await move(pool, nobody, later + FUTURE)
    assert await shows(pool, sandbox) == later
    assert await owner.fetchval("SELECT clock_at FROM tenants WHERE kind = 'live'") is None


async def test_the_worker_goes_by_the_sandboxs_own_clock(
    worker: Worker, pool: Pool, sandbox: Marketplace, marketplace: Marketplace, owner: asyncpg.Pool[Any]
) -> None:
    ahead = await start(pool, marketplace, FUTURE)
    await move(pool, sandbox, await shows(pool, sandbox) + timedelta(days=7))
    over, not_yet = await start(pool, sandbox, PAST), await start(pool, sandbox, FUTURE)
    await worker.once(BY_NAME["clocks"])
    assert await states(owner) == {ahead.id: "RUNNING", over.id: "FIRED", not_yet.id: "RUNNING"}
