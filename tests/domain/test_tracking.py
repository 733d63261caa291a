"""Tracking: the same reports add up to the same state in whatever order they come."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import reports, tracking
from domain.errors import Conflict, Invalid
from domain.ids import ProviderId, ShipmentId, TrackingEventId
from domain.reports import Reception, ReportRefusal
from domain.tracking import (
    RESPONSIBLE,
    EventFlag,
    Milestone,
    NewEvent,
    Progress,
    ResponsibleParty,
    ShipmentState,
    TrackingEvent,
    TrackingReason,
    TrackingStatus,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SHIPMENT = ShipmentId.mint(1, 1)


def event(
    status: TrackingStatus,
    hours: int = 0,
    *,
    reason: TrackingReason | None = None,
    reference: str | None = None,
    eta_at: datetime | None = None,
) -> TrackingEvent:
    return TrackingEvent(
        id=TrackingEventId.mint(10_000 + hours, len(status)),
        shipment_id=SHIPMENT,
        reference=reference or f"{status}-{hours}",
        status=status,
        reason=reason,
        place=None,
        note=None,
        eta_at=eta_at,
        occurred_at=NOON + timedelta(hours=hours),
        recorded_at=NOON + timedelta(days=30),
    )


events = st.lists(
    st.builds(
        event,
        st.sampled_from(TrackingStatus),
        st.integers(0, 6),
        reason=st.none() | st.sampled_from(TrackingReason),
        reference=st.sampled_from([str(number) for number in range(8)]),
        eta_at=st.none() | st.integers(1, 5).map(lambda days: NOON + timedelta(days=days)),
    ),
    max_size=8,
    unique_by=lambda told: told.reference,
)


def received(told: list[TrackingEvent], batch: int) -> tuple[TrackingEvent, ...]:
    """What is known after the reports came in, that many at a time."""
    known: tuple[TrackingEvent, ...] = ()
    for start in range(0, len(told), batch):
        known += tracking.record_tracking_events(known, told[start : start + batch], NOON + timedelta(days=30))
    return known


@given(st.data(), events, st.integers(1, 5))
def test_order_lateness_and_duplicates_do_not_matter(
    data: st.DataObject, told: list[TrackingEvent], batch: int
) -> None:
    again = data.draw(st.permutations(told + data.draw(st.lists(st.sampled_from(told), max_size=4)) if told else []))
    known = received(list(again), batch)
    assert {one.reference for one in known} == {one.reference for one in told}
    assert len(known) == len(told)
    assert tracking.progress(known) == tracking.progress(told)


@given(events)
def test_nothing_reported_after_the_delivery_changes_it(told: list[TrackingEvent]) -> None:
    delivered = [*told, event(TrackingStatus.DELIVERED, 6, reference="delivered")]
    before = tracking.progress(delivered)
    if before.state is ShipmentState.DELIVERED:
        stray = event(TrackingStatus.IN_TRANSIT, 9, reference="stray", eta_at=NOON)
        assert tracking.progress([*delivered, stray]) == before


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ([], ShipmentState.BOOKED),
        ([event(TrackingStatus.PICKED_UP)], ShipmentState.PICKED_UP),
        ([event(TrackingStatus.ON_HOLD)], ShipmentState.ON_HOLD),
        ([event(TrackingStatus.ON_HOLD, reason=TrackingReason.CUSTOMS_DOCUMENTS)], ShipmentState.CUSTOMS),
        ([event(TrackingStatus.DELIVERY_FAILED, reason=TrackingReason.CARRIER_LOST)], ShipmentState.LOST),
        ([event(TrackingStatus.CANCELLED), event(TrackingStatus.PICKED_UP, 1)], ShipmentState.PICKED_UP),
        ([event(TrackingStatus.RETURN_TO_SENDER), event(TrackingStatus.DELIVERED, 1)], ShipmentState.RETURNED),
        ([event(TrackingStatus.IN_TRANSIT), event(TrackingStatus.UNKNOWN, 1)], ShipmentState.IN_TRANSIT),
        ([event(TrackingStatus.DELIVERY_DELAYED)], ShipmentState.DELAYED),
    ],
)
def test_statuses_lead_to_states(told: list[TrackingEvent], state: ShipmentState) -> None:
    assert tracking.progress(told).state is state


def test_progress_remembers_the_first_pick_up_attempt_and_delivery() -> None:
    told = [
        event(TrackingStatus.DELIVERED, 5),
        event(TrackingStatus.DELIVERY_FAILED, 4, reason=TrackingReason.CONSIGNEE_NOT_HOME),
        event(TrackingStatus.DELIVERY_FAILED, 3, reason=TrackingReason.CARRIER_OUT_OF_TIME),
        event(TrackingStatus.IN_TRANSIT, 2, eta_at=NOON + timedelta(days=2)),
        event(TrackingStatus.PICKED_UP, 1),
    ]
    assert tracking.progress(told) == Progress(
        ShipmentState.DELIVERED,
        eta_at=NOON + timedelta(days=2),
        picked_up_at=NOON + timedelta(hours=1),
        attempted_at=NOON + timedelta(hours=4),
        delivered_at=NOON + timedelta(hours=5),
        moved_at=NOON + timedelta(hours=5),
        told_until=NOON + timedelta(hours=5),
    )


def test_a_failure_without_a_reason_is_no_attempt() -> None:
    assert tracking.progress([event(TrackingStatus.DELIVERY_FAILED)]).attempted_at is None


def test_a_return_is_no_delivery() -> None:
    told = [event(TrackingStatus.RETURN_TO_SENDER), event(TrackingStatus.DELIVERED, 1)]
    assert tracking.progress(told).delivered_at is None
    assert tracking.progress(told).attempted_at is None


def test_there_are_twelve_statuses_and_thirty_five_reasons_of_six_parties() -> None:
    assert len(TrackingStatus) == 12
    assert len(RESPONSIBLE) == 35
    counts = {party: list(RESPONSIBLE.values()).count(party) for party in ResponsibleParty}
    assert counts == {
        ResponsibleParty.CARRIER: 8,
        ResponsibleParty.SHIPPER: 6,
        ResponsibleParty.CONSIGNEE: 9,
        ResponsibleParty.CUSTOMS: 5,
        ResponsibleParty.FORCE_MAJEURE: 3,
        ResponsibleParty.OTHER: 4,
    }


def test_a_reference_stands_for_one_report() -> None:
    first = event(TrackingStatus.PICKED_UP, reference="7")
    assert (
        tracking.record_tracking_events([first], [replace(first, id=TrackingEventId.mint(9, 9))], first.recorded_at)
        == ()
    )
    with pytest.raises(Conflict) as refusal:
        tracking.record_tracking_events([first], [replace(first, status=TrackingStatus.DELIVERED)], first.recorded_at)
    assert refusal.value.field == ("events", "0", "reference")


def test_a_report_of_the_future_is_refused_by_its_place() -> None:
    told = [event(TrackingStatus.PICKED_UP), event(TrackingStatus.DELIVERED, 2)]
    with pytest.raises(Invalid) as refusal:
        tracking.record_tracking_events([], told, NOON + timedelta(hours=1))
    assert [problem.field for problem in refusal.value.problems] == [("events", "1", "occurredAt")]


@given(events, st.integers(0, 8))
def test_a_fold_goes_on_where_it_stopped_if_and_only_if_the_rest_is_later(
    told: list[TrackingEvent], place: int
) -> None:
    """What makes thousands of reports a second cheap: of a shipment whose news are its latest nothing else is read."""
    first, rest = told[:place], told[place:]
    stood = tracking.progress(first)
    if tracking.later(rest, stood):
        assert tracking.progress(rest, stood) == tracking.progress(told)
    in_order = sorted(told, key=lambda one: one.occurred_at)
    gap = [one for one in in_order if stood.told_until is not None and one.occurred_at > stood.told_until]
    assert tracking.later(gap, stood)


flagged = st.builds(
    lambda one, flags: replace(one, flags=tuple(sorted(flags))),
    st.builds(event, st.sampled_from(TrackingStatus), st.integers(-6, 12), reference=st.integers(20, 30).map(str)),
    st.sets(st.sampled_from([EventFlag.CLOCK_AHEAD, EventFlag.CLOCK_BEHIND]), min_size=1),
)


@given(st.data(), events, st.lists(flagged, max_size=4, unique_by=lambda one: one.reference))
def test_what_has_a_wrong_clock_moves_nothing_wherever_it_comes(
    data: st.DataObject, told: list[TrackingEvent], odd: list[TrackingEvent]
) -> None:
    mixed = data.draw(st.permutations([*told, *odd]))
    assert tracking.progress(mixed) == tracking.progress(told)
    assert tracking.passed(mixed) == tracking.passed(told)
    assert tracking.estimates(mixed) == tracking.estimates(told)


def test_a_code_that_nobody_knows_says_nothing_and_its_estimate_counts() -> None:
    unknown = replace(
        event(TrackingStatus.UNKNOWN, 2, eta_at=NOON), carrier="ups", code="??", flags=(EventFlag.UNKNOWN_CODE,)
    )
    before = tracking.progress([event(TrackingStatus.PICKED_UP)])
    after = tracking.progress([event(TrackingStatus.PICKED_UP), unknown])
    assert (after.state, after.moved_at, after.eta_at) == (before.state, before.moved_at, NOON)


def test_a_code_learnt_in_between_is_still_the_same_report() -> None:
    coded = replace(
        event(TrackingStatus.UNKNOWN, reference="7"), carrier="ups", code="D", flags=(EventFlag.UNKNOWN_CODE,)
    )
    learnt = replace(coded, status=TrackingStatus.DELIVERED, milestone=Milestone.DELIVERED, flags=())
    assert coded.told == learnt.told
    assert coded.told != replace(learnt, code="I").told


def test_each_report_of_a_batch_stands_for_itself() -> None:
    known = event(TrackingStatus.PICKED_UP, reference="1")
    told = {
        3: replace(known, id=TrackingEventId.mint(9, 9)),
        4: replace(known, status=TrackingStatus.DELIVERED),
        5: event(TrackingStatus.IN_TRANSIT, 1, reference="2"),
        6: event(TrackingStatus.IN_TRANSIT, 1, reference="2"),
        7: replace(event(TrackingStatus.UNKNOWN, 2, reference="3"), flags=(EventFlag.UNKNOWN_CODE,)),
    }
    news, received = reports.sift([known], told, reports.shipment)
    assert news == (told[5], told[7])
    assert [(place, one.reception, one.code) for place, one in received.items()] == [
        (3, Reception.DUPLICATE, None),
        (4, Reception.REFUSED, ReportRefusal.REFERENCE_REUSED),
        (5, Reception.ACCEPTED, None),
        (6, Reception.DUPLICATE, None),
        (7, Reception.FLAGGED, None),
    ]


def told(**changes: object) -> NewEvent:
    fields: dict[str, object] = {
        "shipment_id": SHIPMENT,
        "reference": "1",
        "status": TrackingStatus.PICKED_UP,
        "reason": None,
        "place": "Oakland",
        "note": None,
        "eta_at": NOON,
        "occurred_at": NOON,
    }
    return NewEvent(**(fields | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ({}, 0),
        ({"shipment_id": None}, 1),
        ({"shipment_reference": "ASN-1"}, 1),
        ({"status": None}, 1),
        ({"code": "PU", "carrier": "ups"}, 1),
        ({"status": None, "code": "PU"}, 1),
        ({"status": None, "code": "PU", "carrier": "ups"}, 0),
        ({"status": None, "code": "PU", "carrier": "ups", "milestone": Milestone.PICKED_UP}, 1),
        ({"shipment_id": None, "status": None, "carrier": "ups"}, 3),
    ],
)
def test_what_is_wrong_with_a_report_by_itself_is_all_told(changes: dict[str, object], count: int) -> None:
    assert len(told(**changes).problems) == count


def test_a_report_that_waits_is_the_same_when_it_is_taken() -> None:
    whole = told(
        shipment_id=None,
        status=None,
        carrier="ups",
        code="D",
        leg_number=2,
        note="left with a neighbour",
        tracking_number="1Z999AA10123456784",
        provider_id=ProviderId.mint(1, 1),
    )
    for one in (whole, told(reason=TrackingReason.CUSTOMS_DELAY, milestone=Milestone.ARRIVED, place=None, eta_at=None)):
        read = reports.read_report(reports.plain_report(one))
        assert read == replace(one, shipment_id=None, tracking_number=None, provider_id=None)


def test_responsible_is_whoever_answers_for_the_state_it_stands_in() -> None:
    held = event(TrackingStatus.ON_HOLD, 1, reason=TrackingReason.CUSTOMS_DOCUMENTS)
    silent = event(TrackingStatus.UNKNOWN, 2)
    assert tracking.progress([held, silent]).responsible is ResponsibleParty.CUSTOMS
    assert tracking.progress([held, silent, event(TrackingStatus.IN_TRANSIT, 3)]).responsible is None
