"""Penalty points of liable parties: what an act costs, what is in force, which threshold is crossed (`domain.md` 6.9).

Pure decisions with their trees; the account's rows come with a later noun. Words live here, points and thresholds in
`storage/rulebook/penalties.toml`.

Laws: a point lives for a number of days from the violation; one act that breaks several rules costs the highest only,
unless the rule says that it adds up; points under appeal do not count, except for fraud; a jump over several thresholds
applies the highest once; a threshold that was reached before is not crossed again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import dates, terms
from domain.dates import Calendar, rfc3339
from domain.explain import Finding, Input
from domain.rulebook import RuleKind, RuleVersion
from domain.terms import Count, Days

NONE: Final = Count(0)
AT_ONCE: Final = Days(0)


class Violation(StrEnum):
    """What a liable party can do wrong."""

    AFTER_SALES_LATE = "AFTER_SALES_LATE"
    """An after-sales promise was kept late."""
    AFTER_SALES_REMEDIED = "AFTER_SALES_REMEDIED"
    """It was not kept, and a valid remedy was offered."""
    AFTER_SALES_ABANDONED = "AFTER_SALES_ABANDONED"
    """It was not kept, and no remedy was offered."""
    NOT_SHIPPED_SETTLED = "NOT_SHIPPED_SETTLED"
    """Goods were not shipped; the parties settled it without the marketplace."""
    NOT_SHIPPED_SOLVED = "NOT_SHIPPED_SOLVED"
    """The duty to ship was found broken; a valid solution was offered."""
    NOT_SHIPPED_UNSOLVED = "NOT_SHIPPED_UNSOLVED"
    """The duty to ship was found broken; no valid solution was offered."""
    FORGED_EVIDENCE = "FORGED_EVIDENCE"
    """Evidence in a dispute was forged, false or borrowed."""
    NO_SHIPPING_PROOF = "NO_SHIPPING_PROOF"
    """No complete and valid proof of shipping."""
    LOGISTICS_RISK_ORDINARY = "LOGISTICS_RISK_ORDINARY"
    """An ordinary violation of logistics safety."""
    LOGISTICS_RISK_SERIOUS = "LOGISTICS_RISK_SERIOUS"
    """A serious violation of logistics safety: a strike as well."""
    PROHIBITED_GOODS_QUARTER = "PROHIBITED_GOODS_QUARTER"
    """Five hundred prohibited items were found in one quarter."""
    PROHIBITED_LISTING = "PROHIBITED_LISTING"
    """A listing of prohibited goods of class C."""
    MISPLACED_CATEGORY = "MISPLACED_CATEGORY"
    """A listing in the wrong category, for the first time."""
    OFF_PLATFORM_STEERING = "OFF_PLATFORM_STEERING"
    """Price bait, steering buyers away, refusing online trade."""
    SELLER_REFUNDS_MONTH = "SELLER_REFUNDS_MONTH"
    """Refunded orders in one calendar month that the seller caused."""


class Occasion(StrEnum):
    """Something that the platform sees by itself; which violation it counts as is rule data."""

    NEVER_SEEN_MOVING = "NEVER_SEEN_MOVING"
    """A shipment was never seen moving until it had to be."""
    SERVICE_POINT_WITHDRAWN = "SERVICE_POINT_WITHDRAWN"
    """A service point went without a word."""


class Measure(StrEnum):
    """What a threshold of points brings."""

    SEVERE_WARNING = "SEVERE_WARNING"
    """A warning."""
    RESTRICTION = "RESTRICTION"
    """Rights are restricted for some days."""
    TERMINATION = "TERMINATION"
    """Membership ends."""


class StrikeMeasure(StrEnum):
    """What serious logistics strikes bring."""

    LOGISTICS_SUSPENDED = "LOGISTICS_SUSPENDED"
    """No logistics orders for some months."""
    LOGISTICS_FORBIDDEN = "LOGISTICS_FORBIDDEN"
    """No logistics orders for good."""


class SideEffect(StrEnum):
    """What a measure brings beside itself."""

    NO_PROMOTIONS = "NO_PROMOTIONS"
    """Promotions and services may be refused."""
    LISTINGS_REMOVED = "LISTINGS_REMOVED"
    """All listings are removed."""
    NO_NEW_LISTINGS = "NO_NEW_LISTINGS"
    """No new listings."""


class Gathering(StrEnum):
    """What one act costs that breaks several rules."""

    HIGHEST = "HIGHEST"
    """The points of the worst."""
    CUMULATIVE = "CUMULATIVE"
    """The points of all."""


GATHERED: Final[Mapping[Gathering, Callable[[Sequence[int]], int]]] = {
    Gathering.HIGHEST: lambda points: max(points, default=0),
    Gathering.CUMULATIVE: sum,
}


@dataclass(frozen=True, slots=True)
class Price:
    """What a violation costs. A fraud counts while it is appealed and is acted on without notice."""

    points: Count
    strikes: Count = NONE
    fraud: bool = False
    demotion_days: Days | None = None
    """For how long whoever did it stands behind others in quotes; None: not at all."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """A step of the ladder: from how many points which measure, for how long, after how much notice."""

    points: Count
    measure: Measure
    days: Days | None = None
    notice_days: Days = AT_ONCE
    effects: tuple[SideEffect, ...] = ()


@dataclass(frozen=True, slots=True)
class StrikeThreshold:
    """From how many strikes within the life of a point which measure; `months` is None for good."""

    strikes: Count
    measure: StrikeMeasure
    months: Count | None = None


@dataclass(frozen=True, slots=True)
class Removal:
    """Repeated after-sales failures within some days cost the place in the programme, for some days."""

    failures: Count
    within_days: Days
    barred_days: Days


@dataclass(frozen=True, slots=True)
class PenaltyTerms:
    """The numbers of one version of the penalty rule. `version` is that version's id."""

    version: str
    life_days: Days
    one_act: Gathering
    count_appealed: bool
    violations: Mapping[Violation, Price]
    ladder: tuple[Threshold, ...]
    strikes: tuple[StrikeThreshold, ...]
    removal: Removal
    appeal_days: Days = AT_ONCE
    """For how long points and measures can be appealed from the day on which they are told."""
    occasions: Mapping[Occasion, tuple[Violation, ...]] = field(default_factory=dict)
    """What the platform sees by itself, and the violations that it is; what is not here costs nothing."""

    def __post_init__(self) -> None:
        for steps in ([step.points for step in self.ladder], [step.strikes for step in self.strikes]):
            if steps != sorted(set(steps)):
                raise ValueError("thresholds rise")


