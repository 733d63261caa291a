"""Vector T14: one loss is paid once, whether by a claim or by the cardholder's bank, in whatever order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from api.operations import chargeback_notices, claims
from domain.chargeback_notices import NewNotice, NoticeKind
from domain.chargebacks import Category, Chargeback
from domain.claims import AnswerClaim, Claim, ClaimReason, ClaimState
from domain.clocks import ClockState
from domain.dates import MICROSECOND
from domain.errors import Refused
from domain.exposure import Loss
from domain.ids import ChargebackId, OrderId
from domain.memberships import Scheme
from domain.money import Money
from storage import chargebacks as chargeback_rows
from storage import clocks as clock_rows
from tests.api.test_claims import DAY_AFTER, story
from tests.api.test_remedies import Losses, losses
from tests.builders import usd

__all__ = ["losses", "story"]


async def tell(losses: Losses, order_id: OrderId, kind: NoticeKind, amount: Money, **more: Any) -> Chargeback:
    """What a network tells of that order's payment, and the chargeback that it is about."""
    order = await losses.read_order(order_id)
    event = f"{order.reference} {kind.value} {more.get('network_reference', 'N1')}"
    word = NewNotice(
        event_id=event,
        kind=kind,
        network_reference=f"{order.reference} {more.get('network_reference', 'N1')}",
        scheme=Scheme.VISA,
        category=Category.NOT_RECEIVED,
        occurred_at=await losses.market.now(),
        order_reference=order.reference,
        amount=amount,
    )
    outcome = await losses.market.act(losses.market.staff, chargeback_notices.record_chargeback_notice, word)
    async with losses.market.pool.acquire(losses.market.tenant_id) as connection:
        return await chargeback_rows.get(
            connection, losses.market.tenant_id, ChargebackId(str(outcome.things["chargeback"]))
        )


async def running(losses: Losses, claim: Claim) -> set[ClockState]:
    async with losses.market.pool.acquire(losses.market.tenant_id) as connection:
        found = await clock_rows.by_subjects(connection, losses.market.tenant_id, [claim.id])
    return {clock.state for clock in found} - {ClockState.DONE, ClockState.CANCELLED, ClockState.FIRED}


async def drawn(losses: Losses, order_id: OrderId) -> int:
    return sum(each.drawn.minor for each in await losses.exposures(order_id) if each.loss is Loss.GOODS)


async def test_a_chargeback_suspends_the_open_claim_and_shares_its_exposure(losses: Losses) -> None:
    claim = await losses.lost(300_00, 200_00)
    held = await tell(losses, claim.order_id, NoticeKind.OPENED, usd(500_00))
    assert held.drawn == usd(500_00)
    suspended = await losses.story.claim(claim.id)
    assert suspended.state is ClaimState.SUSPENDED
    assert await running(losses, claim) == {ClockState.PAUSED}
    with pytest.raises(Refused):
        await losses.story.accept(suspended)
    assert await drawn(losses, claim.order_id) == 500_00


async def test_a_chargeback_that_was_won_lets_the_claim_go_on_where_it_stood(losses: Losses) -> None:
    claim = await losses.lost(300_00, 200_00)
    await tell(losses, claim.order_id, NoticeKind.OPENED, usd(500_00))
    await tell(losses, claim.order_id, NoticeKind.WON, usd(500_00))
    again = await losses.story.claim(claim.id)
    assert again.state is ClaimState.OPEN
    assert await running(losses, claim) == {ClockState.RUNNING}
    assert await drawn(losses, claim.order_id) == 0
    await losses.story.accept(again)
    assert (await losses.refund(claim)).amount == usd(500_00)
    assert await losses.story.faults() == []


async def test_a_chargeback_that_was_lost_whole_ends_the_claim(losses: Losses) -> None:
    claim = await losses.lost(300_00, 200_00)
    await tell(losses, claim.order_id, NoticeKind.OPENED, usd(500_00))
    await tell(losses, claim.order_id, NoticeKind.LOST, usd(500_00))
    assert (await losses.story.claim(claim.id)).state is ClaimState.CLOSED
    assert await drawn(losses, claim.order_id) == 500_00
    assert await losses.story.faults() == []


async def test_a_part_that_was_lost_leaves_the_claim_the_rest_and_no_more(losses: Losses) -> None:
    claim = await losses.lost(300_00, 200_00)
    await tell(losses, claim.order_id, NoticeKind.OPENED, usd(100_00))
    await tell(losses, claim.order_id, NoticeKind.LOST, usd(100_00))
    again = await losses.story.claim(claim.id)
    assert again.state is ClaimState.OPEN
    await losses.market.act(losses.supplier, claims.contest_claim, AnswerClaim(claim.id, "It came."))
    decided = await decided_on_file(losses, claim)
    assert await drawn(losses, claim.order_id) <= 500_00
    assert decided.amount <= usd(400_00)
    assert await losses.story.faults() == []


