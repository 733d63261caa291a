"""Claims, coupons, recoveries and the ledger through their operations, on a real database with a sandbox's clock."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from api.operations import claims, coupons, orders
from domain.access import Caller, Role
from domain.claims import AnswerClaim, Claim, ClaimOutcome, ClaimReason, ClaimState, DecideClaim, OpenClaim
from domain.coupons import Coupon, CouponState, RedeemCoupon
from domain.coverage import Coverage, CoverageState
from domain.dates import rfc3339
from domain.errors import Conflict, ErrorCode, Forbidden, NotFound, Refused
from domain.explain import canonical
from domain.ids import BuyerId, ClaimId, CoverageId, GuaranteeId, OrderId, ProviderId, SupplierId
from domain.money import Money
from domain.orders import CancelOrder
from domain.recoveries import Recovery, RecoveryState
from domain.tracking import TrackingStatus
from storage import books
from storage import claims as claim_rows
from storage import coupons as coupon_rows
from storage import coverage as coverage_rows
from storage import decisions as decision_rows
from storage import ledger as ledger_rows
from storage import orders as order_rows
from storage import recoveries as recovery_rows
from storage.idempotency import Key, fingerprint
from storage.pool import Pool
from tests.builders import START, Market, line, usd
from tests.marketplaces import Asking
from tests.openings import Opening

DAY = timedelta(days=1)
PROMISED = date(2026, 2, 20)
DAY_AFTER = datetime(2026, 2, 21, 5, tzinfo=UTC)
"""Midnight in New York, where the marketplace and the goods' destination keep their days, is 05:00 UTC in winter."""
MICROSECOND = timedelta(microseconds=1)


@dataclass
class Story:
    """A marketplace with a buyer, a supplier that answers for service and a provider that answers for time."""

    market: Market
    buyer_id: BuyerId
    supplier_id: SupplierId
    provider_id: ProviderId
    on_time: GuaranteeId
    after_sales: GuaranteeId

    @property
    def buyer(self) -> Caller:
        return self.market.buyer(self.buyer_id)

    async def late_order(self, minor: int = 2_500_00) -> OrderId:
        """An order of one line, promised and not delivered."""
        lines = [line(minor, promised_on=PROMISED)]
        return await self.market.order(self.buyer_id, self.supplier_id, lines, [self.on_time])

    async def serviced_order(self, *minors: int, unserviced: int = 0) -> OrderId:
        """An order whose lines carry the machinery service, and one more that does not."""
        lines = [line(minor, serviced=True) for minor in minors]
        if unserviced:
            lines.append(line(unserviced))
        return await self.market.order(self.buyer_id, self.supplier_id, lines, [self.after_sales])

    async def later_order(self, minor: int = 10_000_00) -> OrderId:
        """Another order of the buyer, to spend a coupon on."""
        return await self.market.order(self.buyer_id, self.supplier_id, [line(minor)])

    async def cover(self, order_id: OrderId) -> Coverage:
        async with self.market.pool.acquire(self.market.tenant_id) as connection:
            return (await coverage_rows.by_order(connection, self.market.tenant_id, order_id))[0]

    async def open(self, order_id: OrderId, reason: ClaimReason = ClaimReason.LATE_DELIVERY) -> Claim:
        cover = await self.cover(order_id)
        opened = await self.market.act(self.buyer, claims.open_claim, OpenClaim(cover.id, reason, None))
        return await self.claim(ClaimId(str(opened.things["claim"])))

    async def claim(self, id: ClaimId) -> Claim:
        async with self.market.pool.acquire(self.market.tenant_id) as connection:
            return await claim_rows.get(connection, self.market.tenant_id, id)

    async def claim_of(self, order_id: OrderId) -> Claim | None:
        cover = await self.cover(order_id)
        async with self.market.pool.acquire(self.market.tenant_id) as connection:
            rows = await claim_rows.CLAIMS.select(connection, self.market.tenant_id, "t.coverage_id = $2", cover.id)
        return rows[0] if rows else None

    async def coupon(self, claim: Claim) -> Coupon:
        async with self.market.pool.acquire(self.market.tenant_id) as connection:
            coupon = await coupon_rows.find_by_claim(connection, self.market.tenant_id, claim.id)
        assert coupon is not None
        return coupon

    async def recovery(self, coupon: Coupon) -> Recovery:
        async with self.market.pool.acquire(self.market.tenant_id) as connection:
            where = "t.coupon_id = $2"
            return (await recovery_rows.RECOVERIES.select(connection, self.market.tenant_id, where, coupon.id))[0]

    async def accept(self, claim: Claim) -> None:
        party = self.market.supplier(claim.supplier_id) if claim.supplier_id else None
        if claim.provider_id:
            party = self.market.provider(claim.provider_id)
        assert party is not None
        await self.market.act(party, claims.accept_claim, AnswerClaim(claim.id, "We are sorry."))

    async def redeem(self, coupon: Coupon, order_id: OrderId, amount: Money, key: Key | None = None) -> None:
        await self.market.act(self.buyer, coupons.redeem_coupon, RedeemCoupon(coupon.id, order_id, amount), key=key)

    async def books(self) -> dict[str, int]:
        """Account -> balance in cents, the stripes and parties of an account summed."""
        async with self.market.pool.acquire(self.market.tenant_id) as connection:
            found = await ledger_rows.balances(connection, self.market.tenant_id, None)
        sums: dict[str, int] = {}
        for balance in found:
            sums[balance.account] = sums.get(balance.account, 0) + balance.balance.minor
        return {account: minor for account, minor in sums.items() if minor}

    async def faults(self) -> list[str]:
        async with self.market.pool.acquire(self.market.tenant_id) as connection:
            return await books.faults(connection, self.market.tenant_id)


