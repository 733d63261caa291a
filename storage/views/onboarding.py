"""Onboarding as it is shown: how a provider's requirements stand, what it handed in, and the desk's queue.

Staff see all, a provider its own, nobody else any. Numbers about people are shown from `personal_data` only, and that
they were read is written down. `FIELDS` are fields of the provider's view (`storage/views/parties.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from domain import onboarding, proofs, requirements, reviews, standings
from domain.access import Caller, ViewerKind
from domain.errors import Refused
from domain.explain import Finding
from domain.gates import Gates
from domain.ids import RequirementItemId
from domain.money import WHOLE_BP, Money
from domain.moves import Move
from domain.onboarding import Case
from domain.proofs import PERSONAL_VALUE
from domain.requirements import MET, Actor, Matrix, RequirementKind, RequirementStatus, Stage, Standing
from domain.uploads import UploadKind
from storage import onboarding as case_rows
from storage import personal
from storage.providers import PROVIDERS
from storage.requirements import REQUIREMENT_ITEMS
from storage.reviews import REVIEWS
from storage.views.actions import actions
from storage.views.view import (
    Amount,
    Answer,
    Computed,
    Field,
    Filter,
    Listing,
    Many,
    One,
    Point,
    Root,
    Row,
    Sort,
    Value,
    View,
    columns,
)

OWN: Final = frozenset({ViewerKind.STAFF, ViewerKind.PROVIDER})
STAFF_ONLY: Final = frozenset({ViewerKind.STAFF})
VISIBLE: Final = {ViewerKind.STAFF: "true", ViewerKind.PROVIDER: "{t}.provider_id = {party}"}
READ_PROOF: Final = "readRequirement"
"""The action in the audit row of whoever read a number about a person."""


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that stands in the way; `requirement` is None where it is no requirement."""

    requirement: str | None
    because: list[Finding]
    opens_at: datetime | None


@dataclass(frozen=True, slots=True)
class ShownGates:
    """What a requirement opens, in the order of the words."""

    services: list[str]
    markets: list[str]
    actions: list[str]


@dataclass(frozen=True, slots=True)
class ShownRequirement:
    """How one requirement stands, as it is shown; `item` and `pending` are ids."""

    key: str
    title: str
    kind: RequirementKind
    stage: Stage
    status: RequirementStatus
    because: list[Finding]
    actor: Actor
    until: datetime | None
    gates: ShownGates
    scheme: str | None
    least: Money | None
    least_count: int | None
    scan: bool
    files: list[UploadKind]
    dated: bool
    four_eyes: bool
    personal: bool
    source: str
    rule_version_id: str
    item: str | None
    pending: str | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an application has come."""

    asked: int
    met: int
    submitted: int
    open: int
    basis_points: int


@dataclass(frozen=True, slots=True)
class Onboarding:
    """An application as it stands."""

    progress: Progress
    requirements: list[ShownRequirement]
    missing: list[Gap]
    unaccepted: list[Gap]


async def _cases(connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime) -> list[Case | None]:
    """The applications among the rows that are the viewer's business; none where there are no rules about them."""
    mine = [row for row in rows if viewer.viewer is ViewerKind.STAFF or viewer.party_id == row["id"]]
    if not mine:
        return [None] * len(rows)
    try:
        found = await case_rows.cases(connection, viewer.tenant_id, [PROVIDERS.decode(row) for row in mine], at)
    except Refused:
        return [None] * len(rows)
    by_id = {case.provider.id: case for case in found}
    return [by_id.get(row["id"]) for row in rows]


async def onboardings(
    connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, _arguments: Mapping[str, Any]
) -> list[Onboarding | None]:
    """How each application stands, for staff and its provider."""
    return [None if case is None else _onboarding(case) for case in await _cases(connection, rows, viewer, at)]


def _onboarding(case: Case) -> Onboarding:
    asked = [each for each in case.standings if each.status is not RequirementStatus.NOT_APPLICABLE]
    met = sum(each.status in MET for each in asked)
    submitted = sum(each.status is RequirementStatus.SUBMITTED for each in asked)
    share = WHOLE_BP if not asked else met * WHOLE_BP // len(asked)
    unaccepted = requirements.unaccepted(case.matrix, case.standings, *Stage)
    return Onboarding(
        Progress(len(asked), met, submitted, len(asked) - met - submitted, share),
        [_shown(case.matrix, standing) for standing in case.standings],
        [_gap(finding) for finding in onboarding.gaps(case)],
        [_gap(finding) for finding in unaccepted],
    )


def _gap(finding: Finding) -> Gap:
    key = finding.inputs.get("requirement") if finding.rule == requirements.RULE else None
    because = list(finding.because) if key is not None and finding.because else [finding]
    opens_at = None if finding.opens_at is None else datetime.fromisoformat(finding.opens_at)
    return Gap(None if key is None else str(key), because, opens_at)


