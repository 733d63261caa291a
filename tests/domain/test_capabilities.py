"""What restrictions take away, and nothing else; states, ends, and what would stop on another day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import capabilities, standings
from domain.access import Caller, Role, ViewerKind
from domain.access import Scope as Permission
from domain.capabilities import ALLOWS, Capability, Cause, Limit, Restriction, Scope
from domain.dates import MICROSECOND
from domain.errors import Invalid, Refused
from domain.exits import Exit, ExitState
from domain.gates import Action, Gates
from domain.ids import ApiKeyId, ExitId, LaneId, OrganisationId, ProviderId, RestrictionId, TenantId
from domain.modes import ServiceMode
from domain.providers import MOVES, Provider, ProviderAction, ProviderKind, ProviderState, ProviderTier

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
PROVIDER = ProviderId("prv_00000000000000000000000001")
ONE, TWO = LaneId("lan_00000000000000000000000001"), LaneId("lan_00000000000000000000000002")
SEA_US = Capability(Action.SELL, ServiceMode.SEA_LCL, ("CN", "US"), ONE)
SEA_EU = Capability(Action.SELL, ServiceMode.SEA_LCL, ("CN", "DE"), TWO)
AIR_US = Capability(Action.SELL, ServiceMode.AIR, ("CN", "US"))
GUARANTEE = Capability(Action.OFFER_GUARANTEE)
BOND = Scope.behind(
    Gates(frozenset({ServiceMode.SEA_FCL, ServiceMode.SEA_LCL}), frozenset({"US"}), frozenset({Action.SELL}))
)


def limit(scope: Scope = BOND, **changed: Any) -> Limit:
    """A lapsed requirement's limit, from now on."""
    return replace(Limit(Cause.REQUIREMENT, "us_bond", scope, NOW, None), **changed)


def provider(state: ProviderState = ProviderState.ACTIVE) -> Provider:
    """A provider in that state."""
    return Provider(
        id=PROVIDER,
        organisation_id=OrganisationId("org_00000000000000000000000001"),
        reference=None,
        name="Blue Anchor",
        country="US",
        kind=ProviderKind.NVOCC,
        state=state,
        state_since=NOW,
        state_reason=None,
        served_markets=frozenset({"CN", "US"}),
        services=frozenset({ServiceMode.SEA_LCL, ServiceMode.AIR}),
        traits=frozenset(),
        tier=ProviderTier.STANDARD,
        monthly_volume=None,
        vouched_by=None,
        decision_id=None,
        registered_at=NOW,
        activated_at=NOW,
        version=1,
    )


def caller(*roles: Role, party_id: ProviderId | None = None) -> Caller:
    """Somebody with those roles."""
    viewer = ViewerKind.PROVIDER if party_id else ViewerKind.STAFF
    return Caller(TenantId("ten_1"), ApiKeyId("key_1"), None, party_id, frozenset(roles), viewer, frozenset(Permission))


DESK = caller(Role.SUPPORT, Role.ADMIN)


def reasons(found: Any) -> list[str]:
    return [finding.reason for finding in found]


def test_a_limit_stops_what_depends_on_it_and_nothing_else() -> None:
    def off(capability: Capability) -> list[str]:
        return reasons(capabilities.because(ProviderState.RESTRICTED, [limit()], capability, NOW))

    assert off(SEA_US) == ["requirement_up_to_date"]
    assert off(SEA_EU) == off(AIR_US) == off(GUARANTEE) == []
    assert off(replace(SEA_US, action=Action.BOOK)) == []


@pytest.mark.parametrize(
    ("scope", "stopped"),
    [
        (Scope(), {SEA_US, SEA_EU, AIR_US, GUARANTEE}),
        (Scope(services=frozenset({ServiceMode.AIR})), {AIR_US}),
        (Scope(markets=frozenset({"US"})), {SEA_US, AIR_US}),
        (Scope(lane_ids=frozenset({TWO})), {SEA_EU}),
        (Scope(actions=frozenset({Action.OFFER_GUARANTEE})), {GUARANTEE}),
        (Scope(frozenset({Action.OFFER_GUARANTEE}), frozenset({ServiceMode.AIR}), frozenset({"US"})), {GUARANTEE}),
    ],
)
def test_what_a_scope_leaves_empty_is_meant_whole(scope: Scope, stopped: set[Capability]) -> None:
    everything = (SEA_US, SEA_EU, AIR_US, GUARANTEE)
    assert {each for each in everything if scope.reaches(each)} == stopped


