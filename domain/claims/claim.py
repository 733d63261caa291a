"""What a claim is, what is told of it, and what people wish to do with it."""

from dataclasses import dataclass
from datetime import datetime

from domain.claims.life import ClaimOrigin, ClaimOutcome, ClaimState, Side
from domain.claims.reasons import ClaimReason
from domain.ids import (
    BuyerId,
    ClaimId,
    CoverageId,
    DecisionId,
    EventId,
    LiablePartyId,
    OrderId,
    ProviderId,
    RuleVersionId,
    SupplierId,
)
from domain.money import Money


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim. The liable party is the supplier or the provider; `base` is what the rule takes its share of."""

    id: ClaimId
    number: str
    order_id: OrderId
    coverage_id: CoverageId
    buyer_id: BuyerId
    supplier_id: SupplierId | None
    provider_id: ProviderId | None
    reason: ClaimReason
    origin: ClaimOrigin
    state: ClaimState
    outcome: ClaimOutcome | None
    base: Money
    amount: Money
    rule_version_id: RuleVersionId
    procedure_version_id: RuleVersionId
    decision_id: DecisionId | None
    note: str | None
    answer_due_at: datetime | None
    escalation_opens_at: datetime | None
    escalates_at: datetime | None
    due_at: datetime | None
    opened_at: datetime
    updated_at: datetime
    decided_at: datetime | None
    ended_at: datetime | None
    version: int

    @property
    def party_id(self) -> LiablePartyId:
        """The liable party."""
        party = self.supplier_id or self.provider_id
        if party is None:
            raise ValueError(f"{self.id} has no liable party")
        return party


@dataclass(frozen=True, slots=True)
class ClaimEvent:
    """What happened to a claim, as its parties see it: which side did it, never which person."""

    id: EventId
    claim_id: ClaimId
    name: str
    actor: Side
    note: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class OpenClaim:
    """The wish to claim under a cover."""

    coverage_id: CoverageId
    reason: ClaimReason
    note: str | None


@dataclass(frozen=True, slots=True)
class AnswerClaim:
    """The wish to accept, contest, escalate or withdraw a claim, with a word to the others."""

    claim_id: ClaimId
    note: str | None


@dataclass(frozen=True, slots=True)
class DecideClaim:
    """The marketplace's decision, with its reasons in words."""

    claim_id: ClaimId
    outcome: ClaimOutcome
    note: str


@dataclass(frozen=True, slots=True)
class Deadlines:
    """A new claim's clocks, from the procedure rule in force when it is opened."""

    procedure_version_id: RuleVersionId
    answer_due_at: datetime
    """The last instant at which the liable party's answer is in time."""
    escalation_opens_at: datetime
    """The first instant at which the buyer may take an unanswered claim to the marketplace."""
    escalates_at: datetime
    """The first instant at which an unanswered claim has gone there by itself."""


def number(id: ClaimId) -> str:
    """What people say on the telephone: the id's last ten characters in two groups."""
    return f"C-{id[-10:-5]}-{id[-5:]}".upper()
