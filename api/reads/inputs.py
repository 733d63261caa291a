"""Coerced arguments as instances of their Strawberry inputs, by converters that are built once per field.

The same outcome as Strawberry's own `convert_arguments`, which looks every type up again for every value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from graphql import GraphQLField
from strawberry.schema.config import StrawberryConfig
from strawberry.types.base import StrawberryList, StrawberryOptional, has_object_definition

Convert = Callable[[Any], Any]


def converter(definition: GraphQLField, config: StrawberryConfig) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Arguments by GraphQL name -> by snake-case name, inputs as instances; absent ones stay absent."""
    if not definition.args:
        return dict
    known: dict[type, _Input] = {}
    named = [
        (config.name_converter.from_argument(argument), argument.python_name, _of(argument.type, config, known))
        for argument in definition.extensions["strawberry-definition"].arguments
    ]

    def converted(values: Mapping[str, Any]) -> dict[str, Any]:
        return {
            python_name: values[name] if convert is None else convert(values[name])
            for name, python_name, convert in named
            if name in values
        }

    return converted


def _of(type_: Any, config: StrawberryConfig, known: dict[type, _Input]) -> Convert | None:
    """How a coerced value of that type is converted; None: it stays as it is."""
    if isinstance(type_, StrawberryOptional):
        inner = _of(type_.of_type, config, known)
        return None if inner is None else lambda value: None if value is None else inner(value)
    if isinstance(type_, StrawberryList):
        item = _of(type_.of_type, config, known)
        return list if item is None else lambda value: [item(entry) for entry in value]
    if has_object_definition(type_):
        if type_ not in known:
            known[type_] = _Input(type_, config, known)
        return known[type_]
    return None


class _Input:
    """The conversion of one input type."""

    def __init__(self, type_: Any, config: StrawberryConfig, known: dict[type, _Input]) -> None:
        self.make = type_
        self.config, self.known = config, known
        self.fields: list[tuple[str, str, Convert | None]] = []

    def __call__(self, value: Mapping[str, Any]) -> Any:
        if not self.fields:  # on first use: inputs may contain each other
            spelled = self.config.name_converter.from_field
            declared = self.make.__strawberry_definition__.fields
            self.fields = [
                (spelled(field), field.python_name, _of(field.type, self.config, self.known)) for field in declared
            ]
        return self.make(
            **{
                python_name: value[name] if convert is None else convert(value[name])
                for name, python_name, convert in self.fields
                if name in value
            }
        )
