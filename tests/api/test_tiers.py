"""Levels over the engine: evidence and its review, the monthly look, notices, revocation, levels as of an instant."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from api.operations.clocks import move_clock
from domain.access import Caller, Role
from domain.clocks import MoveClock
from domain.dates import rfc3339
from domain.ids import OrderId
from storage.minting import mint
from tests.marketplaces import Asking, Marketplace, Member

TIER = """tier { level since benefits quoteDiscountBp takesUpgrades nextReviewAt because { rule }
  pending { level at because { rule } } shortfall { toLevel because { rule reason } } }"""
REVIEW = f"tierReview {{ id state identity dueAt reason availableActions buyer {{ {TIER} }} version }}"
WORDS = [
    {"evidence": "BUSINESS_EMAIL", "statement": "ada@acme.example"},
    {"evidence": "DECLARED_IDENTITY", "statement": "We sell on the net."},
]


async def spent(
    market: Marketplace, owner: asyncpg.Pool[Any], buyer: Member, minor: int, currency: str = "USD", refunded: int = 0
) -> None:
    """The buyer completed an order just now."""
    supplier = market.members.get("Forge") or await market.add("Forge", Role.SUPPLIER)
    await owner.execute(
        "INSERT INTO orders (tenant_id, id, reference, buyer_id, supplier_id, state, total_minor, refunded_minor, "
        "currency, country, placed_at, paid_at, completed_at, version) "
        "SELECT t.tenant_id, $2, $2, $3, $4, 'COMPLETED', $5, $6, $7, 'NL', tenant_now(t), tenant_now(t), "
        "tenant_now(t), 1 FROM tenants t WHERE t.tenant_id = $1",
        market.id,
        mint(OrderId),
        buyer.party_id,
        supplier.party_id,
        minor,
        refunded,
        currency,
    )


async def still(market: Marketplace, owner: asyncpg.Pool[Any]) -> datetime:
    """The sandbox's clock stands still; what it shows."""
    text = (
        "UPDATE tenants SET clock_at = date_trunc('second', clock_timestamp()) + interval '1 second', "
        "clock_set_at = clock_timestamp(), clock_runs = false WHERE tenant_id = $1 RETURNING clock_at"
    )
    shown: datetime = await owner.fetchval(text, market.id)
    return shown


async def move(market: Marketplace, to: datetime) -> None:
    await market.act(market.admin, move_clock, MoveClock(to))


async def tier(ask: Asking, caller: Caller, buyer: Member, **variables: Any) -> Any:
    text = f"query ($id: ID!) {{ buyer(id: $id) {{ {TIER} identity }} }}"
    return (await ask(caller, text, id=buyer.party_id, **variables))["buyer"]["tier"]


async def submitted(ask: Asking, buyer: Member, items: list[dict[str, Any]] = WORDS) -> Any:
    return await ask.mutate(buyer.caller, "submitTierEvidence", REVIEW, identity="ONLINE_RETAILER", items=items)


# -- evidence ----------------------------------------------------------------------------------------------------------


async def test_evidence_that_is_accepted_opens_a_level_at_once(
    market: Marketplace, ask: Asking, owner: asyncpg.Pool[Any]
) -> None:
    buyer, other = await market.add("Ada", Role.BUYER), await market.add("Bea", Role.BUYER)
    desk = market.staff(Role.SUPPORT)
    sent = await submitted(ask, buyer)
    assert sent["userErrors"] == []
    review = sent["tierReview"]
    assert (review["state"], review["identity"]) == ("EVIDENCE_SUBMITTED", "ONLINE_RETAILER")
    assert review["dueAt"] is not None
    assert review["buyer"]["tier"]["shortfall"]["toLevel"] == "L1"
    queue = "{ tierReviews(first: 5) { nodes { id items(first: 5) { nodes { id evidence statement accepted } } } } }"
    (waiting,) = (await ask(desk, queue))["tierReviews"]["nodes"]
    assert [item["evidence"] for item in waiting["items"]["nodes"]] == ["BUSINESS_EMAIL", "DECLARED_IDENTITY"]
    assert (await ask(other.caller, queue))["tierReviews"]["nodes"] == []
    ids = [item["id"] for item in waiting["items"]["nodes"]]
    early = await ask.mutate(desk, "grantTierReview", REVIEW, reviewId=review["id"], accepted=ids)
    assert [error["rule"] for error in early["userErrors"]] == ["tier_review.moves"]
    await ask.mutate(desk, "takeTierReview", REVIEW, reviewId=review["id"])
    granted = await ask.mutate(desk, "grantTierReview", REVIEW, reviewId=review["id"], accepted=ids)
    assert granted["userErrors"] == []
    assert (granted["tierReview"]["state"], granted["tierReview"]["dueAt"]) == ("GRANTED", None)
    shown = await tier(ask, buyer.caller, buyer)
    assert (shown["level"], shown["because"]) == ("L1", {"rule": "tier.moved"})
    assert shown["shortfall"]["toLevel"] == "L2"
    next_look = await owner.fetchval(
        "SELECT due_at FROM clocks WHERE tenant_id = $1 AND duty = 'EVALUATE_TIERS' AND state = 'RUNNING'", market.id
    )
    assert datetime.fromisoformat(shown["nextReviewAt"]) == next_look
    again = await ask.mutate(desk, "grantTierReview", REVIEW, reviewId=review["id"], accepted=ids)
    assert [error["code"] for error in again["userErrors"]] == ["REFUSED"]
    left = await owner.fetchval(
        "SELECT count(*) FROM clocks WHERE tenant_id = $1 AND subject_id = $2 AND state = 'RUNNING'",
        market.id,
        review["id"],
    )
    assert left == 0


