"""Expiry: what was proved or waived is watched until it ends; then what depends on it goes off, and back on.

How it works. An item that counts and ends has one clock, which fires at each warning, at the item's last instant and at
the end of grace, and starts itself again for what comes next. Each firing is one transaction with what it leads to, so
a worker that dies in between has done all of a step or nothing of it.
"""

from api.operations import capabilities
from api.operations.duties import end_duties, start_duty
from domain import expiry
from domain.capabilities import Cause
from domain.clocks import Clock, Duty
from domain.dates import MICROSECOND
from domain.expiry import Lapse
from domain.ids import ProviderId, RequirementItemId, RestrictionId
from domain.providers import ENDED, Provider
from domain.requirements import Matrix, RequirementItem
from domain.standings import ADMITTED
from storage import calendars as calendar_rows
from storage import capabilities as restriction_rows
from storage import deposits as deposit_rows
from storage import onboarding as matrix_rows
from storage import providers as provider_rows
from storage import requirements as item_rows
from storage.unit_of_work import Work


async def watch(work: Work, item: RequirementItem) -> None:
    """The item counts from now on: what had lapsed with its requirement is back, and its own end is watched.

    Called in the transaction that accepts or waives it, with the provider locked.
    """
    provider = await provider_rows.lock(work.connection, work.tenant_id, item.provider_id)
    matrix, items, found = await _look(work, provider, item)
    for other in items:
        if other.requirement == item.requirement:
            await end_duties(work, other.id)
    for each in expiry.fallen(matrix, provider, items, item.requirement):
        await capabilities.lift(work, provider.id, Cause.REQUIREMENT, each.key, None)
    if found is not None:
        await start_duty(work, Duty.REQUIREMENT_EXPIRY, item.id, found.first(work.at), party_id=provider.id)
    await capabilities.settle(work, provider)


async def fire_requirement_expiry(work: Work, clock: Clock) -> None:
    """The provider is warned; or the item has expired and a restriction waits for the end of grace; or that has come.

    Nothing happens to an item that something else took the place of, nor to a provider that is not (or no longer)
    admitted.
    """
    seen = await item_rows.get(work.connection, work.tenant_id, RequirementItemId(clock.subject_id))
    provider = await provider_rows.lock(work.connection, work.tenant_id, seen.provider_id)
    item = await item_rows.lock(work.connection, work.tenant_id, seen.id)
    matrix, _items, found = await _look(work, provider, item)
    if found is None:
        return
    if work.at <= found.ends_at:
        if provider.state not in ENDED:
            calendar = await calendar_rows.get(work.connection, work.market)
            await work.keep(expiry.warn(item, work.at, calendar))
    elif provider.state in ADMITTED:
        await _restrict(work, provider, item, matrix, found)
    if (due_at := found.next(clock.due_at)) is not None:
        await start_duty(work, Duty.REQUIREMENT_EXPIRY, item.id, due_at, party_id=provider.id)


async def judge_deposits(work: Work, provider_id: ProviderId) -> None:
    """What rests on a deposit goes off after grace while too little is held, and is back once enough is.

    Called with the provider locked, in the transaction that moves its deposit.
    """
    provider = await provider_rows.lock(work.connection, work.tenant_id, provider_id)
    matrix = await matrix_rows.matrix(work.connection, work.tenant_id, work.at)
    items = tuple(await item_rows.standing_by_provider(work.connection, work.tenant_id, provider.id))
    held = (await deposit_rows.held_by_providers(work.connection, work.tenant_id, [provider.id])).get(provider.id, {})
    calendar = await calendar_rows.get(work.connection, work.market)
    for requirement, enough in expiry.deposits(matrix, provider, items, held):
        known = await restriction_rows.find_live(
            work.connection, work.tenant_id, provider.id, Cause.REQUIREMENT, requirement.key
        )
        if enough and known is not None:
            await capabilities.lift(work, provider.id, Cause.REQUIREMENT, requirement.key, None)
        elif not enough and known is None and provider.state in ADMITTED:
            limit = expiry.limit(requirement, work.at, calendar)
            tree = expiry.explain_deposit(matrix, requirement, held, limit)
            reason = f"{requirement.title}: less is held than is required."
            made = await capabilities.impose(
                work, provider.id, limit, reason, capabilities.decide(work, provider.id, tree)
            )
            due_at = limit.since - MICROSECOND
            await start_duty(work, Duty.TOP_UP_DEPOSIT, made.id, due_at, party_id=provider.id)
    await capabilities.settle(work, provider)


async def fire_top_up_deposit(work: Work, clock: Clock) -> None:
    """Grace is over and too little is held: what the deposit opens is off. Nothing happens if it was filled up."""
    seen = await restriction_rows.get(work.connection, work.tenant_id, RestrictionId(clock.subject_id))
    provider = await provider_rows.lock(work.connection, work.tenant_id, seen.provider_id)
    await capabilities.settle(work, provider)


async def _restrict(work: Work, provider: Provider, item: RequirementItem, matrix: Matrix, found: Lapse) -> None:
    """Everything that falls with the item is restricted, once each; what grace has run out for is off."""
    live = await restriction_rows.live_by_provider(work.connection, work.tenant_id, provider.id)
    known = {(each.limit.cause, each.limit.about) for each in live}
    fresh = [limit for limit in found.limits if (limit.cause, limit.about) not in known]
    for limit in fresh:
        lapsed = matrix.by_key(limit.about or item.requirement)
        title = item.requirement if lapsed is None else lapsed.title
        decision_id = capabilities.decide(work, provider.id, expiry.explain(matrix, item, limit))
        await capabilities.impose(work, provider.id, limit, f"{title}: what was handed in has expired.", decision_id)
    if fresh:
        await work.keep(expiry.expire(item))
    await capabilities.settle(work, provider)


async def _look(
    work: Work, provider: Provider, item: RequirementItem
) -> tuple[Matrix, tuple[RequirementItem, ...], Lapse | None]:
    """The requirements in force, the provider's items, and when that one ends."""
    matrix = await matrix_rows.matrix(work.connection, work.tenant_id, work.at)
    items = tuple(await item_rows.by_provider(work.connection, work.tenant_id, provider.id))
    calendar = await calendar_rows.get(work.connection, work.market)
    return matrix, items, expiry.lapse(matrix, provider, items, item, calendar)