def _shown(matrix: Matrix, standing: Standing) -> ShownRequirement:
    requirement = standing.requirement
    return ShownRequirement(
        key=requirement.key,
        title=requirement.title,
        kind=requirement.kind,
        stage=requirement.stage,
        status=standing.status,
        because=list(standing.because),
        actor=standing.actor,
        until=standing.until,
        gates=_gates(requirement.gates),
        scheme=requirement.scheme,
        least=requirement.least,
        least_count=requirement.least_count,
        scan=requirement.needs_upload,
        files=sorted(proofs.fitting(requirement)) if requirement.needs_upload else [],
        dated=requirement.dated,
        four_eyes=requirement.four_eyes,
        personal=requirement.personal,
        source=requirement.source,
        rule_version_id=matrix.versions[requirement.key],
        item=None if standing.item is None else standing.item.id,
        pending=None if standing.pending is None else standing.pending.id,
    )


def _gates(gates: Gates) -> ShownGates:
    return ShownGates(sorted(gates.services), sorted(gates.markets), sorted(gates.actions))


async def requirements_for(
    connection: Any, _rows: Sequence[Row], viewer: Caller, at: datetime, arguments: Mapping[str, Any]
) -> list[list[ShownRequirement]]:
    """What a provider with such an offer would be asked for now, before it applies."""
    matrix = await case_rows.matrix(connection, viewer.tenant_id, at)
    facts = requirements.offered(arguments["offer"].declared("offer"), str(arguments["country"]))
    return [[_shown(matrix, standing) for standing in requirements.blank(matrix, facts, at)]]


# -- what may be done --------------------------------------------------------------------------------------------------


async def _provider_moves(
    connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime
) -> list[tuple[Move, ...] | None]:
    cases = await _cases(connection, rows, viewer, at)
    return [
        None if case is None else (*onboarding.moves(case, viewer), *standings.moves(case.provider, viewer))
        for case in cases
    ]


async def available_actions(
    connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, _arguments: Mapping[str, Any]
) -> list[list[str] | None]:
    """The actions on each provider whose mutation would not be refused."""
    found = await _provider_moves(connection, rows, viewer, at)
    return [None if moves is None else [move.action for move in moves if move.available] for moves in found]


async def blocked_actions(
    connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, _arguments: Mapping[str, Any]
) -> list[list[Move] | None]:
    """The other actions, each with everything that stands in its way."""
    found = await _provider_moves(connection, rows, viewer, at)
    return [None if moves is None else [move for move in moves if not move.available] for moves in found]


async def _item_moves(connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime) -> list[tuple[Move, ...]]:
    matrix = await _matrix(connection, viewer, at)
    found = []
    for row in rows:
        item = REQUIREMENT_ITEMS.decode(row)
        requirement = None if matrix is None else matrix.by_key(item.requirement)
        found.append(proofs.moves(requirement, item, viewer, at))
    return found


async def available_item_actions(
    connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, _arguments: Mapping[str, Any]
) -> list[list[str]]:
    """The actions on each item whose mutation would not be refused."""
    return [
        [move.action for move in moves if move.available] for moves in await _item_moves(connection, rows, viewer, at)
    ]


async def blocked_item_actions(
    connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, _arguments: Mapping[str, Any]
) -> list[list[Move]]:
    """The other actions, each with everything that stands in its way."""
    return [[move for move in moves if not move.available] for moves in await _item_moves(connection, rows, viewer, at)]


async def statuses(
    connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, _arguments: Mapping[str, Any]
) -> list[RequirementStatus | None]:
    """How each item's requirement would stand by the item alone; null for one that is in no rule any more."""
    matrix = await _matrix(connection, viewer, at)
    found: list[RequirementStatus | None] = []
    for row in rows:
        item = REQUIREMENT_ITEMS.decode(row)
        requirement = None if matrix is None else matrix.by_key(item.requirement)
        found.append(None if requirement is None else requirements.status_of(requirement, item, at))
    return found


async def personal_values(
    connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, _arguments: Mapping[str, Any]
) -> list[str | None]:
    """The numbers about people, null where there is none or it was erased. That each was read is written down."""
    ids = [RequirementItemId(row["id"]) for row in rows]
    found = await personal.reveal(connection, viewer, ids, PERSONAL_VALUE, action=READ_PROOF, at=at)
    return [found[row["id"]]["value"] if row["id"] in found else None for row in rows]


async def _matrix(connection: Any, viewer: Caller, at: datetime) -> Matrix | None:
    """The requirements in force; None where a marketplace has no rules about them."""
    try:
        return await case_rows.matrix(connection, viewer.tenant_id, at)
    except Refused:
        return None


# -- the views ---------------------------------------------------------------------------------------------------------

