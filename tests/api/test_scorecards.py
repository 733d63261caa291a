"""Counters and scorecards through the public API: counted as it happens, equal to a recount, felt in quotes."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from api.operations import scorecards as scoring
from api.operations.counters import count_refund
from domain import clocks
from domain.clocks import Duty
from domain.dates import rfc3339
from domain.ids import BuyerId, ClaimId, CoverageId, LiablePartyId, OrderId, OrderLineId, ProviderId, SupplierId
from domain.liability import Bearer, Shares
from domain.remedies import Award, RemedyKind
from storage import claims as claim_rows
from storage import clocks as clock_rows
from storage import counters as counter_rows
from storage import orders as order_rows
from storage import scorecards as scorecard_rows
from storage.minting import mint
from storage.unit_of_work import Outcome, Work
from tests.api.test_claims import story
from tests.api.test_remedies import Losses, losses
from tests.builders import START, Market, line, usd
from tests.marketplaces import Asking
from tests.nvoccs import events
from tests.selling import sell

__all__ = ["losses", "story"]

DAY = timedelta(days=1)


async def found(market: Market, ask: Asking, party: LiablePartyId, names: list[str], **more: Any) -> Any:
    at = rfc3339(more.pop("at", await market.now()))
    items = [{"partyId": party, "reference": name, "foundAt": at} for name in names]
    key = str(mint(ClaimId))
    return await ask.mutate(
        market.staff, "recordProhibitedGoods", "counted known", items=items, idempotencyKey=key, **more
    )


async def balance(market: Market, ask: Asking, party: LiablePartyId) -> int:
    text = "query ($id: ID!) { pointsAccount(partyId: $id) { balance } }"
    return int((await ask(market.staff, text, id=party))["pointsAccount"]["balance"])


async def recounted(market: Market) -> list[str]:
    async with market.pool.acquire(market.tenant_id) as connection:
        return [
            *await counter_rows.faults(connection, market.tenant_id),
            *await scorecard_rows.faults(connection, market.tenant_id),
        ]


async def card(market: Market, ask: Asking, party: LiablePartyId, window: str = "WEEK") -> dict[str, Any]:
    text = """query ($id: ID!, $window: RecordWindow) { scorecard(partyId: $id, window: $window) {
        standing demoted scores { measure count of shareBp meetsTarget } because { reason } } }"""
    seen: dict[str, Any] = (await ask(market.staff, text, id=party, window=window))["scorecard"]
    return seen | {"scores": {each["measure"]: each for each in seen["scores"]}}


# -- counters ----------------------------------------------------------------------------------------------------------


async def test_each_five_hundred_items_of_a_quarter_cost_six_points_once(sandbox: Market, ask: Asking) -> None:
    id, other = await sandbox.register_supplier(), await sandbox.register_provider()
    names = [f"listing/{number}" for number in range(1_100)]
    first = await found(sandbox, ask, id, names[:499])
    assert first == {"counted": 499, "known": 0, "userErrors": []}
    assert await balance(sandbox, ask, id) == 0
    again = await found(sandbox, ask, id, names[:501])
    assert (again["counted"], again["known"]) == (2, 499)
    assert await balance(sandbox, ask, id) == 6
    await asyncio.gather(*(found(sandbox, ask, id, names[start : start + 200]) for start in (501, 600, 700, 800, 900)))
    assert await balance(sandbox, ask, id) == 12
    await found(sandbox, ask, other, names[:3])
    text = """query ($id: ID!) { partyCounters(first: 5, filter: {liablePartyId: $id}) {
        nodes { kind period count steps items(first: 1) { nodes { reference } } } } }"""
    (counter,) = (await ask(sandbox.supplier(id), text, id=id))["partyCounters"]["nodes"]
    assert (counter["period"], counter["count"], counter["steps"]) == ("2026-01-01", 1_100, 2)
    assert await ask(sandbox.supplier(id), text, id=other) == {"partyCounters": {"nodes": []}}
    await sandbox.move(START + 70 * DAY)
    await found(sandbox, ask, id, [f"spring/{number}" for number in range(499)])
    assert await balance(sandbox, ask, id) == 12  # a quarter of its own
    assert await recounted(sandbox) == []


async def test_bad_items_are_refused_all_at_once_and_count_for_nobody(sandbox: Market, ask: Asking) -> None:
    id = await sandbox.register_supplier()
    early = await found(sandbox, ask, id, ["a"], at=START - 1_600 * DAY)  # before the rule of 2023-01-17
    assert [error["field"] for error in early["userErrors"]] == [["items", "0", "foundAt"]]
    ahead = await found(sandbox, ask, ProviderId.mint(1, 1), ["a"], at=START + DAY)
    assert [error["field"][-1] for error in ahead["userErrors"]] == ["partyId", "foundAt"]
    nothing = await found(sandbox, ask, id, [])
    assert [error["field"] for error in nothing["userErrors"]] == [["items"]]
    many = await found(sandbox, ask, id, ["a"] * 1_001)
    assert [error["field"] for error in many["userErrors"]] == [["items"]]
    blank = await found(sandbox, ask, id, ["", "x" * 201])
    assert [error["field"] for error in blank["userErrors"]] == [["items", str(n), "reference"] for n in (0, 1)]
    assert await events(sandbox, "counter.counted") == []


async def test_a_refunded_order_counts_once_in_its_month_and_costs_nothing_by_default(
    sandbox: Market, ask: Asking
) -> None:
    id = await sandbox.register_supplier()

    async def refund(work: Work, order_id: OrderId) -> Outcome:
        await count_refund(work, id, order_id)
        return Outcome()

    for order_id in (OrderId.mint(1, 1), OrderId.mint(1, 1), OrderId.mint(1, 2)):
        await sandbox.act(sandbox.staff, refund, order_id)
    text = "query ($id: ID!) { partyCounters(first: 5, filter: {liablePartyId: $id}) { nodes { kind period count } } }"
    assert (await ask(sandbox.staff, text, id=id))["partyCounters"]["nodes"] == [
        {"kind": "SELLER_REFUNDS", "period": "2026-02-01", "count": 2}
    ]
    assert await balance(sandbox, ask, id) == 0
    assert await recounted(sandbox) == []


async def test_what_a_claim_refunds_counts_for_a_party_that_bears_a_part_of_it(losses: Losses, ask: Asking) -> None:
    mine = await losses.lost(300_00)
    theirs = await losses.lost(200_00)
    (line_id,) = (each.line_id for each in theirs.lines)
    await losses.story.accept(mine)
    await losses.provide(theirs, Shares.whole(Bearer.PLATFORM), Award(RemedyKind.REFUND_PARTIAL, usd(200_00), line_id))
    text = "{ partyCounters(first: 5) { nodes { kind count items(first: 5) { nodes { reference } } } } }"
    (counter,) = (await ask(losses.supplier, text))["partyCounters"]["nodes"]
    assert (counter["kind"], counter["count"]) == ("SELLER_REFUNDS", 1)
    assert counter["items"]["nodes"] == [{"reference": mine.order_id}]
    assert await recounted(losses.market) == []


# -- scorecards --------------------------------------------------------------------------------------------------------


async def late_order(market: Market, buyer: BuyerId, supplier: SupplierId, provider: ProviderId) -> OrderId:
    """An order whose goods are promised for tomorrow by a provider that stands for it, and shipped by it."""
    guarantee = getattr(market, "_guarantee", None) or await market.offer(provider)
    market._guarantee = guarantee  # type: ignore[attr-defined]
    promised = (await market.now()).date() + DAY
    order_id = await market.order(buyer, supplier, [line(promised_on=promised)], [guarantee])
    async with market.pool.acquire(market.tenant_id) as connection:
        order = await order_rows.get(connection, market.tenant_id, order_id)
    await market.ship(order_id, provider, [OrderLineId(each.id) for each in order.lines], promised_on=promised)
    return order_id


async def test_everything_is_counted_as_it_happens_and_equals_a_recount(sandbox: Market, ask: Asking) -> None:
    regular, once = await sandbox.register_buyer(4), await sandbox.register_buyer()
    supplier, provider = await sandbox.register_supplier(), await sandbox.register_provider()
    orders = [await late_order(sandbox, regular, supplier, provider) for _ in range(3)]
    await late_order(sandbox, once, supplier, provider)
    unpaid = await sandbox.order(once, supplier, [line()], pay=False)
    cancelled = await sandbox.order(once, supplier, [line()])
    for order_id in (unpaid, cancelled):
        answer = await ask.mutate(
            sandbox.staff, "cancelOrder", "order { state }", orderId=order_id, idempotencyKey=order_id
        )
        assert answer["userErrors"] == [], answer
    assert await recounted(sandbox) == []
    await sandbox.move(START + 4 * DAY)  # nothing came: compensation by the buyer's tier, a claim of its own for each
    seen = (await card(sandbox, ask, supplier))["scores"]
    assert (seen["CANCELLATIONS"]["count"], seen["CANCELLATIONS"]["of"]) == (1, 5)
    assert (seen["REPEAT_PURCHASE"]["count"], seen["REPEAT_PURCHASE"]["of"]) == (2, 2)
    carried = (await card(sandbox, ask, provider))["scores"]
    assert (carried["DEFECTS"]["count"], carried["DEFECTS"]["of"]) == (3, 4)
    assert (carried["ON_TIME"]["count"], carried["ON_TIME"]["of"]) == (0, 4)
    assert (carried["REPEAT_PURCHASE"]["count"], carried["REPEAT_PURCHASE"]["of"]) == (1, 2)
    assert carried["DEFECTS"]["shareBp"] is None  # too few to tell
    assert await recounted(sandbox) == []

    async with sandbox.pool.acquire(sandbox.tenant_id) as connection:
        rows = await connection.fetch(
            "SELECT id FROM claims WHERE tenant_id = $1 AND order_id = $2", sandbox.tenant_id, orders[0]
        )
    claim_id = ClaimId(rows[0]["id"])

    async def exclude(work: Work, _: None) -> Outcome:
        await claim_rows.lock(work.connection, work.tenant_id, claim_id)
        return Outcome(facts={"now": await scoring.exclude(work, claim_id, "The appeal says so.")})

    assert [(await sandbox.act(sandbox.staff, exclude, None)).facts["now"] for _ in range(2)] == [True, False]
    assert (await card(sandbox, ask, provider))["scores"]["DEFECTS"]["count"] == 2
    assert await recounted(sandbox) == []


async def test_answers_to_claims_are_counted_by_how_long_they_took(sandbox: Market, ask: Asking) -> None:
    buyer, supplier = await sandbox.register_buyer(), await sandbox.register_supplier()
    provider = await sandbox.register_provider()
    for hours in (2, 30, None):
        order_id = await late_order(sandbox, buyer, supplier, provider)
        await sandbox.move(await sandbox.now() + 3 * DAY)
        text = "query ($id: ID!) { order(id: $id) { coverages(first: 1) { nodes { id } } } }"
        (cover,) = (await ask(sandbox.staff, text, id=order_id))["order"]["coverages"]["nodes"]
        made = await ask.mutate(
            sandbox.buyer(buyer),
            "openClaim",
            "claim { id state }",
            coverageId=CoverageId(cover["id"]),
            reason="LATE_DELIVERY",
            idempotencyKey=str(mint(ClaimId)),
        )
        assert made["userErrors"] == [], made
        if hours is not None:
            await sandbox.move(await sandbox.now() + timedelta(hours=hours))
            key = str(mint(ClaimId))
            answered = await ask.mutate(
                sandbox.provider(provider), "contestClaim", "claim { state }", claimId=made["claim"]["id"],
                note="It was the weather.", idempotencyKey=key,
            )  # fmt: skip
            assert answered["userErrors"] == [], answered
    await sandbox.move(await sandbox.now() + DAY)
    seen = (await card(sandbox, ask, provider, "MONTH"))["scores"]["REPLIES"]
    assert (seen["count"], seen["of"]) == (1, 3)
    assert await recounted(sandbox) == []


async def look_at_all(work: Work, _: None) -> Outcome:
    """All scorecards are looked at as soon as today is over; the sandbox was opened months ahead of its clock."""
    due = await clock_rows.lock_live(work.connection, work.tenant_id, work.tenant_id, (Duty.REVIEW_SCORECARDS,))
    await work.keep(*(clocks.complete(clock, at=work.at) for clock in due))
    await scoring.schedule(work, 1)
    return Outcome()


async def test_a_party_below_standard_comes_last_in_quotes_until_it_recovers(sandbox: Market, ask: Asking) -> None:
    cheap, dear = await sell(sandbox, "1.00"), await sell(sandbox, "9.00")
    buyer, supplier = await sandbox.register_buyer(4), await sandbox.register_supplier()

    async def quotes() -> list[tuple[str, bool]]:
        wish = {
            "buyerId": buyer,
            "pieces": [{"count": 1, "lengthMm": 400, "widthMm": 300, "heightMm": 200, "weightGrams": 5_000}],
            "origin": {"country": "CN", "unlocode": "CNSHA"},
            "destination": {"country": "US", "unlocode": "USLAX"},
            "readyAt": rfc3339(await sandbox.now()),
            "currency": "USD",
        }
        selection = (
            "quoteRequest { quotes(first: 5) { nodes { provider { id } demotion { reason because { rule } } } } }"
        )
        made = await ask.mutate(sandbox.staff, "requestQuote", selection, **wish)
        assert made["userErrors"] == [], made
        nodes = made["quoteRequest"]["quotes"]["nodes"]
        return [(node["provider"]["id"], node["demotion"] is not None) for node in nodes]

    assert await quotes() == [(cheap.provider_id, False), (dear.provider_id, False)]
    for _ in range(20):
        await late_order(sandbox, buyer, supplier, cheap.provider_id)
    await sandbox.act(sandbox.staff, look_at_all, None)
    await sandbox.move(START + 4 * DAY)
    low = await card(sandbox, ask, cheap.provider_id, "QUARTER")
    assert (low["standing"], low["demoted"], low["scores"]["DEFECTS"]["meetsTarget"]) == ("BELOW", True, False)
    assert low["because"]["reason"] == "party_meets_standard"
    assert await quotes() == [(dear.provider_id, False), (cheap.provider_id, True)]
    text = """{ accountMeasures(first: 5) { nodes { id kind basis state threshold automated entry { id } endReason
      statementOfReasons { ruleKey automatedDecision facts { reason holds } appealUntil } } } }"""
    own = sandbox.provider(cheap.provider_id)
    (measure,) = (await ask(own, text))["accountMeasures"]["nodes"]
    told = measure.pop("statementOfReasons")
    assert (told["ruleKey"], told["automatedDecision"]) == ("scorecards", True)
    assert {"reason": "score_meets_target", "holds": False} in told["facts"]
    assert measure | {"id": None} == {
        "id": None, "kind": "DEMOTION", "basis": "SCORECARD", "state": "IN_FORCE", "threshold": 2, "automated": True,
        "entry": None, "endReason": None,
    }  # fmt: skip
    appealable = "query ($id: ID!) { appealability(subjectId: $id) { kind open effects } }"
    seen = (await ask(own, appealable, id=measure["id"]))["appealability"]
    assert seen == {"kind": "RESTRICTION", "open": True, "effects": ["RESTRICTION"]}
    await sandbox.move(START + 100 * DAY)  # the window has moved on
    assert (await card(sandbox, ask, cheap.provider_id, "QUARTER"))["standing"] == "MEETS"
    assert await quotes() == [(cheap.provider_id, False), (dear.provider_id, False)]
    ended = (await ask(own, text))["accountMeasures"]["nodes"][-1]
    assert (ended["state"], ended["endReason"]) == ("ENDED", "The scorecard meets the standard again.")


async def test_price_bait_puts_offers_behind_for_a_week(sandbox: Market, ask: Asking) -> None:
    id = await sandbox.register_provider()
    wish = {
        "partyId": id,
        "violations": ["OFF_PLATFORM_STEERING"],
        "occurredAt": rfc3339(await sandbox.now()),
        "facts": "It asked buyers to pay outside.",
        "idempotencyKey": "k",
    }
    made = await ask.mutate(sandbox.staff, "penaliseParty", "pointsEntry { id }", **wish)
    assert made["userErrors"] == []
    assert (await card(sandbox, ask, id))["demoted"]
    await sandbox.move(START + 8 * DAY)
    assert not (await card(sandbox, ask, id))["demoted"]


async def test_a_scorecard_is_its_partys_and_the_desks(sandbox: Market, ask: Asking) -> None:
    id, other = await sandbox.register_provider(), await sandbox.register_provider()
    text = "query ($id: ID) { scorecard(partyId: $id) { standing } }"
    assert (await ask(sandbox.provider(id), text, id=None))["scorecard"] == {"standing": "MEETS"}
    assert (await ask(sandbox.provider(other), text, id=id))["scorecard"] is None
    assert (await ask(sandbox.buyer(await sandbox.register_buyer()), text, id=None))["scorecard"] is None
