"""The desk: queues, whose claim it is, notes that no party learns of, saved filters, two adjudicators, many claims."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from api.operations import claims, desk
from domain import words
from domain.access import Caller, Role
from domain.claims import AnswerClaim, Claim, ClaimReason, ClaimState, OpenClaim
from domain.claims.desk import AssignClaim
from domain.errors import Refused
from domain.ids import BuyerId, ClaimId, GuaranteeId, ProviderId, SupplierId
from domain.locales import Locale
from storage import claims as claim_rows
from storage import coverage as coverage_rows
from storage import proposals as proposal_rows
from storage.pool import Pool
from storage.views import desk as desk_views
from tests.builders import START, Market, line
from tests.deskwork import limit
from tests.marketplaces import Asking
from tests.openings import Opening

PROMISED = date(2026, 2, 20)
DAY_AFTER = datetime(2026, 2, 21, 5, tzinfo=UTC)
"""Midnight in New York after the promised day."""
DAY = timedelta(days=1)


@dataclass
class Desk:
    """A marketplace with claims at its desk, and two adjudicators."""

    market: Market
    ask: Asking
    supplier_id: SupplierId
    provider_id: ProviderId
    guarantee_id: GuaranteeId
    ann: Caller
    bob: Caller

    async def order(self, buyer_id: BuyerId, minor: int = 2_500_00) -> Any:
        """A late order's cover."""
        lines = [line(minor, promised_on=PROMISED)]
        order_id = await self.market.order(buyer_id, self.supplier_id, lines, [self.guarantee_id])
        async with self.market.pool.acquire(self.market.tenant_id) as connection:
            return (await coverage_rows.by_order(connection, self.market.tenant_id, order_id))[0]

    async def contested(self, *buyers: BuyerId, minor: int = 2_500_00) -> list[Claim]:
        """Claims of those buyers, each contested by the provider: they wait for the desk, all until one instant."""
        covers = [await self.order(buyer_id, minor) for buyer_id in buyers]
        await self.market.move(DAY_AFTER + DAY)
        found = []
        for cover in covers:
            command = OpenClaim(cover.id, ClaimReason.LATE_DELIVERY, None)
            opened = await self.market.act(self.market.buyer(cover.buyer_id), claims.open_claim, command)
            id = ClaimId(str(opened.things["claim"]))
            await self.market.act(
                self.market.provider(self.provider_id), claims.contest_claim, AnswerClaim(id, "Not our doing.")
            )
            found.append(await self.claim(id))
        return found

    async def claim(self, id: ClaimId) -> Claim:
        async with self.market.pool.acquire(self.market.tenant_id) as connection:
            return await claim_rows.get(connection, self.market.tenant_id, id)

    async def count(self, table: str) -> int:
        text = f"SELECT count(*) FROM {table} WHERE tenant_id = $1"
        found: int = await self.market.pool.fetchval(self.market.tenant_id, text, self.market.tenant_id)
        return found

    async def ids(self, caller: Caller, arguments: str, **variables: Any) -> list[str]:
        head = "query ($saved: ID) " if variables else ""
        asked = f"{head}{{ claims(first: 50, {arguments}) {{ nodes {{ id }} }} }}"
        return [node["id"] for node in (await self.ask(caller, asked, **variables))["claims"]["nodes"]]


@pytest.fixture
async def here(opening: Opening, worker_pool: Pool, app_pool: Pool, emptied: None, ask: Asking) -> Desk:
    """A day in February, nothing bought yet."""
    market = await Market.opened(opening, worker_pool, app_pool)
    provider_id = await market.register_provider()
    return Desk(
        market,
        ask,
        await market.register_supplier(),
        provider_id,
        await market.offer(provider_id),
        market.caller(Role.ADJUDICATOR, Role.SUPPORT),
        market.caller(Role.ADJUDICATOR),
    )


CLAIM = "claim { id version assigneeId priority state outcome proposedDecision { state amount { amount } proposedBy } }"


# -- queues


