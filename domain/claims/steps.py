"""The steps of a claim: opened, answered, escalated, decided, withdrawn and closed."""

from dataclasses import replace
from datetime import datetime

from domain import dates
from domain.change import Change, Happening
from domain.claims.claim import Claim, Deadlines, number
from domain.claims.life import ClaimOrigin, ClaimOutcome, ClaimState
from domain.claims.reasons import REASONS, ClaimReason
from domain.coverage import Coverage
from domain.errors import Refused
from domain.explain import Finding, unmet
from domain.guarantees import Judgement
from domain.ids import (
    ClaimId,
    DecisionId,
    RuleVersionId,
)
from domain.money import Money


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
) -> Change[Claim]:
    """A claim on application: open, and the liable party's turn.

    Refuses a reason that claims under another promise, and whatever the rule's judgement finds unmet (all of it).
    """
    findings = (_promise_matches(cover, reason), *judgement.tree.because)
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
        state=ClaimState.OPEN,
        note=note,
        deadlines=deadlines,
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
    at: datetime,
) -> Change[Claim]:
    """A claim that facts prove, granted as it is born. Refuses what the judgement does not hold for."""
    if not judgement.tree.holds:
        raise Refused("claim.open", "The facts prove no claim.", unmet(judgement.tree.because))
    claim = _new(
        cover,
        reason,
        ClaimOrigin.AUTOMATIC,
        judgement,
        procedure_version_id,
        decision_id,
        id,
        at,
        state=ClaimState.DECIDED,
        outcome=ClaimOutcome.GRANTED,
        decided_at=at,
    )
    return Change(None, claim, (_happening("claim.opened", claim), _happening("claim.granted", claim)))


def accept_claim(claim: Claim, judgement: Judgement, decision_id: DecisionId, at: datetime) -> Change[Claim]:
    """The liable party owns up: the claim is granted for what the rule gives. Refuses when the rule gives nothing."""
    return _grant(claim, judgement, decision_id, "claim.accepted", at)


def contest_claim(claim: Claim, decide_due_at: datetime, at: datetime) -> Change[Claim]:
    """The liable party disagrees: the marketplace must decide by `decide_due_at`."""
    return _escalate(claim, decide_due_at, "claim.contested", at)


def escalate_claim(claim: Claim, decide_due_at: datetime, at: datetime) -> Change[Claim]:
    """Nobody answered: the marketplace must decide by `decide_due_at`."""
    return _escalate(claim, decide_due_at, "claim.escalated", at)


def answer_overdue(claim: Claim, at: datetime) -> Change[Claim]:
    """The liable party let its time pass: the buyer may escalate, and the clock will at `escalates_at`."""
    if claim.escalates_at is None:
        raise ValueError(f"{claim.id} never waited for an answer")
    due_at = claim.escalates_at - dates.MICROSECOND
    after = replace(claim, due_at=due_at, updated_at=at, version=claim.version + 1)
    return Change(claim, after, (_happening("claim.answer_overdue", after),))


def decide_claim(
    claim: Claim, outcome: ClaimOutcome, judgement: Judgement, decision_id: DecisionId, at: datetime
) -> Change[Claim]:
    """The marketplace decided. A grant gives what the rule gives; refuses to grant what the rule gives nothing for."""
    if outcome is ClaimOutcome.GRANTED:
        return _grant(claim, judgement, decision_id, "claim.granted", at)
    after = replace(
        claim,
        state=ClaimState.CLOSED,
        outcome=outcome,
        amount=Money.zero(claim.amount.currency),
        decision_id=decision_id,
        due_at=None,
        updated_at=at,
        decided_at=at,
        ended_at=at,
        version=claim.version + 1,
    )
    return Change(claim, after, (_happening("claim.denied", after), _happening("claim.closed", after)))


def withdraw_claim(claim: Claim, at: datetime) -> Change[Claim]:
    """The buyer took the claim back; the cover can be claimed under again while its window is open."""
    after = replace(
        claim, state=ClaimState.WITHDRAWN, due_at=None, updated_at=at, ended_at=at, version=claim.version + 1
    )
    return Change(claim, after, (_happening("claim.withdrawn", after),))


def close_claim(claim: Claim, at: datetime) -> Change[Claim]:
    """The remedy has ended: the coupon is used up or over. Refuses a claim that was not granted with ValueError."""
    if claim.state is not ClaimState.DECIDED:
        raise ValueError(f"{claim.id} is {claim.state}, not granted")
    after = replace(claim, state=ClaimState.CLOSED, updated_at=at, ended_at=at, version=claim.version + 1)
    return Change(claim, after, (_happening("claim.closed", after),))


def found_liable(judgement_tree: Finding, finding: Finding) -> Finding:
    """The tree of a decision: the rule's findings with the finding of liability beside them."""
    because = (*judgement_tree.because, finding)
    return replace(judgement_tree, holds=all(part.holds for part in because), because=because)


def _promise_matches(cover: Coverage, reason: ClaimReason) -> Finding:
    return Finding(
        "claim.promise",
        REASONS[reason].promise is cover.promise,
        "reason_fits_promise",
        {"reason": reason.value, "promise": cover.promise.value},
    )


def _new(
    cover: Coverage,
    reason: ClaimReason,
    origin: ClaimOrigin,
    judgement: Judgement,
    procedure_version_id: RuleVersionId,
    decision_id: DecisionId,
    id: ClaimId,
    at: datetime,
    *,
    state: ClaimState,
    outcome: ClaimOutcome | None = None,
    note: str | None = None,
    deadlines: Deadlines | None = None,
    decided_at: datetime | None = None,
) -> Claim:
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
        state=state,
        outcome=outcome,
        base=judgement.base,
        amount=judgement.amount,
        rule_version_id=cover.rule_version_id,
        procedure_version_id=procedure_version_id,
        decision_id=decision_id,
        note=note,
        answer_due_at=deadlines.answer_due_at if deadlines else None,
        escalation_opens_at=deadlines.escalation_opens_at if deadlines else None,
        escalates_at=deadlines.escalates_at if deadlines else None,
        due_at=deadlines.answer_due_at if deadlines else None,
        opened_at=at,
        updated_at=at,
        decided_at=decided_at,
        ended_at=None,
        version=1,
    )


def _grant(claim: Claim, judgement: Judgement, decision_id: DecisionId, name: str, at: datetime) -> Change[Claim]:
    if not judgement.tree.holds:
        raise Refused("claim.grant", "The rule gives nothing for these facts.", unmet(judgement.tree.because))
    after = replace(
        claim,
        state=ClaimState.DECIDED,
        outcome=ClaimOutcome.GRANTED,
        base=judgement.base,
        amount=judgement.amount,
        decision_id=decision_id,
        due_at=None,
        updated_at=at,
        decided_at=at,
        version=claim.version + 1,
    )
    names = dict.fromkeys((name, "claim.granted"))
    return Change(claim, after, tuple(_happening(each, after) for each in names))


def _escalate(claim: Claim, decide_due_at: datetime, name: str, at: datetime) -> Change[Claim]:
    after = replace(claim, state=ClaimState.ESCALATED, due_at=decide_due_at, updated_at=at, version=claim.version + 1)
    return Change(claim, after, (_happening(name, after),))


def _happening(name: str, claim: Claim) -> Happening:
    facts = {
        "orderId": claim.order_id,
        "reason": claim.reason.value,
        "state": claim.state.value,
        "amountMinor": claim.amount.minor,
        "currency": claim.amount.currency,
    }
    return Happening(name, facts)
