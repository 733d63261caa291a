"""From an empty marketplace to a late delivery made good, through the public API and with a moved clock.

Vectors of `domain.md` 8 on the way: T1 to T3, T5, T6, T12, T13, T17 and T18.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.journeys.conftest import People

MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)
START = datetime(2034, 2, 1, 15, tzinfo=UTC)
PROMISED = date(2034, 2, 20)
DAY_AFTER = datetime(2034, 2, 21, 5, tzinfo=UTC)
"""Midnight where the goods go (New York, winter)."""

CLAIM = """id number state outcome origin amount { amount currency } base { amount } availableActions
  blockedActions { action because { reason } opensAt } nextDuty { by dueAt otherwise actions }
  coupon { id state amount { amount } left { amount } expiresAt availableActions }
  decision { holds tree { rule holds because { rule holds reason version inputs { name value } } } canonical }"""


@pytest.fixture
async def cast(people: People) -> People:
    """Buyers of L4, L2 and L1, an entitled and a plain supplier, a provider, and who serves them."""
    await people.begin(START)
    operator = people.ids["operator"]
    await people.key("desk", operator, "SUPPORT", "ADJUDICATOR", "FINANCE", "ADMIN", "POLICY")
    shop = await people.do("admin", "createOrganisation", "organisation { id }", kind="SERVICE", name="Web shop")
    await people.key("shop", shop["organisation"]["id"], "SERVICE")
    for name, level in (("l4", "L4"), ("l2", "L2"), ("l1", "L1")):
        await _join(people, name, "registerBuyer", "buyer", "BUYER", name=f"Buyer {name}", country="US")
        await people.do("desk", "grantTier", "buyer { id }", buyerId=people.ids[name], level=level, reason="verified")
    await _join(people, "maker", "registerSupplier", "supplier", "SUPPLIER", name="Ningbo Machinery", country="CN")
    await _join(people, "million", "registerSupplier", "supplier", "SUPPLIER", name="Million Club", country="CN")
    await people.do("desk", "grantTierSight", "supplier { id }", supplierId=people.ids["million"], granted=True)
    await _join(
        people, "line", "registerProvider", "provider", "PROVIDER", name="Blue Anchor", country="US", kind="FORWARDER"
    )
    on_time = await people.do("line", "offerGuarantee", "guarantee { id }", ruleKey="guarantees/on_time")
    service = await people.do("maker", "offerGuarantee", "guarantee { id }", ruleKey="guarantees/machinery_after_sales")
    people.ids |= {"on_time": on_time["guarantee"]["id"], "service": service["guarantee"]["id"]}
    return people


async def _join(people: People, who: str, mutation: str, thing: str, role: str, **wish: Any) -> None:
    joined = await people.do("desk", mutation, f"{thing} {{ id organisation {{ id }} }}", **wish)
    people.ids[who] = joined[thing]["id"]
    await people.key(who, joined[thing]["organisation"]["id"], role)


async def buy(
    people: People, buyer: str, value: str, *, promised: date | None = None, guarantee: str | None = None, **line: Any
) -> dict[str, Any]:
    """An order of one line, paid now, with its covers."""
    lines = [{"description": "Machine", "value": value, **line}]
    if promised:
        lines[0]["promisedAt"] = promised.isoformat()
    placed = await people.do(
        "shop",
        "recordOrder",
        "order { id }",
        reference=f"SO-{value}-{len(people.ids)}",
        buyerId=people.ids[buyer],
        supplierId=people.ids["maker"],
        country="US",
        currency="USD",
        lines=lines,
        guaranteeIds=[people.ids[guarantee]] if guarantee else [],
    )
    people.ids[f"order-{len(people.ids)}"] = placed["order"]["id"]
    now = (await people.ask("shop", "{ viewer { tenant { clock } } }"))["viewer"]["tenant"]["clock"]
    shown = "order { id lines(first: 5) { nodes { id } } coverages(first: 5) { nodes { id state closesAt } } }"
    paid = await people.do("shop", "recordPayment", shown, orderId=placed["order"]["id"], paidAt=now)
    order: dict[str, Any] = paid["order"]
    return order


async def claims_of(people: People, who: str, order: dict[str, Any]) -> list[dict[str, Any]]:
    """The order's claims as that person sees them."""
    query = f"query($id: ID!) {{ order(id: $id) {{ claims(first: 5) {{ nodes {{ {CLAIM} }} }} }} }}"
    found: list[dict[str, Any]] = (await people.ask(who, query, id=order["id"]))["order"]["claims"]["nodes"]
    return found