@dataclass(frozen=True, slots=True)
class PointEntry:
    """Points that were given: when the violation was, whether they are appealed, and whether they were for fraud."""

    points: Count
    occurred_at: datetime
    strikes: Count = NONE
    appealed: bool = False
    reversed: bool = False
    fraud: bool = False
    expires_at: datetime | None = None
    """The last instant of its life, where another version than the one that judges fixed it."""


@dataclass(frozen=True, slots=True)
class Penalty:
    """What an act brings: points and strikes, the step that it crosses (None: no step), days of notice, and why."""

    points: int
    strikes: int
    balance: int
    threshold: Threshold | None
    strike: StrikeThreshold | None
    notice_days: int
    tree: Finding


def penalty_terms(version: RuleVersion) -> PenaltyTerms:
    """The numbers of a version of the penalty rule. Refuses a version of another kind with TypeError."""
    if version.kind is not RuleKind.PENALTIES:
        raise TypeError(f"{version.key} is not the penalty rule")
    return terms.of(PenaltyTerms, version)


def expires_at(rule: PenaltyTerms, occurred_at: datetime, calendar: Calendar) -> datetime:
    """The last instant of a point's life."""
    return dates.day_deadline(occurred_at, rule.life_days, calendar)


def counts(rule: PenaltyTerms, entry: PointEntry, at: datetime, calendar: Calendar) -> bool:
    """Whether the entry is in force at `at`: not reversed, within its life, not under appeal (unless for fraud)."""
    appealed = entry.appealed and not entry.fraud and not rule.count_appealed
    ends_at = entry.expires_at or expires_at(rule, entry.occurred_at, calendar)
    return not entry.reversed and not appealed and entry.occurred_at <= at <= ends_at


