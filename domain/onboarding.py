"""Onboarding: how a company becomes a provider: invited or by its own wish, screened, reviewed, approved, activated.

Theory of operation (`domain.md` 6.2). The provider's row is the application (`domain/providers.py`, `MOVES`), what it
proves are requirement items (`domain/requirements.py`), and each time it applies is a review in the desk's queue
(`domain/reviews.py`). Here is what ties them: `moves` says what the viewer may do with the application now and why not,
queries show that, and every mutation refuses by it.

Laws: an application is handed in only without gaps (`gaps`), approved only when every requirement is accepted or waived
at that very instant, and active only when nothing is open; every yes and no is a decision with its tree; an override is
a waiver of everything that is open, by somebody, for a reason, until a day; where the rule wants four eyes, nobody
gives both looks.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from domain import dates, providers, terms
from domain.access import Caller, Person, Role, may
from domain.change import Change, Happening
from domain.decisions import Decision, DecisionKind, decision
from domain.errors import Conflict, Invalid, Refused
from domain.explain import Finding, Input, every, unmet
from domain.ids import DecisionId, MemberId, OrganisationId, ProviderId, RequirementItemId, RuleVersionId
from domain.members import Member
from domain.moves import Move, require
from domain.parties import Registration
from domain.proofs import Proof
from domain.providers import ENDED, WORKING, Offer, Provider, ProviderAction, ProviderState, Step, offer_problems
from domain.relations import OneAccount
from domain.requirements import (
    APPROVING,
    MET,
    Matrix,
    OnboardingTerms,
    RequirementSet,
    RequirementStatus,
    Stage,
    Standing,
    asked,
    missing,
    unaccepted,
)
from domain.reviews import Review
from domain.rulebook import RuleKind, RuleVersion

CLOSED_TO_PROOFS: Final = ENDED
"""States in which nothing can be handed in."""

AMENDED: Final = WORKING | {ProviderState.INVITED, ProviderState.DRAFT, ProviderState.CHANGES_REQUESTED}
"""States in which an application can be changed."""


@dataclass(frozen=True, slots=True)
class ApplyAsProvider:
    """The wish to become a provider. `device` is a fingerprint of what the wish was sent from, where there is one."""

    registration: Registration
    offer: Offer
    device: str | None = None


@dataclass(frozen=True, slots=True)
class InviteProvider:
    """The desk's wish that a company applies: its organisation is made, and somebody gets a letter."""

    registration: Registration
    offer: Offer
    email: str


@dataclass(frozen=True, slots=True)
class AmendApplication:
    """The wish to change what an application says."""

    provider_id: ProviderId | None
    offer: Offer


@dataclass(frozen=True, slots=True)
class ApplicationStep:
    """The wish for a step that needs no further words: submit, reopen, activate."""

    provider_id: ProviderId | None


@dataclass(frozen=True, slots=True)
class ApplicationVerdict:
    """The desk's step with its reason."""

    provider_id: ProviderId
    reason: str


@dataclass(frozen=True, slots=True)
class OverrideApproval:
    """Somebody's yes although requirements are open: they are waived by them until `until`."""

    provider_id: ProviderId
    reason: str
    until: datetime


@dataclass(frozen=True, slots=True)
class SubmitRequirement:
    """The wish to hand something in for a requirement, for oneself or (the desk) for a provider."""

    provider_id: ProviderId | None
    requirement: str
    proof: Proof
    personal_value: str | None = None


@dataclass(frozen=True, slots=True)
class ItemVerdict:
    """What the desk makes of something handed in; `reason` for a no."""

    item_id: RequirementItemId
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class WaiveRequirement:
    """The wish to answer for a provider's requirement until `until`."""

    provider_id: ProviderId
    requirement: str
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Case:
    """An application with everything that decides about it at an instant.

    `bars` are the findings that do not hold: times in which it, or somebody related to it, may not come back.
    `account` is what the rule of one account says of it.
    """

    provider: Provider
    matrix: Matrix
    standings: tuple[Standing, ...]
    bars: tuple[Finding, ...]
    account: OneAccount
    review: Review | None


# -- rules -------------------------------------------------------------------------------------------------------------


def procedure_terms(version: RuleVersion) -> OnboardingTerms:
    """The numbers of a version of the procedure. Refuses a version of another kind with TypeError."""
    if version.kind is not RuleKind.ONBOARDING:
        raise TypeError(f"{version.key} is not the rule about onboarding")
    return terms.of(OnboardingTerms, version)


def requirement_set(version: RuleVersion) -> RequirementSet:
    """The requirements of a version. Refuses a version of another kind with TypeError."""
    if version.kind is not RuleKind.REQUIREMENTS:
        raise TypeError(f"{version.key} is no set of requirements")
    return terms.of(RequirementSet, version)


# -- what may be done --------------------------------------------------------------------------------------------------


def declared(provider: Provider) -> tuple[Finding, ...]:
    """Whether the application says what decides about its requirements."""
    rule = "onboarding.application"
    return (
        Finding(rule, bool(provider.served_markets), "application_markets"),
        Finding(rule, bool(provider.services), "application_services"),
        Finding(rule, provider.monthly_volume is not None, "application_volume"),
    )


