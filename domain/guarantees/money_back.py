"""Money back: what was paid comes back where goods are late or not as agreed (`domain.md` 2.12, 6.5; P3, P3b).

Late is what did not leave by the day it was to be sent, or did not arrive by the day it was promised. Not as agreed is
judged by people; the rule says up to which amount, until when, and what it does not cover.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.compensation import converted
from domain.dates import Calendar, rfc3339
from domain.exchange_rates import Conversion
from domain.explain import Finding, Input
from domain.exposure import LossCause
from domain.guarantees import receipts
from domain.guarantees.facts import LineFacts, OrderFacts
from domain.guarantees.judging import Judgement, complained, exclusions, liability, refunded
from domain.guarantees.promises import Complaint, Exclusion
from domain.money import Money
from domain.terms import Days

TIMELY: frozenset[Complaint] = frozenset({Complaint.LATE, Complaint.NOT_RECEIVED})
"""Complaints that recorded dates bear out or not."""


@dataclass(frozen=True, slots=True)
class MoneyBackTerms:
    """The numbers of one version of a rule about money back. `version` is that version's id.

    Apply within `apply_days` of receipt, or within `unreceived_days` of payment or promise while something is still to
    come. `covered_max` is the covered amount where it is less than the order's.
    """

    version: str
    apply_days: Days
    unreceived_days: Days
    complaints: tuple[Complaint, ...]
    excludes: tuple[Exclusion, ...]
    covered_max: Money | None = None


def opens_at(facts: OrderFacts) -> datetime | None:
    """Money may be asked back from payment on; whether anything is late yet is another question."""
    return facts.paid_at


def closes_at(rule: MoneyBackTerms, facts: OrderFacts, calendar: Calendar) -> datetime | None:
    """The last instant to apply."""
    return receipts.since_receipt_or_promise(facts, rule.apply_days, rule.unreceived_days, calendar)


def judge_money_back(
    rule: MoneyBackTerms,
    facts: OrderFacts,
    at: datetime,
    *,
    conversion: Conversion | None = None,
    besides: tuple[Finding, ...] = (),
) -> Judgement:
    """As `judge`: what was paid for the lines that are late, or are not as agreed; up to the covered amount."""
    about = None if facts.complaint is None else facts.complaint.about
    timely = about in TIMELY
    lines = tuple(line for line in facts.concerned if (overdue(line, at) if timely else _complained_of(rule, line)))
    conditions = (
        *besides,
        *exclusions(rule, facts),
        complained(facts, rule, rule.complaints),
        _late(rule, facts, lines, at) if timely else _arrived(rule, facts, lines),
        *liability(facts, rule.version),
    )
    cap = None if rule.covered_max is None else converted(rule.covered_max, facts.currency, conversion)[0]
    refund = refunded("money_back", rule, conditions, [(line, line.value) for line in lines], facts, cap)
    return Judgement(
        refund.base,
        refund.amount,
        tuple(line.id for line in lines),
        refund.tree,
        refund.remedy,
        LossCause.NON_RECEIPT if timely else LossCause.CONDITION,
        refund.lines,
        return_required=any(line.delivered_at is not None for line in lines),
    )


def overdue(line: LineFacts, at: datetime) -> bool:
    """Whether the line was sent late or came late, or is at `at` late with either."""
    sent_late = line.ship_by_at is not None and line.ship_by_at < (line.shipped_at or at)
    came_late = line.promised_at is not None and line.promised_at < (line.delivered_at or at)
    return sent_late or came_late


def _complained_of(rule: MoneyBackTerms, line: LineFacts) -> bool:
    """Whether what is wrong with the line can be held against what was agreed: it is here, and nothing excludes it."""
    disclosed = Exclusion.DISCLOSED_DEFECT in rule.excludes and line.disclosed_defects
    unstated = Exclusion.NO_STANDARD in rule.excludes and not line.standard_stated
    return line.delivered_at is not None and not disclosed and not unstated


def _late(rule: MoneyBackTerms, facts: OrderFacts, lines: Sequence[LineFacts], at: datetime) -> Finding:
    inputs: dict[str, Input] = {"lines": len(facts.concerned), "late": len(lines), "at": rfc3339(at)}
    return Finding("money_back.late", bool(lines), "lines_late_or_unsent", inputs, rule.version)


def _arrived(rule: MoneyBackTerms, facts: OrderFacts, lines: Sequence[LineFacts]) -> Finding:
    inputs: dict[str, Input] = {"lines": len(facts.concerned), "arrived": len(lines)}
    return Finding("money_back.arrived", bool(lines), "goods_have_arrived", inputs, rule.version)
