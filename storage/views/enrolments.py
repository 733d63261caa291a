"""Guarantees: what is offered is public, what is not any more is for staff, its party and who bought with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from domain import enrolments
from domain.access import Caller, ViewerKind
from domain.enrolments import OfferGuarantee
from domain.errors import Invalid, Problem
from domain.explain import Finding
from domain.ids import LiablePartyId, ProviderId, SupplierId
from storage import enrolments as enrolment_rows
from storage.enrolments import GUARANTEES
from storage.providers import PROVIDERS
from storage.views.actions import actions
from storage.views.arguments import parsed
from storage.views.organisations import BY_ID
from storage.views.view import Answer, Computed, Filter, Listing, One, Point, Root, Row, View, column, columns

PARTIES: Final = frozenset({ViewerKind.STAFF, ViewerKind.SUPPLIER, ViewerKind.ENTITLED_SUPPLIER, ViewerKind.PROVIDER})
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


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Whether a party may stand for a rule's promise now, and everything in the way."""

    holds: bool
    because: tuple[Finding, ...]


async def eligibility(
    connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, _arguments: Mapping[str, Any]
) -> list[Enrolment | None]:
    """Whether each guarantee's party may stand for it now; None where that is not the viewer's business."""
    found = []
    for row in rows:
        guarantee = GUARANTEES.decode(row)
        found.append(await _standing(connection, viewer, guarantee.party_id, guarantee.rule_key, guarantee.markets, at))
    return found


async def could_offer(
    connection: Any, _rows: Sequence[Row], viewer: Caller, at: datetime, arguments: Mapping[str, Any]
) -> list[Enrolment | None]:
    """Whether a party could offer a rule's guarantee; the caller's own when none is named."""
    command = OfferGuarantee(str(arguments["rule_key"]), None, tuple(arguments.get("markets") or ()))
    named = arguments.get("party_id") or viewer.party_id
    if named is None:
        raise Invalid(Problem(("partyId",), "must name a supplier or a provider"))
    of_supplier = str(named).startswith(f"{SupplierId.prefix}_")
    id = parsed(SupplierId, str(named), "partyId") if of_supplier else parsed(ProviderId, str(named), "partyId")
    return [await _standing(connection, viewer, id, command.rule_key, command.markets, at)]


async def _standing(
    connection: Any, viewer: Caller, id: LiablePartyId, rule_key: str, markets: tuple[str, ...], at: datetime
) -> Enrolment | None:
    if not viewer.is_operator and viewer.party_id != id:
        return None
    if isinstance(id, SupplierId):
        return Enrolment(True, ())
    provider = await PROVIDERS.find(connection, viewer.tenant_id, id)
    if provider is None:
        return None
    because = await enrolment_rows.against(connection, viewer.tenant_id, provider, rule_key, markets, at)
    return Enrolment(not because, because)


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
        "markets": column("markets"),
        "eligibility": Computed(eligibility, needs=GUARANTEES.names, shown_to=PARTIES),
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
    "guaranteeEligibility": Answer(could_offer, PARTIES),
}
