"""The books as finance and the parties read them: as of an instant, line by line, in trial balances; their bounds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from zlib import crc32

import asyncpg
import pytest

from domain import ledger
from domain.access import Role
from domain.dates import MICROSECOND, rfc3339
from domain.errors import Refused
from domain.ids import DepositMovementId, TransferId
from domain.ledger import BALANCE_MAX, AccountName, Cause, Event
from domain.money import MINOR_MAX, Money
from storage import ledger as ledger_rows
from storage.ledger import STRIPES
from storage.minting import mint
from storage.unit_of_work import Outcome, Work
from tests.api.test_claims import DAY, Story, granted, story
from tests.api.test_deposits import record
from tests.builders import START, usd
from tests.marketplaces import Asking

__all__ = ["story"]

STATEMENT = """query ($account: LedgerAccount!, $party: ID, $opens: DateTime!, $closes: DateTime!, $first: Int!,
  $after: String) {
  ledgerStatement(account: $account, partyId: $party, currency: "USD", opensAt: $opens, closesAt: $closes,
    first: $first, after: $after) {
    opening { amount } closing { amount } hasNextPage endCursor
    lines { at event amount { amount } balance { amount } claim { id } coupon { id } redemption { id } decision { id }
      depositMovement { id } ruleVersion { key } transfer { id } } } }"""
TRIAL = """query ($at: DateTime) { ledgerTrialBalance(asOf: $at) { currency asOf debits { amount } credits { amount }
  lines { account debit { amount } credit { amount } } } }"""
BALANCES = "query ($at: DateTime) { ledgerBalances(asOf: $at) { account party { __typename } balance { amount } } }"


class Told:
    """Months of one coupon: issued, redeemed twice on different days, the rest expired."""

    def __init__(self, story: Story) -> None:
        self.story = story

    async def lived(self) -> None:
        story = self.story
        self.claim, self.coupon = await granted(story)
        self.issued_at = await story.market.now()
        self.redeemed_at = []
        for days, minor in ((10, 80_00), (20, 50_00)):
            await story.market.move(START + days * DAY)
            await story.redeem(self.coupon, await story.later_order(), usd(minor))
            self.redeemed_at.append(await story.market.now())
        await story.market.move(self.coupon.expires_at + MICROSECOND)
        self.over_at = await story.market.now() + DAY

    def wish(self, account: str, **changed: Any) -> dict[str, Any]:
        whole = {"opens": rfc3339(START), "closes": rfc3339(self.over_at), "first": 100}
        return {"account": account} | whole | changed


@pytest.fixture
async def told(story: Story) -> Told:
    told = Told(story)
    await told.lived()
    return told


async def test_a_statement_explains_every_cent_line_by_line(told: Told, ask: Asking) -> None:
    staff = told.story.market.staff
    shown = (await ask(staff, STATEMENT, **told.wish("BUYER_COUPON_LIABILITY")))["ledgerStatement"]
    assert (shown["opening"]["amount"], shown["closing"]["amount"]) == ("0.00", "0.00")
    assert [(line["event"], line["amount"]["amount"], line["balance"]["amount"]) for line in shown["lines"]] == [
        ("COUPON_ISSUED", "-200.00", "-200.00"),
        ("COUPON_REDEEMED", "80.00", "-120.00"),
        ("COUPON_REDEEMED", "50.00", "-70.00"),
        ("COUPON_RELEASED", "70.00", "0.00"),
    ]
    for line in shown["lines"]:
        assert line["claim"] == {"id": told.claim.id}
        assert line["coupon"] == {"id": told.coupon.id}
        assert line["decision"]
        assert line["ruleVersion"] == {"key": "guarantees/machinery_after_sales"}
        assert bool(line["redemption"]) == (line["event"] == "COUPON_REDEEMED")


async def test_a_part_of_it_opens_and_closes_with_what_was_held(told: Told, ask: Asking) -> None:
    staff, (first, second) = told.story.market.staff, told.redeemed_at
    for opens, closes, opening, closing, lines in (
        (first, second, "-200.00", "-120.00", 1),  # the first redemption belongs to it, the second does not
        (first + MICROSECOND, second + MICROSECOND, "-120.00", "-70.00", 1),
        (first - DAY, first, "-200.00", "-200.00", 0),
        (first, first, "-200.00", "-200.00", 0),
    ):
        wish = told.wish("BUYER_COUPON_LIABILITY", opens=rfc3339(opens), closes=rfc3339(closes))
        shown = (await ask(staff, STATEMENT, **wish))["ledgerStatement"]
        seen = (shown["opening"]["amount"], shown["closing"]["amount"], len(shown["lines"]))
        assert seen == (opening, closing, lines)


@pytest.mark.parametrize("first", [1, 3])
async def test_pages_follow_each_other_without_gap_or_repeat(told: Told, ask: Asking, first: int) -> None:
    market = told.story.market
    for day in range(20):  # twenty transfers of one instant, over every stripe
        await record(market, told.story.provider_id, 100 + day, f"W{day}")
    staff, wish = market.staff, told.wish("CASH_CLEARING", closes=rfc3339(told.over_at))
    whole = (await ask(staff, STATEMENT, **wish))["ledgerStatement"]
    assert (len(whole["lines"]), whole["hasNextPage"]) == (22, False)
    seen: list[Any] = []
    page: dict[str, Any] = {"endCursor": None, "hasNextPage": True}
    while page["hasNextPage"]:
        page = (await ask(staff, STATEMENT, **wish | {"first": first}, after=page["endCursor"]))["ledgerStatement"]
        assert page["closing"] == whole["closing"]
        seen += page["lines"]
    assert seen == whole["lines"]


async def test_a_page_is_whole_however_unevenly_the_stripes_are_used(story: Story, ask: Asking) -> None:
    await record(story.market, story.provider_id, 1_00)
    ids = [mint(TransferId) for _ in range(1_500)]
    stripes = [crc32(id.encode()) % STRIPES for id in ids]
    uneven = [id for id, stripe in zip(ids, stripes, strict=True) if stripe == 7][:60]  # about ninety fall on each
    for stripe in range(STRIPES):
        uneven += [ids[stripes.index(stripe)]] if stripe != 7 else []
    uneven.sort()
    await posted(story, *range(1, len(uneven) + 1), ids=uneven)
    closes = rfc3339(await story.market.now() + DAY)
    wish = {"account": "REFUND_CLEARING", "opens": rfc3339(START), "closes": closes}
    for first in (1, 5, 40, 74):
        page = (await ask(story.market.staff, STATEMENT, **wish, first=first))["ledgerStatement"]
        shown = [(line["transfer"]["id"], line["amount"]["amount"].lstrip("-")) for line in page["lines"]]
        assert shown == [(id, f"{place / 100:.2f}") for place, id in enumerate(uneven[:first], 1)]
        assert page["hasNextPage"]
    whole = (await ask(story.market.staff, STATEMENT, **wish, first=100))["ledgerStatement"]
    assert (len(whole["lines"]), whole["hasNextPage"]) == (75, False)
    assert whole["lines"][-1]["balance"] == whole["closing"]


async def test_a_party_sees_its_own_accounts_and_nobody_elses(told: Told, ask: Asking) -> None:
    market, story = told.story.market, told.story
    own, other = market.supplier(story.supplier_id), market.provider(story.provider_id)
    owed = told.wish("PARTY_RECEIVABLE")
    shown = (await ask(own, STATEMENT, **owed))["ledgerStatement"]
    assert [(line["amount"]["amount"], line["transfer"]) for line in shown["lines"]] == [
        ("80.00", None),
        ("50.00", None),
    ]
    assert all(line["claim"] == {"id": told.claim.id} for line in shown["lines"])
    assert shown == (await ask(own, STATEMENT, **owed, party=story.supplier_id))["ledgerStatement"]
    assert (await ask(other, STATEMENT, **owed, party=story.supplier_id))["ledgerStatement"] is None
    assert (await ask(other, STATEMENT, **owed))["ledgerStatement"]["lines"] == []
    for caller in (own, story.buyer, market.caller(Role.SUPPORT), market.caller(Role.SERVICE)):
        assert (await ask(caller, STATEMENT, **told.wish("CASH_CLEARING")))["ledgerStatement"] is None
        assert (await ask(caller, TRIAL))["ledgerTrialBalance"] is None
    assert (await ask(market.caller(Role.SUPPORT), BALANCES))["ledgerBalances"] is None
    mine = (await ask(own, BALANCES))["ledgerBalances"]
    assert {each["account"]: each["balance"]["amount"] for each in mine} == {
        "CONTINGENT": "0.00",
        "PARTY_RECEIVABLE": "130.00",
    }


async def test_the_trial_balance_of_any_instant_is_what_it_was_then(told: Told, ask: Asking) -> None:
    staff, (first, second) = told.story.market.caller(Role.FINANCE), told.redeemed_at
    for at, liability, owed in (
        (told.issued_at, "200.00", None),
        (first - MICROSECOND, "200.00", None),
        (first, "120.00", "80.00"),
        (second - MICROSECOND, "120.00", "80.00"),
        (second, "70.00", "130.00"),
        (told.over_at, "0.00", "130.00"),
    ):
        (shown,) = (await ask(staff, TRIAL, at=rfc3339(at)))["ledgerTrialBalance"]
        assert (shown["currency"], shown["debits"]) == ("USD", shown["credits"])
        lines = {line["account"]: line for line in shown["lines"]}
        assert lines["BUYER_COUPON_LIABILITY"]["credit"]["amount"] == liability
        assert lines.get("PARTY_RECEIVABLE", {"debit": {"amount": None}})["debit"]["amount"] == owed
        held = (await ask(staff, BALANCES, at=rfc3339(at)))["ledgerBalances"]
        sums = {each["account"]: each["balance"]["amount"] for each in held}
        assert sums["BUYER_COUPON_LIABILITY"].lstrip("-") == liability
    assert (await ask(staff, TRIAL, at=rfc3339(START - DAY)))["ledgerTrialBalance"] == []
    now = (await ask(staff, BALANCES))["ledgerBalances"]
    assert now == (await ask(staff, BALANCES, at=rfc3339(told.over_at)))["ledgerBalances"]


async def test_what_names_no_statement_is_refused_with_all_reasons(told: Told, ask: Asking) -> None:
    staff = told.story.market.staff
    back = {"opens": rfc3339(START), "closes": rfc3339(START - DAY)}
    for wish, fields in (
        (told.wish("PARTY_RECEIVABLE"), ["partyId"]),
        (told.wish("CASH_CLEARING", party=told.story.supplier_id), ["partyId"]),
        (told.wish("PARTY_RECEIVABLE", party="buy_1"), ["partyId"]),
        (told.wish("CASH_CLEARING", first=101), ["first"]),
        (told.wish("PARTY_RECEIVABLE", first=0) | back, ["closesAt", "first", "partyId"]),
        (told.wish("CASH_CLEARING", after="bm8"), None),
    ):
        answer = await ask.answer(staff, STATEMENT, **wish)
        codes = {error["extensions"]["code"] for error in answer.errors}
        assert codes == ({"BAD_CURSOR"} if fields is None else {"INVALID"}), (wish, answer.errors)
    whole = (await ask(staff, STATEMENT, **told.wish("CASH_CLEARING", first=1)))["ledgerStatement"]
    of_another = told.wish("EXPENSE_RECOVERY", after=whole["endCursor"])
    answer = await ask.answer(staff, STATEMENT, **of_another)
    assert [error["extensions"]["code"] for error in answer.errors] == ["BAD_CURSOR"]


# -- what the books hold, and who may change them ----------------------------------------------------------------------


async def posted(
    story: Story, *minors: int, event: Event = Event.REFUND_DECIDED, ids: Sequence[TransferId] | None = None
) -> None:
    """Transfers of that event, caused by the story's one movement of a deposit, in one transaction."""
    text = "SELECT id FROM deposit_movements LIMIT 1"

    async def post(work: Work, _: None) -> Outcome:
        cause = Cause(deposit_movement_id=DepositMovementId(await work.connection.fetchval(text)))
        made = [
            ledger.transfer(
                id,
                event,
                Money(minor, "USD"),
                party_id=story.provider_id,
                cause=cause,
                at=work.at,
            )
            for id, minor in zip(ids or [work.new_id(TransferId) for _ in minors], minors, strict=True)
        ]
        await ledger_rows.post(work, *made)
        return Outcome()

    await story.market.act(story.market.staff, post, None)


