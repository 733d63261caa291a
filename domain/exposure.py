"""Exposure: what one loss can cost at most, whoever pays for it (`domain.md` 5, B16; vector T14).

An exposure is of one order line and one loss. Claims, chargebacks, insurance and goodwill draw on it before money
reaches the buyer; what is taken back is released.

Laws: what is drawn never exceeds the ceiling, whatever the order of events; goods are lost once: not received, damaged
and charged back share one ceiling, the line's paid value with its share of the freight; what a rule pays for lateness,
service, price or conduct has a ceiling of its own, the amount that the rule gives.
"""

from enum import StrEnum


class LossCause(StrEnum):
    """What a buyer lost by."""

    LATENESS = "LATENESS"
    """The goods came late."""
    NON_RECEIPT = "NON_RECEIPT"
    """The goods did not come."""
    CONDITION = "CONDITION"
    """The goods came damaged, wrong, short, counterfeit or of lesser quality."""
    SERVICE = "SERVICE"
    """A promised service was not performed."""
    PRICE = "PRICE"
    """The buyer was charged more than was agreed."""
    CONDUCT = "CONDUCT"
    """The party behaved against the rules."""
