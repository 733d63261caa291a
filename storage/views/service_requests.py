"""Service requests, their milestones, visits and parts: the buyer, the liable party and staff see them.

Who comes is personal: it is shown to the same, and that it was read is written down.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from domain import service_requests
from domain.access import Caller, ViewerKind
from domain.claims import ClaimReason
from domain.explain import Finding
from domain.guarantees import Milestone
from domain.ids import ServiceLevelId, ServiceVisitId
from domain.moves import Move
from domain.service_requests import ENGINEER, PROPOSES, ServiceRequest
from storage import personal
from storage.decisions import DECISIONS
from storage.service_requests import SERVICE_REQUESTS
from storage.views.actions import actions_with
from storage.views.claims import VISIBLE
from storage.views.view import Computed, Filter, Listing, Many, One, Point, Root, Row, Sort, View, columns

READ_ENGINEER: Final = "readEngineer"
"""The action in the audit row of whoever read who comes."""


def _through_request(predicate: str) -> str:
    of_request = predicate.replace("{t}", "q")
    return (
        "EXISTS (SELECT FROM service_requests q WHERE q.tenant_id = {t}.tenant_id AND q.id = {t}.request_id "
        f"AND {of_request})"
    )


_VISIBLE_WITHIN: Final = {
    kind: predicate if kind is ViewerKind.STAFF else _through_request(predicate) for kind, predicate in VISIBLE.items()
}


@dataclass(frozen=True, slots=True)
class BrokenLevel:
    """A milestone that was missed, why that is so, and the reason to claim that it proposes."""

    milestone: Milestone
    round: int
    due_at: datetime
    reached_at: datetime | None
    proposes: ClaimReason
    because: list[Finding]


async def _requests(connection: Any, rows: Sequence[Row], viewer: Caller) -> list[ServiceRequest]:
    ids = [row["id"] for row in rows]
    found = await SERVICE_REQUESTS.select(connection, viewer.tenant_id, "t.id = ANY ($2::text[])", ids)
    by_id = {str(request.id): request for request in found}
    return [by_id[id] for id in ids]


async def _moves(connection: Any, rows: Sequence[Row], viewer: Caller, _at: datetime) -> Sequence[tuple[Move, ...]]:
    return [service_requests.moves(request, viewer) for request in await _requests(connection, rows, viewer)]


async def broken_levels(
    connection: Any, rows: Sequence[Row], viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[BrokenLevel]]:
    """What was not reached in time, with the decision's findings."""
    found = await _requests(connection, rows, viewer)
    ids = [level.decision_id for request in found for level in request.levels if level.decision_id is not None]
    decided = await DECISIONS.select(connection, viewer.tenant_id, "t.id = ANY ($2::text[])", ids) if ids else []
    trees = {decision.id: decision.tree for decision in decided}
    return [
        [
            BrokenLevel(
                level.milestone,
                level.round,
                level.due_at,
                level.reached_at,
                PROPOSES[level.milestone],
                list(trees[level.decision_id].because),
            )
            for level in request.levels
            if level.decision_id is not None
        ]
        for request in found
    ]


async def engineers(
    connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, _arguments: Mapping[str, Any]
) -> list[str | None]:
    """Who comes, null once erased. That each was read is written down."""
    ids = [ServiceVisitId(row["id"]) for row in rows]
    found = await personal.reveal(connection, viewer, ids, ENGINEER, action=READ_ENGINEER, at=at)
    return [found[row["id"]]["name"] if row["id"] in found else None for row in rows]


SERVICE_REQUEST: Final = View(
    type="ServiceRequest",
    table="service_requests",
    visible=VISIBLE,
    fields={
        **columns(
            "id",
            "kind",
            "state",
            "problem",
            "note",
            "round",
            "country",
            "lineIds",
            "requestedAt",
            "updatedAt",
            "endedAt",
            "version",
        ),
        "order": One("Order", "{t}.order_id"),
        "coverage": One("Coverage", "{t}.coverage_id"),
        "buyer": One("Buyer", "{t}.buyer_id"),
        "liableParty": One("LiableParty", "coalesce({t}.supplier_id, {t}.provider_id)"),
        "ruleVersion": One("RuleVersion", "{t}.rule_version_id"),
        "milestones": Many("ServiceMilestone", "request_id", "OLDEST_FIRST"),
        "visits": Many("ServiceVisit", "request_id", "BY_NUMBER"),
        "parts": Many("ServicePart", "request_id", "BY_NUMBER"),
        "brokenServiceLevels": Computed(broken_levels),
        **actions_with(SERVICE_REQUESTS, _moves),
    },
    sorts={
        "NEWEST_FIRST": Sort((("{t}.requested_at", True),)),
        "OLDEST_FIRST": Sort((("{t}.requested_at", False),)),
    },
    filters={
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "orderId": Filter("{t}.order_id = {v}"),
        "coverageId": Filter("{t}.coverage_id = {v}"),
    },
)

SERVICE_MILESTONE: Final = View(
    type="ServiceMilestone",
    ids=ServiceLevelId,
    table="service_levels",
    visible=_VISIBLE_WITHIN,
    fields={
        **columns("id", "milestone", "round", "beganAt", "dueAt", "reachedAt", "brokenAt", "voidedAt"),
        "request": One("ServiceRequest", "{t}.request_id"),
    },
    sorts={"OLDEST_FIRST": Sort((("{t}.id", False),))},
)

SERVICE_VISIT: Final = View(
    type="ServiceVisit",
    table="service_visits",
    visible=_VISIBLE_WITHIN,
    fields={
        **columns("id", "number", "plannedFrom", "plannedUntil", "arrivedAt", "counted", "leftAt"),
        "request": One("ServiceRequest", "{t}.request_id"),
        "servicePoint": One("ServicePoint", "{t}.service_point_id"),
        "engineer": Computed(engineers),
    },
    sorts={"BY_NUMBER": Sort((("{t}.number", False),))},
)

SERVICE_PART: Final = View(
    type="ServicePart",
    table="service_parts",
    visible=_VISIBLE_WITHIN,
    fields={
        **columns(
            "id",
            "number",
            "name",
            "serialNumber",
            "userCaused",
            "free",
            "requestedAt",
            "sentAt",
            "trackingNumber",
            "receivedAt",
            "usedAt",
        ),
        "request": One("ServiceRequest", "{t}.request_id"),
        "visit": One("ServiceVisit", "{t}.visit_id"),
    },
    sorts={"BY_NUMBER": Sort((("{t}.number", False),))},
)

VIEWS: Final = (SERVICE_REQUEST, SERVICE_MILESTONE, SERVICE_VISIT, SERVICE_PART)
ROOTS: Final[dict[str, Root]] = {
    "serviceRequest": Point("ServiceRequest"),
    "serviceRequests": Listing("ServiceRequest", "NEWEST_FIRST"),
}
