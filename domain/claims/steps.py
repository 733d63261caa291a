"""The steps of a claim: what each does to it. Whoever calls one has seen that it may be taken (`require_move`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from domain import dates, money
from domain.change import Change, Happening
from domain.claims.claim import Claim, ClaimLine, Deadlines, number
from domain.claims.desk import UNPROPOSED
from domain.claims.life import (
    ENDED,
    GAINED,
    UNDECIDED,
    ClaimOrigin,
    ClaimOutcome,
    ClaimState,
)
from domain.claims.reasons import REASONS, ClaimReason
from domain.claims.rulings import Ruling, gives
from domain.claims.sides import Side
from domain.clocks import Duty
from domain.copies import replace
from domain.coverage import Coverage
from domain.dates import MICROSECOND, Calendar
from domain.errors import Refused
from domain.explain import Finding, unmet
from domain.guarantees import Judgement
from domain.ids import ClaimId, DecisionId, RuleVersionId
from domain.money import Money
from domain.remedies import IN_KIND, REFUNDS

# -- beginnings --------------------------------------------------------------------------------------------------------


def open_claim(
    cover: Coverage,
    reason: ClaimReason,
    note: str | None,
    judgement: Judgement,
    deadlines: Deadlines,
    *,
    id: ClaimId,
    decision_id: DecisionId,
    at: datetime,
    lines: tuple[ClaimLine, ...] = (),
    itemised: bool = False,
    besides: tuple[Finding, ...] = (),
    queue_rank: int = 0,
) -> Change[Claim]:
    """A claim on application: open, and the liable party's turn. `queue_rank` is its place in the desk's queues.

    Refuses a reason that claims under another promise, what `besides` says stands in the way, and whatever the rule's
    judgement finds unmet (all of it).
    """
    findings = (promise_matches(cover, reason), *besides, *judgement.grounds.because)
    if because := unmet(findings):
        raise Refused("claim.open", "The claim cannot be opened.", because)
    claim = _new(
        cover,
        reason,
        ClaimOrigin.APPLICATION,
        judgement,
        deadlines.procedure_version_id,
        decision_id,
        id,
        at,
        lines=lines,
        note=note,
        amount=judgement.amount if not itemised else _requested(lines, judgement.amount),
        itemised=itemised,
        queue_rank=queue_rank,
        duty=Duty.ANSWER_CLAIM,
        due_at=deadlines.answer_due_at,
        answer_due_at=deadlines.answer_due_at,
        escalation_opens_at=deadlines.escalation_opens_at,
        escalates_at=deadlines.escalates_at,
        silence=deadlines.silence,
        claimant_silence=deadlines.claimant_silence,
    )
    return Change(None, claim, (_happening("claim.opened", claim),))


def open_automatically(
    cover: Coverage,
    reason: ClaimReason,
    judgement: Judgement,
    procedure_version_id: RuleVersionId,
    *,
    id: ClaimId,
    decision_id: DecisionId,
    ruling: Ruling,
    appealable_until: datetime | None = None,
    at: datetime,
) -> Change[Claim]:
    """A claim that facts prove, granted as it is born. Refuses what the judgement does not hold for."""
    claim = _proven(cover, reason, judgement, procedure_version_id, decision_id, id, at)
    claim = replace(_ruled(claim, ruling, decision_id, appealable_until, at), version=1)
    return Change(None, claim, (_happening("claim.opened", claim), _happening("claim.granted", claim)))


def open_disputed(
    cover: Coverage,
    reason: ClaimReason,
    judgement: Judgement,
    deadlines: Deadlines,
    decide_due_at: datetime,
    *,
    id: ClaimId,
    decision_id: DecisionId,
    lines: tuple[ClaimLine, ...],
    at: datetime,
) -> Change[Claim]:
    """A claim that facts would prove, had the liable party not disputed them: the marketplace decides."""
    claim = _proven(
        cover,
        reason,
        judgement,
        deadlines.procedure_version_id,
        decision_id,
        id,
        at,
        state=ClaimState.ESCALATED,
        lines=lines,
        duty=Duty.DECIDE_CLAIM,
        due_at=decide_due_at,
        silence=deadlines.silence,
        claimant_silence=deadlines.claimant_silence,
    )
    return Change(None, claim, (_happening("claim.opened", claim), _happening("claim.contested", claim)))


# -- between the two sides ---------------------------------------------------------------------------------------------


def answer_overdue(claim: Claim, at: datetime) -> Change[Claim]:
    """The liable party let its time pass: the buyer may escalate, and the clock will at `escalates_at`."""
    if claim.escalates_at is None:
        raise ValueError(f"{claim.id} never waited for an answer")
    return _to(
        claim,
        ClaimState.OPEN,
        "claim.answer_overdue",
        at,
        duty=Duty.ESCALATE_CLAIM,
        due_at=claim.escalates_at - MICROSECOND,
    )


def make_offer(claim: Claim, by: Side, lapses_at: datetime, ends_at: datetime, at: datetime) -> Change[Claim]:
    """That side's offer stands; the other answers it by `lapses_at`. The first one begins the negotiation."""
    ends_at = claim.negotiation_ends_at or ends_at
    return _to(
        claim,
        ClaimState.NEGOTIATING,
        "claim.offer_made",
        at,
        duty=Duty.ANSWER_OFFER,
        due_at=min(lapses_at, ends_at),
        negotiation_ends_at=ends_at,
        offer_by=by,
    )


