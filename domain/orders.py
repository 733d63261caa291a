"""Orders, as the marketplace's own shop system reports them; the shop remains the owner of the sale.

Theory of operation:

    PLACED -recordPayment-> PAID -completeOrder-> COMPLETED
    PLACED, PAID -cancelOrder-> CANCELLED
    changeAddress while PLACED or PAID; recordRefund once paid, in any later state; recordShipment until it is over;
    recordCharge once paid, in any later state

Laws: the total is the sum of the lines (freight belongs to shipments and is never part of a compensation's base,
`domain.md` 6.8); a line's promise, once given, is never overwritten; what was refunded never exceeds the total; payment
is the instant whose rules govern the order (`domain.md` 6.1); every line is in the order's currency.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from domain import dates
from domain.access import Caller, may
from domain.change import Change, Happening
from domain.copies import replace
from domain.dates import Calendar
from domain.errors import Invalid, Problem, Refused, Told
from domain.explain import Finding, Input, unmet
from domain.ids import BuyerId, GuaranteeId, OrderId, OrderLineId, QuoteId, ShipmentId, SupplierId
from domain.money import Money, share_out, total
from domain.moves import Move

LINES_MAX: Final = 500
"""Lines of one order in one call: the longest order in the delivery history has 67, and one statement stays small."""

QUANTITY_MAX: Final = 2**31 - 1
"""Pieces of one line: what clients' whole numbers carry."""

ADDRESS: Final = "delivery_address"
"""The field of an order's personal data (`domain/personal.py`)."""


class OrderState(StrEnum):
    """Where an order stands."""

    PLACED = "PLACED"
    """Placed, not yet paid."""
    PAID = "PAID"
    """Paid in full; the rules in force at that instant govern it."""
    COMPLETED = "COMPLETED"
    """The sale is over for the shop; it counts as the buyer's spend."""
    CANCELLED = "CANCELLED"
    """Cancelled; its covers are void."""


class OrderAction(StrEnum):
    """What can be done with an order; the value is the mutation's name in capitals."""

    RECORD_PAYMENT = "RECORD_PAYMENT"
    """Say that the order's payment arrived."""
    CHANGE_ADDRESS = "CHANGE_ADDRESS"
    """Send the goods to another address."""
    CANCEL_ORDER = "CANCEL_ORDER"
    """Cancel the order."""
    COMPLETE_ORDER = "COMPLETE_ORDER"
    """Say that the sale is over."""
    RECORD_REFUND = "RECORD_REFUND"
    """Say that money was given back."""
    RECORD_SHIPMENT = "RECORD_SHIPMENT"
    """Say that lines left with a provider."""
    RECORD_CHARGE = "RECORD_CHARGE"
    """Say what the buyer was charged in sum."""


@dataclass(frozen=True, slots=True)
class Step:
    """A row of the order's life: from which states, to which one (None: it stays), and whether money must have come."""

    mutation: str
    since: frozenset[OrderState]
    to: OrderState | None = None
    paid: bool = False


