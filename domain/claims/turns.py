"""Whose turn it is: the next duty of a claim, and every action on it with all that stands in its way."""

from dataclasses import dataclass
from datetime import datetime

from domain import dates
from domain.access import Caller, ViewerKind, may
from domain.claims.claim import Claim
from domain.claims.life import MOVES, ClaimAction, ClaimState, Consequence, Side, Step
from domain.errors import NotFound
from domain.explain import Finding, unmet
from domain.moves import Move, require


@dataclass(frozen=True, slots=True)
class NextDuty:
    """Who must act on a claim, how, by when, and what happens otherwise."""

    by: Side
    actions: tuple[ClaimAction, ...]
    due_at: datetime
    otherwise: Consequence


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
