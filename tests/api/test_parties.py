"""Buyers, suppliers, providers and guarantees over the engine: registered, raised, offered; levels behind a mask."""

from __future__ import annotations

from typing import Any

import asyncpg

from domain.access import Caller, Role, Scope, ViewerKind
from domain.ids import DecisionId, MemberId, OrderId, OrganisationId, RuleVersionId
from storage.minting import mint
from tests.marketplaces import Asking, Marketplace, Member


async def trade(market: Marketplace, owner: asyncpg.Pool[Any], buyer: Member, supplier: Member) -> None:
    """The supplier sold something to the buyer."""
    await owner.execute(
        "INSERT INTO orders (tenant_id, id, reference, buyer_id, supplier_id, state, total_minor, currency, country, "
        "placed_at, version) VALUES ($1, $2, $2, $3, $4, 'PLACED', 100, 'USD', 'NL', now(), 1)",
        market.id,
        mint(OrderId),
        buyer.party_id,
        supplier.party_id,
    )


async def raised(market: Marketplace, ask: Asking, buyer: Member, level: str) -> Any:
    return await ask.mutate(
        market.staff(Role.POLICY),
        "grantTier",
        "buyer { id version tier { level because { rule version inputs { name value } } benefits "
        "paymentTerms { days limit { amount currency } } quoteDiscountBp } }",
        buyerId=buyer.party_id,
        level=level,
        reason="Showed its books.",
    )


# -- registration ------------------------------------------------------------------------------------------------------


async def test_registering_makes_an_organisation_of_the_same_name(market: Marketplace, ask: Asking) -> None:
    selection = (
        "provider { id name country kind state reference version organisation { name kind party { __typename } } }"
    )
    staff = market.staff(Role.SUPPORT)
    wish = {"name": " Sea Line ", "country": "NL", "kind": "NVOCC", "reference": "P-1"}
    payload = await ask.mutate(staff, "registerProvider", selection, **wish)
    assert payload["userErrors"] == []
    shown = payload["provider"]
    assert (shown["name"], shown["kind"], shown["state"], shown["version"]) == (
        "Sea Line",
        "NVOCC",
        "ACTIVE",
        1,
    )
    assert shown["organisation"] == {"name": "Sea Line", "kind": "PROVIDER", "party": {"__typename": "Provider"}}
    again = await ask.mutate(staff, "registerProvider", "provider { id }", **wish)
    assert again["provider"] is None
    assert [error["code"] for error in again["userErrors"]] == ["CONFLICT"]


async def test_registering_names_every_problem(market: Marketplace, ask: Asking) -> None:
    buyer = await market.add("Acme", Role.BUYER)
    taken = {"name": "Acme", "country": "NL", "organisationId": buyer.organisation_id}
    for mutation, code in (("registerBuyer", "CONFLICT"), ("registerSupplier", "INVALID")):
        payload = await ask.mutate(market.staff(Role.SUPPORT), mutation, "__typename", **taken)
        assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [(code, ["organisationId"])]
    wrong = {"name": " ", "country": "NL", "organisationId": "org_1"}
    payload = await ask.mutate(market.staff(Role.SUPPORT), "registerBuyer", "buyer { id }", **wrong)
    assert [error["field"] for error in payload["userErrors"]] == [["name"], ["organisationId"]]
    missing = {"name": "Nobody", "country": "NL", "organisationId": mint(OrganisationId)}
    payload = await ask.mutate(market.staff(Role.SUPPORT), "registerBuyer", "buyer { id }", **missing)
    assert [error["code"] for error in payload["userErrors"]] == ["NOT_FOUND"]