_LIVE: Final = frozenset({OrderState.PLACED, OrderState.PAID})
MOVES: Final[Mapping[OrderAction, Step]] = {
    OrderAction.RECORD_PAYMENT: Step("recordPayment", frozenset({OrderState.PLACED}), OrderState.PAID),
    OrderAction.CHANGE_ADDRESS: Step("changeAddress", _LIVE),
    OrderAction.CANCEL_ORDER: Step("cancelOrder", _LIVE, OrderState.CANCELLED),
    OrderAction.COMPLETE_ORDER: Step("completeOrder", frozenset({OrderState.PAID}), OrderState.COMPLETED),
    OrderAction.RECORD_REFUND: Step("recordRefund", frozenset(OrderState) - {OrderState.PLACED}, paid=True),
    OrderAction.RECORD_SHIPMENT: Step("recordShipment", _LIVE),
    OrderAction.RECORD_CHARGE: Step("recordCharge", frozenset(OrderState) - {OrderState.PLACED}, paid=True),
}
"""The order's life, total over its actions; the diagram above and in the docs is drawn from it."""
assert MOVES.keys() == set(OrderAction)


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A line; `value` is for the whole quantity, `serviced` says whether it carries the machinery after-sales service.

    `promised_at` and `delivered_at` are the last microsecond of a day where only the day is known, `ship_by_at` that of
    the day by which it is to be sent. `declared` is what it is worth on the way, its value where nobody declared
    another one. `disclosed_defects`: slight defects were told before the sale; `standard_stated`: one was agreed.
    """

    id: OrderLineId
    order_id: OrderId
    position: int
    reference: str | None
    description: str
    quantity: int
    value: Money
    serviced: bool
    promised_at: datetime | None
    shipment_id: ShipmentId | None
    delivered_at: datetime | None
    ship_by_at: datetime | None = None
    declared: Money | None = None
    disclosed_defects: bool = False
    standard_stated: bool = True


@dataclass(frozen=True, slots=True)
class Order:
    """An order with its lines in their order. `address_changed_at` is the last change of address after payment.

    `locked` is the all-in total that the buyer was promised, transport included, where a price was locked; `charged`
    what it was charged in sum since; `quote_id` the accepted quote that it is bought with. `buyer_transport` says that
    the buyer arranges the transport itself.
    """

    id: OrderId
    reference: str
    buyer_id: BuyerId
    supplier_id: SupplierId
    state: OrderState
    total: Money
    refunded: Money
    country: str
    address_digest: str | None
    address_changed_at: datetime | None
    guarantee_ids: tuple[GuaranteeId, ...]
    placed_at: datetime
    paid_at: datetime | None
    completed_at: datetime | None
    cancelled_at: datetime | None
    version: int
    lines: tuple[OrderLine, ...]
    locked: Money | None = None
    charged: Money | None = None
    quantity_changed_at: datetime | None = None
    buyer_transport: bool = False
    quote_id: QuoteId | None = None

    @property
    def promises(self) -> tuple[datetime, ...]:
        """The distinct promised instants of its lines, earliest first."""
        return tuple(sorted({line.promised_at for line in self.lines if line.promised_at is not None}))

    def concerns(self, caller: Caller) -> bool:
        """Whether the caller acts for the marketplace, the buyer or the supplier."""
        return caller.is_operator or caller.party_id in {self.buyer_id, self.supplier_id}


@dataclass(frozen=True, slots=True)
class Address:
    """Where an order is delivered. Personal data: it lives apart, the order holds a keyed digest of it."""

    recipient: str
    street: str
    city: str
    postal_code: str | None
    region: str | None
    country: str


@dataclass(frozen=True, slots=True)
class NewLine:
    """A line as reported: the promise is a day in the calendar zone of the country of delivery."""

    description: str
    quantity: int
    value: Money
    serviced: bool
    promised_on: date | None
    reference: str | None
    ship_by: date | None = None
    declared: Money | None = None
    disclosed_defects: bool = False
    standard_stated: bool = True


@dataclass(frozen=True, slots=True)
class RecordOrder:
    """An order as the shop system reports it; `guarantee_ids` are the guarantees the buyer buys it with.

    `quote_id` names the accepted quote whose transport it is bought with: its guarantees come with it.
    """

    reference: str
    buyer_id: BuyerId
    supplier_id: SupplierId
    country: str
    currency: str
    lines: tuple[NewLine, ...]
    guarantee_ids: tuple[GuaranteeId, ...]
    address: Address | None
    placed_at: datetime | None
    buyer_transport: bool = False
    quote_id: QuoteId | None = None


@dataclass(frozen=True, slots=True)
class RecordCharge:
    """What the buyer was charged in sum; `quantity_changed` says that it changed a quantity after payment."""

    order_id: OrderId
    charged: Money
    quantity_changed: bool = False


@dataclass(frozen=True, slots=True)
class RecordPayment:
    """The order's full payment arrived at `paid_at`."""

    order_id: OrderId
    paid_at: datetime


