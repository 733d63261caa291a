"""Orders: what the shop system reports, and what is refused."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import dates, orders
from domain.access import Caller, Role, Scope, ViewerKind, may
from domain.dates import Calendar
from domain.errors import Invalid, Refused
from domain.ids import (
    ApiKeyId,
    BuyerId,
    GuaranteeId,
    OrderId,
    OrderLineId,
    OrganisationId,
    PartyId,
    ShipmentId,
    SupplierId,
    TenantId,
)
from domain.money import Money
from domain.orders import MOVES, NewLine, Order, OrderAction, OrderState, RecordOrder

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=1)
BERLIN = Calendar("DE", "Europe/Berlin")
BUYER, SUPPLIER = BuyerId.mint(1, 1), SupplierId.mint(1, 2)
SHIPMENT = ShipmentId.mint(1, 3)


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def line(minor: int = 2_500_00, promised_on: date | None = date(2026, 3, 1), **changes: Any) -> NewLine:
    return replace(NewLine("A drill", 1, usd(minor), False, promised_on, None), **changes)


def command(*lines: NewLine, **changes: Any) -> RecordOrder:
    plain = RecordOrder("4711", BUYER, SUPPLIER, "DE", "USD", lines or (line(),), (), None, None)
    return replace(plain, **changes)


def placed(*lines: NewLine, **changes: Any) -> Order:
    wish = command(*lines, **changes)
    ids = [OrderLineId.mint(1, number) for number in range(len(wish.lines))]
    return orders.record_order(
        wish, id=OrderId.mint(1, 9), line_ids=ids, calendar=BERLIN, address_digest=None, at=NOON
    ).after


def paid(*lines: NewLine) -> Order:
    return orders.record_payment(placed(*lines), LATER, LATER).after


def caller(role: Role, viewer: ViewerKind, party_id: PartyId | None = None) -> Caller:
    return Caller(
        TenantId.mint(1, 1),
        ApiKeyId.mint(1, 1),
        OrganisationId.mint(1, 1),
        party_id,
        frozenset({role}),
        viewer,
        frozenset(Scope),
    )


SERVICE = caller(Role.SERVICE, ViewerKind.STAFF)


def unmet(refusal: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [finding.rule for finding in refusal.value.unmet]


def test_the_total_is_the_sum_of_the_lines_and_a_promise_ends_with_its_day_where_it_is_delivered() -> None:
    order = placed(line(10), line(20, None))
    assert order.total == usd(30)
    assert order.lines[0].promised_at == datetime(2026, 3, 1, 22, 59, 59, 999_999, tzinfo=UTC)
    assert order.lines[1].promised_at is None
    assert order.promises == (dates.end_of_day(date(2026, 3, 1), BERLIN),)
    assert [part.position for part in order.lines] == [1, 2]


def test_every_problem_of_an_order_is_named() -> None:
    guarantee = GuaranteeId.mint(1, 1)
    with pytest.raises(Invalid) as refusal:
        placed(
            line(-1),
            line(1, quantity=0),
            line(1, value=Money(1, "EUR")),
            guarantee_ids=(guarantee, guarantee),
            placed_at=LATER,
        )
    assert [problem.field for problem in refusal.value.problems] == [
        ("placedAt",),
        ("guaranteeIds",),
        ("lines", "0", "value"),
        ("lines", "1", "quantity"),
        ("lines", "2", "value"),
    ]


@pytest.mark.parametrize("count", [0, orders.LINES_MAX + 1])
def test_an_order_has_a_bounded_number_of_lines(count: int) -> None:
    with pytest.raises(Invalid):
        placed(lines=tuple(line() for _ in range(count)))


@pytest.mark.parametrize(
    ("paid_at", "fine"),
    [
        (NOON - dates.MICROSECOND, False),
        (NOON, True),
        (LATER, True),
        (LATER + dates.MICROSECOND, False),
    ],
)
def test_a_payment_lies_between_the_order_and_now(paid_at: datetime, fine: bool) -> None:
    if fine:
        order = orders.record_payment(placed(), paid_at, LATER).after
        assert (order.state, order.paid_at, order.version) == (OrderState.PAID, paid_at, 2)
    else:
        with pytest.raises(Invalid):
            orders.record_payment(placed(), paid_at, LATER)


def test_only_an_address_changed_after_payment_is_remembered() -> None:
    before = orders.change_address(placed(), "AT", "digest", LATER).after
    assert (before.country, before.address_digest, before.address_changed_at) == ("AT", "digest", None)
    assert orders.change_address(paid(), "DE", "digest", LATER).after.address_changed_at == LATER


@given(st.lists(st.integers(1, 400), max_size=8))
def test_refunds_never_exceed_the_total(amounts: list[int]) -> None:
    order = paid(line(600), line(400))
    for amount in amounts:
        left = (order.total - order.refunded).minor
        if amount <= left:
            order = orders.record_refund(order, usd(amount)).after
        else:
            with pytest.raises(Refused):
                orders.record_refund(order, usd(amount))
    assert usd(0) <= order.refunded <= order.total


def test_a_refund_needs_a_payment_in_the_same_currency_above_nothing() -> None:
    cancelled = orders.cancel_order(placed(), LATER).after
    with pytest.raises(Refused) as refusal:
        orders.record_refund(cancelled, usd(1))
    assert unmet(refusal) == ["order.paid"]
    for amount in (usd(0), Money(1, "EUR")):
        with pytest.raises(Invalid):
            orders.record_refund(paid(), amount)
    assert orders.record_refund(orders.cancel_order(paid(), LATER).after, usd(1)).after.refunded == usd(1)


def test_a_shipments_promise_fills_gaps_and_overwrites_nothing() -> None:
    order = paid(line(1), line(1, None), line(1, None))
    promised_at = dates.end_of_day(date(2026, 3, 9), BERLIN)
    shipped = orders.ship_lines(order, [part.id for part in order.lines[:2]], SHIPMENT, promised_at).after
    assert shipped.promises == (dates.end_of_day(date(2026, 3, 1), BERLIN), promised_at)
    assert [part.promised_at for part in shipped.lines] == [order.lines[0].promised_at, promised_at, None]
    assert [part.shipment_id for part in shipped.lines] == [SHIPMENT, SHIPMENT, None]


def test_a_shipment_carries_unshipped_lines_of_its_order() -> None:
    order = paid(line(), line())
    shipped = orders.ship_lines(order, [order.lines[0].id], SHIPMENT, None).after
    foreign = OrderLineId.mint(7, 7)
    with pytest.raises(Refused) as refusal:
        orders.ship_lines(shipped, [order.lines[0].id, foreign], ShipmentId.mint(1, 4), None)
    assert unmet(refusal) == ["order.line_known", "order.line_unshipped"]
    with pytest.raises(Invalid):
        orders.ship_lines(shipped, [], ShipmentId.mint(1, 4), None)
    over = orders.ship_lines(shipped, [order.lines[1].id], ShipmentId.mint(1, 4), None).after
    with pytest.raises(Refused) as refusal:
        orders.ship_lines(over, [order.lines[1].id], ShipmentId.mint(1, 5), None)
    assert unmet(refusal) == ["order.unshipped", "order.line_unshipped"]


def test_a_delivery_reaches_the_lines_of_its_shipment_once() -> None:
    order = paid(line(), line())
    shipped = orders.ship_lines(order, [order.lines[0].id], SHIPMENT, None).after
    delivered = orders.deliver_lines(shipped, SHIPMENT, LATER)
    assert delivered is not None
    assert [part.delivered_at for part in delivered.after.lines] == [LATER, None]
    assert orders.deliver_lines(delivered.after, SHIPMENT, LATER) is None


ACTS: dict[OrderAction, Any] = {
    OrderAction.RECORD_PAYMENT: lambda order: orders.record_payment(order, order.placed_at, LATER),
    OrderAction.CHANGE_ADDRESS: lambda order: orders.change_address(order, "DE", "digest", LATER),
    OrderAction.CANCEL_ORDER: lambda order: orders.cancel_order(order, LATER),
    OrderAction.COMPLETE_ORDER: lambda order: orders.complete_order(order, LATER),
    OrderAction.RECORD_REFUND: lambda order: orders.record_refund(order, usd(1)),
    OrderAction.RECORD_SHIPMENT: lambda order: orders.ship_lines(order, [order.lines[0].id], SHIPMENT, None),
    OrderAction.RECORD_CHARGE: lambda order: orders.record_charge(order, usd(1), LATER),
}


@given(st.lists(st.sampled_from(OrderAction), max_size=7))
def test_an_action_is_listed_exactly_when_it_is_not_refused(wishes: list[OrderAction]) -> None:
    order = placed(line(3))
    for wish in wishes:
        listed = {move.action: move for move in orders.moves(order, SERVICE)}
        for action, act in ACTS.items():
            if listed[action.value].available:
                assert act(order).after.version == order.version + 1
            else:
                with pytest.raises(Refused) as refusal:
                    act(order)
                assert set(unmet(refusal)) & {finding.rule for finding in listed[action.value].because}
        if listed[wish.value].available:
            order = ACTS[wish](order).after


@pytest.mark.parametrize(
    "asking",
    [
        caller(Role.BUYER, ViewerKind.BUYER, BUYER),
        caller(Role.SUPPLIER, ViewerKind.SUPPLIER, SUPPLIER),
        caller(Role.FINANCE, ViewerKind.STAFF),
        SERVICE,
    ],
)
def test_an_action_is_listed_for_the_roles_that_may(asking: Caller) -> None:
    listed = {move.action for move in orders.moves(paid(), asking) if move.available}
    expected = {action.value for action, step in MOVES.items() if may(asking, step.mutation)} - {"RECORD_PAYMENT"}
    assert listed == expected


def test_every_state_is_reached_and_every_target_is_a_state() -> None:
    reached = {OrderState.PLACED} | {step.to for step in MOVES.values() if step.to is not None}
    assert reached == set(OrderState)


def test_an_order_concerns_its_two_sides_and_the_marketplace() -> None:
    order = placed()
    assert order.concerns(SERVICE)
    assert order.concerns(caller(Role.BUYER, ViewerKind.BUYER, BUYER))
    assert order.concerns(caller(Role.SUPPLIER, ViewerKind.SUPPLIER, SUPPLIER))
    assert not order.concerns(caller(Role.BUYER, ViewerKind.BUYER, BuyerId.mint(5, 5)))
