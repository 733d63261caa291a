"""Stored decisions: judged by the version in force at payment, and the same facts give the same tree, byte for byte."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from api.operations import claims
from domain import coverage as covers
from domain import explain, guarantees, tiers
from domain.claims import ClaimReason, OpenClaim
from domain.decisions import Decision
from domain.ids import OrderId
from storage import claims as claim_rows
from storage import coverage as coverage_rows
from storage import decisions as decision_rows
from storage import orders as order_rows
from storage import rulebook
from storage import shipments as shipment_rows
from storage.pool import Pool
from tests.builders import START, Market, line


@pytest.fixture
def pools(worker_pool: Pool, app_pool: Pool, emptied: None) -> tuple[Pool, Pool]:
    """Of the worker's role, which makes marketplaces, and of the application's."""
    return worker_pool, app_pool


async def decisions_about(market: Market, order_id: OrderId) -> list[Decision]:
    """Everything decided about the claims of that order, oldest first."""
    async with market.pool.acquire(market.tenant_id) as connection:
        cover = (await coverage_rows.by_order(connection, market.tenant_id, order_id))[0]
        found = await claim_rows.CLAIMS.select(connection, market.tenant_id, "t.coverage_id = $2", cover.id)
        return [
            decision
            for claim in found
            for decision in await decision_rows.by_subjects(connection, market.tenant_id, claim.id)
        ]


async def judged_anew(market: Market, order_id: OrderId, at: datetime, level: int) -> str:
    """The tree that the rows give when an automatic compensation of `at` is judged again."""
    async with market.pool.acquire(market.tenant_id) as connection:
        cover = (await coverage_rows.by_order(connection, market.tenant_id, order_id))[0]
        order = await order_rows.get(connection, market.tenant_id, order_id)
        shipments = await shipment_rows.by_orders(connection, market.tenant_id, [order_id])
        tier_rule = tiers.tier_terms(await rulebook.in_force(connection, market.tenant_id, "tiers", at))
    facts = covers.order_facts(order, shipments)
    benefit = tiers.automatic(tier_rule, level)
    return explain.canonical(guarantees.judge(cover.rule, facts, at, besides=(benefit,)).tree)


async def test_a_stored_tree_comes_out_again_byte_for_byte(pools: tuple[Pool, Pool]) -> None:
    market = await Market.create(*pools)
    buyer, supplier = await market.register_buyer(level=4), await market.register_supplier()
    guarantee = await market.offer(await market.register_provider())
    lines = [line(2_500_00, promised_on=date(2026, 2, 20)), line(10_00, promised_on=date(2026, 3, 20))]
    order = await market.order(buyer, supplier, lines, [guarantee])
    await market.move(START + timedelta(days=60))
    (decision,) = await decisions_about(market, order)
    tree = decision.tree
    *judged, liability = tree.because  # who bears it stands beside what the rule found
    assert (liability.rule, liability.inputs["PROVIDER"]) == ("claim.liability", 10_000)
    ruled = explain.canonical(replace(tree, because=tuple(judged)))
    assert ruled == await judged_anew(market, order, decision.at, 4)
    assert tree.holds
    async with market.pool.acquire(market.tenant_id) as connection:
        stored = await connection.fetchval("SELECT tree FROM decisions WHERE id = $1", decision.id)
    assert stored == explain.canonical(tree)
    assert {finding.version for finding in judged} <= {*decision.rule_version_ids}


@pytest.mark.parametrize(
    ("paid_at", "number", "reason"),
    [
        (datetime(2022, 5, 29, 12, tzinfo=UTC), 1, "after_sales_points_alone"),
        (datetime(2022, 5, 30, 12, tzinfo=UTC), 2, "after_sales_points_alone"),
        (datetime(2022, 7, 5, 12, tzinfo=UTC), 2, "after_sales_points_alone"),  # T4: points only
        (datetime(2022, 7, 6, 12, tzinfo=UTC), 3, "guarantee_compensates"),  # T4: a coupon as well
    ],
)
async def test_an_order_is_judged_by_the_version_in_force_when_it_was_paid(
    pools: tuple[Pool, Pool], paid_at: datetime, number: int, reason: str
) -> None:
    market = await Market.create(*pools, at=datetime(2022, 5, 20, tzinfo=UTC))
    buyer, supplier = await market.register_buyer(), await market.register_supplier()
    guarantee = await market.offer(supplier, "guarantees/machinery_after_sales")
    await market.move(paid_at)
    order = await market.order(buyer, supplier, [line(10_000_00, serviced=True)], [guarantee])
    await market.move(datetime(2022, 8, 1, tzinfo=UTC))
    async with market.pool.acquire(market.tenant_id) as connection:
        cover = (await coverage_rows.by_order(connection, market.tenant_id, order))[0]
        version = await rulebook.get(connection, market.tenant_id, cover.rule_version_id)
    assert version.number == number
    command = OpenClaim(cover.id, ClaimReason.SERVICE_NO_VISIT, None)
    await market.act(market.buyer(buyer), claims.open_claim, command)
    (decision,) = await decisions_about(market, order)
    assert version.id in decision.rule_version_ids
    tree = decision.tree
    assert (tree.holds, tree.reason, tree.version) == (True, reason, version.id)
