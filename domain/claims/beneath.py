"""What runs beneath a claim: goods on their way back, remedies, inspections, rounds of evidence and appeals.

Each has clocks of its own, and each of these is somebody's turn. Laws: whose turn it is and until when is what the
clock says, holds included; a clock that stands still is nobody's turn; where several run, the nearest is due first.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from domain.claims.claim import Claim
from domain.claims.life import LIVE, TAKES_EVIDENCE, ClaimState, Consequence
from domain.claims.sides import Side
from domain.claims.turns import NextDuty, next_duty
from domain.clocks import Clock, ClockState, Duty
from domain.ids import Id


@dataclass(frozen=True, slots=True)
class Wait:
    """One row of the table: the mutations that fulfil the duty, what silence leads to, and while the claim is where."""

    mutations: tuple[str, ...]
    otherwise: Consequence
    during: frozenset[ClaimState] = LIVE


BENEATH: Final[Mapping[Duty, Wait]] = {
    Duty.ARRANGE_RETURN: Wait(("arrangeReturn", "waiveReturn"), Consequence.AWARD_IS_GIVEN),
    Duty.SEND_RETURN: Wait(("shipReturn",), Consequence.CLOSES),
    Duty.RECEIVE_RETURN: Wait(("receiveReturn",), Consequence.GOODS_COUNT_AS_RECEIVED),
    Duty.INSPECT_RETURN: Wait(("acceptReturn", "refuseReturn"), Consequence.AWARD_IS_GIVEN),
    Duty.PROVIDE_REMEDY: Wait(("provideRemedy",), Consequence.REMEDY_FAILS),
    Duty.CONFIRM_REMEDY: Wait(("confirmRemedy", "rejectRemedy"), Consequence.REMEDY_COUNTS_AS_PROVIDED),
    Duty.BRING_EVIDENCE: Wait(("submitEvidence",), Consequence.EVIDENCE_REQUEST_LAPSES, TAKES_EVIDENCE),
    Duty.REPORT_INSPECTION: Wait(("recordInspectionReport",), Consequence.INSPECTION_LAPSES),
    Duty.ADMIT_APPEAL: Wait(("admitAppeal", "dismissAppeal"), Consequence.APPEAL_IS_HEARD),
    Duty.DECIDE_APPEAL: Wait(("takeAppeal", "decideAppeal"), Consequence.APPEAL_IS_OVERDUE),
    Duty.ANSWER_APPEAL: Wait(("answerAppealRequest",), Consequence.APPEAL_GOES_ON_WITHOUT_ANSWER),
}
"""Each duty on a thing of a claim. What silence leads to is what its clock does (`api/operations/clocks.py`)."""


def duties(claim: Claim, running: Iterable[Clock]) -> tuple[NextDuty, ...]:
    """Everything that somebody has to do about the claim and what runs beneath it, the nearest due first."""
    own = next_duty(claim)
    found = [] if own is None else [own]
    for clock in running:
        wait = BENEATH.get(clock.duty)
        if wait is not None and clock.state is ClockState.RUNNING and claim.state in wait.during:
            by = _side(claim, clock.party_id)
            found.append(NextDuty(by, (), clock.due_at, wait.otherwise, clock.duty, clock.subject_id, wait.mutations))
    return tuple(sorted(found, key=lambda duty: (duty.due_at, duty.about)))


def _side(claim: Claim, party_id: Id | None) -> Side:
    """On which side stands who must act; the desk where it is neither party."""
    if party_id == claim.buyer_id:
        return Side.BUYER
    return Side.LIABLE_PARTY if party_id == claim.party_id else Side.STAFF
