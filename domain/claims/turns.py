"""Whose turn it is: the next duty of a claim, and every action on it with all that stands in its way.

Law: nobody acts in the instant between a deadline and its consequence: what silence leads to has begun.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain import dates
from domain.access import Caller, may
from domain.claims import desk
from domain.claims.claim import Claim
from domain.claims.life import (
    BY_CLAIMANT_SILENCE,
    BY_SILENCE,
    MOVES,
    WITH_THE_MARKETPLACE,
    ClaimAction,
    ClaimState,
    Consequence,
    Silence,
    Step,
)
from domain.claims.offers import other_side
from domain.claims.reasons import REASONS, ClaimReason, ReasonRule
from domain.claims.sides import Side, side_of
from domain.clocks import Duty
from domain.errors import NotFound
from domain.explain import Finding, unmet
from domain.ids import Id
from domain.moves import Move, require


@dataclass(frozen=True, slots=True)
class NextDuty:
    """Who must act on a claim or on what runs beneath it (`about`), how, by when, and what happens otherwise.

    `actions` are those on the claim itself, `mutations` the names of all that fulfil it.
    """

    by: Side
    actions: tuple[ClaimAction, ...]
    due_at: datetime
    otherwise: Consequence
    duty: Duty
    about: Id
    mutations: tuple[str, ...]


Turn = Callable[[Claim], tuple[Side, tuple[ClaimAction, ...], Consequence]]
"""Of a claim with that duty: who must act, how, and what happens otherwise."""

_ANSWERS: Final = (ClaimAction.ACCEPT_CLAIM, ClaimAction.CONTEST_CLAIM, ClaimAction.MAKE_OFFER)


def _answers(claim: Claim) -> tuple[ClaimAction, ...]:
    return _ANSWERS if REASONS[claim.reason].offer and claim.negotiable else _ANSWERS[:2]


def _answer(claim: Claim) -> tuple[Side, tuple[ClaimAction, ...], Consequence]:
    return Side.LIABLE_PARTY, _answers(claim), Consequence.BUYER_MAY_ESCALATE


def _still_answer(claim: Claim) -> tuple[Side, tuple[ClaimAction, ...], Consequence]:
    return Side.LIABLE_PARTY, _answers(claim), BY_SILENCE[claim.silence or Silence.ESCALATE]


def _answer_offer(claim: Claim) -> tuple[Side, tuple[ClaimAction, ...], Consequence]:
    actions = (ClaimAction.ACCEPT_OFFER, ClaimAction.DECLINE_OFFER, ClaimAction.MAKE_OFFER)
    lapses = claim.negotiation_ends_at is None or claim.due_at != claim.negotiation_ends_at
    otherwise = Consequence.OFFER_LAPSES if lapses else Consequence.ESCALATES
    return other_side(claim.offer_by or Side.LIABLE_PARTY), actions, otherwise


def _agree(_claim: Claim) -> tuple[Side, tuple[ClaimAction, ...], Consequence]:
    return Side.BUYER, (ClaimAction.MAKE_OFFER, ClaimAction.ESCALATE_CLAIM), Consequence.ESCALATES


def _take_up(_claim: Claim) -> tuple[Side, tuple[ClaimAction, ...], Consequence]:
    return Side.STAFF, (ClaimAction.TAKE_UP_CLAIM, ClaimAction.DECIDE_CLAIM), Consequence.EVIDENCE_ROUND_BEGINS


def _bring_evidence(claim: Claim) -> tuple[Side, tuple[ClaimAction, ...], Consequence]:
    if Side.BUYER in claim.heard:
        return Side.LIABLE_PARTY, (ClaimAction.FINISH_EVIDENCE,), Consequence.GOES_TO_DECISION
    return Side.BUYER, (ClaimAction.FINISH_EVIDENCE,), BY_CLAIMANT_SILENCE[claim.claimant_silence or Silence.CLOSE]


def _decide(_claim: Claim) -> tuple[Side, tuple[ClaimAction, ...], Consequence]:
    return Side.STAFF, (ClaimAction.DECIDE_CLAIM,), Consequence.DECIDED_ON_FILE


TURNS: Final[Mapping[Duty, Turn]] = {
    Duty.ANSWER_CLAIM: _answer,
    Duty.ESCALATE_CLAIM: _still_answer,
    Duty.ANSWER_OFFER: _answer_offer,
    Duty.AGREE_ON_CLAIM: _agree,
    Duty.TAKE_UP_CLAIM: _take_up,
    Duty.SUBMIT_EVIDENCE: _bring_evidence,
    Duty.DECIDE_CLAIM: _decide,
}
"""Each duty on a claim: whose turn it is and what silence leads to, which `api/operations/claims/silence.py` does."""


def next_duty(claim: Claim) -> NextDuty | None:
    """Whose turn it is, until when, and what happens otherwise; None when nobody must act on the claim itself.

    What runs beneath it is told by `domain/claims/beneath.py`.
    """
    if claim.duty is None or claim.due_at is None or claim.state is ClaimState.SUSPENDED:
        return None
    by, actions, otherwise = TURNS[claim.duty](claim)
    mutations = tuple(MOVES[action].mutation for action in actions)
    return NextDuty(by, actions, claim.due_at, otherwise, claim.duty, claim.id, mutations)


def moves(claim: Claim, caller: Caller, at: datetime) -> tuple[Move, ...]:
    """Every action on the claim for that caller at that instant, each with all that stands in its way."""
    side = side_of(claim, caller)
    return tuple(_move(claim, action, step, caller, side, at) for action, step in MOVES.items())


RIGHTS: Final[Mapping[ClaimAction, Callable[[ReasonRule], frozenset[Side]]]] = {
    ClaimAction.CONTEST_CLAIM: lambda rule: rule.contest,
    ClaimAction.MAKE_OFFER: lambda rule: rule.offer,
    ClaimAction.ACCEPT_OFFER: lambda rule: rule.offer,
    ClaimAction.DECLINE_OFFER: lambda rule: rule.offer,
    ClaimAction.ESCALATE_CLAIM: lambda rule: rule.escalate,
}
"""Action -> the sides to which the claim's reason gives it. Every other is open to whoever the table names."""

