"""Providers: who carries the goods or serves them afterwards.

In this issue a registered provider is active at once; onboarding (`domain.md` 6.2) will put its states before that.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.change import Change, Happening
from domain.ids import OrganisationId, ProviderId
from domain.organisations import Organisation, OrganisationKind
from domain.parties import Registration, checked, require_room


class ProviderKind(StrEnum):
    """What a provider does."""

    EXPRESS = "EXPRESS"
    """Carries parcels from door to door."""
    AIR_FREIGHT = "AIR_FREIGHT"
    """Carries by air."""
    OCEAN_FREIGHT = "OCEAN_FREIGHT"
    """Carries by sea."""
    ROAD_FREIGHT = "ROAD_FREIGHT"
    """Carries by lorry."""
    RAIL_FREIGHT = "RAIL_FREIGHT"
    """Carries by train."""
    FORWARDER = "FORWARDER"
    """Arranges transport with others and answers for it."""
    AFTER_SALES = "AFTER_SALES"
    """Installs, maintains and repairs."""
    UNKNOWN = "UNKNOWN"
    """What it does was not recorded."""


class ProviderState(StrEnum):
    """Where a provider stands in its life on the marketplace."""

    ACTIVE = "ACTIVE"
    """Carries and serves, and may offer guarantees."""


@dataclass(frozen=True, slots=True)
class Provider:
    """One carrier, forwarder or service firm."""

    id: ProviderId
    organisation_id: OrganisationId
    reference: str | None
    name: str
    country: str
    kind: ProviderKind
    state: ProviderState
    registered_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class RegisterProvider:
    """The wish for a new provider of a kind."""

    registration: Registration
    kind: ProviderKind


def register_provider(
    command: RegisterProvider,
    organisation: Organisation,
    *,
    present: ProviderId | None,
    id: ProviderId,
    at: datetime,
) -> Change[Provider]:
    """The organisation carries or serves here, at once. Refuses what `parties` refuses."""
    registration = checked(command.registration)
    require_room(organisation, OrganisationKind.PROVIDER, present)
    provider = Provider(
        id=id,
        organisation_id=organisation.id,
        reference=registration.reference,
        name=registration.name,
        country=registration.country,
        kind=command.kind,
        state=ProviderState.ACTIVE,
        registered_at=at,
        version=1,
    )
    happened = Happening("provider.registered", {"organisation": organisation.id, "kind": command.kind})
    return Change(None, provider, (happened,))