async def test_of_claims_due_at_one_instant_the_higher_tier_comes_first_for_staff_alone(here: Desk) -> None:
    low, high = await here.market.register_buyer(0), await here.market.register_buyer(2)
    first, second = await here.contested(low, high)
    assert first.due_at == second.due_at
    assert await here.ids(here.ann, "orderBy: MOST_URGENT_FIRST") == [second.id, first.id]
    provider = here.market.provider(here.provider_id)
    assert await here.ids(provider, "orderBy: MOST_URGENT_FIRST") == [first.id, second.id]
    asked = "{ claims(first: 9, orderBy: MOST_URGENT_FIRST) { nodes { priority assigneeId assignedAt } } }"
    shown = await here.ask(here.ann, asked)
    assert [node["priority"] for node in shown["claims"]["nodes"]] == [1, 0]
    hidden = await here.ask(provider, asked)
    assert hidden["claims"]["nodes"] == [{"priority": None, "assigneeId": None, "assignedAt": None}] * 2


async def test_the_priority_is_that_of_the_day_of_opening(here: Desk) -> None:
    buyer_id = await here.market.register_buyer(0)
    (claim,) = await here.contested(buyer_id)
    assert claim.queue_rank == 0
    await here.market.register_buyer(2)
    assert (await here.claim(claim.id)).queue_rank == 0


async def test_pages_of_the_queue_meet_without_gap_or_overlap(here: Desk) -> None:
    buyers = [await here.market.register_buyer(level) for level in (0, 2, 1, 2, 0)]
    await here.contested(*buyers)
    whole = await here.ids(here.ann, "orderBy: MOST_URGENT_FIRST, filter: {role: ADJUDICATOR}")
    assert len(whole) == 5
    text = """query ($after: String) { claims(first: 2, after: $after, orderBy: MOST_URGENT_FIRST,
      filter: {role: ADJUDICATOR}) { nodes { id } pageInfo { endCursor hasNextPage } } }"""
    paged, after = [], None
    while True:
        found = (await here.ask(here.ann, text, after=after))["claims"]
        paged += [node["id"] for node in found["nodes"]]
        after = found["pageInfo"]["endCursor"]
        if not found["pageInfo"]["hasNextPage"]:
            break
    assert paged == whole


async def test_queues_are_asked_by_role_assignment_amount_and_party(here: Desk) -> None:
    one, two = await here.contested(await here.market.register_buyer(), await here.market.register_buyer())
    await here.market.act(here.ann, desk.take_claim, AssignClaim(one.id))
    bob = here.bob.actor_id
    for wish, found in (
        ("{role: ADJUDICATOR}", {one.id, two.id}),
        ("{role: SUPPORT}", set()),
        ("{role: ADJUDICATOR, assignment: MINE}", {one.id}),
        ("{role: ADJUDICATOR, assignment: UNASSIGNED}", {two.id}),
        (f'{{assigneeId: "{here.ann.actor_id}"}}', {one.id}),
        (f'{{assigneeId: "{bob}"}}', set()),
        ('{currency: "USD", amountMinorFrom: 10000}', {one.id, two.id}),
        ('{currency: "EUR"}', set()),
        ("{amountMinorTo: 9999}", set()),
        (f'{{buyerId: "{two.buyer_id}"}}', {two.id}),
        ("{awaitsSecondEyes: true}", set()),
    ):
        assert set(await here.ids(here.ann, f"filter: {wish}")) == found, wish
    assert await here.ids(here.bob, "filter: {assignment: MINE}") == []


async def test_no_party_asks_by_what_is_the_desks(here: Desk) -> None:
    provider = here.market.provider(here.provider_id)
    for wish in ("{role: SUPPORT}", "{assignment: MINE}", "{awaitsSecondEyes: false}", '{assigneeId: "key_x"}'):
        answer = await here.ask.answer(provider, f"{{ claims(first: 9, filter: {wish}) {{ nodes {{ id }} }} }}")
        assert [error["extensions"]["code"] for error in answer.errors] == ["FORBIDDEN"], wish


# -- whose claim it is


