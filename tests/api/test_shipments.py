"""Orders, shipments, covers and rates as clients read and write them, for each kind of viewer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from domain.access import Caller
from domain.dates import MICROSECOND, rfc3339
from domain.ids import OrderId, OrderLineId, ShipmentId
from domain.orders import Address
from domain.tracking import TrackingStatus
from storage.pool import Pool
from tests.builders import START, Market, line
from tests.marketplaces import Asking
from tests.openings import Opening

pytestmark = pytest.mark.usefixtures("emptied")
PROMISE = date(2026, 3, 1)
DAY_AFTER = datetime(2026, 3, 2, 5, tzinfo=UTC)
"""When 2 March begins in New York."""
ADDRESS = Address("Ada Moreau", "1 Pier Road", "New York", "10001", None, "US")
LINES = "lines(first: 10) { nodes { id value { amount currency } promisedAt } }"


@dataclass
class Scene:
    """One order of two lines, one of them on its way, and everybody who may or may not see it."""

    market: Market
    order_id: OrderId
    shipment_id: ShipmentId
    callers: dict[str, Caller]


@pytest.fixture
async def bazaar(opening: Opening, worker_pool: Pool, app_pool: Pool) -> Market:
    return await Market.opened(opening, worker_pool, app_pool)


@pytest.fixture
async def scene(bazaar: Market) -> Scene:
    buyer, supplier = await bazaar.register_buyer(2), await bazaar.register_supplier()
    provider = await bazaar.register_provider()
    guarantee = await bazaar.offer(provider)
    lines = [line(100_00, promised_on=PROMISE), line(50_00)]
    order_id = await bazaar.order(buyer, supplier, lines, [guarantee], address=ADDRESS)
    first = await bazaar.pool.fetchval(
        bazaar.tenant_id, "SELECT id FROM order_lines WHERE order_id = $1 AND position = 1", order_id
    )
    shipment_id = await bazaar.ship(order_id, provider, [OrderLineId(first)], promised_on=PROMISE)
    await bazaar.track(shipment_id, TrackingStatus.IN_TRANSIT, START)
    callers = {
        "staff": bazaar.staff,
        "buyer": bazaar.buyer(buyer),
        "supplier": bazaar.supplier(supplier),
        "provider": bazaar.provider(provider),
        "another buyer": bazaar.buyer(await bazaar.register_buyer()),
        "another supplier": bazaar.supplier(await bazaar.register_supplier()),
        "another provider": bazaar.provider(await bazaar.register_provider()),
    }
    return Scene(bazaar, order_id, shipment_id, callers)


CONCERNED = ("staff", "buyer", "supplier", "provider")


async def test_only_whom_an_order_concerns_sees_anything_of_it(scene: Scene, ask: Asking) -> None:
    text = """query($order: ID!, $shipment: ID!) {
      order(id: $order) { id lines(first: 10) { nodes { position } } coverages(first: 10) { nodes { id } } }
      shipment(id: $shipment) { id events(first: 10) { nodes { status } } }
      orders(first: 10) { totalCount } shipments(first: 10) { totalCount } coverages(first: 10) { totalCount }
    }"""
    seen = {
        who: await ask(caller, text, order=scene.order_id, shipment=scene.shipment_id)
        for who, caller in scene.callers.items()
    }
    for who in CONCERNED:
        assert seen[who]["order"]["id"] == scene.order_id, who
        assert seen[who]["shipment"]["events"]["nodes"] == [{"status": "IN_TRANSIT"}], who
        assert [seen[who][root]["totalCount"] for root in ("orders", "shipments", "coverages")] == [1, 1, 1], who
    for who in scene.callers.keys() - set(CONCERNED):
        assert (seen[who]["order"], seen[who]["shipment"]) == (None, None), who
        assert [seen[who][root]["totalCount"] for root in ("orders", "shipments", "coverages")] == [0, 0, 0], who
    lines = {who: len(seen[who]["order"]["lines"]["nodes"]) for who in CONCERNED}
    assert lines == {"staff": 2, "buyer": 2, "supplier": 2, "provider": 1}, "a provider sees the lines it carries"


async def test_an_address_is_shown_to_few_and_its_reading_is_written_down(
    scene: Scene, ask: Asking, owner: asyncpg.Pool[Any]
) -> None:
    text = "query($id: ID!) { order(id: $id) { address { recipient street city postalCode region country } } }"
    shown = {who: (await ask(scene.callers[who], text, id=scene.order_id))["order"]["address"] for who in CONCERNED}
    address = {
        "recipient": "Ada Moreau",
        "street": "1 Pier Road",
        "city": "New York",
        "postalCode": "10001",
        "region": None,
        "country": "US",
    }
    assert shown == {"staff": address, "buyer": address, "supplier": None, "provider": address}
    read = await owner.fetch(
        "SELECT actor_id FROM audit WHERE action = 'readAddress' AND object_id = $1", scene.order_id
    )
    readers = {scene.callers[who].actor_id for who in ("buyer", "provider")}
    assert {record["actor_id"] for record in read} >= readers
    assert len(read) == 3


async def test_actions_are_listed_for_whoever_may(scene: Scene, ask: Asking) -> None:
    text = """query($order: ID!, $shipment: ID!) {
      order(id: $order) { availableActions blockedActions { action because { rule text } } }
      shipment(id: $shipment) { availableActions }
      coverages(first: 1) { nodes { availableActions blockedActions { action opensAt closesAt because { rule } } } }
    }"""
    seen = {
        who: await ask(scene.callers[who], text, order=scene.order_id, shipment=scene.shipment_id) for who in CONCERNED
    }
    assert seen["staff"]["order"]["availableActions"] == [
        "CHANGE_ADDRESS",
        "CANCEL_ORDER",
        "COMPLETE_ORDER",
        "RECORD_REFUND",
        "RECORD_SHIPMENT",
        "RECORD_CHARGE",
    ]
    assert [blocked["because"][0]["rule"] for blocked in seen["staff"]["order"]["blockedActions"]] == ["order.state"]
    assert seen["buyer"]["order"]["availableActions"] == ["CHANGE_ADDRESS"]
    assert seen["supplier"]["order"]["availableActions"] == ["RECORD_SHIPMENT"]
    assert seen["provider"]["order"]["availableActions"] == []
    assert seen["provider"]["shipment"]["availableActions"] == [
        "UPDATE_ETA",
        "RECORD_TRACKING_EVENTS",
        "RECORD_TRACKING_NUMBER",
        "PLAN_LEGS",
    ]
    assert seen["buyer"]["shipment"]["availableActions"] == []
    (cover,) = seen["buyer"]["coverages"]["nodes"]
    assert cover["availableActions"] == ["CONTACT_PARTY"]
    assert [blocked for blocked in cover["blockedActions"] if blocked["action"] != "DISPUTE_SCAN"] == [
        {
            "action": "OPEN_CLAIM",
            "opensAt": rfc3339(DAY_AFTER),
            "closesAt": rfc3339(datetime(2026, 4, 1, 4, tzinfo=UTC) - MICROSECOND),
            "because": [{"rule": "guarantee.window"}],
        }
    ]
    await scene.market.move(DAY_AFTER)
    late = await ask(scene.callers["buyer"], text, order=scene.order_id, shipment=scene.shipment_id)
    assert late["coverages"]["nodes"][0]["availableActions"] == ["OPEN_CLAIM", "CONTACT_PARTY"]


async def test_a_promise_stands_beside_its_estimate_and_is_broken_by_time(scene: Scene, ask: Asking) -> None:
    text = """query($id: ID!) {
      shipment(id: $id) { state promisedAt etaAt isLate deliveredAt lines(first: 5) { nodes { promisedAt } } } }"""
    carrier = scene.callers["provider"]
    eta = "2026-03-09T12:00:00Z"
    moved = await ask.mutate(
        carrier, "updateEta", "shipment { etaAt promisedAt }", shipmentId=scene.shipment_id, etaAt=eta
    )
    assert moved["userErrors"] == []
    promised = rfc3339(DAY_AFTER - MICROSECOND)
    assert moved["shipment"] == {"etaAt": eta, "promisedAt": promised}
    seen = (await ask(carrier, text, id=scene.shipment_id))["shipment"]
    assert (seen["isLate"], seen["lines"]["nodes"]) == (False, [{"promisedAt": promised}])
    await scene.market.move(DAY_AFTER)
    seen = (await ask(carrier, text, id=scene.shipment_id))["shipment"]
    assert (seen["isLate"], seen["etaAt"], seen["promisedAt"]) == (True, eta, promised)


async def test_a_shipment_is_late_by_the_promise_of_its_lines(sandbox: Market, ask: Asking) -> None:
    provider, supplier = await sandbox.register_provider(), await sandbox.register_supplier()
    order_id = await sandbox.order(await sandbox.register_buyer(), supplier, [line(promised_on=PROMISE)])
    async with sandbox.pool.acquire(sandbox.tenant_id) as connection:
        line_id = await connection.fetchval("SELECT id FROM order_lines WHERE order_id = $1", order_id)
    shipment_id = await sandbox.ship(order_id, provider, [line_id])
    for at, late in ((DAY_AFTER - MICROSECOND, False), (DAY_AFTER, True)):
        await sandbox.move(at)
        asked = """query($id: ID!, $at: DateTime) { shipment(id: $id) { promisedAt isLate }
          shipments(first: 2, filter: { promisedBefore: $at }) { nodes { id } } }"""
        seen = await ask(sandbox.staff, asked, id=shipment_id, at=rfc3339(at))
        assert seen["shipment"] == {"promisedAt": None, "isLate": late}, at
        assert seen["shipments"]["nodes"] == ([{"id": shipment_id}] if late else []), "by the promise of its line"


async def test_reports_through_the_api_count_once(scene: Scene, ask: Asking) -> None:
    shown = "recorded known shipments { state deliveredAt }"
    report = {
        "shipmentId": scene.shipment_id,
        "reference": "scan-1",
        "status": "DELIVERED",
        "occurredAt": rfc3339(START),
    }
    carrier = scene.callers["provider"]
    first = await ask.mutate(carrier, "recordTrackingEvents", shown, events=[report, report])
    again = await ask.mutate(carrier, "recordTrackingEvents", shown, events=[report])
    assert (first["recorded"], first["known"], again["recorded"], again["known"]) == (1, 1, 0, 1)
    assert first["shipments"] == again["shipments"] == [{"state": "DELIVERED", "deliveredAt": rfc3339(START)}]
    other = await ask.mutate(
        carrier, "recordTrackingEvents", shown, events=[{**report, "status": "IN_TRANSIT", "reason": "CUSTOMS_DELAY"}]
    )
    assert [(error["code"], error["field"]) for error in other["userErrors"]] == [
        ("CONFLICT", ["events", "0", "reference"])
    ]


@pytest.mark.parametrize("count", [0, 101])
async def test_a_batch_of_reports_is_bounded(scene: Scene, ask: Asking, count: int) -> None:
    report = {"shipmentId": scene.shipment_id, "status": "IN_TRANSIT", "occurredAt": rfc3339(START)}
    payload = await ask.mutate(
        scene.callers["provider"],
        "recordTrackingEvents",
        "recorded",
        events=[{**report, "reference": str(number)} for number in range(count)],
    )
    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [("INVALID", ["events"])]
    assert payload["recorded"] is None


async def test_an_order_and_its_payment_through_the_api(scene: Scene, ask: Asking) -> None:
    staff = scene.market.staff
    parties = await scene.market.pool.fetchrow(
        scene.market.tenant_id, "SELECT buyer_id, supplier_id, guarantee_ids FROM orders WHERE id = $1", scene.order_id
    )
    assert parties is not None
    wish = {
        "reference": "SO-1",
        "buyerId": parties["buyer_id"],
        "supplierId": parties["supplier_id"],
        "country": "US",
        "currency": "USD",
        "guaranteeIds": list(parties["guarantee_ids"]),
        "lines": [{"description": "Drill", "value": "12.50", "promisedAt": "2026-03-01"}],
        "address": {"recipient": "Ada", "street": "1 Pier Road", "city": "New York", "country": "US"},
    }
    placed = await ask.mutate(staff, "recordOrder", f"order {{ id state total {{ amount }} {LINES} }}", **wish)
    assert placed["userErrors"] == []
    assert (placed["order"]["state"], placed["order"]["total"]) == ("PLACED", {"amount": "12.50"})
    assert placed["order"]["lines"]["nodes"][0]["promisedAt"] == rfc3339(DAY_AFTER - MICROSECOND)
    terms = "terms { shareBp cap { amount currency } applyDays excludes }"
    cover = f"coverages {{ state promise {terms} liableParty {{ ... on Provider {{ id }} }} }}"
    paid = await ask.mutate(
        staff,
        "recordPayment",
        f"order {{ state paidAt }} {cover}",
        orderId=placed["order"]["id"],
        paidAt=rfc3339(START),
    )
    assert paid["order"] == {"state": "PAID", "paidAt": rfc3339(START)}
    (covered,) = paid["coverages"]
    assert (covered["state"], covered["promise"]) == ("IN_FORCE", "ON_TIME")
    assert covered["terms"] == {
        "shareBp": 1000,
        "cap": {"amount": "100.00", "currency": "USD"},
        "applyDays": 30,
        "excludes": ["CANCELLED", "ADDRESS_CHANGED", "ALREADY_CLAIMED", "OUTSIDE_PROGRAMME"],
    }
    assert covered["liableParty"] == {"id": scene.callers["provider"].party_id}
    again = await ask.mutate(staff, "recordOrder", "order { id }", **wish)
    assert (again["order"], [error["code"] for error in again["userErrors"]]) == (None, ["CONFLICT"])


async def test_every_problem_of_a_bad_order_is_told_and_nothing_is_kept(
    scene: Scene, ask: Asking, owner: asyncpg.Pool[Any]
) -> None:
    payload = await ask.mutate(
        scene.market.staff,
        "recordOrder",
        "order { id }",
        reference=" ",
        buyerId="buy_1",
        supplierId=scene.order_id,
        country="US",
        currency="JPY",
        lines=[{"description": "", "value": "1.5"}],
    )
    assert {error["code"] for error in payload["userErrors"]} == {"INVALID"}
    assert [error["field"] for error in payload["userErrors"]] == [
        ["reference"],
        ["buyerId"],
        ["supplierId"],
        ["lines", "0", "description"],
        ["lines", "0", "value"],
    ]
    assert await owner.fetchval("SELECT count(*) FROM orders") == 1


async def test_lists_are_filtered_and_ordered(scene: Scene, ask: Asking) -> None:
    text = """query($orders: OrderFilter, $shipments: ShipmentFilter, $covers: CoverageFilter) {
      orders(first: 5, filter: $orders, orderBy: OLDEST_FIRST) { totalCount }
      shipments(first: 5, filter: $shipments) { totalCount }
      coverages(first: 5, filter: $covers) { totalCount } }"""
    provider = scene.callers["provider"].party_id
    buyer = scene.callers["buyer"].party_id

    async def counts(**filters: Any) -> list[int]:
        data = await ask(scene.callers["staff"], text, **filters)
        return [data[root]["totalCount"] for root in ("orders", "shipments", "coverages")]

    hit = {
        "orders": {"states": ["PAID"], "buyerId": buyer, "placedFrom": rfc3339(START)},
        "shipments": {"states": ["IN_TRANSIT"], "providerId": provider, "promisedBefore": rfc3339(DAY_AFTER)},
        "covers": {"states": ["IN_FORCE"], "promise": "ON_TIME", "liablePartyId": provider, "orderId": scene.order_id},
    }
    miss = {
        "orders": {"placedBefore": rfc3339(START)},
        "shipments": {"promisedBefore": rfc3339(DAY_AFTER - timedelta(days=1))},
        "covers": {"promise": "AFTER_SALES"},
    }
    assert await counts(**hit) == [1, 1, 1]
    assert await counts(**miss) == [0, 0, 0]


async def test_rates_are_recorded_and_read_through_the_api(scene: Scene, ask: Asking) -> None:
    rates = [{"base": "EUR", "quote": "USD", "day": "2026-02-01", "rate": "1.25"}]
    told = await ask.mutate(
        scene.market.staff,
        "recordExchangeRates",
        "known exchangeRates { id base rate day }",
        rates=rates,
        source="a bank",
    )
    assert [(rate["base"], rate["rate"], rate["day"]) for rate in told["exchangeRates"]] == [
        ("EUR", "1.25", "2026-02-01")
    ]
    text = "query($base: CurrencyCode) { exchangeRates(first: 5, filter: { base: $base }) { nodes { quote source } } }"
    seen = await ask(scene.callers["buyer"], text, base="EUR")
    assert seen["exchangeRates"]["nodes"] == [{"quote": "USD", "source": "a bank"}]
    assert (await ask(scene.callers["buyer"], text, base="USD"))["exchangeRates"]["nodes"] == []
