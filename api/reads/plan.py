"""What a plan is made of: the rows that statements read, and how a response is made of them.

Two worlds meet here. In the *row* world a selection over a view is a set of columns, joins and further statements. In
the *value* world (computed fields, payloads, events, answers) Python values are completed; where a value stands for a
thing with a view it is an id, and the thing is read like any other row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from api.reads.variables import Arguments
from domain.access import ViewerKind
from storage.views.view import Computed, Loader, Saved, Sql, View

Write = Callable[[Any], Any]
"""Turns a column's value into what JSON holds."""


# -- rows


@dataclass(slots=True, eq=False)
class Rows:
    """Rows of one view, read by one statement with their to-one relations joined in."""

    view: View
    kind: ViewerKind
    slot: int
    """Where a run keeps what the statement found."""
    columns: dict[str, int] = field(default_factory=dict)
    """SQL expression over the aliases -> its place in the row."""
    joins: list[str] = field(default_factory=list)
    aliases: dict[tuple[str, str], str] = field(default_factory=dict)
    """(type, key) -> the alias under which that to-one relation is joined already."""
    dependents: list[ListRows | ComputedValues | ThingsOfRow] = field(default_factory=list)
    """What is read once these rows are known, in this order."""
    statements: dict[Any, Any] = field(default_factory=dict)
    """Statements by the shape of the page."""

    def place(self, expression: str) -> int:
        """The place of that expression in the row."""
        return self.columns.setdefault(expression, len(self.columns))


@dataclass(slots=True, eq=False)
class ThingRows(Rows):
    """Rows of one view by their ids. What a run keeps: id -> row."""

    prefix: str = ""
    id_place: int = 0
    shared: bool = False
    """Whether they are read for a root by id or a mutation's payload, together with those of other requests."""
    shares: dict[str, Any] = field(default_factory=dict)
    """Of those: by tenant, the reads that share a statement."""


@dataclass(slots=True, eq=False)
class ListRows(Rows):
    """A page of rows of one view for each parent row, or for none. What a run keeps: parent's id -> Page."""

    coordinate: str = ""
    """`Claim.events`: whose cursors these are."""
    by: str | None = None
    """The column that holds the parent's id; None for a root."""
    parent_place: int = 0
    """Where the parent's row holds its id."""
    order: str = ""
    """The sort when the client names none."""
    arguments: Arguments | None = None
    page: Any = None
    """The page asked for, once known, where no variable is in play."""
    counted: bool = False
    bounded: bool = False
    """Whether the client asks if there is more beyond the page."""
    pointed: bool = False
    """Whether the client asks for cursors."""
    saved: Saved | None = None
    """Reads the conditions that a client may have saved for this list."""


@dataclass(slots=True, eq=False)
class ComputedValues:
    """One computed field over rows. What a run keeps: row's id -> value, or the exception that the loader raised."""

    slot: int
    computed: Computed
    arguments: Arguments
    convert: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    """GraphQL arguments -> what the loader is given."""
    id_place: int
    needs: tuple[tuple[str, int], ...]
    """Column name -> place in the row."""
    value: Value


@dataclass(slots=True, eq=False)
class ThingsOfRow:
    """A to-one relation that may lead to too many types to join: its ids are read in batches by type."""

    key_place: int
    thing: ThingValue


# -- what is made of a row


@dataclass(slots=True, eq=False)
class Typename:
    """`__typename`."""

    key: str
    name: str


@dataclass(slots=True, eq=False)
class Column:
    """A scalar, an enum or a list of them."""

    key: str
    coordinate: str
    required: bool
    place: int
    write: Write | None


@dataclass(slots=True, eq=False)
class MoneyColumns:
    """A Money of two columns; `parts` are response key and `amount`, `currency` or `__typename`."""

    key: str
    coordinate: str
    required: bool
    minor: int
    currency: int
    parts: tuple[tuple[str, str], ...]


@dataclass(slots=True, eq=False)
class One:
    """A joined relation: the first option whose id is not null."""

    key: str
    coordinate: str
    required: bool
    options: tuple[tuple[int, Shape], ...]


@dataclass(slots=True, eq=False)
class OneThing:
    """A to-one relation read by id."""

    key: str
    coordinate: str
    required: bool
    place: int
    thing: ThingValue


@dataclass(slots=True, eq=False)
class Connected:
    """A connection below a row, or at the root."""

    key: str
    coordinate: str
    required: bool
    rows: ListRows
    parts: tuple[Part, ...]
    make: Any = None
    """The generated function."""


@dataclass(slots=True, eq=False)
class Part:
    """A field of a connection: edges (with its own parts), nodes (with a shape), pageInfo, totalCount, __typename."""

    key: str
    name: str
    parts: tuple[Part, ...] = ()
    shape: Shape | None = None
    type: str = ""


