"""Easy return: goods of poor quality go back, and all that was paid comes back (`domain.md` 2.12, 6.5; P7).

Small orders only, and only where goods can be returned locally; damage on the way is another guarantee's business.
"""

from dataclasses import dataclass
from datetime import datetime

from domain import money
from domain.compensation import converted
from domain.dates import Calendar
from domain.exchange_rates import Conversion
from domain.explain import Finding, Input
from domain.exposure import LossCause
from domain.guarantees import receipts
from domain.guarantees.facts import OrderFacts
from domain.guarantees.judging import Judgement, complained, exclusions, liability, refunded
from domain.guarantees.promises import Complaint, Exclusion
from domain.money import Money
from domain.terms import Days, Hours


@dataclass(frozen=True, slots=True)
class EasyReturnTerms:
    """The numbers of one version of a rule about easy returns. `version` is that version's id.

    `order_max` is the largest order, before tax; it is converted at the rate of the day of payment. The goods leave
    within `return_days`, and what came of them is known `result_hours` after they are back. `countries` are those with
    a local place to return to.
    """

    version: str
    order_max: Money
    apply_days: Days
    return_days: Days
    result_hours: Hours
    countries: tuple[str, ...]
    complaints: tuple[Complaint, ...]
    excludes: tuple[Exclusion, ...]


def admission(rule: EasyReturnTerms, facts: OrderFacts, conversion: Conversion | None = None) -> tuple[Finding, ...]:
    """Whether an order like this can be bought with it: by its size and where it goes."""
    value = money.total([line.value for line in facts.lines], facts.currency)
    most, rate = converted(rule.order_max, facts.currency, conversion)
    size: dict[str, Input] = {"value": str(value), "most": str(most), **rate}
    place: dict[str, Input] = {"country": facts.country, "countries": ", ".join(rule.countries)}
    return (
        Finding("easy_return.order_max", value <= most, "order_small_enough", size, rule.version),
        Finding("easy_return.country", facts.country in rule.countries, "country_takes_returns", place, rule.version),
    )


def opens_at(facts: OrderFacts) -> datetime | None:
    """Goods may be returned from the first arrival on."""
    return min((line.delivered_at for line in facts.lines if line.delivered_at is not None), default=None)


def closes_at(rule: EasyReturnTerms, facts: OrderFacts, calendar: Calendar) -> datetime | None:
    """The last instant to apply, counted from the last arrival; None while nothing has arrived."""
    return receipts.since_receipt(facts, rule.apply_days, calendar)


def judge_easy_return(
    rule: EasyReturnTerms,
    facts: OrderFacts,
    at: datetime,
    *,
    conversion: Conversion | None = None,
    besides: tuple[Finding, ...] = (),
) -> Judgement:
    """As `judge`: all that was paid for the lines complained of, once they are back."""
    lines = tuple(line for line in facts.concerned if line.delivered_at is not None and line.delivered_at <= at)
    arrived: dict[str, Input] = {"lines": len(facts.concerned), "arrived": len(lines)}
    conditions = (
        *besides,
        *exclusions(rule, facts),
        *admission(rule, facts, conversion),
        complained(facts, rule, rule.complaints),
        Finding("easy_return.arrived", bool(lines), "goods_have_arrived", arrived, rule.version),
        *liability(facts, rule.version),
    )
    refund = refunded("easy_return", rule, conditions, [(line, line.value) for line in lines], facts)
    return Judgement(
        refund.base,
        refund.amount,
        tuple(line.id for line in lines),
        refund.tree,
        refund.remedy,
        LossCause.CONDITION,
        refund.lines,
        return_required=True,
    )
