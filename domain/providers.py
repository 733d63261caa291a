"""Providers: who carries the goods or serves them afterwards, from the first contact to the last day.

Theory of operation (`domain.md` 6.2). A provider's row is its application and its whole life; `MOVES` is every step of
it. Whoever makes a step asks `step`, whatever the noun that decided it (`onboarding`, `capabilities`, `exits`):

    INVITED -> DRAFT -> SUBMITTED -> SCREENING -> IN_REVIEW -> APPROVED -> ACTIVE
    IN_REVIEW <-> CHANGES_REQUESTED -silence-> DRAFT          SCREENING, IN_REVIEW -> REJECTED
    ACTIVE <-> RESTRICTED -> SUSPENDED -> back                ACTIVE -> EXIT_REQUESTED -> WINDING_DOWN -> EXITED
    any -> TERMINATED                                         REJECTED, EXITED, TERMINATED -> DRAFT (after its bar)

Laws: a provider that the desk registers is active at once and vouched for: it meets every requirement because somebody
of the marketplace says so; a provider that applies is public from its first activation on, never before.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from domain.change import Change, Fact, Happening
from domain.countries import COUNTRIES
from domain.errors import Invalid, Problem, Refused
from domain.explain import Finding, Input
from domain.ids import DecisionId, OrganisationId, ProviderId
from domain.modes import ServiceMode
from domain.organisations import Organisation, OrganisationKind
from domain.parties import Registration, checked, require_room


class ProviderKind(StrEnum):
    """What a provider is."""

    FORWARDER = "FORWARDER"
    """Arranges transport with others and answers for it."""
    NVOCC = "NVOCC"
    """Carries by sea under its own bills of lading, without ships of its own."""
    AIRLINE_AGENT = "AIRLINE_AGENT"
    """Sells and handles air freight for airlines."""
    EXPRESS_COURIER = "EXPRESS_COURIER"
    """Carries parcels from door to door."""
    CUSTOMS_BROKER = "CUSTOMS_BROKER"
    """Clears goods through customs."""
    WAREHOUSE = "WAREHOUSE"
    """Stores and handles goods."""
    TRUCKER = "TRUCKER"
    """Carries by road."""
    SERVICE_NETWORK = "SERVICE_NETWORK"
    """Installs, maintains and repairs machines with engineers at service points."""
    INSPECTOR = "INSPECTOR"
    """Inspects goods before they leave or after they came."""
    OTHER = "OTHER"
    """Something else, or what it does was not recorded."""


class ProviderState(StrEnum):
    """Where a provider stands in its life on the marketplace."""

    INVITED = "INVITED"
    """The marketplace asked it to apply; it has not begun."""
    DRAFT = "DRAFT"
    """It fills in its application."""
    SUBMITTED = "SUBMITTED"
    """It handed its application in."""
    SCREENING = "SCREENING"
    """The automatic rules found something that the desk has to look at first."""
    IN_REVIEW = "IN_REVIEW"
    """The desk reviews it."""
    CHANGES_REQUESTED = "CHANGES_REQUESTED"
    """The desk asked for corrections; the applicant has until the deadline."""
    REJECTED = "REJECTED"
    """The desk said no; it may apply again after the cool-down."""
    APPROVED = "APPROVED"
    """The desk said yes; something that activation needs is still open, such as a deposit."""
    ACTIVE = "ACTIVE"
    """Carries and serves, and may offer guarantees."""
    RESTRICTED = "RESTRICTED"
    """Works, but for what a restriction takes away."""
    SUSPENDED = "SUSPENDED"
    """Takes nothing new for now; what it took before stays its duty."""
    EXIT_REQUESTED = "EXIT_REQUESTED"
    """It wants to leave."""
    WINDING_DOWN = "WINDING_DOWN"
    """It takes nothing new and finishes what is open."""
    EXITED = "EXITED"
    """It has left."""
    TERMINATED = "TERMINATED"
    """The marketplace ended it."""


class ProviderTier(StrEnum):
    """How a provider stands to the marketplace; requirements can differ by it."""

    STANDARD = "STANDARD"
    """One provider among others."""
    PREFERRED = "PREFERRED"
    """Shown first and held to more."""


class Trait(StrEnum):
    """What a provider declares about itself beyond kind and country, where requirements hang on it."""

    US_OCEAN_LICENSED = "US_OCEAN_LICENSED"
    """Holds a licence of the United States' maritime regulator although it is at home elsewhere."""
    HANDLES_DANGEROUS_GOODS = "HANDLES_DANGEROUS_GOODS"
    """Carries or stores dangerous goods."""
    OWNS_VEHICLES = "OWNS_VEHICLES"
    """Runs vehicles of its own rather than others'."""


