"""Guarantees are offered, admitted, declined and withdrawn, by the party that stands for them or by the desk.

Whoever gives notice stands for what is bought until it is over; then a clock ends it (`bundles.fire_notice`).
"""

from collections.abc import Collection
from datetime import datetime

from api.operations import certificates
from api.operations.duties import end_duties, start_duty
from domain import access, enrolments, programmes
from domain.clocks import Duty
from domain.enrolments import (
    AdmitGuarantee,
    DeclineGuarantee,
    Guarantee,
    GuaranteeState,
    OfferGuarantee,
    WithdrawGuarantee,
)
from domain.errors import Refused
from domain.explain import Finding
from domain.ids import GuaranteeId, LiablePartyId, ProviderId, SupplierId
from domain.programmes import ProgrammeTerms
from storage import calendars as calendar_rows
from storage import enrolments as guarantee_rows
from storage import providers as provider_rows
from storage import rulebook
from storage import suppliers as supplier_rows
from storage.unit_of_work import Outcome, Work


async def offer_guarantee(work: Work, command: OfferGuarantee) -> Outcome:
    """The party stands for the rule's promise, or applies to where the desk looks at it first.

    Refuses an unknown rule or party (NotFound), offering twice, and with every reason a party that does not meet the
    programme's conditions, may not stand for promises, or is barred, itself or through a related account.
    """
    access.require(work.caller, "offerGuarantee")
    party_id = enrolments.liable_party(command, work.caller)
    await lock_party(work, party_id)
    rule = await rulebook.in_force(work.connection, work.tenant_id, command.rule_key, work.at)
    await require_standing(work, party_id, command.rule_key, command.markets)
    present = await guarantee_rows.find_offered(work.connection, work.tenant_id, party_id, rule.key)
    review = (await terms(work)).of(rule.key).review and not work.caller.is_operator
    change = enrolments.offer_guarantee(
        rule, party_id, command.markets, present=present, id=work.new_id(GuaranteeId), at=work.at, review=review
    )
    await work.keep(change)
    return Outcome({"guarantee": change.after.id})


async def admit_guarantee(work: Work, command: AdmitGuarantee) -> Outcome:
    """The desk admits the party. Refuses, with every reason, what was not applied for, and what is missing now."""
    access.require(work.caller, "admitGuarantee")
    guarantee = await _locked(work, command.guarantee_id)
    standing = await _against(work, guarantee.party_id, guarantee.rule_key, guarantee.markets)
    await work.keep(enrolments.admit_guarantee(guarantee, work.caller, standing, at=work.at))
    return Outcome({"guarantee": guarantee.id})


async def decline_guarantee(work: Work, command: DeclineGuarantee) -> Outcome:
    """The desk does not admit the party, and says why. Refuses, with every reason, what was not applied for."""
    access.require(work.caller, "declineGuarantee")
    guarantee = await _locked(work, command.guarantee_id)
    await work.keep(enrolments.decline_guarantee(guarantee, work.caller, command.reason, at=work.at))
    return Outcome({"guarantee": guarantee.id})


async def withdraw_guarantee(work: Work, command: WithdrawGuarantee) -> Outcome:
    """Its party gave notice: it is on offer until that is over. What was only applied for ends at once.

    Refuses, with every reason, another party's, one that has ended, and a member of a bundle.
    """
    access.require(work.caller, "withdrawGuarantee")
    guarantee = await _locked(work, command.guarantee_id)
    ends_at = await notice_ends_at(work, guarantee.rule_key)
    withdrawn = enrolments.withdraw_guarantee(guarantee, work.caller, ends_at=ends_at, at=work.at)
    await work.keep(withdrawn)
    if withdrawn.after.state is GuaranteeState.WITHDRAWING:
        await start_duty(work, Duty.GUARANTEE_NOTICE, guarantee.id, ends_at, party_id=guarantee.party_id)
    return Outcome({"guarantee": guarantee.id})


async def end(work: Work, guarantee: Guarantee) -> None:
    """The guarantee, which is locked with its party, has ended; its clock with it, and certificates tell of it."""
    ended = enrolments.end_guarantee(guarantee, at=work.at)
    await work.keep(ended)
    await end_duties(work, guarantee.id)
    await certificates.tell_withdrawal(work, ended.after)


async def remove(work: Work, guarantee: Guarantee, reason: str, barred_until: datetime | None) -> None:
    """The party of the guarantee, both locked, was removed from its programme; clocks and certificates as for `end`."""
    removed = enrolments.remove_guarantee(guarantee, reason, barred_until=barred_until, at=work.at)
    await work.keep(removed)
    await end_duties(work, guarantee.id)
    await certificates.tell_withdrawal(work, removed.after)


async def terms(work: Work) -> ProgrammeTerms:
    """The conditions of the programmes that are in force."""
    version = await rulebook.in_force(work.connection, work.tenant_id, programmes.RULE, work.at)
    return programmes.programme_terms(version)


async def notice_ends_at(work: Work, rule_key: str) -> datetime:
    """The last instant of a notice that is given now."""
    calendar = await calendar_rows.get(work.connection, work.market)
    return programmes.notice_ends_at(await terms(work), rule_key, work.at, calendar)


async def require_standing(work: Work, party_id: LiablePartyId, rule_key: str, markets: Collection[str]) -> None:
    """Returns if the party may stand for that promise. Refuses with every reason otherwise."""
    if found := await _against(work, party_id, rule_key, markets):
        raise Refused("guarantee.offer", "The party may not stand for this guarantee now.", found)


async def _against(work: Work, party_id: LiablePartyId, rule_key: str, markets: Collection[str]) -> tuple[Finding, ...]:
    """Everything that stands in the way of the party, which is locked."""
    party = (
        party_id
        if isinstance(party_id, SupplierId)
        else await provider_rows.get(work.connection, work.tenant_id, party_id)
    )
    return await guarantee_rows.against(work.connection, work.tenant_id, party, rule_key, markets, work.at)


async def _locked(work: Work, id: GuaranteeId) -> Guarantee:
    """The guarantee, its party locked first. Refuses a version other than expected with Conflict."""
    seen = await guarantee_rows.get(work.connection, work.tenant_id, id)
    await lock_party(work, seen.party_id)
    guarantee = await guarantee_rows.lock(work.connection, work.tenant_id, id)
    work.expect(guarantee)
    return guarantee


async def lock_party(work: Work, party_id: LiablePartyId) -> None:
    """The party is this transaction's until its end. Refuses with NotFound."""
    if isinstance(party_id, ProviderId):
        await provider_rows.lock(work.connection, work.tenant_id, party_id)
    else:
        await supplier_rows.lock(work.connection, work.tenant_id, party_id)
