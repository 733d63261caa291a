"""Shares of liability: exactly the whole, never less than nothing, and money divided without remainder."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import money, recoveries
from domain.errors import Invalid
from domain.ids import LiablePartyId, ProviderId, SupplierId
from domain.liability import Bearer, Debtor, Share, Shares, borne_by_somebody, debtors, split, stated
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


SUPPLIER, PROVIDER = SupplierId.mint(1, 1), ProviderId.mint(1, 2)


def test_who_owes_follows_who_each_bearer_is_and_one_in_two_roles_owes_both() -> None:
    shares = Shares.of({Bearer.PROVIDER: 2_000, Bearer.SUPPLIER: 5_000, Bearer.CARRIER: 1_000, Bearer.PLATFORM: 2_000})
    parties: dict[Bearer, LiablePartyId] = {
        Bearer.SUPPLIER: SUPPLIER,
        Bearer.PROVIDER: PROVIDER,
        Bearer.CARRIER: PROVIDER,
    }
    assert debtors(shares, parties) == (Debtor(SUPPLIER, 5_000), Debtor(PROVIDER, 3_000))
    assert debtors(shares, {Bearer.SUPPLIER: SUPPLIER}) == (Debtor(SUPPLIER, 5_000),)
    found = borne_by_somebody(shares, {Bearer.SUPPLIER: SUPPLIER})
    assert [(each.inputs["bearer"], each.holds) for each in found] == [("PROVIDER", False), ("SUPPLIER", True)]


@given(st.integers(0, 10_000_00), st.integers(1, 9_999), st.integers(0, 9_999))
def test_two_parties_never_owe_more_than_there_is_and_all_of_it_where_they_share_all(
    minor: int, first_bp: int, kept_bp: int
) -> None:
    """Half a cent is the first one's; what each owes never shrinks when more is spent."""
    whole, more = Money(minor, "USD"), Money(minor + 1, "USD")
    second_bp = max(10_000 - first_bp - kept_bp, 0)
    first, second = recoveries.part(whole, first_bp, 1), recoveries.part(whole, second_bp, 2)
    assert first + second <= whole
    assert first + recoveries.part(whole, 10_000 - first_bp, 2) == whole
    assert first <= recoveries.part(more, first_bp, 1)
    assert second <= recoveries.part(more, second_bp, 2)
