"""Clock holds on a real database: what matches, what moves, what overlaps, what fires meanwhile, and who sees it."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from api.operations import claims, holds, legs
from api.worker import Worker
from domain.access import Caller, Role
from domain.claims import AnswerClaim, Claim, ClaimReason, ClaimState, OpenClaim
from domain.clocks import Clock, ClockState, Duty
from domain.coverage import Coverage, CoverageState
from domain.dates import rfc3339
from domain.errors import Conflict, Forbidden, Invalid, Refused
from domain.holds import ApplyClockHold, ReverseClockHold, Selection
from domain.ids import BuyerId, ClaimId, ClockHoldId, GuaranteeId, OrderId, ProviderId, ShipmentId, SupplierId
from domain.legs import NewLeg, PlanLegs
from domain.places import Area
from domain.shipments import ShipmentMode
from storage import claims as claim_rows
from storage import clocks as clock_rows
from storage import coverage as coverage_rows
from storage import orders as order_rows
from storage.clocks import CLOCKS
from storage.pool import Pool
from tests.builders import START, Market, line
from tests.marketplaces import Asking
from tests.serviced import later

DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
PROMISED = date(2026, 2, 20)
UNTIL = START + 40 * DAY
JUDGED = (Duty.LATE_DELIVERY,)


@dataclass
class Port:
    """A marketplace with a provider that answers for time; orders go by ways that a test names."""

    market: Market
    buyer_id: BuyerId
    supplier_id: SupplierId
    provider_id: ProviderId
    on_time: GuaranteeId

    @classmethod
    async def create(cls, market: Market, level: int = 0) -> Port:
        buyer_id, supplier_id = await market.register_buyer(level), await market.register_supplier()
        provider_id = await market.register_provider()
        return cls(market, buyer_id, supplier_id, provider_id, await market.offer(provider_id))

    async def order(self, *way: str, promised_on: date = PROMISED) -> OrderId:
        """An order that is promised, and on its way over those areas where any are given."""
        lines = [line(promised_on=promised_on)]
        order_id = await self.market.order(self.buyer_id, self.supplier_id, lines, [self.on_time])
        if way:
            await self.ship(order_id, *way)
        return order_id

    async def ship(self, order_id: OrderId, *way: str) -> ShipmentId:
        async with self.market.pool.acquire(self.market.tenant_id) as connection:
            order = await order_rows.get(connection, self.market.tenant_id, order_id)
        shipment_id = await self.market.ship(order_id, self.provider_id, [order.lines[0].id])
        areas = [Area.parse(key) for key in way]
        planned = [NewLeg(ShipmentMode.OCEAN, None, "Somebody", start, end) for start, end in itertools.pairwise(areas)]
        await self.market.act(self.market.staff, legs.plan_legs, PlanLegs(shipment_id, tuple(planned)))
        return shipment_id

    async def open(self, order_id: OrderId) -> ClaimId:
        """The buyer's claim about the late order."""
        command = OpenClaim((await self.cover(order_id)).id, ClaimReason.LATE_DELIVERY, None)
        outcome = await self.market.act(self.market.buyer(self.buyer_id), claims.open_claim, command)
        return ClaimId(str(outcome.things["claim"]))

    async def hold(self, **which: Any) -> ClockHoldId:
        """A hold of what matches, by policy staff."""
        wish = ApplyClockHold(selection(**which), "The port is closed.")
        outcome = await self.market.act(self.market.staff, holds.apply_clock_hold, wish)
        return ClockHoldId(str(outcome.things["clockHold"]))

    async def reverse(self, id: ClockHoldId) -> int:
        outcome = await self.market.act(self.market.staff, holds.reverse_clock_hold, ReverseClockHold(id, "It opened."))
        return int(outcome.facts["clocks"])

    async def cover(self, order_id: OrderId) -> Coverage:
        async with self.market.pool.acquire(self.market.tenant_id) as connection:
            return (await coverage_rows.by_order(connection, self.market.tenant_id, order_id))[0]

    async def claim(self, id: ClaimId) -> Claim:
        async with self.market.pool.acquire(self.market.tenant_id) as connection:
            return await claim_rows.get(connection, self.market.tenant_id, id)

    async def clocks(self, *subjects: str, duty: Duty | None = None) -> list[Clock]:
        async with self.market.pool.acquire(self.market.tenant_id) as connection:
            found = await clock_rows.by_subjects(connection, self.market.tenant_id, subjects)
        return [clock for clock in found if duty in {None, clock.duty}]

    async def judging(self, order_id: OrderId) -> Clock:
        """The clock that judges the order's first promise."""
        return (await self.clocks((await self.cover(order_id)).id, duty=Duty.LATE_DELIVERY))[0]


