"""Orders, shipments, tracking and covers through the operations, on a real database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from api.operations import orders, shipments, tracking
from domain.claims import Claim
from domain.coverage import CoverageState
from domain.dates import MICROSECOND
from domain.errors import Conflict, ErrorCode, Forbidden, Invalid, NotFound, Refused
from domain.ids import OrderId, ShipmentId
from domain.orders import (
    Address,
    CancelOrder,
    ChangeAddress,
    CompleteOrder,
    Order,
    OrderState,
    RecordOrder,
    RecordPayment,
    RecordRefund,
)
from domain.shipments import RecordShipment, Shipment, ShipmentMode, UpdateEta
from domain.tracking import NewEvent, RecordTrackingEvents, ShipmentState, TrackingStatus
from storage import claims as claim_rows
from storage import clocks as clock_rows
from storage import coverage as coverage_rows
from storage import exchange_rates as rate_rows
from storage import orders as order_rows
from storage import personal
from storage import shipments as shipment_rows
from storage import tracking as tracking_rows
from storage.pool import Pool
from tests.builders import START, Market, line, usd
from tests.openings import Opening

pytestmark = pytest.mark.usefixtures("emptied")

PROMISE = date(2026, 3, 1)
NEW_YORK_DAY_AFTER = datetime(2026, 3, 2, 5, tzinfo=UTC)
"""When 2 March begins where the test's orders are delivered."""
HOME = Address("Ada Moreau", "1 Pier Road", "New York", "10001", None, "US")


@pytest.fixture
async def market(opening: Opening, worker_pool: Pool, app_pool: Pool) -> Market:
    return await Market.opened(opening, worker_pool, app_pool)


async def read(market: Market, rows: Any, id: str) -> Any:
    """What is stored now."""
    async with market.pool.acquire(market.tenant_id) as connection:
        return await rows.get(connection, market.tenant_id, id)


async def read_order(market: Market, id: OrderId) -> Order:
    order = await read(market, order_rows, id)
    assert isinstance(order, Order)
    return order


async def read_shipment(market: Market, id: ShipmentId) -> Shipment:
    shipment = await read(market, shipment_rows, id)
    assert isinstance(shipment, Shipment)
    return shipment


async def covers(market: Market, id: OrderId) -> list[Any]:
    async with market.pool.acquire(market.tenant_id) as connection:
        return await coverage_rows.by_order(connection, market.tenant_id, id)


async def claims(market: Market, id: OrderId) -> list[Claim]:
    async with market.pool.acquire(market.tenant_id) as connection:
        return await claim_rows.CLAIMS.select(connection, market.tenant_id, "t.order_id = $2", id)


async def duties(market: Market, id: str) -> list[tuple[str, str]]:
    """The clocks of a thing: duty and state."""
    async with market.pool.acquire(market.tenant_id) as connection:
        return [
            (clock.duty.value, clock.state.value)
            for clock in await clock_rows.by_subjects(connection, market.tenant_id, [id])
        ]


async def bought(market: Market, *, level: int = 0, **wishes: Any) -> tuple[OrderId, Any]:
    """An order of US$2,500 promised for 1 March, covered by its provider's on-time guarantee, and that provider."""
    buyer, supplier = await market.register_buyer(level), await market.register_supplier()
    provider = await market.register_provider()
    guarantee = await market.offer(provider)
    lines = wishes.pop("lines", [line(promised_on=PROMISE)])
    return await market.order(buyer, supplier, lines, [guarantee], **wishes), provider


async def test_an_order_is_recorded_with_its_lines_and_its_address_apart(market: Market) -> None:
    id, _ = await bought(market, address=HOME, pay=False, lines=[line(10), line(20, promised_on=PROMISE)])
    order = await read_order(market, id)
    assert order.total == usd(30)
    assert [part.value for part in order.lines] == [usd(10), usd(20)]
    assert order.lines[1].promised_at == NEW_YORK_DAY_AFTER - MICROSECOND
    assert order.address_digest is not None
    assert HOME.street not in order.address_digest
    async with market.pool.acquire(market.tenant_id) as connection:
        kept = await personal.by_owners(connection, market.tenant_id, [id], "delivery_address")
        told = await connection.fetch("SELECT difference::text AS told FROM audit WHERE object_id = $1", id)
    assert kept[id]["street"] == HOME.street
    assert told
    assert not any(HOME.street in row["told"] for row in told)


