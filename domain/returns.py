"""Returns: goods that a claim's buyer sends back before it is made good.

Theory of operation (`domain.md` 6.6; Easy Return 2.12, 6.5):

    ADDRESS_DUE -arrange (liable party)-> AUTHORISED         ADDRESS_DUE -silence-> WAIVED
    AUTHORISED -ship (buyer), or tracking-> SHIPPED          AUTHORISED -silence-> LAPSED -left in time-> SHIPPED
    SHIPPED -receive (liable party, tracking, or the clock)-> RECEIVED
    RECEIVED -accept (liable party), or its silence-> COMPLIANT
    RECEIVED -refuse (liable party)-> NON_COMPLIANT
    ADDRESS_DUE, AUTHORISED -waive (liable party)-> WAIVED   all that is not ended -the claim ends otherwise-> CANCELLED

Goods go to a place of the liable party in the buyer's country where the guarantee promises that and there is one, and
are then AUTHORISED at once; otherwise the liable party says where to. Who pays the way follows from who labels it: the
liable party by its label, the buyer with a carrier of its own.

What a return ends in is the claim's affair (`api/operations/returns.py`): goods that came back as they should, or that
nobody wants back, let the awards that were frozen here be given; goods that did not, go back to the decision; a parcel
that never left leaves the money with the seller.

Laws: a deadline is fixed when its clock starts; whoever must act and does not is taken to have said the other side's
word; a refusal names what is wrong with which line, and brings files; the awards and shares never change.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import parcels, parties
from domain.access import Caller, Role, ViewerKind, may
from domain.change import Change, Fact, Happening
from domain.claims import Claim, Side, side_of
from domain.clocks import Duty
from domain.copies import replace
from domain.dates import Calendar, rfc3339
from domain.errors import Invalid, NotFound, Problem
from domain.evidence import FILES_MAX
from domain.explain import Finding, unmet
from domain.ids import (
    BuyerId,
    ClaimId,
    CoverageId,
    GoodsReturnId,
    LiablePartyId,
    OrderId,
    OrderLineId,
    ProviderId,
    ReturnLineId,
    RuleVersionId,
    ServicePointId,
    SupplierId,
    UploadId,
)
from domain.liability import Shares
from domain.moves import Move, require
from domain.orders import Order
from domain.procedure import Period
from domain.remedies import Award
from domain.return_terms import ReturnTerms, leave_period

ADDRESS: Final = "return_address"
"""The field of a return's personal data (`domain/personal.py`): where the goods go, as the liable party said it."""


class ReturnState(StrEnum):
    """Where a return stands."""

    ADDRESS_DUE = "ADDRESS_DUE"
    """The liable party must say where the goods go."""
    AUTHORISED = "AUTHORISED"
    """The buyer must hand the parcel over."""
    SHIPPED = "SHIPPED"
    """The parcel is on its way back."""
    RECEIVED = "RECEIVED"
    """It is there; the liable party looks at the goods."""
    COMPLIANT = "COMPLIANT"
    """The goods came back as they should: what was awarded is given."""
    NON_COMPLIANT = "NON_COMPLIANT"
    """They did not, says the liable party: the marketplace decides again."""
    WAIVED = "WAIVED"
    """Nobody wants them back: what was awarded is given, and the buyer keeps the goods."""
    LAPSED = "LAPSED"
    """The parcel never left: nothing is given."""
    CANCELLED = "CANCELLED"
    """The claim ended in another way."""


_GOES_ON: Final = {ReturnState.ADDRESS_DUE, ReturnState.AUTHORISED, ReturnState.SHIPPED, ReturnState.RECEIVED}
ENDED: Final = frozenset(ReturnState) - _GOES_ON
"""States in which nothing is left to do."""


class Destination(StrEnum):
    """Where returned goods go."""

    LOCAL = "LOCAL"
    """To a place in the buyer's country."""
    LIABLE_PARTY = "LIABLE_PARTY"
    """To where the liable party says."""


class Labelling(StrEnum):
    """Who pays the way back."""

    LIABLE_PARTY = "LIABLE_PARTY"
    """The liable party: the parcel travels with its label."""
    BUYER = "BUYER"
    """The buyer, with a carrier of its own."""


class Receipt(StrEnum):
    """How it is known that the goods came."""

    LIABLE_PARTY = "LIABLE_PARTY"
    """The liable party said so."""
    TRACKING = "TRACKING"
    """The carrier reported it."""
    STAFF = "STAFF"
    """The desk entered it."""
    CLOCK = "CLOCK"
    """Nobody said anything for so long that they must be there."""


