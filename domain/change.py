"""What a rule returns: the thing before and after, and what happened. It never writes and never emits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from domain.ids import Id

Fact = str | int | bool | None
"""What a happening may carry: ids, codes, numbers, instants as text. Never personal data."""


class Aggregate(Protocol):
    """Something `keep` can write: it has an id and a version that grows by one with each change."""

    @property
    def id(self) -> Id:
        """What it is found by."""
        ...

    @property
    def version(self) -> int:
        """1 when it is new, one more with each change."""
        ...


A = TypeVar("A", bound=Aggregate)


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened, in the past tense of the trade: `claim.opened`. Becomes an outbox row."""

    name: str
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change(Generic[A]):
    """An aggregate's step from `before` (None when it is new) to `after`, and what happened on the way.

    Laws: `after.version` is 1 for a new thing and otherwise `before.version + 1`; at least one thing happened.
    """

    before: A | None
    after: A
    happened: tuple[Happening, ...]

    def __post_init__(self) -> None:
        expected = 1 if self.before is None else self.before.version + 1
        if self.after.version != expected:
            raise ValueError(f"version {self.after.version} of {self.after.id} should be {expected}")
        if not self.happened:
            raise ValueError(f"nothing happened to {self.after.id}")
