"""Orders in GraphQL: what the marketplace's shop system reports of them, and what everybody concerned can read."""

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.operations import orders
from api.schema.buyers import Buyer
from api.schema.connection import Connection, connection, listing, point
from api.schema.enrolments import Guarantee
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import KEY, VERSION, ByAge
from api.schema.personal import Personal
from api.schema.scalars import CountryCode, CurrencyCode, Money, MoneyInput
from api.schema.suppliers import Supplier
from domain import money
from domain.ids import BuyerId, GuaranteeId, OrderId, QuoteId, SupplierId
from domain.orders import (
    Address,
    CancelOrder,
    ChangeAddress,
    CompleteOrder,
    NewLine,
    OrderAction,
    OrderState,
    RecordCharge,
    RecordOrder,
    RecordPayment,
    RecordRefund,
)

if TYPE_CHECKING:
    from api.schema.claims import Claim, ClaimDuty
    from api.schema.coverage import Coverage
    from api.schema.exposure import Exposure
    from api.schema.holds import HeldClock
    from api.schema.quotes import Quote
    from api.schema.remedies import Refund
    from api.schema.service_requests import ServiceRequest
    from api.schema.shipments import Shipment

described(OrderState)
described(OrderAction)


@strawberry.input(description="Which orders. What is left out does not matter; conditions add up.")
class OrderFilter:
    """The fields are the filters of `storage/views/orders.py`."""

    states: list[OrderState] | None = strawberry.field(default=None, description="In one of these states.")
    buyer_id: strawberry.ID | None = strawberry.field(default=None, description="Of this buyer.")
    supplier_id: strawberry.ID | None = strawberry.field(default=None, description="Of this supplier.")
    reference: str | None = strawberry.field(default=None, description="With this number of the shop system.")
    placed_from: datetime | None = strawberry.field(default=None, description="Placed at this instant or later.")
    placed_before: datetime | None = strawberry.field(default=None, description="Placed before this instant.")


@strawberry.type(description="An action on an order that is not possible now for the viewer, and why.")
class BlockedOrderAction:
    """`domain.moves.Move`."""

    action: OrderAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="When time ends it; null where it does not.")


@strawberry.type(description="Where an order is delivered. Personal data: reading it leaves an audit row.")
class DeliveryAddress:
    """`domain.orders.Address`."""

    recipient: str = strawberry.field(description="Who receives the goods.")
    street: str = strawberry.field(description="Street and number.")
    city: str = strawberry.field(description="Town or city.")
    postal_code: str | None = strawberry.field(description="Postal code, where the country has them.")
    region: str | None = strawberry.field(description="State, province or county.")
    country: CountryCode = strawberry.field(description="The country.")


@strawberry.type(description="A line of an order.")
class OrderLine(Node):
    """`domain.orders.OrderLine`."""

    order: Annotated["Order", strawberry.lazy("api.schema.orders")] | None = strawberry.field(description="The order.")
    position: int = strawberry.field(description="Its place in the order, from 1.")
    reference: str | None = strawberry.field(description="The shop system's number of the line.")
    description: str = strawberry.field(description="What was bought.")
    quantity: int = strawberry.field(description="How many pieces.")
    value: Money = strawberry.field(description="What the whole line costs, without freight.")
    serviced: bool = strawberry.field(description="Whether it carries the machinery after-sales service.")
    ship_by_at: datetime | None = strawberry.field(
        description="The last instant of the day by which it is to be sent; null where none was agreed."
    )
    promised_at: datetime | None = strawberry.field(
        description="The last instant of the promised day; never overwritten, whatever is estimated later."
    )
    promised_zone: str = strawberry.field(
        description="The time zone in which that day ends, of the IANA database: that of the country of delivery."
    )
    declared: Money | None = strawberry.field(
        description="What it was declared to be worth on the way; null: its value."
    )
    disclosed_defects: bool = strawberry.field(description="Whether slight defects were told before the sale.")
    standard_stated: bool = strawberry.field(description="Whether a standard was agreed that it can be held against.")
    shipment: Annotated["Shipment", strawberry.lazy("api.schema.shipments")] | None = strawberry.field(
        description="The shipment that carries it; null before it leaves."
    )
    delivered_at: datetime | None = strawberry.field(description="When it arrived; null while it has not.")
    exposures: Connection[Annotated["Exposure", strawberry.lazy("api.schema.exposure")]] = connection(
        "What each loss on it can cost at most, and what was paid for it by whatever way."
    )


