"""Carrier claims: what the marketplace asks back from the carrier on whose leg goods were lost, damaged or late.

Theory of operation (`domain.md` 6.7; B8). A buyer's claim is decided, the carrier bears a share: a case is opened
against whoever carried on the responsible leg, under the regime of that leg's mode on the day of carriage.

    NOTICE_DUE -notify-> NOTIFIED                            NOTICE_DUE -silence-> TIME_BARRED
    NOTIFIED -file-> FILED -acknowledge-> ACKNOWLEDGED       NOTIFIED -silence until the right is lost-> TIME_BARRED
    FILED, ACKNOWLEDGED -answer-> ACCEPTED | PARTLY | APPEALED (a refusal, or silence, is appealed once, by itself)
    APPEALED -answer-> ACCEPTED | PARTLY | REFUSED           APPEALED -silence-> REFUSED
    ACCEPTED, PARTLY -collect-> … -> COLLECTED               ACCEPTED, PARTLY -write off-> WRITTEN_OFF

Where the regime wants no notice, the case begins as NOTIFIED; where its time is over when the case is opened, as
TIME_BARRED, and says so.

Laws: claimed = the smaller of the loss and the cap; accepted <= claimed; collected + written off <= accepted; what was
recovered, what the liable party was charged and what the platform bears sum to what the buyer was given, always
(`LossAccount`); deadlines are fixed when their clock starts, and warnings come before them.
"""

from domain.carrier_claims.case import (
    AmendCarrierClaim,
    AnswerCarrierClaim,
    CarrierAnswer,
    CarrierClaim,
    CarrierClaimAction,
    CarrierClaimState,
    CarrierPayment,
    CarrierSide,
    CollectCarrierClaim,
    LossAccount,
    OpenCarrierClaim,
    TellCarrier,
    WriteOffCarrierClaim,
    left_to_ask,
    loss_account,
)
from domain.carrier_claims.life import (
    DUTIES,
    MOVES,
    Rated,
    Step,
    acknowledge_carrier_claim,
    amend_carrier_claim,
    answer_carrier_claim,
    carried_at,
    collect_carrier_claim,
    explained,
    file_carrier_claim,
    goods_problems,
    moves,
    next_alarm,
    notify_carrier,
    open_carrier_claim,
    refuse,
    regime_of,
    require_goods,
    require_move,
    require_side,
    side_of,
    time_bar,
    warn,
    write_off_carrier_claim,
)

__all__ = [
    "DUTIES",
    "MOVES",
    "AmendCarrierClaim",
    "AnswerCarrierClaim",
    "CarrierAnswer",
    "CarrierClaim",
    "CarrierClaimAction",
    "CarrierClaimState",
    "CarrierPayment",
    "CarrierSide",
    "CollectCarrierClaim",
    "LossAccount",
    "OpenCarrierClaim",
    "Rated",
    "Step",
    "TellCarrier",
    "WriteOffCarrierClaim",
    "acknowledge_carrier_claim",
    "amend_carrier_claim",
    "answer_carrier_claim",
    "carried_at",
    "collect_carrier_claim",
    "explained",
    "file_carrier_claim",
    "goods_problems",
    "left_to_ask",
    "loss_account",
    "moves",
    "next_alarm",
    "notify_carrier",
    "open_carrier_claim",
    "refuse",
    "regime_of",
    "require_goods",
    "require_move",
    "require_side",
    "side_of",
    "time_bar",
    "warn",
    "write_off_carrier_claim",
]