def selection(*, start: datetime = START, until: datetime = UNTIL, **which: Any) -> Selection:
    whole = Selection((), (), None, None, (), (), start, until)
    return replace(whole, **which)


@pytest.fixture
async def port(sandbox: Market) -> Port:
    return await Port.create(sandbox)


# -- which clocks -----------------------------------------------------------------------------------------------------


LANES: list[tuple[dict[str, Any], set[str]]] = [
    ({"through": ("CNSHA",)}, {"sea", "relay"}),
    ({"through": ("SGSIN",)}, {"relay"}),
    ({"through": ("CN",)}, {"sea", "relay", "south", "north"}),
    ({"through": ("US~9",)}, {"south"}),
    ({"through": ("CN-SH",)}, {"sea", "relay", "north"}),
    ({"from_area": "CNSHA", "to_area": "USLAX"}, {"sea", "relay"}),
    ({"from_area": "SGSIN", "to_area": "CNSHA"}, set()),
    ({"from_area": "CNSHA", "through": ("SGSIN", "NLRTM")}, {"relay"}),
    ({"countries": ("US",)}, {"sea", "relay", "south", "north", "waiting"}),
    ({"countries": ("DE",)}, set()),
    ({"countries": ("US",), "through": ("CNSZX",)}, {"south"}),
]


async def test_a_lane_a_place_and_a_country_say_which_clocks(port: Port) -> None:
    orders = {
        "sea": await port.order("CNSHA", "USLAX"),
        "relay": await port.order("CNSHA", "SGSIN", "USLAX"),
        "south": await port.order("CNSZX", "US~902"),
        "north": await port.order("CN-SH", "USNYC"),
        "waiting": await port.order(),
    }
    before = {name: (await port.judging(id)).due_at for name, id in orders.items()}
    for which, caught in LANES:
        if not caught:
            with pytest.raises(Refused, match="cannot be held"):
                await port.hold(duties=JUDGED, **which)
            continue
        id = await port.hold(duties=JUDGED, **which)
        after = {name: (await port.judging(order_id)).due_at for name, order_id in orders.items()}
        assert {name for name in orders if after[name] != before[name]} == caught, which
        assert all(after[name] == later(before[name], 40) for name in caught), "forty days there"
        assert await port.reverse(id) == len(caught)


async def test_providers_are_those_who_carry_and_those_who_promised(port: Port) -> None:
    other = await Port.create(port.market)
    promised = await port.order()
    carried = await other.order("CNSHA", "USLAX")
    await port.hold(provider_ids=(port.provider_id,), duties=JUDGED)
    assert (await port.judging(promised)).due_at > UNTIL
    assert (await other.judging(carried)).due_at < UNTIL
    shipments = [Duty.NO_MOVEMENT, Duty.PRESUME_LOST]
    await port.hold(provider_ids=(other.provider_id,), duties=tuple(shipments))
    async with port.market.pool.acquire(port.market.tenant_id) as connection:
        moved = await CLOCKS.select(connection, port.market.tenant_id, "t.duty = ANY ($2) AND t.version > 1", shipments)
    assert {clock.party_id for clock in moved} == {other.provider_id}


async def test_only_open_clocks_in_the_span_move(port: Port) -> None:
    early = await port.order(promised_on=date(2026, 2, 3))
    later = await port.order(promised_on=date(2026, 3, 30))
    await port.market.move(START + 10 * DAY)
    span = {"start": START + 5 * DAY, "until": START + 15 * DAY}
    id = await port.hold(countries=("US",), **span)
    judged, waiting = await port.judging(early), await port.judging(later)
    assert judged.state is ClockState.FIRED
    assert waiting.due_at == datetime(2026, 4, 10, 4, tzinfo=UTC) - MICROSECOND, (
        "ten days, its full five before included"
    )
    (window,) = await port.clocks((await port.cover(early)).id, duty=Duty.CLAIM_WINDOW)
    assert (await port.cover(early)).closes_at == window.due_at
    started = await port.order(promised_on=date(2026, 2, 13))
    assert (await port.judging(started)).due_at < START + 15 * DAY, "whoever promised it knew"
    assert await port.reverse(id) == 2


# -- what moves with them ---------------------------------------------------------------------------------------------


