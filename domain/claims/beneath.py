"""What runs beneath a claim: goods on their way back, remedies, refunds, inspections, rounds of evidence, appeals.

Each has clocks of its own, and each of these is somebody's turn. Laws: whose turn it is and until when is what the
clock says, holds included; a clock that stands still is nobody's turn; where several run, the nearest is due first.
Beside them stands the field service under the claim's cover: what is not done there in time proposes a claim by itself.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from domain.access import Caller, ViewerKind
from domain.claims.claim import Claim
from domain.claims.life import LIVE, TAKES_EVIDENCE, ClaimState, Consequence
from domain.claims.sides import Side, side_of
from domain.claims.turns import NextDuty, next_duty
from domain.clocks import Clock, ClockState, Duty
from domain.guarantees import Milestone
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
    Duty.PAY_REFUND: Wait(("recordRefundPaid",), Consequence.REFUND_IS_OVERDUE, frozenset(ClaimState)),
    Duty.CONFIRM_REMEDY: Wait(("confirmRemedy", "rejectRemedy"), Consequence.REMEDY_COUNTS_AS_PROVIDED),
    Duty.BRING_EVIDENCE: Wait(("submitEvidence",), Consequence.EVIDENCE_REQUEST_LAPSES, TAKES_EVIDENCE),
    Duty.REPORT_INSPECTION: Wait(("recordInspectionReport",), Consequence.INSPECTION_LAPSES),
    Duty.ADMIT_APPEAL: Wait(("admitAppeal", "dismissAppeal"), Consequence.APPEAL_IS_HEARD),
    Duty.DECIDE_APPEAL: Wait(("takeAppeal", "decideAppeal"), Consequence.APPEAL_IS_OVERDUE),
    Duty.ANSWER_APPEAL: Wait(("answerAppealRequest",), Consequence.APPEAL_GOES_ON_WITHOUT_ANSWER),
}
"""Each duty on a thing of a claim. What silence leads to is what its clock does (`api/operations/clocks.py`)."""

REACHED_BY: Final[Mapping[Milestone, tuple[str, ...]]] = {
    Milestone.RESPONDED: ("respondToService",),
    Milestone.STARTED: ("startServiceVisit", "startRemoteService"),
    Milestone.FINISHED: ("completeService",),
    Milestone.PARTS_SENT: ("sendServiceParts",),
}
"""Each milestone of a field service, and the mutations that reach it."""
assert REACHED_BY.keys() == set(Milestone)


@dataclass(frozen=True, slots=True)
class Running:
    """A clock on something that belongs to a claim, and the milestone where it is one of a field service."""

    clock: Clock
    milestone: Milestone | None = None


@dataclass(frozen=True, slots=True)
class ServiceClock:
    """The clock of a milestone of a field service, and whose service it is: the buyer's, owed by the other."""

    running: Running
    parties: tuple[Id, ...]

    def concerns(self, caller: Caller) -> bool:
        """Whether the caller is of the marketplace or one of the two."""
        return caller.viewer is ViewerKind.STAFF or caller.party_id in self.parties


def duties(claim: Claim, running: Iterable[Running]) -> tuple[NextDuty, ...]:
    """Everything that somebody has to do about the claim and what runs beneath it, the nearest due first."""
    own = next_duty(claim)
    found = [] if own is None else [own]
    for each in running:
        clock = each.clock
        if each.milestone is not None:
            found += _service(each) if claim.state in LIVE else ()
        elif (wait := BENEATH.get(clock.duty)) and clock.state is ClockState.RUNNING and claim.state in wait.during:
            by = _side(claim, clock.party_id)
            found.append(NextDuty(by, (), clock.due_at, wait.otherwise, clock.duty, clock.subject_id, wait.mutations))
    return _sorted(found)


def all_duties(
    caller: Caller, claims: Iterable[tuple[Claim, Iterable[Running]]], services: Iterable[ServiceClock]
) -> tuple[NextDuty, ...]:
    """Everything that somebody has to do about those claims and services, once, as far as they concern the caller."""
    concerning = [(claim, running) for claim, running in claims if side_of(claim, caller) is not None]
    found = [duty for claim, running in concerning for duty in duties(claim, running)]
    found += [duty for service in services if service.concerns(caller) for duty in _service(service.running)]
    return _sorted({(duty.about, duty.duty): duty for duty in found}.values())


def _service(running: Running) -> tuple[NextDuty, ...]:
    """What the liable party has to reach, and until when; nothing while time stands still."""
    clock, milestone = running.clock, running.milestone
    if milestone is None or clock.state is not ClockState.RUNNING:
        return ()
    reached_by, breaks = REACHED_BY[milestone], Consequence.SERVICE_LEVEL_BREAKS
    return (NextDuty(Side.LIABLE_PARTY, (), clock.due_at, breaks, clock.duty, clock.subject_id, reached_by),)


def _sorted(found: Iterable[NextDuty]) -> tuple[NextDuty, ...]:
    return tuple(sorted(found, key=lambda duty: (duty.due_at, duty.about)))


def _side(claim: Claim, party_id: Id | None) -> Side:
    """On which side stands who must act; the desk where it is neither party."""
    if party_id == claim.buyer_id:
        return Side.BUYER
    return Side.LIABLE_PARTY if party_id == claim.party_id else Side.STAFF
