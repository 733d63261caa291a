"""Restrictions, expiry and suspension through the public API, with a moved clock."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from typing import Any

import pytest

from api.operations import capabilities as capable
from api.operations import expiry
from api.operations.clocks import FIRES
from api.worker import ROUNDS, Worker
from domain.access import Role
from domain.capabilities import Capability, of_lane
from domain.clocks import Clock, Duty
from domain.dates import MICROSECOND, rfc3339
from domain.errors import Refused
from domain.gates import Action
from domain.requirements import ItemState
from storage import clocks as clock_rows
from storage import providers as provider_rows
from storage import requirements as item_rows
from storage.pool import Pool
from storage.unit_of_work import Outcome, Work
from tests.builders import START, Market
from tests.marketplaces import Asking
from tests.nvoccs import (
    BOND,
    DAY,
    STANDING,
    WAYS,
    accept,
    events,
    lanes_of,
    nvocc,
    on_sale,
    refusal,
    shown,
    stops,
)

# -- the desk's restrictions -------------------------------------------------------------------------------------------


async def test_the_desk_restricts_a_market_for_a_time_and_nothing_else(sandbox: Market, ask: Asking) -> None:
    id = await nvocc(sandbox)
    assert await on_sale(sandbox, id) == list(WAYS)
    payload = await ask.mutate(
        sandbox.staff,
        "restrictProvider",
        STANDING,
        providerId=id,
        reason="Customs asks questions.",
        markets=["DE"],
        until=rfc3339(START + 5 * DAY),
    )
    assert payload["userErrors"] == []
    assert payload["provider"] == {"state": "RESTRICTED"}
    assert [payload["restriction"][name] for name in ("cause", "about", "actions", "services", "markets")] == [
        "DESK",
        None,
        [],
        [],
        ["DE"],
    ]
    assert await on_sale(sandbox, id) == [way for way in WAYS if way[2] == "US"]
    again = await shown(
        ask, sandbox.provider(id), id, "restrictions(first: 5) { nodes { reason blockedActions { action } } }"
    )
    assert again["restrictions"]["nodes"] == [
        {"reason": "Customs asks questions.", "blockedActions": [{"action": "LIFT_RESTRICTION"}]}
    ]
    other = await sandbox.register_provider()
    hidden = await shown(
        ask,
        sandbox.provider(other),
        id,
        'restrictions(first: 5) { nodes { id } } capabilitiesOn(on: "2026-03-01") { count }',
    )
    assert hidden == {"restrictions": {"nodes": []}, "capabilitiesOn": None}
    await sandbox.move(START + 5 * DAY)
    assert len(await on_sale(sandbox, id)) == 3
    await sandbox.move(START + 5 * DAY + MICROSECOND)
    assert await on_sale(sandbox, id) == list(WAYS)
    assert (await shown(ask, sandbox.staff, id, "state"))["state"] == "ACTIVE"


async def test_a_restriction_is_lifted_once_and_two_lifters_do_not_both_win(sandbox: Market, ask: Asking) -> None:
    id = await nvocc(sandbox)
    first = (await lanes_of(sandbox, id))[0]
    made = await ask.mutate(
        sandbox.staff, "restrictProvider", STANDING, providerId=id, reason="Bait.", laneIds=[first.id]
    )
    assert await on_sale(sandbox, id) == list(WAYS[1:])
    wish = {"restrictionId": made["restriction"]["id"], "reason": "Corrected.", "expectedVersion": 1}
    lifted = await ask.mutate(sandbox.staff, "liftRestriction", STANDING, **wish)
    assert lifted["restriction"]["liftedAt"] == rfc3339(START)
    assert await on_sale(sandbox, id) == list(WAYS)
    late = await ask.mutate(sandbox.staff, "liftRestriction", STANDING, **wish)
    assert [error["code"] for error in late["userErrors"]] == ["STALE_VERSION"]
    later = await ask.mutate(sandbox.staff, "liftRestriction", STANDING, **{**wish, "expectedVersion": None})
    assert refusal(later) == ["restriction_not_lifted"]


async def test_bad_restrictions_are_refused_with_everything_that_is_wrong(sandbox: Market, ask: Asking) -> None:
    id, other = await nvocc(sandbox), await nvocc(sandbox)
    foreign = (await lanes_of(sandbox, other))[0]
    strange = await ask.mutate(
        sandbox.staff, "restrictProvider", STANDING, providerId=id, reason="x", laneIds=[foreign.id]
    )
    assert [(error["code"], error["field"]) for error in strange["userErrors"]] == [("INVALID", ["laneIds"])]
    past = await ask.mutate(
        sandbox.staff, "restrictProvider", STANDING, providerId=id, reason="x", until=rfc3339(START)
    )
    assert [error["field"] for error in past["userErrors"]] == [["until"]]
    empty = await ask.mutate(sandbox.staff, "restrictProvider", STANDING, providerId="prv_1", reason=" ")
    assert sorted(error["field"] for error in empty["userErrors"]) == [["providerId"], ["reason"]]
    own = await ask.mutate(sandbox.provider(id), "restrictProvider", STANDING, providerId=other, reason="x")
    assert [error["code"] for error in own["userErrors"]] == ["FORBIDDEN"]
    assert await on_sale(sandbox, id) == await on_sale(sandbox, other) == list(WAYS)


# -- expiry ------------------------------------------------------------------------------------------------------------


async def test_a_lapsed_bond_takes_two_lanes_and_nothing_else_and_its_renewal_brings_them_back(
    sandbox: Market, ask: Asking
) -> None:
    id = await nvocc(sandbox)
    await sandbox.offer(id)
    ends = datetime(2026, 5, 1, tzinfo=UTC) - MICROSECOND
    await accept(sandbox, id, BOND, ends)
    own = sandbox.provider(id)
    duty = await ask(own, "{ clocks(first: 5, filter: {states: [RUNNING]}) { nodes { duty dueAt } } }")
    assert duty["clocks"]["nodes"] == [{"duty": "REQUIREMENT_EXPIRY", "dueAt": rfc3339(ends - 60 * DAY - MICROSECOND)}]
    before = await stops(ask, own, id, date(2026, 5, 14))
    assert before["count"] == 0

    await sandbox.move(ends)  # the last instant still counts
    assert [at - ends for at in await events(sandbox, "requirement.expiring")] == [-60 * DAY, -30 * DAY, -7 * DAY]
    assert await events(sandbox, "requirement.expired") == []
    assert await on_sale(sandbox, id) == list(WAYS)
    ahead = await stops(ask, own, id, date(2026, 5, 15))
    assert [stop["already"] for stop in ahead["stops"]] == [False] * ahead["count"]

    await sandbox.move(ends + MICROSECOND)
    assert len(await events(sandbox, "requirement.expired")) == 1
    held = "restrictions(first: 5) { nodes { cause about since decision { kind holds tree { reason version } } } }"
    grace = await shown(ask, own, id, f"state {held}")
    assert grace["state"] == "RESTRICTED"
    (bond, *_) = grace["restrictions"]["nodes"]
    assert (bond["cause"], bond["about"], bond["since"]) == ("REQUIREMENT", BOND, "2026-05-15T04:00:00Z")
    assert (bond["decision"]["kind"], bond["decision"]["holds"]) == ("CAPABILITY", False)
    assert bond["decision"]["tree"]["reason"] == "requirement_still_counts"
    assert bond["decision"]["tree"]["version"].startswith("rul_")
    assert await on_sale(sandbox, id) == list(WAYS)
    assert (await stops(ask, own, id, date(2026, 5, 15)))["stops"] == ahead["stops"]

    await sandbox.move(datetime(2026, 5, 15, 4, tzinfo=UTC))
    assert await on_sale(sandbox, id) == list(WAYS[2:])
    now = await stops(ask, sandbox.staff, id, date(2026, 5, 15))
    assert [{**stop, "already": False} for stop in now["stops"]] == ahead["stops"]
    off = [stop for stop in now["stops"] if stop["lane"] is not None]
    assert [(stop["service"], stop["markets"]) for stop in off] == [
        ("SEA_LCL", ["CN", "US"]),
        ("SEA_LCL", ["VN", "US"]),
    ]
    (because,) = off[0]["because"]
    assert (because["rule"], because["reason"]) == ("capability.requirement", "requirement_up_to_date")
    assert {"name": "about", "value": BOND} in because["inputs"]

    await accept(sandbox, id, BOND, ends + 365 * DAY)
    assert await on_sale(sandbox, id) == list(WAYS)
    assert await shown(ask, own, id, "state guarantees(first: 2) { nodes { state } }") == {
        "state": "ACTIVE",
        "guarantees": {"nodes": [{"state": "ACTIVE"}]},
    }


STATEMENT = """statementOfReasons { measure takes note facts { reason } automatedDetection automatedDecision ruleKey
  appealUntil text }"""
"""What a restriction says of itself."""


async def test_a_lapse_says_why_and_an_appeal_gives_back_what_it_took(sandbox: Market, ask: Asking) -> None:
    id = await nvocc(sandbox)
    await accept(sandbox, id, BOND, START + DAY)
    await sandbox.move(START + 20 * DAY)
    assert await on_sale(sandbox, id) == list(WAYS[2:])
    own, reviewer = sandbox.provider(id), sandbox.caller(Role.ADMIN)
    found = await shown(ask, own, id, f"restrictions(first: 9) {{ nodes {{ id about {STATEMENT} }} }}")
    lapsed = next(each for each in found["restrictions"]["nodes"] if each["about"] == BOND)
    statement = lapsed["statementOfReasons"]
    assert [each["reason"] for each in statement["facts"]] == ["requirement_still_counts"]
    assert (statement["measure"], statement["automatedDetection"], statement["automatedDecision"]) == (
        "RESTRICTION",
        True,
        True,
    )
    assert statement["ruleKey"].startswith("onboarding")
    assert statement["appealUntil"] in statement["text"]
    content = {"grounds": "It was renewed.", "rootCause": "Post.", "correction": "Sent again.", "prevention": "Care."}
    for node in found["restrictions"]["nodes"]:
        drafted = await ask.mutate(
            own, "draftAppeal", "appeal { id }", subjectId=node["id"], content=content, idempotencyKey=f"D{node['id']}"
        )
        appeal = {"appealId": drafted["appeal"]["id"], "idempotencyKey": f"A{node['id']}"}
        assert (await ask.mutate(own, "fileAppeal", "appeal { state }", **appeal))["userErrors"] == []
        for step in ("admitAppeal", "takeAppeal"):
            await ask.mutate(reviewer, step, "appeal { state }", **appeal)
        await ask.mutate(reviewer, "decideAppeal", "appeal { id }", undone=["RESTRICTION"], note="It is.", **appeal)
    assert await on_sale(sandbox, id) == list(WAYS)


async def test_what_refers_to_a_lapsed_requirement_falls_with_it(sandbox: Market, ask: Asking) -> None:
    id = await nvocc(sandbox)
    guarantee = await sandbox.offer(id)
    await accept(sandbox, id, BOND, START + DAY)
    await sandbox.move(START + 20 * DAY)
    state = "query ($id: ID!) { guarantee(id: $id) { state } }"
    assert (await ask(sandbox.staff, state, id=guarantee))["guarantee"]["state"] == "SUSPENDED"
    with pytest.raises(Refused) as refused:
        await sandbox.offer(id, "guarantees/machinery_after_sales")
    assert [finding.inputs["about"] for finding in refused.value.unmet] == ["us_ocean_guarantee_standing"]
    await accept(sandbox, id, BOND, None, ItemState.WAIVED)
    assert (await ask(sandbox.staff, state, id=guarantee))["guarantee"]["state"] == "ACTIVE"


async def test_a_waiver_ends_like_a_proof(sandbox: Market) -> None:
    id = await nvocc(sandbox)
    await accept(sandbox, id, BOND, START + 10 * DAY, ItemState.WAIVED)
    await sandbox.move(START + 10 * DAY)
    assert len(await events(sandbox, "requirement.expiring")) == 1  # only the last of three warnings lay ahead
    await sandbox.move(START + 30 * DAY)
    assert await on_sale(sandbox, id) == list(WAYS[2:])


async def test_a_renewal_in_grace_and_one_before_leave_no_trace_of_restriction(sandbox: Market, ask: Asking) -> None:
    id = await nvocc(sandbox)
    await accept(sandbox, id, BOND, START + 10 * DAY)
    await sandbox.move(START + 12 * DAY)
    await accept(sandbox, id, BOND, START + 400 * DAY)
    await sandbox.move(START + 100 * DAY)
    assert await on_sale(sandbox, id) == list(WAYS)
    found = await shown(ask, sandbox.staff, id, "state restrictions(first: 9) { nodes { liftedAt } }")
    assert found["state"] == "ACTIVE"
    assert {node["liftedAt"] for node in found["restrictions"]["nodes"]} == {rfc3339(START + 12 * DAY)}


async def test_too_small_a_deposit_takes_what_rests_on_it_after_grace(sandbox: Market, ask: Asking) -> None:
    id = await nvocc(sandbox, "CN")
    asked = "deposits { currency required { amount } shortfall { amount } }"
    (wanted,) = (await shown(ask, sandbox.staff, id, asked))["deposits"]

    async def pay(amount: str, reference: str) -> None:
        money = {"amount": amount, "currency": wanted["currency"]}
        wish = {"providerId": id, "amount": money, "reference": reference, "idempotencyKey": reference}
        paid = await ask.mutate(sandbox.staff, "recordDeposit", "deposit { id }", **wish)
        assert paid["userErrors"] == []

    await pay("1.00", "R-1")
    held = "state restrictions(first: 3) { nodes { about since liftedAt decision { tree { reason } } } }"
    short = await shown(ask, sandbox.staff, id, held)
    assert short["state"] == "RESTRICTED"
    (restriction,) = short["restrictions"]["nodes"]
    assert (restriction["about"], restriction["since"]) == ("deposit", "2026-02-16T05:00:00Z")
    assert restriction["decision"]["tree"]["reason"] == "deposit_suffices"
    await sandbox.move(datetime(2026, 2, 16, 4, 59, tzinfo=UTC))
    assert await on_sale(sandbox, id) == list(WAYS)
    await sandbox.move(datetime(2026, 2, 16, 5, tzinfo=UTC))
    assert await on_sale(sandbox, id) == []
    await pay("2.00", "R-2")
    assert await on_sale(sandbox, id) == []
    await pay(wanted["required"]["amount"], "R-3")
    assert await on_sale(sandbox, id) == list(WAYS)
    assert (await shown(ask, sandbox.staff, id, "state"))["state"] == "ACTIVE"
    assert len(await events(sandbox, "restriction.imposed")) == 1


async def test_a_vouched_provider_loses_nothing(sandbox: Market) -> None:
    id = await sandbox.register_provider()
    await accept(sandbox, id, BOND, START + DAY)
    await sandbox.move(START + 40 * DAY)
    async with sandbox.pool.acquire(sandbox.tenant_id) as connection:
        assert (await provider_rows.get(connection, sandbox.tenant_id, id)).state.value == "ACTIVE"


async def test_a_worker_killed_between_warning_and_restriction_loses_and_doubles_nothing(
    sandbox: Market, worker_pool: Pool, valkey: Any
) -> None:
    id = await nvocc(sandbox)
    await accept(sandbox, id, BOND, START + 70 * DAY)
    killed: list[datetime] = []

    async def dying(work: Work, clock: Clock) -> None:
        """Everything of the step is done but the commit."""
        await expiry.fire_requirement_expiry(work, clock)
        await work.write()
        if clock.due_at not in killed:
            killed.append(clock.due_at)
            raise RuntimeError("killed")

    worker = Worker(worker_pool, valkey, fires={**FIRES, Duty.REQUIREMENT_EXPIRY: dying})
    round_ = next(each for each in ROUNDS if each.name == "clocks")
    for at in (15, 45, 65, 71, 90):
        await worker_pool.fetch(
            sandbox.tenant_id,
            "UPDATE tenants SET clock_at = $2 WHERE tenant_id = $1",
            sandbox.tenant_id,
            START + at * DAY,
        )
        for _ in range(2):
            await worker.once(round_)
            await worker_pool.fetch(
                sandbox.tenant_id, "UPDATE clocks SET retry_at = NULL WHERE tenant_id = $1", sandbox.tenant_id
            )
    assert len(killed) == 5
    assert len(await events(sandbox, "requirement.expiring")) == 3
    assert len(await events(sandbox, "requirement.expired")) == 1
    assert len(await events(sandbox, "restriction.imposed")) == 2  # the bond, and the reference to it
    assert len(await events(sandbox, "lane.off_sale")) == 2
    assert await on_sale(sandbox, id) == list(WAYS[2:])
    async with sandbox.pool.acquire(sandbox.tenant_id) as connection:
        (item,) = await item_rows.standing_by_provider(connection, sandbox.tenant_id, id)
        found = await clock_rows.by_subjects(connection, sandbox.tenant_id, [item.id])
    assert [clock.state.value for clock in found] == ["FIRED"] * 5


# -- suspension --------------------------------------------------------------------------------------------------------


async def test_a_suspended_provider_sells_nothing_until_the_end_or_its_reinstatement(
    sandbox: Market, ask: Asking
) -> None:
    id = await nvocc(sandbox)
    guarantee = await sandbox.offer(id)
    wish = {"providerId": id, "reason": "Under investigation.", "until": rfc3339(START + 3 * DAY)}
    held = await ask.mutate(sandbox.staff, "suspendProvider", STANDING, **wish)
    assert (held["provider"], held["restriction"]["cause"]) == ({"state": "SUSPENDED"}, "SUSPENSION")
    assert await on_sale(sandbox, id) == []
    twice = await ask.mutate(sandbox.staff, "suspendProvider", STANDING, **wish)
    assert refusal(twice) == ["standing_allows"]
    stuck = await ask.mutate(
        sandbox.staff, "liftRestriction", STANDING, restrictionId=held["restriction"]["id"], reason="no"
    )
    assert refusal(stuck) == ["restriction_lifted_by_desk"]
    with pytest.raises(Refused) as refused:
        await sandbox.offer(id, "guarantees/machinery_after_sales")
    assert [finding.reason for finding in refused.value.unmet] == ["capability_of_state", "provider_not_suspended"]
    state = "query ($id: ID!) { guarantee(id: $id) { state } }"
    assert (await ask(sandbox.staff, state, id=guarantee))["guarantee"]["state"] == "SUSPENDED"
    await sandbox.move(START + 3 * DAY + MICROSECOND)
    assert await on_sale(sandbox, id) == list(WAYS)
    assert (await ask(sandbox.staff, state, id=guarantee))["guarantee"]["state"] == "ACTIVE"
    await ask.mutate(sandbox.staff, "suspendProvider", STANDING, providerId=id, reason="Again.")
    back = await ask.mutate(sandbox.staff, "reinstateProvider", STANDING, providerId=id, reason="Cleared.")
    assert back["provider"] == {"state": "ACTIVE"}
    assert await on_sale(sandbox, id) == list(WAYS)


async def test_two_desks_that_suspend_at_once_have_one_effect(sandbox: Market, ask: Asking) -> None:
    id = await nvocc(sandbox)
    wish = {"providerId": id, "reason": "Under investigation."}
    answers = await asyncio.gather(
        *(ask.mutate(sandbox.staff, "suspendProvider", "provider { state }", **wish) for _ in range(4))
    )
    assert sorted(len(answer["userErrors"]) for answer in answers) == [0, 1, 1, 1]
    held = await shown(ask, sandbox.staff, id, "state restrictions(first: 9) { nodes { cause } }")
    assert held == {"state": "SUSPENDED", "restrictions": {"nodes": [{"cause": "SUSPENSION"}]}}
    assert len(await events(sandbox, "lane.off_sale")) == len(WAYS)


async def test_a_provider_suspended_between_quote_and_booking_is_refused_with_the_reason(
    sandbox: Market, ask: Asking
) -> None:
    id = await nvocc(sandbox)
    quoted = (await lanes_of(sandbox, id))[0]

    async def book(work: Work, capability: Capability) -> Outcome:
        provider = await provider_rows.lock(work.connection, work.tenant_id, id)
        await capable.require(work, provider, capability)
        return Outcome()

    await sandbox.act(sandbox.staff, book, of_lane(quoted, Action.BOOK))
    await ask.mutate(sandbox.staff, "suspendProvider", STANDING, providerId=id, reason="Fraud alert.")
    with pytest.raises(Refused) as refused:
        await sandbox.act(sandbox.staff, book, of_lane(quoted, Action.BOOK))
    assert refused.value.rule == "capability.book"
    assert [finding.reason for finding in refused.value.unmet] == ["capability_of_state", "provider_not_suspended"]


async def test_a_lapse_during_a_suspension_waits_for_its_end(sandbox: Market, ask: Asking) -> None:
    id = await nvocc(sandbox)
    await accept(sandbox, id, BOND, START + 10 * DAY)
    await ask.mutate(
        sandbox.staff, "suspendProvider", STANDING, providerId=id, reason="x", until=rfc3339(START + 40 * DAY)
    )
    later = await stops(ask, sandbox.staff, id, date(2026, 4, 1))
    assert {stop["already"] for stop in later["stops"]} == {True}
    await sandbox.move(START + 41 * DAY)
    assert (await shown(ask, sandbox.staff, id, "state"))["state"] == "RESTRICTED"
    assert await on_sale(sandbox, id) == list(WAYS[2:])
