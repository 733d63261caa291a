"""Chargebacks: card payments that the cardholder's bank takes back (`domain.md` 2.2, 6.11).

Theory of operation (one row of `MOVES` per action, one of `NETWORK` per word of the network):

    NOTIFIED -> FUNDS_HELD -> EVIDENCE_DUE -accept (merchant)-> ACCEPTED_BY_MERCHANT -> SETTLED
    EVIDENCE_DUE, INSUFFICIENT -submit pack (merchant)-> PLATFORM_CHECK -represent (staff)-> REPRESENTED
    PLATFORM_CHECK -return, once (staff)-> INSUFFICIENT;  -return again-> LOST_BY_DEFAULT -> SETTLED
    EVIDENCE_DUE, INSUFFICIENT -silence-> LOST_BY_DEFAULT -> SETTLED
    PLATFORM_CHECK -the platform's silence-> REPRESENTED (the pack goes as it stands)
    REPRESENTED, WON -the network-> PRE_ARBITRATION;  -silence-> LOST;  -contest (staff)-> it stays
    whatever is not over -the network-> WON | LOST -> SETTLED

How it came to an end is `result`; what the platform bears of it is `coverage`, decided by the rule of the protection as
soon as it is lost (`domain/protections.py`), in the same transaction that settles it.

Laws: the money is held from the first word until the last, and only that much; a network's reference is one chargeback;
all chargebacks of a payment that were not won sum to no more than the payment; a pack is final once it is submitted;
deadlines are instants fixed when their clock starts; words of a network count in the order in which they occurred,
whatever order they come in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import dates
from domain.access import Caller, ViewerKind, may
from domain.clocks import Duty
from domain.errors import NotFound
from domain.explain import Finding, unmet
from domain.ids import (
    BuyerId,
    CardReceiptId,
    ChargebackEventId,
    ChargebackId,
    DecisionId,
    OrderId,
    ProcessorId,
    RuleVersionId,
    SupplierId,
    UploadId,
)
from domain.memberships import Scheme
from domain.money import Money
from domain.moves import Move, require
from domain.protections import CoverageOutcome


class Category(StrEnum):
    """Why the cardholder wants the money back, whatever the network calls it."""

    FRAUD = "FRAUD"
    """The cardholder says that it never paid."""
    NOT_RECEIVED = "NOT_RECEIVED"
    """Nothing came."""
    NOT_AS_DESCRIBED = "NOT_AS_DESCRIBED"
    """What came is something else, or damaged."""
    CREDIT_NOT_PROCESSED = "CREDIT_NOT_PROCESSED"
    """A refund that was promised did not come."""
    DUPLICATE = "DUPLICATE"
    """It was charged twice, or too much."""
    CANCELLED = "CANCELLED"
    """The cardholder had cancelled."""
    OTHER = "OTHER"
    """Something else; the network's own code says what."""


class ChargebackState(StrEnum):
    """Where a chargeback stands."""

    NOTIFIED = "NOTIFIED"
    """The network told of it."""
    FUNDS_HELD = "FUNDS_HELD"
    """The disputed amount is held back from the merchant's payouts."""
    EVIDENCE_DUE = "EVIDENCE_DUE"
    """The merchant must accept it or defend itself."""
    INSUFFICIENT = "INSUFFICIENT"
    """The platform found the pack insufficient: the merchant may mend it, once."""
    ACCEPTED_BY_MERCHANT = "ACCEPTED_BY_MERCHANT"
    """The merchant does not defend itself."""
    PLATFORM_CHECK = "PLATFORM_CHECK"
    """The platform looks at the pack."""
    REPRESENTED = "REPRESENTED"
    """The pack is with the network."""
    PRE_ARBITRATION = "PRE_ARBITRATION"
    """The cardholder's bank did not give in."""
    WON = "WON"
    """The merchant has its money again."""
    LOST = "LOST"
    """The network decided for the cardholder."""
    LOST_BY_DEFAULT = "LOST_BY_DEFAULT"
    """Nobody defended in time, or not well enough."""
    SETTLED = "SETTLED"
    """Lost, and it is decided and booked who bears it."""


ENDED: Final = frozenset({ChargebackState.WON, ChargebackState.SETTLED})
"""States in which nothing is left to do; of WON the network may think again."""

ANSWERING: Final = frozenset({ChargebackState.EVIDENCE_DUE, ChargebackState.INSUFFICIENT})
"""States in which it is the merchant's turn."""

