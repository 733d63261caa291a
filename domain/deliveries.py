"""Delivery histories: orders that were placed, paid, shipped and delivered before this platform knew of them.

How it works. A history is told line by line, the lines of one order in any place of it. `recall_order` makes of all the
lines told of one order what is news: a new order, or further lines of one that is known, with their shipments and one
report per delivery. What is known already is recognised by its numbers, so that telling it again changes nothing.

Laws: a promise belongs to its line; without a day of payment the promise stands for it; a day is over with its last
microsecond where the goods are delivered; nothing is guessed: what the history does not know is absent.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final, Protocol, TypeVar

from domain import dates, money
from domain.change import Change, Happening
from domain.dates import Calendar
from domain.errors import Invalid, Problem
from domain.ids import BuyerId, Id, OrderId, OrderLineId, ProviderId, ShipmentId, SupplierId, TrackingEventId
from domain.money import Money
from domain.orders import Order, OrderLine, OrderState
from domain.shipments import Shipment, ShipmentMode
from domain.tracking import ShipmentState, TrackingEvent, TrackingStatus, progress

I = TypeVar("I", bound=Id)  # noqa: E741 - an id's kind

DELIVERED: Final = "history:delivered"
"""The reference of the report that a history stands for: one per shipment."""


class Mint(Protocol):
    """Whoever brings fresh ids."""

    def __call__(self, kind: type[I], /) -> I:
        """A fresh id of that kind."""
        ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """One line of an order as a history tells it, in its own numbers; `row` is where it stands."""

    row: int
    order: str
    line: str
    shipment: str
    buyer: str
    supplier: str
    carrier: str
    mode: ShipmentMode
    country: str
    description: str
    quantity: int
    value: Money
    promised_on: date | None
    paid_on: date | None
    delivered_on: date | None
    weight_grams: int | None
    freight: Money | None


class Days:
    """The days of one calendar, each reckoned once: a history of a million lines has a few thousand of them."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._begins: dict[date, datetime] = {}
        self._ends: dict[date, datetime] = {}

    def begin(self, day: date) -> datetime:
        """The first instant of the day."""
        found = self._begins.get(day)
        if found is None:
            found = self._begins[day] = self._calendar.midnight(day)
        return found

    def end(self, day: date | None) -> datetime | None:
        """The last microsecond of the day; None for no day."""
        if day is None:
            return None
        found = self._ends.get(day)
        if found is None:
            found = self._ends[day] = dates.end_of_day(day, self._calendar)
        return found


@dataclass(frozen=True, slots=True)
class Parties:
    """Who stands behind a history's numbers."""

    buyers: Mapping[str, BuyerId]
    suppliers: Mapping[str, SupplierId]
    providers: Mapping[str, ProviderId]


@dataclass(frozen=True, slots=True)
class Recalled:
    """An order as it is known now, with its shipments; the changes are what was news, if anything."""

    order: Order
    shipments: tuple[Shipment, ...]
    order_change: Change[Order] | None = None
    shipment_changes: tuple[Change[Shipment], ...] = ()
    events: tuple[TrackingEvent, ...] = ()

    @property
    def new_lines(self) -> int:
        """How many lines were news."""
        if self.order_change is None:
            return 0
        before = self.order_change.before
        return len(self.order.lines) - (0 if before is None else len(before.lines))


def problems(delivery: Delivery, today: date) -> tuple[str, ...]:
    """Everything that keeps a line out of the books by itself, as sentences."""
    wrong = []
    if delivery.promised_on is None and delivery.paid_on is None:
        wrong.append("neither a day of payment nor a promise is known")
    if delivery.value.minor < 0:
        wrong.append("the value is below zero")
    if delivery.quantity < 1:
        wrong.append("there is less than one piece")
    for day, what in ((delivery.paid_on, "paid"), (delivery.delivered_on, "delivered")):
        if day is not None and day > today:
            wrong.append(f"it is said to be {what} on {day.isoformat()}, which has not come yet")
    return tuple(wrong)


def recall_order(
    told: Sequence[Delivery],
    parties: Parties,
    days: Days,
    *,
    known: Order | None,
    shipments: Iterable[Shipment],
    mint: Mint,
    at: datetime,
) -> Recalled:
    """The order with everything that was told of it; `known` and `shipments` are what the books have of it.

    Refuses with Invalid lines that disagree about who bought, who sold, where to or in which currency, among themselves
    or with what is known.
    """
    _require_one_story(told, parties, known)
    carried = {shipment.reference: shipment for shipment in shipments}
    recorded = frozenset() if known is None else frozenset(line.reference for line in known.lines)
    news = [delivery for delivery in told if delivery.line not in recorded]
    if known is not None and not news:
        return Recalled(known, tuple(carried.values()))
    id = mint(OrderId) if known is None else known.id
    changes: list[Change[Shipment]] = []
    events: list[TrackingEvent] = []
    for reference in dict.fromkeys(delivery.shipment for delivery in news):
        if reference not in carried:
            lines = [delivery for delivery in told if delivery.shipment == reference]
            shipment, report = _new_shipment(lines, id, parties, days, mint, at)
            carried[reference] = shipment
            changes.append(Change(None, shipment, (_told("shipment.recalled", shipment.reference, shipment.state),)))
            events += report
    before = () if known is None else known.lines
    lines_after = before + _new_lines(news, id, carried, days, mint, len(before) + 1)
    after = _new_order(told, id, parties, days, lines_after) if known is None else _longer(known, news, lines_after)
    change = Change(known, after, (_told("order.recalled", after.reference, after.state),))
    return Recalled(after, tuple(carried.values()), change, tuple(changes), tuple(events))


