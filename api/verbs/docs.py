"""`./run docs`: the pictures and tables of the documents, drawn from the code's own tables.

A document has places marked `<!-- NAME -->` … `<!-- /NAME -->`; what stands between is written by the function of that
name in DRAWN. A test fails when a place is out of date, so that a document never disagrees with the code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from domain.gates import Gates
    from domain.requirements import Condition

ROOT: Final = Path(__file__).parents[2]
DOCUMENTS: Final = (
    ROOT / "README.md",
    ROOT / "infra" / "docs" / "access.md",
    ROOT / "infra" / "docs" / "providers.md",
)


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


def provider_life() -> str:
    """The life of a provider as a Mermaid state diagram, from `domain.providers.MOVES`."""
    from domain.providers import MOVES, ProviderState, Step

    lines = [
        "```mermaid",
        "stateDiagram-v2",
        "    [*] --> INVITED: inviteProvider",
        "    [*] --> DRAFT: applyAsProvider",
    ]
    for step, way in MOVES.items():
        if step is Step.TERMINATE:
            continue
        words = step.lower().replace("_", " ")
        lines += [f"    {since} --> {way.to}: {words}" for since in ProviderState if since in way.since]
    return "\n".join([*lines, "```"])


def requirement_matrix() -> str:
    """Requirement -> set, kind, of whom it is asked, what it gates and where it comes from, from the shipped rules."""
    from domain import terms
    from domain.requirements import PROCEDURE, OnboardingTerms, RequirementSet
    from storage.rulebook import shipped

    drafts = {draft.rule_set.key: draft for draft in shipped()}
    procedure = terms.read(OnboardingTerms, {**drafts[PROCEDURE].body, "version": ""})
    lines = [
        "| requirement | set | how it is met | asked of | gates | source |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for key in procedure.sets:
        for each in terms.read(RequirementSet, {**drafts[key].body, "version": ""}).requirements:
            least = each.least or each.least_count
            met = f"{each.kind.lower()}{f' from {least}' if least else ''}{', by two people' if each.four_eyes else ''}"
            cells = (f"`{each.key}`", key, met, _conditions(each.when), _gates(each.gates), each.source)
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _conditions(when: Condition) -> str:
    """Of whom a requirement is asked, in few words."""
    parts = [", ".join(sorted(words)) for words in (when.kinds, when.countries, when.services, when.tiers, when.traits)]
    parts += [f"not {', '.join(sorted(words))}" for words in (when.countries_except, when.traits_absent) if words]
    parts += [f"serving {', '.join(sorted(when.markets))}"] if when.markets else []
    parts += [f"from {when.volume_from} a month"] if when.volume_from is not None else []
    return "; ".join(part for part in parts if part) or "everybody"


def _gates(gates: Gates) -> str:
    """What a requirement opens, in few words."""
    parts = [", ".join(sorted(words)) for words in (gates.actions, gates.services, gates.markets)]
    return "; ".join(part for part in parts if part) or "everything"


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
    "provider-life": provider_life,
    "requirement-matrix": requirement_matrix,
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
