"""Local days and deadlines: examples where clocks change, and laws for all zones that markets use."""

import string
from datetime import UTC, date, datetime, timedelta
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import dates
from domain.dates import DAY, MICROSECOND, UTC_DAYS, Calendar
from domain.errors import Refused

ZONES = [
    "UTC",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Asia/Kolkata",
    "Asia/Shanghai",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Europe/Lisbon",
    "Europe/London",
    "Pacific/Apia",
    "Pacific/Kiritimati",
]
NEW_YORK = Calendar("US", "America/New_York")
SAO_PAULO = Calendar("BR", "America/Sao_Paulo")
LONDON = Calendar("GB", "Europe/London", holidays=frozenset({date(2026, 4, 3), date(2026, 4, 6)}))

NAIVE = datetime(2026, 3, 1, tzinfo=UTC).replace(tzinfo=None)
calendars = st.sampled_from([Calendar("XX", zone) for zone in ZONES])
days = st.dates(date(1990, 1, 1), date(2037, 12, 31))
instants = st.datetimes(NAIVE.replace(year=1990), NAIVE.replace(year=2037), timezones=st.just(UTC))


def at(text: str) -> datetime:
    return dates.instant(text)


@given(days, calendars)
def test_a_day_ends_one_microsecond_before_the_next_begins(day: date, calendar: Calendar) -> None:
    end = dates.end_of_day(day, calendar)
    assert end + MICROSECOND == calendar.midnight(day + DAY)
    assert dates.local_day(end, calendar) <= day < dates.local_day(end + MICROSECOND, calendar)


@given(instants, calendars)
def test_every_instant_lies_within_its_local_day(instant: datetime, calendar: Calendar) -> None:
    day = dates.local_day(instant, calendar)
    assert calendar.midnight(day) <= instant <= dates.end_of_day(day, calendar)


@given(instants, st.integers(0, 400), calendars)
def test_a_day_deadline_lies_on_its_day_and_a_right_begins_right_behind_it(
    start: datetime, count: int, calendar: Calendar
) -> None:
    deadline = dates.day_deadline(start, count, calendar)
    assert deadline.tzinfo is UTC
    assert dates.local_day(deadline + MICROSECOND, calendar) > dates.local_day(start, calendar) + count * DAY
    assert dates.start_of_day_after(start, count + 1, calendar) == deadline + MICROSECOND


@given(instants, st.integers(1, 60), calendars)
def test_working_days_are_counted_one_by_one(start: datetime, count: int, calendar: Calendar) -> None:
    last = dates.local_day(start, calendar)
    deadline = dates.working_day_deadline(start, count, calendar)
    worked = 0
    while worked < count:
        last += DAY
        worked += calendar.works(last)
    assert deadline == dates.end_of_day(last, calendar)


@given(instants, st.integers(0, 60), calendars)
def test_more_working_days_never_end_earlier(start: datetime, count: int, calendar: Calendar) -> None:
    assert dates.working_day_deadline(start, count, calendar) <= dates.working_day_deadline(start, count + 1, calendar)
    assert dates.day_deadline(start, count, calendar) <= dates.working_day_deadline(start, count, calendar)


@pytest.mark.parametrize(
    ("calendar", "start", "count", "end"),
    [
        # New York's clocks go forward on 8 March 2026 at 02:00 and back on 1 November.
        (NEW_YORK, "2026-03-06T15:00:00Z", 3, "2026-03-10T03:59:59.999999Z"),
        (NEW_YORK, "2026-10-30T15:00:00Z", 3, "2026-11-03T04:59:59.999999Z"),
        # São Paulo's went forward at midnight: 4 November 2018 began at 01:00.
        (SAO_PAULO, "2018-11-02T15:00:00Z", 1, "2018-11-04T02:59:59.999999Z"),
        # … and back at midnight: 17 February 2018 lasted 25 hours.
        (SAO_PAULO, "2018-02-16T15:00:00Z", 1, "2018-02-18T02:59:59.999999Z"),
        # St. John's clocks went back at 00:01: midnight came twice.
        (Calendar("CA", "America/St_Johns"), "2009-10-30T15:00:00Z", 1, "2009-11-01T03:29:59.999999Z"),
        # Lisbon's went back from 01:00 to midnight on 25 September 1983: that midnight came twice, on the same day.
        (Calendar("PT", "Europe/Lisbon"), "1983-09-24T12:00:00Z", 0, "1983-09-24T22:59:59.999999Z"),
        # In the evening in New York it is tomorrow in UTC.
        (NEW_YORK, "2026-06-02T01:00:00Z", 0, "2026-06-02T03:59:59.999999Z"),
        (UTC_DAYS, "2026-06-02T01:00:00Z", 0, "2026-06-02T23:59:59.999999Z"),
    ],
)
def test_day_deadlines(calendar: Calendar, start: str, count: int, end: str) -> None:
    assert dates.rfc3339(dates.day_deadline(at(start), count, calendar)) == end


def test_samoa_lost_a_whole_day() -> None:
    apia = Calendar("WS", "Pacific/Apia")
    assert apia.midnight(date(2011, 12, 30)) == apia.midnight(date(2011, 12, 31))
    assert dates.local_day(dates.end_of_day(date(2011, 12, 30), apia), apia) == date(2011, 12, 29)


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        ("2026-04-02T12:00:00Z", 1, "2026-04-07T22:59:59.999999Z"),  # Thursday; Good Friday and Easter Monday are off
        ("2026-04-02T12:00:00Z", 0, "2026-04-02T22:59:59.999999Z"),
        ("2026-04-04T12:00:00Z", 0, "2026-04-07T22:59:59.999999Z"),  # a Saturday: the next working day
        ("2026-04-04T12:00:00Z", 1, "2026-04-07T22:59:59.999999Z"),
        ("2026-04-07T12:00:00Z", 2, "2026-04-09T22:59:59.999999Z"),
    ],
)
def test_working_day_deadlines(start: str, count: int, end: str) -> None:
    assert dates.rfc3339(dates.working_day_deadline(at(start), count, LONDON)) == end


