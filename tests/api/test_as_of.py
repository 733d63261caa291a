"""What stood at an instant is what a snapshot taken then shows, along stories that nobody planned."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from api.operations import claims, orders, recoveries
from domain.access import Role
from domain.claims import AnswerClaim, Claim
from domain.errors import Conflict, Refused
from domain.ids import OrderId
from domain.orders import CancelOrder
from domain.recoveries import DisputeRecovery, Recovery, ResolveRecovery
from storage import history, rulebook
from storage import ledger as ledger_rows
from storage.buyers import BUYERS
from storage.claims import CLAIMS
from storage.coupons import COUPONS
from storage.recoveries import RECOVERIES
from tests.api.test_claims import DAY_AFTER, Story, story
from tests.api.test_collection import pay_out
from tests.builders import usd
from tests.marketplaces import Asking

__all__ = ["story"]

STEPS = 26
MICROSECOND = timedelta(microseconds=1)
TABLES = (CLAIMS, COUPONS, RECOVERIES, BUYERS)


@dataclass
class Wanderer:
    """Somebody who does what comes to mind, and notes after each step how everything stands."""

    story: Story
    dice: random.Random
    spent: list[str] = field(default_factory=list)
    snapshots: list[tuple[datetime, dict[str, Any], list[Any], str]] = field(default_factory=list)

    async def all(self, table: Any) -> list[Any]:
        market = self.story.market
        async with market.pool.acquire(market.tenant_id) as connection:
            return list(await table.select(connection, market.tenant_id, "true ORDER BY t.id"))

    async def step(self) -> None:
        acts: list[Callable[[], Awaitable[None]]] = [
            self.claim, self.withdraw, self.accept, self.accept, self.spend, self.spend, self.spend, self.cancel,
            self.pay, self.dispute, self.resolve, self.wait,
        ]  # fmt: skip
        with contextlib.suppress(Refused, Conflict):  # what is not possible now leaves everything as it was
            await self.dice.choice(acts)()
        await self.story.market.move(await self.story.market.now() + timedelta(minutes=self.dice.randrange(1, 300)))
        await self.note()
        await self.story.market.move(await self.story.market.now() + MICROSECOND)  # the clock stands still otherwise

    async def note(self) -> None:
        market = self.story.market
        at = await market.now()
        rows = {str(row.id): row for table in TABLES for row in await self.all(table)}
        async with market.pool.acquire(market.tenant_id) as connection:
            balances = await ledger_rows.balances(connection, market.tenant_id, self.story.provider_id)
            rule = await rulebook.in_force(connection, market.tenant_id, "collection", at)
        self.snapshots.append((at, rows, [each for each in balances if each.balance.minor], rule.id))

    async def claim(self) -> None:
        await self.story.open(await self.story.late_order())

    async def withdraw(self) -> None:
        claim: Claim = self.dice.choice(await self.all(CLAIMS))
        await self.story.market.act(self.story.buyer, claims.withdraw_claim, AnswerClaim(claim.id, None))

    async def accept(self) -> None:
        await self.story.accept(self.dice.choice(await self.all(CLAIMS)))

    async def spend(self) -> None:
        coupon = self.dice.choice(await self.all(COUPONS) or [None])
        if coupon is not None:
            order_id = await self.story.later_order()
            await self.story.redeem(coupon, order_id, usd(self.dice.randrange(1, 40_00)))
            self.spent.append(order_id)

    async def cancel(self) -> None:
        if self.spent:
            order_id = OrderId(self.spent.pop())
            await self.story.market.act(self.story.market.staff, orders.cancel_order, CancelOrder(order_id))

    async def pay(self) -> None:
        await pay_out(self.story, self.dice.randrange(1, 50_00), f"P{len(self.snapshots)}")

    async def dispute(self) -> None:
        recovery: Recovery | None = self.dice.choice(await self.all(RECOVERIES) or [None])
        if recovery is not None:
            party = self.story.market.provider(self.story.provider_id)
            await self.story.market.act(party, recoveries.dispute_recovery, DisputeRecovery(recovery.id, "No."))

    async def resolve(self) -> None:
        recovery: Recovery | None = self.dice.choice(await self.all(RECOVERIES) or [None])
        if recovery is not None:
            wish = ResolveRecovery(recovery.id, self.dice.random() < 0.5, "So.")
            await self.story.market.act(self.story.market.caller(Role.FINANCE), recoveries.resolve_recovery, wish)

    async def wait(self) -> None:
        await self.story.market.move(await self.story.market.now() + timedelta(days=self.dice.randrange(1, 12)))


@pytest.mark.parametrize("seed", [1, 4])
async def test_the_past_reads_as_it_was_noted_then(story: Story, ask: Asking, seed: int) -> None:
    await story.market.move(DAY_AFTER)
    wanderer = Wanderer(story, random.Random(seed))  # noqa: S311 -- a story, not a secret
    await wanderer.claim()
    for _ in range(STEPS):
        await wanderer.step()
    changed = {row.version for _, rows, _, _ in wanderer.snapshots for row in rows.values()}
    assert max(changed) >= 3
    tables: dict[str, Any] = {"clm": CLAIMS, "cpn": COUPONS, "rec": RECOVERIES, "buy": BUYERS}
    market = story.market
    async with market.pool.acquire(market.tenant_id) as connection:
        everything = {id_ for _, rows, _, _ in wanderer.snapshots for id_ in rows}
        for at, rows, balances, rule_id in wanderer.snapshots:
            for id_ in everything:
                found = await history.as_of(connection, market.tenant_id, tables[id_[:3]], id_, at)
                assert found == rows.get(id_), (at, id_)
            held = await ledger_rows.balances(connection, market.tenant_id, story.provider_id, before=at + MICROSECOND)
            assert [each for each in held if each.balance.minor] == balances
            assert (await rulebook.in_force(connection, market.tenant_id, "collection", at)).id == rule_id
    await _through_the_api(story, ask, wanderer)


CLAIM = """query ($id: ID!, $at: DateTime!) { claimAsOf(id: $id, asOf: $at) {
  version state outcome amount { amount } dueAt claim { id } } }"""
RECOVERY = """query ($id: ID!, $at: DateTime!) { recoveryAsOf(id: $id, asOf: $at) {
  version state outstanding { amount } netted { amount } recovery { id } } }"""


async def _through_the_api(story: Story, ask: Asking, wanderer: Wanderer) -> None:
    """Finance reads of each claim and recovery what was noted; the other side's party reads nothing."""
    for at, rows, _, _ in wanderer.snapshots[::8]:
        spelled = at.isoformat()
        for id_, row in rows.items():
            if isinstance(row, Claim):
                (seen,) = (await ask(story.market.staff, CLAIM, id=id_, at=spelled)).values()
                assert (seen["version"], seen["state"], seen["claim"]["id"]) == (row.version, row.state.value, id_)
                stranger = story.market.provider(await story.market.register_provider())
                assert await ask(stranger, CLAIM, id=id_, at=spelled) == {"claimAsOf": None}
            elif isinstance(row, Recovery):
                party = story.market.provider(story.provider_id)
                (seen,) = (await ask(party, RECOVERY, id=id_, at=spelled)).values()
                assert (seen["version"], seen["netted"]["amount"]) == (row.version, str(row.netted.amount))
                assert await ask(story.buyer, RECOVERY, id=id_, at=spelled) == {"recoveryAsOf": None}


async def test_before_it_was_there_is_nothing_and_ahead_is_now(story: Story, ask: Asking) -> None:
    await story.market.move(DAY_AFTER)
    claim = await story.open(await story.late_order())
    earlier = (DAY_AFTER - timedelta(seconds=1)).isoformat()
    assert await ask(story.buyer, CLAIM, id=claim.id, at=earlier) == {"claimAsOf": None}
    ahead = (DAY_AFTER + timedelta(days=400)).isoformat()
    assert (await ask(story.buyer, CLAIM, id=claim.id, at=ahead))["claimAsOf"]["version"] == claim.version
    wrong = await ask.answer(story.buyer, CLAIM, id="clm_nothing", at=ahead)
    assert b"INVALID" in wrong.body()
