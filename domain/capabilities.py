"""Capabilities: what a provider may do, for which service, in which markets, on which lane; and what takes it away.

Theory of operation (`domain.md` 5 B13, 6.2). A provider's state says what it may do at all (`ALLOWS`). Below that, a
restriction limits exactly what depends on a cause: a lapsed requirement, the desk, a flagged listing, a penalty. Its
scope names actions, services, markets and lanes; what it does not name is meant as a whole.

    imposed (live from `since`, which lies ahead while grace runs) -lift (renewal, desk, or the end by clock)-> lifted

Laws: one function, `against`, says why a capability is off; queries, mutations and what buyers are offered read it; a
limit reaches a capability only if every part of its scope does, so one lapsed document stops what rests on it and
nothing else; a limit that begins later or ends by itself is judged at the instant asked for, so the same function tells
today from any day ahead.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.access import Caller, may
from domain.change import Change, Fact, Happening
from domain.clocks import first_instant_after
from domain.countries import COUNTRIES
from domain.dates import rfc3339
from domain.errors import Invalid, Problem, Refused
from domain.explain import Finding, Input, unmet
from domain.gates import Action, Gates
from domain.ids import DecisionId, LaneId, ProviderId, RestrictionId
from domain.lanes import Lane
from domain.modes import ServiceMode
from domain.moves import Move, require
from domain.providers import Provider, ProviderState, declares

EVERYTHING: Final = frozenset(Action)

ALLOWS: Final[Mapping[ProviderState, frozenset[Action]]] = {
    # Services and rates are prepared while papers are looked at; nothing of it is sold before the provider is active.
    ProviderState.INVITED: frozenset(),
    ProviderState.DRAFT: frozenset({Action.LIST}),
    ProviderState.SUBMITTED: frozenset({Action.LIST}),
    ProviderState.SCREENING: frozenset({Action.LIST}),
    ProviderState.IN_REVIEW: frozenset({Action.LIST}),
    ProviderState.CHANGES_REQUESTED: frozenset({Action.LIST}),
    ProviderState.REJECTED: frozenset(),
    ProviderState.APPROVED: frozenset({Action.LIST}),
    ProviderState.ACTIVE: EVERYTHING,
    ProviderState.RESTRICTED: EVERYTHING,
    ProviderState.SUSPENDED: frozenset(),
    # Until its notice is over a leaving provider works on; then it only finishes what it has sold.
    ProviderState.EXIT_REQUESTED: EVERYTHING,
    ProviderState.WINDING_DOWN: frozenset(),
    ProviderState.EXITED: frozenset(),
    ProviderState.TERMINATED: frozenset(),
}
"""State -> what it leaves a provider. Total."""
assert ALLOWS.keys() == set(ProviderState)


class Cause(StrEnum):
    """Why something is restricted, and with that how it ends."""

    REQUIREMENT = "REQUIREMENT"
    """A requirement lapsed; its renewal ends it."""
    DESK = "DESK"
    """The marketplace's desk; it, or the end it set, ends it."""
    SUSPENSION = "SUSPENSION"
    """The provider is suspended as a whole; its reinstatement ends it."""
    LISTING = "LISTING"
    """A flagged listing was not corrected in time; the correction, or the desk, ends it."""
    PENALTY = "PENALTY"
    """A measure after penalty points; its end, or lifting the measure, ends it."""
    DEBT = "DEBT"
    """An invoice is overdue; its payment ends it."""


LIFTABLE: Final = frozenset({Cause.DESK, Cause.LISTING})
"""What the desk lifts: the others end with a renewal or waiver, with reinstateProvider, and with liftMeasure."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is restricted. What is empty is meant as a whole: no service named means every service."""

    actions: frozenset[Action] = frozenset()
    services: frozenset[ServiceMode] = frozenset()
    markets: frozenset[str] = frozenset()
    lane_ids: frozenset[LaneId] = frozenset()

    @classmethod
    def behind(cls, gates: Gates) -> "Scope":
        """What those gates open."""
        return cls(gates.actions, gates.services, gates.markets)

    def reaches(self, capability: "Capability") -> bool:
        """Whether the capability depends on what is restricted: every part of the scope must meet it.

        A capability that is bound to no service, market or lane is not reached by a scope that names some. But a
        guarantee stands for everything that its party sells: a scope that names it takes it whole.
        """
        if capability.action is Action.OFFER_GUARANTEE and capability.action in self.actions:
            return True
        return (
            (not self.actions or capability.action in self.actions)
            and (not self.services or capability.service in self.services)
            and (not self.markets or not self.markets.isdisjoint(capability.markets))
            and (not self.lane_ids or capability.lane_id in self.lane_ids)
        )


@dataclass(frozen=True, slots=True)
class Capability:
    """One thing a provider may do: an action, for a service, in markets (countries of either end), on a lane."""

    action: Action
    service: ServiceMode | None = None
    markets: tuple[str, ...] = ()
    lane_id: LaneId | None = None


