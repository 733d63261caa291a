"""Enums of the trade as GraphQL enums, described by their own docstrings.

Law: an enum's words are written once, where the enum is: the class's docstring describes the type, the string below a
member describes the value. A member without words is refused when the module is imported.
"""

import ast
import inspect
import re
import sys
from enum import StrEnum
from functools import lru_cache
from importlib.abc import InspectLoader
from itertools import pairwise
from typing import Final, TypeVar, cast

import strawberry

E = TypeVar("E", bound=type[StrEnum])

CLASS = re.compile(r"^class (\w+)\(.*\n(?:(?:[ )].*)?\n)*", re.MULTILINE)
"""A class of the first level, with all lines that are indented below its head."""

MODULES_KEPT: Final = 8
"""Modules whose classes are at hand: enums are described in the order of the nouns that show them."""


def described(enum: E, name: str | None = None, **words: str) -> E:
    """The enum is a GraphQL enum of that name (its own by default). `words` describe members that lack a docstring.

    Call it once per enum, in the module of `api/schema/` that shows it first; annotations keep naming the enum itself.

    Raises:
        ValueError: a member has no words, or a name in `words` is no member.
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
    (definition,) = ast.parse(_classes(enum.__module__)[enum.__name__]).body
    assert isinstance(definition, ast.ClassDef)  # the pattern begins with `class`
    sentences: dict[str, str] = {}
    for member, below in pairwise(definition.body):
        if not isinstance(member, ast.Assign) or not isinstance(member.targets[0], ast.Name):
            continue
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str):
            sentences[member.targets[0].id] = inspect.cleandoc(below.value.value)
    return sentences


@lru_cache(maxsize=MODULES_KEPT)
def _classes(module: str) -> dict[str, str]:
    """Each class of the first level as it stands in the source: parsing whole modules would be a tenth of a start.

    The source is not asked of `inspect`, which would keep every line of it for as long as the process lives.
    """
    source = cast("InspectLoader", sys.modules[module].__loader__).get_source(module) or ""
    return {found[1]: found[0] for found in CLASS.finditer(source)}