@dataclass(frozen=True, slots=True)
class ChangeAddress:
    """The order shall be delivered elsewhere."""

    order_id: OrderId
    address: Address


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """The shop cancelled the order."""

    order_id: OrderId


@dataclass(frozen=True, slots=True)
class CompleteOrder:
    """The sale is over for the shop: the buyer has what was bought, or the shop closed it."""

    order_id: OrderId


@dataclass(frozen=True, slots=True)
class RecordRefund:
    """The shop gave that much money back."""

    order_id: OrderId
    amount: Money


def record_order(
    command: RecordOrder,
    *,
    id: OrderId,
    line_ids: Sequence[OrderLineId],
    calendar: Calendar,
    address_digest: str | None,
    at: datetime,
    locked: Money | None = None,
) -> Change[Order]:
    """A new order, placed; promised days end with their last microsecond in `calendar`.

    `locked` is the all-in total where the price is locked.

    Refuses with Invalid, naming each: no lines or too many, a line in another currency, less than one piece, a negative
    value, a guarantee named twice, an order placed in the future.
    """
    placed_at = command.placed_at or at
    require_sound(command, at)
    lines = tuple(
        OrderLine(
            id=line_id,
            order_id=id,
            position=position,
            reference=line.reference,
            description=line.description,
            quantity=line.quantity,
            value=line.value,
            serviced=line.serviced,
            promised_at=None if line.promised_on is None else dates.end_of_day(line.promised_on, calendar),
            shipment_id=None,
            delivered_at=None,
            ship_by_at=None if line.ship_by is None else dates.end_of_day(line.ship_by, calendar),
            declared=line.declared,
            disclosed_defects=line.disclosed_defects,
            standard_stated=line.standard_stated,
        )
        for position, (line_id, line) in enumerate(zip(line_ids, command.lines, strict=True), start=1)
    )
    order = Order(
        id=id,
        reference=command.reference,
        buyer_id=command.buyer_id,
        supplier_id=command.supplier_id,
        state=OrderState.PLACED,
        total=total([line.value for line in lines], command.currency),
        refunded=Money.zero(command.currency),
        country=command.country,
        address_digest=address_digest,
        address_changed_at=None,
        guarantee_ids=command.guarantee_ids,
        placed_at=placed_at,
        paid_at=None,
        completed_at=None,
        cancelled_at=None,
        version=1,
        lines=lines,
        locked=locked,
        buyer_transport=command.buyer_transport,
        quote_id=command.quote_id,
    )
    return Change(None, order, (_happening("order.recorded", order),))


def require_sound(command: RecordOrder, at: datetime) -> None:
    """Returns if nothing is wrong with the order by itself. Refuses with Invalid, naming every problem."""
    if problems := tuple(_problems(command, command.placed_at or at, at)):
        raise Invalid(*problems)


def _problems(command: RecordOrder, placed_at: datetime, at: datetime) -> Iterable[Problem]:
    if not 0 < len(command.lines) <= LINES_MAX:
        yield Problem(("lines",), f"An order has 1 to {LINES_MAX} lines.")
    if placed_at > at:
        yield Problem(("placedAt",), "An order is not placed in the future.")
    if len(set(command.guarantee_ids)) < len(command.guarantee_ids):
        yield Problem(("guaranteeIds",), "A guarantee is named once.")
    if command.address is not None and command.address.country != command.country:
        yield Problem(("address", "country"), "The address lies in the country of delivery.")
    for index, line in enumerate(command.lines):
        where = ("lines", str(index))
        if line.value.currency != command.currency:
            yield Problem((*where, "value"), f"Every line is in the order's currency, {command.currency}.")
        if line.value.minor < 0:
            yield Problem((*where, "value"), "A line is worth nothing or more.")
        if line.declared is not None and (line.declared.currency != command.currency or line.declared.minor < 0):
            yield Problem((*where, "declared"), f"A declared value is nothing or more, in {command.currency}.")
        if not 1 <= line.quantity <= QUANTITY_MAX:
            yield Problem((*where, "quantity"), f"A line has 1 to {QUANTITY_MAX} pieces.")


