"""Onboarding: providers are invited or apply, hand in, are screened, reviewed, approved, activated, or rejected.

Locks: the provider first, then its items and its review. Every yes and no leaves a decision with its tree. What the
rules refuse by is what queries show (`domain/onboarding.py`, `moves`).
"""

from typing import Any

from api.operations import applications, bars, capabilities, proofs, relations
from api.operations.duties import end_duties, start_duty
from api.operations.organisations import invite
from api.operations.parties import organisation_for
from domain import access, members, onboarding, parties, providers, requirements, reviews
from domain.access import Role
from domain.bars import BarCause
from domain.capabilities import Cause, Limit, Scope
from domain.change import Change
from domain.clocks import Clock, Duty
from domain.errors import Conflict, Forbidden, Invalid, Problem
from domain.explain import Finding
from domain.ids import DecisionId, MemberId, ProviderId, ReviewId
from domain.members import InviteMember
from domain.onboarding import (
    AmendApplication,
    ApplicationStep,
    ApplicationVerdict,
    ApplyAsProvider,
    Case,
    InviteProvider,
    OverrideApproval,
    WaiveRequirement,
)
from domain.organisations import Organisation, OrganisationKind
from domain.proofs import require_end
from domain.providers import WORKING, Provider, ProviderAction, ProviderState, Step
from domain.relations import RelationKind
from domain.reviews import ReviewState
from storage import calendars
from storage import onboarding as case_rows
from storage import organisations as organisation_rows
from storage import providers as provider_rows
from storage import relations as relation_rows
from storage import reviews as review_rows
from storage.unit_of_work import Outcome, Work

# -- coming in ---------------------------------------------------------------------------------------------------------


async def invite_provider(work: Work, command: InviteProvider) -> Outcome:
    """The company is asked to apply: it is a provider that has not begun, and somebody has a letter to join it.

    Refuses what `parties` refuses, and an offer or address that is wrong.
    """
    access.require(work.caller, "inviteProvider")
    told = work.told
    with told:
        parties.checked(command.registration)
    with told:
        providers.require_offer(command.offer, "offer")
    with told:
        members.require_address(command.email)
    told.done()
    organisation, created = await organisation_for(work, command.registration, OrganisationKind.PROVIDER)
    present = await provider_rows.find_by_organisation(work.connection, work.tenant_id, organisation.id)
    change = providers.new_provider(
        command.registration,
        command.offer,
        organisation,
        ProviderState.INVITED,
        "provider.invited",
        present=present.id if present else None,
        id=work.new_id(ProviderId),
        at=work.at,
    )
    await work.keep(*created, change)
    invitation_id, letter = await invite(
        work, InviteMember(organisation.id, command.email, (Role.PROVIDER,)), organisation
    )
    return Outcome({"provider": change.after.id, "invitation": invitation_id}, once={"secret": letter})


async def apply_as_provider(work: Work, command: ApplyAsProvider) -> Outcome:
    """The caller's company has an application to fill in; a person who belonged to nothing is its first member.

    Refuses machines and people of an organisation that is no provider's or is a party already.
    """
    access.require(work.caller, "applyAsProvider")
    told = work.told
    with told:
        parties.checked(command.registration)
    with told:
        providers.require_offer(command.offer, "offer")
    told.done()
    organisation, founding = await _applicant(work, command)
    present = None
    if not founding:
        present = await provider_rows.find_by_organisation(work.connection, work.tenant_id, organisation.id)
    change = providers.new_provider(
        command.registration,
        command.offer,
        organisation,
        ProviderState.DRAFT,
        "provider.applied",
        present=present.id if present else None,
        id=work.new_id(ProviderId),
        at=work.at,
    )
    await work.keep(*founding, change)
    if command.device is not None:
        await relations.note(work, change.after.id, RelationKind.DEVICE, command.device)
    return Outcome({"provider": change.after.id}, {"providerId": change.after.id})


async def _applicant(work: Work, command: ApplyAsProvider) -> tuple[Organisation, tuple[Change[Any], ...]]:
    """The organisation that applies, and the changes that make it where it is new, still to be kept."""
    if command.registration.organisation_id is not None:
        raise Invalid(Problem((), "The organisation is your own, and need not be named."))
    caller = work.caller
    if caller.organisation_id is not None:
        return await organisation_rows.lock(work.connection, work.tenant_id, caller.organisation_id), ()
    if caller.person is None:
        raise Forbidden("applyAsProvider is for people, and for keys of an organisation.")
    organisation, created = await organisation_for(work, command.registration, OrganisationKind.PROVIDER)
    joined = onboarding.founder(caller.person, organisation.id, id=work.new_id(MemberId), at=work.at)
    return organisation, (*created, joined)


async def amend_application(work: Work, command: AmendApplication) -> Outcome:
    """The application says something else. Refuses another's (NotFound) and one that is not the applicant's now.

    A provider that works goes on; what depends on proofs that it is asked for only now is off until they are accepted.
    """
    access.require(work.caller, "amendApplication")
    case = await applications.lock(work, command.provider_id)
    change = onboarding.amend_application(case, command.offer, work.caller, at=work.at)
    await work.keep(change)
    if change.after.state in WORKING:
        await _gate(work, case, change.after)
    return Outcome({"provider": case.provider.id})


