"""Statements of reasons: why points were given or a measure was taken, on what ground, and how to have it reviewed.

The law of platforms asks for one with every such step: facts and circumstances, what is restricted where and for how
long, the ground in the terms, whether machines found or decided it, and the ways of redress (Regulation (EU) 2019/1150,
articles 4 and 11; Regulation (EU) 2022/2065, article 17). A statement is made of what was stored with the step: the
entry or measure, its decision's tree, the version of the rule. So it says the same whenever it is asked for.

Laws: a statement is complete or there is none; its text has the same parts in the same order in every language; its
members are the same whatever the language, but for the sentences of findings.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from domain import words
from domain.capabilities import OF_MEASURE, Restriction
from domain.dates import rfc3339
from domain.decisions import Decision
from domain.explain import Finding, Input
from domain.gates import Action
from domain.ids import Id, LiablePartyId
from domain.locales import Locale
from domain.measures import AccountMeasure, MeasureBasis, MeasureKind
from domain.penalties import SideEffect, Violation
from domain.points import CauseKind, PointsEntry
from domain.rulebook import RuleVersion
from domain.words.statements import NAMES, SENTENCES

FOUND_BY_OTHERS: Final = frozenset({CauseKind.CLAIM})
"""Causes that somebody else told the marketplace of; the others it found by itself."""


@dataclass(frozen=True, slots=True)
class Statement:
    """The reasons for points or for a measure. `kind`, `takes`, `effects`, `since`, `until` say what is done.

    `found_by_others` says that a notice led to it and not the marketplace's own looking; `automated_detection` and
    `automated_decision` whether a machine found it and decided it. `note` are the facts in the desk's words.
    """

    subject_id: Id
    party_id: LiablePartyId
    kind: MeasureKind | None
    points: int
    strikes: int
    violations: tuple[Violation, ...]
    takes: tuple[Action, ...]
    effects: tuple[SideEffect, ...]
    occurred_at: datetime | None
    since: datetime
    until: datetime | None
    note: str | None
    evidence: tuple[str, ...]
    findings: tuple[Finding, ...]
    found_by_others: bool
    automated_detection: bool
    automated_decision: bool
    rule_key: str
    rule_title: str
    rule_version_id: str
    rule_number: int
    rule_effective_from: datetime
    issued_at: datetime
    appeal_until: datetime

    def text(self, locale: Locale) -> str:
        """The statement as a letter in that language."""
        say, name = SENTENCES[locale], NAMES[locale]
        parts = [
            say["title"].format(subject=self.subject_id, party=self.party_id, issued=rfc3339(self.issued_at)),
            self._what(locale),
            say["facts"],
            *(f"- {words.sentence(finding, locale)}" for finding in self.findings),
        ]
        if self.occurred_at is not None:
            parts.append("- " + say["occurred"].format(at=rfc3339(self.occurred_at)))
        if self.note is not None:
            parts.append("- " + self.note)
        parts += [f"- {say['evidence'].format(upload=upload)}" for upload in self.evidence]
        parts.append(say["source_others" if self.found_by_others else "source_own"])
        parts.append(say["detected_machine" if self.automated_detection else "detected_person"])
        parts.append(say["decided_machine" if self.automated_decision else "decided_person"])
        ground = {"title": self.rule_title, "key": self.rule_key, "number": self.rule_number}
        ground |= {"version": self.rule_version_id, "since": rfc3339(self.rule_effective_from)}
        parts.append(say["ground"].format(**ground))
        if self.violations:
            parts.append(say["violations"].format(list=_listed(name, self.violations, locale)))
        parts.append(say["redress"].format(until=rfc3339(self.appeal_until), subject=self.subject_id))
        parts.append(say["courts"])
        return "\n".join(parts)

    def _what(self, locale: Locale) -> str:
        """What is done, to which extent and for how long."""
        say, name = SENTENCES[locale], NAMES[locale]
        if self.kind is None:
            return say["points"].format(points=self.points, strikes=self.strikes, until=_spelled(self.until, locale))
        lines = [say["measure"].format(kind=name[self.kind.value])]
        if self.takes:
            lines.append(say["takes"].format(list=_listed(name, self.takes, locale)))
        if self.effects:
            lines.append(say["effects"].format(list=_listed(name, self.effects, locale)))
        lines.append(say["span"].format(since=rfc3339(self.since), until=_spelled(self.until, locale)))
        return "\n".join(lines)

    def members(self, locale: Locale) -> dict[str, Any]:
        """The statement as JSON's own types, the sentences in that language."""
        return {
            "subjectId": str(self.subject_id),
            "partyId": str(self.party_id),
            "measure": None if self.kind is None else self.kind.value,
            "points": self.points,
            "strikes": self.strikes,
            "violations": [violation.value for violation in self.violations],
            "takes": [action.value for action in self.takes],
            "effects": [effect.value for effect in self.effects],
            "territorialScope": "ALL_MARKETS",
            "occurredAt": None if self.occurred_at is None else rfc3339(self.occurred_at),
            "since": rfc3339(self.since),
            "until": None if self.until is None else rfc3339(self.until),
            "facts": [words.sentence(finding, locale) for finding in self.findings],
            "note": self.note,
            "evidence": list(self.evidence),
            "source": "NOTICE" if self.found_by_others else "OWN_INITIATIVE",
            "automatedDetection": self.automated_detection,
            "automatedDecision": self.automated_decision,
            "ground": {
                "key": self.rule_key,
                "title": self.rule_title,
                "versionId": self.rule_version_id,
                "number": self.rule_number,
                "effectiveFrom": rfc3339(self.rule_effective_from),
            },
            "redress": {"appealUntil": rfc3339(self.appeal_until), "outOfCourt": True, "courts": True},
            "issuedAt": rfc3339(self.issued_at),
        }