@pytest.mark.parametrize(
    "minors", [(BALANCE_MAX + 1,), (MINOR_MAX,), (MINOR_MAX, MINOR_MAX), (BALANCE_MAX, BALANCE_MAX)]
)
async def test_beyond_what_the_books_hold_is_refused_and_nothing_is_left(story: Story, minors: tuple[int, ...]) -> None:
    await record(story.market, story.provider_id, 1_00)
    before = await story.books()
    with pytest.raises(Refused) as refusal:
        await posted(story, *minors, event=Event.CHARGEBACK_HELD)
    assert [finding.reason for finding in refusal.value.unmet] == ["balance_within_bounds"]
    assert await story.books() == before
    await posted(story, BALANCE_MAX, event=Event.CHARGEBACK_HELD)
    assert (await story.books())["FUNDS_HELD"] == -BALANCE_MAX
    with pytest.raises(Refused):
        await posted(story, 1, event=Event.CHARGEBACK_HELD)


async def test_a_deposit_beyond_64_bits_is_refused_through_the_operation(story: Story, ask: Asking) -> None:
    staff = story.market.staff
    largest = {"amount": "92233720368547758.07", "currency": "USD"}
    wish = {"providerId": story.provider_id, "reference": "W1", "amount": largest, "idempotencyKey": "k1"}
    payload = await ask.mutate(staff, "recordDeposit", "deposit { id }", **wish)
    (error,) = payload["userErrors"]
    assert (payload["deposit"], error["code"], error["rule"]) == (None, "REFUSED", "ledger.bounds")
    assert [reason["reason"] for reason in error["reasons"]] == ["balance_within_bounds"]
    assert await story.books() == {}
    more = {**wish, "amount": {"amount": "92233720368547758.08", "currency": "USD"}, "idempotencyKey": "k2"}
    assert (await ask.mutate(staff, "recordDeposit", "deposit { id }", **more))["userErrors"][0]["code"] == "INVALID"


