"""Reviews of buyers' evidence, and evaluations of all buyers, in GraphQL."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import strawberry

from api.operations import tier_reviews, tier_sweeps
from api.schema.buyers import Buyer
from api.schema.connection import Connection, connection, listing, point
from api.schema.decisions import Decision
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import KEY, VERSION
from api.schema.scalars import MoneyInput
from api.schema.uploads import Upload
from domain.ids import BuyerId, TierEvidenceId, TierReviewId, UploadId
from domain.money import Money
from domain.tier_reviews import (
    AnswerTierReview,
    GrantTierReview,
    NewEvidence,
    ReviewAction,
    ReviewState,
    SubmitTierEvidence,
)
from domain.tier_sweeps import SweepState
from domain.tiers import Evidence, Identity

described(Evidence, name="TierEvidenceKind")
described(ReviewState, name="TierReviewState")
described(ReviewAction, name="TierReviewAction")
described(SweepState, name="TierSweepState")


class TierReviewOrder(StrEnum):
    """Orders of a list of reviews."""

    MOST_URGENT_FIRST = "MOST_URGENT_FIRST"
    """By the instant until which somebody must act; what is decided comes last."""
    NEWEST_FIRST = "NEWEST_FIRST"
    """By submission, the latest first."""


class TierSweepOrder(StrEnum):
    """Orders of a list of evaluations."""

    NEWEST_FIRST = "NEWEST_FIRST"
    """The latest first."""


described(TierReviewOrder)
described(TierSweepOrder)


@strawberry.input(description="Which reviews. What is left out does not matter; conditions add up.")
class TierReviewFilter:
    """The filters of `storage/views/tiers.py`."""

    states: list[ReviewState] | None = strawberry.field(default=None, description="In one of these states.")
    buyer_id: strawberry.ID | None = strawberry.field(default=None, description="Of this buyer.")
    reviewer_id: strawberry.ID | None = strawberry.field(
        default=None, description="Taken by this member or key of the desk; for staff."
    )
    due_before: datetime | None = strawberry.field(default=None, description="Somebody must act before this instant.")


@strawberry.type(description="An action that is not possible now for the viewer, and why.")
class BlockedTierReviewAction:
    """`domain.moves.Move`."""

    action: ReviewAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="When time ends it; null where it does not.")


@strawberry.type(description="A piece of evidence of what a buyer is: a file, or a statement in words.")
class TierEvidence(Node):
    """`domain.tier_reviews.TierEvidence`."""

    review: Annotated["TierReview", strawberry.lazy("api.schema.tiers")] = strawberry.field(
        description="The review it belongs to."
    )
    evidence: Evidence = strawberry.field(description="What it proves.")
    upload: Upload | None = strawberry.field(description="The file; null where it is said in words.")
    statement: str | None = strawberry.field(description="The address, number or words.")
    submitted_at: datetime = strawberry.field(description="When it came in.")
    accepted: bool | None = strawberry.field(description="Whether the desk accepted it; null until it has looked.")
    verified_at: datetime | None = strawberry.field(description="Since when it counts; null where it does not.")


@strawberry.type(description="A buyer's application for a level: what it proves, and what the desk made of it.")
class TierReview(Node):
    """`domain.tier_reviews.TierReview`."""

    buyer: Buyer = strawberry.field(description="The buyer.")
    identity: Identity = strawberry.field(description="What the buyer says it is.")
    state: ReviewState = strawberry.field(description="Where it stands.")
    items: Connection[TierEvidence] = connection("The evidence.")
    reviewer_id: strawberry.ID | None = strawberry.field(
        description="The member or key of the desk that took it; for staff, null while nobody has."
    )
    reason: str | None = strawberry.field(description="What is missing, or why it was decided so, in words.")
    decision: Decision | None = strawberry.field(description="The decision; null while there is none.")
    submitted_at: datetime = strawberry.field(description="When it was begun.")
    due_at: datetime | None = strawberry.field(
        description="Until when the desk has to look at it, or the buyer has to add what is missing; null when decided."
    )
    decided_at: datetime | None = strawberry.field(description="When it was decided.")
    available_actions: list[ReviewAction] = strawberry.field(description="What the viewer may do with it now.")
    blocked_actions: list[BlockedTierReviewAction] = strawberry.field(
        description="What the viewer may not do with it now, and why."
    )
    version: int = strawberry.field(description="Grows by one with each change, for `expectedVersion`.")


@strawberry.type(description="One evaluation of all buyers, as of one instant.")
class TierSweep(Node):
    """`domain.tier_sweeps.TierSweep`."""

    state: SweepState = strawberry.field(description="Whether all buyers were looked at.")
    looked_at: datetime = strawberry.field(description="The instant that every buyer is looked at.")
    buyers: int = strawberry.field(description="How many buyers were looked at so far.")
    upgrades: int = strawberry.field(description="How many were told of a higher level, or stand on it.")
    downgrades: int = strawberry.field(description="How many were told of a lower level.")
    confirmed: int = strawberry.field(description="How many reach their level again after they were told of another.")
    ended_at: datetime | None = strawberry.field(description="When it was over; null while it runs.")
    version: int = strawberry.field(description="Grows by one with each chunk of buyers.")


@strawberry.input(description="A piece of evidence.")
class TierEvidenceInput:
    """→ `domain.tier_reviews.NewEvidence`."""

    evidence: Evidence = strawberry.field(description="What it proves.")
    upload_id: strawberry.ID | None = strawberry.field(
        default=None, description="The file, accepted before; needed unless the evidence is said in words."
    )
    statement: str | None = strawberry.field(
        default=None,
        description="The address, the number or the words; needed for BUSINESS_EMAIL, DECLARED_IDENTITY, TAX_NUMBER.",
    )


@strawberry.input(description="What a buyer is, and the proof.")
class SubmitTierEvidenceInput:
    """→ `domain.tier_reviews.SubmitTierEvidence`."""

    identity: Identity = strawberry.field(description="What the buyer says it is.")
    items: list[TierEvidenceInput] = strawberry.field(description="The evidence: 1 to 10 pieces, each kind once.")
    buyer_id: strawberry.ID | None = strawberry.field(default=None, description="The buyer; left out: one's own.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> SubmitTierEvidence:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        items = tuple(
            NewEvidence(
                item.evidence,
                read.optional_id(UploadId, item.upload_id, "items", str(place), "uploadId"),
                read.note(item.statement, "items", str(place), "statement"),
            )
            for place, item in enumerate(self.items)
        )
        command = SubmitTierEvidence(read.optional_id(BuyerId, self.buyer_id, "buyerId"), self.identity, items)
        read.done()
        return command


@strawberry.input(description="A review that the caller takes.")
class TakeTierReviewInput:
    """→ `domain.tier_reviews.AnswerTierReview`."""

    review_id: strawberry.ID = strawberry.field(description="The review.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> AnswerTierReview:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        review_id = read.id(TierReviewId, self.review_id, "reviewId")
        read.done()
        return AnswerTierReview(review_id)


@strawberry.input(description="An answer of the desk that says why.")
class AnswerTierReviewInput:
    """→ `domain.tier_reviews.AnswerTierReview`."""

    review_id: strawberry.ID = strawberry.field(description="The review.")
    reason: str = strawberry.field(description="What is missing, or why nothing is accepted; the buyer reads it.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> AnswerTierReview:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        review_id, reason = read.id(TierReviewId, self.review_id, "reviewId"), read.required_note(self.reason, "reason")
        read.done()
        return AnswerTierReview(review_id, reason)


@strawberry.input(description="The evidence that the desk accepts.")
class GrantTierReviewInput:
    """→ `domain.tier_reviews.GrantTierReview`."""

    review_id: strawberry.ID = strawberry.field(description="The review.")
    accepted: list[strawberry.ID] = strawberry.field(description="The pieces of evidence that are accepted.")
    income: MoneyInput | None = strawberry.field(
        default=None, description="The buyer's yearly income, where the evidence shows it."
    )
    reason: str | None = strawberry.field(default=None, description="Words for the buyer.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> GrantTierReview:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = GrantTierReview(
            read.id(TierReviewId, self.review_id, "reviewId"),
            read.ids(TierEvidenceId, self.accepted, "accepted"),
            _income(read, self.income),
            read.note(self.reason, "reason"),
        )
        read.done()
        return command


def _income(read: Reader, income: MoneyInput | None) -> Money | None:
    return None if income is None else read.money(income, "income", least=0)


@strawberry.input(description="An evaluation of all buyers.")
class EvaluateTiersInput:
    """Nothing to say."""

    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> None:
        """Nothing."""


@strawberry.type(description="The review after the change, or why nothing changed.")
class TierReviewPayload:
    """What the mutations on a review answer."""

    tier_review: TierReview | None = strawberry.field(description="The review; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type(description="The evaluation that was begun, or why none was.")
class TierSweepPayload:
    """What `evaluateTiers` answers."""

    tier_sweep: TierSweep | None = strawberry.field(description="The evaluation; null when none was begun.")
    user_errors: list[UserError] = strawberry.field(description="Why none was begun; empty on success.")


@strawberry.type
class TierQueries:
    """Reading reviews and evaluations."""

    tier_review: TierReview | None = point("The review of that id; null when there is none for the viewer.")
    tier_reviews: Connection[TierReview] = listing(
        "Reviews of buyers' evidence: the desk's queue to staff, its own to a buyer.",
        filter=TierReviewFilter,
        order=TierReviewOrder,
    )
    tier_sweep: TierSweep | None = point("The evaluation of that id; null when there is none for the viewer.")
    tier_sweeps: Connection[TierSweep] = listing("Evaluations of all buyers; for staff.", order=TierSweepOrder)


@strawberry.type
class TierMutations:
    """What can be done with reviews and evaluations."""

    submit_tier_evidence: TierReviewPayload = mutation(
        tier_reviews.submit_tier_evidence,
        SubmitTierEvidenceInput,
        keyed=False,
        description="A buyer proves what it is; the desk looks at it within the rule's time.",
    )
    take_tier_review: TierReviewPayload = mutation(
        tier_reviews.take_tier_review,
        TakeTierReviewInput,
        keyed=False,
        description="Somebody of the desk looks at a review from now on, whoever had it before.",
    )
    request_tier_evidence: TierReviewPayload = mutation(
        tier_reviews.request_tier_evidence,
        AnswerTierReviewInput,
        keyed=False,
        description="The desk asks for what is missing; the review ends if it does not come within the rule's time.",
    )
    grant_tier_review: TierReviewPayload = mutation(
        tier_reviews.grant_tier_review,
        GrantTierReviewInput,
        keyed=False,
        description="The desk accepts evidence; the buyer stands at once on the level that it reaches with it.",
    )
    decline_tier_review: TierReviewPayload = mutation(
        tier_reviews.decline_tier_review,
        AnswerTierReviewInput,
        keyed=False,
        description="The desk accepts nothing, and says why.",
    )
    evaluate_tiers: TierSweepPayload = mutation(
        tier_sweeps.evaluate_tiers,
        EvaluateTiersInput,
        keyed=False,
        description="All buyers are looked at now, beside the monthly evaluation.",
    )
