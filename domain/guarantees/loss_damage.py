"""Loss and damage: goods lost or damaged on a covered service are paid for (`domain.md` 2.3, 6.5; P2, numbers ours)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain import dates
from domain.compensation import converted
from domain.dates import Calendar
from domain.exchange_rates import Conversion
from domain.explain import Finding, Input
from domain.exposure import LossCause
from domain.guarantees.facts import LineFacts, OrderFacts
from domain.guarantees.judging import Judgement, complained, exclusions, liability, refunded
from domain.guarantees.promises import Complaint, Exclusion
from domain.money import Money
from domain.terms import Days


@dataclass(frozen=True, slots=True)
class LossDamageTerms:
    """The numbers of one version of a rule about loss and damage. `version` is that version's id.

    Apply within `apply_days` of delivery, or of the report that the goods are, or count as, lost. `order_max` is the
    most that is paid for one order; without it the declared values alone limit what is paid.
    """

    version: str
    apply_days: Days
    excludes: tuple[Exclusion, ...]
    order_max: Money | None = None


def opens_at(facts: OrderFacts) -> datetime | None:
    """From the first arrival, or the first report of a loss."""
    return min(_ends(facts), default=None)


def closes_at(rule: LossDamageTerms, facts: OrderFacts, calendar: Calendar) -> datetime | None:
    """Counted from the last arrival or report of a loss; None while all is on its way."""
    last = max(_ends(facts), default=None)
    return None if last is None else dates.day_deadline(last, rule.apply_days, calendar)


def judge_loss_damage(
    rule: LossDamageTerms,
    facts: OrderFacts,
    at: datetime,
    *,
    conversion: Conversion | None = None,
    besides: tuple[Finding, ...] = (),
) -> Judgement:
    """As `judge`: the proven loss of each line up to its declared value; a line's value stands where nobody said other.

    A provider answers for the lines that it carries; a supplier for all of them.
    """
    about = None if facts.complaint is None else facts.complaint.about
    happened = HAPPENED.get(about) if about is not None else None
    carried = [line for line in facts.concerned if facts.answers_for(line)]
    lines = tuple(line for line in carried if happened is not None and happened(line, at))
    inputs: dict[str, Input] = {"lines": len(facts.concerned), "carried": len(carried), "borneOut": len(lines)}
    conditions = (
        *besides,
        *exclusions(rule, facts),
        complained(facts, rule, tuple(HAPPENED)),
        Finding("loss_damage.carried", bool(carried), "lines_carried_by_party", inputs, rule.version),
        Finding("loss_damage.happened", bool(lines), "loss_or_damage_borne_out", inputs, rule.version),
        *_proven(facts, lines, rule.version),
        *liability(facts, rule.version),
    )
    cap = None if rule.order_max is None else converted(rule.order_max, facts.currency, conversion)[0]
    refund = refunded("loss_damage", rule, conditions, [(line, loss(facts, line)) for line in lines], facts, cap)
    return Judgement(
        refund.base,
        refund.amount,
        tuple(line.id for line in lines),
        refund.tree,
        refund.remedy,
        LossCause.NON_RECEIPT if about is Complaint.NOT_RECEIVED else LossCause.CONDITION,
        refund.lines,
    )


def loss(facts: OrderFacts, line: LineFacts) -> Money:
    """What is proven of the line's loss, up to what it was declared to be worth on the way."""
    proven = None if facts.complaint is None else facts.complaint.proven.get(line.id)
    return min(line.value if proven is None else proven, line.declared or line.value)


def _proven(facts: OrderFacts, lines: tuple[LineFacts, ...], version: str) -> tuple[Finding, ...]:
    """What evidence puts a number to; nothing where the whole value stands for want of any."""
    shown = {} if facts.complaint is None else facts.complaint.proven
    return tuple(
        Finding(
            "loss_damage.proven",
            True,
            "loss_proven_of_line",
            {
                "line": line.id,
                "proven": str(shown[line.id]),
                "value": str(line.value),
                "counts": str(loss(facts, line)),
            },
            version,
        )
        for line in lines
        if line.id in shown
    )


def _is_lost(line: LineFacts, at: datetime) -> bool:
    return line.lost_at is not None and line.lost_at <= at and line.delivered_at is None


def _has_arrived(line: LineFacts, at: datetime) -> bool:
    return line.delivered_at is not None and line.delivered_at <= at


HAPPENED: Final[Mapping[Complaint, Callable[[LineFacts, datetime], bool]]] = {
    Complaint.NOT_RECEIVED: _is_lost,
    Complaint.DAMAGED: _has_arrived,
}
"""What must be recorded of a line for the complaint: a loss is told by tracking, damage is seen on what arrived."""


def _ends(facts: OrderFacts) -> list[datetime]:
    ends = [end for line in facts.lines for end in (line.delivered_at or line.lost_at,)]
    return [end for end in ends if end is not None]
