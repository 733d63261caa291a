"""Shipments in GraphQL: what is on its way, and what carriers report of it."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.operations import shipments
from api.schema.connection import Connection, connection, listing, point
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.orders import Order, OrderLine
from api.schema.organisations import KEY, VERSION, ByAge
from api.schema.personal import Personal
from api.schema.providers import Provider
from api.schema.scalars import Money, MoneyInput
from domain import money
from domain.check_digits import NumberScheme
from domain.errors import Problem
from domain.ids import OrderId, OrderLineId, ProviderId, ShipmentId, UploadId
from domain.shipments import (
    AppointPickup,
    ProveDelivery,
    RecordShipment,
    RecordTrackingNumber,
    ShipmentAction,
    ShipmentMode,
    UpdateEta,
)
from domain.tracking import (
    EventFlag,
    Milestone,
    ResponsibleParty,
    ShipmentState,
    TrackingReason,
    TrackingStatus,
)

if TYPE_CHECKING:
    from api.schema.holds import HeldClock
    from api.schema.legs import Leg
    from api.schema.uploads import Upload

for _enum in (
    ShipmentAction,
    ShipmentState,
    TrackingStatus,
    TrackingReason,
    ResponsibleParty,
    EventFlag,
    NumberScheme,
):
    described(_enum)
described(Milestone, name="ShipmentMilestone")


@strawberry.input(description="Which shipments. What is left out does not matter; conditions add up.")
class ShipmentFilter:
    """The fields are the filters of `storage/views/shipments.py`."""

    states: list[ShipmentState] | None = strawberry.field(default=None, description="In one of these states.")
    modes: list[ShipmentMode] | None = strawberry.field(default=None, description="Travelling in one of these ways.")
    order_id: strawberry.ID | None = strawberry.field(default=None, description="Of this order.")
    provider_id: strawberry.ID | None = strawberry.field(default=None, description="Carried by this provider.")
    reference: str | None = strawberry.field(default=None, description="With this number of the provider or the shop.")
    tracking_number: str | None = strawberry.field(
        default=None, description="Travelling under this number, in capitals without blanks and dashes."
    )
    is_stalled: bool | None = strawberry.field(default=None, description="Stuck, or not stuck.")
    promised_before: datetime | None = strawberry.field(
        default=None,
        description="Promised for before this instant, itself or a line that it carries; now, with the `states` in "
        "which goods are on their way: what is late.",
    )


@strawberry.type(description="An action on a shipment that is not possible now for the viewer, and why.")
class BlockedShipmentAction:
    """`domain.moves.Move`."""

    action: ShipmentAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="When time ends it; null where it does not.")


@strawberry.type(description="One report of where a shipment is.")
class TrackingEvent(Node):
    """`domain.tracking.TrackingEvent`."""

    shipment: Annotated["Shipment", strawberry.lazy("api.schema.shipments")] | None = strawberry.field(
        description="The shipment."
    )
    reference: str = strawberry.field(description="The reporter's own number of the report.")
    status: TrackingStatus = strawberry.field(description="What was reported.")
    reason: TrackingReason | None = strawberry.field(description="What went wrong; null where nothing did.")
    responsible_party: ResponsibleParty | None = strawberry.field(
        description="Who answers for that reason; null where there is none."
    )
    responsible_leg: Annotated["Leg", strawberry.lazy("api.schema.legs")] | None = strawberry.field(
        description="The leg that the goods were on then; null where nothing says."
    )
    milestone: Milestone | None = strawberry.field(description="What the goods passed then, where it was said.")
    carrier: str | None = strawberry.field(description="Whose code it was told in; null where our words were used.")
    code: str | None = strawberry.field(description="The carrier's own code, as it came.")
    leg_number: int | None = strawberry.field(description="The number of the leg that the reporter named.")
    flags: list[EventFlag] = strawberry.field(description="What is odd about it; empty where nothing is.")
    place: str | None = strawberry.field(description="Where.")
    note: str | None = strawberry.field(description="What the reporter wrote with it.")
    eta_at: datetime | None = strawberry.field(description="When the goods are expected, as estimated then.")
    occurred_at: datetime = strawberry.field(description="When it was so.")
    recorded_at: datetime = strawberry.field(description="When we heard of it.")


@strawberry.type(description="A milestone of one shipment: plan, latest estimate and fact side by side.")
class MilestoneOfShipment:
    """`domain.legs.Passing`."""

    milestone: Milestone = strawberry.field(description="The milestone.")
    planned_at: datetime | None = strawberry.field(description="For when it was planned; of the delivery: promised.")
    estimated_at: datetime | None = strawberry.field(description="For when it was last estimated.")
    actual_at: datetime | None = strawberry.field(description="When it was passed; null while it was not.")


@strawberry.type(description="One estimate of a shipment's arrival. The promise stands beside all of them.")
class ShipmentEstimate:
    """`domain.tracking.Estimate`."""

    eta_at: datetime = strawberry.field(description="When the goods were expected.")
    estimated_at: datetime = strawberry.field(description="When that was estimated.")
    recorded_at: datetime = strawberry.field(description="When we heard of it.")
    reference: str = strawberry.field(description="The reporter's own number of the report that gave it.")


@strawberry.type(description="Lines of one order on their way with one provider.")
class Shipment(Node):
    """`domain.shipments.Shipment`."""

    reference: str = strawberry.field(description="The provider's or the shop's number of the shipment.")
    order: Order | None = strawberry.field(description="The order; null when hidden from the viewer.")
    provider: Provider | None = strawberry.field(description="Who carries it.")
    mode: ShipmentMode = strawberry.field(description="How it travels.")
    state: ShipmentState = strawberry.field(description="Where it stands: what all reports add up to.")
    promised_at: datetime | None = strawberry.field(
        description="The last instant of the promised day; an estimate never overwrites it. Null where the shipment "
        "has no promise of its own: then those of its lines count."
    )
    promised_zone: str = strawberry.field(
        description="The time zone in which that day ends, of the IANA database: that of the country of delivery."
    )
    eta_at: datetime | None = strawberry.field(description="The latest estimate, beside the promise.")
    estimates: list[ShipmentEstimate] = strawberry.field(description="Every estimate that was given, oldest first.")
    milestones: list[MilestoneOfShipment] = strawberry.field(description="What it passes, in the order of the way.")
    legs: Connection[Annotated["Leg", strawberry.lazy("api.schema.legs")]] = connection("The legs of its way.")
    tracking_number: str | None = strawberry.field(
        description="The number it travels under, in capitals without blanks and dashes."
    )
    tracking_scheme: NumberScheme | None = strawberry.field(
        description="How that number is made; null where its form belongs to no scheme with a check digit."
    )
    tracking_valid: bool | None = strawberry.field(
        description="Whether the number's check digit fits; null where it has none."
    )
    responsible_party: ResponsibleParty | None = strawberry.field(
        description="Who answers for what led to its state; null where nothing went wrong."
    )
    moved_at: datetime | None = strawberry.field(description="When the goods were last seen moving.")
    stalled_at: datetime | None = strawberry.field(
        description="Since when the goods count as stuck; null while they move or are expected to."
    )
    pickup_from_at: datetime | None = strawberry.field(description="When the appointed pickup begins.")
    pickup_until_at: datetime | None = strawberry.field(description="When the appointed pickup ends.")
    proven_at: datetime | None = strawberry.field(description="When it was said who signed for the goods.")
    signed_by: str | None = strawberry.field(
        description="Who signed; shown to staff, the buyer and the provider.", directives=[Personal()]
    )
    proof: Annotated["Upload", strawberry.lazy("api.schema.uploads")] | None = strawberry.field(
        description="The file that shows it; null where there is none, or it is hidden from the viewer."
    )
    is_late: bool = strawberry.field(
        description="Whether a promise is broken, its own or that of a line it carries: the goods came after it, or it "
        "has passed and they have not come."
    )
    picked_up_at: datetime | None = strawberry.field(description="When the carrier took the goods.")
    attempted_at: datetime | None = strawberry.field(description="When the carrier first stood at the door.")
    delivered_at: datetime | None = strawberry.field(description="When the goods were delivered.")
    weight_grams: int | None = strawberry.field(description="The weight in grams; null where unknown.")
    freight: Money | None = strawberry.field(description="What the transport costs; null where unknown.")
    lines: Connection[OrderLine] = connection("The lines it carries.")
    events: Connection[TrackingEvent] = connection("What was reported of it.", order=ByAge)
    holds: Connection[Annotated["HeldClock", strawberry.lazy("api.schema.holds")]] = connection(
        "Clocks of it that force majeure stopped, reversed holds included."
    )
    available_actions: list[ShipmentAction] = strawberry.field(
        description="What the viewer may do now: each mutation will not be refused for state, time or role."
    )
    blocked_actions: list[BlockedShipmentAction] = strawberry.field(
        description="What the viewer may not do now, and why."
    )
    recorded_at: datetime = strawberry.field(description="When it was recorded.")
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.input(description="Of a line that does not travel whole, how many pieces go with the shipment.")
class PiecesInput:
    """→ an entry of `domain.shipments.RecordShipment.pieces`."""

    line_id: strawberry.ID = strawberry.field(description="The line; it is one of `lineIds`.")
    quantity: int = strawberry.field(
        description="At least one and less than the line has: the rest becomes a line of its own at the order's end."
    )


@strawberry.input(description="Lines of an order left with a provider.")
class RecordShipmentInput:
    """→ `domain.shipments.RecordShipment`."""

    order_id: strawberry.ID = strawberry.field(description="The order.")
    provider_id: strawberry.ID = strawberry.field(description="Who carries them.")
    reference: str = strawberry.field(description="The provider's or the shop's number; used once per provider.")
    mode: ShipmentMode = strawberry.field(description="How they travel.")
    line_ids: list[strawberry.ID] = strawberry.field(description="Lines of that order that did not leave before.")
    promised_at: date | None = strawberry.field(
        default=None,
        description="The promised day, where the goods are delivered; it fills lines without one and overwrites none.",
    )
    eta_at: datetime | None = strawberry.field(default=None, description="When the goods are expected.")
    weight_grams: int | None = strawberry.field(default=None, description="The weight in grams, where known.")
    freight: MoneyInput | None = strawberry.field(default=None, description="What the transport costs, where known.")
    tracking_number: str | None = strawberry.field(
        default=None, description="The number it travels under; a check digit that does not fit is shown, not refused."
    )
    pieces: list[PiecesInput] = strawberry.field(
        default_factory=list, description="Lines of which only some pieces go; the others travel whole."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> RecordShipment:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = RecordShipment(
            order_id=read.id(OrderId, self.order_id, "orderId"),
            provider_id=read.id(ProviderId, self.provider_id, "providerId"),
            reference=read.name(self.reference, "reference"),
            mode=self.mode,
            line_ids=read.ids(OrderLineId, self.line_ids, "lineIds"),
            promised_on=self.promised_at,
            eta_at=self.eta_at,
            weight_grams=self.weight_grams,
            freight=self._freight(read),
            tracking_number=self.tracking_number,
            pieces=self._pieces(read),
        )
        read.done(command)
        return command

    def _pieces(self, read: Reader) -> dict[OrderLineId, int]:
        found: dict[OrderLineId, int] = {}
        for place, some in enumerate(self.pieces):
            id = read.id(OrderLineId, some.line_id, "pieces", str(place), "lineId")
            if id in found or some.line_id not in self.line_ids:
                read.problems.append(
                    Problem(("pieces", str(place), "lineId"), "A line is named once, and among `lineIds` too.")
                )
            found[id] = some.quantity
        return found

    def _freight(self, read: Reader) -> money.Money | None:
        freight = self.freight
        if freight is None:
            return None
        return read.money(freight, "freight", least=0)


@strawberry.input(description="A new estimate of when a shipment arrives.")
class UpdateEtaInput:
    """→ `domain.shipments.UpdateEta`."""

    shipment_id: strawberry.ID = strawberry.field(description="The shipment.")
    eta_at: datetime = strawberry.field(description="When the goods are expected now. The promise stays as it is.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> UpdateEta:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = UpdateEta(read.id(ShipmentId, self.shipment_id, "shipmentId"), self.eta_at)
        read.done()
        return command


@strawberry.input(description="The number that a shipment travels under.")
class RecordTrackingNumberInput:
    """→ `domain.shipments.RecordTrackingNumber`."""

    shipment_id: strawberry.ID = strawberry.field(description="The shipment.")
    tracking_number: str = strawberry.field(description="The number. A check digit that does not fit is shown.")
    scheme: NumberScheme | None = strawberry.field(
        default=None, description="How the number shall be made; left out, its own form says so where it can."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> RecordTrackingNumber:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = RecordTrackingNumber(
            read.id(ShipmentId, self.shipment_id, "shipmentId"),
            read.name(self.tracking_number, "trackingNumber"),
            self.scheme,
        )
        read.done()
        return command


@strawberry.input(description="When goods are fetched.")
class AppointPickupInput:
    """→ `domain.shipments.AppointPickup`."""

    shipment_id: strawberry.ID = strawberry.field(description="The shipment.")
    from_at: datetime = strawberry.field(description="The earliest instant.")
    until_at: datetime = strawberry.field(description="The latest instant.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> AppointPickup:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = AppointPickup(read.id(ShipmentId, self.shipment_id, "shipmentId"), self.from_at, self.until_at)
        read.done()
        return command


@strawberry.input(description="Who signed for goods that were delivered.")
class ProveDeliveryInput:
    """→ `domain.shipments.ProveDelivery`."""

    shipment_id: strawberry.ID = strawberry.field(description="The shipment.")
    signed_by: str = strawberry.field(description="The name of whoever signed.", directives=[Personal()])
    upload_id: strawberry.ID | None = strawberry.field(
        default=None, description="A file that shows it: accepted, and uploaded by the caller's own organisation."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> ProveDelivery:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = ProveDelivery(
            read.id(ShipmentId, self.shipment_id, "shipmentId"),
            read.name(self.signed_by, "signedBy"),
            read.optional_id(UploadId, self.upload_id, "uploadId"),
        )
        read.done()
        return command


@strawberry.type(description="The shipment after a mutation.")
class ShipmentPayload:
    """What the mutations on a shipment answer."""

    shipment: Shipment | None = strawberry.field(description="The shipment as it is now; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class ShipmentQueries:
    """Reading shipments."""

    shipment: Shipment | None = point("The shipment of that id; null when there is none for the viewer.", of="shipment")
    shipments: Connection[Shipment] = listing(
        "The shipments the viewer may see: of its orders, or carried by it; staff all.",
        filter=ShipmentFilter,
        order=ByAge,
    )
    tracking_event: TrackingEvent | None = point(
        "The report of that id; null when there is none for the viewer.", of="report"
    )


@strawberry.type
class ShipmentMutations:
    """What the shop and the carriers report."""

    record_shipment: ShipmentPayload = mutation(
        shipments.record_shipment,
        RecordShipmentInput,
        keyed=False,
        gathers=True,
        description="Lines of an order left with a provider. The promise fills lines without one and overwrites none.",
    )
    update_eta: ShipmentPayload = mutation(
        shipments.update_eta,
        UpdateEtaInput,
        keyed=False,
        description="A new estimate. It stands beside the promise and is kept as a report like any other.",
    )
    record_tracking_number: ShipmentPayload = mutation(
        shipments.record_tracking_number,
        RecordTrackingNumberInput,
        keyed=False,
        description="The carrier knows a shipment under that number. Reports that came under it before are taken.",
    )
    appoint_pickup: ShipmentPayload = mutation(
        shipments.appoint_pickup,
        AppointPickupInput,
        keyed=False,
        description="Goods are fetched in that window; sent again, it is another window.",
    )
    prove_delivery: ShipmentPayload = mutation(
        shipments.prove_delivery,
        ProveDeliveryInput,
        keyed=False,
        description="Somebody signed for delivered goods, which a file may show. A proof is given once and stays.",
    )
