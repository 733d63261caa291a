"""The steps of a claim that its acts and clocks take, and other nouns with them.

Every function expects the order and the claim to be locked, and that the step may be taken (`claims.require_move`).
What a claim gives is provided by `api/operations/remedies.py`, exactly once per decision or agreement; goods that have
to come back first are authorised by `api/operations/return_authorisations.py`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from api.operations import bearers, claim_turns, points, remedies, return_authorisations
from api.operations.claim_turns import close, step
from api.operations.claims import cases
from api.operations.claims.cases import Case
from domain import claims, clocks, procedure
from domain.change import Change
from domain.claims import Claim, ClaimOutcome, ClaimState, DecideClaim, OfferState, Ruling, Side, rulings
from domain.claims import offers as offering
from domain.clocks import ClockState
from domain.copies import replace
from domain.coverage import Coverage
from domain.decisions import DecisionKind
from domain.errors import Invalid, Problem
from domain.explain import Finding, Input
from domain.guarantees import Judgement
from domain.ids import ClaimLineId, DecisionId
from domain.liability import debtors
from domain.orders import Order
from domain.points import CauseKind, PointCause
from storage import appeals as appeal_rows
from storage import calendars
from storage import chargebacks as chargeback_rows
from storage import claims as claim_rows
from storage import clocks as clock_rows
from storage import coverage as coverage_rows
from storage import evidence as evidence_rows
from storage.unit_of_work import Outcome, Work

__all__ = [
    "appeal_ended",
    "appealed",
    "await_chargeback",
    "close",
    "deny",
    "end_suspended",
    "evidence_complete",
    "grant",
    "grant_on_appeal",
    "remedy_failed",
    "resume",
    "return_accepted",
    "return_found",
    "return_lapsed",
    "return_refused",
    "rule",
    "ruling_of",
    "suspend",
]

SUSPENDED_BY: Final = "chargeback"
"""Why the clocks of a suspended claim stand still."""


# -- decisions ---------------------------------------------------------------------------------------------------------


async def ruling_of(work: Work, claim: Claim, case: Case, command: DecideClaim) -> Ruling:
    """What the marketplace's decision would come to; nothing is written.

    Refuses like `rulings.by_staff`, with Invalid evidence that is none of the claim's, and (`claim.shares`) a share
    that is laid on a party which the order does not have.
    """
    await _require_evidence(work, claim, command)
    if command.outcome is ClaimOutcome.DENIED:
        judgement = case.judged(work.at, liable=False)
        denial = rulings.denied(claim, judgement.base, relied_on=command.relied_on)
        rulings.require_consistent(command)
        return denial
    proposed, _ = case.shares(claim)
    judgement = case.judged(work.at, liable=True)
    ruling = rulings.by_staff(claim, judgement, command, proposed, lambda: work.new_id(ClaimLineId))
    if ruling.shares is not None:
        await bearers.require_borne(work, claim, case.rows.order, ruling.shares)
    return ruling


async def _require_evidence(work: Work, claim: Claim, command: DecideClaim) -> None:
    if not command.relied_on:
        return
    known = {str(piece.id) for piece in await evidence_rows.by_claim(work.connection, work.tenant_id, claim.id)}
    problems = [
        Problem(("evidenceIds", str(place)), "is no evidence of this claim")
        for place, id in enumerate(command.relied_on)
        if str(id) not in known
    ]
    if problems:
        raise Invalid(*problems)


async def rule(work: Work, claim: Claim, case: Case, command: DecideClaim, ruling: Ruling) -> Outcome:
    """The marketplace's decision is taken as ruled. Refuses to give what the rule gives nothing for."""
    found = rulings.found_of_method(command, claim.reason)
    judgement = case.judged(work.at, liable=ruling.outcome is not ClaimOutcome.DENIED)
    await _decide(work, claim, case, ruling, judgement, Side.STAFF, command.note, (*found, BY_STAFF[ruling.outcome]))
    return Outcome({"claim": claim.id})


_STAFF: Final[dict[str, Input]] = {"by": Side.STAFF.value}
BY_STAFF: Final[Mapping[ClaimOutcome, Finding]] = {
    ClaimOutcome.GRANTED: Finding("claim.decision", True, "claim_granted_by_staff", _STAFF),
    ClaimOutcome.PARTLY: Finding("claim.decision", True, "claim_partly_granted_by_staff", _STAFF),
    ClaimOutcome.DENIED: Finding("claim.decision", False, "claim_denied_by_staff", _STAFF),
}
"""Outcome -> how the tree says that staff decided so."""


