"""Guarantees are offered and withdrawn, by the party that stands for them or by the desk."""

from api.operations import certificates
from domain import access, enrolments
from domain.enrolments import OfferGuarantee, WithdrawGuarantee
from domain.errors import Refused
from domain.ids import GuaranteeId, LiablePartyId, ProviderId, SupplierId
from storage import enrolments as guarantee_rows
from storage import providers as provider_rows
from storage import rulebook
from storage import suppliers as supplier_rows
from storage.unit_of_work import Outcome, Work


async def offer_guarantee(work: Work, command: OfferGuarantee) -> Outcome:
    """The party stands for the rule's promise. Refuses an unknown rule or party (NotFound), and offering twice.

    A provider is refused, with every reason, while it may not stand for promises, and while it or a related account is
    barred from this one.
    """
    access.require(work.caller, "offerGuarantee")
    party_id = enrolments.liable_party(command, work.caller)
    await _lock_party(work, party_id)
    rule = await rulebook.in_force(work.connection, work.tenant_id, command.rule_key, work.at)
    if isinstance(party_id, ProviderId):
        await _require_standing(work, party_id, command)
    present = await guarantee_rows.find_offered(work.connection, work.tenant_id, party_id, rule.key)
    change = enrolments.offer_guarantee(
        rule, party_id, command.markets, present=present, id=work.new_id(GuaranteeId), at=work.at
    )
    await work.keep(change)
    return Outcome({"guarantee": change.after.id})


async def withdraw_guarantee(work: Work, command: WithdrawGuarantee) -> Outcome:
    """The guarantee is offered no longer. Refuses, with every reason, another party's and one that has ended."""
    access.require(work.caller, "withdrawGuarantee")
    seen = await guarantee_rows.get(work.connection, work.tenant_id, command.guarantee_id)
    await _lock_party(work, seen.party_id)
    guarantee = await guarantee_rows.lock(work.connection, work.tenant_id, command.guarantee_id)
    work.expect(guarantee)
    withdrawn = enrolments.withdraw_guarantee(guarantee, work.caller, at=work.at)
    await work.keep(withdrawn)
    await certificates.tell_withdrawal(work, withdrawn.after)
    return Outcome({"guarantee": guarantee.id})


async def _require_standing(work: Work, id: ProviderId, command: OfferGuarantee) -> None:
    """Returns if the provider may stand for that promise. Refuses with every reason otherwise."""
    provider = await provider_rows.get(work.connection, work.tenant_id, id)
    found = await guarantee_rows.against(
        work.connection, work.tenant_id, provider, command.rule_key, command.markets, work.at
    )
    if found:
        raise Refused("guarantee.offer", "The provider may not stand for this guarantee now.", found)


async def _lock_party(work: Work, party_id: LiablePartyId) -> None:
    """The party is this transaction's until its end. Refuses with NotFound."""
    if isinstance(party_id, SupplierId):
        await supplier_rows.lock(work.connection, work.tenant_id, party_id)
    else:
        await provider_rows.lock(work.connection, work.tenant_id, party_id)