async def _gate(work: Work, before: Case, provider: Provider) -> None:
    """What the provider has to prove from now on gates what depends on it; what it need not prove gates nothing."""
    after = await case_rows.case(work.connection, work.tenant_id, provider, work.at)
    amended = onboarding.amended(before, after)
    for key in amended.dropped:
        await capabilities.lift(work, provider.id, Cause.REQUIREMENT, key, "It is asked for no more.")
    for standing in amended.asked:
        requirement = standing.requirement
        limit = Limit(Cause.REQUIREMENT, requirement.key, Scope.behind(requirement.gates), work.at, None)
        decision_id = capabilities.decide(work, provider.id, requirements.asked(after.matrix, standing))
        reason = f"{requirement.title}: asked for since the offer is wider."
        await capabilities.impose(work, provider.id, limit, reason, decision_id)
    await capabilities.settle(work, provider)


async def reopen_application(work: Work, command: ApplicationStep) -> Outcome:
    """The provider applies again, with what it proved before as far as it still counts. Refuses while it is barred."""
    access.require(work.caller, "reopenApplication")
    case = await applications.lock(work, command.provider_id)
    onboarding.require_move(case, ProviderAction.REOPEN_APPLICATION, work.caller)
    await work.keep(providers.step(case.provider, Step.REOPEN, at=work.at, vouched_by=None))
    return Outcome({"provider": case.provider.id})


async def submit_application(work: Work, command: ApplicationStep) -> Outcome:
    """The application is handed in, screened, and in the desk's queue, in review unless a rule found something.

    Refuses, with every reason, what is incomplete, unproven or barred.
    """
    access.require(work.caller, "submitApplication")
    await applications.own_provider(work, command.provider_id)
    await relation_rows.lock_all(work.connection, work.tenant_id)  # so that two drafts of one owner cannot both pass
    case = await applications.lock(work, command.provider_id)
    onboarding.require_move(case, ProviderAction.SUBMIT_APPLICATION, work.caller)
    submitted = providers.step(case.provider, Step.SUBMIT, at=work.at)
    screened = providers.step(submitted.after, Step.SCREEN, at=work.at)
    tree = onboarding.screening(case)
    await work.keep(submitted)
    await work.keep(screened)
    decision_id = _decide(work, case, tree)
    if tree.holds:
        await work.keep(providers.step(screened.after, Step.ADMIT, at=work.at, decision_id=decision_id))
    await _queue(work, case)
    return Outcome({"provider": case.provider.id})


async def _queue(work: Work, case: Case) -> None:
    """The application is in the desk's queue, with the desk's deadline."""
    calendar = await calendars.get(work.connection, work.market)
    due_at = requirements.review_due_at(case.matrix.procedure, work.at, calendar)
    if case.review is None:
        opened = reviews.open_review(case.provider, due_at, id=work.new_id(ReviewId), at=work.at)
    else:
        await end_duties(work, case.review.id)
        opened = reviews.open_again(case.review, case.provider, due_at)
    await work.keep(opened)
    await start_duty(work, Duty.REVIEW_APPLICATION, opened.after.id, due_at, party_id=None)


# -- the desk ----------------------------------------------------------------------------------------------------------


async def admit_to_review(work: Work, command: ApplicationVerdict) -> Outcome:
    """The application is in review although a rule found something, for the reason given."""
    access.require(work.caller, "admitToReview")
    case = await applications.lock(work, command.provider_id)
    onboarding.require_move(case, ProviderAction.ADMIT_TO_REVIEW, work.caller)
    await work.keep(providers.step(case.provider, Step.ADMIT, at=work.at, facts={"reason": command.reason}))
    return Outcome({"provider": case.provider.id})


async def request_changes(work: Work, command: ApplicationVerdict) -> Outcome:
    """The applicant has until the rule's deadline to correct what the reason says; then the application lapses."""
    access.require(work.caller, "requestChanges")
    case = await applications.lock(work, command.provider_id)
    onboarding.require_move(case, ProviderAction.REQUEST_CHANGES, work.caller)
    calendar = await calendars.get(work.connection, work.market)
    due_at = requirements.correction_due_at(case.matrix.procedure, work.at, calendar)
    await work.keep(providers.step(case.provider, Step.REQUEST_CHANGES, at=work.at, reason=command.reason))
    if case.review is not None:
        await end_duties(work, case.review.id)
        await work.keep(reviews.wait(case.review, command.reason, due_at))
        await start_duty(work, Duty.CORRECT_APPLICATION, case.review.id, due_at, party_id=case.provider.id)
    return Outcome({"provider": case.provider.id})


