"""Checkouts hold and capture coupons; staff revoke them; on a real database with a sandbox's clock."""

import asyncio
from datetime import timedelta

import pytest

from api.operations import coupons, orders
from domain.access import Role
from domain.coupons import Coupon, CouponState, Redemption, RevokeCoupon
from domain.errors import Conflict, Forbidden, NotFound, Refused
from domain.explain import canonical
from domain.ids import CouponId, OrderId, ReservationId
from domain.money import Money
from domain.orders import CancelOrder
from domain.reservations import CaptureReservation, ReleaseReservation, Reservation, ReservationState, ReserveCoupon
from storage import coupons as coupon_rows
from storage import decisions as decision_rows
from storage import exposure as exposure_rows
from storage import orders as order_rows
from storage import reservations as reservation_rows
from storage.idempotency import Key, fingerprint
from storage.unit_of_work import Outcome, Work
from tests.api.test_claims import Story, granted, refused, story
from tests.builders import usd

__all__ = ["story"]

MICROSECOND = timedelta(microseconds=1)


class Checkout:
    """A shop system at work on a buyer's coupon of 200.00."""

    def __init__(self, story: Story, coupon: Coupon) -> None:
        self.story, self.market, self.id = story, story.market, coupon.id
        self.system = story.market.caller(Role.SERVICE)

    async def order(self, minor: int = 10_000_00) -> tuple[OrderId, str]:
        """A later order of the buyer, and its reference."""
        id = await self.story.later_order(minor)
        async with self.market.pool.acquire(self.market.tenant_id) as connection:
            return id, (await order_rows.get(connection, self.market.tenant_id, id)).reference

    async def hold(self, reference: str, minor: int, key: Key | None = None) -> ReservationId:
        wish = ReserveCoupon(self.id, reference, usd(minor))
        return ReservationId(
            str((await self.market.act(self.system, coupons.reserve_coupon, wish, key=key)).things["reservation"])
        )

    async def capture(self, id: ReservationId, reference: str, minor: int | None = None) -> Outcome:
        wish = CaptureReservation(id, reference, None if minor is None else usd(minor))
        return await self.market.act(self.system, coupons.capture_reservation, wish)

    async def release(self, id: ReservationId) -> None:
        await self.market.act(self.system, coupons.release_reservation, ReleaseReservation(id))

    async def revoke(self, reason: str = "It was obtained by fraud.") -> None:
        await self.market.act(self.market.staff, coupons.revoke_coupon, RevokeCoupon(self.id, reason))

    async def restore(self) -> None:
        async def act(work: Work, id: CouponId) -> Outcome:
            await coupons.restore(work, id)
            return Outcome()

        await self.market.act(self.market.staff, act, self.id)

    async def coupon(self) -> Coupon:
        async with self.market.pool.acquire(self.market.tenant_id) as connection:
            found = await coupon_rows.find(connection, self.market.tenant_id, self.id)
        assert found is not None
        return found

    async def reservation(self, id: ReservationId) -> Reservation:
        async with self.market.pool.acquire(self.market.tenant_id) as connection:
            found = await reservation_rows.find(connection, self.market.tenant_id, id)
        assert found is not None
        return found

    async def captures(self, id: ReservationId) -> list[Redemption]:
        async with self.market.pool.acquire(self.market.tenant_id) as connection:
            return await coupon_rows.REDEMPTIONS.select(
                connection, self.market.tenant_id, "t.reservation_id = $2 ORDER BY t.id", id
            )


@pytest.fixture
async def checkout(story: Story) -> Checkout:
    """With a coupon of 200.00 that compensates the first order."""
    return Checkout(story, (await granted(story))[1])


async def test_a_checkout_holds_captures_in_parts_and_releases_the_rest(checkout: Checkout) -> None:
    _, reference = await checkout.order()
    held = await checkout.hold(reference, 150_00)
    coupon = await checkout.coupon()
    assert (coupon.reserved, coupon.left, coupon.state) == (usd(150_00), usd(50_00), CouponState.ACTIVE)
    await checkout.capture(held, "parcel 1", 60_00)
    await checkout.capture(held, "parcel 2", 40_00)
    coupon = await checkout.coupon()
    assert (coupon.used, coupon.reserved, coupon.left) == (usd(100_00), usd(50_00), usd(50_00))
    assert (await checkout.story.recovery(coupon)).due == usd(100_00)
    assert await checkout.story.faults() == []
    await checkout.release(held)
    await checkout.release(held)
    coupon = await checkout.coupon()
    assert (coupon.reserved, coupon.left, coupon.state) == (usd(0), usd(100_00), CouponState.PARTLY_USED)
    ended = await checkout.reservation(held)
    assert (ended.state, ended.captured) == (ReservationState.RELEASED, usd(100_00))
    assert await refused(checkout.capture(held, "parcel 3", 1)) == ["reservation_held", "coupon_rest_suffices"]
    assert await checkout.story.faults() == []


