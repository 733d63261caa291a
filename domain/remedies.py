"""Remedies: what a decided or agreed claim gives its buyer, one row per award.

Theory of operation (`domain.md` 2.10, 6.6):

    COUPON                       born PROVIDED: the coupon is issued with the award (`domain/coupons.py`)
    REFUND_*, RETURNLESS_REFUND  DUE -the payment system reports the refund paid-> PROVIDED
    REPLACEMENT, REPAIR, PARTS   DUE -provide (liable party)-> IN_PROGRESS -confirm (buyer, or its silence)-> PROVIDED
                                 DUE -overdue-> FAILED      IN_PROGRESS -reject (buyer)-> FAILED
    DUE, IN_PROGRESS -the decision is undone-> CANCELLED

Laws: what money reaches the buyer is an amount of its award, never more; a remedy in kind has no amount; whoever must
act has a deadline, and silence has a named consequence: a party that does nothing has failed, a buyer that says nothing
has what it was sent.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import dates, parties
from domain.access import Caller, may
from domain.change import Change, Fact, Happening
from domain.copies import replace
from domain.errors import NotFound
from domain.explain import Finding, unmet
from domain.ids import (
    BuyerId,
    ClaimId,
    CouponId,
    LiablePartyId,
    OrderId,
    OrderLineId,
    ProviderId,
    RefundId,
    RemedyId,
    SupplierId,
)
from domain.money import Money
from domain.moves import Move, require


class RemedyKind(StrEnum):
    """How a loss is made good (`domain.md` 2.10)."""

    REFUND_FULL = "REFUND_FULL"
    """All that was paid for the line is given back."""
    REFUND_PARTIAL = "REFUND_PARTIAL"
    """A part of what was paid for the line is given back."""
    COUPON = "COUPON"
    """A coupon for a later order."""
    REPLACEMENT = "REPLACEMENT"
    """The liable party sends the goods again."""
    REPAIR = "REPAIR"
    """The liable party repairs the goods."""
    PARTS = "PARTS"
    """The liable party sends spare parts."""
    RETURNLESS_REFUND = "RETURNLESS_REFUND"
    """Money is given back and the buyer keeps the goods."""


REFUNDS: Final = frozenset({RemedyKind.REFUND_FULL, RemedyKind.REFUND_PARTIAL, RemedyKind.RETURNLESS_REFUND})
"""The remedies that are paid in money."""

IN_KIND: Final = frozenset({RemedyKind.REPLACEMENT, RemedyKind.REPAIR, RemedyKind.PARTS})
"""The remedies that the liable party does; they have no amount."""


@dataclass(frozen=True, slots=True)
class Award:
    """One remedy, for one line of the order or, without a line, for all lines that the claim is about.

    Refuses with ValueError an amount below zero, money for a remedy in kind, and a remedy in money that pays nothing.
    """

    kind: RemedyKind
    amount: Money
    line_id: OrderLineId | None = None

    def __post_init__(self) -> None:
        if (self.amount.minor > 0) == (self.kind in IN_KIND) or self.amount.minor < 0:
            raise ValueError(f"{self.kind} of {self.amount} is no award")


class RemedyState(StrEnum):
    """Where a remedy stands."""

    DUE = "DUE"
    """It is to be paid, or the liable party is to do it."""
    IN_PROGRESS = "IN_PROGRESS"
    """The liable party says that it did it; the buyer is to say whether that is so."""
    PROVIDED = "PROVIDED"
    """The buyer has it."""
    FAILED = "FAILED"
    """It was not done, or not well."""
    CANCELLED = "CANCELLED"
    """It is not to be done any more."""


OPEN: Final = frozenset({RemedyState.DUE, RemedyState.IN_PROGRESS})
"""The states in which somebody still has to act."""


class RemedyAction(StrEnum):
    """What can be done with a remedy; the value is the mutation's name in capitals."""

    PROVIDE_REMEDY = "PROVIDE_REMEDY"
    """provideRemedy: the liable party did it."""
    CONFIRM_REMEDY = "CONFIRM_REMEDY"
    """confirmRemedy: the buyer has it."""
    REJECT_REMEDY = "REJECT_REMEDY"
    """rejectRemedy: the buyer does not have it, or it is not as it should be."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """One award as it stands. The liable party is the supplier or the provider of its claim.

    `note` is the last word on it, `due_at` the last instant for whoever must act, `provided_at` when the party says
    that it acted.
    """

    id: RemedyId
    claim_id: ClaimId
    order_id: OrderId
    line_id: OrderLineId | None
    buyer_id: BuyerId
    supplier_id: SupplierId | None
    provider_id: ProviderId | None
    kind: RemedyKind
    state: RemedyState
    amount: Money
    coupon_id: CouponId | None
    refund_id: RefundId | None
    note: str | None
    due_at: datetime | None
    awarded_at: datetime
    provided_at: datetime | None
    ended_at: datetime | None
    version: int

    @property
    def party_id(self) -> LiablePartyId:
        """The liable party."""
        return parties.liable(self)


@dataclass(frozen=True, slots=True)
class AnswerRemedy:
    """The wish to provide, confirm or reject a remedy, with a word to the other side."""

    remedy_id: RemedyId
    note: str | None


@dataclass(frozen=True, slots=True)
class Beneficiary:
    """For which claim a remedy is awarded, to whom, and by whom in the end."""

    claim_id: ClaimId
    order_id: OrderId
    buyer_id: BuyerId
    supplier_id: SupplierId | None
    provider_id: ProviderId | None


def award(
    of: Beneficiary,
    award: Award,
    *,
    coupon_id: CouponId | None = None,
    refund_id: RefundId | None = None,
    due_at: datetime | None = None,
    id: RemedyId,
    at: datetime,
) -> Change[Remedy]:
    """The remedy of that award: a coupon's is provided with it, any other is due.

    Refuses (ValueError) a coupon or refund that the kind does not have, and a remedy in kind without a deadline.
    """
    has = (coupon_id is not None, refund_id is not None, due_at is not None)
    if has != (award.kind is RemedyKind.COUPON, award.kind in REFUNDS, award.kind in IN_KIND):
        raise ValueError(f"{award.kind} has {coupon_id}, {refund_id} and {due_at}")
    provided = award.kind is RemedyKind.COUPON
    remedy = Remedy(
        id=id,
        claim_id=of.claim_id,
        order_id=of.order_id,
        line_id=award.line_id,
        buyer_id=of.buyer_id,
        supplier_id=of.supplier_id,
        provider_id=of.provider_id,
        kind=award.kind,
        state=RemedyState.PROVIDED if provided else RemedyState.DUE,
        amount=award.amount,
        coupon_id=coupon_id,
        refund_id=refund_id,
        note=None,
        due_at=due_at,
        awarded_at=at,
        provided_at=at if provided else None,
        ended_at=at if provided else None,
        version=1,
    )
    return Change(None, remedy, (_happening("remedy.awarded", remedy),))


def moves(remedy: Remedy, caller: Caller, at: datetime) -> tuple[Move, ...]:
    """What the caller may do with the remedy at `at`, and why not."""
    buyer = caller.is_operator or caller.party_id == remedy.buyer_id
    party = caller.party_id == remedy.party_id
    in_kind = Finding("remedy.kind", remedy.kind in IN_KIND, "remedy_in_kind", {"kind": remedy.kind.value})
    due_at = "" if remedy.due_at is None else dates.rfc3339(remedy.due_at)

    def move(action: RemedyAction, name: str, own: bool, since: RemedyState) -> Move:
        in_time = remedy.due_at is None or at <= remedy.due_at or remedy.state is not since
        findings = (
            Finding("remedy.role", own and may(caller, name), "remedy_action_of_your_side"),
            in_kind,
            Finding("remedy.state", remedy.state is since, "remedy_state_allows", {"state": remedy.state.value}),
            Finding("remedy.in_time", in_time, "remedy_in_time", {"dueAt": due_at}, closes_at=due_at or None),
        )
        closes_at = remedy.due_at if remedy.state is since else None
        return Move(action.value, unmet(findings), closes_at=closes_at)

    return (
        move(RemedyAction.PROVIDE_REMEDY, "provideRemedy", party, RemedyState.DUE),
        move(RemedyAction.CONFIRM_REMEDY, "confirmRemedy", buyer, RemedyState.IN_PROGRESS),
        move(RemedyAction.REJECT_REMEDY, "rejectRemedy", buyer, RemedyState.IN_PROGRESS),
    )


def require_side(remedy: Remedy, caller: Caller) -> None:
    """Nothing, if the caller is the operator's, the buyer or the liable party. Refuses with NotFound otherwise."""
    if not caller.is_operator and caller.party_id not in {remedy.buyer_id, remedy.party_id}:
        raise NotFound("there is no such remedy", field=("remedyId",))


