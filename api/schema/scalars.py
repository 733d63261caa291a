"""Our own scalars: each accepts one exact spelling and refuses every other, each sends that spelling.

Laws: no float, no guess, no blanks, no digits of other scripts; what is accepted is kept without loss. The read engine
writes the same spellings straight from rows; tests compare the two.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NewType

import strawberry
from graphql import GraphQLError, IntValueNode, StringValueNode, ValueNode, print_ast
from strawberry.types.scalar import ScalarDefinition

from domain import money
from domain.countries import COUNTRIES
from domain.errors import Invalid, Problem

CountryCode = NewType("CountryCode", str)
CurrencyCode = NewType("CurrencyCode", str)
RuleCode = NewType("RuleCode", str)

DIGITS_MAX: Final = 18
"""Before the point of a Decimal, and again after it: 64 bits of minor units fit, and so does any exchange rate."""

DURATION_DAYS_MAX: Final = 36_500
"""A century: longer is a slip, and the calendar arithmetic behind it would overflow."""

_DECIMAL: Final = re.compile(rf"-?(0|[1-9][0-9]{{0,{DIGITS_MAX - 1}}})(\.[0-9]{{1,{DIGITS_MAX}}})?")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATE_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_DURATION: Final = re.compile(
    r"P(?!$)(?:(?P<days>[0-9]{1,5})D)?"
    r"(?:T(?!$)(?:(?P<hours>[0-9]{1,6})H)?(?:(?P<minutes>[0-9]{1,8})M)?(?:(?P<seconds>[0-9]{1,10})S)?)?"
)
_RULE_CODE: Final = re.compile(r"[a-z0-9_]+([./][a-z0-9_]+)*")


def parse_decimal(value: object) -> Decimal:
    """Plain digits with at most one point, as text or as a whole JSON number. Refuses all else with GraphQLError."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise GraphQLError(
            f'A Decimal is plain digits in a string, such as "12.50", at most {DIGITS_MAX} before the point.'
        )
    return Decimal(value)


def write_decimal(value: Decimal | str) -> str:
    """Plain digits, never an exponent, never a negative zero. Text is what the outcome of a mutation kept."""
    value = Decimal(value)
    if not value.is_finite():
        raise GraphQLError("Not a number.")
    return f"{abs(value) if value == 0 else value:f}"


def parse_date_time(value: object) -> datetime:
    """RFC 3339 with an offset, to the microsecond, as an instant in UTC. Refuses zone-less and impossible times."""
    if isinstance(value, str) and _DATE_TIME.fullmatch(value):
        try:
            return datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError):
            pass  # refused below, like any other spelling
    raise GraphQLError('A DateTime is an instant of RFC 3339 with its offset, such as "2026-03-01T09:30:00+01:00".')


def write_date_time(value: datetime | str) -> str:
    """In UTC, ending in Z; microseconds only where there are some. Refuses an instant without a zone.

    A fact of a mutation's outcome is text already: it is stored as JSON, so that a replay tells the same.
    """
    if isinstance(value, str):
        return value
    if value.tzinfo is None:
        raise GraphQLError("A time without a zone is no instant.")
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_date(value: object) -> date:
    """A day of the calendar, YYYY-MM-DD. Refuses other spellings and days that do not exist."""
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass  # refused below, like any other spelling
    raise GraphQLError('A Date is a day, such as "2026-03-01".')


def write_date(value: date) -> str:
    """YYYY-MM-DD."""
    return value.isoformat()


def parse_duration(value: object) -> timedelta:
    """Whole days, hours, minutes and seconds of exact length (ISO 8601). Refuses months, years and fractions."""
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is not None:
        duration = timedelta(**{unit: int(count) for unit, count in match.groupdict(default="0").items()})
        if duration <= timedelta(days=DURATION_DAYS_MAX):
            return duration
    raise GraphQLError('A Duration is days, hours, minutes and seconds in that order, such as "P2D" or "PT36H".')


def write_duration(value: timedelta) -> str:
    """The one shortest spelling: P1DT12H, PT30M, PT0S. Seconds are whole: a fraction is dropped."""
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days = f"{value.days}D" if value.days else ""
    rest = "".join(f"{count}{unit}" for count, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if count)
    return f"P{days}T{rest}" if rest else f"P{days}" if days else "PT0S"


