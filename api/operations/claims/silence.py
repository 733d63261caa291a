"""What follows for a claim by itself: from tracking alone, and when nobody acts.

Each consequence checks that the claim still waits for it: whoever acted while the clock was being taken was in time.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from api.operations import claim_turns, priorities
from api.operations.claims import cases, steps
from api.operations.claims.cases import Case
from domain import claims, coverage, procedure
from domain.change import Change
from domain.claims import Claim, ClaimOutcome, ClaimReason, OfferState, Ruling, Side, Silence, rulings
from domain.claims.life import BY_CLAIMANT_SILENCE, Consequence
from domain.clocks import Clock, Duty
from domain.copies import replace
from domain.coverage import Coverage
from domain.decisions import DecisionKind
from domain.explain import Finding
from domain.guarantees import Judgement
from domain.ids import ClaimId, ClaimLineId, DecisionId
from domain.liability import Shares
from storage import buyers as buyer_rows
from storage import claims as claim_rows
from storage import evidence as evidence_rows
from storage.unit_of_work import Work

# -- from tracking alone -----------------------------------------------------------------------------------------------


async def open_automatically(work: Work, cover: Coverage, judgement: Judgement) -> Claim | None:
    """A late order of a buyer whose tier has that benefit is made good: claim, coupon, recovery (vector T12).

    Where the liable party disputed the scan in the hold window, the marketplace decides instead; where something else
    made the loss good before, nothing happens (None). The order is locked, the judgement holds, the cover is in force
    and its clock has been taken.
    """
    if await claim_rows.disputed(work.connection, work.tenant_id, cover.id):
        return await _open_disputed(work, cover, judgement)
    version = await cases.procedure_in_force(work)
    until = procedure.appealable_until(procedure.claim_clocks(version), work.at, await cases.market_days(work))
    id, decided = work.new_id(ClaimId), work.new_id(DecisionId)
    shares = Shares.whole(claims.bears(cover))
    lines = tuple(
        replace(line, remedy=judgement.remedy, amount=line.loss)
        for line in rulings.judged_lines(id, judgement, lambda: work.new_id(ClaimLineId))
    )

    def opened(ruling: Ruling) -> Change[Claim]:
        return claims.open_automatically(
            cover,
            ClaimReason.LATE_DELIVERY,
            judgement,
            version.id,
            id=id,
            decision_id=decided,
            ruling=ruling,
            appealable_until=until,
            at=work.at,
        )

    ruling = Ruling(ClaimOutcome.GRANTED, judgement.base, lines, shares)
    ruling = await steps.within(work, opened(ruling).after, cover, ruling)
    if not rulings.gives(ruling):
        return None
    change = opened(ruling)
    claim = change.after
    await work.keep(change, coverage.claim_coverage(cover, claim.id))
    tree = claims.found_liable(judgement.tree, rulings.borne(shares))
    claim_turns.explain(work, decided, claim, DecisionKind.COMPENSATION, tree)
    await claim_turns.take_turn(work, change, Side.SYSTEM, None)
    await steps.follow(work, claim, cover)
    return claim


async def _open_disputed(work: Work, cover: Coverage, judgement: Judgement) -> Claim:
    version = await cases.procedure_in_force(work)
    calendar = await cases.market_days(work)
    id, decided = work.new_id(ClaimId), work.new_id(DecisionId)
    change = claims.open_disputed(
        cover,
        ClaimReason.LATE_DELIVERY,
        judgement,
        procedure.deadlines(version, ClaimReason.LATE_DELIVERY, work.at, calendar),
        procedure.decide_due_at(procedure.claim_clocks(version), work.at, calendar),
        id=id,
        decision_id=decided,
        lines=rulings.judged_lines(id, judgement, lambda: work.new_id(ClaimLineId)),
        at=work.at,
    )
    buyer = await buyer_rows.get(work.connection, work.tenant_id, cover.buyer_id)
    rank = await priorities.queue_rank(work, buyer.level)
    change = replace(change, after=replace(change.after, queue_rank=rank))
    await work.keep(change, coverage.claim_coverage(cover, change.after.id))
    claim_turns.explain(work, decided, change.after, DecisionKind.ELIGIBILITY, judgement.tree)
    await claim_turns.take_turn(work, change, Side.SYSTEM, None)
    return await steps.await_chargeback(work, change.after)


# -- between the two sides ---------------------------------------------------------------------------------------------


async def fire_answer_claim(work: Work, clock: Clock) -> None:
    """The liable party was silent: the buyer may escalate, and the next clock will."""
    claim = await claim_rows.lock(work.connection, work.tenant_id, ClaimId(clock.subject_id))
    if not _waits(claim, Duty.ANSWER_CLAIM):
        return
    change = claims.answer_overdue(claim, work.at)
    await work.keep(change)
    claim_turns.tell(work, change, Side.SYSTEM, None)
    await claim_turns.start(work, change.after)


async def fire_escalate_claim(work: Work, clock: Clock) -> None:
    """Nobody answered or escalated: what the claim's profile says silence means."""
    claim, case = await cases.taken(work, ClaimId(clock.subject_id))
    if _waits(claim, Duty.ESCALATE_CLAIM):
        await SILENCES[claim.silence or Silence.ESCALATE](work, claim, case)