def provide_remedy(
    remedy: Remedy, note: str | None, confirm_due_at: datetime, caller: Caller, at: datetime
) -> Change[Remedy]:
    """The party says that it did it; the buyer has until `confirm_due_at` to say otherwise."""
    require(moves(remedy, caller, at), RemedyAction.PROVIDE_REMEDY, "remedy.provide")
    after = replace(
        remedy,
        state=RemedyState.IN_PROGRESS,
        note=note,
        due_at=confirm_due_at,
        provided_at=at,
        version=remedy.version + 1,
    )
    return Change(remedy, after, (_happening("remedy.delivered", after),))


def confirm_remedy(remedy: Remedy, note: str | None, caller: Caller, at: datetime) -> Change[Remedy]:
    """The buyer has it."""
    require(moves(remedy, caller, at), RemedyAction.CONFIRM_REMEDY, "remedy.confirm")
    return _ended(replace(remedy, note=note or remedy.note), remedy, RemedyState.PROVIDED, "remedy.provided", at)


def reject_remedy(remedy: Remedy, note: str, caller: Caller, at: datetime) -> Change[Remedy]:
    """The buyer does not have it, or not as it should be: it failed."""
    require(moves(remedy, caller, at), RemedyAction.REJECT_REMEDY, "remedy.reject")
    return _ended(replace(remedy, note=note), remedy, RemedyState.FAILED, "remedy.failed", at)