class ReturnProblem(StrEnum):
    """What is wrong with a line that came back."""

    MISSING = "MISSING"
    """It was not in the parcel."""
    NOT_THE_GOODS = "NOT_THE_GOODS"
    """Something else came."""
    DAMAGED = "DAMAGED"
    """It is damaged in another way than was claimed."""
    USED = "USED"
    """It was used beyond trying it."""
    INCOMPLETE = "INCOMPLETE"
    """Parts, papers or accessories are missing."""


class ReturnAction(StrEnum):
    """What can be done with a return; the value is the mutation's name in capitals."""

    ARRANGE_RETURN = "ARRANGE_RETURN"
    """arrangeReturn: the liable party says where to, and may bring a label."""
    WAIVE_RETURN = "WAIVE_RETURN"
    """waiveReturn: the liable party does not want the goods back."""
    SHIP_RETURN = "SHIP_RETURN"
    """shipReturn: the buyer handed the parcel over."""
    RECEIVE_RETURN = "RECEIVE_RETURN"
    """receiveReturn: the parcel is there."""
    ACCEPT_RETURN = "ACCEPT_RETURN"
    """acceptReturn: the goods are as they should be."""
    REFUSE_RETURN = "REFUSE_RETURN"
    """refuseReturn: they are not."""


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the lifecycle: from which states, by whom."""

    mutation: str
    since: frozenset[ReturnState]
    by: frozenset[Side]


_PARTY: Final = frozenset({Side.LIABLE_PARTY})
_BUYER: Final = frozenset({Side.BUYER, Side.STAFF})
_UNSENT: Final = frozenset({ReturnState.ADDRESS_DUE, ReturnState.AUTHORISED})

MOVES: Final[Mapping[ReturnAction, Step]] = {
    ReturnAction.ARRANGE_RETURN: Step("arrangeReturn", _UNSENT, _PARTY),
    ReturnAction.WAIVE_RETURN: Step("waiveReturn", _UNSENT, _PARTY),
    ReturnAction.SHIP_RETURN: Step("shipReturn", frozenset({ReturnState.AUTHORISED}), _BUYER),
    ReturnAction.RECEIVE_RETURN: Step(
        "receiveReturn", frozenset({ReturnState.SHIPPED}), frozenset({Side.LIABLE_PARTY, Side.STAFF})
    ),
    ReturnAction.ACCEPT_RETURN: Step("acceptReturn", frozenset({ReturnState.RECEIVED}), _PARTY),
    ReturnAction.REFUSE_RETURN: Step("refuseReturn", frozenset({ReturnState.RECEIVED}), _PARTY),
}
"""The life of a return as a table, its clocks aside."""
assert MOVES.keys() == set(ReturnAction)

DUTIES: Final[Mapping[ReturnState, Duty]] = {
    ReturnState.ADDRESS_DUE: Duty.ARRANGE_RETURN,
    ReturnState.AUTHORISED: Duty.SEND_RETURN,
    ReturnState.SHIPPED: Duty.RECEIVE_RETURN,
    ReturnState.RECEIVED: Duty.INSPECT_RETURN,
}
"""What somebody has to do in each state that is not an end."""
assert DUTIES.keys() | ENDED == set(ReturnState)


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """A line of the order that goes back, and what was found wrong with it."""

    id: ReturnLineId
    return_id: GoodsReturnId
    line_id: OrderLineId
    position: int
    quantity: int
    problem: ReturnProblem | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class GoodsReturn:
    """A return. The liable party is that of the claim; `awards` and `shares` are given once the goods are back.

    `leave_due_at` is the last instant to hand the parcel over, set when it is known where to; `due_at` is that of
    whatever has to be done now. Where to lies apart, as personal data. `parcel` is carrier and number in one spelling,
    by which reports find it; `tracking_valid` says whether the number's check digit fits, None where it has none.
    """

    id: GoodsReturnId
    claim_id: ClaimId
    order_id: OrderId
    coverage_id: CoverageId
    buyer_id: BuyerId
    supplier_id: SupplierId | None
    provider_id: ProviderId | None
    state: ReturnState
    destination: Destination
    service_point_id: ServicePointId | None
    address_digest: str | None
    labelling: Labelling
    label_upload_id: UploadId | None
    carrier: str | None
    tracking_number: str | None
    awards: tuple[Award, ...]
    shares: Shares
    rule_version_id: RuleVersionId
    profile: str
    leave_due_at: datetime | None
    due_at: datetime | None
    note: str | None
    authorised_at: datetime
    shipped_at: datetime | None
    received_at: datetime | None
    receipt: Receipt | None
    ended_at: datetime | None
    version: int
    lines: tuple[ReturnLine, ...]
    parcel: str | None = None
    tracking_valid: bool | None = None

    @property
    def party_id(self) -> LiablePartyId:
        """The liable party."""
        return parties.liable(self)


@dataclass(frozen=True, slots=True)
class ReturnAddress:
    """Where goods go back to: personal data."""

    recipient: str
    street: str
    city: str
    country: str
    postal_code: str | None = None
    region: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class ArrangeReturn:
    """The liable party's word where to, and its label, with the carrier and the number that are on it."""

    return_id: GoodsReturnId
    address: ReturnAddress | None
    label_upload_id: UploadId | None
    carrier: str | None = None
    tracking_number: str | None = None


