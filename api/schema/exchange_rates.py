"""Exchange rates in GraphQL: recorded by the marketplace's treasury, read by every party."""

from datetime import date, datetime
from decimal import Decimal

import strawberry

from api.operations import exchange_rates
from api.schema.connection import Connection, listing, point
from api.schema.errors import UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import KEY, ByAge
from api.schema.scalars import CurrencyCode
from domain import exchange_rates as rules
from domain.errors import Problem
from domain.exchange_rates import RATES_MAX, NewRate, RecordExchangeRates


@strawberry.input(description="Which rates. What is left out does not matter; conditions add up.")
class ExchangeRateFilter:
    """The fields are the filters of `storage/views/exchange_rates.py`."""

    base: CurrencyCode | None = strawberry.field(default=None, description="For one unit of this currency.")
    quote: CurrencyCode | None = strawberry.field(default=None, description="In this currency.")
    day_from: date | None = strawberry.field(default=None, description="Of this day or later.")
    day_until: date | None = strawberry.field(default=None, description="Of this day or earlier.")


@strawberry.type(description="What one unit of a currency cost in another on a day. Never changed, never deleted.")
class ExchangeRate(Node):
    """`domain.exchange_rates.ExchangeRate`."""

    base: CurrencyCode = strawberry.field(description="One unit of this currency …")
    quote: CurrencyCode = strawberry.field(description="… in this one.")
    day: date = strawberry.field(description="The day; the rate serves until a later one, at most a week.")
    rate: Decimal = strawberry.field(description="Units of the quote currency for one unit of the base currency.")
    source: str = strawberry.field(description="Who says so.")
    recorded_at: datetime = strawberry.field(description="When it was recorded.")
    version: int = strawberry.field(description="Always 1.")


@strawberry.input(description="A rate of a day.")
class ExchangeRateInput:
    """→ `domain.exchange_rates.NewRate`."""

    base: CurrencyCode = strawberry.field(description="One unit of this currency …")
    quote: CurrencyCode = strawberry.field(description="… in this one.")
    day: date = strawberry.field(description="The day; not in the future.")
    rate: Decimal = strawberry.field(description="Units of the quote currency for one unit, at most 12 decimals.")


@strawberry.input(description="Rates from one source.")
class RecordExchangeRatesInput:
    """→ `domain.exchange_rates.RecordExchangeRates`."""

    rates: list[ExchangeRateInput] = strawberry.field(description=f"1 to {RATES_MAX} rates.")
    source: str = strawberry.field(description="Who says so: `European Central Bank`.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> RecordExchangeRates:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        if not 0 < len(self.rates) <= RATES_MAX:
            read.problems.append(Problem(("rates",), f"1 to {RATES_MAX} rates."))
        rates = tuple(NewRate(told.base, told.quote, told.day, told.rate) for told in self.rates)
        for place, rate in enumerate(rates[:RATES_MAX]):  # whether its day has begun is the operation's to say
            read.rules(Problem(("rates", str(place)), wrong) for wrong in rules.problems(rate, rate.day))
        command = RecordExchangeRates(
            rates,
            read.name(self.source, "source"),
        )
        read.done()
        return command


@strawberry.type(description="What became of the rates.")
class RecordExchangeRatesPayload:
    """What recordExchangeRates answers."""

    exchange_rates: list[ExchangeRate] | None = strawberry.field(
        description="Those that were news; null when nothing changed."
    )
    known: int | None = strawberry.field(description="How many were known already; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class ExchangeRateQueries:
    """Reading exchange rates."""

    exchange_rate: ExchangeRate | None = point("The rate of that id; null when there is none.", of="rate")
    exchange_rates: Connection[ExchangeRate] = listing(
        "Recorded rates, by their days.", filter=ExchangeRateFilter, order=ByAge
    )


@strawberry.type
class ExchangeRateMutations:
    """What the treasury records."""

    record_exchange_rates: RecordExchangeRatesPayload = mutation(
        exchange_rates.record_exchange_rates,
        RecordExchangeRatesInput,
        keyed=False,
        description="Rates of days. A rate told again changes nothing; another one for its pair and day is refused.",
    )