async def test_a_reference_is_used_once(market: Market) -> None:
    buyer, supplier = await market.register_buyer(), await market.register_supplier()
    command = RecordOrder("4711", buyer, supplier, "US", "USD", (line(),), (), None, None)
    await market.act(market.staff, orders.record_order, command)
    with pytest.raises(Conflict):
        await market.act(market.staff, orders.record_order, command)


async def test_an_order_of_an_unknown_party_or_guarantee_is_refused(market: Market) -> None:
    buyer, supplier = await market.register_buyer(), await market.register_supplier()
    other = await market.register_supplier()
    command = RecordOrder("4711", buyer, supplier, "US", "USD", (line(),), (), None, None)
    with pytest.raises(NotFound):
        await market.act(market.staff, orders.record_order, replace(command, supplier_id=type(supplier).mint(1, 1)))
    foreign = await market.offer(other)
    with pytest.raises(Invalid):
        await market.act(market.staff, orders.record_order, replace(command, guarantee_ids=(foreign,)))
    with pytest.raises(Forbidden):
        await market.act(market.buyer(buyer), orders.record_order, command)


async def test_payment_freezes_a_cover_and_starts_its_clock(market: Market) -> None:
    id, provider = await bought(market)
    (cover,) = await covers(market, id)
    assert (cover.state, cover.provider_id, cover.in_force_at) == (CoverageState.IN_FORCE, provider, START)
    assert cover.promised_at == NEW_YORK_DAY_AFTER - MICROSECOND
    assert cover.rule.version == cover.rule_version_id
    assert await duties(market, cover.id) == [("LATE_DELIVERY", "RUNNING")]
    with pytest.raises(Refused):
        await market.act(market.staff, orders.record_payment, RecordPayment(id, START))


@pytest.mark.parametrize("level", [3, 4])
async def test_a_late_order_of_a_top_buyer_is_made_good_when_the_day_after_begins(market: Market, level: int) -> None:
    """Vector T12, still on the way."""
    id, _ = await bought(market, level=level)
    await market.move(NEW_YORK_DAY_AFTER - MICROSECOND)
    (cover,) = await covers(market, id)
    assert cover.state is CoverageState.IN_FORCE
    await market.move(NEW_YORK_DAY_AFTER + MICROSECOND)
    (cover,) = await covers(market, id)
    assert cover.state is CoverageState.CLAIMED
    (claim,) = await claims(market, id)
    assert (claim.origin.value, claim.amount, claim.opened_at) == ("AUTOMATIC", usd(100_00), NEW_YORK_DAY_AFTER)
    await market.move(NEW_YORK_DAY_AFTER + timedelta(days=40))
    assert [state for _, state in await duties(market, cover.id)] == ["FIRED"]


async def test_other_buyers_have_thirty_days_to_apply(market: Market) -> None:
    id, _ = await bought(market, level=2)
    await market.move(NEW_YORK_DAY_AFTER + MICROSECOND)
    (cover,) = await covers(market, id)
    assert cover.state is CoverageState.IN_FORCE
    assert await duties(market, cover.id) == [("LATE_DELIVERY", "FIRED"), ("CLAIM_WINDOW", "RUNNING")]
    await market.move(cover.closes_at + timedelta(seconds=1))
    (cover,) = await covers(market, id)
    assert (cover.state, cover.ended_at) == (CoverageState.EXPIRED, cover.closes_at + MICROSECOND)


async def test_each_promised_day_is_judged(market: Market) -> None:
    lines = [line(100_00, promised_on=PROMISE), line(200_00, promised_on=PROMISE + timedelta(days=5))]
    id, provider = await bought(market, level=4, lines=lines)
    order = await read_order(market, id)
    first = await market.ship(id, provider, [order.lines[0].id])
    await market.track(first, TrackingStatus.DELIVERED, START)
    await market.move(NEW_YORK_DAY_AFTER + MICROSECOND)
    (cover,) = await covers(market, id)
    assert await duties(market, cover.id) == [("LATE_DELIVERY", "FIRED"), ("LATE_DELIVERY", "RUNNING")]
    await market.move(NEW_YORK_DAY_AFTER + timedelta(days=5, seconds=1))
    (claim,) = await claims(market, id)
    assert (claim.base, claim.amount) == (usd(200_00), usd(20_00))


