"""Enums of the trade as GraphQL enums, described by their own docstrings.

Law: an enum's words are written once, where the enum is: the class's docstring describes the type, the string below a
member describes the value. A member without words is refused when the module is imported.
"""

import ast
import inspect
import re
import sys
from enum import StrEnum
from functools import cache
from itertools import pairwise
from typing import TypeVar

import strawberry

E = TypeVar("E", bound=type[StrEnum])


def described(enum: E, name: str | None = None, **words: str) -> E:
    """The enum is a GraphQL enum of that name (its own by default). `words` describe members that lack a docstring.

    Call it once per enum, in the module of `api/schema/` that shows it first; annotations keep naming the enum itself.

    Raises:
        ValueError: a member has no words, a name in `words` is no member, or the class is hidden in another.
    """
    sentences = {**_below_members(enum), **words}
    members = [member.name for member in enum]
    if set(members) != set(sentences):
        raise ValueError(f"{enum.__name__}: words and members differ: {sorted(set(members) ^ set(sentences))}")
    strawberry.enum(enum, name=name, description=inspect.cleandoc(enum.__doc__ or ""))
    for value in enum.__strawberry_definition__.values:  # type: ignore[attr-defined]
        value.description = sentences[value.name]
    return enum


def _below_members(enum: type[StrEnum]) -> dict[str, str]:
    """Member name -> the string literal that follows it in the source."""
    (definition,) = ast.parse(_own_lines(enum)).body
    assert isinstance(definition, ast.ClassDef)  # the pattern begins with `class`
    sentences: dict[str, str] = {}
    for member, below in pairwise(definition.body):
        if not isinstance(member, ast.Assign) or not isinstance(member.targets[0], ast.Name):
            continue
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str):
            sentences[member.targets[0].id] = inspect.cleandoc(below.value.value)
    return sentences


def _own_lines(enum: type[StrEnum]) -> str:
    """The class in its module's source: parsing whole modules for their enums would be a tenth of every start."""
    found = re.search(rf"^class {enum.__name__}\(.*\n(?:(?:[ )].*)?\n)*", _source(enum.__module__), re.MULTILINE)
    if found is None:
        raise ValueError(f"{enum.__name__} is not defined at the first level of {enum.__module__}")
    return found[0]


@cache
def _source(module: str) -> str:
    return inspect.getsource(sys.modules[module])
