"""What follows for a claim by itself: from tracking alone, and when nobody acts."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from api.operations import claim_turns, coupons
from api.operations.claims import cases, steps
from api.operations.claims.cases import Case
from api.operations.duties import start_duty
from domain import claims, coverage, procedure
from domain.claims import (
    Claim,
    ClaimReason,
    ClaimState,
    Side,
)
from domain.clocks import Clock, Duty
from domain.coverage import Coverage
from domain.decisions import DecisionKind
from domain.guarantees import Judgement
from domain.ids import ClaimId, DecisionId
from domain.procedure import Silence
from storage import claims as claim_rows
from storage.unit_of_work import Work


async def open_automatically(work: Work, cover: Coverage, judgement: Judgement) -> Claim:
    """A late order of a buyer whose tier has that benefit is made good: claim, coupon, recovery (vector T12).

    The order is locked, the judgement holds, the cover is in force and its clock has been taken.
    """
    version = await cases.procedure_in_force(work)
    decided = work.new_id(DecisionId)
    change = claims.open_automatically(
        cover,
        ClaimReason.LATE_DELIVERY,
        judgement,
        version.id,
        id=work.new_id(ClaimId),
        decision_id=decided,
        at=work.at,
    )
    claim = change.after
    await work.keep(change, coverage.claim_coverage(cover, claim.id))
    claim_turns.explain(work, decided, claim, DecisionKind.COMPENSATION, judgement.tree)
    await claim_turns.take_turn(work, change, Side.SYSTEM, None)
    await coupons.issue_coupon(work, claim, cover)
    return claim


async def fire_answer_claim(work: Work, clock: Clock) -> None:
    """The liable party was silent: the buyer may escalate, and the next clock will."""
    claim = await claim_rows.lock(work.connection, work.tenant_id, ClaimId(clock.subject_id))
    if claim.state is not ClaimState.OPEN:  # it was answered while this clock was being taken
        return
    change = claims.answer_overdue(claim, work.at)
    await work.keep(change)
    claim_turns.tell(work, change, Side.SYSTEM, None)
    if change.after.due_at is not None:
        await start_duty(work, Duty.ESCALATE_CLAIM, claim.id, change.after.due_at, party_id=claim.party_id)


async def fire_escalate_claim(work: Work, clock: Clock) -> None:
    """Nobody answered or escalated: what the procedure's rule says silence means for the claim's reason."""
    claim_id = ClaimId(clock.subject_id)
    case = await cases.case_of_claim(work, claim_id)
    claim = await claim_rows.lock(work.connection, work.tenant_id, claim_id)
    if claim.state is not ClaimState.OPEN:
        return
    await SILENCES[procedure.silence_of_party(await cases.clocks_of(work, claim), claim.reason)](work, claim, case)


async def fire_decide_claim(work: Work, clock: Clock) -> None:
    """Staff were silent: the claim is decided on the file, as the rule judges what is recorded."""
    claim_id = ClaimId(clock.subject_id)
    case = await cases.case_of_claim(work, claim_id)
    claim = await claim_rows.lock(work.connection, work.tenant_id, claim_id)
    if claim.state is ClaimState.ESCALATED:
        await _decide_on_file(work, claim, case)


async def _silence_escalates(work: Work, claim: Claim, _case: Case) -> None:
    change = claims.escalate_claim(claim, await cases.decide_due_at(work, claim), work.at)
    await claim_turns.step(work, change, Side.SYSTEM, None)


async def _silence_grants(work: Work, claim: Claim, case: Case) -> None:
    await _decide_on_file(work, claim, case)


async def _silence_closes(work: Work, claim: Claim, case: Case) -> None:
    await steps.deny(work, claim, case, Side.SYSTEM, None, "claim_closed_by_silence")


SILENCES: Final[Mapping[Silence, Callable[[Work, Claim, Case], Awaitable[None]]]] = {
    Silence.AUTO_GRANT: _silence_grants,
    Silence.ESCALATE: _silence_escalates,
    Silence.CLOSE: _silence_closes,
}
"""What a liable party's silence leads to, by the word of the procedure's rule."""
assert SILENCES.keys() == set(Silence)


async def _decide_on_file(work: Work, claim: Claim, case: Case) -> None:
    """Granted if the recorded facts, with the silent party found liable, bear the claim out; denied otherwise."""
    if case.judged(work.at, liable=True).tree.holds:
        await steps.grant(work, claim, case, Side.SYSTEM, None, steps.granted, "claim_granted_on_file")
    else:
        await steps.deny(work, claim, case, Side.SYSTEM, None, "claim_denied_on_file")