def test_a_worked_weekend_counts() -> None:
    china = Calendar("CN", "Asia/Shanghai", workdays=frozenset({date(2026, 2, 14)}))
    assert china.works(date(2026, 2, 14))
    assert not china.works(date(2026, 2, 15))


def test_days_beyond_the_known_holidays_are_refused() -> None:
    known = Calendar("US", "America/New_York", first_day=date(2026, 1, 1), last_day=date(2026, 12, 31))
    assert dates.day_deadline(at("2026-12-30T12:00:00Z"), 90, known) > at("2027-03-01T00:00:00Z")
    with pytest.raises(Refused) as refusal:
        dates.working_day_deadline(at("2026-12-30T12:00:00Z"), 5, known)
    assert refusal.value.rule == "calendar.range"


def test_hours_are_exact_whatever_the_clocks_do() -> None:
    assert dates.hours_deadline(at("2026-03-08T00:00:00Z"), 24) - at("2026-03-08T00:00:00Z") == timedelta(days=1)


@pytest.mark.parametrize(
    ("deadline", "by", "later"),
    [
        ("2026-03-03T04:59:59.999999Z", timedelta(hours=5), "2026-03-04T04:59:59.999999Z"),  # the end of the next day
        ("2026-03-03T05:00:00Z", timedelta(hours=5), "2026-03-04T05:00:00Z"),  # the first instant behind it
        ("2026-03-03T04:59:59.999999Z", timedelta(days=10), "2026-03-13T03:59:59.999999Z"),  # clocks went forward
        ("2026-10-31T03:59:59.999999Z", timedelta(days=10), "2026-11-10T04:59:59.999999Z"),  # clocks went back
        ("2026-03-03T15:00:00Z", timedelta(hours=5), "2026-03-03T20:00:00Z"),  # of hours: exactly
        ("2026-03-03T04:59:59.999999Z", timedelta(0), "2026-03-03T04:59:59.999999Z"),
    ],
)
def test_a_deadline_of_days_is_postponed_to_the_end_of_a_day(deadline: str, by: timedelta, later: str) -> None:
    found = dates.postponed(at(deadline), by, NEW_YORK, not_before=at(deadline))
    assert dates.rfc3339(found) == later


@given(instants, st.integers(0, 100), st.timedeltas(timedelta(hours=1), timedelta(days=90)))
def test_a_postponed_deadline_of_days_is_one_and_close_to_the_exact_instant(
    start: datetime, count: int, by: timedelta
) -> None:
    for calendar in (NEW_YORK, LONDON, UTC_DAYS):
        deadline = dates.day_deadline(start, count, calendar)
        later = dates.postponed(deadline, by, calendar, not_before=deadline + by)
        assert later == dates.end_of_day(dates.local_day(later, calendar), calendar)
        assert timedelta(0) <= later - (deadline + by) < timedelta(days=1, hours=2)
        behind = dates.postponed(deadline + MICROSECOND, by, calendar, not_before=deadline + by + MICROSECOND)
        assert behind == later + MICROSECOND, "what begins when it ends still does"


def test_the_deadline_itself_is_in_time() -> None:
    due = at("2026-03-01T23:59:59.999999Z")
    assert dates.in_time(due, due)
    assert not dates.in_time(due + MICROSECOND, due)


@pytest.mark.parametrize("count", [-1, -100])
def test_deadlines_lie_after_their_start(count: int) -> None:
    for deadline in (dates.day_deadline, dates.working_day_deadline, dates.start_of_day_after):
        with pytest.raises(ValueError, match="after its start"):
            deadline(at("2026-03-01T00:00:00Z"), count, UTC_DAYS)


@given(instants)
def test_an_instant_is_read_as_it_is_written(instant: datetime) -> None:
    assert dates.instant(dates.rfc3339(instant)) == instant


@pytest.mark.parametrize("spelled", ["2026-03-01T00:00:00", "2026-03-01", "yesterday", ""])
def test_instants_need_their_offset(spelled: str) -> None:
    with pytest.raises(ValueError, match=r"offset|isoformat"):
        dates.instant(spelled)


def test_offsets_come_out_as_utc() -> None:
    assert dates.rfc3339(at("2022-07-06T00:00:00+08:00")) == "2022-07-05T16:00:00Z"
    with pytest.raises(ValueError, match="offset"):
        dates.rfc3339(NAIVE)


@pytest.mark.long
@pytest.mark.parametrize("initial", string.ascii_uppercase)
def test_days_meet_without_gap_in_every_zone(initial: str) -> None:
    for zone in sorted(zone for zone in available_timezones() if zone[0].upper() == initial):
        calendar = Calendar("XX", zone)
        for ordinal in range(date(2000, 1, 1).toordinal(), date(2040, 1, 1).toordinal()):
            day = date.fromordinal(ordinal)
            end = dates.end_of_day(day, calendar)
            assert dates.local_day(end, calendar) <= day < dates.local_day(end + MICROSECOND, calendar), (zone, day)