class ProviderAction(StrEnum):
    """What can be done with a provider; the value is the mutation's name in capitals."""

    AMEND_APPLICATION = "AMEND_APPLICATION"
    """amendApplication: it declares what it is and what it offers, or corrects that."""
    SUBMIT_APPLICATION = "SUBMIT_APPLICATION"
    """submitApplication: it hands its application in."""
    REOPEN_APPLICATION = "REOPEN_APPLICATION"
    """reopenApplication: it applies again, after a rejection, an exit or a removal."""
    ADMIT_TO_REVIEW = "ADMIT_TO_REVIEW"
    """admitToReview: the desk admits it to review although a rule found something."""
    REQUEST_CHANGES = "REQUEST_CHANGES"
    """requestChanges: the desk asks the applicant to correct something."""
    APPROVE_APPLICATION = "APPROVE_APPLICATION"
    """approveApplication: the desk says yes."""
    OVERRIDE_APPROVAL = "OVERRIDE_APPROVAL"
    """overrideApproval: somebody answers for a yes although requirements are open."""
    REJECT_APPLICATION = "REJECT_APPLICATION"
    """rejectApplication: the desk says no."""
    WAIVE_REQUIREMENT = "WAIVE_REQUIREMENT"
    """waiveRequirement: somebody answers for a requirement that is not met, until a day."""
    ACTIVATE_PROVIDER = "ACTIVATE_PROVIDER"
    """activateProvider: what activation waited for is there."""
    RESTRICT_PROVIDER = "RESTRICT_PROVIDER"
    """restrictProvider: the desk takes a part of what it may do away."""
    SUSPEND_PROVIDER = "SUSPEND_PROVIDER"
    """suspendProvider: the desk takes everything new away for now."""
    REINSTATE_PROVIDER = "REINSTATE_PROVIDER"
    """reinstateProvider: the desk ends a suspension."""
    TERMINATE_PROVIDER = "TERMINATE_PROVIDER"
    """terminateProvider: the desk removes it for good."""
    REMOVE_FROM_PROGRAMME = "REMOVE_FROM_PROGRAMME"
    """removeFromProgramme: the desk ends its guarantee under a rule and bars it from offering that again."""
    REQUEST_EXIT = "REQUEST_EXIT"
    """requestExit: it leaves when its notice is over and nothing is open."""
    WITHDRAW_EXIT = "WITHDRAW_EXIT"
    """withdrawExit: it stays after all."""


S = ProviderState


class Step(StrEnum):
    """One step in a provider's life."""

    BEGIN = "BEGIN"
    """The invited provider begins its application."""
    SUBMIT = "SUBMIT"
    """The application is handed in."""
    SCREEN = "SCREEN"
    """The automatic rules look at it."""
    ADMIT = "ADMIT"
    """It goes to the desk."""
    REQUEST_CHANGES = "REQUEST_CHANGES"
    """The desk wants corrections."""
    LAPSE = "LAPSE"
    """Nobody corrected it in time."""
    REJECT = "REJECT"
    """The desk says no."""
    APPROVE = "APPROVE"
    """The desk says yes."""
    ACTIVATE = "ACTIVATE"
    """Nothing is open any more."""
    RESTRICT = "RESTRICT"
    """A part of what it may do is taken away."""
    RELAX = "RELAX"
    """Nothing is taken away any more."""
    SUSPEND = "SUSPEND"
    """Everything new is taken away for now."""
    REINSTATE = "REINSTATE"
    """It works again."""
    REINSTATE_RESTRICTED = "REINSTATE_RESTRICTED"
    """It works again, but for what a restriction takes away."""
    REQUEST_EXIT = "REQUEST_EXIT"
    """It wants to leave."""
    WITHDRAW_EXIT = "WITHDRAW_EXIT"
    """It stays after all."""
    WITHDRAW_EXIT_RESTRICTED = "WITHDRAW_EXIT_RESTRICTED"
    """It stays after all, but for what a restriction takes away."""
    WIND_DOWN = "WIND_DOWN"
    """It finishes what is open."""
    EXIT = "EXIT"
    """It has left."""
    TERMINATE = "TERMINATE"
    """The marketplace ends it."""
    READMIT = "READMIT"
    """That the marketplace ended it was overturned."""
    REOPEN = "REOPEN"
    """It applies again."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Where a step leads, from where, and what has happened then."""

    since: frozenset[ProviderState]
    to: ProviderState
    happening: str


def _turn(happening: str, to: ProviderState, *since: ProviderState) -> Turn:
    return Turn(frozenset(since), to, happening)


WORKING: Final = frozenset({S.ACTIVE, S.RESTRICTED})
"""States in which a provider takes new business."""

