"""Services: what a provider sells, by mode and level, with what it takes and where it is sold (`domain.md` 2.3, 6.3).

    DRAFT ── list ──> LISTED ── pause ──> PAUSED ── list ──> LISTED
    DRAFT, LISTED, PAUSED ── remove (the provider, the desk, a listing flag that nobody answered) ──> REMOVED

A service is a card on the shelf; where it goes are its lanes (`domain/lanes.py`), what it costs its rate sheets
(`domain/rate_sheets.py`). Laws: a service is listed only with a lane and a price; its mode never changes, since lanes
and prices were made for it; a removed service never comes back and takes its lanes along; whether a listed service may
really be sold is decided per lane by the provider's capabilities.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import texts
from domain.access import Caller, may
from domain.change import Change, Fact, Happening
from domain.countries import COUNTRIES
from domain.dates import rfc3339
from domain.errors import Forbidden, Invalid, Problem, Refused
from domain.explain import Finding, unmet
from domain.ids import ProviderId, ServiceId
from domain.modes import TRANSPORT, DangerousGoodsClass, Incoterm, ServiceMode
from domain.moves import Move, require

TITLE_CHARACTERS_MAX: Final = 120
"""One line on a screen and in a ranking."""
DESCRIPTION_CHARACTERS_MAX: Final = 4_000
"""Two printed pages: what is longer is a contract and not a description."""
GRAMS_MAX: Final = 1_000_000_000
"""A thousand tonnes: the heaviest single pieces that are ever lifted weigh less."""
MM_MAX: Final = 100_000
"""A hundred metres: the longest pieces that travel (rotor blades) are about as long."""
SERVICES_MAX: Final = 500
"""Per provider. Eleven modes in three levels are 33; ten times that is a catalogue, more is a mistake of a script."""

SEA_ONLY: Final = frozenset({Incoterm.FAS, Incoterm.FOB, Incoterm.CFR, Incoterm.CIF})
"""Rules of Incoterms 2020 for sea and inland waterway transport only."""
BY_SEA: Final = frozenset({ServiceMode.SEA_FCL, ServiceMode.SEA_LCL})


class ServiceLevel(StrEnum):
    """How fast, and how dear, among services of one mode."""

    ECONOMY = "ECONOMY"
    """The cheapest: consolidated, deferred."""
    STANDARD = "STANDARD"
    """The usual one."""
    EXPEDITED = "EXPEDITED"
    """The fastest: direct, first on board."""


class ServiceState(StrEnum):
    """Where a service stands in its life."""

    DRAFT = "DRAFT"
    """Being prepared; only the provider and the desk see it."""
    LISTED = "LISTED"
    """On sale on the lanes that the provider may sell."""
    PAUSED = "PAUSED"
    """Taken off sale for the time being."""
    REMOVED = "REMOVED"
    """Over; bookings made before stay as they are."""


class ServiceAction(StrEnum):
    """What can be done with a service; the value is the mutation's name in capitals."""

    UPDATE_SERVICE = "UPDATE_SERVICE"
    """updateService: its words, limits and markets change."""
    LIST_SERVICE = "LIST_SERVICE"
    """listService: it is on sale."""
    PAUSE_SERVICE = "PAUSE_SERVICE"
    """pauseService: it is off sale for the time being."""
    REMOVE_SERVICE = "REMOVE_SERVICE"
    """removeService: it is over, with its lanes."""
    ADD_LANES = "ADD_LANES"
    """addLanes: it goes more ways."""
    DRAFT_RATE_SHEET = "DRAFT_RATE_SHEET"
    """draftRateSheet: a new version of its prices is prepared."""
    IMPORT_RATE_SHEET = "IMPORT_RATE_SHEET"
    """importRateSheet: a new version of its prices is read from a file."""
    CHECK_LISTING = "CHECK_LISTING"
    """checkListing: it is looked at for what a listing must not be."""


_LIVE: Final = frozenset({ServiceState.DRAFT, ServiceState.LISTED, ServiceState.PAUSED})

