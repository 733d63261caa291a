"""What a document may cost before anything of it is executed: each limit with its reason, all of them in one pass.

Laws: the pass is linear in the document. Each fragment is measured once, before whatever spreads it (its depth relative
to itself), after the rule that refuses cycles; so a fragment that doubles two hundred times costs two hundred steps and
not 2^200. Numbers are exact however large. A document that passes every limit but the cost may be measured again for
other variables: `Cost` is a small expression over page sizes.

Never Strawberry's QueryDepthLimiter or MaxAliasesLimiter: they walk a fragment again at every spread.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    StringValueNode,
    ValueNode,
    VariableNode,
    Visitor,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    parse,
    visit,
)

TOKENS_MAX: Final = 2_000
"""Parsing costs about 10 µs a token. The largest operation of the console has 300, the introspection query 350."""

DEPTH_MAX: Final = 12
"""The deepest useful question (order, coverage, claim, coupon, recovery, with edges and nodes) is 10 deep."""

FIELDS_MAX: Final = 1_000
"""Spreads expanded. Planning is linear in them; the introspection query has 300."""

ALIASES_MAX: Final = 30
"""Thirty things of one kind in one request; more belong into `nodes` or a list."""

DIRECTIVES_MAX: Final = 20
"""Each @skip or @include doubles the plans a document may need."""

ERRORS_MAX: Final = 20
"""Nobody reads more, and a hostile document would otherwise be answered with megabytes."""

INTROSPECTION_LISTS_MAX: Final = 3
"""Lists within lists of the schema (fields of types of fields ...): each level multiplies the answer by fifty."""

COST_MAX: Final = 10_000
"""Of one operation: about half a second of one core, and a hundred full pages."""

PAGE_MAX: Final = 100
"""What a page is taken for when its size is unknown or out of range; the engine then refuses it."""

LIST_SIZE: Final = 10
"""What a list without pages is taken for: findings, inputs, user errors."""

CONNECTION_COST: Final = 1
"""A connection is a statement of its own, also when its page is empty."""

COUNT_COST: Final = 10
"""Of `totalCount`: it reads an index far beyond the page."""

MUTATION_COST: Final = 10
"""Of each mutation: a transaction with its audit and outbox rows."""

INTROSPECTION_COST: Final = 100
"""Of `__schema` or `__type`: answered without the database, but by the slow executor."""

ALONE_COST: Final = 1
"""The least an operation costs."""

NEW_DOCUMENT_COST: Final = 50
"""Of a document never seen before: parsing, validating and planning take as long as some fifty point reads."""

_COUNTED: Final = {"totalCount": COUNT_COST, "__schema": INTROSPECTION_COST, "__type": INTROSPECTION_COST}
"""Fields that cost the same whatever is selected below them."""

_DIGITS_MAX: Final = 10
"""Of a page size that is worth reading as a number."""

_SIZED_BY: Final = ("first", "last", "ids")
_INTROSPECTION_ROOTS: Final = frozenset({"__schema", "__type"})
_INTROSPECTION_LISTS: Final = frozenset({"fields", "interfaces", "possibleTypes", "inputFields"})
_FREE: Final = frozenset({"Money", "PageInfo"})


@dataclass(frozen=True, slots=True)
class Page:
    """The size of a list: known, or the value of the first of these variables that has one."""

    known: int | None
    variables: tuple[tuple[str, int | None], ...] = ()
    """Name and default."""

    def size(self, variables: Mapping[str, Any]) -> int:
        """The size for those variables (as the client sent them), never more than a page may have."""
        if self.known is not None:
            return self.known
        given = [_size(variables.get(name, default)) for name, default in self.variables]
        return max((size for size in given if size is not None), default=PAGE_MAX)


@dataclass(frozen=True, slots=True)
class Cost:
    """Points: `fixed`, and for each of `scaled` so many times the page size the cost inside."""

    fixed: int = 0
    scaled: tuple[tuple[int, Page, Cost], ...] = field(default=(), repr=False)

    def of(self, variables: Mapping[str, Any]) -> int:
        """The points for those variables."""
        points = self.fixed
        for times, page, inside in self.scaled:
            points += times * page.size(variables) * inside.of(variables)
        return points

    def times(self, page: Page) -> Cost:
        """For each thing on the page this cost."""
        if page.known is None:
            return Cost(0, ((1, page, self),)) if self.fixed or self.scaled else self
        scaled = tuple((count * page.known, inner, inside) for count, inner, inside in self.scaled)
        return Cost(self.fixed * page.known, scaled if page.known else ())


@dataclass(frozen=True, slots=True)
class Measure:
    """One operation, or one selection of it, with all spreads expanded."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    introspection_lists: int = 0
    least: int = 0
    """The points that are spent whatever is found: mutations, counts, introspection."""
    cost: Cost = Cost()
    each: Cost = Cost()
    """Of one thing on the page, while inside a connection."""

    def exceeded(self) -> Iterator[str]:
        """A sentence for each limit that is not kept, whatever the variables."""
        for is_or_has, what, found, limit in (
            ("is", "levels deep", self.depth, DEPTH_MAX),
            ("has", "fields", self.fields, FIELDS_MAX),
            ("has", "aliases", self.aliases, ALIASES_MAX),
            ("has", "directives", self.directives, DIRECTIVES_MAX),
            ("has", "levels of lists in introspection", self.introspection_lists, INTROSPECTION_LISTS_MAX),
        ):
            if found > limit:
                yield f"The operation {is_or_has} {_spelled(found)} {what}; at most {limit:,} are allowed."


