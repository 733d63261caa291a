"""The ledger: double entry per tenant and currency, in integer minor units (`domain.md` 6.8, B4).

Laws: debits are positive and credits negative; every transfer sums to zero per currency (the database refuses any
other at commit); transfers never change, a correction is a new transfer that reverses the old one; every transfer
names its cause. Party accounts belong to the liable party; the platform's own accounts are striped by the storage.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.ids import (
    ClaimId,
    CouponId,
    DecisionId,
    DepositMovementId,
    LiablePartyId,
    RedemptionId,
    RuleVersionId,
    TransferId,
)
from domain.money import Money


class AccountName(StrEnum):
    """The accounts of `domain.md` 6.8."""

    CASH_CLEARING = "CASH_CLEARING"
    """Money on its way in or out."""
    PARTY_RECEIVABLE = "PARTY_RECEIVABLE"
    """What a liable party owes."""
    BUYER_COUPON_LIABILITY = "BUYER_COUPON_LIABILITY"
    """What coupons may still cost."""
    DEPOSIT_HELD = "DEPOSIT_HELD"
    """What is held of a liable party's own money."""
    COMPENSATION_EXPENSE = "COMPENSATION_EXPENSE"
    """What compensation costs the platform at first."""
    EXPENSE_RECOVERY = "EXPENSE_RECOVERY"
    """What liable parties bear of it."""
    CONTINGENT = "CONTINGENT"
    """What may still fall due from a liable party (memo)."""
    MEMO_CONTRA = "MEMO_CONTRA"
    """The other side of the memo."""


class AccountClass(StrEnum):
    """Where an account stands in the books."""

    ASSET = "ASSET"
    """What is owned or owed to the platform."""
    LIABILITY = "LIABILITY"
    """What the platform owes."""
    RESULT = "RESULT"
    """Profit and loss."""
    MEMO = "MEMO"
    """Outside the balance: watched, not owed."""


CLASSES: Final[Mapping[AccountName, AccountClass]] = {
    AccountName.CASH_CLEARING: AccountClass.ASSET,
    AccountName.PARTY_RECEIVABLE: AccountClass.ASSET,
    AccountName.BUYER_COUPON_LIABILITY: AccountClass.LIABILITY,
    AccountName.DEPOSIT_HELD: AccountClass.LIABILITY,
    AccountName.COMPENSATION_EXPENSE: AccountClass.RESULT,
    AccountName.EXPENSE_RECOVERY: AccountClass.RESULT,
    AccountName.CONTINGENT: AccountClass.MEMO,
    AccountName.MEMO_CONTRA: AccountClass.MEMO,
}

OF_PARTY: Final = frozenset({AccountName.PARTY_RECEIVABLE, AccountName.DEPOSIT_HELD, AccountName.CONTINGENT})
"""Accounts kept per liable party; all others are the platform's own."""


class Event(StrEnum):
    """What moves money: one row of the posting table each."""

    COUPON_ISSUED = "COUPON_ISSUED"
    """A coupon was issued."""
    COUPON_REDEEMED = "COUPON_REDEEMED"
    """A part or the whole of a coupon was redeemed."""
    COUPON_RELEASED = "COUPON_RELEASED"
    """What was left of a coupon expired."""
    REDEMPTION_REVERSED = "REDEMPTION_REVERSED"
    """An order paid by coupon was cancelled."""
    DEPOSIT_RECEIVED = "DEPOSIT_RECEIVED"
    """A party paid a deposit in."""
    DEPOSIT_DRAWN = "DEPOSIT_DRAWN"
    """What a party owed was taken from its deposit."""
    DEPOSIT_RETURNED = "DEPOSIT_RETURNED"
    """A party got its deposit back."""


POSTINGS: Final[Mapping[Event, tuple[tuple[AccountName, AccountName], ...]]] = {
    Event.COUPON_ISSUED: (
        (AccountName.COMPENSATION_EXPENSE, AccountName.BUYER_COUPON_LIABILITY),
        (AccountName.CONTINGENT, AccountName.MEMO_CONTRA),
    ),
    Event.COUPON_REDEEMED: (
        (AccountName.BUYER_COUPON_LIABILITY, AccountName.CASH_CLEARING),
        (AccountName.PARTY_RECEIVABLE, AccountName.EXPENSE_RECOVERY),
        (AccountName.MEMO_CONTRA, AccountName.CONTINGENT),
    ),
    Event.COUPON_RELEASED: (
        (AccountName.BUYER_COUPON_LIABILITY, AccountName.COMPENSATION_EXPENSE),
        (AccountName.MEMO_CONTRA, AccountName.CONTINGENT),
    ),
    Event.REDEMPTION_REVERSED: (
        (AccountName.CASH_CLEARING, AccountName.BUYER_COUPON_LIABILITY),
        (AccountName.EXPENSE_RECOVERY, AccountName.PARTY_RECEIVABLE),
        (AccountName.CONTINGENT, AccountName.MEMO_CONTRA),
    ),
    Event.DEPOSIT_RECEIVED: ((AccountName.CASH_CLEARING, AccountName.DEPOSIT_HELD),),
    Event.DEPOSIT_DRAWN: ((AccountName.DEPOSIT_HELD, AccountName.PARTY_RECEIVABLE),),
    Event.DEPOSIT_RETURNED: ((AccountName.DEPOSIT_HELD, AccountName.CASH_CLEARING),),
}
"""Event -> pairs of (debit, credit), each for the whole amount of the event (`domain.md` 6.8, the posting table)."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why money moved.

    A claim, coupon, redemption, decision or movement of a deposit is named: the database refuses a transfer without.
    """

    claim_id: ClaimId | None = None
    coupon_id: CouponId | None = None
    redemption_id: RedemptionId | None = None
    decision_id: DecisionId | None = None
    deposit_movement_id: DepositMovementId | None = None
    rule_version_id: RuleVersionId | None = None
    reverses_id: TransferId | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One side of a posting: a debit (positive) or a credit (negative) on one account."""

    account: AccountName
    party_id: LiablePartyId | None
    amount: Money


@dataclass(frozen=True, slots=True)
class Transfer:
    """One balanced movement with its cause."""

    id: TransferId
    event: Event
    at: datetime
    cause: Cause
    entries: tuple[Entry, ...]

    def __post_init__(self) -> None:
        sums: dict[str, int] = {}
        for entry in self.entries:
            sums[entry.amount.currency] = sums.get(entry.amount.currency, 0) + entry.amount.minor
        if not self.entries or any(sums.values()):
            raise ValueError(f"transfer {self.id} does not balance")


def transfer(
    id: TransferId, event: Event, amount: Money, *, party_id: LiablePartyId, cause: Cause, at: datetime
) -> Transfer:
    """The event's postings for that amount. Refuses an amount not above zero with ValueError."""
    if amount.minor <= 0:
        raise ValueError("a transfer moves more than nothing")
    entries = tuple(
        Entry(account, party_id if account in OF_PARTY else None, side)
        for debit, credit in POSTINGS[event]
        for account, side in ((debit, amount), (credit, -amount))
    )
    return Transfer(id, event, at, cause, entries)


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account holds, its stripes summed."""

    account: AccountName
    account_class: AccountClass
    party: LiablePartyId | None
    currency: str
    balance: Money


@dataclass(frozen=True, slots=True)
class Posting:
    """An entry as it is shown."""

    account: AccountName
    party: LiablePartyId | None
    amount: Money
