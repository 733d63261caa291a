"""Bundles are joined and left; they stand and end with their members, and notices are over by clock.

Whoever changes the state of guarantees calls `follow_members`, so that a bundle is on offer exactly while all its
members are.
"""

from collections.abc import Collection

from api.operations import enrolments
from api.operations.duties import end_duties, start_duty
from domain import access, bundles
from domain import enrolments as enrolment_rules
from domain.bundles import Bundle, BundleTerms, JoinBundle, LeaveBundle
from domain.change import Change
from domain.clocks import Clock, Duty
from domain.enrolments import OVER, Guarantee, GuaranteeState, OfferGuarantee
from domain.errors import Refused
from domain.explain import unmet
from domain.ids import BundleId, GuaranteeId, LiablePartyId
from storage import bundles as bundle_rows
from storage import enrolments as guarantee_rows
from storage import rulebook
from storage.unit_of_work import Outcome, Work


async def join_bundle(work: Work, command: JoinBundle) -> Outcome:
    """The party stands for every guarantee of the bundle, in those of its markets that it names, or in all of them.

    What it offers by itself already becomes a member. Refuses an unknown rule or party (NotFound), joining twice, and,
    with every reason, what `offerGuarantee` refuses for the bundle or a member of it, and a guarantee that is not on
    offer wherever the bundle shall be.
    """
    access.require(work.caller, "joinBundle")
    party_id = enrolment_rules.liable_party(OfferGuarantee(command.rule_key, command.party_id), work.caller)
    await enrolments.lock_party(work, party_id)
    version = await rulebook.in_force(work.connection, work.tenant_id, command.rule_key, work.at)
    rule = bundles.bundle_terms(version)
    markets = command.markets or rule.markets
    await enrolments.require_standing(work, party_id, command.rule_key, markets)
    id = work.new_id(BundleId)
    present = await bundle_rows.find_joined(work.connection, work.tenant_id, party_id, version.key)
    alone = await _offered_alone(work, party_id, rule, markets)
    begun = [await _begin(work, party_id, key, markets, id) for key in rule.members if key not in alone]
    members = sorted((*alone.values(), *(change.after for change in begun)), key=lambda member: member.promise)
    joined = bundles.join_bundle(version, party_id, markets, members, present=present, id=id, at=work.at)
    await work.keep(joined)
    await work.keep(*begun, *(enrolment_rules.join(member, id) for member in alone.values()))
    return Outcome({"bundle": id})


async def leave_bundle(work: Work, command: LeaveBundle) -> Outcome:
    """The party gave notice: the bundle and its members are on offer until that is over.

    Refuses, with every reason, another party's, and one that was left or has ended.
    """
    access.require(work.caller, "leaveBundle")
    seen = await bundle_rows.get(work.connection, work.tenant_id, command.bundle_id)
    await enrolments.lock_party(work, seen.party_id)
    bundle = await bundle_rows.lock(work.connection, work.tenant_id, command.bundle_id)
    work.expect(bundle)
    ends_at = await enrolments.notice_ends_at(work, bundle.rule_key)
    left = bundles.leave_bundle(bundle, work.caller, ends_at=ends_at)
    members = await _members(work, bundle)
    given = [
        enrolment_rules.give_notice(member, ends_at=ends_at, at=work.at)
        for member in members
        if member.state not in OVER
    ]
    await work.keep(left, *given)
    await start_duty(work, Duty.GUARANTEE_NOTICE, bundle.id, ends_at, party_id=bundle.party_id)
    return Outcome({"bundle": bundle.id})


async def fire_notice(work: Work, clock: Clock) -> None:
    """The notice is over: the guarantee has ended, or the bundle with its members. What was bought stays covered."""
    if not clock.subject_id.startswith(f"{BundleId.prefix}_"):
        seen = await guarantee_rows.get(work.connection, work.tenant_id, GuaranteeId(clock.subject_id))
        await enrolments.lock_party(work, seen.party_id)
        guarantee = await guarantee_rows.lock(work.connection, work.tenant_id, seen.id)
        if guarantee.state is GuaranteeState.WITHDRAWING:
            await enrolments.end(work, guarantee)
        return
    found = await bundle_rows.get(work.connection, work.tenant_id, BundleId(clock.subject_id))
    await enrolments.lock_party(work, found.party_id)
    bundle = await bundle_rows.lock(work.connection, work.tenant_id, found.id)
    if bundle.state is GuaranteeState.WITHDRAWING:
        await work.keep(bundles.end_bundle(bundle, GuaranteeState.ENDED, at=work.at))
        await _end_members(work, bundle)


async def follow_members(work: Work, party_id: LiablePartyId) -> None:
    """The bundles of the party, which is locked, stand as their members do; of one that is over no member goes on."""
    for bundle in await bundle_rows.lock_by_party(work.connection, work.tenant_id, party_id):
        change = bundles.follow(bundle, await _members(work, bundle), work.at)
        if change is not None:
            await work.keep(change)
            if change.after.state in OVER:
                await end_duties(work, bundle.id)
                await _end_members(work, bundle)


async def _end_members(work: Work, bundle: Bundle) -> None:
    for member in await _members(work, bundle):
        if member.state not in OVER:
            await enrolments.end(work, member)


async def _members(work: Work, bundle: Bundle) -> list[Guarantee]:
    return [await guarantee_rows.lock(work.connection, work.tenant_id, id) for id in bundle.guarantee_ids]


async def _offered_alone(
    work: Work, party_id: LiablePartyId, rule: BundleTerms, markets: Collection[str]
) -> dict[str, Guarantee]:
    """The members that the party offers by themselves, by rule. Refuses those not on offer in all of the markets."""
    found: dict[str, Guarantee] = {}
    for key in rule.members:
        offered = await guarantee_rows.find_offered(work.connection, work.tenant_id, party_id, key)
        if offered is not None:
            found[key] = await guarantee_rows.lock(work.connection, work.tenant_id, offered.id)
    if because := unmet(bundles.standing_alone(found.values(), markets)):
        raise Refused("bundle.join", "A guarantee that the party offers cannot become part of the bundle.", because)
    return found


async def _begin(
    work: Work, party_id: LiablePartyId, key: str, markets: Collection[str], id: BundleId
) -> Change[Guarantee]:
    """A member that the party did not offer yet. Refuses, with every reason, a party that may not stand for it."""
    await enrolments.require_standing(work, party_id, key, markets)
    rule = await rulebook.in_force(work.connection, work.tenant_id, key, work.at)
    guarantee_id = work.new_id(GuaranteeId)
    return enrolment_rules.offer_guarantee(
        rule, party_id, markets, present=None, id=guarantee_id, at=work.at, bundle_id=id
    )
