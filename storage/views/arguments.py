"""Ids in the arguments of computed roots: read, or refused by the argument's name."""

from typing import TypeVar

from domain.errors import Invalid, Problem
from domain.ids import Id

T = TypeVar("T", bound=Id)


def parsed(kind: type[T], text: str, name: str) -> T:
    """The id that a client wrote. Refuses with Invalid, naming the argument."""
    try:
        return kind.parse(text)
    except ValueError as reason:
        raise Invalid(Problem((name,), str(reason))) from reason
