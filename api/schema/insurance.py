"""Payments of insurers in GraphQL: what was paid to a buyer for a loss from outside the marketplace."""

from datetime import datetime

import strawberry

from api.operations import insurance
from api.schema.buyers import Buyer
from api.schema.connection import Connection, listing, point
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.orders import Order, OrderLine
from api.schema.organisations import KEY, VERSION, ByAge
from api.schema.scalars import Money, MoneyInput
from domain.exposure import LossCause
from domain.ids import InsurancePaymentId, OrderId, OrderLineId
from domain.insurance import InsuranceAction, RecordInsurancePayment, WithdrawInsurancePayment
from domain.texts import NAME_CHARACTERS_MAX

described(InsuranceAction)


@strawberry.input(description="Which payments. What is left out does not matter; conditions add up.")
class InsurancePaymentFilter:
    """The filters of `storage/views/insurance.py`."""

    order_id: strawberry.ID | None = strawberry.field(default=None, description="For this order.")
    buyer_id: strawberry.ID | None = strawberry.field(default=None, description="To this buyer.")


@strawberry.type(description="An action on a payment that is not possible now for the viewer, and why.")
class BlockedInsuranceAction:
    """`domain.moves.Move`."""

    action: InsuranceAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="When time ends it; null where it does not.")


@strawberry.type(
    description="What an insurer paid a buyer for one line's goods that were lost or came in bad condition. It draws "
    "on the same loss as claims and chargebacks: what it made good, nobody pays or owes a second time."
)
class InsurancePayment(Node):
    """`domain.insurance.InsurancePayment`."""

    order: Order | None = strawberry.field(description="The order; null when hidden from the viewer.")
    line: OrderLine | None = strawberry.field(description="The line whose goods were insured.")
    buyer: Buyer | None = strawberry.field(description="Who was paid.")
    cause: LossCause = strawberry.field(description="What the buyer lost by.")
    insurer: str = strawberry.field(description="Who paid.")
    reference: str = strawberry.field(description="The insurer's own number of the payment.")
    amount: Money = strawberry.field(description="How much.")
    paid_at: datetime = strawberry.field(description="When.")
    recorded_at: datetime = strawberry.field(description="When it was recorded here.")
    recorded_by: str | None = strawberry.field(description="By whom; for staff.")
    withdrawn_at: datetime | None = strawberry.field(
        description="When it turned out not to have been made; null while it stands."
    )
    withdrawn_because: str | None = strawberry.field(description="Why it was withdrawn; for staff.")
    available_actions: list[InsuranceAction] = strawberry.field(description="What the viewer may do with it now.")
    blocked_actions: list[BlockedInsuranceAction] = strawberry.field(
        description="What the viewer may not do with it now, and why."
    )
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.input(description="An insurer paid a buyer for the goods of a line.")
class RecordInsurancePaymentInput:
    """→ `domain.insurance.RecordInsurancePayment`."""

    order_id: strawberry.ID = strawberry.field(description="The order.")
    line_id: strawberry.ID = strawberry.field(description="Its line whose goods were lost or came in bad condition.")
    cause: LossCause = strawberry.field(description="What the buyer lost by: NON_RECEIPT or CONDITION.")
    insurer: str = strawberry.field(description="Who paid, at most 200 characters.")
    reference: str = strawberry.field(
        description="The insurer's own number of the payment, at most 100 characters; recorded once per line."
    )
    amount: MoneyInput = strawberry.field(
        description="How much, in the order's currency, and at most what is left of the line's loss."
    )
    paid_at: datetime | None = strawberry.field(default=None, description="When; now if left out.")
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> RecordInsurancePayment:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = RecordInsurancePayment(
            read.id(OrderId, self.order_id, "orderId"),
            read.id(OrderLineId, self.line_id, "lineId"),
            self.cause,
            read.line(self.insurer, "insurer", most=NAME_CHARACTERS_MAX),
            read.reference(self.reference, "reference"),
            read.money(self.amount, "amount"),
            self.paid_at,
        )
        read.done()
        return command


@strawberry.input(description="A payment of an insurer was not made after all.")
class WithdrawInsurancePaymentInput:
    """→ `domain.insurance.WithdrawInsurancePayment`."""

    insurance_payment_id: strawberry.ID = strawberry.field(description="The payment.")
    reason: str = strawberry.field(description="Why, at most 4,000 characters.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> WithdrawInsurancePayment:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = WithdrawInsurancePayment(
            read.id(InsurancePaymentId, self.insurance_payment_id, "insurancePaymentId"),
            read.required_note(self.reason, "reason"),
        )
        read.done()
        return command


@strawberry.type(description="The payment, or why nothing changed.")
class InsurancePaymentPayload:
    """What the mutations of insurers' payments answer."""

    insurance_payment: InsurancePayment | None = strawberry.field(
        description="The payment as it is now; null when nothing changed."
    )
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class InsuranceQueries:
    """Reading payments of insurers."""

    insurance_payment: InsurancePayment | None = point(
        "The payment of that id; null when there is none for the viewer.", of="insurer's payment"
    )
    insurance_payments: Connection[InsurancePayment] = listing(
        "The payments of insurers the viewer may see: a buyer its own, a liable party those on orders on which it has "
        "a claim to answer, staff all.",
        filter=InsurancePaymentFilter,
        order=ByAge,
    )


@strawberry.type
class InsuranceMutations:
    """What can be done with payments of insurers."""

    record_insurance_payment: InsurancePaymentPayload = mutation(
        insurance.record_insurance_payment,
        RecordInsurancePaymentInput,
        keyed=True,
        description="An insurer paid a buyer for the goods of a line: the line's loss is made good by that much, for "
        "claims, chargebacks, parties and carriers alike. Refused above what is left of the loss.",
    )
    withdraw_insurance_payment: InsurancePaymentPayload = mutation(
        insurance.withdraw_insurance_payment,
        WithdrawInsurancePaymentInput,
        keyed=True,
        description="The payment was not made after all: the line's loss is open by that much again.",
    )
