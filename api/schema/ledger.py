"""The ledger in GraphQL: where each cent went."""

from datetime import datetime
from enum import StrEnum

import strawberry

from api.schema.arguments import field
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
    decision: Decision | None = strawberry.field(description="The decision that caused it.")
    deposit_movement: DepositMovement | None = strawberry.field(description="The movement of a deposit that caused it.")
    rule_version: RuleVersion | None = strawberry.field(description="The rule version behind it.")


@strawberry.type
class LedgerQueries:
    """Reading the ledger."""

    ledger_balances: list[LedgerBalance] | None = field(
        "What each account holds: all accounts for staff, its own for a liable party; null for others."
    )
    ledger_transfer: LedgerTransfer | None = point(
        "The transfer of that id; null when there is none for the viewer.", of="transfer"
    )
    ledger_transfers: Connection[LedgerTransfer] = listing(
        "Every movement of money; for staff.", filter=LedgerTransferFilter, order=LedgerTransferOrder
    )
