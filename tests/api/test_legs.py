"""A shipment's way through the API: legs, pickup, numbers, milestones, divided lines, and who signed at its end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from api.operations import shipments
from domain.access import Caller
from domain.dates import rfc3339
from domain.errors import Refused
from domain.ids import OrderId, ProviderId, ShipmentId
from domain.tracking import ShipmentState, TrackingReason
from storage import orders as order_rows
from storage import shipments as shipment_rows
from storage import tracking as tracking_rows
from storage.pool import Pool
from storage.unit_of_work import Outcome, Work
from tests.builders import START, Market, line, set_clock
from tests.marketplaces import Asking, open_marketplace

pytestmark = pytest.mark.usefixtures("emptied")
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass
class Quay:
    """An order of one line of five pieces, on its way with one provider, and whoever may see it."""

    market: Market
    order_id: OrderId
    shipment_id: ShipmentId
    provider: ProviderId
    callers: dict[str, Caller]


@pytest.fixture
async def quay(worker_pool: Pool) -> Quay:

    place = await open_marketplace(worker_pool)
    await set_clock(worker_pool, place.id, START)
    market = Market(worker_pool, place.id, place.made.admin_key, place.made.operator_id)
    buyer, supplier = await market.register_buyer(), await market.register_supplier()
    provider = await market.register_provider()
    order_id = await market.order(buyer, supplier, [line(100_00), line(50_00)])
    async with market.pool.acquire(market.tenant_id) as connection:
        order = await order_rows.get(connection, market.tenant_id, order_id)
    shipment_id = await market.ship(order_id, provider, [order.lines[0].id], promised_on=START.date() + 40 * DAY)
    callers = {
        "staff": market.staff,
        "buyer": market.buyer(buyer),
        "supplier": market.supplier(supplier),
        "provider": market.provider(provider),
        "stranger": market.provider(await market.register_provider()),
    }
    return Quay(market, order_id, shipment_id, provider, callers)


def way(*, second: ProviderId | None = None) -> list[dict[str, Any]]:
    """Two legs: to the port, and over the sea."""
    carrier = {"carrierName": "Maersk"} if second is None else {"providerId": second}
    return [
        {
            "mode": "TRUCK",
            "carrierName": "A lorry",
            "fromKey": "CN-ZJ",
            "toKey": "CNNGB",
            "plannedDepartureAt": rfc3339(START),
            "plannedArrivalAt": rfc3339(START + DAY),
        },
        {
            "mode": "OCEAN",
            **carrier,
            "fromKey": "CNNGB",
            "toKey": "USLAX",
            "plannedDepartureAt": rfc3339(START + 2 * DAY),
            "plannedArrivalAt": rfc3339(START + 30 * DAY),
            "documentNumber": "MAEU123456789",
            "trackingNumber": "CSQU 305438-4",
        },
    ]


LEGS = "legs(first: 5) { nodes { id number fromKey carrierName provider { id } trackingValid version } }"


async def test_a_way_is_planned_told_of_and_seen(quay: Quay, ask: Asking) -> None:
    carrier, second = quay.callers["provider"], quay.callers["stranger"]
    assert isinstance(second.party_id, ProviderId)
    planned = await ask.mutate(
        carrier,
        "planLegs",
        f"shipment {{ {LEGS} }}",
        shipmentId=quay.shipment_id,
        legs=way(second=second.party_id),
    )
    assert planned["userErrors"] == []
    first, sea = planned["shipment"]["legs"]["nodes"]
    assert (first["number"], first["carrierName"], first["trackingValid"]) == (1, "A lorry", None)
    assert (sea["provider"], sea["trackingValid"]) == ({"id": second.party_id}, False)
    told = await ask.mutate(
        carrier,
        "recordLeg",
        "leg { departedAt estimatedArrivalAt trackingNumber trackingScheme trackingValid }",
        legId=sea["id"],
        departedAt=rfc3339(START),
        estimatedArrivalAt=rfc3339(START + 33 * DAY),
        trackingNumber="CSQU3054383",
    )
    assert told["leg"] == {
        "departedAt": rfc3339(START),
        "estimatedArrivalAt": rfc3339(START + 33 * DAY),
        "trackingNumber": "CSQU3054383",
        "trackingScheme": "ISO_6346",
        "trackingValid": True,
    }
    report = {
        "trackingNumber": "csqu 305438-3",
        "reference": "held",
        "status": "ON_HOLD",
        "reason": "CARRIER_DAMAGED",
        "occurredAt": rfc3339(START),
    }
    assert (await ask.mutate(carrier, "recordTrackingEvents", "recorded", events=[report]))["recorded"] == 1
    text = """query($id: ID!) { shipment(id: $id) { state responsibleParty
      milestones { milestone plannedAt estimatedAt actualAt }
      events(first: 5) { nodes { reference responsibleLeg { number } } } } }"""
    seen = (await ask(quay.callers["buyer"], text, id=quay.shipment_id))["shipment"]
    assert (seen["state"], seen["responsibleParty"]) == ("ON_HOLD", "CARRIER")
    assert seen["events"]["nodes"] == [{"reference": "held", "responsibleLeg": {"number": 2}}]
    milestones = {one.pop("milestone"): one for one in seen["milestones"]}
    assert milestones["DEPARTED"] == {
        "plannedAt": rfc3339(START + 2 * DAY),
        "estimatedAt": None,
        "actualAt": rfc3339(START),
    }
    assert milestones["ARRIVED"]["estimatedAt"] == rfc3339(START + 33 * DAY)
    leg = "query($id: ID!) { leg(id: $id) { number shipment { id } } }"
    own = await ask(second, leg, id=sea["id"])
    assert own["leg"] == {"number": 2, "shipment": None}, "who carries a leg sees it, and not the whole shipment"
    assert (await ask(second, leg, id=first["id"]))["leg"] is None


async def test_only_who_carries_or_trades_plans_a_way(quay: Quay, ask: Asking) -> None:
    wish = {"shipmentId": quay.shipment_id, "legs": way()}
    codes = {
        who: [
            error["code"] for error in (await ask.mutate(caller, "planLegs", "shipment { id }", **wish))["userErrors"]
        ]
        for who, caller in quay.callers.items()
    }
    assert codes == {"staff": [], "buyer": ["FORBIDDEN"], "supplier": [], "provider": [], "stranger": ["NOT_FOUND"]}
    bad = await ask.mutate(
        quay.callers["provider"],
        "planLegs",
        "shipment { id }",
        shipmentId=quay.shipment_id,
        legs=[{**way()[0], "fromKey": "nowhere", "toKey": "US-"}],
    )
    assert [error["field"] for error in bad["userErrors"]] == [["legs", "0", "fromKey"], ["legs", "0", "toKey"]]
    stale = await ask.mutate(quay.callers["provider"], "planLegs", "shipment { id }", **wish, expectedVersion=99)
    assert stale["userErrors"][0]["code"] == "STALE_VERSION"


async def test_a_pickup_is_appointed_and_waited_for(quay: Quay, ask: Asking) -> None:
    until = START + 20 * DAY
    appointed = await ask.mutate(
        quay.callers["supplier"],
        "appointPickup",
        "shipment { pickupFromAt pickupUntilAt }",
        shipmentId=quay.shipment_id,
        fromAt=rfc3339(until - HOUR),
        untilAt=rfc3339(until),
    )
    assert appointed["shipment"] == {"pickupFromAt": rfc3339(until - HOUR), "pickupUntilAt": rfc3339(until)}
    stalled = "query { shipments(first: 5, filter: { isStalled: true }) { nodes { id stalledAt } } }"
    await quay.market.move(START + 25 * DAY)
    assert (await ask(quay.callers["staff"], stalled))["shipments"]["nodes"] == []
    await quay.market.move(START + 29 * DAY)
    (stuck,) = (await ask(quay.callers["staff"], stalled))["shipments"]["nodes"]
    assert stuck["id"] == quay.shipment_id
    assert stuck["stalledAt"] is not None


async def test_who_signed_is_personal_and_proven_once(quay: Quay, ask: Asking, owner: asyncpg.Pool[Any]) -> None:
    carrier = quay.callers["provider"]
    wish = {"shipmentId": quay.shipment_id, "signedBy": "Ada Moreau"}
    early = await ask.mutate(carrier, "proveDelivery", "shipment { id }", **wish)
    assert [finding["rule"] for finding in early["userErrors"][0]["reasons"]] == ["shipment.state"]
    delivered = {"shipmentId": quay.shipment_id, "reference": "1", "status": "DELIVERED", "occurredAt": rfc3339(START)}
    await ask.mutate(carrier, "recordTrackingEvents", "recorded", events=[delivered])
    missing = await ask.mutate(carrier, "proveDelivery", "shipment { id }", **wish, uploadId=f"upl_{'0' * 26}")
    assert [error["code"] for error in missing["userErrors"]] == ["NOT_FOUND"]
    proven = await ask.mutate(carrier, "proveDelivery", "shipment { provenAt availableActions }", **wish)
    assert proven["shipment"]["provenAt"] == rfc3339(START)
    assert "PROVE_DELIVERY" not in proven["shipment"]["availableActions"]
    again = await ask.mutate(carrier, "proveDelivery", "shipment { id }", **wish)
    assert [finding["rule"] for finding in again["userErrors"][0]["reasons"]] == ["shipment.unproven"]
    text = "query($id: ID!) { shipment(id: $id) { signedBy provenAt } }"
    shown = {
        who: (await ask(quay.callers[who], text, id=quay.shipment_id))["shipment"]["signedBy"]
        for who in ("staff", "buyer", "supplier", "provider")
    }
    assert shown == {"staff": "Ada Moreau", "buyer": "Ada Moreau", "supplier": None, "provider": "Ada Moreau"}
    read = await owner.fetchval("SELECT count(*) FROM audit WHERE action = 'readSigner'")
    assert read == 3
    kept = await owner.fetch("SELECT difference::text AS text FROM audit UNION ALL SELECT row::text FROM history")
    assert not any("Moreau" in row["text"] for row in kept)


async def test_pieces_of_a_line_travel_apart(quay: Quay, ask: Asking) -> None:
    staff = quay.callers["staff"]
    order = {
        "reference": "SO-1",
        "country": "US",
        "currency": "USD",
        "lines": [{"description": "Drill", "quantity": 3, "value": "10.00", "promisedAt": "2026-03-01"}],
    }
    async with quay.market.pool.acquire(quay.market.tenant_id) as connection:
        known = await order_rows.get(connection, quay.market.tenant_id, quay.order_id)
    placed = await ask.mutate(
        staff,
        "recordOrder",
        "order { id lines(first: 5) { nodes { id } } }",
        **order,
        buyerId=known.buyer_id,
        supplierId=known.supplier_id,
    )
    (drills,) = placed["order"]["lines"]["nodes"]
    wish = {
        "orderId": placed["order"]["id"],
        "providerId": quay.provider,
        "mode": "AIR",
        "lineIds": [drills["id"]],
    }
    lines = "lines(first: 5) { nodes { quantity value { amount } promisedAt } }"
    sent = await ask.mutate(
        staff,
        "recordShipment",
        f"shipment {{ {lines} order {{ {lines} }} }}",
        **wish,
        reference="A",
        pieces=[{"lineId": drills["id"], "quantity": 2}],
    )
    assert sent["userErrors"] == []
    promise = "2026-03-02T04:59:59.999999Z"
    part = {"quantity": 2, "value": {"amount": "6.67"}, "promisedAt": promise}
    rest = {"quantity": 1, "value": {"amount": "3.33"}, "promisedAt": promise}
    assert sent["shipment"]["lines"]["nodes"] == [part]
    assert sent["shipment"]["order"]["lines"]["nodes"] == [part, rest]
    twice = await ask.mutate(staff, "recordShipment", "shipment { id }", **wish, reference="B")
    assert twice["userErrors"][0]["code"] == "REFUSED"
    odd = await ask.mutate(
        staff, "recordShipment", "shipment { id }", **{**wish, "lineIds": []}, reference="B",
        pieces=[{"lineId": drills["id"], "quantity": 1}],
    )  # fmt: skip
    assert [error["field"] for error in odd["userErrors"]] == [["pieces", "0", "lineId"]]


async def test_estimates_are_all_kept_beside_the_promise(quay: Quay, ask: Asking) -> None:
    carrier = quay.callers["provider"]
    days = (41, 45, 43)
    for day in days:
        await ask.mutate(
            carrier, "updateEta", "shipment { id }", shipmentId=quay.shipment_id, etaAt=rfc3339(START + day * DAY)
        )
        await quay.market.move((await quay.market.now()) + HOUR)
    text = "query($id: ID!) { shipment(id: $id) { promisedAt etaAt estimates { etaAt estimatedAt } } }"
    seen = (await ask(quay.callers["buyer"], text, id=quay.shipment_id))["shipment"]
    assert [one["etaAt"] for one in seen["estimates"]] == [rfc3339(START + day * DAY) for day in days]
    assert seen["etaAt"] == rfc3339(START + 43 * DAY)
    async with quay.market.pool.acquire(quay.market.tenant_id) as connection:
        (shipment,) = await shipment_rows.by_ids(connection, quay.market.tenant_id, [quay.shipment_id])
    assert shipment.promised_at is not None
    assert seen["promisedAt"] == rfc3339(shipment.promised_at)


async def test_a_transport_is_called_off_until_it_moves(quay: Quay, ask: Asking) -> None:
    market = quay.market

    async def call_off(work: Work, id: ShipmentId) -> Outcome:
        await shipments.call_off(work, id)
        return Outcome()

    buyer = quay.callers["buyer"]
    await market.act(buyer, call_off, quay.shipment_id)
    async with market.pool.acquire(market.tenant_id) as connection:
        (shipment,) = await shipment_rows.by_ids(connection, market.tenant_id, [quay.shipment_id])
        (report,) = await tracking_rows.by_shipments(connection, market.tenant_id, [quay.shipment_id])
    assert (shipment.state, report.reason) == (ShipmentState.CANCELLED, TrackingReason.SHIPPER_CANCELLED)
    with pytest.raises(Refused) as refusal:
        await market.act(buyer, call_off, quay.shipment_id)
    assert [finding.rule for finding in refusal.value.unmet] == ["shipment.state"]
