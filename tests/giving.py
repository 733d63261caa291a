"""What buyers are given, for tests: a refund, a replacement, goodwill, and a coupon that a checkout holds."""

from __future__ import annotations

from typing import Any

from api.operations import claims, coupons, fulfilment, goodwill
from domain.access import Role
from domain.claims import AnswerClaim, ClaimReason, LineWish, MakeOffer, OpenClaim
from domain.exposure import LossCause
from domain.goodwill import GoodwillBearer, GoodwillForm, GrantGoodwill
from domain.ids import BuyerId, ClaimId, CouponId, CoverageId, OrderId, OrderLineId, RemedyId, ReservationId, SupplierId
from domain.remedies import AnswerRemedy, RemedyKind
from domain.reservations import CaptureReservation, ReserveCoupon
from tests.builders import Market, line, usd
from tests.marketplaces import Marketplace, Member


async def bought(building: Market, buyer: Member, supplier: Member, promised_on: Any) -> OrderId:
    """Two machines under the supplier's promise to give money back; they never come."""
    supplier_id = SupplierId(str(supplier.party_id))
    money_back = await building.offer(supplier_id, "guarantees/money_back")
    lines = [line(300_00, promised_on=promised_on), line(200_00, promised_on=promised_on)]
    return await building.order(BuyerId(str(buyer.party_id)), supplier_id, lines, [money_back])


async def given(market: Marketplace, building: Market, buyer: Member, supplier: Member, order_id: OrderId) -> None:
    """The two settle for a refund of one machine and another one for the other, which is sent; staff add a gift."""
    buyer_id = BuyerId(str(buyer.party_id))
    cover = await market.pool.fetchval(
        market.id, "SELECT id FROM coverages WHERE tenant_id = $1 AND order_id = $2", market.id, order_id
    )
    wish = OpenClaim(CoverageId(cover), ClaimReason.NOT_RECEIVED_LOST, "Nothing came.")
    claim_id = ClaimId(str((await market.act(buyer.caller, claims.open_claim, wish)).things["claim"]))
    rows = await market.pool.fetch(
        market.id,
        "SELECT id FROM order_lines WHERE tenant_id = $1 AND order_id = $2 ORDER BY position",
        market.id,
        order_id,
    )
    first, second = (OrderLineId(row["id"]) for row in rows)
    offer = (LineWish(first, RemedyKind.REFUND_FULL), LineWish(second, RemedyKind.REPLACEMENT))
    await market.act(supplier.caller, claims.make_offer, MakeOffer(claim_id, offer, "We are sorry."))
    await market.act(buyer.caller, claims.accept_offer, AnswerClaim(claim_id, None))
    remedy = await market.pool.fetchval(
        market.id,
        "SELECT id FROM remedies WHERE tenant_id = $1 AND claim_id = $2 AND kind = 'REPLACEMENT'",
        market.id,
        claim_id,
    )
    await market.act(supplier.caller, fulfilment.provide_remedy, AnswerRemedy(RemedyId(remedy), "On its way."))
    gift = GrantGoodwill(
        buyer_id,
        order_id,
        claim_id,
        LossCause.CONDITION,
        GoodwillForm.COUPON,
        GoodwillBearer.LIABLE_PARTY,
        usd(20_00),
        "For the trouble.",
    )
    outcome = await market.act(market.staff(Role.FINANCE), goodwill.grant_goodwill, gift)
    coupon_id = CouponId(str(outcome.things["coupon"]))
    later = await building.order(buyer_id, SupplierId(str(supplier.party_id)), [line()])
    reference = await market.pool.fetchval(
        market.id, "SELECT reference FROM orders WHERE tenant_id = $1 AND id = $2", market.id, later
    )
    held = await market.act(buyer.caller, coupons.reserve_coupon, ReserveCoupon(coupon_id, reference, usd(10_00)))
    reservation_id = ReservationId(str(held.things["reservation"]))
    await market.act(
        buyer.caller, coupons.capture_reservation, CaptureReservation(reservation_id, "parcel 1", usd(5_00))
    )


def attempts(one: dict[str, str], money: dict[str, str], keyed: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """An input for each of these mutations, about things of others."""
    remedy = {"remedyId": one["rmd"], "note": "Mine now.", **keyed}
    return {
        "reserveCoupon": {"couponId": one["cpn"], "orderReference": "O-1", "amount": money, **keyed},
        "captureReservation": {"reservationId": one["rsv"], "reference": "parcel 9", **keyed},
        "releaseReservation": {"reservationId": one["rsv"], **keyed},
        "revokeCoupon": {"couponId": one["cpn"], "reason": "Mine now.", **keyed},
        "provideRemedy": remedy,
        "confirmRemedy": remedy,
        "rejectRemedy": remedy,
        "recordRefundPaid": {"refundId": one["rfd"], "reference": "PSP-9", **keyed},
        "recordRefundFailed": {"refundId": one["rfd"], "failure": "Mine now.", **keyed},
        "grantGoodwill": {
            "buyerId": one["buy"], "orderId": one["ord"], "claimId": one["clm"], "amount": money, "reason": "Mine now.",
            **keyed,
        },
    }  # fmt: skip
