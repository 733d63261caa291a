"""Who may know what, where import-linter's contracts (run as a step of `./run test`) cannot say it: exhaustively."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

from api.settings import ROOT
from tests.syntax_trees import files, name, nodes

NOT_FOR_RULES = {"asyncio", "concurrent", "multiprocessing", "socket", "subprocess", "threading"}
PURE = sys.stdlib_module_names - NOT_FOR_RULES | {"domain"}
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


@cache
def imported(path: Path) -> frozenset[str]:
    """The top-level name of every module the file imports, wherever in it."""
    found = nodes(path)
    plain = {each.name for node in found if isinstance(node, ast.Import) for each in node.names}
    parts = {node.module for node in found if isinstance(node, ast.ImportFrom) and node.module}
    return frozenset(module.partition(".")[0] for module in plain | parts)


def test_rules_know_the_standard_library_only() -> None:
    """But for authorities' numbers, which one module looks up in a pure library (decision 0075)."""
    known = {name(path): foreign for path in files("domain") if (foreign := imported(path) - PURE)}
    assert known == {"domain/identifiers.py": {"stdnum"}}


def test_storage_knows_rules_and_databases() -> None:
    allowed = sys.stdlib_module_names | {"domain", "storage", "asyncpg", "redis", "orjson", "holidays", "structlog"}
    allowed |= {"cryptography"}  # storage/certificates.py signs
    assert {name(path): foreign for path in files("storage") if (foreign := imported(path) - allowed)} == {}


def test_graphql_stays_where_it_is_served() -> None:
    elsewhere = [path for path in files("api", "storage", "domain") if not name(path).startswith(KNOW_GRAPHQL)]
    assert {name(path): known for path in elsewhere if (known := GRAPHQL & imported(path))} == {}


def test_the_launcher_needs_nothing_installed() -> None:
    assert imported(ROOT / "run") <= sys.stdlib_module_names
    assert imported(ROOT / "api" / "__main__.py") <= sys.stdlib_module_names | {"api", "typer"}


UNUSED = {"attr", "click", "dateutil", "email.parser", "holidays", "http.client", "http.server"}
UNUSED |= {"importlib.metadata", "jwt", "logging.config", "multiprocessing", "pydantic", "pydoc", "pygments"}
UNUSED |= {"redis.cluster", "redis.connection", "redis.sentinel", "rich", "strawberry.federation", "typer"}
UNUSED |= {"urllib.request", "valkey", "watchfiles", "wsgiref", "zipfile"}
"""What libraries take in where they are imported plainly, and no server has a use for (`api/libraries.py`)."""


def test_a_server_carries_nothing_that_it_does_not_use() -> None:
    """What draws on terminals, reads command lines or watches sources is not in its memory; nor is source text."""
    start = (
        "from api import embedded; from api.verbs import serve; serve.parser().parse_args([]); serve._import_server()"
    )
    more = "from api.verbs import migrate, worker; from api.embedded import binaries; binaries.valkey_program()"
    tell = "import linecache, sys; print(*sorted(sys.modules), *linecache.cache)"
    use = "import redis, starlette.exceptions as e; print(e.HTTPException(404).detail, redis.Redis())"
    then = "import http.client, redis.sentinel; print(e.http.client is http.client)"
    command = [sys.executable, "-c", f"{start}; {more}; {tell}; {use}; {then}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    names, used, later = done.stdout.splitlines()
    held = set(names.split())
    assert {"structlog", "uvicorn", "strawberry", "api.worker"} <= held
    assert held & UNUSED == set()
    assert [path for path in held if path.startswith(str(ROOT / "domain"))] == []
    assert used.startswith("Not Found <redis.client.Redis(")  # what was put off is there when it is used
    assert later == "True"
