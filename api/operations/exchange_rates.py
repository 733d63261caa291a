"""Exchange rates: recorded once and for ever."""

from domain import access, exchange_rates
from domain.exchange_rates import RecordExchangeRates
from domain.ids import ExchangeRateId
from storage import exchange_rates as rate_rows
from storage.unit_of_work import Outcome, Work


async def record_exchange_rates(work: Work, command: RecordExchangeRates) -> Outcome:
    """The rates are known; what was known already stays. Refuses another rate for a pair and day that have one."""
    access.require(work.caller, "recordExchangeRates")
    known = await rate_rows.by_pairs(
        work.connection, work.tenant_id, {(rate.base, rate.quote, rate.day) for rate in command.rates}
    )
    told = [(work.new_id(ExchangeRateId), rate) for rate in command.rates]
    changes = exchange_rates.record_exchange_rates(told, known, command.source, today=work.at.date(), at=work.at)
    await work.keep_all(changes)
    return Outcome(
        {"exchangeRates": tuple(change.after.id for change in changes)},
        {"known": len(told) - len(changes)},
    )
