"""Money: integer minor units with a currency.

Laws: two currencies never add; percentages are basis points; rounding is half-even, once, at the end; parts that are
shared out sum to the whole. No float anywhere (the syntax-tree test refuses it).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

WHOLE_BP: Final = 10_000
"""Basis points in a whole."""

SDR: Final = "XDR"
"""The special drawing right, in which carriers' liability is capped. It has rates, and nobody pays with it."""

MINOR_MAX: Final = 2**63 - 1
"""The largest amount: what a 64-bit column holds."""

_DEFAULT_SCALE: Final = 2
_SCALES: Final = dict.fromkeys(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0
) | dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3)
"""Digits after the point where it is not two (ISO 4217)."""

CURRENCIES: Final = frozenset(
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF"
    " CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL"
    " HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD"
    " MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG"
    " QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD"
    " TWD TZS UAH UGX USD UYI UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW".split()
)
"""The currencies of ISO 4217 that people pay with."""


def scale(currency: str) -> int:
    """Digits after the point in that currency: 2 for USD, 0 for JPY, 3 for KWD (ISO 4217)."""
    return _SCALES.get(currency, _DEFAULT_SCALE)


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in a currency's minor units. Refuses unknown currencies and amounts beyond 64 bits with ValueError."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if self.currency not in CURRENCIES:
            raise ValueError(f"{self.currency!r} is not a currency")
        if not -MINOR_MAX <= self.minor <= MINOR_MAX:
            raise ValueError("the amount is beyond 64 bits of minor units")

    @classmethod
    def zero(cls, currency: str) -> "Money":
        """Nothing, in that currency."""
        return cls(0, currency)

    @classmethod
    def parse(cls, amount: Decimal, currency: str) -> "Money":
        """`amount` in major units. Refuses more decimals than the currency has, and what is not a number."""
        if currency not in CURRENCIES:
            raise ValueError(f"{currency!r} is not a currency")
        if not amount.is_finite():
            raise ValueError("the amount is not a number")
        numerator, denominator = amount.as_integer_ratio()
        minor = Fraction(numerator, denominator) * 10 ** scale(currency)
        if minor.denominator != 1:
            raise ValueError(f"{currency} has {scale(currency)} decimals")
        return cls(minor.numerator, currency)

    @property
    def amount(self) -> Decimal:
        """In major units, with the currency's own number of decimals."""
        return Decimal(self.minor).scaleb(-scale(self.currency))

    def __str__(self) -> str:
        digits = scale(self.currency)
        if not digits:
            return f"{self.minor} {self.currency}"
        text = str(abs(self.minor)).zfill(digits + 1)
        return f"{'-' if self.minor < 0 else ''}{text[:-digits]}.{text[-digits:]} {self.currency}"

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        self._same(other)
        return self.minor < other.minor

    def __le__(self, other: "Money") -> bool:
        self._same(other)
        return self.minor <= other.minor

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not mix")


def total(parts: Sequence[Money], currency: str) -> Money:
    """The sum of the parts, zero of `currency` when there is none. Refuses mixed currencies."""
    minors = [part.minor for part in parts if part.currency == currency]
    if len(minors) < len(parts):
        mixed = {part.currency for part in parts} - {currency}
        raise ValueError(f"{currency} and {', '.join(sorted(mixed))} do not mix")
    return Money(sum(minors), currency)


def share(whole: Money, basis_points: int) -> Money:
    """That many basis points of `whole`, rounded half-even once (vector T3: 2 % of 3,333.33 is 66.67)."""
    return Money(_half_even(whole.minor * basis_points, WHOLE_BP), whole.currency)


def convert(money: Money, currency: str, rate: Decimal) -> Money:
    """`money` in another currency at `rate` units of it per unit, rounded half-even once.

    Refuses a rate not above zero.
    """
    if not rate.is_finite() or rate <= 0:
        raise ValueError("an exchange rate is above zero")
    numerator, denominator = rate.as_integer_ratio()
    exact = Fraction(money.minor) * Fraction(numerator, denominator)
    exact *= Fraction(10) ** (scale(currency) - scale(money.currency))
    return Money(_half_even(exact.numerator, exact.denominator), currency)


def share_out(whole: Money, weights: Sequence[int]) -> tuple[Money, ...]:
    """`whole` divided by weight; the parts sum to it exactly.

    The cents left over go to the largest remainders, then to the first. Refuses negative weights and weights that sum
    to nothing.
    """
    together = sum(weights)
    if together <= 0 or min(weights) < 0:
        raise ValueError("weights are not negative and sum to more than nothing")
    if len(weights) == 1:
        return (whole,)
    shares = [divmod(whole.minor * weight, together) for weight in weights]
    parts = [part for part, _ in shares]
    if left_over := whole.minor - sum(parts):
        by_remainder = sorted(range(len(parts)), key=lambda index: (-shares[index][1], index))
        for index in by_remainder[:left_over]:
            parts[index] += 1
    return tuple(Money(part, whole.currency) for part in parts)


def _half_even(numerator: int, denominator: int) -> int:
    """The quotient rounded half to even, exactly, in whole numbers: a `Fraction` costs ten times as much."""
    quotient, rest = divmod(numerator, denominator)
    return quotient + (2 * rest > denominator or (2 * rest == denominator and quotient % 2))