def end_offer(claim: Claim, name: str, at: datetime) -> Change[Claim]:
    """No offer stands: the two sides have until the end of the negotiation."""
    return _to(
        claim,
        ClaimState.NEGOTIATING,
        name,
        at,
        duty=Duty.AGREE_ON_CLAIM,
        due_at=claim.negotiation_ends_at,
        offer_by=None,
    )


def withdraw_claim(claim: Claim, at: datetime) -> Change[Claim]:
    """The buyer took the claim back; the cover can be claimed under again while its window is open."""
    return _to(claim, ClaimState.WITHDRAWN, "claim.withdrawn", at, offer_by=None, ended_at=at)


# -- with the marketplace ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Escalation:
    """What a claim that goes to the marketplace waits for: to be taken up or, without evidence, to be decided."""

    duty: Duty
    due_at: datetime


def contest_claim(claim: Claim, escalation: Escalation, at: datetime) -> Change[Claim]:
    """The liable party disagrees: the claim is with the marketplace."""
    return _escalate(claim, escalation, "claim.contested", at)


def escalate_claim(claim: Claim, escalation: Escalation, at: datetime) -> Change[Claim]:
    """Nobody answered, or the two sides did not settle: the claim is with the marketplace."""
    return _escalate(claim, escalation, "claim.escalated", at)


def take_up_claim(claim: Claim, evidence_due_at: datetime, at: datetime) -> Change[Claim]:
    """The marketplace takes it up: both sides bring their evidence by then."""
    return _to(
        claim,
        ClaimState.EVIDENCE_DUE,
        "claim.taken_up",
        at,
        duty=Duty.SUBMIT_EVIDENCE,
        due_at=evidence_due_at,
        heard=(),
    )


def finish_evidence(claim: Claim, side: Side, decide_due_at: datetime, at: datetime) -> Change[Claim]:
    """That side has brought everything; once both have, the marketplace decides by `decide_due_at`."""
    heard = tuple(each for each in Side if each in {*claim.heard, side})
    if {Side.BUYER, Side.LIABLE_PARTY} <= set(heard):
        return await_decision(claim, decide_due_at, "claim.evidence_finished", at, heard=heard)
    duty, due_at = claim.duty, claim.due_at
    return _to(claim, ClaimState.EVIDENCE_DUE, "claim.evidence_finished", at, heard=heard, duty=duty, due_at=due_at)


def await_decision(
    claim: Claim, decide_due_at: datetime, name: str, at: datetime, *, heard: tuple[Side, ...] | None = None
) -> Change[Claim]:
    """The marketplace decides by `decide_due_at`; a claim that had ended has not any more."""
    return _to(
        claim,
        ClaimState.UNDER_DECISION,
        name,
        at,
        duty=Duty.DECIDE_CLAIM,
        due_at=decide_due_at,
        heard=claim.heard if heard is None else heard,
        outcome=None,
        decided_at=None,
        ended_at=None,
        appealable_until=None,
        final_at=None,
        reopenable_until=None,
    )


# -- decisions ---------------------------------------------------------------------------------------------------------


