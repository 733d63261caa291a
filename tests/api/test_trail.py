"""The record: what stands in a row, then and now, is what was sealed; whoever alters one is found."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from api.verbs import audit as verb
from api.verbs import books
from domain.dates import MICROSECOND
from storage import audit, trail
from storage import books as book_rows
from storage.books import Law
from storage.pool import Pool
from tests.api.test_claims import Story, story
from tests.api.test_collection import owing, pay_out

__all__ = ["story"]

TABLES = (
    "audit", "audit_seals", "ledger_seals", "history", "rule_versions", "ledger_transfers", "ledger_entries",
    "ledger_days", "ledger_accounts", "claims", "coupons", "redemptions", "recoveries", "orders", "order_lines",
    "coverages", "buyers", "payouts",
)  # fmt: skip


@pytest.fixture
def owners(owners_pool: Pool) -> Pool:
    """Connections of the owner, through the platform's own pool."""
    return owners_pool


async def told(story: Story, worker_pool: Pool) -> None:
    """A claim was granted, its coupon spent in part, a payout netted, the rest expired; all of it is sealed."""
    coupon = await owing(story, 80_00)
    await pay_out(story, 30_00)
    await story.market.move(coupon.expires_at + MICROSECOND)
    async with worker_pool.transaction(story.market.tenant_id) as connection:
        for chain in (audit.AUDIT, audit.LEDGER):
            assert await audit.seal(connection, story.market.tenant_id, chain) is not None


async def after(owners: Pool, story: Story, *changes: str) -> list[Law]:
    """What the doctor finds once the owner, triggers off, has changed what nobody may; undone afterwards."""
    tenant_id = story.market.tenant_id
    async with owners.acquire(None) as connection:
        await connection.execute("BEGIN")
        for table in TABLES:
            await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for change in changes:
            assert (await connection.execute(change)).split()[-1] != "0", change
        laws = [
            await book_rows.chain(connection, tenant_id),
            await book_rows.chain(connection, tenant_id, audit.LEDGER),
            await trail.law(connection, tenant_id),
        ]
        await connection.execute("ROLLBACK")
        return laws


async def test_a_record_that_nobody_touched_holds(story: Story, worker_pool: Pool) -> None:
    await told(story, worker_pool)
    (laws,) = (await books.record(worker_pool)).values()
    assert [each for law in laws for each in law.broken] == []
    figures = {law.name: dict(law.figures) for law in laws}
    assert figures["the chain of transfers is unbroken"]["rows sealed"] > 3
    seen = figures["every row is what its audit trail says"]
    assert seen["rows"] > seen["things"] > 20


AUDIT, CHAIN, TRAIL = range(3)
ONE = "(tenant_id, id) IN (SELECT tenant_id, id FROM {t} ORDER BY id DESC LIMIT 1)"

ALTERED = [
    ("UPDATE audit SET actor_id = 'nobody' WHERE " + ONE.format(t="audit"), AUDIT),
    ("DELETE FROM audit WHERE " + ONE.format(t="audit"), AUDIT),
    ("UPDATE audit_seals SET digest = sha256('x') WHERE position = 1", AUDIT),
    ("UPDATE ledger_seals SET rows = rows + 1", CHAIN),
    ("UPDATE ledger_transfers SET claim_id = NULL WHERE claim_id IS NOT NULL", CHAIN),
    ("UPDATE ledger_transfers SET at = at + interval '1s'", CHAIN),
    ("UPDATE ledger_entries SET amount_minor = amount_minor * 2", CHAIN),
    ("UPDATE ledger_entries SET account_id = (SELECT min(account_id) FROM ledger_entries)", CHAIN),
    ("DELETE FROM ledger_entries WHERE position = 3", CHAIN),
    ("UPDATE history SET row = jsonb_set(row, '{amount_minor}', '1') WHERE object_id LIKE 'clm%'", TRAIL),
    ("UPDATE history SET row = row || '{\"note\": \"x\"}' WHERE object_id LIKE 'clm%'", TRAIL),
    ("DELETE FROM history WHERE object_id LIKE 'rec%' AND version = 1", TRAIL),
    ("UPDATE claims SET amount_minor = amount_minor + 1", TRAIL),
    ("UPDATE claims SET opened_at = opened_at - interval '1 day'", TRAIL),
    ("UPDATE coupons SET expires_at = expires_at + interval '1 day'", TRAIL),
    ("UPDATE recoveries SET released_minor = released_minor + 1", TRAIL),
    ("UPDATE order_lines SET promised_at = promised_at + interval '1 day' WHERE promised_at IS NOT NULL", TRAIL),
    ("UPDATE rule_versions SET body = jsonb_set(body, '{wait_days}', '1') WHERE key = 'collection'", TRAIL),
    ("UPDATE rule_versions SET effective_from = effective_from + interval '1 day' WHERE key = 'collection'", TRAIL),
    ("UPDATE buyers SET level = 4", TRAIL),
    ("UPDATE payouts SET reference = 'other'", TRAIL),
    ("DELETE FROM payouts", TRAIL),
]


