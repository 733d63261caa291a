"""The books proved law by law, and exported entry by entry."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from typing import Any

import pytest

from api.operations import collection, memberships
from api.verbs import books, doctor
from api.verbs import ledger as verb
from domain.dates import MICROSECOND
from domain.ids import TenantId
from domain.invoices import RecordPartyPayment
from domain.memberships import Plan, RecordMembership
from storage import audit
from storage import books as book_rows
from storage import ledger as ledger_rows
from storage.books import Law
from storage.pool import Pool
from tests.api.test_claims import DAY, DAY_AFTER, Story, granted, story
from tests.api.test_deposits import draw, record
from tests.api.test_ledger import Told, told
from tests.builders import START, usd

__all__ = ["story", "told"]

TABLES = (
    "ledger_transfers", "ledger_entries", "ledger_accounts", "ledger_days", "coupons", "redemptions", "recoveries",
    "deposits", "deposit_movements", "memberships", "audit",
)  # fmt: skip


async def seal(pool: Pool, tenant_id: TenantId) -> None:
    async with pool.transaction(tenant_id) as connection:
        assert await audit.seal(connection, tenant_id) is not None


@pytest.fixture
def owners(owners_pool: Pool) -> Pool:
    """Connections of the owner, through the platform's own pool."""
    return owners_pool


async def tampered(owners: Pool, tenant_id: TenantId, change: str, *, keep: bool = False) -> list[Law]:
    """What the doctor finds once the owner, triggers off, has changed what nobody may; undone unless kept."""
    async with owners.acquire(None) as connection:
        await connection.execute("BEGIN")
        for table in TABLES:
            await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        assert (await connection.execute(change)).split()[-1] != "0", change
        laws = [*await book_rows.laws(connection, tenant_id), await book_rows.chain(connection, tenant_id)]
        for table in TABLES:
            await connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        await connection.execute("COMMIT" if keep else "ROLLBACK")
        return laws


LAWS = {
    "entries sum to zero": {"debits", "credits"},
    "balances equal their entries": {"accounts"},
    "days equal their entries": {"days of accounts"},
    "every transfer balances": {"transfers"},
    "issued = redeemed + expired + revoked + outstanding": {
        "issued", "redeemed", "expired", "revoked", "outstanding",
    },
    "coupon liability = outstanding": {"coupon liability", "outstanding"},
    "receivable = due - netted - paid - drawn - written off + returned": {
        "receivable", "due", "netted", "paid", "drawn", "written off", "returned",
    },
    "contingent account = contingent recoveries": {"contingent", "recoveries"},
    "drawn of recoveries = drawn of deposits": {"recoveries", "deposits"},
    "amounts of each recovery = its transfers": {"recoveries"},
    "payouts, payments and invoices = their transfers and lines": {"payouts", "payments", "invoices"},
    "statements of parties add up to their accounts": {"months"},
    "drawn on a loss = its movements, at most its ceiling": {"looked at"},
    "refunds = their transfers, clearing = what is to be paid": {"looked at"},
    "remedies = their coupon or refund": {"looked at"},
    "chargebacks hold, cover and draw what was booked": {"looked at"},
    "reserved of a coupon = held by checkouts": {"looked at"},
    "fees of plans and inspections = their transfers": {"looked at"},
    "shares of parties = their part of each coupon and refund": {"looked at"},
    "recovered + charged = accepted + reimbursed + due from parties": {"looked at"},
    "deposits = movements = account": {"held", "movements", "account"},
    "no negative balance where forbidden": {"accounts"},
    "the audit chain is unbroken": {"seals", "rows sealed"},
    "the chain of transfers is unbroken": {"seals", "rows sealed"},
}  # fmt: skip


