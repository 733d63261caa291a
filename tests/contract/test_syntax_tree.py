"""House rules that a formatter cannot see, read from the syntax trees: pure rules, honest names, files one can read."""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata

import pytest

from api.settings import ROOT
from tests.syntax_trees import files, name, nodes

PACKAGES = ("api", "domain", "storage")
OURS = files(*PACKAGES)
RULES = files("domain")
INSTALLED = {".venv", "node_modules"}
"""Folders of what others wrote."""
EVERYTHING = [*OURS, *(path for path in files("tests", "infra") if not INSTALLED & set(path.parts)), ROOT / "run"]
LINES_MAX = 600
HOMELESS = {"utils", "util", "helpers", "helper", "common", "base", "service", "manager", "core", "misc"}
"""What has no noun has no home yet. (`services` is one here: what providers sell.)"""
EMPTY_VERBS = re.compile(r"^(process|handle|manage|do|update_status)(_|$)")
CLOCKS_AND_CHANCE = {"asyncio", "random", "secrets", "threading", "time", "uuid"}
"""Modules that a rule may not know, though they are in the standard library."""
NOW = {"now", "today", "utcnow", "fromtimestamp"}
WORLDLY = {"float", "input", "open", "print"}


def impurities(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """What in a rule's module depends on more than its arguments, with its line."""
    for node in nodes:
        match node:
            case ast.AsyncFunctionDef() | ast.AsyncFor() | ast.AsyncWith() | ast.Await():
                yield f"{node.lineno}: async"
            case ast.Attribute(attr=word) if word in NOW:
                yield f"{node.lineno}: .{word}"
            case ast.Name(id=word) if word in WORLDLY:
                yield f"{node.lineno}: {word}"
            case ast.Constant(value=float() as number):
                yield f"{node.lineno}: {number}"
            case ast.Import(names=names):
                yield from (f"{node.lineno}: {each.name}" for each in names if each.name in CLOCKS_AND_CHANCE)
            case ast.ImportFrom(module=module) if module in CLOCKS_AND_CHANCE:
                yield f"{node.lineno}: {module}"


def test_rules_are_pure() -> None:
    assert {name(path): found for path in RULES if (found := list(impurities(nodes(path))))} == {}


@pytest.mark.parametrize(
    "text",
    [
        "async def f(): ...",
        "datetime.now(UTC)",
        "date.today()",
        "import random",
        "from uuid import uuid4",
        "float('1')",
        "open('x')",
        "rate = 0.1",
        "x: float",
    ],
)
def test_an_impure_rule_is_found(text: str) -> None:
    assert len(list(impurities(ast.walk(ast.parse(text))))) == 1


def test_rules_are_named_by_the_trades_verbs() -> None:
    functions = [(path, node.name) for path in RULES for node in nodes(path) if isinstance(node, ast.FunctionDef)]
    assert [(name(path), verb) for path, verb in functions if EMPTY_VERBS.match(verb)] == []


def test_files_can_be_read_in_one_sitting() -> None:
    lines = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in EVERYTHING}
    assert {path: count for path, count in lines.items() if count > LINES_MAX} == {}


def test_modules_have_names_of_their_own() -> None:
    """Not those of a standard-library or installed module, which they would shadow, nor ones that say nothing."""
    taken = sys.stdlib_module_names | metadata.packages_distributions().keys() - {*PACKAGES, "tests"}
    modules = {path: path.parent.name if path.stem == "__init__" else path.stem for path in OURS}
    assert [name(path) for path, module in modules.items() if module in taken | HOMELESS and module != "__main__"] == []
