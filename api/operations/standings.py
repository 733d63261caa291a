"""Standings: the desk suspends a provider and reinstates it; what it takes to remove one, whoever decides that.

The desk's own removals are measures (`removals`), as those that follow from points are.
"""

from api.operations import applications, bars, bundles, capabilities, enrolments, exits
from domain import access, standings
from domain.bars import Bar, BarCause
from domain.capabilities import Cause, Limit, Scope
from domain.enrolments import Guarantee
from domain.ids import ProviderId
from domain.providers import Provider, ProviderAction
from domain.standings import ReinstateProvider, SuspendProvider, TerminateProvider
from storage import providers as provider_rows
from storage.unit_of_work import Outcome, Work


async def suspend_provider(work: Work, command: SuspendProvider) -> Outcome:
    """The provider takes nothing new until it is reinstated or the end has passed; what it sold stays its duty.

    Refuses one that does not work, and an end that is over.
    """
    access.require(work.caller, "suspendProvider")
    provider = await provider_rows.lock(work.connection, work.tenant_id, command.provider_id)
    work.expect(provider)
    standings.require_move(provider, work.caller, ProviderAction.SUSPEND_PROVIDER)
    change = standings.suspend_provider(provider, command.reason, command.until, work.at)
    await work.keep(change)
    limit = Limit(Cause.SUSPENSION, None, Scope(), work.at, command.until)
    restriction = await capabilities.impose(work, provider.id, limit, command.reason)
    await capabilities.refresh(work, provider.id)
    return Outcome({"provider": provider.id, "restriction": restriction.id})


async def reinstate_provider(work: Work, command: ReinstateProvider) -> Outcome:
    """The provider works again, but for what else is restricted. Refuses one that is not suspended."""
    access.require(work.caller, "reinstateProvider")
    provider = await provider_rows.lock(work.connection, work.tenant_id, command.provider_id)
    work.expect(provider)
    standings.require_move(provider, work.caller, ProviderAction.REINSTATE_PROVIDER)
    await capabilities.lift(work, provider.id, Cause.SUSPENSION, None, command.reason)
    await capabilities.settle(work, await capabilities.reinstate(work, provider, command.reason))
    return Outcome({"provider": provider.id})


async def terminate(work: Work, provider: Provider, command: TerminateProvider) -> Bar:
    """The provider, which is locked and not gone, is gone for good; the bar that keeps it and its like out."""
    await work.keep(standings.terminate_provider(provider, command, work.at))
    await applications.call_off(work, provider.id)
    await exits.cut_short(work, provider)
    await exits.end_guarantees(work, provider)
    await capabilities.lift_all(work, provider.id, "The provider is terminated.")
    await capabilities.refresh(work, provider.id)
    return await bars.lay(work, provider.id, BarCause.REMOVAL, command.reason)


async def remove(work: Work, provider_id: ProviderId, guarantee: Guarantee, reason: str) -> Bar:
    """The provider's guarantee, both locked, has ended; the bar that keeps it and related accounts from it."""
    bar = await bars.lay(work, provider_id, BarCause.REMOVAL, reason, programme=guarantee.rule_key)
    await enrolments.remove(work, guarantee, reason, bar.until)
    await bundles.follow_members(work, provider_id)
    return bar
