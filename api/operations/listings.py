"""Listing checks: a service is looked at, flagged, put right or dealt with by clock (`domain/listings.py`).

Every look is part of the transaction that gave the occasion, with provider and service locked. What was enforced goes
in the same transaction that finds it put right.
"""

from datetime import timedelta

from api.operations import capabilities, points
from api.operations.duties import end_duties, start_duty
from domain import access, decisions, lanes, listings, services
from domain.capabilities import Cause, Limit, Scope
from domain.change import Change
from domain.clocks import Clock, Duty
from domain.decisions import DecisionKind
from domain.errors import NotFound
from domain.gates import Action
from domain.ids import ChargeCheckId, DecisionId, ListingFlagId, ServiceId
from domain.listings import (
    ChargeCheck,
    CheckListing,
    Consequence,
    CorrectListing,
    DismissListingFlag,
    FlagState,
    ListingCause,
    ListingFlag,
    ListingTerms,
    Suspicion,
)
from domain.money import Money
from domain.moves import require
from domain.points import CauseKind, PointCause
from domain.services import Service, ServiceAction, ServiceState
from storage import calendars, rulebook
from storage import lanes as lane_rows
from storage import listings as listing_rows
from storage import providers as provider_rows
from storage import services as service_rows
from storage.unit_of_work import Outcome, Work


async def check_listing(work: Work, command: CheckListing) -> Outcome:
    """The service is looked at now: flags are raised, renewed or lifted. Refuses a removed service."""
    access.require(work.caller, "checkListing")
    service = await _locked(work, command.service_id, "serviceId")
    shelf = (await service_rows.shelves(work.connection, work.tenant_id, [service.id], work.at))[service.id]
    moves = services.moves(service, shelf, work.caller, work.at)
    require(moves, ServiceAction.CHECK_LISTING.value, "listing.check")
    await inspect(work, service)
    return Outcome({"service": service.id})


async def correct_listing(work: Work, command: CorrectListing) -> Outcome:
    """The flag's cause is looked at again: where nothing is left of it, flag and consequence are gone.

    Refuses, with everything that still speaks for it, what is not put right.
    """
    access.require(work.caller, "correctListing")
    flag, service = await _locked_flag(work, command.flag_id)
    require(listings.moves(flag, work.caller), listings.FlagAction.CORRECT_LISTING.value, "listing_flag.correct")
    found = await _suspicions(work, service, await _rule(work))
    listings.require_corrected(next((each for each in found if each.cause is flag.cause), None))
    await _correct(work, flag)
    return Outcome({"listingFlag": flag.id, "service": service.id})


async def dismiss_listing_flag(work: Work, command: DismissListingFlag) -> Outcome:
    """The desk finds nothing wrong: flag and consequence are gone. Refuses what is over."""
    access.require(work.caller, "dismissListingFlag")
    flag, service = await _locked_flag(work, command.flag_id)
    work.expect(flag)
    await work.keep(listings.dismiss_listing_flag(flag, command.reason, work.caller, at=work.at))
    await _undo(work, flag)
    return Outcome({"listingFlag": flag.id, "service": service.id})


async def check_booking(work: Work, service_id: ServiceId, reference: str, quoted: Money, charged: Money) -> None:
    """What a booking was quoted and charged is remembered, and the service looked at for bait rates.

    Once per booking (Conflict otherwise). Amounts of two currencies are not compared and not remembered. Call it with
    the provider locked.
    """
    if quoted.currency != charged.currency:
        return
    service = await service_rows.lock(work.connection, work.tenant_id, service_id)
    work.add(ChargeCheck(work.new_id(ChargeCheckId), service_id, reference, quoted, charged, work.at))
    await inspect(work, service)


async def inspect(work: Work, service: Service) -> None:
    """The service, locked, is looked at: what is wrong is flagged, what was put right is lifted."""
    if service.state is ServiceState.REMOVED:
        return
    rule = await _rule(work)
    found = {each.cause: each for each in await _suspicions(work, service, rule)}
    standing = {
        flag.cause: flag for flag in await listing_rows.lock_standing(work.connection, work.tenant_id, service.id)
    }
    for cause in ListingCause:
        flag, suspicion = standing.get(cause), found.get(cause)
        if flag is not None and suspicion is None:
            await _correct(work, flag)
        elif flag is None and suspicion is not None:
            await _raise(work, service, suspicion, rule)
        elif flag is not None and suspicion is not None:
            change = listings.look_again(flag, suspicion)
            if change is not None:
                await work.keep(change)


async def take_down(work: Work, removed: Change[Service]) -> None:
    """The service is over: its lanes go with it, and its flags, with whatever was enforced for them."""
    await work.keep(removed)
    id = removed.after.id
    going = await lane_rows.by_services(work.connection, work.tenant_id, id, lock=True)
    await work.keep_all([lanes.withdraw(lane, at=work.at) for lane in going])
    for flag in await listing_rows.lock_standing(work.connection, work.tenant_id, id):
        await work.keep(listings.close_flag(flag, at=work.at))
        await _undo(work, flag)


