"""Promises that give money back: windows to the microsecond, exclusions, and sums that hold for any facts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import explain, guarantees, rulebook, words
from domain.dates import DAY, MICROSECOND, UTC_DAYS, instant
from domain.errors import Refused
from domain.exchange_rates import Conversion
from domain.explain import unmet
from domain.exposure import LossCause
from domain.guarantees import (
    BREACHES,
    Complaint,
    ComplaintFacts,
    EasyReturnTerms,
    Exclusion,
    Judgement,
    LineFacts,
    LossDamageTerms,
    MoneyBackTerms,
    OrderFacts,
    PriceLockTerms,
    Promise,
    Terms,
)
from domain.ids import RuleVersionId
from domain.money import Money, total
from domain.remedies import RemedyKind
from tests import shipped

PAID = instant("2026-02-01T00:00:00Z")
RECEIVED = instant("2026-03-01T12:00:00Z")
LAST = instant("2026-03-31T23:59:59.999999Z")
"""The last instant of the thirtieth day after receipt."""


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def promised(name: str, at: datetime = RECEIVED) -> Terms:
    """The terms of a shipped rule, of one version or of several, as in force at `at`."""
    ids = iter(RuleVersionId.mint(number, number) for number in range(1, 10))
    drafts = shipped.drafts(f"guarantees/{name}.toml", f"guarantees/{name}/*.toml")
    versions = tuple(change.after for change in rulebook.adopt(drafts, lambda: next(ids), "system:shipped"))
    return guarantees.terms_of(rulebook.in_force(versions, f"guarantees/{name}", at))


EASY = promised("easy_return")
BACK = promised("money_back")
LOCK = promised("price_lock")
LOSS = promised("loss_damage")
REFUNDS = {
    Promise.EASY_RETURN: EASY,
    Promise.MONEY_BACK: BACK,
    Promise.PRICE_LOCK: LOCK,
    Promise.LOSS_DAMAGE: LOSS,
}


def line(minor: int, id: str = "1", **facts: Any) -> LineFacts:
    return replace(LineFacts(id, usd(minor), delivered_at=RECEIVED), **facts)


def order(*lines: LineFacts, about: Complaint | None = Complaint.QUALITY, **facts: Any) -> OrderFacts:
    plain = OrderFacts("A", "USD", lines or (line(100_00),), paid_at=PAID, country="US")
    if about is not None:
        plain = replace(plain, complaint=ComplaintFacts(about))
    return replace(plain, **facts)


def reasons(judgement: Judgement) -> list[str]:
    return [finding.reason for finding in unmet(judgement.tree.because)]


def applied(rule: Terms, facts: OrderFacts, at: datetime) -> Judgement:
    """The rule's word on an application at that instant."""
    closes_at = guarantees.closes_at(rule, facts, UTC_DAYS)
    return guarantees.judge(rule, facts, at, besides=(guarantees.window(rule, facts, closes_at, at),))


# -- windows


COMPLAINTS: dict[Promise, Callable[[], OrderFacts]] = {
    Promise.EASY_RETURN: order,
    Promise.MONEY_BACK: lambda: order(about=Complaint.NOT_AS_AGREED),
    Promise.PRICE_LOCK: lambda: order(about=Complaint.OVERCHARGED, locked=usd(100_00), charged=usd(120_00)),
    Promise.LOSS_DAMAGE: lambda: order(about=Complaint.DAMAGED),
}


@pytest.mark.parametrize("promise", sorted(REFUNDS))
def test_the_window_is_open_to_its_last_microsecond_and_not_one_longer(promise: Promise) -> None:
    rule, facts = REFUNDS[promise], COMPLAINTS[promise]()
    assert guarantees.closes_at(rule, facts, UTC_DAYS) == LAST
    assert applied(rule, facts, LAST).tree.holds
    assert reasons(applied(rule, facts, LAST + MICROSECOND)) == ["guarantee_window_open"]
    opens_at = guarantees.opens_at(rule, facts)
    assert opens_at is not None
    assert "guarantee_window_open" not in reasons(applied(rule, facts, opens_at))
    assert "guarantee_window_open" in reasons(applied(rule, facts, opens_at - MICROSECOND))


