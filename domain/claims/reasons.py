"""Why a buyer claims: the catalogue, and what each reason is about (`domain.md` 6.6)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from domain.claims.sides import Side
from domain.exposure import LossCause
from domain.guarantees import Complaint, Promise


class ClaimReason(StrEnum):
    """Why a buyer claims (`domain.md` 6.6, reason catalogue)."""

    NOT_RECEIVED_INVALID_TRACKING = "NOT_RECEIVED_INVALID_TRACKING"
    """Nothing came, and the tracking number is not one."""
    NOT_RECEIVED_WRONG_ADDRESS = "NOT_RECEIVED_WRONG_ADDRESS"
    """Nothing came; it went to another address."""
    NOT_RECEIVED_IN_TRANSIT_OVERDUE = "NOT_RECEIVED_IN_TRANSIT_OVERDUE"
    """Nothing came; it is on its way for too long."""
    NOT_RECEIVED_CUSTOMS_HELD = "NOT_RECEIVED_CUSTOMS_HELD"
    """Nothing came; customs hold it."""
    NOT_RECEIVED_RETURNED_TO_SENDER = "NOT_RECEIVED_RETURNED_TO_SENDER"
    """Nothing came; it went back."""
    NOT_RECEIVED_LOST = "NOT_RECEIVED_LOST"
    """Nothing came; it is lost."""
    NOT_AS_DESCRIBED_DESCRIPTION = "NOT_AS_DESCRIBED_DESCRIPTION"
    """The goods are not what the listing said."""
    NOT_AS_DESCRIBED_QUALITY = "NOT_AS_DESCRIBED_QUALITY"
    """The goods are of lesser quality."""
    NOT_AS_DESCRIBED_DAMAGED = "NOT_AS_DESCRIBED_DAMAGED"
    """The goods came damaged."""
    NOT_AS_DESCRIBED_SHORT = "NOT_AS_DESCRIBED_SHORT"
    """Fewer pieces came than were bought."""
    NOT_AS_DESCRIBED_COUNTERFEIT = "NOT_AS_DESCRIBED_COUNTERFEIT"
    """The goods are counterfeit."""
    NOT_AS_DESCRIBED_WRONG_ITEM = "NOT_AS_DESCRIBED_WRONG_ITEM"
    """Other goods came."""
    LATE_DELIVERY = "LATE_DELIVERY"
    """Goods came, or are still to come, after the promised day."""
    SHIPPING_METHOD_CHANGED = "SHIPPING_METHOD_CHANGED"
    """The goods were sent otherwise than was agreed."""
    SERVICE_NO_RESPONSE = "SERVICE_NO_RESPONSE"
    """The service team did not answer in its time."""
    SERVICE_NO_VISIT = "SERVICE_NO_VISIT"
    """No engineer came in time."""
    SERVICE_NOT_FINISHED = "SERVICE_NOT_FINISHED"
    """The service was not finished in time."""
    SERVICE_PARTS_NOT_SENT = "SERVICE_PARTS_NOT_SENT"
    """Free parts were not sent in time."""
    SERVICE_POINT_WITHDRAWN = "SERVICE_POINT_WITHDRAWN"
    """The service point was withdrawn or changed without a report."""
    FEE_OVERCHARGE = "FEE_OVERCHARGE"
    """More was charged than was agreed."""
    FEE_WEIGHT = "FEE_WEIGHT"
    """More was charged for a weight that the goods do not have."""
    FEE_DIMENSIONS = "FEE_DIMENSIONS"
    """More was charged for dimensions that the goods do not have."""
    OFF_POLICY_CONDUCT = "OFF_POLICY_CONDUCT"
    """The party behaved against the marketplace's rules."""


_BUYERS: Final = frozenset({Side.BUYER, Side.STAFF})
_PARTY: Final = frozenset({Side.LIABLE_PARTY})
_BOTH: Final = frozenset({Side.BUYER, Side.LIABLE_PARTY})
_NOBODY: Final[frozenset[Side]] = frozenset()


@dataclass(frozen=True, slots=True)
class ReasonRule:
    """What a reason is about, and who has which right in a claim for it.

    `promises` are those it may claim under. `complaint` is what the judges of guarantees understand by it, `cause` what
    the buyer lost by. `proven_by_facts`: recorded facts alone prove it; otherwise somebody must find the party liable,
    and both sides are asked for evidence. `at_source`: it was wrong before the goods left, whatever happened to them
    on the way.
    """

    promises: frozenset[Promise]
    complaint: Complaint
    cause: LossCause
    proven_by_facts: bool = False
    at_source: bool = False
    opened_by: frozenset[Side] = _BUYERS
    contest: frozenset[Side] = _PARTY
    offer: frozenset[Side] = _BOTH
    escalate: frozenset[Side] = _BUYERS
    appeal: frozenset[Side] = _BOTH


