"""Who may know what, where import-linter's contracts (run as a step of `./run test`) cannot say it: exhaustively."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.settings import ROOT

NOT_FOR_RULES = {"asyncio", "concurrent", "multiprocessing", "socket", "subprocess", "threading"}
GRAPHQL = {"graphql", "strawberry"}
KNOW_GRAPHQL = (
    "api/schema",
    "api/reads",
    "api/endpoint",
    "api/limits.py",
    "api/overlap.py",
    "api/app.py",
    "api/console",
    "api/verbs/schema.py",
)
"""The contract, the engine, and what serves them over HTTP."""


def imported(path: Path) -> Iterator[str]:
    """The top-level name of every module the file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def files(*folders: str) -> list[Path]:
    """The Python files in those folders of the checkout."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def name(path: Path) -> str:
    """The path as a person would say it."""
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", files("domain"), ids=name)
def test_rules_know_the_standard_library_only(path: Path) -> None:
    """But for authorities' numbers, which one module looks up in a pure library (decision 0075)."""
    allowed = {"domain", "stdnum"} if path.name == "identifiers.py" else {"domain"}
    assert set(imported(path)) - (sys.stdlib_module_names - NOT_FOR_RULES) - allowed == set()


@pytest.mark.parametrize("path", files("storage"), ids=name)
def test_storage_knows_rules_and_databases(path: Path) -> None:
    allowed = sys.stdlib_module_names | {"domain", "storage", "asyncpg", "redis", "orjson", "holidays", "structlog"}
    allowed |= {"cryptography"}  # storage/certificates.py signs
    assert set(imported(path)) - allowed == set()


@pytest.mark.parametrize("path", files("api", "storage", "domain"), ids=name)
def test_graphql_stays_where_it_is_served(path: Path) -> None:
    if not name(path).startswith(KNOW_GRAPHQL):
        assert not GRAPHQL & set(imported(path))


def test_the_launcher_needs_nothing_installed() -> None:
    assert set(imported(ROOT / "run")) <= sys.stdlib_module_names
    assert set(imported(ROOT / "api" / "__main__.py")) <= sys.stdlib_module_names | {"api", "typer"}