@dataclass(slots=True, eq=False)
class ComputedField:
    """A computed field of a row."""

    key: str
    coordinate: str
    required: bool
    values: ComputedValues


@dataclass(slots=True, eq=False)
class Hidden:
    """A field that this kind of viewer is not shown."""

    key: str
    coordinate: str
    required: bool


RowField = Typename | Column | MoneyColumns | One | OneThing | Connected | ComputedField | Hidden


@dataclass(slots=True, eq=False)
class Shape:
    """What is made of one row of one type."""

    type: str
    fields: tuple[RowField, ...]
    make: Any = None
    """The generated function."""


# -- what is made of a value


@dataclass(slots=True, eq=False)
class LeafValue:
    """A scalar or enum."""

    required: bool
    write: Write


@dataclass(slots=True, eq=False)
class AskedLeaf:
    """A scalar or enum that depends on arguments: the value has a method for it, called with them by name."""

    leaf: LeafValue
    slot: int
    """Where a run keeps the arguments, converted."""
    arguments: Arguments
    convert: Callable[[Mapping[str, Any]], Mapping[str, Any]]

    @property
    def required(self) -> bool:
        """As the scalar says."""
        return self.leaf.required


@dataclass(slots=True, eq=False)
class ListValue:
    """A list."""

    required: bool
    item: Value


@dataclass(slots=True, eq=False)
class ObjectValue:
    """A mapping or an object with attributes. Fields: response key, coordinate, (GraphQL name, attribute), plan.

    A field without a plan is `__typename`.
    """

    required: bool
    type: str
    fields: tuple[tuple[str, str, tuple[str, str], Value | None], ...]
    naming: tuple[tuple[tuple[str, str], Value], ...] | None = None
    """The fields that lead to ids of things (`naming`), once somebody asked."""


@dataclass(slots=True, eq=False)
class AbstractValue:
    """A union or interface of objects without views; the value's `__typename` or the name of its class tells which."""

    required: bool
    types: dict[str, ObjectValue]


@dataclass(slots=True, eq=False)
class ThingValue:
    """The id of a thing with a view; by the id's prefix, how it is read and what is made of it."""

    required: bool
    things: dict[str, tuple[ThingRows, Shape]]


Value = LeafValue | AskedLeaf | ListValue | ObjectValue | AbstractValue | ThingValue


def names_things(plan: Value) -> bool:
    """Whether values of the plan can hold ids of things; most cannot and need not be searched for any."""
    if isinstance(plan, ObjectValue):
        return bool(naming(plan))
    if isinstance(plan, ListValue):
        return names_things(plan.item)
    if isinstance(plan, AbstractValue):
        return any(names_things(each) for each in plan.types.values())
    return isinstance(plan, ThingValue)


def naming(plan: ObjectValue) -> tuple[tuple[tuple[str, str], Value], ...]:
    """The fields of such an object that can hold ids of things: name and attribute, plan."""
    if plan.naming is None:
        plan.naming = tuple((names, below) for _, _, names, below in plan.fields if below and names_things(below))
    return plan.naming


# -- roots


@dataclass(slots=True, eq=False)
class PointRoot:
    """One thing by its id."""

    key: str
    coordinate: str
    arguments: Arguments
    rows: ThingRows
    shape: Shape
    value: ThingValue
    required: bool = False


@dataclass(slots=True, eq=False)
class ValueRoot:
    """A value made of arguments: an `Answer`, `node`, `nodes`, a mutation's payload, an event."""

    key: str
    coordinate: str
    arguments: Arguments
    value: Value
    load: Loader | None = None
    """None: the value is the argument `id` or `ids`, or the engine brings it."""
    convert: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict
    name: str = ""


@dataclass(slots=True, eq=False)
class IntrospectionRoot:
    """`__schema` or `__type`: graphql-core answers."""

    key: str
    nodes: Sequence[Any]
    answer: Any = None
    """What the first of them was answered with, for all of them."""


Root = Typename | PointRoot | Connected | ValueRoot | IntrospectionRoot


@dataclass(slots=True, eq=False)
class Plan:
    """How one operation is answered for one kind of viewer under one outcome of its conditions."""

    roots: tuple[Root, ...]
    slots: int
    lists: tuple[ListRows, ...]
    """Every list, so that all their arguments can be checked before anything is read."""
    loaders: tuple[ComputedValues, ...]
    asked: tuple[AskedLeaf, ...] = ()
    """Every scalar that depends on arguments, for the same reason."""
    point: PointRoot | None = None
    """The only root, where all there is to it is one row."""
    source: str = ""
    """The generated code, for those who want to read it."""


def per_kind(sql: Sql, kind: ViewerKind) -> str | None:
    """The expression for that kind of viewer; None where the kind is left out."""
    return sql if isinstance(sql, str) else sql.get(kind)
