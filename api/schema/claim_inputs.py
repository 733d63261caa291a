"""What clients write of a claim's lines, of who bears a loss, and of a changed method of shipping."""

from collections.abc import Sequence

import strawberry

from api.schema import modes as _modes  # noqa: F401 - describes the shared enums
from api.schema.inputs import Reader
from api.schema.scalars import MoneyInput
from domain.claims import LineWish, ShippingMethodFacts
from domain.ids import OrderLineId
from domain.liability import Bearer, Share
from domain.money import WHOLE_BP
from domain.remedies import RemedyKind
from domain.shipments import ShipmentMode


@strawberry.input(description="What somebody wants, offers or gives for one line of an order.")
class ClaimLineInput:
    """→ `domain.claims.LineWish`."""

    line_id: strawberry.ID = strawberry.field(description="The line of the order.")
    remedy: RemedyKind = strawberry.field(description="How it is made good.")
    amount: MoneyInput | None = strawberry.field(
        default=None, description="How much; left out: all of the line's loss. A remedy in kind has none."
    )

    def wish(self, read: Reader, *path: str) -> LineWish:
        """The wish; `read` collects what is wrong with it."""
        amount = self.amount
        money = None
        if amount is not None:
            given = amount
            money = read.money(given, *path, "amount")
        return LineWish(read.id(OrderLineId, self.line_id, *path, "lineId"), self.remedy, money)


def wishes(read: Reader, lines: Sequence[ClaimLineInput] | None) -> tuple[LineWish, ...]:
    """The wishes of those inputs, none where nothing was said."""
    return tuple(line.wish(read, "lines", str(place)) for place, line in enumerate(lines or ()))


@strawberry.input(description="What one bears of a loss.")
class LiabilityShareInput:
    """→ `domain.liability.Share`."""

    bearer: Bearer = strawberry.field(description="Who bears it.")
    basis_points: int = strawberry.field(description="How much, in hundredths of a percent, above zero.")

    def share(self, read: Reader, place: int) -> Share:
        """The share; `read` collects what is wrong with it."""
        read.number(self.basis_points, "shares", str(place), "basisPoints", least=1, most=WHOLE_BP)
        return Share(self.bearer, self.basis_points)


@strawberry.input(
    description="What was found of a changed method of shipping, in the order in which it is asked: contract, custom "
    "of the trade, statute, the seller's own choice."
)
class ShippingMethodInput:
    """→ `domain.claims.ShippingMethodFacts`."""

    used: ShipmentMode = strawberry.field(description="How the goods travelled.")
    contract: ShipmentMode | None = strawberry.field(
        default=None, description="The method that the contract names; null where it names none."
    )
    custom: ShipmentMode | None = strawberry.field(
        default=None, description="The method that is the custom of the trade; null where there is none."
    )
    custom_proven: bool = strawberry.field(
        default=False, description="Whether the buyer proved the custom; unproven it counts for nothing."
    )
    statute: ShipmentMode | None = strawberry.field(
        default=None, description="The method that a statute demands; null where none does."
    )
    loss_by_choice: bool = strawberry.field(
        default=False, description="Whether the seller's choice caused the loss, where it was free to choose."
    )

    def facts(self) -> ShippingMethodFacts:
        """The facts."""
        return ShippingMethodFacts(
            self.used, self.contract, self.custom, self.custom_proven, self.statute, self.loss_by_choice
        )
