"""Scorecards: what parties are measured by beside points, and where they stand (`domain.md` 2.11, 6.9).

How it works. What a party did is counted by day as it happens (`storage/migrations/0027_points.sql` moves the counters
in the transaction that gives occasion), what a provider carried in its record (`domain/records.py`). A score is a share
of cases over a rolling window of whole days; a standing is what all scores of the rule's window come to:

    ABOVE    every score with enough cases is at its upper bar, and at least one has enough
    BELOW    a score misses its target by a worse rate **and** by more cases than are tolerated (E4)
    MEETS    everything else: so whoever has too few cases to tell

Whoever stands below standard comes behind others in quotes, by a measure with its reasons (`domain/measures.py`), from
the first look that finds it until the first that does not: it recovers with the scores, nobody has to lift anything.

Laws: nothing here reads a clock or a row; a defect that an appeal took out of the score is not counted from then on;
the repeat-purchase rate says how a market does and never costs anybody its standing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Final

from domain import terms
from domain.explain import Finding, Input
from domain.ids import LiablePartyId, ProviderId
from domain.measures import MeasureBasis, MeasureKind, Step
from domain.money import WHOLE_BP
from domain.records import Counts, Window
from domain.rulebook import RuleKind, RuleVersion
from domain.terms import BasisPoints, Count, Days, Notice

RULE: Final = "scorecards"
"""The key of the rule about scorecards."""


class ScoreMeasure(StrEnum):
    """What a party is measured by."""

    DEFECTS = "DEFECTS"
    """Claims that were decided against the party, by its orders."""
    CANCELLATIONS = "CANCELLATIONS"
    """Orders or shipments that were called off before they were fulfilled."""
    LATE_SHIPMENT = "LATE_SHIPMENT"
    """Shipments picked up later than planned, of those with a plan; of providers."""
    VALID_TRACKING = "VALID_TRACKING"
    """Shipments seen moving under a valid number, of those entrusted; of providers."""
    ON_TIME = "ON_TIME"
    """Promises kept, of those whose day has passed; of providers."""
    REPLIES = "REPLIES"
    """Claims that the party answered within the rule's hours, of those that buyers opened."""
    REPEAT_PURCHASE = "REPEAT_PURCHASE"
    """Buyers that came back within the window, of all its buyers then."""


AT_LEAST: Final = frozenset(
    {ScoreMeasure.VALID_TRACKING, ScoreMeasure.ON_TIME, ScoreMeasure.REPLIES, ScoreMeasure.REPEAT_PURCHASE}
)
"""Measures of which more is better; of the others less is."""

TOLD_ONLY: Final = frozenset({ScoreMeasure.REPEAT_PURCHASE})
"""Measures that are told and never judged."""


class Standing(StrEnum):
    """Where a party stands."""

    ABOVE = "ABOVE"
    """Above standard."""
    MEETS = "MEETS"
    """At standard, or too few cases to tell."""
    BELOW = "BELOW"
    """Below standard: it comes behind others in quotes."""


class ReplyHours(StrEnum):
    """The hours within which an answer is one; the value is the last counter that counts."""

    HOURS_12 = "replied_12"
    """Twelve hours."""
    HOURS_24 = "replied_24"
    """A day."""
    HOURS_48 = "replied_48"
    """Two days."""


@dataclass(frozen=True, slots=True)
class PartyCounts:
    """What was counted of a party on some days; the fields are the columns of `party_days`, and two of its buyers."""

    orders: int = 0
    cancelled: int = 0
    defects: int = 0
    asked: int = 0
    replied_12: int = 0
    replied_24: int = 0
    replied_48: int = 0
    replied_late: int = 0
    buyers: int = 0
    returning: int = 0


DAILY: Final = tuple(each.name for each in fields(PartyCounts) if each.name not in ("buyers", "returning"))
"""The counters by day."""


@dataclass(frozen=True, slots=True)
class Bar:
    """What is asked of a measure, which has a rate from `minimum` cases on.

    The target is missed only by a worse rate **and** by more misses than `tolerated`; the upper bar is reached by a
    rate as good as `above_bp` **and** no more misses than `above_tolerated`.
    """

    minimum: Count
    target_bp: BasisPoints
    tolerated: Count
    above_bp: BasisPoints
    above_tolerated: Count

    def __post_init__(self) -> None:
        if not self.minimum:
            raise ValueError("a rate needs at least one case")


DAILY_REVIEW: Final = Notice(1)
IDLE_DAYS: Final = Notice(7)
APPEAL_DAYS: Final = Days(30)
"""What versions of the rule from before measures for scorecards say nothing of; the shipped one has the same."""


@dataclass(frozen=True, slots=True)
class ScorecardTerms:
    """The numbers of one version of the rule. `version` is that version's id, `window` what standings look at.

    Every `review_days` all who have enough cases are looked at, and while nobody has every `idle_days`; a demotion can
    be appealed for `appeal_days`.
    """

    version: str
    window: Window
    reply_hours: ReplyHours
    bars: Mapping[ScoreMeasure, Bar]
    review_days: Notice = DAILY_REVIEW
    idle_days: Notice = IDLE_DAYS
    appeal_days: Days = APPEAL_DAYS

    @property
    def least_cases(self) -> int:
        """Below so many cases of anything nobody is judged."""
        return min(bar.minimum for measure, bar in self.bars.items() if measure not in TOLD_ONLY)

    def __post_init__(self) -> None:
        if self.bars.keys() != set(ScoreMeasure):
            raise ValueError("every measure has its bar")


