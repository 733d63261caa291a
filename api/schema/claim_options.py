"""Claim options in GraphQL: what can be claimed for an order now, what not, and why."""

from datetime import datetime

import strawberry

from api.schema import claims as _claims  # noqa: F401 - describes ClaimReason
from api.schema.arguments import Argument, field
from api.schema.coverage import Coverage
from api.schema.errors import Finding
from api.schema.scalars import Money
from domain.claims import ClaimReason
from domain.guarantees import Promise


@strawberry.type(description="One way to claim for an order: a cover and a reason.")
class ClaimOption:
    """`domain.claim_options.ClaimOption`."""

    coverage: Coverage | None = strawberry.field(description="The cover to claim under.")
    promise: Promise = strawberry.field(description="What was promised.")
    reason: ClaimReason | None = strawberry.field(
        description="The reason to claim; null where no reason claims under such a promise yet."
    )
    available: bool = strawberry.field(description="Whether `openClaim` takes it now.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met; empty when available.")
    opens_at: datetime | None = strawberry.field(description="The first instant at which it is possible.")
    closes_at: datetime | None = strawberry.field(description="The last instant at which it is possible.")
    amount: Money | None = strawberry.field(
        description="What the rule gives for what is recorded now; null where an exchange rate is missing."
    )


@strawberry.type
class ClaimOptionQueries:
    """What can be claimed."""

    claim_options: list[ClaimOption] | None = field(
        "Every way to claim for an order: each cover with each reason, whether `openClaim` takes it now, why not, and "
        "from when until when. Null where the viewer sees no such order.",
        Argument("order_id", strawberry.ID, "The order."),
    )
