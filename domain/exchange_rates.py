"""Exchange rates: what one unit of a currency cost in another on a day, as the marketplace's treasury recorded it.

Laws: a rate is never changed and never deleted: what a past decision was converted at can be looked up for ever; a rate
serves its own day and the days after it until a later one is recorded, but not for longer than `AGE_MAX`; a pair serves
both ways; without a rate there is a typed refusal, never a guess.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from domain.change import Change, Happening
from domain.errors import Conflict, Invalid, Problem, Refused, Told
from domain.explain import Finding, Input
from domain.ids import ExchangeRateId
from domain.money import CURRENCIES, SDR

RATED: Final = CURRENCIES | {SDR}
"""What has rates."""

AGE_MAX: Final = timedelta(days=7)
"""How old a rate may be when it is used. Reference rates pause over weekends and public holidays, five days at most
(Easter, the turn of the year); a week bridges every pause and no more (ours)."""

RATES_MAX: Final = 100
"""Rates in one call of the mutation; longer tables come in through `run import rates`."""

DECIMALS: Final = 12
"""Digits after the point that are kept (the column's scale)."""

_LARGEST: Final = Decimal(10) ** 12
"""Every rate is below this (the column holds twelve digits before the point)."""


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """`rate` units of `quote` for one unit of `base` on `day`; `source` says who says so."""

    id: ExchangeRateId
    base: str
    quote: str
    day: date
    rate: Decimal
    source: str
    recorded_at: datetime
    version: int

    @property
    def pair(self) -> tuple[str, str, date]:
        """What no second rate may be recorded for."""
        return (self.base, self.quote, self.day)


@dataclass(frozen=True, slots=True)
class NewRate:
    """A rate as it comes in."""

    base: str
    quote: str
    day: date
    rate: Decimal


@dataclass(frozen=True, slots=True)
class RecordExchangeRates:
    """A batch of rates from one source."""

    rates: tuple[NewRate, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Conversion:
    """A rate as used: units of the wanted currency for one of the given one, on the day it was recorded for."""

    base: str
    quote: str
    day: date
    rate: Decimal


def problems(rate: NewRate, today: date) -> tuple[str, ...]:
    """Everything wrong with a rate by itself, as sentences."""
    wrong = [f"{code!r} is not a currency." for code in (rate.base, rate.quote) if code not in RATED]
    if rate.base == rate.quote:
        wrong.append("A currency has no rate to itself.")
    if not rate.rate.is_finite() or not 0 < rate.rate < _LARGEST:
        wrong.append("A rate is above zero and below a million million.")
    elif rate.rate != round(rate.rate, DECIMALS):
        wrong.append(f"A rate has at most {DECIMALS} decimals.")
    if rate.day > today:
        wrong.append("A rate is of a day that has begun.")
    return tuple(wrong)


def record_exchange_rates(
    told: Iterable[tuple[ExchangeRateId, NewRate]],
    known: Iterable[ExchangeRate],
    source: str,
    *,
    today: date,
    at: datetime,
) -> tuple[Change[ExchangeRate], ...]:
    """The rates among `told` that are news. A rate told again as it is known changes nothing.

    Refuses with Invalid what is wrong by itself, naming each, and with Conflict another rate for a pair and day that
    have one.
    """
    recorded = {rate.pair: rate for rate in known}
    changes: list[Change[ExchangeRate]] = []
    wrong = Told()
    for index, (id, new) in enumerate(told):
        where = ("rates", str(index))
        if faults := problems(new, today):
            wrong.note(Invalid(*(Problem(where, fault) for fault in faults)))
            continue
        rate = ExchangeRate(id, new.base, new.quote, new.day, new.rate, source, at, version=1)
        earlier = recorded.setdefault(rate.pair, rate)
        if earlier is rate:
            changes.append(Change(None, rate, (_recorded(rate),)))
        elif earlier.rate != rate.rate:
            stands = earlier.rate.normalize()  # as it was given, without the zeros that the database adds
            wrong.note(
                Conflict(
                    f"{rate.base}/{rate.quote} of {rate.day} is recorded as {stands:f}; a rate is never changed.",
                    field=where,
                )
            )
    wrong.done()
    return tuple(changes)


def conversion(base: str, quote: str, day: date, candidates: Iterable[ExchangeRate]) -> Conversion:
    """The rate from `base` to `quote` to use on `day`: the latest candidate of either direction, the direct one first.

    Refuses when no candidate is of that day or of the `AGE_MAX` before it. The inverse is exact to 28 digits.
    """
    fitting = [
        rate for rate in candidates if {rate.base, rate.quote} == {base, quote} and day - AGE_MAX <= rate.day <= day
    ]
    if not fitting:
        inputs: dict[str, Input] = {"base": base, "quote": quote, "day": day.isoformat(), "ageDays": AGE_MAX.days}
        finding = Finding("exchange_rate.known", False, "exchange_rate_known", inputs)
        raise Refused("exchange_rate", f"There is no rate from {base} to {quote} for {day.isoformat()}.", (finding,))
    best = max(fitting, key=lambda rate: (rate.day, rate.base == base))
    return Conversion(base, quote, best.day, best.rate if best.base == base else 1 / best.rate)


class RateTable:
    """Many rates, to convert many amounts: per pair and day what `conversion` would find among them all."""

    def __init__(self, rates: Iterable[ExchangeRate]) -> None:
        self._by_pair: dict[tuple[str, str], list[ExchangeRate]] = {}
        for rate in sorted(rates, key=lambda rate: rate.day):
            self._by_pair.setdefault((rate.base, rate.quote), []).append(rate)
        self._found: dict[tuple[str, str, date], Conversion | None] = {}

    def find(self, base: str, quote: str, day: date) -> Conversion | None:
        """The rate to use on that day, or None where `conversion` refuses."""
        wanted = (base, quote, day)
        if wanted not in self._found:
            latest = (self._latest(pair, day) for pair in ((base, quote), (quote, base)))
            try:
                self._found[wanted] = conversion(base, quote, day, [rate for rate in latest if rate is not None])
            except Refused:
                self._found[wanted] = None
        return self._found[wanted]

    def _latest(self, pair: tuple[str, str], day: date) -> ExchangeRate | None:
        rates = self._by_pair.get(pair, [])
        place = bisect_right(rates, day, key=lambda rate: rate.day)
        return rates[place - 1] if place else None


def _recorded(rate: ExchangeRate) -> Happening:
    facts = {"base": rate.base, "quote": rate.quote, "day": rate.day.isoformat(), "rate": f"{rate.rate:f}"}
    return Happening("exchange_rate.recorded", facts)