async def decided_on_file(losses: Losses, claim: Claim) -> Claim:
    """The claim as silence at the desk leaves it."""
    for _ in range(6):
        now = await losses.story.claim(claim.id)
        if now.due_at is None or now.outcome is not None:
            return now
        await losses.market.move(now.due_at + MICROSECOND)
    return await losses.story.claim(claim.id)


async def test_a_chargeback_after_the_refund_draws_nothing_and_is_not_covered_again(losses: Losses) -> None:
    claim = await losses.lost(300_00, 200_00)
    await losses.story.accept(claim)
    held = await tell(losses, claim.order_id, NoticeKind.OPENED, usd(500_00))
    assert held.drawn == usd(0)
    lost = await tell(losses, claim.order_id, NoticeKind.LOST, usd(500_00))
    assert lost.covered == usd(0)
    assert await drawn(losses, claim.order_id) == 500_00
    assert await losses.story.faults() == []


async def test_a_claim_for_time_goes_on_whatever_the_bank_says_of_the_goods(losses: Losses) -> None:
    order_id = await losses.story.late_order()
    await losses.market.move(DAY_AFTER)
    claim = await losses.story.open(order_id, ClaimReason.LATE_DELIVERY)
    await tell(losses, order_id, NoticeKind.OPENED, usd(2_500_00))
    assert (await losses.story.claim(claim.id)).state is ClaimState.SUSPENDED
    await tell(losses, order_id, NoticeKind.LOST, usd(2_500_00))
    again = await losses.story.claim(claim.id)
    assert again.state is ClaimState.OPEN
    await losses.story.accept(again)
    assert (await losses.story.coupon(claim)).amount == usd(100_00)


async def test_of_two_chargebacks_the_last_one_lets_the_claim_go_on(losses: Losses) -> None:
    claim = await losses.lost(300_00, 200_00)
    for reference in ("N1", "N2"):
        await tell(losses, claim.order_id, NoticeKind.OPENED, usd(100_00), network_reference=reference)
    await tell(losses, claim.order_id, NoticeKind.WON, usd(100_00), network_reference="N1")
    assert (await losses.story.claim(claim.id)).state is ClaimState.SUSPENDED
    await tell(losses, claim.order_id, NoticeKind.WON, usd(100_00), network_reference="N2")
    assert (await losses.story.claim(claim.id)).state is ClaimState.OPEN


async def charged_back(losses: Losses, taken_back: Money) -> Claim:
    """A claim for lost goods that is opened while a chargeback on its order runs."""
    order_id = await losses.order(300_00, 200_00)
    await losses.market.move(DAY_AFTER)
    await tell(losses, order_id, NoticeKind.OPENED, taken_back)
    return await losses.story.open(order_id, ClaimReason.NOT_RECEIVED_LOST)


async def test_a_claim_that_is_opened_while_a_chargeback_runs_stands_still_and_keeps_all_its_time(
    losses: Losses,
) -> None:
    claim = await charged_back(losses, usd(100_00))
    assert (claim.state, claim.resumes) == (ClaimState.SUSPENDED, ClaimState.OPEN)
    assert await running(losses, claim) == {ClockState.PAUSED}
    wish = AnswerClaim(claim.id, None)
    with pytest.raises(Refused):
        await losses.market.act(losses.supplier, claims.contest_claim, wish)
    assert claim.due_at is not None
    time_to_answer = claim.due_at - claim.opened_at
    await losses.market.move(claim.opened_at + timedelta(days=3))
    await tell(losses, claim.order_id, NoticeKind.WON, usd(100_00))
    again = await losses.story.claim(claim.id)
    assert (again.state, again.due_at) == (ClaimState.OPEN, await losses.market.now() + time_to_answer)
    assert await running(losses, again) == {ClockState.RUNNING}
    await losses.story.accept(again)
    assert (await losses.refund(claim)).amount == usd(500_00)
    assert await losses.story.faults() == []


async def test_a_claim_that_was_opened_while_the_bank_took_everything_back_is_over_with_it(losses: Losses) -> None:
    claim = await charged_back(losses, usd(500_00))
    assert claim.state is ClaimState.SUSPENDED
    await tell(losses, claim.order_id, NoticeKind.LOST, usd(500_00))
    assert (await losses.story.claim(claim.id)).state is ClaimState.CLOSED
    assert await drawn(losses, claim.order_id) == 500_00
    assert await losses.story.faults() == []