def of_lane(lane: Lane, action: Action = Action.SELL) -> Capability:
    """That action on the lane; its markets are the countries of its two ends."""
    markets = tuple(dict.fromkeys((lane.origin_country, lane.destination_country)))
    return Capability(action, lane.mode, markets, lane.id)


@dataclass(frozen=True, slots=True)
class Limit:
    """What a restriction takes away, from `since` until `until` inclusive (None: until it is lifted).

    `about` says what it follows from: the key of a requirement, the id of a flag; None where the desk alone decided.
    """

    cause: Cause
    about: str | None
    scope: Scope
    since: datetime
    until: datetime | None

    def applies(self, at: datetime) -> bool:
        """Whether it takes something away at `at`."""
        return self.since <= at and (self.until is None or at <= self.until)


class RestrictionAction(StrEnum):
    """What can be done with a restriction; the value is the mutation's name in capitals."""

    LIFT_RESTRICTION = "LIFT_RESTRICTION"
    """liftRestriction: what it took away is back at once."""


OF_MEASURE: Final = Cause.PENALTY
"""The cause of restrictions that a measure brought: it has the statement of reasons and is what is appealed."""


@dataclass(frozen=True, slots=True)
class Restriction:
    """A limit on a provider, with its reason in words. It is live until it is lifted.

    `decision_id` is the decision that explains it, where the rules and not the desk alone decided.
    """

    id: RestrictionId
    provider_id: ProviderId
    limit: Limit
    reason: str
    decision_id: DecisionId | None
    imposed_at: datetime
    lifted_at: datetime | None
    lift_reason: str | None
    version: int

    @property
    def live(self) -> bool:
        """Whether it was not lifted, though its limit may still lie ahead."""
        return self.lifted_at is None


@dataclass(frozen=True, slots=True)
class RestrictProvider:
    """The desk's wish that a provider may not do something, perhaps until an instant."""

    provider_id: ProviderId
    scope: Scope
    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class LiftRestriction:
    """The desk's wish that a restriction ends, and why."""

    restriction_id: RestrictionId
    reason: str


@dataclass(frozen=True, slots=True)
class Stop:
    """A capability that is off at the instant asked for, and all that stands in its way.

    `already` says that it is off now as well, `opens_at` when time alone brings it back, where it does.
    """

    action: Action
    service: ServiceMode | None
    markets: tuple[str, ...]
    lane: LaneId | None
    because: tuple[Finding, ...]
    already: bool
    opens_at: datetime | None


# -- judging -----------------------------------------------------------------------------------------------------------


def because(state: ProviderState, limits: Iterable[Limit], capability: Capability, at: datetime) -> tuple[Finding, ...]:
    """Every reason why a provider in that state may not do that at `at`; nothing means that it may."""
    allowed = Finding(
        "capability.state",
        capability.action in ALLOWS[state],
        "capability_of_state",
        {"state": state.value, "action": capability.action.value},
    )
    found = [_unlimited(limit, capability) for limit in limits if limit.applies(at) and limit.scope.reaches(capability)]
    return unmet((allowed, *found))


STANDING: Final = frozenset({"capability.state", "capability.suspension", "capability.restriction"})
"""The rules whose findings say how a provider stands with the marketplace: a matter between the two."""


