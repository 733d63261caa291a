"""Exits: a provider asks to leave, may change its mind, finishes what is open, and is gone."""

from api.operations import bars as barring
from api.operations import bundles, capabilities, enrolments
from api.operations.duties import end_duties, start_duty
from domain import access, bars, exits, providers, standings
from domain.clocks import Clock, Duty
from domain.dates import day_deadline
from domain.errors import NotFound, Refused
from domain.exits import EXIT_RULE, Exit, ExitState, ExitTerms, RequestExit, WithdrawExit
from domain.explain import Finding
from domain.ids import ExitId, ProviderId
from domain.providers import Provider, ProviderAction, Step
from storage import bars as bar_rows
from storage import calendars as calendar_rows
from storage import enrolments as guarantee_rows
from storage import exits as exit_rows
from storage import providers as provider_rows
from storage import rulebook
from storage.unit_of_work import Outcome, Work


async def request_exit(work: Work, command: RequestExit) -> Outcome:
    """The provider leaves: it sells until its notice is over. Refuses one that does not work, or is leaving already."""
    access.require(work.caller, "requestExit")
    provider = await _own(work, command.provider_id)
    standings.require_move(provider, work.caller, ProviderAction.REQUEST_EXIT)
    rule = await terms(work)
    calendar = await calendar_rows.get(work.connection, work.market)
    present = await exit_rows.find_live(work.connection, work.tenant_id, provider.id)
    change = exits.request_exit(
        provider.id, command.reason, rule, calendar, present=present, id=work.new_id(ExitId), at=work.at
    )
    await work.keep(change, providers.step(provider, Step.REQUEST_EXIT, at=work.at, reason=command.reason))
    leaving = change.after
    await start_duty(work, Duty.EXIT_NOTICE, leaving.id, leaving.sells_until, party_id=provider.id)
    await capabilities.refresh(work, provider.id)
    return Outcome({"exit": leaving.id, "provider": provider.id})


async def withdraw_exit(work: Work, command: WithdrawExit) -> Outcome:
    """The provider stays. Refuses, with every reason, when selling has ended."""
    access.require(work.caller, "withdrawExit")
    provider = await _own(work, command.provider_id)
    standings.require_move(provider, work.caller, ProviderAction.WITHDRAW_EXIT)
    leaving = await _live(work, provider)
    work.expect(leaving)
    await work.keep(exits.withdraw_exit(leaving, work.at), standings.stay(provider, restricted=False, at=work.at))
    await end_duties(work, leaving.id)
    await capabilities.settle(work, await provider_rows.get(work.connection, work.tenant_id, provider.id))
    return Outcome({"exit": leaving.id, "provider": provider.id})


async def fire_exit_notice(work: Work, clock: Clock) -> None:
    """The notice is over: nothing new is sold. If nothing is open the provider has left at once."""
    provider, leaving = await _locked(work, ExitId(clock.subject_id))
    if leaving.state is ExitState.REQUESTED:
        change = exits.wind_down(leaving, work.at)
        stepped = providers.step(provider, Step.WIND_DOWN, at=work.at)
        await work.keep(change, stepped)
        await capabilities.refresh(work, provider.id)
        await _end_or_wait(work, stepped.after, change.after)


async def fire_wind_down(work: Work, clock: Clock) -> None:
    """The provider has left if nothing keeps it any more; otherwise it is looked at again."""
    provider, leaving = await _locked(work, ExitId(clock.subject_id))
    if leaving.state is ExitState.WINDING_DOWN:
        await _end_or_wait(work, provider, leaving)


async def cut_short(work: Work, provider: Provider) -> None:
    """The provider is terminated: it leaves no more by itself."""
    leaving = await exit_rows.find_live(work.connection, work.tenant_id, provider.id, lock=True)
    if leaving is not None:
        await work.keep(exits.cut_short(leaving, work.at))
        await end_duties(work, leaving.id)


async def end_guarantees(work: Work, provider: Provider) -> None:
    """The provider, which is gone, stands for nothing new any more."""
    for guarantee in await guarantee_rows.lock_by_party(work.connection, work.tenant_id, provider.id):
        await enrolments.end(work, guarantee)
    await bundles.follow_members(work, provider.id)


async def terms(work: Work) -> ExitTerms:
    """The rule about leaving that is in force."""
    return exits.exit_terms(await rulebook.in_force(work.connection, work.tenant_id, EXIT_RULE, work.at))


async def _end_or_wait(work: Work, provider: Provider, leaving: Exit) -> None:
    left = await exit_rows.count_open(work.connection, work.tenant_id, provider.id)
    rule = await terms(work)
    calendar = await calendar_rows.get(work.connection, work.market)
    if left:
        due_at = day_deadline(work.at, rule.check_days, calendar)
        await start_duty(work, Duty.WIND_DOWN, leaving.id, due_at, party_id=provider.id)
        return
    own = await bar_rows.by_providers(work.connection, work.tenant_id, [provider.id])
    cause = bars.exit_cause(own, work.at, rule.again_within_days, calendar)
    stepped = providers.step(provider, Step.EXIT, at=work.at, reason=leaving.reason)
    await work.keep(exits.end_exit(leaving, left, work.at), stepped)
    await end_guarantees(work, provider)
    await capabilities.lift_all(work, provider.id, "The provider has left.")
    await barring.lay(work, provider.id, cause, leaving.reason)


async def _own(work: Work, id: ProviderId) -> Provider:
    """The provider, locked. Refuses another one's name with NotFound, unless the desk asks."""
    if not work.caller.is_operator and work.caller.party_id != id:
        raise NotFound("There is no such provider.", field=("providerId",))
    return await provider_rows.lock(work.connection, work.tenant_id, id)


async def _live(work: Work, provider: Provider) -> Exit:
    leaving = await exit_rows.find_live(work.connection, work.tenant_id, provider.id, lock=True)
    if leaving is None:
        finding = Finding("exit.live", False, "exit_goes_on")
        raise Refused("exit.withdraw", "The provider is not leaving.", (finding,))
    return leaving


async def _locked(work: Work, id: ExitId) -> tuple[Provider, Exit]:
    """The exit and its provider, the provider locked first."""
    seen = await exit_rows.get(work.connection, work.tenant_id, id)
    provider = await provider_rows.lock(work.connection, work.tenant_id, seen.provider_id)
    return provider, await exit_rows.EXITS.lock(work.connection, work.tenant_id, id)
