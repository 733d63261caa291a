"""`./run lock`: requirements.lock says exactly what pyproject.toml asks for, for every platform, by hash.

One file in two halves: first what the platform runs on, then what its tests and tools need besides, so that a first
start installs no linter. It names versions and hashes only; where to get them is the business of whoever installs.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer

from api.settings import ROOT, Unusable

LOCK = ROOT / "requirements.lock"
PROJECT = ROOT / "pyproject.toml"
RUN_HALF = "# == run ==\n"
TEST_HALF = "# == test ==\n"
"""The launcher `run` installs what stands above this line, and all of it for `test` and `lock`."""
HEADER = (
    "# Made by `./run lock` from pyproject.toml, never by hand: what runs, then what tests and tools need besides.\n"
)
DIGEST_LINE = "# pyproject.toml: sha256:{}\n"


def command(
    upgrade: Annotated[
        bool, typer.Option("--upgrade", help="Take the newest versions instead of keeping pins.")
    ] = False,
) -> None:
    """Resolve the dependencies of pyproject.toml anew into requirements.lock."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    known = LOCK.read_text(encoding="utf-8") if LOCK.exists() and not upgrade else ""
    with tempfile.TemporaryDirectory() as folder:
        everything = resolve(Path(folder, "all.txt"), known, "--extra", "test")
        running = resolve(Path(folder, "run.txt"), known, "--constraint", str(Path(folder, "all.txt")))
    testing = {name: pins for name, pins in everything.items() if name not in running}
    halves = [RUN_HALF, *running.values(), TEST_HALF, *testing.values()]
    LOCK.write_text(HEADER + DIGEST_LINE.format(digest(project)) + "".join(halves), encoding="utf-8")
    print(f"{LOCK.name}: {len(running)} packages to run, {len(testing)} more to test.")


def digest(project: dict[str, Any]) -> str:
    """One digest of everything in `[project]` that a resolution depends on."""
    asked = [project["requires-python"], project["dependencies"], project["optional-dependencies"]["test"]]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def resolve(target: Path, known: str, *options: str) -> dict[str, str]:
    """The pins of each package, keeping those in `known` where they still fit.

    Raises:
        Unusable: no set of versions fits, or the index does not answer.
    """
    target.write_text(known, encoding="utf-8")
    plain = ["--universal", "--generate-hashes", "--no-emit-index-url", "--no-header", "--no-annotate", "--quiet"]
    source = [str(PROJECT), "--python-version", "3.11.2", "--output-file", str(target), *options]
    done = subprocess.run(
        [sys.executable, "-m", "uv", "--system-certs", "pip", "compile", *plain, *source],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Unusable(f"The dependencies cannot be resolved: {done.stderr.strip()}")
    return pins(target.read_text(encoding="utf-8"))


def pins(text: str) -> dict[str, str]:
    """The lines of each package in a requirements file: a pin per marker, each followed by its hashes."""
    found: dict[str, str] = {}
    for entry in re.split(r"^(?=[^\s#])", text, flags=re.MULTILINE):
        if match := re.match(r"([A-Za-z0-9._-]+)==", entry):
            kept = "".join(line for line in entry.splitlines(keepends=True) if not line.startswith("#"))
            found[match[1]] = found.get(match[1], "") + kept
    return found
