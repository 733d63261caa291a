"""The words in which a view is declared. The read engine (`api/reads/`) turns declarations into statements.

Laws: a type has one view, a view one table (always with `tenant_id` and `id`) and one visibility predicate per kind of
viewer; a kind without a predicate sees no row. Only declared fields can be read. In every SQL text `{t}` stands for the
row's alias, `{party}` for the viewer's party id (a bound parameter), `{v}` for a filter's value (bound as well), and in
filters `{actor}` for the key or member that asks. The engine adds `{t}.tenant_id = <tenant>` to every statement by
itself.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final

from domain.access import Caller, ViewerKind
from domain.ids import (
    BODY_CHARACTERS,
    KINDS,
    ApiKeyId,
    BuyerId,
    Id,
    MemberId,
    ProviderId,
    SupplierId,
    is_id,
)

Sql = str | Mapping[ViewerKind, str]
"""One expression for all kinds of viewer, or one per kind; a kind that is left out reads NULL."""

EVERYONE = frozenset(ViewerKind)


@dataclass(frozen=True, slots=True)
class Value:
    """A scalar or enum: an SQL expression over the row. `shown_to` says who may select it; others read null."""

    sql: Sql
    shown_to: frozenset[ViewerKind] = EVERYONE


@dataclass(frozen=True, slots=True)
class Amount:
    """A Money: minor units and currency, two expressions over the row. Null where the minor units are null."""

    minor: str
    currency: str = "{t}.currency"
    shown_to: frozenset[ViewerKind] = EVERYONE


@dataclass(frozen=True, slots=True)
class One:
    """The one row of another type whose id is `key`. `type` may be a union or interface: the id tells which."""

    type: str
    key: str
    shown_to: frozenset[ViewerKind] = EVERYONE


@dataclass(frozen=True, slots=True)
class Many:
    """A connection to the rows of another type whose column `by` holds this row's id.

    `order` names the target view's sort used when the client gives none; the client's `filter` and `orderBy` arguments
    (where the field has them) are those of the target view.
    """

    type: str
    by: str
    order: str
    shown_to: frozenset[ViewerKind] = EVERYONE


Row = Mapping[str, Any]
"""What a loader gets of a row: `id` and the columns it needs, by name."""

Loader = Callable[[Any, Sequence[Row], Caller, datetime, Mapping[str, Any]], Awaitable[Sequence[Any]]]
"""(connection, rows, viewer, at, arguments by snake-case name) -> one value per row, in the order of the rows."""


@dataclass(frozen=True, slots=True)
class Computed:
    """A value that a pure domain function makes of the row: `load` fetches what it needs for all rows at once.

    `needs` names the columns of the view's table that the rows carry (`id` always). Values are scalars, enums, lists,
    Money, or dataclasses whose attributes are the GraphQL fields in snake case; an attribute whose GraphQL type has a
    view of its own holds that thing's id (or a list of ids), and the engine reads it.
    """

    load: Loader
    needs: tuple[str, ...] = ()
    shown_to: frozenset[ViewerKind] = EVERYONE


Field = Value | Amount | One | Many | Computed


@dataclass(frozen=True, slots=True)
class Sort:
    """A sort order that clients may name: its expressions, each True for descending.

    `id` is always added last, in the direction of the last expression. Expressions are NOT NULL and use leakproof
    comparisons only (a test reads pg_proc).
    """

    by: tuple[tuple[Sql, bool], ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that clients may use: a predicate over the row and the value `{v}`, with the value's Postgres type.

    Per kind of viewer where the truth is masked; a kind that is left out may not use the filter (typed refusal).
    """

    sql: Sql
    type: str = "text"


IdClass = type[Id]

PARTY: Final = (BuyerId, SupplierId, ProviderId)
ACTOR: Final = (MemberId, ApiKeyId)
SEVERAL: Final[Mapping[str, tuple[IdClass, ...]]] = {
    "partyId": PARTY,
    "liablePartyId": (SupplierId, ProviderId),
    "assigneeId": ACTOR,
    "reviewerId": ACTOR,
    "subjectId": tuple(KINDS.values()),
    "causeId": tuple(KINDS.values()),
}
"""The filters that take ids of several kinds, or of a kind that they are not named after."""

FROM: Final = "From"
UNTIL: Final = ("To", "Until", "Before")
"""How the names of filters end that are the two ends of a range."""


@cache
def kinds_of_id(filter_name: str) -> tuple[IdClass, ...]:
    """What ids a filter of that name takes; none where it takes no ids. Refuses (LookupError) what is not declared."""
    if not filter_name.endswith("Id"):
        return ()
    named = f"{filter_name[0].upper()}{filter_name[1:]}"
    return SEVERAL.get(filter_name) or (next(kind for kind in KINDS.values() if kind.__name__ == named),)


def misfits(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each filter whose value fits no row, whatever there is, with why: no id of its kind, an end before its start."""
    for name, value in given.items():
        kinds = kinds_of_id(name)
        if kinds and not (is_id(value) and value[:3] in {kind.prefix for kind in kinds}):
            begins = (
                " or ".join(f"{kind.prefix}_" for kind in kinds) if len(kinds) <= len(PARTY) else "three letters and _"
            )
            yield name, f"such an id is {begins} and {BODY_CHARACTERS} characters"
        if name.endswith(FROM):
            for end in (f"{name.removesuffix(FROM)}{until}" for until in UNTIL):
                if given.get(end) is not None and given[end] < value:
                    yield name, f"`{end}` comes before it"


@dataclass(frozen=True, slots=True)
class View:
    """Where a GraphQL type comes from and who may see a row of it."""

    type: str
    table: str
    visible: Mapping[ViewerKind, str]
    fields: Mapping[str, Field]
    sorts: Mapping[str, Sort] = field(default_factory=dict)
    filters: Mapping[str, Filter] = field(default_factory=dict)
    ids: IdClass | None = None
    """The class of its ids; by default the one named after the type: `ClaimId` for `Claim`."""

    @property
    def prefix(self) -> str:
        """What its ids begin with. Refuses a type that no class of ids is named after with ValueError."""
        ids = self.ids or next((kind for kind in KINDS.values() if kind.__name__ == f"{self.type}Id"), None)
        if ids is None:
            raise ValueError(f"the view of {self.type} must name the class of its ids")
        return ids.prefix


@dataclass(frozen=True, slots=True)
class Point:
    """A root field that reads one row by its argument `id` (`claim(id:)`)."""

    type: str


Saved = Callable[[Any, Caller, str], Awaitable[Mapping[str, Any]]]
"""(connection, viewer, id) -> conditions that were saved, by the names of the view's filters. Refuses with NotFound."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A root connection over all visible rows of a type (`claims(first:, filter:, orderBy:)`).

    Where it has `saved`, its argument `savedFilter` names conditions that add to those of `filter`.
    """

    type: str
    order: str
    saved: Saved | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A root field computed from its arguments alone: `load` gets no rows and returns a sequence of one value.

    A value of a type with a view is that thing's id (or a list of ids), and the engine reads it.
    """

    load: Loader
    shown_to: frozenset[ViewerKind] = EVERYONE


Root = Point | Listing | Answer


def column(name: str, shown_to: frozenset[ViewerKind] = EVERYONE) -> Value:
    """The column of that name."""
    return Value(f"{{t}}.{name}", shown_to)


def columns(*names: str) -> dict[str, Value]:
    """Fields that are columns of the same name: `columns("openedAt")` reads `opened_at`."""
    return {name: column(snake(name)) for name in names}


def snake(name: str) -> str:
    """The column or attribute name of a GraphQL field name."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
