"""The fast way of coercing variables and graphql-core's agree on every value, and so do arguments."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    OperationDefinitionNode,
    Undefined,
    get_argument_values,
    get_nullable_type,
    get_variable_values,
    parse,
)
from graphql.execution.values import VariableValues
from graphql.utilities.coerce_input_value import coerce_input_value
from hypothesis import given, settings
from hypothesis import strategies as st
from strawberry.types.arguments import convert_arguments

from api.reads.inputs import converter
from api.reads.variables import Arguments, RequestError, Variables
from tests.engine.bazaar import bazaar
from tests.promised import whole_contract

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


def test_inputs_are_made_as_strawberry_makes_them() -> None:
    promised = whole_contract()
    scalars, config = promised.strawberry.schema_converter.scalar_registry, promised.strawberry.config
    assert promised.graphql.mutation_type is not None
    tried = 0
    for name, definition in promised.graphql.mutation_type.fields.items():
        given = _sample(definition.args["input"].type, full=name < "m")
        values = {"input": coerce_input_value(given, definition.args["input"].type)}
        assert values["input"] is not Undefined, (name, given)
        declared = definition.extensions["strawberry-definition"].arguments
        expected = convert_arguments(dict(values), declared, scalars, config)
        assert converter(definition, config)(values) == expected
        tried += 1
    assert tried > 10


SAMPLES = {
    "ID": "clm_x", "String": "word", "Int": 3, "Boolean": True, "Decimal": "12.50", "DateTime": "2026-03-01T12:00:00Z",
    "Date": "2026-03-01", "CountryCode": "DE", "CurrencyCode": "USD", "RuleCode": "a.b", "Duration": "P2D",
}  # fmt: skip


def _sample(type_: Any, *, full: bool) -> Any:
    """A value of an input type, with or without what may be left out."""
    nullable = get_nullable_type(type_)
    if isinstance(nullable, GraphQLList):
        return [_sample(nullable.of_type, full=full)] * 2
    if isinstance(nullable, GraphQLEnumType):
        return next(iter(nullable.values))
    if isinstance(nullable, GraphQLInputObjectType):
        return {
            name: _sample(member.type, full=full)
            for name, member in nullable.fields.items()
            if full or isinstance(member.type, GraphQLNonNull)
        }
    return SAMPLES[nullable.name]