UNLIMITED: Final = frozenset({ClaimAction.WITHDRAW_CLAIM, ClaimAction.REOPEN_CLAIM, ClaimAction.ESCALATE_CLAIM})
"""What a deadline of the claim takes from nobody: a buyer can give up, or go the way that silence leads to."""


def _move(claim: Claim, action: ClaimAction, step: Step, caller: Caller, side: Side | None, at: datetime) -> Move:
    findings = [
        Finding("claim.role", side in step.by and may(caller, step.mutation), "claim_action_of_your_side"),
        Finding("claim.state", claim.state in step.since, "claim_state_allows", {"state": claim.state.value}),
    ]
    if action in RIGHTS:
        given = side is None or side in RIGHTS[action](REASONS[claim.reason])
        findings.append(Finding("claim.right", given, "claim_reason_gives_right", {"reason": claim.reason.value}))
    opens_at = closes_at = None
    if action is ClaimAction.ESCALATE_CLAIM and claim.state in step.since and claim.escalation_opens_at is not None:
        opens_at = claim.escalation_opens_at
        opens = dates.rfc3339(opens_at)
        overdue = at >= opens_at
        findings.append(
            Finding("claim.answer_overdue", overdue, "claim_answer_overdue", {"opensAt": opens}, opens_at=opens)
        )
    elif action in CONDITIONS:
        findings.append(CONDITIONS[action](claim, side))
        if action is ClaimAction.MAKE_OFFER:
            findings.append(Finding("claim.negotiable", claim.negotiable, "claim_leaves_room_to_settle"))
    elif action is ClaimAction.REOPEN_CLAIM:
        closes_at = claim.reopenable_until
        findings.append(_reopenable(claim, at))
    if action not in UNLIMITED and step.to and (limit := acts_until(claim, action)) is not None:
        closes_at = limit
        closes = dates.rfc3339(limit)
        findings.append(Finding("claim.in_time", at <= limit, "claim_in_time", {"dueAt": closes}, closes_at=closes))
    findings.extend(desk.conditions(claim, action, caller))
    return Move(action.value, unmet(findings), opens_at=opens_at, closes_at=closes_at)


