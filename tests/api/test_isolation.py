"""Neither tenant nor party leaks: row-level security alone, the scoping in code alone, and both against each other.

Alone, row-level security is asked for every table, read, changed and written by statements that scope nothing. The
scoping in code is asked for everything that the contract offers, as every kind of caller, by a role that row-level
security does not bind: the owner's. "Against each other" is a pool that shows another tenant than the one the code
asks for. All of it happens in the same two marketplaces, which take longest to make.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLObjectType,
    GraphQLScalarType,
    get_named_type,
    is_list_type,
    is_non_null_type,
)
from hypothesis import assume, given
from hypothesis import settings as tries
from hypothesis import strategies as st

from api.reads.engine import Answer, Engine
from api.schema.schema import Contract
from api.schema.schema import contract as make_contract
from api.settings import Settings
from api.verbs import books
from domain.access import Caller
from domain.errors import Conflict, NotFound
from domain.ids import KINDS, TenantId, is_id
from storage import pool as connections
from storage import tables as declared
from storage import trail
from storage.pool import Connection, Pool
from storage.unit_of_work import Outcome, Work, transact
from storage.views.view import Listing, Point
from tests.attempts import attempts
from tests.engine.judge import agree
from tests.engine.operations import MADE_UP
from tests.engine.reference import Reference
from tests.engine.shipped import about, asked, by_kind
from tests.isolation import Side, side, tables
from tests.marketplaces import Asking

SAMPLE = 3
"""Every how manieth thing of a kind is asked for with everything around it."""
RARE = 8
"""Of a kind with so few things the first test asks for all."""
AT_ONCE = 100
"""How many ids `nodes` takes."""
STATEMENTS = 2_000
"""More than everything that is asked here needs."""
KINDS_SHOWN = (
    "ord shp leg wev cov clm cpn red rec buy sup prv gua mem inv key dec clk upl dep dmv svc lan rsh rim flg svp rmd "
    "bdl rfd gdw evi evf evq evm ret rtl isp ccl cpy cbk cbe"
).split()


class Misled(Pool):
    """A pool that shows one tenant's rows whatever tenant it is asked for."""

    shows: str = ""

    async def _take(self, tenant: str | None) -> Connection:  # noqa: ARG002 - that is the point
        return await super()._take(self.shows)


@dataclass(slots=True, repr=False)
class World:
    """Two marketplaces, and clients of the same engine over four ways to the database. Too much to be shown whole."""

    here: Side
    there: Side
    app: Asking
    unbound: Asking
    """Without row-level security."""
    misled: Asking
    """Shows `here`, whoever asks."""


@pytest.fixture(scope="module")
async def both(worker_pool: Pool, owner: asyncpg.Pool[Any], emptying: str) -> AsyncIterator[tuple[Side, Side]]:
    yield await side(worker_pool, owner, "Here"), await side(worker_pool, owner, "There")
    await owner.execute(emptying)


@pytest.fixture(scope="module")
async def world(settings: Settings, promised: Contract, both: tuple[Side, Side]) -> AsyncIterator[World]:
    here, there = both
    with pytest.MonkeyPatch.context() as patch:  # a few hundred long statements go round: each is planned once
        patch.setattr(connections, "STATEMENTS_MAX", STATEMENTS)
        patch.setitem(connections.SETTINGS, "plan_cache_mode", "force_generic_plan")
        app = await Pool.open(settings.database_url, size=1)
        unbound = await Pool.open(settings.database_owner_url, size=1)
        misled = await Misled.open(settings.database_url, size=1)
        misled.shows = here.market.id
        reader = Engine(promised, app)
        yield World(here, there, *(Asking(Engine(promised, pool), reader) for pool in (app, unbound, misled)))
        for pool in (app, unbound, misled):
            await pool.close()


# -- row-level security alone ------------------------------------------------------------------------------------------


OPEN_TO_WORKER = {
    "tenants", "members", "invitations", "api_keys", "audit", "audit_seals", "ledger_seals", "outbox", "clocks",
    "rate_imports",
}  # fmt: skip
"""What the worker's role may read of every tenant (house.md 5)."""


