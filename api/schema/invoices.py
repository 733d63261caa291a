"""Invoices in GraphQL: what a liable party is asked to pay, and the payments that came in."""

from datetime import datetime
from enum import StrEnum

import strawberry

from api.operations import collection
from api.schema.claims import Claim
from api.schema.connection import Connection, connection, listing, point
from api.schema.coupons import Coupon
from api.schema.enums import described
from api.schema.errors import UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import KEY
from api.schema.parties import LiableParty
from api.schema.payouts import liable_party
from api.schema.recoveries import Recovery
from api.schema.rules import RuleVersion
from api.schema.scalars import Money, MoneyInput
from domain.ids import InvoiceId
from domain.invoices import InvoiceState, RecordPartyPayment

described(InvoiceState)


class InvoiceOrder(StrEnum):
    """Orders of a list of invoices."""

    NEWEST_FIRST = "NEWEST_FIRST"
    """By issue, the latest first."""
    OLDEST_FIRST = "OLDEST_FIRST"
    """By issue, the earliest first."""


class PartyPaymentOrder(StrEnum):
    """Orders of a list of payments."""

    NEWEST_FIRST = "NEWEST_FIRST"
    """The latest first."""
    OLDEST_FIRST = "OLDEST_FIRST"
    """The earliest first."""


described(InvoiceOrder)
described(PartyPaymentOrder)


@strawberry.input(description="Which invoices. What is left out does not matter; conditions add up.")
class InvoiceFilter:
    """The fields are the filters of `storage/views/recoveries.py`."""

    states: list[InvoiceState] | None = strawberry.field(default=None, description="In one of these states.")
    liable_party_id: strawberry.ID | None = strawberry.field(default=None, description="To this supplier or provider.")


@strawberry.input(description="Which payments. What is left out does not matter; conditions add up.")
class PartyPaymentFilter:
    """The fields are the filters of `storage/views/recoveries.py`."""

    liable_party_id: strawberry.ID | None = strawberry.field(default=None, description="Of this supplier or provider.")


@strawberry.type(description="What one recovery asks for on an invoice.")
class InvoiceLine(Node):
    """`domain.invoices.InvoiceLine`."""

    position: int = strawberry.field(description="Its place on the invoice, from 1.")
    amount: Money = strawberry.field(description="What was asked for.")
    settled: Money = strawberry.field(
        description="What of it is not asked for any more: paid, kept back, drawn, reversed, disputed or given up."
    )
    recovery: Recovery | None = strawberry.field(description="What is owed.")
    claim: Claim | None = strawberry.field(description="The claim behind it.")
    coupon: Coupon | None = strawberry.field(description="The coupon behind it, where the viewer may see it.")


@strawberry.type(description="What a liable party is asked to pay until a day, line by line.")
class Invoice(Node):
    """`domain.invoices.Invoice`."""

    number: str = strawberry.field(description="Its number for people.")
    liable_party: LiableParty | None = strawberry.field(description="Who is to pay it.")
    state: InvoiceState = strawberry.field(description="Where it stands.")
    total: Money = strawberry.field(description="What it asked for.")
    open: Money = strawberry.field(description="What it still asks for.")
    lines: Connection[InvoiceLine] = connection("What it asks for, in its order.")
    rule_version: RuleVersion | None = strawberry.field(description="The rule about collecting that it follows.")
    issued_at: datetime = strawberry.field(description="When it was issued.")
    due_at: datetime = strawberry.field(description="Its last instant.")
    overdue_at: datetime | None = strawberry.field(description="Since when it is overdue; null if it never was.")
    ended_at: datetime | None = strawberry.field(description="When nothing was open any more; null until then.")
    version: int = strawberry.field(description="Grows by one with each change.")


@strawberry.type(description="Money with which a liable party paid what it owed. It never changes.")
class PartyPayment(Node):
    """`domain.invoices.PartyPayment`."""

    liable_party: LiableParty | None = strawberry.field(description="Who paid.")
    invoice: Invoice | None = strawberry.field(description="The invoice that it named; null where it named none.")
    reference: str = strawberry.field(description="The bank's reference.")
    amount: Money = strawberry.field(description="How much.")
    received_at: datetime = strawberry.field(description="When it was recorded.")
    version: int = strawberry.field(description="Always 1.")


@strawberry.input(description="A liable party's money came in.")
class RecordPartyPaymentInput:
    """→ `domain.invoices.RecordPartyPayment`."""

    liable_party_id: strawberry.ID = strawberry.field(description="The supplier or provider.")
    amount: MoneyInput = strawberry.field(description="How much, above zero and no more than is owed.")
    reference: str = strawberry.field(description="The bank's reference, at most 100 characters; recorded once.")
    invoice_id: strawberry.ID | None = strawberry.field(
        default=None, description="The invoice it pays; what the party owes, the oldest first, when left out."
    )
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> RecordPartyPayment:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        party_id = liable_party(read, self.liable_party_id)
        amount = read.money(self.amount, "amount")
        invoice_id = read.optional_id(InvoiceId, self.invoice_id, "invoiceId")
        reference = read.reference(self.reference, "reference")
        read.done()
        return RecordPartyPayment(party_id, amount, reference, invoice_id)


@strawberry.type(description="The payment, or why nothing changed.")
class PartyPaymentPayload:
    """What `recordPartyPayment` answers."""

    payment: PartyPayment | None = strawberry.field(description="The payment; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class InvoiceQueries:
    """Reading invoices and payments."""

    invoice: Invoice | None = point("The invoice of that id; null when there is none for the viewer.", of="invoice")
    invoices: Connection[Invoice] = listing(
        "The invoices the viewer may see: a liable party its own, staff all.", filter=InvoiceFilter, order=InvoiceOrder
    )
    party_payment: PartyPayment | None = point(
        "The payment of that id; null when there is none for the viewer.", of="payment"
    )
    party_payments: Connection[PartyPayment] = listing(
        "The payments the viewer may see: a liable party its own, staff all.",
        filter=PartyPaymentFilter,
        order=PartyPaymentOrder,
    )


@strawberry.type
class InvoiceMutations:
    """What can be done about invoices."""

    record_party_payment: PartyPaymentPayload = mutation(
        collection.record_party_payment,
        RecordPartyPaymentInput,
        keyed=True,
        description="A liable party's money came in and pays the invoice named, or what it owes, the oldest first. "
        "Refused above what is owed. An overdue invoice that is paid frees the party at once.",
    )
