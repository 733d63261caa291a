"""Pages of lists that a loader answers by itself: what was asked for, and the connection of what was found.

Most lists are declared as views and paged by the read engine. What is no row of a tenant (places) or is ordered by
where the client stands (the nearest service points) is paged here, under the same words: `first` or `last`, `after`
and `before`, cursors that belong to one list.

Law: a loader asks for one more than the page holds, in the page's direction; `connected` takes that one off again.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final, Generic, TypeVar

import orjson

from domain.errors import Conflict, ErrorCode, Invalid, Problem

T = TypeVar("T")

PAGE_MAX: Final = 100
"""Of one answer: as many as a page of any other list."""
MARK_BYTES: Final = 6
CURSOR_CHARACTERS_MAX: Final = 400


@dataclass(frozen=True, slots=True)
class PageInfo:
    """Where a page lies in its list; see `api.schema.connection.PageInfo`."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@dataclass(frozen=True, slots=True)
class Edge(Generic[T]):
    """One place in a list, and what stands there."""

    cursor: str
    node: T


@dataclass(frozen=True, slots=True)
class Connection(Generic[T]):
    """A page of a list."""

    edges: list[Edge[T]]
    nodes: list[T]
    page_info: PageInfo


@dataclass(frozen=True, slots=True)
class Page:
    """The page that is asked for: its size, its direction, and the sort values that it lies between."""

    mark: str
    size: int
    backward: bool
    after: tuple[Any, ...] | None
    before: tuple[Any, ...] | None


def asked(arguments: Mapping[str, Any], kinds: Sequence[type], *of: str) -> Page:
    """The page that the arguments ask for, of the list named by `of` and sorted by values of those kinds.

    Refuses with Invalid neither or both of `first` and `last` and a size out of range, with BAD_CURSOR (Conflict) a
    cursor of another list.
    """
    first, last = arguments.get("first"), arguments.get("last")
    size = first if last is None else last
    if size is None or (first is not None and last is not None):
        raise Invalid(Problem(("first",), "Give either `first` or `last`."))
    if not 1 <= size <= PAGE_MAX:
        raise Invalid(Problem(("first" if last is None else "last",), f"A page has 1 to {PAGE_MAX}."))
    mark = blake2b("|".join(of).encode(), digest_size=MARK_BYTES).hexdigest()
    bounds = [_values(mark, arguments.get(name), kinds, name) for name in ("after", "before")]
    return Page(mark, size, first is None, *bounds)


def connected(page: Page, found: Sequence[T], sorted_by: Callable[[T], Sequence[Any]]) -> Connection[T]:
    """The page of what was found, in the list's order: `found` is in the page's direction, one more where there is."""
    more, kept = len(found) > page.size, list(found[: page.size])
    if page.backward:
        kept.reverse()
    edges = [Edge(_cursor(page.mark, sorted_by(each)), each) for each in kept]
    ends = (edges[0].cursor, edges[-1].cursor) if edges else (None, None)
    follows, precedes = (page.before is not None, more) if page.backward else (more, page.after is not None)
    return Connection(edges, kept, PageInfo(follows, precedes, *ends))


def _cursor(mark: str, values: Sequence[Any]) -> str:
    return urlsafe_b64encode(orjson.dumps([mark, *values])).rstrip(b"=").decode()


def _values(mark: str, text: str | None, kinds: Sequence[type], name: str) -> tuple[Any, ...] | None:
    if text is None:
        return None
    try:
        if len(text) <= CURSOR_CHARACTERS_MAX:
            parts = orjson.loads(urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)))
            if isinstance(parts, list) and parts[:1] == [mark] and [type(each) for each in parts[1:]] == [*kinds]:
                return tuple(parts[1:])
    except (binascii.Error, ValueError):
        pass  # refused below, as a cursor of another list is
    raise Conflict("This list did not give that cursor.", code=ErrorCode.BAD_CURSOR, field=(name,))
