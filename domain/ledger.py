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
    CarrierClaimId,
    ChargebackId,
    ClaimId,
    CouponId,
    DecisionId,
    DepositMovementId,
    GoodwillId,
    InspectionId,
    LiablePartyId,
    MembershipId,
    PartyPaymentId,
    PayoutId,
    RecoveryId,
    RedemptionId,
    RefundId,
    ReimbursementId,
    RuleVersionId,
    TransferId,
)
from domain.money import Money, total


class AccountName(StrEnum):
    """The accounts of `domain.md` 6.8, and what fees need beside them."""

    CASH_CLEARING = "CASH_CLEARING"
    """Money on its way in or out."""
    PARTY_RECEIVABLE = "PARTY_RECEIVABLE"
    """What a liable party owes."""
    CARRIER_RECEIVABLE = "CARRIER_RECEIVABLE"
    """What carriers have accepted to pay."""
    BUYER_COUPON_LIABILITY = "BUYER_COUPON_LIABILITY"
    """What coupons may still cost."""
    PARTY_PAYABLE = "PARTY_PAYABLE"
    """What the platform is to pay out to a liable party."""
    DEPOSIT_HELD = "DEPOSIT_HELD"
    """What is held of a liable party's own money."""
    FUNDS_HELD = "FUNDS_HELD"
    """What is held back of a liable party's payouts while a chargeback runs."""
    REFUND_CLEARING = "REFUND_CLEARING"
    """Refunds that were decided and are not paid yet."""
    COMPENSATION_EXPENSE = "COMPENSATION_EXPENSE"
    """What compensation costs the platform at first."""
    EXPENSE_RECOVERY = "EXPENSE_RECOVERY"
    """What liable parties, carriers and insurers bear of it."""
    PREPAID_INSPECTIONS = "PREPAID_INSPECTIONS"
    """What buyers paid in advance for inspections that have not reported yet."""
    MEMBERSHIP_INCOME = "MEMBERSHIP_INCOME"
    """What merchants pay for their plans."""
    BAD_DEBT = "BAD_DEBT"
    """What was owed and is given up."""
    ROUNDING = "ROUNDING"
    """What conversions leave over."""
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
    AccountName.CARRIER_RECEIVABLE: AccountClass.ASSET,
    AccountName.BUYER_COUPON_LIABILITY: AccountClass.LIABILITY,
    AccountName.PARTY_PAYABLE: AccountClass.LIABILITY,
    AccountName.DEPOSIT_HELD: AccountClass.LIABILITY,
    AccountName.FUNDS_HELD: AccountClass.LIABILITY,
    AccountName.REFUND_CLEARING: AccountClass.LIABILITY,
    AccountName.PREPAID_INSPECTIONS: AccountClass.LIABILITY,
    AccountName.MEMBERSHIP_INCOME: AccountClass.RESULT,
    AccountName.COMPENSATION_EXPENSE: AccountClass.RESULT,
    AccountName.EXPENSE_RECOVERY: AccountClass.RESULT,
    AccountName.BAD_DEBT: AccountClass.RESULT,
    AccountName.ROUNDING: AccountClass.RESULT,
    AccountName.CONTINGENT: AccountClass.MEMO,
    AccountName.MEMO_CONTRA: AccountClass.MEMO,
}

OF_PARTY: Final = frozenset(
    {
        AccountName.PARTY_RECEIVABLE,
        AccountName.PARTY_PAYABLE,
        AccountName.DEPOSIT_HELD,
        AccountName.FUNDS_HELD,
        AccountName.CONTINGENT,
    }
)
"""Accounts kept per liable party; all others are the platform's own."""

NEVER_DEBIT: Final = frozenset(
    {
        AccountName.BUYER_COUPON_LIABILITY,
        AccountName.DEPOSIT_HELD,
        AccountName.FUNDS_HELD,
        AccountName.REFUND_CLEARING,
        AccountName.PREPAID_INSPECTIONS,
    }
)
"""Accounts that never hold more debit than credit: nobody takes out what was not put in.

A receivable may turn to the party's favour (a redemption reversed after it was collected), a payable against it.
"""

