"""Proofs: handed in by providers, accepted, rejected or waived by the desk.

Locks: the provider first, then the item. What is accepted or waived is watched until it ends (`expiry.watch`). What was
there before gives way in a statement of its own, so that no two items of a requirement count for even a moment.
"""

from collections.abc import Sequence

from api.operations import applications, expiry, relations
from domain import access, onboarding, proofs, requirements
from domain import uploads as upload_rules
from domain.change import Change
from domain.errors import Forbidden, Invalid, Problem, Refused
from domain.explain import Finding
from domain.ids import RequirementItemId, RuleVersionId
from domain.onboarding import Case, ItemVerdict, SubmitRequirement, WaiveRequirement
from domain.personal import PersonalDatum
from domain.proofs import PERSONAL_VALUE
from domain.providers import Provider, ProviderAction
from domain.requirements import ItemState, Matrix, Requirement, RequirementItem, RequirementKind
from storage import calendars
from storage import onboarding as case_rows
from storage import personal as personal_rows
from storage import providers as provider_rows
from storage import requirements as item_rows
from storage import uploads as upload_rows
from storage.unit_of_work import Outcome, Work


async def submit_requirement(work: Work, command: SubmitRequirement) -> Outcome:
    """Something waits for the desk; an invited provider has begun. What stands goes on standing until it is accepted.

    Refuses what is not asked of the provider, what cannot meet the requirement (every problem), an upload that is not
    the provider's own, not accepted or of a kind that proves something else, and anything once the application or the
    provider's life has ended.
    """
    access.require(work.caller, "submitRequirement")
    provider = await applications.own_provider(work, command.provider_id)
    onboarding.open_to_proofs(provider)
    matrix = await case_rows.matrix(work.connection, work.tenant_id, work.at)
    requirement = _asked(matrix, provider, command.requirement)
    if requirement.kind is RequirementKind.INSPECTION and not work.caller.is_operator:
        raise Forbidden("An inspection is entered by the marketplace's desk.")
    given = proofs.plain(requirement, command.proof, command.personal_value)
    proof = proofs.checked(matrix, requirement, given, work.at)
    if proof.upload_id is not None:
        upload = await upload_rows.get(work.connection, work.tenant_id, proof.upload_id)
        upload_rules.require_usable(upload, provider.organisation_id, proofs.fitting(requirement))
    value, personal = proof.value, requirement.personal and proof.value is not None
    item_id = work.new_id(RequirementItemId)
    changes = proofs.submit_requirement(
        requirement,
        provider,
        proofs.masked(proof, work.digest(value)) if personal and value is not None else proof,
        await _live(work, provider, requirement),
        rule_version_id=RuleVersionId(matrix.versions[requirement.key]),
        id=item_id,
        by=work.caller.actor_id,
        at=work.at,
    )
    await work.keep(*onboarding.begin(provider, at=work.at))
    await _keep_in_order(work, changes)
    if personal:
        datum = PersonalDatum(item_id, PERSONAL_VALUE, {"value": value}, work.at)
        await personal_rows.overwrite(work.connection, work.tenant_id, datum)
    if value is not None and requirement.tells is not None:
        await relations.note(work, provider.id, requirement.tells, value)
    return Outcome({"item": item_id, "provider": provider.id})


async def accept_requirement(work: Work, command: ItemVerdict) -> Outcome:
    """The item stands and is watched, or the first of two looks is noted.

    Refuses, with every reason, what does not wait for the desk, has expired meanwhile, was handed in by the same
    person, or was looked at by them before.
    """
    access.require(work.caller, "acceptRequirement")
    provider, item = await _locked(work, command)
    matrix = await case_rows.matrix(work.connection, work.tenant_id, work.at)
    requirement = matrix.by_key(item.requirement)
    if requirement is None:
        finding = Finding("requirement.known", False, "requirement_known", {"requirement": item.requirement})
        raise Refused("requirement.accept", "It cannot be accepted now.", (finding,))
    changes = proofs.accept_requirement(
        requirement,
        item,
        await _live(work, provider, requirement),
        by=work.caller.actor_id,
        at=work.at,
        calendar=await calendars.get(work.connection, work.market),
    )
    await _keep_in_order(work, changes)
    accepted = changes[-1].after
    if accepted.state is ItemState.ACCEPTED:
        await expiry.watch(work, accepted)
        await _go_on(work, provider)
    return Outcome({"item": item.id, "provider": provider.id})