RELEASED_PAYOUTS = "UPDATE ledger_transfers SET payout_id = NULL, claim_id = (SELECT min(id) FROM claims)"


async def test_every_alteration_of_a_row_is_found(story: Story, worker_pool: Pool, owners: Pool) -> None:
    await told(story, worker_pool)
    for change, where in ALTERED:
        if change.startswith("DELETE FROM payouts"):
            laws = await after(owners, story, RELEASED_PAYOUTS, change)
        else:
            laws = await after(owners, story, change)
        assert laws[where].broken, change


async def test_a_month_of_the_books_shifted_in_balance_is_found(story: Story, worker_pool: Pool, owners: Pool) -> None:
    """Amounts, days and balances doubled together: every sum still fits, the seal does not."""
    await told(story, worker_pool)
    doubled = [
        f"UPDATE {table} SET {column} = {column} * 2"
        for table, column in (
            ("ledger_entries", "amount_minor"),
            ("ledger_days", "amount_minor"),
            ("ledger_accounts", "balance_minor"),
        )
    ]
    laws = await after(owners, story, *doubled)
    assert laws[CHAIN].broken
    assert "was altered" in laws[CHAIN].broken[0]


async def test_an_auditor_verifies_an_export_without_the_platform(
    story: Story, worker_pool: Pool, tmp_path: Path
) -> None:
    await told(story, worker_pool)
    file = tmp_path / "record.jsonl"
    with file.open("w", encoding="utf-8") as out:
        count = await verb.exported(worker_pool, story.market.tenant_id, out)
    assert count > 20
    found = await asyncio.to_thread(verb.checked, file)
    assert found.faults == []
    assert found.rows == count
    async with worker_pool.transaction(story.market.tenant_id) as connection:
        digests = [
            (await audit.seals(connection, story.market.tenant_id, chain))[-1]["digest"].hex()
            for chain in (audit.AUDIT, audit.LEDGER)
        ]
    assert list(found.last.values()) == digests
    lines = file.read_text(encoding="utf-8").splitlines()
    for place in (1, len(lines) // 2, len(lines) - 2):
        forged = json.loads(lines[place])
        name = "said" if "said" in forged else "digest"
        forged[name] = forged[name][:-2] + ("00" if forged[name][-2:] != "00" else "11")
        file.write_text("\n".join([*lines[:place], json.dumps(forged), *lines[place + 1 :]]), encoding="utf-8")
        assert (await asyncio.to_thread(verb.checked, file)).faults, place
    file.write_text("\n".join(lines[:1] + lines[2:]), encoding="utf-8")
    assert (await asyncio.to_thread(verb.checked, file)).faults


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON\n",
        '{"order": 1}\n',
        '{"tenant": "ten_1"}\n[]\n',
        '{"tenant": "ten_1"}\n{"chain": "audit", "seal": 1}\n',
        '{"tenant": "ten_1"}\n{"chain": "audit", "seal": 1, "rows": 0, "digest": "x"}\n',
    ],
)
def test_what_is_no_export_is_not_taken_for_an_unaltered_one(tmp_path: Path, text: str) -> None:
    file = tmp_path / "record.jsonl"
    file.write_text(text, encoding="utf-8")
    assert verb.checked(file).faults


def test_a_row_belongs_to_the_chain_of_its_seal(tmp_path: Path) -> None:
    said, file = "row", tmp_path / "record.jsonl"
    start = hashlib.sha256(b"ten_1").digest()
    digest = hashlib.sha256(start + hashlib.sha256(said.encode()).digest()).hexdigest()
    for chain, faults in (("audit", 0), ("ledger", 1)):
        rows = ({"tenant": "ten_1"}, {"chain": chain, "said": said})
        seal = {"chain": "audit", "seal": 1, "rows": 1, "digest": digest}
        file.write_text("".join(f"{json.dumps(line)}\n" for line in (*rows, seal)), encoding="utf-8")
        assert len(verb.checked(file).faults) == faults, chain


async def test_the_export_is_one_marketplace_s(story: Story, worker_pool: Pool, owner: asyncpg.Pool[Any]) -> None:
    await told(story, worker_pool)
    tenants = {row["tenant_id"] for row in await owner.fetch("SELECT DISTINCT tenant_id FROM audit_seals")}
    assert tenants == {story.market.tenant_id}
