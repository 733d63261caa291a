"""Lanes in GraphQL: the ways a service goes, or the places where it is done."""

from datetime import datetime

import strawberry

from api.operations import lanes
from api.schema.connection import Connection, listing, point
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import KEY, VERSION, ByAge
from api.schema.providers import Provider
from api.schema.scalars import CountryCode
from api.schema.services import Service
from domain import lanes as rules
from domain.ids import LaneId, ServiceId
from domain.lanes import AddLanes, LaneAction, LaneState, NewLane, RemoveLane, Timing, UpdateLane
from domain.modes import DangerousGoodsClass, ServiceMode
from domain.places import Area
from domain.services import ServiceLevel

described(LaneState)
described(LaneAction)

AREA = (
    "The key of an area: a country (`CN`), a region of ISO 3166-2 (`CN-SH`), a place of UN/LOCODE (`CNSHA`) or a "
    "postal prefix (`US~902`)."
)


@strawberry.input(description="Which lanes. What is left out does not matter; conditions add up.")
class LaneFilter:
    """The fields are the filters of `storage/views/services.py`."""

    modes: list[ServiceMode] | None = strawberry.field(default=None, description="Of one of these modes.")
    levels: list[ServiceLevel] | None = strawberry.field(
        default=None, description="Of a service of one of these levels."
    )
    origins: list[str] | None = strawberry.field(
        default=None,
        description="From one of these areas, by key. Name a place and the areas it lies in to find all lanes from it.",
    )
    destinations: list[str] | None = strawberry.field(default=None, description="To one of these areas, by key.")
    origin_country: CountryCode | None = strawberry.field(default=None, description="From anywhere in this country.")
    destination_country: CountryCode | None = strawberry.field(default=None, description="To anywhere in this country.")
    dangerous_goods: DangerousGoodsClass | None = strawberry.field(
        default=None, description="Of a service that takes dangerous goods of this class."
    )
    provider_id: strawberry.ID | None = strawberry.field(default=None, description="Of this provider.")
    service_id: strawberry.ID | None = strawberry.field(default=None, description="Of this service.")
    sellable: bool | None = strawberry.field(default=None, description="On sale, or not.")


@strawberry.type(description="An action on a lane that is not possible now for the viewer, and why.")
class BlockedLaneAction:
    """`domain.moves.Move`."""

    action: LaneAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="When time ends it; null where it does not.")


@strawberry.type(
    description="One way of a service, from area to area, or the place where it is done. How days are counted: goods "
    "handed over until the cut-off count as of that day; then the handling days, working days of the origin; then the "
    "transit days, days of the week."
)
class Lane(Node):
    """`domain.lanes.Lane`."""

    service: Service | None = strawberry.field(description="The service that goes it.")
    provider: Provider | None = strawberry.field(description="Who sells it.")
    mode: ServiceMode = strawberry.field(description="The service's mode.")
    origin: str = strawberry.field(description=f"Where it begins. {AREA}")
    destination: str = strawberry.field(description=f"Where it ends. {AREA}")
    origin_country: CountryCode = strawberry.field(description="The country of its origin.")
    destination_country: CountryCode = strawberry.field(description="The country of its destination.")
    transit_days_min: int = strawberry.field(description="Days under way, at best.")
    transit_days_max: int = strawberry.field(description="Days under way, at most: what is promised.")
    handling_days: int = strawberry.field(description="Working days before it leaves.")
    cut_off: str | None = strawberry.field(description="Local time (`17:00`) until which goods count as of that day.")
    cut_off_zone: str | None = strawberry.field(description="The cut-off's time zone, of the IANA database.")
    zone: str | None = strawberry.field(
        description="The zone of the rate sheet it is priced by; for staff and its provider."
    )
    state: LaneState = strawberry.field(description="Whether the service goes it.")
    sellable: bool = strawberry.field(
        description="On sale: active, its service listed, and the provider has the capability to sell it."
    )
    available_actions: list[LaneAction] = strawberry.field(
        description="What the viewer may do now: each mutation will not be refused for state, time or role."
    )
    blocked_actions: list[BlockedLaneAction] = strawberry.field(description="What the viewer may not do now, and why.")
    added_at: datetime = strawberry.field(description="When it was added.")
    removed_at: datetime | None = strawberry.field(description="When it was removed.")
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.input(description="How long a lane takes.")
class LaneTimingInput:
    """→ `domain.lanes.Timing`."""

    transit_days_min: int = strawberry.field(description="Days under way, at best.")
    transit_days_max: int = strawberry.field(description="Days under way, at most: what is promised.")
    handling_days: int = strawberry.field(default=0, description="Working days before it leaves.")
    cut_off: str | None = strawberry.field(
        default=None, description="Local time (`17:00`) until which goods count as of that day; needs its zone."
    )
    cut_off_zone: str | None = strawberry.field(
        default=None, description="The cut-off's time zone, of the IANA database: `Asia/Shanghai`."
    )

    def timing(self) -> Timing:
        """The days."""
        return Timing(self.transit_days_min, self.transit_days_max, self.handling_days, self.cut_off, self.cut_off_zone)


