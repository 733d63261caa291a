"""Buyers in GraphQL, and the level each stands on, behind the viewer's mask."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.operations import buyers
from api.schema.arguments import Argument, field
from api.schema.connection import Connection, connection, listing, point
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import KEY, VERSION, Organisation
from api.schema.scalars import CountryCode, Money
from domain.buyers import BuyerAction, GrantTier, RevokeTier, SetTierUpgrades
from domain.errors import Problem
from domain.ids import BuyerId, OrganisationId
from domain.parties import Registration
from domain.tiers import LABELS, Benefit, Identity, TierLabel

if TYPE_CHECKING:
    from api.schema.claims import Claim
    from api.schema.coupons import Coupon
    from api.schema.orders import Order
    from api.schema.tiers import TierReview

described(TierLabel, name="TierLevel")
described(Benefit, name="TierBenefit")
described(BuyerAction)
described(Identity, name="BuyerIdentity")


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


@strawberry.type(description="Payment after the order.")
class PaymentTerms:
    """`domain.tiers.PaymentTerms`."""

    days: int = strawberry.field(description="Days after the order until it must be paid.")
    limit: Money = strawberry.field(description="The most that may be unpaid at one time.")


@strawberry.type(description="What a buyer lacks for a level.")
class TierShortfall:
    """`storage.views.tiers.Shortfall`."""

    to_level: TierLabel = strawberry.field(description="The level.")
    because: list[Finding] = strawberry.field(
        description="Every way into the level that is not open yet; one that opens is enough. Empty: it is reached."
    )


@strawberry.type(description="A level that a buyer was told of, and that it stands on when the notice is over.")
class PendingTier:
    """`storage.views.tiers.Pending`."""

    level: TierLabel = strawberry.field(description="The level.")
    at: datetime = strawberry.field(description="The last instant of the notice.")
    because: Finding | None = strawberry.field(description="The decision's explanation.")


@strawberry.type(description="A buyer's level, and beside it what the viewer may know of why.")
class BuyerTier:
    """`storage.views.tiers.Tier`."""

    level: TierLabel = strawberry.field(description="The level: exact, or L1_PLUS for those who may not know which.")
    since: datetime | None = strawberry.field(description="Since when; null for those who see L1_PLUS.")
    because: Finding | None = strawberry.field(
        description="The decision's explanation; null at registration and for those who see L1_PLUS."
    )
    benefits: list[Benefit] | None = strawberry.field(
        description="What the level brings under the rule in force; null for those who see L1_PLUS."
    )
    quote_discount_bp: int | None = strawberry.field(
        description="The discount on quotes for transport, in basis points; null where the level brings none."
    )
    payment_terms: PaymentTerms | None = strawberry.field(
        description="Payment after the order; null where the level brings none."
    )
    priority: int | None = strawberry.field(
        description="Cases of a higher priority come earlier in the desk's queues; null where the level brings none."
    )
    shortfall: TierShortfall | None = strawberry.field(
        description="What is missing for the next level up; for the buyer and staff, null on the highest."
    )
    pending: PendingTier | None = strawberry.field(
        description="The level it was told of; for the buyer and staff, null when none."
    )
    next_review_at: datetime | None = strawberry.field(
        description="When its level is looked at again by itself; for the buyer and staff."
    )
    takes_upgrades: bool | None = strawberry.field(
        description="Whether it takes upgrades that it reaches; for the buyer and staff."
    )


@strawberry.type(description="An action that is not possible now for the viewer, and why.")
class BlockedBuyerAction:
    """`domain.moves.Move`."""

    action: BuyerAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="When time ends it; null where it does not.")


@strawberry.type(description="A company that buys.")
class Buyer(Node):
    """`domain.buyers.Buyer`."""

    name: str = strawberry.field(description="Its name.")
    country: CountryCode = strawberry.field(description="Where it is at home.")
    reference: str | None = strawberry.field(description="The marketplace's own number for it; for staff and itself.")
    tier: BuyerTier | None = field(
        "Its level, as far as the viewer may know: exact to itself, staff and entitled suppliers, L1_PLUS or nothing "
        "to other suppliers, nothing to anybody else.",
        Argument("as_of", datetime | None, "As it was at this instant; null before the buyer was registered."),
    )
    identity: Identity | None = strawberry.field(
        description="What the desk knows it to be; for staff and itself, null until evidence was accepted."
    )
    tier_reviews: Connection[Annotated["TierReview", strawberry.lazy("api.schema.tiers")]] = connection(
        "Its applications for a level; for staff and itself."
    )
    available_actions: list[BuyerAction] = strawberry.field(description="What the viewer may do about its level now.")
    blocked_actions: list[BlockedBuyerAction] = strawberry.field(
        description="What the viewer may not do about its level now, and why."
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


@strawberry.input(description="A buyer whose level is revoked, or reinstated.")
class RevokeTierInput:
    """→ `domain.buyers.RevokeTier`."""

    buyer_id: strawberry.ID = strawberry.field(description="The buyer.")
    reason: str = strawberry.field(description="Why, in words that the buyer may read; stored with the decision.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> RevokeTier:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = RevokeTier(read.id(BuyerId, self.buyer_id, "buyerId"), read.required_note(self.reason, "reason"))
        read.done()
        return command


@strawberry.input(description="A buyer that accepts the higher level it was told of.")
class AcceptTierUpgradeInput:
    """→ the buyer's id, or none."""

    buyer_id: strawberry.ID | None = strawberry.field(default=None, description="The buyer; left out: one's own.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> BuyerId | None:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        buyer_id = read.optional_id(BuyerId, self.buyer_id, "buyerId")
        read.done()
        return buyer_id


@strawberry.input(description="Whether a buyer takes upgrades.")
class SetTierUpgradesInput:
    """→ `domain.buyers.SetTierUpgrades`."""

    automatic: bool = strawberry.field(
        description="True: it stands on a higher level when the notice of it is over. False: it declines, also the "
        "upgrade that it was told of."
    )
    buyer_id: strawberry.ID | None = strawberry.field(default=None, description="The buyer; left out: one's own.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> SetTierUpgrades:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = SetTierUpgrades(read.optional_id(BuyerId, self.buyer_id, "buyerId"), self.automatic)
        read.done()
        return command


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
        buyers.register_buyer,
        RegisterBuyerInput,
        keyed=False,
        gathers=True,
        description="A company buys here, at level L0.",
    )
    grant_tier: BuyerPayload = mutation(
        buyers.grant_tier,
        GrantTierInput,
        keyed=False,
        description="Staff put a buyer on a level. The decision is stored with its reason and the tier rule's version; "
        "the grant counts like evidence, and lapses like it.",
    )
    revoke_tier: BuyerPayload = mutation(
        buyers.revoke_tier,
        RevokeTierInput,
        keyed=False,
        description="Staff take a buyer's level for misconduct: it stands on L0 and earns none until it is reinstated.",
    )
    reinstate_tier: BuyerPayload = mutation(
        buyers.reinstate_tier,
        RevokeTierInput,
        keyed=False,
        description="Staff let a buyer earn levels again; it stands at once on the one it reaches.",
    )
    accept_tier_upgrade: BuyerPayload = mutation(
        buyers.accept_tier_upgrade,
        AcceptTierUpgradeInput,
        keyed=False,
        description="A buyer stands at once on the higher level that it was told of.",
    )
    set_tier_upgrades: BuyerPayload = mutation(
        buyers.set_tier_upgrades,
        SetTierUpgradesInput,
        keyed=False,
        description="A buyer declines upgrades, or takes them again.",
    )


def registration(name: str, country: str, reference: str | None, organisation_id: str | None) -> Registration:
    """The wish of a party to be known. Refuses with Invalid, naming every problem."""
    read = Reader()
    wish = registered(read, name, country, reference, organisation_id)
    read.done(wish)
    return wish


def registered(
    read: Reader, name: str, country: str, reference: str | None, organisation_id: str | None
) -> Registration:
    """What the three inputs of registration have in common; `read` collects what is wrong with it."""
    return Registration(
        name=read.name(name, "name"),
        country=country,
        reference=reference,
        organisation_id=read.optional_id(OrganisationId, organisation_id, "organisationId"),
    )
