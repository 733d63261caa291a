"""The life of a claim as a table: its states, who may take which step, and what silence leads to."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.claims.sides import Side


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
    NEGOTIATING = "NEGOTIATING"
    """The two sides make each other offers."""
    ESCALATED = "ESCALATED"
    """It is with the marketplace, which must take it up or, where no evidence is asked for, decide it."""
    EVIDENCE_DUE = "EVIDENCE_DUE"
    """Both sides bring their evidence."""
    UNDER_DECISION = "UNDER_DECISION"
    """The evidence is in; the marketplace must decide."""
    RETURNING = "RETURNING"
    """Granted; the goods are on their way back before money moves."""
    REMEDY_IN_PROGRESS = "REMEDY_IN_PROGRESS"
    """Granted or agreed; a refund is to be paid or the liable party has something to do."""
    DECIDED = "DECIDED"
    """Granted or agreed; the coupon lives."""
    APPEALED = "APPEALED"
    """An appeal against its decision runs."""
    SUSPENDED = "SUSPENDED"
    """A chargeback about the same loss runs; time stands still."""
    CLOSED = "CLOSED"
    """Nothing is left to do: denied, without evidence, the remedy has ended, or the rule pays nothing."""
    WITHDRAWN = "WITHDRAWN"
    """The buyer took it back."""


class ClaimOutcome(StrEnum):
    """How a claim came out."""

    GRANTED = "GRANTED"
    """The buyer gets what the rule gives; where that is nothing, the buyer is right and points follow."""
    PARTLY = "PARTLY"
    """The buyer gets a part of it."""
    DENIED = "DENIED"
    """The buyer is not compensated."""
    AGREED = "AGREED"
    """The two sides settled."""
    NO_EVIDENCE = "NO_EVIDENCE"
    """The buyer brought no evidence in time."""


GAINED: Final = frozenset({ClaimOutcome.GRANTED, ClaimOutcome.PARTLY, ClaimOutcome.AGREED})
"""The outcomes that give the buyer something."""

BETWEEN_THE_SIDES: Final = frozenset({ClaimState.OPEN, ClaimState.NEGOTIATING})
"""The marketplace has nothing to do with it yet."""

WITH_THE_MARKETPLACE: Final = frozenset({ClaimState.ESCALATED, ClaimState.EVIDENCE_DUE, ClaimState.UNDER_DECISION})
"""The marketplace is to decide."""

DECIDABLE: Final = frozenset({ClaimState.ESCALATED, ClaimState.UNDER_DECISION})
"""An adjudicator can decide: the desk's own queue."""

UNDECIDED: Final = BETWEEN_THE_SIDES | WITH_THE_MARKETPLACE
"""Nothing is decided or agreed."""

TAKES_EVIDENCE: Final = UNDECIDED | {ClaimState.APPEALED, ClaimState.SUSPENDED}
"""Evidence is taken: before the decision, and before that of an appeal."""

ENDED: Final = frozenset({ClaimState.CLOSED, ClaimState.WITHDRAWN})
"""Nothing is left to do."""

LIVE: Final = frozenset(ClaimState) - ENDED
"""Something is left to do."""


class Silence(StrEnum):
    """What follows when the party that must answer does not."""

    AUTO_GRANT = "AUTO_GRANT"
    """The claim is granted as it was made."""
    ESCALATE = "ESCALATE"
    """The marketplace decides."""
    CLOSE = "CLOSE"
    """The claim is closed."""


