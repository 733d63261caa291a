"""Goodwill of staff: within limits, on the loss that it is for, borne by whom it says."""

import asyncio
from datetime import UTC, datetime

import pytest

from api.operations import goodwill
from domain.access import Caller, Role
from domain.claims import ClaimReason
from domain.errors import Forbidden, Invalid, NotFound, Refused
from domain.explain import canonical
from domain.exposure import DrawnBy, LossCause
from domain.goodwill import Goodwill, GoodwillBearer, GoodwillForm, GrantGoodwill
from domain.ids import BuyerId, ClaimId, CouponId, OrderId
from domain.money import Money
from storage import coupons as coupon_rows
from storage import decisions as decision_rows
from storage import exposure as exposure_rows
from storage import recoveries as recovery_rows
from storage.goodwill import GOODWILLS
from storage.unit_of_work import Outcome
from tests.api.test_claims import DAY_AFTER, Story, refused, story
from tests.builders import usd

__all__ = ["story"]


class Desk:
    """The story's staff, each of one role."""

    def __init__(self, story: Story) -> None:
        self.story, self.market = story, story.market
        self.support = story.market.caller(Role.SUPPORT)
        self.adjudicator = story.market.caller(Role.ADJUDICATOR)
        self.finance = story.market.caller(Role.FINANCE)

    async def give(
        self,
        who: Caller,
        amount: Money,
        *,
        order_id: OrderId | None = None,
        claim_id: ClaimId | None = None,
        cause: LossCause | None = None,
        form: GoodwillForm = GoodwillForm.COUPON,
        bearer: GoodwillBearer = GoodwillBearer.PLATFORM,
        buyer_id: BuyerId | None = None,
    ) -> Outcome:
        wish = GrantGoodwill(
            buyer_id or self.story.buyer_id, order_id, claim_id, cause, form, bearer, amount, "Sorry for the wait."
        )
        return await self.market.act(who, goodwill.grant_goodwill, wish)

    async def given(self) -> list[Goodwill]:
        async with self.market.pool.acquire(self.market.tenant_id) as connection:
            return await GOODWILLS.select(connection, self.market.tenant_id, "true ORDER BY t.granted_at, t.id")


@pytest.fixture
async def desk(story: Story) -> Desk:
    """Nothing bought yet."""
    return Desk(story)


async def test_support_gives_five_dollars_or_a_tenth_of_the_order_and_not_a_cent_more(desk: Desk) -> None:
    outcome = await desk.give(desk.support, usd(5_00))
    (gift,) = await desk.given()
    assert (gift.role, gift.limit, gift.granted_by) == (Role.SUPPORT, usd(5_00), str(desk.support.actor_id))
    with pytest.raises(Refused) as refusal:
        await desk.give(desk.support, usd(5_01))
    (why,) = refusal.value.unmet
    assert (why.reason, why.inputs["limit"], why.inputs["amount"]) == (
        "goodwill_within_limit",
        "5.00 USD",
        "5.01 USD",
    )
    order_id = await desk.story.later_order(250_00)
    await desk.give(desk.support, usd(25_00), order_id=order_id)
    assert await refused(desk.give(desk.support, usd(25_01), order_id=order_id)) == ["goodwill_within_limit"]
    async with desk.market.pool.acquire(desk.market.tenant_id) as connection:
        coupon = await coupon_rows.find(connection, desk.market.tenant_id, CouponId(str(outcome.things["coupon"])))
        (decision,) = await decision_rows.by_subjects(connection, desk.market.tenant_id, gift.id)
    assert coupon is not None
    assert (coupon.claim_id, coupon.goodwill_id, coupon.order_id) == (None, gift.id, None)
    assert coupon.expires_at == datetime(2026, 5, 3, 4, tzinfo=UTC) - (datetime.resolution)
    assert '"goodwill_within_limit"' in canonical(decision.tree)
    assert decision.id == gift.decision_id
    await desk.story.redeem(coupon, order_id, usd(5_00))
    assert await desk.story.books() == {
        "COMPENSATION_EXPENSE": 30_00,
        "BUYER_COUPON_LIABILITY": -25_00,
        "CASH_CLEARING": -5_00,
    }
    assert await desk.story.faults() == []


