"""How each promise is judged: its kind of rule, the type of its terms, its window and its judge.

`judge`, `opens_at`, `closes_at` and `window` find the row of `BREACHES` by the terms they are given.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

from domain import terms
from domain.compensation import Compensation
from domain.dates import Calendar, rfc3339
from domain.exchange_rates import Conversion
from domain.explain import Finding, Input, unmet
from domain.guarantees import (
    after_sales,
    easy_return,
    fair_dealing,
    judging,
    loss_damage,
    money_back,
    on_time,
    price_lock,
)
from domain.guarantees.after_sales import AfterSalesTerms, judge_after_sales
from domain.guarantees.easy_return import EasyReturnTerms, judge_easy_return
from domain.guarantees.facts import OrderFacts
from domain.guarantees.fair_dealing import FairDealingTerms, judge_fair_dealing
from domain.guarantees.judging import Judgement
from domain.guarantees.loss_damage import LossDamageTerms, judge_loss_damage
from domain.guarantees.money_back import MoneyBackTerms, judge_money_back
from domain.guarantees.on_time import OnTimeTerms, judge_on_time
from domain.guarantees.price_lock import PriceLockTerms, judge_price_lock
from domain.guarantees.promises import Promise
from domain.money import Money
from domain.rulebook import RuleKind, RuleVersion

Terms = (
    OnTimeTerms
    | AfterSalesTerms
    | EasyReturnTerms
    | MoneyBackTerms
    | PriceLockTerms
    | LossDamageTerms
    | FairDealingTerms
)


def freeze(version: RuleVersion) -> dict[str, Any]:
    """The numbers of a version as a cover keeps them (`coverages.terms`): JSON's own types and the version's id."""
    return {"version": str(version.id), **version.body}


def thaw(promise: Promise, members: Mapping[str, Any]) -> Terms:
    """The terms that `freeze` made those members of. What was read is remembered: each cover brings its own copy.

    It is found by the version's id, and believed where the members are the same.
    """
    key = (promise, members.get("version"))
    known = _THAWED.get(key)
    if known is not None and known[0] == members:
        return known[1]
    rule: Terms = terms.read(BREACHES[promise].terms, members)
    if len(_THAWED) >= THAWED_MAX:
        _THAWED.clear()
    _THAWED[key] = (members, rule)
    return rule


THAWED_MAX: Final = 1_000
"""Versions of terms that a process remembers; beyond that it begins anew."""
_THAWED: Final[dict[tuple[Promise, Any], tuple[Mapping[str, Any], Terms]]] = {}


def terms_of(version: RuleVersion) -> Terms:
    """The numbers of a guarantee's version. Refuses a version of another kind with TypeError."""
    return thaw(promise_of(version), freeze(version))


def on_time_terms(version: RuleVersion) -> OnTimeTerms:
    """The numbers of a version of an on-time rule. Refuses a version of another kind with TypeError."""
    rule = terms_of(version)
    if not isinstance(rule, OnTimeTerms):
        raise TypeError(f"{version.key} is not an on-time rule")
    return rule


def after_sales_terms(version: RuleVersion) -> AfterSalesTerms:
    """The numbers of a version of an after-sales rule. Refuses a version of another kind with TypeError."""
    rule = terms_of(version)
    if not isinstance(rule, AfterSalesTerms):
        raise TypeError(f"{version.key} is not an after-sales rule")
    return rule


def promise_of(version: RuleVersion) -> Promise:
    """The promise that the rule is about. Refuses a rule about anything else with TypeError."""
    for promise, breach in BREACHES.items():
        if breach.kind is version.kind:
            return promise
    raise TypeError(f"{version.key} is not the rule of a guarantee")


def opens_at(rule: Terms, facts: OrderFacts) -> datetime | None:
    """The first instant at which the order may be claimed for; None where nothing was promised or paid."""
    return BREACHES[BY_TERMS[type(rule)]].opens_at(facts)


def closes_at(rule: Terms, facts: OrderFacts, calendar: Calendar) -> datetime | None:
    """The last instant at which the order may be claimed for, counted in `calendar`; None where it never may."""
    return BREACHES[BY_TERMS[type(rule)]].closes_at(rule, facts, calendar)


def window(rule: Terms, facts: OrderFacts, closes: datetime | None, at: datetime) -> Finding:
    """Whether the buyer may apply at `at`; `closes` was fixed by `closes_at` when the cover came into force."""
    opens = opens_at(rule, facts)
    inputs: dict[str, Input] = {"at": rfc3339(at)}
    inputs |= {} if opens is None else {"opensAt": rfc3339(opens)}
    inputs |= {} if closes is None else {"closesAt": rfc3339(closes)}
    return Finding(
        "guarantee.window",
        opens is not None and closes is not None and opens <= at <= closes,
        "guarantee_window_open",
        inputs,
        rule.version,
        opens_at=None if opens is None else rfc3339(opens),
        closes_at=None if closes is None else rfc3339(closes),
    )


def needs_rate(rule: Terms, currency: str) -> str | None:
    """The currency of the rule's limit where it is not the order's: `judge` then needs the rate from it into that."""
    limit = BREACHES[BY_TERMS[type(rule)]].limit(rule)
    return None if limit is None or limit.currency == currency else limit.currency


