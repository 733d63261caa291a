"""Rules as data: reading, trying, publishing, withdrawing, and which version governs."""

import contextlib
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import guarantees, penalties, procedure, rule_kinds, rulebook, terms, tiers
from domain.claims import ClaimReason
from domain.dates import DAY, MICROSECOND, UTC_DAYS, instant, rfc3339
from domain.errors import Conflict, Invalid, Refused
from domain.ids import RuleVersionId
from domain.money import Money
from domain.penalties import Violation
from domain.rule_kinds import KINDS
from domain.rulebook import PublicationTerms, RuleKind, RuleState, RuleVersion
from domain.terms import Notice
from tests import shipped

NOTICE = PublicationTerms("rul", Notice(7), Notice(15), ("FR",))
NOW = instant("2026-11-22T10:30:00Z")
TEXT = """
key = "clocks/quick"
kind = "CLAIM_CLOCKS"
title = "Quick clocks"
published_at = {published}
effective_from = {effective}

[body]
answer = {{ within = {days}, unit = "DAYS" }}
buyer_waits = {{ within = 3, unit = "DAYS" }}
silence_after = {{ within = 7, unit = "DAYS" }}
decide = {{ within = 2, unit = "WORKING_DAYS" }}
evidence = {{ within = 5, unit = "DAYS" }}
appeal = {{ within = 7, unit = "DAYS" }}
appeals = 1
file_days = 30
silence = "AUTO_GRANT"
silence_of_claimant = "CLOSE"

[sources]
answer = "test"
buyer_waits = "test"
silence_after = "test"
decide = "test"
evidence = "test"
appeal = "test"
appeals = "test"
file_days = "test"
silence = "test"
silence_of_claimant = "test"

[[case]]
name = "opened in March"
given = {{ opened_at = 2026-03-05T15:00:00Z, reason = "LATE_DELIVERY" }}
expect = {{ silence = "AUTO_GRANT", answer_due_at = {due} }}
"""


def text(
    published: str = "2026-11-22T00:00:00Z",
    effective: str = "2026-11-29T00:00:00Z",
    days: int = 3,
    due: str = "2026-03-08T23:59:59.999999Z",
) -> str:
    return TEXT.format(published=published, effective=effective, days=days, due=due)


def minted() -> Callable[[], RuleVersionId]:
    ids = iter(RuleVersionId.mint(number, number) for number in range(1, 1_000))
    return lambda: next(ids)


def publish(
    source: str, versions: tuple[RuleVersion, ...] = (), *, at: datetime = NOW, market: str = "US", number: int = 1
) -> tuple[RuleVersion, ...]:
    """All versions after publishing `source` beside `versions`."""
    changes = rulebook.publish_rule(
        rule_kinds.check(source),
        versions,
        NOTICE,
        UTC_DAYS,
        id=RuleVersionId.mint(number, number),
        market=market,
        at=at,
        by="key",
    )
    after = {version.id: version for version in versions} | {change.after.id: change.after for change in changes}
    return tuple(after.values())


def reasons(source: str, versions: tuple[RuleVersion, ...] = (), **where: Any) -> list[str]:
    with pytest.raises(Refused) as refusal:
        publish(source, versions, **where)
    return [finding.reason for finding in refusal.value.unmet]


def problems(source: str) -> list[str]:
    with pytest.raises(Invalid) as refusal:
        rule_kinds.check(source)
    return [".".join(problem.field[1:]) for problem in refusal.value.problems]


FAMILIES = ("NOT_RECEIVED_", "NOT_AS_DESCRIBED_")
"""How the reasons begin for which the shipped profiles have windows."""

# -- the shipped rule sets


@pytest.mark.parametrize("name", shipped.NAMES)
def test_shipped_rule_sets_come_out_right(name: str) -> None:
    draft = shipped.draft(name)
    assert [result for result in draft.results if not result.passes] == []
    folder = draft.rule_set.key.split("/")[0]
    assert name.startswith(folder)


def test_every_kind_is_shipped_and_the_machinery_rule_has_three_versions() -> None:
    drafts = [shipped.draft(name) for name in shipped.NAMES]
    assert {draft.rule_set.kind for draft in drafts} == set(RuleKind) == KINDS.keys()
    machinery = [draft for draft in drafts if draft.rule_set.key == "guarantees/machinery_after_sales"]
    assert [rfc3339(draft.rule_set.effective_from)[:10] for draft in machinery[1:]] == ["2022-05-30", "2022-07-06"]


