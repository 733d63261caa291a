"""Servers are killed while money moves: every keyed mutation that was sent has happened once, and the books add up.

Clients do what good clients do: each call has a key of its own, and whoever hears no answer asks again with the same
key. Server processes are killed without warning between and in the middle of what they do; the next one begins to
answer on the same socket. Some of the calls race for what is left of one loss: no more is drawn than there is.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import random
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from api.operations import keys
from api.settings import ROOT, Settings
from domain.access import Role, Scope
from domain.ids import CouponId, OrderId
from domain.keys import IssueApiKey
from storage import audit
from tests.api.test_claims import DAY_AFTER, Story, story
from tests.serving import read_reply

__all__ = ["story"]

COUPONS = 4
ORDERS = 4
AT_ONCE = 6
"""Calls under way at the same time."""
ATTEMPTS_MAX = 30
"""Of one call, half a second apart at most: a server is back long before."""
SEED = 20261122

REDEEM = (
    "mutation($i: RedeemCouponInput!) { redeemCoupon(input: $i) { redemption { id } userErrors { code message } } }"
)
DEPOSIT = (
    "mutation($i: RecordDepositInput!) { recordDeposit(input: $i) { movement { id } userErrors { code message } } }"
)
INSURED = (
    "mutation($i: RecordInsurancePaymentInput!) { recordInsurancePayment(input: $i) "
    "{ insurancePayment { id } userErrors { code message } } }"
)
LOSS_MINOR, PART = 2_00, "0.50"
"""One loss, and what each of many insurers would pay of it: four do, and the others come too late."""


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    """One keyed mutation: what is sent, and where its answer names what came of it."""

    text: str
    payload: str
    thing: str
    members: dict[str, Any]


class Servers:
    """One server process at a time behind one socket; `kill` ends it without warning and starts the next."""

    def __init__(self, settings: Settings, listener: socket.socket) -> None:
        self.settings, self.listener = settings, listener
        self.kills = 0
        self._running: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """A process answers on the socket."""
        descriptor = self.listener.fileno()
        self._running = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "api", "serve", "--shared-socket", str(descriptor)),
            env={**os.environ, **self.settings.environment()},
            pass_fds=(descriptor,),
            cwd=ROOT,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )

    async def end(self) -> None:
        """The running process was killed, in the middle of whatever it did."""
        if self._running is not None:
            with contextlib.suppress(ProcessLookupError):
                self._running.kill()
            await self._running.wait()

    async def kill(self) -> None:
        """As `end`, and the next one starts."""
        await self.end()
        self.kills += 1
        await self.start()


@pytest.fixture
async def servers(settings: Settings) -> AsyncIterator[Servers]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(256)
        running = Servers(dataclasses.replace(settings, demo=False), listener)
        await running.start()
        try:
            yield running
        finally:
            await running.end()


async def key_of(story: Story) -> str:
    """A key of the shop system that may record payments too."""
    market = story.market
    roles = (Role.SERVICE, Role.FINANCE)
    wish = IssueApiKey(market.operator_id, "shop", roles, tuple(Scope), frontend=False, expires_at=None)
    return (await market.act(market.staff, keys.issue_api_key, wish)).once["secret"]


@dataclasses.dataclass(frozen=True, slots=True)
class Goods:
    """Coupons of US$100 for late goods, orders that they can pay for, and a line of one whose goods are insured."""

    coupons: list[CouponId]
    orders: list[OrderId]
    insured: tuple[OrderId, str]


async def goods(story: Story) -> Goods:
    """What calls are about."""
    late = [await story.late_order() for _ in range(COUPONS)]
    await story.market.move(DAY_AFTER, runs=True)
    coupons = []
    for order_id in late:
        claim = await story.open(order_id)
        await story.accept(claim)
        coupons.append((await story.coupon(claim)).id)
    orders, lost = [await story.later_order() for _ in range(ORDERS)], await story.later_order(LOSS_MINOR)
    tenant_id = story.market.tenant_id
    line_id = await story.market.pool.fetchval(tenant_id, "SELECT id FROM order_lines WHERE order_id = $1", lost)
    return Goods(coupons, orders, (lost, line_id))


def calls(story: Story, about: Goods, count: int) -> Iterator[Call]:
    """So many mutations that move money, each with a key of its own.

    Nothing in them can be refused but what is above what is left of the loss.
    """
    coupons, orders, (lost, line_id) = about.coupons, about.orders, about.insured
    chance = random.Random(SEED)  # noqa: S311 - the same calls in each run
    for number in range(count):
        once = {"idempotencyKey": f"call-{number}"}
        dice = chance.random()
        if dice < 0.5:
            # Never more than a coupon holds: at most 10 cents each.
            amount = {"amount": f"0.{chance.randint(1, 10):02d}", "currency": "USD"}
            spent = {"couponId": chance.choice(coupons), "orderId": chance.choice(orders), "amount": amount}
            yield Call(REDEEM, "redeemCoupon", "redemption", {**spent, **once})
        elif dice < 0.7:
            paid = {"amount": {"amount": PART, "currency": "USD"}, "reference": f"policy-{number}"}
            paid |= {"orderId": lost, "lineId": line_id, "cause": "NON_RECEIPT", "insurer": "Anchor Cover"}
            yield Call(INSURED, "recordInsurancePayment", "insurancePayment", {**paid, **once})
        else:
            paid = {"amount": {"amount": "5.00", "currency": "USD"}, "reference": f"bank-{number}"}
            yield Call(DEPOSIT, "recordDeposit", "movement", {"providerId": story.provider_id, **paid, **once})


TOO_LATE = "nothing is left of the loss for"


async def send(port: int, token: str, call: Call) -> str:
    """The id of what came of the call; asked again, with the same key, until there is an answer."""
    body = json.dumps({"query": call.text, "variables": {"i": call.members}}).encode()
    lines = (
        "POST /graphql HTTP/1.1",
        "host: localhost",
        f"authorization: Bearer {token}",
        "accept: application/graphql-response+json",
        "content-type: application/json",
        f"content-length: {len(body)}",
        "connection: close",
    )
    head = "\r\n".join([*lines, "", ""]).encode()
    for attempt in range(ATTEMPTS_MAX):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            async with asyncio.timeout(60):  # a server that begins on a busy machine takes its time
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                try:
                    writer.write(head + body)
                    reply = await read_reply(reader)
                finally:
                    writer.close()
            answered = reply.json
            if reply.status == 200 and (answered.get("data") or {}).get(call.payload):
                payload = answered["data"][call.payload]
                if payload[call.thing] is not None:
                    return str(payload[call.thing]["id"])
                codes = {error["code"] for error in payload["userErrors"]}
                if codes == {"REFUSED"} and call.payload == "recordInsurancePayment":
                    return f"{TOO_LATE} {call.members['idempotencyKey']}"
                # Somebody else changes the same thing, or the first attempt is still on its way to being rolled back.
                assert codes <= {"CONFLICT", "IDEMPOTENCY_IN_PROGRESS", "STALE_VERSION"}, payload
        await asyncio.sleep(min(0.05 * (attempt + 1), 0.5))
    raise AssertionError(f"no answer to {call.members}")


async def run(story: Story, servers: Servers, count: int, kills: int) -> None:
    """So many calls while servers are killed so often; then everything is counted."""
    about = await goods(story)
    token, port = await key_of(story), servers.listener.getsockname()[1]
    waiting = list(calls(story, about, count))[::-1]
    done: dict[str, str] = {}

    async def client() -> None:
        while waiting:
            call = waiting.pop()
            done[call.members["idempotencyKey"]] = await send(port, token, call)

    async def killer() -> None:
        chance = random.Random(SEED + 1)  # noqa: S311 - the same instants in each run
        for number in range(1, kills + 1):
            while len(done) < count * number // (kills + 1):  # noqa: ASYNC110 - what is counted has no event
                await asyncio.sleep(0.01)
            await asyncio.sleep(chance.random() * 0.05)
            await servers.kill()

    async with asyncio.TaskGroup() as group:
        group.create_task(killer())
        for _ in range(AT_ONCE):
            group.create_task(client())
    assert servers.kills == kills
    assert len(done) == count
    assert len(set(done.values())) == count, "two keys never share an effect"
    await add_up(story, list(calls(story, about, count)), done)


async def add_up(story: Story, sent: list[Call], done: dict[str, str]) -> None:
    """What is recorded is what was sent, each once, and the doctor finds nothing."""
    tenant_id = story.market.tenant_id
    async with story.market.pool.acquire(tenant_id) as connection:
        rows = await connection.fetch(
            "SELECT id, amount_minor FROM redemptions WHERE tenant_id = $1 "
            "UNION ALL SELECT id, amount_minor FROM deposit_movements WHERE tenant_id = $1 "
            "UNION ALL SELECT id, amount_minor FROM insurance_payments WHERE tenant_id = $1",
            tenant_id,
        )
        broken = await audit.verify(connection, tenant_id)
    made = {done[call.members["idempotencyKey"]]: cents(call.members["amount"]["amount"]) for call in sent}
    wanted = {id: minor for id, minor in made.items() if not id.startswith(TOO_LATE)}
    paid = sum(minor for id, minor in wanted.items() if id.startswith("inp_"))
    assert paid == LOSS_MINOR, "all of the loss, and not a cent more"
    assert len(wanted) < len(sent), "somebody came too late"
    assert {row["id"]: row["amount_minor"] for row in rows} == wanted
    assert await story.faults() == []
    assert broken == []
    spent = sum(cents(call.members["amount"]["amount"]) for call in sent if call.payload == "redeemCoupon")
    held = sum(cents(call.members["amount"]["amount"]) for call in sent if call.payload == "recordDeposit")
    books = await story.books()
    assert books["BUYER_COUPON_LIABILITY"] == spent - COUPONS * 100_00
    assert books["PARTY_RECEIVABLE"] == spent
    assert books["DEPOSIT_HELD"] == -held


def cents(text: str) -> int:
    """Cents of an amount in dollars."""
    whole, part = text.split(".")
    return int(whole) * 100 + int(part)


async def test_a_server_killed_while_money_moves_loses_and_doubles_nothing(story: Story, servers: Servers) -> None:
    await run(story, servers, count=60, kills=1)


@pytest.mark.long
async def test_servers_killed_again_and_again_lose_and_double_nothing(story: Story, servers: Servers) -> None:
    await run(story, servers, count=600, kills=6)
