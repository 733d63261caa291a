"""Claims in GraphQL: the type, its inputs and payloads, its queries and mutations."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import strawberry

import api.schema.clocks  # noqa: F401 -- describes Duty, which is shown here too
from api.operations import claims
from api.schema.arguments import Argument, field
from api.schema.buyers import Buyer
from api.schema.claim_inputs import ClaimLineInput, LiabilityShareInput, ShippingMethodInput, wishes
from api.schema.connection import Connection, connection, listing, point
from api.schema.coverage import Coverage
from api.schema.decisions import Decision
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.orders import Order
from api.schema.organisations import KEY
from api.schema.parties import LiableParty
from api.schema.providers import Provider
from api.schema.rules import RuleVersion
from api.schema.scalars import CurrencyCode, Money
from api.schema.suppliers import Supplier
from domain.claims import (
    AnswerClaim,
    ClaimAction,
    ClaimOrigin,
    ClaimOutcome,
    ClaimReason,
    ClaimState,
    Consequence,
    DecideClaim,
    OpenClaim,
    Side,
    Silence,
)
from domain.clocks import Duty
from domain.desk import ClaimAssignment, QueueRole
from domain.evidence_needs import EvidenceStage
from domain.ids import ClaimId, CoverageId, EvidenceId

if TYPE_CHECKING:
    from api.schema.coupons import Coupon
    from api.schema.desk import ClaimNote, ProposedDecision
    from api.schema.evidence import Evidence, EvidenceCompleteness, EvidenceRequest
    from api.schema.holds import HeldClock
    from api.schema.ledger import LedgerTransfer
    from api.schema.negotiation import ClaimLine, ClaimOffer, LiabilityShare
    from api.schema.points import PointsEntry
    from api.schema.recoveries import Recovery
    from api.schema.remedies import Goodwill, Refund, Remedy
    from api.schema.returns import GoodsReturn, Inspection

for _enum in (ClaimReason, ClaimOrigin, ClaimState, ClaimOutcome, ClaimAction):
    described(_enum)
described(Silence, name="ClaimSilence")
described(Side, name="ClaimSide")
described(Consequence, name="ClaimConsequence")
described(QueueRole, name="ClaimQueueRole")
described(ClaimAssignment)


class ClaimOrder(StrEnum):
    """Orders of a list of claims."""

    NEWEST_FIRST = "NEWEST_FIRST"
    """By opening, the latest first."""
    OLDEST_FIRST = "OLDEST_FIRST"
    """By opening, the earliest first."""
    MOST_URGENT_FIRST = "MOST_URGENT_FIRST"
    """By the instant until which somebody must act on the claim itself or, where it waits for what runs beneath it (a
    return, a remedy, a refund, an inspection, an appeal), on that; what waits for nobody comes last."""


class ClaimEventOrder(StrEnum):
    """Orders of a claim's events."""

    OLDEST_FIRST = "OLDEST_FIRST"
    """As they happened."""
    NEWEST_FIRST = "NEWEST_FIRST"
    """The latest first."""


described(ClaimOrder)
described(ClaimEventOrder)


