"""Lanes: the ways a service goes, from one area to another, or the places where it is done (`domain.md` 6.3).

A lane's ends are keys of areas (`domain/places.py`): a country, a region, a place of UN/LOCODE or a postal prefix. A
service that is done at a place (customs, inspection, installation, repair, warehousing) has lanes whose two ends are
the same area. What a lane costs stands in the zone of the service's rate sheet that it names.

    ACTIVE ── remove (or its service) ──> REMOVED

How days are counted, so that a promised date can be worked out: goods handed over until `cut_off` (local time of
`cut_off_zone`) count as handed over that day, later ones the next working day; then `handling_days` working days of the
origin's calendar; then `transit_days`, days of the week. Without a cut-off the whole day counts.

Laws: a service goes one way once; a lane's ends never change (remove it and add another); `sellable` holds if and only
if the lane is active, its service listed and the provider has the capability to sell it, and is kept so by
`api/operations/capabilities.py`: quotes read nothing else.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from domain import texts
from domain.access import Caller, may
from domain.change import Change, Fact, Happening
from domain.errors import Invalid, Problem, Refused
from domain.explain import Finding, Input, unmet
from domain.ids import LaneId, ProviderId, ServiceId
from domain.modes import TRANSPORT, ServiceMode
from domain.moves import Move, require
from domain.places import Area
from domain.services import Service, ServiceState

LANES_PER_CALL_MAX: Final = 100
"""Each is a row with its audit; a hundred are written in well under a second."""
LANES_MAX: Final = 5_000
"""Per service. All pairs of seventy countries; who goes more ways sells more than one service."""
DAYS_MAX: Final = 365
"""No lane takes longer than a year."""
ZONE_CHARACTERS_MAX: Final = 40
"""A zone is a name in a column of a rate sheet."""

_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


class LaneState(StrEnum):
    """Where a lane stands."""

    ACTIVE = "ACTIVE"
    """The service goes it."""
    REMOVED = "REMOVED"
    """The service goes it no longer."""


class LaneAction(StrEnum):
    """What can be done with a lane; the value is the mutation's name in capitals."""

    UPDATE_LANE = "UPDATE_LANE"
    """updateLane: its days, its cut-off or its zone change."""
    REMOVE_LANE = "REMOVE_LANE"
    """removeLane: the service goes it no longer."""


_MUTATIONS: Final[Mapping[LaneAction, str]] = {
    LaneAction.UPDATE_LANE: "updateLane",
    LaneAction.REMOVE_LANE: "removeLane",
}


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a lane takes. `cut_off` is a local time such as 17:00, in `cut_off_zone` (IANA); both or neither."""

    transit_days_min: int
    transit_days_max: int
    handling_days: int = 0
    cut_off: str | None = None
    cut_off_zone: str | None = None


@dataclass(frozen=True, slots=True)
class Lane:
    """One way of a service. `mode` and `provider_id` are the service's; `zone` is one of its rate sheets' zones."""

    id: LaneId
    service_id: ServiceId
    provider_id: ProviderId
    mode: ServiceMode
    origin_key: str
    destination_key: str
    origin_country: str
    destination_country: str
    timing: Timing
    zone: str
    state: LaneState
    sellable: bool
    added_at: datetime
    removed_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class NewLane:
    """A lane to be. For a service done at a place both ends are that place."""

    origin: Area
    destination: Area
    timing: Timing
    zone: str


@dataclass(frozen=True, slots=True)
class AddLanes:
    """The wish that a service goes more ways."""

    service_id: ServiceId
    lanes: tuple[NewLane, ...]


@dataclass(frozen=True, slots=True)
class UpdateLane:
    """The wish to change a lane's days or zone; None leaves a member as it is."""

    lane_id: LaneId
    timing: Timing | None = None
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class RemoveLane:
    """The wish that a service goes a lane no longer."""

    lane_id: LaneId


def offered(lane: Lane, service: Service) -> bool:
    """Whether lane and service stand for sale by themselves, whatever the provider's capabilities say."""
    return lane.state is LaneState.ACTIVE and service.state is ServiceState.LISTED


