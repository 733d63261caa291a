"""Legs: a shipment's way is planned, and what becomes known of each part of it is noted."""

from api.operations import tracking
from domain import access, legs
from domain.errors import NotFound
from domain.ids import LegId
from domain.legs import PlanLegs, RecordLeg
from storage import legs as leg_rows
from storage import providers as provider_rows
from storage.unit_of_work import Outcome, Work


async def plan_legs(work: Work, command: PlanLegs) -> Outcome:
    """The shipment travels by those legs. Refuses unknown providers, odd legs, another plan for a leg that was left."""
    access.require(work.caller, "planLegs")
    told = work.told
    with told:
        found = await tracking.lock(work, [command.shipment_id])
        if command.shipment_id not in found:
            raise NotFound("There is no such shipment.", field=("shipmentId",))
    with told:
        legs.require_sound(command)
    for provider_id in sorted({leg.provider_id for leg in command.legs if leg.provider_id is not None}):
        with told:
            await provider_rows.get(work.connection, work.tenant_id, provider_id)
    told.done()
    shipment = found[command.shipment_id].shipment
    work.expect(shipment)
    known = await leg_rows.by_shipments(work.connection, work.tenant_id, [shipment.id])
    changes = legs.plan_legs(shipment, known, command, lambda: work.new_id(LegId))
    await work.keep(*changes)
    await _join(work, found[command.shipment_id], [change.after.tracking_number for change in changes])
    return Outcome({"shipment": shipment.id})


async def record_leg(work: Work, command: RecordLeg) -> Outcome:
    """What became known of the leg is noted; reports that came under its number before are taken."""
    access.require(work.caller, "recordLeg")
    leg = await leg_rows.get(work.connection, work.tenant_id, command.leg_id)
    found = await tracking.lock(work, [leg.shipment_id])
    if leg.shipment_id not in found:
        raise NotFound("There is no such leg.")
    leg = await leg_rows.get(work.connection, work.tenant_id, command.leg_id)  # as it is under the shipment's lock
    work.expect(leg)
    change = legs.record_leg(leg, command, work.at)
    if change is not None:
        await work.keep(change)
        await _join(work, found[leg.shipment_id], [command.tracking_number and change.after.tracking_number])
    return Outcome({"leg": leg.id})


async def _join(work: Work, found: tracking.Locked, numbers: list[str | None]) -> None:
    """Reports that waited for one of the numbers are taken."""
    wanted = [number for number in numbers if number is not None]
    if wanted:
        await tracking.join(work, found.shipment, found.begun, wanted, reference=None)
