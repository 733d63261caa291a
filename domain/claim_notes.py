"""Notes of staff to staff on a claim.

Laws: a note never changes; no party sees one, or that there is one: it is no event, changes no version of the claim,
and leaves by no webhook and no export to a party.
"""

from dataclasses import dataclass
from datetime import datetime

from domain.ids import ClaimId, ClaimNoteId, Id


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