@pytest.fixture
async def story(opening: Opening, worker_pool: Pool, app_pool: Pool, emptied: None) -> Story:
    """Buyer at L0, a day in February, nothing bought yet."""
    market = await Market.opened(opening, worker_pool, app_pool)
    supplier_id = await market.register_supplier()
    provider_id = await market.register_provider()
    return Story(
        market,
        await market.register_buyer(),
        supplier_id,
        provider_id,
        await market.offer(provider_id),
        await market.offer(supplier_id, "guarantees/machinery_after_sales"),
    )


async def refused(awaited: object) -> list[str]:
    """The reasons of the refusal that it must end in."""
    with pytest.raises(Refused) as refusal:
        await awaited  # type: ignore[misc]
    return [finding.reason for finding in refusal.value.unmet]


@pytest.mark.parametrize("level", [3, 4])
async def test_a_top_buyer_is_paid_when_the_day_after_the_promise_begins_though_nothing_came(
    story: Story, level: int
) -> None:
    """Vector T12: US$2,500, promised for a day; US$100 when the next day begins; nothing for a second event."""
    story.buyer_id = await story.market.register_buyer(level)
    order_id = await story.late_order()
    await story.market.move(DAY_AFTER - MICROSECOND)
    assert await story.claim_of(order_id) is None
    await story.market.move(DAY_AFTER)
    claim = await story.claim_of(order_id)
    assert claim is not None
    assert (claim.state, claim.outcome, claim.base, claim.amount) == (
        ClaimState.DECIDED,
        ClaimOutcome.GRANTED,
        usd(2_500_00),
        usd(100_00),
    )
    coupon = await story.coupon(claim)
    assert (coupon.state, coupon.amount, coupon.issued_at) == (CouponState.ACTIVE, usd(100_00), DAY_AFTER)
    shipped = (await story.cover(order_id)).order_id
    async with story.market.pool.acquire(story.market.tenant_id) as connection:
        order = await order_rows.get(connection, story.market.tenant_id, shipped)
    shipment_id = await story.market.ship(order_id, story.provider_id, [line.id for line in order.lines])
    await story.market.track(shipment_id, TrackingStatus.DELIVERED, DAY_AFTER)
    await story.market.move(DAY_AFTER + 40 * DAY)
    assert (await story.books())["BUYER_COUPON_LIABILITY"] == -100_00
    assert (await story.cover(order_id)).state is CoverageState.CLAIMED
    assert await story.faults() == []