async def test_a_payment_recorded_after_the_promise_has_passed_is_judged_at_once(market: Market) -> None:
    id, _ = await bought(market, level=4, pay=False, paid_at=START)
    await market.move(NEW_YORK_DAY_AFTER + timedelta(days=2))
    await market.act(market.staff, orders.record_payment, RecordPayment(id, START))
    await market.move(NEW_YORK_DAY_AFTER + timedelta(days=2, seconds=1))
    (cover,) = await covers(market, id)
    assert cover.state is CoverageState.CLAIMED


async def test_goods_in_time_are_not_compensated(market: Market) -> None:
    id, provider = await bought(market, level=4)
    order = await read_order(market, id)
    shipment = await market.ship(id, provider, [order.lines[0].id])
    await market.move(NEW_YORK_DAY_AFTER - MICROSECOND)
    await market.track(shipment, TrackingStatus.DELIVERED, NEW_YORK_DAY_AFTER - MICROSECOND)
    await market.move(NEW_YORK_DAY_AFTER + timedelta(days=1))
    (cover,) = await covers(market, id)
    assert cover.state is CoverageState.IN_FORCE
    assert (await read_order(market, id)).lines[0].delivered_at == NEW_YORK_DAY_AFTER - MICROSECOND


async def test_an_address_changed_after_payment_voids_the_cover_with_the_rule(market: Market) -> None:
    """Vector T13."""
    id, _ = await bought(market, level=4, address=HOME)
    order = await read_order(market, id)
    asking = market.buyer(order.buyer_id)
    await market.act(asking, orders.change_address, ChangeAddress(id, HOME))
    assert (await read_order(market, id)).version == order.version
    await market.act(asking, orders.change_address, ChangeAddress(id, replace(HOME, street="2 Pier Road")))
    (cover,) = await covers(market, id)
    assert (cover.state, cover.void_rule) == (CoverageState.VOIDED, "guarantee.address")
    assert await duties(market, cover.id) == [("LATE_DELIVERY", "CANCELLED")]
    await market.move(NEW_YORK_DAY_AFTER + timedelta(days=1))
    assert await claims(market, id) == []
    async with market.pool.acquire(market.tenant_id) as connection:
        kept = await personal.by_owners(connection, market.tenant_id, [id], "delivery_address")
    assert kept[id]["street"] == "2 Pier Road"


async def test_a_cancelled_order_is_not_covered(market: Market) -> None:
    id, _ = await bought(market)
    await market.act(market.staff, orders.cancel_order, CancelOrder(id))
    (cover,) = await covers(market, id)
    assert (cover.state, cover.void_rule) == (CoverageState.VOIDED, "guarantee.cancelled")
    assert (await read_order(market, id)).state is OrderState.CANCELLED


async def test_refunds_and_completion(market: Market) -> None:
    id, _ = await bought(market)
    await market.act(market.staff, orders.complete_order, CompleteOrder(id))
    await market.act(market.staff, orders.record_refund, RecordRefund(id, usd(2_000_00)))
    with pytest.raises(Refused):
        await market.act(market.staff, orders.record_refund, RecordRefund(id, usd(500_01)))
    order = await read_order(market, id)
    assert (order.state, order.refunded) == (OrderState.COMPLETED, usd(2_000_00))


async def test_an_order_is_found_by_those_it_concerns_and_at_the_version_they_saw(market: Market) -> None:
    id, _ = await bought(market, address=HOME)
    elsewhere = ChangeAddress(id, replace(HOME, city="Boston"))
    stranger = market.buyer(await market.register_buyer())
    with pytest.raises(NotFound):
        await market.act(stranger, orders.change_address, elsewhere)
    with pytest.raises(Conflict) as refusal:
        await market.act(market.staff, orders.change_address, elsewhere, version=1)
    assert refusal.value.code is ErrorCode.STALE_VERSION


async def test_a_shipments_promise_begins_a_pending_cover(market: Market) -> None:
    id, provider = await bought(market, lines=[line(promised_on=None)])
    (cover,) = await covers(market, id)
    assert (cover.state, await duties(market, cover.id)) == (CoverageState.PENDING, [])
    order = await read_order(market, id)
    shipment = await market.ship(id, provider, [order.lines[0].id], promised_on=PROMISE)
    (cover,) = await covers(market, id)
    assert cover.state is CoverageState.IN_FORCE
    assert await duties(market, cover.id) == [("LATE_DELIVERY", "RUNNING")]
    assert (await read_order(market, id)).lines[0].shipment_id == shipment


