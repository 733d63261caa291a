"""Rule versions in rows: adopted with a tenant, found by instant, never changed; and what the process remembers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from api.settings import Settings
from domain.change import Change, Happening
from domain.dates import DAY, MICROSECOND, instant
from domain.errors import Conflict, NotFound, Refused
from domain.ids import RuleVersionId
from domain.rulebook import RuleVersion
from storage import calendars, rulebook
from storage.minting import mint
from storage.pool import Pool
from storage.unit_of_work import Outcome, Work, transact
from storage.views import rules as rule_views
from tests.storage.marketplaces import Marketplace

MACHINERY = "guarantees/machinery_after_sales"
SECOND_BEGINS = instant("2022-05-30T00:00:00Z")


async def act(pool: Pool, market: Marketplace, deed: Callable[[Work], Any]) -> None:
    """The deed, in a transaction of its own."""

    async def done(work: Work) -> Outcome:
        await deed(work)
        return Outcome()

    await transact(pool, market.caller, action="adoptRules", request_id="test", act=done)


async def number_at(pool: Pool, market: Marketplace, at: datetime, key: str = MACHINERY) -> int:
    async with pool.acquire(market.tenant_id) as connection:
        return (await rulebook.in_force(connection, market.tenant_id, key, at)).number


@pytest.fixture
async def adopted(pool: Pool, sandbox: Marketplace) -> Marketplace:
    """A sandbox with the shipped rules."""
    await act(pool, sandbox, rulebook.adopt_shipped)
    return sandbox


async def test_a_tenant_adopts_the_shipped_rules_once(pool: Pool, adopted: Marketplace) -> None:
    await act(pool, adopted, rulebook.adopt_shipped)
    async with pool.acquire(adopted.tenant_id) as connection:
        versions = await rulebook.page(connection, adopted.tenant_id)
    assert [(version.key, version.body, version.digest) for version in versions] == [
        (draft.rule_set.key, draft.body, draft.digest) for draft in rulebook.shipped()
    ]
    assert {version.published_by for version in versions} == {rulebook.SHIPPED_BY}
    assert rulebook.shipped_keys() == {version.key for version in versions}  # read without reading the whole files


async def lacking(settings: Settings) -> list[str]:
    """The tenants that the owner, who sees all, finds without a shipped rule."""
    owners = await Pool.open(settings.database_owner_url, size=1)
    async with owners.acquire(None) as connection:
        found = await rulebook.lacking_shipped(connection)
    await owners.close()
    return [str(id_) for id_ in found]


async def test_a_tenant_of_an_older_version_gets_what_it_lacks_and_keeps_its_own(
    pool: Pool, adopted: Marketplace, owner: asyncpg.Pool[Any], settings: Settings
) -> None:
    tenant = adopted.tenant_id
    machinery = "SELECT array_agg(number ORDER BY number) FROM rule_versions WHERE tenant_id = $1 AND key = $2"
    async with owner.acquire() as owners, owners.transaction():
        await owners.execute("SET LOCAL session_replication_role = replica")  # no rule is ever deleted otherwise
        await owners.execute("DELETE FROM rule_versions WHERE tenant_id = $1 AND key = 'tracking'", tenant)
        await owners.execute(
            "DELETE FROM rule_versions WHERE tenant_id = $1 AND key = $2 AND number > 1", tenant, MACHINERY
        )
    assert tenant in await lacking(settings)
    await act(pool, adopted, rulebook.adopt_shipped)
    async with pool.acquire(tenant) as connection:
        (found,) = await rulebook.by_keys(connection, tenant, "tracking")
    assert found.published_by == rulebook.SHIPPED_BY
    assert await owner.fetchval(machinery, tenant, MACHINERY) == [1]
    assert tenant not in await lacking(settings)
    adoptions = "SELECT count(*) FROM audit WHERE tenant_id = $1 AND object_id = $2"
    assert await owner.fetchval(adoptions, tenant, found.id) == 1


@pytest.mark.parametrize(
    ("at", "number"),
    [
        (SECOND_BEGINS - MICROSECOND, 1),
        (SECOND_BEGINS, 2),
        (instant("2022-07-05T23:59:59.999999Z"), 2),
        (instant("2022-07-06T00:00:00Z"), 3),
    ],
)
async def test_the_version_of_the_instant_governs(pool: Pool, adopted: Marketplace, at: datetime, number: int) -> None:
    assert await number_at(pool, adopted, at) == number


async def test_nothing_governs_before_the_first_version_or_under_another_key(
    pool: Pool, adopted: Marketplace, marketplace: Marketplace
) -> None:
    for market, key, at in (
        (adopted, MACHINERY, instant("1999-12-31T23:59:59Z")),
        (adopted, "guarantees/unheard_of", SECOND_BEGINS),
        (marketplace, MACHINERY, SECOND_BEGINS),
    ):
        with pytest.raises(Refused) as refusal:
            await number_at(pool, market, at, key)
        assert refusal.value.rule == "rulebook.in_force"


async def test_a_version_is_found_by_its_id_in_its_tenant_only(
    pool: Pool, adopted: Marketplace, marketplace: Marketplace
) -> None:
    async with pool.acquire(adopted.tenant_id) as connection:
        version = await rulebook.in_force(connection, adopted.tenant_id, MACHINERY, SECOND_BEGINS)
        assert await rulebook.get(connection, adopted.tenant_id, version.id) == version
        with pytest.raises(NotFound):
            await rulebook.get(connection, adopted.tenant_id, mint(RuleVersionId))
    async with pool.acquire(marketplace.tenant_id) as connection:
        with pytest.raises(NotFound):
            await rulebook.get(connection, marketplace.tenant_id, version.id)


# -- what a process remembers ------------------------------------------------------------------------------------------


class Counting:
    """A connection that counts the statements sent through it."""

    def __init__(self, connection: Any) -> None:
        self._connection, self.sent = connection, 0

    def __getattr__(self, name: str) -> Any:
        asked = getattr(self._connection, name)

        def send(*arguments: Any) -> Any:
            self.sent += 1
            return asked(*arguments)

        return send


async def test_past_instants_are_answered_from_memory(pool: Pool, adopted: Marketplace) -> None:
    async with pool.acquire(adopted.tenant_id) as connection:
        counting: Any = Counting(connection)
        numbers = [
            (await rulebook.in_force(counting, adopted.tenant_id, MACHINERY, SECOND_BEGINS + days * DAY)).number
            for days in (-1, 0, 1, 400, -400)
        ]
    assert numbers == [1, 2, 2, 3, 1]
    assert counting.sent == 2


async def test_instants_ahead_of_what_is_known_are_read_anew(pool: Pool, adopted: Marketplace) -> None:
    async with pool.acquire(adopted.tenant_id) as connection:
        counting: Any = Counting(connection)
        now = await connection.fetchval("SELECT clock_timestamp()")
        for ahead in (timedelta(hours=1), timedelta(hours=2)):
            await rulebook.in_force(counting, adopted.tenant_id, MACHINERY, now + ahead)
    assert counting.sent == 4


async def test_a_version_published_in_the_meantime_governs_when_its_day_comes(pool: Pool, adopted: Marketplace) -> None:
    async with pool.acquire(adopted.tenant_id) as connection:
        now: datetime = await connection.fetchval("SELECT clock_timestamp()")
    assert await number_at(pool, adopted, now) == 3
    begins = now + timedelta(days=8)
    await act(pool, adopted, lambda work: succeed(work, begins))
    assert await number_at(pool, adopted, now) == 3
    assert await number_at(pool, adopted, begins - MICROSECOND) == 3
    assert await number_at(pool, adopted, begins) == 4


async def succeed(work: Work, begins: datetime) -> None:
    """A fourth version of the machinery rule begins then."""
    versions = await rulebook.lock_key(work.connection, work.tenant_id, MACHINERY)
    last = versions[-1]
    await work.keep(
        Change(last, replace(last, effective_until=begins, version=last.version + 1), (Happening("rule.superseded"),))
    )
    await work.write()
    fourth = replace(
        last,
        id=work.new_id(RuleVersionId),
        number=4,
        published_at=work.at,
        effective_from=begins,
        version=1,
    )
    await work.keep(Change(None, fourth, (Happening("rule.published"),)))


async def test_memory_is_bounded(pool: Pool, adopted: Marketplace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rulebook, "CACHED_KEYS_MAX", 2)
    for key in ("tiers", "penalties", "publication", MACHINERY):
        await number_at(pool, adopted, SECOND_BEGINS, key)
    assert len(rulebook._known) == 2


# -- what the database refuses -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE rule_versions SET body = '{}'",
        "UPDATE rule_versions SET effective_from = effective_from - interval '1 day' WHERE number = 1",
        "UPDATE rule_versions SET effective_until = NULL WHERE number = 1 AND effective_until IS NOT NULL",
        "DELETE FROM rule_versions",
    ],
)
async def test_versions_never_change(owner: asyncpg.Pool[Any], adopted: Marketplace, statement: str) -> None:
    with pytest.raises(asyncpg.RestrictViolationError):
        await owner.execute(statement)


async def test_two_versions_of_a_key_never_overlap(pool: Pool, adopted: Marketplace) -> None:
    def twin(version: RuleVersion, id: RuleVersionId) -> Change[RuleVersion]:
        return Change(None, replace(version, id=id, number=9, version=1), (Happening("rule.published"),))

    async def overlap(work: Work) -> None:
        versions = await rulebook.lock_key(work.connection, work.tenant_id, MACHINERY)
        await work.keep(twin(versions[0], work.new_id(RuleVersionId)))

    with pytest.raises(Conflict):
        await act(pool, adopted, overlap)


# -- calendars ---------------------------------------------------------------------------------------------------------


async def test_every_market_has_its_frozen_calendar(pool: Pool, owner: asyncpg.Pool[Any]) -> None:
    async with owner.acquire() as connection:
        assert await calendars.freeze(connection) == []
        frozen = {row["market"] for row in await connection.fetch("SELECT market FROM calendars")}
    assert frozen == {*calendars.MARKETS, "ZZ"}


@pytest.mark.parametrize(
    ("market", "day", "works"),
    [
        ("US", "2026-07-03", False),  # Independence Day falls on a Saturday and is kept on Friday
        ("US", "2026-07-06", True),
        ("GB", "2026-04-06", False),  # Easter Monday
        ("DE", "2026-10-03", False),
        ("CN", "2022-06-03", False),  # the Dragon Boat Festival
        ("CN", "2026-02-14", True),  # a Saturday worked before the Spring Festival
        ("JP", "2026-05-06", False),  # a substitute holiday
        ("AE", "2021-01-01", False),  # a Friday, when Fridays were the weekend
        ("AE", "2021-01-03", True),  # a Sunday of that time
        ("AE", "2023-01-06", True),  # a Friday since the change
        ("AE", "2023-01-08", False),
        ("ZZ", "2026-12-25", True),
        ("ZZ", "2026-12-26", False),
    ],
)
async def test_calendars_know_their_days(pool: Pool, market: str, day: str, works: bool) -> None:
    async with pool.acquire("") as connection:
        calendar = await calendars.get(connection, market)
    assert calendar.works(datetime.fromisoformat(day).date()) is works
    assert (calendar.first_day, calendar.last_day) == (calendars.FIRST_DAY, calendars.LAST_DAY)


async def test_a_market_without_calendar_counts_utc_days(pool: Pool) -> None:
    async with pool.acquire("") as connection:
        assert (await calendars.get(connection, "CI")).zone == "UTC"


async def test_calendars_are_read_only_for_the_application(app: asyncpg.Pool[Any]) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await app.execute("INSERT INTO calendar_holidays (market, day, name) VALUES ('US', '2026-01-05', 'A day off')")


async def test_a_calendar_is_frozen_as_a_whole(connection: asyncpg.Connection[Any]) -> None:
    await connection.execute("DELETE FROM calendar_holidays WHERE market = 'MX'")
    await connection.execute("DELETE FROM calendars WHERE market = 'MX'")
    assert await calendars.freeze(connection) == ["MX"]
    frozen = await connection.fetch("SELECT day, works FROM calendar_holidays WHERE market = 'MX' ORDER BY day")
    assert [(row["day"], row["works"]) for row in frozen] == [
        (day, works) for day, works, _ in calendars.observed("MX")[1]
    ]


def test_a_texts_examples_are_judged_once_a_process() -> None:
    source = (rulebook.FOLDER / "guarantees" / "on_time.toml").read_text(encoding="utf-8")
    other = source.replace("share_bp = 1000", "share_bp = 2000")
    cases = rule_views.judged(source)
    assert {case.passes for case in cases} == {True}
    assert rule_views.judged(source[:100] + source[100:]) is cases
    assert False in {case.passes for case in rule_views.judged(other)}, "another text is judged by itself"
