"""Counters reach each step once however they grow; a standing falls only by a worse rate and by too many cases."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from domain import counters, scorecards
from domain.counters import CounterKind, CounterTerms
from domain.ids import PartyCounterId, ProviderId
from domain.records import Counts, Window
from domain.scorecards import PartyCounts, Scorecard, ScorecardTerms, ScoreMeasure, Standing
from tests import shipped

COUNTING = shipped.rule(CounterTerms, "counters.toml")
SCORING = shipped.rule(ScorecardTerms, "scorecards.toml")
PARTY = ProviderId.mint(1, 1)


def card(counts: PartyCounts, record: Counts | None = None) -> Scorecard:
    cases = scorecards.cases(SCORING, counts, record or Counts(), attempts=True)
    return scorecards.evaluate(SCORING, PARTY, cases, Window.QUARTER, date.min, date.max)


@given(st.lists(st.integers(1, 1_200), max_size=8))
def test_a_counter_reaches_each_step_once_however_it_grows(batches: list[int]) -> None:
    counter = counters.open_counter(PARTY, CounterKind.PROHIBITED_GOODS, date(2026, 1, 1), id=PartyCounterId.mint(1, 1))
    given_points = 0
    for items in batches:
        change, violations = counters.count(counter, items, COUNTING)
        counter, given_points = change.after, given_points + len(violations)
    assert (counter.count, counter.steps) == (sum(batches), sum(batches) // 500)
    assert given_points == counter.steps


@given(st.integers(0, 400), st.integers(0, 30))
def test_a_standing_falls_by_a_worse_rate_and_by_too_many_cases_never_by_one(orders: int, defects: int) -> None:
    found = card(PartyCounts(orders=orders, defects=min(defects, orders)))
    defects = min(defects, orders)
    bar = SCORING.bars[ScoreMeasure.DEFECTS]
    worse = orders >= bar.minimum and round(defects * 10_000 / orders) > bar.target_bp
    assert (found.standing is Standing.BELOW) is (worse and defects > bar.tolerated)
    assert found.tree.holds is (found.standing is not Standing.BELOW)


@given(st.integers(20, 200), st.integers(0, 200))
def test_coming_back_is_told_and_judges_nobody(buyers: int, returning: int) -> None:
    found = card(PartyCounts(orders=100, buyers=buyers, returning=min(buyers, returning)))
    told = next(score for score in found.scores if score.measure is ScoreMeasure.REPEAT_PURCHASE)
    assert told.share_bp is not None
    assert told.meets is None
    assert found.standing is Standing.ABOVE
    assert card(PartyCounts(orders=100)).standing is Standing.ABOVE


def test_a_provider_is_judged_by_what_it_carried_and_answers_in_a_day() -> None:
    carried = Counts(recorded=100, tracked=80, promised=100, kept=80, attempted=15)
    missed = {score.measure for score in card(PartyCounts(), carried).scores if score.meets is False}
    assert missed == {ScoreMeasure.VALID_TRACKING}  # an attempt in time keeps a promise
    slow = card(PartyCounts(orders=100, asked=50, replied_12=30, replied_24=10, replied_48=10))
    replies = next(score for score in slow.scores if score.measure is ScoreMeasure.REPLIES)
    assert (replies.count, replies.of, replies.meets) == (40, 50, False)