async def grant(
    work: Work,
    claim: Claim,
    case: Case,
    side: Side,
    note: str | None,
    decided: Finding,
    *,
    ruling: Ruling | None = None,
    name: str | None = None,
) -> Claim:
    """The claim is granted: for what the rule gives now or, where a ruling is brought, as ruled.

    `decided` is how the decision's tree says by whom and why, `name` what is told beside the grant. Refuses where the
    rule gives nothing for the facts.
    """
    judgement = case.judged(work.at, liable=True)
    if ruling is None:
        shares, _ = case.shares(claim)
        ruling = rulings.by_rule(claim, judgement, shares, lambda: work.new_id(ClaimLineId))
    return await _decide(work, claim, case, ruling, judgement, side, note, (decided,), name=name)


async def deny(
    work: Work,
    claim: Claim,
    case: Case,
    side: Side,
    note: str | None,
    decided: Finding,
    *,
    outcome: ClaimOutcome = ClaimOutcome.DENIED,
) -> Claim:
    """The claim is denied, or closed for want of evidence; `decided` says by whom and why, the rule what it found."""
    judgement = case.judged(work.at, liable=False)
    ruling = rulings.denied(claim, judgement.base, outcome)
    return await _decide(work, claim, case, ruling, judgement, side, note, (decided,))


async def agree(work: Work, claim: Claim, case: Case, ruling: Ruling, side: Side, note: str | None) -> Claim:
    """The two sides settled: what they agreed on is provided."""
    decided = Finding("claim.decision", True, "claim_settled", {"by": side.value})
    return await _decide(work, claim, case, ruling, case.judged(work.at), side, note, (decided,))


async def decide_on_file(work: Work, claim: Claim, case: Case, *, made: bool = False) -> Claim:
    """Granted if the recorded facts, with the silent party found liable, bear the claim out; denied otherwise.

    With `made` the buyer gets what it asked for, remedy by remedy.
    """
    judgement = case.judged(work.at, liable=True)
    if not judgement.grounds.holds:
        denied = Finding("claim.decision", False, "claim_denied_on_file", {"by": Side.SYSTEM.value})
        return await deny(work, claim, case, Side.SYSTEM, None, denied)
    shares, _ = case.shares(claim)
    given = rulings.as_made if made else rulings.by_rule
    ruling = await within(work, claim, case.cover, given(claim, judgement, shares, lambda: work.new_id(ClaimLineId)))
    if judgement.unpaid is None and not rulings.gives(ruling):
        paid = Finding("claim.decision", False, "claim_loss_not_paid_already", {"by": Side.SYSTEM.value})
        return await deny(work, claim, case, Side.SYSTEM, None, paid)
    granted = Finding("claim.decision", True, "claim_granted_on_file", {"by": Side.SYSTEM.value})
    return await grant(work, claim, case, Side.SYSTEM, None, granted, ruling=ruling)


async def within(work: Work, claim: Claim, cover: Coverage, ruling: Ruling) -> Ruling:
    """The ruling, capped by what is left of the loss: something else may have made it good before."""
    ruled = replace(claim, lines=ruling.lines, amount=ruling.amount)
    return rulings.capped(ruling, await remedies.within(work, ruled, cover, ruled.awards))


async def grant_on_appeal(work: Work, claim: Claim, note: str | None) -> Claim:
    """The buyer's appeal against a denial was right: the claim is granted for what the rule gives, or what is left.

    The claim is APPEALED and locked, its order too. Refuses where the rule gives nothing for the facts, and where
    everything was made good already (`exposure.draw`).
    """
    named = [line.line_id for line in claim.lines] if claim.itemised else ()
    case = await cases.proven(work, claim, await cases.case_of(work, claim.coverage_id, claim.reason, named))
    granted = Finding("claim.decision", True, "claim_granted_on_appeal", {"by": Side.STAFF.value})
    shares, _ = case.shares(claim)
    judgement = case.judged(work.at, liable=True)
    ruling = rulings.by_rule(claim, judgement, shares, lambda: work.new_id(ClaimLineId))
    left = await within(work, claim, case.cover, ruling) if judgement.grounds.holds else ruling
    return await grant(work, claim, case, Side.STAFF, note, granted, ruling=left if rulings.gives(left) else ruling)


