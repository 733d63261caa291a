"""Points accounts: entries, their movements, measures, and the statement of a party. Staff see all, a party its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from domain import measures, penalties, points, statements
from domain.access import Caller, ViewerKind
from domain.errors import Invalid, Problem, Refused
from domain.explain import Finding
from domain.gates import Action
from domain.ids import DecisionId, LiablePartyId, MeasureId, PointsEntryId, ProviderId, RuleVersionId, SupplierId
from domain.locales import Locale
from domain.measures import AccountMeasure, MeasureKind
from domain.penalties import PenaltyTerms, SideEffect, Violation
from domain.points import PointsEntry
from domain.rulebook import RuleVersion
from domain.statements import Statement
from storage import calendars, rulebook
from storage import measures as measure_rows
from storage import points as point_rows
from storage.decisions import DECISIONS
from storage.measures import MEASURES
from storage.points import ENTRIES
from storage.views.actions import actions
from storage.views.arguments import parsed
from storage.views.organisations import BY_ID
from storage.views.view import (
    Answer,
    Computed,
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

LIABLE_OWN: Final = {
    ViewerKind.STAFF: "true",
    ViewerKind.SUPPLIER: "{t}.supplier_id = {party}",
    ViewerKind.ENTITLED_SUPPLIER: "{t}.supplier_id = {party}",
    ViewerKind.PROVIDER: "{t}.provider_id = {party}",
}
"""Staff see all, a liable party its own, nobody else anything."""

LISTED_MAX: Final = 500
"""Entries, measures and expiries in one statement, the latest; the lists behind them have all."""


# -- statements of reasons ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ShownStatement:
    """A statement of reasons, ready to be shown."""

    statement: Statement

    subject_id: str
    measure: MeasureKind | None
    points: int
    strikes: int
    violations: list[Violation]
    takes: list[Action]
    effects: list[SideEffect]
    occurred_at: datetime | None
    since: datetime
    until: datetime | None
    note: str | None
    facts: list[Finding]
    found_by_others: bool
    automated_detection: bool
    automated_decision: bool
    rule_key: str
    rule_title: str
    rule_version: str
    issued_at: datetime
    appeal_until: datetime

    def text(self, locale: Locale) -> str:
        """As a letter in that language."""
        return self.statement.text(locale)

    def document(self, locale: Locale) -> str:
        """As JSON, the sentences in that language."""
        return orjson.dumps(self.statement.members(locale), option=orjson.OPT_INDENT_2).decode()


def shown(statement: Statement) -> ShownStatement:
    """The statement as clients see it."""
    return ShownStatement(
        statement=statement,
        subject_id=str(statement.subject_id),
        measure=statement.kind,
        points=statement.points,
        strikes=statement.strikes,
        violations=list(statement.violations),
        takes=list(statement.takes),
        effects=list(statement.effects),
        occurred_at=statement.occurred_at,
        since=statement.since,
        until=statement.until,
        note=statement.note,
        facts=list(statement.findings),
        found_by_others=statement.found_by_others,
        automated_detection=statement.automated_detection,
        automated_decision=statement.automated_decision,
        rule_key=statement.rule_key,
        rule_title=statement.rule_title,
        rule_version=statement.rule_version_id,
        issued_at=statement.issued_at,
        appeal_until=statement.appeal_until,
    )


async def entry_statements(
    connection: Any, rows: Sequence[Row], viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[ShownStatement]:
    """Why each entry was given."""
    entries = [ENTRIES.decode(row) for row in rows]
    trees = await _trees(connection, viewer, [entry.decision_id for entry in entries])
    rules = await _rules(connection, viewer, [entry.rule_version_id for entry in entries])
    return [
        shown(statements.of_entry(entry, rules[entry.rule_version_id], trees[entry.decision_id])) for entry in entries
    ]


async def measure_statements(
    connection: Any, rows: Sequence[Row], viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[ShownStatement]:
    """Why each measure was taken."""
    found = [MEASURES.decode(row) for row in rows]
    trees = await _trees(connection, viewer, [measure.decision_id for measure in found])
    rules = await _rules(connection, viewer, [measure.rule_version_id for measure in found])
    ids = [measure.entry_id for measure in found if measure.entry_id is not None]
    entries = {entry.id: entry for entry in await point_rows.by_ids(connection, viewer.tenant_id, ids)}
    return [
        shown(
            statements.of_measure(
                measure,
                None if measure.entry_id is None else entries[measure.entry_id],
                rules[measure.rule_version_id],
                trees[measure.decision_id],
            )
        )
        for measure in found
    ]


async def _trees(connection: Any, viewer: Caller, ids: Sequence[DecisionId]) -> dict[DecisionId, Finding]:
    found = await DECISIONS.select(connection, viewer.tenant_id, "t.id = ANY ($2::text[])", list(set(ids)))
    return {decision.id: decision.tree for decision in found}


async def _rules(connection: Any, viewer: Caller, ids: Sequence[RuleVersionId]) -> dict[RuleVersionId, RuleVersion]:
    return {id: await rulebook.get(connection, viewer.tenant_id, id) for id in sorted(set(ids))}


# -- the account of a party --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NextThreshold:
    """The next step of the ladder above a balance, and how far it is."""

    points: int
    missing: int
    measure: MeasureKind
    days: int | None
    notice_days: int
    effects: list[SideEffect]


@dataclass(frozen=True, slots=True)
class Projected:
    """The balance from an instant on, if nothing else happens."""

    at: datetime
    balance: int
    strikes: int


@dataclass(frozen=True, slots=True)
class ProjectedMeasure:
    """A measure that would follow."""

    kind: MeasureKind
    threshold: int
    days: int | None
    months: int | None
    notice_days: int
    effects: list[SideEffect]


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What would be, if entries were taken back and an act were penalised now."""

    balance: int
    strikes: int
    points: int
    lifted: list[str]
    brings: list[ProjectedMeasure]
    next_threshold: NextThreshold | None
    because: Finding