def test_a_limit_holds_from_its_first_to_its_last_instant() -> None:
    held = limit(since=NOW, until=NOW + DAY)
    assert [held.applies(NOW + step) for step in (-MICROSECOND, 0 * DAY, DAY, DAY + MICROSECOND)] == [
        False,
        True,
        True,
        False,
    ]


def test_every_reason_is_given_and_when_time_ends_it() -> None:
    held = [limit(), limit(Scope(), cause=Cause.DESK, about=None, until=NOW + DAY)]
    found = capabilities.because(ProviderState.SUSPENDED, held, SEA_US, NOW)
    assert reasons(found) == ["capability_of_state", "requirement_up_to_date", "capability_unrestricted"]
    assert [finding.opens_at for finding in found] == [None, None, "2026-03-02T12:00:00.000001Z"]
    with pytest.raises(Refused) as refusal:
        capabilities.require_capability(provider(ProviderState.SUSPENDED), held, SEA_US, NOW)
    assert (refusal.value.rule, refusal.value.unmet) == ("capability.sell", found)
    capabilities.require_capability(provider(), [], SEA_US, NOW)


def test_what_was_never_declared_was_never_proved_and_is_off() -> None:
    rail = replace(SEA_US, service=ServiceMode.RAIL)
    assert reasons(capabilities.against(provider(), [], SEA_EU, NOW)) == ["provider_declared"]
    assert reasons(capabilities.against(provider(), [], rail, NOW)) == ["provider_declared"]
    assert capabilities.against(provider(), [], GUARANTEE, NOW) == ()
    vouched = replace(provider(), vouched_by="mem_1")
    assert capabilities.against(vouched, [], SEA_EU, NOW) == ()


def test_only_working_providers_sell() -> None:
    selling = {state for state, allowed in ALLOWS.items() if Action.SELL in allowed}
    assert selling == {ProviderState.ACTIVE, ProviderState.RESTRICTED, ProviderState.EXIT_REQUESTED}


@given(st.sets(st.sampled_from(list(Action))), st.sets(st.sampled_from(list(ServiceMode))), st.sampled_from(Action))
def test_more_limits_never_give_more(actions: set[Action], services: set[ServiceMode], action: Action) -> None:
    fewer = [limit()]
    more = [*fewer, limit(Scope(frozenset(actions), frozenset(services)), about="other")]
    capability = replace(SEA_US, action=action)
    before = capabilities.because(ProviderState.ACTIVE, fewer, capability, NOW)
    after = capabilities.because(ProviderState.ACTIVE, more, capability, NOW)
    assert set(reasons(before)) <= set(reasons(after))


def test_what_would_stop_is_judged_at_the_day_asked_for() -> None:
    grace_over = limit(since=NOW + 10 * DAY)
    short = limit(Scope(services=frozenset({ServiceMode.AIR})), cause=Cause.DESK, since=NOW, until=NOW + 5 * DAY)
    state = ProviderState.RESTRICTED

    def stops(at: datetime) -> dict[Capability, tuple[bool, datetime | None]]:
        found = capabilities.stops(provider(state), NOW, (state, at), [grace_over, short], (SEA_US, AIR_US))
        return {
            Capability(each.action, each.service, each.markets, each.lane): (each.already, each.opens_at)
            for each in found
        }

    assert stops(NOW) == {AIR_US: (True, NOW + 5 * DAY + MICROSECOND)}
    assert stops(NOW + 7 * DAY) == {}
    assert stops(NOW + 10 * DAY) == {SEA_US: (False, None)}


def test_a_restriction_is_imposed_and_lifted_once() -> None:
    id = RestrictionId("rst_00000000000000000000000001")
    held = limit(cause=Cause.DESK, about=None)
    made = capabilities.restrict_provider(PROVIDER, held, "late invoices", id=id, at=NOW).after
    lifted = capabilities.lift_restriction(made, DESK, "paid", NOW + DAY).after
    assert (lifted.live, lifted.lifted_at, lifted.lift_reason) == (False, NOW + DAY, "paid")
    with pytest.raises(Refused) as refusal:
        capabilities.lift_restriction(lifted, DESK, "again", NOW + DAY)
    assert reasons(refusal.value.unmet) == ["restriction_not_lifted"]
    with pytest.raises(Refused):
        capabilities.end_restriction(lifted, None, NOW + DAY)