NEVER_CREDIT: Final = frozenset({AccountName.CARRIER_RECEIVABLE, AccountName.CONTINGENT})
"""Accounts that never hold more credit than debit: nobody pays, and nothing falls due, beyond what was booked."""

BALANCE_MAX: Final = 2**59
"""The most minor units in one row of an account: the sixteen stripes of an account together stay within 64 bits."""


class Event(StrEnum):
    """What moves money: one row of the posting table each."""

    COUPON_ISSUED = "COUPON_ISSUED"
    """A coupon was issued."""
    COUPON_REDEEMED = "COUPON_REDEEMED"
    """A part or the whole of a coupon was redeemed."""
    COUPON_RELEASED = "COUPON_RELEASED"
    """What was left of a coupon expired."""
    COUPON_REVOKED = "COUPON_REVOKED"
    """What was left of a coupon was revoked."""
    REDEMPTION_REVERSED = "REDEMPTION_REVERSED"
    """An order paid by coupon was cancelled."""
    REFUND_DECIDED = "REFUND_DECIDED"
    """The platform is to refund a buyer."""
    REFUND_PAID = "REFUND_PAID"
    """The refund was paid out."""
    REFUND_CANCELLED = "REFUND_CANCELLED"
    """A refund that was not paid is not to be paid any more."""
    COUPON_RESTORED = "COUPON_RESTORED"
    """A coupon that was revoked is good again."""
    RECOVERY_DUE = "RECOVERY_DUE"
    """A party owes its share of a refund."""
    RECOVERY_NETTED = "RECOVERY_NETTED"
    """What a party owed was kept back from what it was to be paid."""
    RECOVERY_PAID = "RECOVERY_PAID"
    """A party paid what it owed."""
    RECOVERY_WRITTEN_OFF = "RECOVERY_WRITTEN_OFF"
    """What a party owed is given up."""
    WRITE_OFF_REVERSED = "WRITE_OFF_REVERSED"
    """What was given up is not owed after all, since its redemption was reversed."""
    RECOVERY_WAIVED = "RECOVERY_WAIVED"
    """What fell due is not owed after all: the party's dispute or appeal was upheld, and the platform bears it."""
    CONTINGENT_OPENED = "CONTINGENT_OPENED"
    """A further party's share of a coupon may fall due: it was issued, or is good again."""
    CONTINGENT_DUE = "CONTINGENT_DUE"
    """A further party's share of what was redeemed of a coupon fell due."""
    CONTINGENT_REVERSED = "CONTINGENT_REVERSED"
    """A further party's share is not owed any more: the order that the coupon paid for was cancelled."""
    CONTINGENT_RELEASED = "CONTINGENT_RELEASED"
    """What might have fallen due never will: the platform bears it, or a further party's share of a coupon is over."""
    RECOVERY_RETURNED = "RECOVERY_RETURNED"
    """What was collected and is not owed any more goes back to the party with its next payout."""
    PAYOUT_ANNOUNCED = "PAYOUT_ANNOUNCED"
    """A party is to be paid."""
    PAYOUT_PAID = "PAYOUT_PAID"
    """A party was paid what was left of its payout."""
    DEPOSIT_RECEIVED = "DEPOSIT_RECEIVED"
    """A party paid a deposit in."""
    DEPOSIT_DRAWN = "DEPOSIT_DRAWN"
    """What a party owed was taken from its deposit."""
    DEPOSIT_RETURNED = "DEPOSIT_RETURNED"
    """A party got its deposit back."""
    CARRIER_ACCEPTED = "CARRIER_ACCEPTED"
    """A carrier accepted to pay for a loss."""
    CARRIER_PAID = "CARRIER_PAID"
    """A carrier paid what it had accepted."""
    CARRIER_WRITTEN_OFF = "CARRIER_WRITTEN_OFF"
    """What a carrier had accepted and did not pay is given up."""
    REIMBURSED = "REIMBURSED"
    """An insurer, or a carrier outside a case, paid the platform back what it bears of a loss."""
    REIMBURSEMENT_RETURNED = "REIMBURSEMENT_RETURNED"
    """What the platform was paid back turned out not to have been paid."""
    CHARGEBACK_HELD = "CHARGEBACK_HELD"
    """The disputed amount is held back from the party's payouts."""
    CHARGEBACK_WON = "CHARGEBACK_WON"
    """The chargeback was won: the party has its money again."""
    CHARGEBACK_LOST = "CHARGEBACK_LOST"
    """The chargeback was lost without cover: what was held is gone."""
    CHARGEBACK_COVERED = "CHARGEBACK_COVERED"
    """The chargeback was lost under cover: the platform pays, and the party has its money again."""

    MEMBERSHIP_CHARGED = "MEMBERSHIP_CHARGED"
    """A merchant owes the fee for a term of its plan."""
    MEMBERSHIP_PAID = "MEMBERSHIP_PAID"
    """A merchant paid that fee."""
    INSPECTION_PREPAID = "INSPECTION_PREPAID"
    """A buyer paid an inspection in advance."""
    INSPECTION_PERFORMED = "INSPECTION_PERFORMED"
    """The inspection reported: its company gets the fee."""
    INSPECTION_RETURNED = "INSPECTION_RETURNED"
    """The inspection never reported: the fee pays for its own refund, which costs nobody anything."""


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
    Event.COUPON_REVOKED: (
        (AccountName.BUYER_COUPON_LIABILITY, AccountName.COMPENSATION_EXPENSE),
        (AccountName.MEMO_CONTRA, AccountName.CONTINGENT),
    ),
    Event.REDEMPTION_REVERSED: (
        (AccountName.CASH_CLEARING, AccountName.BUYER_COUPON_LIABILITY),
        (AccountName.EXPENSE_RECOVERY, AccountName.PARTY_RECEIVABLE),
        (AccountName.CONTINGENT, AccountName.MEMO_CONTRA),
    ),
    Event.REFUND_DECIDED: ((AccountName.COMPENSATION_EXPENSE, AccountName.REFUND_CLEARING),),
    Event.REFUND_PAID: ((AccountName.REFUND_CLEARING, AccountName.CASH_CLEARING),),
    Event.REFUND_CANCELLED: ((AccountName.REFUND_CLEARING, AccountName.COMPENSATION_EXPENSE),),
    Event.COUPON_RESTORED: (
        (AccountName.COMPENSATION_EXPENSE, AccountName.BUYER_COUPON_LIABILITY),
        (AccountName.CONTINGENT, AccountName.MEMO_CONTRA),
    ),
    Event.RECOVERY_DUE: ((AccountName.PARTY_RECEIVABLE, AccountName.EXPENSE_RECOVERY),),
    Event.RECOVERY_NETTED: ((AccountName.PARTY_PAYABLE, AccountName.PARTY_RECEIVABLE),),
    Event.RECOVERY_PAID: ((AccountName.CASH_CLEARING, AccountName.PARTY_RECEIVABLE),),
    Event.RECOVERY_WRITTEN_OFF: ((AccountName.BAD_DEBT, AccountName.PARTY_RECEIVABLE),),
    Event.WRITE_OFF_REVERSED: ((AccountName.PARTY_RECEIVABLE, AccountName.BAD_DEBT),),
    Event.RECOVERY_WAIVED: ((AccountName.EXPENSE_RECOVERY, AccountName.PARTY_RECEIVABLE),),
    Event.CONTINGENT_OPENED: ((AccountName.CONTINGENT, AccountName.MEMO_CONTRA),),
    Event.CONTINGENT_DUE: (
        (AccountName.PARTY_RECEIVABLE, AccountName.EXPENSE_RECOVERY),
        (AccountName.MEMO_CONTRA, AccountName.CONTINGENT),
    ),
    Event.CONTINGENT_REVERSED: (
        (AccountName.EXPENSE_RECOVERY, AccountName.PARTY_RECEIVABLE),
        (AccountName.CONTINGENT, AccountName.MEMO_CONTRA),
    ),
    Event.CONTINGENT_RELEASED: ((AccountName.MEMO_CONTRA, AccountName.CONTINGENT),),
    Event.RECOVERY_RETURNED: ((AccountName.PARTY_RECEIVABLE, AccountName.PARTY_PAYABLE),),
    Event.PAYOUT_ANNOUNCED: ((AccountName.CASH_CLEARING, AccountName.PARTY_PAYABLE),),
    Event.PAYOUT_PAID: ((AccountName.PARTY_PAYABLE, AccountName.CASH_CLEARING),),
    Event.DEPOSIT_RECEIVED: ((AccountName.CASH_CLEARING, AccountName.DEPOSIT_HELD),),
    Event.DEPOSIT_DRAWN: ((AccountName.DEPOSIT_HELD, AccountName.PARTY_RECEIVABLE),),
    Event.DEPOSIT_RETURNED: ((AccountName.DEPOSIT_HELD, AccountName.CASH_CLEARING),),
    Event.CARRIER_ACCEPTED: ((AccountName.CARRIER_RECEIVABLE, AccountName.EXPENSE_RECOVERY),),
    Event.CARRIER_PAID: ((AccountName.CASH_CLEARING, AccountName.CARRIER_RECEIVABLE),),
    Event.CARRIER_WRITTEN_OFF: ((AccountName.BAD_DEBT, AccountName.CARRIER_RECEIVABLE),),
    Event.REIMBURSED: ((AccountName.CASH_CLEARING, AccountName.EXPENSE_RECOVERY),),
    Event.REIMBURSEMENT_RETURNED: ((AccountName.EXPENSE_RECOVERY, AccountName.CASH_CLEARING),),
    Event.CHARGEBACK_HELD: ((AccountName.PARTY_PAYABLE, AccountName.FUNDS_HELD),),
    Event.CHARGEBACK_WON: ((AccountName.FUNDS_HELD, AccountName.PARTY_PAYABLE),),
    Event.CHARGEBACK_LOST: ((AccountName.FUNDS_HELD, AccountName.CASH_CLEARING),),
    Event.CHARGEBACK_COVERED: (
        (AccountName.COMPENSATION_EXPENSE, AccountName.CASH_CLEARING),
        (AccountName.FUNDS_HELD, AccountName.PARTY_PAYABLE),
    ),
    Event.MEMBERSHIP_CHARGED: ((AccountName.PARTY_RECEIVABLE, AccountName.MEMBERSHIP_INCOME),),
    Event.MEMBERSHIP_PAID: ((AccountName.CASH_CLEARING, AccountName.PARTY_RECEIVABLE),),
    Event.INSPECTION_PREPAID: ((AccountName.CASH_CLEARING, AccountName.PREPAID_INSPECTIONS),),
    Event.INSPECTION_PERFORMED: ((AccountName.PREPAID_INSPECTIONS, AccountName.CASH_CLEARING),),
    Event.INSPECTION_RETURNED: ((AccountName.PREPAID_INSPECTIONS, AccountName.COMPENSATION_EXPENSE),),
}
"""Event -> pairs of (debit, credit) (`domain.md` 6.8, the posting table).

Each is for the whole amount of the event, or, where it moves a party's account, for the party's part of it.
"""