async def balances(people: People) -> dict[str, str]:
    """Account -> balance, as finance sees them; accounts at zero are left out."""
    found = (await people.ask("desk", "{ ledgerBalances { account balance { amount } } }"))["ledgerBalances"]
    return {row["account"]: row["balance"]["amount"] for row in found if float(row["balance"]["amount"])}


async def test_an_l4_buyer_is_paid_without_asking_and_spends_half(cast: People) -> None:
    """T12: paid when the day after begins, though nothing came; what is spent is owed, the rest released."""
    order = await buy(cast, "l4", "2500.00", promised=PROMISED, guarantee="on_time")
    await cast.move_clock(DAY_AFTER - MICROSECOND)
    assert await claims_of(cast, "l4", order) == []
    await cast.move_clock(DAY_AFTER)
    (claim,) = await claims_of(cast, "l4", order)
    assert (claim["origin"], claim["state"], claim["outcome"]) == ("AUTOMATIC", "DECIDED", "GRANTED")
    assert (claim["base"]["amount"], claim["coupon"]["amount"]["amount"]) == ("2500.00", "100.00")
    assert claim["decision"]["tree"]["holds"]
    assert claim["coupon"]["availableActions"] == ["REDEEM_COUPON", "RESERVE_COUPON"]
    shipment = await cast.do(
        "maker",
        "recordShipment",
        "shipment { id promisedAt }",
        orderId=order["id"],
        providerId=cast.ids["line"],
        reference="BL-1",
        mode="OCEAN",
        lineIds=[line["id"] for line in order["lines"]["nodes"]],
        promisedAt="2034-03-30",
    )
    event = {"shipmentId": shipment["shipment"]["id"], "reference": "1", "status": "DELIVERED"}
    wish = [event | {"occurredAt": DAY_AFTER.isoformat()}]
    await cast.do("line", "recordTrackingEvents", "shipments { id state }", events=wish)
    assert len(await claims_of(cast, "l4", order)) == 1, "a second late event pays nothing"
    later = await buy(cast, "l4", "900.00")
    spent = await cast.do(
        "l4",
        "redeemCoupon",
        "coupon { state left { amount } } redemption { id amount { amount } }",
        couponId=claim["coupon"]["id"],
        orderId=later["id"],
        amount={"amount": "40.00", "currency": "USD"},
    )
    assert (spent["coupon"]["state"], spent["coupon"]["left"]["amount"]) == ("PARTLY_USED", "60.00")
    owed = "{ recoveries(first: 5) { nodes { state contingent { amount } due { amount } released { amount } } } }"
    (recovery,) = (await cast.ask("line", owed))["recoveries"]["nodes"]
    assert (recovery["state"], recovery["contingent"]["amount"], recovery["due"]["amount"]) == ("DUE", "60.00", "40.00")
    await cast.move_clock(datetime.fromisoformat(claim["coupon"]["expiresAt"]) + MICROSECOND)
    (recovery,) = (await cast.ask("line", owed))["recoveries"]["nodes"]
    assert (recovery["contingent"]["amount"], recovery["released"]["amount"]) == ("0.00", "60.00")
    (claim,) = await claims_of(cast, "l4", order)
    assert (claim["state"], claim["coupon"]["state"]) == ("CLOSED", "EXPIRED")
    assert await balances(cast) == {
        "CASH_CLEARING": "-40.00",
        "COMPENSATION_EXPENSE": "40.00",
        "EXPENSE_RECOVERY": "-40.00",
        "PARTY_RECEIVABLE": "40.00",
    }


