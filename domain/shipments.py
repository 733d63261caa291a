"""Shipments: lines of one order on their way with one provider.

Theory of operation: a shipment is recorded BOOKED with the promise it was bought with; everything after that comes from
tracking reports (`domain/tracking.py`), whose sum `take_progress` writes onto it.

A line travels whole. Lines of one order may travel in as many shipments as they like; pieces of one line that part ways
are lines of their own, which `recordShipment` divides (`orders.divide_line`), so that each has its own promise, its own
delivery and its own share of the value (decision 0130).

Laws: the promise, once given, is never overwritten: an estimate stands beside it; the state is what the reports add up
to and nothing else, so that a loss is presumed by a report of the platform itself, which a later report overcomes; a
shipment that nobody saw moving is flagged until somebody does; a tracking number whose check digit is wrong is kept and
shown as wrong.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final, Protocol

from domain import check_digits, dates
from domain.access import Caller, may
from domain.change import Change, Happening
from domain.check_digits import NumberScheme
from domain.copies import replace
from domain.dates import Calendar
from domain.errors import Invalid, Problem, Refused
from domain.explain import Finding, unmet
from domain.ids import OrderId, OrderLineId, ProviderId, ShipmentId, TrackingEventId, UploadId
from domain.money import Money
from domain.moves import Move
from domain.tracking import (
    OVER,
    Progress,
    ResponsibleParty,
    ShipmentState,
    TrackingEvent,
    TrackingReason,
    TrackingStatus,
)
from domain.tracking_terms import TrackingTerms

WEIGHT_MAX: Final = 2**31 - 1
"""Grams: 2,147 tonnes, what clients' whole numbers carry and more than any one shipment of a marketplace weighs."""


SIGNER: Final = "signer"
"""The name of the personal datum that holds who signed for the goods."""


class ShipmentMode(StrEnum):
    """How the goods travel."""

    AIR = "AIR"
    """By scheduled air freight."""
    AIR_CHARTER = "AIR_CHARTER"
    """By a chartered aircraft."""
    OCEAN = "OCEAN"
    """By sea."""
    TRUCK = "TRUCK"
    """By road."""
    RAIL = "RAIL"
    """By rail."""
    EXPRESS = "EXPRESS"
    """By parcel express."""
    UNSTATED = "UNSTATED"
    """Nobody said how."""


class ShipmentAction(StrEnum):
    """What can be done with a shipment; the value is the mutation's name in capitals."""

    UPDATE_ETA = "UPDATE_ETA"
    """Give a new estimate of the arrival."""
    RECORD_TRACKING_EVENTS = "RECORD_TRACKING_EVENTS"
    """Report where the shipment is."""
    RECORD_TRACKING_NUMBER = "RECORD_TRACKING_NUMBER"
    """Say under which number the carrier knows it."""
    PLAN_LEGS = "PLAN_LEGS"
    """Say by which legs it travels."""
    APPOINT_PICKUP = "APPOINT_PICKUP"
    """Say when it is picked up."""
    PROVE_DELIVERY = "PROVE_DELIVERY"
    """Say who signed for it, perhaps with a file."""


@dataclass(frozen=True, slots=True)
class Step:
    """A row of what reporters may do: the mutation, and the states in which it makes sense."""

    mutation: str
    since: frozenset[ShipmentState]


MOVES: Final[Mapping[ShipmentAction, Step]] = {
    ShipmentAction.UPDATE_ETA: Step("updateEta", frozenset(ShipmentState) - OVER),
    # Reports may come late, so that tracking is taken in every state.
    ShipmentAction.RECORD_TRACKING_EVENTS: Step("recordTrackingEvents", frozenset(ShipmentState)),
    ShipmentAction.RECORD_TRACKING_NUMBER: Step("recordTrackingNumber", frozenset(ShipmentState) - OVER),
    ShipmentAction.PLAN_LEGS: Step("planLegs", frozenset(ShipmentState) - OVER),
    ShipmentAction.APPOINT_PICKUP: Step("appointPickup", frozenset({ShipmentState.BOOKED})),
    ShipmentAction.PROVE_DELIVERY: Step("proveDelivery", frozenset({ShipmentState.DELIVERED})),
}
assert MOVES.keys() == set(ShipmentAction)


ENDED: Final = OVER | {ShipmentState.CANCELLED, ShipmentState.LOST}
"""States in which no movement is waited for."""

KNOWN_WHERE: Final = ENDED | {ShipmentState.RETURNING, ShipmentState.READY_FOR_PICKUP}
"""States in which no loss is presumed: it is over, or somebody has said where the goods are."""


class Sides(Protocol):
    """An order, or what is known of one without its lines."""

    def concerns(self, caller: Caller) -> bool:
        """Whether the caller acts for the marketplace or one of its two sides."""
        ...