async def test_who_did_not_take_a_review_does_not_decide_it_until_it_takes_it_over(
    market: Marketplace, ask: Asking
) -> None:
    buyer = await market.add("Ada", Role.BUYER)
    first, second = market.staff(Role.SUPPORT), market.staff(Role.SUPPORT)
    review = (await submitted(ask, buyer))["tierReview"]
    await ask.mutate(first, "takeTierReview", REVIEW, reviewId=review["id"])
    wish = {"reviewId": review["id"], "reason": "Nothing to see."}
    refused = await ask.mutate(second, "declineTierReview", REVIEW, **wish)
    assert [each["reason"] for each in refused["userErrors"][0]["reasons"]] == ["review_taken_by_you"]
    await ask.mutate(second, "takeTierReview", REVIEW, reviewId=review["id"])
    assert (await ask.mutate(first, "declineTierReview", REVIEW, **wish))["tierReview"] is None
    declined = await ask.mutate(second, "declineTierReview", REVIEW, **wish)
    assert (declined["tierReview"]["state"], declined["tierReview"]["reason"]) == ("DECLINED", "Nothing to see.")
    assert (await tier(ask, buyer.caller, buyer))["level"] == "L0"


async def test_what_was_asked_for_comes_in_time_or_the_review_ends(
    market: Marketplace, ask: Asking, owner: asyncpg.Pool[Any]
) -> None:
    buyer, desk = await market.add("Ada", Role.BUYER), market.staff(Role.SUPPORT)
    now = await still(market, owner)
    review = (await submitted(ask, buyer, WORDS[:1]))["tierReview"]
    await ask.mutate(desk, "takeTierReview", REVIEW, reviewId=review["id"])
    wish = {"reviewId": review["id"], "reason": "Say what you are."}
    assert (await ask.mutate(desk, "requestTierEvidence", REVIEW, **wish))["tierReview"]["state"] == "NEEDS_MORE"
    more = await submitted(ask, buyer, WORDS[1:])
    assert (more["tierReview"]["id"], more["tierReview"]["state"]) == (review["id"], "EVIDENCE_SUBMITTED")
    await ask.mutate(desk, "takeTierReview", REVIEW, reviewId=review["id"])
    await ask.mutate(desk, "requestTierEvidence", REVIEW, **wish)
    await move(market, now + timedelta(days=16))
    text = "query ($id: ID!) { tierReview(id: $id) { state reason decision { holds kind } } }"
    ended = (await ask(buyer.caller, text, id=review["id"]))["tierReview"]
    assert (ended["state"], ended["decision"]) == ("DECLINED", {"holds": False, "kind": "TIER"})


async def test_evidence_that_fits_nothing_is_refused_with_every_problem(market: Marketplace, ask: Asking) -> None:
    buyer = await market.add("Ada", Role.BUYER)
    items = [{"evidence": "BANK_STATEMENT"}, {"evidence": "TAX_NUMBER"}, {"evidence": "TAX_NUMBER", "statement": "1"}]
    sent = await submitted(ask, buyer, items)
    assert sent["tierReview"] is None
    assert [error["field"] for error in sent["userErrors"]] == [
        ["items", "0", "uploadId"],
        ["items", "1", "statement"],
        ["items", "2", "evidence"],
    ]
    none = await submitted(ask, buyer, [])
    assert [error["field"] for error in none["userErrors"]] == [["items"]]


