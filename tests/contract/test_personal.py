"""What is marked `@personal` in the contract is what lies in `personal_data`, no more and no less."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from inspect import isfunction
from typing import Any

from graphql import (
    FieldDefinitionNode,
    InputObjectTypeDefinitionNode,
    InputValueDefinitionNode,
    ObjectTypeDefinitionNode,
    get_named_type,
    parse,
)

from api.schema.schema import Contract
from api.settings import ROOT
from domain.personal import PersonalDatum
from storage import personal
from storage.views.view import Computed
from tests.promised import whole_contract

PROMISED: Contract = whole_contract()
TABLE = re.compile(r"\b(FROM|JOIN|INTO|UPDATE)\s+personal_data\b", re.IGNORECASE)
ONLY_DOOR = ROOT / "storage" / "personal.py"


def marked(kind: type[ObjectTypeDefinitionNode] | type[InputObjectTypeDefinitionNode]) -> set[tuple[str, str]]:
    """(type, field) of every field of that kind of type which the printed contract marks."""

    def is_marked(field: FieldDefinitionNode | InputValueDefinitionNode) -> bool:
        return any(directive.name.value == "personal" for directive in field.directives or ())

    return {
        (type_.name.value, field.name.value)
        for type_ in parse((ROOT / "schema.graphql").read_text("utf-8")).definitions
        if isinstance(type_, kind)
        for field in type_.fields or ()
        if is_marked(field)
    }


def named_in(function: Callable[..., Any]) -> set[str]:
    """The globals and attributes that the function's own code names."""
    return set(function.__code__.co_names)


def keeps(operation: Callable[..., Any]) -> bool:
    """Whether the operation makes a personal datum, itself or by a function that it calls by name."""
    called = (operation.__globals__.get(name) for name in named_in(operation))
    functions: list[Callable[..., Any]] = [operation, *(each for each in called if isfunction(each))]
    return any(PersonalDatum.__name__ in named_in(each) for each in functions)


def read() -> Iterator[tuple[str, str]]:
    """(type, field) of every field whose loader reads personal data."""
    for type_, view in PROMISED.views.items():
        for name, source in view.fields.items():
            if isinstance(source, Computed) and personal.reveal.__name__ in named_in(source.load):
                yield type_, name


def test_a_field_is_marked_if_and_only_if_its_data_is_personal() -> None:
    assert marked(ObjectTypeDefinitionNode) == set(read())
    assert set(read()) >= {("Order", "address"), ("Invitation", "email")}


def test_an_input_is_marked_if_and_only_if_its_mutation_keeps_personal_data() -> None:
    mutations = PROMISED.graphql.mutation_type
    assert mutations is not None
    keeping = {
        get_named_type(mutations.fields[name].args["input"].type).name
        for name, mutation in PROMISED.mutations.items()
        if keeps(mutation.operation)
    }
    assert {type_ for type_, _ in marked(InputObjectTypeDefinitionNode)} == keeping
    assert keeping >= {"ChangeAddressInput", "InviteMemberInput", "RecordOrderInput"}


def test_no_field_shows_personal_data_without_writing_down_that_it_was_read() -> None:
    sources = [source for view in PROMISED.views.values() for source in view.fields.values()]
    loaders = [source.load for source in sources if isinstance(source, Computed)]
    assert [load.__name__ for load in loaders if personal.by_owners.__name__ in named_in(load)] == []


def test_personal_data_has_one_door() -> None:
    """So that no other statement can show any of it unmarked."""
    files = [path for package in ("api", "domain", "storage") for path in (ROOT / package).rglob("*.py")]
    assert {path for path in files if TABLE.search(path.read_text("utf-8"))} == {ONLY_DOOR}
