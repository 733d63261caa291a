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
"""Reports in one call: one statement, one lock per shipment, answered in time."""


class TrackingStatus(StrEnum):
    """The twelve normalised statuses (`domain.md` 6.3, published K1), in the order in which a parcel meets them."""

    UNKNOWN = "UNKNOWN"
    """Nothing is said about where it is."""
    PENDING = "PENDING"
    """Announced, not yet handed over."""
    PICKED_UP = "PICKED_UP"
    """Handed over to the carrier."""
    IN_TRANSIT = "IN_TRANSIT"
    """On the way."""
    ON_HOLD = "ON_HOLD"
    """Held somewhere; the reason says why."""
    DELIVERY_DELAYED = "DELIVERY_DELAYED"
    """On the way, later than planned."""
    OUT_FOR_DELIVERY = "OUT_FOR_DELIVERY"
    """On the last mile."""
    DELIVERY_FAILED = "DELIVERY_FAILED"
    """An attempt at delivery failed; the reason says why."""
    READY_FOR_PICKUP = "READY_FOR_PICKUP"
    """Waiting to be fetched by the consignee."""
    RETURN_TO_SENDER = "RETURN_TO_SENDER"
    """On the way back to the sender."""
    CANCELLED = "CANCELLED"
    """The transport was called off."""
    DELIVERED = "DELIVERED"
    """Delivered."""


class ResponsibleParty(StrEnum):
    """Who answers for what went wrong on the way; it feeds liability directly."""

    CARRIER = "CARRIER"
    """Whoever carries the goods."""
    SHIPPER = "SHIPPER"
    """Whoever sent the goods."""
    CONSIGNEE = "CONSIGNEE"
    """Whoever receives the goods."""
    CUSTOMS = "CUSTOMS"
    """The customs authorities."""
    FORCE_MAJEURE = "FORCE_MAJEURE"
    """Nobody: it could not be averted."""
    OTHER = "OTHER"
    """Somebody else, or nobody knows yet."""


class TrackingReason(StrEnum):
    """The 35 reasons for an exception (`domain.md` 6.3), each beginning with the party responsible for it."""

    CARRIER_DAMAGED = "CARRIER_DAMAGED"
    """The carrier damaged the goods."""
    CARRIER_MISSORTED = "CARRIER_MISSORTED"
    """The carrier sorted the goods onto a wrong way."""
    CARRIER_ADDRESS_NOT_FOUND = "CARRIER_ADDRESS_NOT_FOUND"
    """The carrier did not find an address that exists."""
    CARRIER_LOST = "CARRIER_LOST"
    """The carrier lost the goods."""
    CARRIER_OUT_OF_TIME = "CARRIER_OUT_OF_TIME"
    """The carrier's day was too short."""
    CARRIER_VEHICLE = "CARRIER_VEHICLE"
    """The carrier's vehicle had an accident or was missing."""
    CARRIER_CAPACITY = "CARRIER_CAPACITY"
    """The carrier had no room."""
    CARRIER_MECHANICAL = "CARRIER_MECHANICAL"
    """The carrier's machine or vehicle broke down."""
    SHIPPER_CANCELLED = "SHIPPER_CANCELLED"
    """The shipper called it off."""
    SHIPPER_WRONG_DATA = "SHIPPER_WRONG_DATA"
    """The shipper gave wrong or missing data."""
    SHIPPER_NOT_READY = "SHIPPER_NOT_READY"
    """The goods were not ready to be picked up."""
    SHIPPER_WRONG_PARCEL = "SHIPPER_WRONG_PARCEL"
    """The shipper handed over the wrong parcel."""
    SHIPPER_WRONG_DIMENSIONS = "SHIPPER_WRONG_DIMENSIONS"
    """The goods were larger or heavier than announced."""
    SHIPPER_PACKAGING = "SHIPPER_PACKAGING"
    """The packaging was not fit for the journey."""
    CONSIGNEE_REFUSED = "CONSIGNEE_REFUSED"
    """The consignee refused the goods."""
    CONSIGNEE_CLOSED = "CONSIGNEE_CLOSED"
    """The consignee's premises were closed."""
    CONSIGNEE_UNAVAILABLE = "CONSIGNEE_UNAVAILABLE"
    """The consignee could not be reached."""
    CONSIGNEE_NOT_HOME = "CONSIGNEE_NOT_HOME"
    """Nobody was at home."""
    CONSIGNEE_CANCELLED = "CONSIGNEE_CANCELLED"
    """The consignee called it off."""
    CONSIGNEE_VERIFICATION_FAILED = "CONSIGNEE_VERIFICATION_FAILED"
    """The consignee could not show who they are."""
    CONSIGNEE_WRONG_ADDRESS = "CONSIGNEE_WRONG_ADDRESS"
    """The address given is wrong."""
    CONSIGNEE_NO_ACCESS = "CONSIGNEE_NO_ACCESS"
    """There was no way in."""
    CONSIGNEE_NO_SAFE_PLACE = "CONSIGNEE_NO_SAFE_PLACE"
    """There was no safe place to leave the goods."""
    CUSTOMS_DELAY = "CUSTOMS_DELAY"
    """Customs took longer than usual."""
    CUSTOMS_DOCUMENTS = "CUSTOMS_DOCUMENTS"
    """Customs miss documents."""
    CUSTOMS_DUTIES_UNPAID = "CUSTOMS_DUTIES_UNPAID"
    """Duties or taxes are unpaid."""
    CUSTOMS_PROHIBITED = "CUSTOMS_PROHIBITED"
    """The goods may not be brought in."""
    CUSTOMS_INSPECTION = "CUSTOMS_INSPECTION"
    """Customs inspect the goods."""
    FORCE_MAJEURE_WEATHER = "FORCE_MAJEURE_WEATHER"
    """Weather stopped it."""
    FORCE_MAJEURE_DISASTER = "FORCE_MAJEURE_DISASTER"
    """A disaster stopped it."""
    FORCE_MAJEURE_OTHER = "FORCE_MAJEURE_OTHER"
    """Something else that nobody could avert stopped it."""
    OTHER_UNDER_INVESTIGATION = "OTHER_UNDER_INVESTIGATION"
    """It is being looked into."""
    OTHER_SECURITY = "OTHER_SECURITY"
    """A security check stopped it."""
    OTHER_REGULATORY = "OTHER_REGULATORY"
    """An authority other than customs stopped it."""
    OTHER_UNKNOWN = "OTHER_UNKNOWN"
    """Nobody knows why."""


