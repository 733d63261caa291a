"""Levels: who reaches which, what is missing, what they bring, and who may see them."""

import itertools
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import explain, terms, tiers
from domain.access import ViewerKind
from domain.dates import DAY, MICROSECOND, UTC_DAYS, instant
from domain.money import Money
from domain.tiers import Benefit, BuyerFacts, Evidence, Identity, Proof, TierLabel, TierTerms
from tests import shipped

BODY = shipped.draft("tiers.toml").body
RULE = terms.read(TierTerms, {**BODY, "version": "rul"})
AT = instant("2026-11-22T00:00:00Z")
NOTHING = BuyerFacts(Money.zero("USD"))


def dollars(whole: int) -> Money:
    return Money(whole * 100, "USD")


def proofs(*evidence: Evidence, verified_at: datetime = AT) -> tuple[Proof, ...]:
    return tuple(Proof(one, verified_at) for one in evidence)


facts_of_any_buyer = st.builds(
    BuyerFacts,
    spend=st.integers(0, 50_000_000).map(lambda minor: Money(minor, "USD")),
    paid_orders=st.integers(0, 5),
    identity=st.sampled_from([None, *Identity]),
    proofs=st.lists(st.sampled_from(Evidence), unique=True).map(lambda found: proofs(*found)),
    income=st.one_of(st.none(), st.integers(0, 200_000_000).map(lambda minor: Money(minor, "USD"))),
)


@pytest.mark.parametrize(
    ("spend", "level"), [(0, 0), (9_999, 0), (10_000, 2), (99_999, 2), (100_000, 3), (299_999, 3), (300_000, 4)]
)
def test_spend_alone_opens_levels(spend: int, level: int) -> None:
    assert tiers.evaluate(RULE, BuyerFacts(dollars(spend)), AT, UTC_DAYS).level == level


@pytest.mark.parametrize("identity", Identity)
def test_the_evidence_set_of_any_identity_opens_level_two(identity: Identity) -> None:
    needed = RULE.identity_evidence[identity]
    facts = BuyerFacts(Money.zero("USD"), identity=identity, proofs=proofs(*needed))
    assert tiers.evaluate(RULE, facts, AT, UTC_DAYS).level == 2
    partly = BuyerFacts(Money.zero("USD"), identity=identity, proofs=proofs(*needed[1:]))
    assert tiers.evaluate(RULE, partly, AT, UTC_DAYS).level == 0


def test_evidence_lapses_after_its_days_unless_the_rule_says_it_stays() -> None:
    facts = BuyerFacts(Money.zero("USD"), proofs=proofs(Evidence.BUSINESS_EMAIL, Evidence.DECLARED_IDENTITY))
    last = instant("2027-11-22T23:59:59.999999Z")
    assert tiers.evaluate(RULE, facts, last, UTC_DAYS).level == 1
    assert tiers.evaluate(RULE, facts, last + MICROSECOND, UTC_DAYS).level == 0
    lasting = terms.read(TierTerms, {**BODY, "evidence_lapses": False, "version": "rul"})
    assert tiers.evaluate(lasting, facts, last + MICROSECOND, UTC_DAYS).level == 1


def test_income_must_be_above_the_threshold() -> None:
    at = BuyerFacts(Money.zero("USD"), income=dollars(1_000_000))
    above = BuyerFacts(Money.zero("USD"), income=Money(100_000_001, "USD"))
    assert [tiers.evaluate(RULE, facts, AT, UTC_DAYS).level for facts in (at, above)] == [0, 4]


@given(facts_of_any_buyer, st.integers(0, 4))
def test_nothing_is_missing_if_and_only_if_the_level_is_reached(facts: BuyerFacts, level: int) -> None:
    decision = tiers.evaluate(RULE, facts, AT, UTC_DAYS)
    missing = tiers.shortfall(RULE, facts, level, AT, UTC_DAYS)
    assert (missing == ()) == decision.tree.because[level].holds
    assert tiers.level(RULE, facts, AT, UTC_DAYS) == decision.level
    assert decision.level == max(place for place, finding in enumerate(decision.tree.because) if finding.holds)
    assert not any(finding.holds for finding in missing)
    if level == decision.level:
        assert missing == ()


@given(facts_of_any_buyer, st.integers(0, 10_000_000))
def test_more_spend_never_lowers_a_level(facts: BuyerFacts, more: int) -> None:
    richer = BuyerFacts(facts.spend + Money(more, "USD"), facts.paid_orders, facts.identity, facts.proofs, facts.income)
    before, after = (tiers.evaluate(RULE, one, AT, UTC_DAYS).level for one in (facts, richer))
    assert before <= after


@given(facts_of_any_buyer)
def test_the_same_facts_give_the_same_tree(facts: BuyerFacts) -> None:
    first, second = (tiers.evaluate(RULE, facts, AT, UTC_DAYS).tree for _ in range(2))
    assert explain.canonical(first) == explain.canonical(second)


def test_the_two_top_levels_are_compensated_by_themselves() -> None:
    holding = [tiers.automatic(RULE, level).holds for level in range(5)]
    assert tiers.automatic(RULE, 3) == tiers.automatic(RULE, 4), "the finding tells the levels apart"
    assert holding == [False, False, False, True, True]
    assert [Benefit.AUTOMATIC_COMPENSATION in tiers.benefits(RULE, level) for level in range(5)] == holding


def test_a_level_is_lost_step_by_step() -> None:
    assert [tiers.next_level_down(RULE, 4, reached) for reached in range(5)] == [3, 3, 3, 3, 4]


def test_only_the_entitled_see_the_exact_level() -> None:
    exact = (TierLabel.L0, TierLabel.L1, TierLabel.L2, TierLabel.L3, TierLabel.L4)
    seen = {viewer: tuple(tiers.mask(level, viewer) for level in range(5)) for viewer in ViewerKind}
    assert seen == {
        ViewerKind.STAFF: exact,
        ViewerKind.BUYER: exact,
        ViewerKind.ENTITLED_SUPPLIER: exact,
        ViewerKind.SUPPLIER: (None, *itertools.repeat(TierLabel.L1_PLUS, 4)),
        ViewerKind.PROVIDER: (None,) * 5,
        ViewerKind.PUBLIC: (None,) * 5,
    }


@pytest.mark.parametrize(
    "levels",
    [
        BODY["levels"][:4],
        BODY["levels"][::-1],
        [{**BODY["levels"][0], "paid_orders": 1}, *BODY["levels"][1:]],
    ],
)
def test_a_rule_names_all_levels_and_leaves_the_first_open(levels: object) -> None:
    with pytest.raises(Exception, match=r"level"):
        terms.read(TierTerms, {**BODY, "levels": levels, "version": "rul"})


def test_a_day_changes_nothing_for_spend() -> None:
    assert tiers.evaluate(RULE, BuyerFacts(dollars(10_000)), AT + DAY, UTC_DAYS).level == 2