def decide_claim(
    claim: Claim,
    ruling: Ruling,
    judgement: Judgement,
    decision_id: DecisionId,
    appealable_until: datetime | None,
    at: datetime,
    *,
    name: str | None = None,
) -> Change[Claim]:
    """The claim comes to what `ruling` says: remedies follow, or it is closed.

    A grant under a rule that pays nothing for what was broken says that the buyer is right, and is closed at once.
    Refuses to grant what the rule knows no breach in; what the two sides agreed on is theirs to settle.
    """
    if ruling.outcome in GAINED and ruling.outcome is not ClaimOutcome.AGREED and not judgement.grounds.holds:
        raise Refused("claim.grant", "The rule gives nothing for these facts.", unmet(judgement.tree.because))
    after = _ruled(claim, ruling, decision_id, appealable_until, at)
    names = dict.fromkeys(each for each in (name, TOLD[ruling.outcome]) if each)
    closed = ("claim.closed",) if after.state is ClaimState.CLOSED else ()
    return Change(claim, after, tuple(_happening(each, after) for each in (*names, *closed)))


TOLD: Final = {
    ClaimOutcome.GRANTED: "claim.granted",
    ClaimOutcome.PARTLY: "claim.partly_granted",
    ClaimOutcome.DENIED: "claim.denied",
    ClaimOutcome.AGREED: "claim.agreed",
    ClaimOutcome.NO_EVIDENCE: "claim.without_evidence",
}
"""What is told of each outcome."""
assert TOLD.keys() == set(ClaimOutcome)


def _ruled(
    claim: Claim, ruling: Ruling, decision_id: DecisionId, appealable_until: datetime | None, at: datetime
) -> Claim:
    state = _leads_to(ruling)
    return replace(
        claim,
        state=state,
        outcome=ruling.outcome,
        base=ruling.base,
        amount=ruling.amount,
        lines=ruling.lines,
        shares={} if ruling.shares is None else {part.bearer.value: part.basis_points for part in ruling.shares},
        relied_on=ruling.relied_on,
        return_required=ruling.return_required,
        resumes=None,
        suspended_at=None,
        decision_id=decision_id,
        duty=None,
        due_at=None,
        offer_by=None,
        proposal_id=None,
        proposed_by=None,
        updated_at=at,
        decided_at=at,
        ended_at=at if state is ClaimState.CLOSED else None,
        appealable_until=None if state is ClaimState.RETURNING else appealable_until,
        final_at=None if state is ClaimState.RETURNING else _final_at(appealable_until, at),
        version=claim.version + 1,
    )


def _final_at(appealable_until: datetime | None, at: datetime) -> datetime:
    """From when on nobody can appeal what stands since `at`."""
    return at if appealable_until is None else appealable_until + MICROSECOND


def _leads_to(ruling: Ruling) -> ClaimState:
    """Where an outcome leads: goods come back first, money and work are waited for, a coupon has only to live.

    Where nothing is given, there is nothing to wait for.
    """
    if ruling.outcome not in GAINED or not gives(ruling):
        return ClaimState.CLOSED
    if ruling.return_required:
        return ClaimState.RETURNING
    waits = any(line.remedy in REFUNDS | IN_KIND for line in ruling.lines)
    return ClaimState.REMEDY_IN_PROGRESS if waits else ClaimState.DECIDED


# -- remedies ----------------------------------------------------------------------------------------------------------


def goods_returned(claim: Claim, appealable_until: datetime | None, at: datetime) -> Change[Claim]:
    """The goods came back as they should: what was awarded is provided now, and can be appealed until then.

    Refuses with ValueError otherwise.
    """
    _require(claim, ClaimState.RETURNING)
    waits = any(line.remedy in REFUNDS | IN_KIND for line in claim.lines)
    state = ClaimState.REMEDY_IN_PROGRESS if waits else ClaimState.DECIDED
    final_at = _final_at(appealable_until, at)
    window = {"appealable_until": appealable_until, "final_at": final_at}
    return _to(claim, state, "claim.goods_returned", at, return_required=False, **window)


def return_lapsed(claim: Claim, at: datetime) -> Change[Claim]:
    """The goods never left: nothing is provided, and the claim is closed. Refuses with ValueError otherwise."""
    _require(claim, ClaimState.RETURNING)
    closed = _to(claim, ClaimState.CLOSED, "claim.return_lapsed", at, ended_at=at)
    return Change(claim, closed.after, (*closed.happened, _happening("claim.closed", closed.after)))


def return_found(claim: Claim, at: datetime) -> Change[Claim]:
    """The goods left in time after all, as their carrier says: they are awaited again. Refuses an open claim."""
    _require(claim, ClaimState.CLOSED)
    return _to(claim, ClaimState.RETURNING, "claim.return_found", at, ended_at=None)


