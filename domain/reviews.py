"""Reviews: the desk's queue of applications, one row for each time a provider applies.

    OPEN -changes requested-> WAITING -handed in again-> OPEN (the next round)
    OPEN -> APPROVED | REJECTED          WAITING -silence-> LAPSED          OPEN | WAITING -> ENDED

Laws: a provider has at most one live review; the desk's deadline is fixed when a round begins; letting it pass flags
the review as overdue and moves it to the front of the queue, and decides nothing.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.access import Caller, may
from domain.change import Change, Happening
from domain.errors import Refused
from domain.explain import Finding, unmet
from domain.ids import DecisionId, Id, ProviderId, ReviewId
from domain.moves import Move
from domain.providers import Provider, ProviderKind, ProviderTier


class ReviewState(StrEnum):
    """Where a review stands."""

    OPEN = "OPEN"
    """The desk has to act."""
    WAITING = "WAITING"
    """The applicant has to correct something."""
    APPROVED = "APPROVED"
    """It ended with a yes."""
    REJECTED = "REJECTED"
    """It ended with a no."""
    LAPSED = "LAPSED"
    """The applicant let its time pass."""
    ENDED = "ENDED"
    """There is nothing left to review."""


class ReviewAction(StrEnum):
    """What can be done with a review itself; the value is the mutation's name in capitals."""

    ASSIGN_REVIEW = "ASSIGN_REVIEW"
    """assignReview: somebody of the desk takes it over."""


LIVE: Final = frozenset({ReviewState.OPEN, ReviewState.WAITING})
"""States in which somebody has to act."""

FIRST, EARLY, PLAIN = 0, 1, 2
"""Priorities: what is overdue, preferred providers, everybody else."""


@dataclass(frozen=True, slots=True)
class Review:
    """One application at the desk. `due_at` is the desk's deadline while OPEN, the applicant's while WAITING."""

    id: ReviewId
    provider_id: ProviderId
    kind: ProviderKind
    country: str
    state: ReviewState
    rounds: int
    priority: int
    overdue: bool
    assignee_id: Id | None
    endorsed_by: str | None
    note: str | None
    opened_at: datetime
    due_at: datetime
    closed_at: datetime | None
    decision_id: DecisionId | None
    version: int


@dataclass(frozen=True, slots=True)
class AssignReview:
    """The wish that somebody of the desk takes a review over: the caller where nobody is named."""

    review_id: ReviewId
    assignee_id: Id | None = None


def open_review(provider: Provider, due_at: datetime, *, id: ReviewId, at: datetime) -> Change[Review]:
    """The application is in the queue until `due_at`."""
    priority = EARLY if provider.tier is ProviderTier.PREFERRED else PLAIN
    review = Review(
        id=id,
        provider_id=provider.id,
        kind=provider.kind,
        country=provider.country,
        state=ReviewState.OPEN,
        rounds=1,
        priority=priority,
        overdue=False,
        assignee_id=None,
        endorsed_by=None,
        note=None,
        opened_at=at,
        due_at=due_at,
        closed_at=None,
        decision_id=None,
        version=1,
    )
    return Change(None, review, (_happening("review.opened", review),))


def open_again(review: Review, provider: Provider, due_at: datetime) -> Change[Review]:
    """The corrected application is back in the queue until `due_at`, with whoever had it before."""
    after = replace(
        review,
        kind=provider.kind,
        country=provider.country,
        state=ReviewState.OPEN,
        rounds=review.rounds + 1,
        endorsed_by=None,
        due_at=due_at,
        version=review.version + 1,
    )
    return Change(review, after, (_happening("review.opened_again", after),))


def wait(review: Review, note: str, due_at: datetime) -> Change[Review]:
    """The applicant has until `due_at` to correct what the note says."""
    after = replace(
        review,
        state=ReviewState.WAITING,
        endorsed_by=None,
        note=note,
        due_at=due_at,
        version=review.version + 1,
    )
    return Change(review, after, (_happening("review.waiting", after),))


def endorse(review: Review, by: str) -> Change[Review]:
    """The first of two approvers has said yes."""
    after = replace(review, endorsed_by=by, version=review.version + 1)
    return Change(review, after, (_happening("review.endorsed", after),))


def close(
    review: Review, state: ReviewState, *, at: datetime, note: str | None = None, decision_id: DecisionId | None = None
) -> Change[Review]:
    """The review has ended in that state."""
    after = replace(
        review,
        state=state,
        note=note or review.note,
        closed_at=at,
        decision_id=decision_id,
        version=review.version + 1,
    )
    return Change(review, after, (_happening(f"review.{state.value.lower()}", after),))


def flag_overdue(review: Review) -> Change[Review] | None:
    """The desk let its deadline pass: the review goes to the front. None if there is nothing to flag."""
    if review.state is not ReviewState.OPEN or review.overdue:
        return None
    after = replace(review, overdue=True, priority=FIRST, version=review.version + 1)
    return Change(review, after, (_happening("review.overdue", after),))


def moves(review: Review, caller: Caller) -> tuple[Move, ...]:
    """What the caller may do with the review itself, and why not."""
    role = Finding("review.role", may(caller, "assignReview"), "provider_action_of_your_role")
    live = Finding("review.state", review.state in LIVE, "review_is_live", {"state": review.state.value})
    return (Move(ReviewAction.ASSIGN_REVIEW.value, unmet((role, live))),)


def assign_review(review: Review, caller: Caller, assignee_id: Id) -> Change[Review]:
    """That person or machine of the desk has it. Refuses, with every reason, what `moves` blocks."""
    if because := moves(review, caller)[0].because:
        raise Refused("review.assign", "The review cannot be assigned now.", because)
    after = replace(review, assignee_id=assignee_id, version=review.version + 1)
    return Change(review, after, (Happening("review.assigned", {"provider": review.provider_id}),))


def _happening(name: str, review: Review) -> Happening:
    return Happening(name, {"provider": review.provider_id, "round": review.rounds})