async def reject_application(work: Work, command: ApplicationVerdict) -> Outcome:
    """The answer is no, for the reason given; the provider may apply again after the cool-down."""
    access.require(work.caller, "rejectApplication")
    case = await applications.lock(work, command.provider_id)
    onboarding.require_move(case, ProviderAction.REJECT_APPLICATION, work.caller)
    tree = onboarding.admission(case, work.caller, holds=False, reason=command.reason)
    decision_id = _decide(work, case, tree)
    change = providers.step(case.provider, Step.REJECT, at=work.at, reason=command.reason, decision_id=decision_id)
    await work.keep(change)
    await bars.lay(work, case.provider.id, BarCause.REJECTION, command.reason)
    await _close(work, case, ReviewState.REJECTED, command.reason, decision_id)
    return Outcome({"provider": case.provider.id})


async def approve_application(work: Work, command: ApplicationStep) -> Outcome:
    """The answer is yes: the provider is approved, and active if nothing is open; the first of two is noted.

    Refuses, with every reason, requirements that are not accepted or waived at this instant, a bar, and a second look
    by the same person.
    """
    access.require(work.caller, "approveApplication")
    case = await applications.lock(work, command.provider_id)
    onboarding.require_move(case, ProviderAction.APPROVE_APPLICATION, work.caller)
    if await _endorsed_first(work, case):
        return Outcome({"provider": case.provider.id})
    await _approve(work, case, onboarding.admission(case, work.caller, holds=True))
    return Outcome({"provider": case.provider.id})


async def override_approval(work: Work, command: OverrideApproval) -> Outcome:
    """Somebody answers for everything that is open, until a day, and the provider is approved and active.

    Refuses an end that is over, and what `approve_application` refuses besides open requirements.
    """
    access.require(work.caller, "overrideApproval")
    case = await applications.lock(work, command.provider_id)
    onboarding.require_move(case, ProviderAction.OVERRIDE_APPROVAL, work.caller)
    require_end(command.until, work.at)
    if await _endorsed_first(work, case):
        return Outcome({"provider": case.provider.id})
    tree = onboarding.admission(case, work.caller, holds=True, reason=command.reason, until=command.until)
    for standing in onboarding.open_keys(case):
        wish = WaiveRequirement(case.provider.id, standing.requirement.key, command.until, command.reason)
        await proofs.waive(work, case, standing.requirement, wish)
    await _approve(work, case, tree)
    return Outcome({"provider": case.provider.id})


async def activate_provider(work: Work, command: ApplicationStep) -> Outcome:
    """The approved provider works from now on. Refuses, with every reason, while something is open."""
    access.require(work.caller, "activateProvider")
    case = await applications.lock(work, command.provider_id)
    onboarding.require_move(case, ProviderAction.ACTIVATE_PROVIDER, work.caller)
    await applications.activate(work, case.provider)
    return Outcome({"provider": case.provider.id})


# -- silence -----------------------------------------------------------------------------------------------------------


async def fire_review_application(work: Work, clock: Clock) -> None:
    """The desk let its deadline pass: the review is overdue and at the front of the queue."""
    review = await review_rows.lock(work.connection, work.tenant_id, ReviewId(clock.subject_id))
    if (change := reviews.flag_overdue(review)) is not None:
        await work.keep(change)


async def fire_correct_application(work: Work, clock: Clock) -> None:
    """The applicant let its deadline pass: the application is a draft again."""
    seen = await review_rows.get(work.connection, work.tenant_id, ReviewId(clock.subject_id))
    provider = await provider_rows.lock(work.connection, work.tenant_id, seen.provider_id)
    review = await review_rows.lock(work.connection, work.tenant_id, seen.id)
    if provider.state is ProviderState.CHANGES_REQUESTED and review.state is ReviewState.WAITING:
        await work.keep(
            providers.step(provider, Step.LAPSE, at=work.at, reason=provider.state_reason),
            reviews.close(review, ReviewState.LAPSED, at=work.at),
        )


# -- what they share ---------------------------------------------------------------------------------------------------


def _decide(work: Work, case: Case, tree: Finding) -> DecisionId:
    decision = onboarding.decided(case, tree, id=work.new_id(DecisionId), by=work.caller.actor_id, at=work.at)
    work.add(decision)
    return decision.id


async def _endorsed_first(work: Work, case: Case) -> bool:
    """Whether this was only the first of the two yeses that the rule wants; it is noted then."""
    if not onboarding.wants_second_person(case) or case.review is None or case.review.endorsed_by is not None:
        return False
    await work.keep(reviews.endorse(case.review, work.caller.actor_id))
    return True


async def _approve(work: Work, case: Case, tree: Finding) -> None:
    decision_id = _decide(work, case, tree)
    change = providers.step(case.provider, Step.APPROVE, at=work.at, decision_id=decision_id)
    await work.keep(change)
    await _close(work, case, ReviewState.APPROVED, None, decision_id)
    await applications.activate_if_complete(work, change.after)


async def _close(work: Work, case: Case, state: ReviewState, note: str | None, decision_id: DecisionId) -> None:
    if case.review is None:
        raise Conflict("The application is not in the desk's queue.", field=("providerId",))
    await end_duties(work, case.review.id)
    await work.keep(reviews.close(case.review, state, at=work.at, note=note, decision_id=decision_id))
