"""Acts in company: what one does, suffers or waits for is nobody else's, whatever happens to any of them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from api.settings import Settings
from domain.change import Change, Happening
from domain.copies import replace
from domain.errors import Conflict, ErrorCode, Invalid, NotFound, Refused
from domain.ids import OrganisationId
from domain.organisations import Organisation, OrganisationKind
from storage import joint, unit_of_work
from storage.idempotency import Key
from storage.organisations import ORGANISATIONS
from storage.pool import Connection, Pool, Unavailable
from storage.unit_of_work import Outcome, Work, transact
from tests.storage.marketplaces import Marketplace

LOCK = f"SELECT {ORGANISATIONS.selection()} FROM organisations t WHERE t.tenant_id = $1 AND t.id = $2 FOR UPDATE OF t"
FIND = f"SELECT {ORGANISATIONS.selection()} FROM organisations t WHERE t.tenant_id = $1 AND t.id = $2"
VERB = "testIt"

Act = Callable[[Work], Awaitable[Outcome]]


def new(work: Work, name: str) -> Change[Organisation]:
    """An organisation of that name."""
    made = Organisation(work.new_id(OrganisationId), OrganisationKind.BUYER, name, work.at, 1)
    return Change(None, made, (Happening("made"),))


class Company:
    """Acts of one caller in one marketplace that are made for company."""

    def __init__(self, pool: Pool, marketplace: Marketplace, owner: asyncpg.Pool[Any]) -> None:
        self.pool, self.marketplace, self.owner = pool, marketplace, owner
        self.transactions: dict[str, list[int]] = {}
        """By what the act is called, the transactions in which it was tried."""

    async def act(self, act: Act, key: str | None = None, name: str = "") -> tuple[Outcome, bool]:
        """The act, as calls of the API are made."""

        async def told(work: Work) -> Outcome:
            row = await work.connection.single("SELECT pg_current_xact_id()::text::bigint")
            assert row is not None
            self.transactions.setdefault(name or key or "", []).append(row[0])
            return await act(work)

        return await transact(
            self.pool,
            self.marketplace.caller,
            action=VERB,
            request_id="req-1",
            act=told,
            idempotency=None if key is None else Key(key, b"digest"),
            together=True,
        )

    async def all(self, *acts: Awaitable[Any]) -> list[Any]:
        """What they came to, begun in the same turn of the loop."""
        return await asyncio.wait_for(asyncio.gather(*acts, return_exceptions=True), 30)

    async def made(self, *names: str) -> list[Organisation]:
        """Organisations of those names."""
        made: list[Organisation] = []

        async def act(work: Work) -> Outcome:
            for name in names:
                change = new(work, name)
                await work.keep(change)
                made.append(change.after)
            return Outcome()

        await self.act(act, name="made")
        self.transactions.clear()
        return made

    def grow(self, id_: str, instead: Callable[[Work], Awaitable[None]] | None = None) -> Act:
        """One letter more for that organisation's name; `instead` of writing it, or before."""

        async def act(work: Work) -> Outcome:
            row = await work.connection.lock(LOCK, work.tenant_id, id_)
            if row is None:
                raise NotFound("There is no such organisation.")
            found = await work.connection.single(FIND, work.tenant_id, id_)
            assert found is not None
            assert dict(found) == dict(row)
            before = ORGANISATIONS.decode(row)
            if instead is not None:
                await instead(work)
            after = replace(before, name=before.name + "+", version=before.version + 1)
            await work.keep(Change(before, after, (Happening("grew"),)))
            return Outcome({"organisation": id_})

        return act

    async def names(self) -> dict[str, str]:
        return {row["id"]: row["name"] for row in await self.owner.fetch("SELECT id, name FROM organisations")}

    async def traces(self) -> tuple[int, int, int]:
        """How many changes audit and outbox tell of, and how many keys are kept."""
        row = await self.owner.fetchrow(
            "SELECT (SELECT count(*) FROM audit WHERE difference ? 'name'), (SELECT count(*) FROM outbox WHERE "
            "name = 'grew'), (SELECT count(*) FROM idempotency_keys WHERE outcome IS NOT NULL)"
        )
        assert await self.owner.fetchval("SELECT count(*) FROM idempotency_keys WHERE outcome IS NULL") == 0
        assert row is not None
        return tuple(row)

    @property
    def together(self) -> int:
        """How many acts sat in the largest transaction."""
        tries = [number for numbers in self.transactions.values() for number in numbers]
        return max(tries.count(number) for number in tries)


