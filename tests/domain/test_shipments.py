"""Shipments: what reports add up to is written on them; the promise is not touched."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import orders, shipments, tracking
from domain.access import Caller, Role, Scope, ViewerKind
from domain.dates import UTC_DAYS
from domain.errors import Invalid, Refused
from domain.ids import (
    ApiKeyId,
    BuyerId,
    OrderId,
    OrderLineId,
    OrganisationId,
    ProviderId,
    ShipmentId,
    SupplierId,
    TenantId,
    TrackingEventId,
)
from domain.money import Money
from domain.orders import NewLine, Order, RecordOrder
from domain.shipments import (
    AppointPickup,
    RecordShipment,
    RecordTrackingNumber,
    Shipment,
    ShipmentAction,
    ShipmentMode,
)
from domain.tracking import Progress, ShipmentState, TrackingStatus
from domain.tracking_terms import TrackingTerms

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PROMISE = datetime(2026, 3, 5, 23, 59, 59, 999_999, tzinfo=UTC)
PROVIDER = ProviderId.mint(1, 1)
WISH = RecordShipment(
    OrderId.mint(1, 1), PROVIDER, "ASN-8", ShipmentMode.AIR, (OrderLineId.mint(1, 1),), None, None, 13_000, None
)


def recorded(**changes: object) -> Shipment:
    return replace(
        shipments.record_shipment(WISH, id=ShipmentId.mint(1, 1), promised_at=PROMISE, at=NOON).after,
        **changes,  # type: ignore[arg-type]
    )


def caller(role: Role) -> Caller:
    return Caller(
        TenantId.mint(1, 1),
        ApiKeyId.mint(1, 1),
        OrganisationId.mint(1, 1),
        PROVIDER,
        frozenset({role}),
        ViewerKind.PROVIDER,
        frozenset(Scope),
    )


progresses = st.builds(
    Progress,
    st.sampled_from(ShipmentState),
    *[st.none() | st.integers(-10, 10).map(lambda hours: NOON + timedelta(hours=hours)) for _ in range(4)],
)


@given(progresses)
def test_progress_never_touches_the_promise(progress: Progress) -> None:
    shipment = recorded()
    change = shipments.take_progress(shipment, progress)
    if change is not None:
        assert change.after.promised_at == PROMISE
        assert change.after.state is progress.state
        assert change.after.delivered_at == progress.delivered_at
        assert shipments.take_progress(change.after, progress) is None


def test_a_delivery_happens_once() -> None:
    delivered = Progress(ShipmentState.DELIVERED, None, None, NOON, NOON)
    change = shipments.take_progress(recorded(), delivered)
    assert change is not None
    assert [happening.name for happening in change.happened] == ["shipment.tracked", "shipment.delivered"]
    again = shipments.take_progress(change.after, replace(delivered, picked_up_at=NOON))
    assert again is not None
    assert [happening.name for happening in again.happened] == ["shipment.tracked"]


def test_an_estimate_stays_until_a_report_brings_another() -> None:
    change = shipments.take_progress(
        recorded(eta_at=NOON, first_eta_at=NOON), Progress(ShipmentState.IN_TRANSIT, None, NOON, None, None)
    )
    assert change is not None
    assert change.after.eta_at == NOON


@pytest.mark.parametrize(
    ("delivered_at", "at", "late"),
    [
        (PROMISE, PROMISE + timedelta(days=9), False),
        (PROMISE + timedelta(microseconds=1), PROMISE + timedelta(days=9), True),
        (None, PROMISE, False),
        (None, PROMISE + timedelta(microseconds=1), True),
    ],
)
def test_late_is_after_the_last_microsecond_also_on_the_way(
    delivered_at: datetime | None, at: datetime, late: bool
) -> None:
    assert shipments.is_late(recorded(delivered_at=delivered_at), None, at) is late
    lines = recorded(delivered_at=delivered_at, promised_at=None)
    assert shipments.is_late(lines, PROMISE, at) is late, "the promise of a line is one as well"


def test_without_a_promise_nothing_is_late() -> None:
    assert not shipments.is_late(recorded(promised_at=None), None, PROMISE)


def test_an_estimate_is_refused_when_the_journey_is_over_and_tracking_never_is() -> None:
    delivered = recorded(state=ShipmentState.DELIVERED)
    with pytest.raises(Refused) as refusal:
        shipments.require(delivered, ShipmentAction.UPDATE_ETA)
    assert [finding.rule for finding in refusal.value.unmet] == ["shipment.state"]
    shipments.require(delivered, ShipmentAction.RECORD_TRACKING_EVENTS)
    listed = {move.action: move.available for move in shipments.moves(delivered, caller(Role.PROVIDER))}
    assert listed == {
        "UPDATE_ETA": False,
        "RECORD_TRACKING_EVENTS": True,
        "RECORD_TRACKING_NUMBER": False,
        "PLAN_LEGS": False,
        "APPOINT_PICKUP": False,
        "PROVE_DELIVERY": True,
    }
    assert not any(move.available for move in shipments.moves(recorded(), caller(Role.BUYER)))


def test_negative_weight_and_freight_are_refused_together() -> None:
    wish = replace(WISH, weight_grams=-1, freight=Money(-1, "USD"))
    with pytest.raises(Invalid) as refusal:
        shipments.record_shipment(wish, id=ShipmentId.mint(1, 1), promised_at=None, at=NOON)
    assert [problem.field for problem in refusal.value.problems] == [("weightGrams",), ("freight", "amount")]


TERMS = TrackingTerms("draft", 15, 30, 7, 30, 60, 30, 10_000)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "stuck", "lost"),
    [
        ({}, 8, 60 + 4),
        ({"moved_at": NOON + timedelta(days=2)}, 10, 64),
        ({"moved_at": NOON + timedelta(days=90)}, 98, 98),
        ({"mode": ShipmentMode.EXPRESS}, 8, 30 + 4),
        ({"promised_at": None}, 8, None),
        ({"pickup_from_at": NOON, "pickup_until_at": NOON + timedelta(days=20)}, 28, 64),
        ({"state": ShipmentState.READY_FOR_PICKUP}, 8, None),
        ({"state": ShipmentState.RETURNING}, 8, None),
        ({"state": ShipmentState.LOST}, None, None),
        ({"state": ShipmentState.DELIVERED}, None, None),
        ({"state": ShipmentState.CANCELLED}, None, None),
    ],
)
def test_what_is_waited_for_and_until_when(changes: dict[str, object], stuck: int | None, lost: int | None) -> None:
    """In days after the beginning of 1 March, each ending with its last microsecond."""

    def end(days: int | None) -> datetime | None:
        begin = NOON - timedelta(hours=12)
        return None if days is None else begin + timedelta(days=days) - timedelta(microseconds=1)

    shipment = recorded(**changes)
    assert shipments.stuck_after(shipment, TERMS, UTC_DAYS) == end(stuck)
    expected = None if lost is None else end(lost if lost > 90 else lost + 1)
    assert shipments.lost_after(shipment, TERMS, UTC_DAYS) == expected
    assert shipments.waits_for_movement(shipment) == (stuck is not None)
    assert shipments.may_be_lost(shipment) == (lost is not None)


def test_a_stuck_shipment_is_free_when_it_moves_later_than_was_known() -> None:
    stuck = shipments.flag_stalled(recorded(moved_at=NOON), NOON + timedelta(days=8)).after
    assert stuck.stalled_at == NOON + timedelta(days=8)
    old = Progress(ShipmentState.CUSTOMS, None, None, None, None, NOON)
    change = shipments.take_progress(stuck, old)
    assert change is not None
    assert change.after.stalled_at == stuck.stalled_at
    moved = shipments.take_progress(stuck, replace(old, moved_at=NOON + timedelta(days=1)))
    assert moved is not None
    assert moved.after.stalled_at is None
    assert not shipments.waits_for_movement(stuck)
    assert shipments.waits_for_movement(moved.after)


def test_a_loss_is_presumed_by_a_report_and_overcome_by_a_later_one() -> None:
    shipment = recorded()
    at = NOON + timedelta(days=90)
    lost = shipments.presumption(shipment, id=TrackingEventId.mint(1, 1), at=at)
    assert tracking.progress([lost]).state is ShipmentState.LOST
    assert tracking.progress([lost]).moved_at is None
    found = replace(lost, reference="9", status=TrackingStatus.IN_TRANSIT, reason=None, occurred_at=at + timedelta(1))
    assert tracking.progress([lost, found]).state is ShipmentState.IN_TRANSIT
    before = replace(found, status=TrackingStatus.DELIVERED, occurred_at=at - timedelta(1))
    assert tracking.progress([lost, before]).state is ShipmentState.DELIVERED


def test_a_number_is_kept_and_its_check_digit_judged() -> None:
    shipment = shipments.record_shipment(
        replace(WISH, tracking_number="1z 5R8 939 03 5756 712 8"), id=ShipmentId.mint(1, 1), promised_at=None, at=NOON
    ).after
    assert (shipment.tracking_number, shipment.tracking_valid) == ("1Z5R89390357567128", False)
    change = shipments.record_tracking_number(shipment, RecordTrackingNumber(shipment.id, "4711"))
    assert (change.after.tracking_number, change.after.tracking_valid) == ("4711", None)
    for number in ("", " - ", "x" * 41):
        with pytest.raises(Invalid):
            shipments.record_tracking_number(shipment, RecordTrackingNumber(shipment.id, number))


def test_a_pickup_lies_ahead_and_a_proof_is_given_once() -> None:
    shipment = recorded()
    window = AppointPickup(shipment.id, NOON + timedelta(hours=2), NOON + timedelta(hours=4))
    assert shipments.appoint_pickup(shipment, window, NOON).after.pickup_until_at == window.until_at
    with pytest.raises(Invalid) as refusal:
        shipments.appoint_pickup(shipment, replace(window, until_at=NOON), NOON)
    assert len(refusal.value.problems) == 2
    with pytest.raises(Refused):
        shipments.appoint_pickup(recorded(state=ShipmentState.PICKED_UP), window, NOON)
    with pytest.raises(Refused):
        shipments.prove_delivery(shipment, "digest", None, NOON)
    proven = shipments.prove_delivery(recorded(state=ShipmentState.DELIVERED), "digest", None, NOON).after
    with pytest.raises(Refused) as again:
        shipments.prove_delivery(proven, "another", None, NOON)
    assert [finding.rule for finding in again.value.unmet] == ["shipment.unproven"]


@given(st.integers(2, 1_000), st.integers(0, 10_000_000), st.data())
def test_a_line_whose_pieces_part_ways_is_two_lines_of_the_same_worth(
    quantity: int, minor: int, data: st.DataObject
) -> None:
    order = order_of(quantity, minor)
    (line,) = order.lines
    count = data.draw(st.integers(1, quantity - 1))
    rest_id = OrderLineId.mint(9, 9)
    divided = orders.divide_lines(order, {line.id: count}, lambda: rest_id).after
    stays, rest = divided.lines
    assert (stays.id, stays.quantity, rest.id, rest.quantity) == (line.id, count, rest_id, quantity - count)
    assert stays.value + rest.value == line.value
    assert (rest.promised_at, rest.reference, rest.position) == (line.promised_at, line.reference, 2)
    assert divided.total == order.total


@pytest.mark.parametrize("count", [0, 3, 4, -1])
def test_something_of_a_line_stays_and_something_goes(count: int) -> None:
    order = order_of(3, 100)
    with pytest.raises(Refused) as refusal:
        orders.divide_lines(order, {order.lines[0].id: count}, lambda: OrderLineId.mint(9, 9))
    assert [finding.rule for finding in refusal.value.unmet] == ["order.line_divisible"]
    with pytest.raises(Refused):
        orders.divide_lines(order, {OrderLineId.mint(5, 5): 1}, lambda: OrderLineId.mint(9, 9))


def order_of(quantity: int, minor: int) -> Order:
    wish = RecordOrder(
        "O-1",
        BuyerId.mint(1, 1),
        SupplierId.mint(1, 1),
        "US",
        "USD",
        (NewLine("Drill", quantity, Money(minor, "USD"), False, PROMISE.date(), "1"),),
        (),
        None,
        NOON,
    )
    return orders.record_order(
        wish, id=OrderId.mint(1, 1), line_ids=[OrderLineId.mint(1, 1)], calendar=UTC_DAYS, address_digest=None, at=NOON
    ).after