MOVES: Final[Mapping[ServiceAction, frozenset[ServiceState]]] = {
    ServiceAction.UPDATE_SERVICE: _LIVE,
    ServiceAction.LIST_SERVICE: frozenset({ServiceState.DRAFT, ServiceState.PAUSED}),
    ServiceAction.PAUSE_SERVICE: frozenset({ServiceState.LISTED}),
    ServiceAction.REMOVE_SERVICE: _LIVE,
    ServiceAction.ADD_LANES: _LIVE,
    ServiceAction.DRAFT_RATE_SHEET: _LIVE,
    ServiceAction.IMPORT_RATE_SHEET: _LIVE,
    ServiceAction.CHECK_LISTING: _LIVE,
}
"""Action -> the states it is possible in. Total."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one piece may weigh and measure at most; None where there is no limit. Sides are sorted by whoever asks."""

    weight_grams_max: int | None = None
    length_mm_max: int | None = None
    width_mm_max: int | None = None
    height_mm_max: int | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """One service of a provider.

    `dangerous_goods` are the classes it takes (empty: none); `markets` the countries it is sold to (empty: all).
    """

    id: ServiceId
    provider_id: ProviderId
    mode: ServiceMode
    level: ServiceLevel
    title: str
    description: str
    incoterms: frozenset[Incoterm]
    dangerous_goods: frozenset[DangerousGoodsClass]
    limits: Limits
    markets: frozenset[str]
    state: ServiceState
    created_at: datetime
    listed_at: datetime | None
    removed_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class Shelf:
    """What stands behind a service: how many active lanes, whether a price is or will be in force, who sells it.

    `provider_sells` says whether the provider's own state lets it put services on sale at all, `because` what else
    keeps it from showing this one (capabilities), `off_shelf` the causes of flags that nobody put right in time.
    """

    lanes: int
    priced: bool
    provider_sells: bool
    because: tuple[Finding, ...] = ()
    off_shelf: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CreateService:
    """The wish for a new service, for a provider (the caller's own when none is named)."""

    provider_id: ProviderId | None
    mode: ServiceMode
    level: ServiceLevel
    title: str
    description: str
    incoterms: frozenset[Incoterm]
    dangerous_goods: frozenset[DangerousGoodsClass]
    limits: Limits
    markets: frozenset[str]


@dataclass(frozen=True, slots=True)
class UpdateService:
    """The wish to change a service; None leaves a member as it is."""

    service_id: ServiceId
    level: ServiceLevel | None = None
    title: str | None = None
    description: str | None = None
    incoterms: frozenset[Incoterm] | None = None
    dangerous_goods: frozenset[DangerousGoodsClass] | None = None
    limits: Limits | None = None
    markets: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class ServiceCommand:
    """The wish to list, pause or remove a service."""

    service_id: ServiceId


def seller(provider_id: ProviderId | None, caller: Caller) -> ProviderId:
    """For which provider the caller acts. Refuses another provider's name, and the operator naming none."""
    named = provider_id or caller.party_id
    if not isinstance(named, ProviderId):
        raise Invalid(Problem(("providerId",), "must name a provider"))
    if named != caller.party_id and not caller.is_operator:
        raise Forbidden("A service is offered by the provider itself or by the marketplace's desk.")
    return named


def problems(service: Service) -> Iterator[Problem]:
    """Everything that is wrong with the service's own words and limits."""
    yield from word_problems(service.title, service.description)
    if service.mode not in BY_SEA and (wrong := service.incoterms & SEA_ONLY):
        yield Problem(("incoterms",), f"{', '.join(sorted(wrong))}: for sea and inland waterway only")
    if service.mode not in TRANSPORT and service.incoterms:
        yield Problem(("incoterms",), "are terms of transport: this service is done at a place")
    if unknown := sorted(service.markets - COUNTRIES):
        yield Problem(("markets",), f"{', '.join(unknown)}: not a country")
    yield from limit_problems(service.limits)


def word_problems(title: str | None, description: str | None) -> Iterator[Problem]:
    """What is wrong with the words on a service's card, as far as they are told."""
    if title is not None:
        yield from texts.line_problems(title, "title", most=TITLE_CHARACTERS_MAX)
    if description is not None and len(description) > DESCRIPTION_CHARACTERS_MAX:
        yield Problem(("description",), f"must have at most {DESCRIPTION_CHARACTERS_MAX} characters")


def limit_problems(limits: Limits) -> Iterator[Problem]:
    """Which limits of a piece are none."""
    most = {
        "maxWeightGrams": (limits.weight_grams_max, GRAMS_MAX),
        "maxLengthMm": (limits.length_mm_max, MM_MAX),
        "maxWidthMm": (limits.width_mm_max, MM_MAX),
        "maxHeightMm": (limits.height_mm_max, MM_MAX),
    }
    for name, (value, largest) in most.items():
        if value is not None and not 0 < value <= largest:
            yield Problem(("limits", name), f"must be from 1 to {largest}")


def create_service(
    command: CreateService, provider_id: ProviderId, *, present: int, id: ServiceId, at: datetime
) -> Change[Service]:
    """A draft of a service. `present` is how many the provider has that are not removed.

    Refuses, with every problem, odd words and limits; and more services than a catalogue has.
    """
    service = Service(
        id=id,
        provider_id=provider_id,
        mode=command.mode,
        level=command.level,
        title=command.title.strip(),
        description=command.description,
        incoterms=command.incoterms,
        dangerous_goods=command.dangerous_goods,
        limits=command.limits,
        markets=command.markets,
        state=ServiceState.DRAFT,
        created_at=at,
        listed_at=None,
        removed_at=None,
        version=1,
    )
    _check(service)
    room = Finding("service.limit", present < SERVICES_MAX, "services_have_room", {"most": SERVICES_MAX})
    if because := unmet((room,)):
        raise Refused("service.create", "The provider has too many services.", because)
    return Change(None, service, (Happening("service.created", _facts(service)),))


