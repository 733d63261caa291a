"""Buyers become known, and stand on levels by explained decisions.

Whatever changes a level looks at the buyer first (`look`), locked, with what is recorded of it at that instant.
"""

from api.operations.duties import end_duties, start_duty
from api.operations.parties import organisation_for
from domain import access, buyers
from domain.buyers import TIER_RULE, Buyer, BuyerAction, GrantTier, Look, RevokeTier, SetTierUpgrades, TierMove
from domain.clocks import Clock, Duty
from domain.errors import NotFound
from domain.ids import BuyerId, DecisionId
from domain.organisations import OrganisationKind
from domain.parties import Registration
from domain.tiers import tier_terms
from storage import buyers as buyer_rows
from storage import calendars, rulebook
from storage import tiers as tier_rows
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
    return await keep(work, buyers.grant_tier(buyer, command, await look(work, buyer), id=work.new_id(DecisionId)))


async def revoke_tier(work: Work, command: RevokeTier) -> Outcome:
    """The buyer's level is taken for misconduct. Refuses one that is revoked already (Conflict)."""
    access.require(work.caller, "revokeTier")
    buyer = await buyer_rows.lock(work.connection, work.tenant_id, command.buyer_id)
    work.expect(buyer)
    move = buyers.revoke_tier(buyer, command.reason, await look(work, buyer), id=work.new_id(DecisionId))
    return await keep(work, move)


async def reinstate_tier(work: Work, command: RevokeTier) -> Outcome:
    """The buyer earns levels again. Refuses one that is not revoked (Conflict)."""
    access.require(work.caller, "reinstateTier")
    buyer = await buyer_rows.lock(work.connection, work.tenant_id, command.buyer_id)
    work.expect(buyer)
    move = buyers.reinstate_tier(buyer, command.reason, await look(work, buyer), id=work.new_id(DecisionId))
    return await keep(work, move)


async def accept_tier_upgrade(work: Work, command: BuyerId | None) -> Outcome:
    """The buyer stands at once on the level that it was told of. Refuses (Refused) where it was told of none."""
    access.require(work.caller, "acceptTierUpgrade")
    buyer = await own(work, command)
    work.expect(buyer)
    buyers.require(buyer, BuyerAction.ACCEPT_TIER_UPGRADE)
    move = buyers.settle_tier(buyer, await look(work, buyer), id=work.new_id(DecisionId))
    assert move is not None, "something was told"
    return await keep(work, move)


async def set_tier_upgrades(work: Work, command: SetTierUpgrades) -> Outcome:
    """The buyer takes upgrades from now on, or declines them. Refuses what is so already (Conflict)."""
    access.require(work.caller, "setTierUpgrades")
    buyer = await own(work, command.buyer_id)
    work.expect(buyer)
    change = buyers.set_tier_upgrades(buyer, command.automatic)
    await work.keep(change)
    if buyer.pending_level is not None and change.after.pending_level is None:
        await end_duties(work, buyer.id)
    return Outcome({"buyer": buyer.id})


async def fire_move_tier(work: Work, clock: Clock) -> None:
    """The notice is over: the buyer is looked at again, and stands where it should."""
    buyer = await buyer_rows.lock(work.connection, work.tenant_id, BuyerId(clock.subject_id))
    if buyer.pending_level is None:  # it was settled while this clock was being taken
        return
    move = buyers.settle_tier(buyer, await look(work, buyer), id=work.new_id(DecisionId))
    assert move is not None, "something was told"
    await keep(work, move)


# -- for others that change levels ----------------------------------------------------------------------------------


async def look(work: Work, buyer: Buyer) -> Look:
    """What is recorded of the buyer now, under the rule in force. Refuses (Refused) a marketplace without the rule."""
    version = await rulebook.in_force(work.connection, work.tenant_id, TIER_RULE, work.at)
    calendar = await calendars.get(work.connection, work.market)
    found = await tier_rows.looks(
        work.connection,
        work.tenant_id,
        [buyer],
        tier_terms(version),
        at=work.at,
        calendar=calendar,
        decided_by=work.caller.actor_id,
    )
    return found[buyer.id]


async def keep(work: Work, move: TierMove) -> Outcome:
    """The move is part of this transaction, its notice a clock."""
    before, after = move.buyer.before, move.buyer.after
    work.add(move.decision)
    await work.keep(move.buyer)
    if before is not None and before.pending_at is not None and before.pending_at != after.pending_at:
        await end_duties(work, after.id)
    if after.pending_at is not None and (before is None or before.pending_at != after.pending_at):
        await start_duty(work, Duty.MOVE_TIER, after.id, after.pending_at, party_id=None)
    return Outcome({"buyer": after.id})


async def own(work: Work, id: BuyerId | None) -> Buyer:
    """The buyer named, or the caller's own, locked. Refuses with NotFound another buyer's and a caller without one."""
    wanted = id or work.caller.party_id
    if wanted is None or not (work.caller.is_operator or wanted == work.caller.party_id):
        raise NotFound("There is no such buyer.", field=("buyerId",))
    return await buyer_rows.lock(work.connection, work.tenant_id, BuyerId(wanted))
