"""The steps of a claim that its acts and clocks take, and other nouns with them: granted, denied."""

from collections.abc import Callable
from datetime import datetime

from api.operations import claim_turns, coupons
from api.operations.claims.cases import Case
from domain import claims
from domain.change import Change
from domain.claims import (
    Claim,
    ClaimOutcome,
    Side,
)
from domain.decisions import DecisionKind
from domain.explain import Finding
from domain.guarantees import Judgement
from domain.ids import DecisionId
from storage.unit_of_work import Outcome, Work

Granting = Callable[[Claim, Judgement, DecisionId, datetime], Change[Claim]]


def granted(claim: Claim, judgement: Judgement, decision_id: DecisionId, at: datetime) -> Change[Claim]:
    """The marketplace's grant."""
    return claims.decide_claim(claim, ClaimOutcome.GRANTED, judgement, decision_id, at)


async def grant(
    work: Work, claim: Claim, case: Case, side: Side, note: str | None, granting: Granting, reason: str
) -> Outcome:
    """The claim is granted for what the rule gives now; decision, coupon and recovery are part of it."""
    judgement = case.judged(work.at, liable=True)
    decided = work.new_id(DecisionId)
    change = granting(claim, judgement, decided, work.at)
    found = Finding("claim.decision", holds=True, reason=reason, inputs={"by": side.value})
    await work.keep(change)
    claim_turns.explain(
        work, decided, change.after, DecisionKind.COMPENSATION, claims.found_liable(judgement.tree, found)
    )
    await claim_turns.take_turn(work, change, side, note)
    await coupons.issue_coupon(work, change.after, case.cover)
    return Outcome({"claim": claim.id})


async def deny(work: Work, claim: Claim, case: Case, side: Side, note: str | None, reason: str) -> Outcome:
    """The claim is denied and closed; the decision says by whom and what the rule found."""
    judgement = case.judged(work.at, liable=False)
    decided = work.new_id(DecisionId)
    change = claims.decide_claim(claim, ClaimOutcome.DENIED, judgement, decided, work.at)
    found = Finding("claim.decision", holds=False, reason=reason, inputs={"by": side.value})
    await work.keep(change)
    claim_turns.explain(
        work, decided, change.after, DecisionKind.COMPENSATION, claims.found_liable(judgement.tree, found)
    )
    await claim_turns.take_turn(work, change, side, note)
    return Outcome({"claim": claim.id})
