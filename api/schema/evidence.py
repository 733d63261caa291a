"""Evidence in GraphQL: pieces, what was found of them, what was asked for, and what is still missing."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.operations import evidence
from api.schema.connection import Connection, connection, point
from api.schema.decisions import Decision
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import KEY
from api.schema.rules import RuleVersion
from api.schema.scalars import Money, MoneyInput
from api.schema.uploads import SignedAddress
from domain.claims import Side
from domain.evidence import (
    ASKED_WITHIN_MAX,
    FILES_MAX,
    ITEMS_MAX,
    SHOWN_MAX,
    EvidenceAction,
    EvidenceFinding,
    EvidenceRequestState,
    FindEvidenceForged,
    NewEvidence,
    RequestEvidence,
    ShownLoss,
    SubmitEvidence,
)
from domain.evidence_needs import EvidenceKind, EvidenceStage, EvidenceStatus, RecordedFact
from domain.file_types import FileType
from domain.ids import ClaimId, EvidenceId, OrderLineId, UploadId

if TYPE_CHECKING:
    from api.schema.claims import Claim
    from api.schema.orders import OrderLine

for _enum in (EvidenceKind, EvidenceStage, EvidenceStatus, EvidenceFinding, EvidenceRequestState, EvidenceAction):
    described(_enum)
described(RecordedFact, name="RecordedFactKind")

_CLAIM = Annotated["Claim", strawberry.lazy("api.schema.claims")]


@strawberry.type(description="An action on a piece of evidence that is not possible now for the viewer, and why.")
class BlockedEvidenceAction:
    """`domain.moves.Move`."""

    action: EvidenceAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="When time ends it; null where it does not.")


@strawberry.type(description="A file of a piece of evidence. Never changes.")
class EvidenceFile(Node):
    """`domain.evidence.EvidenceFile`."""

    evidence: Annotated["Evidence", strawberry.lazy("api.schema.evidence")] | None = strawberry.field(
        description="The piece that it belongs to."
    )
    position: int = strawberry.field(description="Its place among the files of the piece, from zero.")
    sha256: str = strawberry.field(description="The SHA-256 that it had when it was submitted, in hexadecimal.")
    content_type: FileType = strawberry.field(description="What it is.")
    size: int = strawberry.field(description="Its bytes.")
    read_from: SignedAddress | None = strawberry.field(
        description="Where its bytes are read, by plain HTTP. That they were read is written down."
    )


@strawberry.type(description="What was found of a piece of evidence. Never changes.")
class EvidenceMark(Node):
    """`domain.evidence.EvidenceMark`."""

    evidence: Annotated["Evidence", strawberry.lazy("api.schema.evidence")] | None = strawberry.field(
        description="The piece."
    )
    finding: EvidenceFinding = strawberry.field(description="What was found.")
    note: str = strawberry.field(description="Why, in words.")
    decision: Decision | None = strawberry.field(description="The decision with its findings.")
    at: datetime = strawberry.field(description="When.")


@strawberry.type(description="How much of a line's worth is lost, as a piece of evidence shows.")
class EvidenceLoss:
    """`domain.evidence.ShownLoss`."""

    line: Annotated["OrderLine", strawberry.lazy("api.schema.orders")] | None = strawberry.field(
        description="The line of the order; null when hidden from the viewer."
    )
    amount: Money = strawberry.field(description="How much of it is lost.")


@strawberry.type(description="A piece of evidence in a claim. Its parties and staff see it. Never changes.")
class Evidence(Node):
    """`domain.evidence.Evidence`."""

    claim: _CLAIM | None = strawberry.field(description="The claim.")
    side: Side = strawberry.field(description="Which side brought it.")
    kind: EvidenceKind = strawberry.field(description="What it is.")
    note: str | None = strawberry.field(description="What that side says of it.")
    losses: list[EvidenceLoss] = strawberry.field(description="The losses that it puts a number to.")
    files: Connection[EvidenceFile] = connection("Its files.")
    mark: EvidenceMark | None = strawberry.field(description="What was found of it; null where nothing was.")
    available_actions: list[EvidenceAction] = strawberry.field(description="What the viewer may do with it now.")
    blocked_actions: list[BlockedEvidenceAction] = strawberry.field(
        description="What the viewer may not do with it now, and why."
    )
    submitted_at: datetime = strawberry.field(description="When it was brought.")


@strawberry.type(description="What the marketplace asked a side of a claim to bring, until when.")
class EvidenceRequest(Node):
    """`domain.evidence.EvidenceRequest`."""

    claim: _CLAIM | None = strawberry.field(description="The claim.")
    side: Side = strawberry.field(description="Who is asked.")
    kinds: list[EvidenceKind] = strawberry.field(description="What is asked for.")
    state: EvidenceRequestState = strawberry.field(description="What became of it.")
    note: str | None = strawberry.field(description="What the marketplace wrote with it.")
    asked_at: datetime = strawberry.field(description="When it was asked.")
    due_at: datetime = strawberry.field(description="The last instant at which an answer is in time.")
    ended_at: datetime | None = strawberry.field(description="When it was answered or lapsed.")
    version: int = strawberry.field(description="Grows by one with each change.")


@strawberry.type(description="A fact that the platform has recorded of a claim's order, and needs no paper for.")
class RecordedFactCount:
    """`domain.evidence_needs.Recorded`."""

    fact: RecordedFact = strawberry.field(description="The fact.")
    count: int = strawberry.field(description="How often it is recorded.")
    latest_at: datetime | None = strawberry.field(description="When it last happened; null where that is not known.")


@strawberry.type(description="One thing that has to be proved in a claim, and whether it is.")
class EvidenceItem:
    """`domain.evidence_needs.EvidenceItem`."""

    kind: EvidenceKind = strawberry.field(description="What.")
    side: Side = strawberry.field(description="From which side.")
    needed: bool = strawberry.field(description="Whether it is needed; what is not only helps.")
    status: EvidenceStatus = strawberry.field(description="Whether it is there.")
    submitted: int = strawberry.field(description="How many pieces of the kind the side brought.")
    provable_by: list[RecordedFact] = strawberry.field(description="Facts any of which proves it without a paper.")
    proven_by: list[RecordedFactCount] = strawberry.field(description="Those of them that are recorded.")


@strawberry.type(description="What a claim has of the evidence that it needs.")
class EvidenceCompleteness:
    """`domain.evidence_needs.Completeness`."""

    stage: EvidenceStage = strawberry.field(description="The stage that it is looked at.")
    rule_version: RuleVersion | None = strawberry.field(description="The rule that says what is needed.")
    items: list[EvidenceItem] = strawberry.field(description="Everything that is asked for, in the rule's order.")
    percent: int = strawberry.field(description="How many hundredths of what is needed are there, rounded down.")


@strawberry.input(description="How much of a line's worth is lost, as a piece of evidence shows.")
class ShownLossInput:
    """→ `domain.evidence.ShownLoss`."""

    line_id: strawberry.ID = strawberry.field(description="The line of the order.")
    amount: MoneyInput = strawberry.field(description="How much of it is lost, zero or more.")

    def loss(self, read: Reader, *path: str) -> ShownLoss:
        """The loss; `read` collects what is wrong with it."""
        amount = read.money(self.amount, *path, "amount", least=0)
        return ShownLoss(read.id(OrderLineId, self.line_id, *path, "lineId"), amount)


@strawberry.input(description="A piece of evidence: files, or words, or both.")
class EvidenceItemInput:
    """→ `domain.evidence.NewEvidence`."""

    kind: EvidenceKind = strawberry.field(description="What it is.")
    upload_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list,
        description=f"Accepted uploads of your own organisation, of kind EVIDENCE or INSPECTION; at most {FILES_MAX}.",
    )
    note: str | None = strawberry.field(default=None, description="What you say of it, at most a page.")
    losses: list[ShownLossInput] = strawberry.field(
        default_factory=list,
        description=f"The losses that it puts a number to, each line once; at most {SHOWN_MAX}. Of lost or damaged "
        "goods what is proven counts, up to their declared value.",
    )


@strawberry.input(description="Evidence for a claim. It can never be changed or taken back.")
class SubmitEvidenceInput:
    """→ `domain.evidence.SubmitEvidence`."""

    claim_id: strawberry.ID = strawberry.field(description="The claim.")
    items: list[EvidenceItemInput] = strawberry.field(description=f"1 to {ITEMS_MAX} pieces.")
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> SubmitEvidence:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        items = tuple(
            NewEvidence(
                item.kind,
                read.ids(UploadId, item.upload_ids, "items", str(place), "uploadIds"),
                read.note(item.note, "items", str(place), "note"),
                tuple(
                    loss.loss(read, "items", str(place), "losses", str(position))
                    for position, loss in enumerate(item.losses)
                ),
            )
            for place, item in enumerate(self.items)
        )
        command = SubmitEvidence(read.id(ClaimId, self.claim_id, "claimId"), items)
        read.done()
        return command


@strawberry.input(description="What a side of a claim is asked to bring.")
class RequestEvidenceInput:
    """→ `domain.evidence.RequestEvidence`."""

    claim_id: strawberry.ID = strawberry.field(description="The claim.")
    side: Side = strawberry.field(description="Who is asked: BUYER or LIABLE_PARTY.")
    kinds: list[EvidenceKind] = strawberry.field(description="What is asked for.")
    until: datetime = strawberry.field(
        description=f"The last instant in time: within {ASKED_WITHIN_MAX.days} days, and not after the decision is due."
    )
    note: str | None = strawberry.field(default=None, description="A word to that side, at most a page.")
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> RequestEvidence:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = RequestEvidence(
            read.id(ClaimId, self.claim_id, "claimId"),
            self.side,
            tuple(self.kinds),
            self.until,
            read.note(self.note, "note"),
        )
        read.done()
        return command


@strawberry.input(description="A piece that is forged, false or borrowed.")
class FindEvidenceForgedInput:
    """→ `domain.evidence.FindEvidenceForged`."""

    evidence_id: strawberry.ID = strawberry.field(description="The piece.")
    note: str = strawberry.field(description="Why, in words for both parties; at most a page.")
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> FindEvidenceForged:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = FindEvidenceForged(
            read.id(EvidenceId, self.evidence_id, "evidenceId"), read.required_note(self.note, "note")
        )
        read.done()
        return command


@strawberry.type(description="The pieces that were brought, or why none was.")
class SubmitEvidencePayload:
    """What `submitEvidence` answers."""

    evidence: list[Evidence] | None = strawberry.field(
        description="The pieces, in their order; null when none was taken."
    )
    claim: _CLAIM | None = strawberry.field(description="The claim; null when nothing was taken.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing was taken; empty on success.")


@strawberry.type(description="What was asked for, or why nothing was.")
class EvidenceRequestPayload:
    """What `requestEvidence` answers."""

    evidence_request: EvidenceRequest | None = strawberry.field(description="The request; null when nothing changed.")
    claim: _CLAIM | None = strawberry.field(description="The claim; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type(description="The piece with its mark, or why nothing changed.")
class EvidencePayload:
    """What `findEvidenceForged` answers."""

    evidence: Evidence | None = strawberry.field(description="The piece; null when nothing changed.")
    claim: _CLAIM | None = strawberry.field(description="The claim; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class EvidenceQueries:
    """Reading evidence; a claim's is found at the claim."""

    evidence: Evidence | None = point(
        "The piece of evidence of that id; null when there is none for the viewer.", of="piece of evidence"
    )


@strawberry.type
class EvidenceMutations:
    """What can be done with evidence."""

    submit_evidence: SubmitEvidencePayload = mutation(
        evidence.submit_evidence,
        SubmitEvidenceInput,
        keyed=True,
        description="Pieces become part of a claim's file, for good. Refused once the claim is decided, unless the "
        "decision is under appeal.",
    )
    request_evidence: EvidenceRequestPayload = mutation(
        evidence.request_evidence,
        RequestEvidenceInput,
        keyed=True,
        description="As staff, ask a side for kinds of evidence until an instant.",
    )
    find_evidence_forged: EvidencePayload = mutation(
        evidence.find_evidence_forged,
        FindEvidenceForgedInput,
        keyed=True,
        description="As an adjudicator, find a piece forged. It stays and is marked; a liable party is given points "
        "for it, a buyer loses its tier.",
    )
