"""Removals: the desk removes a provider from a programme or from the marketplace, and says so as a measure.

What is taken is the same whoever decides it (`standings`); here it is a measure in force at once, decided by a person,
with its decision, its statement of reasons and its appeal. Lifting it, or an appeal that overturns it, gives back what
it took, the bars of related accounts with it (`measures`). Locks: the provider, then its points account.
"""

from api.operations import restitutions, standings
from api.operations.duties import start_duty
from domain import access, appeals, decisions, measures
from domain import standings as standing_rules
from domain.appeals import SubjectKind
from domain.bars import Bar
from domain.clocks import Duty
from domain.decisions import DecisionKind
from domain.errors import NotFound
from domain.exits import EXIT_RULE
from domain.explain import Finding, Input
from domain.ids import DecisionId, MeasureId, ProviderId, RuleVersionId
from domain.measures import MeasureBasis, MeasureKind, Step
from domain.providers import ProviderAction
from domain.standings import RemoveFromProgramme, TerminateProvider
from storage import calendars as calendar_rows
from storage import enrolments as guarantee_rows
from storage import points as point_rows
from storage import providers as provider_rows
from storage import rulebook
from storage.unit_of_work import Outcome, Work


async def terminate_provider(work: Work, command: TerminateProvider) -> Outcome:
    """The provider is gone for good, and barred with its related accounts; what it sold stays its duty.

    Refuses one that is gone.
    """
    access.require(work.caller, "terminateProvider")
    provider = await provider_rows.lock(work.connection, work.tenant_id, command.provider_id)
    work.expect(provider)
    standing_rules.require_move(provider, work.caller, ProviderAction.TERMINATE_PROVIDER)
    await point_rows.lock_account(work.connection, work.tenant_id, provider.id)
    before = await restitutions.held(work, provider.id)
    bar = await standings.terminate(work, provider, command)
    taken = (str(bar.id), *await restitutions.gone(work, provider.id, before))
    because: dict[str, Input] = {"cause": command.cause.value, "reason": command.reason}
    measure_id = await _told(work, provider.id, MeasureKind.TERMINATION, taken, because, None)
    return Outcome({"provider": provider.id, "bar": bar.id, "measure": measure_id})


async def remove_from_programme(work: Work, command: RemoveFromProgramme) -> Outcome:
    """The provider's guarantee under that rule has ended; it and related accounts may not offer it again for long.

    Refuses with NotFound a guarantee that it does not offer.
    """
    access.require(work.caller, "removeFromProgramme")
    provider = await provider_rows.lock(work.connection, work.tenant_id, command.provider_id)
    standing_rules.require_move(provider, work.caller, ProviderAction.REMOVE_FROM_PROGRAMME)
    offered = await guarantee_rows.find_offered(work.connection, work.tenant_id, provider.id, command.rule_key)
    if offered is None:
        raise NotFound("The provider does not offer that guarantee.", field=("ruleKey",))
    await point_rows.lock_account(work.connection, work.tenant_id, provider.id)
    before = await restitutions.held(work, provider.id)
    guarantee = await guarantee_rows.lock(work.connection, work.tenant_id, offered.id)
    bar = await standings.remove(work, provider.id, guarantee, command.reason)
    taken = (guarantee.rule_key, str(bar.id), *await restitutions.gone(work, provider.id, before))
    because: dict[str, Input] = {"cause": guarantee.rule_key, "reason": command.reason}
    measure_id = await _told(work, provider.id, MeasureKind.PROGRAMME_REMOVAL, taken, because, bar)
    return Outcome({"provider": provider.id, "bar": bar.id, "measure": measure_id})


async def _told(
    work: Work,
    provider_id: ProviderId,
    kind: MeasureKind,
    taken: tuple[str, ...],
    because: dict[str, Input],
    until: Bar | None,
) -> MeasureId:
    """The measure is in force, decided by the caller, with what it took; it ends with the bar, where there is one."""
    version = await rulebook.in_force(work.connection, work.tenant_id, EXIT_RULE, work.at)
    appeal_rule = await rulebook.in_force(work.connection, work.tenant_id, appeals.RULE, work.at)
    version_id, decision_id = RuleVersionId(version.id), work.new_id(DecisionId)
    announced = measures.announce_measure(
        Step(kind, MeasureBasis.DESK, 1),
        provider_id,
        None,
        id=work.new_id(MeasureId),
        decision_id=decision_id,
        rule_version_id=version_id,
        appeal_days=appeals.appeal_terms(appeal_rule).filing_days[SubjectKind.RESTRICTION],
        automated=False,
        calendar=await calendar_rows.get(work.connection, work.market),
        until=None if until is None else until.until,
        at=work.at,
    )
    measure = announced.after
    work.add(
        decisions.decision(
            decision_id,
            measure.id,
            DecisionKind.CAPABILITY,
            Finding("standing.removal", True, "removed_by_desk", because, version=version_id),
            at=work.at,
            decided_by=str(work.caller.actor_id),
            rule_version_ids=(version_id,),
        )
    )
    await work.keep(announced)
    await work.keep(measures.take_measure(measure, taken))
    if measure.until is not None:
        await start_duty(work, Duty.MEASURE_END, measure.id, measure.until, party_id=None)
    return measure.id