async def _decide(
    work: Work,
    claim: Claim,
    case: Case,
    ruling: Ruling,
    judgement: Judgement,
    side: Side,
    note: str | None,
    found: tuple[Finding, ...],
    name: str | None = None,
) -> Claim:
    """The claim comes to what was ruled; the decision with its tree, remedies, returns and points are part of it.

    What went back before, and was found otherwise than it should be, is not sent back again.
    """
    if ruling.return_required:
        given = [line.line_id for line in ruling.lines if line.remedy is not None]
        gone = await return_authorisations.gone_back(work, claim.id, given)
        ruling = replace(ruling, return_required=not gone)
    until = await _appealable_until(work, claim, ruling.outcome, side)
    decided = work.new_id(DecisionId)
    change = claims.decide_claim(claim, ruling, judgement, decided, until, work.at, name=name)
    left = await claim_turns.duties_left(work, change)
    await work.keep(change)
    tree = _tree(claim, case, ruling, judgement, found)
    claim_turns.explain(work, decided, change.after, DecisionKind.COMPENSATION, tree)
    await claim_turns.take_turn(work, change, side, note, left)
    await moot_offer(work, claim)
    await follow(work, change.after, case.cover, case.rows.order)
    await _penalise(work, change.after, judgement, case.rows.order)
    return change.after


async def _appealable_until(
    work: Work, claim: Claim, outcome: ClaimOutcome | None, side: Side | None
) -> datetime | None:
    """Until when what stands from now on can be appealed; None where nobody lost: it was agreed on, or accepted."""
    if outcome is ClaimOutcome.AGREED or side is Side.LIABLE_PARTY:
        return None
    return procedure.appealable_until(await cases.clocks_of(work, claim), work.at, await cases.market_days(work))


def _tree(claim: Claim, case: Case, ruling: Ruling, judgement: Judgement, found: tuple[Finding, ...]) -> Finding:
    """Why it was decided so: the rule's findings, what was found besides and by whom, and who bears it."""
    borne: tuple[Finding, ...] = ()
    if ruling.shares is not None:
        proposed, because = case.shares(replace(claim, lines=ruling.lines))
        borne = (because if proposed == ruling.shares else rulings.borne(ruling.shares),)
    if ruling.outcome is ClaimOutcome.AGREED:
        return Finding("claim.agreement", True, "claim_settled", because=(*found, *borne))
    return claims.found_liable(judgement.grounds, *found, *borne)


async def follow(work: Work, claim: Claim, cover: Coverage, order: Order | None = None) -> None:
    """What was decided or agreed is provided; or its goods are on their way back first."""
    shares = claim.liability
    if not claim.gained or shares is None or not claim.awards:
        return
    if claim.return_required:
        await return_authorisations.authorise(work, claim, claim.awards, shares)
    else:
        await remedies.provide(work, claim, cover, claim.awards, shares, order)


async def _penalise(work: Work, claim: Claim, judgement: Judgement, order: Order) -> None:
    """Each party that bears a share of what was decided gets the points that the act costs; an agreement costs none.

    One after the other by their ids, as everybody locks their accounts.
    """
    shares = claim.liability
    if judgement.violation is None or shares is None or claim.outcome not in PENALISED:
        return
    cause = PointCause(CauseKind.CLAIM, claim.id)
    owing = debtors(shares, await bearers.of(work, claim, order, shares))
    for party_id in sorted(debtor.party_id for debtor in owing):
        await points.penalise(work, party_id, (judgement.violation,), claim.opened_at, cause)


PENALISED: Final = frozenset({ClaimOutcome.GRANTED, ClaimOutcome.PARTLY})
"""The outcomes that say that a promise was not kept."""


async def moot_offer(work: Work, claim: Claim) -> None:
    """The offer that stood while the claim was negotiated has nothing to settle any more."""
    if claim.offer_by is not None:
        await end_offer(work, claim, OfferState.MOOT)


async def end_offer(work: Work, claim: Claim, state: OfferState) -> None:
    """The offer that stands ends so; nothing where none does."""
    offer = await claim_rows.lock_offer(work.connection, work.tenant_id, claim.id)
    if offer is not None:
        await work.keep(offering.end_offer(offer, state, work.at))


# -- evidence ----------------------------------------------------------------------------------------------------------


async def evidence_complete(work: Work, claim: Claim, side: Side, note: str | None = None) -> Claim:
    """That side has brought everything; once both have, the marketplace decides.

    Nothing happens where the claim asks for no evidence now, or the side was heard already.
    """
    if claim.state is not ClaimState.EVIDENCE_DUE or side in claim.heard:
        return claim
    change = claims.finish_evidence(claim, side, await cases.decide_due_at(work, claim), work.at)
    await step(work, change, side, note)
    return change.after


# -- returns and remedies ----------------------------------------------------------------------------------------------