def rated_at(rule: Terms, facts: OrderFacts, at: datetime) -> datetime:
    """The instant whose day's rate converts the rule's limit: payment for a limit of what may be bought, else `at`."""
    return facts.paid_at or at if BREACHES[BY_TERMS[type(rule)]].from_payment else at


def admission(rule: Terms, facts: OrderFacts, conversion: Conversion | None = None) -> tuple[Finding, ...]:
    """Whether an order like this can be bought with the guarantee, beyond where and by whom it is offered.

    Refused where a rate is needed and missing.
    """
    return easy_return.admission(rule, facts, conversion) if isinstance(rule, EasyReturnTerms) else ()


def judge(
    rule: Terms,
    facts: OrderFacts,
    at: datetime,
    *,
    conversion: Conversion | None = None,
    besides: tuple[Finding, ...] = (),
) -> Judgement:
    """What the rule gives for the order as it stands at `at`.

    `besides` are conditions of the occasion (the application's `window`, the benefit of the buyer's tier): the amount
    is nothing unless they hold too. `conversion` is the rate of the day of issue from the cap's currency into the
    order's; Refused where it is needed and missing.
    """
    return BREACHES[BY_TERMS[type(rule)]].judge(rule, facts, at, conversion=conversion, besides=besides)


def unmet_on_time(rule: OnTimeTerms, facts: OrderFacts, closes: datetime | None, at: datetime) -> tuple[Finding, ...]:
    """Everything that stands in the way of an application at `at`: the window, the exclusions, nothing late."""
    answered = facts.answered
    lateness = on_time.lateness(rule, answered, on_time.overdue(rule, answered, at), at)
    carried = on_time.carried(rule, facts, answered)
    return unmet((window(rule, facts, closes, at), *judging.exclusions(rule, facts), *carried, lateness))


@dataclass(frozen=True, slots=True)
class Breach:
    """How a promise is judged: the kind of its rules, the type of their terms, when it may be claimed, what it pays.

    `limit` is the rule's limit in money, which may need a rate; `by_receipt` says that the window is counted from
    receipt, so that arrivals move it; `from_payment` that the limit is one of what may be bought, so that the rate of
    the day of payment counts.
    """

    kind: RuleKind
    terms: type[Any]
    opens_at: Callable[[OrderFacts], datetime | None]
    closes_at: Callable[[Any, OrderFacts, Calendar], datetime | None]
    judge: Callable[..., Judgement]
    limit: Callable[[Any], Money | None]
    by_receipt: bool = False
    from_payment: bool = False


def compensation_of(rule: Terms) -> Compensation | None:
    """What the rule pays as a coupon; None where it pays none, or gives money back."""
    return rule.compensation if isinstance(rule, OnTimeTerms | AfterSalesTerms | FairDealingTerms) else None


def _nothing(_: Any) -> None:
    return None


def _cap(rule: Terms) -> Money | None:
    compensation = compensation_of(rule)
    return None if compensation is None else compensation.cap


BREACHES: Final[Mapping[Promise, Breach]] = {
    Promise.ON_TIME: Breach(
        RuleKind.ON_TIME, OnTimeTerms, on_time.opens_at, on_time.closes_at, judge_on_time, limit=_cap
    ),
    Promise.AFTER_SALES: Breach(
        RuleKind.AFTER_SALES,
        AfterSalesTerms,
        after_sales.opens_at,
        after_sales.closes_at,
        judge_after_sales,
        limit=_cap,
    ),
    Promise.EASY_RETURN: Breach(
        RuleKind.EASY_RETURN,
        EasyReturnTerms,
        easy_return.opens_at,
        easy_return.closes_at,
        judge_easy_return,
        limit=attrgetter("order_max"),
        by_receipt=True,
        from_payment=True,
    ),
    Promise.MONEY_BACK: Breach(
        RuleKind.MONEY_BACK,
        MoneyBackTerms,
        money_back.opens_at,
        money_back.closes_at,
        judge_money_back,
        limit=attrgetter("covered_max"),
        by_receipt=True,
    ),
    Promise.PRICE_LOCK: Breach(
        RuleKind.PRICE_LOCK,
        PriceLockTerms,
        price_lock.opens_at,
        price_lock.closes_at,
        judge_price_lock,
        limit=_nothing,
        by_receipt=True,
    ),
    Promise.LOSS_DAMAGE: Breach(
        RuleKind.LOSS_DAMAGE,
        LossDamageTerms,
        loss_damage.opens_at,
        loss_damage.closes_at,
        judge_loss_damage,
        limit=attrgetter("order_max"),
        by_receipt=True,
    ),
    Promise.FAIR_DEALING: Breach(
        RuleKind.FAIR_DEALING,
        FairDealingTerms,
        fair_dealing.opens_at,
        fair_dealing.closes_at,
        judge_fair_dealing,
        limit=_cap,
    ),
}
BY_TERMS: Final[Mapping[type[Any], Promise]] = {breach.terms: promise for promise, breach in BREACHES.items()}

assert BREACHES.keys() == set(Promise)
