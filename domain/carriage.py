"""Carriage: what a carrier owes for goods that it lost, damaged or delayed, and until when it must be told.

How it works. Each mode of transport has a regime, a convention or a contract, as a rule of `storage/rulebook/carriage/`
(`domain.md` 6.7). The version in force on the day of carriage governs: the cap of the air convention rises every few
years, and a parcel that flew the day before is under the old one (vector T15). Caps are in special drawing rights (SDR)
per kilogram or package; what they are worth in the claim's currency follows from the rate of a day, which is an input.

Laws: a cap is exact in SDR and rounded half-even once, when it is converted; without a rate it is not guessed; a notice
that is due after a number of days is in time until the last microsecond of the last of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from typing import Final

from domain import dates, money, terms
from domain.dates import UTC_DAYS, Calendar
from domain.exchange_rates import Conversion
from domain.explain import Finding, Input
from domain.exposure import LossCause
from domain.money import Money
from domain.rulebook import RuleKind, RuleVersion
from domain.shipments import ShipmentMode
from domain.terms import Count, Days

GRAMS: Final = Decimal(1_000)
"""In a kilogram."""


class Regime(StrEnum):
    """What a carriage is governed by; the value is the last part of its rule's key in capitals."""

    ROAD = "ROAD"
    """The convention on carriage by road (CMR)."""
    AIR = "AIR"
    """The Montreal convention."""
    SEA = "SEA"
    """The Hague-Visby rules."""
    RAIL = "RAIL"
    """The uniform rules for rail (CIM)."""
    EXPRESS = "EXPRESS"
    """The carrier's own contract."""

    @property
    def rule(self) -> str:
        """The key of its rule."""
        return f"carriage/{self.value.lower()}"


REGIMES: Final[Mapping[ShipmentMode, Regime | None]] = {
    ShipmentMode.AIR: Regime.AIR,
    ShipmentMode.AIR_CHARTER: Regime.AIR,
    ShipmentMode.OCEAN: Regime.SEA,
    ShipmentMode.TRUCK: Regime.ROAD,
    ShipmentMode.RAIL: Regime.RAIL,
    ShipmentMode.EXPRESS: Regime.EXPRESS,
    ShipmentMode.UNSTATED: None,
}
"""Mode -> what governs it; None where nobody said how the goods travelled."""
assert REGIMES.keys() == set(ShipmentMode)


class LossKind(StrEnum):
    """What became of the goods on the way."""

    LOSS = "LOSS"
    """They never arrived."""
    DAMAGE = "DAMAGE"
    """They arrived damaged or incomplete."""
    DELAY = "DELAY"
    """They arrived late."""


KINDS: Final[Mapping[LossCause, LossKind]] = {
    LossCause.NON_RECEIPT: LossKind.LOSS,
    LossCause.CONDITION: LossKind.DAMAGE,
    LossCause.LATENESS: LossKind.DELAY,
}
"""A claim's cause -> what a carrier answers for. Other causes are no carrier's."""


@dataclass(frozen=True, slots=True)
class CarriageTerms:
    """The numbers of one version of a regime. `version` is that version's id.

    Notice is due `notice_days` after delivery; where a kind has no row none is needed. The right is lost `limitation_*`
    after delivery, or after the day on which it was due. A cap is the higher of what weight and packages give;
    `declared_value` says that what was declared to the carrier counts instead. The carrier answers within `answer_days`
    of filing; a refusal is appealed once, by itself, and answered within `appeal_days`. Warnings come so many days
    before notice, and before the right is lost.
    """

    version: str
    notice_days: Mapping[LossKind, Days]
    answer_days: Days
    appeal_days: Days
    collect_days: Days
    warn_notice_days: tuple[Days, ...]
    warn_limitation_days: tuple[Days, ...]
    limitation_years: Count | None = None
    limitation_days: Days | None = None
    sdr_per_kilogram: Decimal | None = None
    sdr_per_package: Decimal | None = None
    declared_value: bool = False

    def __post_init__(self) -> None:
        if (self.limitation_years is None) == (self.limitation_days is None):
            raise ValueError("the right is lost after years or after days")
        if self.declared_value != (self.sdr_per_kilogram is None and self.sdr_per_package is None):
            raise ValueError("a regime caps by weight or packages, or by what was declared")


@dataclass(frozen=True, slots=True)
class Consignment:
    """The goods that were lost, damaged or late, as the carrier had them. None where nobody said."""

    weight_grams: int | None = None
    packages: int | None = None
    declared: Money | None = None


@dataclass(frozen=True, slots=True)
class Cap:
    """The most that the carrier owes. `sdr` is None under a contract, `amount` where something is not known yet.

    `because` holds when the amount is known; otherwise the findings beneath say what is missing.
    """

    sdr: Decimal | None
    amount: Money | None
    because: Finding


def carriage_terms(version: RuleVersion) -> CarriageTerms:
    """The numbers of a version of a regime. Refuses a version of another kind with TypeError."""
    if version.kind is not RuleKind.CARRIAGE:
        raise TypeError(f"{version.key} is not a regime of carriage")
    return terms.of(CarriageTerms, version)


