"""Parties: the buyers, suppliers and providers of a marketplace, as far as they are alike.

Laws: a party belongs to one organisation of its own kind, and an organisation has at most one party. `reference` is the
marketplace's own number for it, unique per kind of party where there is one.
"""

from dataclasses import dataclass, replace
from typing import Protocol

from domain import texts
from domain.countries import COUNTRIES
from domain.errors import Conflict, Invalid, Problem
from domain.ids import Id, LiablePartyId, OrganisationId, PartyId, ProviderId, SupplierId
from domain.organisations import Organisation, OrganisationKind, name_problems


@dataclass(frozen=True, slots=True)
class Registration:
    """Who wants to be known: a name, a country, a number, and the organisation (a new one when none is named)."""

    name: str
    country: str
    reference: str | None = None
    organisation_id: OrganisationId | None = None


def checked(registration: Registration) -> Registration:
    """The registration without blanks around its name. Refuses an empty name, an unknown country, an odd reference."""
    problems = name_problems(registration.name, "name")
    if registration.country not in COUNTRIES:
        problems += (Problem(("country",), f"{registration.country!r} is not a country"),)
    reference = registration.reference
    if reference is not None:
        problems += tuple(texts.reference_problems(reference, "reference"))
    if problems:
        raise Invalid(*problems)
    return replace(registration, name=registration.name.strip())


def require_room(
    organisation: Organisation, kind: OrganisationKind, party_id: PartyId | None, registration: Registration
) -> None:
    """Returns if the organisation can become a party of that kind; `party_id` is the party it has already.

    Only who registers somebody names an organisation; of who applies it is the caller's own, and no field is told then.

    Raises:
        Invalid: the organisation is of another kind.
        Conflict: it has a party.
    """
    named = None if registration.organisation_id is None else ("organisationId",)
    if organisation.kind is not kind:
        problem = f"is a {organisation.kind.value} organisation, not a {kind.value} organisation"
        raise Invalid(Problem(named or (), problem))
    if party_id is not None:
        raise Conflict(f"The organisation is registered already, as {party_id}.", field=named)


class OfLiableParty(Protocol):
    """What one party answers for: a supplier or a provider."""

    @property
    def id(self) -> Id:
        """Its id."""

    @property
    def supplier_id(self) -> SupplierId | None:
        """The supplier, if it is one."""

    @property
    def provider_id(self) -> ProviderId | None:
        """The provider, if it is one."""


def liable(thing: OfLiableParty) -> LiablePartyId:
    """Who answers for it. Refuses with ValueError what nobody answers for."""
    party = thing.supplier_id or thing.provider_id
    if party is None:
        raise ValueError(f"{thing.id} has no liable party")
    return party
