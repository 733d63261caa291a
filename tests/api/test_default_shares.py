"""Who bears a loss by default: whoever tracking names, and for a broken service whoever promised it, with a finding."""

from __future__ import annotations

from datetime import timedelta

import pytest

from api.operations import claims, service_requests, tracking
from domain.claims import AnswerClaim, Claim, ClaimOutcome, ClaimReason, DecideClaim
from domain.explain import Finding
from domain.guarantees import ServiceKind
from domain.ids import OrderId, OrderLineId, ShipmentId
from domain.liability import Bearer
from domain.service_requests import RequestService
from domain.tracking import NewEvent, RecordTrackingEvents, TrackingReason, TrackingStatus
from storage import carrier_claims as case_rows
from storage import decisions as decision_rows
from storage import orders as order_rows
from storage import recoveries as recovery_rows
from tests.api.test_claims import DAY_AFTER, Story, story
from tests.builders import START, line

__all__ = ["story"]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def lines_of(story: Story, order_id: str) -> list[OrderLineId]:
    async with story.market.pool.acquire(story.market.tenant_id) as connection:
        order = await order_rows.get(connection, story.market.tenant_id, OrderId(order_id))
    return [each.id for each in order.lines]


async def report(story: Story, shipment_id: ShipmentId, reason: TrackingReason) -> None:
    """Now the goods are delayed for that reason."""
    at = await story.market.now()
    event = NewEvent(shipment_id, f"why-{reason}", TrackingStatus.DELIVERY_DELAYED, reason, None, None, None, at)
    await story.market.act(story.market.staff, tracking.record_tracking_events, RecordTrackingEvents((event,)))


async def late(story: Story, reason: TrackingReason | None, *, came: bool = True) -> Claim:
    """Goods that were delayed for that reason, and came an hour late or did not; the claim waits for a decision."""
    order_id = await story.late_order()
    shipment_id = await story.market.ship(order_id, story.provider_id, await lines_of(story, order_id))
    await story.market.move(DAY_AFTER - DAY)
    if reason is not None:
        await report(story, shipment_id, reason)
    await story.market.move(DAY_AFTER + HOUR)
    if came:
        await story.market.track(shipment_id, TrackingStatus.DELIVERED, DAY_AFTER + HOUR)
    claim = await story.open(order_id)
    await contest(story, claim)
    return claim


async def contest(story: Story, claim: Claim) -> None:
    party = story.market.provider(claim.provider_id) if claim.provider_id else story.market.supplier(story.supplier_id)
    await story.market.act(party, claims.contest_claim, AnswerClaim(claim.id, None))


async def decided(story: Story, claim: Claim) -> tuple[dict[str, int], Finding]:
    """The desk grants it and says nothing of shares: who bears it, and the finding that says why."""
    wish = DecideClaim(claim.id, ClaimOutcome.GRANTED, "As recorded.")
    await story.market.act(story.market.staff, claims.decide_claim, wish)
    claim = await story.claim(claim.id)
    async with story.market.pool.acquire(story.market.tenant_id) as connection:
        last = (await decision_rows.by_subjects(connection, story.market.tenant_id, claim.id))[-1]
    tree = last.tree
    (borne,) = [finding for finding in tree.because if finding.rule == "claim.liability"]
    return dict(claim.shares), borne


TOLD = [
    (TrackingReason.CARRIER_MECHANICAL, Bearer.CARRIER),
    (TrackingReason.SHIPPER_NOT_READY, Bearer.SUPPLIER),
    (TrackingReason.CONSIGNEE_NOT_HOME, Bearer.PROVIDER),  # what the buyer caused is for people to find
    (TrackingReason.CUSTOMS_INSPECTION, Bearer.PROVIDER),  # customs pay nobody: the promise was given all the same
    (TrackingReason.FORCE_MAJEURE_WEATHER, Bearer.FORCE_MAJEURE),
    (TrackingReason.OTHER_UNKNOWN, Bearer.PROVIDER),
]


@pytest.mark.parametrize(("reason", "bearer"), TOLD)
async def test_shares_follow_whoever_tracking_says_answers_for_the_delay_though_the_goods_came(
    story: Story, reason: TrackingReason, bearer: Bearer
) -> None:
    claim = await late(story, reason)
    shares, borne = await decided(story, claim)
    assert shares == {bearer.value: 10_000}
    (why,) = borne.because
    assert (why.reason, why.inputs["responsible"], why.inputs["bearer"]) == (
        "liability_of_tracking",
        next(part for part in ("FORCE_MAJEURE", reason.value.partition("_")[0]) if reason.value.startswith(part)),
        bearer.value,
    )
    owes = {  # the provider carried the goods itself: nobody else is to be asked
        Bearer.PROVIDER: story.provider_id,
        Bearer.CARRIER: story.provider_id,
        Bearer.SUPPLIER: story.supplier_id,
    }
    async with story.market.pool.acquire(story.market.tenant_id) as connection:
        recoveries = await recovery_rows.by_claim(connection, story.market.tenant_id, claim.id)
    assert [(each.party_id, each.contingent.minor) for each in recoveries] == (
        [(owes[bearer], 100_00)] if bearer in owes else []
    )
    assert await story.faults() == []


