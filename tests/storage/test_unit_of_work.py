"""What is kept is there as a whole, with everything that belongs to it, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import orjson
import pytest

from domain import clocks
from domain.change import Change, Happening
from domain.clocks import Clock, Duty
from domain.errors import Conflict, ErrorCode, Invalid, NotFound, Refused
from domain.ids import ClockId, CouponId, Id, OrganisationId, TenantId
from domain.organisations import Organisation, OrganisationKind
from domain.personal import PersonalDatum
from storage import history
from storage.audit import keyed
from storage.clocks import CLOCKS, TENANTS
from storage.minting import mint
from storage.organisations import ORGANISATIONS
from storage.pool import Pool
from storage.unit_of_work import BATCH, Outcome, Work, transact
from tests.storage.marketplaces import DIGEST_KEY, Marketplace

Act = Callable[[Work], Awaitable[Any]]


async def done(pool: Pool, marketplace: Marketplace, act: Act) -> Outcome:
    """What `act` led to, in one transaction; it may return nothing."""

    async def whole(work: Work) -> Outcome:
        return await act(work) or Outcome()

    outcome, replayed = await transact(pool, marketplace.caller, action="testIt", request_id="req-1", act=whole)
    assert not replayed
    return outcome


def new(work: Work, name: str = "Ada & Co", kind: OrganisationKind = OrganisationKind.BUYER) -> Change[Organisation]:
    organisation = Organisation(work.new_id(OrganisationId), kind, name, work.at, 1)
    return Change(None, organisation, (Happening("organisation.created", {"kind": kind.value}), Happening("told")))


def renamed(organisation: Organisation, name: str) -> Change[Organisation]:
    after = replace(organisation, name=name, version=organisation.version + 1)
    return Change(organisation, after, (Happening("organisation.renamed"),))


async def kept(pool: Pool, marketplace: Marketplace, name: str = "Ada & Co") -> Organisation:
    """An organisation that is there."""
    made: list[Organisation] = []

    async def act(work: Work) -> None:
        change = new(work, name)
        await work.keep(change)
        made.append(change.after)

    await done(pool, marketplace, act)
    return made[0]


async def rows(owner: asyncpg.Pool[Any], table: str, order: str = "id") -> list[dict[str, Any]]:
    return [dict(row) for row in await owner.fetch(f"SELECT * FROM {table} ORDER BY {order}")]


async def test_a_new_thing_has_row_audit_and_outbox(
    pool: Pool, marketplace: Marketplace, owner: asyncpg.Pool[Any]
) -> None:
    organisation = await kept(pool, marketplace)
    async with pool.acquire(marketplace.tenant_id) as connection:
        assert await ORGANISATIONS.get(connection, marketplace.tenant_id, organisation.id) == organisation
    (audited,) = await rows(owner, "audit")
    assert audited["actor_id"] == marketplace.caller.actor_id
    assert (audited["action"], audited["object_id"], audited["request_id"]) == ("testIt", organisation.id, "req-1")
    assert audited["at"] == organisation.created_at
    difference = orjson.loads(audited["difference"])
    assert difference["name"] == [None, "Ada & Co"]
    assert difference["kind"] == [None, "buyer"]
    assert difference["version"] == [None, 1]
    first, second = await rows(owner, "outbox", "position")
    assert (first["name"], second["name"]) == ("organisation.created", "told")
    assert (first["object_id"], first["sequence"], first["position"]) == (organisation.id, 1, 0)
    assert orjson.loads(first["facts"]) == {"kind": "buyer"}
    assert (second["sequence"], second["position"], second["published_at"]) == (1, 1, None)
    assert await rows(owner, "history", "version") == []


async def test_a_change_keeps_what_it_replaces(pool: Pool, marketplace: Marketplace, owner: asyncpg.Pool[Any]) -> None:
    organisation = await kept(pool, marketplace)
    change = renamed(organisation, "Bo")
    outcome = await done(pool, marketplace, lambda work: work.keep(change))
    assert outcome.versions == {organisation.id: 2}
    assert await owner.fetchval("SELECT name FROM organisations") == "Bo"
    _, audited = await rows(owner, "audit")
    assert orjson.loads(audited["difference"]) == {"name": ["Ada & Co", "Bo"], "version": [1, 2]}
    (superseded,) = await rows(owner, "history", "version")
    assert (superseded["object_id"], superseded["version"]) == (organisation.id, 1)
    assert superseded["valid_until"] == audited["at"]
    assert orjson.loads(superseded["row"])["name"] == "Ada & Co"


async def test_a_thing_can_be_seen_as_of_an_instant(pool: Pool, marketplace: Marketplace) -> None:
    first = await kept(pool, marketplace)
    second = renamed(first, "Bo").after
    third = renamed(second, "Cy").after
    instants: list[datetime] = []

    async def step(change: Change[Organisation]) -> None:
        async def act(work: Work) -> None:
            instants.append(work.at)
            await work.keep(change)

        await done(pool, marketplace, act)

    await step(Change(first, second, (Happening("renamed"),)))
    await step(Change(second, third, (Happening("renamed"),)))
    async with pool.acquire(marketplace.tenant_id) as connection:

        async def at(instant: datetime) -> Organisation | None:
            return await history.as_of(connection, marketplace.tenant_id, ORGANISATIONS, first.id, instant)

        grain = timedelta(microseconds=1)
        assert await at(first.created_at - grain) is None
        assert await at(first.created_at) == first
        assert await at(instants[0] - grain) == first
        assert await at(instants[0]) == second
        assert await at(instants[1] - grain) == second
        assert await at(instants[1]) == third
        assert await at(instants[1] + timedelta(days=9)) == third
        assert await history.as_of(connection, marketplace.tenant_id, ORGANISATIONS, "org_x", instants[0]) is None


async def test_a_stale_version_undoes_the_whole_act(
    pool: Pool, marketplace: Marketplace, owner: asyncpg.Pool[Any]
) -> None:
    organisation = await kept(pool, marketplace)
    await done(pool, marketplace, lambda work: work.keep(renamed(organisation, "Bo")))
    before = [await rows(owner, table, "1") for table in ("organisations", "audit", "outbox", "history")]

    async def act(work: Work) -> None:
        await work.keep(new(work), renamed(organisation, "Cy"))

    with pytest.raises(Conflict) as refusal:
        await done(pool, marketplace, act)
    assert refusal.value.code is ErrorCode.STALE_VERSION
    assert [await rows(owner, table, "1") for table in ("organisations", "audit", "outbox", "history")] == before


async def test_an_expected_version_that_was_not_seen_is_refused(pool: Pool, marketplace: Marketplace) -> None:
    organisation = await kept(pool, marketplace)

    async def act(work: Work) -> Outcome:
        work.expect(organisation, 1)
        work.expect(organisation)
        with pytest.raises(Conflict) as refusal:
            work.expect(organisation, 2)
        assert refusal.value.code is ErrorCode.STALE_VERSION
        return Outcome()

    await done(pool, marketplace, act)
    caller = marketplace.caller
    with pytest.raises(Conflict, match="version 1, not 7"):
        await transact(pool, caller, action="a", request_id="r", act=insist_on(organisation), expected_version=7)
    await transact(pool, caller, action="a", request_id="r", act=insist_on(organisation), expected_version=1)


def insist_on(organisation: Organisation) -> Callable[[Work], Awaitable[Outcome]]:
    async def act(work: Work) -> Outcome:
        work.expect(organisation)
        return Outcome()

    return act


async def test_a_refusal_leaves_nothing(pool: Pool, marketplace: Marketplace, owner: asyncpg.Pool[Any]) -> None:
    async def act(work: Work) -> None:
        await work.keep(new(work))
        await ORGANISATIONS.select(work.connection, work.tenant_id, "true")  # written by now
        raise Refused("some.rule", "No.")

    with pytest.raises(Refused):
        await done(pool, marketplace, act)
    assert [await rows(owner, table, "1") for table in ("organisations", "audit", "outbox")] == [[], [], []]


async def test_an_act_sees_what_it_kept(pool: Pool, marketplace: Marketplace) -> None:
    async def act(work: Work) -> None:
        change = new(work)
        await work.keep(change)
        id = change.after.id
        assert await work.connection.fetchval("SELECT count(*) FROM organisations") == 1
        found = await ORGANISATIONS.lock(work.connection, work.tenant_id, id)
        await work.keep(renamed(found, "Bo"))
        assert (await work.connection.fetchrow("SELECT name FROM organisations"))["name"] == "Bo"  # type: ignore[index]
        await work.keep(renamed(renamed(found, "Bo").after, "Cy"))
        assert (await work.connection.fetch("SELECT name FROM organisations"))[0]["name"] == "Cy"

    await done(pool, marketplace, act)


async def test_one_act_may_change_a_thing_twice(pool: Pool, marketplace: Marketplace, owner: asyncpg.Pool[Any]) -> None:
    async def act(work: Work) -> None:
        first = new(work)
        second = renamed(first.after, "Bo")
        await work.keep(first, second, renamed(second.after, "Cy"))

    outcome = await done(pool, marketplace, act)
    assert await owner.fetchval("SELECT name FROM organisations") == "Cy"
    assert list(outcome.versions.values()) == [3]
    assert [row["version"] for row in await rows(owner, "history", "version")] == [1, 2]
    assert len(await rows(owner, "audit")) == 3


async def test_the_live_row_of_a_unique_index_can_be_succeeded_in_one_act(
    pool: Pool, marketplace: Marketplace, owner: asyncpg.Pool[Any]
) -> None:
    subject = mint(CouponId)

    def started(work: Work) -> Change[Clock]:
        return clocks.start(Duty.COUPON_EXPIRY, subject, work.at, id=work.new_id(ClockId), at=work.at)

    async def act(work: Work) -> None:
        first = started(work)
        await work.keep(first)
        await work.connection.fetchval("SELECT 1")
        await work.keep(started(work), clocks.complete(first.after, at=work.at))

    await done(pool, marketplace, act)
    assert [row["state"] for row in await rows(owner, "clocks")] == ["DONE", "RUNNING"]
    with pytest.raises(Conflict, match="a clock of that duty on it already"):
        await done(pool, marketplace, lambda work: work.keep(started(work)))


async def test_a_constraint_nobody_declared_is_a_bug_and_stays_one(pool: Pool, marketplace: Marketplace) -> None:
    async def act(work: Work) -> None:
        change = new(work)
        await work.keep(replace(change, after=replace(change.after, id=OrganisationId("ten_of_something_else"))))

    with pytest.raises(asyncpg.CheckViolationError):
        await done(pool, marketplace, act)


@pytest.mark.parametrize("count", [1, 2, BATCH + 1])
async def test_batches_write_what_single_changes_write(
    pool: Pool, marketplace: Marketplace, owner: asyncpg.Pool[Any], count: int
) -> None:
    names = [f'{number} \\ "{number}", {{}}' for number in range(count)]
    made: list[Organisation] = []

    async def make(work: Work) -> None:
        changes = [new(work, name) for name in names]
        await work.keep_all(changes)
        made.extend(change.after for change in changes)

    outcome = await done(pool, marketplace, make)
    assert outcome.versions == {}
    await done(pool, marketplace, lambda work: work.keep_all([renamed(each, each.name + "!") for each in made]))
    stored = await owner.fetch("SELECT name, version FROM organisations ORDER BY id")
    assert [(row["name"], row["version"]) for row in stored] == [(name + "!", 2) for name in names]
    audited = await owner.fetch("SELECT difference FROM audit ORDER BY id")
    assert len(audited) == 2 * count
    assert orjson.loads(audited[-1]["difference"]) == {"name": [names[-1], names[-1] + "!"], "version": [1, 2]}
    superseded = await owner.fetch("SELECT row FROM history ORDER BY object_id")
    assert [orjson.loads(row["row"])["name"] for row in superseded] == names
    assert await owner.fetchval("SELECT count(*) FROM outbox") == 3 * count


async def test_a_batch_with_one_stale_change_is_refused_as_a_whole(
    pool: Pool, marketplace: Marketplace, owner: asyncpg.Pool[Any]
) -> None:
    first, second = await kept(pool, marketplace, "A"), await kept(pool, marketplace, "B")
    stale = Change(replace(second, version=5), replace(second, name="C", version=6), (Happening("x"),))
    with pytest.raises(Conflict):
        await done(pool, marketplace, lambda work: work.keep_all([renamed(first, "D"), stale]))
    assert [row["name"] for row in await rows(owner, "organisations")] == ["A", "B"]


async def test_rows_that_are_only_added_have_no_audit_of_their_own(
    pool: Pool, marketplace: Marketplace, owner: asyncpg.Pool[Any]
) -> None:
    async def act(work: Work) -> None:
        change = new(work)
        await work.keep(change)
        for field in ("EMAIL", "ADDRESS"):
            work.add(PersonalDatum(change.after.id, field, {"it": field}, work.at))

    await done(pool, marketplace, act)
    stored = await rows(owner, "personal_data", "field")
    assert [orjson.loads(row["value"]) for row in stored] == [{"it": "ADDRESS"}, {"it": "EMAIL"}]
    assert len(await rows(owner, "audit")) == 1


async def test_secrets_reach_neither_audit_nor_history(
    pool: Pool, marketplace: Marketplace, owner: asyncpg.Pool[Any]
) -> None:
    secret = b"another key of the digests, longer than before"

    async def act(work: Work) -> None:
        tenant = await TENANTS.lock(work.connection, work.tenant_id, work.tenant_id)
        await work.keep(Change(tenant, replace(tenant, digest_key=secret, version=2), (Happening("tenant.rekeyed"),)))

    await done(pool, marketplace, act)
    (audited,) = await rows(owner, "audit")
    assert orjson.loads(audited["difference"])["digest_key"] == [
        keyed(DIGEST_KEY, DIGEST_KEY),
        keyed(DIGEST_KEY, secret),
    ]
    (superseded,) = await rows(owner, "history", "version")
    assert orjson.loads(superseded["row"])["digest_key"] is None
    assert await owner.fetchval("SELECT digest_key FROM tenants") == secret


async def test_a_deadlock_is_solved_by_trying_again(
    pool: Pool, marketplace: Marketplace, owner: asyncpg.Pool[Any]
) -> None:
    first, second = await kept(pool, marketplace, "A"), await kept(pool, marketplace, "B")
    both_hold_one = asyncio.Barrier(2)
    tries = 0

    async def rename(one: OrganisationId, other: OrganisationId, mark: str) -> None:
        waits = True

        async def act(work: Work) -> None:
            nonlocal waits, tries
            tries += 1
            mine = await ORGANISATIONS.lock(work.connection, work.tenant_id, one)
            if waits:
                waits = False
                await both_hold_one.wait()
            yours = await ORGANISATIONS.lock(work.connection, work.tenant_id, other)
            await work.keep(renamed(mine, mine.name + mark), renamed(yours, yours.name + mark))

        await done(pool, marketplace, act)

    await asyncio.gather(rename(first.id, second.id, "x"), rename(second.id, first.id, "y"))
    assert tries == 3
    names = {row["name"] for row in await rows(owner, "organisations")}
    assert names in ({"Axy", "Bxy"}, {"Ayx", "Byx"})


async def test_a_connection_lost_on_the_way_is_replaced(
    pool: Pool, marketplace: Marketplace, owner: asyncpg.Pool[Any]
) -> None:
    tries = 0

    async def act(work: Work) -> None:
        nonlocal tries
        tries += 1
        await work.keep(new(work))
        pid = await work.connection.fetchval("SELECT pg_backend_pid()")
        if tries == 1:
            await pool.fetchval(None, "SELECT pg_terminate_backend($1)", pid)
            await work.connection.fetchval("SELECT 1")

    await done(pool, marketplace, act)
    assert tries == 2
    assert len(await rows(owner, "organisations")) == 1


async def test_what_keeps_failing_is_given_up(pool: Pool, marketplace: Marketplace) -> None:
    tries = 0

    async def act(_work: Work) -> None:
        nonlocal tries
        tries += 1
        raise asyncpg.SerializationError("could not serialize")

    with pytest.raises(asyncpg.SerializationError):
        await done(pool, marketplace, act)
    assert tries == 4


async def test_whoever_waits_too_long_for_a_row_is_told(pool: Pool, marketplace: Marketplace) -> None:
    organisation = await kept(pool, marketplace)
    async with pool.transaction(marketplace.tenant_id) as holder:
        await ORGANISATIONS.lock(holder, marketplace.tenant_id, organisation.id)
        with pytest.raises(Conflict, match="Somebody else is changing the same thing"):
            await done(
                pool,
                marketplace,
                lambda work: ORGANISATIONS.lock(work.connection, work.tenant_id, organisation.id),
            )


async def test_a_caller_of_no_tenant_gets_nowhere(pool: Pool, marketplace: Marketplace) -> None:
    stranger = replace(marketplace.caller, tenant_id=mint(TenantId))
    with pytest.raises(LookupError, match="there is no tenant"):
        await transact(pool, stranger, action="a", request_id="r", act=insist_on(None))  # type: ignore[arg-type]


async def test_a_character_that_postgres_cannot_hold_is_refused(
    pool: Pool, marketplace: Marketplace, owner: asyncpg.Pool[Any]
) -> None:
    with pytest.raises(Invalid, match="NUL"):
        await kept(pool, marketplace, "Ada\0Co")
    await kept(pool, marketplace, "Ada \u2028 \\u0000 \U0001f4e6")
    assert await owner.fetchval("SELECT name FROM organisations") == "Ada \u2028 \\u0000 \U0001f4e6"


async def test_another_tenants_things_are_not_there(pool: Pool, marketplace: Marketplace, sandbox: Marketplace) -> None:
    organisation = await kept(pool, marketplace)
    with pytest.raises(NotFound):
        await done(
            pool, sandbox, lambda work: ORGANISATIONS.lock(work.connection, marketplace.tenant_id, organisation.id)
        )
    with pytest.raises(Conflict):
        await done(pool, sandbox, lambda work: work.keep(renamed(organisation, "Eve")))


async def test_an_act_within_an_act_has_its_own_caller_and_instant(
    pool: Pool, marketplace: Marketplace, owner: asyncpg.Pool[Any]
) -> None:
    async def act(work: Work) -> None:
        other = replace(marketplace.caller, actor_id=Id("system:COUPON_EXPIRY"))
        inner = work.within(other, action="COUPON_EXPIRY", at=work.at + timedelta(days=1))
        await inner.keep(new(inner, "Grace"))
        assert await work.connection.fetchval("SELECT count(*) FROM organisations WHERE name = 'Grace'") == 1
        await inner.keep(new(inner))
        await work.keep(new(work))

    await done(pool, marketplace, act)
    inner, together, outer = await rows(owner, "audit")
    assert (together["action"], together["at"]) == (inner["action"], inner["at"])
    assert (inner["actor_id"], inner["action"]) == ("system:COUPON_EXPIRY", "COUPON_EXPIRY")
    assert inner["at"] == outer["at"] + timedelta(days=1)
    assert inner["written_by"] == outer["written_by"]


def test_ids_are_spelled_as_the_law_says_and_sort_as_they_were_minted() -> None:
    minted = [mint(OrganisationId) for _ in range(5_000)]
    assert minted == sorted(minted)
    assert len(set(minted)) == len(minted)
    assert all(OrganisationId.parse(id) == id for id in minted)
    assert type(minted[0]) is OrganisationId


async def test_clocks_are_stored_as_they_are(pool: Pool, marketplace: Marketplace) -> None:
    async def act(work: Work) -> None:
        change = clocks.start(
            Duty.ANSWER_CLAIM,
            mint(CouponId),
            work.at,
            id=work.new_id(ClockId),
            at=work.at,
            party_id=mint(OrganisationId),
            calendar="US",
        )
        await work.keep(change)
        assert await CLOCKS.get(work.connection, work.tenant_id, change.after.id) == change.after
        paused = clocks.pause(change.after, "a storm", at=work.at)
        await work.keep(paused)
        assert await CLOCKS.get(work.connection, work.tenant_id, change.after.id) == paused.after

    await done(pool, marketplace, act)
