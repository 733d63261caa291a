"""Vector T4: an order paid on 5 July 2022 brings points only, one paid on 6 July a coupon and points."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.ids import BuyerId, SupplierId
from storage import books
from storage.pool import Pool
from tests.builders import Market, line
from tests.marketplaces import Asking
from tests.openings import Opening

POINTS_ONLY = datetime(2022, 7, 5, 12, tzinfo=UTC)
COUPON_TOO = datetime(2022, 7, 6, 12, tzinfo=UTC)
APPLIED = datetime(2022, 8, 1, 12, tzinfo=UTC)

CLAIM = """claim { id state outcome amount { amount } coupon { amount { amount } } appealableUntil availableActions
  events(first: 20) { nodes { name } } remedies(first: 5) { nodes { kind } }
  decision { tree { holds reason text because { rule holds } } } }"""


@pytest.fixture
async def then(opening: Opening, worker_pool: Pool, app_pool: Pool, emptied: None) -> Market:
    """A sandbox whose clock stands in May 2022."""
    return await Market.opened(opening, worker_pool, app_pool, at=datetime(2022, 5, 20, tzinfo=UTC))


async def opened(market: Market, ask: Asking, paid_at: datetime) -> tuple[BuyerId, SupplierId, dict[str, Any]]:
    """A serviced machine of US$10,000 paid then, and the buyer's claim that nobody came to mend it."""
    buyer, supplier = await market.register_buyer(), await market.register_supplier()
    guarantee = await market.offer(supplier, "guarantees/machinery_after_sales")
    await market.move(paid_at)
    order = await market.order(buyer, supplier, [line(10_000_00, serviced=True)], [guarantee])
    await market.move(APPLIED)
    query = """query($id: ID!) { claimOptions(orderId: $id) { coverage { id } reason available amount { amount } } }"""
    options = (await ask(market.buyer(buyer), query, id=order))["claimOptions"]
    (option,) = [each for each in options if each["reason"] == "SERVICE_NO_VISIT"]
    assert option["available"], "what is listed is what openClaim does not refuse"
    wish = {"coverageId": option["coverage"]["id"], "reason": "SERVICE_NO_VISIT", "idempotencyKey": "open"}
    claim = (await ask.mutate(market.buyer(buyer), "openClaim", CLAIM, **wish))["claim"]
    assert (claim["state"], claim["amount"]) == ("OPEN", option["amount"])
    return buyer, supplier, claim


async def account(market: Market, ask: Asking, supplier: SupplierId) -> dict[str, Any]:
    """The supplier's points and what they are for."""
    query = "query($id: ID!) { pointsAccount(partyId: $id) { balance entries { violations points causeId } } }"
    found: dict[str, Any] = (await ask(market.supplier(supplier), query, id=supplier))["pointsAccount"]
    return found


async def nothing_moved(market: Market) -> bool:
    """No coupon was issued and nothing was posted, and the books are whole."""
    async with market.pool.acquire(market.tenant_id) as connection:
        assert await books.faults(connection, market.tenant_id) == []
        coupons = await connection.fetchval("SELECT count(*) FROM coupons WHERE tenant_id = $1", market.tenant_id)
        transfers = await connection.fetchval(
            "SELECT count(*) FROM ledger_transfers WHERE tenant_id = $1", market.tenant_id
        )
    return (coupons, transfers) == (0, 0)


@pytest.mark.parametrize("paid_at", [POINTS_ONLY, COUPON_TOO])
async def test_the_desk_grants_points_and_from_6_july_2022_a_coupon_beside_them(
    then: Market, ask: Asking, paid_at: datetime
) -> None:
    _, supplier, claim = await opened(then, ask, paid_at)
    pays = paid_at == COUPON_TOO
    note = {"claimId": claim["id"], "note": "It ran.", "idempotencyKey": "contest"}
    await ask.mutate(then.supplier(supplier), "contestClaim", "claim { id }", **note)
    wish = {"claimId": claim["id"], "outcome": "GRANTED", "note": "Nobody came.", "idempotencyKey": "decide"}
    decided = (await ask.mutate(then.staff, "decideClaim", CLAIM, **wish))["claim"]
    assert decided["outcome"] == "GRANTED"
    assert decided["appealableUntil"] is not None, "points can be appealed like any decision"
    tree = decided["decision"]["tree"]
    found = {each["rule"]: each["holds"] for each in tree["because"]}
    assert tree["holds"]
    assert found["after_sales.liable"]
    assert found["claim.decision"]
    names = [event["name"] for event in decided["events"]["nodes"]]
    if pays:
        assert (decided["state"], decided["amount"]["amount"]) == ("DECIDED", "200.00")
        assert decided["coupon"]["amount"]["amount"] == "200.00"
        assert tree["reason"] == "guarantee_compensates"
    else:
        assert (decided["state"], decided["amount"]["amount"]) == ("CLOSED", "0.00")
        assert (decided["coupon"], decided["remedies"]["nodes"]) == (None, [])
        assert tree["reason"] == "after_sales_points_alone"
        assert "pays nothing" in tree["text"]
        assert "claim.closed" in names
        assert await nothing_moved(then)
    assert "claim.granted" in names
    assert await account(then, ask, supplier) == {
        "balance": 3,
        "entries": [{"violations": ["AFTER_SALES_ABANDONED"], "points": 3, "causeId": claim["id"]}],
    }


