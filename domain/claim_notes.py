"""Notes of staff to staff on a claim.

Laws: a note never changes; no party sees one, or that there is one: it is no event, changes no version of the claim,
and leaves by no webhook and no export to a party.
"""

from dataclasses import dataclass
from datetime import datetime

from domain.access import Caller, may
from domain.claims import ClaimAction
from domain.explain import Finding, unmet
from domain.ids import ClaimId, ClaimNoteId, Id
from domain.moves import Move


@dataclass(frozen=True, slots=True)
class ClaimNote:
    """A note: which member or key of the desk wrote what, and when."""

    id: ClaimNoteId
    claim_id: ClaimId
    author_id: Id
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AddClaimNote:
    """The wish to leave a note."""

    claim_id: ClaimId
    text: str


def addable(caller: Caller) -> Move:
    """Whether the caller may leave a note, and why not: staff may, wherever the claim stands."""
    role = Finding("claim.role", caller.is_operator and may(caller, "addClaimNote"), "claim_action_of_your_side")
    return Move(ClaimAction.ADD_CLAIM_NOTE.value, unmet((role,)))
