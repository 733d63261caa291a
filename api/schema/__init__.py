"""The contract: GraphQL types, inputs, payloads, queries and mutations, one module per noun.

Strawberry describes the contract here and answers nothing (decision 0070). With several thousand fields, two things it
does for those who resolve with it would be a fifth of a start of the platform, and are left out:

- A field works its type out whenever it is asked for it, and while a class is being made `dataclasses` asks twice per
  field, only to see that the answer is no string. So a field that belongs to no class yet says that its type is not
  known, as it does anyway where a type is named before it is defined.
- The schema of graphql-core gets a resolver of its own for each field. The read engine resolves, so there is none.
"""

from typing import Any

from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import UNRESOLVED, StrawberryField


def _type(field: StrawberryField) -> Any:
    return UNRESOLVED if field.origin is None else field.resolve_type()


def _no_resolver(_converter: GraphQLCoreConverter, _field: StrawberryField) -> None:
    return None


StrawberryField.type = StrawberryField.type.getter(_type)  # type: ignore[method-assign,attr-defined]
GraphQLCoreConverter.from_resolver = _no_resolver  # type: ignore[method-assign,assignment]