async def test_the_promise_stays_and_the_judging_waits(sandbox: Market) -> None:
    port = await Port.create(sandbox, level=4)
    order_id = await port.order()
    before = await port.cover(order_id)
    await port.hold(countries=("US",))
    cover = await port.cover(order_id)
    assert cover.promised_at == before.promised_at
    assert before.closes_at is not None
    assert cover.closes_at == later(before.closes_at, 40)
    due_at = (await port.judging(order_id)).due_at
    await port.market.move(due_at)
    assert (await port.cover(order_id)).state is CoverageState.IN_FORCE
    await port.market.move(due_at + MICROSECOND)
    assert (await port.cover(order_id)).state is CoverageState.CLAIMED, "L4 is paid, later"


async def test_a_promise_that_a_shipment_brings_takes_no_held_time_back(port: Port) -> None:
    lines = [line(promised_on=PROMISED), line()]
    order_id = await port.market.order(port.buyer_id, port.supplier_id, lines, [port.on_time])
    await port.hold(countries=("US",))
    held = await port.cover(order_id)
    async with port.market.pool.acquire(port.market.tenant_id) as connection:
        order = await order_rows.get(connection, port.market.tenant_id, order_id)
    await port.market.ship(order_id, port.provider_id, [order.lines[1].id], promised_on=PROMISED + DAY)
    after = await port.cover(order_id)
    assert after.closes_at == held.closes_at, "a day more by the promise is less than forty by the hold"


async def test_a_claims_deadlines_move_and_come_back(port: Port) -> None:
    order_id = await port.order()
    await port.market.move(START + 21 * DAY)
    id = await port.open(order_id)
    before = await port.claim(id)
    hold = await port.hold(countries=("US",), until=START + 31 * DAY, duties=(Duty.ANSWER_CLAIM,))
    held = await port.claim(id)
    for name in ("answer_due_at", "escalation_opens_at", "escalates_at", "due_at"):
        assert getattr(held, name) == later(getattr(before, name), 10), "the end of a day, clocks changed or not"
    assert before.escalates_at is not None
    await port.market.move(before.escalates_at)
    with pytest.raises(Refused):
        await port.market.act(port.market.buyer(port.buyer_id), claims.escalate_claim, AnswerClaim(id, None))
    assert await port.reverse(hold) == 1
    back = await port.claim(id)
    assert (back.answer_due_at, back.escalates_at) == (before.answer_due_at, before.escalates_at)
    await port.market.move(await port.market.now() + MICROSECOND)
    assert (await port.claim(id)).state is ClaimState.ESCALATED, "what was over meanwhile has happened, in order"
    fired = Counter(clock.duty for clock in await port.clocks(id) if clock.state is ClockState.FIRED)
    assert fired == {Duty.ANSWER_CLAIM: 1, Duty.ESCALATE_CLAIM: 1}


async def test_an_answer_during_a_hold_ends_the_clock_and_the_reversal_leaves_it(port: Port) -> None:
    order_id = await port.order()
    await port.market.move(START + 21 * DAY)
    id = await port.open(order_id)
    hold = await port.hold(countries=("US",), duties=(Duty.ANSWER_CLAIM,))
    await port.market.act(port.market.provider(port.provider_id), claims.contest_claim, AnswerClaim(id, "No."))
    contested = await port.claim(id)
    assert await port.reverse(hold) == 0, "its clock is done"
    assert (await port.claim(id)).due_at == contested.due_at, "the desk's own deadline was set anew"


async def test_holds_that_overlap_stop_a_clock_once(port: Port) -> None:
    order_id = await port.order()
    free = (await port.judging(order_id)).due_at
    first = await port.hold(countries=("US",), start=START, until=START + 10 * DAY)
    second = await port.hold(countries=("US",), start=START + 5 * DAY, until=START + 18 * DAY)
    assert (await port.judging(order_id)).due_at == later(free, 18)
    with pytest.raises(Refused, match="cannot be held"):
        await port.hold(countries=("US",), start=START + 2 * DAY, until=START + 9 * DAY, duties=JUDGED)
    await port.reverse(first)
    assert (await port.judging(order_id)).due_at == later(free, 13)
    closes_at = (await port.cover(order_id)).closes_at
    await port.reverse(second)
    assert (await port.judging(order_id)).due_at == free
    assert closes_at is not None
    assert later((await port.cover(order_id)).closes_at, 13) == closes_at


# -- at the same time -------------------------------------------------------------------------------------------------


