"""Claims: a buyer's demand that a broken promise be made good.

Theory of operation (`domain.md` 6.6, as far as decided by rule; negotiation, returns and field service follow it):

    OPEN -accept (liable party)-> DECIDED            OPEN -contest (liable party)-> ESCALATED
    OPEN -escalate (buyer after the answer is overdue, or the clock)-> ESCALATED
    ESCALATED -decide (staff; on their silence the clock, on the file)-> DECIDED | CLOSED
    OPEN, ESCALATED -withdraw (buyer)-> WITHDRAWN    DECIDED -close (the remedy has ended)-> CLOSED

A claim that tracking alone proves, of a buyer whose tier has that benefit, is born DECIDED (`domain.md` B10, T12). A
granted claim stays DECIDED while its coupon lives; a denied one is CLOSED at once.

Laws: deadlines are instants fixed when their clock starts; a claim has an outcome if and only if it was decided; an
open claim always says who must act and by when (`due_at`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import dates
from domain.access import Caller, ViewerKind, may
from domain.change import Change, Happening
from domain.clocks import Duty
from domain.coverage import Coverage
from domain.errors import NotFound, Refused
from domain.explain import Finding, unmet
from domain.guarantees import Judgement, Promise
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
from domain.moves import Move, require


class ClaimReason(StrEnum):
    """Why a buyer claims (`domain.md` 6.6, reason catalogue)."""

    LATE_DELIVERY = "LATE_DELIVERY"
    """Goods came, or are still to come, after the promised day."""
    SERVICE_NO_RESPONSE = "SERVICE_NO_RESPONSE"
    """The service team did not answer in its time."""
    SERVICE_NO_VISIT = "SERVICE_NO_VISIT"
    """No engineer came in time."""
    SERVICE_NOT_FINISHED = "SERVICE_NOT_FINISHED"
    """The service was not finished in time."""
    SERVICE_PARTS_NOT_SENT = "SERVICE_PARTS_NOT_SENT"
    """Free parts were not sent in time."""
    SERVICE_POINT_WITHDRAWN = "SERVICE_POINT_WITHDRAWN"
    """The service point was withdrawn or changed without a report."""


@dataclass(frozen=True, slots=True)
class ReasonRule:
    """What a reason claims under, and whether recorded facts alone prove it or somebody must find the party liable."""

    promise: Promise
    proven_by_facts: bool


REASONS: Final[Mapping[ClaimReason, ReasonRule]] = {
    ClaimReason.LATE_DELIVERY: ReasonRule(Promise.ON_TIME, proven_by_facts=True),
    ClaimReason.SERVICE_NO_RESPONSE: ReasonRule(Promise.AFTER_SALES, proven_by_facts=False),
    ClaimReason.SERVICE_NO_VISIT: ReasonRule(Promise.AFTER_SALES, proven_by_facts=False),
    ClaimReason.SERVICE_NOT_FINISHED: ReasonRule(Promise.AFTER_SALES, proven_by_facts=False),
    ClaimReason.SERVICE_PARTS_NOT_SENT: ReasonRule(Promise.AFTER_SALES, proven_by_facts=False),
    ClaimReason.SERVICE_POINT_WITHDRAWN: ReasonRule(Promise.AFTER_SALES, proven_by_facts=False),
}
"""What each reason is about; adding one is a member above and its row here."""
assert REASONS.keys() == set(ClaimReason)


class ClaimOrigin(StrEnum):
    """How a claim came to be."""

    AUTOMATIC = "AUTOMATIC"
    """From tracking alone, by the benefit of the buyer's tier."""
    APPLICATION = "APPLICATION"
    """The buyer, or staff for the buyer, applied."""


