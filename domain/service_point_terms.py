"""The numbers about service points: notice before a change takes effect, and how often a point is checked.

Law: days are local days of the country in which the point lies (`domain.md` 6.2; the brief's SD0 for the duty).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain import dates, terms
from domain.dates import MICROSECOND, UTC_DAYS, Calendar
from domain.rulebook import RuleKind, RuleVersion
from domain.terms import Notice

RULE: Final = "service_points"
"""The key of the rule."""


@dataclass(frozen=True, slots=True)
class ServicePointTerms:
    """The numbers of the rule: whole local days, at least one each."""

    version: str
    notice_days: Notice
    """Between the report of a change and its effect."""
    first_check_days: Notice
    """Until a point is checked that was just verified, that was not reached, or whose check was missed."""
    check_days: Notice
    """Until a point that serves is checked again."""


@dataclass(frozen=True, slots=True)
class PointGiven:
    """Something happens at a service point at `at`."""

    at: datetime
    calendar: Calendar = UTC_DAYS


@dataclass(frozen=True, slots=True)
class PointFound:
    """When a change that is reported then takes effect, and until when the point is checked next."""

    effective_from: datetime
    first_check_due_at: datetime
    check_due_at: datetime


def service_point_terms(version: RuleVersion) -> ServicePointTerms:
    """The numbers of a version of the rule. Refuses a version of another kind with TypeError."""
    if version.kind is not RuleKind.SERVICE_POINTS:
        raise TypeError(f"{version.key} is not the rule about service points")
    return terms.of(ServicePointTerms, version)


def earliest_effect(rule: ServicePointTerms, at: datetime, calendar: Calendar) -> datetime:
    """From when on a change may take effect that is reported at `at`: the first instant after so many whole days."""
    return dates.day_deadline(at, rule.notice_days, calendar) + MICROSECOND


def check_due_at(rule: ServicePointTerms, at: datetime, calendar: Calendar, *, serves: bool) -> datetime:
    """Until when a point is to be checked after `at`: soon where it does not serve or nobody looked."""
    return dates.day_deadline(at, rule.check_days if serves else rule.first_check_days, calendar)


def judge(rule: ServicePointTerms, given: PointGiven) -> PointFound:
    """What the rule's own cases are put to."""
    return PointFound(
        effective_from=earliest_effect(rule, given.at, given.calendar),
        first_check_due_at=check_due_at(rule, given.at, given.calendar, serves=False),
        check_due_at=check_due_at(rule, given.at, given.calendar, serves=True),
    )
