"""Parcels on their way back: carriers' reports move the return, in whatever order they come and by whichever door."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from api.intake.tracking import PATH
from api.operations import returns, tracking
from domain import parcels
from domain.access import Role
from domain.claims import ClaimState
from domain.dates import rfc3339
from domain.errors import Conflict, Invalid, NotFound
from domain.ids import ParcelReportId
from domain.parcels import ParcelReport
from domain.reports import Reception, RecordTrackingBatch
from domain.returns import ArrangeReturn, Receipt, ReturnState, ShipReturn
from domain.tracking import EventFlag, NewEvent, RecordTrackingEvents, TrackingStatus
from storage.pool import Pool
from tests.api.test_returns import ADDRESS, arrange, id_of, stands, word
from tests.builders import START, Market, set_clock
from tests.disputes import Returning
from tests.marketplaces import Asking, open_marketplace
from tests.serving import Served

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
NUMBER = "RR123456785CN"
"""An S10 number: its ninth digit is its check digit."""


@pytest.fixture
async def returning(sandbox: Market) -> Returning:
    return await Returning.create(sandbox)


def told(
    since: datetime,
    status: TrackingStatus,
    hours: float,
    carrier: str = "China Post",
    *,
    number: str = "rr 123 456 785 cn",
    reference: str | None = None,
) -> NewEvent:
    """A report of the parcel, so many hours after that instant."""
    at = since + hours * HOUR
    reference = reference or f"{status.value}-{hours}"
    return NewEvent(None, reference, status, None, None, None, None, at, tracking_number=number, return_carrier=carrier)


async def batch(market: Market, *events: NewEvent, caller: Any = None) -> list[Mapping[str, Any]]:
    """What became of each report."""
    outcome = await market.act(caller or market.staff, tracking.record_tracking_batch, RecordTrackingBatch(events))
    found: list[Mapping[str, Any]] = outcome.facts["receptions"]
    return found


def outcomes(receptions: Sequence[Mapping[str, Any]]) -> list[str]:
    return [one["reception"] for one in receptions]


async def shipped(returning: Returning, number: str = NUMBER) -> None:
    wish = ShipReturn(id_of(returning), "CHINA POST", number)
    await returning.market.act(returning.buyer, returns.ship_return, wish)


async def test_a_parcel_is_received_when_its_carrier_says_so_and_by_nobody_of_the_two(
    returning: Returning, ask: Asking
) -> None:
    market = returning.market
    await arrange(returning)
    await shipped(returning)
    start = await market.now()
    await market.move(start + 3 * DAY)
    moving = told(start, TrackingStatus.IN_TRANSIT, 1)
    came = told(start, TrackingStatus.DELIVERED, 48)
    nosy = market.provider(await market.register_provider())
    assert [one["code"] for one in await batch(market, came, caller=nosy)] == ["NO_SUCH_SHIPMENT"]
    wish = RecordTrackingEvents((moving, came))
    outcome = await market.act(market.staff, tracking.record_tracking_events, wish)
    assert (outcome.things["returns"], outcome.facts) == ((id_of(returning),), {"recorded": 2, "known": 0})
    assert await stands(returning) == (ReturnState.RECEIVED, ClaimState.RETURNING)
    goods = await returning.goods()
    assert (goods.receipt, goods.received_at) == (Receipt.TRACKING, start + 48 * HOUR)
    again = await batch(market, moving, came, told(start, TrackingStatus.OUT_FOR_DELIVERY, 47))
    assert outcomes(again) == ["DUPLICATE", "DUPLICATE", "ACCEPTED"]
    assert (await returning.goods()) == goods
    other = told(start, TrackingStatus.DELIVERED, 49, reference=came.reference)
    with pytest.raises(Conflict):
        await market.act(market.staff, tracking.record_tracking_events, RecordTrackingEvents((other,)))
    text = """query ($id: ID!) { goodsReturn(id: $id) { trackingValid reports(first: 5) { nodes {
      status carrier trackingNumber flags goodsReturn { id } } } } }"""
    shown = (await ask(returning.buyer, text, id=id_of(returning)))["goodsReturn"]
    assert shown["trackingValid"] is True
    assert [node["status"] for node in shown["reports"]["nodes"]] == ["IN_TRANSIT", "OUT_FOR_DELIVERY", "DELIVERED"]
    assert {node["goodsReturn"]["id"] for node in shown["reports"]["nodes"]} == {id_of(returning)}
    await word(returning, returning.maker, "accept_return")
    assert await stands(returning) == (ReturnState.COMPLIANT, ClaimState.REMEDY_IN_PROGRESS)


async def test_reports_wait_for_the_number_and_a_wrong_one_is_kept_and_flagged(
    returning: Returning, ask: Asking
) -> None:
    market = returning.market
    await arrange(returning)
    start = await market.now()
    await market.move(start + 3 * DAY)
    late_clock = told(start, TrackingStatus.IN_TRANSIT, 24 * 9)
    early = await batch(market, told(start, TrackingStatus.DELIVERED, 48), late_clock)
    assert outcomes(early) == ["WAITING", "WAITING"]
    assert [one["flags"] for one in early] == [[], [EventFlag.CLOCK_AHEAD.value]]
    listed = (
        "query { parcelReports(first: 5, filter: {waiting: true}) { nodes { trackingNumber goodsReturn { id } } } }"
    )
    assert len((await ask(market.staff, listed))["parcelReports"]["nodes"]) == 2
    assert (await ask(returning.buyer, listed))["parcelReports"]["nodes"] == []
    alone = RecordTrackingEvents((told(start, TrackingStatus.DELIVERED, 49, number="no such"),))
    with pytest.raises(NotFound):
        await market.act(market.staff, tracking.record_tracking_events, alone)
    await shipped(returning, "RR123456786CN")  # the wrong check digit: a slip of the buyer's finger
    goods = await returning.goods()
    assert (goods.state, goods.tracking_valid) == (ReturnState.SHIPPED, False)
    other = await Returning.create(market)
    await arrange(other)
    await shipped(other)
    assert await stands(other) == (ReturnState.SHIPPED, ClaimState.RETURNING), "that was before it was authorised"
    now = await market.now()
    found = await batch(market, told(now, TrackingStatus.DELIVERED, 0))
    assert [(one["reception"], one["returnId"]) for one in found] == [("ACCEPTED", id_of(other))]
    assert (await other.goods()).state is ReturnState.RECEIVED
    mixed = NewEvent(
        None, "E", TrackingStatus.DELIVERED, None, None, None, None, now, return_carrier="UPS", shipment_reference="T"
    )
    assert [one["code"] for one in await batch(market, mixed)] == ["INVALID"]


async def test_a_labelled_parcel_that_left_in_time_left_in_time_whenever_that_is_heard(sandbox: Market) -> None:
    scanned, heard_late, too_late = [await Returning.create(sandbox) for _ in range(3)]
    numbers = ("RR123456785CN", "1Z999AA10123456784", "GB-1")
    for each, number in zip((scanned, heard_late, too_late), numbers, strict=True):
        label = await each.file(each.maker)
        alone = ArrangeReturn(id_of(each), ADDRESS, None, "DHL", number)
        with pytest.raises(Invalid):
            await sandbox.act(each.maker, returns.arrange_return, alone)
        await sandbox.act(each.maker, returns.arrange_return, replace(alone, label_upload_id=label))
    leave = (await scanned.goods()).leave_due_at
    assert leave is not None
    await sandbox.move(leave)
    seen = [told(leave, TrackingStatus.PICKED_UP, 0, "D.H.L.", number=number) for number in numbers]
    assert outcomes(await batch(sandbox, seen[0])) == ["ACCEPTED"]
    assert (await scanned.goods()).shipped_at == leave
    await sandbox.move(leave + HOUR, runs=True)
    assert await stands(scanned) == (ReturnState.SHIPPED, ClaimState.RETURNING)
    assert await stands(heard_late) == (ReturnState.LAPSED, ClaimState.CLOSED)
    after = told(leave, TrackingStatus.PICKED_UP, 1, "DHL", number=numbers[2])
    assert outcomes(await batch(sandbox, seen[1], after)) == ["ACCEPTED", "ACCEPTED"]
    assert await stands(heard_late) == (ReturnState.SHIPPED, ClaimState.RETURNING)
    assert (await heard_late.goods()).ended_at is None
    assert await stands(too_late) == (ReturnState.LAPSED, ClaimState.CLOSED)
    await batch(sandbox, told(leave, TrackingStatus.DELIVERED, 1, "dhl", number=numbers[1]))
    await word(heard_late, heard_late.maker, "accept_return")
    assert await stands(heard_late) == (ReturnState.COMPLIANT, ClaimState.REMEDY_IN_PROGRESS)


def test_the_order_of_arrival_is_nothing() -> None:
    def report(place: int, status: TrackingStatus, hours: int, *flags: EventFlag) -> ParcelReport:
        reference, at = str(place), START + hours * HOUR
        id = ParcelReportId.mint(place, place)
        key, plain = parcels.key("DHL", "1"), None
        return ParcelReport(
            id,
            key,
            None,
            "DHL",
            "1",
            reference,
            status,
            plain,
            plain,
            plain,
            plain,
            plain,
            plain,
            plain,
            flags,
            at,
            at,
            at,
        )

    reports = [
        report(1, TrackingStatus.PICKED_UP, -1),  # another journey of the same label
        report(2, TrackingStatus.IN_TRANSIT, 2),
        report(3, TrackingStatus.DELIVERED, 9),
        report(4, TrackingStatus.DELIVERED, 12),
        report(5, TrackingStatus.DELIVERED, 1, EventFlag.CLOCK_AHEAD),
        report(6, TrackingStatus.PENDING, 0),
    ]
    assert {parcels.journey(each, START) for each in permutations(reports)} == {
        parcels.Journey(START + 2 * HOUR, START + 9 * HOUR)
    }
    turned = [*reports, report(7, TrackingStatus.RETURN_TO_SENDER, 3)]
    assert parcels.journey(turned, START) == parcels.Journey(START + 2 * HOUR, None), "it goes to the buyer again"


async def test_a_number_that_is_told_while_its_report_comes_in_gets_it(returning: Returning) -> None:
    market = returning.market
    await arrange(returning)
    start = await market.now()
    wish = ShipReturn(id_of(returning), "China Post", NUMBER)
    received, _ = await asyncio.gather(
        batch(market, told(start, TrackingStatus.DELIVERED, 0)), market.act(returning.buyer, returns.ship_return, wish)
    )
    assert outcomes(received)[0] in {Reception.WAITING.value, Reception.ACCEPTED.value}
    assert await stands(returning) == (ReturnState.RECEIVED, ClaimState.RETURNING)


async def test_the_plain_intake_takes_reports_of_parcels_too(worker_pool: Pool, served: Served, emptied: None) -> None:
    place = await open_marketplace(worker_pool)
    market = Market(worker_pool, place.id, place.made.admin_key, place.made.operator_id)
    await set_clock(worker_pool, place.id, START)
    returning = await Returning.create(market)
    await arrange(returning)
    await shipped(returning)
    service = await place.key(place.made.operator_id, Role.SERVICE)
    occurred = rfc3339(await market.now())
    report = {"reference": "1", "status": "DELIVERED", "occurredAt": occurred, "trackingNumber": NUMBER}
    content = json.dumps([{**report, "returnCarrier": "China-Post"}, {**report, "returnCarrier": ""}]).encode()
    headers = {"authorization": f"Bearer {service}", "content-type": "application/json"}
    reply = await served.send(content, path=PATH, headers=headers)
    assert reply.json["counts"] == {"ACCEPTED": 1, "REFUSED": 1}
    assert reply.json["receptions"][0]["returnId"] == id_of(returning)
    assert (await returning.goods()).state is ReturnState.RECEIVED
