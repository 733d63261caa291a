"""Legs: the parts of a shipment's way, who carries the goods on each, and the milestones that the whole way passes.

Theory of operation: a shipment's way is planned as legs 1, 2, 3 …, each from one area to the next, by a provider of the
marketplace or somebody named. What is known of a leg grows: planned, estimated and actual times, the number of its
transport document, the number of its container or parcel. `milestones` reads plan, estimates and reports of the whole
way side by side; `responsible` says on which leg something went wrong, so that whoever carried the goods there can be
asked to make it good (`domain.md` 6.7).

Laws: a leg begins where the one before it ended; a leg is never removed, and one that was left is never planned anew;
an actual time lies in the past and an arrival after its departure; a number whose check digit is wrong is kept and
shown as wrong.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from domain import check_digits, tracking
from domain.change import Change, Fact, Happening
from domain.check_digits import NumberScheme
from domain.errors import Invalid, Problem, Refused
from domain.explain import Finding, unmet
from domain.ids import LegId, ProviderId, ShipmentId
from domain.places import Area
from domain.shipments import Shipment, ShipmentAction, ShipmentMode, require
from domain.tracking import Milestone, TrackingEvent

LEGS_MAX: Final = 20
"""Of one shipment: pick-up, feeder, main carriage, on-carriage and last mile are five."""

NUMBER_CHARACTERS_MAX: Final = 35
"""Of a transport document: bills of lading have at most 35 characters (UN/EDIFACT C106)."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg. Exactly one of `provider_id` and `carrier_name` says who carries; the keys are those of areas."""

    id: LegId
    shipment_id: ShipmentId
    number: int
    mode: ShipmentMode
    provider_id: ProviderId | None
    carrier_name: str | None
    from_key: str
    to_key: str
    planned_departure_at: datetime | None
    planned_arrival_at: datetime | None
    estimated_departure_at: datetime | None
    estimated_arrival_at: datetime | None
    departed_at: datetime | None
    arrived_at: datetime | None
    document_number: str | None
    tracking_number: str | None
    tracking_scheme: NumberScheme | None
    tracking_valid: bool | None
    version: int

    @property
    def begins_at(self) -> datetime | None:
        """When it began, or else when it was last expected to."""
        return self.departed_at or self.estimated_departure_at or self.planned_departure_at


@dataclass(frozen=True, slots=True)
class NewLeg:
    """A leg as it is planned."""

    mode: ShipmentMode
    provider_id: ProviderId | None
    carrier_name: str | None
    from_area: Area
    to_area: Area
    planned_departure_at: datetime | None = None
    planned_arrival_at: datetime | None = None
    document_number: str | None = None
    tracking_number: str | None = None
    tracking_scheme: NumberScheme | None = None


@dataclass(frozen=True, slots=True)
class PlanLegs:
    """The shipment's whole way, leg by leg."""

    shipment_id: ShipmentId
    legs: tuple[NewLeg, ...]


@dataclass(frozen=True, slots=True)
class RecordLeg:
    """What became known of a leg; None leaves what was known."""

    leg_id: LegId
    estimated_departure_at: datetime | None = None
    estimated_arrival_at: datetime | None = None
    departed_at: datetime | None = None
    arrived_at: datetime | None = None
    document_number: str | None = None
    tracking_number: str | None = None
    tracking_scheme: NumberScheme | None = None


def plan_legs(
    shipment: Shipment, known: Sequence[Leg], command: PlanLegs, mint: Callable[[], LegId]
) -> tuple[Change[Leg], ...]:
    """The way is planned so; what is planned already is left alone. `known` are the legs by their numbers.

    Refuses a shipment that has arrived, a plan with fewer legs than are known or another for a leg that was left; with
    Invalid, naming each: no or too many legs, one that does not begin where the last ended, one with two carriers or
    none, one that arrives before it departs.
    """
    require(shipment, ShipmentAction.PLAN_LEGS)
    require_sound(command)
    planned = [
        _planned(shipment, number, new, known[number - 1] if number <= len(known) else None, mint)
        for number, new in enumerate(command.legs, start=1)
    ]
    findings = [
        Finding(
            "leg.kept",
            len(planned) >= len(known),
            "legs_are_kept",
            {"known": len(known), "planned": len(planned)},
        )
    ]
    findings += [
        Finding("leg.not_left", old == new or old.departed_at is None, "leg_not_left", {"number": old.number})
        for old, new in zip(known, planned, strict=False)
    ]
    if because := unmet(findings):
        raise Refused("leg.plan", "The way cannot be planned so.", because)
    before: list[Leg | None] = [*known, *([None] * (len(planned) - len(known)))]
    return tuple(
        Change(old, new if old is None else replace(new, version=old.version + 1), (_happening("leg.planned", new),))
        for old, new in zip(before, planned, strict=True)
        if old != new
    )


