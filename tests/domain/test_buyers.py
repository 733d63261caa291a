"""How a buyer's level changes: what is told, what comes when, what a look that finds nothing new leaves alone."""

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import buyers, terms, tiers
from domain.access import Caller, Role, Scope, ViewerKind
from domain.buyers import Buyer, GrantTier, Look, Purchases, TierMove
from domain.dates import DAY, UTC_DAYS, day_deadline, instant
from domain.errors import Conflict, Invalid
from domain.ids import ApiKeyId, BuyerId, DecisionId, OrganisationId, RuleVersionId, SupplierId, TenantId
from domain.money import Money
from domain.tiers import TierTerms
from tests import shipped

RULE_ID = RuleVersionId.mint(1, 1)
BODY = shipped.draft("tiers.toml").body
RULE = terms.read(TierTerms, {**BODY, "version": str(RULE_ID)})
AT = instant("2026-03-10T12:00:00Z")
DECISION = DecisionId.mint(2, 2)


def buyer(level: int = 0) -> Buyer:
    """A buyer of that level about whom nothing is pending."""
    return Buyer(
        id=BuyerId.mint(1, 1),
        organisation_id=OrganisationId.mint(1, 1),
        reference=None,
        name="Acme",
        country="US",
        level=level,
        level_since=AT - 100 * DAY,
        level_decision_id=None,
        registered_at=AT - 500 * DAY,
        identity=None,
        income=None,
        income_verified_at=None,
        granted_level=None,
        granted_at=None,
        takes_upgrades=True,
        pending_level=None,
        pending_at=None,
        pending_decision_id=None,
        revoked_at=None,
        version=1,
    )


def look(of: Buyer, dollars: int, at: datetime = AT, rule: TierTerms = RULE) -> Look:
    """A look at a buyer that spent so much."""
    facts = buyers.facts(of, Purchases(Money(dollars * 100, "USD"), 1 if dollars else 0), (), rule, at, UTC_DAYS)
    return Look(rule, facts, at, UTC_DAYS, "system:test")


def reviewed(of: Buyer, dollars: int, at: datetime = AT, rule: TierTerms = RULE) -> TierMove | None:
    """What the monthly look finds."""
    return buyers.review_tier(of, look(of, dollars, at, rule), id=DECISION)


def settled(of: Buyer, dollars: int, at: datetime) -> TierMove | None:
    """What the end of the notice brings."""
    return buyers.settle_tier(of, look(of, dollars, at), id=DECISION)


def after(move: TierMove | None) -> Buyer:
    assert move is not None
    assert move.decision.holds
    assert move.decision.rule_version_ids == (RULE_ID,)
    return move.buyer.after


def test_more_is_told_first_and_comes_after_its_notice() -> None:
    told = after(reviewed(buyer(1), 120_000))
    assert (told.level, told.pending_level, told.pending_at) == (1, 3, day_deadline(AT, 7, UTC_DAYS))
    assert reviewed(told, 120_000, AT + DAY) is None, "what was told is not told again"
    raised = after(settled(told, 120_000, AT + 8 * DAY))
    assert (raised.level, raised.pending_level, raised.level_since) == (3, None, AT + 8 * DAY)


def test_an_upgrade_without_notice_comes_at_once() -> None:
    at_once = terms.read(TierTerms, {**BODY, "upgrade_notice_days": 0, "version": str(RULE_ID)})
    assert after(reviewed(buyer(1), 120_000, rule=at_once)).level == 3


def test_less_comes_step_by_step_each_after_its_notice() -> None:
    told = after(reviewed(buyer(4), 0))
    assert (told.level, told.pending_level, told.pending_at) == (4, 3, day_deadline(AT, 30, UTC_DAYS))
    lower = after(settled(told, 0, AT + 31 * DAY))
    assert (lower.level, lower.pending_level) == (3, None)
    again = after(reviewed(lower, 0, AT + 32 * DAY))
    assert (again.level, again.pending_level) == (3, 2)


def test_what_is_made_good_within_the_notice_costs_nothing() -> None:
    told = after(reviewed(buyer(4), 150_000))
    kept = after(settled(told, 300_000, AT + 31 * DAY))
    assert (kept.level, kept.pending_level, kept.level_since) == (4, None, told.level_since)
    earlier = after(reviewed(told, 300_000, AT + DAY))
    assert (earlier.level, earlier.pending_level) == (4, None)