class ClaimState(StrEnum):
    """Where a claim stands."""

    OPEN = "OPEN"
    """The liable party must answer."""
    ESCALATED = "ESCALATED"
    """The marketplace must decide."""
    DECIDED = "DECIDED"
    """Granted; the coupon lives."""
    CLOSED = "CLOSED"
    """Nothing is left to do: denied, or the coupon has ended."""
    WITHDRAWN = "WITHDRAWN"
    """The buyer took it back."""


class ClaimOutcome(StrEnum):
    """What was decided."""

    GRANTED = "GRANTED"
    """The buyer is compensated by what the rule gives."""
    DENIED = "DENIED"
    """The buyer is not compensated."""


class Side(StrEnum):
    """Who acts on a claim, as its parties may know it."""

    BUYER = "BUYER"
    """The buyer."""
    LIABLE_PARTY = "LIABLE_PARTY"
    """The supplier or provider that gave the promise."""
    STAFF = "STAFF"
    """The marketplace's staff."""
    SYSTEM = "SYSTEM"
    """A clock."""


class ClaimAction(StrEnum):
    """What can be done with a claim: each is a mutation."""

    ACCEPT_CLAIM = "ACCEPT_CLAIM"
    """acceptClaim: the liable party owns up."""
    CONTEST_CLAIM = "CONTEST_CLAIM"
    """contestClaim: the liable party disagrees."""
    ESCALATE_CLAIM = "ESCALATE_CLAIM"
    """escalateClaim: the buyer asks the marketplace to decide."""
    DECIDE_CLAIM = "DECIDE_CLAIM"
    """decideClaim: the marketplace decides."""
    WITHDRAW_CLAIM = "WITHDRAW_CLAIM"
    """withdrawClaim: the buyer takes the claim back."""


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the lifecycle: from which states, by whom, to where."""

    mutation: str
    since: frozenset[ClaimState]
    by: frozenset[Side]
    to: frozenset[ClaimState]


MOVES: Final[Mapping[ClaimAction, Step]] = {
    ClaimAction.ACCEPT_CLAIM: Step(
        "acceptClaim", frozenset({ClaimState.OPEN}), frozenset({Side.LIABLE_PARTY}), frozenset({ClaimState.DECIDED})
    ),
    ClaimAction.CONTEST_CLAIM: Step(
        "contestClaim", frozenset({ClaimState.OPEN}), frozenset({Side.LIABLE_PARTY}), frozenset({ClaimState.ESCALATED})
    ),
    ClaimAction.ESCALATE_CLAIM: Step(
        "escalateClaim",
        frozenset({ClaimState.OPEN}),
        frozenset({Side.BUYER, Side.STAFF, Side.SYSTEM}),
        frozenset({ClaimState.ESCALATED}),
    ),
    ClaimAction.DECIDE_CLAIM: Step(
        "decideClaim",
        frozenset({ClaimState.ESCALATED}),
        frozenset({Side.STAFF, Side.SYSTEM}),
        frozenset({ClaimState.DECIDED, ClaimState.CLOSED}),
    ),
    ClaimAction.WITHDRAW_CLAIM: Step(
        "withdrawClaim",
        frozenset({ClaimState.OPEN, ClaimState.ESCALATED}),
        frozenset({Side.BUYER, Side.STAFF}),
        frozenset({ClaimState.WITHDRAWN}),
    ),
}
"""The life of a claim as a table; the picture in the README is drawn from it. Closing is the coupon's doing. Which of
staff may act for the buyer is the role table's word (`domain/access.py`)."""
assert MOVES.keys() == set(ClaimAction)

BIRTHS: Final[Mapping[ClaimState, str]] = {
    ClaimState.OPEN: "openClaim (buyer, staff)",
    ClaimState.DECIDED: "late delivery proven by tracking, by the buyer's tier",
}
"""How a claim comes to be, by its first state."""

ENDINGS: Final[Mapping[tuple[ClaimState, ClaimState], str]] = {
    (ClaimState.DECIDED, ClaimState.CLOSED): "coupon used up or expired"
}
"""Steps that no action takes: they follow from something else."""


