"""Instants, local days and deadlines.

Laws (`domain.md` 6): instants are aware and in UTC; a deadline of N days is the last microsecond of the N-th local day
of the calendar, a deadline of hours is exact; an act is in time if and only if `at <= due`, a consequence follows if
and only if `due < at`; a deadline is fixed when its clock starts. The day on which a clock starts is day 0.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from domain.errors import Refused

MICROSECOND: Final = timedelta(microseconds=1)
"""The grain of time: what lies between the last instant of a day and the first of the next."""

DAY: Final = timedelta(days=1)
SATURDAY, SUNDAY = 6, 7
WEEK: Final = frozenset(range(1, SUNDAY + 1))
"""ISO days: Monday is 1."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days of one market: its zone, its weekend (ISO days), its holidays, and weekend days that are worked.

    Holidays are known from `first_day` to `last_day`; working days beyond them are refused rather than guessed.
    Refuses an unknown zone and a week without working days with ValueError.
    """

    market: str
    zone: str
    weekend: frozenset[int] = frozenset({SATURDAY, SUNDAY})
    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()
    first_day: date = date.min
    last_day: date = date.max
    _zone: ZoneInfo = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.weekend < WEEK:
            raise ValueError("a weekend is made of days 1 to 7, and leaves at least one to be worked")
        try:
            object.__setattr__(self, "_zone", ZoneInfo(self.zone))
        except (KeyError, OSError, ValueError) as reason:
            raise ValueError(f"{self.zone!r} is no time zone") from reason

    def local(self, at: datetime) -> datetime:
        """`at` on the clocks of this market."""
        return at.astimezone(self._zone)

    def midnight(self, day: date) -> datetime:
        """The first instant after the last one of the local day before, in UTC.

        A midnight that clocks skip is the instant at which they do. Of a midnight that comes twice it is the first,
        unless clocks fell back behind it into the day before: then that day ends with the second.
        """
        return _midnight(self._zone, day)

    def works(self, day: date) -> bool:
        """Whether people work on that day here. Refuses days beyond the known holidays."""
        if not self.first_day <= day <= self.last_day:
            raise Refused(
                "calendar.range",
                f"the holidays of {self.market} are known from {self.first_day} to {self.last_day}, not for {day}",
            )
        return day in self.workdays or (day.isoweekday() not in self.weekend and day not in self.holidays)


@lru_cache(maxsize=4_096)
def _midnight(zone: ZoneInfo, day: date) -> datetime:
    """As `Calendar.midnight`. Every deadline in days asks for one, and most ask for the same few."""
    local = datetime.combine(day, time.min, zone)
    first, second = sorted((local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)))
    return second if (second - MICROSECOND).astimezone(zone).date() < day else first


UTC_DAYS: Final = Calendar("ZZ", "UTC")
"""The pseudo-market: UTC days, Saturdays and Sundays off, no holidays. For imports and countries without a calendar."""


def utc(at: datetime) -> datetime:
    """`at` in UTC. Refuses an instant without a zone with ValueError."""
    if at.tzinfo is None:
        raise ValueError("an instant needs its offset")
    return at.astimezone(UTC)


def rfc3339(at: datetime) -> str:
    """`at` as RFC 3339 in UTC, with microseconds only where there are any: `2026-03-01T23:59:59.999999Z`."""
    return (at if at.tzinfo is UTC else utc(at)).isoformat()[:-6] + "Z"


def instant(spelled: str) -> datetime:
    """The instant that `spelled` (RFC 3339) names, in UTC. Refuses what else and a missing offset with ValueError."""
    return utc(datetime.fromisoformat(spelled))


def local_day(at: datetime, calendar: Calendar) -> date:
    """The day on which `at` falls in that calendar."""
    return calendar.local(at).date()


def end_of_day(day: date, calendar: Calendar) -> datetime:
    """The last microsecond of that local day."""
    return calendar.midnight(day + DAY) - MICROSECOND


def day_deadline(start: datetime, days: int, calendar: Calendar) -> datetime:
    """The last microsecond of the `days`-th local day after the day of `start`, whatever the clocks do in between."""
    return end_of_day(local_day(start, calendar) + _whole(days) * DAY, calendar)


def working_day_deadline(start: datetime, days: int, calendar: Calendar) -> datetime:
    """The last microsecond of the `days`-th working day after the day of `start`.

    Zero days end with the day of `start`, or with the next working day when that one is none.
    """
    day, left = local_day(start, calendar), _whole(days)
    while left or not calendar.works(day):
        day += DAY
        if left and calendar.works(day):
            left -= 1
    return end_of_day(day, calendar)


def months_deadline(start: datetime, months: int, calendar: Calendar) -> datetime:
    """The last microsecond of the local day `months` months after the day of `start`.

    Where that month has no such day, it is the month's last: one month after 31 January ends with February.
    """
    day = local_day(start, calendar)
    years, month = divmod(day.month - 1 + _whole(months), 12)
    first = date(day.year + years, month + 1, 1)
    length = ((first + 31 * DAY).replace(day=1) - first).days
    return end_of_day(first.replace(day=min(day.day, length)), calendar)


def hours_deadline(start: datetime, hours: int) -> datetime:
    """Exactly `hours` hours after `start`."""
    return start + timedelta(hours=_whole(hours))


def postponed(deadline: datetime, by: timedelta, calendar: Calendar, *, not_before: datetime) -> datetime:
    """The deadline, `by` later: one of hours exactly, one of days at the end of the local day that it then falls on.

    What is later is counted on the clocks of that market, so that five days are five days also where clocks change in
    between. A deadline of days ends a local day, or is the first instant behind one, and stays so. One that, counted
    exactly, lies behind `not_before`, the end of what postponed it, does not come before it.
    """
    for behind in (timedelta(0), MICROSECOND):
        last = deadline - behind
        if by and end_of_day(local_day(last, calendar), calendar) == last:
            day = (calendar.local(last).replace(tzinfo=None) + by).date()
            while (found := end_of_day(day, calendar) + behind) < min(not_before, deadline + by):
                day += DAY
            return found
    return deadline + by


def start_of_day_after(start: datetime, days: int, calendar: Calendar) -> datetime:
    """The first instant of the `days`-th local day after the day of `start`."""
    return calendar.midnight(local_day(start, calendar) + _whole(days) * DAY)


def in_time(at: datetime, due: datetime) -> bool:
    """Whether an act at `at` keeps the deadline `due`; the deadline itself is still in time."""
    return at <= due


def _whole(count: int) -> int:
    if count < 0:
        raise ValueError("a deadline lies after its start")
    return count
