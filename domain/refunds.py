"""Refunds: money that goes back to a buyer, decided here and paid by the payment system, which reports it.

Theory of operation:

    DECIDED -recordRefundPaid-> PAID
    DECIDED -recordRefundFailed-> FAILED -recordRefundPaid (a later attempt)-> PAID
    DECIDED, FAILED -the decision is undone-> CANCELLED
    DECIDED, FAILED -not paid in time-> the same, overdue, and due anew

Laws: a refund is paid once: a report that repeats the payment's reference changes nothing, another reference is
refused; its amount never changes; what was paid is never cancelled; as long as it is to be paid, a clock says until
when (the rule of remedies), also after a failure, and what was late once stays marked as such.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.access import Caller, may
from domain.change import Change, Fact, Happening
from domain.copies import replace
from domain.errors import Conflict, Refused
from domain.explain import Finding, unmet
from domain.ids import BuyerId, ClaimId, GoodwillId, OrderId, RefundId
from domain.money import Money
from domain.moves import Move


class RefundState(StrEnum):
    """Where a refund stands."""

    DECIDED = "DECIDED"
    """It is to be paid."""
    PAID = "PAID"
    """The buyer has it."""
    FAILED = "FAILED"
    """The last attempt to pay it failed; it is still to be paid."""
    CANCELLED = "CANCELLED"
    """It is not to be paid any more."""


OPEN: Final = frozenset({RefundState.DECIDED, RefundState.FAILED})
"""The states in which it is still to be paid."""


class RefundAction(StrEnum):
    """What can be done with a refund; the value is the mutation's name in capitals."""

    RECORD_REFUND_PAID = "RECORD_REFUND_PAID"
    """recordRefundPaid: the payment system paid it."""
    RECORD_REFUND_FAILED = "RECORD_REFUND_FAILED"
    """recordRefundFailed: the payment system could not pay it."""


@dataclass(frozen=True, slots=True)
class Refund:
    """Money for a buyer, for a claim or out of goodwill. `reference` is the payment's, once it was paid.

    `due_at` is the last instant to pay it in time, None once it has ended and where the rule sets none; `overdue_at`
    when it was first found late.
    """

    id: RefundId
    claim_id: ClaimId | None
    goodwill_id: GoodwillId | None
    order_id: OrderId
    buyer_id: BuyerId
    state: RefundState
    amount: Money
    reference: str | None
    failure: str | None
    decided_at: datetime
    due_at: datetime | None
    overdue_at: datetime | None
    ended_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class RecordRefundPaid:
    """The payment system's report that it paid."""

    refund_id: RefundId
    reference: str


@dataclass(frozen=True, slots=True)
class RecordRefundFailed:
    """The payment system's report that it could not pay, and why."""

    refund_id: RefundId
    failure: str


def decide_refund(
    claim_id: ClaimId | None,
    goodwill_id: GoodwillId | None,
    order_id: OrderId,
    buyer_id: BuyerId,
    amount: Money,
    *,
    due_at: datetime | None = None,
    id: RefundId,
    at: datetime,
) -> Change[Refund]:
    """The buyer is to be paid that much, until `due_at`. Refuses an amount not above zero with ValueError."""
    if amount.minor <= 0:
        raise ValueError("a refund is more than nothing")
    refund = Refund(
        id=id,
        claim_id=claim_id,
        goodwill_id=goodwill_id,
        order_id=order_id,
        buyer_id=buyer_id,
        state=RefundState.DECIDED,
        amount=amount,
        reference=None,
        failure=None,
        decided_at=at,
        due_at=due_at,
        overdue_at=None,
        ended_at=None,
        version=1,
    )
    return Change(None, refund, (_happening("refund.decided", refund),))


def moves(refund: Refund, caller: Caller, _at: datetime) -> tuple[Move, ...]:
    """What the caller may do with the refund, and why not."""
    is_open = Finding("refund.open", refund.state in OPEN, "refund_open", {"state": refund.state.value})
    return tuple(
        Move(action.value, unmet((Finding("refund.role", may(caller, name), "refund_action_of_your_role"), is_open)))
        for action, name in (
            (RefundAction.RECORD_REFUND_PAID, "recordRefundPaid"),
            (RefundAction.RECORD_REFUND_FAILED, "recordRefundFailed"),
        )
    )


def record_refund_paid(refund: Refund, reference: str, at: datetime) -> Change[Refund] | None:
    """The buyer has the money; None where this payment was reported before.

    Refuses with Conflict another payment of a refund that was paid, with Refused one that was cancelled.
    """
    if refund.state is RefundState.PAID:
        if refund.reference == reference:
            return None
        raise Conflict(f"This refund was paid already, by {refund.reference}.", field=("reference",))
    _require_open(refund, "refund.paid")
    after = replace(
        refund,
        state=RefundState.PAID,
        reference=reference,
        failure=None,
        due_at=None,
        ended_at=at,
        version=refund.version + 1,
    )
    return Change(refund, after, (_happening("refund.paid", after),))


def record_refund_failed(refund: Refund, failure: str) -> Change[Refund] | None:
    """The attempt to pay failed, the refund is still to be paid; None where that failure was reported before.

    Refuses a refund that was paid or cancelled.
    """
    if refund.state is RefundState.FAILED and refund.failure == failure:
        return None
    _require_open(refund, "refund.failed")
    after = replace(refund, state=RefundState.FAILED, failure=failure, version=refund.version + 1)
    return Change(refund, after, (_happening("refund.failed", after),))


def cancel_refund(refund: Refund, at: datetime) -> Change[Refund]:
    """It is not to be paid any more. Refuses one that was paid."""
    _require_open(refund, "refund.cancel")
    after = replace(refund, state=RefundState.CANCELLED, due_at=None, ended_at=at, version=refund.version + 1)
    return Change(refund, after, (_happening("refund.cancelled", after),))


def fall_overdue(refund: Refund, due_at: datetime | None, at: datetime) -> Change[Refund]:
    """It was not paid in time: it is marked as late and due anew. Refuses (ValueError) one that has ended."""
    if refund.state not in OPEN:
        raise ValueError(f"{refund.id} is {refund.state}")
    after = replace(refund, due_at=due_at, overdue_at=refund.overdue_at or at, version=refund.version + 1)
    return Change(refund, after, (_happening("refund.overdue", after),))


def _require_open(refund: Refund, rule: str) -> None:
    found = Finding("refund.open", refund.state in OPEN, "refund_open", {"state": refund.state.value})
    if not found.holds:
        raise Refused(rule, "The refund is not waiting to be paid.", (found,))


def _happening(name: str, refund: Refund) -> Happening:
    facts: dict[str, Fact] = {
        "claimId": refund.claim_id,
        "goodwillId": refund.goodwill_id,
        "orderId": refund.order_id,
        "amountMinor": refund.amount.minor,
        "currency": refund.amount.currency,
    }
    return Happening(name, facts)
