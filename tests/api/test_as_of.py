"""What stood at an instant is what a snapshot taken then shows, along stories that nobody planned."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from api.operations import buyers, claims, orders, points, recoveries, rules
from domain.access import Role
from domain.buyers import RevokeTier
from domain.claims import AnswerClaim, Claim
from domain.errors import Conflict, Refused
from domain.ids import ClaimId, CouponId, InvoiceId, OrderId
from domain.orders import CancelOrder
from domain.points import PenaliseParty
from domain.recoveries import DisputeRecovery, Recovery, ResolveRecovery
from domain.rulebook import PublishRule
from storage import history, rulebook
from storage import ledger as ledger_rows
from storage.buyers import BUYERS
from storage.claims import CLAIMS
from storage.coupons import COUPONS
from storage.invoices import INVOICES
from storage.recoveries import RECOVERIES
from tests.api.test_claims import DAY_AFTER, Story, story
from tests.api.test_collection import WAIT_OVER, paid_in, pay_out
from tests.builders import usd
from tests.disciplined import STEERING
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


NOW = """query ($claim: ID!, $coupon: ID!, $invoice: ID!, $buyer: ID!, $party: ID!) {
  claim(id: $claim) { version state outcome amount { amount } decidedAt }
  coupon(id: $coupon) { version state used { amount } left { amount } endedAt }
  invoice(id: $invoice) { version state total { amount } open { amount } lines(first: 9) { nodes {
    amount { amount } settled { amount } recovery { id } } } }
  buyer(id: $buyer) { tier { level } }
  pointsAccount(partyId: $party) { balance }
  ledgerBalances { account party { ... on Provider { id } } balance { amount } }
  rule(key: "guarantees/on_time") { id } }"""
THEN = """query ($claim: ID!, $coupon: ID!, $invoice: ID!, $buyer: ID!, $party: ID!, $at: DateTime!) {
  claim: claimAsOf(id: $claim, asOf: $at) { version state outcome amount { amount } decidedAt }
  coupon: couponAsOf(id: $coupon, asOf: $at) { version state used { amount } left { amount } endedAt }
  invoice: invoiceAsOf(id: $invoice, asOf: $at) { version state total { amount } open { amount } lines {
    amount { amount } settled { amount } recovery { id } } }
  buyer(id: $buyer) { tier(asOf: $at) { level } }
  pointsAccount(partyId: $party, asOf: $at) { balance }
  ledgerBalances(asOf: $at) { account party { ... on Provider { id } } balance { amount } }
  rule(key: "guarantees/on_time", at: $at) { id } }"""


async def test_every_kind_of_thing_reads_as_a_snapshot_took_it(story: Story, ask: Asking) -> None:
    market = story.market
    unborn = {"claim": ClaimId.mint(0, 0), "coupon": CouponId.mint(0, 0), "invoice": InvoiceId.mint(0, 0)}
    ids: dict[str, str] = {**unborn, "buyer": story.buyer_id, "party": story.provider_id}
    seen: list[tuple[datetime, dict[str, Any]]] = []

    def plain(shown: dict[str, Any], *, live: bool) -> dict[str, Any]:
        """The answer with its lines as a plain list, and accounts that hold nothing left out."""
        balances = [each for each in shown["ledgerBalances"] if each["balance"]["amount"] != "0.00"]
        invoice = shown["invoice"]
        if live and invoice is not None:
            invoice = {**invoice, "lines": invoice["lines"]["nodes"]}
        return {**shown, "invoice": invoice, "ledgerBalances": balances}

    async def look(claim: Claim | None = None) -> None:
        await market.move(await market.now() + timedelta(minutes=5))
        if claim is not None:
            ids["claim"] = claim.id
        (coupon,) = [row.id for row in await Wanderer(story, random.Random()).all(COUPONS)] or [ids["coupon"]]  # noqa: S311
        (invoice,) = [row.id for row in await Wanderer(story, random.Random()).all(INVOICES)] or [ids["invoice"]]  # noqa: S311
        ids.update(coupon=coupon, invoice=invoice)
        seen.append((await market.now(), plain(await ask(market.staff, NOW, **ids), live=True)))
        await market.move(await market.now() + timedelta(minutes=5))

    text = (rulebook.FOLDER / "guarantees" / "on_time.toml").read_text(encoding="utf-8")
    text = text.replace("published_at = 2000-01-01T00:00:00Z", "published_at = 2026-02-01T12:00:00Z")
    text = text.replace("effective_from = 2000-01-01T00:00:00Z", "effective_from = 2026-02-28T00:00:00Z")
    order_id = await story.late_order()
    await market.act(market.staff, rules.publish_rule, PublishRule(text))
    await look()
    await market.move(DAY_AFTER)
    claim = await story.open(order_id)
    await look(claim)
    await story.accept(claim)
    found = PenaliseParty(story.provider_id, STEERING, await market.now(), "It asked buyers to pay outside.")
    await market.act(market.staff, points.penalise_party, found)
    await look()
    coupon = await story.coupon(claim)
    await story.redeem(coupon, await story.later_order(), usd(60_00))
    await market.act(market.staff, buyers.revoke_tier, RevokeTier(story.buyer_id, "Misconduct."))
    await look()
    await market.move(WAIT_OVER)
    await look()
    await paid_in(story, 25_00)
    await look()
    await market.move(DAY_AFTER + timedelta(days=100))
    await look()
    for at, then in seen:
        assert plain(await ask(market.staff, THEN, **ids, at=at.isoformat()), live=False) == then, at
    for name, changes in {"claim": 4, "coupon": 4, "invoice": 3, "pointsAccount": 2, "rule": 2}.items():
        assert len({repr(then[name]) for _, then in seen}) >= changes, name
    stranger = market.buyer(await market.register_buyer())
    last = seen[-1][0].isoformat()
    for name, prefix in {"couponAsOf": "coupon", "invoiceAsOf": "invoice"}.items():
        one = f"query ($id: ID!, $at: DateTime!) {{ {name}(id: $id, asOf: $at) {{ version }} }}"
        assert await ask(stranger, one, id=ids[prefix], at=last) == {name: None}
        assert (await ask(market.staff, one, id=ids[prefix], at=last))[name] is not None
