"""Tracking: what reporters say about a shipment, and the one state that all of it adds up to.

Theory of operation (`domain.md` 6.3): a report carries one of twelve statuses and, when something went wrong, one of
35 reasons, each with the party responsible for it. `progress` folds all reports of a shipment, in the order in which
things *occurred*, into its state.

Laws: the state depends on the set of reports alone, so duplicates, late and out-of-order reports give the same final
state in any order; a report is known by its reporter's reference and counts once; an estimate never touches a promise.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.errors import Conflict, Invalid, Problem
from domain.ids import ShipmentId, TrackingEventId

EVENTS_MAX: Final = 100
"""Reports in one call (the brief of recordTrackingEvents): one statement, one lock per shipment, answered in time."""


class TrackingStatus(StrEnum):
    """The twelve normalised statuses (`domain.md` 6.3, published K1), in the order in which a parcel meets them."""

    UNKNOWN = "UNKNOWN"
    PENDING = "PENDING"
    PICKED_UP = "PICKED_UP"
    IN_TRANSIT = "IN_TRANSIT"
    ON_HOLD = "ON_HOLD"
    DELIVERY_DELAYED = "DELIVERY_DELAYED"
    OUT_FOR_DELIVERY = "OUT_FOR_DELIVERY"
    DELIVERY_FAILED = "DELIVERY_FAILED"
    READY_FOR_PICKUP = "READY_FOR_PICKUP"
    RETURN_TO_SENDER = "RETURN_TO_SENDER"
    CANCELLED = "CANCELLED"
    DELIVERED = "DELIVERED"


class ResponsibleParty(StrEnum):
    """Who answers for what went wrong on the way; it feeds liability directly."""

    CARRIER = "CARRIER"
    SHIPPER = "SHIPPER"
    CONSIGNEE = "CONSIGNEE"
    CUSTOMS = "CUSTOMS"
    FORCE_MAJEURE = "FORCE_MAJEURE"
    OTHER = "OTHER"


class TrackingReason(StrEnum):
    """The 35 reasons for an exception (`domain.md` 6.3), each beginning with the party responsible for it."""

    CARRIER_DAMAGED = "CARRIER_DAMAGED"
    CARRIER_MISSORTED = "CARRIER_MISSORTED"
    CARRIER_ADDRESS_NOT_FOUND = "CARRIER_ADDRESS_NOT_FOUND"
    CARRIER_LOST = "CARRIER_LOST"
    CARRIER_OUT_OF_TIME = "CARRIER_OUT_OF_TIME"
    CARRIER_VEHICLE = "CARRIER_VEHICLE"
    CARRIER_CAPACITY = "CARRIER_CAPACITY"
    CARRIER_MECHANICAL = "CARRIER_MECHANICAL"
    SHIPPER_CANCELLED = "SHIPPER_CANCELLED"
    SHIPPER_WRONG_DATA = "SHIPPER_WRONG_DATA"
    SHIPPER_NOT_READY = "SHIPPER_NOT_READY"
    SHIPPER_WRONG_PARCEL = "SHIPPER_WRONG_PARCEL"
    SHIPPER_WRONG_DIMENSIONS = "SHIPPER_WRONG_DIMENSIONS"
    SHIPPER_PACKAGING = "SHIPPER_PACKAGING"
    CONSIGNEE_REFUSED = "CONSIGNEE_REFUSED"
    CONSIGNEE_CLOSED = "CONSIGNEE_CLOSED"
    CONSIGNEE_UNAVAILABLE = "CONSIGNEE_UNAVAILABLE"
    CONSIGNEE_NOT_HOME = "CONSIGNEE_NOT_HOME"
    CONSIGNEE_CANCELLED = "CONSIGNEE_CANCELLED"
    CONSIGNEE_VERIFICATION_FAILED = "CONSIGNEE_VERIFICATION_FAILED"
    CONSIGNEE_WRONG_ADDRESS = "CONSIGNEE_WRONG_ADDRESS"
    CONSIGNEE_NO_ACCESS = "CONSIGNEE_NO_ACCESS"
    CONSIGNEE_NO_SAFE_PLACE = "CONSIGNEE_NO_SAFE_PLACE"
    CUSTOMS_DELAY = "CUSTOMS_DELAY"
    CUSTOMS_DOCUMENTS = "CUSTOMS_DOCUMENTS"
    CUSTOMS_DUTIES_UNPAID = "CUSTOMS_DUTIES_UNPAID"
    CUSTOMS_PROHIBITED = "CUSTOMS_PROHIBITED"
    CUSTOMS_INSPECTION = "CUSTOMS_INSPECTION"
    FORCE_MAJEURE_WEATHER = "FORCE_MAJEURE_WEATHER"
    FORCE_MAJEURE_DISASTER = "FORCE_MAJEURE_DISASTER"
    FORCE_MAJEURE_OTHER = "FORCE_MAJEURE_OTHER"
    OTHER_UNDER_INVESTIGATION = "OTHER_UNDER_INVESTIGATION"
    OTHER_SECURITY = "OTHER_SECURITY"
    OTHER_REGULATORY = "OTHER_REGULATORY"
    OTHER_UNKNOWN = "OTHER_UNKNOWN"


RESPONSIBLE: Final[Mapping[TrackingReason, ResponsibleParty]] = {
    reason: next(party for party in ResponsibleParty if reason.value.startswith(f"{party.value}_"))
    for reason in TrackingReason
}
"""Reason -> who answers for it. Total: a reason that begins with no party stops the program at import."""


class ShipmentState(StrEnum):
    """Where a shipment stands (`domain.md` 6.3)."""

    BOOKED = "BOOKED"
    PICKED_UP = "PICKED_UP"
    IN_TRANSIT = "IN_TRANSIT"
    CUSTOMS = "CUSTOMS"
    OUT_FOR_DELIVERY = "OUT_FOR_DELIVERY"
    DELIVERED = "DELIVERED"
    ON_HOLD = "ON_HOLD"
    DELAYED = "DELAYED"
    DELIVERY_FAILED = "DELIVERY_FAILED"
    READY_FOR_PICKUP = "READY_FOR_PICKUP"
    RETURNING = "RETURNING"
    RETURNED = "RETURNED"
    LOST = "LOST"
    CANCELLED = "CANCELLED"


OVER: Final = frozenset({ShipmentState.DELIVERED, ShipmentState.RETURNED})
"""States that no later report leaves: a stray scan after the delivery changes nothing."""


@dataclass(frozen=True, slots=True)
class TrackingEvent:
    """One report. `reference` is the reporter's own number, `occurred_at` when it was so, not when we heard of it."""

    id: TrackingEventId
    shipment_id: ShipmentId
    reference: str
    status: TrackingStatus
    reason: TrackingReason | None
    place: str | None
    note: str | None
    eta_at: datetime | None
    occurred_at: datetime
    recorded_at: datetime

    @property
    def told(self) -> tuple[object, ...]:
        """What the reporter said, without what we added: two reports of one reference must agree on it."""
        return (self.status, self.reason, self.place, self.note, self.eta_at, self.occurred_at)


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A report as it comes in."""

    shipment_id: ShipmentId
    reference: str
    status: TrackingStatus
    reason: TrackingReason | None
    place: str | None
    note: str | None
    eta_at: datetime | None
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class RecordTrackingEvents:
    """A batch of reports, of one shipment or of many."""

    events: tuple[NewEvent, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """What all reports of a shipment add up to. `attempted_at` is the first time the carrier stood at the door."""

    state: ShipmentState
    eta_at: datetime | None
    picked_up_at: datetime | None
    attempted_at: datetime | None
    delivered_at: datetime | None


Rule = Callable[[ShipmentState, ResponsibleParty | None, TrackingReason | None], ShipmentState]
"""(state before, responsible party, reason) -> state after."""


def _always(state: ShipmentState) -> Rule:
    return lambda _before, _party, _reason: state


def _on_the_way(state: ShipmentState) -> Rule:
    """That state, unless customs are the reason: then it is theirs."""
    return lambda _before, party, _reason: ShipmentState.CUSTOMS if party is ResponsibleParty.CUSTOMS else state


LEADS_TO: Final[Mapping[TrackingStatus, Rule]] = {
    TrackingStatus.UNKNOWN: lambda before, _party, _reason: before,
    TrackingStatus.PENDING: _always(ShipmentState.BOOKED),
    TrackingStatus.PICKED_UP: _always(ShipmentState.PICKED_UP),
    TrackingStatus.IN_TRANSIT: _on_the_way(ShipmentState.IN_TRANSIT),
    TrackingStatus.ON_HOLD: _on_the_way(ShipmentState.ON_HOLD),
    TrackingStatus.DELIVERY_DELAYED: _on_the_way(ShipmentState.DELAYED),
    TrackingStatus.OUT_FOR_DELIVERY: _always(ShipmentState.OUT_FOR_DELIVERY),
    TrackingStatus.DELIVERY_FAILED: lambda _before, _party, reason: (
        ShipmentState.LOST if reason is TrackingReason.CARRIER_LOST else ShipmentState.DELIVERY_FAILED
    ),
    TrackingStatus.READY_FOR_PICKUP: _always(ShipmentState.READY_FOR_PICKUP),
    TrackingStatus.RETURN_TO_SENDER: _always(ShipmentState.RETURNING),
    TrackingStatus.CANCELLED: _always(ShipmentState.CANCELLED),
    TrackingStatus.DELIVERED: lambda before, _party, _reason: (
        ShipmentState.RETURNED if before is ShipmentState.RETURNING else ShipmentState.DELIVERED
    ),
}
"""Status -> the state it leads to, from the state before, the responsible party and the reason. Total."""
assert LEADS_TO.keys() == set(TrackingStatus)

_RANK: Final = {status: rank for rank, status in enumerate(TrackingStatus)}


def record_tracking_events(
    known: Iterable[TrackingEvent], told: Iterable[TrackingEvent], at: datetime
) -> tuple[TrackingEvent, ...]:
    """The reports among `told` that are news, each reference once.

    Refuses an occurrence in the future (Invalid, naming each), and a reference that was used for something else
    (Conflict): a reporter who corrects itself sends a new reference.
    """
    seen = {(event.shipment_id, event.reference): event for event in known}
    news: list[TrackingEvent] = []
    problems: list[Problem] = []
    for index, event in enumerate(told):
        if event.occurred_at > at:
            problems.append(Problem(("events", str(index), "occurredAt"), "A report is about what has happened."))
        earlier = seen.setdefault((event.shipment_id, event.reference), event)
        if earlier is event:
            news.append(event)
        elif earlier.told != event.told:
            raise Conflict(
                f"The reference {event.reference} was used for another report.",
                field=("events", str(index), "reference"),
            )
    if problems:
        raise Invalid(*problems)
    return tuple(news)


def progress(events: Iterable[TrackingEvent]) -> Progress:
    """What the reports add up to, whatever the order they came in (BOOKED when there is none)."""
    state, eta_at, picked_up_at, attempted_at, delivered_at = ShipmentState.BOOKED, None, None, None, None
    for event in sorted(events, key=lambda event: (event.occurred_at, _RANK[event.status], event.reference)):
        if state in OVER:
            break
        party = None if event.reason is None else RESPONSIBLE[event.reason]
        state = LEADS_TO[event.status](state, party, event.reason)
        eta_at = event.eta_at or eta_at
        if event.status is TrackingStatus.PICKED_UP:
            picked_up_at = picked_up_at or event.occurred_at
        if _at_the_door(state, party):
            attempted_at = attempted_at or event.occurred_at
        if state is ShipmentState.DELIVERED:
            delivered_at = event.occurred_at
    return Progress(state, eta_at, picked_up_at, attempted_at, delivered_at)


def _at_the_door(state: ShipmentState, party: ResponsibleParty | None) -> bool:
    """Whether the carrier offered the goods: delivered, or failed through the consignee.

    A carrier that gives no reason has not shown that it came.
    """
    return state is ShipmentState.DELIVERED or (
        state is ShipmentState.DELIVERY_FAILED and party is ResponsibleParty.CONSIGNEE
    )