def acts_until(claim: Claim, action: ClaimAction) -> datetime | None:
    """The last instant at which the action is in time; None where nothing ends it.

    A late answer is an answer until silence has its consequence; an offer is answered until it lapses.
    """
    if claim.state is ClaimState.OPEN:
        return None if claim.escalates_at is None else claim.escalates_at - dates.MICROSECOND
    if claim.state is ClaimState.NEGOTIATING:
        answers_offer = action in {ClaimAction.ACCEPT_OFFER, ClaimAction.DECLINE_OFFER}
        return claim.due_at if answers_offer else claim.negotiation_ends_at
    return claim.due_at if claim.state in WITH_THE_MARKETPLACE else None


def _may_offer(claim: Claim, side: Side | None) -> Finding:
    """The liable party begins; then whoever has no offer of its own that stands."""
    begins = side is Side.LIABLE_PARTY or claim.state is not ClaimState.OPEN
    return Finding("claim.offer", begins and claim.offer_by is not side, "claim_your_turn_to_offer")


def _may_answer_offer(claim: Claim, side: Side | None) -> Finding:
    stands = claim.offer_by is not None and side is other_side(claim.offer_by)
    return Finding("claim.offer", stands, "claim_offer_awaits_you")


def _may_finish(claim: Claim, side: Side | None) -> Finding:
    return Finding("claim.evidence", side not in claim.heard, "claim_evidence_not_finished")


def _asks_evidence(claim: Claim, _side: Side | None) -> Finding:
    return Finding("claim.evidence", claim.duty is Duty.TAKE_UP_CLAIM, "claim_evidence_is_asked_for")


CONDITIONS: Final[Mapping[ClaimAction, Callable[[Claim, Side | None], Finding]]] = {
    ClaimAction.MAKE_OFFER: _may_offer,
    ClaimAction.ACCEPT_OFFER: _may_answer_offer,
    ClaimAction.DECLINE_OFFER: _may_answer_offer,
    ClaimAction.FINISH_EVIDENCE: _may_finish,
    ClaimAction.TAKE_UP_CLAIM: _asks_evidence,
}
"""What an action asks beside state, side and time."""


def _reopenable(claim: Claim, at: datetime) -> Finding:
    until = claim.reopenable_until
    closes = None if until is None else dates.rfc3339(until)
    holds = until is not None and at <= until
    return Finding("claim.reopen", holds, "claim_remedy_failed", {"until": closes}, closes_at=closes)


def appealable(claim: Claim, side: Side | None, at: datetime) -> tuple[Finding, ...]:
    """What an appeal against the claim's decision asks of the claim: decided, in time, by a side that may."""
    until = claim.appealable_until
    closes = None if until is None else dates.rfc3339(until)
    state = {"state": claim.state.value}
    return (
        Finding(
            "claim.state",
            claim.outcome is not None and (claim.resumes is None or claim.state is ClaimState.APPEALED),
            "claim_state_allows",
            state,
        ),
        Finding(
            "claim.right",
            side in REASONS[claim.reason].appeal,
            "claim_reason_gives_right",
            {"reason": claim.reason.value},
        ),
        Finding(
            "claim.appeal_window",
            until is not None and at <= until,
            "claim_appeal_window_open",
            {"until": closes},
            closes_at=closes,
        ),
    )


def may_open(reason: ClaimReason, caller: Caller) -> Finding:
    """Whether the caller's side may claim for that reason."""
    side = Side.STAFF if caller.is_operator else Side.BUYER
    return Finding(
        "claim.right", side in REASONS[reason].opened_by, "claim_reason_gives_right", {"reason": reason.value}
    )


def require_side(claim: Claim, caller: Caller) -> None:
    """Nothing, if the caller is on a side of the claim.

    Raises:
        NotFound: it is not: for this caller there is no such claim.
    """
    if side_of(claim, caller) is None:
        raise NotFound("there is no such claim", field=("claimId",))


def require_move(claim: Claim, action: ClaimAction, caller: Caller, at: datetime) -> None:
    """Nothing, if the caller may do it now. Refuses with all reasons."""
    move = _move(claim, action, MOVES[action], caller, side_of(claim, caller), at)
    require((move,), action.value, f"claim.{action.value.lower()}")
