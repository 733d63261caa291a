"""What insurers pay counts towards the loss: nobody pays a second time, and nobody owes what the insurer made good."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from api.operations import claims, insurance, reimbursements
from domain.access import Role, ViewerKind
from domain.claims import AnswerClaim, ClaimOutcome, DecideClaim, LineWish
from domain.errors import Conflict, Forbidden, Invalid, Refused
from domain.exposure import LossCause
from domain.ids import InsurancePaymentId, OrderId, OrderLineId, ReimbursementId
from domain.insurance import RecordInsurancePayment, WithdrawInsurancePayment
from domain.liability import Bearer, Share
from domain.reimbursements import RecordReimbursement, Reimburser, WithdrawReimbursement
from domain.remedies import RemedyKind
from tests.api.test_claims import refused, story
from tests.api.test_remedies import Losses, losses
from tests.builders import usd
from tests.marketplaces import Asking

__all__ = ["losses", "story"]


async def line_of(losses: Losses, order_id: OrderId) -> OrderLineId:
    return (await losses.read_order(order_id)).lines[0].id


async def pay(
    losses: Losses, order_id: OrderId, minor: int, reference: str = "A1", **changes: Any
) -> InsurancePaymentId:
    given: dict[str, Any] = {
        "cause": LossCause.NON_RECEIPT,
        "insurer": "Anchor Cover",
        "amount": usd(minor),
        "line_id": await line_of(losses, order_id),
        "paid_at": None,
    }
    wish = RecordInsurancePayment(order_id=order_id, reference=reference, **(given | changes))
    made = await losses.market.act(losses.market.staff, insurance.record_insurance_payment, wish)
    return InsurancePaymentId(str(made.things["insurancePayment"]))


async def withdraw(losses: Losses, id: InsurancePaymentId) -> None:
    wish = WithdrawInsurancePayment(id, "The cheque bounced.")
    await losses.market.act(losses.market.staff, insurance.withdraw_insurance_payment, wish)


async def test_what_an_insurer_paid_neither_claims_nor_parties_pay_again(losses: Losses, ask: Asking) -> None:
    claim = await losses.lost(300_00)
    order_id = OrderId(claim.order_id)
    given = {
        "orderId": order_id,
        "lineId": await line_of(losses, order_id),
        "cause": "NON_RECEIPT",
        "insurer": "Anchor Cover",
        "reference": "A1",
        "amount": {"amount": "120.00", "currency": "USD"},
        "idempotencyKey": "A1",
    }
    shown = "insurancePayment { id amount { amount } line { id } availableActions }"
    made = await ask.mutate(losses.market.staff, "recordInsurancePayment", shown, **given)
    assert made["userErrors"] == []
    assert made["insurancePayment"]["availableActions"] == ["WITHDRAW_INSURANCE_PAYMENT"]
    paid = InsurancePaymentId(made["insurancePayment"]["id"])
    assert await refused(pay(losses, order_id, 180_01, "A2")) == ["exposure_suffices"]
    await losses.market.act(losses.supplier, claims.contest_claim, AnswerClaim(claim.id, "It was shipped."))
    wish = DecideClaim(claim.id, ClaimOutcome.GRANTED, "Lost.")
    assert await refused(losses.market.act(losses.market.staff, claims.decide_claim, wish)) == ["exposure_suffices"]
    await withdraw(losses, paid)
    assert await refused(withdraw(losses, paid)) == ["insurance_payment_stands"]
    await losses.market.act(losses.market.staff, claims.decide_claim, wish)
    (recovery,) = await losses.recoveries(claim)
    assert recovery.due == usd(300_00)
    assert await refused(pay(losses, order_id, 1, "A3")) == ["exposure_suffices"]  # the claim made all of it good
    text = """query($order: ID!) { insurancePayments(first: 2, filter: {orderId: $order}) { nodes {
      insurer reference amount { amount } withdrawnAt recordedBy availableActions } } }"""
    for caller in (losses.story.buyer, losses.supplier, losses.market.staff):
        nodes = (await ask(caller, text, order=order_id))["insurancePayments"]["nodes"]
        is_staff = caller.viewer is ViewerKind.STAFF
        seen = [(each["insurer"], each["availableActions"], each["recordedBy"] is not None) for each in nodes]
        assert seen == [("Anchor Cover", [], is_staff)]
    assert await losses.story.faults() == []


async def test_a_claim_gives_and_its_party_owes_what_the_insurer_left(losses: Losses) -> None:
    claim = await losses.lost(300_00)
    order_id = OrderId(claim.order_id)
    await pay(losses, order_id, 120_00)
    await losses.market.act(losses.supplier, claims.contest_claim, AnswerClaim(claim.id, "It was shipped."))
    rest = LineWish(await line_of(losses, order_id), RemedyKind.REFUND_PARTIAL, usd(180_00))
    wish = DecideClaim(claim.id, ClaimOutcome.PARTLY, "The insurer paid the rest.", lines=(rest,))
    await losses.market.act(losses.market.staff, claims.decide_claim, wish)
    (recovery,) = await losses.recoveries(claim)
    assert ((await losses.refund(claim)).amount, recovery.due) == (usd(180_00), usd(180_00))
    (exposure,) = await losses.exposures(order_id)
    assert exposure.left == usd(0)
    assert await losses.story.faults() == []


async def test_a_party_accepts_a_claim_for_what_the_insurer_left_of_it(losses: Losses) -> None:
    claim, over = await losses.lost(300_00), await losses.lost(50_00)
    await pay(losses, OrderId(claim.order_id), 120_00)
    await pay(losses, OrderId(over.order_id), 50_00)
    await losses.market.act(losses.supplier, claims.accept_claim, AnswerClaim(claim.id, "We lost it."))
    (recovery,) = await losses.recoveries(claim)
    assert ((await losses.refund(claim)).amount, recovery.due) == (usd(180_00), usd(180_00))
    accepted = losses.market.act(losses.supplier, claims.accept_claim, AnswerClaim(over.id, None))
    assert await refused(accepted) == ["exposure_suffices"]  # all of it was made good
    assert await losses.story.faults() == []


async def test_of_payments_at_once_no_more_is_recorded_than_was_lost(losses: Losses) -> None:
    order_id = await losses.order(100_00)
    made = await asyncio.gather(
        *(pay(losses, order_id, 60_00, f"A{number}") for number in range(3)), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in made) == ["InsurancePaymentId", "Refused", "Refused"]
    (exposure,) = await losses.exposures(order_id)
    assert (exposure.drawn, exposure.left) == (usd(60_00), usd(40_00))


async def test_what_is_no_payment_for_the_line_is_refused_with_every_reason(losses: Losses) -> None:
    order_id, other = await losses.order(100_00), await losses.order(100_00)
    with pytest.raises(Invalid) as wrong:
        await pay(
            losses, order_id, 0, "", line_id=await line_of(losses, other), cause=LossCause.LATENESS, insurer=" \n"
        )
    assert [".".join(problem.field) for problem in wrong.value.problems] == [
        "lineId",
        "cause",
        "insurer",
        "reference",
        "amount.amount",
    ]
    await pay(losses, order_id, 1_00)
    with pytest.raises(Conflict):
        await pay(losses, order_id, 1_00)
    wish = RecordInsurancePayment(
        order_id, await line_of(losses, order_id), LossCause.CONDITION, "Anchor", "A9", usd(1), None
    )
    for caller in (losses.story.buyer, losses.supplier, losses.market.caller(Role.SUPPORT)):
        with pytest.raises(Forbidden):
            await losses.market.act(caller, insurance.record_insurance_payment, wish)
    with pytest.raises(Refused):
        await pay(losses, order_id, 99_01, "A4", cause=LossCause.CONDITION)  # goods are lost once


async def test_what_is_paid_back_to_the_marketplace_is_no_loss_of_its_own_any_more(losses: Losses, ask: Asking) -> None:
    claim = await losses.lost(300_00)
    await losses.market.act(losses.supplier, claims.contest_claim, AnswerClaim(claim.id, "It was shipped."))
    shares = (Share(Bearer.SUPPLIER, 4_000), Share(Bearer.PLATFORM, 6_000))
    wish = DecideClaim(claim.id, ClaimOutcome.GRANTED, "Lost.", shares=shares)
    await losses.market.act(losses.market.staff, claims.decide_claim, wish)

    def paid(minor: int, reference: str, payer: Reimburser = Reimburser.INSURER) -> RecordReimbursement:
        return RecordReimbursement(claim.id, payer, "Anchor Cover", reference, usd(minor), None)

    async def record(wish: RecordReimbursement) -> ReimbursementId:
        made = await losses.market.act(losses.market.staff, reimbursements.record_reimbursement, wish)
        return ReimbursementId(str(made.things["reimbursement"]))

    async def account() -> list[str]:
        shown = "givenToBuyer chargedToParty recoveredFromCarriers reimbursed borneByPlatform".split()
        parts = " ".join(f"{name} {{ amount }}" for name in shown)
        text = f"query($id: ID!) {{ lossAccount(claimId: $id) {{ {parts} }} }}"
        found = (await ask(losses.market.staff, text, id=claim.id))["lossAccount"]
        return [found[name]["amount"] for name in shown]

    assert await account() == ["300.00", "120.00", "0.00", "0.00", "180.00"]
    assert await refused(record(paid(180_01, "R1"))) == ["reimbursement_within_borne"]
    first = await record(paid(100_00, "R1"))
    with pytest.raises(Conflict):
        await record(paid(1_00, "R1"))
    with pytest.raises(Invalid) as wrong:
        await record(paid(0, " \n"))
    assert [".".join(problem.field) for problem in wrong.value.problems] == ["reference", "amount.amount"]
    await record(paid(80_00, "R2", Reimburser.CARRIER))
    assert await account() == ["300.00", "120.00", "0.00", "180.00", "0.00"]
    assert await refused(record(paid(1, "R3"))) == ["reimbursement_within_borne"]
    (exposure,) = await losses.exposures(OrderId(claim.order_id))
    assert exposure.drawn == usd(300_00)  # the buyer got nothing of it
    (recovery,) = await losses.recoveries(claim)
    assert recovery.due == usd(120_00)  # and the party owes what it owed

    given = {"reimbursementId": first, "reason": "The cheque bounced.", "idempotencyKey": "W1"}
    gone = await ask.mutate(losses.market.staff, "withdrawReimbursement", "reimbursement { availableActions }", **given)
    assert (gone["userErrors"], gone["reimbursement"]["availableActions"]) == ([], [])
    again = WithdrawReimbursement(first, "Twice.")
    act = losses.market.act(losses.market.staff, reimbursements.withdraw_reimbursement, again)
    assert await refused(act) == ["reimbursement_stands"]
    assert await account() == ["300.00", "120.00", "0.00", "80.00", "100.00"]
    assert await losses.story.faults() == []
    text = """query($claim: ID!) {
      reimbursements(first: 3, filter: {claimId: $claim}) { nodes { payer amount { amount } withdrawnAt } }
      ledgerTransfers(first: 9, filter: {claimId: $claim}) { nodes { event reimbursement { id } } } }"""
    shown = await ask(losses.market.staff, text, claim=claim.id)
    assert [each["payer"] for each in shown["reimbursements"]["nodes"]] == ["CARRIER", "INSURER"]
    caused = [each["event"] for each in shown["ledgerTransfers"]["nodes"] if each["reimbursement"] is not None]
    assert sorted(caused) == ["REIMBURSED", "REIMBURSED", "REIMBURSEMENT_RETURNED"]
    for caller in (losses.story.buyer, losses.supplier, losses.market.caller(Role.SUPPORT)):
        with pytest.raises(Forbidden):
            await losses.market.act(caller, reimbursements.record_reimbursement, paid(1, "R4"))
