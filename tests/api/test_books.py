"""The doctor finds what does not add up and what was altered."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from api.settings import Settings
from api.verbs import books
from domain.dates import MICROSECOND
from tests.api.test_claims import Story, granted, story
from tests.builders import usd

__all__ = ["story"]


async def test_books_that_add_up_have_no_faults(story: Story, settings: Settings) -> None:
    _, coupon = await granted(story)
    await story.redeem(coupon, await story.later_order(), usd(80_00))
    await story.market.move(coupon.expires_at + MICROSECOND)
    assert await books.faults(settings.database_worker_url) == {"Harbour Market": []}


@pytest.mark.parametrize(
    ("tampering", "fault"),
    [
        ("UPDATE ledger_accounts SET balance_minor = balance_minor + 1 WHERE name = 'PARTY_RECEIVABLE'", "balance of"),
        ("UPDATE coupons SET amount_minor = amount_minor + 1", "coupon liability"),
        ("UPDATE recoveries SET due_minor = due_minor + 1", "receivable"),
        ("UPDATE recoveries SET contingent_minor = contingent_minor + 1", "contingent"),
    ],
)
async def test_a_cent_that_moved_by_itself_is_found(
    story: Story, settings: Settings, owner: asyncpg.Pool[Any], tampering: str, fault: str
) -> None:
    _, coupon = await granted(story)
    await story.redeem(coupon, await story.later_order(), usd(80_00))
    await owner.execute(tampering)
    (faults,) = (await books.faults(settings.database_worker_url)).values()
    assert faults
    assert any(fault in sentence for sentence in faults)


async def test_an_unbalanced_transfer_does_not_commit(story: Story, owner: asyncpg.Pool[Any]) -> None:
    await granted(story)
    async with owner.acquire() as connection:
        with pytest.raises(asyncpg.CheckViolationError, match="does not balance"):
            await connection.execute(
                "INSERT INTO ledger_entries SELECT tenant_id, transfer_id, 99, account_id, 1, currency, at "
                "FROM ledger_entries LIMIT 1"
            )
