"""A provider leaves, is removed and comes back, through the public API, with a moved clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from api.operations import relations
from domain.access import Role
from domain.dates import rfc3339
from domain.errors import Refused
from domain.ids import ProviderId
from domain.relations import RelationKind
from domain.tracking import TrackingStatus
from storage.pool import Pool
from storage.unit_of_work import Outcome, Work
from tests.applicants import OFFER, applied, codes, proof
from tests.builders import START, Market, line, set_clock
from tests.marketplaces import Asking, Marketplace
from tests.nvoccs import (
    BOND,
    DAY,
    WAYS,
    accept,
    barred,
    events,
    nvocc,
    on_sale,
    refusal,
    shown,
    stops,
)


async def test_a_provider_leaves_when_its_notice_is_over_and_nothing_is_open(sandbox: Market, ask: Asking) -> None:
    id = await nvocc(sandbox)

    async def deposit(mutation: str) -> list[str]:
        """The deposit comes in, or goes back; the reasons why not."""
        wish = {"providerId": id, "amount": {"amount": "100.00", "currency": "USD"}, "reference": mutation}
        key = f"{mutation} {await sandbox.now()}"
        done = await ask.mutate(sandbox.staff, mutation, "deposit { held { amount } }", **wish, idempotencyKey=key)
        return refusal(done) if done["userErrors"] else []

    assert await deposit("recordDeposit") == []
    guarantee = await sandbox.offer(id)
    buyer, supplier = await sandbox.register_buyer(), await sandbox.register_supplier()
    order = await sandbox.order(buyer, supplier, [line(promised_on=date(2026, 2, 20))], [guarantee])
    lines = await sandbox.pool.fetch(
        sandbox.tenant_id, "SELECT id FROM order_lines WHERE tenant_id = $1 AND order_id = $2", sandbox.tenant_id, order
    )
    shipment = await sandbox.ship(order, id, [row["id"] for row in lines])
    own = sandbox.provider(id)
    asked = await ask.mutate(own, "requestExit", "exit { state sellsUntil }", providerId=id, reason="We close.")
    assert asked["exit"] == {"state": "REQUESTED", "sellsUntil": "2026-02-09T04:59:59.999999Z"}
    twice = await ask.mutate(own, "requestExit", "exit { id }", providerId=id, reason="We close.")
    assert refusal(twice) == ["standing_allows"]
    assert await on_sale(sandbox, id) == list(WAYS)
    assert (await stops(ask, own, id, date(2026, 2, 8)))["count"] == 0
    assert {stop["because"][0]["reason"] for stop in (await stops(ask, own, id, date(2026, 2, 9)))["stops"]} == {
        "capability_of_state"
    }
    await sandbox.move(datetime(2026, 2, 9, 5, tzinfo=UTC))
    exit_ = "state exit { state openDutyCount openDuties { kind subjectId } }"
    leaving = await shown(ask, own, id, exit_)
    assert (leaving["state"], leaving["exit"]["state"]) == ("WINDING_DOWN", "WINDING_DOWN")
    assert [duty["kind"] for duty in leaving["exit"]["openDuties"]] == ["COVER", "SHIPMENT"]
    assert leaving["exit"]["openDuties"][1]["subjectId"] == shipment
    assert await on_sale(sandbox, id) == []
    stay = await ask.mutate(own, "withdrawExit", "exit { id }", providerId=id)
    assert refusal(stay) == ["standing_allows"]
    await sandbox.track(shipment, TrackingStatus.DELIVERED, datetime(2026, 2, 9, 5, tzinfo=UTC))
    await sandbox.move(datetime(2026, 2, 12, tzinfo=UTC))
    assert [duty["kind"] for duty in (await shown(ask, own, id, exit_))["exit"]["openDuties"]] == ["COVER"]
    await sandbox.move(datetime(2026, 6, 1, tzinfo=UTC))
    gone = await shown(
        ask,
        own,
        id,
        "state exit { id } guarantees(first: 2) { nodes { state } } bars(first: 2) { nodes { cause since until } }",
    )
    assert (gone["state"], gone["exit"], gone["guarantees"]["nodes"]) == ("EXITED", None, [{"state": "ENDED"}])
    assert await deposit("returnDeposit") == [], "nothing needs it any more"
    (bar,) = gone["bars"]["nodes"]
    assert bar["cause"] == "VOLUNTARY_EXIT"
    assert (
        timedelta(days=28)
        <= datetime.fromisoformat(bar["until"]) - datetime.fromisoformat(bar["since"])
        <= timedelta(days=32)
    )
    assert len(await events(sandbox, "bar.ended")) == 1


async def test_a_leaving_provider_may_stay(sandbox: Market, ask: Asking) -> None:
    id = await nvocc(sandbox)
    await accept(sandbox, id, BOND, START + DAY)
    await ask.mutate(sandbox.provider(id), "requestExit", "exit { id }", providerId=id, reason="We close.")
    await sandbox.move(START + 3 * DAY)
    stranger = await ask.mutate(
        sandbox.provider(await sandbox.register_provider()), "withdrawExit", "exit { id }", providerId=id
    )
    assert [error["code"] for error in stranger["userErrors"]] == ["NOT_FOUND"]
    stays = await ask.mutate(sandbox.provider(id), "withdrawExit", "exit { state } provider { state }", providerId=id)
    assert (stays["exit"], stays["provider"]) == ({"state": "WITHDRAWN"}, {"state": "RESTRICTED"})
    await sandbox.move(START + 12 * DAY)
    assert (await shown(ask, sandbox.staff, id, "state"))["state"] == "RESTRICTED"


async def test_a_terminated_provider_and_its_related_accounts_stay_out_for_a_year(sandbox: Market, ask: Asking) -> None:
    """The bars of the removed provider, asked by the same function as an application (vector T20)."""
    id, related = await nvocc(sandbox), await sandbox.register_provider()
    await ask.mutate(sandbox.provider(id), "requestExit", "exit { id }", providerId=id, reason="We close.")
    gone = await ask.mutate(
        sandbox.staff,
        "terminateProvider",
        "provider { state exits(first: 2) { nodes { state } } } bar { cause since until related availableActions }",
        providerId=id,
        cause="FRAUD",
        reason="Forged papers.",
    )
    assert gone["provider"] == {"state": "TERMINATED", "exits": {"nodes": [{"state": "CUT_SHORT"}]}}
    assert gone["bar"] == {
        "cause": "REMOVAL",
        "since": rfc3339(START),
        "until": "2027-02-02T04:59:59.999999Z",
        "related": True,
        "availableActions": ["LIFT_BAR"],
    }
    assert await on_sale(sandbox, id) == []
    assert await barred(sandbox, [id, related], related, START + 364 * DAY) == ["related_not_barred"]
    assert await barred(sandbox, [id, related], related, START + 366 * DAY) == []
    refused = await ask.mutate(
        sandbox.staff, "terminateProvider", "provider { id }", providerId=id, cause="OTHER", reason="again"
    )
    assert refusal(refused) == ["standing_allows"]


REMOVED = """provider { state } bar { id } measure { id kind basis state automated
  statementOfReasons { facts { reason text } automatedDetection automatedDecision ruleKey appealUntil } }"""


@pytest.mark.parametrize("verb", ["terminateProvider", "removeFromProgramme"])
async def test_what_the_desk_removed_is_back_when_an_appeal_says_so(sandbox: Market, ask: Asking, verb: str) -> None:
    """The desk's own removal says why and is appealed; overturned, everything it took is back, the bars with it."""
    id, related, rule = await nvocc(sandbox), await sandbox.register_provider(), "guarantees/on_time"
    offered, own, desk = await sandbox.offer(id, rule), sandbox.provider(id), sandbox.staff
    selling = await on_sale(sandbox, id)
    wish = {"cause": "FRAUD"} if verb == "terminateProvider" else {"ruleKey": rule}
    gone = await ask.mutate(desk, verb, REMOVED, providerId=id, reason="Forged papers.", **wish)
    measure, statement = gone["measure"], gone["measure"]["statementOfReasons"]
    kind = "TERMINATION" if verb == "terminateProvider" else "PROGRAMME_REMOVAL"
    assert [measure[name] for name in ("kind", "basis", "state", "automated")] == [kind, "DESK", "IN_FORCE", False]
    assert [each["reason"] for each in statement["facts"]] == ["removed_by_desk"]
    assert statement["facts"][0]["text"].endswith("Forged papers.")
    assert (statement["automatedDetection"], statement["automatedDecision"], statement["ruleKey"]) == (
        False,
        False,
        "exits",
    )
    assert statement["appealUntil"] == "2026-03-04T04:59:59.999999Z"
    content = {"grounds": "They are ours.", "rootCause": "A mix-up.", "correction": "New scans.", "prevention": "Care."}
    drafted = await ask.mutate(
        own, "draftAppeal", "appeal { id }", subjectId=measure["id"], content=content, idempotencyKey="D"
    )
    appeal = {"appealId": drafted["appeal"]["id"], "idempotencyKey": "A"}
    assert (await ask.mutate(own, "fileAppeal", "appeal { state }", **appeal))["userErrors"] == []
    itself = await ask.mutate(desk, "admitAppeal", "appeal { state }", **appeal)
    assert refusal(itself) == ["appeal_not_by_first_decider"]
    reviewer = sandbox.caller(Role.ADMIN)
    for step in ("admitAppeal", "takeAppeal"):
        await ask.mutate(reviewer, step, "appeal { state }", **appeal)
    await sandbox.move(START + DAY)
    decided = await ask.mutate(
        reviewer, "decideAppeal", "appeal { outcome }", undone=["RESTRICTION"], note="The papers are real.", **appeal
    )
    assert decided["appeal"] == {"outcome": "OVERTURNED"}
    assert (await shown(ask, sandbox.staff, id, "state"))["state"] == "ACTIVE"
    assert await on_sale(sandbox, id) == selling
    assert await barred(sandbox, [id, related], related, START + 2 * DAY) == []
    text = "query ($id: ID!) { guarantee(id: $id) { state } accountMeasure(id: $measure) { state } }"
    text = text.replace("$id: ID!", "$id: ID!, $measure: ID!")
    after = await ask(own, text, id=offered, measure=measure["id"])
    assert (after["guarantee"]["state"], after["accountMeasure"]["state"]) == ("ACTIVE", "LIFTED")


