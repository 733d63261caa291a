"""Buyers become known, and are put on levels by explained decisions."""

from api.operations.parties import organisation_for
from domain import access, buyers
from domain.buyers import TIER_RULE, GrantTier
from domain.ids import BuyerId, DecisionId
from domain.organisations import OrganisationKind
from domain.parties import Registration
from storage import buyers as buyer_rows
from storage import rulebook
from storage.unit_of_work import Outcome, Work


async def register_buyer(work: Work, command: Registration) -> Outcome:
    """The company buys here, at L0. Refuses like `register_supplier`."""
    access.require(work.caller, "registerBuyer")
    organisation, created = await organisation_for(work, command, OrganisationKind.BUYER)
    present = None
    if not created:
        present = await buyer_rows.find_by_organisation(work.connection, work.tenant_id, organisation.id)
    change = buyers.register_buyer(
        command, organisation, present=present.id if present else None, id=work.new_id(BuyerId), at=work.at
    )
    await work.keep(*created, change)
    return Outcome({"buyer": change.after.id})


async def grant_tier(work: Work, command: GrantTier) -> Outcome:
    """The buyer stands on the level, and the decision says why. Refuses the level it stands on already (Conflict)."""
    access.require(work.caller, "grantTier")
    buyer = await buyer_rows.lock(work.connection, work.tenant_id, command.buyer_id)
    work.expect(buyer)
    rule = await rulebook.in_force(work.connection, work.tenant_id, TIER_RULE, work.at)
    grant = buyers.grant_tier(
        buyer, command, rule, decided_by=work.caller.actor_id, id=work.new_id(DecisionId), at=work.at
    )
    work.add(grant.decision)
    await work.keep(grant.buyer)
    return Outcome({"buyer": buyer.id})
