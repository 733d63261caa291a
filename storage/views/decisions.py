"""Decisions with their trees: staff see all, the parties those about themselves, their claims and listings."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from domain import explain
from domain.access import Caller, ViewerKind
from storage.views.claims import VISIBLE as CLAIM_VISIBLE
from storage.views.view import EVERYONE, Computed, Point, Root, Row, Sort, View, column, columns


async def findings(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[explain.Finding]:
    """The stored trees, as they were decided."""
    return [explain.parse(json.loads(row["tree"])) for row in rows]


def _of_own_claim(predicate: str) -> str:
    claims = predicate.replace("{t}", "m")
    return (
        "({t}.subject_id = {party} OR EXISTS (SELECT FROM claims m WHERE m.tenant_id = {t}.tenant_id "
        f"AND m.id = {{t}}.subject_id AND {claims}))"
    )


_OF_OWN_LISTING: Final = (
    "EXISTS (SELECT FROM listing_flags f WHERE f.tenant_id = {t}.tenant_id AND f.id = {t}.subject_id "
    "AND f.provider_id = {party})"
)

_OF_OWN_POINT: Final = (
    "EXISTS (SELECT FROM service_points s WHERE s.tenant_id = {t}.tenant_id AND s.id = {t}.subject_id "
    "AND s.provider_id = {party})"
)

_OF_OWN_POINTS: Final = (
    "EXISTS (SELECT FROM points_entries e WHERE e.tenant_id = {t}.tenant_id AND e.id = {t}.subject_id "
    "AND {party} IN (e.supplier_id, e.provider_id))"
)

_OF_OWN_MEASURE: Final = (
    "EXISTS (SELECT FROM measures e WHERE e.tenant_id = {t}.tenant_id AND e.id = {t}.subject_id "
    "AND {party} IN (e.supplier_id, e.provider_id))"
)

_OF_OWN_CHARGEBACK: Final = (
    "EXISTS (SELECT FROM chargebacks c WHERE c.tenant_id = {t}.tenant_id AND c.id = {t}.subject_id "
    "AND c.supplier_id = {party})"
)

_OF_OWN_COUPON: Final = (
    "EXISTS (SELECT FROM coupons k WHERE k.tenant_id = {t}.tenant_id AND k.id = {t}.subject_id "
    "AND k.buyer_id = {party})"
)

_OF_OWN_APPEAL: Final = (
    "EXISTS (SELECT FROM appeals p WHERE p.tenant_id = {t}.tenant_id AND p.id = {t}.subject_id "
    "AND {party} IN (p.buyer_id, p.supplier_id, p.provider_id))"
)

_OF_DISCIPLINE: Final = (
    f"WHEN 'pte' THEN {_OF_OWN_POINTS} WHEN 'msr' THEN {_OF_OWN_MEASURE} WHEN 'cbk' THEN {_OF_OWN_CHARGEBACK} "
    f"WHEN 'apl' THEN {_OF_OWN_APPEAL} "
)

STAFF_ONLY: Final = frozenset({ViewerKind.STAFF})

DECISION: Final = View(
    type="Decision",
    table="decisions",
    visible={
        kind: predicate if kind is ViewerKind.STAFF else _of_own_claim(predicate)
        for kind, predicate in CLAIM_VISIBLE.items()
    }
    | {
        # By kind of subject: three alternatives at once look so dear to Postgres that it would rather read the table.
        ViewerKind.BUYER: f"CASE left({{t}}.subject_id, 3) WHEN 'apl' THEN {_OF_OWN_APPEAL} "
        f"WHEN 'cpn' THEN {_OF_OWN_COUPON} ELSE {_of_own_claim(CLAIM_VISIBLE[ViewerKind.BUYER])} END",
        ViewerKind.SUPPLIER: f"CASE left({{t}}.subject_id, 3) {_OF_DISCIPLINE}"
        f"ELSE {_of_own_claim(CLAIM_VISIBLE[ViewerKind.SUPPLIER])} END",
        ViewerKind.ENTITLED_SUPPLIER: f"CASE left({{t}}.subject_id, 3) {_OF_DISCIPLINE}"
        f"ELSE {_of_own_claim(CLAIM_VISIBLE[ViewerKind.ENTITLED_SUPPLIER])} END",
        ViewerKind.PROVIDER: f"CASE left({{t}}.subject_id, 3) {_OF_DISCIPLINE}WHEN 'flg' THEN {_OF_OWN_LISTING} "
        f"WHEN 'svp' THEN {_OF_OWN_POINT} ELSE {_of_own_claim(CLAIM_VISIBLE[ViewerKind.PROVIDER])} END",
    },
    fields={
        **columns("id", "kind", "holds", "at", "ruleVersionIds", "subjectId"),
        "decidedBy": column("decided_by", STAFF_ONLY),
        "tree": Computed(findings, needs=("tree",)),
        "canonical": column("tree", EVERYONE),
    },
    sorts={
        "OLDEST_FIRST": Sort((("{t}.at", False),)),
        "NEWEST_FIRST": Sort((("{t}.at", True),)),
    },
)

VIEWS: Final = (DECISION,)
ROOTS: Final[dict[str, Root]] = {"decision": Point("Decision")}
