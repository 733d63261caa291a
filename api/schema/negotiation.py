"""What a claim is about, line by line, what its sides offer each other, and what goes before it, in GraphQL."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.operations import claims
from api.schema.claim_inputs import ClaimLineInput, wishes
from api.schema.connection import Connection, connection
from api.schema.coverage import Coverage
from api.schema.enums import described
from api.schema.errors import UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.orders import OrderLine
from api.schema.organisations import KEY
from api.schema.scalars import Money
from domain.claims import AnswerClaim, ContactParty, DisputeScan, MakeOffer, OfferState, Side
from domain.ids import ClaimId, CoverageId
from domain.liability import Bearer
from domain.remedies import RemedyKind

if TYPE_CHECKING:
    from api.schema.claims import Claim

described(OfferState, name="ClaimOfferState")


class ClaimOfferOrder(StrEnum):
    """Orders of a claim's offers."""

    OLDEST_FIRST = "OLDEST_FIRST"
    """As they were made."""
    NEWEST_FIRST = "NEWEST_FIRST"
    """The latest first."""


described(ClaimOfferOrder)


@strawberry.type(description="What one bears of what a claim gave.")
class LiabilityShare:
    """`domain.liability.Share`."""

    bearer: Bearer = strawberry.field(description="Who bears it.")
    basis_points: int = strawberry.field(description="How much, in hundredths of a percent.")


@strawberry.type(description="A line of the order that a claim is about.")
class ClaimLine(Node):
    """`domain.claims.ClaimLine`."""

    position: int = strawberry.field(description="Its place in the claim, from 1.")
    line: OrderLine | None = strawberry.field(description="The line; null when hidden from the viewer.")
    description: str = strawberry.field(description="What was bought, in the order's words; both sides see it.")
    loss: Money = strawberry.field(description="What was lost with it: the most that it can get.")
    requested_remedy: RemedyKind = strawberry.field(description="How the buyer wants it made good.")
    requested: Money = strawberry.field(description="What the buyer asks for it.")
    remedy: RemedyKind | None = strawberry.field(
        description="How it is made good, as decided or agreed; null while it is not, and where it gets nothing."
    )
    amount: Money | None = strawberry.field(
        description="What it gets, as decided or agreed; null while it is not, and where it gets nothing."
    )


@strawberry.type(description="What an offer gives for one line.")
class ClaimOfferLine(Node):
    """`domain.claims.ClaimOfferLine`."""

    position: int = strawberry.field(description="Its place in the offer, from 1.")
    line: OrderLine | None = strawberry.field(description="The line; null when hidden from the viewer.")
    remedy: RemedyKind = strawberry.field(description="How it would be made good.")
    amount: Money = strawberry.field(description="With how much; zero for a remedy in kind.")


@strawberry.type(description="What one side of a claim would settle for.")
class ClaimOffer(Node):
    """`domain.claims.ClaimOffer`."""

    claim: Annotated["Claim", strawberry.lazy("api.schema.claims")] = strawberry.field(description="The claim.")
    number: int = strawberry.field(description="Its number in the claim, from 1.")
    by: Side = strawberry.field(description="Which side made it.")
    state: OfferState = strawberry.field(description="Where it stands.")
    lines: Connection[ClaimOfferLine] = connection("What it gives, line by line.")
    total: Money = strawberry.field(description="The money in it.")
    note: str | None = strawberry.field(description="What that side wrote with it.")
    lapses_at: datetime = strawberry.field(description="The last instant at which it could be accepted, when made.")
    made_at: datetime = strawberry.field(description="When it was made.")
    ended_at: datetime | None = strawberry.field(description="When it was answered or fell away; null while it stands.")
    version: int = strawberry.field(description="Grows by one with each change.")


@strawberry.type(description="The buyer told the liable party of its trouble, before it claims.")
class ClaimContact(Node):
    """`domain.claims.ClaimContact`."""

    coverage: Coverage | None = strawberry.field(description="The cover that promised otherwise.")
    note: str = strawberry.field(description="What the buyer wrote.")
    at: datetime = strawberry.field(description="When.")


@strawberry.type(description="The liable party objects to paying for a late delivery by tracking alone.")
class ScanDispute(Node):
    """`domain.claims.ScanDispute`."""

    coverage: Coverage | None = strawberry.field(description="The cover of the late goods.")
    note: str = strawberry.field(description="What the party wrote.")
    at: datetime = strawberry.field(description="When.")


