"""Suppliers: the merchants who sell to the buyers.

Law: a supplier sees buyers' exact levels if and only if it was given that sight (`domain.md` 2.5: a narrow class of
merchants); to all others a level is `L1_PLUS` or nothing.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from domain.change import Change, Happening
from domain.errors import Conflict
from domain.ids import OrganisationId, SupplierId
from domain.organisations import Organisation, OrganisationKind
from domain.parties import Registration, checked, require_room


@dataclass(frozen=True, slots=True)
class Supplier:
    """One merchant."""

    id: SupplierId
    organisation_id: OrganisationId
    reference: str | None
    name: str
    country: str
    sees_exact_tiers: bool
    registered_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class GrantTierSight:
    """The wish that a supplier sees exact levels (`granted`), or no longer."""

    supplier_id: SupplierId
    granted: bool


def register_supplier(
    registration: Registration,
    organisation: Organisation,
    *,
    present: SupplierId | None,
    id: SupplierId,
    at: datetime,
) -> Change[Supplier]:
    """The organisation sells here, without sight of exact levels. Refuses what `parties` refuses."""
    registration = checked(registration)
    require_room(organisation, OrganisationKind.SUPPLIER, present)
    supplier = Supplier(
        id=id,
        organisation_id=organisation.id,
        reference=registration.reference,
        name=registration.name,
        country=registration.country,
        sees_exact_tiers=False,
        registered_at=at,
        version=1,
    )
    return Change(None, supplier, (Happening("supplier.registered", {"organisation": organisation.id}),))


def grant_tier_sight(supplier: Supplier, granted: bool) -> Change[Supplier]:
    """The supplier sees exact levels from now on (`granted`), or no longer. Refuses what is so already (Conflict)."""
    if supplier.sees_exact_tiers == granted:
        raise Conflict(f"The supplier {'has' if granted else 'does not have'} that sight already.")
    after = replace(supplier, sees_exact_tiers=granted, version=supplier.version + 1)
    return Change(supplier, after, (Happening("supplier.tier_sight_changed", {"granted": granted}),))
