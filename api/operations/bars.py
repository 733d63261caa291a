"""Bars: laid when a provider has left, is removed or is rejected; over by clock, or lifted by the desk."""

from api.operations.duties import end_duties, start_duty
from domain import access, bars, exits
from domain.bars import Bar, BarCause, LiftBar
from domain.clocks import Clock, Duty
from domain.exits import EXIT_RULE
from domain.ids import BarId, ProviderId, RuleVersionId
from storage import bars as bar_rows
from storage import calendars as calendar_rows
from storage import providers as provider_rows
from storage import rulebook
from storage.unit_of_work import Outcome, Work


async def lay(
    work: Work, provider_id: ProviderId, cause: BarCause, reason: str, *, programme: str | None = None
) -> Bar:
    """The provider, which is locked, is barred for as long as the rule in force gives; a clock runs until then."""
    version = await rulebook.in_force(work.connection, work.tenant_id, EXIT_RULE, work.at)
    calendar = await calendar_rows.get(work.connection, work.market)
    change = bars.lay_bar(
        provider_id,
        cause,
        exits.exit_terms(version).bars,
        calendar,
        reason,
        programme=programme,
        rule_version_id=RuleVersionId(version.id),
        id=work.new_id(BarId),
        at=work.at,
    )
    await work.keep(change)
    await start_duty(work, Duty.BAR_END, change.after.id, change.after.until, party_id=None)
    return change.after


async def lift_bar(work: Work, command: LiftBar) -> Outcome:
    """The provider may come back at once. Refuses, with every reason, a bar that does not stand."""
    access.require(work.caller, "liftBar")
    seen = await bar_rows.get(work.connection, work.tenant_id, command.bar_id)
    await provider_rows.lock(work.connection, work.tenant_id, seen.provider_id)
    bar = await bar_rows.lock(work.connection, work.tenant_id, seen.id)
    work.expect(bar)
    await work.keep(bars.lift_bar(bar, work.caller, command.reason, work.at))
    await end_duties(work, bar.id)
    return Outcome({"bar": bar.id})


async def lift(work: Work, bar: Bar, reason: str) -> None:
    """The bar, which is locked and stands, ends before its time: what it rested on is gone."""
    await work.keep(bars.end_early(bar, reason, work.at))
    await end_duties(work, bar.id)


async def fire_bar_end(work: Work, clock: Clock) -> None:
    """The last instant of a bar has passed: whoever listens is told that the provider may come back."""
    bar = await bar_rows.lock(work.connection, work.tenant_id, BarId(clock.subject_id))
    if bar.lifted_at is None:
        await work.keep(bars.end_bar(bar))
