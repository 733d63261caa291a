"""When what was proved ends, who is warned when, and what falls with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import capabilities, expiry
from domain.capabilities import Capability, Cause, Limit, Scope
from domain.dates import MICROSECOND, UTC_DAYS
from domain.expiry import Lapse
from domain.gates import Action, Gates
from domain.ids import OrganisationId, ProviderId, RequirementItemId, RuleVersionId
from domain.modes import ServiceMode
from domain.providers import Provider, ProviderKind, ProviderState, ProviderTier
from domain.requirements import (
    Condition,
    ItemState,
    Matrix,
    OnboardingTerms,
    Requirement,
    RequirementItem,
    RequirementKind,
)
from domain.terms import Days, WorkingDays

DAY = timedelta(days=1)
START = datetime(2026, 2, 1, 9, tzinfo=UTC)
ENDS = datetime(2026, 5, 1, tzinfo=UTC) - MICROSECOND
SEA = frozenset({ServiceMode.SEA_LCL})
WARNINGS = (Days(60), Days(30), Days(7))


def requirement(key: str, **changed: Any) -> Requirement:
    """A document with a day until which it counts, that gates sea freight in one market."""
    asked = Requirement(
        key,
        key.title(),
        RequirementKind.DOCUMENT,
        "ours",
        gates=Gates(SEA, frozenset({"US"})),
        warning_days=WARNINGS,
        grace_days=Days(14),
    )
    return replace(asked, **changed)


def reference(key: str, to: str, **changed: Any) -> Requirement:
    """A requirement that rests on another."""
    return requirement(key, kind=RequirementKind.REFERENCE, refers_to=to, **changed)


def matrix(*requirements: Requirement) -> Matrix:
    """Those requirements, under one version."""
    procedure = OnboardingTerms("rul_1", (), WorkingDays(3), Days(14), WARNINGS, Days(14), frozenset())
    return Matrix(procedure, requirements, {each.key: "rul_1" for each in requirements})


PROVIDER = Provider(
    id=ProviderId("prv_1"),
    organisation_id=OrganisationId("org_1"),
    reference=None,
    name="Blue Anchor",
    country="US",
    kind=ProviderKind.NVOCC,
    state=ProviderState.ACTIVE,
    state_since=START,
    state_reason=None,
    served_markets=frozenset({"US"}),
    services=SEA,
    traits=frozenset(),
    tier=ProviderTier.STANDARD,
    monthly_volume=None,
    vouched_by=None,
    decision_id=None,
    registered_at=START,
    activated_at=START,
    version=1,
)


def item(key: str = "bond", until: datetime | None = ENDS, state: ItemState = ItemState.ACCEPTED) -> RequirementItem:
    """What was accepted for it."""
    return RequirementItem(
        id=RequirementItemId(f"rqi_{key}"),
        provider_id=PROVIDER.id,
        requirement=key,
        state=state,
        personal=False,
        value=None,
        declared=None,
        amount=None,
        quantity=None,
        upload_id=None,
        note=None,
        valid_from=None,
        valid_until=until,
        submitted_by="mem_1",
        submitted_at=START,
        endorsed_by=None,
        reviewed_by="mem_2",
        reviewed_at=START,
        reason=None,
        rule_version_id=RuleVersionId("rul_1"),
        version=1,
    )


def lapse(of: Matrix, each: RequirementItem, *others: RequirementItem, provider: Provider = PROVIDER) -> Lapse:
    found = expiry.lapse(of, provider, (each, *others), each, UTC_DAYS)
    assert found is not None
    return found


def way(found: Lapse, at: datetime) -> list[datetime]:
    """Every deadline that the clock of an item which counts since `at` has, one after the other."""
    moments = [found.first(at)]
    while (moment := found.next(moments[-1])) is not None:
        moments.append(moment)
    return moments


def test_warnings_expiry_and_closing_come_in_order() -> None:
    found = lapse(matrix(requirement("bond")), item())
    before = [ENDS - days * DAY - MICROSECOND for days in WARNINGS]
    assert way(found, START) == [*before, ENDS, ENDS + 14 * DAY]
    assert [limit.since for limit in found.limits] == [ENDS + 14 * DAY + MICROSECOND]


def test_what_was_to_be_warned_of_before_is_past() -> None:
    found = lapse(matrix(requirement("bond")), item())
    assert way(found, ENDS - 10 * DAY)[0] == ENDS - 7 * DAY - MICROSECOND
    assert way(found, ENDS - DAY) == [ENDS, ENDS + 14 * DAY]
    assert way(found, ENDS + DAY) == [ENDS, ENDS + 14 * DAY]


@pytest.mark.parametrize("changed", [{"grace_keeps": False}, {"grace_days": Days(0)}])
def test_without_grace_the_capability_goes_with_the_last_instant(changed: dict[str, Any]) -> None:
    found = lapse(matrix(requirement("bond", **changed)), item())
    assert way(found, ENDS) == [ENDS]
    (limit,) = found.limits
    assert [limit.applies(at) for at in (ENDS, ENDS + MICROSECOND)] == [False, True]


def test_what_does_not_end_or_does_not_count_has_no_clock() -> None:
    of = matrix(requirement("bond"))
    for each in (item(until=None), item(state=ItemState.SUPERSEDED), item(state=ItemState.SUBMITTED), item("other")):
        assert expiry.lapse(of, PROVIDER, (each,), each, UTC_DAYS) is None
    assert expiry.lapse(of, PROVIDER, (item(),), item(state=ItemState.WAIVED), UTC_DAYS) is not None


def test_what_refers_to_it_falls_with_it_unless_something_of_its_own_counts() -> None:
    of = matrix(
        requirement("bond"),
        reference("promise", "bond", gates=Gates(actions=frozenset({Action.OFFER_GUARANTEE})), grace_days=Days(0)),
        reference("premium", "promise"),
        requirement("licence"),
    )
    found = lapse(of, item())
    assert [limit.about for limit in found.limits] == ["bond", "promise", "premium"]
    assert way(found, ENDS) == [ENDS, ENDS + 14 * DAY]
    waived = item("promise", None, ItemState.WAIVED)
    assert [limit.about for limit in lapse(of, item(), waived).limits] == ["bond"]


def test_what_is_not_asked_of_the_provider_and_whoever_is_vouched_for_lose_nothing() -> None:
    elsewhere = requirement("bond", when=Condition(countries=frozenset({"CN"})))
    assert lapse(matrix(elsewhere), item()).limits == ()
    vouched = replace(PROVIDER, vouched_by="mem_3")
    assert lapse(matrix(requirement("bond")), item(), provider=vouched).limits == ()


def test_what_lies_ahead_is_what_the_clock_will_impose() -> None:
    of = matrix(requirement("bond"), requirement("licence", gates=Gates()))
    items = (item(), item("licence", ENDS + 30 * DAY))
    ahead = expiry.ahead(of, PROVIDER, items, (), UTC_DAYS)
    assert ahead == (*lapse(of, items[0]).limits, *lapse(of, items[1]).limits)
    imposed = Limit(Cause.REQUIREMENT, "bond", Scope(), START, None)
    assert expiry.ahead(of, PROVIDER, items, (imposed,), UTC_DAYS) == lapse(of, items[1]).limits


@given(st.integers(0, 200))
def test_a_capability_is_off_exactly_when_grace_is_over(days: int) -> None:
    limits = expiry.ahead(matrix(requirement("bond")), PROVIDER, (item(),), (), UTC_DAYS)
    at = START + days * DAY
    sells = Capability(Action.SELL, ServiceMode.SEA_LCL, ("CN", "US"))
    off = capabilities.because(ProviderState.ACTIVE, limits, sells, at)
    assert bool(off) == (at > ENDS + 14 * DAY)


def test_a_warning_says_how_many_days_are_left() -> None:
    change = expiry.warn(item(), ENDS - 30 * DAY, UTC_DAYS)
    (happened,) = change.happened
    assert (happened.name, happened.facts["days"], happened.facts["waived"]) == ("requirement.expiring", 30, False)
    for each, at in ((item(until=None), START), (item(), ENDS + MICROSECOND)):
        with pytest.raises(ValueError, match="does not end"):
            expiry.warn(each, at, UTC_DAYS)
    (ended,) = expiry.expire(item(state=ItemState.WAIVED)).happened
    assert (ended.name, ended.facts["waived"]) == ("requirement.expired", True)


def test_a_lapse_is_explained_by_what_ended_and_the_version_that_says_so() -> None:
    of = matrix(requirement("bond"), reference("promise", "bond"))
    tree = [expiry.explain(of, item(), limit) for limit in lapse(of, item()).limits]
    assert [(finding.inputs["requirement"], finding.inputs["lapsed"]) for finding in tree] == [
        ("bond", "bond"),
        ("promise", "bond"),
    ]
    assert {(finding.holds, finding.version) for finding in tree} == {(False, "rul_1")}
