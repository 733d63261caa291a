"""`./run docs`: the pictures and tables of the documents, drawn from the code's own tables.

A document has places marked `<!-- NAME -->` … `<!-- /NAME -->`; what stands between is written by the function of that
name in DRAWN. A test fails when a place is out of date, so that a document never disagrees with the code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import typer

ROOT: Final = Path(__file__).parents[2]
DOCUMENTS: Final = (ROOT / "README.md", ROOT / "infra" / "docs" / "access.md")


def claim_life() -> str:
    """The life of a claim as a Mermaid state diagram, from `domain.claims.MOVES`."""
    from domain.claims import BIRTHS, ENDINGS, MOVES

    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f"    [*] --> {state}: {how}" for state, how in BIRTHS.items()]
    for step in MOVES.values():
        who = ", ".join(sorted(side.lower().replace("_", " ") for side in step.by))
        lines += [
            f"    {since} --> {to}: {step.mutation} ({who})" for since in sorted(step.since) for to in sorted(step.to)
        ]
    lines += [f"    {since} --> {to}: {how}" for (since, to), how in ENDINGS.items()]
    lines += [f"    {state} --> [*]" for state in ("CLOSED", "WITHDRAWN")]
    return "\n".join([*lines, "```"])


def access_table() -> str:
    """Action x role, from `domain.access.ACTIONS`."""
    from domain.access import ACTIONS, Role

    lines = [f"| action | {' | '.join(role.lower() for role in Role)} |", f"| --- |{' :-: |' * len(Role)}"]
    lines += [
        f"| `{action}` | {' | '.join('x' if role in roles else ' ' for role in Role)} |"
        for action, roles in ACTIONS.items()
    ]
    return "\n".join(lines)


def access_roles() -> str:
    """Kind of organisation -> its roles and its steward, from `domain.organisations`."""
    from domain.organisations import ROLES, STEWARDS

    lines = ["| kind | roles | steward |", "| --- | --- | --- |"]
    lines += [
        f"| {kind} | {', '.join(sorted(role.lower() for role in roles))} | {STEWARDS[kind].lower()} |"
        for kind, roles in ROLES.items()
    ]
    return "\n".join(lines)


DRAWN: Final[Mapping[str, Callable[[], str]]] = {
    "claim-life": claim_life,
    "access-table": access_table,
    "access-roles": access_roles,
}


def redrawn(text: str) -> str:
    """The document's text with every marked place drawn anew."""
    for name, draw in DRAWN.items():
        place = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        text = place.sub(lambda match, draw=draw: match[1] + draw() + "\n" + match[2], text)  # type: ignore[misc]
    return text


def command(
    *, write: bool = typer.Option(False, help="Write the documents, instead of telling which are out of date.")
) -> None:
    """Compare the drawn places of the documents with the code, or write them; exits with 1 if one is out of date."""
    stale = [path for path in DOCUMENTS if redrawn(path.read_text()) != path.read_text()]
    for path in stale:
        if write:
            path.write_text(redrawn(path.read_text()))
        print(f"{path.name} {'is written' if write else 'is out of date; ./run docs --write draws it anew'}.")
    raise typer.Exit(int(bool(stale) and not write))
