"""The desk: who has a claim, notes of staff to staff, and saved filters.

Who has a claim is settled under the claim's own lock, so that of two who take it at once exactly one has it.
"""

from api.operations.reviews import require_colleague
from domain import access, saved_filters
from domain.claim_notes import AddClaimNote, ClaimNote
from domain.claims import Claim, ClaimAction, require_move, require_side
from domain.claims import desk as assignments
from domain.claims.desk import AssignClaim
from domain.errors import Invalid, Problem
from domain.ids import ClaimId, ClaimNoteId, SavedFilterId
from domain.saved_filters import FILTERS_MAX, RemoveFilter, SaveFilter
from storage import claims as claim_rows
from storage import saved_filters as filter_rows
from storage.unit_of_work import Outcome, Work


async def take_claim(work: Work, command: AssignClaim) -> Outcome:
    """The claim is the caller's. Refuses one that somebody has."""
    access.require(work.caller, "takeClaim")
    claim = await _locked(work, command.claim_id, ClaimAction.TAKE_CLAIM)
    await work.keep(assignments.take_claim(claim, work.caller.actor_id, work.at))
    return Outcome({"claim": claim.id})


async def assign_claim(work: Work, command: AssignClaim) -> Outcome:
    """The claim is the colleague's who is named.

    Refuses who is not of the desk (NotFound), and to take it from somebody without a reason (Invalid).
    """
    access.require(work.caller, "assignClaim")
    assignee_id = command.assignee_id or work.caller.actor_id
    if assignee_id != work.caller.actor_id:
        await require_colleague(work, assignee_id)
    claim = await _locked(work, command.claim_id, ClaimAction.ASSIGN_CLAIM)
    if claim.assignee_id not in (None, work.caller.actor_id) and command.reason is None:
        raise Invalid(Problem(("reason",), "A colleague has the claim: say why it is taken from them."))
    await work.keep(assignments.assign_claim(claim, assignee_id, work.at))
    _note(work, claim, command.reason)
    return Outcome({"claim": claim.id})


async def release_claim(work: Work, command: AssignClaim) -> Outcome:
    """Nobody has the claim. Refuses whoever does not have it."""
    access.require(work.caller, "releaseClaim")
    claim = await _locked(work, command.claim_id, ClaimAction.RELEASE_CLAIM)
    await work.keep(assignments.release_claim(claim))
    _note(work, claim, command.reason)
    return Outcome({"claim": claim.id})


async def take_over_claim(work: Work, command: AssignClaim) -> Outcome:
    """The claim that a colleague had is the caller's; the reason stands in its notes."""
    access.require(work.caller, "takeOverClaim")
    claim = await _locked(work, command.claim_id, ClaimAction.TAKE_OVER_CLAIM)
    await work.keep(assignments.take_over_claim(claim, work.caller.actor_id, work.at))
    _note(work, claim, command.reason)
    return Outcome({"claim": claim.id})


async def add_claim_note(work: Work, command: AddClaimNote) -> Outcome:
    """Staff can read the note; nothing of the claim itself changes. Refuses who is not staff."""
    access.require(work.caller, "addClaimNote")
    claim = await claim_rows.get(work.connection, work.tenant_id, command.claim_id)
    note = ClaimNote(work.new_id(ClaimNoteId), claim.id, work.caller.actor_id, command.text, work.at)
    work.add(note)
    return Outcome({"claimNote": note.id, "claim": claim.id})


async def save_filter(work: Work, command: SaveFilter) -> Outcome:
    """The conditions are kept under the name. Refuses a second filter of that name, and one person's fifty-first."""
    access.require(work.caller, "saveFilter")
    before = None
    if command.id is not None:
        before = await filter_rows.lock(work.connection, work.tenant_id, command.id)
        work.expect(before)
    elif await filter_rows.count_of(work.connection, work.tenant_id, work.caller.actor_id) >= FILTERS_MAX:
        raise Invalid(Problem(("name",), f"You keep {FILTERS_MAX} filters already; remove one first."))
    change = saved_filters.save_filter(before, command, work.caller.actor_id, id=work.new_id(SavedFilterId), at=work.at)
    await work.keep(change)
    return Outcome({"savedFilter": change.after.id})


async def remove_filter(work: Work, command: RemoveFilter) -> Outcome:
    """The filter is kept no longer."""
    access.require(work.caller, "removeFilter")
    saved = await filter_rows.lock(work.connection, work.tenant_id, command.id)
    work.expect(saved)
    await work.keep(saved_filters.remove_filter(saved, work.caller.actor_id, work.at))
    return Outcome(facts={"removedId": str(saved.id)})


async def _locked(work: Work, claim_id: ClaimId, action: ClaimAction) -> Claim:
    """The claim, locked, for somebody who may do that now. Refuses with all reasons."""
    claim = await claim_rows.lock(work.connection, work.tenant_id, claim_id)
    require_side(claim, work.caller)
    work.expect(claim)
    require_move(claim, action, work.caller, work.at)
    return claim


def _note(work: Work, claim: Claim, reason: str | None) -> None:
    """The reason stands where staff look for it, and nowhere else."""
    if reason is not None:
        work.add(ClaimNote(work.new_id(ClaimNoteId), claim.id, work.caller.actor_id, reason, work.at))
