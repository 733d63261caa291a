"""Messages: written by clocks, each once, by the shipment as it stands then; who reads them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from api.operations import clocks as firing
from api.operations import shipments
from domain.access import Role
from domain.clocks import Duty
from domain.dates import MICROSECOND
from domain.ids import OrderId, ProviderId, ShipmentId
from domain.messages import MessageKey, MessageState
from domain.shipments import RecordShipment, ShipmentMode
from domain.tracking import TrackingStatus
from storage import clocks as clock_rows
from storage import messages as message_rows
from storage import orders as order_rows
from storage.unit_of_work import Outcome, Work, transact
from tests.builders import START, Market, line, set_clock
from tests.marketplaces import Asking, Marketplace, Member

DAY = timedelta(days=1)
PICKED_UP = START + timedelta(hours=1)
ALL = """{ messages(first: 20, orderBy: OLDEST_FIRST) { nodes {
  id key state language title text dueAt at because { reason text } buyer { id } supplier { id } shipment { id }
  order { id } ruleVersion { key } } } }"""


class Post:
    """A marketplace with a parcel on its way."""

    def __init__(self, market: Marketplace, members: dict[str, Member]) -> None:
        self.market, self.members = market, members
        self.story = Market(market.pool, market.id, market.made.admin_key, market.made.operator_id)
        self.shipment_id = ShipmentId("")
        self.order_id = OrderId("")

    async def send(self, mode: ShipmentMode = ShipmentMode.EXPRESS, reference: str = "S-7") -> None:
        members = self.members
        buyer, supplier = members["buyer"].party_id, members["supplier"].party_id
        self.order_id = await self.story.order(buyer, supplier, [line(promised_on=(START + 20 * DAY).date())])  # type: ignore[arg-type]
        async with self.market.pool.acquire(self.market.id) as connection:
            order = await order_rows.get(connection, self.market.id, self.order_id)
        command = RecordShipment(
            order_id=self.order_id,
            provider_id=ProviderId(str(members["carrier"].party_id)),
            reference=reference,
            mode=mode,
            line_ids=(order.lines[0].id,),
            promised_on=(START + 20 * DAY).date(),
            eta_at=None,
            weight_grams=None,
            freight=None,
        )
        outcome = await self.story.act(self.story.staff, shipments.record_shipment, command)
        self.shipment_id = ShipmentId(str(outcome.things["shipment"]))

    async def track(self, status: TrackingStatus, at: datetime) -> None:
        await self.story.track(self.shipment_id, status, at)

    async def written(self) -> list[tuple[MessageKey, MessageState]]:
        async with self.market.pool.acquire(self.market.id) as connection:
            found = await message_rows.by_subject(connection, self.market.id, self.shipment_id)
        return [(each.key, each.state) for each in found]

    async def live(self) -> list[tuple[Duty, datetime]]:
        async with self.market.pool.acquire(self.market.id) as connection:
            found = await clock_rows.live_by_subjects(
                connection, self.market.id, [self.shipment_id], (Duty.SEND_NOTICE, Duty.TELL_MILESTONE)
            )
        return sorted((clock.duty, clock.due_at) for clock in found)


@pytest.fixture
async def post(market: Marketplace) -> Post:
    await set_clock(market.pool, market.id, START)
    members = {
        "buyer": await market.add("buyer", Role.BUYER),
        "supplier": await market.add("supplier", Role.SUPPLIER),
        "carrier": await market.add("carrier", Role.PROVIDER),
        "other": await market.add("other", Role.BUYER),
    }
    post = Post(market, members)
    await post.send()
    await post.story.move(START + timedelta(hours=2))
    return post


SENT, SKIPPED = MessageState.SENT, MessageState.SKIPPED


async def test_a_parcel_is_told_of_on_day_one_and_on_day_fourteen(post: Post, ask: Asking) -> None:
    await post.track(TrackingStatus.PICKED_UP, PICKED_UP)
    assert await post.live() == [(Duty.SEND_NOTICE, PICKED_UP + DAY)]
    await post.story.move(PICKED_UP + DAY)  # the deadline itself is in time
    assert await post.written() == []
    await post.story.move(PICKED_UP + DAY + MICROSECOND)
    assert await post.written() == [(MessageKey.DISPATCH_NOTICE, SENT)]
    assert await post.live() == [(Duty.SEND_NOTICE, PICKED_UP + 14 * DAY)]
    await post.story.move(START + 15 * DAY)
    assert await post.written() == [(MessageKey.DISPATCH_NOTICE, SENT), (MessageKey.CARE, SENT)]
    assert await post.live() == []
    first, second = (await ask(post.members["buyer"].caller, ALL))["messages"]["nodes"]
    assert first["title"].startswith("Your order O-")
    assert "handed over to carrier on 1 February 2026, as shipment S-7. They are promised for 21 Feb" in first["text"]
    assert (first["language"], first["because"], first["supplier"]) == ("EN", [], None)
    assert first["buyer"]["id"] == post.members["buyer"].party_id
    assert first["shipment"]["id"] == post.shipment_id
    assert first["order"]["id"] == post.order_id
    assert first["ruleVersion"]["key"] == "messages"
    assert second["key"] == "CARE"
    assert second["dueAt"] == "2026-02-15T10:00:00Z"


async def test_what_arrived_before_day_fourteen_is_skipped_with_the_reason(post: Post, ask: Asking) -> None:
    await post.track(TrackingStatus.PICKED_UP, PICKED_UP)
    await post.story.move(START + 5 * DAY)
    await post.track(TrackingStatus.DELIVERED, START + 4 * DAY)
    await post.story.move(START + 15 * DAY)
    assert await post.written() == [
        (MessageKey.DISPATCH_NOTICE, SENT),
        (MessageKey.DELIVERED, SENT),
        (MessageKey.CARE, SKIPPED),
    ]
    skipped = (await ask(post.members["buyer"].caller, ALL))["messages"]["nodes"][-1]
    assert (skipped["title"], skipped["text"]) == (None, None)
    assert skipped["because"] == [
        {"reason": "message_still_of_use", "text": "The goods are DELIVERED: the message would have been of no use."}
    ]


async def test_a_milestone_is_told_of_at_once_and_only_once(post: Post) -> None:
    await post.track(TrackingStatus.DELIVERY_DELAYED, START)
    await post.story.move(START + timedelta(hours=3))
    both = [(MessageKey.DELAYED, SENT)] * 2  # to buyer and supplier
    assert await post.written() == both
    await post.track(TrackingStatus.IN_TRANSIT, START + timedelta(hours=1))
    await post.track(TrackingStatus.DELIVERY_DELAYED, START + timedelta(hours=2))
    await post.story.move(START + timedelta(hours=4))
    assert await post.written() == both
    assert await post.live() == []


async def test_a_late_report_of_the_delivery_finds_everything_void_but_the_news(post: Post) -> None:
    await post.story.move(START + 30 * DAY)
    await post.track(TrackingStatus.DELIVERED, START + 29 * DAY)
    await post.track(TrackingStatus.PICKED_UP, PICKED_UP)
    await post.story.move(START + 30 * DAY + timedelta(hours=1))
    assert sorted(await post.written()) == [
        (MessageKey.CARE, SKIPPED),
        (MessageKey.DELIVERED, SENT),
        (MessageKey.DISPATCH_NOTICE, SKIPPED),
    ]


async def test_a_presumed_loss_is_told_of(post: Post) -> None:
    await post.track(TrackingStatus.IN_TRANSIT, PICKED_UP)
    await post.story.move(START + 60 * DAY)
    assert (MessageKey.LOST, SENT) in await post.written()


async def test_a_state_that_has_passed_tells_nobody(post: Post) -> None:
    """What is due follows from the shipment as it stands when the clock is over, not as it stood when it started."""
    await post.track(TrackingStatus.IN_TRANSIT, PICKED_UP)
    await post.track(TrackingStatus.READY_FOR_PICKUP, PICKED_UP + timedelta(minutes=1))
    await post.track(TrackingStatus.OUT_FOR_DELIVERY, PICKED_UP + timedelta(minutes=2))
    await post.story.move(START + timedelta(hours=3))
    assert await post.written() == []


async def test_freight_is_told_of_by_milestones_alone(post: Post) -> None:
    freight = Post(post.market, post.members)
    freight.story.counter = 100
    await freight.send(ShipmentMode.RAIL, "S-8")
    await freight.track(TrackingStatus.PICKED_UP, PICKED_UP)
    assert await freight.live() == []
    await freight.track(TrackingStatus.DELIVERED, PICKED_UP)
    assert [duty for duty, _ in await freight.live()] == [Duty.TELL_MILESTONE]


async def test_two_clocks_that_fire_at_once_write_one_message(post: Post) -> None:
    await post.track(TrackingStatus.PICKED_UP, PICKED_UP)
    await post.track(TrackingStatus.DELIVERED, START + timedelta(hours=1, minutes=30))
    at = START + 2 * DAY

    async def fire(duty: Duty) -> None:
        async def act(work: Work) -> Outcome:
            (clock,) = await clock_rows.lock_live(work.connection, work.tenant_id, post.shipment_id, (duty,))
            await firing.fire(work, clock, at)
            return Outcome()

        await transact(post.market.pool, post.story.staff, action="fire", request_id="test", act=act, at=at)

    await asyncio.gather(fire(Duty.SEND_NOTICE), fire(Duty.TELL_MILESTONE))
    assert sorted(await post.written()) == [(MessageKey.DELIVERED, SENT), (MessageKey.DISPATCH_NOTICE, SKIPPED)]
    assert await post.live() == [(Duty.SEND_NOTICE, PICKED_UP + 14 * DAY)]


async def test_a_killed_worker_leaves_nothing_and_the_next_writes_it(post: Post) -> None:
    await post.track(TrackingStatus.DELIVERED, PICKED_UP)

    async def act(work: Work) -> Outcome:
        (clock,) = await clock_rows.lock_live(work.connection, work.tenant_id, post.shipment_id)
        await firing.fire(work, clock, work.at)
        raise RuntimeError("killed here")

    with pytest.raises(RuntimeError):
        await transact(post.market.pool, post.story.staff, action="fire", request_id="test", act=act)
    assert await post.written() == []
    await post.story.move(START + timedelta(hours=3))
    assert await post.written() == [(MessageKey.DELIVERED, SENT)]


# -- who reads them ----------------------------------------------------------------------------------------------------


async def test_a_message_is_read_by_its_party_and_staff_alone(post: Post, ask: Asking) -> None:
    await post.track(TrackingStatus.DELIVERY_FAILED, START)
    await post.story.move(START + timedelta(hours=3))
    told: dict[str, Sequence[Any]] = {}
    for name, member in post.members.items():
        told[name] = (await ask(member.caller, ALL))["messages"]["nodes"]
    assert [each["buyer"]["id"] for each in told["buyer"]] == [post.members["buyer"].party_id]
    assert [each["supplier"]["id"] for each in told["supplier"]] == [post.members["supplier"].party_id]
    assert (told["carrier"], told["other"]) == ([], [])
    staff = post.market.staff(Role.SUPPORT)
    everything = (await ask(staff, ALL))["messages"]["nodes"]
    assert {each["id"] for each in everything} == {told["buyer"][0]["id"], told["supplier"][0]["id"]}
    id = told["buyer"][0]["id"]
    one = "query($id: ID!) { message(id: $id) { key } node(id: $id) { id } }"
    assert (await ask(post.members["buyer"].caller, one, id=id))["message"] == {"key": "EXCEPTION"}
    assert await ask(post.members["supplier"].caller, one, id=id) == {"message": None, "node": None}
    listed = "query($f: MessageFilter) { messages(first: 5, filter: $f) { nodes { id } } }"
    for wish, count in (
        ({"shipmentId": post.shipment_id}, 2),
        ({"orderId": post.order_id, "partyId": post.members["buyer"].party_id}, 1),
        ({"keys": ["CARE"]}, 0),
        ({"states": ["SKIPPED"]}, 0),
    ):
        assert len((await ask(staff, listed, f=wish))["messages"]["nodes"]) == count


async def test_messages_are_never_changed(post: Post) -> None:
    await post.track(TrackingStatus.DELIVERED, PICKED_UP)
    await post.story.move(START + timedelta(hours=3))
    with pytest.raises(Exception, match=r"permission denied|never changed"):
        await post.market.pool.fetch(
            post.market.id, "UPDATE messages SET text = 'x' WHERE tenant_id = $1", post.market.id
        )