@dataclass(frozen=True, slots=True)
class Shipment:
    """A shipment; `weight_grams` and `freight` are None where unknown.

    `promised_at` is the last microsecond of the promised day, `eta_at` the latest estimate beside it, `attempted_at`
    the first time the carrier stood at the door, `moved_at` the last time the goods were seen moving, `stalled_at`
    since when they count as stuck, `responsible` who answers for what led to its state, where something went wrong,
    `told_until` when the latest of what was reported occurred.
    `tracking_valid` says whether the number's check digit fits, None where it has none. `proven_at` is when somebody
    said who signed; that name itself is personal data and lies apart.
    """

    id: ShipmentId
    reference: str
    order_id: OrderId
    provider_id: ProviderId
    mode: ShipmentMode
    state: ShipmentState
    promised_at: datetime | None
    eta_at: datetime | None
    picked_up_at: datetime | None
    attempted_at: datetime | None
    delivered_at: datetime | None
    weight_grams: int | None
    freight: Money | None
    recorded_at: datetime
    version: int
    tracking_number: str | None = None
    tracking_scheme: NumberScheme | None = None
    tracking_valid: bool | None = None
    responsible: ResponsibleParty | None = None
    first_eta_at: datetime | None = None
    """The estimate it was recorded with, which stands until a report brings another."""
    moved_at: datetime | None = None
    told_until: datetime | None = None
    stalled_at: datetime | None = None
    pickup_from_at: datetime | None = None
    pickup_until_at: datetime | None = None
    proven_at: datetime | None = None
    signer_digest: str | None = None
    proof_upload_id: UploadId | None = None

    def concerns(self, order: Sides, caller: Caller) -> bool:
        """Whether the caller acts for the marketplace, a side of the order or the provider that carries it."""
        return order.concerns(caller) or caller.party_id == self.provider_id


@dataclass(frozen=True, slots=True)
class RecordShipment:
    """Lines of an order leave with a provider; `promised_on` is a day in the zone of the country of delivery."""

    order_id: OrderId
    provider_id: ProviderId
    reference: str
    mode: ShipmentMode
    line_ids: tuple[OrderLineId, ...]
    promised_on: date | None
    eta_at: datetime | None
    weight_grams: int | None
    freight: Money | None
    tracking_number: str | None = None
    pieces: Mapping[OrderLineId, int] = field(default_factory=dict)
    """Of lines that do not travel whole: how many pieces of them go with this shipment."""


@dataclass(frozen=True, slots=True)
class RecordTrackingNumber:
    """The carrier knows the shipment under that number; `scheme` where it shall follow one."""

    shipment_id: ShipmentId
    tracking_number: str
    scheme: NumberScheme | None = None


@dataclass(frozen=True, slots=True)
class AppointPickup:
    """The goods are fetched between those instants."""

    shipment_id: ShipmentId
    from_at: datetime
    until_at: datetime


@dataclass(frozen=True, slots=True)
class ProveDelivery:
    """Somebody signed for the goods; `upload_id` is a picture of it. The name is personal data."""

    shipment_id: ShipmentId
    signed_by: str
    upload_id: UploadId | None = None


@dataclass(frozen=True, slots=True)
class UpdateEta:
    """A new estimate of when the shipment arrives."""

    shipment_id: ShipmentId
    eta_at: datetime


def record_shipment(
    command: RecordShipment, *, id: ShipmentId, promised_at: datetime | None, at: datetime
) -> Change[Shipment]:
    """A new shipment, booked. Refuses what `require_sound` refuses."""
    require_sound(command)
    shipment = Shipment(
        id=id,
        reference=command.reference,
        order_id=command.order_id,
        provider_id=command.provider_id,
        mode=command.mode,
        state=ShipmentState.BOOKED,
        promised_at=promised_at,
        eta_at=command.eta_at,
        picked_up_at=None,
        attempted_at=None,
        delivered_at=None,
        weight_grams=command.weight_grams,
        freight=command.freight,
        recorded_at=at,
        version=1,
        first_eta_at=command.eta_at,
    )
    if command.tracking_number is not None:
        shipment = _numbered(shipment, command.tracking_number, None)
    return Change(None, shipment, (_happening("shipment.recorded", shipment),))


def require_sound(command: RecordShipment) -> None:
    """Returns if nothing is wrong with the wish by itself. Refuses with Invalid an odd weight, freight or number."""
    problems = []
    if command.weight_grams is not None and not 0 <= command.weight_grams <= WEIGHT_MAX:
        problems.append(Problem(("weightGrams",), f"A weight is 0 to {WEIGHT_MAX} grams."))
    if command.freight is not None and command.freight.minor < 0:
        problems.append(Problem(("freight", "amount"), "A freight is zero or more."))
    problems += _number_problems(command.tracking_number)
    if problems:
        raise Invalid(*problems)


