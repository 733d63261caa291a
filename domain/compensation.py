"""Compensation: what a broken promise pays, and how it is reckoned (`domain.md` 6.8).

Laws: a share of the base, never above the cap, rounded half-even once; a cap in another currency is converted at the
rate of the day of issue, and without a rate there is a refusal, never a guess; what is paid is a coupon that the
liable party owes for if, and as far as, it is used in time.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain import dates, money
from domain.dates import Calendar
from domain.errors import Refused
from domain.exchange_rates import Conversion
from domain.explain import Finding, Input
from domain.money import Money
from domain.terms import BasisPoints, Days


class Form(StrEnum):
    """How compensation is given."""

    COUPON = "COUPON"
    """A coupon for a later order."""


@dataclass(frozen=True, slots=True)
class Compensation:
    """What a broken promise pays: a share of the base up to the cap, recovered from the liable party when used."""

    share_bp: BasisPoints
    cap: Money
    form: Form
    coupon_days: Days
    recovery_days: Days

    def __post_init__(self) -> None:
        # Every redemption falls due whole: the books know no part that was redeemed in time and yet is nobody's to pay.
        if self.recovery_days < self.coupon_days:
            raise ValueError("a coupon is not good for longer than its redemption is recovered")


def coupon_expires_at(compensation: Compensation, issued_at: datetime, calendar: Calendar) -> datetime:
    """The last instant of a coupon issued at `issued_at` (vector T5: the last microsecond of day 90)."""
    return dates.day_deadline(issued_at, compensation.coupon_days, calendar)


def reckoned(
    compensation: Compensation, base: Money, conversion: Conversion | None, version: str
) -> tuple[Money, Finding]:
    """The share of the base up to the cap, and how it came about. Holds unless the amount rounds to nothing."""
    cap, rate = converted(compensation.cap, base.currency, conversion)
    shared = money.share(base, compensation.share_bp)
    amount = min(shared, cap)
    inputs: dict[str, Input] = {
        "base": str(base),
        "shareBp": compensation.share_bp,
        "share": str(shared),
        "cap": str(compensation.cap),
        "amount": str(amount),
        **rate,
    }
    return amount, Finding("guarantee.amount", amount.minor > 0, "guarantee_amount", inputs, version)


def converted(cap: Money, currency: str, conversion: Conversion | None) -> tuple[Money, dict[str, Input]]:
    """The cap in `currency`, and the rate it was converted at. Refused where the rate is missing."""
    if cap.currency == currency:
        return cap, {}
    if conversion is None:
        inputs: dict[str, Input] = {"base": cap.currency, "quote": currency}
        missing = Finding("exchange_rate.known", False, "exchange_rate_known", inputs)
        raise Refused("exchange_rate", f"there is no rate from {cap.currency} to {currency}", (missing,))
    if (conversion.base, conversion.quote) != (cap.currency, currency):
        raise ValueError(f"a rate from {conversion.base} to {conversion.quote} does not convert {cap} to {currency}")
    amount = money.convert(cap, currency, conversion.rate)
    rate: dict[str, Input] = {"rate": f"{conversion.rate:f}", "rateDay": conversion.day.isoformat()}
    return amount, {**rate, "convertedCap": str(amount)}
