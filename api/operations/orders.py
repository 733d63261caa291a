"""Orders: what the shop system reports is recorded, and what follows for covers and coupons follows with it.

Locks are taken in the order order → cover → money, and only the order's is needed for its shipments and covers.
"""

from dataclasses import asdict, replace

import orjson

from api.operations import coupons, coverage
from domain import access, orders
from domain import coverage as covers
from domain.errors import NotFound
from domain.guarantees import Promise
from domain.ids import OrderId, OrderLineId
from domain.orders import (
    ADDRESS,
    Address,
    CancelOrder,
    ChangeAddress,
    CompleteOrder,
    Order,
    RecordCharge,
    RecordOrder,
    RecordPayment,
    RecordRefund,
)
from domain.personal import PersonalDatum
from domain.quotes import Quote
from storage import buyers as buyer_rows
from storage import calendars as calendar_rows
from storage import enrolments as guarantee_rows
from storage import orders as order_rows
from storage import personal as personal_rows
from storage import quotes as quote_rows
from storage import suppliers as supplier_rows
from storage.unit_of_work import Outcome, Work


async def record_order(work: Work, command: RecordOrder) -> Outcome:
    """The order is known.

    Refuses, all at once, an unknown buyer or supplier, a guarantee not offered for it, odd lines, a quote that does not
    fit; and a reference in use.
    """
    access.require(work.caller, "recordOrder")
    told = work.told
    with told:
        await buyer_rows.get(work.connection, work.tenant_id, command.buyer_id)
    with told:
        await supplier_rows.get(work.connection, work.tenant_id, command.supplier_id)
    with told:
        orders.require_sound(command, work.at)
    with told:
        offered = await guarantee_rows.by_ids(work.connection, work.tenant_id, command.guarantee_ids)
        admissions = await coverage.admissions(work, offered, covers.wished(command))
        covers.require_offered(command, offered, admissions)
    with told:
        quote = await _quote(work, command)
    told.done()
    bought = command
    if quote is not None and quote.bundle_id is not None:
        guarantee_ids = tuple(dict.fromkeys((*command.guarantee_ids, *quote.included_guarantee_ids)))
        bought = replace(command, guarantee_ids=guarantee_ids)
        offered = await guarantee_rows.by_ids(work.connection, work.tenant_id, guarantee_ids)
    locks = any(guarantee.promise is Promise.PRICE_LOCK for guarantee in offered)
    id = work.new_id(OrderId)
    change = orders.record_order(
        bought,
        id=id,
        line_ids=[work.new_id(OrderLineId) for _ in command.lines],
        calendar=await calendar_rows.get(work.connection, command.country),
        address_digest=None if command.address is None else _digest(work, command.address),
        at=work.at,
        locked=covers.all_in(command, quote) if locks else None,
    )
    await work.keep(change)
    if command.address is not None:
        work.add(PersonalDatum(id, ADDRESS, asdict(command.address), work.at))
    return Outcome({"order": id})


async def record_payment(work: Work, command: RecordPayment) -> Outcome:
    """The order is paid and covered by the guarantees it was bought with, as their rules stood at that instant.

    Refuses what `orders.record_payment` refuses, and a guarantee whose rule had no version in force then.
    """
    access.require(work.caller, "recordPayment")
    order = await _locked(work, command.order_id)
    change = orders.record_payment(order, command.paid_at, work.at)
    await work.keep(change)
    covered = await coverage.cover_order(work, change.after)
    return Outcome({"order": order.id, "coverages": tuple(covered)})


async def change_address(work: Work, command: ChangeAddress) -> Outcome:
    """The order goes elsewhere; once it is paid, covers that exclude this are void (vector T13).

    The address it has already changes nothing.
    """
    access.require(work.caller, "changeAddress")
    order = await _locked(work, command.order_id)
    digest = _digest(work, command.address)
    if digest != order.address_digest:
        change = orders.change_address(order, command.address.country, digest, work.at)
        await work.keep(change)
        await personal_rows.overwrite(
            work.connection, work.tenant_id, PersonalDatum(order.id, ADDRESS, asdict(command.address), work.at)
        )
        await coverage.void_coverages(work, change.after)
    return Outcome({"order": order.id})


async def cancel_order(work: Work, command: CancelOrder) -> Outcome:
    """The order is cancelled, its covers are void, and coupons that paid for it are restored (vector T7)."""
    access.require(work.caller, "cancelOrder")
    order = await _locked(work, command.order_id)
    change = orders.cancel_order(order, work.at)
    await work.keep(change)
    await coverage.void_coverages(work, change.after)
    await coupons.reverse_redemptions(work, change.after)
    return Outcome({"order": order.id})


async def complete_order(work: Work, command: CompleteOrder) -> Outcome:
    """The sale is over for the shop. Its covers stay."""
    access.require(work.caller, "completeOrder")
    order = await _locked(work, command.order_id)
    await work.keep(orders.complete_order(order, work.at))
    return Outcome({"order": order.id})


async def record_refund(work: Work, command: RecordRefund) -> Outcome:
    """That much more was given back. Refuses more than the order cost in sum."""
    access.require(work.caller, "recordRefund")
    order = await _locked(work, command.order_id)
    await work.keep(orders.record_refund(order, command.amount))
    return Outcome({"order": order.id})


async def record_charge(work: Work, command: RecordCharge) -> Outcome:
    """It is known what the buyer was charged in sum; a locked price is over where it changed a quantity itself."""
    access.require(work.caller, "recordCharge")
    order = await _locked(work, command.order_id)
    change = orders.record_charge(order, command.charged, work.at, quantity_changed=command.quantity_changed)
    await work.keep(change)
    if command.quantity_changed:
        await coverage.void_coverages(work, change.after)
    return Outcome({"order": order.id})


async def _quote(work: Work, command: RecordOrder) -> Quote | None:
    """The quote that the order is bought with. Refuses, with every reason, one that does not fit it."""
    if command.quote_id is None:
        return None
    quote = await quote_rows.get(work.connection, work.tenant_id, command.quote_id)
    request = await quote_rows.get_request(work.connection, work.tenant_id, quote.request_id)
    covers.require_fit(command, quote, request.destination.country)
    return quote


async def _locked(work: Work, id: OrderId) -> Order:
    """The order, this transaction's. Refuses another party's with NotFound, and another version than expected."""
    order = await order_rows.lock(work.connection, work.tenant_id, id)
    if not order.concerns(work.caller):
        raise NotFound("There is no such order.")
    work.expect(order)
    return order


def _digest(work: Work, address: Address) -> str:
    return work.digest(orjson.dumps(asdict(address), option=orjson.OPT_SORT_KEYS))
