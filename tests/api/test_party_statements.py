"""A party's month: what it owed and was kept back, line by line; and the file of all statements that finance takes."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

import orjson

from api.operations import deposits
from api.verbs import books
from api.verbs import ledger as ledger_verb
from domain.access import Role
from domain.coupons import Coupon
from domain.deposits import RecordDeposit
from domain.ids import ClaimId
from storage.pool import Pool
from tests.api.test_claims import Story, story
from tests.api.test_collection import DAY, WAIT_OVER, owing, paid_in, pay_out
from tests.builders import usd
from tests.marketplaces import Asking

__all__ = ["story"]

STATEMENT = """
  query ($party: ID, $month: String!, $first: Int!, $after: String) {
    partyStatement(liablePartyId: $party, month: $month, currency: "USD", first: $first, after: $after) {
      month opensAt closesAt opening { amount } openingContingent { amount } closing { amount }
      closingContingent { amount } sums { kind receivable { amount } contingent { amount } }
      lines { kind receivable { amount } contingent { amount } receivableAfter { amount } contingentAfter { amount }
        claim { id } claimNumber couponNumber recovery { id } payout { reference } because { text } }
      hasNextPage endCursor } }"""


async def told_months(story: Story) -> Coupon:
    """February: a coupon, 80.00 of it spent, 30.00 kept back. March: drawn, invoiced, paid. June: the rest expires."""
    wish = RecordDeposit(story.provider_id, usd(10_00), "D1")
    await story.market.act(story.market.staff, deposits.record_deposit, wish)
    coupon = await owing(story, 80_00)
    await pay_out(story, 30_00)
    await story.market.move(WAIT_OVER)
    await paid_in(story, 40_00)
    await story.market.move(coupon.expires_at + DAY)
    return coupon


def figures(statement: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {each["kind"]: (each["receivable"]["amount"], each["contingent"]["amount"]) for each in statement["sums"]}


async def test_a_party_reads_each_month_line_by_line(story: Story, ask: Asking) -> None:
    coupon = await told_months(story)
    party = story.market.provider(story.provider_id)
    months = {}
    for month in ("2026-01", "2026-02", "2026-03", "2026-04", "2026-05"):
        months[month] = (await ask(party, STATEMENT, month=month, first=100))["partyStatement"]
    assert figures(months["2026-01"]) == {}
    assert figures(months["2026-02"]) == {
        "OPENED": ("0.00", "100.00"),
        "FELL_DUE": ("80.00", "-80.00"),
        "NETTED": ("-30.00", "0.00"),
    }
    assert figures(months["2026-03"]) == {"PAID": ("-40.00", "0.00"), "DRAWN": ("-10.00", "0.00")}
    assert figures(months["2026-05"]) == {"RELEASED": ("0.00", "-20.00")}
    for before, after in itertools.pairwise(months.values()):
        assert (before["closing"], before["closingContingent"]) == (after["opening"], after["openingContingent"])
        assert before["closesAt"] == after["opensAt"]
    assert months["2026-05"]["closing"] == {"amount": "0.00"}
    netted = months["2026-02"]["lines"][-1]
    claim = await story.claim(ClaimId(str(coupon.claim_id)))
    assert netted["claim"] == {"id": claim.id}
    assert netted["payout"] == {"reference": "P1"}
    assert netted["because"]["text"] == (
        f"30.00 USD for claim {claim.number}, coupon {netted['couponNumber']}, were kept back from a payout."
    )
    assert await story.faults() == []


async def test_a_statement_is_read_page_by_page_with_its_running_balance(story: Story, ask: Asking) -> None:
    await told_months(story)
    whole = await ask(story.market.staff, STATEMENT, party=story.provider_id, month="2026-02", first=100)
    pages, after = [], None
    while True:
        page = (
            await ask(story.market.staff, STATEMENT, party=story.provider_id, month="2026-02", first=1, after=after)
        )["partyStatement"]
        pages += page["lines"]
        after = page["endCursor"]
        if not page["hasNextPage"]:
            break
    assert pages == whole["partyStatement"]["lines"]
    assert len(pages) == 3
    wrong = {"party": story.provider_id, "first": 1, "after": after}
    for month, said in (("2026-03", b"BAD_CURSOR"), ("2199-01", b"That month has not begun.")):
        assert said in (await ask.answer(story.market.staff, STATEMENT, month=month, **wrong)).body()


async def test_a_statement_is_its_party_s_and_finance_s_alone(story: Story, ask: Asking) -> None:
    await told_months(story)
    other = story.market.provider(await story.market.register_provider())
    for caller in (other, story.market.supplier(story.supplier_id), story.market.caller(Role.SUPPORT), story.buyer):
        asked = await ask(caller, STATEMENT, party=story.provider_id, month="2026-02", first=10)
        assert asked == {"partyStatement": None}
    wrongs = (
        ({"party": "buy_x"}, "supplier or provider"),
        ({"month": "2026-13"}, "spelled"),
        ({"first": 0}, "page size"),
    )
    for wrong, told in wrongs:
        asked = {"party": story.provider_id, "month": "2026-02", "first": 10} | wrong
        (error,) = orjson.loads((await ask.answer(story.market.staff, STATEMENT, **asked)).body())["errors"]
        assert error["extensions"]["code"] == "INVALID"
        assert told in error["message"]


async def test_statements_leave_the_platform_as_lines(story: Story, worker_pool: Pool, ask: Asking) -> None:
    await told_months(story)
    found = [row async for row in books.statements(worker_pool, story.market.tenant_id, date(2026, 2, 1))]
    lines = [ledger_verb.statement_line(row) for row in found]
    assert [(line["kind"], line["receivable"], line["receivableAfter"]) for line in lines] == [
        ("OPENING", "0.00", "0.00"),
        ("OPENED", "0.00", "0.00"),
        ("FELL_DUE", "80.00", "80.00"),
        ("NETTED", "-30.00", "50.00"),
        ("CLOSING", "0.00", "50.00"),
    ]
    assert {line["party"] for line in lines} == {story.provider_id}
    query = "query ($id: ID!) { provider(id: $id) { name } }"
    shown = (await ask(story.market.staff, query, id=story.provider_id))["provider"]
    assert {line["partyName"] for line in lines} == {shown["name"]}
    assert all(set(line) == set(ledger_verb.STATEMENT_COLUMNS) for line in lines)
