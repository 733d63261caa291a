"""Decisions in GraphQL: what was decided, under which rule versions, and the tree that explains it."""

from datetime import datetime

import strawberry

from api.schema.connection import point
from api.schema.enums import described
from api.schema.errors import Finding
from api.schema.node import Node
from domain.decisions import DecisionKind

described(DecisionKind)


@strawberry.type(description="Something that was decided, with its explanation. It never changes.")
class Decision(Node):
    """`domain.decisions.Decision`."""

    kind: DecisionKind = strawberry.field(description="What it is about.")
    subject_id: strawberry.ID = strawberry.field(description="The id of the claim, buyer, cover or party it is about.")
    holds: bool = strawberry.field(description="Whether the answer is yes.")
    at: datetime = strawberry.field(description="When it was decided.")
    decided_by: str | None = strawberry.field(
        description="The member or key that decided, or `system:` and the clock's duty; for staff."
    )
    rule_version_ids: list[strawberry.ID] = strawberry.field(description="The rule versions it rests on.")
    tree: Finding = strawberry.field(description="Why: every rule that was asked, what it looked at, and its answer.")
    canonical: str = strawberry.field(
        description="The tree as it is stored: the same inputs give the same text, byte for byte."
    )


@strawberry.type
class DecisionQueries:
    """Reading decisions."""

    decision: Decision | None = point("The decision of that id; null when there is none for the viewer.", of="decision")