async def test_no_party_takes_out_of_what_is_held_more_than_is_in_it(story: Story) -> None:
    await record(story.market, story.provider_id, 1_00)
    await posted(story, 5_00, event=Event.CHARGEBACK_HELD)
    with pytest.raises(asyncpg.CheckViolationError, match="FUNDS_HELD of"):
        await posted(story, 5_01, event=Event.CHARGEBACK_LOST)
    await posted(story, 5_00, event=Event.CHARGEBACK_COVERED)
    books = await story.books()
    assert (books.get("FUNDS_HELD", 0), books.get("PARTY_PAYABLE", 0), books["COMPENSATION_EXPENSE"]) == (0, 0, 5_00)


@pytest.mark.parametrize("event", list(Event))
async def test_every_row_of_the_posting_table_is_posted_in_balance(story: Story, event: Event) -> None:
    await record(story.market, story.provider_id, 1_000_00)

    if event in {Event.CHARGEBACK_WON, Event.CHARGEBACK_LOST, Event.CHARGEBACK_COVERED}:
        await posted(story, 7_00, event=Event.CHARGEBACK_HELD)
    if any(AccountName.CONTINGENT is credit for _, credit in ledger.POSTINGS[event]):
        await posted(story, 7_00, event=Event.COUPON_ISSUED)
    before = await story.books()
    await posted(story, 7_00, event=event)
    moved = {
        account: minor - before.get(account, 0)
        for account, minor in (await story.books()).items()
        if minor != before.get(account, 0)
    } | {account: -minor for account, minor in before.items() if account not in await story.books()}
    expected: dict[str, int] = {}
    for debit, credit in ledger.POSTINGS[event]:
        expected[debit] = expected.get(debit, 0) + 7_00
        expected[credit] = expected.get(credit, 0) - 7_00
    assert moved == expected
    assert sum(moved.values()) == 0