async def test_a_clock_that_is_firing_is_left_to_the_worker(port: Port) -> None:
    firing, other = await port.order(), await port.order()
    clock = await port.judging(firing)
    async with port.market.pool.transaction(port.market.tenant_id) as connection:
        text = "SELECT FROM clocks WHERE tenant_id = $1 AND id = $2 FOR UPDATE"
        await connection.fetch(text, port.market.tenant_id, clock.id)
        await port.hold(countries=("US",), duties=JUDGED)
    assert (await port.judging(firing)).due_at == clock.due_at
    assert (await port.judging(other)).due_at > UNTIL


async def test_clocks_that_fire_while_a_hold_comes_and_goes_have_one_outcome(
    port: Port, worker_pool: Pool, valkey: Any
) -> None:
    """Some are over, some not: three workers, a hold, and its reversal run into each other."""
    orders = [await port.order(promised_on=date(2026, 2, 3 + number)) for number in range(12)]
    await set_past(port, worker_pool, START + 8 * DAY)
    workers = [Worker(worker_pool, valkey) for _ in range(3)]
    firing = asyncio.gather(*(worker.fire(port.market.tenant_id) for worker in workers))
    id = await port.hold(countries=("US",), duties=JUDGED)
    await firing
    assert isinstance(id, ClockHoldId)
    states = Counter([(await port.judging(order_id)).state for order_id in orders])
    assert states == {ClockState.FIRED: 6, ClockState.RUNNING: 6}
    await set_past(port, worker_pool, START + 20 * DAY)
    await asyncio.gather(port.reverse(id), *(worker.fire(port.market.tenant_id) for worker in workers))
    await asyncio.gather(*(worker.fire(port.market.tenant_id) for worker in workers))
    fired = [await port.clocks((await port.cover(order_id)).id, duty=Duty.LATE_DELIVERY) for order_id in orders]
    assert [[clock.state for clock in of_one] for of_one in fired] == [[ClockState.FIRED]] * 12


async def set_past(port: Port, worker_pool: Pool, at: datetime) -> None:
    """The sandbox shows `at` without firing what is over: it is left to workers."""
    text = "UPDATE tenants SET clock_at = $2 WHERE tenant_id = $1"
    await worker_pool.fetch(port.market.tenant_id, text, port.market.tenant_id, at)


