"""Gates: what a provider's requirement opens. If it is no longer met, exactly that closes and nothing else.

Law: a gate that names nothing stands before everything; one that names services, markets or actions stands before what
has all that it names: a bond for sea freight in one market leaves road freight there and sea freight elsewhere alone.
"""

from dataclasses import dataclass
from enum import StrEnum

from domain.modes import ServiceMode


class Action(StrEnum):
    """What a provider can be able to do."""

    LIST = "LIST"
    """Show its services and lanes."""
    SELL = "SELL"
    """Be offered in quotes."""
    BOOK = "BOOK"
    """Take new bookings."""
    OFFER_GUARANTEE = "OFFER_GUARANTEE"
    """Stand for promises."""


@dataclass(frozen=True, slots=True)
class Gates:
    """What depends on something: those services, in those markets, those actions. Empty means all."""

    services: frozenset[ServiceMode] = frozenset()
    markets: frozenset[str] = frozenset()
    actions: frozenset[Action] = frozenset()
