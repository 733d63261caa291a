"""Recoveries in GraphQL: what a coupon may cost, or costs, its liable party."""

from datetime import datetime
from enum import StrEnum

import strawberry

from api.schema.claims import Claim
from api.schema.connection import Connection, listing, point
from api.schema.coupons import Coupon
from api.schema.enums import described
from api.schema.node import Node
from api.schema.parties import LiableParty
from api.schema.scalars import Money
from domain.recoveries import RecoveryState

described(RecoveryState)


class RecoveryOrder(StrEnum):
    """Orders of a list of recoveries."""

    NEWEST_FIRST = "NEWEST_FIRST"
    """By opening, the latest first."""
    OLDEST_FIRST = "OLDEST_FIRST"
    """By opening, the earliest first."""


described(RecoveryOrder)


@strawberry.input(description="Which recoveries. What is left out does not matter; conditions add up.")
class RecoveryFilter:
    """The fields are the filters of `storage/views/recoveries.py`."""

    states: list[RecoveryState] | None = strawberry.field(default=None, description="In one of these states.")
    liable_party_id: strawberry.ID | None = strawberry.field(default=None, description="Of this supplier or provider.")
    claim_id: strawberry.ID | None = strawberry.field(default=None, description="For this claim.")


@strawberry.type(
    description="What the liable party owes for a coupon: only if, when and as far as the buyer spends it. "
    "Contingent, due and released always sum to the coupon's amount."
)
class Recovery(Node):
    """`domain.recoveries.Recovery`."""

    claim: Claim | None = strawberry.field(description="The claim behind it.")
    coupon: Coupon | None = strawberry.field(description="The coupon; null for the liable party, whose it is not.")
    liable_party: LiableParty | None = strawberry.field(description="Who owes.")
    state: RecoveryState = strawberry.field(description="Where it stands.")
    contingent: Money = strawberry.field(description="What may still fall due.")
    due: Money = strawberry.field(description="What is owed, because it was redeemed.")
    released: Money = strawberry.field(description="What will never be owed.")
    opened_at: datetime = strawberry.field(description="When the coupon was issued.")
    ended_at: datetime | None = strawberry.field(description="When nothing was contingent any more.")
    version: int = strawberry.field(description="Grows by one with each change.")


@strawberry.type
class RecoveryQueries:
    """Reading recoveries."""

    recovery: Recovery | None = point("The recovery of that id; null when there is none for the viewer.", of="recovery")
    recoveries: Connection[Recovery] = listing(
        "The recoveries the viewer may see: a liable party its own, staff all.",
        filter=RecoveryFilter,
        order=RecoveryOrder,
    )
