"""Duties and the sandbox's clock, as callers see them through GraphQL."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain import clocks
from domain.access import Role
from domain.clocks import Clock, Duty
from domain.dates import rfc3339
from domain.ids import ClockId, CouponId, PartyId
from domain.tenants import TenantKind
from storage.minting import mint
from storage.pool import Pool
from storage.unit_of_work import Outcome, Work
from tests.marketplaces import Asking, Marketplace, open_marketplace

SHOWS = "{ viewer { tenant { clock } } }"
CLOCKS = """query ($filter: ClockFilter) { clocks(first: 10, filter: $filter, orderBy: DUE_FIRST) {
  totalCount nodes { id duty state dueAt otherwise party { __typename } subject { id } } } }"""
MOVED = "clockAt runs fired"


async def start(market: Marketplace, duty: Duty, due_in: timedelta, party_id: PartyId | None = None) -> Clock:
    """A running clock of that party's."""
    made: list[Clock] = []

    async def act(work: Work, _: None) -> Outcome:
        change = clocks.start(
            duty, mint(CouponId), work.at + due_in, id=work.new_id(ClockId), at=work.at, party_id=party_id
        )
        await work.keep(change)
        made.append(change.after)
        return Outcome()

    await market.act(market.admin, act, None)
    return made[0]


async def shown(ask: Asking, market: Marketplace) -> datetime:
    text: str = (await ask(market.admin, SHOWS))["viewer"]["tenant"]["clock"]
    return datetime.fromisoformat(text)


async def test_staff_see_every_duty_and_a_party_its_own(market: Marketplace, ask: Asking) -> None:
    supplier, other = await market.add("Sun", Role.SUPPLIER), await market.add("Moon", Role.SUPPLIER)
    theirs = await start(market, Duty.ANSWER_CLAIM, timedelta(days=3), supplier.party_id)
    desks = await start(market, Duty.DECIDE_CLAIM, timedelta(days=2))
    everything = (await ask(market.admin, CLOCKS))["clocks"]
    assert [node["id"] for node in everything["nodes"][:2]] == [desks.id, theirs.id]
    own = ["REVIEW_SCORECARDS", "EVALUATE_TIERS"]
    assert [node["duty"] for node in everything["nodes"][2:]] == own, "the marketplace's own"
    assert everything["nodes"][0] == {
        "id": desks.id,
        "duty": "DECIDE_CLAIM",
        "state": "RUNNING",
        "dueAt": rfc3339(desks.due_at),
        "otherwise": "The claim is decided on its file.",
        "party": None,
        "subject": None,
    }
    own = (await ask(supplier.caller, CLOCKS))["clocks"]
    assert [(node["id"], node["party"]) for node in own["nodes"]] == [(theirs.id, {"__typename": "Supplier"})]
    assert own["totalCount"] == 1
    assert (await ask(other.caller, CLOCKS))["clocks"] == {"totalCount": 0, "nodes": []}
    one = "query ($id: ID!) { clock(id: $id) { id } node(id: $id) { id } }"
    assert await ask(supplier.caller, one, id=theirs.id) == {"clock": {"id": theirs.id}, "node": {"id": theirs.id}}
    assert await ask(other.caller, one, id=theirs.id) == {"clock": None, "node": None}


async def test_clocks_are_filtered(market: Marketplace, ask: Asking) -> None:
    soon = await start(market, Duty.CLAIM_WINDOW, timedelta(days=1))
    later = await start(market, Duty.COUPON_EXPIRY, timedelta(days=5))

    async def found(**filters: Any) -> list[str]:
        return [node["id"] for node in (await ask(market.admin, CLOCKS, filter=filters))["clocks"]["nodes"]]

    assert await found(duties=["COUPON_EXPIRY"]) == [later.id]
    assert await found(dueBefore=rfc3339(later.due_at)) == [soon.id]
    assert await found(subjectId=soon.subject_id) == [soon.id]
    assert await found(states=["FIRED", "PAUSED"]) == []
    assert (await found(states=["RUNNING"]))[:2] == [soon.id, later.id]


async def test_a_sandboxs_clock_moves_and_says_what_fired(market: Marketplace, ask: Asking) -> None:
    await market.add("Ada", Role.BUYER)
    to = await shown(ask, market) + timedelta(days=40)
    payload = await ask.mutate(market.admin, "moveClock", MOVED, to=rfc3339(to))
    evaluated = 1 + 5  # the month's look at all buyers, and each week's at all scorecards
    assert payload == {"clockAt": rfc3339(to), "runs": False, "fired": evaluated, "userErrors": []}
    assert await shown(ask, market) == to
    running = await ask.mutate(market.admin, "moveClock", MOVED, to=rfc3339(to + timedelta(days=1)), runs=True)
    assert running["runs"] is True
    assert await shown(ask, market) > to + timedelta(days=1)


async def test_a_move_sent_twice_with_a_key_happens_once(market: Marketplace, ask: Asking) -> None:
    to = rfc3339(await shown(ask, market) + timedelta(days=1))
    first = await ask.mutate(market.admin, "moveClock", MOVED, to=to, idempotencyKey="once")
    assert await ask.mutate(market.admin, "moveClock", MOVED, to=to, idempotencyKey="once") == first
    again = await ask.mutate(market.admin, "moveClock", MOVED, to=to)
    assert [error["code"] for error in again["userErrors"]] == ["REFUSED"]


async def test_a_move_backwards_is_refused_with_its_reason(market: Marketplace, ask: Asking) -> None:
    before = await shown(ask, market)
    payload = await ask.mutate(market.admin, "moveClock", MOVED, to=rfc3339(before - timedelta(days=1)))
    (error,) = payload["userErrors"]
    assert (error["code"], error["rule"]) == ("REFUSED", "clock.move")
    assert [reason["reason"] for reason in error["reasons"]] == ["clock_forwards"]
    assert (payload["clockAt"], payload["fired"]) == (None, None)
    assert await shown(ask, market) >= before


@pytest.mark.parametrize("to", ["2030-01-01", "2030-01-01T00:00:00", "soon"])
async def test_an_instant_without_zone_is_no_instant(market: Marketplace, ask: Asking, to: str) -> None:
    text = "mutation ($to: DateTime!) { moveClock(input: {to: $to}) { fired } }"
    answer = await ask.answer(market.admin, text, to=to)
    assert [error["extensions"]["code"] for error in answer.errors] == ["BAD_VARIABLES"]


async def test_a_live_clock_is_the_real_one(worker_pool: Pool, ask: Asking, emptied: None) -> None:
    live = await open_marketplace(worker_pool, kind=TenantKind.LIVE)
    payload = await ask.mutate(live.admin, "moveClock", MOVED, to="2030-01-01T00:00:00Z")
    (error,) = payload["userErrors"]
    assert (error["code"], [reason["reason"] for reason in error["reasons"]]) == ("REFUSED", ["clock_of_sandbox"])
    assert await worker_pool.fetchval(live.id, "SELECT clock_at FROM tenants WHERE tenant_id = $1", live.id) is None


async def test_only_admins_move_clocks(market: Marketplace, ask: Asking) -> None:
    buyer = await market.add("Ada", Role.BUYER)
    for caller in (buyer.caller, market.staff(Role.SUPPORT)):
        payload = await ask.mutate(caller, "moveClock", MOVED, to="2040-01-01T00:00:00Z")
        assert [error["code"] for error in payload["userErrors"]] == ["FORBIDDEN"]
