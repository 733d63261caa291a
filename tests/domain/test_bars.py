"""How long who stays out, whom that binds beside it (vector T20), and how a provider leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import bars, dates, exits
from domain.access import Caller, Role, Scope, ViewerKind
from domain.bars import Bar, BarCause, BarTerms
from domain.dates import MICROSECOND, UTC_DAYS, Calendar
from domain.errors import Refused
from domain.exits import Exit, ExitState, ExitTerms
from domain.ids import ApiKeyId, BarId, ExitId, ProviderId, RuleVersionId, TenantId
from domain.terms import Count, Days, Notice

LEFT = datetime(2026, 3, 1, 15, tzinfo=UTC)
DAY = timedelta(days=1)
REMOVED, RELATED = ProviderId("prv_removed"), ProviderId("prv_related")
TERMS = {
    BarCause.VOLUNTARY_EXIT: BarTerms(related=True, months=Count(1)),
    BarCause.SECOND_EXIT: BarTerms(related=True, months=Count(6)),
    BarCause.REMOVAL: BarTerms(related=True, days=Days(365)),
    BarCause.REJECTION: BarTerms(related=False, days=Days(30)),
}
RULE = ExitTerms("rul_1", Notice(7), Notice(1), Days(365), TERMS)
DESK = Caller(
    TenantId("ten_1"), ApiKeyId("key_1"), None, None, frozenset({Role.ADMIN}), ViewerKind.STAFF, frozenset(Scope)
)


def bar(cause: BarCause = BarCause.REMOVAL, programme: str | None = None) -> Bar:
    """A bar of the removed provider."""
    return bars.lay_bar(
        REMOVED,
        cause,
        TERMS,
        UTC_DAYS,
        "fraud",
        programme=programme,
        rule_version_id=RuleVersionId("rul_1"),
        id=BarId("bar_1"),
        at=LEFT,
    ).after


def reasons(laid: Bar, at: datetime, own: ProviderId | None, programme: str | None = None) -> list[str]:
    return [finding.reason for finding in bars.standing([laid], at, own=own, programme=programme)]


def test_t20_a_related_company_is_refused_on_day_364_and_admitted_on_day_366() -> None:
    laid = bar()
    assert reasons(laid, LEFT + 364 * DAY, RELATED) == ["related_not_barred"]
    assert reasons(laid, LEFT + 364 * DAY, None) == ["related_not_barred"]
    assert reasons(laid, LEFT + 364 * DAY, REMOVED) == ["not_barred"]
    assert reasons(laid, LEFT + 366 * DAY, RELATED) == reasons(laid, LEFT + 366 * DAY, REMOVED) == []


def test_the_last_instant_of_a_bar_still_bars_and_says_when_it_opens() -> None:
    laid = bar()
    assert laid.until == datetime(2027, 3, 2, tzinfo=UTC) - MICROSECOND
    (finding,) = bars.standing([laid], laid.until, own=RELATED)
    assert (finding.opens_at, finding.version) == ("2027-03-02T00:00:00Z", "rul_1")
    assert REMOVED not in finding.inputs.values()
    assert bars.standing([laid], laid.until + MICROSECOND, own=RELATED) == ()


def test_a_bar_that_does_not_follow_binds_nobody_else() -> None:
    laid = bar(BarCause.REJECTION)
    assert reasons(laid, LEFT + DAY, REMOVED) == ["not_barred"]
    assert reasons(laid, LEFT + DAY, RELATED) == []


def test_a_programmes_bar_keeps_out_of_the_programme_alone() -> None:
    laid = bar(programme="guarantees/on_time")
    assert reasons(laid, LEFT + DAY, REMOVED) == []
    assert reasons(laid, LEFT + DAY, REMOVED, "guarantees/on_time") == ["not_barred"]
    assert reasons(laid, LEFT + DAY, RELATED, "guarantees/on_time") == ["related_not_barred"]
    assert reasons(laid, LEFT + DAY, REMOVED, "guarantees/price_lock") == []
    assert reasons(bar(), LEFT + DAY, REMOVED, "guarantees/on_time") == ["not_barred"]


def test_a_lifted_bar_does_not_stand() -> None:
    lifted = bars.lift_bar(bar(), DESK, "a false match", LEFT + DAY).after
    assert bars.standing([lifted], LEFT + DAY, own=REMOVED) == ()
    with pytest.raises(Refused) as refusal:
        bars.lift_bar(lifted, DESK, "again", LEFT + DAY)
    assert [finding.reason for finding in refusal.value.unmet] == ["bar_stands"]
    with pytest.raises(ValueError, match="lifted"):
        bars.end_bar(lifted)


def test_leaving_twice_in_a_row_bars_for_longer() -> None:
    first = replace(bar(BarCause.VOLUNTARY_EXIT), since=LEFT)
    assert bars.exit_cause([], LEFT, Days(365), UTC_DAYS) is BarCause.VOLUNTARY_EXIT
    assert bars.exit_cause([first], LEFT + 365 * DAY, Days(365), UTC_DAYS) is BarCause.SECOND_EXIT
    assert bars.exit_cause([first], LEFT + 366 * DAY, Days(365), UTC_DAYS) is BarCause.VOLUNTARY_EXIT
    assert bars.exit_cause([bar(BarCause.REJECTION)], LEFT + DAY, Days(365), UTC_DAYS) is BarCause.VOLUNTARY_EXIT


@pytest.mark.parametrize(
    ("start", "months", "last"),
    [
        (date(2027, 1, 31), 1, date(2027, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2026, 11, 30), 13, date(2027, 12, 30)),
        (date(2026, 3, 1), 0, date(2026, 3, 1)),
    ],
)
def test_months_end_on_their_day_or_the_months_last(start: date, months: int, last: date) -> None:
    zone = Calendar("US", "America/New_York")
    at = datetime(start.year, start.month, start.day, 23, tzinfo=UTC)
    assert dates.months_deadline(at, months, zone) == dates.end_of_day(last, zone)


@given(st.integers(0, 36_525), st.integers(0, 48))
def test_a_month_more_is_never_sooner(days: int, months: int) -> None:
    at = LEFT + days * DAY
    one, more = (dates.months_deadline(at, count, UTC_DAYS) for count in (months, months + 1))
    assert timedelta(days=28) <= more - one <= timedelta(days=31)


def test_a_bar_lasts_days_or_months() -> None:
    for days, months in ((None, None), (Days(1), Count(1))):
        with pytest.raises(ValueError, match="some days or some months"):
            BarTerms(related=True, days=days, months=months)
    with pytest.raises(ValueError, match="REJECTION"):
        ExitTerms("rul_1", Notice(7), Notice(1), Days(365), {cause: TERMS[cause] for cause in list(TERMS)[:3]})


# -- leaving -----------------------------------------------------------------------------------------------------------


def leaving(present: Exit | None = None) -> Exit:
    """An exit just requested."""
    return exits.request_exit(REMOVED, "we close", RULE, UTC_DAYS, present=present, id=ExitId("ext_1"), at=LEFT).after


def test_a_provider_sells_until_its_notice_is_over() -> None:
    asked = leaving()
    assert asked.sells_until == datetime(2026, 3, 9, tzinfo=UTC) - MICROSECOND
    with pytest.raises(Refused) as refusal:
        exits.wind_down(asked, asked.sells_until)
    assert [finding.reason for finding in refusal.value.unmet] == ["exit_notice_over"]
    assert exits.wind_down(asked, asked.sells_until + MICROSECOND).after.state is ExitState.WINDING_DOWN


def test_nobody_is_gone_while_something_is_open() -> None:
    asked = leaving()
    with pytest.raises(Refused) as refusal:
        exits.end_exit(asked, 2, LEFT)
    assert [finding.reason for finding in refusal.value.unmet] == ["exit_state_allows", "no_open_duties"]
    winding = exits.wind_down(asked, asked.sells_until + DAY).after
    gone = exits.end_exit(winding, 0, asked.sells_until + 2 * DAY).after
    assert (gone.state, gone.ended_at) == (ExitState.EXITED, asked.sells_until + 2 * DAY)


def test_a_leaving_provider_leaves_once_and_stays_only_before_selling_ends() -> None:
    asked = leaving()
    with pytest.raises(Refused) as refusal:
        leaving(asked)
    assert [finding.reason for finding in refusal.value.unmet] == ["not_leaving_already"]
    assert exits.withdraw_exit(asked, LEFT + DAY).after.state is ExitState.WITHDRAWN
    winding = exits.wind_down(asked, asked.sells_until + DAY).after
    with pytest.raises(Refused) as refusal:
        exits.withdraw_exit(winding, asked.sells_until + DAY)
    assert [finding.reason for finding in refusal.value.unmet] == ["exit_state_allows"]
    cut = exits.cut_short(winding, asked.sells_until + DAY).after
    with pytest.raises(ValueError, match="is over"):
        exits.cut_short(cut, asked.sells_until + DAY)
