"""How a subscription is declared: a source of happenings; each one is read by the engine when it is sent."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final

from api.schema.arguments import Argument, field
from domain.access import Caller

Source = Callable[[Any, Caller, Mapping[str, Any]], AsyncIterator[Any]]
"""(fan-out, caller, arguments by snake-case name) -> what happened, one value per event.

A value is what a `Computed` loader may return: a mapping or dataclass of the payload type's fields in which a thing
with a view is its id; or, where the field's type has a view itself, the bare id. An event about a thing that the
listener may not see is dropped.
"""

DECLARATION: Final = "subscription"
"""The key in the field's metadata under which `api/schema/schema.py` finds the source."""


def subscription(source: Source, description: str, *arguments: Argument) -> Any:
    """The subscription field fed by `source`, for the right-hand side of an annotated attribute."""
    return field(description, *arguments, metadata={DECLARATION: source})
