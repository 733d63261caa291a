"""What the platform bore of a claim and asked back from the carrier, for tests; and what others would try with it."""

from __future__ import annotations

from typing import Any

from api.operations import carrier_claims, coupons, goodwill, reimbursements
from domain.access import Role
from domain.carriage import Consignment
from domain.carrier_claims import (
    AnswerCarrierClaim,
    CarrierAnswer,
    CollectCarrierClaim,
    OpenCarrierClaim,
    TellCarrier,
)
from domain.coupons import RedeemCoupon
from domain.goodwill import GoodwillBearer, GoodwillForm, GrantGoodwill
from domain.ids import BuyerId, CarrierClaimId, ClaimId, CouponId, LegId, ShipmentId, SupplierId
from domain.reimbursements import RecordReimbursement, Reimburser
from storage.idempotency import Key, fingerprint
from tests.builders import Market, line, usd
from tests.marketplaces import Marketplace, Member

GOODS = Consignment(weight_grams=20_000, packages=1)


async def recovered(
    market: Marketplace, building: Market, buyer: Member, supplier: Member, claim_id: ClaimId
) -> CarrierClaimId:
    """Staff gave 11.00 more in a late claim: an insurer pays 1.00 of it, the carrier accepts 10.00 and pays 4.00."""
    buyer_id = BuyerId(str(buyer.party_id))
    gift = GrantGoodwill(
        buyer_id, None, claim_id, None, GoodwillForm.COUPON, GoodwillBearer.PLATFORM, usd(11_00), "A long wait."
    )
    given = await market.act(market.staff(Role.FINANCE), goodwill.grant_goodwill, gift)
    coupon_id = CouponId(str(given.things["coupon"]))
    spent_on = await building.order(buyer_id, SupplierId(str(supplier.party_id)), [line()])
    spend = Key("gift", fingerprint({"coupon": coupon_id}))
    await building.act(buyer.caller, coupons.redeem_coupon, RedeemCoupon(coupon_id, spent_on, usd(10_00)), key=spend)
    insured = RecordReimbursement(claim_id, Reimburser.INSURER, "Anchor Cover", f"R {claim_id}", usd(1_00), None)
    await building.act(building.staff, reimbursements.record_reimbursement, insured)
    leg = await market.pool.fetchrow(
        market.id,
        "SELECT l.id, l.shipment_id FROM legs l JOIN shipments s ON s.tenant_id = l.tenant_id AND s.id = l.shipment_id"
        " JOIN claims c ON c.tenant_id = s.tenant_id AND c.order_id = s.order_id"
        " WHERE l.tenant_id = $1 AND c.id = $2 ORDER BY l.id LIMIT 1",
        market.id,
        claim_id,
    )
    assert leg is not None
    wish = OpenCarrierClaim(claim_id, ShipmentId(leg["shipment_id"]), LegId(leg["id"]), GOODS)
    opened = await building.act(building.staff, carrier_claims.open_carrier_claim, wish)
    id = CarrierClaimId(str(opened.things["carrierClaim"]))
    await building.act(building.staff, carrier_claims.file_carrier_claim, TellCarrier(id, f"L {id}"))
    answer = AnswerCarrierClaim(id, CarrierAnswer.ACCEPTED, None, None)
    await building.act(building.staff, carrier_claims.answer_carrier_claim, answer)
    paid = CollectCarrierClaim(id, usd(4_00), f"bank {id}")
    await building.act(building.staff, carrier_claims.collect_carrier_claim, paid)
    return id


def attempts(one: dict[str, str], money: dict[str, str], keyed: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """An input for each mutation on carrier claims, about things of others."""
    case = {"carrierClaimId": one["ccl"], **keyed}
    return {
        "openCarrierClaim": {"claimId": one["clm"], "shipmentId": one["shp"], "legId": one["leg"], **keyed},
        "amendCarrierClaim": {**case, "packages": 9},
        "notifyCarrier": case,
        "fileCarrierClaim": {**case, "reference": "Mine"},
        "acknowledgeCarrierClaim": case,
        "answerCarrierClaim": {**case, "answer": "ACCEPTED"},
        "collectCarrierClaim": {**case, "amount": money, "reference": "Mine"},
        "writeOffCarrierClaim": {**case, "reason": "Mine."},
        "recordReimbursement": {
            "claimId": one["clm"], "payer": "INSURER", "payerName": "Eve", "reference": "Mine", "amount": money,
            **keyed,
        },
        "withdrawReimbursement": {"reimbursementId": one["rmb"], "reason": "Mine.", **keyed},
    }  # fmt: skip
