"""Guarantees: what is offered is public, what is not any more is for staff, its party and who bought with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from domain import bundles, enrolments, programmes
from domain.access import Caller, ViewerKind
from domain.enrolments import GuaranteeState, OfferGuarantee
from domain.errors import Invalid, Problem
from domain.explain import Finding
from domain.ids import LiablePartyId, ProviderId, SupplierId
from domain.moves import Move
from domain.programmes import ProgrammeParty
from domain.rulebook import RuleKind
from storage import bundles as bundle_rows
from storage import enrolments as enrolment_rows
from storage import rulebook
from storage.bundles import BUNDLES
from storage.enrolments import GUARANTEES
from storage.providers import PROVIDERS
from storage.views.actions import actions
from storage.views.arguments import parsed
from storage.views.organisations import BY_ID
from storage.views.view import Answer, Computed, Filter, Listing, Many, One, Point, Root, Row, View, column, columns

PARTIES: Final = frozenset({ViewerKind.STAFF, ViewerKind.SUPPLIER, ViewerKind.ENTITLED_SUPPLIER, ViewerKind.PROVIDER})
_OFFERED: Final = "{t}.state IN ('ACTIVE', 'WITHDRAWING')"
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
    party = id if isinstance(id, SupplierId) else await PROVIDERS.find(connection, viewer.tenant_id, id)
    if party is None:
        return None
    because = await enrolment_rows.against(connection, viewer.tenant_id, party, rule_key, markets, at)
    return Enrolment(not because, because)


async def _moves(connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime) -> list[tuple[Move, ...]]:
    """What each guarantee's viewer may do; what stands in the way of an admission is asked where one is waited for."""
    found = []
    for row in rows:
        guarantee = GUARANTEES.decode(row)
        standing: tuple[Finding, ...] = ()
        if guarantee.state is GuaranteeState.APPLIED and viewer.is_operator:
            said = await _standing(connection, viewer, guarantee.party_id, guarantee.rule_key, guarantee.markets, at)
            standing = said.because if said is not None else ()
        found.append(enrolments.moves(guarantee, viewer, standing))
    return found


async def available_actions(
    connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, _arguments: Mapping[str, Any]
) -> list[list[str]]:
    """The actions whose mutation would not be refused for state, time or role."""
    return [[move.action for move in moves if move.available] for moves in await _moves(connection, rows, viewer, at)]


async def blocked_actions(
    connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, _arguments: Mapping[str, Any]
) -> list[list[Move]]:
    """The other actions, each with everything that stands in its way."""
    return [[move for move in moves if not move.available] for moves in await _moves(connection, rows, viewer, at)]


@dataclass(frozen=True, slots=True)
class OpenProgramme:
    """A programme as a party finds it: its conditions, where the party stands in it, and what is in the way."""

    code: str
    title: str
    kind: str
    state: str
    parties: tuple[ProgrammeParty, ...]
    markets: tuple[str, ...]
    review: bool
    notice_days: int
    service_points: int
    holds: bool
    because: tuple[Finding, ...]
    guarantee: str | None
    bundle: str | None


async def open_programmes(
    connection: Any, _rows: Sequence[Row], viewer: Caller, at: datetime, arguments: Mapping[str, Any]
) -> list[list[OpenProgramme] | None]:
    """Every programme for a party, the caller's own when none is named; None for others than the party and staff."""
    named = arguments.get("party_id") or viewer.party_id
    if named is None:
        raise Invalid(Problem(("partyId",), "must name a supplier or a provider"))
    of_supplier = str(named).startswith(f"{SupplierId.prefix}_")
    id = parsed(SupplierId, str(named), "partyId") if of_supplier else parsed(ProviderId, str(named), "partyId")
    kinds = {*enrolments.PROMISES, RuleKind.BUNDLE}
    terms = programmes.programme_terms(await rulebook.in_force(connection, viewer.tenant_id, programmes.RULE, at))
    found = []
    for version in await rulebook.page(connection, viewer.tenant_id):
        if version.kind not in kinds or not version.governs(at):
            continue
        bundled = bundles.bundle_terms(version) if version.kind is RuleKind.BUNDLE else None
        programme = terms.of(version.key)
        markets = bundled.markets if bundled is not None else programme.markets
        standing = await _standing(connection, viewer, id, version.key, markets, at)
        if standing is None:
            return [None]
        guarantee = await enrolment_rows.find_offered(connection, viewer.tenant_id, id, version.key)
        bundle = await bundle_rows.find_joined(connection, viewer.tenant_id, id, version.key)
        state = guarantee.state.value if guarantee else bundle.state.value if bundle else "OFFERED"
        found.append(
            OpenProgramme(
                version.key,
                version.title,
                version.kind.value,
                state,
                programme.parties,
                tuple(markets),
                programme.review,
                programme.notice_days,
                programme.service_points,
                standing.holds,
                standing.because,
                None if guarantee is None else guarantee.id,
                None if bundle is None else bundle.id,
            )
        )
    return [found]


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
        "reason": column("reason", PARTIES),
        "barredUntil": column("barred_until", PARTIES),
        "bundle": One("Bundle", "{t}.bundle_id"),
        "code": column("rule_key"),
        "markets": column("markets"),
        "eligibility": Computed(eligibility, needs=GUARANTEES.names, shown_to=PARTIES),
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

BUNDLE: Final = View(
    type="Bundle",
    table="bundles",
    visible={
        ViewerKind.STAFF: "true",
        ViewerKind.BUYER: _OFFERED,
        ViewerKind.SUPPLIER: f"({_OFFERED} OR {{t}}.supplier_id = {{party}})",
        ViewerKind.ENTITLED_SUPPLIER: f"({_OFFERED} OR {{t}}.supplier_id = {{party}})",
        ViewerKind.PROVIDER: f"({_OFFERED} OR {{t}}.provider_id = {{party}})",
        ViewerKind.PUBLIC: _OFFERED,
    },
    fields={
        **columns("id", "title", "state", "markets", "joinedAt", "endsAt", "version"),
        "code": column("rule_key"),
        "rule": One("RuleVersion", _RULE),
        "party": One("LiableParty", "coalesce({t}.supplier_id, {t}.provider_id)"),
        "guarantees": Many("Guarantee", "bundle_id", "OLDEST_FIRST"),
        **actions(BUNDLES, lambda thing, viewer, _at: bundles.moves(thing, viewer)),
    },
    sorts=BY_ID,
    filters={
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "code": Filter("{t}.rule_key = {v}"),
    },
)

VIEWS: Final = (GUARANTEE, BUNDLE)
ROOTS: Final[dict[str, Root]] = {
    "bundle": Point("Bundle"),
    "bundles": Listing("Bundle", "OLDEST_FIRST"),
    "programmes": Answer(open_programmes, PARTIES),
    "guarantee": Point("Guarantee"),
    "guarantees": Listing("Guarantee", "OLDEST_FIRST"),
    "guaranteeEligibility": Answer(could_offer, PARTIES),
}