LEAF: Final = Measure(depth=1, fields=1)
"""A plain field without a selection."""


class Exceeded(GraphQLError):
    """A document beyond a limit."""


class Circle(GraphQLError):
    """A document whose fragments spread each other in a circle."""


def read(text: str) -> DocumentNode:
    """The document of that text.

    Raises:
        Exceeded: more tokens than allowed, or nested more deeply than any document within the limits.
        GraphQLSyntaxError: not a document.
    """
    try:
        document = parse(text, max_tokens=TOKENS_MAX)
    except GraphQLSyntaxError as error:  # the parser gives up on both with a syntax error
        if error.message.endswith("tokens. Parsing aborted."):
            raise Exceeded(f"The document has more than {TOKENS_MAX:,} tokens.") from None
        if error.message.endswith("nested too deeply. Parsing aborted."):
            raise Exceeded(f"The document is nested too deeply; at most {DEPTH_MAX} levels are allowed.") from None
        raise
    if "\\u" in text:
        visit(document, _NoNul())
    return document


class _NoNul(Visitor):
    """Refuses the one character that the database cannot hold."""

    def enter_string_value(self, node: StringValueNode, *_: Any) -> None:
        """Called for each string literal."""
        if "\0" in node.value:
            raise GraphQLSyntaxError(node.loc.source, node.loc.start, "A string cannot hold the character U+0000.")  # type: ignore[union-attr]


def measures(document: DocumentNode, schema: GraphQLSchema) -> dict[str | None, Measure]:
    """What each operation comes to, by its name. Unknown fields and types count too; validation refuses them later.

    Raises:
        Circle: fragments spread each other in a circle.
    """
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    scale = _Scale(schema)
    for name in _children_first(fragments):
        scale.known[name] = scale.fragment(fragments[name])
    return {
        node.name.value if node.name else None: scale.operation(node)
        for node in document.definitions
        if isinstance(node, OperationDefinitionNode)
    }


def too_dear(points: int) -> str | None:
    """The sentence that refuses an operation of so many points, or None if it may run."""
    if points <= COST_MAX:
        return None
    return f"The operation costs {_spelled(points)} points; at most {COST_MAX:,} are allowed. Ask for smaller pages."