@pytest.mark.parametrize("promise", [Promise.MONEY_BACK, Promise.PRICE_LOCK])
def test_while_goods_are_to_come_the_window_stays_open_until_the_backstop(promise: Promise) -> None:
    waiting = order(line(100_00, delivered_at=None, promised_at=PAID + 20 * DAY))
    closes = guarantees.closes_at(REFUNDS[promise], waiting, UTC_DAYS)
    assert closes == instant("2026-05-22T23:59:59.999999Z")
    partly = replace(waiting, lines=(*waiting.lines, line(1, "2")))
    assert guarantees.closes_at(REFUNDS[promise], partly, UTC_DAYS) == closes
    assert guarantees.closes_at(REFUNDS[promise], replace(waiting, paid_at=None), UTC_DAYS) is None


@pytest.mark.parametrize("promise", [Promise.EASY_RETURN, Promise.LOSS_DAMAGE])
def test_nothing_is_open_before_anything_arrived(promise: Promise) -> None:
    waiting = order(line(100_00, delivered_at=None))
    assert guarantees.opens_at(REFUNDS[promise], waiting) is None
    assert guarantees.closes_at(REFUNDS[promise], waiting, UTC_DAYS) is None


# -- what each rule gives


@pytest.mark.parametrize(
    ("paid_at", "minor", "small"),
    [
        ("2023-12-31T23:59:59.999999Z", 2_000_00, True),  # the older copy
        ("2023-12-31T23:59:59.999999Z", 2_000_01, False),
        ("2024-01-01T00:00:00Z", 3_000_00, True),
        ("2024-01-01T00:00:00Z", 3_000_01, False),
    ],
)
def test_an_easy_return_is_for_small_orders_of_the_version_at_payment(paid_at: str, minor: int, small: bool) -> None:
    judgement = guarantees.judge(promised("easy_return", instant(paid_at)), order(line(minor)), RECEIVED)
    assert judgement.tree.holds is small
    assert reasons(judgement) == ([] if small else ["order_small_enough"])


def test_an_easy_return_needs_a_rate_where_the_order_is_in_another_currency() -> None:
    facts = replace(order(), currency="EUR", lines=(LineFacts("1", Money(2_700_00, "EUR"), delivered_at=RECEIVED),))
    assert guarantees.needs_rate(EASY, "EUR") == "USD"
    assert guarantees.rated_at(EASY, facts, LAST) == PAID
    assert guarantees.rated_at(LOSS, facts, LAST) == LAST
    with pytest.raises(Refused):
        guarantees.judge(EASY, facts, RECEIVED)
    rate = Conversion("USD", "EUR", PAID.date(), Decimal("0.9"))
    assert guarantees.judge(EASY, facts, RECEIVED, conversion=rate).amount == Money(2_700_00, "EUR")


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        (Complaint.QUALITY, None),
        (Complaint.DAMAGED, "complaint_not_of_transport"),
        (Complaint.NOT_AS_AGREED, "guarantee_is_for_complaint"),
        (None, "guarantee_is_for_complaint"),
    ],
)
def test_an_easy_return_is_for_quality_alone(about: Complaint | None, reason: str | None) -> None:
    judgement = guarantees.judge(EASY, order(about=about), RECEIVED)
    assert judgement.tree.holds is (reason is None)
    assert reason is None or reason in reasons(judgement)
    assert judgement.return_required