def price(rule: PenaltyTerms, act: Sequence[Violation]) -> Price:
    """What one act costs that is all of those violations: the highest, or the sum where the rule says so.

    A violation that this version does not know costs nothing: no penalty without a rule.
    """
    prices = [rule.violations[violation] for violation in act if violation in rule.violations]
    points = GATHERED[rule.one_act]([price.points for price in prices])
    strikes = max((price.strikes for price in prices), default=0)
    demotion = max((price.demotion_days for price in prices if price.demotion_days is not None), default=None)
    return Price(Count(points), Count(strikes), any(price.fraud for price in prices), demotion)


def penalise(
    rule: PenaltyTerms, entries: Sequence[PointEntry], act: Sequence[Violation], at: datetime, calendar: Calendar
) -> Penalty:
    """What the act of `at` brings to a party with those entries (vectors T9 and T11)."""
    return penalise_at(rule, entries, price(rule, act), at, calendar, violations=act)


def penalise_at(
    rule: PenaltyTerms,
    entries: Sequence[PointEntry],
    cost: Price,
    at: datetime,
    calendar: Calendar,
    *,
    violations: Sequence[Violation] = (),
) -> Penalty:
    """As `penalise`, at a given price (vector T10): for points of a regime whose table is not this one."""
    standing = [entry for entry in entries if counts(rule, entry, at, calendar)]
    before = sum(entry.points for entry in standing)
    balance = before + cost.points
    threshold = _crossed(rule.ladder, before, balance)
    struck = sum(entry.strikes for entry in standing)
    strike = _struck(rule.strikes, struck, struck + cost.strikes)
    notice = 0 if threshold is None or cost.fraud else threshold.notice_days
    because = (
        _points_finding(rule, violations, cost, entries, standing, at),
        _threshold_finding(rule, threshold, before, balance, notice, cost),
        _strike_finding(rule, strike, struck, struck + cost.strikes),
    )
    measured = threshold is not None or strike is not None
    tree = Finding("penalty", measured, "penalty_measure_taken", {"balance": balance}, rule.version, because)
    return Penalty(cost.points, cost.strikes, balance, threshold, strike, notice, tree)


def _crossed(ladder: Sequence[Threshold], before: int, after: int) -> Threshold | None:
    """The highest step that lies above `before` and not above `after`."""
    return max((step for step in ladder if before < step.points <= after), key=lambda step: step.points, default=None)


def _struck(steps: Sequence[StrikeThreshold], before: int, after: int) -> StrikeThreshold | None:
    return max((step for step in steps if before < step.strikes <= after), key=lambda step: step.strikes, default=None)


def _points_finding(
    rule: PenaltyTerms,
    violations: Sequence[Violation],
    cost: Price,
    entries: Sequence[PointEntry],
    standing: Sequence[PointEntry],
    at: datetime,
) -> Finding:
    inputs: dict[str, Input] = {
        "violations": " ".join(violation.value for violation in violations),
        "points": cost.points,
        "strikes": cost.strikes,
        "gathering": rule.one_act.value,
        "entries": len(entries),
        "inForce": len(standing),
        "at": rfc3339(at),
    }
    return Finding("penalty.points", cost.points > 0, "penalty_points_given", inputs, rule.version)


def _threshold_finding(
    rule: PenaltyTerms, threshold: Threshold | None, before: int, balance: int, notice: int, cost: Price
) -> Finding:
    inputs: dict[str, Input] = {"before": before, "balance": balance}
    if threshold is not None:
        inputs |= {"threshold": threshold.points, "measure": threshold.measure.value, "noticeDays": notice}
        inputs |= {"fraud": cost.fraud}
        inputs |= {} if threshold.days is None else {"days": threshold.days}
        inputs |= {"effects": " ".join(effect.value for effect in threshold.effects)} if threshold.effects else {}
    return Finding("penalty.threshold", threshold is not None, "penalty_threshold_crossed", inputs, rule.version)


def _strike_finding(rule: PenaltyTerms, strike: StrikeThreshold | None, before: int, after: int) -> Finding:
    inputs: dict[str, Input] = {"before": before, "strikes": after}
    if strike is not None:
        inputs |= {"threshold": strike.strikes, "measure": strike.measure.value}
        inputs |= {} if strike.months is None else {"months": strike.months}
    return Finding("penalty.strikes", strike is not None, "penalty_strikes_crossed", inputs, rule.version)


assert GATHERED.keys() == set(Gathering)