def of_entry(entry: PointsEntry, rule: RuleVersion, tree: Finding) -> Statement:
    """Why the points were given."""
    return Statement(
        subject_id=entry.id,
        party_id=entry.party_id,
        kind=None,
        points=entry.points,
        strikes=entry.strikes,
        violations=entry.violations,
        takes=(),
        effects=(),
        occurred_at=entry.occurred_at,
        since=entry.given_at,
        until=entry.expires_at,
        note=entry.facts,
        evidence=tuple(map(str, entry.upload_ids)),
        findings=leaves(tree),
        found_by_others=entry.cause in FOUND_BY_OTHERS,
        automated_detection=entry.cause in DETECTED,
        automated_decision=entry.automated,
        rule_key=rule.key,
        rule_title=rule.title,
        rule_version_id=str(rule.id),
        rule_number=rule.number,
        rule_effective_from=rule.effective_from,
        issued_at=entry.given_at,
        appeal_until=entry.appealable_until,
    )


def of_measure(measure: AccountMeasure, entry: PointsEntry | None, rule: RuleVersion, tree: Finding) -> Statement:
    """Why the measure was taken; `entry` is what brought it, None where it rests on no points."""
    return Statement(
        subject_id=measure.id,
        party_id=measure.party_id,
        kind=measure.kind,
        points=0 if entry is None else entry.points,
        strikes=0 if entry is None else entry.strikes,
        violations=() if entry is None else entry.violations,
        takes=tuple(sorted(measure.takes)),
        effects=measure.effects,
        occurred_at=None if entry is None else entry.occurred_at,
        since=measure.effective_at,
        until=measure.until,
        note=None if entry is None else entry.facts,
        evidence=() if entry is None else tuple(map(str, entry.upload_ids)),
        findings=leaves(tree),
        found_by_others=entry is not None and entry.cause in FOUND_BY_OTHERS,
        automated_detection=entry.cause in DETECTED if entry is not None else measure.basis is not MeasureBasis.DESK,
        automated_decision=measure.automated,
        rule_key=rule.key,
        rule_title=rule.title,
        rule_version_id=str(rule.id),
        rule_number=rule.number,
        rule_effective_from=rule.effective_from,
        issued_at=measure.announced_at,
        appeal_until=measure.appealable_until,
    )


def of_restriction(
    restriction: Restriction, rule: RuleVersion, decision: Decision | None, appeal_until: datetime
) -> Statement:
    """Why a provider is restricted or suspended: by its decision's tree, or in the desk's words where it alone decided.

    `rule` is the decision's, or the one about measures of that day. Refuses (ValueError) what a measure brought.
    """
    limit = restriction.limit
    if limit.cause is OF_MEASURE:
        raise ValueError(f"{restriction.id} belongs to the measure {limit.about}")
    because: dict[str, Input] = {"cause": limit.cause.value, "reason": restriction.reason}
    desk = Finding("standing.restriction", True, "removed_by_desk", because, version=rule.id)
    return Statement(
        subject_id=restriction.id,
        party_id=restriction.provider_id,
        kind=MeasureKind.RESTRICTION,
        points=0,
        strikes=0,
        violations=(),
        takes=tuple(sorted(limit.scope.actions or Action)),
        effects=(),
        occurred_at=None,
        since=limit.since,
        until=limit.until,
        note=None,
        evidence=(),
        findings=(desk,) if decision is None else leaves(decision.tree),
        found_by_others=False,
        automated_detection=decision is not None,
        automated_decision=decision is not None and decision.automated,
        rule_key=rule.key,
        rule_title=rule.title,
        rule_version_id=str(rule.id),
        rule_number=rule.number,
        rule_effective_from=rule.effective_from,
        issued_at=restriction.imposed_at,
        appeal_until=appeal_until,
    )


DETECTED: Final = frozenset({CauseKind.LISTING_FLAG, CauseKind.COUNTER, CauseKind.SHIPMENT})
"""Causes that a machine finds."""


def leaves(tree: Finding) -> tuple[Finding, ...]:
    """What the tree rests on in the end, in its order: the sentences of a statement; the root alone where it has none.

    Of the steps of a ladder only those that were crossed say something.
    """
    found = [leaf for child in tree.because for leaf in leaves(child)] or [tree]
    said = [leaf for leaf in found if leaf.holds or leaf.rule not in _SILENT]
    return tuple(said or found)


_SILENT: Final = frozenset({"penalty.threshold", "penalty.strikes", "penalty.failures", "penalty.demotion"})
"""Findings that say nothing of a step where they do not hold."""


def _listed(name: Mapping[str, str], members: tuple[Any, ...], locale: Locale) -> str:
    return ("、" if locale is Locale.ZH else ", ").join(name[member.value] for member in members)


def _spelled(at: datetime | None, locale: Locale) -> str:
    return SENTENCES[locale]["open_end"] if at is None else rfc3339(at)


assert SENTENCES.keys() == NAMES.keys() == set(Locale)
assert all(
    table.keys() >= {member.value for kind in (Violation, MeasureKind, SideEffect, Action) for member in kind}
    for table in NAMES.values()
)
