"""What a claim is, what is told of it, and what people wish to do with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from domain import money, parties
from domain.claims.life import GAINED, ClaimOrigin, ClaimOutcome, ClaimState, Silence
from domain.claims.reasons import REASONS, ClaimReason
from domain.claims.shipping_method import ShippingMethodFacts
from domain.claims.sides import Side
from domain.clocks import Duty
from domain.coverage import Coverage
from domain.exposure import LossCause
from domain.ids import (
    BuyerId,
    ClaimContactId,
    ClaimId,
    ClaimLineId,
    CoverageId,
    DecisionId,
    EventId,
    Id,
    LiablePartyId,
    OrderId,
    OrderLineId,
    ProposalId,
    ProviderId,
    RuleVersionId,
    ScanDisputeId,
    SupplierId,
)
from domain.liability import Bearer, Share, Shares
from domain.money import Money
from domain.remedies import IN_KIND, Award, RemedyKind


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """A line of the order that the claim is about.

    `loss` is what the rule gives for it at most, `requested` what the buyer asks for, never above the loss; `remedy`
    and `amount` are what was decided or agreed for it, None while nothing is.
    """

    id: ClaimLineId
    claim_id: ClaimId
    position: int
    line_id: OrderLineId
    loss: Money
    requested_remedy: RemedyKind
    requested: Money
    remedy: RemedyKind | None = None
    amount: Money | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim. The liable party is the supplier or the provider; `base` is what the rule takes its share of.

    `duty` is what somebody must do until `due_at`; `silence` and `claimant_silence` are what follows when the party
    does not answer, or the buyer brings no evidence: fixed when it is opened. `itemised` says that the buyer named the
    lines and amounts. `heard` are the sides that have brought all their evidence. `resumes` is the state that an appeal
    or a suspension interrupts. `shares` is who bears the loss, in basis points; `relied_on` the evidence of the
    decision. `final_at` is the instant from which nobody can appeal any more.
    Of the desk alone: `queue_rank` is less for buyers of a higher tier, `assignee_id` has the claim, `proposal_id` is
    the decision that `proposed_by` made and that waits for a second adjudicator.
    """

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
    duty: Duty | None = None
    silence: Silence | None = None
    claimant_silence: Silence | None = None
    itemised: bool = False
    return_required: bool = False
    negotiation_ends_at: datetime | None = None
    offer_by: Side | None = None
    heard: tuple[Side, ...] = ()
    resumes: ClaimState | None = None
    suspended_at: datetime | None = None
    shares: Mapping[str, int] = field(default_factory=dict)
    relied_on: tuple[Id, ...] = ()
    appealable_until: datetime | None = None
    final_at: datetime | None = None
    reopenable_until: datetime | None = None
    cause: LossCause | None = None
    queue_rank: int = 0
    """Minus the priority that the buyer's tier had when it was opened: for the desk's eyes alone."""
    assignee_id: Id | None = None
    """The member or key of the desk that has it."""
    assigned_at: datetime | None = None
    proposal_id: ProposalId | None = None
    """The decision that waits for a second adjudicator."""
    proposed_by: Id | None = None
    lines: tuple[ClaimLine, ...] = ()

    @property
    def party_id(self) -> LiablePartyId:
        """The liable party."""
        return parties.liable(self)

    @property
    def lost_by(self) -> LossCause:
        """What the buyer lost by, as the rule judged it; claims from before say no more than their reason."""
        return self.cause or REASONS[self.reason].cause

    @property
    def party_bears(self) -> Bearer:
        """As what the liable party bears its share."""
        return Bearer.SUPPLIER if self.supplier_id else Bearer.PROVIDER

    @property
    def liability(self) -> Shares | None:
        """Who bears the loss; None while nothing gives the buyer anything."""
        return Shares.of({Bearer(bearer): parts for bearer, parts in self.shares.items()}) if self.shares else None

    @property
    def negotiable(self) -> bool:
        """Whether there is anything to settle for; a rule that pays nothing leaves nothing to bargain over."""
        return bool(self.lines) or self.amount.minor > 0

    @property
    def gained(self) -> bool:
        """Whether the buyer got something."""
        return self.outcome in GAINED

    @property
    def loss(self) -> Money:
        """What the claim can give at most."""
        return money.total([line.loss for line in self.lines], self.amount.currency)

    @property
    def awards(self) -> tuple[Award, ...]:
        """What was decided or agreed, as remedies: one coupon for all its lines, everything else by line."""
        given = [line for line in self.lines if line.remedy is not None and line.amount is not None]
        coupon = money.total(
            [line.amount for line in given if line.remedy is RemedyKind.COUPON and line.amount], self.amount.currency
        )
        single = tuple(
            Award(line.remedy, line.amount, line.line_id)
            for line in given
            if line.remedy is not None
            and line.amount is not None
            and line.remedy is not RemedyKind.COUPON
            and (line.amount.minor or line.remedy in IN_KIND)
        )
        return (Award(RemedyKind.COUPON, coupon), *single) if coupon.minor else single


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
class ClaimContact:
    """The buyer told the liable party of its trouble before it claims, where a profile asks for that."""

    id: ClaimContactId
    coverage_id: CoverageId
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ScanDispute:
    """The liable party objects to the scan by which a late delivery would be compensated by itself."""

    id: ScanDisputeId
    coverage_id: CoverageId
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LineWish:
    """What somebody wants for a line: the buyer when it claims, a side by an offer, the marketplace by its decision.

    Without an `amount` it is all that the line can get; a remedy in kind has none.
    """

    line_id: OrderLineId
    remedy: RemedyKind
    amount: Money | None = None


