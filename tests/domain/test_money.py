"""Money: exact, of one currency, rounded half-even once."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import money
from domain.money import CURRENCIES, MINOR_MAX, Money

minors = st.integers(-(10**12), 10**12)
currencies = st.sampled_from(sorted(CURRENCIES))
amounts = st.builds(Money, minors, currencies)


@given(amounts)
def test_an_amount_is_read_as_it_is_written(amount: Money) -> None:
    assert Money.parse(amount.amount, amount.currency) == amount
    assert str(amount).split(" ") == [f"{amount.amount:f}", amount.currency]


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("1", "JPY", 1), ("1.25", "USD", 125), ("1.250", "KWD", 1250), ("-0.01", "EUR", -1)],
)
def test_currencies_have_their_own_decimals(amount: str, currency: str, minor: int) -> None:
    assert Money.parse(Decimal(amount), currency).minor == minor


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("0.001", "USD"),
        ("0.1", "JPY"),
        ("NaN", "USD"),
        ("Infinity", "USD"),
        ("1", "XXX"),
        ("1", "usd"),
        ("1e30", "USD"),
    ],
)
def test_other_amounts_are_refused(amount: str, currency: str) -> None:
    with pytest.raises(ValueError, match=r"decimals|number|currency|64 bits"):
        Money.parse(Decimal(amount), currency)


def test_amounts_stay_within_64_bits() -> None:
    assert Money(MINOR_MAX, "USD").minor == MINOR_MAX
    with pytest.raises(ValueError, match="64 bits"):
        Money(MINOR_MAX, "USD") + Money(1, "USD")


@given(minors, minors, currencies)
def test_sums_are_exact(left: int, right: int, currency: str) -> None:
    one, other = Money(left, currency), Money(right, currency)
    assert (one + other).minor == left + right
    assert one + other - other == one
    assert -one + one == Money.zero(currency)
    assert (one < other, one <= other) == (left < right, left <= right)
    assert money.total([one, other], currency) == one + other


def test_two_currencies_never_mix() -> None:
    dollar, euro = Money(1, "USD"), Money(1, "EUR")
    for mix in (lambda: dollar + euro, lambda: dollar - euro, lambda: dollar < euro, lambda: dollar <= euro):
        with pytest.raises(ValueError, match="do not mix"):
            mix()
    with pytest.raises(ValueError, match="do not mix"):
        money.total([dollar], "EUR")
    assert money.total([], "EUR") == Money.zero("EUR")


@pytest.mark.parametrize(
    ("minor", "basis_points", "shared"),
    [(333_333, 200, 6_667), (25, 1_000, 2), (35, 1_000, 4), (-25, 1_000, -2), (1, 10_000, 1), (1, 0, 0)],
)
def test_a_share_is_rounded_half_even_once(minor: int, basis_points: int, shared: int) -> None:
    assert money.share(Money(minor, "USD"), basis_points).minor == shared


@given(minors, st.integers(0, 10_000))
def test_a_share_is_within_half_a_cent_of_the_truth(minor: int, basis_points: int) -> None:
    shared = money.share(Money(minor, "USD"), basis_points).minor
    assert abs(shared - Fraction(minor * basis_points, 10_000)) <= Fraction(1, 2)


@given(st.integers(0, 10**12), st.lists(st.integers(0, 1_000), min_size=1, max_size=6).filter(any))
def test_shared_out_parts_sum_to_the_whole_and_are_fair(minor: int, weights: list[int]) -> None:
    whole = Money(minor, "USD")
    parts = money.share_out(whole, weights)
    assert money.total(parts, "USD") == whole
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part.minor - Fraction(minor * weight, sum(weights))) < 1


def test_the_cents_left_over_go_to_the_largest_remainders_then_to_the_first() -> None:
    assert money.share_out(Money(10, "USD"), [1, 2, 4]) == (Money(1, "USD"), Money(3, "USD"), Money(6, "USD"))
    assert money.share_out(Money(2, "USD"), [1, 1, 1]) == (Money(1, "USD"), Money(1, "USD"), Money(0, "USD"))


@pytest.mark.parametrize("weights", [[], [0], [0, 0], [1, -1], [2, -1]])
def test_weights_are_not_negative_and_not_nothing(weights: list[int]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        money.share_out(Money(100, "USD"), weights)


@pytest.mark.parametrize(
    ("amount", "to", "rate", "minor"),
    [
        (Money(10_000, "USD"), "JPY", "150.125", 15_012),
        (Money(10_000, "USD"), "KWD", "0.3075", 30_750),
        (Money(15_012, "JPY"), "USD", "0.0066611", 10_000),
    ],
)
def test_conversion_minds_the_decimals_of_both(amount: Money, to: str, rate: str, minor: int) -> None:
    assert money.convert(amount, to, Decimal(rate)) == Money(minor, to)


@pytest.mark.parametrize("rate", ["0", "-1", "NaN", "Infinity"])
def test_a_rate_is_above_zero(rate: str) -> None:
    with pytest.raises(ValueError, match="above zero"):
        money.convert(Money(1, "USD"), "EUR", Decimal(rate))


@given(amounts)
def test_the_rate_one_changes_nothing_within_a_currency(amount: Money) -> None:
    assert money.convert(amount, amount.currency, Decimal(1)) == amount
