"""Documents are measured exactly, in one pass, whatever they are made of."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import (
    GraphQLError,
    OverlappingFieldsCanBeMergedRule,
    build_schema,
    get_introspection_query,
    parse,
    validate,
)
from hypothesis import given, settings
from hypothesis import strategies as some

from api import limits
from api.limits import Circle, Exceeded, Measure
from api.overlap import FieldsAgreeRule

SCHEMA = build_schema("""
    interface Node { id: ID! }
    type Query {
      claim(id: ID!): Claim
      claims(first: Int, last: Int): ClaimConnection!
      nodes(ids: [ID!]!): [Node]!
      node(id: ID!): Node
    }
    type Mutation { openClaim(input: String): Claim }
    type Claim implements Node { id: ID! state: String age: Int order: Order amount: Money findings: [Finding!]! }
    type Order implements Node {
      id: ID! state: Int age: Int claims(first: Int, last: Int): ClaimConnection! claim: Claim
    }
    type Money { amount: String currency: String }
    type Finding { rule: String because: [Finding!]! }
    type ClaimConnection { nodes: [Claim!]! edges: [ClaimEdge!]! totalCount: Int pageInfo: PageInfo! }
    type ClaimEdge { node: Claim! cursor: String! }
    type PageInfo { hasNextPage: Boolean! }
