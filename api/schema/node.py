"""`Node`: everything with an id, and the two root fields that read any of it by id alone."""

import strawberry

from api.schema.arguments import Argument, field


@strawberry.interface(description="Anything with an id of its own.")
class Node:
    """Relay's node. An object type implements it if and only if it has a view in `storage/views/`."""

    id: strawberry.ID = strawberry.field(
        description="Opaque, unique over all kinds of things, the same in logs and webhooks."
    )


@strawberry.type
class NodeQueries:
    """Reading by id alone; the id's prefix says what kind of thing it is."""

    node: Node | None = field(
        "The thing of that id; null when there is none for the viewer.",
        Argument("id", strawberry.ID, "The id of anything."),
    )
    nodes: list[Node | None] = field(
        "The things of those ids, in their order; null where there is none for the viewer.",
        Argument("ids", list[strawberry.ID], "At most 100 ids, of any kinds."),
    )
