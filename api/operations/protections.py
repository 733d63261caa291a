"""Protection: merchants switch it on, pause, resume and end it. The supplier is locked first, then its protection."""

from api.operations import memberships
from domain import access, protections
from domain.errors import Invalid, NotFound, Problem
from domain.ids import ProtectionId, ProtectionPeriodId, SupplierId
from domain.moves import require
from domain.protections import ActivateProtection, PauseReason, Protection, ProtectionAction, TurnProtection
from storage import protections as protection_rows
from storage import rulebook
from storage import suppliers as supplier_rows
from storage.unit_of_work import Outcome, Work


async def activate_protection(work: Work, command: ActivateProtection) -> Outcome:
    """What buyers pay from now on is protected; nobody reviews it. Refuses with every condition that is not met."""
    access.require(work.caller, "activateProtection")
    supplier = await supplier_rows.lock(work.connection, work.tenant_id, merchant(work, command.supplier_id))
    rule = await rulebook.in_force(work.connection, work.tenant_id, protections.RULE, work.at)
    change = protections.activate_protection(
        supplier.id,
        await memberships.terms_at(work, work.at),
        await memberships.current_of(work, supplier.id, work.at),
        await protection_rows.find_live(work.connection, work.tenant_id, supplier.id),
        rule_version_id=rule.id,
        id=work.new_id(ProtectionId),
        period_id=work.new_id(ProtectionPeriodId),
        at=work.at,
    )
    await work.keep(change)
    return Outcome({"protection": change.after.id})


async def pause_protection(work: Work, command: TurnProtection) -> Outcome:
    """What buyers pay from now on is not protected."""
    protection = await _locked(work, command, ProtectionAction.PAUSE_PROTECTION)
    await work.keep(protections.pause_protection(protection, PauseReason.MERCHANT, work.at))
    return Outcome({"protection": protection.id})


async def resume_protection(work: Work, command: TurnProtection) -> Outcome:
    """What buyers pay from now on is protected again. Refuses where the merchant's plan entitles it to none."""
    protection = await _locked(work, command, ProtectionAction.RESUME_PROTECTION)
    await work.keep(protections.resume_protection(protection, work.new_id(ProtectionPeriodId), work.at))
    return Outcome({"protection": protection.id})


async def end_protection(work: Work, command: TurnProtection) -> Outcome:
    """The protection is switched off; what was paid while it was active stays protected."""
    protection = await _locked(work, command, ProtectionAction.END_PROTECTION)
    await work.keep(protections.end_protection(protection, work.at))
    return Outcome({"protection": protection.id})


async def _locked(work: Work, command: TurnProtection, action: ProtectionAction) -> Protection:
    """The caller's protection, with nothing in the way of the action."""
    access.require(work.caller, protections.MOVES[action].mutation)
    seen = await protection_rows.get(work.connection, work.tenant_id, command.protection_id)
    protections.require_own(seen, work.caller)
    await supplier_rows.lock(work.connection, work.tenant_id, seen.supplier_id)
    protection = await protection_rows.lock(work.connection, work.tenant_id, seen.id)
    work.expect(protection)
    plans = await memberships.terms_at(work, work.at)
    entitles = protections.entitled(plans, await memberships.current_of(work, protection.supplier_id, work.at))
    moves = protections.moves(protection, work.caller, entitles)
    require(moves, action.value, f"protection.{action.value.lower()}")
    return protection


def merchant(work: Work, named: SupplierId | None) -> SupplierId:
    """The merchant that is meant. Refuses with NotFound another's, with Invalid where nobody is."""
    if work.caller.is_operator:
        if named is None:
            raise Invalid(Problem(("supplierId",), "Name the merchant."))
        return named
    own = work.caller.party_id
    if not isinstance(own, SupplierId) or (named is not None and named != own):
        raise NotFound("There is no such supplier.", field=("supplierId",))
    return own
