"""Suppliers: the merchants who sell to the buyers.

Laws: a supplier sees buyers' exact levels if and only if it was given that sight (`domain.md` 2.5: a narrow class of
merchants); to all others a level is `L1_PLUS` or nothing. What the marketplace knows of who is behind a supplier is
kept as fingerprints alone (`domain/relations.py`).
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.access import Caller, may
from domain.change import Change, Happening
from domain.errors import Conflict, Invalid, Problem
from domain.explain import Finding, unmet
from domain.ids import OrganisationId, SupplierId
from domain.moves import Move
from domain.organisations import NAME_LENGTH_MAX, Organisation, OrganisationKind
from domain.parties import Registration, checked, require_room
from domain.relations import RelationKind


class SupplierAction(StrEnum):
    """What can be done with a supplier; the value is the mutation's name in capitals."""

    GRANT_TIER_SIGHT = "GRANT_TIER_SIGHT"
    """grantTierSight: show it buyers' exact levels, or no longer."""
    IDENTIFY_SUPPLIER = "IDENTIFY_SUPPLIER"
    """identifySupplier: say who is behind it."""


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


@dataclass(frozen=True, slots=True)
class IdentifySupplier:
    """What the marketplace knows of who is behind a supplier; at least one of the three."""

    supplier_id: SupplierId
    owner: str | None
    tax_number: str | None
    bank_account: str | None

    def known(self) -> Mapping[RelationKind, str]:
        """What it says, by kind. Refuses with Invalid to say nothing, and what has no letter or digit."""
        if problems := tuple(self.problems()):
            raise Invalid(*problems)
        return self._told()

    def problems(self) -> Iterator[Problem]:
        """What of it says nothing."""
        told = self._told()
        for kind, text in told.items():
            if len(text) > NAME_LENGTH_MAX or not any(letter.isalnum() for letter in text):
                problem = f"must have letters or digits, {NAME_LENGTH_MAX} characters at most"
                yield Problem((_FIELDS[kind],), problem)
        for field in () if told else _FIELDS.values():
            yield Problem((field,), "one of the three must be given")

    def _told(self) -> dict[RelationKind, str]:
        given = {
            RelationKind.OWNER: self.owner,
            RelationKind.TAX_NUMBER: self.tax_number,
            RelationKind.BANK_ACCOUNT: self.bank_account,
        }
        return {kind: text for kind, text in given.items() if text is not None}


_FIELDS: Final[Mapping[RelationKind, str]] = {
    RelationKind.OWNER: "owner",
    RelationKind.TAX_NUMBER: "taxNumber",
    RelationKind.BANK_ACCOUNT: "bankAccount",
}


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
    require_room(organisation, OrganisationKind.SUPPLIER, present, registration)
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
        told = "The supplier has that sight already." if granted else "The supplier does not have that sight already."
        raise Conflict(told, field=("granted",))
    after = replace(supplier, sees_exact_tiers=granted, version=supplier.version + 1)
    return Change(supplier, after, (Happening("supplier.tier_sight_changed", {"granted": granted}),))


def identify_supplier(supplier: Supplier, kinds: Collection[RelationKind]) -> Change[Supplier]:
    """It is known who is behind the supplier, as far as those kinds go; what it is stands nowhere but in digests."""
    after = replace(supplier, version=supplier.version + 1)
    return Change(supplier, after, (Happening("supplier.identified", {"kinds": ",".join(sorted(kinds))}),))


# -- what may be done -------------------------------------------------------------------------------------------------

_MUTATIONS: Final[Mapping[SupplierAction, str]] = {
    SupplierAction.GRANT_TIER_SIGHT: "grantTierSight",
    SupplierAction.IDENTIFY_SUPPLIER: "identifySupplier",
}
assert _MUTATIONS.keys() == set(SupplierAction)


def moves(_supplier: Supplier, caller: Caller, _at: datetime) -> tuple[Move, ...]:
    """What the caller may do with a supplier, and why not: its role alone decides."""
    return tuple(
        Move(
            action.value,
            unmet((Finding("supplier.role", may(caller, _MUTATIONS[action]), "supplier_action_of_your_role"),)),
        )
        for action in SupplierAction
    )