def require_sound(command: PlanLegs) -> None:
    """Returns if nothing is wrong with the legs by themselves. Refuses with Invalid, naming every problem."""
    if problems := tuple(_plan_problems(command)):
        raise Invalid(*problems)


def _planned(shipment: Shipment, number: int, new: NewLeg, known: Leg | None, mint: Callable[[], LegId]) -> Leg:
    leg = Leg(
        id=mint() if known is None else known.id,
        shipment_id=shipment.id,
        number=number,
        mode=new.mode,
        provider_id=new.provider_id,
        carrier_name=new.carrier_name,
        from_key=new.from_area.key,
        to_key=new.to_area.key,
        planned_departure_at=new.planned_departure_at,
        planned_arrival_at=new.planned_arrival_at,
        estimated_departure_at=None if known is None else known.estimated_departure_at,
        estimated_arrival_at=None if known is None else known.estimated_arrival_at,
        departed_at=None if known is None else known.departed_at,
        arrived_at=None if known is None else known.arrived_at,
        document_number=new.document_number or (None if known is None else known.document_number),
        tracking_number=None if known is None else known.tracking_number,
        tracking_scheme=None if known is None else known.tracking_scheme,
        tracking_valid=None if known is None else known.tracking_valid,
        version=1 if known is None else known.version,
    )
    return leg if new.tracking_number is None else _numbered(leg, new.tracking_number, new.tracking_scheme)


def _plan_problems(command: PlanLegs) -> Iterable[Problem]:
    if not 0 < len(command.legs) <= LEGS_MAX:
        yield Problem(("legs",), f"A way has 1 to {LEGS_MAX} legs.")
    for place, leg in enumerate(command.legs):
        where = ("legs", str(place))
        if (leg.provider_id is None) == (leg.carrier_name is None):
            yield Problem((*where, "carrierName"), "A leg is carried by a provider or by somebody named.")
        if place and command.legs[place - 1].to_area != leg.from_area:
            yield Problem((*where, "from"), "A leg begins where the one before it ended.")
        if _backwards(leg.planned_departure_at, leg.planned_arrival_at):
            yield Problem((*where, "plannedArrivalAt"), "A leg arrives after it departs.")
        yield from number_problems(leg.document_number, leg.tracking_number, where)


def record_leg(leg: Leg, command: RecordLeg, at: datetime) -> Change[Leg] | None:
    """What became known of the leg is noted; None if all of it was. Refuses with Invalid times that cannot be."""
    after = replace(
        leg,
        estimated_departure_at=command.estimated_departure_at or leg.estimated_departure_at,
        estimated_arrival_at=command.estimated_arrival_at or leg.estimated_arrival_at,
        departed_at=command.departed_at or leg.departed_at,
        arrived_at=command.arrived_at or leg.arrived_at,
        document_number=command.document_number or leg.document_number,
    )
    if command.tracking_number is not None:
        after = _numbered(after, command.tracking_number, command.tracking_scheme)
    problems = list(number_problems(command.document_number, command.tracking_number, ()))
    for name, actual in (("departedAt", command.departed_at), ("arrivedAt", command.arrived_at)):
        if actual is not None and actual > at:
            problems.append(Problem((name,), "What has happened lies in the past."))
    if after.arrived_at is not None and after.departed_at is None:
        problems.append(Problem(("arrivedAt",), "A leg is left before its end is reached."))
    if _backwards(after.departed_at, after.arrived_at):
        problems.append(Problem(("arrivedAt",), "A leg arrives after it departs."))
    if problems:
        raise Invalid(*problems)
    if after == leg:
        return None
    after = replace(after, version=leg.version + 1)
    return Change(leg, after, (_happening("leg.recorded", after),))


