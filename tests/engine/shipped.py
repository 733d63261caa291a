"""Operations made up from the contract that is shipped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLNamedType,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_required_argument,
)
from hypothesis import strategies as st

from api.schema.schema import Contract
from domain.ids import BODY_CHARACTERS
from storage.views.view import Point, kinds_of_id
from tests.engine.operations import Author, Draw, written
from tests.promised import whole_contract

PLACES = 3
"""Of each kind of thing so many are spoken of: `clm:0`, `clm:1`, `clm:2`; who asks puts ids there."""
VALUED = {"id", "ids", "first", "last", "after", "before", "filter", "orderBy"}
"""Arguments that there is a value for; a field that requires another is not asked for."""
MOVING = {"viewer", "clock"}
"""What tells the time."""
LITERALS = {"Boolean": ("true", "false"), "Int": ("1", "0"), "DateTime": ('"2026-02-21T00:00:00Z"',)}


class Client(Author):
    """Writes operations on the shipped contract."""

    def __init__(self, contract: Contract, draw: Draw) -> None:
        self.contract = contract
        prefixes = sorted(view.prefix for view in contract.views.values())
        self.things = {prefix: [f"{prefix}:{place}" for place in range(PLACES)] for prefix in prefixes}
        super().__init__(contract.graphql, tuple(one for things in self.things.values() for one in things), draw)

    def may_ask(self, _type: GraphQLNamedType, name: str, definition: GraphQLField) -> bool:
        """Also false for what requires an argument that there is no value for."""
        required = {given for given, argument in definition.args.items() if is_required_argument(argument)}
        return name not in MOVING and required <= VALUED

    def filters(self, argument: GraphQLArgument) -> Sequence[str]:
        """Nothing, or by one member."""
        input_type = get_named_type(argument.type)
        assert isinstance(input_type, GraphQLInputObjectType)
        found = ["", "filter: {}"]
        for name, member in input_type.fields.items():
            named = get_named_type(member.type)
            values: Sequence[str] = LITERALS.get(named.name, ())
            if isinstance(named, GraphQLEnumType):
                values = tuple(named.values)
            elif named.name == "ID":
                values = [f'"{one}"' for kind in kinds_of_id(name) for one in self.things.get(kind.prefix, ())]
            if values and is_list_type(get_nullable_type(member.type)):
                values = [f"[{values[0]}]", f"[{', '.join(values)}]"]
            found += [f"filter: {{{name}: {value}}}" for value in values]
        return found

    def orders(self, argument: GraphQLArgument) -> Sequence[str]:
        """None, or any of the list's own."""
        order = get_named_type(argument.type)
        assert isinstance(order, GraphQLEnumType)
        return ["", *(f"orderBy: {name}" for name in order.values)]

    def argument(self, of: str, name: str, argument: GraphQLArgument) -> str:
        """An id of the kind that the root reads, ids of any, and nothing else."""
        root = self.contract.roots.get(of)
        if name == "id" and isinstance(root, Point):
            return f'id: "{self.one(self.things[self.contract.views[root.type].prefix])}"'
        return super().argument(of, name, argument) if name in {"id", "ids"} else ""


@st.composite
def asked(draw: Draw) -> tuple[str, dict[str, Any]]:
    """A valid operation on the contract and its variables; ids are places yet."""
    return written(Client(whole_contract(), draw))


def about(text: str, ids: Iterable[str]) -> str:
    """The operation about the first of these ids of each kind; where there are too few, about nothing that is there."""
    there = by_kind(ids)

    def chosen(place: re.Match[str]) -> str:
        of_kind, number = there.get(place[1], ()), int(place[2])
        return of_kind[number] if number < len(of_kind) else f"{place[1]}_{number:0{BODY_CHARACTERS}}"

    return re.sub(r"(?<=\")(\w{3}):(\d)(?=\")", chosen, text)


def by_kind(ids: Iterable[str]) -> dict[str, list[str]]:
    """Prefix -> the ids that begin with it, in their order."""
    return {prefix: list(of_kind) for prefix, of_kind in groupby(sorted(ids), key=lambda id_: id_[:3])}