async def test_of_two_who_take_a_claim_at_once_one_has_it(here: Desk) -> None:
    (claim,) = await here.contested(await here.market.register_buyer())
    wishes = [here.market.act(who, desk.take_claim, AssignClaim(claim.id)) for who in (here.ann, here.bob)]
    results = await asyncio.gather(*wishes, return_exceptions=True)
    refused = [result for result in results if isinstance(result, Refused)]
    assert [finding.reason for each in refused for finding in each.unmet] == ["claim_is_nobodys"]
    taken = await here.claim(claim.id)
    assert taken.assignee_id in (here.ann.actor_id, here.bob.actor_id)
    assert taken.version == claim.version + 1


async def test_a_claim_is_taken_over_with_a_reason_that_stands_in_its_notes(here: Desk) -> None:
    (claim,) = await here.contested(await here.market.register_buyer())
    await here.ask.mutate(here.ann, "takeClaim", CLAIM, claimId=claim.id)
    plain = await here.ask.mutate(here.bob, "takeClaim", CLAIM, claimId=claim.id)
    assert plain["userErrors"][0]["reasons"][0]["reason"] == "claim_is_nobodys"
    over = await here.ask.mutate(here.bob, "takeOverClaim", CLAIM, claimId=claim.id, reason="Ann is ill.")
    assert (over["userErrors"], over["claim"]["assigneeId"]) == ([], here.bob.actor_id)
    notes = "{ claim(id: $id) { notes(first: 5) { nodes { text authorId } } } }"
    shown = await here.ask(here.ann, f"query ($id: ID!) {notes}", id=claim.id)
    assert shown["claim"]["notes"]["nodes"] == [{"text": "Ann is ill.", "authorId": here.bob.actor_id}]
    released = await here.ask.mutate(here.bob, "releaseClaim", CLAIM, claimId=claim.id)
    assert released["claim"]["assigneeId"] is None


async def test_what_a_colleague_has_is_decided_by_nobody_else(here: Desk) -> None:
    (claim,) = await here.contested(await here.market.register_buyer())
    await here.ask.mutate(here.ann, "takeClaim", CLAIM, claimId=claim.id)
    wish = {"claimId": claim.id, "outcome": "GRANTED", "note": "It was late.", "idempotencyKey": "one"}
    refused = await here.ask.mutate(here.bob, "decideClaim", CLAIM, **wish)
    assert [reason["reason"] for reason in refused["userErrors"][0]["reasons"]] == ["claim_is_yours_or_nobodys"]
    assert (await here.ask.mutate(here.ann, "decideClaim", CLAIM, **wish))["claim"]["outcome"] == "GRANTED"


async def test_a_claim_is_given_to_nobody_outside_the_desk(here: Desk) -> None:
    (claim,) = await here.contested(await here.market.register_buyer())
    stranger = here.market.provider(here.provider_id).actor_id
    payload = await here.ask.mutate(here.ann, "assignClaim", CLAIM, claimId=claim.id, assigneeId=stranger)
    assert [error["code"] for error in payload["userErrors"]] == ["NOT_FOUND"]


# -- notes


EVERYTHING = """query ($id: ID!) { claim(id: $id) { id version updatedAt state assigneeId priority availableActions
  blockedActions { action because { reason } } notes(first: 9) { totalCount nodes { text } }
  proposedDecision { id } events(first: 9) { totalCount nodes { name note } } decisions(first: 9) { totalCount } } }"""


async def test_a_note_changes_nothing_that_a_party_can_see(here: Desk) -> None:
    buyer_id = await here.market.register_buyer()
    (claim,) = await here.contested(buyer_id)
    parties = [here.market.buyer(buyer_id), here.market.provider(here.provider_id)]
    before = [await here.ask(party, EVERYTHING, id=claim.id) for party in parties]
    told, history = await here.count("outbox"), await here.count("history")
    payload = await here.ask.mutate(
        here.ann, "addClaimNote", "claimNote { id text } claim { version }", claimId=claim.id, text="Ask Li in Ningbo."
    )
    assert (payload["userErrors"], payload["claim"]["version"]) == ([], claim.version)
    assert [await here.ask(party, EVERYTHING, id=claim.id) for party in parties] == before
    assert (await here.count("outbox"), await here.count("history")) == (told, history)
    assert before[0]["claim"]["notes"] == {"totalCount": 0, "nodes": []}
    note = payload["claimNote"]["id"]
    for party in (*parties, here.market.supplier(here.supplier_id)):
        shown = await here.ask(party, "query ($id: ID!) { node(id: $id) { id } }", id=note)
        assert shown == {"node": None}
    seen = await here.ask(here.bob, EVERYTHING, id=claim.id)
    assert seen["claim"]["notes"]["nodes"] == [{"text": "Ask Li in Ningbo."}]


