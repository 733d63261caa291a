"""The example operations of the console: what each role can try, written as plain GraphQL files.

`examples/<part>.graphql` holds named operations. The comment above an operation says what it shows: its first line is
the title, the next lines are the explanation. Two marks in that comment are instructions to the console:

    # with {"first": 5, "input": {"couponId": "{{couponId}}", "idempotencyKey": "{{new}}"}}
    # keep couponId = coupons.nodes.0.id

`with` gives the variables as JSON (it may go on over several lines); `keep` stores the value at a path of the answer
under a name, and `{{name}}` in later variables takes it, so that a story can be clicked through tab by tab. Always
known are `{{new}}`, a fresh idempotency key, and `{{now}}` and `{{day}}`, the marketplace's clock and its day, also as
`{{now+90d}}` and `{{day-2d}}`. A path takes the first of a list that leads to a value, or the first that fits:
`orders.nodes[state=PAID].id`. `fetcher.js` reads both.
"""

import json
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from graphql import OperationDefinitionNode, parse

WITH = "with {"
KEEP = re.compile(r"keep (?P<name>\w+) = (?P<path>\S+)")
COMMENT_WIDTH = 50
"""Characters that the console's editor shows beside its two panes on a laptop's screen."""
FOLDER = Path(__file__).parent / "examples"


@dataclass(frozen=True, slots=True)
class Example:
    """One operation that a role can run as it stands."""

    name: str
    """The operation's name, unique within its part; GraphiQL shows it on the tab."""
    title: str
    about: str
    query: str
    """The operation with its explanation as a comment above it."""
    variables: str
    """JSON text, empty where the operation takes none. `{{name}}` marks what the console fills in."""
    keeps: Mapping[str, str]
    """Name → dotted path below `data` of the answer."""


@dataclass(slots=True)
class _Comment:
    """What the comment above an operation says, gathered line by line."""

    prose: list[str]
    variables: list[str]
    keeps: dict[str, str]

    @classmethod
    def of(cls, text: str) -> "_Comment":
        said = cls(prose=[], variables=[], keeps={})
        into = said.prose
        for line in (line.strip().removeprefix("#").strip() for line in text.splitlines()):
            if kept := KEEP.fullmatch(line):
                said.keeps[kept["name"]] = kept["path"]
            elif line.startswith(WITH):
                into = said.variables
                into.append(line.removeprefix(WITH.rstrip("{")))
            elif line:
                into.append(line)
        return said


def read_examples(text: str) -> tuple[Example, ...]:
    """The examples of one file's text, in its order.

    Raises:
        ValueError: an operation has no name or no title, a name comes twice, the variables are not JSON, or
            something else than an operation is defined.
        graphql.GraphQLSyntaxError: the text is not GraphQL.
    """
    found: dict[str, Example] = {}
    read_to = 0
    for definition in parse(text).definitions:
        if not isinstance(definition, OperationDefinitionNode) or definition.name is None or definition.loc is None:
            raise ValueError("an example file holds named operations only")
        name = definition.name.value
        comment = _Comment.of(text[read_to : definition.loc.start])
        read_to = definition.loc.end
        if not comment.prose:
            raise ValueError(f"{name}: the comment above it must say what it shows")
        if name in found:
            raise ValueError(f"{name}: there are two examples of this name")
        title, about = comment.prose[0], " ".join(comment.prose[1:])
        explained = "".join(f"# {line}\n" for line in (title, *textwrap.wrap(about, COMMENT_WIDTH)))
        found[name] = Example(
            name=name,
            title=title,
            about=about,
            query=explained + text[definition.loc.start : read_to] + "\n",
            variables=_json_object(name, " ".join(comment.variables)),
            keeps=comment.keeps,
        )
    return tuple(found.values())


def _json_object(name: str, text: str) -> str:
    if not text:
        return ""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except json.JSONDecodeError as error:
        raise ValueError(f"{name}: its variables are not JSON: {error}") from error


@cache
def shipped() -> Mapping[str, tuple[Example, ...]]:
    """Part (buyer, supplier, …) → its examples, read once from the files beside this module."""
    return {path.stem: read_examples(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.graphql"))}
