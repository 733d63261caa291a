"""A provider that quotes cannot tell an L2 buyer from an L4 one: no line, total, rank, booking or event says it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from api.operations import bookings, quotes
from domain.access import Caller
from domain.bookings import BookQuote
from domain.ids import QuoteId
from domain.quotes import AcceptQuote, Quote, ReviseQuote
from tests.api.test_quotes import ask as ask_quotes
from tests.api.test_quotes import read_quote
from tests.builders import Market, line, usd
from tests.marketplaces import Asking
from tests.selling import sell

pytestmark = pytest.mark.usefixtures("emptied")

ID = re.compile(r"[a-z]{3}_[0-9a-z]{26}")
"""Ids differ, and nothing else may."""
SEEN = """total { amount } payable { amount } charges { kind amount { amount } because { text } }
  tierBenefits { kind amount { amount } } totalCost { amount } position priceLocked chargeableKilograms
  includedGuarantees { code } promise { text } lateness { text } revises { total { amount } payable { amount } }
  request { weightGrams quotes(first: 5) { totalCount nodes { total { amount } payable { amount } } } }
  booking { total { amount } } state reason version availableActions"""


async def story(market: Market, level: int, provider_caller: Caller, provider_id: Any) -> Quote:
    """A buyer on that level asks, has one quote revised, accepts and books it."""
    buyer = await market.register_buyer(level)
    _, found = await ask_quotes(market, buyer)
    quote = next(quote for quote in found if quote.provider_id == provider_id)
    revised = await market.act(
        provider_caller, quotes.revise_quote, ReviseQuote(quote.id, usd(10_00), None, "A longer way")
    )
    id = QuoteId(str(revised.things["quote"]))
    await market.act(market.buyer(buyer), quotes.accept_quote, AcceptQuote(id))
    order = await market.order(buyer, await market.register_supplier(), [line()])
    async with market.pool.acquire(market.tenant_id) as connection:
        lines = [row["id"] for row in await connection.fetch("SELECT id FROM order_lines WHERE order_id = $1", order)]
    await market.act(market.buyer(buyer), bookings.book_quote, BookQuote(id, order, tuple(lines), f"T{level}"))
    return await read_quote(market, id)


async def test_a_provider_sees_the_same_whatever_the_buyers_level(sandbox: Market, ask: Asking) -> None:
    cheap, dear = await sell(sandbox, "2.00"), await sell(sandbox, "2.04")
    views: dict[int, dict[str, str]] = {}
    for level in (2, 3, 4):
        quote = await story(sandbox, level, sandbox.provider(dear.provider_id), dear.provider_id)
        for name, seller, made in (("dear", dear, 2), ("cheap", cheap, 1)):
            caller = sandbox.provider(seller.provider_id)
            own = f"{{ quotes(first: {made}, orderBy: NEWEST_FIRST) {{ nodes {{ {SEEN} }} }} }}"
            seen = (await ask(caller, own))["quotes"]
            views.setdefault(level, {})[name] = ID.sub("", json.dumps(seen["nodes"])).replace(f"T{level}", "T")
        expected = {2: 0, 3: 200, 4: 400}[level]
        assert quote.total == usd(214_00)
        assert quote.discount == usd(214_00 * expected // 10_000)
    assert views[2]["dear"] == views[3]["dear"] == views[4]["dear"]
    assert views[2]["cheap"] == views[3]["cheap"] == views[4]["cheap"]


async def test_the_buyer_and_staff_see_what_is_taken_off_and_the_provider_does_not(
    sandbox: Market, ask: Asking
) -> None:
    sold = await sell(sandbox, "2.00")
    buyer = await sandbox.register_buyer(4)
    _, (quote,) = await ask_quotes(sandbox, buyer)
    text = """query ($id: ID!) { quote(id: $id) { total { amount } payable { amount }
      tierBenefits { kind amount { amount } because { text } } charges { kind } } }"""
    for caller in (sandbox.buyer(buyer), sandbox.staff):
        shown = (await ask(caller, text, id=quote.id))["quote"]
        assert (shown["total"], shown["payable"]) == ({"amount": "200.00"}, {"amount": "192.00"})
        (benefit,) = shown["tierBenefits"]
        assert (benefit["kind"], benefit["amount"]) == ("TIER_BENEFIT", {"amount": "-8.00"})
        assert "4 % of " in benefit["because"]["text"]
        assert [each["kind"] for each in shown["charges"]] == ["FREIGHT"]
    hidden = (await ask(sandbox.provider(sold.provider_id), text, id=quote.id))["quote"]
    assert (hidden["payable"], hidden["tierBenefits"]) == (None, None)
    async with sandbox.pool.acquire(sandbox.tenant_id) as connection:
        told = await connection.fetch("SELECT facts::text AS facts FROM outbox WHERE name LIKE 'quote%'")
    assert told
    assert not any("192" in row["facts"] or "discount" in row["facts"].lower() for row in told)