@dataclass(frozen=True, slots=True)
class ShipReturn:
    """The parcel was handed over to that carrier, under that number."""

    return_id: GoodsReturnId
    carrier: str
    tracking_number: str


@dataclass(frozen=True, slots=True)
class ReturnWord:
    """A step that needs nothing but a word."""

    return_id: GoodsReturnId
    note: str | None


@dataclass(frozen=True, slots=True)
class LineProblem:
    """What is wrong with a line."""

    line_id: OrderLineId
    problem: ReturnProblem
    note: str | None


@dataclass(frozen=True, slots=True)
class RefuseReturn:
    """What came back is not what should have; the files show it."""

    return_id: GoodsReturnId
    lines: tuple[LineProblem, ...]
    upload_ids: tuple[UploadId, ...]
    note: str


# -- what may be done --------------------------------------------------------------------------------------------------


def require_side(goods: GoodsReturn, caller: Caller) -> None:
    """Nothing, if the caller is on a side of the return.

    Raises:
        NotFound: it is not: for this caller there is no such return.
    """
    if side_of(goods, caller) is None:
        raise NotFound("There is no such return.", field=("returnId",))


def moves(goods: GoodsReturn, caller: Caller, at: datetime) -> tuple[Move, ...]:
    """Every action on the return for that caller at that instant, each with all that stands in its way."""
    side = side_of(goods, caller)
    return tuple(_move(goods, action, step, caller, side, at) for action, step in MOVES.items())


def _move(
    goods: GoodsReturn, action: ReturnAction, step: Step, caller: Caller, side: Side | None, at: datetime
) -> Move:
    due_at = goods.due_at if goods.state in step.since else None
    findings = [
        Finding("return.role", side in step.by and may(caller, step.mutation), "return_action_of_your_side"),
        Finding("return.state", goods.state in step.since, "return_state_allows", {"state": goods.state.value}),
    ]
    if due_at is not None:
        due = rfc3339(due_at)
        findings.append(Finding("return.in_time", at <= due_at, "return_in_time", {"dueAt": due}, closes_at=due))
    return Move(action.value, unmet(findings), closes_at=due_at)


def require_move(goods: GoodsReturn, action: ReturnAction, caller: Caller, at: datetime) -> None:
    """Nothing, if the caller may do it now. Refuses with all reasons."""
    require(moves(goods, caller, at), action.value, f"return.{action.value.lower()}")


# -- steps -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Authorising:
    """What a return is authorised by: rule and profile, what the guarantee promises of it, and a place nearby."""

    rule: ReturnTerms
    profile: str
    calendar: Calendar
    promised: Period | None = None
    service_point_id: ServicePointId | None = None


