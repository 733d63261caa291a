"""The life of a claim as a table: its states, who may take which step, and the duty that a state starts."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.clocks import Duty


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


WORK_TO_DO: Final[Mapping[ClaimState, Duty | None]] = {
    ClaimState.OPEN: Duty.ANSWER_CLAIM,
    ClaimState.ESCALATED: Duty.DECIDE_CLAIM,
    ClaimState.DECIDED: None,
    ClaimState.CLOSED: None,
    ClaimState.WITHDRAWN: None,
}
"""The duty that starts when a claim enters the state."""