def conditions(order: Order, action: OrderAction) -> tuple[Finding, ...]:
    """What the order's state says to the action, whoever asks."""
    step = MOVES[action]
    findings = [
        Finding("order.state", order.state in step.since, "order_state_allows", {"state": order.state.value}),
    ]
    if step.paid:
        findings.append(Finding("order.paid", order.paid_at is not None, "order_paid"))
    if action is OrderAction.RECORD_REFUND:
        left = order.total - order.refunded
        findings.append(Finding("order.refundable", left.minor > 0, "order_has_rest", {"leftMinor": left.minor}))
    if action is OrderAction.RECORD_SHIPMENT:
        waiting = sum(line.shipment_id is None for line in order.lines)
        findings.append(Finding("order.unshipped", waiting > 0, "order_has_unshipped_lines", {"lines": waiting}))
    return tuple(findings)


def moves(order: Order, caller: Caller) -> tuple[Move, ...]:
    """What the caller may do with the order, and why not. Nothing about an order opens or closes by time alone."""
    return tuple(
        Move(
            action.value,
            unmet(
                (
                    Finding("order.role", may(caller, step.mutation), "order_action_of_your_role"),
                    *conditions(order, action),
                )
            ),
        )
        for action, step in MOVES.items()
    )


def _step(order: Order, action: OrderAction, **changed: object) -> Order:
    """The order one step further; refuses with every unmet condition of the action."""
    if because := unmet(conditions(order, action)):
        raise Refused("order.moves", f"The order cannot be changed so now: {MOVES[action].mutation}.", because)
    state = MOVES[action].to or order.state
    return replace(order, state=state, version=order.version + 1, **changed)  # type: ignore[arg-type]


def record_payment(order: Order, paid_at: datetime, at: datetime) -> Change[Order]:
    """The order is paid since `paid_at`.

    Refuses an instant in the future or before the order was placed, and an order that is not waiting for payment.
    """
    if paid_at > at:
        raise Invalid(Problem(("paidAt",), "A payment does not arrive in the future."))
    if paid_at < order.placed_at:
        raise Invalid(Problem(("paidAt",), f"The order was placed at {dates.rfc3339(order.placed_at)}, after that."))
    after = _step(order, OrderAction.RECORD_PAYMENT, paid_at=paid_at)
    return Change(order, after, (_happening("order.paid", after, paidAt=dates.rfc3339(paid_at)),))


def change_address(order: Order, country: str, address_digest: str, at: datetime) -> Change[Order]:
    """The order goes to another address; after payment that is remembered, for promises end with it (vector T13)."""
    after = _step(
        order,
        OrderAction.CHANGE_ADDRESS,
        country=country,
        address_digest=address_digest,
        address_changed_at=order.address_changed_at if order.paid_at is None else at,
    )
    return Change(order, after, (_happening("order.address_changed", after),))


def cancel_order(order: Order, at: datetime) -> Change[Order]:
    """The order is cancelled. Refuses one that is over."""
    after = _step(order, OrderAction.CANCEL_ORDER, cancelled_at=at)
    return Change(order, after, (_happening("order.cancelled", after),))


def complete_order(order: Order, at: datetime) -> Change[Order]:
    """The order is completed: its total counts as the buyer's spend (`domain.md` 6.4). Refuses one not paid."""
    after = _step(order, OrderAction.COMPLETE_ORDER, completed_at=at)
    return Change(order, after, (_happening("order.completed", after),))


