"""What can be bought and claimed: the options shown are the ones that the mutations take, and for the same reasons."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from api.operations import claims, enrolments, orders, standings
from domain.claims import ClaimReason, OpenClaim
from domain.dates import MICROSECOND
from domain.enrolments import OfferGuarantee, WithdrawGuarantee
from domain.errors import Conflict, Invalid, Refusal, Refused
from domain.ids import CoverageId, GuaranteeId, OrderId
from domain.orders import CancelOrder, RecordOrder
from domain.standings import SuspendProvider
from domain.tracking import TrackingStatus
from tests.builders import Market, line
from tests.marketplaces import Asking

PROMISE = date(2026, 3, 1)
DAY_AFTER = datetime(2026, 3, 2, 5, tzinfo=UTC)
"""When 2 March begins where the orders are delivered."""
OPTIONS = """query ($id: ID!) { claimOptions(orderId: $id) { coverage { id } promise reason available opensAt closesAt
  because { reason text } amount { amount currency } } }"""
ELIGIBLE = """query ($order: ID!, $guarantee: ID!) { eligibility(orderId: $order, guaranteeId: $guarantee) {
  eligible included opensAt closesAt because { reason holds } guarantee { id } } }"""


async def trade(sandbox: Market, **wishes: Any) -> tuple[OrderId, Any, Any, GuaranteeId]:
    """A paid order covered for on-time delivery: with its buyer, provider and guarantee."""
    buyer, supplier = await sandbox.register_buyer(), await sandbox.register_supplier()
    provider = await sandbox.register_provider()
    guarantee = await sandbox.offer(provider)
    lines = [line(promised_on=PROMISE)]
    return await sandbox.order(buyer, supplier, lines, [guarantee], **wishes), buyer, provider, guarantee


async def options(ask: Asking, caller: Any, id: OrderId) -> Any:
    return (await ask(caller, OPTIONS, id=id))["claimOptions"]


async def refusal(sandbox: Market, caller: Any, option: Any) -> set[str] | None:
    """Why `openClaim` refuses the option, in its own words; None when it takes it. Nothing is kept either way."""

    class Undone(Exception):
        pass

    async def tried(work: Any, command: OpenClaim) -> Any:
        await claims.open_claim(work, command)
        raise Undone

    wish = OpenClaim(CoverageId(option["coverage"]["id"]), ClaimReason(option["reason"]), None)
    try:
        await sandbox.act(caller, tried, wish)
    except Undone:
        return None
    except Conflict:
        return {"coverage_in_force"}
    except Refusal as refused:
        return {finding.reason for finding in getattr(refused, "unmet", ())} or {"coverage_action_of_your_role"}
    raise AssertionError("unreachable")


async def test_each_option_is_available_if_and_only_if_open_claim_takes_it(sandbox: Market, ask: Asking) -> None:
    late, buyer, _, _ = await trade(sandbox)
    delivered, other, carrier, _ = await trade(sandbox)
    async with sandbox.pool.acquire(sandbox.tenant_id) as connection:
        line_id = await connection.fetchval("SELECT id FROM order_lines WHERE order_id = $1", delivered)
    await sandbox.track(
        await sandbox.ship(delivered, carrier, [line_id]), TrackingStatus.DELIVERED, await sandbox.now()
    )
    seen = set()
    for at in (
        DAY_AFTER - MICROSECOND,
        DAY_AFTER,
        DAY_AFTER + timedelta(days=29),
        datetime(2026, 4, 1, 4, tzinfo=UTC) - MICROSECOND,
        datetime(2026, 4, 1, 4, tzinfo=UTC),
    ):
        await sandbox.move(at)
        for id, owner in ((late, buyer), (delivered, other)):
            for caller in (sandbox.buyer(owner), sandbox.staff):
                (option,) = await options(ask, caller, id)
                why = await refusal(sandbox, caller, option)
                assert option["available"] is (why is None)
                assert {finding["reason"] for finding in option["because"]} == (why or set())
                seen.add((id == late, option["available"]))
    assert seen == {(True, True), (True, False), (False, False)}


async def test_an_option_says_from_when_until_when_and_how_much(sandbox: Market, ask: Asking) -> None:
    id, buyer, provider, _ = await trade(sandbox)
    (option,) = await options(ask, sandbox.buyer(buyer), id)
    assert (option["promise"], option["reason"], option["available"]) == ("ON_TIME", "LATE_DELIVERY", False)
    assert datetime.fromisoformat(option["opensAt"]) == DAY_AFTER
    assert datetime.fromisoformat(option["closesAt"]) == datetime(2026, 4, 1, 4, tzinfo=UTC) - MICROSECOND
    await sandbox.move(DAY_AFTER)
    (option,) = await options(ask, sandbox.buyer(buyer), id)
    assert (option["available"], option["amount"]) == (True, {"amount": "100.00", "currency": "USD"})
    stranger = sandbox.buyer(await sandbox.register_buyer())
    assert await options(ask, stranger, id) is None
    assert await options(ask, sandbox.provider(provider), id) is None


async def test_an_option_opens_with_the_time_to_file_for_its_reason(sandbox: Market, ask: Asking) -> None:
    buyer, supplier = await sandbox.register_buyer(), await sandbox.register_supplier()
    guarantee = await sandbox.offer(supplier, "guarantees/money_back")
    id = await sandbox.order(buyer, supplier, [line(promised_on=PROMISE)], [guarantee])
    opens = {option["reason"]: option["opensAt"] for option in await options(ask, sandbox.buyer(buyer), id)}
    assert datetime.fromisoformat(opens["NOT_RECEIVED_LOST"]) == DAY_AFTER, "the cover itself opens with payment"
    assert datetime.fromisoformat(opens["LATE_DELIVERY"]) == await sandbox.now()


async def test_what_is_anothers_reads_like_what_is_not_there(sandbox: Market, ask: Asking) -> None:
    id, buyer, _, _ = await trade(sandbox)
    (option,) = await options(ask, sandbox.buyer(buyer), id)
    stranger = sandbox.buyer(await sandbox.register_buyer())
    hidden, missing = option["coverage"]["id"], CoverageId.mint(1, 1)
    wishes: tuple[tuple[str, dict[str, Any]], ...] = (
        ("openClaim", {"reason": "LATE_DELIVERY", "idempotencyKey": "1"}),
        ("contactParty", {"note": "Where is it?"}),
    )
    for mutation, wish in wishes:
        for of in (hidden, missing):
            payload = await ask.mutate(stranger, mutation, "__typename", coverageId=of, **wish)
            (error,) = payload["userErrors"]
            assert (error["code"], error["message"], error["field"]) == (
                "NOT_FOUND",
                "There is no such cover.",
                ["coverageId"],
            ), (mutation, of)


async def test_what_an_order_can_be_bought_with_is_what_record_order_takes(sandbox: Market, ask: Asking) -> None:
    id, buyer, provider, guarantee = await trade(sandbox, pay=False)
    asked = {"order": id, "guarantee": guarantee}
    found = (await ask(sandbox.buyer(buyer), ELIGIBLE, **asked))["eligibility"]
    assert (found["eligible"], found["included"], found["guarantee"]["id"]) == (True, True, guarantee)
    assert datetime.fromisoformat(found["opensAt"]) == DAY_AFTER
    assert all(finding["holds"] for finding in found["because"])

    other = await sandbox.offer(await sandbox.register_supplier())
    found = (await ask(sandbox.buyer(buyer), ELIGIBLE, order=id, guarantee=other))["eligibility"]
    assert (found["eligible"], found["included"]) == (False, False)
    assert [one["reason"] for one in found["because"] if not one["holds"]] == ["guarantee_of_this_sale"]

    await sandbox.act(sandbox.provider(provider), enrolments.withdraw_guarantee, WithdrawGuarantee(guarantee))
    await sandbox.move(await sandbox.now() + timedelta(days=8))  # its notice is over
    await sandbox.act(sandbox.staff, orders.cancel_order, CancelOrder(id))
    found = (await ask(sandbox.staff, ELIGIBLE, **asked))["eligibility"]
    assert [one["reason"] for one in found["because"] if not one["holds"]] == [
        "order_not_cancelled",
        "guarantee_on_offer",
    ]
    supplier = await sandbox.register_supplier()
    with pytest.raises(Invalid):
        await sandbox.act(
            sandbox.staff,
            orders.record_order,
            RecordOrder("4711", buyer, supplier, "US", "USD", (line(),), (guarantee,), None, None),
        )
    stranger = sandbox.buyer(await sandbox.register_buyer())
    assert (await ask(stranger, ELIGIBLE, **asked))["eligibility"] is None


async def test_what_is_no_id_is_refused(sandbox: Market, ask: Asking) -> None:
    answer = await ask.answer(sandbox.staff, OPTIONS, id="nothing")
    assert [error["extensions"]["code"] for error in answer.errors] == ["INVALID"]


OFFERABLE = """query ($party: ID, $markets: [CountryCode!]) { guaranteeEligibility(
  ruleKey: "guarantees/on_time", partyId: $party, markets: $markets) { holds because { reason } } }"""


async def test_a_provider_is_told_beforehand_what_offering_would_be_refused_for(sandbox: Market, ask: Asking) -> None:
    provider = await sandbox.register_provider()
    own = sandbox.provider(provider)
    assert (await ask(own, OFFERABLE))["guaranteeEligibility"] == {"holds": True, "because": []}
    guarantee = await sandbox.offer(provider)
    await sandbox.act(sandbox.staff, standings.suspend_provider, SuspendProvider(provider, "for the test", None))
    found = (await ask(own, OFFERABLE))["guaranteeEligibility"]
    assert found["holds"] is False
    supplier_rule = OfferGuarantee("guarantees/machinery_after_sales", provider)
    with pytest.raises(Refused) as refused:
        await sandbox.act(sandbox.staff, enrolments.offer_guarantee, supplier_rule)
    assert [one["reason"] for one in found["because"]] == [finding.reason for finding in refused.value.unmet]
    read = "query ($id: ID!) { guarantee(id: $id) { state markets eligibility { holds because { reason } } } }"
    assert (await ask(own, read, id=guarantee))["guarantee"]["eligibility"] == found
    stranger = sandbox.provider(await sandbox.register_provider())
    assert (await ask(stranger, OFFERABLE, party=provider))["guaranteeEligibility"] is None


async def test_a_guarantee_is_for_sale_in_its_markets_only(sandbox: Market, ask: Asking) -> None:
    buyer, supplier = await sandbox.register_buyer(), await sandbox.register_supplier()
    wish = OfferGuarantee("guarantees/on_time", supplier, ("DE", "FR"))
    made = await sandbox.act(sandbox.staff, enrolments.offer_guarantee, wish)
    guarantee = GuaranteeId(str(made.things["guarantee"]))
    command = RecordOrder("4712", buyer, supplier, "US", "USD", (line(),), (guarantee,), None, None)
    with pytest.raises(Invalid) as refused:
        await sandbox.act(sandbox.staff, orders.record_order, command)
    assert "DE, FR" in refused.value.problems[0].message
    await sandbox.act(sandbox.staff, orders.record_order, replace(command, country="FR"))
    bare = await sandbox.order(buyer, supplier, [line()], pay=False)
    found = (await ask(sandbox.staff, ELIGIBLE, order=bare, guarantee=guarantee))["eligibility"]
    assert [one["reason"] for one in found["because"] if not one["holds"]] == ["guarantee_in_market"]
    with pytest.raises(Invalid):
        OfferGuarantee("guarantees/on_time", supplier, ("XX",))
