"""Exchange rates: what was recorded, and the one to use on a day."""

from collections.abc import Collection
from datetime import date
from typing import Final

from domain import exchange_rates
from domain.exchange_rates import AGE_MAX, Conversion, ExchangeRate, RateTable
from domain.ids import TenantId
from storage.pool import Connection
from storage.tables import Table

EXCHANGE_RATES: Final = Table(
    "exchange_rates",
    ExchangeRate,
    conflicts={
        "exchange_rates_tenant_id_base_quote_day_key": "A rate of that pair and day was recorded just now; try again."
    },
)


async def by_pairs(
    connection: Connection, tenant_id: TenantId, pairs: Collection[tuple[str, str, date]]
) -> list[ExchangeRate]:
    """What is recorded for those pairs (base, quote, day)."""
    where = "(t.base, t.quote, t.day) IN (SELECT * FROM unnest($2::bpchar[], $3::bpchar[], $4::date[]))"
    bases, quotes, days = zip(*pairs, strict=True) if pairs else ((), (), ())
    return await EXCHANGE_RATES.select(connection, tenant_id, where, bases, quotes, days)


async def rate(connection: Connection, tenant_id: TenantId, base: str, quote: str, day: date) -> Conversion:
    """How many of `quote` one of `base` is worth on `day`, by the latest rate of either direction that is young enough.

    Refuses with Refused (`exchange_rate.known`) when there is none.
    """
    candidates: list[ExchangeRate] = []
    for one, other in ((base, quote), (quote, base)):
        where = "t.base = $2 AND t.quote = $3 AND t.day BETWEEN $4 AND $5 ORDER BY t.day DESC LIMIT 1"
        candidates += await EXCHANGE_RATES.select(connection, tenant_id, where, one, other, day - AGE_MAX, day)
    return exchange_rates.conversion(base, quote, day, candidates)


async def table(
    connection: Connection, tenant_id: TenantId, quote: str, since: date, until: date, bases: Collection[str]
) -> RateTable:
    """Every rate between `quote` and one of `bases`, of either direction, that serves a day from `since` to `until`."""
    where = (
        "t.day BETWEEN $2 AND $3 AND ((t.quote = $4 AND t.base = ANY ($5::bpchar[])) "
        "OR (t.base = $4 AND t.quote = ANY ($5::bpchar[])))"
    )
    rates = await EXCHANGE_RATES.select(connection, tenant_id, where, since - AGE_MAX, until, quote, list(bases))
    return RateTable(rates)
