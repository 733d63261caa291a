"""Standings: where an admitted provider stands with the marketplace: working, restricted, suspended, leaving, gone.

Theory of operation (`domain.md` 6.2). The states and steps are a provider's own (`domain/providers.py`); here is who
takes them after its admission and what they are called: the desk restricts, suspends, reinstates and terminates; the
provider itself asks to leave and takes that back. A provider is RESTRICTED if and only if a restriction of it is live
(`settle`), also while the grace of a lapsed requirement still runs.

Laws: what a provider sold before stays its duty in every state; a suspension takes everything new away until it ends by
its clock or by the desk; a termination is for good, and bars the provider and its related accounts (`domain/bars.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import providers
from domain.access import Caller, may
from domain.capabilities import Cause, Restriction
from domain.change import Change
from domain.clocks import first_instant_after
from domain.errors import Invalid, Problem
from domain.exits import Exit
from domain.explain import Finding, unmet
from domain.ids import ProviderId
from domain.moves import Move, require
from domain.providers import WORKING, Provider, ProviderAction, ProviderState, Step


class TerminationCause(StrEnum):
    """Why a provider is terminated."""

    POINTS = "POINTS"
    """Its penalty points reached the last step of the ladder."""
    FRAUD = "FRAUD"
    """It deceived."""
    OTHER = "OTHER"
    """Something else, which the reason says."""


@dataclass(frozen=True, slots=True)
class SuspendProvider:
    """The desk's wish that a provider takes nothing new, perhaps until an instant."""

    provider_id: ProviderId
    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReinstateProvider:
    """The desk's wish that a suspended provider works again, and why."""

    provider_id: ProviderId
    reason: str


@dataclass(frozen=True, slots=True)
class TerminateProvider:
    """The desk's wish that a provider is removed from the marketplace for good, and why."""

    provider_id: ProviderId
    cause: TerminationCause
    reason: str


@dataclass(frozen=True, slots=True)
class RemoveFromProgramme:
    """The desk's wish that a provider offers a rule's guarantee no longer, nor a related account, and why."""

    provider_id: ProviderId
    rule_key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Doing:
    """Who may do something with an admitted provider: the mutation, and the states in which it makes sense."""

    mutation: str
    since: frozenset[ProviderState]
    own: bool = False
    """Whether the provider does it for itself, the desk for it."""


def _from(*steps: Step) -> frozenset[ProviderState]:
    return frozenset().union(*(providers.MOVES[step].since for step in steps))


ADMITTED: Final = WORKING | {ProviderState.SUSPENDED, ProviderState.EXIT_REQUESTED}
"""States in which a restriction takes something away, now or when the state has passed."""

DOINGS: Final[Mapping[ProviderAction, Doing]] = {
    ProviderAction.RESTRICT_PROVIDER: Doing("restrictProvider", ADMITTED),
    ProviderAction.SUSPEND_PROVIDER: Doing("suspendProvider", _from(Step.SUSPEND)),
    ProviderAction.REINSTATE_PROVIDER: Doing("reinstateProvider", _from(Step.REINSTATE)),
    ProviderAction.TERMINATE_PROVIDER: Doing("terminateProvider", _from(Step.TERMINATE)),
    ProviderAction.REMOVE_FROM_PROGRAMME: Doing("removeFromProgramme", ADMITTED),
    ProviderAction.REQUEST_EXIT: Doing("requestExit", _from(Step.REQUEST_EXIT), own=True),
    ProviderAction.WITHDRAW_EXIT: Doing("withdrawExit", _from(Step.WITHDRAW_EXIT), own=True),
}
"""What can be done with an admitted provider."""


def moves(provider: Provider, caller: Caller) -> tuple[Move, ...]:
    """What the caller may do with the admitted provider, and why not."""
    return tuple(_move(action, doing, provider, caller) for action, doing in DOINGS.items())


def _move(action: ProviderAction, doing: Doing, provider: Provider, caller: Caller) -> Move:
    own = caller.is_operator or (doing.own and caller.party_id == provider.id)
    findings = (
        Finding("standing.role", own and may(caller, doing.mutation), "standing_action_of_your_role"),
        Finding("standing.state", provider.state in doing.since, "standing_allows", {"state": provider.state.value}),
    )
    return Move(action.value, unmet(findings))


def require_move(provider: Provider, caller: Caller, action: ProviderAction) -> None:
    """Returns if the caller may do that now. Refuses, with every reason, what `moves` blocks."""
    require(moves(provider, caller), action.value, f"standing.{action.lower()}")


def settle(provider: Provider, *, restricted: bool, at: datetime) -> Change[Provider] | None:
    """A working provider is RESTRICTED exactly while something is taken from it; None where it is as it should be."""
    if restricted and provider.state is ProviderState.ACTIVE:
        return providers.step(provider, Step.RESTRICT, at=at)
    if not restricted and provider.state is ProviderState.RESTRICTED:
        return providers.step(provider, Step.RELAX, at=at)
    return None


def suspend_provider(provider: Provider, reason: str, until: datetime | None, at: datetime) -> Change[Provider]:
    """The provider takes nothing new. Refuses a state in which it takes nothing anyway, and an end that is over."""
    if until is not None and until <= at:
        raise Invalid(Problem(("until",), "must lie ahead"))
    return providers.step(provider, Step.SUSPEND, at=at, reason=reason)


def reinstate_provider(provider: Provider, reason: str | None, *, restricted: bool, at: datetime) -> Change[Provider]:
    """The provider works again, but for what is restricted. Refuses one that is not suspended."""
    step = Step.REINSTATE_RESTRICTED if restricted else Step.REINSTATE
    return providers.step(provider, step, at=at, reason=reason)


def stay(provider: Provider, *, restricted: bool, at: datetime) -> Change[Provider]:
    """The provider that wanted to leave stays. Refuses one that does not sell any more."""
    step = Step.WITHDRAW_EXIT_RESTRICTED if restricted else Step.WITHDRAW_EXIT
    return providers.step(provider, step, at=at)


def terminate_provider(provider: Provider, command: TerminateProvider, at: datetime) -> Change[Provider]:
    """The provider is gone for good. Refuses one that is gone."""
    facts = {"cause": command.cause.value}
    return providers.step(provider, Step.TERMINATE, at=at, reason=command.reason, facts=facts)


def state_on(
    provider: Provider, restrictions: tuple[Restriction, ...], leaving: Exit | None, at: datetime
) -> ProviderState:
    """The state in which the provider will be at `at` if nobody does anything until then.

    A suspension with an end will be over, a notice given will have run out.
    """
    if provider.state is ProviderState.EXIT_REQUESTED and leaving is not None and leaving.sells_until < at:
        return ProviderState.WINDING_DOWN
    if provider.state is ProviderState.SUSPENDED:
        ends = [each.limit.until for each in restrictions if each.live and each.limit.cause is Cause.SUSPENSION]
        if ends and all(end is not None and first_instant_after(end) <= at for end in ends):
            return ProviderState.RESTRICTED
    return provider.state