async def fire_correct_listing(work: Work, clock: Clock) -> None:
    """The deadline has passed: where the cause is still there, its consequence follows and is explained."""
    flag, service = await _locked_flag(work, ListingFlagId(clock.subject_id))
    if flag.state is not FlagState.OPEN or service.state is ServiceState.REMOVED:
        return
    found = await _suspicions(work, service, await _rule(work))
    left = next((each for each in found if each.cause is flag.cause), None)
    if left is None:
        await _correct(work, flag)
        return
    seen = listings.look_again(flag, left)
    if seen is not None:
        await work.keep(seen)
        flag = seen.after
    decision = decisions.decision(
        work.new_id(DecisionId),
        flag.id,
        DecisionKind.LISTING,
        listings.enforcement(flag),
        at=work.at,
        decided_by=str(work.caller.actor_id),
        rule_version_ids=(flag.rule_version_id,),
    )
    work.add(decision)
    enforced = listings.enforce_flag(flag, decision.id, at=work.at)
    await work.keep(enforced)
    await _enforce(work, enforced.after, service, decision.id)
    if flag.violation is not None:
        cause = PointCause(CauseKind.LISTING_FLAG, flag.id)
        await points.penalise(work, service.provider_id, (flag.violation,), flag.raised_at, cause)


async def _enforce(work: Work, flag: ListingFlag, service: Service, decision_id: DecisionId) -> None:
    """The flag's consequence is done."""
    provider = await provider_rows.lock(work.connection, work.tenant_id, service.provider_id)
    if flag.consequence is Consequence.LANES_OFF_SALE:
        limit = Limit(
            Cause.LISTING,
            str(flag.id),
            Scope(frozenset({Action.SELL}), lane_ids=frozenset(flag.lane_ids)),
            work.at,
            None,
        )
        await capabilities.impose(work, provider.id, limit, f"listing flag {flag.cause.value}", decision_id)
        await capabilities.settle(work, provider)
    elif flag.consequence is Consequence.OFF_SHELF:
        if service.state is ServiceState.LISTED:
            await work.keep(services.take_off(service, flag.cause.value, at=work.at))
        await capabilities.refresh(work, provider.id)
    else:
        await take_down(work, services.strike(service, flag.cause.value, at=work.at))


async def _raise(work: Work, service: Service, suspicion: Suspicion, rule: ListingTerms) -> None:
    calendar = await calendars.get(work.connection, work.market)
    change = listings.raise_flag(service, suspicion, rule, calendar, id=work.new_id(ListingFlagId), at=work.at)
    await work.keep(change)
    flag = change.after
    await start_duty(work, Duty.CORRECT_LISTING, flag.id, flag.due_at, party_id=service.provider_id)


async def _correct(work: Work, flag: ListingFlag) -> None:
    await work.keep(listings.correct_listing(flag, at=work.at))
    await _undo(work, flag)


async def _undo(work: Work, flag: ListingFlag) -> None:
    """The flag's clock ends; the lanes it took off sale are back. A paused service is listed by its provider again."""
    await end_duties(work, flag.id)
    if flag.state is FlagState.ENFORCED and flag.consequence is Consequence.LANES_OFF_SALE:
        provider = await provider_rows.lock(work.connection, work.tenant_id, flag.provider_id)
        if await capabilities.lift(work, provider.id, Cause.LISTING, str(flag.id), "put right"):
            await capabilities.settle(work, provider)


async def _rule(work: Work) -> ListingTerms:
    version = await rulebook.in_force(work.connection, work.tenant_id, listings.LISTING_RULE, work.at)
    return listings.listing_terms(version)


async def _suspicions(work: Work, service: Service, rule: ListingTerms) -> tuple[Suspicion, ...]:
    active = await lane_rows.by_services(work.connection, work.tenant_id, service.id)
    twins = await listing_rows.twins(work.connection, work.tenant_id, service.id)
    since = work.at - timedelta(days=rule.bait.window_days)
    charges = await listing_rows.charges(work.connection, work.tenant_id, service.id, since)
    return listings.suspicions(rule, listings.card(service), active, twins, charges)


async def _locked(work: Work, id: ServiceId, field: str) -> Service:
    """The service, its provider locked before. NotFound for one that is not the caller's."""
    found = await service_rows.get(work.connection, work.tenant_id, id)
    own = work.caller.is_operator or work.caller.party_id == found.provider_id
    if not own:
        raise NotFound("There is no such service.", field=(field,))
    await provider_rows.lock(work.connection, work.tenant_id, found.provider_id)
    return await service_rows.lock(work.connection, work.tenant_id, id)


async def _locked_flag(work: Work, id: ListingFlagId) -> tuple[ListingFlag, Service]:
    """The flag and its service, the provider locked before both. NotFound for one that is not the caller's.

    A duty that fires acts for nobody and finds every flag.
    """
    found = await listing_rows.get(work.connection, work.tenant_id, id)
    asked = bool(work.caller.roles)
    if asked and not work.caller.is_operator and work.caller.party_id != found.provider_id:
        raise NotFound("There is no such flag.", field=("flagId",))
    await provider_rows.lock(work.connection, work.tenant_id, found.provider_id)
    service = await service_rows.lock(work.connection, work.tenant_id, found.service_id)
    return await listing_rows.lock(work.connection, work.tenant_id, id), service
