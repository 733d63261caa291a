"""Claims: opened, negotiated, escalated, decided, appealed, reopened and withdrawn; and what follows by itself.

Locks are taken in the order of the house: the order first, which covers its lines, shipments and covers, then the
claim, then money. Every decision is stored with its tree in the transaction that it leads to.

`acts`, `negotiation` and `approaches` are the mutations; `silence` is what clocks and tracking do; `steps` is what both
and other nouns take; `cases` is what a claim is judged by.
"""

from api.operations.claims.acts import (
    accept_claim,
    contest_claim,
    decide_claim,
    escalate_claim,
    finish_evidence,
    open_claim,
    reopen_claim,
    take_up_claim,
    withdraw_claim,
)
from api.operations.claims.approaches import contact_party, dispute_scan
from api.operations.claims.cases import Case, conversion, locked, taken
from api.operations.claims.negotiation import accept_offer, decline_offer, make_offer
from api.operations.claims.profiles import choose_claim_profile
from api.operations.claims.silence import (
    SILENCES,
    fire_agree_on_claim,
    fire_answer_claim,
    fire_answer_offer,
    fire_decide_claim,
    fire_escalate_claim,
    fire_submit_evidence,
    fire_take_up_claim,
    open_automatically,
)
from api.operations.claims.steps import rule, ruling_of

__all__ = [
    "SILENCES",
    "Case",
    "accept_claim",
    "accept_offer",
    "choose_claim_profile",
    "contact_party",
    "contest_claim",
    "conversion",
    "decide_claim",
    "decline_offer",
    "dispute_scan",
    "escalate_claim",
    "finish_evidence",
    "fire_agree_on_claim",
    "fire_answer_claim",
    "fire_answer_offer",
    "fire_decide_claim",
    "fire_escalate_claim",
    "fire_submit_evidence",
    "fire_take_up_claim",
    "locked",
    "make_offer",
    "open_automatically",
    "open_claim",
    "reopen_claim",
    "rule",
    "ruling_of",
    "take_up_claim",
    "taken",
    "withdraw_claim",
]
