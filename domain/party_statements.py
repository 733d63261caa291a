"""Statements of liable parties: what a month did to what they owe and may come to owe, in one currency, line by line.

Laws: a statement is made of the ledger's own entries and of nothing else: opening + every line = closing, the closing
of a month is the opening of the next, and the last one is what the accounts hold (`storage/party_statements.py` proves
it for all of a marketplace's books). Every event that moves a party's receivable or contingent account has a word here.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from domain.dates import Calendar
from domain.explain import Finding, Input
from domain.ids import (
    ClaimId,
    CouponId,
    DepositMovementId,
    LiablePartyId,
    MembershipId,
    PartyPaymentId,
    PayoutId,
    RecoveryId,
)
from domain.ledger import POSTINGS, AccountName, Event
from domain.money import Money, total

ACCOUNTS: Final = (AccountName.PARTY_RECEIVABLE, AccountName.CONTINGENT)
"""What a statement is about: what is owed, and what may come to be."""


class LineKind(StrEnum):
    """What a line of a statement says happened."""

    OPENED = "OPENED"
    """Something may fall due from now on."""
    FELL_DUE = "FELL_DUE"
    """Something is owed."""
    REVERSED = "REVERSED"
    """What was owed is not any more: the order that a coupon paid for was cancelled."""
    WAIVED = "WAIVED"
    """What was owed is not any more: a dispute or an appeal was upheld."""
    RELEASED = "RELEASED"
    """What might have fallen due never will."""
    NETTED = "NETTED"
    """What was owed was kept back from a payout."""
    PAID = "PAID"
    """What was owed was paid."""
    DRAWN = "DRAWN"
    """What was owed was taken from the deposit."""
    WRITTEN_OFF = "WRITTEN_OFF"
    """What was owed was given up, or that was taken back."""
    RETURNED = "RETURNED"
    """What was collected and is not owed went back with a payout."""
    FEE_CHARGED = "FEE_CHARGED"
    """The fee for a term of a plan is owed."""
    FEE_PAID = "FEE_PAID"
    """That fee was paid."""


KINDS: Final[Mapping[Event, LineKind]] = {
    Event.COUPON_ISSUED: LineKind.OPENED,
    Event.COUPON_RESTORED: LineKind.OPENED,
    Event.CONTINGENT_OPENED: LineKind.OPENED,
    Event.COUPON_REDEEMED: LineKind.FELL_DUE,
    Event.CONTINGENT_DUE: LineKind.FELL_DUE,
    Event.RECOVERY_DUE: LineKind.FELL_DUE,
    Event.REDEMPTION_REVERSED: LineKind.REVERSED,
    Event.CONTINGENT_REVERSED: LineKind.REVERSED,
    Event.RECOVERY_WAIVED: LineKind.WAIVED,
    Event.COUPON_RELEASED: LineKind.RELEASED,
    Event.COUPON_REVOKED: LineKind.RELEASED,
    Event.CONTINGENT_RELEASED: LineKind.RELEASED,
    Event.RECOVERY_NETTED: LineKind.NETTED,
    Event.RECOVERY_PAID: LineKind.PAID,
    Event.DEPOSIT_DRAWN: LineKind.DRAWN,
    Event.RECOVERY_WRITTEN_OFF: LineKind.WRITTEN_OFF,
    Event.WRITE_OFF_REVERSED: LineKind.WRITTEN_OFF,
    Event.RECOVERY_RETURNED: LineKind.RETURNED,
    Event.MEMBERSHIP_CHARGED: LineKind.FEE_CHARGED,
    Event.MEMBERSHIP_PAID: LineKind.FEE_PAID,
}
"""Event -> what a statement calls it. Total over the events that move one of the accounts."""
assert KINDS.keys() == {event for event, pairs in POSTINGS.items() if any(set(pair) & set(ACCOUNTS) for pair in pairs)}


def _said(reason: str) -> Callable[[Mapping[str, Input]], Finding]:
    """What makes the finding that says a line in that sentence."""
    return lambda inputs: Finding("statement.line", True, reason, inputs)


SENTENCES: Final = {
    LineKind.OPENED: _said("statement_opened"),
    LineKind.FELL_DUE: _said("statement_fell_due"),
    LineKind.REVERSED: _said("statement_reversed"),
    LineKind.WAIVED: _said("statement_waived"),
    LineKind.RELEASED: _said("statement_released"),
    LineKind.NETTED: _said("statement_netted"),
    LineKind.PAID: _said("statement_paid"),
    LineKind.DRAWN: _said("statement_drawn"),
    LineKind.WRITTEN_OFF: _said("statement_written_off"),
    LineKind.RETURNED: _said("statement_returned"),
    LineKind.FEE_CHARGED: _said("statement_fee_charged"),
    LineKind.FEE_PAID: _said("statement_fee_paid"),
}
"""Kind of line -> its sentence (`domain/words/party_statements.py`). Total."""
assert SENTENCES.keys() == set(LineKind)


@dataclass(frozen=True, slots=True)
class StatementSum:
    """What all lines of one kind did to both accounts in the month."""

    kind: LineKind
    receivable: Money
    contingent: Money


@dataclass(frozen=True, slots=True)
class PartyStatementLine:
    """One transfer on a party's statement: what it did to both accounts, what they were after it, and why.

    `claim_number` and `coupon_number` are those for people. `because` says it in a sentence.
    """

    at: datetime
    kind: LineKind
    receivable: Money
    contingent: Money
    receivable_after: Money
    contingent_after: Money
    claim: ClaimId | None
    claim_number: str | None
    coupon: CouponId | None
    coupon_number: str | None
    recovery: RecoveryId | None
    payout: PayoutId | None
    payment: PartyPaymentId | None
    membership: MembershipId | None
    deposit_movement: DepositMovementId | None
    because: Finding
    transfer_id: str


@dataclass(frozen=True, slots=True)
class PartyStatement:
    """A party's month in one currency: what it owed and might come to owe before and after, and what happened."""

    party: LiablePartyId
    currency: str
    month: str
    opens_at: datetime
    closes_at: datetime
    opening: Money
    opening_contingent: Money
    closing: Money
    closing_contingent: Money
    sums: tuple[StatementSum, ...]
    lines: tuple[PartyStatementLine, ...]
    has_next_page: bool
    end_cursor: str | None