@strawberry.type(description="An order, as the marketplace's shop system reported it.")
class Order(Node):
    """`domain.orders.Order`."""

    reference: str = strawberry.field(description="The shop system's order number.")
    buyer: Buyer | None = strawberry.field(description="Who bought.")
    supplier: Supplier | None = strawberry.field(description="Who sold.")
    state: OrderState = strawberry.field(description="Where it stands.")
    total: Money = strawberry.field(description="What it costs: the sum of its lines, without freight.")
    refunded: Money = strawberry.field(description="What was given back so far.")
    locked: Money | None = strawberry.field(
        description="The all-in total that was promised, transport included, before what the buyer's own level takes "
        "off; null where no price was locked."
    )
    charged: Money | None = strawberry.field(
        description="What was charged in sum since, counted like `locked`; null while nobody said."
    )
    quantity_changed_at: datetime | None = strawberry.field(
        description="When the buyer last changed a quantity after payment; a locked price ends with that."
    )
    buyer_transport: bool = strawberry.field(description="Whether the buyer arranges the transport itself.")
    quote: Annotated["Quote", strawberry.lazy("api.schema.quotes")] | None = strawberry.field(
        description="The accepted quote that it is bought with; null where there is none, and for whom it is not."
    )
    country: CountryCode = strawberry.field(description="Where it is delivered.")
    address: DeliveryAddress | None = strawberry.field(
        description="Where exactly; for staff, its buyer and whoever carries it. Reading it leaves an audit row.",
        directives=[Personal()],
    )
    address_changed_at: datetime | None = strawberry.field(
        description="When the address last changed after payment; promises may end with that."
    )
    guarantees: list[Guarantee] = strawberry.field(description="What it was bought with.")
    lines: Connection[OrderLine] = connection("What was bought, in the order of the shop system.")
    shipments: Connection[Annotated["Shipment", strawberry.lazy("api.schema.shipments")]] = connection(
        "What is on its way or arrived.", order=ByAge
    )
    coverages: Connection[Annotated["Coverage", strawberry.lazy("api.schema.coverage")]] = connection(
        "The guarantees' covers, frozen at payment."
    )
    claims: Connection[Annotated["Claim", strawberry.lazy("api.schema.claims")]] = connection("The claims about it.")
    refunds: Connection[Annotated["Refund", strawberry.lazy("api.schema.remedies")]] = connection(
        "What is or was to be given back of it by claims and goodwill."
    )
    exposures: Connection[Annotated["Exposure", strawberry.lazy("api.schema.exposure")]] = connection(
        "What each loss on its lines can cost at most, and what was paid for it by whatever way."
    )
    holds: Connection[Annotated["HeldClock", strawberry.lazy("api.schema.holds")]] = connection(
        "Clocks about it that force majeure stopped, reversed holds included."
    )
    service_requests: Connection[Annotated["ServiceRequest", strawberry.lazy("api.schema.service_requests")]] = (
        connection("The services that were asked for under its covers.")
    )
    duties: list[Annotated["ClaimDuty", strawberry.lazy("api.schema.claims")]] = strawberry.field(
        description="Everything that somebody must do about its claims and services, as far as the "
        "viewer sees it, the nearest due first."
    )
    available_actions: list[OrderAction] = strawberry.field(
        description="What the viewer may do now: each mutation will not be refused for state, time or role."
    )
    blocked_actions: list[BlockedOrderAction] = strawberry.field(description="What the viewer may not do now, and why.")
    placed_at: datetime = strawberry.field(description="When it was placed.")
    paid_at: datetime | None = strawberry.field(description="When its payment arrived; null before.")
    completed_at: datetime | None = strawberry.field(description="When the sale was over.")
    cancelled_at: datetime | None = strawberry.field(description="When it was cancelled.")
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.input(description="Where an order is delivered.")
class DeliveryAddressInput:
    """→ `domain.orders.Address`."""

    recipient: str = strawberry.field(description="Who receives the goods.")
    street: str = strawberry.field(description="Street and number.")
    city: str = strawberry.field(description="Town or city.")
    postal_code: str | None = strawberry.field(default=None, description="Postal code, where the country has them.")
    region: str | None = strawberry.field(default=None, description="State, province or county.")
    country: CountryCode = strawberry.field(description="The country.")

    def address(self, read: Reader) -> Address:
        """The address; what is wrong with it is collected by `read`."""
        return Address(
            recipient=read.name(self.recipient, "address", "recipient"),
            street=read.name(self.street, "address", "street"),
            city=read.name(self.city, "address", "city"),
            postal_code=None if self.postal_code is None else read.name(self.postal_code, "address", "postalCode"),
            region=None if self.region is None else read.name(self.region, "address", "region"),
            country=self.country,
        )


