"""Every action on a claim, its steps and what is done beside them, for one caller at one instant.

The steps are those of `domain/claims`; evidence, inspections and notes leave the claim where it is and belong to nouns
that know of claims, so that this module stands above both. Law: what a mutation refuses by is what is listed here.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from domain import claim_notes, claims, evidence, inspections
from domain.access import Caller
from domain.claims import BESIDE, MOVES, Claim, ClaimAction
from domain.moves import Move


def moves(claim: Claim, caller: Caller, at: datetime, *, inspecting: bool) -> tuple[Move, ...]:
    """Every action on the claim for that caller at `at`, each with all that stands in its way.

    `inspecting` says whether an inspection of its goods is ordered and has not reported.
    """
    return (
        *claims.moves(claim, caller, at),
        evidence.submittable(claim, caller),
        evidence.requestable(claim, caller, at),
        inspections.orderable(claim, caller, running=inspecting),
        claim_notes.addable(caller),
    )


MUTATIONS: Final[Mapping[ClaimAction, str]] = {**{action: step.mutation for action, step in MOVES.items()}, **BESIDE}
"""Action -> its mutation. Total."""
assert MUTATIONS.keys() == set(ClaimAction)
