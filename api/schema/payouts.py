"""Payouts in GraphQL: what a liable party is to be paid, what is kept back of it, and what it gets."""

from datetime import datetime
from enum import StrEnum

import strawberry

from api.operations import collection
from api.schema.connection import Connection, listing, point
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import KEY, VERSION
from api.schema.parties import LiableParty
from api.schema.scalars import Money, MoneyInput
from domain.ids import LiablePartyId, PayoutId, ProviderId, SupplierId
from domain.payouts import ConfirmPayout, PayoutAction, PayoutState, RecordPayout

described(PayoutState)
described(PayoutAction)


class PayoutOrder(StrEnum):
    """Orders of a list of payouts."""

    NEWEST_FIRST = "NEWEST_FIRST"
    """By announcement, the latest first."""
    OLDEST_FIRST = "OLDEST_FIRST"
    """By announcement, the earliest first."""


described(PayoutOrder)


@strawberry.input(description="Which payouts. What is left out does not matter; conditions add up.")
class PayoutFilter:
    """The fields are the filters of `storage/views/recoveries.py`."""

    states: list[PayoutState] | None = strawberry.field(default=None, description="In one of these states.")
    liable_party_id: strawberry.ID | None = strawberry.field(default=None, description="Of this supplier or provider.")
    reference: str | None = strawberry.field(default=None, description="With this reference of the payment system.")


@strawberry.type(description="An action on a payout that is not possible now for the viewer, and why.")
class BlockedPayoutAction:
    """`domain.moves.Move`."""

    action: PayoutAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="When time ends it; null where it does not.")


@strawberry.type(
    description="What a liable party was to be paid, and what became of it: payable = announced - netted + returned - "
    "withheld."
)
class Payout(Node):
    """`domain.payouts.Payout`."""

    liable_party: LiableParty | None = strawberry.field(description="Whose payout it is.")
    reference: str = strawberry.field(description="The payment system's reference.")
    state: PayoutState = strawberry.field(description="Where it stands.")
    announced: Money = strawberry.field(description="What the party was to be paid.")
    netted: Money = strawberry.field(description="What was kept back for what it owes, the oldest first.")
    returned: Money = strawberry.field(description="What was added: collected before and not owed any more.")
    withheld: Money = strawberry.field(description="What was kept back because a chargeback holds it.")
    payable: Money = strawberry.field(description="What the payment system transfers.")
    announced_at: datetime = strawberry.field(description="When it was announced.")
    paid_at: datetime | None = strawberry.field(description="When it was paid; null until then.")
    paid_reference: str | None = strawberry.field(description="The bank's reference; null where nothing was payable.")
    available_actions: list[PayoutAction] = strawberry.field(description="What the viewer may do with it now.")
    blocked_actions: list[BlockedPayoutAction] = strawberry.field(
        description="What the viewer may not do with it now, and why."
    )
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


def liable_party(read: Reader, text: str) -> LiablePartyId:
    """The id of a supplier or provider."""
    if text.startswith(f"{SupplierId.prefix}_"):
        return read.id(SupplierId, text, "liablePartyId")
    return read.id(ProviderId, text, "liablePartyId")


@strawberry.input(description="A liable party is to be paid.")
class RecordPayoutInput:
    """→ `domain.payouts.RecordPayout`."""

    liable_party_id: strawberry.ID = strawberry.field(description="The supplier or provider.")
    amount: MoneyInput = strawberry.field(description="How much, above zero.")
    reference: str = strawberry.field(
        description="The payment system's reference, at most 100 characters; announced once."
    )
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> RecordPayout:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        party_id = liable_party(read, self.liable_party_id)
        amount = read.money(self.amount, "amount")
        reference = read.reference(self.reference, "reference")
        read.done()
        return RecordPayout(party_id, amount, reference)


@strawberry.input(description="What was payable was transferred.")
class ConfirmPayoutInput:
    """→ `domain.payouts.ConfirmPayout`."""

    payout_id: strawberry.ID = strawberry.field(description="The payout.")
    reference: str = strawberry.field(description="The bank's reference, at most 100 characters.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> ConfirmPayout:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        id_ = read.id(PayoutId, self.payout_id, "payoutId")
        reference = read.reference(self.reference, "reference")
        read.done()
        return ConfirmPayout(id_, reference)


@strawberry.type(description="The payout, or why nothing changed.")
class PayoutPayload:
    """What the mutations on a payout answer."""

    payout: Payout | None = strawberry.field(description="The payout as it is now; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class PayoutQueries:
    """Reading payouts."""

    payout: Payout | None = point("The payout of that id; null when there is none for the viewer.", of="payout")
    payouts: Connection[Payout] = listing(
        "The payouts the viewer may see: a liable party its own, staff all.", filter=PayoutFilter, order=PayoutOrder
    )


@strawberry.type
class PayoutMutations:
    """What can be done with payouts."""

    record_payout: PayoutPayload = mutation(
        collection.record_payout,
        RecordPayoutInput,
        keyed=True,
        description="The payment system announces what a liable party is to be paid. In the same act what the party "
        "owes is kept back, the oldest first, and what stands to its favour is added; `payable` is what to transfer.",
    )
    confirm_payout: PayoutPayload = mutation(
        collection.confirm_payout,
        ConfirmPayoutInput,
        keyed=True,
        description="What was payable was transferred. Refused for a payout that is paid.",
    )