def remedy_failed(claim: Claim, reopenable_until: datetime | None, at: datetime) -> Change[Claim]:
    """A remedy was not provided: where the profile allows, the buyer may have the claim decided again until then."""
    return _to(
        claim, claim.state, "claim.remedy_failed", at, reopenable_until=reopenable_until, ended_at=claim.ended_at
    )


CLOSABLE: Final = frozenset({ClaimState.DECIDED, ClaimState.REMEDY_IN_PROGRESS})
"""Where a claim waits for nothing but its remedies."""


def close_claim(claim: Claim, at: datetime) -> Change[Claim]:
    """Every remedy has ended; an appeal or a suspension goes on, and finds the claim closed when it is over.

    Refuses with ValueError a claim that was not granted, and one that is closed already.
    """
    if claim.resumes in CLOSABLE:
        after = replace(claim, resumes=ClaimState.CLOSED, updated_at=at, version=claim.version + 1)
        return Change(claim, after, (_happening("claim.remedies_ended", after),))
    _require(claim, *CLOSABLE)
    return _to(claim, ClaimState.CLOSED, "claim.closed", at, ended_at=at)


def reopen_claim(claim: Claim, decide_due_at: datetime, at: datetime) -> Change[Claim]:
    """A remedy failed, and the marketplace decides again by `decide_due_at`."""
    return await_decision(claim, decide_due_at, "claim.reopened", at)


# -- interrupted -------------------------------------------------------------------------------------------------------

SUSPENDABLE: Final = frozenset(ClaimState) - ENDED - {ClaimState.SUSPENDED, ClaimState.APPEALED}
"""The states that a chargeback about the same loss interrupts."""


def suspend_claim(claim: Claim, at: datetime) -> Change[Claim]:
    """A chargeback about the same loss runs: nothing happens to the claim until it is over. Its clocks are paused."""
    _require(claim, *SUSPENDABLE)
    return _to(
        claim,
        ClaimState.SUSPENDED,
        "claim.suspended",
        at,
        resumes=claim.state,
        suspended_at=at,
        duty=claim.duty,
        due_at=claim.due_at,
        offer_by=claim.offer_by,
    )


def resume_claim(claim: Claim, at: datetime, calendar: Calendar) -> Change[Claim]:
    """The claim goes on where it stood; every deadline is later by as long as it stood still.

    One of days is later until the end of the local day that it then falls on.
    """
    _require(claim, ClaimState.SUSPENDED)
    if claim.resumes is None or claim.suspended_at is None:
        raise ValueError(f"{claim.id} does not say where it goes on")
    stood = at - claim.suspended_at
    moved = {
        name: None
        if (deadline := getattr(claim, name)) is None
        else dates.postponed(deadline, stood, calendar, not_before=at)
        for name in ("due_at", "answer_due_at", "escalation_opens_at", "escalates_at", "negotiation_ends_at")
    }
    return _to(
        claim,
        claim.resumes,
        "claim.resumed",
        at,
        resumes=None,
        suspended_at=None,
        duty=claim.duty,
        offer_by=claim.offer_by,
        **moved,
    )


def end_suspended(claim: Claim, at: datetime) -> Change[Claim]:
    """The chargeback made the loss good: the claim is closed, and what it gave is no more. Refuses with ValueError."""
    _require(claim, ClaimState.SUSPENDED)
    return _to(claim, ClaimState.CLOSED, "claim.closed", at, resumes=None, suspended_at=None, ended_at=at)


def appeal_filed(claim: Claim, at: datetime) -> Change[Claim]:
    """An appeal against the decision runs. Refuses with ValueError a claim without a decision, or appealed already."""
    if claim.outcome is None or claim.resumes is not None:
        raise ValueError(f"{claim.id} has no decision that can be appealed")
    return _to(
        claim,
        ClaimState.APPEALED,
        "claim.appealed",
        at,
        resumes=claim.state,
        final_at=None,
        ended_at=None,
    )


def appeal_joined(claim: Claim, at: datetime) -> Change[Claim]:
    """The other side appeals the decision, too. Refuses with ValueError a claim that nobody appealed."""
    _require(claim, ClaimState.APPEALED)
    return _to(claim, ClaimState.APPEALED, "claim.appealed", at)