def timing_problems(timing: Timing, path: tuple[str, ...]) -> Iterator[Problem]:
    """Everything that is wrong with those days and that cut-off."""
    if not 0 <= timing.transit_days_min <= DAYS_MAX:
        yield Problem((*path, "transitDaysMin"), f"must be from 0 to {DAYS_MAX}")
    if not max(0, timing.transit_days_min) <= timing.transit_days_max <= DAYS_MAX:
        yield Problem((*path, "transitDaysMax"), f"transit takes 0 to {DAYS_MAX} days, the least before the most")
    if not 0 <= timing.handling_days <= DAYS_MAX:
        yield Problem((*path, "handlingDays"), f"must be from 0 to {DAYS_MAX}")
    if (timing.cut_off is None) != (timing.cut_off_zone is None):
        yield Problem((*path, "cutOff"), "a local time needs its zone, and a zone its time")
    if timing.cut_off is not None and not _TIME.fullmatch(timing.cut_off):
        yield Problem((*path, "cutOff"), "must be a local time such as 17:00")
    if timing.cut_off_zone is not None and not _is_zone(timing.cut_off_zone):
        yield Problem((*path, "cutOffZone"), "must be a time zone of the IANA database, such as Asia/Shanghai")


def add_lanes(
    service: Service,
    command: AddLanes,
    present: Sequence[Lane],
    *,
    ids: Sequence[LaneId],
    at: datetime,
) -> tuple[Change[Lane], ...]:
    """The service goes all these ways, or none of them: not yet on sale (`capabilities.refresh` decides that).

    `present` are its active lanes between the same areas, and `ids` one fresh id per lane. Whether the caller may is
    decided before (`services.moves`). Refuses, with every reason: too many at once, odd days, a way that the service
    goes already or that is named twice, two ends that differ for a service done at a place.
    """
    require_sound(command)
    require_ends(service, command)
    known = {(lane.origin_key, lane.destination_key): str(lane.id) for lane in present}
    twins: list[Finding] = []
    for place, wish in enumerate(command.lanes):
        way = (wish.origin.key, wish.destination.key)
        if way in known:
            inputs: dict[str, Input] = {"lane": place, "origin": way[0], "destination": way[1], "other": known[way]}
            twins.append(Finding("lane.once", False, "lane_goes_once", inputs))
        known[way] = f"lane {place}"
    if twins:
        raise Refused("lane.add", "The service goes some of these ways already.", tuple(twins))
    return tuple(_born(service, wish, id=id, at=at) for wish, id in zip(command.lanes, ids, strict=True))


def require_sound(command: AddLanes) -> None:
    """Returns if nothing is wrong with the lanes by themselves. Refuses with Invalid, naming every problem."""
    if not 0 < len(command.lanes) <= LANES_PER_CALL_MAX:
        raise Invalid(Problem(("lanes",), f"must have 1 to {LANES_PER_CALL_MAX} members"))
    wrong = [problem for place, wish in enumerate(command.lanes) for problem in _problems(wish, place)]
    if wrong:
        raise Invalid(*wrong)


def require_ends(service: Service, command: AddLanes) -> None:
    """Returns if the lanes' ends fit the service. Refuses with Invalid two ends for one that is done at a place."""
    wrong = [
        Problem(
            ("lanes", str(place), "destination"), f"{service.mode} is done at a place: both ends must be that place"
        )
        for place, wish in enumerate(command.lanes)
        if service.mode not in TRANSPORT and wish.origin != wish.destination
    ]
    if wrong:
        raise Invalid(*wrong)


def require_room(lanes: int, more: int) -> None:
    """Returns if a service with so many active lanes may have so many more. Refuses with the limit."""
    room = Finding("lane.limit", lanes + more <= LANES_MAX, "lanes_have_room", {"lanes": lanes, "most": LANES_MAX})
    if because := unmet((room,)):
        raise Refused("lane.add", "The service has too many lanes.", because)