def _require_one_story(told: Sequence[Delivery], parties: Parties, known: Order | None) -> None:
    first = told[0]
    for delivery in told[1:]:
        if (
            delivery.buyer != first.buyer
            or delivery.supplier != first.supplier
            or delivery.country != first.country
            or delivery.value.currency != first.value.currency
        ):
            raise Invalid(
                Problem((), f"the lines of {first.order} disagree about buyer, supplier, currency or country")
            )
    if known is not None and (
        known.buyer_id != parties.buyers[first.buyer]
        or known.supplier_id != parties.suppliers[first.supplier]
        or known.total.currency != first.value.currency
    ):
        raise Invalid(Problem((), f"{first.order} is known with another buyer, supplier or currency"))


def _new_order(
    told: Sequence[Delivery], id: OrderId, parties: Parties, days: Days, lines: tuple[OrderLine, ...]
) -> Order:
    """The order: paid on the day told, or on its earliest promise where none was; completed when all was delivered."""
    first = told[0]
    paid = [one.paid_on for one in told if one.paid_on] or [one.promised_on for one in told if one.promised_on]
    paid_at = days.begin(min(paid))
    over_at = _over_at(lines)
    currency = first.value.currency
    return Order(
        id=id,
        reference=first.order,
        buyer_id=parties.buyers[first.buyer],
        supplier_id=parties.suppliers[first.supplier],
        state=OrderState.PAID if over_at is None else OrderState.COMPLETED,
        total=Money(sum(delivery.value.minor for delivery in told), currency),
        refunded=Money.zero(currency),
        country=first.country,
        address_digest=None,
        address_changed_at=None,
        guarantee_ids=(),
        placed_at=paid_at,
        paid_at=paid_at,
        completed_at=over_at,
        cancelled_at=None,
        version=1,
        lines=lines,
    )


def _longer(order: Order, news: Sequence[Delivery], lines: tuple[OrderLine, ...]) -> Order:
    """The known order with further lines. What the shop cancelled stays cancelled."""
    over_at = _over_at(lines)
    state = order.state
    if state in _OPEN:
        state = OrderState.PAID if over_at is None else OrderState.COMPLETED
    return replace(
        order,
        state=state,
        total=order.total + money.total([delivery.value for delivery in news], order.total.currency),
        completed_at=over_at if state is OrderState.COMPLETED else order.completed_at,
        version=order.version + 1,
        lines=lines,
    )


_OPEN: Final = frozenset({OrderState.PAID, OrderState.COMPLETED})
"""States that a history may move an order between."""


def _over_at(lines: Sequence[OrderLine]) -> datetime | None:
    """When the last line was delivered; None while one is not."""
    arrivals = [line.delivered_at for line in lines if line.delivered_at is not None]
    return max(arrivals) if len(arrivals) == len(lines) else None


def _new_lines(
    news: Sequence[Delivery],
    order_id: OrderId,
    carried: Mapping[str, Shipment],
    days: Days,
    mint: Mint,
    first_position: int,
) -> tuple[OrderLine, ...]:
    return tuple(
        [
            OrderLine(
                id=mint(OrderLineId),
                order_id=order_id,
                position=position,
                reference=delivery.line,
                description=delivery.description,
                quantity=delivery.quantity,
                value=delivery.value,
                serviced=False,
                promised_at=days.end(delivery.promised_on),
                shipment_id=carried[delivery.shipment].id,
                delivered_at=days.end(delivery.delivered_on),
            )
            for position, delivery in enumerate(news, start=first_position)
        ]
    )


def _new_shipment(
    lines: Sequence[Delivery], order_id: OrderId, parties: Parties, days: Days, mint: Mint, at: datetime
) -> tuple[Shipment, tuple[TrackingEvent, ...]]:
    """The shipment as its only report tells: delivered when the last of its lines was."""
    first, id = lines[0], mint(ShipmentId)
    arrivals = [delivery.delivered_on for delivery in lines if delivery.delivered_on]
    delivered_at = days.end(max(arrivals)) if len(arrivals) == len(lines) else None
    events: tuple[TrackingEvent, ...] = ()
    if delivered_at is not None:
        report = TrackingEvent(
            id=mint(TrackingEventId),
            shipment_id=id,
            reference=DELIVERED,
            status=TrackingStatus.DELIVERED,
            reason=None,
            place=None,
            note=None,
            eta_at=None,
            occurred_at=delivered_at,
            recorded_at=at,
        )
        events = (report,)
    stands = progress(events)
    promises = [delivery.promised_on for delivery in lines if delivery.promised_on]
    shipment = Shipment(
        id=id,
        reference=first.shipment,
        order_id=order_id,
        provider_id=parties.providers[first.carrier],
        mode=first.mode,
        state=stands.state,
        promised_at=days.end(min(promises)) if promises else None,
        eta_at=None,
        picked_up_at=None,
        attempted_at=stands.attempted_at,
        delivered_at=stands.delivered_at,
        weight_grams=next((one.weight_grams for one in lines if one.weight_grams is not None), None),
        freight=next((one.freight for one in lines if one.freight is not None), None),
        recorded_at=at,
        version=1,
        moved_at=stands.moved_at,
        told_until=stands.told_until,
    )
    return shipment, events


def _told(name: str, reference: str, state: OrderState | ShipmentState) -> Happening:
    return Happening(name, {"reference": reference, "state": state.value})