def notice_due_at(rule: CarriageTerms, kind: LossKind, delivered_at: datetime, calendar: Calendar) -> datetime | None:
    """The last instant of the notice in writing; None where none is needed."""
    days = rule.notice_days.get(kind)
    return None if days is None else dates.day_deadline(delivered_at, days, calendar)


def limitation_at(rule: CarriageTerms, delivered_at: datetime, calendar: Calendar) -> datetime:
    """The last instant at which the carrier can be claimed from; for lost goods counted from when they were due."""
    if rule.limitation_days is not None:
        return dates.day_deadline(delivered_at, rule.limitation_days, calendar)
    months = MONTHS * int(rule.limitation_years or 0)
    return dates.months_deadline(delivered_at, months, calendar)


MONTHS: Final = 12
"""In a year."""


def cap(rule: CarriageTerms, goods: Consignment, currency: str, conversion: Conversion | None) -> Cap:
    """The most that the carrier owes for those goods, in `currency` (vectors T15 and T16).

    `conversion` is the rate of an SDR in that currency; None where nobody recorded one.
    """
    if rule.declared_value:
        return _declared(rule, goods, currency)
    known = [_part(rule.sdr_per_kilogram, _kilograms(goods)), _part(rule.sdr_per_package, _packages(goods))]
    parts = [part for part in known if part is not None]
    inputs: dict[str, Input] = {
        "weightGrams": goods.weight_grams,
        "packages": goods.packages,
        "sdrPerKilogram": _spelled(rule.sdr_per_kilogram),
        "sdrPerPackage": _spelled(rule.sdr_per_package),
    }
    weighed = Finding("carriage.goods", bool(parts), "carriage_goods_known", inputs, rule.version)
    if not parts:
        return Cap(None, None, Finding("carriage.cap", False, "carriage_cap_known", {}, rule.version, (weighed,)))
    sdr = max(parts)
    rated: dict[str, Input] = {"quote": currency}
    if conversion is not None:
        rated |= {"day": conversion.day.isoformat(), "rate": f"{conversion.rate:f}"}
    rate = Finding("carriage.rate", conversion is not None, "carriage_sdr_rate_known", rated)
    amount = None if conversion is None else worth(sdr, conversion.rate, currency)
    inputs = {"sdr": _spelled(sdr), "amount": None if amount is None else str(amount)}
    found = Finding("carriage.cap", amount is not None, "carriage_cap_known", inputs, rule.version, (weighed, rate))
    return Cap(sdr, amount, found)


def _declared(rule: CarriageTerms, goods: Consignment, currency: str) -> Cap:
    fits = goods.declared is not None and goods.declared.currency == currency
    inputs: dict[str, Input] = {"declared": None if goods.declared is None else str(goods.declared)}
    declared = Finding("carriage.declared", fits, "carriage_value_declared", inputs, rule.version)
    amount = goods.declared if fits else None
    inputs = {"sdr": None, "amount": None if amount is None else str(amount)}
    return Cap(None, amount, Finding("carriage.cap", fits, "carriage_cap_known", inputs, rule.version, (declared,)))


def worth(sdr: Decimal, rate: Decimal, currency: str) -> Money:
    """That many SDR in minor units of `currency`, rounded half-even once."""
    minor = (sdr * rate).scaleb(money.scale(currency)).to_integral_value(ROUND_HALF_EVEN)
    return Money(int(minor), currency)


def _part(per: Decimal | None, many: Decimal | None) -> Decimal | None:
    return None if per is None or many is None else per * many


def _kilograms(goods: Consignment) -> Decimal | None:
    return None if goods.weight_grams is None else Decimal(goods.weight_grams) / GRAMS


def _packages(goods: Consignment) -> Decimal | None:
    return None if goods.packages is None else Decimal(goods.packages)


def _spelled(number: Decimal | None) -> str | None:
    return None if number is None else f"{number:f}"


# -- the rule's own cases ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CarriageGiven:
    """Goods of that weight, so many packages, delivered (or due) then; an SDR is worth `rate` of `currency`."""

    kind: LossKind
    delivered_at: datetime
    currency: str = "USD"
    weight_grams: Count | None = None
    packages: Count | None = None
    declared: Money | None = None
    rate: Decimal | None = None
    calendar: Calendar = UTC_DAYS


@dataclass(frozen=True, slots=True)
class CarriageFound:
    """The cap and the two instants after which it is too late."""

    sdr: str | None
    amount: Money | None
    notice_due_at: datetime | None
    limitation_at: datetime


def judge(rule: CarriageTerms, given: CarriageGiven) -> CarriageFound:
    """What the regime makes of the goods."""
    goods = Consignment(given.weight_grams, given.packages, given.declared)
    day = dates.local_day(given.delivered_at, given.calendar)
    rated = None if given.rate is None else Conversion(money.SDR, given.currency, day, given.rate)
    found = cap(rule, goods, given.currency, rated)
    return CarriageFound(
        sdr=None if found.sdr is None else f"{found.sdr.normalize():f}",
        amount=found.amount,
        notice_due_at=notice_due_at(rule, given.kind, given.delivered_at, given.calendar),
        limitation_at=limitation_at(rule, given.delivered_at, given.calendar),
    )
