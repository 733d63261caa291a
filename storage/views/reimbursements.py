"""Reimbursements: what the marketplace was paid back. Staff see them; what parties owe is not changed by them."""

from typing import Final

from domain import reimbursements
from domain.access import ViewerKind
from storage.reimbursements import REIMBURSEMENTS
from storage.views.actions import actions
from storage.views.view import Amount, Filter, Listing, One, Point, Root, Sort, View, columns

REIMBURSEMENT: Final = View(
    type="Reimbursement",
    table="reimbursements",
    visible={ViewerKind.STAFF: "true"},
    fields={
        **columns(
            "id",
            "payer",
            "payerName",
            "reference",
            "paidAt",
            "recordedBy",
            "recordedAt",
            "withdrawnAt",
            "withdrawnBecause",
            "version",
        ),
        "amount": Amount("{t}.amount_minor"),
        "claim": One("Claim", "{t}.claim_id"),
        **actions(REIMBURSEMENTS, reimbursements.moves),
    },
    sorts={
        "NEWEST_FIRST": Sort((("{t}.recorded_at", True),)),
        "OLDEST_FIRST": Sort((("{t}.recorded_at", False),)),
    },
    filters={"claimId": Filter("{t}.claim_id = {v}")},
)

VIEWS: Final = (REIMBURSEMENT,)
ROOTS: Final[dict[str, Root]] = {
    "reimbursement": Point("Reimbursement"),
    "reimbursements": Listing("Reimbursement", "NEWEST_FIRST"),
}