def authorise(
    claim: Claim,
    order: Order,
    awards: tuple[Award, ...],
    shares: Shares,
    by: Authorising,
    *,
    id: GoodsReturnId,
    line_ids: Iterable[ReturnLineId],
    at: datetime,
) -> Change[GoodsReturn]:
    """The goods of the awards go back: those lines that are named, or all where an award is for all of them.

    `line_ids` are new ids, as many as the order has lines. Refuses with ValueError no award.
    """
    if not awards:
        raise ValueError("a return rests on what is awarded for it")
    named = {award.line_id for award in awards}
    going = [line for line in order.lines if None in named or line.id in named]
    lines = tuple(
        ReturnLine(line_id, id, line.id, position, line.quantity)
        for position, (line_id, line) in enumerate(zip(line_ids, going, strict=False), start=1)
    )
    goods = GoodsReturn(
        id=id,
        claim_id=claim.id,
        order_id=claim.order_id,
        coverage_id=claim.coverage_id,
        buyer_id=claim.buyer_id,
        supplier_id=claim.supplier_id,
        provider_id=claim.provider_id,
        state=ReturnState.ADDRESS_DUE,
        destination=Destination.LIABLE_PARTY if by.service_point_id is None else Destination.LOCAL,
        service_point_id=by.service_point_id,
        address_digest=None,
        labelling=Labelling.BUYER,
        label_upload_id=None,
        carrier=None,
        tracking_number=None,
        awards=awards,
        shares=shares,
        rule_version_id=RuleVersionId(by.rule.version),
        profile=by.profile,
        leave_due_at=None,
        due_at=by.rule.address.end(at, by.calendar),
        note=None,
        authorised_at=at,
        shipped_at=None,
        received_at=None,
        receipt=None,
        ended_at=None,
        version=1,
        lines=lines,
    )
    if by.service_point_id is not None:
        goods = _authorised(goods, leave_period(by.rule, by.profile, by.promised).end(at, by.calendar))
    return Change(None, goods, (_happening("return.authorised", goods),))


def arrange_return(
    goods: GoodsReturn, command: ArrangeReturn, digest: str | None, leave_due_at: datetime, at: datetime
) -> Change[GoodsReturn]:
    """It is known where the goods go, or a label was brought: the buyer's time runs once there is an address.

    Refuses with Invalid an address where one is known already, none where one is needed, and nothing at all.
    """
    problems = []
    needed = goods.state is ReturnState.ADDRESS_DUE
    if needed and command.address is None:
        problems.append(Problem(("address",), "Say where the goods go."))
    if not needed and command.address is not None:
        problems.append(Problem(("address",), "It is known already where the goods go."))
    if not needed and command.label_upload_id is None:
        problems.append(Problem(("labelUploadId",), "Bring a label, or leave it."))
    if (command.carrier is None) != (command.tracking_number is None):
        problems.append(Problem(("trackingNumber",), "A label's number and its carrier come together."))
    if command.tracking_number is not None and command.label_upload_id is None:
        problems.append(Problem(("trackingNumber",), "It is the number of a label that you bring."))
    if problems:
        raise Invalid(*problems)
    after = replace(
        goods,
        address_digest=goods.address_digest if digest is None else digest,
        label_upload_id=command.label_upload_id or goods.label_upload_id,
        labelling=Labelling.LIABLE_PARTY if command.label_upload_id else goods.labelling,
    )
    if command.carrier is not None and command.tracking_number is not None:
        after = _numbered(after, command.carrier, command.tracking_number)
    return _step(goods, _authorised(after, leave_due_at) if needed else after, "return.arranged", at)


def waive_return(goods: GoodsReturn, note: str | None, at: datetime) -> Change[GoodsReturn]:
    """Nobody wants the goods back."""
    return _end(goods, ReturnState.WAIVED, "return.waived", note, at)


def ship_return(goods: GoodsReturn, command: ShipReturn, arrives_by: datetime, at: datetime) -> Change[GoodsReturn]:
    """The parcel is on its way since `at`; without another word it counts as received after `arrives_by`."""
    after = _numbered(goods, command.carrier, command.tracking_number)
    after = replace(after, state=ReturnState.SHIPPED, shipped_at=at, due_at=arrives_by, ended_at=None)
    return _step(goods, after, "return.shipped", at)


def left_by_tracking(goods: GoodsReturn, left_at: datetime, arrives_by: datetime) -> Change[GoodsReturn]:
    """The carrier saw the parcel on its way in time, also where that was heard after the return had lapsed.

    Refuses with ValueError a return whose parcel nobody named, or that does not wait for it to leave.
    """
    if goods.carrier is None or goods.tracking_number is None or not waits_to_leave(goods, left_at):
        raise ValueError(f"{goods.id} does not wait for a parcel")
    return ship_return(goods, ShipReturn(goods.id, goods.carrier, goods.tracking_number), arrives_by, left_at)


def waits_to_leave(goods: GoodsReturn, left_at: datetime) -> bool:
    """Whether a parcel that left then left in time, and nothing was known of it."""
    in_time = goods.leave_due_at is not None and left_at <= goods.leave_due_at
    return in_time and goods.state in {ReturnState.AUTHORISED, ReturnState.LAPSED}


