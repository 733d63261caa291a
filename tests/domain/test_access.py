"""The role x action table, and what a caller is shown."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import access
from domain.access import ACTIONS, OPERATOR, PARTY, STAFF, Caller, Role, Scope, ViewerKind
from domain.errors import Forbidden
from domain.ids import ApiKeyId, OrganisationId, TenantId
from domain.organisations import ROLES, STEWARDS, OrganisationKind

CALLER = Caller(
    TenantId("ten_" + "0" * 26),
    ApiKeyId("key_" + "0" * 26),
    OrganisationId("org_" + "0" * 26),
    None,
    frozenset(),
    ViewerKind.PUBLIC,
    frozenset(Scope),
)
roles = st.frozensets(st.sampled_from(Role))
actions = st.sampled_from(sorted(ACTIONS))
scopes = st.frozensets(st.sampled_from(Scope))


@given(roles, actions, scopes)
def test_an_action_needs_one_of_its_roles_and_the_scope_to_write(
    mine: frozenset[Role], action: str, good_for: frozenset[Scope]
) -> None:
    caller = dataclasses.replace(CALLER, roles=mine, scopes=good_for)
    allowed = bool(mine & ACTIONS[action]) and Scope.WRITE in good_for
    assert access.may(caller, action) is allowed
    assert (action in access.permitted(caller)) is allowed
    if allowed:
        access.require(caller, action)
    else:
        with pytest.raises(Forbidden):
            access.require(caller, action)


def test_a_refusal_names_the_roles_that_may_or_the_scope() -> None:
    caller = dataclasses.replace(CALLER, roles=frozenset({Role.BUYER}))
    with pytest.raises(Forbidden, match="decideClaim is for ADJUDICATOR"):
        access.require(caller, "decideClaim")
    reader = dataclasses.replace(caller, scopes=frozenset({Scope.READ}))
    with pytest.raises(Forbidden, match="scope WRITE"):
        access.require(reader, "openClaim")


def test_an_action_that_is_not_in_the_table_is_a_bug() -> None:
    with pytest.raises(KeyError):
        access.require(CALLER, "deleteEverything")


def test_every_action_has_somebody_and_every_role_something() -> None:
    assert all(ACTIONS.values())
    assert {role for allowed in ACTIONS.values() for role in allowed} == set(Role)


def test_no_party_does_the_operators_work_and_no_guest_anybodys() -> None:
    ours = ("createOrganisation", "moveClock", "grantTier", "grantTierSight", "decideClaim", "publishRule")
    assert not any(ACTIONS[action] & PARTY for action in ours)
    for_guests = [action for action, allowed in ACTIONS.items() if Role.GUEST in allowed]
    assert for_guests == ["acceptInvitation", "applyAsProvider"]


def test_liable_parties_answer_claims_and_buyers_never_do() -> None:
    for action in ("acceptClaim", "contestClaim"):
        assert ACTIONS[action] == {Role.SUPPLIER, Role.PROVIDER}


@given(st.sampled_from(OrganisationKind), st.data(), st.booleans())
def test_what_a_caller_is_shown_follows_from_its_organisations_kind(
    kind: OrganisationKind, data: st.DataObject, sees: bool
) -> None:
    mine = data.draw(st.frozensets(st.sampled_from(sorted(ROLES[kind])), min_size=1))
    shown = access.viewer_of(mine, sees_exact_tiers=sees)
    expected = {
        OrganisationKind.OPERATOR: ViewerKind.STAFF,
        OrganisationKind.SERVICE: ViewerKind.STAFF,
        OrganisationKind.BUYER: ViewerKind.BUYER,
        OrganisationKind.SUPPLIER: ViewerKind.ENTITLED_SUPPLIER if sees else ViewerKind.SUPPLIER,
        OrganisationKind.PROVIDER: ViewerKind.PROVIDER,
    }
    assert shown is expected[kind]
    assert dataclasses.replace(CALLER, roles=mine).is_operator is (shown is ViewerKind.STAFF)


def test_a_guest_and_nobody_see_what_everybody_sees() -> None:
    for mine in (frozenset({Role.GUEST}), frozenset[Role]()):
        assert access.viewer_of(mine, sees_exact_tiers=True) is ViewerKind.PUBLIC


def test_kinds_share_no_roles_but_the_machines_and_each_has_its_steward() -> None:
    assert ROLES.keys() == STEWARDS.keys() == set(OrganisationKind)
    assert all(STEWARDS[kind] in ROLES[kind] for kind in OrganisationKind)
    for one in OrganisationKind:
        for other in OrganisationKind:
            if one is not other:
                assert ROLES[one] & ROLES[other] <= {Role.SERVICE}
    assert not any(Role.GUEST in allowed for allowed in ROLES.values())
    assert STAFF | {Role.SERVICE} == OPERATOR