ENDED: Final = frozenset({S.REJECTED, S.EXITED, S.TERMINATED})
"""States that only a new application leaves."""

MOVES: Final[Mapping[Step, Turn]] = {
    Step.BEGIN: _turn("provider.began", S.DRAFT, S.INVITED),
    Step.SUBMIT: _turn("provider.submitted", S.SUBMITTED, S.DRAFT, S.CHANGES_REQUESTED),
    Step.SCREEN: _turn("provider.screened", S.SCREENING, S.SUBMITTED),
    Step.ADMIT: _turn("provider.admitted_to_review", S.IN_REVIEW, S.SCREENING),
    Step.REQUEST_CHANGES: _turn("provider.changes_requested", S.CHANGES_REQUESTED, S.SCREENING, S.IN_REVIEW),
    Step.LAPSE: _turn("provider.lapsed", S.DRAFT, S.CHANGES_REQUESTED),
    Step.REJECT: _turn("provider.rejected", S.REJECTED, S.SCREENING, S.IN_REVIEW),
    Step.APPROVE: _turn("provider.approved", S.APPROVED, S.IN_REVIEW),
    Step.ACTIVATE: _turn("provider.activated", S.ACTIVE, S.APPROVED),
    Step.RESTRICT: _turn("provider.restricted", S.RESTRICTED, S.ACTIVE),
    Step.RELAX: _turn("provider.relaxed", S.ACTIVE, S.RESTRICTED),
    Step.SUSPEND: _turn("provider.suspended", S.SUSPENDED, S.ACTIVE, S.RESTRICTED),
    Step.REINSTATE: _turn("provider.reinstated", S.ACTIVE, S.SUSPENDED),
    Step.REINSTATE_RESTRICTED: _turn("provider.reinstated", S.RESTRICTED, S.SUSPENDED),
    Step.REQUEST_EXIT: _turn("provider.exit_requested", S.EXIT_REQUESTED, S.ACTIVE, S.RESTRICTED),
    Step.WITHDRAW_EXIT: _turn("provider.exit_withdrawn", S.ACTIVE, S.EXIT_REQUESTED),
    Step.WITHDRAW_EXIT_RESTRICTED: _turn("provider.exit_withdrawn", S.RESTRICTED, S.EXIT_REQUESTED),
    Step.WIND_DOWN: _turn("provider.winding_down", S.WINDING_DOWN, S.EXIT_REQUESTED),
    Step.EXIT: _turn("provider.exited", S.EXITED, S.WINDING_DOWN),
    Step.TERMINATE: _turn("provider.terminated", S.TERMINATED, *(set(S) - {S.TERMINATED, S.EXITED})),
    Step.READMIT: _turn("provider.readmitted", S.ACTIVE, S.TERMINATED),
    Step.REOPEN: _turn("provider.reopened", S.DRAFT, *ENDED),
}
"""Step -> where it leads. Total: there is no other way from one state to another."""

STEPS: Final[Mapping[ProviderState, frozenset[ProviderState]]] = {
    state: frozenset(turn.to for turn in MOVES.values() if state in turn.since) for state in ProviderState
}
"""State -> the states that may follow it."""

VOLUME_MAX: Final = 100_000_000
"""Shipments a month: more than any carrier moves."""
AREAS_MAX: Final = 249
"""As many markets as there are countries."""


@dataclass(frozen=True, slots=True)
class Provider:
    """One carrier, forwarder or service firm.

    `monthly_volume` is how many shipments or jobs a month it expects; `vouched_by` the member or key that answers for
    all its requirements, None for one that proves them; `state_reason` why it stands where it stands, in words it may
    read; `activated_at` its first activation, from which on it is public.
    """

    id: ProviderId
    organisation_id: OrganisationId
    reference: str | None
    name: str
    country: str
    kind: ProviderKind
    state: ProviderState
    state_since: datetime
    state_reason: str | None
    served_markets: frozenset[str]
    services: frozenset[ServiceMode]
    traits: frozenset[Trait]
    tier: ProviderTier
    monthly_volume: int | None
    vouched_by: str | None
    decision_id: DecisionId | None
    registered_at: datetime
    activated_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class Offer:
    """What a provider says it is and offers: the part of an application that decides what it has to prove."""

    kind: ProviderKind
    served_markets: frozenset[str] = frozenset()
    services: frozenset[ServiceMode] = frozenset()
    traits: frozenset[Trait] = frozenset()
    tier: ProviderTier = ProviderTier.STANDARD
    monthly_volume: int | None = None


