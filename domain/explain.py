"""Explained decisions: the tree of findings behind every yes, no and amount (`domain.md` 5, B2).

Laws: a finding says which rule looked at what and whether it holds; the same inputs give the same tree, byte for byte
(`canonical`); a tree is stored with the decision it explains and is what queries show and refusals carry.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Input = str | int | bool | None
"""What a finding looked at: ids, codes, counts, minor units, instants as RFC 3339 text."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule's word on one question.

    `rule` is the rule's code (`on_time.window`), `reason` the catalogue key of its sentence, `inputs` what it looked
    at, `version` the rule version that set the numbers (None where code alone decides), `because` the findings it
    rests on. `opens_at` and `closes_at` say when the answer would change by time alone.
    """

    rule: str
    holds: bool
    reason: str
    inputs: Mapping[str, Input] = field(default_factory=dict)
    version: str | None = None
    because: tuple["Finding", ...] = ()
    opens_at: str | None = None
    closes_at: str | None = None


def unmet(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings that do not hold, in their order."""
    return tuple([finding for finding in findings if not finding.holds])


def every(rule: str, reason: str, findings: Iterable[Finding], *, version: str | None = None) -> Finding:
    """A finding that holds if and only if all of `findings` hold, and carries them."""
    because = tuple(findings)
    return Finding(rule, all(finding.holds for finding in because), reason, version=version, because=because)


def versions(finding: Finding) -> frozenset[str]:
    """The rule versions that set a number anywhere in the tree."""
    tree = [finding]
    for each in tree:  # grows as it goes
        tree.extend(each.because)
    return frozenset(each.version for each in tree if each.version is not None)


def plain(finding: Finding) -> dict[str, Any]:
    """The finding as JSON's own types, empty members left out."""
    members: dict[str, Any] = {"rule": finding.rule, "holds": finding.holds, "reason": finding.reason}
    if finding.inputs:
        members["inputs"] = dict(finding.inputs)
    if finding.version is not None:
        members["version"] = finding.version
    if finding.because:
        members["because"] = [plain(child) for child in finding.because]
    if finding.opens_at is not None:
        members["opensAt"] = finding.opens_at
    if finding.closes_at is not None:
        members["closesAt"] = finding.closes_at
    return members


def canonical(finding: Finding) -> str:
    """The one spelling of a tree: sorted members, no blanks, UTF-8 kept. Equal trees have equal text."""
    return json.dumps(plain(finding), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def parse(members: Mapping[str, Any]) -> Finding:
    """The finding that `plain` made those members from."""
    return Finding(
        rule=members["rule"],
        holds=members["holds"],
        reason=members["reason"],
        inputs=members.get("inputs", {}),
        version=members.get("version"),
        because=tuple(parse(child) for child in members.get("because", ())),
        opens_at=members.get("opensAt"),
        closes_at=members.get("closesAt"),
    )
