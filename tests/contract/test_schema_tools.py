"""What clients build with takes the contract as it is: linters, compilers, generators of clients, a composer of graphs.

Which rules are off, and why, stands in infra/decisions/0064-schema-tools.md. `.ci/run` installs the tools.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from api.console.examples import FOLDER
from api.settings import ROOT

NODE = Path(__file__).parent / "node"
INSTALLED = NODE / "node_modules"
NAMED = json.loads((NODE / "package.json").read_text("utf-8"))["devDependencies"]
ARIADNE = Path(__file__).parent / "ariadne"
GENERATOR = ARIADNE / ".venv" / "bin" / "ariadne-codegen"
CONTRACT = ROOT / "schema.graphql"
OPERATIONS = sorted(map(str, FOLDER.glob("*.graphql")))

with_node = pytest.mark.skipif(
    shutil.which("node") is None or not all((INSTALLED / name).exists() for name in NAMED),
    reason="node is not installed or `npm ci` has not run in tests/contract/node; .ci/run does both",
)
with_ariadne = pytest.mark.skipif(
    not GENERATOR.exists(), reason="tests/contract/ariadne/.venv does not hold its requirements.lock; .ci/run fills it"
)


def said(*command: str | Path, cwd: Path = ROOT) -> str:
    """What the command printed. Fails with all it said if it complained."""
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, capture_output=True, text=True, check=False, env={**os.environ, "NO_COLOR": "1"}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@with_node
def test_graphql_eslint_passes_the_contract_and_the_operations_shown() -> None:
    """A file that the configuration does not reach would be a warning."""
    said(INSTALLED / ".bin/eslint", "--config", NODE / "eslint.config.mjs", "--max-warnings=0", CONTRACT, *OPERATIONS)


@with_node
def test_graphql_schema_linter_passes_the_contract() -> None:
    assert "0 errors" in said(INSTALLED / ".bin/graphql-schema-linter", "--config-directory", NODE, CONTRACT)


@with_node
def test_the_relay_compiler_compiles_what_a_relay_app_asks(tmp_path: Path) -> None:
    said("node", NODE / "relay.mjs", CONTRACT, tmp_path, *OPERATIONS)
    compiled = {path.name.removesuffix(".graphql.ts") for path in (tmp_path / "artifacts").glob("*.graphql.ts")}
    assert {"ClaimListQuery", "ClaimListPageQuery", "ClaimListRowQuery", "ClaimListSubscription"} < compiled
    assert len(compiled) >= len(list((tmp_path / "src").iterdir()))


@with_node
def test_graphql_codegen_writes_types_for_strict_typescript(tmp_path: Path) -> None:
    said("node", NODE / "codegen.mjs", CONTRACT, tmp_path, *OPERATIONS)
    said(INSTALLED / ".bin/tsc", "--project", tmp_path)


@with_node
def test_it_composes_as_a_subgraph() -> None:
    composed = json.loads(said("node", NODE / "compose.mjs", CONTRACT))
    assert (composed["errors"], composed["hints"]) == ([], [])
    assert "type Claim implements Node" in composed["supergraph"]


@with_ariadne
def test_ariadne_codegen_writes_a_strictly_typed_client(tmp_path: Path) -> None:
    shutil.copy(ARIADNE / "pyproject.toml", tmp_path)
    shutil.copy(CONTRACT, tmp_path)
    (tmp_path / "operations.graphql").write_text("\n".join(Path(path).read_text("utf-8") for path in OPERATIONS))
    said(GENERATOR, cwd=tmp_path)
    mypy = [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", "--cache-dir", os.devnull]
    checked = said(*mypy, "--python-executable", GENERATOR.with_name("python"), "makegood_client", cwd=tmp_path)
    assert checked.startswith("Success")