async def test_what_may_be_done_with_a_supplier_is_what_its_mutations_allow(market: Marketplace, ask: Asking) -> None:
    maker = await market.add("Maker", Role.SUPPLIER)
    shown = "query ($id: ID!) { supplier(id: $id) { availableActions blockedActions { action because { reason } } } }"
    wishes: dict[str, dict[str, Any]] = {
        "GRANT_TIER_SIGHT": {"granted": True},
        "IDENTIFY_SUPPLIER": {"owner": "Li Wei"},
    }
    mutations = {"GRANT_TIER_SIGHT": "grantTierSight", "IDENTIFY_SUPPLIER": "identifySupplier"}
    for caller, available in (
        (market.staff(Role.POLICY), ["GRANT_TIER_SIGHT"]),
        (market.staff(Role.SUPPORT), ["IDENTIFY_SUPPLIER"]),
        (market.staff(Role.FINANCE), []),
        (maker.caller, []),
    ):
        supplier = (await ask(caller, shown, id=maker.party_id))["supplier"]
        assert supplier["availableActions"] == available
        because = {each["action"]: each["because"] for each in supplier["blockedActions"]}
        assert because == {
            action: [{"reason": "supplier_action_of_your_role"}] for action in wishes if action not in available
        }
        for action, wish in wishes.items():
            payload = await ask.mutate(caller, mutations[action], "__typename", supplierId=maker.party_id, **wish)
            assert [error["code"] for error in payload["userErrors"]] == ["FORBIDDEN"] * (action not in available)


# -- levels (vector T17) -----------------------------------------------------------------------------------------------


async def test_a_level_is_granted_with_its_reason_and_the_rule_in_force(
    market: Marketplace, ask: Asking, owner: asyncpg.Pool[Any]
) -> None:
    buyer = await market.add("Acme", Role.BUYER)
    payload = await raised(market, ask, buyer, "L3")
    assert payload["userErrors"] == []
    tier = payload["buyer"]["tier"]
    assert (tier["level"], payload["buyer"]["version"]) == ("L3", 2)
    assert tier["benefits"] == ["AUTOMATIC_COMPENSATION", "PAYMENT_TERMS", "PRIORITY", "QUOTE_DISCOUNT"]
    terms = {"days": 30, "limit": {"amount": "50000.00", "currency": "USD"}}
    assert (tier["paymentTerms"], tier["quoteDiscountBp"]) == (terms, 200), "what the rule's data say of the level"
    inputs = {each["name"]: each["value"] for each in tier["because"]["inputs"]}
    assert (inputs["level"], inputs["before"], inputs["reason"]) == ("3", "0", "Showed its books.")
    decision = await owner.fetchrow("SELECT * FROM decisions WHERE tenant_id = $1", market.id)
    assert decision is not None
    assert (decision["kind"], decision["subject_id"]) == ("TIER", buyer.party_id)
    assert decision["rule_version_ids"] == [tier["because"]["version"]]
    assert RuleVersionId.parse(tier["because"]["version"])
    assert DecisionId.parse(decision["id"])
    again = await raised(market, ask, buyer, "L3")
    assert [(error["code"], error["field"]) for error in again["userErrors"]] == [("CONFLICT", ["level"])]
    roughly = await raised(market, ask, buyer, "L1_PLUS")
    assert [(error["code"], error["field"]) for error in roughly["userErrors"]] == [("INVALID", ["level"])]


async def test_each_viewer_sees_the_level_it_may_know_and_nothing_to_tell_more_from(
    market: Marketplace, ask: Asking, owner: asyncpg.Pool[Any]
) -> None:
    buyer = await market.add("Acme", Role.BUYER)
    supplier = await market.add("Forge", Role.SUPPLIER)
    entitled = await market.add("Guild", Role.SUPPLIER, exact_tiers=True)
    await trade(market, owner, buyer, supplier)
    await trade(market, owner, buyer, entitled)
    await raised(market, ask, buyer, "L4")
    text = "query ($id: ID!) { buyer(id: $id) { version reference tier { level since because { rule } benefits } } }"

    async def seen(caller: Caller) -> Any:
        return (await ask(caller, text, id=buyer.party_id))["buyer"]

    for caller in (buyer.caller, entitled.caller, market.staff(Role.SUPPORT)):
        tier = (await seen(caller))["tier"]
        assert (tier["level"], tier["because"]) == ("L4", {"rule": "tier.grant"})
        assert tier["since"] is not None
    masked = {"level": "L1_PLUS", "since": None, "because": None, "benefits": None}
    assert await seen(supplier.caller) == {"version": None, "reference": None, "tier": masked}


