"""The rule about appeals: what can be appealed with which effects, until when, and everybody's time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import dates, terms
from domain.dates import Calendar
from domain.measures import MeasureKind
from domain.rulebook import RuleKind, RuleVersion
from domain.terms import Count, Days, Hours, WorkingDays

RULE: Final = "appeals"
"""The key of the rule about appeals."""


class SubjectKind(StrEnum):
    """What can be appealed."""

    CLAIM_DECISION = "CLAIM_DECISION"
    """The decision of a claim: by the buyer that was denied, or a party that was found liable or bears a share."""
    POINTS = "POINTS"
    """Penalty points, by the party that has them."""
    RESTRICTION = "RESTRICTION"
    """A measure against an account, or a restriction or suspension that no measure brought, by the party."""
    ONBOARDING_REJECTION = "ONBOARDING_REJECTION"
    """That a provider was not admitted, by the provider."""
    COUPON_REVOCATION = "COUPON_REVOCATION"
    """That a coupon was revoked, by its buyer."""


class AppealEffect(StrEnum):
    """What a decision or measure brought about, each undone by itself."""

    MONEY = "MONEY"
    """Who pays whom."""
    POINTS = "POINTS"
    """Penalty points, and the measures that rest on them."""
    METRIC = "METRIC"
    """That it counts in the party's scorecard."""
    RESTRICTION = "RESTRICTION"
    """What the party may not do, or was not let in to."""


@dataclass(frozen=True, slots=True)
class SubjectRule:
    """What a kind of subject brings about, and whether the appellant must say how it will do better.

    `account` subjects are about a party's conduct: their appeal names root cause, correction and prevention.
    """

    effects: frozenset[AppealEffect]
    account: bool = False


SUBJECTS: Final[Mapping[SubjectKind, SubjectRule]] = {
    SubjectKind.CLAIM_DECISION: SubjectRule(frozenset({AppealEffect.MONEY, AppealEffect.POINTS, AppealEffect.METRIC})),
    SubjectKind.POINTS: SubjectRule(frozenset({AppealEffect.POINTS}), account=True),
    SubjectKind.RESTRICTION: SubjectRule(frozenset({AppealEffect.RESTRICTION}), account=True),
    SubjectKind.ONBOARDING_REJECTION: SubjectRule(frozenset({AppealEffect.RESTRICTION})),
    SubjectKind.COUPON_REVOCATION: SubjectRule(frozenset({AppealEffect.MONEY})),
}
"""The kinds of subjects. Total."""
assert SUBJECTS.keys() == set(SubjectKind)


class AppealOutcome(StrEnum):
    """What came of an appeal."""

    UPHELD = "UPHELD"
    """The decision stands."""
    OVERTURNED = "OVERTURNED"
    """Everything that was appealed is undone."""
    PARTLY = "PARTLY"
    """Some of it is undone."""


@dataclass(frozen=True, slots=True)
class UrgentTerms:
    """The urgent channel: against which measures, for whom, and everybody's shorter time.

    A party is in good standing that has been here for `standing_days`, against which nothing stands but what it appeals
    and nothing was taken in that time, and whose scorecard is not below standard.
    """

    measures: tuple[MeasureKind, ...]
    standing_days: Days
    admit_working_days: WorkingDays
    answer_hours: Hours
    decide_working_days: WorkingDays
    decide_days_max: Days


@dataclass(frozen=True, slots=True)
class AppealTerms:
    """Everybody's time, by kind of subject where it differs.

    `filing_days` counts where the noun that decided has no date of its own. The platform decides in
    `decide_working_days`, and `silence` says what stands when `decide_days_max` have passed. Refuses with ValueError
    kinds that are left out. Without `urgent` there is no urgent channel.
    """

    version: str
    filing_days: Mapping[SubjectKind, Days]
    admit_working_days: WorkingDays
    answer_hours: Hours
    rounds: Count
    decide_working_days: WorkingDays
    decide_days_max: Days
    silence: Mapping[SubjectKind, AppealOutcome]
    urgent: UrgentTerms | None = None

    def __post_init__(self) -> None:
        for members in (self.filing_days, self.silence):
            if missing := sorted(set(SubjectKind) - members.keys()):
                raise ValueError(f"every kind of subject has its row; none is given for {', '.join(missing)}")
        if AppealOutcome.PARTLY in self.silence.values():
            raise ValueError("silence upholds or overturns: nobody says which part")


def appeal_terms(version: RuleVersion) -> AppealTerms:
    """The numbers of a version of the rule about appeals. Refuses a version of another kind with TypeError."""
    if version.kind is not RuleKind.APPEALS:
        raise TypeError(f"{version.key} is not the rule about appeals")
    return terms.of(AppealTerms, version)


def filing_until(rule: AppealTerms, kind: SubjectKind, decided_at: datetime, calendar: Calendar) -> datetime:
    """The last instant at which what was decided then can be appealed."""
    return dates.day_deadline(decided_at, rule.filing_days[kind], calendar)


def admit_by(rule: AppealTerms, filed_at: datetime, calendar: Calendar, *, urgent: bool = False) -> datetime:
    """Until when staff say whether it can be heard."""
    return dates.working_day_deadline(filed_at, _times(rule, urgent).admit_working_days, calendar)


def decide_by(
    rule: AppealTerms, filed_at: datetime, calendar: Calendar, *, urgent: bool = False
) -> tuple[datetime, datetime]:
    """Until when the platform decides, and until when at most."""
    times = _times(rule, urgent)
    last = dates.day_deadline(filed_at, times.decide_days_max, calendar)
    return min(dates.working_day_deadline(filed_at, times.decide_working_days, calendar), last), last


def answer_by(rule: AppealTerms, asked_at: datetime, *, urgent: bool = False) -> datetime:
    """Until when the appellant answers a question."""
    return dates.hours_deadline(asked_at, _times(rule, urgent).answer_hours)


def _times(rule: AppealTerms, urgent: bool) -> AppealTerms | UrgentTerms:
    return rule.urgent if urgent and rule.urgent is not None else rule


# -- the rule's own cases ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AppealGiven:
    """Something of that kind was decided at one instant and appealed at another."""

    kind: SubjectKind
    decided_at: datetime
    filed_at: datetime
    calendar: Calendar = dates.UTC_DAYS
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class AppealFound:
    """The deadlines that follow, whether the appeal is in time, and what silence means."""

    until: datetime
    in_time: bool
    admit_by: datetime
    decide_by: datetime
    last_at: datetime
    silence: AppealOutcome


def judge(rule: AppealTerms, given: AppealGiven) -> AppealFound:
    """Everybody's deadlines."""
    until = filing_until(rule, given.kind, given.decided_at, given.calendar)
    by, last = decide_by(rule, given.filed_at, given.calendar, urgent=given.urgent)
    return AppealFound(
        until,
        dates.in_time(given.filed_at, until),
        admit_by(rule, given.filed_at, given.calendar, urgent=given.urgent),
        by,
        last,
        rule.silence[given.kind],
    )
