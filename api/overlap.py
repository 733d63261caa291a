"""Fields that share a response name agree (GraphQL, 5.3.2), in time linear in the expanded document.

graphql-core compares every two fields of a response name: four hundred copies of one field hold a process for a second.
Here the fields of a name are compared with their first, since having the same shape, and the same name and arguments,
are equivalences. Fields of different object types never meet, so they are checked type by type; fields of an interface
meet all of them. Where a document makes that multiply, `STEPS_MAX` ends it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from graphql import (
    ASTValidationRule,
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    InlineFragmentNode,
    OperationDefinitionNode,
    OverlappingFieldsCanBeMergedRule,
    SelectionSetNode,
    ValidationRule,
    get_named_type,
    is_composite_type,
    print_ast,
    specified_rules,
)

from api.limits import FIELDS_MAX, Exceeded

STEPS_MAX: Final = 10 * FIELDS_MAX
"""Fields looked at for one operation; a document of the console looks at each of its fields once or twice."""


class Found(NamedTuple):
    """A field where it is selected: the type it is selected on, and its definition there."""

    parent: GraphQLNamedType | None
    node: FieldNode
    definition: GraphQLField | None


class FieldsAgreeRule(ValidationRule):
    """Refuses fields of one response name that differ in shape, name or arguments.

    Raises Exceeded for a document whose types cross so often that looking further costs more than it may.
    """

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> None:
        """Called for each operation; fragments are looked at where they are spread."""
        self._steps = 0
        root = self.context.schema.get_root_type(node.operation)
        self._agree([(root, node.selection_set)], shape_only=False)

    def _agree(self, sets: Sequence[tuple[GraphQLNamedType | None, SelectionSetNode]], *, shape_only: bool) -> None:
        for name, group in self._by_response_name(sets).items():
            if len(group) > 1 and not self._same_shape(name, group):
                return
            parts = [group] if shape_only else _that_meet(group)
            for part in parts:
                if not shape_only and not self._same_question(name, part):
                    return
                self._agree(_below(part), shape_only=shape_only)
            if len(parts) > 1:
                self._agree(_below(group), shape_only=True)

    def _by_response_name(
        self, sets: Sequence[tuple[GraphQLNamedType | None, SelectionSetNode]]
    ) -> dict[str, list[Found]]:
        """All fields that are selected together, spreads expanded, each fragment once."""
        groups: dict[str, list[Found]] = {}
        spread: set[str] = set()
        waiting = list(reversed(sets))
        while waiting:
            parent, selection_set = waiting.pop()
            for selection in selection_set.selections:
                if isinstance(selection, FieldNode):
                    self._step()
                    name = selection.alias.value if selection.alias else selection.name.value
                    groups.setdefault(name, []).append(Found(parent, selection, self._definition(parent, selection)))
                elif isinstance(selection, InlineFragmentNode):
                    condition = selection.type_condition
                    type_ = self.context.schema.get_type(condition.name.value) if condition else parent
                    waiting.append((type_, selection.selection_set))
                elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in spread:
                    spread.add(selection.name.value)
                    fragment = self.context.get_fragment(selection.name.value)
                    if fragment is not None:
                        type_ = self.context.schema.get_type(fragment.type_condition.name.value)
                        waiting.append((type_, fragment.selection_set))
        return groups

    def _definition(self, parent: GraphQLNamedType | None, node: FieldNode) -> GraphQLField | None:
        if parent is None or not is_composite_type(parent):
            return None
        return self.context.schema.get_field(parent, node.name.value)

    def _step(self) -> None:
        self._steps += 1
        if self._steps > STEPS_MAX:
            raise Exceeded("The types of the document cross too often; ask for less at once.")

    def _same_shape(self, name: str, group: Iterable[Found]) -> bool:
        known = [found for found in group if found.definition is not None]
        for found in known[1:]:
            if _shape(found) != _shape(known[0]):
                self._report(name, "they return different types", known[0], found)
                return False
        return True

    def _same_question(self, name: str, part: Sequence[Found]) -> bool:
        first = part[0].node
        for found in part[1:]:
            if found.node.name.value != first.name.value:
                different = f"{first.name.value} and {found.node.name.value} are different fields"
                self._report(name, different, part[0], found)
                return False
            if _arguments(found.node) != _arguments(first):
                self._report(name, "they have different arguments", part[0], found)
                return False
        return True

    def _report(self, name: str, why: str, one: Found, other: Found) -> None:
        message = f"Fields of the name '{name}' conflict because {why}. Use different aliases."
        self.report_error(GraphQLError(message, [one.node, other.node]))


def _that_meet(group: list[Found]) -> list[list[Found]]:
    """The fields that can be of the same object, together. Those of an interface can be of any."""
    of_objects: dict[str, list[Found]] = {}
    of_any: list[Found] = []
    for found in group:
        if isinstance(found.parent, GraphQLObjectType):
            of_objects.setdefault(found.parent.name, []).append(found)
        else:
            of_any.append(found)
    if len(of_objects) <= 1:
        return [group]
    return [of_any + own for own in of_objects.values()]


def _below(group: Iterable[Found]) -> list[tuple[GraphQLNamedType | None, SelectionSetNode]]:
    return [
        (get_named_type(found.definition.type) if found.definition else None, found.node.selection_set)
        for found in group
        if found.node.selection_set
    ]


def _shape(found: Found) -> str:
    """How the value is wrapped, and what it is: the name of a leaf's type; all composite types are alike."""
    assert found.definition is not None
    type_: Any = found.definition.type
    wrapping = ""
    while isinstance(type_, GraphQLNonNull | GraphQLList):
        wrapping += "!" if isinstance(type_, GraphQLNonNull) else "]"
        type_ = type_.of_type
    return wrapping + ("{}" if is_composite_type(type_) else type_.name)


def _arguments(node: FieldNode) -> dict[str, str]:
    return {argument.name.value: print_ast(argument.value) for argument in node.arguments or ()}


RULES: Final[tuple[type[ASTValidationRule | ValidationRule], ...]] = tuple(
    FieldsAgreeRule if rule is OverlappingFieldsCanBeMergedRule else rule for rule in specified_rules
)
"""The specification's rules, with this one in the place of graphql-core's."""