async def reject_requirement(work: Work, command: ItemVerdict) -> Outcome:
    """The item does not do, for the reason given. Refuses what does not wait for the desk."""
    access.require(work.caller, "rejectRequirement")
    provider, item = await _locked(work, command)
    rejected = proofs.reject_requirement(item, reason=command.reason or "", by=work.caller.actor_id, at=work.at)
    await work.keep(rejected)
    return Outcome({"item": item.id, "provider": provider.id})


async def waive_requirement(work: Work, command: WaiveRequirement) -> Outcome:
    """The caller answers for the requirement until a day, for the reason given.

    Refuses what is not asked of the provider, an end that is over, and a provider that has ended or is vouched for.
    """
    access.require(work.caller, "waiveRequirement")
    case = await applications.lock(work, command.provider_id)
    onboarding.require_move(case, ProviderAction.WAIVE_REQUIREMENT, work.caller)
    requirement = _asked(case.matrix, case.provider, command.requirement)
    item = await waive(work, case, requirement, command)
    await _go_on(work, case.provider)
    return Outcome({"item": item.id, "provider": case.provider.id})


async def waive(work: Work, case: Case, requirement: Requirement, wish: WaiveRequirement) -> RequirementItem:
    """The waiver of that requirement, kept and watched. The case's provider is locked."""
    changes = proofs.waive_requirement(
        requirement,
        case.provider.id,
        await _live(work, case.provider, requirement),
        until=wish.until,
        reason=wish.reason,
        rule_version_id=RuleVersionId(case.matrix.versions[requirement.key]),
        id=work.new_id(RequirementItemId),
        by=work.caller.actor_id,
        at=work.at,
    )
    await _keep_in_order(work, changes)
    waiver = changes[-1].after
    await expiry.watch(work, waiver)
    return waiver


def _asked(matrix: Matrix, provider: Provider, key: str) -> Requirement:
    """The requirement of that key. Refuses one that there is not (Invalid), or that is not asked of the provider."""
    requirement = matrix.by_key(key)
    if requirement is None:
        raise Invalid(Problem(("requirement",), "is not the key of a requirement"))
    if not requirements.applies(requirement, requirements.facts(provider)):
        finding = Finding("onboarding.applies", False, "requirement_applies", {"title": requirement.title})
        raise Refused("onboarding.requirement", "This is not asked of the provider.", (finding,))
    return requirement


async def _locked(work: Work, command: ItemVerdict) -> tuple[Provider, RequirementItem]:
    """The item's provider and the item, both locked, as the caller saw the item."""
    seen = await item_rows.get(work.connection, work.tenant_id, command.item_id)
    provider = await provider_rows.lock(work.connection, work.tenant_id, seen.provider_id)
    item = await item_rows.lock(work.connection, work.tenant_id, command.item_id)
    work.expect(item)
    return provider, item


async def _live(work: Work, provider: Provider, requirement: Requirement) -> list[RequirementItem]:
    """What the provider has for that requirement, without what was superseded."""
    found = await item_rows.live_by_providers(work.connection, work.tenant_id, [provider.id])
    return [item for item in found if item.requirement == requirement.key]


async def _keep_in_order(work: Work, changes: Sequence[Change[RequirementItem]]) -> None:
    for change in changes:
        await work.keep(change)
        await work.write()


async def _go_on(work: Work, provider: Provider) -> None:
    """Whoever waited for this to be activated is."""
    now = await provider_rows.get(work.connection, work.tenant_id, provider.id)
    await applications.activate_if_complete(work, now)