@strawberry.input(description="A line of a new order.")
class OrderLineInput:
    """→ `domain.orders.NewLine`."""

    description: str = strawberry.field(description="What was bought.")
    quantity: int = strawberry.field(default=1, description="How many pieces.")
    value: Decimal = strawberry.field(
        description="What the whole line costs, in the order's currency, without freight."
    )
    serviced: bool = strawberry.field(
        default=False, description="Whether it carries the machinery after-sales service."
    )
    promised_at: date | None = strawberry.field(
        default=None,
        description="The day it was promised for, where it is delivered; it is in time until that day's last instant.",
    )
    reference: str | None = strawberry.field(default=None, description="The shop system's number of the line.")
    ship_by: date | None = strawberry.field(default=None, description="The day by which it is to be sent, if agreed.")
    declared: Decimal | None = strawberry.field(
        default=None, description="What it is declared to be worth on the way; its value when left out."
    )
    disclosed_defects: bool = strawberry.field(
        default=False, description="Whether slight defects were told before the sale."
    )
    standard_stated: bool = strawberry.field(
        default=True, description="Whether a standard was agreed that it can be held against."
    )

    def line(self, read: Reader, currency: str, place: int) -> NewLine:
        """The line; what is wrong with it is collected by `read`."""
        where = ("lines", str(place))
        return NewLine(
            description=read.name(self.description, *where, "description"),
            quantity=self.quantity,
            value=read.take(
                lambda: money.Money.parse(self.value, currency), *where, "value", otherwise=money.Money.zero(currency)
            ),
            serviced=self.serviced,
            promised_on=self.promised_at,
            reference=None if self.reference is None else read.name(self.reference, *where, "reference"),
            ship_by=self.ship_by,
            declared=self._declared(read, currency, *where, "declared"),
            disclosed_defects=self.disclosed_defects,
            standard_stated=self.standard_stated,
        )

    def _declared(self, read: Reader, currency: str, *where: str) -> money.Money | None:
        declared = self.declared
        if declared is None:
            return None
        return read.take(lambda: money.Money.parse(declared, currency), *where, otherwise=money.Money.zero(currency))


@strawberry.input(description="An order, as the shop system reports it.")
class RecordOrderInput:
    """→ `domain.orders.RecordOrder`."""

    reference: str = strawberry.field(description="The shop system's order number; used once.")
    buyer_id: strawberry.ID = strawberry.field(description="Who bought.")
    supplier_id: strawberry.ID = strawberry.field(description="Who sold.")
    country: CountryCode = strawberry.field(description="Where it is delivered; its days are counted there.")
    currency: CurrencyCode = strawberry.field(description="The currency of every line.")
    lines: list[OrderLineInput] = strawberry.field(description="What was bought; the total is their sum.")
    guarantee_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="The guarantees it was bought with."
    )
    address: DeliveryAddressInput | None = strawberry.field(
        default=None, description="Where exactly it is delivered.", directives=[Personal()]
    )
    placed_at: datetime | None = strawberry.field(default=None, description="When it was placed; now if left out.")
    buyer_transport: bool = strawberry.field(
        default=False, description="Whether the buyer arranges the transport itself."
    )
    quote_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The accepted quote that it is bought with; with a locked price its guarantees come along.",
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> RecordOrder:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = RecordOrder(
            reference=read.name(self.reference, "reference"),
            buyer_id=read.id(BuyerId, self.buyer_id, "buyerId"),
            supplier_id=read.id(SupplierId, self.supplier_id, "supplierId"),
            country=self.country,
            currency=self.currency,
            lines=tuple(line.line(read, self.currency, place) for place, line in enumerate(self.lines)),
            guarantee_ids=read.ids(GuaranteeId, self.guarantee_ids, "guaranteeIds"),
            address=None if self.address is None else self.address.address(read),
            placed_at=self.placed_at,
            buyer_transport=self.buyer_transport,
            quote_id=None if self.quote_id is None else read.id(QuoteId, self.quote_id, "quoteId"),
        )
        read.done(command)
        return command


