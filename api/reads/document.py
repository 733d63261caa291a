"""A document: parsed, measured and validated once, whatever its variables and callers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from graphql import FragmentDefinitionNode, OperationDefinitionNode, OperationType


@dataclass(slots=True, eq=False)
class Operation:
    """One operation of a document."""

    node: OperationDefinitionNode
    name: str | None
    kind: OperationType
    introspects: bool
    """Whether it selects `__schema` or `__type`."""


@dataclass(slots=True, eq=False)
class Document:
    """What a text means, or why it means nothing: `errors` is not empty then, and nothing can be executed."""

    text: str
    digest: str
    """SHA-256 of the text in hexadecimal: what trusted documents and logs call it."""
    errors: tuple[dict[str, Any], ...] = ()
    operations: dict[str | None, Operation] = field(default_factory=dict)
    fragments: dict[str, FragmentDefinitionNode] = field(default_factory=dict)

    def operation(self, name: str | None) -> Operation | None:
        """The operation of that name, or the only one when no name is given; None when the choice is not clear."""
        if name is None:
            return next(iter(self.operations.values())) if len(self.operations) == 1 else None
        return self.operations.get(name)
