"""Price lock: one price, everything included; what is charged beyond it comes back (`domain.md` 2.4, 6.5; SD2)."""

from dataclasses import dataclass
from datetime import datetime

from domain import money
from domain.dates import Calendar
from domain.exchange_rates import Conversion
from domain.explain import Finding, Input
from domain.exposure import LossCause
from domain.guarantees import receipts
from domain.guarantees.facts import OrderFacts
from domain.guarantees.judging import Judgement, divided, exclusions, liability, refunded
from domain.guarantees.promises import Exclusion
from domain.money import Money
from domain.remedies import RemedyKind
from domain.terms import Days


@dataclass(frozen=True, slots=True)
class PriceLockTerms:
    """The numbers of one version of a rule about locked prices. `version` is that version's id.

    Apply within `apply_days` of receipt, or within `unreceived_days` of payment or promise while something is still to
    come.
    """

    version: str
    apply_days: Days
    unreceived_days: Days
    excludes: tuple[Exclusion, ...]


def opens_at(facts: OrderFacts) -> datetime | None:
    """The difference may be asked back from payment on."""
    return facts.paid_at


def closes_at(rule: PriceLockTerms, facts: OrderFacts, calendar: Calendar) -> datetime | None:
    """The last instant to apply."""
    return receipts.since_receipt_or_promise(facts, rule.apply_days, rule.unreceived_days, calendar)


def judge_price_lock(
    rule: PriceLockTerms,
    facts: OrderFacts,
    at: datetime,
    *,
    conversion: Conversion | None = None,
    besides: tuple[Finding, ...] = (),
) -> Judgement:
    """As `judge`: what was charged beyond the locked total, over the order's lines by their value."""
    del at, conversion  # neither time nor a rate matters to what was charged: both totals are the order's own
    difference = beyond(facts)
    inputs: dict[str, Input] = {
        "locked": None if facts.locked is None else str(facts.locked),
        "charged": None if facts.charged is None else str(facts.charged),
        "difference": str(difference),
    }
    conditions = (
        *besides,
        *exclusions(rule, facts),
        Finding("price_lock.locked", facts.locked is not None, "price_was_locked", {}, rule.version),
        Finding("price_lock.charged", difference.minor > 0, "more_was_charged", inputs, rule.version),
        *liability(facts, rule.version),
    )
    shares = dict(divided(difference, facts.lines))
    parts = [(line, shares.get(line.id, Money.zero(facts.currency))) for line in facts.lines]
    refund = refunded("price_lock", rule, conditions, parts, facts)
    concerned = tuple(line.id for line in facts.lines) if difference.minor else ()
    return Judgement(
        refund.base,
        refund.amount,
        concerned,
        refund.tree,
        RemedyKind.REFUND_PARTIAL,
        LossCause.PRICE,
        refund.lines,
    )


def beyond(facts: OrderFacts) -> Money:
    """What was charged beyond the locked total; nothing where either is not known."""
    nothing = money.Money.zero(facts.currency)
    if facts.locked is None or facts.charged is None:
        return nothing
    return max(facts.charged - facts.locked, nothing)
