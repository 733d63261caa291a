"""Tier reviews: a buyer proves what it is, and the desk looks at it (`domain.md` 6.4).

    EVIDENCE_SUBMITTED -takeTierReview-> UNDER_REVIEW -grantTierReview-> GRANTED
    EVIDENCE_SUBMITTED, UNDER_REVIEW -requestTierEvidence-> NEEDS_MORE -submitTierEvidence-> EVIDENCE_SUBMITTED
    NEEDS_MORE -the buyer was silent-> DECLINED
    UNDER_REVIEW -declineTierReview-> DECLINED

What was accepted counts from that instant, as long as the rule lets evidence count; what level it opens is the rule's
word (`domain/tiers.py`), not the desk's.

Laws: a buyer has at most one open review, and what it adds goes there; an item is accepted or not, once; whoever took a
review decides it, unless somebody else takes it over.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import dates
from domain.access import Caller, may
from domain.change import Change, Fact, Happening
from domain.dates import Calendar, rfc3339
from domain.errors import Invalid, Problem, Refused
from domain.explain import Finding, unmet
from domain.ids import BuyerId, DecisionId, TierEvidenceId, TierReviewId, UploadId
from domain.money import Money
from domain.moves import Move
from domain.tiers import Evidence, Identity, TierTerms

ITEMS_MAX: Final = 10
"""Pieces of evidence in one call: more than any identity's set has."""

IN_WORDS: Final = frozenset({Evidence.BUSINESS_EMAIL, Evidence.DECLARED_IDENTITY, Evidence.TAX_NUMBER})
"""Evidence that is an address, a word or a number; everything else is a file."""


class ReviewState(StrEnum):
    """Where a review stands."""

    EVIDENCE_SUBMITTED = "EVIDENCE_SUBMITTED"
    """Waiting for the desk."""
    UNDER_REVIEW = "UNDER_REVIEW"
    """Somebody of the desk looks at it."""
    NEEDS_MORE = "NEEDS_MORE"
    """Waiting for the buyer."""
    GRANTED = "GRANTED"
    """Evidence was accepted."""
    DECLINED = "DECLINED"
    """Nothing was accepted."""


OPEN: Final = frozenset({ReviewState.EVIDENCE_SUBMITTED, ReviewState.UNDER_REVIEW, ReviewState.NEEDS_MORE})
"""States in which somebody has to act."""


class ReviewAction(StrEnum):
    """What can be done with a review; the value is the mutation's name in capitals."""

    SUBMIT_TIER_EVIDENCE = "SUBMIT_TIER_EVIDENCE"
    """submitTierEvidence: add evidence."""
    TAKE_TIER_REVIEW = "TAKE_TIER_REVIEW"
    """takeTierReview: look at it, or take it over."""
    REQUEST_TIER_EVIDENCE = "REQUEST_TIER_EVIDENCE"
    """requestTierEvidence: ask for what is missing."""
    GRANT_TIER_REVIEW = "GRANT_TIER_REVIEW"
    """grantTierReview: accept evidence."""
    DECLINE_TIER_REVIEW = "DECLINE_TIER_REVIEW"
    """declineTierReview: accept none."""


@dataclass(frozen=True, slots=True)
class Step:
    """A row of the review's life: the mutation, from which states, to which one."""

    mutation: str
    since: frozenset[ReviewState]
    to: ReviewState
    taken: bool = False
    """Only by whoever took the review."""


_WAITING: Final = frozenset({ReviewState.EVIDENCE_SUBMITTED, ReviewState.UNDER_REVIEW})
MOVES: Final[Mapping[ReviewAction, Step]] = {
    ReviewAction.SUBMIT_TIER_EVIDENCE: Step("submitTierEvidence", OPEN, ReviewState.EVIDENCE_SUBMITTED),
    ReviewAction.TAKE_TIER_REVIEW: Step("takeTierReview", _WAITING, ReviewState.UNDER_REVIEW),
    ReviewAction.REQUEST_TIER_EVIDENCE: Step(
        "requestTierEvidence", frozenset({ReviewState.UNDER_REVIEW}), ReviewState.NEEDS_MORE, taken=True
    ),
    ReviewAction.GRANT_TIER_REVIEW: Step(
        "grantTierReview", frozenset({ReviewState.UNDER_REVIEW}), ReviewState.GRANTED, taken=True
    ),
    ReviewAction.DECLINE_TIER_REVIEW: Step(
        "declineTierReview", frozenset({ReviewState.UNDER_REVIEW}), ReviewState.DECLINED, taken=True
    ),
}
"""The review's life, total over its actions."""
assert MOVES.keys() == set(ReviewAction)


