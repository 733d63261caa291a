"""Appeals with their rounds: the appellant sees its own, staff all that were filed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from domain import appeals
from domain.access import Caller, ViewerKind
from domain.appeals import Appeal, AppealEffect, AppealOutcome, AppealState, AppealTerms, SubjectKind
from domain.errors import NotFound
from domain.explain import Finding
from domain.ids import AppealId, Id, RuleVersionId
from domain.moves import Move
from storage import appeals as appeal_rows
from storage import calendars, rulebook
from storage.appeals import APPEALS
from storage.views.actions import actions_with
from storage.views.view import Answer, Filter, Listing, Many, One, Point, Root, Row, Sort, Value, View, columns

VISIBLE: Final = {
    ViewerKind.STAFF: "{t}.state <> 'DRAFT'",
    ViewerKind.BUYER: "{t}.buyer_id = {party}",
    ViewerKind.SUPPLIER: "{t}.supplier_id = {party}",
    ViewerKind.ENTITLED_SUPPLIER: "{t}.supplier_id = {party}",
    ViewerKind.PROVIDER: "{t}.provider_id = {party}",
}

PARTIES: Final = frozenset(VISIBLE) - {ViewerKind.STAFF}
STAFF_ALONE: Final = frozenset({ViewerKind.STAFF})


@dataclass(frozen=True, slots=True)
class Appealability:
    """Whether the viewer can appeal a thing now, for which effects, until when, and why."""

    kind: SubjectKind
    open: bool
    until: datetime
    effects: list[AppealEffect]
    findings: list[Finding]
    appeal: AppealId | None
    urgent: list[Finding] | None


async def appealability(
    connection: Any, _rows: Sequence[Row], viewer: Caller, at: datetime, arguments: Mapping[str, Any]
) -> list[Appealability | None]:
    """The same findings that drafting and filing are refused by; null for what is not against the viewer."""
    market = await connection.fetchval("SELECT market FROM tenants WHERE tenant_id = $1", viewer.tenant_id)
    rule = await _rule(connection, viewer, None, at)
    asked = appeal_rows.Asked(connection, viewer.tenant_id, rule, await calendars.get(connection, market), at)
    try:
        subject = await appeal_rows.subject(asked, Id(arguments["subject_id"]))
    except NotFound:
        return [None]
    effects = appeals.effects_for(subject, viewer.party_id)
    if not effects:
        return [None]
    before = await appeal_rows.find_filed(connection, viewer.tenant_id, subject, viewer.party_id)
    findings = appeals.appealable(subject, viewer.party_id, before, at)
    return [
        Appealability(
            subject.kind,
            all(finding.holds for finding in findings),
            subject.until,
            sorted(effects),
            list(findings),
            before,
            list(subject.urgent) or None,
        )
    ]


async def _rule(connection: Any, viewer: Caller, id: RuleVersionId | None, at: datetime) -> AppealTerms:
    version = (
        await rulebook.in_force(connection, viewer.tenant_id, appeals.RULE, at)
        if id is None
        else await rulebook.get(connection, viewer.tenant_id, id)
    )
    return appeals.appeal_terms(version)


async def _moves(connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime) -> list[tuple[Move, ...]]:
    ids = [row["id"] for row in rows]
    found = await APPEALS.select(connection, viewer.tenant_id, "t.id = ANY ($2::text[])", ids)
    by_id = {str(appeal.id): appeal for appeal in found}
    made = []
    for id in ids:
        rule = await _rule(connection, viewer, by_id[id].rule_version_id, at)
        made.append(appeals.moves(by_id[id], viewer, at, rule.rounds))
    return made


def _of_kind(kind: SubjectKind, prefix: str = "") -> str:
    like = f" AND {{t}}.subject_id LIKE '{prefix}\\__%'" if prefix else ""
    return f"CASE WHEN {{t}}.subject_kind = '{kind.value}'{like} THEN {{t}}.subject_id END"


APPEAL: Final = View(
    type="Appeal",
    table="appeals",
    visible=VISIBLE,
    fields={
        **columns(
            "id",
            "number",
            "subjectKind",
            "subjectId",
            "state",
            "outcome",
            "sought",
            "undone",
            "grounds",
            "rootCause",
            "correction",
            "prevention",
            "uploadIds",
            "note",
            "draftedAt",
            "filedAt",
            "dueAt",
            "decideBy",
            "lastAt",
            "overdueAt",
            "updatedAt",
            "decidedAt",
            "endedAt",
            "version",
            "urgent",
            "stays",
        ),
        "response": Value("{t}.response", STAFF_ALONE),
        "responseUploadIds": Value("{t}.response_upload_ids", STAFF_ALONE),
        "respondedAt": Value("{t}.responded_at"),
        "respondent": One("Party", "{t}.respondent_id"),
        "fileBy": Value("{t}.appealable_until"),
        "appellant": One("Party", "coalesce({t}.buyer_id, {t}.supplier_id, {t}.provider_id)"),
        "claim": One("Claim", _of_kind(SubjectKind.CLAIM_DECISION)),
        "coupon": One("Coupon", _of_kind(SubjectKind.COUPON_REVOCATION)),
        "pointsEntry": One("PointsEntry", _of_kind(SubjectKind.POINTS)),
        "measure": One("AccountMeasure", _of_kind(SubjectKind.RESTRICTION, "msr")),
        "restriction": One("Restriction", _of_kind(SubjectKind.RESTRICTION, "rst")),
        "decision": One("Decision", "{t}.decision_id"),
        "finalDecision": One("Decision", "{t}.final_decision_id"),
        "ruleVersion": One("RuleVersion", "{t}.rule_version_id"),
        "rounds": Many("AppealRound", "appeal_id", "OLDEST_FIRST"),
        **actions_with(APPEALS, _moves),
    },
    sorts={
        "NEWEST_FIRST": Sort((("{t}.drafted_at", True),)),
        "OLDEST_FIRST": Sort((("{t}.drafted_at", False),)),
        "MOST_URGENT_FIRST": Sort((("coalesce({t}.due_at, 'infinity')", False),)),
    },
    filters={
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "subjectKinds": Filter("{t}.subject_kind = ANY({v})", "text[]"),
        "subjectId": Filter("{t}.subject_id = {v}"),
    },
)


def _through_appeal(predicate: str) -> str:
    of_appeal = predicate.replace("{t}", "a")
    return (
        f"EXISTS (SELECT FROM appeals a WHERE a.tenant_id = {{t}}.tenant_id AND a.id = {{t}}.appeal_id AND {of_appeal})"
    )


APPEAL_ROUND: Final = View(
    type="AppealRound",
    table="appeal_rounds",
    visible={kind: _through_appeal(predicate) for kind, predicate in VISIBLE.items()},
    fields={
        **columns("id", "number", "question", "askedAt", "dueAt", "answer", "uploadIds", "answeredAt", "silent"),
        "appeal": One("Appeal", "{t}.appeal_id"),
    },
    sorts={"OLDEST_FIRST": Sort((("{t}.number", False),))},
)

# -- what the other side of a decision is told -------------------------------------------------------------------------

OPPOSED_MAX: Final = 100
"""Appeals of others in one answer, the latest: more than anybody has open at once."""


@dataclass(frozen=True, slots=True)
class OpposedAppeal:
    """An appeal as the other side of the decision is told of it: never what the appellant wrote, nor of its points."""

    id: AppealId
    number: str
    claim: str
    appellant: str
    state: AppealState
    outcome: AppealOutcome | None
    about_money: bool
    money_undone: bool | None
    response: str | None
    response_upload_ids: list[str]
    responded_at: datetime | None
    respond_by: datetime | None
    available_actions: list[str]
    blocked_actions: list[Move]
    filed_at: datetime | None
    due_at: datetime | None
    decide_by: datetime | None
    last_at: datetime | None
    overdue_at: datetime | None
    decided_at: datetime | None
    ended_at: datetime | None
    version: int


async def opposed_appeals(
    connection: Any, _rows: Sequence[Row], viewer: Caller, at: datetime, arguments: Mapping[str, Any]
) -> list[list[OpposedAppeal]]:
    """The appeals against decisions whose other side the viewer is; staff see those of every claim."""
    claim_id = arguments.get("claim_id")
    where = "t.state <> 'DRAFT' AND t.subject_kind = 'CLAIM_DECISION' AND ($2::text IS NULL OR t.subject_id = $2) "
    where += "AND t.respondent_id IS NOT NULL AND ($3::text IS NULL OR t.respondent_id = $3) "
    party_id = None if viewer.viewer is ViewerKind.STAFF else viewer.party_id
    if party_id is None and viewer.viewer is not ViewerKind.STAFF:
        return [[]]
    where += f"ORDER BY t.drafted_at DESC, t.id DESC LIMIT {OPPOSED_MAX}"
    found = await APPEALS.select(connection, viewer.tenant_id, where, claim_id, party_id)
    return [[_opposed(appeal, viewer, at) for appeal in found]]


def _opposed(appeal: Appeal, viewer: Caller, at: datetime) -> OpposedAppeal:
    decided = appeal.decided_at is not None
    moves = appeals.moves(appeal, viewer, at)
    return OpposedAppeal(
        id=appeal.id,
        number=appeal.number,
        claim=str(appeal.subject_id),
        appellant=str(appeal.appellant_id),
        state=appeal.state,
        outcome=appeal.outcome,
        about_money=AppealEffect.MONEY in appeal.sought,
        money_undone=AppealEffect.MONEY in appeal.undone if decided else None,
        response=appeal.response,
        response_upload_ids=[str(id) for id in appeal.response_upload_ids],
        responded_at=appeal.responded_at,
        respond_by=None if decided or appeal.response is not None else appeal.decide_by,
        available_actions=[move.action for move in moves if move.available],
        blocked_actions=[move for move in moves if not move.available],
        filed_at=appeal.filed_at,
        due_at=appeal.due_at,
        decide_by=appeal.decide_by,
        last_at=appeal.last_at,
        overdue_at=appeal.overdue_at,
        decided_at=appeal.decided_at,
        ended_at=appeal.ended_at,
        version=appeal.version,
    )


VIEWS: Final = (APPEAL, APPEAL_ROUND)
ROOTS: Final[dict[str, Root]] = {
    "opposedAppeals": Answer(opposed_appeals, frozenset(VISIBLE)),
    "appeal": Point("Appeal"),
    "appeals": Listing("Appeal", "NEWEST_FIRST"),
    "appealability": Answer(appealability, PARTIES),
}