@strawberry.type(description="The claim and the offer after the change, or why nothing changed.")
class ClaimOfferPayload:
    """What the mutations on offers answer."""

    claim: Annotated["Claim", strawberry.lazy("api.schema.claims")] | None = strawberry.field(
        description="The claim as it is now; null when nothing changed."
    )
    offer: ClaimOffer | None = strawberry.field(description="The offer as it is now; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type(description="What the buyer told the party, or why nothing was told.")
class ClaimContactPayload:
    """What `contactParty` answers."""

    contact: ClaimContact | None = strawberry.field(description="What was told; null when nothing was.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing was told; empty on success.")


@strawberry.type(description="The cover whose scan is disputed, or why it is not.")
class ScanDisputePayload:
    """What `disputeScan` answers."""

    dispute: ScanDispute | None = strawberry.field(description="The dispute; null when there is none.")
    coverage: Coverage | None = strawberry.field(description="The cover; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.input(description="One side says what it would settle for.")
class MakeOfferInput:
    """→ `domain.claims.MakeOffer`."""

    claim_id: strawberry.ID = strawberry.field(description="The claim.")
    lines: list[ClaimLineInput] = strawberry.field(
        description="What it gives, at least for one line and for none more than its loss."
    )
    note: str | None = strawberry.field(default=None, description="A word to the other side, at most a page.")
    expected_version: int | None = strawberry.field(
        default=None, description="The version of the claim that you saw; another is refused."
    )
    idempotency_key: str = strawberry.field(description="Your name for this call: sent twice, it is done once.")

    def command(self) -> MakeOffer:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = MakeOffer(
            read.id(ClaimId, self.claim_id, "claimId"), wishes(read, self.lines), read.note(self.note, "note")
        )
        read.done()
        return command


@strawberry.input
class _OfferAnswer:
    """What the answers to an offer have in common; → `domain.claims.AnswerClaim`."""

    claim_id: strawberry.ID = strawberry.field(description="The claim; the offer that stands in it is meant.")
    note: str | None = strawberry.field(default=None, description="A word to the other side, at most a page.")
    expected_version: int | None = strawberry.field(
        default=None,
        description="The version of the claim that you saw: with it nobody agrees to an offer that it has not seen.",
    )
    idempotency_key: str = strawberry.field(description="Your name for this call: sent twice, it is done once.")

    def command(self) -> AnswerClaim:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = AnswerClaim(read.id(ClaimId, self.claim_id, "claimId"), read.note(self.note, "note"))
        read.done()
        return command


@strawberry.input(description="The other side agrees to the offer that stands.")
class AcceptOfferInput(_OfferAnswer):
    """For `acceptOffer`."""


@strawberry.input(description="The other side does not agree to the offer that stands.")
class DeclineOfferInput(_OfferAnswer):
    """For `declineOffer`."""


@strawberry.input(description="The buyer tells the liable party of a cover about its trouble.")
class ContactPartyInput:
    """→ `domain.claims.ContactParty`."""

    coverage_id: strawberry.ID = strawberry.field(description="The cover: `order { coverages }`.")
    note: str = strawberry.field(description="What is wrong, at most a page.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> ContactParty:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = ContactParty(
            read.id(CoverageId, self.coverage_id, "coverageId"), read.required_note(self.note, "note")
        )
        read.done()
        return command


@strawberry.input(description="The liable party objects to a late delivery that tracking alone would prove.")
class DisputeScanInput:
    """→ `domain.claims.DisputeScan`."""

    coverage_id: strawberry.ID = strawberry.field(description="The cover of the late goods.")
    note: str = strawberry.field(description="What is wrong with the scan, at most a page.")
    idempotency_key: str = strawberry.field(description="Your name for this call: sent twice, it is done once.")

    def command(self) -> DisputeScan:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = DisputeScan(
            read.id(CoverageId, self.coverage_id, "coverageId"), read.required_note(self.note, "note")
        )
        read.done()
        return command


@strawberry.type
class NegotiationMutations:
    """What the sides of a claim, or of what may become one, say to each other."""

    contact_party: ClaimContactPayload = mutation(
        claims.contact_party,
        ContactPartyInput,
        keyed=False,
        description="The buyer tells the liable party of its trouble. Some profiles ask for it, and for a while of "
        "waiting, before a claim can be opened.",
    )
    dispute_scan: ScanDisputePayload = mutation(
        claims.dispute_scan,
        DisputeScanInput,
        keyed=True,
        description="The liable party objects, while the hold window of the cover's rule is open, to a late delivery "
        "being compensated by tracking alone: people decide instead.",
    )
    make_offer: ClaimOfferPayload = mutation(
        claims.make_offer,
        MakeOfferInput,
        keyed=True,
        description="One side says what it would settle for, line by line. The liable party begins; an offer that "
        "stood is countered by it. Refused, with both numbers, above what was lost.",
    )
    accept_offer: ClaimOfferPayload = mutation(
        claims.accept_offer,
        AcceptOfferInput,
        keyed=True,
        description="The other side agrees: the claim is settled, and what was agreed on is provided.",
    )
    decline_offer: ClaimOfferPayload = mutation(
        claims.decline_offer,
        DeclineOfferInput,
        keyed=True,
        description="The other side does not agree; both can go on until the negotiation ends.",
    )