def month_of(text: str) -> date:
    """The first day of the month spelled `2026-03`. Refuses any other spelling with ValueError."""
    if len(text) != 7:
        raise ValueError("a month is spelled like 2026-03")
    return date.fromisoformat(f"{text}-01")


def span_of(first: date, calendar: Calendar) -> tuple[datetime, datetime]:
    """The month's first instant, and the first one after it, where the marketplace keeps its days."""
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return calendar.midnight(first), calendar.midnight(after)


def sums(moved: Iterable[tuple[Event, AccountName, int]], currency: str) -> tuple[StatementSum, ...]:
    """What was moved, by kind, in the order of the kinds; kinds that nothing moved are left out."""
    found: dict[LineKind, dict[AccountName, int]] = {}
    for event, account, minor in moved:
        of_kind = found.setdefault(KINDS[event], {})
        of_kind[account] = of_kind.get(account, 0) + minor
    return tuple(
        StatementSum(kind, *(Money(found[kind].get(account, 0), currency) for account in ACCOUNTS))
        for kind in LineKind
        if kind in found
    )


def closing(opening: Money, parts: Iterable[Money]) -> Money:
    """What was held before, and everything since."""
    return opening + total(list(parts), opening.currency)


FEES: Final = frozenset({LineKind.FEE_CHARGED, LineKind.FEE_PAID})
"""What is of a plan's bill and not of a claim."""


def because(
    kind: LineKind,
    receivable: Money,
    contingent: Money,
    claim: str | None,
    coupon: str | None,
    bill: str | None = None,
) -> Finding:
    """The line in a sentence: how much of which claim and coupon, or of which bill for a plan."""
    moved = contingent if kind in (LineKind.OPENED, LineKind.RELEASED) else receivable
    of: dict[str, Input] = {"bill": bill} if kind in FEES else {"claim": claim, "coupon": coupon}
    return SENTENCES[kind]({"amount": str(abs(moved.amount)), "currency": moved.currency, **of})


def coupon_number(id: str | None) -> str | None:
    """A coupon's number for people: the last ten characters of its id, in two groups."""
    return None if id is None else f"{id[-10:-5]}-{id[-5:]}".upper()
