"""Programmes as parties enter and leave them, bundles joined as one, and what is bought in a bundle."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from api.operations import bundles, enrolments, orders, quotes, removals, standings, tracking
from domain.access import Caller
from domain.bundles import JoinBundle
from domain.dates import MICROSECOND, rfc3339
from domain.enrolments import OfferGuarantee
from domain.errors import Conflict, Invalid, Refused
from domain.ids import BuyerId, OrderId, ProviderId, SupplierId
from domain.orders import RecordOrder, RecordPayment
from domain.quotes import AcceptQuote, Quote, ReviseQuote
from domain.standings import RemoveFromProgramme, SuspendProvider
from domain.tracking import NewEvent, RecordTrackingEvents, TrackingReason, TrackingStatus
from tests.api.test_quotes import ask as ask_quotes
from tests.api.test_quotes import read_quote
from tests.builders import START, Market, line, usd
from tests.marketplaces import Asking
from tests.selling import sell

pytestmark = pytest.mark.usefixtures("emptied")

SIX = ("CA", "DE", "FR", "GB", "MX", "US")
MEMBERS = "guarantees/price_lock guarantees/on_time guarantees/machinery_after_sales".split()
GUARANTEE = "guarantee { id state endsAt reason barredUntil bundle { id } eligibility { holds because { reason } } }"
BUNDLE = """bundle { id code state markets endsAt version party { __typename }
  guarantees(first: 5) { nodes { id code state endsAt availableActions } } availableActions }"""
PROGRAMMES = """query ($party: ID) { programmes(partyId: $party) { code kind state parties markets review noticeDays
  servicePoints holds because { reason } guarantee { id } bundle { id } } }"""


async def programmes(ask: Asking, caller: Caller, party: str | None = None) -> dict[str, Any] | None:
    """Every programme by its code, as the caller is shown it."""
    found = (await ask(caller, PROGRAMMES, party=party))["programmes"]
    return None if found is None else {each["code"]: each for each in found}


def reasons(payload: dict[str, Any]) -> list[str]:
    (error,) = payload["userErrors"]
    return [each["reason"] for each in error["reasons"]]


# -- entering and leaving ----------------------------------------------------------------------------------------------


async def test_a_party_finds_every_programme_with_its_conditions(sandbox: Market, ask: Asking) -> None:
    provider, supplier = await sandbox.register_provider(), await sandbox.register_supplier()
    of_provider = await programmes(ask, sandbox.provider(provider))
    assert of_provider is not None
    assert (of_provider["guarantees/on_time"]["state"], of_provider["guarantees/on_time"]["holds"]) == ("OFFERED", True)
    back = of_provider["guarantees/money_back"]
    assert (back["holds"], [each["reason"] for each in back["because"]]) == (False, ["programme_for_party"])
    assert (back["parties"], back["noticeDays"]) == (["SUPPLIER"], 30)
    bundle = of_provider["bundles/semi_managed"]
    assert (bundle["kind"], tuple(bundle["markets"]), bundle["holds"]) == ("BUNDLE", SIX, True)
    assert await programmes(ask, sandbox.supplier(supplier), provider) is None
    seen = await programmes(ask, sandbox.staff, supplier)
    assert seen is not None
    assert seen["guarantees/money_back"]["holds"]


async def test_whoever_leaves_sells_until_the_last_instant_of_its_notice(sandbox: Market, ask: Asking) -> None:
    provider, buyer = await sandbox.register_provider(), await sandbox.register_buyer()
    supplier, id = await sandbox.register_supplier(), await sandbox.offer(provider)
    left = await ask.mutate(sandbox.provider(provider), "withdrawGuarantee", GUARANTEE, guaranteeId=id)
    ends_at = left["guarantee"]["endsAt"]
    assert (left["guarantee"]["state"], ends_at) == ("WITHDRAWING", "2026-02-09T04:59:59.999999Z")
    again = await ask.mutate(sandbox.provider(provider), "withdrawGuarantee", GUARANTEE, guaranteeId=id)
    assert reasons(again) == ["guarantee_not_ended"]
    over = START.replace(day=9, hour=5)
    await sandbox.move(over - MICROSECOND)
    bought = await sandbox.order(buyer, supplier, [line()], [id])
    await sandbox.move(over)
    shown = await ask(sandbox.staff, f"query ($id: ID!) {{ guarantee(id: $id) {GUARANTEE[9:]} }}", id=id)
    assert shown["guarantee"]["state"] == "ENDED"
    with pytest.raises(Invalid):
        await sandbox.order(buyer, supplier, [line()], [id])
    covers = "query ($id: ID!) { order(id: $id) { coverages(first: 2) { nodes { state guarantee { id } } } } }"
    (cover,) = (await ask(sandbox.staff, covers, id=bought))["order"]["coverages"]["nodes"]
    assert cover["guarantee"] == {"id": id}


async def test_the_desk_looks_at_who_wants_to_warrant_for_a_year(sandbox: Market, ask: Asking) -> None:
    supplier = await sandbox.register_supplier()
    own, rule = sandbox.supplier(supplier), "guarantees/one_year_warranty"
    applied = (await ask.mutate(own, "offerGuarantee", GUARANTEE, ruleKey=rule))["guarantee"]
    assert applied["state"] == "APPLIED"
    with pytest.raises(Invalid):
        await sandbox.order(await sandbox.register_buyer(), supplier, [line(serviced=True)], [applied["id"]])
    wish = {"guaranteeId": applied["id"]}
    forbidden = await ask.mutate(own, "admitGuarantee", GUARANTEE, **wish)
    assert [each["code"] for each in forbidden["userErrors"]] == ["FORBIDDEN"]
    declined = await ask.mutate(sandbox.staff, "declineGuarantee", GUARANTEE, **wish, reason="No spare parts.")
    assert (declined["guarantee"]["state"], declined["guarantee"]["reason"]) == ("ENDED", "No spare parts.")
    assert reasons(await ask.mutate(sandbox.staff, "admitGuarantee", GUARANTEE, **wish)) == ["guarantee_not_ended"]
    anew = (await ask.mutate(own, "offerGuarantee", GUARANTEE, ruleKey=rule))["guarantee"]
    admitted = await ask.mutate(sandbox.staff, "admitGuarantee", GUARANTEE, guaranteeId=anew["id"])
    assert admitted["guarantee"]["state"] == "ACTIVE"
    await sandbox.order(await sandbox.register_buyer(), supplier, [line(serviced=True)], [anew["id"]])


@pytest.mark.parametrize(
    ("rule", "markets", "missing"),
    [
        ("guarantees/local_after_sales", [], ["programme_markets_named"]),
        ("guarantees/local_after_sales", ["DE", "US"], ["programme_has_service_points"] * 2),
        ("guarantees/money_back", [], ["programme_for_party"]),
        ("bundles/semi_managed", ["JP"], ["programme_runs_in_markets"]),
    ],
)
async def test_what_is_missing_is_told_beforehand_and_refused_by_the_same(
    sandbox: Market, ask: Asking, rule: str, markets: list[str], missing: list[str]
) -> None:
    provider = await sandbox.register_provider()
    own = sandbox.provider(provider)
    asked = (
        "query ($key: String!, $markets: [CountryCode!]) "
        "{ guaranteeEligibility(ruleKey: $key, markets: $markets) { holds because { reason } } }"
    )
    told = (await ask(own, asked, key=rule, markets=markets))["guaranteeEligibility"]
    assert (told["holds"], [each["reason"] for each in told["because"]]) == (False, missing)
    verb, shown = ("joinBundle", BUNDLE) if rule.startswith("bundles") else ("offerGuarantee", GUARANTEE)
    refused = await ask.mutate(own, verb, shown, ruleKey=rule, markets=markets)
    assert reasons(refused) == missing


async def test_whoever_is_removed_is_barred_and_says_until_when(sandbox: Market, ask: Asking) -> None:
    provider, rule = await sandbox.register_provider(), "guarantees/on_time"
    id = await sandbox.offer(provider)
    outcome = await sandbox.act(
        sandbox.staff, removals.remove_from_programme, RemoveFromProgramme(provider, rule, "Forged scans.")
    )
    asked = f"query ($id: ID!) {{ guarantee(id: $id) {GUARANTEE[9:]} }}"
    shown = (await ask(sandbox.provider(provider), asked, id=id))["guarantee"]
    assert (shown["state"], shown["reason"]) == ("REMOVED", "Forged scans.")
    assert shown["barredUntil"] == "2027-02-02T04:59:59.999999Z"
    assert [each["reason"] for each in shown["eligibility"]["because"]] == ["not_barred"]
    assert outcome.things["bar"] is not None
    again = await ask.mutate(sandbox.provider(provider), "offerGuarantee", GUARANTEE, ruleKey=rule)
    assert reasons(again) == ["not_barred"]


# -- bundles -----------------------------------------------------------------------------------------------------------


async def test_a_bundle_is_joined_and_left_as_one(sandbox: Market, ask: Asking) -> None:
    provider = await sandbox.register_provider()
    own, alone = sandbox.provider(provider), await sandbox.offer(provider)
    joined = (await ask.mutate(own, "joinBundle", BUNDLE, ruleKey="bundles/semi_managed"))["bundle"]
    assert (joined["state"], tuple(joined["markets"]), joined["availableActions"]) == ("ACTIVE", SIX, ["LEAVE_BUNDLE"])
    members = {each["code"]: each for each in joined["guarantees"]["nodes"]}
    assert members.keys() == set(MEMBERS)
    assert members["guarantees/on_time"]["id"] == alone, "what was offered by itself is a member now"
    assert all(each["availableActions"] == [] for each in members.values())
    refused = await ask.mutate(own, "withdrawGuarantee", GUARANTEE, guaranteeId=alone)
    assert reasons(refused) == ["guarantee_stands_alone"]
    twice = await ask.mutate(own, "joinBundle", BUNDLE, ruleKey="bundles/semi_managed")
    assert [each["code"] for each in twice["userErrors"]] == ["CONFLICT"]

    left = (await ask.mutate(own, "leaveBundle", BUNDLE, bundleId=joined["id"]))["bundle"]
    assert {each["state"] for each in [left, *left["guarantees"]["nodes"]]} == {"WITHDRAWING"}
    assert len({each["endsAt"] for each in [left, *left["guarantees"]["nodes"]]}) == 1
    await sandbox.move(START + timedelta(days=31))
    shown = (await ask(own, f"query ($id: ID!) {{ bundle(id: $id) {BUNDLE[7:]} }}", id=joined["id"]))["bundle"]
    assert {each["state"] for each in [shown, *shown["guarantees"]["nodes"]]} == {"ENDED"}
    anew = (await ask.mutate(own, "joinBundle", BUNDLE, ruleKey="bundles/semi_managed"))["bundle"]
    assert anew["id"] != joined["id"]


async def test_a_guarantee_that_is_not_on_offer_in_all_its_markets_keeps_the_bundle_out(sandbox: Market) -> None:
    provider = await sandbox.register_provider()
    await sandbox.act(sandbox.staff, enrolments.offer_guarantee, OfferGuarantee(MEMBERS[1], provider, ("US",)))
    with pytest.raises(Refused) as refusal:
        await sandbox.act(sandbox.staff, bundles.join_bundle, JoinBundle("bundles/semi_managed", provider))
    assert [finding.reason for finding in refusal.value.unmet] == ["guarantee_can_join_bundle"]
    await sandbox.act(sandbox.staff, bundles.join_bundle, JoinBundle("bundles/semi_managed", provider, ("US",)))


async def test_a_bundle_stands_as_its_members_do(sandbox: Market, ask: Asking) -> None:
    provider = await sandbox.register_provider()
    made = await sandbox.act(sandbox.staff, bundles.join_bundle, JoinBundle("bundles/semi_managed", provider))
    asked = "query ($id: ID!) { bundle(id: $id) { state guarantees(first: 5) { nodes { state } } } }"

    async def states() -> list[str]:
        found = (await ask(sandbox.staff, asked, id=made.things["bundle"]))["bundle"]
        return [found["state"], *(each["state"] for each in found["guarantees"]["nodes"])]

    until = START + timedelta(days=1)
    await sandbox.act(sandbox.staff, standings.suspend_provider, SuspendProvider(provider, "Looked into.", until))
    assert await states() == ["SUSPENDED"] * 4
    await sandbox.move(START + timedelta(days=2))
    assert await states() == ["ACTIVE"] * 4
    removed = RemoveFromProgramme(provider, MEMBERS[1], "Forged scans.")
    await sandbox.act(sandbox.staff, removals.remove_from_programme, removed)
    assert sorted(await states()) == ["ENDED", "ENDED", "REMOVED", "REMOVED"], "no member goes on without the others"


# -- bought in a bundle ------------------------------------------------------------------------------------------------


async def locked_quote(sandbox: Market, level: int = 0) -> tuple[ProviderId, BuyerId, Quote]:
    """A quote of a provider in the bundle, accepted by a buyer on that level."""
    seller = await sell(sandbox, "2.00")
    await sandbox.act(sandbox.staff, bundles.join_bundle, JoinBundle("bundles/semi_managed", seller.provider_id))
    buyer = await sandbox.register_buyer(level)
    _, (quote,) = await ask_quotes(sandbox, buyer)
    await sandbox.act(sandbox.buyer(buyer), quotes.accept_quote, AcceptQuote(quote.id))
    return seller.provider_id, buyer, await read_quote(sandbox, quote.id)


def wish(buyer: BuyerId, supplier: SupplierId, quote: Quote, **changes: Any) -> RecordOrder:
    plain = RecordOrder(
        "4711", buyer, supplier, "US", "USD", (line(2_500_00, serviced=True),), (), None, None, quote_id=quote.id
    )
    return replace(plain, **changes)


async def test_an_order_bought_with_a_bundles_quote_has_all_three_covers_and_one_price(
    sandbox: Market, ask: Asking
) -> None:
    provider, buyer, quote = await locked_quote(sandbox)
    supplier = await sandbox.register_supplier()
    shown = "query ($id: ID!) { quote(id: $id) { priceLocked bundle { code } includedGuarantees { code } } }"
    seen = (await ask(sandbox.buyer(buyer), shown, id=quote.id))["quote"]
    assert (seen["priceLocked"], seen["bundle"]) == (True, {"code": "bundles/semi_managed"})
    assert {each["code"] for each in seen["includedGuarantees"]} == set(MEMBERS)
    made = await sandbox.act(sandbox.staff, orders.record_order, wish(buyer, supplier, quote))
    id = OrderId(str(made.things["order"]))
    await sandbox.act(sandbox.staff, orders.record_payment, RecordPayment(id, START))
    covers = """query ($id: ID!) { order(id: $id) { locked { amount } charged { amount } quote { id }
      coverages(first: 5) { nodes { promise state closesAt party: liableParty { ... on Provider { id } }
        certificate { document } terms { applyDays unreceivedDays serviceDays } } } } }"""
    order = (await ask(sandbox.buyer(buyer), covers, id=id))["order"]
    assert (order["locked"], order["charged"], order["quote"]) == ({"amount": "2700.00"}, None, {"id": quote.id})
    by_promise = {each["promise"]: each for each in order["coverages"]["nodes"]}
    assert by_promise.keys() == {"PRICE_LOCK", "ON_TIME", "AFTER_SALES"}
    assert {each["party"]["id"] for each in by_promise.values()} == {provider}
    document = json.loads(by_promise["PRICE_LOCK"]["certificate"]["document"])
    assert (document["terms"]["apply_days"], document["order"]["locked"]) == (30, "2700.00 USD")
    assert by_promise["PRICE_LOCK"]["terms"] == {"applyDays": 30, "unreceivedDays": 90, "serviceDays": None}
    twice = wish(buyer, supplier, quote, reference="4712")
    with pytest.raises(Conflict):
        await sandbox.act(sandbox.staff, orders.record_order, twice)


async def test_a_locked_price_only_falls(sandbox: Market) -> None:
    seller = await sell(sandbox, "2.00")
    await sandbox.act(sandbox.staff, bundles.join_bundle, JoinBundle("bundles/semi_managed", seller.provider_id))
    _, (quote,) = await ask_quotes(sandbox, await sandbox.register_buyer(3))
    with pytest.raises(Refused) as refusal:
        await sandbox.act(
            sandbox.provider(seller.provider_id), quotes.revise_quote, ReviseQuote(quote.id, usd(1), None, "Fuel")
        )
    assert [finding.reason for finding in refusal.value.unmet] == ["quote_price_not_locked"]
    lower = ReviseQuote(quote.id, usd(-50_00), None, "Room left")
    outcome = await sandbox.act(sandbox.provider(seller.provider_id), quotes.revise_quote, lower)
    revised = await read_quote(sandbox, type(quote.id)(str(outcome.things["quote"])))
    assert (quote.total, quote.payable) == (usd(200_00), usd(196_00))
    assert (revised.total, revised.payable, revised.bundle_id) == (usd(150_00), usd(147_00), quote.bundle_id)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"country": "CA"}, "order_goes_where_quoted"),
        ({"currency": "EUR", "lines": (line(currency="EUR"),)}, "order_in_currency_of_quote"),
        ({}, "quote_of_same_buyer"),
    ],
)
async def test_an_order_fits_the_quote_it_is_bought_with(sandbox: Market, change: dict[str, Any], reason: str) -> None:
    _, buyer, quote = await locked_quote(sandbox)
    other = buyer if change else await sandbox.register_buyer()
    supplier = await sandbox.register_supplier()
    with pytest.raises(Refused) as refusal:
        await sandbox.act(sandbox.staff, orders.record_order, wish(other, supplier, quote, **change))
    assert [finding.reason for finding in refusal.value.unmet] == [reason]


# -- what is charged, and windows that follow receipt ------------------------------------------------------------------


async def test_a_charge_is_held_against_the_locked_price_until_the_buyer_changes_a_quantity(
    sandbox: Market, ask: Asking
) -> None:
    supplier, buyer = await sandbox.register_supplier(), await sandbox.register_buyer()
    guarantee = await sandbox.offer(supplier, "guarantees/price_lock")
    id = await sandbox.order(buyer, supplier, [line(900_00)], [guarantee])
    shown = """order { locked { amount } charged { amount } quantityChangedAt
      coverages(first: 1) { nodes { state voidRule } } }"""
    charge = {"orderId": id, "charged": {"amount": "912.50", "currency": "USD"}, "idempotencyKey": "charge-1"}
    order = (await ask.mutate(sandbox.staff, "recordCharge", shown, **charge))["order"]
    assert (order["locked"], order["charged"]) == ({"amount": "900.00"}, {"amount": "912.50"})
    assert order["coverages"]["nodes"] == [{"state": "IN_FORCE", "voidRule": None}]
    again = {**charge, "quantityChanged": True, "idempotencyKey": "charge-2"}
    order = (await ask.mutate(sandbox.staff, "recordCharge", shown, **again))["order"]
    assert order["quantityChangedAt"] == rfc3339(START)
    assert order["coverages"]["nodes"] == [{"state": "VOIDED", "voidRule": "guarantee.quantity"}]
    euros = {**charge, "charged": {"amount": "1", "currency": "EUR"}, "idempotencyKey": "charge-3"}
    wrong = await ask.mutate(sandbox.staff, "recordCharge", shown, **euros)
    assert [each["field"] for each in wrong["userErrors"]] == [["charged", "currency"]]


COVER = """query ($id: ID!) { order(id: $id) { coverages(first: 1) { nodes { state opensAt closesAt } }
  lines(first: 1) { nodes { id declared { amount } shipByAt } } } }"""


@pytest.mark.parametrize("rule", ["easy_return", "money_back", "loss_damage"])
async def test_the_window_is_counted_from_receipt(sandbox: Market, ask: Asking, rule: str) -> None:
    provider, supplier, buyer = (
        await sandbox.register_provider(),
        await sandbox.register_supplier(),
        await sandbox.register_buyer(),
    )
    guarantee = (
        await sandbox.offer(provider if rule == "loss_damage" else supplier, f"guarantees/{rule}")
        if rule != "easy_return"
        else await easy_return(sandbox, supplier)
    )
    id = await sandbox.order(buyer, supplier, [replace(line(), declared=usd(2_000_00))], [guarantee])
    order = (await ask(sandbox.staff, COVER, id=id))["order"]
    (cover,) = order["coverages"]["nodes"]
    if rule == "money_back":
        assert (cover["state"], cover["closesAt"]) == ("IN_FORCE", "2026-05-03T03:59:59.999999Z")
    else:
        assert (cover["state"], cover["closesAt"]) == ("PENDING", None)
    (bought,) = order["lines"]["nodes"]
    assert bought["declared"] == {"amount": "2000.00"}
    shipment = await sandbox.ship(id, provider, [bought["id"]])
    await sandbox.move(START + timedelta(days=3))
    await sandbox.track(shipment, TrackingStatus.DELIVERED, START + timedelta(days=2))
    (cover,) = (await ask(sandbox.staff, COVER, id=id))["order"]["coverages"]["nodes"]
    assert (cover["state"], cover["closesAt"]) == ("IN_FORCE", "2026-03-06T04:59:59.999999Z")
    await sandbox.move(START + timedelta(days=33))
    (cover,) = (await ask(sandbox.staff, COVER, id=id))["order"]["coverages"]["nodes"]
    assert cover["state"] == "EXPIRED"


async def test_a_loss_opens_its_cover(sandbox: Market, ask: Asking) -> None:
    provider, supplier, buyer = (
        await sandbox.register_provider(),
        await sandbox.register_supplier(),
        await sandbox.register_buyer(),
    )
    guarantee = await sandbox.offer(provider, "guarantees/loss_damage")
    id = await sandbox.order(buyer, supplier, [line()], [guarantee])
    (bought,) = (await ask(sandbox.staff, COVER, id=id))["order"]["lines"]["nodes"]
    shipment = await sandbox.ship(id, provider, [bought["id"]])
    await sandbox.move(START + timedelta(days=3))
    lost = NewEvent(
        shipment,
        "lost",
        TrackingStatus.DELIVERY_FAILED,
        TrackingReason.CARRIER_LOST,
        None,
        None,
        None,
        START + timedelta(days=2),
    )
    await sandbox.act(sandbox.staff, tracking.record_tracking_events, RecordTrackingEvents((lost,)))
    (cover,) = (await ask(sandbox.staff, COVER, id=id))["order"]["coverages"]["nodes"]
    assert (cover["state"], cover["closesAt"]) == ("IN_FORCE", "2026-03-06T04:59:59.999999Z")


async def easy_return(sandbox: Market, supplier: SupplierId) -> Any:
    """The supplier takes goods back in the United States."""
    command = OfferGuarantee("guarantees/easy_return", supplier, ("US",))
    return (await sandbox.act(sandbox.staff, enrolments.offer_guarantee, command)).things["guarantee"]


async def test_an_order_too_large_for_an_easy_return_is_told_so_and_not_taken(sandbox: Market, ask: Asking) -> None:
    supplier, buyer = await sandbox.register_supplier(), await sandbox.register_buyer()
    guarantee = await easy_return(sandbox, supplier)
    id = await sandbox.order(buyer, supplier, [line(3_000_01)], pay=False)
    asked = (
        "query ($o: ID!, $g: ID!) { eligibility(orderId: $o, guaranteeId: $g) { eligible because { holds reason } } }"
    )
    told = (await ask(sandbox.buyer(buyer), asked, o=id, g=guarantee))["eligibility"]
    assert not told["eligible"]
    assert [each["reason"] for each in told["because"] if not each["holds"]] == ["order_small_enough"]
    with pytest.raises(Invalid) as refusal:
        await sandbox.order(buyer, supplier, [line(3_000_01)], [guarantee])
    assert "3000.01 USD is above 3000.00 USD" in refusal.value.problems[0].message
    await sandbox.order(buyer, supplier, [line(3_000_00)], [guarantee])
