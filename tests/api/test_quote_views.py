"""Quotes and bookings as clients ask, accept and book them, and what each kind of viewer is shown of them."""

from __future__ import annotations

from typing import Any

import pytest

from api.operations import capabilities, quotes
from domain.capabilities import RestrictProvider, Scope
from domain.dates import rfc3339
from domain.gates import Action
from domain.quotes import ReviseQuote
from tests.api.test_quotes import ASKED, read
from tests.builders import START, Market, line, usd
from tests.marketplaces import Asking
from tests.selling import sell

pytestmark = pytest.mark.usefixtures("emptied")

WISH: dict[str, Any] = {
    "pieces": [
        {
            "count": 2,
            "weightGrams": 50_000,
            "lengthMm": 500,
            "widthMm": 500,
            "heightMm": 400,
            "value": {"amount": "5000", "currency": "USD"},
        }
    ],
    "origin": {"country": "CN", "unlocode": "CNSHA"},
    "destination": {"country": "US", "unlocode": "USLAX", "postalCode": "902-10"},
    "readyAt": rfc3339(START),
    "currency": "USD",
}
QUOTES = """quotes(first: 5) { nodes { id state position mode level chargeableKilograms total { amount currency }
  charges { kind amount { amount } because { rule text } } tierBenefits { kind } includedGuarantees { id }
  departsBy promisedAt promisedZone expiresAt promise { holds text } expectedLatenessCost { amount }
  lateness { holds reason }
  totalCost { amount } provider { id } service { title } lane { originCountry } rateSheet { id }
  revises { id } revisedBy { id } booking { id } reason
  availableActions blockedActions { action because { reason } closesAt } } }"""
REQUEST = f"""id state buyer {{ id }} origin {{ country unlocode }} destination {{ postalCode }}
  weightGrams pieces {{ count weightGrams lengthMm value {{ amount }} dangerousGoods }} value {{ amount currency }}
  currency incoterm modes levels leftOut {{ provider {{ id }} mode because {{ reason }} }} {QUOTES}"""


