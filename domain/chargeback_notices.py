"""Notices: what a processor, or staff for one, tells of a chargeback (`domain/processors.py` for how they are signed).

    a first word (OPENED) that fits a payment opens its chargeback       -> APPLIED
    one that fits none is kept, with the reason, until staff match it    -> UNMATCHED
    a later word that comes before the first waits for it                -> WAITING
    a word of what is known, or older than what counts already           -> SUPERSEDED
    everything else moves the chargeback                                 -> APPLIED

Laws: a sender's event counts once; words count in the order in which they occurred, whatever order they come in, so
that the same words always lead to the same end; nothing that was told is thrown away.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import chargebacks, texts
from domain.access import Caller, may
from domain.change import Change, Fact, Happening
from domain.chargebacks import Category, Chargeback, ChargebackState
from domain.dates import rfc3339
from domain.errors import Invalid, Problem, Refused
from domain.explain import Finding, Input, unmet
from domain.ids import ChargebackId, ChargebackNoticeId, OrderId, ProcessorId
from domain.memberships import Scheme
from domain.money import Money
from domain.moves import Move
from domain.orders import Order


class NoticeKind(StrEnum):
    """What is told."""

    OPENED = "OPENED"
    """The cardholder's bank takes the payment back."""
    PRE_ARBITRATION = "PRE_ARBITRATION"
    """The cardholder's bank does not give in."""
    WON = "WON"
    """The network decided for the merchant, or the bank gave in."""
    LOST = "LOST"
    """The network decided for the cardholder."""


class NoticeState(StrEnum):
    """What became of a notice."""

    APPLIED = "APPLIED"
    """It opened or moved a chargeback."""
    WAITING = "WAITING"
    """It waits for the first word of its chargeback."""
    UNMATCHED = "UNMATCHED"
    """It fits nothing that is known; staff may match it."""
    SUPERSEDED = "SUPERSEDED"
    """It tells what is known, or is older than what counts."""


class NoticeProblem(StrEnum):
    """Why a notice is unmatched."""

    UNKNOWN_PAYMENT = "UNKNOWN_PAYMENT"
    """No payment and no paid order is known by its references."""
    OTHER_ORDER = "OTHER_ORDER"
    """Its two references name two different orders."""
    OTHER_CURRENCY = "OTHER_CURRENCY"
    """It is not in the currency of the order."""
    ABOVE_PAYMENT = "ABOVE_PAYMENT"
    """With the other chargebacks of the payment it takes back more than was paid."""
    TOO_LATE = "TOO_LATE"
    """No bank brings a chargeback so long after the payment."""
    CONTRADICTION = "CONTRADICTION"
    """The chargeback ended otherwise, and this word is newer."""


class NoticeAction(StrEnum):
    """What can be done with a notice; the value is the mutation's name in capitals."""

    MATCH_CHARGEBACK_NOTICE = "MATCH_CHARGEBACK_NOTICE"
    """matchChargebackNotice: say which order it is about."""


@dataclass(frozen=True, slots=True)
class NewNotice:
    """A notice as it comes in. `event_id` is the sender's own number; `amount` is needed to open a chargeback."""

    event_id: str
    kind: NoticeKind
    network_reference: str
    scheme: Scheme
    category: Category
    occurred_at: datetime
    payment_reference: str | None = None
    order_reference: str | None = None
    reason_code: str | None = None
    amount: Money | None = None
    network_due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChargebackNotice:
    """What was told, and what became of it. `digest` is of all that was told."""

    id: ChargebackNoticeId
    processor_id: ProcessorId | None
    event_id: str
    digest: str
    kind: NoticeKind
    network_reference: str
    scheme: Scheme
    payment_reference: str | None
    order_reference: str | None
    category: Category
    reason_code: str | None
    amount: Money | None
    network_due_at: datetime | None
    occurred_at: datetime
    received_at: datetime
    state: NoticeState
    problem: NoticeProblem | None
    chargeback_id: ChargebackId | None
    version: int

    @property
    def pending(self) -> bool:
        """Whether it may still move something by itself: it waits, or a newer word may explain it."""
        return self.state is NoticeState.WAITING or self.problem is NoticeProblem.CONTRADICTION


