"""Carriers' reports by HTTP and in bulk: each stands for itself, nothing is lost, their order is nothing."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from api.intake.tracking import BODY_BYTES_MAX, PATH
from api.operations import shipments, tracking
from domain.access import Role, Scope
from domain.clocks import ClockState, Duty
from domain.dates import rfc3339
from domain.ids import ProviderId, ShipmentId
from domain.reports import RecordTrackingBatch
from domain.shipments import RecordShipment, RecordTrackingNumber, Shipment, ShipmentMode
from domain.tracking import NewEvent, ResponsibleParty, ShipmentState, TrackingStatus
from storage import clocks as clock_rows
from storage import orders as order_rows
from storage import shipments as shipment_rows
from storage import tracking as tracking_rows
from storage.pool import Pool
from tests.builders import START, Market, line, set_clock
from tests.marketplaces import Asking, Marketplace, Member, open_marketplace
from tests.serving import Reply, Served

pytestmark = pytest.mark.usefixtures("emptied")
HOUR = timedelta(hours=1)


class Dock:
    """A marketplace whose clock stands at START, one provider with a key, and shipments by their references."""

    def __init__(self, market: Market, place: Marketplace, carrier: Member, served: Served) -> None:
        self.market, self.place, self.carrier, self.served = market, place, carrier, served
        assert isinstance(carrier.party_id, ProviderId)
        self.provider = carrier.party_id

    async def ship(self, reference: str, provider: ProviderId | None = None, **more: Any) -> ShipmentId:
        """A shipment of a new order's only line."""
        market = self.market
        order_id = await market.order(await market.register_buyer(), await market.register_supplier(), [line()])
        async with market.pool.acquire(market.tenant_id) as connection:
            order = await order_rows.get(connection, market.tenant_id, order_id)
        wish = RecordShipment(
            order_id,
            provider or self.provider,
            reference,
            ShipmentMode.EXPRESS,
            (order.lines[0].id,),
            START.date() + timedelta(days=10),
            None,
            None,
            None,
            **more,
        )
        outcome = await market.act(market.staff, shipments.record_shipment, wish)
        return ShipmentId(str(outcome.things["shipment"]))

    async def read(self, id: ShipmentId) -> Shipment:
        market = self.market
        async with market.pool.acquire(market.tenant_id) as connection:
            (found,) = await shipment_rows.by_ids(connection, market.tenant_id, [id])
        return found

    async def told(self, id: ShipmentId) -> list[Any]:
        market = self.market
        async with market.pool.acquire(market.tenant_id) as connection:
            return await tracking_rows.by_shipments(connection, market.tenant_id, [id])

    async def clocks(self, id: ShipmentId) -> dict[Duty, list[ClockState]]:
        market = self.market
        found: dict[Duty, list[ClockState]] = {}
        async with market.pool.acquire(market.tenant_id) as connection:
            for clock in await clock_rows.by_subjects(connection, market.tenant_id, [id]):
                if clock.duty in tracking.DUTIES:
                    found.setdefault(clock.duty, []).append(clock.state)
        return found

    async def post(self, *reports: Any, token: str | None = None, lines: bool = False) -> Reply:
        """The reply to those reports."""
        content = b"\n".join(json.dumps(one).encode() for one in reports) if lines else json.dumps(reports).encode()
        headers = {
            "authorization": f"Bearer {token or self.carrier.key}",
            "content-type": "application/x-ndjson" if lines else "application/json",
        }
        return await self.served.send(content, path=PATH, headers=headers)

    async def receptions(self, *reports: Any, lines: bool = False) -> list[dict[str, Any]]:
        """What became of each report."""
        reply = await self.post(*reports, lines=lines)
        assert reply.status == 200, reply.content
        found: list[dict[str, Any]] = reply.json["receptions"]
        return found


