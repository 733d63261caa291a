"""Returns and inspections in GraphQL: goods on their way back, and goods that a third party looks at."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.operations import inspections, returns
from api.schema.buyers import Buyer
from api.schema.connection import Connection, connection, listing, point
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.evidence import Evidence
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.orders import Order, OrderLine
from api.schema.organisations import KEY, VERSION, ByAge
from api.schema.parties import LiableParty
from api.schema.personal import Personal
from api.schema.rules import RuleVersion
from api.schema.scalars import CountryCode, Money, MoneyInput
from api.schema.service_points import ServicePoint
from api.schema.uploads import SignedAddress
from domain.check_digits import NUMBER_CHARACTERS_MAX, plain
from domain.errors import Problem
from domain.ids import ClaimId, GoodsReturnId, InspectionId, OrderLineId, UploadId
from domain.inspections import InspectionAction, InspectionState, OrderInspection, RecordInspectionReport, Verdict
from domain.returns import (
    ArrangeReturn,
    Destination,
    Labelling,
    LineProblem,
    Receipt,
    RefuseReturn,
    ReturnAction,
    ReturnProblem,
    ReturnState,
    ReturnWord,
    ShipReturn,
)
from domain.returns import ReturnAddress as ReturnAddressFacts
from domain.tracking import EventFlag, Milestone, TrackingReason, TrackingStatus

if TYPE_CHECKING:
    from api.schema.claims import Claim

described(ReturnState)
described(ReturnAction)
described(ReturnProblem)
described(Destination, name="ReturnDestination")
described(Labelling, name="ReturnLabelling")
described(Receipt, name="ReturnReceipt")
described(InspectionState)
described(InspectionAction)
described(Verdict, name="InspectionVerdict")

_CLAIM = Annotated["Claim", strawberry.lazy("api.schema.claims")]
_RETURN = "The return."


@strawberry.input(description="Which returns. What is left out does not matter; conditions add up.")
class GoodsReturnFilter:
    """The filters of `storage/views/returns.py`."""

    states: list[ReturnState] | None = strawberry.field(default=None, description="In one of these states.")
    claim_id: strawberry.ID | None = strawberry.field(default=None, description="Of this claim.")
    order_id: strawberry.ID | None = strawberry.field(default=None, description="Of this order.")


@strawberry.input(description="Which inspections. What is left out does not matter; conditions add up.")
class InspectionFilter:
    """The filters of `storage/views/returns.py`."""

    states: list[InspectionState] | None = strawberry.field(default=None, description="In one of these states.")
    claim_id: strawberry.ID | None = strawberry.field(default=None, description="Of this claim.")
    order_id: strawberry.ID | None = strawberry.field(default=None, description="Of this order.")


@strawberry.type(description="An action on a return that is not possible now for the viewer, and why.")
class BlockedReturnAction:
    """`domain.moves.Move`."""

    action: ReturnAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="The last instant at which it is possible.")


@strawberry.type(description="An action on an inspection that is not possible now for the viewer, and why.")
class BlockedInspectionAction:
    """`domain.moves.Move`."""

    action: InspectionAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="The last instant at which it is possible.")


@strawberry.type(description="Where goods go back to: personal data.")
class ReturnAddress:
    """`domain.returns.ReturnAddress`."""

    recipient: str = strawberry.field(description="Who takes them in.")
    street: str = strawberry.field(description="Street and number.")
    city: str = strawberry.field(description="Town.")
    postal_code: str | None = strawberry.field(description="Postal code.")
    region: str | None = strawberry.field(description="Region.")
    country: CountryCode = strawberry.field(description="Country.")
    phone: str | None = strawberry.field(description="Telephone for the carrier.")


@strawberry.type(description="A line of an order that goes back, and what was found wrong with it.")
class ReturnLine(Node):
    """`domain.returns.ReturnLine`."""

    line: OrderLine | None = strawberry.field(description="The order's line.")
    quantity: int = strawberry.field(description="How many pieces go back.")
    problem: ReturnProblem | None = strawberry.field(
        description="What is wrong with it, as the liable party says; null where nothing is."
    )
    note: str | None = strawberry.field(description="What the liable party says of it.")


@strawberry.type(description="A carrier's report of a parcel on its way back.")
class ParcelReport(Node):
    """`domain.parcels.ParcelReport`."""

    goods_return: Annotated["GoodsReturn", strawberry.lazy("api.schema.returns")] | None = strawberry.field(
        description="The return that travels so; null while none is known to: the number may be wrong."
    )
    carrier: str = strawberry.field(description="The carrier, as the reporter spelled it.")
    tracking_number: str = strawberry.field(description="The number that it travels under.")
    reference: str = strawberry.field(description="The reporter's own number of the report.")
    status: TrackingStatus = strawberry.field(description="What was reported.")
    reason: TrackingReason | None = strawberry.field(description="What went wrong; null where nothing did.")
    milestone: Milestone | None = strawberry.field(description="What the goods passed then, where it was said.")
    codes_of: str | None = strawberry.field(description="Whose code it was told in; null where our words were used.")
    code: str | None = strawberry.field(description="The carrier's own code, as it came.")
    flags: list[EventFlag] = strawberry.field(description="What is odd about it; empty where nothing is.")
    place: str | None = strawberry.field(description="Where.")
    note: str | None = strawberry.field(description="What the reporter wrote with it.")
    eta_at: datetime | None = strawberry.field(description="When the goods are expected, as estimated then.")
    occurred_at: datetime = strawberry.field(description="When it was so.")
    recorded_at: datetime = strawberry.field(description="When we heard of it.")
    expires_at: datetime | None = strawberry.field(
        description="Until when it is kept without a return; null where it came for one."
    )


@strawberry.input(description="Which reports of parcels. What is left out does not matter; conditions add up.")
class ParcelReportFilter:
    """The filters of `storage/views/returns.py`."""

    waiting: bool | None = strawberry.field(
        default=None, description="Whether no return is known to travel so: the number may be wrong."
    )


@strawberry.type(description="Goods that a claim's buyer sends back before it is made good.")
class GoodsReturn(Node):
    """`domain.returns.GoodsReturn`."""

    claim: _CLAIM | None = strawberry.field(description="The claim.")
    order: Order | None = strawberry.field(description="The order; null when hidden from the viewer.")
    buyer: Buyer | None = strawberry.field(description="Who sends.")
    liable_party: LiableParty | None = strawberry.field(description="Who receives and answers for it.")
    state: ReturnState = strawberry.field(description="Where it stands.")
    destination: Destination = strawberry.field(description="Whether it goes to a place in the buyer's country.")
    service_point: ServicePoint | None = strawberry.field(description="That place, where it does.")
    address: ReturnAddress | None = strawberry.field(
        description="Where the liable party wants it; null until it said so. That it was read is written down.",
        directives=[Personal()],
    )
    labelling: Labelling = strawberry.field(description="Who pays the way back.")
    label: SignedAddress | None = strawberry.field(description="Where the label is read; null where there is none.")
    carrier: str | None = strawberry.field(description="Who carries it.")
    tracking_number: str | None = strawberry.field(description="Under which number it travels.")
    tracking_valid: bool | None = strawberry.field(
        description="Whether the number's check digit fits; null where it has none. A wrong number is kept."
    )
    reports: Connection[ParcelReport] = connection("What carriers reported of the parcel.")
    lines: Connection[ReturnLine] = connection("What goes back.")
    note: str | None = strawberry.field(description="The last word with it.")
    rule_version: RuleVersion | None = strawberry.field(description="The rule that sets its times.")
    leave_due_at: datetime | None = strawberry.field(
        description="The last instant to hand the parcel over; null until it is known where to."
    )
    due_at: datetime | None = strawberry.field(
        description="Until when whoever must act now has to; null once it ended."
    )
    authorised_at: datetime = strawberry.field(description="When it was authorised.")
    shipped_at: datetime | None = strawberry.field(description="When the parcel was handed over.")
    received_at: datetime | None = strawberry.field(description="When it came.")
    receipt: Receipt | None = strawberry.field(description="How it is known that it came.")
    ended_at: datetime | None = strawberry.field(description="When it ended.")
    available_actions: list[ReturnAction] = strawberry.field(description="What the viewer may do with it now.")
    blocked_actions: list[BlockedReturnAction] = strawberry.field(
        description="What the viewer may not do with it now, and why."
    )
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.type(description="An inspection of a claim's goods by a third party, paid for by the buyer in advance.")
class Inspection(Node):
    """`domain.inspections.Inspection`."""

    claim: _CLAIM | None = strawberry.field(description="The claim.")
    order: Order | None = strawberry.field(description="The order; null when hidden from the viewer.")
    buyer: Buyer | None = strawberry.field(description="Who ordered and paid it.")
    liable_party: LiableParty | None = strawberry.field(description="Who answers for the goods.")
    company: str = strawberry.field(description="Who inspects: its key in the rule `inspections`.")
    company_name: str = strawberry.field(description="Its name.")
    state: InspectionState = strawberry.field(description="Where it stands.")
    fee: Money = strawberry.field(description="What the buyer paid in advance.")
    reference: str = strawberry.field(description="Under which reference it was paid.")
    note: str | None = strawberry.field(description="The last word with it.")
    verdict: Verdict | None = strawberry.field(description="What was found; null until it is known.")
    report: Evidence | None = strawberry.field(description="The report; null until it came.")
    refund_due: bool = strawberry.field(description="Whether the verdict gives the buyer the fee back.")
    rule_version: RuleVersion | None = strawberry.field(description="The rule that names the company.")
    due_at: datetime = strawberry.field(description="Until when the report is awaited.")
    ordered_at: datetime = strawberry.field(description="When it was ordered.")
    reported_at: datetime | None = strawberry.field(description="When it reported.")
    ended_at: datetime | None = strawberry.field(description="When it reported or lapsed.")
    available_actions: list[InspectionAction] = strawberry.field(description="What the viewer may do with it now.")
    blocked_actions: list[BlockedInspectionAction] = strawberry.field(
        description="What the viewer may not do with it now, and why."
    )
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


def _number(read: Reader, spelled: str) -> str:
    """The number of a parcel; one that is longer than any goes to the reader."""
    number = read.name(spelled, "trackingNumber")
    if len(plain(number)) > NUMBER_CHARACTERS_MAX:
        read.problems.append(Problem(("trackingNumber",), f"At most {NUMBER_CHARACTERS_MAX} letters and digits."))
    return number


@strawberry.input(description="Where goods go back to: personal data, kept apart.")
class ReturnAddressInput:
    """→ `domain.returns.ReturnAddress`."""

    recipient: str = strawberry.field(description="Who takes them in.")
    street: str = strawberry.field(description="Street and number.")
    city: str = strawberry.field(description="Town.")
    country: CountryCode = strawberry.field(description="Country.")
    postal_code: str | None = strawberry.field(default=None, description="Postal code.")
    region: str | None = strawberry.field(default=None, description="Region.")
    phone: str | None = strawberry.field(default=None, description="Telephone for the carrier.")

    def address(self, read: Reader, *path: str) -> ReturnAddressFacts:
        """The address; problems go to the reader."""

        def optional(text: str | None, name: str) -> str | None:
            return None if text is None else read.name(text, *path, name)

        return ReturnAddressFacts(
            read.name(self.recipient, *path, "recipient"),
            read.name(self.street, *path, "street"),
            read.name(self.city, *path, "city"),
            self.country,
            optional(self.postal_code, "postalCode"),
            optional(self.region, "region"),
            optional(self.phone, "phone"),
        )


@strawberry.input(description="Where goods go back to, and with which label.")
class ArrangeReturnInput:
    """→ `domain.returns.ArrangeReturn`."""

    return_id: strawberry.ID = strawberry.field(description=_RETURN)
    address: ReturnAddressInput | None = strawberry.field(
        default=None,
        description="Where to; left out where the return goes to a known place already.",
        directives=[Personal()],
    )
    label_upload_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="A label that the liable party pays: an accepted upload of kind EVIDENCE. Without one the buyer "
        "sends with a carrier of its own.",
    )
    carrier: str | None = strawberry.field(default=None, description="The carrier of that label, with its number.")
    tracking_number: str | None = strawberry.field(
        default=None,
        description="The number on that label: a parcel that its carrier saw in time has left in time.",
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> ArrangeReturn:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = ArrangeReturn(
            read.id(GoodsReturnId, self.return_id, "returnId"),
            None if self.address is None else self.address.address(read, "address"),
            read.optional_id(UploadId, self.label_upload_id, "labelUploadId"),
            None if self.carrier is None else read.name(self.carrier, "carrier"),
            None if self.tracking_number is None else _number(read, self.tracking_number),
        )
        read.done()
        return command


@strawberry.input(description="A parcel that was handed over.")
class ShipReturnInput:
    """→ `domain.returns.ShipReturn`."""

    return_id: strawberry.ID = strawberry.field(description=_RETURN)
    carrier: str = strawberry.field(description="Who carries it.")
    tracking_number: str = strawberry.field(description="Under which number it travels.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> ShipReturn:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = ShipReturn(
            read.id(GoodsReturnId, self.return_id, "returnId"),
            read.name(self.carrier, "carrier"),
            _number(read, self.tracking_number),
        )
        read.done()
        return command


@strawberry.input(description="A step of a return that needs nothing but a word.")
class ReturnStepInput:
    """→ `domain.returns.ReturnWord`."""

    return_id: strawberry.ID = strawberry.field(description=_RETURN)
    note: str | None = strawberry.field(default=None, description="A word to the other side, at most a page.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> ReturnWord:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = ReturnWord(read.id(GoodsReturnId, self.return_id, "returnId"), read.note(self.note, "note"))
        read.done()
        return command


@strawberry.input(description="What is wrong with a line that came back.")
class ReturnLineProblemInput:
    """→ `domain.returns.LineProblem`."""

    line_id: strawberry.ID = strawberry.field(description="The order's line.")
    problem: ReturnProblem = strawberry.field(description="What is wrong.")
    note: str | None = strawberry.field(default=None, description="More of it, at most a page.")


@strawberry.input(description="What came back is not what should have.")
class RefuseReturnInput:
    """→ `domain.returns.RefuseReturn`."""

    return_id: strawberry.ID = strawberry.field(description=_RETURN)
    lines: list[ReturnLineProblemInput] = strawberry.field(description="What is wrong with which line: at least one.")
    upload_ids: list[strawberry.ID] = strawberry.field(
        description="Accepted uploads of kind EVIDENCE that show it: at least one. They are evidence of the claim."
    )
    note: str = strawberry.field(description="What came, in words; at most a page.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> RefuseReturn:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        lines = tuple(
            LineProblem(
                read.id(OrderLineId, line.line_id, "lines", str(place), "lineId"),
                line.problem,
                read.note(line.note, "lines", str(place), "note"),
            )
            for place, line in enumerate(self.lines)
        )
        command = RefuseReturn(
            read.id(GoodsReturnId, self.return_id, "returnId"),
            lines,
            read.ids(UploadId, self.upload_ids, "uploadIds"),
            read.required_note(self.note, "note"),
        )
        read.done()
        return command


@strawberry.input(description="An inspection of a claim's goods.")
class OrderInspectionInput:
    """→ `domain.inspections.OrderInspection`."""

    claim_id: strawberry.ID = strawberry.field(description="The claim.")
    company: str = strawberry.field(description="Who inspects: a key of the rule `inspections`, such as `sgs`.")
    fee: MoneyInput = strawberry.field(description="What the buyer paid for it in advance.")
    reference: str = strawberry.field(description="Under which reference it was paid.")
    note: str | None = strawberry.field(default=None, description="What shall be looked at, at most a page.")
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> OrderInspection:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = OrderInspection(
            read.id(ClaimId, self.claim_id, "claimId"),
            read.name(self.company, "company"),
            read.money(self.fee, "fee"),
            read.name(self.reference, "reference"),
            read.note(self.note, "note"),
        )
        read.done()
        return command


@strawberry.input(description="What a third party found.")
class RecordInspectionReportInput:
    """→ `domain.inspections.RecordInspectionReport`."""

    inspection_id: strawberry.ID = strawberry.field(description="The inspection.")
    verdict: Verdict = strawberry.field(description="What was found.")
    upload_id: strawberry.ID = strawberry.field(
        description="The report: an accepted upload of the caller's organisation, of kind INSPECTION or EVIDENCE."
    )
    note: str | None = strawberry.field(default=None, description="What it says in short, at most a page.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> RecordInspectionReport:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = RecordInspectionReport(
            read.id(InspectionId, self.inspection_id, "inspectionId"),
            self.verdict,
            read.id(UploadId, self.upload_id, "uploadId"),
            read.note(self.note, "note"),
        )
        read.done()
        return command


@strawberry.type(description="The return after the change, or why nothing changed.")
class GoodsReturnPayload:
    """What every mutation of a return answers."""

    goods_return: GoodsReturn | None = strawberry.field(
        description="The return as it is now; null when nothing changed."
    )
    claim: _CLAIM | None = strawberry.field(description="Its claim as it is now; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type(description="The inspection after the change, or why nothing changed.")
class InspectionPayload:
    """What every mutation of an inspection answers."""

    inspection: Inspection | None = strawberry.field(
        description="The inspection as it is now; null when nothing changed."
    )
    claim: _CLAIM | None = strawberry.field(description="Its claim as it is now; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class ReturnQueries:
    """Reading returns and inspections."""

    goods_return: GoodsReturn | None = point(
        "The return of that id; null when there is none for the viewer.", of="return"
    )
    goods_returns: Connection[GoodsReturn] = listing(
        "The returns the viewer may see: a party its own, staff all.", filter=GoodsReturnFilter, order=ByAge
    )
    parcel_reports: Connection[ParcelReport] = listing(
        "What carriers reported of parcels that go back: staff see all, a party those of its own returns.",
        filter=ParcelReportFilter,
        order=ByAge,
    )
    inspection: Inspection | None = point(
        "The inspection of that id; null when there is none for the viewer.", of="inspection"
    )
    inspections: Connection[Inspection] = listing(
        "The inspections the viewer may see: a party its own, staff all.", filter=InspectionFilter, order=ByAge
    )


@strawberry.type
class ReturnMutations:
    """What can be done with returns and inspections."""

    arrange_return: GoodsReturnPayload = mutation(
        returns.arrange_return,
        ArrangeReturnInput,
        keyed=True,
        description="As the liable party, say where the goods go, or bring a label. The buyer's time to send runs.",
    )
    waive_return: GoodsReturnPayload = mutation(
        returns.waive_return,
        ReturnStepInput,
        keyed=True,
        description="As the liable party, let the buyer keep the goods: what was awarded is given.",
    )
    ship_return: GoodsReturnPayload = mutation(
        returns.ship_return,
        ShipReturnInput,
        keyed=True,
        description="As the buyer, say that the parcel was handed over. Refused once its time is over.",
    )
    receive_return: GoodsReturnPayload = mutation(
        returns.receive_return,
        ReturnStepInput,
        keyed=True,
        description="Say that the goods came: as the liable party, or for the carrier or the desk.",
    )
    accept_return: GoodsReturnPayload = mutation(
        returns.accept_return,
        ReturnStepInput,
        keyed=True,
        description="As the liable party, say that the goods are as they should be: what was awarded is given.",
    )
    refuse_return: GoodsReturnPayload = mutation(
        returns.refuse_return,
        RefuseReturnInput,
        keyed=True,
        description="As the liable party, say what is wrong with the goods: the marketplace decides again.",
    )
    order_inspection: InspectionPayload = mutation(
        inspections.order_inspection,
        OrderInspectionInput,
        keyed=True,
        description="As the buyer, have a named company look at the goods of a claim, paid for in advance.",
    )
    record_inspection_report: InspectionPayload = mutation(
        inspections.record_inspection_report,
        RecordInspectionReportInput,
        keyed=True,
        description="Record what the company found. The report is evidence of the claim; where the goods are not as "
        "agreed, the buyer gets the fee back.",
    )
