"""Shipments: lines leave with a provider; pickup, number, estimate and proof follow. Reports are in `tracking.py`."""

from datetime import datetime

from api.operations import coverage, messages, records, tracking
from api.operations.tracking import Locked
from domain import access, dates, orders, shipments, uploads
from domain.errors import NotFound
from domain.ids import OrderLineId, OrganisationId, ShipmentId, TrackingEventId
from domain.orders import Order
from domain.personal import PersonalDatum
from domain.shipments import (
    SIGNER,
    AppointPickup,
    ProveDelivery,
    RecordShipment,
    RecordTrackingNumber,
    ShipmentAction,
    UpdateEta,
)
from domain.tracking import NewEvent, TrackingReason, TrackingStatus
from storage import calendars as calendar_rows
from storage import orders as order_rows
from storage import personal as personal_rows
from storage import providers as provider_rows
from storage import uploads as upload_rows
from storage.shipments import Begun
from storage.unit_of_work import Outcome, Work


async def record_shipment(work: Work, command: RecordShipment) -> Outcome:
    """The lines are on their way; the shipment's promise fills those that have none and overwrites no other.

    Refuses, all at once, an unknown order or provider, an odd weight, freight or number, lines of another order or
    shipped before; and a reference the provider used before.
    """
    access.require(work.caller, "recordShipment")
    told = work.told
    with told:
        order = await order_rows.lock(work.connection, work.tenant_id, command.order_id)
        if not order.concerns(work.caller):
            raise NotFound("There is no such order.", id=order.id)
        with told:
            await provider_rows.get(work.connection, work.tenant_id, command.provider_id)
        if not told.about("lineIds") and not told.about("pieces"):
            orders.require_lines(order, command.line_ids, command.pieces)
    with told:
        shipments.require_sound(command)
    told.done()
    promised_at = None
    if command.promised_on is not None:
        calendar = await calendar_rows.get(work.connection, order.country)
        promised_at = dates.end_of_day(command.promised_on, calendar)
    return Outcome({"shipment": await leave(work, order, command, promised_at)})


async def leave(work: Work, order: Order, command: RecordShipment, promised_at: datetime | None) -> ShipmentId:
    """The lines of the locked order leave with the provider, promised for that instant; whoever asks was let pass.

    Lines of which only some pieces leave are divided first. Reports that came before the shipment are taken at once.
    """
    id = work.new_id(ShipmentId)
    recorded = shipments.record_shipment(command, id=id, promised_at=promised_at, at=work.at)
    if command.pieces:
        divided = orders.divide_lines(order, command.pieces, lambda: work.new_id(OrderLineId))
        await work.keep(divided)
        order = divided.after
    shipped = orders.ship_lines(order, command.line_ids, id, promised_at)
    await work.keep(recorded, shipped)
    await coverage.take_promises(work, shipped.after)
    begun = Begun.of(order)
    await tracking.wind(work, [recorded], {id: begun})
    await messages.watch(work, [recorded])
    number = recorded.after.tracking_number
    await tracking.join(work, recorded.after, begun, [number], reference=recorded.after.reference)
    await records.count(work, [recorded])
    return id


async def update_eta(work: Work, command: UpdateEta) -> Outcome:
    """The new estimate stands beside the promise, which it leaves as it is; it is kept as a report like any other."""
    access.require(work.caller, "updateEta")
    found = await _lock(work, command.shipment_id)
    shipments.require(found.shipment, ShipmentAction.UPDATE_ETA)
    id = work.new_id(TrackingEventId)
    await _say(work, found, f"eta:{id}", TrackingStatus.UNKNOWN, eta_at=command.eta_at)
    return Outcome({"shipment": command.shipment_id})


async def call_off(
    work: Work, shipment_id: ShipmentId, reason: TrackingReason | None = TrackingReason.SHIPPER_CANCELLED
) -> None:
    """The transport is called off; the reason says whose doing that is, None that it is the provider's.

    Whoever asks was let pass. Refuses goods that were picked up.
    """
    found = await tracking.lock(work, [shipment_id], everybody=True)
    if shipment_id not in found:
        raise NotFound("There is no such shipment.")
    shipments.require_unmoved(found[shipment_id].shipment)
    reference = f"called-off:{work.new_id(TrackingEventId)}"
    await _say(work, found[shipment_id], reference, TrackingStatus.CANCELLED, reason=reason)


async def record_tracking_number(work: Work, command: RecordTrackingNumber) -> Outcome:
    """The carrier knows the shipment under that number; reports that came under it before are taken."""
    access.require(work.caller, "recordTrackingNumber")
    found = await _lock(work, command.shipment_id, delivering=True)
    change = shipments.record_tracking_number(found.shipment, command)
    await work.keep(change)
    await tracking.join(work, change.after, found.begun, [change.after.tracking_number], reference=None)
    await records.count(work, [change])
    return Outcome({"shipment": command.shipment_id})


async def appoint_pickup(work: Work, command: AppointPickup) -> Outcome:
    """The goods are fetched in that window, and count as stuck only when they do not move after it."""
    access.require(work.caller, "appointPickup")
    found = await _lock(work, command.shipment_id)
    change = shipments.appoint_pickup(found.shipment, command, work.at)
    await work.keep(change)
    await records.count(work, [change])
    return Outcome({"shipment": command.shipment_id})


async def prove_delivery(work: Work, command: ProveDelivery) -> Outcome:
    """It is known who signed for the goods: the name lies apart, as personal data. Refuses a second proof.

    A file must be one that the caller's own organisation uploaded and that was accepted.
    """
    access.require(work.caller, "proveDelivery")
    found = await _lock(work, command.shipment_id)
    if command.upload_id is not None:
        upload = await upload_rows.get(work.connection, work.tenant_id, command.upload_id)
        uploads.require_usable(upload, _organisation(work))
    digest = work.digest(command.signed_by)
    change = shipments.prove_delivery(found.shipment, digest, command.upload_id, work.at)
    await work.keep(change)
    signer = PersonalDatum(command.shipment_id, SIGNER, {"name": command.signed_by}, work.at)
    await personal_rows.overwrite(work.connection, work.tenant_id, signer)
    await records.count(work, [change])
    return Outcome({"shipment": command.shipment_id})


async def _lock(work: Work, id: ShipmentId, *, delivering: bool = False) -> Locked:
    """The shipment that a mutation names, locked. Refuses what is missing, another party's or changed since read."""
    found = await tracking.lock(work, [id], delivering=[id] if delivering else [])
    if id not in found:
        raise NotFound("There is no such shipment.")
    work.expect(found[id].shipment)
    return found[id]


async def _say(
    work: Work,
    found: Locked,
    reference: str,
    status: TrackingStatus,
    *,
    reason: TrackingReason | None = None,
    eta_at: datetime | None = None,
) -> None:
    """A report of the platform's own is taken like any other."""
    id = found.shipment.id
    told = NewEvent(id, reference, status, reason, None, None, eta_at, work.at)
    locked = {id: found}
    await tracking.take(work, locked, await tracking.interpret(work, locked, {0: (id, told)}))


def _organisation(work: Work) -> OrganisationId:
    """The caller's own. Refuses a caller without one: it uploaded nothing."""
    if work.caller.organisation_id is None:
        raise NotFound("There is no such upload.", field=("uploadId",))
    return work.caller.organisation_id