FURTHER: Final[Mapping[Event, Event]] = {
    Event.COUPON_ISSUED: Event.CONTINGENT_OPENED,
    Event.COUPON_RESTORED: Event.CONTINGENT_OPENED,
    Event.COUPON_REDEEMED: Event.CONTINGENT_DUE,
    Event.REDEMPTION_REVERSED: Event.CONTINGENT_REVERSED,
    Event.COUPON_RELEASED: Event.CONTINGENT_RELEASED,
    Event.COUPON_REVOKED: Event.CONTINGENT_RELEASED,
}
"""What happens to a coupon -> what that is for a second party that shares in it: the first one's part is in the
coupon's own transfer, the other's in a transfer of its own, with its own recovery as the cause."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why money moved.

    A claim, coupon, redemption, decision, movement of a deposit or chargeback is named: the database refuses a transfer
    without. Each field is a column of `ledger_transfers`.
    """

    claim_id: ClaimId | None = None
    coupon_id: CouponId | None = None
    redemption_id: RedemptionId | None = None
    refund_id: RefundId | None = None
    goodwill_id: GoodwillId | None = None
    decision_id: DecisionId | None = None
    deposit_movement_id: DepositMovementId | None = None
    recovery_id: RecoveryId | None = None
    payout_id: PayoutId | None = None
    party_payment_id: PartyPaymentId | None = None
    chargeback_id: ChargebackId | None = None
    carrier_claim_id: CarrierClaimId | None = None
    membership_id: MembershipId | None = None
    inspection_id: InspectionId | None = None
    reimbursement_id: ReimbursementId | None = None
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
    id: TransferId,
    event: Event,
    amount: Money,
    *,
    party_id: LiablePartyId | None,
    cause: Cause,
    at: datetime,
    part: Money | None = None,
) -> Transfer:
    """The event's postings for that amount; `party_id` may be None where the platform's own accounts alone are moved.

    `part` is what the party bears of the amount, all of it unless given; of nothing its accounts have no entry. Refuses
    with ValueError an amount not above zero, a part that is none, and a party's account without the party.
    """
    moved = amount if part is None else part
    if amount.minor <= 0 or not 0 <= moved.minor <= amount.minor:
        raise ValueError("a transfer moves more than nothing, and the party's part of it at most")
    pairs = [(pair, moved if not OF_PARTY.isdisjoint(pair) else amount) for pair in POSTINGS[event]]
    if party_id is None and any(not OF_PARTY.isdisjoint(pair) and each.minor for pair, each in pairs):
        raise ValueError(f"{event} moves the account of a party, and none is named")
    entries = tuple(
        Entry(account, party_id if account in OF_PARTY else None, side)
        for (debit, credit), each in pairs
        if each.minor
        for account, side in ((debit, each), (credit, -each))
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


@dataclass(frozen=True, slots=True)
class TrialLine:
    """One account, its stripes and parties summed, on the side where it stands: one of the two sides is zero."""

    account: AccountName
    account_class: AccountClass
    debit: Money
    credit: Money


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """All accounts of one currency as of an instant. Its two sides are equal, or the books are wrong."""

    currency: str
    as_of: datetime
    lines: tuple[TrialLine, ...]
    debits: Money
    credits: Money


def trial_balance(currency: str, as_of: datetime, balances: Mapping[AccountName, int]) -> TrialBalance:
    """The accounts of that currency, each on its side, in the order of the chart of accounts."""
    lines = tuple(
        TrialLine(account, CLASSES[account], Money(max(minor, 0), currency), Money(max(-minor, 0), currency))
        for account in AccountName
        if (minor := balances.get(account, 0)) or account in balances
    )
    return TrialBalance(
        currency,
        as_of,
        lines,
        total([line.debit for line in lines], currency),
        total([line.credit for line in lines], currency),
    )


@dataclass(frozen=True, slots=True)
class StatementLine:
    """An entry on an account's statement: what it was, why, and what the account held after it."""

    at: datetime
    event: Event
    amount: Money
    balance: Money
    transfer: TransferId
    position: int
    claim: ClaimId | None
    coupon: CouponId | None
    redemption: RedemptionId | None
    decision: DecisionId | None
    deposit_movement: DepositMovementId | None
    chargeback: ChargebackId | None
    rule_version: RuleVersionId | None
    reverses: TransferId | None