async def test_a_party_may_write_no_note(here: Desk) -> None:
    (claim,) = await here.contested(await here.market.register_buyer())
    payload = await here.ask.mutate(
        here.market.provider(here.provider_id), "addClaimNote", "claimNote { id }", claimId=claim.id, text="Hello."
    )
    assert [error["code"] for error in payload["userErrors"]] == ["FORBIDDEN"]


# -- saved filters


SAVED = "savedFilter { id name shared version conditions { name values } }"
BY_SAVED = "savedFilter: $saved, filter: {}"


async def test_a_saved_filter_finds_what_its_conditions_find(here: Desk) -> None:
    one, two = await here.contested(await here.market.register_buyer(), await here.market.register_buyer())
    conditions = {"states": ["ESCALATED"], "buyerId": two.buyer_id, "dueBefore": "2027-01-01T00:00:00Z"}
    saved = await here.ask.mutate(here.ann, "saveFilter", SAVED, name="Theirs", filter=conditions, shared=True)
    assert saved["userErrors"] == []
    assert {each["name"] for each in saved["savedFilter"]["conditions"]} == {"states", "buyerId", "dueBefore"}
    id = saved["savedFilter"]["id"]
    assert await here.ids(here.bob, BY_SAVED, saved=id) == [two.id]
    narrower = f'savedFilter: $saved, filter: {{buyerId: "{one.buyer_id}"}}'
    assert await here.ids(here.bob, narrower, saved=id) == [one.id]
    again = await here.ask.mutate(here.ann, "saveFilter", SAVED, name="Theirs", filter=conditions)
    assert [error["code"] for error in again["userErrors"]] == ["CONFLICT"]


async def test_a_saved_filter_is_for_staff_and_gone_once_removed(here: Desk) -> None:
    saved = await here.ask.mutate(here.ann, "saveFilter", SAVED, name="Mine", filter={"assignment": "MINE"})
    id = saved["savedFilter"]["id"]
    offered = "{ savedFilters(first: 9, filter: {offered: true}) { nodes { name } } }"
    assert (await here.ask(here.ann, offered))["savedFilters"]["nodes"] == [{"name": "Mine"}]
    assert (await here.ask(here.bob, offered))["savedFilters"]["nodes"] == []
    asked = "query ($saved: ID) { claims(first: 9, savedFilter: $saved) { nodes { id } } }"
    party = await here.ask.answer(here.market.provider(here.provider_id), asked, saved=id)
    assert [error["extensions"]["code"] for error in party.errors] == ["NOT_FOUND"]
    others = await here.ask.mutate(here.bob, "removeFilter", "removedId", id=id)
    assert [error["code"] for error in others["userErrors"]] == ["FORBIDDEN"]
    assert (await here.ask.mutate(here.ann, "removeFilter", "removedId", id=id))["removedId"] == id
    gone = await here.ask.answer(here.ann, asked, saved=id)
    assert [error["extensions"]["code"] for error in gone.errors] == ["NOT_FOUND"]


# -- two adjudicators


def wish(claim: Claim, key: str, outcome: str = "GRANTED") -> dict[str, str]:
    return {"claimId": claim.id, "outcome": outcome, "note": "It was late.", "idempotencyKey": key}


