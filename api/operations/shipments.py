"""Shipments: lines leave with a provider, estimates and reports follow, and deliveries reach the order's lines."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from api.operations import coverage
from domain import access, dates, orders, shipments, tracking
from domain.change import Change
from domain.errors import NotFound
from domain.ids import OrderId, ShipmentId, TrackingEventId
from domain.orders import Order
from domain.shipments import RecordShipment, Shipment, ShipmentAction, UpdateEta
from domain.tracking import NewEvent, RecordTrackingEvents, TrackingEvent, TrackingStatus
from storage import calendars as calendar_rows
from storage import orders as order_rows
from storage import providers as provider_rows
from storage import shipments as shipment_rows
from storage import tracking as tracking_rows
from storage.unit_of_work import Outcome, Work


async def record_shipment(work: Work, command: RecordShipment) -> Outcome:
    """The lines are on their way; the shipment's promise fills those that have none and overwrites no other.

    Refuses an unknown provider, lines of another order or shipped before, and a reference the provider used before.
    """
    access.require(work.caller, "recordShipment")
    order = await order_rows.lock(work.connection, work.tenant_id, command.order_id)
    if not order.concerns(work.caller):
        raise NotFound("There is no such order.")
    await provider_rows.get(work.connection, work.tenant_id, command.provider_id)
    promised_at = None
    if command.promised_on is not None:
        calendar = await calendar_rows.get(work.connection, order.country)
        promised_at = dates.end_of_day(command.promised_on, calendar)
    return Outcome({"shipment": await leave(work, order, command, promised_at)})


async def leave(work: Work, order: Order, command: RecordShipment, promised_at: datetime | None) -> ShipmentId:
    """The lines of the locked order leave with the provider, promised for that instant; whoever asks was let pass."""
    id = work.new_id(ShipmentId)
    recorded = shipments.record_shipment(command, id=id, promised_at=promised_at, at=work.at)
    shipped = orders.ship_lines(order, command.line_ids, id, promised_at)
    await work.keep(recorded, shipped)
    await coverage.take_promises(work, shipped.after)
    return id


async def update_eta(work: Work, command: UpdateEta) -> Outcome:
    """The new estimate stands beside the promise, which it leaves as it is; it is kept as a report like any other."""
    access.require(work.caller, "updateEta")
    id = work.new_id(TrackingEventId)
    report = NewEvent(
        shipment_id=command.shipment_id,
        reference=f"eta:{id}",
        status=TrackingStatus.UNKNOWN,
        reason=None,
        place=None,
        note=None,
        eta_at=command.eta_at,
        occurred_at=work.at,
    )
    found = await _locked(work, [command.shipment_id])
    (shipment,) = found.values()
    work.expect(shipment)
    shipments.require(shipment, ShipmentAction.UPDATE_ETA)
    await _take(work, found, [_event(work, report, id)])
    return Outcome({"shipment": shipment.id})


async def record_tracking_events(work: Work, command: RecordTrackingEvents) -> Outcome:
    """What the reports say is recorded once each, and their shipments and lines stand where all reports add up to.

    Refuses reports of the future, a reference used for another report, and shipments that do not concern the caller.
    """
    access.require(work.caller, "recordTrackingEvents")
    found = await _locked(work, sorted({event.shipment_id for event in command.events}))
    told = [_event(work, event, work.new_id(TrackingEventId)) for event in command.events]
    news = await _take(work, found, told)
    return Outcome({"shipments": tuple(found)}, {"recorded": len(news), "known": len(told) - len(news)})


async def _locked(work: Work, ids: Sequence[ShipmentId]) -> Mapping[ShipmentId, Shipment]:
    """The shipments, covered by the locks of their orders. Refuses what is missing or another party's with NotFound."""
    seen = await shipment_rows.by_ids(work.connection, work.tenant_id, ids)
    locked = await order_rows.lock_by_ids(work.connection, work.tenant_id, sorted({one.order_id for one in seen}))
    by_id = {order.id: order for order in locked}
    found = {
        shipment.id: shipment
        for shipment in await shipment_rows.by_ids(work.connection, work.tenant_id, ids)
        if shipment.concerns(by_id[shipment.order_id], work.caller)
    }
    for id in ids:
        if id not in found:
            raise NotFound(f"There is no shipment {id}.")
    return found


async def _take(
    work: Work, found: Mapping[ShipmentId, Shipment], told: Sequence[TrackingEvent]
) -> tuple[TrackingEvent, ...]:
    """The news among the reports are recorded, with all that follows; they are returned."""
    known = await tracking_rows.by_shipments(work.connection, work.tenant_id, list(found))
    news = tracking.record_tracking_events(known, told, work.at)
    work.add(*news)
    reports: defaultdict[ShipmentId, list[TrackingEvent]] = defaultdict(list)
    for event in (*known, *news):
        reports[event.shipment_id].append(event)
    moved = [
        change
        for id in sorted({event.shipment_id for event in news})
        if (change := shipments.take_progress(found[id], tracking.progress(reports[id]))) is not None
    ]
    await work.keep(*moved)
    await _deliver(work, [change.after for change in moved])
    return news


async def _deliver(work: Work, moved: Sequence[Shipment]) -> None:
    """The lines of those shipments are delivered as their shipments are."""
    ids: set[OrderId] = {shipment.order_id for shipment in moved}
    for order in await order_rows.lock_by_ids(work.connection, work.tenant_id, sorted(ids)):
        for change in _deliveries(order, moved):
            await work.keep(change)


def _deliveries(order: Order, moved: Sequence[Shipment]) -> list[Change[Order]]:
    changes = []
    for shipment in moved:
        if shipment.order_id == order.id:
            change = orders.deliver_lines(order, shipment.id, shipment.delivered_at)
            if change is not None:
                order = change.after
                changes.append(change)
    return changes


def _event(work: Work, told: NewEvent, id: TrackingEventId) -> TrackingEvent:
    return TrackingEvent(
        id=id,
        shipment_id=told.shipment_id,
        reference=told.reference,
        status=told.status,
        reason=told.reason,
        place=told.place,
        note=told.note,
        eta_at=told.eta_at,
        occurred_at=told.occurred_at,
        recorded_at=work.at,
    )
