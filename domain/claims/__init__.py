"""Claims: a buyer's demand that a broken promise be made good.

Theory of operation (`domain.md` 6.6; one row of `MOVES` per action, the other steps in `ENDINGS`):

    OPEN -make offer-> NEGOTIATING -accept offer-> (granted)       OPEN, NEGOTIATING -accept (liable party)-> (granted)
    OPEN, NEGOTIATING -contest, escalate, silence-> ESCALATED      silence may grant or close too, by the profile
    ESCALATED -take up-> EVIDENCE_DUE -both sides heard-> UNDER_DECISION -decide-> (granted) | CLOSED
    (granted) is  RETURNING            where the goods go back first
                  REMEDY_IN_PROGRESS   where money is to be paid, or the liable party has something to do
                  DECIDED              where only a coupon has to live
                  CLOSED               where the rule pays nothing: the buyer is right, and points alone follow
    each of them -every remedy has ended-> CLOSED          CLOSED, … -a remedy failed: reopen-> UNDER_DECISION
    whatever is undecided -withdraw (buyer)-> WITHDRAWN    whatever is decided -appeal-> APPEALED -> as before
    whatever has not ended -a chargeback-> SUSPENDED -> as before

Where a reason is proven by facts, or the profile asks for no evidence, ESCALATED is decided at once. A claim that
tracking alone proves, of a buyer whose tier has that benefit, is born DECIDED (`domain.md` B10, T12).

Laws: deadlines are instants fixed when their clock starts; a claim has an outcome if and only if it was decided or
agreed; a claim that is undecided always says who must act and by when (`duty`, `due_at`); the amounts of its lines sum
to its amount, and none is above its loss; what gives the buyer something says who bears it.
"""

from domain.claims.beneath import BENEATH, Running, ServiceClock, all_duties, duties
from domain.claims.claim import (
    AnswerClaim,
    Claim,
    ClaimContact,
    ClaimEvent,
    ClaimLine,
    ContactParty,
    Deadlines,
    DecideClaim,
    DisputeScan,
    LineWish,
    MakeOffer,
    OpenClaim,
    ScanDispute,
    bears,
    number,
)
from domain.claims.life import (
    BESIDE,
    BETWEEN_THE_SIDES,
    BIRTHS,
    DECIDABLE,
    ENDED,
    ENDINGS,
    GAINED,
    LIVE,
    MOVES,
    TAKES_EVIDENCE,
    UNDECIDED,
    WITH_THE_MARKETPLACE,
    ClaimAction,
    ClaimOrigin,
    ClaimOutcome,
    ClaimState,
    Consequence,
    Silence,
    Step,
)
from domain.claims.offers import (
    ClaimOffer,
    ClaimOfferLine,
    OfferState,
)
from domain.claims.reasons import (
    REASONS,
    ClaimReason,
    ReasonRule,
    same_loss,
)
from domain.claims.rulings import (
    Ruling,
)
from domain.claims.shipping_method import (
    ShippingMethodFacts,
)
from domain.claims.sides import (
    Side,
    side_of,
)
from domain.claims.steps import (
    SUSPENDABLE,
    Escalation,
    answer_overdue,
    appeal_ended,
    appeal_filed,
    appeal_joined,
    await_decision,
    close_claim,
    contest_claim,
    decide_claim,
    end_offer,
    end_suspended,
    escalate_claim,
    finish_evidence,
    found_liable,
    goods_returned,
    make_offer,
    open_automatically,
    open_claim,
    open_disputed,
    promise_matches,
    remedy_failed,
    reopen_claim,
    resume_claim,
    return_found,
    return_lapsed,
    suspend_claim,
    take_up_claim,
    withdraw_claim,
)
from domain.claims.supplements import (
    fell_short,
    owed_in_money,
)
from domain.claims.turns import (
    NextDuty,
    appealable,
    may_open,
    moves,
    next_duty,
    require_move,
    require_side,
)

__all__ = [
    "BENEATH",
    "BESIDE",
    "BETWEEN_THE_SIDES",
    "BIRTHS",
    "DECIDABLE",
    "ENDED",
    "ENDINGS",
    "GAINED",
    "LIVE",
    "MOVES",
    "REASONS",
    "SUSPENDABLE",
    "TAKES_EVIDENCE",
    "UNDECIDED",
    "WITH_THE_MARKETPLACE",
    "AnswerClaim",
    "Claim",
    "ClaimAction",
    "ClaimContact",
    "ClaimEvent",
    "ClaimLine",
    "ClaimOffer",
    "ClaimOfferLine",
    "ClaimOrigin",
    "ClaimOutcome",
    "ClaimReason",
    "ClaimState",
    "Consequence",
    "ContactParty",
    "Deadlines",
    "DecideClaim",
    "DisputeScan",
    "Escalation",
    "LineWish",
    "MakeOffer",
    "NextDuty",
    "OfferState",
    "OpenClaim",
    "ReasonRule",
    "Ruling",
    "Running",
    "ScanDispute",
    "ServiceClock",
    "ShippingMethodFacts",
    "Side",
    "Silence",
    "Step",
    "all_duties",
    "answer_overdue",
    "appeal_ended",
    "appeal_filed",
    "appeal_joined",
    "appealable",
    "await_decision",
    "bears",
    "close_claim",
    "contest_claim",
    "decide_claim",
    "duties",
    "end_offer",
    "end_suspended",
    "escalate_claim",
    "fell_short",
    "finish_evidence",
    "found_liable",
    "goods_returned",
    "make_offer",
    "may_open",
    "moves",
    "next_duty",
    "number",
    "open_automatically",
    "open_claim",
    "open_disputed",
    "owed_in_money",
    "promise_matches",
    "remedy_failed",
    "reopen_claim",
    "require_move",
    "require_side",
    "resume_claim",
    "return_found",
    "return_lapsed",
    "same_loss",
    "side_of",
    "suspend_claim",
    "take_up_claim",
    "withdraw_claim",
]