def scan(shipment: str, status: str | None, hours: int, **more: Any) -> dict[str, Any]:
    """A report of that shipment of the provider, so many hours after START."""
    return {
        "reference": f"{status}-{hours}",
        "shipmentReference": shipment,
        "status": status,
        "occurredAt": rfc3339(START + hours * HOUR),
        **more,
    }


@pytest.fixture
async def dock(worker_pool: Pool, served: Served) -> Dock:
    place = await open_marketplace(worker_pool)
    market = Market(worker_pool, place.id, place.made.admin_key, place.made.operator_id)
    await set_clock(worker_pool, place.id, START)
    carrier = await place.add("Blue Anchor", Role.PROVIDER)
    return Dock(market, place, carrier, served)


def outcomes(receptions: Sequence[Mapping[str, Any]]) -> list[str]:
    return [one["reception"] for one in receptions]


async def test_reports_by_http_are_kept_once_and_move_the_shipment(dock: Dock) -> None:
    id = await dock.ship("ASN-1", tracking_number="RA 473 124 829 US")
    shipment = await dock.read(id)
    assert (shipment.tracking_number, shipment.tracking_valid) == ("RA473124829US", True)
    reports = [
        scan("ASN-1", "PICKED_UP", -5),
        {**scan("", "IN_TRANSIT", -4), "shipmentReference": None, "shipmentId": id},
        {**scan("", "OUT_FOR_DELIVERY", -3), "shipmentReference": None, "trackingNumber": "ra473124829us"},
        scan("ASN-1", "DELIVERED", -2),
    ]
    first = await dock.receptions(*reports, lines=True)
    assert outcomes(first) == ["ACCEPTED"] * 4
    assert {one["shipmentId"] for one in first} == {id}
    again = await dock.post(*reports)
    assert again.json["counts"] == {"DUPLICATE": 4}
    after = await dock.read(id)
    assert (after.state, after.delivered_at) == (ShipmentState.DELIVERED, START - 2 * HOUR)
    assert after.moved_at == START - 2 * HOUR
    assert len(await dock.told(id)) == 4
    assert await dock.clocks(id) == {Duty.NO_MOVEMENT: [ClockState.DONE], Duty.PRESUME_LOST: [ClockState.DONE]}


async def test_each_report_stands_for_itself(dock: Dock) -> None:
    id = await dock.ship("ASN-1")
    stranger = await dock.place.add("Somebody else", Role.PROVIDER)
    assert isinstance(stranger.party_id, ProviderId)
    foreign = await dock.ship("ASN-9", stranger.party_id)
    receptions = await dock.receptions(
        scan("ASN-1", "PICKED_UP", -5),
        scan("ASN-1", "PICKED_UP", -5),
        {**scan("ASN-1", "PICKED_UP", -5), "place": "Oakland"},
        {**scan("", "PICKED_UP", -5), "shipmentReference": None, "shipmentId": foreign},
        {**scan("", "PICKED_UP", -5), "shipmentReference": None, "shipmentId": ShipmentId.mint(1, 1)},
        scan("ASN-9", "DELIVERED", -5, providerId=stranger.party_id),
        scan("ASN-1", "NOWHERE", -5),
        {"reference": "bare", "shipmentReference": "ASN-1"},
        "no report",
        scan("ASN-1", "IN_TRANSIT", -4, weight=3),
        {**scan("ASN-1", "IN_TRANSIT", -4), "code": "PU", "carrier": "ups"},
        scan("ASN-1", "IN_TRANSIT", -4, note="\0"),
        scan("ASN-1", "IN_TRANSIT", -3),
    )
    assert [one["index"] for one in receptions] == list(range(13))
    assert [(one["reception"], one["code"]) for one in receptions] == [
        ("ACCEPTED", None),
        ("DUPLICATE", None),
        ("REFUSED", "REFERENCE_REUSED"),
        ("REFUSED", "NO_SUCH_SHIPMENT"),
        ("REFUSED", "NO_SUCH_SHIPMENT"),
        ("REFUSED", "NO_SUCH_SHIPMENT"),
        ("REFUSED", "INVALID"),
        ("REFUSED", "INVALID"),
        ("REFUSED", "INVALID"),
        ("REFUSED", "INVALID"),
        ("REFUSED", "INVALID"),
        ("REFUSED", "INVALID"),
        ("ACCEPTED", None),
    ]
    hidden, missing = receptions[3], receptions[4]
    assert hidden["message"].replace(foreign, "x") == missing["message"].replace(ShipmentId.mint(1, 1), "x")
    assert (await dock.read(id)).state is ShipmentState.IN_TRANSIT
    assert (await dock.read(foreign)).state is ShipmentState.BOOKED
    assert await dock.told(foreign) == []