async def test_twenty_captures_of_one_reservation_capture_what_is_held_and_no_more(checkout: Checkout) -> None:
    _, reference = await checkout.order()
    held = await checkout.hold(reference, 100_00)
    answers = await asyncio.gather(
        *(checkout.capture(held, f"parcel {place}", 30_00) for place in range(20)), return_exceptions=True
    )
    assert sum(isinstance(answer, Outcome) for answer in answers) == 3
    assert sum(isinstance(answer, Refused) for answer in answers) == 17
    last = await asyncio.gather(
        *(checkout.capture(held, f"rest {place}") for place in range(20)), return_exceptions=True
    )
    assert sum(isinstance(answer, Outcome) for answer in last) == 1
    assert sum(each.amount.minor for each in await checkout.captures(held)) == 100_00
    assert (await checkout.reservation(held)).state is ReservationState.CAPTURED
    coupon = await checkout.coupon()
    assert (coupon.used, coupon.reserved) == (usd(100_00), usd(0))
    assert await checkout.story.faults() == []


async def test_the_same_step_again_is_answered_by_whatever_key(checkout: Checkout) -> None:
    _, reference = await checkout.order()
    keys = [Key(f"hold-{place}", fingerprint({"place": place})) for place in range(2)]
    first, second = [await checkout.hold(reference, 80_00, key) for key in keys]
    assert first == second
    assert (await checkout.coupon()).reserved == usd(80_00)
    with pytest.raises(Conflict, match=r"80\.00 USD"):
        await checkout.hold(reference, 81_00)
    answers = await asyncio.gather(*(checkout.capture(first, "parcel 1", 50_00) for _ in range(8)))
    assert len({answer.things["redemption"] for answer in answers}) == 1
    assert (await checkout.coupon()).used == usd(50_00)
    with pytest.raises(Conflict, match=r"50\.00 USD"):
        await checkout.capture(first, "parcel 1", 51_00)
    assert (await checkout.capture(first, "parcel 1")).things["redemption"] == answers[0].things["redemption"]
    assert await checkout.story.faults() == []


async def test_eight_checkouts_at_once_never_hold_more_than_there_is(checkout: Checkout) -> None:
    answers = await asyncio.gather(
        *(checkout.hold(f"not recorded yet {place}", 60_00) for place in range(8)), return_exceptions=True
    )
    assert sum(isinstance(answer, ReservationId) for answer in answers) == 3
    assert sum(isinstance(answer, Refused) for answer in answers) == 5
    assert (await checkout.coupon()).left == usd(20_00)


async def test_what_is_not_captured_in_a_day_is_free_again(checkout: Checkout) -> None:
    _, reference = await checkout.order()
    held = await checkout.hold(reference, 100_00)
    expires_at = (await checkout.reservation(held)).expires_at
    assert expires_at == await checkout.market.now() + timedelta(hours=24)
    await checkout.market.move(expires_at)
    await checkout.capture(held, "at its last instant", 30_00)
    await checkout.market.move(expires_at + MICROSECOND)
    lapsed = await checkout.reservation(held)
    assert (lapsed.state, lapsed.captured) == (ReservationState.LAPSED, usd(30_00))
    coupon = await checkout.coupon()
    assert (coupon.reserved, coupon.left) == (usd(0), usd(170_00))
    assert "reservation_held" in await refused(checkout.capture(held, "too late", 1))
    again = await checkout.hold(reference, 170_00)  # the checkout may try again for the same order
    assert again != held
    assert await checkout.story.faults() == []


async def test_a_held_part_ends_with_its_coupon(checkout: Checkout) -> None:
    """T5 for checkouts: at the coupon's last instant it is captured, one microsecond later it is lost."""
    coupon = await checkout.coupon()
    await checkout.market.move(coupon.expires_at - timedelta(hours=1))
    _, reference = await checkout.order()
    held = await checkout.hold(reference, 100_00)
    assert (await checkout.reservation(held)).expires_at == coupon.expires_at
    await checkout.market.move(coupon.expires_at)
    await checkout.capture(held, "at the last instant", 40_00)
    await checkout.market.move(coupon.expires_at + MICROSECOND)
    over = await checkout.coupon()
    assert (over.state, over.used, over.reserved) == (CouponState.EXPIRED, usd(40_00), usd(0))
    assert (await checkout.reservation(held)).state is ReservationState.LAPSED
    assert "coupon_not_expired" in await refused(checkout.capture(held, "too late", 1))
    recovery = await checkout.story.recovery(over)
    assert (recovery.due, recovery.released) == (usd(40_00), usd(160_00))
    assert await checkout.story.faults() == []


async def test_a_captured_order_that_is_cancelled_restores_the_coupon(checkout: Checkout) -> None:
    order_id, reference = await checkout.order()
    held = await checkout.hold(reference, 200_00)
    await checkout.capture(held, "all of it")
    assert (await checkout.coupon()).state is CouponState.USED
    await checkout.market.act(checkout.market.staff, orders.cancel_order, CancelOrder(order_id))
    coupon = await checkout.coupon()
    assert (coupon.state, coupon.left) == (CouponState.ACTIVE, usd(200_00))
    assert await checkout.story.faults() == []