async def fire_answer_offer(work: Work, clock: Clock) -> None:
    """Nobody answered the offer: it lapses, and where the negotiation is over too, the marketplace decides."""
    claim = await claim_rows.lock(work.connection, work.tenant_id, ClaimId(clock.subject_id))
    if not _waits(claim, Duty.ANSWER_OFFER):
        return
    await steps.end_offer(work, claim, OfferState.LAPSED)
    if claim.negotiation_ends_at is None or claim.due_at == claim.negotiation_ends_at:
        await _escalates(work, claim)
    else:
        await claim_turns.step(work, claims.end_offer(claim, "claim.offer_lapsed", work.at), Side.SYSTEM, None)


async def fire_agree_on_claim(work: Work, clock: Clock) -> None:
    """The two sides did not settle: the marketplace decides."""
    claim = await claim_rows.lock(work.connection, work.tenant_id, ClaimId(clock.subject_id))
    if _waits(claim, Duty.AGREE_ON_CLAIM):
        await _escalates(work, claim)


async def _silence_escalates(work: Work, claim: Claim, _case: Case) -> None:
    await _escalates(work, claim)


async def _silence_grants(work: Work, claim: Claim, case: Case) -> None:
    await steps.decide_on_file(work, claim, case, made=True)


async def _silence_closes(work: Work, claim: Claim, case: Case) -> None:
    closed = Finding("claim.decision", False, "claim_closed_by_silence", {"by": Side.SYSTEM.value})
    await steps.deny(work, claim, case, Side.SYSTEM, None, closed)


SILENCES: Final[Mapping[Silence, Callable[[Work, Claim, Case], Awaitable[None]]]] = {
    Silence.AUTO_GRANT: _silence_grants,
    Silence.ESCALATE: _silence_escalates,
    Silence.CLOSE: _silence_closes,
}
"""What a liable party's silence leads to, by the word of the procedure's rule."""
assert SILENCES.keys() == set(Silence)


# -- with the marketplace ----------------------------------------------------------------------------------------------


async def fire_take_up_claim(work: Work, clock: Clock) -> None:
    """Staff did not take it up: both sides are asked for evidence all the same."""
    claim = await claim_rows.lock(work.connection, work.tenant_id, ClaimId(clock.subject_id))
    if not _waits(claim, Duty.TAKE_UP_CLAIM):
        return
    due_at = procedure.evidence_due_at(await cases.clocks_of(work, claim), work.at, await cases.market_days(work))
    await claim_turns.step(work, claims.take_up_claim(claim, due_at, work.at), Side.SYSTEM, None)


async def fire_submit_evidence(work: Work, clock: Clock) -> None:
    """The time for evidence is over: a buyer who brought none has the profile's word; else the marketplace decides."""
    claim, case = await cases.taken(work, ClaimId(clock.subject_id))
    if not _waits(claim, Duty.SUBMIT_EVIDENCE):
        return
    closes = BY_CLAIMANT_SILENCE[claim.claimant_silence or Silence.CLOSE] is Consequence.CLOSES
    if closes and Side.BUYER not in claim.heard and not await _brought(work, claim, Side.BUYER):
        closed = Finding("claim.decision", False, "claim_without_evidence", {"by": Side.SYSTEM.value})
        await steps.deny(work, claim, case, Side.SYSTEM, None, closed, outcome=ClaimOutcome.NO_EVIDENCE)
        return
    due_at = await cases.decide_due_at(work, claim)
    change = claims.await_decision(claim, due_at, "claim.evidence_over", work.at)
    await claim_turns.step(work, change, Side.SYSTEM, None)


async def fire_decide_claim(work: Work, clock: Clock) -> None:
    """Staff were silent: the claim is decided on the file, as the rule judges what is recorded."""
    claim, case = await cases.taken(work, ClaimId(clock.subject_id))
    if _waits(claim, Duty.DECIDE_CLAIM):
        await steps.decide_on_file(work, claim, case)


async def _escalates(work: Work, claim: Claim) -> None:
    change = claims.escalate_claim(claim, await cases.escalation(work, claim), work.at)
    await claim_turns.step(work, change, Side.SYSTEM, None)
    await steps.moot_offer(work, claim)


async def _brought(work: Work, claim: Claim, side: Side) -> bool:
    """Whether that side brought any evidence."""
    pieces = await evidence_rows.by_claim(work.connection, work.tenant_id, claim.id)
    return any(piece.side is side for piece in pieces)


def _waits(claim: Claim, duty: Duty) -> bool:
    """Whether the claim still waits for that duty, and nothing interrupts it."""
    return claim.duty is duty and claim.resumes is None