@pytest.mark.parametrize(
    ("facts", "gives"),
    [
        ({"ship_by_at": PAID + DAY, "shipped_at": PAID + DAY, "delivered_at": None}, 0),
        ({"ship_by_at": PAID + DAY, "shipped_at": PAID + DAY + MICROSECOND, "delivered_at": None}, 100_00),
        ({"ship_by_at": PAID + DAY, "delivered_at": None}, 100_00),
        ({"promised_at": RECEIVED, "delivered_at": None}, 0),
        ({"promised_at": RECEIVED - MICROSECOND, "delivered_at": None}, 100_00),
        ({"promised_at": RECEIVED - MICROSECOND}, 100_00),
        ({"promised_at": RECEIVED}, 0),
    ],
)
def test_money_comes_back_for_what_was_sent_or_came_late(facts: dict[str, Any], gives: int) -> None:
    judgement = guarantees.judge(BACK, order(line(100_00, **facts), about=Complaint.LATE), RECEIVED)
    assert judgement.amount == usd(gives)
    assert judgement.cause is LossCause.NON_RECEIPT


@pytest.mark.parametrize(
    ("about", "facts", "told", "reason"),
    [
        (Complaint.NOT_AS_AGREED, {}, {"disclosed_defects": True}, "defect_not_disclosed"),
        (Complaint.QUALITY, {}, {"standard_stated": False}, "standard_was_stated"),
        (Complaint.DAMAGED, {"buyer_transport": True}, {}, "transport_not_of_buyer"),
        (Complaint.LATE, {"buyer_transport": True}, {}, "transport_not_of_buyer"),
        (Complaint.SERVICE, {}, {}, "complaint_not_of_service"),
        (Complaint.QUALITY, {"cancelled_at": RECEIVED}, {}, "order_not_cancelled"),
        (Complaint.QUALITY, {"liable": False}, {}, "party_found_liable"),
    ],
)
def test_what_money_back_does_not_cover(
    about: Complaint, facts: dict[str, Any], told: dict[str, Any], reason: str
) -> None:
    judgement = guarantees.judge(BACK, order(line(100_00, **told), about=about, **facts), RECEIVED)
    assert reason in reasons(judgement)
    assert judgement.amount == usd(0)


def test_only_the_lines_that_nothing_excludes_come_back() -> None:
    told = line(40_00, "2", disclosed_defects=True)
    judgement = guarantees.judge(BACK, order(line(60_00), told, about=Complaint.QUALITY, liable=True), RECEIVED)
    assert judgement.lines == (("1", usd(60_00)),)
    assert (judgement.remedy, judgement.return_required) == (RemedyKind.REFUND_FULL, True)


def test_money_back_goes_up_to_the_covered_amount() -> None:
    assert isinstance(BACK, MoneyBackTerms)
    rule = replace(BACK, covered_max=usd(90_01))
    judgement = guarantees.judge(rule, order(line(60_00), line(60_00, "2"), about=Complaint.QUALITY), RECEIVED)
    assert judgement.lines == (("1", usd(45_01)), ("2", usd(45_00)))
    assert (judgement.base, judgement.remedy) == (usd(120_00), RemedyKind.REFUND_PARTIAL)


@pytest.mark.parametrize(
    ("locked", "charged", "gives"),
    [(100_00, 100_00, 0), (100_00, 100_01, 1), (100_00, 99_99, 0), (None, 120_00, 0), (100_00, None, 0)],
)
def test_what_is_charged_beyond_the_locked_price_comes_back(
    locked: int | None, charged: int | None, gives: int
) -> None:
    totals = {name: None if minor is None else usd(minor) for name, minor in (("locked", locked), ("charged", charged))}
    judgement = guarantees.judge(LOCK, order(about=Complaint.OVERCHARGED, **totals), RECEIVED)
    assert judgement.amount == usd(gives)
    assert judgement.tree.holds is (gives > 0)


@pytest.mark.parametrize("changed", ["address_changed_at", "quantity_changed_at"])
def test_a_locked_price_ends_when_the_buyer_changes_the_order(changed: str) -> None:
    told: dict[str, Any] = {changed: RECEIVED}
    facts = order(locked=usd(100_00), charged=usd(120_00), **told)
    assert guarantees.judge(LOCK, facts, RECEIVED).amount == usd(0)
    assert [finding.holds for finding in guarantees.exclusions(LOCK, facts)].count(False) == 1