@strawberry.input(description="Which claims. What is left out does not matter; conditions add up.")
class ClaimFilter:
    """The fields are the filters of `storage/views/claims.py`."""

    states: list[ClaimState] | None = strawberry.field(default=None, description="In one of these states.")
    reasons: list[ClaimReason] | None = strawberry.field(default=None, description="For one of these reasons.")
    outcome: ClaimOutcome | None = strawberry.field(default=None, description="Decided so.")
    origin: ClaimOrigin | None = strawberry.field(default=None, description="Begun so.")
    buyer_id: strawberry.ID | None = strawberry.field(default=None, description="Of this buyer.")
    order_id: strawberry.ID | None = strawberry.field(default=None, description="About this order.")
    liable_party_id: strawberry.ID | None = strawberry.field(
        default=None, description="Against this supplier or provider."
    )
    currency: CurrencyCode | None = strawberry.field(default=None, description="In this currency.")
    amount_minor_from: int | None = strawberry.field(
        default=None, description="For at least so much, in minor units of its own currency."
    )
    amount_minor_to: int | None = strawberry.field(
        default=None, description="For at most so much, in minor units of its own currency."
    )
    role: QueueRole | None = strawberry.field(
        default=None, description="That waits for this role of the desk; for staff alone."
    )
    assignment: ClaimAssignment | None = strawberry.field(
        default=None, description="That the viewer, or nobody, has, while it has not ended; for staff alone."
    )
    assignee_id: strawberry.ID | None = strawberry.field(
        default=None, description="That this member or key of the desk has, while it has not ended; for staff alone."
    )
    awaits_second_eyes: bool | None = strawberry.field(
        default=None, description="With a decision that waits for a second adjudicator, or without; for staff alone."
    )
    due_before: datetime | None = strawberry.field(
        default=None,
        description="Before this instant somebody must act on the claim itself or, where it waits for what runs "
        "beneath it, on that.",
    )
    opened_from: datetime | None = strawberry.field(default=None, description="Opened at this instant or later.")
    opened_before: datetime | None = strawberry.field(default=None, description="Opened before this instant.")


@strawberry.type(
    description="Who must act on a claim, or on a service under its cover, by when, and what happens otherwise."
)
class ClaimDuty:
    """`domain.claims.NextDuty`."""

    by: Side = strawberry.field(description="Whose turn it is.")
    actions: list[ClaimAction] = strawberry.field(
        description="What that side can do with the claim to fulfil it; empty where it is about what runs beneath it."
    )
    due_at: datetime = strawberry.field(description="The last instant at which acting is in time.")
    otherwise: Consequence = strawberry.field(description="What happens if nobody acts by then.")
    duty: Duty = strawberry.field(description="What has to be done, as the clock on it has it.")
    about: Node | None = strawberry.field(
        description="The claim itself, or what runs beneath it: a return, a remedy, a refund, an inspection, a "
        "request for evidence, an appeal, a milestone of the service under its cover; null when hidden from the viewer."
    )
    mutations: list[str] = strawberry.field(description="The mutations that fulfil it, by name: `shipReturn`.")


@strawberry.type(description="An action that is not possible now for the viewer, and why.")
class BlockedClaimAction:
    """`domain.moves.Move`."""

    action: ClaimAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="When time ends it; null where it does not.")


@strawberry.type(description="One thing that happened to a claim, as its parties see it.")
class ClaimEvent(Node):
    """A row of `claim_events`."""

    claim: Annotated["Claim", strawberry.lazy("api.schema.claims")] = strawberry.field(description="The claim.")
    name: str = strawberry.field(description="What happened, as webhooks spell it: `claim.opened`.")
    actor: Side = strawberry.field(description="Which side did it.")
    note: str | None = strawberry.field(description="What that side wrote with it.")
    at: datetime = strawberry.field(description="When.")


