"""The fast way of coercing variables and graphql-core's agree on every value, and so do arguments."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import GraphQLError, OperationDefinitionNode, get_argument_values, get_variable_values, parse
from graphql.execution.values import VariableValues
from hypothesis import given, settings
from hypothesis import strategies as st

from api.reads.variables import Arguments, RequestError, Variables
from tests.engine.bazaar import bazaar

SCHEMA = bazaar().graphql
TYPES = (
    "ID", "ID!", "String", "Int", "Int!", "Boolean", "State", "State!", "[State!]", "[[Int]]", "[ID!]!", "Decimal",
    "DateTime", "CaseFilter", "CaseFilter!", "[CaseFilter!]", "TouchInput", "CountryCode",
)  # fmt: skip
DEFAULTS = {"Int": "7", "State": "OPEN", "CaseFilter": "{rank: 3, states: [OPEN]}", "[State!]": "DONE"}
WORDS = st.sampled_from(
    ["OPEN", "DONE", "state", "states", "dueBefore", "rank", "level", "caseId", "idempotencyKey", "DE", "12.50", "1e9",
     "2026-03-01T12:00:00Z", "2026-03-01T12:00:00.5+02:00", "", "x"]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**33), 2**33) | st.sampled_from([1.0, 1.5]) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)


def operation(text: str) -> OperationDefinitionNode:
    node = parse(text).definitions[0]
    assert isinstance(node, OperationDefinitionNode)
    return node


@settings(max_examples=400, deadline=None)
@given(type_=st.sampled_from(TYPES), given_=st.just({}) | VALUES.map(lambda value: {"v": value}), default=st.booleans())
def test_variables_are_coerced_as_graphql_core_coerces_them(type_: str, given_: dict[str, Any], default: bool) -> None:
    spelled = f" = {DEFAULTS[type_]}" if default and type_ in DEFAULTS else ""
    node = operation(f"query ($v: {type_}{spelled}) {{ __typename }}")
    expected = get_variable_values(SCHEMA, node.variable_definitions or (), given_)
    try:
        coerced = Variables(SCHEMA, node).coerce(given_)
    except RequestError:
        assert isinstance(expected, list)
    else:
        assert isinstance(expected, VariableValues)
        assert coerced == expected.coerced
        assert repr(coerced) == repr(expected.coerced)


ARGUMENTS = (
    "first: $n", "first: 3, after: null", "", "last: 2", "filter: {rank: $n, states: [$s, OPEN]}",
    "filter: {states: $s}",
    "filter: {rank: $n}, orderBy: $o", "orderBy: $o", "first: 2, filter: $f", "filter: null",
)  # fmt: skip


@pytest.mark.parametrize("text", ARGUMENTS)
@pytest.mark.parametrize(
    "given_", [{}, {"n": 5, "s": "DONE", "o": "NEWEST", "f": {"rank": 1}}, {"n": None, "s": None, "o": None, "f": None}]
)
def test_arguments_are_those_of_graphql_core(text: str, given_: dict[str, Any]) -> None:
    declared = "query ($n: Int, $s: State, $o: CaseOrder = URGENT, $f: CaseFilter)"
    node = operation(f"{declared} {{ cases{text and f'({text})'} {{ totalCount }} }}")
    values = get_variable_values(SCHEMA, node.variable_definitions or (), given_)
    assert isinstance(values, VariableValues)
    assert SCHEMA.query_type is not None
    definition, field = SCHEMA.query_type.fields["cases"], node.selection_set.selections[0]
    try:
        expected: Any = get_argument_values(definition, field, values)  # type: ignore[arg-type]
    except GraphQLError:
        expected = None
    try:
        ours: Any = dict(Arguments(definition, field).values(values.coerced))  # type: ignore[arg-type]
    except RequestError:
        ours = None
    assert ours == expected
