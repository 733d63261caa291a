"""What is deprecated says what to use instead and until when it stays: a year's notice that a client can read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
)

from tests.promised import whole_contract

NOTICE = re.compile(r"\S.* until (\d{4}-\d{2}-\d{2})")


def notices(schema: GraphQLSchema) -> Iterator[tuple[str, str]]:
    """Coordinate and reason of everything deprecated."""
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in type_.fields.items():
                yield from said(f"{type_.name}.{name}", field.deprecation_reason)
                for argument, taken in field.args.items():
                    yield from said(f"{type_.name}.{name}({argument}:)", taken.deprecation_reason)
        elif isinstance(type_, GraphQLInputObjectType):
            for name, given in type_.fields.items():
                yield from said(f"{type_.name}.{name}", given.deprecation_reason)
        elif isinstance(type_, GraphQLEnumType):
            for name, value in type_.values.items():
                yield from said(f"{type_.name}.{name}", value.deprecation_reason)


def said(coordinate: str, reason: str | None) -> Iterator[tuple[str, str]]:
    """The two, if a reason was given."""
    if reason is not None:
        yield coordinate, reason


def undated(schema: GraphQLSchema) -> list[str]:
    """The coordinates of what is deprecated without a day, or until one that no calendar has."""
    return [coordinate for coordinate, reason in notices(schema) if not dated(reason)]


def dated(reason: str) -> bool:
    """True if the reason ends in a day until which the thing stays."""
    notice = NOTICE.fullmatch(reason)
    try:
        return notice is not None and bool(date.fromisoformat(notice[1]))
    except ValueError:
        return False


def test_every_deprecation_says_until_when() -> None:
    assert undated(whole_contract().graphql) == []


def test_a_deprecation_without_its_day_is_found_wherever_it_stands() -> None:
    until = '@deprecated(reason: "Use good, until 2027-11-30")'
    schema = build_schema(
        f"""
        type Query {{ good(new: Int, old: Int {until}): E old: Int {until} bad(in: I, x: Int @deprecated): Int }}
        type Other {{ a: Int @deprecated(reason: "until 2027-11-30") b: Int @deprecated(reason: "Use a") }}
        input I {{ a: Int @deprecated(reason: "Use b, until 2027-02-30") b: Int }}
        enum E {{ A @deprecated(reason: "Use B, until autumn") B }}
        """
    )
    assert undated(schema) == ["Query.bad(x:)", "Other.a", "Other.b", "I.a", "E.A"]