@dataclass(frozen=True, slots=True)
class TierEvidence:
    """One piece of evidence: a file, or a statement in words. `accepted` is None until the desk has looked at it."""

    id: TierEvidenceId
    review_id: TierReviewId
    buyer_id: BuyerId
    evidence: Evidence
    upload_id: UploadId | None
    statement: str | None
    submitted_at: datetime
    accepted: bool | None
    verified_at: datetime | None


@dataclass(frozen=True, slots=True)
class TierReview:
    """A buyer's application with its evidence. `due_at` is until when the desk, or the buyer, has to act."""

    id: TierReviewId
    buyer_id: BuyerId
    identity: Identity
    state: ReviewState
    reviewer_id: str | None
    reason: str | None
    submitted_at: datetime
    due_at: datetime | None
    decided_at: datetime | None
    decision_id: DecisionId | None
    version: int
    items: tuple[TierEvidence, ...]


@dataclass(frozen=True, slots=True)
class NewEvidence:
    """A piece of evidence as it comes in: a file, or a statement, or both."""

    evidence: Evidence
    upload_id: UploadId | None
    statement: str | None


@dataclass(frozen=True, slots=True)
class SubmitTierEvidence:
    """A buyer says what it is, and proves it. `buyer_id` None: the caller's own."""

    buyer_id: BuyerId | None
    identity: Identity
    items: tuple[NewEvidence, ...]


@dataclass(frozen=True, slots=True)
class AnswerTierReview:
    """The desk takes a review, asks for more, or declines; with words for the buyer where they are needed."""

    review_id: TierReviewId
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class GrantTierReview:
    """The desk accepts those items, and a yearly income where the evidence shows one."""

    review_id: TierReviewId
    accepted: tuple[TierEvidenceId, ...]
    income: Money | None
    reason: str | None


def problems(command: SubmitTierEvidence) -> tuple[Problem, ...]:
    """Everything wrong with what was submitted."""
    found = []
    if not 0 < len(command.items) <= ITEMS_MAX:
        found.append(Problem(("items",), f"1 to {ITEMS_MAX} pieces of evidence."))
    kinds = [item.evidence for item in command.items]
    for place, item in enumerate(command.items):
        if item.evidence in IN_WORDS and not item.statement:
            found.append(Problem(("items", str(place), "statement"), f"{item.evidence} is said in words."))
        if item.evidence not in IN_WORDS and item.upload_id is None:
            found.append(Problem(("items", str(place), "uploadId"), f"{item.evidence} is a file."))
        if item.evidence in kinds[:place]:
            found.append(Problem(("items", str(place), "evidence"), f"{item.evidence} is there twice."))
    return tuple(found)


def submit_tier_evidence(
    review: TierReview | None,
    command: SubmitTierEvidence,
    rule: TierTerms,
    *,
    buyer_id: BuyerId,
    id: TierReviewId,
    item_ids: Collection[TierEvidenceId],
    at: datetime,
    calendar: Calendar,
) -> Change[TierReview]:
    """The review waits for the desk, with the evidence added to it; `review` is the buyer's open one, if it has one.

    Refuses (Invalid) a file where words are needed and the other way round, and one kind of evidence twice.
    """
    if wrong := problems(command):
        raise Invalid(*wrong)
    due_at = dates.working_day_deadline(at, rule.desk_working_days, calendar)
    known = () if review is None else review.items
    review_id = id if review is None else review.id
    items = tuple(
        TierEvidence(item_id, review_id, buyer_id, item.evidence, item.upload_id, item.statement, at, None, None)
        for item_id, item in zip(item_ids, command.items, strict=True)
    )
    after = TierReview(
        id=review_id,
        buyer_id=buyer_id,
        identity=command.identity,
        state=ReviewState.EVIDENCE_SUBMITTED,
        reviewer_id=None if review is None else review.reviewer_id,
        reason=None if review is None else review.reason,
        submitted_at=at if review is None else review.submitted_at,
        due_at=due_at,
        decided_at=None,
        decision_id=None,
        version=1 if review is None else review.version + 1,
        items=known + items,
    )
    return Change(review, after, (_happening("tier_review.submitted", after),))


def take_tier_review(review: TierReview, reviewer_id: str) -> Change[TierReview]:
    """The reviewer looks at it from now on, whoever had it before. Refuses a review that waits for no desk."""
    _require(review, ReviewAction.TAKE_TIER_REVIEW, reviewer_id)
    after = replace(review, state=ReviewState.UNDER_REVIEW, reviewer_id=reviewer_id, version=review.version + 1)
    return Change(review, after, (_happening("tier_review.taken", after),))