def record_tracking_number(shipment: Shipment, command: RecordTrackingNumber) -> Change[Shipment]:
    """The shipment is known under that number; whether its check digit fits is noted, not demanded.

    Refuses a shipment that has arrived, and with Invalid a number of no or too many characters.
    """
    require(shipment, ShipmentAction.RECORD_TRACKING_NUMBER)
    if problems := _number_problems(command.tracking_number):
        raise Invalid(*problems)
    after = replace(_numbered(shipment, command.tracking_number, command.scheme), version=shipment.version + 1)
    return Change(shipment, after, (_happening("shipment.numbered", after),))


def _numbered(shipment: Shipment, number: str, scheme: NumberScheme | None) -> Shipment:
    verdict = check_digits.check(number, scheme)
    return replace(
        shipment, tracking_number=verdict.number, tracking_scheme=verdict.scheme, tracking_valid=verdict.valid
    )


def _number_problems(number: str | None) -> list[Problem]:
    most = check_digits.NUMBER_CHARACTERS_MAX
    if number is None or 0 < len(check_digits.plain(number)) <= most:
        return []
    return [Problem(("trackingNumber",), f"1 to {most} characters.")]


def appoint_pickup(shipment: Shipment, command: AppointPickup, at: datetime) -> Change[Shipment]:
    """The goods are fetched in that window. Refuses a window that is over or ends before it begins, and goods gone."""
    require(shipment, ShipmentAction.APPOINT_PICKUP)
    problems = []
    if command.until_at <= command.from_at:
        problems.append(Problem(("untilAt",), "A window ends after it begins."))
    if command.until_at <= at:
        problems.append(Problem(("untilAt",), "An appointment lies ahead."))
    if problems:
        raise Invalid(*problems)
    after = replace(
        shipment, pickup_from_at=command.from_at, pickup_until_at=command.until_at, version=shipment.version + 1
    )
    return Change(shipment, after, (_happening("shipment.pickup_appointed", after),))


def prove_delivery(
    shipment: Shipment, signer_digest: str, upload_id: UploadId | None, at: datetime
) -> Change[Shipment]:
    """Who signed is known by a digest, and perhaps shown by a file. Refuses goods not delivered and a second proof."""
    require(shipment, ShipmentAction.PROVE_DELIVERY)
    after = replace(
        shipment,
        proven_at=at,
        signer_digest=signer_digest,
        proof_upload_id=upload_id,
        version=shipment.version + 1,
    )
    return Change(shipment, after, (_happening("shipment.proven", after),))


def conditions(shipment: Shipment, action: ShipmentAction) -> tuple[Finding, ...]:
    """What the shipment's state says to the action, whoever asks."""
    allowed = shipment.state in MOVES[action].since
    state = Finding("shipment.state", allowed, "shipment_state_allows", {"state": shipment.state.value})
    if action is not ShipmentAction.PROVE_DELIVERY:
        return (state,)
    return (state, Finding("shipment.unproven", shipment.proven_at is None, "shipment_not_proven_before"))


def moves(shipment: Shipment, caller: Caller) -> tuple[Move, ...]:
    """What the caller may do with a shipment it can see, and why not. Nothing opens or closes by time alone."""
    return tuple(
        Move(
            action.value,
            unmet(
                (
                    Finding("shipment.role", may(caller, step.mutation), "shipment_action_of_your_role"),
                    *conditions(shipment, action),
                )
            ),
        )
        for action, step in MOVES.items()
    )


def require(shipment: Shipment, action: ShipmentAction) -> None:
    """Returns if the shipment's state allows the action. Otherwise refuses with the reason."""
    if because := unmet(conditions(shipment, action)):
        raise Refused("shipment.moves", f"Not possible now: {MOVES[action].mutation}.", because)


def require_unmoved(shipment: Shipment) -> None:
    """Returns if nobody has picked the goods up. Otherwise refuses: what travels cannot be called off."""
    state = Finding(
        "shipment.state",
        shipment.state is ShipmentState.BOOKED,
        "shipment_state_allows",
        {"state": shipment.state.value},
    )
    if because := unmet((state,)):
        raise Refused("shipment.call_off", "The goods are on their way already.", because)


def standing(shipment: Shipment) -> Progress:
    """What the reports known so far add up to, as it is written on the shipment."""
    return Progress(
        shipment.state,
        shipment.eta_at,
        shipment.picked_up_at,
        shipment.attempted_at,
        shipment.delivered_at,
        shipment.moved_at,
        shipment.responsible,
        shipment.told_until,
    )