@dataclass(frozen=True, slots=True)
class RegisterProvider:
    """The wish for a new provider of a kind that the marketplace vouches for."""

    registration: Registration
    kind: ProviderKind
    served_markets: frozenset[str] = frozenset()
    services: frozenset[ServiceMode] = frozenset()

    @property
    def offer(self) -> Offer:
        """What it offers."""
        return Offer(self.kind, self.served_markets, self.services)


def offer_problems(offer: Offer, *path: str) -> tuple[Problem, ...]:
    """Everything wrong with an offer by itself; `path` says where the client wrote it."""
    problems = [
        Problem((*path, "servedMarkets"), f"{market!r} is not a country")
        for market in sorted(offer.served_markets)
        if market not in COUNTRIES
    ]
    if offer.monthly_volume is not None and not 0 <= offer.monthly_volume <= VOLUME_MAX:
        problems.append(Problem((*path, "monthlyVolume"), f"must lie between 0 and {VOLUME_MAX}"))
    return tuple(problems)


def require_offer(offer: Offer, *path: str) -> None:
    """Returns if nothing is wrong with the offer by itself. Refuses with Invalid, naming every problem."""
    if problems := offer_problems(offer, *path):
        raise Invalid(*problems)


def new_provider(
    registration: Registration,
    offer: Offer,
    organisation: Organisation,
    state: ProviderState,
    happening: str,
    *,
    present: ProviderId | None,
    id: ProviderId,
    at: datetime,
    vouched_by: str | None = None,
) -> Change[Provider]:
    """The organisation is a provider in that state. Refuses what `parties` refuses, and an offer that is wrong."""
    registration = checked(registration)
    require_room(organisation, OrganisationKind.PROVIDER, present, registration)
    require_offer(offer)
    provider = Provider(
        id=id,
        organisation_id=organisation.id,
        reference=registration.reference,
        name=registration.name,
        country=registration.country,
        kind=offer.kind,
        state=state,
        state_since=at,
        state_reason=None,
        served_markets=offer.served_markets,
        services=offer.services,
        traits=offer.traits,
        tier=offer.tier,
        monthly_volume=offer.monthly_volume,
        vouched_by=vouched_by,
        decision_id=None,
        registered_at=at,
        activated_at=at if state is ProviderState.ACTIVE else None,
        version=1,
    )
    return Change(None, provider, (Happening(happening, {"organisation": organisation.id, "kind": offer.kind}),))


def register_provider(
    command: RegisterProvider,
    organisation: Organisation,
    *,
    present: ProviderId | None,
    id: ProviderId,
    at: datetime,
    by: str,
) -> Change[Provider]:
    """The organisation carries or serves here at once, vouched for by `by`. Refuses what `parties` refuses."""
    return new_provider(
        command.registration,
        command.offer,
        organisation,
        ProviderState.ACTIVE,
        "provider.registered",
        present=present,
        id=id,
        at=at,
        vouched_by=by,
    )


def declares(provider: Provider, service: ServiceMode | None, markets: Iterable[str]) -> Finding:
    """Whether the provider declared that it does that in those markets, and so was asked for what that needs.

    One that is vouched for is answered for, whatever it does.
    """
    undeclared = sorted(set(markets) - provider.served_markets)
    does = service is None or service in provider.services
    holds = provider.vouched_by is not None or (does and not undeclared)
    inputs: dict[str, Input] = {"service": service, "markets": ", ".join(undeclared) or None}
    return Finding("provider.declared", holds, "provider_declared", inputs)


def state_allows(provider: Provider, *steps: Step) -> Finding:
    """Whether one of the steps leads on from where the provider stands."""
    allowed = any(provider.state in MOVES[step].since for step in steps)
    return Finding("provider.state", allowed, "provider_state_allows", {"state": provider.state.value})


def step(
    provider: Provider,
    step: Step,
    *,
    at: datetime,
    reason: str | None = None,
    facts: Mapping[str, Fact] | None = None,
    **changed: Any,
) -> Change[Provider]:
    """The provider stands where the step leads, because of `reason`; `changed` are other fields that change with it.

    Refuses a step that does not lead on from its state.
    """
    allowed = state_allows(provider, step)
    if not allowed.holds:
        raise Refused("provider.state", f"The provider is {provider.state}: this step is not possible.", (allowed,))
    turn = MOVES[step]
    activated_at = provider.activated_at or (at if turn.to is ProviderState.ACTIVE else None)
    after = replace(
        provider,
        state=turn.to,
        state_since=at,
        state_reason=reason,
        activated_at=activated_at,
        version=provider.version + 1,
        **changed,
    )
    told: dict[str, Fact] = {"from": provider.state.value, "to": turn.to.value}
    return Change(provider, after, (Happening(turn.happening, told | dict(facts or {})),))


assert MOVES.keys() == set(Step)