async def test_no_question_of_a_supplier_tells_l1_from_l4(
    market: Marketplace, ask: Asking, owner: asyncpg.Pool[Any]
) -> None:
    supplier = await market.add("Forge", Role.SUPPLIER)
    buyers = [await market.add(f"Buyer {level}", Role.BUYER) for level in range(5)]
    for level, buyer in enumerate(buyers):
        await trade(market, owner, buyer, supplier)
        if level:
            await raised(market, ask, buyer, f"L{level}")
    text = """query ($tier: TierLevel, $order: BuyerOrder) {
      buyers(first: 10, filter: {tier: $tier}, orderBy: $order) { totalCount edges { cursor node { id } } } }"""

    async def asked(caller: Caller, tier: str | None, order: str | None = None) -> Any:
        found = (await ask(caller, text, tier=tier, order=order))["buyers"]
        return found["totalCount"], [edge["node"]["id"] for edge in found["edges"]], found["edges"]

    ids = [buyer.party_id for buyer in buyers]
    staff = market.staff(Role.SUPPORT)
    for level in range(5):
        assert (await asked(staff, f"L{level}"))[:2] == (1, [ids[level]])
        above = (4, ids[1:]) if level else (1, ids[:1])
        assert (await asked(supplier.caller, f"L{level}"))[:2] == above
    assert (await asked(supplier.caller, "L1_PLUS"))[:2] == (await asked(staff, "L1_PLUS"))[:2] == (4, ids[1:])
    assert (await asked(staff, None, "HIGHEST_TIER_FIRST"))[1] == ids[::-1]
    before = await asked(supplier.caller, None, "HIGHEST_TIER_FIRST")
    await raised(market, ask, buyers[4], "L1")
    await raised(market, ask, buyers[1], "L4")
    assert await asked(supplier.caller, None, "HIGHEST_TIER_FIRST") == before  # cursors too
    assert (await asked(staff, None, "HIGHEST_TIER_FIRST"))[1] != ids[::-1]


async def test_who_sees_no_levels_may_not_ask_for_them(market: Marketplace, ask: Asking) -> None:
    provider = await market.add("Sea Line", Role.PROVIDER)
    answer = await ask.answer(provider.caller, "{ buyers(first: 5, filter: {tier: L4}) { totalCount } }")
    assert [error["extensions"]["code"] for error in answer.errors] == ["FORBIDDEN"]
    assert answer.data is None


async def test_a_buyer_is_known_to_whom_it_traded_with(
    market: Marketplace, ask: Asking, owner: asyncpg.Pool[Any]
) -> None:
    buyer, other = await market.add("Acme", Role.BUYER), await market.add("Bolt", Role.BUYER)
    supplier, stranger = await market.add("Forge", Role.SUPPLIER), await market.add("Guild", Role.SUPPLIER)
    await trade(market, owner, buyer, supplier)
    text = "query ($id: ID!) { buyer(id: $id) { name } node(id: $id) { id } buyers(first: 9) { totalCount } }"

    async def seen(caller: Caller) -> tuple[bool, bool, int]:
        data = await ask(caller, text, id=buyer.party_id)
        return data["buyer"] is not None, data["node"] is not None, data["buyers"]["totalCount"]

    guest = Caller(
        market.id, mint(MemberId), None, None, frozenset({Role.GUEST}), ViewerKind.PUBLIC, frozenset({Scope.READ})
    )
    assert await seen(market.staff(Role.SUPPORT)) == (True, True, 2)
    assert await seen(buyer.caller) == await seen(supplier.caller) == (True, True, 1)
    assert await seen(other.caller) == (False, False, 1)
    assert await seen(stranger.caller) == await seen(guest) == (False, False, 0)


# -- guarantees --------------------------------------------------------------------------------------------------------

SHOWN = "guarantee { id code promise state rule { id } party { __typename ... on Provider { id } } availableActions }"


