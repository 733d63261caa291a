"""The shipped rule sets: each is read and tried by its own cases once per process, however many tests ask for it."""

from functools import cache
from typing import TypeVar

from domain import rule_kinds, terms
from domain.rulebook import Draft
from storage.rulebook import FOLDER

T = TypeVar("T")

NAMES = sorted(str(file.relative_to(FOLDER)) for file in FOLDER.rglob("*.toml"))
"""Of every shipped file, as it lies in the rulebook's folder."""


@cache
def draft(name: str) -> Draft:
    """The rule set of the file of that name, put to its cases."""
    return rule_kinds.check(FOLDER.joinpath(name).read_text(encoding="utf-8"))


def drafts(*patterns: str) -> list[Draft]:
    """The rule sets of all files that fit, in the order of their names."""
    found = {file for pattern in patterns for file in FOLDER.glob(pattern)}
    return [draft(str(file.relative_to(FOLDER))) for file in sorted(found)]


def rule(kind: type[T], name: str, version: str = "rul") -> T:
    """The terms of a shipped rule set, as a version of that id states them."""
    return terms.read(kind, {**draft(name).body, "version": version})