async def test_a_suspension_says_why_and_an_appeal_ends_it_alone(sandbox: Market, ask: Asking) -> None:
    id = await nvocc(sandbox)
    own, wish = sandbox.provider(id), {"providerId": id, "reason": "Looked into."}
    shown_ = """restriction { id cause statementOfReasons { measure takes facts { reason text } automatedDecision
      ruleKey issuedAt appealUntil text } }"""
    first = await ask.mutate(sandbox.staff, "restrictProvider", shown_, actions=["LIST"], **wish)
    made = await ask.mutate(sandbox.staff, "suspendProvider", shown_, **wish)
    statement = made["restriction"]["statementOfReasons"]
    assert (statement["measure"], statement["automatedDecision"], statement["ruleKey"]) == (
        "RESTRICTION",
        False,
        "penalties",
    )
    assert statement["takes"] == ["BOOK", "LIST", "OFFER_GUARANTEE", "SELL"]
    assert first["restriction"]["statementOfReasons"]["takes"] == ["LIST"]
    assert statement["facts"][0]["text"].endswith("(SUSPENSION): Looked into.")
    assert statement["appealUntil"] in statement["text"]
    content = {"grounds": "All is well.", "rootCause": "None.", "correction": "None.", "prevention": "None."}
    subject = made["restriction"]["id"]
    drafted = await ask.mutate(
        own, "draftAppeal", "appeal { id }", subjectId=subject, content=content, idempotencyKey="D"
    )
    appeal = {"appealId": drafted["appeal"]["id"], "idempotencyKey": "A"}
    await ask.mutate(own, "fileAppeal", "appeal { state }", **appeal)
    reviewer = sandbox.caller(Role.ADMIN)
    for step in ("admitAppeal", "takeAppeal"):
        await ask.mutate(reviewer, step, "appeal { state }", **appeal)
    await ask.mutate(reviewer, "decideAppeal", "appeal { id }", undone=["RESTRICTION"], note="So it is.", **appeal)
    assert (await shown(ask, sandbox.staff, id, "state"))["state"] == "RESTRICTED", "the other restriction stands"
    text = "query ($id: ID!) { restriction(id: $id) { liftedAt } }"
    assert (await ask(own, text, id=first["restriction"]["id"]))["restriction"]["liftedAt"] is None
    assert (await ask(own, text, id=subject))["restriction"]["liftedAt"] is not None