async def return_accepted(work: Work, claim: Claim) -> Claim:
    """The goods came back as they should: what was awarded is provided."""
    own = await appeal_rows.accepted(work.connection, work.tenant_id, claim)
    until = await _appealable_until(work, claim, claim.outcome, Side.LIABLE_PARTY if own else None)
    change = claims.goods_returned(claim, until, work.at)
    await step(work, change, Side.SYSTEM, None)
    cover = await coverage_rows.get(work.connection, work.tenant_id, claim.coverage_id)
    await follow(work, change.after, cover)
    return change.after


async def return_refused(work: Work, claim: Claim) -> Claim:
    """The goods came back otherwise than they should: the marketplace decides again."""
    due_at = await cases.decide_due_at(work, claim)
    change = claims.await_decision(claim, due_at, "claim.return_refused", work.at)
    await step(work, change, Side.SYSTEM, None)
    return await await_chargeback(work, change.after)


async def return_lapsed(work: Work, claim: Claim) -> Claim:
    """The goods never left: nothing is provided, and the claim is closed."""
    change = claims.return_lapsed(claim, work.at)
    await step(work, change, Side.SYSTEM, None)
    return change.after


async def return_found(work: Work, claim: Claim) -> Claim:
    """The goods left in time after all: they are awaited, and what was awarded depends on them again."""
    change = claims.return_found(claim, work.at)
    await step(work, change, Side.SYSTEM, None)
    return change.after


async def remedy_failed(work: Work, claim: Claim) -> Claim:
    """A remedy was not provided: where the profile allows, the buyer may have the claim decided again."""
    profile = await cases.clocks_of(work, claim)
    until = procedure.reopenable_until(profile, work.at, await cases.market_days(work))
    change = claims.remedy_failed(claim, until, work.at)
    await step(work, change, Side.SYSTEM, None)
    return change.after


# -- interrupted -------------------------------------------------------------------------------------------------------


async def suspend(work: Work, claim: Claim) -> Claim:
    """A chargeback about the same loss runs: the claim and its clock stand still. One that cannot be stays as it is."""
    if claim.state not in claims.SUSPENDABLE:
        return claim
    change = claims.suspend_claim(claim, work.at)
    await work.keep(change)
    claim_turns.tell(work, change, Side.SYSTEM, None)
    for clock in await clock_rows.lock_live(work.connection, work.tenant_id, claim.id):
        if clock.state is ClockState.RUNNING and not clocks.due(clock, work.at):
            await work.keep(clocks.pause(clock, SUSPENDED_BY, at=work.at))
    return change.after


async def await_chargeback(work: Work, claim: Claim) -> Claim:
    """A claim that is to be decided while a chargeback on its order runs stands still from the first; else nothing.

    A chargeback that begins later suspends it by itself (`api/operations/chargeback_ends.py`).
    """
    if claim.state in claims.UNDECIDED and await chargeback_rows.runs(work.connection, work.tenant_id, claim.order_id):
        return await suspend(work, claim)
    return claim


async def resume(work: Work, claim: Claim) -> Claim:
    """The chargeback is over and did not make the loss good: the claim goes on, its deadlines moved."""
    change = claims.resume_claim(claim, work.at, await calendars.get(work.connection, work.market))
    await work.keep(change)
    claim_turns.tell(work, change, Side.SYSTEM, None)
    for clock in await clock_rows.lock_live(work.connection, work.tenant_id, claim.id):
        await work.keep(clocks.cancel(clock, at=work.at))
    await claim_turns.start(work, change.after)
    return change.after


async def end_suspended(work: Work, claim: Claim) -> Claim:
    """The chargeback made the loss good: the claim is closed."""
    change = claims.end_suspended(claim, work.at)
    await step(work, change, Side.SYSTEM, None)
    return change.after


async def appealed(work: Work, claim: Claim, side: Side = Side.SYSTEM) -> Claim:
    """An appeal against the claim's decision runs; perhaps beside the other side's."""
    filed = claims.appeal_joined if claim.state is ClaimState.APPEALED else claims.appeal_filed
    return await _interrupted(work, filed(claim, work.at), side)


async def appeal_ended(work: Work, claim: Claim, side: Side = Side.STAFF) -> Claim:
    """No appeal runs any more: the claim stands where it stood, and its decision is final once nobody can appeal.

    What an overturned decision gives or takes is the appeal's doing: it calls `grant` (for a buyer whose denial was
    wrong) or `remedies.undo` before or after.
    """
    return await _interrupted(work, claims.appeal_ended(claim, work.at), side)


async def _interrupted(work: Work, change: Change[Claim], side: Side) -> Claim:
    await step(work, change, side, None)
    return change.after