async def counts(pool: Any, name: str, tenant: str) -> int:
    return int(await pool.fetchval(f"SELECT count(*) FROM {name} WHERE tenant_id = $1", tenant))


async def test_every_table_has_rows_of_both_tenants(both: tuple[Side, Side], owner: asyncpg.Pool[Any]) -> None:
    empty = [name for name in await tables(owner) for each in both if not await counts(owner, name, each.market.id)]
    assert empty == [], "the story of tests/isolation.py must fill every table"


async def test_every_table_of_tenant_data_forces_row_level_security(owner: asyncpg.Pool[Any]) -> None:
    names = await tables(owner)
    rows = await owner.fetch(
        "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = ANY ($1::text[])", names
    )
    assert {row["relname"] for row in rows if row["relrowsecurity"] and row["relforcerowsecurity"]} == set(names)
    assert "claims" in names


async def test_the_roles_of_app_and_worker_own_nothing_and_bypass_nothing(app_pool: Pool, worker_pool: Pool) -> None:
    asked = (
        "SELECT rolbypassrls OR rolsuper OR rolcreaterole OR rolcreatedb OR EXISTS (SELECT FROM pg_class WHERE "
        "relowner = r.oid) OR EXISTS (SELECT FROM pg_proc WHERE proowner = r.oid) "
        "FROM pg_roles r WHERE rolname = current_user"
    )
    assert await app_pool.fetchval(None, asked) is False
    assert await worker_pool.fetchval(None, asked) is False


async def test_without_scoping_in_code_a_connection_shows_one_tenants_rows(
    both: tuple[Side, Side], app_pool: Pool, worker_pool: Pool, owner: asyncpg.Pool[Any]
) -> None:
    here, there = both
    for name in await tables(owner):
        everything = f"SELECT count(*) AS all, count(*) FILTER (WHERE tenant_id = $1) AS own FROM {name}"
        for role, roles_pool in (("app", app_pool), ("worker", worker_pool)):
            for each in both:
                row = await roles_pool.fetchrow(each.market.id, everything, each.market.id)
                assert row is not None
                expected = await counts(owner, name, each.market.id)
                assert row["own"] == expected, (role, name)
                is_open = role == "worker" and name in OPEN_TO_WORKER
                assert (row["all"] > row["own"]) is is_open, (role, name)
            nobody = await roles_pool.fetchval(None, f"SELECT count(*) FROM {name}")
            assert (nobody > 0) is (role == "worker" and name in OPEN_TO_WORKER), (role, name)
        assert (
            await app_pool.fetchval(
                here.market.id, f"SELECT count(*) FROM {name} WHERE tenant_id = $1", there.market.id
            )
            == 0
        )


async def test_another_tenants_rows_are_neither_changed_nor_deleted_nor_written(
    both: tuple[Side, Side], app_pool: Pool, worker_pool: Pool, owner: asyncpg.Pool[Any]
) -> None:
    here, there = both
    for name in await tables(owner):
        columns = [
            row["attname"]
            for row in await owner.fetch(
                "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped "
                "AND attgenerated = ''",
                name,
            )
        ]
        copied = ", ".join(columns)
        moved = ", ".join("$1" if column == "tenant_id" else column for column in columns)
        attempts = (
            f"UPDATE {name} SET tenant_id = tenant_id WHERE tenant_id = $1 RETURNING 1",
            f"DELETE FROM {name} WHERE tenant_id = $1 RETURNING 1",
            f"INSERT INTO {name} ({copied}) SELECT {moved} FROM {name} WHERE tenant_id <> $1 RETURNING 1",
            f"UPDATE {name} SET tenant_id = $1 WHERE tenant_id <> $1 RETURNING 1",
        )
        for roles_pool in (app_pool, worker_pool):
            for text in attempts:
                assert await attempted(roles_pool, here.market.id, text, there.market.id) == [], text


async def attempted(pool: Pool, shown: str, text: str, other: str) -> list[Any]:
    """What the statement touched of the other tenant; nothing where it is not allowed at all.

    Any other error fails the test: a violated key, for one, would tell that the other tenant has such a row.
    """
    try:
        async with pool.transaction(shown) as connection:
            return list(await connection.fetch(text, other))
    except (asyncpg.InsufficientPrivilegeError, asyncpg.RestrictViolationError):
        return []


