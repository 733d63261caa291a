"""Reimbursements in GraphQL: what insurers and carriers paid back to the marketplace for a claim."""

from datetime import datetime

import strawberry

from api.operations import reimbursements
from api.schema.claims import Claim
from api.schema.connection import Connection, listing, point
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import KEY, VERSION, ByAge
from api.schema.scalars import Money, MoneyInput
from domain.ids import ClaimId, ReimbursementId
from domain.reimbursements import RecordReimbursement, ReimbursementAction, Reimburser, WithdrawReimbursement
from domain.texts import NAME_CHARACTERS_MAX

described(Reimburser)
described(ReimbursementAction)


@strawberry.input(description="Which reimbursements. What is left out does not matter; conditions add up.")
class ReimbursementFilter:
    """The filters of `storage/views/reimbursements.py`."""

    claim_id: strawberry.ID | None = strawberry.field(default=None, description="For this claim.")


@strawberry.type(description="An action on a reimbursement that is not possible now for the viewer, and why.")
class BlockedReimbursementAction:
    """`domain.moves.Move`."""

    action: ReimbursementAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="When time ends it; null where it does not.")


@strawberry.type(
    description="What an insurer, or a carrier outside a case, paid back to the marketplace for a claim whose buyer "
    "was given its money. The marketplace bears that much less; the buyer and the parties are not concerned."
)
class Reimbursement(Node):
    """`domain.reimbursements.Reimbursement`."""

    claim: Claim | None = strawberry.field(description="The claim; null when hidden from the viewer.")
    payer: Reimburser = strawberry.field(description="What the payer is.")
    payer_name: str = strawberry.field(description="Who paid.")
    reference: str = strawberry.field(description="The payer's own number of the payment.")
    amount: Money = strawberry.field(description="How much.")
    paid_at: datetime = strawberry.field(description="When.")
    recorded_by: str = strawberry.field(description="By whom it was recorded here.")
    recorded_at: datetime = strawberry.field(description="When it was recorded here.")
    withdrawn_at: datetime | None = strawberry.field(
        description="When it turned out not to have been made; null while it stands."
    )
    withdrawn_because: str | None = strawberry.field(description="Why it was withdrawn.")
    available_actions: list[ReimbursementAction] = strawberry.field(description="What the viewer may do with it now.")
    blocked_actions: list[BlockedReimbursementAction] = strawberry.field(
        description="What the viewer may not do with it now, and why."
    )
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.input(description="Somebody paid the marketplace back for a claim.")
class RecordReimbursementInput:
    """→ `domain.reimbursements.RecordReimbursement`."""

    claim_id: strawberry.ID = strawberry.field(description="The claim whose buyer was given its money.")
    payer: Reimburser = strawberry.field(description="What the payer is.")
    payer_name: str = strawberry.field(description="Who paid, at most 200 characters.")
    reference: str = strawberry.field(
        description="The payer's own number of the payment, at most 100 characters; recorded once per payer."
    )
    amount: MoneyInput = strawberry.field(
        description="How much, in the claim's currency, and at most what the marketplace bears of it and nobody else "
        "was asked for."
    )
    paid_at: datetime | None = strawberry.field(default=None, description="When; now if left out.")
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> RecordReimbursement:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = RecordReimbursement(
            read.id(ClaimId, self.claim_id, "claimId"),
            self.payer,
            read.line(self.payer_name, "payerName", most=NAME_CHARACTERS_MAX),
            read.reference(self.reference, "reference"),
            read.money(self.amount, "amount"),
            self.paid_at,
        )
        read.done()
        return command


@strawberry.input(description="A reimbursement was not made after all.")
class WithdrawReimbursementInput:
    """→ `domain.reimbursements.WithdrawReimbursement`."""

    reimbursement_id: strawberry.ID = strawberry.field(description="The reimbursement.")
    reason: str = strawberry.field(description="Why, at most 4,000 characters.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> WithdrawReimbursement:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = WithdrawReimbursement(
            read.id(ReimbursementId, self.reimbursement_id, "reimbursementId"),
            read.required_note(self.reason, "reason"),
        )
        read.done()
        return command


@strawberry.type(description="The reimbursement, or why nothing changed.")
class ReimbursementPayload:
    """What the mutations of reimbursements answer."""

    reimbursement: Reimbursement | None = strawberry.field(
        description="The reimbursement as it is now; null when nothing changed."
    )
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class ReimbursementQueries:
    """Reading reimbursements."""

    reimbursement: Reimbursement | None = point(
        "The reimbursement of that id; null when there is none for the viewer.", of="reimbursement"
    )
    reimbursements: Connection[Reimbursement] = listing(
        "What the marketplace was paid back. For staff.", filter=ReimbursementFilter, order=ByAge
    )


@strawberry.type
class ReimbursementMutations:
    """What can be done with reimbursements."""

    record_reimbursement: ReimbursementPayload = mutation(
        reimbursements.record_reimbursement,
        RecordReimbursementInput,
        keyed=True,
        description="An insurer, or a carrier outside a case, paid the marketplace back for a claim whose buyer was "
        "given its money. Refused above what the marketplace bears of it and nobody else was asked for.",
    )
    withdraw_reimbursement: ReimbursementPayload = mutation(
        reimbursements.withdraw_reimbursement,
        WithdrawReimbursementInput,
        keyed=True,
        description="The payment was not made after all: the marketplace bears that much again.",
    )
