"""Coupons, their redemptions and reservations: the buyer's money. The liable party sees its recovery instead."""

from typing import Final

from domain import coupons, reservations
from domain.access import ViewerKind
from domain.ids import ReservationId
from storage.coupons import COUPONS
from storage.reservations import RESERVATIONS
from storage.views.actions import actions
from storage.views.view import Amount, Filter, Listing, Many, One, Point, Root, Sort, View, columns

COUPON: Final = View(
    type="Coupon",
    table="coupons",
    visible={ViewerKind.STAFF: "true", ViewerKind.BUYER: "{t}.buyer_id = {party}"},
    fields={
        **columns("id", "state", "revokedReason", "issuedAt", "expiresAt", "endedAt", "version"),
        "amount": Amount("{t}.amount_minor"),
        "used": Amount("{t}.used_minor"),
        "reserved": Amount("{t}.reserved_minor"),
        "left": Amount("({t}.amount_minor - {t}.used_minor - {t}.reserved_minor)"),
        "claim": One("Claim", "{t}.claim_id"),
        "goodwill": One("Goodwill", "{t}.goodwill_id"),
        "order": One("Order", "{t}.order_id"),
        "buyer": One("Buyer", "{t}.buyer_id"),
        "recovery": One(
            "Recovery",
            "(SELECT r.id FROM recoveries r WHERE r.tenant_id = {t}.tenant_id AND r.coupon_id = {t}.id"
            " ORDER BY r.position LIMIT 1)",
        ),
        "recoveries": Many("Recovery", "coupon_id", "OLDEST_FIRST"),
        "redemptions": Many("Redemption", "coupon_id", "OLDEST_FIRST"),
        "reservations": Many("CouponReservation", "coupon_id", "OLDEST_FIRST"),
        "remedies": Many("Remedy", "coupon_id", "OLDEST_FIRST"),
        "decisions": Many("Decision", "subject_id", "OLDEST_FIRST"),
        "transfers": Many("LedgerTransfer", "coupon_id", "OLDEST_FIRST"),
        **actions(COUPONS, coupons.moves),
    },
    sorts={
        "NEWEST_FIRST": Sort((("{t}.issued_at", True),)),
        "OLDEST_FIRST": Sort((("{t}.issued_at", False),)),
    },
    filters={
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "buyerId": Filter("{t}.buyer_id = {v}"),
        "expiresBefore": Filter("{t}.expires_at < {v}", "timestamptz"),
    },
)

REDEMPTION: Final = View(
    type="Redemption",
    table="redemptions",
    visible={
        ViewerKind.STAFF: "true",
        ViewerKind.BUYER: "EXISTS (SELECT FROM coupons k WHERE k.tenant_id = {t}.tenant_id AND k.id = {t}.coupon_id "
        "AND k.buyer_id = {party})",
    },
    fields={
        **columns("id", "reference", "redeemedAt", "reversedAt", "version"),
        "reservation": One("CouponReservation", "{t}.reservation_id"),
        "amount": Amount("{t}.amount_minor"),
        "coupon": One("Coupon", "{t}.coupon_id"),
        "order": One("Order", "{t}.order_id"),
    },
    sorts={
        "OLDEST_FIRST": Sort((("{t}.redeemed_at", False),)),
        "NEWEST_FIRST": Sort((("{t}.redeemed_at", True),)),
    },
)

RESERVATION: Final = View(
    type="CouponReservation",
    ids=ReservationId,
    table="coupon_reservations",
    visible={ViewerKind.STAFF: "true", ViewerKind.BUYER: "{t}.buyer_id = {party}"},
    fields={
        **columns("id", "orderReference", "state", "reservedAt", "expiresAt", "endedAt", "version"),
        "amount": Amount("{t}.amount_minor"),
        "captured": Amount("{t}.captured_minor"),
        "held": Amount("CASE {t}.state WHEN 'HELD' THEN {t}.amount_minor - {t}.captured_minor ELSE 0 END"),
        "coupon": One("Coupon", "{t}.coupon_id"),
        "captures": Many("Redemption", "reservation_id", "OLDEST_FIRST"),
        **actions(RESERVATIONS, reservations.moves),
    },
    sorts={
        "OLDEST_FIRST": Sort((("{t}.reserved_at", False),)),
        "NEWEST_FIRST": Sort((("{t}.reserved_at", True),)),
    },
)

VIEWS: Final = (COUPON, REDEMPTION, RESERVATION)
ROOTS: Final[dict[str, Root]] = {
    "coupon": Point("Coupon"),
    "coupons": Listing("Coupon", "NEWEST_FIRST"),
    "redemption": Point("Redemption"),
    "couponReservation": Point("CouponReservation"),
}
