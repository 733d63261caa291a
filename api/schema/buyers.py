"""Buyers in GraphQL, and the level each stands on, behind the viewer's mask."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.operations import buyers
from api.schema.connection import Connection, connection, listing, point
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import KEY, VERSION, Organisation
from api.schema.scalars import CountryCode
from domain.buyers import GrantTier
from domain.errors import Problem
from domain.ids import BuyerId, OrganisationId
from domain.parties import Registration
from domain.tiers import LABELS, Benefit, TierLabel

if TYPE_CHECKING:
    from api.schema.claims import Claim
    from api.schema.coupons import Coupon
    from api.schema.orders import Order

described(TierLabel, name="TierLevel")
described(Benefit, name="TierBenefit")


class BuyerOrder(StrEnum):
    """Orders of a list of buyers."""

    OLDEST_FIRST = "OLDEST_FIRST"
    """By registration, the earliest first."""
    NEWEST_FIRST = "NEWEST_FIRST"
    """By registration, the latest first."""
    HIGHEST_TIER_FIRST = "HIGHEST_TIER_FIRST"
    """By level as the viewer may know it, the highest first."""


described(BuyerOrder)


@strawberry.input(description="Which buyers. What is left out does not matter; conditions add up.")
class BuyerFilter:
    """The filters of `storage/views/parties.py`."""

    tier: TierLabel | None = strawberry.field(
        default=None,
        description="On this level, as the viewer may know it: to suppliers without sight of levels any of L1 to L4 "
        "means L1_PLUS; to those who see none the filter is refused.",
    )
    country: CountryCode | None = strawberry.field(default=None, description="In this country.")
    reference: str | None = strawberry.field(
        default=None, description="With this number of the marketplace; for staff."
    )


@strawberry.type(description="A buyer's level, and beside it what the viewer may know of why.")
class BuyerTier:
    """`storage.views.parties.Tier`."""

    level: TierLabel = strawberry.field(description="The level: exact, or L1_PLUS for those who may not know which.")
    since: datetime | None = strawberry.field(description="Since when; null for those who see L1_PLUS.")
    because: Finding | None = strawberry.field(
        description="The decision's explanation; null at registration and for those who see L1_PLUS."
    )
    benefits: list[Benefit] | None = strawberry.field(
        description="What the level brings under the rule in force; null for those who see L1_PLUS."
    )


@strawberry.type(description="A company that buys.")
class Buyer(Node):
    """`domain.buyers.Buyer`."""

    name: str = strawberry.field(description="Its name.")
    country: CountryCode = strawberry.field(description="Where it is at home.")
    reference: str | None = strawberry.field(description="The marketplace's own number for it; for staff and itself.")
    tier: BuyerTier | None = strawberry.field(
        description="Its level, as far as the viewer may know: exact to itself, staff and entitled suppliers, L1_PLUS "
        "or nothing to other suppliers, nothing to anybody else."
    )
    organisation: Organisation | None = strawberry.field(description="Its people and keys; for staff and itself.")
    orders: Connection[Annotated["Order", strawberry.lazy("api.schema.orders")]] = connection(
        "Its orders, as far as the viewer may see them."
    )
    claims: Connection[Annotated["Claim", strawberry.lazy("api.schema.claims")]] = connection("Its claims.")
    coupons: Connection[Annotated["Coupon", strawberry.lazy("api.schema.coupons")]] = connection("Its coupons.")
    registered_at: datetime = strawberry.field(description="When it was registered.")
    version: int | None = strawberry.field(
        description="Grows by one with each change, for `expectedVersion`; for staff and itself."
    )


@strawberry.input(description="A company that shall buy here.")
class RegisterBuyerInput:
    """→ `domain.parties.Registration`."""

    name: str = strawberry.field(description="Its name, at most 200 characters.")
    country: CountryCode = strawberry.field(description="Where it is at home.")
    reference: str | None = strawberry.field(
        default=None, description="The marketplace's own number for it; unique among buyers."
    )
    organisation_id: strawberry.ID | None = strawberry.field(
        default=None, description="The organisation that it is; a new one of the same name when left out."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> Registration:
        """The command. Refuses with Invalid, naming every problem."""
        return registration(self.name, self.country, self.reference, self.organisation_id)


@strawberry.input(description="The level on which a buyer shall stand.")
class GrantTierInput:
    """→ `domain.buyers.GrantTier`."""

    buyer_id: strawberry.ID = strawberry.field(description="The buyer.")
    level: TierLabel = strawberry.field(description="The level, upwards or downwards: L0 to L4.")
    reason: str = strawberry.field(description="Why, in words that the buyer may read; stored with the decision.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> GrantTier:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        buyer_id = read.id(BuyerId, self.buyer_id, "buyerId")
        reason = read.required_note(self.reason, "reason")
        if self.level not in LABELS:
            read.problems.append(Problem(("level",), f"must be one of {', '.join(LABELS)}"))
        read.done()
        return GrantTier(buyer_id, LABELS.index(self.level), reason)


@strawberry.type(description="The buyer after the change, or why nothing changed.")
class BuyerPayload:
    """What the mutations on a buyer answer."""

    buyer: Buyer | None = strawberry.field(description="The buyer; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class BuyerQueries:
    """Reading buyers."""

    buyer: Buyer | None = point("The buyer of that id; null when there is none for the viewer.", of="buyer")
    buyers: Connection[Buyer] = listing(
        "The buyers the viewer may see: staff all, a buyer itself, suppliers and providers those they traded with.",
        filter=BuyerFilter,
        order=BuyerOrder,
    )


@strawberry.type
class BuyerMutations:
    """What can be done with buyers."""

    register_buyer: BuyerPayload = mutation(
        buyers.register_buyer, RegisterBuyerInput, keyed=False, description="A company buys here, at level L0."
    )
    grant_tier: BuyerPayload = mutation(
        buyers.grant_tier,
        GrantTierInput,
        keyed=False,
        description="Staff put a buyer on a level. The decision is stored with its reason and the tier rule's version.",
    )


def registration(name: str, country: str, reference: str | None, organisation_id: str | None) -> Registration:
    """What the three inputs of registration have in common. Refuses with Invalid, naming every problem."""
    read = Reader()
    wish = Registration(
        name=read.name(name, "name"),
        country=country,
        reference=reference,
        organisation_id=read.optional_id(OrganisationId, organisation_id, "organisationId"),
    )
    read.done()
    return wish