def gaps(case: Case) -> tuple[Finding, ...]:
    """Everything that stands between the application and being handed in, besides state and role."""
    return (
        *unmet(declared(case.provider)),
        *missing(case.matrix, case.standings),
        *case.bars,
        *case.account.refused,
    )


def moves(case: Case, caller: Caller) -> tuple[Move, ...]:
    """What the caller may do with the application at the case's instant, and why not."""
    return tuple(_move(action, case, caller) for action in _CONDITIONS)


def require_move(case: Case, action: ProviderAction, caller: Caller) -> None:
    """Returns if the caller may do that now. Otherwise refuses with every reason."""
    require((_move(action, case, caller),), action.value, f"onboarding.{action.value.lower()}")


def _move(action: ProviderAction, case: Case, caller: Caller) -> Move:
    own = caller.is_operator or caller.party_id == case.provider.id
    role = Finding("onboarding.role", own and may(caller, _verb(action)), "provider_action_of_your_role")
    because = unmet((role, *_CONDITIONS[action](case, caller)))
    opens = {finding.opens_at for finding in because}
    opens_at = None
    if because and None not in opens:
        opens_at = max(dates.instant(each) for each in opens if each is not None)
    return Move(action.value, because, opens_at=opens_at)


def _verb(action: ProviderAction) -> str:
    first, *rest = action.value.lower().split("_")
    return first + "".join(word.capitalize() for word in rest)


def _steps(case: Case, *steps: Step) -> tuple[Finding, ...]:
    return (providers.state_allows(case.provider, *steps),)


def _in(case: Case, states: Iterable[ProviderState]) -> tuple[Finding, ...]:
    state = case.provider.state
    return (Finding("provider.state", state in set(states), "provider_state_allows", {"state": state.value}),)


def _amend(case: Case, _: Caller) -> tuple[Finding, ...]:
    return _in(case, AMENDED)


def _submit(case: Case, _: Caller) -> tuple[Finding, ...]:
    return (*_steps(case, Step.SUBMIT), *gaps(case))


def _reopen(case: Case, _: Caller) -> tuple[Finding, ...]:
    return (*_steps(case, Step.REOPEN), *case.bars)


def _admit(case: Case, _: Caller) -> tuple[Finding, ...]:
    return _steps(case, Step.ADMIT)


def _request_changes(case: Case, _: Caller) -> tuple[Finding, ...]:
    return _steps(case, Step.REQUEST_CHANGES)


def _approve(case: Case, caller: Caller) -> tuple[Finding, ...]:
    return (
        *_steps(case, Step.APPROVE),
        *unaccepted(case.matrix, case.standings, *APPROVING),
        *case.bars,
        second_person(case, caller),
    )


def _override(case: Case, caller: Caller) -> tuple[Finding, ...]:
    return (*_steps(case, Step.APPROVE), second_person(case, caller))


def _reject(case: Case, _: Caller) -> tuple[Finding, ...]:
    return _steps(case, Step.REJECT)


def _waive(case: Case, _: Caller) -> tuple[Finding, ...]:
    open_ = set(ProviderState) - ENDED
    vouched = Finding("onboarding.proves", case.provider.vouched_by is None, "provider_proves_itself")
    return (*_in(case, open_), vouched)


def _activate(case: Case, _: Caller) -> tuple[Finding, ...]:
    return (*_steps(case, Step.ACTIVATE), *unaccepted(case.matrix, case.standings, *Stage))


_CONDITIONS: Final = {
    ProviderAction.AMEND_APPLICATION: _amend,
    ProviderAction.SUBMIT_APPLICATION: _submit,
    ProviderAction.REOPEN_APPLICATION: _reopen,
    ProviderAction.ADMIT_TO_REVIEW: _admit,
    ProviderAction.REQUEST_CHANGES: _request_changes,
    ProviderAction.APPROVE_APPLICATION: _approve,
    ProviderAction.OVERRIDE_APPROVAL: _override,
    ProviderAction.REJECT_APPLICATION: _reject,
    ProviderAction.WAIVE_REQUIREMENT: _waive,
    ProviderAction.ACTIVATE_PROVIDER: _activate,
}
"""The actions of onboarding -> what has to hold for them."""


def wants_second_person(case: Case) -> bool:
    """Whether two people have to approve this provider."""
    return case.provider.kind in case.matrix.procedure.approval_four_eyes


def second_person(case: Case, caller: Caller) -> Finding:
    """Whether the caller is not the first of the two who have to approve."""
    first = None if case.review is None else case.review.endorsed_by
    holds = not wants_second_person(case) or first != caller.actor_id
    # Who was first stays with the desk: the finding is shown to the applicant as well.
    return Finding("onboarding.four_eyes", holds, "second_person", version=case.matrix.procedure.version)


# -- coming in ---------------------------------------------------------------------------------------------------------


