"""Copies of things that never change, with some members changed: what `dataclasses.replace` makes, for a third of it.

How it works. Every step of a lifecycle copies its aggregate, and a claim has fifty members. `dataclasses.replace` looks
at each field anew; here the members' names are looked up once per type, and read by one call.

Law: the copy is made by the type's own constructor, so what it refuses is refused of a copy too.
"""

from collections.abc import Callable
from dataclasses import Field, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

T = TypeVar("T")

__all__ = ["replace"]


class _Known(NamedTuple):
    """How a type is read: all members at once, and at which place each of them is."""

    read: Callable[[Any], tuple[Any, ...]]
    places: dict[str, int]


_KNOWN: Final[dict[type, _Known]] = {}


if TYPE_CHECKING:
    from dataclasses import replace  # checkers know what it takes
else:

    def replace(thing: T, **changed: Any) -> T:
        """The thing with those members instead of its own. Refuses (TypeError) a member that it does not have."""
        kind = type(thing)
        known = _KNOWN.get(kind) or _learn(kind)
        members = list(known.read(thing))
        places = known.places
        try:
            for name, value in changed.items():
                members[places[name]] = value
        except KeyError as unknown:
            raise TypeError(f"{kind.__name__} is not made with a member {unknown}") from None
        return kind(*members)


def _learn(kind: Any) -> _Known:
    """How things of that type are read. Refuses (TypeError) what is no dataclass, or not made of members in order."""
    made_of: list[Field[Any]] = [field for field in fields(kind) if field.init]
    if not made_of or any(field.kw_only for field in made_of):
        raise TypeError(f"{kind.__name__} is not made of members in their order")
    names = [field.name for field in made_of]
    read = attrgetter(*names) if len(names) > 1 else lambda thing: (getattr(thing, names[0]),)
    known = _KNOWN[kind] = _Known(read, {name: place for place, name in enumerate(names)})
    return known