@pytest.mark.parametrize("level", [0, 1, 2])
async def test_lower_levels_are_offered_compensation_and_have_to_apply(story: Story, ask: Asking, level: int) -> None:
    """B10: by the clock alone, as an L4 would be paid; told once, until it applies or the window closes."""
    story.buyer_id = await story.market.register_buyer(level)
    order_id = await story.late_order()
    await story.market.move(DAY_AFTER - MICROSECOND)
    assert (await story.cover(order_id)).offered_at is None
    await story.market.move(DAY_AFTER + DAY)
    assert await story.claim_of(order_id) is None
    cover = await story.cover(order_id)
    assert (cover.state, cover.offered_at) == (CoverageState.IN_FORCE, DAY_AFTER)
    work = "{ myWork(first: 5) { nodes { kind because dueAt subject { id ... on Coverage { offeredAt } } } } }"
    assert cover.closes_at is not None
    told = {"id": cover.id, "offeredAt": rfc3339(DAY_AFTER)}
    waits = {"kind": "COMPENSATION", "because": "YOURS", "dueAt": rfc3339(cover.closes_at), "subject": told}
    assert (await ask(story.buyer, work))["myWork"]["nodes"] == [waits]
    provider = story.market.provider(story.provider_id)
    hidden = await ask(provider, "query ($id: ID!) { coverage(id: $id) { offeredAt } }", id=cover.id)
    assert hidden == {"coverage": {"offeredAt": None}}, "what a buyer is offered says something of its level"
    assert (await ask(provider, work))["myWork"]["nodes"] == []
    claim = await story.open(order_id)
    assert (claim.state, claim.amount, claim.party_id) == (ClaimState.OPEN, usd(100_00), story.provider_id)
    assert (await ask(story.buyer, work))["myWork"]["nodes"] == []
    about = "{ claims(first: 2) { nodes { order { id } orderReference coverage { order { id } orderReference } "
    about += "lines(first: 2) { nodes { line { id } description } } } } }"
    (seen,) = (await ask(provider, about))["claims"]["nodes"]
    assert seen["order"] is None, "it carried nothing of it"
    assert seen["coverage"] == {"order": None, "orderReference": seen["orderReference"]}
    (own,) = (
        await ask(story.buyer, "{ orders(first: 2) { nodes { reference lines(first: 2) { nodes { description } } } } }")
    )["orders"]["nodes"]
    assert (seen["orderReference"], seen["lines"]["nodes"]) == (
        own["reference"],
        [{"line": None, **line} for line in own["lines"]["nodes"]],
    ), "whoever has to answer knows for what"


async def test_applying_is_possible_until_the_last_instant_of_day_30_and_not_after(story: Story) -> None:
    in_time, too_late = await story.late_order(), await story.late_order()
    closes_at = (await story.cover(in_time)).closes_at
    assert closes_at == datetime(2026, 3, 23, 4, tzinfo=UTC) - MICROSECOND  # summer time began in between
    await story.market.move(closes_at)
    assert (await story.open(in_time)).state is ClaimState.OPEN
    await story.market.move(closes_at + MICROSECOND)
    assert "coverage_in_force" in await refused(story.open(too_late))
    assert (await story.cover(too_late)).state is CoverageState.EXPIRED


async def test_nothing_can_be_claimed_before_the_promised_day_is_over(story: Story) -> None:
    order_id = await story.late_order()
    await story.market.move(DAY_AFTER - MICROSECOND)
    assert await refused(story.open(order_id)) == ["guarantee_window_open", "on_time_goods_late"]
    await story.market.move(DAY_AFTER)
    assert (await story.open(order_id)).opened_at == DAY_AFTER