@pytest.mark.parametrize("table", ["ledger_transfers", "ledger_entries"])
@pytest.mark.parametrize("change", ["UPDATE {t} SET tenant_id = tenant_id", "DELETE FROM {t}", "TRUNCATE {t}"])
async def test_the_applications_role_may_only_add_to_the_books(story: Story, table: str, change: str) -> None:
    await record(story.market, story.provider_id, 1_00)
    async with story.market.pool.acquire(story.market.tenant_id) as connection:
        assert await connection.fetchval(f"SELECT count(*) FROM {table}") > 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(change.format(t=table))


async def test_the_applications_role_cannot_leave_a_transfer_unbalanced(story: Story) -> None:
    await record(story.market, story.provider_id, 1_00)
    async with story.market.pool.acquire(story.market.tenant_id) as connection:
        with pytest.raises(asyncpg.CheckViolationError, match="does not balance"):
            await connection.execute(
                "INSERT INTO ledger_entries SELECT tenant_id, transfer_id, position + 10, account_id, 1, currency, at "
                "FROM ledger_entries LIMIT 1"
            )


def test_a_partys_account_needs_the_party() -> None:
    cause = Cause(deposit_movement_id=mint(DepositMovementId))
    with pytest.raises(ValueError, match="none is named"):
        ledger.transfer(
            mint(TransferId), Event.RECOVERY_PAID, usd(1), party_id=None, cause=cause, at=START + timedelta(0)
        )
    paid = ledger.transfer(mint(TransferId), Event.REFUND_PAID, usd(1), party_id=None, cause=cause, at=START)
    assert [entry.account for entry in paid.entries] == [AccountName.REFUND_CLEARING, AccountName.CASH_CLEARING]
