"""Legs: a way is planned, grows, and says where something went wrong and what was passed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import legs, shipments
from domain.check_digits import NumberScheme
from domain.errors import Invalid, Refused
from domain.ids import LegId, OrderId, OrderLineId, ProviderId, ShipmentId
from domain.legs import Leg, NewLeg, PlanLegs, RecordLeg
from domain.places import Area
from domain.shipments import RecordShipment, Shipment, ShipmentMode
from domain.tracking import Milestone, ShipmentState, TrackingReason, TrackingStatus
from tests.domain.test_tracking import event

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
WISH = RecordShipment(
    OrderId.mint(1, 1),
    ProviderId.mint(1, 1),
    "B-1",
    ShipmentMode.OCEAN,
    (OrderLineId.mint(1, 1),),
    None,
    None,
    None,
    None,
)
SHIPMENT = shipments.record_shipment(WISH, id=ShipmentId.mint(1, 1), promised_at=NOON + 40 * DAY, at=NOON).after
PORTS = ("CN-ZJ", "CNNGB", "USLAX", "US~902")


def leg(place: int, mode: ShipmentMode, **more: object) -> NewLeg:
    new = NewLeg(
        mode,
        None,
        "Somebody",
        Area.parse(PORTS[place]),
        Area.parse(PORTS[place + 1]),
        NOON + place * 10 * DAY,
        NOON + (place * 10 + 9) * DAY,
    )
    return replace(new, **more)  # type: ignore[arg-type]


WAY = (leg(0, ShipmentMode.TRUCK), leg(1, ShipmentMode.OCEAN), leg(2, ShipmentMode.TRUCK))


def planned(*way: NewLeg, known: tuple[Leg, ...] = (), shipment: Shipment = SHIPMENT) -> tuple[Leg, ...]:
    """The legs after that plan, whether or not they changed."""
    numbers = count(1)
    plan = PlanLegs(shipment.id, way)
    changes = legs.plan_legs(shipment, known, plan, lambda: LegId.mint(1, next(numbers)))
    after = {one.number: one for one in known} | {change.after.number: change.after for change in changes}
    return tuple(after[number] for number in sorted(after))


def test_a_way_is_planned_once_and_grows() -> None:
    way = planned(*WAY)
    assert [(one.number, one.from_key, one.to_key, one.version) for one in way] == [
        (1, "CN-ZJ", "CNNGB", 1),
        (2, "CNNGB", "USLAX", 1),
        (3, "USLAX", "US~902", 1),
    ]
    assert legs.plan_legs(SHIPMENT, way, PlanLegs(SHIPMENT.id, WAY), lambda: LegId.mint(1, 1)) == ()
    later = replace(WAY[1], planned_arrival_at=NOON + 25 * DAY, tracking_number="CSQU 305438 3")
    again = planned(WAY[0], later, WAY[2], known=way)
    assert [one.version for one in again] == [1, 2, 1]
    assert (again[1].tracking_number, again[1].tracking_scheme, again[1].tracking_valid) == (
        "CSQU3054383",
        NumberScheme.ISO_6346,
        True,
    )


def test_a_plan_is_refused_with_everything_that_is_wrong() -> None:
    with pytest.raises(Invalid) as refusal:
        planned(
            replace(WAY[0], provider_id=ProviderId.mint(1, 1)),
            replace(WAY[2], planned_arrival_at=NOON),
            replace(WAY[2], carrier_name=None, document_number="x" * 36, tracking_number="-"),
        )
    assert [problem.field for problem in refusal.value.problems] == [
        ("legs", "0", "carrierName"),
        ("legs", "1", "from"),
        ("legs", "1", "plannedArrivalAt"),
        ("legs", "2", "carrierName"),
        ("legs", "2", "from"),
        ("legs", "2", "documentNumber"),
        ("legs", "2", "trackingNumber"),
    ]
    for way in ((), WAY[:1] * 21):
        with pytest.raises(Invalid):
            planned(*way)


def test_a_leg_is_never_removed_and_what_was_left_stays() -> None:
    way = planned(*WAY)
    change = legs.record_leg(way[0], RecordLeg(way[0].id, departed_at=NOON), NOON)
    assert change is not None
    known = (change.after, *way[1:])
    with pytest.raises(Refused) as refusal:
        planned(replace(WAY[0], carrier_name="Another"), WAY[1], known=known)
    assert [finding.rule for finding in refusal.value.unmet] == ["leg.kept", "leg.not_left"]
    with pytest.raises(Refused):
        planned(*WAY, shipment=replace(SHIPMENT, state=ShipmentState.DELIVERED))


@pytest.mark.parametrize(
    ("told", "fields"),
    [
        (RecordLeg(LegId.mint(1, 1), departed_at=NOON + DAY), [("departedAt",)]),
        (RecordLeg(LegId.mint(1, 1), arrived_at=NOON - DAY), [("arrivedAt",)]),
        (RecordLeg(LegId.mint(1, 1), departed_at=NOON, arrived_at=NOON - DAY), [("arrivedAt",)]),
        (
            RecordLeg(LegId.mint(1, 1), document_number="", tracking_number=" "),
            [("documentNumber",), ("trackingNumber",)],
        ),
    ],
)
def test_times_that_cannot_be_are_refused(told: RecordLeg, fields: list[tuple[str, ...]]) -> None:
    with pytest.raises(Invalid) as refusal:
        legs.record_leg(planned(*WAY)[0], told, NOON)
    assert [problem.field for problem in refusal.value.problems] == fields


def test_what_was_known_of_a_leg_is_no_news() -> None:
    way = planned(*WAY)
    told = RecordLeg(way[0].id, departed_at=NOON, tracking_number="CSQU3054384")
    change = legs.record_leg(way[0], told, NOON)
    assert change is not None
    assert (change.after.tracking_valid, change.after.version) == (False, 2)
    assert legs.record_leg(change.after, told, NOON) is None


@pytest.mark.parametrize(("hours", "number"), [(-5, 1), (1, 1), (24 * 10, 2), (24 * 19, 2), (24 * 25, 3)])
def test_an_exception_falls_on_the_leg_that_was_under_way(hours: int, number: int) -> None:
    late = event(TrackingStatus.ON_HOLD, hours, reason=TrackingReason.CARRIER_DAMAGED)
    found = legs.responsible(planned(*WAY), late)
    assert found is not None
    assert found.number == number


def test_the_reporter_knows_best_and_facts_beat_plans() -> None:
    way = list(planned(*WAY))
    late = event(TrackingStatus.ON_HOLD, 24 * 11, reason=TrackingReason.CARRIER_DAMAGED)
    named = legs.responsible(way, replace(late, leg_number=3))
    assert named is not None
    assert named.number == 3
    assert legs.responsible(way, replace(late, leg_number=9)) is None
    way[1] = replace(way[1], departed_at=NOON + 12 * DAY)
    still = legs.responsible(way, late)
    assert still is not None
    assert still.number == 1, "the second leg was planned to have begun, and had not"
    assert legs.responsible([], late) is None


@given(st.permutations(range(3)), st.integers(-100, 1000))
def test_the_order_in_which_legs_are_given_is_nothing(order: list[int], hours: int) -> None:
    way = planned(*WAY)
    one = event(TrackingStatus.IN_TRANSIT, hours)
    assert legs.responsible([way[place] for place in order], one) == legs.responsible(way, one)


def test_milestones_show_plan_estimate_and_fact_side_by_side() -> None:
    way = list(planned(*WAY))
    way[1] = replace(way[1], estimated_arrival_at=NOON + 21 * DAY, departed_at=NOON + 11 * DAY)
    shipment = replace(SHIPMENT, eta_at=NOON + 41 * DAY)
    told = [
        event(TrackingStatus.PICKED_UP, 2),
        replace(event(TrackingStatus.IN_TRANSIT, 90), milestone=Milestone.EXPORT_CUSTOMS),
        replace(event(TrackingStatus.IN_TRANSIT, 95), milestone=Milestone.EXPORT_CUSTOMS),
    ]
    found = {one.milestone: one for one in legs.milestones(shipment, way, told)}
    assert list(found) == list(Milestone)
    assert found[Milestone.PICKED_UP].actual_at == NOON + timedelta(hours=2)
    assert found[Milestone.EXPORT_CUSTOMS].actual_at == NOON + timedelta(hours=90)
    departed, arrived = found[Milestone.DEPARTED], found[Milestone.ARRIVED]
    assert (departed.planned_at, departed.actual_at) == (NOON + 10 * DAY, NOON + 11 * DAY)
    assert (arrived.planned_at, arrived.estimated_at, arrived.actual_at) == (NOON + 19 * DAY, NOON + 21 * DAY, None)
    delivered = found[Milestone.DELIVERED]
    assert (delivered.planned_at, delivered.estimated_at, delivered.actual_at) == (
        shipment.promised_at,
        NOON + 41 * DAY,
        None,
    )


def test_what_came_back_was_not_delivered() -> None:
    told = [event(TrackingStatus.RETURN_TO_SENDER), event(TrackingStatus.DELIVERED, 1)]
    found = {one.milestone: one.actual_at for one in legs.milestones(SHIPMENT, (), told)}
    assert found[Milestone.DELIVERED] is None