async def test_a_months_budget_holds_also_for_gifts_at_once(desk: Desk) -> None:
    """Support has US$500 a month: of thirty gifts of US$25 at once twenty are given."""
    orders = [await desk.story.later_order(250_00) for _ in range(4)]
    answers = await asyncio.gather(
        *(desk.give(desk.support, usd(25_00), order_id=orders[place % 4]) for place in range(30)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, Outcome) for answer in answers) == 20
    refusals = [answer for answer in answers if isinstance(answer, Refused)]
    assert {finding.reason for each in refusals for finding in each.unmet} == {"goodwill_within_month"}
    other = desk.market.caller(Role.SUPPORT)
    await desk.give(other, usd(5_00))  # a budget is a person's
    await desk.market.move(datetime(2026, 3, 1, 5, tzinfo=UTC))
    await desk.give(desk.support, usd(5_00))  # and a month's, by the market's own days
    assert await desk.story.faults() == []


async def test_goodwill_for_a_loss_is_part_of_it(desk: Desk) -> None:
    order_id = await desk.story.later_order(100_00)
    refund = GoodwillForm.REFUND
    await desk.give(desk.finance, usd(70_00), order_id=order_id, cause=LossCause.CONDITION, form=refund)
    with pytest.raises(Refused) as refusal:
        await desk.give(desk.finance, usd(30_01), order_id=order_id, cause=LossCause.NON_RECEIPT)
    assert [finding.inputs["leftMinor"] for finding in refusal.value.unmet] == [30_00]
    await desk.give(desk.finance, usd(30_01), order_id=order_id)  # for no loss: it is a gift
    async with desk.market.pool.acquire(desk.market.tenant_id) as connection:
        (exposure,) = (await exposure_rows.by_orders(connection, desk.market.tenant_id, [order_id]))[order_id]
        where = "t.exposure_id = $2"
        (movement,) = await exposure_rows.EXPOSURE_MOVEMENTS.select(
            connection, desk.market.tenant_id, where, exposure.id
        )
    assert (exposure.drawn, movement.drawn_by, movement.subject_id) == (
        usd(70_00),
        DrawnBy.GOODWILL,
        (await desk.given())[0].id,
    )
    assert (await desk.story.books())["REFUND_CLEARING"] == -70_00
    assert await desk.story.faults() == []


async def test_a_late_gift_is_taken_from_what_the_rule_gives_for_lateness(desk: Desk) -> None:
    order_id = await desk.story.late_order()
    await desk.market.move(DAY_AFTER)
    await desk.give(desk.adjudicator, usd(20_00), order_id=order_id, cause=LossCause.LATENESS)
    claim = await desk.story.open(order_id)
    await desk.story.accept(claim)
    assert (await desk.story.coupon(claim)).amount == usd(80_00), "accepted for what is left of the loss"


async def test_a_liable_party_bears_only_what_it_agreed_to_in_a_claim(desk: Desk) -> None:
    claim = await desk.story.open(await desk.story.serviced_order(1_000_00), ClaimReason.SERVICE_NO_VISIT)
    party = GoodwillBearer.LIABLE_PARTY
    await desk.give(desk.finance, usd(40_00), claim_id=claim.id, bearer=party)
    async with desk.market.pool.acquire(desk.market.tenant_id) as connection:
        (recovery,) = await recovery_rows.by_claim(connection, desk.market.tenant_id, claim.id)
    assert recovery.contingent == usd(40_00)
    with pytest.raises(Invalid) as invalid:
        await desk.give(desk.finance, usd(40_00), bearer=party, form=GoodwillForm.REFUND, cause=LossCause.PRICE)
    assert [problem.field for problem in invalid.value.problems] == [("orderId",), ("orderId",), ("claimId",)]
    assert await desk.story.faults() == []


async def test_who_may_not_give_and_what_is_not_the_buyers(desk: Desk) -> None:
    for caller in (desk.story.buyer, desk.market.supplier(desk.story.supplier_id), desk.market.caller(Role.ADMIN)):
        with pytest.raises(Forbidden):
            await desk.give(caller, usd(1_00))
    another = await desk.market.register_buyer()
    order_id = await desk.story.later_order()
    with pytest.raises(NotFound):
        await desk.give(desk.support, usd(1_00), order_id=order_id, buyer_id=another)
    with pytest.raises(NotFound):
        await desk.give(desk.support, usd(1_00), buyer_id=BuyerId.mint(1, 1))
    with pytest.raises(Invalid, match="USD"):
        await desk.give(desk.support, Money(1_00, "EUR"), order_id=order_id, form=GoodwillForm.REFUND)
    assert await refused(desk.give(desk.support, usd(0))) == ["amount_above_zero"]
    assert await refused(desk.give(desk.support, usd(-1))) == ["amount_above_zero"]
    assert await refused(desk.give(desk.support, Money(1_00, "EUR"))) == ["exchange_rate_known"]
    assert await desk.given() == []