# -- the monthly look --------------------------------------------------------------------------------------------------


async def test_spend_in_any_currency_raises_a_buyer_after_its_notice(
    market: Marketplace, ask: Asking, owner: asyncpg.Pool[Any]
) -> None:
    buyer = await market.add("Ada", Role.BUYER)
    now = await still(market, owner)
    days = (now - timedelta(days=1), now)  # where the marketplace keeps its days, it may still be yesterday
    rates = [{"base": "EUR", "quote": "USD", "day": day.date().isoformat(), "rate": "1.10"} for day in days]
    finance = market.staff(Role.FINANCE)
    recorded = await ask.mutate(finance, "recordExchangeRates", "exchangeRates { id }", rates=rates, source="bank")
    assert recorded["userErrors"] == []
    await spent(market, owner, buyer, 60_000_00)
    await spent(market, owner, buyer, 50_000_00, "EUR", refunded=10_000_00)  # 44,000 dollars
    await spent(market, owner, buyer, 900_000_000, "JPY")  # no rate: not counted, and said so
    await move(market, now + timedelta(days=33))
    told = await tier(ask, buyer.caller, buyer)
    assert (told["level"], told["pending"]["level"]) == ("L0", "L3")
    assert told["pending"]["because"] == {"rule": "tier.upgrade"}
    await move(market, datetime.fromisoformat(told["pending"]["at"]))
    assert (await tier(ask, buyer.caller, buyer))["level"] == "L0", "the last instant of the notice"
    await move(market, datetime.fromisoformat(told["pending"]["at"]) + timedelta(seconds=1))
    raised = await tier(ask, buyer.caller, buyer)
    assert (raised["level"], raised["pending"], raised["quoteDiscountBp"]) == ("L3", None, 200)


async def test_a_buyer_accepts_at_once_or_declines(market: Marketplace, ask: Asking, owner: asyncpg.Pool[Any]) -> None:
    eager, shy = await market.add("Ada", Role.BUYER), await market.add("Bea", Role.BUYER)
    now = await still(market, owner)
    selection = f"buyer {{ {TIER} availableActions }}"
    for buyer in (eager, shy):
        await spent(market, owner, buyer, 120_000_00)
    early = await ask.mutate(eager.caller, "acceptTierUpgrade", selection)
    assert [each["reason"] for each in early["userErrors"][0]["reasons"]] == ["tier_upgrade_told"]
    await move(market, now + timedelta(days=33))
    accepted = await ask.mutate(eager.caller, "acceptTierUpgrade", selection)
    assert accepted["buyer"]["tier"]["level"] == "L3"
    declined = await ask.mutate(shy.caller, "setTierUpgrades", selection, automatic=False)
    assert declined["buyer"]["tier"]["pending"] is None
    assert declined["buyer"]["tier"]["takesUpgrades"] is False
    await move(market, now + timedelta(days=70))
    assert (await tier(ask, shy.caller, shy))["level"] == "L0"
    theirs = await ask.mutate(eager.caller, "setTierUpgrades", selection, buyerId=shy.party_id, automatic=True)
    assert [error["code"] for error in theirs["userErrors"]] == ["NOT_FOUND"]


async def test_a_level_that_is_no_longer_reached_falls_step_by_step(
    market: Marketplace, ask: Asking, owner: asyncpg.Pool[Any]
) -> None:
    buyer = await market.add("Ada", Role.BUYER)
    now = await still(market, owner)
    wish = {"buyerId": buyer.party_id, "level": "L2", "reason": "Showed its books."}
    await ask.mutate(market.staff(Role.POLICY), "grantTier", "buyer { id }", **wish)
    await move(market, now + timedelta(days=380))
    told = await tier(ask, buyer.caller, buyer)
    assert (told["level"], told["pending"]["level"]) == ("L2", "L1")
    await move(market, now + timedelta(days=420))
    assert (await tier(ask, buyer.caller, buyer))["level"] == "L1"
    then = rfc3339(now + timedelta(days=1))
    asked = "query ($id: ID!, $at: DateTime) { buyer(id: $id) { tier(asOf: $at) { level } } }"
    assert (await ask(buyer.caller, asked, id=buyer.party_id, at=then))["buyer"]["tier"] == {"level": "L2"}
    before = rfc3339(now - timedelta(days=1))
    assert (await ask(buyer.caller, asked, id=buyer.party_id, at=before))["buyer"]["tier"] is None


