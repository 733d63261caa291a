"""Accounts of one hand: found in what they hand in, declared, seen by whom they concern, cleared by the desk."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from api.operations import relations
from domain.access import Caller, Role
from domain.errors import Conflict, NotFound, Refused
from domain.ids import LiablePartyId, ProviderId, RelationId, SupplierId
from domain.penalties import Violation
from domain.relations import ClearRelation, DeclareRelatedAccount, OneAccount, RelationKind
from storage import onboarding
from storage import providers as provider_rows
from storage import relations as relation_rows
from storage.pool import Pool
from storage.unit_of_work import Outcome, Work
from tests.api.test_exits import noted
from tests.api.test_points import give, tick
from tests.builders import START, Market
from tests.marketplaces import Asking, Marketplace, Member, open_marketplace

ACCOUNTS = "relatedAccounts { provider { id } kinds state declared because { reason text } relation { id state } }"


class People:
    """A marketplace with three providers and its desk."""

    def __init__(self, market: Marketplace, ask: Asking, a: Member, b: Member, c: Member) -> None:
        self.market, self.ask, self.a, self.b, self.c = market, ask, a, b, c
        self.desk = market.staff(Role.SUPPORT)

    async def note(self, of: Member, kind: RelationKind, value: str) -> None:
        async def act(work: Work, _: None) -> Outcome:
            await relations.note(work, self.id(of), kind, value)
            return Outcome()

        await self.market.act(self.market.admin, act, None)

    def id(self, of: Member) -> ProviderId:
        assert isinstance(of.party_id, ProviderId)
        return of.party_id

    async def related(self, of: Member) -> tuple[LiablePartyId, ...]:
        async with self.market.pool.acquire(self.market.id) as connection:
            return await relation_rows.related(connection, self.market.id, self.id(of))

    async def one_account(self, of: Member) -> OneAccount:
        async with self.market.pool.acquire(self.market.id) as connection:
            provider = await provider_rows.get(connection, self.market.id, self.id(of))
            at = await connection.fetchval("SELECT clock_timestamp()")
            return await onboarding.one_account(connection, self.market.id, provider, at)

    async def seen(self, by: Member | None, of: Member) -> Any:
        """The related accounts of one as another sees them; None is the desk."""
        caller = self.desk if by is None else by.caller
        answer = await self.ask(caller, f"query ($id: ID!) {{ provider(id: $id) {{ {ACCOUNTS} }} }}", id=self.id(of))
        return answer["provider"]["relatedAccounts"]

    async def declare(self, by: Member, other: Member, note: str | None = None) -> RelationId:
        outcome = await self.market.act(
            by.caller, relations.declare_related_account, DeclareRelatedAccount(self.id(other), note)
        )
        return RelationId(str(outcome.things["relation"]))


@pytest.fixture
async def people(market: Marketplace, ask: Asking) -> People:
    return People(market, ask, *[await market.add(name, Role.PROVIDER) for name in ("A", "B", "C")])


async def test_what_is_the_same_is_found_and_the_desk_reads_why(people: People, owner: asyncpg.Pool[Any]) -> None:
    await people.note(people.a, RelationKind.TAX_NUMBER, "DE 123 456 789")
    await people.note(people.b, RelationKind.TAX_NUMBER, "de-123456789")
    await people.note(people.b, RelationKind.TAX_NUMBER, "DE123456789")
    await people.note(people.c, RelationKind.TAX_NUMBER, "DE999999999")
    await people.note(people.c, RelationKind.OWNER, "DE123456789")
    assert await people.related(people.a) == (people.b.party_id,)
    assert await people.related(people.b) == (people.a.party_id,)
    assert await people.related(people.c) == (), "a tax number is no owner"
    (account,) = await people.seen(None, people.a)
    assert account["provider"]["id"] == people.b.party_id
    assert (account["kinds"], account["state"], account["declared"]) == (["TAX_NUMBER"], "DETECTED", False)
    assert [each["text"] for each in account["because"]] == ["Both have the same: TAX_NUMBER."]
    for table in ("fingerprints", "relations", "audit", "outbox", "history"):
        text = await owner.fetchval(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t")
        assert "123456789" not in text.replace(" ", ""), table


async def test_an_empty_value_relates_nobody(people: People) -> None:
    await people.note(people.a, RelationKind.BANK_ACCOUNT, " -- ")
    await people.note(people.b, RelationKind.BANK_ACCOUNT, "")
    assert await people.related(people.a) == ()


async def test_digests_of_two_marketplaces_differ(people: People, worker_pool: Pool, owner: asyncpg.Pool[Any]) -> None:
    there = await open_marketplace(worker_pool, "There")
    other = People(there, people.ask, *[await there.add(name, Role.PROVIDER) for name in ("A", "B", "C")])
    await people.note(people.a, RelationKind.OWNER, "Ada Moreau")
    await other.note(other.a, RelationKind.OWNER, "Ada Moreau")
    rows = await owner.fetch("SELECT digest FROM fingerprints")
    assert len({row["digest"] for row in rows}) == 2
    assert await people.related(people.a) == ()


async def test_a_provider_sees_what_it_declared_and_nothing_else(people: People) -> None:
    await people.note(people.a, RelationKind.OWNER, "Ada Moreau")
    await people.note(people.b, RelationKind.OWNER, "ada moreau")
    await people.note(people.c, RelationKind.OWNER, "Ada Moreau")
    relation = await people.declare(people.a, people.b, "our own depot")
    (mine,) = await people.seen(people.a, people.a)
    assert (mine["kinds"], mine["state"], mine["declared"]) == ([], "DECLARED", True)
    assert mine["relation"] == {"id": relation, "state": "DECLARED"}
    assert [each["reason"] for each in mine["because"]] == ["relation_by_word"]
    assert await people.seen(people.b, people.b) == []
    assert await people.seen(people.b, people.a) == []
    assert await people.seen(people.a, people.b) == []
    read = "query ($id: ID!) { relation(id: $id) { id kinds because { reason } note reason version } }"
    assert (await people.ask(people.b.caller, read, id=relation))["relation"] is None
    assert (await people.ask(people.a.caller, read, id=relation))["relation"] == {
        "id": relation,
        "kinds": None,
        "because": None,
        "note": None,
        "reason": None,
        "version": None,
    }
    desk = (await people.ask(people.desk, read, id=relation))["relation"]
    assert (desk["note"], desk["kinds"]) == ("our own depot", ["OWNER"])
    listed = "{ relations(first: 10) { totalCount nodes { id } } }"
    assert (await people.ask(people.desk, listed))["relations"]["totalCount"] == 3
    assert (await people.ask(people.a.caller, listed))["relations"]["nodes"] == [{"id": relation}]


async def test_a_word_binds_only_who_gives_it(people: People) -> None:
    await people.declare(people.a, people.b)
    assert await people.related(people.a) == (people.b.party_id,)
    assert await people.related(people.b) == ()
    await people.declare(people.b, people.a)
    assert await people.related(people.b) == (people.a.party_id,)
    with pytest.raises(Conflict):
        await people.declare(people.a, people.b)


async def test_nobody_declares_for_another(people: People) -> None:
    wish = DeclareRelatedAccount(people.id(people.c), None, people.id(people.b))
    with pytest.raises(NotFound):
        await people.market.act(people.a.caller, relations.declare_related_account, wish)
    await people.market.act(people.desk, relations.declare_related_account, wish)
    assert await people.related(people.b) == (people.c.party_id,)


async def test_what_the_desk_clears_stays_cleared(people: People) -> None:
    await people.note(people.a, RelationKind.BANK_ACCOUNT, "GB82 WEST 1234 5698 7654 32")
    await people.note(people.b, RelationKind.BANK_ACCOUNT, "GB82WEST12345698765432")
    (account,) = await people.seen(None, people.a)
    asked = {"relationId": account["relation"]["id"], "reason": "a shared escrow account"}
    selection = "relation { state reason version availableActions blockedActions { action because { reason } } }"
    refused = await people.ask.mutate(people.a.caller, "clearRelation", selection, **asked)
    assert [error["code"] for error in refused["userErrors"]] == ["FORBIDDEN"]
    stale = await people.ask.mutate(people.desk, "clearRelation", selection, **asked, expectedVersion=9)
    assert [error["code"] for error in stale["userErrors"]] == ["STALE_VERSION"]
    done = (await people.ask.mutate(people.desk, "clearRelation", selection, **asked))["relation"]
    assert (done["state"], done["reason"], done["availableActions"]) == ("CLEARED", "a shared escrow account", [])
    assert await people.related(people.a) == ()
    again = await people.ask.mutate(people.desk, "clearRelation", selection, **asked)
    reasons = [each["reason"] for each in again["userErrors"][0]["reasons"]]
    assert reasons == [each["reason"] for each in done["blockedActions"][0]["because"]] == ["relation_stands"]
    await people.note(people.a, RelationKind.BANK_ACCOUNT, "GB82WEST12345698765432")
    assert await people.related(people.a) == ()
    await people.note(people.a, RelationKind.TAX_NUMBER, "1")
    await people.note(people.b, RelationKind.TAX_NUMBER, "1")
    assert await people.related(people.a) == (people.b.party_id,)
    (back,) = await people.seen(None, people.b)
    assert back["kinds"] == ["TAX_NUMBER"], "what was cleared is not counted again"


async def test_two_who_hand_the_same_in_at_once_find_each_other(people: People) -> None:
    everyone = (people.a, people.b, people.c)
    await asyncio.gather(*(people.note(each, RelationKind.OWNER, "Ada Moreau") for each in everyone))
    for each in everyone:
        assert len(await people.related(each)) == 2


async def test_a_second_account_in_the_market_is_found(people: People) -> None:
    assert await people.one_account(people.a) == OneAccount((), ())
    await people.note(people.a, RelationKind.TAX_NUMBER, "DE123456789")
    await people.note(people.b, RelationKind.TAX_NUMBER, "DE123456789")
    await people.note(people.c, RelationKind.DEVICE, "0c:11")
    await people.note(people.b, RelationKind.DEVICE, "0C11")
    found = await people.one_account(people.b)
    assert [finding.inputs for finding in found.refused] == [{"kind": "TAX_NUMBER"}]
    assert [finding.inputs for finding in found.flagged] == [{"kind": "DEVICE"}]
    (account,) = await people.seen(None, people.a)
    wish = ClearRelation(RelationId(account["relation"]["id"]), "a clerk's typing error")
    await people.market.act(people.desk, relations.clear_relation, wish)
    assert (await people.one_account(people.b)).refused == ()
    with pytest.raises(Refused):
        await people.market.act(people.desk, relations.clear_relation, wish)


# -- suppliers ---------------------------------------------------------------------------------------------------------

AFTER_SALES = "guarantees/machinery_after_sales"
SEEN = """query ($id: ID!) { supplier(id: $id) { version relatedAccounts {
  supplier { id } provider { id } kinds state because { reason text }
  relation { id first { id } firstSupplier { id } } } } }"""


async def keeps_out(sandbox: Market, party_id: LiablePartyId) -> list[str]:
    """The reasons that keep a party out of the after-sales programme; none: it may come."""
    try:
        await sandbox.offer(party_id, AFTER_SALES)
    except Refused as refused:
        return [finding.reason for finding in refused.unmet]
    return []


async def test_a_suppliers_removal_keeps_its_related_accounts_out_until_the_desk_clears_them(
    sandbox: Market, ask: Asking, owner: asyncpg.Pool[Any]
) -> None:
    removed, sibling, named, stranger = [await sandbox.register_supplier() for _ in range(4)]
    carrier = await sandbox.register_provider()
    for id, number in ((removed, "DE 811 569 869"), (sibling, "de811569869"), (stranger, "DE136695976")):
        wish = {"supplierId": id, "taxNumber": number, "owner": f"Owner of {id}"}
        done = await ask.mutate(sandbox.staff, "identifySupplier", "supplier { version }", **wish)
        assert done == {"supplier": {"version": 2}, "userErrors": []}
    await noted(sandbox, carrier, "DE-811569869")
    for other, why in ((removed, "One letterhead."), (stranger, "An heir.")):
        wish = {"firstId": named, "secondId": other, "reason": why}
        found = await ask.mutate(sandbox.staff, "relateAccounts", "relation { state kinds }", **wish)
        assert found["relation"] == {"state": "DETECTED", "kinds": ["FINDING"]}
    await sandbox.offer(removed, AFTER_SALES)
    for _ in range(3):
        await give(sandbox, removed, Violation.AFTER_SALES_LATE)
    await tick(sandbox)
    assert await keeps_out(sandbox, removed) == ["measure_not_in_the_way"]
    assert await keeps_out(sandbox, sibling) == ["related_not_barred"]
    assert await keeps_out(sandbox, carrier) == ["related_not_barred"]
    assert await keeps_out(sandbox, named) == ["related_not_barred"]
    assert await keeps_out(sandbox, stranger) == [], "whoever is related to a related account is not related"
    await sandbox.offer(sibling, "guarantees/on_time")  # another programme is another matter

    seen = (await ask(sandbox.staff, SEEN, id=removed))["supplier"]["relatedAccounts"]
    shown = {(each["supplier"] or each["provider"])["id"]: each for each in seen}
    assert shown.keys() == {sibling, carrier, named}
    assert shown[sibling]["kinds"] == shown[carrier]["kinds"] == ["TAX_NUMBER"]
    assert [each["text"] for each in shown[named]["because"]] == ["The desk found it: One letterhead."]
    assert (await ask(sandbox.supplier(removed), SEEN, id=removed))["supplier"]["relatedAccounts"] == []
    for party_id in (sibling, carrier):
        wish = {"relationId": shown[party_id]["relation"]["id"], "reason": "A tax agent's number."}
        await ask.mutate(sandbox.staff, "clearRelation", "relation { state }", **wish)
        assert await keeps_out(sandbox, party_id) == []
    await sandbox.move(START + timedelta(days=366))
    assert await keeps_out(sandbox, named) == []
    for table in ("fingerprints", "relations", "audit", "outbox", "history"):
        text = await owner.fetchval(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t")
        assert "811569869" not in text.replace(" ", ""), table


async def test_a_providers_removal_keeps_out_a_supplier_of_the_same_hand(sandbox: Market, ask: Asking) -> None:
    removed, related = await sandbox.register_provider(), await sandbox.register_supplier()
    wish = {"firstId": related, "secondId": removed, "reason": "The same office."}
    await ask.mutate(sandbox.staff, "relateAccounts", "relation { id }", **wish)
    await sandbox.offer(removed)
    wish = {"providerId": removed, "ruleKey": "guarantees/on_time", "reason": "Broken too often."}
    await ask.mutate(sandbox.staff, "removeFromProgramme", "bar { id }", **wish)
    with pytest.raises(Refused) as refused:
        await sandbox.offer(related)
    assert [finding.reason for finding in refused.value.unmet] == ["related_not_barred"]


async def test_what_the_desk_says_of_accounts_is_checked(sandbox: Market, ask: Asking) -> None:
    supplier, provider = await sandbox.register_supplier(), await sandbox.register_provider()

    async def codes(by: Caller, mutation: str, selection: str, **wish: Any) -> list[str]:
        return [error["code"] for error in (await ask.mutate(by, mutation, selection, **wish))["userErrors"]]

    relate = {"firstId": supplier, "secondId": provider, "reason": "One owner."}
    assert await codes(sandbox.staff, "relateAccounts", "relation { id }", **relate) == []
    again = relate | {"firstId": provider, "secondId": supplier}
    assert await codes(sandbox.staff, "relateAccounts", "relation { id }", **again) == ["CONFLICT"]
    itself = relate | {"secondId": supplier}
    assert await codes(sandbox.staff, "relateAccounts", "relation { id }", **itself) == ["INVALID"]
    nobody = relate | {"secondId": str(SupplierId.mint(1, 1))}
    assert await codes(sandbox.staff, "relateAccounts", "relation { id }", **nobody) == ["NOT_FOUND"]
    odd = {"firstId": "buy_1", "secondId": "x", "reason": " "}
    assert len(await codes(sandbox.staff, "relateAccounts", "relation { id }", **odd)) == 3
    own = sandbox.supplier(supplier)
    assert await codes(own, "relateAccounts", "relation { id }", **relate) == ["FORBIDDEN"]
    for wish in ({}, {"taxNumber": " - "}, {"owner": "x" * 201}):
        refused = await codes(sandbox.staff, "identifySupplier", "supplier { id }", supplierId=supplier, **wish)
        assert set(refused) == {"INVALID"}, wish
    mine = await codes(own, "identifySupplier", "supplier { id }", supplierId=supplier, owner="Me")
    assert mine == ["FORBIDDEN"]
