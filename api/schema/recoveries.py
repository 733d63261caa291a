"""Recoveries in GraphQL: what an award may cost, or costs, its liable party, and how that is collected."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.operations import recoveries
from api.schema.claims import Claim
from api.schema.connection import Connection, listing, point
from api.schema.coupons import Coupon
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import KEY, VERSION
from api.schema.parties import LiableParty
from api.schema.scalars import Money
from domain.ids import RecoveryId
from domain.recoveries import (
    ConfirmWriteOff,
    DisputeRecovery,
    RecoveryAction,
    RecoveryState,
    ResolveRecovery,
    WriteOffRecovery,
)

if TYPE_CHECKING:
    from api.schema.invoices import Invoice
    from api.schema.remedies import Refund

described(RecoveryState)
described(RecoveryAction)


class RecoveryOrder(StrEnum):
    """Orders of a list of recoveries."""

    NEWEST_FIRST = "NEWEST_FIRST"
    """By opening, the latest first."""
    OLDEST_FIRST = "OLDEST_FIRST"
    """By opening, the earliest first."""


described(RecoveryOrder)


@strawberry.input(description="Which recoveries. What is left out does not matter; conditions add up.")
class RecoveryFilter:
    """The fields are the filters of `storage/views/recoveries.py`."""

    states: list[RecoveryState] | None = strawberry.field(default=None, description="In one of these states.")
    liable_party_id: strawberry.ID | None = strawberry.field(default=None, description="Of this supplier or provider.")
    claim_id: strawberry.ID | None = strawberry.field(default=None, description="For this claim.")


@strawberry.type(description="An action on a recovery that is not possible now for the viewer, and why.")
class BlockedRecoveryAction:
    """`domain.moves.Move`."""

    action: RecoveryAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="When time ends it; null where it does not.")


@strawberry.type(
    description="What the liable party owes for what a claim cost: of a coupon only if, when and as far as the buyer "
    "spends it. Contingent, due and released always sum to the party's share; outstanding is due without what was "
    "netted, paid, drawn and written off, plus what was returned."
)
class Recovery(Node):
    """`domain.recoveries.Recovery`."""

    claim: Claim | None = strawberry.field(
        description="The claim behind it; null for a party that bears a share of a claim against another."
    )
    claim_number: str = strawberry.field(description="That claim's number for people; for the party too.")
    coupon: Coupon | None = strawberry.field(
        description="The coupon; null for the liable party, whose it is not, and where a refund is charged."
    )
    refund: Annotated["Refund", strawberry.lazy("api.schema.remedies")] | None = strawberry.field(
        description="The refund; null for the liable party, whose it is not."
    )
    share_bp: int = strawberry.field(description="Basis points of the coupon or refund that the party bears.")
    liable_party: LiableParty | None = strawberry.field(description="Who owes.")
    state: RecoveryState = strawberry.field(description="Where it stands.")
    contingent: Money = strawberry.field(description="What may still fall due.")
    due: Money = strawberry.field(description="What fell due in all and was neither reversed nor waived.")
    outstanding: Money = strawberry.field(
        description="What is owed and not collected; below zero what was collected, is not owed, and goes back with "
        "the next payout."
    )
    netted: Money = strawberry.field(description="What was kept back from payouts.")
    paid: Money = strawberry.field(description="What was paid.")
    drawn: Money = strawberry.field(description="What was taken from the deposit.")
    written_off: Money = strawberry.field(description="What was given up.")
    returned: Money = strawberry.field(description="What was collected and went back to the party.")
    released: Money = strawberry.field(description="What will never be owed.")
    invoice: Annotated["Invoice", strawberry.lazy("api.schema.invoices")] | None = strawberry.field(
        description="The open invoice that asks for it."
    )
    fell_due_at: datetime | None = strawberry.field(description="Since when something is owed; null while nothing is.")
    disputed_at: datetime | None = strawberry.field(description="Since when the party disagrees; null while it agrees.")
    dispute_reason: str | None = strawberry.field(description="Why the party disagreed, the last time.")
    opened_at: datetime = strawberry.field(description="When the award was made.")
    ended_at: datetime | None = strawberry.field(description="When nothing was contingent any more.")
    available_actions: list[RecoveryAction] = strawberry.field(description="What the viewer may do with it now.")
    blocked_actions: list[BlockedRecoveryAction] = strawberry.field(
        description="What the viewer may not do with it now, and why."
    )
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.input(description="The liable party says that it does not owe this.")
class DisputeRecoveryInput:
    """→ `domain.recoveries.DisputeRecovery`."""

    recovery_id: strawberry.ID = strawberry.field(description="What it does not owe.")
    reason: str = strawberry.field(description="Why, at most 4,000 characters; the marketplace reads it.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> DisputeRecovery:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = DisputeRecovery(
            read.id(RecoveryId, self.recovery_id, "recoveryId"), read.required_note(self.reason, "reason")
        )
        read.done()
        return command


@strawberry.input(description="The marketplace says whether a disputed debt is owed.")
class ResolveRecoveryInput:
    """→ `domain.recoveries.ResolveRecovery`."""

    recovery_id: strawberry.ID = strawberry.field(description="What is disputed.")
    owed: bool = strawberry.field(
        description="True: the party owes it, and it is collected again. False: it does not, and the platform bears it."
    )
    reason: str = strawberry.field(description="Why, at most 4,000 characters; the party reads it.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> ResolveRecovery:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        id_, reason = read.id(RecoveryId, self.recovery_id, "recoveryId"), read.required_note(self.reason, "reason")
        read.done()
        return ResolveRecovery(id_, self.owed, reason)


@strawberry.input(description="What a party owes is to be given up.")
class WriteOffRecoveryInput:
    """→ `domain.recoveries.WriteOffRecovery`."""

    recovery_id: strawberry.ID = strawberry.field(description="What is given up.")
    reason: str = strawberry.field(description="Why, at most 4,000 characters.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> WriteOffRecovery:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = WriteOffRecovery(
            read.id(RecoveryId, self.recovery_id, "recoveryId"), read.required_note(self.reason, "reason")
        )
        read.done()
        return command


@strawberry.input(description="A second person agrees to give up what a party owes.")
class ConfirmWriteOffInput:
    """→ `domain.recoveries.ConfirmWriteOff`."""

    recovery_id: strawberry.ID = strawberry.field(description="What is given up.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> ConfirmWriteOff:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        id_ = read.id(RecoveryId, self.recovery_id, "recoveryId")
        read.done()
        return ConfirmWriteOff(id_)


@strawberry.type(description="The recovery, or why nothing changed.")
class RecoveryPayload:
    """What the mutations on a recovery answer."""

    recovery: Recovery | None = strawberry.field(description="The recovery as it is now; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class RecoveryQueries:
    """Reading recoveries."""

    recovery: Recovery | None = point("The recovery of that id; null when there is none for the viewer.", of="recovery")
    recoveries: Connection[Recovery] = listing(
        "The recoveries the viewer may see: a liable party its own, staff all.",
        filter=RecoveryFilter,
        order=RecoveryOrder,
    )


@strawberry.type
class RecoveryMutations:
    """What can be done with recoveries."""

    dispute_recovery: RecoveryPayload = mutation(
        recoveries.dispute_recovery,
        DisputeRecoveryInput,
        keyed=True,
        description="The liable party says that it does not owe this: nothing of it is collected until the marketplace "
        "has resolved the dispute.",
    )
    resolve_recovery: RecoveryPayload = mutation(
        recoveries.resolve_recovery,
        ResolveRecoveryInput,
        keyed=True,
        description="The marketplace says whether a disputed debt is owed: it is collected again, or the platform "
        "bears it.",
    )
    write_off_recovery: RecoveryPayload = mutation(
        recoveries.write_off_recovery,
        WriteOffRecoveryInput,
        keyed=True,
        description="What a party owes is given up. Above the amount of the rule `collection` a second person has to "
        "confirm it first: the recovery then says so in its blocked actions.",
    )
    confirm_write_off: RecoveryPayload = mutation(
        recoveries.confirm_write_off,
        ConfirmWriteOffInput,
        keyed=True,
        description="A second person agrees to give up what a party owes. Refused for whoever asked for it.",
    )
