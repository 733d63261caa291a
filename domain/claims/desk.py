"""Who of the desk has a claim: taken, given, released and taken over; and what of that stands in the way of an action.

Laws: a claim has at most one assignee, a member or key of the desk; it is taken from nobody without a reason; whoever
decides has the claim or takes it from nobody by deciding; a decision that waits for a second adjudicator is nobody's
to decide again. Parties see none of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.access import Caller, ViewerKind
from domain.change import Change, Happening
from domain.claims.claim import Claim
from domain.claims.life import ClaimAction
from domain.copies import replace
from domain.explain import Finding
from domain.ids import ClaimId, Id, ProposalId

ASSIGNEE: Final = "claim.assignee"
"""The rule about who of the desk has a claim."""

SECOND_EYES: Final = "claim.second_eyes"
"""The rule that asks for a second adjudicator."""

UNPROPOSED: Final[Mapping[str, None]] = {"proposal_id": None, "proposed_by": None}
"""No decision waits: every step of the claim ends what was proposed before it."""


@dataclass(frozen=True, slots=True)
class AssignClaim:
    """The wish that somebody of the desk has the claim, with a reason where it is taken from somebody."""

    claim_id: ClaimId
    assignee_id: Id | None = None
    reason: str | None = None


def take_claim(claim: Claim, actor_id: Id, at: datetime) -> Change[Claim]:
    """The claim that nobody had is the actor's."""
    return _assigned(claim, actor_id, "claim.taken", at)


def assign_claim(claim: Claim, assignee_id: Id, at: datetime) -> Change[Claim]:
    """The claim is that colleague's, whoever had it before."""
    return _assigned(claim, assignee_id, "claim.assigned", at)


def take_over_claim(claim: Claim, actor_id: Id, at: datetime) -> Change[Claim]:
    """The claim that a colleague had is the actor's."""
    return _assigned(claim, actor_id, "claim.taken_over", at)


def release_claim(claim: Claim) -> Change[Claim]:
    """Nobody has the claim any more."""
    after = replace(claim, assignee_id=None, assigned_at=None, version=claim.version + 1)
    return Change(claim, after, (Happening("claim.released"),))


def propose(claim: Claim, proposal_id: ProposalId, actor_id: Id) -> Change[Claim]:
    """A decision on it waits for a second adjudicator."""
    after = replace(claim, proposal_id=proposal_id, proposed_by=actor_id, version=claim.version + 1)
    return Change(claim, after, (Happening("claim.decision_proposed"),))


def unpropose(claim: Claim) -> Change[Claim]:
    """No decision on it waits for a second adjudicator any more."""
    after = replace(claim, proposal_id=None, proposed_by=None, version=claim.version + 1)
    return Change(claim, after, (Happening("claim.decision_returned"),))


def conditions(claim: Claim, action: ClaimAction, caller: Caller) -> tuple[Finding, ...]:
    """What assignment and second eyes ask of the action, of staff alone: no party learns of either."""
    if caller.viewer is not ViewerKind.STAFF:
        return ()
    mine, anyones = claim.assignee_id == caller.actor_id, claim.assignee_id is None
    waits = claim.proposal_id is not None
    asked: dict[ClaimAction, tuple[Finding, ...]] = {
        ClaimAction.TAKE_CLAIM: (Finding(ASSIGNEE, anyones, "claim_is_nobodys"),),
        ClaimAction.RELEASE_CLAIM: (Finding(ASSIGNEE, mine, "claim_is_yours"),),
        ClaimAction.TAKE_OVER_CLAIM: (Finding(ASSIGNEE, not (mine or anyones), "claim_is_a_colleagues"),),
        ClaimAction.DECIDE_CLAIM: (
            Finding(ASSIGNEE, mine or anyones, "claim_is_yours_or_nobodys"),
            Finding(SECOND_EYES, not waits, "no_decision_waits_for_second"),
        ),
        ClaimAction.CONFIRM_DECISION: (
            Finding(SECOND_EYES, waits, "decision_waits_for_second"),
            Finding(SECOND_EYES, claim.proposed_by != caller.actor_id, "proposed_by_somebody_else"),
        ),
        ClaimAction.RETURN_DECISION: (Finding(SECOND_EYES, waits, "decision_waits_for_second"),),
    }
    return asked.get(action, ())


def _assigned(claim: Claim, assignee_id: Id, name: str, at: datetime) -> Change[Claim]:
    after = replace(claim, assignee_id=assignee_id, assigned_at=at, version=claim.version + 1)
    return Change(claim, after, (Happening(name),))
