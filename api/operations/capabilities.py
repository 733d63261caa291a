"""Capabilities: restricted by the desk or by what lapsed, lifted, and made true for lanes and guarantees.

How it works. Whoever changes a provider's state or restrictions calls `settle`, whoever changes its lanes `refresh`:
then `lanes.sellable` and the provider's guarantees say what `domain.capabilities.against` says, and quotes need to read
nothing else. Only rows that differ are kept, each with its audit row. The provider is locked first, always.
"""

from api.operations import bundles
from api.operations.duties import end_duties, start_duty
from domain import access, capabilities, decisions, enrolments, lanes, standings
from domain.capabilities import (
    Capability,
    Cause,
    LiftRestriction,
    Limit,
    Restriction,
    RestrictProvider,
)
from domain.change import Change
from domain.clocks import Clock, Duty
from domain.decisions import DecisionKind
from domain.enrolments import Guarantee, GuaranteeState
from domain.errors import Invalid, Problem
from domain.explain import Finding
from domain.gates import Action
from domain.ids import DecisionId, ProviderId, RestrictionId
from domain.lanes import Lane
from domain.providers import Provider, ProviderAction, ProviderState
from storage import capabilities as restriction_rows
from storage import enrolments as guarantee_rows
from storage import lanes as lane_rows
from storage import providers as provider_rows
from storage import services as service_rows
from storage.unit_of_work import Outcome, Work


async def require(work: Work, provider: Provider, capability: Capability) -> None:
    """Returns if the provider may do that now. Refuses with every reason otherwise."""
    limits = await restriction_rows.limits(work.connection, work.tenant_id, provider.id)
    capabilities.require_capability(provider, limits, capability, work.at)


async def restrict_provider(work: Work, command: RestrictProvider) -> Outcome:
    """What the scope names is off at once, until it is lifted or its end has passed.

    Refuses a provider that is not working, leaving or suspended, a scope that is wrong, another provider's lanes, and
    an end that is over.
    """
    access.require(work.caller, "restrictProvider")
    provider = await provider_rows.lock(work.connection, work.tenant_id, command.provider_id)
    standings.require_move(provider, work.caller, ProviderAction.RESTRICT_PROVIDER)
    await _require_own_lanes(work, command)
    limit = Limit(Cause.DESK, None, command.scope, work.at, command.until)
    restriction = await impose(work, provider.id, limit, command.reason)
    await settle(work, provider)
    return Outcome({"restriction": restriction.id, "provider": provider.id})


async def lift_restriction(work: Work, command: LiftRestriction) -> Outcome:
    """What was restricted is back. Refuses, with every reason, one that was lifted and one that ends otherwise."""
    access.require(work.caller, "liftRestriction")
    seen = await restriction_rows.get(work.connection, work.tenant_id, command.restriction_id)
    provider = await provider_rows.lock(work.connection, work.tenant_id, seen.provider_id)
    restriction = await restriction_rows.lock(work.connection, work.tenant_id, seen.id)
    work.expect(restriction)
    await work.keep(capabilities.lift_restriction(restriction, work.caller, command.reason, work.at))
    await end_duties(work, restriction.id)
    await settle(work, provider)
    return Outcome({"restriction": restriction.id, "provider": provider.id})


async def fire_restriction_end(work: Work, clock: Clock) -> None:
    """The last instant of a restriction has passed: what it took away is back, and who was suspended works again."""
    seen = await restriction_rows.get(work.connection, work.tenant_id, RestrictionId(clock.subject_id))
    provider = await provider_rows.lock(work.connection, work.tenant_id, seen.provider_id)
    restriction = await restriction_rows.lock(work.connection, work.tenant_id, seen.id)
    if not restriction.live:
        return
    await work.keep(capabilities.end_restriction(restriction, None, work.at))
    if restriction.limit.cause is Cause.SUSPENSION:
        provider = await reinstate(work, provider, None)
    await settle(work, provider)


async def reinstate(work: Work, provider: Provider, reason: str | None) -> Provider:
    """The provider as it stands now that its suspension is over. One that left the state otherwise stays as it is."""
    if provider.state is not ProviderState.SUSPENDED:
        return provider
    restricted = await _is_restricted(work, provider.id)
    change = standings.reinstate_provider(provider, reason, restricted=restricted, at=work.at)
    await work.keep(change)
    return change.after


def decide(
    work: Work, provider_id: ProviderId, tree: Finding, kind: DecisionKind = DecisionKind.CAPABILITY
) -> DecisionId:
    """The decision with its tree, about the provider; of whichever rule versions set a number in the tree."""
    made = decisions.decision(
        work.new_id(DecisionId),
        provider_id,
        kind,
        tree,
        at=work.at,
        decided_by=work.caller.actor_id,
        rule_version_ids=(),
    )
    work.add(made)
    return made.id