LIVE: Final = ANSWERING | {
    ChargebackState.PLATFORM_CHECK,
    ChargebackState.REPRESENTED,
    ChargebackState.PRE_ARBITRATION,
}
"""States in which a transaction may leave a chargeback that is not over; the others are passed within one."""


class ChargebackResult(StrEnum):
    """How a chargeback came to an end."""

    WON = "WON"
    """The merchant has its money again."""
    LOST = "LOST"
    """The merchant defended itself, and lost."""
    LOST_BY_DEFAULT = "LOST_BY_DEFAULT"
    """No sufficient defence was sent."""
    ACCEPTED = "ACCEPTED"
    """The merchant accepted it."""


LOST: Final[Mapping[ChargebackResult, ChargebackState]] = {
    ChargebackResult.LOST: ChargebackState.LOST,
    ChargebackResult.LOST_BY_DEFAULT: ChargebackState.LOST_BY_DEFAULT,
    ChargebackResult.ACCEPTED: ChargebackState.ACCEPTED_BY_MERCHANT,
}
"""Ends at which the money is gone, and the state that is passed on the way."""


class Actor(StrEnum):
    """Who acts on a chargeback, as its merchant may know it."""

    MERCHANT = "MERCHANT"
    """The merchant."""
    STAFF = "STAFF"
    """The marketplace's staff."""
    NETWORK = "NETWORK"
    """The card network, through a processor."""
    SYSTEM = "SYSTEM"
    """A clock."""


class ChargebackAction(StrEnum):
    """What can be done with a chargeback; the value is the mutation's name in capitals."""

    ACCEPT_CHARGEBACK = "ACCEPT_CHARGEBACK"
    """acceptChargeback: the merchant does not defend itself."""
    SUBMIT_EVIDENCE_PACK = "SUBMIT_EVIDENCE_PACK"
    """submitEvidencePack: the merchant defends itself; the pack is final."""
    REPRESENT_CHARGEBACK = "REPRESENT_CHARGEBACK"
    """representChargeback: the platform accepts the pack and sends it."""
    RETURN_EVIDENCE_PACK = "RETURN_EVIDENCE_PACK"
    """returnEvidencePack: the platform finds the pack insufficient."""
    CONTEST_PRE_ARBITRATION = "CONTEST_PRE_ARBITRATION"
    """contestPreArbitration: the platform does not give in either."""


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the lifecycle: from which states, by whom, to where, and whether it must be before the deadline."""

    mutation: str
    since: frozenset[ChargebackState]
    by: Actor
    to: frozenset[ChargebackState]


MOVES: Final[Mapping[ChargebackAction, Step]] = {
    ChargebackAction.ACCEPT_CHARGEBACK: Step(
        "acceptChargeback", ANSWERING, Actor.MERCHANT, frozenset({ChargebackState.SETTLED})
    ),
    ChargebackAction.SUBMIT_EVIDENCE_PACK: Step(
        "submitEvidencePack", ANSWERING, Actor.MERCHANT, frozenset({ChargebackState.PLATFORM_CHECK})
    ),
    ChargebackAction.REPRESENT_CHARGEBACK: Step(
        "representChargeback",
        frozenset({ChargebackState.PLATFORM_CHECK}),
        Actor.STAFF,
        frozenset({ChargebackState.REPRESENTED}),
    ),
    ChargebackAction.RETURN_EVIDENCE_PACK: Step(
        "returnEvidencePack",
        frozenset({ChargebackState.PLATFORM_CHECK}),
        Actor.STAFF,
        frozenset({ChargebackState.INSUFFICIENT, ChargebackState.SETTLED}),
    ),
    ChargebackAction.CONTEST_PRE_ARBITRATION: Step(
        "contestPreArbitration",
        frozenset({ChargebackState.PRE_ARBITRATION}),
        Actor.STAFF,
        frozenset({ChargebackState.PRE_ARBITRATION}),
    ),
}
"""The life of a chargeback as a table, as far as people move it."""
assert MOVES.keys() == set(ChargebackAction)

WORK_TO_DO: Final[Mapping[ChargebackState, Duty]] = {
    ChargebackState.EVIDENCE_DUE: Duty.SUBMIT_PACK,
    ChargebackState.INSUFFICIENT: Duty.SUBMIT_PACK,
    ChargebackState.PLATFORM_CHECK: Duty.CHECK_PACK,
    ChargebackState.PRE_ARBITRATION: Duty.ANSWER_PRE_ARBITRATION,
}
"""The duty that starts when a chargeback enters the state."""


@dataclass(frozen=True, slots=True)
class Chargeback:
    """A chargeback.

    `receipt_id` is None where the shop never told of the card payment, `processor_id` where staff entered it.
    `covered` is what the platform bears, `counted_minor` that in the currency of the yearly limit, `drawn` what of the
    order's exposure the chargeback holds. `network_at` is when the latest word of the network that counts occurred.
    """

    id: ChargebackId
    number: str
    order_id: OrderId
    buyer_id: BuyerId
    supplier_id: SupplierId
    receipt_id: CardReceiptId | None
    processor_id: ProcessorId | None
    network_reference: str
    scheme: Scheme
    category: Category
    reason_code: str | None
    state: ChargebackState
    result: ChargebackResult | None
    coverage: CoverageOutcome | None
    amount: Money
    covered: Money
    drawn: Money
    counted_minor: int
    late: bool
    contested: bool
    rule_version_id: RuleVersionId
    protection_version_id: RuleVersionId | None
    decision_id: DecisionId | None
    pack_accepted_at: datetime | None
    returned_at: datetime | None
    note: str | None
    notified_at: datetime
    network_at: datetime
    network_due_at: datetime
    due_at: datetime | None
    opened_at: datetime
    updated_at: datetime
    decided_at: datetime | None
    ended_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class ChargebackEvent:
    """What happened to a chargeback, as its merchant sees it: which side did it, never which person."""

    id: ChargebackEventId
    chargeback_id: ChargebackId
    name: str
    actor: Actor
    note: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class AnswerChargeback:
    """The merchant accepts, or staff represent, return or contest, with a word to the others."""

    chargeback_id: ChargebackId
    note: str | None


@dataclass(frozen=True, slots=True)
class SubmitEvidencePack:
    """The merchant defends itself: in its own words, with files beside what the platform holds."""

    chargeback_id: ChargebackId
    statement: str
    upload_ids: tuple[UploadId, ...]


def number(id: ChargebackId) -> str:
    """What people say on the telephone: the id's last ten characters in two groups."""
    return f"B-{id[-10:-5]}-{id[-5:]}".upper()