async def test_an_evaluation_that_finds_nothing_new_writes_nothing_about_buyers(
    market: Marketplace, ask: Asking, owner: asyncpg.Pool[Any]
) -> None:
    buyers = [await market.add(f"Buyer {number}", Role.BUYER) for number in range(5)]
    now = await still(market, owner)
    for buyer in buyers[:2]:
        await spent(market, owner, buyer, 20_000_00)
    policy = market.staff(Role.POLICY)
    begun = await ask.mutate(policy, "evaluateTiers", "tierSweep { id state }")
    assert begun["tierSweep"]["state"] == "RUNNING"
    twice = await ask.mutate(policy, "evaluateTiers", "tierSweep { id }")
    assert [error["code"] for error in twice["userErrors"]] == ["CONFLICT"]
    await move(market, now + timedelta(minutes=1))
    text = "query ($id: ID!) { tierSweep(id: $id) { state buyers upgrades downgrades confirmed } }"
    first = (await ask(policy, text, id=begun["tierSweep"]["id"]))["tierSweep"]
    assert first == {"state": "DONE", "buyers": 5, "upgrades": 2, "downgrades": 0, "confirmed": 0}
    written = "SELECT count(*) FROM audit WHERE tenant_id = $1 AND object_id LIKE 'buy%'"
    before = await owner.fetchval(written, market.id)
    again = await ask.mutate(policy, "evaluateTiers", "tierSweep { id }")
    await move(market, now + timedelta(minutes=2))
    second = (await ask(policy, text, id=again["tierSweep"]["id"]))["tierSweep"]
    assert second == {"state": "DONE", "buyers": 5, "upgrades": 0, "downgrades": 0, "confirmed": 0}
    assert await owner.fetchval(written, market.id) == before


# -- misconduct --------------------------------------------------------------------------------------------------------


async def test_a_tier_is_revoked_and_reinstated(market: Marketplace, ask: Asking, owner: asyncpg.Pool[Any]) -> None:
    buyer, policy = await market.add("Ada", Role.BUYER), market.staff(Role.POLICY)
    await spent(market, owner, buyer, 120_000_00)
    selection = f"buyer {{ {TIER} availableActions }}"
    wish = {"buyerId": buyer.party_id, "reason": "Forged a statement."}
    revoked = await ask.mutate(policy, "revokeTier", selection, **wish)
    assert revoked["buyer"]["tier"]["level"] == "L0"
    assert revoked["buyer"]["tier"]["shortfall"]["because"] == [{"rule": "tier.revoked", "reason": "tier_not_revoked"}]
    assert "REINSTATE_TIER" in revoked["buyer"]["availableActions"]
    evidence = await submitted(ask, buyer)
    assert [error["code"] for error in evidence["userErrors"]] == ["REFUSED"]
    twice = await ask.mutate(policy, "revokeTier", selection, **wish)
    assert [error["code"] for error in twice["userErrors"]] == ["CONFLICT"]
    back = await ask.mutate(policy, "reinstateTier", selection, **wish)
    assert back["buyer"]["tier"]["level"] == "L3", "it stands at once on what it reaches"
    own = await ask.mutate(buyer.caller, "reinstateTier", selection, **wish)
    assert [error["code"] for error in own["userErrors"]] == ["FORBIDDEN"]


@pytest.mark.parametrize("role", [Role.SUPPLIER, Role.PROVIDER])
async def test_nobody_else_reviews_or_evaluates(market: Marketplace, ask: Asking, role: Role) -> None:
    buyer, other = await market.add("Ada", Role.BUYER), await market.add("Other", role)
    review = (await submitted(ask, buyer))["tierReview"]
    for mutation, selection, wish in (
        ("takeTierReview", "tierReview { id }", {"reviewId": review["id"]}),
        ("evaluateTiers", "tierSweep { id }", {}),
        ("revokeTier", "buyer { id }", {"buyerId": buyer.party_id, "reason": "No."}),
    ):
        payload = await ask.mutate(other.caller, mutation, selection, **wish)
        assert [error["code"] for error in payload["userErrors"]] == ["FORBIDDEN"]