async def test_odd_reports_are_kept_and_move_nothing(dock: Dock) -> None:
    id = await dock.ship("ASN-1")

    def coded(code: str, hours: int, carrier: str = "dhl_express") -> dict[str, Any]:
        return scan("ASN-1", None, hours, carrier=carrier, code=code, reference=f"{carrier}-{code}-{hours}")

    receptions = await dock.receptions(
        coded("pu", -9),
        coded("QQ", -8),
        coded("PU", -7, "nobody_knows"),
        scan("ASN-1", "DELIVERED", 5),
        scan("ASN-1", "DELIVERED", -24 * 60),
    )
    assert [(one["reception"], one["flags"]) for one in receptions] == [
        ("ACCEPTED", []),
        ("FLAGGED", ["UNKNOWN_CODE"]),
        ("FLAGGED", ["UNKNOWN_CODE"]),
        ("FLAGGED", ["CLOCK_AHEAD"]),
        ("FLAGGED", ["CLOCK_BEHIND"]),
    ]
    shipment = await dock.read(id)
    assert (shipment.state, shipment.moved_at) == (ShipmentState.PICKED_UP, START - 9 * HOUR)
    kept = {event.code for event in await dock.told(id)}
    assert kept == {"pu", "QQ", "PU", None}
    assert outcomes(await dock.receptions(coded("QQ", -8), scan("ASN-1", "DELIVERED", 5))) == ["DUPLICATE"] * 2


async def test_the_order_of_arrival_is_nothing(dock: Dock) -> None:
    """Through the database: the same reports, shuffled, doubled and cut into batches, by two senders at once."""
    chance = random.Random(7)  # noqa: S311 - the same shuffles each time
    story = [
        ("PICKED_UP", -50, {}),
        ("IN_TRANSIT", -40, {"etaAt": rfc3339(START + 9 * HOUR)}),
        ("ON_HOLD", -35, {"reason": "CUSTOMS_DOCUMENTS"}),
        ("IN_TRANSIT", -30, {"etaAt": rfc3339(START + 12 * HOUR)}),
        ("DELIVERY_FAILED", -20, {"reason": "CONSIGNEE_NOT_HOME"}),
        ("DELIVERY_FAILED", -12, {"reason": "CARRIER_LOST"}),
        ("RETURN_TO_SENDER", -10, {}),
        ("IN_TRANSIT", -8, {}),
        ("DELIVERED", -2, {}),
        ("IN_TRANSIT", -1, {"etaAt": rfc3339(START + 99 * HOUR)}),
    ]
    ends = set()
    for number in range(6):
        id = await dock.ship(f"ASN-{number}")
        reports = [scan(f"ASN-{number}", status, hours, **more) for status, hours, more in story]
        reports += chance.sample(reports, 4)
        chance.shuffle(reports)
        for pair in _batched(_batched(reports, 4), 2):
            await asyncio.gather(*(dock.receptions(*batch) for batch in pair))
        after = await dock.read(id)
        assert len(await dock.told(id)) == len(story)
        ends.add(
            (after.state, after.eta_at, after.picked_up_at, after.attempted_at, after.delivered_at, after.moved_at)
        )
    at = START - 2 * HOUR
    assert ends == {(ShipmentState.DELIVERED, START + 12 * HOUR, START - 50 * HOUR, START - 20 * HOUR, at, at)}