@dataclass(frozen=True, slots=True)
class OpenClaim:
    """The wish to claim under a cover; without lines for all that its rule finds broken."""

    coverage_id: CoverageId
    reason: ClaimReason
    note: str | None
    lines: tuple[LineWish, ...] = ()


@dataclass(frozen=True, slots=True)
class ContactParty:
    """The wish to tell the liable party of a cover about the trouble, before claiming."""

    coverage_id: CoverageId
    note: str


@dataclass(frozen=True, slots=True)
class DisputeScan:
    """The wish of a cover's liable party to have a late delivery looked at by people."""

    coverage_id: CoverageId
    note: str


@dataclass(frozen=True, slots=True)
class AnswerClaim:
    """The wish to do something with a claim that needs no more than a word to the others."""

    claim_id: ClaimId
    note: str | None


@dataclass(frozen=True, slots=True)
class MakeOffer:
    """The wish to settle for those remedies."""

    claim_id: ClaimId
    lines: tuple[LineWish, ...]
    note: str | None


@dataclass(frozen=True, slots=True)
class DecideClaim:
    """The marketplace's decision, with its reasons in words.

    Without `lines` a grant gives what the rule gives; without `shares` the liable party bears what the facts on record
    do not lay on others. `shipping_method` is what was found where the reason is a changed method of shipping.
    """

    claim_id: ClaimId
    outcome: ClaimOutcome
    note: str
    lines: tuple[LineWish, ...] = ()
    shares: tuple[Share, ...] = ()
    relied_on: tuple[Id, ...] = ()
    shipping_method: ShippingMethodFacts | None = None


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
    silence: Silence = Silence.ESCALATE
    """What the liable party's silence leads to."""
    claimant_silence: Silence = Silence.CLOSE
    """What the buyer's silence about evidence leads to."""


def bears(cover: Coverage) -> Bearer:
    """As what the party of that cover bears its share."""
    return Bearer.SUPPLIER if cover.supplier_id else Bearer.PROVIDER


def number(id: ClaimId) -> str:
    """What people say on the telephone: the id's last ten characters in two groups."""
    return f"C-{id[-10:-5]}-{id[-5:]}".upper()
