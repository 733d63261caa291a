"""Parties: buyers, suppliers and providers become known; suppliers may be given sight of exact levels.

Whoever is registered without naming an organisation gets one of its own, with the same name and in the same act.
"""

from domain import access, organisations, providers, suppliers
from domain.change import Change
from domain.ids import OrganisationId, ProviderId, SupplierId
from domain.organisations import CreateOrganisation, Organisation, OrganisationKind
from domain.parties import Registration, checked
from domain.providers import RegisterProvider
from domain.suppliers import GrantTierSight
from storage import organisations as organisation_rows
from storage import providers as provider_rows
from storage import suppliers as supplier_rows
from storage.unit_of_work import Outcome, Work


async def register_supplier(work: Work, command: Registration) -> Outcome:
    """The company sells here. Refuses an organisation of another kind, one that sells already, a reference in use."""
    access.require(work.caller, "registerSupplier")
    organisation, created = await organisation_for(work, command, OrganisationKind.SUPPLIER)
    present = None
    if not created:
        present = await supplier_rows.find_by_organisation(work.connection, work.tenant_id, organisation.id)
    change = suppliers.register_supplier(
        command,
        organisation,
        present=present.id if present else None,
        id=work.new_id(SupplierId),
        at=work.at,
    )
    await work.keep(*created, change)
    return Outcome({"supplier": change.after.id})


async def register_provider(work: Work, command: RegisterProvider) -> Outcome:
    """The company carries or serves here. Refuses like `register_supplier`."""
    access.require(work.caller, "registerProvider")
    organisation, created = await organisation_for(work, command.registration, OrganisationKind.PROVIDER)
    present = None
    if not created:
        present = await provider_rows.find_by_organisation(work.connection, work.tenant_id, organisation.id)
    change = providers.register_provider(
        command,
        organisation,
        present=present.id if present else None,
        id=work.new_id(ProviderId),
        at=work.at,
        by=work.caller.actor_id,
    )
    await work.keep(*created, change)
    return Outcome({"provider": change.after.id})


async def grant_tier_sight(work: Work, command: GrantTierSight) -> Outcome:
    """The supplier sees exact levels, or no longer. Refuses what is so already (Conflict)."""
    access.require(work.caller, "grantTierSight")
    supplier = await supplier_rows.lock(work.connection, work.tenant_id, command.supplier_id)
    work.expect(supplier)
    await work.keep(suppliers.grant_tier_sight(supplier, command.granted))
    return Outcome({"supplier": supplier.id})


async def organisation_for(
    work: Work, registration: Registration, kind: OrganisationKind
) -> tuple[Organisation, tuple[Change[Organisation], ...]]:
    """The organisation named, locked; or a new one, with the change that creates it, still to be kept."""
    told, named = work.told, registration.organisation_id
    with told:
        wished = checked(registration)
    if named is not None:
        with told:
            organisation = await organisation_rows.lock(work.connection, work.tenant_id, named)
        told.done()
        return organisation, ()
    told.done()
    wish = CreateOrganisation(kind, wished.name)
    created = organisations.create_organisation(wish, id=work.new_id(OrganisationId), at=work.at)
    return created.after, (created,)
