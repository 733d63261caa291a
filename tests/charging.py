"""A merchant on a paid plan, protected, whose buyer's bank takes a payment back; and an appeal that runs; for tests."""

from __future__ import annotations

from typing import Any

from api.operations import (
    appeals,
    chargeback_notices,
    chargebacks,
    insurance,
    membership_choices,
    memberships,
    processors,
    protections,
)
from domain.appeals import Content, DraftAppeal, StepAppeal
from domain.chargeback_notices import NewNotice, NoticeKind
from domain.chargebacks import Category, SubmitEvidencePack
from domain.exposure import LossCause
from domain.ids import AppealId, BuyerId, ChargebackId, PointsEntryId, SupplierId
from domain.insurance import RecordInsurancePayment
from domain.membership_choices import ChooseMembership
from domain.memberships import Plan, RecordCardReceipt, RecordMembership, Scheme
from domain.processors import RegisterProcessor
from domain.protections import ActivateProtection
from tests.builders import Market, line, usd
from tests.marketplaces import Marketplace, Member


async def charged(market: Marketplace, building: Market, buyer: Member, supplier: Member) -> None:
    """The supplier's plan, protection, card payment, chargeback and pack, and a processor."""
    buyer_id, supplier_id = BuyerId(str(buyer.party_id)), SupplierId(str(supplier.party_id))
    plan = RecordMembership(supplier_id, Plan.STANDARD, f"B {supplier_id}")
    await market.act(building.staff, memberships.record_membership, plan)
    await market.act(supplier.caller, protections.activate_protection, ActivateProtection(None))
    await market.act(building.staff, processors.register_processor, RegisterProcessor("Anchor Pay"))
    order_id = await building.order(buyer_id, supplier_id, [line()])
    receipt = RecordCardReceipt(order_id, f"P {order_id}", Scheme.VISA, usd(100_00), None)
    await market.act(building.staff, memberships.record_card_receipt, receipt)
    word = NewNotice(
        event_id=f"E {order_id}",
        kind=NoticeKind.OPENED,
        network_reference=f"N {order_id}",
        scheme=Scheme.VISA,
        category=Category.FRAUD,
        occurred_at=await building.now(),
        payment_reference=f"P {order_id}",
        amount=usd(100_00),
    )
    told = await market.act(building.staff, chargeback_notices.record_chargeback_notice, word)
    pack = SubmitEvidencePack(ChargebackId(str(told.things["chargeback"])), "It was delivered.", ())
    await market.act(supplier.caller, chargebacks.submit_evidence_pack, pack)
    await market.act(supplier.caller, membership_choices.choose_membership, ChooseMembership(None, Plan.PREMIUM))
    insured = await building.order(buyer_id, supplier_id, [line()])
    line_id = await market.pool.fetchval(market.id, "SELECT id FROM order_lines WHERE order_id = $1", insured)
    paid = RecordInsurancePayment(
        insured, line_id, LossCause.CONDITION, "Anchor Cover", f"I {insured}", usd(5_00), None
    )
    await market.act(building.staff, insurance.record_insurance_payment, paid)


async def appealing(market: Marketplace, building: Market, supplier: Member) -> None:
    """The supplier appeals points of its own and is asked about it."""
    entry = await market.pool.fetchval(
        market.id,
        "SELECT id FROM points_entries WHERE tenant_id = $1 AND supplier_id = $2"
        " AND state IN ('PENDING_NOTICE', 'IN_FORCE') ORDER BY id LIMIT 1",
        market.id,
        supplier.party_id,
    )
    said = Content("It was not us.", "A late lorry.", "Another carrier.", "We measure it now.")
    wish = DraftAppeal(PointsEntryId(entry), (), said)
    drafted = await market.act(supplier.caller, appeals.draft_appeal, wish)
    step = StepAppeal(AppealId(str(drafted.things["appeal"])), "Where is the report?")
    await market.act(supplier.caller, appeals.file_appeal, step)
    reviewer = building.staff
    for operation in (appeals.admit_appeal, appeals.take_appeal, appeals.request_appeal_information):
        await market.act(reviewer, operation, step)


def charging_attempts(one: dict[str, str], money: dict[str, str], keyed: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """For every mutation here that takes an id: an input that is well formed."""
    charge = {"chargebackId": one["cbk"], **keyed}
    appeal = {"appealId": one["apl"], **keyed}
    said = {"grounds": "Mine.", "rootCause": "Mine.", "correction": "Mine.", "prevention": "Mine."}
    return {
        "recordMembership": {"supplierId": one["sup"], "plan": "PREMIUM", "reference": "Mine", **keyed},
        "recordCardReceipt": {
            "orderId": one["ord"], "paymentReference": "Mine", "scheme": "VISA", "amount": money, **keyed,
        },
        "chooseMembership": {"supplierId": one["sup"], "plan": "STANDARD", **keyed},
        "recordInsurancePayment": {
            "orderId": one["ord"], "lineId": one["lin"], "cause": "CONDITION", "insurer": "Eve", "reference": "Mine",
            "amount": money, **keyed,
        },
        "withdrawInsurancePayment": {"insurancePaymentId": one["inp"], "reason": "Mine.", **keyed},
        "activateProtection": {"supplierId": one["sup"]},
        "pauseProtection": {"protectionId": one["ptn"]},
        "resumeProtection": {"protectionId": one["ptn"]},
        "endProtection": {"protectionId": one["ptn"]},
        "rotateProcessorSecret": {"processorId": one["prc"]},
        "revokeProcessor": {"processorId": one["prc"]},
        "matchChargebackNotice": {"noticeId": one["cbn"], "orderId": one["ord"], **keyed},
        "acceptChargeback": charge,
        "submitEvidencePack": {**charge, "statement": "Mine."},
        "representChargeback": charge,
        "returnEvidencePack": {**charge, "note": "Mine."},
        "contestPreArbitration": charge,
        "draftAppeal": {"subjectId": one["clm"], "content": said, **keyed},
        "amendAppeal": {**appeal, "content": said},
        "fileAppeal": appeal,
        "admitAppeal": appeal,
        "dismissAppeal": {**appeal, "note": "Mine."},
        "takeAppeal": appeal,
        "requestAppealInformation": {**appeal, "note": "Mine."},
        "answerAppealRequest": {**appeal, "answer": "Mine."},
        "respondToAppeal": {**appeal, "statement": "Mine."},
        "decideAppeal": {**appeal, "undone": ["MONEY"], "note": "Mine."},
    }  # fmt: skip
