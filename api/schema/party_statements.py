"""Statements of liable parties in GraphQL: what a month did to what they owe and may come to owe."""

from datetime import datetime

import strawberry

from api.schema.arguments import Argument, field
from api.schema.claims import Claim
from api.schema.coupons import Coupon
from api.schema.deposits import DepositMovement
from api.schema.enums import described
from api.schema.errors import Finding
from api.schema.invoices import PartyPayment
from api.schema.memberships import Membership
from api.schema.parties import LiableParty
from api.schema.payouts import Payout
from api.schema.recoveries import Recovery
from api.schema.scalars import CurrencyCode, Money
from domain.party_statements import LineKind

described(LineKind, name="PartyStatementLineKind")


@strawberry.type(description="What all lines of one kind did in the month.")
class PartyStatementSum:
    """`domain.party_statements.StatementSum`."""

    kind: LineKind = strawberry.field(description="What happened.")
    receivable: Money = strawberry.field(description="By how much what is owed grew; with a minus: became less.")
    contingent: Money = strawberry.field(description="By how much what may fall due grew; with a minus: became less.")


@strawberry.type(description="One transfer on a statement: what it did, what was owed after it, and why.")
class PartyStatementLine:
    """`domain.party_statements.PartyStatementLine`."""

    at: datetime = strawberry.field(description="When.")
    kind: LineKind = strawberry.field(description="What happened.")
    receivable: Money = strawberry.field(description="By how much what is owed grew; with a minus: became less.")
    contingent: Money = strawberry.field(description="By how much what may fall due grew; with a minus: became less.")
    receivable_after: Money = strawberry.field(
        description="What was owed after it; with a minus what stood to the party's favour."
    )
    contingent_after: Money = strawberry.field(description="What might still fall due after it.")
    claim: Claim | None = strawberry.field(description="The claim behind it.")
    claim_number: str | None = strawberry.field(description="The claim's number for people.")
    coupon: Coupon | None = strawberry.field(description="The coupon behind it, where the viewer may see it.")
    coupon_number: str | None = strawberry.field(description="The coupon's number for people; null for a refund.")
    recovery: Recovery | None = strawberry.field(description="What is owed, and how it was collected so far.")
    payout: Payout | None = strawberry.field(description="The payout that kept it back or gave it back.")
    payment: PartyPayment | None = strawberry.field(description="The payment that paid it.")
    membership: Membership | None = strawberry.field(description="The term of a plan whose fee it is.")
    deposit_movement: DepositMovement | None = strawberry.field(description="The draw of the deposit that paid it.")
    because: Finding = strawberry.field(description="The line in a sentence.")


@strawberry.type(
    description="A liable party's month in one currency. Opening and all lines make the closing, which is the next "
    "month's opening; the marketplace's doctor proves that it equals the ledger's accounts."
)
class PartyStatement:
    """`domain.party_statements.PartyStatement`."""

    party: LiableParty | None = strawberry.field(description="Whose statement it is.")
    currency: CurrencyCode = strawberry.field(description="In which currency.")
    month: str = strawberry.field(description="The month, like 2026-03.")
    opens_at: datetime = strawberry.field(description="Its first instant where the marketplace keeps its days.")
    closes_at: datetime = strawberry.field(description="The first instant that does not belong to it any more.")
    opening: Money = strawberry.field(description="What was owed before.")
    opening_contingent: Money = strawberry.field(description="What might have fallen due before.")
    closing: Money = strawberry.field(description="What was owed at its end, or is owed now while it runs.")
    closing_contingent: Money = strawberry.field(description="What might still have fallen due at its end.")
    sums: list[PartyStatementSum] = strawberry.field(description="What happened, by kind, of the kinds that occurred.")
    lines: list[PartyStatementLine] = strawberry.field(description="A page of its lines, the oldest first.")
    has_next_page: bool = strawberry.field(description="Whether more lines follow this page.")
    end_cursor: str | None = strawberry.field(description="Where the next page starts; null on an empty page.")


@strawberry.type
class PartyStatementQueries:
    """Reading statements."""

    party_statement: PartyStatement | None = field(
        "A liable party's statement of a month: its own for a party, any for finance; null for others.",
        Argument("liable_party_id", strawberry.ID | None, "Whose; a party means itself when it names nobody."),
        Argument("month", str, "The month, like 2026-03."),
        Argument("currency", CurrencyCode, "In which currency."),
        Argument("first", int, "The page size: 1 to 100."),
        Argument("after", str | None, "Only what comes after this cursor of the same statement."),
    )
