"""Variables and arguments, coerced: fast where the value is plainly right, by graphql-core everywhere else.

Law: whatever the fast way accepts, graphql-core accepts with the same result; what the fast way does not recognise is
given to graphql-core whole, which also words the errors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final

from graphql import (
    FieldNode,
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    ValueNode,
    VariableNode,
    is_specified_scalar_type,
    type_from_ast,
    visit,
)
from graphql.execution.values import VariableValues, get_variable_values
from graphql.language import Visitor
from graphql.utilities.coerce_input_value import coerce_default_value, coerce_input_literal

from domain.errors import ErrorCode

ERRORS_MAX: Final = 20
"""As many errors as one answer carries (`conventions.md`)."""

INT_MAX: Final = 2**31 - 1

Coerce = Callable[[Any], Any]


class Slow(Exception):
    """Not plainly right: graphql-core decides."""


class RequestError(Exception):
    """The request cannot be executed at all; the answer has no data."""

    def __init__(self, code: ErrorCode, *errors: GraphQLError) -> None:
        super().__init__(errors[0].message)
        self.code = code
        self.errors = errors


class Variables:
    """The variables of one operation."""

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> None:
        self._schema = schema
        self._definitions = operation.variable_definitions or ()
        self._fast: list[tuple[str, Coerce, Any, bool]] = []
        for definition in self._definitions:
            type_ = type_from_ast(schema, definition.type)
            default = definition.default_value
            self._fast.append(
                (
                    definition.variable.name.value,
                    plainly(type_),  # type: ignore[arg-type]  # validation saw an input type
                    coerce_input_literal(default, type_) if default else Undefined,  # type: ignore[arg-type]
                    isinstance(type_, GraphQLNonNull),
                )
            )

    @property
    def names(self) -> set[str]:
        """What the operation declares."""
        return {name for name, *_ in self._fast}

    def coerce(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The variables' values by name; one that was neither given nor has a default is absent.

        Raises:
            RequestError: BAD_VARIABLES, with every problem up to the limit.
        """
        coerced: dict[str, Any] = {}
        try:
            for name, plain, default, required in self._fast:
                if name in given:
                    coerced[name] = plain(given[name])
                elif default is not Undefined:
                    coerced[name] = default
                elif required:
                    raise Slow
        except (Slow, RecursionError):
            return self._slowly(given)
        return coerced

    def _slowly(self, given: Mapping[str, Any]) -> dict[str, Any]:
        values = get_variable_values(
            self._schema, self._definitions, dict(given), max_errors=ERRORS_MAX - 1, hide_suggestions=True
        )
        if isinstance(values, list):
            raise RequestError(ErrorCode.BAD_VARIABLES, *values)
        return values.coerced


