"""The printed contract: up to date, described everywhere, named alike, and kept to what the last release promised."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_introspection_type,
    is_specified_scalar_type,
)

from api.schema.schema import Contract
from api.verbs import schema as verb
from domain.access import ACTIONS
from tests.promised import whole_contract

PASCAL, CAMEL, UPPER = (
    re.compile(r"[A-Z][A-Za-z0-9]*"),
    re.compile(r"[a-z][A-Za-z0-9]*"),
    re.compile(r"[A-Z][A-Z0-9_]*"),
)


@pytest.fixture(scope="module")
def promised() -> Contract:
    return whole_contract()


@pytest.fixture(scope="module")
def types(promised: Contract) -> list[GraphQLNamedType]:
    """Every type of our own."""
    return [
        type_
        for type_ in promised.graphql.type_map.values()
        if not is_introspection_type(type_) and not is_specified_scalar_type(type_)
    ]


def members(schema: GraphQLSchema) -> Iterator[tuple[str, str | None, re.Pattern[str]]]:
    """Coordinate, description and the names' pattern of all fields, arguments and enum values."""
    for type_ in schema.type_map.values():
        if is_introspection_type(type_):
            continue
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in type_.fields.items():
                yield f"{type_.name}.{name}", field.description, CAMEL
                for argument, declared in field.args.items():
                    yield f"{type_.name}.{name}.{argument}", declared.description, CAMEL
        elif isinstance(type_, GraphQLInputObjectType):
            for name, given in type_.fields.items():
                yield f"{type_.name}.{name}", given.description, CAMEL
        elif isinstance(type_, GraphQLEnumType):
            for name, value in type_.values.items():
                yield f"{type_.name}.{name}", value.description, UPPER


def test_the_printed_schema_is_the_codes() -> None:
    assert not verb.differing(verb.PRINTED.read_text(), verb.printed()), "run `./run schema --write`"


def test_what_the_last_release_promised_is_kept_or_told() -> None:
    assert verb.untold(verb.released(), verb.printed(), verb.CHANGELOG.read_text()) == []


def test_a_removed_field_breaks_clients_unless_the_changelog_names_it() -> None:
    before, after = "type Query { a: Int b: Int }", "type Query { a: Int }"
    (told,) = verb.untold(before, after, "")
    assert "Query.b" in told
    assert verb.untold(before, after, f"- {told}") == []
    assert verb.untold(after, before, "") == []
    assert verb.untold(None, before, "") == []


def test_everything_is_described(promised: Contract, types: list[GraphQLNamedType]) -> None:
    silent = [type_.name for type_ in types if not type_.description]
    silent += [coordinate for coordinate, description, _ in members(promised.graphql) if not description]
    assert silent == []


def test_descriptions_are_sentences(promised: Contract, types: list[GraphQLNamedType]) -> None:
    told = [(type_.name, type_.description or "") for type_ in types]
    told += [(coordinate, description or "") for coordinate, description, _ in members(promised.graphql)]
    assert [where for where, text in told if text and not text.rstrip().endswith((".", "?", "…"))] == []


def test_names_are_spelled_alike(promised: Contract, types: list[GraphQLNamedType]) -> None:
    odd = [type_.name for type_ in types if not PASCAL.fullmatch(type_.name)]
    odd += [where for where, _, pattern in members(promised.graphql) if not pattern.fullmatch(where.split(".")[-1])]
    assert odd == []


def test_every_object_with_a_view_is_a_node_and_no_other(promised: Contract) -> None:
    node = promised.graphql.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    assert {type_.name for type_ in promised.graphql.get_possible_types(node)} == set(promised.views)


def test_list_items_are_never_null(promised: Contract) -> None:
    """But for `nodes`, which answers each id in its place."""
    loose = []
    for type_ in promised.graphql.type_map.values():
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType) and not is_introspection_type(type_):
            for name, field in type_.fields.items():
                nullable = get_nullable_type(field.type)
                if isinstance(nullable, GraphQLList) and not isinstance(nullable.of_type, GraphQLNonNull):
                    loose.append(f"{type_.name}.{name}")
    assert loose == ["Query.nodes"]


def test_mutations_have_one_input_one_payload_and_a_row_in_the_table_of_actions(promised: Contract) -> None:
    mutations = promised.graphql.mutation_type
    assert mutations is not None
    assert mutations.fields.keys() == promised.mutations.keys()
    for name, field in mutations.fields.items():
        assert name in ACTIONS, name
        assert list(field.args) == ["input"], name
        given, payload = get_named_type(field.args["input"].type), get_named_type(field.type)
        assert isinstance(given, GraphQLInputObjectType)
        assert isinstance(payload, GraphQLObjectType)
        assert given.name.endswith("Input")
        assert payload.name.endswith("Payload")
        assert str(field.type) == f"{payload.name}!"
        keyed = promised.mutations[name].keyed
        assert str(given.fields["idempotencyKey"].type) == ("String!" if keyed else "String"), name
        assert hasattr(promised.mutations[name].input_type, "command"), name
        assert str(payload.fields["userErrors"].type) == "[UserError!]!", name
        must = [
            field_name
            for field_name, shown in payload.fields.items()
            if field_name != "userErrors" and isinstance(shown.type, GraphQLNonNull)
        ]
        assert must == [], f"{payload.name}: what a refusal cannot show must be nullable"


def test_operations_carry_the_mutations_name(promised: Contract) -> None:
    """One verb through every layer."""
    spelled = {name: re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower() for name in promised.mutations}
    odd = {name: promised.mutations[name].operation.__name__ for name in spelled}
    assert {name: operation for name, operation in odd.items() if operation != spelled[name]} == {}