def request_tier_evidence(
    review: TierReview, reason: str, rule: TierTerms, *, reviewer_id: str, at: datetime, calendar: Calendar
) -> Change[TierReview]:
    """The buyer has to add what the reason names. Refuses whoever did not take the review."""
    _require(review, ReviewAction.REQUEST_TIER_EVIDENCE, reviewer_id)
    due_at = dates.day_deadline(at, rule.answer_days, calendar)
    after = replace(review, state=ReviewState.NEEDS_MORE, reason=reason, due_at=due_at, version=review.version + 1)
    return Change(review, after, (_happening("tier_review.more_requested", after),))


def grant_tier_review(
    review: TierReview, command: GrantTierReview, *, reviewer_id: str, decision_id: DecisionId, at: datetime
) -> Change[TierReview]:
    """The items named are accepted, the other open ones are not. Refuses (Invalid) another review's item, and none."""
    _require(review, ReviewAction.GRANT_TIER_REVIEW, reviewer_id)
    open_ids = {item.id for item in review.items if item.accepted is None}
    wrong = [
        Problem(("accepted", str(place)), f"{id} is no open item of this review.")
        for place, id in enumerate(command.accepted)
        if id not in open_ids
    ]
    if not command.accepted:
        wrong.append(Problem(("accepted",), "At least one item; otherwise decline the review."))
    if command.income is not None and command.income.minor <= 0:
        wrong.append(Problem(("income", "amount"), "An income is above zero."))
    if wrong:
        raise Invalid(*wrong)
    items = tuple(_looked_at(item, item.id in command.accepted, at) for item in review.items)
    return _ended(review, ReviewState.GRANTED, command.reason, items, decision_id, at)


def decline_tier_review(
    review: TierReview, reason: str, *, decision_id: DecisionId, at: datetime, reviewer_id: str | None
) -> Change[TierReview]:
    """Nothing is accepted. `reviewer_id` None: the buyer was silent. Refuses whoever did not take the review."""
    if reviewer_id is not None:
        _require(review, ReviewAction.DECLINE_TIER_REVIEW, reviewer_id)
    items = tuple(_looked_at(item, False, at) for item in review.items)
    return _ended(review, ReviewState.DECLINED, reason, items, decision_id, at)


def overdue(review: TierReview) -> Change[TierReview]:
    """The desk let its time pass, and the marketplace is told so. Refuses nothing: who asks has seen that it waits."""
    after = replace(review, version=review.version + 1)
    return Change(review, after, (_happening("tier_review.overdue", after),))


def conditions(review: TierReview, action: ReviewAction, actor_id: str) -> tuple[Finding, ...]:
    """What the review's state, and who took it, say to the action."""
    step = MOVES[action]
    state = Finding("tier_review.state", review.state in step.since, "review_state_allows", {"state": review.state})
    if not step.taken:
        return (state,)
    return (state, Finding("tier_review.taken", review.reviewer_id == actor_id, "review_taken_by_you"))


def moves(review: TierReview, caller: Caller, _at: datetime) -> tuple[Move, ...]:
    """What the caller may do with a review it can see, and why not."""
    return tuple(
        Move(
            action.value,
            unmet(
                (
                    Finding("tier_review.role", may(caller, step.mutation), "review_action_of_your_role"),
                    *conditions(review, action, caller.actor_id),
                )
            ),
        )
        for action, step in MOVES.items()
    )


def _require(review: TierReview, action: ReviewAction, actor_id: str) -> None:
    if because := unmet(conditions(review, action, actor_id)):
        raise Refused("tier_review.moves", f"Not possible now: {MOVES[action].mutation}.", because)


def _looked_at(item: TierEvidence, accepted: bool, at: datetime) -> TierEvidence:
    if item.accepted is not None:
        return item
    return replace(item, accepted=accepted, verified_at=at if accepted else None)


def _ended(
    review: TierReview,
    state: ReviewState,
    reason: str | None,
    items: tuple[TierEvidence, ...],
    decision_id: DecisionId,
    at: datetime,
) -> Change[TierReview]:
    after = replace(
        review,
        state=state,
        reason=reason,
        due_at=None,
        decided_at=at,
        decision_id=decision_id,
        items=items,
        version=review.version + 1,
    )
    return Change(review, after, (_happening(f"tier_review.{state.value.lower()}", after),))


def _happening(name: str, review: TierReview) -> Happening:
    facts: dict[str, Fact] = {
        "buyerId": review.buyer_id,
        "state": review.state.value,
        "dueAt": None if review.due_at is None else rfc3339(review.due_at),
    }
    return Happening(name, facts)
