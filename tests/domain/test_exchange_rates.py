"""Exchange rates: recorded once, looked up by day, never guessed."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import exchange_rates
from domain.errors import Conflict, Invalid, Refused
from domain.exchange_rates import AGE_MAX, ExchangeRate, NewRate
from domain.ids import ExchangeRateId

TODAY = date(2026, 3, 10)
AT = datetime(2026, 3, 10, 8, tzinfo=UTC)


def rate(base: str, quote: str, day: date, value: str) -> ExchangeRate:
    return ExchangeRate(ExchangeRateId.mint(1, day.toordinal()), base, quote, day, Decimal(value), "a bank", AT, 1)


def record(*told: NewRate, known: tuple[ExchangeRate, ...] = ()) -> tuple[str, ...]:
    numbered = [(ExchangeRateId.mint(2, number), new) for number, new in enumerate(told)]
    changes = exchange_rates.record_exchange_rates(numbered, known, "a bank", today=TODAY, at=AT)
    return tuple(f"{change.after.base}{change.after.quote} {change.after.rate}" for change in changes)


def test_a_rate_told_again_changes_nothing_and_another_one_is_refused() -> None:
    new = NewRate("EUR", "USD", TODAY, Decimal("1.10"))
    assert record(new, new) == ("EURUSD 1.10",)
    known = (rate("EUR", "USD", TODAY, "1.1"),)
    assert record(new, known=known) == ()
    with pytest.raises(Conflict):
        record(NewRate("EUR", "USD", TODAY, Decimal("1.11")), known=known)


@pytest.mark.parametrize(
    "wrong",
    [
        NewRate("EUR", "EUR", TODAY, Decimal(1)),
        NewRate("EUR", "XXX", TODAY, Decimal(1)),
        NewRate("EUR", "USD", TODAY, Decimal(0)),
        NewRate("EUR", "USD", TODAY, Decimal(-1)),
        NewRate("EUR", "USD", TODAY, Decimal("NaN")),
        NewRate("EUR", "USD", TODAY, Decimal("1e12")),
        NewRate("EUR", "USD", TODAY, Decimal("0.0000000000001")),
        NewRate("EUR", "USD", TODAY + timedelta(days=1), Decimal(1)),
    ],
)
def test_what_is_no_rate_is_refused_by_its_place(wrong: NewRate) -> None:
    with pytest.raises(Invalid) as refusal:
        record(NewRate("EUR", "USD", TODAY, Decimal(1)), wrong)
    assert {problem.field for problem in refusal.value.problems} == {("rates", "1")}


def test_the_latest_rate_on_or_before_the_day_serves_both_ways() -> None:
    known = [
        rate("EUR", "USD", TODAY - timedelta(days=3), "1.20"),
        rate("EUR", "USD", TODAY - timedelta(days=1), "1.25"),
        rate("EUR", "USD", TODAY + timedelta(days=1), "9"),
    ]
    direct = exchange_rates.conversion("EUR", "USD", TODAY, known)
    assert (direct.rate, direct.day) == (Decimal("1.25"), TODAY - timedelta(days=1))
    assert exchange_rates.conversion("USD", "EUR", TODAY, known).rate == Decimal("0.8")


def test_the_direct_rate_of_a_day_goes_before_the_inverse() -> None:
    known = [rate("USD", "EUR", TODAY, "0.8"), rate("EUR", "USD", TODAY, "1.3")]
    assert exchange_rates.conversion("EUR", "USD", TODAY, known).rate == Decimal("1.3")


@given(st.integers(0, 20))
def test_a_rate_serves_for_a_week_and_not_longer(days: int) -> None:
    known = [rate("EUR", "USD", TODAY - timedelta(days=days), "1.1")]
    if timedelta(days=days) <= AGE_MAX:
        assert exchange_rates.conversion("EUR", "USD", TODAY, known).rate == Decimal("1.1")
    else:
        with pytest.raises(Refused) as refusal:
            exchange_rates.conversion("EUR", "USD", TODAY, known)
        assert [finding.rule for finding in refusal.value.unmet] == ["exchange_rate.known"]
