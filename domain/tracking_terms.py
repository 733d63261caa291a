"""The numbers of tracking: how far clocks may differ, when a shipment counts as stuck, when as lost (`domain.md` 6.3).

Laws: a deadline in days ends with its last microsecond in the calendar it is counted in; the days until a loss is
presumed count from the promised day, and no promise means no presumption.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from domain import dates, terms
from domain.dates import UTC_DAYS, Calendar
from domain.rulebook import RuleKind, RuleVersion
from domain.terms import Count, Days

TRACKING_RULE: Final = "tracking"
"""The key of the rule."""


@dataclass(frozen=True, slots=True)
class TrackingTerms:
    """The numbers of one version of the rule."""

    version: str
    clock_ahead_minutes: Count
    """What is reported of the future beyond this is flagged and does not count."""
    clock_behind_days: Days
    """What is reported of the time longer before the order was placed is flagged and does not count."""
    no_movement_days: Days
    presumed_lost_express_days: Days
    presumed_lost_freight_days: Days
    waiting_days: Days
    """How long a report of a shipment that nobody has recorded is kept."""
    waiting_reports_max: Count
    """Of one provider at a time."""

    @property
    def ahead(self) -> timedelta:
        """How far clocks may differ into the future."""
        return timedelta(minutes=self.clock_ahead_minutes)

    @property
    def behind(self) -> timedelta:
        """How far before the order something may have occurred."""
        return timedelta(days=self.clock_behind_days)

    def stuck_after(self, moved_at: datetime, calendar: Calendar) -> datetime:
        """The last instant at which goods that last moved then do not count as stuck."""
        return dates.day_deadline(moved_at, self.no_movement_days, calendar)

    def lost_after(self, promised_at: datetime, calendar: Calendar, *, express: bool) -> datetime:
        """The last instant at which goods promised for then do not count as lost."""
        days = self.presumed_lost_express_days if express else self.presumed_lost_freight_days
        return dates.day_deadline(promised_at, days, calendar)


@dataclass(frozen=True, slots=True)
class TrackingGiven:
    """A shipment that was promised for `promised_at` and last moved at `moved_at`, heard of at `heard_at`."""

    promised_at: datetime
    moved_at: datetime
    heard_at: datetime
    occurred_at: datetime
    begun_at: datetime
    express: bool = False
    calendar: Calendar = UTC_DAYS


@dataclass(frozen=True, slots=True)
class TrackingFound:
    """What the rule says of it."""

    stuck_after: datetime
    lost_after: datetime
    ahead: bool
    behind: bool


def tracking_terms(version: RuleVersion) -> TrackingTerms:
    """The numbers of a version of the rule. Refuses a version of another kind with TypeError."""
    if version.kind is not RuleKind.TRACKING:
        raise TypeError(f"{version.key} is not the rule about tracking")
    return terms.of(TrackingTerms, version)


def judge(rule: TrackingTerms, given: TrackingGiven) -> TrackingFound:
    """What the rule's own example cases are put to."""
    return TrackingFound(
        rule.stuck_after(given.moved_at, given.calendar),
        rule.lost_after(given.promised_at, given.calendar, express=given.express),
        given.occurred_at - given.heard_at > rule.ahead,
        given.begun_at - given.occurred_at > rule.behind,
    )