class Arguments:
    """The arguments of one field in one place of a document, by their GraphQL names."""

    __slots__ = ("_constant", "_nodes", "_varying")

    def __init__(self, definition: GraphQLField, node: FieldNode) -> None:
        self._constant: dict[str, Any] = {}
        self._varying: list[tuple[str, GraphQLArgument, ValueNode]] = []
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        for name, argument in definition.args.items():
            value = given.get(name)
            if value is None:
                default = coerce_default_value(argument)
                if default is not Undefined:
                    self._constant[name] = default
            elif has_variable(value):
                self._varying.append((name, argument, value))
            else:
                self._constant[name] = coerce_input_literal(value, argument.type)

    @property
    def constant(self) -> bool:
        """Whether no variable is in play."""
        return not self._varying

    def values(self, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """The arguments' values; one that is neither given nor has a default is absent. Do not change the mapping.

        Raises:
            RequestError: BAD_VARIABLES, when a variable leaves an argument without a value it must have.
        """
        if not self._varying:
            return self._constant
        values = self._constant.copy()
        for name, argument, node in self._varying:
            if isinstance(node, VariableNode):
                value = variables.get(node.name.value, Undefined)
                if value is Undefined:
                    value = coerce_default_value(argument)
                    if value is Undefined and not isinstance(argument.type, GraphQLNonNull):
                        continue
            else:
                value = coerce_input_literal(node, argument.type, VariableValues({}, dict(variables)))
            if value is Undefined or (value is None and isinstance(argument.type, GraphQLNonNull)):
                message = f"The argument '{name}' must not be null."
                raise RequestError(ErrorCode.BAD_VARIABLES, GraphQLError(message, [node]))
            values[name] = value
        return values


class _VariableFinder(Visitor):
    found = False

    def enter_variable(self, *_: Any) -> None:
        self.found = True


def has_variable(node: ValueNode) -> bool:
    """Whether a variable is somewhere in the value."""
    finder = _VariableFinder()
    visit(node, finder)
    return finder.found


def plainly(type_: GraphQLInputType) -> Coerce:
    """A function that coerces what is plainly a value of that type and raises Slow for everything else."""
    return _of(type_.of_type) if isinstance(type_, GraphQLNonNull) else _nullable(_of(type_))


def _of(type_: GraphQLInputType) -> Coerce:
    """Likewise, for the type without null."""
    if isinstance(type_, GraphQLList):
        return _list(plainly(type_.of_type))
    if isinstance(type_, GraphQLEnumType):
        return _enum(type_)
    if isinstance(type_, GraphQLInputObjectType):
        return _slow if type_.is_one_of else _Object(type_)
    assert isinstance(type_, GraphQLScalarType)
    return _SPECIFIED.get(type_.name, _slow) if is_specified_scalar_type(type_) else _scalar(type_)


def _nullable(inner: Coerce) -> Coerce:
    return lambda value: None if value is None else inner(value)


def _slow(_value: Any) -> Any:
    raise Slow


def _text(value: Any) -> str:
    if type(value) is not str:
        raise Slow
    return value


def _integer(value: Any) -> int:
    if type(value) is not int or not -INT_MAX - 1 <= value <= INT_MAX:
        raise Slow
    return value


def _boolean(value: Any) -> bool:
    if type(value) is not bool:
        raise Slow
    return value


_SPECIFIED: Final[Mapping[str, Coerce]] = {"ID": _text, "String": _text, "Int": _integer, "Boolean": _boolean}


def _scalar(type_: GraphQLScalarType) -> Coerce:
    def scalar(value: Any) -> Any:
        if value is None:
            raise Slow
        try:
            return type_.parse_value(value)
        except Exception as reason:  # whatever a scalar raises, graphql-core words the error
            raise Slow from reason

    return scalar


def _enum(type_: GraphQLEnumType) -> Coerce:
    members = {name: type_.parse_value(name) for name in type_.values}

    def enum(value: Any) -> Any:
        if type(value) is not str or value not in members:
            raise Slow
        return members[value]

    return enum


def _list(item: Coerce) -> Coerce:
    def items(value: Any) -> list[Any]:
        if type(value) is not list:
            raise Slow
        return [item(entry) for entry in value]

    return items


class _Object:
    """The plain coercion of an input object, built on first use since input types may contain each other."""

    def __init__(self, type_: GraphQLInputObjectType) -> None:
        self._type = type_

    @cached_property
    def _members(self) -> list[tuple[str, str, Coerce, Any, bool]]:
        return [
            (
                name,
                member.out_name or name,
                plainly(member.type),
                coerce_default_value(member),
                isinstance(member.type, GraphQLNonNull),
            )
            for name, member in self._type.fields.items()
        ]

    def __call__(self, value: Any) -> Any:
        if type(value) is not dict or not value.keys() <= self._type.fields.keys():
            raise Slow
        coerced = {}
        for name, out_name, plain, default, required in self._members:
            if name in value:
                coerced[out_name] = plain(value[name])
            elif default is not Undefined:
                coerced[out_name] = default
            elif required:
                raise Slow
        return self._type.out_type(coerced)
