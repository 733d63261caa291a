"""How a field with arguments is declared where nothing resolves it: the read engine answers, Strawberry describes.

`strawberry.field` learns arguments from a resolver's signature. There are no resolvers here, so they are given apart.
"""

from typing import Any, NamedTuple

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.unset import UNSET


class Argument(NamedTuple):
    """An argument of a field: `name` in snake case, `type` as in an annotation, no default unless one is given."""

    name: str
    type: Any
    description: str
    default: Any = UNSET


def field(description: str, *arguments: Argument, deprecated: str | None = None, metadata: Any = None) -> Any:
    """A field of that description with those arguments, for the right-hand side of an annotated attribute.

    Use it for `Computed` fields and `Answer` roots, whose loader gets the coerced arguments by snake-case name; and for
    scalars of the values that loaders return, where the value has a method of the field's name that takes them.
    """
    declared = strawberry.field(description=description, deprecation_reason=deprecated, metadata=metadata)
    declared.arguments = [
        StrawberryArgument(
            python_name=argument.name,
            graphql_name=None,
            type_annotation=StrawberryAnnotation(argument.type),
            description=argument.description,
            default=argument.default,
        )
        for argument in arguments
    ]
    return declared
