"""Our files and their syntax trees, for the tests of the house's rules about the code itself.

Trees are not kept: those of all files take 150 MB, through which every later collection of garbage would go.
"""

import ast
from pathlib import Path

from api.settings import ROOT


def files(*folders: str) -> list[Path]:
    """The Python files in those folders of the checkout."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def name(path: Path) -> str:
    """The path as a person would say it."""
    return str(path.relative_to(ROOT))


def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Everything in the file's syntax tree but whether names are read or set, in no order that a test may rely on."""
    return within(ast.parse(path.read_text(encoding="utf-8"), filename=str(path)))


def within(tree: ast.AST) -> tuple[ast.AST, ...]:
    """The same of a part of a tree, itself first."""
    found = [tree]
    for node in found:  # which grows: twice as fast as ast.walk
        for value in node.__dict__.values():
            if isinstance(value, list):
                found += [each for each in value if isinstance(each, ast.AST)]
            elif isinstance(value, ast.AST) and not isinstance(value, ast.expr_context):
                found.append(value)
    return tuple(found)