def moves(service: Service, shelf: Shelf, caller: Caller, at: datetime) -> tuple[Move, ...]:
    """Every action on the service for that caller, each with all that stands in its way."""
    own = caller.is_operator or caller.party_id == service.provider_id
    return tuple(
        Move(
            action.value,
            unmet(
                (
                    Finding("service.role", own and may(caller, _mutation(action)), "service_is_yours"),
                    Finding("service.state", service.state in states, "service_state_fits", _inputs(service, states)),
                    *(_listable(shelf, at) if action is ServiceAction.LIST_SERVICE else ()),
                )
            ),
        )
        for action, states in MOVES.items()
    )


def _listable(shelf: Shelf, at: datetime) -> tuple[Finding, ...]:
    return (
        Finding("service.lanes", shelf.lanes > 0, "service_has_lanes"),
        Finding("service.price", shelf.priced, "service_has_price", {"at": rfc3339(at)}),
        Finding("service.provider", shelf.provider_sells, "provider_puts_on_sale"),
        *shelf.because,
        *(Finding("service.flag", False, "listing_off_shelf_ended", {"cause": cause}) for cause in shelf.off_shelf),
    )


def update_service(
    service: Service, command: UpdateService, shelf: Shelf, caller: Caller, *, at: datetime
) -> Change[Service]:
    """The service's words, limits and markets are as wished. Refuses what `moves` blocks and odd words and limits."""
    require(moves(service, shelf, caller, at), ServiceAction.UPDATE_SERVICE.value, "service.update")
    after = replace(
        service,
        level=service.level if command.level is None else command.level,
        title=service.title if command.title is None else command.title.strip(),
        description=service.description if command.description is None else command.description,
        incoterms=service.incoterms if command.incoterms is None else command.incoterms,
        dangerous_goods=service.dangerous_goods if command.dangerous_goods is None else command.dangerous_goods,
        limits=service.limits if command.limits is None else command.limits,
        markets=service.markets if command.markets is None else command.markets,
        version=service.version + 1,
    )
    _check(after)
    return Change(service, after, (Happening("service.updated", _facts(after)),))


def list_service(service: Service, shelf: Shelf, caller: Caller, *, at: datetime) -> Change[Service]:
    """The service is on sale. Refuses, with every reason, what `moves` blocks: no lane, no price, its state."""
    require(moves(service, shelf, caller, at), ServiceAction.LIST_SERVICE.value, "service.list")
    after = replace(service, state=ServiceState.LISTED, listed_at=at, version=service.version + 1)
    return Change(service, after, (Happening("service.listed", _facts(after)),))


def pause_service(service: Service, shelf: Shelf, caller: Caller, *, at: datetime) -> Change[Service]:
    """The service is off sale for the time being. Refuses, with every reason, what `moves` blocks."""
    require(moves(service, shelf, caller, at), ServiceAction.PAUSE_SERVICE.value, "service.pause")
    return take_off(service, "asked", at=at)


def take_off(service: Service, because: str, *, at: datetime) -> Change[Service]:
    """The service is off sale, whoever wanted it: a listing flag, too. Refuses (ValueError) one that is not listed."""
    if service.state is not ServiceState.LISTED:
        raise ValueError(f"{service.id} is not listed at {at}")
    after = replace(service, state=ServiceState.PAUSED, version=service.version + 1)
    return Change(service, after, (Happening("service.paused", _facts(after) | {"because": because}),))


def put_back(service: Service, because: str, *, at: datetime) -> Change[Service]:
    """What was taken off is listed again: why it was is gone. Refuses (ValueError) one that is not paused."""
    if service.state is not ServiceState.PAUSED:
        raise ValueError(f"{service.id} is not paused at {at}")
    after = replace(service, state=ServiceState.LISTED, version=service.version + 1)
    return Change(service, after, (Happening("service.listed", _facts(after) | {"because": because}),))


def remove_service(service: Service, shelf: Shelf, caller: Caller, *, at: datetime) -> Change[Service]:
    """The service is over; its lanes go with it (`domain.lanes.withdraw`). Refuses what `moves` blocks."""
    require(moves(service, shelf, caller, at), ServiceAction.REMOVE_SERVICE.value, "service.remove")
    return strike(service, "asked", at=at)


def strike(service: Service, because: str, *, at: datetime) -> Change[Service]:
    """The service is over, whoever wanted it: a listing flag, too. Refuses (ValueError) a removed one."""
    if service.state is ServiceState.REMOVED:
        raise ValueError(f"{service.id} was removed before")
    after = replace(service, state=ServiceState.REMOVED, removed_at=at, version=service.version + 1)
    return Change(service, after, (Happening("service.removed", _facts(after) | {"because": because}),))


def _check(service: Service) -> None:
    if wrong := tuple(problems(service)):
        raise Invalid(*wrong)


def _facts(service: Service) -> dict[str, Fact]:
    return {"provider": service.provider_id, "mode": service.mode.value, "level": service.level.value}


def _inputs(service: Service, states: frozenset[ServiceState]) -> dict[str, str]:
    return {"state": service.state.value, "states": ", ".join(sorted(states))}


def _mutation(action: ServiceAction) -> str:
    first, *others = action.value.lower().split("_")
    return first + "".join(word.capitalize() for word in others)


assert MOVES.keys() == set(ServiceAction)