def take_progress(shipment: Shipment, progress: Progress) -> Change[Shipment] | None:
    """The shipment stands where its reports say; None when it stood there before. The promise stays as it was.

    An estimate that the shipment was recorded with stays until a report brings another.
    """
    eta_at = progress.eta_at or shipment.first_eta_at
    stalled_at = None if _goes_on(shipment, progress) else shipment.stalled_at
    if progress == standing(shipment) and (eta_at, stalled_at) == (shipment.eta_at, shipment.stalled_at):
        return None
    after = replace(
        shipment,
        state=progress.state,
        eta_at=eta_at,
        picked_up_at=progress.picked_up_at,
        attempted_at=progress.attempted_at,
        delivered_at=progress.delivered_at,
        responsible=progress.responsible,
        moved_at=progress.moved_at,
        told_until=progress.told_until,
        stalled_at=stalled_at,
        version=shipment.version + 1,
    )
    happened = [_happening("shipment.tracked", after)]
    if after.delivered_at is not None and shipment.delivered_at is None:
        happened.append(_happening("shipment.delivered", after))
    return Change(shipment, after, tuple(happened))


def _goes_on(shipment: Shipment, progress: Progress) -> bool:
    """Whether the reports show the goods moving later than was known, or at their end."""
    if progress.state in ENDED or progress.moved_at is None:
        return progress.state in ENDED
    return shipment.moved_at is None or progress.moved_at > shipment.moved_at


def stuck_after(shipment: Shipment, terms: TrackingTerms, calendar: Calendar) -> datetime | None:
    """The last instant at which the goods do not count as stuck; None where nothing is expected of them.

    Counted from the last movement; before the first, from the recording or the end of the appointed pickup.
    """
    if shipment.state in ENDED:
        return None
    begun = max(at for at in (shipment.recorded_at, shipment.pickup_until_at) if at is not None)
    return terms.stuck_after(shipment.moved_at or begun, calendar)


def lost_after(shipment: Shipment, terms: TrackingTerms, calendar: Calendar) -> datetime | None:
    """The last instant at which the goods do not count as lost; None where no loss is presumed.

    Whoever was seen moving a moment ago is not lost, however late: goods that are not stuck are waited for.
    """
    stuck = stuck_after(shipment, terms, calendar)
    if shipment.promised_at is None or stuck is None or shipment.state in KNOWN_WHERE:
        return None
    express = shipment.mode is ShipmentMode.EXPRESS
    return max(stuck, terms.lost_after(shipment.promised_at, calendar, express=express))


def waits_for_movement(shipment: Shipment) -> bool:
    """Whether the clock of its next movement runs."""
    return shipment.state not in ENDED and shipment.stalled_at is None


def may_be_lost(shipment: Shipment) -> bool:
    """Whether the clock of its presumed loss runs."""
    return shipment.promised_at is not None and shipment.state not in KNOWN_WHERE


def flag_stalled(shipment: Shipment, at: datetime) -> Change[Shipment]:
    """The goods count as stuck since then, until they are seen moving."""
    after = replace(shipment, stalled_at=at, version=shipment.version + 1)
    return Change(shipment, after, (_happening("shipment.stalled", after),))


def presumption(shipment: Shipment, *, id: TrackingEventId, at: datetime) -> TrackingEvent:
    """The platform's own report that the goods count as lost: what is reported of later times overcomes it."""
    return TrackingEvent(
        id=id,
        shipment_id=shipment.id,
        reference=f"presumed-lost:{id}",
        status=TrackingStatus.DELIVERY_FAILED,
        reason=TrackingReason.CARRIER_LOST,
        place=None,
        note=None,
        eta_at=None,
        occurred_at=at,
        recorded_at=at,
    )


def is_late(shipment: Shipment, lines_promised_at: datetime | None, at: datetime) -> bool:
    """Whether a promise is broken: the goods came after it, or it has passed and they have not come.

    `lines_promised_at` is the earliest promise of a line that it carries; an order's lines have one before it leaves.
    """
    until = shipment.delivered_at or at
    return any(promised is not None and promised < until for promised in (shipment.promised_at, lines_promised_at))


def _happening(name: str, shipment: Shipment) -> Happening:
    def text(instant: datetime | None) -> str | None:
        return None if instant is None else dates.rfc3339(instant)

    facts = {
        "orderId": shipment.order_id,
        "providerId": shipment.provider_id,
        "reference": shipment.reference,
        "state": shipment.state.value,
        "promisedAt": text(shipment.promised_at),
        "etaAt": text(shipment.eta_at),
        "deliveredAt": text(shipment.delivered_at),
    }
    return Happening(name, facts)