@strawberry.type(description="A buyer's demand that a broken promise be made good.")
class Claim(Node):
    """`domain.claims.Claim`."""

    number: str = strawberry.field(description="What people say on the telephone: `C-7K2QD-M3X9A`.")
    order: Order | None = strawberry.field(description="The order it is about; null when hidden from the viewer.")
    order_reference: str = strawberry.field(
        description="The shop system's number of that order: both sides see it, also a provider that carried nothing."
    )
    coverage: Coverage | None = strawberry.field(description="The cover it is made under.")
    buyer: Buyer | None = strawberry.field(description="Who claims.")
    liable_party: LiableParty | None = strawberry.field(description="Who gave the promise and answers for it.")
    supplier: Supplier | None = strawberry.field(description="The liable party, where it is a supplier.")
    provider: Provider | None = strawberry.field(description="The liable party, where it is a provider.")
    reason: ClaimReason = strawberry.field(description="Why.")
    origin: ClaimOrigin = strawberry.field(description="Whether the buyer applied or tracking alone proved it.")
    state: ClaimState = strawberry.field(description="Where it stands.")
    outcome: ClaimOutcome | None = strawberry.field(description="What was decided; null while it is not.")
    base: Money = strawberry.field(description="What the rule takes its share of.")
    amount: Money = strawberry.field(
        description="What the rule gives: for the facts at opening, and once decided what was granted."
    )
    note: str | None = strawberry.field(description="What the buyer wrote.")
    itemised: bool = strawberry.field(description="Whether the buyer named the lines and amounts itself.")
    lines: Connection[Annotated["ClaimLine", strawberry.lazy("api.schema.negotiation")]] = connection(
        "The lines of the order that it is about: what was lost, asked for and given."
    )
    offers: Connection[Annotated["ClaimOffer", strawberry.lazy("api.schema.negotiation")]] = connection(
        "What its sides offered each other."
    )
    offer: Annotated["ClaimOffer", strawberry.lazy("api.schema.negotiation")] | None = strawberry.field(
        description="The offer that stands; null when none does."
    )
    shares: list[Annotated["LiabilityShare", strawberry.lazy("api.schema.negotiation")]] = strawberry.field(
        description="Who bears what it gave: in sum 10,000 basis points; empty while it gave nothing."
    )
    return_required: bool = strawberry.field(description="Whether the goods go back before anything is given.")
    silence: Silence | None = strawberry.field(
        description="What follows when the liable party does not answer; null where it never had to."
    )
    buyer_silence: Silence | None = strawberry.field(
        description="What follows when the buyer brings no evidence; null where it never had to."
    )
    negotiation_ends_at: datetime | None = strawberry.field(
        description="Until when the two sides can settle; null where they never began to."
    )
    appealable_until: datetime | None = strawberry.field(
        description="Until when its decision can be appealed; null where it cannot."
    )
    final_at: datetime | None = strawberry.field(
        description="From this instant its decision is final; null while nothing is decided, or an appeal runs."
    )
    reopenable_until: datetime | None = strawberry.field(
        description="A remedy failed: until when the buyer can have it decided again; null where none did."
    )
    rule_version: RuleVersion | None = strawberry.field(description="The rule that governs it: in force at payment.")
    procedure_version: RuleVersion | None = strawberry.field(
        description="The clocks that govern it: in force when it was opened."
    )
    decision: Decision | None = strawberry.field(description="The latest decision about it, with its explanation.")
    decisions: Connection[Decision] = connection("Every decision about it, the first first.")
    coupon: Annotated["Coupon", strawberry.lazy("api.schema.coupons")] | None = strawberry.field(
        description="The first coupon; null when there is none or it is hidden from the viewer."
    )
    recovery: Annotated["Recovery", strawberry.lazy("api.schema.recoveries")] | None = strawberry.field(
        description="What it first costs the liable party; for that party and staff."
    )
    remedies: Connection[Annotated["Remedy", strawberry.lazy("api.schema.remedies")]] = connection(
        "What it gives the buyer, line by line: each with its amount, and the coupon or refund that it became."
    )
    coupons: Connection[Annotated["Coupon", strawberry.lazy("api.schema.coupons")]] = connection(
        "Every coupon that it gave, goodwill included; for the buyer and staff."
    )
    refunds: Connection[Annotated["Refund", strawberry.lazy("api.schema.remedies")]] = connection(
        "Every refund that it gave, goodwill included; for the buyer and staff."
    )
    recoveries: Connection[Annotated["Recovery", strawberry.lazy("api.schema.recoveries")]] = connection(
        "What each coupon and refund costs the liable party; for that party and staff."
    )
    goodwills: Connection[Annotated["Goodwill", strawberry.lazy("api.schema.remedies")]] = connection(
        "What staff gave in it without a duty to."
    )
    events: Connection[ClaimEvent] = connection("What happened to it.", order=ClaimEventOrder)
    evidence: Connection[Annotated["Evidence", strawberry.lazy("api.schema.evidence")]] = connection(
        "What its sides brought to prove their word, as it came."
    )
    relied_on: list[Annotated["Evidence", strawberry.lazy("api.schema.evidence")]] = strawberry.field(
        description="The evidence that its decision relies on; empty before, and where it relies on the records alone."
    )
    points_entries: Connection[Annotated["PointsEntry", strawberry.lazy("api.schema.points")]] = connection(
        "The points that its decision cost; for staff and the party whose they are."
    )
    evidence_requests: Connection[Annotated["EvidenceRequest", strawberry.lazy("api.schema.evidence")]] = connection(
        "What the marketplace asked its sides to bring."
    )
    evidence_completeness: Annotated["EvidenceCompleteness", strawberry.lazy("api.schema.evidence")] = field(
        "What has to be proved, what is and by what, and what is missing.",
        Argument("stage", EvidenceStage | None, "The stage to look at it; the claim's own when left out.", None),
    )
    returns: Connection[Annotated["GoodsReturn", strawberry.lazy("api.schema.returns")]] = connection(
        "Goods of it on their way back; the last one counts."
    )
    inspections: Connection[Annotated["Inspection", strawberry.lazy("api.schema.returns")]] = connection(
        "Inspections of its goods by third parties."
    )
    holds: Connection[Annotated["HeldClock", strawberry.lazy("api.schema.holds")]] = connection(
        "Clocks of it that force majeure stopped, reversed holds included."
    )
    transfers: Connection[Annotated["LedgerTransfer", strawberry.lazy("api.schema.ledger")]] = connection(
        "Where each cent went; for staff."
    )
    assignee_id: strawberry.ID | None = strawberry.field(
        description="The member or key of the desk that has it; for staff, null for others and where nobody has it."
    )
    assigned_at: datetime | None = strawberry.field(description="Since when; for staff, null for others.")
    priority: int | None = strawberry.field(
        description="Cases of a higher priority come earlier in the desk's queues; for staff, null for others."
    )
    proposed_decision: Annotated["ProposedDecision", strawberry.lazy("api.schema.desk")] | None = strawberry.field(
        description="The decision that waits for a second adjudicator; for staff, null for others."
    )
    notes: Connection[Annotated["ClaimNote", strawberry.lazy("api.schema.desk")]] = connection(
        "Notes of staff to staff; empty for everybody else."
    )
    next_duty: ClaimDuty | None = strawberry.field(
        description="Who must act, by when: on the claim or on what runs beneath it, the nearest due; null when nobody "
        "must."
    )
    duties: list[ClaimDuty] = strawberry.field(
        description="Everything that somebody must do about the claim and what runs beneath it, the nearest due first."
    )
    available_actions: list[ClaimAction] = strawberry.field(
        description="What the viewer may do now: each mutation will not be refused for state, time or role."
    )
    blocked_actions: list[BlockedClaimAction] = strawberry.field(description="What the viewer may not do now, and why.")
    answer_due_at: datetime | None = strawberry.field(
        description="Until when the liable party answers; null where it never had to."
    )
    escalation_opens_at: datetime | None = strawberry.field(
        description="From this instant the buyer may take it to the marketplace unanswered; null where never."
    )
    escalates_at: datetime | None = strawberry.field(
        description="At this instant, unanswered, it goes to the marketplace by itself; null where it never could."
    )
    due_at: datetime | None = strawberry.field(
        description="Until when somebody must act on the claim itself; null when nobody must. `nextDuty` knows what "
        "runs beneath it too."
    )
    opened_at: datetime = strawberry.field(description="When it was opened.")
    updated_at: datetime = strawberry.field(description="When it last changed.")
    decided_at: datetime | None = strawberry.field(description="When it was decided.")
    ended_at: datetime | None = strawberry.field(description="When it was closed or withdrawn.")
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.input(description="A claim under a cover.")
class OpenClaimInput:
    """→ `domain.claims.OpenClaim`."""

    coverage_id: strawberry.ID = strawberry.field(description="The cover: `order { coverages }`.")
    reason: ClaimReason = strawberry.field(description="Why; it must be a reason for that cover's promise.")
    note: str | None = strawberry.field(default=None, description="What the buyer wants to say, at most a page.")
    lines: list[ClaimLineInput] | None = strawberry.field(
        default=None,
        description="The lines claimed for, with what the buyer asks; left out: all that the rule finds broken.",
    )
    idempotency_key: str = strawberry.field(description="Your name for this call: sent twice, it is done once.")

    def command(self) -> OpenClaim:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = OpenClaim(
            read.id(CoverageId, self.coverage_id, "coverageId"),
            self.reason,
            read.note(self.note, "note"),
            wishes(read, self.lines),
        )
        read.done()
        return command


