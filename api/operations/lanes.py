"""Lanes: added by the hundred, changed, removed; after each the provider's capabilities settle what is on sale."""

from api.operations import capabilities, listings, services
from domain import access, lanes
from domain.errors import NotFound
from domain.ids import LaneId
from domain.lanes import AddLanes, Lane, RemoveLane, UpdateLane
from domain.moves import require
from domain.services import Service, ServiceAction
from domain.services import moves as service_moves
from storage import lanes as lane_rows
from storage.unit_of_work import Outcome, Work


async def add_lanes(work: Work, command: AddLanes) -> Outcome:
    """The service goes all these ways, on sale at once where it is listed and the provider may sell them.

    Refuses, with every reason: a removed service, odd days and ends, too many; then a way it goes already.
    """
    access.require(work.caller, "addLanes")
    told = work.told
    with told:
        lanes.require_sound(command)
    with told:
        service, shelf = await services.locked(work, command.service_id)
        require(service_moves(service, shelf, work.caller, work.at), ServiceAction.ADD_LANES.value, "lane.add")
        with told:
            lanes.require_room(shelf.lanes, len(command.lanes))
        with told:
            lanes.require_ends(service, command)
    told.done()
    ways = [(wish.origin.key, wish.destination.key) for wish in command.lanes]
    present = await lane_rows.by_ways(work.connection, work.tenant_id, service.id, ways)
    ids = [work.new_id(LaneId) for _ in command.lanes]
    changes = lanes.add_lanes(service, command, present, ids=ids, at=work.at)
    await work.keep(*changes)
    await listings.inspect(work, service)
    await capabilities.refresh(work, service.provider_id)
    return Outcome({"service": service.id, "lanes": tuple(ids)})


async def update_lane(work: Work, command: UpdateLane) -> Outcome:
    """The lane's days, cut-off and zone are as wished. Refuses, with every reason, what `domain.lanes.moves` blocks."""
    access.require(work.caller, "updateLane")
    lane, service = await _locked(work, command.lane_id)
    work.expect(lane)
    await work.keep(lanes.update_lane(lane, command, work.caller))
    await listings.inspect(work, service)
    return Outcome({"lane": lane.id})


async def remove_lane(work: Work, command: RemoveLane) -> Outcome:
    """The service goes the lane no longer; what was quoted and booked before stands."""
    access.require(work.caller, "removeLane")
    lane, service = await _locked(work, command.lane_id)
    work.expect(lane)
    await work.keep(lanes.remove_lane(lane, work.caller, at=work.at))
    await listings.inspect(work, service)
    return Outcome({"lane": lane.id})


async def _locked(work: Work, id: LaneId) -> tuple[Lane, Service]:
    """The lane and its service, the provider locked before both. NotFound for one that is not the caller's."""
    found = await lane_rows.get(work.connection, work.tenant_id, id)
    if not work.caller.is_operator and work.caller.party_id != found.provider_id:
        raise NotFound("There is no such lane.", field=("laneId",))
    service, _ = await services.locked(work, found.service_id)
    return await lane_rows.lock(work.connection, work.tenant_id, id), service