def actor_of(chargeback: Chargeback, caller: Caller) -> Actor | None:
    """On which side of the chargeback the caller stands; None when on no side."""
    if caller.viewer is ViewerKind.STAFF:
        return Actor.STAFF
    return Actor.MERCHANT if caller.party_id == chargeback.supplier_id else None


def require_actor(chargeback: Chargeback, caller: Caller) -> Actor:
    """The side on which the caller stands.

    Raises:
        NotFound: on none: for this caller there is no such chargeback.
    """
    actor = actor_of(chargeback, caller)
    if actor is None:
        raise NotFound("There is no such chargeback.", field=("chargebackId",))
    return actor


def moves(chargeback: Chargeback, caller: Caller, at: datetime) -> tuple[Move, ...]:
    """Every action on the chargeback for that caller at `at`, each with all that stands in its way."""
    actor = actor_of(chargeback, caller)
    return tuple(_move(chargeback, action, caller, actor, at) for action in MOVES)


def _move(chargeback: Chargeback, action: ChargebackAction, caller: Caller, actor: Actor | None, at: datetime) -> Move:
    step = MOVES[action]
    due_at = chargeback.due_at if chargeback.state in step.since else None
    findings = [
        Finding("chargeback.role", actor is step.by and may(caller, step.mutation), "chargeback_action_of_your_side"),
        Finding(
            "chargeback.state",
            chargeback.state in step.since,
            "chargeback_state_allows",
            {"state": chargeback.state.value},
        ),
    ]
    if due_at is not None:
        closes_at = dates.rfc3339(due_at)
        findings.append(
            Finding(
                "chargeback.in_time",
                dates.in_time(at, due_at),
                "chargeback_deadline_not_passed",
                {"dueAt": closes_at},
                closes_at=closes_at,
            )
        )
    if action is ChargebackAction.CONTEST_PRE_ARBITRATION:
        findings.append(Finding("chargeback.once", not chargeback.contested, "pre_arbitration_not_contested"))
    return Move(action.value, unmet(findings), closes_at=due_at)


def require_move(chargeback: Chargeback, action: ChargebackAction, caller: Caller, at: datetime) -> None:
    """Nothing, if the caller may do it now. Refuses with all reasons."""
    require(moves(chargeback, caller, at), action.value, f"chargeback.{action.value.lower()}")
