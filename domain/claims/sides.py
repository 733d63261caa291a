"""Who acts on a claim."""

from enum import StrEnum


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