async def impose(
    work: Work, provider_id: ProviderId, limit: Limit, reason: str, decision_id: DecisionId | None = None
) -> Restriction:
    """The limit is on the provider, which is locked; its clock runs if it ends by itself. `settle` comes after it."""
    change = capabilities.restrict_provider(
        provider_id, limit, reason, id=work.new_id(RestrictionId), at=work.at, decision_id=decision_id
    )
    await work.keep(change)
    if limit.until is not None:
        await start_duty(work, Duty.RESTRICTION_END, change.after.id, limit.until, party_id=None)
    return change.after


async def lift(work: Work, provider_id: ProviderId, cause: Cause, about: str | None, reason: str | None) -> bool:
    """The provider's restriction of that cause about that thing is over; whether there was one. `settle` comes after.

    The provider is locked.
    """
    found = await restriction_rows.find_live(work.connection, work.tenant_id, provider_id, cause, about)
    if found is None:
        return False
    await work.keep(capabilities.end_restriction(found, reason, work.at))
    await end_duties(work, found.id)
    return True


async def lift_one(work: Work, id: RestrictionId, reason: str) -> bool:
    """That restriction is over; whether it still stood. Its provider is locked; `settle` comes after."""
    found = await restriction_rows.lock(work.connection, work.tenant_id, id)
    if not found.live:
        return False
    await work.keep(capabilities.end_restriction(found, reason, work.at))
    await end_duties(work, found.id)
    return True


async def lift_all(work: Work, provider_id: ProviderId, reason: str) -> None:
    """Nothing restricts the provider any more, since it is gone."""
    for restriction in await restriction_rows.live_by_provider(work.connection, work.tenant_id, provider_id):
        await work.keep(capabilities.end_restriction(restriction, reason, work.at))
        await end_duties(work, restriction.id)


async def settle(work: Work, provider: Provider) -> Provider:
    """The provider, which is locked, is RESTRICTED exactly while a restriction is live; its lanes and guarantees agree.

    Returns it as it is now.
    """
    change = standings.settle(provider, restricted=await _is_restricted(work, provider.id), at=work.at)
    if change is not None:
        await work.keep(change)
        provider = change.after
    await refresh(work, provider.id)
    return provider


async def refresh(work: Work, provider_id: ProviderId) -> None:
    """Every lane of the provider is sellable, and every guarantee on offer, exactly as its capabilities say now."""
    provider = await provider_rows.get(work.connection, work.tenant_id, provider_id)
    limits = await restriction_rows.limits(work.connection, work.tenant_id, provider_id)
    await work.keep_all(await _lanes_that_differ(work, provider, limits))
    turned = await _guarantees_that_differ(work, provider, limits)
    await work.keep(*turned)
    if turned:
        await bundles.follow_members(work, provider_id)


async def _lanes_that_differ(work: Work, provider: Provider, limits: tuple[Limit, ...]) -> list[Change[Lane]]:
    found = await lane_rows.by_providers(work.connection, work.tenant_id, provider.id, lock=True)
    if not found:
        return []
    services = await service_rows.by_providers(work.connection, work.tenant_id, provider.id)
    by_id = {service.id: service for service in services}
    changes = []
    for lane in found:
        offered = lanes.offered(lane, by_id[lane.service_id])
        because = capabilities.against(provider, limits, capabilities.of_lane(lane), work.at)
        if lane.sellable is not (offered and not because):
            word = because[0].rule if because else "capability.sell" if offered else "service.state"
            changes.append(lanes.set_sellable(lane, not lane.sellable, word))
    return changes


async def _guarantees_that_differ(work: Work, provider: Provider, limits: tuple[Limit, ...]) -> list[Change[Guarantee]]:
    stands = Capability(Action.OFFER_GUARANTEE)
    able = not capabilities.against(provider, limits, stands, work.at)
    wrong = GuaranteeState.SUSPENDED if able else GuaranteeState.ACTIVE
    turn = enrolments.resume_guarantee if able else enrolments.suspend_guarantee
    found = await guarantee_rows.lock_by_party(work.connection, work.tenant_id, provider.id)
    return [turn(guarantee) for guarantee in found if guarantee.state is wrong]


async def _is_restricted(work: Work, provider_id: ProviderId) -> bool:
    """Whether anything is restricted, or will be when grace is over. A suspension is a state of its own."""
    live = await restriction_rows.live_by_provider(work.connection, work.tenant_id, provider_id)
    return any(each.limit.cause is not Cause.SUSPENSION for each in live)


async def _require_own_lanes(work: Work, command: RestrictProvider) -> None:
    """Returns if the lanes named are the provider's. Refuses with every lane that is not."""
    if not command.scope.lane_ids:
        return
    own = {lane.id for lane in await lane_rows.by_providers(work.connection, work.tenant_id, command.provider_id)}
    if strange := sorted(command.scope.lane_ids - own):
        raise Invalid(*(Problem(("laneIds",), f"{id} is no lane of this provider") for id in strange))