@strawberry.input
class _Answer:
    """What the answers to a claim have in common; → `domain.claims.AnswerClaim`."""

    claim_id: strawberry.ID = strawberry.field(description="The claim.")
    note: str | None = strawberry.field(default=None, description="A word to the other side, at most a page.")
    expected_version: int | None = strawberry.field(
        default=None, description="The version you saw; the claim is left alone if it has another now."
    )
    idempotency_key: str = strawberry.field(description="Your name for this call: sent twice, it is done once.")

    def command(self) -> AnswerClaim:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = AnswerClaim(read.id(ClaimId, self.claim_id, "claimId"), read.note(self.note, "note"))
        read.done()
        return command


@strawberry.input(description="The liable party owns up.")
class AcceptClaimInput(_Answer):
    """For `acceptClaim`."""


@strawberry.input(description="The liable party disagrees; the marketplace will decide.")
class ContestClaimInput(_Answer):
    """For `contestClaim`."""


@strawberry.input(description="The buyer asks the marketplace to decide.")
class EscalateClaimInput(_Answer):
    """For `escalateClaim`."""


@strawberry.input(description="The marketplace takes the claim up and asks both sides for evidence.")
class TakeUpClaimInput(_Answer):
    """For `takeUpClaim`."""


@strawberry.input(description="A side has brought all its evidence.")
class FinishEvidenceInput(_Answer):
    """For `finishEvidence`."""


