"""Introspection: graphql-core answers `__schema` and `__type`, once per document where no variable is in play."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
)
from graphql.execution import execute_sync

from api.reads.document import Document, Operation
from api.reads.plan import IntrospectionRoot


def introspected(
    schema: GraphQLSchema,
    document: Document,
    operation: Operation,
    roots: list[IntrospectionRoot],
    variables: Mapping[str, Any],
) -> dict[str, Any]:
    """The values of those roots, by response key.

    Raises:
        GraphQLError: graphql-core could not answer, which would be a bug.
    """
    selection = SelectionSetNode(selections=tuple(node for root in roots for node in root.nodes))
    node = operation.node
    only = OperationDefinitionNode(
        operation=node.operation,
        name=node.name,
        variable_definitions=node.variable_definitions,
        directives=(),
        selection_set=selection,
    )
    tree = DocumentNode(definitions=(only, *document.fragments.values()))
    result = execute_sync(schema, tree, variable_values=dict(variables))
    assert isinstance(result, ExecutionResult)
    if result.errors or result.data is None:
        raise result.errors[0] if result.errors else GraphQLError("no data")
    return result.data