def pay_remedy(remedy: Remedy, at: datetime) -> Change[Remedy]:
    """Its refund was paid. Refuses (ValueError) one that is not a refund that is due."""
    if remedy.kind not in REFUNDS or remedy.state is not RemedyState.DUE:
        raise ValueError(f"{remedy.id} is a {remedy.kind} that is {remedy.state}")
    return _ended(replace(remedy, provided_at=at), remedy, RemedyState.PROVIDED, "remedy.provided", at)


def fall_silent(remedy: Remedy, at: datetime) -> Change[Remedy]:
    """Whoever had to act did not: a party that owed it has failed, a buyer that was sent it has it.

    Refuses (ValueError) a remedy that nobody has to act on.
    """
    if remedy.kind not in IN_KIND or remedy.state not in OPEN:
        raise ValueError(f"{remedy.id} is a {remedy.kind} that is {remedy.state}")
    if remedy.state is RemedyState.DUE:
        return _ended(remedy, remedy, RemedyState.FAILED, "remedy.overdue", at)
    return _ended(remedy, remedy, RemedyState.PROVIDED, "remedy.provided", at)


def cancel_remedy(remedy: Remedy, at: datetime) -> Change[Remedy]:
    """It is not to be done any more. Refuses (ValueError) one that has ended."""
    if remedy.state not in OPEN:
        raise ValueError(f"{remedy.id} is {remedy.state}")
    return _ended(remedy, remedy, RemedyState.CANCELLED, "remedy.cancelled", at)


def _ended(after: Remedy, before: Remedy, state: RemedyState, name: str, at: datetime) -> Change[Remedy]:
    after = replace(after, state=state, due_at=None, ended_at=at, version=before.version + 1)
    return Change(before, after, (_happening(name, after),))


def _happening(name: str, remedy: Remedy) -> Happening:
    facts: dict[str, Fact] = {
        "claimId": remedy.claim_id,
        "lineId": remedy.line_id,
        "kind": remedy.kind.value,
        "state": remedy.state.value,
        "amountMinor": remedy.amount.minor,
        "currency": remedy.amount.currency,
    }
    return Happening(name, facts)