@strawberry.input(description="The buyer has the claim decided again, because a remedy failed.")
class ReopenClaimInput(_Answer):
    """For `reopenClaim`."""


@strawberry.input(description="The buyer takes the claim back.")
class WithdrawClaimInput(_Answer):
    """For `withdrawClaim`."""


@strawberry.input(description="The marketplace decides.")
class DecideClaimInput:
    """→ `domain.claims.DecideClaim`."""

    claim_id: strawberry.ID = strawberry.field(description="The claim.")
    outcome: ClaimOutcome = strawberry.field(description="What is decided; a grant gives what the rule gives.")
    note: str = strawberry.field(description="The reasons in a sentence or more, for both parties; at most a page.")
    lines: list[ClaimLineInput] | None = strawberry.field(
        default=None, description="What each line gets; left out: what the rule gives. A part needs them."
    )
    shares: list[LiabilityShareInput] | None = strawberry.field(
        default=None,
        description="Who bears it, in sum 10,000 basis points; left out: by the facts on record, or the liable party.",
    )
    evidence_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="The evidence that the decision relies on."
    )
    shipping_method: ShippingMethodInput | None = strawberry.field(
        default=None, description="What was found, where the reason is a changed method of shipping; then it is needed."
    )
    expected_version: int | None = strawberry.field(
        default=None, description="The version you saw; another is refused."
    )
    idempotency_key: str = strawberry.field(description="Your name for this call: sent twice, it is done once.")

    def command(self) -> DecideClaim:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = DecideClaim(
            read.id(ClaimId, self.claim_id, "claimId"),
            self.outcome,
            read.required_note(self.note, "note"),
            wishes(read, self.lines),
            tuple(share.share(read, place) for place, share in enumerate(self.shares or ())),
            read.ids(EvidenceId, self.evidence_ids or (), "evidenceIds"),
            None if self.shipping_method is None else self.shipping_method.facts(),
        )
        read.done()
        return command