async def test_a_buyer_asks_accepts_and_books_and_may_call_it_off(sandbox: Market, ask: Asking) -> None:
    sold = await sell(sandbox, "2.00")
    buyer_id = await sandbox.register_buyer()
    buyer = sandbox.buyer(buyer_id)
    asked = await ask.mutate(buyer, "requestQuote", f"quoteRequest {{ {REQUEST} }}", **WISH, includeLeftOut=True)
    assert asked["userErrors"] == []
    request = asked["quoteRequest"]
    assert request["buyer"] == {"id": buyer_id}
    assert request["destination"] == {"postalCode": "902-10"}
    assert request["value"] == {"amount": "10000.00", "currency": "USD"}
    assert (request["weightGrams"], request["leftOut"], request["modes"]) == (100_000, [], [])
    (quote,) = request["quotes"]["nodes"]
    assert (quote["total"], quote["totalCost"]) == ({"amount": "200.00", "currency": "USD"}, {"amount": "200.00"})
    assert (quote["position"], quote["chargeableKilograms"], quote["state"]) == (1, "100", "QUOTED")
    assert [(each["kind"], each["amount"]["amount"]) for each in quote["charges"]] == [("FREIGHT", "200.00")]
    assert quote["charges"][0]["because"]["rule"] == "pricing.freight"
    assert (quote["service"], quote["lane"]) == ({"title": "Shanghai to Los Angeles"}, {"originCountry": "CN"})
    assert (quote["tierBenefits"], quote["includedGuarantees"]) == ([], [])
    assert quote["expectedLatenessCost"] is None
    assert quote["lateness"] == {"holds": False, "reason": "record_has_enough_cases"}
    assert quote["availableActions"] == ["ACCEPT_QUOTE"]
    assert {each["action"]: [b["reason"] for b in each["because"]] for each in quote["blockedActions"]} == {
        "BOOK_QUOTE": ["quote_state_allows"],
        "WITHDRAW_QUOTE": ["quote_action_of_your_role"],
        "REVISE_QUOTE": ["quote_action_of_your_role"],
    }
    wish = {"quoteId": quote["id"], "expectedVersion": 1, "idempotencyKey": "take"}
    taken = await ask.mutate(buyer, "acceptQuote", "quote { state acceptedAt availableActions }", **wish)
    assert taken["quote"] == {"state": "ACCEPTED", "acceptedAt": rfc3339(START), "availableActions": ["BOOK_QUOTE"]}
    order_id = await sandbox.order(buyer_id, await sandbox.register_supplier(), [line()])
    lines = await ask(
        buyer, "query($id: ID!) { order(id: $id) { lines(first: 1) { nodes { id promisedZone } } } }", id=order_id
    )
    booked = await ask.mutate(
        buyer,
        "bookQuote",
        "booking { id state total { amount } promisedAt promisedZone provider { id } quote { id state booking { id } }"
        " shipment { id } order { id } availableActions } shipment { id promisedAt promisedZone freight { amount } }",
        quoteId=quote["id"],
        orderId=order_id,
        lineIds=[each["id"] for each in lines["order"]["lines"]["nodes"]],
        idempotencyKey="book",
    )
    assert booked["userErrors"] == []
    booking = booked["booking"]
    assert booking["quote"] == {"id": quote["id"], "state": "BOOKED", "booking": {"id": booking["id"]}}
    assert booked["shipment"]["promisedAt"] == quote["promisedAt"] == booking["promisedAt"]
    (bought,) = lines["order"]["lines"]["nodes"]
    shown_zones = {each["promisedZone"] for each in (quote, booking, booked["shipment"], bought)}
    assert shown_zones == {"America/New_York"}
    assert booked["shipment"]["freight"] == {"amount": "200.00"}
    assert booking["provider"] == {"id": sold.provider_id}
    assert booking["availableActions"] == ["CANCEL_BOOKING"]
    wish = {"bookingId": booking["id"], "reason": "NOT_NEEDED", "idempotencyKey": "off"}
    off = await ask.mutate(
        buyer, "cancelBooking", "booking { state cancelledBy cancelReason availableActions }", **wish
    )
    assert off["booking"] == {
        "state": "CANCELLED",
        "cancelledBy": "BUYER",
        "cancelReason": "NOT_NEEDED",
        "availableActions": [],
    }
    scope = Scope(actions=frozenset({Action.SELL}), markets=frozenset({"US"}))
    restricted = RestrictProvider(sold.provider_id, scope, "A bond is missing.")
    await sandbox.act(sandbox.staff, capabilities.restrict_provider, restricted)
    again = await ask.mutate(buyer, "requestQuote", f"quoteRequest {{ {REQUEST} }}", **WISH, includeLeftOut=True)
    (left,) = again["quoteRequest"]["leftOut"]
    assert left["because"] == [{"reason": "provider_offers_this"}], "how it stands is no matter of the buyer's"
    text = "query($id: ID!) { quoteRequest(id: $id) { leftOut { because { reason } } } }"
    told = await ask(sandbox.staff, text, id=again["quoteRequest"]["id"])
    assert told["quoteRequest"]["leftOut"] == [{"because": [{"reason": "capability_unrestricted"}]}]


async def test_a_provider_sees_its_own_quote_and_nothing_of_the_others(sandbox: Market, ask: Asking) -> None:
    sold, rival, none = await sell(sandbox, "2.00"), await sell(sandbox, "1.00"), await sandbox.register_provider()
    buyer = sandbox.buyer(await sandbox.register_buyer())
    outcome = await sandbox.act(buyer, quotes.request_quote, ASKED)
    id = str(outcome.things["quoteRequest"])
    question = f"query($id: ID!) {{ quoteRequest(id: $id) {{ {REQUEST} }} quotes(first: 5) {{ nodes {{ id }} }} }}"
    seen = await ask(sandbox.provider(sold.provider_id), question, id=id)
    (own,) = seen["quoteRequest"]["quotes"]["nodes"]
    assert own["provider"] == {"id": sold.provider_id}
    assert seen["quotes"]["nodes"] == [{"id": own["id"]}]
    hidden = ("position", "totalCost", "expectedLatenessCost", "lateness")
    assert [own[name] for name in hidden] == [None] * 4
    assert (seen["quoteRequest"]["buyer"], seen["quoteRequest"]["leftOut"]) == (None, None)
    assert sorted(own["availableActions"]) == ["REVISE_QUOTE", "WITHDRAW_QUOTE"]
    for stranger in (sandbox.provider(none), sandbox.buyer(await sandbox.register_buyer())):
        seen = await ask(stranger, question, id=id)
        assert seen == {"quoteRequest": None, "quotes": {"nodes": []}}
    _, found = await read(sandbox, outcome.things["quoteRequest"])  # type: ignore[arg-type]
    other = next(quote.id for quote in found if quote.provider_id == rival.provider_id)
    point = "query($id: ID!) { quote(id: $id) { id } node(id: $id) { id } }"
    assert await ask(sandbox.provider(sold.provider_id), point, id=other) == {"quote": None, "node": None}
    seen = await ask(sandbox.staff, question, id=id)
    assert [quote["position"] for quote in seen["quoteRequest"]["quotes"]["nodes"]] == [1, 2]