@pytest.mark.parametrize("name", [name for name in shipped.NAMES if name.startswith("clocks/")])
def test_a_shipped_profile_of_clocks_treats_a_family_of_reasons_alike(name: str) -> None:
    """A reason that no window names can be filed at any time: a new one must not slip through."""
    for window in shipped.draft(name).rule_set.body.get("filing", ()):
        families = tuple(family for family in FAMILIES if any(each.startswith(family) for each in window["reasons"]))
        whole = {reason.value for reason in ClaimReason if reason.startswith(families)}
        assert families, window
        assert set(window["reasons"]) == whole, f"storage/rulebook/{name}: a window names every reason of {families}"


def test_the_shipped_points_price_every_violation_that_has_a_published_number() -> None:
    draft = shipped.draft("penalties.toml")
    unpriced = {Violation.SELLER_REFUNDS_MONTH}  # nobody published its number: off until a marketplace sets its own
    assert set(draft.body["violations"]) == set(Violation) - unpriced


def test_a_body_reads_back_as_the_terms_it_was_written_from() -> None:
    for name in shipped.NAMES:
        draft = shipped.draft(name)
        kind = KINDS[draft.rule_set.kind]
        rule = terms.read(kind.terms, {**draft.body, "version": "x"})
        assert terms.plain(rule) == {**draft.body, "version": "x"}


# -- reading


def test_the_text_of_these_tests_is_good() -> None:
    assert all(result.passes for result in rule_kinds.check(text()).results)


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('key = "clocks/quick"', 'key = "Clocks/quick"', [""]),
        ('key = "clocks/quick"', 'key = "guarantees/quick"', ["key"]),
        ("answer = { within = 3", "answer = { within = 3.5", ["body.answer.within"]),
        ("answer = { within = 3", "answer = { within = -3", ["body.answer.within"]),
        ("answer = { within = 3", "answer = { within = true", ["body.answer.within"]),
        ("answer = { within = 3", 'answer = { within = "3"', ["body.answer.within"]),
        ("answer = { within = 3", "answer = { within = 8", ["body"]),
        ('silence = "AUTO_GRANT"\n', 'silence = "SHRUG"\n', ["body.silence"]),
        ("appeals = 1", "appeals = 1\nunheard_of = 1", ["body.unheard_of"]),
        ('appeals = "test"', "", ["body.appeals"]),
        ('appeals = "test"', 'appeals = "test"\nother = "test"', ["sources.other"]),
        ("published_at = 2026-11-22T00:00:00Z", "published_at = 2026-11-22T00:00:00", ["published_at"]),
        ("published_at = 2026-11-22T00:00:00Z", "published_at = 2026-11-30T00:00:00Z", [""]),
        ('kind = "CLAIM_CLOCKS"', 'kind = "MAGIC"', ["kind"]),
        ("title =", "titel =", ["titel", "title"]),
        ("[[case]]", "[case]", ["case"]),
        ("key =", "key", [""]),
    ],
)
def test_what_is_wrong_with_a_text_is_told_with_its_place(old: str, new: str, where: list[str]) -> None:
    assert old in text()
    assert problems(text().replace(old, new, 1)) == where


def test_every_problem_is_told_at_once() -> None:
    broken = text().replace("answer = { within = 3", "answer = { within = -1", 1)
    broken = broken.replace("file_days = 30", "days = 30", 1)
    broken = broken.replace('file_days = "test"', 'days = "test"', 1)
    assert problems(broken) == ["body.days", "body.file_days", "body.answer.within"]


def test_a_rule_set_brings_examples_and_no_version_and_is_not_a_book() -> None:
    assert problems(text()[: text().index("[[case]]")]) == ["case"]
    with_version = text().replace("appeals = 1", 'appeals = 1\nversion = "1"', 1)
    assert problems(with_version.replace('appeals = "test"', 'appeals = "test"\nversion = "test"', 1)) == [
        "body.version"
    ]
    assert problems("#" * (rulebook.SOURCE_CHARACTERS_MAX + 1)) == [""]


@given(st.text(max_size=200))
def test_no_text_is_worse_than_invalid(source: str) -> None:
    with pytest.raises(Invalid):
        rule_kinds.check(source)


