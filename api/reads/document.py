"""A document: measured, parsed and validated once, whatever its variables and callers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    validate,
)
from graphql.language import DirectiveNode, Visitor, visit

from api import limits
from api.limits import Measure
from api.overlap import RULES
from api.reads.variables import Variables
from domain.errors import ErrorCode

INTROSPECTION = frozenset({"__schema", "__type"})
CONDITIONAL = frozenset({"skip", "include"})


@dataclass(slots=True, eq=False)
class Operation:
    """One operation of a document."""

    node: OperationDefinitionNode
    name: str | None
    kind: OperationType
    introspects: bool
    """Whether the document selects `__schema` or `__type`."""
    measure: Measure
    variables: Variables
    conditions: tuple[str, ...]
    """The variables that decide what is selected: those of `@skip` and `@include`."""
    plans: dict[Any, Any] = field(default_factory=dict)
    """The engine's plans, by viewer and outcome of the conditions."""


@dataclass(slots=True, eq=False)
class Document:
    """What a text means, or why it means nothing: `errors` is not empty then, and nothing can be executed."""

    text: str
    digest: str
    """SHA-256 of the text in hexadecimal: what trusted documents and logs call it."""
    errors: tuple[dict[str, Any], ...] = ()
    operations: dict[str | None, Operation] = field(default_factory=dict)
    fragments: dict[str, FragmentDefinitionNode] = field(default_factory=dict)

    def operation(self, name: str | None) -> Operation | None:
        """The operation of that name, or the only one when no name is given; None when the choice is not clear."""
        if name is None:
            return next(iter(self.operations.values())) if len(self.operations) == 1 else None
        return self.operations.get(name)


def error(code: ErrorCode, fault: GraphQLError) -> dict[str, Any]:
    """The error as the client sees it."""
    return {**fault.formatted, "extensions": {"code": code.value}}


def prepared(text: str, schema: GraphQLSchema, *, introspect: bool) -> Document:
    """The document of that text. Never raises for what a client wrote.

    `introspect` False: selecting `__schema` or `__type` is an error, and no message suggests a name.
    """
    document = Document(text, hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest())
    try:
        document.errors = tuple(_fill(document, limits.read(text), schema, introspect=introspect))
    except limits.Exceeded as beyond:
        document.errors = (error(ErrorCode.LIMIT_EXCEEDED, beyond),)
    except limits.Circle as circle:
        document.errors = (error(ErrorCode.VALIDATION_FAILED, circle),)
    except GraphQLSyntaxError as fault:
        document.errors = (error(ErrorCode.SYNTAX_ERROR, fault),)
    return document


def _fill(
    document: Document, tree: DocumentNode, schema: GraphQLSchema, *, introspect: bool
) -> Iterable[dict[str, Any]]:
    """Fills in the operations and returns what is wrong with them."""
    measures = limits.measures(tree, schema)
    beyond = [sentence for measure in measures.values() for sentence in measure.exceeded()]
    if beyond:
        return [error(ErrorCode.LIMIT_EXCEEDED, GraphQLError(sentence)) for sentence in beyond]
    faults = validate(schema, tree, RULES, max_errors=limits.ERRORS_MAX - 1, hide_suggestions=not introspect)
    if faults:
        return [error(ErrorCode.VALIDATION_FAILED, fault) for fault in faults]
    survey = _Survey()
    visit(tree, survey)
    if survey.introspects and not introspect:
        refusal = GraphQLError("Introspection needs a token with the scope INTROSPECT.")
        return [error(ErrorCode.INTROSPECTION_FORBIDDEN, refusal)]
    document.fragments = {
        node.name.value: node for node in tree.definitions if isinstance(node, FragmentDefinitionNode)
    }
    document.operations = {operation.name: operation for operation in _operations(tree, schema, survey, measures)}
    if not document.operations:
        return [error(ErrorCode.VALIDATION_FAILED, GraphQLError("The document has no operation."))]
    return ()


def _operations(
    tree: DocumentNode, schema: GraphQLSchema, survey: _Survey, measures: dict[str | None, Measure]
) -> Iterator[Operation]:
    for node in tree.definitions:
        if isinstance(node, OperationDefinitionNode):
            name = node.name.value if node.name else None
            variables = Variables(schema, node)
            own = tuple(sorted(survey.conditions & variables.names))
            yield Operation(node, name, node.operation, survey.introspects, measures[name], variables, own)


class _Survey(Visitor):
    """What the engine must know of a whole document."""

    def __init__(self) -> None:
        super().__init__()
        self.introspects = False
        self.conditions: set[str] = set()

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        """Called for each field."""
        self.introspects = self.introspects or node.name.value in INTROSPECTION

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        """Called for each directive."""
        if node.name.value in CONDITIONAL:
            values = [argument.value for argument in node.arguments or ()]
            self.conditions |= {value.name.value for value in values if isinstance(value, VariableNode)}
