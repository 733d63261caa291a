"""The ledger: what findings say of it."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "balance_within_bounds": (
        "The books can hold the balance.",
        "A balance would pass {maxMinor} minor units, the most that an account holds.",
    ),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "balance_within_bounds": ("账户可以容纳该余额。", "余额将超过账户上限 {maxMinor}（最小货币单位）。"),
}