async def test_above_the_amount_a_decision_waits_for_somebody_else(here: Desk) -> None:
    await limit(here.market, "50.00 USD")
    (claim,) = await here.contested(await here.market.register_buyer())
    proposed = await here.ask.mutate(here.ann, "decideClaim", CLAIM, **wish(claim, "one"))
    assert proposed["userErrors"] == []
    waits = {"state": "PROPOSED", "amount": {"amount": "100.00"}, "proposedBy": here.ann.actor_id}
    assert (proposed["claim"]["state"], proposed["claim"]["proposedDecision"]) == (claim.state.value, waits)
    own = await here.ask.mutate(here.ann, "confirmDecision", CLAIM, claimId=claim.id, idempotencyKey="two")
    assert [reason["reason"] for reason in own["userErrors"][0]["reasons"]] == ["proposed_by_somebody_else"]
    twice = await here.ask.mutate(here.bob, "decideClaim", CLAIM, **wish(claim, "three", "DENIED"))
    assert "no_decision_waits_for_second" in [reason["reason"] for reason in twice["userErrors"][0]["reasons"]]
    confirmed = await here.ask.mutate(here.bob, "confirmDecision", CLAIM, claimId=claim.id, idempotencyKey="four")
    assert (confirmed["userErrors"], confirmed["claim"]["outcome"]) == ([], "GRANTED")
    assert confirmed["claim"]["proposedDecision"] is None
    async with here.market.pool.acquire(here.market.tenant_id) as connection:
        deciders = await proposal_rows.deciders(connection, here.market.tenant_id, claim.id)
    assert deciders == {here.ann.actor_id, here.bob.actor_id}
    listed = await here.ask(here.ann, "{ proposedDecisions(first: 9) { nodes { state endedBy } } }")
    assert listed["proposedDecisions"]["nodes"] == [{"state": "CONFIRMED", "endedBy": here.bob.actor_id}]


async def test_a_denial_needs_one_adjudicator(here: Desk) -> None:
    await limit(here.market, "50.00 USD")
    (claim,) = await here.contested(await here.market.register_buyer())
    denied = await here.ask.mutate(here.ann, "decideClaim", CLAIM, **wish(claim, "one", "DENIED"))
    assert (denied["userErrors"], denied["claim"]["outcome"]) == ([], "DENIED")


async def test_a_returned_decision_can_be_made_anew(here: Desk) -> None:
    await limit(here.market, "50.00 USD")
    (claim,) = await here.contested(await here.market.register_buyer())
    await here.ask.mutate(here.ann, "decideClaim", CLAIM, **wish(claim, "one"))
    back = await here.ask.mutate(
        here.bob, "returnDecision", CLAIM, claimId=claim.id, reason="Look at the scan again.", idempotencyKey="two"
    )
    assert (back["userErrors"], back["claim"]["proposedDecision"]) == ([], None)
    denied = await here.ask.mutate(here.ann, "decideClaim", CLAIM, **wish(claim, "three", "DENIED"))
    assert denied["claim"]["outcome"] == "DENIED"


async def test_a_proposal_lapses_when_the_buyer_withdraws(here: Desk) -> None:
    await limit(here.market, "50.00 USD")
    buyer_id = await here.market.register_buyer()
    (claim,) = await here.contested(buyer_id)
    await here.ask.mutate(here.ann, "decideClaim", CLAIM, **wish(claim, "one"))
    await here.market.act(here.market.buyer(buyer_id), claims.withdraw_claim, AnswerClaim(claim.id, None))
    listed = await here.ask(here.ann, "{ proposedDecisions(first: 9) { nodes { state } } }")
    assert listed["proposedDecisions"]["nodes"] == [{"state": "LAPSED"}]
    assert (await here.claim(claim.id)).proposal_id is None


async def test_no_party_learns_that_a_decision_waits(here: Desk) -> None:
    await limit(here.market, "50.00 USD")
    buyer_id = await here.market.register_buyer()
    (claim,) = await here.contested(buyer_id)
    parties = [here.market.buyer(buyer_id), here.market.provider(here.provider_id)]
    before = [(await here.ask(party, EVERYTHING, id=claim.id))["claim"] for party in parties]
    await here.ask.mutate(here.ann, "decideClaim", CLAIM, **wish(claim, "one"))
    after = [(await here.ask(party, EVERYTHING, id=claim.id))["claim"] for party in parties]
    assert [{**each, "version": 0} for each in after] == [{**each, "version": 0} for each in before]


