"""Providers in GraphQL: who carries the goods or serves them afterwards."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.operations import parties
from api.schema.buyers import registration
from api.schema.connection import Connection, connection, listing, point
from api.schema.enums import described
from api.schema.errors import UserError
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import KEY, ByAge, Organisation
from api.schema.scalars import CountryCode
from domain.providers import ProviderKind, ProviderState, RegisterProvider

if TYPE_CHECKING:
    from api.schema.claims import Claim
    from api.schema.enrolments import Guarantee
    from api.schema.recoveries import Recovery
    from api.schema.shipments import Shipment

described(ProviderKind)
described(ProviderState)


@strawberry.input(description="Which providers. What is left out does not matter; conditions add up.")
class ProviderFilter:
    """The filters of `storage/views/parties.py`."""

    country: CountryCode | None = strawberry.field(default=None, description="In this country.")
    kinds: list[ProviderKind] | None = strawberry.field(default=None, description="Doing one of these.")
    reference: str | None = strawberry.field(
        default=None, description="With this number of the marketplace; for staff."
    )


@strawberry.type(description="A carrier, forwarder or service firm.")
class Provider(Node):
    """`domain.providers.Provider`."""

    name: str = strawberry.field(description="Its name.")
    country: CountryCode = strawberry.field(description="Where it is at home.")
    kind: ProviderKind = strawberry.field(description="What it does.")
    state: ProviderState = strawberry.field(description="Where it stands in its life on the marketplace.")
    reference: str | None = strawberry.field(description="The marketplace's own number for it; for staff and itself.")
    organisation: Organisation | None = strawberry.field(description="Its people and keys; for staff and itself.")
    guarantees: Connection[Annotated["Guarantee", strawberry.lazy("api.schema.enrolments")]] = connection(
        "The promises it stands for.", order=ByAge
    )
    shipments: Connection[Annotated["Shipment", strawberry.lazy("api.schema.shipments")]] = connection(
        "What it carries, as far as the viewer may see it."
    )
    claims: Connection[Annotated["Claim", strawberry.lazy("api.schema.claims")]] = connection(
        "The claims that it answers, as far as the viewer may see them."
    )
    recoveries: Connection[Annotated["Recovery", strawberry.lazy("api.schema.recoveries")]] = connection(
        "What it owes for broken promises; for staff and itself."
    )
    registered_at: datetime = strawberry.field(description="When it was registered.")
    version: int | None = strawberry.field(
        description="Grows by one with each change, for `expectedVersion`; for staff and itself."
    )


@strawberry.input(description="A company that shall carry or serve here.")
class RegisterProviderInput:
    """→ `domain.providers.RegisterProvider`."""

    name: str = strawberry.field(description="Its name, at most 200 characters.")
    country: CountryCode = strawberry.field(description="Where it is at home.")
    kind: ProviderKind = strawberry.field(description="What it does.")
    reference: str | None = strawberry.field(
        default=None, description="The marketplace's own number for it; unique among providers."
    )
    organisation_id: strawberry.ID | None = strawberry.field(
        default=None, description="The organisation that it is; a new one of the same name when left out."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> RegisterProvider:
        """The command. Refuses with Invalid, naming every problem."""
        wish = registration(self.name, self.country, self.reference, self.organisation_id)
        return RegisterProvider(wish, self.kind)


@strawberry.type(description="The provider after the change, or why nothing changed.")
class ProviderPayload:
    """What the mutations on a provider answer."""

    provider: Provider | None = strawberry.field(description="The provider; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class ProviderQueries:
    """Reading providers."""

    provider: Provider | None = point("The provider of that id; null when there is none.", of="provider")
    providers: Connection[Provider] = listing("All providers.", filter=ProviderFilter, order=ByAge)


@strawberry.type
class ProviderMutations:
    """What can be done with providers."""

    register_provider: ProviderPayload = mutation(
        parties.register_provider, RegisterProviderInput, keyed=False, description="A company carries or serves here."
    )
