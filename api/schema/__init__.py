"""The contract: GraphQL types, inputs, payloads, queries and mutations, one module per noun.

A field of Strawberry works its type out whenever it is asked for it, and while a class is being made `dataclasses` asks
twice per field, only to see that the answer is no string. With several thousand fields that was a sixth of a start of
the platform. So a field that belongs to no class yet says that its type is not known, as it does anyway where a type is
named before it is defined.
"""

from typing import Any

from strawberry.types.field import UNRESOLVED, StrawberryField


def _type(field: StrawberryField) -> Any:
    return UNRESOLVED if field.origin is None else field.resolve_type()


StrawberryField.type = StrawberryField.type.getter(_type)  # type: ignore[method-assign,attr-defined]