async def test_a_revision_shows_both_quotes(sandbox: Market, ask: Asking) -> None:
    sold = await sell(sandbox)
    buyer = sandbox.buyer(await sandbox.register_buyer())
    outcome = await sandbox.act(buyer, quotes.request_quote, ASKED)
    _, (quote,) = await read(sandbox, outcome.things["quoteRequest"])  # type: ignore[arg-type]
    provider = sandbox.provider(sold.provider_id)
    revised = await ask.mutate(
        provider,
        "reviseQuote",
        "quote { id total { amount } charges { kind amount { amount } } revises { id } }"
        " revised { state revisedBy { id } }",
        quoteId=quote.id,
        adjustment={"amount": "-20.50", "currency": "USD"},
        promisedAt="2026-03-02",
        reason="A later flight is cheaper.",
    )
    assert revised["userErrors"] == []
    assert revised["quote"]["total"] == {"amount": "179.50"}
    assert revised["quote"]["charges"][-1] == {"kind": "REVISION", "amount": {"amount": "-20.50"}}
    assert revised["quote"]["revises"] == {"id": quote.id}
    assert revised["revised"] == {"state": "REVISED", "revisedBy": {"id": revised["quote"]["id"]}}
    again = await ask.mutate(
        provider,
        "reviseQuote",
        "quote { id }",
        quoteId=quote.id,
        adjustment={"amount": "1", "currency": "USD"},
        reason="Once more.",
    )
    assert again["quote"] is None
    assert [reason["reason"] for reason in again["userErrors"][0]["reasons"]] == ["quote_state_allows"]


async def test_a_request_that_cannot_be_names_every_problem_by_its_place(sandbox: Market, ask: Asking) -> None:
    buyer = sandbox.buyer(await sandbox.register_buyer())
    piece = {"count": 1, "weightGrams": 1, "lengthMm": 0, "widthMm": 1, "heightMm": 1}
    refused = await ask.mutate(buyer, "requestQuote", "quoteRequest { id }", **WISH | {"pieces": [piece]})
    assert refused["quoteRequest"] is None
    assert [error["field"] for error in refused["userErrors"]] == [["pieces", "0", "lengthMm"]]
    worth = {"amount": "1.005", "currency": "USD"}
    wish = WISH | {"pieces": [piece | {"value": worth}], "origin": {"country": "CN", "unlocode": "USLAX"}}
    refused = await ask.mutate(buyer, "requestQuote", "quoteRequest { id }", **wish)
    assert sorted(error["field"][0] for error in refused["userErrors"]) == ["origin", "pieces", "pieces"]


async def test_the_record_of_a_provider_prices_its_lateness(sandbox: Market, ask: Asking) -> None:
    """The provider's own counters decide; here they are written as a history would leave them."""
    sold = await sell(sandbox)
    await sandbox.pool.fetch(
        sandbox.tenant_id,
        "INSERT INTO provider_days (tenant_id, provider_id, day, mode, stripe, recorded, tracked, cancelled, lost, "
        "pickups_due, picked_up_late, promised, kept, attempted, late_1, late_2, late_3, late_7, late_14, late_30, "
        "late_more, late_days, delivered) VALUES ($1, $2, $3::date - 3, 'AIR', 0, 100, 100, 0, 0, 0, 0, 100, 80, 0, "
        "20, 0, 0, 0, 0, 0, 0, 20, 100)",
        sandbox.tenant_id,
        sold.provider_id,
        START.date(),
    )
    buyer = sandbox.buyer(await sandbox.register_buyer())
    asked = await ask.mutate(buyer, "requestQuote", f"quoteRequest {{ {QUOTES} }}", **WISH)
    (quote,) = asked["quoteRequest"]["quotes"]["nodes"]
    assert quote["lateness"]["holds"] is True
    lateness = quote["expectedLatenessCost"]["amount"]
    assert quote["totalCost"]["amount"] == f"{200 + float(lateness):.2f}"
    assert float(lateness) > 0
    await sandbox.act(
        sandbox.provider(sold.provider_id),
        quotes.revise_quote,
        ReviseQuote(quote["id"], usd(10_00), None, "Fuel."),
    )
    seen = await ask(
        buyer, "query { quotes(first: 5, filter: { states: [QUOTED] }) { nodes { totalCost { amount } } } }"
    )
    assert seen["quotes"]["nodes"] == [{"totalCost": {"amount": f"{210 + float(lateness):.2f}"}}]
