"""Reports of carriers in GraphQL: in batches that succeed as a whole, and in larger ones report by report."""

from datetime import datetime

import strawberry

from api.operations import tracking
from api.schema.connection import Connection, listing
from api.schema.enums import described
from api.schema.errors import UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import KEY, ByAge
from api.schema.providers import Provider
from api.schema.returns import GoodsReturn
from api.schema.shipments import Shipment
from domain.carriers import CODE_CHARACTERS_MAX
from domain.check_digits import plain
from domain.errors import Problem
from domain.ids import ProviderId, ShipmentId
from domain.reports import Reception, RecordTrackingBatch, ReportRefusal
from domain.tracking import EventFlag, Milestone, NewEvent, RecordTrackingEvents, TrackingReason, TrackingStatus

for _enum in (Reception, ReportRefusal):
    described(_enum)


@strawberry.input(description="One report of where a shipment is.")
class TrackingEventInput:
    """→ `domain.tracking.NewEvent`."""

    shipment_id: strawberry.ID | None = strawberry.field(
        default=None, description="The shipment: this, its reference or its tracking number."
    )
    shipment_reference: str | None = strawberry.field(default=None, description="The provider's number of it.")
    tracking_number: str | None = strawberry.field(default=None, description="The number that it or a leg has.")
    return_carrier: str | None = strawberry.field(
        default=None,
        description="Of goods that go back: their carrier, beside `trackingNumber`. For staff and services.",
    )
    provider_id: strawberry.ID | None = strawberry.field(
        default=None, description="Whose reference or number that is; a provider that reports need not say so."
    )
    reference: str = strawberry.field(
        description="Your own number of the report: sent again it counts once; a correction has a number of its own."
    )
    status: TrackingStatus | None = strawberry.field(default=None, description="What is reported, in our words.")
    reason: TrackingReason | None = strawberry.field(default=None, description="What went wrong, if anything did.")
    milestone: Milestone | None = strawberry.field(default=None, description="What the goods passed, if anything.")
    carrier: str | None = strawberry.field(
        default=None, description="Whose code `code` is: the last part of its rule's key, such as `dhl_express`."
    )
    code: str | None = strawberry.field(
        default=None, description="What is reported, in the carrier's words; an unknown code is kept and flagged."
    )
    leg_number: int | None = strawberry.field(default=None, description="The number of the leg it happened on.")
    place: str | None = strawberry.field(default=None, description="Where.")
    note: str | None = strawberry.field(default=None, description="A word with it, at most a page.")
    eta_at: datetime | None = strawberry.field(default=None, description="When the goods are expected.")
    occurred_at: datetime = strawberry.field(description="When it was so; reports may come late and in any order.")

    def event(self, read: Reader, place: int) -> NewEvent:
        """The report; what is wrong with the spelling of its ids and texts is collected by `read`."""
        where = ("events", str(place))
        if self.code is not None and len(self.code) > CODE_CHARACTERS_MAX:
            read.problems.append(Problem((*where, "code"), f"At most {CODE_CHARACTERS_MAX} characters."))
        return NewEvent(
            shipment_id=read.optional_id(ShipmentId, self.shipment_id, *where, "shipmentId"),
            reference=read.name(self.reference, *where, "reference"),
            status=self.status,
            reason=self.reason,
            place=None if self.place is None else read.name(self.place, *where, "place"),
            note=read.note(self.note, *where, "note"),
            eta_at=self.eta_at,
            occurred_at=self.occurred_at,
            milestone=self.milestone,
            carrier=None if self.carrier is None else read.name(self.carrier, *where, "carrier"),
            code=self.code,
            leg_number=self.leg_number,
            shipment_reference=self.shipment_reference,
            tracking_number=None if self.tracking_number is None else plain(self.tracking_number),
            provider_id=read.optional_id(ProviderId, self.provider_id, *where, "providerId"),
            return_carrier=None
            if self.return_carrier is None
            else read.name(self.return_carrier, *where, "returnCarrier"),
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
        read.done(command)
        return command


@strawberry.input(description="What a carrier reports of its shipments, each report standing for itself.")
class RecordTrackingBatchInput:
    """→ `domain.reports.RecordTrackingBatch`."""

    events: list[TrackingEventInput] = strawberry.field(description="1 to 1,000 reports, of one shipment or of many.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> RecordTrackingBatch:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = RecordTrackingBatch(tuple(told.event(read, place) for place, told in enumerate(self.events)))
        read.done()
        return command


@strawberry.type(description="What became of the reports.")
class RecordTrackingEventsPayload:
    """What recordTrackingEvents answers."""

    shipments: list[Shipment] | None = strawberry.field(
        description="The shipments reported of, as they are now; null when nothing changed."
    )
    returns: list[GoodsReturn] | None = strawberry.field(
        description="The returns reported of, as they are now; null when nothing changed."
    )
    recorded: int | None = strawberry.field(description="How many reports were news; null when nothing changed.")
    known: int | None = strawberry.field(description="How many were known already; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type(description="What became of one report of a batch.")
class ReportReception:
    """`domain.reports.Received`."""

    index: int = strawberry.field(description="Its place in the batch, from 0.")
    reference: str = strawberry.field(description="The reporter's own number of it.")
    reception: Reception = strawberry.field(description="What became of it.")
    shipment_id: strawberry.ID | None = strawberry.field(
        description="The shipment it is of; null where it was refused or has to wait, and for goods that go back."
    )
    return_id: strawberry.ID | None = strawberry.field(
        description="The return it is of; null where it was refused or has to wait, and for shipments."
    )
    flags: list[EventFlag] = strawberry.field(description="What is odd about it; empty where nothing is.")
    code: ReportRefusal | None = strawberry.field(description="Why it was refused; null where it was not.")
    message: str | None = strawberry.field(description="The same for a person.")


@strawberry.type(description="What became of a batch of reports, report by report.")
class RecordTrackingBatchPayload:
    """What recordTrackingBatch answers."""

    receptions: list[ReportReception] | None = strawberry.field(
        description="One for each report, in their order; null when the whole batch was refused."
    )
    user_errors: list[UserError] = strawberry.field(description="Why the batch was refused; empty on success.")


@strawberry.type(description="A report of a shipment that nobody has recorded yet.")
class WaitingReport(Node):
    """`domain.reports.WaitingEvent`."""

    provider: Provider | None = strawberry.field(description="Whose reference or number it names.")
    shipment_reference: str | None = strawberry.field(description="The provider's number of the shipment, if named.")
    tracking_number: str | None = strawberry.field(description="The number the shipment travels under, if named.")
    reference: str = strawberry.field(description="The reporter's own number of the report.")
    received_at: datetime = strawberry.field(description="When it came.")
    expires_at: datetime = strawberry.field(description="Until when it is kept.")


@strawberry.type
class TrackingQueries:
    """Reading what waits."""

    waiting_reports: Connection[WaitingReport] = listing(
        "Reports of shipments that nobody has recorded yet: of the viewer's own, staff all.", order=ByAge
    )


@strawberry.type
class TrackingMutations:
    """What carriers report."""

    record_tracking_events: RecordTrackingEventsPayload = mutation(
        tracking.record_tracking_events,
        RecordTrackingEventsInput,
        keyed=False,
        gathers=True,
        description="Reports of carriers, each counted once: all of them or none. The state is what all add up to.",
    )
    record_tracking_batch: RecordTrackingBatchPayload = mutation(
        tracking.record_tracking_batch,
        RecordTrackingBatchInput,
        keyed=False,
        description="Reports of carriers, each taken, known, kept for later or refused by itself. "
        "As `POST /intake/tracking` does for carriers without GraphQL.",
    )