async def test_an_l1_buyer_applies_on_day_30_and_not_on_day_31(cast: People) -> None:
    """The window is inclusive of its last instant; what is possible is what is listed."""
    first = await buy(cast, "l1", "800.00", promised=PROMISED, guarantee="on_time")
    second = await buy(cast, "l1", "800.00", promised=PROMISED, guarantee="on_time")
    cover = first["coverages"]["nodes"][0]
    closes_at = datetime.fromisoformat(cover["closesAt"])
    await cast.move_clock(closes_at)
    listed = "query($id: ID!) { coverage(id: $id) { availableActions blockedActions { because { reason } } } }"
    assert (await cast.ask("l1", listed, id=cover["id"]))["coverage"]["availableActions"] == [
        "OPEN_CLAIM",
        "CONTACT_PARTY",
    ]
    opened = await cast.do("l1", "openClaim", f"claim {{ {CLAIM} }}", coverageId=cover["id"], reason="LATE_DELIVERY")
    claim = opened["claim"]
    assert (claim["state"], claim["amount"]["amount"]) == ("OPEN", "80.00")
    assert claim["nextDuty"]["by"] == "LIABLE_PARTY"
    assert claim["availableActions"] == ["WITHDRAW_CLAIM", "SUBMIT_EVIDENCE", "ORDER_INSPECTION"]
    await cast.move_clock(closes_at + MICROSECOND)
    late = second["coverages"]["nodes"][0]["id"]
    assert (await cast.ask("l1", listed, id=late))["coverage"]["availableActions"] == ["CONTACT_PARTY"]
    refused = await cast.attempt("l1", "openClaim", "claim { id }", coverageId=late, reason="LATE_DELIVERY")
    assert refused["claim"] is None
    assert [error["code"] for error in refused["userErrors"]] == ["REFUSED"]
    assert "coverage_in_force" in [finding["reason"] for finding in refused["userErrors"][0]["reasons"]]
    await cast.do("line", "acceptClaim", "claim { state }", claimId=claim["id"])
    (granted,) = await claims_of(cast, "l1", first)
    assert granted["coupon"]["amount"]["amount"] == "80.00"


async def test_an_address_changed_after_payment_voids_the_cover(cast: People) -> None:
    """T13."""
    order = await buy(cast, "l4", "2500.00", promised=PROMISED, guarantee="on_time")
    address = {"recipient": "Dock 9", "street": "1 Pier Road", "city": "Oakland", "country": "US"}
    await cast.do("shop", "changeAddress", "order { id }", orderId=order["id"], address=address)
    shown = "query($id: ID!) { coverage(id: $id) { state voidRule } }"
    cover = (await cast.ask("l4", shown, id=order["coverages"]["nodes"][0]["id"]))["coverage"]
    assert cover["state"] == "VOIDED"
    assert "address" in cover["voidRule"]
    await cast.move_clock(DAY_AFTER)
    assert await claims_of(cast, "l4", order) == []


@pytest.mark.parametrize(
    ("serviced", "compensation"),
    [
        ("10000.00", "200.00"),
        ("25000.00", "500.00"),
        ("25000.01", "500.00"),
        ("90000.00", "500.00"),
        ("3333.33", "66.67"),
    ],
)
async def test_broken_service_is_contested_decided_and_made_good(
    cast: People, serviced: str, compensation: str
) -> None:
    """T1, T2, T3."""
    order = await buy(cast, "l2", serviced, guarantee="service", serviced=True)
    cover = order["coverages"]["nodes"][0]["id"]
    opened = await cast.do("l2", "openClaim", "claim { id }", coverageId=cover, reason="SERVICE_NO_VISIT")
    id = opened["claim"]["id"]
    contested = await cast.do("maker", "contestClaim", f"claim {{ {CLAIM} }}", claimId=id, note="Offered, declined.")
    assert (contested["claim"]["state"], contested["claim"]["availableActions"]) == ("ESCALATED", ["SUBMIT_EVIDENCE"])
    decided = await cast.do(
        "desk", "decideClaim", f"claim {{ {CLAIM} }}", claimId=id, outcome="GRANTED", note="No proof of the offer."
    )
    assert decided["claim"]["coupon"]["amount"]["amount"] == compensation
    assert any(
        finding["reason"] == "claim_granted_by_staff" for finding in decided["claim"]["decision"]["tree"]["because"]
    )


async def test_a_coupon_is_good_at_its_last_microsecond_and_not_one_later(cast: People) -> None:
    """T5."""
    first = await _granted(cast)
    later = await buy(cast, "l2", "900.00")
    amount = {"amount": "200.00", "currency": "USD"}
    last = datetime.fromisoformat(first["coupon"]["expiresAt"])
    await cast.move_clock(last)
    await cast.do(
        "l2", "redeemCoupon", "coupon { state }", couponId=first["coupon"]["id"], orderId=later["id"], amount=amount
    )
    second = await _granted(cast)
    await cast.move_clock(datetime.fromisoformat(second["coupon"]["expiresAt"]) + MICROSECOND)
    refused = await cast.attempt(
        "l2", "redeemCoupon", "coupon { state }", couponId=second["coupon"]["id"], orderId=later["id"], amount=amount
    )
    assert "coupon_not_expired" in [finding["reason"] for finding in refused["userErrors"][0]["reasons"]]
    rows = (await cast.ask("maker", "{ recoveries(first: 5, orderBy: OLDEST_FIRST) { nodes { state } } }"))[
        "recoveries"
    ]
    assert [row["state"] for row in rows["nodes"]] == ["DUE", "RELEASED"]


