"""The contract: GraphQL types, inputs, payloads, queries and mutations, one module per noun.

Strawberry describes the contract here and answers nothing (decision 0070). With several thousand fields, two things it
does for those who resolve with it would be a fifth of a start of the platform, and are left out:

- A field works its type out whenever it is asked for it, and while a class is being made `dataclasses` asks twice per
  field, only to see that the answer is no string. So a field that belongs to no class yet says that its type is not
  known, as it does anyway where a type is named before it is defined.
- The schema of graphql-core gets a resolver for each field, also where it would only read an attribute. The read engine
  resolves, so there is none but where one was given.
"""

from typing import Any

from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import UNRESOLVED, StrawberryField


def _type(field: StrawberryField) -> Any:
    return UNRESOLVED if field.origin is None else field.resolve_type()


_made_by_strawberry = GraphQLCoreConverter.from_resolver


def _resolver(converter: GraphQLCoreConverter, field: StrawberryField) -> Any:
    return None if field.is_basic_field else _made_by_strawberry(converter, field)


StrawberryField.type = StrawberryField.type.getter(_type)  # type: ignore[method-assign,attr-defined]
GraphQLCoreConverter.from_resolver = _resolver  # type: ignore[method-assign,assignment]
