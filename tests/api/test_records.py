"""Records: what is counted as it happens is what the shipments add up to; who sees what of it."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import orjson
import pytest

from api.operations import records as counting
from api.settings import Settings
from api.verbs import books
from domain.access import Role
from domain.change import Change, Happening
from domain.ids import BuyerId, ProviderId, ShipmentId, SupplierId
from domain.records import LOOKBACK, Counter, Window, difference
from domain.shipments import Shipment, ShipmentMode
from domain.tracking import ResponsibleParty, ShipmentState, TrackingStatus
from storage import migrate, orders, records
from storage.minting import mint
from storage.shipments import SHIPMENTS
from storage.unit_of_work import Outcome, Work
from tests.builders import START, Market, line, set_clock
from tests.marketplaces import Asking, Marketplace, Member
from tests.openings import NAME

LATER = START + timedelta(days=40)
RECORD = """query($id: ID!, $window: RecordWindow, $mode: ShipmentMode) { provider(id: $id) {
record(window: $window, mode: $mode) { window since until mode
  onTime { shareBp count of meetsTarget because { reason holds } } validTracking { shareBp count of }
  lateShipment { shareBp } cancellation { shareBp count of }
  promised delivered outstanding lost meanDaysLate late { days count }
} } }"""


class Yard:
    """A marketplace with a buyer, a supplier and two providers, and shipments that are moved about."""

    def __init__(self, market: Marketplace, members: dict[str, Member]) -> None:
        self.market, self.members = market, members
        self.story = Market(market.pool, market.id, market.made.admin_key, market.made.operator_id)
        self.buyer = BuyerId(str(members["buyer"].party_id))
        self.supplier = SupplierId(str(members["supplier"].party_id))
        self.providers = [ProviderId(str(members[name].party_id)) for name in ("carrier", "rival")]

    async def ship(self, provider: int = 0, promised_on: date | None = None) -> ShipmentId:
        order_id = await self.story.order(self.buyer, self.supplier, [line()])
        async with self.market.pool.acquire(self.market.id) as connection:
            (ordered,) = (await orders.get(connection, self.market.id, order_id)).lines
        return await self.story.ship(order_id, self.providers[provider], [ordered.id], promised_on=promised_on)

    async def differences(self) -> Any:
        async with self.market.pool.acquire(self.market.id) as connection:
            return await records.differences(connection, self.market.id)

    async def faults(self) -> list[str]:
        async with self.market.pool.acquire(self.market.id) as connection:
            return await records.faults(connection, self.market.id)

    async def record(self, at: datetime, provider: int = 0, **wish: Any) -> Any:
        async with self.market.pool.acquire(self.market.id) as connection:
            found = await records.by_providers(connection, self.market.id, self.providers, at, **wish)
        return found[self.providers[provider]]

    async def count(self, *counted: Change[Shipment]) -> None:
        """Counters moved as if those shipments had been kept."""

        async def act(work: Work, changes: tuple[Change[Shipment], ...]) -> Outcome:
            await counting.count(work, changes)
            return Outcome()

        await self.story.act(self.story.staff, act, counted)


@pytest.fixture
async def yard(market: Marketplace) -> Yard:
    await set_clock(market.pool, market.id, START)
    members = {
        "buyer": await market.add("buyer", Role.BUYER),
        "supplier": await market.add("supplier", Role.SUPPLIER),
        "carrier": await market.add("carrier", Role.PROVIDER),
        "rival": await market.add("rival", Role.PROVIDER),
    }
    return Yard(market, members)


def shipment(provider_id: ProviderId, number: int, **members: Any) -> Shipment:
    """A shipment as a row, for what only counts."""
    given: dict[str, Any] = {
        "state": ShipmentState.BOOKED,
        "promised_at": None,
        "picked_up_at": None,
        "attempted_at": None,
        "delivered_at": None,
        "recorded_at": START,
    } | members
    return Shipment(
        id=mint(ShipmentId),
        reference=f"T-{number}",
        order_id=None,  # type: ignore[arg-type]
        provider_id=provider_id,
        mode=ShipmentMode.AIR,
        eta_at=None,
        weight_grams=None,
        freight=None,
        version=1,
        **given,
    )


def recorded(thing: Shipment) -> Change[Shipment]:
    return Change(None, thing, (Happening("shipment.recorded"),))


# -- counting ----------------------------------------------------------------------------------------------------------

STATUSES = (
    TrackingStatus.PICKED_UP,
    TrackingStatus.IN_TRANSIT,
    TrackingStatus.DELIVERY_FAILED,
    TrackingStatus.RETURN_TO_SENDER,
    TrackingStatus.CANCELLED,
    TrackingStatus.DELIVERED,
    TrackingStatus.PENDING,
)


async def test_random_reports_in_any_order_leave_counters_that_recomputing_agrees_with(yard: Yard) -> None:
    chance = random.Random(20261122)  # noqa: S311 - a test's own sequence
    promises = [None, (START + timedelta(days=2)).date(), (START + timedelta(days=9)).date()]
    ids = [await yard.ship(chance.randrange(2), chance.choice(promises)) for _ in range(6)]
    await yard.story.move(LATER)
    for _ in range(40):
        at = START + timedelta(hours=chance.randrange(24 * 20))
        await yard.story.track(chance.choice(ids), chance.choice(STATUSES), at)
        assert await yard.differences() == {}
    sums = await yard.market.pool.fetch(
        yard.market.id, "SELECT sum(recorded) AS recorded, sum(promised) AS promised FROM provider_days"
    )
    assert sums[0]["recorded"] > 0


async def test_the_day_of_a_late_report_is_the_one_it_tells_of(yard: Yard) -> None:
    promised = START.date() + timedelta(days=4)
    id = await yard.ship(promised_on=promised)
    await yard.story.move(LATER)
    assert (await yard.record(LATER, window=Window.QUARTER)).counts.outstanding == 1
    await yard.story.track(id, TrackingStatus.DELIVERED, START + timedelta(days=7))
    late = await yard.record(LATER, window=Window.QUARTER)
    assert (late.promised, late.on_time, late.delivered, late.late_days) == (1, 0, 1, 3)
    await yard.story.track(id, TrackingStatus.DELIVERED, START + timedelta(days=3))  # the carrier corrects itself
    kept = await yard.record(LATER, window=Window.QUARTER)
    assert (kept.promised, kept.on_time, kept.delivered, kept.late_days) == (1, 1, 1, 0)
    assert (await yard.record(LATER, window=Window.MONTH)).promised == 0  # promised 36 days ago
    assert await yard.differences() == {}


async def test_modes_are_told_apart_and_added_up(yard: Yard) -> None:
    mine = yard.providers[0]
    at = START + timedelta(days=30)
    await yard.count(*(recorded(shipment(mine, n, promised_at=START, delivered_at=START)) for n in range(3)))
    assert (await yard.record(at, mode=ShipmentMode.AIR)).promised == 3
    assert (await yard.record(at, mode=ShipmentMode.RAIL)).promised == 0
    assert (await yard.record(at)).promised == 3
    assert (await yard.record(at, provider=1)).promised == 0


async def test_quotes_believe_a_record_for_a_minute_and_no_longer(yard: Yard) -> None:
    at = START + timedelta(days=30, hours=1)
    mine = yard.providers[0]

    async def seen(at: datetime) -> int:
        async with yard.market.pool.acquire(yard.market.id) as connection:
            return (await records.recent(connection, yard.market.id, yard.providers, at))[mine].promised

    assert await seen(at) == 0
    await yard.count(recorded(shipment(mine, 1, promised_at=START)))
    assert await seen(at + records.TRUSTED - timedelta(microseconds=1)) == 0
    assert await seen(at + records.TRUSTED) == 1
    await yard.count(recorded(shipment(mine, 2, promised_at=START)))
    assert await seen(at) == 2  # a clock that was moved back believes nothing of its future
    midnight = at.replace(hour=0) + timedelta(days=1)
    assert await seen(midnight - timedelta(seconds=1)) == 2
    await yard.count(recorded(shipment(mine, 3, promised_at=START)))
    assert await seen(midnight) == 3  # another day, other sums


async def test_many_count_the_same_days_at_once(yard: Yard) -> None:
    mine, other = yard.providers
    days = [START + timedelta(days=day) for day in range(5)]

    async def some(seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - a test's own sequence
        for number in range(6):
            things = [shipment(chance.choice((mine, other)), number, promised_at=chance.choice(days)) for _ in range(8)]
            await yard.count(*map(recorded, things))

    await asyncio.gather(*map(some, range(4)))
    at = START + timedelta(days=20)
    mine_now, other_now = await yard.record(at), await yard.record(at, provider=1)
    assert mine_now.promised + other_now.promised == 4 * 6 * 8


async def test_a_refused_act_counts_nothing(yard: Yard) -> None:
    async def act(work: Work, changes: tuple[Change[Shipment], ...]) -> Outcome:
        await counting.count(work, changes)
        raise RuntimeError("killed here")

    with pytest.raises(RuntimeError):
        await yard.story.act(yard.story.staff, act, (recorded(shipment(yard.providers[0], 1, promised_at=START)),))
    assert (await yard.record(START + timedelta(days=9))).promised == 0


async def test_recomputing_in_sql_says_what_the_domain_says(yard: Yard, owner: asyncpg.Pool[Any]) -> None:
    """Of three hundred shipments that stand in every way in which one can."""
    first = await yard.ship()
    chance = random.Random(11)  # noqa: S311 - a test's own sequence

    def instant() -> str | None:
        offset = timedelta(hours=chance.randrange(-24 * 20, 24 * 50), microseconds=chance.randrange(2))
        return None if chance.random() < 0.3 else (START + offset).isoformat()

    for number in range(300):
        standing = {
            "id": mint(ShipmentId),
            "reference": f"clone {number}",
            "provider_id": chance.choice(yard.providers),
            "mode": chance.choice(list(ShipmentMode)),
            "state": chance.choice(list(ShipmentState)),
            "responsible": chance.choice([None, *ResponsibleParty]),
            "tracking_number": "1Z",
            "tracking_valid": chance.choice([None, True, False]),
            **{f"{name}_at": instant() for name in ("promised", "picked_up", "attempted", "delivered", "moved")},
            "pickup_until_at": instant(),
        }
        await owner.execute(
            "INSERT INTO shipments SELECT (jsonb_populate_record(s, $2)).* FROM shipments s WHERE s.id = $1",
            first,
            orjson.dumps(standing).decode(),
        )
    await owner.execute("DELETE FROM provider_days")
    async with yard.market.pool.acquire(yard.market.id) as connection:
        stand = await SHIPMENTS.select(connection, yard.market.id, "true")
    assert len(stand) == 301
    counted = difference([recorded(replace(each, version=1)) for each in stand])
    assert {counter for _, counter in counted} == set(Counter)
    assert await yard.differences() == counted


async def test_recomputing_looks_back_as_far_as_counting(yard: Yard, owner: asyncpg.Pool[Any]) -> None:
    ids = [await yard.ship(promised_on=START.date()) for _ in range(2)]
    for id, by in zip(ids, (timedelta(0), timedelta(microseconds=1)), strict=True):
        at = START - LOOKBACK - by
        await owner.execute("UPDATE shipments SET promised_at = $2, delivered_at = $2 WHERE id = $1", id, at)
    assert {counter for (_, counter), count in (await yard.differences()).items() if count > 0} == {
        Counter.PROMISED, Counter.KEPT, Counter.DELIVERED,
    }  # fmt: skip


# -- the doctor --------------------------------------------------------------------------------------------------------


async def test_a_counter_that_is_off_is_told_with_its_provider_and_day_and_put_right(yard: Yard) -> None:
    await yard.ship(promised_on=START.date())
    mine = yard.providers[0]
    await yard.count(recorded(shipment(mine, 1, promised_at=START, delivered_at=START + timedelta(days=2))))
    told = await yard.faults()
    assert f"{mine} on {START.date()}, AIR: promised is off by 1" in told
    assert f"{mine} on {START.date()}, AIR: late_days is off by 2" in told

    async def repair(work: Work, _: None) -> Outcome:
        return Outcome(facts={"moved": await records.repair(work.connection, work.tenant_id)})

    outcome = await yard.story.act(yard.story.staff, repair, None)
    assert outcome.facts["moved"] == len(told)
    assert await yard.faults() == []
    assert (await yard.record(START + timedelta(days=9))).promised == 1


async def test_the_doctor_counts_anew(yard: Yard, settings: Settings) -> None:
    id = await yard.ship(promised_on=START.date())
    await yard.story.move(LATER)
    await yard.story.track(id, TrackingStatus.DELIVERED, START + timedelta(days=1))
    assert await books.recount(settings.database_worker_url) == {NAME: (0, [])}
    mine = yard.providers[0]
    await yard.count(recorded(shipment(mine, 1, promised_at=START)))
    (faults,) = [faults for _, faults in (await books.recount(settings.database_worker_url)).values()]
    assert len(faults) == 2
    assert all(fault.startswith(f"{mine} on {START.date()}") for fault in faults)
    assert await books.recount(settings.database_worker_url, repair=True) == {NAME: (2, [])}


async def test_a_shipment_that_is_not_where_its_reports_say_is_found(
    yard: Yard, settings: Settings, owner: asyncpg.Pool[Any]
) -> None:
    id = await yard.ship(promised_on=START.date())
    await owner.execute("UPDATE shipments SET state = 'DELIVERED', delivered_at = recorded_at WHERE id = $1", id)
    (faults,) = [faults for _, faults in (await books.recount(settings.database_worker_url)).values()]
    assert any(fault.startswith(f"{id} of {yard.providers[0]}") and "add up to BOOKED" in fault for fault in faults)
    assert any("delivered is off by -1" in fault for fault in faults)


async def test_what_was_shipped_before_there_were_counters_is_counted_by_the_migration(
    yard: Yard, owner: asyncpg.Pool[Any]
) -> None:
    chance = random.Random(7)  # noqa: S311 - a test's own sequence
    for _ in range(5):
        id = await yard.ship(chance.randrange(2), (START + timedelta(days=chance.randrange(9))).date())
        await yard.story.track(id, chance.choice(STATUSES), START)
    await owner.execute("DELETE FROM provider_days")
    assert await yard.differences() != {}
    text = next(each.text for each in migrate.shipped() if each.name == "0014_records")
    start = text.index("INSERT INTO provider_days")
    await owner.execute(text[start : text.index(";", start)])
    assert await yard.differences() == {}


# -- who sees it -------------------------------------------------------------------------------------------------------


@pytest.fixture
async def told(yard: Yard) -> Yard:
    """20 promises, 18 of them kept and two two days late; 8 shipments called off of 40."""
    mine = yard.providers[0]
    due = datetime(2026, 2, 10, 23, 59, 59, 999999, tzinfo=UTC)
    early = datetime(2026, 1, 20, tzinfo=UTC)
    things = [
        shipment(
            mine, n, recorded_at=early, promised_at=due, delivered_at=due, moved_at=due, state=ShipmentState.DELIVERED
        )
        for n in range(18)
    ]
    late = due + timedelta(days=2)
    things += [
        shipment(mine, n, recorded_at=early, promised_at=due, delivered_at=late, moved_at=late) for n in range(2)
    ]
    things += [shipment(mine, n, recorded_at=early) for n in range(12)]
    things += [shipment(mine, n, recorded_at=early, state=ShipmentState.CANCELLED) for n in range(8)]
    await yard.count(*map(recorded, things))
    await yard.story.move(datetime(2026, 2, 20, 12, tzinfo=UTC))
    return yard


async def test_the_provider_and_staff_see_all_of_it(told: Yard, ask: Asking) -> None:
    for caller in (told.members["carrier"].caller, told.market.staff(Role.SUPPORT)):
        found = (await ask(caller, RECORD, id=told.providers[0], window="MONTH"))["provider"]["record"]
        assert (found["window"], found["since"], found["until"]) == ("MONTH", "2026-01-21", "2026-02-20")
        assert found["onTime"] == {
            "shareBp": 9000, "count": 18, "of": 20, "meetsTarget": True,
            "because": [{"reason": "record_meets_target", "holds": True}],
        }  # fmt: skip
        assert found["validTracking"] == {"shareBp": 6250, "count": 20, "of": 32}
        assert found["cancellation"] == {"shareBp": 2000, "count": 8, "of": 40}
        assert found["lateShipment"] == {"shareBp": None}
        assert (found["promised"], found["delivered"], found["outstanding"], found["lost"]) == (20, 20, 0, 0)
        assert found["meanDaysLate"] == "2.00"
        assert {"days": 2, "count": 2} in found["late"]


async def test_others_see_the_public_part_above_the_minimum(told: Yard, ask: Asking) -> None:
    for name in ("buyer", "supplier", "rival"):
        caller = told.members[name].caller
        found = (await ask(caller, RECORD, id=told.providers[0], window="MONTH"))["provider"]["record"]
        assert (found["onTime"]["shareBp"], found["validTracking"]["shareBp"]) == (9000, 6250)
        hidden = (
            "lateShipment",
            "cancellation",
            "promised",
            "delivered",
            "outstanding",
            "lost",
            "meanDaysLate",
            "late",
        )
        assert [found[field] for field in hidden] == [None] * len(hidden)
        week = (await ask(caller, RECORD, id=told.providers[0], window="WEEK"))["provider"]["record"]
        assert (week["onTime"], week["validTracking"]) == (None, None)
    nothing = (await ask(told.members["buyer"].caller, RECORD, id=told.providers[1]))["provider"]["record"]
    assert (nothing["window"], nothing["onTime"]) == ("QUARTER", None)


async def test_below_the_minimum_the_provider_reads_why(told: Yard, ask: Asking) -> None:
    rival = told.members["rival"].caller
    found = (await ask(rival, RECORD, id=told.providers[1], mode="AIR"))["provider"]["record"]
    assert found["onTime"]["shareBp"] is None
    assert found["onTime"]["because"] == [{"reason": "record_has_enough_cases", "holds": False}]
    assert (found["mode"], found["promised"]) == ("AIR", 0)