class Consequence(StrEnum):
    """What happens to a claim when whoever must act does not."""

    BUYER_MAY_ESCALATE = "BUYER_MAY_ESCALATE"
    """The buyer may ask the marketplace to decide."""
    ESCALATES = "ESCALATES"
    """It goes to the marketplace by itself."""
    DECIDED_ON_FILE = "DECIDED_ON_FILE"
    """The rule decides on what is recorded."""


@dataclass(frozen=True, slots=True)
class NextDuty:
    """Who must act on a claim, how, by when, and what happens otherwise."""

    by: Side
    actions: tuple[ClaimAction, ...]
    due_at: datetime
    otherwise: Consequence


WORK_TO_DO: Final[Mapping[ClaimState, Duty | None]] = {
    ClaimState.OPEN: Duty.ANSWER_CLAIM,
    ClaimState.ESCALATED: Duty.DECIDE_CLAIM,
    ClaimState.DECIDED: None,
    ClaimState.CLOSED: None,
    ClaimState.WITHDRAWN: None,
}
"""The duty that starts when a claim enters the state."""


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


def next_duty(claim: Claim) -> NextDuty | None:
    """Whose turn it is, until when, and what happens otherwise; None when nobody must act."""
    if claim.due_at is None:
        return None
    if claim.state is ClaimState.ESCALATED:
        return NextDuty(Side.STAFF, (ClaimAction.DECIDE_CLAIM,), claim.due_at, Consequence.DECIDED_ON_FILE)
    answers = (ClaimAction.ACCEPT_CLAIM, ClaimAction.CONTEST_CLAIM)
    in_time = claim.due_at == claim.answer_due_at
    return NextDuty(
        Side.LIABLE_PARTY, answers, claim.due_at, Consequence.BUYER_MAY_ESCALATE if in_time else Consequence.ESCALATES
    )


def side_of(claim: Claim, caller: Caller) -> Side | None:
    """On which side of the claim the caller stands; None when on no side."""
    if caller.viewer is ViewerKind.STAFF:
        return Side.STAFF
    if caller.party_id == claim.buyer_id:
        return Side.BUYER
    return Side.LIABLE_PARTY if caller.party_id == claim.party_id else None


def moves(claim: Claim, caller: Caller, at: datetime) -> tuple[Move, ...]:
    """Every action on the claim for that caller at that instant, each with all that stands in its way."""
    side = side_of(claim, caller)
    return tuple(_move(claim, action, step, caller, side, at) for action, step in MOVES.items())


def _move(claim: Claim, action: ClaimAction, step: Step, caller: Caller, side: Side | None, at: datetime) -> Move:
    findings = [
        Finding("claim.role", side in step.by and may(caller, step.mutation), "claim_action_of_your_side"),
        Finding("claim.state", claim.state in step.since, "claim_state_allows", {"state": claim.state.value}),
    ]
    opens_at = None
    if action is ClaimAction.ESCALATE_CLAIM and claim.escalation_opens_at is not None:
        opens_at = claim.escalation_opens_at
        opens = dates.rfc3339(opens_at)
        overdue = at >= opens_at
        findings.append(
            Finding("claim.answer_overdue", overdue, "claim_answer_overdue", {"opensAt": opens}, opens_at=opens)
        )
    return Move(action.value, unmet(findings), opens_at=opens_at)


def require_side(claim: Claim, caller: Caller) -> None:
    """Nothing, if the caller is on a side of the claim.

    Raises:
        NotFound: it is not: for this caller there is no such claim.
    """
    if side_of(claim, caller) is None:
        raise NotFound("there is no such claim", field=("claimId",))


def require_move(claim: Claim, action: ClaimAction, caller: Caller, at: datetime) -> None:
    """Nothing, if the caller may do it now. Refuses with all reasons."""
    require(moves(claim, caller, at), action.value, f"claim.{action.value.lower()}")


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
