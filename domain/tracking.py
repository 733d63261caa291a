"""Tracking: what reporters say about a shipment, and the one state that all of it adds up to.

Theory of operation (`domain.md` 6.3): a report carries one of twelve statuses and, when something went wrong, one of
35 reasons, each with the party responsible for it. `progress` folds all reports of a shipment, in the order in which
things *occurred*, into its state.

Laws: the state depends on the set of reports alone, so duplicates, late and out-of-order reports give the same final
state in any order; a report is known by its reporter's reference and counts once; an estimate never touches a promise;
a report whose clock is wrong or whose code nobody knows is kept with a flag and moves nothing (`domain/carriers.py`
says what codes mean, `flags_of` when a clock is wrong).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from domain.errors import Conflict, Invalid, Problem
from domain.ids import ProviderId, ShipmentId, TrackingEventId
from domain.tracking_terms import TrackingTerms

EVENTS_MAX: Final = 100
"""Reports in one call that succeeds or fails as a whole: few enough for a client to mend what was refused."""

BATCH_MAX: Final = 1_000
"""Reports in one call in which each stands for itself: their shipments stay locked for well below a second."""

CARRIERS_MAX: Final = 20
"""Carriers whose codes one batch may use: each is a table to be looked up."""

AT_ONCE: Final = timedelta(0)


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


class Milestone(StrEnum):
    """What every journey passes, in this order; a leg by lorry within one country skips customs."""

    PICKED_UP = "PICKED_UP"
    """The goods were handed over."""
    EXPORT_CUSTOMS = "EXPORT_CUSTOMS"
    """The country of origin let them go."""
    DEPARTED = "DEPARTED"
    """The main carriage left."""
    ARRIVED = "ARRIVED"
    """The main carriage arrived."""
    IMPORT_CUSTOMS = "IMPORT_CUSTOMS"
    """The country of destination let them in."""
    OUT_FOR_DELIVERY = "OUT_FOR_DELIVERY"
    """They are on the last mile."""
    DELIVERED = "DELIVERED"
    """They were delivered."""


SAYS: Final[Mapping[TrackingStatus, Milestone]] = {
    TrackingStatus.PICKED_UP: Milestone.PICKED_UP,
    TrackingStatus.OUT_FOR_DELIVERY: Milestone.OUT_FOR_DELIVERY,
    TrackingStatus.DELIVERED: Milestone.DELIVERED,
}
"""Statuses that are milestones by themselves."""


class EventFlag(StrEnum):
    """What is odd about a report. It is kept all the same."""

    UNKNOWN_CODE = "UNKNOWN_CODE"
    """No table of the carrier says what its code means; it counts as a report that says nothing."""
    CLOCK_AHEAD = "CLOCK_AHEAD"
    """It tells of something further in the future than clocks differ; it does not count."""
    CLOCK_BEHIND = "CLOCK_BEHIND"
    """It tells of something long before the order was placed; it does not count."""


UNTRUSTED: Final = frozenset({EventFlag.CLOCK_AHEAD, EventFlag.CLOCK_BEHIND})
"""Flags of reports that do not count, since nobody knows when what they tell was so."""


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


SEEN: Final = frozenset(TrackingStatus) - {
    TrackingStatus.UNKNOWN,
    TrackingStatus.PENDING,
    TrackingStatus.CANCELLED,
}
"""Statuses of which somebody saw the goods: what else is reported is no movement."""

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
    milestone: Milestone | None = None
    carrier: str | None = None
    """Whose codes it was told in: the last part of a rule's key, `dhl_express`."""
    code: str | None = None
    """The carrier's own code, as it came."""
    leg_number: int | None = None
    """Of the leg that the reporter named."""
    flags: tuple[EventFlag, ...] = ()

    @property
    def told(self) -> tuple[object, ...]:
        """What the reporter said, without what we added: two reports of one reference must agree on it.

        A code stands for itself: what it means may have been learnt in between.
        """
        meaning = (self.status, self.reason, self.milestone) if self.code is None else (self.carrier, self.code)
        return (*meaning, self.leg_number, self.place, self.note, self.eta_at, self.occurred_at)

    @property
    def counts(self) -> bool:
        """Whether it adds to what all reports add up to."""
        return not self.flags or UNTRUSTED.isdisjoint(self.flags)


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A report as it comes in: of a shipment named by its id, by its provider's reference or by its tracking number.

    With `return_carrier` it is of goods that go back instead, by that carrier under the tracking number.

    What happened is a status of ours or the carrier's own code. `provider_id` says whose reference or number it is;
    a provider that reports need not say so.
    """

    shipment_id: ShipmentId | None
    reference: str
    status: TrackingStatus | None
    reason: TrackingReason | None
    place: str | None
    note: str | None
    eta_at: datetime | None
    occurred_at: datetime
    milestone: Milestone | None = None
    carrier: str | None = None
    code: str | None = None
    leg_number: int | None = None
    shipment_reference: str | None = None
    tracking_number: str | None = None
    provider_id: ProviderId | None = None
    return_carrier: str | None = None

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with it by itself."""
        found = []
        names = (self.shipment_id, self.shipment_reference, self.tracking_number)
        if sum(name is not None for name in names) != 1:
            found.append(
                Problem((), "Name the shipment by one of `shipmentId`, `shipmentReference` and `trackingNumber`.")
            )
        if self.return_carrier is not None and (self.tracking_number is None or self.provider_id or self.leg_number):
            found.append(
                Problem(("returnCarrier",), "Goods that go back are named by it and `trackingNumber`, by nothing else.")
            )
        if (self.status is None) == (self.code is None):
            found.append(Problem((), "Say what happened by either `status` or `code`."))
        if (self.code is None) != (self.carrier is None):
            found.append(Problem(("carrier",), "A code comes with the carrier whose code it is, and the other way."))
        if self.code is not None and (self.reason is not None or self.milestone is not None):
            found.append(Problem(("code",), "What a code means is not said a second time."))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class RecordTrackingEvents:
    """A batch of reports, of one shipment or of many."""

    events: tuple[NewEvent, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """What all reports of a shipment add up to.

    `attempted_at` is the first time the carrier stood at the door, `moved_at` the last time the goods were seen to
    move.
    """

    state: ShipmentState
    eta_at: datetime | None
    picked_up_at: datetime | None
    attempted_at: datetime | None
    delivered_at: datetime | None
    moved_at: datetime | None = None
    responsible: ResponsibleParty | None = None
    """Who answers for the report that led to the state, where something went wrong."""
    told_until: datetime | None = None
    """When the latest of what adds up to it occurred."""


NOTHING_TOLD: Final = Progress(ShipmentState.BOOKED, None, None, None, None)
"""What no report adds up to."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """One estimate of the arrival: when it was made and what it said. The promise stood beside it unchanged."""

    eta_at: datetime
    estimated_at: datetime
    recorded_at: datetime
    reference: str


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


def flags_of(
    event: NewEvent, terms: TrackingTerms, *, begun_at: datetime, at: datetime, known_code: bool
) -> tuple[EventFlag, ...]:
    """What is odd about a report that is heard at `at`, of a shipment whose order was placed at `begun_at`."""
    found = []
    if not known_code:
        found.append(EventFlag.UNKNOWN_CODE)
    if event.occurred_at - at > terms.ahead:
        found.append(EventFlag.CLOCK_AHEAD)
    elif begun_at - event.occurred_at > terms.behind:
        found.append(EventFlag.CLOCK_BEHIND)
    return tuple(found)


def record_tracking_events(
    known: Iterable[TrackingEvent], told: Iterable[TrackingEvent], at: datetime, *, ahead: timedelta = AT_ONCE
) -> tuple[TrackingEvent, ...]:
    """The reports among `told` that are news, each reference once: all of them, or none.

    Refuses with Invalid none or too many, and each occurrence further in the future than `ahead` that has no flag for
    it; with Conflict a reference that was used for something else: a reporter who corrects itself sends a new one.
    """
    told = tuple(told)
    require_batch(told, EVENTS_MAX)
    problems = [
        Problem(("events", str(index), "occurredAt"), "A report is about what has happened.")
        for index, event in enumerate(told)
        if event.occurred_at - at > ahead and EventFlag.CLOCK_AHEAD not in event.flags
    ]
    if problems:
        raise Invalid(*problems)
    seen = {(event.shipment_id, event.reference): event for event in known}
    news: list[TrackingEvent] = []
    for index, event in enumerate(told):
        earlier = seen.get((event.shipment_id, event.reference))
        if earlier is None:
            seen[event.shipment_id, event.reference] = event
            news.append(event)
        elif earlier.told != event.told:
            raise Conflict(reused(event.reference), field=("events", str(index), "reference"))
    return tuple(news)


def require_batch(told: Sequence[object], most: int) -> None:
    """Returns if there are 1 to `most` reports. Otherwise refuses with Invalid."""
    if not 0 < len(told) <= most:
        raise Invalid(Problem(("events",), f"1 to {most:,} reports."))


def reused(reference: str) -> str:
    """What is said of a reference that was used for something else."""
    return f"The reference {reference} was used for another report."


def progress(events: Iterable[TrackingEvent], since: Progress | None = None) -> Progress:
    """What the reports add up to, whatever the order they came in (BOOKED when there is none).

    With `since`, what they add to that: the same as folding everything, if all of them are `later` than it.
    """
    stood = since or NOTHING_TOLD
    state, eta_at, picked_up_at = stood.state, stood.eta_at, stood.picked_up_at
    attempted_at, delivered_at, moved_at = stood.attempted_at, stood.delivered_at, stood.moved_at
    responsible, told_until = stood.responsible, stood.told_until
    for event in sorted(events, key=_order):
        if state in OVER:
            break
        if not event.counts:
            continue
        told_until = event.occurred_at
        party = None if event.reason is None else RESPONSIBLE[event.reason]
        state = LEADS_TO[event.status](state, party, event.reason)
        responsible = responsible if event.status is TrackingStatus.UNKNOWN else party
        eta_at = event.eta_at or eta_at
        if event.status is TrackingStatus.PICKED_UP:
            picked_up_at = picked_up_at or event.occurred_at
        if _at_the_door(state, party):
            attempted_at = attempted_at or event.occurred_at
        if state is ShipmentState.DELIVERED:
            delivered_at = event.occurred_at
        if event.status in SEEN and event.reason is not TrackingReason.CARRIER_LOST:
            moved_at = event.occurred_at
    return Progress(state, eta_at, picked_up_at, attempted_at, delivered_at, moved_at, responsible, told_until)


def answers(events: Iterable[TrackingEvent], until: datetime | None = None) -> ResponsibleParty | None:
    """Who answers for what last went wrong (until then, where it is given); None where nothing was reported.

    `progress` forgets it once the goods move again; whoever asks why they were late or damaged wants to know.
    """
    wrong = [
        (_order(event), RESPONSIBLE[event.reason])
        for event in events
        if event.counts and event.reason is not None and (until is None or event.occurred_at <= until)
    ]
    return max(wrong, key=lambda each: each[0])[1] if wrong else None


def later(events: Iterable[TrackingEvent], since: Progress) -> bool:
    """Whether all that counts of the reports occurred after everything that adds up to `since`."""
    until = since.told_until
    return until is None or all(event.occurred_at > until for event in events if event.counts)


def estimates(events: Iterable[TrackingEvent]) -> tuple[Estimate, ...]:
    """Every estimate that the reports gave, in the order they were made. What has a wrong clock gave none."""
    return tuple(
        Estimate(event.eta_at, event.occurred_at, event.recorded_at, event.reference)
        for event in sorted(events, key=_order)
        if event.eta_at is not None and event.counts
    )


def passed(events: Iterable[TrackingEvent]) -> Mapping[Milestone, datetime]:
    """Milestone -> when it was first passed, of those that were."""
    found: dict[Milestone, datetime] = {}
    for event in sorted(events, key=_order):
        milestone = event.milestone or SAYS.get(event.status)
        if milestone is not None and event.counts:
            found.setdefault(milestone, event.occurred_at)
    return found


def _order(event: TrackingEvent) -> tuple[datetime, int, str]:
    """In the order in which things occurred; the rest only so that there is one order."""
    return (event.occurred_at, _RANK[event.status], event.reference)


def _at_the_door(state: ShipmentState, party: ResponsibleParty | None) -> bool:
    """Whether the carrier offered the goods: delivered, or failed through the consignee.

    A carrier that gives no reason has not shown that it came.
    """
    return state is ShipmentState.DELIVERED or (
        state is ShipmentState.DELIVERY_FAILED and party is ResponsibleParty.CONSIGNEE
    )