""")


def measure(text: str) -> Measure:
    """What the only operation of the document comes to."""
    (found,) = limits.measures(limits.read(text), SCHEMA).values()
    return found


def cost(text: str, **variables: Any) -> int:
    return measure(text).cost.of(variables)


def doubling(levels: int) -> str:
    """A document whose fragments each spread the one before twice: 2^levels fields in a few words per level."""
    fragments = "".join(f"fragment f{n} on Query{{...f{n - 1} ...f{n - 1}}}" for n in range(1, levels + 1))
    return f"{{...f{levels}}}fragment f0 on Query{{claims(first:1){{nodes{{id}}}}}}{fragments}"


# -- how much it is ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "depth", "fields", "aliases", "directives"),
    [
        ("{claim(id:1){id}}", 2, 2, 0, 0),
        ("{a:claim(id:1){b:id c:state}}", 2, 3, 3, 0),
        ("{claim(id:1)@include(if:true){id @skip(if:false) order{id}}}", 3, 4, 0, 2),
        ("{...on Query{claim(id:1){...{id}}}}", 2, 2, 0, 0),
        ("{claim(id:1){...f ...f}} fragment f on Claim{order{id}}", 3, 5, 0, 0),
        ("{claim(id:1){...f @skip(if:true)}} fragment f on Claim @a{order{x:id @b}}", 3, 3, 1, 3),
        (
            "{claim{order{...g}}...r}fragment g on Order{claim{...f}}fragment f on Claim{id}fragment r on Query{a}",
            4, 5, 0, 0,
        ),
        ("{unknown{field}}", 2, 2, 0, 0),
    ],
)  # fmt: skip
def test_spreads_count_as_if_they_were_written_out(
    text: str, depth: int, fields: int, aliases: int, directives: int
) -> None:
    found = measure(text)
    assert (found.depth, found.fields, found.aliases, found.directives) == (depth, fields, aliases, directives)


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("{claim(id:1){id state}}", 1),
        ("{claim(id:1){amount{amount} order{id}}}", 2),
        ("{claims(first:50){nodes{id}}}", 51),
        ("{claims(last:5){edges{cursor node{id}}pageInfo{hasNextPage}}}", 6),
        ("{claims(first:50){nodes{order{id}} totalCount}}", 1 + 50 * 2 + limits.COUNT_COST),
        ("{claims(first:50){nodes{order{claims(first:4){nodes{id}}}}}}", 1 + 50 * (2 + 1 + 4)),
        ("{claims{nodes{id}}}", 1 + limits.PAGE_MAX),
        ("{claims(first:1000000000000){nodes{id}}}", 1 + limits.PAGE_MAX),
        ("{claims(first:-5){nodes{id}}}", 1),
        ("{nodes(ids:[1,2,3]){id}}", 3),
        ("{claim(id:1){findings{rule because{rule}}}}", 1 + limits.LIST_SIZE * (1 + limits.LIST_SIZE)),
        ("{__schema{types{name}}}", limits.INTROSPECTION_COST),
        ("mutation{openClaim{id}}", 1 + limits.MUTATION_COST),
        ("mutation{a:openClaim{id} b:openClaim{id}}", 2 * (1 + limits.MUTATION_COST)),
        (
            "{claims(first:10){...page}} fragment page on ClaimConnection{nodes{...f}} fragment f on Claim{order{id}}",
            21,
        ),
    ],
)
def test_objects_cost_one_and_lists_as_much_as_their_page(text: str, points: int) -> None:
    assert cost(text) == points


@pytest.mark.parametrize(
    ("variables", "points"),
    [
        ({"n": 7}, 8),
        ({}, 4),
        ({"n": None}, 101),
        ({"n": 10**30}, 101),
        ({"n": "7"}, 101),
        ({"n": True}, 101),
        ({"n": -1}, 1),
    ],
)
def test_a_page_size_may_come_from_a_variable(variables: dict[str, Any], points: int) -> None:
    assert cost("query($n:Int=3){claims(first:$n){nodes{id}}}", **variables) == points


def test_variables_multiply_through_nested_pages_and_fragments() -> None:
    nested = "fragment p on ClaimConnection{nodes{order{claims(last:$m){nodes{id}}}}}"
    text = f"query($n:Int,$m:Int){{claims(first:$n){{...p}}}} {nested}"
    assert cost(text, n=10, m=4) == 1 + 10 * (2 + 1 + 4)
    assert cost("query($i:[ID!]!){nodes(ids:$i){id}}", i=["a", "b"]) == 2


def test_the_introspection_query_is_within_every_limit() -> None:
    found = measure(get_introspection_query(specified_by_url=True, input_value_deprecation=True))
    assert not list(found.exceeded())
    assert found.depth == 1


# -- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{claim(id:1){" + "order{claim{" * 6 + "id" + "}}" * 6 + "}}", "operation is 14 levels deep"),
        ("{claim(id:1){" + "id " * limits.FIELDS_MAX + "}}", "fields"),
        ("{" + "".join(f"a{n}:__typename " for n in range(limits.ALIASES_MAX + 1)) + "}", "aliases"),
        ("{" + "__typename @skip(if:false) " * (limits.DIRECTIVES_MAX + 1) + "}", "directives"),
        ("{__schema{types{fields{type{fields{type{fields{type{fields{name}}}}}}}}}}", "introspection"),
    ],
)
def test_each_limit_refuses_with_its_own_sentence(text: str, words: str) -> None:
    assert any(words in sentence for sentence in measure(text).exceeded())


def test_at_the_limit_is_not_beyond_it() -> None:
    assert not list(measure("{claim(id:1){" + "id " * (limits.FIELDS_MAX - 1) + "}}").exceeded())
    assert not list(measure("{" + "".join(f"a{n}:__typename " for n in range(limits.ALIASES_MAX)) + "}").exceeded())
    assert not list(measure("{claim(id:1){" + "order{claim{" * 5 + "id" + "}}" * 5 + "}}").exceeded())


@pytest.mark.parametrize("levels", [1, 10, 100, 200])
def test_fragments_that_double_are_counted_exactly(levels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TOKENS_MAX", 10_000)
    found = measure(doubling(levels))
    assert found.fields == 3 * 2**levels
    assert found.cost.fixed == 2 * 2**levels
    assert bool(list(found.exceeded())) == (levels > 8)


def test_fragments_that_double_under_variable_pages_do_not_multiply_the_work() -> None:
    inner = "".join(
        f"fragment f{n} on Claim{{order{{claims(first:$n){{nodes{{...f{n + 1} ...f{n + 1}}}}}}}}}" for n in range(40)
    )
    found = measure("query($n:Int){claim(id:1){...f0}}" + inner + "fragment f40 on Claim{id}")
    assert list(found.exceeded())
    assert found.fields > 2**40


@pytest.mark.parametrize(
    "text",
    [
        "{...a} fragment a on Query{...a}",
        "{...a} fragment a on Query{...b} fragment b on Query{claim(id:1){...c}} fragment c on Claim{...{...a}}",
        "{__typename} fragment a on Query{...b} fragment b on Query{...a}",
    ],
)
def test_a_circle_of_fragments_is_refused_before_it_is_walked(text: str) -> None:
    with pytest.raises(Circle):
        measure(text)


@pytest.mark.parametrize(
    "text",
    [
        "{" + "a " * limits.TOKENS_MAX + "}",
        "{claim(id:1)" + "{order{claim" * 600,
        "{nodes(ids:" + "[" * 900 + "]" * 900 + "){id}}",
    ],
)
def test_too_many_tokens_and_endless_nesting_are_refused_while_parsing(text: str) -> None:
    with pytest.raises(Exceeded):
        limits.read(text)


def test_the_character_the_database_cannot_hold_is_refused_in_literals() -> None:
    with pytest.raises(GraphQLError):
        limits.read('{claim(id:"a\\u0000b"){id}}')
    assert limits.read('{claim(id:"a\\u00e9b"){id}}').definitions


def test_an_operation_that_is_too_dear_is_told_so() -> None:
    assert limits.too_dear(limits.COST_MAX) is None
    assert f"{limits.COST_MAX + 1:,}" in (limits.too_dear(limits.COST_MAX + 1) or "")


# -- fields that share a name ------------------------------------------------------------------------------------------

PIECES = [
    "id", "state", "x:id", "x:state", "x:age", "age", "order{id}", "x:order{id}", "order{x:id}", "order{x:age}",
    "amount{amount}", "claims(first:1){nodes{id}}", "claims(first:2){nodes{id}}", "x:claims(first:1){nodes{id}}",
    "...on Claim{x:state}", "...on Order{x:state}", "...on Order{x:age}", "...on Claim{order{x:id}}",
    "...on Order{claim{x:id}}", "...on Claim{order{...on Node{x:id}}}", "...F", "...G", "claim{x:state}",
    "claim{...F}", "order{...G}",
]  # fmt: skip
TAIL = " fragment F on Claim{x:id order{y:age}} fragment G on Order{x:age claim{y:id}}"


@settings(max_examples=300, deadline=None)
@given(
    some.sampled_from(["claim(id:1)", "node(id:1)", "claim(id:1){order"]),
    some.lists(some.sampled_from(PIECES), min_size=1, max_size=6),
    some.lists(some.sampled_from(PIECES), max_size=3),
)
def test_the_linear_rule_agrees_with_the_specifications_own(root: str, pieces: list[str], more: list[str]) -> None:
    end = "}}" if "{" in root else "}"
    second = f"{root}{{{' '.join(more)}{end}" if more else ""
    document = parse(f"{{{root}{{{' '.join(pieces)}{end} {second}}}{TAIL}")
    ours = validate(SCHEMA, document, [FieldsAgreeRule])
    theirs = validate(SCHEMA, document, [OverlappingFieldsCanBeMergedRule])
    assert bool(ours) == bool(theirs), (ours, theirs)


def test_many_copies_of_a_field_are_within_reach() -> None:
    document = parse("{" + "claim(id:1){id} " * 300 + "}")
    assert validate(SCHEMA, document, [FieldsAgreeRule]) == []


CROSSING = build_schema(
    "interface N{id:ID n:N} type Query{n:N}" + "".join(f" type T{n} implements N{{id:ID n:N}}" for n in range(8))
)


def crossing(levels: int) -> str:
    """At each level a field of the interface, and of each of eight types that implement it."""
    text = "id"
    for _ in range(levels):
        text = f"n{{{text}}}" + "".join(f" ...on T{n}{{n{{id}}}}" for n in range(8))
    return f"{{n{{{text}}}}}"


def test_types_that_cross_at_every_level_end_in_a_refusal() -> None:
    assert validate(CROSSING, parse(crossing(2)), [FieldsAgreeRule]) == []
    with pytest.raises(Exceeded):
        validate(CROSSING, parse(crossing(8)), [FieldsAgreeRule])