async def test_a_lifted_bar_lets_in_at_once(sandbox: Market, ask: Asking) -> None:
    id = await nvocc(sandbox)
    made = await ask.mutate(
        sandbox.staff, "terminateProvider", "bar { id }", providerId=id, cause="OTHER", reason="A mistake."
    )
    assert await barred(sandbox, [id], id, START) == ["not_barred"]
    own = await ask.mutate(sandbox.provider(id), "liftBar", "bar { id }", barId=made["bar"]["id"], reason="please")
    assert [error["code"] for error in own["userErrors"]] == ["FORBIDDEN"]
    lifted = await ask.mutate(
        sandbox.staff, "liftBar", "bar { liftedAt liftReason }", barId=made["bar"]["id"], reason="Mistaken identity."
    )
    assert lifted["bar"] == {"liftedAt": rfc3339(START), "liftReason": "Mistaken identity."}
    assert await barred(sandbox, [id], id, START) == []
    await sandbox.move(START + 400 * DAY)
    assert await events(sandbox, "bar.ended") == []


async def test_who_is_removed_from_a_programme_does_not_offer_it_again_for_a_year(sandbox: Market, ask: Asking) -> None:
    id = await nvocc(sandbox)
    await sandbox.offer(id)
    wish = {"providerId": id, "ruleKey": "guarantees/on_time", "reason": "Broken too often."}
    removed = await ask.mutate(sandbox.staff, "removeFromProgramme", "provider { state } bar { programme }", **wish)
    assert (removed["provider"], removed["bar"]) == ({"state": "ACTIVE"}, {"programme": "guarantees/on_time"})
    again = await ask.mutate(sandbox.staff, "removeFromProgramme", "bar { id }", **wish)
    assert [error["code"] for error in again["userErrors"]] == ["NOT_FOUND"]
    with pytest.raises(Refused) as refused:
        await sandbox.offer(id)
    assert [finding.reason for finding in refused.value.unmet] == ["not_barred"]
    await sandbox.offer(id, "guarantees/machinery_after_sales")
    await sandbox.move(START + 364 * DAY)
    with pytest.raises(Refused):
        await sandbox.offer(id)
    await sandbox.move(START + 366 * DAY)
    await sandbox.offer(id)