_MONEY_BACK: Final = frozenset({Promise.MONEY_BACK})
_ON_THE_WAY: Final = frozenset({Promise.MONEY_BACK, Promise.LOSS_DAMAGE})
_RETURNABLE: Final = frozenset({Promise.MONEY_BACK, Promise.EASY_RETURN})
_TIMELY: Final = frozenset({Promise.ON_TIME, Promise.MONEY_BACK})

_NOT_RECEIVED: Final = ReasonRule(_ON_THE_WAY, Complaint.NOT_RECEIVED, LossCause.NON_RECEIPT)
_NOT_AS_AGREED: Final = ReasonRule(_MONEY_BACK, Complaint.NOT_AS_AGREED, LossCause.CONDITION)
_WRONG_GOODS: Final = replace(_NOT_AS_AGREED, at_source=True)
_SERVICE: Final = ReasonRule(frozenset({Promise.AFTER_SALES}), Complaint.SERVICE, LossCause.SERVICE)
_FEE: Final = ReasonRule(frozenset({Promise.PRICE_LOCK}), Complaint.OVERCHARGED, LossCause.PRICE)

REASONS: Final[Mapping[ClaimReason, ReasonRule]] = {
    ClaimReason.NOT_RECEIVED_INVALID_TRACKING: _NOT_RECEIVED,
    ClaimReason.NOT_RECEIVED_WRONG_ADDRESS: _NOT_RECEIVED,
    ClaimReason.NOT_RECEIVED_IN_TRANSIT_OVERDUE: _NOT_RECEIVED,
    ClaimReason.NOT_RECEIVED_CUSTOMS_HELD: _NOT_RECEIVED,
    ClaimReason.NOT_RECEIVED_RETURNED_TO_SENDER: _NOT_RECEIVED,
    ClaimReason.NOT_RECEIVED_LOST: _NOT_RECEIVED,
    ClaimReason.NOT_AS_DESCRIBED_DESCRIPTION: _WRONG_GOODS,
    ClaimReason.NOT_AS_DESCRIBED_QUALITY: replace(_WRONG_GOODS, promises=_RETURNABLE, complaint=Complaint.QUALITY),
    ClaimReason.NOT_AS_DESCRIBED_DAMAGED: ReasonRule(_ON_THE_WAY, Complaint.DAMAGED, LossCause.CONDITION),
    ClaimReason.NOT_AS_DESCRIBED_SHORT: _NOT_AS_AGREED,
    # Whether goods are counterfeit is never settled between the two: the marketplace has to know.
    ClaimReason.NOT_AS_DESCRIBED_COUNTERFEIT: replace(_WRONG_GOODS, offer=_NOBODY),
    ClaimReason.NOT_AS_DESCRIBED_WRONG_ITEM: _WRONG_GOODS,
    ClaimReason.LATE_DELIVERY: ReasonRule(_TIMELY, Complaint.LATE, LossCause.LATENESS, proven_by_facts=True),
    ClaimReason.SHIPPING_METHOD_CHANGED: _WRONG_GOODS,
    ClaimReason.SERVICE_NO_RESPONSE: _SERVICE,
    ClaimReason.SERVICE_NO_VISIT: _SERVICE,
    ClaimReason.SERVICE_NOT_FINISHED: _SERVICE,
    ClaimReason.SERVICE_PARTS_NOT_SENT: _SERVICE,
    ClaimReason.SERVICE_POINT_WITHDRAWN: _SERVICE,
    ClaimReason.FEE_OVERCHARGE: _FEE,
    ClaimReason.FEE_WEIGHT: _FEE,
    ClaimReason.FEE_DIMENSIONS: _FEE,
    # Nor is conduct: nobody buys itself free of a rule of the house.
    ClaimReason.OFF_POLICY_CONDUCT: ReasonRule(
        frozenset({Promise.FAIR_DEALING}), Complaint.CONDUCT, LossCause.CONDUCT, offer=_NOBODY
    ),
}
"""What each reason is about; adding one is a member above and its row here."""
assert REASONS.keys() == set(ClaimReason)

GOODS_LOST: Final = frozenset({LossCause.NON_RECEIPT, LossCause.CONDITION})
"""Goods are lost once, whichever way."""


def same_loss(one: LossCause, other: LossCause) -> bool:
    """Whether both are about the same loss: the same cause, or goods lost in one way and in another."""
    return one is other or {one, other} <= GOODS_LOST
