"""Liability: who bears a loss, and in which shares (`domain.md` 6.6).

Laws: the shares of one decision sum to exactly 10,000 basis points; nobody bears less than nothing; a loss that is
divided by them is divided without remainder, so that the parts sum to the whole.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain import money
from domain.errors import Invalid, Problem
from domain.explain import Finding, Input
from domain.ids import LiablePartyId
from domain.money import WHOLE_BP, Money


class Bearer(StrEnum):
    """Who can bear a loss."""

    PROVIDER = "PROVIDER"
    """The logistics or service provider."""
    SUPPLIER = "SUPPLIER"
    """The supplier who sold the goods."""
    CARRIER = "CARRIER"
    """The carrier that moved them."""
    PLATFORM = "PLATFORM"
    """The marketplace."""
    BUYER = "BUYER"
    """The buyer."""
    FORCE_MAJEURE = "FORCE_MAJEURE"
    """Nobody: what no one could prevent. The marketplace carries it."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one of them bears, in basis points."""

    bearer: Bearer
    basis_points: int


@dataclass(frozen=True, slots=True)
class Shares:
    """Who bears what. Each bearer stands at most once, in the order of `Bearer`; nothing is not listed.

    Raises:
        ValueError: the shares do not sum to 10,000, or one is not above zero.
    """

    parts: tuple[Share, ...]

    def __post_init__(self) -> None:
        if [part.bearer for part in self.parts] != [b for b in Bearer if b in {part.bearer for part in self.parts}]:
            raise ValueError("each bearer stands once, in order")
        if any(part.basis_points <= 0 for part in self.parts):
            raise ValueError("a share is above zero")
        if sum(part.basis_points for part in self.parts) != WHOLE_BP:
            raise ValueError(f"shares sum to {WHOLE_BP} basis points")

    @classmethod
    def of(cls, shares: Mapping[Bearer, int]) -> "Shares":
        """The shares of that table, those of nothing left out. Refuses like the class itself."""
        return cls(tuple(Share(bearer, shares[bearer]) for bearer in Bearer if shares.get(bearer)))

    @classmethod
    def whole(cls, bearer: Bearer) -> "Shares":
        """One bears it all."""
        return cls((Share(bearer, WHOLE_BP),))

    def __iter__(self) -> Iterator[Share]:
        return iter(self.parts)

    def of_bearer(self, bearer: Bearer) -> int:
        """What that one bears, in basis points; zero where nothing."""
        return next((part.basis_points for part in self.parts if part.bearer is bearer), 0)


@dataclass(frozen=True, slots=True)
class Debtor:
    """A party of the marketplace that owes its share of what a buyer is given, in basis points."""

    party_id: LiablePartyId
    share_bp: int


PARTIES: Final = (Bearer.PROVIDER, Bearer.SUPPLIER)
"""The bearers that are parties of the marketplace: what they bear is collected from them."""


def debtors(shares: Shares, parties: Mapping[Bearer, LiablePartyId]) -> tuple[Debtor, ...]:
    """Who owes what by those shares, in the order in which `parties` says who each bearer is.

    A party that bears in two roles owes both together. What a bearer that `parties` does not know bears is nobody's
    debt here: a carrier is asked by a case of its own, and the marketplace carries the rest.
    """
    owed: dict[LiablePartyId, int] = {}
    for bearer, party_id in parties.items():
        if share_bp := shares.of_bearer(bearer):
            owed[party_id] = owed.get(party_id, 0) + share_bp
    return tuple(Debtor(party_id, share_bp) for party_id, share_bp in owed.items())


def borne_by_somebody(shares: Shares, parties: Mapping[Bearer, LiablePartyId]) -> tuple[Finding, ...]:
    """For each share that is laid on a supplier or provider, whether the order has one that can bear it."""
    return tuple(
        Finding("liability.bearer", bearer in parties, "liability_bearer_on_order", _bears(bearer, shares))
        for bearer in PARTIES
        if shares.of_bearer(bearer)
    )


def _bears(bearer: Bearer, shares: Shares) -> dict[str, Input]:
    return {"bearer": bearer.value, "basisPoints": shares.of_bearer(bearer)}


def stated(parts: Iterable[Share]) -> Shares:
    """The shares as somebody states them.

    Raises:
        Invalid: a bearer stands twice, a share is not above zero, or they do not sum to 10,000 (all of it).
    """
    listed = tuple(parts)
    problems = []
    if len({part.bearer for part in listed}) != len(listed):
        problems.append(Problem(("shares",), "names a bearer twice"))
    if any(part.basis_points <= 0 for part in listed):
        problems.append(Problem(("shares",), "has a share that is not above zero"))
    if (whole := sum(part.basis_points for part in listed)) != WHOLE_BP:
        problems.append(Problem(("shares",), f"sums to {whole} basis points, not to {WHOLE_BP}"))
    if problems:
        raise Invalid(*problems)
    return Shares.of({part.bearer: part.basis_points for part in listed})


def split(whole: Money, shares: Shares) -> Mapping[Bearer, Money]:
    """What each bears of `whole`; the parts sum to it exactly."""
    parts = money.share_out(whole, [part.basis_points for part in shares.parts])
    return dict(zip((part.bearer for part in shares.parts), parts, strict=True))
