"""Relay connections and the words that declare them: `point`, `listing`, `connection`.

A page asks for `first` or `last` (1 to 100, one of them required). Cursors are opaque, versioned and belong to one list
in one order; any other is refused with BAD_CURSOR. Nothing here reads: `storage/views/` says where rows come from.
"""

from typing import Any, Final, Generic, TypeVar

import strawberry

from api.schema.arguments import Argument, field

PAGE_MAX: Final = 100
"""The largest page. A client that wants more asks again with the end cursor."""

COUNT_MAX: Final = 10_000
"""Beyond this many rows `totalCount` is null: counting further costs more than the number is worth."""

T = TypeVar("T")


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    """Relay's page information."""

    has_next_page: bool = strawberry.field(
        description="Whether more follows. When paging backwards: whether the page was bounded by `before`."
    )
    has_previous_page: bool = strawberry.field(
        description="Whether more precedes. When paging forwards: whether the page was bounded by `after`."
    )
    start_cursor: str | None = strawberry.field(description="The cursor of the first edge; null on an empty page.")
    end_cursor: str | None = strawberry.field(description="The cursor of the last edge; null on an empty page.")


@strawberry.type(description="One place in a list, and what stands there.")
class Edge(Generic[T]):
    """Relay's edge."""

    cursor: str = strawberry.field(description="Opaque; good for `after` and `before` in this list in this order only.")
    node: T = strawberry.field(description="What stands at this place.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    """Relay's connection, with the nodes also without their edges."""

    edges: list[Edge[T]] = strawberry.field(description="The page, each thing with its cursor.")
    nodes: list[T] = strawberry.field(description="The page, without cursors.")
    page_info: PageInfo = strawberry.field(description="Where the page lies in its list.")
    total_count: int | None = strawberry.field(
        description=f"How many things the list has under its filter; null when more than {COUNT_MAX:,}."
    )


def paging(filter: Any = None, order: Any = None) -> tuple[Argument, ...]:  # noqa: A002 - the argument's GraphQL name
    """The arguments of a connection: page, and filter and order where the list has them."""
    arguments = [
        Argument("first", int | None, f"The page size, from the front: 1 to {PAGE_MAX}. Either this or `last`."),
        Argument("after", str | None, "Only what comes after this cursor."),
        Argument("last", int | None, f"The page size, from the back: 1 to {PAGE_MAX}. Either this or `first`."),
        Argument("before", str | None, "Only what comes before this cursor."),
    ]
    if filter is not None:
        arguments.append(Argument("filter", filter | None, "Only what meets all of these conditions."))
    if order is not None:
        arguments.append(Argument("order_by", order | None, "The order of the list."))
    return tuple(arguments)


def point(description: str, *, of: str = "thing") -> Any:
    """A root field `name(id: ID!)` that shows one thing, or null when there is none for the viewer.

    Its root in `storage/views/` is a `Point`; a malformed id is an error of code INVALID, not null alone.
    """
    return field(description, Argument("id", strawberry.ID, f"The id of the {of}."))


def listing(
    description: str,
    *,
    filter: Any = None,  # noqa: A002
    order: Any = None,
    more: tuple[Argument, ...] = (),
) -> Any:
    """A root connection over all things of a type that the viewer may see. Its root in `storage/views/` is a `Listing`.

    `filter` is an input type whose fields name the view's filters, `order` an enum whose members name its sorts; `more`
    are arguments beside those of every list.
    """
    return field(description, *paging(filter, order), *more)


def connection(
    description: str,
    *,
    filter: Any = None,  # noqa: A002
    order: Any = None,
) -> Any:
    """A connection from a thing to others. Its field in `storage/views/` is a `Many`."""
    return field(description, *paging(filter, order))
