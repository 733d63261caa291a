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

from domain.claims.claim import (
    AnswerClaim,
    Claim,
    ClaimEvent,
    Deadlines,
    DecideClaim,
    OpenClaim,
    number,
)
from domain.claims.life import (
    BIRTHS,
    ENDINGS,
    MOVES,
    WORK_TO_DO,
    ClaimAction,
    ClaimOrigin,
    ClaimOutcome,
    ClaimState,
    Consequence,
    Side,
    Step,
)
from domain.claims.reasons import (
    REASONS,
    ClaimReason,
    ReasonRule,
)
from domain.claims.steps import (
    accept_claim,
    answer_overdue,
    close_claim,
    contest_claim,
    decide_claim,
    escalate_claim,
    found_liable,
    open_automatically,
    open_claim,
    withdraw_claim,
)
from domain.claims.turns import (
    NextDuty,
    moves,
    next_duty,
    require_move,
    require_side,
    side_of,
)

__all__ = [
    "BIRTHS",
    "ENDINGS",
    "MOVES",
    "REASONS",
    "WORK_TO_DO",
    "AnswerClaim",
    "Claim",
    "ClaimAction",
    "ClaimEvent",
    "ClaimOrigin",
    "ClaimOutcome",
    "ClaimReason",
    "ClaimState",
    "Consequence",
    "Deadlines",
    "DecideClaim",
    "NextDuty",
    "OpenClaim",
    "ReasonRule",
    "Side",
    "Step",
    "accept_claim",
    "answer_overdue",
    "close_claim",
    "contest_claim",
    "decide_claim",
    "escalate_claim",
    "found_liable",
    "moves",
    "next_duty",
    "number",
    "open_automatically",
    "open_claim",
    "require_move",
    "require_side",
    "side_of",
    "withdraw_claim",
]