@dataclass(frozen=True, slots=True)
class MatchNotice:
    """Staff say which order a notice is about."""

    notice_id: ChargebackNoticeId
    order_id: OrderId


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a notice comes to: its state, and why it is unmatched."""

    state: NoticeState
    problem: NoticeProblem | None = None


APPLIES: Final = Verdict(NoticeState.APPLIED)
WAITS: Final = Verdict(NoticeState.WAITING)
OLD_NEWS: Final = Verdict(NoticeState.SUPERSEDED)


def problems(notice: NewNotice, at: datetime) -> tuple[Problem, ...]:
    """Everything wrong with a notice by itself."""
    found = [
        problem
        for name, text in (
            ("eventId", notice.event_id),
            ("networkReference", notice.network_reference),
            ("paymentReference", notice.payment_reference),
            ("orderReference", notice.order_reference),
            ("reasonCode", notice.reason_code),
        )
        if text is not None
        for problem in texts.reference_problems(text, name)
    ]
    if notice.amount is not None and notice.amount.minor <= 0:
        found.append(Problem(("amount",), "A chargeback takes back more than nothing."))
    if notice.kind is NoticeKind.OPENED and notice.amount is None:
        found.append(Problem(("amount",), "The first word of a chargeback says how much is taken back."))
    if notice.kind is NoticeKind.OPENED and notice.payment_reference is None and notice.order_reference is None:
        found.append(Problem(("paymentReference",), "The first word of a chargeback names the payment or the order."))
    if notice.occurred_at > at:
        found.append(Problem(("occurredAt",), "Nothing is told that is still to happen."))
    return tuple(found)


def record_notice(
    notice: NewNotice,
    digest: str,
    verdict: Verdict,
    *,
    processor_id: ProcessorId | None,
    chargeback_id: ChargebackId | None,
    id: ChargebackNoticeId,
    at: datetime,
) -> Change[ChargebackNotice]:
    """The notice is kept, with what became of it. Refuses with Invalid what is wrong with it by itself."""
    if wrong := problems(notice, at):
        raise Invalid(*wrong)
    kept = ChargebackNotice(
        id=id,
        processor_id=processor_id,
        event_id=notice.event_id,
        digest=digest,
        kind=notice.kind,
        network_reference=notice.network_reference,
        scheme=notice.scheme,
        payment_reference=notice.payment_reference,
        order_reference=notice.order_reference,
        category=notice.category,
        reason_code=notice.reason_code,
        amount=notice.amount,
        network_due_at=notice.network_due_at,
        occurred_at=notice.occurred_at,
        received_at=at,
        state=verdict.state,
        problem=verdict.problem,
        chargeback_id=chargeback_id,
        version=1,
    )
    return Change(None, kept, (_happening(kept),))


def take_verdict(
    notice: ChargebackNotice, verdict: Verdict, chargeback_id: ChargebackId | None
) -> Change[ChargebackNotice]:
    """What became of a notice that was kept before."""
    after = replace(
        notice,
        state=verdict.state,
        problem=verdict.problem,
        chargeback_id=chargeback_id,
        version=notice.version + 1,
    )
    return Change(notice, after, (_happening(after),))


def heard(chargeback: Chargeback | None, notice: ChargebackNotice) -> Verdict:
    """What the notice says to the chargeback of its reference, where there is one.

    A first word for which there is none is not judged here (`unfit`): APPLIES.
    """
    if chargeback is None:
        return APPLIES if notice.kind is NoticeKind.OPENED else WAITS
    if notice.kind is NoticeKind.OPENED or notice.occurred_at < chargeback.network_at:
        return OLD_NEWS
    if chargeback.state in chargebacks.LIVE:
        again = notice.kind is NoticeKind.PRE_ARBITRATION and chargeback.state is ChargebackState.PRE_ARBITRATION
        return OLD_NEWS if again else APPLIES
    if chargeback.state is ChargebackState.WON:
        if notice.kind is NoticeKind.WON:
            return OLD_NEWS
        return APPLIES if notice.kind is NoticeKind.PRE_ARBITRATION else _contradicts()
    return OLD_NEWS if notice.kind is NoticeKind.LOST else _contradicts()


def _contradicts() -> Verdict:
    return Verdict(NoticeState.UNMATCHED, NoticeProblem.CONTRADICTION)


def unfit(
    notice: ChargebackNotice, order: Order, paid: Money, taken_back: Money, latest: datetime
) -> NoticeProblem | None:
    """Why no chargeback of that order can be opened by the notice; None where one can.

    `paid` is the payment, or the whole order where none is known by itself; `taken_back` what its other chargebacks
    take that were not won; `latest` the last instant at which any bank brings one.
    """
    if order.paid_at is None or notice.amount is None:
        return NoticeProblem.UNKNOWN_PAYMENT
    if notice.amount.currency != order.total.currency:
        return NoticeProblem.OTHER_CURRENCY
    if notice.amount > paid - taken_back:
        return NoticeProblem.ABOVE_PAYMENT
    return NoticeProblem.TOO_LATE if notice.occurred_at > latest else None


def moves(notice: ChargebackNotice, caller: Caller) -> tuple[Move, ...]:
    """What the caller may do with the notice, and why not."""
    unmatched = notice.state in {NoticeState.UNMATCHED, NoticeState.WAITING} and notice.chargeback_id is None
    findings = (
        Finding("notice.role", may(caller, "matchChargebackNotice"), "notice_action_of_your_role"),
        Finding("notice.unmatched", unmatched, "notice_unmatched", {"state": notice.state.value}),
        Finding("notice.amount", notice.amount is not None, "notice_says_how_much"),
    )
    return (Move(NoticeAction.MATCH_CHARGEBACK_NOTICE.value, unmet(findings)),)


def require_fit(problem: NoticeProblem | None) -> None:
    """Nothing, if the notice fits the order to which staff match it; lateness is theirs to judge. Refuses otherwise."""
    if problem is None or problem is NoticeProblem.TOO_LATE:
        return
    inputs: dict[str, Input] = {"problem": problem.value}
    finding = Finding("notice.fits", False, "notice_fits_order", inputs)
    raise Refused("notice.match", "The notice does not fit that order.", (finding,))


def _happening(notice: ChargebackNotice) -> Happening:
    facts: dict[str, Fact] = {
        "kind": notice.kind.value,
        "occurredAt": rfc3339(notice.occurred_at),
        "problem": None if notice.problem is None else notice.problem.value,
    }
    return Happening(f"chargeback_notice.{notice.state.value.lower()}", facts)
