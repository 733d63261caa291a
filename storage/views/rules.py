"""Rule versions: everybody may read the rules of their marketplace; who published them is the operator's affair."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from domain import rule_kinds, rulebook
from domain.access import Caller, ViewerKind
from domain.errors import Invalid, Refused
from domain.rulebook import CaseResult, RuleDifference, RuleMember, RuleState, RuleVersion
from storage.rulebook import RULE_VERSIONS, in_force
from storage.views.view import (
    EVERYONE,
    Answer,
    Computed,
    Filter,
    Listing,
    Point,
    Root,
    Row,
    Sort,
    View,
    column,
    columns,
)

STAFF_ONLY: Final = frozenset({ViewerKind.STAFF})

VERSIONS_REMEMBERED: Final = 256
"""Texts whose judged examples a process remembers: some 17 kB each, 4 MiB in all, and three times what is shipped.

A version never changes, and the shipped texts are the same in every marketplace; to judge one takes milliseconds.
"""


@dataclass(frozen=True, slots=True)
class ShownCase:
    """A rule's own example as clients see it: what was expected and what it came to, as JSON."""

    name: str
    passes: bool
    expected: str
    got: str
    problem: str | None


@dataclass(frozen=True, slots=True)
class ShownProblem:
    """Something wrong with a rule set's text: where, and what."""

    path: list[str]
    message: str


@dataclass(frozen=True, slots=True)
class RuleCheck:
    """What a rule set's text was found to be, without publishing it."""

    passes: bool
    key: str | None
    kind: str | None
    title: str | None
    effective_from: datetime | None
    problems: list[ShownProblem]
    cases: list[ShownCase]


def _version(row: Row) -> RuleVersion:
    return RULE_VERSIONS.decode(row)


async def _states(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, at: datetime, _arguments: Mapping[str, Any]
) -> list[RuleState]:
    return [rulebook.state(_version(row), at) for row in rows]


async def _members(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[RuleMember]]:
    return [list(rulebook.members(_version(row))) for row in rows]


async def _cases(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[ShownCase]]:
    return [list(judged(row["source"])) for row in rows]


@lru_cache(maxsize=VERSIONS_REMEMBERED)
def judged(source: str) -> tuple[ShownCase, ...]:
    """What became of the examples in that text: always the same, for judging knows nothing but the text."""
    return tuple(_shown(result) for result in rule_kinds.check(source).results)


async def _differences(
    connection: Any, rows: Sequence[Row], viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[RuleDifference]]:
    """What each version changed of the last one before it that was not withdrawn."""
    versions = [_version(row) for row in rows]
    records = await connection.fetch(
        f"SELECT DISTINCT ON (asked.id) asked.id AS successor, {RULE_VERSIONS.selection()} "
        "FROM unnest($2::text[], $3::text[], $4::bigint[]) AS asked (id, key, number) JOIN rule_versions t "
        "ON t.tenant_id = $1 AND t.key = asked.key AND t.number < asked.number AND t.withdrawn_at IS NULL "
        "ORDER BY asked.id, t.number DESC",
        viewer.tenant_id,
        [version.id for version in versions],
        [version.key for version in versions],
        [version.number for version in versions],
    )
    before = {record["successor"]: RULE_VERSIONS.decode(record).body for record in records}
    return [
        list(rulebook.differences(before[version.id], version.body)) if version.id in before else []
        for version in versions
    ]


async def _rule(
    connection: Any, _rows: Sequence[Row], viewer: Caller, at: datetime, arguments: Mapping[str, Any]
) -> list[str | None]:
    """The id of the version of that key that governs at that instant; None where there is none."""
    try:
        version = await in_force(connection, viewer.tenant_id, arguments["key"], arguments.get("at") or at)
    except Refused:
        return [None]
    return [version.id]


async def _check(
    _connection: Any, _rows: Sequence[Row], _viewer: Caller, _at: datetime, arguments: Mapping[str, Any]
) -> list[RuleCheck]:
    try:
        draft = rule_kinds.check(arguments["source"])
    except Invalid as refusal:
        problems = [ShownProblem(list(problem.field), problem.message) for problem in refusal.problems]
        return [RuleCheck(False, None, None, None, None, problems, [])]
    rule_set = draft.rule_set
    passes = all(result.passes for result in draft.results)
    cases = [_shown(result) for result in draft.results]
    return [RuleCheck(passes, rule_set.key, rule_set.kind, rule_set.title, rule_set.effective_from, [], cases)]


def _shown(result: CaseResult) -> ShownCase:
    return ShownCase(result.name, result.passes, _json(result.expect), _json(result.got), result.problem)


def _json(members: Mapping[str, Any]) -> str:
    return json.dumps(members, sort_keys=True, ensure_ascii=False)


RULE_VERSION: Final = View(
    type="RuleVersion",
    table="rule_versions",
    visible=dict.fromkeys(ViewerKind, "true"),
    fields={
        **columns(
            "id",
            "key",
            "kind",
            "number",
            "title",
            "publishedAt",
            "effectiveFrom",
            "effectiveUntil",
            "withdrawnAt",
            "source",
            "digest",
            "version",
        ),
        "publishedBy": column("published_by", STAFF_ONLY),
        "state": Computed(_states, needs=RULE_VERSIONS.names),
        "members": Computed(_members, needs=RULE_VERSIONS.names),
        "cases": Computed(_cases, needs=("source",)),
        "differences": Computed(_differences, needs=RULE_VERSIONS.names),
    },
    sorts={
        "KEY": Sort((("{t}.key", False), ("{t}.number", False))),
        "NEWEST_FIRST": Sort((("{t}.effective_from", True),)),
    },
    filters={
        "key": Filter("{t}.key = {v}"),
        "kinds": Filter("{t}.kind = ANY({v})", "text[]"),
        "governsAt": Filter(
            "{t}.withdrawn_at IS NULL AND {t}.effective_from <= {v} "
            "AND ({t}.effective_until IS NULL OR {t}.effective_until > {v})",
            "timestamptz",
        ),
    },
)

VIEWS: Final = (RULE_VERSION,)
ROOTS: Final[dict[str, Root]] = {
    "ruleVersion": Point("RuleVersion"),
    "rules": Listing("RuleVersion", "KEY"),
    "rule": Answer(_rule, EVERYONE),
    "checkRule": Answer(_check, STAFF_ONLY),
}