def moves(lane: Lane, caller: Caller) -> tuple[Move, ...]:
    """Every action on the lane for that caller, each with all that stands in its way."""
    own = caller.is_operator or caller.party_id == lane.provider_id
    active = Finding("lane.state", lane.state is LaneState.ACTIVE, "lane_is_active", {"state": lane.state.value})
    return tuple(
        Move(action.value, unmet((Finding("lane.role", own and may(caller, name), "lane_is_yours"), active)))
        for action, name in _MUTATIONS.items()
    )


def update_lane(lane: Lane, command: UpdateLane, caller: Caller) -> Change[Lane]:
    """The lane's days, cut-off and zone are as wished. Refuses, with every reason, what `moves` blocks and odd days."""
    require(moves(lane, caller), LaneAction.UPDATE_LANE.value, "lane.update")
    timing = command.timing or lane.timing
    zone = lane.zone if command.zone is None else command.zone.strip()
    if wrong := (*timing_problems(timing, ("timing",)), *zone_problems(zone, ())):
        raise Invalid(*wrong)
    after = replace(lane, timing=timing, zone=zone, version=lane.version + 1)
    return Change(lane, after, (Happening("lane.updated", _facts(after)),))


def remove_lane(lane: Lane, caller: Caller, *, at: datetime) -> Change[Lane]:
    """The service goes the lane no longer. Refuses, with every reason, what `moves` blocks."""
    require(moves(lane, caller), LaneAction.REMOVE_LANE.value, "lane.remove")
    return withdraw(lane, at=at)


def withdraw(lane: Lane, *, at: datetime) -> Change[Lane]:
    """The lane is over, as its service is. Refuses (ValueError) one that is over already."""
    if lane.state is not LaneState.ACTIVE:
        raise ValueError(f"{lane.id} was removed before")
    after = replace(lane, state=LaneState.REMOVED, sellable=False, removed_at=at, version=lane.version + 1)
    return Change(lane, after, (Happening("lane.removed", _facts(after)),))


def set_sellable(lane: Lane, sellable: bool, because: str) -> Change[Lane]:
    """The lane is on or off sale. `because` says in one word what decided it; nothing else of the lane changes.

    Refuses (ValueError) what is so already, and selling a removed lane.
    """
    if lane.sellable is sellable or (sellable and lane.state is not LaneState.ACTIVE):
        raise ValueError(f"{lane.id} cannot be set sellable={sellable}")
    after = replace(lane, sellable=sellable, version=lane.version + 1)
    name = "lane.on_sale" if sellable else "lane.off_sale"
    return Change(lane, after, (Happening(name, _facts(after) | {"because": because}),))


def _born(service: Service, wish: NewLane, *, id: LaneId, at: datetime) -> Change[Lane]:
    lane = Lane(
        id=id,
        service_id=service.id,
        provider_id=service.provider_id,
        mode=service.mode,
        origin_key=wish.origin.key,
        destination_key=wish.destination.key,
        origin_country=wish.origin.country,
        destination_country=wish.destination.country,
        timing=wish.timing,
        zone=wish.zone.strip(),
        state=LaneState.ACTIVE,
        sellable=False,
        added_at=at,
        removed_at=None,
        version=1,
    )
    return Change(None, lane, (Happening("lane.added", _facts(lane)),))


def _problems(wish: NewLane, place: int) -> Iterator[Problem]:
    path = ("lanes", str(place))
    yield from timing_problems(wish.timing, (*path, "timing"))
    yield from zone_problems(wish.zone, path)


def zone_problems(zone: str, path: tuple[str, ...]) -> Iterator[Problem]:
    """What is wrong with the name of a zone of rates."""
    return texts.line_problems(zone, *path, "zone", most=ZONE_CHARACTERS_MAX)


def _is_zone(name: str) -> bool:
    try:
        return name == ZoneInfo(name).key
    except (ValueError, LookupError, OSError):
        return False


def _facts(lane: Lane) -> dict[str, Fact]:
    return {"service": lane.service_id, "origin": lane.origin_key, "destination": lane.destination_key}
