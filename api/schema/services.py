"""Services in GraphQL: what providers sell, by mode and level."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.operations import services
from api.schema import modes as _modes  # noqa: F401 - describes the shared enums
from api.schema.connection import Connection, connection, listing, point
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import KEY, VERSION, ByAge
from api.schema.providers import Provider
from api.schema.scalars import CountryCode
from domain import services as card
from domain.ids import ProviderId, ServiceId
from domain.modes import DangerousGoodsClass, Incoterm, ServiceMode
from domain.services import (
    CreateService,
    Limits,
    ServiceAction,
    ServiceCommand,
    ServiceLevel,
    ServiceState,
    UpdateService,
)

if TYPE_CHECKING:
    from api.schema.lanes import Lane
    from api.schema.listings import ListingFlag
    from api.schema.rate_sheets import RateImport, RateSheet

described(ServiceState)
described(ServiceAction)


@strawberry.input(description="Which services. What is left out does not matter; conditions add up.")
class ServiceFilter:
    """The fields are the filters of `storage/views/services.py`."""

    modes: list[ServiceMode] | None = strawberry.field(default=None, description="Of one of these modes.")
    levels: list[ServiceLevel] | None = strawberry.field(default=None, description="Of one of these levels.")
    states: list[ServiceState] | None = strawberry.field(default=None, description="In one of these states.")
    provider_id: strawberry.ID | None = strawberry.field(default=None, description="Of this provider.")
    incoterm: Incoterm | None = strawberry.field(default=None, description="Sold on this term.")
    dangerous_goods: DangerousGoodsClass | None = strawberry.field(
        default=None, description="Taking dangerous goods of this class."
    )
    market: CountryCode | None = strawberry.field(default=None, description="Sold to this country.")


@strawberry.type(description="An action on a service that is not possible now for the viewer, and why.")
class BlockedServiceAction:
    """`domain.moves.Move`."""

    action: ServiceAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="When time ends it; null where it does not.")


@strawberry.type(description="What a provider sells. Where it goes are its lanes, what it costs its rate sheets.")
class Service(Node):
    """`domain.services.Service`."""

    mode: ServiceMode = strawberry.field(description="How the goods travel, or what is done.")
    level: ServiceLevel = strawberry.field(description="How fast among services of its mode.")
    title: str = strawberry.field(description="One line.")
    description: str = strawberry.field(description="What the provider says of it.")
    incoterms: list[Incoterm] = strawberry.field(description="The terms it is sold on; empty: any that fit its mode.")
    dangerous_goods: list[DangerousGoodsClass] = strawberry.field(
        description="The classes of dangerous goods it takes; empty: none."
    )
    max_weight_grams: int | None = strawberry.field(description="What one piece may weigh; null: no limit.")
    max_length_mm: int | None = strawberry.field(description="The longest side of one piece; null: no limit.")
    max_width_mm: int | None = strawberry.field(description="The second side of one piece; null: no limit.")
    max_height_mm: int | None = strawberry.field(description="The third side of one piece; null: no limit.")
    markets: list[CountryCode] = strawberry.field(description="The countries it is sold to; empty: all.")
    state: ServiceState = strawberry.field(description="Where it stands.")
    provider: Provider | None = strawberry.field(description="Who sells it.")
    lanes: Connection[Annotated["Lane", strawberry.lazy("api.schema.lanes")]] = connection(
        "The ways it goes; those on sale, for whoever is not its provider."
    )
    rate_sheets: Connection[Annotated["RateSheet", strawberry.lazy("api.schema.rate_sheets")]] = connection(
        "The versions of its prices; for staff and its provider."
    )
    rate_imports: Connection[Annotated["RateImport", strawberry.lazy("api.schema.rate_sheets")]] = connection(
        "The files of prices that were read for it; for staff and its provider."
    )
    listing_flags: Connection[Annotated["ListingFlag", strawberry.lazy("api.schema.listings")]] = connection(
        "What was found wrong with it; for staff and its provider."
    )
    available_actions: list[ServiceAction] = strawberry.field(
        description="What the viewer may do now: each mutation will not be refused for state, time or role."
    )
    blocked_actions: list[BlockedServiceAction] = strawberry.field(
        description="What the viewer may not do now, and why."
    )
    created_at: datetime = strawberry.field(description="When it was first drafted.")
    listed_at: datetime | None = strawberry.field(description="When it was last put on sale.")
    removed_at: datetime | None = strawberry.field(description="When it was removed.")
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.input(description="What one piece may weigh and measure at most. What is left out has no limit.")
class PieceLimitsInput:
    """→ `domain.services.Limits`."""

    max_weight_grams: int | None = strawberry.field(default=None, description="Its weight in grams.")
    max_length_mm: int | None = strawberry.field(default=None, description="Its longest side in millimetres.")
    max_width_mm: int | None = strawberry.field(default=None, description="Its second side in millimetres.")
    max_height_mm: int | None = strawberry.field(default=None, description="Its third side in millimetres.")

    def limits(self) -> Limits:
        """The limits."""
        return Limits(self.max_weight_grams, self.max_length_mm, self.max_width_mm, self.max_height_mm)


@strawberry.input(description="A service to be drafted.")
class CreateServiceInput:
    """→ `domain.services.CreateService`."""

    provider_id: strawberry.ID | None = strawberry.field(
        default=None, description="Who sells it; yourself when left out."
    )
    mode: ServiceMode = strawberry.field(description="How the goods travel, or what is done; never changes.")
    level: ServiceLevel = strawberry.field(
        default=ServiceLevel.STANDARD, description="How fast among services of its mode."
    )
    title: str = strawberry.field(description="One line, at most 120 characters.")
    description: str = strawberry.field(
        default="", description="At most 4,000 characters. Contact outside the marketplace in it is flagged."
    )
    incoterms: list[Incoterm] = strawberry.field(
        default_factory=list, description="The terms it is sold on; FAS, FOB, CFR and CIF by sea only."
    )
    dangerous_goods: list[DangerousGoodsClass] = strawberry.field(
        default_factory=list, description="The classes of dangerous goods it takes."
    )
    limits: PieceLimitsInput | None = strawberry.field(default=None, description="What one piece may be at most.")
    markets: list[CountryCode] = strawberry.field(
        default_factory=list, description="The countries it is sold to; all when empty."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> CreateService:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = CreateService(
            provider_id=read.optional_id(ProviderId, self.provider_id, "providerId"),
            mode=self.mode,
            level=self.level,
            title=self.title,
            description=self.description,
            incoterms=frozenset(self.incoterms),
            dangerous_goods=frozenset(self.dangerous_goods),
            limits=Limits() if self.limits is None else self.limits.limits(),
            markets=frozenset(map(str, self.markets)),
        )
        read.rules(card.word_problems(command.title, command.description))
        read.rules(card.limit_problems(command.limits))
        read.done()
        return command


@strawberry.input(description="Changes of a service; what is left out stays.")
class UpdateServiceInput:
    """→ `domain.services.UpdateService`."""

    service_id: strawberry.ID = strawberry.field(description="The service.")
    level: ServiceLevel | None = strawberry.field(default=None, description="How fast among services of its mode.")
    title: str | None = strawberry.field(default=None, description="One line, at most 120 characters.")
    description: str | None = strawberry.field(default=None, description="At most 4,000 characters.")
    incoterms: list[Incoterm] | None = strawberry.field(
        default=None, description="The terms it is sold on, all of them."
    )
    dangerous_goods: list[DangerousGoodsClass] | None = strawberry.field(
        default=None, description="The classes of dangerous goods it takes, all of them."
    )
    limits: PieceLimitsInput | None = strawberry.field(
        default=None, description="What one piece may be at most; what is left out in it has no limit any more."
    )
    markets: list[CountryCode] | None = strawberry.field(
        default=None, description="The countries it is sold to, all of them."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> UpdateService:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = UpdateService(
            service_id=read.id(ServiceId, self.service_id, "serviceId"),
            level=self.level,
            title=self.title,
            description=self.description,
            incoterms=None if self.incoterms is None else frozenset(self.incoterms),
            dangerous_goods=None if self.dangerous_goods is None else frozenset(self.dangerous_goods),
            limits=None if self.limits is None else self.limits.limits(),
            markets=None if self.markets is None else frozenset(map(str, self.markets)),
        )
        read.rules(card.word_problems(command.title, command.description))
        read.rules(card.limit_problems(command.limits or Limits()))
        read.done()
        return command


@strawberry.input(description="A service to be listed, paused or removed.")
class ServiceInput:
    """→ `domain.services.ServiceCommand`."""

    service_id: strawberry.ID = strawberry.field(description="The service.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> ServiceCommand:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = ServiceCommand(read.id(ServiceId, self.service_id, "serviceId"))
        read.done()
        return command


@strawberry.type(description="The service after the change, or why nothing changed.")
class ServicePayload:
    """What the mutations on a service answer."""

    service: Service | None = strawberry.field(description="The service as it is now; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class ServiceQueries:
    """Reading services."""

    service: Service | None = point("The service of that id; null when there is none for the viewer.", of="service")
    services: Connection[Service] = listing(
        "The services the viewer may see: what is listed for everybody, a provider also its own, staff all.",
        filter=ServiceFilter,
        order=ByAge,
    )


@strawberry.type
class ServiceMutations:
    """What can be done with services."""

    create_service: ServicePayload = mutation(
        services.create_service,
        CreateServiceInput,
        keyed=False,
        description="A service is drafted. It is on sale after addLanes, a rate sheet and listService.",
    )
    update_service: ServicePayload = mutation(
        services.update_service,
        UpdateServiceInput,
        keyed=False,
        description="A service's words, limits and markets change; its texts are looked at again.",
    )
    list_service: ServicePayload = mutation(
        services.list_service,
        ServiceInput,
        keyed=False,
        description="A service is put on sale, on every lane that its provider may sell. Refused, with every reason, "
        "without a lane, without a price, and while a listing flag keeps it off the shelf.",
    )
    pause_service: ServicePayload = mutation(
        services.pause_service,
        ServiceInput,
        keyed=False,
        description="A service is taken off sale for the time being; what was quoted and booked before stands.",
    )
    remove_service: ServicePayload = mutation(
        services.remove_service,
        ServiceInput,
        keyed=False,
        description="A service is removed with its lanes, for good; what was quoted and booked before stands.",
    )
