"""Deposits: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "deposit_of_provider_that_stays": (
        "The provider has not left.",
        "The provider is {state}: it deposits nothing any more.",
    ),
    "deposit_holds_enough": (
        "Enough is held.",
        "Only {heldMinor} minor units of {currency} are held, not {amountMinor}.",
    ),
    "deposit_drawn_for_debt": (
        "The provider owes at least that much.",
        "The provider owes {owedMinor} minor units of {currency}, not {amountMinor}.",
    ),
    "deposit_nothing_owed": ("The provider owes nothing.", "The provider owes {owedMinor} minor units of {currency}."),
    "deposit_nothing_contingent": (
        "Nothing can still fall due.",
        "{contingentMinor} minor units of {currency} may still fall due.",
    ),
    "deposit_duties_ended": ("Nothing is open any more.", "Open duties that still keep the provider: {open}."),
    "deposit_required_stays": (
        "What is required stays.",
        "{leftMinor} minor units of {currency} would be left; {requiredMinor} are required while the provider stays.",
    ),
}