REQUIREMENT_ITEM: Final = View(
    type="RequirementItem",
    table="requirement_items",
    visible=VISIBLE,
    fields={
        **columns("id", "requirement", "state", "personal", "declared", "quantity", "note", "validFrom", "validUntil"),
        **columns("submittedAt", "reviewedAt", "reason", "version"),
        "value": Value("CASE WHEN {t}.personal THEN NULL ELSE {t}.value END"),
        "personalValue": Computed(personal_values),
        "amount": Amount("{t}.amount_minor"),
        "status": Computed(statuses, needs=REQUIREMENT_ITEMS.names),
        "provider": One("Provider", "{t}.provider_id"),
        "upload": One("Upload", "{t}.upload_id"),
        "rule": One("RuleVersion", "{t}.rule_version_id"),
        "submittedBy": Value("{t}.submitted_by", STAFF_ONLY),
        "endorsedBy": Value("{t}.endorsed_by", STAFF_ONLY),
        "reviewedBy": Value("{t}.reviewed_by", STAFF_ONLY),
        "availableActions": Computed(available_item_actions, needs=REQUIREMENT_ITEMS.names),
        "blockedActions": Computed(blocked_item_actions, needs=REQUIREMENT_ITEMS.names),
    },
    sorts={
        "OLDEST_FIRST": Sort((("{t}.submitted_at", False),)),
        "NEWEST_FIRST": Sort((("{t}.submitted_at", True),)),
    },
    filters={
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "requirement": Filter("{t}.requirement = {v}"),
        "providerId": Filter("{t}.provider_id = {v}"),
    },
)

REVIEW: Final = View(
    type="Review",
    table="reviews",
    visible=VISIBLE,
    fields={
        **columns("id", "kind", "country", "state", "rounds", "overdue", "note", "openedAt", "dueAt", "closedAt"),
        **columns("version"),
        "provider": One("Provider", "{t}.provider_id"),
        "assigneeId": Value("{t}.assignee_id", STAFF_ONLY),
        "endorsedBy": Value("{t}.endorsed_by", STAFF_ONLY),
        "decision": One("Decision", "{t}.decision_id"),
        **actions(REVIEWS, lambda review, caller, _at: reviews.moves(review, caller)),
    },
    sorts={
        "MOST_URGENT_FIRST": Sort((("{t}.priority", False), ("{t}.due_at", False))),
        "OLDEST_FIRST": Sort((("{t}.opened_at", False),)),
        "NEWEST_FIRST": Sort((("{t}.opened_at", True),)),
    },
    filters={
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "kinds": Filter("{t}.kind = ANY({v})", "text[]"),
        "countries": Filter("{t}.country = ANY({v}::char(2)[])", "text[]"),
        "overdue": Filter("{t}.overdue = {v}", "boolean"),
        "assigned": Filter({ViewerKind.STAFF: "({t}.assignee_id IS NOT NULL) = {v}"}, "boolean"),
        "assigneeId": Filter({ViewerKind.STAFF: "{t}.assignee_id = {v}"}),
        "providerId": Filter("{t}.provider_id = {v}"),
    },
)

_PRIVATE: Final = "CASE WHEN {t}.id = {party} THEN %s END"


def _own(sql: str) -> Value:
    """An expression shown to staff, and to a provider of itself."""
    return Value({ViewerKind.STAFF: sql, ViewerKind.PROVIDER: _PRIVATE % sql})


PROVIDER_VISIBLE: Final = {
    kind: "({t}.activated_at IS NOT NULL OR {t}.id = {party})"
    if kind is ViewerKind.PROVIDER
    else "{t}.activated_at IS NOT NULL"
    for kind in ViewerKind
} | {ViewerKind.STAFF: "true"}
"""A provider is public once it was active; before, only the desk and its own people know of it."""

_LIVE_REVIEW: Final = (
    "(SELECT w.id FROM reviews w WHERE w.tenant_id = {t}.tenant_id AND w.provider_id = {t}.id "
    "AND w.state IN ('OPEN', 'WAITING'))"
)

FIELDS: Final[dict[str, Field]] = {
    **columns("servedMarkets", "services", "activatedAt"),
    "stateSince": _own("{t}.state_since"),
    "stateReason": _own("{t}.state_reason"),
    "traits": _own("{t}.traits"),
    "tier": _own("{t}.tier"),
    "monthlyVolume": _own("{t}.monthly_volume"),
    "vouched": _own("({t}.vouched_by IS NOT NULL)"),
    "onboarding": Computed(onboardings, needs=PROVIDERS.names, shown_to=OWN),
    "requirementItems": Many("RequirementItem", "provider_id", "OLDEST_FIRST"),
    "review": One("Review", _LIVE_REVIEW),
    "reviews": Many("Review", "provider_id", "OLDEST_FIRST"),
    "decision": One("Decision", "{t}.decision_id"),
    "availableActions": Computed(available_actions, needs=PROVIDERS.names, shown_to=OWN),
    "blockedActions": Computed(blocked_actions, needs=PROVIDERS.names, shown_to=OWN),
}
"""Fields of a provider. What a viewer may not see of it is null, or empty by the views above."""

VIEWS: Final = (REQUIREMENT_ITEM, REVIEW)
ROOTS: Final[dict[str, Root]] = {
    "requirementItem": Point("RequirementItem"),
    "requirementItems": Listing("RequirementItem", "OLDEST_FIRST"),
    "review": Point("Review"),
    "reviews": Listing("Review", "MOST_URGENT_FIRST"),
    "requirementsFor": Answer(requirements_for),
}
