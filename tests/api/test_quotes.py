"""Quotes through the operations, on a real database: offers, binding prices, and the ends of a quote's life."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from api.operations import capabilities, enrolments, exchange_rates, quotes
from domain.capabilities import RestrictProvider, Scope
from domain.dates import MICROSECOND
from domain.enrolments import OfferGuarantee
from domain.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from domain.exchange_rates import NewRate as NewExchangeRate
from domain.exchange_rates import RecordExchangeRates
from domain.gates import Action
from domain.ids import BuyerId, QuoteId, QuoteRequestId
from domain.lanes import Timing
from domain.modes import DangerousGoodsClass, Incoterm, ServiceMode
from domain.money import Money
from domain.offers import RequestQuote
from domain.places import Area, Spot
from domain.pricing import Piece
from domain.quotes import AcceptQuote, Quote, QuoteRequest, QuoteState, RequestState, ReviseQuote, WithdrawQuote
from domain.rates import Measure, NewRate, NewSurcharge, SurchargeCharge, SurchargeKind
from domain.services import Limits
from storage import quotes as quote_rows
from storage.pool import Pool
from tests.builders import START, Market, usd
from tests.openings import Opening
from tests.selling import per_kilogram, price_list, sell

pytestmark = pytest.mark.usefixtures("emptied")

HERE, THERE = Spot("CN", "CN-SH", "CNSHA"), Spot("US", "US-CA", "USLAX", "90210")
GOODS = (Piece(2, 50_000, 500, 500, 400, usd(5_000_00)),)
"""100 kg of 0.2 cubic metres, worth US$10,000."""
ASKED = RequestQuote(None, GOODS, HERE, THERE, START, None, frozenset(), frozenset(), "USD", include_left_out=True)


@pytest.fixture
async def market(opening: Opening, worker_pool: Pool, app_pool: Pool) -> Market:
    return await Market.opened(opening, worker_pool, app_pool)


async def ask(market: Market, buyer_id: BuyerId, wish: RequestQuote = ASKED) -> tuple[QuoteRequest, list[Quote]]:
    """What the buyer's request came to."""
    outcome = await market.act(market.buyer(buyer_id), quotes.request_quote, wish)
    return await read(market, QuoteRequestId(str(outcome.things["quoteRequest"])))


async def read(market: Market, id: QuoteRequestId) -> tuple[QuoteRequest, list[Quote]]:
    """The request and its quotes as they are now, the best first."""
    async with market.pool.acquire(market.tenant_id) as connection:
        request = await quote_rows.get_request(connection, market.tenant_id, id)
        found = await quote_rows.QUOTES.select(
            connection, market.tenant_id, "t.request_id = $2 ORDER BY t.position, t.id", id
        )
    return request, found


async def read_quote(market: Market, id: QuoteId) -> Quote:
    async with market.pool.acquire(market.tenant_id) as connection:
        return await quote_rows.get(connection, market.tenant_id, id)


