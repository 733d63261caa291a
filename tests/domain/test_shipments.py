"""Shipments: what reports add up to is written on them; the promise is not touched."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import shipments
from domain.access import Caller, Role, Scope, ViewerKind
from domain.errors import Invalid, Refused
from domain.ids import ApiKeyId, OrderId, OrderLineId, OrganisationId, ProviderId, ShipmentId, TenantId
from domain.money import Money
from domain.shipments import RecordShipment, Shipment, ShipmentAction, ShipmentMode
from domain.tracking import Progress, ShipmentState

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
    change = shipments.take_progress(recorded(eta_at=NOON), Progress(ShipmentState.IN_TRANSIT, None, NOON, None, None))
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
    assert shipments.is_late(recorded(delivered_at=delivered_at), at) is late


def test_without_a_promise_nothing_is_late() -> None:
    assert not shipments.is_late(recorded(promised_at=None), PROMISE)


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