# -- many claims


BULK = """previewToken results { claim { id state } effect amount { amount currency } message
  because { reason holds en: text zh: text(locale: ZH) because { rule } }
  tree { text because { text } } }"""


def bulk(
    ids: Sequence[str], key: str, *, dry: bool, token: str | None = None, outcome: str = "GRANTED"
) -> dict[str, Any]:
    wish = {"claimIds": list(ids), "outcome": outcome, "note": "All late.", "dryRun": dry, "idempotencyKey": key}
    return wish if token is None else {**wish, "previewToken": token}


async def test_what_was_previewed_happens_and_what_changed_since_is_named(here: Desk) -> None:
    found = await here.contested(*[await here.market.register_buyer() for _ in range(3)])
    ids = [claim.id for claim in found]
    transfers = await here.count("ledger_transfers")
    preview = await here.ask.mutate(here.ann, "decideClaims", BULK, **bulk(ids, "one", dry=True))
    assert preview["userErrors"] == []
    assert [result["effect"] for result in preview["results"]] == ["DECIDED"] * 3
    assert preview["results"][0]["amount"] == {"amount": "100.00", "currency": "USD"}
    explained = preview["results"][0]["tree"]
    assert explained["text"] == "The guarantee pays 100.00 USD."
    assert any("the cap is 100.00 USD" in each["text"] for each in explained["because"])
    assert [result["claim"]["state"] for result in preview["results"]] == ["ESCALATED"] * 3
    assert await here.count("ledger_transfers") == transfers
    assert [await here.claim(id) for id in ids] == found
    await here.market.act(here.ann, desk.take_claim, AssignClaim(ids[1]))
    token = preview["previewToken"]
    done = await here.ask.mutate(here.ann, "decideClaims", BULK, **bulk(ids, "two", dry=False, token=token))
    effects = {result["claim"]["id"]: result["effect"] for result in done["results"]}
    assert effects == {ids[0]: "DECIDED", ids[1]: "REFUSED", ids[2]: "DECIDED"}
    assert [result["tree"] for result in done["results"]] == [None] * 3, "now the claim's decision explains it"
    (named,) = [result for result in done["results"] if result["effect"] == "REFUSED"]
    (because,) = named["because"]
    assert named["message"] == "It is not any more as it was previewed."
    told = {locale: words.CATALOGUE[locale]["decision_as_previewed"][1] for locale in Locale}
    assert (because["reason"], because["holds"]) == ("decision_as_previewed", False)
    assert {Locale.EN: because["en"], Locale.ZH: because["zh"]} == told
    again = await here.ask.mutate(here.ann, "decideClaims", BULK, **bulk(ids, "two", dry=False, token=token))
    assert again["results"][1]["because"] == [because], "under the same key, in any language too"
    states = [(await here.claim(id)).state for id in ids]
    assert states == [ClaimState.DECIDED, ClaimState.ESCALATED, ClaimState.DECIDED]
    assert await here.count("coupons") == 2


async def test_nothing_is_decided_in_bulk_without_the_callers_own_preview(here: Desk) -> None:
    (claim,) = await here.contested(await here.market.register_buyer())
    preview = await here.ask.mutate(here.ann, "decideClaims", BULK, **bulk([claim.id], "one", dry=True))
    token = preview["previewToken"]
    for who, wish in (
        (here.bob, bulk([claim.id], "two", dry=False, token=token)),
        (here.ann, bulk([claim.id], "three", dry=False)),
        (here.ann, bulk([claim.id], "four", dry=False, token=token, outcome="DENIED")),
        (here.ann, bulk([claim.id], "five", dry=False, token=token.replace(":", ":0"))),
    ):
        refused = await here.ask.mutate(who, "decideClaims", BULK, **wish)
        assert [error["code"] for error in refused["userErrors"]] == ["INVALID"]
    assert await here.claim(claim.id) == claim


