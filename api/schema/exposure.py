"""Exposures in GraphQL: what one loss can cost at most, and what was paid for it."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.schema.claims import Claim
from api.schema.connection import Connection, connection, point
from api.schema.enums import described
from api.schema.node import Node
from api.schema.orders import Order, OrderLine
from api.schema.scalars import Money
from domain.exposure import DrawnBy, Loss, LossCause

if TYPE_CHECKING:
    from api.schema.remedies import Goodwill

described(LossCause)
described(Loss)
described(DrawnBy, name="ExposureDrawnBy")


@strawberry.type(description="Money that was drawn for a loss, or below zero taken back. It never changes.")
class ExposureMovement(Node):
    """`domain.exposure.ExposureMovement`."""

    exposure: Annotated["Exposure", strawberry.lazy("api.schema.exposure")] = strawberry.field(
        description="What it was drawn on."
    )
    cause: LossCause = strawberry.field(description="What the buyer lost by.")
    drawn_by: DrawnBy = strawberry.field(description="By what the money reaches the buyer.")
    amount: Money = strawberry.field(description="How much was drawn; below zero what was taken back.")
    claim: Claim | None = strawberry.field(description="The claim that drew, where it was one.")
    goodwill: Annotated["Goodwill", strawberry.lazy("api.schema.remedies")] | None = strawberry.field(
        description="The goodwill that drew, where it was that."
    )
    subject_id: strawberry.ID | None = strawberry.field(description="What drew, whatever it is; for staff.")
    at: datetime = strawberry.field(description="When.")


@strawberry.type(
    description="What one loss on one line of an order can cost at most, whoever pays: claims, chargebacks, insurance "
    "and goodwill draw on it, and what is drawn is never above its ceiling."
)
class Exposure(Node):
    """`domain.exposure.Exposure`."""

    order: Order | None = strawberry.field(description="The order.")
    line: OrderLine | None = strawberry.field(description="The line.")
    loss: Loss = strawberry.field(description="What is lost once, by whatever cause.")
    ceiling: Money = strawberry.field(
        description="What it can cost at most: of goods their paid value with their share of the freight, of anything "
        "else what the rules give for it."
    )
    drawn: Money = strawberry.field(description="What was drawn and not taken back.")
    left: Money = strawberry.field(description="What can still be drawn.")
    movements: Connection[ExposureMovement] = connection("What was drawn and taken back, by what.")
    opened_at: datetime = strawberry.field(description="When something was drawn first.")
    version: int = strawberry.field(description="Grows by one with each change.")


@strawberry.type
class ExposureQueries:
    """Reading exposures: they are also fields of orders and their lines."""

    exposure: Exposure | None = point("The exposure of that id; null when there is none for the viewer.", of="exposure")
