"""Payments of insurers: the buyer sees its own, a liable party those on orders on which it has a claim to answer."""

from typing import Final

from domain import insurance
from domain.access import ViewerKind
from storage.insurance import INSURANCE_PAYMENTS
from storage.views.actions import actions
from storage.views.exposure import VISIBLE
from storage.views.view import Amount, Filter, Listing, One, Point, Root, Sort, View, column, columns

STAFF_ONLY: Final = frozenset({ViewerKind.STAFF})

PAYMENT: Final = View(
    type="InsurancePayment",
    table="insurance_payments",
    visible=VISIBLE,
    fields={
        **columns("id", "cause", "insurer", "reference", "paidAt", "recordedAt", "withdrawnAt", "version"),
        "withdrawnBecause": column("withdrawn_because", STAFF_ONLY),
        "recordedBy": column("recorded_by", STAFF_ONLY),
        "amount": Amount("{t}.amount_minor"),
        "order": One("Order", "{t}.order_id"),
        "line": One("OrderLine", "{t}.line_id"),
        "buyer": One("Buyer", "{t}.buyer_id"),
        **actions(INSURANCE_PAYMENTS, insurance.moves),
    },
    sorts={
        "NEWEST_FIRST": Sort((("{t}.recorded_at", True),)),
        "OLDEST_FIRST": Sort((("{t}.recorded_at", False),)),
    },
    filters={
        "orderId": Filter("{t}.order_id = {v}"),
        "buyerId": Filter("{t}.buyer_id = {v}"),
    },
)

VIEWS: Final = (PAYMENT,)
ROOTS: Final[dict[str, Root]] = {
    "insurancePayment": Point("InsurancePayment"),
    "insurancePayments": Listing("InsurancePayment", "NEWEST_FIRST"),
}
