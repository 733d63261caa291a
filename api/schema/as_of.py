"""Claims, coupons, recoveries and invoices as they stood at an instant, in GraphQL."""

from datetime import datetime

import strawberry

from api.schema.arguments import Argument, field
from api.schema.claims import Claim
from api.schema.coupons import Coupon
from api.schema.decisions import Decision
from api.schema.invoices import Invoice
from api.schema.recoveries import Recovery
from api.schema.rules import RuleVersion
from api.schema.scalars import Money
from domain.claims import ClaimOutcome, ClaimState
from domain.coupons import CouponState
from domain.invoices import InvoiceState
from domain.recoveries import RecoveryState


@strawberry.type(description="A claim as it stood at an instant.")
class ClaimAsOf:
    """`storage.views.as_of.ClaimAsOf`."""

    claim: Claim | None = strawberry.field(description="The claim as it is now.")
    as_of: datetime = strawberry.field(description="As of when; what happened at that instant is in it.")
    version: int = strawberry.field(description="Its version then.")
    state: ClaimState = strawberry.field(description="Where it stood.")
    outcome: ClaimOutcome | None = strawberry.field(description="What was decided; null while it was not.")
    base: Money = strawberry.field(description="What the rule took its share of.")
    amount: Money = strawberry.field(description="What the rule gave.")
    answer_due_at: datetime | None = strawberry.field(description="Until when the liable party was to answer.")
    due_at: datetime | None = strawberry.field(description="When the next duty on it was due; null when nobody's was.")
    decision: Decision | None = strawberry.field(description="The latest decision about it then.")
    rule_version: RuleVersion | None = strawberry.field(description="The rule that governed it.")
    procedure_version: RuleVersion | None = strawberry.field(description="The clocks that governed it.")
    appealable_until: datetime | None = strawberry.field(description="Until when its decision could be appealed.")
    final_at: datetime | None = strawberry.field(description="From when on nobody could appeal any more.")
    opened_at: datetime = strawberry.field(description="When it was opened.")
    updated_at: datetime = strawberry.field(description="When it had changed last.")
    decided_at: datetime | None = strawberry.field(description="When it was decided; null while it was not.")
    ended_at: datetime | None = strawberry.field(description="When it ended; null while it had not.")


@strawberry.type(description="A recovery as it stood at an instant.")
class RecoveryAsOf:
    """`storage.views.as_of.RecoveryAsOf`."""

    recovery: Recovery | None = strawberry.field(description="The recovery as it is now.")
    as_of: datetime = strawberry.field(description="As of when; what happened at that instant is in it.")
    version: int = strawberry.field(description="Its version then.")
    state: RecoveryState = strawberry.field(description="Where it stood.")
    contingent: Money = strawberry.field(description="What might still have fallen due.")
    due: Money = strawberry.field(description="What had fallen due and was neither reversed nor waived.")
    outstanding: Money = strawberry.field(description="What was owed and not collected.")
    netted: Money = strawberry.field(description="What had been kept back from payouts.")
    paid: Money = strawberry.field(description="What had been paid.")
    drawn: Money = strawberry.field(description="What had been taken from the deposit.")
    written_off: Money = strawberry.field(description="What had been given up.")
    returned: Money = strawberry.field(description="What had gone back to the party.")
    released: Money = strawberry.field(description="What was never to be owed.")
    fell_due_at: datetime | None = strawberry.field(description="Since when something was owed.")
    disputed_at: datetime | None = strawberry.field(description="Since when the party disagreed.")
    invoice: Invoice | None = strawberry.field(description="The invoice that asked for it.")


@strawberry.type(description="A coupon as it stood at an instant.")
class CouponAsOf:
    """`storage.views.as_of.CouponAsOf`."""

    coupon: Coupon | None = strawberry.field(description="The coupon as it is now.")
    as_of: datetime = strawberry.field(description="As of when; what happened at that instant is in it.")
    version: int = strawberry.field(description="Its version then.")
    state: CouponState = strawberry.field(description="Where it stood.")
    amount: Money = strawberry.field(description="What it was issued over.")
    used: Money = strawberry.field(description="What had been spent.")
    reserved: Money = strawberry.field(description="What checkouts held.")
    left: Money = strawberry.field(description="What could still be spent or held.")
    revoked_reason: str | None = strawberry.field(description="Why it was revoked; null where it was not.")
    issued_at: datetime = strawberry.field(description="When it was issued.")
    expires_at: datetime = strawberry.field(description="Its last instant.")
    ended_at: datetime | None = strawberry.field(description="When it ended; null while it had not.")


@strawberry.type(description="A line of an invoice as it stood at an instant.")
class InvoiceLineAsOf:
    """`storage.views.as_of.InvoiceLineAsOf`."""

    recovery: Recovery | None = strawberry.field(description="What it asks for, as that is now.")
    amount: Money = strawberry.field(description="How much it asked for.")
    settled: Money = strawberry.field(description="What of it was settled.")


@strawberry.type(description="An invoice as it stood at an instant.")
class InvoiceAsOf:
    """`storage.views.as_of.InvoiceAsOf`."""

    invoice: Invoice | None = strawberry.field(description="The invoice as it is now.")
    as_of: datetime = strawberry.field(description="As of when; what happened at that instant is in it.")
    version: int = strawberry.field(description="Its version then.")
    state: InvoiceState = strawberry.field(description="Where it stood.")
    total: Money = strawberry.field(description="What it asked for.")
    open: Money = strawberry.field(description="What was still open.")
    lines: list[InvoiceLineAsOf] = strawberry.field(description="What it asked for, in its order.")
    issued_at: datetime = strawberry.field(description="When it was issued.")
    due_at: datetime = strawberry.field(description="Its last instant.")
    overdue_at: datetime | None = strawberry.field(description="Since when it was overdue; null while it was not.")
    ended_at: datetime | None = strawberry.field(description="When nothing was open any more; null until then.")


@strawberry.type
class AsOfQueries:
    """Reading the past."""

    claim_as_of: ClaimAsOf | None = field(
        "A claim as it stood at an instant; null where it did not exist then, or is none of the viewer's.",
        Argument("id", strawberry.ID, "The id of the claim."),
        Argument("as_of", datetime, "The instant; what happened at it is in it. An instant ahead means now."),
    )
    coupon_as_of: CouponAsOf | None = field(
        "A coupon as it stood at an instant; null where it did not exist then, or is none of the viewer's.",
        Argument("id", strawberry.ID, "The id of the coupon."),
        Argument("as_of", datetime, "The instant; what happened at it is in it. An instant ahead means now."),
    )
    invoice_as_of: InvoiceAsOf | None = field(
        "An invoice as it stood at an instant; null where it did not exist then, or is none of the viewer's.",
        Argument("id", strawberry.ID, "The id of the invoice."),
        Argument("as_of", datetime, "The instant; what happened at it is in it. An instant ahead means now."),
    )
    recovery_as_of: RecoveryAsOf | None = field(
        "A recovery as it stood at an instant; null where it did not exist then, or is none of the viewer's.",
        Argument("id", strawberry.ID, "The id of the recovery."),
        Argument("as_of", datetime, "The instant; what happened at it is in it. An instant ahead means now."),
    )