@pytest.mark.parametrize(
    ("about", "told", "gives"),
    [
        (Complaint.NOT_RECEIVED, {"delivered_at": None, "lost_at": RECEIVED}, 100_00),
        (Complaint.NOT_RECEIVED, {"delivered_at": None, "lost_at": RECEIVED + MICROSECOND}, 0),
        (Complaint.NOT_RECEIVED, {"lost_at": RECEIVED}, 0),
        (Complaint.DAMAGED, {}, 100_00),
        (Complaint.DAMAGED, {"declared": usd(70_00)}, 70_00),
        (Complaint.DAMAGED, {"declared": usd(170_00)}, 100_00),
        (Complaint.DAMAGED, {"delivered_at": None}, 0),
        (Complaint.QUALITY, {}, 0),
    ],
)
def test_loss_and_damage_is_paid_as_tracking_bears_it_out(about: Complaint, told: dict[str, Any], gives: int) -> None:
    assert guarantees.judge(LOSS, order(line(100_00, **told), about=about), RECEIVED).amount == usd(gives)


@pytest.mark.parametrize(("stands", "gives"), [(None, 100_00), ("prv_one", 60_00), ("prv_two", 40_00), ("prv_3", 0)])
def test_a_provider_answers_for_the_lines_it_carries(stands: str | None, gives: int) -> None:
    lines = (line(60_00, carrier_id="prv_one"), line(40_00, "2", carrier_id="prv_two"))
    facts = order(*lines, about=Complaint.DAMAGED, provider_id=stands)
    assert guarantees.judge(LOSS, facts, RECEIVED).amount == usd(gives)


# -- laws

TURNS = (PAID, PAID + DAY, RECEIVED - MICROSECOND, RECEIVED, RECEIVED + DAY)
INSTANTS, MOMENTS = st.sampled_from(TURNS), st.sampled_from([None, *TURNS])
LINES = st.lists(
    st.builds(
        lambda minor, declared, dates, told: LineFacts(
            "",
            usd(minor),
            promised_at=dates[0],
            delivered_at=dates[1],
            ship_by_at=dates[2],
            shipped_at=dates[3],
            lost_at=dates[4],
            declared=None if declared is None else usd(declared),
            disclosed_defects=told[0],
            standard_stated=told[1],
        ),
        st.integers(0, 5_000_00),
        st.none() | st.integers(0, 6_000_00),
        st.tuples(MOMENTS, MOMENTS, MOMENTS, MOMENTS, MOMENTS),
        st.tuples(st.booleans(), st.booleans()),
    ),
    max_size=5,
).map(lambda lines: tuple(replace(each, id=str(number)) for number, each in enumerate(lines, start=1)))
FACTS = st.builds(
    lambda lines, about, named, proven, money, changed, free: OrderFacts(
        "A",
        "USD",
        lines,
        paid_at=PAID,
        country="US",
        cancelled_at=changed[0],
        quantity_changed_at=changed[1],
        liable=free[0],
        buyer_transport=free[1],
        locked=None if money[0] is None else usd(money[0]),
        charged=None if money[1] is None else usd(money[1]),
        refunded=usd(min(money[2], sum(each.value.minor for each in lines))),
        complaint=ComplaintFacts(about, named, {id: usd(minor) for id, minor in proven.items()}),
    ),
    LINES,
    st.sampled_from(Complaint),
    st.lists(st.sampled_from("123"), max_size=2, unique=True).map(tuple),
    st.dictionaries(st.sampled_from("1234"), st.integers(0, 9_000_00), max_size=3),
    st.tuples(st.none() | st.integers(0, 9_000_00), st.none() | st.integers(0, 9_000_00), st.integers(0, 9_000_00)),
    st.tuples(MOMENTS, MOMENTS),
    st.tuples(st.none() | st.booleans(), st.booleans()),
)
CAPPED: list[Terms] = [
    EASY,
    BACK,
    LOCK,
    LOSS,
    replace(BACK, covered_max=usd(7_77)) if isinstance(BACK, MoneyBackTerms) else BACK,
    replace(LOSS, order_max=usd(3_33)) if isinstance(LOSS, LossDamageTerms) else LOSS,
]


