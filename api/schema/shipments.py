"""Shipments in GraphQL: what is on its way, and what carriers report of it."""

from datetime import date, datetime
from typing import Annotated

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
from api.schema.providers import Provider
from api.schema.scalars import Money, MoneyInput
from domain import money
from domain.ids import OrderId, OrderLineId, ProviderId, ShipmentId
from domain.shipments import RecordShipment, ShipmentAction, ShipmentMode, UpdateEta
from domain.tracking import (
    NewEvent,
    RecordTrackingEvents,
    ResponsibleParty,
    ShipmentState,
    TrackingReason,
    TrackingStatus,
)

for _enum in (ShipmentMode, ShipmentAction, ShipmentState, TrackingStatus, TrackingReason, ResponsibleParty):
    described(_enum)


@strawberry.input(description="Which shipments. What is left out does not matter; conditions add up.")
class ShipmentFilter:
    """The fields are the filters of `storage/views/shipments.py`."""

    states: list[ShipmentState] | None = strawberry.field(default=None, description="In one of these states.")
    modes: list[ShipmentMode] | None = strawberry.field(default=None, description="Travelling in one of these ways.")
    order_id: strawberry.ID | None = strawberry.field(default=None, description="Of this order.")
    provider_id: strawberry.ID | None = strawberry.field(default=None, description="Carried by this provider.")
    reference: str | None = strawberry.field(default=None, description="With this number of the provider or the shop.")
    promised_before: datetime | None = strawberry.field(default=None, description="Promised for before this instant.")


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
    place: str | None = strawberry.field(description="Where.")
    note: str | None = strawberry.field(description="What the reporter wrote with it.")
    eta_at: datetime | None = strawberry.field(description="When the goods are expected, as estimated then.")
    occurred_at: datetime = strawberry.field(description="When it was so.")
    recorded_at: datetime = strawberry.field(description="When we heard of it.")


@strawberry.type(description="Lines of one order on their way with one provider.")
class Shipment(Node):
    """`domain.shipments.Shipment`."""

    reference: str = strawberry.field(description="The provider's or the shop's number of the shipment.")
    order: Order | None = strawberry.field(description="The order; null when hidden from the viewer.")
    provider: Provider | None = strawberry.field(description="Who carries it.")
    mode: ShipmentMode = strawberry.field(description="How it travels.")
    state: ShipmentState = strawberry.field(description="Where it stands: what all reports add up to.")
    promised_at: datetime | None = strawberry.field(
        description="The last instant of the promised day; an estimate never overwrites it."
    )
    eta_at: datetime | None = strawberry.field(description="The latest estimate, beside the promise.")
    is_late: bool = strawberry.field(
        description="Whether the promise is broken: the goods came after it, or it has passed and they have not come."
    )
    picked_up_at: datetime | None = strawberry.field(description="When the carrier took the goods.")
    attempted_at: datetime | None = strawberry.field(description="When the carrier first stood at the door.")
    delivered_at: datetime | None = strawberry.field(description="When the goods were delivered.")
    weight_grams: int | None = strawberry.field(description="The weight in grams; null where unknown.")
    freight: Money | None = strawberry.field(description="What the transport costs; null where unknown.")
    lines: Connection[OrderLine] = connection("The lines it carries.")
    events: Connection[TrackingEvent] = connection("What was reported of it.", order=ByAge)
    available_actions: list[ShipmentAction] = strawberry.field(
        description="What the viewer may do now: each mutation will not be refused for state, time or role."
    )
    blocked_actions: list[BlockedShipmentAction] = strawberry.field(
        description="What the viewer may not do now, and why."
    )
    recorded_at: datetime = strawberry.field(description="When it was recorded.")
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


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
        )
        read.done()
        return command

    def _freight(self, read: Reader) -> money.Money | None:
        freight = self.freight
        if freight is None:
            return None
        zero = money.Money.zero(freight.currency)
        return read.take(lambda: freight.money("freight"), "freight", otherwise=zero)


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


@strawberry.input(description="One report of where a shipment is.")
class TrackingEventInput:
    """→ `domain.tracking.NewEvent`."""

    shipment_id: strawberry.ID = strawberry.field(description="The shipment.")
    reference: str = strawberry.field(
        description="Your own number of the report: sent again it counts once; a correction has a number of its own."
    )
    status: TrackingStatus = strawberry.field(description="What is reported.")
    reason: TrackingReason | None = strawberry.field(default=None, description="What went wrong, if anything did.")
    place: str | None = strawberry.field(default=None, description="Where.")
    note: str | None = strawberry.field(default=None, description="A word with it, at most a page.")
    eta_at: datetime | None = strawberry.field(default=None, description="When the goods are expected.")
    occurred_at: datetime = strawberry.field(description="When it was so; reports may come late and in any order.")

    def event(self, read: Reader, place: int) -> NewEvent:
        """The report; what is wrong with it is collected by `read`."""
        where = ("events", str(place))
        return NewEvent(
            shipment_id=read.id(ShipmentId, self.shipment_id, *where, "shipmentId"),
            reference=read.name(self.reference, *where, "reference"),
            status=self.status,
            reason=self.reason,
            place=None if self.place is None else read.name(self.place, *where, "place"),
            note=read.note(self.note, *where, "note"),
            eta_at=self.eta_at,
            occurred_at=self.occurred_at,
        )


@strawberry.input(description="What a carrier reports of its shipments.")
class RecordTrackingEventsInput:
    """→ `domain.tracking.RecordTrackingEvents`."""

    events: list[TrackingEventInput] = strawberry.field(description="1 to 100 reports, of one shipment or of many.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> RecordTrackingEvents:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = RecordTrackingEvents(tuple(told.event(read, place) for place, told in enumerate(self.events)))
        read.done()
        return command


@strawberry.type(description="The shipment after a mutation.")
class ShipmentPayload:
    """What the mutations on a shipment answer."""

    shipment: Shipment | None = strawberry.field(description="The shipment as it is now; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type(description="What became of the reports.")
class RecordTrackingEventsPayload:
    """What recordTrackingEvents answers."""

    shipments: list[Shipment] | None = strawberry.field(
        description="The shipments reported of, as they are now; null when nothing changed."
    )
    recorded: int | None = strawberry.field(description="How many reports were news; null when nothing changed.")
    known: int | None = strawberry.field(description="How many were known already; null when nothing changed.")
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
        description="Lines of an order left with a provider. The promise fills lines without one and overwrites none.",
    )
    update_eta: ShipmentPayload = mutation(
        shipments.update_eta,
        UpdateEtaInput,
        keyed=False,
        description="A new estimate. It stands beside the promise and is kept as a report like any other.",
    )
    record_tracking_events: RecordTrackingEventsPayload = mutation(
        shipments.record_tracking_events,
        RecordTrackingEventsInput,
        keyed=False,
        description="Reports of carriers, each counted once. The state is what all of them add up to, in any order.",
    )
