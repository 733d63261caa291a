"""Buyers, suppliers and providers, as each kind of viewer sees them.

Suppliers are public, and providers once they were active. A buyer is known to staff, to itself, and to whom it traded
with: the supplier of one of its orders, the provider of one of its shipments. Its level is masked the same way in
fields, filters, sorts and counts (`domain/tiers.py`, vector T17): a supplier without sight of levels cannot tell L1
from L4 by any question.
"""

from typing import Final

from domain import buyers, suppliers
from domain.access import ViewerKind
from storage.buyers import BUYERS
from storage.suppliers import SUPPLIERS
from storage.views import capabilities, deposits, onboarding, records, relations
from storage.views.actions import actions
from storage.views.organisations import BY_ID
from storage.views.tiers import LEVEL_FILTER, LEVEL_SORT, shown_tiers
from storage.views.view import (
    EVERYONE,
    Computed,
    Filter,
    Listing,
    Many,
    One,
    Point,
    Root,
    Sort,
    Value,
    View,
    columns,
)

_MINE: Final = "CASE WHEN {t}.id = {party} THEN {t}.%s END"


def private(column: str, *kinds: ViewerKind) -> Value:
    """A column shown to staff, and to those kinds of viewers of their own row."""
    sql: dict[ViewerKind, str] = dict.fromkeys(kinds, _MINE % column)
    return Value({ViewerKind.STAFF: f"{{t}}.{column}", **sql})


# -- the three kinds of party ------------------------------------------------------------------------------------------

_SOLD_TO: Final = (
    "EXISTS (SELECT FROM orders o "
    "WHERE o.tenant_id = {t}.tenant_id AND o.buyer_id = {t}.id AND o.supplier_id = {party})"
)
_CARRIED_FOR: Final = (
    "EXISTS (SELECT FROM orders o JOIN shipments s ON s.tenant_id = o.tenant_id AND s.order_id = o.id "
    "WHERE o.tenant_id = {t}.tenant_id AND o.buyer_id = {t}.id AND s.provider_id = {party})"
)

BUYER: Final = View(
    type="Buyer",
    table="buyers",
    visible={
        ViewerKind.STAFF: "true",
        ViewerKind.BUYER: "{t}.id = {party}",
        ViewerKind.SUPPLIER: _SOLD_TO,
        ViewerKind.ENTITLED_SUPPLIER: _SOLD_TO,
        ViewerKind.PROVIDER: _CARRIED_FOR,
    },
    fields={
        **columns("id", "name", "country", "registeredAt"),
        "reference": private("reference", ViewerKind.BUYER),
        "version": private("version", ViewerKind.BUYER),
        "organisation": One("Organisation", "{t}.organisation_id"),
        "tier": Computed(shown_tiers, needs=BUYERS.names),
        "identity": private("identity", ViewerKind.BUYER),
        "tierReviews": Many("TierReview", "buyer_id", "NEWEST_FIRST"),
        **actions(BUYERS, buyers.moves),
        "orders": Many("Order", "buyer_id", "NEWEST_FIRST"),
        "claims": Many("Claim", "buyer_id", "NEWEST_FIRST"),
        "coupons": Many("Coupon", "buyer_id", "NEWEST_FIRST"),
    },
    sorts={**BY_ID, "HIGHEST_TIER_FIRST": Sort(((LEVEL_SORT, True),))},
    filters={
        "tier": Filter(LEVEL_FILTER),
        "country": Filter("{t}.country = {v}::char(2)"),
        "reference": Filter({ViewerKind.STAFF: "{t}.reference = {v}"}),
    },
)

SUPPLIER: Final = View(
    type="Supplier",
    table="suppliers",
    visible=dict.fromkeys(EVERYONE, "true"),
    fields={
        **columns("id", "name", "country", "registeredAt"),
        "reference": private("reference", ViewerKind.SUPPLIER, ViewerKind.ENTITLED_SUPPLIER),
        "seesExactTiers": private("sees_exact_tiers", ViewerKind.SUPPLIER, ViewerKind.ENTITLED_SUPPLIER),
        "version": private("version", ViewerKind.SUPPLIER, ViewerKind.ENTITLED_SUPPLIER),
        "organisation": One("Organisation", "{t}.organisation_id"),
        "guarantees": Many("Guarantee", "supplier_id", "OLDEST_FIRST"),
        "orders": Many("Order", "supplier_id", "NEWEST_FIRST"),
        "claims": Many("Claim", "supplier_id", "NEWEST_FIRST"),
        "recoveries": Many("Recovery", "supplier_id", "NEWEST_FIRST"),
        **relations.FIELDS,
        **actions(SUPPLIERS, suppliers.moves),
    },
    sorts=BY_ID,
    filters={
        "country": Filter("{t}.country = {v}::char(2)"),
        "reference": Filter({ViewerKind.STAFF: "{t}.reference = {v}"}),
    },
)

PROVIDER: Final = View(
    type="Provider",
    table="providers",
    visible=onboarding.PROVIDER_VISIBLE,
    fields={
        **columns("id", "name", "country", "kind", "state", "registeredAt"),
        "reference": private("reference", ViewerKind.PROVIDER),
        "version": private("version", ViewerKind.PROVIDER),
        "organisation": One("Organisation", "{t}.organisation_id"),
        "guarantees": Many("Guarantee", "provider_id", "OLDEST_FIRST"),
        "shipments": Many("Shipment", "provider_id", "NEWEST_FIRST"),
        "claims": Many("Claim", "provider_id", "NEWEST_FIRST"),
        "recoveries": Many("Recovery", "provider_id", "NEWEST_FIRST"),
        "servicePoints": Many("ServicePoint", "provider_id", "OLDEST_FIRST"),
        "catalogue": Many("Service", "provider_id", "OLDEST_FIRST"),
        "lanes": Many("Lane", "provider_id", "OLDEST_FIRST"),
        **onboarding.FIELDS,
        **records.FIELDS,
        **relations.FIELDS,
        **deposits.FIELDS,
        **capabilities.FIELDS,
    },
    sorts=BY_ID,
    filters={
        "country": Filter("{t}.country = {v}::char(2)"),
        "kinds": Filter("{t}.kind = ANY({v})", "text[]"),
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "reference": Filter({ViewerKind.STAFF: "{t}.reference = {v}"}),
    },
)

VIEWS: Final = (BUYER, SUPPLIER, PROVIDER)
ROOTS: Final[dict[str, Root]] = {
    "buyer": Point("Buyer"),
    "buyers": Listing("Buyer", "OLDEST_FIRST"),
    "supplier": Point("Supplier"),
    "suppliers": Listing("Supplier", "OLDEST_FIRST"),
    "provider": Point("Provider"),
    "providers": Listing("Provider", "OLDEST_FIRST"),
}