RESPONSIBLE: Final[Mapping[TrackingReason, ResponsibleParty]] = {
    reason: next(party for party in ResponsibleParty if reason.value.startswith(f"{party.value}_"))
    for reason in TrackingReason
}
"""Reason -> who answers for it. Total: a reason that begins with no party stops the program at import."""


class ShipmentState(StrEnum):
    """Where a shipment stands (`domain.md` 6.3)."""

    BOOKED = "BOOKED"
    """Booked, not yet picked up."""
    PICKED_UP = "PICKED_UP"
    """With the carrier."""
    IN_TRANSIT = "IN_TRANSIT"
    """On the way."""
    CUSTOMS = "CUSTOMS"
    """With customs."""
    OUT_FOR_DELIVERY = "OUT_FOR_DELIVERY"
    """On the last mile."""
    DELIVERED = "DELIVERED"
    """Delivered; over."""
    ON_HOLD = "ON_HOLD"
    """Held somewhere."""
    DELAYED = "DELAYED"
    """On the way, later than planned."""
    DELIVERY_FAILED = "DELIVERY_FAILED"
    """An attempt at delivery failed."""
    READY_FOR_PICKUP = "READY_FOR_PICKUP"
    """Waiting to be fetched."""
    RETURNING = "RETURNING"
    """On the way back to the sender."""
    RETURNED = "RETURNED"
    """Back at the sender; over."""
    LOST = "LOST"
    """Lost by the carrier; may be found."""
    CANCELLED = "CANCELLED"
    """The transport was called off."""


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

    Refuses with Invalid none or too many, and each occurrence in the future; with Conflict a reference that was used
    for something else: a reporter who corrects itself sends a new reference.
    """
    told = tuple(told)
    if not 0 < len(told) <= EVENTS_MAX:
        raise Invalid(Problem(("events",), f"1 to {EVENTS_MAX} reports."))
    seen = {(event.shipment_id, event.reference): event for event in known}
    news: list[TrackingEvent] = []
    problems: list[Problem] = []
    for index, event in enumerate(told):
        if event.occurred_at > at:
            problems.append(Problem(("events", str(index), "occurredAt"), "A report is about what has happened."))
        earlier = seen.get((event.shipment_id, event.reference))
        if earlier is None:
            seen[event.shipment_id, event.reference] = event
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
