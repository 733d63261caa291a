"""From what a document selects to a plan. Only what a view declares can be planned: everything else is a bug, raised.

A selection is planned once for each concrete type it may meet, for one kind of viewer: which fields that kind is shown
and which expression it sees is decided here, never at run time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    OperationType,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
)

from api.reads import plan as p
from api.reads.complete import instant
from api.reads.document import INTROSPECTION, Document, Operation
from api.reads.inputs import converter
from api.reads.selection import Collector, Fields
from api.reads.variables import Arguments
from api.schema.schema import Contract
from domain.access import ViewerKind
from storage.views import view as v

JOINED_TYPES_MAX: Final = 3
"""A to-one relation with more possible types than this is read by id instead of joined."""

AS_STORED: Final = frozenset(
    {"ID", "String", "Int", "Boolean", "DateTime", "Date", "CountryCode", "CurrencyCode", "RuleCode"}
)
"""Scalars whose columns are written as they come; orjson spells days as the scalar does, and instants in lists."""

MONEY: Final = "Money"
INSTANT: Final = "DateTime"
"""Read as text: asyncpg needs over a microsecond for a datetime, a tenth of one for its text."""
OWN_ROOTS: Final = frozenset({"node", "nodes"})


def plan_operation(
    contract: Contract,
    document: Document,
    operation: Operation,
    kind: ViewerKind,
    conditions: Mapping[str, Any],
) -> p.Plan:
    """The plan of one operation for that kind of viewer when the variables of `@skip` and `@include` are those."""
    return _Planner(contract, Collector(contract.graphql, document.fragments, conditions), kind).operation(operation)


@dataclass(frozen=True, slots=True)
class _Place:
    """A field of a row: where it stands in the response and over which alias of which rows."""

    rows: p.Rows
    alias: str
    key: str
    coordinate: str
    definition: GraphQLField
    nodes: list[FieldNode]

    @property
    def required(self) -> bool:
        return _required(self.definition.type)

    def place(self, sql: str) -> int:
        """The place in the row of a declared expression."""
        return self.rows.place(sql.replace("{t}", self.alias))


def _share(payload: p.Value) -> None:
    """What a payload shows by one row is read together with what other requests read back just then."""
    fields = payload.fields if isinstance(payload, p.ObjectValue) else ()
    for rows, _ in (
        known for *_, value in fields if isinstance(value, p.ThingValue) for known in value.things.values()
    ):
        rows.shared = not rows.dependents


class _Planner:
    """Plans one operation. Slots, lists and loaders are numbered and collected on the way."""

    def __init__(self, contract: Contract, collector: Collector, kind: ViewerKind) -> None:
        self.contract, self.collector, self.kind = contract, collector, kind
        self.schema = contract.graphql
        self.slots = 0
        self.lists: list[p.ListRows] = []
        self.loaders: list[p.ComputedValues] = []
        self.asked: list[p.AskedLeaf] = []

    def slot(self) -> int:
        self.slots += 1
        return self.slots - 1

    # roots

    def operation(self, operation: Operation) -> p.Plan:
        type_ = self.schema.get_root_type(operation.kind)
        assert type_ is not None
        fields = self.collector.fields(type_, [operation.node.selection_set])
        roots = tuple(self.root(operation.kind, type_, key, nodes) for key, nodes in fields.items())
        only = roots[0] if len(roots) == 1 else None
        point = only if isinstance(only, p.PointRoot) and not only.rows.dependents else None
        return p.Plan(roots, self.slots, tuple(self.lists), tuple(self.loaders), tuple(self.asked), point)

    def root(self, kind: OperationType, type_: GraphQLObjectType, key: str, nodes: list[FieldNode]) -> p.Root:
        name = nodes[0].name.value
        if name == "__typename":
            return p.Typename(key, type_.name)
        if name in INTROSPECTION:
            return p.IntrospectionRoot(key, nodes)
        definition, coordinate = type_.fields[name], f"{type_.name}.{name}"
        declared = self.contract.roots[name] if kind is OperationType.QUERY and name not in OWN_ROOTS else None
        if isinstance(declared, v.Point):
            return self.point(key, coordinate, definition, nodes, declared)
        if isinstance(declared, v.Listing):
            view = self.contract.views[declared.type]
            rows = p.ListRows(
                view, self.kind, self.slot(), coordinate=coordinate, order=declared.order, saved=declared.saved
            )
            return self.connected(key, rows, definition, nodes)
        load = declared.load if declared else None
        if declared and self.kind not in declared.shown_to:
            load = _nothing
        arguments, value = Arguments(definition, nodes[0]), self.value(definition.type, nodes)
        if kind is OperationType.MUTATION:
            _share(value)
        return p.ValueRoot(
            key, coordinate, arguments, value, load, converter(definition, self.contract.strawberry.config), name
        )

    def point(
        self, key: str, coordinate: str, definition: GraphQLField, nodes: list[FieldNode], declared: v.Point
    ) -> p.PointRoot:
        type_ = self.object_type(declared.type)
        rows, shape = self.thing(type_, nodes)
        rows.shared = True
        value = p.ThingValue(_required(definition.type), {rows.prefix: (rows, shape)})
        return p.PointRoot(key, coordinate, Arguments(definition, nodes[0]), rows, shape, value, value.required)

    # rows

    def thing(self, type_: GraphQLObjectType, nodes: Iterable[FieldNode]) -> tuple[p.ThingRows, p.Shape]:
        """Rows of that type by id, and what is made of each."""
        view = self.contract.views[type_.name]
        rows = p.ThingRows(view, self.kind, self.slot(), prefix=view.prefix)
        rows.id_place = rows.place("t.id")
        return rows, self.shape(rows, "t", type_, self.collector.below(type_, nodes))

    def shape(self, rows: p.Rows, alias: str, type_: GraphQLObjectType, fields: Fields) -> p.Shape:
        """What is made of the row at that alias."""
        return p.Shape(type_.name, tuple(self.field(rows, alias, type_, key, nodes) for key, nodes in fields.items()))

    def field(self, rows: p.Rows, alias: str, type_: GraphQLObjectType, key: str, nodes: list[FieldNode]) -> p.RowField:
        name = nodes[0].name.value
        if name == "__typename":
            return p.Typename(key, type_.name)
        declared = self.contract.views[type_.name].fields[name]
        at = _Place(rows, alias, key, f"{type_.name}.{name}", type_.fields[name], nodes)
        if self.kind not in declared.shown_to:
            return p.Hidden(key, at.coordinate, at.required)
        match declared:
            case v.Value():
                field: p.RowField = self.column(at, declared)
            case v.Amount():
                field = self.money(at, declared)
            case v.One():
                field = self.one(at, declared)
            case v.Many():
                field = self.many(at, declared)
            case _:
                field = self.computed(at, declared)
        return field

    def column(self, at: _Place, declared: v.Value) -> p.Column | p.Hidden:
        sql = p.per_kind(declared.sql, self.kind)
        if sql is None:
            return p.Hidden(at.key, at.coordinate, at.required)
        if get_nullable_type(at.definition.type) is self.schema.type_map.get(INSTANT):
            return p.Column(at.key, at.coordinate, at.required, at.place(f"({sql})::text"), instant)
        return p.Column(at.key, at.coordinate, at.required, at.place(sql), writer(at.definition.type))

    def money(self, at: _Place, declared: v.Amount) -> p.MoneyColumns:
        parts = self.collector.below(self.object_type(MONEY), at.nodes)
        return p.MoneyColumns(
            at.key,
            at.coordinate,
            at.required,
            at.place(declared.minor),
            at.place(declared.currency),
            tuple((part, found[0].name.value) for part, found in parts.items()),
        )

    def one(self, at: _Place, declared: v.One) -> p.One | p.OneThing:
        types = self.possible(get_named_type(at.definition.type))
        if len(types) > JOINED_TYPES_MAX:
            thing, place = self.things(at.required, types, at.nodes), at.place(declared.key)
            at.rows.dependents.append(p.ThingsOfRow(place, thing))
            return p.OneThing(at.key, at.coordinate, at.required, place, thing)
        options = []
        for type_ in types:
            joined = self.join(at.rows, type_, declared.key.replace("{t}", at.alias))
            shape = self.shape(at.rows, joined, type_, self.collector.below(type_, at.nodes))
            options.append((at.rows.place(f"{joined}.id"), shape))
        return p.One(at.key, at.coordinate, at.required, tuple(options))

    def join(self, rows: p.Rows, type_: GraphQLObjectType, reference: str) -> str:
        """The alias of the visible row of that type with that id, joined in once however often it is selected."""
        alias = rows.aliases.get((type_.name, reference))
        if alias is None:
            alias = rows.aliases[type_.name, reference] = f"j{len(rows.aliases) + 1}"
            view = self.contract.views[type_.name]
            visible = view.visible.get(self.kind, "false").replace("{t}", alias)
            rows.joins.append(
                f"LEFT JOIN {view.table} {alias} ON {alias}.tenant_id = $1 AND {alias}.id = {reference} AND ({visible})"
            )
        return alias

    def many(self, at: _Place, declared: v.Many) -> p.Connected:
        listed = p.ListRows(
            self.contract.views[declared.type],
            self.kind,
            self.slot(),
            coordinate=at.coordinate,
            by=declared.by,
            parent_place=at.place("{t}.id"),
            order=declared.order,
        )
        at.rows.dependents.append(listed)
        return self.connected(at.key, listed, at.definition, at.nodes)

    def computed(self, at: _Place, declared: v.Computed) -> p.ComputedField:
        values = p.ComputedValues(
            self.slot(),
            declared,
            Arguments(at.definition, at.nodes[0]),
            converter(at.definition, self.contract.strawberry.config),
            at.place("{t}.id"),
            tuple((name, at.place(f"{{t}}.{name}")) for name in dict.fromkeys(("id", *declared.needs))),
            self.value(at.definition.type, at.nodes),
        )
        at.rows.dependents.append(values)
        self.loaders.append(values)
        return p.ComputedField(at.key, at.coordinate, at.required, values)

    def connected(self, key: str, rows: p.ListRows, definition: GraphQLField, nodes: list[FieldNode]) -> p.Connected:
        """A connection: every place below it where nodes are selected has a shape of its own over the same rows."""
        self.lists.append(rows)
        rows.arguments = Arguments(definition, nodes[0])
        type_ = self.object_type(get_named_type(definition.type).name)
        below = self.collector.below(type_, nodes)
        parts = tuple(self.part(rows, type_, part, found) for part, found in below.items())
        return p.Connected(key, rows.coordinate, _required(definition.type), rows, parts)

    def part(self, rows: p.ListRows, type_: GraphQLObjectType, key: str, nodes: list[FieldNode]) -> p.Part:
        name = nodes[0].name.value
        if name in {"node", "nodes"}:
            of = self.object_type(rows.view.type)
            return p.Part(key, name, shape=self.shape(rows, "t", of, self.collector.below(of, nodes)))
        rows.counted = rows.counted or name == "totalCount"
        rows.pointed = rows.pointed or name in {"cursor", "startCursor", "endCursor"}
        rows.bounded = rows.bounded or name in {"hasNextPage", "hasPreviousPage"}
        if name in {"edges", "pageInfo"}:
            of = self.object_type(get_named_type(type_.fields[name].type).name)
            below = self.collector.below(of, nodes)
            return p.Part(key, name, tuple(self.part(rows, of, part, found) for part, found in below.items()))
        return p.Part(key, name, type=type_.name)

    # values

    def value(self, type_: GraphQLOutputType, nodes: list[FieldNode]) -> p.Value:
        """How a Python value of that type is completed."""
        required, nullable = _required(type_), get_nullable_type(type_)
        if isinstance(nullable, GraphQLList):
            return p.ListValue(required, self.value(nullable.of_type, nodes))
        if is_leaf_type(nullable):
            return p.LeafValue(required, nullable.serialize)
        types = self.possible(nullable)
        if all(of.name in self.contract.views for of in types):
            return self.things(required, types, nodes)
        objects = {of.name: self.object_value(required, of, nodes) for of in types}
        return p.AbstractValue(required, objects) if is_abstract_type(nullable) else objects[nullable.name]

    def object_value(self, required: bool, type_: GraphQLObjectType, nodes: list[FieldNode]) -> p.ObjectValue:
        fields: list[tuple[str, str, tuple[str, str], p.Value | None]] = []
        for key, found in self.collector.below(type_, nodes).items():
            name = found[0].name.value
            below = None if name == "__typename" else self.part_of_value(type_.fields[name], found)
            fields.append((key, f"{type_.name}.{name}", (name, v.snake(name)), below))
        return p.ObjectValue(required, type_.name, tuple(fields))

    def part_of_value(self, definition: GraphQLField, nodes: list[FieldNode]) -> p.Value:
        """A field of an object. One with arguments is a scalar: things below a value are known before it is asked."""
        value = self.value(definition.type, nodes)
        if not definition.args:
            return value
        assert isinstance(value, p.LeafValue), "only a scalar of a value takes arguments"
        convert = converter(definition, self.contract.strawberry.config)
        asked = p.AskedLeaf(value, self.slot(), Arguments(definition, nodes[0]), convert)
        self.asked.append(asked)
        return asked

    def things(self, required: bool, types: Iterable[GraphQLObjectType], nodes: list[FieldNode]) -> p.ThingValue:
        found = [self.thing(type_, nodes) for type_ in types]
        return p.ThingValue(required, {rows.prefix: (rows, shape) for rows, shape in found})

    def possible(self, type_: GraphQLNamedType) -> list[GraphQLObjectType]:
        """The object types that a value of that type may have."""
        if is_abstract_type(type_):
            return list(self.schema.get_possible_types(type_))
        assert isinstance(type_, GraphQLObjectType)
        return [type_]

    def object_type(self, name: str) -> GraphQLObjectType:
        type_ = self.schema.type_map[name]
        assert isinstance(type_, GraphQLObjectType)
        return type_


def writer(type_: GraphQLOutputType) -> p.Write | None:
    """What a column of that type needs before JSON can hold it; None for most."""
    nullable = get_nullable_type(type_)
    if isinstance(nullable, GraphQLList):
        item = writer(nullable.of_type)
        return None if item is None else lambda values: [None if value is None else item(value) for value in values]
    if nullable.name in AS_STORED or isinstance(nullable, GraphQLEnumType):
        return None
    write: p.Write = nullable.serialize  # type: ignore[union-attr]  # a leaf: the contract test saw to that
    return write


def _required(type_: GraphQLOutputType) -> bool:
    return isinstance(type_, GraphQLNonNull)


async def _nothing(*_: Any) -> tuple[None]:
    """The loader of an answer that this kind of viewer is not shown."""
    return (None,)
