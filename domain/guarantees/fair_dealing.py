"""Fair dealing: whoever sells or carries keeps to the marketplace's rules (`domain.md` 2.8, 2.11, 6.6; numbers ours).

It is what a buyer claims under for conduct: steering away from the platform, pressure over reviews, prices that were
bait, data used for something else. No publication says what that pays. Recorded facts cannot prove it, so that a claim
is decided by people on evidence, and never settled between the two sides; what else such conduct brings the party
(points, measures) follows from its own rules, whatever the buyer gets.
"""

from dataclasses import dataclass
from datetime import datetime

from domain import dates, money
from domain.compensation import Compensation
from domain.dates import Calendar
from domain.exchange_rates import Conversion
from domain.explain import Finding
from domain.exposure import LossCause
from domain.guarantees.facts import OrderFacts
from domain.guarantees.judging import Judgement, complained, concluded, divided, exclusions, liability
from domain.guarantees.promises import Complaint, Exclusion
from domain.remedies import RemedyKind
from domain.terms import Days


@dataclass(frozen=True, slots=True)
class FairDealingTerms:
    """The numbers of one version of a rule about fair dealing. `version` is that version's id.

    Apply within `apply_days` of payment or of the last promised day, whichever is later.
    """

    version: str
    compensation: Compensation
    apply_days: Days
    complaints: tuple[Complaint, ...]
    excludes: tuple[Exclusion, ...]


def opens_at(facts: OrderFacts) -> datetime | None:
    """Conduct may be claimed for from payment on."""
    return facts.paid_at


def closes_at(rule: FairDealingTerms, facts: OrderFacts, calendar: Calendar) -> datetime | None:
    """The last instant to apply; None while unpaid."""
    if facts.paid_at is None:
        return None
    promised = [line.promised_at for line in facts.lines if line.promised_at is not None]
    return dates.day_deadline(max([facts.paid_at, *promised]), rule.apply_days, calendar)


def judge_fair_dealing(
    rule: FairDealingTerms,
    facts: OrderFacts,
    at: datetime,
    *,
    conversion: Conversion | None = None,
    besides: tuple[Finding, ...] = (),
) -> Judgement:
    """As `judge`: a share of the lines complained of, up to the cap, where the party is found to have broken a rule."""
    del at  # conduct has no day by which it had to be good
    lines = facts.concerned
    base = money.total([line.value for line in lines], facts.currency)
    conditions = (
        *besides,
        *exclusions(rule, facts),
        complained(facts, rule, rule.complaints),
        *liability(facts, rule.version),
    )
    tree, amount = concluded("fair_dealing", rule, conditions, base, rule.compensation, conversion)
    return Judgement(
        base,
        amount,
        tuple(line.id for line in lines),
        tree,
        RemedyKind.COUPON,
        LossCause.CONDUCT,
        divided(amount, lines),
    )