def fitting(rule: Terms, facts: OrderFacts) -> OrderFacts:
    """The same order with nothing in the way of a complaint that the rule is for."""
    (promise,) = (promise for promise, terms in REFUNDS.items() if type(terms) is type(rule))
    usual, lines = COMPLAINTS[promise](), [replace(each, delivered_at=RECEIVED) for each in facts.lines]
    assert usual.complaint is not None
    return replace(
        facts,
        lines=tuple(replace(each, disclosed_defects=False, lost_at=None) for each in lines),
        cancelled_at=None,
        quantity_changed_at=None,
        liable=None,
        buyer_transport=False,
        locked=facts.locked or usual.locked,
        charged=(facts.locked or usd(0)) + (facts.charged or usd(20_00)),
        refunded=usd(min(facts.refunded.minor if facts.refunded else 0, 10_00)),
        complaint=replace(usual.complaint, proven=facts.complaint.proven if facts.complaint else {}),
    )


ASKED = st.tuples(st.sampled_from(CAPPED), FACTS, INSTANTS, st.integers(0, 3)).map(
    lambda drawn: (drawn[0], fitting(*drawn[:2]) if drawn[3] else drawn[1], RECEIVED + DAY if drawn[3] else drawn[2])
)
"""A rule and an order about which is complained: three of four could be paid for, if there is anything to pay."""


@given(ASKED)
def test_lines_sum_to_the_amount_and_nothing_passes_its_caps(asked: tuple[Terms, OrderFacts, datetime]) -> None:
    rule, facts, at = asked
    judgement = guarantees.judge(rule, facts, at)
    assert total([part for _, part in judgement.lines], "USD") == judgement.amount
    assert judgement.tree.holds is (judgement.amount.minor > 0)
    assert usd(0) <= judgement.amount <= judgement.base
    assert {id for id, _ in judgement.lines} <= set(judgement.late_line_ids)
    assert facts.refunded is not None
    left = total([each.value for each in facts.lines], "USD") - facts.refunded
    assert judgement.amount <= left
    worth = {each.id: each for each in facts.lines}
    if isinstance(rule, LossDamageTerms):
        assert all(part <= (worth[id].declared or worth[id].value) for id, part in judgement.lines)
        assert rule.order_max is None or judgement.amount <= rule.order_max
    if isinstance(rule, MoneyBackTerms | EasyReturnTerms):
        assert all(part <= worth[id].value for id, part in judgement.lines)
    if isinstance(rule, MoneyBackTerms) and rule.covered_max is not None:
        assert judgement.amount <= rule.covered_max
    if isinstance(rule, PriceLockTerms) and judgement.amount.minor:
        assert facts.locked is not None
        assert facts.charged is not None
        assert judgement.amount <= facts.charged - facts.locked


@given(ASKED)
def test_the_same_facts_give_the_same_tree_and_every_finding_has_its_words(
    asked: tuple[Terms, OrderFacts, datetime],
) -> None:
    once, again = (guarantees.judge(*asked) for _ in range(2))
    assert explain.canonical(once.tree) == explain.canonical(again.tree)
    assert all(words.sentence(finding) for finding in once.tree.because)


def test_every_promise_and_exclusion_is_judged_by_some_shipped_rule() -> None:
    drafts = shipped.drafts("guarantees/**/*.toml")
    assert {draft.rule_set.kind for draft in drafts} >= {breach.kind for breach in BREACHES.values()}
    assert {word for draft in drafts for word in draft.body["excludes"]} == {word.value for word in Exclusion}
