"""Remedies: what a decided or agreed claim gives its buyer, one row per award.

Theory of operation (`domain.md` 2.10, 6.6):

    COUPON                       born PROVIDED: the coupon is issued with the award (`domain/coupons.py`)
    REFUND_*, RETURNLESS_REFUND  DUE -the payment system reports the refund paid-> PROVIDED
    REPLACEMENT, REPAIR, PARTS   DUE -provide (liable party)-> IN_PROGRESS -confirm (buyer, or its silence)-> PROVIDED
                                 DUE -overdue-> FAILED      IN_PROGRESS -dispute (buyer)-> FAILED
    DUE, IN_PROGRESS -the decision is undone-> CANCELLED

Laws: what money reaches the buyer is an amount of its award, never more; a remedy in kind has no amount; whoever must
act has a deadline, and silence has a named consequence.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.ids import OrderLineId
from domain.money import Money


class RemedyKind(StrEnum):
    """How a loss is made good (`domain.md` 2.10)."""

    REFUND_FULL = "REFUND_FULL"
    """All that was paid for the line is given back."""
    REFUND_PARTIAL = "REFUND_PARTIAL"
    """A part of what was paid for the line is given back."""
    COUPON = "COUPON"
    """A coupon for a later order."""
    REPLACEMENT = "REPLACEMENT"
    """The liable party sends the goods again."""
    REPAIR = "REPAIR"
    """The liable party repairs the goods."""
    PARTS = "PARTS"
    """The liable party sends spare parts."""
    RETURNLESS_REFUND = "RETURNLESS_REFUND"
    """Money is given back and the buyer keeps the goods."""


REFUNDS: Final = frozenset({RemedyKind.REFUND_FULL, RemedyKind.REFUND_PARTIAL, RemedyKind.RETURNLESS_REFUND})
"""The remedies that are paid in money."""

IN_KIND: Final = frozenset({RemedyKind.REPLACEMENT, RemedyKind.REPAIR, RemedyKind.PARTS})
"""The remedies that the liable party does; they have no amount."""


@dataclass(frozen=True, slots=True)
class Award:
    """One remedy, for one line of the order or, without a line, for all lines that the claim is about.

    Refuses with ValueError an amount below zero, money for a remedy in kind, and a remedy in money that pays nothing.
    """

    kind: RemedyKind
    amount: Money
    line_id: OrderLineId | None = None

    def __post_init__(self) -> None:
        if (self.amount.minor > 0) == (self.kind in IN_KIND) or self.amount.minor < 0:
            raise ValueError(f"{self.kind} of {self.amount} is no award")