class ClaimAction(StrEnum):
    """What can be done with a claim: each is a mutation."""

    ACCEPT_CLAIM = "ACCEPT_CLAIM"
    """acceptClaim: the liable party owns up."""
    CONTEST_CLAIM = "CONTEST_CLAIM"
    """contestClaim: the liable party disagrees, and the claim goes to the marketplace."""
    MAKE_OFFER = "MAKE_OFFER"
    """makeOffer: one side says what it would settle for; whatever offer stood is countered by it."""
    ACCEPT_OFFER = "ACCEPT_OFFER"
    """acceptOffer: the other side agrees, and the claim is settled."""
    DECLINE_OFFER = "DECLINE_OFFER"
    """declineOffer: the other side does not."""
    ESCALATE_CLAIM = "ESCALATE_CLAIM"
    """escalateClaim: the buyer asks the marketplace to decide."""
    TAKE_UP_CLAIM = "TAKE_UP_CLAIM"
    """takeUpClaim: the marketplace takes it up, and asks both sides for evidence."""
    FINISH_EVIDENCE = "FINISH_EVIDENCE"
    """finishEvidence: a side has brought everything it wants to bring."""
    DECIDE_CLAIM = "DECIDE_CLAIM"
    """decideClaim: the marketplace decides."""
    REOPEN_CLAIM = "REOPEN_CLAIM"
    """reopenClaim: a remedy failed, and the marketplace is to decide again."""
    WITHDRAW_CLAIM = "WITHDRAW_CLAIM"
    """withdrawClaim: the buyer takes the claim back."""
    TAKE_CLAIM = "TAKE_CLAIM"
    """takeClaim: somebody of the desk takes a claim that nobody has."""
    ASSIGN_CLAIM = "ASSIGN_CLAIM"
    """assignClaim: a colleague of the desk is to have the claim."""
    RELEASE_CLAIM = "RELEASE_CLAIM"
    """releaseClaim: whoever has the claim gives it back to the desk."""
    TAKE_OVER_CLAIM = "TAKE_OVER_CLAIM"
    """takeOverClaim: somebody of the desk takes the claim from a colleague, with a reason."""
    CONFIRM_DECISION = "CONFIRM_DECISION"
    """confirmDecision: a second adjudicator agrees with a proposed decision, and it is taken."""
    RETURN_DECISION = "RETURN_DECISION"
    """returnDecision: a second adjudicator does not agree, and the claim is to be decided anew."""
    SUBMIT_EVIDENCE = "SUBMIT_EVIDENCE"
    """submitEvidence: a side, or staff, brings something that proves its word."""
    REQUEST_EVIDENCE = "REQUEST_EVIDENCE"
    """requestEvidence: the marketplace asks a side for evidence."""
    ORDER_INSPECTION = "ORDER_INSPECTION"
    """orderInspection: the buyer has a third party look at the goods."""
    ADD_CLAIM_NOTE = "ADD_CLAIM_NOTE"
    """addClaimNote: staff leave a note for staff."""


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the lifecycle: from which states, by whom, to where."""

    mutation: str
    since: frozenset[ClaimState]
    by: frozenset[Side]
    to: frozenset[ClaimState]


GRANTED_TO: Final = frozenset({ClaimState.DECIDED, ClaimState.REMEDY_IN_PROGRESS, ClaimState.RETURNING})
"""Where what gives the buyer something leads: by its remedies."""

_PARTY: Final = frozenset({Side.LIABLE_PARTY})
_BUYER: Final = frozenset({Side.BUYER, Side.STAFF})
_BOTH: Final = frozenset({Side.BUYER, Side.LIABLE_PARTY})
_MARKETPLACE: Final = frozenset({Side.STAFF, Side.SYSTEM})
_ESCALATED: Final = frozenset({ClaimState.ESCALATED})
_NEGOTIATING: Final = frozenset({ClaimState.NEGOTIATING})


def _at_the_desk(mutation: str, since: frozenset[ClaimState] = LIVE) -> Step:
    """What staff settle among themselves: the claim stays where it is."""
    return Step(mutation, since, frozenset({Side.STAFF}), frozenset())


MOVES: Final[Mapping[ClaimAction, Step]] = {
    ClaimAction.ACCEPT_CLAIM: Step("acceptClaim", BETWEEN_THE_SIDES, _PARTY, GRANTED_TO | {ClaimState.CLOSED}),
    ClaimAction.CONTEST_CLAIM: Step("contestClaim", BETWEEN_THE_SIDES, _PARTY, _ESCALATED),
    ClaimAction.MAKE_OFFER: Step("makeOffer", BETWEEN_THE_SIDES, _BOTH, _NEGOTIATING),
    ClaimAction.ACCEPT_OFFER: Step("acceptOffer", _NEGOTIATING, _BOTH, GRANTED_TO),
    ClaimAction.DECLINE_OFFER: Step("declineOffer", _NEGOTIATING, _BOTH, _NEGOTIATING),
    ClaimAction.ESCALATE_CLAIM: Step("escalateClaim", BETWEEN_THE_SIDES, _BUYER | {Side.SYSTEM}, _ESCALATED),
    ClaimAction.TAKE_UP_CLAIM: Step(
        "takeUpClaim", _ESCALATED, _MARKETPLACE, frozenset({ClaimState.EVIDENCE_DUE, ClaimState.UNDER_DECISION})
    ),
    ClaimAction.FINISH_EVIDENCE: Step(
        "finishEvidence",
        frozenset({ClaimState.EVIDENCE_DUE}),
        _BOTH,
        frozenset({ClaimState.EVIDENCE_DUE, ClaimState.UNDER_DECISION}),
    ),
    ClaimAction.DECIDE_CLAIM: Step(
        "decideClaim",
        DECIDABLE,
        _MARKETPLACE,
        GRANTED_TO | {ClaimState.CLOSED},
    ),
    ClaimAction.REOPEN_CLAIM: Step(
        "reopenClaim",
        frozenset({ClaimState.REMEDY_IN_PROGRESS, ClaimState.DECIDED, ClaimState.CLOSED}),
        _BUYER,
        frozenset({ClaimState.UNDER_DECISION}),
    ),
    ClaimAction.WITHDRAW_CLAIM: Step("withdrawClaim", UNDECIDED, _BUYER, frozenset({ClaimState.WITHDRAWN})),
    ClaimAction.TAKE_CLAIM: _at_the_desk("takeClaim"),
    ClaimAction.ASSIGN_CLAIM: _at_the_desk("assignClaim"),
    ClaimAction.RELEASE_CLAIM: _at_the_desk("releaseClaim"),
    ClaimAction.TAKE_OVER_CLAIM: _at_the_desk("takeOverClaim"),
    ClaimAction.CONFIRM_DECISION: Step(
        "confirmDecision", DECIDABLE, frozenset({Side.STAFF}), GRANTED_TO | {ClaimState.CLOSED}
    ),
    ClaimAction.RETURN_DECISION: _at_the_desk("returnDecision", DECIDABLE),
}
"""The life of a claim as a table; the picture in the README is drawn from it. Which of staff may act for the buyer is
the role table's word (`domain/access.py`), and a reason may give a side less (`domain/claims/reasons.py`)."""