def parse_country(value: object) -> CountryCode:
    """A code of ISO 3166-1 alpha-2 in capitals. Refuses codes that no country has."""
    if not isinstance(value, str) or value not in COUNTRIES:
        raise GraphQLError('A CountryCode is two capital letters of ISO 3166-1, such as "DE".')
    return CountryCode(value)


def parse_currency(value: object) -> CurrencyCode:
    """A code of ISO 4217 in capitals. Refuses codes that nobody pays with, but for the special drawing right XDR."""
    if not isinstance(value, str) or (value not in money.CURRENCIES and value != money.SDR):
        raise GraphQLError('A CurrencyCode is three capital letters of ISO 4217, such as "USD".')
    return CurrencyCode(value)


def parse_rule_code(value: object) -> RuleCode:
    """The code of a rule, such as `guarantees/on_time` or `on_time.window`."""
    if not isinstance(value, str) or not _RULE_CODE.fullmatch(value):
        raise GraphQLError('A RuleCode is lower-case words joined by points and slashes, such as "guarantees/on_time".')
    return RuleCode(value)


def _scalar(
    name: str,
    description: str,
    parse: Callable[[object], Any],
    write: Callable[[Any], Any] = str,
    url: str | None = None,
    *,
    whole_numbers: bool = False,
) -> ScalarDefinition:
    """The definition of a scalar whose literals are strings (or whole numbers too), parsed exactly like variables."""

    def literal(node: ValueNode, _variables: Mapping[str, Any] | None = None) -> Any:
        if isinstance(node, StringValueNode) or (whole_numbers and isinstance(node, IntValueNode)):
            return parse(node.value)
        raise GraphQLError(f"{name} cannot be written as {print_ast(node)}.", node)

    definition: ScalarDefinition = strawberry.scalar(
        name=name,
        description=description,
        specified_by_url=url,
        serialize=write,
        parse_value=parse,
        parse_literal=literal,
    )
    return definition


SCALARS: Final[Mapping[object, ScalarDefinition]] = {
    Decimal: _scalar(
        "Decimal",
        "An exact decimal number: plain digits in a string, such as `12.50`. Whole JSON numbers are accepted, "
        "fractions outside a string are not, since they may have been rounded on the way.",
        parse_decimal,
        write_decimal,
        whole_numbers=True,
    ),
    datetime: _scalar(
        "DateTime",
        "An instant: RFC 3339 with an offset and at most microseconds; always sent in UTC, ending in `Z`.",
        parse_date_time,
        write_date_time,
        "https://www.rfc-editor.org/rfc/rfc3339",
    ),
    date: _scalar("Date", "A day of the calendar, `YYYY-MM-DD`.", parse_date, write_date),
    timedelta: _scalar(
        "Duration",
        "An exact length of time in whole days (of 24 hours), hours, minutes and seconds, such as `P1DT12H`.",
        parse_duration,
        write_duration,
    ),
    CountryCode: _scalar("CountryCode", "A country: two capital letters of ISO 3166-1.", parse_country),
    CurrencyCode: _scalar("CurrencyCode", "A currency: three capital letters of ISO 4217.", parse_currency),
    RuleCode: _scalar(
        "RuleCode",
        "The code of a rule of the rulebook or of one question in it, such as `on_time.window`.",
        parse_rule_code,
    ),
}
"""For `StrawberryConfig(scalar_map=SCALARS)`: the Python type in an annotation -> its scalar."""


@strawberry.type(description="An amount of money.")
class Money:
    """What `Amount` fields of the views show."""

    amount: Decimal = strawberry.field(
        description="In major units, with the currency's own number of decimals: 12.50 USD, 12 JPY, 12.500 KWD."
    )
    currency: CurrencyCode = strawberry.field(description="The currency of the amount.")

    @classmethod
    def of(cls, value: money.Money) -> "Money":
        """That amount, as it is shown."""
        return cls(amount=value.amount, currency=CurrencyCode(value.currency))


@strawberry.input(description="An amount of money.")
class MoneyInput:
    """An amount as clients write it."""

    amount: Decimal = strawberry.field(
        description="In major units, with at most the currency's own number of decimals: 12.50 USD, 12 JPY."
    )
    currency: CurrencyCode = strawberry.field(description="The currency of the amount.")

    def money(self, *path: str) -> money.Money:
        """The amount in minor units. `path` says where the client wrote it.

        Raises:
            Invalid: more decimals than the currency has, or beyond 64 bits of minor units.
        """
        try:
            return money.Money.parse(self.amount, self.currency)
        except ValueError as error:
            raise Invalid(Problem((*path, "amount"), f"{error}")) from error
