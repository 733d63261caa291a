"""Shares of liability: exactly the whole, never less than nothing, and money divided without remainder."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import money
from domain.errors import Invalid
from domain.liability import Bearer, Share, Shares, split, stated
from domain.money import WHOLE_BP, Money


@st.composite
def whole_shares(draw: st.DrawFn) -> Shares:
    """Any shares that sum to the whole."""
    bearers = draw(st.lists(st.sampled_from(list(Bearer)), min_size=1, unique=True))
    cuts = sorted(draw(st.lists(st.integers(1, WHOLE_BP - 1), min_size=len(bearers) - 1, unique=True)))
    cuts = cuts[: len(bearers) - 1]
    edges = [0, *cuts, WHOLE_BP]
    return Shares.of({bearer: edges[place + 1] - edges[place] for place, bearer in enumerate(bearers)})


@given(shares=whole_shares(), minor=st.integers(0, 10**12))
def test_the_parts_of_a_loss_sum_to_it(shares: Shares, minor: int) -> None:
    parts = split(Money(minor, "USD"), shares)
    assert money.total(tuple(parts.values()), "USD") == Money(minor, "USD")
    assert list(parts) == [part.bearer for part in shares]
    for part in shares:  # nobody bears a cent more or less than its share, but for the one that cannot be divided
        assert abs(parts[part.bearer].minor * WHOLE_BP - minor * part.basis_points) < WHOLE_BP


@pytest.mark.parametrize(
    "parts",
    [{}, {Bearer.BUYER: 9_999}, {Bearer.BUYER: 10_001}, {Bearer.PROVIDER: 10_000, Bearer.BUYER: -1, Bearer.CARRIER: 1}],
)
def test_what_does_not_sum_to_the_whole_is_no_sharing(parts: dict[Bearer, int]) -> None:
    with pytest.raises(ValueError, match=r"sum to 10000|above zero"):
        Shares.of(parts)


def test_what_somebody_states_is_refused_with_every_problem() -> None:
    with pytest.raises(Invalid) as refused:
        stated((Share(Bearer.BUYER, 5_000), Share(Bearer.BUYER, 4_000), Share(Bearer.CARRIER, 0)))
    assert [problem.message for problem in refused.value.problems] == [
        "names a bearer twice",
        "has a share that is not above zero",
        "sums to 9000 basis points, not to 10000",
    ]


def test_shares_stand_in_one_order_however_they_are_stated() -> None:
    shares = stated((Share(Bearer.CARRIER, 4_000), Share(Bearer.PROVIDER, 6_000)))
    assert shares == Shares.of({Bearer.PROVIDER: 6_000, Bearer.CARRIER: 4_000})
    assert (shares.of_bearer(Bearer.CARRIER), shares.of_bearer(Bearer.BUYER)) == (4_000, 0)