BESIDE: Final[Mapping[ClaimAction, str]] = {
    ClaimAction.SUBMIT_EVIDENCE: "submitEvidence",
    ClaimAction.REQUEST_EVIDENCE: "requestEvidence",
    ClaimAction.ORDER_INSPECTION: "orderInspection",
    ClaimAction.ADD_CLAIM_NOTE: "addClaimNote",
}
"""What is done in a claim and is no step of it -> its mutation; `domain/claim_moves.py` says when it may be."""
assert MOVES.keys() | BESIDE.keys() == set(ClaimAction)
assert not MOVES.keys() & BESIDE.keys()

BIRTHS: Final[Mapping[ClaimState, str]] = {
    ClaimState.OPEN: "openClaim (buyer, staff)",
    ClaimState.DECIDED: "late delivery proven by tracking, by the buyer's tier",
    ClaimState.ESCALATED: "the same, where the liable party disputed the scan",
}
"""How a claim comes to be, by its first state."""

ENDINGS: Final[Mapping[tuple[ClaimState, ClaimState], str]] = {
    (ClaimState.DECIDED, ClaimState.CLOSED): "coupon used up or expired",
    (ClaimState.REMEDY_IN_PROGRESS, ClaimState.CLOSED): "every remedy has ended",
    (ClaimState.EVIDENCE_DUE, ClaimState.CLOSED): "no evidence of the buyer in time",
    (ClaimState.RETURNING, ClaimState.REMEDY_IN_PROGRESS): "the goods came back as agreed",
    (ClaimState.RETURNING, ClaimState.UNDER_DECISION): "the goods came back otherwise",
    (ClaimState.RETURNING, ClaimState.CLOSED): "the goods never left",
    (ClaimState.CLOSED, ClaimState.RETURNING): "the goods left in time after all, as their carrier says",
    (ClaimState.OPEN, ClaimState.CLOSED): "silence closes it, where the profile says so",
    (ClaimState.DECIDED, ClaimState.APPEALED): "an appeal was filed",
    (ClaimState.CLOSED, ClaimState.APPEALED): "an appeal was filed",
    (ClaimState.UNDER_DECISION, ClaimState.SUSPENDED): "a chargeback began; whatever is undecided is suspended",
}
"""Steps that no action takes: they follow from something else."""