def as_others_see(found: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings as a third party reads them: that the provider does not offer it now, not how it stands."""
    shown = tuple(finding for finding in found if finding.rule not in STANDING)
    if len(shown) == len(found):
        return shown
    return (Finding("capability.offer", False, "provider_offers_this"), *shown)


def against(
    provider: Provider,
    limits: Iterable[Limit],
    capability: Capability,
    at: datetime,
    *,
    state: ProviderState | None = None,
) -> tuple[Finding, ...]:
    """Every reason why that provider may not do that at `at`: also that it never declared it, and so proved nothing.

    `state` stands in for its own on a day ahead.
    """
    declared = declares(provider, capability.service, capability.markets)
    return (*unmet((declared,)), *because(state or provider.state, limits, capability, at))


def require_capability(provider: Provider, limits: Iterable[Limit], capability: Capability, at: datetime) -> None:
    """Returns if the provider has the capability at `at`. Otherwise refuses with every reason."""
    if found := against(provider, limits, capability, at):
        raise Refused(f"capability.{capability.action.lower()}", "The provider may not do this now.", found)


def stops(
    provider: Provider,
    now: datetime,
    then: tuple[ProviderState, datetime],
    limits: Sequence[Limit],
    capabilities: Iterable[Capability],
) -> tuple[Stop, ...]:
    """Those of the capabilities that are off `then`, each with every reason, and whether they are off `now` as well.

    `then` is the state the provider will be in, and the instant; `limits` are those of today and those ahead.
    """
    state, at = then
    found = []
    for capability in capabilities:
        if reasons := against(provider, limits, capability, at, state=state):
            opens_at = _opens_at(provider, then, limits, capability)
            already = bool(against(provider, limits, capability, now))
            service, markets, lane = capability.service, capability.markets, capability.lane_id
            found.append(Stop(capability.action, service, markets, lane, reasons, already, opens_at))
    return tuple(found)


def repertoire(provider: Provider, offered: Iterable[Lane]) -> tuple[Capability, ...]:
    """Everything the provider may want to do: on each lane, for each service in each market, and as a whole."""
    services = sorted(provider.services)
    markets: list[tuple[str, ...]] = [(market,) for market in sorted(provider.served_markets)] or [()]
    return (
        *(of_lane(lane) for lane in offered),
        *(
            Capability(action, service, market)
            for service in services
            for market in markets
            for action in (Action.SELL, Action.BOOK)
        ),
        *(Capability(Action.LIST, service, tuple(sorted(provider.served_markets))) for service in services),
        Capability(Action.OFFER_GUARANTEE),
    )


def _opens_at(
    provider: Provider, then: tuple[ProviderState, datetime], limits: Sequence[Limit], capability: Capability
) -> datetime | None:
    """When every limit in the way has ended by itself; None where one does not, or where the state is in the way."""
    state, at = then
    ends = [limit.until for limit in limits if limit.applies(at) and limit.scope.reaches(capability)]
    latest = max((end for end in ends if end is not None), default=None)
    if latest is None or None in ends:
        return None
    opens_at = first_instant_after(latest)
    return None if against(provider, limits, capability, opens_at, state=state) else opens_at


def _unlimited(limit: Limit, capability: Capability) -> Finding:
    """That the limit is in the way. The desk's words stay in the restriction: not everybody may read them."""
    inputs: dict[str, Input] = {
        "action": capability.action.value,
        "cause": limit.cause.value,
        "about": limit.about,
        "since": rfc3339(limit.since),
    }
    opens_at = None if limit.until is None else rfc3339(first_instant_after(limit.until))
    if limit.cause is Cause.REQUIREMENT:
        return Finding("capability.requirement", False, "requirement_up_to_date", inputs, opens_at=opens_at)
    if limit.cause is Cause.SUSPENSION:
        return Finding("capability.suspension", False, "provider_not_suspended", inputs, opens_at=opens_at)
    return Finding("capability.restriction", False, "capability_unrestricted", inputs, opens_at=opens_at)


# -- restricting and lifting -------------------------------------------------------------------------------------------


def scope_problems(scope: Scope) -> tuple[Problem, ...]:
    """What is wrong with a scope by itself: a market that is no country, lanes beside other words."""
    problems = [Problem(("markets",), f"{market!r} is not a country") for market in sorted(scope.markets - COUNTRIES)]
    if scope.lane_ids and (scope.services or scope.markets):
        problems.append(Problem(("laneIds",), "name lanes, or services and markets: a lane has one of each"))
    return tuple(problems)


def restrict_provider(
    provider_id: ProviderId,
    limit: Limit,
    reason: str,
    *,
    id: RestrictionId,
    at: datetime,
    decision_id: DecisionId | None = None,
) -> Change[Restriction]:
    """What the limit names is off from its `since` on. Refuses a scope that is wrong and an end that is over."""
    problems = list(scope_problems(limit.scope))
    if limit.until is not None and limit.until <= max(at, limit.since):
        problems.append(Problem(("until",), "must lie ahead"))
    if problems:
        raise Invalid(*problems)
    restriction = Restriction(id, provider_id, limit, reason, decision_id, at, None, None, version=1)
    return Change(None, restriction, (Happening("restriction.imposed", _facts(restriction)),))


def moves(restriction: Restriction, caller: Caller) -> tuple[Move, ...]:
    """What the caller may do with the restriction, and why not."""
    cause = restriction.limit.cause
    findings = (
        Finding("restriction.role", may(caller, "liftRestriction"), "restriction_action_of_your_role"),
        Finding("restriction.live", restriction.live, "restriction_not_lifted"),
        Finding("restriction.cause", cause in LIFTABLE, "restriction_lifted_by_desk", {"cause": cause.value}),
    )
    return (Move(RestrictionAction.LIFT_RESTRICTION.value, unmet(findings)),)


def lift_restriction(restriction: Restriction, caller: Caller, reason: str, at: datetime) -> Change[Restriction]:
    """The desk lifts it. Refuses, with every reason, what `moves` blocks."""
    require(moves(restriction, caller), RestrictionAction.LIFT_RESTRICTION.value, "restriction.lift")
    return end_restriction(restriction, reason, at)


def end_restriction(restriction: Restriction, reason: str | None, at: datetime) -> Change[Restriction]:
    """It is over: its cause has ended, or its time. Refuses one that was lifted before."""
    if not restriction.live:
        finding = Finding("restriction.live", False, "restriction_not_lifted")
        raise Refused("restriction.lift", "The restriction was lifted before.", (finding,))
    after = replace(restriction, lifted_at=at, lift_reason=reason, version=restriction.version + 1)
    return Change(restriction, after, (Happening("restriction.lifted", _facts(restriction)),))


def _facts(restriction: Restriction) -> dict[str, Fact]:
    limit = restriction.limit
    return {
        "providerId": restriction.provider_id,
        "cause": limit.cause.value,
        "about": limit.about,
        "since": rfc3339(limit.since),
        "until": None if limit.until is None else rfc3339(limit.until),
    }
