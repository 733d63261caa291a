"""The views promise what the types promise: same fields, same kinds of fields; and Postgres can keep it fast."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
)

from api.reads.plan import per_kind
from api.schema.schema import Contract
from domain.access import ViewerKind
from storage.views import view as v
from tests.promised import whole_contract

PROMISED: Contract = whole_contract()
VIEWS = sorted(PROMISED.views)


def type_of(name: str) -> GraphQLObjectType:
    type_ = PROMISED.graphql.type_map[name]
    assert isinstance(type_, GraphQLObjectType)
    return type_


def lists() -> Iterator[tuple[str, GraphQLField, v.View, str]]:
    """Every connection: coordinate, GraphQL field, target view, default order."""
    query = PROMISED.graphql.query_type
    assert query is not None
    for name, root in PROMISED.roots.items():
        if isinstance(root, v.Listing):
            yield f"Query.{name}", query.fields[name], PROMISED.views[root.type], root.order
    for of, view in PROMISED.views.items():
        for name, field in view.fields.items():
            if isinstance(field, v.Many):
                yield f"{of}.{name}", type_of(of).fields[name], PROMISED.views[field.type], field.order


LISTS = {coordinate: (field, view, order) for coordinate, field, view, order in lists()}


@pytest.mark.parametrize("name", VIEWS)
def test_a_type_and_its_view_have_the_same_fields(name: str) -> None:
    assert type_of(name).fields.keys() == PROMISED.views[name].fields.keys()


def test_every_query_field_has_its_root() -> None:
    query = PROMISED.graphql.query_type
    assert query is not None
    assert query.fields.keys() == PROMISED.roots.keys() | {"node", "nodes"}


def test_prefixes_tell_types_apart() -> None:
    prefixes = [view.prefix for view in PROMISED.views.values()]
    assert len(prefixes) == len(set(prefixes))


@pytest.mark.parametrize("name", VIEWS)
def test_a_field_is_of_the_sort_its_view_declares(name: str) -> None:
    for field_name, declared in PROMISED.views[name].fields.items():
        shown = type_of(name).fields[field_name]
        named = get_named_type(shown.type)
        where = f"{name}.{field_name}"
        match declared:
            case v.Value():
                assert is_leaf_type(named), where
                hidden = {kind for kind in ViewerKind if per_kind(declared.sql, kind) is None}
                assert not hidden or not isinstance(shown.type, GraphQLNonNull), f"{where} reads null for {hidden}"
            case v.Amount():
                assert named.name == "Money", where
            case v.One():
                assert named.name == declared.type, where
            case v.Many():
                assert named.name == f"{declared.type}Connection", where
            case v.Computed():
                assert not named.name.endswith("Connection"), where
        if declared.shown_to != v.EVERYONE:
            assert not isinstance(shown.type, GraphQLNonNull), f"{where} is hidden from some, so it must be nullable"


@pytest.mark.parametrize("coordinate", sorted(LISTS))
def test_a_list_offers_the_filters_and_orders_of_its_view(coordinate: str) -> None:
    field, view, order = LISTS[coordinate]
    assert order in view.sorts
    assert all(isinstance(sql, str) for sql, _ in view.sorts[order].by), "everybody must be able to use the default"
    assert {"first", "after", "last", "before"} <= field.args.keys()
    if "filter" in field.args:
        given = get_named_type(field.args["filter"].type)
        assert isinstance(given, GraphQLInputObjectType)
        assert given.fields.keys() <= view.filters.keys()
        assert not any(isinstance(member.type, GraphQLNonNull) for member in given.fields.values())
    if "orderBy" in field.args:
        orders = get_named_type(field.args["orderBy"].type)
        assert isinstance(orders, GraphQLEnumType)
        assert orders.values.keys() <= view.sorts.keys()


# -- what Postgres makes of it


def seen(sql: str) -> str:
    """The expression over a table called t, for some party."""
    return sql.replace("{t}", "t").replace("{party}", "'buy_x'::text").replace("{actor}", "'key_x'::text")


def sorted_by(view: v.View) -> Iterator[tuple[str, str]]:
    for name, sort in view.sorts.items():
        for sql, _ in sort.by:
            for kind in [None] if isinstance(sql, str) else list(sql):
                expression = per_kind(sql, kind or ViewerKind.STAFF)
                assert expression is not None
                yield f"{view.type} sorted by {name}", seen(expression)


@pytest.mark.parametrize("name", VIEWS)
async def test_every_expression_of_every_kind_is_understood(name: str, owner: asyncpg.Pool[Any]) -> None:
    view = PROMISED.views[name]
    expressions = [seen(predicate) for predicate in view.visible.values()]
    for field in view.fields.values():
        if isinstance(field, v.Value):
            expressions += [seen(sql) for sql in ([field.sql] if isinstance(field.sql, str) else field.sql.values())]
        elif isinstance(field, v.Amount):
            expressions += [seen(field.minor), seen(field.currency)]
        elif isinstance(field, v.One):
            expressions.append(seen(field.key))
        elif isinstance(field, v.Computed):
            expressions += [f"t.{need}" for need in field.needs]
    for declared in view.filters.values():
        texts = [declared.sql] if isinstance(declared.sql, str) else list(declared.sql.values())
        expressions += [seen(text).replace("{v}", f"NULL::{declared.type}") for text in texts]
    expressions += [expression for _, expression in sorted_by(view)]
    for expression in expressions:
        await owner.fetch(f"SELECT {expression} FROM {view.table} t WHERE t.tenant_id = 'ten_x' AND t.id = 'x'")


@pytest.mark.parametrize("name", VIEWS)
async def test_sort_keys_are_never_null_and_compare_leakproof(name: str, owner: asyncpg.Pool[Any]) -> None:
    view = PROMISED.views[name]
    for where, expression in sorted_by(view):
        type_ = await owner.fetchval(
            f"SELECT pg_typeof({expression})::text FROM (SELECT) one LEFT JOIN {view.table} t ON false"
        )
        for sign in ("=", "<", ">"):
            leakproof = await owner.fetchval(
                "SELECT p.proleakproof FROM pg_operator o JOIN pg_proc p ON p.oid = o.oprcode"
                " WHERE o.oprname = $1 AND o.oprleft = $2::text::regtype AND o.oprright = $2::text::regtype",
                sign,
                "text" if type_ == "character varying" else type_,
            )
            assert leakproof, f"{where}: {type_} {sign} {type_} leaks"
        column = re.fullmatch(r"t\.(\w+)", expression)
        if column is not None:
            assert await owner.fetchval(
                "SELECT attnotnull FROM pg_attribute WHERE attrelid = $1::text::regclass AND attname = $2",
                view.table,
                column[1],
            ), f"{where}: {expression} may be null"


OPERATOR = re.compile(r"(<=|>=|<>|=|<|>|&&|@>|<@|~~?\*?|LIKE|ILIKE)")
LEAKPROOF_SIGNS = frozenset({"=", "<", ">", "<=", ">=", "<>"})


@pytest.mark.parametrize("name", VIEWS)
async def test_filters_compare_leakproof(name: str, owner: asyncpg.Pool[Any]) -> None:
    """The operators that each filter's plan would use, read off the parsed expression."""
    view = PROMISED.views[name]
    for filter_name, declared in view.filters.items():
        for text in [declared.sql] if isinstance(declared.sql, str) else declared.sql.values():
            signs = set(OPERATOR.findall(text))
            assert signs <= LEAKPROOF_SIGNS, f"{view.type} filtered by {filter_name}: {signs - LEAKPROOF_SIGNS}"
        base = declared.type.removesuffix("[]")
        leaking = await owner.fetch(
            "SELECT o.oprname FROM pg_operator o JOIN pg_proc p ON p.oid = o.oprcode WHERE o.oprname = ANY($1)"
            " AND o.oprleft = $2::text::regtype AND o.oprright = $2::text::regtype AND NOT p.proleakproof",
            sorted(LEAKPROOF_SIGNS),
            base,
        )
        assert not leaking, f"{view.type} filtered by {filter_name}: {base} compares with leaking operators"