def record_refund(order: Order, amount: Money) -> Change[Order]:
    """That much more was given back. Refuses another currency, nothing at all, and more than was paid in sum."""
    if amount.currency != order.total.currency:
        raise Invalid(Problem(("amount", "currency"), f"The order is in {order.total.currency}."))
    if amount.minor <= 0:
        raise Invalid(Problem(("amount", "amount"), "A refund is more than nothing."))
    after = _step(order, OrderAction.RECORD_REFUND, refunded=order.refunded + amount)
    if after.total < after.refunded:
        left = order.total - order.refunded
        inputs: dict[str, Input] = {"amountMinor": amount.minor, "leftMinor": left.minor, "currency": amount.currency}
        finding = Finding("order.refund_within_total", False, "refund_within_total", inputs)
        raise Refused("order.refund", f"Only {left} of the order can still be refunded.", (finding,))
    return Change(order, after, (_happening("order.refunded", after, amountMinor=amount.minor),))


def record_charge(order: Order, charged: Money, at: datetime, *, quantity_changed: bool = False) -> Change[Order]:
    """The buyer was charged that much in sum; that it changed a quantity is kept, for a locked price ends with it.

    Refuses another currency, an amount below zero, and an order that is not paid.
    """
    if charged.currency != order.total.currency:
        raise Invalid(Problem(("charged", "currency"), f"The order is in {order.total.currency}."))
    if charged.minor < 0:
        raise Invalid(Problem(("charged", "amount"), "A charge is nothing or more."))
    changed_at = at if quantity_changed else order.quantity_changed_at
    after = _step(order, OrderAction.RECORD_CHARGE, charged=charged, quantity_changed_at=changed_at)
    return Change(order, after, (_happening("order.charged", after, chargedMinor=charged.minor),))


def ship_lines(
    order: Order, line_ids: Iterable[OrderLineId], shipment_id: ShipmentId, promised_at: datetime | None
) -> Change[Order]:
    """Those lines are in the shipment; its promise fills the lines that have none and overwrites no other.

    Refuses lines of another order, and lines that are in a shipment already, naming each.
    """
    wanted = frozenset(line_ids)
    _require_departure(order, wanted)
    lines = tuple(
        replace(line, shipment_id=shipment_id, promised_at=line.promised_at or promised_at)
        if line.id in wanted
        else line
        for line in order.lines
    )
    after = _step(order, OrderAction.RECORD_SHIPMENT, lines=lines)
    return Change(order, after, (_happening("order.shipped", after, shipmentId=shipment_id, lines=len(wanted)),))


def require_lines(order: Order, line_ids: Iterable[OrderLineId], pieces: Mapping[OrderLineId, int]) -> None:
    """Returns if those lines, or so many of their pieces, can leave. Refuses like `ship_lines` and `divide_lines`."""
    told = Told()
    with told:
        _require_departure(order, frozenset(line_ids))
    with told:
        if because := unmet(_spared(order, pieces)):
            raise Refused("order.divide", "The lines cannot be divided so.", because)
    told.done()


def _require_departure(order: Order, wanted: frozenset[OrderLineId]) -> None:
    known = {line.id: line for line in order.lines}
    findings = list(conditions(order, OrderAction.RECORD_SHIPMENT))
    findings += [
        Finding("order.line_known", line_id in known, "line_belongs_to_order", {"lineId": line_id})
        for line_id in sorted(wanted)
    ]
    findings += [
        Finding("order.line_unshipped", line.shipment_id is None, "line_not_shipped_before", {"lineId": line.id})
        for line in order.lines
        if line.id in wanted
    ]
    if not wanted:
        raise Invalid(Problem(("lineIds",), "A shipment carries at least one line."))
    if because := unmet(findings):
        raise Refused("order.ship", "The shipment cannot carry these lines.", because)


