"""Tenants, buyers, suppliers, providers and the guarantees they offer."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import buyers, enrolments, parties, providers, suppliers, tenants
from domain.access import Caller, Role, Scope, ViewerKind
from domain.buyers import GrantTier, Look, Purchases
from domain.dates import UTC_DAYS
from domain.decisions import DecisionKind
from domain.enrolments import Guarantee, GuaranteeAction, GuaranteeState, OfferGuarantee
from domain.errors import Conflict, Forbidden, Invalid, Refused
from domain.guarantees import Promise
from domain.ids import (
    ApiKeyId,
    BundleId,
    BuyerId,
    DecisionId,
    GuaranteeId,
    LiablePartyId,
    OrganisationId,
    PartyId,
    ProviderId,
    RuleVersionId,
    SupplierId,
    TenantId,
)
from domain.money import Money
from domain.organisations import Organisation, OrganisationKind
from domain.parties import Registration
from domain.providers import ProviderKind, ProviderState, RegisterProvider
from domain.rulebook import RuleKind, RuleVersion
from domain.tenants import CreateTenant, TenantKind
from domain.tiers import tier_terms
from tests import shipped

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=7)
BUYER, SUPPLIER, PROVIDER = BuyerId("buy_" + "0" * 26), SupplierId("sup_" + "0" * 26), ProviderId("prv_" + "0" * 26)
RULE = RuleVersionId("rul_" + "0" * 26)
ACME = Registration(" Acme ", "NL", "A-1")


def organisation(kind: OrganisationKind) -> Organisation:
    return Organisation(OrganisationId("org_" + "0" * 26), kind, "Acme", NOW, 1)


def published(name: str) -> RuleVersion:
    """The shipped rule of that file as a version of a marketplace."""
    rule_set = shipped.draft(name).rule_set
    return RuleVersion(
        id=RULE,
        key=rule_set.key,
        kind=rule_set.kind,
        number=1,
        title=rule_set.title,
        published_at=rule_set.published_at,
        effective_from=rule_set.effective_from,
        effective_until=None,
        withdrawn_at=None,
        source="",
        body=rule_set.body,
        digest="",
        published_by="system:shipped",
        version=1,
    )


def caller(role: Role, party_id: PartyId | None = None) -> Caller:
    return Caller(
        TenantId("ten_" + "0" * 26),
        ApiKeyId("key_" + "0" * 26),
        OrganisationId("org_" + "0" * 26),
        party_id,
        frozenset({role}),
        ViewerKind.STAFF,
        frozenset(Scope),
    )


# -- tenants and registration ------------------------------------------------------------------------------------------


def test_a_tenant_names_every_problem() -> None:
    wrong = CreateTenant(" ", TenantKind.LIVE, "ZZ", "GOLD")
    with pytest.raises(Invalid) as refusal:
        tenants.create_tenant(wrong, id=TenantId("ten_" + "0" * 26), digest_key=bytes(32), at=NOW)
    assert [problem.field for problem in refusal.value.problems] == [("name",), ("market",), ("currency",)]
    with pytest.raises(ValueError, match="too short"):
        tenants.create_tenant(
            CreateTenant("Harbour", TenantKind.LIVE, "NL", "EUR"),
            id=TenantId("ten_" + "0" * 26),
            digest_key=b"k",
            at=NOW,
        )


def test_parties_begin_plainly() -> None:
    buyer = buyers.register_buyer(ACME, organisation(OrganisationKind.BUYER), present=None, id=BUYER, at=NOW).after
    assert (buyer.name, buyer.level, buyer.level_since, buyer.level_decision_id) == ("Acme", 0, NOW, None)
    supplier = suppliers.register_supplier(
        ACME, organisation(OrganisationKind.SUPPLIER), present=None, id=SUPPLIER, at=NOW
    ).after
    assert (supplier.sees_exact_tiers, supplier.reference) == (False, "A-1")
    provider = providers.register_provider(
        RegisterProvider(ACME, ProviderKind.EXPRESS_COURIER),
        organisation(OrganisationKind.PROVIDER),
        present=None,
        id=PROVIDER,
        at=NOW,
        by="mem_1",
    ).after
    assert (provider.vouched_by, provider.activated_at) == ("mem_1", NOW)
    assert (provider.state, provider.kind) == (ProviderState.ACTIVE, ProviderKind.EXPRESS_COURIER)


def test_an_organisation_becomes_one_party_of_its_own_kind() -> None:
    with pytest.raises(Invalid):
        buyers.register_buyer(ACME, organisation(OrganisationKind.SUPPLIER), present=None, id=BUYER, at=NOW)
    with pytest.raises(Conflict, match=BUYER):
        buyers.register_buyer(ACME, organisation(OrganisationKind.BUYER), present=BUYER, id=BUYER, at=NOW)


def test_a_registration_names_every_problem() -> None:
    with pytest.raises(Invalid) as refusal:
        parties.checked(Registration("", "ZZ", "x" * 101))
    assert [problem.field for problem in refusal.value.problems] == [("name",), ("country",), ("reference",)]
    for reference in ("", "a\tb"):
        with pytest.raises(Invalid):
            parties.checked(dataclasses.replace(ACME, reference=reference))
    assert parties.checked(Registration("Acme", "NL")).reference is None


def test_sight_of_levels_is_given_and_taken_once() -> None:
    supplier = suppliers.register_supplier(
        ACME, organisation(OrganisationKind.SUPPLIER), present=None, id=SUPPLIER, at=NOW
    ).after
    with pytest.raises(Conflict):
        suppliers.grant_tier_sight(supplier, granted=False)
    entitled = suppliers.grant_tier_sight(supplier, granted=True).after
    assert entitled.sees_exact_tiers
    with pytest.raises(Conflict):
        suppliers.grant_tier_sight(entitled, granted=True)


# -- levels ------------------------------------------------------------------------------------------------------------

TIERS = tier_terms(published("tiers.toml"))


@given(st.integers(-2, 6), st.integers(0, 4), st.text())
def test_a_level_changes_by_an_explained_decision_only(wanted: int, before: int, reason: str) -> None:
    buyer = buyers.register_buyer(ACME, organisation(OrganisationKind.BUYER), present=None, id=BUYER, at=NOW).after
    buyer = dataclasses.replace(buyer, level=before)
    possible = 0 <= wanted <= 4 and wanted != before and bool(reason.strip())
    facts = buyers.facts(buyer, Purchases(Money.zero("USD"), 0), (), TIERS, NOW, UTC_DAYS)
    look = Look(TIERS, facts, NOW, UTC_DAYS, decided_by="mem_1")

    def granted() -> buyers.TierMove:
        wish = GrantTier(BUYER, wanted, reason)
        return buyers.grant_tier(buyer, wish, look, id=DecisionId("dec_" + "0" * 26))

    try:
        grant = granted()
    except (Invalid, Conflict):
        assert not possible
        return
    assert possible
    after, decision = grant.buyer.after, grant.decision
    assert (after.level, after.level_decision_id, after.version) == (wanted, decision.id, 2)
    assert (decision.kind, decision.holds, decision.rule_version_ids) == (DecisionKind.TIER, True, (RULE,))
    assert decision.tree == granted().decision.tree
    inputs = decision.tree.inputs
    assert (inputs["level"], inputs["before"], inputs["reason"]) == (wanted, before, reason.strip())


# -- guarantees --------------------------------------------------------------------------------------------------------


def offered(party_id: LiablePartyId = PROVIDER, **changed: Any) -> Guarantee:
    change = enrolments.offer_guarantee(
        published("guarantees/on_time.toml"), party_id, present=None, id=GuaranteeId("gua_" + "0" * 26), at=NOW
    )
    return dataclasses.replace(change.after, **changed)


def test_a_guarantee_stands_under_its_rule_for_one_party() -> None:
    guarantee = offered()
    assert (guarantee.promise, guarantee.rule_key, guarantee.party_id) == (
        Promise.ON_TIME,
        "guarantees/on_time",
        PROVIDER,
    )
    assert (guarantee.supplier_id, offered(SUPPLIER).supplier_id) == (None, SUPPLIER)
    with pytest.raises(Conflict):
        enrolments.offer_guarantee(
            published("guarantees/on_time.toml"), PROVIDER, present=guarantee, id=GuaranteeId("gua_" + "0" * 26), at=NOW
        )


@pytest.mark.parametrize("kind", sorted(set(RuleKind) - set(enrolments.PROMISES)))
def test_nobody_offers_a_rule_that_promises_nothing(kind: RuleKind) -> None:
    rule = dataclasses.replace(published("tiers.toml"), kind=kind)
    with pytest.raises(Invalid):
        enrolments.offer_guarantee(rule, PROVIDER, present=None, id=GuaranteeId("gua_" + "0" * 26), at=NOW)


def test_for_whom_a_guarantee_is_offered() -> None:
    mine, named = OfferGuarantee("guarantees/on_time", None), OfferGuarantee("guarantees/on_time", PROVIDER)
    assert enrolments.liable_party(mine, caller(Role.PROVIDER, PROVIDER)) == PROVIDER
    assert enrolments.liable_party(named, caller(Role.PROVIDER, PROVIDER)) == PROVIDER
    assert enrolments.liable_party(named, caller(Role.SUPPORT)) == PROVIDER
    with pytest.raises(Forbidden):
        enrolments.liable_party(named, caller(Role.SUPPLIER, SUPPLIER))
    for nobody in (caller(Role.SUPPORT), caller(Role.BUYER, BUYER)):
        with pytest.raises(Invalid):
            enrolments.liable_party(mine, nobody)


@given(
    st.sampled_from(GuaranteeState),
    st.sampled_from(Role),
    st.sampled_from([None, BUYER, SUPPLIER, PROVIDER]),
    st.frozensets(st.sampled_from(Scope)),
)
def test_a_step_is_listed_if_and_only_if_it_is_possible(
    state: GuaranteeState, role: Role, party_id: PartyId | None, scopes: frozenset[Scope]
) -> None:
    guarantee = offered(state=state)
    by = dataclasses.replace(caller(role, party_id), scopes=scopes)
    moves = {move.action: move for move in enrolments.moves(guarantee, by)}
    assert moves.keys() == set(GuaranteeAction)
    acts: dict[GuaranteeAction, Callable[[], Guarantee]] = {
        GuaranteeAction.WITHDRAW_GUARANTEE: lambda: (
            enrolments.withdraw_guarantee(guarantee, by, ends_at=LATER, at=NOW).after
        ),
        GuaranteeAction.ADMIT_GUARANTEE: lambda: enrolments.admit_guarantee(guarantee, by, (), at=NOW).after,
        GuaranteeAction.DECLINE_GUARANTEE: lambda: enrolments.decline_guarantee(guarantee, by, "No.", at=NOW).after,
    }
    applied = state is GuaranteeState.APPLIED
    become = {
        GuaranteeAction.WITHDRAW_GUARANTEE: (
            (GuaranteeState.ENDED, NOW) if applied else (GuaranteeState.WITHDRAWING, LATER)
        ),
        GuaranteeAction.ADMIT_GUARANTEE: (GuaranteeState.ACTIVE, None),
        GuaranteeAction.DECLINE_GUARANTEE: (GuaranteeState.ENDED, NOW),
    }
    for action, act in acts.items():
        if moves[action].available:
            after = act()
            assert (after.state, after.ends_at) == become[action]
        else:
            with pytest.raises(Refused) as refusal:
                act()
            assert refusal.value.unmet == moves[action].because


def test_a_member_of_a_bundle_is_not_withdrawn_by_itself() -> None:
    member = offered(bundle_id=BundleId.mint(1, 1))
    by = caller(Role.PROVIDER, PROVIDER)
    moves = {move.action: move for move in enrolments.moves(member, by)}
    (finding,) = moves[GuaranteeAction.WITHDRAW_GUARANTEE].because
    assert finding.reason == "guarantee_stands_alone"
