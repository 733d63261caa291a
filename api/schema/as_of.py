"""Claims and recoveries as they stood at an instant, in GraphQL."""

from datetime import datetime

import strawberry

from api.schema.arguments import Argument, field
from api.schema.claims import Claim
from api.schema.decisions import Decision
from api.schema.invoices import Invoice
from api.schema.recoveries import Recovery
from api.schema.rules import RuleVersion
from api.schema.scalars import Money
from domain.claims import ClaimOutcome, ClaimState
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


@strawberry.type
class AsOfQueries:
    """Reading the past."""

    claim_as_of: ClaimAsOf | None = field(
        "A claim as it stood at an instant; null where it did not exist then, or is none of the viewer's.",
        Argument("id", strawberry.ID, "The id of the claim."),
        Argument("as_of", datetime, "The instant; what happened at it is in it. An instant ahead means now."),
    )
    recovery_as_of: RecoveryAsOf | None = field(
        "A recovery as it stood at an instant; null where it did not exist then, or is none of the viewer's.",
        Argument("id", strawberry.ID, "The id of the recovery."),
        Argument("as_of", datetime, "The instant; what happened at it is in it. An instant ahead means now."),
    )