@strawberry.type(description="The claim after the change, or why nothing changed.")
class ClaimPayload:
    """What the mutations on a claim answer."""

    claim: Claim | None = strawberry.field(description="The claim as it is now; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.input(description="The profile whose clocks shall govern claims.")
class ChooseClaimProfileInput:
    """→ the rule's key."""

    profile: str = strawberry.field(
        description="The key of a rule about a claim's clocks that is in force: `clocks/b2b_default`, "
        "`clocks/aliexpress`, `clocks/amazon`, `clocks/ebay`, or one of the marketplace's own."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> str:
        """The key."""
        return self.profile


@strawberry.type(description="What governs claims from now on.")
class ClaimProfilePayload:
    """What `chooseClaimProfile` answers."""

    profile: str | None = strawberry.field(description="The rule's key; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class ClaimQueries:
    """Reading claims."""

    claim: Claim | None = point("The claim of that id; null when there is none for the viewer.", of="claim")
    claims: Connection[Claim] = listing(
        "The claims the viewer may see: a party its own, staff all.",
        filter=ClaimFilter,
        order=ClaimOrder,
        more=(
            Argument(
                "saved_filter",
                strawberry.ID | None,
                "Only what meets the conditions of this saved filter too; where `filter` has one of the same name, "
                "that one counts. For staff.",
            ),
        ),
    )


@strawberry.type
class ClaimMutations:
    """What can be done with claims."""

    choose_claim_profile: ClaimProfilePayload = mutation(
        claims.choose_claim_profile,
        ChooseClaimProfileInput,
        keyed=False,
        description="Claims that are opened from now on are governed by that rule's clocks; open ones keep theirs.",
    )
    open_claim: ClaimPayload = mutation(
        claims.open_claim,
        OpenClaimInput,
        keyed=True,
        together=True,
        description="A claim is opened under a cover and waits for the liable party's answer. Refused, with every "
        "reason, outside its window, when the facts do not bear it out, and when the cover has a claim already.",
    )
    accept_claim: ClaimPayload = mutation(
        claims.accept_claim,
        AcceptClaimInput,
        keyed=True,
        description="The liable party owns up: the claim is granted and the buyer gets the coupon.",
    )
    contest_claim: ClaimPayload = mutation(
        claims.contest_claim,
        ContestClaimInput,
        keyed=True,
        description="The liable party disagrees: the claim goes to the marketplace.",
    )
    escalate_claim: ClaimPayload = mutation(
        claims.escalate_claim,
        EscalateClaimInput,
        keyed=True,
        description="The buyer, once the answer is overdue, asks the marketplace to decide.",
    )
    take_up_claim: ClaimPayload = mutation(
        claims.take_up_claim,
        TakeUpClaimInput,
        keyed=True,
        description="The marketplace takes up an escalated claim; both sides bring their evidence. Where facts prove "
        "the claim, or the profile asks for no evidence, there is nothing to take up: it is decided.",
    )
    finish_evidence: ClaimPayload = mutation(
        claims.finish_evidence,
        FinishEvidenceInput,
        keyed=True,
        description="The caller's side has brought all its evidence; once both have, the marketplace decides.",
    )
    decide_claim: ClaimPayload = mutation(
        claims.decide_claim,
        DecideClaimInput,
        keyed=True,
        description="The marketplace decides a claim that is with it: what each line gets and who bears it, or that "
        "it gets nothing. Above an amount of the desk's rule the decision waits for a second adjudicator.",
    )
    reopen_claim: ClaimPayload = mutation(
        claims.reopen_claim,
        ReopenClaimInput,
        keyed=True,
        description="The buyer has the marketplace decide again, after a remedy that failed, while its profile allows.",
    )
    withdraw_claim: ClaimPayload = mutation(
        claims.withdraw_claim,
        WithdrawClaimInput,
        keyed=True,
        description="The buyer takes the claim back; another may be opened while the window is open.",
    )
