"""Every example of the console fits the contract, and finds what it takes."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import FieldNode, GraphQLSchema, OperationDefinitionNode, SelectionSetNode, build_schema, parse, validate
from graphql.execution.values import get_variable_values

from api.console.examples import Example, shipped

CONTRACT = Path(__file__).parents[2] / "schema.graphql"
README = CONTRACT.with_name("README.md")
EXAMPLES = [
    pytest.param(example, id=f"{part}-{example.name}") for part, examples in shipped().items() for example in examples
]
ALWAYS_KNOWN = {"new", "now", "day"}
"""Marks the console fills in by itself."""


@pytest.fixture(scope="module")
def contract() -> GraphQLSchema:
    return build_schema(CONTRACT.read_text("utf-8"))


def operation_of(example: Example) -> OperationDefinitionNode:
    (operation,) = parse(example.query).definitions
    assert isinstance(operation, OperationDefinitionNode)
    return operation


def marks(example: Example) -> set[str]:
    return set(re.findall(r"\{\{(\w+?)(?:[+-]\d+d)?\}\}", example.variables))


def selected(selections: SelectionSetNode | None, path: str) -> bool:
    """True if the operation asks for the leaf at that dotted path; places in lists are skipped."""
    step, _, rest = path.partition(".")
    if step.isdigit():
        return selected(selections, rest)
    fields = () if selections is None else (node for node in selections.selections if isinstance(node, FieldNode))
    chosen = next((node for node in fields if (node.alias or node.name).value == step), None)
    return chosen is not None and (selected(chosen.selection_set, rest) if rest else chosen.selection_set is None)


def leaves(path: str) -> Iterator[str]:
    """What a path of `keep` reads: its end, and the field of each of its conditions."""
    yield re.sub(r"\[[^]]*\]", "", path)
    for condition in re.finditer(r"\[([^=\]]+)=[^=\]]+\]", path):
        yield re.sub(r"\[[^]]*\]", "", path[: condition.start()]) + "." + condition[1]


def kept() -> Iterator[str]:
    for examples in shipped().values():
        for example in examples:
            yield from example.keeps


@pytest.mark.parametrize("example", EXAMPLES)
def test_it_is_valid_and_so_are_its_variables(example: Example, contract: GraphQLSchema) -> None:
    assert validate(contract, parse(example.query)) == []
    declared = operation_of(example).variable_definitions or ()
    given = json.loads(example.variables or "{}")
    values = get_variable_values(contract, declared, given)
    assert not isinstance(values, list), values
    assert given.keys() == {definition.variable.name.value for definition in declared}


@pytest.mark.parametrize("example", EXAMPLES)
def test_what_it_keeps_is_in_its_answer(example: Example) -> None:
    for name, path in example.keeps.items():
        for leaf in leaves(path):
            assert selected(operation_of(example).selection_set, leaf), f"{name} = {path}"


@pytest.mark.parametrize("example", EXAMPLES)
def test_what_it_takes_is_found_by_another_example(example: Example) -> None:
    assert marks(example) <= ALWAYS_KNOWN | set(kept())


def test_the_newcomers_journey_names_examples_that_exist() -> None:
    journey = README.read_text("utf-8").split("## From nothing to a paid coupon")[1].split("\n## ")[0]
    named = set(re.findall(r"(?<!\*)\*([A-Z][^*]+)\*(?!\*)", journey))
    assert len(named) > 5
    assert named <= {example.title for examples in shipped().values() for example in examples}


def test_names_are_told_apart_across_parts() -> None:
    names = [example.name for examples in shipped().values() for example in examples]
    assert len(names) == len(set(names))