async def test_one_loss_has_one_claim_also_when_two_ask_at_once(story: Story) -> None:
    order_id = await story.late_order()
    await story.market.move(DAY_AFTER)
    answers = await asyncio.gather(*(story.open(order_id) for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(answer, Claim) for answer in answers) == 1
    assert sum(isinstance(answer, Conflict) for answer in answers) == 7


async def test_calls_in_company_are_answered_as_each_is_alone(
    story: Story, ask: Asking, owner: asyncpg.Pool[Any]
) -> None:
    """Nine calls at once share a transaction, and none of them notices."""
    late = [await story.cover(await story.late_order()) for _ in range(5)]
    on_the_way = await story.cover(
        await story.market.order(
            story.buyer_id, story.supplier_id, [line(100_00, promised_on=date(2026, 3, 20))], [story.on_time]
        )
    )
    stranger = story.market.buyer(await story.market.register_buyer())
    await story.market.move(DAY_AFTER)

    async def opened(cover_id: str, key: str, caller: Caller = story.buyer) -> tuple[Any, list[str]]:
        wish = {"coverageId": cover_id, "reason": "LATE_DELIVERY", "idempotencyKey": key}
        payload = await ask.mutate(caller, "openClaim", "claim { id state coverage { id } }", **wish)
        return payload["claim"], [error["code"] for error in payload["userErrors"]]

    *singles, first, again, twin, early, hidden, nowhere = await asyncio.gather(
        *(opened(cover.id, f"single {cover.id}") for cover in late[:3]),
        opened(late[3].id, "one"),
        opened(late[3].id, "another"),
        opened(late[4].id, "twin"),
        opened(on_the_way.id, "early"),
        opened(late[0].id, "hidden", stranger),
        opened(f"cov_{'0' * 26}", "nowhere"),
    )
    for cover, (claim, errors) in zip([*late[:3], late[4]], [*singles, twin], strict=True):
        assert (claim["state"], claim["coverage"]["id"], errors) == ("OPEN", cover.id, [])
    assert sorted([first[1], again[1]]) == [[], ["CONFLICT"]]
    assert (early, hidden, nowhere) == ((None, ["REFUSED"]), (None, ["NOT_FOUND"]), (None, ["NOT_FOUND"]))
    assert await opened(late[4].id, "twin") == twin
    assert await owner.fetchval("SELECT count(*) FROM claims") == 5
    assert await owner.fetchval("SELECT count(DISTINCT xmin::text) FROM claims") < 3, "most of them sat together"
    kept = "SELECT array_agg(key ORDER BY key) FROM idempotency_keys WHERE mutation = 'openClaim'"
    one = "one" if first[0] else "another"
    assert await owner.fetchval(kept) == sorted([*(f"single {cover.id}" for cover in late[:3]), one, "twin"])
    assert (await opened(on_the_way.id, "early"))[1] == ["REFUSED"]
    assert await story.faults() == []


async def test_a_withdrawn_claim_frees_its_cover(story: Story) -> None:
    order_id = await story.late_order()
    await story.market.move(DAY_AFTER)
    claim = await story.open(order_id)
    await story.market.act(story.buyer, claims.withdraw_claim, AnswerClaim(claim.id, None))
    assert (await story.claim(claim.id)).state is ClaimState.WITHDRAWN
    assert (await story.cover(order_id)).state is CoverageState.IN_FORCE
    assert (await story.open(order_id)).state is ClaimState.OPEN


@pytest.mark.parametrize(
    ("serviced", "compensation"),
    [(10_000_00, 200_00), (25_000_00, 500_00), (25_000_01, 500_00), (90_000_00, 500_00), (3_333_33, 66_67)],
)
async def test_broken_service_pays_two_percent_of_the_serviced_lines(
    story: Story, serviced: int, compensation: int
) -> None:
    """Vectors T1, T2 and T3: half-even at the end, at most US$500, the unserviced line left out."""
    order_id = await story.serviced_order(serviced, unserviced=36_666_67)
    claim = await story.open(order_id, ClaimReason.SERVICE_NO_VISIT)
    assert (claim.party_id, claim.base) == (story.supplier_id, usd(serviced))
    await story.accept(claim)
    assert (await story.coupon(claim)).amount == usd(compensation)
    assert await story.books() == {
        "COMPENSATION_EXPENSE": compensation,
        "BUYER_COUPON_LIABILITY": -compensation,
        "CONTINGENT": compensation,
        "MEMO_CONTRA": -compensation,
    }


async def granted(story: Story, serviced: int = 10_000_00) -> tuple[Claim, Coupon]:
    """A granted claim over 2 % of `serviced`, and its coupon."""
    claim = await story.open(await story.serviced_order(serviced), ClaimReason.SERVICE_NOT_FINISHED)
    await story.accept(claim)
    return claim, await story.coupon(claim)


async def test_redeemed_at_the_last_microsecond_it_is_due_one_later_it_is_released(story: Story) -> None:
    """Vector T5."""
    claim, coupon = await granted(story)
    later = await story.later_order()
    await story.market.move(coupon.expires_at)
    await story.redeem(coupon, later, usd(200_00))
    recovery = await story.recovery(coupon)
    assert (recovery.state, recovery.due) == (RecoveryState.DUE, usd(200_00))
    assert (await story.claim(claim.id)).state is ClaimState.CLOSED
    _, second = await granted(story)
    later = await story.later_order()
    await story.market.move(second.expires_at + MICROSECOND)
    assert "coupon_not_expired" in await refused(story.redeem(second, later, usd(200_00)))
    recovery = await story.recovery(second)
    assert (recovery.state, recovery.released) == (RecoveryState.RELEASED, usd(200_00))
    assert await story.faults() == []


async def test_what_was_used_is_owed_and_the_rest_is_released(story: Story) -> None:
    """Vector T6."""
    claim, coupon = await granted(story)
    await story.redeem(coupon, await story.later_order(), usd(80_00))
    await story.market.move(coupon.expires_at + MICROSECOND)
    recovery = await story.recovery(coupon)
    assert (recovery.due, recovery.contingent, recovery.released) == (usd(80_00), usd(0), usd(120_00))
    assert await story.books() == {
        "CASH_CLEARING": -80_00,
        "COMPENSATION_EXPENSE": 80_00,
        "PARTY_RECEIVABLE": 80_00,
        "EXPENSE_RECOVERY": -80_00,
    }
    assert (await story.claim(claim.id)).state is ClaimState.CLOSED
    assert await story.faults() == []


async def test_cancelling_the_paid_order_restores_the_coupon_or_leaves_it_expired(story: Story) -> None:
    """Vector T7 and its other half."""
    _, coupon = await granted(story)
    later = await story.later_order()
    await story.redeem(coupon, later, usd(200_00))
    await story.market.act(story.market.staff, orders.cancel_order, CancelOrder(later))
    assert (await story.recovery(coupon)).state is RecoveryState.CONTINGENT
    again = await story.later_order()
    await story.redeem(coupon, again, usd(150_00))
    await story.market.move(START + 100 * DAY)
    await story.market.act(story.market.staff, orders.cancel_order, CancelOrder(again))
    recovery = await story.recovery(coupon)
    assert (recovery.state, recovery.due, recovery.released) == (RecoveryState.RELEASED, usd(0), usd(200_00))
    assert await story.books() == {}
    assert await story.faults() == []


async def test_fifty_equal_calls_have_one_effect_and_another_amount_is_a_conflict(story: Story) -> None:
    """Vector T18."""
    _, coupon = await granted(story)
    later = await story.later_order()
    command = RedeemCoupon(coupon.id, later, usd(80_00))
    buyer, key = story.buyer, Key("pay-1", fingerprint({"amount": 80_00}))
    outcomes = await asyncio.gather(
        *(story.market.act(buyer, coupons.redeem_coupon, command, key=key) for _ in range(50))
    )
    assert {outcome.things["redemption"] for outcome in outcomes} == {outcomes[0].things["redemption"]}
    assert (await story.recovery(coupon)).due == usd(80_00)
    other = RedeemCoupon(coupon.id, later, usd(81_00))
    with pytest.raises(Conflict) as conflict:
        await story.market.act(buyer, coupons.redeem_coupon, other, key=Key("pay-1", fingerprint({"amount": 81_00})))
    assert conflict.value.code is ErrorCode.IDEMPOTENCY_KEY_REUSED
    assert await story.faults() == []


async def test_twenty_redemptions_at_once_never_spend_more_than_there_is(story: Story) -> None:
    _, coupon = await granted(story)
    later = await story.later_order()
    answers = await asyncio.gather(
        *(story.redeem(coupon, later, usd(30_00)) for _ in range(20)), return_exceptions=True
    )
    assert sum(answer is None for answer in answers) == 6
    assert sum(isinstance(answer, Refused) for answer in answers) == 14
    assert (await story.recovery(coupon)).due == usd(180_00)
    assert await story.faults() == []


async def test_a_contested_claim_is_decided_by_staff_who_may_deny_it(story: Story) -> None:
    order_id = await story.late_order()
    await story.market.move(DAY_AFTER)
    claim = await story.open(order_id)
    provider = story.market.provider(story.provider_id)
    await story.market.act(provider, claims.contest_claim, AnswerClaim(claim.id, "The buyer refused it."))
    adjudicator = story.market.caller(Role.ADJUDICATOR)
    command = DecideClaim(claim.id, ClaimOutcome.DENIED, "Refused at the door.")
    await story.market.act(adjudicator, claims.decide_claim, command)
    denied = await story.claim(claim.id)
    assert (denied.state, denied.outcome, denied.amount) == (ClaimState.CLOSED, ClaimOutcome.DENIED, usd(0))
    async with story.market.pool.acquire(story.market.tenant_id) as connection:
        trail = await decision_rows.by_subjects(connection, story.market.tenant_id, claim.id)
    assert [decision.holds for decision in trail] == [True, False]
    assert "claim_denied_by_staff" in canonical(trail[1].tree)
    assert await story.books() == {}


async def test_a_claim_is_locked_behind_its_order(story: Story) -> None:
    order_id = await story.late_order()
    await story.market.move(DAY_AFTER)
    claim = await story.open(order_id)
    pool, tenant_id = story.market.pool, story.market.tenant_id

    async def lock() -> tuple[Claim, claim_rows.CaseRows]:
        async with pool.transaction(tenant_id) as connection:
            return await claim_rows.lock_with_case(connection, tenant_id, claim.id)

    waits = "SELECT true FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with pool.transaction(tenant_id) as holder, pool.transaction(tenant_id) as other:
        await order_rows.lock(holder, tenant_id, order_id)
        waiting = asyncio.create_task(lock())
        while not await pool.fetchval(tenant_id, waits):  # noqa: ASYNC110 -- Postgres has no event for that
            await asyncio.sleep(0.01)
        free = "SELECT id FROM claims WHERE tenant_id = $1 FOR UPDATE SKIP LOCKED"
        assert [row["id"] for row in await other.fetch(free, tenant_id)] == [claim.id]
    locked, rows = await waiting
    assert (locked, rows.order.id, rows.claim) == (claim, order_id, replace(claim, lines=()))


async def test_silence_escalates_at_the_start_of_day_8_and_is_then_decided_on_the_file(story: Story) -> None:
    """B2B default: 3 days to answer, the buyer escalates from day 4, the clock on day 8, staff have 2 working days."""
    order_id = await story.late_order()
    await story.market.move(DAY_AFTER)  # Saturday, 21 February
    claim = await story.open(order_id)
    assert claim.answer_due_at == datetime(2026, 2, 25, 5, tzinfo=UTC) - MICROSECOND
    assert claim.escalates_at == datetime(2026, 3, 1, 5, tzinfo=UTC)
    await story.market.move(claim.answer_due_at)
    answer = AnswerClaim(claim.id, None)
    assert await refused(story.market.act(story.buyer, claims.escalate_claim, answer)) == ["claim_answer_overdue"]
    await story.market.move(claim.escalates_at - MICROSECOND)
    assert (await story.claim(claim.id)).state is ClaimState.OPEN
    await story.market.move(claim.escalates_at)
    escalated = await story.claim(claim.id)
    assert escalated.state is ClaimState.ESCALATED
    assert escalated.due_at == datetime(2026, 3, 4, 5, tzinfo=UTC) - MICROSECOND  # Monday and Tuesday
    await story.market.move(escalated.due_at + MICROSECOND)
    decided = await story.claim(claim.id)
    assert (decided.state, decided.outcome) == (ClaimState.DECIDED, ClaimOutcome.GRANTED)


async def test_the_buyer_may_escalate_from_day_4(story: Story) -> None:
    order_id = await story.late_order()
    await story.market.move(DAY_AFTER)
    claim = await story.open(order_id)
    assert claim.escalation_opens_at is not None
    await story.market.move(claim.escalation_opens_at)
    await story.market.act(story.buyer, claims.escalate_claim, AnswerClaim(claim.id, "No answer."))
    assert (await story.claim(claim.id)).state is ClaimState.ESCALATED


async def test_strangers_and_wrong_roles_are_refused_without_a_hint(story: Story) -> None:
    order_id = await story.late_order()
    await story.market.move(DAY_AFTER)
    cover = await story.cover(order_id)
    stranger = story.market.buyer(await story.market.register_buyer())
    opening = OpenClaim(cover.id, ClaimReason.LATE_DELIVERY, None)
    with pytest.raises(NotFound):
        await story.market.act(stranger, claims.open_claim, opening)
    nowhere = OpenClaim(CoverageId.mint(1, 1), ClaimReason.LATE_DELIVERY, None)
    with pytest.raises(NotFound):
        await story.market.act(story.buyer, claims.open_claim, nowhere)
    claim = await story.open(order_id)
    with pytest.raises(NotFound):
        await story.market.act(stranger, claims.withdraw_claim, AnswerClaim(claim.id, None))
    with pytest.raises(Forbidden):
        await story.market.act(story.buyer, claims.accept_claim, AnswerClaim(claim.id, None))
    other = story.market.provider(await story.market.register_provider())
    with pytest.raises(NotFound):
        await story.market.act(other, claims.accept_claim, AnswerClaim(claim.id, None))


async def test_a_reason_must_fit_the_promise(story: Story) -> None:
    order_id = await story.late_order()
    await story.market.move(DAY_AFTER)
    assert await refused(story.open(order_id, ClaimReason.SERVICE_NO_VISIT)) == ["reason_fits_promise"]


async def test_a_stale_version_is_refused(story: Story) -> None:
    order_id = await story.late_order()
    await story.market.move(DAY_AFTER)
    claim = await story.open(order_id)
    provider = story.market.provider(story.provider_id)
    with pytest.raises(Conflict) as conflict:
        await story.market.act(provider, claims.accept_claim, AnswerClaim(claim.id, None), version=claim.version + 1)
    assert conflict.value.code is ErrorCode.STALE_VERSION


async def test_the_cap_is_converted_at_the_rate_of_the_day_and_a_missing_rate_is_refused(story: Story) -> None:
    lines = [line(2_500_00, promised_on=PROMISED, currency="EUR")]
    order_id = await story.market.order(story.buyer_id, story.supplier_id, lines, [story.on_time], currency="EUR")
    await story.market.move(DAY_AFTER)
    assert await refused(story.open(order_id)) == ["exchange_rate_known"]