async def test_the_same_hold_twice_at_once_holds_once(port: Port) -> None:
    order_id = await port.order()
    free = (await port.judging(order_id)).due_at
    wish = {"countries": ("US",), "duties": JUDGED}
    answers = await asyncio.gather(port.hold(**wish), port.hold(**wish), return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == ["ClockHoldId", "Refused"]
    assert (await port.judging(order_id)).due_at == later(free, 40)
    (id,) = (answer for answer in answers if isinstance(answer, ClockHoldId))
    undone = await asyncio.gather(port.reverse(id), port.reverse(id), return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in undone) == ["Refused", "int"]
    assert (await port.judging(order_id)).due_at == free


# -- refusals and sight -----------------------------------------------------------------------------------------------


async def test_who_may_hold_what_and_until_when(port: Port) -> None:
    await port.order()
    support = port.market.caller(Role.SUPPORT)
    wish = ApplyClockHold(selection(countries=("US",)), "closed")
    with pytest.raises(Forbidden):
        await port.market.act(support, holds.apply_clock_hold, wish)
    with pytest.raises(Invalid, match="Say where"):
        await port.hold()
    with pytest.raises(Invalid, match="does not hold COUPON_EXPIRY"):
        await port.hold(countries=("US",), duties=(Duty.COUPON_EXPIRY,))
    id = await port.hold(countries=("US",))
    with pytest.raises(Conflict):
        await port.market.act(port.market.staff, holds.reverse_clock_hold, ReverseClockHold(id, "why"), version=7)
    await port.market.move(UNTIL)
    with pytest.raises(Refused) as refused:
        await port.reverse(id)
    assert [finding.reason for finding in refused.value.unmet] == ["hold_not_over"]


SHOWN = """id state reason from until clocks countries availableActions
  blockedActions { action because { reason } closesAt }
  held(first: 10) { totalCount nodes { duty dueBefore dueAfter clock { id } order { id } subject { id } } }"""
WHICH = {"from": rfc3339(START), "until": rfc3339(UNTIL), "countries": ["US"]}


async def test_a_preview_is_what_the_mutation_does(port: Port, ask: Asking) -> None:
    staff = port.market.staff
    for promised_on in (PROMISED, PROMISED + DAY):
        await port.order("CNSHA", "USLAX", promised_on=promised_on)
    which = WHICH | {"through": ["CNSHA"]}
    text = """query ($which: ClockSelectionInput!) { previewClockHold(which: $which) {
      count byDuty { duty count } sample { id dueAt subject { id } hold { id } } because { reason text } } }"""
    preview = (await ask(staff, text, which=which))["previewClockHold"]
    assert preview["because"] == []
    assert {"duty": "LATE_DELIVERY", "count": 2} in preview["byDuty"]
    assert len(preview["sample"]) == preview["count"] == sum(row["count"] for row in preview["byDuty"])
    wish = {"which": which, "reason": "Typhoon", "idempotencyKey": "k1"}
    done = await ask.mutate(staff, "applyClockHold", f"clocks clockHold {{ {SHOWN} }}", **wish)
    assert done["userErrors"] == []
    assert done["clocks"] == done["clockHold"]["clocks"] == preview["count"]
    held = {node["clock"]["id"] for node in done["clockHold"]["held"]["nodes"]}
    assert held == {clock["id"] for clock in preview["sample"]}
    again = await ask.mutate(staff, "applyClockHold", "clocks clockHold { id }", **wish)
    assert again["clockHold"]["id"] == done["clockHold"]["id"], "a repeated key holds nothing more"
    nothing = (await ask(staff, text, which=which))["previewClockHold"]
    assert (nothing["count"], [found["reason"] for found in nothing["because"]]) == (0, ["hold_catches_clocks"])
    refused = await ask.mutate(
        staff, "applyClockHold", "clocks", **(wish | {"idempotencyKey": "k2", "reason": "again"})
    )
    assert [reason["reason"] for reason in refused["userErrors"][0]["reasons"]] == ["hold_catches_clocks"]
    wrong = {
        "which": which | {"providerIds": ["prv_x"], "until": rfc3339(START)},
        "reason": " ",
        "idempotencyKey": "k3",
    }
    refused = await ask.mutate(staff, "applyClockHold", "clocks", **wrong)
    assert [error["field"] for error in refused["userErrors"]] == [
        ["which", "providerIds", "0"],
        ["reason"],
    ]


async def test_parties_see_the_holds_of_their_own_cases(port: Port, ask: Asking) -> None:
    order_id = await port.order()
    id = await port.hold(countries=("US",))
    text = f"""query ($id: ID!, $order: ID!, $cover: ID!) {{ clockHold(id: $id) {{ {SHOWN} }}
      clockHolds(first: 5) {{ totalCount }}
      order(id: $order) {{ holds(first: 5) {{ nodes {{ duty hold {{ reason }} }} }} }}
      coverage(id: $cover) {{ closesAt holds(first: 5) {{ nodes {{ from until hold {{ state reason }} }} }} }} }}"""
    cover = await port.cover(order_id)

    async def seen(caller: Caller) -> dict[str, Any]:
        return dict(await ask(caller, text, id=id, order=order_id, cover=cover.id))

    staff = await seen(port.market.staff)
    assert staff["clockHold"]["availableActions"] == ["REVERSE_CLOCK_HOLD"]
    assert staff["clockHold"]["countries"] == ["US"]
    for caller in (
        port.market.buyer(port.buyer_id),
        port.market.supplier(port.supplier_id),
        port.market.provider(port.provider_id),
    ):
        party = await seen(caller)
        assert party["clockHold"]["reason"] == "The port is closed."
        assert (party["clockHold"]["countries"], party["clockHold"]["clocks"]) == (None, None)
        assert party["clockHold"]["held"]["totalCount"] == 1
        assert [action["action"] for action in party["clockHold"]["blockedActions"]] == ["REVERSE_CLOCK_HOLD"]
        assert party["coverage"]["holds"]["nodes"][0]["hold"] == {"state": "APPLIED", "reason": "The port is closed."}
    other = await Port.create(port.market)
    for stranger in (
        port.market.buyer(other.buyer_id),
        port.market.supplier(other.supplier_id),
        port.market.provider(other.provider_id),
    ):
        nothing = await seen(stranger)
        assert nothing == {"clockHold": None, "clockHolds": {"totalCount": 0}, "order": None, "coverage": None}
        preview = "query ($which: ClockSelectionInput!) { previewClockHold(which: $which) { count } }"
        answer = await ask.answer(stranger, preview, which=WHICH)
        assert b'"previewClockHold":null' in answer.body()
    clock = "query ($id: ID!) { clocks(first: 5, filter: { subjectId: $id }) { nodes { hold { reason until } } } }"
    (shown,) = (await ask(port.market.staff, clock, id=cover.id))["clocks"]["nodes"]
    assert shown["hold"] == {"reason": "The port is closed.", "until": rfc3339(UNTIL)}