VALUES = st.sampled_from(
    [
        *('""', '"x"', "0", "-1", "1000000000000", "9" * 5_000, "1e999999999", "nan", "true", "[]", "{}", "[[{}]]"),
        *("9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "2026-02-30", '"100.00 USD"', '"1e9 USD"', '"America"'),
        *('"../../etc/passwd"', '"1e999999999"', "[1, 2, 3, 4, 5, 6, 7]", "36525", "[" * 900 + "]" * 900),
    ]
)
SPELLED = re.compile(r"(?<== )[^\s,{}\[\]][^,{}\[\]\n]*")


@given(st.sampled_from(shipped.NAMES), st.data())
def test_whatever_stands_in_a_text_it_is_read_or_refused(name: str, data: st.DataObject) -> None:
    good = shipped.draft(name).source
    place = data.draw(st.sampled_from(list(SPELLED.finditer(good))))
    source = good[: place.start()] + data.draw(VALUES) + good[place.end() :]
    with contextlib.suppress(Invalid):  # and nothing else
        results = rule_kinds.check(source).results
        assert all(result.passes or result.problem or result.got != result.expect for result in results)


@pytest.mark.parametrize(
    "calendar",
    [
        'market = "XX", zone = "Nowhere/Town"',
        'market = "XX", zone = "../../etc/passwd"',
        'market = "XX", zone = "UTC", weekend = [1, 2, 3, 4, 5, 6, 7]',
        'market = "XX", zone = "UTC", weekend = [8]',
    ],
)
def test_a_calendar_without_zone_or_working_days_is_a_problem_of_its_case(calendar: str) -> None:
    source = text().replace('reason = "LATE_DELIVERY"', f'reason = "LATE_DELIVERY", calendar = {{ {calendar} }}')
    (result,) = rule_kinds.check(source).results
    assert result.problem is not None
    assert "given.calendar" in result.problem


def test_a_case_at_the_end_of_time_is_a_problem_of_its_own() -> None:
    (result,) = rule_kinds.check(text().replace("2026-03-05T15", "9999-12-31T15")).results
    assert (result.passes, result.problem is None) == (False, False)


@pytest.mark.parametrize("spelled", ["100.00 USD", "0.01 USD", "15012 JPY", "1.250 KWD", "-5.00 EUR"])
def test_money_is_spelled_with_its_currency(spelled: str) -> None:
    assert str(terms.money(spelled)) == spelled


@pytest.mark.parametrize(
    "spelled",
    [
        "100",
        "USD 100",
        "1e9 USD",
        "NaN USD",
        "100.001 USD",
        "\u0661\u0660\u0660 USD",
        "100.00 XXX",
        "1_000.00 USD",
        " 1 USD",
    ],
)
def test_money_is_spelled_no_other_way(spelled: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        terms.money(spelled)


def test_terms_read_what_they_wrote() -> None:
    assert terms.plain(Money(123, "USD")) == "1.23 USD"
    with pytest.raises(TypeError, match="do not hold"):
        terms.read(float, 1)


# -- trying


def test_a_failing_case_says_what_came_instead() -> None:
    draft = rule_kinds.check(text(due="2026-03-09T23:59:59.999999Z"))
    assert [(result.passes, dict(result.got)) for result in draft.results] == [
        (False, {"silence": "AUTO_GRANT", "answer_due_at": "2026-03-08T23:59:59.999999Z"})
    ]


@pytest.mark.parametrize(
    ("given_", "expect"),
    [
        ("{ opened_at = 1 }", '{ silence = "AUTO_GRANT" }'),
        ('{ opened_at = 2026-03-05T15:00:00Z, reason = "LATE_DELIVERY" }', "{ unheard_of = 1 }"),
        ('{ opened_at = 2026-03-05T15:00:00Z, reason = "LATE_DELIVERY" }', "{}"),
    ],
)
def test_a_case_that_cannot_be_judged_or_asks_nothing_does_not_pass(given_: str, expect: str) -> None:
    source = text()[: text().index("given =")] + f"given = {given_}\nexpect = {expect}\n"
    assert [result.passes for result in rule_kinds.check(source).results] == [False]


def test_a_case_can_expect_nothing_of_a_member() -> None:
    source = text().replace("expect = {", 'absent = ["decide_due_at"]\nexpect = {', 1)
    assert rule_kinds.check(source).results[0].passes
    assert not rule_kinds.check(source.replace("decide_due_at", "escalates_at")).results[0].passes


# -- publishing


def test_publishing_refuses_failing_examples_with_all_of_them() -> None:
    failing = text(due="2026-03-09T23:59:59.999999Z")
    again = failing[failing.index("[[case]]") :].replace("opened in March", "once more")
    assert reasons(failing + again) == ["rule_case_passes", "rule_case_passes"]


@pytest.mark.parametrize(
    ("market", "effective", "refused"),
    [
        ("US", "2026-11-29T00:00:00Z", []),
        ("US", "2026-11-28T23:59:59.999999Z", ["rule_notice_given"]),
        ("FR", "2026-12-07T00:00:00Z", []),
        ("FR", "2026-12-06T23:59:59Z", ["rule_notice_given"]),
    ],
)
def test_notice_is_counted_in_days_and_longer_where_the_law_says_so(
    market: str, effective: str, refused: list[str]
) -> None:
    if refused:
        assert reasons(text(effective=effective), market=market) == refused
    else:
        (version,) = publish(text(effective=effective), market=market)
        assert (version.number, version.published_at, version.kind) == (1, NOW, RuleKind.CLAIM_CLOCKS)


def test_a_text_is_published_on_the_day_it_says() -> None:
    assert reasons(text(published="2026-11-21T00:00:00Z")) == ["rule_dated_today"]


def test_a_successor_closes_its_predecessor_where_it_begins() -> None:
    first = publish(text())
    second = publish(text(effective="2026-12-15T00:00:00Z", days=2, due="2026-03-07T23:59:59.999999Z"), first, number=2)
    assert [(version.number, version.effective_until) for version in second] == [
        (1, instant("2026-12-15T00:00:00Z")),
        (2, None),
    ]
    begins = instant("2026-12-15T00:00:00Z")
    assert rulebook.in_force(second, "clocks/quick", begins - MICROSECOND).number == 1
    assert rulebook.in_force(second, "clocks/quick", begins).number == 2


def test_a_version_begins_after_every_standing_one() -> None:
    first = publish(text(effective="2026-12-15T00:00:00Z"))
    other = text(effective="2026-12-15T00:00:00Z", days=2, due="2026-03-07T23:59:59.999999Z")
    assert reasons(other, first, number=2) == ["rule_begins_last"]


def test_the_same_text_is_not_published_twice() -> None:
    with pytest.raises(Conflict):
        publish(text(), publish(text()), number=2)


def test_nothing_governs_before_the_first_version() -> None:
    versions = publish(text())
    with pytest.raises(Refused) as refusal:
        rulebook.in_force(versions, "clocks/quick", NOW)
    assert refusal.value.rule == "rulebook.in_force"
    with pytest.raises(Refused):
        rulebook.in_force(versions, "clocks/slow", NOW + 30 * DAY)


# -- withdrawing


def test_before_effect_a_version_is_withdrawn_and_its_predecessor_stands_on() -> None:
    first = publish(text())
    both = publish(text(effective="2026-12-15T00:00:00Z", days=2, due="2026-03-07T23:59:59.999999Z"), first, number=2)
    changes = rulebook.withdraw_rule(both[1], both, at=instant("2026-12-14T23:59:59.999999Z"))
    assert [change.after.id for change in changes] == [both[1].id, both[0].id]
    after = tuple(change.after for change in changes)
    assert after[1].effective_until is None
    assert rulebook.in_force(after, "clocks/quick", NOW + 60 * DAY).number == 1
    assert rulebook.state(after[0], NOW + 60 * DAY) is RuleState.WITHDRAWN
    third = publish(text(effective="2026-12-15T00:00:00Z", days=2, due="2026-03-07T23:59:59.999999Z"), after, number=3)
    assert max(version.number for version in third) == 3


def test_what_is_in_effect_withdrawn_or_succeeded_is_not_withdrawn() -> None:
    first = publish(text())
    both = publish(text(effective="2026-12-15T00:00:00Z", days=2, due="2026-03-07T23:59:59.999999Z"), first, number=2)
    withdrawn = replace(both[1], withdrawn_at=NOW)
    cases = [
        (first[0], first, first[0].effective_from, ["rule_not_in_effect"]),
        (both[0], both, NOW, ["rule_without_successor"]),
        (withdrawn, both, NOW, ["rule_stands"]),
    ]
    for version, versions, at, expected in cases:
        with pytest.raises(Refused) as refusal:
            rulebook.withdraw_rule(version, versions, at=at)
        assert [finding.reason for finding in refusal.value.unmet] == expected


def test_states_follow_the_clock() -> None:
    first = publish(text())
    version = publish(
        text(effective="2026-12-15T00:00:00Z", days=2, due="2026-03-07T23:59:59.999999Z"), first, number=2
    )[0]
    begins, ends = version.effective_from, version.effective_until
    assert ends is not None
    assert [rulebook.state(version, at) for at in (begins - MICROSECOND, begins, ends - MICROSECOND, ends)] == [
        RuleState.PUBLISHED,
        RuleState.EFFECTIVE,
        RuleState.EFFECTIVE,
        RuleState.SUPERSEDED,
    ]


# -- adopting and governing


def machinery() -> tuple[RuleVersion, ...]:
    drafts = shipped.drafts("guarantees/machinery_after_sales/*.toml")
    return tuple(change.after for change in rulebook.adopt(drafts[::-1], minted(), "system:shipped"))


def test_adoption_makes_a_history_without_gap_or_overlap() -> None:
    versions = machinery()
    assert [version.number for version in versions] == [1, 2, 3]
    assert [version.effective_until for version in versions] == [
        versions[1].effective_from,
        versions[2].effective_from,
        None,
    ]


def test_failing_examples_are_not_adopted() -> None:
    with pytest.raises(Refused):
        rulebook.adopt([rule_kinds.check(text(days=2))], minted(), "system:shipped")


MACHINERY = machinery()


@given(st.datetimes(timezones=st.just(UTC), min_value=NOW.replace(tzinfo=None, year=2000)))
def test_exactly_one_version_governs_any_instant(at: datetime) -> None:
    assert sum(version.governs(at) for version in MACHINERY) == 1


# -- showing


def test_differences_name_what_changed() -> None:
    second, third = machinery()[1:]
    changed = {
        difference.name: (difference.before, difference.after)
        for difference in rulebook.differences(second.body, third.body)
    }
    assert changed["compensation.cap"] == (None, "500.00 USD")
    assert all(name.startswith("compensation.") for name in changed)
    assert rulebook.differences(third.body, third.body) == ()
    back = rulebook.differences(third.body, second.body)
    assert {difference.name: (difference.after, difference.before) for difference in back} == changed


def test_every_member_is_shown_with_its_source() -> None:
    members = {member.name: member for member in rulebook.members(machinery()[2])}
    assert members["compensation.share_bp"].value == "200"
    assert "brief SD0" in members["compensation.share_bp"].source
    assert members["limits.LOCAL.1.unit"].value == "WORKING_DAYS"
    assert members["excludes"].value == "CANCELLED"


@pytest.mark.parametrize(
    "read",
    [
        rulebook.publication_terms,
        procedure.claim_clocks,
        tiers.tier_terms,
        penalties.penalty_terms,
        guarantees.on_time_terms,
    ],
)
def test_terms_of_another_kind_are_a_mistake(read: Callable[[RuleVersion], object]) -> None:
    with pytest.raises(TypeError):
        read(machinery()[0])


def test_notice_is_at_least_a_day() -> None:
    publication = shipped.draft("publication.toml").source
    assert problems(publication.replace("notice_days = 7", "notice_days = 0")) == ["body.notice_days"]
    assert rulebook.notice_days(NOTICE, "US") == 7
    assert rulebook.notice_days(NOTICE, "FR") == 15


def test_dates_are_of_the_marketplaces_day() -> None:
    late_evening = instant("2026-11-22T23:30:00Z")
    assert publish(text(), at=late_evening)[0].published_at == late_evening
    assert reasons(text(), at=late_evening + timedelta(hours=1)) == ["rule_dated_today", "rule_notice_given"]


class Published(NamedTuple):
    """What `terms.of` looks at."""

    id: str
    digest: str
    body: dict[str, Any]


def test_a_version_is_read_once_and_another_text_anew() -> None:
    members = {name: value for name, value in terms.plain(NOTICE).items() if name != "version"}
    version = Published("rul_once", "one text", members)
    known = terms.of(PublicationTerms, version)
    assert known == replace(NOTICE, version="rul_once")
    assert terms.of(PublicationTerms, version._replace(body={})) is known
    again = version._replace(digest="another text", body={**members, "notice_days": 9})
    assert terms.of(PublicationTerms, again).notice_days == 9
    with pytest.raises(Invalid):
        terms.of(PublicationTerms, version._replace(digest="a third", body={}))
