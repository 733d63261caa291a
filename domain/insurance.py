"""Insurance: what an insurer paid a buyer for goods that were lost or came in bad condition (`domain.md` 5, B16).

The money goes from the insurer to the buyer, and the books know nothing of it; but one loss is paid once. A payment
draws on the loss of its order line as claims and chargebacks do: what is left of the loss afterwards is all that a
claim can still give, and so all that parties and carriers can still owe for it.

Laws: a payment never exceeds what is left of the line's loss when it is recorded; a payment that turns out not to have
been made is withdrawn, once, and the loss is open by that much again; the same payment of an insurer for a line is
recorded once.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import reported_payments, texts
from domain.access import Caller, may
from domain.change import Change, Fact, Happening
from domain.errors import Invalid, Problem
from domain.explain import Finding, unmet
from domain.exposure import LOSSES, Loss, LossCause
from domain.ids import BuyerId, InsurancePaymentId, OrderId, OrderLineId
from domain.money import Money
from domain.moves import Move, require
from domain.orders import Order
from domain.reported_payments import PaidFor

INSURED: Final = frozenset(cause for cause, loss in LOSSES.items() if loss is Loss.GOODS)
"""What insurers of goods pay for."""


class InsuranceAction(StrEnum):
    """What can be done with a payment; the value is the mutation's name in capitals."""

    WITHDRAW_INSURANCE_PAYMENT = "WITHDRAW_INSURANCE_PAYMENT"
    """withdrawInsurancePayment: it was not made after all."""


@dataclass(frozen=True, slots=True)
class InsurancePayment:
    """What an insurer paid the buyer for one line; `reference` is the insurer's own."""

    id: InsurancePaymentId
    order_id: OrderId
    line_id: OrderLineId
    buyer_id: BuyerId
    cause: LossCause
    insurer: str
    reference: str
    amount: Money
    paid_at: datetime
    recorded_by: str
    recorded_at: datetime
    withdrawn_at: datetime | None
    withdrawn_because: str | None
    version: int


@dataclass(frozen=True, slots=True)
class RecordInsurancePayment:
    """The insurer has paid that much for the line's loss; `paid_at` is now unless given."""

    order_id: OrderId
    line_id: OrderLineId
    cause: LossCause
    insurer: str
    reference: str
    amount: Money
    paid_at: datetime | None


@dataclass(frozen=True, slots=True)
class WithdrawInsurancePayment:
    """The payment was not made after all, and why."""

    payment_id: InsurancePaymentId
    reason: str


def record_insurance_payment(
    command: RecordInsurancePayment, order: Order, *, recorded_by: str, id: InsurancePaymentId, at: datetime
) -> Change[InsurancePayment]:
    """The payment is recorded; that it draws on the loss is the caller's.

    Refuses with Invalid, naming each: a line of another order, a cause that is no loss of goods, nothing at all,
    another currency than the order's, an instant in the future or before the order, a name or reference that is none.
    """
    paid_at = command.paid_at or at
    if problems := tuple(_problems(command, order, paid_at, at)):
        raise Invalid(*problems)
    payment = InsurancePayment(
        id=id,
        order_id=order.id,
        line_id=command.line_id,
        buyer_id=order.buyer_id,
        cause=command.cause,
        insurer=command.insurer,
        reference=command.reference,
        amount=command.amount,
        paid_at=paid_at,
        recorded_by=recorded_by,
        recorded_at=at,
        withdrawn_at=None,
        withdrawn_because=None,
        version=1,
    )
    return Change(None, payment, (_happening("insurance_payment.recorded", payment),))


def _problems(command: RecordInsurancePayment, order: Order, paid_at: datetime, at: datetime) -> Iterable[Problem]:
    if command.line_id not in {line.id for line in order.lines}:
        yield Problem(("lineId",), "The order has no such line.")
    if command.cause not in INSURED:
        yield Problem(("cause",), f"An insurer of goods pays for {', '.join(sorted(INSURED))}.")
    yield from texts.name_problems(command.insurer, "insurer")
    subject = PaidFor(order.total.currency, order.placed_at)
    yield from reported_payments.problems(command.reference, command.amount, paid_at, subject, at)


def moves(payment: InsurancePayment, caller: Caller, _at: datetime) -> tuple[Move, ...]:
    """What the caller may do with the payment, and why not."""
    findings = (
        Finding("insurance.role", may(caller, "withdrawInsurancePayment"), "insurance_action_of_your_role"),
        Finding("insurance.state", payment.withdrawn_at is None, "insurance_payment_stands"),
    )
    return (Move(InsuranceAction.WITHDRAW_INSURANCE_PAYMENT.value, unmet(findings)),)


def withdraw_insurance_payment(
    payment: InsurancePayment, command: WithdrawInsurancePayment, caller: Caller, at: datetime
) -> Change[InsurancePayment]:
    """The payment was not made; that the loss is open again is the caller's. Refuses one that is withdrawn."""
    require(moves(payment, caller, at), InsuranceAction.WITHDRAW_INSURANCE_PAYMENT.value, "insurance.withdraw")
    after = replace(payment, withdrawn_at=at, withdrawn_because=command.reason, version=payment.version + 1)
    return Change(payment, after, (_happening("insurance_payment.withdrawn", after),))


def _happening(name: str, payment: InsurancePayment) -> Happening:
    facts: dict[str, Fact] = {
        "orderId": payment.order_id,
        "lineId": payment.line_id,
        "cause": payment.cause.value,
        "amountMinor": payment.amount.minor,
        "currency": payment.amount.currency,
    }
    return Happening(name, facts)
