"""Working-day calendars: frozen once into the database, so that a deadline never moves because a library was updated.

How it works. `freeze` runs after the migrations, as the owner. For each market of `MARKETS` that the database lacks it
asks the `holidays` library day by day which days are worked, and keeps what differs from the market's weekend:
holidays, worked weekends (China's bridges), and weekends of other days in other years (the Emirates changed theirs in
2022).

Laws: rows are inserted and never changed; a market without a calendar counts UTC days (`dates.UTC_DAYS`).
"""

from datetime import date, timedelta
from typing import Any, Final, Protocol

from domain.dates import SATURDAY, SUNDAY, UTC_DAYS, Calendar
from storage.pool import Connection

MARKETS: Final = {
    "AE": "Asia/Dubai",
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "CN": "Asia/Shanghai",
    "DE": "Europe/Berlin",
    "ES": "Europe/Madrid",
    "FR": "Europe/Paris",
    "GB": "Europe/London",
    "IN": "Asia/Kolkata",
    "IT": "Europe/Rome",
    "JP": "Asia/Tokyo",
    "KR": "Asia/Seoul",
    "MX": "America/Mexico_City",
    "NL": "Europe/Amsterdam",
    "PL": "Europe/Warsaw",
    "SA": "Asia/Riyadh",
    "SG": "Asia/Singapore",
    "TR": "Europe/Istanbul",
    "US": "America/New_York",
    "VN": "Asia/Ho_Chi_Minh",
}
"""Country -> the zone in which its days are counted; where it has several, that of its trade's centre."""

REGIONS: Final = {"AU": "NSW", "CA": "ON", "GB": "ENG"}
"""Countries whose common holidays lack some that are kept almost everywhere (Easter Monday in Britain): their days are
those of the zone's own region. Elsewhere days of one region only are worked."""

FIRST_DAY: Final = date(2006, 1, 1)
"""The oldest deliveries that are imported are of 2006."""
LAST_DAY: Final = date(2035, 12, 31)
"""Holidays further ahead are not announced anywhere."""


class Owner(Protocol):
    """The owner's connection, inside or outside a transaction."""

    async def fetch(self, query: str, /, *args: Any) -> Any:
        """All rows."""

    async def execute(self, query: str, /, *args: Any) -> Any:
        """Nothing of interest."""

    async def executemany(self, command: str, args: Any, /) -> Any:
        """Nothing of interest."""


async def freeze(connection: Owner) -> list[str]:
    """Every market has its calendar; returns those that were frozen now. What was frozen before stays as it is."""
    known = {row["market"] for row in await connection.fetch("SELECT market FROM calendars")}
    missing = [market for market in (UTC_DAYS.market, *MARKETS) if market not in known]
    for market in missing:
        await _insert(connection, market)
    return missing


async def _insert(connection: Owner, market: str) -> None:
    """The market and its days, in one statement: a crash leaves all of it or nothing."""
    from importlib.metadata import version  # noqa: PLC0415 -- reads mail formats and archives; needed as holidays are

    weekend, days = ({SATURDAY, SUNDAY}, []) if market == UTC_DAYS.market else observed(market)
    await connection.execute(
        "WITH market AS (INSERT INTO calendars (market, zone, weekend, first_day, last_day, source) "
        "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING market) "
        "INSERT INTO calendar_holidays (market, day, works, name) "
        "SELECT market.market, d.day, d.works, d.name "
        "FROM market, unnest($7::date[], $8::boolean[], $9::text[]) AS d (day, works, name)",
        market,
        MARKETS.get(market, UTC_DAYS.zone),
        sorted(weekend),
        FIRST_DAY,
        LAST_DAY,
        f"holidays {version('holidays')}",
        [day for day, _, _ in days],
        [works for _, works, _ in days],
        [name for _, _, name in days],
    )


def observed(market: str) -> tuple[set[int], list[tuple[date, bool, str]]]:
    """The market's present weekend (ISO days), and the days that differ from it: day, whether it is worked, why."""
    import holidays  # noqa: PLC0415 -- half a second of imports that only a first migration needs

    years = range(FIRST_DAY.year, LAST_DAY.year + 1)
    library = holidays.country_holidays(market, subdiv=REGIONS.get(market), years=years, language="en_US")
    weekend = {day.isoweekday() for day in _week_of(LAST_DAY) if library.is_weekend(day)}
    named = library.keys() | library.weekend_workdays
    differing = []
    for ordinal in range(FIRST_DAY.toordinal(), LAST_DAY.toordinal() + 1):
        day = date.fromordinal(ordinal)
        usual = day.isoweekday() not in weekend
        if day not in named and library.is_weekend(day) is not usual:
            continue  # nine days of ten, and asking the library for one costs more than all the rest
        works = library.is_working_day(day)
        if works != usual or day in library:
            name = library.get(day) or ("worked weekend" if works else "weekend of its time")
            differing.append((day, works, name))
    return weekend, differing


def _week_of(day: date) -> list[date]:
    return [day - timedelta(days=back) for back in range(7)]


_CALENDARS: Final[dict[str, Calendar]] = {}
"""Frozen rows never change, so a process reads each market once."""


async def get(connection: Connection, market: str) -> Calendar:
    """The calendar of that market, which is a country; UTC days where none is frozen."""
    calendar = _CALENDARS.get(market)
    if calendar is None:
        calendar = _CALENDARS[market] = await _read(connection, market)
    return calendar


async def _read(connection: Connection, market: str) -> Calendar:
    row = await connection.fetchrow(
        "SELECT zone, weekend, first_day, last_day, "
        "array(SELECT day FROM calendar_holidays h WHERE h.market = c.market AND NOT works) AS holidays, "
        "array(SELECT day FROM calendar_holidays h WHERE h.market = c.market AND works) AS workdays "
        "FROM calendars c WHERE market = $1",
        market,
    )
    if row is None:
        return UTC_DAYS
    return Calendar(
        market,
        row["zone"],
        frozenset(row["weekend"]),
        frozenset(row["holidays"]),
        frozenset(row["workdays"]),
        row["first_day"],
        row["last_day"],
    )