@dataclass(frozen=True, slots=True)
class PointsAccount:
    """The statement of a party's account at an instant."""

    party_id: str
    as_of: datetime
    balance: int
    pending: int
    strikes: int
    entries: list[str]
    measures: list[str]
    next_threshold: NextThreshold | None
    projection: list[Projected]
    what_if: WhatIf | None


async def points_account(
    connection: Any, _rows: Sequence[Row], viewer: Caller, at: datetime, arguments: Mapping[str, Any]
) -> list[PointsAccount | None]:
    """The account of a party as it stood at an instant; None where it is not the viewer's to see."""
    party_id = named(viewer, arguments.get("party_id"))
    if party_id is None:
        return [None]
    as_of = min(arguments.get("as_of") or at, at)
    entries = await point_rows.by_party(connection, viewer.tenant_id, party_id)
    lines = await point_rows.movements(connection, viewer.tenant_id, party_id)
    found = await measure_rows.by_party(connection, viewer.tenant_id, party_id)
    balance, strikes = points.balance_at(entries, lines, as_of)
    counting = [entry for entry in entries if points.balance_at([entry], _of(lines, entry), as_of) != (0, 0)]
    rule = await _rule_in_force(connection, viewer, as_of)
    wish = _wish(arguments)
    what_if = None
    if wish is not None and rule is not None:
        market = await connection.fetchval("SELECT market FROM tenants WHERE tenant_id = $1", viewer.tenant_id)
        calendar = await calendars.get(connection, market)
        what_if = _what_if(rule, entries, found, wish, calendar, at)
    return [
        PointsAccount(
            party_id=str(party_id),
            as_of=as_of,
            balance=balance,
            pending=sum(entry.points for entry in counting if as_of < entry.in_force_at),
            strikes=strikes,
            entries=[str(entry.id) for entry in counting][-LISTED_MAX:],
            measures=[str(measure.id) for measure in found if _stood(measure, as_of)][-LISTED_MAX:],
            next_threshold=None if rule is None else _next(rule, balance),
            projection=_projection(counting, balance, strikes)[:LISTED_MAX],
            what_if=what_if,
        )
    ]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked: those entries taken back, that act penalised now."""

    without: tuple[PointsEntryId, ...]
    act: tuple[Violation, ...]


def _wish(arguments: Mapping[str, Any]) -> Wish | None:
    without, act = arguments.get("without"), arguments.get("violations")
    if without is None and act is None:
        return None
    ids = tuple(parsed(PointsEntryId, str(text), "without") for text in without or ())
    return Wish(ids, tuple(Violation(each) for each in act or ()))


def named(viewer: Caller, text: Any) -> LiablePartyId | None:
    """Which party is meant: the viewer's own unless staff name one. None where the viewer may not see it."""
    if text is None:
        return viewer.party_id if isinstance(viewer.party_id, SupplierId | ProviderId) else None
    party_id: LiablePartyId
    if str(text).startswith(f"{SupplierId.prefix}_"):
        party_id = parsed(SupplierId, str(text), "partyId")
    else:
        party_id = parsed(ProviderId, str(text), "partyId")
    return party_id if viewer.viewer is ViewerKind.STAFF or viewer.party_id == party_id else None


