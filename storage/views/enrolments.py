"""Guarantees: what is offered is public, what is not any more is for staff, its party and who bought with it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from domain import enrolments
from domain.access import Caller, ViewerKind
from domain.moves import Move
from storage.enrolments import GUARANTEES
from storage.views.organisations import BY_ID
from storage.views.view import Computed, Filter, Listing, One, Point, Root, Row, View, column, columns


def _moves(rows: Sequence[Row], viewer: Caller) -> list[tuple[Move, ...]]:
    return [enrolments.moves(GUARANTEES.decode(row), viewer) for row in rows]


async def available_actions(
    _connection: Any, rows: Sequence[Row], viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[str]]:
    """The actions whose mutation would not be refused for state, time or role."""
    return [[move.action for move in moves if move.available] for moves in _moves(rows, viewer)]


async def blocked_actions(
    _connection: Any, rows: Sequence[Row], viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[Move]]:
    """The other actions, each with everything that stands in its way."""
    return [[move for move in moves if not move.available] for moves in _moves(rows, viewer)]


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
        "availableActions": Computed(available_actions, needs=GUARANTEES.names),
        "blockedActions": Computed(blocked_actions, needs=GUARANTEES.names),
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
