"""Reservations: a part of a coupon that a checkout holds for an order, and captures when it takes payment.

Theory of operation:

    HELD -capture part-> HELD -capture rest-> CAPTURED
    HELD -release (checkout)-> RELEASED      HELD -its last instant or the coupon's end-> LAPSED

Laws: what is captured never exceeds what is held; what is held counts against the coupon's rest; a reservation ends no
later than its coupon, so that holding never makes a coupon live longer than it was given: a capture at the coupon's
last instant is in time, one microsecond later it is not, whenever the part was held. Each step has a natural key
beside the client's: coupon and order reference, reservation and capture reference; a repeat is answered, not done.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain import dates
from domain.access import Caller, may
from domain.change import Change, Fact, Happening
from domain.copies import replace
from domain.errors import Refused
from domain.explain import Finding, unmet
from domain.ids import BuyerId, CouponId, OrderId, ReservationId
from domain.money import Money
from domain.moves import Move

REFERENCE_CHARACTERS_MAX = 100
"""The longest reference of a shop system: as of an order."""


class ReservationState(StrEnum):
    """Where a reservation stands."""

    HELD = "HELD"
    """What was not captured yet is held."""
    CAPTURED = "CAPTURED"
    """All of it was captured."""
    RELEASED = "RELEASED"
    """The checkout gave back what it had not captured."""
    LAPSED = "LAPSED"
    """Its time, or its coupon, was over."""


class ReservationAction(StrEnum):
    """What can be done with a reservation; the value is the mutation's name in capitals."""

    CAPTURE_RESERVATION = "CAPTURE_RESERVATION"
    """captureReservation: a part or all of it pays for the order."""
    RELEASE_RESERVATION = "RELEASE_RESERVATION"
    """releaseReservation: what was not captured is free again."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """A part of a coupon, held for the order of that reference. `expires_at` is its last instant."""

    id: ReservationId
    coupon_id: CouponId
    buyer_id: BuyerId
    order_reference: str
    state: ReservationState
    amount: Money
    captured: Money
    reserved_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    version: int

    @property
    def held(self) -> Money:
        """What it still holds."""
        nothing = Money.zero(self.amount.currency)
        return self.amount - self.captured if self.state is ReservationState.HELD else nothing


@dataclass(frozen=True, slots=True)
class ReserveCoupon:
    """The wish to hold that much of a coupon for an order that the shop knows by `order_reference`."""

    coupon_id: CouponId
    order_reference: str
    amount: Money


@dataclass(frozen=True, slots=True)
class CaptureReservation:
    """The wish to pay with what is held: all that is left of it where no amount is given."""

    reservation_id: ReservationId
    reference: str
    amount: Money | None


@dataclass(frozen=True, slots=True)
class ReleaseReservation:
    """The wish to give back what was not captured."""

    reservation_id: ReservationId


def reserve(
    coupon_id: CouponId,
    buyer_id: BuyerId,
    order_reference: str,
    amount: Money,
    expires_at: datetime,
    *,
    id: ReservationId,
    at: datetime,
) -> Change[Reservation]:
    """That much is held until `expires_at` inclusive; whether the coupon has it is the coupon's word."""
    reservation = Reservation(
        id,
        coupon_id,
        buyer_id,
        order_reference,
        ReservationState.HELD,
        amount,
        Money.zero(amount.currency),
        at,
        expires_at,
        None,
        version=1,
    )
    return Change(None, reservation, (_happening("reservation.held", reservation, amount),))


def conditions(reservation: Reservation, at: datetime) -> tuple[Finding, ...]:
    """Whether it can be captured at `at`, whatever it shall pay for."""
    expires_at = dates.rfc3339(reservation.expires_at)
    return (
        Finding(
            "reservation.held",
            reservation.state is ReservationState.HELD,
            "reservation_held",
            {"state": reservation.state.value},
        ),
        Finding(
            "reservation.in_time",
            at <= reservation.expires_at,
            "reservation_in_time",
            {"expiresAt": expires_at, "at": dates.rfc3339(at)},
            closes_at=expires_at,
        ),
    )


def moves(reservation: Reservation, caller: Caller, at: datetime) -> tuple[Move, ...]:
    """What the caller may do with the reservation, and why not. A repeat of a release is answered, and not listed."""
    own = caller.is_operator or caller.party_id == reservation.buyer_id
    held, in_time = conditions(reservation, at)
    closes_at = reservation.expires_at if held.holds else None

    def role(name: str) -> Finding:
        return Finding("reservation.role", own and may(caller, name), "reservation_action_of_your_role")

    capture, release = ReservationAction.CAPTURE_RESERVATION, ReservationAction.RELEASE_RESERVATION
    return (
        Move(capture.value, unmet((role("captureReservation"), held, in_time)), closes_at=closes_at),
        Move(release.value, unmet((role("releaseReservation"), held))),
    )


def capture(reservation: Reservation, amount: Money, order_id: OrderId, at: datetime) -> Change[Reservation]:
    """That much of it was spent on the order. Refuses (ValueError) what `conditions` or its rest do not allow."""
    if unmet(conditions(reservation, at)) or not 0 < amount.minor <= reservation.held.minor:
        raise ValueError(f"{amount} of {reservation.id} cannot be captured")
    captured = reservation.captured + amount
    whole = captured == reservation.amount
    after = replace(
        reservation,
        state=ReservationState.CAPTURED if whole else ReservationState.HELD,
        captured=captured,
        ended_at=at if whole else None,
        version=reservation.version + 1,
    )
    return Change(reservation, after, (_happening("reservation.captured", after, amount, orderId=order_id),))


def release(reservation: Reservation, at: datetime) -> Change[Reservation] | None:
    """What was not captured is free again; None where it was released before. Refuses one that ended otherwise."""
    if reservation.state is ReservationState.RELEASED:
        return None
    if because := unmet(conditions(reservation, reservation.expires_at)):
        raise Refused("reservation.release", "Nothing is held any more.", because)
    return _ended(reservation, ReservationState.RELEASED, "reservation.released", at)


def lapse(reservation: Reservation, at: datetime) -> Change[Reservation]:
    """Its time or its coupon is over. Refuses (ValueError) one that holds nothing."""
    return _ended(reservation, ReservationState.LAPSED, "reservation.lapsed", at)


def _ended(reservation: Reservation, state: ReservationState, name: str, at: datetime) -> Change[Reservation]:
    if reservation.state is not ReservationState.HELD:
        raise ValueError(f"{reservation.id} is {reservation.state}")
    after = replace(reservation, state=state, ended_at=at, version=reservation.version + 1)
    return Change(reservation, after, (_happening(name, after, reservation.held),))


def _happening(name: str, reservation: Reservation, amount: Money, **facts: Fact) -> Happening:
    told: dict[str, Fact] = {
        "couponId": reservation.coupon_id,
        "orderReference": reservation.order_reference,
        "amountMinor": amount.minor,
        "currency": amount.currency,
    }
    return Happening(name, told | facts)