@pytest.mark.parametrize("cause", [Cause.REQUIREMENT, Cause.SUSPENSION])
def test_the_desk_does_not_lift_what_ends_otherwise(cause: Cause) -> None:
    id = RestrictionId("rst_00000000000000000000000001")
    made = Restriction(id, PROVIDER, limit(cause=cause), "lapsed", None, NOW, None, None, 1)
    (move,) = capabilities.moves(made, caller(Role.PROVIDER, party_id=PROVIDER))
    assert reasons(move.because) == ["restriction_action_of_your_role", "restriction_lifted_by_desk"]


def test_a_wrong_scope_and_an_end_in_the_past_are_named_together() -> None:
    scope = Scope(markets=frozenset({"XX"}), lane_ids=frozenset({ONE}))
    with pytest.raises(Invalid) as refusal:
        capabilities.restrict_provider(PROVIDER, limit(scope, until=NOW), "?", id=RestrictionId("rst_1"), at=NOW)
    assert [problem.field for problem in refusal.value.problems] == [("markets",), ("laneIds",), ("until",)]


# -- standings ---------------------------------------------------------------------------------------------------------


def test_a_provider_is_restricted_exactly_while_something_is_taken() -> None:
    active, restricted = provider(), provider(ProviderState.RESTRICTED)
    assert standings.settle(active, restricted=False, at=NOW) is None
    assert standings.settle(restricted, restricted=True, at=NOW) is None
    there, back = (standings.settle(one, restricted=one is active, at=NOW) for one in (active, restricted))
    assert there is not None
    assert back is not None
    assert (there.after.state, back.after.state) == (ProviderState.RESTRICTED, ProviderState.ACTIVE)
    assert standings.settle(provider(ProviderState.SUSPENDED), restricted=False, at=NOW) is None


@pytest.mark.parametrize("state", ProviderState)
def test_moves_agree_with_the_steps_of_a_providers_life(state: ProviderState) -> None:
    available = {move.action for move in standings.moves(provider(state), DESK) if move.available}
    assert (ProviderAction.SUSPEND_PROVIDER in available) == any(
        state in way.since for way in MOVES.values() if way.to is ProviderState.SUSPENDED
    )
    assert (ProviderAction.TERMINATE_PROVIDER in available) == (
        state not in {ProviderState.EXITED, ProviderState.TERMINATED}
    )


def test_a_provider_leaves_by_itself_and_the_desk_does_the_rest() -> None:
    own = caller(Role.PROVIDER, party_id=PROVIDER)
    other = caller(Role.PROVIDER, party_id=ProviderId("prv_00000000000000000000000002"))
    assert [move.action for move in standings.moves(provider(), own) if move.available] == ["REQUEST_EXIT"]
    assert [move.action for move in standings.moves(provider(), other) if move.available] == []


def test_a_state_ahead_follows_from_what_runs() -> None:
    asked = Exit(ExitId("ext_1"), PROVIDER, ExitState.REQUESTED, "sold", NOW, NOW + 7 * DAY, None, 1)
    leaving = provider(ProviderState.EXIT_REQUESTED)
    assert standings.state_on(leaving, (), asked, NOW + 7 * DAY) is ProviderState.EXIT_REQUESTED
    assert standings.state_on(leaving, (), asked, NOW + 7 * DAY + MICROSECOND) is ProviderState.WINDING_DOWN
    held = limit(Scope(), cause=Cause.SUSPENSION, about=None, until=NOW + DAY)
    suspension = Restriction(RestrictionId("rst_1"), PROVIDER, held, "checked", None, NOW, None, None, 1)
    suspended = provider(ProviderState.SUSPENDED)
    assert standings.state_on(suspended, (suspension,), None, NOW + DAY) is ProviderState.SUSPENDED
    assert standings.state_on(suspended, (suspension,), None, NOW + 2 * DAY) is ProviderState.RESTRICTED
    endless = replace(suspension, limit=replace(held, until=None))
    assert standings.state_on(suspended, (endless,), None, NOW + 99 * DAY) is ProviderState.SUSPENDED