async def test_a_provider_offers_and_withdraws_a_guarantee(market: Marketplace, ask: Asking) -> None:
    provider, rival = await market.add("Sea Line", Role.PROVIDER), await market.add("Sky Line", Role.PROVIDER)
    payload = await ask.mutate(provider.caller, "offerGuarantee", SHOWN, ruleKey="guarantees/on_time")
    shown = payload["guarantee"]
    assert (shown["promise"], shown["state"], shown["availableActions"]) == (
        "ON_TIME",
        "ACTIVE",
        ["WITHDRAW_GUARANTEE"],
    )
    assert shown["party"] == {"__typename": "Provider", "id": provider.party_id}
    assert shown["rule"] is not None
    again = await ask.mutate(provider.caller, "offerGuarantee", SHOWN, ruleKey="guarantees/on_time")
    assert [error["code"] for error in again["userErrors"]] == ["CONFLICT"]
    blocked = "query ($id: ID!) { guarantee(id: $id) { availableActions blockedActions { action because { rule } } } }"
    seen = (await ask(rival.caller, blocked, id=shown["id"]))["guarantee"]
    because = {each["action"]: [one["rule"] for one in each["because"]] for each in seen["blockedActions"]}
    assert because == {
        "ADMIT_GUARANTEE": ["guarantee.role", "guarantee.state"],
        "DECLINE_GUARANTEE": ["guarantee.role", "guarantee.state"],
        "WITHDRAW_GUARANTEE": ["guarantee.role"],
    }
    assert seen["availableActions"] == []
    refused = await ask.mutate(rival.caller, "withdrawGuarantee", "guarantee { id }", guaranteeId=shown["id"])
    assert [error["code"] for error in refused["userErrors"]] == ["REFUSED"]
    assert [reason["rule"] for reason in refused["userErrors"][0]["reasons"]] == ["guarantee.role"]
    ended = await ask.mutate(provider.caller, "withdrawGuarantee", SHOWN, guaranteeId=shown["id"])
    assert (ended["guarantee"]["state"], ended["guarantee"]["availableActions"]) == ("WITHDRAWING", [])
    assert (await ask(rival.caller, blocked, id=shown["id"]))["guarantee"] is not None  # it sells until its notice ends
    listed = "query ($id: ID!) { provider(id: $id) { guarantees(first: 5) { totalCount } } }"
    assert (await ask(rival.caller, listed, id=provider.party_id))["provider"]["guarantees"]["totalCount"] == 1
    anew = await ask.mutate(provider.caller, "offerGuarantee", SHOWN, ruleKey="guarantees/on_time")
    assert [error["code"] for error in anew["userErrors"]] == ["CONFLICT"]


async def test_nobody_offers_for_somebody_else_or_under_no_rule(market: Marketplace, ask: Asking) -> None:
    provider, supplier = await market.add("Sea Line", Role.PROVIDER), await market.add("Forge", Role.SUPPLIER)
    buyer = await market.add("Acme", Role.BUYER)
    support = market.staff(Role.SUPPORT)
    cases: list[tuple[Caller, dict[str, Any], list[str]]] = [
        (supplier.caller, {"ruleKey": "guarantees/on_time", "partyId": provider.party_id}, ["FORBIDDEN"]),
        (buyer.caller, {"ruleKey": "guarantees/on_time"}, ["FORBIDDEN"]),
        (support, {"ruleKey": "guarantees/on_time"}, ["INVALID"]),
        (support, {"ruleKey": "guarantees/on_time", "partyId": buyer.party_id}, ["INVALID"]),
        (support, {"ruleKey": "tiers", "partyId": provider.party_id}, ["INVALID"]),
        (supplier.caller, {"ruleKey": "guarantees/none"}, ["REFUSED"]),
    ]
    for caller, wish, codes in cases:
        payload = await ask.mutate(caller, "offerGuarantee", "guarantee { id }", **wish)
        assert ([error["code"] for error in payload["userErrors"]], payload["guarantee"]) == (codes, None), wish
    made = await ask.mutate(
        support,
        "offerGuarantee",
        "guarantee { supplier { id } }",
        ruleKey="guarantees/on_time",
        partyId=supplier.party_id,
    )
    assert made["guarantee"] == {"supplier": {"id": supplier.party_id}}


async def test_suppliers_and_providers_are_public_but_for_their_own_affairs(market: Marketplace, ask: Asking) -> None:
    supplier, rival = await market.add("Forge", Role.SUPPLIER), await market.add("Guild", Role.SUPPLIER)
    text = "query ($id: ID!) { supplier(id: $id) { name reference seesExactTiers version organisation { name } } }"
    own = {
        "name": "Forge",
        "reference": "Forge",
        "seesExactTiers": False,
        "version": 1,
        "organisation": {"name": "Forge"},
    }
    for caller in (supplier.caller, market.staff(Role.SUPPORT)):
        assert (await ask(caller, text, id=supplier.party_id))["supplier"] == own
    public = {"name": "Forge", "reference": None, "seesExactTiers": None, "version": None, "organisation": None}
    assert (await ask(rival.caller, text, id=supplier.party_id))["supplier"] == public
