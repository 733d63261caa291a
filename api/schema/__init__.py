"""The contract: GraphQL types, inputs, payloads, queries and mutations, one module per noun.

Strawberry describes the contract here and answers nothing (decision 0070). With several thousand fields, what it does
for those who resolve with it would be a quarter of a start of the platform and of what a server holds, so it is spared:

- A field works its type out whenever it is asked for it, and while a class is being made `dataclasses` asks twice per
  field, only to see that the answer is no string. So a field that belongs to no class yet says that its type is not
  known, as it does anyway where a type is named before it is defined.
- Each class looks at the types of all its fields for `Self`, which no type of ours says: what it means is written out.
- What an annotation comes to is worked out once, not once per field, where that depends on nothing but the annotation.
- A field without directives, extensions, permissions and metadata shares the emptiness with the others.
- The schema of graphql-core gets a resolver for each field, also where it would only read an attribute. The read engine
  resolves, so there is none but where one was given.
"""

from collections.abc import Callable
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Final, NewType, get_args

from strawberry.annotation import StrawberryAnnotation
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import UNRESOLVED, StrawberryField

NOTHING: Final[MappingProxyType[Any, Any]] = MappingProxyType({})


def _type(field: StrawberryField) -> Any:
    return UNRESOLVED if field.origin is None else field.resolve_type()


def _once(work_out: Callable[[StrawberryAnnotation], Any]) -> Callable[[StrawberryAnnotation], Any]:
    """`work_out`, done once per annotation that names classes and nothing that is still to be looked up."""
    known: dict[Any, Any] = {}

    def worked_out(annotation: StrawberryAnnotation) -> Any:
        raw = annotation.raw_annotation
        if not _is_plain(raw):
            return work_out(annotation)
        found = known.get(raw)
        if found is None:
            found = known[raw] = work_out(annotation)
        return found

    return worked_out


def _is_plain(annotation: Any) -> bool:
    """A class, or that or nothing. Not `list["Claim"]`, which means what its module makes of the name."""
    kind = type(annotation)
    if kind is not UnionType:
        return kind is NewType or issubclass(kind, type)
    one, *others = get_args(annotation)
    return others == [NoneType] and _is_plain(one)


_begun_by_strawberry = StrawberryField.__init__


def _begun(field: StrawberryField, *given: Any, **named: Any) -> None:
    _begun_by_strawberry(field, *given, **named)
    state: dict[str, Any] = vars(field)
    for name in ("permission_classes", "directives", "extensions"):
        state[name] = state[name] or ()
    field.metadata = field.metadata or NOTHING


_made_by_strawberry = GraphQLCoreConverter.from_resolver


def _resolver(converter: GraphQLCoreConverter, field: StrawberryField) -> Any:
    return None if field.is_basic_field else _made_by_strawberry(converter, field)


def _made(_definition: StrawberryObjectDefinition) -> None:
    """Nothing is left to do."""


StrawberryObjectDefinition.__post_init__ = _made  # type: ignore[method-assign,assignment]
StrawberryField.__init__ = _begun  # type: ignore[method-assign,assignment]
StrawberryField.type = StrawberryField.type.getter(_type)  # type: ignore[method-assign,attr-defined]
StrawberryAnnotation.evaluate = _once(StrawberryAnnotation.evaluate)  # type: ignore[method-assign,assignment]
StrawberryAnnotation._resolve = _once(StrawberryAnnotation._resolve)  # type: ignore[method-assign,assignment]
GraphQLCoreConverter.from_resolver = _resolver  # type: ignore[method-assign,assignment]