def _children_first(fragments: Mapping[str, FragmentDefinitionNode]) -> list[str]:
    """The fragments' names, each after all that it spreads. Raises Circle when there is no such order."""
    spreads = {name: list(dict.fromkeys(_spreads(node.selection_set))) for name, node in fragments.items()}
    order: list[str] = []
    entered: dict[str, bool] = {}  # False while what it spreads is being ordered, True once it is in the order
    for start in fragments:
        stack = [start]
        while stack:
            name = stack[-1]
            if name in entered:
                stack.pop()
                if not entered[name]:
                    entered[name] = True
                    order.append(name)
                continue
            entered[name] = False
            for child in spreads[name]:
                if child in fragments and not entered.get(child, True):
                    raise Circle(f"The fragment {child} spreads itself.", fragments[child])
                if child in fragments and child not in entered:
                    stack.append(child)
    return order


def _spreads(selection_set: SelectionSetNode) -> Iterator[str]:
    waiting: list[SelectionSetNode] = [selection_set]
    while waiting:
        for selection in waiting.pop().selections:
            if isinstance(selection, FragmentSpreadNode):
                yield selection.name.value
            elif isinstance(selection, FieldNode | InlineFragmentNode) and selection.selection_set:
                waiting.append(selection.selection_set)


class _Scale:
    """Measures selections of one document; `known` holds the fragments measured so far."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        self.known: dict[str, Measure] = {}
        self.defaults: dict[str, int | None] = {}

    def operation(self, node: OperationDefinitionNode) -> Measure:
        root = self.schema.get_root_type(node.operation)
        self.defaults = {
            definition.variable.name.value: _size(_literal(definition.default_value))
            for definition in node.variable_definitions or ()
        }
        found = self.selections(node.selection_set, root)
        mutations = sum(1 for _ in node.selection_set.selections) if node.operation is OperationType.MUTATION else 0
        return _sum(
            [
                found,
                Measure(
                    directives=_directives(node), least=mutations * MUTATION_COST, cost=Cost(mutations * MUTATION_COST)
                ),
            ]
        )

    def fragment(self, node: FragmentDefinitionNode) -> Measure:
        condition = self.schema.get_type(node.type_condition.name.value)
        found = self.selections(node.selection_set, condition)
        return _sum([found, Measure(directives=_directives(node))])

    def selections(self, selection_set: SelectionSetNode, parent: GraphQLNamedType | None) -> Measure:
        return _sum([self.selection(selection, parent) for selection in selection_set.selections])

    def selection(self, node: Any, parent: GraphQLNamedType | None) -> Measure:
        if isinstance(node, FragmentSpreadNode):
            return _sum([self.known.get(node.name.value, Measure()), Measure(directives=_directives(node))])
        if isinstance(node, InlineFragmentNode):
            condition = self.schema.get_type(node.type_condition.name.value) if node.type_condition else parent
            return _sum([self.selections(node.selection_set, condition), Measure(directives=_directives(node))])
        return self.field(node, parent)

    def field(self, node: FieldNode, parent: GraphQLNamedType | None) -> Measure:
        name = node.name.value
        if not (node.selection_set or node.alias or node.directives or name in _COUNTED):
            return LEAF
        definition = _definition(self.schema, parent, name)
        of = get_named_type(definition.type) if definition else None
        inside = self.selections(node.selection_set, of) if node.selection_set else Measure()
        introspects = name in _INTROSPECTION_ROOTS
        cost, each = self.points(node, parent, definition, inside)
        return Measure(
            depth=1 + (0 if introspects else inside.depth),
            fields=1 + inside.fields,
            aliases=(node.alias is not None) + inside.aliases,
            directives=_directives(node) + inside.directives,
            introspection_lists=(name in _INTROSPECTION_LISTS and _is_introspection(parent))
            + inside.introspection_lists,
            least=_COUNTED.get(name, 0) + inside.least,
            cost=cost,
            each=each,
        )

    def points(
        self, node: FieldNode, parent: GraphQLNamedType | None, definition: GraphQLField | None, inside: Measure
    ) -> tuple[Cost, Cost]:
        """The field's cost, and its cost for each thing on the page around it."""
        counted, nothing = _COUNTED.get(node.name.value), Cost()
        if counted is not None or definition is None or not is_composite_type(get_named_type(definition.type)):
            return Cost(counted or 0), nothing
        of = get_named_type(definition.type)
        if _is_connection(of):
            return _total([Cost(CONNECTION_COST), inside.cost, inside.each.times(self.page(node))]), nothing
        own = _total([Cost(0 if of.name in _FREE or of.name.endswith("Edge") else 1), inside.cost])
        if not _is_list(definition.type):
            return own, nothing
        if _is_connection(parent):
            return nothing, own
        return own.times(self.page(node) if "ids" in definition.args else Page(LIST_SIZE)), nothing

    def page(self, node: FieldNode) -> Page:
        """How many things the field's arguments ask for."""
        sizes: list[int] = []
        variables: list[tuple[str, int | None]] = []
        for argument in node.arguments or ():
            if argument.name.value not in _SIZED_BY:
                continue
            if isinstance(argument.value, VariableNode):
                variables.append((argument.value.name.value, self.defaults.get(argument.value.name.value)))
            elif (size := _size(_literal(argument.value))) is not None:
                sizes.append(size)
        if variables and not sizes:
            return Page(None, tuple(variables))
        return Page(max(sizes, default=PAGE_MAX))


