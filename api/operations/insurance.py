"""Payments of insurers: recorded against the loss of an order's line, and withdrawn.

Locks: the order first, then its exposures. No money of the marketplace moves: the insurer pays the buyer.
"""

from api.operations import exposure
from domain import access, insurance
from domain.exposure import DrawnBy
from domain.ids import InsurancePaymentId
from domain.insurance import RecordInsurancePayment, WithdrawInsurancePayment
from storage import insurance as payment_rows
from storage import orders as order_rows
from storage.unit_of_work import Outcome, Work


async def record_insurance_payment(work: Work, command: RecordInsurancePayment) -> Outcome:
    """The payment is on record, and the loss of the line is made good by that much.

    Refuses with Invalid what is no payment for a line of the order, with Refused (`exposure.draw`) what is above what
    is left of the loss, with Conflict a payment that was recorded.
    """
    access.require(work.caller, "recordInsurancePayment")
    order = await order_rows.lock(work.connection, work.tenant_id, command.order_id)
    change = insurance.record_insurance_payment(
        command, order, recorded_by=work.caller.actor_id, id=work.new_id(InsurancePaymentId), at=work.at
    )
    payment = change.after
    await work.keep(change)
    drawn = {payment.line_id: payment.amount}
    await exposure.draw(work, order, payment.cause, DrawnBy.INSURANCE, drawn, payment.id)
    return Outcome({"insurancePayment": payment.id})


async def withdraw_insurance_payment(work: Work, command: WithdrawInsurancePayment) -> Outcome:
    """The payment was not made after all: the loss is open by that much again. Refuses one that is withdrawn."""
    access.require(work.caller, "withdrawInsurancePayment")
    seen = await payment_rows.get(work.connection, work.tenant_id, command.payment_id)
    await order_rows.lock(work.connection, work.tenant_id, seen.order_id)
    payment = await payment_rows.lock(work.connection, work.tenant_id, seen.id)
    work.expect(payment)
    await work.keep(insurance.withdraw_insurance_payment(payment, command, work.caller, work.at))
    await exposure.release(work, payment.id)
    return Outcome({"insurancePayment": payment.id})
