"""Guarantees: what is offered is public, what is not any more is for staff, its party and who bought with it."""

from typing import Final

from domain import enrolments
from domain.access import ViewerKind
from storage.enrolments import GUARANTEES
from storage.views.actions import actions
from storage.views.organisations import BY_ID
from storage.views.view import Filter, Listing, One, Point, Root, View, column, columns

_OFFERED: Final = "{t}.state = 'ACTIVE'"
_BOUGHT: Final = (
    "EXISTS (SELECT FROM coverages c WHERE c.tenant_id = {t}.tenant_id AND c.guarantee_id = {t}.id "
    "AND c.buyer_id = {party})"
)
_RULE: Final = (
    "(SELECT r.id FROM rule_versions r JOIN tenants n ON n.tenant_id = r.tenant_id "
    "WHERE r.tenant_id = {t}.tenant_id AND r.key = {t}.rule_key AND r.withdrawn_at IS NULL "
    "AND r.effective_from <= tenant_now(n) AND (r.effective_until IS NULL OR r.effective_until > tenant_now(n)))"
)
"""The version in force now; the exclusion constraint on versions allows one at most."""

GUARANTEE: Final = View(
    type="Guarantee",
    table="guarantees",
    visible={
        ViewerKind.STAFF: "true",
        ViewerKind.BUYER: f"({_OFFERED} OR {_BOUGHT})",
        ViewerKind.SUPPLIER: f"({_OFFERED} OR {{t}}.supplier_id = {{party}})",
        ViewerKind.ENTITLED_SUPPLIER: f"({_OFFERED} OR {{t}}.supplier_id = {{party}})",
        ViewerKind.PROVIDER: f"({_OFFERED} OR {{t}}.provider_id = {{party}})",
        ViewerKind.PUBLIC: _OFFERED,
    },
    fields={
        **columns("id", "title", "promise", "state", "offeredAt", "endsAt", "version"),
        "code": column("rule_key"),
        "rule": One("RuleVersion", _RULE),
        "supplier": One("Supplier", "{t}.supplier_id"),
        "provider": One("Provider", "{t}.provider_id"),
        "party": One("LiableParty", "coalesce({t}.supplier_id, {t}.provider_id)"),
        **actions(GUARANTEES, lambda thing, viewer, _at: enrolments.moves(thing, viewer)),
    },
    sorts=BY_ID,
    filters={
        "promise": Filter("{t}.promise = {v}"),
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "code": Filter("{t}.rule_key = {v}"),
    },
)

VIEWS: Final = (GUARANTEE,)
ROOTS: Final[dict[str, Root]] = {
    "guarantee": Point("Guarantee"),
    "guarantees": Listing("Guarantee", "OLDEST_FIRST"),
}