async def test_goods_that_never_came_are_laid_on_the_carrier_too(story: Story) -> None:
    shares, _ = await decided(story, await late(story, TrackingReason.CARRIER_CAPACITY, came=False))
    assert shares == {"CARRIER": 10_000}


async def test_where_tracking_says_nothing_the_promise_is_its_party_s(story: Story) -> None:
    shares, borne = await decided(story, await late(story, None))
    assert (shares, borne.because) == ({"PROVIDER": 10_000}, ())


async def test_what_went_wrong_after_the_goods_came_changes_nothing(story: Story) -> None:
    order_id = await story.late_order()
    shipment_id = await story.market.ship(order_id, story.provider_id, await lines_of(story, order_id))
    await story.market.move(DAY_AFTER + HOUR)
    await story.market.track(shipment_id, TrackingStatus.DELIVERED, DAY_AFTER)
    await report(story, shipment_id, TrackingReason.FORCE_MAJEURE_WEATHER)
    claim = await story.open(order_id)
    await contest(story, claim)
    assert (await decided(story, claim))[0] == {"PROVIDER": 10_000}


async def test_lines_in_two_shipments_share_by_what_they_lost(story: Story) -> None:
    promised = (DAY_AFTER - DAY).date()
    lines = [line(minor, promised_on=promised) for minor in (300_00, 100_00)]
    order_id = await story.market.order(story.buyer_id, story.supplier_id, lines, [story.on_time])
    first, second = await lines_of(story, order_id)
    held = await story.market.ship(order_id, story.provider_id, [first])
    await story.market.ship(order_id, story.provider_id, [second])
    await story.market.move(DAY_AFTER - DAY)
    await report(story, held, TrackingReason.CARRIER_VEHICLE)
    await story.market.move(DAY_AFTER)
    claim = await story.open(order_id)
    await contest(story, claim)
    assert (await decided(story, claim))[0] == {"PROVIDER": 2_500, "CARRIER": 7_500}


async def test_of_two_shipments_that_came_the_carrier_of_the_delayed_one_is_asked(story: Story) -> None:
    lines = [line(100_00, promised_on=(DAY_AFTER - DAY).date()) for _ in range(2)]
    on_time = await story.market.offer(story.supplier_id)  # a provider would answer for what it carries itself
    order_id = await story.market.order(story.buyer_id, story.supplier_id, lines, [on_time])
    airlines = await story.market.register_provider(), await story.market.register_provider()
    first, second = await lines_of(story, order_id)
    delayed = await story.market.ship(order_id, airlines[0], [first])
    other = await story.market.ship(order_id, airlines[1], [second])
    await story.market.move(DAY_AFTER - DAY)
    await report(story, delayed, TrackingReason.CARRIER_MECHANICAL)
    await story.market.move(DAY_AFTER + HOUR)
    for shipment_id in (delayed, other):
        await story.market.track(shipment_id, TrackingStatus.DELIVERED, await story.market.now())
        await story.market.move(await story.market.now() + HOUR)
    claim = await story.open(order_id)
    await contest(story, claim)
    assert (await decided(story, claim))[0] == {"SUPPLIER": 5_000, "CARRIER": 5_000}
    async with story.market.pool.acquire(story.market.tenant_id) as connection:
        (case,) = await case_rows.by_claim(connection, story.market.tenant_id, claim.id)
    assert (case.shipment_id, case.provider_id) == (delayed, airlines[0])


async def test_a_broken_service_level_is_its_promising_party_s_with_a_finding(story: Story) -> None:
    order_id = await story.serviced_order(10_000_00)
    cover = await story.cover(order_id)
    wish = RequestService(cover.id, tuple(await lines_of(story, order_id)), ServiceKind.DISPATCHED, "It stands.")
    await story.market.act(story.buyer, service_requests.request_service, wish)
    await story.market.move(START + 2 * DAY)  # nobody answered within 24 hours
    claim = await story.open(order_id, ClaimReason.SERVICE_NO_RESPONSE)
    await contest(story, claim)
    shares, borne = await decided(story, claim)
    assert shares == {"SUPPLIER": 10_000}
    (why,) = borne.because
    assert (why.reason, dict(why.inputs)) == (
        "liability_of_service_level",
        {"service": "DISPATCHED", "bearer": "SUPPLIER"},
    )