def _sum(parts: Sequence[Measure]) -> Measure:
    """One selection after the other: the deepest counts for depth, everything else adds up."""
    return Measure(
        depth=max((part.depth for part in parts), default=0),
        fields=sum(part.fields for part in parts),
        aliases=sum(part.aliases for part in parts),
        directives=sum(part.directives for part in parts),
        introspection_lists=max((part.introspection_lists for part in parts), default=0),
        least=sum(part.least for part in parts),
        cost=_total([part.cost for part in parts]),
        each=_total([part.each for part in parts]),
    )


def _total(costs: Sequence[Cost]) -> Cost:
    """The sum. Each scaled entry is a field at least: more of them than FIELDS_MAX is refused anyway, so not kept."""
    scaled = tuple(islice((entry for cost in costs for entry in cost.scaled), FIELDS_MAX))
    return Cost(sum(cost.fixed for cost in costs), scaled)


def _definition(schema: GraphQLSchema, parent: GraphQLNamedType | None, name: str) -> GraphQLField | None:
    if parent is not None and is_composite_type(parent):
        return schema.get_field(parent, name)
    return None


def _directives(node: Any) -> int:
    return len(node.directives or ())


def _is_list(type_: GraphQLOutputType) -> bool:
    return isinstance(get_nullable_type(type_), GraphQLList)


def _is_connection(type_: GraphQLNamedType | None) -> bool:
    return isinstance(type_, GraphQLObjectType | GraphQLInterfaceType) and type_.name.endswith("Connection")


def _is_introspection(type_: GraphQLNamedType | None) -> bool:
    return type_ is not None and type_.name.startswith("__")


def _literal(node: ValueNode | None) -> object:
    """A whole number, or a list as long as the literal's; everything else has no size."""
    if isinstance(node, IntValueNode):
        return int(node.value) if len(node.value) <= _DIGITS_MAX else PAGE_MAX
    return [None] * len(node.values) if isinstance(node, ListValueNode) else None


def _size(value: object) -> int | None:
    """What a number or a list asks for, within what a page may have; None for what has no size."""
    if isinstance(value, list):
        return min(len(value), PAGE_MAX)
    if isinstance(value, int) and not isinstance(value, bool):
        return max(0, min(value, PAGE_MAX))
    return None


def _spelled(number: int) -> str:
    """The number, or that it is huge: a doubled fragment reaches sixty digits."""
    return f"{number:,}" if number < 1_000_000 else "more than 1,000,000"