@pytest.mark.parametrize(("day", "admitted"), [(364, False), (366, True)])
async def test_t20_a_removed_providers_related_company_applies(
    market: Marketplace, ask: Asking, owner: asyncpg.Pool[Any], worker_pool: Pool, day: int, admitted: bool
) -> None:
    """Vector T20: refused with the reason on day 364, admitted to review on day 366, found by its tax number."""
    await set_clock(worker_pool, market.id, START)
    removed = await market.add("Old Line", Role.PROVIDER)
    assert isinstance(removed.party_id, ProviderId)
    await noted(market, removed.party_id, "998/77")
    wish = {"providerId": removed.party_id, "cause": "FRAUD", "reason": "Forged papers."}
    gone = await ask.mutate(market.staff(Role.ADMIN), "terminateProvider", "provider { state }", **wish)
    assert gone["provider"] == {"state": "TERMINATED"}
    building = Market(market.pool, market.id, market.made.admin_key, market.made.operator_id)
    await building.move(START + day * DAY)
    company = await applied(market, ask, owner, OFFER)
    await company.hand_in_everything(tax_number="99877")
    handed_in = await company.do("submitApplication", company.caller)
    if admitted:
        assert (codes(handed_in), handed_in["provider"]["state"]) == ([], "IN_REVIEW")
        return
    assert codes(handed_in) == ["REFUSED"]
    (because,) = handed_in["userErrors"][0]["reasons"]
    assert because["reason"] == "related_not_barred"
    again = await company.do("submitApplication", company.caller)
    assert codes(again) == ["REFUSED"]
    assert (await company.seen())["state"] == "DRAFT"
    await building.move(START + 366 * DAY)
    assert codes(await company.do("submitApplication", company.caller)) == []