@pytest.fixture
def company(pool: Pool, marketplace: Marketplace, owner: asyncpg.Pool[Any]) -> Company:
    return Company(pool, marketplace, owner)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Acts that are alone wait for a lock no longer than for this."""
    monkeypatch.setattr(unit_of_work, "BEGIN", "BEGIN; SET LOCAL lock_timeout = '300ms'")


async def refuse(_: Work) -> None:
    raise Refused("rule", "because it says so")


async def test_acts_that_come_at_once_share_a_transaction(company: Company) -> None:
    made = await company.made(*"abcdef")
    done = await company.all(*(company.act(company.grow(each.id), key=each.name) for each in made))
    assert done == [(Outcome({"organisation": each.id}, versions={each.id: 2}), False) for each in made]
    assert company.together == 6
    assert sorted((await company.names()).values()) == ["a+", "b+", "c+", "d+", "e+", "f+"]
    assert await company.traces() == (12, 6, 6)


async def test_one_act_has_company_of_nobody_and_is_done(company: Company) -> None:
    (one,) = await company.made("a")
    assert (await company.act(company.grow(one.id), key="k"))[0].versions == {one.id: 2}
    assert company.transactions.keys() == {"k"}
    assert len(company.transactions["k"]) == 1


async def test_who_is_refused_leaves_nothing_and_disturbs_nobody(company: Company) -> None:
    made = await company.made(*"abcd")
    acts = [company.act(company.grow(each.id, refuse if each.name == "b" else None), key=each.name) for each in made]
    a, b, c, d = await company.all(*acts)
    assert isinstance(b, Refused)
    assert not any(isinstance(each, Exception) for each in (a, c, d))
    assert company.together == 4
    assert all(len(tries) == 1 for tries in company.transactions.values()), "nobody had to go again"
    assert sorted((await company.names()).values()) == ["a+", "b", "c+", "d+"]
    assert (await company.traces())[1:] == (3, 3)
    again, replayed = await company.act(company.grow(made[1].id), key="b")  # its key is free
    assert (again.versions, replayed) == ({made[1].id: 2}, False)


async def test_nothing_is_committed_where_all_are_refused(company: Company) -> None:
    made = await company.made(*"ab")
    refused = await company.all(*(company.act(company.grow(each.id, refuse), key=each.name) for each in made))
    assert [type(each) for each in refused] == [Refused, Refused]
    assert (await company.traces())[1:] == (0, 0)


async def test_who_is_refused_after_it_wrote_is_undone_and_the_others_go_alone(company: Company) -> None:
    made = await company.made(*"abc")

    async def written(work: Work) -> None:
        await work.keep(new(work, "x"))
        await work.write()
        raise Refused("rule", "too late")

    acts = [company.act(company.grow(each.id, written if each.name == "b" else None), key=each.name) for each in made]
    a, b, c = await company.all(*acts)
    assert isinstance(b, Refused)
    assert (a[0].versions, c[0].versions) == ({made[0].id: 2}, {made[2].id: 2})
    assert sorted((await company.names()).values()) == ["a+", "b", "c+"]
    assert (await company.traces())[1:] == (2, 2)


async def test_two_at_one_thing_happen_one_after_the_other(company: Company) -> None:
    one, other = await company.made("a", "b")
    keys = [(one.id, "1"), (one.id, "2"), (one.id, "3"), (other.id, "4")]
    done = await company.all(*(company.act(company.grow(id_), key=key) for id_, key in keys))
    assert sorted(outcome.versions[one.id] for outcome, _ in done[:3]) == [2, 3, 4]
    assert len(company.transactions["4"]) == 1
    assert await company.names() == {one.id: "a+++", other.id: "b+"}
    assert await company.traces() == (6, 4, 4)


async def test_nobody_waits_for_what_a_stranger_holds_but_who_needs_it(company: Company) -> None:
    held, free = await company.made("a", "b")
    async with company.owner.acquire() as stranger, stranger.transaction():
        await stranger.fetch("SELECT FROM organisations WHERE id = $1 FOR UPDATE", held.id)
        waits = asyncio.ensure_future(company.act(company.grow(held.id), key="a"))
        outcome, _ = await asyncio.wait_for(company.act(company.grow(free.id), key="b"), 10)
        assert outcome.versions == {free.id: 2}
        assert not waits.done()
    assert (await waits)[0].versions == {held.id: 2}


async def test_who_waits_too_long_is_told_and_nobody_else(company: Company, impatient: None) -> None:
    held, free = await company.made("a", "b")
    async with company.owner.acquire() as stranger, stranger.transaction():
        await stranger.fetch("SELECT FROM organisations WHERE id = $1 FOR UPDATE", held.id)
        a, b = await company.all(*(company.act(company.grow(each.id), key=each.name) for each in (held, free)))
    assert isinstance(a, Conflict)
    assert b[0].versions == {free.id: 2}
    assert (await company.traces())[1:] == (1, 1)


async def test_what_is_not_there_is_told_as_it_is_alone(company: Company) -> None:
    (one,) = await company.made("a")
    a, nothing = await company.all(company.act(company.grow(one.id), "a"), company.act(company.grow("org_none"), "b"))
    assert isinstance(nothing, NotFound)
    assert a[0].versions == {one.id: 2}
    assert (await company.traces())[1:] == (1, 1)


async def test_one_key_twice_at_once_is_one_effect(company: Company) -> None:
    (one,) = await company.made("a")
    done = await company.all(*(company.act(company.grow(one.id), key="k") for _ in range(3)))
    assert [outcome.versions for outcome, _ in done] == [{one.id: 2}] * 3
    assert sorted(replayed for _, replayed in done) == [False, True, True]
    assert await company.names() == {one.id: "a+"}
    assert (await company.traces())[1:] == (1, 1)


async def test_a_key_that_a_running_call_holds_is_waited_for_alone(company: Company, impatient: None) -> None:
    (one,) = await company.made("a")
    caller = company.marketplace.caller
    async with company.owner.acquire() as stranger, stranger.transaction():
        await stranger.execute(
            "INSERT INTO idempotency_keys (tenant_id, actor_id, mutation, key, fingerprint, created_at) "
            "VALUES ($1, $2, $3, 'k', 'digest', clock_timestamp())",
            caller.tenant_id, caller.actor_id, VERB,
        )  # fmt: skip
        twin, other = await company.all(*(company.act(company.grow(one.id), key=key) for key in ("k", "free")))
        assert isinstance(twin, Conflict)
        assert twin.code is ErrorCode.IDEMPOTENCY_IN_PROGRESS
        await stranger.execute("DELETE FROM idempotency_keys WHERE key = 'k'")
    assert other[0].versions == {one.id: 2}


async def test_a_bug_of_one_is_told_to_that_one(company: Company) -> None:
    made = await company.made(*"ab")

    async def bug(_: Work) -> None:
        raise ZeroDivisionError

    a, b = await company.all(
        company.act(company.grow(made[0].id, bug), "a"), company.act(company.grow(made[1].id), "b")
    )
    assert isinstance(a, ZeroDivisionError)
    assert b[0].versions == {made[1].id: 2}
    assert (await company.traces())[1:] == (1, 1)


async def test_a_statement_that_fails_is_the_fault_of_one(company: Company) -> None:
    made = await company.made(*"abc")

    async def fails(work: Work) -> None:
        await work.connection.fetchval("SELECT 1 / $1::int", 0)

    async def nul(work: Work) -> None:
        await work.keep(new(work, "\0"))

    instead = {"a": fails, "b": nul}
    acts = (company.act(company.grow(each.id, instead.get(each.name)), key=each.name) for each in made)
    a, b, c = await company.all(*acts)
    assert isinstance(a, asyncpg.DivisionByZeroError)
    assert isinstance(b, Invalid)
    assert c[0].versions == {made[2].id: 2}
    assert (await company.traces())[1:] == (1, 1)


async def test_a_change_that_is_stale_is_the_fault_of_one(company: Company) -> None:
    made = await company.made(*"abc")

    async def meanwhile(work: Work) -> None:
        change = replace(made[0], name="seen before", version=2)  # not locked, and somebody else was quicker
        await work.keep(Change(made[0], change, (Happening("seen"),)))

    acts = [company.act(company.grow(each.id, meanwhile), each.name) for each in made[1:]]
    done = await company.all(*acts)
    told = [each.code if isinstance(each, Conflict) else len(each[0].versions) for each in done]
    assert sorted(told, key=str) == [2, ErrorCode.STALE_VERSION]
    assert await company.owner.fetchval("SELECT version FROM organisations WHERE id = $1", made[0].id) == 2
    assert (await company.traces())[1:] == (1, 1)


async def test_a_connection_lost_on_the_way_is_replaced_for_everybody(company: Company) -> None:
    made = await company.made(*"abc")
    killed: list[bool] = []

    async def kill(work: Work) -> None:
        if not killed:
            process = await work.connection.fetchval("SELECT pg_backend_pid()")
            killed.append(await company.pool.fetchval(None, "SELECT pg_terminate_backend($1)", process))

    acts = (company.act(company.grow(each.id, kill if each.name == "b" else None), key=each.name) for each in made)
    done = await company.all(*acts)
    assert killed == [True]
    assert [outcome.versions for outcome, _ in done] == [{each.id: 2} for each in made]
    assert (await company.traces())[1:] == (3, 3)


@pytest.mark.parametrize("committed", [True, False])
async def test_a_commit_whose_answer_is_lost_is_asked_for_by_key(
    company: Company, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    made = await company.made(*"abc")
    execute = Connection.execute
    lost: list[str] = []

    async def loses(self: Any, text: str) -> str:
        if text == "COMMIT" and not lost:
            lost.append(text)
            if committed:
                await execute(self, text)
            self.raw.terminate()
            raise ConnectionResetError
        return await execute(self, text)

    monkeypatch.setattr(Connection, "execute", loses)
    keys = ["a", "b", None]
    a, b, c = await company.all(
        *(company.act(company.grow(each.id), key) for each, key in zip(made, keys, strict=True))
    )
    assert lost == ["COMMIT"]
    assert [(outcome.versions, replayed) for outcome, replayed in (a, b)] == [
        ({made[0].id: 2}, committed),
        ({made[1].id: 2}, committed),
    ]
    assert isinstance(c, Unavailable), "without a key nobody can tell what became of it"
    assert sorted((await company.names()).values()) == ["a+", "b+", "c+" if committed else "c"]
    assert (await company.traces())[2] == 2


async def test_who_stops_waiting_leaves_nothing_and_disturbs_nobody(company: Company) -> None:
    made = await company.made(*"abc")
    reached, tasks = asyncio.Event(), {}

    async def stay(_: Work) -> None:
        reached.set()
        await asyncio.sleep(60)

    for each in made:
        act = company.act(company.grow(each.id, stay if each.name == "b" else None), key=each.name)
        tasks[each.name] = asyncio.ensure_future(act)
    await reached.wait()
    tasks["b"].cancel()
    a, b, c = await company.all(*tasks.values())
    assert isinstance(b, asyncio.CancelledError)
    assert (a[0].versions, c[0].versions) == ({made[0].id: 2}, {made[2].id: 2})
    assert all(len(tries) == 1 for tries in company.transactions.values())
    assert (await company.traces())[1:] == (2, 2)


async def test_whoever_stops_waiting_at_any_instant_is_done_or_not_and_nobody_else_notices(company: Company) -> None:
    for turns in range(0, 24, 2):
        made = await company.made(*"abc")
        tasks = [asyncio.ensure_future(company.act(company.grow(each.id), f"{turns}{each.name}")) for each in made]
        for _ in range(turns):
            await asyncio.sleep(0.0005)
        tasks[1].cancel()
        a, b, c = await company.all(*tasks)
        assert (a[0].versions, c[0].versions) == ({made[0].id: 2}, {made[2].id: 2})
        version = await company.owner.fetchval("SELECT version FROM organisations WHERE id = $1", made[1].id)
        if not isinstance(b, asyncio.CancelledError):
            assert version == 2
        again, replayed = await company.act(company.grow(made[1].id), f"{turns}b")
        assert (again.versions, replayed) == ({made[1].id: 2}, version == 2)


async def test_who_neither_asks_nor_ends_is_left_behind(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joint, "PATIENCE_SECONDS", 0.2)
    made = await company.made(*"ab")
    free = asyncio.Event()

    async def stay(_: Work) -> None:
        await free.wait()

    slow = asyncio.ensure_future(company.act(company.grow(made[0].id, stay), "a"))
    outcome, _ = await asyncio.wait_for(company.act(company.grow(made[1].id), "b"), 10)
    assert outcome.versions == {made[1].id: 2}
    free.set()
    assert (await slow)[0].versions == {made[0].id: 2}


async def test_what_cannot_be_done_in_company_is_done_alone(company: Company) -> None:
    made = await company.made(*"abc")

    async def saved(work: Work) -> None:
        async with work.attempt():
            pass

    async def locked(work: Work) -> None:
        await work.connection.fetch("SELECT FROM organisations WHERE id = $1 FOR UPDATE", made[1].id)

    instead = {"a": saved, "b": locked}
    acts = (company.act(company.grow(each.id, instead.get(each.name)), key=each.name) for each in made)
    done = await company.all(*acts)
    assert [outcome.versions for outcome, _ in done] == [{each.id: 2} for each in made]
    assert [len(company.transactions[name]) for name in "abc"] == [2, 2, 1]


async def test_more_than_fit_sit_in_the_next_one(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joint, "SEATS_MAX", 4)
    made = await company.made(*"abcdefghij")
    done = await company.all(*(company.act(company.grow(each.id), key=each.name) for each in made))
    assert all(outcome.versions for outcome, _ in done)
    assert company.together == 4
    assert len({number for numbers in company.transactions.values() for number in numbers}) == 3


async def test_the_next_one_waits_a_little_for_as_much_company(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await company.made(*"abcd")

    async def round_of(name: str) -> list[set[int]]:
        """The transactions of four acts, one of which comes first."""
        tasks = []
        for each in made:
            tasks.append(asyncio.ensure_future(company.act(company.grow(each.id), f"{name}{each.name}")))
            for _ in range(4):
                await asyncio.sleep(0)
        await asyncio.gather(*tasks)
        return [set(company.transactions[f"{name}{each.name}"]) for each in made]

    for pause, together in ((100.0, True), (0.0, False)):
        monkeypatch.setattr(joint, "PAUSE", pause)
        await company.all(*(company.act(company.grow(each.id), f"{pause}{each.name}") for each in made))
        first, *others = await round_of(f"again {pause}")
        assert (others == [first] * 3) is together
    assert await company.names() == {each.id: each.name + "++++" for each in made}


async def test_two_verbs_and_two_marketplaces_never_sit_together(
    company: Company, sandbox: Marketplace, pool: Pool, owner: asyncpg.Pool[Any]
) -> None:
    other = Company(pool, sandbox, owner)
    (here,), (there,) = await company.made("a"), await other.made("b")
    await company.all(company.act(company.grow(here.id), "a"), other.act(other.grow(there.id), "a"))
    assert company.transactions["a"] != other.transactions["a"]
    hidden, found = await company.all(company.act(company.grow(there.id), "b"), other.act(other.grow(there.id), "b"))
    assert isinstance(hidden, NotFound)
    assert found[0].versions == {there.id: 3}


async def test_a_database_that_cannot_be_asked_is_told_to_everybody(company: Company, settings: Settings) -> None:
    made = await company.made(*"ab")
    async with asyncio.timeout(20):
        small = await Pool.open(settings.database_url, size=1, wait_seconds=0.2)
        try:
            company.pool = small
            async with small.acquire(None):
                done = await company.all(*(company.act(company.grow(each.id), key=each.name) for each in made))
            assert [type(each) for each in done] == [Unavailable, Unavailable]
            assert (await company.act(company.grow(made[0].id), "a"))[0].versions == {made[0].id: 2}
            await asyncio.sleep(0)
            assert all(known.idle for known in small.joints.values())
        finally:
            await small.close()


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_to_any_of_them_each_is_done_once_or_not_at_all(company: Company, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - chance, not a secret
    made = await company.made(*"abcd")

    async def nothing(_: Work) -> None:
        pass

    async def bug(_: Work) -> None:
        raise ZeroDivisionError

    async def wrote(work: Work) -> None:
        await work.keep(new(work, "x"))
        await work.write()
        await refuse(work)

    async def fails(work: Work) -> None:
        await work.connection.fetchval("SELECT 1 / $1::int", 0)

    fates = [nothing] * 6 + [refuse, bug, wrote, fails]
    acts: list[tuple[Organisation, asyncio.Task[Any]]] = []
    for number in range(40):
        target = chance.choice(made)
        act = company.act(company.grow(target.id, chance.choice(fates)), key=str(number))
        acts.append((target, asyncio.ensure_future(act)))
        if chance.random() < 0.2:
            await asyncio.sleep(chance.random() * 0.02)
        if chance.random() < 0.1:
            chance.choice(acts)[1].cancel()
    done = await company.all(*(task for _, task in acts))
    grown = {each.id: 0 for each in made}
    for (target, _), outcome in zip(acts, done, strict=True):
        grown[target.id] += isinstance(outcome, tuple)
    versions = dict(await company.owner.fetch("SELECT id, version - 1 FROM organisations"))
    names = await company.names()
    assert names.keys() == grown.keys(), "what was written before a refusal is gone"
    for each in made:
        assert names[each.id] == each.name + "+" * versions[each.id]
        cancelled = sum(of is each and task.cancelled() for of, task in acts)
        assert grown[each.id] <= versions[each.id] <= grown[each.id] + cancelled
    assert (await company.traces())[1:] == (sum(versions.values()),) * 2
