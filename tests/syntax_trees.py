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
    """Everything in the file's syntax tree, in no order that a test may rely on."""
    return tuple(ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))))
