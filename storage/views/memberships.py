"""Plans, card receipts and protections: a merchant sees its own, staff all."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from domain import memberships, protections
from domain.access import Caller, ViewerKind
from domain.ids import SupplierId
from domain.memberships import Allowance, Membership, MembershipTerms, Plan
from domain.money import Money
from domain.moves import Move
from domain.protections import ProtectionTerms, Standing
from storage import memberships as membership_rows
from storage import protections as protection_rows
from storage import rulebook
from storage.protections import PROTECTIONS
from storage.views.actions import actions_with
from storage.views.view import (
    Amount,
    Answer,
    Filter,
    Listing,
    Many,
    One,
    Point,
    Root,
    Row,
    Sort,
    View,
    columns,
)

MERCHANT: Final = {
    ViewerKind.STAFF: "true",
    ViewerKind.SUPPLIER: "{t}.supplier_id = {party}",
    ViewerKind.ENTITLED_SUPPLIER: "{t}.supplier_id = {party}",
}
"""The merchant and staff."""

MERCHANTS: Final = frozenset(MERCHANT)


async def _plans(connection: Any, viewer: Caller, at: datetime) -> MembershipTerms:
    version = await rulebook.in_force(connection, viewer.tenant_id, memberships.RULE, at)
    return memberships.membership_terms(version)


def merchant(viewer: Caller, arguments: Mapping[str, Any]) -> SupplierId | None:
    """The merchant that is asked about: for staff the one that is named, for a merchant itself and nobody else."""
    named = arguments.get("supplier_id")
    if viewer.viewer is ViewerKind.STAFF:
        return None if named is None else SupplierId(named)
    own = viewer.party_id
    return own if isinstance(own, SupplierId) and named in {None, own} else None


async def allowance(
    connection: Any, _rows: Sequence[Row], viewer: Caller, at: datetime, arguments: Mapping[str, Any]
) -> list[Allowance | None]:
    """The merchant's plan now, and what it still lets in by card."""
    supplier_id = merchant(viewer, arguments)
    if supplier_id is None:
        return [None]
    rule, current = await _plans(connection, viewer, at), await _current(connection, viewer, supplier_id, at)
    plan = Plan.FREE if current is None else current.plan
    used = await membership_rows.used_of_cap(connection, viewer.tenant_id, supplier_id, plan)
    return [memberships.allowance(rule, current, used)]


async def _current(connection: Any, viewer: Caller, id: SupplierId, at: datetime) -> Membership | None:
    return memberships.current(await membership_rows.by_supplier(connection, viewer.tenant_id, id, at), at)


async def standing(
    connection: Any, _rows: Sequence[Row], viewer: Caller, at: datetime, arguments: Mapping[str, Any]
) -> list[Standing | None]:
    """Where the merchant stands with the protection: the same findings that switching it on is refused by."""
    supplier_id = merchant(viewer, arguments)
    if supplier_id is None:
        return [None]
    plans = await _plans(connection, viewer, at)
    live = await protection_rows.find_live(connection, viewer.tenant_id, supplier_id)
    findings = protections.eligibility(plans, await _current(connection, viewer, supplier_id, at), live)
    rule = await _limits(connection, viewer, live.rule_version_id if live else None, at)
    since = at - timedelta(days=rule.year_days)
    used = await protection_rows.used(connection, viewer.tenant_id, supplier_id, since, rule.year_limit.currency)
    left = max(rule.year_limit - used, Money.zero(used.currency))
    eligible = all(finding.holds for finding in findings)
    state = protections.state_of(live, findings)
    return [
        Standing(state, eligible, findings, rule.case_limit, rule.year_limit, used, left, live.id if live else None)
    ]


async def _limits(connection: Any, viewer: Caller, id: Any, at: datetime) -> ProtectionTerms:
    version = (
        await rulebook.in_force(connection, viewer.tenant_id, protections.RULE, at)
        if id is None
        else await rulebook.get(connection, viewer.tenant_id, id)
    )
    return protections.protection_terms(version)