def _of(lines: Sequence[points.PointsMovement], entry: PointsEntry) -> list[points.PointsMovement]:
    return [line for line in lines if line.entry_id == entry.id]


def _stood(measure: AccountMeasure, at: datetime) -> bool:
    """Whether the measure was announced or in force at `at`."""
    ended_at = measure.ended_at or measure.until
    return measure.announced_at <= at and (ended_at is None or at <= ended_at)


async def _rule_in_force(connection: Any, viewer: Caller, at: datetime) -> PenaltyTerms | None:
    try:
        return penalties.penalty_terms(await rulebook.in_force(connection, viewer.tenant_id, points.RULE, at))
    except Refused:
        return None


def _next(rule: PenaltyTerms, balance: int) -> NextThreshold | None:
    step = next((step for step in rule.ladder if balance < step.points), None)
    if step is None:
        return None
    kind = measures.OF_LADDER[step.measure]
    return NextThreshold(step.points, step.points - balance, kind, step.days, step.notice_days, list(step.effects))


def _projection(counting: Sequence[PointsEntry], balance: int, strikes: int) -> list[Projected]:
    """How the balance falls as lives end, the next first."""
    found = []
    for entry in sorted(counting, key=lambda entry: (entry.expires_at, entry.id)):
        balance, strikes = balance - entry.points, strikes - entry.strikes
        found.append(Projected(entry.expires_at, balance, strikes))
    return found


def _what_if(
    rule: PenaltyTerms,
    entries: Sequence[PointsEntry],
    found: Sequence[AccountMeasure],
    wish: Wish,
    calendar: Any,
    at: datetime,
) -> WhatIf:
    """The account without some entries and with an act of this instant, by the same functions as `penalise`."""
    known = {entry.id for entry in entries}
    if strange := [id for id in wish.without if id not in known]:
        raise Invalid(Problem(("without",), f"{strange[0]} is no entry of this account"))
    left = [entry for entry in entries if entry.id not in wish.without]
    cost = penalties.price(rule, wish.act)
    penalty = penalties.penalise_at(
        rule, [points.judged(entry) for entry in left], cost, at, calendar, violations=wish.act
    )
    failures = measures.failures_of(rule, left, wish.act, at)
    brings = measures.steps(rule, penalty, cost, failures)
    live = [measure for measure in found if measure.state in measures.LIVE]
    standing = points.standing(left, at)
    return WhatIf(
        balance=penalty.balance,
        strikes=sum(entry.strikes for entry in standing) + penalty.strikes,
        points=penalty.points,
        lifted=[str(measure.id) for measure in live if not measures.stands(measure, left)],
        brings=[
            ProjectedMeasure(step.kind, step.threshold, step.days, step.months, step.notice_days, list(step.effects))
            for step in brings
        ],
        next_threshold=_next(rule, penalty.balance),
        because=penalty.tree,
    )


# -- views -------------------------------------------------------------------------------------------------------------