async def test_every_law_holds_and_is_shown_with_its_figures(told: Told, worker_pool: Pool) -> None:
    story = told.story
    debt = RecordPartyPayment(story.supplier_id, usd(130_00), "BANK-1")  # overdue: until it is paid it sells nothing
    await story.market.act(story.market.staff, collection.record_party_payment, debt)
    _, live = await granted(story)
    await story.redeem(live, await story.later_order(), usd(30_00))
    await record(story.market, story.provider_id, 500_00)
    await seal(worker_pool, story.market.tenant_id)
    (laws,) = (await books.laws(worker_pool)).values()
    assert {law.name: {name for name, _ in law.figures} for law in laws} == LAWS
    assert [law for law in laws if not law.holds] == []
    figures = {law.name: dict(law.figures) for law in laws}
    assert figures["issued = redeemed + expired + revoked + outstanding"] == {
        "issued": 400_00, "redeemed": 160_00, "expired": 70_00, "revoked": 0, "outstanding": 170_00,
    }  # fmt: skip
    assert figures["receivable = due - netted - paid - drawn - written off + returned"]["receivable"] == 30_00
    assert figures["statements of parties add up to their accounts"]["months"] > 0
    assert figures["coupon liability = outstanding"]["coupon liability"] == 170_00
    assert figures["deposits = movements = account"] == dict.fromkeys(("held", "movements", "account"), 500_00)
    assert figures["entries sum to zero"]["debits"] == figures["entries sum to zero"]["credits"] > 0
    assert figures["the audit chain is unbroken"]["rows sealed"] > 0


ONE_ENTRY = "(transfer_id, position) = (SELECT transfer_id, position FROM ledger_entries ORDER BY at, 1, 2 LIMIT 1)"


TAMPERED = [
    (
        f"UPDATE ledger_entries SET amount_minor = amount_minor + 1 WHERE {ONE_ENTRY}",
        "entries sum to zero",
        "debits",
    ),
    (
        f"UPDATE ledger_entries SET amount_minor = amount_minor + 1 WHERE {ONE_ENTRY}",
        "every transfer balances",
        "tfr_",
    ),
    (f"UPDATE ledger_entries SET at = at + interval '1s' WHERE {ONE_ENTRY}", "every transfer balances", "tfr_"),
    (f"DELETE FROM ledger_entries WHERE {ONE_ENTRY}", "balances equal their entries", "acc_"),
    (
        "UPDATE ledger_accounts SET balance_minor = balance_minor + 1 WHERE name = 'PARTY_RECEIVABLE'",
        "balances equal their entries",
        "PARTY_RECEIVABLE of sup_",
    ),
    ("UPDATE ledger_days SET amount_minor = amount_minor + 1", "days equal their entries", "acc_"),
    ("DELETE FROM ledger_days", "days equal their entries", "acc_"),
    ("UPDATE coupons SET amount_minor = amount_minor + 1", "issued = redeemed + expired", "coupon cpn_"),
    ("UPDATE coupons SET state = 'USED'", "issued = redeemed + expired", "in none of them"),
    ("UPDATE redemptions SET reversed_at = redeemed_at", "issued = redeemed + expired", "coupon cpn_"),
    (
        "UPDATE ledger_accounts SET balance_minor = balance_minor + 1 WHERE name = 'BUYER_COUPON_LIABILITY'",
        "coupon liability = outstanding",
        "coupons",
    ),
    ("UPDATE recoveries SET due_minor = due_minor + 1", "receivable = due", "PARTY_RECEIVABLE of sup_"),
    ("UPDATE recoveries SET due_minor = due_minor + 1", "recovered + charged", "recovered and charged"),
    ("UPDATE recoveries SET share_bp = 1", "shares of parties", "is borne by parties"),
    ("UPDATE memberships SET fee_minor = fee_minor + 1", "fees of plans", "mbs_"),
    ("UPDATE deposit_movements SET kind = 'RECEIVED' WHERE kind = 'DRAWN'", "drawn of recoveries", "of prv_"),
    (
        "UPDATE recoveries SET drawn_minor = drawn_minor + 1, due_minor = due_minor + 1",
        "drawn of recoveries",
        "of sup_",
    ),
    ("UPDATE recoveries SET paid_minor = paid_minor + 1, due_minor = due_minor + 1", "amounts of each", "rec_"),
    (
        "UPDATE ledger_transfers SET event = 'PAYOUT_PAID' WHERE event = 'COUPON_REDEEMED'",
        "statements of parties",
        "PARTY_RECEIVABLE of sup_",
    ),
    (
        "UPDATE recoveries SET contingent_minor = contingent_minor + 1",
        "contingent account = contingent",
        "CONTINGENT of sup_",
    ),
    (
        "UPDATE deposits SET held_minor = held_minor - 1, received_minor = received_minor - 1",
        "deposits = movements = account",
        "deposit dep_",
    ),
    (
        "UPDATE ledger_accounts SET balance_minor = 1 WHERE name = 'DEPOSIT_HELD'",
        "no negative balance",
        "DEPOSIT_HELD of prv_",
    ),
    (
        "UPDATE audit SET actor_id = 'somebody else' WHERE id = (SELECT max(id) FROM audit)",
        "the audit chain is unbroken",
        "seal",
    ),
]


