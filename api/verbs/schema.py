"""`./run schema`: the printed contract, and what would break clients of the last release."""

from __future__ import annotations

import difflib
import subprocess
from collections.abc import Sequence
from typing import Annotated, Final

import typer
from graphql import GraphQLSchema, build_schema
from graphql.utilities import find_breaking_changes

from api.schema.schema import contract
from api.settings import ROOT, Unusable

PRINTED: Final = ROOT / "schema.graphql"
CHANGELOG: Final = ROOT / "CHANGELOG.md"
RELEASES: Final = "v[0-9]*"
"""Tags of releases."""

command = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@command.command()
def schema(
    write: Annotated[bool, typer.Option(help="Write it to schema.graphql.")] = False,
    check: Annotated[bool, typer.Option(help="Fail, with the difference, if schema.graphql is another.")] = False,
    breaking: Annotated[
        bool, typer.Option(help="Fail if clients of the last release would break and CHANGELOG.md does not say so.")
    ] = False,
) -> None:
    """Print the GraphQL schema, compare it with schema.graphql, or write it there."""
    text = printed()
    if write:
        PRINTED.write_text(text)
        print(f"{PRINTED.name} is up to date.")
    if check and (difference := differing(PRINTED.read_text(), text)):
        print("\n".join([*difference, f"{PRINTED.name} is stale: `./run schema --write`."]))
        raise typer.Exit(1)
    if breaking and (unnamed := untold(released(), text, CHANGELOG.read_text())):
        print("\n".join(["Clients of the last release would break; say so in CHANGELOG.md or do not:", *unnamed]))
        raise typer.Exit(1)
    if not (write or check or breaking):
        print(text, end="")


def printed() -> str:
    """The contract as it is committed."""
    return contract().strawberry.as_str() + "\n"


def differing(committed: str, text: str) -> Sequence[str]:
    """The lines in which the committed contract differs from the code's."""
    return list(difflib.unified_diff(committed.splitlines(), text.splitlines(), "schema.graphql", "code", lineterm=""))


def released() -> str | None:
    """The contract of the last release, None before the first.

    Raises:
        Unusable: this is no git checkout.
    """
    try:
        tag = _git("describe", "--tags", "--abbrev=0", "--match", RELEASES)
    except subprocess.CalledProcessError:
        _git("rev-parse", "--git-dir")
        return None
    return _git("show", f"{tag.strip()}:{PRINTED.name}")


def untold(before: str | None, after: str, changelog: str) -> list[str]:
    """The changes that break clients and that the changelog does not name by their sentence."""
    if before is None:
        return []
    changes = find_breaking_changes(_built(before), _built(after))
    return [change.description for change in changes if change.description not in changelog]


def _built(text: str) -> GraphQLSchema:
    return build_schema(text, assume_valid=True)


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    except FileNotFoundError as absent:
        raise Unusable("git is needed to find the last release.") from absent
    return done.stdout
