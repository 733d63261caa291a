"""On-time delivery: a share of what came late, up to a cap, as a coupon (`domain.md` 2.12, 6.5; P1, P2).

Law: a provider answers for the lines that it carries, for all of their way or a part, or promised to carry; what
somebody else carries is named in the tree, and is neither late for it nor part of the base. A supplier answers for all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain import dates, money
from domain.compensation import Compensation
from domain.dates import Calendar, rfc3339
from domain.exchange_rates import Conversion
from domain.explain import Finding, Input
from domain.exposure import LossCause
from domain.guarantees.facts import LineFacts, OrderFacts
from domain.guarantees.judging import Judgement, concluded, divided, exclusions
from domain.guarantees.promises import Base, Exclusion
from domain.money import Money
from domain.remedies import RemedyKind
from domain.terms import Days, Hours


@dataclass(frozen=True, slots=True)
class OnTimeTerms:
    """The numbers of one version of an on-time rule. `version` is that version's id."""

    version: str
    compensation: Compensation
    base: Base
    apply_days: Days
    hold_hours: Hours
    attempt_counts: bool
    excludes: tuple[Exclusion, ...]


def automatic_after(rule: OnTimeTerms, promised_at: datetime) -> datetime:
    """The instant after which compensation is issued by itself: the promise, and the hold window behind it."""
    return dates.hours_deadline(promised_at, rule.hold_hours)


def judge_on_time(
    rule: OnTimeTerms,
    facts: OrderFacts,
    at: datetime,
    *,
    conversion: Conversion | None = None,
    besides: tuple[Finding, ...] = (),
) -> Judgement:
    """As `judge`: a share of the base, up to the cap, where goods are late (vector T12; domain.md 2.12, P1, P2)."""
    answered = facts.answered
    late_lines = overdue(rule, answered, at)
    base = BASES[rule.base](facts, answered, late_lines)
    conditions = (
        *besides,
        *exclusions(rule, facts),
        *carried(rule, facts, answered),
        lateness(rule, answered, late_lines, at),
    )
    tree, amount = concluded("on_time", rule, conditions, base, rule.compensation, conversion)
    return Judgement(
        base,
        amount,
        tuple(line.id for line in late_lines),
        tree,
        RemedyKind.COUPON,
        LossCause.LATENESS,
        divided(amount, late_lines),
    )


def overdue(rule: OnTimeTerms, answered: Sequence[LineFacts], at: datetime) -> tuple[LineFacts, ...]:
    """The lines whose promise is broken at `at`, of those that the party answers for."""
    return tuple(line for line in answered if late(rule, line, at))


def late(rule: OnTimeTerms, line: LineFacts, at: datetime) -> bool:
    """Whether the line's promise is broken at `at`: its day is over, and it had not arrived by then."""
    if line.promised_at is None or at <= line.promised_at:
        return False
    arrived_at = arrival(rule, line)
    return arrived_at is None or arrived_at > line.promised_at


def arrival(rule: OnTimeTerms, line: LineFacts) -> datetime | None:
    """When the line arrived for this rule: delivered, or tried to be where that counts; None while it is on the way."""
    arrivals = (line.delivered_at, line.attempted_at if rule.attempt_counts else None)
    return min((at for at in arrivals if at is not None), default=None)


def lateness(
    rule: OnTimeTerms, answered: Sequence[LineFacts], late_lines: Sequence[LineFacts], at: datetime
) -> Finding:
    """Whether anything that the party answers for is late at `at`, with a finding for each late line beneath."""
    promised = sum(line.promised_at is not None for line in answered)
    inputs: dict[str, Input] = {"at": rfc3339(at), "promisedLines": promised, "lateLines": len(late_lines)}
    because = tuple(_late_line(rule, line) for line in late_lines)
    return Finding("on_time.late", bool(late_lines), "on_time_goods_late", inputs, rule.version, because)


def carried(rule: OnTimeTerms, facts: OrderFacts, answered: Sequence[LineFacts]) -> tuple[Finding, ...]:
    """Whether the party answers for any line, where somebody else carries one, with a finding for each such line."""
    own = len(answered)
    if own == len(facts.lines):
        return ()
    inputs: dict[str, Input] = {"lines": len(facts.lines), "carried": own}
    because = tuple(
        Finding(
            "on_time.other_carrier",
            True,
            "line_carried_by_others",
            {"line": line.id, "party": facts.provider_id, "carriers": ", ".join(line.carrier_ids)},
            rule.version,
        )
        for line in facts.lines
        if not facts.answers_for(line)
    )
    return (Finding("on_time.carried", own > 0, "lines_carried_by_party", inputs, rule.version, because),)


def _late_line(rule: OnTimeTerms, line: LineFacts) -> Finding:
    arrived_at = arrival(rule, line)
    inputs: dict[str, Input] = {"line": line.id, "value": str(line.value)}
    inputs |= {} if line.promised_at is None else {"promisedAt": rfc3339(line.promised_at)}
    inputs |= {} if arrived_at is None else {"arrivedAt": rfc3339(arrived_at)}
    return Finding("on_time.late_line", True, "on_time_line_late", inputs, rule.version)


def opens_at(facts: OrderFacts) -> datetime | None:
    """The instant after the first promised day."""
    promised = [line.promised_at for line in facts.lines if line.promised_at is not None]
    return min(promised) + dates.MICROSECOND if promised else None


def closes_at(rule: OnTimeTerms, facts: OrderFacts, calendar: Calendar) -> datetime | None:
    """The last instant to apply, counted from the last promised day."""
    promised = [line.promised_at for line in facts.lines if line.promised_at is not None]
    return dates.day_deadline(max(promised), rule.apply_days, calendar) if promised else None


def _order_value(facts: OrderFacts, answered: Sequence[LineFacts], _: Sequence[LineFacts]) -> Money:
    return money.total([line.value for line in answered], facts.currency)


def _late_value(facts: OrderFacts, _: Sequence[LineFacts], late_lines: Sequence[LineFacts]) -> Money:
    return money.total([line.value for line in late_lines], facts.currency)


def _freight(facts: OrderFacts, *_: Sequence[LineFacts]) -> Money:
    return facts.freight or Money.zero(facts.currency)


BASES: Final[Mapping[Base, Callable[[OrderFacts, Sequence[LineFacts], Sequence[LineFacts]], Money]]] = {
    Base.LATE_LINES: _late_value,
    Base.ORDER: _order_value,
    Base.FREIGHT: _freight,
}

assert BASES.keys() == set(Base)
