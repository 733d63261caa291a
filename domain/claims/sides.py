"""Who acts on a claim, and on what else has the same two sides."""

from enum import StrEnum
from typing import Protocol

from domain.access import Caller, ViewerKind
from domain.ids import BuyerId, LiablePartyId


class Side(StrEnum):
    """Who acts on a claim, as its parties may know it."""

    BUYER = "BUYER"
    """The buyer."""
    LIABLE_PARTY = "LIABLE_PARTY"
    """The supplier or provider that gave the promise."""
    STAFF = "STAFF"
    """The marketplace's staff."""
    SYSTEM = "SYSTEM"
    """A clock."""


class TwoSided(Protocol):
    """What a buyer and a liable party stand against each other in: a claim, a return, a service, an inspection."""

    @property
    def buyer_id(self) -> BuyerId:
        """The buyer."""

    @property
    def party_id(self) -> LiablePartyId:
        """The liable party."""


def side_of(case: TwoSided, caller: Caller) -> Side | None:
    """On which side of the case the caller stands; None when on no side."""
    if caller.viewer is ViewerKind.STAFF:
        return Side.STAFF
    if caller.party_id == case.buyer_id:
        return Side.BUYER
    return Side.LIABLE_PARTY if caller.party_id == case.party_id else None