@strawberry.input(description="The order's payment arrived.")
class RecordPaymentInput:
    """→ `domain.orders.RecordPayment`."""

    order_id: strawberry.ID = strawberry.field(description="The order.")
    paid_at: datetime = strawberry.field(description="When; the rules in force at that instant govern the order.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> RecordPayment:
        """The command. Refuses with Invalid, naming every problem."""
        return RecordPayment(_order_id(self.order_id), self.paid_at)


@strawberry.input(description="The order goes elsewhere.")
class ChangeAddressInput:
    """→ `domain.orders.ChangeAddress`."""

    order_id: strawberry.ID = strawberry.field(description="The order.")
    address: DeliveryAddressInput = strawberry.field(description="The new address.", directives=[Personal()])
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> ChangeAddress:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = ChangeAddress(read.id(OrderId, self.order_id, "orderId"), self.address.address(read))
        read.done()
        return command


@strawberry.input(description="The shop cancelled the order.")
class CancelOrderInput:
    """→ `domain.orders.CancelOrder`."""

    order_id: strawberry.ID = strawberry.field(description="The order.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> CancelOrder:
        """The command. Refuses with Invalid, naming every problem."""
        return CancelOrder(_order_id(self.order_id))


@strawberry.input(description="The sale is over for the shop.")
class CompleteOrderInput:
    """→ `domain.orders.CompleteOrder`."""

    order_id: strawberry.ID = strawberry.field(description="The order.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> CompleteOrder:
        """The command. Refuses with Invalid, naming every problem."""
        return CompleteOrder(_order_id(self.order_id))


@strawberry.input(description="The shop gave money back.")
class RecordRefundInput:
    """→ `domain.orders.RecordRefund`."""

    order_id: strawberry.ID = strawberry.field(description="The order.")
    amount: MoneyInput = strawberry.field(description="How much more was given back, in the order's currency.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> RecordRefund:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = RecordRefund(
            read.id(OrderId, self.order_id, "orderId"),
            read.money(self.amount, "amount"),
        )
        read.done()
        return command


@strawberry.input(description="What the buyer was charged in sum.")
class RecordChargeInput:
    """→ `domain.orders.RecordCharge`."""

    order_id: strawberry.ID = strawberry.field(description="The order.")
    charged: MoneyInput = strawberry.field(
        description="What it was charged in sum, transport included, before what its level takes off; in the order's "
        "currency."
    )
    quantity_changed: bool = strawberry.field(
        default=False, description="Whether the buyer changed a quantity after payment: a locked price ends with that."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> RecordCharge:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = RecordCharge(
            read.id(OrderId, self.order_id, "orderId"),
            read.money(self.charged, "charged", least=0),
            self.quantity_changed,
        )
        read.done()
        return command


def _order_id(text: str) -> OrderId:
    read = Reader()
    id = read.id(OrderId, text, "orderId")
    read.done()
    return id


@strawberry.type(description="The order after a mutation.")
class OrderPayload:
    """What the mutations on an order answer."""

    order: Order | None = strawberry.field(description="The order as it is now; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type(description="A paid order and what covers it.")
class RecordPaymentPayload:
    """What recordPayment answers."""

    order: Order | None = strawberry.field(description="The order as it is now; null when nothing changed.")
    coverages: list[Annotated["Coverage", strawberry.lazy("api.schema.coverage")]] | None = strawberry.field(
        description="The covers frozen by the payment, one per guarantee; null when nothing changed."
    )
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class OrderQueries:
    """Reading orders."""

    order: Order | None = point("The order of that id; null when there is none for the viewer.", of="order")
    orders: Connection[Order] = listing(
        "The orders the viewer may see: buyer and supplier their own, a provider what it carries, staff all.",
        filter=OrderFilter,
        order=ByAge,
    )


@strawberry.type
class OrderMutations:
    """What the shop system reports."""

    record_order: OrderPayload = mutation(
        orders.record_order,
        RecordOrderInput,
        keyed=False,
        gathers=True,
        description="An order was placed in the shop. Its reference is used once, so that a repeat is refused.",
    )
    record_payment: RecordPaymentPayload = mutation(
        orders.record_payment,
        RecordPaymentInput,
        keyed=False,
        description="The payment arrived: the guarantees cover the order from that instant, as their rules stood then.",
    )
    change_address: OrderPayload = mutation(
        orders.change_address,
        ChangeAddressInput,
        keyed=False,
        description="The order goes elsewhere. After payment this voids covers whose rule excludes it.",
    )
    cancel_order: OrderPayload = mutation(
        orders.cancel_order,
        CancelOrderInput,
        keyed=True,
        description="The order is cancelled: its covers are void, coupons that paid for it are restored.",
    )
    complete_order: OrderPayload = mutation(
        orders.complete_order,
        CompleteOrderInput,
        keyed=False,
        description="The sale is over for the shop. Covers and claims go on.",
    )
    record_refund: OrderPayload = mutation(
        orders.record_refund,
        RecordRefundInput,
        keyed=True,
        description="The shop gave money back, never more than the order's total in sum.",
    )
    record_charge: OrderPayload = mutation(
        orders.record_charge,
        RecordChargeInput,
        keyed=True,
        description="The shop says what the buyer was charged in sum; a locked price is held against it.",
    )
