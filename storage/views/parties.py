"""Buyers, suppliers and providers, as each kind of viewer sees them.

Suppliers and providers are public. A buyer is known to staff, to itself, and to whom it traded with: the supplier of
one of its orders, the provider of one of its shipments. Its level is masked the same way in fields, filters, sorts and
counts (`domain/tiers.py`, vector T17): a supplier without sight of levels cannot tell L1 from L4 by any question.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from domain import tiers
from domain.access import Caller, ViewerKind
from domain.buyers import TIER_RULE
from domain.errors import Refused
from domain.explain import Finding
from domain.ids import DecisionId
from domain.tiers import Benefit, TierLabel, TierTerms
from storage import buyers, rulebook
from storage.views.organisations import BY_ID
from storage.views.view import (
    EVERYONE,
    Computed,
    Filter,
    Listing,
    Many,
    One,
    Point,
    Root,
    Row,
    Sort,
    Sql,
    Value,
    View,
    columns,
)

_MINE: Final = "CASE WHEN {t}.id = {party} THEN {t}.%s END"


def private(column: str, *kinds: ViewerKind) -> Value:
    """A column shown to staff, and to those kinds of viewers of their own row."""
    sql: dict[ViewerKind, str] = dict.fromkeys(kinds, _MINE % column)
    return Value({ViewerKind.STAFF: f"{{t}}.{column}", **sql})


# -- levels ------------------------------------------------------------------------------------------------------------

_EXACT: Final = (
    "{t}.level = ANY (CASE {v} WHEN 'L1_PLUS' THEN ARRAY[1, 2, 3, 4] ELSE ARRAY[right({v}, 1)::integer] END)"
)
_ROUGH: Final = "{t}.level = ANY (CASE {v} WHEN 'L0' THEN ARRAY[0] ELSE ARRAY[1, 2, 3, 4] END)"

LEVEL_FILTER: Final[Sql] = {
    ViewerKind.STAFF: _EXACT,
    ViewerKind.BUYER: _EXACT,
    ViewerKind.ENTITLED_SUPPLIER: _EXACT,
    ViewerKind.SUPPLIER: _ROUGH,
}
"""Whoever sees levels roughly asks roughly: L4 means L1_PLUS. Whoever sees none may not ask."""

LEVEL_SORT: Final[Sql] = {
    ViewerKind.STAFF: "{t}.level",
    ViewerKind.BUYER: "{t}.level",
    ViewerKind.ENTITLED_SUPPLIER: "{t}.level",
    ViewerKind.SUPPLIER: "least({t}.level, 1)",
    ViewerKind.PROVIDER: "0::integer",  # a bare number would be a column's place to ORDER BY
    ViewerKind.PUBLIC: "0::integer",
}
EXACTLY: Final = frozenset({ViewerKind.STAFF, ViewerKind.BUYER, ViewerKind.ENTITLED_SUPPLIER})


@dataclass(frozen=True, slots=True)
class Tier:
    """A buyer's level as it is shown: the label, and beside it only what the viewer may conclude from."""

    level: TierLabel
    since: datetime | None
    because: Finding | None
    benefits: list[Benefit] | None


async def shown_tiers(
    connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, _arguments: Mapping[str, Any]
) -> list[Tier | None]:
    """Each buyer's level behind the viewer's mask."""
    if viewer.viewer not in EXACTLY:
        labels = [tiers.mask(row["level"], viewer.viewer) for row in rows]
        return [None if label is None else Tier(label, None, None, None) for label in labels]
    terms = await _terms(connection, viewer, at)
    decisions = {DecisionId(row["level_decision_id"]) for row in rows if row["level_decision_id"] is not None}
    reasons = await buyers.reasons(connection, viewer.tenant_id, decisions) if decisions else {}
    return [
        Tier(
            tiers.LABELS[row["level"]],
            row["level_since"],
            reasons.get(row["level_decision_id"]),
            None if terms is None else sorted(tiers.benefits(terms, row["level"])),
        )
        for row in rows
    ]


async def _terms(connection: Any, viewer: Caller, at: datetime) -> TierTerms | None:
    """The tier rule in force; None where a marketplace has none, so that no level brings anything."""
    try:
        return tiers.tier_terms(await rulebook.in_force(connection, viewer.tenant_id, TIER_RULE, at))
    except Refused:
        return None


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
        "tier": Computed(shown_tiers, needs=("level", "level_since", "level_decision_id")),
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
    visible=dict.fromkeys(EVERYONE, "true"),
    fields={
        **columns("id", "name", "country", "kind", "state", "registeredAt"),
        "reference": private("reference", ViewerKind.PROVIDER),
        "version": private("version", ViewerKind.PROVIDER),
        "organisation": One("Organisation", "{t}.organisation_id"),
        "guarantees": Many("Guarantee", "provider_id", "OLDEST_FIRST"),
        "shipments": Many("Shipment", "provider_id", "NEWEST_FIRST"),
        "claims": Many("Claim", "provider_id", "NEWEST_FIRST"),
        "recoveries": Many("Recovery", "provider_id", "NEWEST_FIRST"),
    },
    sorts=BY_ID,
    filters={
        "country": Filter("{t}.country = {v}::char(2)"),
        "kinds": Filter("{t}.kind = ANY({v})", "text[]"),
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
