"""Organisations and their people over the engine: who invites whom, what lasts, who is left at the end."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import asyncpg
import pytest

from api.operations import clocks as clock_operations
from api.schema.schema import Contract
from domain.access import ACTIONS, Caller, Person, Role, Scope, ViewerKind
from domain.clocks import MoveClock
from domain.ids import MemberId
from domain.members import INVITATION_LIFE, guest_id
from storage.minting import mint
from tests.marketplaces import Asking, Marketplace
from tests.openings import NAME

INVITATION = "invitation { id state roles version } secret"
MEMBER = "member { id roles removedAt version organisation { id } }"


def person(market: Marketplace, name: str) -> Caller:
    """Somebody with a good token who is a member of nothing yet."""
    somebody = Person("https://issuer.example", name)
    return Caller(
        market.id,
        guest_id(somebody),
        None,
        None,
        frozenset({Role.GUEST}),
        ViewerKind.PUBLIC,
        frozenset({Scope.READ, Scope.WRITE}),
        somebody,
    )


async def invited(ask: Asking, caller: Caller, *roles: Role, **more: Any) -> Any:
    return await ask.mutate(caller, "inviteMember", INVITATION, email="ada@example.com", roles=list(roles), **more)


async def joined(ask: Asking, market: Marketplace, inviter: Caller, name: str, *roles: Role, **more: Any) -> MemberId:
    """The named person accepted an invitation."""
    letter = (await invited(ask, inviter, *roles, **more))["secret"]
    payload = await ask.mutate(person(market, name), "acceptInvitation", "member { id }", secret=letter)
    assert payload["userErrors"] == []
    async with ask.engine.pool.acquire(market.id) as connection:
        return MemberId(await connection.fetchval("SELECT id FROM members WHERE subject = $1", name))


def codes(payload: Any) -> list[str]:
    return [error["code"] for error in payload["userErrors"]]


async def test_an_admin_creates_an_organisation(market: Marketplace, ask: Asking) -> None:
    shown = "organisation { name kind version members(first: 1) { totalCount } }"
    payload = await ask.mutate(market.admin, "createOrganisation", shown, kind="SERVICE", name="Shop system")
    expected = {"name": "Shop system", "kind": "SERVICE", "version": 1, "members": {"totalCount": 0}}
    assert payload == {"organisation": expected, "userErrors": []}
    for role in (Role.SUPPORT, Role.SERVICE, Role.POLICY, Role.FINANCE, Role.ADJUDICATOR):
        refused = await ask.mutate(market.staff(role), "createOrganisation", shown, kind="SERVICE", name="Another")
        assert (codes(refused), refused["organisation"]) == (["FORBIDDEN"], None)
    wrong = await ask.mutate(market.admin, "createOrganisation", shown, kind="SERVICE", name="a\nb")
    assert [(error["code"], error["field"]) for error in wrong["userErrors"]] == [("INVALID", ["name"])]


async def test_reading_without_the_scope_to_write_changes_nothing(market: Marketplace, ask: Asking) -> None:
    reader = dataclasses.replace(market.admin, scopes=frozenset({Scope.READ, Scope.INTROSPECT}))
    payload = await ask.mutate(reader, "createOrganisation", "organisation { id }", kind="SERVICE", name="Shop")
    assert (codes(payload), payload["organisation"]) == (["FORBIDDEN"], None)


async def test_a_party_invites_into_its_own_organisation_only(market: Marketplace, ask: Asking) -> None:
    acme, forge = await market.add("Acme", Role.BUYER), await market.add("Forge", Role.SUPPLIER)
    payload = await invited(ask, acme.caller, Role.BUYER)
    assert payload["userErrors"] == []
    assert payload["invitation"]["state"] == "OPEN"
    for organisation_id in (forge.organisation_id, market.made.operator_id, "org_" + "0" * 26):
        refused = await invited(ask, acme.caller, Role.BUYER, organisationId=organisation_id)
        assert (codes(refused), refused["secret"]) == (["NOT_FOUND"], None)
    for roles in ([Role.SUPPLIER], [Role.ADMIN], [Role.BUYER, Role.GUEST], []):
        refused = await invited(ask, acme.caller, *roles)
        assert [error["field"] for error in refused["userErrors"]] == [["roles"]], roles
    wrong = await ask.mutate(acme.caller, "inviteMember", INVITATION, email="nobody", roles=["ADMIN"])
    assert [error["field"] for error in wrong["userErrors"]] == [["roles"], ["email"]]


async def test_who_holds_the_letter_becomes_a_member_once(market: Marketplace, ask: Asking) -> None:
    acme = await market.add("Acme", Role.BUYER)
    letter = (await invited(ask, acme.caller, Role.BUYER))["secret"]
    ada, bob = person(market, "ada"), person(market, "bob")
    for text in ("", "mgi_", "mgi_x_y", letter[:-1] + ("0" if letter[-1] != "0" else "1"), letter.replace("mgi", "mg")):
        assert codes(await ask.mutate(ada, "acceptInvitation", MEMBER, secret=text)) == ["NOT_FOUND"], text
    assert codes(await ask.mutate(acme.caller, "acceptInvitation", MEMBER, secret=letter)) == ["FORBIDDEN"]
    machine = dataclasses.replace(ada, person=None)
    assert codes(await ask.mutate(machine, "acceptInvitation", MEMBER, secret=letter)) == ["FORBIDDEN"]
    outcomes = await asyncio.gather(
        *(ask.mutate(somebody, "acceptInvitation", "__typename", secret=letter) for somebody in (ada, bob) * 3)
    )
    assert sorted(codes(payload) for payload in outcomes) == [[], *[["NOT_FOUND"]] * 5]
    shown = "query ($id: ID!) { organisation(id: $id) { members(first: 5) { nodes { roles } } \
        invitations(first: 5) { nodes { state member { roles } } } } }"
    organisation = (await ask(acme.caller, shown, id=acme.organisation_id))["organisation"]
    assert organisation["members"]["nodes"] == [{"roles": ["BUYER"]}]
    assert organisation["invitations"]["nodes"] == [{"state": "ACCEPTED", "member": {"roles": ["BUYER"]}}]


async def test_a_person_is_a_member_once_per_marketplace(market: Marketplace, ask: Asking) -> None:
    acme, forge = await market.add("Acme", Role.BUYER), await market.add("Forge", Role.SUPPLIER)
    await joined(ask, market, acme.caller, "ada", Role.BUYER)
    letter = (await invited(ask, forge.caller, Role.SUPPLIER))["secret"]
    payload = await ask.mutate(person(market, "ada"), "acceptInvitation", "__typename", secret=letter)
    assert codes(payload) == ["CONFLICT"]
    assert "member already" in payload["userErrors"][0]["message"]


async def test_a_revoked_invitation_opens_nothing(market: Marketplace, ask: Asking) -> None:
    acme, bolt = await market.add("Acme", Role.BUYER), await market.add("Bolt", Role.BUYER)
    payload = await invited(ask, acme.caller, Role.BUYER)
    id_ = payload["invitation"]["id"]
    assert codes(await ask.mutate(bolt.caller, "revokeInvitation", INVITATION, invitationId=id_)) == ["NOT_FOUND"]
    revoked = await ask.mutate(acme.caller, "revokeInvitation", INVITATION, invitationId=id_)
    assert (revoked["invitation"]["state"], revoked["secret"]) == ("REVOKED", None)
    assert codes(await ask.mutate(acme.caller, "revokeInvitation", INVITATION, invitationId=id_)) == ["CONFLICT"]
    late = await ask.mutate(person(market, "ada"), "acceptInvitation", MEMBER, secret=payload["secret"])
    assert codes(late) == ["NOT_FOUND"]


async def test_an_invitation_expires_by_its_clock(market: Marketplace, ask: Asking, owner: asyncpg.Pool[Any]) -> None:
    acme = await market.add("Acme", Role.BUYER)
    first, second = await invited(ask, acme.caller, Role.BUYER), await invited(ask, acme.caller, Role.BUYER)
    expires = "SELECT expires_at FROM invitations WHERE id = $1"
    end = await owner.fetchval(expires, first["invitation"]["id"])
    await market.act(market.admin, clock_operations.move_clock, MoveClock(end))
    accepted = await ask.mutate(person(market, "ada"), "acceptInvitation", "__typename", secret=first["secret"])
    assert codes(accepted) == []  # its last instant is in time
    await market.act(market.admin, clock_operations.move_clock, MoveClock(end + INVITATION_LIFE))
    states = await owner.fetch("SELECT state FROM invitations WHERE tenant_id = $1 ORDER BY id", market.id)
    assert [row["state"] for row in states] == ["ACCEPTED", "EXPIRED"]
    late = await ask.mutate(person(market, "bob"), "acceptInvitation", MEMBER, secret=second["secret"])
    assert (codes(late), late["userErrors"][0]["rule"]) == (["REFUSED"], "members.invitation")


async def test_roles_come_and_go_but_for_the_last_admin_and_the_only_role(market: Marketplace, ask: Asking) -> None:
    staff = {"organisationId": market.made.operator_id}
    ada = await joined(ask, market, market.admin, "ada", Role.ADMIN, Role.SUPPORT, **staff)
    bob = await joined(ask, market, market.admin, "bob", Role.FINANCE, **staff)

    async def changed(mutation: str, member: MemberId, **more: Any) -> Any:
        return await ask.mutate(market.admin, mutation, MEMBER, memberId=member, **more)

    assert codes(await changed("revokeRole", ada, role="ADMIN")) == ["REFUSED"]
    assert codes(await changed("removeMember", ada)) == ["REFUSED"]
    assert codes(await changed("revokeRole", bob, role="FINANCE")) == ["CONFLICT"]
    assert codes(await changed("revokeRole", bob, role="POLICY")) == ["CONFLICT"]
    assert codes(await changed("grantRole", bob, role="BUYER")) == ["INVALID"]
    granted = await changed("grantRole", bob, role="ADMIN", expectedVersion=1)
    assert (granted["member"]["roles"], granted["member"]["version"]) == (["ADMIN", "FINANCE"], 2)
    assert codes(await changed("grantRole", bob, role="ADMIN")) == ["CONFLICT"]
    assert codes(await changed("grantRole", bob, role="POLICY", expectedVersion=1)) == ["STALE_VERSION"]
    removed = await changed("removeMember", ada)
    assert removed["member"]["removedAt"] is not None
    assert codes(await changed("removeMember", bob)) == ["REFUSED"]
    assert codes(await changed("removeMember", ada)) == ["NOT_FOUND"]


async def test_two_admins_who_remove_each_other_leave_one(market: Marketplace, ask: Asking) -> None:
    staff = {"organisationId": market.made.operator_id}
    both = [await joined(ask, market, market.admin, name, Role.ADMIN, **staff) for name in ("ada", "bob")]
    outcomes = await asyncio.gather(
        *(ask.mutate(market.admin, "removeMember", "member { id }", memberId=member) for member in both)
    )
    assert sorted(codes(payload) for payload in outcomes) == [[], ["REFUSED"]]


async def test_another_partys_people_are_not_found(market: Marketplace, ask: Asking) -> None:
    acme, bolt = await market.add("Acme", Role.BUYER), await market.add("Bolt", Role.BUYER)
    ada = await joined(ask, market, acme.caller, "ada", Role.BUYER)
    for mutation, more in (("grantRole", {"role": "BUYER"}), ("revokeRole", {"role": "BUYER"}), ("removeMember", {})):
        assert codes(await ask.mutate(bolt.caller, mutation, MEMBER, memberId=ada, **more)) == ["NOT_FOUND"]
    text = "query ($id: ID!) { member(id: $id) { id } node(id: $id) { id } }"
    assert await ask(bolt.caller, text, id=ada) == {"member": None, "node": None}
    assert (await ask(acme.caller, text, id=ada))["member"] == {"id": ada}


async def test_reading_an_address_is_written_down_and_history_has_none(
    market: Marketplace, ask: Asking, owner: asyncpg.Pool[Any]
) -> None:
    acme, bolt = await market.add("Acme", Role.BUYER), await market.add("Bolt", Role.BUYER)
    id_ = (await invited(ask, acme.caller, Role.BUYER))["invitation"]["id"]
    text = "query ($id: ID!) { invitation(id: $id) { email } }"
    assert (await ask(bolt.caller, text, id=id_))["invitation"] is None
    read = "SELECT actor_id FROM audit WHERE object_id = $1 AND action = 'readEmail'"
    assert await owner.fetch(read, id_) == []
    assert (await ask(acme.caller, text, id=id_))["invitation"] == {"email": "ada@example.com"}
    assert [row["actor_id"] for row in await owner.fetch(read, id_)] == [acme.caller.actor_id]
    await ask.mutate(acme.caller, "revokeInvitation", INVITATION, invitationId=id_)
    for table in ("audit", "history", "outbox", "invitations", "idempotency_keys"):
        rows = await owner.fetch(f"SELECT to_jsonb(t)::text AS row FROM {table} t WHERE tenant_id = $1", market.id)
        assert not [row["row"] for row in rows if "ada@example.com" in row["row"]], table
    await owner.execute("UPDATE personal_data SET value = NULL, erased_at = now() WHERE owner_id = $1", id_)
    assert (await ask(acme.caller, text, id=id_))["invitation"] == {"email": None}


async def test_the_viewer_knows_who_it_is_and_what_it_may_do(market: Marketplace, ask: Asking) -> None:
    acme = await market.add("Acme", Role.BUYER)
    text = """{ viewer { actorId kind roles scopes actions member { id } organisation { name }
      party { __typename ... on Buyer { name } } tenant { id name kind market currency clock } } }"""
    viewer = (await ask(acme.caller, text))["viewer"]
    actions = viewer.pop("actions")
    assert actions == [action for action, roles in ACTIONS.items() if Role.BUYER in roles]
    assert {"inviteMember", "openClaim", "redeemCoupon"} <= set(actions)
    assert not {"acceptClaim", "decideClaim", "registerBuyer"} & set(actions)
    tenant = viewer.pop("tenant")
    assert tenant.pop("clock").endswith("Z")
    assert tenant == {"id": market.id, "name": NAME, "kind": "SANDBOX", "market": "US", "currency": "USD"}
    assert viewer == {
        "actorId": acme.caller.actor_id,
        "kind": "BUYER",
        "roles": ["BUYER"],
        "scopes": ["INTROSPECT", "READ", "WRITE"],
        "member": None,
        "organisation": {"name": "Acme"},
        "party": {"__typename": "Buyer", "name": "Acme"},
    }
    guest = (await ask(person(market, "ada"), text))["viewer"]
    assert (guest["kind"], guest["actions"], guest["organisation"]) == (
        "PUBLIC",
        ["acceptInvitation", "applyAsProvider"],
        None,
    )


async def test_a_member_of_a_party_acts_for_it(market: Marketplace, ask: Asking) -> None:
    acme = await market.add("Acme", Role.BUYER)
    ada = await joined(ask, market, acme.caller, "ada", Role.BUYER)
    caller = dataclasses.replace(acme.caller, actor_id=ada, person=Person("https://issuer.example", "ada"))
    viewer = (await ask(caller, "{ viewer { member { id roles } } }"))["viewer"]
    assert viewer == {"member": {"id": ada, "roles": ["BUYER"]}}
    stranger = dataclasses.replace(caller, actor_id=mint(MemberId))
    assert (await ask(stranger, "{ viewer { member { id } } }"))["viewer"] == {"member": None}


@pytest.mark.parametrize("action", ["grantRole", "revokeRole"])
async def test_a_malformed_id_is_named(market: Marketplace, ask: Asking, action: str) -> None:
    payload = await ask.mutate(market.admin, action, MEMBER, memberId="mem_1", role="ADMIN")
    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [("INVALID", ["memberId"])]


def test_what_is_personal_is_marked_in_the_contract(promised: Contract) -> None:
    printed = promised.strawberry.as_str().splitlines()
    marked = {line.split(":")[0].strip() for line in printed if line.endswith("@personal")}
    assert marked >= {"email", "address", "personalValue"}