def receive_return(
    goods: GoodsReturn, receipt: Receipt, note: str | None, inspect_due_at: datetime, at: datetime
) -> Change[GoodsReturn]:
    """The goods are there; unless they are refused by `inspect_due_at` they are as they should be."""
    after = replace(
        goods,
        state=ReturnState.RECEIVED,
        received_at=at,
        receipt=receipt,
        due_at=inspect_due_at,
        note=note or goods.note,
    )
    return _step(goods, after, "return.received", at)


def receipt_by(caller: Caller) -> Receipt:
    """How a caller's word that the goods came is to be read: a machine of the marketplace passes on the carrier's."""
    if caller.viewer is not ViewerKind.STAFF:
        return Receipt.LIABLE_PARTY
    return Receipt.TRACKING if Role.SERVICE in caller.roles and len(caller.roles) == 1 else Receipt.STAFF


def accept_return(goods: GoodsReturn, note: str | None, at: datetime) -> Change[GoodsReturn]:
    """The goods are as they should be, as the liable party says or by its silence."""
    return _end(goods, ReturnState.COMPLIANT, "return.accepted", note, at)


def refuse_return(goods: GoodsReturn, command: RefuseReturn, at: datetime) -> Change[GoodsReturn]:
    """The goods are not as they should be, and each line's problem is known.

    Refuses with Invalid, naming each: no line, one that is not of this return or named twice, no file or too many.
    """
    known = {line.line_id: line for line in goods.lines}
    problems = []
    if not command.lines:
        problems.append(Problem(("lines",), "Say of at least one line what is wrong with it."))
    for place, wrong in enumerate(command.lines):
        path = ("lines", str(place), "lineId")
        if wrong.line_id not in known:
            problems.append(Problem(path, "There is no such line in this return."))
        if wrong.line_id in {before.line_id for before in command.lines[:place]}:
            problems.append(Problem(path, "Each line is named once."))
    if not 0 < len(command.upload_ids) <= FILES_MAX:
        problems.append(Problem(("uploadIds",), f"1 to {FILES_MAX} files that show it."))
    if len(set(command.upload_ids)) < len(command.upload_ids):
        problems.append(Problem(("uploadIds",), "Each file is named once."))
    if problems:
        raise Invalid(*problems)
    wrongs = {wrong.line_id: wrong for wrong in command.lines}
    lines = tuple(
        replace(line, problem=wrongs[line.line_id].problem, note=wrongs[line.line_id].note)
        if line.line_id in wrongs
        else line
        for line in goods.lines
    )
    return _end(replace(goods, lines=lines), ReturnState.NON_COMPLIANT, "return.refused", command.note, at, goods)


def lapse_return(goods: GoodsReturn, at: datetime) -> Change[GoodsReturn]:
    """The parcel did not leave in its time."""
    return _end(goods, ReturnState.LAPSED, "return.lapsed", None, at)


def cancel_return(goods: GoodsReturn, at: datetime) -> Change[GoodsReturn]:
    """The claim ended in another way."""
    return _end(goods, ReturnState.CANCELLED, "return.cancelled", None, at)


def _numbered(goods: GoodsReturn, carrier: str, number: str) -> GoodsReturn:
    """A number whose check digit is wrong is kept and shown as wrong."""
    known = parcels.numbered(carrier, number)
    return replace(goods, carrier=carrier, tracking_number=number, parcel=known.parcel, tracking_valid=known.valid)


def _authorised(goods: GoodsReturn, leave_due_at: datetime) -> GoodsReturn:
    return replace(goods, state=ReturnState.AUTHORISED, leave_due_at=leave_due_at, due_at=leave_due_at)


def _end(
    goods: GoodsReturn,
    state: ReturnState,
    name: str,
    note: str | None,
    at: datetime,
    before: GoodsReturn | None = None,
) -> Change[GoodsReturn]:
    after = replace(goods, state=state, due_at=None, ended_at=at, note=note or goods.note)
    return _step(before or goods, after, name, at)


def _step(before: GoodsReturn, after: GoodsReturn, name: str, _at: datetime) -> Change[GoodsReturn]:
    after = replace(after, version=before.version + 1)
    return Change(before, after, (_happening(name, after),))


def _happening(name: str, goods: GoodsReturn) -> Happening:
    facts: dict[str, Fact] = {"claimId": goods.claim_id, "orderId": goods.order_id, "state": goods.state.value}
    facts |= {} if goods.due_at is None else {"dueAt": rfc3339(goods.due_at)}
    return Happening(name, facts)
