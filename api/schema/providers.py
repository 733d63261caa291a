"""Providers in GraphQL: who carries the goods or serves them afterwards."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.operations import parties
from api.schema.buyers import registered
from api.schema.capabilities import (
    BARS,
    CAPABILITIES_ON,
    EXIT,
    EXITS,
    RESTRICTIONS,
    Bar,
    CapabilitiesOn,
    Exit,
    Restriction,
)
from api.schema.connection import Connection, connection, listing, point
from api.schema.deposits import DEPOSITS, DepositStanding
from api.schema.enums import described
from api.schema.errors import UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import KEY, ByAge, Organisation
from api.schema.records import RECORD, ProviderRecord
from api.schema.relations import RELATED_ACCOUNTS, RelatedAccount
from api.schema.requirements import (
    ONBOARDING,
    REQUIREMENT_ITEMS,
    REVIEWS,
    BlockedProviderAction,
    Onboarding,
    RequirementItem,
    Review,
)
from api.schema.scalars import CountryCode
from domain.modes import ServiceMode
from domain.providers import ProviderAction, ProviderKind, ProviderState, ProviderTier, RegisterProvider, Trait

if TYPE_CHECKING:
    from api.schema.claims import Claim
    from api.schema.decisions import Decision
    from api.schema.enrolments import Guarantee
    from api.schema.lanes import Lane
    from api.schema.recoveries import Recovery
    from api.schema.service_points import ServicePoint
    from api.schema.services import Service
    from api.schema.shipments import Shipment

described(ProviderKind)
described(ProviderState)


@strawberry.input(description="Which providers. What is left out does not matter; conditions add up.")
class ProviderFilter:
    """The filters of `storage/views/parties.py`."""

    country: CountryCode | None = strawberry.field(default=None, description="In this country.")
    kinds: list[ProviderKind] | None = strawberry.field(default=None, description="Doing one of these.")
    states: list[ProviderState] | None = strawberry.field(default=None, description="In one of these states.")
    reference: str | None = strawberry.field(
        default=None, description="With this number of the marketplace; for staff."
    )


@strawberry.type(description="A carrier, forwarder or service firm.")
class Provider(Node):
    """`domain.providers.Provider`."""

    name: str = strawberry.field(description="Its name.")
    country: CountryCode = strawberry.field(description="Where it is at home.")
    kind: ProviderKind = strawberry.field(description="What it is.")
    state: ProviderState = strawberry.field(description="Where it stands in its life on the marketplace.")
    state_since: datetime | None = strawberry.field(description="Since when it stands there; for staff and itself.")
    state_reason: str | None = strawberry.field(description="Why it stands there, in words; for staff and itself.")
    served_markets: list[CountryCode] = strawberry.field(description="The countries it serves; empty: not declared.")
    services: list[ServiceMode] = strawberry.field(description="What it does; empty: not declared.")
    traits: list[Trait] | None = strawberry.field(
        description="What else it declares about itself; for staff and itself."
    )
    tier: ProviderTier | None = strawberry.field(description="How it stands to the marketplace; for staff and itself.")
    monthly_volume: int | None = strawberry.field(
        description="How many shipments or jobs a month it expects; for staff and itself."
    )
    vouched: bool | None = strawberry.field(
        description="Whether the marketplace answers for all its requirements, so that it proves none; for staff and "
        "itself."
    )
    onboarding: Onboarding | None = ONBOARDING
    requirement_items: Connection[RequirementItem] = REQUIREMENT_ITEMS
    review: Review | None = strawberry.field(
        description="Its application at the desk now; null where there is none; for staff and itself."
    )
    reviews: Connection[Review] = REVIEWS
    decision: Annotated["Decision", strawberry.lazy("api.schema.decisions")] | None = strawberry.field(
        description="The last decision about its admission, with everything it rests on; for staff and itself."
    )
    available_actions: list[ProviderAction] | None = strawberry.field(
        description="What the viewer may do with it now: each mutation will not be refused for state, time or role; "
        "for staff and itself."
    )
    blocked_actions: list[BlockedProviderAction] | None = strawberry.field(
        description="What the viewer may not do with it now, and why; for staff and itself."
    )
    reference: str | None = strawberry.field(description="The marketplace's own number for it; for staff and itself.")
    organisation: Organisation | None = strawberry.field(description="Its people and keys; for staff and itself.")
    guarantees: Connection[Annotated["Guarantee", strawberry.lazy("api.schema.enrolments")]] = connection(
        "The promises it stands for.", order=ByAge
    )
    catalogue: Connection[Annotated["Service", strawberry.lazy("api.schema.services")]] = connection(
        "The services it sells: what is listed; all of them for staff and itself."
    )
    lanes: Connection[Annotated["Lane", strawberry.lazy("api.schema.lanes")]] = connection(
        "The ways they go: what is on sale; all of them for staff and itself."
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
    service_points: Connection[Annotated["ServicePoint", strawberry.lazy("api.schema.service_points")]] = connection(
        "Where it serves, as far as the viewer may see it."
    )
    record: ProviderRecord | None = RECORD
    capabilities_on: CapabilitiesOn | None = CAPABILITIES_ON
    restrictions: Connection[Restriction] = RESTRICTIONS
    exit: Exit | None = EXIT
    exits: Connection[Exit] = EXITS
    bars: Connection[Bar] = BARS
    related_accounts: list[RelatedAccount] = RELATED_ACCOUNTS
    deposits: list[DepositStanding] | None = DEPOSITS
    registered_at: datetime = strawberry.field(description="When it was registered, was invited or applied.")
    activated_at: datetime | None = strawberry.field(
        description="When it began to work; null before, when only the desk and itself know of it."
    )
    version: int | None = strawberry.field(
        description="Grows by one with each change, for `expectedVersion`; for staff and itself."
    )


@strawberry.input(description="A company that shall carry or serve here.")
class RegisterProviderInput:
    """→ `domain.providers.RegisterProvider`."""

    name: str = strawberry.field(description="Its name, at most 200 characters.")
    country: CountryCode = strawberry.field(description="Where it is at home.")
    kind: ProviderKind = strawberry.field(description="What it is.")
    served_markets: list[CountryCode] = strawberry.field(
        default_factory=list, description="The countries it serves, as far as known."
    )
    services: list[ServiceMode] = strawberry.field(default_factory=list, description="What it does, as far as known.")
    reference: str | None = strawberry.field(
        default=None, description="The marketplace's own number for it; unique among providers."
    )
    organisation_id: strawberry.ID | None = strawberry.field(
        default=None, description="The organisation that it is; a new one of the same name when left out."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> RegisterProvider:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        wish = registered(read, self.name, self.country, self.reference, self.organisation_id)
        command = RegisterProvider(wish, self.kind, frozenset(map(str, self.served_markets)), frozenset(self.services))
        read.done(command)
        return command


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
        parties.register_provider,
        RegisterProviderInput,
        keyed=False,
        gathers=True,
        description="A company carries or serves here at once: the marketplace vouches for it.",
    )