async def _moves(connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime) -> list[tuple[Move, ...]]:
    plans = await _plans(connection, viewer, at)
    found = []
    for row in rows:
        protection = PROTECTIONS.decode(row, periods=())
        entitles = protections.entitled(plans, await _current(connection, viewer, protection.supplier_id, at))
        found.append(protections.moves(protection, viewer, entitles))
    return found


MEMBERSHIP: Final = View(
    type="Membership",
    table="memberships",
    visible=MERCHANT,
    fields={
        **columns("id", "plan", "reference", "startsAt", "endsAt", "recordedAt"),
        "fee": Amount("{t}.fee_minor"),
        "supplier": One("Supplier", "{t}.supplier_id"),
        "ruleVersion": One("RuleVersion", "{t}.rule_version_id"),
    },
    sorts={
        "NEWEST_FIRST": Sort((("{t}.starts_at", True),)),
        "OLDEST_FIRST": Sort((("{t}.starts_at", False),)),
    },
    filters={"supplierId": Filter("{t}.supplier_id = {v}")},
)

CARD_RECEIPT: Final = View(
    type="CardReceipt",
    table="card_receipts",
    visible=MERCHANT | {ViewerKind.BUYER: "{t}.buyer_id = {party}"},
    fields={
        **columns("id", "paymentReference", "scheme", "plan", "receivedAt"),
        "amount": Amount("{t}.amount_minor"),
        "order": One("Order", "{t}.order_id"),
        "supplier": One("Supplier", "{t}.supplier_id"),
        "ruleVersion": One("RuleVersion", "{t}.rule_version_id", MERCHANTS),
    },
    sorts={
        "NEWEST_FIRST": Sort((("{t}.received_at", True),)),
        "OLDEST_FIRST": Sort((("{t}.received_at", False),)),
    },
    filters={
        "supplierId": Filter("{t}.supplier_id = {v}"),
        "orderId": Filter("{t}.order_id = {v}"),
    },
)

PROTECTION: Final = View(
    type="Protection",
    table="protections",
    visible=MERCHANT,
    fields={
        **columns("id", "state", "pauseReason", "enrolledAt", "updatedAt", "endedAt", "version"),
        "supplier": One("Supplier", "{t}.supplier_id"),
        "ruleVersion": One("RuleVersion", "{t}.rule_version_id"),
        "periods": Many("ProtectionPeriod", "protection_id", "OLDEST_FIRST"),
        **actions_with(PROTECTIONS, _moves),
    },
    sorts={
        "NEWEST_FIRST": Sort((("{t}.enrolled_at", True),)),
        "OLDEST_FIRST": Sort((("{t}.enrolled_at", False),)),
    },
    filters={"supplierId": Filter("{t}.supplier_id = {v}")},
)

_THROUGH: Final = (
    "EXISTS (SELECT FROM protections q WHERE q.tenant_id = {t}.tenant_id AND q.id = {t}.protection_id "
    "AND q.supplier_id = {party})"
)

PROTECTION_PERIOD: Final = View(
    type="ProtectionPeriod",
    table="protection_periods",
    visible={kind: "true" if kind is ViewerKind.STAFF else _THROUGH for kind in MERCHANT},
    fields={
        **columns("id", "number", "startedAt", "endedAt"),
        "protection": One("Protection", "{t}.protection_id"),
    },
    sorts={"OLDEST_FIRST": Sort((("{t}.number", False),))},
)

VIEWS: Final = (MEMBERSHIP, CARD_RECEIPT, PROTECTION, PROTECTION_PERIOD)
ROOTS: Final[dict[str, Root]] = {
    "membership": Point("Membership"),
    "memberships": Listing("Membership", "NEWEST_FIRST"),
    "cardReceipt": Point("CardReceipt"),
    "cardReceipts": Listing("CardReceipt", "NEWEST_FIRST"),
    "cardAllowance": Answer(allowance, MERCHANTS),
    "protection": Point("Protection"),
    "protections": Listing("Protection", "NEWEST_FIRST"),
    "protectionStanding": Answer(standing, MERCHANTS),
}
