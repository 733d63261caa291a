"""Delivery histories: orders that were placed, paid, shipped and delivered before this platform knew of them.

How it works. A history is told line by line, the lines of one order in any place of it. `recall_order` makes of all the
lines told of one order what is news: a new order, or further lines of one that is known, with their shipments and one
report per delivery. What is known already is recognised by its numbers, so that telling it again changes nothing.

Laws: a promise belongs to its line; without a day of payment the promise stands for it; a day is over with its last
microsecond where the goods are delivered; nothing is guessed: what the history does not know is absent.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
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
from domain.tracking import TrackingEvent, TrackingStatus, progress

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
    calendar: Calendar,
    *,
    known: Order | None,
    shipments: Iterable[Shipment],
    mint: Mint,
    at: datetime,
) -> Recalled:
    """The order with everything that was told of it; `known` and `shipments` are what the books have of it.

    Refuses with Invalid lines that disagree about who bought, who sold or in which currency, and with whom is known.
    """
    _require_one_story(told, parties, known)
    by_reference = {shipment.reference: shipment for shipment in shipments}
    recorded = frozenset() if known is None else frozenset(line.reference for line in known.lines)
    news = [delivery for delivery in told if delivery.line not in recorded]
    if known is not None and not news:
        return Recalled(known, tuple(by_reference.values()))
    order = known or _new_order(told, parties, calendar, mint(OrderId))
    changes: list[Change[Shipment]] = []
    events: list[TrackingEvent] = []
    for reference in dict.fromkeys(delivery.shipment for delivery in news):
        if reference not in by_reference:
            carried = [delivery for delivery in told if delivery.shipment == reference]
            change, reports = _new_shipment(carried, order, parties, calendar, mint, at)
            by_reference[reference] = change.after
            changes.append(change)
            events += reports
    after = _with_lines(order, news, by_reference, calendar, mint, is_new=known is None)
    happened = Happening(
        "order.recalled",
        {"reference": after.reference, "lines": len(news), "totalMinor": after.total.minor, "state": after.state.value},
    )
    return Recalled(
        after, tuple(by_reference.values()), Change(known, after, (happened,)), tuple(changes), tuple(events)
    )


def _require_one_story(told: Sequence[Delivery], parties: Parties, known: Order | None) -> None:
    first = told[0]
    for delivery in told:
        same = (delivery.buyer, delivery.supplier, delivery.value.currency, delivery.country)
        if same != (first.buyer, first.supplier, first.value.currency, first.country):
            raise Invalid(
                Problem((), f"the lines of {first.order} disagree about buyer, supplier, currency or country")
            )
    if known is not None and (known.buyer_id, known.supplier_id, known.total.currency) != (
        parties.buyers[first.buyer],
        parties.suppliers[first.supplier],
        first.value.currency,
    ):
        raise Invalid(Problem((), f"{first.order} is known with another buyer, supplier or currency"))


def _new_order(told: Sequence[Delivery], parties: Parties, calendar: Calendar, id: OrderId) -> Order:
    """The order before its lines: paid on the day told, or on its earliest promise where none was."""
    first = told[0]
    days = _days(delivery.paid_on for delivery in told) or _days(delivery.promised_on for delivery in told)
    paid_at = calendar.midnight(min(days))
    nothing = Money.zero(first.value.currency)
    return Order(
        id=id,
        reference=first.order,
        buyer_id=parties.buyers[first.buyer],
        supplier_id=parties.suppliers[first.supplier],
        state=OrderState.PAID,
        total=nothing,
        refunded=nothing,
        country=first.country,
        address_digest=None,
        address_changed_at=None,
        guarantee_ids=(),
        placed_at=paid_at,
        paid_at=paid_at,
        completed_at=None,
        cancelled_at=None,
        version=1,
        lines=(),
    )


def _with_lines(
    order: Order,
    news: Sequence[Delivery],
    by_reference: Mapping[str, Shipment],
    calendar: Calendar,
    mint: Mint,
    *,
    is_new: bool,
) -> Order:
    """The order with the lines told; it is completed when all of it was delivered."""
    lines = order.lines + tuple(
        OrderLine(
            id=mint(OrderLineId),
            order_id=order.id,
            position=position,
            reference=delivery.line,
            description=delivery.description,
            quantity=delivery.quantity,
            value=delivery.value,
            serviced=False,
            promised_at=_end(delivery.promised_on, calendar),
            shipment_id=by_reference[delivery.shipment].id,
            delivered_at=_end(delivery.delivered_on, calendar),
        )
        for position, delivery in enumerate(news, start=len(order.lines) + 1)
    )
    arrivals = [line.delivered_at for line in lines if line.delivered_at is not None]
    over = len(arrivals) == len(lines)
    state = order.state
    if state in _OPEN:
        state = OrderState.COMPLETED if over else OrderState.PAID
    return replace(
        order,
        state=state,
        total=order.total + money.total([delivery.value for delivery in news], order.total.currency),
        completed_at=max(arrivals) if state is OrderState.COMPLETED and over else order.completed_at,
        version=1 if is_new else order.version + 1,
        lines=lines,
    )


_OPEN: Final = frozenset({OrderState.PAID, OrderState.COMPLETED})
"""States that a history may move between; what the shop cancelled stays cancelled."""


def _new_shipment(
    carried: Sequence[Delivery], order: Order, parties: Parties, calendar: Calendar, mint: Mint, at: datetime
) -> tuple[Change[Shipment], tuple[TrackingEvent, ...]]:
    """The shipment as its only report tells: delivered when the last of its lines was."""
    first, id = carried[0], mint(ShipmentId)
    arrivals = _days(delivery.delivered_on for delivery in carried)
    events: tuple[TrackingEvent, ...] = ()
    if len(arrivals) == len(carried):
        occurred_at = dates.end_of_day(max(arrivals), calendar)
        events = (
            TrackingEvent(
                mint(TrackingEventId), id, DELIVERED, TrackingStatus.DELIVERED, None, None, None, None, occurred_at, at
            ),
        )
    stands = progress(events)
    promises = _days(delivery.promised_on for delivery in carried)
    shipment = Shipment(
        id=id,
        reference=first.shipment,
        order_id=order.id,
        provider_id=parties.providers[first.carrier],
        mode=first.mode,
        state=stands.state,
        promised_at=_end(min(promises), calendar) if promises else None,
        eta_at=None,
        picked_up_at=None,
        attempted_at=stands.attempted_at,
        delivered_at=stands.delivered_at,
        weight_grams=next((one.weight_grams for one in carried if one.weight_grams is not None), None),
        freight=next((one.freight for one in carried if one.freight is not None), None),
        recorded_at=at,
        version=1,
    )
    happened = Happening(
        "shipment.recalled",
        {
            "orderId": order.id,
            "providerId": shipment.provider_id,
            "reference": first.shipment,
            "state": stands.state.value,
        },
    )
    return Change(None, shipment, (happened,)), events


def _days(days: Iterable[date | None]) -> Collection[date]:
    return [day for day in days if day is not None]


def _end(day: date | None, calendar: Calendar) -> datetime | None:
    return None if day is None else dates.end_of_day(day, calendar)
