"""Claims: opened, answered, escalated, decided and withdrawn; and what follows when nobody acts.

Locks are taken in the order of the house: the order first, which covers its lines, shipments and covers, then the
claim, then money. Every decision is stored with its tree in the transaction that it leads to.
"""

from api.operations.claims.acts import (
    accept_claim,
    contest_claim,
    decide_claim,
    escalate_claim,
    open_claim,
    withdraw_claim,
)
from api.operations.claims.cases import Case, conversion
from api.operations.claims.profiles import choose_claim_profile
from api.operations.claims.silence import (
    SILENCES,
    fire_answer_claim,
    fire_decide_claim,
    fire_escalate_claim,
    open_automatically,
)

__all__ = [
    "SILENCES",
    "Case",
    "accept_claim",
    "choose_claim_profile",
    "contest_claim",
    "conversion",
    "decide_claim",
    "escalate_claim",
    "fire_answer_claim",
    "fire_decide_claim",
    "fire_escalate_claim",
    "open_automatically",
    "open_claim",
    "withdraw_claim",
]