def _spared(order: Order, pieces: Mapping[OrderLineId, int]) -> Iterator[Finding]:
    """Whether something is left of each of the lines on either side."""
    for line in sorted(order.lines, key=lambda line: line.id):
        if line.id in pieces:
            inputs: dict[str, Input] = {"lineId": line.id, "pieces": pieces[line.id], "most": line.quantity - 1}
            spared = 0 < pieces[line.id] < line.quantity
            yield Finding("order.line_divisible", spared, "line_has_pieces_to_spare", inputs)


def divide_lines(order: Order, pieces: Mapping[OrderLineId, int], mint: Callable[[], OrderLineId]) -> Change[Order]:
    """Of each of those lines so many pieces are left, and the rest is a line of its own at the end of the order.

    Value and declared value are shared by pieces to the cent, so that the total stays; promise and service stay too.
    Refuses lines of another order, lines shipped before, and a line of which nothing would be left on either side.
    """
    lines = {line.id: line for line in order.lines}
    findings = [
        Finding("order.line_known", id in lines, "line_belongs_to_order", {"lineId": id}) for id in sorted(pieces)
    ]
    findings += [
        Finding("order.line_unshipped", lines[id].shipment_id is None, "line_not_shipped_before", {"lineId": id})
        for id in sorted(pieces)
        if id in lines
    ]
    findings += _spared(order, pieces)
    if because := unmet(findings):
        raise Refused("order.divide", "The lines cannot be divided so.", because)
    rest: list[OrderLine] = []
    for id in sorted(pieces, key=lambda id: lines[id].position):
        line, count = lines[id], pieces[id]
        stays, goes = share_out(line.value, (count, line.quantity - count))
        kept, moved = _declared(line, count)
        lines[id] = replace(line, quantity=count, value=stays, declared=kept)
        position = len(order.lines) + len(rest) + 1
        other = replace(line, id=mint(), position=position, quantity=line.quantity - count, value=goes, declared=moved)
        rest.append(other)
    after = _step(order, OrderAction.RECORD_SHIPMENT, lines=(*lines.values(), *rest))
    return Change(order, after, (_happening("order.lines_divided", after, lines=len(rest)),))


def _declared(line: OrderLine, count: int) -> tuple[Money | None, Money | None]:
    """What is declared of so many pieces of the line, and of the rest."""
    if line.declared is None:
        return None, None
    kept, moved = share_out(line.declared, (count, line.quantity - count))
    return kept, moved


def release_lines(order: Order, shipment_id: ShipmentId) -> Change[Order]:
    """The shipment was called off before it left: its lines may leave with another one. Their promises stay.

    Refuses (ValueError) a shipment that carries none of them.
    """
    lines = tuple(replace(line, shipment_id=None) if line.shipment_id == shipment_id else line for line in order.lines)
    if lines == order.lines:
        raise ValueError(f"{shipment_id} carries no line of {order.id}")
    after = replace(order, lines=lines, version=order.version + 1)
    return Change(order, after, (_happening("order.unshipped", after, shipmentId=shipment_id),))


def deliver_lines(order: Order, shipment_id: ShipmentId, delivered_at: datetime | None) -> Change[Order] | None:
    """The shipment's lines are delivered since then, or not at all; None if that was known.

    Whatever the order's state: goods arrive also after a cancellation.
    """
    lines = tuple(
        replace(line, delivered_at=delivered_at) if line.shipment_id == shipment_id else line for line in order.lines
    )
    if lines == order.lines:
        return None
    after = replace(order, lines=lines, version=order.version + 1)
    facts = {"shipmentId": shipment_id, "deliveredAt": None if delivered_at is None else dates.rfc3339(delivered_at)}
    return Change(order, after, (_happening("order.delivered", after, **facts),))


def _happening(name: str, order: Order, **facts: str | int | None) -> Happening:
    return Happening(
        name,
        {
            "reference": order.reference,
            "buyerId": order.buyer_id,
            "supplierId": order.supplier_id,
            "state": order.state.value,
            "totalMinor": order.total.minor,
            "currency": order.total.currency,
        }
        | facts,
    )