def founder(person: Person, organisation_id: OrganisationId, *, id: MemberId, at: datetime) -> Change[Member]:
    """The person who applies is the first member of the company's organisation."""
    member = Member(
        id=id,
        organisation_id=organisation_id,
        issuer=person.issuer,
        subject=person.subject,
        roles=(Role.PROVIDER,),
        joined_at=at,
        removed_at=None,
        version=1,
    )
    return Change(None, member, (Happening("member.joined", {"organisation": organisation_id}),))


def amend_application(case: Case, offer: Offer, caller: Caller, *, at: datetime) -> Change[Provider]:
    """The application says this from now on; an invited provider has begun.

    Refuses what `moves` blocks, and that a provider which works becomes of another kind or tier: that is reviewed.
    """
    require_move(case, ProviderAction.AMEND_APPLICATION, caller)
    if problems := offer_problems(offer, "offer"):
        raise Invalid(*problems)
    provider = case.provider
    if provider.state in WORKING and (offer.kind, offer.tier) != (provider.kind, provider.tier):
        finding = Finding(
            "onboarding.kind", False, "provider_kind_fixed", {"kind": provider.kind, "tier": provider.tier}
        )
        raise Refused("onboarding.amend_application", "Kind and tier of a working provider stay.", (finding,))
    said: dict[str, Any] = {
        "kind": offer.kind,
        "served_markets": offer.served_markets,
        "services": offer.services,
        "traits": offer.traits,
        "tier": offer.tier,
        "monthly_volume": offer.monthly_volume,
    }
    if provider.state is ProviderState.INVITED:
        return providers.step(provider, Step.BEGIN, at=at, **said)
    after = replace(provider, **said, version=provider.version + 1)
    if replace(after, version=provider.version) == provider:
        raise Conflict("The application says so already.", field=("offer",))
    return Change(provider, after, (Happening("provider.amended", {"kind": offer.kind}),))


@dataclass(frozen=True, slots=True)
class Amended:
    """What another offer means for a provider that works: what it must prove now, and what it need not any more."""

    asked: tuple[Standing, ...]
    dropped: tuple[str, ...]


def amended(before: Case, after: Case) -> Amended:
    """What the offer after asks for that is not met and was not asked before, and the keys it asks for no more."""
    were = _asked_keys(before)
    are = _asked_keys(after)
    asked = tuple(
        standing for standing in after.standings if standing.status not in MET and standing.requirement.key not in were
    )
    return Amended(asked, tuple(sorted(were - are)))


def _asked_keys(case: Case) -> frozenset[str]:
    return frozenset(
        each.requirement.key for each in case.standings if each.status is not RequirementStatus.NOT_APPLICABLE
    )


def begin(provider: Provider, *, at: datetime) -> tuple[Change[Provider], ...]:
    """An invited provider that hands something in has begun its application."""
    if provider.state is not ProviderState.INVITED:
        return ()
    return (providers.step(provider, Step.BEGIN, at=at),)


def open_to_proofs(provider: Provider) -> None:
    """Returns if something can be handed in. Refuses where the application or the provider's life has ended."""
    finding = Finding(
        "provider.state",
        provider.state not in CLOSED_TO_PROOFS,
        "provider_state_allows",
        {"state": provider.state.value},
    )
    vouched = Finding("onboarding.proves", provider.vouched_by is None, "provider_proves_itself")
    if because := unmet((finding, vouched)):
        raise Refused("onboarding.submit_requirement", "Nothing can be handed in now.", because)


# -- decisions ---------------------------------------------------------------------------------------------------------


def screening(case: Case) -> Finding:
    """What the automatic rules say of what was handed in: complete, not barred, and nobody's second account."""
    alone = Finding(
        "onboarding.one_account", not case.account.flagged, "provider_only_account", because=case.account.flagged
    )
    return every(
        "onboarding.screening",
        "application_screened",
        (
            every("onboarding.application", "application_complete", declared(case.provider)),
            Finding("onboarding.bars", not case.bars, "provider_not_barred", because=case.bars),
            alone,
        ),
        version=case.matrix.procedure.version,
    )


def admission(
    case: Case, caller: Caller, *, holds: bool, reason: str | None = None, until: datetime | None = None
) -> Finding:
    """Why the desk says yes or no: every requirement as it stands, the bars, and the person's own words."""
    inputs: dict[str, Input] = {"reason": reason}
    if until is not None:
        inputs["until"] = dates.rfc3339(until)
    because = (
        *(asked(case.matrix, standing) for standing in case.standings),
        *case.bars,
        second_person(case, caller),
    )
    rule = "onboarding.override" if until is not None else "onboarding.admission"
    return Finding(rule, holds, "application_approved", inputs, case.matrix.procedure.version, because)


def decided(case: Case, tree: Finding, *, id: DecisionId, by: str, at: datetime) -> Decision:
    """The decision that the tree comes to, about the provider."""
    pinned = (RuleVersionId(case.matrix.procedure.version),)
    return decision(id, case.provider.id, DecisionKind.ONBOARDING, tree, at=at, decided_by=by, rule_version_ids=pinned)


def open_keys(case: Case) -> tuple[Standing, ...]:
    """The requirements that an override has to waive: everything that is not met."""
    return tuple(standing for standing in case.standings if standing.status not in MET)