async def test_estimates_stand_beside_the_promise(market: Market) -> None:
    id, provider = await bought(market)
    order = await read_order(market, id)
    shipment_id = await market.ship(id, provider, [order.lines[0].id], promised_on=PROMISE + timedelta(days=9))
    eta_at = datetime(2026, 3, 7, tzinfo=UTC)
    await market.act(market.provider(provider), shipments.update_eta, UpdateEta(shipment_id, eta_at))
    shipment = await read_shipment(market, shipment_id)
    assert shipment.eta_at == eta_at
    assert shipment.promised_at == NEW_YORK_DAY_AFTER + timedelta(days=9) - timedelta(hours=1) - MICROSECOND
    assert (await read_order(market, id)).lines[0].promised_at == NEW_YORK_DAY_AFTER - MICROSECOND
    async with market.pool.acquire(market.tenant_id) as connection:
        told = await tracking_rows.by_shipments(connection, market.tenant_id, [shipment_id])
    assert [(event.status, event.eta_at) for event in told] == [(TrackingStatus.UNKNOWN, eta_at)]


async def test_reports_count_once_and_reach_the_lines(market: Market) -> None:
    id, provider = await bought(market)
    order = await read_order(market, id)
    shipment_id = await market.ship(id, provider, [order.lines[0].id])
    reports = tuple(
        NewEvent(shipment_id, status, status, None, None, None, None, START - timedelta(hours=hours))
        for status, hours in ((TrackingStatus.DELIVERED, 1), (TrackingStatus.PICKED_UP, 9))
    )
    carrier = market.provider(provider)
    outcome = await market.act(carrier, tracking.record_tracking_events, RecordTrackingEvents(reports))
    assert outcome.facts == {"recorded": 2, "known": 0}
    before = await read_shipment(market, shipment_id)
    outcome = await market.act(carrier, tracking.record_tracking_events, RecordTrackingEvents(reports[::-1]))
    assert outcome.facts == {"recorded": 0, "known": 2}
    after = await read_shipment(market, shipment_id)
    assert before == after
    assert (after.state, after.delivered_at) == (ShipmentState.DELIVERED, START - timedelta(hours=1))
    assert (await read_order(market, id)).lines[0].delivered_at == START - timedelta(hours=1)


async def test_only_who_carries_or_trades_may_report(market: Market) -> None:
    id, provider = await bought(market)
    order = await read_order(market, id)
    shipment_id = await market.ship(id, provider, [order.lines[0].id])
    report = RecordTrackingEvents(
        (NewEvent(shipment_id, "1", TrackingStatus.DELIVERED, None, None, None, None, START),)
    )
    for stranger in (
        market.provider(await market.register_provider()),
        market.supplier(await market.register_supplier()),
    ):
        with pytest.raises(NotFound):
            await market.act(stranger, tracking.record_tracking_events, report)
    with pytest.raises(Forbidden):
        await market.act(market.buyer(order.buyer_id), tracking.record_tracking_events, report)
    await market.act(market.supplier(order.supplier_id), tracking.record_tracking_events, report)


async def test_a_shipment_reference_is_used_once_per_provider(market: Market) -> None:
    id, provider = await bought(market, lines=[line(), line()])
    order = await read_order(market, id)
    wish = RecordShipment(id, provider, "ASN-1", ShipmentMode.OCEAN, (order.lines[0].id,), None, None, None, None)
    await market.act(market.staff, shipments.record_shipment, wish)
    with pytest.raises(Conflict):
        await market.act(market.staff, shipments.record_shipment, replace(wish, line_ids=(order.lines[1].id,)))
    assert (await read_order(market, id)).lines[1].shipment_id is None


async def test_a_missing_rate_is_a_typed_refusal(market: Market) -> None:
    async with market.pool.acquire(market.tenant_id) as connection:
        with pytest.raises(Refused) as refusal:
            await rate_rows.rate(connection, market.tenant_id, "USD", "EUR", PROMISE)
    assert [finding.rule for finding in refusal.value.unmet] == ["exchange_rate.known"]
