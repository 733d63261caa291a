"""Coupons and redemptions in GraphQL."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.operations import coupons
from api.schema.buyers import Buyer
from api.schema.claims import Claim
from api.schema.connection import Connection, connection, listing, point
from api.schema.decisions import Decision
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.orders import Order
from api.schema.scalars import Money, MoneyInput
from domain.coupons import CouponAction, CouponState, RedeemCoupon, RevokeCoupon
from domain.errors import Problem
from domain.ids import CouponId, OrderId, ReservationId
from domain.reservations import (
    REFERENCE_CHARACTERS_MAX,
    CaptureReservation,
    ReleaseReservation,
    ReservationAction,
    ReservationState,
    ReserveCoupon,
)

if TYPE_CHECKING:
    from api.schema.ledger import LedgerTransfer
    from api.schema.recoveries import Recovery
    from api.schema.remedies import Goodwill, Remedy

described(CouponState)
described(CouponAction)
described(ReservationState, name="CouponReservationState")
described(ReservationAction, name="CouponReservationAction")


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
    reservation: Annotated["CouponReservation", strawberry.lazy("api.schema.coupons")] | None = strawberry.field(
        description="The reservation that was captured; null where the coupon was redeemed at once."
    )
    reference: str | None = strawberry.field(description="The checkout's own name of the capture.")
    amount: Money = strawberry.field(description="What it paid.")
    redeemed_at: datetime = strawberry.field(description="When.")
    reversed_at: datetime | None = strawberry.field(description="When it was undone, because that order was cancelled.")
    version: int = strawberry.field(description="Grows by one with each change.")


@strawberry.type(description="An action on a reservation that is not possible now for the viewer, and why.")
class BlockedReservationAction:
    """`domain.moves.Move`."""

    action: ReservationAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="The last instant at which it is possible.")


@strawberry.type(description="A part of a coupon that a checkout holds for an order, until it captures or releases it.")
class CouponReservation(Node):
    """`domain.reservations.Reservation`."""

    coupon: Annotated["Coupon", strawberry.lazy("api.schema.coupons")] = strawberry.field(description="The coupon.")
    order_reference: str = strawberry.field(description="The shop system's number of the order.")
    state: ReservationState = strawberry.field(description="Where it stands.")
    amount: Money = strawberry.field(description="What was held at first.")
    captured: Money = strawberry.field(description="What was captured of it.")
    held: Money = strawberry.field(description="What it still holds.")
    captures: Connection[Redemption] = connection("What it paid for.")
    available_actions: list[ReservationAction] = strawberry.field(description="What the viewer may do with it now.")
    blocked_actions: list[BlockedReservationAction] = strawberry.field(
        description="What the viewer may not do with it now, and why."
    )
    reserved_at: datetime = strawberry.field(description="When it was held.")
    expires_at: datetime = strawberry.field(
        description="Its last instant, never behind the coupon's: what is not captured then is free again."
    )
    ended_at: datetime | None = strawberry.field(description="When it held nothing any more.")
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.type(description="Compensation that a buyer spends on a later order, whole or in parts.")
class Coupon(Node):
    """`domain.coupons.Coupon`."""

    state: CouponState = strawberry.field(description="Where it stands.")
    amount: Money = strawberry.field(description="What it was worth when it was issued.")
    used: Money = strawberry.field(description="What was spent of it.")
    reserved: Money = strawberry.field(description="What checkouts hold of it.")
    left: Money = strawberry.field(description="What is neither spent nor held; lost once it has expired.")
    claim: Claim | None = strawberry.field(description="The claim it makes good, if any.")
    goodwill: Annotated["Goodwill", strawberry.lazy("api.schema.remedies")] | None = strawberry.field(
        description="The goodwill it was given out of, if any."
    )
    order: Order | None = strawberry.field(description="The order that it compensates, which it cannot pay for.")
    buyer: Buyer | None = strawberry.field(description="Whose it is; it cannot be passed on.")
    recovery: Annotated["Recovery", strawberry.lazy("api.schema.recoveries")] | None = strawberry.field(
        description="What it costs the first party that bears a share; for staff."
    )
    recoveries: Connection[Annotated["Recovery", strawberry.lazy("api.schema.recoveries")]] = connection(
        "What it costs each party that bears a share of it, the claim's own first; for staff."
    )
    redemptions: Connection[Redemption] = connection("What it paid for.")
    reservations: Connection[CouponReservation] = connection("What checkouts hold of it, or held.")
    remedies: Connection[Annotated["Remedy", strawberry.lazy("api.schema.remedies")]] = connection(
        "What it makes good, line by line; their amounts sum to its own. None where it was given out of goodwill."
    )
    decisions: Connection[Decision] = connection("Why it was revoked or restored, if it was.")
    transfers: Connection[Annotated["LedgerTransfer", strawberry.lazy("api.schema.ledger")]] = connection(
        "Where each cent went; for staff."
    )
    available_actions: list[CouponAction] = strawberry.field(description="What the viewer may do with it now.")
    blocked_actions: list[BlockedCouponAction] = strawberry.field(
        description="What the viewer may not do with it now, and why."
    )
    issued_at: datetime = strawberry.field(description="When it was issued.")
    expires_at: datetime = strawberry.field(description="Its last instant: redeeming at it is in time.")
    revoked_reason: str | None = strawberry.field(description="Why it was revoked; null where it was not.")
    ended_at: datetime | None = strawberry.field(description="When it was used up, expired or revoked.")
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
        amount = read.money(self.amount, "amount")
        read.done()
        return RedeemCoupon(coupon_id, order_id, amount)


@strawberry.type(description="The coupon and its redemption, or why nothing changed.")
class RedeemCouponPayload:
    """What `redeemCoupon` answers."""

    coupon: Coupon | None = strawberry.field(description="The coupon as it is now; null when nothing changed.")
    redemption: Redemption | None = strawberry.field(description="The redemption; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.input(description="A checkout holds a part of a coupon for an order.")
class ReserveCouponInput:
    """→ `domain.reservations.ReserveCoupon`."""

    coupon_id: strawberry.ID = strawberry.field(description="The coupon.")
    order_reference: str = strawberry.field(
        description="The shop system's number of the order, which need not be recorded yet, 1 to "
        f"{REFERENCE_CHARACTERS_MAX} characters. What is held for it already is answered again."
    )
    amount: MoneyInput = strawberry.field(description="How much: at most what is left, in its currency.")
    expected_version: int | None = strawberry.field(
        default=None, description="The coupon's version you saw; another is refused."
    )
    idempotency_key: str = strawberry.field(description="Your name for this call: sent twice, it is done once.")

    def command(self) -> ReserveCoupon:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        coupon_id = read.id(CouponId, self.coupon_id, "couponId")
        reference = _reference(read, self.order_reference, "orderReference")
        amount = read.money(self.amount, "amount")
        read.done()
        return ReserveCoupon(coupon_id, reference, amount)


@strawberry.input(description="What is held of a coupon pays for the order.")
class CaptureReservationInput:
    """→ `domain.reservations.CaptureReservation`."""

    reservation_id: strawberry.ID = strawberry.field(description="The reservation.")
    reference: str = strawberry.field(
        description=f"The checkout's own name of this capture, 1 to {REFERENCE_CHARACTERS_MAX} characters. The same "
        "capture again is answered, not done."
    )
    amount: MoneyInput | None = strawberry.field(
        default=None, description="How much: a part of what is held; all of it where this is left out."
    )
    expected_version: int | None = strawberry.field(
        default=None, description="The reservation's version you saw; another is refused."
    )
    idempotency_key: str = strawberry.field(description="Your name for this call: sent twice, it is done once.")

    def command(self) -> CaptureReservation:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        reservation_id = read.id(ReservationId, self.reservation_id, "reservationId")
        reference = _reference(read, self.reference, "reference")
        wish, amount = self.amount, None
        if wish is not None:
            amount = read.money(wish, "amount")
        read.done()
        return CaptureReservation(reservation_id, reference, amount)


@strawberry.input(description="What a checkout holds of a coupon is free again.")
class ReleaseReservationInput:
    """→ `domain.reservations.ReleaseReservation`."""

    reservation_id: strawberry.ID = strawberry.field(description="The reservation.")
    expected_version: int | None = strawberry.field(
        default=None, description="The reservation's version you saw; another is refused."
    )
    idempotency_key: str = strawberry.field(description="Your name for this call: sent twice, it is done once.")

    def command(self) -> ReleaseReservation:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        reservation_id = read.id(ReservationId, self.reservation_id, "reservationId")
        read.done()
        return ReleaseReservation(reservation_id)


@strawberry.input(description="Staff take a coupon back.")
class RevokeCouponInput:
    """→ `domain.coupons.RevokeCoupon`."""

    coupon_id: strawberry.ID = strawberry.field(description="The coupon.")
    reason: str = strawberry.field(description="Why, at most 4,000 characters; the buyer reads it and may appeal.")
    expected_version: int | None = strawberry.field(
        default=None, description="The coupon's version you saw; another is refused."
    )
    idempotency_key: str = strawberry.field(description="Your name for this call: sent twice, it is done once.")

    def command(self) -> RevokeCoupon:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        coupon_id = read.id(CouponId, self.coupon_id, "couponId")
        reason = read.required_note(self.reason, "reason")
        read.done()
        return RevokeCoupon(coupon_id, reason)


def _reference(read: Reader, text: str, *path: str) -> str:
    trimmed = text.strip()
    if not 0 < len(trimmed) <= REFERENCE_CHARACTERS_MAX:
        read.problems.append(Problem(path, f"1 to {REFERENCE_CHARACTERS_MAX} characters."))
    return trimmed


@strawberry.type(description="The reservation with its coupon, or why nothing changed.")
class ReservationPayload:
    """What `reserveCoupon` and `releaseReservation` answer."""

    reservation: CouponReservation | None = strawberry.field(description="The reservation as it is now.")
    coupon: Coupon | None = strawberry.field(description="The coupon as it is now.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type(description="What was captured, with reservation and coupon, or why nothing changed.")
class CaptureReservationPayload:
    """What `captureReservation` answers."""

    redemption: Redemption | None = strawberry.field(description="The capture; null when nothing changed.")
    reservation: CouponReservation | None = strawberry.field(description="The reservation as it is now.")
    coupon: Coupon | None = strawberry.field(description="The coupon as it is now.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type(description="The coupon, or why nothing changed.")
class RevokeCouponPayload:
    """What `revokeCoupon` answers."""

    coupon: Coupon | None = strawberry.field(description="The coupon as it is now; null when nothing changed.")
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
    coupon_reservation: CouponReservation | None = point(
        "The reservation of that id; null when there is none for the viewer.", of="reservation"
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
    reserve_coupon: ReservationPayload = mutation(
        coupons.reserve_coupon,
        ReserveCouponInput,
        keyed=True,
        description="A checkout holds a part of a coupon for an order: nobody else can spend it until it is captured, "
        "released or its time is over, which is never later than the coupon's.",
    )
    capture_reservation: CaptureReservationPayload = mutation(
        coupons.capture_reservation,
        CaptureReservationInput,
        keyed=True,
        description="What is held pays for the order, whole or in part, once or several times up to what is held; the "
        "liable party owes its share. Refused, with every reason, after the reservation's last instant.",
    )
    release_reservation: ReservationPayload = mutation(
        coupons.release_reservation,
        ReleaseReservationInput,
        keyed=True,
        description="What was not captured can be spent again.",
    )
    revoke_coupon: RevokeCouponPayload = mutation(
        coupons.revoke_coupon,
        RevokeCouponInput,
        keyed=True,
        description="Staff take a coupon back: what is left of it is lost, what was used stays used. The decision can "
        "be appealed.",
    )