@dataclass(frozen=True, slots=True)
class Score:
    """A measure: `count` cases `of` so many. `share_bp`, `meets` and `above` are None below the minimum."""

    measure: ScoreMeasure
    count: int
    of: int
    share_bp: int | None
    target_bp: int
    meets: bool | None
    above: bool | None
    because: Finding


@dataclass(frozen=True, slots=True)
class Scorecard:
    """How a party does over the whole days from `since` up to and without `until`."""

    party_id: LiablePartyId
    window: Window
    since: date
    until: date
    standing: Standing
    scores: tuple[Score, ...]
    tree: Finding


def scorecard_terms(version: RuleVersion) -> ScorecardTerms:
    """The numbers of a version of the rule. Refuses a version of another kind with TypeError."""
    if version.kind is not RuleKind.SCORECARDS:
        raise TypeError(f"{version.key} is not the rule about scorecards")
    return terms.of(ScorecardTerms, version)


def cases(
    rule: ScorecardTerms, counts: PartyCounts, record: Counts, *, attempts: bool
) -> Mapping[ScoreMeasure, tuple[int, int]]:
    """Of each measure the cases that count and those they are of. `attempts` in time keep promises where so ruled."""
    replied = counts.replied_12
    if rule.reply_hours is not ReplyHours.HOURS_12:
        replied += counts.replied_24
    if rule.reply_hours is ReplyHours.HOURS_48:
        replied += counts.replied_48
    called_off = (record.cancelled, record.recorded) if record.recorded else (counts.cancelled, counts.orders)
    return {
        ScoreMeasure.DEFECTS: (counts.defects, max(counts.orders, counts.defects)),
        ScoreMeasure.CANCELLATIONS: called_off,
        ScoreMeasure.LATE_SHIPMENT: (record.picked_up_late, record.pickups_due),
        ScoreMeasure.VALID_TRACKING: (record.tracked, record.recorded - record.cancelled),
        ScoreMeasure.ON_TIME: (record.kept + (record.attempted if attempts else 0), record.promised),
        ScoreMeasure.REPLIES: (replied, counts.asked),
        ScoreMeasure.REPEAT_PURCHASE: (counts.returning, counts.buyers),
    }


def evaluate(
    rule: ScorecardTerms,
    party_id: LiablePartyId,
    counted: Mapping[ScoreMeasure, tuple[int, int]],
    window: Window,
    since: date,
    until: date,
) -> Scorecard:
    """The party's scores over those days, and where it stands by them."""
    scores = tuple(_score(rule, measure, *counted[measure]) for measure in ScoreMeasure)
    judged = [score for score in scores if score.measure not in TOLD_ONLY and score.share_bp is not None]
    if any(score.meets is False for score in judged):
        standing = Standing.BELOW
    elif judged and all(score.above for score in judged):
        standing = Standing.ABOVE
    else:
        standing = Standing.MEETS
    inputs: dict[str, Input] = {"standing": standing.value, "since": since.isoformat(), "until": until.isoformat()}
    inputs |= {"judged": len(judged)}
    because = tuple(score.because for score in scores)
    tree = Finding("scorecard", standing is not Standing.BELOW, "party_meets_standard", inputs, rule.version, because)
    return Scorecard(party_id, window, since, until, standing, scores, tree)


def demotion(card: Scorecard) -> Step:
    """The measure that follows from a standing below standard: it lasts until the scorecard is better."""
    missed = sum(score.meets is False for score in card.scores)
    return Step(MeasureKind.DEMOTION, MeasureBasis.SCORECARD, missed)


def _score(rule: ScorecardTerms, measure: ScoreMeasure, count: int, of: int) -> Score:
    bar = rule.bars[measure]
    inputs: dict[str, Input] = {"measure": measure.value, "count": count, "of": of, "minimum": bar.minimum}
    if of < bar.minimum:
        few = Finding("scorecard.minimum", False, "score_has_enough_cases", inputs, rule.version)
        return Score(measure, count, of, None, bar.target_bp, None, None, few)
    share_bp = round(Fraction(count * WHOLE_BP, of))
    more = measure in AT_LEAST
    misses = of - count if more else count
    good = share_bp >= bar.target_bp if more else share_bp <= bar.target_bp
    best = share_bp >= bar.above_bp if more else share_bp <= bar.above_bp
    inputs |= {"shareBp": share_bp, "targetBp": bar.target_bp, "misses": misses, "tolerated": bar.tolerated}
    if measure in TOLD_ONLY:
        told = Finding("scorecard.told", True, "score_is_told", inputs, rule.version)
        return Score(measure, count, of, share_bp, bar.target_bp, None, None, told)
    meets = good or misses <= bar.tolerated
    above = best and misses <= bar.above_tolerated
    because = Finding("scorecard.target", meets, "score_meets_target", inputs, rule.version)
    return Score(measure, count, of, share_bp, bar.target_bp, meets, above, because)


# -- the rule's own cases ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ScoreGiven:
    """A party with those counters; `record` is what it carried."""

    counts: PartyCounts = field(default_factory=PartyCounts)
    record: Counts = field(default_factory=Counts)


@dataclass(frozen=True, slots=True)
class ScoreFound:
    """Where it stands, its rates, and the targets that it misses."""

    standing: Standing
    share_bp: Mapping[ScoreMeasure, int]
    missed: tuple[ScoreMeasure, ...]


def judge(rule: ScorecardTerms, given: ScoreGiven) -> ScoreFound:
    """What the rule makes of its case."""
    counted = cases(rule, given.counts, given.record, attempts=False)
    found = evaluate(rule, ProviderId(), counted, rule.window, date.min, date.max)
    return ScoreFound(
        found.standing,
        {score.measure: score.share_bp for score in found.scores if score.share_bp is not None},
        tuple(score.measure for score in found.scores if score.meets is False),
    )