async def test_what_was_tampered_with_is_found_and_named(story: Story, worker_pool: Pool, owners: Pool) -> None:
    market = story.market
    late = await story.late_order()
    await market.move(DAY_AFTER + DAY)
    claim = await story.open(late)
    await story.accept(claim)
    await story.redeem(await story.coupon(claim), await story.later_order(), usd(20_00))  # the provider owes 20 dollars
    await record(market, story.provider_id, 500_00)
    await draw(market, story.provider_id, 15_00)
    paid = RecordMembership(story.supplier_id, Plan.STANDARD, "B1")
    await market.act(market.staff, memberships.record_membership, paid)
    _, coupon = await granted(story)
    await story.redeem(coupon, await story.later_order(), usd(80_00))
    await seal(worker_pool, market.tenant_id)
    (before,) = (await books.laws(worker_pool)).values()
    assert [each for each in before if not each.holds] == []
    for change, law, named in TAMPERED:
        laws = await tampered(owners, market.tenant_id, change)
        broken = [sentence for each in laws if each.name.startswith(law) for sentence in each.broken]
        assert any(named in sentence for sentence in broken), (change, [each for each in laws if not each.holds])


async def test_the_doctor_tells_law_by_law_and_ends_with_1_where_one_is_broken(
    told: Told, owners: Pool, terminal: Any
) -> None:
    whole = await asyncio.to_thread(terminal, doctor.command, "ledger")
    assert whole.exit_code == 0, whole.output
    lines = whole.output.splitlines()
    assert lines[0] == "Harbour Market"
    assert "  holds   USD  coupon liability = outstanding: coupon liability 0, outstanding 0" in lines
    change = "UPDATE ledger_accounts SET balance_minor = balance_minor + 1 WHERE name = 'PARTY_RECEIVABLE'"
    await tampered(owners, told.story.market.tenant_id, change, keep=True)
    amiss = await asyncio.to_thread(terminal, doctor.command, "ledger")
    assert amiss.exit_code == 1
    assert any("BROKEN" in line and "balances equal" in line for line in amiss.output.splitlines())
    assert f"PARTY_RECEIVABLE of {told.story.supplier_id}" in amiss.output


# -- export ------------------------------------------------------------------------------------------------------------


async def test_both_formats_hold_the_same_entries_in_balance(
    told: Told, terminal: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_rows, "_TRANSFERS_PER_BATCH", 3)
    span = ("--from", START.isoformat(), "--to", told.over_at.isoformat())
    table = await asyncio.to_thread(lambda: terminal(verb.command, "export", *span, "--format", "csv"))
    assert table.exit_code == 0, table.output
    rows = list(csv.DictReader(io.StringIO(table.stdout)))
    objects = [json.loads(text) for text in (await told_lines(terminal, *span))]
    shown = [{name: "" if value is None else str(value) for name, value in each.items()} for each in objects]
    assert rows == shown
    assert len(rows) == 4 + 6 + 6 + 4
    assert {row["claim"] for row in rows} == {told.claim.id}
    assert sorted({row["at"] for row in rows}) == list(dict.fromkeys(row["at"] for row in rows))
    sums: dict[str, int] = {}
    for row in rows:
        sums[row["transfer"]] = sums.get(row["transfer"], 0) + round(float(row["amount"]) * 100)
    assert set(sums.values()) == {0}


async def test_an_export_begins_with_its_first_instant_and_ends_before_its_last(told: Told, terminal: Any) -> None:
    first, second = told.redeemed_at
    for opens, closes, count in (
        (first, second, 6),
        (first, second + MICROSECOND, 12),
        (first + MICROSECOND, second, 0),
        (START - DAY, START, 0),
    ):
        span = ("--from", opens.isoformat(), "--to", closes.isoformat())
        assert len(await told_lines(terminal, *span)) == count
    refused = await asyncio.to_thread(terminal, verb.command, "export", "--from", "yesterday", "--to", "today")
    assert "is no instant" in str(refused.exception)
    backwards = ("--from", second.isoformat(), "--to", first.isoformat())
    refused = await asyncio.to_thread(terminal, verb.command, "export", *backwards)
    assert "nothing lies between them" in str(refused.exception)


async def told_lines(terminal: Any, *span: str) -> list[str]:
    result = await asyncio.to_thread(lambda: terminal(verb.command, "export", *span, "--format", "jsonl"))
    assert result.exit_code == 0, result.output
    return list(result.stdout.splitlines())
