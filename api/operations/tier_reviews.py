"""Tier reviews: evidence comes in, the desk looks at it, and the buyer stands on what it reaches.

Locks are taken in the order of the house: the buyer, then its review.
"""

from typing import Final

from api.operations import buyers as buyer_operations
from api.operations.duties import end_duties, start_duty
from domain import access, buyers, tier_reviews, uploads
from domain.buyers import TIER_RULE, Buyer
from domain.clocks import Clock, Duty
from domain.decisions import DecisionKind, decision
from domain.errors import NotFound
from domain.explain import Finding
from domain.ids import DecisionId, RuleVersionId, TierEvidenceId, TierReviewId
from domain.tier_reviews import (
    OPEN,
    AnswerTierReview,
    GrantTierReview,
    ReviewState,
    SubmitTierEvidence,
    TierReview,
)
from domain.tiers import TierTerms, tier_terms
from storage import buyers as buyer_rows
from storage import calendars, rulebook
from storage import tier_reviews as review_rows
from storage import uploads as upload_rows
from storage.unit_of_work import Outcome, Work

SILENT: Final = "What was asked for did not come in time."


async def submit_tier_evidence(work: Work, command: SubmitTierEvidence) -> Outcome:
    """The evidence waits for the desk, in the buyer's open review or a new one.

    Refuses (Refused) a buyer whose tier is revoked and a file that is not usable, (Invalid) what fits no evidence.
    """
    access.require(work.caller, "submitTierEvidence")
    buyer = await buyer_operations.own(work, command.buyer_id)
    buyers.require(buyer, buyers.BuyerAction.SUBMIT_TIER_EVIDENCE)
    for item in command.items:
        if item.upload_id is not None:
            upload = await upload_rows.get(work.connection, work.tenant_id, item.upload_id)
            uploads.require_usable(upload, buyer.organisation_id)
    review = await review_rows.lock_open(work.connection, work.tenant_id, buyer.id)
    change = tier_reviews.submit_tier_evidence(
        review,
        command,
        await _terms(work),
        buyer_id=buyer.id,
        id=work.new_id(TierReviewId),
        item_ids=[work.new_id(TierEvidenceId) for _ in command.items],
        at=work.at,
        calendar=await calendars.get(work.connection, work.market),
    )
    await work.keep(change)
    await _wait(work, change.after, Duty.REVIEW_TIER_EVIDENCE)
    return Outcome({"tierReview": change.after.id})


async def take_tier_review(work: Work, command: AnswerTierReview) -> Outcome:
    """The caller looks at the review from now on, whoever had it before."""
    access.require(work.caller, "takeTierReview")
    _, review = await _locked(work, command.review_id)
    work.expect(review)
    await work.keep(tier_reviews.take_tier_review(review, work.caller.actor_id))
    return Outcome({"tierReview": review.id})


async def request_tier_evidence(work: Work, command: AnswerTierReview) -> Outcome:
    """The buyer has to add what the reason names. Refuses whoever did not take the review."""
    access.require(work.caller, "requestTierEvidence")
    _, review = await _locked(work, command.review_id)
    work.expect(review)
    change = tier_reviews.request_tier_evidence(
        review,
        command.reason or "",
        await _terms(work),
        reviewer_id=work.caller.actor_id,
        at=work.at,
        calendar=await calendars.get(work.connection, work.market),
    )
    await work.keep(change)
    await _wait(work, change.after, Duty.ADD_TIER_EVIDENCE)
    return Outcome({"tierReview": review.id})


async def grant_tier_review(work: Work, command: GrantTierReview) -> Outcome:
    """The items are accepted, and the buyer stands at once on what it reaches with them."""
    access.require(work.caller, "grantTierReview")
    buyer, review = await _locked(work, command.review_id)
    work.expect(review)
    decision_id = work.new_id(DecisionId)
    change = tier_reviews.grant_tier_review(
        review, command, reviewer_id=work.caller.actor_id, decision_id=decision_id, at=work.at
    )
    await _decide(work, change.after, decision_id, len(command.accepted))
    proven = buyers.prove(buyer, change.after.identity, command.income, at=work.at)
    await work.keep(change, proven)
    await end_duties(work, review.id)
    move = buyers.raise_tier(proven.after, await buyer_operations.look(work, proven.after), id=work.new_id(DecisionId))
    if move is not None:
        await buyer_operations.keep(work, move)
    return Outcome({"tierReview": review.id})


async def decline_tier_review(work: Work, command: AnswerTierReview) -> Outcome:
    """Nothing is accepted, for the reason. Refuses whoever did not take the review."""
    access.require(work.caller, "declineTierReview")
    _, review = await _locked(work, command.review_id)
    work.expect(review)
    await _decline(work, review, command.reason or "", work.caller.actor_id)
    await end_duties(work, review.id)
    return Outcome({"tierReview": review.id})


async def fire_review_tier_evidence(work: Work, clock: Clock) -> None:
    """The desk was silent: the marketplace is told that the review is overdue."""
    _, review = await _locked(work, TierReviewId(clock.subject_id))
    if review.state in OPEN - {ReviewState.NEEDS_MORE}:
        await work.keep(tier_reviews.overdue(review))


async def fire_add_tier_evidence(work: Work, clock: Clock) -> None:
    """The buyer was silent: the review ends without a higher level."""
    _, review = await _locked(work, TierReviewId(clock.subject_id))
    if review.state is ReviewState.NEEDS_MORE:
        await _decline(work, review, SILENT, None)


async def _decline(work: Work, review: TierReview, reason: str, reviewer_id: str | None) -> None:
    decision_id = work.new_id(DecisionId)
    change = tier_reviews.decline_tier_review(
        review, reason, decision_id=decision_id, at=work.at, reviewer_id=reviewer_id
    )
    await _decide(work, change.after, decision_id, 0)
    await work.keep(change)


async def _decide(work: Work, review: TierReview, id: DecisionId, accepted: int) -> None:
    rule = await _terms(work)
    inputs = {"accepted": accepted, "of": len(review.items), "reason": review.reason}
    tree = Finding("tier.review", accepted > 0, "tier_evidence_accepted", inputs, rule.version)
    work.add(
        decision(
            id,
            review.buyer_id,
            DecisionKind.TIER,
            tree,
            at=work.at,
            decided_by=work.caller.actor_id,
            rule_version_ids=(RuleVersionId(rule.version),),
        )
    )


async def _wait(work: Work, review: TierReview, duty: Duty) -> None:
    """The review's only clock is now that duty's."""
    await end_duties(work, review.id)
    assert review.due_at is not None, "an open review waits for somebody"
    party_id = review.buyer_id if duty is Duty.ADD_TIER_EVIDENCE else None
    await start_duty(work, duty, review.id, review.due_at, party_id=party_id)


async def _terms(work: Work) -> TierTerms:
    return tier_terms(await rulebook.in_force(work.connection, work.tenant_id, TIER_RULE, work.at))


async def _locked(work: Work, id: TierReviewId) -> tuple[Buyer, TierReview]:
    """The review and its buyer, both this transaction's. Refuses with NotFound what is not there."""
    seen = await review_rows.get(work.connection, work.tenant_id, id)
    if not work.caller.is_operator and work.caller.party_id not in (None, seen.buyer_id):
        raise NotFound("There is no such review.", field=("reviewId",))
    buyer = await buyer_rows.lock(work.connection, work.tenant_id, seen.buyer_id)
    return buyer, await review_rows.lock(work.connection, work.tenant_id, id)