async def test_strangers_wrong_money_and_unknown_orders_are_refused(checkout: Checkout) -> None:
    _, reference = await checkout.order()
    stranger = checkout.market.buyer(await checkout.market.register_buyer())
    wish = ReserveCoupon(checkout.id, reference, usd(1))
    with pytest.raises(NotFound):
        await checkout.market.act(stranger, coupons.reserve_coupon, wish)
    with pytest.raises(Forbidden):
        await checkout.market.act(checkout.market.supplier(checkout.story.supplier_id), coupons.reserve_coupon, wish)
    for amount, why in (
        (usd(0), "amount_above_zero"),
        (usd(-1), "amount_above_zero"),
        (usd(2**63 - 1), "coupon_rest_suffices"),
        (Money(1, "EUR"), "reservation_in_same_currency"),
    ):
        wrong = ReserveCoupon(checkout.id, reference, amount)
        assert await refused(checkout.market.act(checkout.system, coupons.reserve_coupon, wrong)) == [why]
    held = await checkout.hold("O-not-recorded", 10_00)
    assert await refused(checkout.capture(held, "parcel 1")) == ["reservation_order_known"]
    with pytest.raises(NotFound):
        await checkout.market.act(stranger, coupons.release_reservation, ReleaseReservation(held))
    with pytest.raises(NotFound):
        await checkout.capture(ReservationId.mint(1, 1), "parcel 1")
    _, others = await checkout.order(5_00)
    small = await checkout.hold(others, 10_00)
    assert await refused(checkout.capture(small, "parcel 1")) == ["order_total_suffices"]


async def test_a_revoked_coupon_is_lost_and_owed_by_nobody_until_it_is_restored(checkout: Checkout) -> None:
    _, reference = await checkout.order()
    held = await checkout.hold(reference, 100_00)
    await checkout.capture(held, "parcel 1", 40_00)
    await checkout.revoke()
    revoked = await checkout.coupon()
    assert (revoked.state, revoked.revoked_reason) == (CouponState.REVOKED, "It was obtained by fraud.")
    assert (await checkout.reservation(held)).state is ReservationState.LAPSED
    recovery = await checkout.story.recovery(revoked)
    assert (recovery.due, recovery.contingent, recovery.released) == (usd(40_00), usd(0), usd(160_00))
    assert await checkout.story.books() == {
        "COMPENSATION_EXPENSE": 40_00,
        "CASH_CLEARING": -40_00,
        "PARTY_RECEIVABLE": 40_00,
        "EXPENSE_RECOVERY": -40_00,
    }
    assert "coupon_not_revoked" in await refused(checkout.hold(reference, 1))
    assert await refused(checkout.revoke()) == ["coupon_not_revoked"]
    async with checkout.market.pool.acquire(checkout.market.tenant_id) as connection:
        (why,) = await decision_rows.by_subjects(connection, checkout.market.tenant_id, checkout.id)
        (exposure,) = (
            await exposure_rows.by_orders(connection, checkout.market.tenant_id, [OrderId(str(revoked.order_id))])
        )[OrderId(str(revoked.order_id))]
    assert "coupon_revoked_by_staff" in canonical(why.tree)
    assert (exposure.drawn, exposure.left) == (usd(40_00), usd(160_00))
    assert await checkout.story.faults() == []
    ten_days = timedelta(days=10)
    await checkout.market.move(await checkout.market.now() + ten_days)
    await checkout.restore()
    restored = await checkout.coupon()
    assert (restored.state, restored.left) == (CouponState.PARTLY_USED, usd(160_00))
    assert restored.expires_at == revoked.expires_at + ten_days
    assert (await checkout.story.recovery(restored)).contingent == usd(160_00)
    assert await refused(checkout.restore()) == ["coupon_revoked"]
    assert await checkout.story.faults() == []
    await checkout.market.move(restored.expires_at + MICROSECOND)
    assert (await checkout.coupon()).state is CouponState.EXPIRED
    assert await checkout.story.faults() == []


async def test_support_may_not_revoke_and_nobody_what_has_ended(checkout: Checkout) -> None:
    wish = RevokeCoupon(checkout.id, "By mistake.")
    with pytest.raises(Forbidden):
        await checkout.market.act(checkout.market.caller(Role.SUPPORT), coupons.revoke_coupon, wish)
    with pytest.raises(NotFound):
        await checkout.market.act(
            checkout.market.staff, coupons.revoke_coupon, RevokeCoupon(CouponId.mint(1, 1), "By mistake.")
        )
    _, reference = await checkout.order()
    await checkout.capture(await checkout.hold(reference, 200_00), "all of it")
    assert await refused(checkout.revoke()) == ["coupon_has_rest"]
