"""The lock file: fresh, complete in each half, checked by hash, and silent about where packages come from."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from api.settings import ROOT
from api.verbs.lock import DIGEST_LINE, LOCK, PROJECT, RUN_HALF, TEST_HALF, digest, pins

PROJECT_TABLE = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
ASKED = [Requirement(text) for text in PROJECT_TABLE["dependencies"]]
ASKED_BY_TESTS = [Requirement(text) for text in PROJECT_TABLE["optional-dependencies"]["test"]]
LOCKED = LOCK.read_text(encoding="utf-8")
RUN_PINS, TEST_PINS = (pins(half) for half in LOCKED.split(TEST_HALF))
LOCK_FILES = ("requirements*.txt", "*.lock", "package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock")


def canonical(name: str) -> str:
    """A package's name as indexes spell it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def versions(lines: str) -> set[str]:
    """The versions pinned for one package, one per marker."""
    return set(re.findall(r"^[A-Za-z0-9._-]+==(\S+)", lines, flags=re.MULTILINE))


def test_was_made_from_this_pyproject() -> None:
    assert DIGEST_LINE.format(digest(PROJECT_TABLE)) in LOCKED, "pyproject.toml changed since: ./run lock"


@pytest.mark.parametrize("asked", [*ASKED, *ASKED_BY_TESTS], ids=str)
def test_pins_what_is_asked_for(asked: Requirement) -> None:
    lines = RUN_PINS.get(canonical(asked.name)) or TEST_PINS.get(canonical(asked.name), "")
    assert versions(lines), f"{asked} has no pin"
    assert all(asked.specifier.contains(version) for version in versions(lines))


def test_run_half_stands_alone() -> None:
    """Everything that what we ask for needs on this machine, extras included, is pinned in the first half."""
    needed: set[str] = set()
    waiting = [(canonical(asked.name), frozenset(asked.extras)) for asked in ASKED]
    seen = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        needed.add(name)
        for text in metadata.requires(name) or ():
            need = Requirement(text)
            if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in (*extras, "")):
                waiting.append((canonical(need.name), frozenset(need.extras)))
    assert needed <= RUN_PINS.keys()


def test_halves_share_nothing() -> None:
    assert RUN_HALF in LOCKED
    assert not RUN_PINS.keys() & TEST_PINS.keys()
    assert "pytest" in TEST_PINS


def test_every_pin_has_hashes() -> None:
    lines = [*RUN_PINS.values(), *TEST_PINS.values()]
    assert len(lines) > 50
    assert all("--hash=sha256:" in each for each in lines)


def test_launcher_and_writer_agree_on_the_halves() -> None:
    assert f"TEST_HALF = {TEST_HALF!r}".replace("'", '"') in (ROOT / "run").read_text(encoding="utf-8")


def lock_files() -> list[Path]:
    """Every file of the checkout that a package manager may have written or reads."""
    found = [path for pattern in LOCK_FILES for path in ROOT.rglob(pattern)]
    return [
        path for path in found if path.is_file() and not {".venv", ".state", ".git", "node_modules"} & set(path.parts)
    ]


def test_no_lock_file_names_a_place() -> None:
    assert LOCK in lock_files()
    for path in lock_files():
        for line in path.read_text(encoding="utf-8").splitlines():
            assert not re.search(r"://|^-(i|f|-index-url|-extra-index-url|-find-links)\b|@ ", line), f"{path}: {line}"
            assert not re.search(r"\b[a-z0-9-]+\.(org|com|net|io|dev)\b", line), f"{path}: {line}"
