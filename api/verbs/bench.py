"""`./run bench`: what the platform costs here. A bench is a name in BENCHES and a module of `infra/bench/`."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated, Final

import typer

from infra.bench import reads

BENCHES: Final = ("reads", "clocks", "tiers", "tracking", "quotes", "sheets", "points", "ledger", "claims", "seals")
"""The modules whose `command` is a bench; the first one also runs without a name."""

command = typer.Typer(add_completion=False, pretty_exceptions_enable=False, invoke_without_command=True)

for name in BENCHES:
    bench = importlib.import_module(f"infra.bench.{name}").command
    command.command(name, help=bench.__doc__)(bench)


@command.callback()
def unnamed(
    context: typer.Context,
    requests: Annotated[int, typer.Option(min=100, help="Without a name: as `bench reads`.")] = 8000,
    fresh: Annotated[bool, typer.Option("--fresh", help="Without a name: as `bench reads`.")] = False,
    to: Annotated[Path | None, typer.Option("--json", help="Without a name: as `bench reads`.")] = None,
) -> None:
    """Measure a loaded server on this machine. Without a name: reads."""
    if context.invoked_subcommand is None:
        reads.command(requests, fresh, to)
