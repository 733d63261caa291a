"""The command line: `./run VERB …` becomes `python -m api VERB …`. A verb is a row of VERBS and a module beside it.

Standard library only, and no verb is imported but the one that runs: `./run help` needs no environment, and a second
start spends its time on the server. What a person can cause ends in one sentence and exit code 1, without a traceback.
"""

from __future__ import annotations

import dataclasses
import importlib
import os
import sys
from collections.abc import Sequence

from api.settings import Unusable


@dataclasses.dataclass(frozen=True, slots=True)
class Verb:
    """A module whose `command` is a Typer app, or a function that Typer makes one of.

    A verb that keeps running offers a `parser` instead, of the standard library: what Typer brings (pydantic with it)
    would be a tenth of the memory that a server holds for its whole life.
    """

    module: str
    sentence: str


VERBS = {
    "serve": Verb("api.verbs.serve", "Serve API, worker and console, with the demo where no database is named."),
    "worker": Verb("api.verbs.worker", "Run the worker apart from the server."),
    "migrate": Verb("api.verbs.migrate", "Bring the database's schema up to date."),
    "demo": Verb("api.verbs.demo", "Load the demo marketplace into a new state."),
    "import": Verb("api.verbs.import_", "Import deliveries from a file, and judge them if asked."),
    "rules": Verb("api.verbs.rules", "Check, publish, list and show rule sets."),
    "schema": Verb("api.verbs.schema", "Print the GraphQL schema, compare it with schema.graphql, or write it there."),
    "tenants": Verb("api.verbs.tenants", "Create and list marketplaces."),
    "keys": Verb("api.verbs.keys", "Issue, rotate and revoke API keys."),
    "coverage": Verb("api.verbs.coverage", "Verify a coverage certificate without the platform."),
    "documents": Verb("api.verbs.documents", "Publish trusted documents for a frontend."),
    "ledger": Verb("api.verbs.ledger", "Export the books as CSV or JSON lines."),
    "audit": Verb("api.verbs.audit", "Export the sealed record, and verify an export without the platform."),
    "bench": Verb("api.verbs.bench", "Measure a loaded server on this machine."),
    "doctor": Verb("api.verbs.doctor", "Tell what the platform finds around it, and what is amiss."),
    "docs": Verb("api.verbs.docs", "Draw the pictures and tables of the documents from the code, or check them."),
    "test": Verb("api.verbs.test", "Run every check; `test long` adds the long ones, `test PATH…` runs just those."),
    "lock": Verb("api.verbs.lock", "Resolve the dependencies anew into requirements.lock."),
}
"""The table of verbs: add a row here and a module beside the others."""


def overview() -> str:
    """The verbs, one line each."""
    width = max(map(len, VERBS))
    lines = [f"  {name:{width}}  {verb.sentence}" for name, verb in VERBS.items()]
    start = "./run serves the demo on this machine. ./run VERB --help tells more about a verb.\n\n"
    return start + "\n".join([*lines, f"  {'help':{width}}  Show this."])


def main(arguments: Sequence[str]) -> int:
    """The exit code of the verb that `arguments` name first."""
    name, *rest = arguments or ("help",)
    if name in ("help", "--help", "-h"):
        print(overview())
        return 0
    if name not in VERBS:
        print(f"run: there is no verb {name!r}; ./run help lists them.", file=sys.stderr)
        return 1
    try:
        return _run(name, rest)
    except Unusable as reason:
        print(f"run {name}: {reason}", file=sys.stderr)
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:  # a file that is not there, a full disk, a server that refuses
        print(
            f"run {name}: {f'{error.filename}: ' if error.filename else ''}{error.strerror or error}.", file=sys.stderr
        )
    except KeyboardInterrupt:
        return 130
    return 1


def _run(name: str, arguments: list[str]) -> int:
    module = importlib.import_module(VERBS[name].module)
    command = module.command
    if hasattr(module, "parser"):
        parser = module.parser(prog=f"run {name}", description=command.__doc__)
        command(**vars(parser.parse_args(arguments)))
        return 0
    import typer

    if not isinstance(command, typer.Typer):
        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        app.command(help=command.__doc__)(command)
        command = app
    # Not `command(…)`, which would put a handler of its own around what main() tells in one sentence.
    typer.main.get_command(command)(arguments, prog_name=f"run {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
