"""Services: prepared, put on sale, taken off it, removed with their lanes; looked at whenever their words change.

Locks: the provider first, then the service, then its lanes and rate sheets. What may really be sold is settled anew by
`capabilities.refresh` in the same transaction.
"""

from api.operations import capabilities, listings
from domain import access, services
from domain.capabilities import Capability
from domain.errors import NotFound
from domain.gates import Action
from domain.ids import ServiceId
from domain.services import CreateService, Service, ServiceCommand, Shelf, UpdateService
from storage import providers as provider_rows
from storage import services as service_rows
from storage.unit_of_work import Outcome, Work


async def create_service(work: Work, command: CreateService) -> Outcome:
    """A draft of a service of the provider. Refuses an unknown provider (NotFound) and what `domain.services` does."""
    access.require(work.caller, "createService")
    provider_id = services.seller(command.provider_id, work.caller)
    provider = await provider_rows.lock(work.connection, work.tenant_id, provider_id)
    await capabilities.require(work, provider, Capability(Action.LIST, command.mode))
    present = await service_rows.count(work.connection, work.tenant_id, provider_id)
    change = services.create_service(command, provider_id, present=present, id=work.new_id(ServiceId), at=work.at)
    await work.keep(change)
    await listings.inspect(work, change.after)
    return Outcome({"service": change.after.id})


async def update_service(work: Work, command: UpdateService) -> Outcome:
    """The service's words, limits and markets are as wished, and looked at again. Refuses like `domain.services`."""
    access.require(work.caller, "updateService")
    service, shelf = await locked(work, command.service_id)
    work.expect(service)
    change = services.update_service(service, command, shelf, work.caller, at=work.at)
    await work.keep(change)
    await listings.inspect(work, change.after)
    await capabilities.refresh(work, service.provider_id)
    return Outcome({"service": service.id})


async def list_service(work: Work, command: ServiceCommand) -> Outcome:
    """The service is on sale on every lane that the provider may sell. Refuses, with every reason, what is lacking."""
    access.require(work.caller, "listService")
    service, shelf = await locked(work, command.service_id)
    work.expect(service)
    change = services.list_service(service, shelf, work.caller, at=work.at)
    await work.keep(change)
    await listings.inspect(work, change.after)
    await capabilities.refresh(work, service.provider_id)
    return Outcome({"service": service.id})


async def pause_service(work: Work, command: ServiceCommand) -> Outcome:
    """The service is off sale for the time being; what was quoted and booked before stands."""
    access.require(work.caller, "pauseService")
    service, shelf = await locked(work, command.service_id)
    work.expect(service)
    await work.keep(services.pause_service(service, shelf, work.caller, at=work.at))
    await capabilities.refresh(work, service.provider_id)
    return Outcome({"service": service.id})


async def remove_service(work: Work, command: ServiceCommand) -> Outcome:
    """The service is over, with its lanes and whatever was wrong with it; what was booked before stands."""
    access.require(work.caller, "removeService")
    service, shelf = await locked(work, command.service_id)
    work.expect(service)
    await listings.take_down(work, services.remove_service(service, shelf, work.caller, at=work.at))
    return Outcome({"service": service.id})


async def locked(work: Work, id: ServiceId) -> tuple[Service, Shelf]:
    """The service and what stands behind it, its provider locked before. NotFound for one that is not the caller's."""
    found = await service_rows.get(work.connection, work.tenant_id, id)
    if not work.caller.is_operator and work.caller.party_id != found.provider_id:
        raise NotFound("There is no such service.", field=("serviceId",))
    await provider_rows.lock(work.connection, work.tenant_id, found.provider_id)
    service = await service_rows.lock(work.connection, work.tenant_id, id)
    shelves = await service_rows.shelves(work.connection, work.tenant_id, [id], work.at)
    return service, shelves[id]
