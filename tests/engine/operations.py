"""Operations made up from the schema: whatever a client may write, a few levels deep."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    parse,
    validate,
)
from hypothesis import HealthCheck, Phase, assume
from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[Any]], Any]

MADE_UP: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "phases": [Phase.explicit, Phase.reuse, Phase.generate],  # shown as found: making it smaller takes minutes
}
"""How such operations are tried."""

VARIABLES = {
    "$yes": ("Boolean!", True),
    "$no": ("Boolean!", False),
    "$two": ("Int!", 2),
    "$none": ("Int", None),
    "$state": ("State!", "OPEN"),
    "$order": ("CaseOrder", "NEWEST"),
    "$filter": ("CaseFilter", {"states": ["OPEN", "DONE"], "rank": None}),
}
PAGES = ("first: 3", "last: 2", "first: $two", "last: $two, first: $none", "first: 100", "first: 1, after: null")
FILTERS = (
    "",
    "filter: {state: OPEN}",
    "filter: {states: [OPEN, $state], rank: 1}",
    "filter: $filter",
    'filter: {dueBefore: "2026-04-10T00:00:00+02:00"}',
    "filter: {}",
    "filter: null",
)
ORDERS = ("", "orderBy: URGENT", "orderBy: NEWEST", "orderBy: MIXED", "orderBy: $order")
KINDS = {"case": "clm", "remark": "evt", "maker": "sup"}
"""What a root by id reads; any other id would be refused."""
CONDITIONS = (*[""] * 12, " @include(if: $yes)", " @include(if: $no)", " @skip(if: $no)", " @skip(if: true)")
CHARACTERS_MAX = 16_000
"""Longer ones have more tokens than are read."""


class Author:
    """Writes one operation. The arguments under one response key stay the same, so that fields may overlap."""

    def __init__(self, schema: GraphQLSchema, ids: tuple[str, ...], draw: Draw) -> None:
        self.schema, self.ids, self.draw = schema, ids, draw
        self.fragments: list[str] = []
        self.arguments: dict[str, str] = {}

    def one(self, choices: Any) -> Any:
        """One of the choices."""
        return self.draw(st.sampled_from(choices))

    def operation(self) -> str:
        """The document's text."""
        query = self.schema.query_type
        assert query is not None
        body = " ".join([self.selections(query, 4), *self.fragments])
        used = sorted(name for name in VARIABLES if re.search(re.escape(name) + r"\b", body))
        declared = ", ".join(f"{name}: {VARIABLES[name][0]}" for name in used)
        return f"query{f' ({declared})' if declared else ''} {body}"

    def selections(self, type_: GraphQLNamedType, depth: int) -> str:
        """A selection set of that type."""
        count = self.draw(st.integers(1, 4))
        return "{ " + " ".join(self.selection(type_, depth) for _ in range(count)) + " }"

    def selection(self, type_: GraphQLNamedType, depth: int) -> str:
        """A field, a fragment, or a field in either."""
        sort = self.draw(st.integers(0, 9))
        condition = self.one(CONDITIONS)
        if sort == 0 and depth:
            of = self.narrower(type_)
            return f"... on {of.name}{condition} {self.selections(of, depth - 1)}"
        if sort == 1 and depth:
            return f"...{condition} {self.selections(type_, depth - 1)}"
        if sort == 2 and depth:
            of = self.narrower(type_)
            name = f"F{len(self.fragments)}"
            self.fragments.append("")
            place = len(self.fragments) - 1
            self.fragments[place] = f"fragment {name} on {of.name} {self.selections(of, depth - 1)}"
            return f"...{name}{condition}" + (f" ...{name}" if self.draw(st.booleans()) else "")
        return self.field(type_, depth)

    def narrower(self, type_: GraphQLNamedType) -> Any:
        """A type that a value of that type may have as well."""
        if is_abstract_type(type_):
            return self.one([type_, *self.schema.get_possible_types(type_)])
        assert isinstance(type_, GraphQLObjectType)
        return self.one([type_, *type_.interfaces])

    def field(self, type_: GraphQLNamedType, depth: int) -> str:
        """A field with arguments and selections; `__typename` where nothing else fits."""
        fields = {} if isinstance(type_, GraphQLUnionType) else type_.fields  # type: ignore[attr-defined]
        leaves = {name for name, definition in fields.items() if is_leaf_type(get_named_type(definition.type))}
        fitting = [name for name in fields if (depth or name in leaves) and self.may_ask(type_, name, fields[name])]
        name = self.one([*fitting, "__typename"])
        alias = self.one(["", "", "", "x: ", "y: "])
        condition = self.one(CONDITIONS)
        if name == "__typename":
            return f"{alias and f'{alias[0]}t: '}{name}{condition}"
        definition = fields[name]
        key = alias and f"{alias[0]}_{name}: "
        given = self.arguments.setdefault(f"{key}{name} {sorted(definition.args)}", self.given(name, definition))
        below = get_named_type(definition.type)
        selections = "" if name in leaves else f" {self.selections(below, depth - 1)}"
        return f"{key}{name}{given}{condition}{selections}"

    def may_ask(self, _type: GraphQLNamedType, _name: str, _definition: GraphQLField) -> bool:
        """False for a field whose arguments cannot be made up, or whose answer is another a moment later."""
        return True

    def given(self, of: str, definition: GraphQLField) -> str:
        """Arguments in parentheses."""
        if "first" in definition.args:
            parts = [self.one(PAGES)]
            if "filter" in definition.args:
                parts.append(self.one(self.filters(definition.args["filter"])))
            if "orderBy" in definition.args:
                parts.append(self.one(self.orders(definition.args["orderBy"])))
        else:
            parts = [self.argument(of, name, argument) for name, argument in definition.args.items()]
        given = ", ".join(part for part in parts if part)
        return f"({given})" if given else ""

    def filters(self, _argument: GraphQLArgument) -> Sequence[str]:
        """What a list may be filtered by."""
        return FILTERS

    def orders(self, _argument: GraphQLArgument) -> Sequence[str]:
        """How a list may be ordered."""
        return ORDERS

    def argument(self, of: str, name: str, argument: GraphQLArgument) -> str:
        """One argument of a field that is no list."""
        if name == "ids":
            return (
                "ids: ["
                + ", ".join(f'"{id_}"' for id_ in self.draw(st.lists(st.sampled_from(self.ids), max_size=4)))
                + "]"
            )
        if name == "id":
            kind = KINDS.get(of)
            return f'id: "{self.one([id_ for id_ in self.ids if kind is None or id_.startswith(kind)])}"'
        if str(argument.type) == "Decimal":
            weight: str = self.one(["", "atLeast: 5", 'atLeast: "0.5"', "atLeast: null"])
            return weight
        return 'text: "Alpha"'


def written(author: Author) -> tuple[str, dict[str, Any]]:
    """A valid operation of that author, and its variables."""
    text = author.operation()
    assume(len(text) < CHARACTERS_MAX and not validate(author.schema, parse(text)))
    used = {name[1:]: value for name, (_, value) in VARIABLES.items() if f"{name}:" in text}
    return text, used


@st.composite
def operations(draw: Draw, schema: GraphQLSchema, ids: tuple[str, ...]) -> tuple[str, dict[str, Any]]:
    """A valid operation and its variables."""
    return written(Author(schema, ids, draw))