def appeal_ended(claim: Claim, at: datetime) -> Change[Claim]:
    """No appeal runs any more: the claim stands where it stood, and is final once nobody else can appeal."""
    _require(claim, ClaimState.APPEALED)
    if claim.resumes is None:
        raise ValueError(f"{claim.id} does not say where it goes on")
    ended_at = at if claim.resumes in ENDED else None
    open_until = claim.appealable_until
    final_at = at if open_until is None else max(at, open_until + MICROSECOND)
    return _to(claim, claim.resumes, "claim.appeal_ended", at, resumes=None, ended_at=ended_at, final_at=final_at)


# -- what they share ---------------------------------------------------------------------------------------------------


def found_liable(judgement_tree: Finding, *findings: Finding) -> Finding:
    """The tree of a decision: the rule's findings with those of liability and of the occasion beside them."""
    because = (*judgement_tree.because, *findings)
    return replace(judgement_tree, holds=all(part.holds for part in because), because=because)


def promise_matches(cover: Coverage, reason: ClaimReason) -> Finding:
    """Whether the reason claims under the promise of the cover."""
    return Finding(
        "claim.promise",
        cover.promise in REASONS[reason].promises,
        "reason_fits_promise",
        {"reason": reason.value, "promise": cover.promise.value},
    )


def _to(claim: Claim, state: ClaimState, name: str, at: datetime, **changed: Any) -> Change[Claim]:
    """The claim in that state. A duty belongs to the state it was started in, and ends with it unless it is named."""
    members = {"duty": None, "due_at": None, **UNPROPOSED, **changed}
    if state not in UNDECIDED | {ClaimState.SUSPENDED}:
        members["offer_by"] = None
    after = replace(claim, state=state, updated_at=at, version=claim.version + 1, **members)
    return Change(claim, after, (_happening(name, after),))


def _escalate(claim: Claim, escalation: Escalation, name: str, at: datetime) -> Change[Claim]:
    return _to(claim, ClaimState.ESCALATED, name, at, duty=escalation.duty, due_at=escalation.due_at, offer_by=None)


def _require(claim: Claim, *states: ClaimState) -> None:
    if claim.state not in states:
        raise ValueError(f"{claim.id} is {claim.state}, not {' or '.join(states)}")


def _requested(lines: tuple[ClaimLine, ...], otherwise: Money) -> Money:
    return money.total([line.requested for line in lines], otherwise.currency)


def _proven(
    cover: Coverage,
    reason: ClaimReason,
    judgement: Judgement,
    procedure_version_id: RuleVersionId,
    decision_id: DecisionId,
    id: ClaimId,
    at: datetime,
    **stated: Any,
) -> Claim:
    if not judgement.tree.holds:
        raise Refused("claim.open", "The facts prove no claim.", unmet(judgement.tree.because))
    return _new(cover, reason, ClaimOrigin.AUTOMATIC, judgement, procedure_version_id, decision_id, id, at, **stated)


def _new(
    cover: Coverage,
    reason: ClaimReason,
    origin: ClaimOrigin,
    judgement: Judgement,
    procedure_version_id: RuleVersionId,
    decision_id: DecisionId,
    id: ClaimId,
    at: datetime,
    **stated: Any,
) -> Claim:
    """A claim that is born at `at`. What is not `stated` of it is as the rule judged, or nothing yet."""
    members: dict[str, Any] = {"state": ClaimState.OPEN, "amount": judgement.amount, **UNSTATED, **stated}
    return Claim(
        id=id,
        number=number(id),
        order_id=cover.order_id,
        coverage_id=cover.id,
        buyer_id=cover.buyer_id,
        supplier_id=cover.supplier_id,
        provider_id=cover.provider_id,
        reason=reason,
        origin=origin,
        outcome=None,
        base=judgement.base,
        rule_version_id=cover.rule_version_id,
        procedure_version_id=procedure_version_id,
        decision_id=decision_id,
        opened_at=at,
        updated_at=at,
        decided_at=None,
        ended_at=None,
        version=1,
        cause=judgement.cause,
        **members,
    )


UNSTATED: Final[Mapping[str, None]] = dict.fromkeys(
    ("note", "answer_due_at", "escalation_opens_at", "escalates_at", "due_at")
)
"""What a new claim has only where its beginning says so."""


def _happening(name: str, claim: Claim) -> Happening:
    facts = {
        "orderId": claim.order_id,
        "reason": claim.reason.value,
        "state": claim.state.value,
        "amountMinor": claim.amount.minor,
        "currency": claim.amount.currency,
    }
    return Happening(name, facts)
