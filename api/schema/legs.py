"""Legs in GraphQL: the parts of a shipment's way."""

from datetime import datetime

import strawberry

from api.operations import legs
from api.schema.connection import point
from api.schema.errors import UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import KEY, VERSION
from api.schema.providers import Provider
from api.schema.shipments import Shipment, ShipmentPayload
from domain import legs as rules
from domain.check_digits import NumberScheme
from domain.ids import LegId, ProviderId, ShipmentId
from domain.legs import NewLeg, PlanLegs, RecordLeg
from domain.places import Area
from domain.shipments import ShipmentMode

_AREA = "As `CN`, `CN-SH`, `CNSHA` or `US~902`: country, region, place of UN/LOCODE, or beginning of a postal code."


@strawberry.type(description="A part of a shipment's way, carried by one carrier.")
class Leg(Node):
    """`domain.legs.Leg`."""

    shipment: Shipment | None = strawberry.field(description="The shipment; null when hidden from the viewer.")
    number: int = strawberry.field(description="Its place on the way, from 1.")
    mode: ShipmentMode = strawberry.field(description="How the goods travel on it.")
    provider: Provider | None = strawberry.field(
        description="The provider that carries; null where it is somebody else, or hidden from the viewer."
    )
    carrier_name: str | None = strawberry.field(description="Who carries, where that is no provider of ours.")
    from_key: str = strawberry.field(description=f"Where it begins. {_AREA}")
    to_key: str = strawberry.field(description=f"Where it ends. {_AREA}")
    planned_departure_at: datetime | None = strawberry.field(description="When it was to begin.")
    planned_arrival_at: datetime | None = strawberry.field(description="When it was to end.")
    estimated_departure_at: datetime | None = strawberry.field(description="When it was last expected to begin.")
    estimated_arrival_at: datetime | None = strawberry.field(description="When it was last expected to end.")
    departed_at: datetime | None = strawberry.field(description="When it began; null while it did not.")
    arrived_at: datetime | None = strawberry.field(description="When it ended; null while it did not.")
    document_number: str | None = strawberry.field(
        description="The number of its transport document: bill of lading, air waybill, consignment note."
    )
    tracking_number: str | None = strawberry.field(
        description="The number of the container or parcel on it, in capitals without blanks and dashes."
    )
    tracking_scheme: NumberScheme | None = strawberry.field(
        description="How that number is made; null where its form belongs to no scheme with a check digit."
    )
    tracking_valid: bool | None = strawberry.field(
        description="Whether the number's check digit fits; null where it has none."
    )
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.input(description="A leg as it is planned.")
class NewLegInput:
    """→ `domain.legs.NewLeg`."""

    mode: ShipmentMode = strawberry.field(description="How the goods travel on it.")
    provider_id: strawberry.ID | None = strawberry.field(
        default=None, description="The provider that carries: this or `carrierName`."
    )
    carrier_name: str | None = strawberry.field(default=None, description="Who carries, where it is no provider.")
    from_key: str = strawberry.field(description=f"Where it begins: where the leg before it ends. {_AREA}")
    to_key: str = strawberry.field(description=f"Where it ends. {_AREA}")
    planned_departure_at: datetime | None = strawberry.field(default=None, description="When it is to begin.")
    planned_arrival_at: datetime | None = strawberry.field(default=None, description="When it is to end.")
    document_number: str | None = strawberry.field(default=None, description="The number of its transport document.")
    tracking_number: str | None = strawberry.field(
        default=None, description="The number of the container or parcel; a wrong check digit is shown, not refused."
    )
    tracking_scheme: NumberScheme | None = strawberry.field(
        default=None, description="How that number shall be made; left out, its own form says so where it can."
    )

    def leg(self, read: Reader, place: int) -> NewLeg:
        """The leg; what is wrong with its spelling is collected by `read`."""
        where = ("legs", str(place))
        anywhere = Area("US")
        name = self.carrier_name
        read.rules(rules.number_problems(self.document_number, self.tracking_number, where))
        return NewLeg(
            mode=self.mode,
            provider_id=read.optional_id(ProviderId, self.provider_id, *where, "providerId"),
            carrier_name=None if name is None else read.name(name, *where, "carrierName"),
            from_area=read.take(lambda: Area.parse(self.from_key), *where, "fromKey", otherwise=anywhere),
            to_area=read.take(lambda: Area.parse(self.to_key), *where, "toKey", otherwise=anywhere),
            planned_departure_at=self.planned_departure_at,
            planned_arrival_at=self.planned_arrival_at,
            document_number=self.document_number,
            tracking_number=self.tracking_number,
            tracking_scheme=self.tracking_scheme,
        )


@strawberry.input(description="A shipment's whole way, leg by leg.")
class PlanLegsInput:
    """→ `domain.legs.PlanLegs`."""

    shipment_id: strawberry.ID = strawberry.field(description="The shipment.")
    legs: list[NewLegInput] = strawberry.field(
        description="1 to 20 legs, each beginning where the last one ended; legs that are known come first and stay."
    )
    expected_version: int | None = strawberry.field(default=None, description=f"Of the shipment. {VERSION}")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> PlanLegs:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = PlanLegs(
            read.id(ShipmentId, self.shipment_id, "shipmentId"),
            tuple(leg.leg(read, place) for place, leg in enumerate(self.legs)),
        )
        read.done()
        return command


@strawberry.input(description="What became known of a leg. What is left out stays as it was.")
class RecordLegInput:
    """→ `domain.legs.RecordLeg`."""

    leg_id: strawberry.ID = strawberry.field(description="The leg.")
    estimated_departure_at: datetime | None = strawberry.field(default=None, description="When it is to begin now.")
    estimated_arrival_at: datetime | None = strawberry.field(default=None, description="When it is to end now.")
    departed_at: datetime | None = strawberry.field(default=None, description="When it began.")
    arrived_at: datetime | None = strawberry.field(default=None, description="When it ended.")
    document_number: str | None = strawberry.field(default=None, description="The number of its transport document.")
    tracking_number: str | None = strawberry.field(default=None, description="The number of the container or parcel.")
    tracking_scheme: NumberScheme | None = strawberry.field(
        default=None, description="How that number shall be made; left out, its own form says so where it can."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> RecordLeg:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        read.rules(rules.number_problems(self.document_number, self.tracking_number, ()))
        command = RecordLeg(
            leg_id=read.id(LegId, self.leg_id, "legId"),
            estimated_departure_at=self.estimated_departure_at,
            estimated_arrival_at=self.estimated_arrival_at,
            departed_at=self.departed_at,
            arrived_at=self.arrived_at,
            document_number=self.document_number,
            tracking_number=self.tracking_number,
            tracking_scheme=self.tracking_scheme,
        )
        read.done()
        return command


@strawberry.type(description="The leg after a mutation.")
class LegPayload:
    """What the mutations on a leg answer."""

    leg: Leg | None = strawberry.field(description="The leg as it is now; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class LegQueries:
    """Reading legs."""

    leg: Leg | None = point("The leg of that id; null when there is none for the viewer.", of="leg")


@strawberry.type
class LegMutations:
    """Planning ways, and telling what became of their parts."""

    plan_legs: ShipmentPayload = mutation(
        legs.plan_legs,
        PlanLegsInput,
        keyed=False,
        description="A shipment travels by those legs. Legs are added, never removed; a leg that was left stays.",
    )
    record_leg: LegPayload = mutation(
        legs.record_leg,
        RecordLegInput,
        keyed=False,
        description="What became known of a leg: times, transport document, container or parcel number.",
    )
