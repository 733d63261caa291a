"""What a claim gives: refunds, coupons and what the liable party does, on a real database with a sandbox's clock."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest

from api.operations import appeals, claims, fulfilment, remedies
from domain import claims as claim_rules
from domain.access import Caller, Role
from domain.appeals import AppealEffect, Content, DecideAppeal, DraftAppeal, StepAppeal
from domain.claims import (
    AnswerClaim,
    Claim,
    ClaimOutcome,
    ClaimReason,
    ClaimState,
    DecideClaim,
    LineWish,
    MakeOffer,
)
from domain.errors import Conflict, Forbidden, NotFound, Refused
from domain.exposure import Exposure, Loss
from domain.ids import AppealId, GuaranteeId, OrderId, OrderLineId, RefundId, RemedyId
from domain.liability import Bearer, Shares
from domain.money import Money
from domain.orders import Order
from domain.recoveries import Recovery, RecoveryState
from domain.refunds import RecordRefundFailed, RecordRefundPaid, Refund, RefundState
from domain.remedies import AnswerRemedy, Award, Remedy, RemedyKind, RemedyState
from storage import claims as claim_rows
from storage import coverage as coverage_rows
from storage import exposure as exposure_rows
from storage import orders as order_rows
from storage import recoveries as recovery_rows
from storage import refunds as refund_rows
from storage import remedies as remedy_rows
from storage.unit_of_work import Outcome, Work
from tests.api.test_claims import DAY_AFTER, PROMISED, Story, refused, story
from tests.builders import line, usd
from tests.marketplaces import Asking

__all__ = ["story"]

DAY = timedelta(days=1)


class Losses:
    """The story with a supplier that gives money back, and the rows that tests look at."""

    def __init__(self, story: Story, money_back: GuaranteeId) -> None:
        self.story, self.market, self.money_back = story, story.market, money_back
        self.system = story.market.caller(Role.SERVICE)

    @property
    def supplier(self) -> Caller:
        return self.market.supplier(self.story.supplier_id)

    async def order(self, *minors: int, promised_on: date = PROMISED) -> OrderId:
        lines = [line(minor, promised_on=promised_on) for minor in minors]
        return await self.market.order(self.story.buyer_id, self.story.supplier_id, lines, [self.money_back])

    async def lost(self, *minors: int) -> Claim:
        """A claim for goods that never came, open."""
        order_id = await self.order(*minors)
        if await self.market.now() < DAY_AFTER:
            await self.market.move(DAY_AFTER)
        return await self.story.open(order_id, ClaimReason.NOT_RECEIVED_LOST)

    async def read_order(self, id: OrderId) -> Order:
        async with self.market.pool.acquire(self.market.tenant_id) as connection:
            return await order_rows.get(connection, self.market.tenant_id, id)

    async def remedies(self, claim: Claim) -> list[Remedy]:
        async with self.market.pool.acquire(self.market.tenant_id) as connection:
            return await remedy_rows.by_claim(connection, self.market.tenant_id, claim.id)

    async def refund(self, claim: Claim) -> Refund:
        async with self.market.pool.acquire(self.market.tenant_id) as connection:
            (found,) = await refund_rows.REFUNDS.select(connection, self.market.tenant_id, "t.claim_id = $2", claim.id)
        return found

    async def recoveries(self, claim: Claim) -> list[Recovery]:
        async with self.market.pool.acquire(self.market.tenant_id) as connection:
            return await recovery_rows.by_claim(connection, self.market.tenant_id, claim.id)

    async def exposures(self, order_id: OrderId) -> list[Exposure]:
        async with self.market.pool.acquire(self.market.tenant_id) as connection:
            found = await exposure_rows.by_orders(connection, self.market.tenant_id, [order_id])
        return found.get(order_id, [])

    async def settle_for(self, claim: Claim, *wishes: LineWish) -> Claim:
        """The supplier offers it and the buyer accepts."""
        await self.market.act(self.supplier, claims.make_offer, MakeOffer(claim.id, wishes, None))
        await self.market.act(self.story.buyer, claims.accept_offer, AnswerClaim(claim.id, None))
        return await self.story.claim(claim.id)

    async def provide(self, claim: Claim, shares: Shares, *awards: Award) -> None:
        """What the marketplace would give by a decision with those shares."""

        async def act(work: Work, _: None) -> Outcome:
            locked = await claim_rows.lock(work.connection, work.tenant_id, claim.id)
            cover = await coverage_rows.get(work.connection, work.tenant_id, claim.coverage_id)
            await remedies.provide(work, locked, cover, awards, shares)
            return Outcome()

        await self.market.act(self.market.staff, act, None)


@pytest.fixture
async def losses(story: Story) -> Losses:
    """Nothing bought yet."""
    return Losses(story, await story.market.offer(story.supplier_id, "guarantees/money_back"))


def amount(remedy: Remedy) -> tuple[RemedyKind, RemedyState, Money]:
    return remedy.kind, remedy.state, remedy.amount


async def test_goods_that_never_came_are_refunded_once_and_the_party_owes_it_at_once(losses: Losses) -> None:
    claim = await losses.lost(300_00, 200_00)
    await losses.story.accept(claim)
    assert [amount(each) for each in await losses.remedies(claim)] == [
        (RemedyKind.REFUND_FULL, RemedyState.DUE, usd(300_00)),
        (RemedyKind.REFUND_FULL, RemedyState.DUE, usd(200_00)),
    ]
    refund = await losses.refund(claim)
    assert (refund.state, refund.amount) == (RefundState.DECIDED, usd(500_00))
    (recovery,) = await losses.recoveries(claim)
    assert (recovery.state, recovery.due, recovery.share_bp) == (RecoveryState.DUE, usd(500_00), 10_000)
    assert (await losses.story.claim(claim.id)).state is ClaimState.REMEDY_IN_PROGRESS
    assert await losses.story.books() == {
        "COMPENSATION_EXPENSE": 500_00,
        "REFUND_CLEARING": -500_00,
        "PARTY_RECEIVABLE": 500_00,
        "EXPENSE_RECOVERY": -500_00,
    }
    report = RecordRefundPaid(refund.id, "PSP-1")
    await losses.market.act(losses.system, fulfilment.record_refund_paid, report)
    assert (await losses.refund(claim)).state is RefundState.PAID
    assert {each.state for each in await losses.remedies(claim)} == {RemedyState.PROVIDED}
    assert (await losses.story.claim(claim.id)).state is ClaimState.CLOSED
    assert (await losses.read_order(OrderId(claim.order_id))).refunded == usd(500_00)
    assert (await losses.story.books())["CASH_CLEARING"] == -500_00
    again = await losses.market.act(losses.system, fulfilment.record_refund_paid, report)
    assert again.things["refund"] == refund.id
    with pytest.raises(Conflict, match="PSP-1"):
        await losses.market.act(losses.system, fulfilment.record_refund_paid, RecordRefundPaid(refund.id, "PSP-2"))
    assert await losses.story.faults() == []


async def test_a_payment_that_failed_is_still_to_be_paid(losses: Losses) -> None:
    claim = await losses.lost(300_00)
    await losses.story.accept(claim)
    refund = await losses.refund(claim)
    failed = RecordRefundFailed(refund.id, "The account is closed.")
    await losses.market.act(losses.system, fulfilment.record_refund_failed, failed)
    await losses.market.act(losses.system, fulfilment.record_refund_failed, failed)
    assert ((await losses.refund(claim)).state, (await losses.refund(claim)).version) == (RefundState.FAILED, 2)
    assert (await losses.story.claim(claim.id)).state is ClaimState.REMEDY_IN_PROGRESS
    await losses.market.act(losses.system, fulfilment.record_refund_paid, RecordRefundPaid(refund.id, "PSP-1"))
    assert await refused(losses.market.act(losses.system, fulfilment.record_refund_failed, failed)) == ["refund_open"]
    assert (await losses.story.claim(claim.id)).state is ClaimState.CLOSED
    for caller in (losses.story.buyer, losses.supplier):
        with pytest.raises(Forbidden):
            await losses.market.act(caller, fulfilment.record_refund_paid, RecordRefundPaid(refund.id, "PSP-1"))
    nowhere = RecordRefundPaid(RefundId.mint(1, 1), "PSP-9")
    with pytest.raises(NotFound):
        await losses.market.act(losses.system, fulfilment.record_refund_paid, nowhere)


async def test_one_payment_pays_one_refund(losses: Losses) -> None:
    one, other = await losses.lost(300_00), await losses.lost(200_00)
    for claim in (one, other):
        await losses.story.accept(claim)
    reports = [RecordRefundPaid((await losses.refund(claim)).id, "PSP-1") for claim in (one, other)]
    await losses.market.act(losses.system, fulfilment.record_refund_paid, reports[0])
    with pytest.raises(Conflict, match="reference"):
        await losses.market.act(losses.system, fulfilment.record_refund_paid, reports[1])


async def test_a_party_that_bears_a_part_owes_that_part_of_refund_and_coupon(losses: Losses) -> None:
    claim = await losses.lost(300_00)
    shares = Shares.of({Bearer.SUPPLIER: 3_333, Bearer.PLATFORM: 6_667})
    line_id = claim.lines[0].line_id
    await losses.provide(
        claim,
        shares,
        Award(RemedyKind.REFUND_PARTIAL, usd(100_00), line_id),
        Award(RemedyKind.COUPON, usd(50_00), line_id),
    )
    coupon = await losses.story.coupon(claim)
    by_coupon, by_refund = sorted(await losses.recoveries(claim), key=lambda each: each.refund_id is not None)
    assert (by_refund.due, by_coupon.contingent, by_coupon.due) == (usd(33_33), usd(16_67), usd(0))
    later = await losses.story.later_order()
    for minor in (1, 1, 1, 20_00):
        await losses.story.redeem(coupon, later, usd(minor))
    assert (await losses.story.recovery(coupon)).due == usd(6_68)  # a third of 20.03, not four roundings
    await losses.market.move(coupon.expires_at + timedelta(microseconds=1))
    recovery = await losses.story.recovery(coupon)
    assert (recovery.due, recovery.released) == (usd(6_68), usd(9_99))
    assert await losses.story.faults() == []


async def test_what_nobody_but_the_platform_bears_is_on_no_partys_account(losses: Losses) -> None:
    claim = await losses.lost(300_00)
    awards = (Award(RemedyKind.COUPON, usd(50_00), claim.lines[0].line_id),)
    await losses.provide(claim, Shares.whole(Bearer.PLATFORM), *awards)
    coupon = await losses.story.coupon(claim)
    assert await losses.recoveries(claim) == []
    await losses.story.redeem(coupon, await losses.story.later_order(), usd(50_00))
    assert await losses.story.books() == {"COMPENSATION_EXPENSE": 50_00, "CASH_CLEARING": -50_00}
    assert await losses.story.faults() == []


async def test_one_loss_is_not_paid_twice_by_whatever_claims(losses: Losses) -> None:
    claim = await losses.lost(300_00)
    line_id = claim.lines[0].line_id
    whole = Shares.whole(Bearer.SUPPLIER)
    await losses.provide(claim, whole, Award(RemedyKind.REFUND_PARTIAL, usd(200_00), line_id))
    (exposure,) = await losses.exposures(OrderId(claim.order_id))
    assert (exposure.loss, exposure.ceiling, exposure.left) == (Loss.GOODS, usd(300_00), usd(100_00))
    with pytest.raises(Refused) as refusal:
        await losses.provide(claim, whole, Award(RemedyKind.REFUND_PARTIAL, usd(100_01), line_id))
    assert [finding.inputs["leftMinor"] for finding in refusal.value.unmet] == [100_00]
    await losses.provide(claim, whole, Award(RemedyKind.RETURNLESS_REFUND, usd(100_00), line_id))
    assert [each.left for each in await losses.exposures(OrderId(claim.order_id))] == [usd(0)]
    assert await losses.story.faults() == []


async def test_twenty_payers_at_once_never_pay_more_than_the_loss(losses: Losses) -> None:
    claim = await losses.lost(100_00)
    award = Award(RemedyKind.REFUND_PARTIAL, usd(30_00), claim.lines[0].line_id)
    whole = Shares.whole(Bearer.SUPPLIER)
    answers = await asyncio.gather(*(losses.provide(claim, whole, award) for _ in range(20)), return_exceptions=True)
    assert sum(answer is None for answer in answers) == 3
    assert sum(isinstance(answer, Refused) for answer in answers) == 17
    assert [each.drawn for each in await losses.exposures(OrderId(claim.order_id))] == [usd(90_00)]
    assert (await losses.story.books())["REFUND_CLEARING"] == -90_00
    assert await losses.story.faults() == []


WRITTEN = ("exposures", "exposure_movements", "refunds", "recoveries", "remedies", "ledger_entries", "claims", "outbox")
"""What a refund is made of, in the tables that it writes."""


async def test_a_process_that_dies_at_any_statement_drew_and_paid_nothing(
    losses: Losses, owner: asyncpg.Pool[Any]
) -> None:
    """Whatever it was just writing: the draw, the money and the books are one transaction, done once in the end."""
    claim = await losses.lost(100_00)
    await owner.execute(
        "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$"
    )
    try:
        for table in WRITTEN:
            events = "UPDATE" if table == "claims" else "INSERT"
            await owner.execute(
                f"CREATE TRIGGER dies AFTER {events} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION die()"
            )
            with pytest.raises((asyncpg.PostgresError, OSError, asyncpg.InterfaceError)):
                await losses.story.accept(claim)
            await owner.execute(f"DROP TRIGGER dies ON {table}")
            assert await losses.exposures(OrderId(claim.order_id)) == [], table
            assert await losses.remedies(claim) == [], table
            assert await losses.story.books() == {}, table
    finally:
        await owner.execute("DROP FUNCTION die CASCADE")
    await losses.story.accept(claim)
    assert [each.drawn for each in await losses.exposures(OrderId(claim.order_id))] == [usd(100_00)]
    assert (await losses.story.books())["REFUND_CLEARING"] == -100_00
    assert await losses.story.faults() == []


async def test_a_replacement_is_sent_and_confirmed_by_silence(losses: Losses) -> None:
    claim = await losses.lost(300_00)
    line_id = claim.lines[0].line_id
    settled = await losses.settle_for(claim, LineWish(line_id, RemedyKind.REPLACEMENT))
    assert settled.state is ClaimState.REMEDY_IN_PROGRESS
    (remedy,) = await losses.remedies(claim)
    assert amount(remedy) == (RemedyKind.REPLACEMENT, RemedyState.DUE, usd(0))
    assert await losses.story.books() == {}
    assert await losses.exposures(OrderId(claim.order_id)) == []
    answer = AnswerRemedy(remedy.id, "Tracking LX 9 CN")
    stranger = losses.market.supplier(await losses.market.register_supplier())
    with pytest.raises(NotFound):
        await losses.market.act(stranger, fulfilment.provide_remedy, answer)
    with pytest.raises(Forbidden):
        await losses.market.act(losses.story.buyer, fulfilment.provide_remedy, answer)
    assert remedy.due_at is not None
    await losses.market.move(remedy.due_at)
    await losses.market.act(losses.supplier, fulfilment.provide_remedy, answer)
    (sent,) = await losses.remedies(claim)
    assert (sent.state, sent.note) == (RemedyState.IN_PROGRESS, "Tracking LX 9 CN")
    assert await refused(losses.market.act(losses.supplier, fulfilment.provide_remedy, answer)) == [
        "remedy_state_allows"
    ]
    assert sent.due_at is not None
    await losses.market.move(sent.due_at)
    assert (await losses.story.claim(claim.id)).state is ClaimState.REMEDY_IN_PROGRESS
    await losses.market.move(sent.due_at + timedelta(microseconds=1))
    (confirmed,) = await losses.remedies(claim)
    assert confirmed.state is RemedyState.PROVIDED
    assert (await losses.story.claim(claim.id)).state is ClaimState.CLOSED


async def test_a_party_that_does_nothing_has_failed_and_the_claim_can_be_decided_again(losses: Losses) -> None:
    claim = await losses.lost(300_00)
    await losses.settle_for(claim, LineWish(claim.lines[0].line_id, RemedyKind.PARTS))
    (remedy,) = await losses.remedies(claim)
    assert remedy.due_at == await losses.market.now() + timedelta(hours=48)
    await losses.market.move(remedy.due_at + timedelta(microseconds=1))
    (failed,) = await losses.remedies(claim)
    assert failed.state is RemedyState.FAILED
    late = await refused(losses.market.act(losses.supplier, fulfilment.provide_remedy, AnswerRemedy(remedy.id, None)))
    assert "remedy_state_allows" in late
    reopenable = await losses.story.claim(claim.id)
    assert (reopenable.state, reopenable.reopenable_until is None) == (ClaimState.CLOSED, False)
    await losses.market.act(losses.story.buyer, claims.reopen_claim, AnswerClaim(claim.id, "Nothing came."))
    assert (await losses.story.claim(claim.id)).state in claim_rules.UNDECIDED


async def test_a_buyer_says_what_is_wrong_with_what_it_was_sent(losses: Losses) -> None:
    claim = await losses.lost(300_00)
    await losses.settle_for(claim, LineWish(claim.lines[0].line_id, RemedyKind.REPLACEMENT))
    (remedy,) = await losses.remedies(claim)
    answer = AnswerRemedy(remedy.id, None)
    assert await refused(losses.market.act(losses.story.buyer, fulfilment.confirm_remedy, answer)) == [
        "remedy_state_allows"
    ]
    await losses.market.act(losses.supplier, fulfilment.provide_remedy, answer)
    wrong = AnswerRemedy(remedy.id, "It is another machine.")
    await losses.market.act(losses.story.buyer, fulfilment.reject_remedy, wrong)
    (failed,) = await losses.remedies(claim)
    assert (failed.state, failed.note) == (RemedyState.FAILED, "It is another machine.")
    with pytest.raises(NotFound):
        await losses.market.act(losses.story.buyer, fulfilment.confirm_remedy, AnswerRemedy(RemedyId.mint(1, 1), None))


@pytest.mark.parametrize("failed", [True, False], ids=["failed", "against-its-wish"])
async def test_an_appeal_gives_money_for_what_is_not_made_good_in_kind(losses: Losses, failed: bool) -> None:
    claim, buyer = await losses.lost(300_00), losses.story.buyer
    line_id = claim.lines[0].line_id
    await losses.market.act(losses.supplier, claims.contest_claim, AnswerClaim(claim.id, "It was shipped."))
    wish = LineWish(line_id, RemedyKind.REPLACEMENT)
    again = DecideClaim(claim.id, ClaimOutcome.GRANTED, "Send another one.", lines=(wish,))
    await losses.market.act(losses.market.staff, claims.decide_claim, again)
    (kind,) = await losses.remedies(claim)
    if failed:
        await losses.market.act(losses.supplier, fulfilment.provide_remedy, AnswerRemedy(kind.id, None))
        wrong = AnswerRemedy(kind.id, "It is another machine.")
        await losses.market.act(buyer, fulfilment.reject_remedy, wrong)
    text = Content("A machine that works is what we need.", None, None, None, ())
    drafted = await losses.market.act(buyer, appeals.draft_appeal, DraftAppeal(claim.id, (), text))
    id_, reviewer = AppealId(str(drafted.things["appeal"])), losses.market.caller(Role.ADJUDICATOR, Role.SUPPORT)
    await losses.market.act(buyer, appeals.file_appeal, StepAppeal(id_))
    for operation in (appeals.admit_appeal, appeals.take_appeal):
        await losses.market.act(reviewer, operation, StepAppeal(id_))
    await losses.market.act(reviewer, appeals.decide_appeal, DecideAppeal(id_, (AppealEffect.MONEY,), "Money, then."))
    made = {each.kind: each for each in await losses.remedies(claim)}
    assert made.keys() == {RemedyKind.REPLACEMENT, RemedyKind.RETURNLESS_REFUND}
    ended = RemedyState.FAILED if failed else RemedyState.CANCELLED
    assert (made[RemedyKind.REPLACEMENT].state, (await losses.refund(claim)).amount) == (ended, usd(300_00))
    (recovery,), (exposure,) = await losses.recoveries(claim), await losses.exposures(OrderId(claim.order_id))
    assert (recovery.due, exposure.left) == (usd(300_00), usd(0))
    after = await losses.story.claim(claim.id)
    assert (after.amount, after.outcome, after.state) == (
        usd(300_00),
        ClaimOutcome.GRANTED,
        ClaimState.REMEDY_IN_PROGRESS,
    )
    assert await losses.story.faults() == []


async def test_who_has_what_was_sent_does_not_appeal_for_money(losses: Losses) -> None:
    claim, buyer = await losses.lost(300_00), losses.story.buyer
    await losses.market.act(losses.supplier, claims.contest_claim, AnswerClaim(claim.id, "It was shipped."))
    wish = LineWish(claim.lines[0].line_id, RemedyKind.REPLACEMENT)
    again = DecideClaim(claim.id, ClaimOutcome.GRANTED, "Send another one.", lines=(wish,))
    await losses.market.act(losses.market.staff, claims.decide_claim, again)
    (kind,) = await losses.remedies(claim)
    await losses.market.act(losses.supplier, fulfilment.provide_remedy, AnswerRemedy(kind.id, None))
    await losses.market.act(buyer, fulfilment.confirm_remedy, AnswerRemedy(kind.id, None))
    text = Content("Money would be better still.", None, None, None, ())
    with pytest.raises(NotFound):
        await losses.market.act(buyer, appeals.draft_appeal, DraftAppeal(claim.id, (), text))


@pytest.mark.parametrize("buyer_keeps", [True, False])
async def test_an_overturned_claim_costs_its_party_nothing(losses: Losses, buyer_keeps: bool) -> None:
    claim = await losses.lost(300_00)
    line_id = OrderLineId(claim.lines[0].line_id)
    await losses.provide(
        claim,
        Shares.whole(Bearer.SUPPLIER),
        Award(RemedyKind.REFUND_PARTIAL, usd(100_00), line_id),
        Award(RemedyKind.COUPON, usd(50_00), line_id),
    )
    coupon = await losses.story.coupon(claim)
    await losses.story.redeem(coupon, await losses.story.later_order(), usd(20_00))

    async def undo(work: Work, _: None) -> Outcome:
        locked = await claim_rows.lock(work.connection, work.tenant_id, claim.id)
        await remedies.undo(work, locked, buyer_keeps=buyer_keeps)
        return Outcome()

    await losses.market.act(losses.market.staff, undo, None)
    assert [(each.due, each.contingent) for each in await losses.recoveries(claim)] == [(usd(0), usd(0))] * 2
    found = await losses.story.books()
    assert "PARTY_RECEIVABLE" not in found
    assert "CONTINGENT" not in found
    refund, left = await losses.refund(claim), (await losses.exposures(OrderId(claim.order_id)))[0].left
    if buyer_keeps:
        assert refund.state is RefundState.DECIDED
        assert found["BUYER_COUPON_LIABILITY"] == -30_00
        assert left == usd(150_00)
        await losses.story.redeem(coupon, await losses.story.later_order(), usd(30_00))
        assert (await losses.story.books())["COMPENSATION_EXPENSE"] == 150_00
    else:
        assert refund.state is RefundState.CANCELLED
        assert found == {"COMPENSATION_EXPENSE": 20_00, "CASH_CLEARING": -20_00}
        assert left == usd(280_00)
    assert await losses.story.faults() == []


TRAIL = """query ($id: ID!) { claim(id: $id) {
  amount { amount }
  remedies(first: 9) { nodes { kind state amount { amount } line { exposures(first: 9) { nodes {
    loss ceiling { amount } drawn { amount } left { amount }
    movements(first: 9) { nodes { drawnBy cause amount { amount } claim { id } subjectId } } } } }
    coupon { id } refund { amount { amount } state recovery { due { amount } shareBp }
      transfers(first: 9) { nodes { event entries { account amount { amount } } } } }
    availableActions blockedActions { action because { reason } } } }
  refunds(first: 9) { nodes { availableActions } } coupons(first: 9) { nodes { id } }
  recoveries(first: 9) { nodes { refund { id } due { amount } } }
} }"""


async def test_a_claim_explains_each_cent_to_whoever_may_see_it(losses: Losses, ask: Asking) -> None:
    claim = await losses.lost(300_00, 200_00)
    await losses.story.accept(claim)
    seen = (await ask(losses.market.staff, TRAIL, id=claim.id))["claim"]
    remedies = seen["remedies"]["nodes"]
    assert [each["amount"]["amount"] for each in remedies] == ["300.00", "200.00"]
    refund = remedies[0]["refund"]
    assert (refund["amount"]["amount"], refund["recovery"]) == (
        "500.00",
        {"due": {"amount": "500.00"}, "shareBp": 10_000},
    )
    booked = {
        (transfer["event"], entry["account"]): entry["amount"]["amount"]
        for transfer in refund["transfers"]["nodes"]
        for entry in transfer["entries"]
    }
    assert booked == {
        ("REFUND_DECIDED", "COMPENSATION_EXPENSE"): "500.00",
        ("REFUND_DECIDED", "REFUND_CLEARING"): "-500.00",
        ("RECOVERY_DUE", "PARTY_RECEIVABLE"): "500.00",
        ("RECOVERY_DUE", "EXPENSE_RECOVERY"): "-500.00",
    }
    (exposure,) = remedies[0]["line"]["exposures"]["nodes"]
    assert (exposure["loss"], exposure["ceiling"]["amount"], exposure["left"]["amount"]) == ("GOODS", "300.00", "0.00")
    (movement,) = exposure["movements"]["nodes"]
    assert (movement["drawnBy"], movement["claim"]["id"], movement["subjectId"]) == ("CLAIM", claim.id, claim.id)
    own = (await ask(losses.story.buyer, TRAIL, id=claim.id))["claim"]
    assert own["refunds"]["nodes"] == [{"availableActions": []}]
    assert own["recoveries"]["nodes"] == []  # who pays in the end is not the buyer's business
    first = own["remedies"]["nodes"][0]
    assert (first["refund"]["transfers"]["nodes"], first["refund"]["recovery"]) == ([], None)
    assert first["line"]["exposures"]["nodes"][0]["movements"]["nodes"][0]["subjectId"] is None
    assert {blocked["because"][0]["reason"] for blocked in first["blockedActions"]} == {
        "remedy_action_of_your_side",
        "remedy_in_kind",
    }
    party = (await ask(losses.supplier, TRAIL, id=claim.id))["claim"]
    assert party["refunds"]["nodes"] == []
    assert [each["due"]["amount"] for each in party["recoveries"]["nodes"]] == ["500.00"]
    assert party["remedies"]["nodes"][0]["refund"] is None


async def test_checkouts_and_staff_speak_graphql(losses: Losses, ask: Asking) -> None:
    """Wrong decimals, wrong currencies and amounts beyond 64 bits are typed refusals of the input."""
    market, buyer_id = losses.market, losses.story.buyer_id
    gift = {"buyerId": buyer_id, "reason": "Sorry.", "idempotencyKey": "g-1"}
    for amount, currency in (("1.001", "USD"), ("1.5", "JPY"), ("999999999999999999", "USD")):
        wish = gift | {"amount": {"amount": amount, "currency": currency}}
        payload = await ask.mutate(market.staff, "grantGoodwill", "goodwill { id }", **wish)
        assert [error["code"] for error in payload["userErrors"]] == ["INVALID"]
        assert payload["userErrors"][0]["field"] == ["amount", "amount"]
    money = {"amount": "4.00", "currency": "USD"}
    selection = (
        "goodwill { reason role bearer form amount { amount } limit { amount } decision { holds } } coupon { id }"
    )
    given = await ask.mutate(market.staff, "grantGoodwill", selection, **gift, amount=money)
    assert given["userErrors"] == []
    assert given["goodwill"]["limit"]["amount"] == "500.00"
    coupon_id = given["coupon"]["id"]
    held = await ask.mutate(
        market.staff,
        "reserveCoupon",
        "reservation { id held { amount } availableActions } coupon { reserved { amount } left { amount } }",
        couponId=coupon_id,
        orderReference="not yet",
        amount={"amount": "3.00", "currency": "USD"},
        idempotencyKey="r-1",
    )
    assert held["reservation"]["availableActions"] == ["CAPTURE_RESERVATION", "RELEASE_RESERVATION"]
    assert held["coupon"] == {"reserved": {"amount": "3.00"}, "left": {"amount": "1.00"}}
    revoked = await ask.mutate(
        market.staff,
        "revokeCoupon",
        "coupon { state revokedReason availableActions decisions(first: 1) { nodes { kind } } }",
        couponId=coupon_id,
        reason="A mistake.",
        idempotencyKey="v-1",
    )
    assert revoked["coupon"]["decisions"]["nodes"] == [{"kind": "COUPON"}]
    assert (revoked["coupon"]["revokedReason"], revoked["coupon"]["availableActions"]) == ("A mistake.", [])
    theirs = await ask(
        losses.story.buyer,
        "query ($id: ID!) { coupon(id: $id) { revokedReason goodwill { reason grantedBy limit { amount } } "
        "decisions(first: 1) { nodes { tree { text } } } } }",
        id=coupon_id,
    )
    assert theirs["coupon"]["goodwill"] == {"reason": "Sorry.", "grantedBy": None, "limit": None}
    assert "A mistake." in theirs["coupon"]["decisions"]["nodes"][0]["tree"]["text"]
