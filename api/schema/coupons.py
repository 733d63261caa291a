"""Coupons and redemptions in GraphQL."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.operations import coupons
from api.schema.buyers import Buyer
from api.schema.claims import Claim
from api.schema.connection import Connection, connection, listing, point
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.orders import Order
from api.schema.scalars import Money, MoneyInput
from domain import money
from domain.coupons import CouponAction, CouponState, RedeemCoupon
from domain.ids import CouponId, OrderId

if TYPE_CHECKING:
    from api.schema.ledger import LedgerTransfer
    from api.schema.recoveries import Recovery

described(CouponState)
described(CouponAction)


class CouponOrder(StrEnum):
    """Orders of a list of coupons."""

    NEWEST_FIRST = "NEWEST_FIRST"
    """By issue, the latest first."""
    OLDEST_FIRST = "OLDEST_FIRST"
    """By issue, the earliest first."""


described(CouponOrder)


@strawberry.input(description="Which coupons. What is left out does not matter; conditions add up.")
class CouponFilter:
    """The fields are the filters of `storage/views/coupons.py`."""

    states: list[CouponState] | None = strawberry.field(default=None, description="In one of these states.")
    buyer_id: strawberry.ID | None = strawberry.field(default=None, description="Of this buyer.")
    expires_before: datetime | None = strawberry.field(default=None, description="Over before this instant.")


@strawberry.type(description="An action on a coupon that is not possible now for the viewer, and why.")
class BlockedCouponAction:
    """`domain.moves.Move`."""

    action: CouponAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="The last instant at which it is possible.")


@strawberry.type(description="One use of a coupon on one order.")
class Redemption(Node):
    """`domain.coupons.Redemption`."""

    coupon: Annotated["Coupon", strawberry.lazy("api.schema.coupons")] = strawberry.field(description="The coupon.")
    order: Order | None = strawberry.field(description="The order it paid for; null when hidden from the viewer.")
    amount: Money = strawberry.field(description="What it paid.")
    redeemed_at: datetime = strawberry.field(description="When.")
    reversed_at: datetime | None = strawberry.field(description="When it was undone, because that order was cancelled.")
    version: int = strawberry.field(description="Grows by one with each change.")


@strawberry.type(description="Compensation that a buyer spends on a later order, whole or in parts.")
class Coupon(Node):
    """`domain.coupons.Coupon`."""

    state: CouponState = strawberry.field(description="Where it stands.")
    amount: Money = strawberry.field(description="What it was worth when it was issued.")
    used: Money = strawberry.field(description="What was spent of it.")
    left: Money = strawberry.field(description="What is not spent; lost once it has expired.")
    claim: Claim | None = strawberry.field(description="The claim it makes good.")
    buyer: Buyer | None = strawberry.field(description="Whose it is; it cannot be passed on.")
    recovery: Annotated["Recovery", strawberry.lazy("api.schema.recoveries")] | None = strawberry.field(
        description="What it costs the liable party; for staff."
    )
    redemptions: Connection[Redemption] = connection("What it paid for.")
    transfers: Connection[Annotated["LedgerTransfer", strawberry.lazy("api.schema.ledger")]] = connection(
        "Where each cent went; for staff."
    )
    available_actions: list[CouponAction] = strawberry.field(description="What the viewer may do with it now.")
    blocked_actions: list[BlockedCouponAction] = strawberry.field(
        description="What the viewer may not do with it now, and why."
    )
    issued_at: datetime = strawberry.field(description="When it was issued.")
    expires_at: datetime = strawberry.field(description="Its last instant: redeeming at it is in time.")
    ended_at: datetime | None = strawberry.field(description="When it was used up or expired.")
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.input(description="A coupon pays for a later order.")
class RedeemCouponInput:
    """→ `domain.coupons.RedeemCoupon`."""

    coupon_id: strawberry.ID = strawberry.field(description="The coupon.")
    order_id: strawberry.ID = strawberry.field(description="The order it shall pay for: the same buyer's, a later one.")
    amount: MoneyInput = strawberry.field(description="How much: a part or all of what is left, in its currency.")
    expected_version: int | None = strawberry.field(
        default=None, description="The coupon's version you saw; another is refused."
    )
    idempotency_key: str = strawberry.field(description="Your name for this call: sent twice, it is done once.")

    def command(self) -> RedeemCoupon:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        coupon_id = read.id(CouponId, self.coupon_id, "couponId")
        order_id = read.id(OrderId, self.order_id, "orderId")
        amount = read.take(lambda: self.amount.money("amount"), "amount", otherwise=money.Money.zero("USD"))
        read.done()
        return RedeemCoupon(coupon_id, order_id, amount)


@strawberry.type(description="The coupon and its redemption, or why nothing changed.")
class RedeemCouponPayload:
    """What `redeemCoupon` answers."""

    coupon: Coupon | None = strawberry.field(description="The coupon as it is now; null when nothing changed.")
    redemption: Redemption | None = strawberry.field(description="The redemption; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class CouponQueries:
    """Reading coupons."""

    coupon: Coupon | None = point("The coupon of that id; null when there is none for the viewer.", of="coupon")
    coupons: Connection[Coupon] = listing(
        "The coupons the viewer may see: a buyer its own, staff all.", filter=CouponFilter, order=CouponOrder
    )
    redemption: Redemption | None = point(
        "The redemption of that id; null when there is none for the viewer.", of="redemption"
    )


@strawberry.type
class CouponMutations:
    """What can be done with coupons."""

    redeem_coupon: RedeemCouponPayload = mutation(
        coupons.redeem_coupon,
        RedeemCouponInput,
        keyed=True,
        description="A part or all of a coupon pays for a later order of the same buyer; the liable party owes what "
        "was redeemed. Refused, with every reason, after its last instant, above what is left, on a cancelled order.",
    )