async def _granted(cast: People) -> dict[str, Any]:
    order = await buy(cast, "l2", "10000.00", guarantee="service", serviced=True)
    cover = order["coverages"]["nodes"][0]["id"]
    opened = await cast.do("l2", "openClaim", "claim { id }", coverageId=cover, reason="SERVICE_NOT_FINISHED")
    id = opened["claim"]["id"]
    await cast.do("maker", "acceptClaim", "claim { id }", claimId=id)
    claim: dict[str, Any] = (await cast.ask("l2", f"query($id: ID!) {{ claim(id: $id) {{ {CLAIM} }} }}", id=id))[
        "claim"
    ]
    return claim


async def test_fifty_equal_calls_are_one_and_another_amount_is_a_conflict(cast: People) -> None:
    """T18, then T6: of a coupon of 200.00 so 80.00 are owed, and 120.00 are released when the rest expires."""
    claim = await _granted(cast)
    later = await buy(cast, "l2", "900.00")
    wish = {"couponId": claim["coupon"]["id"], "orderId": later["id"], "idempotencyKey": "checkout-77"}
    shown = "redemption { id } coupon { left { amount } }"
    spend = wish | {"amount": {"amount": "80.00", "currency": "USD"}}
    answers = await asyncio.gather(*(cast.do("l2", "redeemCoupon", shown, **spend) for _ in range(50)))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["coupon"]["left"]["amount"] == "120.00"
    other = wish | {"amount": {"amount": "81.00", "currency": "USD"}}
    refused = await cast.attempt("l2", "redeemCoupon", shown, **other)
    assert [error["code"] for error in refused["userErrors"]] == ["IDEMPOTENCY_KEY_REUSED"]
    assert (await balances(cast))["PARTY_RECEIVABLE"] == "80.00"
    await cast.move_clock(datetime.fromisoformat(claim["coupon"]["expiresAt"]) + MICROSECOND)
    owed = "{ recoveries(first: 5) { nodes { due { amount } released { amount } } } }"
    (recovery,) = (await cast.ask("maker", owed))["recoveries"]["nodes"]
    assert (recovery["due"]["amount"], recovery["released"]["amount"]) == ("80.00", "120.00")


async def test_levels_are_seen_only_by_those_entitled(cast: People) -> None:
    """T17: a supplier without the entitlement cannot tell an L4 by field, filter, order or count."""
    for buyer in ("l4", "l2", "l1"):
        await buy(cast, buyer, "100.00")
    shown = "{ buyers(first: 10) { totalCount nodes { id tier { level } } } }"
    seen = (await cast.ask("maker", shown))["buyers"]["nodes"]
    assert {row["tier"] and row["tier"]["level"] for row in seen} <= {None, "L1_PLUS"}
    filtered = "query($level: [TierLevel!]) { buyers(first: 10, filter: { levels: $level }) { totalCount } }"
    reply = await cast.served.ask(filtered, token=cast.tokens["maker"], variables={"level": ["L4"]})
    refused = "errors" in reply.json
    assert refused or reply.json["data"]["buyers"]["totalCount"] in {0, 3}
    own = (await cast.ask("l4", "{ viewer { party { ... on Buyer { tier { level } } } } }"))["viewer"]["party"]
    assert own["tier"]["level"] == "L4"
    assert {row["tier"]["level"] for row in (await cast.ask("desk", shown))["buyers"]["nodes"]} == {"L4", "L2", "L1"}


async def test_nobody_else_sees_or_touches_the_claim(cast: People) -> None:
    claim = await _granted(cast)
    stranger = await cast.ask("l1", "query($id: ID!) { claim(id: $id) { id } node(id: $id) { id } }", id=claim["id"])
    assert stranger == {"claim": None, "node": None}
    touched = await cast.attempt("l1", "withdrawClaim", "claim { id }", claimId=claim["id"])
    assert [error["code"] for error in touched["userErrors"]] == ["NOT_FOUND"]
    wrong_role = await cast.attempt("l2", "acceptClaim", "claim { id }", claimId=claim["id"])
    assert [error["code"] for error in wrong_role["userErrors"]] == ["FORBIDDEN"]
