"""The ledger in GraphQL: where each cent went."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.schema.arguments import Argument, field
from api.schema.chargebacks import Chargeback
from api.schema.claims import Claim
from api.schema.connection import Connection, listing, point
from api.schema.coupons import Coupon, Redemption
from api.schema.decisions import Decision
from api.schema.deposits import DepositMovement
from api.schema.enums import described
from api.schema.node import Node
from api.schema.parties import LiableParty
from api.schema.rules import RuleVersion
from api.schema.scalars import CurrencyCode, Money
from domain.ledger import AccountClass, AccountName, Event

if TYPE_CHECKING:
    from api.schema.carrier_claims import CarrierClaim
    from api.schema.invoices import PartyPayment
    from api.schema.memberships import Membership
    from api.schema.payouts import Payout
    from api.schema.recoveries import Recovery
    from api.schema.reimbursements import Reimbursement
    from api.schema.remedies import Goodwill, Refund
    from api.schema.returns import Inspection

described(AccountName, name="LedgerAccount")
described(AccountClass, name="LedgerAccountClass")
described(Event, name="LedgerEvent")


class LedgerTransferOrder(StrEnum):
    """Orders of a list of transfers."""

    NEWEST_FIRST = "NEWEST_FIRST"
    """The latest first."""
    OLDEST_FIRST = "OLDEST_FIRST"
    """The earliest first."""


described(LedgerTransferOrder)


@strawberry.input(description="Which transfers. What is left out does not matter; conditions add up.")
class LedgerTransferFilter:
    """The fields are the filters of `storage/views/ledger.py`."""

    claim_id: strawberry.ID | None = strawberry.field(default=None, description="Caused by this claim.")
    coupon_id: strawberry.ID | None = strawberry.field(default=None, description="Caused by this coupon.")
    from_: datetime | None = strawberry.field(name="from", default=None, description="At this instant or later.")
    before: datetime | None = strawberry.field(default=None, description="Before this instant.")


@strawberry.type(description="What an account holds now. Debits are positive, credits negative.")
class LedgerBalance:
    """`domain.ledger.Balance`."""

    account: AccountName = strawberry.field(description="Which account.")
    account_class: AccountClass = strawberry.field(description="Where it stands in the books.")
    party: LiableParty | None = strawberry.field(description="Whose account; null for the platform's own.")
    currency: CurrencyCode = strawberry.field(description="In which currency.")
    balance: Money = strawberry.field(description="The sum of its entries.")


@strawberry.type(description="What one account held as of an instant, on the side where it stood.")
class LedgerTrialBalanceLine:
    """`domain.ledger.TrialLine`."""

    account: AccountName = strawberry.field(description="Which account; its parties are summed.")
    account_class: AccountClass = strawberry.field(description="Where it stands in the books.")
    debit: Money = strawberry.field(description="More debit than credit by this much; zero if it is the other side.")
    credit: Money = strawberry.field(description="More credit than debit by this much; zero if it is the other side.")


@strawberry.type(
    description="All accounts of a currency as of an instant. Both sides are equal, or the books are wrong."
)
class LedgerTrialBalance:
    """`domain.ledger.TrialBalance`."""

    currency: CurrencyCode = strawberry.field(description="In which currency.")
    as_of: datetime = strawberry.field(description="As of when; what happened at that instant is in it.")
    lines: list[LedgerTrialBalanceLine] = strawberry.field(description="The accounts that had entries until then.")
    debits: Money = strawberry.field(description="The sum of all debit balances.")
    credits: Money = strawberry.field(description="The sum of all credit balances.")


@strawberry.type(description="One side of a posting: a debit (positive) or a credit (negative) on an account.")
class LedgerEntry:
    """`domain.ledger.Posting`."""

    account: AccountName = strawberry.field(description="Which account.")
    party: LiableParty | None = strawberry.field(description="Whose account; null for the platform's own.")
    amount: Money = strawberry.field(description="The debit, or with a minus the credit.")


@strawberry.type(description="One balanced movement with its cause. It never changes; a correction is a new one.")
class LedgerTransfer(Node):
    """`domain.ledger.Transfer`."""

    event: Event = strawberry.field(description="What moved the money.")
    at: datetime = strawberry.field(description="When.")
    entries: list[LedgerEntry] = strawberry.field(description="Its sides; they sum to zero per currency.")
    claim: Claim | None = strawberry.field(description="The claim that caused it.")
    coupon: Coupon | None = strawberry.field(description="The coupon that caused it.")
    redemption: Redemption | None = strawberry.field(description="The redemption that caused it.")
    refund: Annotated["Refund", strawberry.lazy("api.schema.remedies")] | None = strawberry.field(
        description="The refund that caused it."
    )
    goodwill: Annotated["Goodwill", strawberry.lazy("api.schema.remedies")] | None = strawberry.field(
        description="The goodwill that caused it."
    )
    decision: Decision | None = strawberry.field(description="The decision that caused it.")
    deposit_movement: DepositMovement | None = strawberry.field(description="The movement of a deposit that caused it.")
    chargeback: Chargeback | None = strawberry.field(description="The chargeback that caused it.")
    recovery: Annotated["Recovery", strawberry.lazy("api.schema.recoveries")] | None = strawberry.field(
        description="The recovery that it collects, gives up or gives back."
    )
    payout: Annotated["Payout", strawberry.lazy("api.schema.payouts")] | None = strawberry.field(
        description="The payout that caused it, or that kept it back."
    )
    party_payment: Annotated["PartyPayment", strawberry.lazy("api.schema.invoices")] | None = strawberry.field(
        description="The payment of a liable party that caused it."
    )
    carrier_claim: Annotated["CarrierClaim", strawberry.lazy("api.schema.carrier_claims")] | None = strawberry.field(
        description="The carrier claim that caused it."
    )
    membership: Annotated["Membership", strawberry.lazy("api.schema.memberships")] | None = strawberry.field(
        description="The term of a plan whose fee it is."
    )
    inspection: Annotated["Inspection", strawberry.lazy("api.schema.returns")] | None = strawberry.field(
        description="The inspection whose fee it is."
    )
    reimbursement: Annotated["Reimbursement", strawberry.lazy("api.schema.reimbursements")] | None = strawberry.field(
        description="What an insurer, or a carrier outside a case, paid back to the marketplace."
    )
    rule_version: RuleVersion | None = strawberry.field(description="The rule version behind it.")


@strawberry.type(description="An entry on a statement: what moved the account, why, and what it held afterwards.")
class LedgerStatementLine:
    """`domain.ledger.StatementLine`."""

    at: datetime = strawberry.field(description="When.")
    event: Event = strawberry.field(description="What moved the money.")
    amount: Money = strawberry.field(description="The debit, or with a minus the credit.")
    balance: Money = strawberry.field(description="What the account held after this entry.")
    transfer: LedgerTransfer | None = strawberry.field(description="The whole transfer; for staff.")
    claim: Claim | None = strawberry.field(description="The claim that caused it.")
    coupon: Coupon | None = strawberry.field(description="The coupon that caused it, where the viewer may see it.")
    redemption: Redemption | None = strawberry.field(description="The redemption that caused it, likewise.")
    decision: Decision | None = strawberry.field(description="The decision that caused it, likewise.")
    deposit_movement: DepositMovement | None = strawberry.field(description="The movement of a deposit that caused it.")
    chargeback: Chargeback | None = strawberry.field(description="The chargeback that caused it.")
    rule_version: RuleVersion | None = strawberry.field(description="The rule version behind it.")
    reverses: LedgerTransfer | None = strawberry.field(description="The transfer that this one corrects; for staff.")


@strawberry.type(description="An account from an instant until just before another, oldest entry first.")
class LedgerStatement:
    """`storage.views.ledger.Statement`."""

    account: AccountName = strawberry.field(description="Which account.")
    account_class: AccountClass = strawberry.field(description="Where it stands in the books.")
    party: LiableParty | None = strawberry.field(description="Whose account; null for the platform's own.")
    currency: CurrencyCode = strawberry.field(description="In which currency.")
    opens_at: datetime = strawberry.field(description="The first instant that belongs to it.")
    closes_at: datetime = strawberry.field(description="The first instant that does not any more.")
    opening: Money = strawberry.field(description="What the account held just before it opens.")
    closing: Money = strawberry.field(description="What the account held just before it closes.")
    lines: list[LedgerStatementLine] = strawberry.field(description="A page of its entries.")
    has_next_page: bool = strawberry.field(description="Whether more entries follow this page.")
    end_cursor: str | None = strawberry.field(description="Where the next page starts; null on an empty page.")


@strawberry.type
class LedgerQueries:
    """Reading the ledger."""

    ledger_balances: list[LedgerBalance] | None = field(
        "What each account holds: all accounts for finance, its own for a liable party; null for others.",
        Argument("as_of", datetime | None, "As it stood at this instant, which is in it; now if not given."),
    )
    ledger_statement: LedgerStatement | None = field(
        "An account's entries with what it held before, after and in between: any account for finance, its own for a "
        "liable party; null for others.",
        Argument("account", AccountName, "Which account."),
        Argument(
            "party_id", strawberry.ID | None, "Whose, for an account kept per liable party; a party means itself."
        ),
        Argument("currency", CurrencyCode, "In which currency."),
        Argument("opens_at", datetime, "The first instant that belongs to the statement."),
        Argument("closes_at", datetime, "The first instant that does not any more."),
        Argument("first", int, "The page size: 1 to 100."),
        Argument("after", str | None, "Only what comes after this cursor of the same statement."),
    )
    ledger_trial_balance: list[LedgerTrialBalance] | None = field(
        "The trial balance of each currency; for finance, null for others.",
        Argument("as_of", datetime | None, "As of this instant, which is in it; now if not given."),
    )
    ledger_transfer: LedgerTransfer | None = point(
        "The transfer of that id; null when there is none for the viewer.", of="transfer"
    )
    ledger_transfers: Connection[LedgerTransfer] = listing(
        "Every movement of money; for staff.", filter=LedgerTransferFilter, order=LedgerTransferOrder
    )