class Consequence(StrEnum):
    """What happens to a claim when whoever must act does not."""

    BUYER_MAY_ESCALATE = "BUYER_MAY_ESCALATE"
    """The buyer may ask the marketplace to decide."""
    ESCALATES = "ESCALATES"
    """It goes to the marketplace by itself."""
    GRANTED = "GRANTED"
    """It is granted as it was made."""
    CLOSES = "CLOSES"
    """It is closed without compensation."""
    OFFER_LAPSES = "OFFER_LAPSES"
    """The offer lapses; the two sides go on."""
    EVIDENCE_ROUND_BEGINS = "EVIDENCE_ROUND_BEGINS"
    """Both sides are asked for evidence all the same."""
    GOES_TO_DECISION = "GOES_TO_DECISION"
    """The marketplace decides on what it has."""
    DECIDED_ON_FILE = "DECIDED_ON_FILE"
    """The rule decides on what is recorded."""
    AWARD_IS_GIVEN = "AWARD_IS_GIVEN"
    """What was awarded is given, wherever the goods are."""
    GOODS_COUNT_AS_RECEIVED = "GOODS_COUNT_AS_RECEIVED"
    """The goods count as received, and the liable party has its time to look at them."""
    REMEDY_FAILS = "REMEDY_FAILS"
    """The remedy has failed, and the buyer may have the claim decided again."""
    REFUND_IS_OVERDUE = "REFUND_IS_OVERDUE"
    """The refund is marked as overdue for finance and the buyer, and is due anew."""
    SERVICE_LEVEL_BREAKS = "SERVICE_LEVEL_BREAKS"
    """The milestone of the service is marked as broken, which proposes a claim and who is liable."""
    REMEDY_COUNTS_AS_PROVIDED = "REMEDY_COUNTS_AS_PROVIDED"
    """The buyer has what the liable party says it did."""
    EVIDENCE_REQUEST_LAPSES = "EVIDENCE_REQUEST_LAPSES"
    """The request for evidence lapses, and the marketplace decides without."""
    INSPECTION_LAPSES = "INSPECTION_LAPSES"
    """The inspection lapses, and the claim is decided without it."""
    APPEAL_IS_HEARD = "APPEAL_IS_HEARD"
    """The appeal is heard."""
    APPEAL_IS_OVERDUE = "APPEAL_IS_OVERDUE"
    """The appeal is overdue; at the very last it is decided as its rule says for silence."""
    APPEAL_GOES_ON_WITHOUT_ANSWER = "APPEAL_GOES_ON_WITHOUT_ANSWER"
    """The appeal is decided without an answer."""


BY_SILENCE: Final[Mapping[Silence, Consequence]] = {
    Silence.AUTO_GRANT: Consequence.GRANTED,
    Silence.ESCALATE: Consequence.ESCALATES,
    Silence.CLOSE: Consequence.CLOSES,
}
"""What the liable party's silence leads to."""
assert BY_SILENCE.keys() == set(Silence)

BY_CLAIMANT_SILENCE: Final[Mapping[Silence, Consequence]] = {
    Silence.AUTO_GRANT: Consequence.GOES_TO_DECISION,
    Silence.ESCALATE: Consequence.GOES_TO_DECISION,
    Silence.CLOSE: Consequence.CLOSES,
}
"""What a buyer's silence about evidence leads to: nobody is granted anything for saying nothing."""
assert BY_CLAIMANT_SILENCE.keys() == set(Silence)
