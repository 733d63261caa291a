"""Deposits in GraphQL: what is held of a provider's money, what is required, and where it went."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import strawberry

from api.operations import deposits
from api.schema.connection import Connection, PageInfo, connection, listing, point
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import ByAge
from api.schema.scalars import CurrencyCode, Money, MoneyInput
from domain import money
from domain.deposits import DrawDeposit, MovementKind, RecordDeposit, ReturnDeposit
from domain.ids import ProviderId

if TYPE_CHECKING:
    from api.schema.capabilities import OpenDuty
    from api.schema.providers import Provider

described(MovementKind, name="DepositMovementKind")

ONCE = "Your name for this call: sent twice, it is done once."


@strawberry.input(description="Which deposits. What is left out does not matter; conditions add up.")
class DepositFilter:
    """The fields are the filters of `storage/views/deposits.py`."""

    provider_id: strawberry.ID | None = strawberry.field(default=None, description="Of this provider.")
    currency: CurrencyCode | None = strawberry.field(default=None, description="In this currency.")


@strawberry.type(description="Money that came into a deposit or left it. It never changes.")
class DepositMovement(Node):
    """`domain.deposits.DepositMovement`."""

    deposit: Annotated["Deposit", strawberry.lazy("api.schema.deposits")] | None = strawberry.field(
        description="The deposit."
    )
    provider: Annotated["Provider", strawberry.lazy("api.schema.providers")] | None = strawberry.field(
        description="Whose money it is."
    )
    kind: MovementKind = strawberry.field(description="What moved it.")
    amount: Money = strawberry.field(description="How much.")
    left: Money = strawberry.field(description="What was held afterwards.")
    reference: str | None = strawberry.field(description="The bank's reference; null for what was drawn.")
    reason: str | None = strawberry.field(description="Why it was drawn; null for other movements.")
    moved_at: datetime = strawberry.field(description="When.")


@strawberry.type(description="What is held of one provider's money in one currency.")
class Deposit(Node):
    """`domain.deposits.Deposit`."""

    provider: Annotated["Provider", strawberry.lazy("api.schema.providers")] | None = strawberry.field(
        description="Whose money it is."
    )
    currency: CurrencyCode = strawberry.field(description="In which currency.")
    held: Money = strawberry.field(description="What is held now: received without what was drawn and returned.")
    received: Money = strawberry.field(description="Everything that was paid in.")
    drawn: Money = strawberry.field(description="Everything that was taken for what the provider owed.")
    returned: Money = strawberry.field(description="Everything that was given back.")
    movements: Connection[DepositMovement] = connection("What came and went, the latest first.")
    opened_at: datetime = strawberry.field(description="When money came in first.")
    updated_at: datetime = strawberry.field(description="When it last moved.")
    version: int = strawberry.field(description="Grows by one with each movement.")


@strawberry.type(description="How a provider's deposit in one currency stands beside what is required of it.")
class DepositStanding:
    """`domain.deposits.DepositStanding`."""

    currency: CurrencyCode = strawberry.field(description="In which currency.")
    required: Money = strawberry.field(description="What the requirements in force want it to deposit.")
    held: Money = strawberry.field(description="What is held.")
    shortfall: Money = strawberry.field(description="What is missing; zero when enough is held.")
    deposit: Deposit | None = strawberry.field(description="The deposit; null when nothing was ever paid in.")


@strawberry.type(description="What is still held of a provider that is gone, and what keeps it from going back.")
class DepositToReturnEdge:
    """`storage.views.deposits.DepositToReturn`."""

    cursor: str = strawberry.field(description="Opaque; good for `after` and `before` in this list only.")
    node: Deposit | None = strawberry.field(description="The deposit: whose it is, and how much is held.")
    left_at: datetime = strawberry.field(description="Since when it is gone.")
    owed: Money = strawberry.field(description="What it owes in that currency; draw that before anything goes back.")
    contingent: Money = strawberry.field(description="What may still fall due from it, in that currency.")
    open_duty_count: int = strawberry.field(description="How many things still keep it, in any currency.")
    next_duty: Annotated["OpenDuty", strawberry.lazy("api.schema.capabilities")] | None = strawberry.field(
        description="The oldest of them; null when nothing does."
    )
    because: list[Finding] = strawberry.field(
        description="Why it cannot go back yet, as `returnDeposit` would say; empty when it can."
    )


@strawberry.type(description="A page of deposits to be returned, those of the providers that left first at the top.")
class DepositToReturnConnection:
    """`storage.views.deposits.DepositsToReturn`."""

    edges: list[DepositToReturnEdge] = strawberry.field(description="The page, each deposit with what keeps it.")
    page_info: PageInfo = strawberry.field(description="Where the page lies in its list.")


DEPOSITS: Final[Any] = strawberry.field(
    description="What is required of it as deposits, and held, by currency; for staff and itself."
)
"""The field of a provider that shows these (`api/schema/providers.py`)."""


def _whose(read: Reader, provider_id: str, amount: MoneyInput) -> tuple[ProviderId, money.Money]:
    """Whose money moves, and how much, as every input here says it."""
    return (
        read.id(ProviderId, provider_id, "providerId"),
        read.money(amount, "amount"),
    )


@strawberry.input(description="A provider's money came in.")
class RecordDepositInput:
    """→ `domain.deposits.RecordDeposit`."""

    provider_id: strawberry.ID = strawberry.field(description="Whose money it is.")
    amount: MoneyInput = strawberry.field(description="How much, above zero.")
    reference: str = strawberry.field(description="The bank's reference, at most 100 characters; recorded once.")
    idempotency_key: str = strawberry.field(description=ONCE)

    def command(self) -> RecordDeposit:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        provider_id, amount = _whose(read, self.provider_id, self.amount)
        reference = read.reference(self.reference, "reference")
        read.done()
        return RecordDeposit(provider_id, amount, reference)


@strawberry.input(description="What a provider owes is taken from its deposit.")
class DrawDepositInput:
    """→ `domain.deposits.DrawDeposit`."""

    provider_id: strawberry.ID = strawberry.field(description="Who owes.")
    amount: MoneyInput = strawberry.field(description="How much: at most what is held, and what it owes.")
    reason: str = strawberry.field(description="Why, at most 4,000 characters; the provider reads it.")
    idempotency_key: str = strawberry.field(description=ONCE)

    def command(self) -> DrawDeposit:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        provider_id, amount = _whose(read, self.provider_id, self.amount)
        reason = read.required_note(self.reason, "reason")
        read.done()
        return DrawDeposit(provider_id, amount, reason)


@strawberry.input(description="A provider gets money back.")
class ReturnDepositInput:
    """→ `domain.deposits.ReturnDeposit`."""

    provider_id: strawberry.ID = strawberry.field(description="Whose money it is.")
    amount: MoneyInput = strawberry.field(description="How much: at most what is held and nothing needs any more.")
    reference: str = strawberry.field(description="The bank's reference, at most 100 characters; recorded once.")
    idempotency_key: str = strawberry.field(description=ONCE)

    def command(self) -> ReturnDeposit:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        provider_id, amount = _whose(read, self.provider_id, self.amount)
        reference = read.reference(self.reference, "reference")
        read.done()
        return ReturnDeposit(provider_id, amount, reference)


@strawberry.type(description="The deposit and its movement, or why nothing changed.")
class DepositPayload:
    """What the mutations on a deposit answer."""

    deposit: Deposit | None = strawberry.field(description="The deposit as it is now; null when nothing changed.")
    movement: DepositMovement | None = strawberry.field(description="What moved; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class DepositQueries:
    """Reading deposits."""

    deposit: Deposit | None = point("The deposit of that id; null when there is none for the viewer.", of="deposit")
    deposits: Connection[Deposit] = listing(
        "The deposits the viewer may see: a provider its own, staff all.", filter=DepositFilter, order=ByAge
    )
    deposit_movement: DepositMovement | None = point(
        "The movement of that id; null when there is none for the viewer.", of="movement"
    )
    deposits_to_return: DepositToReturnConnection | None = listing(
        "What is still held of providers that are gone, those that left first at the top: whom finance pays back as "
        "soon as nothing keeps it any more. For finance and administration; null for others."
    )


@strawberry.type
class DepositMutations:
    """What can be done with deposits."""

    record_deposit: DepositPayload = mutation(
        deposits.record_deposit,
        RecordDepositInput,
        keyed=True,
        description="A provider's money came in and is held. An approved provider that waited for it begins to work.",
    )
    draw_deposit: DepositPayload = mutation(
        deposits.draw_deposit,
        DrawDepositInput,
        keyed=True,
        description="What a provider owes is taken from its deposit. Refused above what is held, and above what it "
        "owes.",
    )
    return_deposit: DepositPayload = mutation(
        deposits.return_deposit,
        ReturnDepositInput,
        keyed=True,
        description="A provider gets money back: all of it once it has left and nothing is open, owed or contingent; "
        "before that what is held beyond what is required.",
    )