def _backwards(departure: datetime | None, arrival: datetime | None) -> bool:
    return departure is not None and arrival is not None and arrival < departure


def number_problems(document: str | None, number: str | None, where: tuple[str, ...]) -> Iterable[Problem]:
    """What is wrong with the spelling of a leg's numbers."""
    if document is not None and not 0 < len(document) <= NUMBER_CHARACTERS_MAX:
        yield Problem((*where, "documentNumber"), f"1 to {NUMBER_CHARACTERS_MAX} characters.")
    most = check_digits.NUMBER_CHARACTERS_MAX
    if number is not None and not 0 < len(check_digits.plain(number)) <= most:
        yield Problem((*where, "trackingNumber"), f"1 to {most} characters.")


def _numbered(leg: Leg, number: str, scheme: NumberScheme | None) -> Leg:
    verdict = check_digits.check(number, scheme)
    return replace(leg, tracking_number=verdict.number, tracking_scheme=verdict.scheme, tracking_valid=verdict.valid)


def responsible(legs: Sequence[Leg], event: TrackingEvent) -> Leg | None:
    """On which leg the goods were when that was so; None where no leg says.

    The one that the reporter named; otherwise the last that had begun by then, by what is best known of its beginning.
    Before the first has begun it is the first, from which the goods had not left.
    """
    in_order = sorted(legs, key=lambda leg: leg.number)
    if event.leg_number is not None:
        return next((leg for leg in in_order if leg.number == event.leg_number), None)
    timed = [leg for leg in in_order if leg.begins_at is not None]
    if not timed:
        return in_order[0] if len(in_order) == 1 else None
    begun = [leg for leg in timed if leg.begins_at is not None and leg.begins_at <= event.occurred_at]
    return begun[-1] if begun else in_order[0]


@dataclass(frozen=True, slots=True)
class Passing:
    """A milestone of one shipment: for when it was planned, when it is or was last estimated, when it was passed."""

    milestone: Milestone
    planned_at: datetime | None
    estimated_at: datetime | None
    actual_at: datetime | None


def milestones(shipment: Shipment, legs: Sequence[Leg], events: Iterable[TrackingEvent]) -> tuple[Passing, ...]:
    """Every milestone of the shipment in the order of the way; the promise is what delivery was planned for."""
    in_order = sorted(legs, key=lambda leg: leg.number)
    main = [leg for leg in in_order if leg.mode not in _BY_ROAD] or in_order
    first, last = (main[0], main[-1]) if main else (None, None)
    passed = dict(tracking.passed(events))
    planned: Mapping[Milestone, datetime | None] = {
        Milestone.PICKED_UP: shipment.pickup_until_at or (in_order[0].planned_departure_at if in_order else None),
        Milestone.DEPARTED: None if first is None else first.planned_departure_at,
        Milestone.ARRIVED: None if last is None else last.planned_arrival_at,
        Milestone.DELIVERED: shipment.promised_at,
    }
    estimated: Mapping[Milestone, datetime | None] = {
        Milestone.DEPARTED: None if first is None else first.estimated_departure_at,
        Milestone.ARRIVED: None if last is None else last.estimated_arrival_at,
        Milestone.DELIVERED: shipment.eta_at,
    }
    if first is not None and first.departed_at is not None:
        passed.setdefault(Milestone.DEPARTED, first.departed_at)
    if last is not None and last.arrived_at is not None:
        passed.setdefault(Milestone.ARRIVED, last.arrived_at)
    if shipment.delivered_at is None:
        passed.pop(Milestone.DELIVERED, None)  # what came back was not delivered
    return tuple(
        Passing(milestone, planned.get(milestone), estimated.get(milestone), passed.get(milestone))
        for milestone in Milestone
    )


_BY_ROAD: Final = frozenset({ShipmentMode.TRUCK, ShipmentMode.UNSTATED})
"""Modes of legs that bring goods to the main carriage and away from it, where there is another."""


def _happening(name: str, leg: Leg) -> Happening:
    facts: dict[str, Fact] = {"shipmentId": leg.shipment_id, "number": leg.number, "providerId": leg.provider_id}
    return Happening(name, facts)