def _batched(things: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [things[start : start + size] for start in range(0, len(things), size)]


async def test_reports_wait_for_their_shipment(dock: Dock, owner: asyncpg.Pool[Any]) -> None:
    early = [scan("ASN-7", "PICKED_UP", -5), scan("ASN-7", "IN_TRANSIT", -4)]
    number = {**scan("", "OUT_FOR_DELIVERY", -3), "shipmentReference": None, "trackingNumber": "CSQU3054383"}
    assert outcomes(await dock.receptions(*early, number)) == ["WAITING"] * 3
    assert outcomes(await dock.receptions(*early, number)) == ["DUPLICATE"] * 3
    id = await dock.ship("ASN-7")
    shipment = await dock.read(id)
    assert (shipment.state, shipment.picked_up_at) == (ShipmentState.IN_TRANSIT, START - 5 * HOUR)
    assert outcomes(await dock.receptions(*early)) == ["DUPLICATE"] * 2
    name = RecordTrackingNumber(id, "CSQU 305438-3")
    await dock.market.act(dock.carrier.caller, shipments.record_tracking_number, name)
    assert (await dock.read(id)).state is ShipmentState.OUT_FOR_DELIVERY
    assert await owner.fetchval("SELECT count(*) FROM waiting_events") == 0


async def test_what_waits_is_seen_by_its_provider_and_bounded_in_number(
    dock: Dock, ask: Asking, owner: asyncpg.Pool[Any]
) -> None:
    assert outcomes(await dock.receptions(scan("ASN-7", "PICKED_UP", -5))) == ["WAITING"]
    text = "query { waitingReports(first: 2) { nodes { shipmentReference reference provider { id } expiresAt } } }"
    own = {
        "shipmentReference": "ASN-7",
        "reference": "PICKED_UP--5",
        "provider": {"id": dock.provider},
        "expiresAt": rfc3339(START + timedelta(days=30)),
    }
    stranger = await dock.place.add("Somebody else", Role.PROVIDER)
    assert (await ask(dock.carrier.caller, text))["waitingReports"]["nodes"] == [own]
    assert (await ask(stranger.caller, text))["waitingReports"]["nodes"] == []
    await owner.execute(
        "INSERT INTO waiting_events (tenant_id, id, provider_id, shipment_reference, reference, report, received_at, "
        "expires_at) SELECT tenant_id, 'wev_' || lpad(n::text, 26, '0'), provider_id, 'X-' || n, 'x', '{}', "
        "received_at, expires_at FROM waiting_events, generate_series(1, 9998) n"
    )
    receptions = await dock.receptions(*(scan(f"ASN-{number}", "PICKED_UP", -4) for number in range(3)))
    assert [(one["reception"], one["code"]) for one in receptions] == [
        ("WAITING", None),
        ("REFUSED", "WAITING_ROOM_FULL"),
        ("REFUSED", "WAITING_ROOM_FULL"),
    ]


async def test_a_number_finds_the_shipment_that_is_under_way(dock: Dock) -> None:
    first = await dock.ship("ASN-1", tracking_number="CSQU3054383")
    report = {**scan("", "PICKED_UP", -9), "shipmentReference": None, "trackingNumber": "CSQU 305438 3"}
    assert (await dock.receptions(report))[0]["shipmentId"] == first
    second = await dock.ship("ASN-2", tracking_number="CSQU3054383")
    (reception,) = await dock.receptions({**report, "reference": "2"})
    assert (reception["reception"], reception["code"]) == ("REFUSED", "AMBIGUOUS_NUMBER")
    await dock.receptions(scan("ASN-1", "DELIVERED", -2))
    (reception,) = await dock.receptions({**report, "reference": "2"})
    assert (reception["reception"], reception["shipmentId"]) == ("ACCEPTED", second)
    staff = dock.place.staff(Role.SUPPORT)
    told = NewEvent(None, "3", TrackingStatus.IN_TRANSIT, None, None, None, None, START, shipment_reference="ASN-2")
    batch = RecordTrackingBatch((told, replace(told, provider_id=dock.provider)))
    outcome = await dock.market.act(staff, tracking.record_tracking_batch, batch)
    assert [one["reception"] for one in outcome.facts["receptions"]] == ["REFUSED", "ACCEPTED"]


async def test_a_name_is_for_the_provider_and_staff_alone(dock: Dock) -> None:
    """Anybody else could ask which names there are, or put reports in a provider's mouth."""
    id = await dock.ship("ASN-1")
    supplier = dock.market.supplier(await dock.market.register_supplier())
    stranger = await dock.place.add("Somebody else", Role.PROVIDER)
    told = NewEvent(None, "3", TrackingStatus.DELIVERED, None, None, None, None, START, provider_id=dock.provider)
    batch = RecordTrackingBatch(
        (
            replace(told, shipment_reference="ASN-1"),
            replace(told, shipment_reference="ASN-2"),
            replace(told, shipment_id=id),
        )
    )
    for caller in (supplier, stranger.caller):
        outcome = await dock.market.act(caller, tracking.record_tracking_batch, batch)
        assert {one["code"] for one in outcome.facts["receptions"]} == {"NO_SUCH_SHIPMENT"}
    assert (await dock.read(id)).state is ShipmentState.BOOKED


async def test_one_batch_speaks_of_few_carriers(dock: Dock) -> None:
    await dock.ship("ASN-1")
    told = [scan("ASN-1", None, -1, code="PU", carrier=f"c{n}", reference=str(n)) for n in range(21)]
    receptions = await dock.receptions(*told)
    assert outcomes(receptions) == ["FLAGGED"] * 20 + ["REFUSED"]


async def test_what_waits_is_bounded_in_time(dock: Dock, owner: asyncpg.Pool[Any]) -> None:
    assert outcomes(await dock.receptions(scan("ASN-7", "PICKED_UP", -5))) == ["WAITING"]
    await dock.market.move(START + timedelta(days=31))
    id = await dock.ship("ASN-7")
    assert (await dock.read(id)).state is ShipmentState.BOOKED
    assert outcomes(await dock.receptions(scan("ASN-8", "PICKED_UP", 24 * 30))) == ["WAITING"]
    await dock.market.move(START + timedelta(days=62))
    async with dock.market.pool.transaction(dock.place.id) as connection:
        assert await tracking_rows.sweep(connection, dock.place.id) == 1
    assert await owner.fetchval("SELECT count(*) FROM waiting_events") == 0


async def test_a_shipment_recorded_while_its_report_comes_in_gets_it(dock: Dock) -> None:
    """Whichever of the two is first, they find each other."""
    for number in range(8):
        report = scan(f"ASN-{number}", "PICKED_UP", -1)
        id, (reception,) = await asyncio.gather(dock.ship(f"ASN-{number}"), dock.receptions(report))
        assert reception["reception"] in {"ACCEPTED", "WAITING"}
        assert (await dock.read(id)).state is ShipmentState.PICKED_UP


async def test_a_request_is_refused_as_a_whole_with_a_typed_reason(dock: Dock) -> None:
    report = scan("ASN-1", "PICKED_UP", -1)
    assert (await dock.post(report, token="mg_test_nobody")).status == 401
    buyer = await dock.place.add("A buyer", Role.BUYER)
    assert (await dock.post(report, token=buyer.key)).status == 403
    reader = await dock.place.key(dock.carrier.organisation_id, Role.PROVIDER, scopes=(Scope.READ,))
    forbidden = await dock.post(report, token=reader)
    assert (forbidden.status, forbidden.codes) == (403, ["FORBIDDEN"])
    headers = {"authorization": f"Bearer {dock.carrier.key}"}
    long = await dock.served.send(b"[" + b" " * BODY_BYTES_MAX + b"]", path=PATH, headers=headers)
    assert (long.status, long.codes) == (413, ["BAD_REQUEST"])
    text = await dock.served.send(b"[]", path=PATH, headers={**headers, "content-type": "text/plain"})
    assert text.status == 415
    for body in (b"[]", b"[1,", b"\xff", b"[" + b",".join([b"{}"] * 1001) + b"]"):
        reply = await dock.served.send(body, path=PATH, headers=headers)
        assert (reply.status, reply.codes) == (422, ["BAD_REQUEST"]), body[:10]
        assert reply.errors[0]["extensions"]["requestId"] == reply.headers["x-request-id"]
    assert (await dock.served.send(b"", method="GET", path=PATH, headers=headers)).status == 405


async def test_a_stuck_shipment_is_flagged_until_it_moves_and_then_presumed_lost_until_found(dock: Dock) -> None:
    id = await dock.ship("ASN-1")
    await dock.receptions(scan("ASN-1", "PICKED_UP", -1))
    await dock.market.move(START + timedelta(days=3))
    await dock.receptions(scan("ASN-1", "IN_TRANSIT", 24 * 3 - 1))
    await dock.market.move(START + timedelta(days=9))
    assert (await dock.read(id)).stalled_at is None, "seven days since it moved are not over"
    await dock.market.move(START + timedelta(days=12))
    assert (await dock.read(id)).stalled_at is not None
    await dock.receptions(scan("ASN-1", "IN_TRANSIT", 24 * 11))
    assert (await dock.read(id)).stalled_at is None
    promised = (await dock.read(id)).promised_at
    assert promised is not None
    await dock.market.move(promised + timedelta(days=30) - 2 * HOUR)  # clocks go forward in between
    assert (await dock.read(id)).state is ShipmentState.IN_TRANSIT
    await dock.market.move(promised + timedelta(days=31))
    lost = await dock.read(id)
    assert (lost.state, lost.responsible, lost.stalled_at) == (ShipmentState.LOST, ResponsibleParty.CARRIER, None)
    assert lost.promised_at == promised
    await dock.receptions(scan("ASN-1", "IN_TRANSIT", 24 * 41 + 1))
    found = await dock.read(id)
    assert (found.state, found.stalled_at) == (ShipmentState.IN_TRANSIT, None)
    await dock.receptions(scan("ASN-1", "DELIVERED", 24 * 41 + 2))
    states = await dock.clocks(id)
    assert states[Duty.NO_MOVEMENT][-1] is ClockState.DONE
    assert states[Duty.PRESUME_LOST] == [ClockState.FIRED, ClockState.DONE]


async def test_a_batch_by_graphql_answers_report_by_report(dock: Dock, ask: Asking) -> None:
    id = await dock.ship("ASN-1")
    shown = "receptions { index reference reception shipmentId flags code message }"
    reports = [
        scan("ASN-1", "PICKED_UP", -5),
        scan("ASN-2", "PICKED_UP", -5),
        {**scan("ASN-1", "DELIVERED", -4), "shipmentId": id},
    ]
    payload = await ask.mutate(dock.carrier.caller, "recordTrackingBatch", shown, events=reports)
    assert payload["userErrors"] == []
    assert outcomes(payload["receptions"]) == ["ACCEPTED", "WAITING", "REFUSED"]
    assert payload["receptions"][2]["code"] == "INVALID"
    whole = await ask.mutate(dock.carrier.caller, "recordTrackingEvents", "recorded", events=reports[:2])
    assert [(error["code"], error["field"]) for error in whole["userErrors"]] == [("NOT_FOUND", ["events", "1"])]
    many = [replace_reference(reports[0], str(number)) for number in range(1001)]
    refused = await ask.mutate(dock.carrier.caller, "recordTrackingBatch", shown, events=many)
    assert (refused["receptions"], refused["userErrors"][0]["code"]) == (None, "INVALID")


def replace_reference(report: dict[str, Any], reference: str) -> dict[str, Any]:
    return {**report, "reference": reference}