def reasons(refusal: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {finding.reason for finding in refusal.value.unmet}


# -- answers -----------------------------------------------------------------------------------------------------------


async def test_offers_are_ranked_by_cost_then_by_promise(market: Market) -> None:
    dear = await sell(market, "3.00")
    slow = await sell(market, "2.00", timing=Timing(9, 12))
    fast = await sell(market, "2.00", timing=Timing(1, 2))
    request, found = await ask(market, await market.register_buyer())
    assert request.state is RequestState.QUOTED
    assert [quote.provider_id for quote in found] == [each.provider_id for each in (fast, slow, dear)]
    assert [quote.total for quote in found] == [usd(200_00), usd(200_00), usd(300_00)]
    assert [quote.position for quote in found] == [1, 2, 3]
    assert request.left_out == ()


async def test_a_quote_includes_what_its_provider_stands_for_where_the_goods_go(market: Market) -> None:
    seller, silent = await sell(market, "2.00"), await sell(market, "3.00")
    everywhere = await market.offer(seller.provider_id)
    elsewhere = OfferGuarantee("guarantees/machinery_after_sales", seller.provider_id, ("NZ",))
    await market.act(market.staff, enrolments.offer_guarantee, elsewhere)
    _, (first, second) = await ask(market, await market.register_buyer())
    assert (first.provider_id, first.included_guarantee_ids) == (seller.provider_id, (everywhere,))
    assert (second.provider_id, second.included_guarantee_ids) == (silent.provider_id, ())


async def test_every_charge_is_a_line_and_the_terms_are_written_into_the_quote(market: Market) -> None:
    fuel = NewSurcharge(SurchargeKind.FUEL, SurchargeCharge.SHARE, basis_points=1550)
    remote = NewSurcharge(
        SurchargeKind.REMOTE_AREA, SurchargeCharge.PER_SHIPMENT, amount=Decimal(25), area_keys=frozenset({"US~902"})
    )
    rates = [per_kilogram("9.99", below=100_000), per_kilogram("1.2345", at_least=100_000)]
    await sell(market, rates=rates, surcharges=[fuel, remote])
    _, (quote,) = await ask(market, await market.register_buyer())
    assert [(charge.kind.value, charge.amount) for charge in quote.charges] == [
        ("FREIGHT", usd(123_45)),
        ("REMOTE_AREA", usd(25_00)),
        ("FUEL", usd(19_13)),
    ]
    assert quote.total == usd(167_58)
    assert quote.charges[0].because.inputs["price"] == "1.2345"
    assert quote.chargeable_grams == 100_000


async def test_what_is_beyond_the_last_bracket_of_one_measure_is_not_taken_by_another(market: Market) -> None:
    """ASKED weighs 100 kg: the zone is priced by weight up to 50 kg and by volume without end."""
    by_weight = per_kilogram("2.00", below=50_000)
    await sell(market, rates=[by_weight, replace(by_weight, measure=Measure.VOLUME, below=None)])
    buyer = await market.register_buyer()
    request, found = await ask(market, buyer)
    assert found == []
    assert [finding.reason for each in request.left_out for finding in each.because] == ["list_has_rate"]
    lighter = replace(ASKED, pieces=(replace(ASKED.pieces[0], weight_grams=40_000, count=1),))
    _, (quote,) = await ask(market, buyer, lighter)
    assert quote.charges[0].because.inputs["measure"] == "WEIGHT"


async def test_another_version_of_the_prices_counts_at_once(market: Market) -> None:
    """Lists are remembered by their sheet, so that a successor's are read although its predecessor's are known."""
    sold, buyer = await sell(market, "2.00"), await market.register_buyer()
    _, (before,) = await ask(market, buyer)
    await price_list(market, sold.service_id, [per_kilogram("3.00")], supersedes_id=sold.rate_sheet_id)
    _, (after,) = await ask(market, buyer)
    assert (before.total, after.total) == (usd(200_00), usd(300_00))


async def test_the_promise_rests_on_calendars_and_cut_offs(market: Market) -> None:
    """START is a Sunday at 17:00 in Shanghai; Monday is worked, two weeks later the Spring Festival closes China."""
    await sell(market, timing=Timing(3, 5, 1, "17:00", "Asia/Shanghai"))
    buyer = await market.register_buyer()
    _, (quote,) = await ask(market, buyer)
    assert quote.departs_by == datetime(2026, 2, 2, 9, tzinfo=UTC)
    assert quote.promised_at == datetime(2026, 2, 10, 5, tzinfo=UTC) - MICROSECOND, "3 + 5 days is a Sunday: Monday"
    later = replace(ASKED, ready_at=datetime(2026, 2, 2, 9, 0, 1, tzinfo=UTC))
    _, (quote,) = await ask(market, buyer, later)
    assert quote.departs_by == datetime(2026, 2, 3, 9, tzinfo=UTC), "a second after the cut-off is the next day"
    _, (quote,) = await ask(market, buyer, replace(ASKED, ready_at=datetime(2026, 2, 13, 10, tzinfo=UTC)))
    assert quote.departs_by == datetime(2026, 2, 14, 9, tzinfo=UTC), "a worked Saturday before the festival"
    assert quote.promise.inputs["leaves"] == "2026-02-24", "a day of handling waits for the festival to end"


async def test_express_stands_for_72_hours_and_freight_for_seven_days(market: Market) -> None:
    await sell(market, "2.00")
    await sell(market, "5.00", mode=ServiceMode.EXPRESS)
    _, (air, express) = await ask(market, await market.register_buyer())
    assert express.expires_at == START + timedelta(hours=72)
    assert air.expires_at == datetime(2026, 2, 9, 5, tzinfo=UTC) - MICROSECOND, "the end of the 7th day in New York"


async def test_who_cannot_offer_says_every_reason(market: Market) -> None:
    goods = (Piece(1, 90_000, 3_000, 500, 400, dangerous_goods=DangerousGoodsClass.CLASS_3),)
    limits = Limits(weight_grams_max=80_000, length_mm_max=2_000)
    tied = await sell(market, limits=limits, incoterms=frozenset({Incoterm.DAP}), markets=frozenset({"CA"}))
    light = await sell(
        market, rates=[per_kilogram("1", below=50_000)], dangerous_goods=frozenset({DangerousGoodsClass.CLASS_3})
    )
    wish = replace(ASKED, pieces=goods, incoterm=Incoterm.FCA)
    request, found = await ask(market, await market.register_buyer(), wish)
    assert request.state is RequestState.REQUESTED
    assert found == []
    told = {each.provider_id: {finding.reason for finding in each.because} for each in request.left_out}
    assert told[tied.provider_id] == {
        "service_serves_incoterm",
        "service_serves_market",
        "piece_within_weight",
        "piece_within_size",
        "service_takes_dangerous_goods",
    }
    assert told[light.provider_id] == {"list_has_rate"}


async def test_who_may_not_sell_makes_no_offer_and_the_reason_is_told_if_asked(market: Market) -> None:
    sold = await sell(market)
    scope = Scope(actions=frozenset({Action.SELL}), markets=frozenset({"US"}))
    await market.act(
        market.staff, capabilities.restrict_provider, RestrictProvider(sold.provider_id, scope, "A bond is missing.")
    )
    buyer = await market.register_buyer()
    request, found = await ask(market, buyer)
    assert found == []
    assert [finding.reason for each in request.left_out for finding in each.because] == ["capability_unrestricted"]
    request, _ = await ask(market, buyer, replace(ASKED, include_left_out=False))
    assert request.left_out == ()


async def test_the_narrowest_lane_speaks_for_its_service_and_wishes_narrow(market: Market) -> None:
    wide = await sell(market, "2.00", origin=Area("CN"), destination=Area("US", postal_prefix="902"))
    await sell(market, "2.00", origin=Area("CN", region="CN-BJ"))
    await sell(market, "2.00", destination=Area("US", postal_prefix="901"))
    truck = await sell(market, "1.00", mode=ServiceMode.TRUCK)
    buyer = await market.register_buyer()
    _, found = await ask(market, buyer)
    assert {quote.provider_id for quote in found} == {wide.provider_id, truck.provider_id}
    _, found = await ask(market, buyer, replace(ASKED, modes=frozenset({ServiceMode.AIR})))
    assert [quote.provider_id for quote in found] == [wide.provider_id]


async def test_offers_in_another_currency_are_compared_by_recorded_rates(market: Market) -> None:
    euro = await sell(market, "1.90", currency="EUR")
    dollar = await sell(market, "2.00")
    buyer = await market.register_buyer()
    _, found = await ask(market, buyer)
    assert [quote.provider_id for quote in found] == [dollar.provider_id, euro.provider_id], "no rate: at the end"
    assert found[1].cost_minor is None
    rate = NewExchangeRate("EUR", "USD", START.date(), Decimal("1.04"))
    await market.act(market.staff, exchange_rates.record_exchange_rates, RecordExchangeRates((rate,), "ECB"))
    _, found = await ask(market, buyer)
    assert [quote.provider_id for quote in found] == [euro.provider_id, dollar.provider_id]
    assert (found[0].total, found[0].cost_minor) == (Money(190_00, "EUR"), 197_60)


async def test_a_provider_without_a_record_has_no_expected_lateness(market: Market) -> None:
    await sell(market)
    _, (quote,) = await ask(market, await market.register_buyer())
    assert quote.lateness_minor is None
    assert (quote.lateness.holds, quote.lateness.reason) == (False, "record_has_enough_cases")


async def test_rates_near_the_weight_are_enough_whatever_the_sheet_divides_by(market: Market) -> None:
    """A long list, of which the statement reads only what can matter."""
    edges = [1_000 * step for step in range(200)]
    rates = [
        per_kilogram(f"{400 - place}.00", at_least=at_least, below=at_least + 1_000, flat=True)
        for place, at_least in enumerate(edges)
    ]
    volumes = [replace(rate, measure=Measure.VOLUME, price=Decimal(0)) for rate in rates]
    last: list[NewRate] = [
        replace(one, at_least=200_000, below=None, price=Decimal(price))
        for one, price in ((rates[0], "7.00"), (volumes[0], "0"))
    ]
    await sell(market, rates=[*rates, *volumes, *last], mode=ServiceMode.EXPRESS)
    _, (quote,) = await ask(market, await market.register_buyer())
    assert quote.total == usd(300_00), "100 kg lie in the bracket from 100 kg, whose flat price is 400 - 100"


# -- bad input ---------------------------------------------------------------------------------------------------------


async def test_a_request_that_is_wrong_names_every_problem(market: Market) -> None:
    bad = Piece(0, 0, 1, 1, 200_000, Money(-1, "EUR"))
    with pytest.raises(Invalid) as no:
        await ask(
            market,
            await market.register_buyer(),
            replace(ASKED, pieces=(bad,), ready_at=START + timedelta(days=181)),
        )
    assert {problem.field for problem in no.value.problems} == {
        ("readyAt",),
        ("pieces", "0", "count"),
        ("pieces", "0", "weightGrams"),
        ("pieces", "0", "heightMm"),
        ("pieces", "0", "value", "currency"),
        ("pieces", "0", "value", "amount"),
    }
    with pytest.raises(Invalid):
        await ask(market, await market.register_buyer(), replace(ASKED, pieces=()))
    with pytest.raises(Invalid):
        await ask(market, await market.register_buyer(), replace(ASKED, pieces=(Piece(100_000, 10**6, 1, 1, 1),)))


async def test_a_buyer_asks_for_itself_and_the_desk_for_a_buyer_it_names(market: Market) -> None:
    buyer, other = await market.register_buyer(), await market.register_buyer()
    with pytest.raises(NotFound):
        await ask(market, buyer, replace(ASKED, buyer_id=other))
    with pytest.raises(Invalid):
        await market.act(market.staff, quotes.request_quote, ASKED)
    with pytest.raises(NotFound):
        await market.act(market.staff, quotes.request_quote, replace(ASKED, buyer_id=BuyerId.mint(1, 1)))
    provider = await market.register_provider()
    with pytest.raises(Forbidden):
        await market.act(market.provider(provider), quotes.request_quote, ASKED)
    outcome = await market.act(market.staff, quotes.request_quote, replace(ASKED, buyer_id=buyer))
    request, _ = await read(market, QuoteRequestId(str(outcome.things["quoteRequest"])))
    assert request.buyer_id == buyer


# -- a quote's life ----------------------------------------------------------------------------------------------------


async def accept(market: Market, buyer_id: BuyerId, quote: Quote, **more: Any) -> None:
    await market.act(market.buyer(buyer_id), quotes.accept_quote, AcceptQuote(quote.id), **more)


async def test_a_new_price_list_changes_no_quote(market: Market) -> None:
    sold = await sell(market, "2.00")
    buyer = await market.register_buyer()
    _, (quote,) = await ask(market, buyer)
    await market.move(START + timedelta(hours=1))
    await price_list(market, sold.service_id, [per_kilogram("9.00")], supersedes_id=sold.rate_sheet_id)
    assert await read_quote(market, quote.id) == quote
    await accept(market, buyer, quote)
    accepted = await read_quote(market, quote.id)
    assert replace(accepted, state=quote.state, accepted_at=None, version=1) == quote
    _, (anew,) = await ask(market, buyer)
    assert anew.total == usd(900_00), "the list is another one"


async def test_a_quote_expires_after_its_last_instant_and_not_at_it(market: Market) -> None:
    await sell(market, "2.00")
    await sell(market, "5.00", mode=ServiceMode.EXPRESS)
    buyer = await market.register_buyer()
    request, (air, express) = await ask(market, buyer, replace(ASKED, ready_at=START + timedelta(days=20)))
    await market.move(express.expires_at)
    await market.move(express.expires_at + MICROSECOND)
    _, (air, express) = await read(market, request.id)
    assert (air.state, express.state) == (QuoteState.QUOTED, QuoteState.EXPIRED)
    with pytest.raises(Refused) as no:
        await accept(market, buyer, express)
    assert reasons(no) == {"quote_state_allows", "quote_stands"}
    await market.move(air.expires_at)
    assert (await read_quote(market, air.id)).state is QuoteState.QUOTED
    await market.move(air.expires_at + timedelta(days=1))
    assert (await read_quote(market, air.id)).state is QuoteState.EXPIRED


async def test_accepting_at_the_last_instant_is_in_time_and_stops_the_clock(market: Market) -> None:
    await sell(market)
    buyer = await market.register_buyer()
    _, (quote,) = await ask(market, buyer, replace(ASKED, ready_at=START + timedelta(days=20)))
    await market.move(quote.expires_at)
    await accept(market, buyer, quote)
    await market.move(quote.expires_at + timedelta(days=1))
    assert (await read_quote(market, quote.id)).state is QuoteState.ACCEPTED


async def test_a_quote_is_not_accepted_once_its_hand_over_has_passed(market: Market) -> None:
    await sell(market)
    buyer = await market.register_buyer()
    _, (quote,) = await ask(market, buyer)
    await market.move(quote.departs_by + MICROSECOND)
    with pytest.raises(Refused) as no:
        await accept(market, buyer, quote)
    assert reasons(no) == {"hand_over_lies_ahead"}


async def test_two_people_accept_at_once_and_it_happens_once(market: Market) -> None:
    await sell(market)
    buyer = await market.register_buyer()
    _, (quote,) = await ask(market, buyer)
    tries = await asyncio.gather(*(accept(market, buyer, quote) for _ in range(4)), return_exceptions=True)
    assert sum(outcome is None for outcome in tries) == 1
    assert all(outcome is None or isinstance(outcome, Refused | Conflict) for outcome in tries)
    assert (await read_quote(market, quote.id)).version == 2


async def test_another_version_than_expected_is_refused(market: Market) -> None:
    await sell(market)
    buyer = await market.register_buyer()
    _, (quote,) = await ask(market, buyer)
    with pytest.raises(Conflict):
        await accept(market, buyer, quote, version=2)


async def test_a_quote_is_accepted_by_its_buyer_only(market: Market) -> None:
    sold = await sell(market)
    _, (quote,) = await ask(market, await market.register_buyer())
    with pytest.raises(NotFound):
        await accept(market, await market.register_buyer(), quote)
    with pytest.raises(Forbidden):
        await market.act(market.provider(sold.provider_id), quotes.accept_quote, AcceptQuote(quote.id))


async def test_a_provider_withdraws_what_nobody_accepted(market: Market) -> None:
    sold, rival = await sell(market), await sell(market, "8.00")
    buyer = await market.register_buyer()
    _, (quote, other) = await ask(market, buyer)
    command = WithdrawQuote(quote.id, "The ship is full.")
    with pytest.raises(NotFound):
        await market.act(market.provider(rival.provider_id), quotes.withdraw_quote, command)
    await market.act(market.provider(sold.provider_id), quotes.withdraw_quote, command)
    withdrawn = await read_quote(market, quote.id)
    assert (withdrawn.state, withdrawn.reason) == (QuoteState.WITHDRAWN, "The ship is full.")
    with pytest.raises(Refused):
        await accept(market, buyer, quote)
    await accept(market, buyer, other)
    with pytest.raises(Refused):
        await market.act(
            market.provider(rival.provider_id), quotes.withdraw_quote, WithdrawQuote(other.id, "Too late.")
        )


async def test_a_revised_quote_stands_in_the_place_of_the_old_one(market: Market) -> None:
    sold = await sell(market)
    buyer = await market.register_buyer()
    request, (quote,) = await ask(market, buyer)
    caller = market.provider(sold.provider_id)
    for adjustment, day in ((usd(0), None), (usd(-200_01), None), (Money(1, "EUR"), None), (usd(1), date(2026, 1, 2))):
        with pytest.raises(Invalid):
            await market.act(caller, quotes.revise_quote, ReviseQuote(quote.id, adjustment, day, "No."))
    command = ReviseQuote(quote.id, usd(-15_00), date(2026, 2, 20), "A later flight.")
    outcome = await market.act(caller, quotes.revise_quote, command)
    _, found = await read(market, request.id)
    new = await read_quote(market, QuoteId(str(outcome.things["quote"])))
    assert {each.id: each.state for each in found} == {quote.id: QuoteState.REVISED, new.id: QuoteState.QUOTED}
    assert (new.total, new.revises_id, new.position) == (usd(185_00), quote.id, 1)
    assert new.promised_at == datetime(2026, 2, 21, 5, tzinfo=UTC) - MICROSECOND
    assert new.charges[-1].amount == usd(-15_00)
    with pytest.raises(Refused):
        await accept(market, buyer, quote)
    await accept(market, buyer, new)