async def test_statements_scoped_to_another_tenant_find_nothing_either(both: tuple[Side, Side], app_pool: Pool) -> None:
    here, there = both
    checked = 0
    for table in declared._TABLES.values():
        async with app_pool.acquire(there.market.id) as connection:
            theirs = await table.select(connection, there.market.id, "true")
        async with app_pool.acquire(here.market.id) as connection:
            assert await table.select(connection, there.market.id, "true") == [], table.name
        checked += bool(theirs)
    assert checked > 15


async def test_a_failed_or_cancelled_act_leaves_no_tenant_behind(
    both: tuple[Side, Side], app_pool: Pool, owner: asyncpg.Pool[Any]
) -> None:
    here, there = both
    own = {await counts(owner, "claims", each.market.id) for each in both}
    seen: list[int] = []
    inside = asyncio.Event()

    async def refuse(work: Work) -> Outcome:
        seen.append(await work.connection.fetchval("SELECT count(*) FROM claims"))
        raise Conflict("on purpose")

    async def fail(work: Work) -> Outcome:
        await work.connection.fetchval("SELECT 1 / 0")
        raise AssertionError("the statement before fails")

    async def sleep(work: Work) -> Outcome:
        inside.set()
        await work.connection.fetchval("SELECT pg_sleep(30)")
        raise AssertionError("cancelled before")

    async def act(caller: Caller, body: Any) -> None:
        await transact(app_pool, caller, action="test", request_id="test", act=body)

    for number in range(3 * app_pool.count + 3):
        caller = (here, there)[number % 2].trades[0].buyer.caller
        body, error = ((refuse, Conflict), (fail, asyncpg.DivisionByZeroError))[number // 2 % 2]
        with pytest.raises(error):
            await act(caller, body)
    cancelled = asyncio.create_task(act(here.staff, sleep))
    await inside.wait()
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    whose = "SELECT array_agg(DISTINCT tenant_id) FROM claims"
    for _ in range(3 * app_pool.count):
        assert await app_pool.fetchval(there.market.id, whose) == [there.market.id]
        assert await app_pool.fetchval(None, whose) is None
        assert await app_pool.fetchval(here.market.id, whose) == [here.market.id]
    assert set(seen) == own


async def test_a_caller_of_no_tenant_finds_no_clock(both: tuple[Side, Side], app_pool: Pool) -> None:
    nowhere = dataclasses.replace(both[0].staff, tenant_id=TenantId("ten_" + "0" * 26))

    async def act(_work: Work) -> Outcome:
        raise NotFound("never reached")

    with pytest.raises(LookupError, match="no tenant"):
        await transact(app_pool, nowhere, action="test", request_id="test", act=act)


# -- everything that can be asked --------------------------------------------------------------------------------------


def leaves(contract: Contract, type_: GraphQLObjectType, depth: int) -> str:
    """A selection of the type: every field that needs no argument, things below it as deep as said."""
    parts = ["__typename"]
    for name, field in type_.fields.items():
        named = get_named_type(field.type)
        if any(is_non_null_type(argument.type) for argument in field.args.values()):
            continue
        if isinstance(named, GraphQLScalarType | GraphQLEnumType):
            parts.append(name)
        elif name != "pageInfo" and isinstance(named, GraphQLObjectType):
            if "nodes" in named.fields:
                if depth:
                    node = get_named_type(named.fields["nodes"].type)
                    assert isinstance(node, GraphQLObjectType)
                    inner = leaves(contract, node, 0)
                    parts.append(f"{name}(first: 20) {{ totalCount edges {{ cursor node {{ {inner} }} }} }}")
            elif named.name in contract.views:
                parts.append(f"{name} {{ {leaves(contract, named, depth - 1) if depth else '__typename id'} }}")
            elif depth or not is_list_type(field.type):
                parts.append(f"{name} {{ {leaves(contract, named, 0)} }}" if depth else f"{name} {{ __typename }}")
        elif depth and hasattr(named, "types"):
            parts.append(f"{name} {{ __typename ... on Node {{ id }} }}")
    return " ".join(parts)


def questions(contract: Contract) -> Iterator[tuple[str, bool]]:
    """(document, whether it asks for one id): every listing and every point of the contract, a level deep."""
    query = contract.graphql.query_type
    assert query is not None
    for name, root in sorted(contract.roots.items()):
        if isinstance(root, Point):
            type_ = contract.graphql.type_map[root.type]
            assert isinstance(type_, GraphQLObjectType)
            yield f"query ($id: ID!) {{ {name}(id: $id) {{ {leaves(contract, type_, 1)} }} }}", True
        elif isinstance(root, Listing):
            type_ = contract.graphql.type_map[root.type]
            assert isinstance(type_, GraphQLObjectType)
            inner = leaves(contract, type_, 0)
            yield f"{{ {name}(first: 100) {{ totalCount edges {{ cursor node {{ {inner} }} }} }} }}", False
    yield "{ viewer { actorId kind party { ... on Node { id } } organisation { id name } tenant { id name } } }", False
    yield "query ($id: ID!) { node(id: $id) { __typename id } }", True
    yield NODES, False


NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"


def prefix_of(contract: Contract, text: str) -> str | None:
    """Which ids the question is about: the prefix of its root's type, None for any."""
    root = contract.roots.get(text.split("{", 1)[1].split("(", 1)[0].strip())
    return contract.views[root.type].prefix if isinstance(root, Point) else None


async def everything(ask: Asking, caller: Caller, ids: frozenset[str]) -> list[tuple[str, Answer]]:
    """Every question of the contract: those for one thing once for a few ids of each kind, `nodes` for all of them."""
    contract = ask.engine.contract
    known = {view.prefix for view in contract.views.values()}
    kinds = {kind: [id_ for id_ in sorted(ids) if id_[:3] == kind] for kind in known}
    every = [id_ for of_kind in kinds.values() for id_ in of_kind]
    answers: list[tuple[str, Answer]] = []
    for text, by_id in questions(contract):
        prefix = prefix_of(contract, text)
        asked: list[dict[str, Any]] = [{}]
        if text == NODES:
            asked = [{"ids": every[first : first + AT_ONCE]} for first in range(0, len(every), AT_ONCE)]
        elif by_id and prefix:
            asked = [{"id": id_} for id_ in kinds[prefix][::SAMPLE]]
        elif by_id:
            asked = [{"id": of_kind[0]} for of_kind in kinds.values() if of_kind]
        answers += [(text, await ask.answer(caller, text, **variables)) for variables in asked]
    return answers


def leaked(answers: list[tuple[str, Answer]], forbidden: frozenset[str]) -> list[tuple[str, str]]:
    """(question, id) for every forbidden id in an answer's data."""
    found: list[tuple[str, str]] = []
    for text, answer in answers:
        shown = set(ids_in(answer.data))
        found += [(text, id_) for id_ in sorted(shown & forbidden)]
    return found


def ids_in(value: Any) -> Iterator[str]:
    """Every id anywhere in the data, alone or inside a text."""
    if isinstance(value, dict):
        for each in value.values():
            yield from ids_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from ids_in(each)
    elif isinstance(value, str):
        yield from (word for word in value.replace('"', " ").split() if word[:3] in KINDS and is_id(word))


# -- reading -----------------------------------------------------------------------------------------------------------


ONE_NET = (
    pytest.param(True, id="row-level security on", marks=pytest.mark.long),
    pytest.param(False, id="row-level security off"),
)
"""What nobody sees or changes without the second net, nobody does with it: the usual run asks the harder half."""


async def test_the_questions_ask_for_something(world: World) -> None:
    staff, ids = world.here.staff, sorted(world.here.ids)
    answers = await everything(world.app, staff, frozenset(ids[::9]))
    for text, _ in questions(world.app.engine.contract):
        of_kind = [id_ for id_ in ids if id_[:3] == prefix_of(world.app.engine.contract, text)]
        if len(of_kind) <= RARE:  # a sample can miss the only one with something inside
            answers += [(text, await world.app.answer(staff, text, id=id_)) for id_ in of_kind]
    assert not [(text, codes(answer)) for text, answer in answers if answer.errors]
    seen = {id_ for _, answer in answers for id_ in ids_in(answer.data)}
    for kind in KINDS_SHOWN:
        assert any(id_.startswith(kind) for id_ in seen), kind
    counted = [text for text, answer in answers if answer.data and text.startswith("{") and "viewer" not in text]
    assert len(counted) > 10


@pytest.mark.parametrize("bound", ONE_NET)
async def test_nobody_sees_anything_of_another_tenant(world: World, bound: bool) -> None:
    ask = world.app if bound else world.unbound
    for caller in world.here.callers:
        assert leaked(await everything(ask, caller, world.there.ids), world.there.ids) == [], caller


@pytest.mark.parametrize("bound", ONE_NET)
async def test_no_party_sees_anything_of_another_set_of_parties(world: World, bound: bool) -> None:
    ask = world.app if bound else world.unbound
    for mine, other in (world.here.trades, world.here.trades[::-1]):
        for caller in mine.callers:
            answers = await everything(ask, caller, other.ids)
            assert leaked(answers, other.private) == [], caller
            own = {id_ for _, answer in answers for id_ in ids_in(answer.data)} & mine.private
            assert own, "listings show what is the party's own"


@pytest.mark.long
async def test_row_level_security_changes_no_answer(world: World) -> None:
    for caller in world.here.callers:
        ids = world.here.trades[0].ids
        bound, unbound = await everything(world.app, caller, ids), await everything(world.unbound, caller, ids)
        for (text, one), (_, other) in zip(bound, unbound, strict=True):
            if "viewer" not in text:  # which tells the time
                assert (one.data, codes(one)) == (other.data, codes(other)), text


async def test_statements_scoped_to_a_tenant_that_the_connection_does_not_show_find_nothing(world: World) -> None:
    for caller in world.there.callers:
        answers = await everything(world.misled, caller, frozenset(sorted(world.there.ids)[::5]))
        shown = {id_ for text, answer in answers if "viewer" not in text for id_ in ids_in(answer.data)}
        assert shown == set(), caller


def codes(answer: Answer) -> list[tuple[str, Any]]:
    """What is wrong and where, without the request's id."""
    return [(error["extensions"]["code"], error.get("path")) for error in answer.errors]


# -- what the reference says -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reference() -> Reference:
    """The naive reference over a contract of its own."""
    return Reference(make_contract())


@pytest.mark.parametrize("in_turn", [True, pytest.param(False, marks=pytest.mark.long)])
async def test_every_question_is_answered_as_the_reference_does(
    world: World, reference: Reference, in_turn: bool
) -> None:
    """Byte for byte: by each kind of caller, or by one after the other."""
    reader, ids = world.app.reader, by_kind(world.here.trades[0].ids)
    shown = [ids[view.prefix][0] for view in reader.contract.views.values() if view.prefix in ids]
    callers = (world.here.staff, *world.here.trades[0].callers)
    for place, (text, by_id) in enumerate(questions(reader.contract)):
        prefix = prefix_of(reader.contract, text)
        if prefix is None or prefix in ids:
            one = ids[prefix][0] if prefix else shown[0]
            variables: dict[str, Any] = {"id": one} if by_id else {"ids": shown[:AT_ONCE]} if text == NODES else {}
            for caller in callers[place % len(callers) :: len(callers)] if in_turn else callers:
                await agree(reader, reference, reader.pool, caller, text, variables)


@tries(**MADE_UP)
@given(operation=asked(), who=st.integers(0))
async def test_what_is_made_up_from_the_contract_is_answered_as_the_reference_does(
    world: World, reference: Reference, operation: tuple[str, dict[str, Any]], who: int
) -> None:
    reader, callers = world.app.reader, (world.here.staff, *world.here.callers, world.here.guest)
    text = about(operation[0], world.here.ids)
    refused = {error["extensions"]["code"] for error in reader.prepare(text).errors}
    assert refused <= {"LIMIT_EXCEEDED"}
    assume(not refused)
    await agree(reader, reference, reader.pool, callers[who % len(callers)], text, operation[1])


# -- changing ----------------------------------------------------------------------------------------------------------


def test_every_mutation_that_takes_an_id_is_attempted(promised: Contract) -> None:
    mutation = promised.graphql.mutation_type
    assert mutation is not None
    taking = {
        name
        for name, field in mutation.fields.items()
        if any("ID" in str(each.type) for each in get_named_type(field.args["input"].type).fields.values())
    }
    alike = {"registerSupplier", "registerProvider"}  # to registerBuyer, in everything but the table
    in_lists = {"recordTrackingEvents", "recordProhibitedGoods"}  # each row of the list names its id
    assert taking - alike | in_lists == attempts(frozenset()).keys()


async def state(owner: asyncpg.Pool[Any], tenant: str) -> tuple[int, int]:
    """How many audit rows a tenant has, and outbox rows: every change of anything leaves one of each."""
    counted = "SELECT count(*) FROM {} WHERE tenant_id = $1"
    return await owner.fetchval(counted.format("audit"), tenant), await owner.fetchval(counted.format("outbox"), tenant)


async def refusals(ask: Asking, caller: Caller, mutation: str, members: dict[str, Any]) -> set[str]:
    """The codes of what stands in the way. `decideClaims` answers claim by claim: of each that there is none such."""
    selection = "results { claim { id } effect amount { amount } because { reason } message }"
    payload = await ask.mutate(caller, mutation, selection if mutation == "decideClaims" else "__typename", **members)
    codes = {error["code"] for error in payload["userErrors"]}
    for result in payload.get("results") or ():
        unknown: dict[str, Any] = {
            "claim": None,
            "effect": "REFUSED",
            "amount": None,
            "because": [],
            "message": "There is no such claim.",
        }
        assert result == unknown, (mutation, caller)
        codes.add("NOT_FOUND")
    return codes


@pytest.mark.parametrize("bound", ONE_NET)
async def test_nobody_changes_anything_of_another_tenant(world: World, owner: asyncpg.Pool[Any], bound: bool) -> None:
    ask = world.app if bound else world.unbound
    before = await state(owner, world.here.market.id), await state(owner, world.there.market.id)
    for caller in world.here.callers:
        for mutation, members in attempts(world.there.ids).items():
            codes = await refusals(ask, caller, mutation, members)
            assert codes, (mutation, caller)
            assert codes <= {"NOT_FOUND", "FORBIDDEN", "INVALID", "REFUSED"}, (mutation, caller, codes)
    assert (await state(owner, world.here.market.id), await state(owner, world.there.market.id)) == before


@pytest.mark.parametrize("bound", ONE_NET)
async def test_no_party_changes_anything_of_another_set_of_parties(
    world: World, owner: asyncpg.Pool[Any], bound: bool
) -> None:
    ask = world.app if bound else world.unbound
    before = await state(owner, world.here.market.id)
    mine, other = world.here.trades
    for caller in (*mine.callers, world.here.guest):
        for mutation, members in attempts(other.ids).items():
            assert await refusals(ask, caller, mutation, members), (mutation, caller)
    assert await state(owner, world.here.market.id) == before


# -- the doctor --------------------------------------------------------------------------------------------------------


ALTERED = {
    "charges of quotes": "UPDATE quotes SET charges = replace(charges, '\"minor\":', '\"minor\":1')",
    "rate of exchange_rates": "UPDATE exchange_rates SET rate = rate + 0.000000000001",
    "cap_sdr of carrier_claims": "UPDATE carrier_claims SET cap_sdr = NULL",
}
"""What audit spells otherwise than a row does: content by its digest, numbers without zeros at their end."""


async def test_the_doctor_finds_what_was_altered_and_nothing_else(
    world: World, worker_pool: Pool, owners_pool: Pool
) -> None:
    found = [*(await books.laws(worker_pool)).values(), *(await books.record(worker_pool)).values()]
    assert [broken for laws in found for law in laws for broken in law.broken] == []
    async with owners_pool.acquire(None) as connection:
        await connection.execute("BEGIN")
        for what, change in ALTERED.items():
            await connection.execute(f"ALTER TABLE {what.split()[-1]} DISABLE TRIGGER USER")
            assert (await connection.execute(change)).split()[-1] != "0", what
        told = (await trail.law(connection, world.here.market.id)).broken
        await connection.execute("ROLLBACK")
    assert {each.partition(": ")[2] for each in told} == {f"{what} was altered" for what in ALTERED}
