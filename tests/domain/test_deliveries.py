"""Delivery histories: whatever is told in whatever parts adds up to one order, once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import deliveries
from domain.dates import UTC_DAYS, end_of_day
from domain.deliveries import Days, Delivery, Parties, Recalled
from domain.errors import Invalid
from domain.ids import BuyerId, Id, ProviderId, SupplierId
from domain.money import Money
from domain.orders import Order, OrderState
from domain.shipments import Shipment, ShipmentMode
from domain.tracking import ShipmentState

AT = datetime(2026, 3, 1, tzinfo=UTC)
PARTIES = Parties(
    {"B": BuyerId.mint(1, 1), "C": BuyerId.mint(1, 2)}, {"S": SupplierId.mint(1, 1)}, {"Air": ProviderId.mint(1, 1)}
)
TODAY = date(2026, 3, 1)


def told(**changes: Any) -> Delivery:
    one = Delivery(
        row=2,
        order="PO-1",
        line="1",
        shipment="ASN-1",
        buyer="B",
        supplier="S",
        carrier="Air",
        mode=ShipmentMode.AIR,
        country="CI",
        description="Tests",
        quantity=3,
        value=Money(100, "USD"),
        promised_on=date(2026, 1, 10),
        paid_on=date(2026, 1, 2),
        delivered_on=date(2026, 1, 9),
        weight_grams=None,
        freight=None,
    )
    return replace(one, **changes)


class Minting:
    """Fresh ids, one after the other."""

    def __init__(self) -> None:
        self.numbers = count(1)

    def __call__(self, kind: type[Id], /) -> Any:
        return kind.mint(1, next(self.numbers))


def recall(
    lines: Sequence[Delivery], known: Order | None = None, shipments: Sequence[Shipment] = (), mint: Any = None
) -> Recalled:
    return deliveries.recall_order(
        lines, PARTIES, Days(UTC_DAYS), known=known, shipments=shipments, mint=mint or Minting(), at=AT
    )


lines = st.lists(
    st.builds(
        told,
        line=st.integers(1, 12).map(str),
        shipment=st.sampled_from(["ASN-1", "ASN-2", "ASN-3"]),
        value=st.integers(0, 500).map(lambda minor: Money(minor, "USD")),
        promised_on=st.integers(1, 20).map(lambda day: date(2026, 1, day)),
        delivered_on=st.none() | st.integers(1, 20).map(lambda day: date(2026, 1, day)),
        freight=st.none() | st.just(Money(7, "USD")),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda delivery: delivery.line,
)


@given(lines, st.integers(0, 12))
def test_a_history_told_in_parts_or_again_comes_to_the_same_lines(all_told: list[Delivery], cut: int) -> None:
    whole = recall(all_told)
    mint = Minting()
    first = recall(all_told[:cut] or all_told, mint=mint)
    second = recall(all_told, first.order, first.shipments, mint)
    again = recall(all_told, second.order, second.shipments, mint)
    assert again.order_change is None
    assert (again.order, again.new_lines, again.shipment_changes, again.events) == (second.order, 0, (), ())

    def content(recalled: Recalled) -> dict[str | None, Any]:
        return {line.reference: (line.value, line.promised_at, line.delivered_at) for line in recalled.order.lines}

    assert content(second) == content(whole)
    assert second.order.total == whole.order.total
    assert second.order.state is whole.order.state
    assert sorted(line.position for line in second.order.lines) == list(range(1, len(all_told) + 1))


@given(lines)
def test_an_order_is_completed_when_all_of_it_was_delivered(all_told: list[Delivery]) -> None:
    order = recall(all_told).order
    days = [delivery.delivered_on for delivery in all_told if delivery.delivered_on]
    if len(days) == len(all_told):
        assert (order.state, order.completed_at) == (OrderState.COMPLETED, end_of_day(max(days), UTC_DAYS))
    else:
        assert (order.state, order.completed_at) == (OrderState.PAID, None)


def test_the_promise_belongs_to_the_line_and_stands_for_a_missing_payment() -> None:
    later = date(2026, 1, 20)
    recalled = recall([told(paid_on=None, promised_on=later), told(line="2", paid_on=None)])
    assert [line.promised_at for line in recalled.order.lines] == [
        end_of_day(later, UTC_DAYS),
        end_of_day(date(2026, 1, 10), UTC_DAYS),
    ]
    assert recalled.order.paid_at == datetime(2026, 1, 10, tzinfo=UTC)
    assert recall([told(), told(line="2", paid_on=None)]).order.paid_at == datetime(2026, 1, 2, tzinfo=UTC)


def test_a_shipment_stands_where_its_one_report_says() -> None:
    recalled = recall([told(freight=Money(5, "USD")), told(line="2", delivered_on=date(2026, 1, 12), weight_grams=9)])
    (shipment,) = recalled.shipments
    assert shipment.state is ShipmentState.DELIVERED
    assert shipment.delivered_at == end_of_day(date(2026, 1, 12), UTC_DAYS)
    assert (shipment.freight, shipment.weight_grams) == (Money(5, "USD"), 9)
    assert [event.occurred_at for event in recalled.events] == [shipment.delivered_at]
    waiting = recall([told(), told(line="2", delivered_on=None)])
    assert (waiting.shipments[0].state, waiting.events) == (ShipmentState.BOOKED, ())


@pytest.mark.parametrize("other", [{"buyer": "C"}, {"country": "DE"}, {"value": Money(1, "EUR")}])
def test_lines_that_disagree_are_no_order(other: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        recall([told(), told(line="2", **other)])


def test_a_known_order_of_another_buyer_is_not_touched() -> None:
    known = recall([told()])
    with pytest.raises(Invalid):
        recall([told(line="2", buyer="C")], known.order, known.shipments)


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({}, 0),
        ({"paid_on": None}, 0),
        ({"paid_on": None, "promised_on": None}, 1),
        ({"delivered_on": date(2026, 3, 2)}, 1),
        ({"delivered_on": TODAY}, 0),
        ({"value": Money(-1, "USD"), "quantity": 0}, 2),
    ],
)
def test_what_cannot_be_is_named(changes: dict[str, Any], problems: int) -> None:
    assert len(deliveries.problems(told(**changes), TODAY)) == problems