async def test_a_related_account_of_whoever_was_removed_does_not_offer_it_either(sandbox: Market, ask: Asking) -> None:
    removed, related, other = [await sandbox.register_provider() for _ in range(3)]
    for id in (removed, related):
        await noted(sandbox, id, "12-3456789")
    await sandbox.offer(removed)
    wish = {"providerId": removed, "ruleKey": "guarantees/on_time", "reason": "Broken too often."}
    await ask.mutate(sandbox.staff, "removeFromProgramme", "bar { id }", **wish)
    with pytest.raises(Refused) as refused:
        await sandbox.offer(related)
    assert [finding.reason for finding in refused.value.unmet] == ["related_not_barred"]
    await sandbox.offer(other)


async def test_a_providers_identity_is_verified_again_every_year(
    market: Marketplace, ask: Asking, owner: asyncpg.Pool[Any], worker_pool: Pool
) -> None:
    """From the first application through the API alone: 365 days after its acceptance an identity paper has lapsed."""
    await set_clock(worker_pool, market.id, START)
    company = await applied(market, ask, owner, OFFER)
    items = await company.hand_in_everything()
    await company.do("submitApplication", company.caller)
    for each in items.values():
        assert codes(await company.accept(each)) == []
    assert (await company.do("approveApplication"))["provider"]["state"] == "ACTIVE"
    building = Market(market.pool, market.id, market.made.admin_key, market.made.operator_id)
    off = "query ($id: ID!, $on: Date!) { provider(id: $id) { state capabilitiesOn(on: $on) { count } } }"

    async def seen(on: str) -> tuple[str, int]:
        found = (await ask(company.caller, off, id=company.id, on=on))["provider"]
        return found["state"], found["capabilitiesOn"]["count"]

    assert (await seen("2027-02-14"))[1] == 0
    everything = (await seen("2027-02-16"))[1]
    assert everything > 0
    await building.move(START + 366 * DAY)
    assert await seen("2027-02-02") == ("RESTRICTED", 0)
    await building.move(START + 385 * DAY)
    assert await seen("2027-02-21") == ("RESTRICTED", everything)
    lapsed = [
        each["key"] for each in (await company.seen())["onboarding"]["requirements"] if each["status"] == "EXPIRED"
    ]
    assert {"business_licence", "address_proof", "sanctions_statement"} <= set(lapsed)
    for key in lapsed:
        members = await proof(company, key)
        if "validUntil" in members:
            members["validUntil"] = "2028-06-30T00:00:00Z"
        renewed = await company.submit(key, **members)
        assert codes(renewed) == []
        assert codes(await company.accept(renewed["item"]["id"])) == []
    assert await seen("2027-02-21") == ("ACTIVE", 0)


async def noted(market: Market | Marketplace, id: ProviderId, tax_number: str) -> None:
    """The provider has that tax number."""

    async def act(work: Work, _: None) -> Outcome:
        await relations.note(work, id, RelationKind.TAX_NUMBER, tax_number)
        return Outcome()

    await market.act(market.staff if isinstance(market, Market) else market.admin, act, None)