ENTRY: Final = View(
    type="PointsEntry",
    table="points_entries",
    visible=LIABLE_OWN,
    fields={
        **columns(
            "id", "state", "violations", "points", "strikes", "fraud", "cause", "causeId", "facts", "uploadIds",
            "automated", "occurredAt", "givenAt", "inForceAt", "expiresAt", "appealableUntil", "endedAt", "endReason",
            "version",
        ),
        "party": One("LiableParty", "coalesce({t}.supplier_id, {t}.provider_id)"),
        "decision": One("Decision", "{t}.decision_id"),
        "ruleVersion": One("RuleVersion", "{t}.rule_version_id"),
        "measures": Many("AccountMeasure", "entry_id", "OLDEST_FIRST"),
        "movements": Many("PointsMovement", "entry_id", "OLDEST_FIRST"),
        "statementOfReasons": Computed(entry_statements, needs=ENTRIES.names),
        **actions(ENTRIES, points.moves),
    },
    sorts=BY_ID,
    filters={
        "liablePartyId": Filter("{v} IN ({t}.supplier_id, {t}.provider_id)"),
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "causeId": Filter("{t}.cause_id = {v}"),
    },
)  # fmt: skip

_MOVEMENT_OWN: Final = {kind: "true" if kind is ViewerKind.STAFF else "{t}.party_id = {party}" for kind in LIABLE_OWN}

MOVEMENT: Final = View(
    type="PointsMovement",
    table="points_movements",
    visible=_MOVEMENT_OWN,
    fields={
        **columns("id", "kind", "points", "strikes", "at", "note"),
        "entry": One("PointsEntry", "{t}.entry_id"),
        "balance": Value(
            "(SELECT sum(m.points)::bigint FROM points_movements m WHERE m.tenant_id = {t}.tenant_id "
            "AND m.party_id = {t}.party_id AND (m.at, m.id) <= ({t}.at, {t}.id))"
        ),
    },
    sorts={
        "OLDEST_FIRST": Sort((("{t}.at", False),)),
        "NEWEST_FIRST": Sort((("{t}.at", True),)),
    },
    filters={"partyId": Filter("{t}.party_id = {v}")},
)

MEASURE: Final = View(
    type="AccountMeasure",
    table="measures",
    ids=MeasureId,
    visible=LIABLE_OWN,
    fields={
        **columns(
            "id", "kind", "basis", "threshold", "effects", "state", "automated", "announcedAt", "effectiveAt", "until",
            "appealableUntil", "endedAt", "endReason", "version",
        ),
        "party": One("LiableParty", "coalesce({t}.supplier_id, {t}.provider_id)"),
        "entry": One("PointsEntry", "{t}.entry_id"),
        "invoice": One("Invoice", "{t}.about"),
        "resumes": One("AccountMeasure", "{t}.resumes_id"),
        "restriction": One(
            "Restriction",
            "(SELECT r.id FROM restrictions r WHERE r.tenant_id = {t}.tenant_id AND r.provider_id = {t}.provider_id "
            "AND r.cause = 'PENALTY' AND r.about = {t}.id)",
        ),
        "decision": One("Decision", "{t}.decision_id"),
        "ruleVersion": One("RuleVersion", "{t}.rule_version_id"),
        "statementOfReasons": Computed(measure_statements, needs=MEASURES.names),
        **actions(MEASURES, lambda thing, viewer, _at: measures.moves(thing, viewer)),
    },
    sorts=BY_ID,
    filters={
        "liablePartyId": Filter("{v} IN ({t}.supplier_id, {t}.provider_id)"),
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "kinds": Filter("{t}.kind = ANY({v})", "text[]"),
    },
)  # fmt: skip

VIEWS: Final = (ENTRY, MOVEMENT, MEASURE)
ROOTS: Final[dict[str, Root]] = {
    "pointsAccount": Answer(points_account),
    "pointsEntry": Point("PointsEntry"),
    "pointsEntries": Listing("PointsEntry", "NEWEST_FIRST"),
    "pointsMovements": Listing("PointsMovement", "NEWEST_FIRST"),
    "accountMeasure": Point("AccountMeasure"),
    "accountMeasures": Listing("AccountMeasure", "NEWEST_FIRST"),
}
