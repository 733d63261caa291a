"""claimChanged over sockets and event streams: who hears what, and what ends a connection."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType
from redis.asyncio import Redis

from api.endpoint import websocket
from api.endpoint.websocket import FRAME_BYTES_MAX, OPERATIONS_MAX, PROTOCOL, Close
from api.operations import claims, keys
from api.schema.schema import Contract
from api.settings import Settings
from api.worker import Worker
from domain.access import Role, Scope
from domain.claims import ClaimReason, OpenClaim
from domain.ids import BuyerId, ClaimId, ProviderId, ShipmentId, SupplierId
from domain.keys import RevokeApiKey, parse
from domain.tracking import TrackingStatus
from storage import coverage as coverage_rows
from storage import fanout
from storage import orders as order_rows
from storage.cache import open_cache
from storage.fanout import WAITING_MAX, Event, Fanout, Lost, Mailbox
from tests.builders import START, Market, line, set_clock
from tests.listeners import deafen, listeners
from tests.marketplaces import Marketplace, Member
from tests.serving import EVENTS, Served, serving

LISTEN = "subscription($id:ID){claimChanged(claimId:$id){id state}}"
PROMISED = date(2026, 2, 20)
LATE = datetime(2026, 2, 22, tzinfo=UTC)


@dataclass
class Trade:
    """Two buyers with a claim each, in one marketplace."""

    market: Marketplace
    valkey: Redis
    one: Member
    other: Member
    claim_of_one: ClaimId
    claim_of_other: ClaimId

    async def tell(self, *claim_ids: ClaimId) -> None:
        """Something happened to those claims."""
        events = [Event("claim.opened", claim_id, 1) for claim_id in claim_ids]
        assert await fanout.publish(self.valkey, self.market.id, *events)


@pytest.fixture
async def trade(market: Marketplace, valkey: Redis) -> Trade:
    await set_clock(market.pool, market.id, START)
    one, other = await market.add("One", Role.BUYER), await market.add("Other", Role.BUYER)
    supplier, provider = await market.add("Supplier", Role.SUPPLIER), await market.add("Provider", Role.PROVIDER)
    story = Market(market.pool, market.id, market.made.admin_key, market.made.operator_id)
    on_time = await story.offer(ProviderId(str(provider.party_id)))
    opened = []
    for buyer in (one, other):
        buyer_id, supplier_id = BuyerId(str(buyer.party_id)), SupplierId(str(supplier.party_id))
        order_id = await story.order(buyer_id, supplier_id, [line(promised_on=PROMISED)], [on_time])
        opened.append((buyer, order_id))
    await story.move(LATE)
    found = []
    for buyer, order_id in opened:
        async with market.pool.acquire(market.id) as connection:
            (cover,) = await coverage_rows.by_order(connection, market.id, order_id)
        outcome = await story.act(buyer.caller, claims.open_claim, OpenClaim(cover.id, ClaimReason.LATE_DELIVERY, None))
        found.append(ClaimId(str(outcome.things["claim"])))
    return Trade(market, valkey, one, other, *found)


class Socket:
    """A client of graphql-transport-ws that says exactly what it is told to say."""

    def __init__(self, raw: aiohttp.ClientWebSocketResponse) -> None:
        self.raw = raw

    async def say(self, **message: Any) -> None:
        await self.raw.send_str(json.dumps(message))

    async def hear(self) -> dict[str, Any]:
        """The next message; fails if the socket closes instead."""
        message = await self.raw.receive(timeout=20)
        assert message.type is WSMsgType.TEXT, message
        heard: dict[str, Any] = json.loads(message.data)
        return heard

    async def closed(self) -> int | None:
        """With which code the server closed."""
        while (await self.raw.receive(timeout=20)).type is WSMsgType.TEXT:
            pass
        return self.raw.close_code

    async def introduced(self, token: str) -> Socket:
        await self.say(type="connection_init", payload={"Authorization": f"Bearer {token}"})
        assert await self.hear() == {"type": "connection_ack"}
        return self

    async def listen(self, id_: str, query: str = LISTEN, **variables: Any) -> None:
        await self.say(type="subscribe", id=id_, payload={"query": query, "variables": variables})


@pytest.fixture
async def socket(served: Served) -> AsyncIterator[Socket]:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{served.url}/graphql", protocols=[PROTOCOL]) as raw,
    ):
        yield Socket(raw)


async def listening(served: Served, market: Marketplace, listeners: int = 1) -> None:
    """Returns once so many listen to the marketplace and nothing more is on its way there."""
    async with asyncio.timeout(20):
        while len(served.platform.fanout.listeners(market.id)) != listeners:  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.01)


# -- who hears what ----------------------------------------------------------------------------------------------------


async def test_a_changed_claim_is_sent_as_it_stands(served: Served, trade: Trade, socket: Socket) -> None:
    await (await socket.introduced(trade.one.key)).listen("a")
    await listening(served, trade.market)
    assert served.platform.pool.idle == served.platform.pool.count  # no connection is held while nothing happens
    await trade.tell(trade.claim_of_one)
    heard = await socket.hear()
    assert (heard["type"], heard["id"]) == ("next", "a")
    assert heard["payload"]["data"] == {"claimChanged": {"id": trade.claim_of_one, "state": "OPEN"}}
    await socket.say(type="complete", id="a")
    await listening(served, trade.market, 0)


async def test_nobody_hears_of_what_they_may_not_see(served: Served, trade: Trade, socket: Socket) -> None:
    await (await socket.introduced(trade.other.key)).listen("a")
    await listening(served, trade.market)
    await trade.tell(trade.claim_of_one)
    await trade.tell(trade.claim_of_other)
    assert (await socket.hear())["payload"]["data"]["claimChanged"]["id"] == trade.claim_of_other


async def test_one_claim_can_be_listened_to(served: Served, trade: Trade, socket: Socket) -> None:
    token = await trade.market.key(trade.market.made.operator_id, Role.SUPPORT)
    await (await socket.introduced(token)).listen("a", id=trade.claim_of_other)
    await listening(served, trade.market)
    await trade.tell(trade.claim_of_one, trade.claim_of_other)
    assert (await socket.hear())["payload"]["data"]["claimChanged"]["id"] == trade.claim_of_other


async def test_another_marketplace_is_not_heard(served: Served, trade: Trade, socket: Socket) -> None:
    token = await trade.market.key(trade.market.made.operator_id, Role.SUPPORT)
    await (await socket.introduced(token)).listen("a")
    await listening(served, trade.market)
    assert await fanout.publish(trade.valkey, "ten_of_others", Event("claim.opened", trade.claim_of_other, 1))
    await trade.tell(trade.claim_of_one)
    assert (await socket.hear())["payload"]["data"]["claimChanged"]["id"] == trade.claim_of_one


async def test_queries_and_mutations_run_over_a_socket_too(served: Served, trade: Trade, socket: Socket) -> None:
    await (await socket.introduced(trade.one.key)).listen("q", "{viewer{kind}}")
    heard = await socket.hear()
    assert (heard["payload"]["data"], "cost" in heard["payload"]["extensions"]) == ({"viewer": {"kind": "BUYER"}}, True)
    assert await socket.hear() == {"type": "complete", "id": "q"}
    await socket.say(type="ping")
    assert await socket.hear() == {"type": "pong"}


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"query": "{nope}"}, "VALIDATION_FAILED"),
        ({"query": "{"}, "SYNTAX_ERROR"),
        ({"query": "{" + "__typename " * 3_000 + "}"}, "LIMIT_EXCEEDED"),
        ({"query": "subscription{a:claimChanged{id} b:claimChanged{id}}"}, "VALIDATION_FAILED"),
        ({"query": LISTEN, "variables": {"id": [1]}}, "BAD_VARIABLES"),
        ({"query": "{__schema{queryType{name}}}"}, "INTROSPECTION_FORBIDDEN"),
        ({"query": 1}, "BAD_REQUEST"),
        ({}, "BAD_REQUEST"),
    ],
)
async def test_what_would_be_refused_over_http_is_refused_here(
    served: Served, market: Marketplace, socket: Socket, payload: dict[str, Any], code: str
) -> None:
    token = await market.key(market.made.operator_id, Role.SUPPORT, scopes=(Scope.READ,))
    await socket.introduced(token)
    await socket.say(type="subscribe", id="a", payload=payload)
    heard = await socket.hear()
    assert (heard["type"], heard["id"]) == ("error", "a")
    extensions = heard["payload"][0]["extensions"]
    assert extensions["code"] == code
    assert extensions["requestId"].startswith("req_")
    await socket.listen("b", "{viewer{kind}}")
    assert (await socket.hear())["type"] == "next"


async def test_a_socket_carries_so_many_operations_and_no_more(served: Served, trade: Trade, socket: Socket) -> None:
    await socket.introduced(trade.one.key)
    for number in range(OPERATIONS_MAX + 1):
        await socket.listen(f"s{number}")
    heard = await socket.hear()
    assert (heard["type"], heard["id"]) == ("error", f"s{OPERATIONS_MAX}")
    assert heard["payload"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"
    await listening(served, trade.market, OPERATIONS_MAX)
    await socket.raw.close()
    await listening(served, trade.market, 0)


# -- shipments ---------------------------------------------------------------------------------------------------------

LISTEN_TO_SHIPMENTS = "subscription($id:ID){shipmentChanged(shipmentId:$id){id state}}"


@dataclass
class Freight:
    """Two shipments of different buyers and suppliers with different providers."""

    trade: Trade
    members: dict[str, Member]
    one: ShipmentId
    other: ShipmentId

    async def move(self, *shipment_ids: ShipmentId, status: TrackingStatus = TrackingStatus.IN_TRANSIT) -> None:
        """Something was reported of those shipments, and the worker told it."""
        market = self.trade.market
        story = Market(market.pool, market.id, market.made.admin_key, market.made.operator_id, counter=next(_NUMBERS))
        for shipment_id in shipment_ids:
            await story.track(shipment_id, status, await story.now())
        worker = Worker(market.pool, self.trade.valkey)
        while await worker.publish(market.id):
            pass


_NUMBERS = itertools.count(1_000, 1_000)


@pytest.fixture
async def freight(trade: Trade) -> Freight:
    market = trade.market
    story = Market(market.pool, market.id, market.made.admin_key, market.made.operator_id, counter=500)
    members, shipped = {"buyer": trade.one, "other buyer": trade.other}, []
    for side, buyer in (("", trade.one), ("other ", trade.other)):
        for role in (Role.SUPPLIER, Role.PROVIDER):
            members[f"{side}{role.lower()}"] = await market.add(f"{side}{role.lower()} of freight", role)
        supplier, provider = (members[f"{side}{role}"].party_id for role in ("supplier", "provider"))
        order_id = await story.order(BuyerId(str(buyer.party_id)), SupplierId(str(supplier)), [line()])
        async with market.pool.acquire(market.id) as connection:
            (ordered,) = (await order_rows.get(connection, market.id, order_id)).lines
        shipped.append(await story.ship(order_id, ProviderId(str(provider)), [ordered.id]))
    freight = Freight(trade, members, *shipped)
    await freight.move()
    return freight


@pytest.mark.parametrize("name", ["buyer", "supplier", "provider"])
async def test_a_party_hears_of_its_own_shipment_and_of_no_other(
    served: Served, freight: Freight, socket: Socket, name: str
) -> None:
    await (await socket.introduced(freight.members[name].key)).listen("a", LISTEN_TO_SHIPMENTS)
    await listening(served, freight.trade.market)
    await freight.move(freight.other, freight.one)
    heard = (await socket.hear())["payload"]["data"]["shipmentChanged"]
    assert heard == {"id": freight.one, "state": "IN_TRANSIT"}


async def test_a_shipment_of_others_never_comes(served: Served, freight: Freight, socket: Socket) -> None:
    """Also where an event does not say whom it concerns: the reading decides. Who asks for it alone is told at once."""
    await (await socket.introduced(freight.members["provider"].key)).listen("b", LISTEN_TO_SHIPMENTS)
    unseen = {}
    for id in (
        freight.other,
        f"{freight.other[:-1]}{'0' if freight.other[-1] != '0' else '1'}",
        "nope",
        "ord_" + freight.other[4:],
    ):
        await socket.listen("a", LISTEN_TO_SHIPMENTS, id=id)
        heard = await socket.hear()
        assert (heard["type"], heard["id"]) == ("error", "a")
        unseen[id] = (heard["payload"][0]["extensions"]["code"], heard["payload"][0]["message"])
    unknown = ("NOT_FOUND", "There is no such shipment.")
    assert list(unseen.values()) == [unknown, unknown, *[("INVALID", "Such an id is shp_ and 26 characters.")] * 2]
    await listening(served, freight.trade.market)
    events = [Event("shipment.tracked", id, 9) for id in (freight.other, freight.one)]
    assert await fanout.publish(freight.trade.valkey, freight.trade.market.id, *events)
    await freight.move(freight.other, freight.one)
    heard = await socket.hear()
    assert (heard["id"], heard["payload"]["data"]["shipmentChanged"]["id"]) == ("b", freight.one)


async def test_staff_hear_of_all_shipments(served: Served, freight: Freight, socket: Socket) -> None:
    token = await freight.trade.market.key(freight.trade.market.made.operator_id, Role.SUPPORT)
    await (await socket.introduced(token)).listen("a", LISTEN_TO_SHIPMENTS)
    await listening(served, freight.trade.market)
    await freight.move(freight.other, freight.one)
    heard = {(await socket.hear())["payload"]["data"]["shipmentChanged"]["id"] for _ in range(2)}
    assert heard == {freight.one, freight.other}


async def test_shipments_are_streamed_to_their_own(served: Served, freight: Freight) -> None:
    async with stream(served, freight.members["buyer"].key, LISTEN_TO_SHIPMENTS) as response:
        await listening(served, freight.trade.market)
        await freight.move(freight.other, freight.one)
        name, told = await event(response)
        assert (name, told["data"]["shipmentChanged"]["id"]) == ("next", freight.one)


async def test_when_valkey_is_gone_listeners_are_told_and_can_listen_again(
    served: Served, freight: Freight, socket: Socket
) -> None:
    await (await socket.introduced(freight.members["provider"].key)).listen("a", LISTEN_TO_SHIPMENTS)
    await listening(served, freight.trade.market)
    await deafen(freight.trade.valkey)
    heard = await socket.hear()
    assert (heard["type"], heard["payload"][0]["extensions"]["code"]) == ("error", "UNAVAILABLE")
    await freight.move(freight.one)  # nobody hears it, and it is not kept for anybody
    await socket.listen("b", LISTEN_TO_SHIPMENTS)
    await listening(served, freight.trade.market)
    await freight.move(freight.one, status=TrackingStatus.OUT_FOR_DELIVERY)
    heard = await socket.hear()
    assert (heard["id"], heard["payload"]["data"]["shipmentChanged"]["state"]) == ("b", "OUT_FOR_DELIVERY")


async def test_without_valkey_a_subscription_is_refused_and_reading_goes_on(
    settings: Settings, promised: Contract, freight: Freight
) -> None:
    away = dataclasses.replace(settings, demo=False, redis_url="unix:///nonexistent/valkey.sock")
    async with (
        serving(away, promised=promised) as served,
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{served.url}/graphql", protocols=[PROTOCOL]) as raw,
    ):
        socket = await Socket(raw).introduced(freight.members["provider"].key)
        await socket.listen("a", LISTEN_TO_SHIPMENTS)
        heard = await socket.hear()
        assert (heard["type"], heard["payload"][0]["extensions"]["code"]) == ("error", "UNAVAILABLE")
        await socket.listen("q", "query($id:ID!){shipment(id:$id){id}}", id=freight.one)
        assert (await socket.hear())["payload"]["data"] == {"shipment": {"id": freight.one}}


# -- what ends a socket ------------------------------------------------------------------------------------------------

INIT = '{"type":"connection_init","payload":{"Authorization":"Bearer TOKEN"}}'
ENDLESS = '{"type":"subscribe","id":"a","payload":{"query":"subscription{claimChanged{id}}"}}'


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (["nonsense"], Close.BAD_MESSAGE),
        (["[]"], Close.BAD_MESSAGE),
        (["null"], Close.BAD_MESSAGE),
        (['{"type":"start","id":"1"}'], Close.BAD_MESSAGE),
        ([INIT, '{"type":"subscribe","id":"","payload":{}}'], Close.BAD_MESSAGE),
        ([INIT, '{"type":"subscribe","id":1,"payload":{}}'], Close.BAD_MESSAGE),
        ([INIT, '{"type":"subscribe","id":"a"}'], Close.BAD_MESSAGE),
        ([INIT, '{"type":"subscribe","id":"' + "a" * 200 + '","payload":{}}'], Close.BAD_MESSAGE),
        (['{"type":"connection_init","payload":[]}'], Close.BAD_MESSAGE),
        (['{"type":"connection_init"}'], Close.FORBIDDEN),
        (['{"type":"connection_init","payload":{"Authorization":"Bearer mg_test_no"}}'], Close.FORBIDDEN),
        (['{"type":"connection_init","payload":{"Authorization":7}}'], Close.FORBIDDEN),
        ([ENDLESS], Close.UNAUTHORIZED),
        ([INIT, INIT], Close.INIT_TWICE),
        ([INIT, ENDLESS, ENDLESS], Close.ID_IN_USE),
        ([b"{}"], Close.UNSUPPORTED),
        (['{"type":"ping","payload":"' + "x" * FRAME_BYTES_MAX + '"}'], Close.TOO_LONG),
    ],
)
async def test_what_the_protocol_forbids_closes_the_socket(
    market: Marketplace, socket: Socket, frames: list[str | bytes], code: Close
) -> None:
    token = await market.key(market.made.operator_id, Role.SUPPORT)
    for frame in frames:
        if isinstance(frame, bytes):
            await socket.raw.send_bytes(frame)
        else:
            await socket.raw.send_str(frame.replace("TOKEN", token))
    assert await socket.closed() == code


async def test_whoever_does_not_say_who_they_are_is_not_waited_for(
    served: Served, socket: Socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "INIT_SECONDS", 0.2)
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{served.url}/graphql", protocols=[PROTOCOL]) as raw,
    ):
        await Socket(raw).say(type="ping")
        assert await Socket(raw).closed() == Close.INIT_TIMEOUT


@pytest.mark.parametrize("offered", [(), ("graphql-ws",), ("soap",)])
async def test_other_protocols_are_not_spoken(served: Served, offered: tuple[str, ...]) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{served.url}/graphql", protocols=offered) as raw,
    ):
        assert await Socket(raw).closed() == Close.NO_PROTOCOL


async def test_elsewhere_there_are_no_sockets(served: Served) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(f"{served.url}/console", protocols=[PROTOCOL])


async def test_a_revoked_key_hears_nothing_more(served: Served, trade: Trade, socket: Socket) -> None:
    await (await socket.introduced(trade.one.key)).listen("a")
    await listening(served, trade.market)
    key_id = parse(trade.one.key).id
    await trade.market.act(trade.market.admin, keys.revoke_api_key, RevokeApiKey(key_id))
    served.platform.authenticator.forget(key_id)  # what the worker's news of the revocation does
    await trade.tell(trade.claim_of_one)
    message = await socket.raw.receive(timeout=20)
    assert (message.type, socket.raw.close_code) == (WSMsgType.CLOSE, Close.FORBIDDEN)


async def test_what_may_have_been_missed_ends_the_subscription(served: Served, trade: Trade, socket: Socket) -> None:
    await (await socket.introduced(trade.one.key)).listen("a")
    await listening(served, trade.market)
    await deafen(trade.valkey)
    heard = await socket.hear()
    assert (heard["type"], heard["payload"][0]["extensions"]["code"]) == ("error", "UNAVAILABLE")
    await socket.listen("b")
    await listening(served, trade.market)
    await trade.tell(trade.claim_of_one)
    assert (await socket.hear())["id"] == "b"


# -- event streams -----------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def stream(served: Served, token: str, query: str = LISTEN) -> AsyncIterator[aiohttp.ClientResponse]:
    headers = {"authorization": f"Bearer {token}", "accept": EVENTS}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{served.url}/graphql", json={"query": query}, headers=headers) as response,
    ):
        yield response


async def event(response: aiohttp.ClientResponse) -> tuple[str, Any]:
    """The name and the data of the next event, comments skipped."""
    async with asyncio.timeout(20):
        while (block := (await response.content.readuntil(b"\n\n")).decode().strip("\n")).startswith(":"):
            pass
    name, data = block.split("\n")
    text = data.removeprefix("data:").strip()
    return name.removeprefix("event: "), json.loads(text) if text else None


async def test_events_are_streamed_until_the_client_goes(served: Served, trade: Trade) -> None:
    async with stream(served, trade.one.key) as response:
        assert (response.status, response.content_type) == (200, EVENTS)
        await listening(served, trade.market)
        assert served.platform.figures.streams == 1
        for _ in range(2):
            await trade.tell(trade.claim_of_other, trade.claim_of_one)
            name, told = await event(response)
            assert (name, told["data"]["claimChanged"]["id"]) == ("next", trade.claim_of_one)
    await listening(served, trade.market, 0)


async def test_a_revoked_key_is_told_so_in_its_stream(served: Served, trade: Trade) -> None:
    async with stream(served, trade.one.key) as response:
        await listening(served, trade.market)
        key_id = parse(trade.one.key).id
        await trade.market.act(trade.market.admin, keys.revoke_api_key, RevokeApiKey(key_id))
        served.platform.authenticator.forget(key_id)
        await trade.tell(trade.claim_of_one)
        name, told = await event(response)
        assert (name, told["errors"][0]["extensions"]["code"]) == ("next", "UNAUTHENTICATED")
        assert await event(response) == ("complete", None)


# -- the fan-out -------------------------------------------------------------------------------------------------------


async def test_changes_of_one_thing_that_wait_come_as_one() -> None:
    mailbox = Mailbox()
    for number in range(3):
        mailbox.put(Event("claim.opened", "clm_a", number))
        mailbox.put(Event("claim.opened", "clm_b", number))
    assert [await anext(mailbox), await anext(mailbox)] == [
        Event("claim.opened", "clm_a", 2),
        Event("claim.opened", "clm_b", 2),
    ]


async def test_what_a_listener_does_not_want_never_fills_its_mailbox() -> None:
    mailbox = Mailbox(lambda event: event.object_id == "clm_mine")
    for number in range(2 * WAITING_MAX):
        mailbox.put(Event("claim.opened", f"clm_{number}", 1))
    mailbox.put(Event("claim.opened", "clm_mine", 1))
    assert await anext(mailbox) == Event("claim.opened", "clm_mine", 1)


def test_an_event_is_read_as_it_was_written() -> None:
    for event_ in (Event("claim.opened", "clm_a", 1), Event("shipment.tracked", "shp_a", 2, ("prv_a", "buy_a"))):
        assert Event.read(event_.written()) == event_


async def test_a_listener_that_does_not_keep_up_is_lost_not_fed_from_endless_memory() -> None:
    mailbox = Mailbox()
    for number in range(WAITING_MAX + 1):
        mailbox.put(Event("claim.opened", f"clm_{number}", 1))
    with pytest.raises(Lost):
        await anext(mailbox)


async def test_without_valkey_nobody_waits_in_silence() -> None:
    nowhere = open_cache("unix:///nonexistent/valkey.sock")
    silent = Fanout(nowhere)
    with pytest.raises(Lost):
        async with silent.listen("ten_a"):
            pass
    assert not await fanout.publish(nowhere, "ten_a", Event("claim.opened", "clm_a", 1))
    await silent.close()
    await nowhere.aclose()


async def test_the_last_listener_closes_the_connection(valkey: Redis) -> None:
    mine, others = Fanout(valkey), await listeners(valkey)
    async with mine.listen("ten_a") as one, mine.listen("ten_a") as two, mine.listen("ten_b") as three:
        await fanout.publish(valkey, "ten_a", Event("claim.opened", "clm_a", 1))
        await fanout.publish(valkey, "ten_b", Event("claim.opened", "clm_b", 1))
        assert (await anext(one), (await anext(two)).object_id, (await anext(three)).object_id) == (
            Event("claim.opened", "clm_a", 1),
            "clm_a",
            "clm_b",
        )
        assert len(await listeners(valkey) - others) == 1
    async with asyncio.timeout(20):
        while await listeners(valkey) - others:  # noqa: ASYNC110 - Valkey tells nobody
            await asyncio.sleep(0.01)