@strawberry.input(description="A lane to be added.")
class LaneInput:
    """→ `domain.lanes.NewLane`."""

    origin: str = strawberry.field(description=f"Where it begins. {AREA}")
    destination: str | None = strawberry.field(
        default=None, description="Where it ends, likewise; the origin when left out, for what is done at a place."
    )
    timing: LaneTimingInput = strawberry.field(description="How long it takes.")
    zone: str = strawberry.field(description="The zone of the service's rate sheets that it is priced by.")

    def lane(self, read: Reader, place: int) -> NewLane:
        """The lane; what is wrong with it is collected by `read`."""
        where, nowhere, known = ("lanes", str(place)), Area("US"), len(read.problems)
        origin = read.take(lambda: Area.parse(self.origin), *where, "origin", otherwise=nowhere)
        destination = origin
        if (text := self.destination) is not None:
            destination = read.take(lambda: Area.parse(text), *where, "destination", otherwise=nowhere)
        if len(read.problems) > known:
            origin = destination = nowhere  # so that nobody is told of two ends that differ
        return NewLane(origin, destination, self.timing.timing(), self.zone)


@strawberry.input(description="Lanes to be added to a service: all of them or none.")
class AddLanesInput:
    """→ `domain.lanes.AddLanes`."""

    service_id: strawberry.ID = strawberry.field(description="The service.")
    lanes: list[LaneInput] = strawberry.field(description="The lanes, at most 100.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> AddLanes:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = AddLanes(
            read.id(ServiceId, self.service_id, "serviceId"),
            tuple(lane.lane(read, place) for place, lane in enumerate(self.lanes)),
        )
        read.done(command)
        return command


@strawberry.input(description="Changes of a lane; what is left out stays. Its ends never change.")
class UpdateLaneInput:
    """→ `domain.lanes.UpdateLane`."""

    lane_id: strawberry.ID = strawberry.field(description="The lane.")
    timing: LaneTimingInput | None = strawberry.field(default=None, description="How long it takes, all of it.")
    zone: str | None = strawberry.field(default=None, description="The zone that it is priced by.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> UpdateLane:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        timing = None if self.timing is None else self.timing.timing()
        command = UpdateLane(read.id(LaneId, self.lane_id, "laneId"), timing, self.zone)
        if timing is not None:
            read.rules(rules.timing_problems(timing, ("timing",)))
        if self.zone is not None:
            read.rules(rules.zone_problems(self.zone, ()))
        read.done()
        return command


@strawberry.input(description="A lane that the service goes no longer.")
class RemoveLaneInput:
    """→ `domain.lanes.RemoveLane`."""

    lane_id: strawberry.ID = strawberry.field(description="The lane.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> RemoveLane:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = RemoveLane(read.id(LaneId, self.lane_id, "laneId"))
        read.done()
        return command


@strawberry.type(description="The lanes that were added, or why none was.")
class AddLanesPayload:
    """What `addLanes` answers."""

    service: Service | None = strawberry.field(description="The service; null when nothing changed.")
    lanes: list[Lane] | None = strawberry.field(description="The lanes, in your order; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type(description="The lane after the change, or why nothing changed.")
class LanePayload:
    """What the mutations on a lane answer."""

    lane: Lane | None = strawberry.field(description="The lane as it is now; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class LaneQueries:
    """Reading lanes."""

    lane: Lane | None = point("The lane of that id; null when there is none for the viewer.", of="lane")
    lanes: Connection[Lane] = listing(
        "The lanes the viewer may see: what is on sale for everybody, a provider also its own, staff all.",
        filter=LaneFilter,
        order=ByAge,
    )


@strawberry.type
class LaneMutations:
    """What can be done with lanes."""

    add_lanes: AddLanesPayload = mutation(
        lanes.add_lanes,
        AddLanesInput,
        keyed=False,
        gathers=True,
        description="A service goes more ways, up to 100 at once: all of them or none. They are on sale at once where "
        "the service is listed and its provider may sell them.",
    )
    update_lane: LanePayload = mutation(
        lanes.update_lane,
        UpdateLaneInput,
        keyed=False,
        description="A lane's days, cut-off and zone change; quotes given before stay as they are.",
    )
    remove_lane: LanePayload = mutation(
        lanes.remove_lane,
        RemoveLaneInput,
        keyed=False,
        description="A service goes a lane no longer; what was quoted and booked before stands.",
    )
