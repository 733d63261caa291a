"""`./run test`: every check there is, the cheap ones first, pytest last so that its summary closes the output."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import typer

from api.settings import ROOT

PROCESSES = 2
"""Test processes: the machines this runs on have two cores, and each process has a database of its own."""

STEPS = {
    "format": ("-m", "ruff", "format", "--check", "."),
    "lint": ("-m", "ruff", "check", "."),
    "types": ("-m", "mypy"),
    "imports": ("-c", "from importlinter.cli import lint_imports_command as check; check()"),
}
"""What this Python runs in the checkout for each; shown only where it fails."""

app = typer.Typer(add_completion=False)
command = app


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def test(context: typer.Context) -> None:
    """Run every check; with `long` the long tests too; with paths or pytest's options just those tests."""
    arguments = context.args
    everything = arguments in ([], ["long"])
    failed = failing() if everything else []
    if failed:
        print(f"failed before the tests: {', '.join(failed)}", flush=True)
    if everything:
        arguments = ["-n", str(PROCESSES), "-m", "", *arguments[1:]] if arguments else ["-n", str(PROCESSES)]
    done = subprocess.run([sys.executable, "-m", "pytest", *map(from_here, arguments)], cwd=ROOT, check=False)
    raise typer.Exit(done.returncode or int(bool(failed)))


def failing() -> list[str]:
    """The steps that complain about something; as many run at a time as there are test processes."""
    with ThreadPoolExecutor(PROCESSES) as pool:
        return [name for name, passed in zip(STEPS, pool.map(passes, STEPS, STEPS.values()), strict=True) if not passed]


def passes(name: str, step: tuple[str, ...]) -> bool:
    """True if that step has nothing to complain about; what it says is shown otherwise."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, *step], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    verdict = "ok" if done.returncode == 0 else "FAILED"
    print(f"{name:8} {verdict:6} {time.monotonic() - began:5.1f} s", flush=True)
    if done.returncode != 0:
        print(done.stdout, flush=True)
    return done.returncode == 0


def from_here(argument: str) -> str:
    """A path as the caller meant it, though pytest runs in the checkout; anything else as it is."""
    path, separator, rest = argument.partition("::")
    return f"{Path(path).absolute()}{separator}{rest}" if Path(path).exists() else argument
