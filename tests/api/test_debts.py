"""The last means of collection: what a party may not do until its invoice is paid, and what it is told of that."""

from __future__ import annotations

from api.operations import collection
from domain.access import Role
from domain.claims import ClaimReason
from domain.invoices import RecordPartyPayment
from storage import invoices as invoice_rows
from tests.api.test_claims import DAY, Story, story
from tests.api.test_collection import INVOICE_OVER, invoices, owing
from tests.builders import usd
from tests.marketplaces import Asking

__all__ = ["story"]


async def test_a_supplier_that_owes_offers_nothing_new_until_it_has_paid(story: Story, ask: Asking) -> None:
    claim = await story.open(await story.serviced_order(10_000_00), ClaimReason.SERVICE_NOT_FINISHED)
    await story.accept(claim)
    await story.redeem(await story.coupon(claim), await story.later_order(), usd(80_00))
    await story.market.move(await story.market.now() + 40 * DAY)
    supplier = story.market.supplier(story.supplier_id)
    text = """{ accountMeasures(first: 5) { nodes { id kind basis state invoice { id } endReason automated
      statementOfReasons { takes ruleKey facts { reason text holds } } } } }"""
    told = [n for n in (await ask(supplier, text))["accountMeasures"]["nodes"] if n["basis"] == "DEBT"]
    async with story.market.pool.acquire(story.market.tenant_id) as connection:
        (invoice,) = await invoice_rows.INVOICES.select(
            connection, story.market.tenant_id, "t.supplier_id = $2", story.supplier_id
        )
    assert [(n["kind"], n["state"], n["invoice"]["id"], n["automated"]) for n in told] == [
        ("RESTRICTION", "IN_FORCE", invoice.id, True)
    ]
    statement = told[0]["statementOfReasons"]
    assert (statement["takes"], statement["ruleKey"]) == (["OFFER_GUARANTEE", "SELL"], "collection")
    assert [(fact["reason"], fact["holds"]) for fact in statement["facts"]] == [("invoice_paid_in_time", False)]
    offered = "{ guarantees(first: 5) { nodes { state promise } } }"
    guarantees = (await ask(supplier, offered))["guarantees"]["nodes"]
    assert {n["promise"]: n["state"] for n in guarantees} == {"AFTER_SALES": "SUSPENDED", "ON_TIME": "ACTIVE"}
    wish = RecordPartyPayment(story.supplier_id, usd(80_00), "P-1")
    await story.market.act(story.market.caller(Role.FINANCE), collection.record_party_payment, wish)
    told = [n for n in (await ask(supplier, text))["accountMeasures"]["nodes"] if n["basis"] == "DEBT"]
    assert [(n["state"], n["endReason"]) for n in told] == [("LIFTED", "The invoice is settled.")]
    assert {n["state"] for n in (await ask(supplier, offered))["guarantees"]["nodes"]} == {"ACTIVE"}
    assert await story.faults() == []


async def test_a_provider_that_owes_is_told_why_it_is_restricted_and_by_which_rule(story: Story, ask: Asking) -> None:
    await owing(story, 80_00)
    await story.market.move(INVOICE_OVER)
    (invoice,) = await invoices(story)
    text = """query ($id: ID!) { provider(id: $id) { restrictions(first: 5) { nodes { cause statementOfReasons {
      automatedDecision ruleKey facts { text } appealUntil text } } } } }"""
    shown = await ask(story.market.provider(story.provider_id), text, id=story.provider_id)
    (restriction,) = shown["provider"]["restrictions"]["nodes"]
    statement = restriction["statementOfReasons"]
    assert (restriction["cause"], statement["ruleKey"], statement["automatedDecision"]) == ("DEBT", "collection", True)
    (fact,) = statement["facts"]
    assert fact["text"].startswith(f"The invoice {invoice.number} was to be paid until")
    assert fact["text"].endswith("; 80.00 USD is open.")
    assert statement["appealUntil"] in statement["text"]