def test_who_declines_upgrades_is_told_none() -> None:
    told = after(reviewed(buyer(1), 120_000))
    declined = buyers.set_tier_upgrades(told, False).after
    assert (declined.pending_level, declined.takes_upgrades) == (None, False)
    assert reviewed(declined, 300_000) is None
    with pytest.raises(Conflict):
        buyers.set_tier_upgrades(declined, False)
    assert after(reviewed(buyers.set_tier_upgrades(declined, True).after, 300_000)).pending_level == 4
    falling = after(reviewed(buyer(4), 0))
    assert buyers.set_tier_upgrades(falling, False).after.pending_level == 3, "a downgrade cannot be declined"


def test_a_grant_holds_for_a_year_and_falls_step_by_step_then() -> None:
    granted = after(buyers.grant_tier(buyer(), GrantTier(buyer().id, 4, "A top buyer."), look(buyer(), 0), id=DECISION))
    assert (granted.level, granted.granted_level, granted.granted_at) == (4, 4, AT)
    last = day_deadline(AT, 365, UTC_DAYS)
    assert reviewed(granted, 0, last) is None
    assert after(reviewed(granted, 0, last + DAY)).pending_level == 3


def test_a_revoked_buyer_stands_on_nothing_until_it_is_reinstated() -> None:
    top = buyer(4)
    revoked = after(buyers.revoke_tier(top, "Forged a statement.", look(top, 300_000), id=DECISION))
    assert (revoked.level, revoked.revoked_at) == (0, AT)
    assert reviewed(revoked, 300_000, AT + DAY) is None
    with pytest.raises(Conflict):
        buyers.revoke_tier(revoked, "Again.", look(revoked, 0), id=DECISION)
    with pytest.raises(Conflict):
        buyers.grant_tier(revoked, GrantTier(top.id, 2, "Why not."), look(revoked, 0), id=DECISION)
    back = after(buyers.reinstate_tier(revoked, "It was not forged.", look(revoked, 300_000), id=DECISION))
    assert (back.level, back.revoked_at) == (4, None)
    with pytest.raises(Conflict):
        buyers.reinstate_tier(back, "Again.", look(back, 0), id=DECISION)
    with pytest.raises(Invalid):
        buyers.revoke_tier(top, "  ", look(top, 0), id=DECISION)


def test_a_verified_income_lapses_like_evidence() -> None:
    rich = replace(buyer(), income=Money(200_000_000, "USD"), income_verified_at=AT)
    assert after(reviewed(rich, 0)).pending_level == 4
    assert reviewed(rich, 0, AT + 366 * DAY) is None


@given(
    st.integers(0, 4),
    st.lists(st.tuples(st.sampled_from([0, 100, 10_000, 100_000, 300_000]), st.booleans()), max_size=12),
)
def test_looks_are_consistent_whatever_a_buyer_spends(level: int, months: list[tuple[int, bool]]) -> None:
    """A look at the same facts finds nothing new twice; a level falls by one step at most, and never without notice."""
    now, at = buyer(level), AT
    for dollars, over in months:
        at += 31 * DAY
        move = settled(now, dollars, at) if over and now.pending_level is not None else reviewed(now, dollars, at)
        following = now if move is None else move.buyer.after
        assert following.level >= now.level - RULE.downgrade_levels
        assert following.level >= now.level or now.pending_level is not None
        assert following.pending_level != following.level
        twice = reviewed(following, dollars, at)
        if twice is not None:
            assert following.pending_level is None
            assert reviewed(twice.buyer.after, dollars, at) is None
        now = following


def test_nobody_learns_from_reasons_what_is_not_theirs() -> None:
    supplier = Caller(
        TenantId.mint(1, 1),
        ApiKeyId.mint(1, 1),
        OrganisationId.mint(2, 2),
        SupplierId.mint(1, 1),
        frozenset({Role.SUPPLIER}),
        ViewerKind.SUPPLIER,
        frozenset(Scope),
    )
    shown = [buyers.moves(one, supplier, AT) for one in (buyer(2), buyer(4), after(reviewed(buyer(4), 0)))]
    assert shown[0] == shown[1] == shown[2]
    assert not any(move.available for move in shown[0])


def test_spend_counts_in_one_currency_only() -> None:
    assert RULE.currency == "USD"
    mixed = [*BODY["levels"][:4], {**BODY["levels"][4], "spend": "300000.00 EUR"}]
    with pytest.raises(Invalid):
        terms.read(TierTerms, {**BODY, "levels": mixed, "version": "rul"})
    assert tiers.benefits(RULE, 0) == frozenset()
