"""Shipments: lines of one order on their way with one provider.

Theory of operation: a shipment is recorded BOOKED with the promise it was bought with; everything after that comes from
tracking reports (`domain/tracking.py`), whose sum `take_progress` writes onto it.

Laws: the promise, once given, is never overwritten: an estimate stands beside it; the state is what the reports add up
to and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from domain import dates
from domain.access import Caller, may
from domain.change import Change, Happening
from domain.errors import Invalid, Problem, Refused
from domain.explain import Finding, unmet
from domain.ids import OrderId, OrderLineId, ProviderId, ShipmentId
from domain.money import Money
from domain.moves import Move
from domain.orders import Order
from domain.tracking import OVER, Progress, ShipmentState

WEIGHT_MAX: Final = 2**31 - 1
"""Grams: 2,147 tonnes, what clients' whole numbers carry and more than any one shipment of a marketplace weighs."""


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


@dataclass(frozen=True, slots=True)
class Step:
    """A row of what reporters may do: the mutation, and the states in which it makes sense."""

    mutation: str
    since: frozenset[ShipmentState]


MOVES: Final[Mapping[ShipmentAction, Step]] = {
    ShipmentAction.UPDATE_ETA: Step("updateEta", frozenset(ShipmentState) - OVER),
    # Reports may come late, so that tracking is taken in every state.
    ShipmentAction.RECORD_TRACKING_EVENTS: Step("recordTrackingEvents", frozenset(ShipmentState)),
}
assert MOVES.keys() == set(ShipmentAction)


@dataclass(frozen=True, slots=True)
class Shipment:
    """A shipment; `weight_grams` and `freight` are None where unknown.

    `promised_at` is the last microsecond of the promised day, `eta_at` the latest estimate beside it, `attempted_at`
    the first time the carrier stood at the door.
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

    def concerns(self, order: Order, caller: Caller) -> bool:
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


@dataclass(frozen=True, slots=True)
class UpdateEta:
    """A new estimate of when the shipment arrives."""

    shipment_id: ShipmentId
    eta_at: datetime


def record_shipment(
    command: RecordShipment, *, id: ShipmentId, promised_at: datetime | None, at: datetime
) -> Change[Shipment]:
    """A new shipment, booked. Refuses with Invalid an impossible weight and a freight below zero."""
    problems = []
    if command.weight_grams is not None and not 0 <= command.weight_grams <= WEIGHT_MAX:
        problems.append(Problem(("weightGrams",), f"A weight is 0 to {WEIGHT_MAX} grams."))
    if command.freight is not None and command.freight.minor < 0:
        problems.append(Problem(("freight", "amount"), "A freight is zero or more."))
    if problems:
        raise Invalid(*problems)
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
    )
    return Change(None, shipment, (_happening("shipment.recorded", shipment),))


def conditions(shipment: Shipment, action: ShipmentAction) -> tuple[Finding, ...]:
    """What the shipment's state says to the action, whoever asks."""
    allowed = shipment.state in MOVES[action].since
    return (Finding("shipment.state", allowed, "shipment_state_allows", {"state": shipment.state.value}),)


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


def take_progress(shipment: Shipment, progress: Progress) -> Change[Shipment] | None:
    """The shipment stands where its reports say; None when it stood there before. The promise stays as it was.

    An estimate that the shipment was recorded with stays until a report brings another.
    """
    after = replace(
        shipment,
        state=progress.state,
        eta_at=progress.eta_at or shipment.eta_at,
        picked_up_at=progress.picked_up_at,
        attempted_at=progress.attempted_at,
        delivered_at=progress.delivered_at,
    )
    if after == shipment:
        return None
    after = replace(after, version=shipment.version + 1)
    happened = [_happening("shipment.tracked", after)]
    if after.delivered_at is not None and shipment.delivered_at is None:
        happened.append(_happening("shipment.delivered", after))
    return Change(shipment, after, tuple(happened))


def is_late(shipment: Shipment, at: datetime) -> bool:
    """Whether the promise is broken: the goods came after it, or it has passed and they have not come."""
    return shipment.promised_at is not None and shipment.promised_at < (shipment.delivered_at or at)


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
