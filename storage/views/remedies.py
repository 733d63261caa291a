"""Remedies, refunds and goodwill: what a buyer is given, and where it stands.

The buyer and the liable party see what was awarded in their claim; a refund is the buyer's own; goodwill shows its
author and limit to staff alone, and to a liable party only where it agreed to bear it.
"""

from typing import Final

from domain import refunds, remedies
from domain.access import ViewerKind
from storage.refunds import REFUNDS
from storage.remedies import REMEDIES
from storage.views.actions import actions
from storage.views.view import Amount, Filter, Listing, Many, One, Point, Root, Sort, View, column, columns

STAFF_ONLY: Final = frozenset({ViewerKind.STAFF})

REMEDY: Final = View(
    type="Remedy",
    table="remedies",
    visible={
        ViewerKind.STAFF: "true",
        ViewerKind.BUYER: "{t}.buyer_id = {party}",
        ViewerKind.SUPPLIER: "{t}.supplier_id = {party}",
        ViewerKind.ENTITLED_SUPPLIER: "{t}.supplier_id = {party}",
        ViewerKind.PROVIDER: "{t}.provider_id = {party}",
    },
    fields={
        **columns("id", "kind", "state", "note", "dueAt", "awardedAt", "providedAt", "endedAt", "version"),
        "amount": Amount("{t}.amount_minor"),
        "claim": One("Claim", "{t}.claim_id"),
        "order": One("Order", "{t}.order_id"),
        "line": One("OrderLine", "{t}.line_id"),
        "coupon": One("Coupon", "{t}.coupon_id"),
        "refund": One("Refund", "{t}.refund_id"),
        "liableParty": One("LiableParty", "coalesce({t}.supplier_id, {t}.provider_id)"),
        **actions(REMEDIES, remedies.moves),
    },
    sorts={
        "OLDEST_FIRST": Sort((("{t}.awarded_at", False),)),
        "NEWEST_FIRST": Sort((("{t}.awarded_at", True),)),
    },
    filters={
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "kinds": Filter("{t}.kind = ANY({v})", "text[]"),
        "claimId": Filter("{t}.claim_id = {v}"),
    },
)

REFUND: Final = View(
    type="Refund",
    table="refunds",
    visible={ViewerKind.STAFF: "true", ViewerKind.BUYER: "{t}.buyer_id = {party}"},
    fields={
        **columns("id", "state", "reference", "decidedAt", "dueAt", "overdueAt", "endedAt", "version"),
        "failure": column("failure", STAFF_ONLY),
        "amount": Amount("{t}.amount_minor"),
        "claim": One("Claim", "{t}.claim_id"),
        "goodwill": One("Goodwill", "{t}.goodwill_id"),
        "order": One("Order", "{t}.order_id"),
        "buyer": One("Buyer", "{t}.buyer_id"),
        "recovery": One(
            "Recovery",
            "(SELECT r.id FROM recoveries r WHERE r.tenant_id = {t}.tenant_id AND r.refund_id = {t}.id"
            " ORDER BY r.position LIMIT 1)",
        ),
        "recoveries": Many("Recovery", "refund_id", "OLDEST_FIRST"),
        "transfers": Many("LedgerTransfer", "refund_id", "OLDEST_FIRST"),
        **actions(REFUNDS, refunds.moves),
    },
    sorts={
        "NEWEST_FIRST": Sort((("{t}.decided_at", True),)),
        "OLDEST_FIRST": Sort((("{t}.decided_at", False),)),
    },
    filters={
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "buyerId": Filter("{t}.buyer_id = {v}"),
        "orderId": Filter("{t}.order_id = {v}"),
        "claimId": Filter("{t}.claim_id = {v}"),
    },
)


def _agreed(party: str) -> str:
    """The viewer is the liable party that bears it."""
    return (
        "({t}.bearer = 'LIABLE_PARTY' AND EXISTS (SELECT FROM claims m WHERE m.tenant_id = {t}.tenant_id "
        f"AND m.id = {{t}}.claim_id AND m.{party} = {{party}}))"
    )


GOODWILL: Final = View(
    type="Goodwill",
    table="goodwills",
    visible={
        ViewerKind.STAFF: "true",
        ViewerKind.BUYER: "{t}.buyer_id = {party}",
        ViewerKind.SUPPLIER: _agreed("supplier_id"),
        ViewerKind.ENTITLED_SUPPLIER: _agreed("supplier_id"),
        ViewerKind.PROVIDER: _agreed("provider_id"),
    },
    fields={
        **columns("id", "cause", "form", "bearer", "reason", "grantedAt", "version"),
        "amount": Amount("{t}.amount_minor"),
        "limit": Amount("{t}.limit_minor", shown_to=STAFF_ONLY),
        "grantedBy": column("granted_by", STAFF_ONLY),
        "role": column("role", STAFF_ONLY),
        "buyer": One("Buyer", "{t}.buyer_id"),
        "order": One("Order", "{t}.order_id"),
        "claim": One("Claim", "{t}.claim_id"),
        "coupon": One(
            "Coupon", "(SELECT k.id FROM coupons k WHERE k.tenant_id = {t}.tenant_id AND k.goodwill_id = {t}.id)"
        ),
        "refund": One(
            "Refund", "(SELECT r.id FROM refunds r WHERE r.tenant_id = {t}.tenant_id AND r.goodwill_id = {t}.id)"
        ),
        "decision": One("Decision", "{t}.decision_id"),
        "ruleVersion": One("RuleVersion", "{t}.rule_version_id"),
        "transfers": Many("LedgerTransfer", "goodwill_id", "OLDEST_FIRST"),
    },
    sorts={
        "NEWEST_FIRST": Sort((("{t}.granted_at", True),)),
        "OLDEST_FIRST": Sort((("{t}.granted_at", False),)),
    },
    filters={
        "buyerId": Filter("{t}.buyer_id = {v}"),
        "orderId": Filter("{t}.order_id = {v}"),
        "claimId": Filter("{t}.claim_id = {v}"),
    },
)

VIEWS: Final = (REMEDY, REFUND, GOODWILL)
ROOTS: Final[dict[str, Root]] = {
    "remedy": Point("Remedy"),
    "remedies": Listing("Remedy", "NEWEST_FIRST"),
    "refund": Point("Refund"),
    "refunds": Listing("Refund", "NEWEST_FIRST"),
    "goodwill": Point("Goodwill"),
    "goodwills": Listing("Goodwill", "NEWEST_FIRST"),
}