async def test_a_saved_filter_is_decided_and_above_the_amount_proposed(here: Desk) -> None:
    await limit(here.market, "50.00 USD")
    small, large = await here.market.register_buyer(), await here.market.register_buyer()
    cheap = await here.order(small, 200_00)
    (dear,) = await here.contested(large)
    opened = await here.market.act(
        here.market.buyer(small), claims.open_claim, OpenClaim(cheap.id, ClaimReason.LATE_DELIVERY, None)
    )
    id = ClaimId(str(opened.things["claim"]))
    await here.market.act(here.market.provider(here.provider_id), claims.contest_claim, AnswerClaim(id, None))
    saved = await here.ask.mutate(here.ann, "saveFilter", SAVED, name="All", filter={"role": "ADJUDICATOR"})
    wish = {"savedFilterId": saved["savedFilter"]["id"], "outcome": "GRANTED", "note": "Late.", "dryRun": True}
    preview = await here.ask.mutate(here.ann, "decideClaims", BULK, **wish, idempotencyKey="one")
    effects = {result["claim"]["id"]: result["effect"] for result in preview["results"]}
    assert effects == {id: "DECIDED", dear.id: "PROPOSED"}
    assert {result["tree"] is None for result in preview["results"] if result["effect"] == "PROPOSED"} == {True}
    done = {**wish, "dryRun": False, "previewToken": preview["previewToken"]}
    results = (await here.ask.mutate(here.ann, "decideClaims", BULK, **done, idempotencyKey="two"))["results"]
    assert {result["claim"]["id"]: result["effect"] for result in results} == effects
    assert ((await here.claim(id)).state, (await here.claim(dear.id)).proposed_by) == (
        ClaimState.DECIDED,
        here.ann.actor_id,
    )


# -- one's work


WORK = """query ($after: String) { myWork(first: 2, after: $after) { nodes { kind title dueAt because overdue
  subject { id } } pageInfo { hasNextPage endCursor } } }"""


async def test_ones_work_is_one_list_by_deadline(here: Desk) -> None:
    await limit(here.market, "50.00 USD")
    found = await here.contested(*[await here.market.register_buyer() for _ in range(4)])
    await here.market.act(here.ann, desk.take_claim, AssignClaim(found[0].id))
    await here.market.act(here.bob, desk.take_claim, AssignClaim(found[1].id))
    await here.ask.mutate(here.ann, "decideClaim", CLAIM, **wish(found[2], "one"))
    work, after = [], None
    while True:
        page = (await here.ask(here.bob, WORK, after=after))["myWork"]
        work += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    told = [(each["subject"]["id"], each["kind"], each["because"]) for each in work]
    assert told == [
        (found[1].id, "DECIDE_CLAIM", "YOURS"),
        (found[2].id, "SECOND_EYES", "NOBODYS"),
        (found[3].id, "DECIDE_CLAIM", "NOBODYS"),
    ]
    assert all(each["dueAt"] and not each["overdue"] for each in work)
    buyer = here.market.buyer(found[0].buyer_id)
    assert (await here.ask(buyer, WORK))["myWork"]["nodes"] == [], "a party sees what it has to do, and nothing else"


async def test_a_cursor_of_something_else_is_refused(here: Desk) -> None:
    for after in ("", "x", "dzE6eDp5Ono", "dzE6MTow"):
        answer = await here.ask.answer(here.ann, WORK, after=after)
        assert [error["extensions"]["code"] for error in answer.errors] == ["INVALID"], after


async def test_each_kind_of_work_is_read_in_the_order_of_an_index(here: Desk) -> None:
    """The plan with nothing but indexes allowed sorts nothing below the merge of the kinds."""
    for kind, source in ((kind, each) for kind, sources in desk_views.SOURCES.items() for each in sources):
        text = desk_views.statement([(kind, source)], bounded=True)
        values = (here.market.tenant_id, here.ann.actor_id, 50, START, 0, "clm_0")
        async with here.market.pool.transaction(here.market.tenant_id) as connection:
            await connection.execute(
                "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off"
            )
            plan = [row[0] for row in await connection.fetch(f"EXPLAIN {text}", *values)]
        assert not [step for step in plan if "Seq Scan" in step], plan
        assert not [step for step in plan if "->  Sort" in step], plan
