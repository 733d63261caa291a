"""Bookings through the operations, on a real database: from an accepted quote to a shipment, and called off again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from api.operations import bookings, capabilities, quotes, shipments
from domain.bookings import Booking, BookingSide, BookingState, BookQuote, CancelBooking, CancelReason
from domain.capabilities import RestrictProvider, Scope
from domain.dates import MICROSECOND
from domain.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from domain.gates import Action
from domain.ids import BookingId, BuyerId, OrderId, OrderLineId, QuoteId, QuoteRequestId, ShipmentId
from domain.orders import Order
from domain.quotes import AcceptQuote, Quote, QuoteState, ReviseQuote
from domain.shipments import RecordShipment, Shipment, ShipmentMode
from domain.tracking import ShipmentState, TrackingStatus
from storage import bookings as booking_rows
from storage import orders as order_rows
from storage import quotes as quote_rows
from storage import records as record_rows
from storage import shipments as shipment_rows
from storage.idempotency import Key
from storage.pool import Pool
from tests.api.test_quotes import ASKED
from tests.builders import START, Market, line, usd
from tests.openings import Opening
from tests.selling import Sold, sell

pytestmark = pytest.mark.usefixtures("emptied")


@pytest.fixture
async def market(opening: Opening, worker_pool: Pool, app_pool: Pool) -> Market:
    return await Market.opened(opening, worker_pool, app_pool)


@dataclass
class Bought:
    """An order with two lines and an accepted quote for it."""

    sold: Sold
    buyer_id: BuyerId
    order_id: OrderId
    lines: tuple[OrderLineId, ...]
    quote: Quote

    def command(self, *lines: OrderLineId, **more: Any) -> BookQuote:
        return BookQuote(self.quote.id, more.get("order_id", self.order_id), lines or self.lines, more.get("reference"))


@pytest.fixture
async def bought(market: Market) -> Bought:
    sold = await sell(market)
    buyer = await market.register_buyer()
    order = await market.order(buyer, await market.register_supplier(), [line(), line()])
    quote = await accepted(market, buyer)
    return Bought(sold, buyer, order, tuple(each.id for each in (await read_order(market, order)).lines), quote)


async def quoted(market: Market, buyer_id: BuyerId) -> Quote:
    outcome = await market.act(market.buyer(buyer_id), quotes.request_quote, ASKED)
    async with market.pool.acquire(market.tenant_id) as connection:
        (found,) = await quote_rows.QUOTES.select(
            connection, market.tenant_id, "t.request_id = $2", QuoteRequestId(str(outcome.things["quoteRequest"]))
        )
    return found


async def accepted(market: Market, buyer_id: BuyerId) -> Quote:
    quote = await quoted(market, buyer_id)
    await market.act(market.buyer(buyer_id), quotes.accept_quote, AcceptQuote(quote.id))
    taken = await read(market, quote_rows, quote.id)
    assert isinstance(taken, Quote)
    return taken


async def read(market: Market, rows: Any, id: str) -> Any:
    async with market.pool.acquire(market.tenant_id) as connection:
        return await rows.get(connection, market.tenant_id, id)


async def read_order(market: Market, id: OrderId) -> Order:
    order = await read(market, order_rows, id)
    assert isinstance(order, Order)
    return order


async def book(market: Market, bought: Bought, **more: Any) -> tuple[Booking, Shipment]:
    outcome = await market.act(market.buyer(bought.buyer_id), bookings.book_quote, bought.command(**more))
    booking = await read(market, booking_rows, BookingId(str(outcome.things["booking"])))
    return booking, await read(market, shipment_rows, ShipmentId(str(outcome.things["shipment"])))


def reasons(refusal: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {finding.reason for finding in refusal.value.unmet}


# -- booking -----------------------------------------------------------------------------------------------------------


async def test_an_accepted_quote_becomes_a_shipment_for_its_price_and_by_its_day(
    market: Market, bought: Bought
) -> None:
    booking, shipment = await book(market, bought)
    quote = bought.quote
    assert (booking.total, booking.promised_at, booking.state) == (quote.total, quote.promised_at, BookingState.BOOKED)
    assert (shipment.freight, shipment.promised_at) == (quote.total, quote.promised_at)
    assert (shipment.mode, shipment.weight_grams, shipment.reference) == (ShipmentMode.AIR, 100_000, booking.id)
    assert shipment.provider_id == bought.sold.provider_id
    order = await read_order(market, bought.order_id)
    assert [(each.shipment_id, each.promised_at) for each in order.lines] == [(shipment.id, quote.promised_at)] * 2
    assert (await read(market, quote_rows, quote.id)).state is QuoteState.BOOKED


async def test_a_quote_is_booked_once_whoever_is_first(market: Market, bought: Bought) -> None:
    command = bought.command(bought.lines[0])
    tries = await asyncio.gather(
        *(market.act(market.buyer(bought.buyer_id), bookings.book_quote, command) for _ in range(4)),
        return_exceptions=True,
    )
    assert sum(not isinstance(outcome, BaseException) for outcome in tries) == 1
    assert all(not isinstance(outcome, BaseException) or isinstance(outcome, Refused | Conflict) for outcome in tries)
    assert len(await all_shipments(market, bought.order_id)) == 1


async def all_shipments(market: Market, order_id: OrderId) -> list[Shipment]:
    async with market.pool.acquire(market.tenant_id) as connection:
        return await shipment_rows.by_orders(connection, market.tenant_id, [order_id])


async def test_the_same_key_books_once_and_tells_the_same(market: Market, bought: Bought) -> None:
    caller, key = market.buyer(bought.buyer_id), Key("book-1", b"the same input")
    first = await market.act(caller, bookings.book_quote, bought.command(), key=key)
    again = await market.act(caller, bookings.book_quote, bought.command(), key=key)
    assert first.things == again.things
    assert len(await all_shipments(market, bought.order_id)) == 1


async def test_what_was_not_accepted_is_not_booked(market: Market, bought: Bought) -> None:
    bought.quote = await quoted(market, bought.buyer_id)
    with pytest.raises(Refused) as no:
        await book(market, bought)
    assert reasons(no) == {"quote_state_allows"}


async def test_nothing_is_booked_once_the_hand_over_has_passed(market: Market, bought: Bought) -> None:
    await market.move(bought.quote.departs_by)
    await market.move(bought.quote.departs_by + MICROSECOND)
    with pytest.raises(Refused) as no:
        await book(market, bought)
    assert reasons(no) == {"hand_over_lies_ahead"}


async def test_a_provider_restricted_since_takes_no_booking(market: Market, bought: Bought) -> None:
    scope = Scope(actions=frozenset({Action.BOOK}), lane_ids=frozenset({bought.sold.lane_id}))
    command = RestrictProvider(bought.sold.provider_id, scope, "The bond lapsed.")
    await market.act(market.staff, capabilities.restrict_provider, command)
    with pytest.raises(Refused) as no:
        await book(market, bought)
    assert reasons(no) == {"capability_unrestricted"}
    assert (await read(market, quote_rows, bought.quote.id)).state is QuoteState.ACCEPTED


async def test_orders_of_others_and_lines_that_left_are_refused(market: Market, bought: Bought) -> None:
    other = await market.register_buyer()
    strange = await market.order(other, await market.register_supplier(), [line()])
    with pytest.raises(NotFound):
        await book(market, bought, order_id=strange)
    with pytest.raises(Refused) as no:
        await market.act(market.staff, bookings.book_quote, bought.command(order_id=strange))
    assert reasons(no) == {"quote_of_same_buyer"}
    with pytest.raises(NotFound):
        await market.act(market.buyer(other), bookings.book_quote, bought.command(order_id=strange))
    with pytest.raises(Forbidden):
        await market.act(market.provider(bought.sold.provider_id), bookings.book_quote, bought.command())
    await market.ship(bought.order_id, bought.sold.provider_id, [bought.lines[0]])
    with pytest.raises(Refused) as no:
        await book(market, bought)
    assert reasons(no) == {"line_not_shipped_before"}
    with pytest.raises(Invalid):
        await market.act(
            market.buyer(bought.buyer_id), bookings.book_quote, BookQuote(bought.quote.id, bought.order_id, (), None)
        )


async def test_a_reference_is_used_once_per_provider(market: Market, bought: Bought) -> None:
    record = RecordShipment(
        order_id=bought.order_id,
        provider_id=bought.sold.provider_id,
        reference="MAWB 1",
        mode=ShipmentMode.AIR,
        line_ids=(bought.lines[0],),
        promised_on=None,
        eta_at=None,
        weight_grams=None,
        freight=None,
    )
    await market.act(market.staff, shipments.record_shipment, record)
    bought.lines = bought.lines[1:]
    with pytest.raises(Conflict):
        await book(market, bought, reference="MAWB 1")
    booking, _ = await book(market, bought, reference="MAWB 2")
    assert booking.reference == "MAWB 2"


async def test_what_was_quoted_low_and_revised_up_is_remembered(market: Market, bought: Bought) -> None:
    quote = await quoted(market, bought.buyer_id)
    caller = market.provider(bought.sold.provider_id)
    outcome = await market.act(caller, quotes.revise_quote, ReviseQuote(quote.id, usd(60_00), None, "Fuel."))
    id = QuoteId(str(outcome.things["quote"]))
    await market.act(market.buyer(bought.buyer_id), quotes.accept_quote, AcceptQuote(id))
    bought.quote = await read(market, quote_rows, id)
    booking, _ = await book(market, bought)
    row = await market.pool.fetchrow(
        market.tenant_id,
        "SELECT quoted_minor, charged_minor FROM charge_checks WHERE reference = $1",
        booking.reference,
    )
    assert row is not None
    assert tuple(row) == (200_00, 260_00)


# -- calling off -------------------------------------------------------------------------------------------------------


async def cancel(market: Market, caller: Any, booking: Booking, **more: Any) -> Booking:
    command = CancelBooking(booking.id, CancelReason.NO_CAPACITY, "The flight is full.")
    await market.act(caller, bookings.cancel_booking, command, **more)
    cancelled = await read(market, booking_rows, booking.id)
    assert isinstance(cancelled, Booking)
    return cancelled


async def test_a_called_off_booking_frees_its_lines(market: Market, bought: Bought) -> None:
    booking, shipment = await book(market, bought)
    cancelled = await cancel(market, market.buyer(bought.buyer_id), booking)
    assert (cancelled.state, cancelled.cancelled_by) == (BookingState.CANCELLED, BookingSide.BUYER)
    assert (await read(market, shipment_rows, shipment.id)).state is ShipmentState.CANCELLED
    order = await read_order(market, bought.order_id)
    assert [each.shipment_id for each in order.lines] == [None, None]
    assert order.lines[0].promised_at == bought.quote.promised_at, "a promise, once given, stays"
    bought.quote = await accepted(market, bought.buyer_id)
    _, anew = await book(market, bought)
    assert [each.shipment_id for each in (await read_order(market, bought.order_id)).lines] == [anew.id] * 2


async def test_only_the_provider_s_own_doing_counts_in_its_record(market: Market, bought: Bought) -> None:
    async def called_off() -> int:
        async with market.pool.acquire(market.tenant_id) as connection:
            await connection.fetchval("SELECT 1")
            found = await connection.fetchval(
                "SELECT coalesce(sum(cancelled), 0) FROM provider_days WHERE provider_id = $1", bought.sold.provider_id
            )
            assert await record_rows.faults(connection, market.tenant_id) == []
        return int(found)

    booking, _ = await book(market, bought)
    await cancel(market, market.buyer(bought.buyer_id), booking)
    assert await called_off() == 0
    bought.quote = await accepted(market, bought.buyer_id)
    booking, _ = await book(market, bought)
    cancelled = await cancel(market, market.provider(bought.sold.provider_id), booking)
    assert cancelled.cancelled_by is BookingSide.PROVIDER
    assert await called_off() == 1


async def test_what_was_picked_up_or_called_off_is_not_called_off(market: Market, bought: Bought) -> None:
    booking, shipment = await book(market, bought)
    with pytest.raises(NotFound):
        await cancel(market, market.buyer(await market.register_buyer()), booking)
    with pytest.raises(Conflict):
        await cancel(market, market.staff, booking, version=7)
    await market.track(shipment.id, TrackingStatus.PICKED_UP, START - timedelta(minutes=1))
    with pytest.raises(Refused) as no:
        await cancel(market, market.staff, booking)
    assert reasons(no) == {"goods_not_picked_up"}


async def test_two_call_it_off_at_once_and_it_happens_once(market: Market, bought: Bought) -> None:
    booking, _ = await book(market, bought)
    sides = (market.buyer(bought.buyer_id), market.provider(bought.sold.provider_id))
    tries = await asyncio.gather(*(cancel(market, side, booking) for side in sides), return_exceptions=True)
    assert sum(isinstance(outcome, Booking) for outcome in tries) == 1
    assert sum(isinstance(outcome, Refused) for outcome in tries) == 1
    assert (await read(market, booking_rows, booking.id)).version == 2