async def test_a_party_that_owns_up_gets_its_points_and_has_nothing_to_bargain_over(then: Market, ask: Asking) -> None:
    _, supplier, claim = await opened(then, ask, POINTS_ONLY)
    query = "query($id: ID!) { claim(id: $id) { availableActions blockedActions { action because { reason } } } }"
    seen = (await ask(then.supplier(supplier), query, id=claim["id"]))["claim"]
    assert {"ACCEPT_CLAIM", "CONTEST_CLAIM"} <= set(seen["availableActions"])
    blocked = {each["action"]: [why["reason"] for why in each["because"]] for each in seen["blockedActions"]}
    assert blocked["MAKE_OFFER"] == ["claim_leaves_room_to_settle"]
    wish = {"claimId": claim["id"], "note": "We forgot.", "idempotencyKey": "accept"}
    accepted = (await ask.mutate(then.supplier(supplier), "acceptClaim", CLAIM, **wish))["claim"]
    assert (accepted["state"], accepted["outcome"], accepted["amount"]["amount"]) == ("CLOSED", "GRANTED", "0.00")
    assert (await account(then, ask, supplier))["balance"] == 3
    assert await nothing_moved(then)


async def test_what_staff_and_the_party_leave_undone_is_decided_on_the_file_with_points(
    then: Market, ask: Asking
) -> None:
    buyer, supplier, claim = await opened(then, ask, POINTS_ONLY)
    note = {"claimId": claim["id"], "note": None}
    await then.move(APPLIED + timedelta(days=10))
    await ask.mutate(then.staff, "takeUpClaim", "claim { id }", **note, idempotencyKey="take-up")
    done = await ask.mutate(then.buyer(buyer), "finishEvidence", "claim { state }", **note, idempotencyKey="heard")
    assert done["claim"] == {"state": "EVIDENCE_DUE"}
    await then.move(APPLIED + timedelta(days=120))
    query = "query($id: ID!) { claim(id: $id) { state outcome amount { amount } } }"
    seen = (await ask(then.buyer(buyer), query, id=claim["id"]))["claim"]
    assert seen == {"state": "CLOSED", "outcome": "GRANTED", "amount": {"amount": "0.00"}}
    assert (await account(then, ask, supplier))["balance"] == 3
    assert await nothing_moved(then)


async def test_a_denied_claim_costs_no_points(then: Market, ask: Asking) -> None:
    _, supplier, claim = await opened(then, ask, POINTS_ONLY)
    note = {"claimId": claim["id"], "note": "It ran.", "idempotencyKey": "contest"}
    await ask.mutate(then.supplier(supplier), "contestClaim", "claim { id }", **note)
    wish = {"claimId": claim["id"], "outcome": "DENIED", "note": "It runs.", "idempotencyKey": "decide"}
    decided = (await ask.mutate(then.staff, "decideClaim", CLAIM, **wish))["claim"]
    assert (decided["state"], decided["outcome"]) == ("CLOSED", "DENIED")
    assert await account(then, ask, supplier) == {"balance": 0, "entries": []}


async def test_lines_cannot_be_asked_for_where_the_rule_pays_nothing(then: Market, ask: Asking) -> None:
    buyer, supplier = await then.register_buyer(), await then.register_supplier()
    guarantee = await then.offer(supplier, "guarantees/machinery_after_sales")
    await then.move(POINTS_ONLY)
    order = await then.order(buyer, supplier, [line(10_000_00, serviced=True)], [guarantee])
    query = """query($id: ID!) { order(id: $id) {
      lines(first: 1) { nodes { id } } coverages(first: 1) { nodes { id } } } }"""
    seen = (await ask(then.buyer(buyer), query, id=order))["order"]
    line_id, cover = seen["lines"]["nodes"][0]["id"], seen["coverages"]["nodes"][0]["id"]
    wanted = [{"lineId": line_id, "remedy": "COUPON", "amount": {"amount": "1.00", "currency": "USD"}}]
    wish = {"coverageId": cover, "reason": "SERVICE_NO_VISIT", "lines": wanted, "idempotencyKey": "open"}
    made = await ask.mutate(then.buyer(buyer), "openClaim", "claim { id }", **wish)
    assert (made["claim"], [error["code"] for error in made["userErrors"]]) == (None, ["INVALID"])
