"""What a selection asks of one concrete type: fragments unfolded, fields of one response key merged.

Exactly graphql-core's collection (the specification's CollectFields): order of first appearance, each fragment spread
once per selection, type conditions on objects, interfaces and unions, `@skip` before `@include`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    VariableNode,
    is_abstract_type,
)
from graphql.language import BooleanValueNode, DirectiveNode, NamedTypeNode, SelectionNode

Fields = dict[str, list[FieldNode]]
"""Response key -> the field's nodes, all of the same field and arguments (validation saw to that)."""


@dataclass(frozen=True, slots=True)
class Collector:
    """Collects from one document under one outcome of its conditions."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    conditions: Mapping[str, Any]
    """The variables that `@skip` and `@include` name, coerced."""

    def fields(self, type_: GraphQLObjectType, selections: Iterable[SelectionSetNode]) -> Fields:
        """What those selection sets together ask of `type_`, in the order of the response."""
        found: Fields = {}
        visited: set[str] = set()
        for selection_set in selections:
            self._collect(type_, selection_set, found, visited)
        return found

    def below(self, type_: GraphQLObjectType, nodes: Iterable[FieldNode]) -> Fields:
        """What the merged nodes of one field ask of its value, when that is a `type_`."""
        return self.fields(type_, [node.selection_set for node in nodes if node.selection_set])

    def _collect(
        self, type_: GraphQLObjectType, selection_set: SelectionSetNode, found: Fields, visited: set[str]
    ) -> None:
        for selection in selection_set.selections:
            if not self._included(selection):
                continue
            if isinstance(selection, FieldNode):
                found.setdefault((selection.alias or selection.name).value, []).append(selection)
            elif isinstance(selection, InlineFragmentNode):
                if self._applies(selection.type_condition, type_):
                    self._collect(type_, selection.selection_set, found, visited)
            elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in visited:
                visited.add(selection.name.value)
                fragment = self.fragments[selection.name.value]
                if self._applies(fragment.type_condition, type_):
                    self._collect(type_, fragment.selection_set, found, visited)

    def _applies(self, condition: NamedTypeNode | None, type_: GraphQLObjectType) -> bool:
        if condition is None or condition.name.value == type_.name:
            return True
        named = self.schema.type_map[condition.name.value]
        return is_abstract_type(named) and self.schema.is_sub_type(named, type_)

    def _included(self, selection: SelectionNode) -> bool:
        outcome = {directive.name.value: self._outcome(directive) for directive in selection.directives or ()}
        return not outcome.get("skip", False) and outcome.get("include", True)

    def _outcome(self, directive: DirectiveNode) -> bool:
        value = directive.arguments[0].value if directive.arguments else None
        if isinstance(value, VariableNode):
            return bool(self.conditions[value.name.value])
        return isinstance(value, BooleanValueNode) and value.value
